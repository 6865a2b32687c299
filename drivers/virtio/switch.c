/* SPDX-License-Identifier: Apache-2.0 */
/* Who gets a frame: addresses known and learnt, VLANs, floods within bounds. */
#include "drivers/virtio/switch.h"

#include "core/base/atomic.h"
#include "core/base/bits.h"
#include "core/base/string.h"

#define GROUP	   UINT64_C(1) /* in the first byte of an address, which is the lowest here */
#define TYPE_VLAN  0x8100
#define TYPE_VLANS 0x88a8 /* a service's: 802.1ad */
#define COST_SHIFT 20
#define NOBODY	   UINT64_MAX /* no address has so many bits */

/* Each VM's port, and with it at most one of an uplink; and those of uplinks that no VLAN has. */
#define PORT_MAX (2 * CONFIG_DEVICE_TOTAL_MAX + CONFIG_NETWORK_MAX)
#define STRIDE	 16

static struct switch_port *all;

/* Every STRIDE-th port, so that a list of them goes on without a walk through all before. Constant
 * after the last has joined. */
static struct switch_port *at_stride[PORT_MAX / STRIDE + 1];

struct switch_port *switch_first(void)
{
	return all;
}

struct switch_port *switch_port_at(uint32_t n)
{
	struct switch_port *port = n < PORT_MAX ? at_stride[n / STRIDE] : NULL;

	for (n %= STRIDE; n != 0 && port != NULL; n--) {
		port = port->all;
	}
	return port;
}

static uint64_t address_at(const uint8_t *bytes)
{
	return bytes[0] | (uint64_t)bytes[1] << 8 | (uint64_t)bytes[2] << 16 |
	       (uint64_t)bytes[3] << 24 | (uint64_t)bytes[4] << 32 | (uint64_t)bytes[5] << 40;
}

/* The first place of the set that an address belongs to. */
static uint32_t set_of(const struct switch_port *port, uint64_t address)
{
	uint64_t hash = address * UINT64_C(0x9e3779b97f4a7c15);

	return (uint32_t)(hash >> (64 - port->table.bits)) * SWITCH_WAYS;
}

static uint32_t place_count(const struct switch_port *port)
{
	return BIT32(port->table.bits) * SWITCH_WAYS;
}

/* Behind the last one that was plugged into the same: the ring's order is the config's. */
static void link_up(struct switch_port *port)
{
	struct switch_port **end = &all, *mate = port;
	uint32_t count = 0;

	port->next = port;
	for (; *end != NULL; end = &(*end)->all, count++) {
		if ((*end)->config->network == port->config->network &&
		    (*end)->config->vlan == port->config->vlan) {
			mate = *end;
		}
	}
	port->next = mate->next;
	mate->next = port;
	*end = port;
	/* the config's bounds keep it below */
	if (count % STRIDE == 0 && count < PORT_MAX) {
		at_stride[count / STRIDE] = port;
	}
}

static void join(struct switch_port *port, const struct port_config *config,
		 uint64_t ticks_per_second, uint64_t *words, uint32_t sets)
{
	*port = (struct switch_port){
		.config = config,
		.second = ticks_per_second,
		.flood_cost = ticks_per_second / SWITCH_FLOOD_RATE,
		.table = {.learnt = words,
			  .seen = words + sets * SWITCH_WAYS,
			  .bits = (uint32_t)__builtin_ctz(sets)},
	};
	link_up(port);
}

void switch_join(struct switch_port *port, const struct port_config *config,
		 uint64_t ticks_per_second, uint64_t words[SWITCH_WORDS(SWITCH_SETS)])
{
	join(port, config, ticks_per_second, words, SWITCH_SETS);
	port->own = address_at(config->mac);
	if (config->rate_kbps != 0) {
		port->byte_cost =
			((ticks_per_second * 8) << COST_SHIFT) / (config->rate_kbps * 1000ULL) + 1;
	}
}

void switch_join_uplink(struct switch_port *port, const struct port_config *config,
			uint64_t ticks_per_second, uint64_t words[SWITCH_WORDS(SWITCH_UPLINK_SETS)],
			struct uplink *uplink)
{
	join(port, config, ticks_per_second, words, SWITCH_UPLINK_SETS);
	port->own = NOBODY;
	port->uplink = uplink;
}

void switch_forget(struct switch_port *port)
{
	for (uint32_t i = 0; i < place_count(port); i++) {
		atomic_set(&port->table.learnt[i], UINT64_C(0));
	}
	port->last = NULL;
}

/* -- learning -- */

