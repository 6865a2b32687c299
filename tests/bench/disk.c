/* SPDX-License-Identifier: Apache-2.0 */
/* The bench guest's disk. virtio 1.2 5.2. */
#include "tests/bench/disk.h"

#include "tests/bench/virtio.h"

#define ID_BLOCK   2
#define BLOCK_SIZE 4096U

static struct {
	const struct machine_virtio *device;
	struct virtio_ring ring;
	struct virtio_packed packed;
	bool is_packed;
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

bool disk_start_packed(uint32_t size)
{
	disk_prepare(size);
	disk.device = virtio_find(ID_BLOCK, 0);
	disk.is_packed = true;
	return disk.device != NULL && virtio_start_packed(disk.device, 0, &disk.packed, 1);
}

void disk_prepare(uint32_t size)
{
	const struct virtio_buffer header = {&disk.header, 16, 0},
				   data = {disk.data, size, VIRTIO_WRITE},
				   status = {&disk.status, 1, VIRTIO_WRITE};
	const struct virtio_buffer chain[] = {header, size != 0 ? data : status, status};
	unsigned int count = size != 0 ? 3 : 2;

	virtio_describe(&disk.ring, chain, count);
	virtio_describe_packed(&disk.packed, chain, count);
	disk.status = 0xff;
}

void disk_read(void)
{
	virtio_give(&disk.ring);
	disk_notify();
}

void disk_read_packed(void)
{
	virtio_give_packed(&disk.packed);
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
	return disk.status == 0 &&
	       (disk.is_packed ? virtio_is_idle_packed(&disk.packed) : virtio_is_idle(&disk.ring));
}
