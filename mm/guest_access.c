/* SPDX-License-Identifier: Apache-2.0 */
/* The only ways to a guest's memory. */
#include "mm/guest_access.h"

#include "core/arm64/barrier.h"
#include "core/arm64/sysreg.h"
#include "core/base/errno.h"
#include "core/base/string.h"

#define PAR_F  BIT(0)
#define PAR_PA BITS(51, 12)

void *guest_pointer(const struct vm *vm, uint64_t ipa, uint64_t size)
{
	const struct vm_extent *extent = vm_extent_of(vm, ipa, size);

	return extent == NULL ? NULL : (void *)(ipa - extent->ipa + extent->pa);
}

/* Bytes from `ipa` to the end of its extent, and EL2's address; 0 when it is no RAM. */
static uint64_t piece(const struct vm *vm, uint64_t ipa, uint8_t **at)
{
	const struct vm_extent *extent = vm_extent_of(vm, ipa, 1);

	if (extent == NULL) {
		return 0;
	}
	*at = (uint8_t *)(ipa - extent->ipa + extent->pa);
	return extent->ipa + extent->size - ipa;
}

static bool is_ram(const struct vm *vm, uint64_t ipa, uint64_t size)
{
	uint8_t *at;

	while (size != 0) {
		uint64_t room = piece(vm, ipa, &at);

		if (room == 0) {
			return false;
		}
		ipa += MIN(room, size);
		size -= MIN(room, size);
	}
	return true;
}

static int copy(const struct vm *vm, uint64_t ipa, uint8_t *local, uint64_t size, bool to_guest)
{
	if (!is_ram(vm, ipa, size)) {
		return -EFAULT;
	}
	while (size != 0) {
		uint8_t *at = NULL;
		uint64_t step = MIN(piece(vm, ipa, &at), size);

		memcpy(to_guest ? at : local, to_guest ? local : at, step);
		ipa += step;
		local += step;
		size -= step;
	}
	return 0;
}

int guest_read(const struct vm *vm, uint64_t ipa, void *to, uint64_t size)
{
	return copy(vm, ipa, to, size, false);
}

int guest_write(const struct vm *vm, uint64_t ipa, const void *from, uint64_t size)
{
	return copy(vm, ipa, (uint8_t *)(uintptr_t)from, size, true);
}

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
