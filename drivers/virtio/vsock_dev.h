/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside the socket device (vsock*.c): its packets, its state, and what its files do for each
 * other.
 *
 * vsock.c moves packets, vsock_links.c remembers connections for when one side ends, vsock_host.c
 * is CID 2. Locks: as drivers/virtio/virtio.h says of two devices; what is marked atomic is changed
 * without.
 */
#ifndef DRIVERS_VIRTIO_VSOCK_DEV_H
#define DRIVERS_VIRTIO_VSOCK_DEV_H

#include "core/base/atomic.h"
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
};

/* What becomes of the packet in hand. */
enum vsock_fate {
	VSOCK_NONE, /* there is none in hand */
	VSOCK_PASS,
	VSOCK_HOST,   /* it is for CID 2 */
	VSOCK_REFUSE, /* it is answered by a reset */
	VSOCK_DONE,   /* its buffer is given back */
};

/* What a VM that let others wait too long has to be told: its connections are gone. */
enum vsock_lost {
	VSOCK_SOUND,
	VSOCK_LOST, /* it is not told yet */
	VSOCK_TOLD, /* until it has looked at that */
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
	bool sweep;	   /* a peer's life is over */
	bool waking;	   /* `waker` is somebody's */
	bool armed;	   /* `alarm` is */
	struct deadline waker, alarm;

	/* the device's lock: */
	struct virtq_chain *out, *in, *event;
	bool taken; /* `in` is a buffer that has nothing in it yet */
	uint32_t serial;
	enum vsock_fate fate;
	struct vsock_header header;
	struct virtq_cursor rest; /* behind what of the packet is with the receiver */
	uint32_t left;
	struct vsock *to;
	struct vsock *untold; /* has parts of a packet that its driver is not told of yet */
	bool waiting;	      /* for a buffer of its receiver's, */
	uint64_t since;
	bool replying; /* `reply` is to go into its own queue */
	struct vsock_header reply;
	enum vsock_lost lost;
	uint32_t told; /* events put */
	uint32_t sweep_left;
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

/* -- vsock_links.c; the locks of both devices held, or as said -- */

/* A packet of `vsock` came to its receiver: what follows from it for what is remembered. */
void vsock_links_note(struct vsock *vsock, struct vsock *to, const struct vsock_header *header);

/* The connection of these two ports is over on this side. Lock held. */
void vsock_links_forget(struct vsock *vsock, const struct vsock *to, uint32_t port,
			uint32_t peer_port);

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
