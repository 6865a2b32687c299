/* SPDX-License-Identifier: Apache-2.0 */
/* Who gets a shared CPU: priorities, turns, budgets, windows. */
#include "core/sched/share.h"
#include "tests/unit/sched_suite.h"

static void priorities(void **state)
{
	(void)state;
	add(0, 100);
	add(1, 200);
	assert_null(choose());
	assert_true(cpu.until == UINT64_MAX);
	ready(0, true);
	assert_ptr_equal(choose(), &vcpus[0]);
	/* alone: no tick */
	assert_true(cpu.until == UINT64_MAX);
	now += 10 * SLICE;
	ready(1, true);
	assert_ptr_equal(choose(), &vcpus[1]);
	assert_true(cpu.until == UINT64_MAX);
	now += 50;
	ready(1, false);
	assert_ptr_equal(choose(), &vcpus[0]);
	assert_int_equal(ran(0), 10 * SLICE);
	assert_int_equal(ran(1), 50);
	/* it wanted to run for those 50, and did not */
	assert_int_equal(vcpus[0].sched.stolen, 50);
	assert_int_equal(vcpus[1].sched.stolen, 0);
}

static void turns(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 3; i++) {
		add(i, 100);
		ready(i, true);
	}
	run(30 * SLICE);
	for (uint32_t i = 0; i < 3; i++) {
		assert_int_equal(ran(i), 10 * SLICE);
		assert_int_equal(stolen(i), 20 * SLICE);
	}
	/* one that becomes ready does not interrupt its equals, and comes last */
	ready(0, false);
	run(SLICE / 2);
	ready(0, true);
	assert_ptr_not_equal(choose(), &vcpus[0]);
	run(SLICE * 3 / 2);
	assert_ptr_equal(choose(), &vcpus[0]);
}

/* Two that wake each other never use up a slice: the third gets its turn all the same. */
static void ping_pong_starves_nobody(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 3; i++) {
		add(i, 100);
	}
	ready(0, true);
	ready(2, true);
	for (uint32_t i = 0; i < 100; i++) {
		struct vcpu *who = choose();

		now += 10;
		if (who == &vcpus[2]) {
			continue;
		}
		ready(who == &vcpus[0] ? 1 : 0, true);
		ready(who == &vcpus[0] ? 0 : 1, false);
	}
	choose();
	assert_true(ran(2) > 100);
}

static void budget_is_kept(void **state)
{
	(void)state;
	add_budget(0, 100, 200, 1000);
	add(1, 100);
	add(2, 50);
	for (uint32_t i = 0; i < 3; i++) {
		ready(i, true);
	}
	run(100 * 1000);
	assert_int_equal(ran(0), 100 * 200); /* exactly */
	assert_int_equal(ran(1), 100 * 800);
	assert_int_equal(ran(2), 0);
	assert_int_equal(idle, 0);
	/* it is not asked for: nobody is the worse for it */
	ready(0, false);
	run(10 * 1000);
	assert_int_equal(ran(1), 100 * 800 + 10 * 1000);
}

static void budget_ends(void **state)
{
	(void)state;
	add_budget(0, 100, 200, 1000);
	ready(0, true);
	run(10 * 1000);
	/* a limit, too, though nobody else wants the time */
	assert_int_equal(ran(0), 10 * 200);
	assert_int_equal(idle, 10 * 800);
}

static void background(void **state)
{
	(void)state;
	add_budget(0, 100, 200, 1000)->background = true;
	add(1, 10);
	ready(0, true);
	run(10 * 1000);
	assert_int_equal(ran(0), 10 * 1000);
	/* but behind whoever wants it, and its budget is none the less for it */
	ready(1, true);
	run(10 * 1000);
	assert_int_equal(ran(0), 10 * 1000 + 10 * 200);
	assert_int_equal(ran(1), 10 * 800);
}

