/* SPDX-License-Identifier: Apache-2.0 */
/* A virtio device of the board, served by hand. */
#include "tests/unit/fake_hwvirtio.h"

#include <string.h>

#include "core/base/errno.h"
#include "mm/page_alloc.h"

struct fake_hwvirtio fake_hwvirtio;

uint64_t virt_to_phys(const void *virt)
{
	return (uint64_t)virt;
}

int hwvirtio_open(struct hwvirtio *device, volatile uint8_t *regs)
{
	*device = (struct hwvirtio){.regs = regs, .id = fake_hwvirtio.id};
	return fake_hwvirtio.open_err;
}

int hwvirtio_agree(struct hwvirtio *device, uint64_t wanted)
{
	device->features = fake_hwvirtio.features & wanted;
	return fake_hwvirtio.agree_err;
}

int hwvirtio_queue(const struct hwvirtio *device, uint32_t index, struct hwring *ring, void *memory,
		   uint16_t size)
{
	uint16_t max = fake_hwvirtio.queue_max[index];

	(void)device;
	while (size > max) {
		size /= 2;
	}
	if (size == 0) {
		return -EIO;
	}
	hwring_init(ring, memory, size);
	fake_hwvirtio.queue[index].size = size;
	fake_hwvirtio.queue[index].desc = ring->desc;
	fake_hwvirtio.queue[index].avail = ring->avail;
	fake_hwvirtio.queue[index].used = ring->used;
	return 0;
}

void hwvirtio_begin(const struct hwvirtio *device)
{
	(void)device;
	fake_hwvirtio.begun = true;
	fake_hwvirtio.status |= VIRTIO_STATUS_DRIVER_OK;
}

void hwvirtio_notify(const struct hwvirtio *device, uint32_t queue)
{
	(void)device;
	fake_hwvirtio.notified[queue]++;
}

uint32_t hwvirtio_interrupts(const struct hwvirtio *device)
{
	uint32_t why = fake_hwvirtio.interrupts;

	(void)device;
	fake_hwvirtio.interrupts = 0;
	return why;
}

bool hwvirtio_reset(const struct hwvirtio *device)
{
	(void)device;
	fake_hwvirtio.resets++;
	fake_hwvirtio.status = fake_hwvirtio.stuck ? fake_hwvirtio.status : 0;
	return !fake_hwvirtio.stuck;
}

bool hwvirtio_is_broken(const struct hwvirtio *device)
{
	(void)device;
	return (fake_hwvirtio.status & VIRTIO_STATUS_NEEDS_RESET) != 0;
}

void fake_hwvirtio_ask(void)
{
	fake_hwvirtio.status |= VIRTIO_STATUS_NEEDS_RESET;
	fake_hwvirtio.interrupts |= VIRTIO_INTERRUPT_CONFIG;
}

uint8_t hwvirtio_config8(const struct hwvirtio *device, uint32_t off)
{
	(void)device;
	return fake_hwvirtio.config[off];
}

uint16_t hwvirtio_config16(const struct hwvirtio *device, uint32_t off)
{
	uint16_t value;

	(void)device;
	memcpy(&value, fake_hwvirtio.config + off, sizeof(value));
	return value;
}

uint32_t hwvirtio_config(const struct hwvirtio *device, uint32_t off)
{
	uint32_t value;

	(void)device;
	memcpy(&value, fake_hwvirtio.config + off, sizeof(value));
	return value;
}

int hwvirtio_config64(const struct hwvirtio *device, uint32_t off, uint64_t *value)
{
	(void)device;
	memcpy(value, fake_hwvirtio.config + off, sizeof(*value));
	return 0;
}

int fake_hwvirtio_take(uint32_t queue)
{
	uint16_t *avail = fake_hwvirtio.queue[queue].avail;

	if (avail[1] == fake_hwvirtio.queue[queue].seen) {
		return -1;
	}
	return avail[2 + fake_hwvirtio.queue[queue].seen++ % fake_hwvirtio.queue[queue].size];
}

void fake_hwvirtio_put(uint32_t queue, uint32_t id, uint32_t written)
{
	uint32_t *used = fake_hwvirtio.queue[queue].used;
	uint32_t at = fake_hwvirtio.queue[queue].put++ % fake_hwvirtio.queue[queue].size;

	used[1 + 2 * at] = id;
	used[2 + 2 * at] = written;
	used[0] = (uint32_t)fake_hwvirtio.queue[queue].put << 16 | (used[0] & 0xffff);
	fake_hwvirtio.interrupts |= VIRTIO_INTERRUPT_USED;
}
