/* SPDX-License-Identifier: Apache-2.0 */
/* PL011: Arm DDI 0183G, chapter 3. Shared by the driver, the model and tests. */
#ifndef DRIVERS_HW_UART_PL011_REGS_H
#define DRIVERS_HW_UART_PL011_REGS_H

#include "core/base/bits.h"

#define UARTDR	      0x000
#define UARTRSR	      0x004 /* UARTECR when written */
#define UARTFR	      0x018
#define UARTILPR      0x020
#define UARTIBRD      0x024
#define UARTFBRD      0x028
#define UARTLCR_H     0x02c
#define UARTCR	      0x030
#define UARTIFLS      0x034
#define UARTIMSC      0x038
#define UARTRIS	      0x03c
#define UARTMIS	      0x040
#define UARTICR	      0x044
#define UARTDMACR     0x048
#define UARTPERIPHID0 0xfe0
#define UARTPCELLID3  0xffc

#define UARTDR_DATA BITS(7, 0)
#define UARTDR_FE   BIT(8)
#define UARTDR_PE   BIT(9)
#define UARTDR_BE   BIT(10)
#define UARTDR_OE   BIT(11)

#define UARTFR_CTS  BIT(0)
#define UARTFR_DSR  BIT(1)
#define UARTFR_DCD  BIT(2)
#define UARTFR_BUSY BIT(3)
#define UARTFR_RXFE BIT(4)
#define UARTFR_TXFF BIT(5)
#define UARTFR_RXFF BIT(6)
#define UARTFR_TXFE BIT(7)

#define UARTLCR_H_FEN	BIT(4)
#define UARTLCR_H_WLEN8 BITS(6, 5)

#define UARTCR_UARTEN BIT(0)
#define UARTCR_LBE    BIT(7)
#define UARTCR_TXE    BIT(8)
#define UARTCR_RXE    BIT(9)

#define UARTIFLS_TX BITS(2, 0)
#define UARTIFLS_RX BITS(5, 3)

/* Bits of IMSC, RIS, MIS and ICR */
#define UARTINT_RX  BIT(4)
#define UARTINT_TX  BIT(5)
#define UARTINT_RT  BIT(6)
#define UARTINT_FE  BIT(7)
#define UARTINT_PE  BIT(8)
#define UARTINT_BE  BIT(9)
#define UARTINT_OE  BIT(10)
#define UARTINT_ALL BITS(10, 0)

#endif
