/* SPDX-License-Identifier: Apache-2.0 */
/* A virtio device of the board, in place of drivers/hw/virtio/hwvirtio.c: served by hand. */
#ifndef TESTS_UNIT_FAKE_HWVIRTIO_H
#define TESTS_UNIT_FAKE_HWVIRTIO_H

#include "drivers/hw/virtio/hwvirtio.h"

#define FAKE_QUEUES 4

struct fake_hwvirtio {
	int open_err, agree_err;
	uint32_t id;
	uint64_t features;
	uint8_t config[64] __attribute__((aligned(8)));
	uint16_t queue_max[FAKE_QUEUES]; /* 0: it has not got that one */
	uint32_t interrupts;		 /* why it interrupts */
	uint32_t status;		 /* VIRTIO_STATUS_DRIVER_OK and _NEEDS_RESET of it */
	bool stuck;			 /* it does not come out of its reset */

	bool begun;
	uint32_t resets, notified[FAKE_QUEUES];
	struct {
		uint16_t size, seen, put;
		struct hwring_desc *desc;
		uint16_t *avail;
		uint32_t *used;
	} queue[FAKE_QUEUES];
};
extern struct fake_hwvirtio fake_hwvirtio;

/* The chain that the device takes next: its first descriptor's index; -1: there is none. */
int fake_hwvirtio_take(uint32_t queue);

/* It has done chain `id`. */
void fake_hwvirtio_put(uint32_t queue, uint32_t id, uint32_t written);

/* It asks for a reset: 2.1.2. */
void fake_hwvirtio_ask(void);

#endif
