/* SPDX-License-Identifier: Apache-2.0 */
/* The watchdog: it counts, interrupts, and restarts the VM that doesn't feed it. */
#include "tests/guest/lib/cpu.h"
#include "tests/guest/lib/gic.h"
#include "tests/guest/lib/servant.h"
#include "tests/guest/lib/sp805_regs.h"
#include "tests/guest/lib/tap.h"
#include "tests/guest/lib/timer.h"

#define DOG(reg)      (UINT64_C(SP805_BASE) + (reg))
#define CLOCK_HZ      24000000
#define TIMEOUT	      (CLOCK_HZ / 10)
#define OTHER_TIMEOUT (CLOCK_HZ / 20)
#define MAGIC	      UINT64_C(0x646f67207761746f)
#define RECORD_AT     (RAM_BASE + RAM_MAPPED_SIZE - 0x100000)

/* Where no image is, so that it outlives a restart. */
static struct record {
	uint64_t magic;
	uint64_t lives;
	uint64_t armed;	     /* when it was enabled, by the counter */
	uint64_t interrupts; /* that came of it */
	uint64_t last;	     /* when this CPU was last seen to run */
} *const record = (struct record *)RECORD_AT;

static void count_interrupt(unsigned int intid, void *arg)
{
	(void)arg;
	record->interrupts++;
	gic_disable(intid); /* its line stays high */
}

/* The life that ends: the first timeout interrupts, the second isn't survived. */
static void let_it_run_out(void)
{
	gic_connect(INTID_SP805, count_interrupt, NULL);
	irq_unmask();
	mmio_write32(DOG(WDOG_LOAD), TIMEOUT);
	record->armed = counter_now();
	mmio_write32(DOG(WDOG_CONTROL), WDOG_INTEN | WDOG_RESEN);
	mmio_write32(DOG(WDOG_LOCK), 0);
	for (;;) {
		WRITE_ONCE(record->last, counter_now());
		cpu_pause();
	}
}

static void test_new_life(void)
{
	is(record->lives, 2, "a watchdog that isn't fed restarts its VM");
	is(record->interrupts, 1, "after an interrupt that warns of it");
	in_range((record->last - record->armed) * 1000 / counter_hz(), 198, 201,
		 "at the second timeout");
}

static void test_reset_values(void)
{
	static const uint8_t want[] = {0x05, 0x18, 0x14, 0x00, 0x0d, 0xf0, 0x05, 0xb1};
	unsigned int wrong = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(want); i++) {
		wrong += mmio_read32(DOG(WDOG_PERIPH_ID0 + 4 * i)) != want[i];
	}
	is(wrong, 0, "the identification registers are an SP805's");
	is(mmio_read32(DOG(WDOG_LOAD)), 0xffffffff, "it is loaded with all ones at reset");
	is(mmio_read32(DOG(WDOG_VALUE)), 0xffffffff, "and has not counted");
	is(mmio_read32(DOG(WDOG_CONTROL)), 0, "it is disabled at reset");
	is(mmio_read32(DOG(WDOG_LOCK)), 0, "and unlocked");
	is(mmio_read32(DOG(WDOG_RIS)) | mmio_read32(DOG(WDOG_MIS)), 0, "nothing is asserted");
	ok(!gic_bit(GICD_ISPENDR, INTID_SP805), "nor pending");
}

static void test_sizes(void)
{
	mmio_write32(DOG(WDOG_LOAD), 0x12345678);
	is(mmio_read8(DOG(WDOG_LOAD)), 0x78, "a byte of a register can be read");
	is(mmio_read8(DOG(WDOG_LOAD) + 3), 0x12, "each of them");
	is(mmio_read16(DOG(WDOG_LOAD) + 2), 0x1234, "and halfwords");
	is(EXC_CLASS(mmio_read64(DOG(WDOG_LOAD))), EC_DABT, "doublewords abort");
}

static void test_lock(void)
{
	mmio_write32(DOG(WDOG_LOAD), 1000);
	mmio_write32(DOG(WDOG_LOCK), 1);
	is(mmio_read32(DOG(WDOG_LOCK)), 1, "it can be locked");
	mmio_write32(DOG(WDOG_LOAD), 2000);
	mmio_write32(DOG(WDOG_CONTROL), WDOG_INTEN);
	is(mmio_read32(DOG(WDOG_LOAD)), 1000, "locked, it takes no new load");
	is(mmio_read32(DOG(WDOG_CONTROL)), 0, "nor control");
	mmio_write32(DOG(WDOG_LOCK), WDOG_UNLOCK);
	is(mmio_read32(DOG(WDOG_LOCK)), 0, "and unlocked by its key");
}

static void test_counts(void)
{
	uint64_t from;

	mmio_write32(DOG(WDOG_LOAD), 10 * CLOCK_HZ);
	mmio_write32(DOG(WDOG_CONTROL), WDOG_INTEN);
	timer_sleep_us(2000000);
	in_range(mmio_read32(DOG(WDOG_VALUE)), 8 * CLOCK_HZ - CLOCK_HZ / 1000, 8 * CLOCK_HZ,
		 "it counts 24 MHz down");
	mmio_write32(DOG(WDOG_CONTROL), 0);
	from = mmio_read32(DOG(WDOG_VALUE));
	timer_sleep_us(100000);
	is(mmio_read32(DOG(WDOG_VALUE)), from, "and stands still while disabled");
}

static void on_timeout(unsigned int intid, void *arg)
{
	mmio_write32(DOG(WDOG_INTCLR), 1);
	irqlog_handler(intid, arg);
}

static void test_interrupt(void)
{
	uint64_t start;

	irqlog_clear();
	gic_connect(INTID_SP805, on_timeout, NULL);
	mmio_write32(DOG(WDOG_LOAD), OTHER_TIMEOUT);
	start = counter_now();
	mmio_write32(DOG(WDOG_CONTROL), WDOG_INTEN | WDOG_RESEN);
	while (READ_ONCE(irqlogs[0].count[INTID_SP805]) == 0) {
		irq_mask();
		if (READ_ONCE(irqlogs[0].count[INTID_SP805]) == 0) {
			cpu_wfi();
		}
		irq_unmask();
		isb(); /* the pending interrupt is taken here */
	}
	in_range((counter_now() - start) * 1000000 / counter_hz(), 49999, 50100,
		 "a timeout interrupts in its microsecond, and wakes from WFI");
	for (unsigned int i = 0; i < 20; i++) {
		timer_sleep_us(45000);
		mmio_write32(DOG(WDOG_INTCLR), 1);
	}
	is(irqlogs[0].count[INTID_SP805], 1, "fed in time, it lets the guest alone");
	mmio_write32(DOG(WDOG_CONTROL), WDOG_RESEN);
	is(mmio_read32(DOG(WDOG_MIS)), 0, "disabled, it is silent");
}

int main(void)
{
	gic_setup();
	if (record->magic != MAGIC) {
		*record = (struct record){.magic = MAGIC, .lives = 1};
		let_it_run_out();
	}
	record->lives++;
	test_new_life();
	test_reset_values();
	test_sizes();
	test_lock();
	irq_unmask();
	test_counts();
	test_interrupt();
	tap_done();
}
