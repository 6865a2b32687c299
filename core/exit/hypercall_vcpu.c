/* SPDX-License-Identifier: Apache-2.0 */
/* Hypercalls that tell what a vCPU does: docs/hypercalls.md. */
#include "core/base/string.h"
#include "core/exit/hypercall_show.h"
#include "core/exit/regs.h"
#include "core/exit/trace.h"
#include "timer/deadline.h"

/* Of its CPU's last exits, of which it may have a part: as many as a step has time for. Where
 * others share the CPU they may have had most of these: more are looked at, and fewer counted. */
#define STAT_EXITS	  36
#define STAT_EXITS_SHARED 60
#define STAT_COUNT_SHARED 24
#define TRACE_EXITS	  62

static uint32_t wait_of(uint32_t power, uint32_t hold)
{
	if (power != VCPU_ON) {
		return HYPERCALL_WAIT_OFF;
	}
	if ((hold & VCPU_HOLD_PAUSED) != 0) {
		return HYPERCALL_WAIT_RESUME;
	}
	if ((hold & VCPU_HOLD_PARKED) != 0) {
		return HYPERCALL_WAIT_ANSWER;
	}
	return (hold & VCPU_HOLD_STANDBY) != 0 ? HYPERCALL_WAIT_INTERRUPT : HYPERCALL_WAIT_NONE;
}

/*
 * How far each VM has read, by id: whose a record is that stands behind others is known only from
 * there, for what the VM says about it may be a lie.
 */
static struct {
	struct spinlock lock; /* rank vcpu; protects the rest */
	struct {
		const struct vcpu *vcpu;
		struct trace_part part;
	} by[CONFIG_VM_MAX];
} readings = {.lock = SPINLOCK_INIT(RANK_VCPU)};

/* As trace_part_begin(). */
static bool begin_part(const struct vm *by, const struct vcpu *vcpu, uint64_t at,
		       struct trace_part *part, uint32_t max)
{
	*part = (struct trace_part){.at = at};
	spin_lock(&readings.lock);
	if (at != 0 && readings.by[by->id].vcpu == vcpu && readings.by[by->id].part.at == at) {
		*part = readings.by[by->id].part;
	}
	spin_unlock(&readings.lock);
	return trace_part_begin(vcpu, part, max);
}

/* What leads on from here. */
static uint64_t end_part(const struct vm *by, const struct vcpu *vcpu, uint64_t at,
			 const struct trace_part *part)
{
	if (at == 0 || part->at == part->end) {
		return HYPERCALL_LIST_END;
	}
	spin_lock(&readings.lock);
	readings.by[by->id].vcpu = vcpu;
	readings.by[by->id].part = *part;
	spin_unlock(&readings.lock);
	return HYPERCALL_FROM_RECORD(vcpu->index, part->at);
}

void hypercall_vcpu_stat(const struct vm *by, struct vm *vm, struct hypercall *call)
{
	_Static_assert(HYPERCALL_CAUSE_COUNT <= HYPERCALL_CAUSE_ROOM, "each has its place");
	_Static_assert(TRACE_INTERRUPTS == ARRAY_COUNT(call->data.stat.interrupt) &&
			       MAX(STAT_EXITS, STAT_COUNT_SHARED) <= HYPERCALL_STAT_OTHERS,
		       "and of these");
	const struct vcpu *vcpu = vm->vcpu[(uint16_t)call->arg[1]];
	struct hypercall_vcpu_stat *stat = &call->data.stat;
	uint64_t at = HYPERCALL_RECORD_OF(call->arg[1]);
	struct trace_counts counts = {stat->cause, stat->interrupt, stat->other, 0};
	struct trace_part part;
	bool shared = begin_part(by, vcpu, at, &part, STAT_EXITS);

	hypercall_answer(call, sizeof(*stat));
	stat->vm = vm->id;
	stat->index = vcpu->index;
	stat->wait = wait_of(atomic_read(&vcpu->power), atomic_read(&vcpu->hold));
	stat->exits =
		trace_part_count(vcpu, &part, &counts, shared ? STAT_EXITS_SHARED : STAT_EXITS,
				 shared ? STAT_COUNT_SHARED : STAT_EXITS);
	stat->other_count = counts.other_count;
	if (stat->exits == 0) {
		stat->other_count = 0;
		memset(stat->cause, 0, sizeof(stat->cause));
		memset(stat->interrupt, 0, sizeof(stat->interrupt));
		memset(stat->other, 0, sizeof(stat->other));
	}
	stat->next = end_part(by, vcpu, at, &part);
	stat->end = part.end;
}

