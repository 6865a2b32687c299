/* SPDX-License-Identifier: Apache-2.0 */
/* Prints sentences. */
#include "tools/config/report.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define RED    "\033[1;31m"
#define YELLOW "\033[1;33m"
#define PLAIN  "\033[0m"

static void print_label(enum diag_level level)
{
	const char *label = level == DIAG_ERROR ? "error:" : "note:";

	if (isatty(STDERR_FILENO)) {
		fprintf(stderr, "%s%s%s ", level == DIAG_ERROR ? RED : YELLOW, label, PLAIN);
	} else {
		fprintf(stderr, "%s ", label);
	}
}

/* An error about an image's data of which one was printed before. Remembers it otherwise. */
static bool is_repeated(struct report *report, const char *text)
{
	static const char data[] = ": data: ";
	const char *end = strstr(text, data);
	size_t len;

	if (end == NULL) {
		return false;
	}
	len = (size_t)(end - text) + strlen(data);
	for (unsigned int i = 0; i < report->subject_count; i++) {
		if (strncmp(report->subject[i], text, len) == 0) {
			return true;
		}
	}
	if (len < REPORT_SUBJECT_MAX && report->subject_count < REPORT_SUBJECT_MAX) {
		memcpy(report->subject[report->subject_count], text, len);
		report->subject[report->subject_count++][len] = '\0';
	}
	return false;
}

/* FILE:LINE of the node and property that `text` begins with, its length in *len; or the file. */
static const char *place_of(const struct report *report, const char *text, int *len)
{
	const char *best = report->file, *at, *end;
	size_t best_start = 0;

	*len = (int)strlen(best);
	if (report->lines == NULL || report->lines->size == 0) {
		return best;
	}
	at = (const char *)report->lines->data;
	end = at + report->lines->size;
	while (at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		const char *stop = newline != NULL ? newline : end;
		const char *tab = memchr(at, '\t', (size_t)(stop - at));

		if (tab != NULL && (size_t)(tab - at) > best_start &&
		    strncmp(text, at, (size_t)(tab - at)) == 0) {
			best_start = (size_t)(tab - at);
			best = tab + 1;
			*len = (int)(stop - best);
		}
		at = stop + 1;
	}
	return best;
}

static void emit(void *ctx, enum diag_level level, const char *text)
{
	struct report *report = ctx;
	const char *place;
	int len;

	if (level == DIAG_ERROR && is_repeated(report, text)) {
		return;
	}
	place = place_of(report, text, &len);
	print_label(level);
	fprintf(stderr, "%.*s: %s\n", len, place, text);
}

void report_init(struct report *report, const char *file)
{
	report->file = file;
	report->lines = NULL;
	report->subject_count = 0;
	report->diag = (struct diag){.emit = emit, .ctx = report};
}

void report_error(const char *fmt, ...)
{
	va_list args;

	print_label(DIAG_ERROR);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
}

void report_note(const char *fmt, ...)
{
	va_list args;

	print_label(DIAG_NOTE);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
}
