/* SPDX-License-Identifier: Apache-2.0 */
/* Builds the sentences of diag.h and hands them to the sink. */
#include "core/base/diag.h"

#include "core/base/format.h"

/* What stands in a file may be anything; what reaches a terminal is printable ASCII. */
static void make_printable(char *text)
{
	for (; *text != '\0'; text++) {
		if (*text < 0x20 || *text > 0x7e) {
			*text = '?';
		}
	}
}

/* Appends at *len, which never passes the last byte of `text`. */
static void append(char text[DIAG_TEXT_MAX], size_t *len, const char *fmt, va_list args)
{
	int n = format_v(text + *len, DIAG_TEXT_MAX - *len, fmt, args);

	*len = MIN(*len + (size_t)n, (size_t)DIAG_TEXT_MAX - 1);
}

static void append_prefix(char text[DIAG_TEXT_MAX], size_t *len, const char *prefix)
{
	int n;

	if (prefix != NULL) {
		n = format(text + *len, DIAG_TEXT_MAX - *len, "%s: ", prefix);
		*len = MIN(*len + (size_t)n, (size_t)DIAG_TEXT_MAX - 1);
	}
}

void diag_error(struct diag *diag, const char *path, const char *property, const char *fmt, ...)
{
	char text[DIAG_TEXT_MAX];
	size_t len = 0;
	va_list args;

	if (diag == NULL) {
		return;
	}
	diag->error_count++;
	append_prefix(text, &len, path);
	append_prefix(text, &len, property);
	va_start(args, fmt);
	append(text, &len, fmt, args);
	va_end(args);
	make_printable(text);
	diag->emit(diag->ctx, DIAG_ERROR, text);
}

void diag_note(struct diag *diag, const char *path, const char *property, const char *fmt, ...)
{
	char text[DIAG_TEXT_MAX];
	size_t len = 0;
	va_list args;

	if (diag == NULL) {
		return;
	}
	append_prefix(text, &len, path);
	append_prefix(text, &len, property);
	va_start(args, fmt);
	append(text, &len, fmt, args);
	va_end(args);
	make_printable(text);
	diag->emit(diag->ctx, DIAG_NOTE, text);
}
