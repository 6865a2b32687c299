/* SPDX-License-Identifier: Apache-2.0 */
/* Exits from the guest: dispatch by exception class, and the one place that carries out what
 * handlers decide. */
#include "core/exit/exit.h"

#include "core/arm64/esr.h"
#include "core/arm64/sysreg.h"
#include "core/exit/aarch32.h"
#include "core/exit/hvc.h"
#include "core/exit/hypercall.h"
#include "core/exit/inject.h"
#include "core/exit/irq.h"
#include "core/exit/mmio.h"
#include "core/exit/run.h"
#include "core/exit/sysreg_trap.h"
#include "core/sched/sched.h"
#include "core/vm/life.h"
#include "core/vm/vm.h"
#include "drivers/hw/psci.h"
#include "irq/vgic/vgic.h"
#include "mm/guest_access.h"
#include "timer/vtimer.h"

typedef enum exit_action (*exit_handler)(struct vcpu *vcpu, uint64_t esr);

/* What the ID registers hide. */
static enum exit_action exit_undefined(struct vcpu *vcpu, uint64_t esr)
{
	(void)vcpu;
	(void)esr;
	return EXIT_INJECT_UNDEF;
}

/* Classes whose syndrome holds a condition: mostly of 32-bit programs at EL0. */
static enum exit_action exit_conditional(struct vcpu *vcpu, uint64_t esr)
{
	uint64_t ec = FIELD_GET(ESR_EC, esr);

	if (!aarch32_passes(esr, vcpu_pstate(vcpu))) {
		return EXIT_ADVANCE;
	}
	return ec == EC_CP15_32 || ec == EC_CP15_64 ? sysreg_trap32(vcpu, esr) : EXIT_INJECT_UNDEF;
}

/* FP and SIMD registers are denied to who has not used them since another vCPU did. */
static enum exit_action exit_fpsimd(struct vcpu *vcpu, uint64_t esr)
{
	return vcpu_admit_fp(vcpu) ? EXIT_RESUME : exit_conditional(vcpu, esr);
}

/* Debug registers are denied likewise. */
static enum exit_action exit_debug32(struct vcpu *vcpu, uint64_t esr)
{
	return vcpu_admit_debug(vcpu) ? EXIT_RESUME : exit_conditional(vcpu, esr);
}

/* Pointer authentication likewise. */
static enum exit_action exit_pauth(struct vcpu *vcpu, uint64_t esr)
{
	(void)esr;
	return vcpu_admit_keys(vcpu) ? EXIT_RESUME : EXIT_INJECT_UNDEF;
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

	if (vector < 0x800 && (vector & 0x7f) == 0 &&
	    (vcpu_pstate(vcpu) & SPSR_MODE_MASK) == SPSR_M_EL1H && vcpu->fault_pc == pc) {
		return EXIT_KILL_VM;
	}
	vcpu->fault_pc = sysreg_read(vbar_el1) + inject_vector_offset(vcpu_pstate(vcpu));
	vm_complain(vcpu, "it fetches instructions at ipa 0x%llx, where %s; external abort",
		    (unsigned long long)HPFAR_TO_IPA(sysreg_read(hpfar_el2)),
		    FIELD_GET(ESR_FSC_TYPE, esr) == FSC_PERMISSION ? "nothing can be executed" :
								     "no RAM is");
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
	/* trapped where a CPU is shared. WFE and the variants with a timeout are hints: others go
	   first, then it looks again */
	if (FIELD_GET(ESR_WFX_TI, esr) != WFX_WFI) {
		return EXIT_ADVANCE_GIVE_WAY;
	}
	return EXIT_ADVANCE_STANDBY;
}

/* EC_DABT_LOWER and EC_SYS64, most of all exits, stand in decide() without an indirect branch. */
static const exit_handler handlers[EC_COUNT] = {
	[EC_WFX] = exit_wfx,
	[EC_CP15_32] = exit_conditional,
	[EC_CP15_64] = exit_conditional,
	[EC_CP14_32] = exit_debug32,
	[EC_CP14_LS] = exit_debug32,
	[EC_CP14_64] = exit_conditional,
	[EC_FPSIMD] = exit_fpsimd,
	[EC_VMRS] = exit_conditional,
	[EC_PAUTH] = exit_pauth,
	[EC_HVC64] = exit_hvc,
	[EC_SMC64] = exit_smc,
	[EC_SMC32] = exit_undefined,
	[EC_SVE] = exit_undefined,
	[EC_SME] = exit_undefined,
	[EC_IABT_LOWER] = exit_instruction_abort,
};

/* Of a program at EL0. */
static void __attribute__((noinline)) advance_aarch32(struct vcpu *vcpu, uint64_t esr)
{
	/* a T32 instruction may have 16 bits */
	vcpu_set_pc(vcpu, (uint32_t)(vcpu_pc(vcpu) + ((esr & ESR_IL) != 0 ? 4 : 2)));
	vcpu_set_pstate(vcpu, aarch32_next_pstate(vcpu_pstate(vcpu)) & ~SPSR_SS);
}

