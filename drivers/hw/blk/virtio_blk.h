/* SPDX-License-Identifier: Apache-2.0 */
/* A disk of the board that is a virtio device. */
#ifndef DRIVERS_HW_BLK_VIRTIO_BLK_H
#define DRIVERS_HW_BLK_VIRTIO_BLK_H

#include "drivers/hw/blk/blk.h"

#define VIRTIO_BLK_PAGES 4

/*
 * The disk at these registers, which are mapped. `memory`: VIRTIO_BLK_PAGES pages of zeroes, its
 * for ever. NULL, and why not in *err: -ENODEV: there is no disk; -ENOSYS: it is of virtio-mmio's
 * version 1; -ERANGE: its blocks or pieces are of a size that this driver can't do; -EIO: it does
 * not answer as it must. The CPU that takes its interrupt.
 */
struct blk_dev *virtio_blk_open(volatile uint8_t *regs, void *memory, int *err);

#endif
