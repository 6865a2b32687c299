/* SPDX-License-Identifier: Apache-2.0 */
/* Logs: what was said last, line by line. */
#include <string.h>

#include "core/console/log.h"
#include "tests/unit/unit.h"

#define SIZE 64

static uint8_t data[SIZE];
static struct log kept;

static int fresh(void **state)
{
	(void)state;
	memset(data, 0xff, sizeof(data));
	kept = (struct log){.data = data, .size = SIZE};
	return 0;
}

static void say(const char *text)
{
	while (*text != '\0') {
		log_put(&kept, (uint8_t)*text++);
	}
}

static void expect(uint64_t *at, const char *line)
{
	char text[SIZE];

	assert_true(log_line(&kept, at, text, sizeof(text)));
	assert_string_equal(text, line);
}

static void expect_end(uint64_t at)
{
	char text[SIZE];

	assert_false(log_line(&kept, &at, text, sizeof(text)));
}

/* Where the last lines begin. */
static uint64_t tail_of(const struct log *log, uint32_t count)
{
	struct log_tail tail = {.lines = count};

	while (!log_tail(log, &tail)) {
	}
	return tail.begin;
}

static void lines(void **state)
{
	uint64_t at = 0;

	(void)state;
	expect_end(at);
	say("one\r\n\ntwo\x1b[31m red\x1b[0m\x1b"
	    "c!\nhalf");
	expect(&at, "one");
	expect(&at, "");
	expect(&at, "two red!");
	expect_end(at);
	say(" whole\n");
	expect(&at, "half whole");
	expect_end(at);
}

static void cut(void **state)
{
	char text[4];
	uint64_t at = 0;

	(void)state;
	say("abcdef\nx\n");
	assert_true(log_line(&kept, &at, text, sizeof(text)));
	assert_string_equal(text, "abc");
	assert_true(log_line(&kept, &at, text, sizeof(text)));
	assert_string_equal(text, "def");
	expect(&at, "x");
	expect_end(at);
}

/* A character is in one row, and one that is not whole in the ring is in none yet. */
static void cut_in_a_character(void **state)
{
	char text[6];
	uint64_t at = 0;

	(void)state;
	say("\u00e4\u00f6\u20ac\U0001f600ab\u00fc\n");
	for (uint32_t i = 0; i < 4; i++) {
		static const char *const rows[] = {"\u00e4\u00f6", "\u20ac", "\U0001f600a",
						   "b\u00fc"};

		assert_true(log_line(&kept, &at, text, sizeof(text)));
		assert_string_equal(text, rows[i]);
	}
	expect_end(at);
	/* what is none is cut anywhere, and each row has something */
	say("\xe2\x82\xe2\x82\xe2\x82\xe2\x82\x0a");
	for (uint32_t i = 0; i < 2; i++) {
		assert_true(log_line(&kept, &at, text, 3));
		assert_string_equal(text, "\xe2\x82");
	}
	expect(&at, "\xe2\x82\xe2\x82");
	expect_end(at);
	say("x\xe2\x1b[31m\x82\xac");
	expect_end(at);
	say("\n");
	expect(&at, "x\xe2\x82\xac");
}

static uint8_t much_data[4096];
static struct log much;

static int fresh_much(void **state)
{
	(void)state;
	much = (struct log){.data = much_data, .size = sizeof(much_data)};
	return 0;
}

static void say_much(const char *text, uint32_t times)
{
	for (uint32_t i = 0; i < times; i++) {
		log_write(&much, text, (uint32_t)strlen(text));
	}
}

static void expect_row(uint64_t *at, const char *begin, size_t len)
{
	char text[LOG_ROW_MAX + 1];

	assert_true(log_line(&much, at, text, sizeof(text)));
	assert_int_equal(strlen(text), len);
	assert_memory_equal(text, begin, strlen(begin));
}

static void rows(void **state)
{
	uint64_t at = 0;

	(void)state;
	/* one that fills a row has no empty one behind it */
	say_much("0123456789", LOG_ROW_MAX / 10);
	say_much("\r\n", 1);
	say_much("0123456789", LOG_ROW_MAX / 10 + 1);
	say_much("\n", 1);
	/* no sequence is torn in two: what is left of one is no text */
	say_much("ab", LOG_ROW_MAX / 2);
	say_much("\x1b[31;44;55;66;77;88m", 1);
	say_much("red\n", 1);
	say_much("\x1b[31;44;55;66;77;88m", 20);
	say_much("blue\n", 1);
	expect_row(&at, "0123456789", LOG_ROW_MAX);
	expect_row(&at, "0123456789", LOG_ROW_MAX);
	expect_row(&at, "0123456789", 10);
	expect_row(&at, "abab", LOG_ROW_MAX);
	expect_row(&at, "red", 3);
	for (uint32_t i = 0; i < 20 / (LOG_ROW_BYTES / 20); i++) {
		expect_row(&at, "", 0);
	}
	expect_row(&at, "blue", 4);
	assert_int_equal(at, much.head);
}

