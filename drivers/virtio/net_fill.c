/* SPDX-License-Identifier: Apache-2.0 */
/* A frame into one receiver's buffers, in steps. virtio 1.2 5.1.6.3, 5.1.6.4. */
#include "core/base/errno.h"
#include "drivers/virtio/net_dev.h"
#include "mm/guest_access.h"

#define FEW 4 /* buffers: to hand them over costs nothing worth counting */
/* Bytes that are copied in one go: in a step with other work, between two looks at interrupts, and
 * as a small part of either. */
#define FIRST_MAX 4096
#define AGAIN_MAX 12288
#define SHORT	  2048
/* Times that a step which could end begins again. */
#define TIMES 8

void net_fill_open(struct net_fill *fill, struct net *to)
{
	((struct net_header *)fill->bytes)->buffers = 1;
	fill->open = fill->alone = true;
	fill->taken = false;
	fill->chain->begun = false;
	fill->life = to->life;
	fill->done = fill->count = 0;
	fill->first = fill->last = virtq_mark(net_receive_queue(to));
}

/* How much dearer takes and pieces are, with a VM whose RAM is in pages. */
static int factor_of(const struct net *to, const struct vm *vm)
{
	return guest_is_paged(to->virtio.vdev.vm) || (vm != NULL && guest_is_paged(vm)) ? 2 : 1;
}

/* To take a chain of so many descriptors. */
static int cost_of(uint32_t descs)
{
	return NET_TAKE_COST + NET_DESC_COST * ((int)MIN(descs, (uint32_t)VIRTQ_STEP) - 1);
}

/* The step has done enough; is there nobody who waits for its end? Then it begins again here. */
static bool begins_again(const struct net_fill *fill, const struct net *to)
{
	return !virtio_is_wanted(&to->virtio) &&
	       (fill->beside == NULL || !virtio_is_wanted(fill->beside)) && vdev_may_go_on();
}

/* So much is in the buffer that takes it whole: net_fill_on() does the rest. */
static void leave_open(struct net_fill *fill, struct net *to, struct virtq_mark before,
		       uint32_t done)
{
	struct virtq_cursor into = virtq_writes(fill->chain);

	into.at = done;
	net_fill_open(fill, to);
	fill->taken = true;
	fill->into = into;
	fill->done = fill->written = done;
	fill->first = fill->looking = before;
}

/* What is not in `bytes`, into one piece of memory. 1: all; 0: `*done` so far; or an error. */
static int copy_rest(struct net_fill *fill, struct net *to, const struct vm *vm, uint32_t *done)
{
	uint32_t total = NET_HEADER_SIZE + fill->size, size;
	uint64_t ipa = fill->chain->segment[0].ipa;

	for (uint32_t most = FIRST_MAX; *done < total; most = AGAIN_MAX) {
		size = MIN(total - *done, most);
		if (guest_copy(to->virtio.vdev.vm, ipa + *done, vm,
			       fill->from.segment->ipa + fill->from.at, size) != 0) {
			return -EFAULT;
		}
		*done += size;
		fill->from.at += size;
		/* what follows the last one is a step, too */
		if (size > SHORT && !begins_again(fill, to)) {
			return 0;
		}
	}
	return 1;
}

int net_fill_at_once(struct net_fill *fill, struct net *to, const struct vm *vm)
{
	struct virtq *queue = net_receive_queue(to);
	struct virtq_mark before = virtq_mark(queue);
	struct virtq_cursor from = fill->from;
	struct virtq_chain *chain = fill->chain;
	uint32_t done = NET_HEADER_SIZE + fill->head_size, total = NET_HEADER_SIZE + fill->size;
	int got;

	if (factor_of(to, vm) != 1 || (done != total && virtq_piece(&fill->from) < total - done)) {
		fill->spent = 0;
		return -EAGAIN;
	}
	((struct net_header *)fill->bytes)->buffers = 1;
	chain->begun = false;
	got = virtq_take_some(queue, chain, FEW);
	if (got != 1) {
		fill->spent = got == -EAGAIN ? NET_STEP_COST : 0;
		return -EAGAIN;
	}
	got = chain->reads == 0 && chain->count != 0 && chain->segment[0].size >= total ?
		      guest_write(to->virtio.vdev.vm, chain->segment[0].ipa, fill->bytes, done) :
		      -ERANGE;
	got = got == 0 ? copy_rest(fill, to, vm, &done) : got;
	if (got < 0) {
		fill->from = from;
		fill->spent = cost_of(chain->count);
		virtq_go_back(queue, before);
		return -EAGAIN;
	}
	if (got == 0) {
		leave_open(fill, to, before, done);
		return 1;
	}
	if (virtio_put(&to->virtio, NET_QUEUE_RECEIVE, chain, total) < 0) {
		virtio_break(&to->virtio);
		return 0;
	}
	to->port.count.received_frames++;
	to->port.count.received_bytes += fill->size;
	return 0;
}

