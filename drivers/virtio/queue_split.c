/* SPDX-License-Identifier: Apache-2.0 */
/* Split virtqueues. virtio 1.2 2.7. */
#include "core/vm/vm.h"
#include "drivers/virtio/ring.h"

/* The available ring, in the driver's area: 2.7.6 */
#define AVAIL_FLAGS	   0
#define AVAIL_INDEX	   2
#define AVAIL_RING	   4
#define AVAIL_NO_INTERRUPT BIT(0)

/* The used ring, in the device's: 2.7.8 */
#define USED_FLAGS     0
#define USED_INDEX     2
#define USED_RING      4
#define USED_ELEM_SIZE 8
#define USED_NO_NOTIFY BIT(0)

/* Behind the rings' elements: 2.7.7, 2.7.10 */
#define EVENT_SIZE 2

static inline uint64_t used_event(const struct virtq *queue)
{
	return AVAIL_RING + UINT64_C(2) * queue->size;
}

static inline uint64_t avail_event(const struct virtq *queue)
{
	return USED_RING + (uint64_t)USED_ELEM_SIZE * queue->size;
}

int split_enable(struct virtq *queue)
{
	uint32_t size = queue->size;

	if ((size & (size - 1)) != 0 || queue->descriptors % DESC_SIZE != 0 ||
	    queue->driver_area % 2 != 0 || queue->device_area % 4 != 0) {
		return -EINVAL;
	}
	/* the event fields, which may not have been negotiated, are looked at when they are used */
	if (!guest_is_ram_place(queue->vm, queue->descriptors, (uint64_t)DESC_SIZE * size) ||
	    !guest_is_ram_place(queue->vm, queue->driver_area, used_event(queue)) ||
	    !guest_is_ram_place(queue->vm, queue->device_area, avail_event(queue))) {
		return -EFAULT;
	}
	ring_find(queue, used_event(queue) + EVENT_SIZE, avail_event(queue) + EVENT_SIZE);
	return 0;
}

/* Which of them is next: they are numbered from the queue's first on, and the ring has 16 bits. */
static inline uint16_t next_taken(const struct virtq *queue)
{
	return (uint16_t)queue->takes;
}

/* The driver's index of the next chain it will make available; negative: an error. */
static inline int avail_index(const struct virtq *queue)
{
	const uint16_t *index = ring_driver_at(queue, AVAIL_INDEX, sizeof(*index));

	return index == NULL ? -EFAULT : (int)atomic_read_acquire(index);
}

/* The next chain's first descriptor is known: 1, 0 or an error. */
static int begin(struct virtq *queue, struct virtq_chain *chain)
{
	int index = avail_index(queue);
	uint16_t waiting;
	const uint16_t *entry;

	if (index < 0) {
		return index;
	}
	waiting = (uint16_t)((uint32_t)index - next_taken(queue));
	if (waiting == 0) {
		return 0;
	}
	entry = ring_driver_at(queue,
			       AVAIL_RING + UINT64_C(2) * (next_taken(queue) & (queue->size - 1U)),
			       sizeof(*entry));
	if (waiting > queue->size) {
		return -EINVAL;
	}
	if (entry == NULL) {
		return -EFAULT;
	}
	chain_begin(chain);
	chain->id = chain->next = atomic_read(entry);
	chain->table = queue->descriptors;
	chain->table_count = queue->size;
	return 1;
}

/* One descriptor. */
static inline int look(const struct virtq *queue, struct virtq_chain *chain, const uint64_t *table)
{
	struct desc desc;
	uint32_t flags;
	int err;

	/* more than the table has: it runs in a circle */
	if (chain->next >= chain->table_count || chain->looked == chain->table_count) {
		return -EINVAL;
	}
	if (ring_read(queue, chain, table, &desc) != 0) {
		return -EFAULT;
	}
	flags = (uint32_t)(desc.rest >> 32);
	chain->looked++;
	chain->slots += !chain->indirect;
	if (unlikely((flags & DESC_INDIRECT) != 0)) {
		return chain_indirect(queue, chain, desc, (flags & DESC_NEXT) != 0);
	}
	err = chain_add(queue, chain, desc, (flags & DESC_WRITE) != 0);
	chain->next = (uint16_t)(desc.rest >> 48);
	return err != 0 ? err : (flags & DESC_NEXT) != 0 ? LOOK_ON : LOOK_LAST;
}

