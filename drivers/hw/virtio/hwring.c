/* SPDX-License-Identifier: Apache-2.0 */
/* A split virtqueue from the driver's side. virtio 1.2 2.7. */
#include "drivers/hw/virtio/hwring.h"

#include "core/arm64/barrier.h"
#include "core/base/atomic.h"
#include "core/base/errno.h"

#define AVAIL_FLAGS	   0 /* words of 16 bits: 2.7.6 */
#define AVAIL_INDEX	   1
#define AVAIL_RING	   2
#define AVAIL_NO_INTERRUPT 1
#define AVAIL_SIZE	   KIB(1)   /* room for that of the largest */
#define USED_NO_NOTICE	   BIT32(0) /* words of 32 bits: 2.7.8 */
#define USED_RING	   1	    /* of two words each */

void hwring_init(struct hwring *ring, void *memory, uint16_t size)
{
	uint8_t *bytes = memory;

	*ring = (struct hwring){
		.size = size,
		.desc = memory,
		.avail = (uint16_t *)(void *)(bytes + PAGE_SIZE),
		.used = (uint32_t *)(void *)(bytes + PAGE_SIZE + AVAIL_SIZE),
	};
}

void hwring_clear(struct hwring *ring)
{
	/* what the rest says counts by these: 2.7.6, 2.7.8 */
	atomic_set(&ring->avail[AVAIL_FLAGS], (uint16_t)0);
	atomic_set(&ring->avail[AVAIL_INDEX], (uint16_t)0);
	atomic_set(&ring->used[0], UINT32_C(0));
}

void hwring_offer(struct hwring *ring, uint16_t head)
{
	atomic_set(&ring->avail[AVAIL_RING + (ring->offered & (ring->size - 1U))], head);
	ring->offered++;
	/* descriptors, and what they point to, before the index by which the device finds them */
	dmb(osh);
	atomic_set(&ring->avail[AVAIL_INDEX], ring->offered);
	/* the index before the notification, for the device */
	dmb(osh);
}

bool hwring_wants_notice(const struct hwring *ring)
{
	return (atomic_read(&ring->used[0]) & USED_NO_NOTICE) == 0;
}

bool hwring_is_spent(const struct hwring *ring)
{
	uint16_t index = (uint16_t)(atomic_read(&ring->used[0]) >> 16);

	return index == ring->offered && index != ring->taken;
}

int hwring_take(struct hwring *ring, uint32_t *id, uint32_t *written)
{
	uint16_t index = (uint16_t)(atomic_read(&ring->used[0]) >> 16);
	const uint32_t *element;

	if (index == ring->taken) {
		return 0;
	}
	/* it has done no more than it was given */
	if ((uint16_t)(index - ring->taken) > (uint16_t)(ring->offered - ring->taken)) {
		return -EINVAL;
	}
	/* the index before the element, and what the device wrote before it */
	dmb(osh);
	element = &ring->used[USED_RING + 2 * (ring->taken & (ring->size - 1U))];
	*id = atomic_read(&element[0]);
	*written = atomic_read(&element[1]);
	ring->taken++;
	return 1;
}

void hwring_quiet(struct hwring *ring, bool quiet)
{
	atomic_set(&ring->avail[AVAIL_FLAGS], (uint16_t)(quiet ? AVAIL_NO_INTERRUPT : 0));
	/* the wish before the look at the used ring that follows; the device does it the other way
	 */
	dmb(osh);
}
