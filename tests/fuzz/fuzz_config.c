/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any tree as a config: refused with a sentence, or its VMs' memory can be planned without overlap.
 * FUZZ_BOARD in the environment names a board's dtb; without it the checks that need one are left
 * out.
 */
#include "boot/board.h"
#include "core/config/config.h"
#include "core/resource/ram_plan.h"
#include "tests/fuzz/fuzz.h"

static struct board *read_board(void)
{
	static struct board board;
	static struct fuzz_tree tree;
	static uint8_t data[2 << 20], arena[FUZZ_ARENA_SIZE] __attribute__((aligned(16)));
	const char *path = getenv("FUZZ_BOARD");
	FILE *file;
	size_t size;

	if (path == NULL) {
		return NULL;
	}
	file = fopen(path, "rb");
	PROMISE(file != NULL);
	size = fread(data, 1, sizeof(data), file);
	fclose(file);
	PROMISE(fuzz_open_in(&tree, data, size, arena) == 0);
	PROMISE(board_parse(&board, &tree.dt, BOARD_DTB_NOWHERE, &tree.diag) == 0);
	return &board;
}

/* Where it is, if anywhere, there is no RAM and no other. */
static void check_store(const struct config *config, uint32_t index, const struct ram_plan *plan)
{
	const struct store_config *store = &config->store[index];

	for (uint32_t i = 0; store->at != CONFIG_PA_ANY && i < plan->extent_count; i++) {
		PROMISE(!ranges_overlap(store->at, store->size, plan->extent[i].pa,
					plan->extent[i].size));
	}
	for (uint32_t i = 0; store->at != CONFIG_PA_ANY && i < index; i++) {
		PROMISE(config->store[i].at == CONFIG_PA_ANY ||
			!ranges_overlap(store->at, store->size, config->store[i].at,
					config->store[i].size));
	}
}

static void check_plan(struct config *config, const struct board *board, struct diag *diag)
{
	static struct ram_plan plan;
	uint32_t i, j;

	ram_plan_init(&plan, board, NULL, 0);
	(void)ram_plan_place(&plan, config, diag);
	for (i = 0; i < plan.extent_count; i++) {
		PROMISE(plan.extent[i].size != 0);
		PROMISE(!config->vm[plan.extent[i].vm].refused);
		for (j = 0; j < i; j++) {
			PROMISE(!ranges_overlap(plan.extent[i].pa, plan.extent[i].size,
						plan.extent[j].pa, plan.extent[j].size));
		}
	}
	for (i = 0; i < config->store_count; i++) {
		check_store(config, i, &plan);
	}
}

/* What building a VM that is not refused relies on. */
static void check_vm(const struct vm_config *vm, const struct board *board)
{
	PROMISE(vm->kernel != NULL && vm->ram_count != 0);
	PROMISE(vm->vcpu_count != 0 && vm->vcpu_count <= CONFIG_VCPU_MAX);
	PROMISE(vm->spi_count != 0 && (vm->spi_count % 32 == 0 || vm->spi_count == 988));
	PROMISE(vm->layout.dtb_max != 0);
	for (uint32_t i = 0; board != NULL && i < vm->vcpu_count; i++) {
		PROMISE(vm->vcpu[i].cpu < board->cpu_count);
	}
	for (uint32_t i = 0; i < vm->device_count; i++) {
		PROMISE(vm->device[i].ipa != CONFIG_IPA_ANY && vm->device[i].spi < vm->spi_count);
	}
	for (uint32_t i = 0; i < vm->share_count; i++) {
		const struct share_config *share = &vm->share[i];

		PROMISE(share->store->shared && !share->store->refused);
		PROMISE((share->store->users >> vm->index & 1) != 0);
		PROMISE(share->ipa % PAGE_SIZE == 0);
		for (uint32_t k = 0; k < vm->ram_count; k++) {
			PROMISE(!ranges_overlap(share->ipa, share->store->size, vm->ram[k].ipa,
						vm->ram[k].size));
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct board *board;
	static struct config config;
	static bool started;
	struct fuzz_tree tree;
	uint32_t i;

	if (!started) {
		board = read_board();
		started = true;
	}
	if (fuzz_open(&tree, data, size) == 0 && config_parse(&config, &tree.dt, &tree.diag) == 0 &&
	    config_check(&config, board, NULL, &tree.diag) == 0) {
		PROMISE(config.vm_count <= CONFIG_VM_MAX);
		for (i = 0; i < config.vm_count; i++) {
			if (!config.vm[i].refused) {
				check_vm(&config.vm[i], board);
			}
		}
		if (board != NULL) {
			check_plan(&config, board, &tree.diag);
		}
	}
	fuzz_close(&tree);
	return 0;
}
