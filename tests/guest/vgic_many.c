/* SPDX-License-Identifier: Apache-2.0 */
/* More interrupts pending or active at once than a hypervisor has list registers. */
#include "tests/guest/lib/console.h"
#include "tests/guest/lib/cpu.h"
#include "tests/guest/lib/gic.h"
#include "tests/guest/lib/servant.h"
#include "tests/guest/lib/tap.h"

#define CPUS	  4
#define FIRST_SPI 40
#define SPIS	  20
#define SGIS	  16
#define MANY	  (SGIS + SPIS)
#define HELD	  12
#define ROUNDS	  50
#define STORM	  100

/* 31 levels that PMR 0xff lets through; a stride prime to 31 shuffles them. */
static uint8_t shuffled_priority(unsigned int i, unsigned int round)
{
	return (uint8_t)((i * 7 + round) % 31 * 8);
}

/* On GICv2 SGIs become pending by sender alone: other SPIs stand for them. */
static unsigned int intid_of(unsigned int i)
{
	if (gic_v2) {
		return FIRST_SPI + i;
	}
	return i < SGIS ? i : FIRST_SPI + i - SGIS;
}

/* The GIC owes no order between its registers and the CPU interface: give it time. */
static void pend(unsigned int intid)
{
	gic_write_bit(GICD_ISPENDR, intid);
	cpu_delay_us(10);
}

static void connect_all(void)
{
	for (unsigned int i = 0; i < MANY; i++) {
		gic_connect(intid_of(i), irqlog_handler, NULL);
	}
}

static void test_all_at_once(void)
{
	unsigned int misplaced = 0, lost = 0, doubled = 0;

	for (unsigned int round = 0; round < ROUNDS; round++) {
		irq_mask();
		irqlog_clear();
		for (unsigned int i = 0; i < MANY; i++) {
			gic_set_priority(intid_of(i), shuffled_priority(i, round));
			gic_write_bit(GICD_ISPENDR, intid_of(i));
		}
		cpu_delay_us(10);
		irq_unmask();
		WAIT(READ_ONCE(irqlogs[0].total) >= MANY);
		for (unsigned int i = 0; i < MANY; i++) {
			lost += irqlogs[0].count[intid_of(i)] == 0;
			doubled += irqlogs[0].count[intid_of(i)] > 1;
		}
		for (unsigned int i = 1; i < irqlogs[0].total && i < MANY; i++) {
			misplaced += gic_priority(irqlogs[0].order[i]) <
				     gic_priority(irqlogs[0].order[i - 1]);
		}
	}
	is(lost, 0, "36 interrupts pending at once, 50 times: none is lost");
	is(doubled, 0, "none is taken twice");
	is(misplaced, 0, "all are taken in the order of their priorities");
}

/* Late ones of higher priority come before those that wait already. */
static void test_overtaking(void)
{
	unsigned int overtaken = 0;

	irq_mask();
	for (unsigned int i = 0; i < SPIS; i++) {
		gic_set_priority(FIRST_SPI + i, (uint8_t)(0xf0 - i * 8));
	}
	for (unsigned int i = 0; i < SPIS; i++) {
		pend(FIRST_SPI + i);
		overtaken += gic_cpu_read(ICC_HPPIR1) == FIRST_SPI + i;
	}
	is(overtaken, SPIS, "each of 20 that comes with a higher priority is next");
	for (unsigned int i = SPIS; i > 0; i--) {
		overtaken -= gic_cpu_read(ICC_HPPIR1) == FIRST_SPI + i - 1;
		gic_write_bit(GICD_ICPENDR, FIRST_SPI + i - 1);
		cpu_delay_us(10);
	}
	is(overtaken, 0, "taken back one by one, each makes way for the one it overtook");
	is(gic_ack(), INTID_SPURIOUS, "none is left");
	irq_unmask();
}

static unsigned int active_count(void)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < HELD; i++) {
		n += gic_bit(GICD_ISACTIVER, FIRST_SPI + i);
	}
	return n;
}

/* EOImode 0: twelve preempt one another, then end from the innermost out. */
static void test_deep_nesting(void)
{
	unsigned int taken = 0, ended = 0;

	irq_mask();
	for (unsigned int i = 0; i < HELD; i++) {
		gic_set_priority(FIRST_SPI + i, (uint8_t)(0xe0 - i * 16));
		pend(FIRST_SPI + i);
		taken += gic_ack() == FIRST_SPI + i;
	}
	is(taken, HELD, "twelve interrupts preempt one another");
	is(active_count(), HELD, "all of them are active");
	pend(FIRST_SPI);
	for (unsigned int i = HELD; i > 0; i--) {
		gic_eoi(FIRST_SPI + i - 1);
		ended += active_count() == i - 1;
	}
	is(ended, HELD, "each end deactivates its own");
	is(gic_cpu_read(ICC_RPR), 0xff, "after the last nothing runs");
	is(gic_ack(), FIRST_SPI, "one that became pending meanwhile comes then");
	gic_eoi(FIRST_SPI);
	is(active_count(), 0, "and ends");
	irq_unmask();
}