static bool is_old(const struct switch_port *port, uint32_t place, uint64_t now)
{
	uint64_t age = now - atomic_read(&port->table.seen[place]);

	/* a stamp of another CPU may be a moment ahead */
	return (int64_t)age > 0 && age > port->second * SWITCH_AGE_S;
}

/* It is behind this port now: behind no other. */
static void take_away(struct switch_port *port, uint64_t address)
{
	for (struct switch_port *other = port->next; other != port; other = other->next) {
		uint64_t *learnt = other->table.learnt;
		uint32_t set = set_of(other, address);

		for (uint32_t i = set; i < set + SWITCH_WAYS; i++) {
			if (atomic_read(&learnt[i]) == address) {
				(void)atomic_replace(&learnt[i], address, UINT64_C(0));
			}
		}
	}
}

/* A free place of the set, or that of whom it heard from least lately. */
static uint32_t place_in(const struct switch_port *port, uint32_t set)
{
	const struct switch_table *table = &port->table;
	uint32_t place = set;

	for (uint32_t i = set; i < set + SWITCH_WAYS; i++) {
		if (atomic_read(&table->learnt[i]) == 0) {
			return i;
		}
		if ((int64_t)(table->seen[i] - table->seen[place]) < 0) {
			place = i;
		}
	}
	return place;
}

static void learn(struct switch_port *port, uint64_t address, uint64_t now)
{
	struct switch_table *table = &port->table;
	uint32_t set = set_of(port, address), place;

	for (place = set; place < set + SWITCH_WAYS; place++) {
		if (atomic_read(&table->learnt[place]) == address) {
			atomic_set(&table->seen[place], now);
			return;
		}
	}
	place = place_in(port, set);
	atomic_set(&table->seen[place], now);
	/* its age before the address, for who looks both up */
	atomic_set_release(&table->learnt[place], address);
	take_away(port, address);
}

/* -- deciding -- */

static bool is_behind(const struct switch_port *port, uint64_t address, uint64_t now)
{
	uint32_t set = set_of(port, address);

	for (uint32_t place = set; place < set + SWITCH_WAYS; place++) {
		if (atomic_read_acquire(&port->table.learnt[place]) == address) {
			return !is_old(port, place, now);
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
bool switch_may_flood(struct switch_port *port, uint32_t frames, uint64_t now)
{
	uint64_t burst = port->flood_cost * SWITCH_FLOOD_BURST, cost = port->flood_cost * frames;
	uint64_t from = (int64_t)(port->flood_until - now) < 0 ? now : port->flood_until;

	if ((int64_t)(from + cost - now) > (int64_t)burst) {
		return false;
	}
	port->flood_until = from + cost;
	return true;
}

void switch_charge(struct switch_port *port, uint64_t bytes, uint64_t now)
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

bool switch_is_link_local(const uint8_t *head)
{
	/* 01-80-C2-00-00-00 to -0F */
	return (address_at(head) & ~(UINT64_C(0xf) << 40)) == UINT64_C(0xc28001);
}

bool switch_is_tagged(const uint8_t *head)
{
	uint32_t type = (uint32_t)head[12] << 8 | head[13];

	return type == TYPE_VLAN || type == TYPE_VLANS;
}

/* What no port may send, whoever it is for. */
static enum switch_drop look(const struct switch_port *port, const uint8_t *head)
{
	bool uplink = port->uplink != NULL;

	if ((uplink || port->config->vlan != 0) && switch_is_tagged(head)) {
		return SWITCH_DROP_TAG;
	}
	return uplink && switch_is_link_local(head) ? SWITCH_DROP_LINK : SWITCH_SENT;
}

enum switch_drop switch_decide(struct switch_port *port, const uint8_t *head, uint64_t now,
			       struct switch_port **to, bool *flood)
{
	uint64_t target = address_at(head), source = address_at(head + SWITCH_MAC_SIZE);
	enum switch_drop why = look(port, head);

	*flood = false;
	*to = NULL;
	if (why != SWITCH_SENT) {
		return why;
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
	if ((target & GROUP) == 0 && target != 0) {
		*to = find(port, target, now);
		if (*to != NULL) {
			port->last = *to;
			return SWITCH_SENT;
		}
		if (is_behind(port, target, now)) {
			return SWITCH_SENT; /* it has heard it itself */
		}
	}
	if (!switch_may_flood(port, 1, now)) {
		return SWITCH_DROP_STORM;
	}
	*to = port->next;
	*flood = true;
	return SWITCH_SENT;
}
