/* SPDX-License-Identifier: Apache-2.0 */
/* The switch between vCPUs: the order in which the parts of one go and those of the other come. */
#include "core/exit/switch.h"

#include "core/arm64/barrier.h"
#include "core/arm64/smccc.h"
#include "core/arm64/sysreg.h"
#include "core/exit/el2_fault.h"
#include "core/exit/trace.h"
#include "core/vm/pvtime.h"
#include "core/vm/vm.h"
#include "drivers/hw/psci.h"
#include "irq/vgic/vgic.h"
#include "timer/vtimer.h"

/*
 * From one VM to another nothing may pass: what the first has stored or caused is complete, an
 * SError of its doing is told to it and not to the other, and what it taught branch predictors is
 * gone where firmware knows how. Rule 7. Its registers are in memory.
 */
static void part(struct vcpu *from)
{
	/* its accesses, as far as they can end in an SError, before that is looked for */
	dsb(sy);
	isb();
	if (unlikely((sysreg_read(isr_el1) & ISR_A) != 0)) {
		vm_complain(from, "SError at a switch between VMs: passed on to the guest");
		from->hcr |= HCR_VSE;
		el2_take_serror();
	}
	if ((psci_workarounds() & 1) != 0) {
		smccc_call(SMCCC_ARCH_WORKAROUND_1, 0, 0, 0);
	}
}

static void put_away(struct vcpu *vcpu)
{
	/* the timer first: its line is low when the state of its interrupt is taken along */
	vtimer_save(vcpu);
	vgic_cpu_save(vcpu);
	vcpu_save(vcpu);
}

void switch_to(struct vcpu *vcpu)
{
	struct vcpu *before = vcpu_loaded();

	if (before == vcpu) {
		return;
	}
	if (before != NULL) {
		put_away(before);
		if (vcpu == NULL || vcpu->vm != before->vm) {
			part(before);
		}
	}
	if (vcpu != NULL) {
		vcpu_load(vcpu);
		trace_mark(vcpu);
		pvtime_tell(vcpu);
		vgic_cpu_load(vcpu);
		vtimer_load(vcpu);
	}
}
