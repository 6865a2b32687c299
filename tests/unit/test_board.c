/* SPDX-License-Identifier: Apache-2.0 */
/* From a board's tree to struct board. */
#include <string.h>

#include "boot/board.h"
#include "core/base/errno.h"
#include "tests/unit/said.h"
#include "tests/unit/tree.h"
#include "tests/unit/unit.h"

static struct tree_writer tree;
static struct said said;
static struct dt dt;
static struct board board;

static void start(void)
{
	tree_start(&tree);
	tree_begin(&tree, "");
	tree_cell(&tree, "#address-cells", 2);
	tree_cell(&tree, "#size-cells", 2);
	tree_cell(&tree, "interrupt-parent", 1);
	tree_string(&tree, "compatible", "acme,board");
}

static void memory(const char *name, uint32_t base, uint32_t size, const char *status)
{
	tree_begin(&tree, name);
	tree_string(&tree, "device_type", "memory");
	tree_cells(&tree, "reg", TREE_CELLS(0, base, 0, size));
	if (status != NULL) {
		tree_string(&tree, "status", status);
	}
	tree_end(&tree);
}

static void cpu(const char *name, uint32_t mpidr, const char *method)
{
	tree_begin(&tree, name);
	tree_string(&tree, "device_type", "cpu");
	tree_cell(&tree, "reg", mpidr);
	tree_string(&tree, "enable-method", method);
	if (strcmp(method, "spin-table") == 0) {
		tree_cells(&tree, "cpu-release-addr", TREE_CELLS(0, 0xd8));
	}
	tree_end(&tree);
}

static void start_cpus(void)
{
	tree_begin(&tree, "cpus");
	tree_cell(&tree, "#address-cells", 1);
	tree_cell(&tree, "#size-cells", 0);
}

static void gic(const char *compatible)
{
	tree_begin(&tree, "intc@8000000");
	tree_string(&tree, "compatible", compatible);
	tree_cell(&tree, "phandle", 1);
	tree_cell(&tree, "#interrupt-cells", 3);
	tree_cells(&tree, "interrupts", TREE_CELLS(1, 9, 4));
	tree_cells(&tree, "reg", TREE_CELLS(0, 0x8000000, 0, 0x10000, 0, 0x80a0000, 0, 0xf60000));
	tree_end(&tree);
}

/* The first `count` ranges of one; the second and fourth are `size` long. */
static void gic_400(uint32_t count, uint32_t size, uint32_t gicv)
{
	const uint32_t reg[] = {0, 0x8000000, 0, 0x1000, 0, 0x8010000, 0, size,
				0, 0x8030000, 0, 0x2000, 0, gicv,      0, size};

	tree_begin(&tree, "intc@8000000");
	tree_string(&tree, "compatible", "arm,gic-400");
	tree_cell(&tree, "phandle", 1);
	tree_cell(&tree, "#interrupt-cells", 3);
	tree_cells(&tree, "reg", reg, 4 * count);
	tree_end(&tree);
}

static void serial(const char *name, const char *compatible)
{
	tree_begin(&tree, name);
	tree_string(&tree, "compatible", compatible);
	tree_cells(&tree, "reg", TREE_CELLS(0, 0x9000000, 0, 0x1000));
	tree_cells(&tree, "interrupts", TREE_CELLS(0, 1, 4));
	tree_end(&tree);
}

static int parse(void)
{
	static uint8_t index[1 << 16];
	static struct arena arena;
	uint32_t size;

	tree_end(&tree);
	size = tree_finish(&tree);
	arena = (struct arena){index, sizeof(index), 0};
	said_init(&said);
	assert_int_equal(dt_index(&dt, tree.blob, size, &arena, &said.diag), 0);
	return board_parse(&board, &dt, 0x48000000, &said.diag);
}

/* All that a board needs, and nothing else. */
static void small_board(void)
{
	start();
	memory("memory@40000000", 0x40000000, 0x10000000, NULL);
	start_cpus();
	cpu("cpu@0", 0, "psci");
	tree_end(&tree);
	gic("arm,gic-v3");
}

