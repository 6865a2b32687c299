/* SPDX-License-Identifier: Apache-2.0 */
/* What registers change of an interrupt that a guest has acknowledged and not ended. IHI 0069H 4.1,
 * GICD_ICFGR<n>, GICD_IGROUPR<n>, GICD_IROUTER<n>. */
#include "tests/unit/fake_gic.h"
#include "tests/unit/unit.h"

#define SPIS 64
#define SPI  40 /* level-sensitive after reset */
#define EDGE 41

static int set_up(void **state)
{
	(void)state;
	fake_gic_boot(2, 4, SPIS);
	fake_set_edge(0, 0, EDGE, true);
	for (uint32_t intid = 32; intid < 32 + SPIS; intid++) {
		fake_set_priority(0, 0, intid, 0x80);
		fake_set_bit(0, 0, GICD_ISENABLER, intid);
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

static void set_group(uint32_t intid, bool group1)
{
	uint64_t word = fake_dist_read(0, GICD_IGROUPR + intid / 32 * 4, 4);

	word = group1 ? word | vgic_bit(intid) : word & ~(uint64_t)vgic_bit(intid);
	fake_dist_write(0, GICD_IGROUPR + intid / 32 * 4, 4, word);
}

/* The group in which it is in a list register of vCPU 0. */
static bool is_listed_in_group1(uint32_t intid)
{
	const struct vgic_bank *bank = &fake_vm.vgic.bank[intid / 32 - 1];

	assert_true((bank->listed & vgic_bit(intid)) != 0);
	return (fake_list_register(0, bank->lr[intid % 32]) & ICH_LR_GROUP) != 0;
}

/* Disabled meanwhile, as the specification wants it. */
static void trigger(uint32_t intid, bool edge)
{
	fake_set_bit(0, 0, GICD_ICENABLER, intid);
	fake_set_edge(0, 0, intid, edge);
	fake_set_bit(0, 0, GICD_ISENABLER, intid);
}

static void to_level(void **state)
{
	(void)state;
	pulse(EDGE);
	assert_int_equal(fake_ack(0), EDGE);
	trigger(EDGE, false);
	line(EDGE, true);
	fake_eoi(0, EDGE);
	/* as long as it is high */
	for (uint32_t i = 0; i < 3; i++) {
		assert_int_equal(fake_ack(0), EDGE);
		fake_eoi(0, EDGE);
	}
	assert_int_equal(fake_ack(0), EDGE);
	line(EDGE, false);
	fake_eoi(0, EDGE);
	assert_int_equal(fake_pending(0), FAKE_SPURIOUS);
}

static void to_edge(void **state)
{
	(void)state;
	line(SPI, true);
	assert_int_equal(fake_ack(0), SPI);
	trigger(SPI, true);
	fake_eoi(0, SPI);
	assert_int_equal(fake_pending(0), FAKE_SPURIOUS);
	line(SPI, false);
	pulse(SPI);
	assert_int_equal(fake_ack(0), SPI);
	fake_eoi(0, SPI);
	assert_int_equal(fake_pending(0), FAKE_SPURIOUS);
}

static void regrouped(void **state)
{
	(void)state;
	fake_dist_write(0, GICD_CTLR, 4, GICD_CTLR_ENGRP0 | GICD_CTLR_ENGRP1);
	pulse(EDGE);
	assert_int_equal(fake_ack(0), EDGE);
	set_group(EDGE, false);
	pulse(EDGE);
	assert_int_equal(fake_pending(0), FAKE_SPURIOUS);
	/* it ends in the group in which it was acknowledged, and comes again in the other */
	assert_true(is_listed_in_group1(EDGE));
	fake_eoi(0, EDGE);
	fake_settle();
	assert_int_equal(fake_pending(0), EDGE);
	assert_false(is_listed_in_group1(EDGE));
	set_group(EDGE, true);
	fake_settle();
	assert_true(is_listed_in_group1(EDGE));
	/* pending again before the change */
	assert_int_equal(fake_ack(0), EDGE);
	pulse(EDGE);
	fake_settle();
	set_group(EDGE, false);
	fake_eoi(0, EDGE);
	fake_settle();
	assert_int_equal(fake_pending(0), EDGE);
	assert_false(is_listed_in_group1(EDGE));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE_IN("one that becomes level-sensitive follows its line from then on", to_level,
			set_up),
		CASE_IN("one that becomes edge-triggered waits for an edge", to_edge, set_up),
		CASE_IN("one that changes its group comes again in the new one", regrouped, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