/* One that asks seldom and late has its budget when it asks, and no more than its share. */
static void budget_of_a_sleeper(void **state)
{
	(void)state;
	add_budget(0, 100, 200, 1000);
	add(1, 100);
	ready(1, true);
	for (uint32_t i = 0; i < 100; i++) {
		uint64_t before = ran(0);

		run(700 + i * 13);
		ready(0, true);
		assert_ptr_equal(choose(), &vcpus[0]);
		run(100);
		assert_int_equal(ran(0), before + 100);
		ready(0, false);
	}
}

/* What a budget overdraws before the timer comes is paid for in the next period. */
static void overdrawn(void **state)
{
	(void)state;
	add_budget(0, 100, 200, 1000);
	add(1, 100);
	ready(0, true);
	ready(1, true);
	for (uint32_t i = 0; i < 1000; i++) {
		choose();
		now = cpu.until + i % 7; /* late */
	}
	assert_true(ran(0) * 1000 / (now - 1000000) <= 201);
	assert_true(ran(0) * 1000 / (now - 1000000) >= 198);
}

/* Budgets that add up to all of a CPU are kept, whatever their periods, whenever they wake. */
static void full_house(void **state)
{
	static const uint64_t budget[] = {100, 250, 1000, 500}, period[] = {400, 1000, 5000, 1700};
	struct random random = {7};
	uint64_t wanted[4] = {0}, start;

	(void)state;
	for (uint32_t i = 0; i < 4; i++) {
		/* 0.25 + 0.25 + 0.2 + 0.294 */
		add_budget(i, 100, budget[i], period[i]);
	}
	add(4, 200 - 150); /* a hog that may have the rest */
	ready(4, true);
	run(random_below(&random, 1000));
	for (uint32_t i = 0; i < 4; i++) {
		run(random_below(&random, 300));
		ready(i, true);
	}
	start = now;
	for (uint32_t i = 0; i < 4; i++) {
		wanted[i] = ran(i);
	}
	run(1700 * 1000);
	for (uint32_t i = 0; i < 4; i++) {
		uint64_t had = ran(i) - wanted[i], due = (now - start) / period[i] * budget[i];

		assert_true(had + 2 * budget[i] >= due && had <= due + 2 * budget[i]);
	}
}

/* Two of one VM have theirs too, in each period: turns do not pass over a deadline. */
static void mates_have_their_budgets(void **state)
{
	uint64_t before[2] = {0};

	(void)state;
	add_budget(0, 100, SLICE / 2, SLICE);
	add_budget(0, 100, 5 * SLICE, 10 * SLICE);
	ready(0, true);
	ready(1, true);
	choose();
	for (uint32_t i = 0; i < 100; i++) {
		run(SLICE);
		assert_in_range(ran(0) - before[0], SLICE / 2, SLICE);
		before[0] = ran(0);
		if (i % 10 == 9) {
			assert_in_range(ran(1) - before[1], 5 * SLICE - 1, 5 * SLICE + 1);
			before[1] = ran(1);
		}
	}
}

/* Two with half a CPU each. The first, whose deadlines are sooner, sleeps for a moment again and
 * again; each of its wake-ups takes the other's time for the interrupt and the way back, which is
 * no work of that one's. */
static void who_interrupts_pays(void **state)
{
	uint64_t in_between = 0, wakes = 0;

	(void)state;
	add_budget(0, 100, 5000, 10000);
	add_budget(1, 100, 5000, 10000);
	cpu.switch_cost = 10;
	ready(0, true);
	run(2000);
	ready(1, true);
	for (uint64_t end = now + 100 * 10000; now < end;) {
		if (choose() != &vcpus[0]) {
			now = MIN(cpu.until, end);
			continue;
		}
		now += 7;
		ready(0, false);
		if (choose() == &vcpus[1]) {
			now += 10;
			in_between += 10;
			wakes++;
		}
		ready(0, true);
	}
	choose();
	assert_true(wakes > 15000);
	assert_in_range(ran(1) - in_between, 100 * 5000 - 10000, 100 * 5000 + 10000);
	assert_in_range(ran(0) + in_between, 100 * 5000 - 10000, 100 * 5000 + 10000);
}

