/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of physical ranges: sorted, disjoint, in an array the caller owns. Pure. */
#ifndef CORE_BASE_RANGES_H
#define CORE_BASE_RANGES_H

#include "core/base/types.h"

/* Adds a range, merged with those it touches. False when there is no room; the list is then
 * unchanged. */
bool ranges_add(struct prange *list, uint32_t *count, uint32_t max, struct prange range);

/*
 * Takes a range out; what of it is not in the list is ignored. False when cutting a hole needs one
 * more entry than there is room for: the list then loses the smaller rest too, so that nothing
 * taken stays in it.
 */
bool ranges_remove(struct prange *list, uint32_t *count, uint32_t max, struct prange range);

/* All of `range` lies in one entry. */
bool ranges_hold(const struct prange *list, uint32_t count, struct prange range);

/* The first entry that shares a byte with `range`, or NULL. */
const struct prange *ranges_find_overlap(const struct prange *list, uint32_t count,
					 struct prange range);

#endif
