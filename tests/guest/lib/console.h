/* SPDX-License-Identifier: Apache-2.0 */
/* Console: text to the PL011. Any CPU, any context; a call is not interleaved with another's. */
#ifndef TESTS_GUEST_LIB_CONSOLE_H
#define TESTS_GUEST_LIB_CONSOLE_H

#include <stdarg.h>

#include "tests/guest/lib/types.h"

/*
 * Knows %s %c %d %u %x %% with a width, zero padding and `l`: a subset of C's, so that the
 * compiler checks the arguments. A newline is sent as CR LF. Waits while the FIFO is full.
 */
int printf(const char *format, ...) __attribute__((format(printf, 1, 2)));
int vprintf(const char *format, va_list args);

/*
 * Enables the UART if nobody has (8N1, FIFOs; the baud rate stays as it is) and keeps in
 * console_reset_cr and console_reset_lcr_h what was found. Called by cpu_main().
 */
void console_setup(void);

/* The same whatever state the UART is in: all interrupts off, no loopback. */
void console_recover(void);

extern uint32_t console_reset_cr, console_reset_lcr_h;

#endif