static inline void advance(struct vcpu *vcpu, uint64_t esr)
{
	uint64_t pstate = vcpu_pstate(vcpu);

	if (unlikely((pstate & SPSR_M_AARCH32) != 0)) {
		advance_aarch32(vcpu, esr);
		return;
	}
	vcpu_set_pc(vcpu, vcpu_pc(vcpu) + 4);
	/* the instruction is complete: a single step that was due stays due (DDI 0487 D2.12.3) */
	if (unlikely((pstate & SPSR_SS) != 0)) {
		vcpu_set_pstate(vcpu, pstate & ~SPSR_SS);
	}
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

static void stand_by(struct vcpu *vcpu)
{
	if (!vgic_wakes(vcpu)) {
		vcpu->hold |= VCPU_HOLD_STANDBY;
		vtimer_stand_by(vcpu);
	}
}

static void carry_out(struct vcpu *vcpu, uint64_t esr, enum exit_action action)
{
	switch (action) {
	case EXIT_RESUME:
	case EXIT_WHOLE:
	case EXIT_NEXT:
		break;
	case EXIT_ADVANCE:
		advance(vcpu, esr);
		break;
	case EXIT_RETRY:
		vcpu->retry_esr = esr;
		vcpu->hold |= VCPU_HOLD_PARKED;
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
		stand_by(vcpu);
		break;
	case EXIT_STANDBY:
		stand_by(vcpu);
		break;
	case EXIT_GIVE_WAY:
		break; /* exit_second() has seen to it */
	case EXIT_ADVANCE_GIVE_WAY:
		advance(vcpu, esr);
		sched_give_way(vcpu);
		break;
	case EXIT_VCPU_OFF:
		run_vcpu_off(vcpu);
		break;
	case EXIT_VM_SUSPEND:
		run_vcpu_suspend(vcpu);
		break;
	case EXIT_VM_OFF:
		life_end(vcpu, VM_STOP_POWEROFF);
		break;
	case EXIT_VM_RESET:
		life_end(vcpu, VM_STOP_RESET);
		break;
	case EXIT_HYPERCALL:
		if (FIELD_GET(ESR_EC, esr) == EC_SMC64) {
			advance(vcpu, esr);
		}
		hypercall_call(vcpu);
		break;
	case EXIT_KILL_VM:
		life_crash(vcpu, "it can't take an exception: no RAM is at its vectors");
		break;
	}
}

static inline __attribute__((always_inline)) enum exit_action decide(struct vcpu *vcpu,
								     uint64_t esr)
{
	uint64_t ec = FIELD_GET(ESR_EC, esr);
	exit_handler handler;

	if (likely(ec == EC_DABT_LOWER)) {
		return mmio_abort(vcpu, esr);
	}
	if (likely(ec == EC_SYS64)) {
		return sysreg_trap(vcpu, esr);
	}
	handler = handlers[ec];
	return handler != NULL ? handler(vcpu, esr) : exit_unexpected(vcpu, esr);
}

/* The first stage has its own copy in line. */
static enum exit_action __attribute__((noinline)) decide_later(struct vcpu *vcpu, uint64_t esr)
{
	return decide(vcpu, esr);
}

void exit_handle(struct vcpu *vcpu, uint64_t esr)
{
	carry_out(vcpu, esr, decide_later(vcpu, esr));
}

/* Events that only bring SGIs, most often, are done here and now. */
static inline bool may_enter(struct vcpu *vcpu)
{
	return likely(!vcpu_wants_attention(vcpu)) || vgic_take_events(vcpu);
}

/* x19 to x28 are not in memory in the first stage. */
static inline bool in_memory(uint64_t rt)
{
	return rt - 19 > 28 - 19;
}

/* Does the first stage have what the handler of this exit looks at? All but two classes look at no
 * register, or at those of a call: x0 to x17. */
static inline bool has_registers(uint64_t esr)
{
	uint64_t ec = FIELD_GET(ESR_EC, esr);

	if (ec == EC_DABT_LOWER) {
		/* one that has to be decoded may name any */
		return (esr & ESR_DABT_ISV) != 0 && in_memory(FIELD_GET(ESR_DABT_SRT, esr));
	}
	return ec != EC_SYS64 || in_memory(FIELD_GET(ESR_SYS_RT, esr));
}

static inline struct exit_first end_first(struct vcpu *vcpu, uint64_t esr, enum exit_action action)
{
	if (likely(action == EXIT_ADVANCE)) {
		advance(vcpu, esr);
	} else if (action != EXIT_RESUME) {
		return (struct exit_first){vcpu, action};
	}
	return (struct exit_first){vcpu, may_enter(vcpu) ? EXIT_RESUME : EXIT_NEXT};
}

struct exit_first exit_sync(struct vcpu *vcpu, uint64_t esr)
{
	if (unlikely(!has_registers(esr))) {
		return (struct exit_first){vcpu, EXIT_WHOLE};
	}
	return end_first(vcpu, esr, decide(vcpu, esr));
}

struct exit_first exit_sync_whole(struct vcpu *vcpu, uint64_t esr)
{
	return end_first(vcpu, esr, decide_later(vcpu, esr));
}

static inline __attribute__((always_inline)) struct exit_first take_irq(struct vcpu *vcpu,
									uint64_t record, bool v2)
{
	bool enter = irq_take_in_guest(vcpu, record, v2) ? vgic_take_events(vcpu) : may_enter(vcpu);

	return (struct exit_first){vcpu, enter ? EXIT_RESUME : EXIT_NEXT};
}

struct exit_first exit_irq(struct vcpu *vcpu, uint64_t unused, uint64_t record)
{
	(void)unused;
	return take_irq(vcpu, record, false);
}

struct exit_first exit_irq_gicv2(struct vcpu *vcpu, uint64_t unused, uint64_t record)
{
	(void)unused;
	return take_irq(vcpu, record, true);
}

/* Back into the guest, unless somebody posted something or it can't go on now. */
static struct vcpu *resume(struct vcpu *vcpu)
{
	return vcpu_wants_attention(vcpu) ? run_next() : vcpu;
}

struct vcpu *exit_second(struct vcpu *vcpu, uint64_t action)
{
	if (action == EXIT_GIVE_WAY) {
		sched_give_way(vcpu);
		return run_next();
	}
	carry_out(vcpu, sysreg_read(esr_el2), (enum exit_action)action);
	return action == EXIT_ADVANCE_GIVE_WAY ? run_next() : resume(vcpu);
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
