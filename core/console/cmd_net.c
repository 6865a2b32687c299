/* SPDX-License-Identifier: Apache-2.0 */
/* The command about networks: net. */
#include "core/base/format.h"
#include "core/console/command.h"
#include "drivers/virtio/net.h"

/* As in enum switch_drop; docs/network.md. */
static const char *const drop_names[SWITCH_DROP_COUNT] = {
	[SWITCH_DROP_SIZE] = "size",	   [SWITCH_DROP_HEADER] = "header",
	[SWITCH_DROP_SOURCE] = "source",   [SWITCH_DROP_TAG] = "tag",
	[SWITCH_DROP_STORM] = "storm",	   [SWITCH_DROP_DOWN] = "down",
	[SWITCH_DROP_FULL] = "full",	   [SWITCH_DROP_ROOM] = "room",
	[SWITCH_DROP_OFFLOAD] = "offload",
};

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

static void say_dropped(const struct switch_counters *count)
{
	char line[SHELL_SAY_MAX - 2];
	size_t len = 0;

	for (uint32_t i = 0; i < SWITCH_DROP_COUNT; i++) {
		uint64_t dropped = atomic_read(&count->dropped[i]);

		if (dropped != 0 && len < sizeof(line)) {
			len += (size_t)format(line + len, sizeof(line) - len, "%s %s %llu",
					      len == 0 ? "  dropped:" : ",", drop_names[i],
					      (unsigned long long)dropped);
		}
	}
	if (len != 0) {
		shell_say("%s\n", line);
	}
}

/* at[0]: port. */
static bool net_step(struct shell_job *job)
{
	const struct switch_port *port = switch_first();

	for (uint32_t i = 0; i < job->at[0] && port != NULL; i++) {
		port = port->all;
	}
	if (port == NULL) {
		if (job->at[0] == 0) {
			shell_say("no VM is on a network: `networks` of the config makes them\n");
		}
		return true;
	}
	job->at[0]++;
	say_port(port);
	say_counters(&port->count);
	say_dropped(&port->count);
	return false;
}

const struct shell_command net_commands[] = {
	{"net", "",
	 "networks: each port, what it sent and received\n"
	 "What was dropped stands with its cause: at the sender size, header, source, tag, storm; "
	 "at the receiver down, full, room, offload (docs/network.md).",
	 net_step, NULL},
	{0},
};
