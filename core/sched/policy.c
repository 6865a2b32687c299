/* SPDX-License-Identifier: Apache-2.0 */
/* Windows, priorities, budgets and turns: core/sched/sched.h. */
#include "core/sched/policy.h"

#include "core/base/bits.h"
#include "core/vm/vm.h"

/* Of what is compiled twice, for CPUs with budgets and for those without: measured. */
#define IN_LINE static inline __attribute__((always_inline))

#define RAN_TRIES 3 /* to read what another CPU charges meanwhile */

/* `attention`: of the vCPU, its events and hold. */
static inline bool is_ready(const struct vcpu *vcpu, uint64_t attention)
{
	if (likely(attention == 0)) {
		return atomic_read_acquire(&vcpu->vgic.ask_count) == 0 || vcpu->job != NULL;
	}
	if (unlikely((vcpu->hold & VCPU_HOLD_PAUSED) != 0)) {
		return (atomic_read(&vcpu->events) & VCPU_EVENTS_PAUSED) != 0;
	}
	return vcpu_has_events(vcpu) || vcpu->job != NULL;
}

bool policy_is_ready(const struct vcpu *vcpu)
{
	return is_ready(vcpu, atomic_read(&vcpu->attention));
}

/* -- windows -- */

static void __attribute__((noinline)) find_window(struct sched_cpu *cpu, uint64_t now)
{
	uint64_t at, end = 0;

	/* by the counter alone: nothing that comes late adds up */
	now += cpu->lead;
	at = now % cpu->major;
	for (uint32_t i = 0; i < cpu->window_count; i++) {
		end += cpu->window_length[i];
		if (at < end) {
			cpu->window_end = now - at + end - cpu->lead;
			if (cpu->window_vm != cpu->window_owner[i]) {
				cpu->window_vm = cpu->window_owner[i];
				cpu->window_begin = now - at + end - cpu->window_length[i];
			}
			return;
		}
	}
}

static inline bool has_window(const struct sched_cpu *cpu, const struct vcpu *vcpu)
{
	return likely(cpu->window_count == 0) || vcpu->vm == cpu->window_vm;
}

/* -- budgets -- */

static bool has_budget(const struct sched_vcpu *s)
{
	return s->budget != 0;
}

static bool is_exhausted(const struct sched_vcpu *s)
{
	return has_budget(s) && s->budget_left <= 0;
}

/* A period is over: the next follows on it, or begins now where it lies in the past too. What was
 * used in advance is paid for. */
static void renew(struct sched_vcpu *s, uint64_t now)
{
	s->budget_left = MIN(s->budget_left, (int64_t)0) + (int64_t)s->budget;
	s->deadline += s->period;
	if (s->deadline <= now) {
		s->deadline = now + s->period;
		s->budget_left = (int64_t)s->budget;
	}
}

/*
 * It becomes ready: would the rest of its budget, used until its deadline, be more than its share
 * of that time, a new period begins. Products of two periods fit: each is a second at most.
 */
static void wake_budget(struct sched_vcpu *s, uint64_t now)
{
	if (now >= s->deadline || (s->budget_left > 0 && (uint64_t)s->budget_left * s->period >
								 (s->deadline - now) * s->budget)) {
		s->budget_left = (int64_t)s->budget;
		s->deadline = now + s->period;
	}
}

/*
 * It was its turn, and would be still: who comes in between pays for the way there and back as far
 * as it falls into the time of who is interrupted, with what it has. That one's budget has it back:
 * the sum of all stays what it is.
 */
static void __attribute__((noinline))
pay_for_switches(const struct sched_cpu *cpu, struct sched_vcpu *payer, struct vcpu *interrupted)
{
	struct sched_vcpu *s = &interrupted->sched;
	int64_t cost = MIN(cpu->switch_cost, payer->budget_left);

	if (cost <= 0 || &interrupted->sched == payer || !s->ready || is_exhausted(s) ||
	    !has_window(cpu, interrupted)) {
		return;
	}
	payer->budget_left -= cost;
	if (has_budget(s)) {
		s->budget_left += cost;
	}
}

/* -- time -- */

/* False: it is used up. */
static inline bool use_slice(struct sched_vcpu *s, uint64_t ran)
{
	if (ran >= s->slice_left) {
		return false;
	}
	s->slice_left -= ran;
	return true;
}

