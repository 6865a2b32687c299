/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is a VM that has stopped started again? Pure: config, what has been counted and the time are its
 * arguments.
 *
 * SYSTEM_RESET and a command always start it again, at once, and count for no limit. A crash, a
 * SYSTEM_OFF and a watchdog do so by rule: `restart`, `restart-limit`, `restart-delay-ms`,
 * `on-expiry`. An hour of the limit begins with the first restart that counts.
 */
#ifndef CORE_VM_RESTART_H
#define CORE_VM_RESTART_H

#include "core/vm/vm.h"

enum restart_answer {
	RESTART_NO,
	RESTART_NOW,
	RESTART_LATER, /* after restart-delay-ms */
	RESTART_LIMIT, /* a rule says so, and the limit says no */
};

/* Counts a restart by rule in `restarts`. now: ticks, `frequency` of them a second. */
enum restart_answer restart_decide(const struct vm_config *config, struct vm_restarts *restarts,
				   enum vm_stop_reason reason, uint64_t now, uint64_t frequency);

/* The last one that was counted, RESTART_LATER, is not to be: it counts no more. */
void restart_called_off(const struct vm_config *config, struct vm_restarts *restarts);

#endif
