/* SPDX-License-Identifier: Apache-2.0 */
/* Packed virtqueues. virtio 1.2 2.8. */
#include "drivers/virtio/ring.h"

#define DESC_REST 8

/* Event suppression: a place and, in the upper half, flags, in the driver's area and in the
 * device's. Both are read and written at once. 2.8.14 */
#define EVENT_SIZE    4
#define EVENT_ENABLE  0U
#define EVENT_DISABLE 1U
#define EVENT_AT      2U /* where the place says */

/* A place of the ring as an event's has it, and all that are kept here: the lap's wrap counter
 * (2.8.1) is its uppermost bit. */
#define PLACE_WRAP BIT32(15)
#define PLACE_SLOT (PLACE_WRAP - 1)

int packed_enable(struct virtq *queue)
{
	if (queue->descriptors % DESC_SIZE != 0 || queue->driver_area % EVENT_SIZE != 0 ||
	    queue->device_area % EVENT_SIZE != 0) {
		return -EINVAL;
	}
	if (!guest_is_ram_place(queue->vm, queue->descriptors, (uint64_t)DESC_SIZE * queue->size) ||
	    !guest_is_ram_place(queue->vm, queue->driver_area, EVENT_SIZE) ||
	    !guest_is_ram_place(queue->vm, queue->device_area, EVENT_SIZE)) {
		return -EFAULT;
	}
	ring_find(queue, EVENT_SIZE, EVENT_SIZE);
	queue->next_taken = queue->next_put = queue->told = PLACE_WRAP;
	return 0;
}

static inline uint8_t *slot_at(const struct virtq *queue, uint32_t slot)
{
	return ring_at(queue, queue->descriptors_at, queue->descriptors, (uint64_t)DESC_SIZE * slot,
		       DESC_SIZE);
}

/* A descriptor's second word: in its upper half flags and id, in the lower one its length. */
static inline uint64_t *rest_at(uint8_t *ring, uint32_t slot)
{
	return (uint64_t *)(void *)(ring + (size_t)DESC_SIZE * slot + DESC_REST);
}

/* The second word of the descriptor at `place`: has the driver made it available in this lap? AVAIL
 * is as the wrap counter then, and USED is not: 2.8.1 */
static inline bool is_available(uint32_t place, uint64_t rest)
{
	uint64_t wrap = (uint64_t)place << 48;

	return ((rest ^ wrap) & ~(rest << 8 ^ wrap)) >> 63 != 0;
}

/* Has the driver made the next slot available? 1, 0 or an error. What it wrote before is seen. */
static int available(const struct virtq *queue)
{
	uint32_t place = queue->next_taken;
	uint8_t *slot = slot_at(queue, place & PLACE_SLOT);

	return slot == NULL ? -EFAULT : is_available(place, atomic_read_acquire(rest_at(slot, 0)));
}

/* One descriptor of the ring, or of the table that stands for the chain. */
static inline int look(const struct virtq *queue, struct virtq_chain *chain, const uint64_t *table)
{
	struct desc desc;
	uint32_t flags;
	int err;

	if (chain->looked == chain->table_count) {
		return -EINVAL;
	}
	if (ring_read(queue, chain, table, &desc) != 0) {
		return -EFAULT;
	}
	flags = (uint32_t)(desc.rest >> 48);
	chain->looked++;
	chain->next++;
	if (unlikely(chain->indirect)) {
		/* all of the table, and of the flags WRITE alone means something: 2.8.7 */
		err = chain_add(queue, chain, desc, (flags & DESC_WRITE) != 0);
		return err != 0 ? err : chain->looked == chain->table_count ? LOOK_LAST : LOOK_ON;
	}
	chain->next = chain->next == queue->size ? 0 : chain->next;
	chain->slots++;
	chain->id = (uint16_t)(desc.rest >> 32);
	if (unlikely((flags & DESC_INDIRECT) != 0)) {
		return chain_indirect(queue, chain, desc, (flags & DESC_NEXT) != 0);
	}
	err = chain_add(queue, chain, desc, (flags & DESC_WRITE) != 0);
	return err != 0 ? err : (flags & DESC_NEXT) != 0 ? LOOK_ON : LOOK_LAST;
}

/* A place so many slots on, a lap at most, in a ring of `size`. */
static inline uint32_t later(uint32_t size, uint32_t place, uint32_t slots)
{
	uint32_t next = place + slots;

	return (next & PLACE_SLOT) >= size ? (next - size) ^ PLACE_WRAP : next;
}

/* The chain has been looked at. */
static inline void is_taken(struct virtq *queue, const struct virtq_chain *chain)
{
	queue->next_taken = (uint16_t)later(queue->size, queue->next_taken, chain->slots);
	queue->takes++;
}

static int __attribute__((noinline))
take_any(struct virtq *queue, struct virtq_chain *chain, uint32_t most)
{
	const uint64_t *table;
	int got;

	if (!chain->begun) {
		got = available(queue);
		if (got <= 0) {
			return got;
		}
		chain_begin(chain);
		chain->next = queue->next_taken & PLACE_SLOT;
		chain->table = queue->descriptors;
		chain->table_count = queue->size;
	}
	table = ring_table(queue, chain);
	for (uint32_t i = 0; i < most; i++) {
		got = look(queue, chain, table);
		if (got == LOOK_LAST) {
			chain->begun = false;
			is_taken(queue, chain);
		}
		if (got == LOOK_TABLE) {
			table = ring_table(queue, chain);
		} else if (got != LOOK_ON) {
			return got;
		}
	}
	return -EAGAIN;
}

