/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Devices of the board in a VM: their registers mapped for it, their interrupts linked, their node
 * copied. What may be given to whom core/config/check_passthrough.c has judged.
 */
#ifndef CORE_VM_PASSTHROUGH_H
#define CORE_VM_PASSTHROUGH_H

#include "core/fdt/guest_fdt.h"
#include "core/resource/registry.h"
#include "core/vm/vm.h"

/* Grants, maps and links all board devices of the VM, whose interrupt controller is made; 0 or
 * -errno. Boot CPU, before any guest runs. */
int passthrough_make(struct vm *vm, struct registry *registry);

/*
 * Writes their nodes: copies of the board's, at the guest's address and interrupts, without
 * children and without properties that refer to other nodes, which the log names. Errors stay in
 * `fdt`.
 */
void passthrough_describe(const struct vm *vm, const struct dt *board_tree, struct guest_fdt *fdt);

#endif
