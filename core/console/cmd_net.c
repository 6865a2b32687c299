/* SPDX-License-Identifier: Apache-2.0 */
/* The commands about networks and sockets: net, vsock. */
#include "core/base/format.h"
#include "core/console/command.h"
#include "drivers/virtio/net.h"
#include "drivers/virtio/uplink.h"
#include "drivers/virtio/vsock.h"

/* As in enum switch_drop; docs/network.md. */
static const char *const drop_names[SWITCH_DROP_COUNT] = {
	[SWITCH_DROP_SIZE] = "size",	   [SWITCH_DROP_HEADER] = "header",
	[SWITCH_DROP_SOURCE] = "source",   [SWITCH_DROP_TAG] = "tag",
	[SWITCH_DROP_STORM] = "storm",	   [SWITCH_DROP_DOWN] = "down",
	[SWITCH_DROP_FULL] = "full",	   [SWITCH_DROP_ROOM] = "room",
	[SWITCH_DROP_OFFLOAD] = "offload", [SWITCH_DROP_LINK] = "link",
};

static void say_uplink(const struct switch_port *port)
{
	const struct nic *nic = uplink_nic(port->uplink);
	const char *state = atomic_read(&nic->broken) ? "broken" :
			    atomic_read(&nic->up)     ? "up" :
							"no link";

	if (port->config->vlan != 0) {
		shell_say("%s: uplink %s, vlan %u, %s\n", port->config->network->name, nic->name,
			  port->config->vlan, state);
	} else {
		shell_say("%s: uplink %s, %s; out of buffers %llu times\n",
			  port->config->network->name, nic->name, state,
			  (unsigned long long)atomic_read(&nic->spent));
	}
}

static void say_port(const struct switch_port *port)
{
	const struct port_config *config = port->config;
	const struct vdev *vdev = net_vdev(port);
	const uint8_t *mac = config->mac;
	char more[48] = "";
	int len = 0;

	if (config->vlan != 0) {
		len = format(more, sizeof(more), ", vlan %u", config->vlan);
	}
	if (config->rate_kbps != 0) {
		format(more + len, sizeof(more) - (size_t)len, ", %u kbit/s", config->rate_kbps);
	}
	shell_say("%s: %s %s %02x:%02x:%02x:%02x:%02x:%02x%s, %s\n", config->network->name,
		  vdev->vm->name, vdev->config->name, mac[0], mac[1], mac[2], mac[3], mac[4],
		  mac[5], more, net_features(port) != 0 ? "up" : "down");
}

/* Counters of another CPU's, each by itself. */
static void say_counters(const struct switch_counters *count)
{
	shell_say("  sent %llu frames, %llu bytes; received %llu, %llu\n",
		  (unsigned long long)atomic_read(&count->sent_frames),
		  (unsigned long long)atomic_read(&count->sent_bytes),
		  (unsigned long long)atomic_read(&count->received_frames),
		  (unsigned long long)atomic_read(&count->received_bytes));
}

#define CAUSES_A_STEP 2

/* at[1]: a cause was said already. False: there are more. */
static bool say_dropped(struct shell_job *job, const struct switch_counters *count, uint32_t from)
{
	uint32_t end = MIN(from + CAUSES_A_STEP, (uint32_t)SWITCH_DROP_COUNT);

	for (uint32_t i = from; i < end; i++) {
		uint64_t dropped = atomic_read(&count->dropped[i]);

		if (dropped != 0) {
			shell_say("%s %s %llu", job->at[1] == 0 ? "  dropped:" : ",", drop_names[i],
				  (unsigned long long)dropped);
			job->at[1] = 1;
		}
	}
	if (end != SWITCH_DROP_COUNT) {
		return false;
	}
	if (job->at[1] != 0) {
		shell_say("\n");
		job->at[1] = 0;
	}
	return true;
}

/* at[0]: port, in steps. */
static bool net_step(struct shell_job *job)
{
	const struct switch_port *port = switch_port_at((uint32_t)job->at[0]);

	if (port == NULL) {
		if (job->at[0] == 0) {
			shell_say("no VM is on a network: `networks` of the config makes them\n");
		}
		return true;
	}
	if (job->part == 0 && port->uplink != NULL) {
		say_uplink(port);
	} else if (job->part == 0) {
		say_port(port);
	} else if (job->part == 1) {
		say_counters(&port->count);
	} else if (say_dropped(job, &port->count, (job->part - 2) * CAUSES_A_STEP)) {
		job->at[0]++;
		return false;
	}
	job->more = true;
	return false;
}

/* Counters of another CPU's, each by itself. */
static void say_sockets(const struct vsock_view *view)
{
	const struct vsock_counters *count = view->count;

	shell_say("%s: CID %u, %s; sent %llu packets, %llu bytes; received %llu, %llu\n",
		  view->vdev->vm->name, view->cid, view->up ? "up" : "down",
		  (unsigned long long)atomic_read(&count->sent_packets),
		  (unsigned long long)atomic_read(&count->sent_bytes),
		  (unsigned long long)atomic_read(&count->received_packets),
		  (unsigned long long)atomic_read(&count->received_bytes));
}

static void say_trouble(const struct vsock_counters *count)
{
	uint64_t refused = atomic_read(&count->refused), spoofed = atomic_read(&count->spoofed);
	uint64_t deaf = atomic_read(&count->deaf), untracked = atomic_read(&count->untracked);

	if ((refused | spoofed | deaf | untracked) != 0) {
		shell_say("  refused %llu, spoofed %llu, deaf %llu times, untracked %llu\n",
			  (unsigned long long)refused, (unsigned long long)spoofed,
			  (unsigned long long)deaf, (unsigned long long)untracked);
	}
}

/* at[0]: VM; at[1]: one has a device. A device in two steps. */
static bool vsock_step(struct shell_job *job)
{
	struct vsock_view view;

	while (job->at[0] < vm_count() && !vsock_view(job->at[0], &view)) {
		job->at[0]++;
	}
	if (job->at[0] == vm_count()) {
		if (job->at[1] == 0) {
			shell_say(
				"no VM has sockets: a `bulkhead,virtio-vsock` device makes them\n");
		}
		return true;
	}
	job->at[1] = 1;
	if (job->part == 0) {
		say_sockets(&view);
		job->more = true;
	} else {
		say_trouble(view.count);
		job->at[0]++;
	}
	return false;
}

const struct shell_command net_commands[] = {
	{"net", "", 0, 0,
	 "networks: each port, what it sent and received\n"
	 "What was dropped stands with its cause: at the sender size, header, source, tag, storm, "
	 "link; at the receiver down, full, room, offload (docs/network.md). Of an uplink, sent "
	 "is what came in by it, received what went out.",
	 net_step, NULL},
	{"vsock", "", 0, 0,
	 "sockets: each VM's CID, what it sent and got\n"
	 "refused: packets that were answered by a reset; spoofed: that came in another's name; "
	 "deaf: how often it gave none for too long; untracked: docs/vsock.md.",
	 vsock_step, NULL},
	{0},
};
