/* SPDX-License-Identifier: Apache-2.0 */
/* A network interface of the board that is a virtio device. */
#ifndef DRIVERS_HW_NET_VIRTIO_NET_H
#define DRIVERS_HW_NET_VIRTIO_NET_H

#include "drivers/hw/net/nic.h"
#include "drivers/hw/virtio/hwring.h"

/* Itself, its three queues, and its buffers. */
#define VIRTIO_NET_BUFFER_PAGES (NIC_BUFFERS * NIC_BUFFER_SIZE / 4096)
#define VIRTIO_NET_PAGES	(1 + 3 * HWRING_PAGES + 2 * VIRTIO_NET_BUFFER_PAGES)

/*
 * The interface at these registers, which are mapped. `memory`: VIRTIO_NET_PAGES pages of zeroes,
 * its for ever. NULL, and why not in *err: -ENODEV: there is none; -ENOSYS: it is of virtio-mmio's
 * version 1; -ERANGE: its queues or packets are of a size that this driver can't use; -EIO: it does
 * not answer as it must. The CPU that takes its interrupt.
 */
struct nic *virtio_net_open(volatile uint8_t *regs, void *memory, int *err);

/* What came is to be told of from here on; work() is there. */
void virtio_net_begin(struct nic *nic);

#endif
