/* SPDX-License-Identifier: Apache-2.0 */
/* Time of day: the board's clock, read once at boot, carried on by the counter. Constant after. */
#ifndef TIMER_WALL_CLOCK_H
#define TIMER_WALL_CLOCK_H

#include "core/base/types.h"

/* The board's clock says `seconds` since 1970 now. Boot CPU, once; without it the time begins at
 * 1970. */
void wall_clock_set(uint32_t seconds);

/* Seconds since 1970 less the counter's seconds. */
uint32_t wall_clock_offset(void);

#endif
