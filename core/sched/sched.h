/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who runs on this CPU. The run loop asks; what is behind the interface is policy.
 *
 * A CPU with one vCPU, no budget and no windows belongs to it: no tick, WFI untrapped. Any other
 * CPU is shared, and this is the order in which its vCPUs that are ready get it:
 *
 *   1. windows   in a window of a VM only that VM's vCPUs, in an idle one none
 *   2. priority  higher first
 *   3. budgets   among equals those with a budget, earliest deadline first; a vCPU that has used up
 *                its budget waits for its next period, or runs in the background of all others
 *   4. turns     among equals without: one slice each, in the order in which they became ready
 *
 * A vCPU that has run for a slice and is still ready shares its turns with those of its own VM,
 * whatever their priority: one of them may hold the lock that it spins on. Who runs in its place
 * does so by its priority, on its budget and its slice: other VMs see one vCPU, the donor. Not one
 * that is within its budget, which is sure, unless it gives way. One that gives way lets those go
 * first that were cut off in the middle of their turn, past each other VM once between two turns of
 * that one: who gave way, too, or has just woken up, holds no lock.
 *
 * Who takes the CPU from others, because its timer is due or its window begins, is given it sooner,
 * by DEADLINE_LEAD_US, and waits at EL2 until it is time: what EL2 does just then for those others,
 * and the switch from them, do not make it late.
 *
 * Budgets are constant bandwidth servers (hard reservations): `budget` in each `period`, which
 * begins when the vCPU becomes ready; what it did not use when it becomes ready again stays as far
 * as its share of the time until the deadline allows, else a new period begins. So vCPUs with
 * budgets of one priority all get theirs where the sum of budget / period is at most 1. Who
 * interrupts another pays for the switches from its budget into that one's.
 *
 * Ready is what a vCPU's words say (events, job, hold), not a state of its own. Owner of
 * everything: the CPU; no lock. Others post and kick.
 *
 * A vCPU can be sent to another CPU: sched_place() promises it a place there and posts
 * VCPU_EVENT_PLACE; its owner takes it off its list, the new one finds it among those that arrive
 * and is its owner from then on. Promises, and priorities, change under a lock of their own (rank
 * sched): who may be put beside whom depends on both.
 */
#ifndef CORE_SCHED_SCHED_H
#define CORE_SCHED_SCHED_H

#include "core/config/config_types.h"
#include "core/vm/vcpu.h"

#define SCHED_VCPU_MAX	   64 /* of one CPU */
#define SCHED_WINDOW_MAX   64
#define SCHED_PRIORITY_MAX 255
#define SCHED_ANYBODY	   UINT64_MAX /* beside any VM */

/* Gives the vCPU to its CPU; what vcpu->sched is to be stands in it. Boot CPU, before the CPU
 * enters the run loop. -EBUSY: the CPU has SCHED_VCPU_MAX already. */
int sched_add(struct vcpu *vcpu);

/* A cyclic schedule, as its config has it: of each window also its length in ticks, and whose it
 * is, NULL for nobody's. All of it stays the caller's, constant. The first begins at tick 0 of the
 * counter. Boot CPU, before the CPU enters the run loop. */
void sched_set_windows(const struct schedule_config *schedule, const uint64_t *length,
		       struct vm *const *owner);

PERCPU_DECLARE(struct sched_cpu, sched_cpu);

/*
 * Somebody posts to a vCPU of this CPU, which is at EL2: the choice is over, and the one that is on
 * its way into its guest, or else is loaded, goes by the run loop.
 */
static inline void sched_note_post(struct vcpu *vcpu, struct vcpu *loaded)
{
	struct sched_cpu *cpu = &this_cpu(sched_cpu);
	struct vcpu *standing = cpu->standing;
	struct vcpu *next = standing != NULL ? standing : loaded;

	if (vcpu != standing) {
		cpu->standing = NULL;
	}
	if (vcpu != next && next != NULL) {
		atomic_fetch_or(&next->events, VCPU_EVENT_SCHED);
	}
}

/* Would it be chosen again that was last, and has nobody posted anything to it since? */
static inline bool sched_stands(void)
{
	const struct sched_cpu *cpu = &this_cpu(sched_cpu);
	const struct vcpu *vcpu = atomic_read(&cpu->shared) ? cpu->standing : cpu->first;

	return vcpu != NULL && !vcpu_has_events(vcpu);
}

/*
 * The vCPU that should have this CPU now: one with events to look at, a job, or a guest that can go
 * on. NULL: none, the CPU may sleep until an interrupt.
 */
struct vcpu *sched_pick(void);

/* Has the window begun whose vCPU is loaded? Waits for that; false: an interrupt came first. The
 * run loop, before it enters a guest. */
bool sched_await_window(const struct sched_cpu *cpu);
static inline bool sched_may_enter(void)
{
	const struct sched_cpu *cpu = &this_cpu(sched_cpu);

	return likely(cpu->window_count == 0) || sched_await_window(cpu);
}

/* This one lets its equals, and those of its own VM, go first, when the run loop asks next; ahead
 * of these who may hold a lock. Owner, from its guest. */
void sched_give_way(struct vcpu *vcpu);

/*
 * Whether this vCPU's CPU, while it is the only one there, exits at its WFI, so that idle time is
 * known; else it costs nothing and is not. Where a CPU has choices it always does. Any CPU.
 */
void sched_measure(struct vcpu *vcpu, bool on);

/* This CPU's vCPUs, or what is measured of them, are others than before. Owner. */
void sched_look_again(void);

/* GIC_SGI_SCHED was taken: somebody posted to a vCPU of this CPU, or one arrives. */
void sched_kicked(void);

/*
 * The vCPU is to run on `cpu` from now on. Any CPU; locks below rank sched. -ENODEV: there is no
 * such CPU, or it did not come up; -EINVAL: it is of another kind (MIDR) than the vCPU's; -ENOSPC:
 * it has SCHED_VCPU_MAX vCPUs; -EFAULT: it has windows, and none of the vCPU's VM; -E2BIG: its
 * budgets would be more than its time; -EDQUOT: those of the VM there would be more than its
 * windows. The sums are those of the config's check: core/sched/share.h.
 *
 * `beside`: VMs, by bit of their config's index. -EACCES: others than these have vCPUs there, or
 * may come back since their config put one there, and it is not the CPU of the vCPU's config, or
 * its priority is above that of its config.
 */
int sched_place(struct vcpu *vcpu, uint32_t cpu, uint64_t beside);

/* 0 to 255. No sum depends on it: what a higher priority may take from budgets below it is noted
 * by the config's check, not refused. -EACCES: it is above the config's and the one before, and
 * there are others than `beside` on its CPU, as above. Any CPU; locks below rank sched. */
int sched_set_priority(struct vcpu *vcpu, uint32_t priority, uint64_t beside);

/*
 * A vCPU of this CPU, which is not loaded and has left it (vcpu_leave()), goes to `place`, and is
 * not this CPU's any more. It has VCPU_EVENT_PLACE before it there. Owner.
 */
void sched_send(struct vcpu *vcpu, uint32_t place);

#endif
