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
#include "core/base/atomic.h"
#include "core/base/errno.h"
#include "core/base/string.h"
#include "core/config/guest_map_types.h"
#include "core/vm/vm.h"
#include "drivers/emul/models.h"
#include "drivers/virtio/net_frame.h"
#include "drivers/virtio/switch.h"
#include "drivers/virtio/virtio.h"
#include "mm/guest_access.h"
#include "timer/deadline.h"

#define ID_NET	    1
#define QUEUE_SIZE  256
#define RECEIVE	    0 /* queues: 5.1.2 */
#define SEND	    1
#define HEADER_SIZE sizeof(struct net_header)
#define HEAD_SIZE   128 /* of a frame, read once and looked at: headers up to TCP's */
#define BUFFERS_MAX 64	/* for one frame at most */

/* What a step may cost, counted in bytes that are copied (20 instructions for 128). */
#define STEP_COST  8000
#define PIECE_COST 700
#define TAKE_COST  1200
#define SUM_SIZE   1024 /* bytes that are summed in a step */
/* A frame that its sender has finished, for one receiver, is looked at and moved in one step. */
#define SMALL_SIZE 256

#define LINK_UP	    1 /* of its configuration: 5.1.4 */
#define FULL_DUPLEX 1
#define SPEED_MBPS  10000

struct net_config {
	uint8_t mac[6];
	uint16_t status, pairs, mtu;
	uint32_t speed;
	uint8_t duplex;
};
#define CONFIG_SIZE 17

/* A frame on its way into one receiver's buffers. */
struct net_fill {
	bool open;     /* buffers of that receiver may be in hand */
	bool taken;    /* `chain` is one */
	bool alone;    /* nobody else took any since */
	uint32_t life; /* of its queue */
	uint32_t size; /* bytes behind the header; and those in `out` */
	uint32_t head_size;
	uint32_t done;	      /* bytes, the header's too */
	uint32_t written;     /* of these in `chain` */
	uint32_t count;	      /* in `used` */
	uint64_t count_at[2]; /* IPAs: the two bytes that say how many buffers */
	struct virtq_mark first, last, looking;
	struct virtq_chain *chain;
	struct virtq_cursor from, into;
	struct virtq_used used[BUFFERS_MAX];
	uint8_t out[HEADER_SIZE + HEAD_SIZE]; /* how it begins */
};

struct net {
	struct virtio virtio; /* first */
	struct switch_port port;

	/* the device's lock */
	uint32_t life;	 /* counts resets of its receive queue */
	uint32_t serial; /* counts changes of the next */
	bool sending;	 /* `chain` is a frame, of `size` bytes behind its header */
	struct virtq_chain *chain;
	struct virtq_cursor rest; /* behind what is in `head` */
	uint32_t size, head_size;
	uint8_t head[HEADER_SIZE + HEAD_SIZE] __attribute__((aligned(8)));
	struct net *to; /* of whom `fill` tells */
	bool flood;
	struct {
		bool begun, done, odd;
		uint32_t left, sum;
		struct virtq_cursor at;
	} sum; /* the checksum that the sender left to do */
	struct {
		bool on;    /* it goes in pieces to who can't take it whole */
		bool built; /* the piece's headers are in fill.out */
		struct net_shape shape;
		uint32_t at, size; /* the piece, in the payload */
		uint16_t index;
		struct virtq_cursor from;
	} cut;
	struct net_fill fill;

	struct deadline alarm; /* for the limit of its rate */
	bool armed;	       /* atomic: somebody's */
};

static struct net *net_of(struct virtio *virtio)
{
	return CONTAINER_OF(virtio, struct net, virtio);
}

static const struct net_header *header_of(const struct net *net)
{
	return (const struct net_header *)net->head;
}

static struct net *net_of_port(struct switch_port *port)
{
	return CONTAINER_OF(port, struct net, port);
}

static void drop(struct net *net, enum switch_drop why)
{
	net->port.count.dropped[why]++;
}

/* -- two locks -- */

static bool is_before(const struct net *a, const struct net *b)
{
	const struct vdev *x = &a->virtio.vdev, *y = &b->virtio.vdev;

	return x->vm->id != y->vm->id ? x->vm->id < y->vm->id : x->index < y->index;
}

