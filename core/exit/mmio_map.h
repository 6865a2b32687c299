/* SPDX-License-Identifier: Apache-2.0 */
/* The emulated regions of a VM: a sorted table. Constant after build. Pure. */
#ifndef CORE_EXIT_MMIO_MAP_H
#define CORE_EXIT_MMIO_MAP_H

#include "drivers/emul/mmio_ops.h"

#define MMIO_REGION_MAX (48)

struct mmio_region {
	uint64_t ipa, size;
	const struct mmio_ops *ops;
	void *dev;
};

/* A device of 512 bytes beside others of its size, and each part of a GIC, has a slot of its own in
 * `near`. */
#define MMIO_NEAR	    128
#define MMIO_NEAR_SLOT(ipa) ((((ipa) >> 9 ^ (ipa) >> 16) & 31) + ((ipa) >> 24 & 3) * 32)

struct mmio_map {
	struct mmio_region region[MMIO_REGION_MAX]; /* by ipa, disjoint */
	uint32_t count;
	uint8_t near[MMIO_NEAR]; /* the last region that begins in this slot, or 0 */
};

/* 0; -EEXIST: overlaps another; -ENOSPC. */
int mmio_map_add(struct mmio_map *map, uint64_t ipa, uint64_t size, const struct mmio_ops *ops,
		 void *dev);

/* The region that holds `ipa`, or NULL. */
const struct mmio_region *mmio_map_find(const struct mmio_map *map, uint64_t ipa);

#endif
