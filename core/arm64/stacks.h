/* SPDX-License-Identifier: Apache-2.0 */
/* A CPU's EL2 stacks: tops, set at bring-up, constant after. vectors.S reads emergency_top. */
#ifndef CORE_ARM64_STACKS_H
#define CORE_ARM64_STACKS_H

#include "core/base/percpu.h"

PERCPU_DECLARE(uint64_t, stack_top);
PERCPU_DECLARE(uint64_t, emergency_top);

#endif
