/* SPDX-License-Identifier: Apache-2.0 */
/* GICH_* registers of GICv2. IHI 0048B 5.3. */
#include "irq/hw/gich.h"

#include "core/arm64/sysreg.h"
#include "core/base/bits.h"
#include "irq/hw/gic_driver.h"

static struct {
	volatile uint8_t *base;
	uint64_t gicv;
	uint32_t lr_count;
} gich;

void gich_init(volatile uint8_t *base, uint64_t gicv)
{
	gich.base = base;
	gich.gicv = gicv;
	gich.lr_count = (uint32_t)FIELD_GET(GICH_VTR_LISTREGS, gic_read32(base, GICH_VTR)) + 1;
}

void gich_cpu_init(void)
{
	gic_write32(gich.base, GICH_HCR, 0);
	for (uint32_t i = 0; i < gich.lr_count; i++) {
		gic_write32(gich.base, GICH_LR + 4 * i, 0);
	}
}

uint32_t gich_list_register_count(void)
{
	return gich.lr_count;
}

uint64_t gich_gicv(void)
{
	return gich.gicv;
}

/* Bits 41:32 of the one are bits 19:10 of the other, EOI and source included. */
#define ICH_PHYSICAL BITS(41, 32)
#define ICH_PRIORITY BITS(55, 51) /* the upper 5 bits */

uint32_t gich_lr_from(uint64_t ich)
{
	/* fields that lie as far apart in both go together: HW and group */
	return (uint32_t)((ich & GICH_LR_INTID) | (ich >> 22 & GICH_LR_PHYSICAL) |
			  (ich >> 28 & GICH_LR_PRIORITY) | (ich >> 34 & GICH_LR_STATE) |
			  (ich >> 30 & (GICH_LR_GROUP | GICH_LR_HW)));
}

uint64_t gich_lr_to(uint32_t value)
{
	return (value & GICH_LR_INTID) |
	       FIELD_PREP(ICH_PHYSICAL, FIELD_GET(GICH_LR_PHYSICAL, value)) |
	       FIELD_PREP(ICH_PRIORITY, FIELD_GET(GICH_LR_PRIORITY, value)) |
	       FIELD_PREP(ICH_LR_STATE, FIELD_GET(GICH_LR_STATE, value)) |
	       FIELD_PREP(ICH_LR_GROUP, FIELD_GET(GICH_LR_GROUP, value)) |
	       FIELD_PREP(ICH_LR_HW, FIELD_GET(GICH_LR_HW, value));
}

static uint64_t lr_read(const struct vif *vif, uint32_t n)
{
	(void)vif;
	return gich_lr_to(gic_read32(gich.base, GICH_LR + 4 * n));
}

static void lr_write(const struct vif *vif, uint32_t n, uint64_t value)
{
	(void)vif;
	gic_write32(gich.base, GICH_LR + 4 * n, gich_lr_from(value));
}

static bool lr_refill(const struct vif *vif, uint32_t n, uint64_t value)
{
	volatile uint8_t *base = gich.base;

	(void)vif;
	if (((gic_read32(base, GICH_ELRSR) >> n) & 1) == 0) {
		return false;
	}
	gic_write32(base, GICH_LR + 4 * n, gich_lr_from(value));
	return true;
}

/* The vgic fills 16 at most: the second word of status registers is nobody's. */
static uint32_t empty(const struct vif *vif)
{
	(void)vif;
	return gic_read32(gich.base, GICH_ELRSR);
}

static uint32_t eoi(const struct vif *vif)
{
	(void)vif;
	return gic_read32(gich.base, GICH_EISR);
}

static uint64_t hcr_read(const struct vif *vif)
{
	(void)vif;
	return gic_read32(gich.base, GICH_HCR);
}

static void hcr_write(const struct vif *vif, uint64_t hcr)
{
	(void)vif;
	gic_write32(gich.base, GICH_HCR, (uint32_t)(hcr & GICH_HCR_MASK));
}

/* Bits 26:24 belong to ICH_VMCR_EL2's wider priority mask; the others are in the same places. */
static uint64_t vmcr_read(const struct vif *vif)
{
	(void)vif;
	return gic_read32(gich.base, GICH_VMCR);
}

static void vmcr_write(const struct vif *vif, uint64_t vmcr)
{
	(void)vif;
	gic_write32(gich.base, GICH_VMCR, (uint32_t)(vmcr & ~BITS(26, 24)));
}

static void clear_active_priorities(const struct vif *vif)
{
	(void)vif;
	gic_write32(gich.base, GICH_APR, 0);
}

static bool is_idle(const struct vif *vif)
{
	(void)vif;
	return gic_read32(gich.base, GICH_APR) == 0;
}

static void save(struct vif_saved *saved, uint32_t used)
{
	for (; used != 0; used &= used - 1) {
		uint32_t n = (uint32_t)__builtin_ctz(used);

		saved->lr[n] = lr_read(NULL, n);
		gic_write32(gich.base, GICH_LR + 4 * n, 0);
	}
	saved->hcr = gic_read32(gich.base, GICH_HCR);
	saved->vmcr = gic_read32(gich.base, GICH_VMCR);
	saved->ap0r[0] = gic_read32(gich.base, GICH_APR);
	/* off: no maintenance interrupt */
	gic_write32(gich.base, GICH_HCR, 0);
}

static void load(const struct vif_saved *saved, uint32_t used)
{
	gic_write32(gich.base, GICH_APR, saved->ap0r[0]);
	vmcr_write(NULL, saved->vmcr);
	for (; used != 0; used &= used - 1) {
		uint32_t n = (uint32_t)__builtin_ctz(used);

		lr_write(NULL, n, saved->lr[n]);
	}
	hcr_write(NULL, saved->hcr);
}

const struct vif_ops gich_vif_ops = {
	.lr_read = lr_read,
	.lr_write = lr_write,
	.lr_refill = lr_refill,
	.empty = empty,
	.eoi = eoi,
	.hcr_read = hcr_read,
	.hcr_write = hcr_write,
	.vmcr_read = vmcr_read,
	.vmcr_write = vmcr_write,
	.clear_active_priorities = clear_active_priorities,
	.is_idle = is_idle,
	.save = save,
	.load = load,
	.traps_dir = true,
};
