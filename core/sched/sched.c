/* SPDX-License-Identifier: Apache-2.0 */
/* What the run loop asks, and the CPU's timer for its next question. */
#include "core/sched/sched.h"

#include "core/arm64/barrier.h"
#include "core/arm64/features.h"
#include "core/arm64/pending.h"
#include "core/base/errno.h"
#include "core/base/percpu.h"
#include "core/base/spinlock.h"
#include "core/sched/policy.h"
#include "core/sched/share.h"
#include "core/vm/vm.h"
#include "irq/hw/gic.h"
#include "timer/deadline.h"

/* Two that hurry are so far apart where others want the CPU: a hundredth of it is what they get. */
#define URGENT_GAP_US 150
/* What of the way to another and back falls into the time of who is interrupted: 1,000
 * instructions. */
#define SWITCH_COST_US 1

PERCPU(struct sched_cpu, sched_cpu);

/* Of what CPUs promise to vCPUs. */
static struct spinlock promises = SPINLOCK_INIT(RANK_SCHED);

/*
 * Whether it sleeps in its guest or here, and how its CPU learns that others want it. Who posts
 * with the kick of before has raised its event before this CPU asks next: gic_send_sgi().
 */
static void set_traps(struct sched_cpu *cpu)
{
	bool shared = cpu->shared;

	POLICY_EACH(cpu, vcpu)
	{
		vcpu_trap_waits(vcpu, shared);
		atomic_set(&vcpu->cpu_kick,
			   gic_sgi_to(shared ? GIC_SGI_SCHED : GIC_SGI_KICK, vcpu->cpu_mpidr));
	}
	dmb(ish);
	policy_set_leads(cpu);
}

/* From now on the CPU has choices. */
static void share(struct sched_cpu *cpu)
{
	if (!cpu->shared) {
		policy_begin(cpu, deadline_now());
	}
	atomic_set_release(&cpu->shared, true);
	set_traps(cpu);
}

static bool has_choices(const struct sched_cpu *cpu)
{
	return cpu->count > 1 || cpu->window_count != 0 || policy_is_measured(cpu) ||
	       (cpu->first != NULL && cpu->first->sched.budget != 0);
}

/* Its vCPUs are others than before. */
static void look_again(struct sched_cpu *cpu)
{
	if (has_choices(cpu)) {
		share(cpu);
		return;
	}
	/* its time is not counted from now on */
	if (cpu->current != NULL) {
		atomic_set(&cpu->current->sched.ran, policy_ran(cpu, cpu->current, deadline_now()));
	}
	cpu->shared = false;
	deadline_cancel(&cpu->timer);
	cpu->armed = UINT64_MAX;
	set_traps(cpu);
}

/* The moment has come for which it was set: ask again on the way on. */
static void timer_fired(struct deadline *deadline)
{
	struct vcpu *loaded = vcpu_loaded();
	struct sched_cpu *cpu = CONTAINER_OF(deadline, struct sched_cpu, timer);

	cpu->armed = UINT64_MAX;
	cpu->standing = NULL;
	deadline_yield_to(DEADLINE_WHO_SCHED);
	if (loaded != NULL) {
		vcpu_post(loaded, VCPU_EVENT_SCHED);
	}
}

static struct sched_cpu *cpu_of(uint32_t index)
{
	struct sched_cpu *cpu = percpu_of(sched_cpu, index);

	if (cpu->timer.fire == NULL) {
		deadline_init(&cpu->timer, NULL, timer_fired);
		cpu->switch_cost = (int64_t)deadline_from_us(SWITCH_COST_US);
		cpu->urgent_gap = deadline_from_us(URGENT_GAP_US);
		cpu->lead = deadline_from_us(DEADLINE_LEAD_US);
		cpu->armed = UINT64_MAX;
	}
	return cpu;
}

const struct sched_cpu *sched_state_of(uint32_t cpu)
{
	return percpu_of(sched_cpu, cpu);
}

