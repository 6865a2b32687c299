/* SPDX-License-Identifier: Apache-2.0 */
/* Interrupts from device to guest, as IHI 0069H chapter 4 has them. */
#include <string.h>

#include "core/base/errno.h"
#include "tests/unit/fake_gic.h"
#include "tests/unit/unit.h"

#define SPIS 64
#define SPI  40 /* level-sensitive after reset */
#define EDGE 41
#define PPI  20
#define LRS  4

static int set_up(void **state)
{
	(void)state;
	fake_gic_boot(2, LRS, SPIS);
	fake_set_edge(0, 0, EDGE, true);
	for (uint32_t intid = 32; intid < 32 + SPIS; intid++) {
		fake_set_priority(0, 0, intid, 0x80);
		fake_set_bit(0, 0, GICD_ISENABLER, intid);
	}
	for (uint32_t i = 0; i < 2; i++) {
		for (uint32_t intid = 0; intid < 32; intid++) {
			fake_set_priority(0, i, intid, 0x80);
			fake_set_bit(0, i, GICD_ISENABLER, intid);
		}
	}
	return 0;
}

static void line(uint32_t intid, bool level)
{
	vgic_set_line(&fake_vm, intid, level);
}

static void pulse(uint32_t intid)
{
	line(intid, true);
	line(intid, false);
}

static bool pending(uint32_t intid)
{
	bool set = fake_bit(0, 0, GICD_ISPENDR, intid);

	assert_int_equal(fake_bit(0, 0, GICD_ICPENDR, intid), set);
	return set;
}

static bool active(uint32_t intid)
{
	return fake_bit(0, 0, GICD_ISACTIVER, intid);
}

static void nothing_pending(uint32_t i)
{
	assert_int_equal(fake_pending(i), FAKE_SPURIOUS);
}

static void take(uint32_t i, uint32_t intid)
{
	assert_int_equal(fake_ack(i), intid);
}

/* -- level and edge -- */

static void level(void **state)
{
	(void)state;
	line(SPI, true);
	assert_true(pending(SPI));
	take(0, SPI);
	assert_true(active(SPI));
	/* its line is still high: active and pending */
	assert_true(pending(SPI));
	nothing_pending(0);
	fake_eoi(0, SPI);
	assert_false(active(SPI));
	take(0, SPI);
	line(SPI, false);
	assert_false(pending(SPI));
	fake_eoi(0, SPI);
	nothing_pending(0);
	/* one that falls before it is taken was never there */
	line(SPI, true);
	assert_int_equal(fake_pending(0), SPI);
	line(SPI, false);
	nothing_pending(0);
	/* nor does it come back by itself */
	assert_int_equal(fake_listed_count(0), 0);
}

static void edge(void **state)
{
	(void)state;
	pulse(EDGE);
	assert_true(pending(EDGE));
	pulse(EDGE); /* merges */
	take(0, EDGE);
	assert_false(pending(EDGE));
	pulse(EDGE); /* while active: pending again */
	assert_true(pending(EDGE));
	assert_true(active(EDGE));
	nothing_pending(0);
	fake_eoi(0, EDGE);
	take(0, EDGE);
	fake_eoi(0, EDGE);
	nothing_pending(0);
	/* a high line is one edge */
	line(EDGE, true);
	take(0, EDGE);
	fake_eoi(0, EDGE);
	nothing_pending(0);
}

static void line_while_active(void **state)
{
	(void)state;
	line(SPI, true);
	take(0, SPI);
	line(SPI, false);
	line(SPI, true);
	line(SPI, false);
	fake_eoi(0, SPI);
	nothing_pending(0);
	line(SPI, true);
	take(0, SPI);
	line(SPI, false);
	fake_settle();
	line(SPI, true);
	fake_eoi(0, SPI);
	take(0, SPI);
}

/* -- enable -- */

static void disabled(void **state)
{
	(void)state;
	fake_set_bit(0, 0, GICD_ICENABLER, SPI);
	fake_set_bit(0, 0, GICD_ICENABLER, EDGE);
	line(SPI, true);
	pulse(EDGE);
	nothing_pending(0);
	/* enable only gates delivery */
	assert_true(pending(SPI));
	assert_true(pending(EDGE));
	fake_set_bit(0, 0, GICD_ISENABLER, EDGE);
	take(0, EDGE);
	fake_eoi(0, EDGE);
	line(SPI, false);
	fake_set_bit(0, 0, GICD_ISENABLER, SPI);
	nothing_pending(0);
}