static int __attribute__((noinline))
take_any(struct virtq *queue, struct virtq_chain *chain, uint32_t most)
{
	const uint64_t *table;
	int got;

	if (!chain->begun) {
		got = begin(queue, chain);
		if (got <= 0) {
			return got;
		}
	}
	table = ring_table(queue, chain);
	for (uint32_t i = 0; i < most; i++) {
		got = look(queue, chain, table);
		if (got == LOOK_LAST) {
			chain->begun = false;
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

int split_take(struct virtq *queue, struct virtq_chain *chain, uint32_t most)
{
	const uint16_t *avail = (const uint16_t *)(const void *)queue->driver_at;
	struct walk ring = {
		.kind = SPLIT_RING,
		.table = (const uint64_t *)(const void *)queue->descriptors_at,
		.size = queue->size,
		.most = most,
	};
	uint64_t takes = queue->takes;
	uint16_t taken = (uint16_t)takes, waiting, id;
	struct desc desc;

	if (unlikely(chain->begun || !queue->placed)) {
		return take_any(queue, chain, most);
	}
	waiting = (uint16_t)(atomic_read_acquire(&avail[AVAIL_INDEX / 2]) - taken);
	if (waiting == 0) {
		return 0;
	}
	id = atomic_read(&avail[AVAIL_RING / 2 + (taken & (queue->size - 1U))]);
	ring.next = id;
	if (unlikely(waiting > queue->size || !chain_walk_all(queue, chain, ring, &desc))) {
		return take_any(queue, chain, most);
	}
	chain->id = id;
	queue->takes = takes + 1;
	return 1;
}

/* An element of the used ring, so many behind the last that the driver sees. 0 or -EFAULT. */
static inline int write_used(const struct virtq *queue, uint32_t ahead, uint32_t id,
			     uint32_t written)
{
	uint32_t slot = (queue->next_put + ahead) & (queue->size - 1U);
	uint64_t at = USED_RING + (uint64_t)USED_ELEM_SIZE * slot;
	uint32_t *element = ring_device_at(queue, at, USED_ELEM_SIZE);

	if (unlikely(element == NULL)) {
		/* the ring is aligned to 4 bytes: an element may lie in two pieces of RAM */
		const uint32_t words[2] = {id, written};

		return guest_write(queue->vm, queue->device_area + at, words, sizeof(words));
	}
	atomic_set(&element[0], id);
	atomic_set(&element[1], written);
	return 0;
}

/* The driver sees so many more. */
static inline int publish(struct virtq *queue, uint32_t count)
{
	uint16_t *index = ring_device_at(queue, USED_INDEX, sizeof(*index));

	if (index == NULL) {
		return -EFAULT;
	}
	queue->next_put = (uint16_t)(queue->next_put + count);
	atomic_set_release(index, queue->next_put);
	return 0;
}

int split_put(struct virtq *queue, const struct virtq_chain *chain, uint32_t written)
{
	int err = write_used(queue, 0, chain->id, written);

	return err != 0 ? err : publish(queue, 1);
}

int split_put_all(struct virtq *queue, const struct virtq_used *used, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		int err = write_used(queue, i, used[i].id, used[i].written);

		if (err != 0) {
			return err;
		}
	}
	return publish(queue, count);
}

int split_interrupts(struct virtq *queue)
{
	uint64_t at = queue->event_index ? used_event(queue) : AVAIL_FLAGS;
	const uint16_t *word = ring_driver_at(queue, at, sizeof(*word));
	uint16_t told = queue->told;

	if (word == NULL) {
		return -EFAULT;
	}
	queue->told = queue->next_put;
	if (!queue->event_index) {
		return (atomic_read(word) & AVAIL_NO_INTERRUPT) == 0;
	}
	/* it is among those put since: 2.7.7.2 */
	return (uint16_t)(queue->next_put - atomic_read(word) - 1) <
	       (uint16_t)(queue->next_put - told);
}

static inline uint16_t *half_at(uint8_t *part, uint64_t off)
{
	return (uint16_t *)(void *)(part + off);
}

int split_finish(struct virtq *queue, uint32_t id, uint32_t written, bool listen)
{
	uint8_t *driver = queue->driver_at, *device = queue->device_at;
	uint16_t put = queue->next_put, told = queue->told, taken = next_taken(queue), wish;
	uint32_t *element = (uint32_t *)(void *)(device + USED_RING +
						 USED_ELEM_SIZE * (put & (queue->size - 1U)));
	bool by_index = queue->event_index, wanted;

	atomic_set(&element[0], id);
	atomic_set(&element[1], written);
	put++;
	queue->next_put = queue->told = put;
	atomic_set_release(half_at(device, USED_INDEX), put);
	if (listen) {
		atomic_set(half_at(device, by_index ? avail_event(queue) : USED_FLAGS),
			   by_index ? taken : 0);
	}
	/* both, before the driver's side is looked at: as virtq_interrupts() and split_listen() */
	dmb(ish);
	wish = atomic_read(half_at(driver, by_index ? used_event(queue) : AVAIL_FLAGS));
	wanted = by_index ? (uint16_t)(put - wish - 1) < (uint16_t)(put - told) :
			    (wish & AVAIL_NO_INTERRUPT) == 0;
	return (wanted ? VIRTQ_INTERRUPT : 0) |
	       (listen && atomic_read_acquire(half_at(driver, AVAIL_INDEX)) != taken ? VIRTQ_MORE :
										       0);
}

int split_listen(struct virtq *queue, bool on)
{
	uint64_t at = queue->event_index ? avail_event(queue) : USED_FLAGS;
	uint16_t *word = ring_device_at(queue, at, sizeof(*word));
	int index;

	if (word == NULL) {
		return -EFAULT;
	}
	if (!queue->event_index) {
		atomic_set(word, on ? 0 : (uint16_t)USED_NO_NOTIFY);
	} else if (on) {
		atomic_set(word, next_taken(queue));
	}
	if (!on) {
		return 0;
	}
	/* the wish, before the ring is looked at once more: the driver does it the other way */
	dmb(ish);
	index = avail_index(queue);
	return index < 0 ? index : (uint16_t)index != next_taken(queue);
}
