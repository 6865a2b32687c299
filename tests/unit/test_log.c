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

static void lines(void **state)
{
	uint64_t at = 0;

	(void)state;
	expect_end(at);
	say("one\r\n\ntwo\x1b[31m red\x1b[0m\x1b"
	    "c!\nhalf");
	assert_int_equal(log_begin(&kept), 0);
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
	expect(&at, "x");
}

static void last(void **state)
{
	uint64_t at;

	(void)state;
	say("1\n2\n3\n4\n");
	at = log_tail(&kept, 2);
	expect(&at, "3");
	expect(&at, "4");
	expect_end(at);
	at = log_tail(&kept, 100);
	expect(&at, "1");
	expect_end(log_tail(&kept, 0));
	/* one that has no end yet is not counted */
	say("5");
	at = log_tail(&kept, 1);
	expect(&at, "4");
	expect_end(at);
}

static void overwritten(void **state)
{
	uint64_t at = 0;
	char text[8] = "line 0\n";

	(void)state;
	for (uint32_t i = 0; i < 20; i++) {
		text[5] = (char)('a' + i);
		say(text);
	}
	/* 64 bytes: nine lines of seven, and one byte of a line that is gone */
	assert_int_equal(log_begin(&kept), kept.head - 63);
	expect(&at, "line l");
	expect(&at, "line m");
	at = log_tail(&kept, 100);
	expect(&at, "line l");
	/* a reader that was slower than the writer goes on with the oldest line */
	at = kept.head;
	for (uint32_t i = 0; i < 30; i++) {
		say("xyz\n");
	}
	expect(&at, "xyz");
	assert_true(kept.head - at <= SIZE);
	/* a line longer than all */
	for (uint32_t i = 0; i < SIZE + 5; i++) {
		say("z");
	}
	expect_end(at);
	say("\nend\n");
	at = log_tail(&kept, 5);
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
	assert_int_equal(log_tail(&nowhere, 3), 0);
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
	assert_int_equal(log_begin(&kept), kept.head - SIZE + 4);
	at = log_tail(&kept, 3);
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
		CASE_IN("a line longer than the buffer is cut", cut, fresh),
		CASE_IN("the last lines are found", last, fresh),
		CASE_IN("what is overwritten is left out, whole lines at a time", overwritten,
			fresh),
		CASE_IN("what is noted begins on a line of its own", notes, fresh),
		CASE_IN("nothing ends where positions begin again", around, fresh),
	};

	return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
