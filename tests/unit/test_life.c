/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a VM on several CPUs: starts, stops, resets, and what is asked for meanwhile. */
#include <string.h>

#include "core/arm64/smccc.h"
#include "core/base/errno.h"
#include "core/exit/exit.h"
#include "core/exit/regs.h"
#include "core/exit/run.h"
#include "core/exit/vpsci.h"
#include "core/vm/manage.h"
#include "tests/unit/fake_life.h"
#include "tests/unit/fake_sysreg.h"
#include "tests/unit/unit.h"
#include "timer/deadline.h"

#define SECONDARY (FAKE_RAM + 0x1000)
#define LIVES	  3000

static struct vm *const vm = &fake_vms[0];

/* -- what guests do -- */

static int64_t turn_on(uint32_t by, uint32_t target)
{
	fake_vcpus[by].regs.x[1] = target;
	fake_vcpus[by].regs.x[2] = SECONDARY;
	fake_vcpus[by].regs.x[3] = target;
	assert_int_equal(vpsci_call(&fake_vcpus[by], PSCI_CPU_ON64, EXIT_RESUME), EXIT_RESUME);
	return (int64_t)fake_vcpus[by].regs.x[0];
}

static void start_all(void)
{
	assert_int_equal(manage_start(vm), 0);
	fake_settle();
	for (uint32_t i = 1; i < FAKE_VCPUS; i++) {
		assert_int_equal(turn_on(0, i), 0);
	}
	fake_settle();
	for (uint32_t i = 0; i < FAKE_VCPUS; i++) {
		assert_int_equal(fake_vcpus[i].power, VCPU_ON);
	}
}

static void is_new_life(void)
{
	assert_int_equal(vm->state, VM_RUNNING);
	assert_int_equal(fake_vcpus[0].power, VCPU_ON);
	assert_int_equal(fake_vcpus[0].regs.x[30], FAKE_ENTRY);
	assert_int_equal(fake_vcpus[0].regs.x[0], FAKE_DTB);
	for (uint32_t i = 1; i < FAKE_VCPUS; i++) {
		assert_int_equal(fake_vcpus[i].power, VCPU_OFF);
		assert_false(fake_vcpus[i].loaded);
	}
}

static void is_off(void)
{
	assert_int_equal(vm->state, VM_OFF);
	fake_nothing_runs(vm);
	for (uint32_t i = 0; i < FAKE_VCPUS; i++) {
		assert_int_equal(fake_vcpus[i].power, VCPU_OFF);
		assert_null(fake_vcpus[i].job);
	}
}

/* -- the cases -- */

static void start(void **state)
{
	(void)state;
	assert_string_equal(life_state_name(vm), "off");
	assert_int_equal(manage_start(vm), 0);
	assert_int_equal(manage_start(vm), -EALREADY);
	assert_string_equal(life_state_name(vm), "loading");
	assert_int_equal(fake_sim.starts, 0);
	fake_settle();
	is_new_life();
	assert_string_equal(life_state_name(vm), "running");
	assert_int_equal(manage_start(vm), -EALREADY);
	assert_int_equal(fake_sim.loads, 1);
	assert_int_equal(fake_sim.starts, 1);
	assert_int_equal(fake_vms[1].state, VM_OFF);
	assert_true(fake_has_said("alpha starts"));
}

static void stop(void **state)
{
	static const struct {
		enum vm_stop_reason reason;
		const char *name, *line;
	} cases[] = {
		{VM_STOP_POWEROFF, "stopped (poweroff)", "alpha: powered off by itself\n"},
		{VM_STOP_CRASH, "stopped (crash)", "alpha: crashed\n"},
		{VM_STOP_COMMAND, "stopped (command)", "alpha: stopped by command\n"},
	};

	(void)state;
	assert_int_equal(manage_stop(vm), -EALREADY);
	for (uint32_t i = 0; i < ARRAY_COUNT(cases); i++) {
		start_all();
		assert_int_equal(life_stop(vm, cases[i].reason, vm->life), 0);
		assert_string_equal(life_state_name(vm), "stopping");
		assert_int_equal(manage_start(vm), -EBUSY);
		/* it waits for each of them */
		for (uint32_t cpu = FAKE_VCPUS - 1; cpu != 0; cpu--) {
			fake_step(cpu);
			assert_int_equal(vm->state, VM_STOPPING);
			assert_int_equal(fake_sim.resets, i);
		}
		fake_step(0);
		is_off();
		fake_settle();
		is_off();
		assert_string_equal(life_state_name(vm), cases[i].name);
		assert_true(fake_has_said(cases[i].line));
		assert_int_equal(fake_sim.resets, i + 1);
		assert_int_equal(fake_sim.vgic_resets, i + 1);
		assert_int_equal(fake_sim.all_offs, i + 1);
		assert_int_equal(manage_stop(vm), -EALREADY);
	}
	assert_int_equal(vm->restart_count, 0);
}

