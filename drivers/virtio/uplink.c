/* SPDX-License-Identifier: Apache-2.0 */
/* A network's way out of the board. docs/network.md */
#include "drivers/virtio/uplink.h"

#include "core/base/errno.h"
#include "core/base/string.h"
#include "drivers/virtio/net_dev.h"

#define ADDRESSES_SIZE 12 /* what stands before a tag: IEEE 802.1Q 9 */
#define TAG_SIZE       4
#define TAG_TYPE       0x81 /* and 0x00 */
#define VLAN_COUNT     4096
#define VLAN_HIGH      0x0f /* of the tag's third byte */

#define SHORT	   2048 /* bytes of a frame that are a small part of a step */
#define SHORT_WALK 2	/* ports that are looked at in one */
#define FILL_COST  4000 /* of a step, beside which a frame is looked at: NET_STEP_COST */

struct uplink_port {
	struct switch_port port;
	struct port_config config;
	uint64_t words[SWITCH_WORDS(SWITCH_UPLINK_SETS)];
};

struct uplink {
	/* constant */
	struct nic *nic;
	uint16_t by_vlan[VLAN_COUNT]; /* index and 1; 0: no port is in it */

	/* owner: the CPU of the NIC's interrupt */
	struct switch_port *from,
		*to;	      /* of what came last; to == NULL: it is under way to nobody */
	bool deciding, flood; /* who gets it is being looked for */
	struct net_fill fill;

	struct uplink_port port[]; /* the first one: what has no tag */
};

/* Of the chains that it takes of receivers. */
#define CHAIN_SIZE                                                                                 \
	((uint32_t)(sizeof(struct virtq_chain) + NET_QUEUE_SIZE * sizeof(struct virtq_segment)))

/* Many senders count at one uplink. */
static void count(uint64_t *counter, uint64_t more)
{
	(void)atomic_fetch_add(counter, more);
}

/* -- out -- */

/* Whether a frame that begins so may leave by this port. */
static enum switch_drop may_leave(const uint8_t *head)
{
	/* with a tag of its own it would speak in a VLAN that the config gave to others */
	if (switch_is_tagged(head)) {
		return SWITCH_DROP_TAG;
	}
	return switch_is_link_local(head) ? SWITCH_DROP_LINK : SWITCH_SENT;
}

/* The first bytes of the frame into the NIC's buffer, with the tag of its VLAN. */
static void begin_out(struct net *net, const struct switch_port *to)
{
	uint8_t *at = net->up.buffer.frame, *head = net->fill.bytes + NET_HEADER_SIZE;
	uint32_t vlan = to->config->vlan, tag = vlan != 0 ? TAG_SIZE : 0;

	memcpy(at, head, ADDRESSES_SIZE);
	if (tag != 0) {
		at[ADDRESSES_SIZE] = TAG_TYPE;
		at[ADDRESSES_SIZE + 1] = 0;
		at[ADDRESSES_SIZE + 2] = (uint8_t)(vlan >> 8);
		at[ADDRESSES_SIZE + 3] = (uint8_t)vlan;
	}
	memcpy(at + ADDRESSES_SIZE + tag, head + ADDRESSES_SIZE,
	       net->fill.head_size - ADDRESSES_SIZE);
	net->up.size = net->fill.size + tag;
	net->up.done = net->fill.head_size + tag;
	net->fill.from = net->cut.on ? net->cut.from : net->rest;
}

/* 0: there is a buffer, which begins as the frame does, or *why it is dropped; 1: another step; or
 * an error of the sender's. */
static int open_out(struct net *net, struct switch_port *to, enum switch_drop *why)
{
	struct nic *nic = to->uplink->nic;
	int got;

	*why = may_leave(net->head + NET_HEADER_SIZE);
	/* no NIC takes what is left to do */
	*why = *why == SWITCH_SENT ? net_can_make(net, 0) : *why;
	if (*why != SWITCH_SENT) {
		return 0;
	}
	got = net_make(net, 0);
	if (got != 0) {
		return got;
	}
	if (net->fill.size > nic->mtu + NIC_ETHERNET) {
		*why = SWITCH_DROP_ROOM;
		return 0;
	}
	got = nic_take(nic, &net->sender, &net->up.buffer);
	if (got != 0) {
		*why = got == -ENOSPC ? SWITCH_DROP_FULL : SWITCH_DROP_DOWN;
		return 0;
	}
	begin_out(net, to);
	return 0;
}

