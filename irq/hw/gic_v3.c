/* SPDX-License-Identifier: Apache-2.0 */
/* GICv3 (and v4, as v3). IHI 0069H. */
#include "core/arm64/barrier.h"
#include "core/arm64/sysreg.h"
#include "core/base/errno.h"
#include "core/base/percpu.h"
#include "irq/hw/gic_driver.h"
#include "irq/hw/ich.h"

#define RWP_POLL_MAX 1000000 /* reads; hardware answers within a few */
#define REDIST_MAX   1024    /* frames looked at in all regions */

static struct {
	volatile uint8_t *dist;
	const struct board_gic *board;
} v3;

struct gic_cpu {
	volatile uint8_t *redist;
};
static PERCPU(struct gic_cpu, gic_cpu);

static void write64(volatile uint8_t *base, uint32_t off, uint64_t value)
{
	*(volatile uint64_t *)(base + off) = value;
}

static void wait_for_zero(volatile uint8_t *base, uint32_t off, uint32_t bits)
{
	for (uint32_t i = 0; i < RWP_POLL_MAX && (gic_read32(base, off) & bits) != 0; i++) {
		cpu_yield();
	}
}

static int init(const struct board_gic *board)
{
	volatile uint8_t *dist = (volatile uint8_t *)board->dist.base;

	v3.board = board;
	v3.dist = dist;
	gic_write32(dist, GICD_CTLR, 0);
	wait_for_zero(dist, GICD_CTLR, GICD_CTLR_RWP);
	gic_quiet_spis(dist);
	for (uint32_t i = INTID_SPI; i < gic_line_count(dist); i += 32) {
		gic_write32(dist, GICD_IGROUPR + i / 8, UINT32_MAX);
	}
	wait_for_zero(dist, GICD_CTLR, GICD_CTLR_RWP);
	/* where security is disabled, bit 4 is ARE and bit 1 EnableGrp1; seen non-secure, ARE_NS
	 * and EnableGrp1A */
	gic_write32(dist, GICD_CTLR, GICD_CTLR_NS_ARE | GICD_CTLR_NS_ENGRP1A);
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

	for (uint32_t r = 0; r < v3.board->redist_count; r++) {
		const struct prange *region = &v3.board->redist[r];
		uint64_t at = 0;

		while (at + GICR_FRAMES_SIZE <= region->size && budget-- > 0) {
			volatile uint8_t *rd = (volatile uint8_t *)(region->base + at);
			uint64_t typer = *(volatile uint64_t *)(rd + GICR_TYPER);
			uint64_t stride = v3.board->redist_stride;

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
	gic_write32(rd, GICR_WAKER, gic_read32(rd, GICR_WAKER) & ~(uint32_t)GICR_WAKER_SLEEP);
	wait_for_zero(rd, GICR_WAKER, GICR_WAKER_ASLEEP);
	gic_write32(rd, GICR_ICENABLER0, UINT32_MAX);
	gic_write32(rd, GICR_ICPENDR0, UINT32_MAX);
	gic_write32(rd, GICR_ICACTIVER0, UINT32_MAX);
	gic_write32(rd, GICR_IGROUPR0, UINT32_MAX);
	for (uint32_t i = 0; i < 32; i += 4) {
		gic_write32(rd, GICR_IPRIORITYR + i, GIC_PRIORITY_WORD(i));
	}
	wait_for_zero(rd, GICR_CTLR, GICR_CTLR_RWP);
	gic_write32(rd, GICR_ISENABLER0, GIC_OWN_SGIS);
}

static int cpu_init(uint64_t mpidr)
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
	ich_init();
	redist_init(rd);
	sysreg_write_raw(SYSREG_ICC_PMR_EL1, 0xff);
	sysreg_write_raw(SYSREG_ICC_BPR1_EL1, 7);
	sysreg_write_raw(SYSREG_ICC_CTLR_EL1, BIT(1)); /* EOImode: drop and deactivation split */
	sysreg_write_raw(SYSREG_ICC_IGRPEN1_EL1, 1);
	/* the interface is on before the first WFI or acknowledge */
	isb();
	return 0;
}

static void enable_ppi(uint32_t intid, bool on)
{
	volatile uint8_t *rd = this_cpu(gic_cpu).redist;

	gic_write32(rd, on ? GICR_ISENABLER0 : GICR_ICENABLER0, UINT32_C(1) << intid);
}

static void set_ppi_active(uint32_t intid, bool active)
{
	volatile uint8_t *rd = this_cpu(gic_cpu).redist;

	gic_write32(rd, active ? GICR_ISACTIVER0 : GICR_ICACTIVER0, UINT32_C(1) << intid);
}

static uint64_t sgi_to(uint32_t sgi, uint64_t mpidr)
{
	return gic_sgi_target(mpidr) | FIELD_PREP(SGI1R_INTID, sgi);
}

static void route(uint32_t intid, uint64_t mpidr)
{
	write64(v3.dist, GICD_IROUTER + intid * 8, mpidr);
}

static uint32_t list_registers(void)
{
	return (uint32_t)FIELD_GET(ICH_VTR_LISTREGS, sysreg_read_raw(SYSREG_ICH_VTR_EL2)) + 1;
}

const struct gic_driver gic_v3_driver = {
	.name = "GICv3",
	.init = init,
	.cpu_init = cpu_init,
	.enable_ppi = enable_ppi,
	.set_ppi_active = set_ppi_active,
	.route = route,
	.sgi_to = sgi_to,
	.list_registers = list_registers,
};