static void pieces(void **state)
{
	struct log_tail tail = {.lines = 100};
	uint32_t looks = 1;
	uint64_t at;

	(void)state;
	say_much("abcdefghi\n", 300);
	for (; !log_tail(&much, &tail); looks++) {
		/* what comes meanwhile is not told, and nothing is counted twice */
		say_much("later\n", 1);
	}
	assert_int_equal(looks, 1000 / LOG_LOOK + 1);
	assert_int_equal(tail.end, 3000);
	assert_int_equal(tail.begin, 2000);
	/* the search is overtaken: as many lines as are left are found */
	tail = (struct log_tail){.lines = 1000};
	assert_false(log_tail(&much, &tail));
	say_much("abcdefghi\n", 400);
	assert_true(log_tail(&much, &tail));
	at = tail.begin;
	expect_row(&at, "abcdefghi", 9);
	assert_true(at > much.head - much.size);
}

static void last(void **state)
{
	uint64_t at;

	(void)state;
	say("1\n2\n3\n4\n");
	at = tail_of(&kept, 2);
	expect(&at, "3");
	expect(&at, "4");
	expect_end(at);
	at = tail_of(&kept, 100);
	expect(&at, "1");
	expect_end(tail_of(&kept, 0));
	/* one that has no end yet is not counted */
	say("5");
	at = tail_of(&kept, 1);
	expect(&at, "4");
	expect_end(at);
}

static void overwritten(void **state)
{
	uint64_t at = 0;
	char text[8] = "line 0\n", row[SIZE];

	(void)state;
	for (uint32_t i = 0; i < 20; i++) {
		text[5] = (char)('a' + i);
		say(text);
	}
	/* 64 bytes: nine lines of seven, and one byte of a line that is gone */
	expect(&at, "line l");
	expect(&at, "line m");
	at = tail_of(&kept, 100);
	expect(&at, "line l");
	/* a reader that was slower than the writer goes on with the oldest line */
	at = kept.head;
	for (uint32_t i = 0; i < 30; i++) {
		say("xyz\n");
	}
	expect(&at, "xyz");
	assert_true(kept.head - at <= SIZE);
	/* a line longer than all: what is left of it fills a row, and has no end yet */
	for (uint32_t i = 0; i < SIZE + 5; i++) {
		say("z");
	}
	assert_true(log_line(&kept, &at, row, sizeof(row)));
	assert_int_equal(strspn(row, "z"), SIZE - 1);
	expect_end(at);
	say("\nend\n");
	at = tail_of(&kept, 5);
	expect(&at, "end");
}

static void notes(void **state)
{
	struct log nowhere = {NULL, 0, 0};
	uint64_t at = 0;

	(void)state;
	say("prompt # ");
	log_put_line(&kept, "stopped", 7);
	log_put_line(&kept, "started", 7);
	expect(&at, "prompt # ");
	expect(&at, "stopped");
	expect(&at, "started");
	log_put_line(&nowhere, "x", 1);
	assert_false(log_line(&nowhere, &at, (char[4]){0}, 4));
	assert_int_equal(tail_of(&nowhere, 3), 0);
}

static void around(void **state)
{
	uint8_t bytes[8];
	uint64_t at;

	(void)state;
	/* positions have 64 bits: all is as before past 2^32 */
	kept.head = UINT32_MAX - 20;
	for (uint32_t i = 0; i < 20; i++) {
		say("abc\n");
	}
	assert_int_equal(kept.head, UINT64_C(0x100000000) - 21 + 80);
	at = tail_of(&kept, 3);
	assert_int_equal(at, kept.head - 12);
	expect(&at, "abc");
	expect(&at, "abc");
	expect(&at, "abc");
	expect_end(at);
	at = 7; /* 4 GiB ago: gone, and not taken for what is there now */
	assert_int_equal(log_read(&kept, &at, bytes, sizeof(bytes)), sizeof(bytes));
	assert_int_equal(at, kept.head - SIZE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE_IN("lines are told as people read them", lines, fresh),
		CASE_IN("a line longer than the buffer goes on in the next row", cut, fresh),
		CASE_IN("a character is in one row", cut_in_a_character, fresh),
		CASE_IN("a line is told in rows, and no sequence is torn", rows, fresh_much),
		CASE_IN("the search for a line goes on in pieces", pieces, fresh_much),
		CASE_IN("the last lines are found", last, fresh),
		CASE_IN("what is overwritten is left out, whole lines at a time", overwritten,
			fresh),
		CASE_IN("what is noted begins on a line of its own", notes, fresh),
		CASE_IN("nothing ends where positions begin again", around, fresh),
	};

	return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
