/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stolen time (DEN 0057A) as a guest finds it: with one CPU, which is its own, none is counted;
 * with two, they are one that somebody else has as well.
 */
#include "tests/guest/lib/cpu.h"
#include "tests/guest/lib/gic.h"
#include "tests/guest/lib/psci.h"
#include "tests/guest/lib/tap.h"
#include "tests/guest/lib/timer.h"

#define PV_TIME_FEATURES 0xc5000020
#define PV_TIME_ST	 0xc5000021

#define REVISION   0
#define ATTRIBUTES 4
#define STOLEN	   8

#define FIRST 0x090a0000

static uint64_t place(void (*call)(struct smccc_regs *))
{
	struct smccc_regs r = {.x = {PV_TIME_ST}};

	call(&r);
	return r.x[0];
}

static void test_discovery(void)
{
	is(psci_call(SMCCC_ARCH_FEATURES, PV_TIME_FEATURES, 0, 0), 0,
	   "ARCH_FEATURES has PV_TIME_FEATURES");
	is(psci_call(PV_TIME_FEATURES, PV_TIME_FEATURES, 0, 0), 0, "PV_TIME_FEATURES has itself");
	is(psci_call(PV_TIME_FEATURES, PV_TIME_ST, 0, 0), 0, "and PV_TIME_ST");
	is(psci_call(PV_TIME_FEATURES, 0xc5000022, 0, 0), PSCI_NOT_SUPPORTED,
	   "and nothing that is not there");
	is(psci_call(0x85000020, PV_TIME_ST, 0, 0), PSCI_NOT_SUPPORTED,
	   "there are no 32-bit variants");
	is(psci_call(0x85000021, 0, 0, 0), PSCI_NOT_SUPPORTED, "of either");
}

static uint64_t places[2];

static void look(void *arg)
{
	(void)arg;
	places[cpu_this()->index] = place(smccc_hvc);
}

static void test_record(void)
{
	uint64_t before;

	ok(cpu_run_on_all(2, look, NULL), "both CPUs ask");
	is(places[0], FIRST, "the record is where QEMU's virt has it");
	is(places[1], FIRST + 64, "the next CPU's is 64 bytes on");
	is(place(smccc_smc), FIRST, "the answer is the same by SMC");
	is(mmio_read32(FIRST + REVISION), 0, "its revision is 0");
	is(mmio_read32(FIRST + ATTRIBUTES), 0, "its attributes are 0");
	before = mmio_read64(FIRST + STOLEN);
	is(EXC_CLASS(mmio_write64(FIRST + STOLEN, ~UINT64_C(0))), EC_DABT,
	   "a store to it is an external abort");
	is(EXC_CLASS(mmio_write64(FIRST + 4088, 1)), EC_DABT, "so it is to its page's end");
	in_range(mmio_read64(FIRST + STOLEN), before, before + 1000000000, "and changes nothing");
	is(mmio_read64(FIRST + 4088), 0, "there is nothing else in the page");
	is(EXC_CLASS(mmio_read64(FIRST + 4096)), EC_DABT, "nor behind it");
}

static uint64_t now_ns(void)
{
	return counter_now() * (1000000000 / counter_hz());
}

/* The other VM always wants the CPU, and gets as much of it. */
static void test_count(void)
{
	uint64_t start = now_ns(), stolen = mmio_read64(FIRST + STOLEN), wall;

	WAIT_TICKS(false, counter_hz() / 100);
	stolen = mmio_read64(FIRST + STOLEN) - stolen;
	wall = now_ns() - start;
	in_range(stolen, wall * 45 / 100, wall * 55 / 100,
		 "of two that both run all the time each is stolen half of it");

	gic_setup();
	gic_enable(INTID_TIMER_VIRT);
	start = now_ns();
	stolen = mmio_read64(FIRST + STOLEN);
	timer_set(counter_now() + counter_hz() / 100);
	cpu_wfi();
	stolen = mmio_read64(FIRST + STOLEN) - stolen;
	wall = now_ns() - start;
	timer_stop();
	in_range(stolen, 0, wall / 20, "time slept is not stolen");
	in_range(mmio_read64(FIRST + 64 + STOLEN), 0, now_ns() / 2,
		 "the other CPU, which is off, has its own count");
}

/* The CPU may be shared before the next look at it: the guest does not ask again. */
static void test_none(void)
{
	is(place(smccc_hvc), FIRST, "on a CPU of its own there is a record, too");
	WAIT_TICKS(false, counter_hz() / 100);
	is(mmio_read32(FIRST + REVISION), 0, "its revision is 0");
	is(mmio_read32(FIRST + ATTRIBUTES), 0, "its attributes are 0");
	is(mmio_read64(FIRST + STOLEN), 0, "and nothing is stolen");
}

int main(void)
{
	test_discovery();
	if (cpu_count() == 1) {
		test_none();
	} else {
		test_record();
		test_count();
	}
	tap_done();
}
