/* SPDX-License-Identifier: Apache-2.0 */
/* GICv2 and GICv3: set-up, register access, dispatch. */
#include "tests/guest/lib/gic.h"

#include "tests/guest/lib/console.h"
#include "tests/guest/lib/cpu.h"
#include "tests/guest/lib/psci.h"

#define GIC_INTIDS  256
#define GIC_PRIVATE 32
#define GIC_SGIS    16

#define ID_AA64PFR0_GIC BITS(27, 24)

static struct {
	gic_handler_fn fn;
	void *arg;
} gic_handlers[GIC_INTIDS];

bool gic_v2;

static uint32_t gic_source[MACHINE_MAX_CPUS][GIC_SGIS]; /* GICv2: who sent what was taken last */

static void gic_wait_rwp(uint64_t ctlr, uint32_t bit)
{
	while (mmio_read32(ctlr) & bit) {
		cpu_yield();
	}
}

uint64_t gic_redist(uint64_t mpidr)
{
	uint64_t affinity = (mpidr & BITS(23, 0)) | (mpidr >> 32 & 0xff) << 24;
	uint64_t typer, base = GICR_BASE;

	for (unsigned int i = 0; i < 512; i++) {
		typer = mmio_read64(base + GICR_TYPER);
		if (FIELD_GET(GICR_TYPER_AFFINITY, typer) == affinity) {
			return base;
		}
		if (typer & GICR_TYPER_LAST) {
			break;
		}
		base += typer & GICR_TYPER_VLPIS ? 2 * GICR_STRIDE : GICR_STRIDE;
	}
	return 0;
}

static uint64_t gic_my_redist(void)
{
	static uint64_t redist[MACHINE_MAX_CPUS];
	uint64_t *mine = &redist[cpu_this()->index];

	if (!*mine) {
		*mine = gic_redist(sysreg_read(mpidr_el1) & 0xff00ffffff);
	}
	return *mine;
}

uint64_t gic_reg(unsigned int base, unsigned int intid, unsigned int bits)
{
	uint64_t addr =
		intid < GIC_PRIVATE && !gic_v2 ? gic_my_redist() + GICR_SGI_FRAME : GICD_BASE;

	addr += base + (uint64_t)intid * bits / 8;
	return bits < 8 ? addr & ~UINT64_C(3) : addr;
}

bool gic_bit(unsigned int base, unsigned int intid)
{
	return mmio_read32(gic_reg(base, intid, 1)) >> intid % 32 & 1;
}

void gic_write_bit(unsigned int base, unsigned int intid)
{
	mmio_write32(gic_reg(base, intid, 1), UINT32_C(1) << intid % 32);
}

void gic_enable(unsigned int intid)
{
	gic_write_bit(GICD_ISENABLER, intid);
}

void gic_disable(unsigned int intid)
{
	gic_write_bit(GICD_ICENABLER, intid);
	if (gic_v2) {
		dsb(sy); /* GICv2 has no RWP */
	} else if (intid < GIC_PRIVATE) {
		gic_wait_rwp(gic_my_redist() + GICR_CTLR, GICR_CTLR_RWP);
	} else {
		gic_wait_rwp(GICD_BASE + GICD_CTLR, GICD_CTLR_RWP);
	}
}

void gic_set_priority(unsigned int intid, uint8_t priority)
{
	mmio_write8(gic_reg(GICD_IPRIORITYR, intid, 8), priority);
}

uint8_t gic_priority(unsigned int intid)
{
	return mmio_read8(gic_reg(GICD_IPRIORITYR, intid, 8));
}

void gic_set_edge(unsigned int intid, bool edge)
{
	uint64_t addr = gic_reg(GICD_ICFGR, intid, 2);
	uint32_t bit = UINT32_C(2) << intid % 16 * 2;

	mmio_write32(addr, edge ? mmio_read32(addr) | bit : mmio_read32(addr) & ~bit);
}

void gic_route(unsigned int spi_intid, uint64_t mpidr)
{
	if (gic_v2) {
		mmio_write8(GICD_BASE + GICD_ITARGETSR + spi_intid,
			    mpidr < MACHINE_MAX_V2 ? (uint8_t)BIT(mpidr) : 0);
	} else {
		mmio_write64(GICD_BASE + GICD_IROUTER + spi_intid * 8, mpidr);
	}
}

