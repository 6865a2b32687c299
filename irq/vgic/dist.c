/* SPDX-License-Identifier: Apache-2.0 */
/* The distributor's registers. IHI 0069H 12.9, as seen with security disabled and affinity routing
 * on. */
#include "irq/vgic/vreg.h"

#include "core/base/atomic.h"
#include "core/base/errno.h"
#include "irq/vgic/bank_regs.h"
#include "irq/vgic/vgic_frames.h"

#define CTLR_PIECE 8U /* vCPUs */

VREG_READ(read_ctlr)
{
	/* ARE and DS are always one; nothing is ever in progress: RWP is zero */
	*value = vcpu->vm->vgic.ctlr | GICD_CTLR_ARE | GICD_CTLR_DS;
	return 0;
}

/* All vCPUs look at all they have, a few told in each step. */
VREG_WRITE_SHARED(vgic_dist_write_ctlr)
{
	struct vm *vm = vcpu->vm;
	uint32_t on = (uint32_t)(value & (GICD_CTLR_ENGRP0 | GICD_CTLR_ENGRP1));
	struct vgic_access access;
	uint64_t now;
	int err = 0;

	spin_lock(&vm->vgic.lock);
	access = vgic_access_begin(vcpu, VGIC_PLACE_KEY(VGIC_PLACE_CTLR, vcpu, 0), on,
				   BITS(vm->vcpu_count - 1, 0));
	if (vm->vgic.ctlr != on || access.rest != access.all) {
		if (access.rest == access.all) {
			vm->vgic.ctlr = on;
		}
		now = vgic_access_piece(vcpu, &access, UINT64_MAX, CTLR_PIECE);
		for (uint64_t word = now; word != 0; word &= word - 1) {
			vgic_sweep_locked(vm->vcpu[__builtin_ctzll(word)]);
		}
		err = vgic_access_end_locked(vcpu, &access, now);
	}
	spin_unlock(&vm->vgic.lock);
	return err;
}

VREG_READ_SHARED(vgic_read_typer)
{
	*value = vcpu->vm->vgic.typer;
	return 0;
}

VREG_READ_SHARED(vgic_read_iidr)
{
	*value = VGIC_IIDR;
	return 0;
}

VREG_READ(read_pidr)
{
	*value = vgic_pidr[index];
	return 0;
}

