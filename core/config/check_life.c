/* SPDX-License-Identifier: Apache-2.0 */
/* Which VMs start after which, and who manages whom. */
#include "core/base/bits.h"
#include "core/base/format.h"
#include "core/base/string.h"
#include "core/config/checker.h"

#define NAMES_MAX 160

static struct vm_config *vm_at(struct config *config, int node)
{
	for (uint32_t i = 0; i < config->vm_count; i++) {
		if (config->vm[i].node == node) {
			return &config->vm[i];
		}
	}
	return NULL;
}

/* The VMs that a list of references names, by bit of their index. */
static uint64_t vms_of(struct checker *c, const char *name)
{
	const struct dt *tree = c->config->tree;
	char path[CHECKER_PATH_MAX];
	struct dt_prop list;
	uint64_t set = 0;

	if (!dt_prop(tree, c->vm->node, name, &list) || list.len % 4 != 0) {
		return 0;
	}
	for (uint32_t i = 0; i < list.len / 4; i++) {
		int node = dt_by_phandle(tree, dt_prop_cell(&list, i));
		const struct vm_config *vm = node == DT_NONE ? NULL : vm_at(c->config, node);

		if (vm != NULL) {
			set |= BIT(vm->index);
		} else if (node != DT_NONE) {
			diag_error(c->diag, c->path, name,
				   "%s is not an enabled VM: VMs stand below /vms",
				   dt_path(tree, node, path, sizeof(path)));
		}
	}
	return set;
}

void checker_life(struct checker *c)
{
	struct vm_config *vm = c->vm;

	if (!vm->has_life) {
		return;
	}
	vm->manages = vms_of(c, "manages");
	vm->start_after = vms_of(c, "start-after");
	if ((vm->start_after & BIT(vm->index)) != 0) {
		diag_error(c->diag, c->path, "start-after",
			   "names this VM itself, which would never start: leave it out");
	}
}

/* The VMs that `vm` waits for, and those that these wait for, and so on. */
static uint64_t waits_for(const struct config *config, const struct vm_config *vm)
{
	uint64_t all = vm->start_after, left = all;

	while (left != 0) {
		uint64_t more = config->vm[__builtin_ctzll(left)].start_after & ~all;

		left = (left & (left - 1)) | more;
		all |= more;
	}
	return all;
}

/* "a, b and c" */
static void names_of(const struct config *config, uint64_t set, char *buf, size_t size)
{
	size_t at = 0;

	buf[0] = '\0';
	for (; set != 0 && at + 1 < size; set &= set - 1) {
		const char *join = at == 0 ? "" : (set & (set - 1)) == 0 ? " and " : ", ";

		format(buf + at, size - at, "%s%s", join, config->vm[__builtin_ctzll(set)].name);
		at = strlen(buf);
	}
}

/* VMs of which each waits for all the others: told of once, at the first. */
static void check_circle(struct checker *c, struct vm_config *vm)
{
	uint64_t all = waits_for(c->config, vm), circle = 0;
	char names[NAMES_MAX];

	for (uint64_t left = all; left != 0; left &= left - 1) {
		const struct vm_config *other = &c->config->vm[__builtin_ctzll(left)];

		if ((waits_for(c->config, other) & BIT(vm->index)) != 0) {
			circle |= BIT(other->index);
		}
	}
	if ((circle & BIT(vm->index)) == 0 || (circle & (circle - 1)) == 0) {
		return;
	}
	checker_look_at(c, vm);
	names_of(c->config, circle, names, sizeof(names));
	diag_error(c->diag, c->path, "start-after",
		   "%s wait for each other, so none of them would start: leave out one", names);
	for (; circle != 0; circle &= circle - 1) {
		struct vm_config *one = &c->config->vm[__builtin_ctzll(circle)];

		one->refused = true;
		one->start_after = 0;
	}
}

/* A VM that waits for one that is refused would wait for ever. */
static bool check_refused(struct checker *c, struct vm_config *vm)
{
	if (vm->refused) {
		return false;
	}
	for (uint64_t left = vm->start_after; left != 0; left &= left - 1) {
		const struct vm_config *first = &c->config->vm[__builtin_ctzll(left)];

		if (first->refused) {
			checker_look_at(c, vm);
			diag_error(c->diag, c->path, "start-after",
				   "%s is refused, so this VM would never start", first->name);
			vm->refused = true;
			return true;
		}
	}
	return false;
}

void checker_starts(struct checker *c)
{
	struct config *config = c->config;
	bool again;

	for (uint32_t i = 0; i < config->vm_count; i++) {
		check_circle(c, &config->vm[i]);
	}
	do {
		again = false;
		for (uint32_t i = 0; i < config->vm_count; i++) {
			again |= check_refused(c, &config->vm[i]);
		}
	} while (again);
}
