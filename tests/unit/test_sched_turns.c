/* SPDX-License-Identifier: Apache-2.0 */
/* Turns that a VM's vCPUs share: who spins, who holds the lock, and what other VMs have beside. */
#include "tests/unit/sched_suite.h"

/* A spinning vCPU of a high priority lets the holder of the lock, of its VM, have turns. */
static void lock_holder(void **state)
{
	(void)state;
	add(0, 200);
	add(0, 10);
	add(1, 100); /* of another VM: in between, and not in their turns */
	for (uint32_t i = 0; i < 3; i++) {
		ready(i, true);
	}
	run(10 * SLICE);
	assert_int_equal(ran(0), 5 * SLICE);
	assert_int_equal(ran(1), 5 * SLICE);
	assert_int_equal(ran(2), 0);
	/* a WFE says so sooner */
	assert_ptr_equal(choose(), &vcpus[0]);
	policy_yield(&cpu, &vcpus[0]);
	assert_ptr_equal(choose(), &vcpus[1]);
	/* one that has just woken up goes first again */
	ready(0, false);
	now += 10;
	choose();
	ready(0, true);
	assert_ptr_equal(choose(), &vcpus[0]);
}

#define SPINNERS 3

/* A lock's holder, vCPU 0, loses the CPU in the middle of it; others of its VM spin on the lock. */
static void begin_to_spin(const uint32_t *priority, uint32_t priority_of_holder)
{
	add(0, priority_of_holder);
	ready(0, true);
	run(SLICE / 2);
	for (uint32_t i = 0; i < SPINNERS; i++) {
		add(0, priority[i]);
		ready(1 + i, true);
	}
	run(SLICE / 2);
	assert_ptr_not_equal(choose(), &vcpus[0]);
}

/* Who runs gives way, if it is a spinner and `yields`, until the holder runs again: how long. */
static uint64_t until_the_holder_runs(bool yields)
{
	uint64_t begin = now;

	while (choose() != &vcpus[0]) {
		struct vcpu *who = cpu.current;

		if (yields && who->vm == &vms[0]) {
			now += 10;
			policy_yield(&cpu, who);
		} else {
			now = cpu.until;
		}
		assert_in_range(now - begin, 0, 100 * SLICE);
	}
	return now - begin;
}

static void spinners_who_yield_cost_no_slice(void **state)
{
	static const uint32_t equal[SPINNERS] = {100, 100, 100};

	(void)state;
	begin_to_spin(equal, 100);
	assert_int_equal(until_the_holder_runs(true), 10);
	/* it goes on for a slice, and is the first again after that */
	for (uint32_t i = 0; i < 10; i++) {
		now = cpu.until;
		assert_ptr_not_equal(choose(), &vcpus[0]);
		assert_int_equal(until_the_holder_runs(true), 10);
	}
}

/* Those that say nothing have a slice each: nobody knows that they spin. */
static void spinners_who_say_nothing_cost_a_slice_each(void **state)
{
	static const uint32_t equal[SPINNERS] = {100, 100, 100};

	(void)state;
	begin_to_spin(equal, 100);
	until_the_holder_runs(false);
	for (uint32_t i = 0; i < 10; i++) {
		now = cpu.until;
		assert_ptr_not_equal(choose(), &vcpus[0]);
		assert_int_equal(until_the_holder_runs(false), SPINNERS * SLICE);
	}
}

static void spinners_of_higher_priority_cost_no_more(void **state)
{
	static const uint32_t higher[SPINNERS] = {200, 150, 120};

	(void)state;
	begin_to_spin(higher, 10);
	assert_int_equal(until_the_holder_runs(true), 10);
	for (uint32_t i = 0; i < 10; i++) {
		now = cpu.until;
		assert_ptr_not_equal(choose(), &vcpus[0]);
		assert_int_equal(until_the_holder_runs(true), 10);
	}
	now = cpu.until;
	choose();
	/* less what they took before they gave way */
	assert_in_range(until_the_holder_runs(false), SPINNERS * (SLICE - 10), SPINNERS * SLICE);
}

