/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who starts after whom, as `start-after` has it: what core/vm/life.c asks of that. No data but
 * vm->vain and vm->vain_said, which are those of the CPU of vCPU 0. No locks held.
 */
#ifndef CORE_VM_ORDER_H
#define CORE_VM_ORDER_H

#include "core/vm/vm.h"

/* Those that start-after names have come to run: also one that is off again since, before anybody
 * could look. A lock at a time: of two VMs that come to run at once, whoever looks later sees both.
 */
bool order_firsts_have_run(const struct vm *vm);

/* At boot: may it wait for those before it? Says so where what it waits for needs a command, or
 * does not come at all: false. */
bool order_may_wait(const struct vm *vm);

/* One that waits, and those before it have not run. Is one of them never to, for want of a disk or
 * of a sound image? It is looked for in one step, and said once in the next: it posts
 * VCPU_EVENT_JOB. CPU of vCPU 0. */
void order_look_in_vain(struct vm *vm);

#endif
