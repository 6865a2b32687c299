/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Disks of the board. A driver (struct blk_ops) brings requests under way, several at once or one
 * after another; here is who may ask next, and who is told.
 *
 * A client has any number of requests, which are its own memory, and is told by done() that there
 * are some to be taken back. Where a device has as many under way as it can, clients take turns, a
 * request each; where it has several clients none has more than half of them, so that who asks now
 * and then finds room at once. Requests are done in any order; a flush is for writes that are done.
 *
 * A request that is not done after BLK_PATIENCE_S seconds is a disk that does not answer: it is
 * reset, what is under way fails, what waits goes on behind it; so is one that asks for a reset, at
 * once. If it does nothing then either, or asks again before BLK_PATIENCE_S seconds are over, it is
 * given up. What is under way ends by the disk's word or by its reset, by nothing else: until
 * then it may touch the requests' memory. One that does not come out of its reset (BLK_RESET_S) is
 * lost, and what it had under way never ends: blk_is_lost().
 *
 * Locks: a device's is taken inside all others of who asks (RANK_HW). done() is called without
 * locks, on the CPU that takes the device's interrupt, which does at most two requests in a step
 * and lets 20 us pass between two (timer/deadline.h), its interrupt off meanwhile (line.h): that is
 * all that a disk takes from who runs there, whatever it does.
 */
#ifndef DRIVERS_HW_BLK_BLK_H
#define DRIVERS_HW_BLK_BLK_H

#include "core/base/list.h"
#include "core/base/spinlock.h"
#include "drivers/hw/line.h"
#include "timer/deadline.h"

#define BLK_SECTOR 512 /* bytes; what all positions and sizes are counted in */
#define BLK_PIECES 14  /* of a request's memory */

/* Of one request, so that nobody waits long for those that are under way, and the disk is not late
 * by its size: what is read or written, and sectors that it discards or zeroes by itself. */
#define BLK_SIZE_MAX  MIB(1)
#define BLK_RANGE_MAX ((uint32_t)(MIB(4) / BLK_SECTOR))

#define BLK_PATIENCE_S 30 /* seconds that a request may take */
#define BLK_RESET_S    5  /* and that a reset may */

enum blk_op {
	BLK_READ,
	BLK_WRITE,
	BLK_FLUSH,
	BLK_DISCARD, /* `sectors` may be anything from now on */
	BLK_ZEROES,  /* `sectors` read as zeroes from now on */
};

/* Memory that the device reads or writes; a physical address. */
struct blk_piece {
	uint64_t pa;
	uint32_t size; /* bytes, not 0, at most piece_max of the device */
};

struct blk_client;

struct blk_request {
	/* who asks fills in: */
	enum blk_op op;
	bool unmap; /* BLK_ZEROES: their place on the disk may be given back */
	uint64_t sector;
	uint32_t sectors;     /* BLK_DISCARD, BLK_ZEROES: at most range_max */
	uint32_t piece_count; /* BLK_READ, BLK_WRITE: at most pieces_max, whole sectors together */
	struct blk_piece piece[BLK_PIECES];
	/* once it is done: 0 or -EIO */
	int result;
	/* blk.c's: */
	struct blk_client *client;
	struct blk_request *next;
	struct list_node started; /* while it is under way */
	uint64_t since;
};

struct blk_fifo {
	struct blk_request *first, *last;
};

struct blk_dev;

struct blk_client {
	struct blk_dev *dev; /* constant */
	void (*done)(struct blk_client *client);
	/* protected by the device's lock: */
	struct list_node turn; /* among the device's, while it has requests that wait */
	struct blk_fifo waiting, finished;
	uint32_t under_way; /* requests whose memory the device may touch */
};

/* None of them waits. They are called with the device's lock held, but for acknowledge and quiet,
 * which are the interrupt's CPU's. */
struct blk_ops {
	const char *name;
	/* 0; -EBUSY: as many as can be are under way. */
	int (*start)(struct blk_dev *dev, struct blk_request *request);
	/* 1: *request is done, and has its result; 0: none; -EIO: the device breaks rules. */
	int (*finished)(struct blk_dev *dev, struct blk_request **request);
	/* Its interrupt. False: it asks for a reset. */
	bool (*acknowledge)(struct blk_dev *dev);
	/* It need not interrupt for what it finishes; or, off, it is to. */
	void (*quiet)(struct blk_dev *dev, bool quiet);
	/* True: it touches no memory any more. */
	bool (*reset)(struct blk_dev *dev);
	/* After that: one of those that were under way; NULL: there are no more. */
	struct blk_request *(*forsake)(struct blk_dev *dev);
	/* Then it is set up again: 0; -EIO: it can't be, or is another one now. */
	int (*revive)(struct blk_dev *dev);
};

struct blk_dev {
	/* constant, by the driver: */
	const struct blk_ops *ops;
	uint64_t sectors;
	uint32_t block_size; /* bytes that it reads and writes as one: 512 to 4096 */
	uint32_t piece_max;  /* bytes */
	uint32_t pieces_max;
	uint32_t range_max; /* sectors, whole blocks */
	uint32_t room;	    /* requests under way at once */
	bool read_only, flushes, discards, zeroes;
	const char *name; /* for messages */

	struct spinlock lock; /* rank hw; protects the rest */
	struct list_node turns;
	uint32_t clients;	  /* since blk_init() */
	uint32_t share;		  /* of `room`, that a client may have */
	struct list_node started; /* requests under way, the oldest first */
	bool broken, at_rest;	  /* it broke a rule, or is late; and touches no memory any more */
	bool late, proven;	  /* it is late; and has done something since it was set up */
	bool lost;		  /* its reset has no end */
	uint64_t broken_since;

	/* owner: the CPU that takes its interrupt */
	struct hw_line line;
	struct deadline later, watch;
	bool asks;	       /* for a reset; it is looked at in the next step */
	uint64_t patience_end; /* of one that has asked: until then it is not to ask again */
};

/* What a driver calls when the constants stand. The CPU that takes its interrupt. */
void blk_init(struct blk_dev *dev);

void blk_client_init(struct blk_client *client, struct blk_dev *dev,
		     void (*done)(struct blk_client *client));

/* 0: done() will come; -EIO: the device is broken, nothing happens. Any CPU. */
int blk_submit(struct blk_client *client, struct blk_request *request);

/* A request that is done, or NULL. Any CPU. */
struct blk_request *blk_take(struct blk_client *client);

/*
 * Takes back what waits, for good. True: others are under way, whose memory the device may touch
 * until done() has come for each. Any CPU.
 */
bool blk_withdraw(struct blk_client *client);

/* What it has under way never ends: its memory is never anything else again. Any CPU. */
bool blk_is_lost(struct blk_client *client);

/* Forgets what is done and was not taken; none is under way. Any CPU. */
void blk_forget(struct blk_client *client);

/* Its interrupt. The CPU that blk_init() ran on. */
void blk_interrupt(struct blk_dev *dev);

#endif