/* Of a price of 10 one that has 2 left pays 2, and is asked again at once. */
static void who_pays_is_within_its_budget(void **state)
{
	struct sched_vcpu *payer, *other;

	(void)state;
	payer = add_budget(0, 200, 100, 1000);
	other = add_budget(1, 100, 500, 1000);
	add(2, 50);
	cpu.switch_cost = 10;
	ready(0, true);
	run(98);
	assert_int_equal(payer->budget_left, 2); /* nobody was interrupted */
	ready(0, false);
	ready(1, true);
	ready(2, true);
	run(100);
	ready(0, true);
	assert_ptr_equal(choose(), &vcpus[0]);
	assert_int_equal(payer->budget_left, 0);
	assert_int_equal(other->budget_left, 402);
	assert_int_equal(cpu.until, now);
	/* and whoever goes on because another has to stop interrupts nobody */
	assert_ptr_equal(choose(), &vcpus[1]);
	run(402);
	assert_ptr_equal(cpu.current, &vcpus[2]);
	assert_int_equal(other->budget_left, 0);
	/* one without a budget has none that something could be given back to */
	run(1000000 + 1000 - now);
	assert_ptr_equal(cpu.current, &vcpus[0]);
	assert_int_equal(payer->budget_left, 100 - 10);
	run(90);
	/* who is interrupted by a VM without a budget has its own, as the order says */
	ready(2, false);
	run(1000000 + 1000 + 200 - now);
	assert_ptr_equal(cpu.current, &vcpus[1]);
	other->budget_left = 300;
	vcpus[2].sched.priority = 250;
	ready(2, true);
	assert_ptr_equal(choose(), &vcpus[2]);
	assert_int_equal(other->budget_left, 300);
}

/* That its slice is used up just then makes no difference: it has its budget still. */
static void who_interrupts_at_the_end_of_a_slice_pays(void **state)
{
	struct sched_vcpu *payer, *other;

	(void)state;
	payer = add_budget(0, 200, 100, 1000);
	other = add_budget(1, 100, 3 * SLICE, 5 * SLICE);
	cpu.switch_cost = 10;
	ready(1, true);
	run(SLICE);
	ready(0, true);
	assert_ptr_equal(choose(), &vcpus[0]);
	assert_int_equal(payer->budget_left, 100 - 10);
	assert_int_equal(other->budget_left, 2 * SLICE + 10);
}

/* Who has used up its budget and hurries pays nothing: it has nothing. */
static void who_has_nothing_pays_nothing(void **state)
{
	struct sched_vcpu *hurries, *other;

	(void)state;
	hurries = add_budget(0, 200, 100, 1000);
	other = add_budget(1, 100, 500, 1000);
	cpu.switch_cost = 10;
	ready(0, true);
	ready(1, true);
	run(200);
	for (uint32_t i = 0; i < 5; i++) {
		vcpus[0].events = VCPU_EVENT_PLACE;
		assert_ptr_equal(choose(), &vcpus[0]);
		vcpus[0].events = 0;
		assert_ptr_equal(choose(), &vcpus[1]);
	}
	assert_int_equal(hurries->budget_left, 0);
	assert_int_equal(other->budget_left, 500 - 100);
}

/* Nor does who goes on behind one that hurried, though that one is ready. */
static void who_hurried_is_paid_nothing(void **state)
{
	struct sched_vcpu *hurried, *other;

	(void)state;
	hurried = add_budget(0, 100, 100, 1000);
	other = add_budget(1, 200, 500, 1000);
	cpu.switch_cost = 10;
	ready(0, true);
	ready(1, true);
	run(100);
	vcpus[0].events = VCPU_EVENT_PLACE;
	assert_ptr_equal(choose(), &vcpus[0]);
	vcpus[0].events = 0;
	assert_ptr_equal(choose(), &vcpus[1]);
	assert_int_equal(hurried->budget_left, 100 - 10);
	assert_int_equal(other->budget_left, 500 - 100 + 10);
}

