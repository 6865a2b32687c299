/* SPDX-License-Identifier: Apache-2.0 */
/* Trapped system registers and instructions. */
#ifndef CORE_EXIT_SYSREG_TRAP_H
#define CORE_EXIT_SYSREG_TRAP_H

#include "core/exit/action.h"
#include "core/vm/vcpu.h"

/* Builds the index of the table. Boot CPU, before a guest runs. */
void sysreg_trap_init(void);

/* EC_SYS64. Owner CPU of a loaded vCPU. */
enum exit_action sysreg_trap(struct vcpu *vcpu, uint64_t esr);

/* EC_CP15_32 and EC_CP15_64, of an instruction whose condition passes. Owner CPU of a loaded vCPU.
 */
enum exit_action sysreg_trap32(struct vcpu *vcpu, uint64_t esr);

#endif
