/* SPDX-License-Identifier: Apache-2.0 */
/* The real-time clock: time runs, can be set, matches; masks and identification. */
#include "tests/guest/lib/pl031_regs.h"

#include "tests/guest/lib/cpu.h"
#include "tests/guest/lib/gic.h"
#include "tests/guest/lib/psci.h"
#include "tests/guest/lib/servant.h"
#include "tests/guest/lib/tap.h"
#include "tests/guest/lib/timer.h"

#define RTC(reg) (UINT64_C(PL031_BASE) + (reg))

static void on_match(unsigned int intid, void *arg)
{
	mmio_write32(RTC(RTC_ICR), 1);
	irqlog_handler(intid, arg);
}

static void test_identity(void)
{
	static const uint8_t want[] = {0x31, 0x10, 0x04, 0x00, 0x0d, 0xf0, 0x05, 0xb1};
	unsigned int wrong = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(want); i++) {
		/* The revision, high in PeriphID2, may differ. */
		uint32_t got = mmio_read32(RTC(RTC_PERIPH_ID0 + 4 * i));

		wrong += i == 2 ? (got & 15) != 4 : got != want[i];
	}
	is(wrong, 0, "the identification registers are a PL031's");
	is(mmio_read32(RTC(RTC_CR)), 1, "the clock is enabled");
	is(mmio_read32(RTC(RTC_IMSC)), 0, "its interrupt is masked at reset");
	is(mmio_read32(RTC(RTC_MIS)), 0, "and not asserted");
}

static void test_time(void)
{
	uint32_t start = mmio_read32(RTC(RTC_DR));
	uint64_t from;
	bool passed;

	/* Between 2020 and 2100: seconds since 1970. */
	in_range(start, 1577836800, 4102444800, "the time is of this century");
	passed = WAIT_ASLEEP(mmio_read32(RTC(RTC_DR)) != start, 2 * counter_hz());
	from = counter_now();
	WAIT_ASLEEP(mmio_read32(RTC(RTC_DR)) == start + 3, 4 * counter_hz());
	from = counter_now() - from;
	ok(passed, "time passes");
	is(mmio_read32(RTC(RTC_DR)), start + 3, "second by second");
	in_range(from * 1000 / counter_hz(), 1500, 2500,
		 "two of them take two seconds by the counter, give or take a half");
	mmio_write32(RTC(RTC_DR), 0);
	not_below(mmio_read32(RTC(RTC_DR)), start + 3, "the data register can't be written");
}

static void test_load(void)
{
	mmio_write32(RTC(RTC_LR), 0x12345678);
	in_range(mmio_read32(RTC(RTC_DR)), 0x12345678, 0x12345679, "the time can be set");
	is(mmio_read32(RTC(RTC_LR)), 0x12345678, "the load register reads back");
	mmio_write32(RTC(RTC_MR), 0x87654321);
	is(mmio_read32(RTC(RTC_MR)), 0x87654321, "so does the match register");
	mmio_write32(RTC(RTC_LR), 0xffffffff);
	ok(WAIT_ASLEEP(mmio_read32(RTC(RTC_DR)) < 10, 2 * counter_hz()),
	   "the time wraps after 32 bits");
}

static bool match_soon(uint32_t time)
{
	mmio_write32(RTC(RTC_ICR), 1);
	mmio_write32(RTC(RTC_MR), time + 1);
	mmio_write32(RTC(RTC_LR), time);
	return WAIT_ASLEEP(mmio_read32(RTC(RTC_RIS)) & 1, 2 * counter_hz());
}

static void test_match(void)
{
	mmio_write32(RTC(RTC_IMSC), 0);
	mmio_write32(RTC(RTC_MR), 5000);
	mmio_write32(RTC(RTC_LR), 1000);
	mmio_write32(RTC(RTC_ICR), 1);
	is(mmio_read32(RTC(RTC_RIS)), 0, "a match ahead isn't asserted");
	ok(match_soon(2000), "it is when the time comes");
	is(mmio_read32(RTC(RTC_MIS)), 0, "masked, it shows in the raw status alone");
	mmio_write32(RTC(RTC_IMSC), 1);
	is(mmio_read32(RTC(RTC_IMSC)), 1, "the mask reads back");
	is(mmio_read32(RTC(RTC_MIS)), 1, "unmasked, it shows in the masked status");
	mmio_write32(RTC(RTC_ICR), 0);
	is(mmio_read32(RTC(RTC_RIS)), 1, "writing 0 to clear does nothing");
	mmio_write32(RTC(RTC_ICR), 1);
	is(mmio_read32(RTC(RTC_RIS)), 0, "writing 1 clears it");
	is(mmio_read32(RTC(RTC_ICR)), 0, "the clear register reads as zero");
	mmio_write32(RTC(RTC_IMSC), 0xfffffffe);
	is(mmio_read32(RTC(RTC_IMSC)), 0, "the mask has one bit");
}

static void test_interrupt(void)
{
	irqlog_clear();
	gic_connect(INTID_PL031, on_match, NULL);
	mmio_write32(RTC(RTC_IMSC), 1);
	mmio_write32(RTC(RTC_MR), 3001);
	mmio_write32(RTC(RTC_LR), 3000);
	/* Asleep until it comes; other interrupts may wake this CPU a few times. */
	for (unsigned int i = 0; i < 10 && !READ_ONCE(irqlogs[0].count[INTID_PL031]); i++) {
		irq_mask();
		if (!READ_ONCE(irqlogs[0].count[INTID_PL031])) {
			cpu_wfi();
		}
		irq_unmask();
		isb(); /* the pending interrupt is taken here */
	}
	cpu_delay_us(1000);
	is(irqlogs[0].count[INTID_PL031], 1, "a match interrupts, once, and wakes from WFI");
	in_range(mmio_read32(RTC(RTC_DR)), 3001, 3002, "at its time");
}

static void test_hypervisor_only(void)
{
	if (machine_is_bare()) {
		skip("once enabled, the clock can't be stopped", "QEMU's model can");
		return;
	}
	mmio_write32(RTC(RTC_CR), 0);
	is(mmio_read32(RTC(RTC_CR)), 1, "once enabled, the clock can't be stopped");
	is(mmio_read32(RTC(0x20)), 0, "a reserved register reads as zero");
}

int main(void)
{
	gic_setup();
	irq_unmask();
	test_identity();
	test_time();
	test_load();
	test_match();
	test_interrupt();
	test_hypervisor_only();
	tap_done();
}
