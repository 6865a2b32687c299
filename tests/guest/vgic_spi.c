/* SPDX-License-Identifier: Apache-2.0 */
/* Shared interrupts: registers, routing, pending and active state, levels and edges, groups. */
#include "tests/guest/lib/cpu.h"
#include "tests/guest/lib/gic.h"
#include "tests/guest/lib/pl031_regs.h"
#include "tests/guest/lib/psci.h"
#include "tests/guest/lib/servant.h"
#include "tests/guest/lib/tap.h"
#include "tests/guest/lib/timer.h"

#define CPUS   4
#define SPI    50 /* an INTID without a device behind it: set pending by software */
#define ROUNDS 200

static void settle(void)
{
	cpu_delay_us(1000);
}

/* The GIC owes no order between its registers and the CPU interface: give it time. */
static void pend(unsigned int intid)
{
	gic_write_bit(GICD_ISPENDR, intid);
	cpu_delay_us(10);
}

static void test_identity_v2(void)
{
	uint32_t typer = mmio_read32(GICD_BASE + GICD_TYPER);

	in_range(FIELD_GET(GICD_TYPER_LINES, typer), 1, 31, "GICD_TYPER has 32 SPIs or more");
	is(FIELD_GET(GICD_TYPER_CPUS, typer), CPUS - 1, "and an interface for each CPU");
	is(mmio_read32(GICD_BASE + GICD_CTLR) & 3, GICD_CTLR_GRP0, "GICD_CTLR keeps the enables");
	is(mmio_read32(GICD_BASE + GICD_ITARGETSR), 0x01010101, "SGIs are this CPU's own");
	is(mmio_read32(GICD_BASE + GICD_ITARGETSR + 28), 0x01010101, "and so are PPIs");
	mmio_write32(GICD_BASE + GICD_ITARGETSR, 0x02020202);
	is(mmio_read32(GICD_BASE + GICD_ITARGETSR), 0x01010101, "which can't be changed");
	mmio_write8(GICD_BASE + GICD_ITARGETSR + SPI, 0xff);
	/* QEMU keeps the bits of CPUs that don't exist */
	is(mmio_read8(GICD_BASE + GICD_ITARGETSR + SPI) & (machine_is_bare() ? 0xf : 0xff), 0xf,
	   "an SPI's targets are CPUs that exist");
	mmio_write8(GICD_BASE + GICD_ITARGETSR + SPI, 0x01);
	mmio_write32(GICD_BASE + GICD_TYPER, 0);
	is(mmio_read32(GICD_BASE + GICD_TYPER), typer, "GICD_TYPER ignores writes");
}

static void test_identity(void)
{
	uint32_t typer = mmio_read32(GICD_BASE + GICD_TYPER);
	uint32_t ctlr = mmio_read32(GICD_BASE + GICD_CTLR);

	in_range(FIELD_GET(GICD_TYPER_LINES, typer), 1, 31, "GICD_TYPER has 32 SPIs or more");
	in_range(FIELD_GET(GICD_TYPER_IDBITS, typer), 9, 23, "GICD_TYPER.IDbits is plausible");
	ok(ctlr & GICD_CTLR_ARE, "affinity routing is on");
	ok(ctlr & GICD_CTLR_DS, "there is one security state");
	is(ctlr & 3, GICD_CTLR_GRP1, "GICD_CTLR keeps the group enables");
	is(FIELD_GET(GIC_PIDR2_ARCH, mmio_read32(GICD_BASE + GIC_PIDR2)), 3, "GICD_PIDR2 is v3");
	ok(mmio_read32(GICD_BASE + GICD_IIDR), "GICD_IIDR names an implementer");
	mmio_write32(GICD_BASE + GICD_TYPER, 0);
	is(mmio_read32(GICD_BASE + GICD_TYPER), typer, "GICD_TYPER ignores writes");
}

