/* SPDX-License-Identifier: Apache-2.0 */
/* A disk of the board that is a virtio device. virtio 1.2 5.2. */
#include "drivers/hw/blk/virtio_blk.h"

#include "core/base/atomic.h"
#include "core/base/errno.h"
#include "drivers/hw/virtio/blk_regs.h"
#include "drivers/hw/virtio/hwvirtio.h"
#include "mm/page_alloc.h"

/* Descriptors of a request: header, pieces, status; each slot has its own. */
#define PER_SLOT  (BLK_PIECES + 2)
#define SLOTS	  (HWRING_SIZE_MAX / PER_SLOT)
#define PIECE_MAX MIB(1)
#define UNKNOWN	  0xff /* as status: not written yet */

#define WANTED                                                                                     \
	(BLK_F_SIZE_MAX | BLK_F_SEG_MAX | BLK_F_RO | BLK_F_BLK_SIZE | BLK_F_FLUSH |                \
	 BLK_F_DISCARD | BLK_F_WRITE_ZEROES)

/* What the device reads and writes of a request beside its pieces. */
struct slot {
	struct blk_header header;
	struct blk_range range;
	uint8_t status;
};

struct virtio_blk {
	struct blk_dev dev; /* first */
	struct hwvirtio device;
	struct hwring ring;
	struct slot *slot; /* [slot_count], its memory and the device's */
	uint32_t slot_count;
	struct blk_request *request[SLOTS]; /* under way; NULL: the slot is free */
};

static struct virtio_blk *disk_of(struct blk_dev *dev)
{
	return CONTAINER_OF(dev, struct virtio_blk, dev);
}

static uint32_t type_of(enum blk_op op)
{
	static const uint8_t types[] = {
		[BLK_READ] = BLK_TYPE_IN,
		[BLK_WRITE] = BLK_TYPE_OUT,
		[BLK_FLUSH] = BLK_TYPE_FLUSH,
		[BLK_DISCARD] = BLK_TYPE_DISCARD,
		[BLK_ZEROES] = BLK_TYPE_WRITE_ZEROES,
	};

	return types[op];
}

static bool has_range(const struct blk_request *request)
{
	return request->op == BLK_DISCARD || request->op == BLK_ZEROES;
}

static uint32_t free_slot(const struct virtio_blk *disk)
{
	uint32_t slot = 0;

	while (slot < disk->slot_count && disk->request[slot] != NULL) {
		slot++;
	}
	return slot;
}

/* Its header, and what else it has of the slot's memory. */
static void fill_slot(struct slot *slot, const struct blk_request *request)
{
	slot->header = (struct blk_header){
		.type = type_of(request->op),
		/* 5.2.6.1: 0 but for what is moved */
		.sector = request->op == BLK_READ || request->op == BLK_WRITE ? request->sector : 0,
	};
	slot->range = (struct blk_range){
		.sector = request->sector,
		.count = request->sectors,
		.flags = request->op == BLK_ZEROES && request->unmap ? BLK_RANGE_UNMAP : 0,
	};
	atomic_set(&slot->status, (uint8_t)UNKNOWN);
}

static int disk_start(struct blk_dev *dev, struct blk_request *request)
{
	struct virtio_blk *disk = disk_of(dev);
	uint32_t index = free_slot(disk);
	struct slot *slot = &disk->slot[index];
	uint64_t pa = virt_to_phys(slot);
	uint16_t head = (uint16_t)(index * PER_SLOT), at = head;
	uint32_t flags = HWRING_NEXT | (request->op == BLK_READ ? HWRING_WRITE : 0);

	if (index == disk->slot_count) {
		return -EBUSY;
	}
	fill_slot(slot, request);
	hwring_describe(&disk->ring, at,
			(struct hwring_desc){pa, sizeof(slot->header), HWRING_NEXT, at + 1});
	for (uint32_t i = 0; i < request->piece_count; i++) {
		at++;
		hwring_describe(&disk->ring, at,
				(struct hwring_desc){request->piece[i].pa, request->piece[i].size,
						     (uint16_t)flags, at + 1});
	}
	if (has_range(request)) {
		at++;
		hwring_describe(&disk->ring, at,
				(struct hwring_desc){pa + offsetof(struct slot, range),
						     sizeof(slot->range), HWRING_NEXT, at + 1});
	}
	at++;
	hwring_describe(&disk->ring, at,
			(struct hwring_desc){pa + offsetof(struct slot, status), 1, HWRING_WRITE,
					     0});
	disk->request[index] = request;
	hwring_offer(&disk->ring, head);
	hwvirtio_notify(&disk->device, 0);
	return 0;
}

