/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A virtio device of the board behind virtio-mmio, version 2, driven by EL2. virtio 1.2 3.1, 4.2.
 *
 * Its registers are mapped and nobody else's. It reads and writes memory by physical addresses, and
 * is coherent with the CPUs' caches (docs/assumptions.md). Nothing here waits for it: what it does
 * not answer within a bounded number of reads is an error.
 */
#ifndef DRIVERS_HW_VIRTIO_HWVIRTIO_H
#define DRIVERS_HW_VIRTIO_HWVIRTIO_H

#include "drivers/hw/virtio/hwring.h"
#include "drivers/hw/virtio/mmio_regs.h"

struct hwvirtio {
	volatile uint8_t *regs;
	uint32_t id;	   /* what it is: 5 */
	uint64_t features; /* as agreed upon */
};

/* What lies at these registers; it is reset. 0; -ENODEV: no virtio device, or an empty place of
 * one; -ENOSYS: one of version 1; -EIO: it does not come out of its reset. */
int hwvirtio_open(struct hwvirtio *device, volatile uint8_t *regs);

/* Agrees upon those of `wanted` that it has, and what the transport needs. 0; -EIO: it does not. */
int hwvirtio_agree(struct hwvirtio *device, uint64_t wanted);

/* Sets a queue up in `memory`, HWRING_PAGES pages of zeroes: of at most `size`, a power of two. 0;
 * -EIO: it has no such queue. */
int hwvirtio_queue(const struct hwvirtio *device, uint32_t index, struct hwring *ring, void *memory,
		   uint16_t size);

/* The driver's last word: it works from here on. */
void hwvirtio_begin(const struct hwvirtio *device);

void hwvirtio_notify(const struct hwvirtio *device, uint32_t queue);

/* Why it interrupts (VIRTIO_INTERRUPT_*), which is acknowledged. */
uint32_t hwvirtio_interrupts(const struct hwvirtio *device);

/* It asks for a reset. */
bool hwvirtio_is_broken(const struct hwvirtio *device);

/* Resets it. True: it is, and touches no memory any more; false: not yet, ask again. */
bool hwvirtio_reset(const struct hwvirtio *device);

/* Of its configuration, which they must be in: fields of 8, 16 and 32 bits, 4.2.2.2. */
uint8_t hwvirtio_config8(const struct hwvirtio *device, uint32_t off);
uint16_t hwvirtio_config16(const struct hwvirtio *device, uint32_t off);
uint32_t hwvirtio_config(const struct hwvirtio *device, uint32_t off);

/* Two words of it that belong together. 0; -EIO: they change and change. */
int hwvirtio_config64(const struct hwvirtio *device, uint32_t off, uint64_t *value);

#endif
