/* SPDX-License-Identifier: Apache-2.0 */
/* A moment at which something is to be done: embedded by what it is done to. */
#ifndef TIMER_DEADLINE_TYPES_H
#define TIMER_DEADLINE_TYPES_H

#include "core/base/list.h"

struct vcpu;

struct deadline {
	struct list_node link; /* on the queue of one CPU, or on none */
	uint64_t when;	       /* ticks */
	struct vcpu *vcpu;     /* it is set by its owner only; NULL: by one CPU only */
	bool patient;	       /* deadline_is_patient() */
	uint32_t who;	       /* deadline_wakes() */
	uint32_t rank;	       /* above that of who waits: it fires in a quiet time, too */
	void (*fire)(struct deadline *deadline);
};

#endif
