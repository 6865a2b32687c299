/* SPDX-License-Identifier: Apache-2.0 */
/* Private interrupts linked to physical ones: the virtual timer's. IHI 0069H 6.2, ICH_LR<n>.HW. */
#include "tests/unit/fake_gic.h"
#include "tests/unit/unit.h"

#define TIMER 27
#define OTHER 40

static int set_up(void **state)
{
	(void)state;
	fake_gic_create(2, 4, 64);
	for (uint32_t i = 0; i < 2; i++) {
		vgic_link_private(fake_vcpu(i), TIMER, fake_level);
		fake_vcpu_on(i);
		fake_linked_level(i, TIMER, false);
		for (uint32_t intid = 16; intid < 32; intid++) {
			fake_set_priority(0, i, intid, 0x80);
		}
		fake_redist_write(0, i * VGIC_REDIST_STRIDE + GICR_IGROUPR0, 4, UINT32_MAX);
		fake_set_bit(0, i, GICD_ISENABLER, TIMER);
	}
	fake_dist_write(0, GICD_IGROUPR + 4, 4, UINT32_MAX);
	fake_dist_write(0, GICD_CTLR, 4, GICD_CTLR_ENGRP1);
	return 0;
}

static void timer(uint32_t i, bool level)
{
	fake_linked_level(i, TIMER, level);
}

static void taken_and_ended(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 3; i++) {
		timer(0, true);
		assert_int_equal(fake_ack(0), TIMER);
		assert_int_equal(fake_pending(0), FAKE_SPURIOUS);
		timer(0, false);
		fake_eoi(0, TIMER);
		/* the guest's end is the hardware's */
		assert_false(fake_physically_active(0, TIMER));
		assert_int_equal(fake_pending(0), FAKE_SPURIOUS);
	}
	/* still asserted at the end: it interrupts again */
	timer(0, true);
	assert_int_equal(fake_ack(0), TIMER);
	fake_eoi(0, TIMER);
	assert_int_equal(fake_ack(0), TIMER);
}

static void level_gone(void **state)
{
	(void)state;
	/* the guest stops its timer before it takes the interrupt that came */
	timer(0, true);
	fake_settle();
	assert_true(fake_physically_active(0, TIMER));
	timer(0, false);
	assert_false(fake_wakes(0));
	assert_int_equal(fake_pending(0), FAKE_SPURIOUS);
	assert_false(fake_physically_active(0, TIMER));
	timer(0, true);
	assert_true(fake_run(0));
	assert_true(fake_wakes(0));
	assert_int_equal(fake_ack(0), TIMER);
}

static void level_gone_is_not_pending(void **state)
{
	(void)state;
	timer(0, true);
	fake_settle();
	assert_true(fake_bit(0, 0, GICD_ISPENDR, TIMER));
	timer(0, false);
	assert_false(fake_bit(0, 0, GICD_ISPENDR, TIMER));
	assert_int_equal(fake_pending(0), FAKE_SPURIOUS);
	assert_false(fake_physically_active(0, TIMER));
}

static void disabled(void **state)
{
	(void)state;
	fake_set_bit(0, 0, GICD_ICENABLER, TIMER);
	timer(0, true);
	assert_int_equal(fake_pending(0), FAKE_SPURIOUS);
	assert_true(fake_bit(0, 0, GICD_ISPENDR, TIMER));
	fake_set_bit(0, 0, GICD_ISENABLER, TIMER);
	assert_int_equal(fake_ack(0), TIMER);
	timer(0, false);
	fake_eoi(0, TIMER);
	assert_false(fake_physically_active(0, TIMER));
	/* one that fell while disabled does not come */
	fake_set_bit(0, 0, GICD_ICENABLER, TIMER);
	timer(0, true);
	fake_settle();
	timer(0, false);
	fake_set_bit(0, 0, GICD_ISENABLER, TIMER);
	assert_int_equal(fake_pending(0), FAKE_SPURIOUS);
	assert_false(fake_physically_active(0, TIMER));
}

/* Disabled, it is looked at all the same when its pending state is written: the hardware's active
 * state, kept for what no longer is, ends. */
static void cleared_while_disabled(void **state)
{
	(void)state;
	for (uint32_t by = 0; by < 2; by++) {
		timer(0, true);
		fake_settle();
		fake_set_bit(0, 0, GICD_ICENABLER, TIMER);
		fake_settle();
		assert_true(fake_physically_active(0, TIMER));
		timer(0, false);
		fake_set_bit(by, 0, GICD_ICPENDR, TIMER);
		fake_settle();
		assert_false(fake_physically_active(0, TIMER));
		timer(0, true);
		fake_settle();
		fake_set_bit(0, 0, GICD_ISENABLER, TIMER);
		assert_int_equal(fake_ack(0), TIMER);
		timer(0, false);
		fake_eoi(0, TIMER);
	}
}

