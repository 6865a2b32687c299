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

/* -- a queue whose driver keeps the rules -- */

const struct virtio_format virtio_formats[VIRTIO_FORMATS] = {
	{"split", 0},
	{"split, tables, events", VIRTIO_F_INDIRECT | VIRTIO_F_EVENT_INDEX},
	{"packed", VIRTIO_F_PACKED},
	{"packed, tables, events", VIRTIO_F_PACKED | VIRTIO_F_INDIRECT | VIRTIO_F_EVENT_INDEX},
};

/* 2.8.14 */
#define EVENT_ENABLE 0U
#define EVENT_AT     2U

#define USED_NO_NOTIFY 1 /* 2.7.8 */

static bool has(const struct queue *queue, uint64_t feature)
{
	return (queue->features & feature) != 0;
}

void queue_begin(struct queue *queue, struct ring *ring)
{
	queue->ring = ring;
	queue->next = 0;
	queue->wrap = true;
}

static void give_split(struct queue *queue, const struct buffer *buffer, uint32_t count)
{
	bool indirect = has(queue, VIRTIO_F_INDIRECT);
	struct split_desc *to = indirect ? queue->ring->table.split : queue->ring->split;

	for (uint32_t i = 0; i < count; i++) {
		to[i] = (struct split_desc){(uint64_t)buffer[i].at, buffer[i].size,
					    (uint16_t)((buffer[i].write ? DESC_WRITE : 0) |
						       (i + 1 < count ? DESC_NEXT : 0)),
					    (uint16_t)(i + 1)};
	}
	if (indirect) {
		queue->ring->split[0] =
			(struct split_desc){(uint64_t)to, count * (uint32_t)sizeof(*to),
					    DESC_INDIRECT, 0};
	}
	ring_give(queue->ring, 0);
	queue->next++;
}

/* Of a descriptor that is available: AVAIL is as the wrap counter, and USED is not. 2.8.1 */
static uint16_t lap_flags(bool wrap)
{
	return wrap ? DESC_AVAIL : DESC_USED;
}

/* The next slot, but for its flags, which expose it. */
static void fill_slot(struct queue *queue, uint64_t address, uint32_t size)
{
	struct packed_desc *slot = &queue->ring->packed[queue->next];

	slot->address = address;
	slot->size = size;
	slot->id = queue->next;
}

static void pass_slot(struct queue *queue)
{
	queue->next++;
	if (queue->next == RING_SIZE) {
		queue->next = 0;
		queue->wrap = !queue->wrap;
	}
}

static void give_packed(struct queue *queue, const struct buffer *buffer, uint32_t count)
{
	bool indirect = has(queue, VIRTIO_F_INDIRECT);
	struct packed_desc *first = &queue->ring->packed[queue->next];
	uint16_t first_flags = 0;

	queue->head = queue->next;
	queue->head_wrap = queue->wrap;
	for (uint32_t i = 0; indirect && i < count; i++) {
		queue->ring->table.packed[i] =
			(struct packed_desc){(uint64_t)buffer[i].at, buffer[i].size, 0,
					     buffer[i].write ? DESC_WRITE : 0};
	}
	for (uint32_t i = 0; i < (indirect ? 1 : count); i++) {
		uint16_t flags = (uint16_t)(lap_flags(queue->wrap) |
					    (indirect	   ? DESC_INDIRECT :
					     i + 1 < count ? DESC_NEXT :
							     0) |
					    (!indirect && buffer[i].write ? DESC_WRITE : 0));

		if (indirect) {
			fill_slot(queue, (uint64_t)queue->ring->table.packed,
				  count * (uint32_t)sizeof(queue->ring->table.packed[0]));
		} else {
			fill_slot(queue, (uint64_t)buffer[i].at, buffer[i].size);
		}
		if (i == 0) {
			first_flags = flags;
		} else {
			queue->ring->packed[queue->next].flags = flags;
		}
		pass_slot(queue);
	}
	dmb(ishst); /* the chain before what exposes it: 2.8.17 */
	WRITE_ONCE(first->flags, first_flags);
}

void queue_give(struct queue *queue, const struct buffer *buffer, uint32_t count)
{
	if (has(queue, VIRTIO_F_PACKED)) {
		give_packed(queue, buffer, count);
	} else {
		give_split(queue, buffer, count);
	}
}

/* Of one chain, given last: 2.7.10.1, 2.8.10 */
static bool device_wants_to_know(const struct queue *queue)
{
	const struct ring *ring = queue->ring;
	uint32_t event;

	if (!has(queue, VIRTIO_F_PACKED)) {
		return has(queue, VIRTIO_F_EVENT_INDEX) ?
			       READ_ONCE(ring->used.available_event) ==
				       (uint16_t)(queue->next - 1) :
			       (READ_ONCE(ring->used.flags) & USED_NO_NOTIFY) == 0;
	}
	event = READ_ONCE(ring->device_event);
	return event >> 16 == EVENT_ENABLE ||
	       event == (EVENT_AT << 16 | (uint32_t)queue->head_wrap << 15 | queue->head);
}

void queue_notify(const struct queue *queue)
{
	dmb(ish); /* the chain before the device's wish: 2.7.13.4.1 */
	if (device_wants_to_know(queue)) {
		virtio_notify(queue->device, queue->number);
	}
}

static bool take_split(struct queue *queue, uint32_t *written)
{
	const struct ring *ring = queue->ring;

	if (READ_ONCE(ring->used.index) != queue->next) {
		return false;
	}
	dmb(ishld); /* the index before what it stands for */
	*written = ring->used.ring[(queue->next - 1U) % RING_SIZE].size;
	return true;
}

static bool take_packed(struct queue *queue, uint32_t *written)
{
	const struct packed_desc *head = &queue->ring->packed[queue->head];
	uint16_t used = queue->head_wrap ? DESC_AVAIL | DESC_USED : 0;

	if ((READ_ONCE(head->flags) & (DESC_AVAIL | DESC_USED)) != used) {
		return false;
	}
	dmb(ishld); /* the flags before the rest */
	*written = head->size;
	return true;
}

bool queue_take(struct queue *queue, uint32_t *written)
{
	return has(queue, VIRTIO_F_PACKED) ? take_packed(queue, written) :
					     take_split(queue, written);
}
