/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A network interface. virtio 1.2 5.1: a queue of buffers for what comes, one of frames to send.
 *
 * The sender copies, in steps of its own, from its memory straight into the receivers': see
 * docs/network.md. A step looks at one receiver, whose lock it takes beside its own
 * (drivers/virtio/virtio.h says in which order); between two steps everything may be different, and
 * each side's reset is seen by the other: a sender's by settle(), a receiver's by `life`.
 */
#include "drivers/virtio/net.h"
#include "core/base/errno.h"
#include "core/base/string.h"
#include "core/config/guest_map_types.h"
#include "core/vm/vm.h"
#include "drivers/emul/models.h"
#include "drivers/virtio/net_dev.h"
#include "drivers/virtio/uplink.h"
#include "mm/guest_access.h"

/* Parts of a frame that is taken and looked at in one step. */
#define FEW 4
/* Ports that are looked at in the same. */
#define SHORT_WALK 2

#define FULL_DUPLEX 1
#define SPEED_MBPS  10000

struct net_config {
	uint8_t mac[6];
	uint16_t status, pairs, mtu;
	uint32_t speed;
	uint8_t duplex;
};
#define CONFIG_SIZE 17

static struct net *net_of(struct virtio *virtio)
{
	return CONTAINER_OF(virtio, struct net, virtio);
}

/* -- two locks -- */

static bool is_before(const struct net *a, const struct net *b)
{
	const struct vdev *x = &a->virtio.vdev, *y = &b->virtio.vdev;

	return x->vm->id != y->vm->id ? x->vm->id < y->vm->id : x->index < y->index;
}

static void lock_other(struct net *net, struct net *to)
{
	virtio_lock_beside(&net->virtio, &to->virtio, is_before(net, to));
}

static void unlock_other(struct net *to)
{
	spin_unlock(&to->virtio.lock);
}

/* -- one receiver; both locks are held -- */

static enum switch_drop may_receive(struct net *net, struct net *to)
{
	if (net_is_gone(to)) {
		return SWITCH_DROP_DOWN;
	}
	return net_is_too_long(to, net->head + NET_HEADER_SIZE, net->wire.longest) ?
		       SWITCH_DROP_ROOM :
		       net_can_make(net, to->virtio.features);
}

/* The first step towards a receiver that may have it. As deliver(). */
static int begin_delivery(struct net *net, struct net *to)
{
	uint64_t takes = to->virtio.features;
	int got;

	if (net->now && !net_goes_as_it_is(net, takes)) {
		return 1;
	}
	got = net_make(net, takes);
	if (got != 0) {
		return got;
	}
	net->fill.from = net->cut.on ? net->cut.from : net->rest;
	got = net_fill_at_once(&net->fill, to, net->virtio.vdev.vm);
	if (got != -EAGAIN || net->now) {
		return got != -EAGAIN ? got : 1;
	}
	net_fill_open(&net->fill, to);
	return net_fill_on(&net->fill, to, net->virtio.vdev.vm);
}

/* A step towards one receiver. 1: more steps; 0: it has it, or not; or an error of the sender's. */
static int deliver(struct net *net, struct net *to)
{
	enum switch_drop why = SWITCH_SENT;
	int got;

	if (net->fill.open && (net_is_gone(to) || net->fill.life != to->life)) {
		net->fill.open = false;
		why = SWITCH_DROP_DOWN;
	} else if (!net->fill.open) {
		why = may_receive(net, to);
	}
	if (why != SWITCH_SENT) {
		net->cut.on = false;
		net_drop(&to->port, why);
		return 0;
	}
	got = net->fill.open ? net_fill_on(&net->fill, to, net->virtio.vdev.vm) :
			       begin_delivery(net, to);
	if (got == 0) {
		return net->cut.on ? net_next_piece(net) : 0;
	}
	if (got < 0) {
		net->cut.on = false;
	}
	return got == -ENOSPC ? 0 : got;
}

/* -- the sender's queue; its lock is held -- */

static int finish(struct net *net)
{
	net->sending = false;
	return virtio_finish(&net->virtio, NET_QUEUE_SEND, net->chain, 0);
}

static int drop_sent(struct net *net, enum switch_drop why)
{
	net_drop(&net->port, why);
	return finish(net);
}

/* A step towards another VM. 1: more steps; 0: it is over; -EAGAIN: it is somebody else's; or an
 * error. */
static int deliver_to(struct net *net, struct net *to)
{
	uint32_t serial = ++net->serial;
	int got;

	lock_other(net, to);
	/* did somebody else do this step, or is there nothing to do any more? */
	got = serial != net->serial || !virtio_works(&net->virtio) ? -EAGAIN : deliver(net, to);
	unlock_other(to);
	return got;
}

