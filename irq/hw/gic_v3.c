/* SPDX-License-Identifier: Apache-2.0 */
/* GICv3 (and v4, as v3). IHI 0069H. */
#include "core/arm64/barrier.h"
#include "core/arm64/sysreg.h"
#include "core/base/errno.h"
#include "core/base/format.h"
#include "core/base/percpu.h"
#include "core/base/spinlock.h"
#include "irq/hw/gic.h"
#include "irq/hw/gic_regs.h"

#define RWP_POLL_MAX 1000000 /* reads; hardware answers within a few */
#define REDIST_MAX   1024    /* frames looked at in all regions */

static struct {
	struct spinlock lock; /* protects the distributor's registers */
	volatile uint8_t *dist;
	const struct board_gic *board;
	uint32_t line_count; /* INTIDs the distributor has */
} gic = {.lock = SPINLOCK_INIT(RANK_VGIC_IRQ)};

struct gic_cpu {
	volatile uint8_t *redist;
};
static PERCPU(struct gic_cpu, gic_cpu);

static uint32_t read32(volatile uint8_t *base, uint32_t off)
{
	return *(volatile uint32_t *)(base + off);
}

static void write32(volatile uint8_t *base, uint32_t off, uint32_t value)
{
	*(volatile uint32_t *)(base + off) = value;
}

static void write64(volatile uint8_t *base, uint32_t off, uint64_t value)
{
	*(volatile uint64_t *)(base + off) = value;
}

static void wait_for_zero(volatile uint8_t *base, uint32_t off, uint32_t bits)
{
	for (uint32_t i = 0; i < RWP_POLL_MAX && (read32(base, off) & bits) != 0; i++) {
		cpu_yield();
	}
}

int gic_init(const struct board_gic *board)
{
	volatile uint8_t *dist = (volatile uint8_t *)board->dist.base;

	gic.board = board;
	gic.dist = dist;
	write32(dist, GICD_CTLR, 0);
	wait_for_zero(dist, GICD_CTLR, GICD_CTLR_RWP);
	gic.line_count =
		MIN(32 * ((uint32_t)FIELD_GET(GICD_TYPER_ITLINES, read32(dist, GICD_TYPER)) + 1),
		    (uint32_t)INTID_LIMIT);
	for (uint32_t i = INTID_SPI; i < gic.line_count; i += 32) {
		write32(dist, GICD_ICENABLER + i / 8, UINT32_MAX);
		write32(dist, GICD_ICPENDR + i / 8, UINT32_MAX);
		write32(dist, GICD_ICACTIVER + i / 8, UINT32_MAX);
		write32(dist, GICD_IGROUPR + i / 8, UINT32_MAX);
	}
	for (uint32_t i = INTID_SPI; i < gic.line_count; i += 4) {
		write32(dist, GICD_IPRIORITYR + i, GIC_PRIORITY * UINT32_C(0x01010101));
	}
	wait_for_zero(dist, GICD_CTLR, GICD_CTLR_RWP);
	/* where security is disabled, bit 4 is ARE and bit 1 EnableGrp1; seen non-secure, ARE_NS
	 * and EnableGrp1A */
	write32(dist, GICD_CTLR, GICD_CTLR_NS_ARE | GICD_CTLR_NS_ENGRP1A);
	wait_for_zero(dist, GICD_CTLR, GICD_CTLR_RWP);
	return 0;
}

static uint32_t affinity_of(uint64_t mpidr)
{
	return (uint32_t)((mpidr & 0xffffff) | ((mpidr >> 8) & 0xff000000));
}

static volatile uint8_t *find_redist(uint64_t mpidr)
{
	uint32_t budget = REDIST_MAX;

	for (uint32_t r = 0; r < gic.board->redist_count; r++) {
		const struct prange *region = &gic.board->redist[r];
		uint64_t at = 0;

		while (at + GICR_FRAMES_SIZE <= region->size && budget-- > 0) {
			volatile uint8_t *rd = (volatile uint8_t *)(region->base + at);
			uint64_t typer = *(volatile uint64_t *)(rd + GICR_TYPER);
			uint64_t stride = gic.board->redist_stride;

			if (FIELD_GET(GICR_TYPER_AFFINITY, typer) == affinity_of(mpidr)) {
				return rd;
			}
			if ((typer & GICR_TYPER_LAST) != 0) {
				break;
			}
			if (stride == 0) {
				/* GICv4 adds two frames: IHI 0069H GICR_TYPER.VLPIS */
				stride = (typer & GICR_TYPER_VLPIS) != 0 ? 2 * GICR_FRAMES_SIZE :
									   GICR_FRAMES_SIZE;
			}
			at += stride;
		}
	}
	return NULL;
}

