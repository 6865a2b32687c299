/* SPDX-License-Identifier: Apache-2.0 */
/* Which UART the console is on: the board's stdout-path, a porter's word, the config's. Boot CPU.
 */
#ifndef BOOT_CONSOLE_H
#define BOOT_CONSOLE_H

#include "boot/board_types.h"
#include "core/config/config_types.h"

/* Output goes to this UART if there is a driver for it; a sentence in the log otherwise. */
void console_start(const struct board_uart *uart);

/*
 * Where the tree names no UART this build drives: `bulkhead.earlycon=pl011,ADDRESS` (or cadence) in
 * the board's bootargs, for who ports to it. Polled: it has no interrupt. Changes board->uart.
 */
void console_start_early(struct board *board);

/* hypervisor { console }: another UART, or none. Changes board->uart. */
void console_follow_config(struct board *board, const struct config *config);

#endif
