/* SPDX-License-Identifier: Apache-2.0 */
/* A vCPU's emulated physical timer: plain data. The virtual timer's state is in the hardware. */
#ifndef TIMER_VTIMER_TYPES_H
#define TIMER_VTIMER_TYPES_H

#include "timer/deadline_types.h"

/* Owner: the CPU that runs the vCPU. */
struct vtimer {
	uint64_t ptimer_cval; /* ticks of the guest's time */
	uint32_t ptimer_ctl;  /* ENABLE, IMASK */
	struct deadline ptimer_deadline;
};

#endif
