/* SPDX-License-Identifier: Apache-2.0 */
/* bulkheadctl's net and vsock: what ports of networks and sockets did. */
#include "core/base/string.h"
#include "tools/bulkheadctl/show.h"

typedef unsigned long long ull;

static const char *const drops[HYPERCALL_DROP_COUNT] = {
	[HYPERCALL_DROP_SIZE] = "size",	    [HYPERCALL_DROP_HEADER] = "header",
	[HYPERCALL_DROP_SOURCE] = "source", [HYPERCALL_DROP_TAG] = "tag",
	[HYPERCALL_DROP_STORM] = "storm",   [HYPERCALL_DROP_LINK] = "link",
	[HYPERCALL_DROP_DOWN] = "down",	    [HYPERCALL_DROP_FULL] = "full",
	[HYPERCALL_DROP_ROOM] = "room",	    [HYPERCALL_DROP_OFFLOAD] = "offload",
};

static bool is_uplink(const struct hypercall_port_record *port)
{
	return port->vm == HYPERCALL_NOBODY;
}

static const char *state_of(const struct hypercall_port_record *port)
{
	return (port->flags & HYPERCALL_PORT_BROKEN) != 0 ? "broken" :
	       (port->flags & HYPERCALL_PORT_UP) != 0	  ? "up" :
	       is_uplink(port)				  ? "no link" :
							    "down";
}

/* What is said by both: "full 14", with these between two of them, and before each number. */
static void say_dropped(const struct hypercall_port_record *port, const char *quote,
			const char *colon)
{
	bool first = true;

	for (uint32_t i = 0; i < HYPERCALL_DROP_COUNT; i++) {
		if (port->dropped[i] != 0) {
			say("%s%s%s%s%s%llu", first ? "" : ", ", quote, drops[i], quote, colon,
			    (ull)port->dropped[i]);
			first = false;
		}
	}
}

static void print_port_json(const struct hypercall_port_record *port, bool first)
{
	const uint8_t *mac = port->mac;

	say("%s{\"network\": \"%s\", \"uplink\": %s, \"vm\": ", first ? "" : ",\n ", port->network,
	    is_uplink(port) ? "true" : "false");
	if (is_uplink(port)) {
		say("null, \"mac\": null, \"nic\": ");
	} else {
		say("\"%s\", \"mac\": \"%02x:%02x:%02x:%02x:%02x:%02x\", \"device\": ",
		    ask_name(port->vm), mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
	}
	say_string(port->device, strnlen(port->device, sizeof(port->device)));
	say(", \"state\": \"%s\", \"vlan\": %u, \"rate_kbps\": %u, \"sent_frames\": %llu, "
	    "\"sent_bytes\": %llu, \"received_frames\": %llu, \"received_bytes\": %llu, ",
	    state_of(port), port->vlan, port->rate_kbps, (ull)port->sent_frames,
	    (ull)port->sent_bytes, (ull)port->received_frames, (ull)port->received_bytes);
	say("\"out_of_buffers\": %llu, \"dropped\": {", (ull)port->spent);
	say_dropped(port, "\"", ": ");
	say("}}");
}

static void print_port(const void *record, bool first)
{
	const struct hypercall_port_record *port = record;
	const uint8_t *mac = port->mac;

	if (say_json) {
		print_port_json(port, first);
		return;
	}
	if (is_uplink(port)) {
		say("%s: uplink %s", port->network, port->device);
	} else {
		say("%s: %s %s %02x:%02x:%02x:%02x:%02x:%02x", port->network, ask_name(port->vm),
		    port->device, mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
	}
	if (port->vlan != 0) {
		say(", vlan %u", port->vlan);
	}
	if (port->rate_kbps != 0) {
		say(", %u kbit/s", port->rate_kbps);
	}
	say(", %s", state_of(port));
	if (is_uplink(port) && port->vlan == 0) {
		say("; out of buffers %llu times", (ull)port->spent);
	}
	say("\n  sent %llu frames, %llu bytes; received %llu, %llu\n", (ull)port->sent_frames,
	    (ull)port->sent_bytes, (ull)port->received_frames, (ull)port->received_bytes);
	for (uint32_t i = 0; i < HYPERCALL_DROP_COUNT; i++) {
		if (port->dropped[i] != 0) {
			say("  dropped: ");
			say_dropped(port, "", " ");
			say("\n");
			break;
		}
	}
}

int show_ports(const char *name)
{
	static struct hypercall call;
	uint32_t about;

	return ask_about(name, &about) ? show_list(&call, HYPERCALL_PORTS, about, print_port) :
					 STATUS_REFUSED;
}

static void print_sockets(const char *name, const struct hypercall_sockets *sockets, bool first)
{
	bool up = (sockets->flags & HYPERCALL_SOCKETS_UP) != 0;

	if (say_json) {
		say("%s{\"name\": \"%s\", \"cid\": %u, \"driver\": %s, \"sent_packets\": %llu, "
		    "\"sent_bytes\": %llu, \"received_packets\": %llu, \"received_bytes\": %llu, ",
		    first ? "" : ",\n ", name, sockets->cid, up ? "true" : "false",
		    (ull)sockets->sent_packets, (ull)sockets->sent_bytes,
		    (ull)sockets->received_packets, (ull)sockets->received_bytes);
		say("\"refused\": %llu, \"spoofed\": %llu, \"deaf\": %llu, \"untracked\": %llu}",
		    (ull)sockets->refused, (ull)sockets->spoofed, (ull)sockets->deaf,
		    (ull)sockets->untracked);
		return;
	}
	say("%s: CID %u, %s; sent %llu packets, %llu bytes; received %llu, %llu\n", name,
	    sockets->cid, up ? "up" : "down", (ull)sockets->sent_packets, (ull)sockets->sent_bytes,
	    (ull)sockets->received_packets, (ull)sockets->received_bytes);
	if ((sockets->refused | sockets->spoofed | sockets->deaf | sockets->untracked) != 0) {
		say("  refused %llu, spoofed %llu, deaf %llu times, untracked %llu\n",
		    (ull)sockets->refused, (ull)sockets->spoofed, (ull)sockets->deaf,
		    (ull)sockets->untracked);
	}
}

int show_sockets(void)
{
	static struct hypercall call;
	uint64_t ids = ask_vms();
	bool first = true;

	say_list_begin();
	for (uint32_t id = 0; id < ASK_VMS; id++) {
		if ((ids >> id & 1) != 0 && ask(&call, HYPERCALL_VM_SOCKETS, id, 0)) {
			print_sockets(ask_name(id), &call.data.sockets, first);
			first = false;
		}
	}
	say_list_end();
	return STATUS_DONE;
}
