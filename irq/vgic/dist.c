/* SPDX-License-Identifier: Apache-2.0 */
/* The distributor's registers. IHI 0069H 12.9, as seen with security disabled and affinity routing
 * on. */
#include "irq/vgic/vreg.h"

#include "core/base/errno.h"
#include "irq/vgic/bank_regs.h"
#include "irq/vgic/vgic_frames.h"

static int read_ctlr(const struct vreg_access *a, uint64_t *value)
{
	/* ARE and DS are always one; nothing is ever in progress: RWP is zero */
	*value = a->vcpu->vm->vgic.ctlr | GICD_CTLR_ARE | GICD_CTLR_DS;
	return 0;
}

static int write_ctlr(const struct vreg_access *a, uint64_t value)
{
	struct vm *vm = a->vcpu->vm;
	uint32_t on = (uint32_t)(value & (GICD_CTLR_ENGRP0 | GICD_CTLR_ENGRP1));

	spin_lock(&vm->vgic.lock);
	if (vm->vgic.ctlr != on) {
		vm->vgic.ctlr = on;
		for (uint32_t i = 0; i < vm->vcpu_count; i++) {
			vgic_post_word_locked(vm->vcpu[i], vm, 0,
					      vgic_pending_word(&vm->vcpu[i]->vgic.bank) |
						      vm->vcpu[i]->vgic.bank.listed);
		}
		for (uint32_t n = 0; n < vm->vgic.bank_count; n++) {
			vgic_post_word_locked(NULL, vm, n + 1,
					      vgic_pending_word(&vm->vgic.bank[n]) |
						      vm->vgic.bank[n].listed);
		}
	}
	spin_unlock(&vm->vgic.lock);
	return 0;
}

static int read_typer(const struct vreg_access *a, uint64_t *value)
{
	/* no LPIs, no message-based SPIs, no security; 1 of N not offered: No1N = 1 */
	*value = FIELD_PREP(GICD_TYPER_ITLINES, vgic_limit(a->vcpu->vm) / 32 - 1) |
		 FIELD_PREP(GICD_TYPER_IDBITS, 9) | GICD_TYPER_A3V | GICD_TYPER_NO1N;
	return 0;
}

static int read_iidr(const struct vreg_access *a, uint64_t *value)
{
	(void)a;
	*value = VGIC_IIDR;
	return 0;
}

static int read_pidr(const struct vreg_access *a, uint64_t *value)
{
	*value = vgic_pidr[a->index];
	return 0;
}

/* Bank 0 lives in the redistributors: with affinity routing these words are RAZ/WI. */
#define BANK_WORD(NAME, WORD)                                                                      \
	static int read_##NAME(const struct vreg_access *a, uint64_t *value)                       \
	{                                                                                          \
		*value = 0;                                                                        \
		return a->index == 0 ? 0 : bank_read(a->vcpu, a->vcpu, a->index, WORD, value);     \
	}
BANK_WORD(group, BANK_GROUP)
BANK_WORD(enabled, BANK_ENABLED)
BANK_WORD(pending, BANK_PENDING)
BANK_WORD(active, BANK_ACTIVE)

static int write_group(const struct vreg_access *a, uint64_t value)
{
	return a->index == 0 ? 0 : bank_write_group(a->vcpu, a->index, (uint32_t)value);
}

static int write_isenable(const struct vreg_access *a, uint64_t value)
{
	return a->index == 0 ? 0 : bank_enable(a->vcpu, a->index, (uint32_t)value, true);
}

static int write_icenable(const struct vreg_access *a, uint64_t value)
{
	return a->index == 0 ? 0 : bank_enable(a->vcpu, a->index, (uint32_t)value, false);
}

static int write_ispend(const struct vreg_access *a, uint64_t value)
{
	return a->index == 0 ? 0 : bank_pend(a->vcpu, a->vcpu, a->index, (uint32_t)value, true);
}

static int write_icpend(const struct vreg_access *a, uint64_t value)
{
	return a->index == 0 ? 0 : bank_pend(a->vcpu, a->vcpu, a->index, (uint32_t)value, false);
}

