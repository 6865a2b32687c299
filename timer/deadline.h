/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One queue of deadlines per physical CPU, on the EL2 physical timer (CNTHP).
 *
 * A deadline belongs to the CPU that set it until it fires or is cancelled there; its function runs
 * on that CPU, from the timer's interrupt, without locks. Owner: the CPU. One that is a vCPU's goes
 * with it to another CPU. Time is CNTPCT_EL0, in ticks.
 *
 * What fires wakes a vCPU or asks the scheduler again, in a hundred instructions or so. Longer
 * work, EL2's own and that of devices, is patient: one of them at a time, behind all other
 * deadlines that are due, and then none for DEADLINE_GAP_US; nor for so long behind a wake-up, so
 * that none comes between it and its guest; nor for DEADLINE_LEAD_US before one. Each VM puts one
 * off only once: nobody keeps EL2 from its work.
 *
 * Who waits at EL2 for a moment has it quiet: others' deadlines fire a little later.
 */
#ifndef TIMER_DEADLINE_H
#define TIMER_DEADLINE_H

#include "timer/deadline_types.h"

/* `vcpu`: who alone sets it; NULL: it is some CPU's. */
void deadline_init(struct deadline *deadline, struct vcpu *vcpu,
		   void (*fire)(struct deadline *deadline));

#define DEADLINE_GAP_US 20
/*
 * What begins so much before a moment is over then: a step of EL2, which is 2,000 instructions, and
 * a switch to another vCPU, which is 2,000 at most.
 */
#define DEADLINE_LEAD_US 5

/* Behind deadline_init(): it may wait for others, and takes two thousand instructions at most. */
static inline void deadline_is_patient(struct deadline *deadline)
{
	deadline->patient = true;
}

/* (Re)arms it on this CPU. One that is armed on another CPU is left as it is. */
void deadline_set(struct deadline *deadline, uint64_t when);

/* On the CPU it was set on, or when it is armed nowhere. */
void deadline_cancel(struct deadline *deadline);

/* Who patient ones of a CPU yield to: a VM, by its id, or its timers; or whose turn the scheduler's
 * timer is. */
#define DEADLINE_WHO_TIMER(id) (64 + (id))
#define DEADLINE_WHO_SCHED     128
#define DEADLINE_WHO_MAX       192

/* One of these is woken, and on its way into its guest: no patient deadline fires meanwhile, unless
 * the first has waited for the same before. This CPU. */
void deadline_yield_to(uint32_t who);

/* Behind deadline_init(): this one wakes `who`. */
static inline void deadline_wakes(struct deadline *deadline, uint32_t who)
{
	deadline->who = who;
}

/* One of these will be woken then: no patient one begins right before, as above. This CPU. */
void deadline_announce(uint64_t when, uint32_t who);

/* What is waited for comes then: nothing fires for a microsecond before, and two behind, but `own`,
 * which may be what is waited for and lasts, and what has a higher rank. This CPU. */
void deadline_be_quiet(uint64_t when, const struct deadline *own, uint32_t rank);

/* A vCPU leaves this CPU: its deadlines into `bag`; and comes to this one, with what it has. */
void deadline_leave(const struct vcpu *vcpu, struct list_node *bag);
void deadline_arrive(struct list_node *bag);

/* This CPU's queue and timer; each CPU, before deadline_set(). */
void deadline_cpu_init(void);

/* The timer's interrupt. */
void deadline_interrupt(void);

/* Ticks now, per second, and for so many milli- or microseconds, which are hours at most. */
uint64_t deadline_now(void);
uint64_t deadline_frequency(void);
uint64_t deadline_from_ms(uint64_t ms);
uint64_t deadline_from_us(uint64_t us);

/* Microseconds of so many ticks; no overflow for any count. */
uint64_t deadline_to_us(uint64_t ticks);

#endif
