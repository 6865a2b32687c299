/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What each operation does in each state, alone and when two CPUs are at it at once: the tables of
 * docs/life.md. Commands come from anywhere, a guest's calls and crashes from a vCPU that runs, a
 * watchdog's end from a timer.
 */
#include <string.h>

#include "core/base/errno.h"
#include "core/exit/run.h"
#include "tests/unit/manage_suite.h"

#define SCHEDULES 7   /* ways in which the CPUs go on between two operations */
#define POINTS	  24  /* places in one operation where another may come between */
#define STEPS	  160 /* of the CPUs behind the first: a crash is told of in some */
#define OUTCOMES  256

/* Two more states: VM_OFF, and it waits for its start (docs/life.md: "off (waits)"). */
#define WAITS VM_STATE_COUNT	   /* for another VM to come to run */
#define LACKS (VM_STATE_COUNT + 1) /* for a disk of its */
#define FROMS (VM_STATE_COUNT + 2)

#define PLACE	 2 /* where vCPU 1 goes */
#define PRIORITY 77

/* -- states -- */

static void go_from(uint32_t from)
{
	go_to(from < VM_STATE_COUNT ? (enum vm_state)from : VM_OFF);
	if (from < VM_STATE_COUNT) {
		return;
	}
	fake_configs[0].start_after = from == WAITS ? BIT(1) : 0;
	fake_configs[1].start_manual = true;
	vm->unready = from == LACKS;
	life_boot();
	fake_settle();
	assert_string_equal(life_state_name(vm), "off (waits)");
}

static uint32_t state_now(void)
{
	if (vm->state != VM_OFF || !vm->start_waits) {
		return vm->state;
	}
	return vm->unready != 0 ? LACKS : WAITS;
}

/* -- the operations: `by` is the vCPU whose guest does it, where one does -- */

/* It can't be, where no guest runs or no watchdog counts. */
#define NONE 1

static int by_guest(uint32_t by, void (*act)(uint32_t by))
{
	struct vcpu *before = fake_sim.cpu, *vcpu = &fake_vcpus[by];

	/* an event may be on its way to it, as it is to any that runs */
	if (vcpu->power != VCPU_ON || vcpu->hold != 0 || vcpu->job != NULL || !vcpu->loaded) {
		return NONE;
	}
	fake_sim.cpu = vcpu;
	fake_sim.busy[by] = true;
	act(by);
	fake_sim.busy[by] = false;
	fake_sim.cpu = before;
	return 0;
}

static enum exit_action call(uint32_t by, uint32_t id, uint64_t x1, uint64_t x2)
{
	fake_vcpus[by].regs.x[1] = x1;
	fake_vcpus[by].regs.x[2] = x2;
	return vpsci_call(&fake_vcpus[by], id, EXIT_RESUME);
}

static void powers_off(uint32_t by)
{
	assert_int_equal(call(by, PSCI_SYSTEM_OFF, 0, 0), EXIT_VM_OFF);
	guest_ends(by, VM_STOP_POWEROFF);
}

static void resets(uint32_t by)
{
	assert_int_equal(call(by, PSCI_SYSTEM_RESET, 0, 0), EXIT_VM_RESET);
	/* a warm one is the same */
	assert_int_equal(call(by, PSCI_SYSTEM_RESET2_64, 0, 0), EXIT_VM_RESET);
	guest_ends(by, VM_STOP_RESET);
}

static void suspends(uint32_t by)
{
	if (call(by, PSCI_SYSTEM_SUSPEND64, FAKE_RAM, 5) == EXIT_VM_SUSPEND) {
		run_vcpu_suspend(&fake_vcpus[by]);
	}
}

/* It has told of too many ends already, and ends at once. */
static bool untold;

static void crashes(uint32_t by)
{
	struct vm_tail tail;

	while (untold && vm_may_log(vm, &vm->lives, &tail)) {
	}
	fake_sim.gone[by] = vm->life + 1;
	life_crash(&fake_vcpus[by], "a reason");
}

static int off(uint32_t by)
{
	return by_guest(by, powers_off);
}

static int reset(uint32_t by)
{
	return by_guest(by, resets);
}

static int suspend(uint32_t by)
{
	return by_guest(by, suspends);
}

static int crash(uint32_t by)
{
	return by_guest(by, crashes);
}

