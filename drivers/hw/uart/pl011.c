/* SPDX-License-Identifier: Apache-2.0 */
/* PL011 as the board's console. Arm DDI 0183G. */
#include "core/base/errno.h"
#include "drivers/hw/uart/pl011_regs.h"
#include "drivers/hw/uart/uart.h"

static uint32_t reg_read(struct uart *uart, uint32_t off)
{
	return *(volatile uint32_t *)(uart->regs + off);
}

static void reg_write(struct uart *uart, uint32_t off, uint32_t value)
{
	*(volatile uint32_t *)(uart->regs + off) = value;
}

static void pl011_init(struct uart *uart)
{
	reg_write(uart, UARTIMSC, 0);
	reg_write(uart, UARTICR, UARTINT_ALL);
	/* LCR_H may change only while the UART is disabled: leave it when firmware has the FIFOs on
	 */
	if ((reg_read(uart, UARTLCR_H) & UARTLCR_H_FEN) == 0) {
		reg_write(uart, UARTCR, 0);
		reg_write(uart, UARTLCR_H, UARTLCR_H_FEN | UARTLCR_H_WLEN8);
	}
	/* receive interrupt at one eighth, transmit interrupt at one eighth */
	reg_write(uart, UARTIFLS, 0);
	reg_write(uart, UARTCR, UARTCR_UARTEN | UARTCR_TXE | UARTCR_RXE);
}

static bool pl011_tx_ready(struct uart *uart)
{
	return (reg_read(uart, UARTFR) & UARTFR_TXFF) == 0;
}

static void pl011_put(struct uart *uart, uint8_t byte)
{
	reg_write(uart, UARTDR, byte);
}

static int pl011_get(struct uart *uart)
{
	while ((reg_read(uart, UARTFR) & UARTFR_RXFE) == 0) {
		uint32_t data = reg_read(uart, UARTDR);

		if ((data & (UARTDR_FE | UARTDR_PE | UARTDR_BE)) == 0) {
			return (int)(data & UARTDR_DATA);
		}
	}
	return -EAGAIN;
}

static void pl011_irq_enable(struct uart *uart, bool rx, bool tx)
{
	reg_write(uart, UARTIMSC, (rx ? UARTINT_RX | UARTINT_RT : 0) | (tx ? UARTINT_TX : 0));
}

static void pl011_irq_ack(struct uart *uart)
{
	/* RX and RT fall when the FIFO is read; clearing them here would lose a byte that came
	 * meanwhile */
	reg_write(uart, UARTICR, UARTINT_TX | UARTINT_FE | UARTINT_PE | UARTINT_BE | UARTINT_OE);
}

const struct uart_ops uart_pl011_ops = {
	.name = "PL011",
	.init = pl011_init,
	.tx_ready = pl011_tx_ready,
	.put = pl011_put,
	.get = pl011_get,
	.irq_enable = pl011_irq_enable,
	.irq_ack = pl011_irq_ack,
};
