/* SPDX-License-Identifier: Apache-2.0 */
/* Physical interrupts at EL2: taken from a guest, or polled between steps of work with all of them
 * masked. */
#ifndef CORE_EXIT_IRQ_H
#define CORE_EXIT_IRQ_H

#include "core/base/types.h"

/* Acknowledges and handles one; nothing when none is pending. This CPU, no locks. */
void irq_take(void);

/* Handles what is pending, a bounded number. */
void irq_poll(void);

/* Sleeps until an interrupt is pending, then handles it. */
void irq_wait(void);

/* The console's UART; its line is enabled already. INTID_NONE: none. */
void irq_set_console(uint32_t intid);

#endif