static void whole_board(void **state)
{
	(void)state;
	small_board();
	memory("memory@50000000", 0x50000000, 0x10000000, "okay");
	memory("memory@80000000", 0x80000000, 0x1000000, NULL);
	memory("secram@e000000", 0xe000000, 0x1000000, "disabled");
	tree_begin(&tree, "psci");
	tree_prop(&tree, "compatible", "arm,psci-1.0\0arm,psci", 22);
	tree_string(&tree, "method", "smc");
	tree_end(&tree);
	tree_begin(&tree, "timer");
	tree_string(&tree, "compatible", "arm,armv8-timer");
	tree_cells(&tree, "interrupts",
		   TREE_CELLS(1, 13, 0x104, 1, 14, 0x104, 1, 11, 0x104, 1, 10, 0x104));
	tree_end(&tree);
	tree_begin(&tree, "chosen");
	tree_string(&tree, "stdout-path", "/pl011@9000000:115200");
	tree_string(&tree, "bootargs", "quiet bulkhead.log-level=7 bulkhead.log-level=4");
	tree_cell(&tree, "linux,initrd-start", 0x44000000);
	tree_cells(&tree, "linux,initrd-end", TREE_CELLS(0, 0x44001000));
	tree_end(&tree);
	serial("pl011@9000000", "arm,pl011");
	assert_int_equal(parse(), 0);
	assert_string_equal(said.text, "");
	assert_int_equal(board.ram_count, 2); /* the first two are one */
	assert_int_equal(board.ram[0].size, 0x20000000);
	assert_int_equal(board.cpu_count, 1);
	assert_int_equal(board.cpu[0].enable, BOARD_ENABLE_PSCI);
	assert_int_equal(board.gic.kind, BOARD_GIC_V3);
	assert_int_equal(board.gic.dist.base, 0x8000000);
	assert_int_equal(board.gic.redist_count, 1);
	assert_int_equal(board.gic.redist[0].size, 0xf60000);
	assert_int_equal(board.gic.maintenance_intid, 25);
	assert_int_equal(board.timer_phys_intid, 30);
	assert_int_equal(board.timer_virt_intid, 27);
	assert_int_equal(board.timer_hyp_intid, 26);
	assert_true(board.psci.present && !board.psci.use_hvc && !board.psci.v0_1);
	assert_int_equal(board.uart.kind, BOARD_UART_PL011);
	assert_int_equal(board.uart.regs.base, 0x9000000);
	assert_int_equal(board.uart.intid, 33);
	assert_string_equal(board.uart.path, "/pl011@9000000");
	assert_int_equal(board.initrd.base, 0x44000000);
	assert_int_equal(board.initrd.size, 0x1000);
	assert_string_equal(board.model, "acme,board");
	assert_false(board.has_smmu);
}

static bool is_reserved(uint64_t at)
{
	for (uint32_t i = 0; i < board.reserved_count; i++) {
		if (range_contains(board.reserved[i].base, board.reserved[i].size, at, 1)) {
			return true;
		}
	}
	return false;
}

static void reserved(void **state)
{
	(void)state;
	small_board();
	tree_reserve(&tree, 0x41000000, 0x1000);
	tree_begin(&tree, "reserved-memory");
	tree_cell(&tree, "#address-cells", 2);
	tree_cell(&tree, "#size-cells", 2);
	tree_prop(&tree, "ranges", NULL, 0);
	tree_begin(&tree, "tee@42000000");
	tree_cells(&tree, "reg", TREE_CELLS(0, 0x42000000, 0, 0x1000, 0, 0x43000000, 0, 0x1000));
	tree_end(&tree);
	tree_begin(&tree, "off@45000000");
	tree_cells(&tree, "reg", TREE_CELLS(0, 0x45000000, 0, 0x1000));
	tree_string(&tree, "status", "disabled");
	tree_end(&tree);
	tree_begin(&tree, "pool"); /* to be allocated by the kernel: has no place */
	tree_cells(&tree, "size", TREE_CELLS(0, 0x1000));
	tree_end(&tree);
	tree_end(&tree);
	assert_int_equal(parse(), 0);
	assert_true(is_reserved(0x41000fff));
	assert_true(is_reserved(0x42000000));
	assert_true(is_reserved(0x43000000));
	assert_false(is_reserved(0x45000000));
	assert_true(is_reserved(0x48000000)); /* the tree itself */
	assert_false(is_reserved(0x48000000 + dt.size));
}

