/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the scheduler: the decision. Pure: a CPU's state and the time are its arguments. */
#ifndef CORE_SCHED_POLICY_H
#define CORE_SCHED_POLICY_H

#include "core/sched/sched.h"

#define POLICY_EACH(cpu, at) for (struct vcpu *at = (cpu)->first; at != NULL; at = at->sched.next)

/* That of a CPU that is up; another CPU may only look, and finds it as it is just now. */
const struct sched_cpu *sched_state_of(uint32_t cpu);

/* It has something to do: events, a job, or a guest that can go on. */
bool policy_is_ready(const struct vcpu *vcpu);

/* Who is to run from `now` on, and `until` when; charges who ran until now. NULL: nobody. */
struct vcpu *policy_choose(struct sched_cpu *cpu, uint64_t now);

/* It comes to this CPU, and leaves it. */
void policy_add(struct sched_cpu *cpu, struct vcpu *vcpu);
void policy_remove(struct sched_cpu *cpu, struct vcpu *vcpu, uint64_t now);

/* Is the idle time of who is first here? It was asked for of one vCPU, which may have gone. */
static inline bool policy_is_measured(const struct sched_cpu *cpu)
{
	return atomic_read_acquire(&cpu->measured) != 0 &&
	       atomic_read(&cpu->measured_of) == atomic_read(&cpu->first);
}

/* Ticks that the CPU's only vCPU did not want of the last *span, since sched_measure() was called;
 * *span is 0 where nothing is measured. Any CPU. */
uint64_t policy_idle(const struct sched_cpu *cpu, uint64_t now, uint64_t *span);

/* Its vCPUs, or their priorities, are others than before: who begins before its timer is due. */
void policy_set_leads(struct sched_cpu *cpu);

/* Ticks that it has had the CPU until `now`, which is its own and shared, what has not been charged
 * yet with it. Any CPU: as it is just now. */
uint64_t policy_ran(const struct sched_cpu *cpu, const struct vcpu *vcpu, uint64_t now);

/* The CPU has choices from `now` on; until then nobody's time was counted. */
void policy_begin(struct sched_cpu *cpu, uint64_t now);

/* One of the VM of `vcpu`, which gives way, that did not and may hold the lock that this one waits
 * for, goes first among equals. */
void policy_let_heir_go_first(struct sched_cpu *cpu, const struct vcpu *vcpu);

/* Who runs goes behind those of its VM, and whose turn it is behind its equals; what it has of
 * turns from now on it shares. In line: measured. */
static inline void policy_end_turn(struct sched_cpu *cpu, enum sched_turn how)
{
	struct sched_vcpu *s = &cpu->current->sched, *donor = &cpu->donor->sched;

	donor->ticket = s->own_ticket = ++cpu->ticket;
	donor->slice_left = donor->slice;
	s->slice_left = s->slice;
	s->turn = (uint8_t)how;
	cpu->in_turn = false;
}

/* It runs. */
static inline void policy_yield(struct sched_cpu *cpu, struct vcpu *vcpu)
{
	policy_end_turn(cpu, SCHED_TURN_GIVEN);
	if (unlikely(vcpu->sched.has_mates)) {
		policy_let_heir_go_first(cpu, vcpu);
	}
}

#endif
