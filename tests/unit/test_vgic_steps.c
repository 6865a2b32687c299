/* SPDX-License-Identifier: Apache-2.0 */
/* However much is to be done at once, the vgic does it in steps, and its guest sees no half of it.
 */
#include "tests/unit/fake_gic.h"
#include "tests/unit/unit.h"

#define SPIS	988
#define LRS	4
#define LONGEST 28 /* accesses to list registers and interrupts looked at, in a step */

static void write_all(uint32_t array)
{
	for (uint32_t off = 4; off < 4 + (SPIS + 31) / 32 * 4; off += 4) {
		fake_dist_write(0, array + off, 4, UINT32_MAX);
	}
}

static int set_up(void **state)
{
	(void)state;
	fake_gic_boot(1, LRS, SPIS);
	write_all(GICD_IGROUPR);
	for (uint32_t intid = 32; intid < 32 + SPIS; intid++) {
		/* the last first */
		fake_set_priority(0, 0, intid, (uint8_t)(0xf0 - 8 * (intid % 30)));
		fake_set_edge(0, 0, intid, true);
	}
	fake_settle();
	return 0;
}

static void all_come_by_priority(uint32_t count)
{
	uint32_t before = 0, steps;

	for (uint32_t n = 0; n < count; n++) {
		uint32_t intid = fake_ack(0), prio;

		assert_int_not_equal(intid, FAKE_SPURIOUS);
		prio = 0xf0 - 8 * (intid % 30);
		assert_true(prio >= before);
		before = prio;
		fake_eoi(0, intid);
	}
	assert_int_equal(fake_pending(0), FAKE_SPURIOUS);
	assert_true(fake_longest_step(&steps) <= LONGEST);
	assert_true(steps > count / 8);
}

static void switched_on(void **state)
{
	(void)state;
	fake_dist_write(0, GICD_CTLR, 4, 0);
	write_all(GICD_ISENABLER);
	write_all(GICD_ISPENDR);
	fake_dist_write(0, GICD_CTLR, 4, GICD_CTLR_ENGRP1);
	all_come_by_priority(SPIS);
}

static void switched_off_and_on(void **state)
{
	(void)state;
	write_all(GICD_ISENABLER);
	write_all(GICD_ISPENDR);
	for (uint32_t n = 0; n < 3; n++) {
		fake_dist_write(0, GICD_CTLR, 4, 0);
		assert_int_equal(fake_pending(0), FAKE_SPURIOUS);
		fake_dist_write(0, GICD_CTLR, 4, GICD_CTLR_ENGRP1);
	}
	all_come_by_priority(SPIS);
}

static void enabled_one_by_one(void **state)
{
	(void)state;
	write_all(GICD_ISPENDR);
	write_all(GICD_ISENABLER);
	all_come_by_priority(SPIS);
}

/* What waits is looked at afresh before it comes. */
static void changed_while_waiting(void **state)
{
	(void)state;
	write_all(GICD_ISENABLER);
	write_all(GICD_ISPENDR);
	for (uint32_t intid = 32; intid < 32 + SPIS; intid++) {
		uint32_t prio = 0xf0 - 8 * (intid % 30);

		/* half of them are taken back, one way or another; priorities stay */
		if (intid % 8 == 1) {
			fake_set_bit(0, 0, GICD_ICENABLER, intid);
		} else if (intid % 8 == 3) {
			fake_set_bit(0, 0, GICD_ICPENDR, intid);
		} else if (intid % 8 == 5) {
			fake_set_bit(0, 0, GICD_ISACTIVER, intid);
		} else if (intid % 8 == 7) {
			fake_dist_write(0, GICD_IROUTER + 8 * intid, 8, 1);
		} else {
			fake_set_priority(0, 0, intid, 0xf8);
			fake_set_priority(0, 0, intid, (uint8_t)prio);
		}
	}
	all_come_by_priority(SPIS / 2);
}

static void reset_in_steps(void **state)
{
	uint32_t steps = 1;

	(void)state;
	write_all(GICD_ISENABLER);
	write_all(GICD_ISPENDR);
	fake_vcpu_off(0);
	while (!vgic_reset_step(&fake_vm)) {
		steps++;
	}
	assert_true(steps > 31 / 4);
	assert_int_equal(vgic_busy_count(&fake_vm), 0);
	for (uint32_t n = 0; n < fake_vm.vgic.bank_count; n++) {
		const struct vgic_bank *bank = &fake_vm.vgic.bank[n];

		assert_int_equal(bank->enabled | bank->group | bank->edge | bank->prio[0], 0);
		assert_int_equal(fake_vm.vgic.irouter[n * 32], 0);
	}
	/* and the next one begins anew */
	assert_false(vgic_reset_step(&fake_vm));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE_IN("all at once, as the distributor is switched on, come by priority",
			switched_on, set_up),
		CASE_IN("switched off with all of them pending, nothing comes", switched_off_and_on,
			set_up),
		CASE_IN("enabled by word they come by priority", enabled_one_by_one, set_up),
		CASE_IN("what changes about one that waits counts", changed_while_waiting, set_up),
		CASE_IN("a reset goes in steps and leaves nothing", reset_in_steps, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
