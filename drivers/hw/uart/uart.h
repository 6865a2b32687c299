/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A physical UART: polled before interrupts work and in a panic, by interrupt otherwise. The caller
 * serialises (console lock); nothing here waits.
 */
#ifndef DRIVERS_HW_UART_UART_H
#define DRIVERS_HW_UART_UART_H

#include "boot/board_types.h"

struct uart;

struct uart_ops {
	const char *name;
	/* Keeps firmware's baud rate. Interrupts are masked after it. */
	void (*init)(struct uart *uart);
	bool (*tx_ready)(struct uart *uart); /* put() may be called once */
	void (*put)(struct uart *uart, uint8_t byte);
	int (*get)(struct uart *uart); /* a byte, or -EAGAIN; receive errors are skipped */
	void (*irq_enable)(struct uart *uart, bool rx, bool tx);
	void (*irq_ack)(struct uart *uart);
};

struct uart {
	const struct uart_ops *ops;
	volatile uint8_t *regs; /* mapped; constant */
};

/* Chooses the driver; -ENODEV when there is none for what the board has. The registers are mapped
 * already. */
int uart_init(struct uart *uart, const struct board_uart *board);

extern const struct uart_ops uart_pl011_ops;
extern const struct uart_ops uart_cadence_ops;

#endif
