/* SPDX-License-Identifier: Apache-2.0 */
/* Deadlines in order of time, the first of them in CNTHP_CVAL_EL2. */
#include "timer/deadline.h"

#include "core/arm64/barrier.h"
#include "core/arm64/sysreg.h"
#include "core/base/percpu.h"

/* Of a moment that is waited for. */
#define QUIET_BEFORE_US 1
#define QUIET_BEHIND_US 2

struct deadline_queue {
	struct list_node head;	  /* by time */
	struct list_node patient; /* the same */
	uint64_t patient_when;	  /* for the first of these, as the gap allows; UINT64_MAX: none */
	uint64_t gap_end;	  /* no patient one fires before */
	/* who has put off the first of these since one fired, a bit each */
	uint64_t passed[DEADLINE_WHO_MAX / 64];
	/* in between nothing fires but this one, and those above a rank */
	uint64_t quiet_from, quiet_end;
	const struct deadline *quiet_for;
	uint32_t quiet_rank;
	uint64_t gap, lead, microsecond; /* ticks */
	bool ready;
};

static PERCPU(struct deadline_queue, deadline_queue);

void deadline_init(struct deadline *deadline, struct vcpu *vcpu,
		   void (*fire)(struct deadline *deadline))
{
	list_init(&deadline->link);
	deadline->vcpu = vcpu;
	deadline->patient = false;
	deadline->who = DEADLINE_WHO_SCHED;
	deadline->rank = 0;
	deadline->fire = fire;
}

static struct deadline *first_of(const struct list_node *head)
{
	return CONTAINER_OF(head->next, struct deadline, link);
}

/* The patient ones, or the gap, are others than before. */
static void look_at_patient(struct deadline_queue *queue)
{
	queue->patient_when = list_is_empty(&queue->patient) ?
				      UINT64_MAX :
				      MAX(first_of(&queue->patient)->when, queue->gap_end);
}

static bool is_quiet(const struct deadline_queue *queue, uint64_t when)
{
	return when >= queue->quiet_from && when < queue->quiet_end;
}

/* The first would fire in a quiet time: when that is over, or when one comes that does fire. */
static uint64_t __attribute__((noinline)) behind_quiet(const struct deadline_queue *queue)
{
	for (const struct list_node *at = queue->head.next; at != &queue->head; at = at->next) {
		const struct deadline *next = CONTAINER_OF(at, struct deadline, link);

		if (!is_quiet(queue, next->when) || next == queue->quiet_for ||
		    next->rank > queue->quiet_rank) {
			return MIN(next->when, queue->quiet_end);
		}
	}
	return queue->quiet_end;
}

static void program(const struct deadline_queue *queue)
{
	uint64_t when = queue->patient_when;

	if (!list_is_empty(&queue->head)) {
		when = MIN(when, first_of(&queue->head)->when);
	}
	if (unlikely(is_quiet(queue, when))) {
		when = behind_quiet(queue);
	}
	sysreg_write(cnthp_cval_el2, when);
	/* off where there is none: an emulator that skips idle time would skip all there is */
	sysreg_write(cnthp_ctl_el2, when != UINT64_MAX ? CNT_CTL_ENABLE : 0);
	/* the new compare value before a WFI that it is to end */
	isb();
}

void deadline_set(struct deadline *deadline, uint64_t when)
{
	struct deadline_queue *queue = &this_cpu(deadline_queue);
	struct list_node *pos, *head = deadline->patient ? &queue->patient : &queue->head;

	if (!queue->ready) {
		return;
	}
	list_remove(&deadline->link);
	deadline->when = when;
	for (pos = head->next; pos != head; pos = pos->next) {
		if (CONTAINER_OF(pos, struct deadline, link)->when > when) {
			break;
		}
	}
	list_insert(pos, &deadline->link);
	if (deadline->patient) {
		look_at_patient(queue);
	}
	program(queue);
}

void deadline_cancel(struct deadline *deadline)
{
	struct deadline_queue *queue = &this_cpu(deadline_queue);

	if (list_is_empty(&deadline->link)) {
		return;
	}
	list_remove(&deadline->link);
	if (deadline->patient) {
		look_at_patient(queue);
	}
	program(queue);
}

static void move_all(struct list_node *head, const struct vcpu *vcpu, struct list_node *bag)
{
	struct list_node *next;

	for (struct list_node *at = head->next; at != head; at = next) {
		next = at->next;
		if (CONTAINER_OF(at, struct deadline, link)->vcpu == vcpu) {
			list_remove(at);
			list_insert(bag, at);
		}
	}
}