uint64_t gic_route_of(unsigned int spi_intid)
{
	uint8_t targets;

	if (!gic_v2) {
		return mmio_read64(GICD_BASE + GICD_IROUTER + spi_intid * 8);
	}
	targets = mmio_read8(GICD_BASE + GICD_ITARGETSR + spi_intid);
	return targets == 0 ? ~UINT64_C(0) : (uint64_t)__builtin_ctz(targets);
}

void gic_forward(bool on)
{
	uint32_t ctlr = gic_v2 ? 0 : GICD_CTLR_ARE;

	if (on) {
		ctlr |= gic_v2 ? GICD_CTLR_GRP0 : GICD_CTLR_GRP1;
	}
	mmio_write32(GICD_BASE + GICD_CTLR, ctlr);
}

/* GICv2: one bit of GICC_CTLR. */
static void gicc_control(uint32_t bit, bool on)
{
	uint32_t ctlr = mmio_read32(GICC_BASE + GICC_CTLR);

	mmio_write32(GICC_BASE + GICC_CTLR, on ? ctlr | bit : ctlr & ~bit);
	dsb(sy); /* in effect before what follows */
}

void gic_enable_group(bool on)
{
	if (gic_v2) {
		gicc_control(GICC_CTLR_GRP0, on);
	} else {
		icc_write(ICC_IGRPEN1, on);
	}
}

void gic_split_eoi(bool split)
{
	uint64_t ctlr;

	if (gic_v2) {
		gicc_control(GICC_CTLR_EOIMODE, split);
		return;
	}
	ctlr = sysreg_read(ICC_CTLR) & ~ICC_CTLR_EOIMODE;
	icc_write(ICC_CTLR, split ? ctlr | ICC_CTLR_EOIMODE : ctlr);
}

bool gic_is_split(void)
{
	return gic_v2 ? (mmio_read32(GICC_BASE + GICC_CTLR) & GICC_CTLR_EOIMODE) != 0 :
			(sysreg_read(ICC_CTLR) & ICC_CTLR_EOIMODE) != 0;
}

bool gic_shares_spis(void)
{
	return !gic_v2 || !machine_is_bare();
}

bool gic_comes_again(void)
{
	/* the interface in software says product "B" */
	return !gic_v2 || machine_is_bare() || mmio_read32(GICC_BASE + GICC_IIDR) >> 24 == 'B';
}

void gic_send_sgi(unsigned int intid, uint16_t targets)
{
	uint64_t mpidr;

	dsb(ishst); /* what the receiver is to find, before the interrupt that sends it there */
	if (gic_v2) {
		mmio_write32(GICD_BASE + GICD_SGIR,
			     (uint32_t)FIELD_PREP(GICD_SGIR_LIST, targets) | intid);
		return;
	}
	mpidr = sysreg_read(mpidr_el1);
	icc_write(ICC_SGI1R, FIELD_PREP(ICC_SGI1R_INTID, intid) | targets |
				     (mpidr >> 8 & 0xff) << 16 | (mpidr >> 16 & 0xff) << 32 |
				     (mpidr >> 32 & 0xff) << 48);
}

void gic_send_sgi_others(unsigned int intid)
{
	dsb(ishst); /* as above */
	if (gic_v2) {
		mmio_write32(GICD_BASE + GICD_SGIR, (uint32_t)GICD_SGIR_OTHERS | intid);
	} else {
		icc_write(ICC_SGI1R, FIELD_PREP(ICC_SGI1R_INTID, intid) | ICC_SGI1R_ALL_BUT_SELF);
	}
}

unsigned int gic_ack(void)
{
	uint32_t iar;

	if (!gic_v2) {
		iar = (uint32_t)sysreg_read(ICC_IAR1);
	} else {
		iar = mmio_read32(GICC_BASE + GICC_IAR);
		if ((iar & GICC_IAR_INTID) < GIC_SGIS) {
			gic_source[cpu_this()->index][iar & GICC_IAR_INTID] = iar & GICC_IAR_SOURCE;
		}
		iar &= GICC_IAR_INTID;
	}
	dsb(sy); /* the acknowledge before the handler's accesses to its device */
	return iar;
}

static uint32_t gic_with_source(unsigned int intid)
{
	return intid < GIC_SGIS ? intid | gic_source[cpu_this()->index][intid] : intid;
}

void gic_eoi(unsigned int intid)
{
	dsb(sy); /* the device drops its line before the interrupt may be taken again */
	if (gic_v2) {
		mmio_write32(GICC_BASE + GICC_EOIR, gic_with_source(intid));
		dsb(sy); /* in effect before what follows */
	} else {
		icc_write(ICC_EOIR1, intid);
	}
}