static void redist_init(volatile uint8_t *rd)
{
	write32(rd, GICR_WAKER, read32(rd, GICR_WAKER) & ~(uint32_t)GICR_WAKER_SLEEP);
	wait_for_zero(rd, GICR_WAKER, GICR_WAKER_ASLEEP);
	write32(rd, GICR_ICENABLER0, UINT32_MAX);
	write32(rd, GICR_ICPENDR0, UINT32_MAX);
	write32(rd, GICR_ICACTIVER0, UINT32_MAX);
	write32(rd, GICR_IGROUPR0, UINT32_MAX);
	for (uint32_t i = 0; i < 32; i += 4) {
		write32(rd, GICR_IPRIORITYR + i, GIC_PRIORITY * UINT32_C(0x01010101));
	}
	wait_for_zero(rd, GICR_CTLR, GICR_CTLR_RWP);
	write32(rd, GICR_ISENABLER0, (1U << GIC_SGI_KICK) | (1U << GIC_SGI_STOP));
}

int gic_cpu_init(uint64_t mpidr)
{
	volatile uint8_t *rd = find_redist(mpidr);

	if (rd == NULL) {
		return -ENODEV;
	}
	this_cpu(gic_cpu).redist = rd;
	/* SRE, Enable (EL1 may use its system registers), no bypass */
	sysreg_write_raw(SYSREG_ICC_SRE_EL2, BITS(3, 0));
	/* SRE before accesses to the registers that it makes accessible */
	isb();
	sysreg_write_raw(SYSREG_ICH_HCR_EL2, 0);
	redist_init(rd);
	sysreg_write_raw(SYSREG_ICC_PMR_EL1, 0xff);
	sysreg_write_raw(SYSREG_ICC_BPR1_EL1, 7);
	sysreg_write_raw(SYSREG_ICC_CTLR_EL1, BIT(1)); /* EOImode: drop and deactivation split */
	sysreg_write_raw(SYSREG_ICC_IGRPEN1_EL1, 1);
	/* the interface is on before the first WFI or acknowledge */
	isb();
	return 0;
}

void gic_enable_ppi(uint32_t intid, bool on)
{
	volatile uint8_t *rd = this_cpu(gic_cpu).redist;

	write32(rd, on ? GICR_ISENABLER0 : GICR_ICENABLER0, UINT32_C(1) << intid);
}

void gic_enable_spi(uint32_t intid, uint32_t flags, uint64_t mpidr)
{
	uint32_t cfg_off = GICD_ICFGR + intid / 16 * 4;
	uint32_t edge = UINT32_C(2) << (intid % 16 * 2);

	if (intid < INTID_SPI || intid >= gic.line_count) {
		return;
	}
	spin_lock(&gic.lock);
	write32(gic.dist, cfg_off,
		(flags & 3) != 0 ? read32(gic.dist, cfg_off) | edge :
				   read32(gic.dist, cfg_off) & ~edge);
	write64(gic.dist, GICD_IROUTER + intid * 8, mpidr);
	write32(gic.dist, GICD_ISENABLER + intid / 32 * 4, UINT32_C(1) << intid % 32);
	spin_unlock(&gic.lock);
}

uint64_t gic_sgi_target(uint64_t mpidr)
{
	uint64_t aff0 = mpidr & 0xff;

	return FIELD_PREP(SGI1R_AFF3, (mpidr >> 32) & 0xff) | FIELD_PREP(SGI1R_RS, aff0 >> 4) |
	       FIELD_PREP(SGI1R_AFF2, (mpidr >> 16) & 0xff) |
	       FIELD_PREP(SGI1R_AFF1, (mpidr >> 8) & 0xff) | BIT(aff0 & 0xf);
}

void gic_send_sgi(uint32_t sgi, uint64_t target)
{
	/* what was posted before the interrupt that announces it, for the CPU that takes it */
	dsb(ishst);
	sysreg_write_raw(SYSREG_ICC_SGI1R_EL1, target | FIELD_PREP(SGI1R_INTID, sgi));
	/* the SGI is generated before a WFI or a wait for its effect that follows */
	isb();
}

uint32_t gic_list_register_count(void)
{
	return (uint32_t)FIELD_GET(ICH_VTR_LISTREGS, sysreg_read_raw(SYSREG_ICH_VTR_EL2)) + 1;
}

const char *gic_describe(char *buf, size_t size)
{
	format(buf, size, "GICv3 at 0x%llx, %u interrupt lines, %u list registers",
	       (unsigned long long)gic.board->dist.base, gic.line_count, gic_list_register_count());
	return buf;
}
