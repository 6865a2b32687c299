/* SPDX-License-Identifier: Apache-2.0 */
/* Packed virtqueues. virtio 1.2 2.8. */
#include "drivers/virtio/ring.h"

#define DESC_LEN   8
#define DESC_ID	   12
#define DESC_FLAGS 14

/* Event suppression: two words of 16 bits, in the driver's area and in the device's. 2.8.14 */
#define EVENT_PLACE   0
#define EVENT_FLAGS   2
#define EVENT_SIZE    4
#define EVENT_WRAP    BIT(15) /* of the place */
#define EVENT_ENABLE  0
#define EVENT_DISABLE 1
#define EVENT_AT      2 /* where the place says */

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
	return 0;
}

static uint8_t *slot_at(const struct virtq *queue, uint32_t slot)
{
	return ring_at(queue, queue->descriptors_at, queue->descriptors, (uint64_t)DESC_SIZE * slot,
		       DESC_SIZE);
}

/* Has the driver made the next slot available? 1, 0 or an error. What it wrote before is seen. */
static int available(const struct virtq *queue)
{
	const uint8_t *slot = slot_at(queue, queue->next_taken);
	uint16_t flags;

	if (slot == NULL) {
		return -EFAULT;
	}
	flags = atomic_read_acquire((const uint16_t *)(slot + DESC_FLAGS));
	return ((flags & DESC_AVAIL) != 0) == queue->taken_wrap &&
	       ((flags & DESC_USED) != 0) != queue->taken_wrap;
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

/* A place of the ring so many slots on; true: past its end. */
static bool advance(const struct virtq *queue, uint16_t *place, uint32_t slots)
{
	uint32_t next = *place + slots;
	bool past = next >= queue->size;

	*place = (uint16_t)(past ? next - queue->size : next);
	return past;
}

int __attribute__((noinline))
packed_take(struct virtq *queue, struct virtq_chain *chain, uint32_t most)
{
	const uint64_t *table;
	int got;

	if (!chain->begun) {
		got = available(queue);
		if (got <= 0) {
			return got;
		}
		chain_begin(chain);
		chain->next = queue->next_taken;
		chain->table = queue->descriptors;
		chain->table_count = queue->size;
	}
	table = ring_table(queue, chain);
	for (uint32_t i = 0; i < most; i++) {
		got = look(queue, chain, table);
		if (got == LOOK_LAST) {
			chain->begun = false;
			queue->taken_wrap ^= advance(queue, &queue->next_taken, chain->slots);
			queue->takes++;
		}
		if (got == LOOK_TABLE) {
			table = ring_table(queue, chain);
		} else if (got != LOOK_ON) {
			return got;
		}
	}
	return -EAGAIN;
}

int packed_put(struct virtq *queue, const struct virtq_chain *chain, uint32_t written)
{
	const struct virtq_used used = virtq_used(chain, written);

	return packed_put_all(queue, &used, 1);
}

int packed_put_all(struct virtq *queue, const struct virtq_used *used, uint32_t count)
{
	uint16_t place = queue->next_put;
	bool wrap = queue->put_wrap;
	uint16_t *first = NULL, first_flags = 0;

	for (uint32_t i = 0; i < count; i++) {
		uint8_t *slot = slot_at(queue, place);
		uint16_t flags = wrap ? (uint16_t)(DESC_AVAIL | DESC_USED) : 0;

		if (slot == NULL) {
			return -EFAULT;
		}
		/* the length means something: 2.8.4 */
		flags |= used[i].writes ? (uint16_t)DESC_WRITE : 0;
		atomic_set((uint32_t *)(slot + DESC_LEN), used[i].written);
		atomic_set((uint16_t *)(slot + DESC_ID), used[i].id);
		if (i == 0) {
			first = (uint16_t *)(slot + DESC_FLAGS);
			first_flags = flags;
		} else {
			atomic_set((uint16_t *)(slot + DESC_FLAGS), flags);
		}
		wrap ^= advance(queue, &place, used[i].slots);
	}
	if (first != NULL) {
		/* the driver looks at none of the others before this one */
		atomic_set_release(first, first_flags);
	}
	queue->next_put = place;
	queue->put_wrap = wrap;
	return 0;
}

int packed_interrupts(struct virtq *queue)
{
	const uint16_t *event = ring_driver_at(queue, 0, EVENT_SIZE);
	uint16_t told = queue->told, place, flags;
	bool wrapped = queue->told_wrap != queue->put_wrap;

	if (event == NULL) {
		return -EFAULT;
	}
	queue->told = queue->next_put;
	queue->told_wrap = queue->put_wrap;
	flags = atomic_read_acquire(&event[EVENT_FLAGS / 2]);
	if (flags != EVENT_AT || !queue->event_index) {
		return flags != EVENT_DISABLE;
	}
	place = atomic_read(&event[EVENT_PLACE / 2]);
	/* all as seen from the lap in which the last was put */
	told = wrapped ? (uint16_t)(told - queue->size) : told;
	if (((place & EVENT_WRAP) != 0) != queue->put_wrap) {
		place = (uint16_t)((place & ~EVENT_WRAP) - queue->size);
	} else {
		place &= (uint16_t)~EVENT_WRAP;
	}
	return (uint16_t)(queue->next_put - place - 1) < (uint16_t)(queue->next_put - told);
}

int packed_listen(struct virtq *queue, bool on)
{
	uint16_t *event = ring_device_at(queue, 0, EVENT_SIZE);

	if (event == NULL) {
		return -EFAULT;
	}
	if (!on) {
		atomic_set(&event[EVENT_FLAGS / 2], (uint16_t)EVENT_DISABLE);
		return 0;
	}
	if (queue->event_index) {
		atomic_set(&event[EVENT_PLACE / 2],
			   (uint16_t)(queue->next_taken |
				      (queue->taken_wrap ? EVENT_WRAP : UINT64_C(0))));
		atomic_set_release(&event[EVENT_FLAGS / 2], (uint16_t)EVENT_AT);
	} else {
		atomic_set(&event[EVENT_FLAGS / 2], (uint16_t)EVENT_ENABLE);
	}
	/* the wish, before the ring is looked at once more: the driver does it the other way */
	dmb(ish);
	return available(queue);
}