/* The end of a window is nobody's doing. */
static void windows_cost_nobody(void **state)
{
	static const uint64_t length[] = {1000, 1000};
	struct vm *const owner[] = {&vms[0], &vms[1]};
	struct sched_vcpu *one, *other;

	(void)state;
	one = add_budget(0, 100, 800, 2000);
	other = add_budget(1, 100, 800, 2000);
	cpu.window_length = length;
	cpu.window_owner = owner;
	cpu.window_count = 2;
	cpu.major = 2000;
	cpu.switch_cost = 10;
	ready(0, true);
	ready(1, true);
	run(500);
	ready(0, false);
	run(300);
	ready(0, true);
	run(300);
	assert_ptr_equal(cpu.current, &vcpus[1]);
	assert_int_equal(one->budget_left, 800 - 700);
	assert_int_equal(other->budget_left, 800 - 100);
}

static void windows(void **state)
{
	static const uint64_t length[] = {2000, 500, 7500};
	struct vm *const owner[] = {&vms[0], NULL, &vms[1]};
	uint64_t late = 0;

	(void)state;
	add(0, 10);
	add(1, 200);
	add(2, 250); /* has no window */
	cpu.window_length = length;
	cpu.window_owner = owner;
	cpu.window_count = 3;
	cpu.major = 10000;
	for (uint32_t i = 0; i < 3; i++) {
		ready(i, true);
	}
	run(100 * 10000);
	assert_int_equal(ran(0), 100 * 2000);
	assert_int_equal(ran(1), 100 * 7500);
	assert_int_equal(ran(2), 0);
	assert_int_equal(idle, 100 * 500);
	/* what comes late does not shift what follows: a window begins at a multiple of the frame
	 */
	for (uint32_t i = 0; i < 1000; i++) {
		choose();
		late = i % 90;
		now = cpu.until + late;
		assert_true((now - late) % 10000 == 0 || (now - late) % 10000 == 2000 ||
			    (now - late) % 10000 == 2500);
	}
}

/* A window is given up before it ends, so that the next begins when it is to: neither earlier nor
 * later. One that follows on one of the same VM has begun. */
static void windows_lead(void **state)
{
	static const uint64_t length[] = {2000, 500, 7000, 500};
	struct vm *const owner[] = {&vms[0], NULL, &vms[1], &vms[0]};
	const uint64_t frame = now;

	(void)state;
	add(0, 10);
	add(1, 10);
	cpu.window_length = length;
	cpu.window_owner = owner;
	cpu.window_count = 4;
	cpu.major = 10000;
	cpu.lead = 5;
	ready(0, true);
	ready(1, true);
	assert_ptr_equal(choose(), &vcpus[0]);
	assert_int_equal(cpu.window_begin, frame);
	assert_int_equal(cpu.window_end, frame + 2000 - 5);
	now = frame + 2000 - 6;
	assert_ptr_equal(choose(), &vcpus[0]);
	now = frame + 2000 - 5;
	assert_null(choose());
	now = frame + 2500 - 5;
	assert_ptr_equal(choose(), &vcpus[1]);
	assert_int_equal(cpu.window_begin, frame + 2500);
	/* however late it is chosen */
	now = frame + 9500 + 3;
	assert_ptr_equal(choose(), &vcpus[0]);
	assert_int_equal(cpu.window_begin, frame + 9500);
	now = frame + 10000 - 5;
	assert_ptr_equal(choose(), &vcpus[0]);
	assert_int_equal(cpu.window_begin, frame + 9500);
}

/* Who takes the CPU from others when its timer is due begins sooner; who waits for its turn then
 * does not. */
static void leads(void **state)
{
	static const uint64_t length[] = {1000};
	struct vm *const owner[] = {&vms[0]};
	struct sched_vcpu *low = add(0, 10), *equal = add(1, 10), *high = add(2, 11);

	(void)state;
	cpu.lead = 5;
	policy_set_leads(&cpu);
	assert_int_equal(low->lead, 0);
	assert_int_equal(equal->lead, 0);
	assert_int_equal(high->lead, 5);
	/* a budget goes before equals */
	equal->budget = 100;
	policy_set_leads(&cpu);
	assert_int_equal(low->lead, 0);
	assert_int_equal(equal->lead, 5);
	/* priorities change */
	low->priority = 11;
	equal->budget = 0;
	policy_set_leads(&cpu);
	assert_int_equal(low->lead, 5);
	assert_int_equal(equal->lead, 0);
	/* with windows its own may be about to begin */
	cpu.window_length = length;
	cpu.window_owner = owner;
	cpu.window_count = 1;
	policy_set_leads(&cpu);
	assert_int_equal(equal->lead, 5);
}

