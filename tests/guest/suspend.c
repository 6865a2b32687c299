/* SPDX-License-Identifier: Apache-2.0 */
/* PSCI SYSTEM_SUSPEND and SYSTEM_RESET2: what wakes the VM, where it goes on, what is refused. */
#include "tests/guest/lib/cpu.h"
#include "tests/guest/lib/gic.h"
#include "tests/guest/lib/mmu.h"
#include "tests/guest/lib/pl031_regs.h"
#include "tests/guest/lib/psci.h"
#include "tests/guest/lib/servant.h"
#include "tests/guest/lib/tap.h"
#include "tests/guest/lib/timer.h"

#define RTC(reg)     (UINT64_C(PL031_BASE) + (reg))
#define CONTEXT	     UINT64_C(0xfeedface00c0ffee)
#define MAGIC	     UINT64_C(0x7265736574322121)
#define RECORD_AT    (RAM_BASE + RAM_MAPPED_SIZE - 0x100000)
#define OTHER_SPI    40 /* nothing drives it */
#define SLEEP_US     10000
#define RESET_WARM   0
#define PV_TIME_ST   0xc5000021
#define RESET_VENDOR 0x80000000

/* Where no image is, so that it outlives a reset. */
static struct record {
	uint64_t magic;
	int64_t vendor, reserved; /* what SYSTEM_RESET2 answered */
	uint64_t returned;
} *const record = (struct record *)RECORD_AT;

static uint64_t slept_at; /* by the counter */

/* Goes on in `next`, as a CPU that has been turned on: the stack of who calls this is gone. */
static void suspend_into(void (*next)(void *arg), uint32_t fn, uint64_t context)
{
	int64_t ret;

	cpus[0].fn = next;
	cpus[0].arg = NULL;
	irq_mask();
	slept_at = counter_now();
	dsb(sy); /* all of this before another entry reads it with its MMU off */
	ret = psci_call(fn, (uint64_t)secondary_entry, context, 0);
	is(ret, 1, "SYSTEM_SUSPEND doesn't return");
	tap_done();
}

static uint64_t slept_us(void)
{
	return (counter_now() - slept_at) * 1000000 / counter_hz();
}

static void sleep_by_timer(void)
{
	timer_set(counter_now() + SLEEP_US * counter_hz() / 1000000);
}

/* Each of these begins where the one before it suspended. */

static void after_all(void *arg)
{
	(void)arg;
	is(cpus[0].entry.x0, 0x12345678, "the 32-bit variant's context id is zero-extended");
	timer_stop();
	irq_unmask();
	ok(servant_start(1), "afterwards CPUs can be turned on");
	is(psci_call(PSCI_SYSTEM_SUSPEND, (uint64_t)secondary_entry, 0, 0), PSCI_DENIED,
	   "and suspending is denied again");
	tap_done();
}

static void after_pending(void *arg)
{
	(void)arg;
	in_range(slept_us(), 0, SLEEP_US / 2,
		 "an interrupt that is pending already wakes at once, at the entry address");
	gic_write_bit(GICD_ICPENDR, OTHER_SPI);
	sleep_by_timer();
	suspend_into(after_all, PSCI_SYSTEM_SUSPEND_32, UINT64_C(0x9999999912345678));
}

static void after_device(void *arg)
{
	(void)arg;
	ok(gic_bit(GICD_ISPENDR, INTID_PL031), "a device's interrupt wakes");
	not_below(slept_us(), SLEEP_US, "in its time");
	mmio_write32(RTC(RTC_ICR), 1);
	gic_disable(INTID_PL031);
	gic_enable(OTHER_SPI);
	suspend_into(after_pending, PSCI_SYSTEM_SUSPEND, 0);
}

/* DEN 0057A: somebody had its CPU while it wanted it. */
static bool is_stolen_from(void)
{
	return mmio_read64((uint64_t)psci_call(PV_TIME_ST, 0, 0, 0) + 8) != 0;
}

static void after_physical(void *arg)
{
	(void)arg;
	ok(gic_bit(GICD_ISPENDR, INTID_TIMER_PHYS), "the physical timer wakes");
	not_below(slept_us(), SLEEP_US, "in its time");
	timer_phys_stop();
	gic_disable(INTID_TIMER_PHYS);
	if (is_stolen_from()) {
		/* beside one that spins, a second is a billion instructions */
		gic_enable(OTHER_SPI);
		suspend_into(after_pending, PSCI_SYSTEM_SUSPEND, 0);
	}
	gic_route(INTID_PL031, cpu_mpidr(0));
	gic_enable(INTID_PL031);
	mmio_write32(RTC(RTC_IMSC), 1);
	mmio_write32(RTC(RTC_MR), 3001);
	mmio_write32(RTC(RTC_LR), 3000);
	suspend_into(after_device, PSCI_SYSTEM_SUSPEND, 0);
}

