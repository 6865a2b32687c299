/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Instructions of 32-bit programs at EL0: conditions and the IT state of T32. Arm DDI 0487 F1.5.1
 * and SPSR_EL2. Pure.
 */
#ifndef CORE_EXIT_AARCH32_H
#define CORE_EXIT_AARCH32_H

#include "core/base/types.h"

/* Whether an instruction that trapped with this syndrome, one that holds a condition, is executed:
 * one whose condition fails may trap all the same. True in AArch64 state. */
bool aarch32_passes(uint64_t esr, uint64_t pstate);

/* PSTATE behind a completed instruction: in an IT block, the state of the next one in it. */
uint64_t aarch32_next_pstate(uint64_t pstate);

#endif
