/* SPDX-License-Identifier: Apache-2.0 */
/* CPUs in steps, and what life.c and run.c call. */
#include "tests/unit/fake_life.h"

#include <string.h>

#include "core/arm64/pending.h"
#include "core/base/errno.h"
#include "core/exit/exit.h"
#include "core/exit/irq.h"
#include "core/exit/run.h"
#include "core/exit/switch.h"
#include "core/exit/times.h"
#include "core/sched/policy.h"
#include "core/vm/load.h"
#include "drivers/emul/vdev.h"
#include "irq/vgic/vgic.h"
#include "mm/guest_access.h"
#include "tests/unit/fake_sysreg.h"
#include "tests/unit/unit.h"
#include "timer/deadline.h"
#include "timer/vtimer.h"

#define STEPS_MAX 1000

struct vm fake_vms[2];
struct vm_config fake_configs[3];
struct vcpu fake_vcpus[FAKE_VCPUS + 1];
struct fake_sim fake_sim;
uint64_t fake_frames[64];
char fake_said[FAKE_SAID_MAX];

static struct vcpu *table[FAKE_VCPUS + 1];
static uint32_t load_left[2];

/* -- the log -- */

static void listen(enum log_level level, const char *text, size_t len)
{
	(void)level;
	strncat(fake_said, text, MIN(len, sizeof(fake_said) - strlen(fake_said) - 2));
	strcat(fake_said, "\n");
}

bool fake_has_said(const char *part)
{
	return strstr(fake_said, part) != NULL;
}

/* -- the CPUs: each step is one round of the run loop -- */

void fake_go_on(uint32_t cpu)
{
	if (fake_vcpus[cpu].power == VCPU_ON && fake_vcpus[cpu].hold == 0 &&
	    fake_vcpus[cpu].loaded && fake_vcpus[cpu].job == NULL &&
	    random_below(&fake_sim.random, 4) == 0) {
		fake_sim.busy[cpu] = true;
		fake_sim.depth++;
		fake_sim.guest_acts(cpu);
		fake_sim.depth--;
		fake_sim.busy[cpu] = false;
	} else {
		fake_step(cpu);
	}
}

static void come_between(void)
{
	void (*at_point)(void) = fake_sim.at_point;

	if (at_point != NULL && fake_sim.locks == 0 && fake_sim.points-- == 0) {
		fake_sim.at_point = NULL;
		at_point();
	}
}

/* Somewhere between two accesses to what is shared, others go on. */
static void others_go_on(void)
{
	come_between();
	if (!fake_sim.interleave || fake_sim.locks != 0 || fake_sim.depth > 2) {
		return;
	}
	for (uint32_t i = random_below(&fake_sim.random, 4); i != 0; i--) {
		uint32_t cpu = random_below(&fake_sim.random, FAKE_VCPUS);

		if (!fake_sim.busy[cpu]) {
			fake_go_on(cpu);
		}
	}
}

void spin_check_take(const struct spinlock *lock)
{
	void (*meanwhile)(void) = fake_sim.meanwhile;

	(void)lock;
	fake_sim.meanwhile = NULL;
	if (meanwhile != NULL) {
		meanwhile();
	}
	others_go_on();
	/* the two of them take none inside another */
	assert_int_equal(fake_sim.locks, 0);
	fake_sim.locks++;
}

bool spin_is_held(const struct spinlock *lock)
{
	(void)lock;
	return fake_sim.locks != 0;
}

void spin_check_drop(const struct spinlock *lock)
{
	(void)lock;
	fake_sim.locks--;
}

bool irq_is_pending(void)
{
	return true;
}

/* The timer's interrupt on the CPU of vCPU 0. */
static void fire_restart(struct vcpu *vcpu)
{
	struct deadline *deadline = &vcpu->vm->restart;

	if (vcpu->index == 0 && deadline->fire != NULL && deadline->when <= fake_sim.now) {
		deadline->when = UINT64_MAX;
		deadline->fire(deadline);
	}
}

/* And for as long as a VM's end goes on on this CPU. */
static void fire_ending(void)
{
	for (uint32_t i = 0; i < ARRAY_COUNT(fake_vms); i++) {
		while (fake_sim.ends_on[i] == fake_sim.cpu) {
			fake_sim.ends_on[i] = NULL;
			fake_vms[i].ending.fire(&fake_vms[i].ending);
			others_go_on();
		}
	}
}

void irq_poll(void)
{
	fire_restart(fake_sim.cpu);
	fire_ending();
	/* a pass that only gave way to an interrupt, of which one is always pending, is none */
	if (fake_sim.cpu->gave_way == 0 && fake_sim.rounds-- == 0) {
		longjmp(*fake_sim.out, 1);
	}
}

void irq_wait(void)
{
	longjmp(*fake_sim.out, 1);
}

