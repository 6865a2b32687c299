/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A disk whose blocks are a partition of a disk of the board's. virtio 1.2 5.2.
 *
 * The board's disk reads and writes the guest's buffers itself: what is checked and submitted lies
 * in the VM's RAM, which stays its own for as long as there is anything under way
 * (virtio_ops.busy), or, where it goes by pages, until that is done (frames_hold()). A guest's
 * request is an order; it becomes requests of as many pieces as the board's disk takes, and is
 * given back when the last of them is done. Orders are under way side by side and are given back as
 * they get done.
 */
#include "drivers/virtio/blk_part.h"

#include "core/base/errno.h"
#include "core/base/printk.h"
#include "core/base/string.h"
#include "core/vm/vm.h"
#include "drivers/hw/virtio/blk_regs.h"
#include "drivers/virtio/virtio.h"
#include "mm/frames.h"
#include "mm/guest_access.h"
#include "mm/page_alloc.h"

#define QUEUE_SIZE  256
#define SEGMENTS    (QUEUE_SIZE - 2)
#define RANGES	    16
#define ORDERS	    16
#define REQUESTS    16
#define HEADER_SIZE 16
/* Parts of a request that begins in the step that takes it. */
#define FEW 3

/* A guest's request that has been taken. */
struct order {
	bool taken;
	bool whole;   /* nothing is left to be submitted */
	bool flush;   /* when all is done: its driver takes writes that are done for safe */
	uint8_t type; /* of the few there are */
	uint8_t status;
	uint16_t under_way; /* of its requests */
	struct virtq_used used;
	uint32_t in_size;
	uint64_t status_ipa;
};

struct request {
	struct blk_request blk; /* first */
	struct order *order;	/* NULL: it is free */
	uint32_t epoch;		/* of the VM's frames, where a balloon may take them */
};

struct vpart {
	struct virtio virtio; /* first */
	const struct disk_config *disk;
	struct blk_part *part;
	struct blk_client client;
	uint32_t few; /* FEW, where looks at the VM's RAM are cheap */
	uint8_t config[BLK_CONFIG_SIZE];
	/* protected by the device's lock, as the rest: */
	bool draining; /* a reset waits: nothing is begun any more */
	enum {
		IDLE,
		TAKEN, /* a request, not looked at yet */
		BUSY,  /* `order` is not whole yet */
	} phase;
	struct virtq_chain *chain;
	struct order *order;
	struct virtq_cursor cursor; /* in its data */
	uint64_t at, left;	    /* sectors of the partition; sectors that are left */
	uint32_t ranges;	    /* left to be read */
	bool unmap;		    /* of this range */
	struct order orders[ORDERS];
	struct request requests[REQUESTS];
};

static struct vpart *vpart_of(struct virtio *virtio)
{
	return CONTAINER_OF(virtio, struct vpart, virtio);
}

/* The board's disk has done with its memory, or never had to do with it. */
static void release(struct vpart *part, struct request *request)
{
	struct frames_space *frames = part->virtio.vdev.vm->stage2.frames;

	if (frames != NULL && request->order != NULL) {
		frames_release(frames, request->epoch);
	}
	request->order = NULL;
}

static void part_reset_queue(struct virtio *virtio, uint32_t queue)
{
	struct vpart *part = vpart_of(virtio);

	(void)queue;
	/* nothing is under way (busy), and what is done is nobody's any more */
	blk_forget(&part->client);
	part->draining = false;
	part->phase = IDLE;
	part->chain->begun = false;
	for (uint32_t i = 0; i < ORDERS; i++) {
		part->orders[i].taken = false;
	}
	for (uint32_t i = 0; i < REQUESTS; i++) {
		release(part, &part->requests[i]);
	}
}

static void part_reset(struct virtio *virtio)
{
	(void)virtio; /* its queue is all it has */
}

static bool part_busy(struct virtio *virtio)
{
	struct vpart *part = vpart_of(virtio);

	part->draining = true;
	return blk_withdraw(&part->client);
}

