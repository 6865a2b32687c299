/* SPDX-License-Identifier: Apache-2.0 */
/* What operations on VMs do: pauses, restarts by rule, starts at boot, moves. */
#include "core/base/errno.h"
#include "core/exit/regs.h"
#include "core/sched/policy.h"
#include "tests/unit/manage_suite.h"

/* What a stop was to be followed by, and what a kill makes of it. */
static void kill_is_last(void **state)
{
	static const enum vm_stop_reason reasons[] = {
		VM_STOP_RESET, VM_STOP_RESTART, VM_STOP_CRASH, VM_STOP_WATCHDOG, VM_STOP_POWEROFF,
	};

	(void)state;
	for (uint32_t i = 0; i < ARRAY_COUNT(reasons); i++) {
		go_to(VM_RUNNING);
		fake_configs[0].restart = VM_RESTART_ALWAYS;
		assert_int_equal(ends(reasons[i]), 0);
		fake_step(2);
		assert_int_equal(manage_stop(vm), -EBUSY);
		assert_int_equal(manage_kill(vm), 0);
		fake_settle();
		assert_int_equal(vm->state, VM_OFF);
		assert_string_equal(life_state_name(vm), "stopped (killed)");
		assert_true(fake_has_said("alpha: killed by command\n"));
		assert_int_equal(vm->restart_count, 0);
	}
}

static void pause_holds(void **state)
{
	(void)state;
	go_to(VM_RUNNING);
	assert_int_equal(manage_pause(vm), 0);
	assert_string_equal(life_state_name(vm), "pausing");
	for (uint32_t i = 0; i < FAKE_VCPUS; i++) {
		assert_int_equal(vm->state, VM_PAUSING);
		fake_step(i);
		assert_int_equal(fake_vcpus[i].hold & VCPU_HOLD_PAUSED, VCPU_HOLD_PAUSED);
	}
	assert_int_equal(vm->state, VM_PAUSED);
	assert_string_equal(life_state_name(vm), "paused");
	/* what comes meanwhile stays where it is */
	vcpu_post(&fake_vcpus[1], VCPU_EVENT_VGIC | VCPU_EVENT_SGI(3) | VCPU_EVENT_TIMER);
	fake_settle();
	fake_step(1);
	assert_int_equal(fake_vcpus[1].events,
			 VCPU_EVENT_VGIC | VCPU_EVENT_SGI(3) | VCPU_EVENT_TIMER);
	assert_false(fake_vcpus[1].loaded);
	assert_int_equal(manage_resume(vm), 0);
	assert_int_equal(vm->state, VM_RUNNING);
	for (uint32_t i = 0; i < 4; i++) {
		fake_step(1);
	}
	assert_int_equal(fake_vcpus[1].events & ~VCPU_EVENT_SGIS, 0);
	assert_true(fake_vcpus[1].loaded);
}

/* A CPU that has nothing else to do sleeps until it is kicked. */
static void paused_is_told(void **state)
{
	static int (*const ends[])(struct vm *) = {manage_resume, manage_stop, manage_restart,
						   manage_kill};

	(void)state;
	for (uint32_t i = 0; i < ARRAY_COUNT(ends); i++) {
		go_to(VM_PAUSED);
		for (uint32_t n = 0; n < FAKE_VCPUS - 1; n++) {
			vcpu_post(&fake_vcpus[n], VCPU_EVENT_VGIC);
		}
		fake_sim.kicked = 0;
		vcpu_post(&fake_vcpus[0], VCPU_EVENT_TIMER);
		assert_int_equal(fake_sim.kicked, 0);
		assert_int_equal(ends[i](vm), 0);
		assert_int_equal(fake_sim.kicked, BIT(FAKE_VCPUS) - 1);
		is_usable();
	}
}

/* An event more than was meant, as a late one of an earlier pause is. */
static void acknowledged_once(void **state)
{
	(void)state;
	go_to(VM_RUNNING);
	manage_pause(vm);
	for (uint32_t i = 0; i < 2 * FAKE_VCPUS; i++) {
		fake_step(1);
		vcpu_post(&fake_vcpus[1], VCPU_EVENT_PAUSE);
	}
	assert_int_equal(vm->state, VM_PAUSING);
	fake_settle();
	assert_int_equal(vm->state, VM_PAUSED);
	is_usable();
}