static void broken_reserved(void **state)
{
	(void)state;
	small_board();
	tree_begin(&tree, "reserved-memory");
	tree_begin(&tree, "tee@42000000");
	tree_cells(&tree, "reg", TREE_CELLS(0x42000000, 0x1000));
	tree_end(&tree);
	tree_end(&tree);
	assert_int_equal(parse(), -EINVAL);
	assert_true(said_has(&said, "/reserved-memory/tee@42000000: reg: is malformed"));
}

static void cpus(void **state)
{
	(void)state;
	start();
	memory("memory@40000000", 0x40000000, 0x10000000, NULL);
	gic_400(4, 0x2000, 0x8040000);
	start_cpus();
	cpu("cpu@0", 0, "spin-table");
	cpu("cpu@100", 0x100, "psci");
	cpu("cpu@1", 0x100, "psci");
	cpu("cpu@2", 0x80000002, "psci");
	cpu("cpu@3", 3, "magic");
	tree_begin(&tree, "cpu@4");
	tree_cell(&tree, "reg", 4);
	tree_string(&tree, "status", "disabled");
	tree_end(&tree);
	tree_end(&tree);
	assert_int_equal(parse(), 0);
	assert_int_equal(board.cpu_count, 3);
	assert_int_equal(board.cpu[0].enable, BOARD_ENABLE_SPIN_TABLE);
	assert_int_equal(board.cpu[0].release_addr, 0xd8);
	assert_int_equal(board.cpu[1].mpidr, 0x100);
	assert_int_equal(board.cpu[2].enable, BOARD_ENABLE_NONE);
	assert_int_equal(board_cpu_by_mpidr(&board, 0x100), 1);
	assert_int_equal(board_cpu_by_mpidr(&board, 0x80000002), -1);
	assert_int_equal(board.gic.kind, BOARD_GIC_V2);
	assert_true(said_has(&said, "/cpus/cpu@1: reg: is the MPIDR of another CPU too"));
	assert_true(said_has(&said, "/cpus/cpu@2: reg: is not an MPIDR"));
}

static bool gicv2_is_said(uint32_t count, uint32_t size, uint32_t gicv, const char *what)
{
	start();
	memory("memory@40000000", 0x40000000, 0x10000000, NULL);
	start_cpus();
	cpu("cpu@0", 0, "psci");
	tree_end(&tree);
	gic_400(count, size, gicv);
	return parse() == -EINVAL && said_has(&said, what);
}

static void gicv2_without_guests(void **state)
{
	(void)state;
	assert_true(gicv2_is_said(2, 0x2000, 0x8040000, "names fewer than four ranges"));
	assert_true(gicv2_is_said(4, 0x1000, 0x8040000, "has less than 8 KiB"));
	assert_true(gicv2_is_said(4, 0x2000, 0x8040800, "no multiple of 4 KiB"));
}

static void missing_parts(void **state)
{
	(void)state;
	start();
	assert_int_equal(parse(), -EINVAL);
	assert_true(said_has(&said, "there is no enabled CPU"));
	assert_true(said_has(&said, "there is no enabled GIC"));
	assert_true(said_has(&said, "there is no memory"));
	assert_int_equal(said.diag.error_count, 3);
}

static void unknown_uart(void **state)
{
	(void)state;
	small_board();
	tree_begin(&tree, "aliases");
	tree_string(&tree, "serial0", "/serial@9000000");
	tree_end(&tree);
	serial("serial@9000000", "acme,uart");
	assert_int_equal(parse(), 0);
	assert_int_equal(board.uart.kind, BOARD_UART_UNKNOWN);
	assert_string_equal(board.uart.compatible, "acme,uart");
}

static void no_stdout(void **state)
{
	(void)state;
	small_board();
	serial("ttl@9000000", "arm,pl011");
	assert_int_equal(parse(), 0);
	assert_int_equal(board.uart.kind, BOARD_UART_PL011);
	small_board();
	assert_int_equal(parse(), 0);
	assert_int_equal(board.uart.kind, BOARD_UART_NONE);
}