static bool part_lost(struct virtio *virtio)
{
	return blk_is_lost(&vpart_of(virtio)->client);
}

static uint32_t part_read_config(struct virtio *virtio, uint32_t off, uint32_t size)
{
	uint32_t value = 0;

	memcpy(&value, vpart_of(virtio)->config + off, size);
	return value;
}

/* -- requests of the board's disk -- */

static struct request *free_request(struct vpart *part)
{
	for (uint32_t i = 0; i < REQUESTS; i++) {
		if (part->requests[i].order == NULL) {
			return &part->requests[i];
		}
	}
	return NULL;
}

static struct order *free_order(struct vpart *part)
{
	for (uint32_t i = 0; i < ORDERS; i++) {
		if (!part->orders[i].taken) {
			return &part->orders[i];
		}
	}
	return NULL;
}

static void submit(struct vpart *part, struct order *order, struct request *request)
{
	struct frames_space *frames = part->virtio.vdev.vm->stage2.frames;

	request->order = order;
	if (frames != NULL) {
		/* before the step ends in which its pages were found */
		request->epoch = frames_hold(frames);
	}
	if (blk_submit(&part->client, &request->blk) != 0) {
		release(part, request);
		order->status = BLK_STATUS_IOERR;
		return;
	}
	order->under_way++;
}

/* Where `ipa` is in the board's memory, and how many bytes follow it there; 0: it is no RAM. */
static uint64_t place_of(const struct vm *vm, uint64_t ipa, uint64_t *pa)
{
	const struct vm_extent *extent;
	const void *page;

	if (guest_is_paged(vm)) {
		page = guest_pointer(vm, ipa, 1);
		*pa = page != NULL ? virt_to_phys(page) : 0;
		return page != NULL ? PAGE_SIZE - ipa % PAGE_SIZE : 0;
	}
	extent = vm_extent_of(vm, ipa, 1);
	if (extent == NULL) {
		return 0;
	}
	*pa = ipa - extent->ipa + extent->pa;
	return extent->ipa + extent->size - ipa;
}

/* The longest piece at the cursor that is contiguous in the board's memory. Bytes, or -EFAULT. */
static int64_t next_piece(struct vpart *part, uint64_t rest, struct blk_piece *piece)
{
	uint32_t max = (uint32_t)MIN(rest, (uint64_t)part->part->dev->piece_max);
	uint64_t ipa, pa, room;
	uint32_t size = virtq_pass(&part->cursor, max, &ipa);

	room = size == 0 ? 0 : place_of(part->virtio.vdev.vm, ipa, &pa);
	if (room == 0) {
		return -EFAULT;
	}
	if (size > room) {
		part->cursor.at -= size - (uint32_t)room;
		size = (uint32_t)room;
	}
	*piece = (struct blk_piece){pa, size};
	return size;
}

/* As many pieces as a request has, ending at a block of the disk's: what is beyond that is given
 * back. 0 or -EFAULT; -EINVAL: the pieces are too small for that. */
static int fill_pieces(struct vpart *part, struct blk_request *request)
{
	const struct blk_dev *dev = part->part->dev;
	uint64_t rest = MIN(part->left * BLK_SECTOR, (uint64_t)BLK_SIZE_MAX), size = 0, whole = 0;
	struct virtq_cursor after = part->cursor;
	uint32_t pieces = 0, last = 0;

	while (size < rest && request->piece_count < dev->pieces_max) {
		struct blk_piece *piece = &request->piece[request->piece_count];
		int64_t got = next_piece(part, rest - size, piece);

		if (got < 0) {
			return -EFAULT;
		}
		request->piece_count++;
		size += (uint64_t)got;
		if (size % dev->block_size != 0) {
			uint64_t over = size % dev->block_size;

			/* the block ends in this piece or began before it */
			if (size - over > whole) {
				whole = size - over;
				pieces = request->piece_count;
				last = (uint32_t)((uint64_t)got - over);
				after = part->cursor;
				after.at -= (uint32_t)over;
			}
			continue;
		}
		whole = size;
		pieces = request->piece_count;
		last = (uint32_t)got;
		after = part->cursor;
	}
	if (whole == 0) {
		return -EINVAL;
	}
	request->piece_count = pieces;
	request->piece[pieces - 1].size = last;
	part->cursor = after;
	part->at += whole / BLK_SECTOR;
	part->left -= whole / BLK_SECTOR;
	return 0;
}

