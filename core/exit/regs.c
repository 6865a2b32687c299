/* SPDX-License-Identifier: Apache-2.0 */
/* A look at the registers of a vCPU. */
#include "core/exit/regs.h"

static struct {
	struct vcpu *asked; /* atomic */
	struct regs_answer answer;
} look;

bool regs_ask(struct vcpu *vcpu)
{
	if (atomic_read(&look.asked) != NULL) {
		return false;
	}
	look.asked = vcpu;
	vcpu_post(vcpu, VCPU_EVENT_REGS);
	return true;
}

const struct regs_answer *regs_get(void)
{
	return atomic_read_acquire(&look.asked) == NULL ? &look.answer : NULL;
}

void regs_answer(struct vcpu *vcpu)
{
	struct regs_answer *answer = &look.answer;

	if (atomic_read_acquire(&look.asked) != vcpu) {
		return;
	}
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
	atomic_set_release(&look.asked, NULL);
}
