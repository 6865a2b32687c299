/* SPDX-License-Identifier: Apache-2.0 */
/* allregs.S: for insn_run_all(). */
#ifndef TESTS_GUEST_LIB_ALLREGS_H
#define TESTS_GUEST_LIB_ALLREGS_H

#include "tests/guest/lib/types.h"

/* Loads x0 to x30 from x, executes what is in the slot, stores x0 to x30 to x. */
void allregs_run(uint64_t x[31]);
extern uint32_t allregs_slot;

#endif