static int move_some(struct vpart *part, struct request *request, enum blk_op op)
{
	struct order *order = part->order;
	int err;

	request->blk = (struct blk_request){.op = op, .sector = part->part->first + part->at};
	err = fill_pieces(part, &request->blk);
	if (err == -EFAULT) {
		return err;
	}
	if (err != 0) {
		order->status = BLK_STATUS_IOERR;
	} else {
		submit(part, order, request);
	}
	order->whole = part->left == 0 || order->status != BLK_STATUS_OK;
	return 0;
}

/* 5.2.6.2: what stands in the list, against what there is. */
static uint8_t check_range(struct vpart *part, uint32_t flags)
{
	uint32_t known = part->order->type == BLK_TYPE_WRITE_ZEROES ? BLK_RANGE_UNMAP : 0;

	part->unmap = (flags & BLK_RANGE_UNMAP) != 0;
	return (flags & ~known) != 0					    ? BLK_STATUS_UNSUPP :
	       range_contains(0, part->part->sectors, part->at, part->left) ? BLK_STATUS_OK :
									      BLK_STATUS_IOERR;
}

static int next_range(struct vpart *part)
{
	struct blk_range range;
	int got = virtq_read(part->virtio.vdev.vm, &part->cursor, &range, sizeof(range));

	if (got != (int)sizeof(range)) {
		return got < 0 ? got : -EINVAL;
	}
	part->ranges--;
	part->at = range.sector;
	part->left = range.count;
	part->order->status = check_range(part, range.flags);
	return 0;
}

/* A range of the list, or a part of one. */
static int clear_some(struct vpart *part, struct request *request)
{
	struct order *order = part->order;
	uint32_t size;
	int err = 0;

	if (part->left == 0 && part->ranges != 0) {
		err = next_range(part);
	}
	if (err != 0) {
		return err;
	}
	size = (uint32_t)MIN(part->left, (uint64_t)part->part->dev->range_max);
	if (order->status == BLK_STATUS_OK && size != 0) {
		request->blk = (struct blk_request){
			.op = order->type == BLK_TYPE_DISCARD ? BLK_DISCARD : BLK_ZEROES,
			.unmap = part->unmap,
			.sector = part->part->first + part->at,
			.sectors = size,
		};
		part->at += size;
		part->left -= size;
		submit(part, order, request);
	}
	order->whole = (part->left == 0 && part->ranges == 0) || order->status != BLK_STATUS_OK;
	return 0;
}

static void flush_now(struct vpart *part, struct order *order, struct request *request)
{
	order->flush = false;
	order->whole = true;
	request->blk = (struct blk_request){.op = BLK_FLUSH};
	submit(part, order, request);
}

/* Submits some more of the current order. 0 or an error of queue.h's. */
static int go_on(struct vpart *part, struct request *request)
{
	switch (part->order->type) {
	case BLK_TYPE_IN:
		return move_some(part, request, BLK_READ);
	case BLK_TYPE_OUT:
		return move_some(part, request, BLK_WRITE);
	case BLK_TYPE_FLUSH:
		flush_now(part, part->order, request);
		return 0;
	default:
		return clear_some(part, request);
	}
}

/* -- a request's beginning and its end -- */

static uint8_t begin_data(struct vpart *part, uint64_t sector, uint32_t size)
{
	part->at = sector;
	part->left = size / BLK_SECTOR;
	part->order->whole = size == 0;
	return size % part->part->dev->block_size != 0 ||
			       (sector * BLK_SECTOR) % part->part->dev->block_size != 0 ||
			       !range_contains(0, part->part->sectors, sector, part->left) ?
		       BLK_STATUS_IOERR :
		       BLK_STATUS_OK;
}

