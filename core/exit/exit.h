/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The exit path, in two stages: vectors.S -> exit_sync() -> a handler by exception class -> back
 * into the guest. While this first stage runs, the guest's x19-x28 are still in the CPU, where the
 * compiler's own calls keep them; struct vcpu has the others. What ends otherwise than at the same
 * or the next instruction of the same guest goes to exit_second(), with all registers in memory: an
 * action is carried out there, or the run loop entered, because somebody posted an event.
 *
 * EXIT_WHOLE stands between the two: exit_sync() has done nothing, as the handler needs a register
 * that is not in memory. All are stored, exit_sync_whole() decides, and the guest is entered from
 * there; the second stage follows only where it would after exit_sync().
 */
#ifndef CORE_EXIT_EXIT_H
#define CORE_EXIT_EXIT_H

#include "core/exit/action.h"
#include "core/vm/vcpu.h"

/* In x0 and x1 for vectors.S. EXIT_RESUME: enter `vcpu`; else the second stage is told this. */
struct exit_first {
	struct vcpu *vcpu;
	uint64_t action; /* enum exit_action */
};

/* From vectors.S. Owner CPU, no locks. */
struct exit_first exit_sync(struct vcpu *vcpu, uint64_t esr);
/* After EXIT_WHOLE from exit_sync(): the same with all registers in memory. */
struct exit_first exit_sync_whole(struct vcpu *vcpu, uint64_t esr);
/* `record`: vcpu->trace; x1 holds nothing. The second is the vector table's of boards with GICv2.
 */
struct exit_first exit_irq(struct vcpu *vcpu, uint64_t unused, uint64_t record);
struct exit_first exit_irq_gicv2(struct vcpu *vcpu, uint64_t unused, uint64_t record);

/* All registers in memory; these return the vCPU to enter. */
struct vcpu *exit_second(struct vcpu *vcpu, uint64_t action);
struct vcpu *exit_serror(struct vcpu *vcpu, uint64_t esr);

/* Handles the exit whose syndrome is in esr, FAR_EL2 and HPFAR_EL2: also when a parked one is tried
 * again. */
void exit_handle(struct vcpu *vcpu, uint64_t esr);

#endif
