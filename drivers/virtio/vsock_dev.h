/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside the socket device (vsock*.c): its packets, its state, and what its files do for each
 * other.
 *
 * vsock.c moves packets, vsock_lanes.c has those that wait, vsock_links.c remembers connections for
 * when one side ends, vsock_host.c is CID 2. Locks: as drivers/virtio/virtio.h says of two devices;
 * what is marked atomic is changed without.
 */
#ifndef DRIVERS_VIRTIO_VSOCK_DEV_H
#define DRIVERS_VIRTIO_VSOCK_DEV_H

#include "core/base/atomic.h"
#include "core/config/config_types.h"
#include "drivers/virtio/virtio.h"
#include "drivers/virtio/vsock.h"
#include "timer/deadline_types.h"

#define VSOCK_RECEIVE 0 /* queues: 5.10.2 */
#define VSOCK_SEND    1
#define VSOCK_EVENT   2

#define VSOCK_CID_HOST	  2
#define VSOCK_F_STREAM	  BIT(0) /* 5.10.3 */
#define VSOCK_F_SEQPACKET BIT(1)

/* 5.10.6; little-endian, as EL2 and its guests are. */
struct vsock_header {
	uint64_t src_cid, dst_cid;
	uint32_t src_port, dst_port;
	uint32_t len;
	uint16_t type, op;
	uint32_t flags;
	uint32_t buf_alloc, fwd_cnt;
};
#define VSOCK_HEADER_SIZE 44

enum vsock_type {
	VSOCK_STREAM = 1,
	VSOCK_SEQPACKET = 2,
};

enum vsock_op {
	VSOCK_REQUEST = 1,
	VSOCK_RESPONSE = 2,
	VSOCK_RST = 3,
	VSOCK_SHUTDOWN = 4,
	VSOCK_RW = 5,
	VSOCK_CREDIT_UPDATE = 6,
	VSOCK_CREDIT_REQUEST = 7,
};

#define VSOCK_NO_RECEIVE BIT32(0) /* flags of SHUTDOWN */
#define VSOCK_NO_SEND	 BIT32(1)
#define VSOCK_EOM	 BIT32(0) /* flags of RW, of SEQPACKET */
#define VSOCK_EOR	 BIT32(1)

/* Connections that a device remembers, as many as it has room for: so that the peer's end can be
 * told. Those beyond work as well, but end only when somebody sends. */
#define VSOCK_LINKS 64

struct vsock_link {
	uint32_t port, peer_port;
	uint32_t life; /* of the peer, when it was made */
	uint8_t peer;  /* VM */
	uint8_t type;  /* 0: no link */
	bool over;     /* the guest is to be told that it is */
};

/* A packet that waits for a buffer of its receiver's. */
#define VSOCK_QUEUE_SIZE 128
#define VSOCK_PIECES	 20 /* of its payload: more than a Linux makes of 64 KiB */
struct vsock_parked {
	struct vsock_header header;
	uint32_t left;	    /* bytes, in `segment` */
	uint64_t mark;	    /* what its lane had waited when it came */
	uint16_t id, slots; /* of its chain */
	uint16_t places;    /* of the queue, that it takes */
	uint8_t count;
	uint8_t next; /* of its lane, or of those that are free: by one more; 0: none */
	struct virtq_segment segment[VSOCK_PIECES];
};

/* Those that wait for one receiver, in order. Times are ticks. */
struct vsock_lane {
	uint64_t since;	  /* when the receiver had no buffer; 0: nobody waits for one */
	uint64_t starved; /* for how long it had none, before that */
	uint64_t cut;	  /* packets whose mark is below come to nothing */
	uint64_t closed;  /* until then nothing passes */
	uint16_t places;
	uint8_t first, last; /* as vsock_parked.next */
};

/* A packet for a lane that is not empty. */
enum vsock_order {
	VSOCK_APART,  /* none of its connection is there */
	VSOCK_BEHIND, /* it comes after those that are */
	VSOCK_SAID,   /* one that is there says the same */
};

