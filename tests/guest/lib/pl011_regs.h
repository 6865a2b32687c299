/* SPDX-License-Identifier: Apache-2.0 */
/* PL011 registers (DDI 0183G, chapter 3). */
#ifndef TESTS_GUEST_LIB_PL011_REGS_H
#define TESTS_GUEST_LIB_PL011_REGS_H

#include "tests/guest/lib/types.h"

#define UART_DR		0x000
#define UART_RSR	0x004
#define UART_FR		0x018
#define UART_ILPR	0x020
#define UART_IBRD	0x024
#define UART_FBRD	0x028
#define UART_LCR_H	0x02c
#define UART_CR		0x030
#define UART_IFLS	0x034
#define UART_IMSC	0x038
#define UART_RIS	0x03c
#define UART_MIS	0x040
#define UART_ICR	0x044
#define UART_DMACR	0x048
#define UART_PERIPH_ID0 0xfe0
#define UART_CELL_ID0	0xff0

#define UART_FR_BUSY BIT(3)
#define UART_FR_RXFE BIT(4)
#define UART_FR_TXFF BIT(5)
#define UART_FR_RXFF BIT(6)
#define UART_FR_TXFE BIT(7)

#define UART_LCR_H_FEN	BIT(4)
#define UART_LCR_H_WLEN BITS(6, 5)

#define UART_CR_UARTEN BIT(0)
#define UART_CR_LBE    BIT(7)
#define UART_CR_TXE    BIT(8)
#define UART_CR_RXE    BIT(9)

#define UART_INT_RX  BIT(4)
#define UART_INT_TX  BIT(5)
#define UART_INT_RT  BIT(6)
#define UART_INT_OE  BIT(10)
#define UART_INT_ALL BITS(10, 0)

#define UART_IFLS_TX BITS(2, 0)
#define UART_IFLS_RX BITS(5, 3)

#endif
