/* SPDX-License-Identifier: Apache-2.0 */
/* Invalidation of stage-2 translations, by the VMID that VTTBR_EL2 names. */
#include "mm/tlb.h"

#include "core/arm64/barrier.h"
#include "core/arm64/sysreg.h"

/* What is loaded of another VM, or of nobody. */
struct loaded {
	uint64_t vttbr, sctlr, tcr;
};

/* No walk by one VM's tables with the other's VMID: as core/vm/vcpu.c does it. */
static void change_to(uint64_t vttbr, struct loaded *before)
{
	before->sctlr = sysreg_read(sctlr_el1);
	before->tcr = sysreg_read(tcr_el1);
	sysreg_write(sctlr_el1, SCTLR_EL1_RES1 | SCTLR_M);
	sysreg_write(tcr_el1, TCR_EPD0 | TCR_EPD1);
	/* no walk that begins after this */
	isb();
	sysreg_write(vttbr_el2, vttbr);
	/* the VMID before the invalidation that goes by it */
	isb();
}

static void change_back(const struct loaded *before)
{
	sysreg_write(vttbr_el2, before->vttbr);
	/* the VMID before walks are possible */
	isb();
	sysreg_write(tcr_el1, before->tcr);
	sysreg_write(sctlr_el1, before->sctlr);
	/* both as the guest left them, before anything that goes by them */
	isb();
}

void tlb_forget_pages(uint64_t vttbr, const uint64_t *ipa, uint32_t count)
{
	struct loaded before = {.vttbr = sysreg_read(vttbr_el2)};
	bool other = before.vttbr != vttbr;

	if (other) {
		change_to(vttbr, &before);
	}
	/* the invalid entries before the invalidation, for every CPU's walker */
	dsb(ishst);
	for (uint32_t i = 0; i < count; i++) {
		__asm__ volatile("tlbi ipas2e1is, %0" : : "r"(ipa[i] >> 12) : "memory");
	}
	/* these before that of what combines both stages: or a walk would make it anew */
	dsb(ish);
	__asm__ volatile("tlbi vmalle1is" ::: "memory");
	/* complete, with the accesses of all CPUs that used them */
	dsb(ish);
	isb();
	if (other) {
		change_back(&before);
	}
}
