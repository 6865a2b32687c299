/* SPDX-License-Identifier: Apache-2.0 */
/* Socket devices: each has an address that no other VM's has. */
#include "core/base/format.h"
#include "core/config/checker.h"
#include "drivers/emul/models.h"

#define CID_FIRST 3 /* below it addresses have a meaning of their own */

/* The device of VM `index`, of which each has one at most; NULL: none. */
static struct vdev_config *vsock_of(struct checker *c, uint32_t index)
{
	struct vm_config *vm = &c->config->vm[index];

	for (uint32_t i = 0; i < vm->device_count; i++) {
		if (vm->device[i].type == &virtio_vsock_type) {
			return &vm->device[i];
		}
	}
	return NULL;
}

/* The first VM below `count` that has this address; `count`: none. */
static uint32_t whose(struct checker *c, uint32_t cid, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		const struct vdev_config *device = vsock_of(c, i);

		if (device != NULL && device->cid == cid) {
			return i;
		}
	}
	return count;
}

static void check_given(struct checker *c, uint32_t index, struct vdev_config *device)
{
	uint32_t other = whose(c, device->cid, index);
	struct vm_config *vm = &c->config->vm[index], *loser;
	const struct vm_config *winner;
	char path[CHECKER_PATH_MAX];

	if (other == index) {
		return;
	}
	loser = checker_loser(&c->config->vm[other], vm);
	winner = loser == vm ? &c->config->vm[other] : vm;
	checker_look_at(c, loser);
	diag_error(c->diag,
		   checker_device_path(c, vsock_of(c, loser->index)->name, path, sizeof(path)),
		   "guest-cid", "%u is also that of /vms/%s: give one of them another", device->cid,
		   winner->name);
	loser->refused = true;
}

void checker_cids(struct checker *c)
{
	uint32_t count = c->config->vm_count;

	for (uint32_t i = 0; i < count; i++) {
		struct vdev_config *device = vsock_of(c, i);

		if (device != NULL && device->cid != 0) {
			check_given(c, i, device);
		}
	}
	/* what a VM has does not change when another one gets a device */
	for (uint32_t i = 0; i < count; i++) {
		struct vdev_config *device = vsock_of(c, i);
		uint32_t cid = CID_FIRST + i;

		if (device == NULL || device->cid != 0) {
			continue;
		}
		while (whose(c, cid, count) != count) {
			cid++;
		}
		device->cid = cid;
	}
}