/* Behind a string that nobody knows, as vendors write it. */
static void known_strings(void **state)
{
	static const struct {
		const char *compatible;
		enum board_gic_kind gic;
		bool smmu;
	} cases[] = {
		{"arm,gic-v3", BOARD_GIC_V3, false},
		{"arm,gic-400", BOARD_GIC_V2, false},
		{"arm,pl390", BOARD_GIC_V2, false},
		{"arm,gic-v1", BOARD_GIC_V2, false},
		{"qcom,msm-qgic2", BOARD_GIC_V2, false},
		{"arm,cortex-a15-gic", BOARD_GIC_V2, false},
		{"arm,cortex-a9-gic", BOARD_GIC_V2, false},
		{"arm,cortex-a7-gic", BOARD_GIC_V2, false},
		{"arm,smmu-v3", BOARD_GIC_NONE, true},
		{"arm,mmu-500", BOARD_GIC_NONE, true},
		{"arm,smmu-v2", BOARD_GIC_NONE, true},
		{"arm,smmu-v1", BOARD_GIC_NONE, true},
		{"arm,mmu-401", BOARD_GIC_NONE, true},
		{"arm,mmu-400", BOARD_GIC_NONE, true},
		{"virtio,mmio", BOARD_GIC_NONE, false},
		{"brm,smmu-v3", BOARD_GIC_NONE, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		char list[64] = "zeal,thing";
		size_t len = strlen(list) + 1;

		strcpy(list + len, cases[i].compatible);
		start();
		tree_begin(&tree, "it");
		tree_prop(&tree, "compatible", list, len + strlen(cases[i].compatible) + 1);
		tree_cell(&tree, "#interrupt-cells", 3);
		tree_end(&tree);
		parse();
		assert_int_equal(board.gic.kind, cases[i].gic);
		assert_int_equal(board.has_smmu, cases[i].smmu);
	}
}

static void known_uarts(void **state)
{
	static const struct {
		const char *compatible;
		enum board_uart_kind kind;
	} cases[] = {
		{"arm,pl011", BOARD_UART_PL011},	{"arm,sbsa-uart", BOARD_UART_PL011},
		{"xlnx,xuartps", BOARD_UART_CADENCE},	{"cdns,uart-r1p12", BOARD_UART_CADENCE},
		{"cdns,uart-r1p8", BOARD_UART_CADENCE}, {"ydns,uart-r1p8", BOARD_UART_NONE},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		small_board();
		serial("ttl@9000000", cases[i].compatible);
		assert_int_equal(parse(), 0);
		assert_int_equal(board.uart.kind, cases[i].kind);
	}
}

/* What was found early is taken over, not looked for again. */
static void uart_of_before(void **state)
{
	const struct board_uart uart = {.kind = BOARD_UART_CADENCE, .regs = {0x1000, 0x1000}};

	(void)state;
	small_board();
	serial("ttl@9000000", "arm,pl011");
	assert_int_equal(parse(), 0);
	memset(&board, 0xa5, sizeof(board)); /* nothing of before shows */
	assert_int_equal(board_parse_beside(&board, &dt, 0x48000000, &uart, &said.diag), 0);
	assert_int_equal(board.uart.kind, BOARD_UART_CADENCE);
	assert_int_equal(board.uart.regs.base, 0x1000);
	assert_int_equal(board.cpu_count, 1);
	assert_int_equal(board.cpu[0].mpidr, 0);
	assert_int_equal(board.cpu[0].release_addr, 0);
	assert_int_equal(board.ram_count, 1);
	assert_false(board.has_smmu);
}

static void bootargs(void **state)
{
	const char *value;
	size_t len = 0;

	(void)state;
	board.bootargs = "a=1 bulkhead.x=12 bulkhead.xy=3  bulkhead.x=45 y";
	value = board_bootarg(&board, "x", &len);
	assert_non_null(value);
	assert_int_equal(len, 2);
	assert_memory_equal(value, "45", 2);
	assert_null(board_bootarg(&board, "a", &len));
	assert_null(board_bootarg(&board, "z", &len));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE("all parts of a board are found", whole_board),
		CASE("reserved memory is collected from every place", reserved),
		CASE("a reservation that can't be read refuses the board", broken_reserved),
		CASE("a GICv2 that guests can't be run on is refused", gicv2_without_guests),
		CASE("CPUs are listed in order, broken ones left out with a note", cpus),
		CASE("memory, CPUs and GIC are each missed with a sentence", missing_parts),
		CASE("a UART without a driver is named", unknown_uart),
		CASE("without stdout-path the first known UART serves", no_stdout),
		CASE("every known compatible is seen, also as a second string", known_strings),
		CASE("every known UART is seen", known_uarts),
		CASE("a UART found before is kept, and nothing else of before", uart_of_before),
		CASE("the last bulkhead.NAME= of the bootargs counts", bootargs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
