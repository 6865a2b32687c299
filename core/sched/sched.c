/* SPDX-License-Identifier: Apache-2.0 */
/* What the run loop asks, and the CPU's timer for its next question. */
#include "core/sched/sched.h"

#include "core/base/errno.h"
#include "core/base/percpu.h"
#include "core/sched/policy.h"
#include "core/vm/vm.h"
#include "irq/hw/gic.h"
#include "timer/deadline.h"

static PERCPU(struct sched_cpu, sched_cpu);

/* From now on the CPU has choices. */
static void share(struct sched_cpu *cpu)
{
	POLICY_EACH(cpu, vcpu)
	{
		vcpu->sched.hcr = HCR_TWI | HCR_TWE;
		vcpu->cpu_kick = gic_sgi_to(GIC_SGI_SCHED, vcpu->cpu_mpidr);
	}
	atomic_set_release(&cpu->shared, true);
}

/* The moment has come for which it was set: ask again on the way on. */
static void timer_fired(struct deadline *deadline)
{
	struct vcpu *loaded = vcpu_loaded();

	CONTAINER_OF(deadline, struct sched_cpu, timer)->armed = UINT64_MAX;
	if (loaded != NULL) {
		vcpu_post(loaded, VCPU_EVENT_SCHED);
	}
}

static struct sched_cpu *cpu_of(uint32_t index)
{
	struct sched_cpu *cpu = percpu_of(sched_cpu, index);

	if (cpu->timer.fire == NULL) {
		deadline_init(&cpu->timer, timer_fired);
		cpu->armed = UINT64_MAX;
	}
	return cpu;
}

const struct sched_cpu *sched_state_of(uint32_t cpu)
{
	return percpu_of(sched_cpu, cpu);
}

int sched_add(struct vcpu *vcpu)
{
	struct sched_cpu *cpu = cpu_of(vcpu->cpu);
	struct vcpu **end = &cpu->first;

	if (cpu->count == SCHED_VCPU_MAX) {
		return -EBUSY;
	}
	vcpu->sched.slice_left = vcpu->sched.slice;
	vcpu->sched.next = NULL;
	while (*end != NULL) {
		end = &(*end)->sched.next;
	}
	/* the CPU may look at its list meanwhile, and finds nobody ready */
	atomic_set_release(end, vcpu);
	cpu->count++;
	if (cpu->count > 1 || cpu->window_count != 0 || vcpu->sched.budget != 0) {
		share(cpu);
	}
	return 0;
}

void sched_set_windows(uint32_t index, const uint64_t *length, struct vm *const *owner,
		       uint32_t count)
{
	struct sched_cpu *cpu = cpu_of(index);

	cpu->window_length = length;
	cpu->window_owner = owner;
	cpu->window_count = count;
	cpu->major = 0;
	for (uint32_t i = 0; i < count; i++) {
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

static struct vcpu *pick_shared(struct sched_cpu *cpu)
{
	struct vcpu *loaded = vcpu_loaded(), *next;
	uint64_t now = deadline_now();

	if (loaded != NULL && (atomic_read(&loaded->events) & VCPU_EVENT_SCHED) != 0) {
		atomic_fetch_and(&loaded->events, ~(uint32_t)VCPU_EVENT_SCHED);
	}
	next = policy_choose(cpu, now);
	arm(cpu, cpu->until);
	return next;
}

struct vcpu *sched_pick(void)
{
	struct sched_cpu *cpu = &this_cpu(sched_cpu);

	if (atomic_read_acquire(&cpu->shared)) {
		return pick_shared(cpu);
	}
	return cpu->first != NULL && policy_is_ready(cpu->first) ? cpu->first : NULL;
}

void sched_give_way(struct vcpu *vcpu)
{
	struct sched_cpu *cpu = &this_cpu(sched_cpu);

	if (cpu->shared) {
		policy_yield(cpu, vcpu);
	}
}

void sched_kicked(void)
{
	const struct sched_cpu *cpu = &this_cpu(sched_cpu);
	struct vcpu *loaded = vcpu_loaded();

	if (loaded == NULL) {
		return;
	}
	POLICY_EACH(cpu, vcpu)
	{
		if (vcpu != loaded && vcpu_has_events(vcpu)) {
			vcpu_post(loaded, VCPU_EVENT_SCHED);
			return;
		}
	}
}
