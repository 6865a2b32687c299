/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the scheduler: the decision. Pure: a CPU's state and the time are its arguments. */
#ifndef CORE_SCHED_POLICY_H
#define CORE_SCHED_POLICY_H

#include "core/sched/sched.h"
#include "timer/deadline_types.h"

/* One physical CPU's. Owner: that CPU; filled at boot. */
struct sched_cpu {
	bool shared; /* it has choices: several vCPUs, windows or a budget */
	uint32_t count;
	struct vcpu *first;	       /* of its vCPUs, in the order in which they were added */
	const uint64_t *window_length; /* ticks */
	struct vm *const *window_owner;
	uint32_t window_count;
	uint64_t major; /* ticks: all windows */

	struct vcpu *current; /* chosen last; NULL: none */
	bool in_turn;	      /* it keeps the CPU among equals */
	bool in_background;   /* it runs beyond its budget */
	uint64_t since;	      /* what it had before has been charged */
	uint64_t ticket;      /* given last */
	uint64_t window_end;  /* UINT64_MAX without windows */
	struct deadline timer;
	uint64_t armed; /* when the timer is to fire; UINT64_MAX: not set */
};

#define POLICY_EACH(cpu, at) for (struct vcpu *at = (cpu)->first; at != NULL; at = at->sched.next)

/* It has something to do: events, a job, or a guest that can go on. */
bool policy_is_ready(const struct vcpu *vcpu);

/* Who is to run from `now` on; charges who ran until now. NULL: nobody. */
struct vcpu *policy_choose(struct sched_cpu *cpu, uint64_t now);

/* Until when that choice stands if nobody becomes ready; UINT64_MAX: for ever. After
 * policy_choose(). */
uint64_t policy_until(const struct sched_cpu *cpu, uint64_t now);

void policy_yield(struct sched_cpu *cpu, struct vcpu *vcpu);

#endif
