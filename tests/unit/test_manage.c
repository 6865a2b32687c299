/* SPDX-License-Identifier: Apache-2.0 */
/* What each operation is answered in each state, alone and when two CPUs ask at once. */
#include <string.h>

#include "core/arm64/smccc.h"
#include "core/base/errno.h"
#include "core/exit/regs.h"
#include "core/exit/vpsci.h"
#include "core/sched/policy.h"
#include "core/vm/manage.h"
#include "tests/unit/fake_life.h"
#include "tests/unit/unit.h"

#define DELAY	  100
#define SCHEDULES 10 /* ways in which the CPUs go on between two operations */
#define POINTS	  24 /* places in one operation where another may come between */
#define OUTCOMES  64
#define OPS	  6

static struct vm *const vm = &fake_vms[0];

static const struct {
	const char *name;
	int (*run)(struct vm *vm);
} ops[OPS] = {
	{"start", manage_start},     {"stop", manage_stop},   {"kill", manage_kill},
	{"restart", manage_restart}, {"pause", manage_pause}, {"resume", manage_resume},
};

/* The table of core/vm/manage.h: the answer, and the state it goes to at once. */
#define N  0
#define AL (-EALREADY)
#define BU (-EBUSY)
static const struct {
	int answer;
	enum vm_state after;
} table[OPS][VM_STATE_COUNT] = {
	/* off, loading, running, stopping, pausing, paused, restarting */
	{{N, VM_LOADING},
	 {AL, VM_LOADING},
	 {AL, VM_RUNNING},
	 {BU, VM_STOPPING},
	 {AL, VM_PAUSING},
	 {AL, VM_PAUSED},
	 {N, VM_LOADING}},
	{{AL, VM_OFF},
	 {N, VM_STOPPING},
	 {N, VM_STOPPING},
	 {BU, VM_STOPPING},
	 {N, VM_STOPPING},
	 {N, VM_STOPPING},
	 {N, VM_OFF}},
	{{AL, VM_OFF},
	 {N, VM_STOPPING},
	 {N, VM_STOPPING},
	 {N, VM_STOPPING},
	 {N, VM_STOPPING},
	 {N, VM_STOPPING},
	 {N, VM_OFF}},
	{{N, VM_LOADING},
	 {N, VM_STOPPING},
	 {N, VM_STOPPING},
	 {BU, VM_STOPPING},
	 {N, VM_STOPPING},
	 {N, VM_STOPPING},
	 {N, VM_LOADING}},
	{{BU, VM_OFF},
	 {BU, VM_LOADING},
	 {N, VM_PAUSING},
	 {BU, VM_STOPPING},
	 {AL, VM_PAUSING},
	 {AL, VM_PAUSED},
	 {BU, VM_RESTARTING}},
	{{BU, VM_OFF},
	 {BU, VM_LOADING},
	 {AL, VM_RUNNING},
	 {BU, VM_STOPPING},
	 {N, VM_RUNNING},
	 {N, VM_RUNNING},
	 {BU, VM_RESTARTING}},
};

static void turn_on(uint32_t target)
{
	fake_vcpus[0].regs.x[1] = target;
	fake_vcpus[0].regs.x[2] = FAKE_RAM;
	vpsci_call(&fake_vcpus[0], PSCI_CPU_ON64, EXIT_RESUME);
}

/* From nothing into a state; vCPU 3 stays off. */
static void go_to(enum vm_state state)
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
	turn_on(1);
	turn_on(2);
	fake_settle();
	if (state == VM_STOPPING) {
		life_stop(vm, VM_STOP_RESET);
	} else if (state == VM_PAUSING || state == VM_PAUSED) {
		manage_pause(vm);
	} else if (state == VM_RESTARTING) {
		life_stop(vm, VM_STOP_CRASH);
	}
	if (state == VM_PAUSED || state == VM_RESTARTING) {
		fake_settle();
	}
	assert_int_equal(vm->state, state);
}

