/* SPDX-License-Identifier: Apache-2.0 */
/* Who gets a frame: addresses known and learnt, VLANs, floods within bounds. */
#include "drivers/virtio/switch.h"

#include "core/base/atomic.h"
#include "core/base/string.h"

#define GROUP	   UINT64_C(1) /* in the first byte of an address, which is the lowest here */
#define TYPE_VLAN  0x8100
#define TYPE_VLANS 0x88a8 /* a service's: 802.1ad */
#define COST_SHIFT 20

static struct switch_port *all;

struct switch_port *switch_first(void)
{
	return all;
}

static uint64_t address_at(const uint8_t *bytes)
{
	return bytes[0] | (uint64_t)bytes[1] << 8 | (uint64_t)bytes[2] << 16 |
	       (uint64_t)bytes[3] << 24 | (uint64_t)bytes[4] << 32 | (uint64_t)bytes[5] << 40;
}

static uint32_t set_of(uint64_t address)
{
	return (uint32_t)((address * UINT64_C(0x9e3779b97f4a7c15)) >> 61);
}

/* Behind the last one that was plugged into the same: the ring's order is the config's. */
static void link_up(struct switch_port *port)
{
	struct switch_port **end = &all, *mate = port;

	port->next = port;
	for (; *end != NULL; end = &(*end)->all) {
		if ((*end)->config->network == port->config->network &&
		    (*end)->config->vlan == port->config->vlan) {
			mate = *end;
		}
	}
	port->next = mate->next;
	mate->next = port;
	*end = port;
}

void switch_join(struct switch_port *port, const struct port_config *config,
		 uint64_t ticks_per_second)
{
	*port = (struct switch_port){
		.config = config,
		.own = address_at(config->mac),
		.second = ticks_per_second,
		.flood_cost = ticks_per_second / SWITCH_FLOOD_RATE,
	};
	if (config->rate_kbps != 0) {
		port->byte_cost =
			((ticks_per_second * 8) << COST_SHIFT) / (config->rate_kbps * 1000ULL) + 1;
	}
	link_up(port);
}

void switch_forget(struct switch_port *port)
{
	for (uint32_t i = 0; i < SWITCH_SETS * SWITCH_WAYS; i++) {
		atomic_set(&port->learnt[i / SWITCH_WAYS][i % SWITCH_WAYS], UINT64_C(0));
	}
	port->last = NULL;
}

/* -- learning -- */

static bool is_old(const struct switch_port *port, uint32_t set, uint32_t way, uint64_t now)
{
	uint64_t age = now - atomic_read(&port->seen[set][way]);

	/* a stamp of another CPU may be a moment ahead */
	return (int64_t)age > 0 && age > port->second * SWITCH_AGE_S;
}

/* It is behind this port now: behind no other. */
static void take_away(struct switch_port *port, uint32_t set, uint64_t address)
{
	for (struct switch_port *other = port->next; other != port; other = other->next) {
		for (uint32_t way = 0; way < SWITCH_WAYS; way++) {
			if (atomic_read(&other->learnt[set][way]) == address) {
				(void)atomic_replace(&other->learnt[set][way], address,
						     UINT64_C(0));
			}
		}
	}
}

/* A free place of the set, or that of whom it heard from least lately. */
static uint32_t place_in(const struct switch_port *port, uint32_t set)
{
	uint32_t place = 0;

	for (uint32_t way = 0; way < SWITCH_WAYS; way++) {
		if (atomic_read(&port->learnt[set][way]) == 0) {
			return way;
		}
		if ((int64_t)(port->seen[set][way] - port->seen[set][place]) < 0) {
			place = way;
		}
	}
	return place;
}

static void learn(struct switch_port *port, uint64_t address, uint64_t now)
{
	uint32_t set = set_of(address), way;

	for (way = 0; way < SWITCH_WAYS; way++) {
		if (atomic_read(&port->learnt[set][way]) == address) {
			atomic_set(&port->seen[set][way], now);
			return;
		}
	}
	way = place_in(port, set);
	atomic_set(&port->seen[set][way], now);
	/* its age before the address, for who looks both up */
	atomic_set_release(&port->learnt[set][way], address);
	take_away(port, set, address);
}

/* -- deciding -- */

static bool is_behind(const struct switch_port *port, uint64_t address, uint64_t now)
{
	uint32_t set = set_of(address);

	for (uint32_t way = 0; way < SWITCH_WAYS; way++) {
		if (atomic_read_acquire(&port->learnt[set][way]) == address) {
			return !is_old(port, set, way, now);
		}
	}
	return false;
}

static struct switch_port *find(struct switch_port *port, uint64_t address, uint64_t now)
{
	if (port->last != NULL && port->last->own == address) {
		return port->last;
	}
	/* addresses of the config are whose they are, whatever was learnt */
	for (struct switch_port *other = port->next; other != port; other = other->next) {
		if (other->own == address) {
			return other;
		}
	}
	for (struct switch_port *other = port->next; other != port; other = other->next) {
		if (is_behind(other, address, now)) {
			return other;
		}
	}
	return NULL;
}

/* A bucket that fills with time: what was sent is paid for until then, `burst` ticks ahead at most.
 */
static bool may_flood(struct switch_port *port, uint64_t now)
{
	uint64_t burst = port->flood_cost * SWITCH_FLOOD_BURST;
	int64_t ahead = (int64_t)(port->flood_until - now);

	if (ahead > (int64_t)(burst - port->flood_cost)) {
		return false;
	}
	port->flood_until = (ahead < 0 ? now : port->flood_until) + port->flood_cost;
	return true;
}

void switch_charge(struct switch_port *port, uint32_t bytes, uint64_t now)
{
	uint64_t burst = (port->byte_cost * SWITCH_RATE_BURST) >> COST_SHIFT;
	uint64_t cost = (port->byte_cost * bytes) >> COST_SHIFT;

	/* what was not used lately is there, as far as the burst */
	if ((int64_t)(port->rate_until - (now - burst)) < 0) {
		port->rate_until = now - burst;
	}
	port->rate_until += cost;
}

static bool is_another_port(const struct switch_port *port, uint64_t address)
{
	for (struct switch_port *other = port->next; other != port; other = other->next) {
		if (other->own == address) {
			return true;
		}
	}
	return false;
}

enum switch_drop switch_decide(struct switch_port *port, const uint8_t *head, uint64_t now,
			       struct switch_port **to, bool *flood)
{
	uint64_t target = address_at(head), source = address_at(head + SWITCH_MAC_SIZE);
	uint32_t type = (uint32_t)head[12] << 8 | head[13];

	*flood = false;
	*to = NULL;
	if (port->config->vlan != 0 && (type == TYPE_VLAN || type == TYPE_VLANS)) {
		return SWITCH_DROP_TAG;
	}
	if (source != port->own) {
		if ((source & GROUP) != 0 || source == 0 || is_another_port(port, source)) {
			return SWITCH_DROP_SOURCE;
		}
		learn(port, source, now);
	}
	if (target == port->own || port->next == port) {
		return SWITCH_SENT;
	}
	if ((target & GROUP) == 0) {
		*to = find(port, target, now);
		if (*to != NULL) {
			port->last = *to;
			return SWITCH_SENT;
		}
		if (is_behind(port, target, now)) {
			return SWITCH_SENT; /* it has heard it itself */
		}
	}
	if (!may_flood(port, now)) {
		return SWITCH_DROP_STORM;
	}
	*to = port->next;
	*flood = true;
	return SWITCH_SENT;
}