static uint8_t begin_ranges(struct vpart *part, bool can, uint32_t size)
{
	part->left = 0;
	part->ranges = size / (uint32_t)sizeof(struct blk_range);
	part->order->whole = part->ranges == 0;
	return !can							     ? BLK_STATUS_UNSUPP :
	       size % sizeof(struct blk_range) != 0 || part->ranges > RANGES ? BLK_STATUS_IOERR :
									       BLK_STATUS_OK;
}

static uint8_t give_serial(struct vpart *part, uint32_t size)
{
	char serial[BLK_ID_SIZE] = {0};

	part->order->whole = true;
	memcpy(serial, part->disk->serial, strnlen(part->disk->serial, BLK_ID_SIZE));
	size = MIN(size, (uint32_t)BLK_ID_SIZE);
	return virtq_write(part->virtio.vdev.vm, &part->cursor, serial, size) != (int)size ?
		       BLK_STATUS_IOERR :
		       BLK_STATUS_OK;
}

static bool is_read_only(const struct vpart *part)
{
	return part->disk->read_only || part->part->dev->read_only;
}

/* Its driver takes what was written for safe when it comes back, WRITE_ZEROES too: 5.2.6.2 */
static bool is_flushed(const struct vpart *part, uint32_t size)
{
	return part->part->dev->flushes && size != 0 && !virtio_has(&part->virtio, BLK_F_FLUSH);
}

/* The type is known; the header is behind the cursor. */
static uint8_t begin_type(struct vpart *part, uint64_t sector)
{
	const struct blk_dev *dev = part->part->dev;
	uint32_t out_size = part->chain->out_size - HEADER_SIZE;
	uint32_t in_size = part->chain->in_size - 1;

	switch (part->order->type) {
	case BLK_TYPE_IN:
		part->cursor = virtq_writes(part->chain);
		return begin_data(part, sector, in_size);
	case BLK_TYPE_GET_ID:
		part->cursor = virtq_writes(part->chain);
		return give_serial(part, in_size);
	case BLK_TYPE_FLUSH:
		part->order->whole = !dev->flushes;
		return BLK_STATUS_OK;
	case BLK_TYPE_OUT:
		part->order->flush = is_flushed(part, out_size);
		return is_read_only(part) ? BLK_STATUS_IOERR : begin_data(part, sector, out_size);
	case BLK_TYPE_DISCARD:
		return is_read_only(part) ? BLK_STATUS_IOERR :
					    begin_ranges(part, dev->discards, out_size);
	case BLK_TYPE_WRITE_ZEROES:
		part->order->flush = is_flushed(part, out_size);
		return is_read_only(part) ? BLK_STATUS_IOERR :
					    begin_ranges(part, dev->zeroes, out_size);
	default:
		return BLK_STATUS_UNSUPP;
	}
}

/* Where buffers end says nothing of what is in them: 2.7.4, 5.2.6.1. 0 or an error. */
static int begin(struct vpart *part)
{
	const struct virtq_chain *chain = part->chain;
	const struct virtq_segment *last = &chain->segment[chain->count - 1];
	struct order *order = free_order(part);
	struct blk_header header;
	int got;

	part->cursor = virtq_reads(chain);
	got = virtq_read(part->virtio.vdev.vm, &part->cursor, &header, HEADER_SIZE);
	if (got != HEADER_SIZE || chain->in_size == 0) {
		return got < 0 ? got : -EINVAL; /* no request, or no place for its status */
	}
	*order = (struct order){
		.taken = true,
		.type = (uint8_t)MIN(header.type, UINT32_C(0xff)),
		.used = virtq_used(chain, 0),
		.in_size = chain->in_size,
		.status_ipa = last->ipa + last->size - 1,
	};
	part->order = order;
	order->status = begin_type(part, header.sector);
	order->whole = order->whole || order->status != BLK_STATUS_OK;
	part->phase = BUSY;
	return 0;
}

