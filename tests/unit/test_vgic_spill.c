/* SPDX-License-Identifier: Apache-2.0 */
/* Interrupts that are deactivated between acknowledge and EOI. IHI 0069H GICD_ICACTIVER<n>. */
#include "tests/unit/fake_gic.h"
#include "tests/unit/unit.h"

#define SPIS  32
#define FIRST 40
#define PPI   20

static int set_up(void **state)
{
	(void)state;
	fake_gic_boot(2, 4, SPIS);
	for (uint32_t i = 0; i < 8; i++) {
		/* each preempts the one before */
		fake_set_priority(0, 0, FIRST + i, (uint8_t)(0x80 - 8 * i));
		fake_set_bit(0, 0, GICD_ISENABLER, FIRST + i);
	}
	for (uint32_t i = 0; i < 2; i++) {
		fake_set_priority(0, i, PPI, 0x40);
		fake_set_bit(0, i, GICD_ISENABLER, PPI);
	}
	return 0;
}

static void pend(uint32_t intid)
{
	fake_set_bit(0, 0, GICD_ISPENDR, intid);
}

static bool active(uint32_t intid)
{
	return fake_bit(0, 0, GICD_ISACTIVER, intid);
}

/* CPU 0 acknowledges `count`, from the least urgent on. */
static void nest(uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		pend(FIRST + i);
		assert_int_equal(fake_ack(0), FIRST + i);
	}
}

/* Asks for nothing any more: what is deactivated early costs nothing later. */
static void nothing_left(uint32_t i)
{
	fake_settle();
	assert_int_equal(fake_vcpu(i)->vgic.hcr, fake_vcpu(i)->vgic.hcr_base);
	assert_int_equal(fake_pending(i), FAKE_SPURIOUS);
}

static void end_of_it_is_its_own(void **state)
{
	(void)state;
	/* more than there are list registers, and each of them is deactivated once */
	for (uint32_t early = 0; early < 6; early++) {
		nest(6);
		fake_set_bit(1, 0, GICD_ICACTIVER, FIRST + early);
		for (uint32_t i = 6; i-- > 0;) {
			for (uint32_t k = 0; k < 6; k++) {
				assert_int_equal(active(FIRST + k), k <= i && k != early);
			}
			fake_eoi(0, FIRST + i);
		}
		nothing_left(0);
	}
}

static void all_early(void **state)
{
	(void)state;
	nest(6);
	fake_dist_write(0, GICD_ICACTIVER + 4, 4, UINT32_MAX);
	fake_settle();
	/* no register holds anything: told of that, it would be told for ever */
	assert_int_equal(fake_vcpu(0)->vgic.hcr & ICH_HCR_UIE, 0);
	/* it may come again before its EOI */
	pend(FIRST + 7);
	assert_int_equal(fake_ack(0), FIRST + 7);
	fake_eoi(0, FIRST + 7);
	assert_false(active(FIRST + 7));
	for (uint32_t i = 6; i-- > 0;) {
		fake_eoi(0, FIRST + i);
		assert_int_equal(fake_dist_read(0, GICD_ISACTIVER + 4, 4), 0);
	}
	nothing_left(0);
}

static void active_again(void **state)
{
	(void)state;
	for (uint32_t count = 1; count <= 6; count++) {
		nest(count);
		fake_set_bit(0, 0, GICD_ICACTIVER, FIRST);
		assert_false(active(FIRST));
		fake_set_bit(1, 0, GICD_ISACTIVER, FIRST);
		for (uint32_t i = count; i-- > 0;) {
			assert_true(active(FIRST));
			fake_eoi(0, FIRST + i);
		}
		assert_false(active(FIRST));
		nothing_left(0);
	}
	/* a private one, by its owner and by others; one that is active stays so */
	for (uint32_t by = 0; by < 2; by++) {
		pend(PPI);
		assert_int_equal(fake_ack(0), PPI);
		fake_set_bit(by, 0, GICD_ISACTIVER, PPI);
		fake_set_bit(by, 0, GICD_ICACTIVER, PPI);
		fake_set_bit(by, 0, GICD_ISACTIVER, PPI);
		assert_true(active(PPI));
		assert_false(fake_bit(0, 1, GICD_ISACTIVER, PPI));
		fake_eoi(0, PPI);
		assert_false(active(PPI));
		nothing_left(0);
	}
}

