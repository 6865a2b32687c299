/* SPDX-License-Identifier: Apache-2.0 */
/* LPIs in list registers, beside SGIs and SPIs: irq/vgic/lr.c. IHI 0069H 5.1, ICH_LR<n>_EL2. */
#include <string.h>

#include "irq/vgic/vlpi.h"
#include "tests/unit/fake_gic.h"
#include "tests/unit/fake_ram.h"
#include "tests/unit/random.h"
#include "tests/unit/unit.h"

#define LPIS   256U
#define CONFIG FAKE_RAM
#define PTZ    BIT(62)
#define IDBITS 13U
#define LPI(n) (INTID_LPI + (n))

static uint8_t memory[1 << 16] __attribute__((aligned(16)));

static void set_config(uint32_t lpi, uint8_t prio, bool enabled)
{
	*(uint8_t *)fake_ram(CONFIG + lpi - INTID_LPI) = (uint8_t)(prio | enabled);
}

static int set_up_stay(bool stay)
{
	struct arena arena = {.base = memory, .size = sizeof(memory)};

	fake_ram_reset();
	fake_gic_boot(2, 4, 64);
	fake_lpis_stay(stay);
	assert_int_equal(vlpi_create(&fake_vm, LPIS, &arena), 0);
	memset(fake_ram(CONFIG), 0xa1, LPIS);
	for (uint32_t i = 0; i < 2; i++) {
		uint32_t rd = i * VGIC_REDIST_STRIDE;

		fake_redist_write(0, rd + GICR_PROPBASER, 8, CONFIG | IDBITS);
		fake_redist_write(0, rd + GICR_PENDBASER, 8, (FAKE_RAM + 0x10000) | PTZ);
		fake_redist_write(0, rd + GICR_CTLR, 4, GICR_CTLR_LPIS);
	}
	fake_settle();
	return 0;
}

static int set_up(void **state)
{
	(void)state;
	return set_up_stay(false);
}

static int set_up_other(void **state)
{
	(void)state;
	return set_up_stay(true);
}

static void with_lock(void (*call)(struct vcpu *vcpu, uint32_t lpi), uint32_t i, uint32_t lpi)
{
	spin_lock(&fake_vm.vgic.lock);
	call(fake_vcpu(i), lpi);
	assert_true(vlpi_is_sound_locked(&fake_vm));
	spin_unlock(&fake_vm.vgic.lock);
}

static void pend(uint32_t i, uint32_t lpi)
{
	with_lock(vlpi_pend_locked, i, lpi);
}

static void invalidate(uint32_t lpi)
{
	spin_lock(&fake_vm.vgic.lock);
	vlpi_inv_locked(&fake_vm, lpi);
	spin_unlock(&fake_vm.vgic.lock);
}

static void comes_once(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 3; i++) {
		pend(1, LPI(7));
		assert_int_equal(fake_pending(0), FAKE_SPURIOUS);
		assert_int_equal(fake_ack(1), LPI(7));
		assert_int_equal(fake_ack(1), FAKE_SPURIOUS);
		fake_eoi(1, LPI(7));
		assert_int_equal(fake_pending(1), FAKE_SPURIOUS);
	}
}

static void again_before_its_end(void **state)
{
	(void)state;
	pend(0, LPI(7));
	assert_int_equal(fake_ack(0), LPI(7));
	/* sent again: pending, and delivered when the priority has dropped; twice is once */
	pend(0, LPI(7));
	pend(0, LPI(7));
	assert_int_equal(fake_pending(0), FAKE_SPURIOUS);
	fake_eoi(0, LPI(7));
	assert_int_equal(fake_ack(0), LPI(7));
	fake_eoi(0, LPI(7));
	assert_int_equal(fake_pending(0), FAKE_SPURIOUS);
}

/* In a list register, it becomes less urgent than one that waits for a register: that one goes
 * first now, although nothing has happened to it. */
static void less_urgent_than_one_that_waits(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 4; i++) {
		fake_set_edge(0, 0, 40 + i, true);
		fake_set_priority(0, 0, 40 + i, i == 0 ? 0xa8 : (uint8_t)(0x40 - 8 * i));
		fake_set_bit(0, 0, GICD_ISENABLER, 40 + i);
	}
	set_config(LPI(7), 0x98, true);
	invalidate(LPI(7));
	pend(0, LPI(7));
	fake_dist_write(0, GICD_ISPENDR + 4, 4, 0xf << 8);
	assert_int_equal(fake_pending(0), 43);
	set_config(LPI(7), 0xd0, true);
	invalidate(LPI(7));
	for (uint32_t intid = 43; intid > 40; intid--) {
		assert_int_equal(fake_ack(0), intid);
		fake_eoi(0, intid);
	}
	assert_int_equal(fake_ack(0), 40);
	fake_eoi(0, 40);
	assert_int_equal(fake_ack(0), LPI(7));
}

