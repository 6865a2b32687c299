/* SPDX-License-Identifier: Apache-2.0 */
/* The FP/SIMD registers, which compiled code here never touches. */
#ifndef TESTS_GUEST_LIB_FPREGS_H
#define TESTS_GUEST_LIB_FPREGS_H

#include "tests/guest/lib/types.h"

struct fpregs {
	uint64_t v[64];
	uint64_t fpcr;
	uint64_t fpsr;
};

/* Load or store v0-v31, FPCR and FPSR. */
void fpregs_load(const struct fpregs *regs);
void fpregs_store(struct fpregs *regs);

#endif