/* The event of one that began to load it and was late to say so. */
static void loaded_once(void **state)
{
	(void)state;
	go_to(VM_LOADING);
	for (uint32_t i = 0; i < FAKE_LOAD_STEPS; i++) {
		assert_int_equal(vm->state, VM_LOADING);
		fake_step(0);
		fake_step(0);
		vcpu_post(&fake_vcpus[0], VCPU_EVENT_JOB);
	}
	fake_settle();
	assert_int_equal(fake_sim.loads, 1);
	assert_int_equal(vm->state, VM_RUNNING);
}

static void load_ends(void)
{
	for (uint32_t i = 0; i < 2 * FAKE_LOAD_STEPS; i++) {
		fake_step(0);
	}
	assert_null(fake_vcpus[0].job);
}

/* The stop has been decided and not posted yet. */
static void loaded_too_late(void **state)
{
	(void)state;
	go_to(VM_LOADING);
	fake_step(0);
	assert_non_null(fake_vcpus[0].job);
	fake_sim.at_point = load_ends;
	fake_sim.points = 1;
	assert_int_equal(manage_stop(vm), 0);
	assert_null(fake_sim.at_point);
	assert_int_equal(vm->state, VM_STOPPING);
	fake_settle();
	assert_int_equal(vm->state, VM_OFF);
	assert_int_equal(fake_sim.starts, 0);
}

/* One that was to be turned on as its VM was paused is so afterwards. */
static void start_in_pause(void **state)
{
	(void)state;
	go_to(VM_RUNNING);
	manage_pause(vm);
	fake_step(3);
	turn_on(3);
	fake_settle();
	assert_int_equal(vm->state, VM_PAUSED);
	assert_int_equal(fake_vcpus[3].power, VCPU_ON_PENDING);
	manage_resume(vm);
	fake_settle();
	assert_int_equal(fake_vcpus[3].power, VCPU_ON);
	is_usable();
}

static void time_stops(void **state)
{
	(void)state;
	for (uint32_t runs = 0; runs < 2; runs++) {
		go_to(VM_RUNNING);
		fake_configs[0].time_runs = runs != 0;
		manage_pause(vm);
		fake_sim.now += 70; /* it still runs: not all have acknowledged */
		assert_int_equal(vm_awake_ticks(vm), 5070);
		fake_settle();
		fake_sim.now += 1000;
		assert_int_equal(vm_awake_ticks(vm), 5070);
		assert_int_equal(vm->cntvoff, 0);
		manage_resume(vm);
		assert_int_equal(vm->cntvoff, runs != 0 ? 0 : 1000);
		fake_settle();
		fake_sim.now += 10;
		assert_int_equal(vm_awake_ticks(vm), 5080);
		/* a pause that is called off has not been one */
		manage_pause(vm);
		fake_step(0);
		fake_sim.now += 500;
		manage_resume(vm);
		fake_settle();
		is_consistent();
		assert_int_equal(vm->cntvoff, runs != 0 ? 0 : 1000);
		/* and once more: they add up */
		manage_pause(vm);
		fake_settle();
		fake_sim.now += 7;
		manage_resume(vm);
		assert_int_equal(vm->cntvoff, runs != 0 ? 0 : 1007);
		/* the next life begins with the board's counter */
		manage_restart(vm);
		fake_settle();
		assert_int_equal(vm->cntvoff, 0);
	}
}