IN_LINE void charge(struct sched_cpu *cpu, uint64_t now, bool budgets)
{
	uint64_t ran = now - cpu->since;
	struct sched_vcpu *s, *donor;

	atomic_set(&cpu->since, now);
	if (cpu->current == NULL) {
		return;
	}
	s = &cpu->current->sched;
	donor = &cpu->donor->sched;
	/* policy_ran() reads it first: `since` is no older */
	atomic_set_release(&s->ran, s->ran + ran);
	if (budgets && has_budget(donor) && !cpu->in_background) {
		donor->budget_left -= (int64_t)ran;
	}
	if (unlikely(!cpu->in_turn)) {
		return; /* it has given way: that was of the turn that it ended so */
	}
	if (!use_slice(s, ran) || (unlikely(donor != s) && !use_slice(donor, ran))) {
		policy_end_turn(cpu, SCHED_TURN_CUT_OFF);
	}
}

/* It has waited until now while the CPU was of `who`, or nobody's. What comes
 * after that is a wait of its own. */
static inline void add_wait(const struct vcpu *who, struct sched_vcpu *s, uint64_t now)
{
	uint64_t span = now - s->waits_since;

	s->stolen += span;
	s->waited[who == NULL ? SCHED_HAD_NOBODY : who->sched.had] += span;
}

static void charge_wait(const struct vcpu *who, struct sched_vcpu *s, uint64_t now)
{
	add_wait(who, s, now);
	s->waits_since = now;
}

/* All that wait; before the CPU becomes another's. */
static void __attribute__((noinline)) charge_waits(const struct sched_cpu *cpu, uint64_t now)
{
	POLICY_EACH(cpu, vcpu)
	{
		if (vcpu->sched.ready && vcpu != cpu->current) {
			charge_wait(cpu->current, &vcpu->sched, now);
		}
	}
}

/* It has become ready, or no longer is. */
static void __attribute__((noinline)) change(struct sched_cpu *cpu, struct vcpu *vcpu, uint64_t now)
{
	struct sched_vcpu *s = &vcpu->sched;

	s->ready = !s->ready;
	if (!s->ready) {
		if (unlikely(vcpu != cpu->current)) {
			charge_wait(cpu->current, s, now);
		}
		return;
	}
	s->ticket = s->own_ticket = ++cpu->ticket;
	s->slice_left = s->slice;
	s->turn = SCHED_TURN_NONE;
	s->waits_since = now;
	if (has_budget(s)) {
		wake_budget(s, now);
	}
}

/* -- the order -- */

/* Does `a` go before `b`? Both are ready and may run, within their budgets or both beyond. */
IN_LINE bool is_before(const struct sched_cpu *cpu, const struct vcpu *a, const struct vcpu *b,
		       bool budgets)
{
	const struct sched_vcpu *x = &a->sched, *y = &b->sched;

	if (x->priority != y->priority) {
		return x->priority > y->priority;
	}
	if (budgets && (x->budget | y->budget) != 0) {
		/* of one without a budget nothing is left */
		if ((x->budget_left > 0) != (y->budget_left > 0)) {
			return x->budget_left > 0;
		}
		if (x->budget_left > 0 && x->deadline != y->deadline) {
			return x->deadline < y->deadline;
		}
	}
	if (cpu->in_turn && (a == cpu->donor || b == cpu->donor)) {
		return a == cpu->donor;
	}
	return x->ticket < y->ticket;
}

/* It may have the CPU now, in this pass: of those within their budgets, or beyond. */
static bool is_candidate(const struct sched_cpu *cpu, const struct vcpu *vcpu, bool background)
{
	const struct sched_vcpu *s = &vcpu->sched;

	return s->ready && has_window(cpu, vcpu) && is_exhausted(s) == background &&
	       (!background || s->background);
}

/* Whose turn it is, `first`, it shares with those of its VM, whatever their own priorities, budgets
 * and turns are, since all that these have in its place is its own: the first that waits, or who
 * has it now. */
static struct vcpu *__attribute__((noinline))
turn_of(const struct sched_cpu *cpu, struct vcpu *first, bool background)
{
	struct vcpu *turn = first;

	POLICY_EACH(cpu, vcpu)
	{
		if (vcpu->vm != first->vm || !is_candidate(cpu, vcpu, background)) {
			continue;
		}
		if (cpu->in_turn && vcpu == cpu->current) {
			return vcpu;
		}
		if (vcpu->sched.own_ticket < turn->sched.own_ticket) {
			turn = vcpu;
		}
	}
	return turn;
}

/* It lost the CPU in the middle of what it did, with its slice or to a higher priority: it may hold
 * a lock. Others have slept since, or wait for one themselves. */
