/* SPDX-License-Identifier: Apache-2.0 */
/* A device of the board, the real-time clock of QEMU's virt: its interrupt, in several lives. */
#include "tests/guest/lib/cpu.h"
#include "tests/guest/lib/gic.h"
#include "tests/guest/lib/pl031_regs.h"
#include "tests/guest/lib/psci.h"
#include "tests/guest/lib/servant.h"
#include "tests/guest/lib/tap.h"
#include "tests/guest/lib/timer.h"

#define RTC(reg) (UINT64_C(PL031_BASE) + (reg))

#define MAGIC	  UINT64_C(0x6c69766573203a33)
#define RECORD_AT (RAM_BASE + RAM_MAPPED_SIZE - 0x100000)

/* How each life ends, with the clock's line high. */
enum life {
	LIFE_ACTIVE,  /* acknowledged, not ended */
	LIFE_PENDING, /* pending, not acknowledged */
	LIFE_DROPPED, /* ended but not deactivated: EOImode 1 */
	LIFE_STORM,   /* taken over and over by another CPU */
	LIFE_LAST,
};

/* Where no image is, so that it outlives a reset. */
static struct record {
	uint64_t magic;
	uint64_t life;
	uint64_t high;	/* lives that found the line as the one before had left it */
	uint64_t taken; /* lives that took the interrupt for it */
	uint64_t quiet; /* lives to which it was not pending once the line was low */
} *const record = (struct record *)RECORD_AT;

static void lower(void)
{
	mmio_write32(RTC(RTC_ICR), 1);
	cpu_delay_us(10);
}

/* An alarm in a second; its line goes up then, or as soon as it is unmasked. */
static void set_alarm(bool unmasked)
{
	mmio_write32(RTC(RTC_IMSC), unmasked);
	mmio_write32(RTC(RTC_MR), mmio_read32(RTC(RTC_DR)) + 1);
}

static bool alarm_comes(void)
{
	return WAIT_ASLEEP(mmio_read32(RTC(RTC_RIS)) & 1, 3 * counter_hz());
}

static void on_alarm(unsigned int intid, void *arg)
{
	lower();
	irqlog_handler(intid, arg);
}

static void test_alarms(void)
{
	irqlog_clear();
	gic_connect(INTID_PL031, on_alarm, NULL);
	for (unsigned int i = 1; i <= 3; i++) {
		set_alarm(true);
		WAIT_ASLEEP(READ_ONCE(irqlogs[0].count[INTID_PL031]) == i, 3 * counter_hz());
	}
	cpu_delay_us(1000);
	is(irqlogs[0].count[INTID_PL031], 3, "three alarms are three interrupts");
}

static void test_level(void)
{
	irq_mask();
	set_alarm(false);
	ok(alarm_comes(), "masked in the clock, its alarm comes");
	is(gic_ack(), INTID_SPURIOUS, "without an interrupt");
	mmio_write32(RTC(RTC_IMSC), 1);
	cpu_delay_us(10);
	ok(gic_bit(GICD_ISPENDR, INTID_PL031), "unmasked, it is pending");
	is(gic_ack(), INTID_PL031, "and taken");
	ok(gic_bit(GICD_ISACTIVER, INTID_PL031), "active then");
	is(gic_ack(), INTID_SPURIOUS, "once");
	gic_eoi(INTID_PL031);
	cpu_delay_us(10);
	if (gic_comes_again()) {
		is(gic_ack(), INTID_PL031, "ended with its line high, it comes again");
		gic_eoi(INTID_PL031);
	}
	lower();
	ok(!gic_bit(GICD_ISACTIVER, INTID_PL031), "ended, it isn't active");
	is(gic_ack(), INTID_SPURIOUS, "and with its line low it doesn't come");
	irq_unmask();
}

static void test_enable(void)
{
	irq_mask();
	gic_disable(INTID_PL031);
	set_alarm(true);
	ok(alarm_comes(), "while it is disabled an alarm comes");
	is(gic_ack(), INTID_SPURIOUS, "without an interrupt");
	gic_enable(INTID_PL031);
	cpu_delay_us(10);
	is(gic_ack(), INTID_PL031, "which comes when it is enabled");
	lower();
	gic_eoi(INTID_PL031);
	is(gic_ack(), INTID_SPURIOUS, "once");
	irq_unmask();
}

static void test_route(void)
{
	irqlog_clear();
	gic_route(INTID_PL031, cpu_mpidr(1));
	set_alarm(true);
	WAIT_ASLEEP(READ_ONCE(irqlogs[1].count[INTID_PL031]) != 0, 3 * counter_hz());
	cpu_delay_us(1000);
	is(irqlogs[1].count[INTID_PL031], 1, "routed to another CPU, it comes there");
	is(irqlogs[0].count[INTID_PL031], 0, "and not here");
	gic_route(INTID_PL031, cpu_mpidr(0));
	set_alarm(true);
	WAIT_ASLEEP(READ_ONCE(irqlogs[0].count[INTID_PL031]) != 0, 3 * counter_hz());
	is(irqlogs[0].count[INTID_PL031], 1, "and back again");
}

static void on_storm(unsigned int intid, void *arg)
{
	irqlog_handler(intid, arg); /* its line stays high */
}

/* What the life before left high is taken by this one. */
static void look_around(void)
{
	if (record->life == 0) {
		return;
	}
	irq_mask();
	record->high += mmio_read32(RTC(RTC_MIS)) & 1;
	gic_route(INTID_PL031, cpu_mpidr(0));
	gic_set_priority(INTID_PL031, GIC_PRIORITY_DEFAULT);
	gic_enable(INTID_PL031);
	cpu_delay_us(10);
	if (gic_ack() == INTID_PL031) {
		record->taken++;
		lower();
		gic_eoi(INTID_PL031);
	}
	lower();
	cpu_delay_us(10);
	record->quiet += gic_ack() == INTID_SPURIOUS;
	irq_unmask();
}

static void end_life(void)
{
	enum life life = (enum life)record->life++;

	irq_mask();
	gic_connect(INTID_PL031, on_storm, NULL);
	if (life == LIFE_STORM) {
		gic_route(INTID_PL031, cpu_mpidr(1));
	} else if (life == LIFE_PENDING) {
		gic_disable(INTID_PL031);
	}
	gic_split_eoi(life == LIFE_DROPPED);
	set_alarm(true);
	alarm_comes();
	cpu_delay_us(100);
	if (life == LIFE_ACTIVE || life == LIFE_DROPPED) {
		gic_ack();
	}
	if (life == LIFE_DROPPED) {
		gic_eoi(INTID_PL031);
	}
	psci_call(PSCI_SYSTEM_RESET, 0, 0, 0);
}

static void test_all(void)
{
	lower();
	irq_unmask();
	ok(servant_start(1), "another CPU is there");
	test_alarms();
	test_level();
	test_enable();
	test_route();
}

int main(void)
{
	gic_setup();
	if (record->magic != MAGIC) {
		*record = (struct record){.magic = MAGIC};
	}
	look_around();
	if (machine_is_bare()) {
		test_all();
		tap_done();
	}
	if (record->life != LIFE_LAST) {
		servant_start(1);
		end_life();
	}
	is(record->high, LIFE_LAST, "each of four lives finds the line as the one before left it");
	is(record->taken, LIFE_LAST, "and takes the interrupt");
	is(record->quiet, LIFE_LAST, "which is gone with the line");
	test_all();
	tap_done();
}
