/* SPDX-License-Identifier: Apache-2.0 */
/* The middle way into a list register: irq/vgic/short.c, vgic_pend_locked(). */
#include "irq/vgic/lr.h"
#include "tests/unit/short_suite.h"

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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
