/* SPDX-License-Identifier: Apache-2.0 */
/* A disk whose blocks are a partition of a disk of the board's. For blk.c and the boot code. */
#ifndef DRIVERS_VIRTIO_BLK_PART_H
#define DRIVERS_VIRTIO_BLK_PART_H

#include "core/base/arena.h"
#include "drivers/emul/vdev.h"
#include "drivers/hw/blk/parts.h"

#define BLK_PART_PAGES 3 /* of EL2's memory, that one takes beside the arena's */

/* As vdev_type.create. config->disk.part has been set, and is not looked for yet. */
int blk_part_create(struct vm *vm, const struct vdev_config *config, struct arena *arena,
		    struct vdev **out);

/* blk_part.settled: owner is the device. */
void blk_part_settled(struct blk_part *part, void *owner);

#endif