/* What becomes of the packet in hand. */
enum vsock_fate {
	VSOCK_NONE, /* there is none in hand */
	VSOCK_PASS,
	VSOCK_HOST,   /* it is for CID 2 */
	VSOCK_REFUSE, /* it is answered by a reset */
	VSOCK_DONE,   /* its buffer is given back */
};

#define VSOCK_PORT    23  /* of CID 2: commands by lines */
#define VSOCK_IN_SIZE 256 /* bytes that a guest may have sent ahead; a power of two */

/* The one connection that a VM may have to CID 2. */
struct vsock_session {
	bool open, ending;	   /* ending: the guest sends no more */
	bool respond, tell_credit; /* packets that are due */
	uint32_t port;		   /* the guest's */
	uint32_t epoch, called;	   /* counts connections; that of which a call is made */
	/* Credit, 5.10.6.3: bytes ever taken in, as the guest knows; sent to it, and what it says.
	 */
	uint32_t head, tail; /* of `in`, free-running: tail is fwd_cnt */
	uint32_t told;	     /* tail, as the guest knows it */
	uint32_t sent, room, freed;
	uint32_t line_len; /* of job.line, while it is typed */
	bool too_long;
	bool active;   /* the service has more to say about job.line */
	bool wants;    /* its next step is due: settle() */
	bool calling;  /* it is being taken: `job` is the caller's */
	uint32_t said; /* bytes of job.out that were sent */
	uint8_t in[VSOCK_IN_SIZE];
	struct vsock_job job;
};

struct vsock {
	struct virtio virtio; /* first */
	uint32_t cid;	      /* constant */
	uint32_t index;	      /* of its VM: constant */

	/* atomic: */
	uint64_t waiters;  /* VMs whose packets wait for a buffer of this one's */
	uint64_t peers;	   /* VMs that remember connections to this one */
	uint64_t to_sweep; /* of these, to be told that this one's life is over */
	uint32_t life;	   /* counts ends of all its connections. Changed with the lock */
	uint32_t next;	   /* whom to wake first */
	uint64_t wary;	   /* VMs with which connections were cut off: only those that are
			    * remembered are carried */
	uint64_t woken;	   /* VMs that have buffers again, perhaps, */
	uint64_t woke[CONFIG_VM_MAX]; /* and when they had */
	bool sweep;		      /* a peer's life is over, or a link is */
	bool waking;		      /* `waker` is somebody's */
	bool armed;		      /* `alarm` is */
	struct deadline waker, alarm;

	/* the device's lock: */
	struct virtq_chain *out, *in;
	bool taken; /* `in` is a buffer that has nothing in it yet */
	uint32_t serial;
	enum vsock_fate fate;
	struct vsock_header header;
	struct virtq_cursor rest; /* behind what of the packet is with the receiver */
	uint32_t left;
	struct vsock *to;
	struct vsock *untold; /* has parts of a packet that its driver is not told of yet */
	uint16_t places;      /* of its queue, that the packet takes */
	uint16_t parts;	      /* buffers that it went into, in one go */
	bool resumed;	      /* it comes from its lane, */
	uint64_t mark;	      /* as there, */
	uint64_t since;	      /* and its receiver has no buffer since then; 0: it may have one */
	bool taking;	      /* the queue's turn is next, not a lane's */
	uint64_t blocked;     /* lanes that are not empty */
	uint64_t ready;	      /* that are to be looked at */
	uint64_t held_at;     /* when what waited left little of the queue for the last time */
	uint32_t next_lane, lane_count, parked_places;
	uint8_t parked_used, parked_free;
	bool replying; /* `reply` is to go into its own queue */
	bool mute;     /* its driver has taken none for long: others are not kept */
	uint64_t reply_since;
	struct vsock_header reply;
	uint32_t sweep_left;
	struct vsock_lane lane[CONFIG_VM_MAX];
	struct vsock_parked parked[VSOCK_QUEUE_SIZE];
	struct vsock_link link[VSOCK_LINKS];
	struct vsock_counters count;
	struct vsock_session session;
};