static void test_reserved(void)
{
	static const unsigned int offsets[] = {
		0x000c,		0x0060,		 0x0e00,	 0x0f30,
		0x5ffc,		GICD_IGROUPR,	 GICD_ISENABLER, GICD_ISPENDR,
		GICD_ISACTIVER, GICD_IPRIORITYR, GICD_ITARGETSR, GICD_ITARGETSR + SPI / 4 * 4,
		GICD_ICFGR,	GICD_CPENDSGIR,
	};
	unsigned int set = 0, kept = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(offsets); i++) {
		uint64_t addr = GICD_BASE + offsets[i];

		set += mmio_read32(addr) != 0;
		mmio_write32(addr, ~UINT32_C(0));
		kept += mmio_read32(addr) != 0;
	}
	is(set, 0, "reserved registers, and those of SGIs and PPIs in GICD, read as zero");
	is(kept, 0, "and ignore writes");
	mmio_write32(GICD_BASE + GICD_SGIR, 2 << 24 | 5);
	settle();
	is(gic_ack(), INTID_SPURIOUS, "GICD_SGIR does nothing with affinity routing");
}

static void test_redistributors(void)
{
	unsigned int found = 0, last = 0, numbered = 0;

	for (unsigned int i = 0; i < CPUS; i++) {
		uint64_t base = gic_redist(cpu_mpidr(i));
		uint64_t typer = base ? mmio_read64(base + GICR_TYPER) : 0;

		found += base == GICR_BASE + i * UINT64_C(GICR_STRIDE);
		last += (typer & GICR_TYPER_LAST) != 0;
		numbered += FIELD_GET(GICR_TYPER_NUMBER, typer) == i;
		if (i == CPUS - 1) {
			ok(typer & GICR_TYPER_LAST, "the last redistributor says that it is");
		}
	}
	is(found, CPUS, "each CPU has its redistributor, 128 KiB apart");
	is(last, 1, "only one says that it is the last");
	is(numbered, CPUS, "they are numbered");
	is(mmio_read32(GICR_BASE + GICR_TYPER + 4), 0, "GICR_TYPER reads in halves: the affinity");
	is(mmio_read32(GICR_BASE + GICR_STRIDE + GICR_TYPER + 4), 1, "also of the second");
}

static void test_enable(void)
{
	irqlog_clear();
	gic_connect(SPI, irqlog_handler, NULL);
	pend(SPI);
	ok(irqlog_wait(0, SPI, 1), "an SPI set pending is taken");
	gic_disable(SPI);
	pend(SPI);
	settle();
	is(irqlog_total(), 1, "once; disabled, it isn't taken");
	ok(gic_bit(GICD_ISPENDR, SPI), "but stays pending");
	gic_enable(SPI);
	ok(irqlog_wait(0, SPI, 2), "enabled again, it is taken");

	irq_mask();
	pend(SPI);
	gic_disable(SPI);
	ok(gic_bit(GICD_ISPENDR, SPI), "disabled while pending, it stays pending");
	settle();
	is(gic_ack(), INTID_SPURIOUS, "but isn't delivered");
	gic_enable(SPI);
	settle();
	is(gic_ack(), SPI, "until it is enabled");
	gic_eoi(SPI);
	pend(SPI);
	gic_write_bit(GICD_ICPENDR, SPI);
	settle();
	is(gic_ack(), INTID_SPURIOUS, "GICD_ICPENDR takes a pending one back");
	gic_write_bit(GICD_ISACTIVER, SPI);
	pend(SPI);
	is(gic_ack(), INTID_SPURIOUS, "GICD_ISACTIVER holds one back");
	ok(gic_bit(GICD_ICACTIVER, SPI) && gic_bit(GICD_ICPENDR, SPI), "active and pending");
	gic_write_bit(GICD_ICACTIVER, SPI);
	settle();
	is(gic_ack(), SPI, "GICD_ICACTIVER lets it come");
	gic_eoi(SPI);
	irq_unmask();
}

