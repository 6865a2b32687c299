/* SPDX-License-Identifier: Apache-2.0 */
/* Software-generated interrupts: targets, counts, pending and active state, priorities. */
#include "tests/guest/lib/cpu.h"
#include "tests/guest/lib/gic.h"
#include "tests/guest/lib/servant.h"
#include "tests/guest/lib/tap.h"

#define CPUS  4
#define SGIS  16
#define FLOOD 1000
#define COUNT 200

static void connect_all(void *arg)
{
	(void)arg;
	for (unsigned int i = 0; i < SGIS; i++) {
		gic_connect(i, irqlog_handler, NULL);
	}
}

/* Time for an interrupt that must not come to come nevertheless. */
static void settle(void)
{
	cpu_delay_us(2000);
}

static void test_targets(void)
{
	unsigned int right = 0;

	irqlog_clear();
	for (unsigned int i = 0; i < SGIS; i++) {
		gic_send_sgi(i, BIT(0));
		right += irqlog_wait(0, i, 1);
	}
	is(right, SGIS, "each of the 16 SGIs reaches the CPU itself");
	right = 0;
	for (unsigned int cpu = 1; cpu < CPUS; cpu++) {
		for (unsigned int i = 0; i < SGIS; i++) {
			gic_send_sgi(i, (uint16_t)BIT(cpu));
			right += irqlog_wait(cpu, i, 1);
		}
	}
	is(right, SGIS * (CPUS - 1), "each of the 16 SGIs reaches each other CPU");
	settle();
	is(irqlog_total(), SGIS * CPUS, "none of them came twice or elsewhere");
}

static unsigned int missed(unsigned int intid, unsigned int cpu_mask)
{
	unsigned int wrong = 0;

	for (unsigned int cpu = 0; cpu < CPUS; cpu++) {
		if (cpu_mask & BIT(cpu)) {
			wrong += !irqlog_wait(cpu, intid, 1);
		}
	}
	settle();
	for (unsigned int cpu = 0; cpu < CPUS; cpu++) {
		wrong += irqlogs[cpu].total != (cpu_mask & BIT(cpu) ? 1 : 0);
	}
	return wrong;
}

static void send_others(void *arg)
{
	(void)arg;
	gic_send_sgi_others(7);
}

static void test_lists(void)
{
	irqlog_clear();
	gic_send_sgi(5, 0xe);
	is(missed(5, 0xe), 0, "an SGI to three others reaches these, once");
	irqlog_clear();
	gic_send_sgi(6, 0x5);
	is(missed(6, 0x5), 0, "an SGI to oneself and another reaches these two");
	irqlog_clear();
	send_others(NULL);
	is(missed(7, 0xe), 0, "an SGI to all but self reaches all but self");
	irqlog_clear();
	ok(servant_run(2, send_others, NULL), "another CPU sends to all but self");
	is(missed(7, 0xb), 0, "and reaches all but itself");
	irqlog_clear();
	if (gic_v2) {
		mmio_write32(GICD_BASE + GICD_SGIR, (uint32_t)FIELD_PREP(GICD_SGIR_LIST, 0xf0) | 3);
		mmio_write32(GICD_BASE + GICD_SGIR, 3);
	} else {
		icc_write(ICC_SGI1R, FIELD_PREP(ICC_SGI1R_INTID, 3) | BIT(9));
		icc_write(ICC_SGI1R, FIELD_PREP(ICC_SGI1R_INTID, 3) | 5 << 16 | BIT(0));
		icc_write(ICC_SGI1R, FIELD_PREP(ICC_SGI1R_INTID, 3));
	}
	is(missed(3, 0), 0, "an SGI to CPUs that don't exist, or to none, reaches nobody");
}

static void test_counts(void)
{
	unsigned int sent = 0;

	irqlog_clear();
	while (sent < COUNT && irqlog_wait(1, 4, sent)) {
		gic_send_sgi(4, BIT(1));
		sent++;
	}
	ok(irqlog_wait(1, 4, COUNT), "200 SGIs, each sent after the last was taken, all arrive");
	settle();
	is(irqlog_total(), COUNT, "and no more than these");
}

/* Masked by PSTATE.I, so that what is pending stays so. */
static void test_pending(void)
{
	irq_mask();
	irqlog_clear();
	is(gic_ack(), INTID_SPURIOUS, "with nothing pending an acknowledge gives 1023");
	gic_send_sgi(2, BIT(0));
	gic_send_sgi(2, BIT(0));
	gic_send_sgi(2, BIT(0));
	ok(WAIT(gic_bit(GICD_ISPENDR, 2)), "a masked CPU's SGI reads as pending");
	is(gic_cpu_read(ICC_HPPIR1), 2, "ICC_HPPIR1_EL1 tells it without taking it");
	irq_unmask();
	irqlog_wait(0, 2, 1);
	settle();
	is(irqlogs[0].count[2], 1, "an SGI sent three times while pending is taken once");
	ok(!gic_bit(GICD_ISPENDR, 2), "and is no longer pending");
}