/* CPU 0 has acknowledged the first, which is then taken on CPU 1. */
static void take_elsewhere(void)
{
	nest(1);
	fake_set_bit(0, 0, GICD_ICACTIVER, FIRST);
	fake_dist_write(0, GICD_IROUTER + 8 * FIRST, 8, 1);
	pend(FIRST);
	assert_int_equal(fake_ack(1), FIRST);
	assert_true(active(FIRST));
	/* in its list registers again */
	fake_settle();
	assert_int_equal(fake_listed_count(1), 1);
}

static void elsewhere(void **state)
{
	(void)state;
	take_elsewhere();
	/* deactivates it, wherever it is: IHI 0069H ICC_EOIR1_EL1 names an INTID only */
	fake_eoi(0, FIRST);
	fake_settle();
	assert_false(active(FIRST));
	pend(FIRST);
	/* its priority on CPU 1 is still to be dropped */
	assert_int_equal(fake_pending(1), FAKE_SPURIOUS);
	fake_eoi(1, FIRST);
	assert_int_equal(fake_ack(1), FIRST);
	fake_eoi(1, FIRST);
	assert_false(active(FIRST));
	nothing_left(0);
	nothing_left(1);
}

static void elsewhere_ended_first(void **state)
{
	(void)state;
	take_elsewhere();
	fake_eoi(1, FIRST);
	assert_false(active(FIRST));
	pend(FIRST);
	assert_int_equal(fake_ack(1), FIRST);
	/* asked for what it has in its list registers, it has it no longer there */
	assert_true(active(FIRST));
	fake_eoi(0, FIRST);
	assert_false(active(FIRST));
	fake_eoi(1, FIRST);
	nothing_left(0);
	nothing_left(1);
}

static void only_pending_elsewhere(void **state)
{
	(void)state;
	nest(1);
	fake_set_bit(0, 0, GICD_ICACTIVER, FIRST);
	fake_dist_write(0, GICD_IROUTER + 8 * FIRST, 8, 1);
	pend(FIRST);
	assert_int_equal(fake_pending(1), FIRST);
	fake_eoi(0, FIRST);
	fake_settle();
	assert_int_equal(fake_ack(1), FIRST);
	assert_true(active(FIRST));
	fake_eoi(1, FIRST);
	assert_false(active(FIRST));
	nothing_left(0);
	nothing_left(1);
}

static void never_ended(void **state)
{
	(void)state;
	/* a kernel that starts afresh: deactivates all, and clears its active priorities */
	nest(5);
	fake_dist_write(0, GICD_ICACTIVER + 4, 4, UINT32_MAX);
	fake_clear_active_priorities(0);
	nest(6);
	for (uint32_t i = 6; i-- > 0;) {
		fake_eoi(0, FIRST + i);
		assert_false(active(FIRST + i));
		assert_true(i == 0 || active(FIRST + i - 1));
	}
	nothing_left(0);
}

static void split(void **state)
{
	(void)state;
	/* the EOI drops the priority only: active again, it stays so until DIR */
	fake_split_eoi(0, true);
	nest(1);
	fake_set_bit(0, 0, GICD_ICACTIVER, FIRST);
	fake_set_bit(0, 0, GICD_ISACTIVER, FIRST);
	fake_eoi(0, FIRST);
	assert_true(active(FIRST));
	fake_dir(0, FIRST);
	assert_false(active(FIRST));
	nothing_left(0);
	/* nothing is expected of its EOI */
	nest(2);
	fake_set_bit(0, 0, GICD_ICACTIVER, FIRST + 1);
	nothing_left(0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE_IN("the end of one that was deactivated early ends no other",
			end_of_it_is_its_own, set_up),
		CASE_IN("all that is acknowledged may be deactivated early", all_early, set_up),
		CASE_IN("made active again, it is ended by its EOI", active_again, set_up),
		CASE_IN("so it is where another vCPU has taken it", elsewhere, set_up),
		CASE_IN("or has taken it twice", elsewhere_ended_first, set_up),
		CASE_IN("one that only waits for another vCPU still comes", only_pending_elsewhere,
			set_up),
		CASE_IN("an EOI that never comes is not waited for", never_ended, set_up),
		CASE_IN("with EOImode 1 it waits for its deactivation", split, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
