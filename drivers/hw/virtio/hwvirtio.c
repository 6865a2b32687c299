/* SPDX-License-Identifier: Apache-2.0 */
/* A virtio device of the board behind virtio-mmio. virtio 1.2 3.1, 4.2. */
#include "drivers/hw/virtio/hwvirtio.h"

#include "core/arm64/barrier.h"
#include "core/base/errno.h"
#include "mm/page_alloc.h"

#define TRIES 100 /* reads of a register that is to change */

static uint32_t reg_read(const struct hwvirtio *device, uint32_t off)
{
	return *(volatile uint32_t *)(device->regs + off);
}

static void reg_write(const struct hwvirtio *device, uint32_t off, uint32_t value)
{
	*(volatile uint32_t *)(device->regs + off) = value;
}

bool hwvirtio_reset(const struct hwvirtio *device)
{
	reg_write(device, VIRTIO_MMIO_STATUS, 0);
	for (uint32_t i = 0; i < TRIES; i++) {
		if (reg_read(device, VIRTIO_MMIO_STATUS) == 0) {
			return true;
		}
	}
	return false;
}

int hwvirtio_open(struct hwvirtio *device, volatile uint8_t *regs)
{
	*device = (struct hwvirtio){.regs = regs};
	if (reg_read(device, VIRTIO_MMIO_MAGIC) != VIRTIO_MMIO_MAGIC_VALUE) {
		return -ENODEV;
	}
	device->id = reg_read(device, VIRTIO_MMIO_DEVICE_ID);
	if (device->id == 0) {
		return -ENODEV;
	}
	if (reg_read(device, VIRTIO_MMIO_VERSION) != 2) {
		return -ENOSYS;
	}
	return hwvirtio_reset(device) ? 0 : -EIO;
}

static void add_status(const struct hwvirtio *device, uint32_t bit)
{
	reg_write(device, VIRTIO_MMIO_STATUS, reg_read(device, VIRTIO_MMIO_STATUS) | bit);
}

int hwvirtio_agree(struct hwvirtio *device, uint64_t wanted)
{
	uint64_t offered;

	add_status(device, VIRTIO_STATUS_ACKNOWLEDGE);
	add_status(device, VIRTIO_STATUS_DRIVER);
	reg_write(device, VIRTIO_MMIO_FEATURES_SEL, 1);
	offered = (uint64_t)reg_read(device, VIRTIO_MMIO_FEATURES) << 32;
	reg_write(device, VIRTIO_MMIO_FEATURES_SEL, 0);
	offered |= reg_read(device, VIRTIO_MMIO_FEATURES);
	/* ACCESS_PLATFORM: physical addresses are the platform's where no IOMMU stands between,
	 * 6.1 */
	device->features =
		offered & (wanted | VIRTIO_FEATURE_VERSION_1 | VIRTIO_FEATURE_ACCESS_PLATFORM);
	if ((device->features & VIRTIO_FEATURE_VERSION_1) == 0) {
		return -EIO;
	}
	reg_write(device, VIRTIO_MMIO_ACCEPT_SEL, 1);
	reg_write(device, VIRTIO_MMIO_ACCEPT, (uint32_t)(device->features >> 32));
	reg_write(device, VIRTIO_MMIO_ACCEPT_SEL, 0);
	reg_write(device, VIRTIO_MMIO_ACCEPT, (uint32_t)device->features);
	add_status(device, VIRTIO_STATUS_FEATURES_OK);
	return (reg_read(device, VIRTIO_MMIO_STATUS) & VIRTIO_STATUS_FEATURES_OK) != 0 ? 0 : -EIO;
}

static void set_address(const struct hwvirtio *device, uint32_t off, const void *at)
{
	uint64_t pa = virt_to_phys(at);

	reg_write(device, off, (uint32_t)pa);
	reg_write(device, off + 4, (uint32_t)(pa >> 32));
}

int hwvirtio_queue(const struct hwvirtio *device, uint32_t index, struct hwring *ring, void *memory,
		   uint16_t size)
{
	uint32_t max;

	reg_write(device, VIRTIO_MMIO_QUEUE_SEL, index);
	max = reg_read(device, VIRTIO_MMIO_QUEUE_SIZE_MAX);
	while (size > max) {
		size /= 2;
	}
	if (size == 0 || reg_read(device, VIRTIO_MMIO_QUEUE_READY) != 0) {
		return -EIO;
	}
	hwring_init(ring, memory, size);
	/* its zeroes before the device is told where they are */
	dmb(osh);
	reg_write(device, VIRTIO_MMIO_QUEUE_SIZE, size);
	set_address(device, VIRTIO_MMIO_QUEUE_DESC, ring->desc);
	set_address(device, VIRTIO_MMIO_QUEUE_DRIVER, ring->avail);
	set_address(device, VIRTIO_MMIO_QUEUE_DEVICE, ring->used);
	reg_write(device, VIRTIO_MMIO_QUEUE_READY, 1);
	return 0;
}

void hwvirtio_begin(const struct hwvirtio *device)
{
	add_status(device, VIRTIO_STATUS_DRIVER_OK);
}

void hwvirtio_notify(const struct hwvirtio *device, uint32_t queue)
{
	reg_write(device, VIRTIO_MMIO_QUEUE_NOTIFY, queue);
}

uint32_t hwvirtio_interrupts(const struct hwvirtio *device)
{
	uint32_t why = reg_read(device, VIRTIO_MMIO_INTERRUPT_STATUS);

	reg_write(device, VIRTIO_MMIO_INTERRUPT_ACK, why);
	return why;
}

bool hwvirtio_is_broken(const struct hwvirtio *device)
{
	return (reg_read(device, VIRTIO_MMIO_STATUS) & VIRTIO_STATUS_NEEDS_RESET) != 0;
}

uint8_t hwvirtio_config8(const struct hwvirtio *device, uint32_t off)
{
	return *(device->regs + VIRTIO_MMIO_CONFIG + off);
}

uint16_t hwvirtio_config16(const struct hwvirtio *device, uint32_t off)
{
	return *(volatile uint16_t *)(device->regs + VIRTIO_MMIO_CONFIG + off);
}

uint32_t hwvirtio_config(const struct hwvirtio *device, uint32_t off)
{
	return reg_read(device, VIRTIO_MMIO_CONFIG + off);
}

int hwvirtio_config64(const struct hwvirtio *device, uint32_t off, uint64_t *value)
{
	for (uint32_t i = 0; i < TRIES; i++) {
		uint32_t before = reg_read(device, VIRTIO_MMIO_GENERATION);

		*value = hwvirtio_config(device, off) | (uint64_t)hwvirtio_config(device, off + 4)
								<< 32;
		if (reg_read(device, VIRTIO_MMIO_GENERATION) == before) {
			return 0;
		}
	}
	return -EIO;
}