/* One that has slept since holds no lock, whoever waits for longer. */
static void who_has_just_woken_is_no_holder(void **state)
{
	static const uint32_t equal[SPINNERS] = {100, 100, 100};

	(void)state;
	begin_to_spin(equal, 100);
	until_the_holder_runs(true);
	ready(2, false);
	ready(3, false);
	choose();
	ready(3, true);
	ready(2, true);
	choose();
	now = cpu.until; /* the holder's slice is over; 1 waits for longer than the others */
	assert_ptr_equal(choose(), &vcpus[1]);
	now += 10;
	policy_yield(&cpu, &vcpus[1]);
	assert_ptr_equal(choose(), &vcpus[0]);
}

/* Three that spin, the holder of their lock, and one of another VM, all equal, for so many slices:
 * what the other had. A spinner gives way 10 ticks into its turn, or (late) 5 before its end. */
static uint64_t other_beside_spinners(uint64_t slices, bool late)
{
	static const uint32_t equal[SPINNERS] = {100, 100, 100};
	uint64_t begin, before;

	begin_to_spin(equal, 100);
	add(1, 100);
	ready(1 + SPINNERS, true);
	choose();
	before = ran(1 + SPINNERS);
	begin = now;
	while (now < begin + slices * SLICE) {
		struct vcpu *who = choose();

		if (who == &vcpus[0] || who->vm != &vms[0] || (late && cpu.until <= now + 5)) {
			now = cpu.until;
			continue;
		}
		now = late ? cpu.until - 5 : now + 10;
		policy_yield(&cpu, who);
		if (late) {
			/* the next turn is a whole one */
			choose();
			assert_int_equal(who->sched.slice_left, SLICE);
		}
	}
	return ran(1 + SPINNERS) - before;
}

/* Who is favoured takes its turn sooner, and others of the same priority lose nothing by it. */
static void who_yields_takes_nothing_from_other_VMs(void **state)
{
	(void)state;
	/* five share it: a fifth at least */
	assert_in_range(other_beside_spinners(100, false), 20 * SLICE - SLICE, 60 * SLICE);
	assert_true(ran(0) > 30 * SLICE);
}

/* Nor does who computes for nearly a slice and gives way then: of five, one has a fifth. */
static void who_yields_late_takes_nothing_either(void **state)
{
	(void)state;
	assert_in_range(other_beside_spinners(1000, true), 199 * SLICE, 300 * SLICE);
}

static void yields(void **state)
{
	(void)state;
	add(0, 100);
	add(1, 100);
	ready(0, true);
	ready(1, true);
	for (uint32_t i = 0; i < 10; i++) {
		struct vcpu *who = choose();

		assert_ptr_equal(who, &vcpus[i % 2]);
		now += 7;
		policy_yield(&cpu, who);
	}
	/* to nobody: it goes on */
	ready(1, false);
	choose();
	policy_yield(&cpu, &vcpus[0]);
	assert_ptr_equal(choose(), &vcpus[0]);
}

/* The least that vCPU 2 has in one of its periods, of 3000 that it is sure of, while vCPU 0, of
 * another VM with two budgets, gives way all the time. */
static uint64_t least_beside_who_gives_way(uint32_t priority, uint32_t priority_of_mate)
{
	uint64_t end, least = UINT64_MAX, before, deadline;

	add_budget(0, priority, 100, 1000);
	add_budget(0, priority_of_mate, 500000, 1000000);
	add_budget(1, 100, 3000, 10000);
	for (uint32_t i = 0; i < 3; i++) {
		ready(i, true);
	}
	choose();
	before = ran(2);
	deadline = vcpus[2].sched.deadline;
	for (end = now + 1000000; now < end;) {
		struct vcpu *who = choose();

		if (vcpus[2].sched.deadline != deadline) {
			least = MIN(least, ran(2) - before);
			before = ran(2);
			deadline = vcpus[2].sched.deadline;
		}
		if (who == &vcpus[0]) {
			now += 2;
			policy_yield(&cpu, who);
		} else {
			now = MIN(cpu.until, end);
		}
	}
	choose();
	return least;
}

