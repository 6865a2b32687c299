/* SPDX-License-Identifier: Apache-2.0 */
/* The bench guest's side of a virtio device: split and packed rings, each as short as can be: one
 * chain at a time, whose buffers stay the same. virtio 1.2 2.7, 2.8, 4.2. */
#ifndef TESTS_BENCH_VIRTIO_H
#define TESTS_BENCH_VIRTIO_H

#include "tests/bench/machine.h"

#define VIRTIO_NEXT  1 /* flags of a descriptor */
#define VIRTIO_WRITE 2

#define VIRTIO_PACKED_AVAIL BIT(55)
#define VIRTIO_PACKED_USED  BIT(63)
#define VIRTIO_PACKED_BOTH  (VIRTIO_PACKED_AVAIL | VIRTIO_PACKED_USED)

#define VIRTIO_RING 32U /* descriptors of a queue */

struct virtio_descriptor {
	uint64_t address;
	uint32_t size;
	uint16_t flags, next;
};

struct virtio_ring {
	struct virtio_descriptor descriptor[VIRTIO_RING] __attribute__((aligned(16)));
	struct {
		uint16_t flags, index, ring[VIRTIO_RING];
	} available;
	struct {
		uint16_t flags, index;
		struct {
			uint32_t id, size;
		} ring[VIRTIO_RING];
	} used __attribute__((aligned(4)));
};

/* A packed one. It is as long as its chain: that begins at place 0 each time, in another lap. */
struct virtio_packed {
	struct virtio_packed_descriptor {
		uint64_t address;
		uint64_t rest; /* its size; from bit 48 on flags */
	} descriptor[VIRTIO_RING] __attribute__((aligned(16)));
	struct {
		uint16_t place, flags;
	} driver, device;
	uint32_t count; /* descriptors */
	uint64_t lap;	/* flags of what is available in the next one: 2.8.1 */
	uint64_t rest;	/* the first's but for these, which the device writes over */
};

/* A part of a chain. */
struct virtio_buffer {
	void *at;
	uint32_t size;
	uint16_t flags; /* VIRTIO_WRITE: the device writes it */
};

/* The `index`th device of that kind; NULL: there are fewer. */
const struct machine_virtio *virtio_find(uint32_t id, unsigned int index);

/* Resets it, accepts features (and version 1) and gives it `count` queues; its SPI comes to the
 * first CPU, by edge, so that its line may go down later. False: it doesn't take them. */
bool virtio_start(const struct machine_virtio *device, uint32_t features, struct virtio_ring *ring,
		  unsigned int count);

/* The same with packed rings, whose chains are there. False, too: the device has none. */
bool virtio_start_packed(const struct machine_virtio *device, uint32_t features,
			 struct virtio_packed *ring, unsigned int count);

/* What chains of a ring are from now on; nothing is available. _each: each descriptor of the ring
 * is a chain of its own, in turn, with a piece of what is at `first`. */
void virtio_describe_each(struct virtio_ring *ring, struct virtio_buffer first);
void virtio_describe(struct virtio_ring *ring, const struct virtio_buffer *buffers,
		     unsigned int count);
void virtio_describe_packed(struct virtio_packed *ring, const struct virtio_buffer *buffers,
			    unsigned int count);

/* So many chains are available once more. The device is not told. */
static inline void virtio_give_some(struct virtio_ring *ring, uint32_t count)
{
	dmb(ishst); /* the buffers before their number, as the device sees them */
	WRITE_ONCE(ring->available.index, (uint16_t)(ring->available.index + count));
}

/* The chain is. */
static inline void virtio_give(struct virtio_ring *ring)
{
	virtio_give_some(ring, 1);
}

/* All that was given has come back. */
static inline bool virtio_is_idle(const struct virtio_ring *ring)
{
	return READ_ONCE(ring->used.index) == ring->available.index;
}

/* The same of a packed one. */
static inline void virtio_give_packed(struct virtio_packed *ring)
{
	struct virtio_packed_descriptor *d = ring->descriptor;
	uint64_t lap = ring->lap;

	for (uint32_t i = ring->count; --i;) {
		d[i].rest = (d[i].rest & ~VIRTIO_PACKED_BOTH) | lap;
	}
	dmb(ishst); /* buffers and the chain before its first flags, as the device sees them */
	WRITE_ONCE(d->rest, ring->rest | lap);
	ring->lap = lap ^ VIRTIO_PACKED_BOTH;
}

/* The last one that was given has come back. */
static inline bool virtio_is_idle_packed(const struct virtio_packed *ring)
{
	uint64_t flags = READ_ONCE(ring->descriptor[0].rest) & VIRTIO_PACKED_BOTH;

	/* what is used in a lap has both as AVAIL was */
	return flags == (ring->lap == VIRTIO_PACKED_USED ? VIRTIO_PACKED_BOTH : 0);
}

static inline void virtio_notify(const struct machine_virtio *device, uint32_t queue)
{
	dmb(ish); /* what is in the ring before the device is told */
	mmio_write32(device->base + 0x050, queue);
}

/* Its interrupt was taken: the line goes down. */
static inline void virtio_ack(const struct machine_virtio *device)
{
	mmio_write32(device->base + 0x064, 1);
}

#endif
