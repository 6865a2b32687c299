/* SPDX-License-Identifier: Apache-2.0 */
/* The small parts of core/base: arena, CRC-32C, sentences, lists of ranges. */
#include <string.h>

#include "core/base/arena.h"
#include "core/base/crc32c.h"
#include "core/base/ranges.h"
#include "tests/unit/said.h"
#include "tests/unit/unit.h"

static void arena(void **state)
{
	static uint8_t memory[256];
	struct arena a = {memory + 1, sizeof(memory) - 1, 0};
	uint8_t *first, *second;

	(void)state;
	memset(memory, 0xff, sizeof(memory));
	first = arena_alloc(&a, 20);
	second = arena_alloc(&a, 20);
	assert_int_equal((uintptr_t)first % 16, 0);
	assert_true(second >= first + 20);
	assert_int_equal(second[0] | second[19] | first[19], 0);
	assert_null(arena_alloc(&a, SIZE_MAX));
	assert_null(arena_alloc(&a, 256));
	assert_non_null(arena_alloc(&a, 16));
}

/* Bit by bit, from the polynomial alone. */
static uint32_t slow_crc(const uint8_t *data, size_t size)
{
	uint32_t crc = UINT32_MAX;

	for (size_t i = 0; i < size; i++) {
		crc ^= data[i];
		for (int bit = 0; bit < 8; bit++) {
			crc = (crc >> 1) ^ ((crc & 1) ? UINT32_C(0x82f63b78) : 0);
		}
	}
	return ~crc;
}

static void crc(void **state)
{
	uint8_t zeros[32] = {0}, all[256];

	(void)state;
	/* RFC 3720, B.4: 32 bytes of zeros give aa 36 91 8a, least significant byte first. */
	assert_int_equal(crc32c(0, zeros, 32), 0x8a9136aa);
	assert_int_equal(crc32c(0, "123456789", 9), 0xe3069283);
	for (size_t i = 0; i < sizeof(all); i++) {
		all[i] = (uint8_t)(255 - i);
		assert_int_equal(crc32c(0, all, i + 1), slow_crc(all, i + 1));
	}
	assert_int_equal(crc32c(crc32c(0, all, 100), all + 100, 156), crc32c(0, all, 256));
}

static void sentences(void **state)
{
	char longer[500];
	struct said said;

	(void)state;
	said_init(&said);
	diag_error(&said.diag, "/vms/a", "vcpus", "is %u", 7);
	diag_note(&said.diag, NULL, NULL, "bell \a escape \033[31m");
	assert_string_equal(said.text, "/vms/a: vcpus: is 7\nbell ? escape ?[31m\n");
	assert_int_equal(said.diag.error_count, 1);
	memset(longer, 'x', sizeof(longer));
	longer[499] = '\0';
	said_init(&said);
	diag_error(&said.diag, longer, longer, "%s", longer);
	assert_int_equal(strlen(said.text), DIAG_TEXT_MAX - 1 + strlen("\n"));
	diag_error(NULL, NULL, NULL, "nobody listens");
}

static void merging(void **state)
{
	struct prange list[3];
	uint32_t count = 0;

	(void)state;
	assert_true(ranges_add(list, &count, 3, (struct prange){100, 10}));
	assert_true(ranges_add(list, &count, 3, (struct prange){50, 10}));
	assert_true(ranges_add(list, &count, 3, (struct prange){200, 10}));
	assert_int_equal(list[0].base, 50);
	assert_int_equal(list[1].base, 100);
	assert_false(ranges_add(list, &count, 3, (struct prange){300, 1}));
	assert_true(ranges_add(list, &count, 3, (struct prange){60, 40})); /* touches two */
	assert_int_equal(count, 2);
	assert_int_equal(list[0].base, 50);
	assert_int_equal(list[0].size, 60);
	assert_true(ranges_add(list, &count, 3, (struct prange){0, 1000}));
	assert_int_equal(count, 1);
	assert_true(ranges_hold(list, count, (struct prange){0, 1000}));
	assert_false(ranges_hold(list, count, (struct prange){999, 2}));
}

static void removing(void **state)
{
	struct prange list[3] = {{0, 100}, {200, 100}};
	uint32_t count = 2;

	(void)state;
	assert_true(ranges_remove(list, &count, 3, (struct prange){100, 100}));
	assert_int_equal(count, 2);
	assert_true(ranges_remove(list, &count, 3, (struct prange){40, 20}));
	assert_int_equal(count, 3);
	assert_int_equal(list[0].size, 40);
	assert_int_equal(list[1].base, 60);
	/* A cut that needs a fourth entry keeps the larger rest only. */
	assert_false(ranges_remove(list, &count, 3, (struct prange){210, 10}));
	assert_int_equal(count, 3);
	assert_int_equal(list[2].base, 220);
	assert_true(ranges_remove(list, &count, 3, (struct prange){0, 1000}));
	assert_int_equal(count, 0);
	assert_null(ranges_find_overlap(list, count, (struct prange){0, 1000}));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE("an arena gives aligned zeroed memory until it is full", arena),
		CASE("CRC-32C agrees with RFC 3720 and goes on in steps", crc),
		CASE("sentences are prefixed, counted, printable and cut", sentences),
		CASE("ranges that touch become one", merging),
		CASE("a range is cut out of a list", removing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
