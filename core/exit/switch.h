/* SPDX-License-Identifier: Apache-2.0 */
/* Which vCPU is in this CPU. */
#ifndef CORE_EXIT_SWITCH_H
#define CORE_EXIT_SWITCH_H

#include "core/vm/vcpu.h"

/*
 * Loads a vCPU that is on, of this CPU; the one that was loaded goes to memory with its timer and
 * interrupts. NULL: none is loaded. General registers are in memory already. This CPU, no locks.
 */
void switch_to(struct vcpu *vcpu);

#endif
