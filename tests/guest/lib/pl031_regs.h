/* SPDX-License-Identifier: Apache-2.0 */
/* PL031 registers (DDI 0224C, chapter 3). */
#ifndef TESTS_GUEST_LIB_PL031_REGS_H
#define TESTS_GUEST_LIB_PL031_REGS_H

#define RTC_DR	       0x000
#define RTC_MR	       0x004
#define RTC_LR	       0x008
#define RTC_CR	       0x00c
#define RTC_IMSC       0x010
#define RTC_RIS	       0x014
#define RTC_MIS	       0x018
#define RTC_ICR	       0x01c
#define RTC_PERIPH_ID0 0xfe0
#define RTC_CELL_ID0   0xff0

#endif
