/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clock: what time does to a guest whose VM is paused. Each CPU looks at its counters all the
 * while; a line tells of each second, another of time that has passed without it. "BUG:" is said of
 * what must not be. For system tests; never ends.
 */
#include "tests/guest/lib/console.h"
#include "tests/guest/lib/cpu.h"
#include "tests/guest/lib/gic.h"
#include "tests/guest/lib/timer.h"

#define TICK_US 10000
#define GAP_MS	1500 /* a busy host may keep a CPU waiting for shorter */
#define CPUS	2

static uint64_t latest; /* of all CPUs */
static uint64_t gaps[CPUS];
static uint64_t virt_due, phys_due;
static unsigned int virt_ticks, phys_ticks;

static uint64_t ms(uint64_t ticks)
{
	return ticks / (counter_hz() / 1000);
}

static void on_virt(unsigned int intid, void *arg)
{
	(void)intid;
	(void)arg;
	if ((int64_t)(counter_now() - virt_due) < 0) {
		printf("BUG: clock: the virtual timer is early\n");
	}
	virt_ticks++;
	virt_due = counter_now() + TICK_US * counter_hz() / 1000000;
	timer_set(virt_due);
}

static void on_phys(unsigned int intid, void *arg)
{
	(void)intid;
	(void)arg;
	if ((int64_t)(counter_phys_now() - phys_due) < 0) {
		printf("BUG: clock: the physical timer is early\n");
	}
	phys_ticks++;
	phys_due = counter_phys_now() + TICK_US * counter_hz() / 1000000;
	timer_phys_set(phys_due);
}

/* One look. Another CPU's may be a little later than it was stored. */
static uint64_t look(uint64_t before, unsigned int me)
{
	uint64_t seen = READ_ONCE(latest), now = counter_now(), phys = counter_phys_now();
	uint64_t after = counter_now();

	if ((int64_t)(now - before) < 0 || (int64_t)(now - seen) < 0) {
		printf("BUG: clock: time goes back, from %lu to %lu\n",
		       seen > before ? seen : before, now);
	}
	if ((int64_t)(phys - now) < 0 || (int64_t)(after - phys) < 0) {
		printf("BUG: clock: the counters say %lu and %lu\n", now, phys);
	}
	WRITE_ONCE(latest, now);
	if (ms(now - before) > gaps[me]) {
		gaps[me] = ms(now - before);
	}
	return now;
}

static void other(void *arg)
{
	uint64_t before = counter_now();

	(void)arg;
	for (;;) {
		before = look(before, 1);
		cpu_yield();
	}
}

static void tell(unsigned int second)
{
	static uint64_t told;
	uint64_t gap = gaps[0] > gaps[1] ? gaps[0] : gaps[1];

	if (gap > GAP_MS && gap != told) {
		told = gap;
		printf("clock: %lu ms passed without it\n", gap);
	}
	printf("clock %u: %u and %u ticks\n", second, virt_ticks, phys_ticks);
	virt_ticks = phys_ticks = 0;
}

int main(void)
{
	uint64_t before, next;

	gic_setup();
	gic_connect(INTID_TIMER_VIRT, on_virt, NULL);
	gic_connect(INTID_TIMER_PHYS, on_phys, NULL);
	timer_set(virt_due = counter_now());
	timer_phys_set(phys_due = counter_phys_now());
	before = next = counter_now();
	cpu_start(1, other, NULL);
	irq_unmask();
	for (unsigned int second = 1;;) {
		before = look(before, 0);
		if ((int64_t)(before - next) >= 0) {
			tell(second++);
			next = before + counter_hz();
		}
		cpu_yield();
	}
}
