/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A switch: who gets a frame. Pure; docs/network.md.
 *
 * The ports of one network with one VLAN are a ring, and know no others. What a port has learnt of
 * addresses behind it is in the port itself, a share that no other port can fill. A port remembers
 * whom it sent to lately; for other addresses, and for a source that it has not heard before, it
 * walks around the ring, some ports a step: is the source the address of one (then the frame is
 * refused), has one learnt it (not any more), has one the target? What it is about to learn it says
 * before it sets out, so that of two who learn the same address at once one has it in the end.
 *
 * Data: what is not constant is written under the lock of the port's device, but for addresses
 * learnt, which another port at which one turns up takes away. They are words, read without a lock:
 * who reads an old one sends a frame where the address was a moment ago. Of an uplink, which has no
 * device, the CPU of its interrupt writes all but what many senders count, which are atomic.
 *
 * An uplink is a port of each ring: what it hears with the tag of a VLAN comes by that of this
 * VLAN.
 */
#ifndef DRIVERS_VIRTIO_SWITCH_H
#define DRIVERS_VIRTIO_SWITCH_H

#include "core/config/config_types.h"

#define SWITCH_MAC_SIZE	   6
#define SWITCH_HEADER_SIZE 14 /* of a frame: two addresses and a type */
#define SWITCH_TAG_SIZE	   4
#define SWITCH_SETS	   8 /* of addresses that a port has learnt, by hash */
#define SWITCH_WAYS	   4
#define SWITCH_UPLINK_SETS 128
#define SWITCH_LAST_BITS   3	/* log2 of how many addresses that it has sent to are remembered */
#define SWITCH_WALK	   12	/* ports that are looked at in one call of switch_decide() */
#define SWITCH_AGE_S	   300	/* an address that sent nothing is forgotten */
#define SWITCH_FLOOD_RATE  2000 /* frames a second to more than one port, of one port */
#define SWITCH_FLOOD_BURST 256	/* so many at once */
#define SWITCH_RATE_BURST  (64 * 1024) /* bytes at once, of a port with a limit */

/* Why a frame did not arrive. The first ones count at the sender, the others at a receiver. */
enum switch_drop {
	SWITCH_SENT,
	SWITCH_DROP_SIZE,   /* shorter than its header, or too long */
	SWITCH_DROP_HEADER, /* what the driver says of it can't be */
	SWITCH_DROP_SOURCE, /* from a group, or from the address of another port */
	SWITCH_DROP_TAG,   /* tagged, from a port with a VLAN; or an uplink, and not as it may be */
	SWITCH_DROP_STORM, /* more frames to all than a port may send */
	SWITCH_DROP_LINK,  /* for who is at the other end of one cable, by or from an uplink */
	SWITCH_DROP_DOWN,  /* nobody drives the device */
	SWITCH_DROP_FULL,  /* it has no buffer */
	SWITCH_DROP_ROOM,  /* its buffers are too small */
	SWITCH_DROP_OFFLOAD, /* it can't take what the sender left to do */
	SWITCH_DROP_COUNT,
	SWITCH_MORE = SWITCH_DROP_COUNT, /* it is not decided yet */
};

struct switch_counters {
	uint64_t sent_frames, sent_bytes, received_frames, received_bytes;
	uint64_t dropped[SWITCH_DROP_COUNT];
};

/* Of addresses that a port has learnt: sets of SWITCH_WAYS. */
struct switch_table {
	uint64_t *learnt; /* atomic; 0: none */
	uint64_t *seen;	  /* ticks */
	uint32_t bits;	  /* log2 of how many sets */
};

struct uplink;

/* A walk around the ring. */
struct switch_walk {
	struct switch_port *at; /* the next one; NULL: none is under way */
	struct switch_port *to; /* who has the target */
	bool learns, seeks;
};

struct switch_port {
	/* constant after switch_join() */
	const struct port_config *config;
	struct switch_port *next; /* of those that it talks to: a ring */
	struct switch_port *all;  /* the next of all there are; NULL: the last */
	uint64_t own;		  /* its address, as a number; none of an uplink's */
	struct uplink *uplink;	  /* whose port it is; NULL: a VM's */
	struct switch_table table;
	uint64_t second;     /* ticks */
	uint64_t flood_cost; /* ticks for one frame */
	uint64_t byte_cost;  /* ticks for one byte of what it sends, in units of 2^-20; 0: no
				limit */

	uint64_t flood_until; /* ticks: its frames to all are paid for until then */
	uint64_t rate_until;  /* likewise all it sent */
	struct switch_port *last[1U << SWITCH_LAST_BITS]; /* whom it sent to, by address */
	struct switch_walk walk;
	uint32_t looked; /* ports, in the last call of switch_decide() */
	struct switch_counters count;

	uint64_t learning; /* atomic: what it is about to learn; 0, also by who takes it away */
};

/* Plugs it in where its config says. Boot CPU, before any guest runs. `words`: its table's. */
#define SWITCH_WORDS(sets) (2 * (sets)*SWITCH_WAYS)
void switch_join(struct switch_port *port, const struct port_config *config,
		 uint64_t ticks_per_second, uint64_t words[SWITCH_WORDS(SWITCH_SETS)]);

/* The same of an uplink: to the ring of a network and a VLAN, which is all that `config` says. */
void switch_join_uplink(struct switch_port *port, const struct port_config *config,
			uint64_t ticks_per_second, uint64_t words[SWITCH_WORDS(SWITCH_UPLINK_SETS)],
			struct uplink *uplink);

/* Forgets what it has learnt: its driver has gone. */
void switch_forget(struct switch_port *port);

/* The frame that switch_decide() was asked for is not sent after all. */
void switch_give_up(struct switch_port *port);

/*
 * A frame that the port sends begins with `head`, SWITCH_HEADER_SIZE bytes at an even address (so
 * it is below, too), at `now` ticks. Who gets it: *to, NULL for nobody; and if *flood, all that
 * follow in the ring up to the sender. Or why it is dropped. SWITCH_MORE: it is to be asked again
 * for the same frame, in another step.
 */
enum switch_drop switch_decide(struct switch_port *port, const uint8_t *head, uint64_t now,
			       struct switch_port **to, bool *flood);

/* May so many frames go to all? With the first of a frame that is cut switch_decide() has counted
 * itself; the others are its sender's to ask for. */
bool switch_may_flood(struct switch_port *port, uint32_t frames, uint64_t now);

/* Of a frame that begins with `head`: for who is at the other end of one cable alone, as bridges
 * and pause frames have it (802.1Q 8.6.3); and with a tag. */
bool switch_is_link_local(const uint8_t *head);
bool switch_is_tagged(const uint8_t *head);

/* When it may send again, in ticks: past, or 0, for at once. And that it has sent so many bytes. */
static inline uint64_t switch_ready(const struct switch_port *port)
{
	return port->rate_until;
}
void switch_charge(struct switch_port *port, uint64_t bytes, uint64_t now);

/* All ports, in the order in which they were plugged in; NULL: there are none. And the n-th of
 * them, from 0 on; NULL: there are not so many. */
struct switch_port *switch_first(void);
struct switch_port *switch_port_at(uint32_t n);

#endif
