/* SPDX-License-Identifier: Apache-2.0 */
/* What the two formats of a virtqueue share. For queue*.c. */
#ifndef DRIVERS_VIRTIO_RING_H
#define DRIVERS_VIRTIO_RING_H

#include "core/arm64/barrier.h"
#include "core/base/atomic.h"
#include "core/base/bits.h"
#include "core/base/errno.h"
#include "drivers/virtio/queue.h"
#include "mm/guest_access.h"

/* Flags of a descriptor: 2.7.5, 2.8.1 */
#define DESC_NEXT     BIT(0)
#define DESC_WRITE    BIT(1)
#define DESC_INDIRECT BIT(2)
#define DESC_AVAIL    BIT(7)  /* packed */
#define DESC_USED     BIT(15) /* packed */
#define DESC_SIZE     16

/* A descriptor as it was read: where it is, and its other fields as they stand in its second
 * word. */
struct desc {
	uint64_t ipa, rest;
};

static inline uint32_t desc_size(struct desc desc)
{
	return (uint32_t)desc.rest;
}

/* The parts of a queue that can be used have their places from now on, the areas with their event
 * fields. */
void ring_find(struct virtq *queue, uint64_t driver_size, uint64_t device_size);

/* EL2's address of `size` bytes of a part, which begin at `off`; NULL: no RAM any more. */
static inline void *ring_at(const struct virtq *queue, uint8_t *part, uint64_t ipa, uint64_t off,
			    uint64_t size)
{
	return likely(part != NULL) ? part + off : guest_at(queue->vm, ipa + off, size);
}

static inline const void *ring_driver_at(const struct virtq *queue, uint64_t off, uint64_t size)
{
	return ring_at(queue, queue->driver_at, queue->driver_area, off, size);
}

static inline void *ring_device_at(const struct virtq *queue, uint64_t off, uint64_t size)
{
	return ring_at(queue, queue->device_at, queue->device_area, off, size);
}

/*
 * A table of descriptors, of the ring or one that stands for a chain, for as long as a step takes:
 * EL2's address, NULL when its words are to be fetched one by one (it is not aligned, or lies in
 * two pieces of RAM).
 */
static inline const uint64_t *ring_table(const struct virtq *queue, const struct virtq_chain *chain)
{
	uint64_t size = (uint64_t)DESC_SIZE * chain->table_count;

	if (likely(!chain->indirect && queue->descriptors_at != NULL)) {
		return (const uint64_t *)(const void *)queue->descriptors_at;
	}
	return likely(chain->table % sizeof(uint64_t) == 0) ?
		       guest_at(queue->vm, chain->table, size) :
		       NULL;
}

/* The chain's next descriptor, read once. 0 or -EFAULT. */
static inline int ring_read(const struct virtq *queue, const struct virtq_chain *chain,
			    const uint64_t *table, struct desc *desc)
{
	uint64_t words[2];
	int err;

	if (likely(table != NULL)) {
		const uint64_t *at = table + 2U * chain->next;

		*desc = (struct desc){atomic_read(&at[0]), atomic_read(&at[1])};
		return 0;
	}
	err = guest_read(queue->vm, chain->table + (uint64_t)DESC_SIZE * chain->next, words,
			 DESC_SIZE);
	*desc = (struct desc){words[0], words[1]};
	return err;
}

/*
 * What a descriptor of memory says is added to the chain. 0; -EINVAL: it is more than `limit`,
 * reads after writes, or 4 GiB; -EFAULT: it is not RAM. 2.6.4, 2.7.4.2
 */
static inline int chain_add(const struct virtq *queue, struct virtq_chain *chain, struct desc desc,
			    bool write)
{
	uint32_t count = chain->count, size = desc_size(desc), sum;

	if (!write && count != chain->reads) {
		return -EINVAL;
	}
	if (unlikely(size == 0)) {
		return 0;
	}
	if (count == queue->size ||
	    __builtin_add_overflow(write ? chain->in_size : chain->out_size, size, &sum)) {
		return -EINVAL;
	}
	if (unlikely(guest_at(queue->vm, desc.ipa, size) == NULL) &&
	    !guest_is_ram_place(queue->vm, desc.ipa, size)) {
		return -EFAULT;
	}
	chain->segment[count] = (struct virtq_segment){desc.ipa, size};
	chain->count = (uint16_t)(count + 1);
	if (write) {
		chain->in_size = sum;
	} else {
		chain->reads = chain->count;
		chain->out_size = sum;
	}
	return 0;
}

/* A table of descriptors stands for the chain. LOOK_TABLE, or -EINVAL: it is no whole number of
 * them, none, or too many; one another follows (`more`); or the feature was not
 * negotiated. 2.7.5.3, 2.8.8 */
int chain_indirect(const struct virtq *queue, struct virtq_chain *chain, struct desc desc,
		   bool more);

/* Nothing in it yet. */
static inline void chain_begin(struct virtq_chain *chain)
{
	chain->begun = true;
	chain->indirect = false;
	chain->looked = chain->next = 0;
	chain->slots = chain->reads = chain->count = 0;
	chain->in_size = chain->out_size = 0;
}

/* How the look at a descriptor ended, if not by an error. */
#define LOOK_ON	   0
#define LOOK_LAST  1
#define LOOK_TABLE 2 /* the next is in another table */

/* As queue.h has them. */
int split_enable(struct virtq *queue);
int split_take(struct virtq *queue, struct virtq_chain *chain, uint32_t most);
int split_put(struct virtq *queue, const struct virtq_chain *chain, uint32_t written);
int split_put_all(struct virtq *queue, const struct virtq_used *used, uint32_t count);
int split_interrupts(struct virtq *queue);
int split_listen(struct virtq *queue, bool on);
/* virtq_finish() of a queue whose areas have their places. */
int split_finish(struct virtq *queue, uint32_t id, uint32_t written, bool listen);

int packed_enable(struct virtq *queue);
int packed_take(struct virtq *queue, struct virtq_chain *chain, uint32_t most);
int packed_put(struct virtq *queue, const struct virtq_chain *chain, uint32_t written);
int packed_put_all(struct virtq *queue, const struct virtq_used *used, uint32_t count);
int packed_interrupts(struct virtq *queue);
int packed_listen(struct virtq *queue, bool on);

#endif
