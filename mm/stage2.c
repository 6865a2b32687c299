/* SPDX-License-Identifier: Apache-2.0 */
/* A VM's intermediate physical address space. DDI 0487 D8.2, VTCR_EL2. */
#include "mm/stage2.h"

#include "core/base/errno.h"
#include "core/config/guest_map_types.h"
#include "mm/page_alloc.h"

#define VTCR_T0SZ	BITS(5, 0)
#define VTCR_SL0	BITS(7, 6)
#define VTCR_IRGN0_WBWA (UINT64_C(1) << 8)
#define VTCR_ORGN0_WBWA (UINT64_C(1) << 10)
#define VTCR_SH0_INNER	(UINT64_C(3) << 12)
#define VTCR_PS		BITS(18, 16)
#define VTCR_VS		BIT(19)
#define VTCR_RES1	BIT(31)

static uint64_t alloc_table(void *ctx)
{
	void *page = page_alloc(1);

	(void)ctx;
	return page == NULL ? 0 : virt_to_phys(page);
}

static const struct pgtable_ops stage2_ops = {.alloc = alloc_table, .virt = phys_to_virt};

static uint64_t ps_field(uint8_t pa_bits)
{
	static const uint8_t bits[] = {32, 36, 40, 42, 44, 48};
	uint64_t ps = 0;

	for (uint64_t i = 0; i < ARRAY_COUNT(bits); i++) {
		ps = bits[i] <= pa_bits ? i : ps;
	}
	return ps;
}

int stage2_init(struct stage2 *stage2, uint16_t vmid, uint8_t pa_bits, bool vmid16, bool fwb)
{
	uint8_t input_bits = MIN(pa_bits, GUEST_IPA_BITS_MAX);
	uint32_t root_pages;
	uint8_t start = pgtable_start_level(input_bits, &root_pages);
	void *root = page_alloc_aligned(root_pages);

	if (root == NULL) {
		return -ENOMEM;
	}
	stage2->pt = (struct pgtable){
		.ops = &stage2_ops,
		.root = virt_to_phys(root),
		.input_bits = input_bits,
		.start_level = start,
	};
	stage2->fwb = fwb;
	stage2->vttbr = stage2->pt.root | ((uint64_t)vmid << 48);
	/* SL0 counts down: 0 is level 2, 1 is level 1, 2 is level 0 */
	stage2->vtcr = FIELD_PREP(VTCR_T0SZ, 64 - input_bits) | FIELD_PREP(VTCR_SL0, 2 - start) |
		       VTCR_IRGN0_WBWA | VTCR_ORGN0_WBWA | VTCR_SH0_INNER |
		       FIELD_PREP(VTCR_PS, ps_field(pa_bits)) | (vmid16 ? VTCR_VS : 0) | VTCR_RES1;
	return 0;
}

uint32_t stage2_pages(const struct stage2 *stage2)
{
	uint32_t root_pages;

	pgtable_start_level(stage2->pt.input_bits, &root_pages);
	return root_pages + stage2->pt.page_count;
}

uint64_t stage2_attrs(const struct stage2 *stage2, enum stage2_kind kind)
{
	uint64_t normal = (stage2->fwb ? S2_MEM_FWB : S2_MEM_NORMAL) | PTE_SH_INNER;
	uint64_t attrs = PTE_AF | S2_AP_READ;

	switch (kind) {
	case STAGE2_RAM:
		return attrs | normal | S2_AP_WRITE;
	case STAGE2_DEVICE:
		return attrs | S2_MEM_DEVICE | S2_AP_WRITE | S2_XN;
	case STAGE2_SHARED:
		return attrs | normal | S2_AP_WRITE | S2_XN;
	case STAGE2_READ_ONLY:
		break;
	}
	return attrs | normal | S2_XN;
}

int stage2_map(struct stage2 *stage2, uint64_t ipa, uint64_t pa, uint64_t size,
	       enum stage2_kind kind)
{
	return pgtable_map(&stage2->pt, ipa, pa, size, stage2_attrs(stage2, kind));
}

int stage2_map_pages(struct stage2 *stage2, uint64_t ipa, uint64_t pa, uint64_t size,
		     enum stage2_kind kind)
{
	return pgtable_map_pages(&stage2->pt, ipa, pa, size, stage2_attrs(stage2, kind));
}