static bool is_cut_off(const struct sched_vcpu *s)
{
	return s->turn == SCHED_TURN_CUT_OFF ||
	       (s->turn == SCHED_TURN_NONE && s->slice_left != s->slice);
}

/* The ticket of who has waited for the longest of its equals of other VMs. */
static uint64_t oldest_of_others(const struct sched_cpu *cpu, const struct vcpu *vcpu)
{
	uint64_t oldest = UINT64_MAX;

	POLICY_EACH(cpu, other)
	{
		if (other->vm != vcpu->vm && other->sched.ready &&
		    other->sched.priority == vcpu->sched.priority) {
			oldest = MIN(oldest, other->sched.ticket);
		}
	}
	return oldest;
}

/* Who has waited for the longest of these: for a turn that those of its VM share, and its own. This
 * one is sooner than it was, past each equal of another VM once between two turns of that one. */
void policy_let_heir_go_first(struct sched_cpu *cpu, const struct vcpu *vcpu)
{
	struct vcpu *heir = NULL;

	POLICY_EACH(cpu, mate)
	{
		if (mate->vm == vcpu->vm && mate != vcpu && is_cut_off(&mate->sched) &&
		    is_candidate(cpu, mate, cpu->in_background) &&
		    (heir == NULL || mate->sched.own_ticket < heir->sched.own_ticket)) {
			heir = mate;
		}
	}
	if (heir == NULL) {
		return;
	}
	heir->sched.own_ticket = 0;
	if (heir->sched.passed < oldest_of_others(cpu, heir)) {
		heir->sched.passed = cpu->ticket;
		heir->sched.ticket = 0;
	}
}

/* One that is within its budget shares no turns, unless it gives way: they cost it what its budget
 * is sure of. */
static inline bool has_turns(const struct sched_vcpu *s, bool background)
{
	return s->turn != SCHED_TURN_NONE && s->has_mates &&
	       (likely(!has_budget(s)) || background || s->turn == SCHED_TURN_GIVEN);
}

static inline struct vcpu *in_turn(struct sched_cpu *cpu, struct vcpu *first, bool background)
{
	cpu->donor = first;
	return first != NULL && has_turns(&first->sched, background) ?
		       turn_of(cpu, first, background) :
		       first;
}

/* Those that have used up their budgets. */
static struct vcpu *__attribute__((noinline)) best_in_background(struct sched_cpu *cpu)
{
	struct vcpu *first = NULL;

	POLICY_EACH(cpu, vcpu)
	{
		if (is_candidate(cpu, vcpu, true) &&
		    (first == NULL || is_before(cpu, vcpu, first, true))) {
			first = vcpu;
		}
	}
	cpu->in_background = first != NULL;
	return in_turn(cpu, first, true);
}

/* One with a budget: a new period where it is time. False: it has used it up, and waits. */
static bool __attribute__((noinline))
has_budget_left(struct sched_cpu *cpu, struct sched_vcpu *s, uint64_t now)
{
	if (now >= s->deadline) {
		renew(s, now);
	}
	if (is_exhausted(s)) {
		cpu->renewal = MIN(cpu->renewal, s->deadline);
		return false;
	}
	return true;
}

/* A stop or a move goes first, which is a few hundred instructions, whoever's time it is. But not
 * one on the other: who is woken meanwhile waits for one of them at most. */
static bool __attribute__((noinline)) may_hurry(struct sched_cpu *cpu, uint64_t now)
{
	if (now >= cpu->urgent_from) {
		return true;
	}
	cpu->renewal = MIN(cpu->renewal, cpu->urgent_from);
	return false;
}

/* Of those that hurry the one that did so least recently. */
static struct vcpu *__attribute__((noinline)) hurried_first(struct vcpu *a, struct vcpu *b)
{
	return a != NULL && a->sched.hurried <= b->sched.hurried ? a : b;
}

/* It has the CPU and waits until its timer is due. */
static bool is_early(const struct vcpu *vcpu)
{
	return (atomic_read(&vcpu->events) & VCPU_EVENT_TIMER) != 0;
}

/* One that hurries is found: does it let `first` in before it, who comes just now? Once: the next
 * time it goes, whoever comes. */
static bool __attribute__((noinline))
lets_in(struct sched_cpu *cpu, const struct vcpu *first, const struct vcpu *urgent, uint64_t now)
{
	cpu->urgent_from = now + cpu->urgent_gap;
	cpu->urgent_waits = !cpu->urgent_waits && first != NULL && first != urgent &&
			    (first != cpu->current || is_early(first));
	if (cpu->urgent_waits) {
		cpu->renewal = MIN(cpu->renewal, cpu->urgent_from);
	}
	return cpu->urgent_waits;
}

