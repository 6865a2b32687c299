/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The short ways of interrupts (vgic_list_again(), vgic_take_events()): they are taken where
 * nothing has changed since the last delivery, and the settings that count are always the newest.
 * And the middle way (vgic_pend_locked()), where there is nothing else to look at.
 */
#include <string.h>

#include "irq/vgic/lr.h"
#include "tests/unit/fake_gic.h"
#include "tests/unit/unit.h"

#define LRS   4
#define SPIS  64
#define SGI   5
#define TIMER 27
#define LEVEL 30 /* private, level-sensitive, not linked */
#define EDGE  40 /* and some behind it */

static int set_up(void **state)
{
	(void)state;
	fake_gic_boot(2, LRS, SPIS);
	for (uint32_t i = 0; i < 2; i++) {
		vgic_link_private(fake_vcpu(i), TIMER, fake_level);
		fake_linked_level(i, TIMER, false);
		for (uint32_t intid = 0; intid < 32; intid++) {
			fake_set_priority(0, i, intid, 0x80);
			fake_set_bit(0, i, GICD_ISENABLER, intid);
		}
	}
	for (uint32_t intid = EDGE; intid < EDGE + 8; intid++) {
		fake_set_edge(0, 0, intid, true);
		fake_set_priority(0, 0, intid, 0x40);
		fake_set_bit(0, 0, GICD_ISENABLER, intid);
	}
	fake_settle();
	fake_short_ways(true);
	return 0;
}

static void send(uint32_t from, uint32_t to, uint32_t sgi)
{
	fake_send_sgi(from, (uint64_t)sgi << 24 | 1U << to, true);
}

static void take(uint32_t i, uint32_t intid)
{
	assert_int_equal(fake_ack(i), intid);
	fake_eoi(i, intid);
}

static void nothing_comes(uint32_t i)
{
	assert_int_equal(fake_pending(i), FAKE_SPURIOUS);
}

static void tick(uint32_t i)
{
	fake_linked_level(i, TIMER, true);
	assert_int_equal(fake_ack(i), TIMER);
	fake_linked_level(i, TIMER, false);
	fake_eoi(i, TIMER);
	assert_false(fake_physically_active(i, TIMER));
}

/* Delivered once, so that its list register is kept; what vCPU 1 has in `again` is of vCPU 1. */
static void warm(uint32_t i, uint32_t intid)
{
	if (intid == TIMER) {
		tick(i);
	} else {
		send(1 - i, i, intid);
		take(i, intid);
	}
	assert_true((fake_vcpu(i)->vgic.again & vgic_bit(intid)) != 0);
}

static void group0(uint32_t by, uint32_t i, uint32_t intid)
{
	fake_redist_write(by, i * VGIC_REDIST_STRIDE + GICR_IGROUPR0, 4, ~(UINT64_C(1) << intid));
}

/* -- they are taken at all -- */

static void taken(void **state)
{
	uint32_t before;

	(void)state;
	warm(0, SGI);
	warm(0, TIMER);
	before = fake_short_count();
	for (uint32_t i = 1; i <= 10; i++) {
		send(1, 0, SGI);
		assert_true((fake_vcpu(0)->events & VCPU_EVENT_SGI(SGI)) != 0);
		take(0, SGI);
		assert_int_equal(fake_vcpu(0)->events, 0);
		assert_int_equal(fake_short_count(), before + 2 * i - 1);
		tick(0);
		assert_int_equal(fake_short_count(), before + 2 * i);
	}
	/* to itself there is not even an event */
	for (uint32_t i = 0; i < 10; i++) {
		send(0, 0, SGI);
		assert_int_equal(fake_vcpu(0)->events, 0);
		assert_int_equal(fake_listed_count(0), 1);
		take(0, SGI);
	}
	nothing_comes(0);
	assert_false(fake_bit(0, 0, GICD_ISPENDR, SGI));
	assert_false(fake_bit(0, 0, GICD_ISACTIVER, SGI));
}

