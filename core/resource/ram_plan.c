/* SPDX-License-Identifier: Apache-2.0 */
/* Chooses the physical memory of every VM. */
#include "core/resource/ram_plan.h"

#include "core/base/bits.h"
#include "core/base/errno.h"
#include "core/base/format.h"
#include "core/base/ranges.h"

#define VM_PATH_MAX 48

/* Inwards to whole blocks; empty when there is none. */
static struct prange whole_blocks(struct prange range)
{
	uint64_t base = range.base, end = align_down(range.base + range.size, RAM_PLAN_ALIGN);

	if (base > UINT64_MAX - RAM_PLAN_ALIGN) {
		return (struct prange){0};
	}
	base = align_up(base, RAM_PLAN_ALIGN);
	return (struct prange){base, end > base ? end - base : 0};
}

void ram_plan_take(struct ram_plan *plan, struct prange range)
{
	uint64_t base = align_down(range.base, RAM_PLAN_ALIGN);
	uint64_t end = range.base + range.size;

	if (range.size == 0) {
		return;
	}
	end = end > UINT64_MAX - RAM_PLAN_ALIGN ? align_down(UINT64_MAX, RAM_PLAN_ALIGN) :
						  align_up(end, RAM_PLAN_ALIGN);
	ranges_remove(plan->hole, &plan->hole_count, RAM_PLAN_HOLE_MAX,
		      (struct prange){base, end - base});
}

void ram_plan_init(struct ram_plan *plan, const struct board *board, const struct prange *own,
		   uint32_t own_count)
{
	plan->hole_count = 0;
	plan->extent_count = 0;
	for (uint32_t i = 0; i < board->ram_count; i++) {
		ranges_add(plan->hole, &plan->hole_count, RAM_PLAN_HOLE_MAX,
			   whole_blocks(board->ram[i]));
	}
	for (uint32_t i = 0; i < board->reserved_count; i++) {
		ram_plan_take(plan, board->reserved[i]);
	}
	for (uint32_t i = 0; i < own_count; i++) {
		ram_plan_take(plan, own[i]);
	}
}

uint64_t ram_plan_free(const struct ram_plan *plan, uint64_t *largest)
{
	uint64_t total = 0;

	*largest = 0;
	for (uint32_t i = 0; i < plan->hole_count; i++) {
		total += plan->hole[i].size;
		*largest = MAX(*largest, plan->hole[i].size);
	}
	return total;
}

/* Keeps the list sorted by VM, then ipa. */
static int add_extent(struct ram_plan *plan, struct ram_extent extent)
{
	uint32_t at = plan->extent_count;

	if (plan->extent_count == RAM_PLAN_EXTENT_MAX) {
		return -ENOSPC;
	}
	while (at > 0 &&
	       (plan->extent[at - 1].vm > extent.vm ||
		(plan->extent[at - 1].vm == extent.vm && plan->extent[at - 1].ipa > extent.ipa))) {
		plan->extent[at] = plan->extent[at - 1];
		at--;
	}
	plan->extent[at] = extent;
	plan->extent_count++;
	return 0;
}

static int place_at(struct ram_plan *plan, struct ram_extent extent)
{
	int ret = add_extent(plan, extent);

	if (ret == 0) {
		ram_plan_take(plan, (struct prange){extent.pa, extent.size});
	}
	return ret;
}

/* What a store takes of the holes, in whole blocks; at the end of the numbers, not around it. */
static uint64_t size_of(const struct store_config *store)
{
	return align_up(MIN(store->size, UINT64_MAX - RAM_PLAN_ALIGN), RAM_PLAN_ALIGN);
}

static struct prange place_of(const struct store_config *store, uint64_t pa)
{
	return (struct prange){pa, size_of(store)};
}

/* One of its VMs is to run. */
static bool is_used(const struct config *config, const struct store_config *store)
{
	for (uint32_t i = 0; i < config->vm_count; i++) {
		if ((store->users & BIT(i)) != 0 && !config->vm[i].refused) {
			return true;
		}
	}
	return false;
}

/* Gives back what nobody uses any more. */
static void undo_stores(struct ram_plan *plan, struct config *config)
{
	for (uint32_t i = 0; i < config->store_count; i++) {
		struct store_config *store = &config->store[i];

		if (store->at != CONFIG_PA_ANY && !is_used(config, store)) {
			ranges_add(plan->hole, &plan->hole_count, RAM_PLAN_HOLE_MAX,
				   place_of(store, store->at));
			store->at = CONFIG_PA_ANY;
		}
	}
}

