/* SPDX-License-Identifier: Apache-2.0 */
/* What programs of tests/linux say, on their standard output. */
#ifndef TESTS_LINUX_SAY_H
#define TESTS_LINUX_SAY_H

#include "core/base/format.h"
#include "tools/bulkheadctl/linux.h"

static inline void say(const char *fmt, ...) PRINTF_LIKE(1, 2);

/* 255 characters at most. */
static inline void say(const char *fmt, ...)
{
	char text[256];
	va_list args;
	int len;

	va_start(args, fmt);
	len = format_v(text, sizeof(text), fmt, args);
	va_end(args);
	linux_call(LINUX_WRITE, 1, (long)text, len, 0, 0, 0);
}

#endif
