/* SPDX-License-Identifier: Apache-2.0 */
/* The verbs of who looks after VMs. */
#include "core/vm/manage.h"

#include "core/base/errno.h"
#include "core/sched/sched.h"
#include "core/vm/life.h"

int manage_start(struct vm *vm)
{
	return life_ask(vm, LIFE_START);
}

int manage_stop(struct vm *vm)
{
	return life_ask(vm, LIFE_STOP);
}

int manage_kill(struct vm *vm)
{
	return life_ask(vm, LIFE_KILL);
}

int manage_restart(struct vm *vm)
{
	return life_ask(vm, LIFE_RESTART);
}

int manage_pause(struct vm *vm)
{
	return life_ask(vm, LIFE_PAUSE);
}

int manage_resume(struct vm *vm)
{
	return life_ask(vm, LIFE_RESUME);
}

/* Whose time `by` may give to the VMs that it manages: theirs, and its own. */
static uint64_t beside(const struct vm *by)
{
	return by == NULL ? SCHED_ANYBODY : by->config->manages | BIT(by->config->index);
}

int manage_set_cpu(const struct vm *by, struct vm *vm, uint32_t index, uint32_t cpu)
{
	return index < vm->vcpu_count ? sched_place(vm->vcpu[index], cpu, beside(by)) : -ENOENT;
}

int manage_set_priority(const struct vm *by, struct vm *vm, uint32_t index, uint32_t priority)
{
	if (index >= vm->vcpu_count) {
		return -ENOENT;
	}
	if (priority > SCHED_PRIORITY_MAX) {
		return -ERANGE;
	}
	return sched_set_priority(vm->vcpu[index], priority, beside(by));
}

void manage_measure_idle(struct vm *vm, bool on)
{
	for (uint32_t i = 0; i < vm->vcpu_count; i++) {
		sched_measure(vm->vcpu[i], on);
	}
}

bool manage_may(const struct vm *by, const struct vm *vm)
{
	return (by->config->manages >> vm->config->index & 1) != 0;
}
