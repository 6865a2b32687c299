/* SPDX-License-Identifier: Apache-2.0 */
/* The bench guest's side of a virtio device: split rings, as short as can be. virtio 1.2 2.7, 4.2.
 */
#ifndef TESTS_BENCH_VIRTIO_H
#define TESTS_BENCH_VIRTIO_H

#include "tests/bench/machine.h"

#define VIRTIO_NEXT  1 /* flags of a descriptor */
#define VIRTIO_WRITE 2

#define VIRTIO_RING 4U /* descriptors of a queue */

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

/* The `index`th device of that kind; NULL: there are fewer. */
const struct machine_virtio *virtio_find(uint32_t id, unsigned int index);

/* Resets it, accepts features (and version 1) and gives it `count` queues; its SPI comes to the
 * first CPU, by edge, so that its line may go down later. False: it doesn't take them. */
bool virtio_start(const struct machine_virtio *device, uint32_t features, struct virtio_ring *ring,
		  unsigned int count);

/* What begins with descriptor 0 is available once more. The device is not told. */
static inline void virtio_give(struct virtio_ring *ring)
{
	dmb(ishst); /* the buffers before their number, as the device sees them */
	WRITE_ONCE(ring->available.index, (uint16_t)(ring->available.index + 1));
}

/* All that was given has come back. */
static inline bool virtio_is_idle(const struct virtio_ring *ring)
{
	return READ_ONCE(ring->used.index) == ring->available.index;
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