/* GICv2 leaves open whether SGIs can be disabled. */
static void test_disabled(void)
{
	irqlog_clear();
	gic_disable(2);
	gic_send_sgi(2, BIT(0));
	settle();
	ok(irqlog_total() == 0 && gic_bit(GICD_ISPENDR, 2), "a disabled SGI stays pending");
	gic_enable(2);
	ok(irqlog_wait(0, 2, 1), "and is taken once it is enabled");

	irq_mask();
	gic_send_sgi(2, BIT(0));
	WAIT(gic_bit(GICD_ISPENDR, 2));
	gic_disable(2);
	ok(gic_bit(GICD_ISPENDR, 2), "disabled while pending, it stays so");
	is(gic_ack(), INTID_SPURIOUS, "but isn't delivered");
	gic_enable(2);
	irq_unmask();
	ok(irqlog_wait(0, 2, 2), "until it is enabled");
}

static void test_set_pending(void)
{
	irq_mask();
	gic_write_bit(GICD_ISPENDR, 9);
	ok(gic_bit(GICD_ICPENDR, 9), "GICR_ISPENDR0 makes an SGI pending");
	gic_write_bit(GICD_ICPENDR, 9);
	ok(!gic_bit(GICD_ISPENDR, 9), "GICR_ICPENDR0 takes it back");
	is(gic_ack(), INTID_SPURIOUS, "and it isn't delivered");
	irq_unmask();

	irqlog_clear();
	mmio_write32(gic_redist(cpu_mpidr(1)) + GICR_SGI_FRAME + GICD_ISPENDR, BIT(10));
	ok(irqlog_wait(1, 10, 1), "GICR_ISPENDR0 of another CPU makes that CPU take it");
}

/* GICv2: an SGI is pending by sender. */
static void test_senders(void)
{
	uint64_t set = GICD_BASE + GICD_SPENDSGIR + 12, clear = GICD_BASE + GICD_CPENDSGIR + 12;

	irq_mask();
	irqlog_clear();
	gic_write_bit(GICD_ISPENDR, 13);
	ok(!gic_bit(GICD_ISPENDR, 13), "GICD_ISPENDR0 doesn't make an SGI pending");
	mmio_write8(set + 1, 0x3);
	is(mmio_read32(clear), 0x0300, "GICD_SPENDSGIR makes one pending from two senders");
	is(mmio_read8(set + 1), 0x03, "which GICD_SPENDSGIR tells as well");
	ok(gic_bit(GICD_ISPENDR, 13), "and GICD_ISPENDR0");
	irq_unmask();
	ok(irqlog_wait(0, 13, 2), "it is taken once for each");
	settle();
	is(irqlog_total(), 2, "and not again");
	irq_mask();
	mmio_write32(set, 0x00040100);
	mmio_write32(clear, 0x00040000);
	is(mmio_read32(set), 0x0100, "GICD_CPENDSGIR takes one sender's back");
	mmio_write8(clear + 1, 0x01);
	is(mmio_read32(set), 0, "and a byte of it another's");
	is(gic_ack(), INTID_SPURIOUS, "nothing is left");
	mmio_write32(GICD_BASE + GICD_SGIR, (uint32_t)GICD_SGIR_SELF | 14);
	irq_unmask();
	ok(irqlog_wait(0, 14, 1), "GICD_SGIR's filter 2 sends to oneself");
	settle();
	is(irqlog_total(), 3, "and to nobody else");
}

static void send_fifteen(void *arg)
{
	(void)arg;
	gic_send_sgi(15, BIT(0));
}

static void test_two_senders(void)
{
	unsigned int from_one, from_two;

	irq_mask();
	servant_run(1, send_fifteen, NULL);
	servant_run(2, send_fifteen, NULL);
	from_one = mmio_read32(GICC_BASE + GICC_IAR);
	mmio_write32(GICC_BASE + GICC_EOIR, from_one);
	from_two = mmio_read32(GICC_BASE + GICC_IAR);
	mmio_write32(GICC_BASE + GICC_EOIR, from_two);
	is(from_one, 15 | 1 << 10, "of two senders the lower number's comes first, and is named");
	is(from_two, 15 | 2 << 10, "then the other's");
	is(gic_ack(), INTID_SPURIOUS, "and that is all");
	irq_unmask();
}

static void test_order(void)
{
	unsigned int in_order = 0;

	irq_mask();
	irqlog_clear();
	for (unsigned int i = 0; i < SGIS; i++) {
		gic_set_priority(i, (uint8_t)(0xf0 - i * 8));
		gic_send_sgi(i, BIT(0));
	}
	irq_unmask();
	WAIT(READ_ONCE(irqlogs[0].total) >= SGIS);
	settle();
	for (unsigned int i = 0; i < SGIS; i++) {
		in_order += irqlogs[0].order[i] == SGIS - 1 - i;
	}
	is(irqlogs[0].total, SGIS, "16 SGIs pending at once are all taken, once");
	is(in_order, SGIS, "in the order of their priorities");
	for (unsigned int i = 0; i < SGIS; i++) {
		gic_set_priority(i, GIC_PRIORITY_DEFAULT);
	}
}