/* One that has the CPU and waits until its timer is due is not made late by a stop: once. */
static void stop_lets_who_is_early_in(void **state)
{
	(void)state;
	add(0, 10);
	add(1, 200);
	cpu.urgent_gap = 150;
	ready(1, true);
	vcpus[1].events = VCPU_EVENT_TIMER;
	assert_ptr_equal(choose(), &vcpus[1]);
	vcpus[0].events = VCPU_EVENT_STOP;
	assert_ptr_equal(choose(), &vcpus[1]);
	assert_int_equal(cpu.until, now + 150);
	now += 150;
	assert_ptr_equal(choose(), &vcpus[0]);
	/* in its guest it is interrupted */
	vcpus[0].events = vcpus[1].events = 0;
	now += 150;
	assert_ptr_equal(choose(), &vcpus[1]);
	vcpus[0].events = VCPU_EVENT_STOP;
	assert_ptr_equal(choose(), &vcpus[0]);
}

/* One that computes alone is switched from never: its time is told all the same. */
static void time_so_far(void **state)
{
	(void)state;
	add(0, 10);
	add(1, 10);
	ready(0, true);
	choose();
	assert_int_equal(policy_ran(&cpu, &vcpus[0], now + 700), 700);
	assert_int_equal(policy_ran(&cpu, &vcpus[1], now + 700), 0);
	run(300);
	assert_int_equal(policy_ran(&cpu, &vcpus[0], now + 700), 1000);
	/* of a moment before it was charged, as another CPU may ask */
	assert_int_equal(policy_ran(&cpu, &vcpus[0], cpu.since - 1), vcpus[0].sched.ran);
	/* it is a CPU's only one now, whose time nobody counts */
	cpu.shared = false;
	assert_int_equal(policy_ran(&cpu, &vcpus[0], now + 700), vcpus[0].sched.ran);
}

/* A stop is looked at whoever's time it is. */
static void stop_comes_first(void **state)
{
	(void)state;
	add(0, 10);
	add(1, 200);
	add_budget(2, 200, 10, 1000);
	ready(1, true);
	ready(2, true);
	run(500);
	vcpus[0].events = VCPU_EVENT_STOP;
	assert_ptr_equal(choose(), &vcpus[0]);
	vcpus[0].events = 0;
	assert_ptr_equal(choose(), &vcpus[1]);
	vcpus[2].events = VCPU_EVENT_STOP;
	assert_ptr_equal(choose(), &vcpus[2]);
	vcpus[2].events = 0;
	assert_ptr_equal(choose(), &vcpus[1]);
}

/* But not between a wake-up and its guest; once, for others may be woken again and again. */
static void stop_lets_in(void **state)
{
	(void)state;
	cpu.urgent_gap = 20;
	add(0, 10);
	add(1, 200);
	add(2, 100);
	ready(0, true);
	ready(2, true);
	run(500);
	ready(1, true);
	vcpus[0].events = VCPU_EVENT_STOP;
	assert_ptr_equal(choose(), &vcpus[1]);
	/* asked again when its time has come */
	assert_int_equal(cpu.until, now + 20);
	now += 19;
	assert_ptr_equal(choose(), &vcpus[1]);
	now++;
	ready(1, false);
	assert_ptr_equal(choose(), &vcpus[0]);
	vcpus[0].events = 0;
	assert_ptr_equal(choose(), &vcpus[2]);
}

/* What it does then is no turn of its own: it does not keep the CPU by it among its equals. */
static void who_hurries_has_no_turn(void **state)
{
	(void)state;
	add(0, 100);
	add(1, 100);
	ready(0, true);
	ready(1, true);
	for (uint32_t i = 0; i < 100 * SLICE / 10; i++) {
		vcpus[0].events = VCPU_EVENT_PLACE;
		assert_ptr_equal(choose(), &vcpus[0]);
		vcpus[0].events = 0;
		run(10);
	}
	assert_in_range(ran(1), 49 * SLICE, 51 * SLICE);
}

