/* SPDX-License-Identifier: Apache-2.0 */
/* The redistributors' registers: RD frame and SGI frame. IHI 0069H 12.10, 12.11. Those of LPIs are
 * reserved in a VM that has none. */
#include "irq/vgic/vreg.h"

#include "core/base/atomic.h"
#include "irq/vgic/bank_regs.h"
#include "irq/vgic/vgic_frames.h"
#include "irq/vgic/vlpi.h"

const uint8_t vgic_pidr[12] = {0x44, 0,	   0,	 0,    0x92, 0xb4, GIC_PIDR2_GICV3,
			       0,    0x0d, 0xf0, 0x05, 0xb1};

static bool has_lpis(const struct vcpu *redist)
{
	return redist->vm->vgic.lpis.count != 0;
}

static bool is_last_of_region(const struct vcpu *redist)
{
	return redist->index + 1 == redist->vm->vcpu_count ||
	       redist->index + 1 == redist->vm->vgic.redist_low;
}

/* CommonLPIAff = 0: all redistributors share a configuration table. DPG bits are not offered. */
VREG_READ(read_typer)
{
	uint64_t affinity = (redist->mpidr & 0xffffff) | ((redist->mpidr >> 8) & 0xff000000);
	uint64_t typer = FIELD_PREP(GICR_TYPER_AFFINITY, affinity) |
			 FIELD_PREP(GICR_TYPER_NUMBER, redist->index) |
			 (is_last_of_region(redist) ? GICR_TYPER_LAST : 0) |
			 (has_lpis(redist) ? GICR_TYPER_PLPIS : 0);

	*value = size == 8 ? typer : (uint32_t)(typer >> (32 * index));
	return 0;
}

VREG_READ(read_waker)
{
	/* ChildrenAsleep follows ProcessorSleep at once */
	*value = redist->vgic.waker != 0 ? GICR_WAKER_SLEEP | GICR_WAKER_ASLEEP : 0;
	return 0;
}

VREG_WRITE(write_waker)
{
	spin_lock(&redist->vm->vgic.lock);
	redist->vgic.waker = (uint32_t)(value & GICR_WAKER_SLEEP);
	spin_unlock(&redist->vm->vgic.lock);
	return 0;
}

/* -- LPIs -- */

VREG_READ(read_ctlr)
{
	const struct vlpi_cpu *lpi = &redist->vgic.lpi;

	if (has_lpis(redist)) {
		*value = (atomic_read(&lpi->enable) ? GICR_CTLR_LPIS : 0) | GICR_CTLR_CES |
			 GICR_CTLR_IR |
			 (atomic_read(&lpi->phase) == VLPI_SAVING ? GICR_CTLR_RWP : 0);
	}
	return 0;
}

VREG_WRITE(write_ctlr)
{
	if (has_lpis(redist)) {
		spin_lock(&redist->vm->vgic.lock);
		vlpi_enable_locked(redist, (value & GICR_CTLR_LPIS) != 0);
		spin_unlock(&redist->vm->vgic.lock);
	}
	return 0;
}

static void read_half(uint64_t whole, uint32_t index, uint32_t size, uint64_t *value)
{
	*value = size == 8 ? whole : (uint32_t)(whole >> (32 * index));
}

static uint64_t write_half(uint64_t whole, uint32_t index, uint32_t size, uint64_t value)
{
	return size == 8      ? value :
	       index % 2 == 0 ? (whole & BITS(63, 32)) | value :
				(uint32_t)whole | (value << 32);
}

VREG_READ(read_propbaser)
{
	read_half(redist->vgic.lpi.propbaser, index, size, value);
	return 0;
}

VREG_READ(read_pendbaser)
{
	/* PTZ reads as zero */
	read_half(redist->vgic.lpi.pendbaser, index, size, value);
	return 0;
}

/* Where the tables are is fixed while LPIs are on, and until what is pending is written back: IHI
 * 0069H has other writes UNPREDICTABLE. */
static bool are_tables_free_locked(const struct vcpu *redist)
{
	SPIN_ASSERT_HELD(&redist->vm->vgic.lock);
	return has_lpis(redist) && redist->vgic.lpi.phase == VLPI_OFF;
}

