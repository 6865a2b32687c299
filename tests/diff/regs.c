/* SPDX-License-Identifier: Apache-2.0 */
/* Distributor, redistributors and device lines. */
#include "tests/diff/regs.h"

#include "tests/guest/lib/arm64.h"
#include "tests/guest/lib/console.h"
#include "tests/guest/lib/cpu.h"
#include "tests/guest/lib/gic_regs.h"
#include "tests/guest/lib/machine.h"
#include "tests/guest/lib/pl011_regs.h"

#define ALL	   UINT32_MAX
#define PRIORITIES UINT32_C(0xa0a0a0a0)

/* Banks whose SPIs are in use. */
static const unsigned int banks[] = {1, 7};

static uint64_t redist(unsigned int cpu)
{
	return GICR_BASE + (uint64_t)cpu * GICR_STRIDE;
}

/* Where the registers of an INTID begin. */
static uint64_t frame(bool v2, unsigned int cpu, unsigned int intid)
{
	return intid < 32 && !v2 ? redist(cpu) + GICR_SGI_FRAME : GICD_BASE;
}

void regs_settle(bool v2)
{
	if (!v2) {
		while (mmio_read32(GICD_BASE + GICD_CTLR) & GICD_CTLR_RWP) {
			cpu_yield();
		}
	}
}

void regs_setup(bool v2)
{
	/* the UART's transmit interrupt stays raised from here on: its mask is the line */
	printf("differential tests, GICv%u\n", v2 ? 2 : 3);
	if (!v2) {
		mmio_write32(GICD_BASE + GICD_CTLR, GICD_CTLR_ARE);
		regs_settle(v2);
	}
}

void regs_setup_cpu(bool v2)
{
	uint64_t waker = redist(cpu_this()->index) + GICR_WAKER;

	if (v2) {
		return;
	}
	mmio_write32(waker, mmio_read32(waker) & ~(uint32_t)GICR_WAKER_SLEEP);
	while (mmio_read32(waker) & GICR_WAKER_ASLEEP) {
		cpu_yield();
	}
	sysreg_write(ICC_SRE, sysreg_read(ICC_SRE) | 1);
	isb(); /* before the first access to the interface */
}

static void reset_bank(uint64_t base, unsigned int n, uint32_t group)
{
	mmio_write32(base + GICD_ICENABLER + n * 4, ALL);
	mmio_write32(base + GICD_ICACTIVER + n * 4, ALL);
	mmio_write32(base + GICD_IGROUPR + n * 4, group);
	for (unsigned int i = 0; i < 8; i++) {
		mmio_write32(base + GICD_IPRIORITYR + n * 32 + i * 4, PRIORITIES);
	}
	for (unsigned int i = n == 0 ? 1 : 0; i < 2; i++) {
		mmio_write32(base + GICD_ICFGR + n * 8 + i * 4, 0);
	}
	mmio_write32(base + GICD_ICPENDR + n * 4, ALL);
}

void regs_reset_dist(bool v2)
{
	mmio_write32(GICD_BASE + GICD_CTLR, v2 ? 0 : GICD_CTLR_ARE);
	regs_settle(v2);
	regs_set_line(LINE_UART, LINE_DOWN);
	for (unsigned int i = 0; i < ARRAY_SIZE(banks); i++) {
		reset_bank(GICD_BASE, banks[i], v2 ? 0 : ALL);
		for (unsigned int k = 0; v2 && k < 8; k++) {
			mmio_write32(GICD_BASE + GICD_ITARGETSR + banks[i] * 32 + k * 4,
				     0x01010101);
		}
		for (unsigned int k = 0; !v2 && k < 32; k++) {
			mmio_write64(GICD_BASE + GICD_IROUTER + (banks[i] * 32 + k) * 8, 0);
		}
	}
}

void regs_reset_cpu(bool v2)
{
	uint64_t base = frame(v2, cpu_this()->index, 0);

	/* first: listed difference `line-withdrawn` */
	mmio_write32(base + GICD_ICENABLER, ALL);
	regs_settle(v2);
	regs_set_line(LINE_VTIMER, LINE_DOWN);
	regs_set_line(LINE_PTIMER, LINE_DOWN);
	reset_bank(base, 0, v2 ? 0 : ALL);
	for (unsigned int i = 0; v2 && i < 4; i++) {
		mmio_write32(GICD_BASE + GICD_CPENDSGIR + i * 4, ALL);
	}
}

