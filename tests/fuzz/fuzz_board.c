/* SPDX-License-Identifier: Apache-2.0 */
/* Any tree as the board's: what is found is sorted, bounded and consistent. */
#include "boot/board.h"
#include "tests/fuzz/fuzz.h"

static void check_ranges(const struct prange *range, uint32_t count)
{
	uint32_t i;

	for (i = 0; i < count; i++) {
		PROMISE(range[i].size != 0);
		PROMISE(range[i].base + (range[i].size - 1) >= range[i].base);
		PROMISE(i == 0 || range[i - 1].base <= range[i].base);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct board board;
	struct fuzz_tree tree;
	size_t length;
	uint32_t i;

	if (fuzz_open(&tree, data, size) == 0 &&
	    board_parse(&board, &tree.dt, 0x40000000, &tree.diag) == 0) {
		PROMISE(board.cpu_count >= 1 && board.cpu_count <= BOARD_CPU_MAX);
		PROMISE(board.ram_count >= 1 && board.ram_count <= BOARD_RAM_MAX);
		PROMISE(board.reserved_count <= BOARD_RESERVED_MAX);
		check_ranges(board.ram, board.ram_count);
		check_ranges(board.reserved, board.reserved_count);
		for (i = 0; i < board.cpu_count; i++) {
			PROMISE(board_cpu_by_mpidr(&board, board.cpu[i].mpidr) <= (int)i);
		}
		(void)board_bootarg(&board, "earlycon", &length);
	}
	fuzz_close(&tree);
	return 0;
}
