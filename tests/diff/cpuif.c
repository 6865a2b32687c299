/* SPDX-License-Identifier: Apache-2.0 */
/* The CPU interface of either version. */
#include "tests/diff/cpuif.h"

#include "tests/guest/lib/arm64.h"
#include "tests/guest/lib/gic_regs.h"
#include "tests/guest/lib/machine.h"

#define ICC_HPPIR0 S3_0_C12_C8_2
#define ICC_BPR0   S3_0_C12_C8_3
#define ICC_AP0R0  S3_0_C12_C8_4
#define ICC_SGI0R  S3_0_C12_C11_7
#define ICC_ASGI1R S3_0_C12_C11_6

#define NO_MASK	   0xf8
#define GICC_ABPR  0x001c
#define GICC_NSAPR 0x00e0

#define GICC_CTLR_ACKCTL BIT(2)
#define GICC_CTLR_GROUPS BITS(1, 0)

/* A write that takes effect before the next instruction. */
#define set_reg(name, value)                                                                       \
	({                                                                                         \
		sysreg_write(name, value);                                                         \
		isb();                                                                             \
	})

static uint32_t gicc_read(uint32_t reg)
{
	return mmio_read32(GICC_BASE + reg);
}

static void gicc_write(uint32_t reg, uint32_t value)
{
	mmio_write32(GICC_BASE + reg, value);
}

uint64_t cpuif_get(enum cpuif_reg reg)
{
	switch (reg) {
	case REG_PMR:
		return sysreg_read(ICC_PMR);
	case REG_BPR0:
		return sysreg_read(ICC_BPR0);
	case REG_BPR1:
		return sysreg_read(ICC_BPR1);
	case REG_CTLR:
		return sysreg_read(ICC_CTLR);
	case REG_IGRPEN0:
		return sysreg_read(ICC_IGRPEN0);
	case REG_IGRPEN1:
		return sysreg_read(ICC_IGRPEN1);
	case REG_HPPIR0:
		return sysreg_read(ICC_HPPIR0);
	case REG_HPPIR1:
		return sysreg_read(ICC_HPPIR1);
	case REG_RPR:
		return sysreg_read(ICC_RPR);
	case REG_AP0R0:
		return sysreg_read(ICC_AP0R0);
	case REG_AP1R0:
		return sysreg_read(ICC_AP1R0);
	case REG_SRE:
		return sysreg_read(ICC_SRE);
	default:
		return 0;
	}
}

void cpuif_set(enum cpuif_reg reg, uint64_t value)
{
	switch (reg) {
	case REG_PMR:
		set_reg(ICC_PMR, value);
		break;
	case REG_BPR0:
		set_reg(ICC_BPR0, value);
		break;
	case REG_BPR1:
		set_reg(ICC_BPR1, value);
		break;
	case REG_IGRPEN0:
		set_reg(ICC_IGRPEN0, value);
		break;
	case REG_IGRPEN1:
		set_reg(ICC_IGRPEN1, value);
		break;
	case REG_IGRPENS:
		sysreg_write(ICC_IGRPEN0, value);
		set_reg(ICC_IGRPEN1, value);
		break;
	case REG_AP0R0:
		set_reg(ICC_AP0R0, value);
		break;
	case REG_AP1R0:
		set_reg(ICC_AP1R0, value);
		break;
	case REG_SGI0R:
		set_reg(ICC_SGI0R, value);
		break;
	case REG_SGI1R:
		set_reg(ICC_SGI1R, value);
		break;
	case REG_ASGI1R:
		set_reg(ICC_ASGI1R, value);
		break;
	default:
		break;
	}
}

uint32_t cpuif_ack(bool v2, unsigned int group)
{
	uint32_t value;

	if (v2) {
		value = gicc_read(GICC_IAR);
	} else {
		value = (uint32_t)(group == 0 ? sysreg_read(ICC_IAR0) : sysreg_read(ICC_IAR1));
	}
	/* the acknowledge before whatever is looked at next */
	dsb(sy);
	isb();
	return value;
}

void cpuif_end(bool v2, unsigned int group, uint32_t value)
{
	if (v2) {
		gicc_write(GICC_EOIR, value);
	} else if (group == 0) {
		set_reg(ICC_EOIR0, value);
	} else {
		set_reg(ICC_EOIR1, value);
	}
}

void cpuif_deactivate(bool v2, uint32_t value)
{
	if (v2) {
		gicc_write(GICC_DIR, value);
	} else {
		set_reg(ICC_DIR, value);
	}
}

void cpuif_set_eoimode(bool v2, bool split)
{
	if (v2) {
		uint32_t ctlr = gicc_read(GICC_CTLR) & ~(uint32_t)GICC_CTLR_EOIMODE;

		gicc_write(GICC_CTLR, ctlr | (split ? (uint32_t)GICC_CTLR_EOIMODE : 0));
	} else {
		uint64_t ctlr = sysreg_read(ICC_CTLR) & ~ICC_CTLR_EOIMODE;

		set_reg(ICC_CTLR, ctlr | (split ? ICC_CTLR_EOIMODE : 0));
	}
}

void cpuif_set_point(bool group1, uint32_t value)
{
	gicc_write(group1 ? GICC_ABPR : GICC_BPR, value);
}

void cpuif_set_ctlr(bool v2, uint64_t value)
{
	if (v2) {
		uint32_t split = gicc_read(GICC_CTLR) & (uint32_t)GICC_CTLR_EOIMODE;

		gicc_write(GICC_CTLR, (uint32_t)value | split);
	} else {
		set_reg(ICC_CTLR, value | (sysreg_read(ICC_CTLR) & ICC_CTLR_EOIMODE));
	}
}

void cpuif_ready_to_end(bool v2)
{
	if (v2) {
		gicc_write(GICC_CTLR, GICC_CTLR_GROUPS | GICC_CTLR_ACKCTL);
	}
}

void cpuif_reset(bool v2)
{
	if (v2) {
		gicc_write(GICC_CTLR, 0);
		gicc_write(GICC_APR, 0);
		gicc_write(GICC_NSAPR, 0);
		gicc_write(GICC_PMR, NO_MASK);
		gicc_write(GICC_BPR, 2);
		gicc_write(GICC_ABPR, 3);
		gicc_write(GICC_CTLR, GICC_CTLR_GROUPS | GICC_CTLR_ACKCTL);
		return;
	}
	cpuif_set(REG_AP0R0, 0);
	cpuif_set(REG_AP1R0, 0);
	set_reg(ICC_CTLR, 0);
	cpuif_set(REG_PMR, 0xff);
	cpuif_set(REG_BPR0, 0);
	cpuif_set(REG_BPR1, 0);
	cpuif_set(REG_IGRPEN0, 1);
	cpuif_set(REG_IGRPEN1, 1);
}

uint64_t cpuif_look(bool v2, bool signalled)
{
	uint64_t running, group0, group1 = 0;

	if (v2) {
		running = gicc_read(GICC_RPR);
		/* listed differences `highest-unsignalled`, `sender-pending` */
		group0 = signalled ? gicc_read(GICC_HPPIR) & GICC_IAR_INTID : 0;
	} else {
		running = sysreg_read(ICC_RPR);
		group0 = sysreg_read(ICC_HPPIR0);
		group1 = sysreg_read(ICC_HPPIR1);
	}
	return running << 32 | group0 << 16 | group1;
}