/* The device of a VM, or NULL. */
struct vsock *vsock_of_vm(uint32_t vm);

/*
 * A packet of EL2's own into the device's receive queue; its source and destination are filled in
 * but for ports, and its length is *size, or what of it there was room for. 0; -ENOSPC: there is no
 * buffer; -EAGAIN: in another step; or an error of step()'s. Lock held.
 */
int vsock_give(struct vsock *vsock, struct vsock_header *header, const void *bytes, uint32_t *size);

/* -- vsock_lanes.c; the device's lock held -- */

/* Nothing waits. */
void vsock_lanes_reset(struct vsock *vsock);

/* Is there a lane to be looked at? */
bool vsock_lanes_due(struct vsock *vsock);

/* The first of such a lane becomes the packet in hand. False: there is none. */
bool vsock_lanes_resume(struct vsock *vsock);

/* The packet in hand goes into its lane, as the first or the last. False: it is in too many pieces,
 * or one too many. */
bool vsock_lane_put(struct vsock *vsock, const struct vsock *to, bool ahead);

/* The packet in hand, whose lane is not empty; VSOCK_SAID: it is done. */
enum vsock_order vsock_lane_order(struct vsock *vsock, const struct vsock *to);

/* Its receiver has a buffer. */
void vsock_lane_fed(struct vsock *vsock, const struct vsock *to);

/* Nothing passes from the one to the other for a while. */
bool vsock_lane_is_closed(struct vsock *vsock, const struct vsock *to);

/* It is so, or the packet in hand is one of those that have waited for too long. */
bool vsock_lane_is_cut(struct vsock *vsock, const struct vsock *to);

/* Its receiver has none; both locks held. False: it has waited for too long, and so have those that
 * are behind it. */
bool vsock_lane_wait(struct vsock *vsock, struct vsock *to);

/* -- vsock_links.c; the locks of both devices held, or as said -- */

/* A packet of `vsock` came to its receiver: what follows from it for what is remembered. */
void vsock_links_note(struct vsock *vsock, struct vsock *to, const struct vsock_header *header);

/* The connection of these two ports is over on this side. Lock held. */
void vsock_links_forget(struct vsock *vsock, const struct vsock *to, uint32_t port,
			uint32_t peer_port);

/* `vsock` is told with its next buffer that its connection of these ports is over. False: it is not
 * remembered. The lock of `vsock` held. */
bool vsock_links_tell_later(struct vsock *vsock, const struct vsock *from, uint32_t port,
			    uint32_t peer_port);

/* All connections between the two are over, and both are told. */
void vsock_links_cut(struct vsock *vsock, struct vsock *to);

/* Between two that were cut off: is this packet of a connection that is known since? */
bool vsock_links_carry(struct vsock *vsock, struct vsock *to, const struct vsock_header *header);

/* All its connections are over: their other sides are to be told. Lock held. */
void vsock_links_end(struct vsock *vsock);

/* Tells this guest of connections whose other sides are gone. 1: there may be more; 0: that was
 * all; or as vsock_give(). Lock held. */
int vsock_links_sweep(struct vsock *vsock);

/* -- vsock_host.c; lock held, or as said -- */

/* The packet in hand is for CID 2: what becomes of it now; VSOCK_HOST: another step. */
enum vsock_fate vsock_host_take(struct vsock *vsock);

/* A packet that is due from CID 2. 1: there may be more; 0: there is none; or as vsock_give(). */
int vsock_host_step(struct vsock *vsock);

/* The connection is over. */
void vsock_host_close(struct vsock *vsock);

/* True: the service's next step is the caller's, by vsock_host_serve() without locks. */
bool vsock_host_wants(struct vsock *vsock);
void vsock_host_serve(struct vsock *vsock);

#endif