/* Its own is held, and is let go of meanwhile where the other comes first. */
static void lock_other(struct net *net, struct net *to)
{
	if (is_before(net, to)) {
		spin_lock_beside(&to->virtio.lock, &net->virtio.lock);
		return;
	}
	spin_unlock(&net->virtio.lock);
	spin_lock(&to->virtio.lock);
	spin_lock_beside(&net->virtio.lock, &to->virtio.lock);
}

static void unlock_other(struct net *to)
{
	spin_unlock(&to->virtio.lock);
}

/* -- a receiver's buffers; both locks are held -- */

static struct virtq *receive_queue(struct net *net)
{
	return &net->virtio.queue[RECEIVE];
}

static bool same_place(struct virtq_mark a, struct virtq_mark b)
{
	return a.taken == b.taken && a.wrap == b.wrap;
}

static void note_used(struct net_fill *fill)
{
	if (fill->taken) {
		fill->used[fill->count++] = (struct virtq_used){
			fill->chain->id,
			fill->chain->slots,
			fill->written,
		};
		fill->taken = false;
	}
}

/* It can receive nothing, or not what it began with. */
static bool is_gone(struct net *to)
{
	return !virtio_works(&to->virtio) || !receive_queue(to)->ready;
}

/* What was taken goes back as if it had not been; or, when others took some too, empty. */
static void give_back(struct net *net, struct net *to)
{
	struct net_fill *fill = &net->fill;

	fill->open = false;
	if (is_gone(to) || fill->life != to->life) {
		return;
	}
	note_used(fill);
	if (fill->alone && virtq_is_at(receive_queue(to), fill->last)) {
		virtq_go_back(receive_queue(to), fill->first);
		return;
	}
	for (uint32_t i = 0; i < fill->count; i++) {
		fill->used[i].written = 0;
	}
	if (fill->count != 0 && virtio_put_all(&to->virtio, RECEIVE, fill->used, fill->count) < 0) {
		virtio_break(&to->virtio);
	}
}

static bool skip(struct virtq_cursor *cursor, uint32_t size, uint64_t *last)
{
	uint32_t piece;

	for (; size != 0; size -= piece) {
		piece = virtq_pass(cursor, size, last);
		*last += piece - 1;
		if (piece == 0) {
			return false;
		}
	}
	return true;
}

/* Of the first buffer: where it is said how many there are. */
static bool find_count(struct net_fill *fill)
{
	struct virtq_cursor at = virtq_writes(fill->chain);
	uint32_t before = offsetof(struct net_header, buffers);

	return skip(&at, before + 1, &fill->count_at[0]) && skip(&at, 1, &fill->count_at[1]);
}

/*
 * One more buffer. 1; -EAGAIN: in another step; -ENOSPC: there is none; -ERANGE: that is too
 * small, or there are too many; else the receiver's queue is broken.
 */
static int take_buffer(struct net *net, struct net *to)
{
	struct net_fill *fill = &net->fill;
	struct virtq *queue = receive_queue(to);
	struct virtq_mark at = virtq_mark(queue);
	bool many = virtio_has(&to->virtio, NET_F_MRG_RXBUF);
	int got;

	note_used(fill);
	if (fill->count == BUFFERS_MAX || (fill->count != 0 && !many)) {
		return -ERANGE;
	}
	/* half of it was looked at, and then somebody else took it */
	fill->chain->begun = fill->chain->begun && same_place(at, fill->looking);
	fill->looking = at;
	got = virtq_take(queue, fill->chain);
	if (got != 1) {
		return got == 0 ? -ENOSPC : got;
	}
	fill->alone = fill->alone && same_place(at, fill->last);
	fill->last = virtq_mark(queue);
	fill->taken = true;
	fill->written = 0;
	fill->into = virtq_writes(fill->chain);
	/* 5.1.6.3.2 */
	if (fill->chain->reads != 0 || fill->chain->in_size < HEADER_SIZE) {
		return -EINVAL;
	}
	if (!many && fill->chain->in_size < HEADER_SIZE + fill->size) {
		return -ERANGE;
	}
	/* where the number of buffers goes, if there will be more than this one */
	if (fill->count == 0 && fill->chain->in_size < HEADER_SIZE + fill->size) {
		return find_count(fill) ? 1 : -EINVAL;
	}
	return 1;
}

