/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a VM on several CPUs: starts, stops, resets, and what is asked for meanwhile. */
#include "core/vm/life.h"

#include <setjmp.h>
#include <string.h>

#include "core/arm64/smccc.h"
#include "core/base/errno.h"
#include "core/exit/exit.h"
#include "core/exit/irq.h"
#include "core/exit/run.h"
#include "core/exit/vpsci.h"
#include "core/sched/sched.h"
#include "core/vm/load.h"
#include "drivers/emul/vdev.h"
#include "irq/vgic/vgic.h"
#include "mm/guest_access.h"
#include "tests/unit/fake_sysreg.h"
#include "tests/unit/random.h"
#include "tests/unit/unit.h"
#include "timer/deadline.h"
#include "timer/vtimer.h"

#define VCPUS	   4
#define LOAD_STEPS 3
#define RAM	   GIB(1)
#define ENTRY	   (RAM + 0x80000)
#define DTB	   (RAM + MIB(2))
#define SECONDARY  (RAM + 0x1000)
#define STEPS_MAX  1000
#define SAID_MAX   8192
#define LIVES	   3000

/* VM 0 has all CPUs but the last; VM 1 has that one. */
static struct vm vms[2];
static struct vcpu vcpus[VCPUS + 1];
static struct vcpu *table[VCPUS + 1];
static struct vm *const vm = &vms[0];

static struct {
	struct vcpu *cpu; /* whose CPU is looked at */
	bool busy[VCPUS + 1];
	jmp_buf *out;
	uint32_t rounds;
	uint32_t locks;
	struct random random;
	bool interleave;
	uint32_t depth;
	void (*meanwhile)(void); /* what others do before the next lock is taken, once */
} sim;

static uint32_t resets, vgic_resets, loads, all_offs, starts, load_left[2];
static char said[SAID_MAX];

/* -- the log -- */

static void listen(enum log_level level, const char *text, size_t len)
{
	(void)level;
	strncat(said, text, MIN(len, sizeof(said) - strlen(said) - 2));
	strcat(said, "\n");
}

static bool has_said(const char *part)
{
	return strstr(said, part) != NULL;
}

/* -- the CPUs: each step is one round of the run loop -- */

static void step(uint32_t cpu);
static void guest_does_something(uint32_t cpu);

/* A CPU goes on: its guest does something, if it runs one, or it looks at what was posted. */
static void go_on(uint32_t cpu)
{
	if (vcpus[cpu].power == VCPU_ON && random_below(&sim.random, 4) == 0) {
		sim.busy[cpu] = true;
		sim.depth++;
		guest_does_something(cpu);
		sim.depth--;
		sim.busy[cpu] = false;
	} else {
		step(cpu);
	}
}

/* Somewhere between two accesses to what is shared, others go on. */
static void others_go_on(void)
{
	if (!sim.interleave || sim.locks != 0 || sim.depth > 2) {
		return;
	}
	for (uint32_t i = random_below(&sim.random, 4); i != 0; i--) {
		uint32_t cpu = random_below(&sim.random, VCPUS);

		if (!sim.busy[cpu]) {
			go_on(cpu);
		}
	}
}

void spin_check_take(const struct spinlock *lock)
{
	void (*meanwhile)(void) = sim.meanwhile;

	(void)lock;
	sim.meanwhile = NULL;
	if (meanwhile != NULL) {
		meanwhile();
	}
	others_go_on();
	/* the two of them take none inside another */
	assert_int_equal(sim.locks, 0);
	sim.locks++;
}

void spin_check_drop(const struct spinlock *lock)
{
	(void)lock;
	sim.locks--;
}

void irq_poll(void)
{
	if (sim.rounds-- == 0) {
		longjmp(*sim.out, 1);
	}
}

void irq_wait(void)
{
	longjmp(*sim.out, 1);
}

struct vcpu *sched_pick(void)
{
	struct vcpu *vcpu = sim.cpu;

	if (vcpu_has_events(vcpu) || vcpu->job != NULL) {
		return vcpu;
	}
	assert_true(vcpu->power == VCPU_ON || vcpu->hold != 0);
	return vcpu->hold == 0 ? vcpu : NULL;
}

