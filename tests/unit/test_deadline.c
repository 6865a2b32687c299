/* SPDX-License-Identifier: Apache-2.0 */
/* A CPU's queue of deadlines, and what of it goes with a vCPU. */
#include <string.h>

#include "core/arm64/sysreg.h"
#include "core/vm/vcpu.h"
#include "tests/unit/fake_sysreg.h"
#include "tests/unit/random.h"
#include "tests/unit/unit.h"
#include "timer/deadline.h"

#define COUNT 12
#define HZ    1000000 /* a tick is a microsecond */
#define GAP   DEADLINE_GAP_US
#define LEAD  DEADLINE_LEAD_US

static struct deadline deadlines[COUNT];
static struct vcpu vcpus[2];
static uint64_t fired[COUNT];
static uint32_t fires;

static void fire(struct deadline *deadline)
{
	fired[deadline - deadlines] = deadline_now();
	fires++;
}

static int set_up(void **state)
{
	(void)state;
	fake_sysreg_reset();
	sysreg_write(cntfrq_el0, HZ);
	memset(fired, 0, sizeof(fired));
	fires = 0;
	for (uint32_t i = 0; i < COUNT; i++) {
		deadline_init(&deadlines[i], i % 3 == 2 ? NULL : &vcpus[i % 3], fire);
	}
	deadline_cpu_init();
	return 0;
}

static void pass(uint64_t until)
{
	sysreg_write(cntpct_el0, until);
	deadline_interrupt();
}

static bool timer_is_on(void)
{
	return (sysreg_read(cnthp_ctl_el2) & CNT_CTL_ENABLE) != 0;
}

static void in_order(void **state)
{
	(void)state;
	deadline_set(&deadlines[0], 300);
	deadline_set(&deadlines[1], 100);
	deadline_set(&deadlines[2], 200);
	deadline_set(&deadlines[0], 50);
	assert_int_equal(sysreg_read(cnthp_cval_el2), 50);
	deadline_cancel(&deadlines[0]);
	assert_int_equal(sysreg_read(cnthp_cval_el2), 100);
	pass(99);
	assert_int_equal(fires, 0);
	pass(150);
	assert_int_equal(fires, 1);
	assert_int_equal(fired[1], 150);
	assert_int_equal(sysreg_read(cnthp_cval_el2), 200);
	pass(1000);
	assert_int_equal(fires, 2);
	assert_int_equal(fired[0], 0);
	assert_false(timer_is_on());
}

/* What a vCPU has set goes with it and comes where it comes; the rest stays. */
static void moves(void **state)
{
	struct list_node bag;

	(void)state;
	for (uint32_t i = 0; i < COUNT; i++) {
		deadline_set(&deadlines[i], 100 + i);
	}
	deadline_leave(&vcpus[0], &bag);
	assert_int_equal(sysreg_read(cnthp_cval_el2), 101);
	pass(1000);
	for (uint32_t i = 0; i < COUNT; i++) {
		assert_int_equal(fired[i] != 0, i % 3 != 0);
	}
	assert_false(timer_is_on());
	deadline_arrive(&bag);
	/* due long ago: at once, not never */
	assert_true(timer_is_on());
	assert_int_equal(sysreg_read(cnthp_cval_el2), 100);
	pass(1001);
	assert_int_equal(fires, COUNT);
	/* who has none comes without */
	deadline_leave(&vcpus[1], &bag);
	assert_true(list_is_empty(&bag));
	deadline_arrive(&bag);
	assert_false(timer_is_on());
}

/* Patient ones come singly, with a gap behind each; others in between, when they are due. */
static void patient(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 3; i++) {
		deadline_is_patient(&deadlines[i]);
		deadline_set(&deadlines[i], 100 + i);
	}
	assert_int_equal(sysreg_read(cnthp_cval_el2), 100);
	deadline_set(&deadlines[3], 515);
	pass(500);
	assert_int_equal(fires, 1);
	assert_int_equal(fired[0], 500);
	/* the gap is over later than another is due */
	assert_int_equal(sysreg_read(cnthp_cval_el2), 515);
	pass(514);
	assert_int_equal(fires, 1);
	pass(515);
	assert_int_equal(fires, 2);
	assert_int_equal(fired[3], 515);
	assert_int_equal(sysreg_read(cnthp_cval_el2), 500 + GAP);
	pass(500 + GAP);
	assert_int_equal(fired[1], 500 + GAP);
	pass(500 + 2 * GAP - 1);
	assert_int_equal(fired[2], 0);
	pass(500 + 2 * GAP);
	assert_int_equal(fired[2], 500 + 2 * GAP);
	assert_false(timer_is_on());
}

/* Who is woken has its way clear of patient ones: of each VM once for each of those, so that they
 * are not put off for ever by others that come and come. */
static void woken_first(void **state)
{
	uint64_t at = 100;

	(void)state;
	deadline_is_patient(&deadlines[0]);
	deadline_set(&deadlines[0], at);
	for (uint32_t vm = 0; vm < 70; vm++, at += GAP - 1) {
		sysreg_write(cntpct_el0, at);
		deadline_yield_to(vm);
		assert_int_equal(sysreg_read(cnthp_cval_el2), at + GAP);
		pass(at);
		assert_int_equal(fires, 0);
		/* not once more */
		sysreg_write(cntpct_el0, at + 1);
		deadline_yield_to(vm);
		deadline_yield_to(0);
		assert_int_equal(sysreg_read(cnthp_cval_el2), at + GAP);
	}
	pass(at + 1);
	assert_int_equal(fires, 1);
	/* but again where the next one would fire in its way */
	deadline_set(&deadlines[0], at);
	deadline_yield_to(0);
	assert_int_equal(sysreg_read(cnthp_cval_el2), at + 1 + GAP);
	pass(at + GAP);
	assert_int_equal(fires, 1);
	pass(at + 1 + GAP);
	assert_int_equal(fires, 2);
}

