/* SPDX-License-Identifier: Apache-2.0 */
/* Cadence UART of the Zynq family: Zynq UltraScale+ TRM (UG1085), UART controller. */
#include "core/base/bits.h"
#include "core/base/errno.h"
#include "drivers/hw/uart/uart.h"

#define CDNS_CR	   0x00
#define CDNS_IER   0x08
#define CDNS_IDR   0x0c
#define CDNS_ISR   0x14
#define CDNS_RTRIG 0x20
#define CDNS_SR	   0x2c
#define CDNS_FIFO  0x30

#define CDNS_CR_RXEN	BIT(2)
#define CDNS_CR_TXEN	BIT(4)
#define CDNS_INT_RTRIG	BIT(0)
#define CDNS_INT_TEMPTY BIT(3)
#define CDNS_INT_ALL	BITS(12, 0)
#define CDNS_SR_REMPTY	BIT(1)
#define CDNS_SR_TFULL	BIT(4)

static uint32_t reg_read(struct uart *uart, uint32_t off)
{
	return *(volatile uint32_t *)(uart->regs + off);
}

static void reg_write(struct uart *uart, uint32_t off, uint32_t value)
{
	*(volatile uint32_t *)(uart->regs + off) = value;
}

static void cadence_init(struct uart *uart)
{
	reg_write(uart, CDNS_IDR, CDNS_INT_ALL);
	reg_write(uart, CDNS_ISR, CDNS_INT_ALL);
	reg_write(uart, CDNS_RTRIG, 1);
	reg_write(uart, CDNS_CR, CDNS_CR_RXEN | CDNS_CR_TXEN);
}

static bool cadence_tx_ready(struct uart *uart)
{
	return (reg_read(uart, CDNS_SR) & CDNS_SR_TFULL) == 0;
}

static void cadence_put(struct uart *uart, uint8_t byte)
{
	reg_write(uart, CDNS_FIFO, byte);
}

static int cadence_get(struct uart *uart)
{
	return (reg_read(uart, CDNS_SR) & CDNS_SR_REMPTY) != 0 ?
		       -EAGAIN :
		       (int)(reg_read(uart, CDNS_FIFO) & 0xff);
}

static void cadence_irq_enable(struct uart *uart, bool rx, bool tx)
{
	uint32_t on = (rx ? CDNS_INT_RTRIG : 0) | (tx ? CDNS_INT_TEMPTY : 0);

	reg_write(uart, CDNS_IDR, CDNS_INT_ALL & ~on);
	reg_write(uart, CDNS_IER, on);
}

static void cadence_irq_ack(struct uart *uart)
{
	reg_write(uart, CDNS_ISR, reg_read(uart, CDNS_ISR));
}

const struct uart_ops uart_cadence_ops = {
	.name = "Cadence UART",
	.init = cadence_init,
	.tx_ready = cadence_tx_ready,
	.put = cadence_put,
	.get = cadence_get,
	.irq_enable = cadence_irq_enable,
	.irq_ack = cadence_irq_ack,
};