static void promise(struct sched_cpu *cpu, const struct vcpu *vcpu)
{
	uint32_t vm = vcpu->vm->config->index;

	cpu->promised += vcpu->sched.share;
	cpu->promised_count++;
	cpu->promised_of[vm]++;
	cpu->promised_vms |= BIT(vm);
}

static void take_back(struct sched_cpu *cpu, const struct vcpu *vcpu)
{
	uint32_t vm = vcpu->vm->config->index;

	cpu->promised -= vcpu->sched.share;
	cpu->promised_count--;
	cpu->promised_of[vm]--;
	if (cpu->promised_of[vm] == 0) {
		cpu->promised_vms &= ~BIT(vm);
	}
}

int sched_add(struct vcpu *vcpu)
{
	struct sched_cpu *cpu = cpu_of(vcpu->cpu);

	if (cpu->count == SCHED_VCPU_MAX) {
		return -EBUSY;
	}
	vcpu->sched.share = share_of_budget(&vcpu->vm->config->vcpu[vcpu->index]);
	/* nobody is sent anywhere yet */
	promise(cpu, vcpu);
	cpu->home_vms |= BIT(vcpu->vm->config->index);
	vcpu->sched.place = vcpu->cpu;
	policy_add(cpu, vcpu);
	if (has_choices(cpu)) {
		share(cpu);
	}
	return 0;
}

void sched_set_windows(const struct schedule_config *schedule, const uint64_t *length,
		       struct vm *const *owner)
{
	struct sched_cpu *cpu = cpu_of(schedule->cpu);

	cpu->schedule = schedule;
	cpu->window_length = length;
	cpu->window_owner = owner;
	cpu->window_count = schedule->window_count;
	/* their ends are nobody's to put off */
	cpu->timer.rank = UINT32_MAX;
	cpu->major = 0;
	for (uint32_t i = 0; i < schedule->window_count; i++) {
		cpu->major += length[i];
	}
	share(cpu);
}

/* For when the answer may be another one. A timer that fires sooner stays: where choices change
 * often it is set once in a slice, and asks once for nothing. */
static inline void arm(struct sched_cpu *cpu, uint64_t when)
{
	if (when < cpu->armed) {
		cpu->armed = when;
		deadline_set(&cpu->timer, when);
	}
}

static inline struct vcpu *pick_anew(struct sched_cpu *cpu)
{
	struct vcpu *loaded = vcpu_loaded(), *next;
	uint64_t now;

	/* deadline_now(), in line: measured */
	isb();
	now = sysreg_read(cntpct_el0);
	if (loaded != NULL && (atomic_read(&loaded->events) & VCPU_EVENT_SCHED) != 0) {
		atomic_fetch_and(&loaded->events, ~(uint32_t)VCPU_EVENT_SCHED);
	}
	next = policy_choose(cpu, now);
	cpu->standing = next;
	arm(cpu, cpu->until);
	return next;
}

static struct vcpu *__attribute__((noinline)) pick_standing(struct sched_cpu *cpu)
{
	return policy_is_ready(cpu->standing) ? cpu->standing : pick_anew(cpu);
}

static inline struct vcpu *pick_shared(struct sched_cpu *cpu)
{
	return cpu->standing != NULL ? pick_standing(cpu) : pick_anew(cpu);
}

struct vcpu *sched_pick(void)
{
	struct sched_cpu *cpu = &this_cpu(sched_cpu);

	if (atomic_read_acquire(&cpu->shared)) {
		return pick_shared(cpu);
	}
	return cpu->first != NULL && policy_is_ready(cpu->first) ? cpu->first : NULL;
}

bool sched_await_window(const struct sched_cpu *cpu)
{
	while (deadline_now() < cpu->window_begin) {
		if (irq_is_pending()) {
			return false;
		}
		cpu_yield();
	}
	return true;
}