/* What would not have come in its way costs it nothing. */
static void free_of_charge(void **state)
{
	(void)state;
	deadline_is_patient(&deadlines[0]);
	sysreg_write(cntpct_el0, 100);
	deadline_yield_to(1);
	/* set meanwhile */
	deadline_set(&deadlines[0], 101);
	assert_int_equal(sysreg_read(cnthp_cval_el2), 100 + GAP);
	deadline_set(&deadlines[0], 500);
	sysreg_write(cntpct_el0, 500 - GAP);
	deadline_yield_to(1);
	assert_int_equal(sysreg_read(cnthp_cval_el2), 500);
	sysreg_write(cntpct_el0, 499);
	deadline_yield_to(1);
	assert_int_equal(sysreg_read(cnthp_cval_el2), 499 + GAP);
	pass(499 + GAP);
	assert_int_equal(fires, 1);
}

/* A patient one that would be under way when somebody is to be woken does not begin, for each of
 * these once. */
static void before_another(void **state)
{
	(void)state;
	deadline_is_patient(&deadlines[0]);
	deadline_wakes(&deadlines[1], DEADLINE_WHO_TIMER(1));
	deadline_set(&deadlines[0], 100);
	deadline_set(&deadlines[1], 100 + LEAD);
	pass(100);
	assert_int_equal(fires, 0);
	pass(100 + LEAD);
	assert_int_equal(fired[1], 100 + LEAD);
	assert_int_equal(fired[0], 0);
	/* the same again */
	deadline_set(&deadlines[1], 100 + GAP + LEAD);
	pass(100 + GAP);
	assert_int_equal(fired[0], 100 + GAP);
	/* one that is farther off */
	deadline_set(&deadlines[0], 200);
	deadline_set(&deadlines[1], 201 + LEAD);
	pass(200);
	assert_int_equal(fired[0], 200);
	/* one that is not a deadline's */
	deadline_cancel(&deadlines[1]);
	deadline_set(&deadlines[0], 300);
	sysreg_write(cntpct_el0, 300);
	deadline_announce(300 + LEAD + 1, DEADLINE_WHO_TIMER(2));
	deadline_announce(299, DEADLINE_WHO_TIMER(2));
	assert_int_equal(sysreg_read(cnthp_cval_el2), 300);
	deadline_announce(300 + LEAD, DEADLINE_WHO_TIMER(2));
	assert_int_equal(sysreg_read(cnthp_cval_el2), 300 + GAP);
	/* that its VM was woken by something else is no reason */
	pass(300 + GAP);
	deadline_set(&deadlines[0], 400);
	sysreg_write(cntpct_el0, 395);
	deadline_yield_to(2);
	assert_int_equal(sysreg_read(cnthp_cval_el2), 395 + GAP);
	sysreg_write(cntpct_el0, 395 + GAP);
	deadline_announce(396 + GAP, DEADLINE_WHO_TIMER(2));
	assert_int_equal(sysreg_read(cnthp_cval_el2), 395 + GAP + GAP);
}

/* Around a moment that is waited for nothing fires; what was due then does so behind it. */
static void quiet(void **state)
{
	(void)state;
	deadline_set(&deadlines[0], 98);
	deadline_set(&deadlines[1], 99);
	deadline_set(&deadlines[2], 101);
	deadline_set(&deadlines[3], 102);
	deadline_be_quiet(100, &deadlines[4], 10);
	assert_int_equal(sysreg_read(cnthp_cval_el2), 98);
	pass(98);
	assert_int_equal(fires, 1);
	assert_int_equal(sysreg_read(cnthp_cval_el2), 102);
	pass(102);
	assert_int_equal(fires, 4);
	assert_false(timer_is_on());
	/* but what takes the CPU from who waits */
	deadlines[5].rank = 11;
	deadline_set(&deadlines[0], 199);
	deadline_be_quiet(200, &deadlines[4], 10);
	assert_int_equal(sysreg_read(cnthp_cval_el2), 202);
	deadline_set(&deadlines[5], 201);
	assert_int_equal(sysreg_read(cnthp_cval_el2), 201);
	pass(201);
	assert_int_equal(fires, 6);
}

/* One that wakes somebody and a patient one at one moment. */
static void wake(struct deadline *deadline)
{
	fire(deadline);
	deadline_yield_to(0);
}

static void both_due(void **state)
{
	(void)state;
	deadline_is_patient(&deadlines[0]);
	deadline_init(&deadlines[1], &vcpus[1], wake);
	deadline_set(&deadlines[0], 100);
	deadline_set(&deadlines[1], 101);
	pass(110);
	assert_int_equal(fired[0], 0);
	assert_int_equal(fired[1], 110);
	pass(110 + GAP);
	assert_int_equal(fired[0], 110 + GAP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE_IN("deadlines fire in order, none early", in_order, set_up),
		CASE_IN("a vCPU takes its deadlines along", moves, set_up),
		CASE_IN("patient ones come one at a time, with gaps", patient, set_up),
		CASE_IN("who is woken has its way clear of patient ones, each VM once", woken_first,
			set_up),
		CASE_IN("patient ones that are not in the way may be yielded to for nothing",
			free_of_charge, set_up),
		CASE_IN("a wake-up and a patient one due at once: the wake-up", both_due, set_up),
		CASE_IN("no patient one begins right before somebody is woken", before_another,
			set_up),
		CASE_IN("nothing fires around a moment that is waited for", quiet, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