/* A step's worth of the rest. 1: there is more; 0; or an error. */
static int copy_out(struct net *net)
{
	int left = NET_STEP_COST, got;

	while (net->up.done < net->up.size) {
		uint32_t size = MIN((uint32_t)MAX(left, 0), net->up.size - net->up.done);

		if (size == 0) {
			return 1;
		}
		/* a piece of it, that what each costs is counted */
		size = MIN(size, virtq_piece(&net->fill.from));
		got = virtq_read(net->virtio.vdev.vm, &net->fill.from,
				 net->up.buffer.frame + net->up.done, size);
		if (got <= 0) {
			return -EFAULT;
		}
		net->up.done += (uint32_t)got;
		left -= got + NET_PIECE_COST;
	}
	return 0;
}

int uplink_send(struct net *net, struct switch_port *to)
{
	enum switch_drop why = SWITCH_SENT;
	int got = 0;

	if (net->up.buffer.frame == NULL) {
		got = open_out(net, to, &why);
	}
	if (why != SWITCH_SENT) {
		net->cut.on = false;
		count(&to->count.dropped[why], 1);
		return 0;
	}
	got = got == 0 ? copy_out(net) : got;
	if (got != 0) {
		if (got < 0) {
			net->cut.on = false;
			uplink_abandon(net);
		}
		return got;
	}
	nic_send(to->uplink->nic, &net->up.buffer, net->up.size);
	count(&to->count.received_frames, 1);
	count(&to->count.received_bytes, net->up.size);
	return net->cut.on ? net_next_piece(net) : 0;
}

void uplink_abandon(struct net *net)
{
	if (net->up.buffer.frame != NULL) {
		nic_put(net->to->uplink->nic, &net->up.buffer);
	}
}

/* -- in -- */

/* Which port it comes by, and without its tag. NULL: nobody is in its VLAN. */
static struct switch_port *port_of(struct uplink *uplink, uint8_t **frame, uint32_t *size)
{
	const uint8_t *tag = *frame + ADDRESSES_SIZE;
	uint32_t vlan;

	if (tag[0] != TAG_TYPE || tag[1] != 0) {
		return &uplink->port[0].port;
	}
	vlan = (uint32_t)(tag[2] & VLAN_HIGH) << 8 | tag[3];
	memmove(*frame + TAG_SIZE, *frame, ADDRESSES_SIZE);
	*frame += TAG_SIZE;
	*size -= TAG_SIZE;
	/* number 0 says a priority, and no VLAN */
	if (vlan != 0 && uplink->by_vlan[vlan] == 0) {
		return NULL;
	}
	return &uplink->port[vlan == 0 ? 0 : uplink->by_vlan[vlan] - 1].port;
}

static void begin_fill(struct net_fill *fill, uint8_t *frame, uint32_t size)
{
	fill->bytes = frame - NET_HEADER_SIZE;
	memset(fill->bytes, 0, NET_HEADER_SIZE);
	fill->size = fill->head_size = size;
	fill->open = false;
}

static void drop_in(struct uplink *uplink, enum switch_drop why)
{
	count(&uplink->from->count.dropped[why], 1);
	uplink->to = NULL;
}

/* Who gets what has come, or more of the search for that one. */
static void route_in(struct uplink *uplink)
{
	struct switch_port *from = uplink->from;
	struct net_fill *fill = &uplink->fill;
	enum switch_drop why = switch_decide(from, fill->bytes + NET_HEADER_SIZE, deadline_now(),
					     &uplink->to, &uplink->flood);

	uplink->deciding = why == SWITCH_MORE;
	if (uplink->deciding) {
		return;
	}
	if (why != SWITCH_SENT) {
		drop_in(uplink, why);
		return;
	}
	from->count.sent_frames++;
	from->count.sent_bytes += fill->size;
}