static void delay(void **state)
{
	(void)state;
	go_to(VM_RESTARTING);
	assert_string_equal(life_state_name(vm), "restarting");
	assert_true(fake_has_said("alpha: crashed, starts again in 100 ms\n"));
	assert_int_equal(fake_sim.all_offs, 0);
	fake_sim.now += DELAY - 1;
	fake_step(0);
	assert_int_equal(vm->state, VM_RESTARTING);
	assert_int_equal(vm->restart_count, 0);
	fake_sim.now += 1;
	fake_step(0);
	fake_settle();
	assert_int_equal(vm->state, VM_RUNNING);
	assert_int_equal(vm->restart_count, 1);
	/* called off, and its moment comes in another state */
	go_to(VM_RESTARTING);
	assert_int_equal(manage_stop(vm), 0);
	assert_true(fake_has_said("alpha: stopped by command before it was to start again\n"));
	assert_int_equal(fake_sim.all_offs, 1);
	fake_sim.now += DELAY;
	fake_step(0);
	fake_settle();
	assert_int_equal(vm->state, VM_OFF);
	is_usable();
}

/* A restart that was called off counts nowhere, and one that a command did not wait for does. */
static void delay_counts(void **state)
{
	static int (*const offs[])(struct vm *) = {manage_stop, manage_kill};
	static int (*const ons[])(struct vm *) = {manage_start, manage_restart};

	(void)state;
	for (uint32_t i = 0; i < ARRAY_COUNT(offs); i++) {
		go_to(VM_RUNNING);
		for (uint32_t n = 0; n < 2 * fake_configs[0].restart_limit; n++) {
			assert_int_equal(ends(VM_STOP_CRASH), 0);
			fake_settle();
			assert_int_equal(vm->state, VM_RESTARTING);
			assert_int_equal(offs[i](vm), 0);
			fake_settle();
			assert_int_equal(vm->state, VM_OFF);
			assert_int_equal(manage_start(vm), 0);
			fake_settle();
			assert_int_equal(vm->restart_count, 0);
		}
		for (uint32_t n = 0; n < fake_configs[0].restart_limit; n++) {
			assert_int_equal(ends(VM_STOP_CRASH), 0);
			fake_settle();
			assert_int_equal(ons[i](vm), 0);
			fake_settle();
			assert_int_equal(vm->state, VM_RUNNING);
			assert_int_equal(vm->restart_count, n + 1);
		}
		assert_int_equal(ends(VM_STOP_CRASH), 0);
		fake_settle();
		assert_int_equal(vm->state, VM_OFF);
		assert_int_equal(vm->restart_count, fake_configs[0].restart_limit);
	}
}

/* A timer's interrupt that is on its way already does not cut a later delay short. */
static void late_delay(void **state)
{
	(void)state;
	go_to(VM_RESTARTING);
	vm->restart.when = 0;
	fake_sim.now += DELAY - 1;
	fake_step(0);
	assert_int_equal(vm->state, VM_RESTARTING);
	vm->restart_when = vm->restart.when = fake_sim.now + 1;
	fake_sim.now += 1;
	fake_step(0);
	fake_settle();
	assert_int_equal(vm->state, VM_RUNNING);
}

static void limit(void **state)
{
	(void)state;
	go_to(VM_RUNNING);
	fake_configs[0].restart_delay_ms = 0;
	for (uint32_t i = 0; i < 5; i++) {
		assert_int_equal(ends(i == 0 ? VM_STOP_WATCHDOG : VM_STOP_CRASH), 0);
		fake_settle();
		assert_int_equal(vm->state, VM_RUNNING);
		/* these don't count */
		ends(VM_STOP_RESET);
		fake_settle();
		manage_restart(vm);
		fake_settle();
	}
	fake_sim.now += 60000;
	ends(VM_STOP_CRASH);
	fake_settle();
	assert_int_equal(vm->state, VM_OFF);
	assert_string_equal(life_state_name(vm), "stopped (crash)");
	assert_true(fake_has_said("alpha: crashed, and is not started again: 5 times within an "
				  "hour are its restart-limit"));
	assert_int_equal(vm->restart_count, 15);
}

