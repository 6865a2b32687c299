/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The short ways of interrupts (vgic_list_again(), vgic_take_events()): they are taken where
 * nothing has changed since the last delivery, and the settings that count are always the newest.
 */
#include "tests/unit/short_suite.h"

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
		CASE_IN("where there is more to do, the short way leaves all as it was", refused,
			set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
