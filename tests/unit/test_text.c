/* SPDX-License-Identifier: Apache-2.0 */
/* Text as a terminal may be shown it. */
#include <string.h>

#include "core/base/text.h"
#include "tests/unit/random.h"
#include "tests/unit/unit.h"

/* What is left of it. */
static void leaves(const char *text, const char *left)
{
	char bytes[64];
	uint32_t len;

	strcpy(bytes, text);
	len = text_clean(bytes, (uint32_t)strlen(bytes));
	assert_int_equal(len, strlen(left));
	assert_memory_equal(bytes, left, len);
}

static void controls(void **state)
{
	(void)state;
	leaves("", "");
	leaves("one\r\n\ttwo\x1b[31m\n\x7f.\x07\x08", "one\ntwo[31m\n.");
	/* C1 alone: CSI, DCS, ST; and the same in UTF-8 */
	leaves("a\x9b"
	       "31m\x90q\x9c\x80\x9f\xa0z",
	       "a31mq\xa0z");
	leaves("a\xc2\x9b"
	       "31m\xc2\x80\xc2\x9f\xc2\xa0z",
	       "a31m\xc2\xa0z");
	/* in what is no UTF-8: cut short, longer than it need be, a surrogate, too large */
	leaves("\xe2\x9b"
	       "0",
	       "\xe2"
	       "0");
	leaves("\xe0\x82\x9b"
	       "0",
	       "\xe0"
	       "0");
	leaves("\xc0\x9b\xf0\x80\x82\x9b\xed\xa0\x9b\xf4\x90\x80\x9b\xf8\x9b",
	       "\xc0\xf0\xed\xa0\xf4\xf8");
	leaves("\xc2\x07\x9b", "\xc2");
	leaves("\xc2", "\xc2");
}

static void letters(void **state)
{
	static const char *const whole[] = {
		"plain ~!",
		"\u00e4\u00f6\u00fc\u00df",
		"\u041f\u0440\u0438\u0432\u0435\u0442",
		"\u20ac \u4f60\u597d \ud55c \u0e01",
		"\U0001f600 \U0010ffff",
		"caf\xe9 of another code",
	};

	(void)state;
	for (uint32_t i = 0; i < ARRAY_COUNT(whole); i++) {
		leaves(whole[i], whole[i]);
	}
}

static void cuts(void **state)
{
	static const struct {
		const char *text;
		uint32_t cut;
	} cases[] = {
		{"", 0},
		{"a", 0},
		{"\xc2", 1},
		{"a\xe2\x82", 2},
		{"\xe2\x82\xac", 0},
		{"\xf0\x9f\x98", 3},
		{"\xf0\x9f", 2},
		{"\xf0\x9f\x98\x80", 0},
		{"\xe0\x82", 0},
		{"\xed\xa0", 0},
		{"\x82\x82\x82", 0},
		{"\xc2\xa0\xc3", 1},
		{"\xf8\x82\x82", 0},
		{"\xe9", 1},
		{"\xf4\x90", 0},
		{"a\x82", 0},
	};

	(void)state;
	for (uint32_t i = 0; i < ARRAY_COUNT(cases); i++) {
		assert_int_equal(text_cut(cases[i].text, (uint32_t)strlen(cases[i].text)),
				 cases[i].cut);
	}
}

/* Of bytes at random: no control character is left, and it makes no difference where it is cut. */
static void anything(void **state)
{
	struct random random = {1};

	(void)state;
	for (uint32_t round = 0; round < 20000; round++) {
		uint8_t all[24], parts[24];
		uint32_t len, at, cut, count;

		for (uint32_t i = 0; i < sizeof(all); i++) {
			uint64_t value = random_next(&random);

			all[i] = (value & 0x700) == 0 ? (uint8_t)value :
				 (value & 0x100) != 0 ? 0x80 | (value & 0x3f) :
							0xc0 | (value & 0x3f);
		}
		memcpy(parts, all, sizeof(all));
		at = random_below(&random, sizeof(all));
		cut = text_cut(parts, at);
		len = text_clean(parts, at - cut);
		memmove(parts + len, parts + at - cut, sizeof(all) - at + cut);
		len += text_clean(parts + len, sizeof(all) - at + cut);
		count = text_clean(all, sizeof(all));
		assert_int_equal(len, count);
		assert_memory_equal(parts, all, len);
		/* and nothing has come to be one by what was taken out */
		assert_int_equal(text_clean(all, count), count);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE("control characters of 7 and 8 bits are taken out", controls),
		CASE("letters of any language stay", letters),
		CASE("a character that is cut is seen", cuts),
		CASE("of anything no control character is left, wherever it is cut", anything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
