/* SPDX-License-Identifier: Apache-2.0 */
/* Prints sentences. */
#include "tools/config/report.h"

#include <stdarg.h>
#include <stdio.h>
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

static void emit(void *ctx, enum diag_level level, const char *text)
{
	const struct report *report = ctx;

	print_label(level);
	fprintf(stderr, "%s: %s\n", report->file, text);
}

void report_init(struct report *report, const char *file)
{
	report->file = file;
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
