/* SPDX-License-Identifier: Apache-2.0 */
/* What bulkheadctl says. */
#include "tools/bulkheadctl/say.h"

#include <stdarg.h>

#include "core/base/string.h"
#include "tools/bulkheadctl/linux.h"

#define TEXT   512
#define STDOUT 1
#define STDERR 2

bool say_json;

/* False: all can't be written, *error says why: an errno, or 0. */
static bool write_all(int file, const char *text, size_t left, int *error)
{
	while (left != 0) {
		long done = linux_call(LINUX_WRITE, file, (long)text, (long)left, 0, 0, 0);

		if (done <= 0) {
			*error = (int)-done;
			return false;
		}
		text += done;
		left -= (size_t)done;
	}
	return true;
}

/* Whoever follows a log, or looks at top, would go on for ever. */
static void put_all(const char *text, size_t len)
{
	int error;

	if (!write_all(STDOUT, text, len, &error)) {
		fail(STATUS_WRONG, "standard output can't be written: %s (errno %d)",
		     error == LINUX_ENOSPC ? "no space is left" : "an error", error);
		linux_call(LINUX_EXIT_GROUP, STATUS_WRONG, 0, 0, 0, 0, 0);
	}
}

static bool list_begins; /* its bracket was not said yet */

static void put(const char *text, size_t len)
{
	if (list_begins && len != 0) {
		list_begins = false;
		put_all("[", 1);
	}
	put_all(text, len);
}

void say_list_begin(void)
{
	list_begins = say_json;
}

void say_list_end(void)
{
	if (say_json) {
		put("]\n", 2);
	}
}

void say_bytes(const void *bytes, size_t len)
{
	put(bytes, len);
}

void say_error(const char *text)
{
	int error;

	/* who does not hear that is told by the exit status */
	write_all(STDERR, text, strlen(text), &error);
}

void say(const char *fmt, ...)
{
	char text[TEXT];
	va_list args;

	va_start(args, fmt);
	format_v(text, sizeof(text), fmt, args);
	va_end(args);
	put(text, strlen(text));
}

int fail(enum status status, const char *fmt, ...)
{
	char text[TEXT];
	va_list args;

	va_start(args, fmt);
	format_v(text, sizeof(text), fmt, args);
	va_end(args);
	say_error("bulkheadctl: ");
	say_error(text);
	say_error("\n");
	return (int)status;
}

/* RFC 8259 7: quote, backslash and control characters are escaped; so are bytes that are not ASCII,
 * for nobody knows their encoding. */
void say_string(const void *bytes, size_t len)
{
	const uint8_t *from = bytes;
	char out[TEXT];
	size_t at = 0;

	put("\"", 1);
	for (size_t i = 0; i < len; i++) {
		if (from[i] >= ' ' && from[i] < 0x7f && from[i] != '"' && from[i] != '\\') {
			out[at++] = (char)from[i];
		} else {
			at += (size_t)format(out + at, sizeof(out) - at, "\\u%04x", from[i]);
		}
		if (at > sizeof(out) - 8) {
			put(out, at);
			at = 0;
		}
	}
	put(out, at);
	put("\"", 1);
}