/* Gives back what a VM had that is refused now, and takes its extents out of the list. */
static void undo(struct ram_plan *plan, struct config *config, uint32_t vm)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < plan->extent_count; i++) {
		const struct ram_extent *e = &plan->extent[i];

		if (e->vm != vm) {
			plan->extent[kept++] = *e;
			continue;
		}
		ranges_add(plan->hole, &plan->hole_count, RAM_PLAN_HOLE_MAX,
			   (struct prange){e->pa, e->size});
	}
	plan->extent_count = kept;
	undo_stores(plan, config);
}

static void refuse(struct ram_plan *plan, struct vm_config *vm, const struct ram_config *ram,
		   struct diag *diag)
{
	uint64_t largest, free = ram_plan_free(plan, &largest);
	char path[VM_PATH_MAX];

	vm->refused = true;
	format(path, sizeof(path), "/vms/%s", vm->name);
	if (ram->pa != CONFIG_PA_ANY) {
		diag_error(diag, path, ram->name,
			   "the %lu MiB at pa 0x%lx are not free: the hypervisor, the bundle, the "
			   "board's "
			   "device tree or another VM lies there",
			   ram->size >> 20, ram->pa);
		return;
	}
	diag_error(diag, path, ram->name,
		   "%lu MiB do not fit into the board's memory: %lu MiB are free, %lu MiB are "
		   "missing; the "
		   "largest free piece has %lu MiB",
		   ram->size >> 20, free >> 20, (ram->size - MIN(free, ram->size)) >> 20,
		   largest >> 20);
}

/* All its VMs: none can do without. */
static void refuse_store(struct ram_plan *plan, struct config *config,
			 const struct store_config *store, struct diag *diag)
{
	uint64_t size = size_of(store), largest;
	uint64_t free = ram_plan_free(plan, &largest);

	for (uint32_t i = 0; i < config->vm_count; i++) {
		struct vm_config *vm = &config->vm[i];
		char path[VM_PATH_MAX];

		if ((store->users & BIT(i)) == 0 || vm->refused) {
			continue;
		}
		vm->refused = true;
		format(path, sizeof(path), "/vms/%s", vm->name);
		if (store->pa != CONFIG_PA_ANY) {
			diag_error(diag, path, store->name,
				   "the %lu MiB at pa 0x%lx are not free: the hypervisor, the "
				   "bundle, the board's device tree or a VM's RAM lies there",
				   size >> 20, store->pa);
		} else {
			diag_error(diag, path, store->name,
				   "%lu MiB in one piece do not fit into the board's memory beside "
				   "the VMs' RAM: %lu MiB are free, the largest free piece has %lu "
				   "MiB, %lu MiB are missing",
				   size >> 20, free >> 20, largest >> 20, (size - largest) >> 20);
		}
		undo(plan, config, i);
	}
}

/* The lowest hole that takes it whole, or -1. */
static int find_hole(const struct ram_plan *plan, uint64_t size)
{
	for (uint32_t i = 0; i < plan->hole_count; i++) {
		if (plan->hole[i].size >= size) {
			return (int)i;
		}
	}
	return -1;
}

static uint32_t largest_hole(const struct ram_plan *plan)
{
	uint32_t best = 0;

	for (uint32_t i = 1; i < plan->hole_count; i++) {
		if (plan->hole[i].size > plan->hole[best].size) {
			best = i;
		}
	}
	return best;
}

/* Whole where a hole takes it; else the largest holes first, so that there are few pieces. */
static int place_anywhere(struct ram_plan *plan, struct ram_extent whole)
{
	uint64_t largest;

	if (ram_plan_free(plan, &largest) < whole.size) {
		return -ENOSPC;
	}
	while (whole.size > 0) {
		struct ram_extent piece = whole;
		int hole = find_hole(plan, whole.size);
		int ret;

		if (hole < 0) {
			hole = (int)largest_hole(plan);
			piece.size = plan->hole[hole].size;
		}
		piece.pa = plan->hole[hole].base;
		ret = place_at(plan, piece);
		if (ret != 0) {
			return ret;
		}
		whole.ipa += piece.size;
		whole.size -= piece.size;
	}
	return 0;
}