/* Each of them while the interrupt sits in a list register. */
static void disabled_while_listed(void **state)
{
	(void)state;
	pulse(EDGE);
	assert_int_equal(fake_pending(0), EDGE);
	fake_set_bit(0, 0, GICD_ICENABLER, EDGE);
	nothing_pending(0);
	assert_true(pending(EDGE));
	fake_set_bit(0, 0, GICD_ISENABLER, EDGE);
	take(0, EDGE);
	/* active: the end works as ever, and what came meanwhile waits */
	fake_set_bit(0, 0, GICD_ICENABLER, EDGE);
	pulse(EDGE);
	fake_eoi(0, EDGE);
	assert_false(active(EDGE));
	nothing_pending(0);
	assert_true(pending(EDGE));
	fake_set_bit(0, 0, GICD_ISENABLER, EDGE);
	take(0, EDGE);
}

/* Disabled when it is active and pending already. */
static void disabled_while_active_and_pending(void **state)
{
	(void)state;
	pulse(EDGE);
	take(0, EDGE);
	pulse(EDGE);
	fake_settle();
	fake_set_bit(0, 0, GICD_ICENABLER, EDGE);
	fake_eoi(0, EDGE);
	nothing_pending(0);
	assert_true(pending(EDGE));
	fake_set_bit(0, 0, GICD_ISENABLER, EDGE);
	take(0, EDGE);
}

static void distributor_off(void **state)
{
	(void)state;
	pulse(EDGE);
	line(SPI, true);
	fake_send_sgi(0, 1 | 3 << 24, true);
	fake_settle();
	fake_dist_write(0, GICD_CTLR, 4, 0);
	nothing_pending(0);
	fake_dist_write(0, GICD_CTLR, 4, GICD_CTLR_ENGRP0);
	nothing_pending(0); /* they are of group 1 */
	fake_dist_write(0, GICD_CTLR, 4, GICD_CTLR_ENGRP1);
	for (uint32_t i = 0, taken = 0; i < 3; i++) {
		uint32_t intid = fake_ack(0);

		assert_true(intid == EDGE || intid == SPI || intid == 3);
		taken |= intid == SPI;
		line(SPI, taken == 0);
		fake_eoi(0, intid);
	}
	nothing_pending(0);
}

static void distributor_off_while_active(void **state)
{
	(void)state;
	pulse(EDGE);
	take(0, EDGE);
	pulse(EDGE);
	fake_settle();
	fake_dist_write(0, GICD_CTLR, 4, 0);
	fake_eoi(0, EDGE);
	nothing_pending(0);
	assert_true(pending(EDGE));
	fake_dist_write(0, GICD_CTLR, 4, GICD_CTLR_ENGRP1);
	take(0, EDGE);
}

static void group0(void **state)
{
	(void)state;
	fake_dist_write(0, GICD_IGROUPR + 4, 4, ~(1U << (SPI - 32)));
	line(SPI, true);
	nothing_pending(0);
	fake_dist_write(0, GICD_CTLR, 4, GICD_CTLR_ENGRP0 | GICD_CTLR_ENGRP1);
	take(0, SPI);
}

/* -- pending and active by registers -- */

static void pended_by_register(void **state)
{
	static const uint32_t intids[] = {3, PPI, SPI, EDGE};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(intids); i++) {
		uint32_t intid = intids[i];

		fake_set_bit(0, 0, GICD_ISPENDR, intid);
		assert_true(pending(intid));
		fake_set_bit(0, 0, GICD_ICPENDR, intid);
		assert_false(pending(intid));
		nothing_pending(0);
		fake_set_bit(0, 0, GICD_ISPENDR, intid);
		assert_int_equal(fake_pending(0), intid);
		fake_set_bit(0, 0, GICD_ICPENDR, intid); /* from the list register */
		nothing_pending(0);
		fake_set_bit(0, 0, GICD_ISPENDR, intid);
		take(0, intid);
		assert_false(pending(intid));
		fake_set_bit(0, 0, GICD_ISPENDR, intid);
		assert_true(pending(intid));
		fake_eoi(0, intid);
		take(0, intid);
		fake_eoi(0, intid);
		nothing_pending(0);
	}
}