/* Bytes that the device writes of it. */
static uint64_t in_size(const struct blk_request *request)
{
	uint64_t size = 1;

	for (uint32_t i = 0; request->op == BLK_READ && i < request->piece_count; i++) {
		size += request->piece[i].size;
	}
	return size;
}

static int disk_finished(struct blk_dev *dev, struct blk_request **request)
{
	struct virtio_blk *disk = disk_of(dev);
	uint32_t id, written, index;
	int got = hwring_take(&disk->ring, &id, &written);

	if (got <= 0) {
		return got == 0 ? 0 : -EIO;
	}
	index = id / PER_SLOT;
	if (id % PER_SLOT != 0 || index >= disk->slot_count || disk->request[index] == NULL ||
	    written > in_size(disk->request[index])) {
		return -EIO; /* nobody asked for that */
	}
	*request = disk->request[index];
	disk->request[index] = NULL;
	/* what it says it has not written is not data */
	(*request)->result = atomic_read(&disk->slot[index].status) == BLK_STATUS_OK &&
					     written == in_size(*request) ?
				     0 :
				     -EIO;
	return 1;
}

static bool disk_acknowledge(struct blk_dev *dev)
{
	const struct hwvirtio *device = &disk_of(dev)->device;

	return (hwvirtio_interrupts(device) & VIRTIO_INTERRUPT_CONFIG) == 0 ||
	       !hwvirtio_is_broken(device);
}

static void disk_quiet(struct blk_dev *dev, bool quiet)
{
	hwring_quiet(&disk_of(dev)->ring, quiet);
}

static bool disk_reset(struct blk_dev *dev)
{
	return hwvirtio_reset(&disk_of(dev)->device);
}

static struct blk_request *disk_forsake(struct blk_dev *dev)
{
	struct virtio_blk *disk = disk_of(dev);

	for (uint32_t i = 0; i < disk->slot_count; i++) {
		struct blk_request *request = disk->request[i];

		if (request != NULL) {
			disk->request[i] = NULL;
			return request;
		}
	}
	return NULL;
}

/* A word of its configuration, where a feature says that it is there. */
static uint32_t config_if(const struct virtio_blk *disk, uint64_t feature, uint32_t off,
			  uint32_t otherwise)
{
	return (disk->device.features & feature) != 0 ? hwvirtio_config(&disk->device, off) :
							otherwise;
}

/* The same disk as before, or none. */
static int disk_revive(struct blk_dev *dev)
{
	struct virtio_blk *disk = disk_of(dev);
	uint64_t features = disk->device.features, sectors = 0;
	uint32_t block_size;
	void *memory = disk->ring.desc;

	if (hwvirtio_agree(&disk->device, WANTED) != 0 || disk->device.features != features ||
	    hwvirtio_config64(&disk->device, BLK_CONFIG_CAPACITY, &sectors) != 0) {
		return -EIO;
	}
	block_size = config_if(disk, BLK_F_BLK_SIZE, BLK_CONFIG_BLK_SIZE, (uint32_t)BLK_SECTOR);
	hwring_clear(&disk->ring);
	if (sectors != dev->sectors || block_size != dev->block_size ||
	    hwvirtio_queue(&disk->device, 0, &disk->ring, memory, HWRING_SIZE_MAX) != 0 ||
	    disk->ring.size / PER_SLOT < disk->slot_count) {
		return -EIO;
	}
	hwvirtio_begin(&disk->device);
	return 0;
}

static const struct blk_ops virtio_blk_ops = {
	.name = "virtio",
	.start = disk_start,
	.finished = disk_finished,
	.acknowledge = disk_acknowledge,
	.quiet = disk_quiet,
	.reset = disk_reset,
	.forsake = disk_forsake,
	.revive = disk_revive,
};

