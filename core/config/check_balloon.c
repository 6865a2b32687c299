/* SPDX-License-Identifier: Apache-2.0 */
/* Balloons: what a VM keeps. */
#include "core/base/bits.h"
#include "core/config/checker.h"
#include "drivers/emul/models.h"

static void check_min(struct checker *c, struct vdev_config *device, const char *path)
{
	uint64_t ram = config_ram_size(c->vm);

	if (device->min_size == CONFIG_MIN_SIZE_ANY) {
		device->min_size = align_up(ram / 2, PAGE_SIZE);
	} else if (device->min_size == 0 || device->min_size % PAGE_SIZE != 0) {
		diag_error(c->diag, path, "min-size",
			   "is 0x%llx bytes: it must be a multiple of 4 KiB (0x1000), and not 0",
			   (unsigned long long)device->min_size);
	} else if (device->min_size > ram && ram != 0) {
		diag_error(c->diag, path, "min-size",
			   "is 0x%llx bytes: the VM has 0x%llx, and so never less than these",
			   (unsigned long long)device->min_size, (unsigned long long)ram);
	}
}

void checker_balloon(struct checker *c)
{
	struct vm_config *vm = c->vm;
	char path[CHECKER_PATH_MAX];

	for (uint32_t i = 0; vm->balloon && i < vm->device_count; i++) {
		struct vdev_config *device = &vm->device[i];

		checker_device_path(c, device->name, path, sizeof(path));
		if (device->type == &virtio_balloon_type) {
			check_min(c, device, path);
		}
	}
}