PERCPU(struct sched_cpu, sched_cpu);

struct vcpu *vcpu_loaded(void)
{
	return fake_sim.cpu->loaded ? fake_sim.cpu : NULL;
}

struct vcpu *sched_pick(void)
{
	struct vcpu *vcpu = fake_sim.cpu;

	assert_true(vcpu->power == VCPU_ON || vcpu->hold != 0 || vcpu_has_events(vcpu) ||
		    vcpu->job != NULL);
	return policy_is_ready(vcpu) ? vcpu : NULL;
}

void fake_step(uint32_t cpu)
{
	struct vcpu *before = fake_sim.cpu;
	jmp_buf *out_before = fake_sim.out;
	uint32_t rounds_before = fake_sim.rounds;
	jmp_buf out;

	assert_false(fake_sim.busy[cpu]);
	fake_sim.busy[cpu] = true;
	fake_sim.cpu = &fake_vcpus[cpu];
	fake_sim.out = &out;
	fake_sim.rounds = 1;
	fake_sim.depth++;
	if (setjmp(out) == 0) {
		struct vcpu *entered = run_next();

		assert_ptr_equal(entered, &fake_vcpus[cpu]);
		/* a guest runs in a life of its VM, with its registers in the CPU */
		assert_int_equal(entered->power, VCPU_ON);
		assert_true(entered->loaded);
		assert_true(fake_sim.gone[cpu] != entered->vm->life + 1);
	}
	fake_sim.depth--;
	fake_sim.busy[cpu] = false;
	fake_sim.cpu = before;
	fake_sim.out = out_before;
	fake_sim.rounds = rounds_before;
}

/* It has something to do besides its guest. */
static bool fake_is_busy(uint32_t cpu)
{
	const struct vcpu *vcpu = &fake_vcpus[cpu];

	return policy_is_ready(vcpu) && (vcpu->hold != 0 || vcpu->events != 0 || vcpu->job != NULL);
}

void fake_settle(void)
{
	bool more = true;

	for (uint32_t i = 0; more; i++) {
		assert_true(i < STEPS_MAX);
		more = false;
		for (uint32_t cpu = 0; cpu <= FAKE_VCPUS; cpu++) {
			if (fake_is_busy(cpu)) {
				fake_step(cpu);
				more = true;
			}
		}
	}
}

/* -- what life.c and run.c call -- */

void vcpu_post(struct vcpu *vcpu, uint32_t events)
{
	come_between();
	if (vcpu_needs_kick(atomic_fetch_or(&vcpu->events, events), events)) {
		fake_sim.kicked |= 1U << (vcpu - fake_vcpus);
	}
	others_go_on();
}

void vcpu_reset(struct vcpu *vcpu, uint64_t pc, uint64_t context)
{
	assert_false(vcpu->loaded);
	assert_int_equal(vcpu->hold & VCPU_HOLD_PAUSED, 0);
	vcpu->hold = 0;
	vcpu->regs.x[0] = context;
	vcpu->regs.x[30] = pc; /* for the test to look at */
	fake_sim.starts++;
	others_go_on();
}

/* Each of these CPUs has one vCPU: of one that goes nobody else is told. */
void switch_to(struct vcpu *vcpu)
{
	if (vcpu != NULL) {
		assert_ptr_equal(vcpu, fake_sim.cpu);
		assert_int_equal(vcpu->power, VCPU_ON);
		vcpu->loaded = true;
	} else {
		assert_true(fake_sim.cpu->loaded);
		fake_sim.cpu->loaded = false;
	}
}

void fake_cpu_off(uint32_t cpu)
{
	struct vcpu *before = fake_sim.cpu;

	fake_sim.cpu = &fake_vcpus[cpu];
	run_vcpu_off(&fake_vcpus[cpu]);
	fake_sim.cpu = before;
}

void vtimer_pause(struct vcpu *vcpu)
{
	assert_false(vcpu->loaded);
	if (vcpu->power == VCPU_ON) {
		fake_sim.timers_held |= 1U << (vcpu - fake_vcpus);
	}
}

void vtimer_resume(struct vcpu *vcpu)
{
	assert_false(vcpu->loaded);
	fake_sim.timers_held &= ~(1U << (vcpu - fake_vcpus));
}

bool vgic_wakes(struct vcpu *vcpu)
{
	(void)vcpu;
	return fake_sim.interrupt;
}

bool vtimer_is_early(const struct vcpu *vcpu)
{
	(void)vcpu;
	return false;
}

void vtimer_lead(struct vcpu *vcpu)
{
	(void)vcpu;
}

void deadline_be_quiet(uint64_t when, const struct deadline *own, uint32_t rank)
{
	(void)when;
	(void)own;
	(void)rank;
}