/* -- copying; both locks are held -- */

/* A piece of at most `max` bytes, into a buffer with room. Its size; -EFAULT: the receiver's memory
 * is gone; -EIO: the sender's. */
static int copy_piece(struct net *net, struct net *to, uint32_t max)
{
	struct net_fill *fill = &net->fill;
	uint32_t size =
		MIN(MIN(max, virtq_piece(&fill->into)), HEADER_SIZE + fill->size - fill->done);
	uint32_t head = HEADER_SIZE + fill->head_size;
	const struct vm *vm = net->virtio.vdev.vm, *to_vm = to->virtio.vdev.vm;
	uint64_t from = 0, into = 0;
	int err;

	if (fill->done < head) {
		size = MIN(size, head - fill->done);
		virtq_pass(&fill->into, size, &into);
		err = guest_write(to_vm, into, fill->out + fill->done, size);
	} else {
		size = MIN(size, virtq_piece(&fill->from));
		virtq_pass(&fill->from, size, &from);
		virtq_pass(&fill->into, size, &into);
		err = size == 0 ? -EIO : guest_copy(to_vm, into, vm, from, size);
		if (err == -EFAULT && !guest_is_ram(vm, from, size)) {
			err = -EIO;
		}
	}
	fill->done += size;
	fill->written += size;
	return err != 0 ? err : (int)size;
}

/* A step's worth. 1: all is there; 0: more steps; or an error of the two above. */
static int fill_some(struct net *net, struct net *to)
{
	struct net_fill *fill = &net->fill;
	uint32_t total = HEADER_SIZE + fill->size;
	int left = STEP_COST, got;

	while (fill->done < total) {
		if (left <= 0) {
			return 0;
		}
		if (!fill->taken || virtq_piece(&fill->into) == 0) {
			got = take_buffer(net, to);
			left -= TAKE_COST;
			if (got == -EAGAIN) {
				continue;
			}
		} else {
			got = copy_piece(net, to, (uint32_t)left);
			left -= got + PIECE_COST;
		}
		if (got < 0) {
			return got;
		}
	}
	return 1;
}

/* All of it is there: the receiver sees it. 0 or an error of its queue's. */
static int hand_over(struct net *net, struct net *to)
{
	struct net_fill *fill = &net->fill;
	const struct vm *vm = to->virtio.vdev.vm;
	int err = 0;

	fill->open = false;
	note_used(fill);
	for (uint32_t i = 0; i < 2 && fill->count > 1; i++) {
		uint8_t byte = (uint8_t)(fill->count >> (8 * i));

		err = err != 0 ? err : guest_write(vm, fill->count_at[i], &byte, 1);
	}
	err = err != 0 ? err : virtio_put_all(&to->virtio, RECEIVE, fill->used, fill->count);
	if (err == 0) {
		to->port.count.received_frames++;
		to->port.count.received_bytes += fill->size;
	}
	return err;
}

/* -- one receiver; both locks are held -- */

static bool must_cut(const struct net *net, const struct net *to)
{
	return !net_header_fits(header_of(net), to->virtio.features);
}

static bool needs_sum(const struct net *net, const struct net *to)
{
	return (header_of(net)->flags & NET_NEEDS_CSUM) != 0 &&
	       !virtio_has(&to->virtio, NET_F_GUEST_CSUM);
}

/* The checksum of the rest of the frame, some of it. 1: there is more; 0; or an error. */
static int sum_some(struct net *net)
{
	uint8_t bytes[SUM_SIZE / 4];
	int got = 0;

	for (uint32_t i = 0; i < SUM_SIZE / sizeof(bytes) && net->sum.left != 0; i++) {
		got = virtq_read(net->virtio.vdev.vm, &net->sum.at, bytes,
				 MIN(net->sum.left, (uint32_t)sizeof(bytes)));
		if (got <= 0) {
			return -EFAULT;
		}
		net->sum.sum = net_sum(bytes, (uint32_t)got, net->sum.sum, &net->sum.odd);
		net->sum.left -= (uint32_t)got;
	}
	net->sum.done = net->sum.left == 0;
	return net->sum.done ? 0 : 1;
}

