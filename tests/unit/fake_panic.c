/* SPDX-License-Identifier: Apache-2.0 */
/* What CHECK() and the ranked locks call: the end of the test. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/base/panic.h"

void panic(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	fputs("ERROR: panic: ", stderr);
	vfprintf(stderr, fmt, args);
	fputc('\n', stderr);
	va_end(args);
	abort();
}
