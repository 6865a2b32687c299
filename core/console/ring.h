/* SPDX-License-Identifier: Apache-2.0 */
/* A byte ring. Pure; its owner serialises. */
#ifndef CORE_CONSOLE_RING_H
#define CORE_CONSOLE_RING_H

#include "core/base/bits.h"
#include "core/base/string.h"
#include "core/base/types.h"

/* head and tail run freely; size is a power of two. */
struct ring {
	uint8_t *data;
	uint32_t size;
	uint32_t head; /* bytes ever written */
	uint32_t tail; /* bytes ever read    */
};

static inline uint32_t ring_count(const struct ring *ring)
{
	return ring->head - ring->tail;
}

static inline uint32_t ring_room(const struct ring *ring)
{
	return ring->size - ring_count(ring);
}

/* There is room. */
static inline void ring_put(struct ring *ring, uint8_t byte)
{
	ring->data[ring->head++ & (ring->size - 1)] = byte;
}

/* There is room for all of it. */
static inline void ring_write(struct ring *ring, const void *bytes, uint32_t len)
{
	uint32_t at = ring->head & (ring->size - 1), first = MIN(len, ring->size - at);

	memcpy(&ring->data[at], bytes, first);
	memcpy(ring->data, (const uint8_t *)bytes + first, len - first);
	ring->head += len;
}

/* It is not empty. */
static inline uint8_t ring_get(struct ring *ring)
{
	return ring->data[ring->tail++ & (ring->size - 1)];
}

/* The byte that is got next. It is not empty. */
static inline uint8_t ring_first(const struct ring *ring)
{
	return ring->data[ring->tail & (ring->size - 1)];
}

/* The byte put last. It is not empty. */
static inline uint8_t ring_last(const struct ring *ring)
{
	return ring->data[(ring->head - 1) & (ring->size - 1)];
}

typedef uint64_t __attribute__((may_alias)) ring_word_t;

/* Line ends, eight bytes at a time. */
static inline uint32_t ring_lines(const uint8_t *at, uint32_t len)
{
	const uint64_t low = UINT64_C(0x7f7f7f7f7f7f7f7f), each = UINT64_C(0x0101010101010101);
	const uint8_t *const end = at + len;
	uint32_t lines = 0;

	for (; at != end && !is_aligned((uintptr_t)at, 8); at++) {
		lines += *at == '\n';
	}
	for (; end - at >= 8; at += 8) {
		uint64_t word = *(const ring_word_t *)(const void *)at ^ '\n' * each;

		/* bit 7 of a byte: it is 0 */
		word = ~(((word & low) + low) | word | low);
		lines += (uint32_t)((word >> 7) * each >> 56);
	}
	for (; at != end; at++) {
		lines += *at == '\n';
	}
	return lines;
}

/* Of the `len` bytes from position `from` on, which are in the ring. */
static inline uint32_t ring_lines_in(const struct ring *ring, uint32_t from, uint32_t len)
{
	uint32_t at = from & (ring->size - 1), first = MIN(len, ring->size - at);

	return ring_lines(&ring->data[at], first) + ring_lines(ring->data, len - first);
}

static inline void ring_clear(struct ring *ring)
{
	ring->tail = ring->head;
}

#endif
