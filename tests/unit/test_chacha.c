/* SPDX-License-Identifier: Apache-2.0 */
/* ChaCha20's block function, and a generator that forgets. */
#include "core/base/chacha.h"

#include <string.h>

#include "tests/unit/unit.h"

/* RFC 8439 2.3.2 */
static void example(void **state)
{
	const uint32_t input[4] = {1, 0x09000000, 0x4a000000, 0};
	const uint32_t expected[16] = {
		0xe4e7f110, 0x15593bd1, 0x1fdd0f50, 0xc47120a3, 0xc7f4d1c7, 0x0368c033,
		0x9aaa2204, 0x4e6cd4c3, 0x466482d2, 0x09aa9f07, 0x05d7c214, 0xa2028bd9,
		0xd19c12b5, 0xb94e16de, 0xe883d0cb, 0x4e3c50a2,
	};
	struct chacha chacha;
	uint32_t out[16];

	(void)state;
	for (uint8_t i = 0; i < CHACHA_KEY_SIZE; i++) {
		((uint8_t *)chacha.key)[i] = i;
	}
	chacha_block(&chacha, input, out);
	assert_memory_equal(out, expected, sizeof(out));
}

/* RFC 8439 A.1, vector 1: the key, and what is drawn, of a generator that was never keyed */
static void draws(void **state)
{
	const uint32_t key[8] = {0xade0b876, 0x903df1a0, 0xe56a5d40, 0x28bd8653,
				 0xb819d2bd, 0x1aed8da0, 0xccef36a8, 0xc70d778b};
	const uint32_t drawn[8] = {0x7c5941da, 0x8d485751, 0x3fe02477, 0x374ad8b8,
				   0xf4b8436a, 0x1ca11815, 0x69b687c3, 0x8665eeb2};
	struct chacha chacha = {{0}};
	uint8_t out[CHACHA_DRAW_SIZE + 1] = {[CHACHA_DRAW_SIZE] = 0x5a}, again[CHACHA_DRAW_SIZE];

	(void)state;
	chacha_draw(&chacha, out, CHACHA_DRAW_SIZE);
	assert_memory_equal(out, drawn, sizeof(drawn));
	assert_int_equal(out[CHACHA_DRAW_SIZE], 0x5a);
	/* nothing of what was drawn can be told from what is left */
	assert_memory_equal(chacha.key, key, sizeof(key));
	chacha_draw(&chacha, again, 8);
	assert_memory_not_equal(again, out, 8);
}

static void mixes(void **state)
{
	uint8_t seed[CHACHA_KEY_SIZE + 5];
	struct chacha one = {{0}}, two = {{0}};

	(void)state;
	/* one bit anywhere changes the key, however long the seed */
	for (size_t i = 0; i < sizeof(seed); i++) {
		memset(seed, 0, sizeof(seed));
		seed[i] = 0x80;
		memset(&one, 0, sizeof(one));
		chacha_mix(&one, seed, sizeof(seed));
		assert_memory_not_equal(&one, &two, sizeof(one));
	}
	/* what is there is not lost to a seed that somebody knows */
	memset(&one, 0x11, sizeof(one));
	memset(&two, 0x22, sizeof(two));
	memset(seed, 0xff, sizeof(seed));
	chacha_mix(&one, seed, sizeof(seed));
	chacha_mix(&two, seed, sizeof(seed));
	assert_memory_not_equal(&one, &two, sizeof(one));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE("a block is that of RFC 8439", example),
		CASE("a draw replaces the key", draws),
		CASE("every bit of a seed counts", mixes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