void regs_open_dist(bool v2)
{
	mmio_write32(GICD_BASE + GICD_CTLR,
		     GICD_CTLR_GRP0 | GICD_CTLR_GRP1 | (v2 ? 0 : GICD_CTLR_ARE));
	regs_settle(v2);
}

/* In an hour or so: CNTV_CVAL_EL0, CNTP_CVAL_EL0. */
#define LATER (UINT64_C(1) << 40)

void regs_set_line(enum line line, enum line_state state)
{
	/* CNTx_CTL_EL0: ENABLE, IMASK */
	static const uint64_t controls[] = {
		[LINE_DOWN] = 0,
		[LINE_UP] = 1,
		[LINE_MASKED] = 3,
		[LINE_ARMED] = 1,
	};

	switch (line) {
	case LINE_UART:
		mmio_write32(PL011_BASE + UART_IMSC, state == LINE_UP ? UART_INT_TX : 0);
		break;
	case LINE_VTIMER:
		sysreg_write(cntv_cval_el0, state == LINE_ARMED ? LATER : 0);
		sysreg_write(cntv_ctl_el0, controls[state]);
		break;
	case LINE_PTIMER:
		sysreg_write(cntp_cval_el0, state == LINE_ARMED ? LATER : 0);
		sysreg_write(cntp_ctl_el0, controls[state]);
		break;
	}
	dsb(sy);
	isb(); /* the line, before what is looked at next */
}

bool regs_may_come(bool v2, unsigned int intid)
{
	uint64_t base = frame(v2, cpu_this()->index, intid) + intid / 32 * 4;
	uint32_t enabled = mmio_read32(base + GICD_ISENABLER);
	uint32_t active = mmio_read32(base + GICD_ISACTIVER);

	return ((enabled & ~active) >> intid % 32 & 1) != 0;
}

/* IHI 0069H GICD_ICFGR<n>: disabled while it changes, and pending state is UNKNOWN after it. */
void regs_set_trigger(bool v2, unsigned int cpu, unsigned int intid, bool edge)
{
	uint64_t base = frame(v2, cpu, intid);
	uint64_t reg = base + GICD_ICFGR + intid / 16 * 4;
	uint32_t bit = UINT32_C(2) << intid % 16 * 2, value;

	mmio_write32(base + GICD_ICENABLER + intid / 32 * 4, UINT32_C(1) << intid % 32);
	regs_settle(v2);
	mmio_write32(base + GICD_ICPENDR + intid / 32 * 4, UINT32_C(1) << intid % 32);
	value = mmio_read32(reg) & ~bit;
	mmio_write32(reg, value | (edge ? bit : 0));
	mmio_write32(base + GICD_ICPENDR + intid / 32 * 4, UINT32_C(1) << intid % 32);
}

void regs_set_group(bool v2, unsigned int cpu, unsigned int intid, bool group1)
{
	uint64_t reg = frame(v2, cpu, intid) + GICD_IGROUPR + intid / 32 * 4;
	uint32_t bit = UINT32_C(1) << intid % 32, value = mmio_read32(reg) & ~bit;

	mmio_write32(reg, value | (group1 ? bit : 0));
}

void regs_activate(bool v2, unsigned int cpu, unsigned int intid)
{
	mmio_write32(frame(v2, cpu, intid) + GICD_ISACTIVER + intid / 32 * 4,
		     UINT32_C(1) << intid % 32);
}

void regs_set_targets(unsigned int intid, uint8_t targets)
{
	uint32_t busy = mmio_read32(GICD_BASE + GICD_ISPENDR + intid / 32 * 4) |
			mmio_read32(GICD_BASE + GICD_ISACTIVER + intid / 32 * 4);

	if ((busy >> intid % 32 & 1) == 0) {
		mmio_write8(GICD_BASE + GICD_ITARGETSR + intid, targets);
	}
}
