/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Register classes of a vCPU, and which move when. Plain data; offsets of struct cpu_regs are read
 * by assembly.
 *
 *   cpu_regs    general registers: saved at every exit
 *   pc, pstate  stay in ELR_EL2 and SPSR_EL2 until another vCPU is loaded
 *   el1         system registers of EL1 and EL0: stay in hardware until another vCPU is loaded
 *   fp, debug   likewise; to be moved lazily by CPTR_EL2.TFP and MDCR_EL2.TDA where a CPU has
 * several vCPUs
 */
#ifndef CORE_VM_VCPU_REGS_H
#define CORE_VM_VCPU_REGS_H

#include "core/base/types.h"

struct cpu_regs {
	uint64_t x[31];
	uint64_t unused; /* keeps the pairs 16-byte aligned */
};

/* name, reset value. MPIDR and MIDR are VMPIDR_EL2 and VPIDR_EL2, written with these. */
#define VCPU_EL1_REGS(X)                                                                           \
	X(sctlr_el1, 0x30d00800)                                                                   \
	X(cpacr_el1, 0)                                                                            \
	X(ttbr0_el1, 0)                                                                            \
	X(ttbr1_el1, 0)                                                                            \
	X(tcr_el1, 0)                                                                              \
	X(mair_el1, 0)                                                                             \
	X(amair_el1, 0)                                                                            \
	X(vbar_el1, 0)                                                                             \
	X(contextidr_el1, 0)                                                                       \
	X(esr_el1, 0)                                                                              \
	X(far_el1, 0)                                                                              \
	X(afsr0_el1, 0)                                                                            \
	X(afsr1_el1, 0)                                                                            \
	X(elr_el1, 0)                                                                              \
	X(spsr_el1, 0)                                                                             \
	X(sp_el0, 0)                                                                               \
	X(sp_el1, 0)                                                                               \
	X(tpidr_el0, 0)                                                                            \
	X(tpidrro_el0, 0)                                                                          \
	X(tpidr_el1, 0)                                                                            \
	X(par_el1, 0)                                                                              \
	X(csselr_el1, 0)                                                                           \
	X(mdscr_el1, 0)                                                                            \
	X(mdccint_el1, 0)

#define VCPU_BREAKPOINT_MAX 16

#endif
