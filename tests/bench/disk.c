/* SPDX-License-Identifier: Apache-2.0 */
/* The bench guest's disk: a split ring, as short as can be. virtio 1.2 2.7, 4.2, 5.2. */
#include "tests/bench/disk.h"

#include "tests/bench/machine.h"

#define SIZE 4U /* of the queue */

#define DEVICE_ID    0x008
#define ACCEPT	     0x020
#define ACCEPT_SEL   0x024
#define QUEUE_SEL    0x030
#define QUEUE_SIZE   0x038
#define QUEUE_READY  0x044
#define QUEUE_NOTIFY 0x050
#define ACK	     0x064
#define STATUS	     0x070
#define QUEUE_DESC   0x080
#define QUEUE_DRIVER 0x090
#define QUEUE_DEVICE 0x0a0

#define ID_BLOCK   2
#define NEXT	   1
#define WRITE	   2
#define DRIVER_OK  15
#define VERSION_1  1 /* in the upper word */
#define BLOCK_SIZE 4096U

struct descriptor {
	uint64_t address;
	uint32_t size;
	uint16_t flags, next;
};

static struct {
	struct descriptor descriptor[SIZE] __attribute__((aligned(16)));
	struct {
		uint16_t flags, index, ring[SIZE];
	} available;
	struct {
		uint16_t flags, index;
		struct {
			uint32_t id, size;
		} ring[SIZE];
	} used __attribute__((aligned(4)));
	struct {
		uint32_t type, reserved;
		uint64_t sector;
	} header;
	uint8_t status;
	uint8_t data[BLOCK_SIZE] __attribute__((aligned(4096)));
} disk;

static void set(uint32_t off, uint64_t value)
{
	mmio_write32(machine.disk + off, (uint32_t)value);
}

bool disk_start(void)
{
	if (machine.disk == 0 || mmio_read32(machine.disk + DEVICE_ID) != ID_BLOCK) {
		return false;
	}
	set(STATUS, 0);
	set(STATUS, 3);
	set(ACCEPT_SEL, 1);
	set(ACCEPT, VERSION_1);
	set(STATUS, 11);
	set(QUEUE_SEL, 0);
	set(QUEUE_SIZE, SIZE);
	/* the guest is linked below 4 GiB: the upper words stay 0 */
	set(QUEUE_DESC, (uint64_t)disk.descriptor);
	set(QUEUE_DRIVER, (uint64_t)&disk.available);
	set(QUEUE_DEVICE, (uint64_t)&disk.used);
	set(QUEUE_READY, 1);
	set(STATUS, DRIVER_OK);
	gic_start_disk();
	return mmio_read32(machine.disk + STATUS) == DRIVER_OK;
}

void disk_prepare(uint32_t size)
{
	bool data = size != 0;

	disk.descriptor[0] = (struct descriptor){(uint64_t)&disk.header, 16, NEXT, data ? 1 : 2};
	disk.descriptor[1] = (struct descriptor){(uint64_t)disk.data, size, NEXT | WRITE, 2};
	disk.descriptor[2] = (struct descriptor){(uint64_t)&disk.status, 1, WRITE, 0};
	disk.status = 0xff;
}

void disk_read(void)
{
	dmb(ishst); /* the request before its number, as the device sees them */
	WRITE_ONCE(disk.available.index, (uint16_t)(disk.available.index + 1));
	disk_notify();
}

void disk_notify(void)
{
	dmb(ish); /* what is in the ring before the device is told */
	set(QUEUE_NOTIFY, 0);
}

void disk_taken(void)
{
	set(ACK, 1);
}

bool disk_is_good(void)
{
	return disk.status == 0 && disk.used.index == disk.available.index;
}