static void all_at_once(void **state)
{
	uint32_t before;

	(void)state;
	for (uint32_t sgi = 0; sgi < LRS; sgi++) {
		warm(0, sgi);
	}
	before = fake_short_count();
	/* some new among them: each comes once */
	for (uint32_t sgi = 0; sgi < 16; sgi++) {
		send(1, 0, sgi);
	}
	for (uint32_t n = 0, seen = 0; n < 16; n++) {
		uint32_t intid = fake_ack(0);

		assert_true(intid < 16 && (seen & (1U << intid)) == 0);
		seen |= 1U << intid;
		fake_eoi(0, intid);
	}
	nothing_comes(0);
	assert_int_equal(fake_short_count(), before);
}

/* -- settings between two sends -- */

/* `by` changes it; the next one is sent by each of both. */
static void for_each_writer(void (*fn)(uint32_t by, uint32_t sender))
{
	for (uint32_t by = 0; by < 2; by++) {
		for (uint32_t sender = 0; sender < 2; sender++) {
			void *none = NULL;

			set_up(&none);
			warm(0, SGI);
			fn(by, sender);
			nothing_comes(0);
			fake_vcpu_off(0);
			fake_vcpu_off(1);
			assert_int_equal(vgic_busy_count(&fake_vm), 0);
		}
	}
}

static void disabled_by(uint32_t by, uint32_t sender)
{
	fake_set_bit(by, 0, GICD_ICENABLER, SGI);
	send(sender, 0, SGI);
	nothing_comes(0);
	assert_true(fake_bit(0, 0, GICD_ISPENDR, SGI));
	fake_set_bit(by, 0, GICD_ISENABLER, SGI);
	take(0, SGI);
}

static void disabled(void **state)
{
	(void)state;
	for_each_writer(disabled_by);
}

static void regrouped_by(uint32_t by, uint32_t sender)
{
	/* of the other group: it is not sent */
	group0(by, 0, SGI);
	send(sender, 0, SGI);
	nothing_comes(0);
	assert_false(fake_bit(0, 0, GICD_ISPENDR, SGI));
	/* by the register of its group it is; that group is off */
	fake_send_sgi(sender, SGI << 24 | 1, false);
	nothing_comes(0);
	assert_true(fake_bit(0, 0, GICD_ISPENDR, SGI));
	fake_dist_write(by, GICD_CTLR, 4, GICD_CTLR_ENGRP0 | GICD_CTLR_ENGRP1);
	take(0, SGI);
}

static void regrouped(void **state)
{
	(void)state;
	for_each_writer(regrouped_by);
}

static void new_priority_by(uint32_t by, uint32_t sender)
{
	warm(0, SGI + 1);
	send(sender, 0, SGI + 1);
	fake_set_priority(by, 0, SGI, 0x40);
	assert_int_equal(fake_pending(0), SGI + 1);
	send(sender, 0, SGI);
	assert_int_equal(fake_ack(0), SGI);
	assert_int_equal(fake_running_priority(0), 0x40);
	fake_eoi(0, SGI);
	take(0, SGI + 1);
	fake_set_priority(by, 0, SGI, 0xa0);
	send(sender, 0, SGI);
	send(sender, 0, SGI + 1);
	take(0, SGI + 1);
	assert_int_equal(fake_ack(0), SGI);
	assert_int_equal(fake_running_priority(0), 0xa0);
	fake_eoi(0, SGI);
}

static void new_priority(void **state)
{
	(void)state;
	for_each_writer(new_priority_by);
}

