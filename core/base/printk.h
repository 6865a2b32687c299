/* SPDX-License-Identifier: Apache-2.0 */
/* The hypervisor's own log lines. */
#ifndef CORE_BASE_PRINTK_H
#define CORE_BASE_PRINTK_H

#include "core/base/types.h"

/* As syslog counts them. hypervisor { log-level } is the highest that is kept. */
enum log_level {
	LOG_EMERG = 0,
	LOG_ERROR = 3,
	LOG_WARN = 4,
	LOG_NOTICE = 5,
	LOG_INFO = 6,
	LOG_DEBUG = 7,
};

#define PRINTK_LINE_MAX 384

/* One line, without newline at its end; longer lines are cut. Any CPU; takes the console lock in
 * the sink. */
void printk(enum log_level level, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* The same with a text that is formatted already. */
void printk_text(enum log_level level, const char *text, size_t len);

#define log_error(...)	printk(LOG_ERROR, __VA_ARGS__)
#define log_warn(...)	printk(LOG_WARN, __VA_ARGS__)
#define log_notice(...) printk(LOG_NOTICE, __VA_ARGS__)
#define log_info(...)	printk(LOG_INFO, __VA_ARGS__)
#define log_debug(...)	printk(LOG_DEBUG, __VA_ARGS__)

/* Where the lines go: registered by the console before the first line. */
void printk_set_sink(void (*sink)(enum log_level level, const char *text, size_t len));
void printk_set_level(enum log_level highest);

/*
 * A limit for lines that guests can cause: at most `burst` lines per `interval` ticks of the
 * caller's clock; then they are counted, and the count is told with the next line let through.
 */
struct ratelimit {
	uint64_t start;
	uint32_t printed;
	uint32_t missed;
};

/* True: print, and *missed says how many were held back before. Caller serialises. */
bool ratelimit_allow(struct ratelimit *limit, uint64_t now, uint64_t interval, uint32_t *missed);

#define RATELIMIT_BURST 10

#endif
