/* SPDX-License-Identifier: Apache-2.0 */
/* The walk of a loaded vCPU's own tables. */
#include "core/arm64/barrier.h"
#include "core/arm64/sysreg.h"
#include "core/base/errno.h"
#include "mm/guest_access.h"

#define PAR_F  BIT(0)
#define PAR_PA BITS(51, 12)

int guest_translate(uint64_t va, uint64_t *ipa)
{
	uint64_t saved = sysreg_read(par_el1);
	uint64_t par;

	/* stage 1 alone, as EL1 reads: a stage-2 fault on its table walk ends in PAR_EL1.F too */
	__asm__ volatile("at s1e1r, %0" ::"r"(va) : "memory");
	/* the result before it is read */
	isb();
	par = sysreg_read(par_el1);
	sysreg_write(par_el1, saved);
	if ((par & PAR_F) != 0) {
		return -EFAULT;
	}
	*ipa = (par & PAR_PA) | (va & (PAGE_SIZE - 1));
	return 0;
}

/* Size of the granule as TCR_EL1.TG0 and TG1 encode it: they differ. DDI 0487 TCR_EL1. */
static uint32_t granule_shift(uint64_t tcr, bool upper)
{
	static const uint8_t tg0[] = {12, 16, 14, 12}, tg1[] = {12, 14, 12, 16};

	return upper ? tg1[FIELD_GET(BITS(31, 30), tcr)] : tg0[FIELD_GET(BITS(15, 14), tcr)];
}

uint32_t guest_walk_level(const struct vm *vm, uint64_t va)
{
	uint64_t tcr = sysreg_read(tcr_el1);
	bool upper = (va & BIT(55)) != 0;
	uint32_t shift = granule_shift(tcr, upper), stride = shift - 3;
	uint32_t size =
		64 - (uint32_t)(upper ? FIELD_GET(BITS(21, 16), tcr) : FIELD_GET(BITS(5, 0), tcr));
	/* the guest's own: sizes that no CPU has end here */
	uint32_t bits = MIN(MAX(size, shift + 1), 52U);
	uint64_t table = (upper ? sysreg_read(ttbr1_el1) : sysreg_read(ttbr0_el1)) & BITS(47, 1);
	uint32_t level = 4 - MIN((bits - shift + stride - 1) / stride, 4U);

	for (; level < 3; level++) {
		uint32_t at = shift + stride * (3 - level);
		uint64_t top = MIN(bits, at + stride), desc;
		uint64_t index = (va & (BIT(top) - 1)) >> at;

		if (guest_read(vm, table + index * sizeof(desc), &desc, sizeof(desc)) != 0 ||
		    (desc & 3) != 3) {
			break;
		}
		table = desc & BITS(47, 12);
	}
	return level;
}