/* Its list register isn't empty when the setting changes, and is when it is sent again. */
static void changed_while_active_by(uint32_t by, uint32_t sender)
{
	send(sender, 0, SGI);
	assert_int_equal(fake_ack(0), SGI);
	fake_set_priority(by, 0, SGI, 0x40);
	fake_run(0);
	fake_eoi(0, SGI);
	send(sender, 0, SGI);
	assert_int_equal(fake_ack(0), SGI);
	assert_int_equal(fake_running_priority(0), 0x40);
	fake_set_bit(by, 0, GICD_ICENABLER, SGI);
	fake_run(0);
	fake_eoi(0, SGI);
	send(sender, 0, SGI);
	nothing_comes(0);
	fake_set_bit(by, 0, GICD_ISENABLER, SGI);
	take(0, SGI);
}

static void changed_while_active(void **state)
{
	(void)state;
	for_each_writer(changed_while_active_by);
}

static void distributor_off_by(uint32_t by, uint32_t sender)
{
	fake_dist_write(by, GICD_CTLR, 4, 0);
	send(sender, 0, SGI);
	nothing_comes(0);
	fake_dist_write(by, GICD_CTLR, 4, GICD_CTLR_ENGRP1);
	take(0, SGI);
}

static void distributor_off(void **state)
{
	(void)state;
	for_each_writer(distributor_off_by);
}

static void activated_by(uint32_t by, uint32_t sender)
{
	fake_set_bit(by, 0, GICD_ISACTIVER, SGI);
	send(sender, 0, SGI);
	nothing_comes(0);
	fake_set_bit(by, 0, GICD_ICACTIVER, SGI);
	take(0, SGI);
}

static void activated(void **state)
{
	(void)state;
	for_each_writer(activated_by);
}

static void unpended_by(uint32_t by, uint32_t sender)
{
	send(sender, 0, SGI);
	fake_set_bit(by, 0, GICD_ICPENDR, SGI);
	nothing_comes(0);
	assert_false(fake_bit(by, 0, GICD_ISPENDR, SGI));
	fake_set_bit(by, 0, GICD_ISPENDR, SGI);
	send(sender, 0, SGI);
	take(0, SGI); /* once */
}

static void unpended(void **state)
{
	(void)state;
	for_each_writer(unpended_by);
}

/* -- what it meets -- */

static void sent_again_by(uint32_t by, uint32_t sender)
{
	/* while pending: one of both */
	send(sender, 0, SGI);
	fake_run(0);
	send(by, 0, SGI);
	assert_int_equal(fake_ack(0), SGI);
	nothing_comes(0);
	/* while active: once more */
	send(sender, 0, SGI);
	nothing_comes(0);
	assert_true(fake_bit(by, 0, GICD_ISPENDR, SGI));
	assert_true(fake_bit(by, 0, GICD_ISACTIVER, SGI));
	fake_eoi(0, SGI);
	take(0, SGI);
}

static void sent_again(void **state)
{
	(void)state;
	for_each_writer(sent_again_by);
}

static void registers_full_by(uint32_t by, uint32_t sender)
{
	/* its list register has gone to others meanwhile */
	for (uint32_t i = 0; i < LRS; i++) {
		fake_set_bit(by, 0, GICD_ISPENDR, EDGE + i);
	}
	fake_run(0);
	assert_int_equal(fake_listed_count(0), LRS);
	send(sender, 0, SGI);
	for (uint32_t i = 0; i < LRS; i++) {
		uint32_t intid = fake_ack(0);

		assert_in_range(intid, EDGE, EDGE + LRS - 1);
		fake_eoi(0, intid);
	}
	take(0, SGI);
}

static void registers_full(void **state)
{
	(void)state;
	for_each_writer(registers_full_by);
}

