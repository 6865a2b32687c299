/* SPDX-License-Identifier: Apache-2.0 */
/* Runs instructions made at run time: system registers by number, loads into any register. */
#ifndef TESTS_GUEST_LIB_INSN_H
#define TESTS_GUEST_LIB_INSN_H

#include "tests/guest/lib/types.h"

#define INSN_MOST 8

/* A system register as MRS and MSR encode it, the same number as in their bits 20-5. */
#define SYSREG(op0, op1, n, m, op2)                                                                \
	((uint32_t)(op0) << 19 | (op1) << 16 | (n) << 12 | (m) << 8 | (op2) << 5)

/*
 * Runs `count` instructions (at most INSN_MOST) and a return; value: x0. They may change x0-x17
 * and memory; x0 and x1 go in. One CPU at a time: the code has one buffer.
 */
uint64_t insn_run(const uint32_t *code, unsigned int count, uint64_t x0, uint64_t x1);

/* Runs one instruction with x[n] in each register Xn, and stores what it leaves there. */
#define INSN_REGS 31
void insn_run_all(uint32_t insn, uint64_t x[INSN_REGS]);

/* mrs and msr of a register by its number. In exc_begin() … exc_end() they may be undefined. */
uint64_t insn_mrs(uint32_t sysreg);
void insn_msr(uint32_t sysreg, uint64_t value);

#endif