static void step(uint32_t cpu)
{
	struct vcpu *before = sim.cpu;
	jmp_buf *out_before = sim.out;
	uint32_t rounds_before = sim.rounds;
	jmp_buf out;

	assert_false(sim.busy[cpu]);
	sim.busy[cpu] = true;
	sim.cpu = &vcpus[cpu];
	sim.out = &out;
	sim.rounds = 1;
	sim.depth++;
	if (setjmp(out) == 0) {
		struct vcpu *entered = run_next();

		assert_ptr_equal(entered, &vcpus[cpu]);
		/* a guest runs in a life of its VM, with its registers in the CPU */
		assert_int_equal(entered->power, VCPU_ON);
		assert_true(entered->loaded);
	}
	sim.depth--;
	sim.busy[cpu] = false;
	sim.cpu = before;
	sim.out = out_before;
	sim.rounds = rounds_before;
}

/* Until nothing is left to do. */
static void settle(void)
{
	bool more = true;

	for (uint32_t i = 0; more; i++) {
		assert_true(i < STEPS_MAX);
		more = false;
		for (uint32_t cpu = 0; cpu <= VCPUS; cpu++) {
			if (vcpus[cpu].events != 0 || vcpus[cpu].job != NULL) {
				step(cpu);
				more = true;
			}
		}
	}
}

/* -- what life.c and run.c call -- */

void vcpu_post(struct vcpu *vcpu, uint32_t events)
{
	atomic_fetch_or(&vcpu->events, events);
	others_go_on();
}

void vcpu_start(struct vcpu *vcpu, uint64_t pc, uint64_t context)
{
	assert_false(vcpu->loaded);
	vcpu->loaded = true;
	vcpu->hold = 0;
	vcpu->regs.x[0] = context;
	vcpu->regs.x[30] = pc; /* for the test to look at */
	starts++;
	others_go_on();
}

void vtimer_start(struct vcpu *vcpu)
{
	(void)vcpu;
}

void vtimer_stop(struct vcpu *vcpu)
{
	assert_true(vcpu->loaded);
}

void vgic_cpu_start(struct vcpu *vcpu)
{
	assert_false(vcpu->vgic.on);
	vcpu->vgic.on = true;
}

void vgic_cpu_stop(struct vcpu *vcpu)
{
	assert_true(vcpu->vgic.on);
	vcpu->vgic.on = false;
}

void vgic_process(struct vcpu *vcpu)
{
	(void)vcpu;
}

bool vgic_is_held(const struct vcpu *vcpu)
{
	(void)vcpu;
	return false;
}

static void nothing_runs(const struct vm *of)
{
	for (uint32_t i = 0; i < of->vcpu_count; i++) {
		assert_false(of->vcpu[i]->loaded);
		assert_false(of->vcpu[i]->vgic.on);
		assert_int_not_equal(of->vcpu[i]->power, VCPU_ON);
	}
}

void vgic_reset(struct vm *of)
{
	nothing_runs(of);
	vgic_resets++;
	others_go_on();
	nothing_runs(of);
}

static void device_reset(struct vdev *vdev)
{
	nothing_runs(vdev->vm);
	resets++;
	others_go_on();
}

void load_begin(struct vm *of)
{
	nothing_runs(of);
	load_left[of->id] = LOAD_STEPS;
	loads++;
	others_go_on();
}

bool load_step(struct vm *of)
{
	nothing_runs(of);
	assert_int_not_equal(of->state, VM_OFF);
	others_go_on();
	return --load_left[of->id] == 0;
}

void exit_handle(struct vcpu *vcpu, uint64_t esr)
{
	(void)vcpu;
	(void)esr;
}

uint64_t deadline_now(void)
{
	return 5000;
}

uint64_t deadline_frequency(void)
{
	return 1000;
}

uint64_t deadline_to_us(uint64_t ticks)
{
	return ticks;
}

/* The guest's stack: two words at each of these addresses. */
static uint64_t frames[64];

int guest_translate(uint64_t va, uint64_t *ipa)
{
	*ipa = va - GIB(8);
	return va >= GIB(8) ? 0 : -EFAULT;
}

int guest_read(const struct vm *of, uint64_t ipa, void *buf, uint64_t size)
{
	assert_ptr_equal(of, vm);
	assert_int_equal(size, 16);
	if (ipa + size > sizeof(frames)) {
		return -EFAULT;
	}
	memcpy(buf, (const uint8_t *)frames + ipa, size);
	return 0;
}

