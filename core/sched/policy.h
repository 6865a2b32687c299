/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the scheduler: the decision. Pure: a CPU's state and the time are its arguments. */
#ifndef CORE_SCHED_POLICY_H
#define CORE_SCHED_POLICY_H

#include "core/sched/sched.h"
#include "timer/deadline_types.h"

/* One physical CPU's. Owner: that CPU; filled at boot. */
struct sched_cpu {
	bool shared; /* it has choices (several vCPUs, windows or a budget), or is measured */
	/* atomic; ticks since when its only vCPU's idle time is measured as if it had choices, and
	 * what that had run until then; 0: it is not */
	uint64_t measured, measured_ran;
	uint32_t count;
	struct vcpu *first;    /* of its vCPUs, in the order in which they were added */
	struct vcpu *arriving; /* atomic: those sent here, the last one first */
	/* what its config says of its windows; NULL: it has none */
	const struct schedule_config *schedule;
	const uint64_t *window_length; /* ticks */
	struct vm *const *window_owner;
	uint32_t window_count;
	uint64_t major; /* ticks: all windows */

	struct vcpu *current; /* chosen last; NULL: none */
	bool in_turn;	      /* it keeps the CPU among equals */
	bool in_background;   /* it runs beyond its budget */
	uint64_t since;	      /* what it had before has been charged */
	uint64_t ticket;      /* given last */
	uint64_t window_end;  /* with windows: of this one, and whose it is */
	const struct vm *window_vm;
	uint32_t ready_count; /* as it was seen last */
	uint64_t renewal;     /* when the first that waits for it has a budget again */
	/* one that is stopped, moved or looked at goes first; between two of them who is before
	 * them has so many ticks. Constant; and until when that is */
	uint64_t urgent_gap, urgent_from;
	struct deadline timer;
	uint64_t armed; /* when the timer is to fire; UINT64_MAX: not set */
	/* given to vCPUs that are here or on their way, in 2^-32; with sched.c's lock */
	uint64_t promised;
	uint32_t promised_count;
	/* The choice stands until then if nobody becomes ready; no later than `armed`. UINT64_MAX:
	 * for ever */
	uint64_t until;
};

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

/* Ticks that the CPU's only vCPU did not want of the last *span, since sched_measure() was called;
 * *span is 0 where nothing is measured. Any CPU. */
uint64_t policy_idle(const struct sched_cpu *cpu, uint64_t now, uint64_t *span);

/* The CPU has choices from `now` on; until then nobody's time was counted. */
void policy_begin(struct sched_cpu *cpu, uint64_t now);

/* Behind its equals, with a whole slice. */
static inline void policy_to_the_end(struct sched_cpu *cpu, struct sched_vcpu *s)
{
	s->ticket = ++cpu->ticket;
	s->slice_left = s->slice;
}

/* One of the VM of `vcpu`, which gives way, that did not and may hold the lock that this one waits
 * for, goes first among equals. */
void policy_let_heir_go_first(struct sched_cpu *cpu, const struct vcpu *vcpu);

/* The same, and those of its VM have turns too. It runs. In line: measured. */
static inline void policy_end_turn(struct sched_cpu *cpu, struct vcpu *vcpu, enum sched_turn how)
{
	policy_to_the_end(cpu, &vcpu->sched);
	vcpu->sched.turn = (uint8_t)how;
	cpu->in_turn = false;
}

static inline void policy_yield(struct sched_cpu *cpu, struct vcpu *vcpu)
{
	policy_end_turn(cpu, vcpu, SCHED_TURN_GIVEN);
	if (unlikely(vcpu->sched.has_mates)) {
		policy_let_heir_go_first(cpu, vcpu);
	}
}

#endif