static void test_disable_while_active(void)
{
	irq_mask();
	pend(SPI);
	is(gic_ack(), SPI, "an SPI is acknowledged");
	gic_disable(SPI);
	ok(gic_bit(GICD_ISACTIVER, SPI), "disabled, it stays active");
	gic_eoi(SPI);
	ok(!gic_bit(GICD_ISACTIVER, SPI), "its end deactivates it");
	gic_enable(SPI);
	settle();
	is(gic_ack(), INTID_SPURIOUS, "enabled again, it doesn't come by itself");
	irq_unmask();
}

static void test_priority_bytes(void)
{
	uint64_t reg = GICD_BASE + GICD_IPRIORITYR + 56;

	mmio_write32(reg, 0x10203040);
	is(mmio_read8(reg + 1), 0x30, "SPI priorities: a word sets four bytes");
	mmio_write8(reg + 2, 0x88);
	is(mmio_read32(reg), 0x10883040, "and a byte one of them");
	mmio_write32(reg, 0xa0a0a0a0);
}

static void test_routing(void)
{
	unsigned int right = 0, readback = 0;

	irqlog_clear();
	for (unsigned int cpu = 0; cpu < CPUS; cpu++) {
		gic_route(SPI, cpu_mpidr(cpu));
		readback += gic_route_of(SPI) == cpu_mpidr(cpu);
		pend(SPI);
		right += irqlog_wait(cpu, SPI, 1);
	}
	settle();
	is(right, CPUS, "an SPI is taken on each CPU that it is routed to");
	is(irqlog_total(), CPUS, "and nowhere else");
	is(readback, CPUS, "the route reads back");
	gic_route(SPI, cpu_mpidr(0));
}

static void test_routed_while_pending(void)
{
	irqlog_clear();
	gic_disable(SPI);
	gic_route(SPI, cpu_mpidr(1));
	pend(SPI);
	gic_route(SPI, cpu_mpidr(2));
	gic_enable(SPI);
	ok(irqlog_wait(2, SPI, 1), "routed elsewhere while pending and disabled, it goes there");

	irq_mask();
	gic_route(SPI, cpu_mpidr(0));
	pend(SPI);
	gic_route(SPI, cpu_mpidr(3));
	ok(irqlog_wait(3, SPI, 1), "routed elsewhere while pending here, it goes there");
	settle();
	is(gic_ack(), INTID_SPURIOUS, "and no longer comes here");
	is(irqlog_total(), 2, "both times once");
	irq_unmask();

	irqlog_clear();
	gic_route(SPI, 0x0a0203);
	pend(SPI);
	settle();
	is(irqlog_total(), 0, "routed to no CPU, it is taken by none");
	ok(gic_bit(GICD_ISPENDR, SPI), "and stays pending");
	gic_route(SPI, cpu_mpidr(0));
	ok(irqlog_wait(0, SPI, 1), "until it is routed to one");
}

static void test_moving(void)
{
	unsigned int sent = 0;

	irqlog_clear();
	while (sent < ROUNDS) {
		gic_route(SPI, cpu_mpidr(sent % CPUS));
		gic_write_bit(GICD_ISPENDR, SPI);
		gic_route(SPI, cpu_mpidr((sent + 1) % CPUS));
		sent++;
		if (!WAIT(irqlog_sum(SPI) >= sent)) {
			break;
		}
	}
	settle();
	is(irqlog_sum(SPI), ROUNDS, "moved from CPU to CPU while pending, 200 are taken once each");
	gic_route(SPI, cpu_mpidr(0));
}

/* The handler on another CPU stays until told, so that this one can look at the state. */
static bool may_end;

static void on_held(unsigned int intid, void *arg)
{
	irqlog_handler(intid, arg);
	WAIT(READ_ONCE(may_end));
}

