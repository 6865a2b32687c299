/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A disk. virtio 1.2 5.2: one queue of requests, done in their order, each whole before the next.
 *
 * Blocks are copied between the guest's buffers and the disk's memory, about 4 KiB in a step; so
 * what was written is there when its request is given back, and a flush has nothing to wait for.
 */
#include "core/base/errno.h"
#include "core/base/printk.h"
#include "core/base/string.h"
#include "core/config/guest_map_types.h"
#include "core/vm/vm.h"
#include "drivers/emul/models.h"
#include "drivers/hw/virtio/blk_regs.h"
#include "drivers/virtio/blk_part.h"
#include "drivers/virtio/blocks.h"
#include "drivers/virtio/virtio.h"
#include "mm/guest_access.h"

#define QUEUE_SIZE 256

/* What a driver is told; nothing here depends on its keeping to it. */
#define SEGMENT_MAX  MIB(1)
#define SEGMENTS     (QUEUE_SIZE - 2)
#define RANGE_MAX    (GIB(2) / BLK_SECTOR_SIZE)
#define RANGES	     16
#define BLOCK_OF_2_3 3 /* 8 sectors */

#define HEADER_SIZE 16
#define RANGE_SIZE  16

/* A step: bytes that it copies, and what a piece costs beside them, as bytes. */
#define STEP_SIZE  BLOCK_SIZE
#define PIECE_COST 512
/* Blocks that are cleared in a step, as far as nothing has to be written for it. */
#define STEP_CLEAR 24
/* Parts of a request that begins, and perhaps ends, in the step that takes it. */
#define FEW 3
/* Bytes of the serial number in a step: each may have a buffer of its own. */
#define STEP_ID 8

struct header {
	uint32_t type, reserved;
	uint64_t sector;
};

struct vblk {
	struct virtio virtio; /* first */
	const struct disk_config *disk;
	uint32_t config[BLK_CONFIG_SIZE / 4];
	/* protected by the device's lock, as the rest: */
	struct blocks blocks;
	bool told_full;
	enum {
		IDLE,
		TAKEN, /* a request, not looked at yet */
		BUSY,  /* the next ones are its */
	} phase;
	struct virtq_chain *chain;
	uint32_t few; /* constant: FEW, where looks at the VM's RAM are cheap */
	uint32_t type;
	struct virtq_cursor cursor; /* in its data */
	uint64_t at, left;	    /* bytes of the disk that it is at, and that are left */
	uint32_t ranges;	    /* left to be read */
	bool keep;		    /* the range's blocks keep their places in the store */
};

static struct vblk *vblk_of(struct virtio *virtio)
{
	return CONTAINER_OF(virtio, struct vblk, virtio);
}

static void blk_reset_queue(struct virtio *virtio, uint32_t queue)
{
	struct vblk *blk = vblk_of(virtio);

	(void)queue;
	blk->phase = IDLE;
	blk->chain->begun = false;
	blocks_copy_end(&blk->blocks);
}

static void blk_reset(struct virtio *virtio)
{
	(void)virtio; /* its queue is all it has; what was written stays */
}

static uint32_t blk_read_config(struct virtio *virtio, uint32_t off, uint32_t size)
{
	uint32_t value = 0;

	memcpy(&value, (const uint8_t *)vblk_of(virtio)->config + off, size);
	return value;
}

/* -- a request's steps: 1, there is more; 0, it is done, with *status; or an error of queue.h's --
 */

/* Says so once, until there is room again. */
static int take_as_it_is(struct vblk *blk, uint64_t off)
{
	int err = blocks_copy(&blk->blocks, off);

	if (err < 0 && !blk->told_full) {
		blk->told_full = true;
		log_warn("%s: its disk %s has no room for what it writes: overlay-size",
			 blk->virtio.vdev.vm->name, blk->virtio.vdev.config->name);
	}
	return err;
}

/* The next piece of a buffer, in one block; 0: this step has done enough. */
static uint32_t next_piece(struct vblk *blk, uint32_t *spent, uint64_t *ipa)
{
	struct virtq_cursor before = blk->cursor;
	uint64_t rest = MIN(blk->left, BLOCK_SIZE - blk->at % BLOCK_SIZE);
	uint32_t size = virtq_pass(&blk->cursor, (uint32_t)rest, ipa);

	*spent += size + PIECE_COST;
	if (*spent > STEP_SIZE + PIECE_COST) {
		blk->cursor = before;
		return 0;
	}
	return size;
}

