/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Does each vCPU have its budget in each period, whenever it wakes? What can't be proved is noted.
 *
 * Rivals are all vCPUs of the CPU; where it has a schedule those of the same VM, which have its
 * windows for themselves. In any time t, one with a budget runs for at most
 *
 *	share * (t + period - budget) + budget	what it does at a higher priority,
 *	share * t				what it has to have done by deadlines in that time,
 *						of periods that began in it.
 *
 * A period is a time of its own, and a time that is busy until the period's end may have begun
 * before it: one look at each, and one of the two has to prove it. Sums are in 2^-32 us. They fit
 * into 64 bits: shares are no more than the whole (check_cpus.c), times less than 2^31 us, and
 * vCPUs 64.
 */
#include "core/config/checker.h"
#include "core/sched/share.h"

/* Of budgets below this, what EL2 takes for a switch to the vCPU and the timer at the end is more
 * than a hundredth: 1 to 3 us in each period, which are charged to it. */
#define SMALL_BUDGET_US 100

/* A vCPU, and what it has of its CPU. */
struct claim {
	const struct config *config;
	struct checker_vcpu who;
	const struct vcpu_config *vcpu;
	const struct schedule_config *schedule; /* NULL: none */
	uint64_t mine, frame;			/* us of windows in each frame of so many */
};

/* What others may take of it. */
struct demand {
	uint64_t above;	 /* higher priorities, beside their shares */
	uint64_t shares; /* of all, its own too */
	uint64_t before; /* its equals, in one of its periods */
	bool endless;	 /* a higher priority without a budget */
	struct checker_vcpu culprit;
	bool has_culprit; /* somebody has a higher priority */
};

/* -- what there is -- */

/* Of its windows, in `us` (no more than a frame) from the beginning of window `from` on. */
static uint64_t windows_from(const struct claim *claim, uint32_t from, uint64_t us)
{
	const struct schedule_config *schedule = claim->schedule;
	uint64_t sum = 0;

	for (uint32_t i = 0; us != 0 && i < schedule->window_count; i++) {
		const struct window_config *window =
			&schedule->window[(from + i) % schedule->window_count];
		uint64_t part = MIN(us, (uint64_t)window->us);

		sum += window->vm == (int32_t)claim->who.vm ? part : 0;
		us -= part;
	}
	return sum;
}

/* The least in any `us`: in those that begin as one of its windows ends. */
static uint64_t least_in(const struct claim *claim, uint64_t us)
{
	uint64_t whole = us / claim->frame * claim->mine, rest = us % claim->frame, least = rest;

	for (uint32_t i = 0; rest != 0 && i < claim->schedule->window_count; i++) {
		if (claim->schedule->window[i].vm == (int32_t)claim->who.vm) {
			least = MIN(least, windows_from(claim, i + 1, rest));
		}
	}
	return whole + least;
}

/* -- what is asked for -- */

static void add_higher(struct demand *demand, const struct vcpu_config *rival,
		       const struct checker_vcpu *at)
{
	if (!demand->has_culprit || (rival->budget_us == 0 && !demand->endless)) {
		demand->culprit = *at;
		demand->has_culprit = true;
	}
	demand->endless = demand->endless || rival->budget_us == 0;
	if (rival->budget_us != 0) {
		demand->above += share_of_budget(rival) * (rival->period_us - rival->budget_us) +
				 ((uint64_t)rival->budget_us << 32);
	}
}

/* The one period that its equal is in when that of `me` begins, and those that begin and end before
 * its deadline. */
static uint64_t before_deadline(const struct vcpu_config *me, const struct vcpu_config *equal)
{
	uint64_t first = (uint64_t)equal->budget_us << 32;

	return equal->period_us >= me->period_us ?
		       first :
		       first + share_of_budget(equal) * (me->period_us - equal->budget_us);
}

static struct demand demand_on(const struct claim *claim, bool with_higher)
{
	const struct vcpu_config *me = claim->vcpu;
	struct demand demand = {.shares = share_of_budget(me)};

