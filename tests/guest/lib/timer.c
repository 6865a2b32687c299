/* SPDX-License-Identifier: Apache-2.0 */
/* Sleeping by the virtual timer. */
#include "tests/guest/lib/timer.h"

#include "tests/guest/lib/gic.h"
#include "tests/guest/lib/machine.h"

void timer_sleep_us(uint64_t us)
{
	uint64_t daif = sysreg_read(daif);
	uint64_t due = counter_now() + us * counter_hz() / 1000000;

	irq_mask();
	gic_enable(INTID_TIMER_VIRT);
	timer_set(due);
	while ((int64_t)(counter_now() - due) < 0) {
		cpu_wfi();
	}
	timer_stop();
	gic_disable(INTID_TIMER_VIRT);
	sysreg_write(daif, daif);
}