static int read_some(struct vblk *blk)
{
	uint32_t spent = 0, size;
	uint64_t ipa;

	while (blk->left != 0) {
		const uint8_t *from = blocks_read_at(&blk->blocks, blk->at);

		size = next_piece(blk, &spent, &ipa);
		if (size == 0) {
			return 1;
		}
		if (guest_write(blk->virtio.vdev.vm, ipa, from, size) != 0) {
			return -EFAULT;
		}
		blk->at += size;
		blk->left -= size;
	}
	return 0;
}

/* One piece, which is all of its block, or in a block that the store has. 0 or -EFAULT. */
static int write_piece(struct vblk *blk, uint8_t *own, uint64_t ipa, uint32_t size)
{
	uint8_t *to = own != NULL ? own : blocks_spare(&blk->blocks);

	if (guest_read(blk->virtio.vdev.vm, ipa, to, size) != 0) {
		return -EFAULT;
	}
	if (own == NULL) {
		blocks_take(&blk->blocks, blk->at);
	}
	blk->at += size;
	blk->left -= size;
	return 0;
}

static int write_some(struct vblk *blk, uint8_t *status)
{
	uint32_t spent = 0, size;
	uint64_t ipa;
	int err;

	while (blk->left != 0) {
		struct virtq_cursor before = blk->cursor;
		uint8_t *own = blocks_write_at(&blk->blocks, blk->at);
		bool first = spent == 0;

		size = next_piece(blk, &spent, &ipa);
		if (size == 0) {
			return 1;
		}
		if (own == NULL && (size != BLOCK_SIZE || blocks_spare(&blk->blocks) == NULL)) {
			/* steps of its own, and the piece in the next */
			blk->cursor = before;
			err = first ? take_as_it_is(blk, blk->at) : 1;
			*status = err < 0 ? BLK_STATUS_IOERR : BLK_STATUS_OK;
			return err >= 0;
		}
		if (write_piece(blk, own, ipa, size) != 0) {
			return -EFAULT;
		}
	}
	return 0;
}

/* 5.2.6.2. False: *status says why not. */
static bool check_range(struct vblk *blk, uint32_t flags, uint8_t *status)
{
	uint32_t known = blk->type == BLK_TYPE_WRITE_ZEROES ? BLK_RANGE_UNMAP : 0;

	*status = (flags & ~known) != 0					  ? BLK_STATUS_UNSUPP :
		  range_contains(0, blk->blocks.size, blk->at, blk->left) ? BLK_STATUS_OK :
									    BLK_STATUS_IOERR;
	blk->keep = blk->type == BLK_TYPE_WRITE_ZEROES && (flags & BLK_RANGE_UNMAP) == 0;
	return *status == BLK_STATUS_OK;
}

/* Bytes of a sector number; beyond every disk where it is. */
static uint64_t bytes_of(uint64_t sector)
{
	return sector > UINT64_MAX / BLK_SECTOR_SIZE ? UINT64_MAX : sector * BLK_SECTOR_SIZE;
}

/* The next one of a list: sector, number of sectors, flags. 0 or an error. */
static int next_range(struct vblk *blk, uint8_t *status)
{
	struct {
		uint64_t sector;
		uint32_t count, flags;
	} range;
	int got = virtq_read(blk->virtio.vdev.vm, &blk->cursor, &range, RANGE_SIZE);

	if (got != RANGE_SIZE) {
		return got < 0 ? got : -EINVAL;
	}
	blk->ranges--;
	blk->at = bytes_of(range.sector);
	blk->left = (uint64_t)range.count * BLK_SECTOR_SIZE;
	if (!check_range(blk, range.flags, status)) {
		blk->left = blk->ranges = 0;
	}
	return 0;
}

/* `size` bytes of one block. 0; 1: call again in the next step; -ENOSPC. *spent: STEP_CLEAR when
 * that was as much as a step should do. */
static int clear_piece(struct vblk *blk, uint32_t size, uint32_t *spent)
{
	struct blocks *blocks = &blk->blocks;
	uint8_t *own = blocks_write_at(blocks, blk->at);
	bool whole =
		blk->at % BLOCK_SIZE == 0 && (size == BLOCK_SIZE || blk->at + size == blocks->size);
	int err;

	(*spent)++;
	if (blocks_is_clear(blocks, blk->at) || (!whole && blk->type == BLK_TYPE_DISCARD)) {
		return 0;
	}
	if (whole && (own == NULL || !blk->keep)) {
		blk->told_full = blk->told_full && own == NULL;
		blocks_clear(blocks, blk->at);
		return 0;
	}
	if (*spent > 1) {
		return 1;
	}
	if (own == NULL) {
		err = take_as_it_is(blk, blk->at);
		return err < 0 ? err : 1;
	}
	memset(own, 0, size);
	*spent = STEP_CLEAR;
	return 0;
}