/* The less urgent one has a register still when it comes again; the other waits for one. */
static void waiting_first_by(uint32_t by, uint32_t sender)
{
	fake_set_priority(0, 0, SGI, 0xb8);
	warm(0, SGI);
	fake_set_priority(0, 0, EDGE + 7, 0x98);
	send(sender, 0, SGI);
	assert_int_equal(fake_ack(0), SGI);
	for (uint32_t i = 0; i < LRS - 1; i++) {
		fake_set_bit(by, 0, GICD_ISPENDR, EDGE + i);
	}
	fake_run(0);
	fake_set_bit(by, 0, GICD_ISPENDR, EDGE + 7);
	fake_run(0);
	fake_eoi(0, SGI);
	send(sender, 0, SGI);
	for (uint32_t i = 0; i < LRS - 1; i++) {
		uint32_t intid = fake_ack(0);

		assert_in_range(intid, EDGE, EDGE + LRS - 2);
		fake_eoi(0, intid);
	}
	take(0, EDGE + 7);
	take(0, SGI);
}

static void waiting_first(void **state)
{
	(void)state;
	for_each_writer(waiting_first_by);
}

/* -- whom it names -- */

static void named(void **state)
{
	(void)state;
	for (uint32_t round = 0; round < 3; round++) {
		send(0, 0, SGI);
		take(0, SGI);
		nothing_comes(1);
		send(0, 1, SGI);
		take(1, SGI);
		nothing_comes(0);
		fake_send_sgi(0, SGI << 24 | 3, true);
		take(0, SGI);
		take(1, SGI);
		/* all but itself, whatever the list says */
		fake_send_sgi(0, SGI1R_IRM | SGI << 24 | 1, true);
		take(1, SGI);
		nothing_comes(0);
		/* nobody: no target, another range, another cluster, the other group */
		fake_send_sgi(0, SGI << 24, true);
		fake_send_sgi(0, BIT(44) | SGI << 24 | 3, true);
		fake_send_sgi(0, BIT(16) | SGI << 24 | 3, true);
		fake_send_sgi(0, BIT(32) | SGI << 24 | 3, true);
		fake_send_sgi(0, BIT(48) | SGI << 24 | 3, true);
		fake_send_sgi(0, SGI << 24 | 3, false);
		nothing_comes(0);
		nothing_comes(1);
		/* the same names, another SGI */
		fake_send_sgi(0, (SGI + 1) << 24 | 3, true);
		take(0, SGI + 1);
		take(1, SGI + 1);
	}
}

/* -- the timer -- */

static void timer_disabled(void **state)
{
	(void)state;
	for (uint32_t by = 0; by < 2; by++) {
		warm(0, TIMER);
		fake_set_bit(by, 0, GICD_ICENABLER, TIMER);
		fake_linked_level(0, TIMER, true);
		nothing_comes(0);
		assert_true(fake_physically_active(0, TIMER));
		assert_true(fake_bit(0, 0, GICD_ISPENDR, TIMER));
		fake_set_bit(by, 0, GICD_ISENABLER, TIMER);
		take(0, TIMER);
		/* still high at the end: again */
		take(0, TIMER);
		fake_linked_level(0, TIMER, false);
		fake_run(0);
		fake_wakes(0);
		nothing_comes(0);
		assert_false(fake_physically_active(0, TIMER));
	}
}

static void timer_changed(void **state)
{
	(void)state;
	for (uint32_t by = 0; by < 2; by++) {
		warm(0, TIMER);
		fake_set_priority(by, 0, TIMER, by == 0 ? 0x20 : 0x60);
		fake_linked_level(0, TIMER, true);
		assert_int_equal(fake_ack(0), TIMER);
		assert_int_equal(fake_running_priority(0), by == 0 ? 0x20 : 0x60);
		fake_linked_level(0, TIMER, false);
		fake_eoi(0, TIMER);
		group0(by, 0, TIMER);
		fake_linked_level(0, TIMER, true);
		nothing_comes(0);
		fake_redist_write(by, GICR_IGROUPR0, 4, UINT32_MAX);
		assert_int_equal(fake_ack(0), TIMER);
		fake_linked_level(0, TIMER, false);
		fake_eoi(0, TIMER);
		fake_set_bit(by, 0, GICD_ISACTIVER, TIMER);
		fake_linked_level(0, TIMER, true);
		nothing_comes(0);
		fake_set_bit(by, 0, GICD_ICACTIVER, TIMER);
		assert_int_equal(fake_ack(0), TIMER);
		fake_linked_level(0, TIMER, false);
		fake_eoi(0, TIMER);
		assert_false(fake_physically_active(0, TIMER));
	}
}

