/* SPDX-License-Identifier: Apache-2.0 */
/* How long exits keep EL2, where somebody asked. */
#include "core/exit/times.h"

#include "core/base/string.h"
#include "core/exit/el2_fault.h"
#include "core/exit/trace.h"
#include "core/sched/policy.h"
#include "irq/hw/gic.h"
#include "timer/deadline.h"

/* The exit that has not ended yet. */
struct open {
	struct vcpu *vcpu; /* NULL: none */
	uint64_t what;	   /* as in struct trace_record */
};

static PERCPU(struct open, open);

static void begin(struct vcpu *vcpu, uint64_t what)
{
	this_cpu(open) = (struct open){vcpu, what};
}

static void end(void)
{
	struct open *exit = &this_cpu(open);
	struct exit_times *times;
	struct exit_time *time;
	uint64_t ticks;

	if (exit->vcpu == NULL) {
		return;
	}
	times = &exit->vcpu->times;
	exit->vcpu = NULL;
	if (times->since == 0) {
		return; /* a neighbour's */
	}
	time = &times->cause[trace_cause(&(struct trace_record){exit->what, 0})];
	ticks = deadline_now() - times->left_at;
	time->count++;
	time->ticks += ticks;
	time->max = MAX(time->max, ticks);
}

void times_leave(const struct vcpu *vcpu)
{
	if (vcpu == NULL || this_cpu(open).vcpu == vcpu) {
		end();
	}
}

void times_ask(struct vm *vm, bool on)
{
	for (uint32_t i = 0; i < vm->vcpu_count; i++) {
		atomic_set_release(&vm->vcpu[i]->times.asked, on ? deadline_now() : 0);
		vcpu_post(vm->vcpu[i], VCPU_EVENT_PLACE);
	}
}

void times_take(struct vcpu *vcpu)
{
	struct exit_times *times = &vcpu->times;
	uint64_t asked = atomic_read_acquire(&times->asked);

	if (times->since != asked) {
		memset(times->cause, 0, sizeof(times->cause));
		atomic_set(&times->since, asked);
	}
	times_look_again();
}

void times_look_again(void)
{
	const char *normal = gic_is_v2() ? el2_vectors_gicv2 : el2_vectors;
	bool timed = false;

	POLICY_EACH(sched_state_of(this_cpu(cpu_index)), vcpu)
	{
		timed = timed || vcpu->times.since != 0;
	}
	/* for the next exit: an eret comes before it */
	sysreg_write(vbar_el2, (uint64_t)(timed ? el2_vectors_timed : normal));
}

static struct exit_first ends_if_entered(struct exit_first first)
{
	if (first.action == EXIT_RESUME) {
		end();
	}
	return first;
}

struct exit_first times_sync(struct vcpu *vcpu, uint64_t esr)
{
	begin(vcpu, esr);
	return ends_if_entered(exit_sync(vcpu, esr));
}

struct exit_first times_sync_whole(struct vcpu *vcpu, uint64_t esr)
{
	return ends_if_entered(exit_sync_whole(vcpu, esr));
}

struct exit_first times_irq(struct vcpu *vcpu, uint64_t unused, uint64_t record)
{
	begin(vcpu, 0);
	return ends_if_entered(gic_is_v2() ? exit_irq_gicv2(vcpu, unused, record) :
					     exit_irq(vcpu, unused, record));
}

struct vcpu *times_second(struct vcpu *vcpu, uint64_t action)
{
	struct vcpu *next = exit_second(vcpu, action);

	end();
	return next;
}

struct vcpu *times_serror(struct vcpu *vcpu, uint64_t esr)
{
	struct vcpu *next;

	begin(vcpu, esr);
	next = exit_serror(vcpu, esr);
	end();
	return next;
}
