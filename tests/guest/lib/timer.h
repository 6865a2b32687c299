/* SPDX-License-Identifier: Apache-2.0 */
/* The generic timer's virtual and physical EL1 timers; times in ticks of their counter. */
#ifndef TESTS_GUEST_LIB_TIMER_H
#define TESTS_GUEST_LIB_TIMER_H

#include "tests/guest/lib/arm64.h"
#include "tests/guest/lib/cpu.h"
#include "tests/guest/lib/types.h"

#define TIMER_ENABLE BIT(0)
#define TIMER_MASK   BIT(1)
#define TIMER_STATUS BIT(2)

/* The virtual timer of this CPU: raises INTID_TIMER_VIRT from `when` on until moved or stopped. */
static inline void timer_set(uint64_t when)
{
	sysreg_write(cntv_cval_el0, when);
	sysreg_write(cntv_ctl_el0, TIMER_ENABLE);
	isb(); /* the line has its new level before what follows */
}

static inline void timer_stop(void)
{
	sysreg_write(cntv_ctl_el0, 0);
	isb(); /* as above */
}

/* The physical timer: INTID_TIMER_PHYS, against the physical counter. */
static inline uint64_t counter_phys_now(void)
{
	isb(); /* the read is not speculated above what the caller did before */
	return sysreg_read(cntpct_el0);
}

static inline void timer_phys_set(uint64_t when)
{
	sysreg_write(cntp_cval_el0, when);
	sysreg_write(cntp_ctl_el0, TIMER_ENABLE);
	isb(); /* as above */
}

static inline void timer_phys_stop(void)
{
	sysreg_write(cntp_ctl_el0, 0);
	isb(); /* as above */
}

/*
 * Lets `us` microseconds pass asleep, IRQs masked: where a whole second has to pass, an emulator
 * that counts instructions skips it. Takes the virtual timer and leaves it stopped and disabled;
 * the GIC is set up.
 */
void timer_sleep_us(uint64_t us);

/* WAIT_TICKS() for what takes long: looks every 5 ms and sleeps in between. */
#define WAIT_ASLEEP(cond, ticks)                                                                   \
	({                                                                                         \
		uint64_t asleep_end = counter_now() + (ticks);                                     \
		bool asleep_ok;                                                                    \
		while (!(asleep_ok = (cond)) && (int64_t)(counter_now() - asleep_end) < 0) {       \
			timer_sleep_us(5000);                                                      \
		}                                                                                  \
		asleep_ok;                                                                         \
	})

#endif