/* -- cutting -- */

/* False: it can't be cut. */
static bool begin_cut(struct net *net)
{
	uint64_t ipa;

	if (!net_look(header_of(net), net->head + HEADER_SIZE, net->head_size, &net->cut.shape)) {
		return false;
	}
	net->cut.shape.payload = net->size - net->cut.shape.headers;
	net->cut.on = true;
	net->cut.built = false;
	net->cut.at = net->cut.index = 0;
	net->cut.from = virtq_reads(net->chain);
	return skip(&net->cut.from, (uint32_t)HEADER_SIZE + net->cut.shape.headers, &ipa);
}

static void build_piece(struct net *net)
{
	struct net_fill *fill = &net->fill;
	uint32_t left = net->cut.shape.payload - net->cut.at;

	net->cut.size = MIN((uint32_t)header_of(net)->gso_size, left);
	fill->head_size = net->cut.shape.headers;
	fill->size = fill->head_size + net->cut.size;
	memset(fill->out, 0, HEADER_SIZE);
	memcpy(fill->out + HEADER_SIZE, net->head + HEADER_SIZE, fill->head_size);
	net->sum.sum = net_cut(&net->cut.shape, fill->out + HEADER_SIZE, net->cut.at, net->cut.size,
			       net->cut.index);
	net->sum.odd = false;
	net->sum.left = net->cut.size;
	net->sum.done = net->cut.size == 0;
	net->sum.at = net->cut.from;
	net->cut.built = true;
}

/* A piece is there, or will never be. 1: there are more of them; 0: that was the last. */
static int next_piece(struct net *net)
{
	net->cut.from = net->fill.from;
	net->cut.at += net->cut.size;
	net->cut.index++;
	net->cut.built = false;
	net->cut.on = net->cut.at < net->cut.shape.payload;
	return net->cut.on;
}

static enum switch_drop may_receive(struct net *net, struct net *to)
{
	const struct net_header *header = header_of(net);
	uint32_t sum_at = (uint32_t)header->csum_start + header->csum_offset;

	if (is_gone(to)) {
		return SWITCH_DROP_DOWN;
	}
	if (must_cut(net, to)) {
		return net->cut.on || begin_cut(net) ? SWITCH_SENT : SWITCH_DROP_OFFLOAD;
	}
	/* another driver than that for which the first pieces were cut: it gets the whole */
	net->cut.on = false;
	if (needs_sum(net, to) && sum_at + 2 > net->head_size) {
		return SWITCH_DROP_OFFLOAD;
	}
	return SWITCH_SENT;
}

/* The checksum into what `out` holds. */
static void write_sum(struct net *net)
{
	const struct net_header *header = header_of(net);
	uint32_t at = (uint32_t)HEADER_SIZE + header->csum_start + header->csum_offset;
	uint16_t value = net_fold(net->sum.sum);

	/* in UDP none is 0: RFC 768 */
	value = value == 0 ? UINT16_MAX : value;
	memcpy(net->fill.out + at, &value, sizeof(value));
}

/* How the frame begins for this receiver, whole. */
static void build_whole(struct net *net, struct net *to)
{
	struct net_fill *fill = &net->fill;
	struct net_header *header = (struct net_header *)fill->out;

	fill->size = net->size;
	fill->head_size = net->head_size;
	memcpy(fill->out, net->head, HEADER_SIZE + net->head_size);
	header->flags &= NET_NEEDS_CSUM;
	if (needs_sum(net, to)) {
		write_sum(net);
		header->flags = 0;
	}
	if (header->flags == 0) {
		header->csum_start = header->csum_offset = 0;
	}
	if (header->gso_type == NET_GSO_NONE) {
		header->gso_size = header->header_size = 0;
	}
}

