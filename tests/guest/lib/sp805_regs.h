/* SPDX-License-Identifier: Apache-2.0 */
/* SP805 registers (DDI 0270B, chapter 3). */
#ifndef TESTS_GUEST_LIB_SP805_REGS_H
#define TESTS_GUEST_LIB_SP805_REGS_H

#define WDOG_LOAD	0x000
#define WDOG_VALUE	0x004
#define WDOG_CONTROL	0x008
#define WDOG_INTCLR	0x00c
#define WDOG_RIS	0x010
#define WDOG_MIS	0x014
#define WDOG_LOCK	0xc00
#define WDOG_ITCR	0xf00
#define WDOG_ITOP	0xf04
#define WDOG_PERIPH_ID0 0xfe0

#define WDOG_INTEN  1
#define WDOG_RESEN  2
#define WDOG_UNLOCK 0x1acce551

#endif
