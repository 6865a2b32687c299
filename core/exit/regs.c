/* SPDX-License-Identifier: Apache-2.0 */
/* A look at the registers of a vCPU. */
#include "core/exit/regs.h"

/* About whom; atomic; NULL: nobody, or answered. */
static struct vcpu *asked[REGS_ASKER_COUNT];

/* Filled before it is read: not zeroed at boot. */
static struct regs_answer answers[REGS_ASKER_COUNT] __attribute__((section(".late")));

/* In place of `asked` while the owner writes its answer. */
#define ANSWERING ((struct vcpu *)1)

bool regs_ask(uint32_t asker, struct vcpu *vcpu)
{
	if (atomic_read(&asked[asker]) != NULL) {
		return false;
	}
	atomic_set_release(&asked[asker], vcpu);
	vcpu_post(vcpu, VCPU_EVENT_REGS | (asker == REGS_SHELL ? VCPU_EVENT_HURRY : 0));
	return true;
}

const struct regs_answer *regs_get(uint32_t asker)
{
	return atomic_read_acquire(&asked[asker]) == NULL ? &answers[asker] : NULL;
}

bool regs_withdraw(uint32_t asker)
{
	struct vcpu *vcpu = atomic_read(&asked[asker]);

	return vcpu != NULL && vcpu != ANSWERING && atomic_replace(&asked[asker], vcpu, NULL);
}

static void fill(struct regs_answer *answer, struct vcpu *vcpu)
{
	answer->power = atomic_read(&vcpu->power);
	answer->hold = vcpu->hold;
	answer->regs = vcpu->regs;
	answer->pc = vcpu->pc;
	answer->pstate = vcpu->pstate;
	answer->el1 = vcpu->el1;
	if (vcpu->loaded) {
		answer->pc = vcpu_pc(vcpu);
		answer->pstate = vcpu_pstate(vcpu);
#define X(name, reset) answer->el1.name = sysreg_read(name);
		VCPU_EL1_REGS(X)
#undef X
	}
}

void regs_answer(struct vcpu *vcpu)
{
	bool answered = false;

	for (uint32_t i = 0; i < REGS_ASKER_COUNT; i++) {
		if (atomic_read(&asked[i]) != vcpu) {
			continue;
		}
		if (answered) {
			/* in a step of its own */
			vcpu_post(vcpu, VCPU_EVENT_REGS);
			return;
		}
		answered = atomic_replace(&asked[i], vcpu, ANSWERING);
		if (answered) {
			fill(&answers[i], vcpu);
			atomic_set_release(&asked[i], NULL);
		}
	}
}
