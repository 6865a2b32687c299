/* SPDX-License-Identifier: Apache-2.0 */
/* The bench guest's disk. virtio 1.2 5.2. */
#include "tests/bench/disk.h"

#include "tests/bench/virtio.h"

#define ID_BLOCK   2
#define BLOCK_SIZE 4096U

static struct {
	const struct machine_virtio *device;
	struct virtio_ring ring;
	struct {
		uint32_t type, reserved;
		uint64_t sector;
	} header;
	uint8_t status;
	uint8_t data[BLOCK_SIZE] __attribute__((aligned(4096)));
} disk;

bool disk_start(void)
{
	disk.device = virtio_find(ID_BLOCK, 0);
	return disk.device != NULL && virtio_start(disk.device, 0, &disk.ring, 1);
}

void disk_prepare(uint32_t size)
{
	struct virtio_descriptor *descriptor = disk.ring.descriptor;
	bool data = size != 0;

	descriptor[0] =
		(struct virtio_descriptor){(uint64_t)&disk.header, 16, VIRTIO_NEXT, data ? 1 : 2};
	descriptor[1] = (struct virtio_descriptor){(uint64_t)disk.data, size,
						   VIRTIO_NEXT | VIRTIO_WRITE, 2};
	descriptor[2] = (struct virtio_descriptor){(uint64_t)&disk.status, 1, VIRTIO_WRITE, 0};
	disk.status = 0xff;
}

void disk_read(void)
{
	virtio_give(&disk.ring);
	disk_notify();
}

void disk_notify(void)
{
	virtio_notify(disk.device, 0);
}

void disk_taken(void)
{
	virtio_ack(disk.device);
}

bool disk_is_good(void)
{
	return disk.status == 0 && virtio_is_idle(&disk.ring);
}