int packed_take(struct virtq *queue, struct virtq_chain *chain, uint32_t most)
{
	uint32_t place = queue->next_taken, next = place & PLACE_SLOT;
	uint8_t *descriptors = queue->descriptors_at;
	const struct walk ring = {
		.kind = PACKED_RING,
		.table = (const uint64_t *)(const void *)descriptors,
		.size = queue->size,
		.next = next,
		.most = most,
	};
	struct desc desc;

	if (unlikely(chain->begun || !queue->placed)) {
		return take_any(queue, chain, most);
	}
	if (!is_available(place, atomic_read_acquire(rest_at(descriptors, next)))) {
		return 0;
	}
	if (unlikely(!chain_walk_all(queue, chain, ring, &desc))) {
		return take_any(queue, chain, most);
	}
	chain->id = (uint16_t)(desc.rest >> 32);
	is_taken(queue, chain);
	return 1;
}

/* The second word of a used descriptor: both flags as the wrap counter. */
static inline uint64_t used_rest(uint32_t place, struct virtq_used used)
{
	uint64_t lap = (place & PLACE_WRAP) != 0 ? UINT64_MAX : 0;

	/* the length means something: 2.8.4 */
	return (lap & (DESC_AVAIL | DESC_USED)) << 48 | (used.writes ? DESC_WRITE << 48 : 0) |
	       (uint64_t)used.id << 32 | used.written;
}

int packed_put(struct virtq *queue, const struct virtq_chain *chain, uint32_t written)
{
	const struct virtq_used used = virtq_used(chain, written);

	return packed_put_all(queue, &used, 1);
}

int packed_put_all(struct virtq *queue, const struct virtq_used *used, uint32_t count)
{
	uint64_t *first = NULL, first_rest = 0, rest;
	uint32_t place = queue->next_put;

	for (uint32_t i = 0; i < count; i++) {
		uint8_t *slot = slot_at(queue, place & PLACE_SLOT);

		if (slot == NULL) {
			return -EFAULT;
		}
		rest = used_rest(place, used[i]);
		if (i == 0) {
			first = rest_at(slot, 0);
			first_rest = rest;
		} else {
			atomic_set(rest_at(slot, 0), rest);
		}
		place = later(queue->size, place, used[i].slots);
	}
	if (first != NULL) {
		/* the driver looks at none of the others before this one */
		atomic_set_release(first, first_rest);
	}
	queue->next_put = (uint16_t)place;
	return 0;
}

/* The driver's words are `event`: does it wish to be told of what was put since `told`? 2.8.14 */
static inline bool is_wanted(const struct virtq *queue, uint32_t size, uint32_t event,
			     uint32_t told, uint32_t put)
{
	uint32_t flags = event >> 16;

	if (flags != EVENT_AT || !queue->event_index) {
		return flags != EVENT_DISABLE;
	}
	/* all as seen from the lap in which the last was put */
	told -= ((told ^ put) & PLACE_WRAP) != 0 ? size : 0;
	event -= ((event ^ put) & PLACE_WRAP) != 0 ? size : 0;
	return ((put - event - 1) & PLACE_SLOT) < ((put - told) & PLACE_SLOT);
}

int packed_interrupts(struct virtq *queue)
{
	const uint32_t *event = ring_driver_at(queue, 0, EVENT_SIZE);
	uint32_t told = queue->told;

	if (event == NULL) {
		return -EFAULT;
	}
	queue->told = queue->next_put;
	return is_wanted(queue, queue->size, atomic_read(event), told, queue->next_put);
}

/* The device's words, by which it is told of a chain at `place`. */
static inline uint32_t listening(const struct virtq *queue, uint32_t place)
{
	return queue->event_index ? EVENT_AT << 16 | place : EVENT_ENABLE << 16;
}

int packed_listen(struct virtq *queue, bool on)
{
	uint32_t *event = ring_device_at(queue, 0, EVENT_SIZE);

	if (event == NULL) {
		return -EFAULT;
	}
	atomic_set(event, on ? listening(queue, queue->next_taken) : EVENT_DISABLE << 16);
	if (!on) {
		return 0;
	}
	/* the wish, before the ring is looked at once more: the driver does it the other way */
	dmb(ish);
	return available(queue);
}

int packed_finish(struct virtq *queue, const struct virtq_chain *chain, uint32_t written,
		  bool listen)
{
	uint8_t *ring = queue->descriptors_at;
	const uint32_t *driver = (const uint32_t *)(const void *)queue->driver_at;
	uint32_t taken = queue->next_taken, told = queue->told, put = queue->next_put;
	uint32_t size = queue->size;
	uint64_t *slot = rest_at(ring, put & PLACE_SLOT);
	uint64_t rest = used_rest(put, virtq_used(chain, written));
	bool wanted;

	put = later(size, put, chain->slots);
	queue->next_put = (uint16_t)put;
	queue->told = (uint16_t)put;
	atomic_set_release(slot, rest);
	if (listen) {
		atomic_set((uint32_t *)(void *)queue->device_at, listening(queue, taken));
	}
	/* both, before the driver's side is looked at: as virtq_interrupts() and packed_listen() */
	dmb(ish);
	wanted = is_wanted(queue, size, atomic_read(driver), told, put);
	slot = rest_at(ring, taken & PLACE_SLOT);
	return (wanted ? VIRTQ_INTERRUPT : 0) |
	       (listen && is_available(taken, atomic_read_acquire(slot)) ? VIRTQ_MORE : 0);
}