/* ICPENDR has no effect on what the line holds pending; the latch goes once it is acknowledged. */
static void pended_level(void **state)
{
	(void)state;
	line(SPI, true);
	fake_set_bit(0, 0, GICD_ICPENDR, SPI);
	assert_true(pending(SPI));
	fake_set_bit(0, 0, GICD_ISPENDR, SPI);
	line(SPI, false);
	assert_true(pending(SPI)); /* by the latch */
	take(0, SPI);
	assert_false(pending(SPI));
	fake_eoi(0, SPI);
	nothing_pending(0);
	/* listed for its line, pended too: one of both is enough, and taken once */
	line(SPI, true);
	fake_settle();
	fake_set_bit(0, 0, GICD_ISPENDR, SPI);
	fake_settle();
	line(SPI, false);
	take(0, SPI);
	fake_eoi(0, SPI);
	nothing_pending(0);
}

static void activated_by_register(void **state)
{
	(void)state;
	fake_set_bit(0, 0, GICD_ISACTIVER, SPI);
	line(SPI, true);
	nothing_pending(0);
	assert_true(pending(SPI));
	assert_true(active(SPI));
	fake_set_bit(0, 0, GICD_ICACTIVER, SPI);
	assert_false(active(SPI));
	take(0, SPI);
	/* deactivated by register while its handler runs: it may come again once that is over */
	line(SPI, false);
	fake_set_bit(0, 0, GICD_ICACTIVER, SPI);
	assert_false(active(SPI));
	line(SPI, true);
	fake_eoi(0, SPI);
	take(0, SPI);
	line(SPI, false);
	/* set while pending in a list register */
	pulse(EDGE);
	fake_settle();
	fake_set_bit(0, 0, GICD_ISACTIVER, EDGE);
	fake_eoi(0, SPI);
	nothing_pending(0);
	fake_set_bit(0, 0, GICD_ICACTIVER, EDGE);
	take(0, EDGE);
}

static void split_end(void **state)
{
	(void)state;
	fake_split_eoi(0, true);
	line(SPI, true);
	take(0, SPI);
	fake_eoi(0, SPI);
	assert_true(active(SPI));
	nothing_pending(0);
	/* another of the same priority may come before the deactivation */
	pulse(EDGE);
	take(0, EDGE);
	fake_eoi(0, EDGE);
	fake_dir(0, SPI);
	assert_false(active(SPI));
	take(0, SPI);
	fake_eoi(0, SPI);
	line(SPI, false);
	/* the other vCPU may do it, if it splits them too */
	fake_dir(1, SPI);
	assert_true(active(SPI));
	fake_split_eoi(1, true);
	fake_dir(1, SPI);
	fake_dir(1, EDGE);
	assert_false(active(SPI));
	assert_false(active(EDGE));
	nothing_pending(0);
	fake_dir(0, 32 + SPIS); /* no such interrupt */
	fake_dir(0, FAKE_SPURIOUS);
}

/* -- priorities -- */

static void most_urgent_first(void **state)
{
	(void)state;
	/* many more than list registers, the least urgent first */
	for (uint32_t i = 0; i < 24; i++) {
		fake_set_priority(0, 0, 40 + i, (uint8_t)(0xf0 - 8 * i));
		fake_set_bit(0, 0, GICD_ISPENDR, 40 + i);
		fake_settle();
	}
	assert_true(fake_listed_count(0) <= LRS);
	for (uint32_t i = 24; i-- > 0;) {
		take(0, 40 + i);
		fake_eoi(0, 40 + i);
	}
	nothing_pending(0);
}

