/* SPDX-License-Identifier: Apache-2.0 */
/* A bump allocator over memory the caller owns. */
#include "core/base/arena.h"

#include "core/base/bits.h"
#include "core/base/string.h"

#define ARENA_ALIGN 16

void *arena_alloc(struct arena *arena, size_t size)
{
	uintptr_t start = align_up((uintptr_t)arena->base + arena->used, ARENA_ALIGN);
	size_t offset = start - (uintptr_t)arena->base;
	uint8_t *mem;

	if (offset > arena->size || size > arena->size - offset) {
		return NULL;
	}
	mem = arena->base + offset;
	arena->used = offset + size;
	memset(mem, 0, size);
	return mem;
}
