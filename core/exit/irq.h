/* SPDX-License-Identifier: Apache-2.0 */
/* Physical interrupts at EL2: taken from a guest, or polled between steps of work with all of them
 * masked. */
#ifndef CORE_EXIT_IRQ_H
#define CORE_EXIT_IRQ_H

#include "core/exit/trace.h"
#include "irq/hw/gic.h"
#include "irq/vgic/vgic.h"
#include "timer/vtimer.h"

/* Acknowledges and handles one; nothing when none is pending. This CPU, no locks. */
void irq_take(void);

/* Ends and handles an acknowledged one. */
void irq_handle(uint64_t token);

/*
 * irq_take() for the one that interrupted this guest, which is loaded and about to go on. True: a
 * kick, there are events. In line in the exit path for the two that come most often, once for each
 * kind of hardware: `v2` is a constant there, `record` is vcpu->trace.
 */
static inline __attribute__((always_inline)) bool irq_take_in_guest(struct vcpu *vcpu,
								    uint64_t record, bool v2)
{
	uint64_t token = gic_acknowledge_as(v2);
	uint32_t intid = gic_intid(v2, token);

	trace_interrupt(vcpu, record, v2 ? intid : token);
	if (likely(intid == VTIMER_VIRT_INTID) && likely(vgic_list_again(vcpu, intid))) {
		/* linked: it stays active until the guest's EOI */
		gic_end_as(v2, token);
	} else if (intid == GIC_SGI_KICK) {
		/* the event it announces is looked at on the way on */
		gic_end_as(v2, token);
		gic_deactivate_as(v2, token);
		return true;
	} else {
		irq_handle(token);
	}
	return false;
}

/* Handles what is pending, a bounded number. */
void irq_poll(void);

/* Sleeps until an interrupt is pending, then handles it. */
void irq_wait(void);

/* How often a physical interrupt was taken: no SGI, and not the virtual timers that are handled in
 * line. Any CPU. */
uint32_t irq_count(uint32_t intid);

/* What one of the board's is for: "the console", "virtual timer"; a line of no device of EL2's is
 * "a VM's". */
const char *irq_name(uint32_t intid);

#define IRQ_DRIVEN_MAX 8

/*
 * An interrupt of a device of the board that EL2 drives: handle(device) is called on the CPU that
 * takes it, without locks, and takes a thousand instructions at most. `what` is its irq_name().
 * False: there are too many. Boot CPU, before its line is enabled.
 */
bool irq_drive(uint32_t intid, void (*handle)(void *device), void *device, const char *what);

/* The console's UART; its line is enabled already. INTID_NONE: none. */
void irq_set_console(uint32_t intid);

#endif