static void preempted(void **state)
{
	(void)state;
	/* nested as deep as priorities go, with four list registers */
	for (uint32_t i = 0; i < 20; i++) {
		fake_set_priority(0, 0, 40 + i, (uint8_t)(0xf0 - 8 * i));
		fake_set_bit(0, 0, GICD_ISPENDR, 40 + i);
		take(0, 40 + i);
		nothing_pending(0);
	}
	for (uint32_t i = 0; i < 20; i++) {
		assert_true(active(40 + i));
	}
	for (uint32_t i = 20; i-- > 0;) {
		assert_int_equal(fake_running_priority(0), 0xf0 - 8 * i);
		fake_eoi(0, 40 + i);
		nothing_pending(0);
		assert_false(active(40 + i));
	}
	assert_int_equal(fake_lost_eois(0), 0);
	assert_int_equal(vgic_busy_count(&fake_vm), 0);
}

static int one_register(void **state)
{
	set_up(state);
	fake_gic_boot(1, 1, SPIS);
	for (uint32_t intid = 32; intid < 32 + SPIS; intid++) {
		fake_set_bit(0, 0, GICD_ISENABLER, intid);
	}
	return 0;
}

static void equals_wait(void **state)
{
	uint32_t first;

	(void)state;
	fake_set_bit(0, 0, GICD_ISPENDR, 50);
	fake_set_bit(0, 0, GICD_ISPENDR, 51);
	first = fake_ack(0);
	nothing_pending(0);
	fake_eoi(0, first);
	take(0, 50 + 51 - first);
}

static void priority_changed(void **state)
{
	(void)state;
	fake_set_bit(0, 0, GICD_ISPENDR, 50);
	fake_set_bit(0, 0, GICD_ISPENDR, 51);
	fake_settle();
	fake_set_priority(0, 0, 51, 0x40);
	assert_int_equal(fake_pending(0), 51);
	fake_set_priority(0, 0, 50, 0x20);
	take(0, 50);
	nothing_pending(0); /* 0x40 does not preempt 0x20 */
	fake_set_priority(0, 0, 51, 0x10);
	take(0, 51);
}

/* One that is active is sent again, and a more urgent one finds no register. */
static void pending_again_waits(void **state)
{
	(void)state;
	fake_set_priority(0, 0, 1, 0xb8);
	fake_set_priority(0, 0, 50, 0x98);
	fake_send_sgi(0, 1 | 1 << 24, true);
	take(0, 1);
	fake_send_sgi(0, 1 | 1 << 24, true);
	for (uint32_t i = 0; i < LRS - 1; i++) {
		fake_set_edge(0, 0, 60 + i, true); /* no exit at their ends */
		fake_set_bit(0, 0, GICD_ISPENDR, 60 + i);
	}
	fake_settle();
	fake_set_bit(0, 0, GICD_ISPENDR, 50);
	fake_settle();
	fake_eoi(0, 1);
	for (uint32_t i = 0; i < LRS - 1; i++) {
		take(0, 60 + i);
		fake_eoi(0, 60 + i);
	}
	take(0, 50);
	fake_eoi(0, 50);
	take(0, 1);
	fake_eoi(0, 1);
	nothing_pending(0);
}

/* -- where they go -- */

static void routed(void **state)
{
	uint32_t off = GICD_IROUTER + 8 * EDGE;

	(void)state;
	fake_dist_write(0, off, 8, 1);
	pulse(EDGE);
	fake_settle();
	nothing_pending(0);
	take(1, EDGE);
	assert_true(active(EDGE)); /* read by vCPU 0, held by vCPU 1 */
	pulse(EDGE);
	/* rerouted while active and pending: it comes to the other once this one has ended it */
	fake_dist_write(0, off, 8, 0);
	fake_settle();
	nothing_pending(0);
	nothing_pending(1);
	fake_eoi(1, EDGE);
	fake_settle();
	nothing_pending(1);
	take(0, EDGE);
	fake_eoi(0, EDGE);
	/* and while pending in a list register */
	pulse(EDGE);
	assert_int_equal(fake_pending(0), EDGE);
	fake_dist_write(0, off, 8, 1);
	fake_settle();
	nothing_pending(0);
	take(1, EDGE);
	/* to nobody: stays pending */
	fake_dist_write(0, off, 8, 7);
	pulse(EDGE);
	fake_eoi(1, EDGE);
	fake_settle();
	nothing_pending(0);
	nothing_pending(1);
	assert_true(pending(EDGE));
	fake_dist_write(0, off, 8, 0);
	take(0, EDGE);
}

