/* SPDX-License-Identifier: Apache-2.0 */
/* Who starts after whom. */
#include "core/vm/order.h"

#include "core/base/printk.h"

/* NULL: it was refused. VMs are made in the order of their configs, those refused left out. */
static struct vm *made_from(const struct vm_config *config)
{
	for (uint32_t i = MIN(config->index + 1, vm_count()); i-- != 0;) {
		if (vm_by_id(i)->config == config) {
			return vm_by_id(i);
		}
	}
	return NULL;
}

static bool has_run(const struct vm_config *config)
{
	struct vm *vm = made_from(config);
	bool has;

	if (vm == NULL) {
		return false;
	}
	spin_lock(&vm->lock);
	has = vm->has_run;
	spin_unlock(&vm->lock);
	return has;
}

bool order_firsts_have_run(const struct vm *vm)
{
	const struct vm_config *first = vm->config - vm->config->index;

	for (uint64_t left = vm->config->start_after; left != 0; left &= left - 1) {
		if (!has_run(&first[__builtin_ctzll(left)])) {
			return false;
		}
	}
	return true;
}

/* A VM that does not start with the board, whatever else does: it was refused, waits for a command,
 * or for one of which that is so. Each VM on the way is looked at once. */
static bool stays_off(const struct vm_config *config)
{
	const struct vm_config *all = config - config->index;
	uint64_t seen = BIT(config->index), left = seen;

	while (left != 0) {
		const struct vm_config *one = &all[__builtin_ctzll(left)];

		if (made_from(one) == NULL || one->start_manual) {
			return true;
		}
		left = (left & (left - 1)) | (one->start_after & ~seen);
		seen |= one->start_after;
	}
	return false;
}

/* Of those that start-after names, one that will not run unless it is told to, one that never can
 * before the others; NULL: none. */
static const struct vm_config *never_first(const struct vm_config *config)
{
	const struct vm_config *all = config - config->index, *never = NULL;

	for (uint64_t left = config->start_after; left != 0; left &= left - 1) {
		const struct vm_config *first = &all[__builtin_ctzll(left)];

		if (made_from(first) == NULL) {
			return first;
		}
		if (never == NULL && stays_off(first)) {
			never = first;
		}
	}
	return never;
}

bool order_may_wait(const struct vm *vm)
{
	const struct vm_config *first = never_first(vm->config);

	if (first == NULL) {
		return true;
	}
	if (made_from(first) != NULL) {
		log_warn("%s waits until \"%s\" is started by command", vm->name, first->name);
		return true;
	}
	log_warn("%s stays off: it starts after \"%s\", which is refused; `vm start %s` starts it",
		 vm->name, first->name, vm->name);
	return false;
}

static bool has_bad_image(const struct vm *vm)
{
	return atomic_read(&vm->stop_reason) == VM_STOP_IMAGE;
}

/* By index of their configs: those that could not start, and never have. */
static uint64_t failed_ones(void)
{
	uint64_t failed = 0;

	for (uint32_t i = 0; i < vm_count(); i++) {
		const struct vm *vm = vm_by_id(i);

		if ((atomic_read(&vm->lacking) || has_bad_image(vm)) &&
		    !atomic_read(&vm->has_run)) {
			failed |= BIT(vm->config->index);
		}
	}
	return failed;
}

/* One of those is before it, at whatever distance; NULL: none. Each VM on the way is looked at
 * once. */
static const struct vm_config *failed_first(const struct vm_config *config)
{
	const struct vm_config *all = config - config->index;
	uint64_t failed = failed_ones(), seen = config->start_after, left = seen;

	while (left != 0 && (seen & failed) == 0) {
		uint64_t more = all[__builtin_ctzll(left)].start_after & ~seen;

		left = (left & (left - 1)) | more;
		seen |= more;
	}
	return (seen & failed) == 0 ? NULL : &all[__builtin_ctzll(seen & failed)];
}

void order_look_in_vain(struct vm *vm)
{
	if (vm->vain_said) {
		return;
	}
	if (vm->vain != NULL) {
		vm->vain_said = true;
		log_warn("%s waits for \"%s\", which can't start: %s; `vm start %s` starts it",
			 vm->name, vm->vain->name,
			 atomic_read(&made_from(vm->vain)->lacking) ?
				 "a disk of its could not be had" :
				 "an image of its has changed",
			 vm->name);
		return;
	}
	vm->vain = failed_first(vm->config);
	if (vm->vain != NULL) {
		vcpu_post(vm->vcpu[0], VCPU_EVENT_JOB);
	}
}
