/* SPDX-License-Identifier: Apache-2.0 */
/* The redistributors' registers: RD frame and SGI frame. IHI 0069H 12.10, 12.11. No LPIs in this
 * version. */
#include "irq/vgic/vreg.h"

#include "irq/vgic/bank_regs.h"
#include "irq/vgic/vgic_frames.h"

const uint8_t vgic_pidr[12] = {0x44, 0,	   0,	 0,    0x92, 0xb4, GIC_PIDR2_GICV3,
			       0,    0x0d, 0xf0, 0x05, 0xb1};

static int read_iidr(const struct vreg_access *a, uint64_t *value)
{
	(void)a;
	*value = VGIC_IIDR;
	return 0;
}

static int read_typer(const struct vreg_access *a, uint64_t *value)
{
	const struct vcpu *vcpu = a->redist;
	uint64_t affinity = (vcpu->mpidr & 0xffffff) | ((vcpu->mpidr >> 8) & 0xff000000);
	uint64_t typer = FIELD_PREP(GICR_TYPER_AFFINITY, affinity) |
			 FIELD_PREP(GICR_TYPER_NUMBER, vcpu->index) |
			 (vcpu->index + 1 == vcpu->vm->vcpu_count ? GICR_TYPER_LAST : 0);

	*value = a->size == 8 ? typer : (uint32_t)(typer >> (8 * a->off));
	return 0;
}

static int read_waker(const struct vreg_access *a, uint64_t *value)
{
	/* ChildrenAsleep follows ProcessorSleep at once */
	*value = a->redist->vgic.waker != 0 ? GICR_WAKER_SLEEP | GICR_WAKER_ASLEEP : 0;
	return 0;
}

static int write_waker(const struct vreg_access *a, uint64_t value)
{
	spin_lock(&a->redist->vm->vgic.lock);
	a->redist->vgic.waker = (uint32_t)(value & GICR_WAKER_SLEEP);
	spin_unlock(&a->redist->vm->vgic.lock);
	return 0;
}

static int read_pidr(const struct vreg_access *a, uint64_t *value)
{
	*value = vgic_pidr[a->index];
	return 0;
}

#define ONE(NAME, START, READ, WRITE)                                                              \
	{                                                                                          \
		.name = NAME, .start = (START), .end = (START) + 4, .stride = 4, .sizes = 4,       \
		.read = (READ), .write = (WRITE)                                                   \
	}

static const struct vreg rd_regs[] = {
	ONE("GICR_CTLR", GICR_CTLR, NULL, NULL),
	ONE("GICR_IIDR", GICR_IIDR, read_iidr, NULL),
	{.name = "GICR_TYPER",
	 .start = GICR_TYPER,
	 .end = GICR_TYPER + 8,
	 .stride = 8,
	 .sizes = 4 | 8,
	 .read = read_typer},
	ONE("GICR_STATUSR", GICR_STATUSR, NULL, NULL),
	ONE("GICR_WAKER", GICR_WAKER, read_waker, write_waker),
	/* LPIs are not offered (GICR_TYPER.PLPIS = 0): their registers are reserved, at both widths
	 */
	{.name = "GICR_SETLPIR", .start = 0x40, .end = 0x50, .stride = 8, .sizes = 4 | 8},
	{.name = "GICR_PROPBASER", .start = 0x70, .end = 0x80, .stride = 8, .sizes = 4 | 8},
	{.name = "GICR_INVLPIR", .start = 0xa0, .end = 0xc0, .stride = 8, .sizes = 4 | 8},
	{.name = "GICR_PIDR",
	 .start = 0xffd0,
	 .end = 0x10000,
	 .stride = 4,
	 .sizes = 4,
	 .read = read_pidr},
};

#define BANK_WORD(NAME, WORD)                                                                      \
	static int read_##NAME(const struct vreg_access *a, uint64_t *value)                       \
	{                                                                                          \
		return bank_read(a->vcpu, a->redist, 0, WORD, value);                              \
	}
BANK_WORD(group, BANK_GROUP)
BANK_WORD(enabled, BANK_ENABLED)
BANK_WORD(pending, BANK_PENDING)
BANK_WORD(active, BANK_ACTIVE)

static int write_group(const struct vreg_access *a, uint64_t value)
{
	return bank_write_group(a->redist, 0, (uint32_t)value);
}

static int write_isenable(const struct vreg_access *a, uint64_t value)
{
	return bank_enable(a->redist, 0, (uint32_t)value, true);
}

