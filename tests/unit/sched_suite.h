/* SPDX-License-Identifier: Apache-2.0 */
/* A CPU that is simulated tick by tick: who is chosen runs until the choice no longer stands or
 * somebody's state changes, as hardware would have it. For test_sched*.c */
#ifndef TESTS_UNIT_SCHED_SUITE_H
#define TESTS_UNIT_SCHED_SUITE_H

#include <string.h>

#include "core/sched/policy.h"
#include "core/vm/vm.h"
#include "tests/unit/random.h"
#include "tests/unit/unit.h"

#define VCPUS 8
#define SLICE 1000

static struct sched_cpu cpu;
static struct vcpu vcpus[VCPUS];
static struct vm vms[VCPUS];
static uint64_t waited[VCPUS][SCHED_HAD(VCPUS)];
static uint64_t now, idle;
static uint64_t owed[VCPUS][SCHED_HAD(VCPUS)]; /* what `waited` should say: counted by run() */

static inline int set_up(void **state)
{
	(void)state;
	memset(&cpu, 0, sizeof(cpu));
	memset(vcpus, 0, sizeof(vcpus));
	memset(vms, 0, sizeof(vms));
	memset(waited, 0, sizeof(waited));
	memset(owed, 0, sizeof(owed));
	cpu.shared = true;
	cpu.armed = UINT64_MAX;
	now = 1000000;
	cpu.since = now;
	idle = 0;
	return 0;
}

static inline struct sched_vcpu *add(uint32_t vm, uint32_t priority)
{
	struct vcpu *vcpu = &vcpus[cpu.count];

	vcpu->vm = &vms[vm];
	vms[vm].id = vm;
	vcpu->sched.waited = waited[cpu.count];
	vcpu->sched.had = SCHED_HAD(vm);
	vms[vm].vcpu_count++;
	for (uint32_t i = 0; i <= cpu.count; i++) {
		vcpus[i].sched.has_mates = vcpus[i].vm->vcpu_count > 1;
	}
	vcpu->sched.priority = priority;
	vcpu->sched.slice = SLICE;
	vcpu->hold = VCPU_HOLD_STANDBY;
	policy_add(&cpu, vcpu);
	return &vcpu->sched;
}

static inline struct sched_vcpu *add_budget(uint32_t vm, uint32_t priority, uint64_t budget,
					    uint64_t period)
{
	struct sched_vcpu *s = add(vm, priority);

	s->budget = budget;
	s->period = period;
	cpu.budget_count++;
	return s;
}

static inline void ready(uint32_t i, bool is)
{
	vcpus[i].hold = is ? 0 : VCPU_HOLD_STANDBY;
}

static inline struct vcpu *choose(void)
{
	return policy_choose(&cpu, now);
}

/* In `waited`, by whose time it is. */
static inline uint32_t whose(const struct vcpu *who)
{
	return who == NULL ? SCHED_HAD_NOBODY : SCHED_HAD(who->vm->id);
}

static inline bool waits(uint32_t i, const struct vcpu *who)
{
	return vcpus[i].vm != NULL && vcpus[i].hold == 0 && &vcpus[i] != who;
}

/* Time goes on for `ticks`; the scheduler is asked when its timer says. */
static inline void run(uint64_t ticks)
{
	uint64_t end = now + ticks;

	while (now < end) {
		struct vcpu *who = choose();
		uint64_t until = MIN(cpu.until, end);

		assert_true(until > now);
		idle += who == NULL ? until - now : 0;
		for (uint32_t i = 0; i < VCPUS; i++) {
			owed[i][whose(who)] += waits(i, who) ? until - now : 0;
		}
		now = until;
	}
	choose();
}

static inline uint64_t ran(uint32_t i)
{
	return vcpus[i].sched.ran;
}

/* What it has waited since it waits is added when it runs. */
static inline uint64_t stolen(uint32_t i)
{
	const struct vcpu *vcpu = &vcpus[i];

	return vcpu->sched.stolen +
	       (vcpu->hold == 0 && cpu.current != vcpu ? now - vcpu->sched.waits_since : 0);
}

#endif
