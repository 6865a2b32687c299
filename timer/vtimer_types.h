/* SPDX-License-Identifier: Apache-2.0 */
/* A vCPU's timers: plain data. The virtual one is in the hardware while its vCPU is loaded. */
#ifndef TIMER_VTIMER_TYPES_H
#define TIMER_VTIMER_TYPES_H

#include "timer/deadline_types.h"

/* Owner: the CPU that runs the vCPU. */
struct vtimer {
	uint64_t ptimer_cval; /* ticks of the guest's time */
	uint32_t ptimer_ctl;  /* ENABLE, IMASK */
	struct deadline ptimer_deadline;

	/* the virtual timer's registers, while it is not loaded */
	uint64_t vtimer_cval, vtimer_ctl, kernel_control;
	/* for when one of both is due while the vCPU waits for that, or sched.lead before */
	struct deadline wake;
	uint64_t due; /* when that is, ticks of the counter */
};

#endif