static void restart(void **state)
{
	static const enum vm_stop_reason reason[] = {VM_STOP_RESET, VM_STOP_RESTART};

	(void)state;
	start_all();
	for (uint32_t i = 0; i < ARRAY_COUNT(reason); i++) {
		uint32_t life = vm->life;

		assert_int_equal(life_stop(vm, reason[i], vm->life), 0);
		fake_settle();
		is_new_life();
		assert_int_equal(vm->life, life + 1);
		assert_int_equal(vm->restart_count, i + 1);
		assert_int_equal(fake_sim.resets, i + 1);
		assert_int_equal(fake_sim.loads, i + 2);
	}
	assert_true(fake_has_said("alpha: reset by itself, starts again\n"));
	assert_true(fake_has_said("alpha: restarted by command, starts again\n"));
	assert_int_equal(fake_sim.all_offs, 0);
}

/* The first to ask is heard; who comes later is told that it is too late. */
static void first_counts(void **state)
{
	(void)state;
	start_all();
	assert_int_equal(life_stop(vm, VM_STOP_POWEROFF, vm->life), 0);
	assert_int_equal(life_stop(vm, VM_STOP_RESET, vm->life), -EBUSY);
	fake_step(2);
	assert_int_equal(life_stop(vm, VM_STOP_CRASH, vm->life), -EBUSY);
	fake_settle();
	is_off();
	assert_string_equal(life_state_name(vm), "stopped (poweroff)");
	assert_int_equal(vm->restart_count, 0);
}

static void stop_while_loading(void **state)
{
	(void)state;
	for (uint32_t steps = 0; steps <= FAKE_LOAD_STEPS + 1; steps++) {
		assert_int_equal(manage_start(vm), 0);
		for (uint32_t i = 0; i < steps; i++) {
			fake_step(0);
		}
		assert_int_equal(vm->state, VM_LOADING);
		assert_int_equal(manage_stop(vm), 0);
		fake_settle();
		is_off();
	}
	assert_int_equal(fake_sim.starts, 0);
	/* and a restart asked for then loads from the beginning */
	assert_int_equal(manage_start(vm), 0);
	fake_step(0);
	fake_step(0);
	assert_int_equal(manage_restart(vm), 0);
	fake_settle();
	is_new_life();
	assert_int_equal(fake_sim.starts, 1);
}

static void all_are_off(void **state)
{
	(void)state;
	assert_int_equal(manage_start(vm), 0);
	assert_int_equal(manage_start(&fake_vms[1]), 0);
	fake_settle();
	life_stop(vm, VM_STOP_POWEROFF, vm->life);
	fake_settle();
	assert_int_equal(fake_sim.all_offs, 0);
	assert_int_equal(fake_vms[1].state, VM_RUNNING);
	life_stop(&fake_vms[1], VM_STOP_RESET, fake_vms[1].life);
	fake_settle();
	assert_int_equal(fake_sim.all_offs, 0);
	life_stop(&fake_vms[1], VM_STOP_POWEROFF, fake_vms[1].life);
	fake_settle();
	assert_int_equal(fake_sim.all_offs, 1);
	/* a VM may go on where nobody wants to hear of it */
	life_set_all_off(NULL);
	assert_int_equal(manage_start(vm), 0);
	fake_settle();
	life_stop(vm, VM_STOP_POWEROFF, vm->life);
	fake_settle();
	is_off();
}

