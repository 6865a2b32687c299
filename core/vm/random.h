/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random numbers for a VM: of the CPUs or firmware, or of a generator of its own, keyed once by the
 * board's, where these have none or none at the moment. No two VMs, and no two lives of one, see
 * the same ones.
 */
#ifndef CORE_VM_RANDOM_H
#define CORE_VM_RANDOM_H

#include "core/base/types.h"

struct vm;

#define VM_RANDOM_MAX 32 /* bytes of one call */

/* The VM's own generator is keyed by the board's, which is there. Boot CPU, once. */
void vm_random_begin(struct vm *vm);

/*
 * `size` bytes, at most VM_RANDOM_MAX; about 1,500 instructions where the generator makes them. 0;
 * -ENODEV: the board has no source, which stays so. Any CPU; no locks above RANK_DEVICE.
 */
int vm_random(struct vm *vm, void *out, size_t size);

#endif