/* A step of the frame in hand. As an operation's step. */
static int send_on(struct net *net)
{
	struct switch_port *to = net->to;
	int got;

	if (to == NULL) {
		return finish(net);
	}
	got = to->uplink != NULL ? uplink_send(net, to) : deliver_to(net, net_of_port(to));
	if (got != 0) {
		return got == -EAGAIN ? 1 : got;
	}
	net->to = net->flood && to->next != &net->port ? to->next : NULL;
	return net->to == NULL ? finish(net) : 1;
}

/* How much of the frame in hand is looked at, with its header. */
static uint32_t head_max(const struct net *net)
{
	return MIN((uint32_t)(NET_HEADER_SIZE + NET_HEAD_SIZE), net->chain->out_size);
}

/* Some of that. As an operation's step. */
static int read_head(struct net *net)
{
	uint32_t left = head_max(net) - net->head_read;
	int got =
		virtq_read_some(net->virtio.vdev.vm, &net->rest, net->head + net->head_read, left);

	net->head_read += (uint32_t)MAX(got, 0);
	return got < 0 ? got : 1;
}

/* What its driver says of the frame in hand, against what can be. */
static enum switch_drop look_at(struct net *net)
{
	const uint8_t *frame = net->head + NET_HEADER_SIZE;

	if (!net_header_holds(net_header(net), net->virtio.features, net->size)) {
		return net->size > NET_FRAME_GSO_MAX ? SWITCH_DROP_SIZE : SWITCH_DROP_HEADER;
	}
	net_on_wire(net_header(net), frame, net->head_size, net->size, &net->wire);
	if (net->wire.longest > NET_FRAME_MAX) {
		return SWITCH_DROP_HEADER;
	}
	return net_is_too_long(net, frame, net->wire.longest) ? SWITCH_DROP_SIZE : SWITCH_SENT;
}

/* What every receiver that gets it whole is told: headers as they are (5.1.6.4.1), and nothing of
 * what the driver had no reason to say. */
static void tidy_header(struct net *net)
{
	struct net_header *header = (struct net_header *)net->head;

	header->flags &= NET_NEEDS_CSUM;
	if (header->flags == 0) {
		header->csum_start = header->csum_offset = 0;
	}
	header->header_size = (uint16_t)net->wire.headers;
	if (header->gso_type == NET_GSO_NONE) {
		header->gso_size = 0;
	}
}

/* Who gets it. What is to be cut counts as what it is cut into, whoever cuts it. */
static enum switch_drop decide(struct net *net)
{
	uint64_t now = deadline_now();
	enum switch_drop why =
		switch_decide(&net->port, net->head + NET_HEADER_SIZE, now, &net->to, &net->flood);

	if (why == SWITCH_SENT && net->flood && net->wire.count > 1 &&
	    !switch_may_flood(&net->port, net->wire.count - 1, now)) {
		why = SWITCH_DROP_STORM;
	}
	return why;
}

/* The receiver is another step, but for a VM that can do with little, which was found at once. */
static bool may_go_now(const struct net *net)
{
	return !net->flood && net->port.looked <= SHORT_WALK &&
	       !guest_is_paged(net->virtio.vdev.vm) && (net->to == NULL || net->to->uplink == NULL);
}

/* A step of what was looked at in the same one. */
static int send_now(struct net *net)
{
	int got;

	net->now = true;
	got = send_on(net);
	net->now = false;
	return got;
}

/* What begins the frame has been read: what is it, and what does it cost? */
static enum switch_drop size_up(struct net *net)
{
	enum switch_drop why;

	if (net->chain->out_size < NET_HEADER_SIZE + SWITCH_HEADER_SIZE) {
		return SWITCH_DROP_SIZE;
	}
	net->size = net->chain->out_size - (uint32_t)NET_HEADER_SIZE;
	net->head_size = net->head_read - (uint32_t)NET_HEADER_SIZE;
	why = look_at(net);
	if (why == SWITCH_SENT && net->port.byte_cost != 0) {
		switch_charge(&net->port, net->wire.bytes, deadline_now());
	}
	return why;
}

