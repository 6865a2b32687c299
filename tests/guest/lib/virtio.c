/* SPDX-License-Identifier: Apache-2.0 */
/* A driver of virtio-mmio devices. virtio 1.2 3.1, 4.2.3. */
#include "tests/guest/lib/virtio.h"

#include "tests/guest/lib/string.h"

uint64_t virtio_offered(uint64_t device)
{
	uint64_t low;

	virtio_set(device, VIRTIO_FEATURES_SEL, 0);
	low = virtio_get(device, VIRTIO_FEATURES);
	virtio_set(device, VIRTIO_FEATURES_SEL, 1);
	return low | (uint64_t)virtio_get(device, VIRTIO_FEATURES) << 32;
}

bool virtio_negotiate(uint64_t device, uint64_t features)
{
	virtio_set(device, VIRTIO_STATUS, 0);
	virtio_set(device, VIRTIO_STATUS, VIRTIO_ACKNOWLEDGE);
	virtio_set(device, VIRTIO_STATUS, VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER);
	virtio_set(device, VIRTIO_ACCEPT_SEL, 0);
	virtio_set(device, VIRTIO_ACCEPT, features);
	virtio_set(device, VIRTIO_ACCEPT_SEL, 1);
	virtio_set(device, VIRTIO_ACCEPT, features >> 32);
	virtio_set(device, VIRTIO_STATUS, VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER | VIRTIO_FEATURES_OK);
	return (virtio_get(device, VIRTIO_STATUS) & VIRTIO_FEATURES_OK) != 0;
}

void virtio_place(uint64_t device, uint32_t queue, const struct ring *ring)
{
	const uint64_t parts[] = {(uint64_t)ring->split, (uint64_t)&ring->available,
				  (uint64_t)&ring->used};
	static const uint32_t regs[] = {VIRTIO_QUEUE_DESC, VIRTIO_QUEUE_DRIVER,
					VIRTIO_QUEUE_DEVICE};

	virtio_set(device, VIRTIO_QUEUE_SEL, queue);
	virtio_set(device, VIRTIO_QUEUE_SIZE, RING_SIZE);
	for (unsigned int i = 0; i < ARRAY_SIZE(parts); i++) {
		virtio_set(device, regs[i], parts[i]);
		virtio_set(device, regs[i] + 4, parts[i] >> 32);
	}
}

void virtio_begin(uint64_t device, uint64_t features, struct ring *ring, uint32_t count)
{
	memset(ring, 0, count * sizeof(*ring));
	virtio_negotiate(device, features | VIRTIO_F_VERSION_1);
	for (uint32_t i = 0; i < count; i++) {
		virtio_place(device, i, &ring[i]);
		virtio_set(device, VIRTIO_QUEUE_READY, 1);
	}
	virtio_set(device, VIRTIO_STATUS,
		   VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER | VIRTIO_FEATURES_OK | VIRTIO_DRIVER_OK);
}

void virtio_notify(uint64_t device, uint32_t queue)
{
	dmb(ish); /* the ring before its word */
	virtio_set(device, VIRTIO_QUEUE_NOTIFY, queue);
	dmb(ish); /* that, before what the device wrote is read */
}

void ring_give(struct ring *ring, uint16_t head)
{
	uint16_t index = ring->available.index;

	ring->available.ring[index % RING_SIZE] = head;
	dmb(ishst); /* the chain before its number */
	WRITE_ONCE(ring->available.index, (uint16_t)(index + 1));
}
