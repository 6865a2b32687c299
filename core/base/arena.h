/* SPDX-License-Identifier: Apache-2.0 */
/* A bump allocator over memory the caller owns: for what is made once at boot and kept. Pure. */
#ifndef CORE_BASE_ARENA_H
#define CORE_BASE_ARENA_H

#include "core/base/types.h"

struct arena {
	uint8_t *base;
	size_t size;
	size_t used;
};

/* `size` zeroed bytes, 16-byte aligned; NULL when the arena is full (it stays usable). */
void *arena_alloc(struct arena *arena, size_t size);

#endif