static uint64_t sgi_to(uint32_t sgi, uint64_t targets)
{
	return (uint64_t)sgi << 24 | targets;
}

static void sgis(void **state)
{
	(void)state;
	fake_send_sgi(0, sgi_to(5, 1 << 1), true);
	fake_send_sgi(0, sgi_to(5, 1 << 1), true); /* merges */
	fake_settle();
	nothing_pending(0);
	assert_true(fake_bit(0, 1, GICD_ISPENDR, 5));
	assert_false(fake_bit(0, 0, GICD_ISPENDR, 5));
	take(1, 5);
	fake_send_sgi(0, sgi_to(5, 1 << 1), true);
	fake_eoi(1, 5);
	take(1, 5);
	fake_eoi(1, 5);
	/* to itself, to all others, to nobody, of the other group */
	fake_send_sgi(1, sgi_to(6, 1 << 1), true);
	take(1, 6);
	fake_eoi(1, 6);
	fake_send_sgi(1, sgi_to(7, 0) | SGI1R_IRM, true);
	nothing_pending(1);
	take(0, 7);
	fake_eoi(0, 7);
	fake_send_sgi(1, sgi_to(7, 1 << 2) | BIT(16), true);
	fake_send_sgi(1, sgi_to(7, 3) | BIT(44), true);
	fake_send_sgi(1, sgi_to(7, 3), false);
	fake_settle();
	nothing_pending(0);
	nothing_pending(1);
}

/* Aff3.Aff2.Aff1 and 16 targets of a range: vCPU ids above 7 and clusters too. */
static void sgi_affinity(void **state)
{
	(void)state;
	fake_vcpu(0)->mpidr = BIT(31) | UINT64_C(0x0100020025);
	fake_vcpu(1)->mpidr = BIT(31) | UINT64_C(0x010002002f);
	fake_send_sgi(0, sgi_to(1, 1 << 15) | UINT64_C(2) << 44 | BIT(48) | BIT(33), true);
	fake_settle();
	nothing_pending(0);
	take(1, 1);
	fake_send_sgi(1, sgi_to(2, 1 << 5) | UINT64_C(2) << 44 | BIT(48) | BIT(33), true);
	fake_send_sgi(1, sgi_to(3, 1 << 5) | BIT(48) | BIT(33), true);
	fake_send_sgi(1, sgi_to(4, 1 << 5) | UINT64_C(2) << 44 | BIT(33), true);
	take(0, 2);
	fake_eoi(0, 2);
	nothing_pending(0);
}

/* -- vCPUs that come, go and ask -- */

static void kept_while_off(void **state)
{
	(void)state;
	fake_vcpu_off(1);
	fake_send_sgi(0, sgi_to(5, 1 << 1), true);
	fake_dist_write(0, GICD_IROUTER + 8 * EDGE, 8, 1);
	pulse(EDGE);
	fake_settle();
	assert_true(fake_bit(0, 1, GICD_ISPENDR, 5));
	fake_vcpu_on(1);
	fake_set_priority(0, 1, 5, 0x40);
	take(1, 5);
	fake_eoi(1, 5);
	take(1, EDGE);
	/* what is pending at the stop is pending at the start */
	pulse(EDGE);
	fake_eoi(1, EDGE);
	fake_settle();
	fake_vcpu_off(1);
	fake_settle();
	assert_true(pending(EDGE));
	fake_vcpu_on(1);
	take(1, EDGE);
}

static int try_read(uint32_t i, uint32_t off, uint64_t *value)
{
	int err = vgic_dist_ops.read(fake_vcpu(i), &fake_vm, off, 4, value);

	if (err == 0) {
		vgic_access_over(fake_vcpu(i));
	}
	return err;
}