static int write_icenable(const struct vreg_access *a, uint64_t value)
{
	return bank_enable(a->redist, 0, (uint32_t)value, false);
}

static int write_ispend(const struct vreg_access *a, uint64_t value)
{
	return bank_pend(a->vcpu, a->redist, 0, (uint32_t)value, true);
}

static int write_icpend(const struct vreg_access *a, uint64_t value)
{
	return bank_pend(a->vcpu, a->redist, 0, (uint32_t)value, false);
}

static int write_isactive(const struct vreg_access *a, uint64_t value)
{
	return bank_activate(a->vcpu, a->redist, 0, (uint32_t)value, true);
}

static int write_icactive(const struct vreg_access *a, uint64_t value)
{
	return bank_activate(a->vcpu, a->redist, 0, (uint32_t)value, false);
}

static int read_priority(const struct vreg_access *a, uint64_t *value)
{
	*value = bank_read_priority(a->redist, a->off, a->size);
	return 0;
}

static int write_priority(const struct vreg_access *a, uint64_t value)
{
	bank_write_priority(a->redist, a->off, a->size, value);
	return 0;
}

static int read_config(const struct vreg_access *a, uint64_t *value)
{
	*value = bank_read_config(a->redist, a->index);
	return 0;
}

static int write_config(const struct vreg_access *a, uint64_t value)
{
	/* ICFGR0: SGIs are edge-triggered, read-only */
	if (a->index == 1) {
		bank_write_config(a->redist, 1, (uint32_t)value);
	}
	return 0;
}

static const struct vreg sgi_regs[] = {
	ONE("GICR_IGROUPR0", GICD_IGROUPR, read_group, write_group),
	ONE("GICR_ISENABLER0", GICD_ISENABLER, read_enabled, write_isenable),
	ONE("GICR_ICENABLER0", GICD_ICENABLER, read_enabled, write_icenable),
	ONE("GICR_ISPENDR0", GICD_ISPENDR, read_pending, write_ispend),
	ONE("GICR_ICPENDR0", GICD_ICPENDR, read_pending, write_icpend),
	ONE("GICR_ISACTIVER0", GICD_ISACTIVER, read_active, write_isactive),
	ONE("GICR_ICACTIVER0", GICD_ICACTIVER, read_active, write_icactive),
	{.name = "GICR_IPRIORITYR",
	 .start = GICD_IPRIORITYR,
	 .end = GICD_IPRIORITYR + 0x20,
	 .stride = 4,
	 .sizes = 1 | 4,
	 .read = read_priority,
	 .write = write_priority},
	{.name = "GICR_ICFGR",
	 .start = GICD_ICFGR,
	 .end = GICD_ICFGR + 8,
	 .stride = 4,
	 .sizes = 4,
	 .read = read_config,
	 .write = write_config},
	ONE("GICR_IGRPMODR0", GICD_IGRPMODR, NULL, NULL),
	ONE("GICR_NSACR", GICD_NSACR, NULL, NULL),
};

static uint8_t rd_index[VREG_INDEX_COUNT], sgi_index[VREG_INDEX_COUNT];
const struct vreg_table vgic_rd_table = {rd_regs, ARRAY_COUNT(rd_regs), rd_index};
const struct vreg_table vgic_sgi_table = {sgi_regs, ARRAY_COUNT(sgi_regs), sgi_index};

static const struct vreg_table *frame_of(uint32_t off)
{
	return (off & GICR_SGI_FRAME) != 0 ? &vgic_sgi_table : &vgic_rd_table;
}

static int redist_read(struct vcpu *vcpu, void *dev, uint32_t off, uint8_t size, uint64_t *value)
{
	struct vm *vm = dev;
	struct vreg_access access = {
		.vcpu = vcpu,
		.redist = vm->vcpu[off / VGIC_REDIST_STRIDE],
		.size = size,
	};

	return vreg_read(frame_of(off), &access, off % VREG_FRAME_SIZE, value);
}

static int redist_write(struct vcpu *vcpu, void *dev, uint32_t off, uint8_t size, uint64_t value)
{
	struct vm *vm = dev;
	struct vreg_access access = {
		.vcpu = vcpu,
		.redist = vm->vcpu[off / VGIC_REDIST_STRIDE],
		.size = size,
	};

	return vreg_write(frame_of(off), &access, off % VREG_FRAME_SIZE, value);
}

const struct mmio_ops vgic_redist_ops = {
	.name = "GICR",
	.sizes = 1 | 4 | 8,
	.read = redist_read,
	.write = redist_write,
};
