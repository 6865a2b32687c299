/* SPDX-License-Identifier: Apache-2.0 */
/* Exits from the guest: dispatch by exception class, and the one place that carries out what
 * handlers decide. */
#include "core/exit/exit.h"

#include "core/arm64/esr.h"
#include "core/arm64/sysreg.h"
#include "core/exit/hvc.h"
#include "core/exit/inject.h"
#include "core/exit/irq.h"
#include "core/exit/mmio.h"
#include "core/exit/run.h"
#include "core/exit/sysreg_trap.h"
#include "core/vm/life.h"
#include "core/vm/vm.h"
#include "drivers/hw/psci.h"
#include "irq/vgic/vgic.h"
#include "mm/guest_access.h"

typedef enum exit_action (*exit_handler)(struct vcpu *vcpu, uint64_t esr);

/* What the ID registers hide, and 32-bit traps of programs at EL0. */
static enum exit_action exit_undefined(struct vcpu *vcpu, uint64_t esr)
{
	(void)vcpu;
	(void)esr;
	return EXIT_INJECT_UNDEF;
}

static enum exit_action exit_hvc(struct vcpu *vcpu, uint64_t esr)
{
	return hvc_call(vcpu, (uint32_t)(esr & 0xffff));
}

static enum exit_action exit_smc(struct vcpu *vcpu, uint64_t esr)
{
	return hvc_smc(vcpu, (uint32_t)(esr & 0xffff));
}

/*
 * No RAM is where the guest would fetch from. If it is its own vector that can't be fetched, it
 * can't take an abort either: it would fault for ever.
 */
static enum exit_action exit_instruction_abort(struct vcpu *vcpu, uint64_t esr)
{
	uint64_t pc = vcpu_pc(vcpu);
	uint64_t vector = pc - sysreg_read(vbar_el1);

	(void)esr;
	if (vector < 0x800 && (vector & 0x7f) == 0 &&
	    (vcpu_pstate(vcpu) & SPSR_MODE_MASK) == SPSR_M_EL1H && vcpu->fault_pc == pc) {
		return EXIT_KILL_VM;
	}
	vcpu->fault_pc = sysreg_read(vbar_el1) + inject_vector_offset(vcpu_pstate(vcpu));
	vm_complain(vcpu, "it fetches instructions at ipa 0x%llx, where no RAM is; external abort",
		    (unsigned long long)HPFAR_TO_IPA(sysreg_read(hpfar_el2)));
	return EXIT_INJECT_IABT;
}

/* An exception class that nothing here asked for. */
static enum exit_action exit_unexpected(struct vcpu *vcpu, uint64_t esr)
{
	vm_complain(vcpu, "trap with an unexpected syndrome 0x%llx; undefined instruction",
		    (unsigned long long)esr);
	return EXIT_INJECT_UNDEF;
}

static enum exit_action exit_wfx(struct vcpu *vcpu, uint64_t esr)
{
	(void)vcpu;
	(void)esr;
	/* untrapped where a CPU belongs to one vCPU: a hint that may be skipped */
	return EXIT_ADVANCE;
}

static const exit_handler handlers[EC_COUNT] = {
	[EC_WFX] = exit_wfx,	       [EC_CP15_32] = exit_undefined,
	[EC_CP15_64] = exit_undefined, [EC_CP14_32] = exit_undefined,
	[EC_CP14_LS] = exit_undefined, [EC_CP14_64] = exit_undefined,
	[EC_FPSIMD] = exit_undefined,  [EC_VMRS] = exit_undefined,
	[EC_PAUTH] = exit_undefined,   [EC_HVC64] = exit_hvc,
	[EC_SMC64] = exit_smc,	       [EC_SMC32] = exit_undefined,
	[EC_SYS64] = sysreg_trap,      [EC_SVE] = exit_undefined,
	[EC_SME] = exit_undefined,     [EC_IABT_LOWER] = exit_instruction_abort,
	[EC_DABT_LOWER] = mmio_abort,
};