/* One that has acknowledged the stop is turned on by one that has not. */
static void turned_on_while_stopping(void **state)
{
	(void)state;
	start_all();
	assert_int_equal(life_stop(vm, VM_STOP_RESET, vm->life), 0);
	fake_step(1);
	assert_int_equal(fake_vcpus[1].power, VCPU_OFF);
	assert_int_equal(turn_on(2, 1), 0);
	fake_sim.starts = 0;
	fake_step(1); /* its CPU looks at it at once */
	assert_int_equal(fake_sim.starts, 0);
	assert_int_equal(fake_vcpus[1].power, VCPU_OFF);
	assert_int_equal(turn_on(2, 1), 0);
	fake_settle(); /* or once the stop is over */
	is_new_life();
	assert_int_equal(fake_sim.starts, 1);
	assert_int_equal(turn_on(0, 1), 0);
	fake_settle();
	assert_int_equal(fake_vcpus[1].power, VCPU_ON);
	assert_int_equal(fake_vcpus[1].regs.x[30], SECONDARY);
}

/* An event of the life before is looked at in the next one only: it starts nobody. */
static void stale_start(void **state)
{
	(void)state;
	start_all();
	assert_int_equal(life_stop(vm, VM_STOP_RESET, vm->life), 0);
	fake_step(1);
	assert_int_equal(turn_on(2, 1), 0);
	for (uint32_t i = 0; i < 20; i++) {
		fake_step(0);
		fake_step(2);
		fake_step(3);
	}
	assert_int_equal(vm->state, VM_RUNNING);
	assert_int_equal(fake_vcpus[1].events & VCPU_EVENT_START, VCPU_EVENT_START);
	assert_int_equal(fake_vcpus[1].power, VCPU_OFF);
	fake_step(1);
	is_new_life();
	/* nor does it take a CPU_ON of this life away */
	fake_vcpus[1].events |= VCPU_EVENT_START;
	assert_int_equal(turn_on(0, 1), 0);
	fake_settle();
	assert_int_equal(fake_vcpus[1].power, VCPU_ON);
}

static void others_finish(void)
{
	for (uint32_t i = 0; i < 20; i++) {
		fake_step(0);
		fake_step(2);
		fake_step(3);
	}
	assert_int_equal(vm->state, VM_RUNNING);
}

static void others_finish_and_call(void)
{
	others_finish();
	assert_int_equal(turn_on(0, 1), 0);
}

/* A CPU is so late with an event of the life before that it has taken it, and a new life begins. */
static void late_start(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 2; i++) {
		start_all();
		assert_int_equal(life_stop(vm, VM_STOP_RESET, vm->life), 0);
		fake_step(1);
		assert_int_equal(turn_on(2, 1), 0);
		fake_sim.meanwhile = i == 0 ? others_finish : others_finish_and_call;
		fake_step(1);
		assert_null(fake_sim.meanwhile);
		if (i == 0) {
			is_new_life();
		} else {
			fake_settle();
			assert_int_equal(fake_vcpus[1].power, VCPU_ON);
			assert_int_equal(fake_vcpus[1].regs.x[30], SECONDARY);
		}
		manage_stop(vm);
		fake_settle();
	}
}

static void cpu_off(void **state)
{
	(void)state;
	start_all();
	for (uint32_t i = 0; i < FAKE_VCPUS; i++) {
		fake_cpu_off(i);
		assert_int_equal(fake_vcpus[i].power, VCPU_OFF);
		assert_false(fake_vcpus[i].loaded);
		assert_false(fake_vcpus[i].vgic.on);
	}
	/* nobody is on: only a command brings it back */
	fake_settle();
	assert_int_equal(vm->state, VM_RUNNING);
	assert_int_equal(manage_restart(vm), 0);
	fake_settle();
	is_new_life();
}

