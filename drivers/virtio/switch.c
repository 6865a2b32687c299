/* SPDX-License-Identifier: Apache-2.0 */
/* Who gets a frame: addresses known and learnt, VLANs, floods within bounds. */
#include "drivers/virtio/switch.h"

#include "core/arm64/barrier.h"
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

typedef uint16_t __attribute__((may_alias)) half_t;

static uint64_t address_at(const uint8_t *bytes)
{
	const half_t *halves = (const half_t *)(const void *)bytes;

	return halves[0] | (uint64_t)halves[1] << 16 | (uint64_t)halves[2] << 32;
}

/* In its highest bits. */
static uint64_t hash_of(uint64_t address)
{
	return address * UINT64_C(0x9e3779b97f4a7c15);
}

/* The first place of the set that an address belongs to. */
static uint32_t set_of(const struct switch_port *port, uint64_t hash)
{
	return (uint32_t)(hash >> (64 - port->table.bits)) * SWITCH_WAYS;
}

/* Where a port has learnt an address; or -1. */
static inline int place_of(const struct switch_port *port, uint64_t address, uint64_t hash)
{
	uint32_t set = set_of(port, hash);
	const uint64_t *learnt = port->table.learnt + set;

	_Static_assert(SWITCH_WAYS == 4, "all ways are looked at");
	if (likely(atomic_read(&learnt[0]) != address && atomic_read(&learnt[1]) != address &&
		   atomic_read(&learnt[2]) != address && atomic_read(&learnt[3]) != address)) {
		return -1;
	}
	for (uint32_t way = 0; way < SWITCH_WAYS; way++) {
		if (atomic_read(&learnt[way]) == address) {
			return (int)(set + way);
		}
	}
	return -1;
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
	memset(port->last, 0, sizeof(port->last));
	switch_give_up(port);
}

void switch_give_up(struct switch_port *port)
{
	port->walk.at = NULL;
	atomic_set(&port->learning, UINT64_C(0));
}

/* -- learning -- */

static bool is_old(const struct switch_port *port, uint32_t place, uint64_t now)
{
	uint64_t age = now - atomic_read(&port->table.seen[place]);

	/* a stamp of another CPU may be a moment ahead */
	return (int64_t)age > 0 && age > port->second * SWITCH_AGE_S;
}

/* It is behind another port now. What this one is about to learn first, and then what it has: who
 * learns does both the other way round. */
