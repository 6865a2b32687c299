/* SPDX-License-Identifier: Apache-2.0 */
/* What both formats of a virtqueue have in common, and which one a queue has. */
#include "drivers/virtio/queue.h"

#include "drivers/virtio/ring.h"

void virtq_reset(struct virtq *queue)
{
	const struct vm *vm = queue->vm;
	uint16_t size_max = queue->size_max;

	*queue = (struct virtq){
		.vm = vm,
		.size_max = size_max,
		.size = size_max,
	};
}

static uint8_t *place_of(const struct virtq *queue, uint64_t ipa, uint64_t size)
{
	return !guest_is_paged(queue->vm) ? guest_at(queue->vm, ipa, size) : NULL;
}

void ring_find(struct virtq *queue, uint64_t driver_size, uint64_t device_size)
{
	queue->descriptors_at =
		place_of(queue, queue->descriptors, (uint64_t)DESC_SIZE * queue->size);
	queue->driver_at = place_of(queue, queue->driver_area, driver_size);
	queue->device_at = place_of(queue, queue->device_area, device_size);
	queue->placed = queue->descriptors_at != NULL && queue->driver_at != NULL &&
			queue->device_at != NULL;
}

int virtq_enable(struct virtq *queue)
{
	int err;

	if (queue->size == 0 || queue->size > queue->size_max) {
		return -EINVAL;
	}
	err = queue->packed ? packed_enable(queue) : split_enable(queue);
	queue->ready = err == 0;
	return err;
}

int virtq_take(struct virtq *queue, struct virtq_chain *chain)
{
	return virtq_take_some(queue, chain, VIRTQ_STEP);
}

int virtq_take_some(struct virtq *queue, struct virtq_chain *chain, uint32_t most)
{
	return queue->packed ? packed_take(queue, chain, most) : split_take(queue, chain, most);
}

int virtq_put(struct virtq *queue, const struct virtq_chain *chain, uint32_t written)
{
	return queue->packed ? packed_put(queue, chain, written) : split_put(queue, chain, written);
}

int virtq_put_all(struct virtq *queue, const struct virtq_used *used, uint32_t count)
{
	return queue->packed ? packed_put_all(queue, used, count) :
			       split_put_all(queue, used, count);
}

int virtq_interrupts(struct virtq *queue)
{
	if (queue->next_put == queue->told) {
		return 0;
	}
	/* what was put, before the driver's wish is read: or each waits for the other. The other
	 * observer is a CPU of the guest. */
	dmb(ish);
	return queue->packed ? packed_interrupts(queue) : split_interrupts(queue);
}

static int __attribute__((noinline))
finish_in_three(struct virtq *queue, const struct virtq_chain *chain, uint32_t written, bool listen)
{
	int err = virtq_put(queue, chain, written), wanted, more = 0;

	wanted = err < 0 ? err : virtq_interrupts(queue);
	if (wanted >= 0 && listen) {
		more = virtq_listen(queue, true);
	}
	return wanted < 0 ? wanted :
	       more < 0	  ? more :
			    (wanted != 0 ? VIRTQ_INTERRUPT : 0) | (more != 0 ? VIRTQ_MORE : 0);
}

int virtq_finish(struct virtq *queue, const struct virtq_chain *chain, uint32_t written,
		 bool listen)
{
	if (unlikely(!queue->placed)) {
		return finish_in_three(queue, chain, written, listen);
	}
	return queue->packed ? packed_finish(queue, chain, written, listen) :
			       split_finish(queue, chain->id, written, listen);
}

int virtq_listen(struct virtq *queue, bool on)
{
	return queue->packed ? packed_listen(queue, on) : split_listen(queue, on);
}

int chain_indirect(const struct virtq *queue, struct virtq_chain *chain, struct desc desc,
		   bool more)
{
	uint32_t size = desc_size(desc), count = size / DESC_SIZE;

	if (!queue->indirect || chain->indirect || more || size % DESC_SIZE != 0 || count == 0 ||
	    count > queue->size) {
		return -EINVAL;
	}
	chain->indirect = true;
	chain->table = desc.ipa;
	chain->table_count = count;
	chain->looked = chain->next = 0;
	return LOOK_TABLE;
}

static inline int read_pieces(const struct vm *vm, struct virtq_cursor *cursor, void *to,
			      uint32_t size, uint32_t pieces)
{
	uint32_t done = 0, piece;
	uint64_t ipa;

	for (uint32_t i = 0; i < pieces && done < size; i++, done += piece) {
		piece = virtq_pass(cursor, size - done, &ipa);
		if (piece == 0) {
			break;
		}
		if (guest_read(vm, ipa, (uint8_t *)to + done, piece) != 0) {
			return -EFAULT;
		}
	}
	return (int)done;
}

int virtq_read(const struct vm *vm, struct virtq_cursor *cursor, void *to, uint32_t size)
{
	return read_pieces(vm, cursor, to, size, VIRTQ_PIECES);
}

int virtq_read_some(const struct vm *vm, struct virtq_cursor *cursor, void *to, uint32_t size)
{
	return read_pieces(vm, cursor, to, size,
			   guest_is_paged(vm) ? VIRTQ_PIECES / 2 : VIRTQ_PIECES);
}

int virtq_write(const struct vm *vm, struct virtq_cursor *cursor, const void *from, uint32_t size)
{
	uint32_t done = 0, piece;
	uint64_t ipa;

	for (uint32_t i = 0; i < VIRTQ_PIECES && done < size; i++, done += piece) {
		piece = virtq_pass(cursor, size - done, &ipa);
		if (piece == 0) {
			break;
		}
		if (guest_write(vm, ipa, (const uint8_t *)from + done, piece) != 0) {
			return -EFAULT;
		}
	}
	return (int)done;
}
