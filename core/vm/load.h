/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Putting a VM's images in place: what goes where is decided once at boot (struct vm_layout);
 * copying is a job, at the first start and at each restart the same. Sources are the bundle and the
 * guest's tree that build.c keeps.
 */
#ifndef CORE_VM_LOAD_H
#define CORE_VM_LOAD_H

#include "core/vm/vm.h"

/* Fills vm->load from the config's layout; `dtb` of `dtb_size` bytes goes to layout.dtb. Boot CPU.
 * 0 or -ENOSPC. */
int load_plan(struct vm *vm, const void *dtb, uint64_t dtb_size);

enum load_result {
	LOAD_MORE,
	LOAD_DONE,
	LOAD_BAD, /* an image is not what it was when the bundle was made; the log says which */
};

/* From the start again; the VM is off. just_checked: its images have been, with the whole bundle.
 * Owner CPU of vCPU 0. */
void load_begin(struct vm *vm, bool just_checked);

/*
 * One step, of about a thousand instructions. What the VM shares with others is zeroed where it has
 * never been, ahead of the images. These are held against their CRC-32C first, unless that has just
 * been done. LOAD_DONE when everything is in place and clean to the point of coherency: the guest
 * starts with its MMU off. Owner CPU of vCPU 0.
 */
enum load_result load_step(struct vm *vm);

#endif