static void test_remote_active(void)
{
	irqlog_clear();
	may_end = false;
	gic_connect(SPI, on_held, NULL);
	gic_route(SPI, cpu_mpidr(1));
	pend(SPI);
	ok(irqlog_wait(1, SPI, 1), "another CPU takes an SPI and stays in its handler");
	ok(gic_bit(GICD_ISACTIVER, SPI), "from here it reads as active");
	ok(!gic_bit(GICD_ISPENDR, SPI), "and not as pending");
	gic_route(SPI, cpu_mpidr(0));
	pend(SPI);
	settle();
	is(irqlogs[0].total, 0, "routed here while active there, it waits for the end");
	ok(gic_bit(GICD_ISPENDR, SPI), "pending");
	WRITE_ONCE(may_end, true);
	ok(irqlog_wait(0, SPI, 1), "after which it is taken here");
	settle();
	is(irqlog_total(), 2, "nothing is taken twice");
	ok(!gic_bit(GICD_ISACTIVER, SPI), "and nothing stays active");
	gic_connect(SPI, irqlog_handler, NULL);
}

static void deactivate(void *arg)
{
	gic_split_eoi(true);
	gic_deactivate((unsigned int)(uint64_t)arg);
	gic_split_eoi(false);
}

static void test_remote_deactivate(void)
{
	irq_mask();
	gic_split_eoi(true);
	pend(SPI);
	is(gic_ack(), SPI, "with EOImode 1 an SPI is acknowledged");
	gic_eoi(SPI);
	ok(gic_bit(GICD_ISACTIVER, SPI), "its EOI leaves it active");
	servant_run(2, deactivate, (void *)(uint64_t)SPI);
	ok(!gic_bit(GICD_ISACTIVER, SPI), "another CPU's ICC_DIR_EL1 deactivates it");
	pend(SPI);
	is(gic_ack(), SPI, "then it comes again");
	gic_eoi(SPI);
	gic_deactivate(SPI);
	gic_split_eoi(false);
	irq_unmask();
}

/* The PL031's line: RIS stays set after one match, so IMSC raises and lowers the level. */
static void rtc_line(bool high)
{
	mmio_write32(PL031_BASE + RTC_IMSC, high);
	cpu_delay_us(10); /* as in pend() */
}

static bool rtc_match(void)
{
	rtc_line(false);
	mmio_write32(PL031_BASE + RTC_LR, 1000);
	mmio_write32(PL031_BASE + RTC_MR, 1001);
	return WAIT_ASLEEP(mmio_read32(PL031_BASE + RTC_RIS) & 1, 3 * counter_hz());
}

static void test_level(void)
{
	irq_mask();
	gic_set_edge(INTID_PL031, false);
	gic_route(INTID_PL031, cpu_mpidr(0));
	gic_enable(INTID_PL031);
	ok(rtc_match(), "the real-time clock matches, masked");
	ok(!gic_bit(GICD_ISPENDR, INTID_PL031), "a low level isn't pending");
	rtc_line(true);
	ok(gic_bit(GICD_ISPENDR, INTID_PL031), "a high level is");
	gic_write_bit(GICD_ICPENDR, INTID_PL031);
	ok(gic_bit(GICD_ISPENDR, INTID_PL031), "GICD_ICPENDR can't clear it");
	rtc_line(false);
	ok(!gic_bit(GICD_ISPENDR, INTID_PL031), "lowered again, it isn't pending");
	is(gic_ack(), INTID_SPURIOUS, "and is not delivered");
	rtc_line(true);
	is(gic_ack(), INTID_PL031, "high again, it is acknowledged");
	ok(gic_bit(GICD_ISACTIVER, INTID_PL031), "and active");
	ok(gic_bit(GICD_ISPENDR, INTID_PL031), "and pending, for its level is still high");
	is(gic_ack(), INTID_SPURIOUS, "but not acknowledged twice");
	gic_eoi(INTID_PL031);
	is(gic_ack(), INTID_PL031, "ended with its level high, it comes at once again");
	rtc_line(false);
	ok(!gic_bit(GICD_ISPENDR, INTID_PL031), "lowered while active, it isn't pending");
	gic_eoi(INTID_PL031);
	is(gic_ack(), INTID_SPURIOUS, "and ended, it doesn't come again");
	pend(INTID_PL031);
	is(gic_ack(), INTID_PL031, "GICD_ISPENDR makes a low level come too");
	gic_eoi(INTID_PL031);
	is(gic_ack(), INTID_SPURIOUS, "once");
	irq_unmask();
}

