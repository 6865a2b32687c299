/* SPDX-License-Identifier: Apache-2.0 */
/* Exceptions into the guest's EL1. */
#include "core/exit/inject.h"

#include "core/arm64/esr.h"
#include "core/arm64/features.h"
#include "core/arm64/sysreg.h"

#define SPSR_NZCV   BITS(31, 28)
#define SPSR_DIT    BIT(24)
#define SPSR_TCO    BIT(25)
#define SPSR_SSBS   BIT(12)
#define SPSR_EL	    BITS(3, 2)
#define SPSR_SP	    BIT(0)
#define SCTLR_SPAN  BIT(23)
#define SCTLR_DSSBS BIT(44)

uint32_t inject_vector_offset(uint64_t pstate)
{
	if ((pstate & SPSR_M_AARCH32) != 0) {
		return 0x600;
	}
	if (FIELD_GET(SPSR_EL, pstate) == 0) {
		return 0x400;
	}
	return (pstate & SPSR_SP) != 0 ? 0x200 : 0;
}

uint64_t inject_new_pstate(uint64_t pstate, uint64_t sctlr, bool has_pan)
{
	uint64_t next = SPSR_M_EL1H | SPSR_DAIF | (pstate & (SPSR_NZCV | SPSR_DIT));

	/* SPAN = 0: PAN is set on an exception to EL1; else it stays (DDI 0487 SCTLR_EL1.SPAN) */
	if (has_pan) {
		next |= (sctlr & SCTLR_SPAN) != 0 ? pstate & SPSR_PAN : SPSR_PAN;
	}
	if ((sctlr & SCTLR_DSSBS) != 0) {
		next |= SPSR_SSBS;
	}
	return next;
}

static void take_exception(struct vcpu *vcpu, uint64_t esr)
{
	uint64_t pc = vcpu_pc(vcpu), pstate = vcpu_pstate(vcpu);

	sysreg_write(esr_el1, esr);
	sysreg_write(elr_el1, pc);
	sysreg_write(spsr_el1, pstate);
	vcpu_set_pc(vcpu, sysreg_read(vbar_el1) + inject_vector_offset(pstate));
	vcpu_set_pstate(vcpu, inject_new_pstate(pstate, sysreg_read(sctlr_el1), cpu_features.pan));
}

void inject_undef(struct vcpu *vcpu)
{
	take_exception(vcpu, FIELD_PREP(ESR_EC, EC_UNKNOWN) | ESR_IL);
}

void inject_abort(struct vcpu *vcpu, const struct inject_fault *fault)
{
	bool same = (vcpu_pstate(vcpu) & (SPSR_M_AARCH32 | SPSR_EL)) == FIELD_PREP(SPSR_EL, 1);
	uint64_t ec = fault->instruction ? EC_IABT_LOWER : EC_DABT_LOWER;

	/* EC_*_SAME is EC_*_LOWER + 1 */
	sysreg_write(far_el1, fault->far);
	take_exception(vcpu, FIELD_PREP(ESR_EC, ec + same) | ESR_IL | fault->fsc |
				     (fault->write && !fault->instruction ? ESR_DABT_WNR : 0));
}

void inject_serror(struct vcpu *vcpu)
{
	(void)vcpu;
	/* the CPU clears it when the guest takes the exception: not part of vcpu->hcr */
	sysreg_write(hcr_el2, sysreg_read(hcr_el2) | HCR_VSE);
}