static void note_used(struct net_fill *fill)
{
	if (fill->taken) {
		fill->used[fill->count++] = virtq_used(fill->chain, fill->written);
		fill->taken = false;
	}
}

void net_fill_give_back(struct net_fill *fill, struct net *to)
{
	fill->open = false;
	if (net_is_gone(to) || fill->life != to->life) {
		return;
	}
	note_used(fill);
	if (fill->alone && virtq_is_at(net_receive_queue(to), fill->last)) {
		virtq_go_back(net_receive_queue(to), fill->first);
		return;
	}
	for (uint32_t i = 0; i < fill->count; i++) {
		fill->used[i].written = 0;
	}
	if (fill->count != 0 &&
	    virtio_put_all(&to->virtio, NET_QUEUE_RECEIVE, fill->used, fill->count) < 0) {
		virtio_break(&to->virtio);
	}
}

/* Passes so many bytes, a few; *last is the place of the last one. False: there are fewer. */
static bool skip(struct virtq_cursor *cursor, uint32_t size, uint64_t *last)
{
	uint32_t piece;

	for (; size != 0; size -= piece) {
		piece = virtq_pass(cursor, size, last);
		*last += piece - 1;
		if (piece == 0) {
			return false;
		}
	}
	return true;
}

/* Of the first buffer: where it is said how many there are. */
static bool find_count(struct net_fill *fill)
{
	struct virtq_cursor at = virtq_writes(fill->chain);
	uint32_t before = offsetof(struct net_header, buffers);

	return skip(&at, before + 1, &fill->count_at[0]) && skip(&at, 1, &fill->count_at[1]);
}

/*
 * One more buffer, of which `most` descriptors are looked at. 1; -EAGAIN: in another step; -ENOSPC:
 * there is none; -ERANGE: that is too small, or there are too many; else the receiver's queue is
 * broken.
 */
static int take_buffer(struct net_fill *fill, struct net *to, uint32_t most)
{
	struct virtq *queue = net_receive_queue(to);
	struct virtq_mark at = virtq_mark(queue);
	bool many = virtio_has(&to->virtio, NET_F_MRG_RXBUF);
	int got;

	note_used(fill);
	if (fill->count == NET_BUFFERS_MAX || (fill->count != 0 && !many)) {
		return -ERANGE;
	}
	/* half of it was looked at, and then somebody else took it */
	fill->chain->begun = fill->chain->begun && virtq_is_at(queue, fill->looking);
	fill->looking = at;
	got = virtq_take_some(queue, fill->chain, most);
	if (got != 1) {
		return got == 0 ? -ENOSPC : got;
	}
	fill->alone = fill->alone && at.takes == fill->last.takes;
	fill->last = virtq_mark(queue);
	fill->taken = true;
	fill->written = 0;
	fill->into = virtq_writes(fill->chain);
	/* 5.1.6.3.2 */
	if (fill->chain->reads != 0 || fill->chain->in_size < NET_HEADER_SIZE) {
		return -EINVAL;
	}
	if (!many && fill->chain->in_size < NET_HEADER_SIZE + fill->size) {
		return -ERANGE;
	}
	/* where the number of buffers goes, if there will be more than this one */
	if (fill->count == 0 && fill->chain->in_size < NET_HEADER_SIZE + fill->size) {
		return find_count(fill) ? 1 : -EINVAL;
	}
	return 1;
}

/* -- copying -- */

/* A piece of at most `max` bytes, into a buffer with room. Its size; -EFAULT: the receiver's memory
 * is gone; -EIO: the sender's. */
