/* SPDX-License-Identifier: Apache-2.0 */
/* A typed line, as somebody sees it who sits before a dumb terminal. */
#include <string.h>

#include "core/console/line.h"
#include "tests/unit/random.h"
#include "tests/unit/unit.h"

#define COLUMNS 80

/* A terminal that knows carriage return, line feed and backspace, and nothing else. */
static struct {
	char row[COLUMNS + 1];
	uint32_t at;
	uint32_t rows;
	uint32_t escapes;
} screen;

static struct line line;

static const char *const verbs[] = {"help", "vm", "stat", "start-all", "stop"};
static const char *const names[] = {"alpha", "alphabet", "beta"};

static const char *choice(const char *before, uint32_t n)
{
	if (before[0] == '\0') {
		return n < sizeof(verbs) / sizeof(verbs[0]) ? verbs[n] : NULL;
	}
	assert_int_equal(before[strlen(before) - 1], ' ');
	return strcmp(before, "vm stop ") == 0 && n < 3 ? names[n] : NULL;
}

static void show(void)
{
	assert_true(line.out_len <= LINE_OUT_MAX);
	for (uint32_t i = 0; i < line.out_len; i++) {
		char byte = line.out[i];

		if (byte == '\n') {
			memset(screen.row, ' ', COLUMNS);
			screen.at = 0;
			screen.rows++;
		} else if (byte == '\r') {
			screen.at = 0;
		} else if (byte == '\b') {
			assert_true(screen.at != 0);
			screen.at--;
		} else if (byte == '\x1b') {
			screen.escapes++;
			while (strchr("HJ", line.out[i]) == NULL) {
				i++;
			}
			memset(screen.row, ' ', COLUMNS);
		} else {
			assert_true(byte >= ' ' && byte < 0x7f);
			assert_true(screen.at < COLUMNS - 1);
			screen.row[screen.at++] = byte;
		}
	}
}

/* A key, and what it takes to complete a word. */
static enum line_event press(uint8_t byte)
{
	enum line_event event = line_key(&line, byte);

	while (event == LINE_COMPLETES) {
		assert_int_equal(line.out_len, 0);
		event = line_complete(&line);
	}
	return event;
}

static enum line_event key(char byte)
{
	enum line_event event = press((uint8_t)byte);

	show();
	if (event != LINE_MORE) {
		if (event == LINE_CHOICES) {
			memset(screen.row, ' ', COLUMNS);
			screen.at = 0;
		}
		line_draw(&line);
		show();
	}
	return event;
}

static void type(const char *keys)
{
	for (; *keys != '\0'; keys++) {
		key(*keys);
	}
}

/* The row shows prompt and text, and the cursor stands where | is. */
static void expect(const char *with_cursor)
{
	const char *bar = strchr(with_cursor, '|');
	char row[COLUMNS + 1];

	memset(row, ' ', COLUMNS);
	row[COLUMNS] = '\0';
	memcpy(row, "> ", 2);
	memcpy(row + 2, with_cursor, (size_t)(bar - with_cursor));
	memcpy(row + 2 + (bar - with_cursor), bar + 1, strlen(bar + 1));
	assert_string_equal(screen.row, row);
	assert_int_equal(screen.at, 2 + (bar - with_cursor));
	assert_int_equal(line.at, bar - with_cursor);
}

static int fresh(void **state)
{
	(void)state;
	memset(&line, 0, sizeof(line));
	memset(&screen, 0, sizeof(screen));
	memset(screen.row, ' ', COLUMNS);
	line.prompt = "> ";
	line.choice = choice;
	line_draw(&line);
	show();
	return 0;
}

/* What Enter gives; a new line is begun and drawn. */
static void enter(const char *text)
{
	assert_int_equal(line_key(&line, '\r'), LINE_DONE);
	assert_string_equal(line.text, text);
	show();
	line_draw(&line);
	show();
	expect("|");
}

static void typed(void **state)
{
	(void)state;
	type("vm");
	expect("vm|");
	enter("vm");
	enter("");
	/* what ends a line with two bytes ends one */
	type("a");
	assert_int_equal(line_key(&line, '\r'), LINE_DONE);
	assert_int_equal(line_key(&line, '\n'), LINE_MORE);
	assert_int_equal(line_key(&line, '\n'), LINE_DONE);
}

static void moved(void **state)
{
	(void)state;
	type("ac\x1b[Db");
	expect("ab|c");
	type("\x1b[HX");
	expect("X|abc");
	type("\x1b[FY");
	expect("XabcY|");
	type("\x1b[1~\x1b[C");
	expect("X|abcY");
	type("\x01\x06\x06\x02");
	expect("X|abcY");
	type("\x1bOF\x1b[7~\x1b[8~\x1b[4~");
	expect("XabcY|");
	/* beyond the ends nothing happens */
	type("\x1b[C\x1b[C\x01\x1b[D\x1b[D");
	expect("|XabcY");
	enter("XabcY");
}

static void removed(void **state)
{
	(void)state;
	type("vm stop alpha\x7f\b");
	expect("vm stop alp|");
	type("\x17");
	expect("vm stop |");
	type("\x17");
	expect("vm |");
	type("\x01\x1b[3~");
	expect("|m ");
	type("\x04\x05\x15");
	expect("|");
	type("abcdef\x02\x02\x0b");
	expect("abcd|");
	type("\x02\x02\x15");
	expect("|cd");
	type("\x7f\x0b\x0b\x04\x15\x17");
	expect("|");
	type("one two  \x02\x17");
	expect("one | ");
}

