/* SPDX-License-Identifier: Apache-2.0 */
/* A look at the registers of a vCPU. */
#include "core/exit/regs.h"

static struct {
	struct vcpu *asked; /* atomic; NULL: none, or answered */
	struct regs_answer answer;
} looks[REGS_ASKER_COUNT];

/* In place of `asked` while the owner writes its answer. */
#define ANSWERING ((struct vcpu *)1)

bool regs_ask(enum regs_asker asker, struct vcpu *vcpu)
{
	if (atomic_read(&looks[asker].asked) != NULL) {
		return false;
	}
	atomic_set_release(&looks[asker].asked, vcpu);
	vcpu_post(vcpu, VCPU_EVENT_REGS);
	return true;
}

const struct regs_answer *regs_get(enum regs_asker asker)
{
	return atomic_read_acquire(&looks[asker].asked) == NULL ? &looks[asker].answer : NULL;
}

bool regs_withdraw(enum regs_asker asker)
{
	struct vcpu *asked = atomic_read(&looks[asker].asked);

	return asked != NULL && asked != ANSWERING &&
	       atomic_replace(&looks[asker].asked, asked, NULL);
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
	for (uint32_t i = 0; i < REGS_ASKER_COUNT; i++) {
		if (atomic_replace(&looks[i].asked, vcpu, ANSWERING)) {
			fill(&looks[i].answer, vcpu);
			atomic_set_release(&looks[i].asked, NULL);
		}
	}
}
