/* SPDX-License-Identifier: Apache-2.0 */
/* A byte ring. Pure; its owner serialises. */
#ifndef CORE_CONSOLE_RING_H
#define CORE_CONSOLE_RING_H

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

/* It is not empty. */
static inline uint8_t ring_get(struct ring *ring)
{
	return ring->data[ring->tail++ & (ring->size - 1)];
}

/* The byte put last. It is not empty. */
static inline uint8_t ring_last(const struct ring *ring)
{
	return ring->data[(ring->head - 1) & (ring->size - 1)];
}

static inline void ring_clear(struct ring *ring)
{
	ring->tail = ring->head;
}

#endif