static void all_off(void)
{
	all_offs++;
}

/* -- set-up -- */

static const struct vdev_type device_type = {.reset = device_reset};

static void make_vm(uint32_t id, uint32_t first, uint32_t count)
{
	static struct vdev devices[2];
	static bool registered[2];
	struct vm *it = &vms[id];

	memset(it, 0, sizeof(*it));
	it->name = id == 0 ? "alpha" : "beta";
	it->id = id;
	it->vcpu = &table[first];
	it->vcpu_count = count;
	it->extent[0] = (struct vm_extent){RAM, RAM, MIB(64)};
	it->extent_count = 1;
	it->load.entry = ENTRY;
	it->load.dtb = DTB;
	it->vdev[0] = &devices[id];
	it->vdev_count = 1;
	devices[id].type = &device_type;
	devices[id].vm = it;
	spin_init(&it->lock, RANK_VM);
	for (uint32_t i = first; i < first + count; i++) {
		table[i] = &vcpus[i];
		vcpus[i].vm = it;
		vcpus[i].index = i - first;
		vcpus[i].cpu = i;
		vcpus[i].hold = VCPU_HOLD_OFF;
		vcpus[i].mpidr = BIT(31) | (i - first);
	}
	if (!registered[id]) {
		vm_register(it);
		registered[id] = true;
	}
}

static int set_up(void **state)
{
	(void)state;
	memset(vcpus, 0, sizeof(vcpus));
	memset(&sim, 0, sizeof(sim));
	memset(frames, 0, sizeof(frames));
	memset(said, 0, sizeof(said));
	resets = vgic_resets = loads = all_offs = starts = 0;
	fake_sysreg_reset();
	make_vm(0, 0, VCPUS);
	make_vm(1, VCPUS, 1);
	life_set_all_off(all_off);
	printk_set_sink(listen);
	return 0;
}

/* -- what guests do -- */

static int64_t turn_on(uint32_t by, uint32_t target)
{
	vcpus[by].regs.x[1] = target;
	vcpus[by].regs.x[2] = SECONDARY;
	vcpus[by].regs.x[3] = target;
	assert_int_equal(vpsci_call(&vcpus[by], PSCI_CPU_ON64, EXIT_RESUME), EXIT_RESUME);
	return (int64_t)vcpus[by].regs.x[0];
}

static void start_all(void)
{
	assert_int_equal(life_start(vm), 0);
	settle();
	for (uint32_t i = 1; i < VCPUS; i++) {
		assert_int_equal(turn_on(0, i), 0);
	}
	settle();
	for (uint32_t i = 0; i < VCPUS; i++) {
		assert_int_equal(vcpus[i].power, VCPU_ON);
	}
}

static void is_new_life(void)
{
	assert_int_equal(vm->state, VM_RUNNING);
	assert_int_equal(vcpus[0].power, VCPU_ON);
	assert_int_equal(vcpus[0].regs.x[30], ENTRY);
	assert_int_equal(vcpus[0].regs.x[0], DTB);
	for (uint32_t i = 1; i < VCPUS; i++) {
		assert_int_equal(vcpus[i].power, VCPU_OFF);
		assert_false(vcpus[i].loaded);
	}
}

static void is_off(void)
{
	assert_int_equal(vm->state, VM_OFF);
	nothing_runs(vm);
	for (uint32_t i = 0; i < VCPUS; i++) {
		assert_int_equal(vcpus[i].power, VCPU_OFF);
		assert_null(vcpus[i].job);
	}
}

/* -- the cases -- */

static void start(void **state)
{
	(void)state;
	assert_string_equal(life_state_name(vm), "off");
	assert_int_equal(life_start(vm), 0);
	assert_int_equal(life_start(vm), -EBUSY);
	assert_string_equal(life_state_name(vm), "loading");
	assert_int_equal(starts, 0);
	settle();
	is_new_life();
	assert_string_equal(life_state_name(vm), "running");
	assert_int_equal(life_start(vm), -EBUSY);
	assert_int_equal(loads, 1);
	assert_int_equal(starts, 1);
	assert_int_equal(vms[1].state, VM_OFF);
	assert_true(has_said("alpha starts"));
}

