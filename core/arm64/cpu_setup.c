/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The EL2 registers that shape what EL1 and EL0 see. Every one that the ID registers say exists is
 * written here, on each CPU, before it runs a guest: reset values are unknown, and firmware may
 * have left its own (rule 7).
 */
#include "core/arm64/barrier.h"
#include "core/arm64/features.h"
#include "core/arm64/sysreg.h"

/* Registers newer than the assembler: DDI 0487 D19.2 and D19.12. */
#define SYSREG_HCRX_EL2	   "s3_4_c1_c2_2"
#define SYSREG_HFGRTR_EL2  "s3_4_c1_c1_4"
#define SYSREG_HFGWTR_EL2  "s3_4_c1_c1_5"
#define SYSREG_HFGITR_EL2  "s3_4_c1_c1_6"
#define SYSREG_HDFGRTR_EL2 "s3_4_c3_c1_4"
#define SYSREG_HDFGWTR_EL2 "s3_4_c3_c1_5"
#define SYSREG_HAFGRTR_EL2 "s3_4_c3_c1_6"
#define SYSREG_MPAM2_EL2   "s3_4_c10_c5_0"
#define SYSREG_MPAMHCR_EL2 "s3_4_c10_c4_0"
#define SYSREG_MPAMIDR_EL1 "s3_0_c10_c4_4"
#define SYSREG_TRFCR_EL2   "s3_4_c1_c2_1"
#define SYSREG_PMSCR_EL2   "s3_4_c9_c9_0"
#define SYSREG_CNTPOFF_EL2 "s3_4_c14_c0_6"
#define SYSREG_CNTHV_CTL   "s3_4_c14_c3_1"

#define MPAM2_TRAP	(BIT(48) | BIT(49)) /* TRAPMPAM1EL1, TRAPMPAM0EL1 */
#define MPAMIDR_HAS_HCR BIT(17)
#define PMCR_N		BITS(15, 11)

/* A field of this CPU's own ID register: what exists here has to be written here. */
static uint64_t own(uint32_t index, uint64_t mask)
{
	return FIELD_GET(mask, this_cpu(cpu_id).idreg[index]);
}

static uint64_t dfr0(uint64_t mask)
{
	return own(IDREG_DFR0, mask);
}

static bool has_pmu(void)
{
	uint64_t version = dfr0(ID_AA64DFR0_PMUVER);

	return version != 0 && version != 0xf;
}

/* Debug: self-hosted debug is the guest's own; PMU, profiling and trace are trapped and hidden. */
static void setup_debug(void)
{
	uint64_t mdcr = MDCR_TPM | MDCR_TPMCR | MDCR_TDRA;

	if (has_pmu()) {
		/* all counters below HPMN: the field must not be 0 where FEAT_HPMN0 is absent */
		mdcr |= FIELD_PREP(MDCR_HPMN, FIELD_GET(PMCR_N, sysreg_read(pmcr_el0)));
	}
	if (dfr0(ID_AA64DFR0_PMSVER) != 0) {
		mdcr |= MDCR_TPMS;
		sysreg_write_raw(SYSREG_PMSCR_EL2, 0);
	}
	if (dfr0(ID_AA64DFR0_TRACEFILT) != 0) {
		mdcr |= MDCR_TTRF;
		sysreg_write_raw(SYSREG_TRFCR_EL2, 0);
	}
	/* the rest comes and goes with its vCPU: vcpu_load() */
	sysreg_write(mdcr_el2, mdcr);
}

static void setup_fine_grained_traps(void)
{
	sysreg_write_raw(SYSREG_HFGRTR_EL2, 0);
	sysreg_write_raw(SYSREG_HFGWTR_EL2, 0);
	sysreg_write_raw(SYSREG_HFGITR_EL2, 0);
	sysreg_write_raw(SYSREG_HDFGRTR_EL2, 0);
	sysreg_write_raw(SYSREG_HDFGWTR_EL2, 0);
	if (own(IDREG_PFR0, ID_AA64PFR0_AMU) != 0) {
		sysreg_write_raw(SYSREG_HAFGRTR_EL2, 0);
	}
}

