/* SPDX-License-Identifier: Apache-2.0 */
/* What waits for EL2 to look, since it masks its interrupts throughout. DDI 0487 ISR_EL1. */
#ifndef CORE_ARM64_PENDING_H
#define CORE_ARM64_PENDING_H

#include "core/arm64/sysreg.h"

/* A physical interrupt is pending, whatever PSTATE masks. */
#if defined(__aarch64__) && !defined(BULKHEAD_HOST)
static inline bool irq_is_pending(void)
{
	return (sysreg_read(isr_el1) & ISR_I) != 0;
}
#else /* a test's */
bool irq_is_pending(void);
#endif

#endif