/* What must hold once nothing is left to do. */
static void is_consistent(void)
{
	for (uint32_t i = 0; i < FAKE_VCPUS; i++) {
		const struct vcpu *vcpu = &fake_vcpus[i];
		bool paused = (vcpu->hold & VCPU_HOLD_PAUSED) != 0;

		assert_int_equal(paused, vm->state == VM_PAUSED);
		assert_int_equal((fake_sim.timers_held >> i) & 1, paused && vcpu->power == VCPU_ON);
		assert_false(paused && vcpu->loaded);
		assert_null(vcpu->job);
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
static void is_usable(void)
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

/* -- one at a time -- */

static void answers(void **state)
{
	(void)state;
	for (uint32_t op = 0; op < OPS; op++) {
		for (uint32_t from = 0; from < VM_STATE_COUNT; from++) {
			go_to((enum vm_state)from);
			assert_int_equal(ops[op].run(vm), table[op][from].answer);
			assert_int_equal(vm->state, table[op][from].after);
			is_usable();
		}
	}
}

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
		assert_int_equal(life_stop(vm, reasons[i]), 0);
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
		assert_int_equal(life_stop(vm, i == 0 ? VM_STOP_WATCHDOG : VM_STOP_CRASH), 0);
		fake_settle();
		assert_int_equal(vm->state, VM_RUNNING);
		/* these don't count */
		life_stop(vm, VM_STOP_RESET);
		fake_settle();
		manage_restart(vm);
		fake_settle();
	}
	fake_sim.now += 60000;
	life_stop(vm, VM_STOP_CRASH);
	fake_settle();
	assert_int_equal(vm->state, VM_OFF);
	assert_string_equal(life_state_name(vm), "stopped (crash)");
	assert_true(fake_has_said("alpha: crashed, and is not started again: 5 times within an "
				  "hour are its restart-limit\n"));
	assert_int_equal(vm->restart_count, 15);
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
	life_boot(vm);
	life_boot(&fake_vms[1]);
	fake_settle();
	assert_int_equal(vm->state, VM_OFF);
	assert_int_equal(fake_vms[1].state, VM_OFF);
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
	life_boot(&fake_vms[1]);
	assert_int_equal(manage_stop(&fake_vms[1]), -EALREADY);
	life_boot(vm);
	fake_settle();
	assert_int_equal(vm->state, VM_RUNNING);
	assert_int_equal(fake_vms[1].state, VM_OFF);
}

