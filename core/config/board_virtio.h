/* SPDX-License-Identifier: Apache-2.0 */
/* Virtio devices of the board that EL2 drives for its VMs. Pure. */
#ifndef CORE_CONFIG_BOARD_VIRTIO_H
#define CORE_CONFIG_BOARD_VIRTIO_H

#include "boot/board_types.h"
#include "core/config/config_types.h"
#include "core/fdt/dt.h"

struct board_virtio {
	int node; /* of the board's tree */
	struct prange regs;
	uint32_t intid, irq_flags;
};

/* What a board ref names. NULL, or why EL2 can't drive it: "is disabled …", behind its name. */
const char *board_virtio_find(const struct board *board, const char *ref, struct board_virtio *out);

/* The device is a partition of a disk of the board, without an error of its own. */
bool board_virtio_is_part(const struct vdev_config *device);

#endif
