/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The end of the road at EL2, and the statements that lead there.
 *
 * CHECK(x) states what this code guarantees; nothing a guest, a config or a device tree does may
 * make it false.
 */
#ifndef CORE_BASE_PANIC_H
#define CORE_BASE_PANIC_H

#include "core/base/types.h"

/* Prints the sentence, registers, backtrace and what each CPU ran; stops or reboots as configured.
 * Any CPU. */
void panic(const char *fmt, ...) PRINTF_LIKE(1, 2) __attribute__((noreturn));

/* The same after a sentence to the person who started it, without registers: a board that can't be
 * run. */
void halt(const char *fmt, ...) PRINTF_LIKE(1, 2) __attribute__((noreturn));

/* Who does the work; registered once by the composing layer. Before that, panic() spins in wfe. */
struct panic_ops {
	void (*panic)(const char *text) __attribute__((noreturn));
	void (*halt)(const char *text) __attribute__((noreturn));
};
void panic_set_ops(const struct panic_ops *ops);

#define CHECK(x)                                                                                   \
	do {                                                                                       \
		if (unlikely(!(x))) {                                                              \
			panic("CHECK failed: %s (%s:%d)", #x, __FILE__, __LINE__);                 \
		}                                                                                  \
	} while (0)

#endif