/* The bytes from the first on that were written, of those that may be. 2.7.8.2 */
static uint32_t written_of(const struct order *order)
{
	uint32_t size = order->in_size - 1, done = 0;

	if (order->status == BLK_STATUS_OK && order->type == BLK_TYPE_IN) {
		done = size;
	} else if (order->status == BLK_STATUS_OK && order->type == BLK_TYPE_GET_ID) {
		done = MIN(size, (uint32_t)BLK_ID_SIZE);
	}
	return done == size ? size + 1 : done;
}

/* Gives it back. 0 or an error. */
static int finish(struct vpart *part, struct order *order)
{
	struct virtio *virtio = &part->virtio;

	order->taken = false;
	order->used.written = written_of(order);
	if (guest_write(virtio->vdev.vm, order->status_ipa, &order->status, 1) != 0) {
		return -EFAULT;
	}
	return virtio_put_all(virtio, 0, &order->used, 1);
}

/* All of it has been submitted, and is done: to be flushed, or to be given back. */
static int settle(struct vpart *part, struct order *order)
{
	struct request *request = free_request(part);

	if (!order->whole || order->under_way != 0) {
		return 0;
	}
	if (order->flush && order->status == BLK_STATUS_OK && request != NULL) {
		flush_now(part, order, request);
		return order->under_way != 0 ? 0 : finish(part, order);
	}
	return finish(part, order);
}

/* -- steps -- */

/* Takes back a request that is done. 1; 0: there is none; or an error. */
static int take_done(struct vpart *part)
{
	struct blk_request *blk = blk_take(&part->client);
	struct request *request = CONTAINER_OF(blk, struct request, blk);
	struct order *order;
	int err;

	if (blk == NULL) {
		return 0;
	}
	order = request->order;
	release(part, request);
	order->under_way--;
	if (blk->result != 0) {
		order->status = BLK_STATUS_IOERR;
	}
	err = settle(part, order);
	return err != 0 ? err : 1;
}

/* The current order: some more of it, or it is whole. 1, 0 where it waits for others, or an error.
 */
static int carry_on(struct vpart *part)
{
	struct order *order = part->order;
	struct request *request = free_request(part);
	int err = 0;

	/* a part of it has failed: nothing more of it is begun */
	order->whole = order->whole || order->status != BLK_STATUS_OK;
	if (!order->whole && request == NULL) {
		return 0;
	}
	if (!order->whole) {
		err = go_on(part, request);
	}
	if (err == 0 && order->whole) {
		part->phase = IDLE;
		err = settle(part, order);
	}
	return err != 0 ? err : 1;
}

/* The next chain. 1, 0 or an error. */
static int take_next(struct vpart *part)
{
	struct virtio *virtio = &part->virtio;
	int got;

	if (free_order(part) == NULL) {
		return 0; /* until one is done */
	}
	got = virtq_take(&virtio->queue[0], part->chain);
	if (got == 0) {
		return virtq_listen(&virtio->queue[0], true);
	}
	if (got > 0) {
		part->phase = TAKEN;
	}
	return got > 0 || got == -EAGAIN ? 1 : got;
}

static int part_step(struct virtio *virtio, uint32_t queue)
{
	struct vpart *part = vpart_of(virtio);
	int err = part->draining ? 0 : take_done(part);

	(void)queue;
	if (err != 0 || part->draining) {
		return err;
	}
	if (part->phase == IDLE) {
		err = take_next(part);
		if (part->phase != TAKEN || part->chain->count > part->few) {
			return err;
		}
	}
	if (part->phase == TAKEN) {
		err = begin(part);
		if (err != 0 || part->chain->count > part->few) {
			return err != 0 ? err : 1;
		}
	}
	return carry_on(part);
}

static const struct virtio_ops part_ops = {
	.id = VIRTIO_ID_BLK,
	.queue_count = 1,
	.queue_size = QUEUE_SIZE,
	.features = BLK_F_SEG_MAX | BLK_F_BLK_SIZE | BLK_F_FLUSH,
	.config_size = BLK_CONFIG_SIZE,
	.reset = part_reset,
	.reset_queue = part_reset_queue,
	.busy = part_busy,
	.lost = part_lost,
	.step = part_step,
	.read_config = part_read_config,
};

