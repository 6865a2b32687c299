/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Register classes of a vCPU, and which move when. Plain data; offsets of struct cpu_regs are read
 * by assembly.
 *
 *   cpu_regs    general registers: in memory at every exit
 *   pc, pstate  in ELR_EL2 and SPSR_EL2 while its registers are in a CPU ("loaded")
 *   el1         system registers of EL1 and EL0: likewise
 *   keys        FEAT_PAuth's come when the guest uses them first in its life, and then with el1:
 *               who uses them once does so in each of its functions. HCR_EL2.API, APK
 *   fp          stay in a CPU until another vCPU uses them there: CPTR_EL2.TFP
 *   debug       come when the guest uses them, go with the others: MDCR_EL2.TDA, TDOSA
 */
#ifndef CORE_VM_VCPU_REGS_H
#define CORE_VM_VCPU_REGS_H

#include "core/base/types.h"

struct cpu_regs {
	uint64_t x[31];
	uint64_t unused; /* keeps the pairs 16-byte aligned */
};

/* name, reset value. MPIDR and MIDR are VMPIDR_EL2 and VPIDR_EL2, written with these. */
#define VCPU_EL1_REGS(X) VCPU_WALK_REGS(X) VCPU_OTHER_REGS(X)

/* Those that turn walks of the guest's tables on: loaded last. */
#define VCPU_WALK_REGS(X)                                                                          \
	X(sctlr_el1, 0x30d00800)                                                                   \
	X(tcr_el1, 0)

/* In groups, so that each moves through registers that a call need not keep. */
#define VCPU_GROUP_1(X)                                                                            \
	X(cpacr_el1, 0)                                                                            \
	X(ttbr0_el1, 0) X(ttbr1_el1, 0) X(mair_el1, 0) X(amair_el1, 0) X(vbar_el1, 0)
#define VCPU_GROUP_2(X)                                                                            \
	X(contextidr_el1, 0)                                                                       \
	X(esr_el1, 0) X(far_el1, 0) X(afsr0_el1, 0) X(afsr1_el1, 0) X(elr_el1, 0)
#define VCPU_GROUP_3(X)                                                                            \
	X(spsr_el1, 0) X(sp_el0, 0) X(sp_el1, 0) X(tpidr_el0, 0) X(tpidrro_el0, 0) X(tpidr_el1, 0)
#define VCPU_GROUP_4(X)	   X(par_el1, 0) X(csselr_el1, 0) X(mdscr_el1, 0) X(mdccint_el1, 0)
#define VCPU_OTHER_REGS(X) VCPU_GROUP_1(X) VCPU_GROUP_2(X) VCPU_GROUP_3(X) VCPU_GROUP_4(X)

/* FEAT_PAuth's, by number: names the assembler may lack. APIA, APIB, APDA, APDB, APGA, each in two
 * halves. */
#define VCPU_KEYS(X)                                                                               \
	X(0, "s3_0_c2_c1_0")                                                                       \
	X(1, "s3_0_c2_c1_1")                                                                       \
	X(2, "s3_0_c2_c1_2")                                                                       \
	X(3, "s3_0_c2_c1_3")                                                                       \
	X(4, "s3_0_c2_c2_0")                                                                       \
	X(5, "s3_0_c2_c2_1")                                                                       \
	X(6, "s3_0_c2_c2_2")                                                                       \
	X(7, "s3_0_c2_c2_3")                                                                       \
	X(8, "s3_0_c2_c3_0")                                                                       \
	X(9, "s3_0_c2_c3_1")
#define VCPU_KEY_COUNT 10

/* Values of VCPU_EL1_REGS, by name. */
struct el1_regs {
#define X(name, reset) uint64_t name;
	VCPU_EL1_REGS(X)
#undef X
};

#define VCPU_BREAKPOINT_MAX 16

struct debug_regs {
	uint64_t bcr[VCPU_BREAKPOINT_MAX], bvr[VCPU_BREAKPOINT_MAX];
	uint64_t wcr[VCPU_BREAKPOINT_MAX], wvr[VCPU_BREAKPOINT_MAX];
	uint64_t os_lock, os_double_lock; /* OSLAR_EL1.OSLK, OSDLR_EL1 */
};

/* V0 to V31, FPCR, FPSR: read by assembly. */
struct fp_regs {
	uint64_t v[2 * 32];
	uint64_t fpcr, fpsr;
};

#endif