void deadline_leave(const struct vcpu *vcpu, struct list_node *bag)
{
	struct deadline_queue *queue = &this_cpu(deadline_queue);

	list_init(bag);
	move_all(&queue->head, vcpu, bag);
	move_all(&queue->patient, vcpu, bag);
	look_at_patient(queue);
	program(queue);
}

void deadline_arrive(struct list_node *bag)
{
	while (!list_is_empty(bag)) {
		struct deadline *deadline = CONTAINER_OF(bag->next, struct deadline, link);

		deadline_set(deadline, deadline->when);
	}
}

static inline void nobody_has_passed(struct deadline_queue *queue)
{
	for (uint32_t i = 0; i < ARRAY_COUNT(queue->passed); i++) {
		queue->passed[i] = 0;
	}
}

void deadline_cpu_init(void)
{
	struct deadline_queue *queue = &this_cpu(deadline_queue);

	list_init(&queue->head);
	list_init(&queue->patient);
	queue->patient_when = UINT64_MAX;
	queue->gap_end = 0;
	nobody_has_passed(queue);
	queue->gap = deadline_from_us(DEADLINE_GAP_US);
	queue->lead = deadline_from_us(DEADLINE_LEAD_US);
	queue->quiet_from = queue->quiet_end = 0;
	queue->microsecond = deadline_from_us(1);
	queue->ready = true;
	program(queue);
}

void deadline_yield_to(uint32_t who)
{
	struct deadline_queue *queue = &this_cpu(deadline_queue);
	uint64_t until = deadline_now() + queue->gap, bit = BIT(who % 64);

	if (list_is_empty(&queue->patient)) {
		queue->gap_end = until;
		return;
	}
	if (first_of(&queue->patient)->when < until) {
		if ((queue->passed[who / 64] & bit) != 0) {
			return;
		}
		queue->passed[who / 64] |= bit;
	}
	queue->gap_end = until;
	look_at_patient(queue);
	program(queue);
}

void deadline_announce(uint64_t when, uint32_t who)
{
	const struct deadline_queue *queue = &this_cpu(deadline_queue);
	uint64_t now = deadline_now();

	if (queue->patient_when <= now && when - now <= queue->lead) {
		deadline_yield_to(who);
	}
}

void deadline_be_quiet(uint64_t when, const struct deadline *own, uint32_t rank)
{
	struct deadline_queue *queue = &this_cpu(deadline_queue);

	queue->quiet_from = when - QUIET_BEFORE_US * queue->microsecond;
	queue->quiet_end = when + QUIET_BEHIND_US * queue->microsecond;
	queue->quiet_for = own;
	queue->quiet_rank = rank;
	program(queue);
}

static void __attribute__((noinline)) fire_patient(struct deadline_queue *queue)
{
	struct deadline *first = first_of(&queue->patient);

	list_remove(&first->link);
	first->fire(first);
	queue->gap_end = deadline_now() + queue->gap;
	nobody_has_passed(queue);
	look_at_patient(queue);
}

void deadline_interrupt(void)
{
	struct deadline_queue *queue = &this_cpu(deadline_queue);
	uint64_t now = deadline_now();

	while (!list_is_empty(&queue->head)) {
		struct deadline *first = first_of(&queue->head);

		if (first->when > now) {
			break;
		}
		list_remove(&first->link);
		first->fire(first);
	}
	if (unlikely(queue->patient_when <= now) && !list_is_empty(&queue->head)) {
		const struct deadline *next = first_of(&queue->head);

		deadline_announce(next->when, next->who);
	}
	if (unlikely(queue->patient_when <= now)) {
		fire_patient(queue);
	}
	program(queue);
}

uint64_t deadline_now(void)
{
	/* CNTPCT may be read ahead of earlier instructions: isb, DDI 0487 D11.2.2 */
	isb();
	return sysreg_read(cntpct_el0);
}

uint64_t deadline_frequency(void)
{
	return sysreg_read(cntfrq_el0);
}

uint64_t deadline_from_ms(uint64_t ms)
{
	return deadline_frequency() * ms / 1000;
}

uint64_t deadline_from_us(uint64_t us)
{
	return deadline_frequency() * us / 1000000;
}

uint64_t deadline_to_us(uint64_t ticks)
{
	uint64_t frequency = deadline_frequency();

	return ticks / frequency * 1000000 + ticks % frequency * 1000000 / frequency;
}