static void by_register(void **state)
{
	(void)state;
	/* ISPENDR makes it pending whatever the timer does; WFI ends at once */
	fake_set_bit(0, 0, GICD_ISPENDR, TIMER);
	assert_true(fake_bit(0, 0, GICD_ISPENDR, TIMER));
	assert_true(fake_run(0));
	assert_true(fake_wakes(0));
	assert_true(fake_bit(0, 0, GICD_ISPENDR, TIMER));
	assert_int_equal(fake_ack(0), TIMER);
	fake_eoi(0, TIMER);
	assert_int_equal(fake_pending(0), FAKE_SPURIOUS);
	/* and when the timer was due too, and is no longer */
	timer(0, true);
	fake_settle();
	fake_set_bit(0, 0, GICD_ISPENDR, TIMER);
	timer(0, false);
	assert_true(fake_bit(0, 0, GICD_ISPENDR, TIMER));
	assert_int_equal(fake_ack(0), TIMER);
	fake_eoi(0, TIMER);
	assert_false(fake_physically_active(0, TIMER));
	assert_int_equal(fake_pending(0), FAKE_SPURIOUS);
}

static void pended_while_active(void **state)
{
	(void)state;
	timer(0, true);
	assert_int_equal(fake_ack(0), TIMER);
	fake_set_bit(0, 0, GICD_ISPENDR, TIMER);
	timer(0, false);
	fake_eoi(0, TIMER);
	fake_settle();
	assert_false(fake_physically_active(0, TIMER));
	/* at once, without another look at the registers */
	assert_int_equal(fake_ack(0), TIMER);
	fake_eoi(0, TIMER);
	assert_int_equal(fake_pending(0), FAKE_SPURIOUS);
	assert_false(fake_physically_active(0, TIMER));
	/* by another vCPU, and the line stays up: it comes once more for that */
	timer(0, true);
	assert_int_equal(fake_ack(0), TIMER);
	fake_set_bit(1, 0, GICD_ISPENDR, TIMER);
	assert_int_equal(fake_pending(0), FAKE_SPURIOUS);
	fake_eoi(0, TIMER);
	assert_int_equal(fake_ack(0), TIMER);
	assert_true(fake_bit(0, 0, GICD_ISPENDR, TIMER));
	timer(0, false);
	fake_eoi(0, TIMER);
	assert_int_equal(fake_pending(0), FAKE_SPURIOUS);
	assert_false(fake_physically_active(0, TIMER));
	timer(0, true);
	assert_int_equal(fake_ack(0), TIMER);
}

/* Active, made pending, and made neither again before its end. */
static void pended_and_cleared(void **state)
{
	(void)state;
	timer(0, true);
	assert_int_equal(fake_ack(0), TIMER);
	timer(0, false);
	fake_set_bit(0, 0, GICD_ISPENDR, TIMER);
	fake_settle();
	fake_set_bit(0, 0, GICD_ICPENDR, TIMER);
	fake_eoi(0, TIMER);
	assert_int_equal(fake_pending(0), FAKE_SPURIOUS);
	assert_false(fake_physically_active(0, TIMER));
	/* active by register and due meanwhile: the hardware's is let go by the end, too */
	fake_set_bit(0, 0, GICD_ISPENDR, TIMER);
	assert_int_equal(fake_ack(0), TIMER);
	fake_set_bit(0, 0, GICD_ISPENDR, TIMER);
	fake_settle();
	timer(0, true);
	fake_settle();
	fake_eoi(0, TIMER);
	assert_int_equal(fake_ack(0), TIMER);
	timer(0, false);
	fake_eoi(0, TIMER);
	assert_int_equal(fake_pending(0), FAKE_SPURIOUS);
	assert_false(fake_physically_active(0, TIMER));
}

/* Only its own CPU sees the line: it is asked. */
static void seen_by_others(void **state)
{
	(void)state;
	for (uint32_t on = 0; on < 2; on++) {
		fake_set_bit(0, 0, on ? GICD_ISENABLER : GICD_ICENABLER, TIMER);
		timer(0, true);
		fake_settle();
		assert_true(fake_bit(1, 0, GICD_ISPENDR, TIMER));
		timer(0, false);
		assert_false(fake_bit(1, 0, GICD_ISPENDR, TIMER));
		assert_int_equal(fake_pending(0), FAKE_SPURIOUS);
	}
	timer(0, true);
	assert_int_equal(fake_ack(0), TIMER);
	assert_true(fake_bit(1, 0, GICD_ISPENDR, TIMER));
	timer(0, false);
	assert_false(fake_bit(1, 0, GICD_ISPENDR, TIMER));
	assert_true(fake_bit(1, 0, GICD_ISACTIVER, TIMER));
	timer(0, true);
	assert_true(fake_bit(1, 0, GICD_ISPENDR, TIMER));
	timer(0, false);
	fake_eoi(0, TIMER);
	assert_int_equal(fake_pending(0), FAKE_SPURIOUS);
}

