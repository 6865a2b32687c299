/* SPDX-License-Identifier: Apache-2.0 */
/* What the two formats of a virtqueue share. For queue*.c. */
#ifndef DRIVERS_VIRTIO_RING_H
#define DRIVERS_VIRTIO_RING_H

#include "core/arm64/barrier.h"
#include "core/base/atomic.h"
#include "core/base/bits.h"
#include "core/base/errno.h"
#include "core/vm/vm.h"
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

/* A descriptor's flags, of its second word. */
static inline uint32_t desc_flags(struct desc desc, bool packed)
{
	return (uint32_t)(desc.rest >> (packed ? 48 : 32));
}

/* Where chain_walk() begins, and what descriptors are there. */
struct walk {
	enum {
		SPLIT_RING,
		SPLIT_TABLE,
		PACKED_RING,
		PACKED_TABLE, /* all of it, and of the flags WRITE alone means something: 2.8.7 */
	} kind;		      /* a constant */
	const uint64_t *table;
	uint32_t size, next; /* descriptors of the table; one of a packed one is in it */
	uint32_t most;	     /* that are looked at; WALK_MAX is enough */
};
#define WALK_MAX 4U

/*
 * What nearly all chains are: few descriptors, and all of their memory in the VM's first extent.
 * LOOK_LAST: the chain is there, but for its id, of which *desc tells, the last one. LOOK_TABLE: a
 * table stands for it, *desc. LOOK_ON: it is something else, or wrong, or goes on where a packed
 * ring begins again; the long way looks at it from its beginning, for nothing is kept of this look.
 * A circle has no end within `most`, and what has one has no more descriptors than its table:
 * neither is looked for.
 */
static inline __attribute__((always_inline)) int chain_walk(const struct virtq *queue,
							    struct virtq_chain *chain,
							    struct walk walk, struct desc *desc)
{
	const uint64_t *at = walk.table + 2 * (size_t)walk.next;
	struct virtq_segment *segment = chain->segment, *reads = segment;
	const struct vm_extent ram = queue->vm->extent[0];
	bool packed = walk.kind == PACKED_RING || walk.kind == PACKED_TABLE;
	uint32_t most = MIN(walk.most, WALK_MAX), next = walk.next;
	uint64_t in = 0, out = 0;

	if (walk.kind == PACKED_TABLE && walk.size > most) {
		return LOOK_ON;
	}
	most = packed ? MIN(most, walk.size - next) : most;
	for (; most != 0 && (packed || next < walk.size); most--) {
		uint64_t ipa = atomic_read(&at[0]), rest = atomic_read(&at[1]), off = ipa - ram.ipa;
		uint32_t bytes = (uint32_t)rest, flags;

		*desc = (struct desc){ipa, rest};
		flags = desc_flags(*desc, packed);
		if (off >= ram.size || bytes > ram.size - off || bytes == 0) {
			return LOOK_ON;
		}
		if (walk.kind != PACKED_TABLE && unlikely((flags & DESC_INDIRECT) != 0)) {
			return segment == chain->segment ? LOOK_TABLE : LOOK_ON;
		}
		*segment++ = (struct virtq_segment){ipa, bytes};
		if ((flags & DESC_WRITE) != 0) {
			in += bytes;
		} else if (in == 0) {
			reads = segment;
			out += bytes;
		} else {
			return LOOK_ON;
		}
		if (walk.kind == PACKED_TABLE ? most == 1 : (flags & DESC_NEXT) == 0) {
			chain->slots = chain->count = (uint16_t)(segment - chain->segment);
			chain->reads = (uint16_t)(reads - chain->segment);
			chain->in_size = (uint32_t)in;
			chain->out_size = (uint32_t)out;
			return ((in | out) >> 32) == 0 ? LOOK_LAST : LOOK_ON;
		}
		next = (uint32_t)(rest >> 48);
		at = packed ? at + 2 : walk.table + 2 * (size_t)next;
	}
	return LOOK_ON;
}

/*
 * From a queue's ring, and on through the table that stands for the chain. `ring` looks at `most`
 * descriptors, one at least. True: as LOOK_LAST of chain_walk(), where *desc is one of the ring.
 */
static inline __attribute__((always_inline)) bool chain_walk_all(const struct virtq *queue,
								 struct virtq_chain *chain,
								 struct walk ring,
								 struct desc *desc)
{
	bool packed = ring.kind == PACKED_RING;
	struct desc last;
	int got = chain_walk(queue, chain, ring, desc);
	uint32_t size = desc_size(*desc);

	if (likely(got != LOOK_TABLE)) {
		return got == LOOK_LAST;
	}
	if (!queue->indirect || (desc_flags(*desc, packed) & DESC_NEXT) != 0 ||
	    desc->ipa % sizeof(uint64_t) != 0 || size % DESC_SIZE != 0 ||
	    size / DESC_SIZE > queue->size) {
		return false;
	}
	got = chain_walk(queue, chain,
			 (struct walk){.kind = packed ? PACKED_TABLE : SPLIT_TABLE,
				       .table = guest_first(queue->vm, desc->ipa),
				       .size = size / DESC_SIZE,
				       .most = ring.most - 1},
			 &last);
	chain->slots = 1;
	return got == LOOK_LAST;
}

/* As queue.h has them. */
int split_enable(struct virtq *queue);
int split_take(struct virtq *queue, struct virtq_chain *chain, uint32_t most);
int split_put(struct virtq *queue, const struct virtq_chain *chain, uint32_t written);
int split_put_all(struct virtq *queue, const struct virtq_used *used, uint32_t count);
int split_interrupts(struct virtq *queue);
int split_listen(struct virtq *queue, bool on);
/* virtq_finish() of a queue whose parts have their places. */
int split_finish(struct virtq *queue, uint32_t id, uint32_t written, bool listen);

int packed_enable(struct virtq *queue);
int packed_take(struct virtq *queue, struct virtq_chain *chain, uint32_t most);
int packed_put(struct virtq *queue, const struct virtq_chain *chain, uint32_t written);
int packed_put_all(struct virtq *queue, const struct virtq_used *used, uint32_t count);
int packed_interrupts(struct virtq *queue);
int packed_listen(struct virtq *queue, bool on);
int packed_finish(struct virtq *queue, const struct virtq_chain *chain, uint32_t written,
		  bool listen);

#endif
