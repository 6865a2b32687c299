/* SPDX-License-Identifier: Apache-2.0 */
/* Networks: each of their ports has an address of its own. */
#include "core/base/format.h"
#include "core/base/string.h"
#include "core/config/checker.h"
#include "drivers/emul/models.h"

static bool is_port(const struct vdev_config *device)
{
	return device->type == &virtio_net_type && device->port.network != NULL;
}

static void report(struct checker *c, struct vm_config *vm, const struct vdev_config *device,
		   const struct vm_config *other_vm, const struct vdev_config *other)
{
	struct vm_config *loser = checker_loser((struct vm_config *)(uintptr_t)other_vm, vm);
	const struct vdev_config *mine = loser == vm ? device : other;
	const struct vdev_config *theirs = loser == vm ? other : device;
	const struct vm_config *their_vm = loser == vm ? other_vm : vm;
	const uint8_t *mac = mine->port.mac;
	char path[CHECKER_PATH_MAX];

	checker_look_at(c, loser);
	diag_error(c->diag, checker_device_path(c, mine->name, path, sizeof(path)),
		   "local-mac-address",
		   "%02x:%02x:%02x:%02x:%02x:%02x is also that of /vms/%s/devices/%s, in the same "
		   "network \"%s\": give one of them another",
		   mac[0], mac[1], mac[2], mac[3], mac[4], mac[5], their_vm->name, theirs->name,
		   mine->port.network->name);
	loser->refused = true;
}

/* Against those before it: of its own VM, and of earlier ones. */
static void check_port(struct checker *c, uint32_t vm, uint32_t device)
{
	struct vm_config *mine = &c->config->vm[vm];
	const struct vdev_config *port = &mine->device[device];

	for (uint32_t i = 0; i <= vm; i++) {
		struct vm_config *other = &c->config->vm[i];
		uint32_t count = i == vm ? device : other->device_count;

		for (uint32_t k = 0; k < count; k++) {
			const struct vdev_config *before = &other->device[k];

			if (is_port(before) && before->port.network == port->port.network &&
			    memcmp(before->port.mac, port->port.mac, sizeof(port->port.mac)) == 0) {
				report(c, mine, port, other, before);
				return;
			}
		}
	}
}

void checker_networks(struct checker *c)
{
	for (uint32_t i = 0; i < c->config->vm_count; i++) {
		for (uint32_t k = 0; k < c->config->vm[i].device_count; k++) {
			if (is_port(&c->config->vm[i].device[k])) {
				check_port(c, i, k);
			}
		}
	}
}
