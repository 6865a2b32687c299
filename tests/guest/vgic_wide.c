/* SPDX-License-Identifier: Apache-2.0 */
/* 64 CPUs: what one access does to all of them, which a hypervisor can't do at once. */
#include "tests/guest/lib/cpu.h"
#include "tests/guest/lib/gic.h"
#include "tests/guest/lib/servant.h"
#include "tests/guest/lib/tap.h"

#define CPUS	  64
#define FIRST_SPI 64 /* a word of them */
#define SPIS	  32
#define SGI	  7
#define ALL	  UINT32_MAX
#define WORD	  (FIRST_SPI / 32 * 4)

static unsigned int hold, held, ended;

static void connect_sgi(void *arg)
{
	(void)arg;
	gic_connect(SGI, irqlog_handler, NULL);
}

/* Time for an interrupt that must not come to come nevertheless. */
static void settle(void)
{
	cpu_delay_us(5000);
}

static void test_broadcast(void)
{
	unsigned int once = 0;

	for (unsigned int round = 1; round <= 3; round++) {
		irqlog_clear();
		gic_send_sgi_others(SGI);
		for (unsigned int cpu = 1; cpu < CPUS; cpu++) {
			irqlog_wait(cpu, SGI, 1);
		}
		settle();
		for (unsigned int cpu = 1; cpu < CPUS; cpu++) {
			once += irqlogs[cpu].total == 1;
		}
	}
	is(once, 3 * (CPUS - 1), "an SGI to all others comes to each of 63, once");
	is(irqlogs[0].total, 0, "and not to the sender");
}

static void on_spi(unsigned int intid, void *arg)
{
	(void)arg;
	irqlog_handler(intid, NULL);
	__atomic_fetch_add(&held, 1, __ATOMIC_RELAXED);
	while (READ_ONCE(hold) != 0) {
		cpu_yield();
	}
	__atomic_fetch_add(&ended, 1, __ATOMIC_RELEASE);
}

static void set_word(unsigned int array, uint32_t value)
{
	mmio_write32(GICD_BASE + array + WORD, value);
	dsb(sy);
}

static uint32_t word(unsigned int array)
{
	return mmio_read32(GICD_BASE + array + WORD);
}

static void connect_spis(void)
{
	for (unsigned int i = 0; i < SPIS; i++) {
		gic_set_edge(FIRST_SPI + i, true);
		gic_connect(FIRST_SPI + i, on_spi, NULL);
		gic_route(FIRST_SPI + i, cpu_mpidr(1 + i));
	}
}

static unsigned int came(unsigned int times)
{
	unsigned int right = 0;

	for (unsigned int i = 0; i < SPIS; i++) {
		right += irqlog_wait(1 + i, FIRST_SPI + i, times);
	}
	return right;
}

static void test_word(void)
{
	irqlog_clear();
	WRITE_ONCE(hold, 1);
	set_word(GICD_ISPENDR, ALL);
	is(came(1), SPIS, "32 SPIs that are made pending at once come to 32 CPUs");
	ok(WAIT(READ_ONCE(held) == SPIS), "each of which holds one active");
	is(word(GICD_ISACTIVER), ALL, "the distributor says so");
	is(word(GICD_ISPENDR), 0, "and that none is pending");
	set_word(GICD_ISPENDR, ALL);
	is(word(GICD_ISPENDR), ALL, "all become pending again");
	set_word(GICD_ICPENDR, ALL);
	is(word(GICD_ISPENDR), 0, "and are so no more");
	set_word(GICD_ICACTIVER, ALL);
	is(word(GICD_ISACTIVER), 0, "one write deactivates them all");
	settle();
	is(irqlog_total(), SPIS, "nothing has come since");
	WRITE_ONCE(hold, 0);
	ok(WAIT(__atomic_load_n(&ended, __ATOMIC_ACQUIRE) == SPIS), "their handlers end");
	settle();
	set_word(GICD_ISPENDR, ALL);
	is(came(2), SPIS, "all come again");
	settle();
	is(irqlog_total(), 2 * SPIS, "once");
	is(word(GICD_ISACTIVER), 0, "and none is left active");
}

static void test_switched(void)
{
	set_word(GICD_ICENABLER, ALL);
	set_word(GICD_ISPENDR, ALL);
	irqlog_clear();
	gic_forward(false);
	set_word(GICD_ISENABLER, ALL);
	settle();
	is(irqlog_total(), 0, "nothing comes while the distributor is off");
	gic_forward(true);
	is(came(1), SPIS, "switched on, it tells 32 CPUs of what waited");
	settle();
	set_word(GICD_ICENABLER, ALL);
	set_word(GICD_ISPENDR, ALL);
	settle();
	is(irqlog_total(), SPIS, "disabled in one write, nothing comes");
	set_word(GICD_ISENABLER, ALL);
	is(came(2), SPIS, "enabled in one write, all come");
}

int main(void)
{
	unsigned int up = 0;

	gic_setup();
	for (unsigned int cpu = 1; cpu < CPUS; cpu++) {
		up += servant_start(cpu) && servant_run(cpu, connect_sgi, NULL);
	}
	is(up, CPUS - 1, "63 more CPUs listen");
	connect_sgi(NULL);
	irq_unmask();
	connect_spis();
	test_broadcast();
	test_word();
	test_switched();
	tap_done();
}