static void take_away(struct switch_port *port, uint64_t address, uint64_t hash)
{
	int place;

	if (atomic_read_acquire(&port->learning) == address) {
		(void)atomic_replace(&port->learning, address, UINT64_C(0));
	}
	place = place_of(port, address, hash);
	if (place >= 0) {
		(void)atomic_replace(&port->table.learnt[place], address, UINT64_C(0));
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

/* It has been heard here before: all others were looked at then. */
static bool is_known(struct switch_port *port, uint64_t address, uint64_t now)
{
	int place = place_of(port, address, hash_of(address));

	if (place >= 0) {
		atomic_set(&port->table.seen[place], now);
	}
	return place >= 0;
}

/* It has been taken away from all others. Has one of them done so with this port's meanwhile? Then
 * it is that one's. */
static void learn(struct switch_port *port, uint64_t address, uint64_t now)
{
	struct switch_table *table = &port->table;
	uint32_t place = place_in(port, set_of(port, hash_of(address)));

	atomic_set(&table->seen[place], now);
	/* its age before the address, for who looks both up */
	atomic_set_release(&table->learnt[place], address);
	if (!atomic_replace(&port->learning, address, UINT64_C(0))) {
		(void)atomic_replace(&table->learnt[place], address, UINT64_C(0));
	}
}

/* -- deciding -- */

static bool is_behind(const struct switch_port *port, uint64_t address, uint64_t hash, uint64_t now)
{
	int place = place_of(port, address, hash);

	/* the address before its age, as learn() has it the other way round */
	return place >= 0 && atomic_read_acquire(&port->table.learnt[place]) == address &&
	       !is_old(port, (uint32_t)place, now);
}

/* Addresses of the config are whose they are: nobody has learnt one. */
static bool has(const struct switch_port *port, uint64_t address, uint64_t hash, uint64_t now)
{
	return port->own == address || is_behind(port, address, hash, now);
}

/* By the last byte of the address: neighbours' are different. */
static struct switch_port **last_of(struct switch_port *port, uint64_t address)
{
	return &port->last[(address >> 40) % ARRAY_COUNT(port->last)];
}

/* Who had it when this port sent there last, and still has it; or NULL. */
static struct switch_port *recall(struct switch_port *port, uint64_t address, uint64_t now)
{
	struct switch_port *last = *last_of(port, address);

	if (last == NULL) {
		return NULL;
	}
	return likely(last->own == address) || is_behind(last, address, hash_of(address), now) ?
		       last :
		       NULL;
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

static bool is_station(uint64_t address)
{
	return (address & GROUP) == 0 && address != 0;
}

/* A walk over all others is due: for a source that is new here, or a target that is sought. */
static void set_out(struct switch_port *port, uint64_t source, bool learns, bool seeks)
{
	port->walk.at = port->next;
	port->walk.learns = learns;
	port->walk.seeks = seeks;
	if (learns) {
		atomic_set(&port->learning, source);
		/* what it is about to learn, before what others have and are: of two who learn the
		 * same one sees the other's */
		dmb(ish);
	}
}

/* Some of it. SWITCH_SENT: it is over; else as switch_decide(). */
static enum switch_drop walk_on(struct switch_port *port, uint64_t source, uint64_t target,
				uint64_t now)
{
	uint64_t source_hash = hash_of(source), target_hash = hash_of(target);
	struct switch_walk *walk = &port->walk;
	struct switch_port *other;

	port->looked = 0;
	for (; walk->at != port; walk->at = other->next) {
		if (port->looked == SWITCH_WALK) {
			return SWITCH_MORE;
		}
		port->looked++;
		other = walk->at;
		if (walk->learns) {
			if (other->own == source) {
				switch_give_up(port);
				return SWITCH_DROP_SOURCE;
			}
			take_away(other, source, source_hash);
		}
		if (walk->seeks && has(other, target, target_hash, now)) {
			walk->seeks = false;
			walk->to = other;
			if (!walk->learns) {
				break;
			}
		}
	}
	if (walk->learns) {
		learn(port, source, now);
	}
	walk->at = NULL;
	return SWITCH_SENT;
}

/* Nothing is to be looked for any more. */
static enum switch_drop settle(struct switch_port *port, uint64_t target, uint64_t now,
			       struct switch_port **to, bool *flood)
{
	if (target == port->own || port->next == port) {
		return SWITCH_SENT;
	}
	if (port->walk.to != NULL) {
		*to = *last_of(port, target) = port->walk.to;
		return SWITCH_SENT;
	}
	/* what is behind this one has heard it itself */
	if (is_station(target) && is_behind(port, target, hash_of(target), now)) {
		return SWITCH_SENT;
	}
	if (!switch_may_flood(port, 1, now)) {
		return SWITCH_DROP_STORM;
	}
	*to = port->next;
	*flood = true;
	return SWITCH_SENT;
}

/* What a walk is due for, if one is: it begins. */
static void look_for(struct switch_port *port, uint64_t source, uint64_t target, bool learns,
		     uint64_t now)
{
	bool seeks = port->walk.to == NULL && is_station(target) && target != port->own &&
		     !is_behind(port, target, hash_of(target), now);

	if (learns || seeks) {
		set_out(port, source, learns, seeks);
	}
}

enum switch_drop switch_decide(struct switch_port *port, const uint8_t *head, uint64_t now,
			       struct switch_port **to, bool *flood)
{
	uint64_t target = address_at(head), source = address_at(head + SWITCH_MAC_SIZE);
	enum switch_drop why = SWITCH_SENT;
	struct switch_port *known;
	bool learns = false;

	*flood = false;
	*to = NULL;
	if (likely(port->walk.at == NULL)) {
		port->looked = 0;
		why = look(port, head);
		if (why != SWITCH_SENT) {
			return why;
		}
		if (source != port->own) {
			if (!is_station(source) || port->config->own_mac_only) {
				return SWITCH_DROP_SOURCE;
			}
			learns = !is_known(port, source, now);
		}
		known = is_station(target) ? recall(port, target, now) : NULL;
		if (likely(known != NULL && !learns)) {
			*to = known;
			return SWITCH_SENT;
		}
		port->walk.to = known;
		look_for(port, source, target, learns, now);
	}
	if (port->walk.at != NULL) {
		why = walk_on(port, source, target, now);
	}
	return why == SWITCH_SENT ? settle(port, target, now, to, flood) : why;
}
