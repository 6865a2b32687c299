/* SPDX-License-Identifier: Apache-2.0 */
/* Causes of exits, and interrupts of a CPU's own, as people read them, in the shell and in
 * bulkheadctl. */
#ifndef CORE_EXIT_CAUSE_NAMES_H
#define CORE_EXIT_CAUSE_NAMES_H

#include "core/exit/hypercall_types.h"

/* Entries of an array of HYPERCALL_CAUSE_COUNT strings. */
#define CAUSE_NAMES                                                                                \
	[HYPERCALL_CAUSE_OTHER] = "other", [HYPERCALL_CAUSE_INTERRUPT] = "interrupt",              \
	[HYPERCALL_CAUSE_WFI] = "WFI", [HYPERCALL_CAUSE_WFE] = "WFE",                              \
	[HYPERCALL_CAUSE_HVC] = "HVC", [HYPERCALL_CAUSE_SMC] = "SMC",                              \
	[HYPERCALL_CAUSE_REGISTER_READ] = "register read",                                         \
	[HYPERCALL_CAUSE_REGISTER_WRITE] = "register write",                                       \
	[HYPERCALL_CAUSE_LOAD] = "device load", [HYPERCALL_CAUSE_STORE] = "device store",          \
	[HYPERCALL_CAUSE_UNDEFINED] = "undefined instruction",                                     \
	[HYPERCALL_CAUSE_FP] = "first use of FP registers",                                        \
	[HYPERCALL_CAUSE_PAUTH] = "pointer authentication", [HYPERCALL_CAUSE_SVE] = "SVE",         \
	[HYPERCALL_CAUSE_SME] = "SME", [HYPERCALL_CAUSE_FETCH] = "fetch where no RAM is",          \
	[HYPERCALL_CAUSE_SERROR] = "SError",                                                       \
	[HYPERCALL_CAUSE_REGISTER_32] = "32-bit register access",                                  \
	[HYPERCALL_CAUSE_DEBUG_32] = "32-bit debug access",                                        \
	[HYPERCALL_CAUSE_VMRS_32] = "32-bit VMRS", [HYPERCALL_CAUSE_SMC_32] = "32-bit SMC"

/* Entries of an array of strings by INTID. */
#define INTERRUPT_NAMES                                                                            \
	[1] = ", a kick", [25] = ", list registers ran empty", [26] = ", EL2's timer",             \
	[27] = ", the virtual timer"

#endif
