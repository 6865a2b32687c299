/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A virtqueue, from the device's side. virtio 1.2 2.6 to 2.8: split and packed rings, indirect
 * descriptors, event suppression by flag and by index.
 *
 * The rings are in the guest's memory, and whatever is read there is read once, checked, and used
 * from EL2's copy: a chain of buffers is what struct virtq_chain says, whatever its driver writes
 * meanwhile. What breaks a rule for drivers gives -EINVAL, what lies outside the VM's RAM -EFAULT;
 * the device then asks to be reset, and touches the queue no more.
 *
 * Data: struct virtq is its device's, who locks; nothing here waits or takes more than one step.
 * Invariant: a chain that was taken is put back once, or the queue is reset.
 */
#ifndef DRIVERS_VIRTIO_QUEUE_H
#define DRIVERS_VIRTIO_QUEUE_H

#include "core/base/errno.h"
#include "core/base/types.h"
#include "mm/guest_access.h"

/* Most that a queue has; the chain of a device whose queues are shorter is allocated so. */
#define VIRTQ_SIZE_MAX 256
/* Descriptors that one call of virtq_take() looks at. */
#define VIRTQ_STEP 8
/* Buffers that one call of virtq_read() or virtq_write() goes through: a header's bytes may each
 * have one of their own, and a step has its bound. 2.7.4.1 leaves a reasonable limit. */
#define VIRTQ_PIECES 16

/* A piece of guest memory, all of it RAM of the VM. */
struct virtq_segment {
	uint64_t ipa;
	uint32_t size; /* bytes, not 0 */
};

/* Buffers that belong together, as the driver gave them: first what the device reads, then what it
 * writes. Those of no bytes are left out. */
struct virtq_chain {
	uint16_t id;	  /* what the driver calls it */
	uint16_t slots;	  /* descriptors of the ring that it takes */
	uint16_t reads;	  /* segments that the device reads */
	uint16_t count;	  /* all segments */
	uint32_t in_size; /* bytes that the device may write; both sums are below 2^32 */
	uint32_t out_size;

	/* virtq_take()'s own, while it looks: */
	bool begun, indirect;
	uint16_t looked; /* descriptors that were looked at, of this table */
	uint16_t next;	 /* the next one's index in it */
	uint32_t table_count;
	uint64_t table; /* IPA */

	struct virtq_segment segment[]; /* [size_max] of its queue */
};

struct virtq {
	/* constant: */
	const struct vm *vm;
	uint16_t size_max; /* a power of two, at most VIRTQ_SIZE_MAX */

	/* what the driver has set, constant while `ready`: */
	uint16_t size;
	bool ready;
	bool packed, indirect, event_index; /* features */
	uint64_t descriptors;		    /* IPAs of the three parts, 2.6 */
	uint64_t driver_area, device_area;

	/* EL2's addresses of the three, from virtq_enable() on. NULL: asked for each time, since
	 * they lie in two pieces of RAM, or a balloon may have some of it. */
	uint8_t *descriptors_at, *driver_at, *device_at;
	bool placed; /* none is NULL */

	/* where the device is: */
	uint64_t takes;	     /* chains that were taken and have not gone back */
	uint16_t next_taken; /* packed alone: its place, bit 15 the lap's, as event words have it */
	uint16_t next_put;   /* packed: the same; split: a number */
	uint16_t told;	     /* next_put when the driver's wish was looked at last */
};

/* As after a reset of the device: not ready, of its largest size, nothing set. */
void virtq_reset(struct virtq *queue);

/*
 * The driver has set it up: it may be used. 0; -EINVAL: a size or alignment that 2.6 forbids;
 * -EFAULT: a part of it is not in the VM's RAM.
 */
int virtq_enable(struct virtq *queue);

/*
 * The next chain. 1: there is one; 0: there is none; -EAGAIN: it is long, call again with the same
 * chain, whose `begun` was false before the first call; -EINVAL, -EFAULT: the queue is broken.
 */
int virtq_take(struct virtq *queue, struct virtq_chain *chain);

/* The same, of which a call looks at `most` descriptors, VIRTQ_STEP at most and not 0. */
int virtq_take_some(struct virtq *queue, struct virtq_chain *chain, uint32_t most);

/* Gives a chain back of which the device wrote the first `written` bytes of what it may. The driver
 * sees it when this returns. 0 or -EFAULT. */
int virtq_put(struct virtq *queue, const struct virtq_chain *chain, uint32_t written);

/* A chain that is to be given back. */
struct virtq_used {
	uint16_t id, slots; /* of the chain */
	uint32_t written;
	bool writes; /* it has buffers that the device may write: 2.8.4 */
};