static void active_by_register(void **state)
{
	(void)state;
	/* what the guest holds active does not come, however the timer stands */
	fake_set_bit(0, 0, GICD_ISACTIVER, TIMER);
	timer(0, true);
	assert_int_equal(fake_pending(0), FAKE_SPURIOUS);
	assert_true(fake_bit(0, 0, GICD_ISACTIVER, TIMER));
	fake_set_bit(0, 0, GICD_ICACTIVER, TIMER);
	assert_int_equal(fake_ack(0), TIMER);
	/* cleared while its handler runs and the timer is quiet: nothing stays behind */
	timer(0, false);
	fake_set_bit(0, 0, GICD_ICACTIVER, TIMER);
	assert_int_equal(fake_pending(0), FAKE_SPURIOUS);
	assert_false(fake_physically_active(0, TIMER));
}

static void split_end(void **state)
{
	(void)state;
	fake_split_eoi(0, true);
	timer(0, true);
	assert_int_equal(fake_ack(0), TIMER);
	fake_eoi(0, TIMER);
	assert_true(fake_physically_active(0, TIMER));
	timer(0, false);
	fake_dir(0, TIMER);
	assert_int_equal(fake_pending(0), FAKE_SPURIOUS);
	assert_false(fake_physically_active(0, TIMER));
	timer(0, true);
	assert_int_equal(fake_ack(0), TIMER);
}

static void fallen(void **state)
{
	(void)state;
	timer(0, true);
	assert_int_equal(fake_ack(0), TIMER);
	assert_true(fake_bit(0, 0, GICD_ISPENDR, TIMER));
	timer(0, false);
	assert_false(fake_bit(0, 0, GICD_ISPENDR, TIMER));
	assert_true(fake_bit(0, 0, GICD_ISACTIVER, TIMER));
	timer(0, true);
	assert_true(fake_bit(0, 0, GICD_ISPENDR, TIMER));
	fake_eoi(0, TIMER);
	assert_int_equal(fake_ack(0), TIMER);
}

/* More urgent ones push it out of the list registers while it is active. */
static void spilled(void **state)
{
	(void)state;
	timer(0, true);
	assert_int_equal(fake_ack(0), TIMER);
	timer(0, false);
	for (uint32_t i = 0; i < 6; i++) {
		fake_set_bit(0, 0, GICD_ISENABLER, OTHER + i);
		fake_set_priority(0, 0, OTHER + i, (uint8_t)(0x70 - 8 * i));
		fake_set_bit(0, 0, GICD_ISPENDR, OTHER + i);
		assert_int_equal(fake_ack(0), OTHER + i);
	}
	for (uint32_t i = 6; i-- > 0;) {
		fake_eoi(0, OTHER + i);
	}
	assert_true(fake_physically_active(0, TIMER));
	fake_eoi(0, TIMER);
	assert_false(fake_physically_active(0, TIMER));
	assert_int_equal(fake_lost_eois(0), 0);
}

static void stopped(void **state)
{
	(void)state;
	/* pending, and in another life active: neither is left in the CPU, nor comes back */
	timer(1, true);
	fake_settle();
	timer(1, false);
	fake_vcpu_off(1);
	assert_false(fake_physically_active(1, TIMER));
	fake_vcpu_on(1);
	assert_int_equal(fake_pending(1), FAKE_SPURIOUS);
	timer(1, true);
	assert_int_equal(fake_ack(1), TIMER);
	timer(1, false);
	fake_vcpu_off(1);
	assert_false(fake_physically_active(1, TIMER));
	fake_vcpu_on(1);
	assert_int_equal(fake_pending(1), FAKE_SPURIOUS);
	assert_false(fake_bit(0, 1, GICD_ISACTIVER, TIMER));
	assert_int_equal(fake_listed_count(1), 0);
	timer(1, true);
	assert_int_equal(fake_ack(1), TIMER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE_IN("a linked interrupt is ended in hardware by the guest's end",
			taken_and_ended, set_up),
		CASE_IN("one whose line has fallen does not come", level_gone, set_up),
		CASE_IN("nor does it read as pending", level_gone_is_not_pending, set_up),
		CASE_IN("a disabled one waits", disabled, set_up),
		CASE_IN("a disabled one whose line fell ends when its pending state is cleared",
			cleared_while_disabled, set_up),
		CASE_IN("the guest may make it pending by register", by_register, set_up),
		CASE_IN("also while it is active", pended_while_active, set_up),
		CASE_IN("made pending while active and taken back, it ends", pended_and_cleared,
			set_up),
		CASE_IN("another vCPU sees the line as it is", seen_by_others, set_up),
		CASE_IN("the guest may hold it active by register", active_by_register, set_up),
		CASE_IN("deactivation apart from the end reaches the hardware", split_end, set_up),
		CASE_IN("an active one is pending while its line is high", fallen, set_up),
		CASE_IN("one that leaves the list registers comes back to be ended", spilled,
			set_up),
		CASE_IN("a vCPU that stops leaves none active", stopped, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
