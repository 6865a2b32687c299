/* SPDX-License-Identifier: Apache-2.0 */
/* The emulated regions of a VM. */
#include "core/exit/mmio_map.h"

#include "core/base/errno.h"

int mmio_map_add(struct mmio_map *map, uint64_t ipa, uint64_t size, const struct mmio_ops *ops,
		 void *dev)
{
	uint32_t at = 0;

	if (map->count == MMIO_REGION_MAX) {
		return -ENOSPC;
	}
	for (uint32_t i = 0; i < map->count; i++) {
		if (ranges_overlap(map->region[i].ipa, map->region[i].size, ipa, size)) {
			return -EEXIST;
		}
		at += map->region[i].ipa < ipa;
	}
	for (uint32_t i = map->count; i > at; i--) {
		map->region[i] = map->region[i - 1];
	}
	map->region[at] = (struct mmio_region){.ipa = ipa, .size = size, .ops = ops, .dev = dev};
	map->count++;
	for (uint32_t i = at; i < map->count; i++) {
		map->near[MMIO_NEAR_SLOT(map->region[i].ipa)] = (uint8_t)i;
	}
	return 0;
}

const struct mmio_region *mmio_map_find(const struct mmio_map *map, uint64_t ipa)
{
	const struct mmio_region *near = &map->region[map->near[MMIO_NEAR_SLOT(ipa)]];
	uint32_t low = 0, high = map->count;

	if (likely(ipa - near->ipa < near->size)) {
		return near;
	}
	while (low < high) {
		uint32_t middle = (low + high) / 2;
		const struct mmio_region *region = &map->region[middle];

		if (ipa < region->ipa) {
			high = middle;
		} else if (ipa - region->ipa >= region->size) {
			low = middle + 1;
		} else {
			return region;
		}
	}
	return NULL;
}
