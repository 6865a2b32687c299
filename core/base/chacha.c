/* SPDX-License-Identifier: Apache-2.0 */
/* ChaCha20's block function, and the generator on it. */
#include "core/base/chacha.h"

#include "core/base/bits.h"
#include "core/base/string.h"

#define ROUNDS 20

static inline uint32_t rotate(uint32_t word, unsigned int by)
{
	return word << by | word >> (32 - by);
}

/* RFC 8439 2.1 */
#define QUARTER_ROUND(a, b, c, d)                                                                  \
	do {                                                                                       \
		a += b;                                                                            \
		d = rotate(d ^ a, 16);                                                             \
		c += d;                                                                            \
		b = rotate(b ^ c, 12);                                                             \
		a += b;                                                                            \
		d = rotate(d ^ a, 8);                                                              \
		c += d;                                                                            \
		b = rotate(b ^ c, 7);                                                              \
	} while (0)

/* What block and rounds begin with: RFC 8439 2.3 */
static inline uint32_t begin(const struct chacha *chacha, const uint32_t input[4], uint32_t i)
{
	static const uint32_t constant[4] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};

	if (i < 4) {
		return constant[i];
	}
	return i < 12 ? chacha->key[i - 4] : input[i - 12];
}

void chacha_block(const struct chacha *chacha, const uint32_t input[4], uint32_t out[16])
{
	uint32_t x[16];

#pragma GCC unroll 16
	for (uint32_t i = 0; i < ARRAY_COUNT(x); i++) {
		x[i] = begin(chacha, input, i);
	}
	for (uint32_t i = 0; i < ROUNDS; i += 2) {
		QUARTER_ROUND(x[0], x[4], x[8], x[12]);
		QUARTER_ROUND(x[1], x[5], x[9], x[13]);
		QUARTER_ROUND(x[2], x[6], x[10], x[14]);
		QUARTER_ROUND(x[3], x[7], x[11], x[15]);
		QUARTER_ROUND(x[0], x[5], x[10], x[15]);
		QUARTER_ROUND(x[1], x[6], x[11], x[12]);
		QUARTER_ROUND(x[2], x[7], x[8], x[13]);
		QUARTER_ROUND(x[3], x[4], x[9], x[14]);
	}
#pragma GCC unroll 16
	for (uint32_t i = 0; i < ARRAY_COUNT(x); i++) {
		out[i] = x[i] + begin(chacha, input, i);
	}
}

void chacha_mix(struct chacha *chacha, const void *seed, size_t size)
{
	const uint8_t *byte = seed;

	for (size_t i = 0; i < size; i += sizeof(uint32_t)) {
		uint32_t word = 0;

		memcpy(&word, byte + i, MIN(sizeof(word), size - i));
		chacha->key[i / sizeof(word) % ARRAY_COUNT(chacha->key)] ^= word;
	}
}

void chacha_draw(struct chacha *chacha, void *out, size_t size)
{
	static const uint32_t input[4];
	uint32_t block[16];

	chacha_block(chacha, input, block);
	memcpy(chacha->key, block, CHACHA_KEY_SIZE);
	memcpy(out, block + CHACHA_KEY_SIZE / 4, MIN(size, (size_t)CHACHA_DRAW_SIZE));
}