/* Of three that hurry all the time each gets there, wherever on the list it stands. */
static void who_hurries_lets_others_hurry(void **state)
{
	uint32_t looked[3] = {0};

	(void)state;
	cpu.urgent_gap = 20;
	for (uint32_t i = 0; i < 3; i++) {
		add(i, 10 + i);
		ready(i, true);
	}
	add(3, 200);
	ready(3, true);
	for (uint32_t i = 0; i < 300; i++) {
		vcpus[0].events = vcpus[1].events = vcpus[2].events = VCPU_EVENT_PAUSE;
		choose()->events = 0;
		for (uint32_t k = 0; k < 3; k++) {
			looked[k] += cpu.current == &vcpus[k];
		}
		now += 1;
		assert_ptr_equal(choose(), &vcpus[3]);
		now += 19;
	}
	for (uint32_t k = 0; k < 3; k++) {
		assert_in_range(looked[k], 99, 101);
	}
}

/* Registers that a VM asks for are looked at when it is their turn, also while it is paused. */
static void a_question_waits_for_its_turn(void **state)
{
	(void)state;
	add(0, 10);
	add(1, 200);
	ready(1, true);
	vcpus[0].hold = VCPU_HOLD_PAUSED;
	vcpus[0].events = VCPU_EVENT_REGS;
	assert_ptr_equal(choose(), &vcpus[1]);
	ready(1, false);
	assert_ptr_equal(choose(), &vcpus[0]);
	ready(1, true);
	vcpus[0].events = VCPU_EVENT_REGS | VCPU_EVENT_HURRY;
	assert_ptr_equal(choose(), &vcpus[1]);
	assert_ptr_equal(choose(), &vcpus[0]);
}

/* Others ask for what is in its list registers: it answers first, and holds still until released.
 */
static void held(void **state)
{
	(void)state;
	add(0, 100);
	add(1, 10);
	ready(0, true);
	ready(1, true);
	vcpus[0].vgic.ask_count = 1;
	assert_ptr_equal(choose(), &vcpus[1]);
	vcpus[0].events = VCPU_EVENT_VGIC;
	assert_ptr_equal(choose(), &vcpus[0]);
}

/* Whatever they do: time is given to one at a time, and what is neither run nor idle was stolen. */
static void adds_up(void **state)
{
	struct random random = {11};
	uint64_t wants[6] = {0}, start = now, all = 0;

	(void)state;
	for (uint32_t i = 0; i < 6; i++) {
		struct sched_vcpu *s = add(i / 2, 10 * random_below(&random, 3));

		if (i % 3 == 0) {
			s->budget = 100 + random_below(&random, 100);
			cpu.budget_count++;
			s->period = 700 + random_below(&random, 1000);
			s->background = i == 3;
		}
	}
	choose();
	for (uint32_t i = 0; i < 20000; i++) {
		uint64_t step = 1 + random_below(&random, 200), before = now;

		run(step);
		for (uint32_t k = 0; k < 6; k++) {
			wants[k] += vcpus[k].hold == 0 ? now - before : 0;
		}
		/* any may wake; who runs may sleep */
		ready(random_below(&random, 6), true);
		if (cpu.current != NULL && random_below(&random, 2) != 0) {
			cpu.current->hold = VCPU_HOLD_STANDBY;
		}
		choose();
	}
	for (uint32_t k = 0; k < 6; k++) {
		uint64_t others = 0;

		assert_int_equal(ran(k) + stolen(k), wants[k]);
		all += ran(k);
		for (uint32_t i = 0; i < SCHED_HAD(VCPUS); i++) {
			others += waited[k][i];
		}
		assert_int_equal(others, vcpus[k].sched.stolen);
		if (waits(k, cpu.current)) {
			waited[k][whose(cpu.current)] += now - vcpus[k].sched.waits_since;
		}
		assert_memory_equal(waited[k], owed[k], sizeof(owed[k]));
	}
	assert_int_equal(all + idle, now - start);
	/* budgets were used up while nobody else wanted the CPU */
	assert_true(owed[0][SCHED_HAD_NOBODY] != 0);
}

