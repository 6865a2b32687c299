/* SPDX-License-Identifier: Apache-2.0 */
/* The device tree a guest gets: what QEMU's virt machine would say, of what this VM has. */
#ifndef CORE_VM_DESCRIBE_H
#define CORE_VM_DESCRIBE_H

#include "core/fdt/dt.h"
#include "core/vm/vm.h"

/* Writes the tree, with room for vm->load.seed where the board has entropy; bytes of it, or -E2BIG
 * (no room), -EINVAL (guest-dtb does not merge). */
int describe_vm(struct vm *vm, const struct dt *config_tree, const struct dt *board_tree, void *buf,
		uint32_t size);

#endif