static void begin_sum(struct net *net)
{
	const struct net_header *header = header_of(net);
	uint64_t ipa;

	net->sum.begun = true;
	net->sum.odd = false;
	net->sum.sum = 0;
	net->sum.left = net->size - header->csum_start;
	net->sum.at = virtq_reads(net->chain);
	skip(&net->sum.at, (uint32_t)HEADER_SIZE + header->csum_start, &ipa);
}

/* As much as is to be known before the first byte is copied. 0: all is; 1: another step; or an
 * error of the sender's. */
static int prepare(struct net *net, struct net *to)
{
	bool cut = must_cut(net, to);
	int got = 0;

	if (cut && !net->cut.built) {
		build_piece(net);
	} else if (!cut && needs_sum(net, to) && !net->sum.begun) {
		begin_sum(net);
	}
	if ((cut || needs_sum(net, to)) && !net->sum.done) {
		got = sum_some(net);
		return got < 0 ? got : 1;
	}
	if (cut) {
		write_sum(net);
	} else {
		build_whole(net, to);
	}
	return 0;
}

static void open_fill(struct net *net, struct net *to)
{
	struct net_fill *fill = &net->fill;

	((struct net_header *)fill->out)->buffers = 1;
	fill->open = fill->alone = true;
	fill->taken = false;
	fill->chain->begun = false;
	fill->life = to->life;
	fill->done = fill->count = 0;
	fill->first = fill->last = virtq_mark(receive_queue(to));
	fill->from = net->cut.on ? net->cut.from : net->rest;
}

/* A step towards one receiver. 1: more steps; 0: it has it, or not; or an error of the sender's. */
static int deliver(struct net *net, struct net *to)
{
	enum switch_drop why = SWITCH_SENT;
	int got;

	if (net->fill.open && (is_gone(to) || net->fill.life != to->life)) {
		net->fill.open = false;
		why = SWITCH_DROP_DOWN;
	} else if (!net->fill.open) {
		why = may_receive(net, to);
	}
	if (why != SWITCH_SENT) {
		net->cut.on = false;
		drop(to, why);
		return 0;
	}
	if (!net->fill.open) {
		got = prepare(net, to);
		if (got != 0) {
			return got;
		}
		open_fill(net, to);
	}
	got = fill_some(net, to);
	if (got == 0) {
		return 1;
	}
	got = got == 1 ? hand_over(net, to) : got;
	if (got == 0) {
		return net->cut.on ? next_piece(net) : 0;
	}
	net->cut.on = false;
	if (got == -ENOSPC || got == -ERANGE || got == -EIO) {
		give_back(net, to);
		drop(to, got == -ENOSPC ? SWITCH_DROP_FULL : SWITCH_DROP_ROOM);
		return got == -EIO ? -EFAULT : 0;
	}
	net->fill.open = false;
	virtio_break(&to->virtio);
	return 0;
}

/* -- the sender's queue; its lock is held -- */

static int finish(struct net *net)
{
	struct virtio *virtio = &net->virtio;
	int err = virtio_put(virtio, SEND, net->chain, 0);

	net->sending = false;
	return err < 0 ? err : virtq_listen(&virtio->queue[SEND], true);
}

static int drop_sent(struct net *net, enum switch_drop why)
{
	drop(net, why);
	return finish(net);
}

/* A step of the frame in hand. As an operation's step. */
static int send_on(struct net *net)
{
	struct net *to = net->to;
	uint32_t serial = ++net->serial;
	int got;

	if (to == NULL) {
		return finish(net);
	}
	lock_other(net, to);
	if (serial != net->serial || !virtio_works(&net->virtio)) {
		/* somebody else did this step, or there is nothing to do any more */
		unlock_other(to);
		return 1;
	}
	got = deliver(net, to);
	unlock_other(to);
	if (got != 0) {
		return got;
	}
	net->to = net->flood ? net_of_port(to->port.next) : NULL;
	if (net->to == net) {
		net->to = NULL;
	}
	return net->to == NULL ? finish(net) : 1;
}