/* Whose time it was is known, also of who is preempted meanwhile or no longer wants the CPU. */
static void waits_for_somebody(void **state)
{
	(void)state;
	add(0, 10);
	add(1, 100);
	add(2, 200);
	ready(0, true);
	ready(1, true);
	run(70);
	ready(2, true);
	run(20);
	/* taken away before it had a turn: it is paused, say */
	ready(0, false);
	choose();
	assert_int_equal(vcpus[0].sched.stolen, 90);
	now += 500;
	ready(2, false);
	choose();
	assert_int_equal(waited[0][SCHED_HAD(1)], 70);
	assert_int_equal(waited[0][SCHED_HAD(2)], 20);
	assert_int_equal(waited[1][SCHED_HAD(2)], 520);
	assert_int_equal(vcpus[0].sched.stolen, 90);
	assert_int_equal(vcpus[1].sched.stolen, 520);
	assert_int_equal(vcpus[2].sched.stolen, 0);
}

/* A CPU that is measured tells what its only vCPU did not want. */
static void idle_is_measured(void **state)
{
	uint64_t span;

	(void)state;
	add(0, 100);
	assert_int_equal(policy_idle(&cpu, now, &span), 0);
	assert_int_equal(span, 0);
	cpu.measured = now;
	cpu.measured_of = &vcpus[0];
	ready(0, true);
	run(300);
	assert_int_equal(policy_idle(&cpu, now, &span), 0);
	ready(0, false);
	run(700);
	assert_int_equal(policy_idle(&cpu, now, &span), 700);
	assert_int_equal(span, 1000);
	/* what has not been charged yet counts too */
	ready(0, true);
	choose();
	now += 50;
	assert_int_equal(policy_idle(&cpu, now, &span), 700);
	assert_int_equal(span, 1050);
	/* it was asked for of this one: not of who comes after it */
	policy_remove(&cpu, &vcpus[0], now);
	add(1, 100);
	run(100);
	assert_int_equal(policy_idle(&cpu, now, &span), 0);
	assert_int_equal(span, 0);
	/* nor if whoever asked did so while it left */
	cpu.measured = now;
	cpu.measured_of = &vcpus[7];
	assert_false(policy_is_measured(&cpu));
	assert_int_equal(policy_idle(&cpu, now, &span), 0);
	assert_int_equal(span, 0);
}

/* However a frame is divided, its ticks are the same: CPUs with equal frames stay in step. */
static void equal_frames_have_equal_ticks(void **state)
{
	static const struct window_config parts[] = {{.us = 333},
						     {.us = 1},
						     {.us = 299},
						     {.us = 367}};
	static const struct window_config whole[] = {{.us = 1000}};
	const uint64_t frequencies[] = {62500000, 19200000, 33333333, 1000000000, 1000000};
	struct schedule_config a = {.window_count = ARRAY_COUNT(parts), .window = parts};
	struct schedule_config b = {.window_count = ARRAY_COUNT(whole), .window = whole};

	(void)state;
	for (uint32_t i = 0; i < ARRAY_COUNT(frequencies); i++) {
		uint64_t sum = 0;

		for (uint32_t k = 0; k < a.window_count; k++) {
			sum += share_window_ticks(&a, k, frequencies[i]);
		}
		assert_int_equal(sum, share_window_ticks(&b, 0, frequencies[i]));
	}
}

