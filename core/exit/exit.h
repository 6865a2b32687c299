/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The exit path: vectors.S -> exit_sync() -> a handler by exception class -> its action carried out
 * here -> back into the guest, or into the run loop when somebody posted an event.
 */
#ifndef CORE_EXIT_EXIT_H
#define CORE_EXIT_EXIT_H

#include "core/exit/action.h"
#include "core/vm/vcpu.h"

/* From vectors.S; each returns the vCPU to enter. Owner CPU, no locks. */
struct vcpu *exit_sync(struct vcpu *vcpu, uint64_t esr);
struct vcpu *exit_irq(struct vcpu *vcpu);
struct vcpu *exit_serror(struct vcpu *vcpu, uint64_t esr);

/* Handles the exit whose syndrome is in esr, FAR_EL2 and HPFAR_EL2: also when a parked one is tried
 * again. */
void exit_handle(struct vcpu *vcpu, uint64_t esr);

#endif
