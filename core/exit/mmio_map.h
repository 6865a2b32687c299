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

struct mmio_map {
	struct mmio_region region[MMIO_REGION_MAX]; /* by ipa, disjoint */
	uint32_t count;
};

/* 0; -EEXIST: overlaps another; -ENOSPC. */
int mmio_map_add(struct mmio_map *map, uint64_t ipa, uint64_t size, const struct mmio_ops *ops,
		 void *dev);

/* The region that holds `ipa`, or NULL. */
const struct mmio_region *mmio_map_find(const struct mmio_map *map, uint64_t ipa);

#endif
