/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Partitions of the board's disks for who wants them: the table of a disk is read once, at boot,
 * while VMs run already; in patient steps (timer/deadline.h) of about a thousand instructions.
 *
 * A partition has one owner: who asks for one that another asked for before is refused.
 */
#ifndef DRIVERS_HW_BLK_PARTS_H
#define DRIVERS_HW_BLK_PARTS_H

#include "drivers/hw/blk/blk.h"
#include "drivers/hw/blk/gpt.h"

#define PARTS_MAX 32 /* that are wanted of one disk */

/* One that is wanted. Constant once settled() has been called. */
struct blk_part {
	struct blk_dev *dev;
	const char *wanted; /* its name in the table, or its PARTUUID */
	/* It is known; called without locks on the CPU that takes the disk's interrupt. */
	void (*settled)(struct blk_part *part, void *owner);
	void *owner;	   /* NULL: nobody wants it any more, and nobody is told */
	const char *fault; /* NULL: it is there */
	uint64_t first, sectors;
	int32_t entry; /* of the table; -1: not found yet */
};

struct parts {
	struct blk_dev *dev;
	struct blk_part *part; /* [count] */
	uint32_t count;
	/* how far it is: */
	enum {
		PARTS_HEADER,
		PARTS_TABLE,
		PARTS_CHECK,
		PARTS_FIND,
		PARTS_COMPARE,
		PARTS_TELL,
	} phase;
	bool backup;
	uint64_t block;	 /* of the disk that is read */
	uint32_t filled; /* bytes of `buffer` */
	uint32_t at, crc;
	uint8_t *buffer; /* GPT_TABLE_MAX bytes */
	struct gpt gpt;
	struct blk_client client;
	struct blk_request request;
	struct deadline next;
};

/* Looks for `count` (at most PARTS_MAX) partitions, whose dev, wanted, settled and owner are set.
 * `buffer`: GPT_TABLE_MAX bytes of whole pages. The CPU that takes the disk's interrupt. */
void parts_begin(struct parts *parts, struct blk_dev *dev, struct blk_part *part, uint32_t count,
		 void *buffer);

#endif