static int clear_some(struct vblk *blk, uint8_t *status)
{
	uint32_t spent = 0;
	int err;

	if (blk->left == 0) {
		err = blk->ranges == 0 ? 0 : next_range(blk, status);
		return err < 0 ? err : blk->left != 0 || blk->ranges != 0;
	}
	while (spent < STEP_CLEAR && blk->left != 0) {
		uint64_t rest = MIN(blk->left, BLOCK_SIZE - blk->at % BLOCK_SIZE);

		err = clear_piece(blk, (uint32_t)rest, &spent);
		if (err != 0) {
			*status = err < 0 ? BLK_STATUS_IOERR : BLK_STATUS_OK;
			return err > 0;
		}
		blk->at += rest;
		blk->left -= rest;
	}
	return 1;
}

static int give_serial(struct vblk *blk)
{
	uint8_t serial[BLK_ID_SIZE] = {0};
	uint32_t size = MIN((uint32_t)blk->left, (uint32_t)STEP_ID);
	int err;

	memcpy(serial, blk->disk->serial, strnlen(blk->disk->serial, BLK_ID_SIZE));
	err = virtq_write(blk->virtio.vdev.vm, &blk->cursor, serial + blk->at, size);
	blk->at += size;
	blk->left -= size;
	return err < 0 ? err : blk->left != 0;
}

static int go_on(struct vblk *blk, uint8_t *status)
{
	switch (blk->type) {
	case BLK_TYPE_IN:
		return read_some(blk);
	case BLK_TYPE_OUT:
		return write_some(blk, status);
	case BLK_TYPE_GET_ID:
		return give_serial(blk);
	case BLK_TYPE_DISCARD:
	case BLK_TYPE_WRITE_ZEROES:
		return clear_some(blk, status);
	default:
		return 0;
	}
}

/* -- its beginning and its end -- */

/* What is moved between buffer and disk: whole sectors that the disk has. */
static uint8_t begin_data(struct vblk *blk, uint64_t sector, uint32_t size)
{
	blk->at = bytes_of(sector);
	blk->left = size;
	if (size % BLK_SECTOR_SIZE != 0 || !range_contains(0, blk->blocks.size, blk->at, size)) {
		return BLK_STATUS_IOERR;
	}
	return BLK_STATUS_OK;
}

static uint8_t begin_ranges(struct vblk *blk, uint32_t size)
{
	blk->left = 0;
	blk->ranges = size / RANGE_SIZE;
	return size % RANGE_SIZE != 0 || blk->ranges > RANGES ? BLK_STATUS_IOERR : BLK_STATUS_OK;
}

/* The request's type is known; its header is behind the cursor. */
static uint8_t begin_type(struct vblk *blk, uint64_t sector)
{
	uint32_t out_size = blk->chain->out_size - HEADER_SIZE;
	uint32_t in_size = blk->chain->in_size - 1;

	switch (blk->type) {
	case BLK_TYPE_IN:
		blk->cursor = virtq_writes(blk->chain);
		return begin_data(blk, sector, in_size);
	case BLK_TYPE_GET_ID:
		blk->cursor = virtq_writes(blk->chain);
		blk->at = 0;
		blk->left = MIN(in_size, (uint32_t)BLK_ID_SIZE);
		return BLK_STATUS_OK;
	case BLK_TYPE_FLUSH:
		return BLK_STATUS_OK;
	case BLK_TYPE_OUT:
		return blk->disk->read_only ? BLK_STATUS_IOERR : begin_data(blk, sector, out_size);
	case BLK_TYPE_DISCARD:
	case BLK_TYPE_WRITE_ZEROES:
		return blk->disk->read_only ? BLK_STATUS_IOERR : begin_ranges(blk, out_size);
	default:
		return BLK_STATUS_UNSUPP;
	}
}

/* The bytes from the first on that were written, of those that may be. 2.7.8.2 */
static uint32_t written_of(const struct vblk *blk, uint8_t status)
{
	uint32_t size = blk->chain->in_size - 1, done = 0;

	if (status == BLK_STATUS_OK && blk->type == BLK_TYPE_IN) {
		done = size;
	} else if (status == BLK_STATUS_OK && blk->type == BLK_TYPE_GET_ID) {
		done = MIN(size, (uint32_t)BLK_ID_SIZE);
	}
	return done == size ? size + 1 : done;
}

