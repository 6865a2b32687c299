/* SPDX-License-Identifier: Apache-2.0 */
/* Is a VM that has stopped started again? */
#include "core/vm/restart.h"

#define HOUR_SECONDS 3600

static bool has_rule(const struct vm_config *config, enum vm_stop_reason reason)
{
	switch (reason) {
	case VM_STOP_WATCHDOG:
		return true;
	case VM_STOP_CRASH:
		return config->restart != VM_RESTART_NEVER;
	case VM_STOP_POWEROFF:
		return config->restart == VM_RESTART_ALWAYS;
	default:
		return false;
	}
}

static bool is_within_limit(const struct vm_config *config, struct vm_restarts *restarts,
			    uint64_t now, uint64_t frequency)
{
	if (config->restart_limit == 0) {
		return true;
	}
	if (restarts->count == 0 || now - restarts->since >= HOUR_SECONDS * frequency) {
		restarts->since = now;
		restarts->count = 0;
	}
	if (restarts->count == config->restart_limit) {
		return false;
	}
	restarts->count++;
	return true;
}

enum restart_answer restart_decide(const struct vm_config *config, struct vm_restarts *restarts,
				   enum vm_stop_reason reason, uint64_t now, uint64_t frequency)
{
	if (reason == VM_STOP_RESET || reason == VM_STOP_RESTART) {
		return RESTART_NOW;
	}
	if (!has_rule(config, reason)) {
		return RESTART_NO;
	}
	if (!is_within_limit(config, restarts, now, frequency)) {
		return RESTART_LIMIT;
	}
	return config->restart_delay_ms == 0 ? RESTART_NOW : RESTART_LATER;
}

void restart_called_off(const struct vm_config *config, struct vm_restarts *restarts)
{
	if (config->restart_limit != 0) {
		restarts->count--;
	}
}
