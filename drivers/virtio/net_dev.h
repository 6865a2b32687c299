/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A network interface's state, for the files that share it: net.c (its queues, and who gets a
 * frame), net_fill.c (a receiver's buffers) and net_left.c (what a sender left to do).
 */
#ifndef DRIVERS_VIRTIO_NET_DEV_H
#define DRIVERS_VIRTIO_NET_DEV_H

#include "core/base/atomic.h"
#include "drivers/hw/net/nic.h"
#include "drivers/virtio/net_frame.h"
#include "drivers/virtio/switch.h"
#include "drivers/virtio/virtio.h"
#include "timer/deadline.h"

#define NET_QUEUE_SIZE	256
#define NET_HEADER_SIZE sizeof(struct net_header)
#define NET_HEAD_SIZE	128 /* of a frame, read once and looked at: headers up to TCP's */
#define NET_BUFFERS_MAX 44  /* for one frame at most: 64 KiB in those of 1.5 */

/* What a step may cost, counted in bytes that are copied (18 instructions for 128). */
#define NET_STEP_COST  8000
#define NET_PIECE_COST 1400
#define NET_TAKE_COST  2600
#define NET_DESC_COST  400  /* of a chain, each behind the first */
#define NET_PUT_COST   250  /* of a buffer, when all are handed over */
#define NET_PAGED_COST 5800 /* all else of a step, of a VM whose RAM is in pages: as much more */

/*
 * A frame on its way into one receiver's buffers: it begins in `bytes`, header and all, which are
 * EL2's, and goes on at `from` in its sender's memory.
 */
struct net_fill {
	bool open;     /* buffers of that receiver may be in hand */
	bool taken;    /* `chain` is one */
	bool alone;    /* nobody else took any since */
	uint32_t life; /* of its queue */
	uint32_t size; /* bytes behind the header; and those of them in `bytes` */
	uint32_t head_size;
	uint32_t done;	      /* bytes, the header's too */
	uint32_t written;     /* of these in `chain` */
	uint32_t count;	      /* in `used` */
	uint64_t count_at[2]; /* IPAs: the two bytes that say how many buffers */
	struct virtq_mark first, last, looking;
	struct virtq_chain *chain;
	struct virtq_cursor from, into;
	struct virtq_used used[NET_BUFFERS_MAX];
	uint8_t *bytes;
	int step;		     /* what one may cost, at most NET_STEP_COST */
	int spent;		     /* of this one, by net_fill_at_once() in vain */
	const struct virtio *beside; /* locked with the receiver; NULL: no other is */
};

struct net {
	struct virtio virtio; /* first */
	struct switch_port port;
	uint64_t words[SWITCH_WORDS(SWITCH_SETS)]; /* the port's */

	/* the device's lock */
	uint32_t life;	 /* counts resets of its receive queue */
	uint32_t serial; /* counts changes of the next */
	bool sending;	 /* `chain` is a frame, */
	bool looked_at;	 /* of `size` bytes behind its header; so much is there of `head`: */
	uint32_t head_read;
	bool deciding; /* all of that is there, and not yet who gets it */
	struct virtq_chain *chain;
	struct virtq_cursor rest; /* behind what is in `head` */
	uint32_t size, head_size;
	struct net_wire wire;
	/* from look_at() on its header is as receivers are told, whatever they take */
	uint8_t head[NET_HEADER_SIZE + NET_HEAD_SIZE] __attribute__((aligned(8)));
	bool now; /* the step that has looked at it goes on: it does no more than can be done at
		     once */
	struct switch_port *to; /* of whom `fill` tells, if it is a VM's */
	bool flood;
	struct {
		bool begun, done, odd;
		uint32_t left, sum, known;
		const uint8_t *bytes; /* so many of it, in EL2's memory */
		struct virtq_cursor at;
	} sum; /* the checksum that the sender left to do */
	struct {
		bool on;    /* it goes in pieces to who can't take it whole */
		bool built; /* the piece's headers are in `out` */
		struct net_shape shape;
		uint32_t at, size; /* the piece, in the payload */
		uint16_t index;
		struct virtq_cursor from; /* what of it is not in `head` */
	} cut;
	struct net_fill fill;
	/* how it begins for who does not take it as it is */
	uint8_t out[NET_HEADER_SIZE + NET_HEAD_SIZE] __attribute__((aligned(8)));

	struct nic_sender sender;
	struct {
		struct nic_buffer buffer; /* on the way out by an uplink */
		uint32_t size, done;	  /* bytes that belong there, and that are */
	} up;

	struct deadline alarm; /* for the limit of its rate */
	bool armed;	       /* atomic: somebody's */
};

static inline struct net *net_of_port(struct switch_port *port)
{
	return CONTAINER_OF(port, struct net, port);
}

static inline const struct net_header *net_header(const struct net *net)
{
	return (const struct net_header *)net->head;
}

/* A frame that begins so, of `size` bytes where it is longest, is longer than its driver was told
 * that any is, which it agreed to: 5.1.4.1. A tag does not count, nor Ethernet's header. */
static inline bool net_is_too_long(const struct net *net, const uint8_t *frame, uint32_t size)
{
	return virtio_has(&net->virtio, NET_F_MTU) &&
	       size > net->port.config->mtu + SWITCH_HEADER_SIZE +
			       (switch_is_tagged(frame) ? SWITCH_TAG_SIZE : 0);
}

/* -- net_fill.c; with the receiver's lock, and that of whoever owns `fill` -- */

static inline struct virtq *net_receive_queue(struct net *net)
{
	return &net->virtio.queue[NET_QUEUE_RECEIVE];
}

/* It can receive nothing, or not what it began with. */
static inline bool net_is_gone(struct net *to)
{
	return !virtio_works(&to->virtio) || !net_receive_queue(to)->ready;
}

/* `size`, `head_size`, `bytes` and `from` are there: it begins. */
void net_fill_open(struct net_fill *fill, struct net *to);

/*
 * The same where one piece of the next buffer takes it, as nearly all do that are short. 0: the
 * receiver has it (or its queue is broken); 1: more steps, it is open; -EAGAIN: it is not so, and
 * nothing has been done.
 */
int net_fill_at_once(struct net_fill *fill, struct net *to, const struct vm *vm);

/* A step's worth, from the memory of `vm`. 1: more steps; 0: the receiver has it; -ENOSPC: it is
 * dropped there, and counted; -EFAULT: the sender's memory is gone. */
int net_fill_on(struct net_fill *fill, struct net *to, const struct vm *vm);

/* What was taken goes back as if it had not been; or, when others took some too, empty. */
void net_fill_give_back(struct net_fill *fill, struct net *to);

/* The frame was dropped at the port, a VM's; with its lock. */
static inline void net_drop(struct switch_port *port, enum switch_drop why)
{
	port->count.dropped[why]++;
}

/* -- net_left.c: what a sender left to do, for who takes frames by features `takes`; with the
 * sender's lock -- */

bool net_must_cut(const struct net *net, uint64_t takes);

/* Nothing is. */
bool net_goes_as_it_is(const struct net *net, uint64_t takes);

/* SWITCH_SENT, or why it can't be made so that it is taken. */
enum switch_drop net_can_make(struct net *net, uint64_t takes);

/* As much as is to be known before the first byte is copied: the fill's bytes, size and head_size.
 * 0: all is; 1: another step; or an error of the sender's. */
int net_make(struct net *net, uint64_t takes);

/* A piece is there, or will never be. 1: there are more of them; 0: that was the last. */
int net_next_piece(struct net *net);

#endif
