/* SPDX-License-Identifier: Apache-2.0 */
/* Networks: each of their ports has an address of its own, and each way out is one network's. */
#include "core/base/format.h"
#include "core/base/string.h"
#include "core/config/board_virtio.h"
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

/* -- ways out -- */

static bool is_on(const struct vm_config *vm, const struct network_config *network)
{
	bool on = false;

	for (uint32_t k = 0; k < vm->device_count; k++) {
		on = on || (is_port(&vm->device[k]) && vm->device[k].port.network == network);
	}
	return on;
}

static void report_uplink(struct checker *c, const struct network_config *network, const char *text,
			  const char *other)
{
	char path[CHECKER_PATH_MAX];

	format(path, sizeof(path), "/networks/%s", network->name);
	diag_error(c->diag, path, "uplink", "\"%s\" %s%s%s%s", network->uplink, text,
		   other != NULL ? " \"" : "", other != NULL ? other : "",
		   other != NULL ? "\": a NIC leads one network out" : "");
}

/* It is refused, and so are its VMs: they would not have what the config promises. */
static void refuse_network(struct checker *c, struct network_config *network)
{
	network->refused = true;
	for (uint32_t i = 0; i < c->config->vm_count; i++) {
		struct vm_config *vm = &c->config->vm[i];
		char path[CHECKER_PATH_MAX];

		if (is_on(vm, network)) {
			checker_look_at(c, vm);
			diag_error(c->diag, config_vm_path(vm, path, sizeof(path)), NULL,
				   "is on the network \"%s\", which has errors of its own",
				   network->name);
			vm->refused = true;
		}
	}
}

/* Against those before it. True: it has an error. */
static bool is_one_too_many(struct checker *c, const struct network_config *network)
{
	uint32_t before = 0;

	for (const struct network_config *other = c->config->network; other != network; other++) {
		if (other->uplink == NULL || other->refused) {
			continue;
		}
		before++;
		if (checker_same_node(c, other->uplink, network->uplink)) {
			report_uplink(c, network, "is that of the network", other->name);
			return true;
		}
	}
	if (before >= CONFIG_UPLINK_MAX) {
		report_uplink(c, network, "is one too many: at most 4 networks have one", NULL);
	}
	return before >= CONFIG_UPLINK_MAX;
}

static void check_uplink(struct checker *c, struct network_config *network)
{
	struct board_virtio found;
	const char *fault = NULL;

	if (c->board != NULL) {
		fault = board_virtio_find(c->board, network->uplink, &found);
	}
	if (fault == NULL && checker_is_disk(c, network->uplink)) {
		fault = "is a disk that VMs have partitions of";
	}
	if (fault != NULL) {
		report_uplink(c, network, fault, NULL);
	}
	if (fault != NULL || is_one_too_many(c, network)) {
		refuse_network(c, network);
	}
}

void checker_networks(struct checker *c)
{
	for (uint32_t i = 0; i < c->config->network_count; i++) {
		if (c->config->network[i].uplink != NULL && !c->config->network[i].refused) {
			check_uplink(c, &c->config->network[i]);
		}
	}
	for (uint32_t i = 0; i < c->config->vm_count; i++) {
		for (uint32_t k = 0; k < c->config->vm[i].device_count; k++) {
			if (is_port(&c->config->vm[i].device[k])) {
				check_port(c, i, k);
			}
		}
	}
}