bool sched_await_window(const struct sched_cpu *cpu)
{
	(void)cpu;
	return true;
}

void vtimer_look(struct vcpu *vcpu)
{
	assert_true(vcpu->loaded);
}

void vtimer_start(struct vcpu *vcpu)
{
	assert_false(vcpu->loaded);
}

void vtimer_stop(struct vcpu *vcpu)
{
	assert_false(vcpu->loaded);
	fake_sim.timers_held &= ~(1U << (vcpu - fake_vcpus));
}

void vgic_cpu_start(struct vcpu *vcpu)
{
	assert_false(vcpu->loaded);
	assert_false(vcpu->vgic.on);
	vcpu->vgic.on = true;
}

void vgic_cpu_stop(struct vcpu *vcpu)
{
	assert_false(vcpu->loaded);
	assert_true(vcpu->vgic.on);
	vcpu->vgic.on = false;
}

void vgic_access_over(struct vcpu *vcpu)
{
	assert_int_equal(vcpu->hold & VCPU_HOLD_PARKED, 0);
}

void vgic_process(struct vcpu *vcpu)
{
	(void)vcpu;
}

void fake_nothing_runs(const struct vm *of)
{
	for (uint32_t i = 0; i < of->vcpu_count; i++) {
		assert_false(of->vcpu[i]->loaded);
		assert_false(of->vcpu[i]->vgic.on);
		assert_int_not_equal(of->vcpu[i]->power, VCPU_ON);
	}
}

/* In two steps. */
bool vgic_reset_step(struct vm *of)
{
	fake_nothing_runs(of);
	fake_sim.vgic_steps++;
	others_go_on();
	fake_nothing_runs(of);
	fake_sim.vgic_resets += fake_sim.vgic_steps % 2 == 0;
	return fake_sim.vgic_steps % 2 == 0;
}

static void device_reset(struct vdev *vdev)
{
	fake_nothing_runs(vdev->vm);
	assert_int_equal(fake_sim.busy_looks, 0);
	/* a device may raise its line until then: the interrupt controller is reset after it */
	assert_int_equal(fake_sim.vgic_resets, fake_sim.resets);
	fake_sim.resets++;
	others_go_on();
}

static bool device_busy(struct vdev *vdev)
{
	fake_nothing_runs(vdev->vm);
	others_go_on();
	return fake_sim.busy_looks != 0 && fake_sim.busy_looks-- != 0;
}

static bool device_lost(struct vdev *vdev)
{
	fake_nothing_runs(vdev->vm);
	return fake_sim.lost;
}

void load_begin(struct vm *of, bool just_checked)
{
	assert_int_equal(fake_sim.busy_looks, 0);
	fake_nothing_runs(of);
	load_left[of->id] = FAKE_LOAD_STEPS;
	fake_sim.loads++;
	fake_sim.unchecked[of->id] += just_checked;
	others_go_on();
}

enum load_result load_step(struct vm *of)
{
	fake_nothing_runs(of);
	assert_int_not_equal(of->state, VM_OFF);
	others_go_on();
	assert_int_not_equal(load_left[of->id], 0);
	if (--load_left[of->id] != 0) {
		return LOAD_MORE;
	}
	return fake_sim.load_is_bad ? LOAD_BAD : LOAD_DONE;
}

void exit_handle(struct vcpu *vcpu, uint64_t esr)
{
	(void)vcpu;
	(void)esr;
}

uint64_t deadline_now(void)
{
	return fake_sim.now;
}

uint64_t deadline_from_ms(uint64_t ms)
{
	return ms;
}

void deadline_init(struct deadline *deadline, struct vcpu *vcpu,
		   void (*fire)(struct deadline *deadline))
{
	deadline->vcpu = vcpu;
	deadline->fire = fire;
	deadline->when = UINT64_MAX;
}

void deadline_set(struct deadline *deadline, uint64_t when)
{
	for (uint32_t i = 0; i < ARRAY_COUNT(fake_vms); i++) {
		if (deadline == &fake_vms[i].ending) {
			assert_null(fake_sim.ends_on[i]);
			fake_sim.ends_on[i] = fake_sim.cpu;
			return;
		}
	}
	/* only the CPU of a VM's vCPU 0 has its restart's */
	assert_ptr_equal(deadline, &fake_sim.cpu->vm->restart);
	assert_int_equal(fake_sim.cpu->index, 0);
	deadline->when = when;
}

void deadline_cancel(struct deadline *deadline)
{
	assert_ptr_equal(deadline, &fake_sim.cpu->vm->restart);
	deadline->when = UINT64_MAX;
}

uint64_t deadline_frequency(void)
{
	return 1000;
}

uint64_t deadline_to_us(uint64_t ticks)
{
	return ticks;
}