/* Pending by a register write, it stays so whatever its line does: not to be made so again. */
static void timer_pended(void **state)
{
	(void)state;
	for (uint32_t by = 0; by < 2; by++) {
		uint32_t before;

		warm(0, TIMER);
		fake_set_bit(by, 0, GICD_ISPENDR, TIMER);
		assert_int_equal(fake_ack(0), TIMER);
		fake_eoi(0, TIMER);
		nothing_comes(0);
		before = fake_short_count();
		tick(0);
		assert_int_equal(fake_short_count(), before);
		tick(0);
		assert_int_equal(fake_short_count(), before + 1);
	}
}

/* -- lives -- */

static void stopped(void **state)
{
	(void)state;
	warm(0, SGI);
	warm(0, TIMER);
	fake_vcpu_off(0);
	assert_int_equal(fake_vcpu(0)->vgic.again, 0);
	send(1, 0, SGI);
	fake_vcpu_on(0);
	take(0, SGI);
	tick(0);
	nothing_comes(0);
}

static void reset(void **state)
{
	(void)state;
	warm(0, SGI);
	warm(1, SGI);
	fake_vcpu_off(0);
	/* sent in the last life, and not looked at */
	fake_vcpu(1)->events |= VCPU_EVENT_JOB;
	send(1, 0, SGI);
	vcpu_post(fake_vcpu(1), VCPU_EVENT_SGI(SGI));
	fake_vcpu_off(1);
	vgic_reset(&fake_vm);
	for (uint32_t i = 0; i < 2; i++) {
		assert_int_equal(fake_vcpu(i)->events & VCPU_EVENT_SGIS, 0);
		assert_int_equal(fake_vcpu(i)->vgic.again, 0);
	}
	/* what is no SGI is not the vgic's to forget */
	assert_int_equal(fake_vcpu(1)->events & VCPU_EVENT_JOB, VCPU_EVENT_JOB);
	fake_vcpu(1)->events &= ~(uint32_t)VCPU_EVENT_JOB;
	assert_int_equal(vgic_busy_count(&fake_vm), 0);
	for (uint32_t i = 0; i < 2; i++) {
		fake_vcpu_on(i);
		fake_redist_write(i, i * VGIC_REDIST_STRIDE + GICR_IGROUPR0, 4, UINT32_MAX);
		fake_set_bit(i, i, GICD_ISENABLER, SGI);
	}
	fake_dist_write(0, GICD_CTLR, 4, GICD_CTLR_ENGRP1);
	nothing_comes(0);
	nothing_comes(1);
	send(1, 0, SGI);
	take(0, SGI);
	nothing_comes(0);
}

/* -- when they are no way -- */

static void refused(void **state)
{
	struct vcpu *vcpu = fake_vcpu(0);

	(void)state;
	warm(0, SGI);
	assert_false(vgic_list_again(vcpu, SGI + 1)); /* not listed */
	/* with anything else to be looked at, nothing is taken away */
	vcpu->events = VCPU_EVENT_SGI(SGI) | VCPU_EVENT_STOP;
	assert_false(vgic_take_events(vcpu));
	assert_int_equal(vcpu->events, VCPU_EVENT_SGI(SGI) | VCPU_EVENT_STOP);
	vcpu->events = VCPU_EVENT_SGI(SGI);
	vcpu->hold = VCPU_HOLD_STANDBY;
	assert_false(vgic_take_events(vcpu));
	assert_int_equal(vcpu->events, VCPU_EVENT_SGI(SGI));
	vcpu->hold = 0;
	/* one that is not listed, and something was posted: all stay events */
	vgic_post(vcpu, EDGE);
	vcpu->events = VCPU_EVENT_SGI(SGI) | VCPU_EVENT_SGI(SGI + 1) | VCPU_EVENT_SGI(SGI + 2);
	assert_false(vgic_take_events(vcpu));
	assert_int_equal(vcpu->events,
			 VCPU_EVENT_SGI(SGI) | VCPU_EVENT_SGI(SGI + 1) | VCPU_EVENT_SGI(SGI + 2));
	for (uint32_t i = 0, seen = 0; i < 3; i++) {
		uint32_t intid = fake_ack(0);

		assert_in_range(intid, SGI, SGI + 2);
		assert_int_equal(seen & (1U << intid), 0);
		seen |= 1U << intid;
		fake_eoi(0, intid);
	}
	nothing_comes(0);
}

