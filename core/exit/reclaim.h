/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What balloons took goes on to others: the hardware's part of mm/frames.h.
 *
 * Every CPU is asked by an SGI, which it takes between two steps or from a guest: then it holds no
 * pointer that an earlier step got. A round is asked a few CPUs at a time and begins at most every
 * ROUND_MS, so that nobody can be interrupted often by what a guest does. The work is patient
 * (timer/deadline.h) and on the CPUs that gave some; VMs that wait to be loaded help.
 *
 * Data: the CPUs that have not answered, a bit each, atomic; the round is under the lock of frames;
 * when a CPU works next is its own.
 */
#ifndef CORE_EXIT_RECLAIM_H
#define CORE_EXIT_RECLAIM_H

#include "core/base/types.h"

/* Boot CPU, before VMs are built. */
void reclaim_init(uint32_t cpu_count);

/* GIC_SGI_PASS was taken. */
void reclaim_pass(void);

#endif
