/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A look at the registers of a vCPU from another CPU: asked for, answered by the owner between two
 * of its instructions, fetched when it has answered. One question at a time; the console's.
 *
 * Who asks owns `answer` but while `asked` names a vCPU: then that one's owner does. `asked` is
 * atomic: set by who asks, cleared by the owner, which releases the answer.
 */
#ifndef CORE_EXIT_REGS_H
#define CORE_EXIT_REGS_H

#include "core/vm/vcpu.h"

struct regs_answer {
	struct cpu_regs regs;
	uint64_t pc, pstate;
	struct el1_regs el1;
	uint32_t power, hold;
};

/* False: the last question is still open. Any one CPU. */
bool regs_ask(struct vcpu *vcpu);

/* NULL until the owner has answered. Who asked. */
const struct regs_answer *regs_get(void);

/* For the run loop: VCPU_EVENT_REGS. Owner. */
void regs_answer(struct vcpu *vcpu);

#endif