static void stop(void **state)
{
	static const struct {
		enum vm_stop_reason reason;
		const char *name, *line;
	} cases[] = {
		{VM_STOP_POWEROFF, "off (powered off)", "alpha: powered off by itself\n"},
		{VM_STOP_CRASH, "off (crashed)", "alpha: crashed\n"},
		{VM_STOP_COMMAND, "off (stopped)", "alpha: stopped by command\n"},
	};

	(void)state;
	assert_int_equal(life_stop(vm, VM_STOP_COMMAND), -EBUSY);
	for (uint32_t i = 0; i < ARRAY_COUNT(cases); i++) {
		start_all();
		assert_int_equal(life_stop(vm, cases[i].reason), 0);
		assert_string_equal(life_state_name(vm), "stopping");
		assert_int_equal(life_start(vm), -EBUSY);
		/* it waits for each of them */
		for (uint32_t cpu = VCPUS - 1; cpu != 0; cpu--) {
			step(cpu);
			assert_int_equal(vm->state, VM_STOPPING);
			assert_int_equal(resets, i);
		}
		step(0);
		is_off();
		settle();
		is_off();
		assert_string_equal(life_state_name(vm), cases[i].name);
		assert_true(has_said(cases[i].line));
		assert_int_equal(resets, i + 1);
		assert_int_equal(vgic_resets, i + 1);
		assert_int_equal(all_offs, i + 1);
		assert_int_equal(life_stop(vm, VM_STOP_COMMAND), -EBUSY);
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

		assert_int_equal(life_stop(vm, reason[i]), 0);
		settle();
		is_new_life();
		assert_int_equal(vm->life, life + 1);
		assert_int_equal(vm->restart_count, i + 1);
		assert_int_equal(resets, i + 1);
		assert_int_equal(loads, i + 2);
	}
	assert_true(has_said("alpha: reset by itself, starts again\n"));
	assert_true(has_said("alpha: restarted by command, starts again\n"));
	assert_int_equal(all_offs, 0);
}

/* The first to ask is heard; who comes later is told that it is too late. */
static void first_counts(void **state)
{
	(void)state;
	start_all();
	assert_int_equal(life_stop(vm, VM_STOP_POWEROFF), 0);
	assert_int_equal(life_stop(vm, VM_STOP_RESET), -EBUSY);
	step(2);
	assert_int_equal(life_stop(vm, VM_STOP_CRASH), -EBUSY);
	settle();
	is_off();
	assert_string_equal(life_state_name(vm), "off (powered off)");
	assert_int_equal(vm->restart_count, 0);
}

static void stop_while_loading(void **state)
{
	(void)state;
	for (uint32_t steps = 0; steps <= LOAD_STEPS; steps++) {
		assert_int_equal(life_start(vm), 0);
		for (uint32_t i = 0; i < steps; i++) {
			step(0);
		}
		assert_int_equal(vm->state, VM_LOADING);
		assert_int_equal(life_stop(vm, VM_STOP_COMMAND), 0);
		settle();
		is_off();
	}
	assert_int_equal(starts, 0);
	/* and a restart asked for then loads from the beginning */
	assert_int_equal(life_start(vm), 0);
	step(0);
	step(0);
	assert_int_equal(life_stop(vm, VM_STOP_RESTART), 0);
	settle();
	is_new_life();
	assert_int_equal(starts, 1);
}

static void all_are_off(void **state)
{
	(void)state;
	assert_int_equal(life_start(vm), 0);
	assert_int_equal(life_start(&vms[1]), 0);
	settle();
	life_stop(vm, VM_STOP_POWEROFF);
	settle();
	assert_int_equal(all_offs, 0);
	assert_int_equal(vms[1].state, VM_RUNNING);
	life_stop(&vms[1], VM_STOP_RESET);
	settle();
	assert_int_equal(all_offs, 0);
	life_stop(&vms[1], VM_STOP_POWEROFF);
	settle();
	assert_int_equal(all_offs, 1);
	/* a VM may go on where nobody wants to hear of it */
	life_set_all_off(NULL);
	assert_int_equal(life_start(vm), 0);
	settle();
	life_stop(vm, VM_STOP_POWEROFF);
	settle();
	is_off();
}