/* -- life -- */

/* vCPUs whose reset of the device waits for what is under way: they look whether it was the last.
 * Each time: to look here would begin a reset that nobody may ask for any more. */
static void answer(struct vpart *part)
{
	struct virtio *virtio = &part->virtio;
	uint64_t waiting;

	spin_lock(&virtio->lock);
	waiting = virtio->waiting;
	virtio->waiting = 0;
	spin_unlock(&virtio->lock);
	for (; waiting != 0; waiting &= waiting - 1) {
		vcpu_post(virtio->vdev.vm->vcpu[__builtin_ctzll(waiting)], VCPU_EVENT_ANSWER);
	}
}

/* Some are done: there is something to do, or somebody waits for that. */
static void part_done(struct blk_client *client)
{
	struct vpart *part = CONTAINER_OF(client, struct vpart, client);

	virtio_ask(&part->virtio, 0);
	answer(part);
}

static void set_config(struct vpart *part, uint32_t off, uint32_t value)
{
	memcpy(part->config + off, &value, sizeof(value));
}

/* Its disk and its size are known. */
static void make_config(struct vpart *part)
{
	const struct blk_dev *dev = part->part->dev;

	set_config(part, BLK_CONFIG_CAPACITY, (uint32_t)part->part->sectors);
	set_config(part, BLK_CONFIG_CAPACITY + 4, (uint32_t)(part->part->sectors >> 32));
	set_config(part, BLK_CONFIG_SEG_MAX, SEGMENTS);
	set_config(part, BLK_CONFIG_BLK_SIZE, dev->block_size);
	if (is_read_only(part)) {
		virtio_offer(&part->virtio, BLK_F_RO);
		return;
	}
	if (dev->discards) {
		virtio_offer(&part->virtio, BLK_F_DISCARD);
		set_config(part, BLK_CONFIG_MAX_DISCARD, dev->range_max);
		set_config(part, BLK_CONFIG_MAX_DISCARD_SEG, RANGES);
		set_config(part, BLK_CONFIG_DISCARD_ALIGN, dev->block_size / BLK_SECTOR);
	}
	if (dev->zeroes) {
		virtio_offer(&part->virtio, BLK_F_WRITE_ZEROES);
		set_config(part, BLK_CONFIG_MAX_ZEROES, dev->range_max);
		set_config(part, BLK_CONFIG_MAX_ZEROES_SEG, RANGES);
		set_config(part, BLK_CONFIG_ZEROES_MAY_UNMAP, 1);
	}
}

void blk_part_settled(struct blk_part *found, void *owner)
{
	struct vpart *part = owner;
	struct vdev *vdev = &part->virtio.vdev;

	if (found->fault == NULL) {
		make_config(part);
	} else {
		log_error("VM %s is not started: the partition \"%s\" of its disk %s on %s %s",
			  vdev->vm->name, found->wanted, vdev->config->name, found->dev->name,
			  found->fault);
	}
	vm_device_ready(vdev->vm, vdev->index, found->fault == NULL);
}

int blk_part_create(struct vm *vm, const struct vdev_config *config, struct arena *arena,
		    struct vdev **out)
{
	struct vpart *part = page_alloc(BLK_PART_PAGES);
	int err;

	_Static_assert(sizeof(*part) <= BLK_PART_PAGES * PAGE_SIZE, "it has room");
	if (part == NULL) {
		return -ENOMEM;
	}
	err = virtio_init(&part->virtio, &part_ops, vm, config, arena);
	part->chain = err == 0 ? virtio_chain(&part->virtio, arena) : NULL;
	if (part->chain == NULL) {
		return -ENOMEM;
	}
	part->few = guest_is_paged(vm) ? 0 : FEW;
	part->disk = &config->disk;
	part->part = config->disk.part;
	part->part->owner = part;
	/* it comes next among the VM's devices */
	vm->unready |= BIT(vm->vdev_count);
	blk_client_init(&part->client, part->part->dev, part_done);
	*out = &part->virtio.vdev;
	virtio_reset(*out);
	return 0;
}
