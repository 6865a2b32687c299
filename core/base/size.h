/* SPDX-License-Identifier: Apache-2.0 */
/* Sizes of memory as people write them. */
#ifndef CORE_BASE_SIZE_H
#define CORE_BASE_SIZE_H

#include "core/base/string.h"

/* "384", "384M": MiB; "64K", "1G". False: it is none, or has more than 64 bits. */
static inline bool size_parse(const char *word, uint64_t *bytes)
{
	char *end;
	uint64_t value = strtoul(word, &end, 10);
	unsigned int shift = *end == 'K' ? 10 : *end == 'G' ? 30 : 20;

	if (end == word || (*end != '\0' && (strchr("KMG", *end) == NULL || end[1] != '\0')) ||
	    value > UINT64_MAX >> shift) {
		return false;
	}
	*bytes = value << shift;
	return true;
}

#endif