/* What of one life comes so late that another has begun, or none, ends nothing. */
static void late_end(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 3; i++) {
		uint32_t life;

		go_to(VM_RUNNING);
		life = vm->life;
		if (i == 0) {
			assert_int_equal(manage_restart(vm), 0);
			fake_settle();
		} else {
			assert_int_equal(manage_stop(vm), 0);
			fake_settle();
			assert_int_equal(i == 1 ? manage_start(vm) : 0, 0);
		}
		assert_int_equal(vm->state, i == 0 ? VM_RUNNING : i == 1 ? VM_LOADING : VM_OFF);
		assert_int_equal(life_stop(vm, VM_STOP_WATCHDOG, life), -EBUSY);
		assert_int_equal(vm->state, i == 0 ? VM_RUNNING : i == 1 ? VM_LOADING : VM_OFF);
		is_usable();
	}
}

static void bad_image(void **state)
{
	(void)state;
	go_to(VM_RUNNING);
	fake_sim.load_is_bad = true;
	manage_restart(vm);
	fake_settle();
	assert_int_equal(vm->state, VM_OFF);
	assert_string_equal(life_state_name(vm), "stopped (image)");
	assert_int_equal(fake_sim.all_offs, 1);
	fake_sim.load_is_bad = false;
	assert_int_equal(manage_start(vm), 0);
	fake_settle();
	assert_int_equal(vm->state, VM_RUNNING);
}

/* -- at boot -- */

static void boot(void **state)
{
	void *none = NULL;

	(void)state;
	fake_life_set_up(&none);
	fake_configs[0].start_manual = true;
	fake_configs[1].start_after = BIT(0);
	life_boot();
	fake_settle();
	assert_int_equal(vm->state, VM_OFF);
	assert_int_equal(fake_vms[1].state, VM_OFF);
	/* nor does it in silence */
	assert_true(fake_has_said("beta waits until \"alpha\" is started by command\n"));
	/* no pause ends its waiting */
	assert_int_equal(manage_pause(&fake_vms[1]), -EBUSY);
	manage_start(vm);
	fake_step(0);
	assert_int_equal(fake_vms[1].state, VM_OFF);
	fake_settle();
	assert_int_equal(fake_vms[1].state, VM_RUNNING);
	/* once: what stops later stays so */
	manage_stop(&fake_vms[1]);
	manage_restart(vm);
	fake_settle();
	assert_int_equal(fake_vms[1].state, VM_OFF);
}

static void boot_called_off(void **state)
{
	void *none = NULL;

	(void)state;
	fake_life_set_up(&none);
	fake_configs[1].start_after = BIT(0);
	vm->unready = 1;
	life_boot();
	assert_int_equal(manage_stop(&fake_vms[1]), 0);
	assert_true(fake_has_said("beta: its start, which waited, is called off"));
	assert_int_equal(manage_stop(&fake_vms[1]), -EALREADY);
	vm_device_ready(vm, 0, true);
	fake_settle();
	assert_int_equal(vm->state, VM_RUNNING);
	assert_int_equal(fake_vms[1].state, VM_OFF);
}

static void runs_and_ends(void)
{
	for (uint32_t i = 0; vm->state != VM_RUNNING; i++) {
		assert_true(i < 100);
		fake_step(0);
	}
	assert_int_equal(ends(VM_STOP_POWEROFF), 0);
	for (uint32_t i = 0; vm->state != VM_OFF; i++) {
		assert_true(i < 100);
		for (uint32_t cpu = 0; cpu < FAKE_VCPUS; cpu++) {
			fake_step(cpu);
		}
	}
}

/* The one before it ends before anybody could look whether it runs. */
static void boot_after_a_short_one(void **state)
{
	void *none = NULL;

	(void)state;
	fake_life_set_up(&none);
	fake_configs[1].start_after = BIT(0);
	life_boot();
	runs_and_ends();
	/* the board is not left to nobody meanwhile */
	assert_int_equal(fake_sim.all_offs, 0);
	assert_int_equal(fake_vms[1].state, VM_OFF);
	fake_settle();
	assert_int_equal(fake_vms[1].state, VM_RUNNING);
	assert_int_equal(life_stop(&fake_vms[1], VM_STOP_POWEROFF, 0), 0);
	fake_settle();
	assert_int_equal(fake_sim.all_offs, 1);
}

/* A VM that waits for its disk is not off, until it is known that this does not come, or a stop
 * ends the waiting. */
