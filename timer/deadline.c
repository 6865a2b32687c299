/* SPDX-License-Identifier: Apache-2.0 */
/* Deadlines in order of time, the first of them in CNTHP_CVAL_EL2. */
#include "timer/deadline.h"

#include "core/arm64/barrier.h"
#include "core/arm64/sysreg.h"
#include "core/base/percpu.h"

struct deadline_queue {
	struct list_node head;
	bool ready;
};

static PERCPU(struct deadline_queue, deadline_queue);

void deadline_init(struct deadline *deadline, struct vcpu *vcpu,
		   void (*fire)(struct deadline *deadline))
{
	list_init(&deadline->link);
	deadline->vcpu = vcpu;
	deadline->fire = fire;
}

static void program(const struct deadline_queue *queue)
{
	if (list_is_empty(&queue->head)) {
		sysreg_write(cnthp_ctl_el2, 0);
	} else {
		sysreg_write(cnthp_cval_el2,
			     CONTAINER_OF(queue->head.next, struct deadline, link)->when);
		sysreg_write(cnthp_ctl_el2, CNT_CTL_ENABLE);
	}
	/* the new compare value before a WFI that it is to end */
	isb();
}

void deadline_set(struct deadline *deadline, uint64_t when)
{
	struct deadline_queue *queue = &this_cpu(deadline_queue);
	struct list_node *pos;

	if (!queue->ready) {
		return;
	}
	list_remove(&deadline->link);
	deadline->when = when;
	for (pos = queue->head.next; pos != &queue->head; pos = pos->next) {
		if (CONTAINER_OF(pos, struct deadline, link)->when > when) {
			break;
		}
	}
	list_insert(pos, &deadline->link);
	program(queue);
}

void deadline_cancel(struct deadline *deadline)
{
	if (list_is_empty(&deadline->link)) {
		return;
	}
	list_remove(&deadline->link);
	program(&this_cpu(deadline_queue));
}

void deadline_leave(const struct vcpu *vcpu, struct list_node *bag)
{
	struct deadline_queue *queue = &this_cpu(deadline_queue);
	struct list_node *next;

	list_init(bag);
	for (struct list_node *at = queue->head.next; at != &queue->head; at = next) {
		next = at->next;
		if (CONTAINER_OF(at, struct deadline, link)->vcpu == vcpu) {
			list_remove(at);
			list_insert(bag, at);
		}
	}
	program(queue);
}

void deadline_arrive(struct list_node *bag)
{
	while (!list_is_empty(bag)) {
		struct deadline *deadline = CONTAINER_OF(bag->next, struct deadline, link);

		deadline_set(deadline, deadline->when);
	}
}

void deadline_cpu_init(void)
{
	struct deadline_queue *queue = &this_cpu(deadline_queue);

	list_init(&queue->head);
	queue->ready = true;
	program(queue);
}

void deadline_interrupt(void)
{
	struct deadline_queue *queue = &this_cpu(deadline_queue);

	while (!list_is_empty(&queue->head)) {
		struct deadline *first = CONTAINER_OF(queue->head.next, struct deadline, link);

		if (first->when > deadline_now()) {
			break;
		}
		list_remove(&first->link);
		first->fire(first);
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