static void test_edge(void)
{
	irq_mask();
	gic_disable(INTID_PL031);
	gic_set_edge(INTID_PL031, true);
	if (!(mmio_read32(gic_reg(GICD_ICFGR, INTID_PL031, 2)) & 2 << INTID_PL031 % 16 * 2)) {
		skip("an edge is taken once", "the clock's SPI can't be made edge-triggered");
		irq_unmask();
		return;
	}
	gic_write_bit(GICD_ICPENDR, INTID_PL031);
	rtc_line(true);
	ok(gic_bit(GICD_ISPENDR, INTID_PL031), "an edge while disabled is kept pending");
	gic_enable(INTID_PL031);
	settle();
	is(gic_ack(), INTID_PL031, "enabled, it is acknowledged");
	ok(!gic_bit(GICD_ISPENDR, INTID_PL031), "and no longer pending though the line is high");
	rtc_line(false);
	rtc_line(true);
	ok(gic_bit(GICD_ISPENDR, INTID_PL031), "an edge while active is pending");
	gic_eoi(INTID_PL031);
	is(gic_ack(), INTID_PL031, "and comes after the end");
	gic_eoi(INTID_PL031);
	is(gic_ack(), INTID_SPURIOUS, "once");
	rtc_line(false);
	is(gic_ack(), INTID_SPURIOUS, "a falling edge is nothing");
	rtc_line(true);
	rtc_line(false);
	gic_write_bit(GICD_ICPENDR, INTID_PL031);
	is(gic_ack(), INTID_SPURIOUS, "GICD_ICPENDR clears an edge");
	gic_disable(INTID_PL031);
	gic_set_edge(INTID_PL031, false);
	mmio_write32(PL031_BASE + RTC_ICR, 1);
	irq_unmask();
}

static void test_groups(void)
{
	uint64_t group = gic_reg(GICD_IGROUPR, SPI, 1);
	uint32_t saved = mmio_read32(group);

	irqlog_clear();
	gic_forward(false);
	pend(SPI);
	settle();
	is(irqlog_total(), 0, "with the group disabled in GICD_CTLR nothing is taken");
	ok(gic_bit(GICD_ISPENDR, SPI), "it stays pending");
	gic_forward(true);
	ok(irqlog_wait(0, SPI, 1), "and comes when the group is enabled");
	if (gic_v2) {
		return; /* its own group is 0 */
	}

	mmio_write32(group, saved & ~(UINT32_C(1) << SPI % 32));
	if (mmio_read32(group) == saved) {
		skip("a group-0 SPI waits for its group", "GICD_IGROUPR is fixed");
		return;
	}
	pend(SPI);
	settle();
	is(irqlogs[0].total, 1, "in group 0, which is disabled, an SPI isn't taken");
	is(gic_ack(), INTID_SPURIOUS, "nor acknowledged as group 1");
	mmio_write32(group, saved);
	ok(irqlog_wait(0, SPI, 2), "back in group 1, it is");
}

int main(void)
{
	bool up = true;

	gic_setup();
	for (unsigned int cpu = 1; cpu < CPUS; cpu++) {
		up &= servant_start(cpu);
	}
	ok(up, "three more CPUs listen");
	irq_unmask();
	if (gic_v2) {
		test_identity_v2();
	} else {
		test_identity();
		test_reserved();
		test_redistributors();
	}
	test_enable();
	test_disable_while_active();
	test_priority_bytes();
	test_routing();
	if (gic_shares_spis()) {
		test_routed_while_pending();
		test_moving();
		test_remote_active();
		test_remote_deactivate();
	}
	test_level();
	test_edge();
	test_groups();
	tap_done();
}