static void by_priority(void **state)
{
	uint32_t expected[14], got;

	(void)state;
	/* 7 LPIs and 7 SPIs, in an order that makes later ones take others' registers */
	for (uint32_t i = 0; i < 7; i++) {
		uint8_t prio = (uint8_t)(0x80 - 0x10 * i);

		set_config(LPI(i), prio, true);
		pend(0, LPI(i));
		fake_set_priority(0, 0, 40 + i, (uint8_t)(prio + 8));
		fake_set_bit(0, 0, GICD_ISENABLER, 40 + i);
		fake_set_bit(0, 0, GICD_ISPENDR, 40 + i);
		fake_settle();
		expected[2 * (6 - i)] = LPI(i);
		expected[2 * (6 - i) + 1] = 40 + i;
	}
	for (uint32_t i = 0; i < ARRAY_COUNT(expected); i++) {
		got = fake_ack(0);
		assert_int_equal(got, expected[i]);
		fake_eoi(0, got);
	}
	assert_int_equal(fake_pending(0), FAKE_SPURIOUS);
}

static void nested(void **state)
{
	(void)state;
	/* each preempts the one before: more active than there are list registers */
	for (uint32_t i = 0; i < 8; i++) {
		set_config(LPI(i), (uint8_t)(0x80 - 0x10 * i), true);
		pend(0, LPI(i));
		assert_int_equal(fake_ack(0), LPI(i));
	}
	for (uint32_t i = 8; i-- > 0;) {
		fake_eoi(0, LPI(i));
		assert_int_equal(fake_pending(0), FAKE_SPURIOUS);
	}
	assert_int_equal(fake_running_priority(0), 0x100);
	assert_int_equal(fake_lost_eois(0), 0);
}

static void changed_while_listed(void **state)
{
	(void)state;
	pend(0, LPI(1));
	assert_int_equal(fake_pending(0), LPI(1));
	set_config(LPI(1), 0xa0, false);
	invalidate(LPI(1));
	assert_int_equal(fake_pending(0), FAKE_SPURIOUS);
	set_config(LPI(1), 0x20, true);
	invalidate(LPI(1));
	assert_int_equal(fake_pending(0), LPI(1));
	/* moved to another vCPU */
	spin_lock(&fake_vm.vgic.lock);
	vlpi_move_locked(fake_vcpu(0), fake_vcpu(1), LPI(1));
	spin_unlock(&fake_vm.vgic.lock);
	fake_settle();
	assert_int_equal(fake_pending(0), FAKE_SPURIOUS);
	assert_int_equal(fake_pending(1), LPI(1));
	with_lock(vlpi_clear_locked, 1, LPI(1));
	assert_int_equal(fake_pending(1), FAKE_SPURIOUS);
	/* LPIs are of group 1 */
	pend(0, LPI(2));
	fake_dist_write(0, GICD_CTLR, 4, GICD_CTLR_ENGRP0);
	assert_int_equal(fake_pending(0), FAKE_SPURIOUS);
	fake_dist_write(0, GICD_CTLR, 4, GICD_CTLR_ENGRP1);
	assert_int_equal(fake_pending(0), LPI(2));
}

static void off_and_on(void **state)
{
	(void)state;
	pend(0, LPI(3));
	fake_settle();
	fake_vcpu_off(0);
	fake_vcpu_on(0);
	assert_int_equal(fake_pending(0), LPI(3));
	fake_vcpu_off(0);
	fake_vcpu_off(1);
	vgic_reset(&fake_vm);
	assert_int_equal(vgic_busy_count(&fake_vm), 0);
}

/* Any order of sends, acknowledges and ends: each send is delivered, as often as it must be. */
static void at_random(void **state)
{
	uint8_t owed[LPIS] = {0};
	struct random dice = {.state = 1};
	uint32_t stack[64], depth = 0;

	(void)state;

	for (uint32_t i = 0; i < LPIS; i++) {
		set_config(LPI(i), (uint8_t)(random_below(&dice, 24) * 8), true);
	}
	for (uint32_t step = 0; step < 20000; step++) {
		uint32_t lpi = random_below(&dice, LPIS), got;

		if (random_below(&dice, 2) == 0) {
			pend(0, LPI(lpi));
			owed[lpi] = 1;
		} else if (depth < 20 && (got = fake_ack(0)) != FAKE_SPURIOUS) {
			assert_true(got >= INTID_LPI && got < LPI(LPIS));
			assert_int_equal(owed[got - INTID_LPI], 1);
			owed[got - INTID_LPI] = 0;
			stack[depth++] = got;
		} else if (depth > 0) {
			fake_eoi(0, stack[--depth]);
		}
	}
	while (depth > 0) {
		fake_eoi(0, stack[--depth]);
	}
	for (uint32_t left = LPIS; left > 0 && (stack[0] = fake_ack(0)) != FAKE_SPURIOUS; left--) {
		owed[stack[0] - INTID_LPI] = 0;
		fake_eoi(0, stack[0]);
	}
	for (uint32_t i = 0; i < LPIS; i++) {
		assert_int_equal(owed[i], 0);
	}
}

