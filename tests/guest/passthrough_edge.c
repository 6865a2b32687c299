/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A device of the board whose interrupt is edge-triggered: the real-time clock of QEMU's virt, on a
 * board whose tree says so (`edge=` in cases.txt). Its line goes up when an alarm that is over gets
 * unmasked.
 */
#include "tests/guest/lib/cpu.h"
#include "tests/guest/lib/gic.h"
#include "tests/guest/lib/pl031_regs.h"
#include "tests/guest/lib/psci.h"
#include "tests/guest/lib/servant.h"
#include "tests/guest/lib/tap.h"
#include "tests/guest/lib/timer.h"

#define RTC(reg) (UINT64_C(PL031_BASE) + (reg))

#define MAGIC	  UINT64_C(0x6c69766573203a34)
#define RECORD_AT (RAM_BASE + RAM_MAPPED_SIZE - 0x100000)
#define EDGES	  1000

/* How each life ends, with the clock's line high. */
enum life {
	LIFE_ACTIVE,  /* acknowledged, not ended */
	LIFE_TWICE,   /* the same, and pending again */
	LIFE_PENDING, /* disabled, so it was not acknowledged */
	LIFE_LAST,
};

/* Where no image is, so that it outlives a reset. */
static struct record {
	uint64_t magic;
	uint64_t life;
	uint64_t high;	/* lives that found the line as the one before had left it */
	uint64_t quiet; /* to which the edge of the one before did not come */
	uint64_t taken; /* that took one of their own, once */
} *const record = (struct record *)RECORD_AT;

static void settle(void)
{
	cpu_delay_us(10);
}

static void lower(void)
{
	mmio_write32(RTC(RTC_IMSC), 0);
	settle();
}

static void edge(void)
{
	lower();
	mmio_write32(RTC(RTC_IMSC), 1);
	settle();
}

static bool alarm_is_over(void)
{
	mmio_write32(RTC(RTC_IMSC), 0);
	mmio_write32(RTC(RTC_MR), mmio_read32(RTC(RTC_DR)) + 1);
	return WAIT_ASLEEP(mmio_read32(RTC(RTC_RIS)) & 1, 3 * counter_hz());
}

/* How often it comes until it comes no more, three times at most. */
static unsigned int comes(void)
{
	unsigned int times = 0;

	while (times < 3 && gic_ack() == INTID_PL031) {
		gic_eoi(INTID_PL031);
		settle();
		times++;
	}
	return times;
}

static void connect(gic_handler_fn fn)
{
	gic_connect(INTID_PL031, fn, NULL);
	gic_set_edge(INTID_PL031, true);
}

static void test_one(void)
{
	uint32_t config = mmio_read32(gic_reg(GICD_ICFGR, INTID_PL031, 2));

	is(config >> INTID_PL031 % 16 * 2 & 2, 2, "it is edge-triggered");
	edge();
	ok(gic_bit(GICD_ISPENDR, INTID_PL031), "its line goes up: it is pending");
	is(gic_ack(), INTID_PL031, "and taken");
	ok(gic_bit(GICD_ISACTIVER, INTID_PL031), "active then");
	ok(!gic_bit(GICD_ISPENDR, INTID_PL031), "and not pending, though its line is high");
	gic_eoi(INTID_PL031);
	settle();
	is(gic_ack(), INTID_SPURIOUS, "ended with its line high, it doesn't come again");
	ok(!gic_bit(GICD_ISACTIVER, INTID_PL031), "nor is it active");
}

static void test_several(void)
{
	edge();
	edge();
	/* A hypervisor has the first of them active in hardware, where the second waits: two at
	 * most, where without one it is one. docs/decisions.md */
	in_range(comes(), 1, machine_is_bare() ? 1 : 2, "two edges before it is taken aren't lost");
	edge();
	is(gic_ack(), INTID_PL031, "taken");
	edge();
	ok(gic_bit(GICD_ISACTIVER, INTID_PL031), "and active, an edge comes");
	is(gic_ack(), INTID_SPURIOUS, "which waits");
	gic_eoi(INTID_PL031);
	settle();
	if (gic_comes_again()) {
		is(comes(), 1, "and is the next interrupt");
	}
}

static void test_enable(void)
{
	gic_disable(INTID_PL031);
	edge();
	is(gic_ack(), INTID_SPURIOUS, "while it is disabled an edge doesn't come");
	lower();
	gic_enable(INTID_PL031);
	settle();
	is(comes(), 1, "which is not lost: it comes when it is enabled");
}

static void test_many(void)
{
	irqlog_clear();
	connect(irqlog_handler);
	irq_unmask();
	for (unsigned int i = 1; i <= EDGES; i++) {
		edge();
		WAIT_ASLEEP(READ_ONCE(irqlogs[0].count[INTID_PL031]) == i, counter_hz());
	}
	is(irqlogs[0].count[INTID_PL031], EDGES, "a thousand edges are as many interrupts");
	gic_route(INTID_PL031, cpu_mpidr(1));
	edge();
	WAIT_ASLEEP(READ_ONCE(irqlogs[1].count[INTID_PL031]) != 0, counter_hz());
	is(irqlogs[1].count[INTID_PL031], 1, "routed to another CPU, one comes there");
	is(irqlogs[0].count[INTID_PL031], EDGES, "and not here");
	gic_route(INTID_PL031, cpu_mpidr(0));
	irq_mask();
}

static void look_around(void)
{
	if (record->life == 0) {
		return;
	}
	record->high += mmio_read32(RTC(RTC_MIS)) & 1;
	settle();
	record->quiet += gic_ack() == INTID_SPURIOUS;
	edge();
	record->taken += comes() == 1;
}

static void end_life(void)
{
	enum life life = (enum life)record->life++;

	if (life == LIFE_PENDING) {
		gic_disable(INTID_PL031);
	}
	edge();
	gic_ack();
	if (life == LIFE_TWICE) {
		edge();
	}
	psci_call(PSCI_SYSTEM_RESET, 0, 0, 0);
}

int main(void)
{
	gic_setup();
	irq_mask();
	if (record->magic != MAGIC) {
		*record = (struct record){.magic = MAGIC};
		alarm_is_over();
	}
	connect(irqlog_handler);
	look_around();
	if (!machine_is_bare() && record->life != LIFE_LAST) {
		end_life();
	}
	if (!machine_is_bare()) {
		is(record->high, LIFE_LAST, "each of three lives finds the line as it was left");
		is(record->quiet, LIFE_LAST, "no edge of the life before");
		is(record->taken, LIFE_LAST, "and takes its own");
	}
	ok(alarm_is_over(), "an alarm is over");
	ok(servant_start(1), "another CPU is there");
	test_one();
	test_several();
	test_enable();
	test_many();
	tap_done();
}