static struct {
	unsigned int runs;
	bool active, pending_before, pending_after;
} nested;

static void on_nested(unsigned int intid, void *arg)
{
	(void)arg;
	if (nested.runs++ == 0) {
		nested.active = gic_bit(GICD_ISACTIVER, intid);
		nested.pending_before = gic_bit(GICD_ISPENDR, intid);
		gic_send_sgi(intid, BIT(0));
		nested.pending_after = WAIT(gic_bit(GICD_ISPENDR, intid));
	}
}

static void test_active(void)
{
	gic_connect(11, on_nested, NULL);
	gic_send_sgi(11, BIT(0));
	ok(WAIT(READ_ONCE(nested.runs) == 2), "an SGI sent while active is taken again afterwards");
	ok(nested.active, "in its handler an SGI reads as active");
	ok(!nested.pending_before, "and not as pending");
	ok(nested.pending_after, "until it is sent again");
	settle();
	is(nested.runs, 2, "it is not taken a third time");
	ok(!gic_bit(GICD_ISACTIVER, 11), "after its end it isn't active");
}

static bool may_end;

static void on_held(unsigned int intid, void *arg)
{
	irqlog_handler(intid, arg);
	WAIT(READ_ONCE(may_end));
}

static void test_remote_state(void)
{
	uint64_t other = gic_redist(cpu_mpidr(1)) + GICR_SGI_FRAME;

	irqlog_clear();
	gic_connect(12, on_held, NULL);
	gic_send_sgi(12, BIT(1));
	ok(irqlog_wait(1, 12, 1), "another CPU takes an SGI and stays in its handler");
	ok(mmio_read32(other + GICD_ISACTIVER) & BIT(12), "from here it reads as active there");
	gic_send_sgi(12, BIT(1));
	ok(WAIT(mmio_read32(other + GICD_ISPENDR) & BIT(12)), "sent again, as pending too");
	mmio_write32(other + GICD_ICPENDR, BIT(12));
	ok(!(mmio_read32(other + GICD_ISPENDR) & BIT(12)), "which can be taken back from here");
	mmio_write8(other + GICD_IPRIORITYR + 13, 0x50);
	is(mmio_read8(other + GICD_IPRIORITYR + 13), 0x50, "a priority can be set there from here");
	WRITE_ONCE(may_end, true);
	ok(WAIT(!(mmio_read32(other + GICD_ISACTIVER) & BIT(12))), "after its end it isn't active");
	settle();
	is(irqlogs[1].count[12], 1, "and what was taken back has not come");
	mmio_write8(other + GICD_IPRIORITYR + 13, GIC_PRIORITY_DEFAULT);
}

static void test_fixed(void)
{
	uint64_t cfgr = gic_reg(GICD_ICFGR, 0, 2);

	is(mmio_read32(cfgr) & 0xaaaaaaaa, 0xaaaaaaaa, "SGIs are edge-triggered");
	mmio_write32(cfgr, 0);
	is(mmio_read32(cfgr) & 0xaaaaaaaa, 0xaaaaaaaa, "and stay so");
}

/* Each sender numbers its SGIs; the receiver must have seen every sender's last number. */
static unsigned int flood_sent[CPUS], flood_seen[CPUS];

static void on_flood(unsigned int intid, void *arg)
{
	(void)arg;
	flood_seen[intid] = READ_ONCE(flood_sent[intid]);
}

static void flood(void *arg)
{
	unsigned int me = cpu_this()->index;

	(void)arg;
	for (unsigned int i = 1; i <= FLOOD; i++) {
		WRITE_ONCE(flood_sent[me], i);
		gic_send_sgi(me, BIT(0));
	}
}

static void test_flood(void)
{
	unsigned int last = 0;

	for (unsigned int cpu = 1; cpu < CPUS; cpu++) {
		gic_connect(cpu, on_flood, NULL);
	}
	for (unsigned int cpu = 1; cpu < CPUS; cpu++) {
		servant_post(cpu, flood, NULL);
	}
	for (unsigned int cpu = 1; cpu < CPUS; cpu++) {
		servant_wait(cpu);
		last += WAIT(READ_ONCE(flood_seen[cpu]) == FLOOD);
	}
	is(last, CPUS - 1, "three CPUs flood one: the last SGI of each is seen");
}

int main(void)
{
	bool up = true;

	gic_setup();
	for (unsigned int cpu = 1; cpu < CPUS; cpu++) {
		up &= servant_start(cpu) && servant_run(cpu, connect_all, NULL);
	}
	ok(up, "three more CPUs listen");
	connect_all(NULL);
	irq_unmask();
	test_targets();
	test_lists();
	test_counts();
	test_pending();
	if (gic_v2) {
		test_senders();
		test_two_senders();
	} else {
		test_disabled();
		test_set_pending();
		test_remote_state();
	}
	test_order();
	test_active();
	test_fixed();
	test_flood();
	tap_done();
}
