/* SPDX-License-Identifier: Apache-2.0 */
/* EL2's memory and string functions against the C library's. They get names of their own here. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "tests/unit/unit.h"

#define memcpy	our_memcpy
#define memmove our_memmove
#define memset	our_memset
#define memcmp	our_memcmp
#define memchr	our_memchr
#define strlen	our_strlen
#define strnlen our_strnlen
#define strcmp	our_strcmp
#define strncmp our_strncmp
#define strchr	our_strchr
#define strrchr our_strrchr
#define strtoul our_strtoul
#include "core/base/string.h"

#include "core/base/string.c"
#undef memcpy
#undef memmove
#undef memset
#undef memcmp
#undef memchr
#undef strlen
#undef strnlen
#undef strcmp
#undef strncmp
#undef strchr
#undef strrchr
#undef strtoul

#define SPAN 200

/* Every alignment of both sides and every length, with guards around. */
static void copies(void **state)
{
	uint8_t from[SPAN + 16], to[SPAN + 16], want[SPAN + 16];

	(void)state;
	for (size_t i = 0; i < sizeof(from); i++) {
		from[i] = (uint8_t)(i * 7 + 1);
	}
	for (size_t a = 0; a < 8; a++) {
		for (size_t b = 0; b < 8; b++) {
			for (size_t n = 0; n < SPAN; n++) {
				memset(to, 0xee, sizeof(to));
				memset(want, 0xee, sizeof(want));
				memcpy(want + a, from + b, n);
				assert_ptr_equal(our_memcpy(to + a, from + b, n), to + a);
				assert_memory_equal(to, want, sizeof(to));
			}
		}
	}
}

static void overlapping(void **state)
{
	uint8_t ours[SPAN], theirs[SPAN];

	(void)state;
	for (size_t from = 0; from < 40; from++) {
		for (size_t to = 0; to < 40; to++) {
			for (size_t i = 0; i < SPAN; i++) {
				ours[i] = theirs[i] = (uint8_t)i;
			}
			our_memmove(ours + to, ours + from, 150);
			memmove(theirs + to, theirs + from, 150);
			assert_memory_equal(ours, theirs, SPAN);
		}
	}
}

static void fills(void **state)
{
	uint8_t ours[SPAN], theirs[SPAN];

	(void)state;
	for (size_t at = 0; at < 9; at++) {
		for (size_t n = 0; n < 100; n++) {
			memset(ours, 1, SPAN);
			memset(theirs, 1, SPAN);
			assert_ptr_equal(our_memset(ours + at, 0x1a5, n), ours + at);
			memset(theirs + at, 0xa5, n);
			assert_memory_equal(ours, theirs, SPAN);
		}
	}
}

static int sign(int v)
{
	return (v > 0) - (v < 0);
}

static void comparing(void **state)
{
	static const char *const words[] = {"", "a", "ab", "abc", "abd", "b", "\x80"};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(words); i++) {
		const char *a = words[i];

		assert_int_equal(our_strlen(a), strlen(a));
		assert_int_equal(our_strnlen(a, 2), strnlen(a, 2));
		assert_ptr_equal(our_strchr(a, 'b'), strchr(a, 'b'));
		assert_ptr_equal(our_strchr(a, 0), strchr(a, 0));
		assert_ptr_equal(our_strrchr(a, 'a'), strrchr(a, 'a'));
		assert_ptr_equal(our_memchr(a, 'b', strlen(a)), memchr(a, 'b', strlen(a)));
		for (size_t k = 0; k < ARRAY_COUNT(words); k++) {
			const char *b = words[k];

			assert_int_equal(sign(our_strcmp(a, b)), sign(strcmp(a, b)));
			assert_int_equal(sign(our_strncmp(a, b, 2)), sign(strncmp(a, b, 2)));
			assert_int_equal(sign(our_memcmp(a, b, 1)), sign(memcmp(a, b, 1)));
		}
	}
}

/* Every alignment and length, other bytes before and behind, up to the last byte there is. */
static void lengths(void **state)
{
	const size_t page = 4096;
	char *pages =
		mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)state;
	assert_ptr_not_equal(pages, MAP_FAILED);
	assert_int_equal(mprotect(pages + page, page, PROT_NONE), 0);
	for (size_t behind = 0; behind < 9; behind++) {
		for (size_t len = 0; len < 40; len++) {
			char *s = pages + page - behind - len - 1;

			memset(pages + page - 64, 0, 64); /* zeros before it are no end */
			memset(s, 0x81, len + 1 + behind);
			s[len] = '\0';
			assert_int_equal(our_strlen(s), len);
			memset(s, 1, len); /* the bytes a borrow could fool */
			assert_int_equal(our_strlen(s), len);
		}
	}
	munmap(pages, 2 * page);
}

static void numbers(void **state)
{
	static const char *const texts[] = {
		"0",
		"42",
		"0x1f",
		"0X1F",
		"017",
		"  7rest",
		"0x",
		"",
		"x",
		"18446744073709551615",
		"18446744073709551616",
		"99999999999999999999999",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
		for (int base = 0; base <= 16; base += base == 0 ? 10 : 6) {
			char *our_end, *end;

			assert_int_equal(our_strtoul(texts[i], &our_end, base),
					 strtoul(texts[i], &end, base));
			assert_ptr_equal(our_end, end);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE("memcpy copies at every alignment and length, and nothing beside", copies),
		CASE("memmove is right for overlaps in both directions", overlapping),
		CASE("memset fills at every alignment, with the low byte", fills),
		CASE("comparing and searching agree with C", comparing),
		CASE("strlen counts at every alignment and reads no other page", lengths),
		CASE("strtoul reads numbers as C does, overflow included", numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