/* A frame has come, of so many bytes. */
static void begin_in(struct uplink *uplink, uint8_t *frame, uint32_t size)
{
	struct switch_port *from;

	uplink->from = &uplink->port[0].port;
	if (size < SWITCH_HEADER_SIZE + TAG_SIZE || size > NET_FRAME_MAX) {
		drop_in(uplink, SWITCH_DROP_SIZE);
		return;
	}
	from = port_of(uplink, &frame, &size);
	if (from == NULL) {
		drop_in(uplink, SWITCH_DROP_TAG);
		return;
	}
	uplink->from = from;
	begin_fill(&uplink->fill, frame, size);
	route_in(uplink);
}

/* A step towards one receiver, with its lock. 1: more steps; 0. */
static int give(struct net_fill *fill, struct net *to)
{
	if (net_is_gone(to) || (fill->open && fill->life != to->life)) {
		fill->open = false;
		net_drop(&to->port, SWITCH_DROP_DOWN);
		return 0;
	}
	if (!fill->open && net_is_too_long(to, fill->bytes + NET_HEADER_SIZE, fill->size)) {
		net_drop(&to->port, SWITCH_DROP_ROOM);
		return 0;
	}
	if (!fill->open) {
		int got = fill->size <= SHORT ? net_fill_at_once(fill, to, NULL) : -EAGAIN;

		if (got != -EAGAIN) {
			return got;
		}
		net_fill_open(fill, to);
	}
	return net_fill_on(fill, to, NULL) == 1;
}

static void give_on(struct uplink *uplink)
{
	struct net *to = net_of_port(uplink->to);
	int got;

	spin_lock(&to->virtio.lock);
	got = give(&uplink->fill, to);
	spin_unlock(&to->virtio.lock);
	if (got == 0) {
		uplink->to = uplink->flood && to->port.next != uplink->from ? to->port.next : NULL;
	}
}

/* What comes next, or more of the search for who gets what came last. False: there is nothing. */
static bool take_in(struct uplink *uplink, struct nic *nic)
{
	uint8_t *frame;
	uint32_t size;

	if (uplink->deciding) {
		route_in(uplink);
		return true;
	}
	if (!nic_next(nic, &frame, &size)) {
		return false;
	}
	begin_in(uplink, frame, size);
	return true;
}

static bool uplink_work(struct nic *nic)
{
	struct uplink *uplink = nic->user;
	bool searched = false;

	if (uplink->to == NULL) {
		if (!take_in(uplink, nic)) {
			return false;
		}
		searched = uplink->from->looked > SHORT_WALK;
	}
	if (uplink->to != NULL && !searched) {
		give_on(uplink);
	}
	if (uplink->to == NULL && !uplink->deciding) {
		nic_done(nic);
	}
	return true;
}

/* -- beginning -- */

size_t uplink_size(const struct uplink_members *members)
{
	return sizeof(struct uplink) + CHAIN_SIZE + 16 +
	       (members->vlan_count + 1) * sizeof(struct uplink_port);
}

static void join(struct uplink *uplink, uint32_t index, const struct network_config *network,
		 uint32_t vlan)
{
	struct uplink_port *port = &uplink->port[index];

	port->config = (struct port_config){.network = network, .vlan = vlan};
	uplink->by_vlan[vlan] = (uint16_t)(index + 1);
	switch_join_uplink(&port->port, &port->config, deadline_frequency(), port->words, uplink);
}

struct uplink *uplink_open(void *memory, const struct network_config *network, struct nic *nic,
			   const struct uplink_members *members)
{
	struct uplink *uplink = memory;
	struct arena rest = {.base = (uint8_t *)&uplink->port[members->vlan_count + 1],
			     .size = CHAIN_SIZE + 16};

	uplink->nic = nic;
	uplink->fill.step = FILL_COST;
	uplink->fill.chain = arena_alloc(&rest, CHAIN_SIZE);
	join(uplink, 0, network, 0);
	for (uint32_t i = 0; i < members->vlan_count; i++) {
		join(uplink, i + 1, network, members->vlan[i]);
	}
	nic->share = MAX(nic->out_count / 2 / MAX(members->count, 1U), 1U);
	nic->user = uplink;
	nic->work = uplink_work;
	return uplink;
}

const struct nic *uplink_nic(const struct uplink *uplink)
{
	return uplink->nic;
}