/* -- the middle way -- */

/* Each SGI in turn, by itself and by the other: without the run loop, and once. */
static void in_rotation(void **state)
{
	uint32_t before;

	(void)state;
	before = fake_middle_count();
	for (uint32_t n = 0; n < 64; n++) {
		send(n / 16 % 2, 0, n % 16);
		fake_settle();
		assert_int_equal(fake_vcpu(0)->vgic.todo_banks, 0);
		take(0, n % 16);
		nothing_comes(0);
	}
	/* all but what kept its register */
	assert_true(fake_middle_count() - before > 64 * (16 - LRS) / 16 - LRS);
	for (uint32_t sgi = 0; sgi < 16; sgi++) {
		assert_false(fake_bit(0, 0, GICD_ISPENDR, sgi));
		assert_false(fake_bit(0, 0, GICD_ISACTIVER, sgi));
	}
}

/* One that was evicted comes again; what others keep stays. */
static void one_evicted(void **state)
{
	(void)state;
	for (uint32_t sgi = 0; sgi < LRS; sgi++) {
		warm(0, sgi);
	}
	send(0, 0, SGI);
	assert_int_equal(fake_vcpu(0)->events, 0);
	assert_int_equal(bits_count(fake_vcpu(0)->vgic.bank.listed), LRS);
	assert_int_equal(fake_listed_count(0), 1);
	take(0, SGI);
	for (uint32_t sgi = 0; sgi < LRS; sgi++) {
		send(0, 0, sgi);
		take(0, sgi);
	}
	/* the timer's register too, and the timer finds another */
	tick(0);
	for (uint32_t sgi = 0; sgi < 16; sgi++) {
		send(0, 0, sgi);
		take(0, sgi);
	}
	tick(0);
	nothing_comes(0);
}

/* A register that holds something is not taken, pending or active. */
static void none_to_evict(void **state)
{
	(void)state;
	for (uint32_t sgi = 0; sgi < LRS; sgi++) {
		fake_set_priority(0, 0, sgi, 0x40);
		send(0, 0, sgi);
	}
	assert_int_equal(fake_ack(0), 0);
	fake_set_priority(0, 0, SGI, 0x60);
	send(0, 0, SGI);
	assert_int_equal(fake_vcpu(0)->events, VCPU_EVENT_VGIC);
	fake_eoi(0, 0);
	for (uint32_t sgi = 1; sgi < LRS; sgi++) {
		take(0, sgi);
	}
	take(0, SGI);
	nothing_comes(0);
}

/* Which register is given up goes round: new ones take all in turn, and two that are in use keep
 * theirs, whatever else has one. */