static int write_isactive(const struct vreg_access *a, uint64_t value)
{
	return a->index == 0 ? 0 : bank_activate(a->vcpu, a->vcpu, a->index, (uint32_t)value, true);
}

static int write_icactive(const struct vreg_access *a, uint64_t value)
{
	return a->index == 0 ? 0 :
			       bank_activate(a->vcpu, a->vcpu, a->index, (uint32_t)value, false);
}

static int read_priority(const struct vreg_access *a, uint64_t *value)
{
	*value = a->off < INTID_SPI ? 0 : bank_read_priority(a->vcpu, a->off, a->size);
	return 0;
}

static int write_priority(const struct vreg_access *a, uint64_t value)
{
	if (a->off >= INTID_SPI) {
		bank_write_priority(a->vcpu, a->off, a->size, value);
	}
	return 0;
}

static int read_config(const struct vreg_access *a, uint64_t *value)
{
	*value = a->index < 2 ? 0 : bank_read_config(a->vcpu, a->index);
	return 0;
}

static int write_config(const struct vreg_access *a, uint64_t value)
{
	if (a->index >= 2) {
		bank_write_config(a->vcpu, a->index, (uint32_t)value);
	}
	return 0;
}

static int read_router(const struct vreg_access *a, uint64_t *value)
{
	struct vgic_dist *dist = &a->vcpu->vm->vgic;

	if (a->index >= dist->spi_count) {
		*value = 0;
		return 0;
	}
	*value = dist->irouter[a->index] >> (8 * (a->off % 8));
	if (a->size == 4) {
		*value = (uint32_t)*value;
	}
	return 0;
}

#define IROUTER_WRITABLE (BITS(39, 32) | BITS(23, 0))

/* The vCPU that has this affinity; the first when none has: the interrupt then goes nowhere anyone
 * can see. */
static uint16_t route_of(const struct vm *vm, uint64_t affinity)
{
	for (uint32_t i = 0; i < vm->vcpu_count; i++) {
		if ((vm->vcpu[i]->mpidr & IROUTER_WRITABLE) == affinity) {
			return (uint16_t)i;
		}
	}
	return VGIC_ROUTE_NONE;
}

static int write_router(const struct vreg_access *a, uint64_t value)
{
	struct vm *vm = a->vcpu->vm;
	struct vgic_dist *dist = &vm->vgic;
	uint32_t intid = INTID_SPI + a->index;
	uint64_t whole = value;

	if (a->index >= dist->spi_count) {
		return 0;
	}
	spin_lock(&dist->lock);
	if (a->size == 4) {
		uint64_t shift = 8 * (a->off % 8);

		whole = (dist->irouter[a->index] & ~(UINT64_C(0xffffffff) << shift)) |
			(value << shift);
	}
	/* 1 of N not offered: Interrupt_Routing_Mode is RES0 */
	dist->irouter[a->index] = whole & IROUTER_WRITABLE;
	dist->route[a->index] = route_of(vm, dist->irouter[a->index]);
	vgic_post_word_locked(NULL, vm, intid / 32, vgic_bit(intid));
	spin_unlock(&dist->lock);
	return 0;
}

/* [start, end) of words with one bit for each of 1024 interrupts */
#define WORDS(NAME, START, READ, WRITE)                                                            \
	{                                                                                          \
		.name = NAME, .start = (START), .end = (START) + 0x80, .stride = 4, .sizes = 4,    \
		.read = (READ), .write = (WRITE)                                                   \
	}
#define ONE(NAME, START, READ, WRITE)                                                              \
	{                                                                                          \
		.name = NAME, .start = (START), .end = (START) + 4, .stride = 4, .sizes = 4,       \
		.read = (READ), .write = (WRITE)                                                   \
	}

