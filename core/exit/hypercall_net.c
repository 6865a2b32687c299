/* SPDX-License-Identifier: Apache-2.0 */
/* Hypercalls that tell of networks and sockets: docs/hypercalls.md. */
#include "core/base/string.h"
#include "core/exit/hypercall_show.h"
#include "drivers/virtio/net.h"
#include "drivers/virtio/uplink.h"
#include "drivers/virtio/vsock.h"

#define PORTS_A_CALL   8 /* looked at */
#define RECORDS_A_CALL 2 /* told: each is as long as half a call may be */

/* Counters of other CPUs', each by itself. */
static void tell_counters(const struct switch_counters *from, struct hypercall_port_record *to)
{
	static const uint8_t drops[] = {
		[HYPERCALL_DROP_SIZE] = SWITCH_DROP_SIZE,
		[HYPERCALL_DROP_HEADER] = SWITCH_DROP_HEADER,
		[HYPERCALL_DROP_SOURCE] = SWITCH_DROP_SOURCE,
		[HYPERCALL_DROP_TAG] = SWITCH_DROP_TAG,
		[HYPERCALL_DROP_STORM] = SWITCH_DROP_STORM,
		[HYPERCALL_DROP_LINK] = SWITCH_DROP_LINK,
		[HYPERCALL_DROP_DOWN] = SWITCH_DROP_DOWN,
		[HYPERCALL_DROP_FULL] = SWITCH_DROP_FULL,
		[HYPERCALL_DROP_ROOM] = SWITCH_DROP_ROOM,
		[HYPERCALL_DROP_OFFLOAD] = SWITCH_DROP_OFFLOAD,
	};

	_Static_assert(ARRAY_COUNT(drops) == HYPERCALL_DROP_COUNT, "each has its place");
	_Static_assert(ARRAY_COUNT(drops) == SWITCH_DROP_COUNT - 1, "and none is left out");
	to->sent_frames = atomic_read(&from->sent_frames);
	to->sent_bytes = atomic_read(&from->sent_bytes);
	to->received_frames = atomic_read(&from->received_frames);
	to->received_bytes = atomic_read(&from->received_bytes);
	for (uint32_t i = 0; i < ARRAY_COUNT(drops); i++) {
		to->dropped[i] = atomic_read(&from->dropped[drops[i]]);
	}
}

static void tell_uplink(const struct nic *nic, struct hypercall_port_record *to)
{
	to->vm = HYPERCALL_NOBODY;
	to->flags = atomic_read(&nic->broken) ? HYPERCALL_PORT_BROKEN :
		    atomic_read(&nic->up)     ? HYPERCALL_PORT_UP :
						0;
	to->spent = atomic_read(&nic->spent);
	hypercall_put_name(to->device, sizeof(to->device), nic->name);
}

static void tell_port(const struct switch_port *port, struct hypercall_port_record *to)
{
	const struct port_config *config = port->config;

	to->vlan = config->vlan;
	to->rate_kbps = config->rate_kbps;
	hypercall_put_name(to->network, sizeof(to->network), config->network->name);
	if (port->uplink != NULL) {
		tell_uplink(uplink_nic(port->uplink), to);
	} else {
		const struct vdev *vdev = net_vdev(port);

		to->vm = vdev->vm->id;
		to->flags = net_features(port) != 0 ? HYPERCALL_PORT_UP : 0;
		memcpy(to->mac, config->mac, sizeof(to->mac));
		hypercall_put_name(to->device, sizeof(to->device), vdev->config->name);
	}
	tell_counters(&port->count, to);
}

/* An uplink counts what all VMs of its network do: it is the board's. */
static bool is_asked(const struct vm *vm, const struct switch_port *port)
{
	return vm == NULL || (port->uplink == NULL && net_vdev(port)->vm == vm);
}

void hypercall_ports(struct vm *vm, struct hypercall *call)
{
	uint64_t n = call->arg[1];
	const struct switch_port *port = n > UINT32_MAX ? NULL : switch_port_at((uint32_t)n);

	hypercall_begin_list(call, sizeof(struct hypercall_port_record));
	for (uint32_t i = 0; i < PORTS_A_CALL && port != NULL; i++, n++, port = port->all) {
		if (!is_asked(vm, port)) {
			continue;
		}
		if (call->data.list.count == RECORDS_A_CALL) {
			break;
		}
		tell_port(port, hypercall_add(call, sizeof(struct hypercall_port_record)));
	}
	if (port != NULL) {
		call->data.list.next = n;
	}
}

void hypercall_sockets(struct vm *vm, struct hypercall *call)
{
	struct hypercall_sockets *to = &call->data.sockets;
	const struct vsock_counters *from;
	struct vsock_view view;

	if (!vsock_view(vm->id, &view)) {
		call->status = HYPERCALL_NOT_FOUND;
		return;
	}
	from = view.count;
	hypercall_answer(call, sizeof(*to));
	to->vm = vm->id;
	to->flags = view.up ? HYPERCALL_SOCKETS_UP : 0;
	to->cid = view.cid;
	to->sent_packets = atomic_read(&from->sent_packets);
	to->sent_bytes = atomic_read(&from->sent_bytes);
	to->received_packets = atomic_read(&from->received_packets);
	to->received_bytes = atomic_read(&from->received_bytes);
	to->refused = atomic_read(&from->refused);
	to->spoofed = atomic_read(&from->spoofed);
	to->deaf = atomic_read(&from->deaf);
	to->untracked = atomic_read(&from->untracked);
}
