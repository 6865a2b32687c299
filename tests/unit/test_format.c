/* SPDX-License-Identifier: Apache-2.0 */
/* Text formatting against the C library's. */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "core/base/format.h"
#include "tests/unit/unit.h"

/* Both must write the same text and return the same length. */
#define SAME(...)                                                                                  \
	do {                                                                                       \
		char ours[128], theirs[128];                                                       \
		int our_len = format(ours, sizeof(ours), __VA_ARGS__);                             \
                                                                                                   \
		assert_int_equal(our_len, snprintf(theirs, sizeof(theirs), __VA_ARGS__));          \
		assert_string_equal(ours, theirs);                                                 \
	} while (0)

static void integers(void **state)
{
	(void)state;
	SAME("%d %i %d", 0, -1, INT_MIN);
	SAME("%u %x %X", UINT_MAX, 0xbeefu, 0xbeefu);
	SAME("%ld %lu %lx %llx", LONG_MIN, ULONG_MAX, ULONG_MAX, ULLONG_MAX);
	SAME("%zu %zx", (size_t)0, SIZE_MAX);
	SAME("%hhx %hx %hhd", 0x123, 0x12345, 0xff);
	SAME("%#x %#x %#lx", 0u, 255u, 1ul << 63);
}

static void widths(void **state)
{
	(void)state;
	SAME("[%8d] [%-8d] [%08d]", -42, -42, -42);
	SAME("[%08x] [%#010x] [%-6x]", 0xabcu, 0xabcu, 0xabcu);
	SAME("[%.4d] [%8.4d] [%.0d]", 7, 7, 0);
	SAME("[%*d] [%*d]", 6, 42, -6, 42);
	SAME("[%10s] [%-10s] [%.3s] [%.*s]", "abc", "abc", "abcdef", 2, "abcdef");
	SAME("[%c] [%3c] [%%]", 'x', 'y');
}

static void cutting(void **state)
{
	char buf[8];

	(void)state;
	memset(buf, 'z', sizeof(buf));
	assert_int_equal(format(buf, 4, "%s", "abcdef"), 6);
	assert_memory_equal(buf, "abc\0zzzz", 8);
	assert_int_equal(format(buf, 0, "%d", 12345), 5);
	assert_int_equal(buf[0], 'a');
}

static void null_string(void **state)
{
	const char *volatile none = NULL;
	char buf[16];

	(void)state;
	format(buf, sizeof(buf), "%s", none);
	assert_string_equal(buf, "(null)");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE("integers of all lengths look as in C", integers),
		CASE("widths, precisions and flags look as in C", widths),
		CASE("a short buffer is cut and ended, and the whole length returned", cutting),
		CASE("a null string prints as (null)", null_string),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