/* As drivers/emul/vsp805.c does: it counts until it is reset at the end of a life, and looks which
 * one that is before it looks whether it has run out. */
static int watchdog(enum vm_stop_reason reason)
{
	static struct spinlock lock = SPINLOCK_INIT(RANK_DEVICE);
	uint32_t life = vm->life;
	bool counts = vm_is_up(vm) || vm->state == VM_STOPPING;

	spin_lock(&lock);
	spin_unlock(&lock);
	return counts ? life_stop(vm, reason, life) : NONE;
}

static int watchdog_restarts(uint32_t by)
{
	(void)by;
	return watchdog(VM_STOP_WATCHDOG);
}

static int watchdog_stops(uint32_t by)
{
	(void)by;
	return watchdog(VM_STOP_EXPIRED);
}

static int start(uint32_t by)
{
	(void)by;
	return manage_start(vm);
}

static int stop(uint32_t by)
{
	(void)by;
	return manage_stop(vm);
}

static int kill_it(uint32_t by)
{
	(void)by;
	return manage_kill(vm);
}

static int restart(uint32_t by)
{
	(void)by;
	return manage_restart(vm);
}

static int pause_it(uint32_t by)
{
	(void)by;
	return manage_pause(vm);
}

static int resume(uint32_t by)
{
	(void)by;
	return manage_resume(vm);
}

static int place(uint32_t by)
{
	(void)by;
	return manage_set_cpu(NULL, vm, 1, PLACE);
}

static int priority(uint32_t by)
{
	(void)by;
	return manage_set_priority(NULL, vm, 1, PRIORITY);
}

/* What the VM may wait for: its disk, and the start of the one before it, as far as that goes by
 * itself. */
static int comes(uint32_t by)
{
	(void)by;
	vm_device_ready(vm, 0, true);
	manage_start(&fake_vms[1]);
	for (uint32_t i = 0; i < STEPS && !fake_vms[1].has_run && !fake_sim.busy[FAKE_VCPUS]; i++) {
		fake_step(FAKE_VCPUS);
	}
	return 0;
}

enum op_index {
	START,
	STOP,
	KILL,
	RESTART,
	PAUSE,
	RESUME,
	OFF,
	RESET,
	SUSPEND,
	CRASH,
	WATCHDOG_RESTARTS,
	WATCHDOG_STOPS,
	AFFINITY,
	PRIORITIES,
	COMES,
	OPS,
};

static const struct {
	const char *name;
	int (*run)(uint32_t by);
	bool guest; /* one does it */
} ops[OPS] = {
	[START] = {"start", start, false},
	[STOP] = {"stop", stop, false},
	[KILL] = {"kill", kill_it, false},
	[RESTART] = {"restart", restart, false},
	[PAUSE] = {"pause", pause_it, false},
	[RESUME] = {"resume", resume, false},
	[OFF] = {"SYSTEM_OFF", off, true},
	[RESET] = {"SYSTEM_RESET", reset, true},
	[SUSPEND] = {"SYSTEM_SUSPEND", suspend, true},
	[CRASH] = {"crash", crash, true},
	[WATCHDOG_RESTARTS] = {"watchdog: restart", watchdog_restarts, false},
	[WATCHDOG_STOPS] = {"watchdog: stop", watchdog_stops, false},
	[AFFINITY] = {"affinity", place, false},
	[PRIORITIES] = {"priority", priority, false},
	[COMES] = {"what it waits for comes", comes, false},
};

/* The answer, and the state it goes to at once: OFF, LOADING … */
#define N	 0
#define AL	 (-EALREADY)
#define BU	 (-EBUSY)
#define OFF_	 VM_OFF
#define LOADING	 VM_LOADING
#define RUNNING	 VM_RUNNING
#define STOPPING VM_STOPPING
#define PAUSING	 VM_PAUSING
#define PAUSED	 VM_PAUSED
#define AGAIN	 VM_RESTARTING
/* What is so in any state. */
#define STAYS(answer)                                                                              \
	{                                                                                          \
		{(answer), OFF_}, {(answer), LOADING}, {(answer), RUNNING}, {(answer), STOPPING},  \
			{(answer), PAUSING}, {(answer), PAUSED}, {(answer), AGAIN},                \
			{(answer), WAITS}, {(answer), LACKS},                                      \
	}
