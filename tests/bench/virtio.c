/* SPDX-License-Identifier: Apache-2.0 */
/* How a virtio device is set up. virtio 1.2 3.1, 4.2.3. */
#include "tests/bench/virtio.h"

#define DEVICE_ID    0x008
#define OFFER	     0x010
#define OFFER_SEL    0x014
#define ACCEPT	     0x020
#define ACCEPT_SEL   0x024
#define QUEUE_SEL    0x030
#define QUEUE_SIZE   0x038
#define QUEUE_READY  0x044
#define STATUS	     0x070
#define QUEUE_DESC   0x080
#define QUEUE_DRIVER 0x090
#define QUEUE_DEVICE 0x0a0

#define ACKNOWLEDGED 3 /* and there is a driver */
#define FEATURES_OK  11
#define DRIVER_OK    15
/* in the upper word */
#define VERSION_1 1
#define PACKED	  4

const struct machine_virtio *virtio_find(uint32_t id, unsigned int index)
{
	for (unsigned int i = 0; i < machine.virtio_count; i++) {
		const struct machine_virtio *device = &machine.virtio[i];

		if (mmio_read32(device->base + DEVICE_ID) == id && index-- == 0) {
			return device;
		}
	}
	return NULL;
}

/* Where a queue's parts are. */
struct queue {
	uint32_t size;
	const void *descriptors, *driver, *device;
};

static void begin(const struct machine_virtio *device, uint32_t features, uint32_t high)
{
	uint64_t base = device->base;

	mmio_write32(base + STATUS, 0);
	mmio_write32(base + STATUS, ACKNOWLEDGED);
	mmio_write32(base + ACCEPT_SEL, 0);
	mmio_write32(base + ACCEPT, features);
	mmio_write32(base + ACCEPT_SEL, 1);
	mmio_write32(base + ACCEPT, high);
	mmio_write32(base + STATUS, FEATURES_OK);
}

static void place(const struct machine_virtio *device, unsigned int index, struct queue queue)
{
	uint64_t base = device->base;

	mmio_write32(base + QUEUE_SEL, index);
	mmio_write32(base + QUEUE_SIZE, queue.size);
	/* the guest is linked below 4 GiB: the upper words stay 0 */
	mmio_write32(base + QUEUE_DESC, (uint32_t)(uint64_t)queue.descriptors);
	mmio_write32(base + QUEUE_DRIVER, (uint32_t)(uint64_t)queue.driver);
	mmio_write32(base + QUEUE_DEVICE, (uint32_t)(uint64_t)queue.device);
	mmio_write32(base + QUEUE_READY, 1);
}

static bool end(const struct machine_virtio *device)
{
	mmio_write32(device->base + STATUS, DRIVER_OK);
	gic_start_edge(device->intid);
	return mmio_read32(device->base + STATUS) == DRIVER_OK;
}

bool virtio_start(const struct machine_virtio *device, uint32_t features, struct virtio_ring *ring,
		  unsigned int count)
{
	begin(device, features, VERSION_1);
	for (unsigned int i = 0; i < count; i++) {
		ring[i].available.index = ring[i].used.index = 0;
		place(device, i,
		      (struct queue){VIRTIO_RING, ring[i].descriptor, &ring[i].available,
				     &ring[i].used});
	}
	return end(device);
}

bool virtio_start_packed(const struct machine_virtio *device, uint32_t features,
			 struct virtio_packed *ring, unsigned int count)
{
	mmio_write32(device->base + OFFER_SEL, 1);
	if (!(mmio_read32(device->base + OFFER) & PACKED)) {
		return false;
	}
	begin(device, features, VERSION_1 | PACKED);
	for (unsigned int i = 0; i < count; i++) {
		ring[i].lap = VIRTIO_PACKED_AVAIL;
		/* a queue that is not used has its size too */
		place(device, i,
		      (struct queue){ring[i].count ? ring[i].count : 1, ring[i].descriptor,
				     &ring[i].driver, &ring[i].device});
	}
	return end(device);
}

static uint16_t flags_of(const struct virtio_buffer *buffers, unsigned int i, unsigned int count)
{
	return buffers[i].flags | (i + 1 < count ? VIRTIO_NEXT : 0);
}

void virtio_describe(struct virtio_ring *ring, const struct virtio_buffer *buffers,
		     unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		ring->descriptor[i] =
			(struct virtio_descriptor){(uint64_t)buffers[i].at, buffers[i].size,
						   flags_of(buffers, i, count), (uint16_t)(i + 1)};
	}
}

void virtio_describe_each(struct virtio_ring *ring, struct virtio_buffer first)
{
	for (unsigned int i = 0; i < VIRTIO_RING; i++) {
		ring->descriptor[i] =
			(struct virtio_descriptor){(uint64_t)first.at + i * first.size, first.size,
						   first.flags, 0};
		ring->available.ring[i] = (uint16_t)i;
	}
}

void virtio_describe_packed(struct virtio_packed *ring, const struct virtio_buffer *buffers,
			    unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		/* of no lap */
		ring->descriptor[i] = (struct virtio_packed_descriptor){
			(uint64_t)buffers[i].at,
			buffers[i].size | (uint64_t)flags_of(buffers, i, count) << 48};
	}
	ring->count = count;
	ring->rest = ring->descriptor[0].rest;
}