static bool is_placed(const struct ram_plan *plan, uint32_t vm, uint32_t ram)
{
	for (uint32_t i = 0; i < plan->extent_count; i++) {
		if (plan->extent[i].vm == vm && plan->extent[i].ram == ram) {
			return true;
		}
	}
	return false;
}

static void place_fixed(struct ram_plan *plan, struct config *config, uint32_t vm,
			struct diag *diag)
{
	struct vm_config *v = &config->vm[vm];

	for (uint32_t i = 0; i < v->ram_count && !v->refused; i++) {
		const struct ram_config *ram = &v->ram[i];
		struct ram_extent extent = {(uint16_t)vm, (uint16_t)i, ram->ipa, ram->pa,
					    ram->size};

		if (ram->pa == CONFIG_PA_ANY) {
			continue;
		}
		if (!ranges_hold(plan->hole, plan->hole_count,
				 (struct prange){ram->pa, ram->size}) ||
		    place_at(plan, extent) != 0) {
			refuse(plan, v, ram, diag);
			undo(plan, config, vm);
		}
	}
}

static void place_fixed_stores(struct ram_plan *plan, struct config *config, struct diag *diag)
{
	for (uint32_t i = 0; i < config->store_count; i++) {
		struct store_config *store = &config->store[i];
		struct prange range = place_of(store, store->pa);

		if (store->pa == CONFIG_PA_ANY || !is_used(config, store)) {
			continue;
		}
		if (ranges_hold(plan->hole, plan->hole_count, range)) {
			ram_plan_take(plan, range);
			store->at = store->pa;
		} else {
			refuse_store(plan, config, store, diag);
		}
	}
}

static void place_store(struct ram_plan *plan, struct config *config, struct store_config *store,
			struct diag *diag)
{
	int hole = find_hole(plan, size_of(store));

	if (hole < 0) {
		refuse_store(plan, config, store, diag);
		return;
	}
	store->at = plan->hole[hole].base;
	ram_plan_take(plan, place_of(store, store->at));
}

/* The largest store of at least `size` that is still without memory, or NULL. */
static struct store_config *next_store(struct config *config, uint64_t size)
{
	struct store_config *best = NULL;

	for (uint32_t i = 0; i < config->store_count; i++) {
		struct store_config *store = &config->store[i];

		if (store->at == CONFIG_PA_ANY && store->size >= size && is_used(config, store) &&
		    (best == NULL || store->size > best->size)) {
			best = store;
		}
	}
	return best;
}

/* The size of the largest region that is still without memory; 0 when there is none. */
static uint64_t next_region(const struct ram_plan *plan, const struct config *config, uint32_t *vm,
			    uint32_t *ram)
{
	uint64_t size = 0;

	for (uint32_t i = 0; i < config->vm_count; i++) {
		const struct vm_config *v = &config->vm[i];

		for (uint32_t k = 0; k < v->ram_count && !v->refused; k++) {
			if (v->ram[k].size > size && !is_placed(plan, i, k)) {
				size = v->ram[k].size;
				*vm = i;
				*ram = k;
			}
		}
	}
	return size;
}

static void place_region(struct ram_plan *plan, struct config *config, uint32_t vm, uint32_t ram,
			 struct diag *diag)
{
	struct vm_config *v = &config->vm[vm];
	struct ram_extent extent = {(uint16_t)vm, (uint16_t)ram, v->ram[ram].ipa, 0,
				    v->ram[ram].size};

	if (place_anywhere(plan, extent) != 0) {
		refuse(plan, v, &v->ram[ram], diag);
		undo(plan, config, vm);
	}
}

int ram_plan_place(struct ram_plan *plan, struct config *config, struct diag *diag)
{
	unsigned int errors = diag->error_count;
	uint32_t vm = 0, ram = 0;

	for (uint32_t i = 0; i < config->store_count; i++) {
		config->store[i].at = CONFIG_PA_ANY;
	}
	for (uint32_t i = 0; i < config->vm_count; i++) {
		place_fixed(plan, config, i, diag);
	}
	place_fixed_stores(plan, config, diag);
	for (;;) {
		uint64_t size = next_region(plan, config, &vm, &ram);
		struct store_config *store = next_store(config, size);

		if (store != NULL) {
			place_store(plan, config, store, diag);
		} else if (size != 0) {
			place_region(plan, config, vm, ram, diag);
		} else {
			break;
		}
	}
	return diag->error_count == errors ? 0 : -ENOSPC;
}