/* Then who gets it, which may take more than one step. As an operation's step. */
static int begin_frame(struct net *net)
{
	enum switch_drop why = SWITCH_SENT;

	if (!net->deciding) {
		if (net->chain->count != net->chain->reads) {
			return -EINVAL;
		}
		why = size_up(net);
	}
	why = why == SWITCH_SENT ? decide(net) : why;
	if (unlikely(why == SWITCH_MORE)) {
		net->deciding = true;
		return 1;
	}
	if (why != SWITCH_SENT) {
		return drop_sent(net, why);
	}
	tidy_header(net);
	net->looked_at = true;
	net->port.count.sent_frames++;
	net->port.count.sent_bytes += net->size;
	net->sum.begun = net->sum.done = net->cut.on = false;
	return may_go_now(net) ? send_now(net) : 1;
}

static void alarm_fired(struct deadline *deadline)
{
	struct net *net = CONTAINER_OF(deadline, struct net, alarm);

	/* from here on another CPU may arm it */
	atomic_set_release(&net->armed, false);
	virtio_ask(&net->virtio, NET_QUEUE_SEND);
}

/* It has sent as much as it may for now: its driver's frames wait where they are. */
static bool must_wait(struct net *net)
{
	uint64_t ready = switch_ready(&net->port);

	if (net->port.byte_cost == 0 || (int64_t)(ready - deadline_now()) <= 0) {
		return false;
	}
	if (!atomic_read_acquire(&net->armed)) {
		atomic_set(&net->armed, true);
		deadline_set(&net->alarm, ready);
	}
	return true;
}

/* A chain has been taken. As an operation's step. */
static int take_up(struct net *net)
{
	int got;

	net->sending = true;
	net->looked_at = net->deciding = false;
	net->head_read = 0;
	net->rest = virtq_reads(net->chain);
	if (net->chain->count > FEW || guest_is_paged(net->virtio.vdev.vm)) {
		return 1;
	}
	got = read_head(net);
	return got == 1 ? begin_frame(net) : got;
}

static int net_step(struct virtio *virtio, uint32_t index)
{
	struct net *net = net_of(virtio);
	struct virtq *queue = &virtio->queue[index];
	int got;

	if (index == NET_QUEUE_RECEIVE) {
		/* who sends looks for buffers: nobody has to tell of them */
		got = virtq_listen(queue, false);
		return got < 0 ? got : 0;
	}
	if (net->sending) {
		return net->looked_at		       ? send_on(net) :
		       net->head_read == head_max(net) ? begin_frame(net) :
							 read_head(net);
	}
	if (net->fill.open) {
		return 1; /* of a life before: until settle() has been there */
	}
	if (!net->chain->begun && must_wait(net)) {
		return 0;
	}
	got = virtq_take(queue, net->chain);
	if (got == 1) {
		return take_up(net);
	}
	return got == 0 ? virtq_listen(queue, true) : got == -EAGAIN ? 1 : got;
}

/* -- life -- */

static void net_reset(struct virtio *virtio)
{
	switch_forget(&net_of(virtio)->port);
}

static void net_reset_queue(struct virtio *virtio, uint32_t queue)
{
	struct net *net = net_of(virtio);

	if (queue == NET_QUEUE_RECEIVE) {
		net->life++;
		return;
	}
	net->serial++;
	net->sending = false;
	net->chain->begun = false;
	switch_give_up(&net->port);
	uplink_abandon(net);
	virtio->unsettled |= net->fill.open;
}

/* A frame was on its way: its receiver gets its buffers back. */
static void net_settle(struct virtio *virtio)
{
	struct net *net = net_of(virtio), *to;

	spin_lock(&virtio->lock);
	if (!virtio_works(virtio)) {
		uplink_abandon(net);
	}
	if (net->fill.open) {
		to = net_of_port(net->to);
		lock_other(net, to);
		if (net->fill.open && net->to == &to->port &&
		    (!net->sending || !virtio_works(virtio))) {
			net_fill_give_back(&net->fill, to);
		}
		unlock_other(to);
	}
	spin_unlock(&virtio->lock);
}

static uint32_t net_read_config(struct virtio *virtio, uint32_t off, uint32_t size)
{
	const struct port_config *port = &virtio->vdev.config->port;
	struct net_config config = {
		.status = NET_STATUS_LINK_UP,
		.pairs = 1,
		.mtu = (uint16_t)port->mtu,
		.speed = port->rate_kbps == 0 ? SPEED_MBPS : MAX(port->rate_kbps / 1000, 1U),
		.duplex = FULL_DUPLEX,
	};
	uint32_t value = 0;

	memcpy(config.mac, port->mac, sizeof(config.mac));
	memcpy(&value, (const uint8_t *)&config + off, size);
	return value;
}

/* 5.1.3.1 */
static const struct virtio_wants net_wants[] = {
	{NET_F_GUEST_TSO4 | NET_F_GUEST_TSO6, NET_F_GUEST_CSUM},
	{NET_F_HOST_TSO4 | NET_F_HOST_TSO6, NET_F_CSUM},
	{0, 0},
};