VREG_WRITE(write_propbaser)
{
	struct vlpi_cpu *lpi = &redist->vgic.lpi;

	spin_lock(&redist->vm->vgic.lock);
	if (are_tables_free_locked(redist)) {
		lpi->propbaser =
			write_half(lpi->propbaser, index, size, value) & GICR_PROPBASER_WRITABLE;
	}
	spin_unlock(&redist->vm->vgic.lock);
	return 0;
}

VREG_WRITE(write_pendbaser)
{
	struct vlpi_cpu *lpi = &redist->vgic.lpi;

	spin_lock(&redist->vm->vgic.lock);
	if (are_tables_free_locked(redist)) {
		uint64_t whole = write_half(lpi->pendbaser, index, size, value);

		lpi->pendbaser = whole & GICR_PENDBASER_WRITABLE;
		if (size == 8 || index == 1) {
			lpi->zero = (whole & GICR_PENDBASER_PTZ) != 0;
		}
	}
	spin_unlock(&redist->vm->vgic.lock);
	return 0;
}

/* The INTID is in the low word. Physical LPIs only: bit 63 (V) names those of GICv4.1. */
VREG_WRITE(write_invlpir)
{
	if (index == 0 && (value & BIT(63)) == 0) {
		spin_lock(&redist->vm->vgic.lock);
		vlpi_inv_locked(redist->vm, (uint32_t)value);
		spin_unlock(&redist->vm->vgic.lock);
	}
	return 0;
}

VREG_WRITE(write_invallr)
{
	if (index == 0 && (value & BIT(63)) == 0) {
		spin_lock(&redist->vm->vgic.lock);
		vlpi_invall_locked(redist);
		spin_unlock(&redist->vm->vgic.lock);
	}
	return 0;
}

VREG_READ(read_pidr)
{
	*value = vgic_pidr[index];
	return 0;
}

#define LONG(START, READ, WRITE)                                                                   \
	{                                                                                          \
		.start = (START), .end = (START) + 8, .shift = 2, .sizes = 4 | 8, .read = (READ),  \
		.write = (WRITE)                                                                   \
	}

static const struct vreg rd_regs[] = {
	VREG_WORD(GICR_CTLR, read_ctlr, write_ctlr),
	VREG_WORD(GICR_IIDR, vgic_read_iidr, NULL),
	LONG(GICR_TYPER, read_typer, NULL),
	VREG_WORD(GICR_STATUSR, NULL, NULL),
	VREG_WORD(GICR_WAKER, read_waker, write_waker),
	/* by number only where GICR_TYPER.DirectLPI is 1, which it isn't */
	LONG(GICR_SETLPIR, NULL, NULL),
	LONG(GICR_CLRLPIR, NULL, NULL),
	LONG(GICR_PROPBASER, read_propbaser, write_propbaser),
	LONG(GICR_PENDBASER, read_pendbaser, write_pendbaser),
	LONG(GICR_INVLPIR, NULL, write_invlpir),
	LONG(GICR_INVALLR, NULL, write_invallr),
	/* GICR_SYNCR: nothing is ever in progress */
	VREG_WORD(GICR_SYNCR, NULL, NULL),
	/* GICR_PIDR */
	{.start = 0xffd0, .end = 0x10000, .shift = 2, .sizes = 4, .read = read_pidr},
};