static void crash(void **state)
{
	(void)state;
	start_all();
	for (uint32_t i = 0; i < 31; i++) {
		fake_vcpus[1].regs.x[i] = 0xabc000 + i;
	}
	sysreg_write(elr_el2, UINT64_C(0xffff800012345678));
	sysreg_write(spsr_el2, 0x3c5);
	sysreg_write(esr_el1, 0x96000044);
	fake_vcpus[1].regs.x[29] = GIB(8) + 16;
	fake_frames[2] = GIB(8) + 64;
	fake_frames[3] = 0x111111;
	fake_frames[8] = GIB(8) + 32; /* a frame record below its caller's: the end */
	fake_frames[9] = 0x222222;
	fake_frames[5] = 0x333333;
	life_crash(&fake_vcpus[1], "it has no vectors");
	fake_settle();
	is_off();
	assert_true(fake_has_said("alpha vcpu 1 can't go on: it has no vectors"));
	assert_true(fake_has_said("x0  0000000000abc000 0000000000abc001"));
	assert_true(fake_has_said("x24 0000000000abc018"));
	assert_true(fake_has_said("lr  0000000000abc01e"));
	assert_true(fake_has_said("pc  ffff800012345678 pstate 000003c5"));
	assert_true(fake_has_said("esr_el1 96000044"));
	assert_true(fake_has_said("backtrace: ffff800012345678"));
	assert_true(fake_has_said("0000000000111111"));
	assert_true(fake_has_said("0000000000222222"));
	assert_false(fake_has_said("0000000000333333"));
	assert_string_equal(life_state_name(vm), "stopped (crash)");
}

/* Frame pointers that lead nowhere end the backtrace. */
static void bad_frames(void **state)
{
	static const uint64_t bad[] = {0, 8, GIB(8) + 4, GIB(9), UINT64_MAX - 7};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
		start_all();
		fake_vcpus[0].regs.x[29] = bad[i];
		life_crash(&fake_vcpus[0], "a reason");
		fake_settle();
		is_off();
	}
	/* a chain without end is cut */
	fake_sim.now += deadline_frequency();
	start_all();
	for (uint32_t i = 0; i < 64; i += 2) {
		fake_frames[i] = GIB(8) + 8 * (i + 2);
		fake_frames[i + 1] = 0x777000 + i;
	}
	fake_vcpus[0].regs.x[29] = GIB(8);
	life_crash(&fake_vcpus[0], "a reason");
	fake_settle();
	assert_true(fake_has_said("000000000077701e"));
	assert_false(fake_has_said("0000000000777020"));
}

/* Its lines are limited, as those about its other ends: ten a second. */
static void crash_storm(void **state)
{
	uint32_t told = 0;

	(void)state;
	for (uint32_t i = 0; i < 40; i++) {
		start_all();
		fake_said[0] = '\0';
		life_crash(&fake_vcpus[0], "a reason");
		fake_settle();
		told += fake_has_said("can't go on");
		is_off();
	}
	assert_in_range(told, 1, 10);
	fake_sim.now += deadline_frequency();
	start_all();
	fake_said[0] = '\0';
	life_crash(&fake_vcpus[0], "a reason");
	fake_settle();
	assert_true(fake_has_said("can't go on"));
}

/* A line in two steps, so that others of that CPU needn't wait; who stops the VM is not kept. */
static void crash_in_steps(void **state)
{
	static const char *const parts[] = {"can't go on", "  x0 ",   "  x4 ",
					    "  x24",	   "  x28",   "  pc ",
					    "  esr",	   "  sctlr", "  backtrace"};

	(void)state;
	start_all();
	life_crash(&fake_vcpus[1], "a reason");
	assert_false(fake_has_said("can't go on"));
	fake_step(1);
	for (uint32_t i = 0; i < ARRAY_COUNT(parts); i++) {
		uint32_t steps = 0;

		while (!fake_has_said(parts[i])) {
			assert_true(steps++ < 12);
			assert_int_equal(vm->state, VM_RUNNING);
			assert_non_null(fake_vcpus[1].job);
			fake_step(1);
		}
		assert_false(i + 1 < ARRAY_COUNT(parts) && fake_has_said(parts[i + 1]));
	}
	fake_settle();
	is_off();
	assert_string_equal(life_state_name(vm), "stopped (crash)");
	/* stopped meanwhile */
	start_all();
	fake_said[0] = '\0';
	life_crash(&fake_vcpus[1], "a reason");
	while (!fake_has_said("can't go on")) {
		assert_non_null(fake_vcpus[1].job);
		fake_step(1);
	}
	assert_int_equal(manage_restart(vm), 0);
	fake_settle();
	is_new_life();
	assert_true(fake_has_said("can't go on"));
	assert_false(fake_has_said("  backtrace"));
}

/* -- everything at once -- */