void gic_deactivate(unsigned int intid)
{
	gic_cpu_write(ICC_DIR, gic_v2 ? gic_with_source(intid) : intid);
}

static void gic_irq(struct exc_frame *frame, bool fiq)
{
	unsigned int intid = gic_ack();

	(void)frame;
	(void)fiq;
	cpu_this()->irq_count++;
	if (intid >= 1020) {
		return;
	}
	if (intid < GIC_INTIDS && gic_handlers[intid].fn) {
		gic_handlers[intid].fn(intid, gic_handlers[intid].arg);
	} else {
		printf("# INTID %u arrived on CPU %u without a handler: disabled\n", intid,
		       cpu_this()->index);
		gic_disable(intid);
	}
	gic_eoi(intid);
	if (gic_is_split()) {
		gic_deactivate(intid);
	}
}

static void gic_setup_redist(void)
{
	uint64_t redist = gic_my_redist();

	mmio_write32(redist + GICR_WAKER, mmio_read32(redist + GICR_WAKER) & ~GICR_WAKER_SLEEP);
	while (mmio_read32(redist + GICR_WAKER) & GICR_WAKER_ASLEEP) {
		cpu_yield();
	}
}

static void gic_setup_interface(void)
{
	if (gic_v2) {
		mmio_write32(GICC_BASE + GICC_PMR, 0xff);
		mmio_write32(GICC_BASE + GICC_BPR, 0);
		mmio_write32(GICC_BASE + GICC_CTLR, GICC_CTLR_GRP0);
		dsb(sy); /* on before what follows */
		return;
	}
	icc_write(ICC_SRE, sysreg_read(ICC_SRE) | 1);
	icc_write(ICC_PMR, 0xff);
	icc_write(ICC_BPR1, 0);
	icc_write(ICC_CTLR, sysreg_read(ICC_CTLR) & ~ICC_CTLR_EOIMODE);
	icc_write(ICC_IGRPEN1, 1);
}

void gic_setup_cpu(void)
{
	if (!gic_v2) {
		gic_setup_redist();
	}
	mmio_write32(gic_reg(GICD_ICENABLER, 0, 1), ~UINT32_C(0));
	mmio_write32(gic_reg(GICD_IGROUPR, 0, 1), gic_v2 ? 0 : ~UINT32_C(0));
	for (unsigned int i = 0; i < GIC_PRIVATE; i++) {
		gic_set_priority(i, GIC_PRIORITY_DEFAULT);
	}
	if (!gic_v2) {
		gic_wait_rwp(gic_my_redist() + GICR_CTLR, GICR_CTLR_RWP);
	}
	gic_setup_interface();
}

void gic_setup(void)
{
	uint32_t words = (mmio_read32(GICD_BASE + GICD_TYPER) & GICD_TYPER_LINES) + 1;

	gic_v2 = (sysreg_read(id_aa64pfr0_el1) & ID_AA64PFR0_GIC) == 0;
	mmio_write32(GICD_BASE + GICD_CTLR, 0);
	gic_wait_rwp(GICD_BASE + GICD_CTLR, GICD_CTLR_RWP);
	/* ARE before the groups: IROUTER means something only then. */
	gic_forward(false);
	gic_wait_rwp(GICD_BASE + GICD_CTLR, GICD_CTLR_RWP);
	for (uint32_t i = 1; i < words; i++) {
		mmio_write32(GICD_BASE + GICD_ICENABLER + i * 4, ~UINT32_C(0));
		mmio_write32(GICD_BASE + GICD_IGROUPR + i * 4, gic_v2 ? 0 : ~UINT32_C(0));
	}
	gic_forward(true);
	gic_wait_rwp(GICD_BASE + GICD_CTLR, GICD_CTLR_RWP);
	exc_set_irq(gic_irq);
	gic_setup_cpu();
}

void gic_connect(unsigned int intid, gic_handler_fn fn, void *arg)
{
	gic_handlers[intid].arg = arg;
	gic_handlers[intid].fn = fn;
	if (intid >= GIC_PRIVATE) {
		gic_route(intid, sysreg_read(mpidr_el1) & 0xff00ffffff);
		gic_set_priority(intid, GIC_PRIORITY_DEFAULT);
	}
	gic_enable(intid);
}