#define BANK_WORD(NAME, WORD)                                                                      \
	VREG_READ(read_##NAME)                                                                     \
	{                                                                                          \
		return bank_read(vcpu, redist, 0, WORD, value);                                    \
	}
BANK_WORD(group, BANK_GROUP)
BANK_WORD(enabled, BANK_ENABLED)
BANK_WORD(pending, BANK_PENDING)
BANK_WORD(active, BANK_ACTIVE)

VREG_WRITE(write_group)
{
	return bank_write_group(redist, 0, (uint32_t)value);
}

VREG_WRITE(write_isenable)
{
	return bank_enable(redist, 0, (uint32_t)value);
}

VREG_WRITE(write_icenable)
{
	return bank_disable(redist, 0, (uint32_t)value);
}

VREG_WRITE(write_ispend)
{
	return bank_pend(vcpu, redist, 0, (uint32_t)value, true);
}

VREG_WRITE(write_icpend)
{
	return bank_pend(vcpu, redist, 0, (uint32_t)value, false);
}

VREG_WRITE(write_isactive)
{
	return bank_activate(vcpu, redist, 0, (uint32_t)value, true);
}

VREG_WRITE(write_icactive)
{
	return bank_activate(vcpu, redist, 0, (uint32_t)value, false);
}

VREG_READ(read_priority)
{
	*value = bank_read_priority(redist, index, size);
	return 0;
}

VREG_WRITE(write_priority)
{
	bank_write_priority(redist, index, size, value);
	return 0;
}

VREG_READ(read_config)
{
	*value = bank_read_config(redist, index);
	return 0;
}

VREG_WRITE(write_config)
{
	/* ICFGR0: SGIs are edge-triggered, read-only */
	return index == 1 ? bank_write_config(redist, 1, (uint32_t)value) : 0;
}

static const struct vreg sgi_regs[] = {
	VREG_WORD(GICD_IGROUPR, read_group, write_group),
	VREG_WORD(GICD_ISENABLER, read_enabled, write_isenable),
	VREG_WORD(GICD_ICENABLER, read_enabled, write_icenable),
	VREG_WORD(GICD_ISPENDR, read_pending, write_ispend),
	VREG_WORD(GICD_ICPENDR, read_pending, write_icpend),
	VREG_WORD(GICD_ISACTIVER, read_active, write_isactive),
	VREG_WORD(GICD_ICACTIVER, read_active, write_icactive),
	/* GICR_IPRIORITYR */
	{.start = GICD_IPRIORITYR,
	 .end = GICD_IPRIORITYR + 0x20,
	 .shift = 0,
	 .sizes = 1 | 4,
	 .read = read_priority,
	 .write = write_priority},
	/* GICR_ICFGR */
	{.start = GICD_ICFGR,
	 .end = GICD_ICFGR + 8,
	 .shift = 2,
	 .sizes = 4,
	 .read = read_config,
	 .write = write_config},
	VREG_WORD(GICD_IGRPMODR, NULL, NULL),
	VREG_WORD(GICD_NSACR, NULL, NULL),
	/* the rest of the frame is reserved */
	/* reserved */
	{.start = VREG_FRAME_SIZE, .end = VREG_FRAME_SIZE},
};

static uint8_t rd_index[VREG_INDEX_COUNT], sgi_index[VREG_INDEX_COUNT];
const struct vreg_table vgic_rd_table = {rd_regs, ARRAY_COUNT(rd_regs), rd_index};
const struct vreg_table vgic_sgi_table = {sgi_regs, ARRAY_COUNT(sgi_regs), sgi_index};

static const struct vreg_table *frame_of(uint32_t off)
{
	return (off & GICR_SGI_FRAME) != 0 ? &vgic_sgi_table : &vgic_rd_table;
}

static int redist_read(struct vcpu *vcpu, void *dev, uint32_t off, uint32_t size, uint64_t *value)
{
	struct vm *vm = dev;
	struct vreg_by by = {vcpu, vm->vcpu[off / VGIC_REDIST_STRIDE]};

	return vreg_read(frame_of(off), by, off % VREG_FRAME_SIZE, size, value);
}

static int redist_write(struct vcpu *vcpu, void *dev, uint32_t off, uint32_t size, uint64_t value)
{
	struct vm *vm = dev;
	struct vreg_by by = {vcpu, vm->vcpu[off / VGIC_REDIST_STRIDE]};

	return vreg_write(frame_of(off), by, off % VREG_FRAME_SIZE, size, value);
}

const struct mmio_ops vgic_redist_ops = {
	.name = "GICR",
	.sizes = 1 | 4 | 8,
	.read = redist_read,
	.write = redist_write,
};

static uint32_t high(const struct vm *vm, uint32_t off)
{
	return vm->vgic.redist_low * VGIC_REDIST_STRIDE + off;
}

static int high_read(struct vcpu *vcpu, void *dev, uint32_t off, uint32_t size, uint64_t *value)
{
	return redist_read(vcpu, dev, high(dev, off), size, value);
}

static int high_write(struct vcpu *vcpu, void *dev, uint32_t off, uint32_t size, uint64_t value)
{
	return redist_write(vcpu, dev, high(dev, off), size, value);
}

const struct mmio_ops vgic_redist_high_ops = {
	.name = "GICR",
	.sizes = 1 | 4 | 8,
	.read = high_read,
	.write = high_write,
};
