/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A look at the registers of a vCPU from another CPU: asked for, answered by the owner between two
 * of its instructions, fetched when it has answered: at once for the shell, whoever's turn it is;
 * for a VM when the vCPU has its turn, as a VM may ask as often as it likes. One question at a time
 * for each who asks; of several about one vCPU the owner answers one in a step.
 *
 * Who asks owns its `answer` but from the moment the vCPU's owner has taken the question until it
 * has answered. `asked` is atomic: set by who asks, taken back by it or taken and cleared by the
 * owner, which releases the answer.
 */
#ifndef CORE_EXIT_REGS_H
#define CORE_EXIT_REGS_H

#include "core/config/config_types.h"
#include "core/vm/vcpu.h"

struct regs_answer {
	struct cpu_regs regs;
	uint64_t pc, pstate;
	struct el1_regs el1;
	uint32_t power, hold;
};

/* Who asks: each is one caller at a time, how is theirs to see to. */
#define REGS_SHELL	 0
#define REGS_VM(id)	 (1 + (id)) /* by hypercall */
#define REGS_ASKER_COUNT REGS_VM(CONFIG_VM_MAX)

/* False: the last question is still open. */
bool regs_ask(uint32_t asker, struct vcpu *vcpu);

/* NULL until the owner has answered. */
const struct regs_answer *regs_get(uint32_t asker);

/* Takes the question back. False: it has been answered, or is just now. */
bool regs_withdraw(uint32_t asker);

/* For the run loop: VCPU_EVENT_REGS. Owner. */
void regs_answer(struct vcpu *vcpu);

#endif
