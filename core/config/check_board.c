/* SPDX-License-Identifier: Apache-2.0 */
/* What the VMs take from the board: CPUs and fixed memory, each with one owner. */
#include "core/base/format.h"
#include "core/base/ranges.h"
#include "core/config/checker.h"

#define RAM_PATH checker_device_path(c, ram->name, path, sizeof(path))

void checker_look_at(struct checker *c, struct vm_config *vm)
{
	c->vm = vm;
	config_vm_path(vm, c->path, sizeof(c->path));
}

struct vm_config *checker_loser(struct vm_config *earlier, struct vm_config *later)
{
	return earlier->refused ? earlier : later;
}

/* Another VM's fixed region before (vm, index) that shares memory with it. */
static const struct ram_config *earlier_ram(struct checker *c, uint32_t vm, uint32_t index,
					    struct vm_config **owner)
{
	const struct ram_config *me = &c->config->vm[vm].ram[index];

	for (uint32_t i = 0; i <= vm; i++) {
		struct vm_config *other = &c->config->vm[i];
		uint32_t count = i == vm ? index : other->ram_count;

		for (uint32_t k = 0; k < count; k++) {
			const struct ram_config *ram = &other->ram[k];

			if (ram->pa != CONFIG_PA_ANY &&
			    ranges_overlap(ram->pa, ram->size, me->pa, me->size)) {
				*owner = other;
				return ram;
			}
		}
	}
	return NULL;
}

static void refuse_ram(struct checker *c, const struct ram_config *ram, const char *what,
		       const struct prange *other)
{
	char path[CHECKER_PATH_MAX];

	diag_error(c->diag, RAM_PATH, "pa", "0x%lx to 0x%lx lies over %s (0x%lx to 0x%lx)", ram->pa,
		   ram->pa + ram->size - 1, what, other->base, other->base + other->size - 1);
	c->vm->refused = true;
}

static void check_ram_shared(struct checker *c, uint32_t vm, uint32_t index)
{
	struct vm_config *me = &c->config->vm[vm], *other = NULL, *lost;
	const struct ram_config *mine = &me->ram[index], *theirs;
	char what[64];

	theirs = earlier_ram(c, vm, index, &other);
	if (theirs == NULL) {
		return;
	}
	lost = checker_loser(other, me);
	checker_look_at(c, lost);
	if (lost != me) {
		const struct ram_config *swap = mine;

		mine = theirs;
		theirs = swap;
		other = me;
	}
	format(what, sizeof(what), "RAM of VM \"%s\"", other->name);
	refuse_ram(c, mine, what, &(struct prange){theirs->pa, theirs->size});
}

static bool overlaps(const struct prange *a, const struct prange *b)
{
	return ranges_overlap(a->base, a->size, b->base, b->size);
}

const char *checker_find_taken(const struct checker *c, struct prange wanted, struct prange *taken)
{
	const struct config_place *place = c->place;
	const struct prange *reserved;

	for (uint32_t i = 0; i < place->own_count; i++) {
		if (overlaps(&place->own[i], &wanted)) {
			*taken = place->own[i];
			return "the hypervisor";
		}
	}
	if (overlaps(&place->bundle, &wanted)) {
		*taken = place->bundle;
		return "the bundle";
	}
	reserved = c->board == NULL ? NULL :
				      ranges_find_overlap(c->board->reserved,
							  c->board->reserved_count, wanted);
	if (reserved == NULL) {
		return NULL;
	}
	if (overlaps(&c->board->dtb, &wanted)) {
		*taken = c->board->dtb;
		return "the board's device tree";
	}
	if (overlaps(&c->board->initrd, &wanted)) {
		*taken = c->board->initrd;
		return "the bundle";
	}
	*taken = *reserved;
	return "memory the board's device tree reserves";
}

bool checker_is_memory(const struct checker *c, struct prange wanted)
{
	return c->board == NULL || ranges_hold(c->board->ram, c->board->ram_count, wanted);
}

/* One fixed region against the board and what the hypervisor keeps. */
static void check_ram_place(struct checker *c, const struct ram_config *ram)
{
	struct prange taken = {0};
	const char *what = checker_find_taken(c, (struct prange){ram->pa, ram->size}, &taken);
	char path[CHECKER_PATH_MAX];

	if (what != NULL) {
		refuse_ram(c, ram, what, &taken);
	} else if (!checker_is_memory(c, (struct prange){ram->pa, ram->size})) {
		diag_error(c->diag, RAM_PATH, "pa",
			   "0x%lx to 0x%lx is not all memory of the board: its banks are in the "
			   "banner, and in the "
			   "memory nodes of its device tree",
			   ram->pa, ram->pa + ram->size - 1);
		c->vm->refused = true;
	}
}

void checker_memory(struct checker *c)
{
	struct config *config = c->config;

	for (uint32_t i = 0; i < config->vm_count; i++) {
		for (uint32_t k = 0; k < config->vm[i].ram_count; k++) {
			if (config->vm[i].ram[k].pa != CONFIG_PA_ANY) {
				checker_look_at(c, &config->vm[i]);
				check_ram_place(c, &config->vm[i].ram[k]);
				check_ram_shared(c, i, k);
			}
		}
	}
}
