/* SPDX-License-Identifier: Apache-2.0 */
/* All CPUs gone mad for a while, by a fixed seed; then the machine must still be whole. */
#include "tests/guest/lib/hostile.h"

#include "tests/guest/lib/console.h"
#include "tests/guest/lib/cpu.h"
#include "tests/guest/lib/gic.h"
#include "tests/guest/lib/psci.h"
#include "tests/guest/lib/servant.h"
#include "tests/guest/lib/tap.h"
#include "tests/guest/lib/timer.h"

#define CPUS	   4
#define OPERATIONS 3000
#define DATA	   (UINT64_C(RAM_BASE) + 0x01000000)
#define DATA_WORDS 0x10000

static struct hostile_result results[CPUS];

static void go_mad(void *arg)
{
	unsigned int me = cpu_this()->index;

	(void)arg;
	hostile_run(me + 1, OPERATIONS, &results[me]);
}

/* This program's memory is its own: what others write shows here, in words of its own making. */
static uint64_t word(uint64_t i)
{
	return (i + 1) * UINT64_C(0x9e3779b97f4a7c15);
}

static bool quiet_timer(void)
{
	timer_set(counter_now() + counter_hz() / 100);
	return irqlog_wait(0, INTID_TIMER_VIRT, 1);
}

static void on_timer(unsigned int intid, void *arg)
{
	timer_stop();
	irqlog_handler(intid, arg);
}

/* The GIC as after reset as far as it matters: nothing pending, active or in group 0. */
static void recover_gic(void)
{
	for (unsigned int i = 32; i < 1020; i += 32) {
		mmio_write32(gic_reg(GICD_ICENABLER, i, 1), ~UINT32_C(0));
		mmio_write32(gic_reg(GICD_ICPENDR, i, 1), ~UINT32_C(0));
		mmio_write32(gic_reg(GICD_ICACTIVER, i, 1), ~UINT32_C(0));
	}
	mmio_write32(gic_reg(GICD_ICPENDR, 0, 1), ~UINT32_C(0));
	mmio_write32(gic_reg(GICD_ICACTIVER, 0, 1), ~UINT32_C(0));
	if (gic_v2) {
		for (unsigned int i = 0; i < 16; i += 4) {
			mmio_write32(GICD_BASE + GICD_CPENDSGIR + i, ~UINT32_C(0));
		}
		mmio_write32(GICC_BASE + GICC_APR, 0);
	} else {
		icc_write(ICC_IGRPEN0, 0);
	}
	/* Priorities that still run are dropped by ends for them; more than 32 can't be. */
	for (unsigned int i = 0; i < 32 && !gic_v2; i++) {
		icc_write(ICC_EOIR1, 0);
		icc_write(ICC_EOIR0, 0);
	}
	gic_setup();
}

int main(void)
{
	struct hostile_result sum = {0};
	unsigned int changed = 0;
	bool came;

	for (uint64_t i = 0; i < DATA_WORDS; i++) {
		mmio_write64(DATA + i * 8, word(i));
	}
	gic_setup();
	for (unsigned int i = 1; i < CPUS; i++) {
		cpu_start(i, go_mad, NULL);
	}
	go_mad(NULL);
	came = true;
	for (unsigned int i = 1; i < CPUS; i++) {
		came &= WAIT_TICKS(!READ_ONCE(cpus[i].busy), 60 * counter_hz()) && cpu_join(i);
	}
	console_recover();
	recover_gic();
	ok(came, "four CPUs do 3000 random things each and come back");
	for (unsigned int i = 0; i < CPUS; i++) {
		sum.operations += results[i].operations;
		sum.faults += results[i].faults;
		sum.serrors += results[i].serrors;
		sum.wrong += results[i].wrong;
		sum.worst = results[i].wrong ? results[i].worst : sum.worst;
	}
	printf("# %lu operations, %lu faults\n", sum.operations, sum.faults);
	is(sum.wrong, 0, "they get no exceptions but those of their kind");
	is(sum.worst, 0, "(the syndrome of one that is not)");
	is(sum.serrors, 0, "and no SErrors");
	for (uint64_t i = 0; i < DATA_WORDS; i++) {
		changed += mmio_read64(DATA + i * 8) != word(i);
	}
	is(changed, 0, "memory is as it was");
	is(psci_call(PSCI_VERSION, 0, 0, 0), 0x10001, "calls work");
	irqlog_clear();
	timer_stop();
	gic_connect(INTID_TIMER_VIRT, on_timer, NULL);
	irq_unmask();
	ok(quiet_timer(), "interrupts work");
	tap_done();
}