/* Its mate runs in its place, on its budget, whatever the mate's own are. */
static void giving_way_costs_others_no_budget(void **state)
{
	(void)state;
	assert_int_equal(least_beside_who_gives_way(100, 100), 3000);
}

static void nor_does_it_by_priority(void **state)
{
	(void)state;
	assert_int_equal(least_beside_who_gives_way(200, 50), 3000);
}

static void who_gives_way_has_its_budget_for_both(void **state)
{
	(void)state;
	add_budget(0, 100, 200, 1000);
	add(0, 50);
	add(1, 100);
	for (uint32_t i = 0; i < 3; i++) {
		ready(i, true);
	}
	for (uint64_t end = now + 100 * 1000; now < end;) {
		if (choose() == &vcpus[0]) {
			now += 2;
			policy_yield(&cpu, &vcpus[0]);
		} else {
			now = MIN(cpu.until, end);
		}
	}
	choose();
	assert_in_range(ran(0) + ran(1), 100 * 200, 101 * 200);
	assert_true(ran(1) > 50 * 200);
}

/* vCPU 0 beside an equal of another VM that has five more of a lower priority. `sleeps`: just
 * before the end of their slices these sleep, and are ready again at once. */
static void beside_low_mates(bool sleeps)
{
	add(1, 100);
	add(0, 100);
	for (uint32_t i = 0; i < 5; i++) {
		add(0, 10);
	}
	for (uint32_t i = 0; i < 7; i++) {
		ready(i, true);
	}
	for (uint64_t end = now + 1000 * SLICE; now < end;) {
		struct vcpu *who = choose();

		if (sleeps && who != &vcpus[0] && who != &vcpus[1]) {
			uint32_t i = (uint32_t)(who - vcpus);

			now = MIN(cpu.until, now + SLICE - 3);
			ready(i, false);
			choose();
			ready(i, true);
		} else {
			now = MIN(cpu.until, end);
		}
	}
	choose();
	assert_in_range(ran(0) / SLICE, 498, 502);
}

/* Those have slices of the turns of their first one, not turns of their own beside its equal. */
static void shared_turns_are_one(void **state)
{
	(void)state;
	beside_low_mates(false);
	for (uint32_t i = 1; i < 7; i++) {
		assert_in_range(ran(i) / SLICE, 500 / 6 - 1, 500 / 6 + 1);
	}
}

static void nor_by_sleeping(void **state)
{
	(void)state;
	beside_low_mates(true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE_IN("who spins lets others of its VM have turns", lock_holder, set_up),
		CASE_IN("spinners who yield cost a lock's holder no slice",
			spinners_who_yield_cost_no_slice, set_up),
		CASE_IN("spinners who say nothing cost a slice each",
			spinners_who_say_nothing_cost_a_slice_each, set_up),
		CASE_IN("spinners of a higher priority cost no more",
			spinners_of_higher_priority_cost_no_more, set_up),
		CASE_IN("who has just woken up is no holder of a lock",
			who_has_just_woken_is_no_holder, set_up),
		CASE_IN("who yields takes nothing from other VMs",
			who_yields_takes_nothing_from_other_VMs, set_up),
		CASE_IN("who yields late takes nothing either",
			who_yields_late_takes_nothing_either, set_up),
		CASE_IN("who yields goes behind its equals", yields, set_up),
		CASE_IN("who gives way costs other VMs no budget",
			giving_way_costs_others_no_budget, set_up),
		CASE_IN("nor does it by its priority", nor_does_it_by_priority, set_up),
		CASE_IN("who gives way has its budget for all of its VM",
			who_gives_way_has_its_budget_for_both, set_up),
		CASE_IN("turns that a VM's vCPUs share are one's", shared_turns_are_one, set_up),
		CASE_IN("nor are they more for who sleeps in between", nor_by_sleeping, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