static void guest_acts(uint32_t cpu)
{
	switch (random_below(&fake_sim.random, 12)) {
	case 0:
		fake_cpu_off(cpu);
		break;
	case 1:
		fake_sim.gone[cpu] = vm->life + 1;
		life_end(&fake_vcpus[cpu], VM_STOP_RESET);
		break;
	case 2:
		if (random_below(&fake_sim.random, 8) == 0) {
			fake_sim.gone[cpu] = vm->life + 1;
			life_end(&fake_vcpus[cpu], VM_STOP_POWEROFF);
		}
		break;
	default:
		turn_on(cpu, random_below(&fake_sim.random, FAKE_VCPUS));
		break;
	}
}

static void shell_does_something(void)
{
	switch (random_below(&fake_sim.random, 4)) {
	case 0:
		manage_stop(vm);
		break;
	case 1:
		manage_restart(vm);
		break;
	default:
		manage_start(vm);
		break;
	}
}

/* Between lives: what is asked for in the new one is done. */
static void is_usable(void)
{
	fake_settle();
	if (vm->state == VM_OFF) {
		is_off();
		assert_int_equal(manage_start(vm), 0);
	} else {
		assert_int_equal(vm->state, VM_RUNNING);
		assert_int_equal(manage_restart(vm), 0);
	}
	fake_settle();
	is_new_life();
	for (uint32_t i = 1; i < FAKE_VCPUS; i++) {
		assert_int_equal(turn_on(0, i), 0);
		fake_settle();
		assert_int_equal(fake_vcpus[i].power, VCPU_ON);
	}
}

static void a_next_life_waits_for_the_boards_devices(void **state)
{
	(void)state;
	start_all();
	fake_sim.busy_looks = 5;
	assert_int_equal(manage_restart(vm), 0);
	fake_settle();
	/* device_reset() and load_begin() have seen that nothing is under way */
	assert_int_equal(fake_sim.busy_looks, 0);
	assert_int_equal(fake_sim.resets, 1);
	is_new_life();
}

/* What the board's disk has under way in its memory has no end: nobody else ever gets that, nor
 * does a next life. */
static void a_vm_whose_disk_is_lost_stays_off(void **state)
{
	(void)state;
	start_all();
	fake_sim.busy_looks = UINT32_MAX;
	fake_sim.lost = true;
	assert_int_equal(manage_restart(vm), 0);
	fake_settle();
	assert_int_equal(vm->state, VM_OFF);
	assert_int_equal(fake_sim.resets, 0);
	assert_true(fake_has_said("it stays off until the board is reset"));
	assert_int_equal(manage_start(vm), -EBUSY);
	assert_int_equal(manage_restart(vm), -EBUSY);
	fake_settle();
	assert_int_equal(vm->state, VM_OFF);
	assert_int_equal(fake_sim.loads, 1);
}

static void a_vm_waits_for_its_disks(void **state)
{
	(void)state;
	vm->unready = 3;
	fake_configs[1].start_manual = true;
	life_boot();
	fake_settle();
	assert_int_equal(vm->state, VM_OFF);
	vm_device_ready(vm, 1, true);
	fake_settle();
	assert_int_equal(vm->state, VM_OFF);
	vm_device_ready(vm, 0, true);
	fake_settle();
	is_new_life();
}

static void a_vm_whose_disk_is_missing_never_starts(void **state)
{
	(void)state;
	vm->unready = 1;
	/* asked for before it is known: it starts then */
	assert_int_equal(manage_start(vm), 0);
	fake_settle();
	assert_int_equal(vm->state, VM_OFF);
	vm_device_ready(vm, 0, false);
	fake_settle();
	assert_int_equal(vm->state, VM_OFF);
	assert_int_equal(manage_start(vm), -EBUSY);
	assert_int_equal(manage_restart(vm), -EBUSY);
	assert_true(fake_has_said("alpha can't start: a partition"));
	fake_settle();
	assert_int_equal(vm->state, VM_OFF);
	assert_int_equal(fake_sim.loads, 0);
}