/* A chain has been taken: what it is, and who gets it. As an operation's step. */
static int begin_frame(struct net *net)
{
	struct virtq_chain *chain = net->chain;
	uint32_t max = HEADER_SIZE + HEAD_SIZE;
	struct switch_port *to;
	enum switch_drop why;
	uint64_t now = deadline_now();
	int got;

	if (chain->count != chain->reads) {
		return -EINVAL;
	}
	if (chain->out_size < HEADER_SIZE + SWITCH_HEADER_SIZE) {
		return drop_sent(net, SWITCH_DROP_SIZE);
	}
	net->rest = virtq_reads(chain);
	got = virtq_read(net->virtio.vdev.vm, &net->rest, net->head, MIN(max, chain->out_size));
	if (got < 0) {
		return got;
	}
	net->size = chain->out_size - (uint32_t)HEADER_SIZE;
	net->head_size = (uint32_t)got - (uint32_t)HEADER_SIZE;
	if (!net_header_holds(header_of(net), net->virtio.features, net->size)) {
		return drop_sent(net, net->size > NET_FRAME_GSO_MAX ? SWITCH_DROP_SIZE :
								      SWITCH_DROP_HEADER);
	}
	if (net->port.byte_cost != 0) {
		switch_charge(&net->port, net->size, now);
	}
	why = switch_decide(&net->port, net->head + HEADER_SIZE, now, &to, &net->flood);
	if (why != SWITCH_SENT) {
		return drop_sent(net, why);
	}
	net->port.count.sent_frames++;
	net->port.count.sent_bytes += net->size;
	net->to = to == NULL ? NULL : net_of_port(to);
	net->sum.begun = net->sum.done = net->cut.on = false;
	/* the receiver is another step, but for what fits in this one */
	return net->size <= SMALL_SIZE && !net->flood && header_of(net)->flags == 0 ? send_on(net) :
										      1;
}

static void alarm_fired(struct deadline *deadline)
{
	struct net *net = CONTAINER_OF(deadline, struct net, alarm);

	/* from here on another CPU may arm it */
	atomic_set_release(&net->armed, false);
	virtio_ask(&net->virtio, SEND);
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

static int net_step(struct virtio *virtio, uint32_t index)
{
	struct net *net = net_of(virtio);
	struct virtq *queue = &virtio->queue[index];
	int got;

	if (index == RECEIVE) {
		/* who sends looks for buffers: nobody has to tell of them */
		got = virtq_listen(queue, false);
		return got < 0 ? got : 0;
	}
	if (net->sending) {
		return send_on(net);
	}
	if (net->fill.open) {
		return 1; /* of a life before: until settle() has been there */
	}
	if (!net->chain->begun && must_wait(net)) {
		return 0;
	}
	got = virtq_take(queue, net->chain);
	if (got == 1) {
		net->sending = true;
		return begin_frame(net);
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

	if (queue == RECEIVE) {
		net->life++;
		return;
	}
	net->serial++;
	net->sending = false;
	net->chain->begun = false;
	virtio->unsettled |= net->fill.open;
}

/* A frame was on its way: its receiver gets its buffers back. */
static void net_settle(struct virtio *virtio)
{
	struct net *net = net_of(virtio), *to;

	spin_lock(&virtio->lock);
	to = net->to;
	if (net->fill.open) {
		lock_other(net, to);
		if (net->fill.open && net->to == to && (!net->sending || !virtio_works(virtio))) {
			give_back(net, to);
		}
		unlock_other(to);
	}
	spin_unlock(&virtio->lock);
}

static uint32_t net_read_config(struct virtio *virtio, uint32_t off, uint32_t size)
{
	const struct port_config *port = &virtio->vdev.config->port;
	struct net_config config = {
		.status = LINK_UP,
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

static const struct virtio_ops net_ops = {
	.id = ID_NET,
	.queue_count = 2,
	.queue_size = QUEUE_SIZE,
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
	if (config->port.mtu != 0) {
		virtio_offer(&net->virtio, NET_F_MTU);
	}
	deadline_init(&net->alarm, NULL, alarm_fired);
	deadline_is_patient(&net->alarm);
	switch_join(&net->port, &config->port, deadline_frequency());
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
		.min = 68,
		.max = 9000,
		.dflt = DOC("the guest is told nothing, and begins with 1500"),
		.help = DOC("The size of packets that the guest begins with, and its limit."),
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