/* The best of all within their budgets. What has become of each since it was seen last is noted. */
IN_LINE struct vcpu *best(struct sched_cpu *cpu, uint64_t now, bool budgets)
{
	struct vcpu *first = NULL, *first_of_all = NULL;
	const bool anybody = likely(cpu->window_count == 0);
	uint32_t ready_count = 0;

	cpu->renewal = UINT64_MAX;
	cpu->hurries = false;
	POLICY_EACH(cpu, vcpu)
	{
		uint64_t attention = atomic_read(&vcpu->attention);
		struct sched_vcpu *s = &vcpu->sched;
		bool ready = is_ready(vcpu, attention);

		if (unlikely(ready != s->ready)) {
			change(cpu, vcpu, now);
		}
		if (!ready) {
			continue;
		}
		ready_count++;
		if (unlikely(attention != 0) &&
		    (atomic_read(&vcpu->events) & VCPU_EVENTS_URGENT) != 0 && may_hurry(cpu, now)) {
			first_of_all = hurried_first(first_of_all, vcpu);
		}
		if (budgets && has_budget(s) && !has_budget_left(cpu, s, now)) {
			continue;
		}
		if ((anybody || vcpu->vm == cpu->window_vm) &&
		    (first == NULL || is_before(cpu, vcpu, first, budgets))) {
			first = vcpu;
		}
	}
	cpu->ready_count = ready_count;
	if (unlikely(first_of_all != NULL) && !lets_in(cpu, first, first_of_all, now)) {
		cpu->donor = first_of_all;
		cpu->hurries = first_of_all != first;
		first_of_all->sched.hurried = now;
		return first_of_all;
	}
	return in_turn(cpu, first, false);
}

static inline void choose(struct sched_cpu *cpu, struct vcpu *next, uint64_t now)
{
	struct vcpu *before = cpu->current;

	/* who hurries has no turn by that, among its equals neither */
	cpu->in_turn = next != NULL && likely(!cpu->hurries);
	if (next == before) {
		return;
	}
	if (likely(next != NULL) &&
	    ((cpu->count == 2 && likely(before != NULL)) || cpu->ready_count == 1)) {
		/* nobody else has waited */
		add_wait(before, &next->sched, now);
	} else if (cpu->ready_count != 0) {
		charge_waits(cpu, now);
	}
	if (before != NULL) {
		before->sched.waits_since = now;
	}
	cpu->current = next;
}

/* Somebody else is ready whose turn would be next. */
static bool has_rival(const struct sched_cpu *cpu)
{
	const struct vcpu *me = cpu->current;

	POLICY_EACH(cpu, other)
	{
		if (other != me && other->sched.ready &&
		    (other->vm == me->vm || other->sched.priority == cpu->donor->sched.priority)) {
			return true;
		}
	}
	return false;
}

/* Until when the choice stands if nobody becomes ready; no later than the timer is set for. */
IN_LINE uint64_t stands_until(const struct sched_cpu *cpu, uint64_t now, bool budgets)
{
	const struct sched_vcpu *s, *donor;
	uint64_t until = MIN(cpu->armed, cpu->renewal), left;

	if (unlikely(cpu->window_count != 0)) {
		until = MIN(until, cpu->window_end);
	}
	if (cpu->current == NULL) {
		return until;
	}
	s = &cpu->current->sched;
	donor = &cpu->donor->sched;
	if (budgets && has_budget(donor) && !cpu->in_background && !cpu->hurries) {
		until = MIN(until, now + (uint64_t)donor->budget_left);
	}
	left = MIN(s->slice_left, donor->slice_left);
	if (cpu->ready_count > 1 && now + left < until && has_rival(cpu)) {
		until = now + left;
	}
	return until;
}

void policy_add(struct sched_cpu *cpu, struct vcpu *vcpu)
{
	struct vcpu **end = &cpu->first;

	/* it is seen to become ready here */
	vcpu->sched.ready = false;
	vcpu->sched.slice_left = vcpu->sched.slice;
	vcpu->sched.next = NULL;
	while (*end != NULL) {
		end = &(*end)->sched.next;
	}
	/* at boot the CPU may look at its list meanwhile, and finds nobody ready */
	atomic_set_release(end, vcpu);
	cpu->count++;
	cpu->budget_count += has_budget(&vcpu->sched);
}

