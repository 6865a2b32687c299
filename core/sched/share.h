/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parts of a CPU's time, in 2^-32 of it: what budgets ask for, and what windows are. The check of a
 * config and the scheduler, which sends vCPUs to other CPUs, do these sums alike, from the
 * microseconds of the config: what the one lets through the other does not refuse. Pure.
 *
 * Each part is rounded down, so parts that fit together exactly are found to fit.
 */
#ifndef CORE_SCHED_SHARE_H
#define CORE_SCHED_SHARE_H

#include "core/config/config_types.h"

#define SHARE_WHOLE	(UINT64_C(1) << 32)
#define SHARE_PARTS_MAX 256 /* in a sum, far more than there are vCPUs on a CPU */

/* 0 without a budget, which is no limit. */
static inline uint64_t share_of_budget(const struct vcpu_config *vcpu)
{
	return vcpu->budget_us == 0 ? 0 : ((uint64_t)vcpu->budget_us << 32) / vcpu->period_us;
}

/* Microseconds of a schedule's windows that are this VM's, by index; -1: nobody's. */
static inline uint64_t share_window_us(const struct schedule_config *schedule, int32_t vm)
{
	uint64_t us = 0;

	for (uint32_t i = 0; i < schedule->window_count; i++) {
		us += schedule->window[i].vm == vm ? schedule->window[i].us : 0;
	}
	return us;
}

/* Of all windows: the major frame. */
static inline uint64_t share_frame_us(const struct schedule_config *schedule)
{
	uint64_t us = 0;

	for (uint32_t i = 0; i < schedule->window_count; i++) {
		us += schedule->window[i].us;
	}
	return us;
}

/* CONFIG_WINDOW_MAX windows of ten seconds are less than 2^32 microseconds. */
static inline uint64_t share_of_windows(const struct schedule_config *schedule, int32_t vm)
{
	uint64_t all = share_frame_us(schedule);

	return all == 0 ? 0 : (share_window_us(schedule, vm) << 32) / all;
}

/*
 * Ticks of window `index`, of `frequency` Hz. What is rounded is where it ends in the frame: equal
 * frames have equal ticks, however they are divided. CONFIG_WINDOW_MAX windows of ten seconds at a
 * GHz are less than 2^60.
 */
static inline uint64_t share_window_ticks(const struct schedule_config *schedule, uint32_t index,
					  uint64_t frequency)
{
	uint64_t us = 0, begin;

	for (uint32_t i = 0; i < index; i++) {
		us += schedule->window[i].us;
	}
	begin = us * frequency / 1000000;
	return (us + schedule->window[index].us) * frequency / 1000000 - begin;
}

/* In tenths of a percent, for people. What is too much is rounded up, and what it exceeds down: the
 * two never look the same. */
static inline uint32_t share_permille_up(uint64_t share)
{
	return (uint32_t)((share * 1000 + SHARE_WHOLE - 1) >> 32);
}

static inline uint32_t share_permille(uint64_t share)
{
	/* parts that were rounded down and make 60 % are not 59.9 */
	return (uint32_t)(((share + SHARE_PARTS_MAX) * 1000) >> 32);
}

#endif
