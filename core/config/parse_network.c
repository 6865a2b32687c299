/* SPDX-License-Identifier: Apache-2.0 */
/* From /networks and the nodes of network devices to struct config. */
#include "core/base/string.h"
#include "core/config/parser.h"

#define MAC_SIZE 6

static void parse_network(struct parser *p, int node, struct network_config *network)
{
	unsigned int errors = p->diag->error_count;

	*network = (struct network_config){.name = dt_name(p->dt, node), .node = node};
	parser_check_name(p, node);
	parser_check_node(p, node, BINDING_NETWORK, NULL);
	network->uplink = dt_string(p->dt, node, "uplink");
	network->refused = p->diag->error_count != errors;
	p->inside += p->diag->error_count - errors;
}

void parser_networks(struct parser *p, int node)
{
	struct config *config = p->config;

	if (node == DT_NONE) {
		return;
	}
	parser_check_node(p, node, BINDING_NETWORKS, NULL);
	for (int child = dt_first_child(p->dt, node); child != DT_NONE;
	     child = dt_next_sibling(p->dt, child)) {
		if (!parser_enabled(p, child)) {
			continue;
		}
		if (config->network_count == CONFIG_NETWORK_MAX) {
			parser_at(p, node);
			diag_error(p->diag, p->path, NULL, "has more than %u networks",
				   CONFIG_NETWORK_MAX);
			return;
		}
		parse_network(p, child, &config->network[config->network_count++]);
	}
}

/* What the device is plugged into; NULL: absent, or told of. */
static const struct network_config *network_of(struct parser *p, int node)
{
	int target = dt_by_phandle(p->dt, parser_u32(p, node, "network", 0));
	char path[CONFIG_PATH_MAX];

	if (target == DT_NONE) {
		return NULL;
	}
	for (uint32_t i = 0; i < p->config->network_count; i++) {
		const struct network_config *network = &p->config->network[i];

		if (network->node == target && network->refused) {
			diag_error(p->diag, p->path, "network",
				   "the network \"%s\" has errors of its own", network->name);
			return NULL;
		}
		if (network->node == target) {
			return network;
		}
	}
	diag_error(p->diag, p->path, "network",
		   "%s is not an enabled network: networks stand below /networks",
		   dt_path(p->dt, target, path, sizeof(path)));
	return NULL;
}

/* FNV-1a, 64 bits: it has to be the same at each boot and tell names apart, nothing else. */
static uint64_t hash(uint64_t value, const char *text)
{
	for (; *text != '\0'; text++) {
		value = (value ^ (uint8_t)*text) * UINT64_C(0x100000001b3);
	}
	return value;
}

/* An address of nobody's (IEEE 802: locally administered), of one station. */
static void derive_mac(uint8_t mac[MAC_SIZE], const char *vm, const char *device)
{
	uint64_t value = hash(hash(hash(UINT64_C(0xcbf29ce484222325), vm), "/"), device);

	/* all of its bits: those of names that differ in the last letter differ low alone */
	value ^= value >> 32;
	value *= UINT64_C(0x9e3779b97f4a7c15);
	for (uint32_t i = 0; i < MAC_SIZE; i++) {
		mac[i] = (uint8_t)(value >> (16 + 8 * i));
	}
	mac[0] = (uint8_t)((mac[0] & ~3U) | 2U);
}

static void check_mac(struct parser *p, const struct dt_prop *prop, uint8_t mac[MAC_SIZE])
{
	static const uint8_t none[MAC_SIZE];

	if (prop->len != MAC_SIZE) {
		diag_error(p->diag, p->path, "local-mac-address",
			   "has %zu bytes: an address has six, like [02 00 00 00 00 01]",
			   (size_t)prop->len);
		return;
	}
	memcpy(mac, prop->value, MAC_SIZE);
	if ((mac[0] & 1) != 0) {
		diag_error(p->diag, p->path, "local-mac-address",
			   "is the address of a group, its first byte being odd: that of one "
			   "station is even");
	} else if (memcmp(mac, none, MAC_SIZE) == 0) {
		diag_error(
			p->diag, p->path, "local-mac-address",
			"is zero, which is no address: leave it out for one made from the names");
	}
}

void parser_port(struct parser *p, int node, const struct vm_config *vm, struct port_config *port)
{
	struct dt_prop mac;

	*port = (struct port_config){
		.network = network_of(p, node),
		.vlan = parser_u32(p, node, "vlan", 0),
		.rate_kbps = parser_u32(p, node, "rate-kbps", 0),
		.mtu = parser_u32(p, node, "mtu", 0),
		.own_mac_only = dt_prop(p->dt, node, "own-mac-only", NULL),
	};
	if (dt_prop(p->dt, node, "local-mac-address", &mac)) {
		check_mac(p, &mac, port->mac);
	} else {
		derive_mac(port->mac, vm->name, dt_name(p->dt, node));
	}
}
