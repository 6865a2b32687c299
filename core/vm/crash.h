/* SPDX-License-Identifier: Apache-2.0 */
/* What is left of a guest that can't go on: its registers and a backtrace, for the log. */
#ifndef CORE_VM_CRASH_H
#define CORE_VM_CRASH_H

#include "core/vm/vcpu.h"

/* The next steps are about this crash, for which there is `why`, a constant. Owner. */
void crash_begin(struct vcpu *vcpu, const char *why);

/* A line of it; true: that was the last. Owner; loaded, and its guest has not been entered since
 * crash_begin(). */
bool crash_log_step(struct vcpu *vcpu);

#endif
