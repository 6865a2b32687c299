/* SPDX-License-Identifier: Apache-2.0 */
/* Time of day. */
#include "timer/wall_clock.h"

#include "timer/deadline.h"

static uint32_t offset;

void wall_clock_set(uint32_t seconds)
{
	offset = seconds - (uint32_t)(deadline_now() / deadline_frequency());
}

uint32_t wall_clock_offset(void)
{
	return offset;
}
