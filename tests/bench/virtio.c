/* SPDX-License-Identifier: Apache-2.0 */
/* How a virtio device is set up. virtio 1.2 3.1, 4.2.3. */
#include "tests/bench/virtio.h"

#define DEVICE_ID    0x008
#define ACCEPT	     0x020
#define ACCEPT_SEL   0x024
#define QUEUE_SEL    0x030
#define QUEUE_SIZE   0x038
#define QUEUE_READY  0x044
#define STATUS	     0x070
#define QUEUE_DESC   0x080
#define QUEUE_DRIVER 0x090
#define QUEUE_DEVICE 0x0a0

#define ACKNOWLEDGED 3 /* and there is a driver */
#define FEATURES_OK  11
#define DRIVER_OK    15
#define VERSION_1    1 /* in the upper word */

const struct machine_virtio *virtio_find(uint32_t id, unsigned int index)
{
	for (unsigned int i = 0; i < machine.virtio_count; i++) {
		const struct machine_virtio *device = &machine.virtio[i];

		if (mmio_read32(device->base + DEVICE_ID) == id && index-- == 0) {
			return device;
		}
	}
	return NULL;
}

bool virtio_start(const struct machine_virtio *device, uint32_t features, struct virtio_ring *ring,
		  unsigned int count)
{
	uint64_t base = device->base;

	mmio_write32(base + STATUS, 0);
	mmio_write32(base + STATUS, ACKNOWLEDGED);
	mmio_write32(base + ACCEPT_SEL, 0);
	mmio_write32(base + ACCEPT, features);
	mmio_write32(base + ACCEPT_SEL, 1);
	mmio_write32(base + ACCEPT, VERSION_1);
	mmio_write32(base + STATUS, FEATURES_OK);
	for (unsigned int i = 0; i < count; i++) {
		mmio_write32(base + QUEUE_SEL, i);
		mmio_write32(base + QUEUE_SIZE, VIRTIO_RING);
		/* the guest is linked below 4 GiB: the upper words stay 0 */
		mmio_write32(base + QUEUE_DESC, (uint32_t)(uint64_t)ring[i].descriptor);
		mmio_write32(base + QUEUE_DRIVER, (uint32_t)(uint64_t)&ring[i].available);
		mmio_write32(base + QUEUE_DEVICE, (uint32_t)(uint64_t)&ring[i].used);
		mmio_write32(base + QUEUE_READY, 1);
	}
	mmio_write32(base + STATUS, DRIVER_OK);
	gic_start_edge(device->intid);
	return mmio_read32(base + STATUS) == DRIVER_OK;
}