int guest_translate(uint64_t va, uint64_t *ipa)
{
	*ipa = va - GIB(8);
	return va >= GIB(8) ? 0 : -EFAULT;
}

int guest_read(const struct vm *of, uint64_t ipa, void *buf, uint64_t size)
{
	assert_ptr_equal(of, &fake_vms[0]);
	assert_int_equal(size, 16);
	if (ipa + size > sizeof(fake_frames)) {
		return -EFAULT;
	}
	memcpy(buf, (const uint8_t *)fake_frames + ipa, size);
	return 0;
}

static void all_off(void)
{
	fake_sim.all_offs++;
}

/* -- set-up -- */

static const struct vdev_type device_type = {.reset = device_reset,
					     .busy = device_busy,
					     .lost = device_lost};

static const struct vdev_config device_config = {.name = "disk"};

static void make_vm(uint32_t id, uint32_t first, uint32_t count)
{
	static struct vdev devices[2];
	static bool registered[2];
	struct vm *it = &fake_vms[id];

	memset(it, 0, sizeof(*it));
	it->name = id == 0 ? "alpha" : "beta";
	it->id = id;
	it->vcpu = &table[first];
	it->vcpu_count = count;
	it->extent[0] = (struct vm_extent){FAKE_RAM, FAKE_RAM, MIB(64)};
	it->extent_count = 1;
	it->config = &fake_configs[id];
	fake_configs[id] = (struct vm_config){.name = it->name, .index = id, .restart_limit = 5};
	it->load.entry = FAKE_ENTRY;
	it->load.dtb = FAKE_DTB;
	it->vdev[0] = &devices[id];
	it->vdev_count = 1;
	devices[id].type = &device_type;
	devices[id].config = &device_config;
	devices[id].vm = it;
	spin_init(&it->lock, RANK_VM);
	for (uint32_t i = first; i < first + count; i++) {
		table[i] = &fake_vcpus[i];
		fake_vcpus[i].vm = it;
		fake_vcpus[i].index = i - first;
		fake_vcpus[i].cpu = i;
		fake_vcpus[i].sched.place = i;
		fake_vcpus[i].hold = VCPU_HOLD_OFF;
		list_init(&fake_vcpus[i].timer.wake.link);
		fake_vcpus[i].mpidr = BIT(31) | (i - first);
	}
	if (!registered[id]) {
		vm_register(it);
		registered[id] = true;
	}
}

int fake_life_set_up(void **state)
{
	(void)state;
	memset(fake_vcpus, 0, sizeof(fake_vcpus));
	memset(&fake_sim, 0, sizeof(fake_sim));
	memset(fake_frames, 0, sizeof(fake_frames));
	fake_said[0] = '\0';
	fake_sysreg_reset();
	fake_sim.now = 5000;
	fake_configs[FAKE_REFUSED] = (struct vm_config){.name = "gamma", .index = FAKE_REFUSED};
	make_vm(0, 0, FAKE_VCPUS);
	make_vm(1, FAKE_VCPUS, 1);
	life_set_all_off(all_off);
	printk_set_sink(listen);
	return 0;
}

void mux_note(struct log *log, const char *text, size_t len)
{
	(void)log;
	(void)text;
	(void)len;
}

/* -- from CPU to CPU: who takes its steps is the same -- */

int sched_place(struct vcpu *vcpu, uint32_t cpu, uint64_t beside)
{
	(void)beside;
	atomic_set(&vcpu->sched.place, cpu);
	vcpu_post(vcpu, VCPU_EVENT_PLACE);
	return 0;
}

int sched_set_priority(struct vcpu *vcpu, uint32_t priority, uint64_t beside)
{
	(void)beside;
	vcpu->sched.priority = priority;
	vcpu_post(vcpu, VCPU_EVENT_PLACE);
	return 0;
}

void vcpu_leave(struct vcpu *vcpu)
{
	assert_false(vcpu->loaded);
}

void vcpu_settle(struct vcpu *vcpu)
{
	others_go_on();
	(void)vcpu;
}

void sched_send(struct vcpu *vcpu, uint32_t place)
{
	assert_false(vcpu->loaded);
	vcpu->cpu = place;
	vcpu_post(vcpu, VCPU_EVENT_PLACE);
	fake_sim.sends++;
	others_go_on();
}

void sched_look_again(void)
{
}

void sched_measure(struct vcpu *vcpu, bool on)
{
	(void)vcpu;
	(void)on;
}

/* -- nothing is measured -- */

void times_take(struct vcpu *vcpu)
{
	(void)vcpu;
}

void times_look_again(void)
{
}

void times_leave(const struct vcpu *vcpu)
{
	(void)vcpu;
}

void vgic_link_follow(struct vcpu *vcpu)
{
	(void)vcpu;
	fake_sim.follows++;
}
