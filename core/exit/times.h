/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long exits keep EL2.
 *
 * An exit lasts from when the guest was left until the same CPU enters a guest again, which may be
 * another's, or has nothing to do, or hands the vCPU to another CPU. It is the vCPU's that left,
 * and its cause's; work for others that the CPU does meanwhile is in it.
 *
 * Nothing is measured on the way that exits take by default. A CPU that has a vCPU whose times were
 * asked for uses another vector table, whose entries note the time and lead to the functions below,
 * which do what those of core/exit/exit.h do, and account. The table is the CPU's, not the vCPU's
 * that is loaded, so that a switch costs nothing; the other vCPUs of that CPU exit by it too.
 */
#ifndef CORE_EXIT_TIMES_H
#define CORE_EXIT_TIMES_H

#include "core/exit/exit.h"
#include "core/vm/vm.h"

/* Counts the exits of all vCPUs of the VM from now on, from 0; or no longer. Any CPU, no locks. It
 * does not wait until their CPUs do it. */
void times_ask(struct vm *vm, bool on);

/* The vCPU was asked about, or is new here; any: this CPU has other vCPUs than before. Owner. */
void times_take(struct vcpu *vcpu);
void times_look_again(void);

/* The vCPU, which was the last one to exit or not, goes to another CPU; NULL: this one has nothing
 * to do. */
void times_leave(const struct vcpu *vcpu);

/* From vectors.S. As exit_sync() and so on. `record` as for exit_irq(). */
struct exit_first times_sync(struct vcpu *vcpu, uint64_t esr);
struct exit_first times_sync_whole(struct vcpu *vcpu, uint64_t esr);
struct exit_first times_irq(struct vcpu *vcpu, uint64_t unused, uint64_t record);
struct vcpu *times_second(struct vcpu *vcpu, uint64_t action);
struct vcpu *times_serror(struct vcpu *vcpu, uint64_t esr);

/* Since when a vCPU's are counted, ticks; 0: they are not. Any CPU. */
static inline uint64_t times_since(const struct vcpu *vcpu)
{
	return atomic_read(&vcpu->times.since);
}

/* Those of one cause. Any CPU: they may be of two moments. */
static inline struct exit_time times_of(const struct vcpu *vcpu, uint32_t cause)
{
	const struct exit_time *time = &vcpu->times.cause[cause];

	return (struct exit_time){atomic_read(&time->count), atomic_read(&time->ticks),
				  atomic_read(&time->max)};
}

#endif
