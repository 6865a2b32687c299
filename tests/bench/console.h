/* SPDX-License-Identifier: Apache-2.0 */
/* The bench guest's virtio console. virtio 1.2 5.3. */
#ifndef TESTS_BENCH_CONSOLE_H
#define TESTS_BENCH_CONSOLE_H

#include "tests/guest/lib/types.h"

/* False: the machine has none, or it refuses. IRQs masked. */
bool console_start(void);
bool console_start_packed(void); /* with packed rings */

/* Sends a character: an interrupt follows, when it is the console's. */
void console_send(char c);
void console_send_packed(char c);

/* It was taken. */
void console_taken(void);

/* All that was sent has come back. */
bool console_is_good(void);

#endif