/* Then 1, if there is another, 0 or an error. */
static int finish(struct vblk *blk, uint8_t status)
{
	struct virtio *virtio = &blk->virtio;
	const struct virtq_segment *last = &blk->chain->segment[blk->chain->count - 1];
	int err = guest_write_few(virtio->vdev.vm, last->ipa + last->size - 1, &status, 1);

	blk->phase = IDLE;
	if (err == 0 && unlikely(blk->few == 0)) {
		/* it looks for another in another step: this one has looked up enough */
		err = virtio_put(virtio, 0, blk->chain, written_of(blk, status));
		return err < 0 ? err : 1;
	}
	return err == 0 ? virtio_finish(virtio, 0, blk->chain, written_of(blk, status)) : err;
}

/* Where buffers end says nothing of what is in them: 2.7.4, 5.2.6.1. 1, or as finish(). */
static int begin(struct vblk *blk)
{
	struct header header;
	uint8_t status;
	int got;

	blk->cursor = virtq_reads(blk->chain);
	got = virtq_read_few(blk->virtio.vdev.vm, &blk->cursor, &header, HEADER_SIZE);
	if (got != HEADER_SIZE || blk->chain->in_size == 0) {
		return got < 0 ? got : -EINVAL; /* no request, or no place for its status */
	}
	blk->type = header.type;
	status = begin_type(blk, header.sector);
	if (status != BLK_STATUS_OK) {
		return finish(blk, status);
	}
	blk->phase = BUSY;
	return 1;
}

/* What nearly all reads are: one buffer, of one block. False: it is something else, or can't be
 * done, and begins as any request. */
static inline bool read_at_once(struct vblk *blk)
{
	const struct virtq_segment *part = blk->chain->segment;
	const struct vm *vm = blk->virtio.vdev.vm;
	const uint8_t status = BLK_STATUS_OK;
	uint32_t size = part[1].size;
	struct header header;
	uint64_t at;

	if (blk->chain->count != blk->few || blk->chain->reads != 1 ||
	    part[0].size != HEADER_SIZE || part[2].size != sizeof(status) ||
	    size % BLK_SECTOR_SIZE != 0 ||
	    guest_read_few(vm, part[0].ipa, &header, HEADER_SIZE) != 0 ||
	    header.type != BLK_TYPE_IN) {
		return false;
	}
	at = bytes_of(header.sector);
	return range_contains(0, blk->blocks.size, at, size) &&
	       at % BLOCK_SIZE + size <= BLOCK_SIZE &&
	       guest_write(vm, part[1].ipa, blocks_read_at(&blk->blocks, at), size) == 0 &&
	       guest_write_few(vm, part[2].ipa, &status, sizeof(status)) == 0;
}

static int blk_step(struct virtio *virtio, uint32_t queue)
{
	struct vblk *blk = vblk_of(virtio);
	uint8_t status = BLK_STATUS_OK;
	int err;

	(void)queue; /* it has one */
	if (blk->phase == IDLE) {
		err = virtq_take(virtio->queue, blk->chain);
		if (err <= 0) {
			return err == -EAGAIN ? 1 :
			       err == 0	      ? virtq_listen(virtio->queue, true) :
						err;
		}
		if (read_at_once(blk)) {
			return virtio_finish(virtio, 0, blk->chain, blk->chain->in_size);
		}
		blk->phase = TAKEN;
		if (blk->chain->count > blk->few) {
			return 1;
		}
	}
	if (blk->phase == TAKEN) {
		err = begin(blk);
		if (blk->phase != BUSY || blk->chain->count > blk->few) {
			return err;
		}
	}
	err = go_on(blk, &status);
	return err == 0 ? finish(blk, status) : err;
}

static const struct virtio_ops blk_ops = {
	.id = VIRTIO_ID_BLK,
	.queue_count = 1,
	.queue_size = QUEUE_SIZE,
	.features = BLK_F_SIZE_MAX | BLK_F_SEG_MAX | BLK_F_BLK_SIZE | BLK_F_FLUSH | BLK_F_TOPOLOGY,
	.config_size = BLK_CONFIG_SIZE,
	.reset = blk_reset,
	.reset_queue = blk_reset_queue,
	.step = blk_step,
	.read_config = blk_read_config,
};

