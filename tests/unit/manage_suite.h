/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of operations on VMs share: the way into each state, and what must hold then. For
 * one file of a program. */
#ifndef TESTS_UNIT_MANAGE_SUITE_H
#define TESTS_UNIT_MANAGE_SUITE_H

#include "core/arm64/smccc.h"
#include "core/exit/vpsci.h"
#include "core/vm/manage.h"
#include "tests/unit/fake_life.h"
#include "tests/unit/unit.h"

#define DELAY 100

static struct vm *const vm = &fake_vms[0];

static inline void turn_on(uint32_t target)
{
	fake_vcpus[0].regs.x[1] = target;
	fake_vcpus[0].regs.x[2] = FAKE_RAM;
	vpsci_call(&fake_vcpus[0], PSCI_CPU_ON64, EXIT_RESUME);
}

/* The guest of this CPU ends its VM's life: fake_step() sees to it that it is not entered again. */
static inline void guest_ends(uint32_t cpu, enum vm_stop_reason reason)
{
	fake_sim.gone[cpu] = vm->life + 1;
	life_end(&fake_vcpus[cpu], reason);
}

/* Something of this life does. */
static inline int ends(enum vm_stop_reason reason)
{
	return life_stop(vm, reason, vm->life);
}

/* vCPUs 1 and 2 are turned on by the first, or stay off. */
static bool alone;

/* From nothing into a state; vCPU 3 stays off. */
static inline void go_to(enum vm_state state)
{
	void *none = NULL;

	fake_life_set_up(&none);
	fake_configs[0].restart = VM_RESTART_ON_CRASH;
	fake_configs[0].restart_delay_ms = DELAY;
	if (state == VM_OFF) {
		return;
	}
	manage_start(vm);
	if (state == VM_LOADING) {
		return;
	}
	fake_settle();
	for (uint32_t i = 1; i < FAKE_VCPUS - 1 && !alone; i++) {
		turn_on(i);
	}
	fake_settle();
	if (state == VM_STOPPING) {
		ends(VM_STOP_RESET);
	} else if (state == VM_PAUSING || state == VM_PAUSED) {
		manage_pause(vm);
	} else if (state == VM_RESTARTING) {
		ends(VM_STOP_CRASH);
	}
	if (state == VM_PAUSED || state == VM_RESTARTING) {
		fake_settle();
	}
	assert_int_equal(vm->state, state);
}

/* What must hold once nothing is left to do. */
static inline void is_consistent(void)
{
	for (uint32_t i = 0; i < FAKE_VCPUS; i++) {
		const struct vcpu *vcpu = &fake_vcpus[i];
		bool paused = (vcpu->hold & VCPU_HOLD_PAUSED) != 0;

		assert_int_equal(paused, vm->state == VM_PAUSED);
		assert_int_equal((fake_sim.timers_held >> i) & 1, paused && vcpu->power == VCPU_ON);
		assert_false(paused && vcpu->loaded);
		/* what is told of a crash goes on after a pause */
		assert_true(vcpu->job == NULL || (paused && vcpu->job == &vcpu->crash.job));
		assert_int_equal(vcpu->cpu, vcpu->sched.place);
		if (vm->state == VM_OFF || vm->state == VM_RESTARTING) {
			assert_int_equal(vcpu->power, VCPU_OFF);
			assert_false(vcpu->vgic.on);
		}
	}
	assert_int_equal(vm->restart.fire != NULL && vm->restart.when != UINT64_MAX,
			 vm->state == VM_RESTARTING);
	assert_true(vm->state == VM_OFF || vm->state == VM_RUNNING || vm->state == VM_PAUSED ||
		    vm->state == VM_RESTARTING);
}

/* Whatever came before, a new life can be had, paused, and ended. */
static inline void is_usable(void)
{
	fake_settle();
	is_consistent();
	assert_int_equal(manage_restart(vm), 0);
	fake_settle();
	assert_int_equal(vm->state, VM_RUNNING);
	is_consistent();
	assert_int_equal(manage_pause(vm), 0);
	fake_settle();
	assert_int_equal(vm->state, VM_PAUSED);
	is_consistent();
	assert_int_equal(manage_resume(vm), 0);
	fake_settle();
	is_consistent();
	assert_int_equal(manage_stop(vm), 0);
	fake_settle();
	assert_int_equal(vm->state, VM_OFF);
	is_consistent();
}

#endif
