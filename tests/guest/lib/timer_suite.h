/* SPDX-License-Identifier: Apache-2.0 */
/* What the virtual and the physical timer have in common, tested on either. */
#ifndef TESTS_GUEST_LIB_TIMER_SUITE_H
#define TESTS_GUEST_LIB_TIMER_SUITE_H

#include "tests/guest/lib/types.h"

/* One of the two timers, by its registers. */
struct timer_ops {
	unsigned int intid;
	uint64_t (*counter)(void);
	uint64_t (*ctl)(void);
	void (*set_ctl)(uint64_t v);
	uint64_t (*cval)(void);
	void (*set_cval)(uint64_t v);
	uint64_t (*tval)(void);
	void (*set_tval)(uint64_t v);
};

/* Reports in TAP; the GIC is set up by it. Needs two CPUs. */
void timer_suite(const struct timer_ops *timer);

#endif
