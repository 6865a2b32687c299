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

static void put(int file, const char *text, size_t left)
{
	while (left != 0) {
		long done = linux_call(LINUX_WRITE, file, (long)text, (long)left, 0, 0, 0);

		if (done <= 0) {
			return;
		}
		text += done;
		left -= (size_t)done;
	}
}

void say_bytes(const void *bytes, size_t len)
{
	put(STDOUT, bytes, len);
}

void say_error(const char *text)
{
	put(STDERR, text, strlen(text));
}

void say(const char *fmt, ...)
{
	char text[TEXT];
	va_list args;

	va_start(args, fmt);
	format_v(text, sizeof(text), fmt, args);
	va_end(args);
	put(STDOUT, text, strlen(text));
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

	put(STDOUT, "\"", 1);
	for (size_t i = 0; i < len; i++) {
		if (from[i] >= ' ' && from[i] < 0x7f && from[i] != '"' && from[i] != '\\') {
			out[at++] = (char)from[i];
		} else {
			at += (size_t)format(out + at, sizeof(out) - at, "\\u%04x", from[i]);
		}
		if (at > sizeof(out) - 8) {
			put(STDOUT, out, at);
			at = 0;
		}
	}
	put(STDOUT, out, at);
	put(STDOUT, "\"", 1);
}