static void registers_in_turn(void **state)
{
	const uint8_t *lr = fake_vcpu(0)->vgic.bank.lr;
	uint32_t before, seen = 0;

	(void)state;
	for (uint32_t sgi = 0; sgi < LRS; sgi++) {
		warm(0, sgi);
	}
	for (uint32_t round = 0; round < 3; round++) {
		for (uint32_t sgi = 8; sgi < 8 + LRS; sgi++) {
			send(0, 0, sgi - (round & 1) * 8);
			take(0, sgi - (round & 1) * 8);
			seen |= 1U << lr[sgi - (round & 1) * 8];
		}
		assert_int_equal(seen, (1U << LRS) - 1);
		seen = 0;
	}
	for (uint32_t n = 0; n < 4; n++) {
		/* the hand stands at each register once */
		send(0, 0, 12 + n % 2);
		take(0, 12 + n % 2);
		send(1, 0, SGI);
		take(0, SGI);
		tick(0);
		before = fake_middle_count();
		for (uint32_t turn = 0; turn < 4; turn++) {
			send(1, 0, SGI);
			take(0, SGI);
			tick(0);
		}
		assert_int_equal(fake_middle_count(), before);
		for (uint32_t sgi = 0; sgi < LRS + n; sgi++) {
			send(1, 0, sgi % SGI);
			take(0, sgi % SGI);
		}
	}
}

/* One's end that asked for maintenance costs others nothing: their registers stay theirs. */
static void others_keep_theirs(void **state)
{
	uint32_t before, kept = vgic_bit(SGI) | vgic_bit(TIMER);

	(void)state;
	warm(0, SGI);
	warm(0, TIMER);
	for (uint32_t n = 0; n < 3; n++) {
		fake_private_line(0, LEVEL, true);
		assert_int_equal(fake_ack(0), LEVEL);
		fake_private_line(0, LEVEL, false);
		fake_eoi(0, LEVEL);
		fake_run(0);
		assert_int_equal(fake_vcpu(0)->vgic.bank.listed & (kept | vgic_bit(LEVEL)), kept);
		assert_int_equal(fake_vcpu(0)->vgic.again & kept, kept);
		before = fake_short_count();
		send(1, 0, SGI);
		take(0, SGI);
		tick(0);
		assert_int_equal(fake_short_count(), before + 2);
	}
}

/* Listed active while another is pending in its bank: to be looked at, not made pending again. */
static void pending_in_its_bank(void **state)
{
	struct vcpu *vcpu = fake_vcpu(0);

	(void)state;
	spin_lock(&fake_vm.vgic.lock);
	vcpu->vgic.bank.latch |= vgic_bit(SGI);
	lr_list(vcpu, 0, SGI, ICH_LR_ACTIVE);
	assert_int_equal(vcpu->vgic.again & vgic_bit(SGI), 0);
	assert_int_equal(vcpu->vgic.bank.latch & vgic_bit(SGI), vgic_bit(SGI));
	lr_list(vcpu, 1, SGI + 1, ICH_LR_ACTIVE);
	assert_int_equal(vcpu->vgic.again & vgic_bit(SGI + 1), vgic_bit(SGI + 1));
	spin_unlock(&fake_vm.vgic.lock);
}

/* What may not come waits, and nothing is posted for it. */
static void judged_by(uint32_t by, uint32_t sender)
{
	uint32_t other = SGI + 1;

	fake_set_bit(by, 0, GICD_ICENABLER, other);
	send(sender, 0, other);
	nothing_comes(0);
	assert_int_equal(fake_vcpu(0)->vgic.todo_banks, 0);
	assert_true(fake_bit(0, 0, GICD_ISPENDR, other));
	fake_set_bit(by, 0, GICD_ISENABLER, other);
	take(0, other);
	group0(by, 0, other);
	fake_send_sgi(sender, other << 24 | 1, false);
	nothing_comes(0);
	fake_redist_write(by, GICR_IGROUPR0, 4, UINT32_MAX);
	take(0, other);
	fake_set_bit(by, 0, GICD_ISACTIVER, other);
	send(sender, 0, other);
	nothing_comes(0);
	fake_set_bit(by, 0, GICD_ICACTIVER, other);
	take(0, other);
}

static void judged(void **state)
{
	(void)state;
	for_each_writer(judged_by);
}