/* The one before it was refused: it doesn't wait in silence for what never comes. */
static void boot_without_first(void **state)
{
	void *none = NULL;

	(void)state;
	fake_life_set_up(&none);
	fake_configs[0].start_after = BIT(FAKE_REFUSED);
	fake_configs[1].start_after = BIT(0);
	life_boot(vm);
	life_boot(&fake_vms[1]);
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

/* -- two CPUs at once -- */

struct outcome {
	int first, second;
	enum vm_state end;
	enum vm_stop_reason reason;
};

static struct outcome possible[OUTCOMES];
static uint32_t possible_count;

static struct outcome settled(int first, int second)
{
	struct outcome out = {first, second, VM_OFF, VM_STOP_NONE};

	fake_settle();
	is_consistent();
	assert_true(vm->state != VM_RUNNING || fake_vcpus[0].power == VCPU_ON);
	out.end = vm->state;
	if (vm->state == VM_OFF) {
		out.reason = vm->stop_reason;
	}
	return out;
}

static bool is_possible(const struct outcome *out)
{
	for (uint32_t i = 0; i < possible_count; i++) {
		if (memcmp(&possible[i], out, sizeof(*out)) == 0) {
			return true;
		}
	}
	return false;
}

static void go_on_for(uint32_t schedule)
{
	if (schedule == SCHEDULES - 1) {
		fake_settle();
		return;
	}
	fake_sim.random.state = schedule + 1;
	for (uint32_t i = 0; i < schedule * 3; i++) {
		uint32_t cpu = random_below(&fake_sim.random, FAKE_VCPUS);

		if (!fake_sim.busy[cpu]) {
			fake_step(cpu);
		}
	}
}

/* What may come of the two one after the other, in one order, the CPUs going on before them and
 * between them. */
static void learn_order(uint32_t from, uint32_t a, uint32_t b, bool swapped)
{
	for (uint32_t i = 0; i < SCHEDULES * SCHEDULES; i++) {
		struct outcome out;
		int first, second;

		go_to((enum vm_state)from);
		go_on_for(i / SCHEDULES);
		first = ops[a].run(vm);
		go_on_for(i % SCHEDULES);
		second = ops[b].run(vm);
		out = swapped ? settled(second, first) : settled(first, second);
		if (!is_possible(&out)) {
			assert_true(possible_count < OUTCOMES);
			possible[possible_count++] = out;
		}
	}
}

static uint32_t other_op;
static int other_answer;

static void other(void)
{
	other_answer = ops[other_op].run(vm);
	go_on_for(fake_sim.random.state % 3);
}

static void idle_guest(uint32_t cpu)
{
	(void)cpu;
}

/* `b` comes on another CPU after so many steps of `a`. False: `a` has no more steps. */
static bool collide(uint32_t from, uint32_t a, uint32_t b, uint32_t points)
{
	struct outcome out;
	int answer;

	go_to((enum vm_state)from);
	fake_sim.random.state = points + 1;
	fake_sim.guest_acts = idle_guest;
	fake_sim.at_point = other;
	fake_sim.points = points;
	fake_sim.interleave = points % 2 != 0;
	other_op = b;
	answer = ops[a].run(vm);
	for (uint32_t i = 0; i < POINTS && fake_sim.at_point != NULL; i++) {
		fake_step(i % FAKE_VCPUS);
	}
	fake_sim.interleave = false;
	if (fake_sim.at_point != NULL) {
		return false;
	}
	out = settled(answer, other_answer);
	if (!is_possible(&out)) {
		fail_msg("%s and %s in state %u, at point %u: %d and %d, state %u, reason %u",
			 ops[a].name, ops[b].name, from, points, answer, other_answer, out.end,
			 out.reason);
	}
	is_usable();
	return true;
}

static void at_once(void **state)
{
	(void)state;
	for (uint32_t from = 0; from < VM_STATE_COUNT; from++) {
		for (uint32_t pair = 0; pair < OPS * OPS; pair++) {
			possible_count = 0;
			learn_order(from, pair / OPS, pair % OPS, false);
			learn_order(from, pair % OPS, pair / OPS, true);
			for (uint32_t i = 0; i < POINTS; i++) {
				if (!collide(from, pair / OPS, pair % OPS, i)) {
					assert_int_not_equal(i, 0);
					break;
				}
			}
		}
	}
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
		life_stop(vm, reasons[random_below(&fake_sim.random, 4)]);
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
	(void)state;
	go_to(VM_OFF);
	fake_configs[0].restart_limit = 0;
	fake_sim.random.state = 7;
	fake_sim.guest_acts = guest_acts;
	for (uint32_t i = 0; i < 60000; i++) {
		fake_sim.interleave = true;
		fake_go_on(random_below(&fake_sim.random, FAKE_VCPUS));
		if (random_below(&fake_sim.random, 50) == 0) {
			manage_set_cpu(vm, random_below(&fake_sim.random, FAKE_VCPUS),
				       random_below(&fake_sim.random, FAKE_VCPUS));
		}
		if (random_below(&fake_sim.random, 10) == 0) {
			ops[random_below(&fake_sim.random, OPS)].run(vm);
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
	assert_int_equal(manage_set_cpu(vm, 1, 3), 0);
	fake_step(1);
	assert_int_equal(vcpu->cpu, 3);
	assert_int_equal(vcpu->hold & VCPU_HOLD_PAUSED, 0);
	assert_int_equal(fake_sim.sends, 1);
	fake_settle();
	assert_int_equal(vm->state, VM_PAUSED);
	assert_int_equal(fake_sim.follows, 1);
	/* also one that is paused; and it stays so */
	assert_int_equal(manage_set_cpu(vm, 1, 2), 0);
	fake_settle();
	assert_int_equal(vcpu->cpu, 2);
	assert_int_equal(fake_sim.sends, 2);
	assert_int_equal(vm->state, VM_PAUSED);
	assert_int_not_equal(vcpu->hold & VCPU_HOLD_PAUSED, 0);
	/* there already: it stays */
	assert_int_equal(manage_set_cpu(vm, 1, 2), 0);
	fake_settle();
	assert_int_equal(fake_sim.sends, 2);
	assert_int_equal(manage_set_cpu(vm, FAKE_VCPUS, 0), -ENOENT);
	assert_int_equal(manage_set_priority(vm, FAKE_VCPUS, 0), -ENOENT);
	assert_int_equal(manage_set_priority(vm, 0, 256), -ERANGE);
	assert_int_equal(manage_set_priority(vm, 0, 255), 0);
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
		CASE("each operation has its answer in each state", answers),
		CASE("a kill is the last word", kill_is_last),
		CASE("a pause waits for every vCPU and keeps what comes", pause_holds),
		CASE("what ends a pause is announced, whatever else waits", paused_is_told),
		CASE("a pause is acknowledged once by each vCPU", acknowledged_once),
		CASE("loading is not begun anew by a late event", loaded_once),
		CASE("a VM that is being stopped does not run once it is loaded", loaded_too_late),
		CASE("a vCPU turned on during a pause starts after it", start_in_pause),
		CASE("the counter stops in a pause, or does not, by config", time_stops),
		CASE("a restart by rule waits for its delay", delay),
		CASE("an interrupt of an earlier delay comes too early", late_delay),
		CASE("restarts by rule have a limit, others don't count", limit),
		CASE("a VM whose image has changed stays off", bad_image),
		CASE("a VM starts once the one before it runs", boot),
		CASE("a stop calls a start that waits off", boot_called_off),
		CASE("one that waits for a VM that was refused says so", boot_without_first),
		CASE("registers of a paused VM can be looked at", looked_at),
		CASE("two at once are answered as one after the other", at_once),
		CASE("thousands of operations while guests do what they like", at_random),
		CASE("a vCPU that moves takes what was posted along", moves),
		CASE("a VM manages whom its config names", manages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