void hypercall_vcpu_trace(const struct vm *by, struct vm *vm, struct hypercall *call)
{
	_Static_assert(HYPERCALL_TRACE_MARK == TRACE_MARK, "as documented");
	_Static_assert(sizeof(struct hypercall_trace_record) == sizeof(struct trace_record) &&
			       TRACE_EXITS <= ARRAY_COUNT(call->data.trace),
		       "each has its place");
	const struct vcpu *vcpu = vm->vcpu[(uint16_t)call->arg[1]];
	uint64_t at = HYPERCALL_RECORD_OF(call->arg[1]);
	struct trace_part part;
	uint32_t count;

	begin_part(by, vcpu, at, &part, TRACE_EXITS);
	hypercall_begin_list(call, sizeof(struct hypercall_trace_record));
	count = trace_part_read(vcpu, &part, (struct trace_record *)call->data.trace, TRACE_EXITS);
	call->data.list.count = count;
	call->data_size += count * (uint32_t)sizeof(struct hypercall_trace_record);
	call->data.head.size = call->data_size;
	call->data.list.next = end_part(by, vcpu, at, &part);
}

/* -- registers -- */

#define REGS_MINE_S 1 /* so long no other question of the same VM takes its place */

/* The question of each VM, by id. */
static struct {
	struct spinlock lock; /* rank vcpu; protects the rest, and who REGS_VM() are */
	struct {
		const struct vcpu *vcpu; /* NULL: it asks nothing */
		uint64_t since;
	} by[CONFIG_VM_MAX];
} questions = {.lock = SPINLOCK_INIT(RANK_VCPU)};

static void tell_regs(const struct regs_answer *from, struct hypercall *call)
{
	struct hypercall_vcpu_regs *to = &call->data.regs;

	_Static_assert(sizeof(struct el1_regs) == HYPERCALL_EL1_REGS * 8, "each has its place");
	hypercall_answer(call, sizeof(*to));
	to->power = from->power;
	to->wait = wait_of(from->power, from->hold);
	to->pc = from->pc;
	to->pstate = from->pstate;
	memcpy(to->x, from->regs.x, sizeof(to->x));
#define X(name, reset) to->name = from->el1.name;
	VCPU_EL1_REGS(X)
#undef X
}

/* Also in place of one that was not fetched for long. */
static void ask_locked(const struct vm *by, struct vcpu *vcpu)
{
	uint64_t now = deadline_now();

	SPIN_ASSERT_HELD(&questions.lock);
	if (questions.by[by->id].vcpu != NULL &&
	    now - questions.by[by->id].since < REGS_MINE_S * deadline_frequency()) {
		return;
	}
	regs_withdraw(REGS_VM(by->id));
	if (regs_ask(REGS_VM(by->id), vcpu)) {
		questions.by[by->id].vcpu = vcpu;
		questions.by[by->id].since = now;
	}
}

void hypercall_vcpu_regs(const struct vm *by, struct vm *vm, struct hypercall *call)
{
	struct vcpu *vcpu = vm->vcpu[call->arg[1]];
	const struct regs_answer *answer = NULL;

	call->status = HYPERCALL_BUSY;
	spin_lock(&questions.lock);
	if (questions.by[by->id].vcpu == vcpu) {
		answer = regs_get(REGS_VM(by->id));
	}
	if (answer != NULL) {
		tell_regs(answer, call);
		call->data.regs.vm = vm->id;
		call->data.regs.index = vcpu->index;
		questions.by[by->id].vcpu = NULL;
	} else {
		ask_locked(by, vcpu);
	}
	spin_unlock(&questions.lock);
}