static inline struct virtq_used virtq_used(const struct virtq_chain *chain, uint32_t written)
{
	return (struct virtq_used){chain->id, chain->slots, written, chain->in_size != 0};
}

/* The same of many: the driver sees all of them at once. */
int virtq_put_all(struct virtq *queue, const struct virtq_used *used, uint32_t count);

/*
 * Gives one back, and whatever there is to ask when that is done: does the driver want an interrupt
 * (as virtq_interrupts())? And where the device is to be told of more chains (as virtq_listen()),
 * is there one already? VIRTQ_INTERRUPT and VIRTQ_MORE, or -EFAULT.
 */
#define VIRTQ_INTERRUPT 1
#define VIRTQ_MORE	2
int virtq_finish(struct virtq *queue, const struct virtq_chain *chain, uint32_t written,
		 bool listen);

/* Where the device is in a queue; it may go back there while it has put none of what it took since,
 * and nobody else took any. */
struct virtq_mark {
	uint64_t takes; /* places come again after a lap or two, this does not */
	uint16_t taken;
};

static inline struct virtq_mark virtq_mark(const struct virtq *queue)
{
	return (struct virtq_mark){queue->takes, queue->next_taken};
}

static inline bool virtq_is_at(const struct virtq *queue, struct virtq_mark mark)
{
	return queue->takes == mark.takes;
}

static inline void virtq_go_back(struct virtq *queue, struct virtq_mark mark)
{
	queue->takes = mark.takes;
	queue->next_taken = mark.taken;
}

/* Does the driver want an interrupt for what was put since the last call? 1, 0 or -EFAULT. */
int virtq_interrupts(struct virtq *queue);

/*
 * From now on the driver tells the device of chains, or (off) need not. 1: on, and there is one
 * already, of which it may not tell; 0; or -EFAULT.
 */
int virtq_listen(struct virtq *queue, bool on);

/* A place in what the device reads of a chain, or in what it writes. */
struct virtq_cursor {
	const struct virtq_segment *segment, *end;
	uint32_t at; /* bytes of the segment that are behind it */
};

static inline struct virtq_cursor virtq_reads(const struct virtq_chain *chain)
{
	return (struct virtq_cursor){chain->segment, chain->segment + chain->reads, 0};
}

static inline struct virtq_cursor virtq_writes(const struct virtq_chain *chain)
{
	return (struct virtq_cursor){chain->segment + chain->reads, chain->segment + chain->count,
				     0};
}

/* Bytes at the cursor that are one piece; 0: it is at the end. */
static inline uint32_t virtq_piece(struct virtq_cursor *cursor)
{
	if (cursor->segment != cursor->end && cursor->at == cursor->segment->size) {
		cursor->segment++;
		cursor->at = 0;
	}
	return cursor->segment == cursor->end ? 0 : cursor->segment->size - cursor->at;
}

/*
 * The longest piece at the cursor, at most `size` bytes, which is passed; *ipa is its place. 0: the
 * end.
 */
static inline uint32_t virtq_pass(struct virtq_cursor *cursor, uint32_t size, uint64_t *ipa)
{
	size = MIN(size, virtq_piece(cursor));
	if (likely(size != 0)) {
		*ipa = cursor->segment->ipa + cursor->at;
		cursor->at += size;
	}
	return size;
}

/* Copies up to `size` bytes on from the cursor, of VIRTQ_PIECES buffers at most: how many they
 * were, or -EFAULT, when balloon or restart took them meanwhile. The caller bounds `size`. */
int virtq_read(const struct vm *vm, struct virtq_cursor *cursor, void *to, uint32_t size);
int virtq_write(const struct vm *vm, struct virtq_cursor *cursor, const void *from, uint32_t size);

/* Fewer of a VM whose RAM is looked up page by page: for who goes on in another step. */
int virtq_read_some(const struct vm *vm, struct virtq_cursor *cursor, void *to, uint32_t size);

/* virtq_read() of 4 or 16 bytes, a constant: in line where they are one piece. */
static inline int virtq_read_few(const struct vm *vm, struct virtq_cursor *cursor, void *to,
				 uint32_t size)
{
	const struct virtq_segment *segment = cursor->segment;

	if (unlikely(segment == cursor->end || segment->size - cursor->at < size)) {
		return virtq_read(vm, cursor, to, size);
	}
	cursor->at += size;
	return guest_read_few(vm, segment->ipa + cursor->at - size, to, size) == 0 ? (int)size :
										     -EFAULT;
}

#endif
