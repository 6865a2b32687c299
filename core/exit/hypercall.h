/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hypercalls: what a VM may ask of the hypervisor for itself, and for those that its `manages`
 * names. docs/hypercalls.md says what each does; core/vm/manage.h decides what is possible.
 *
 * No state. A call is made of its arguments, copied once, and answers with a structure in EL2's
 * memory; only then the guest's memory is written, within its RAM.
 */
#ifndef CORE_EXIT_HYPERCALL_H
#define CORE_EXIT_HYPERCALL_H

#include "core/exit/hypercall_types.h"
#include "core/vm/vcpu.h"

/* By HVC or SMC: id, arguments and answer in the vCPU's registers. Owner, no locks. */
void hypercall_call(struct vcpu *vcpu);

/* Any other way: arg[0] to arg[2] are x1 to x3, the answer stays in *call. Owner, no locks. */
void hypercall_do(struct vcpu *vcpu, struct hypercall *call);

#endif