static void waiting_is_not_off(void **state)
{
	void *none = NULL;

	(void)state;
	for (uint32_t i = 0; i < 3; i++) {
		fake_life_set_up(&none);
		fake_vms[1].unready = 1;
		fake_configs[1].start_after = BIT(0);
		life_boot();
		runs_and_ends();
		fake_settle();
		assert_int_equal(fake_vms[1].state, VM_OFF);
		assert_int_equal(fake_sim.all_offs, 0);
		if (i == 0) {
			assert_int_equal(manage_stop(&fake_vms[1]), 0);
			assert_int_equal(fake_sim.all_offs, 1);
			assert_int_equal(manage_stop(&fake_vms[1]), -EALREADY);
		} else {
			vm_device_ready(&fake_vms[1], 0, i == 1);
		}
		fake_settle();
		assert_int_equal(fake_vms[1].state, i == 1 ? VM_RUNNING : VM_OFF);
		assert_int_equal(fake_sim.all_offs, i == 1 ? 0 : 1);
		/* and that once */
		vcpu_post(fake_vms[1].vcpu[0], VCPU_EVENT_JOB);
		fake_settle();
		assert_int_equal(fake_sim.all_offs, i == 1 ? 0 : 1);
	}
}

/* One that waits for somebody's command is as off as one that needs a command itself. */
static void waiting_for_a_command_is_off(void **state)
{
	void *none = NULL;

	(void)state;
	fake_life_set_up(&none);
	fake_configs[0].start_manual = true;
	fake_configs[1].start_after = BIT(0);
	life_boot();
	fake_settle();
	assert_int_equal(manage_start(vm), 0);
	fake_step(0);
	assert_int_equal(vm->state, VM_LOADING);
	assert_int_equal(manage_stop(vm), 0);
	fake_settle();
	assert_int_equal(fake_vms[1].state, VM_OFF);
	assert_int_equal(fake_sim.all_offs, 1);
	assert_int_equal(manage_stop(&fake_vms[1]), 0);
	fake_settle();
	assert_int_equal(fake_sim.all_offs, 1);
}

/* The bundle is checked as the board starts: who is loaded then needs no check of its own, and who
 * is later does, be it for the first time. */
static void only_boot_is_unchecked(void **state)
{
	enum {
		AT_ONCE,
		FOLLOWS,
		BY_COMMAND,
		WITH_DISK,
		STOPPED_FIRST,
		CASES
	};
	void *none = NULL;

	(void)state;
	for (uint32_t i = 0; i < CASES; i++) {
		fake_life_set_up(&none);
		fake_configs[1].start_after = i == FOLLOWS ? BIT(0) : 0;
		fake_configs[1].start_manual = i == BY_COMMAND;
		fake_vms[1].unready = i == WITH_DISK;
		life_boot();
		if (i == STOPPED_FIRST) {
			assert_int_equal(manage_stop(&fake_vms[1]), 0);
		}
		fake_settle();
		if (i == BY_COMMAND || i == STOPPED_FIRST) {
			assert_int_equal(manage_start(&fake_vms[1]), 0);
		} else if (i == WITH_DISK) {
			vm_device_ready(&fake_vms[1], 0, true);
		}
		fake_settle();
		assert_int_equal(fake_vms[1].state, VM_RUNNING);
		assert_int_equal(fake_sim.unchecked[0], 1);
		assert_int_equal(fake_sim.unchecked[1], i == AT_ONCE);
		assert_int_equal(manage_restart(vm), 0);
		assert_int_equal(manage_restart(&fake_vms[1]), 0);
		fake_settle();
		assert_int_equal(fake_sim.loads, 4);
		assert_int_equal(fake_sim.unchecked[0], 1);
		assert_int_equal(fake_sim.unchecked[1], i == AT_ONCE);
	}
}