/* The largest range of a kind, in whole blocks: what is longer is cut where a block ends. */
static uint32_t range_max(const struct virtio_blk *disk, uint64_t feature, uint32_t off)
{
	uint32_t max = config_if(disk, feature, off, BLK_RANGE_MAX);

	return max - max % (disk->dev.block_size / (uint32_t)BLK_SECTOR);
}

/* Ranges at once that both of them take; none of size 0. */
static void read_ranges(struct virtio_blk *disk)
{
	struct blk_dev *dev = &disk->dev;
	uint32_t discard = range_max(disk, BLK_F_DISCARD, BLK_CONFIG_MAX_DISCARD);
	uint32_t zeroes = range_max(disk, BLK_F_WRITE_ZEROES, BLK_CONFIG_MAX_ZEROES);

	dev->discards = (disk->device.features & BLK_F_DISCARD) != 0 && discard != 0;
	dev->zeroes = (disk->device.features & BLK_F_WRITE_ZEROES) != 0 && zeroes != 0;
	discard = dev->discards ? discard : BLK_RANGE_MAX;
	zeroes = dev->zeroes ? zeroes : BLK_RANGE_MAX;
	dev->range_max = MIN(MIN(discard, zeroes), BLK_RANGE_MAX);
}

static int read_config(struct virtio_blk *disk)
{
	struct blk_dev *dev = &disk->dev;
	int err = hwvirtio_config64(&disk->device, BLK_CONFIG_CAPACITY, &dev->sectors);

	dev->block_size =
		config_if(disk, BLK_F_BLK_SIZE, BLK_CONFIG_BLK_SIZE, (uint32_t)BLK_SECTOR);
	dev->piece_max = MIN(config_if(disk, BLK_F_SIZE_MAX, BLK_CONFIG_SIZE_MAX, UINT32_MAX),
			     (uint32_t)PIECE_MAX);
	dev->pieces_max = MIN(config_if(disk, BLK_F_SEG_MAX, BLK_CONFIG_SEG_MAX, BLK_PIECES),
			      (uint32_t)BLK_PIECES);
	dev->read_only = (disk->device.features & BLK_F_RO) != 0;
	dev->flushes = (disk->device.features & BLK_F_FLUSH) != 0;
	if (err == 0 && (!is_power_of_two(dev->block_size) || dev->block_size < BLK_SECTOR ||
			 dev->block_size > PAGE_SIZE || dev->piece_max < PAGE_SIZE ||
			 dev->pieces_max == 0 || dev->sectors >= BIT(54))) {
		err = -ERANGE;
	}
	if (err == 0) {
		read_ranges(disk);
	}
	return err;
}

struct blk_dev *virtio_blk_open(volatile uint8_t *regs, void *memory, int *err)
{
	uint8_t *pages = memory;
	struct virtio_blk *disk = memory;

	_Static_assert(sizeof(*disk) <= PAGE_SIZE && SLOTS * sizeof(struct slot) <= PAGE_SIZE,
		       "each has a page");
	_Static_assert(VIRTIO_BLK_PAGES == 2 + HWRING_PAGES, "and the queue its own");
	disk->slot = (struct slot *)(void *)(pages + PAGE_SIZE);
	*err = hwvirtio_open(&disk->device, regs);
	if (*err == 0 && disk->device.id != VIRTIO_ID_BLK) {
		*err = -ENODEV;
	}
	*err = *err != 0 ? *err : hwvirtio_agree(&disk->device, WANTED);
	*err = *err != 0 ? *err : read_config(disk);
	*err = *err != 0 ? *err :
			   hwvirtio_queue(&disk->device, 0, &disk->ring, pages + 2 * PAGE_SIZE,
					  HWRING_SIZE_MAX);
	disk->slot_count = disk->ring.size / PER_SLOT;
	if (*err == 0 && disk->slot_count == 0) {
		*err = -ERANGE;
	}
	if (*err != 0) {
		return NULL;
	}
	disk->dev.ops = &virtio_blk_ops;
	disk->dev.room = disk->slot_count;
	blk_init(&disk->dev);
	hwvirtio_begin(&disk->device);
	return &disk->dev;
}
