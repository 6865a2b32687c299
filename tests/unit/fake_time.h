/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The counter, and the deadlines of a few vCPUs on one queue, for tests of what sets them. Time
 * stands until the test lets it pass.
 */
#ifndef TESTS_UNIT_FAKE_TIME_H
#define TESTS_UNIT_FAKE_TIME_H

#include "timer/deadline.h"

#define FAKE_DEADLINES 8 /* armed at once, at most */

struct fake_time {
	uint64_t now, hz;
	uint64_t step; /* what passes between a look at the counter and the next */
	uint32_t arms; /* how often one was set */
	struct deadline *armed[FAKE_DEADLINES];
};
extern struct fake_time fake_time;

/* Nothing is armed. */
void fake_time_reset(uint64_t now, uint64_t hz);

/* The timer's interrupt, at `when`: everything that is due by then. */
void fake_interrupt_at(uint64_t when);

/* Time passes, and each interrupt is taken when it is due. */
void fake_pass(uint64_t ticks);

#endif