void sched_give_way(struct vcpu *vcpu)
{
	struct sched_cpu *cpu = &this_cpu(sched_cpu);

	/* one that was alone until now has not been chosen yet */
	if (cpu->shared && cpu->current == vcpu) {
		cpu->standing = NULL;
		policy_yield(cpu, vcpu);
	}
}

void sched_look_again(void)
{
	struct sched_cpu *cpu = cpu_of(this_cpu(cpu_index));

	cpu->standing = NULL;
	if (has_choices(cpu) != cpu->shared) {
		look_again(cpu);
	} else {
		policy_set_leads(cpu);
	}
}

void sched_measure(struct vcpu *vcpu, bool on)
{
	struct sched_cpu *cpu = percpu_of(sched_cpu, atomic_read(&vcpu->cpu));

	/* it may be about to leave: what is left behind holds for it alone */
	if (on ? atomic_read(&cpu->first) != vcpu : atomic_read(&cpu->measured_of) != vcpu) {
		return;
	}
	atomic_set(&cpu->measured_of, vcpu);
	cpu->measured_ran = policy_ran(cpu, vcpu, deadline_now());
	atomic_set_release(&cpu->measured, on ? deadline_now() : 0);
	vcpu_post(vcpu, VCPU_EVENT_PLACE);
}

/* -- from CPU to CPU -- */

/* What all of a VM's budgets on a CPU are, `more` with them. */
static uint64_t asked_by(const struct vm *vm, uint32_t cpu, uint64_t more)
{
	for (uint32_t i = 0; i < vm->vcpu_count; i++) {
		if (vm->vcpu[i]->sched.place == cpu) {
			more += vm->vcpu[i]->sched.share;
		}
	}
	return more;
}

/* Windows of its VM are there, and enough for the VM's budgets with this one's. */
static int fits_windows(const struct vcpu *vcpu, uint32_t to)
{
	const struct schedule_config *schedule = percpu_of(sched_cpu, to)->schedule;
	uint64_t windows, more = vcpu->sched.share;

	if (schedule == NULL) {
		return 0;
	}
	windows = share_of_windows(schedule, (int32_t)vcpu->vm->config->index);
	if (windows == 0) {
		return -EFAULT;
	}
	return more != 0 && asked_by(vcpu->vm, to, more) > windows ? -EDQUOT : 0;
}

static const struct vcpu_config *config_of(const struct vcpu *vcpu)
{
	return &vcpu->vm->config->vcpu[vcpu->index];
}

/* Whoever may come back without being refused counts as if it were there. */
static bool has_strangers_locked(uint32_t index, uint64_t beside)
{
	const struct sched_cpu *cpu = percpu_of(sched_cpu, index);

	SPIN_ASSERT_HELD(&promises);
	return ((cpu->promised_vms | cpu->home_vms) & ~beside) != 0;
}

/* Strangers put up with what the config has: that vCPU there, no more urgent. */
static bool may_go_locked(const struct vcpu *vcpu, uint32_t to, uint64_t beside)
{
	const struct vcpu_config *own = config_of(vcpu);

	return !has_strangers_locked(to, beside) ||
	       (to == own->cpu && atomic_read(&vcpu->sched.priority) <= own->priority);
}

/* And a lower priority than before, whoever gave it that. */
static bool may_urge_locked(const struct vcpu *vcpu, uint32_t priority, uint64_t beside)
{
	return !has_strangers_locked(vcpu->sched.place, beside) ||
	       priority <= MAX(config_of(vcpu)->priority, vcpu->sched.priority);
}