static int copy_piece(struct net_fill *fill, struct net *to, const struct vm *vm, uint32_t max)
{
	uint32_t size =
		MIN(MIN(max, virtq_piece(&fill->into)), NET_HEADER_SIZE + fill->size - fill->done);
	uint32_t head = NET_HEADER_SIZE + fill->head_size;
	const struct vm *to_vm = to->virtio.vdev.vm;
	uint64_t from = 0, into = 0;
	int err;

	if (fill->done < head) {
		size = MIN(size, head - fill->done);
		virtq_pass(&fill->into, size, &into);
		err = guest_write(to_vm, into, fill->bytes + fill->done, size);
	} else {
		size = MIN(size, virtq_piece(&fill->from));
		virtq_pass(&fill->from, size, &from);
		virtq_pass(&fill->into, size, &into);
		err = size == 0 ? -EIO : guest_copy(to_vm, into, vm, from, size);
	}
	fill->done += size;
	fill->written += size;
	return err != 0 ? err : (int)size;
}

/* Descriptors that a step looks at which may cost `left` still; and what they cost. */
static uint32_t descs_for(int left, int factor)
{
	int more = (left - factor * NET_TAKE_COST) / (factor * NET_DESC_COST);

	return (uint32_t)MIN(MAX(more, 0) + 1, VIRTQ_STEP);
}

/* 1: all is there; 0: more steps; -ENOSPC, -ERANGE: of take_buffer(); -EIO: the sender's memory is
 * gone; else the receiver's queue is broken. */
static int fill_some(struct net_fill *fill, struct net *to, const struct vm *vm)
{
	uint32_t total = NET_HEADER_SIZE + fill->size;
	int factor = factor_of(to, vm), got;
	int most_left = fill->step - (factor - 1) * NET_PAGED_COST, left = most_left - fill->spent;
	uint32_t times = 1;

	fill->spent = 0;
	while (fill->done < total) {
		if (left <= 0) {
			if (times == TIMES || !begins_again(fill, to)) {
				return 0;
			}
			times++;
			left = NET_STEP_COST - (factor - 1) * NET_PAGED_COST;
		}
		if (!fill->taken || virtq_piece(&fill->into) == 0) {
			uint32_t most = descs_for(left, factor);

			got = take_buffer(fill, to, most);
			left -= factor * cost_of(got == 1 ? fill->chain->count : most);
			if (got == -EAGAIN) {
				continue;
			}
		} else {
			got = copy_piece(fill, to, vm, (uint32_t)left);
			left -= got + factor * NET_PIECE_COST;
		}
		if (got < 0) {
			return got;
		}
	}
	/* to hand over many is a step of its own */
	return fill->count > FEW && left != most_left &&
			       left < factor * NET_PUT_COST * (int)fill->count ?
		       0 :
		       1;
}

/* All of it is there: the receiver sees it. 0 or an error of its queue's. */
static int hand_over(struct net_fill *fill, struct net *to)
{
	const struct vm *vm = to->virtio.vdev.vm;
	int err = 0;

	fill->open = false;
	note_used(fill);
	for (uint32_t i = 0; i < 2 && fill->count > 1; i++) {
		uint8_t byte = (uint8_t)(fill->count >> (8 * i));

		err = err != 0 ? err : guest_write(vm, fill->count_at[i], &byte, 1);
	}
	err = err != 0 ? err :
			 virtio_put_all(&to->virtio, NET_QUEUE_RECEIVE, fill->used, fill->count);
	if (err == 0) {
		to->port.count.received_frames++;
		to->port.count.received_bytes += fill->size;
	}
	return err;
}

int net_fill_on(struct net_fill *fill, struct net *to, const struct vm *vm)
{
	int got = fill_some(fill, to, vm);

	if (got == 0) {
		return 1;
	}
	got = got == 1 ? hand_over(fill, to) : got;
	if (got == 0) {
		return 0;
	}
	if (got == -ENOSPC || got == -ERANGE || got == -EIO) {
		net_fill_give_back(fill, to);
		net_drop(&to->port, got == -ENOSPC ? SWITCH_DROP_FULL : SWITCH_DROP_ROOM);
		return got == -EIO ? -EFAULT : -ENOSPC;
	}
	fill->open = false;
	virtio_break(&to->virtio);
	return -ENOSPC;
}
