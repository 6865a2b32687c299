/* SPDX-License-Identifier: Apache-2.0 */
/* Which driver the board's console UART takes. */
#include "drivers/hw/uart/uart.h"

#include "core/base/errno.h"

static const struct uart_ops *const drivers[] = {
	[BOARD_UART_PL011] = &uart_pl011_ops,
	[BOARD_UART_CADENCE] = &uart_cadence_ops,
};

int uart_init(struct uart *uart, const struct board_uart *board)
{
	if (board->kind >= ARRAY_COUNT(drivers) || drivers[board->kind] == NULL) {
		return -ENODEV;
	}
	uart->ops = drivers[board->kind];
	uart->regs = (volatile uint8_t *)board->regs.base;
	uart->ops->init(uart);
	return 0;
}
