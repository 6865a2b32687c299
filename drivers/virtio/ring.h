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

/* A descriptor as it was read. */
struct desc {
	uint64_t ipa;
	uint32_t size;
	uint16_t flags;
	uint16_t
		tail; /* split: the next one's index; packed: the buffer's id, ahead of the flags */
};

/* EL2's address of `size` bytes, aligned to their size, of a part of a ring; NULL: no RAM any
 * more. */
static inline void *ring_at(const struct virtq *queue, uint64_t ipa, uint64_t size)
{
	return guest_at(queue->vm, ipa, size);
}

/* The two words of a descriptor, read once. 0 or -EFAULT. */
static inline int ring_read_desc(const struct virtq *queue, uint64_t ipa, uint64_t words[2])
{
	const uint64_t *at = ring_at(queue, ipa, DESC_SIZE);

	if (unlikely(at == NULL || ipa % sizeof(*at) != 0)) {
		return guest_read(queue->vm, ipa, words, DESC_SIZE);
	}
	words[0] = atomic_read(&at[0]);
	words[1] = atomic_read(&at[1]);
	return 0;
}

/*
 * What a descriptor of memory says is added to the chain. 0; -EINVAL: it is more than `limit`,
 * reads after writes, or 4 GiB; -EFAULT: it is not RAM. 2.6.4, 2.7.4.2
 */
int chain_add(const struct virtq *queue, struct virtq_chain *chain, const struct desc *desc);

/* A table of descriptors stands for the chain. 0 or -EINVAL: it is no whole number of them, none,
 * or too many; or the feature was not negotiated. 2.7.5.3, 2.8.8 */
int chain_indirect(const struct virtq *queue, struct virtq_chain *chain, const struct desc *desc);

/* Nothing in it yet. */
void chain_begin(struct virtq_chain *chain);

/* As queue.h has them; begin: 1, the next chain's first descriptor is known; look: at one
 * descriptor, 1, it was the last, and the chain is taken. Both: 0 or an error. */
int split_enable(struct virtq *queue);
int split_begin(struct virtq *queue, struct virtq_chain *chain);
int split_look(struct virtq *queue, struct virtq_chain *chain);
int split_put(struct virtq *queue, const struct virtq_chain *chain, uint32_t written);
int split_put_all(struct virtq *queue, const struct virtq_used *used, uint32_t count);
int split_interrupts(struct virtq *queue);
int split_listen(struct virtq *queue, bool on);

int packed_enable(struct virtq *queue);
int packed_begin(struct virtq *queue, struct virtq_chain *chain);
int packed_look(struct virtq *queue, struct virtq_chain *chain);
int packed_put(struct virtq *queue, const struct virtq_chain *chain, uint32_t written);
int packed_put_all(struct virtq *queue, const struct virtq_used *used, uint32_t count);
int packed_interrupts(struct virtq *queue);
int packed_listen(struct virtq *queue, bool on);

#endif