static const struct virtio_ops net_ops = {
	.id = VIRTIO_ID_NET,
	.queue_count = 2,
	.queue_size = NET_QUEUE_SIZE,
	.wants = net_wants,
	.features = NET_F_CSUM | NET_F_GUEST_CSUM | NET_F_MAC | NET_F_GUEST_TSO4 |
		    NET_F_GUEST_TSO6 | NET_F_HOST_TSO4 | NET_F_HOST_TSO6 | NET_F_MRG_RXBUF |
		    NET_F_STATUS | NET_F_SPEED,
	.config_size = CONFIG_SIZE,
	.reset = net_reset,
	.reset_queue = net_reset_queue,
	.step = net_step,
	.settle = net_settle,
	.read_config = net_read_config,
};

static int net_create(struct vm *vm, const struct vdev_config *config, struct arena *arena,
		      struct vdev **out)
{
	struct net *net = arena_alloc(arena, sizeof(*net));
	int err;

	if (net == NULL) {
		return -ENOMEM;
	}
	err = virtio_init(&net->virtio, &net_ops, vm, config, arena);
	net->chain = err == 0 ? virtio_chain(&net->virtio, arena) : NULL;
	net->fill.chain = net->chain != NULL ? virtio_chain(&net->virtio, arena) : NULL;
	if (net->fill.chain == NULL) {
		return -ENOMEM;
	}
	net->fill.step = NET_STEP_COST;
	net->fill.beside = &net->virtio;
	if (config->port.mtu != 0) {
		virtio_offer(&net->virtio, NET_F_MTU);
	}
	deadline_init(&net->alarm, NULL, alarm_fired);
	deadline_is_patient(&net->alarm);
	switch_join(&net->port, &config->port, deadline_frequency(), net->words);
	*out = &net->virtio.vdev;
	virtio_reset(*out);
	return 0;
}

const struct vdev *net_vdev(const struct switch_port *port)
{
	return &CONTAINER_OF(port, const struct net, port)->virtio.vdev;
}

uint64_t net_features(const struct switch_port *port)
{
	const struct virtio *virtio = &CONTAINER_OF(port, const struct net, port)->virtio;

	return virtio_works(virtio) ? virtio->features : 0;
}

static const struct config_prop net_props[] = {
	{
		.name = "network",
		.type = PROP_PHANDLE,
		.required = true,
		.values = "network",
		.help = DOC("The network it is plugged into."),
	},
	{
		.name = "local-mac-address",
		.type = PROP_BYTES,
		.dflt = DOC("made from the names of VM and device, the same at each boot"),
		.help = DOC("Its address, six bytes, not that of a group; no two of a network have "
			    "the same."),
	},
	{
		.name = "vlan",
		.type = PROP_U32,
		.min = 1,
		.max = 4094,
		.dflt = DOC("none"),
		.help = DOC("It sees only ports of the network with the same number, and sends no "
			    "frames with a tag of its own."),
	},
	{
		.name = "rate-kbps",
		.type = PROP_U32,
		.min = 8,
		.max = 100000000,
		.dflt = DOC("no limit"),
		.help = DOC(
			"How much it may send, in kilobits a second: what is beyond waits in the "
			"guest's queue."),
	},
	{
		.name = "mtu",
		.type = PROP_U32,
		.min = 1280,
		.max = 9000,
		.dflt = DOC("the guest is told nothing, and begins with 1500"),
		.help = DOC("The size of packets that the guest begins with, and its limit: of "
			    "longer ones it sends and gets none."),
	},
	{
		.name = "own-mac-only",
		.type = PROP_FLAG,
		.help = DOC("It sends in the name of its own address alone. Without it the VM may "
			    "have others behind it (a bridge, containers), and may take the "
			    "address of a station outside for one of these."),
	},
	{.name = NULL},
};

const struct vdev_type virtio_net_type = {
	.compatible = "bulkhead,virtio-net",
	.help = DOC("A network interface: docs/network.md. Guest node: `virtio,mmio`."),
	.size = GUEST_VIRTIO_SIZE,
	.ipa = GUEST_VIRTIO_BASE,
	.spi = GUEST_VIRTIO_SPI,
	.slots = GUEST_VIRTIO_SLOTS,
	.memory = KIB(12),
	.props = net_props,
	.create = net_create,
	.reset = virtio_reset,
	.describe = virtio_describe,
	.work = virtio_work,
	.mmio = &virtio_mmio,
};