/* Whoever says `vm start` does not wait for those that start-after names, only for its disk. */
static void a_start_by_command_waits_for_the_disk_alone(void **state)
{
	struct vm *follower = &fake_vms[1];

	(void)state;
	for (uint32_t i = 0; i < 4; i++) {
		void *none = NULL;

		fake_life_set_up(&none);
		fake_configs[0].start_manual = true;
		fake_configs[1].start_after = BIT(0);
		follower->unready = 1;
		life_boot();
		fake_settle();
		assert_int_equal(manage_start(follower), 0);
		fake_settle();
		assert_int_equal(follower->state, VM_OFF);
		/* all but that are off, and it will run */
		assert_int_equal(manage_start(vm), 0);
		assert_int_equal(manage_kill(vm), 0);
		fake_settle();
		assert_false(vm->has_run);
		assert_int_equal(fake_sim.all_offs, 0);
		if (i == 0) {
			/* a stop calls it off */
			assert_int_equal(manage_stop(follower), 0);
			assert_int_equal(fake_sim.all_offs, 1);
		}
		vm_device_ready(follower, 0, i != 1);
		fake_settle();
		assert_int_equal(follower->state, i < 2 ? VM_OFF : VM_RUNNING);
		assert_int_equal(fake_sim.all_offs, i < 2);
		assert_int_equal(vm->state, VM_OFF);
	}
}

/* The disk of the one before it never comes: that is said, once. */
static void a_follower_does_not_wait_in_silence(void **state)
{
	static const char said[] =
		"beta waits for \"alpha\", which can't start: a disk of its could "
		"not be had; `vm start beta` starts it\n";
	struct vm *follower = &fake_vms[1];

	(void)state;
	vm->unready = 1;
	fake_configs[1].start_after = BIT(0);
	life_boot();
	fake_settle();
	assert_false(fake_has_said("beta waits"));
	vm_device_ready(vm, 0, false);
	fake_settle();
	assert_true(fake_has_said(said));
	fake_said[0] = '\0';
	vcpu_post(follower->vcpu[0], VCPU_EVENT_JOB);
	fake_settle();
	assert_false(fake_has_said("beta waits"));
	assert_int_equal(follower->state, VM_OFF);
	assert_int_equal(fake_sim.all_offs, 1);
	assert_int_equal(manage_start(follower), 0);
	fake_settle();
	assert_int_equal(follower->state, VM_RUNNING);
}

/* Where an image of the one before it has changed, until that is mended. */
static void nor_behind_a_bad_image(void **state)
{
	(void)state;
	fake_configs[1].start_after = BIT(0);
	fake_sim.load_is_bad = true;
	life_boot();
	fake_settle();
	assert_string_equal(life_state_name(vm), "stopped (image)");
	assert_true(fake_has_said("beta waits for \"alpha\", which can't start: an image of its "
				  "has changed; `vm start beta` starts it\n"));
	fake_sim.load_is_bad = false;
	assert_int_equal(manage_start(vm), 0);
	fake_settle();
	assert_int_equal(fake_vms[1].state, VM_RUNNING);
}

/* Nor does one that is behind another. */
static void nor_behind_another(void **state)
{
	(void)state;
	fake_vms[1].unready = 1;
	fake_configs[0].start_after = BIT(FAKE_REFUSED);
	fake_configs[FAKE_REFUSED].start_after = BIT(1);
	vm->start_waits = true;
	fake_vms[1].start_waits = true;
	vm_device_ready(&fake_vms[1], 0, false);
	fake_settle();
	assert_true(fake_has_said("alpha waits for \"beta\", which can't start"));
}

static void at_random(void **state)
{
	(void)state;
	fake_sim.random.state = 1;
	fake_sim.guest_acts = guest_acts;
	assert_int_equal(manage_start(vm), 0);
	for (uint32_t i = 0; vm->life < LIVES; i++) {
		assert_true(i < 1000 * LIVES);
		fake_sim.interleave = true;
		fake_go_on(random_below(&fake_sim.random, FAKE_VCPUS));
		if (random_below(&fake_sim.random, 50) == 0) {
			shell_does_something();
		}
		fake_sim.interleave = false;
		if (random_below(&fake_sim.random, 100) == 0) {
			is_usable();
		}
		fake_said[0] = '\0';
	}
}