void policy_remove(struct sched_cpu *cpu, struct vcpu *vcpu, uint64_t now)
{
	struct vcpu **at = &cpu->first;

	charge(cpu, now, true);
	charge_waits(cpu, now);
	if (vcpu == cpu->current) {
		cpu->current = cpu->donor = NULL;
		cpu->in_turn = false;
	} else if (vcpu == cpu->donor) {
		cpu->donor = cpu->current;
		cpu->in_turn = false;
	}
	while (*at != vcpu) {
		at = &(*at)->sched.next;
	}
	*at = vcpu->sched.next;
	cpu->count--;
	cpu->budget_count -= has_budget(&vcpu->sched);
	cpu->in_background = cpu->in_background && cpu->budget_count != 0;
	/* it was asked for of who was there */
	atomic_set(&cpu->measured, UINT64_C(0));
}

/* Does it take the CPU from others when its timer is due? */
static bool takes_over(const struct sched_cpu *cpu, const struct sched_vcpu *s, uint32_t lowest)
{
	return s->priority > lowest || cpu->window_count != 0 || (has_budget(s) && cpu->count > 1);
}

void policy_set_leads(struct sched_cpu *cpu)
{
	uint32_t lowest = UINT32_MAX;

	POLICY_EACH(cpu, vcpu)
	{
		lowest = MIN(lowest, vcpu->sched.priority);
	}
	POLICY_EACH(cpu, vcpu)
	{
		struct sched_vcpu *s = &vcpu->sched;

		s->lead = takes_over(cpu, s, lowest) ? cpu->lead : 0;
	}
}

void policy_begin(struct sched_cpu *cpu, uint64_t now)
{
	cpu->since = now;
	cpu->current = cpu->donor = NULL;
	cpu->in_turn = false;
	POLICY_EACH(cpu, vcpu)
	{
		vcpu->sched.ready = false;
	}
}

uint64_t __attribute__((noinline))
policy_ran(const struct sched_cpu *cpu, const struct vcpu *vcpu, uint64_t now)
{
	uint64_t since, ran;

	/* again where it is charged meanwhile */
	for (uint32_t i = 0; i < RAN_TRIES; i++) {
		ran = atomic_read_acquire(&vcpu->sched.ran);
		since = atomic_read_acquire(&cpu->since);
		if (!atomic_read(&cpu->shared) || atomic_read_acquire(&cpu->current) != vcpu) {
			break;
		}
		if (atomic_read_acquire(&vcpu->sched.ran) == ran &&
		    atomic_read(&cpu->since) == since) {
			return now > since ? ran + now - since : ran;
		}
	}
	/* all of it: charged before it lost the CPU */
	return atomic_read_acquire(&vcpu->sched.ran);
}

uint64_t policy_idle(const struct sched_cpu *cpu, uint64_t now, uint64_t *span)
{
	uint64_t since = atomic_read(&cpu->measured), ran;
	const struct vcpu *vcpu = atomic_read(&cpu->first);

	*span = 0;
	if (since == 0 || vcpu == NULL || cpu->count != 1 || !policy_is_measured(cpu)) {
		return 0;
	}
	ran = policy_ran(cpu, vcpu, now) - cpu->measured_ran;
	*span = now - since;
	return *span - MIN(ran, *span);
}

IN_LINE struct vcpu *choose_among(struct sched_cpu *cpu, uint64_t now, bool budgets)
{
	/* its turn may be over with what is charged: that ends no period */
	struct vcpu *next, *donor = budgets && cpu->in_turn ? cpu->donor : NULL;

	charge(cpu, now, budgets);
	if (unlikely(cpu->window_count != 0)) {
		find_window(cpu, now);
	}
	if (budgets) {
		cpu->in_background = false;
	}
	next = best(cpu, now, budgets);
	if (budgets && next == NULL && cpu->renewal != UINT64_MAX) {
		next = best_in_background(cpu);
	} else if (next != NULL && donor != NULL && has_budget(&cpu->donor->sched)) {
		pay_for_switches(cpu, &cpu->donor->sched, donor);
	}
	choose(cpu, next, now);
	cpu->until = stands_until(cpu, now, budgets);
	return next;
}

static struct vcpu *__attribute__((noinline)) choose_by_budgets(struct sched_cpu *cpu, uint64_t now)
{
	return choose_among(cpu, now, true);
}

struct vcpu *policy_choose(struct sched_cpu *cpu, uint64_t now)
{
	return unlikely(cpu->budget_count != 0) ? choose_by_budgets(cpu, now) :
						  choose_among(cpu, now, false);
}