static void asked_and_answered(void **state)
{
	uint64_t value;

	(void)state;
	fake_dist_write(0, GICD_IROUTER + 8 * SPI, 8, 1);
	line(SPI, true);
	take(1, SPI);
	/* only the vCPU that runs it knows its list registers: it is asked */
	assert_int_equal(try_read(0, GICD_ISACTIVER + 4, &value), -EAGAIN);
	assert_true(vgic_is_held(fake_vcpu(1)));
	assert_int_equal(try_read(0, GICD_ISACTIVER + 4, &value), -EAGAIN);
	assert_int_equal(fake_vcpu(0)->events & VCPU_EVENT_ANSWER, 0);
	/* it hands them over, says so, and stays out of its guest until the asker is done */
	assert_false(fake_run(1));
	assert_int_equal(fake_vcpu(0)->events & VCPU_EVENT_ANSWER, VCPU_EVENT_ANSWER);
	assert_true(vgic_is_held(fake_vcpu(1)));
	assert_int_equal(fake_listed_count(1), 0);
	assert_int_equal(try_read(0, GICD_ISACTIVER + 4, &value), 0);
	assert_int_equal(value, 1 << (SPI - 32));
	assert_false(vgic_is_held(fake_vcpu(1)));
	/* and goes on where it was */
	assert_true(fake_run(1));
	assert_int_equal(fake_listed_count(1), 1);
	line(SPI, false);
	fake_eoi(1, SPI);
	assert_int_equal(fake_lost_eois(1), 0);
}

static void both_ask(void **state)
{
	uint64_t value;

	(void)state;
	fake_dist_write(0, GICD_IROUTER + 8 * SPI, 8, 1);
	line(SPI, true);
	line(72, true);
	take(0, 72);
	take(1, SPI);
	/* each wants what the other holds */
	assert_int_equal(try_read(0, GICD_ISACTIVER + 4, &value), -EAGAIN);
	assert_int_equal(try_read(1, GICD_ISACTIVER + 8, &value), -EAGAIN);
	assert_false(fake_run(0));
	assert_false(fake_run(1));
	assert_int_equal(try_read(0, GICD_ISACTIVER + 4, &value), 0);
	assert_int_equal(value, 1 << (SPI - 32));
	assert_int_equal(try_read(1, GICD_ISACTIVER + 8, &value), 0);
	assert_int_equal(value, 1 << (72 - 64));
	assert_true(fake_run(0));
	assert_true(fake_run(1));
	line(SPI, false);
	line(72, false);
	fake_eoi(0, 72);
	fake_eoi(1, SPI);
	fake_settle();
	assert_int_equal(vgic_busy_count(&fake_vm), 0);
}

/* A stop in the middle of it leaves nobody waiting. */
static void stopped_while_asking(void **state)
{
	uint64_t value;

	(void)state;
	fake_dist_write(0, GICD_IROUTER + 8 * SPI, 8, 1);
	line(SPI, true);
	take(1, SPI);
	assert_int_equal(try_read(0, GICD_ISACTIVER + 4, &value), -EAGAIN);
	fake_vcpu_off(0);
	assert_false(vgic_is_held(fake_vcpu(1)));
	assert_true(fake_run(1));
	fake_vcpu_on(0);
	/* the one that is asked stops: what it held is known without it */
	assert_int_equal(try_read(0, GICD_ISACTIVER + 4, &value), -EAGAIN);
	fake_vcpu_off(1);
	fake_run(1);
	assert_int_equal(fake_vcpu(0)->events & VCPU_EVENT_ANSWER, VCPU_EVENT_ANSWER);
	assert_int_equal(try_read(0, GICD_ISACTIVER + 4, &value), 0);
	assert_int_equal(value, 1 << (SPI - 32));
}

/* It was off and asked to look at something then: that was no answer to what comes later. */
static void asked_after_a_restart(void **state)
{
	(void)state;
	fake_vcpu_off(1);
	fake_send_sgi(0, sgi_to(5, 1 << 1), true);
	fake_settle();
	fake_vcpu_on(1);
	take(1, 5);
	assert_true(fake_bit(0, 1, GICD_ISACTIVER, 5));
	fake_eoi(1, 5);
	assert_false(fake_bit(0, 1, GICD_ISACTIVER, 5));
}

/* -- ends -- */

/* What is active keeps the priority it was acknowledged with: IHI 0069H GICD_IPRIORITYR<n>. */
static void priority_changed_while_active(void **state)
{
	(void)state;
	pulse(EDGE);
	take(0, EDGE);
	fake_set_priority(0, 0, EDGE, 0x10);
	pulse(EDGE);
	assert_int_equal(fake_running_priority(0), 0x80);
	fake_eoi(0, EDGE);
	assert_false(active(EDGE));
	/* pending again it has the new one */
	take(0, EDGE);
	assert_int_equal(fake_running_priority(0), 0x10);
	fake_eoi(0, EDGE);
	assert_int_equal(fake_listed_count(0), 0);
}

