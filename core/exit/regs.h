/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A look at the registers of a vCPU from another CPU: asked for, answered by the owner between two
 * of its instructions, fetched when it has answered. One question at a time for each who asks.
 *
 * Who asks owns its `answer` but from the moment the vCPU's owner has taken the question until it
 * has answered. `asked` is atomic: set by who asks, taken back by it or taken and cleared by the
 * owner, which releases the answer.
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

/* Each is one caller at a time: how is theirs to see to. */
enum regs_asker {
	REGS_SHELL,
	REGS_HYPERCALL,
	REGS_ASKER_COUNT,
};

/* False: the last question is still open. */
bool regs_ask(enum regs_asker asker, struct vcpu *vcpu);

/* NULL until the owner has answered. */
const struct regs_answer *regs_get(enum regs_asker asker);

/* Takes the question back. False: it has been answered, or is just now. */
bool regs_withdraw(enum regs_asker asker);

/* For the run loop: VCPU_EVENT_REGS. Owner. */
void regs_answer(struct vcpu *vcpu);

#endif
