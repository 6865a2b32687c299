/* SPDX-License-Identifier: Apache-2.0 */
/* Formats the last words and hands them to who can print them. */
#include "core/base/panic.h"

#include "core/base/format.h"

#define PANIC_TEXT_MAX 256

static const struct panic_ops *panic_ops;

void panic_set_ops(const struct panic_ops *ops)
{
	panic_ops = ops;
}

static void __attribute__((noreturn)) stop_silently(void)
{
	for (;;) {
		__asm__ volatile("" ::: "memory");
	}
}

void panic(const char *fmt, ...)
{
	char text[PANIC_TEXT_MAX];
	va_list args;

	va_start(args, fmt);
	format_v(text, sizeof(text), fmt, args);
	va_end(args);
	if (panic_ops != NULL) {
		panic_ops->panic(text);
	}
	stop_silently();
}

void halt(const char *fmt, ...)
{
	char text[PANIC_TEXT_MAX];
	va_list args;

	va_start(args, fmt);
	format_v(text, sizeof(text), fmt, args);
	va_end(args);
	if (panic_ops != NULL) {
		panic_ops->halt(text);
	}
	stop_silently();
}
