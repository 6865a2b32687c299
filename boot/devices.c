/* SPDX-License-Identifier: Apache-2.0 */
/* Devices of the board that EL2 drives for VMs. */
#include "boot/devices.h"

#include "core/arm64/features.h"
#include "core/base/errno.h"
#include "core/base/format.h"
#include "core/base/percpu.h"
#include "core/base/printk.h"
#include "core/config/board_virtio.h"
#include "core/config/config.h"
#include "core/exit/irq.h"
#include "drivers/hw/blk/parts.h"
#include "drivers/hw/blk/virtio_blk.h"
#include "drivers/virtio/blk_part.h"
#include "mm/hyp_map.h"
#include "mm/page_alloc.h"

#define TABLE_PAGES (GPT_TABLE_MAX / PAGE_SIZE)
#define DISK_PAGES  (1 + VIRTIO_BLK_PAGES + TABLE_PAGES)

/* A disk that VMs have partitions of; a page. */
struct disk {
	int node;	     /* of the board's tree */
	struct blk_dev *dev; /* NULL: it can't be driven, which was said */
	void *table;
	uint32_t part_count;
	struct blk_part part[CONFIG_PARTITION_MAX];
	struct parts parts;
};

static struct disk *disks[CONFIG_BOARD_DISK_MAX];
static uint32_t disk_count;

_Static_assert(sizeof(struct disk) <= PAGE_SIZE, "a disk has a page");
_Static_assert(CONFIG_PARTITION_MAX <= PARTS_MAX, "as many as one step looks at");
_Static_assert(CONFIG_BOARD_DISK_MAX + CONFIG_UPLINK_MAX <= IRQ_DRIVEN_MAX,
	       "each has an interrupt");

static bool wants_part(const struct vm_config *vm, uint32_t device)
{
	return !vm->refused && board_virtio_is_part(&vm->device[device]);
}

uint32_t devices_pages(const struct config *config)
{
	uint32_t parts = 0;

	for (uint32_t i = 0; i < config->vm_count; i++) {
		for (uint32_t k = 0; k < config->vm[i].device_count; k++) {
			parts += wants_part(&config->vm[i], k);
		}
	}
	/* and tables for their registers */
	return parts * (uint32_t)BLK_PART_PAGES +
	       MIN(parts, (uint32_t)CONFIG_BOARD_DISK_MAX) * (uint32_t)(DISK_PAGES + 3);
}

static void disk_interrupt(void *device)
{
	blk_interrupt(device);
}

static const char *fault_of(int err)
{
	switch (err) {
	case -ENOMEM:
		return "can't be driven: the hypervisor's own memory does not suffice";
	case -ENODEV:
		return "is no disk: no virtio device is there, or one of another kind";
	case -ENOSYS:
		return "is a virtio device of version 1 (legacy), and version 2 is needed: in QEMU "
		       "add -global virtio-mmio.force-legacy=false";
	case -ERANGE:
		return "has blocks, buffers or queues of sizes that this driver can't use";
	default:
		return "does not answer as a virtio device must";
	}
}

/* Its registers are EL2's, and it works. 0 or an error of virtio_blk_open(). */
static int start_disk(struct disk *disk, const struct board_virtio *found)
{
	void *memory = page_alloc(VIRTIO_BLK_PAGES);
	int err = memory == NULL ? -ENOMEM : hyp_map_device(found->regs);

	disk->table = page_alloc_dirty(TABLE_PAGES);
	if (err != 0 || disk->table == NULL) {
		return -ENOMEM;
	}
	disk->dev = virtio_blk_open((volatile uint8_t *)found->regs.base, memory, &err);
	return err;
}

/* What is said of it is the name by which the config calls it. */
static struct disk *open_disk(const struct board *board, const char *ref, struct registry *registry)
{
	struct disk *disk = page_alloc(1);
	struct board_virtio found;
	const char *fault = board_virtio_find(board, ref, &found);
	int err;

	if (disk == NULL) {
		return NULL;
	}
	disks[disk_count++] = disk;
	disk->node = found.node;
	err = fault == NULL ? start_disk(disk, &found) : -EIO;
	if (err != 0) {
		log_error("the disk %s %s", ref, fault != NULL ? fault : fault_of(err));
		return disk;
	}
	disk->dev->name = ref;
	/* others may have places in the same page */
	registry_claim(registry, found.regs);
	disk->dev->line.intid = found.intid;
	irq_drive(found.intid, disk_interrupt, disk->dev, "a disk");
	gic_enable_spi(found.intid, found.irq_flags, this_cpu(cpu_id).mpidr);
	log_info("disk %s: %llu MiB in blocks of %u bytes%s", ref,
		 (unsigned long long)(disk->dev->sectors >> 11), disk->dev->block_size,
		 disk->dev->read_only ? ", read-only" : "");
	return disk;
}

static struct disk *disk_of(const struct board *board, const char *ref, struct registry *registry)
{
	int node = dt_resolve(board->tree, ref);

	for (uint32_t i = 0; i < disk_count; i++) {
		if (disks[i]->node == node) {
			return disks[i];
		}
	}
	return disk_count == CONFIG_BOARD_DISK_MAX ? NULL : open_disk(board, ref, registry);
}

static void add_part(struct disk *disk, struct disk_config *config)
{
	config->part = &disk->part[disk->part_count++];
	*config->part = (struct blk_part){
		.dev = disk->dev,
		.wanted = config->partition,
		.settled = blk_part_settled,
	};
}

void devices_open(struct config *config, const struct board *board, struct registry *registry,
		  struct diag *diag)
{
	for (uint32_t i = 0; i < config->vm_count; i++) {
		struct vm_config *vm = &config->vm[i];

		for (uint32_t k = 0; k < vm->device_count; k++) {
			struct vdev_config *device = &vm->device[k];
			char path[DT_PATH_MAX];
			struct disk *disk;

			if (!wants_part(vm, k)) {
				continue;
			}
			disk = disk_of(board, device->disk.board_disk, registry);
			if (disk != NULL && disk->dev != NULL) {
				add_part(disk, &device->disk);
				continue;
			}
			format(path, sizeof(path), "/vms/%s/devices/%s", vm->name, device->name);
			diag_error(diag, path, "disk", "\"%s\" can't be driven: see above",
				   device->disk.board_disk);
			vm->refused = true;
		}
	}
}

void devices_look(void)
{
	for (uint32_t i = 0; i < disk_count; i++) {
		struct disk *disk = disks[i];

		if (disk->dev != NULL) {
			parts_begin(&disk->parts, disk->dev, disk->part, disk->part_count,
				    disk->table);
		}
	}
}
