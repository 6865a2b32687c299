/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random numbers from a key: the block function of ChaCha20 (RFC 8439 2.3), and a generator that
 * forgets: each draw replaces its key, so that whoever sees the state can't tell what was drawn
 * before. Pure; whoever shares a generator locks.
 */
#ifndef CORE_BASE_CHACHA_H
#define CORE_BASE_CHACHA_H

#include "core/base/types.h"

#define CHACHA_KEY_SIZE	 32 /* bytes */
#define CHACHA_DRAW_SIZE 32 /* most that one draw gives */

struct chacha {
	uint32_t key[CHACHA_KEY_SIZE / 4];
};

/* One block: `input` is counter and nonce. About 1100 instructions. */
void chacha_block(const struct chacha *chacha, const uint32_t input[4], uint32_t out[16]);

/* Adds what may be unpredictable; never takes away. */
void chacha_mix(struct chacha *chacha, const void *seed, size_t size);

/* `size` bytes, at most CHACHA_DRAW_SIZE, that nobody has drawn before. */
void chacha_draw(struct chacha *chacha, void *out, size_t size);

#endif