static const struct {
	int answer;
	uint32_t after;
} table[OPS][FROMS] = {
	/* off, loading, running, stopping, pausing, paused, restarting; off and waits: for another
	 * VM, for a disk */
	[START] = {{N, LOADING},
		   {AL, LOADING},
		   {AL, RUNNING},
		   {BU, STOPPING},
		   {AL, PAUSING},
		   {AL, PAUSED},
		   {N, LOADING},
		   {N, LOADING},
		   {N, LACKS}},
	[STOP] = {{AL, OFF_},
		  {N, STOPPING},
		  {N, STOPPING},
		  {BU, STOPPING},
		  {N, STOPPING},
		  {N, STOPPING},
		  {N, OFF_},
		  {N, OFF_},
		  {N, OFF_}},
	[KILL] = {{AL, OFF_},
		  {N, STOPPING},
		  {N, STOPPING},
		  {N, STOPPING},
		  {N, STOPPING},
		  {N, STOPPING},
		  {N, OFF_},
		  {N, OFF_},
		  {N, OFF_}},
	[RESTART] = {{N, LOADING},
		     {N, STOPPING},
		     {N, STOPPING},
		     {BU, STOPPING},
		     {N, STOPPING},
		     {N, STOPPING},
		     {N, LOADING},
		     {N, LOADING},
		     {N, LACKS}},
	[PAUSE] = {{BU, OFF_},
		   {BU, LOADING},
		   {N, PAUSING},
		   {BU, STOPPING},
		   {AL, PAUSING},
		   {AL, PAUSED},
		   {BU, AGAIN},
		   {BU, WAITS},
		   {BU, LACKS}},
	[RESUME] = {{BU, OFF_},
		    {BU, LOADING},
		    {AL, RUNNING},
		    {BU, STOPPING},
		    {N, RUNNING},
		    {N, RUNNING},
		    {BU, AGAIN},
		    {BU, WAITS},
		    {BU, LACKS}},
	[OFF] = {{NONE, OFF_},
		 {NONE, LOADING},
		 {N, STOPPING},
		 {N, STOPPING},
		 {N, STOPPING},
		 {NONE, PAUSED},
		 {NONE, AGAIN},
		 {NONE, WAITS},
		 {NONE, LACKS}},
	[RESET] = {{NONE, OFF_},
		   {NONE, LOADING},
		   {N, STOPPING},
		   {N, STOPPING},
		   {N, STOPPING},
		   {NONE, PAUSED},
		   {NONE, AGAIN},
		   {NONE, WAITS},
		   {NONE, LACKS}},
	[SUSPEND] = {{NONE, OFF_},
		     {NONE, LOADING},
		     {N, RUNNING},
		     {N, STOPPING},
		     {N, PAUSING},
		     {NONE, PAUSED},
		     {NONE, AGAIN},
		     {NONE, WAITS},
		     {NONE, LACKS}},
	[CRASH] = {{NONE, OFF_},
		   {NONE, LOADING},
		   {N, RUNNING},
		   {N, STOPPING},
		   {N, PAUSING},
		   {NONE, PAUSED},
		   {NONE, AGAIN},
		   {NONE, WAITS},
		   {NONE, LACKS}},
	[WATCHDOG_RESTARTS] = {{NONE, OFF_},
			       {NONE, LOADING},
			       {N, STOPPING},
			       {BU, STOPPING},
			       {N, STOPPING},
			       {N, STOPPING},
			       {NONE, AGAIN},
			       {NONE, WAITS},
			       {NONE, LACKS}},
	[WATCHDOG_STOPS] = {{NONE, OFF_},
			    {NONE, LOADING},
			    {N, STOPPING},
			    {BU, STOPPING},
			    {N, STOPPING},
			    {N, STOPPING},
			    {NONE, AGAIN},
			    {NONE, WAITS},
			    {NONE, LACKS}},
	[AFFINITY] = STAYS(N),
	[PRIORITIES] = STAYS(N),
	/* of one that waits: its start is posted */
	[COMES] = {{N, OFF_},
		   {N, LOADING},
		   {N, RUNNING},
		   {N, STOPPING},
		   {N, PAUSING},
		   {N, PAUSED},
		   {N, AGAIN},
		   {N, WAITS},
		   {N, WAITS}},
};