static int promise_locked(struct vcpu *vcpu, uint32_t to)
{
	struct sched_cpu *cpu = percpu_of(sched_cpu, to);
	uint64_t more = vcpu->sched.share;
	int err;

	SPIN_ASSERT_HELD(&promises);
	err = fits_windows(vcpu, to);
	if (err != 0) {
		return err;
	}
	if (cpu->promised_count == SCHED_VCPU_MAX) {
		return -ENOSPC;
	}
	if (more != 0 && cpu->promised + more > SHARE_WHOLE) {
		return -E2BIG;
	}
	take_back(percpu_of(sched_cpu, vcpu->sched.place), vcpu);
	promise(cpu, vcpu);
	atomic_set(&vcpu->sched.place, to);
	return 0;
}

int sched_place(struct vcpu *vcpu, uint32_t to, uint64_t beside)
{
	bool there;
	int err = 0;

	/* where one is not up, the boot CPU's data is found */
	if (to >= PERCPU_CPU_MAX || *percpu_of(cpu_index, to) != to) {
		return -ENODEV;
	}
	if (percpu_of(cpu_id, to)->midr != vcpu->midr) {
		return -EINVAL;
	}
	spin_lock(&promises);
	there = vcpu->sched.place == to;
	if (!there) {
		err = may_go_locked(vcpu, to, beside) ? promise_locked(vcpu, to) : -EACCES;
	}
	spin_unlock(&promises);
	if (err == 0 && !there) {
		vcpu_post(vcpu, VCPU_EVENT_PLACE);
	}
	return err;
}

int sched_set_priority(struct vcpu *vcpu, uint32_t priority, uint64_t beside)
{
	bool may, differs;

	/* with the lock nobody moves beside it meanwhile, nor it beside somebody */
	spin_lock(&promises);
	may = may_urge_locked(vcpu, priority, beside);
	differs = may && vcpu->sched.priority != priority;
	if (differs) {
		atomic_set(&vcpu->sched.priority, priority);
	}
	spin_unlock(&promises);
	if (differs) {
		/* its CPU asks again on the way on */
		vcpu_post(vcpu, VCPU_EVENT_PLACE);
	}
	return may ? 0 : -EACCES;
}

void sched_send(struct vcpu *vcpu, uint32_t place)
{
	struct sched_cpu *from = &this_cpu(sched_cpu), *to = percpu_of(sched_cpu, place);
	uint64_t mpidr = percpu_of(cpu_id, place)->mpidr;
	const uint64_t kick = gic_sgi_to(GIC_SGI_SCHED, mpidr);

	policy_remove(from, vcpu, deadline_now());
	look_again(from);
	vcpu->cpu = place;
	vcpu->cpu_mpidr = mpidr;
	atomic_set(&vcpu->cpu_kick, kick);
	/* who posts with the kick of before has raised its event: it is seen where the vCPU arrives
	 */
	dmb(ish);
	atomic_fetch_or(&vcpu->events, VCPU_EVENT_PLACE);
	do {
		vcpu->sched.next = atomic_read(&to->arriving);
	} while (!atomic_replace(&to->arriving, vcpu->sched.next, vcpu));
	/* from here on it is that CPU's */
	gic_send_sgi(&kick);
}

static void __attribute__((noinline)) receive(void)
{
	struct sched_cpu *cpu = cpu_of(this_cpu(cpu_index));
	struct vcpu *vcpu = atomic_exchange(&cpu->arriving, NULL), *next;

	for (; vcpu != NULL; vcpu = next) {
		next = vcpu->sched.next;
		policy_add(cpu, vcpu);
	}
	look_again(cpu);
}

void sched_kicked(void)
{
	struct sched_cpu *cpu = &this_cpu(sched_cpu);
	struct vcpu *loaded = vcpu_loaded();

	cpu->standing = NULL;
	if (unlikely(atomic_read(&cpu->arriving) != NULL)) {
		receive();
	}
	POLICY_EACH(cpu, vcpu)
	{
		if (vcpu != loaded && vcpu_has_events(vcpu)) {
			deadline_yield_to(vcpu->vm->id);
			if (loaded != NULL) {
				vcpu_post(loaded, VCPU_EVENT_SCHED);
			}
			return;
		}
	}
}