/* One that has acknowledged the stop is turned on by one that has not. */
static void turned_on_while_stopping(void **state)
{
	(void)state;
	start_all();
	assert_int_equal(life_stop(vm, VM_STOP_RESET), 0);
	step(1);
	assert_int_equal(vcpus[1].power, VCPU_OFF);
	assert_int_equal(turn_on(2, 1), 0);
	starts = 0;
	step(1); /* its CPU looks at it at once */
	assert_int_equal(starts, 0);
	assert_int_equal(vcpus[1].power, VCPU_OFF);
	assert_int_equal(turn_on(2, 1), 0);
	settle(); /* or once the stop is over */
	is_new_life();
	assert_int_equal(starts, 1);
	assert_int_equal(turn_on(0, 1), 0);
	settle();
	assert_int_equal(vcpus[1].power, VCPU_ON);
	assert_int_equal(vcpus[1].regs.x[30], SECONDARY);
}

/* An event of the life before is looked at in the next one only: it starts nobody. */
static void stale_start(void **state)
{
	(void)state;
	start_all();
	assert_int_equal(life_stop(vm, VM_STOP_RESET), 0);
	step(1);
	assert_int_equal(turn_on(2, 1), 0);
	for (uint32_t i = 0; i < 20; i++) {
		step(0);
		step(2);
		step(3);
	}
	assert_int_equal(vm->state, VM_RUNNING);
	assert_int_equal(vcpus[1].events & VCPU_EVENT_START, VCPU_EVENT_START);
	assert_int_equal(vcpus[1].power, VCPU_OFF);
	step(1);
	is_new_life();
	/* nor does it take a CPU_ON of this life away */
	vcpus[1].events |= VCPU_EVENT_START;
	assert_int_equal(turn_on(0, 1), 0);
	settle();
	assert_int_equal(vcpus[1].power, VCPU_ON);
}

static void others_finish(void)
{
	for (uint32_t i = 0; i < 20; i++) {
		step(0);
		step(2);
		step(3);
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
		assert_int_equal(life_stop(vm, VM_STOP_RESET), 0);
		step(1);
		assert_int_equal(turn_on(2, 1), 0);
		sim.meanwhile = i == 0 ? others_finish : others_finish_and_call;
		step(1);
		assert_null(sim.meanwhile);
		if (i == 0) {
			is_new_life();
		} else {
			settle();
			assert_int_equal(vcpus[1].power, VCPU_ON);
			assert_int_equal(vcpus[1].regs.x[30], SECONDARY);
		}
		life_stop(vm, VM_STOP_COMMAND);
		settle();
	}
}

static void cpu_off(void **state)
{
	(void)state;
	start_all();
	for (uint32_t i = 0; i < VCPUS; i++) {
		run_vcpu_off(&vcpus[i]);
		assert_int_equal(vcpus[i].power, VCPU_OFF);
		assert_false(vcpus[i].loaded);
		assert_false(vcpus[i].vgic.on);
	}
	/* nobody is on: only a command brings it back */
	settle();
	assert_int_equal(vm->state, VM_RUNNING);
	assert_int_equal(life_stop(vm, VM_STOP_RESTART), 0);
	settle();
	is_new_life();
}

static void crash(void **state)
{
	(void)state;
	start_all();
	for (uint32_t i = 0; i < 31; i++) {
		vcpus[1].regs.x[i] = 0xabc000 + i;
	}
	sysreg_write(elr_el2, UINT64_C(0xffff800012345678));
	sysreg_write(spsr_el2, 0x3c5);
	sysreg_write(esr_el1, 0x96000044);
	vcpus[1].regs.x[29] = GIB(8) + 16;
	frames[2] = GIB(8) + 64;
	frames[3] = 0x111111;
	frames[8] = GIB(8) + 32; /* a frame record below its caller's: the end */
	frames[9] = 0x222222;
	frames[5] = 0x333333;
	life_crash(&vcpus[1], "it has no vectors");
	settle();
	is_off();
	assert_true(has_said("alpha vcpu 1 can't go on: it has no vectors"));
	assert_true(has_said("x0  0000000000abc000 0000000000abc001"));
	assert_true(has_said("x24 0000000000abc018"));
	assert_true(has_said("lr  0000000000abc01e"));
	assert_true(has_said("pc  ffff800012345678 pstate 000003c5"));
	assert_true(has_said("esr_el1 96000044"));
	assert_true(has_said("backtrace: ffff800012345678"));
	assert_true(has_said("0000000000111111"));
	assert_true(has_said("0000000000222222"));
	assert_false(has_said("0000000000333333"));
	assert_string_equal(life_state_name(vm), "off (crashed)");
}