const struct vreg vgic_dist_regs[] = {
	ONE("GICD_CTLR", GICD_CTLR, read_ctlr, write_ctlr),
	ONE("GICD_TYPER", GICD_TYPER, read_typer, NULL),
	ONE("GICD_IIDR", GICD_IIDR, read_iidr, NULL),
	ONE("GICD_TYPER2", GICD_TYPER2, NULL, NULL),
	ONE("GICD_STATUSR", GICD_STATUSR, NULL, NULL),
	/* message-based SPIs are not offered (GICD_TYPER.MBIS = 0): reserved */
	WORDS("GICD_IGROUPR", GICD_IGROUPR, read_group, write_group),
	WORDS("GICD_ISENABLER", GICD_ISENABLER, read_enabled, write_isenable),
	WORDS("GICD_ICENABLER", GICD_ICENABLER, read_enabled, write_icenable),
	WORDS("GICD_ISPENDR", GICD_ISPENDR, read_pending, write_ispend),
	WORDS("GICD_ICPENDR", GICD_ICPENDR, read_pending, write_icpend),
	WORDS("GICD_ISACTIVER", GICD_ISACTIVER, read_active, write_isactive),
	WORDS("GICD_ICACTIVER", GICD_ICACTIVER, read_active, write_icactive),
	{.name = "GICD_IPRIORITYR",
	 .start = GICD_IPRIORITYR,
	 .end = GICD_IPRIORITYR + 0x400,
	 .stride = 4,
	 .sizes = 1 | 4,
	 .read = read_priority,
	 .write = write_priority},
	/* RAZ/WI with affinity routing, bytes too */
	{.name = "GICD_ITARGETSR",
	 .start = GICD_ITARGETSR,
	 .end = GICD_ITARGETSR + 0x400,
	 .stride = 4,
	 .sizes = 1 | 4},
	{.name = "GICD_ICFGR",
	 .start = GICD_ICFGR,
	 .end = GICD_ICFGR + 0x100,
	 .stride = 4,
	 .sizes = 4,
	 .read = read_config,
	 .write = write_config},
	/* RES0 with security disabled */
	WORDS("GICD_IGRPMODR", GICD_IGRPMODR, NULL, NULL),
	{.name = "GICD_NSACR",
	 .start = GICD_NSACR,
	 .end = GICD_NSACR + 0x100,
	 .stride = 4,
	 .sizes = 4},
	ONE("GICD_SGIR", GICD_SGIR, NULL, NULL),
	{.name = "GICD_CPENDSGIR", .start = 0xf10, .end = 0xf20, .stride = 4, .sizes = 1 | 4},
	{.name = "GICD_SPENDSGIR", .start = 0xf20, .end = 0xf30, .stride = 4, .sizes = 1 | 4},
	{.name = "GICD_IROUTER",
	 .start = GICD_IROUTER + 8 * INTID_SPI,
	 .end = 0x7fe0,
	 .stride = 8,
	 .sizes = 4 | 8,
	 .read = read_router,
	 .write = write_router},
	{.name = "GICD_PIDR",
	 .start = 0xffd0,
	 .end = 0x10000,
	 .stride = 4,
	 .sizes = 4,
	 .read = read_pidr},
};

static uint8_t dist_index[VREG_INDEX_COUNT];
const struct vreg_table vgic_dist_table = {vgic_dist_regs, ARRAY_COUNT(vgic_dist_regs), dist_index};

static int dist_read(struct vcpu *vcpu, void *dev, uint32_t off, uint8_t size, uint64_t *value)
{
	struct vreg_access access = {.vcpu = vcpu, .redist = vcpu, .size = size};

	(void)dev;
	return vreg_read(&vgic_dist_table, &access, off, value);
}

static int dist_write(struct vcpu *vcpu, void *dev, uint32_t off, uint8_t size, uint64_t value)
{
	struct vreg_access access = {.vcpu = vcpu, .redist = vcpu, .size = size};

	(void)dev;
	return vreg_write(&vgic_dist_table, &access, off, value);
}

const struct mmio_ops vgic_dist_ops = {
	.name = "GICD",
	.sizes = 1 | 4 | 8,
	.read = dist_read,
	.write = dist_write,
};
