/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of physical ranges, as ranges.h promises them. */
#include "core/base/ranges.h"

#include "core/base/string.h"

static uint64_t end_of(struct prange range)
{
	return range.base + range.size;
}

/* Opens a gap for `more` entries at `at`, in place of the `gone` entries there. */
static void make_gap(struct prange *list, uint32_t *count, uint32_t at, uint32_t gone,
		     uint32_t more)
{
	memmove(&list[at + more], &list[at + gone], (*count - at - gone) * sizeof(*list));
	*count = *count - gone + more;
}

bool ranges_add(struct prange *list, uint32_t *count, uint32_t max, struct prange range)
{
	uint32_t at = 0, end;

	if (range.size == 0) {
		return true;
	}
	while (at < *count && end_of(list[at]) < range.base) {
		at++;
	}
	for (end = at; end < *count && list[end].base <= end_of(range); end++) {
		uint64_t limit = MAX(end_of(list[end]), end_of(range));

		range.base = MIN(range.base, list[end].base);
		range.size = limit - range.base;
	}
	if (end == at && *count == max) {
		return false;
	}
	make_gap(list, count, at, end - at, 1);
	list[at] = range;
	return true;
}

bool ranges_remove(struct prange *list, uint32_t *count, uint32_t max, struct prange range)
{
	struct prange rest[2];
	uint32_t at = 0, end, rest_count = 0;
	bool full;

	while (at < *count && end_of(list[at]) <= range.base) {
		at++;
	}
	for (end = at; end < *count && list[end].base < end_of(range); end++) {
	}
	if (end == at || range.size == 0) {
		return true;
	}
	if (list[at].base < range.base) {
		rest[rest_count++] = (struct prange){list[at].base, range.base - list[at].base};
	}
	if (end_of(list[end - 1]) > end_of(range)) {
		rest[rest_count++] =
			(struct prange){end_of(range), end_of(list[end - 1]) - end_of(range)};
	}
	full = *count - (end - at) + rest_count > max;
	if (full) {
		rest[0] = rest[0].size >= rest[1].size ? rest[0] : rest[1];
		rest_count = 1;
	}
	make_gap(list, count, at, end - at, rest_count);
	memcpy(&list[at], rest, rest_count * sizeof(*list));
	return !full;
}

bool ranges_hold(const struct prange *list, uint32_t count, struct prange range)
{
	for (uint32_t i = 0; i < count; i++) {
		if (range_contains(list[i].base, list[i].size, range.base, range.size)) {
			return true;
		}
	}
	return false;
}

const struct prange *ranges_find_overlap(const struct prange *list, uint32_t count,
					 struct prange range)
{
	for (uint32_t i = 0; i < count; i++) {
		if (ranges_overlap(list[i].base, list[i].size, range.base, range.size)) {
			return &list[i];
		}
	}
	return NULL;
}
