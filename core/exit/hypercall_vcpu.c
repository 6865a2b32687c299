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

void hypercall_vcpu_stat(struct vm *vm, struct hypercall *call)
{
	_Static_assert(HYPERCALL_CAUSE_COUNT <= HYPERCALL_CAUSE_ROOM, "each has its place");
	_Static_assert(TRACE_INTERRUPTS == ARRAY_COUNT(call->data.stat.interrupt), "and of these");
	const struct vcpu *vcpu = vm->vcpu[call->arg[1]];
	struct hypercall_vcpu_stat *stat = &call->data.stat;
	bool alone = trace_knows_first(vcpu);

	hypercall_answer(call, sizeof(*stat));
	stat->vm = vm->id;
	stat->index = vcpu->index;
	stat->wait = wait_of(atomic_read(&vcpu->power), atomic_read(&vcpu->hold));
	stat->exits = trace_count_of(vcpu, alone ? STAT_EXITS : STAT_EXITS_SHARED,
				     alone ? STAT_EXITS : STAT_COUNT_SHARED, stat->cause,
				     stat->interrupt);
	if (stat->exits == 0) {
		memset(stat->cause, 0, sizeof(stat->cause));
		memset(stat->interrupt, 0, sizeof(stat->interrupt));
	}
}

void hypercall_vcpu_trace(struct vm *vm, struct hypercall *call)
{
	_Static_assert(HYPERCALL_TRACE_MARK == TRACE_MARK, "as documented");
	_Static_assert(sizeof(struct hypercall_trace_record) == sizeof(struct trace_record) &&
			       TRACE_EXITS <= ARRAY_COUNT(call->data.trace),
		       "each has its place");
	uint32_t count;

	hypercall_begin_list(call, sizeof(struct hypercall_trace_record));
	count = trace_read_of(vm->vcpu[call->arg[1]], (struct trace_record *)call->data.trace,
			      TRACE_EXITS);
	call->data.list.count = count;
	call->data_size += count * (uint32_t)sizeof(struct hypercall_trace_record);
	call->data.head.size = call->data_size;
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
