/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Network interfaces of the board. A driver (struct nic_ops) moves frames between the wire and
 * buffers of EL2's, NIC_BUFFERS each way, which are reserved at boot; here is who may send, and
 * when what comes is looked at.
 *
 * Sending waits for nothing: without a buffer there is none, and what the device has sent is looked
 * at by who wants the next one. Half of the buffers are for whoever comes; of the other half each
 * sender is sure of its share, whatever the others send.
 *
 * What comes is looked at by the CPU that takes the interrupt, as patient work (timer/deadline.h)
 * of a frame, or a part of one, with a gap behind, and the interrupt is off meanwhile (line.h):
 * that is all that a flood takes from who runs there. The device drops what it has no buffer for.
 *
 * Locks: `lock` (RANK_HW) is taken inside all others of who sends. A device that breaks a rule,
 * or asks for a reset, is reset, and nothing is sent or taken any more; its buffers are never given
 * to anybody else.
 */
#ifndef DRIVERS_HW_NET_NIC_H
#define DRIVERS_HW_NET_NIC_H

#include "core/base/spinlock.h"
#include "drivers/hw/line.h"
#include "timer/deadline.h"

#define NIC_BUFFERS	64
#define NIC_BUFFER_SIZE (9 * 1024)
/* Ahead of a frame that came there is so much room that is its taker's. */
#define NIC_ROOM     12
#define NIC_ETHERNET 14 /* bytes of a frame that are not counted in the MTU; and 4 of a tag */
#define NIC_MTU_MAX  9000

struct nic;

/* None of them waits. */
struct nic_ops {
	const char *name;
	/* With the lock. A buffer's frame goes out. */
	void (*send)(struct nic *nic, uint32_t buffer, uint32_t size);
	/* With the lock. 1: *buffer has gone; 0: none has; -EIO: the device breaks rules. */
	int (*sent)(struct nic *nic, uint32_t *buffer);
	/* These are called by the CPU that takes the interrupt. 1: *buffer holds a frame, of *size
	 * bytes, 0 where it is nothing that was agreed on; 0; -EIO. */
	int (*received)(struct nic *nic, uint32_t *buffer, uint32_t *size);
	/* A buffer back to the device. */
	void (*give)(struct nic *nic, uint32_t buffer);
	/* It has used up the buffers that it was given. */
	bool (*is_spent)(struct nic *nic);
	/* Its interrupt. What else it says is looked at, like `up`. False: it asks for a reset. */
	bool (*acknowledge)(struct nic *nic);
	/* It need not interrupt for what comes; or, off, it is to. */
	void (*quiet)(struct nic *nic, bool quiet);
	/* True: it touches no memory any more. */
	bool (*reset)(struct nic *nic);
};

/* Who sends; in its own memory. */
struct nic_sender {
	uint32_t held; /* buffers; the NIC's lock */
};

struct nic_buffer {
	uint8_t *frame; /* NULL: none */
	uint32_t index;
};

struct nic {
	/* constant, by the driver: */
	const struct nic_ops *ops;
	uint8_t *in, *out; /* buffers; frames stand NIC_ROOM bytes behind their beginning */
	uint32_t in_count, out_count;
	uint32_t mtu;
	uint8_t mac[6];
	bool has_mac;
	const char *name; /* for messages */
	/* constant, by who has it: */
	uint32_t share; /* of buffers that each sender is sure of */
	/* A step of what there is to do with what came, also before it was given up. False: there
	 * was nothing. */
	bool (*work)(struct nic *nic);
	void *user;

	bool up;     /* atomic: it has a link */
	bool broken; /* atomic: it is given up */

	struct spinlock lock; /* rank hw; protects the next: */
	uint64_t free;	      /* buffers for sending, by bit */
	uint32_t free_count;
	struct nic_sender *of[NIC_BUFFERS]; /* whose each other one is */

	/* owner: the CPU that takes its interrupt */
	uint32_t taken; /* the buffer that nic_next() gave */
	uint64_t spent; /* atomic: how often it was seen without a buffer for what comes */
	struct hw_line line;
	struct deadline later;
	bool asks; /* for a reset; it is looked at in the next step */
};

/* What a driver calls when its constants stand. The CPU that takes its interrupt. */
void nic_init(struct nic *nic);

/* Its interrupt. The CPU that nic_init() ran on. */
void nic_interrupt(struct nic *nic);

/* -- sending; any CPU -- */

/* 0: a buffer; -ENOSPC: there is none for this sender; -ENODEV: it is broken, or has no link. */
int nic_take(struct nic *nic, struct nic_sender *sender, struct nic_buffer *buffer);

/* The frame in it, of so many bytes, goes out; the buffer is no more the sender's. */
void nic_send(struct nic *nic, struct nic_buffer *buffer, uint32_t size);

/* It is not needed after all. */
void nic_put(struct nic *nic, struct nic_buffer *buffer);

/* -- receiving; in work() -- */

/* The next frame, which is the taker's until nic_done(). False: there is none. */
bool nic_next(struct nic *nic, uint8_t **frame, uint32_t *size);
void nic_done(struct nic *nic);

#endif