/* What it comes to, where it is not too late: of a config with `restart` on a crash, after a delay.
 */
static const struct {
	enum vm_state state;
	const char *name;
} ends_in[OPS] = {
	[STOP] = {VM_OFF, "stopped (command)"},
	[KILL] = {VM_OFF, "stopped (killed)"},
	[RESTART] = {VM_RUNNING, "running"},
	[OFF] = {VM_OFF, "stopped (poweroff)"},
	[RESET] = {VM_RUNNING, "running"},
	[SUSPEND] = {VM_RUNNING, "running"},
	[CRASH] = {VM_RESTARTING, "restarting"},
	[WATCHDOG_RESTARTS] = {VM_RESTARTING, "restarting"},
	[WATCHDOG_STOPS] = {VM_OFF, "stopped (watchdog)"},
};

/* -- one at a time -- */

static void answers(void **state)
{
	(void)state;
	for (uint32_t op = 0; op < OPS; op++) {
		alone = op == SUSPEND;
		for (uint32_t from = 0; from < FROMS; from++) {
			go_from(from);
			assert_int_equal(ops[op].run(0), table[op][from].answer);
			assert_int_equal(state_now(), table[op][from].after);
			comes(0);
			is_usable();
		}
	}
}

/* Also of one that was being paused: it is so first, or the end is faster. */
static void comes_to(void **state)
{
	static const enum vm_state froms[] = {VM_RUNNING, VM_PAUSING, VM_PAUSED};

	(void)state;
	for (uint32_t op = 0; op < OPS; op++) {
		alone = op == SUSPEND;
		for (uint32_t i = 0; i < ARRAY_COUNT(froms) && ends_in[op].name != NULL; i++) {
			if (table[op][froms[i]].answer != 0) {
				continue;
			}
			go_to(froms[i]);
			assert_int_equal(ops[op].run(0), 0);
			fake_settle();
			is_consistent();
			if (vm->state == VM_PAUSED) {
				assert_int_equal(froms[i], VM_PAUSING);
				assert_true(op == CRASH || op == SUSPEND);
				assert_int_equal(manage_resume(vm), 0);
				fake_settle();
			}
			assert_int_equal(vm->state, ends_in[op].state);
			assert_string_equal(life_state_name(vm), ends_in[op].name);
			is_usable();
		}
	}
}

/* What it waited for comes later: it starts then, unless that has been called off. */
static void waits_on(void **state)
{
	(void)state;
	alone = false;
	for (uint32_t op = 0; op < OPS; op++) {
		for (uint32_t from = WAITS; from < FROMS; from++) {
			bool off = op == STOP || op == KILL;

			go_from(from);
			ops[op].run(0);
			fake_settle();
			comes(0);
			fake_settle();
			assert_int_equal(vm->state, off ? VM_OFF : VM_RUNNING);
			assert_int_equal(fake_has_said("its start, which waited, is called off"),
					 off);
			assert_int_equal(fake_sim.loads, off ? 1 : 2); /* with the other VM's */
		}
	}
}

/* The first counts, whoever comes later. */
static void too_late(void **state)
{
	(void)state;
	for (uint32_t op = OFF; op < OPS; op++) {
		alone = op == SUSPEND;
		go_to(VM_STOPPING);
		ops[op].run(0);
		fake_settle();
		assert_int_equal(vm->state, VM_RUNNING);
		assert_true(fake_has_said("alpha: reset by itself, starts again"));
		assert_int_equal(vm->restart_count, 1);
		is_usable();
	}
}

/* Of a VM that is off or waits too, and a restart undoes neither. */
static void placed_in_any_state(void **state)
{
	(void)state;
	alone = false;
	for (uint32_t from = 0; from < FROMS; from++) {
		go_from(from);
		assert_int_equal(place(0), 0);
		assert_int_equal(priority(0), 0);
		fake_settle();
		assert_int_equal(fake_vcpus[1].cpu, PLACE);
		comes(0);
		manage_restart(vm);
		fake_settle();
		assert_int_equal(fake_vcpus[1].cpu, PLACE);
		assert_int_equal(fake_vcpus[1].sched.priority, PRIORITY);
	}
}