/* EOImode 1: twelve stay active after their EOI, and are deactivated in the order they came. */
static void test_many_active(void)
{
	unsigned int taken = 0, ended = 0, again = 0;

	irq_mask();
	gic_split_eoi(true);
	for (unsigned int i = 0; i < HELD; i++) {
		gic_set_priority(FIRST_SPI + i, 0x80);
		pend(FIRST_SPI + i);
		taken += gic_ack() == FIRST_SPI + i;
		gic_eoi(FIRST_SPI + i);
	}
	is(taken, HELD, "with EOImode 1 twelve interrupts are taken one after the other");
	is(active_count(), HELD, "and stay active");
	for (unsigned int i = 0; i < HELD; i++) {
		pend(FIRST_SPI + i);
	}
	is(gic_ack(), INTID_SPURIOUS, "pending again, none is delivered while active");
	for (unsigned int i = 0; i < HELD; i++) {
		gic_deactivate(FIRST_SPI + i);
		ended += active_count() == HELD - 1;
		cpu_delay_us(10);
		again += gic_ack() == FIRST_SPI + i;
		gic_eoi(FIRST_SPI + i);
	}
	is(ended, HELD, "each DIR deactivates its own");
	is(again, HELD, "and lets it come again");
	is(active_count(), HELD, "which makes all active once more");
	for (unsigned int i = 0; i < HELD; i++) {
		gic_write_bit(GICD_ICACTIVER, FIRST_SPI + i);
	}
	is(active_count(), 0, "GICD_ICACTIVER deactivates them");
	is(gic_ack(), INTID_SPURIOUS, "nothing is left");
	gic_split_eoi(false);
	irq_unmask();
}

/* Pending on a CPU that is busy with others: what is enabled or routed away must not linger. */
static void test_taken_away(void)
{
	if (!gic_shares_spis()) {
		skip("of 20 pending, five routed away are taken there",
		     "QEMU's GICv2 leaves a pending one where it was");
		return;
	}
	irq_mask();
	irqlog_clear();
	for (unsigned int i = 0; i < SPIS; i++) {
		gic_set_priority(FIRST_SPI + i, GIC_PRIORITY_DEFAULT);
		gic_write_bit(GICD_ISPENDR, FIRST_SPI + i);
	}
	for (unsigned int i = 0; i < SPIS; i += 2) {
		gic_disable(FIRST_SPI + i);
	}
	for (unsigned int i = 1; i < SPIS; i += 4) {
		gic_route(FIRST_SPI + i, cpu_mpidr(1));
	}
	WAIT(READ_ONCE(irqlogs[1].total) == SPIS / 4);
	irq_unmask();
	WAIT(READ_ONCE(irqlogs[0].total) >= SPIS / 4);
	cpu_delay_us(1000);
	is(irqlogs[1].total, SPIS / 4, "of 20 pending, five routed away are taken there");
	is(irqlogs[0].total, SPIS / 4,
	   "five that stayed are taken here, ten disabled ones are not");
	for (unsigned int i = 0; i < SPIS; i++) {
		gic_route(FIRST_SPI + i, cpu_mpidr(0));
		gic_enable(FIRST_SPI + i);
	}
	WAIT(READ_ONCE(irqlogs[0].total) >= SPIS * 3 / 4);
	cpu_delay_us(1000);
	is(irqlog_total(), SPIS, "enabled again, these ten come too");
}

/* Three CPUs make SPIs pending on the first, each its own, as fast as they are taken. */
static void on_storm(unsigned int intid, void *arg)
{
	irqlog_handler(intid, arg);
	servant_ring(intid - FIRST_SPI);
}

static void storm(void *arg)
{
	unsigned int intid = FIRST_SPI + cpu_this()->index;

	(void)arg;
	for (unsigned int i = 0; i < STORM; i++) {
		gic_write_bit(GICD_ISPENDR, intid);
		servant_sleep_until(&irqlogs[0].count[intid], i + 1);
	}
}

/* Where an interrupt got lost: its SPI on the way here, or the doorbell on the way back. */
static void describe_storm(unsigned int cpu)
{
	unsigned int intid = FIRST_SPI + cpu;
	uint64_t sgi = gic_v2 ? GICD_BASE : gic_redist(cpu_mpidr(cpu)) + GICR_SGI_FRAME;

	printf("# CPU %u: %u taken, INTID %u pending %u active %u; private ones (GICv2: of CPU 0) "
	       "pending 0x%x active 0x%x\n",
	       cpu, irqlogs[0].count[intid], intid, gic_bit(GICD_ISPENDR, intid),
	       gic_bit(GICD_ISACTIVER, intid), mmio_read32(sgi + GICD_ISPENDR),
	       mmio_read32(sgi + GICD_ISACTIVER));
}

static void test_storm(void)
{
	unsigned int done = 0;

	irqlog_clear();
	for (unsigned int cpu = 1; cpu < CPUS; cpu++) {
		gic_connect(FIRST_SPI + cpu, on_storm, NULL);
		servant_post(cpu, storm, NULL);
	}
	for (unsigned int cpu = 1; cpu < CPUS; cpu++) {
		if (WAIT_TICKS(READ_ONCE(irqlogs[0].count[FIRST_SPI + cpu]) == STORM,
			       8 * counter_hz())) {
			done++;
		} else {
			describe_storm(cpu);
		}
		servant_wait(cpu);
	}
	is(done, CPUS - 1, "three CPUs send 100 SPIs each, every one awaited: all arrive");
	is(irqlog_total(), (CPUS - 1) * STORM, "and no more than these");
}

int main(void)
{
	bool up = true;

	gic_setup();
	for (unsigned int cpu = 1; cpu < CPUS; cpu++) {
		up &= servant_start(cpu);
	}
	ok(up, "three more CPUs listen");
	connect_all();
	irq_unmask();
	test_all_at_once();
	test_overtaking();
	test_deep_nesting();
	test_many_active();
	test_taken_away();
	test_storm();
	tap_done();
}
