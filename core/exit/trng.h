/* SPDX-License-Identifier: Apache-2.0 */
/* Random numbers as a guest asks firmware for them: Arm DEN 0098 1.0. */
#ifndef CORE_EXIT_TRNG_H
#define CORE_EXIT_TRNG_H

#include "core/vm/vcpu.h"

/* Is it one of TRNG's function ids? */
bool trng_owns(uint32_t id);

/*
 * One of them, arguments in the vCPU's x1; results go to x0 to x3. Where the board has nothing
 * unpredictable, NOT_SUPPORTED. No two VMs, nor lives of one, see the same numbers. Owner.
 */
void trng_call(struct vcpu *vcpu, uint32_t id);

#endif