/* The pause is over when the interrupt is looked at that wakes it. */
static void suspended_in_pause(void **state)
{
	struct vcpu *vcpu = &fake_vcpus[0];

	(void)state;
	alone = true;
	for (uint32_t i = 0; i < 2; i++) {
		go_to(i == 0 ? VM_RUNNING : VM_PAUSING);
		assert_int_equal(suspend(0), 0);
		manage_pause(vm);
		fake_settle();
		assert_int_equal(vm->state, VM_PAUSED);
		fake_sim.interrupt = true;
		vcpu_post(vcpu, VCPU_EVENT_VGIC);
		fake_settle();
		assert_true(vcpu->suspended);
		manage_resume(vm);
		fake_settle();
		assert_false(vcpu->suspended);
		assert_int_equal(vcpu->regs.x[30], FAKE_RAM);
		assert_int_equal(vcpu->regs.x[0], 5);
		is_usable();
	}
}

/* It is not, while others are on or about to be. */
static void suspend_is_denied(void **state)
{
	(void)state;
	alone = false;
	go_to(VM_RUNNING);
	assert_int_equal(suspend(0), 0);
	assert_int_equal((int64_t)fake_vcpus[0].regs.x[0], PSCI_RET_DENIED);
	assert_false(fake_vcpus[0].suspended);
	is_usable();
	alone = true;
	go_to(VM_RUNNING);
	turn_on(1);
	assert_int_equal(suspend(0), 0);
	assert_int_equal((int64_t)fake_vcpus[0].regs.x[0], PSCI_RET_DENIED);
	is_usable();
}

/* -- two CPUs at once -- */

/* Words of 32 bits without gaps: compared as memory. */
struct outcome {
	int32_t first, second;
	uint32_t end, reason;
	uint32_t cpu, priority, suspended, waits;
};

static struct outcome possible[OUTCOMES];
static uint32_t possible_count;

static struct outcome settled(int first, int second)
{
	struct outcome out = {.first = first, .second = second};

	fake_settle();
	is_consistent();
	assert_true(vm->state != VM_RUNNING || fake_vcpus[0].power == VCPU_ON);
	out.end = vm->state;
	if (vm->state == VM_OFF || vm->state == VM_RESTARTING) {
		out.reason = vm->stop_reason;
	}
	out.cpu = fake_vcpus[1].cpu;
	out.priority = fake_vcpus[1].sched.priority;
	out.suspended = fake_vcpus[0].suspended;
	out.waits = vm->start_waits;
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
	enum vm_state before = vm->state;

	if (schedule == SCHEDULES - 1) {
		fake_settle();
		return;
	}
	/* what is told of a crash takes longer than those below go on */
	for (uint32_t i = 0; schedule == SCHEDULES - 2 && i < STEPS; i++) {
		if (vm->state != before) {
			return;
		}
		fake_step(i % FAKE_VCPUS);
	}
	fake_sim.random.state = schedule + 1;
	for (uint32_t i = 0; i < schedule * 5; i++) {
		uint32_t cpu = random_below(&fake_sim.random, FAKE_VCPUS);

		if (!fake_sim.busy[cpu]) {
			fake_step(cpu);
		}
	}
}

/* Whose guest does it, of the two that are at it: SYSTEM_SUSPEND is of one that is on alone. */
static uint32_t doer(uint32_t which)
{
	return alone ? 0 : 1 + which;
}

/* What may come of the two one after the other, in one order, the CPUs going on before them and
 * between them. */
static void learn_order(uint32_t from, uint32_t a, uint32_t b, bool swapped)
{
	for (uint32_t i = 0; i < SCHEDULES * SCHEDULES; i++) {
		struct outcome out;
		int first, second;

		go_from(from);
		go_on_for(i / SCHEDULES);
		first = ops[a].run(doer(swapped));
		go_on_for(i % SCHEDULES);
		second = ops[b].run(doer(!swapped));
		out = swapped ? settled(second, first) : settled(first, second);
		if (!is_possible(&out)) {
			assert_true(possible_count < OUTCOMES);
			possible[possible_count++] = out;
		}
	}
}

static uint32_t other_op;
static int other_answer;
static bool other_waits; /* its CPU was at something else at that point */

static void other(void)
{
	other_waits = ops[other_op].guest && fake_sim.busy[doer(1)];
	if (other_waits) {
		/* at the next one */
		fake_sim.at_point = other;
		fake_sim.points = 0;
		return;
	}
	other_answer = ops[other_op].run(doer(1));
	go_on_for(fake_sim.random.state % 3);
}

