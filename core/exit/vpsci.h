/* SPDX-License-Identifier: Apache-2.0 */
/* PSCI 1.1 as a guest calls it. DEN 0022F. */
#ifndef CORE_EXIT_VPSCI_H
#define CORE_EXIT_VPSCI_H

#include "core/exit/action.h"
#include "core/vm/vcpu.h"

/*
 * A call whose function id is in PSCI's range (0x84000000-0x8400001f, 0xc4000000-0xc400001f), with
 * its arguments in the vCPU's registers; x0 gets the result. done: the action that steps on.
 */
enum exit_action vpsci_call(struct vcpu *vcpu, uint32_t id, enum exit_action done);

#endif
