/* SPDX-License-Identifier: Apache-2.0 */
/* Trapped system registers and instructions (EC 0x18). */
#ifndef CORE_EXIT_SYSREG_TRAP_H
#define CORE_EXIT_SYSREG_TRAP_H

#include "core/exit/action.h"
#include "core/vm/vcpu.h"

/* Owner CPU of a loaded vCPU. */
enum exit_action sysreg_trap(struct vcpu *vcpu, uint64_t esr);

#endif
