/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who runs on this CPU. The run loop asks; what is behind the interface is policy.
 *
 * This version has one policy, pinned: a physical CPU belongs to one vCPU, which runs without a
 * scheduler tick and with WFI untrapped. Lock: none needed; a CPU's queue is filled at boot and
 * read by that CPU alone.
 */
#ifndef CORE_SCHED_SCHED_H
#define CORE_SCHED_SCHED_H

#include "core/vm/vcpu.h"

/* Gives the vCPU to its CPU. Boot CPU, before the CPU enters the run loop. -EBUSY: the CPU has one
 * already. */
int sched_add(struct vcpu *vcpu);

/*
 * The vCPU that should have this CPU now: one with events to look at, a job, or a guest that can go
 * on. NULL: none, the CPU may sleep until an interrupt.
 */
struct vcpu *sched_pick(void);

#endif