#define BOTH(NAME, FN)                                                                             \
	CASE_IN(NAME, FN, set_up),                                                                 \
		CASE_IN(NAME " (interface that holds it active)", FN, set_up_other)

/* Becoming pending on the CPU that runs the vCPU: no look is needed, and again is as good. */
static void middle_way(void **state)
{
	(void)state;
	for (uint32_t n = 0; n < 12; n++) {
		/* one after another, and each again while it waits */
		pend(0, LPI(n / 2));
		pend(0, LPI(n / 2));
		assert_int_equal(fake_vcpu(0)->events, 0);
		assert_int_equal(fake_ack(0), LPI(n / 2));
		fake_eoi(0, LPI(n / 2));
		assert_int_equal(fake_ack(0), FAKE_SPURIOUS);
	}
	set_config(LPI(20), 0xa0, false);
	pend(0, LPI(20));
	assert_int_equal(fake_ack(0), FAKE_SPURIOUS);
	/* not the other's, and not where LPIs' group is off */
	pend(1, LPI(7));
	assert_int_not_equal(fake_vcpu(1)->events, 0);
	fake_dist_write(0, GICD_CTLR, 4, GICD_CTLR_ENGRP0);
	fake_settle();
	pend(0, LPI(8));
	assert_int_equal(fake_ack(0), FAKE_SPURIOUS);
	fake_dist_write(0, GICD_CTLR, 4, GICD_CTLR_ENGRP0 | GICD_CTLR_ENGRP1);
	assert_int_equal(fake_ack(0), LPI(8));
	/* one that interrupts the first four: the lowest of them waits */
	for (uint32_t n = 0; n < 6; n++) {
		set_config(LPI(30 + n), (uint8_t)(0x80 - 0x10 * n), true);
		pend(0, LPI(30 + n));
	}
	fake_eoi(0, LPI(8));
	for (uint32_t n = 6; n-- > 0;) {
		assert_int_equal(fake_ack(0), LPI(30 + n));
		fake_eoi(0, LPI(30 + n));
	}
}

/* Its redistributor takes LPIs off while the vCPU itself is off. */
static void switched_off(void **state)
{
	(void)state;
	fake_vcpu_off(1);
	for (uint32_t n = 0; n < 100; n++) {
		pend(1, LPI(n));
	}
	fake_redist_write(0, VGIC_REDIST_STRIDE + GICR_CTLR, 4, 0);
	fake_settle();
	assert_int_equal(fake_redist_read(0, VGIC_REDIST_STRIDE + GICR_CTLR, 4),
			 GICR_CTLR_CES | GICR_CTLR_IR);
	fake_redist_write(0, VGIC_REDIST_STRIDE + GICR_CTLR, 4, GICR_CTLR_LPIS);
	fake_vcpu_on(1);
	for (uint32_t n = 0; n < 100; n++) {
		assert_int_not_equal(fake_ack(1), FAKE_SPURIOUS);
		fake_eoi(1, LPI(n));
	}
	assert_int_equal(fake_ack(1), FAKE_SPURIOUS);
}

/* As a guest does whose CPU goes: listed, acknowledged and waiting ones, one left active there. */
static void moved_from_a_cpu_that_is_off(void **state)
{
	bool done = false;

	(void)state;
	for (uint32_t n = 0; n < 40; n++) {
		pend(1, LPI(n));
	}
	assert_int_equal(fake_ack(1), LPI(0));
	pend(1, LPI(0));
	fake_vcpu_off(1);
	for (uint32_t i = 0; i < 60 && !done; i++) {
		spin_lock(&fake_vm.vgic.lock);
		done = vlpi_move_all_locked(fake_vcpu(1), fake_vcpu(0));
		assert_true(vlpi_is_sound_locked(&fake_vm));
		spin_unlock(&fake_vm.vgic.lock);
	}
	assert_true(done);
	for (uint32_t n = 0; n < 40; n++) {
		uint32_t got = fake_ack(0);

		assert_int_not_equal(got, FAKE_SPURIOUS);
		fake_eoi(0, got);
	}
	assert_int_equal(fake_ack(0), FAKE_SPURIOUS);
	fake_vcpu_on(1);
	assert_int_equal(fake_ack(1), FAKE_SPURIOUS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH("an LPI comes once each time it is sent", comes_once),
		BOTH("one sent again before its end comes again after it", again_before_its_end),
		BOTH("one that becomes less urgent than one that waits makes room for it",
		     less_urgent_than_one_that_waits),
		BOTH("LPIs and SPIs come by priority, also from full list registers", by_priority),
		BOTH("more LPIs nest than there are list registers", nested),
		BOTH("what changes about a listed LPI counts at once", changed_while_listed),
		BOTH("a vCPU that goes and comes finds its LPIs; a reset leaves none", off_and_on),
		BOTH("20,000 steps at random deliver what was sent", at_random),
		BOTH("an LPI that its own CPU sends needs no look", middle_way),
		BOTH("MOVALL takes the LPIs of a vCPU that is off", moved_from_a_cpu_that_is_off),
		CASE_IN("LPIs of a vCPU that is off can be switched off", switched_off, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
