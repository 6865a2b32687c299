/* SPDX-License-Identifier: Apache-2.0 */
/* Log lines: level, formatting, rate limits. */
#include "core/base/printk.h"

#include "core/base/format.h"

static struct {
	void (*sink)(enum log_level level, const char *text, size_t len);
	enum log_level level;
} printk_state = {.level = (enum log_level)LOG_LEVEL};

void printk_set_sink(void (*sink)(enum log_level level, const char *text, size_t len))
{
	printk_state.sink = sink;
}

void printk_set_level(enum log_level highest)
{
	printk_state.level = highest;
}

void printk(enum log_level level, const char *fmt, ...)
{
	char line[PRINTK_LINE_MAX];
	va_list args;
	int len;

	if (level > printk_state.level || printk_state.sink == NULL) {
		return;
	}
	va_start(args, fmt);
	len = format_v(line, sizeof(line), fmt, args);
	va_end(args);
	printk_state.sink(level, line, MIN((size_t)len, sizeof(line) - 1));
}

void printk_text(enum log_level level, const char *text, size_t len)
{
	if (level <= printk_state.level && printk_state.sink != NULL) {
		printk_state.sink(level, text, len);
	}
}

bool ratelimit_allow(struct ratelimit *limit, uint64_t now, uint64_t interval, uint32_t *missed)
{
	if (limit->start == 0 || now - limit->start >= interval) {
		limit->start = now;
		limit->printed = 0;
	}
	if (limit->printed >= RATELIMIT_BURST) {
		limit->missed++;
		return false;
	}
	limit->printed++;
	*missed = limit->missed;
	limit->missed = 0;
	return true;
}