/* Six preempt one another; those that left the list registers change their order of priorities. */
static void priorities_changed_while_nested(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 6; i++) {
		fake_set_priority(0, 0, 60 + i, (uint8_t)(0xa0 - 8 * i));
		fake_set_bit(0, 0, GICD_ISPENDR, 60 + i);
		take(0, 60 + i);
	}
	for (uint32_t i = 0; i < 6; i++) {
		fake_set_priority(0, 0, 60 + i, (uint8_t)(0x20 + 8 * i));
	}
	for (uint32_t i = 6; i-- > 0;) {
		fake_eoi(0, 60 + i);
		for (uint32_t k = 0; k < 6; k++) {
			assert_int_equal(active(60 + k), k < i);
		}
	}
}

/* An end that finds nothing active ends nothing, then or later. */
static void ended_by_register_before(void **state)
{
	(void)state;
	pulse(EDGE);
	take(0, EDGE);
	fake_set_bit(1, 0, GICD_ICACTIVER, EDGE);
	fake_eoi(0, EDGE);
	fake_set_bit(0, 0, GICD_ISPENDR, 60);
	take(0, 60);
	assert_true(active(60));
	nothing_pending(0);
	assert_true(active(60));
	fake_eoi(0, 60);
	assert_false(active(60));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE_IN("a level-sensitive interrupt follows its line", level, set_up),
		CASE_IN("an edge is delivered once, and once more if it came while active", edge,
			set_up),
		CASE_IN("a line that moves while active counts at the end", line_while_active,
			set_up),
		CASE_IN("a disabled interrupt stays pending", disabled, set_up),
		CASE_IN("one that is listed is disabled at once", disabled_while_listed, set_up),
		CASE_IN("one that is active and pending is disabled at once",
			disabled_while_active_and_pending, set_up),
		CASE_IN("a disabled distributor forwards nothing and forgets nothing",
			distributor_off, set_up),
		CASE_IN("nor does it forward what is active and pending",
			distributor_off_while_active, set_up),
		CASE_IN("group 0 has its own enable", group0, set_up),
		CASE_IN("pending is set and cleared by register", pended_by_register, set_up),
		CASE_IN("a line keeps pending what a register clears", pended_level, set_up),
		CASE_IN("active is set and cleared by register", activated_by_register, set_up),
		CASE_IN("deactivation apart from the end works from any vCPU", split_end, set_up),
		CASE_IN("more pending than list registers come by priority, none lost",
			most_urgent_first, set_up),
		CASE_IN("more active than list registers come back to be ended", preempted, set_up),
		CASE_IN("so they do where there is one list register only", preempted,
			one_register),
		CASE_IN("an equal priority does not preempt", equals_wait, set_up),
		CASE_IN("a new priority counts at once for what is pending", priority_changed,
			set_up),
		CASE_IN("one that is active and pending again lets more urgent ones go first",
			pending_again_waits, set_up),
		CASE_IN("one whose priority changes while active ends by that it had",
			priority_changed_while_active, set_up),
		CASE_IN("so do those that are nested deeper than list registers",
			priorities_changed_while_nested, set_up),
		CASE_IN("the end of one that a register has deactivated ends no other",
			ended_by_register_before, set_up),
		CASE_IN("an SPI goes where its route says now", routed, set_up),
		CASE_IN("SGIs reach whom they name", sgis, set_up),
		CASE_IN("SGIs go by affinity and range", sgi_affinity, set_up),
		CASE_IN("what comes for a vCPU that is off waits for it", kept_while_off, set_up),
		CASE_IN("another vCPU's state is asked for, and that vCPU let go",
			asked_and_answered, set_up),
		CASE_IN("two vCPUs that ask each other both get their answer", both_ask, set_up),
		CASE_IN("a vCPU that stops leaves nobody waiting", stopped_while_asking, set_up),
		CASE_IN("an old answer is no answer after a restart", asked_after_a_restart,
			set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