static void after_disabled(void *arg)
{
	(void)arg;
	ok(gic_bit(GICD_ISPENDR, OTHER_SPI), "an interrupt that is pending");
	not_below(slept_us(), SLEEP_US, "but not enabled does not wake");
	timer_stop();
	gic_enable(INTID_TIMER_PHYS);
	timer_phys_set(counter_phys_now() + SLEEP_US * counter_hz() / 1000000);
	suspend_into(after_physical, PSCI_SYSTEM_SUSPEND, 0);
}

static void after_timer(void *arg)
{
	const struct cpu_entry *e = &cpus[0].entry;

	(void)arg;
	in_range(slept_us(), SLEEP_US, 100 * SLEEP_US, "a suspended VM sleeps until its timer");
	is(e->x0, CONTEXT, "and goes on with the context id in X0");
	is(e->sctlr & (SCTLR_M | SCTLR_C), 0, "with MMU and data cache off");
	is(e->daif, 0x3c0, "all interrupts masked");
	is(e->current_el, 4, "at EL1");
	ok(gic_bit(GICD_ISPENDR, INTID_TIMER_VIRT), "what woke it is pending");
	ok(gic_bit(GICD_ISENABLER, INTID_TIMER_VIRT), "the distributor is as it was");
	is(gic_ack(), INTID_TIMER_VIRT, "so is the CPU interface: it can be acknowledged");
	timer_stop();
	gic_eoi(INTID_TIMER_VIRT);
	gic_route(OTHER_SPI, cpu_mpidr(0));
	gic_write_bit(GICD_ISPENDR, OTHER_SPI);
	sleep_by_timer();
	suspend_into(after_disabled, PSCI_SYSTEM_SUSPEND, 0);
}

static void test_refused(void)
{
	static const uint64_t nowhere[] = {HOLE_BASE, 0, GICD_BASE, RAM_BASE - 4,
					   RAM_BASE + UINT64_C(0x100000000)};
	unsigned int refused = 0;

	is(psci_call(PSCI_FEATURES, PSCI_SYSTEM_SUSPEND, 0, 0), 0, "SYSTEM_SUSPEND is offered");
	is(psci_call(PSCI_FEATURES, PSCI_SYSTEM_SUSPEND_32, 0, 0), 0, "also its 32-bit variant");
	for (unsigned int i = 0; i < ARRAY_SIZE(nowhere); i++) {
		refused += psci_call(PSCI_SYSTEM_SUSPEND, nowhere[i], 0, 0) == PSCI_INVALID_ADDRESS;
	}
	is(refused, ARRAY_SIZE(nowhere), "an entry address outside RAM is INVALID_ADDRESS");
	is(psci_call(PSCI_SYSTEM_SUSPEND, (uint64_t)secondary_entry + 2, 0, 0),
	   PSCI_INVALID_ADDRESS, "so is one that is no instruction's");
	ok(servant_start(1), "while another CPU is on");
	is(psci_call(PSCI_SYSTEM_SUSPEND, (uint64_t)secondary_entry, 0, 0), PSCI_DENIED,
	   "suspending is denied");
	ok(servant_stop(1), "until it is off");
}

static void test_reset2(void)
{
	is(psci_call(PSCI_FEATURES, PSCI_SYSTEM_RESET2, 0, 0), 0, "SYSTEM_RESET2 is offered");
	is(record->vendor, PSCI_INVALID_PARAMETERS, "of no vendor's kind");
	is(record->reserved, PSCI_INVALID_PARAMETERS, "nor of one that is reserved");
	is(record->returned, 0, "a warm reset begins a new life");
}

int main(void)
{
	if (record->magic != MAGIC) {
		record->magic = MAGIC;
		record->vendor = psci_call(PSCI_SYSTEM_RESET2_64, RESET_VENDOR, 0, 0);
		record->reserved = psci_call(PSCI_SYSTEM_RESET2, RESET_WARM + 1, 0, 0);
		record->returned = 0;
		/* an argument of 64 bits, whose lower half is the type */
		psci_call(PSCI_SYSTEM_RESET2, UINT64_C(0x700000000), 5, 0);
		record->returned = 1;
	}
	gic_setup();
	irq_unmask();
	test_reset2();
	test_refused();
	gic_enable(INTID_TIMER_VIRT);
	sleep_by_timer();
	suspend_into(after_timer, PSCI_SYSTEM_SUSPEND, CONTEXT);
	return 0;
}
