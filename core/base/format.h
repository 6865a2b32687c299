/* SPDX-License-Identifier: Apache-2.0 */
/* Text formatting: the subset of printf that the hypervisor uses. Pure. */
#ifndef CORE_BASE_FORMAT_H
#define CORE_BASE_FORMAT_H

#include <stdarg.h>

#include "core/base/types.h"

/*
 * Conversions: %d %i %u %x %X %c %s %p %%, lengths h hh l ll z, flags - 0 #, width and precision
 * (numbers or *). Always ends `buf` with NUL when size > 0. Returns the length the whole text has.
 */
int format_v(char *buf, size_t size, const char *fmt, va_list args);
int format(char *buf, size_t size, const char *fmt, ...) PRINTF_LIKE(3, 4);

#endif