	CHECKER_EACH_ON(claim->config, me->cpu, at)
	{
		const struct vcpu_config *rival = checker_vcpu_at(claim->config, &at);

		if (rival == me || rival->priority < me->priority ||
		    (claim->schedule != NULL && at.vm != claim->who.vm)) {
			continue;
		}
		if (rival->priority == me->priority && rival->budget_us != 0) {
			demand.shares += share_of_budget(rival);
			demand.before += before_deadline(me, rival);
		} else if (rival->priority > me->priority && with_higher) {
			add_higher(&demand, rival, &at);
			demand.shares += share_of_budget(rival);
			demand.before += share_of_budget(rival) * me->period_us;
		}
	}
	return demand;
}

static bool is_proved(const struct claim *claim, const struct demand *demand)
{
	uint64_t period = claim->vcpu->period_us, idle = claim->frame - claim->mine;
	uint64_t own = (uint64_t)claim->vcpu->budget_us << 32, frames = period / claim->frame;
	uint64_t there = claim->schedule == NULL ? period : least_in(claim, period);

	if (demand->endless) {
		return false;
	}
	/* from its beginning on */
	if (demand->above + demand->before + own <= there << 32) {
		return true;
	}
	/* from before, in a time no shorter than the period: the worst are those that end just
	 * before a window of the VM, and the shortest of these is the worst, since shares are no
	 * more than the windows' */
	return demand->above + demand->shares * (frames * claim->frame + idle) <=
	       frames * claim->mine << 32;
}

/* -- notes -- */

static void note_windows(struct checker *c, const struct claim *claim)
{
	diag_note(c->diag, c->path, "vcpu-period-us",
		  "is %u us for vCPU %u, and the windows of this VM on CPU %u come again each %llu "
		  "us: in some periods it may get less than its budget",
		  claim->vcpu->period_us, claim->who.vcpu, claim->vcpu->cpu,
		  (unsigned long long)claim->frame);
}

static void note_higher(struct checker *c, const struct claim *claim, const struct demand *demand)
{
	diag_note(
		c->diag, c->path, "vcpu-budget-us",
		"that vCPU %u gets its budget on CPU %u can't be proved: vCPU %u of VM \"%s\" has "
		"a higher priority there",
		claim->who.vcpu, claim->vcpu->cpu, demand->culprit.vcpu,
		c->config->vm[demand->culprit.vm].name);
}

static void check_claim(struct checker *c, const struct checker_vcpu *who)
{
	struct claim claim = {
		.config = c->config,
		.who = *who,
		.vcpu = checker_vcpu_at(c->config, who),
		.mine = 1,
		.frame = 1,
	};
	struct demand demand;

	claim.schedule = checker_schedule_of(c->config, claim.vcpu->cpu);
	if (claim.schedule != NULL) {
		claim.mine = share_window_us(claim.schedule, (int32_t)who->vm);
		claim.frame = share_frame_us(claim.schedule);
	}
	demand = demand_on(&claim, false);
	if (!is_proved(&claim, &demand)) {
		note_windows(c, &claim);
		return;
	}
	demand = demand_on(&claim, true);
	if (!is_proved(&claim, &demand)) {
		note_higher(c, &claim, &demand);
	}
}

static void note_small(struct checker *c)
{
	for (uint32_t i = 0; i < c->vm->vcpu_count; i++) {
		uint32_t us = c->vm->vcpu[i].budget_us;

		if (us != 0 && us < SMALL_BUDGET_US) {
			diag_note(c->diag, c->path, "vcpu-budget-us",
				  "is %u us for vCPU %u: the switch to it and the timer at its "
				  "end, 1 to 3 us in each period, are charged to it and are more "
				  "than 1 %% of it",
				  us, i);
			return;
		}
	}
}

void checker_budgets(struct checker *c)
{
	for (uint32_t i = 0; i < c->config->vm_count; i++) {
		struct checker_vcpu who = {.vm = i};

		checker_look_at(c, &c->config->vm[i]);
		for (; !c->vm->refused && who.vcpu < c->vm->vcpu_count; who.vcpu++) {
			const struct vcpu_config *vcpu = &c->vm->vcpu[who.vcpu];

			if (vcpu->budget_us != 0 && vcpu->cpu != CONFIG_CPU_ANY) {
				check_claim(c, &who);
			}
		}
		if (!c->vm->refused) {
			note_small(c);
		}
	}
}