/* A vCPU that stands by, or is asked for its list registers, is woken by an event. */
static void not_the_middle_way(void **state)
{
	struct vcpu *vcpu = fake_vcpu(0);

	(void)state;
	vcpu->hold = VCPU_HOLD_STANDBY;
	vgic_pend_sgi(vcpu, SGI);
	assert_int_equal(vcpu->events, VCPU_EVENT_VGIC);
	assert_int_equal(vcpu->vgic.bank.listed, 0);
	vcpu->hold = 0;
	take(0, SGI);
	vcpu->vgic.ask_count = 1;
	vgic_pend_sgi(vcpu, SGI + 1);
	assert_int_equal(vcpu->events, VCPU_EVENT_VGIC);
	assert_int_equal(vcpu->vgic.bank.listed & vgic_bit(SGI + 1), 0);
	vcpu->vgic.ask_count = 0;
	take(0, SGI + 1);
	fake_vcpu_off(0);
	vgic_pend_sgi(vcpu, SGI + 2);
	assert_int_equal(vcpu->vgic.bank.listed, 0);
	assert_true(fake_bit(1, 0, GICD_ISPENDR, SGI + 2));
	fake_vcpu_on(0);
	take(0, SGI + 2);
	/* and where it never was on */
	fake_gic_create(1, LRS, SPIS);
	fake_dist_write(0, GICD_CTLR, 4, GICD_CTLR_ENGRP0);
	fake_set_bit(0, 0, GICD_ISENABLER, SGI);
	vgic_pend_sgi(vcpu, SGI);
	assert_int_equal(vcpu->vgic.bank.listed, 0);
	assert_int_equal(vcpu->events, VCPU_EVENT_VGIC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE_IN("SGIs and the timer come again by the short ways", taken, set_up),
		CASE_IN("all SGIs at once come once each", all_at_once, set_up),
		CASE_IN("an SGI disabled since waits", disabled, set_up),
		CASE_IN("an SGI of another group since is sent by that group's register only",
			regrouped, set_up),
		CASE_IN("an SGI has its newest priority", new_priority, set_up),
		CASE_IN("what was changed while it was active counts when it is sent again",
			changed_while_active, set_up),
		CASE_IN("a distributor switched off since forwards none", distributor_off, set_up),
		CASE_IN("an SGI made active since waits", activated, set_up),
		CASE_IN("pending by register and by a send is pending once", unpended, set_up),
		CASE_IN("an SGI sent while pending or active comes once more", sent_again, set_up),
		CASE_IN("an SGI whose list register went to others waits for one", registers_full,
			set_up),
		CASE_IN("what waits for a list register goes before one that has it still",
			waiting_first, set_up),
		CASE_IN("an SGI reaches whom this write names, not whom the last one did", named,
			set_up),
		CASE_IN("a timer disabled since waits", timer_disabled, set_up),
		CASE_IN("a timer has its newest settings", timer_changed, set_up),
		CASE_IN("a timer that was pended by register takes the long way once", timer_pended,
			set_up),
		CASE_IN("a vCPU that was off has no short way", stopped, set_up),
		CASE_IN("a reset forgets SGIs that were sent and not looked at", reset, set_up),
		CASE_IN("SGIs in turn, more than list registers, come once each", in_rotation,
			set_up),
		CASE_IN("an interrupt without a list register takes one that is kept empty",
			one_evicted, set_up),
		CASE_IN("where each list register holds something, one is made room for",
			none_to_evict, set_up),
		CASE_IN("registers are given up in turn, and what is in use keeps its own",
			registers_in_turn, set_up),
		CASE_IN("maintenance of one leaves others their registers", others_keep_theirs,
			set_up),
		CASE_IN("active and pending besides, it has no short way", pending_in_its_bank,
			set_up),
		CASE_IN("one that becomes pending though it may not come waits", judged, set_up),
		CASE_IN("a vCPU that is held, asked or off is told by an event", not_the_middle_way,
			set_up),
		CASE_IN("where there is more to do, the short way leaves all as it was", refused,
			set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
