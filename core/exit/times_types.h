/* SPDX-License-Identifier: Apache-2.0 */
/* How long the exits of a vCPU kept EL2, by cause, since it was asked for: plain data. */
#ifndef CORE_EXIT_TIMES_TYPES_H
#define CORE_EXIT_TIMES_TYPES_H

#include "core/base/types.h"
#include "core/exit/hypercall_types.h"

struct exit_time {
	uint64_t count;
	uint64_t ticks, max; /* of all, and of the longest */
};

struct exit_times {
	uint64_t asked; /* atomic; since when they are to be counted, ticks; 0: they are not */

	/* owner; others may read words of it */
	uint64_t since;	  /* `asked`, as it was seen last */
	uint64_t left_at; /* when the guest was left last: vectors.S */
	struct exit_time cause[HYPERCALL_CAUSE_COUNT];
};

#endif
