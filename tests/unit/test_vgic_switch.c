/* SPDX-License-Identifier: Apache-2.0 */
/* A vCPU whose CPU runs another one: its interrupts are where they were when it comes back, and
 * others see and change them meanwhile without its help. */
#include "tests/unit/fake_gic.h"
#include "tests/unit/unit.h"

#define TIMER 27
#define PPI   22
#define SPI   40

static int set_up(void **state)
{
	(void)state;
	fake_gic_create(2, 4, 64);
	for (uint32_t i = 0; i < 2; i++) {
		vgic_link_private(fake_vcpu(i), TIMER, fake_level);
		fake_vcpu_on(i);
		fake_linked_level(i, TIMER, false);
		fake_redist_write(0, i * VGIC_REDIST_STRIDE + GICR_IGROUPR0, 4, UINT32_MAX);
		fake_set_bit(0, i, GICD_ISENABLER, TIMER);
		fake_set_bit(0, i, GICD_ISENABLER, PPI);
	}
	fake_dist_write(0, GICD_IGROUPR + 4, 4, UINT32_MAX);
	fake_dist_write(0, GICD_CTLR, 4, GICD_CTLR_ENGRP1);
	fake_set_bit(0, 0, GICD_ISENABLER, SPI);
	fake_dist_write(0, GICD_IROUTER + 8 * SPI, 8, 1);
	return 0;
}

/* The CPU's own interrupt is another vCPU's to be interrupted by, and active again for who comes
 * back with it: else it would come twice, and its end would end nothing. */
static void hardware_state(void **state)
{
	(void)state;
	fake_linked_level(1, TIMER, true);
	fake_settle();
	for (uint32_t acknowledged = 0; acknowledged < 2; acknowledged++) {
		assert_true(fake_physically_active(1, TIMER));
		fake_put_away(1);
		assert_false(fake_physically_active(1, TIMER));
		fake_bring(1);
		assert_true(fake_physically_active(1, TIMER));
		if (acknowledged == 0) {
			assert_int_equal(fake_ack(1), TIMER);
		}
	}
	fake_put_away(1);
	fake_linked_level(1, TIMER, false);
	fake_eoi(1, TIMER);
	assert_false(fake_physically_active(1, TIMER));
	/* ended, though nobody has looked yet: not active when it comes back */
	fake_put_away(1);
	fake_bring(1);
	assert_false(fake_physically_active(1, TIMER));
	assert_int_equal(fake_pending(1), FAKE_SPURIOUS);
}

static void everything_stays(void **state)
{
	(void)state;
	fake_set_priority(0, 0, SPI, 0x80);
	fake_set_bit(0, 1, GICD_ISPENDR, PPI);
	assert_int_equal(fake_ack(1), PPI);
	vgic_set_line(&fake_vm, SPI, true);
	fake_put_away(1);
	/* sent and raised meanwhile */
	fake_send_sgi(0, UINT64_C(3) << 24 | 2, true);
	fake_set_bit(0, 1, GICD_ISENABLER, 3);
	fake_eoi(1, PPI);
	assert_int_equal(fake_ack(1), 3);
	fake_put_away(1);
	fake_eoi(1, 3);
	assert_int_equal(fake_ack(1), SPI);
	vgic_set_line(&fake_vm, SPI, false);
	fake_put_away(1);
	fake_eoi(1, SPI);
	assert_int_equal(fake_pending(1), FAKE_SPURIOUS);
}

/* No answer from the CPU that it is not on. */
static void others_see(void **state)
{
	(void)state;
	fake_set_bit(0, 1, GICD_ISPENDR, PPI);
	fake_settle();
	fake_put_away(1);
	assert_true(fake_bit(0, 1, GICD_ISPENDR, PPI));
	assert_false(fake_vcpu(1)->vgic.here);
	assert_int_equal(fake_ack(1), PPI);
	fake_put_away(1);
	assert_true(fake_bit(0, 1, GICD_ISACTIVER, PPI));
	assert_false(fake_bit(0, 1, GICD_ISPENDR, PPI));
	/* and end it in its place */
	fake_set_bit(0, 1, GICD_ICACTIVER, PPI);
	assert_false(fake_vcpu(1)->vgic.here);
	fake_eoi(1, PPI);
	assert_false(fake_bit(1, 1, GICD_ISACTIVER, PPI));
	/* pending no more */
	fake_set_bit(0, 1, GICD_ISPENDR, PPI);
	fake_settle();
	fake_put_away(1);
	fake_set_bit(0, 1, GICD_ICPENDR, PPI);
	assert_false(fake_vcpu(1)->vgic.here);
	assert_int_equal(fake_pending(1), FAKE_SPURIOUS);
}

/* Its timer, too: what is due is pending, in memory as in hardware. */
static void others_see_timer(void **state)
{
	(void)state;
	fake_linked_level(1, TIMER, true);
	fake_settle();
	fake_put_away(1);
	assert_true(fake_bit(0, 1, GICD_ISPENDR, TIMER));
	fake_linked_level(1, TIMER, false);
	assert_false(fake_bit(0, 1, GICD_ISPENDR, TIMER));
	assert_false(fake_vcpu(1)->vgic.here);
	assert_int_equal(fake_pending(1), FAKE_SPURIOUS);
	assert_false(fake_physically_active(1, TIMER));
	fake_linked_level(1, TIMER, true);
	assert_int_equal(fake_ack(1), TIMER);
}

/* One that is stopped takes nothing along. */
static void stopped(void **state)
{
	(void)state;
	fake_linked_level(1, TIMER, true);
	fake_settle();
	fake_put_away(1);
	fake_vcpu_off(1);
	assert_false(fake_physically_active(1, TIMER));
	assert_int_equal(fake_listed_count(1), 0);
	fake_linked_level(1, TIMER, false);
	fake_vcpu_on(1);
	assert_int_equal(fake_pending(1), FAKE_SPURIOUS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE_IN("the hardware's state of a linked interrupt goes with its vCPU",
			hardware_state, set_up),
		CASE_IN("what is pending and active stays so", everything_stays, set_up),
		CASE_IN("others see and change it meanwhile", others_see, set_up),
		CASE_IN("its timer too", others_see_timer, set_up),
		CASE_IN("a vCPU that is stopped while it is away leaves nothing", stopped, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