static void make_config(struct vblk *blk)
{
	uint64_t sectors = blk->blocks.size / BLK_SECTOR_SIZE;

	blk->config[BLK_CONFIG_CAPACITY / 4] = (uint32_t)sectors;
	blk->config[BLK_CONFIG_CAPACITY / 4 + 1] = (uint32_t)(sectors >> 32);
	blk->config[BLK_CONFIG_SIZE_MAX / 4] = SEGMENT_MAX;
	blk->config[BLK_CONFIG_SEG_MAX / 4] = SEGMENTS;
	blk->config[BLK_CONFIG_BLK_SIZE / 4] = BLK_SECTOR_SIZE;
	blk->config[BLK_CONFIG_TOPOLOGY / 4] = BLOCK_OF_2_3 | (BLOCK_SIZE / BLK_SECTOR_SIZE) << 16;
	if (blk->disk->read_only) {
		virtio_offer(&blk->virtio, BLK_F_RO);
		return;
	}
	virtio_offer(&blk->virtio, BLK_F_DISCARD | BLK_F_WRITE_ZEROES);
	blk->config[BLK_CONFIG_MAX_DISCARD / 4] = RANGE_MAX;
	blk->config[BLK_CONFIG_MAX_DISCARD_SEG / 4] = RANGES;
	blk->config[BLK_CONFIG_DISCARD_ALIGN / 4] = BLOCK_SIZE / BLK_SECTOR_SIZE;
	blk->config[BLK_CONFIG_MAX_ZEROES / 4] = RANGE_MAX;
	blk->config[BLK_CONFIG_MAX_ZEROES_SEG / 4] = RANGES;
	blk->config[BLK_CONFIG_ZEROES_MAY_UNMAP / 4] = 1;
}

static int blk_create(struct vm *vm, const struct vdev_config *config, struct arena *arena,
		      struct vdev **out)
{
	struct vblk *blk;
	int err;

	if (config->disk.source == DISK_PARTITION) {
		return blk_part_create(vm, config, arena, out);
	}
	blk = arena_alloc(arena, sizeof(*blk));
	if (blk == NULL) {
		return -ENOMEM;
	}
	err = virtio_init(&blk->virtio, &blk_ops, vm, config, arena);
	blk->chain = err == 0 ? virtio_chain(&blk->virtio, arena) : NULL;
	if (blk->chain == NULL) {
		return -ENOMEM;
	}
	blk->disk = &config->disk;
	blk->few = guest_is_paged(vm) ? 0 : FEW;
	blocks_init(&blk->blocks, blk->disk);
	make_config(blk);
	*out = &blk->virtio.vdev;
	virtio_reset(*out);
	return 0;
}

static const struct config_prop blk_props[] = {
	{.name = "image",
	 .type = PROP_PHANDLE,
	 .values = "image",
	 .help = DOC("An image of type `disk`; beside it `overlay-size` or `read-only`. Several "
		     "disks may have one image.")},
	{.name = "overlay-size",
	 .type = PROP_U64,
	 .help = DOC("Bytes of memory, a multiple of 4 KiB, that take what is written over the "
		     "image; the disk's alone.")},
	{.name = "read-only",
	 .type = PROP_FLAG,
	 .help = DOC("The image, or the partition, can't be written to.")},
	{.name = "ram-size",
	 .type = PROP_U64,
	 .help = DOC("In place of an image: bytes of a disk in memory, a multiple of 512, zeroes "
		     "at first.")},
	{.name = "disk",
	 .type = PROP_BOARD_REF,
	 .help = DOC("In place of an image: a disk of the board, by path or alias of its "
		     "device tree; beside it `partition`, and `read-only` if it is.")},
	{.name = "partition",
	 .type = PROP_STRING,
	 .help = DOC("GPT name (ASCII) or PARTUUID on `disk`; no other disk of a VM has it.")},
	{.name = "serial",
	 .type = PROP_STRING,
	 .dflt = DOC("empty"),
	 .help = DOC("What the guest reads as serial number, at most 20 characters.")},
	{.name = NULL},
};

const struct vdev_type virtio_blk_type = {
	.compatible = "bulkhead,virtio-blk",
	.help = DOC("A disk: docs/disks.md. Guest node: `virtio,mmio`."),
	.size = GUEST_VIRTIO_SIZE,
	.ipa = GUEST_VIRTIO_BASE,
	.spi = GUEST_VIRTIO_SPI,
	.slots = GUEST_VIRTIO_SLOTS,
	.props = blk_props,
	.create = blk_create,
	.reset = virtio_reset,
	.describe = virtio_describe,
	.work = virtio_work,
	.busy = virtio_busy,
	.lost = virtio_lost,
	.mmio = &virtio_mmio,
};
