/* SPDX-License-Identifier: Apache-2.0 */
/* Calls by HVC and SMC: SMCCC (DEN 0028F), PSCI, and what the config lets through to firmware. */
#ifndef CORE_EXIT_HVC_H
#define CORE_EXIT_HVC_H

#include "core/exit/action.h"
#include "core/vm/vcpu.h"

/* Owner CPU; the function id is in x0. immediate: of the instruction. */
enum exit_action hvc_call(struct vcpu *vcpu, uint32_t immediate);
enum exit_action hvc_smc(struct vcpu *vcpu, uint32_t immediate);

#endif