/* The one before it was refused: it doesn't wait in silence for what never comes. */
static void boot_without_first(void **state)
{
	void *none = NULL;

	(void)state;
	fake_life_set_up(&none);
	fake_configs[0].start_after = BIT(FAKE_REFUSED);
	fake_configs[1].start_after = BIT(0);
	life_boot();
	fake_settle();
	assert_int_equal(vm->state, VM_OFF);
	assert_int_equal(fake_vms[1].state, VM_OFF);
	assert_true(fake_has_said("alpha stays off: it starts after \"gamma\", which is refused; "
				  "`vm start alpha` starts it\n"));
	assert_true(fake_has_said("beta waits until \"alpha\" is started by command\n"));
	manage_start(vm);
	fake_settle();
	assert_int_equal(vm->state, VM_RUNNING);
	assert_int_equal(fake_vms[1].state, VM_RUNNING);
}

/* Of one that needs a command and one that never comes, the second is what it is told of. */
static void boot_without_either(void **state)
{
	void *none = NULL;

	(void)state;
	fake_life_set_up(&none);
	fake_configs[0].start_manual = true;
	fake_configs[1].start_after = BIT(0) | BIT(FAKE_REFUSED);
	life_boot();
	fake_settle();
	assert_true(fake_has_said("beta stays off: it starts after \"gamma\", which is refused"));
	assert_false(fake_has_said("beta waits"));
	assert_false(fake_vms[1].start_waits);
}

/* -- what of it can be looked at -- */

static void looked_at(void **state)
{
	const struct regs_answer *answer;

	(void)state;
	go_to(VM_PAUSED);
	fake_vcpus[1].regs.x[7] = 0x777;
	fake_vcpus[1].pc = 0x40080010;
	assert_true(regs_ask(REGS_SHELL, &fake_vcpus[1]));
	assert_null(regs_get(REGS_SHELL));
	assert_false(regs_ask(REGS_SHELL, &fake_vcpus[2]));
	assert_true(policy_is_ready(&fake_vcpus[1]));
	fake_settle();
	answer = regs_get(REGS_SHELL);
	assert_non_null(answer);
	assert_int_equal(answer->regs.x[7], 0x777);
	assert_int_equal(answer->pc, 0x40080010);
	assert_int_equal(answer->hold & VCPU_HOLD_PAUSED, VCPU_HOLD_PAUSED);
	assert_int_equal(vm->state, VM_PAUSED);
	is_usable();
}

/* Thousands of operations while guests reset, crash, turn CPUs on and off. */
static void guest_acts(uint32_t cpu)
{
	static const enum vm_stop_reason reasons[] = {
		VM_STOP_RESET,
		VM_STOP_CRASH,
		VM_STOP_POWEROFF,
		VM_STOP_WATCHDOG,
	};

	if (random_below(&fake_sim.random, 16) == 0) {
		guest_ends(cpu, reasons[random_below(&fake_sim.random, 4)]);
	} else if (random_below(&fake_sim.random, 4) == 0) {
		fake_cpu_off(cpu);
	} else {
		fake_vcpus[cpu].regs.x[1] = random_below(&fake_sim.random, FAKE_VCPUS);
		fake_vcpus[cpu].regs.x[2] = FAKE_RAM;
		vpsci_call(&fake_vcpus[cpu], PSCI_CPU_ON64, EXIT_RESUME);
	}
}

static void at_random(void **state)
{
	static int (*const verbs[])(struct vm *) = {manage_start,   manage_stop,  manage_kill,
						    manage_restart, manage_pause, manage_resume};

	(void)state;
	go_to(VM_OFF);
	fake_configs[0].restart_limit = 0;
	fake_sim.random.state = 7;
	fake_sim.guest_acts = guest_acts;
	for (uint32_t i = 0; i < 60000; i++) {
		fake_sim.interleave = true;
		fake_go_on(random_below(&fake_sim.random, FAKE_VCPUS));
		if (random_below(&fake_sim.random, 50) == 0) {
			manage_set_cpu(NULL, vm, random_below(&fake_sim.random, FAKE_VCPUS),
				       random_below(&fake_sim.random, FAKE_VCPUS));
		}
		if (random_below(&fake_sim.random, 10) == 0) {
			verbs[random_below(&fake_sim.random, ARRAY_COUNT(verbs))](vm);
		}
		fake_sim.now += random_below(&fake_sim.random, 8);
		fake_sim.interleave = false;
		if (random_below(&fake_sim.random, 200) == 0) {
			is_usable();
		}
		fake_said[0] = '\0';
	}
}