/* Frame pointers that lead nowhere end the backtrace. */
static void bad_frames(void **state)
{
	static const uint64_t bad[] = {0, 8, GIB(8) + 4, GIB(9), UINT64_MAX - 7};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
		start_all();
		vcpus[0].regs.x[29] = bad[i];
		life_crash(&vcpus[0], "a reason");
		settle();
		is_off();
	}
	/* a chain without end is cut */
	start_all();
	for (uint32_t i = 0; i < 64; i += 2) {
		frames[i] = GIB(8) + 8 * (i + 2);
		frames[i + 1] = 0x777000 + i;
	}
	vcpus[0].regs.x[29] = GIB(8);
	life_crash(&vcpus[0], "a reason");
	assert_true(has_said("000000000077701e"));
	assert_false(has_said("0000000000777020"));
	settle();
}

/* -- everything at once -- */

static void guest_does_something(uint32_t cpu)
{
	switch (random_below(&sim.random, 12)) {
	case 0:
		run_vcpu_off(&vcpus[cpu]);
		break;
	case 1:
		life_stop(vm, VM_STOP_RESET);
		break;
	case 2:
		if (random_below(&sim.random, 8) == 0) {
			life_stop(vm, VM_STOP_POWEROFF);
		}
		break;
	default:
		turn_on(cpu, random_below(&sim.random, VCPUS));
		break;
	}
}

static void shell_does_something(void)
{
	switch (random_below(&sim.random, 4)) {
	case 0:
		life_stop(vm, VM_STOP_COMMAND);
		break;
	case 1:
		life_stop(vm, VM_STOP_RESTART);
		break;
	default:
		life_start(vm);
		break;
	}
}

/* Between lives: what is asked for in the new one is done. */
static void is_usable(void)
{
	settle();
	if (vm->state == VM_OFF) {
		is_off();
		assert_int_equal(life_start(vm), 0);
	} else {
		assert_int_equal(vm->state, VM_RUNNING);
		assert_int_equal(life_stop(vm, VM_STOP_RESTART), 0);
	}
	settle();
	is_new_life();
	for (uint32_t i = 1; i < VCPUS; i++) {
		assert_int_equal(turn_on(0, i), 0);
		settle();
		assert_int_equal(vcpus[i].power, VCPU_ON);
	}
}

static void at_random(void **state)
{
	(void)state;
	sim.random.state = 1;
	assert_int_equal(life_start(vm), 0);
	for (uint32_t i = 0; vm->life < LIVES; i++) {
		assert_true(i < 1000 * LIVES);
		sim.interleave = true;
		go_on(random_below(&sim.random, VCPUS));
		if (random_below(&sim.random, 50) == 0) {
			shell_does_something();
		}
		sim.interleave = false;
		if (random_below(&sim.random, 100) == 0) {
			is_usable();
		}
		said[0] = '\0';
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE_IN("a VM that is off starts, loaded, with its first vCPU", start, set_up),
		CASE_IN("a stop waits for every vCPU and says why", stop, set_up),
		CASE_IN("a reset loads again and starts the first vCPU", restart, set_up),
		CASE_IN("of two reasons the first counts", first_counts, set_up),
		CASE_IN("a VM can be stopped while it is loaded", stop_while_loading, set_up),
		CASE_IN("when the last VM goes off it is told, once", all_are_off, set_up),
		CASE_IN("CPU_ON during a reset starts nobody in the next life",
			turned_on_while_stopping, set_up),
		CASE_IN("a start event of the life before does no harm", stale_start, set_up),
		CASE_IN("nor when its CPU is late with it", late_start, set_up),
		CASE_IN("a VM with all vCPUs off can be restarted", cpu_off, set_up),
		CASE_IN("a crash shows registers and backtrace", crash, set_up),
		CASE_IN("bad frame pointers end a backtrace", bad_frames, set_up),
		CASE_IN("thousands of lives with everything at once", at_random, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
