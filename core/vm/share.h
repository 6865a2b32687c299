/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory that VMs share by config: granted to each that has it, mapped, described, and zeroed once,
 * before the first of them starts. What may be where core/config/check_shared.c has judged, and
 * core/resource/ram_plan.c has found the place.
 */
#ifndef CORE_VM_SHARE_H
#define CORE_VM_SHARE_H

#include "core/fdt/guest_fdt.h"
#include "core/resource/registry.h"
#include "core/vm/vm.h"

/* Grants and maps all that the VM has a share of; 0 or -errno. Boot CPU, before any guest runs. */
int share_make(struct vm *vm, struct registry *registry);

/* Table pages that its mappings may need, at most. */
uint64_t share_pages(const struct vm_config *vm);

/* Writes the guest's nodes. Errors stay in `fdt`. */
void share_describe(const struct vm *vm, struct guest_fdt *fdt);

/*
 * Zeroes a page of what the VM has a share of, where nobody has zeroed it yet; true: all of it is
 * zeroed and clean to the point of coherency, by whichever CPUs. Several CPUs may do so at once for
 * VMs of theirs: each page is zeroed once, and none after a VM that has it has begun. CPU of the
 * VM's load.
 */
bool share_clear_step(struct vm *vm);

#endif
