/* SPDX-License-Identifier: Apache-2.0 */
/* Exceptions into the guest's EL1. DDI 0487 D1.3, AArch64.TakeException(). Owner CPU of a loaded
 * vCPU. */
#ifndef CORE_EXIT_INJECT_H
#define CORE_EXIT_INJECT_H

#include "core/vm/vcpu.h"

/* Undefined instruction at the guest's PC. */
void inject_undef(struct vcpu *vcpu);

/* What an injected abort says. */
struct inject_fault {
	uint64_t far; /* the guest's virtual address */
	uint32_t fsc; /* FSC_EXTERNAL or FSC_EXTERNAL_WALK plus level */
	bool instruction;
	bool write; /* data aborts */
};

/* Synchronous external abort. */
void inject_abort(struct vcpu *vcpu, const struct inject_fault *fault);

/* Virtual SError, pending until the guest unmasks it. */
void inject_serror(struct vcpu *vcpu);

/* Offset from VBAR_EL1 of a synchronous exception taken from this PSTATE. Pure. */
uint32_t inject_vector_offset(uint64_t pstate);

/* PSTATE after an exception to EL1h from `pstate`, with SCTLR_EL1. Pure. */
uint64_t inject_new_pstate(uint64_t pstate, uint64_t sctlr, bool has_pan);

#endif