static inline void advance(struct vcpu *vcpu, uint64_t esr)
{
	vcpu_set_pc(vcpu, vcpu_pc(vcpu) + ((esr & ESR_IL) != 0 ? 4 : 2));
	/* the instruction is complete: a single step that was due stays due (DDI 0487 D2.12.3) */
	vcpu_set_pstate(vcpu, vcpu_pstate(vcpu) & ~SPSR_SS);
}

/* The abort a bus would have answered with: on the access, or on the walk of the guest's tables. */
static void abort_guest(struct vcpu *vcpu, uint64_t esr, bool instruction)
{
	struct inject_fault fault = {
		.far = sysreg_read(far_el2),
		.fsc = FSC_EXTERNAL,
		.instruction = instruction,
		.write = (esr & ESR_DABT_WNR) != 0,
	};

	if ((esr & ESR_S1PTW) != 0) {
		fault.fsc = FSC_EXTERNAL_WALK + guest_walk_level(vcpu->vm, fault.far);
	}
	inject_abort(vcpu, &fault);
}

static void __attribute__((noinline))
carry_out(struct vcpu *vcpu, uint64_t esr, enum exit_action action)
{
	switch (action) {
	case EXIT_RESUME:
		break;
	case EXIT_ADVANCE:
		advance(vcpu, esr);
		break;
	case EXIT_RETRY:
		vcpu->retry_esr = esr;
		vcpu->parked = true;
		break;
	case EXIT_INJECT_UNDEF:
		inject_undef(vcpu);
		break;
	case EXIT_INJECT_DABT:
		abort_guest(vcpu, esr, false);
		break;
	case EXIT_INJECT_IABT:
		abort_guest(vcpu, esr, true);
		break;
	case EXIT_ADVANCE_STANDBY:
		advance(vcpu, esr);
		vcpu->standby = !vgic_wakes(vcpu);
		break;
	case EXIT_STANDBY:
		vcpu->standby = !vgic_wakes(vcpu);
		break;
	case EXIT_VCPU_OFF:
		run_vcpu_off(vcpu);
		break;
	case EXIT_VM_OFF:
		life_stop(vcpu->vm, VM_STOP_POWEROFF);
		break;
	case EXIT_VM_RESET:
		life_stop(vcpu->vm, VM_STOP_RESET);
		break;
	case EXIT_KILL_VM:
		life_crash(vcpu, "it can't take an exception: no RAM is at its vectors");
		break;
	}
}

void exit_handle(struct vcpu *vcpu, uint64_t esr)
{
	exit_handler handler = handlers[FIELD_GET(ESR_EC, esr)];
	enum exit_action action = handler != NULL ? handler(vcpu, esr) : exit_unexpected(vcpu, esr);

	if (likely(action == EXIT_ADVANCE)) {
		advance(vcpu, esr);
	} else if (action != EXIT_RESUME) {
		carry_out(vcpu, esr, action);
	}
}

/* Back into the guest, unless somebody posted something or it can't go on now. */
static inline struct vcpu *resume(struct vcpu *vcpu)
{
	if (likely(!vcpu_has_events(vcpu) && !vcpu->parked && !vcpu->standby &&
		   atomic_read(&vcpu->power) == VCPU_ON)) {
		return vcpu;
	}
	return run_next();
}

struct vcpu *exit_sync(struct vcpu *vcpu, uint64_t esr)
{
	exit_handle(vcpu, esr);
	return resume(vcpu);
}

struct vcpu *exit_irq(struct vcpu *vcpu)
{
	irq_take();
	return resume(vcpu);
}

/* An SError came while the guest ran: its own doing or a neighbour's device. The guest is told, and
 * the log. */
struct vcpu *exit_serror(struct vcpu *vcpu, uint64_t esr)
{
	vm_complain(vcpu, "SError, syndrome 0x%llx: passed on to the guest",
		    (unsigned long long)esr);
	inject_serror(vcpu);
	return resume(vcpu);
}