/* What was posted before is done where the vCPU arrives, once. */
static void moves(void **state)
{
	struct vcpu *vcpu = &fake_vcpus[1];

	(void)state;
	go_to(VM_RUNNING);
	manage_pause(vm);
	assert_int_equal(manage_set_cpu(NULL, vm, 1, 3), 0);
	fake_step(1);
	assert_int_equal(vcpu->cpu, 3);
	assert_int_equal(vcpu->hold & VCPU_HOLD_PAUSED, 0);
	assert_int_equal(fake_sim.sends, 1);
	fake_settle();
	assert_int_equal(vm->state, VM_PAUSED);
	assert_int_equal(fake_sim.follows, 1);
	/* also one that is paused; and it stays so */
	assert_int_equal(manage_set_cpu(NULL, vm, 1, 2), 0);
	fake_settle();
	assert_int_equal(vcpu->cpu, 2);
	assert_int_equal(fake_sim.sends, 2);
	assert_int_equal(vm->state, VM_PAUSED);
	assert_int_not_equal(vcpu->hold & VCPU_HOLD_PAUSED, 0);
	/* there already: it stays */
	assert_int_equal(manage_set_cpu(NULL, vm, 1, 2), 0);
	fake_settle();
	assert_int_equal(fake_sim.sends, 2);
	assert_int_equal(manage_set_cpu(NULL, vm, FAKE_VCPUS, 0), -ENOENT);
	assert_int_equal(manage_set_priority(NULL, vm, FAKE_VCPUS, 0), -ENOENT);
	assert_int_equal(manage_set_priority(NULL, vm, 0, 256), -ERANGE);
	assert_int_equal(manage_set_priority(NULL, vm, 0, 255), 0);
}

static void manages(void **state)
{
	(void)state;
	go_to(VM_OFF);
	fake_configs[0].manages = BIT(1);
	assert_true(manage_may(vm, &fake_vms[1]));
	assert_false(manage_may(vm, vm));
	assert_false(manage_may(&fake_vms[1], vm));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE("a kill is the last word", kill_is_last),
		CASE("a pause waits for every vCPU and keeps what comes", pause_holds),
		CASE("what ends a pause is announced, whatever else waits", paused_is_told),
		CASE("a pause is acknowledged once by each vCPU", acknowledged_once),
		CASE("loading is not begun anew by a late event", loaded_once),
		CASE("a VM that is being stopped does not run once it is loaded", loaded_too_late),
		CASE("a vCPU turned on during a pause starts after it", start_in_pause),
		CASE("the counter stops in a pause, or does not, by config", time_stops),
		CASE("a restart by rule waits for its delay", delay),
		CASE("a restart counts once it begins", delay_counts),
		CASE("an interrupt of an earlier delay comes too early", late_delay),
		CASE("restarts by rule have a limit, others don't count", limit),
		CASE("a watchdog that comes late ends no other life", late_end),
		CASE("a VM whose image has changed stays off", bad_image),
		CASE("a VM starts once the one before it runs", boot),
		CASE("a stop calls a start that waits off", boot_called_off),
		CASE("also where that one is off again at once", boot_after_a_short_one),
		CASE("a VM that will start by itself is not off", waiting_is_not_off),
		CASE("one that waits for a command is off", waiting_for_a_command_is_off),
		CASE("only what starts with the board is loaded unchecked", only_boot_is_unchecked),
		CASE("one that waits for a VM that was refused says so", boot_without_first),
		CASE("a VM that is refused is told of before one that needs a command",
		     boot_without_either),
		CASE("registers of a paused VM can be looked at", looked_at),
		CASE("thousands of operations while guests do what they like", at_random),
		CASE("a vCPU that moves takes what was posted along", moves),
		CASE("a VM manages whom its config names", manages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