/* Two who ask about one vCPU, and one who asks no more. */
static void registers_are_asked_for(void **state)
{
	const struct regs_answer *answer;

	(void)state;
	life_ask(vm, LIFE_START);
	fake_settle();
	assert_true(regs_ask(REGS_SHELL, &fake_vcpus[0]));
	assert_false(regs_ask(REGS_SHELL, &fake_vcpus[1]));
	assert_true(regs_ask(REGS_VM(0), &fake_vcpus[0]));
	assert_null(regs_get(REGS_SHELL));
	assert_true(regs_withdraw(REGS_SHELL));
	assert_false(regs_withdraw(REGS_SHELL));
	assert_true(regs_ask(REGS_SHELL, &fake_vcpus[3]));
	fake_step(0);
	assert_null(regs_get(REGS_SHELL));
	assert_false(regs_withdraw(REGS_VM(0)));
	answer = regs_get(REGS_VM(0));
	assert_non_null(answer);
	assert_int_equal(answer->power, VCPU_ON);
	fake_step(3);
	assert_int_equal(regs_get(REGS_SHELL)->power, VCPU_OFF);
	/* and of a VM that is paused */
	life_ask(vm, LIFE_PAUSE);
	fake_settle();
	assert_true(regs_ask(REGS_VM(0), &fake_vcpus[0]));
	fake_settle();
	assert_int_equal(regs_get(REGS_VM(0))->hold & VCPU_HOLD_PAUSED, VCPU_HOLD_PAUSED);
	/* however many ask about one: an answer in a step, and each gets its own */
	for (uint32_t i = 0; i < CONFIG_VM_MAX; i++) {
		assert_true(regs_ask(REGS_VM(i), &fake_vcpus[0]));
	}
	fake_step(0);
	assert_non_null(regs_get(REGS_VM(0)));
	assert_null(regs_get(REGS_VM(1)));
	fake_settle();
	for (uint32_t i = 0; i < CONFIG_VM_MAX; i++) {
		assert_non_null(regs_get(REGS_VM(i)));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE_IN("a VM that is off fake_sim.starts, loaded, with its first vCPU", start,
			fake_life_set_up),
		CASE_IN("a stop waits for every vCPU and says why", stop, fake_life_set_up),
		CASE_IN("a reset loads again and starts the first vCPU", restart, fake_life_set_up),
		CASE_IN("of two reasons the first counts", first_counts, fake_life_set_up),
		CASE_IN("a VM can be stopped while it is loaded", stop_while_loading,
			fake_life_set_up),
		CASE_IN("when the last VM goes off it is told, once", all_are_off,
			fake_life_set_up),
		CASE_IN("CPU_ON during a reset starts nobody in the next life",
			turned_on_while_stopping, fake_life_set_up),
		CASE_IN("a start event of the life before does no harm", stale_start,
			fake_life_set_up),
		CASE_IN("nor when its CPU is late with it", late_start, fake_life_set_up),
		CASE_IN("a VM with all vCPUs off can be restarted", cpu_off, fake_life_set_up),
		CASE_IN("a crash shows registers and backtrace", crash, fake_life_set_up),
		CASE_IN("bad frame pointers end a backtrace", bad_frames, fake_life_set_up),
		CASE_IN("a crash is told of in steps", crash_in_steps, fake_life_set_up),
		CASE_IN("registers are asked for by two, and taken back", registers_are_asked_for,
			fake_life_set_up),
		CASE_IN("a VM that crashes all the time is told of now and then", crash_storm,
			fake_life_set_up),
		CASE_IN("a next life waits for what the board's devices have under way",
			a_next_life_waits_for_the_boards_devices, fake_life_set_up),
		CASE_IN("a VM whose disk is lost stays off", a_vm_whose_disk_is_lost_stays_off,
			fake_life_set_up),
		CASE_IN("a VM waits for its disks", a_vm_waits_for_its_disks, fake_life_set_up),
		CASE_IN("a VM whose disk is missing never starts",
			a_vm_whose_disk_is_missing_never_starts, fake_life_set_up),
		CASE_IN("a start by command waits for the disk alone",
			a_start_by_command_waits_for_the_disk_alone, fake_life_set_up),
		CASE_IN("who waits for one whose disk never comes says so once",
			a_follower_does_not_wait_in_silence, fake_life_set_up),
		CASE_IN("so does who waits for one whose image has changed", nor_behind_a_bad_image,
			fake_life_set_up),
		CASE_IN("so does who waits behind another", nor_behind_another, fake_life_set_up),
		CASE_IN("thousands of lives with everything at once", at_random, fake_life_set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
