/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A split virtqueue from the driver's side: a device of the board's serves it. virtio 1.2 2.7.
 *
 * The rings are EL2's memory, coherent with the device. What the device writes there is read once
 * and checked; its word on which chain it has done is the caller's to check against what it gave.
 *
 * Data: one user's, who locks. Nothing here waits. Pure.
 */
#ifndef DRIVERS_HW_VIRTIO_HWRING_H
#define DRIVERS_HW_VIRTIO_HWRING_H

#include "core/base/bits.h"

#define HWRING_SIZE_MAX 256
#define HWRING_PAGES	2 /* of memory that a queue takes, of any size */

#define HWRING_NEXT  BIT32(0)
#define HWRING_WRITE BIT32(1) /* the device writes there */

struct hwring_desc {
	uint64_t pa;
	uint32_t size;
	uint16_t flags, next;
};

struct hwring {
	uint16_t size;		  /* a power of two; constant */
	struct hwring_desc *desc; /* [size] */
	uint16_t *avail;	  /* flags, index, ring, event */
	uint32_t *used;		  /* flags and index, ring of two words each */
	uint16_t offered, taken;  /* free-running */
};

/* Empty, in `memory`: HWRING_PAGES pages of zeroes. */
void hwring_init(struct hwring *ring, void *memory, uint16_t size);

/* One that was used has its memory fit for hwring_init() again; the device knows nothing of it. */
void hwring_clear(struct hwring *ring);

/* A piece of a chain; `next` counts where flags have HWRING_NEXT. */
static inline void hwring_describe(struct hwring *ring, uint16_t at, struct hwring_desc desc)
{
	ring->desc[at] = desc;
}

/* Gives the device the chain that begins at `head`. The caller notifies. */
void hwring_offer(struct hwring *ring, uint16_t head);

/* The device wants to be told of what was offered. */
bool hwring_wants_notice(const struct hwring *ring);

/* It has done all that it was given, and that is not taken yet. */
bool hwring_is_spent(const struct hwring *ring);

/* What the device has done. 1: *id, as it says, and bytes that it says to have written; 0: nothing
 * more; -EINVAL: what it says can't be. */
int hwring_take(struct hwring *ring, uint32_t *id, uint32_t *written);

/* Whether the device need not interrupt. Off: have a look afterwards, it may have come between. */
void hwring_quiet(struct hwring *ring, bool quiet);

#endif
