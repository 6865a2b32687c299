/* SPDX-License-Identifier: Apache-2.0 */
/* The one place that decides what a CPU does next: enter a guest, do a step of a job, or sleep. */
#ifndef CORE_EXIT_RUN_H
#define CORE_EXIT_RUN_H

#include "core/vm/vcpu.h"

/* The vCPU to enter, ready and loaded; waits until there is one. This CPU's empty stack. */
struct vcpu *run_next(void);

/* PSCI SYSTEM_SUSPEND by the vCPU itself: until an interrupt comes, it goes on at start_pc. Owner.
 */
void run_vcpu_suspend(struct vcpu *vcpu);

/* PSCI CPU_OFF by the vCPU itself. Owner. */
void run_vcpu_off(struct vcpu *vcpu);

/* Enters the run loop on the CPU's empty stack (vectors.S). */
void cpu_run(void) __attribute__((noreturn));

#endif