static void setup_optional_traps(void)
{
	if (own(IDREG_MMFR1, ID_AA64MMFR1_HCX) != 0) {
		sysreg_write_raw(SYSREG_HCRX_EL2, 0);
	}
	if (own(IDREG_MMFR0, ID_AA64MMFR0_FGT) != 0) {
		setup_fine_grained_traps();
	}
	if (own(IDREG_PFR0, ID_AA64PFR0_MPAM) != 0 || own(IDREG_PFR1, ID_AA64PFR1_MPAM_FRAC) != 0) {
		sysreg_write_raw(SYSREG_MPAM2_EL2, MPAM2_TRAP);
		if ((sysreg_read_raw(SYSREG_MPAMIDR_EL1) & MPAMIDR_HAS_HCR) != 0) {
			sysreg_write_raw(SYSREG_MPAMHCR_EL2, 0);
		}
	}
	if (own(IDREG_PFR0, ID_AA64PFR0_RAS) != 0) {
		sysreg_write_raw(SYSREG_VSESR_EL2, 0);
	}
}

static void setup_timers(void)
{
	sysreg_write(cnthp_ctl_el2, 0);
	sysreg_write(cntvoff_el2, 0);
	if (own(IDREG_MMFR1, ID_AA64MMFR1_VH) != 0) {
		sysreg_write_raw(SYSREG_CNTHV_CTL, 0);
	}
	if (own(IDREG_MMFR0, ID_AA64MMFR0_ECV) >= 2) {
		sysreg_write_raw(SYSREG_CNTPOFF_EL2, 0);
	}
	/* the counter is the guest's to read; the physical timer is EL2's and emulated */
	sysreg_write(cnthctl_el2, CNTHCTL_EL1PCTEN);
}

static uint64_t field_of(uint32_t index, uint64_t mask)
{
	return FIELD_GET(mask, cpu_features.all.idreg[index]);
}

bool cpu_has_aarch32_el1(void)
{
	return own(IDREG_PFR0, ID_AA64PFR0_EL1) == 2;
}

uint64_t cpu_guest_hcr(void)
{
	uint64_t hcr = HCR_VM | HCR_SWIO | HCR_FMO | HCR_IMO | HCR_AMO | HCR_TID3 | HCR_TSC |
		       HCR_TIDCP | HCR_TACR | HCR_TSW | HCR_RW;

	if (cpu_features.ras) {
		hcr |= HCR_TERR;
	}
	if (field_of(IDREG_MMFR1, ID_AA64MMFR1_LO) != 0) {
		hcr |= HCR_TLOR;
	}
	if (cpu_features.mte) {
		hcr |= HCR_TID5;
	}
	if (cpu_features.fwb) {
		hcr |= HCR_FWB;
	}
	return hcr;
}

void cpu_el2_setup(void)
{
	uint64_t cptr = CPTR_RES1 | CPTR_TTA | CPTR_TZ | CPTR_TSM | BIT(13);

	if (own(IDREG_PFR0, ID_AA64PFR0_AMU) != 0) {
		cptr |= CPTR_TAM;
	}
	sysreg_write(hcr_el2, cpu_guest_hcr());
	sysreg_write(cptr_el2, cptr);
	sysreg_write(hstr_el2, 0);
	sysreg_write(hacr_el2, 0);
	sysreg_write(actlr_el2, 0);
	sysreg_write(vttbr_el2, 0);
	/* of AArch32 at EL1, where no guest runs; without it undefined (DDI 0487 DACR32_EL2) */
	if (cpu_has_aarch32_el1()) {
		sysreg_write(dbgvcr32_el2, 0);
		sysreg_write(dacr32_el2, 0);
		sysreg_write(ifsr32_el2, 0);
		sysreg_write(fpexc32_el2, 0x700);
	}
	setup_debug();
	setup_optional_traps();
	setup_timers();
	/* all of these before the first guest instruction, which an eret follows: isb for what EL2
	 * does itself */
	isb();
}