static void idle_guest(uint32_t cpu)
{
	(void)cpu;
}

/* `b` comes on another CPU after so many steps of `a`. False: `a` has no more steps. `swapped`:
 * what is possible was learnt of `b` and `a`. */
static bool collide(uint32_t from, uint32_t a, uint32_t b, bool swapped, uint32_t points)
{
	struct outcome out;
	int answer;

	go_from(from);
	fake_sim.random.state = points + 1;
	fake_sim.guest_acts = idle_guest;
	fake_sim.at_point = other;
	fake_sim.points = points;
	fake_sim.interleave = points % 2 != 0;
	other_op = b;
	other_waits = false;
	answer = ops[a].run(doer(0));
	for (uint32_t i = 0; i < STEPS && fake_sim.at_point != NULL; i++) {
		fake_step(i % FAKE_VCPUS);
	}
	fake_sim.interleave = false;
	if (fake_sim.at_point != NULL && !other_waits) {
		return false;
	}
	if (other_waits) {
		fake_sim.at_point = NULL;
		other();
	}
	out = swapped ? settled(other_answer, answer) : settled(answer, other_answer);
	if (!is_possible(&out)) {
		fail_msg("%s and %s in state %u, at point %u: %d and %d, state %u, reason %u",
			 ops[a].name, ops[b].name, from, points, answer, other_answer, out.end,
			 out.reason);
	}
	comes(0);
	is_usable();
	return true;
}

/* At how many points `b` may come between. */
static uint32_t collide_at_all(uint32_t from, uint32_t a, uint32_t b, bool swapped)
{
	for (uint32_t i = 0; i < POINTS; i++) {
		if (!collide(from, a, b, swapped, i)) {
			return i;
		}
	}
	return POINTS;
}

static void learn(uint32_t from, uint32_t a, uint32_t b)
{
	alone = a == SUSPEND || b == SUSPEND;
	possible_count = 0;
	/* a crash ends the life with the last of what is told of it: others may be faster or not */
	for (uint32_t i = 0; i < (a == CRASH || b == CRASH ? 2 : 1); i++) {
		untold = i != 0;
		learn_order(from, a, b, false);
		learn_order(from, b, a, true);
	}
	untold = false;
}

static void at_once(void **state)
{
	uint32_t most[OPS] = {0};

	(void)state;
	for (uint32_t from = 0; from < FROMS; from++) {
		for (uint32_t a = 0; a < OPS; a++) {
			for (uint32_t b = a; b < OPS; b++) {
				learn(from, a, b);
				most[a] = MAX(most[a], collide_at_all(from, a, b, false));
				most[b] = MAX(most[b], collide_at_all(from, b, a, true));
			}
		}
	}
	for (uint32_t i = 0; i < OPS; i++) {
		assert_true(most[i] > (i == SUSPEND ? 0 : 2));
	}
}

static void other_and_on(void)
{
	other_answer = ops[other_op].run(1);
	for (uint32_t i = 0; i < STEPS / 4; i++) {
		fake_step(1);
	}
}

/* A stop has been decided, and this CPU has not been told, as its guest ends its life itself: it is
 * not entered behind that call. */
static void no_way_back(void **state)
{
	static const uint8_t ended[] = {OFF, RESET, CRASH};

	(void)state;
	alone = false;
	for (uint32_t i = 0; i < ARRAY_COUNT(ended); i++) {
		go_to(VM_RUNNING);
		fake_sim.at_point = other_and_on;
		fake_sim.points = 1;
		other_op = ended[i];
		assert_int_equal(stop(0), 0);
		assert_int_equal(other_answer, 0);
		is_usable();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE("each operation has its answer in each state", answers),
		CASE("what ends a life comes to what its table says", comes_to),
		CASE("one that waits starts with what it waits for", waits_on),
		CASE("what comes while a life ends changes nothing of it", too_late),
		CASE("CPU and priority can be changed in any state", placed_in_any_state),
		CASE("one that is suspended is paused, and woken after it", suspended_in_pause),
		CASE("SYSTEM_SUSPEND is denied while others are on", suspend_is_denied),
		CASE("a guest that ended its life is not entered again", no_way_back),
		CASE("two at once are answered as one after the other", at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