VREG_READ(read_router)
{
	struct vgic_dist *dist = &vcpu->vm->vgic;

	if (index / 2 >= dist->spi_count) {
		*value = 0;
		return 0;
	}
	*value = dist->irouter[index / 2] >> (32 * (index % 2));
	if (size == 4) {
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

VREG_WRITE(write_router)
{
	struct vm *vm = vcpu->vm;
	struct vgic_dist *dist = &vm->vgic;
	uint32_t spi = index / 2;
	uint64_t whole = value;

	if (spi >= dist->spi_count) {
		return 0;
	}
	spin_lock(&dist->lock);
	if (size == 4) {
		uint64_t shift = 32 * (index % 2);

		whole = (dist->irouter[spi] & ~(UINT64_C(0xffffffff) << shift)) | (value << shift);
	}
	/* 1 of N not offered: Interrupt_Routing_Mode is RES0 */
	dist->irouter[spi] = whole & IROUTER_WRITABLE;
	dist->route[spi] = route_of(vm, dist->irouter[spi]);
	vgic_link_route_locked(vm, INTID_SPI + spi);
	vgic_post_word_locked(NULL, vm, (INTID_SPI + spi) / 32, vgic_bit(INTID_SPI + spi));
	spin_unlock(&dist->lock);
	return 0;
}

/* Message-based SPIs. IHI 0069H GICD_SETSPI_NSR, GICD_CLRSPI_NSR; RES0 where GICD_TYPER.MBIS = 0 */
#define SETSPI_INTID BITS(12, 0)

VREG_WRITE(write_setspi)
{
	if (index == 0 && (vcpu->vm->vgic.typer & GICD_TYPER_MBIS) != 0) {
		vgic_send_message(vcpu->vm, (uint32_t)(value & SETSPI_INTID));
	}
	return 0;
}

VREG_WRITE(write_clrspi)
{
	struct vm *vm = vcpu->vm;
	uint32_t intid = (uint32_t)(value & SETSPI_INTID);
	const struct vgic_bank *bank;

	if (index != 0 || (vm->vgic.typer & GICD_TYPER_MBIS) == 0 || intid < INTID_SPI ||
	    intid >= vgic_limit(vm)) {
		return 0;
	}
	bank = vgic_bank_of(vcpu, intid);
	if (((atomic_read(&bank->edge) | bank->hw) & vgic_bit(intid)) == 0) {
		vgic_set_line(vm, intid, false);
		return 0;
	}
	return bank_pend(vcpu, vcpu, intid / 32, vgic_bit(intid), false);
}

/* The half that holds the INTID may be written alone; the other is reserved. */
#define MESSAGE(START, WRITE)                                                                      \
	{                                                                                          \
		.start = (START), .end = (START) + 4, .shift = 1, .sizes = 2 | 4, .write = (WRITE) \
	}

const struct vreg vgic_dist_regs[] = {
	VREG_WORD(GICD_CTLR, read_ctlr, vgic_dist_write_ctlr),
	VREG_WORD(GICD_TYPER, vgic_read_typer, NULL),
	VREG_WORD(GICD_IIDR, vgic_read_iidr, NULL),
	VREG_WORD(GICD_TYPER2, NULL, NULL),
	VREG_WORD(GICD_STATUSR, NULL, NULL),
	MESSAGE(GICD_SETSPI_NSR, write_setspi),
	MESSAGE(GICD_CLRSPI_NSR, write_clrspi),
	/* GICD_SETSPI_SR, GICD_CLRSPI_SR: RES0 with security disabled */
	MESSAGE(GICD_SETSPI_SR, NULL),
	MESSAGE(GICD_CLRSPI_SR, NULL),
	VGIC_DIST_BANKS,
	/* RAZ/WI with affinity routing, bytes too */
	/* GICD_ITARGETSR */
	{.start = GICD_ITARGETSR, .end = GICD_ITARGETSR + 0x400, .shift = 2, .sizes = 1 | 4},
	VGIC_DIST_CONFIG,
	/* RES0 with security disabled */
	VREG_BIT_WORDS(GICD_IGRPMODR, NULL, NULL),
	/* GICD_NSACR */
	{.start = GICD_NSACR, .end = GICD_NSACR + 0x100, .shift = 2, .sizes = 4},
	VREG_WORD(GICD_SGIR, NULL, NULL),
	/* GICD_CPENDSGIR */
	{.start = 0xf10, .end = 0xf20, .shift = 2, .sizes = 1 | 4},
	/* GICD_SPENDSGIR */
	{.start = 0xf20, .end = 0xf30, .shift = 2, .sizes = 1 | 4},
	/* GICD_IROUTER */
	{.start = GICD_IROUTER + 8 * INTID_SPI,
	 .end = 0x7fe0,
	 .shift = 2,
	 .sizes = 4 | 8,
	 .read = read_router,
	 .write = write_router},
	/* GICD_PIDR */
	{.start = 0xffd0, .end = 0x10000, .shift = 2, .sizes = 4, .read = read_pidr},
};

static uint8_t dist_index[VREG_INDEX_COUNT];
const struct vreg_table vgic_dist_table = {vgic_dist_regs, ARRAY_COUNT(vgic_dist_regs), dist_index};

static int dist_read(struct vcpu *vcpu, void *dev, uint32_t off, uint32_t size, uint64_t *value)
{
	(void)dev;
	return vreg_read(&vgic_dist_table, (struct vreg_by){vcpu, vcpu}, off, size, value);
}

static int dist_write(struct vcpu *vcpu, void *dev, uint32_t off, uint32_t size, uint64_t value)
{
	(void)dev;
	return vreg_write(&vgic_dist_table, (struct vreg_by){vcpu, vcpu}, off, size, value);
}

const struct mmio_ops vgic_dist_ops = {
	.name = "GICD",
	.sizes = 1 | 2 | 4 | 8,
	.read = dist_read,
	.write = dist_write,
};
