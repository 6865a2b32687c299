/* SPDX-License-Identifier: Apache-2.0 */
/* What is left of a guest that can't go on: its registers and a backtrace, for the log. */
#ifndef CORE_VM_CRASH_H
#define CORE_VM_CRASH_H

#include "core/vm/vcpu.h"

/* Owner; loaded. */
void crash_log(const struct vcpu *vcpu, const char *why);

#endif