static void cancelled(void **state)
{
	(void)state;
	type("abc\x02");
	assert_int_equal(line_key(&line, 3), LINE_DROPPED);
	show();
	line_draw(&line);
	show();
	expect("|");
	type("x");
	enter("x");
}

static void remembered(void **state)
{
	char text[4] = "x00";

	(void)state;
	type("first\r");
	show();
	type("second\r");
	show();
	type("second\r");
	show();
	type("dra\x02");
	type("\x1b[A");
	assert_string_equal(line.text, "second");
	type("\x10");
	assert_string_equal(line.text, "first");
	type("\x1b[A");
	assert_string_equal(line.text, "first");
	type("\x1b[B\x1b[B");
	assert_string_equal(line.text, "dra");
	type("\x1b[B\x0e");
	assert_string_equal(line.text, "dra");
	type("\x15\r");
	/* sixteen are kept */
	for (uint32_t i = 0; i < 20; i++) {
		text[1] = (char)('0' + i / 10);
		text[2] = (char)('0' + i % 10);
		type(text);
		type("\r");
	}
	for (uint32_t i = 0; i < 30; i++) {
		type("\x1b[A");
	}
	assert_string_equal(line.text, "x04");
}

static void shown_history(void **state)
{
	(void)state;
	type("a long line");
	enter("a long line");
	type("b");
	enter("b");
	type("draft\x01");
	type("\x1b[A");
	expect("b|");
	type("\x1b[A");
	expect("a long line|");
	type("\x1b[B");
	expect("b|");
	type("\x1b[B");
	expect("draft|");
}

static void completed(void **state)
{
	(void)state;
	type("h\t");
	expect("help |");
	type("\x15"
	     "v\t"
	     "stop b\t");
	expect("vm stop beta |");
	type("\x17"
	     "a\t");
	expect("vm stop alpha|");
	/* several: the second Tab asks for a list, any other key between does not */
	assert_int_equal(key('\t'), LINE_MORE);
	assert_int_equal(press('\t'), LINE_CHOICES);
	assert_int_equal(key('\x05'), LINE_MORE);
	assert_int_equal(key('\t'), LINE_MORE);
	assert_int_equal(key('\x05'), LINE_MORE);
	assert_int_equal(key('\t'), LINE_MORE);
	/* in the middle of a line */
	type("\x15st x\x02\x02\t");
	assert_string_equal(line.text, "st x");
	type("o\t");
	assert_string_equal(line.text, "stop x");
	assert_int_equal(line.at, 4);
	/* nothing begins so */
	type("\x05\x15zz\t\t");
	assert_string_equal(line.text, "zz");
}

static void bounded(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 200; i++) {
		key('x');
	}
	assert_int_equal(line.len, LINE_MAX);
	assert_true(screen.at < COLUMNS);
	assert_int_equal(screen.rows, 0);
	type("\x01y");
	assert_int_equal(line.text[0], 'x');
	type("\t\x7f\x05\x7fy");
	assert_int_equal(line.text[LINE_MAX - 1], 'y');
}

static void ignored(void **state)
{
	(void)state;
	/* keys without a meaning here, whole and broken sequences, bytes beyond ASCII */
	type("a\x1b[15~\x1b[1;5C\x1bOP\x1bx\x1b[200~\xc3\xa9\x1b[Z\x07\x18");
	expect("a|");
	type("\x1b[\x7f");
	expect("|");
	type("\x1b\rb");
	expect("b|");
	assert_int_equal(screen.escapes, 0);
	type("c\x02\x0c");
	assert_int_equal(screen.escapes, 2);
	expect("b|c");
}

/* Whatever comes: bounds hold, and the row shows the line. */
static void random_keys(void **state)
{
	static const char likely[] =
		"ab \t\x01\x05\x0b\x15\x17\x7f\x10\x0e\x1b[ABCDHF~13\r\x0c\x03";
	struct random random = {1};

	(void)state;
	for (uint32_t i = 0; i < 300000; i++) {
		uint8_t byte = random_below(&random, 4) != 0 ?
				       (uint8_t)likely[random_below(&random, sizeof(likely) - 1)] :
				       (uint8_t)random_next(&random);
		enum line_event event = press(byte);

		show();
		if (event == LINE_DONE || event == LINE_DROPPED) {
			line_draw(&line);
			show();
		} else if (event == LINE_CHOICES) {
			memset(screen.row, ' ', COLUMNS);
			screen.at = 0;
			line_draw(&line);
			show();
		}
		assert_true(line.at <= line.len && line.len <= LINE_MAX);
		assert_int_equal(strlen(line.text), line.len);
		assert_memory_equal(screen.row + 2, line.text, line.len);
		assert_int_equal(strspn(screen.row + 2 + line.len, " "), COLUMNS - 2 - line.len);
		assert_int_equal(screen.at, 2 + line.at);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE_IN("what is typed is the line", typed, fresh),
		CASE_IN("the cursor moves by arrows, Home, End and control keys", moved, fresh),
		CASE_IN("characters, words and rests of lines are removed", removed, fresh),
		CASE_IN("^C drops the line", cancelled, fresh),
		CASE_IN("sixteen lines are remembered, and the one begun", remembered, fresh),
		CASE_IN("a line of the history takes the place of what stood there", shown_history,
			fresh),
		CASE_IN("Tab completes what is unique, and asks for a list the second time",
			completed, fresh),
		CASE_IN("a line ends at the edge of the terminal", bounded, fresh),
		CASE_IN("other keys change nothing, and only ^L sends sequences", ignored, fresh),
		CASE_IN("after any keys the row shows the line", random_keys, fresh),
	};

	return cmocka_run_group_tests_name("line", tests, NULL, NULL);
}
