/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cache maintenance by set and way, as old boot loaders and kernels use it around turning their
 * caches off and on. QEMU has no caches: here the data can't be wrong, but the loops must end, be
 * interruptible and disturb nobody.
 */
#include "tests/guest/lib/console.h"
#include "tests/guest/lib/cpu.h"
#include "tests/guest/lib/gic.h"
#include "tests/guest/lib/mmu.h"
#include "tests/guest/lib/psci.h"
#include "tests/guest/lib/servant.h"
#include "tests/guest/lib/tap.h"
#include "tests/guest/lib/timer.h"

#define DATA	   (UINT64_C(RAM_BASE) + 0x01000000) /* outside the image, which lib flushes */
#define DATA_WORDS 0x2000
#define TICK_HZ	   200

enum op {
	INVALIDATE,
	CLEAN,
	CLEAN_INVALIDATE
};

static void one(enum op op, uint64_t operand)
{
	switch (op) {
	case INVALIDATE:
		__asm__ volatile("dc isw, %0" ::"r"(operand) : "memory");
		break;
	case CLEAN:
		__asm__ volatile("dc csw, %0" ::"r"(operand) : "memory");
		break;
	case CLEAN_INVALIDATE:
		__asm__ volatile("dc cisw, %0" ::"r"(operand) : "memory");
		break;
	}
}

/* One level by its CCSIDR_EL1; value: how many operations that were. */
static unsigned int level_by_set_way(enum op op, unsigned int level)
{
	uint64_t ccsidr, sets, ways;
	unsigned int line, way_shift, count = 0;

	sysreg_write(csselr_el1, level << 1);
	isb(); /* CCSIDR by the new selection */
	ccsidr = sysreg_read(ccsidr_el1);
	line = (unsigned int)(ccsidr & 7) + 4;
	if (sysreg_read(id_aa64mmfr2_el1) >> 20 & 15) { /* CCIDX: the wide format */
		ways = (ccsidr >> 3 & 0x1fffff) + 1;
		sets = (ccsidr >> 32 & 0xffffff) + 1;
	} else {
		ways = (ccsidr >> 3 & 0x3ff) + 1;
		sets = (ccsidr >> 13 & 0x7fff) + 1;
	}
	way_shift = ways > 1 ? (unsigned int)__builtin_clz((unsigned int)ways - 1) : 0;
	for (uint64_t way = 0; way < ways; way++) {
		for (uint64_t set = 0; set < sets; set++, count++) {
			one(op, way << way_shift | set << line | level << 1);
		}
	}
	return count;
}

static unsigned int all_by_set_way(enum op op)
{
	uint64_t clidr = sysreg_read(clidr_el1);
	unsigned int count = 0;

	dsb(sy); /* what was stored before is in the caches that are to be cleaned */
	for (unsigned int level = 0; level < (clidr >> 24 & 7); level++) {
		if ((clidr >> 3 * level & 7) >= 2) {
			count += level_by_set_way(op, level);
		}
	}
	dsb(sy); /* the maintenance is complete before what relies on it */
	isb();
	return count;
}

static void fill(uint64_t seed)
{
	for (uint64_t i = 0; i < DATA_WORDS; i++) {
		mmio_write64(DATA + i * 8, (i + seed) * UINT64_C(0x9e3779b97f4a7c15));
	}
}

static unsigned int wrong_words(uint64_t seed)
{
	unsigned int wrong = 0;

	for (uint64_t i = 0; i < DATA_WORDS; i++) {
		wrong += mmio_read64(DATA + i * 8) != (i + seed) * UINT64_C(0x9e3779b97f4a7c15);
	}
	return wrong;
}

static void test_data(void)
{
	unsigned int wrong = 0;

	for (uint64_t seed = 1; seed <= 2; seed++) {
		fill(seed);
		all_by_set_way(CLEAN_INVALIDATE);
		mmu_off();
		wrong += wrong_words(seed);
		fill(seed + 100);
		all_by_set_way(CLEAN_INVALIDATE);
		mmu_on();
		wrong += wrong_words(seed + 100);
		all_by_set_way(CLEAN);
		wrong += wrong_words(seed + 100);
	}
	is(wrong, 0, "data survives two rounds of caches cleaned by set and way, off, and on");
}

static void test_invalidate(void)
{
	if (machine_is_bare()) {
		skip("an invalidation loses nothing", "it may, without a hypervisor");
		return;
	}
	fill(200);
	all_by_set_way(CLEAN);
	/* What is dirty now is the stack of this call: lost if EL2 didn't clean it (HCR.SWIO). */
	all_by_set_way(INVALIDATE);
	is(wrong_words(200), 0, "an invalidation loses nothing: the hypervisor makes it a clean");
}

static uint64_t due, latest;
static unsigned int ticks;

static void on_tick(unsigned int intid, void *arg)
{
	uint64_t now = counter_now();

	(void)intid;
	(void)arg;
	latest = now - due > latest ? now - due : latest;
	due = now + counter_hz() / TICK_HZ;
	timer_set(due);
	WRITE_ONCE(ticks, ticks + 1);
}

static void test_interrupts(void)
{
	unsigned int count = 0;
	uint64_t stop;

	gic_connect(INTID_TIMER_VIRT, on_tick, NULL);
	due = counter_now() + counter_hz() / TICK_HZ;
	timer_set(due);
	irq_unmask();
	stop = counter_now() + 5 * counter_hz();
	do {
		count += all_by_set_way(CLEAN_INVALIDATE);
	} while (READ_ONCE(ticks) < 10 && (int64_t)(counter_now() - stop) < 0);
	irq_mask();
	timer_stop();
	printf("# %u operations, the latest tick %lu us late\n", count,
	       latest * 1000000 / counter_hz());
	not_below(count, 100, "the loops run through every set and way");
	not_below(ticks, 10, "timer interrupts are taken meanwhile");
	in_range(latest * 1000 / counter_hz(), 0, 250, "none of them a quarter of a second late");
}

static void test_odd_operands(void)
{
	for (unsigned int level = 0; level < 8; level++) {
		one(CLEAN, level << 1);
		one(CLEAN_INVALIDATE, 0xfffffff0 | level << 1);
		one(CLEAN_INVALIDATE, ~UINT64_C(15) | level << 1);
	}
	ok(true, "sets, ways and levels that don't exist do no harm");
}

static void other_cpu(void *arg)
{
	*(unsigned int *)arg = all_by_set_way(CLEAN_INVALIDATE);
}

static void test_two_cpus(void)
{
	unsigned int mine, others = 0;

	servant_start(1);
	servant_post(1, other_cpu, &others);
	mine = all_by_set_way(CLEAN_INVALIDATE);
	servant_wait(1);
	is(READ_ONCE(others), mine, "two CPUs do so at the same time");
	servant_stop(1);
}

int main(void)
{
	gic_setup();
	test_data();
	test_invalidate();
	test_interrupts();
	test_odd_operands();
	test_two_cpus();
	tap_done();
}
