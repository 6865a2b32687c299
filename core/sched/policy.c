/* SPDX-License-Identifier: Apache-2.0 */
/* Windows, priorities, budgets and turns: core/sched/sched.h. */
#include "core/sched/policy.h"

#include "core/base/bits.h"

bool policy_is_ready(const struct vcpu *vcpu)
{
	return vcpu_has_events(vcpu) || vcpu->job != NULL ||
	       (vcpu->hold == 0 && atomic_read_acquire(&vcpu->vgic.ask_count) == 0);
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

/* -- turns -- */

static void to_the_end(struct sched_cpu *cpu, struct sched_vcpu *s)
{
	s->ticket = ++cpu->ticket;
	s->slice_left = s->slice;
}

void policy_yield(struct sched_cpu *cpu, struct vcpu *vcpu)
{
	to_the_end(cpu, &vcpu->sched);
	vcpu->sched.expired = true;
	cpu->in_turn = false;
}

/* -- time -- */

static void charge(struct sched_cpu *cpu, uint64_t now)
{
	uint64_t ran = now - cpu->since;
	struct sched_vcpu *s;

	cpu->since = now;
	if (cpu->current == NULL) {
		return;
	}
	s = &cpu->current->sched;
	s->ran += ran;
	if (has_budget(s) && !cpu->in_background) {
		s->budget_left -= (int64_t)ran;
	}
	if (ran < s->slice_left) {
		s->slice_left -= ran;
	} else {
		policy_yield(cpu, cpu->current);
	}
}

/* What has become of each since it was seen last. */
static void look_at(struct sched_cpu *cpu, struct vcpu *vcpu, uint64_t now)
{
	struct sched_vcpu *s = &vcpu->sched;
	bool ready = policy_is_ready(vcpu);

	if (ready && !s->ready) {
		to_the_end(cpu, s);
		s->expired = false;
		s->waits_since = now;
		if (has_budget(s)) {
			wake_budget(s, now);
		}
	} else if (has_budget(s) && ready && now >= s->deadline) {
		renew(s, now);
	}
	s->ready = ready;
}

/* -- the order -- */

static struct vm *window(struct sched_cpu *cpu, uint64_t now)
{
	uint64_t at, end = 0;

	cpu->window_end = UINT64_MAX;
	if (cpu->window_count == 0) {
		return NULL;
	}
	/* by the counter alone: nothing that comes late adds up */
	at = now % cpu->major;
	for (uint32_t i = 0; i < cpu->window_count; i++) {
		end += cpu->window_length[i];
		if (at < end) {
			cpu->window_end = now - at + end;
			return cpu->window_owner[i];
		}
	}
	return NULL;
}

/* Does `a` go before `b`? Both are ready and may run; in the background both or neither. */
static bool is_before(const struct sched_cpu *cpu, const struct vcpu *a, const struct vcpu *b)
{
	const struct sched_vcpu *x = &a->sched, *y = &b->sched;
	bool x_budget = has_budget(x) && !is_exhausted(x);
	bool y_budget = has_budget(y) && !is_exhausted(y);

	if (x->priority != y->priority) {
		return x->priority > y->priority;
	}
	if (x_budget != y_budget) {
		return x_budget;
	}
	if (x_budget && x->deadline != y->deadline) {
		return x->deadline < y->deadline;
	}
	if (cpu->in_turn && (a == cpu->current || b == cpu->current)) {
		return a == cpu->current;
	}
	return x->ticket < y->ticket;
}

/* May it have the CPU in this pass: of those within their budget, or of those in the background? */
static bool is_candidate(const struct sched_cpu *cpu, const struct vcpu *vcpu,
			 const struct vm *owner, bool background)
{
	const struct sched_vcpu *s = &vcpu->sched;

	return s->ready && (cpu->window_count == 0 || vcpu->vm == owner) &&
	       is_exhausted(s) == background && (!background || s->background);
}

static struct vcpu *best(const struct sched_cpu *cpu, const struct vm *owner, bool background)
{
	struct vcpu *first = NULL, *turn;

	POLICY_EACH(cpu, vcpu)
	{
		if (is_candidate(cpu, vcpu, owner, background) &&
		    (first == NULL || is_before(cpu, vcpu, first))) {
			first = vcpu;
		}
	}
	if (first == NULL || !first->sched.expired) {
		return first;
	}
	/* turns among those of its VM */
	turn = first;
	POLICY_EACH(cpu, vcpu)
	{
		if (vcpu->vm != first->vm || !is_candidate(cpu, vcpu, owner, background)) {
			continue;
		}
		if (cpu->in_turn && vcpu == cpu->current) {
			return vcpu;
		}
		if (vcpu->sched.ticket < turn->sched.ticket) {
			turn = vcpu;
		}
	}
	return turn;
}

static void choose(struct sched_cpu *cpu, struct vcpu *next, uint64_t now)
{
	struct vcpu *before = cpu->current;

	if (next == before) {
		cpu->in_turn = next != NULL;
		return;
	}
	if (before != NULL && before->sched.ready) {
		before->sched.waits_since = now;
	}
	if (next != NULL) {
		next->sched.stolen += now - next->sched.waits_since;
	}
	cpu->current = next;
	cpu->in_turn = next != NULL;
}

struct vcpu *policy_choose(struct sched_cpu *cpu, uint64_t now)
{
	struct vcpu *next = NULL;
	struct vm *owner;

	charge(cpu, now);
	owner = window(cpu, now);
	POLICY_EACH(cpu, vcpu)
	{
		look_at(cpu, vcpu, now);
		if ((atomic_read(&vcpu->events) & VCPU_EVENT_STOP) != 0) {
			/* a few hundred instructions, whoever's time it is */
			next = vcpu;
		}
	}
	cpu->in_background = false;
	if (next == NULL) {
		next = best(cpu, owner, false);
	}
	if (next == NULL) {
		next = best(cpu, owner, true);
		cpu->in_background = next != NULL;
	}
	choose(cpu, next, now);
	return next;
}

/* Somebody else is ready whose turn would be next. */
static bool has_rival(const struct sched_cpu *cpu)
{
	const struct vcpu *me = cpu->current;

	POLICY_EACH(cpu, other)
	{
		if (other != me && other->sched.ready &&
		    (other->vm == me->vm || other->sched.priority == me->sched.priority)) {
			return true;
		}
	}
	return false;
}

uint64_t policy_until(const struct sched_cpu *cpu, uint64_t now)
{
	const struct vcpu *current = cpu->current;
	uint64_t until = cpu->window_end;

	if (current != NULL && has_rival(cpu)) {
		until = MIN(until, now + current->sched.slice_left);
	}
	if (current != NULL && has_budget(&current->sched) && !cpu->in_background) {
		until = MIN(until, now + (uint64_t)current->sched.budget_left);
	}
	POLICY_EACH(cpu, vcpu)
	{
		const struct sched_vcpu *s = &vcpu->sched;

		if (s->ready && is_exhausted(s)) {
			until = MIN(until, s->deadline);
		}
	}
	return until;
}