/* What it ran and waited stays counted; who stays has the CPU. */
static void leaves(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 3; i++) {
		add(i, 100);
		ready(i, true);
	}
	run(6 * SLICE);
	assert_ptr_equal(choose(), &vcpus[0]);
	now += SLICE / 2;
	policy_remove(&cpu, &vcpus[0], now);
	assert_int_equal(ran(0), 2 * SLICE + SLICE / 2);
	assert_int_equal(vcpus[0].sched.stolen, 4 * SLICE);
	policy_remove(&cpu, &vcpus[2], now);
	assert_int_equal(vcpus[2].sched.stolen, 4 * SLICE + SLICE / 2);
	assert_int_equal(cpu.count, 1);
	assert_ptr_equal(choose(), &vcpus[1]);
	assert_true(cpu.until == UINT64_MAX);
	/* it comes again, behind who is there, with a whole slice, and did not wait meanwhile */
	now += 100 * SLICE;
	policy_add(&cpu, &vcpus[0]);
	run(2 * SLICE);
	assert_int_equal(ran(0), 3 * SLICE + SLICE / 2);
	assert_int_equal(vcpus[0].sched.stolen, 5 * SLICE);
}

/* Of the time in which the CPU was one vCPU's nothing is counted. */
static void begins(void **state)
{
	(void)state;
	add(0, 100);
	ready(0, true);
	choose();
	now += 1000 * SLICE;
	policy_begin(&cpu, now);
	add(1, 100);
	ready(1, true);
	run(2 * SLICE);
	assert_int_equal(ran(0), SLICE);
	assert_int_equal(ran(1), SLICE);
}
int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE_IN("a higher priority goes first, and its time is stolen from others",
			priorities, set_up),
		CASE_IN("equals take turns of a slice", turns, set_up),
		CASE_IN("two that wake each other starve no third", ping_pong_starves_nobody,
			set_up),
		CASE_IN("a budget is kept to the tick", budget_is_kept, set_up),
		CASE_IN("a budget is a limit", budget_ends, set_up),
		CASE_IN("in the background it may have what nobody wants", background, set_up),
		CASE_IN("who sleeps long has its budget when it wakes", budget_of_a_sleeper,
			set_up),
		CASE_IN("what is overdrawn is paid back", overdrawn, set_up),
		CASE_IN("budgets that add up to nearly all of a CPU are kept", full_house, set_up),
		CASE_IN("two of one VM have their budgets too", mates_have_their_budgets, set_up),
		CASE_IN("who interrupts another pays for the switches", who_interrupts_pays,
			set_up),
		CASE_IN("who pays is within its budget", who_pays_is_within_its_budget, set_up),
		CASE_IN("who interrupts at the end of a slice pays",
			who_interrupts_at_the_end_of_a_slice_pays, set_up),
		CASE_IN("who has nothing pays nothing", who_has_nothing_pays_nothing, set_up),
		CASE_IN("who hurried is paid nothing", who_hurried_is_paid_nothing, set_up),
		CASE_IN("a window that begins costs nobody", windows_cost_nobody, set_up),
		CASE_IN("windows are their VM's alone, and do not drift", windows, set_up),
		CASE_IN("time is told that has not been charged yet", time_so_far, set_up),
		CASE_IN("a window is given up so that the next begins in time", windows_lead,
			set_up),
		CASE_IN("who takes the CPU from others begins before its timer is due", leads,
			set_up),
		CASE_IN("a stop lets in who waits until its timer is due, once",
			stop_lets_who_is_early_in, set_up),
		CASE_IN("a stop is looked at whoever's time it is", stop_comes_first, set_up),
		CASE_IN("a stop lets in who is woken just then, once", stop_lets_in, set_up),
		CASE_IN("who hurries has no turn by that", who_hurries_has_no_turn, set_up),
		CASE_IN("of many that hurry each gets there", who_hurries_lets_others_hurry,
			set_up),
		CASE_IN("a VM's question waits for its turn", a_question_waits_for_its_turn,
			set_up),
		CASE_IN("who is asked answers and holds still", held, set_up),
		CASE_IN("who leaves takes what was counted along", leaves, set_up),
		CASE_IN("a CPU that is shared from now on counts from now on", begins, set_up),
		CASE_IN("run, stolen and idle times add up", adds_up, set_up),
		CASE_IN("who had the CPU while a vCPU waited is counted, and adds up to what was "
			"stolen",
			waits_for_somebody, set_up),
		CASE_IN("idle time of a CPU that is measured is told", idle_is_measured, set_up),
		CASE("equal frames have equal ticks", equal_frames_have_equal_ticks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
