/* SPDX-License-Identifier: Apache-2.0 */
/* A virtual CPU: events, and its registers between memory and hardware. */
#include "core/vm/vcpu.h"

#include "core/arm64/barrier.h"
#include "core/arm64/features.h"
#include "core/arm64/stacks.h"
#include "core/arm64/sysreg.h"
#include "core/base/percpu.h"
#include "core/base/string.h"
#include "core/exit/trace.h"
#include "core/sched/sched.h"
#include "core/vm/vcpu_fp.h"
#include "core/vm/vm.h"
#include "irq/hw/gic.h"
#include "timer/deadline.h"

PERCPU(struct vcpu *, loaded_vcpu);

/* Whose FP and SIMD registers are in this CPU; NULL: nobody's. */
static PERCPU(struct vcpu *, fp_vcpu);

/* Which vCPU of each VM ran here last, index + 1: what it left in TLBs and instruction caches is
 * tagged with the VM's VMID. */
static PERCPU(uint8_t[CONFIG_VM_MAX], last_index);

struct vcpu *vcpu_loaded_on(uint32_t cpu)
{
	return atomic_read(percpu_of(loaded_vcpu, cpu));
}

void vcpu_post(struct vcpu *vcpu, uint32_t events)
{
	uint32_t before = atomic_fetch_or(&vcpu->events, events);

	if (!vcpu_needs_kick(before, events)) {
		return;
	}
	/* one that comes here from another CPU just now has VCPU_EVENT_PLACE, and that CPU sends
	 * the kick */
	if (atomic_read(&vcpu->cpu) == this_cpu(cpu_index)) {
		sched_note_post(vcpu, this_cpu(loaded_vcpu));
	} else {
		gic_send_sgi(&vcpu->cpu_kick);
	}
}

void vcpu_reset(struct vcpu *vcpu, uint64_t pc, uint64_t context)
{
	memset(&vcpu->regs, 0, sizeof(vcpu->regs));
	if ((vcpu->hcr & HCR_APK) != 0) {
		memset(&vcpu->key, 0, sizeof(vcpu->key));
	}
	if (vcpu->fp_used) {
		memset(&vcpu->fp, 0, sizeof(vcpu->fp));
		vcpu->fp_used = false;
	}
	if (vcpu->debug_used) {
		memset(&vcpu->debug, 0, sizeof(vcpu->debug));
		vcpu->debug_used = false;
	}
#define X(name, reset) vcpu->el1.name = (reset);
	VCPU_EL1_REGS(X)
#undef X
	vcpu->regs.x[0] = context;
	vcpu->pc = pc;
	/* EL1h, DAIF masked: DEN 0022F 6.4.3, and the arm64 boot protocol */
	vcpu->pstate = SPSR_M_EL1H | SPSR_DAIF;
	vcpu->debug.os_lock = 1; /* locked, as after a cold reset */
	vcpu->vdisr = 0;
	vcpu->hcr = cpu_guest_hcr() | vcpu->sched.hcr;
	vcpu->fault_pc = 0;
	vcpu->hold = 0;
	vcpu->mmio_last = &vcpu->vm->mmio.region[0];
	if (this_cpu(fp_vcpu) == vcpu) {
		this_cpu(fp_vcpu) = NULL;
	}
	/* nothing in TLBs and caches of the life before */
	this_cpu(last_index)[vcpu->vm->id] = 0;
}

void vcpu_trap_waits(struct vcpu *vcpu, bool on)
{
	const uint64_t traps = HCR_TWI | HCR_TWE;

	vcpu->sched.hcr = on ? traps : 0;
	vcpu->hcr = (vcpu->hcr & ~traps) | vcpu->sched.hcr;
	if (vcpu->loaded) {
		sysreg_write(hcr_el2, (sysreg_read(hcr_el2) & ~traps) | vcpu->sched.hcr);
	}
}

void vcpu_leave(struct vcpu *vcpu)
{
	if (this_cpu(fp_vcpu) == vcpu) {
		sysreg_write(cptr_el2, sysreg_read(cptr_el2) & ~CPTR_TFP);
		/* not trapped any more, before EL2 names them */
		isb();
		vcpu_fp_save(&vcpu->fp);
		this_cpu(fp_vcpu) = NULL;
	}
	deadline_leave(vcpu, &vcpu->deadlines);
	/* the maintenance that it began here: its own DSB elsewhere would wait for none of it */
	dsb(sy);
}

void vcpu_settle(struct vcpu *vcpu)
{
	vcpu->stack_top = this_cpu(stack_top);
	/* what it invalidated elsewhere, for its own CPU alone, may be here from before */
	this_cpu(last_index)[vcpu->vm->id] = 0;
	deadline_arrive(&vcpu->deadlines);
}

/* Those of a group are read before the first is stored, so that stores go in pairs. */
#define READ_NOW(name, reset)  uint64_t name##_now = sysreg_read(name);
#define STORE_NOW(name, reset) regs->name = name##_now;
#define FETCH_NOW(name, reset) uint64_t name##_now = regs->name;
#define WRITE_NOW(name, reset) sysreg_write(name, name##_now);
#define EACH_GROUP(M)                                                                              \
	M(VCPU_GROUP_1)                                                                            \
	M(VCPU_GROUP_2)                                                                            \
	M(VCPU_GROUP_3)                                                                            \
	M(VCPU_GROUP_4)

static inline void save_el1(struct el1_regs *regs)
{
#define SAVE(group) {group(READ_NOW) group(STORE_NOW)}
	SAVE(VCPU_WALK_REGS)
	EACH_GROUP(SAVE)
#undef SAVE
}

/*
 * Between two guests some CPUs walk the tables of one by the VMID of the other, speculatively, if
 * they can walk at all (Cortex-A57 1319537 and its like): so they can't until all is loaded.
 */
static void stop_walks(void)
{
	sysreg_write(sctlr_el1, SCTLR_EL1_RES1 | SCTLR_M);
	sysreg_write(tcr_el1, TCR_EPD0 | TCR_EPD1);
	/* no walk by the guest's tables that begins after this */
	isb();
}

static inline void load_el1(const struct el1_regs *regs)
{
#define LOAD(group) {group(FETCH_NOW) group(WRITE_NOW)}
	EACH_GROUP(LOAD)
#undef LOAD
}

static inline void load_walks(const struct el1_regs *regs)
{
	/* tables and VMID before the walks by them */
	isb();
	VCPU_WALK_REGS(FETCH_NOW)
	VCPU_WALK_REGS(WRITE_NOW)
}

/* What not every CPU has. */
static inline void save_optional(struct vcpu *vcpu, uint64_t hcr)
{
	if ((hcr & HCR_APK) != 0) {
#define X(n, name) uint64_t key##n = sysreg_read_raw(name);
		VCPU_KEYS(X)
#undef X
#define X(n, name) vcpu->key[n] = key##n;
		VCPU_KEYS(X)
#undef X
	}
	/* set where there is RAS */
	if ((hcr & HCR_TERR) != 0) {
		vcpu->vdisr = sysreg_read_raw(SYSREG_VDISR_EL2);
	}
}

static void load_keys(const uint64_t *key)
{
#define X(n, name) sysreg_write_raw(name, key[n]);
	VCPU_KEYS(X)
#undef X
}

static inline void load_optional(const struct vcpu *vcpu, uint64_t hcr)
{
	if ((hcr & HCR_APK) != 0) {
		load_keys(vcpu->key);
	}
	if ((hcr & HCR_TERR) != 0) {
		sysreg_write_raw(SYSREG_VDISR_EL2, vcpu->vdisr);
	}
}

/* DBGBCR<n>, DBGBVR<n>, DBGWCR<n>, DBGWVR<n>: control registers first, so that nothing matches
 * meanwhile. */
#define LOAD_BREAKPOINT(n)                                                                         \
	case n:                                                                                    \
		sysreg_write(dbgbcr##n##_el1, 0);                                                  \
		sysreg_write(dbgbvr##n##_el1, regs->bvr[n]);                                       \
		sysreg_write(dbgbcr##n##_el1, regs->bcr[n]);                                       \
		break
#define LOAD_WATCHPOINT(n)                                                                         \
	case n:                                                                                    \
		sysreg_write(dbgwcr##n##_el1, 0);                                                  \
		sysreg_write(dbgwvr##n##_el1, regs->wvr[n]);                                       \
		sysreg_write(dbgwcr##n##_el1, regs->wcr[n]);                                       \
		break
#define SAVE_BREAKPOINT(n)                                                                         \
	case n:                                                                                    \
		regs->bcr[n] = sysreg_read(dbgbcr##n##_el1);                                       \
		regs->bvr[n] = sysreg_read(dbgbvr##n##_el1);                                       \
		break
#define SAVE_WATCHPOINT(n)                                                                         \
	case n:                                                                                    \
		regs->wcr[n] = sysreg_read(dbgwcr##n##_el1);                                       \
		regs->wvr[n] = sysreg_read(dbgwvr##n##_el1);                                       \
		break
#define SIXTEEN(M)                                                                                 \
	M(0);                                                                                      \
	M(1);                                                                                      \
	M(2);                                                                                      \
	M(3);                                                                                      \
	M(4);                                                                                      \
	M(5);                                                                                      \
	M(6);                                                                                      \
	M(7);                                                                                      \
	M(8);                                                                                      \
	M(9);                                                                                      \
	M(10);                                                                                     \
	M(11);                                                                                     \
	M(12);                                                                                     \
	M(13);                                                                                     \
	M(14);                                                                                     \
	M(15)

/* M for each of `count`. */
#define EACH_OF(count, M)                                                                          \
	for (uint64_t n = 0; n < (count); n++) {                                                   \
		switch (n) {                                                                       \
			SIXTEEN(M);                                                                \
		default:                                                                           \
			break;                                                                     \
		}                                                                                  \
	}

static void load_debug(const struct debug_regs *regs)
{
	uint64_t dfr0 = sysreg_read(id_aa64dfr0_el1);

	EACH_OF(FIELD_GET(ID_AA64DFR0_BRPS, dfr0) + 1, LOAD_BREAKPOINT)
	EACH_OF(FIELD_GET(ID_AA64DFR0_WRPS, dfr0) + 1, LOAD_WATCHPOINT)
	sysreg_write(oslar_el1, regs->os_lock);
	sysreg_write(osdlr_el1, regs->os_double_lock);
}

static void save_debug(struct debug_regs *regs)
{
	uint64_t dfr0 = sysreg_read(id_aa64dfr0_el1);

	EACH_OF(FIELD_GET(ID_AA64DFR0_BRPS, dfr0) + 1, SAVE_BREAKPOINT)
	EACH_OF(FIELD_GET(ID_AA64DFR0_WRPS, dfr0) + 1, SAVE_WATCHPOINT)
	regs->os_lock = FIELD_GET(OSLSR_OSLK, sysreg_read(oslsr_el1));
	regs->os_double_lock = sysreg_read(osdlr_el1);
}

static void trap_debug(bool on)
{
	uint64_t mdcr = sysreg_read(mdcr_el2) & ~(MDCR_TDA | MDCR_TDOSA);

	sysreg_write(mdcr_el2, on ? mdcr | MDCR_TDA | MDCR_TDOSA : mdcr);
}

bool vcpu_admit_debug(struct vcpu *vcpu)
{
	if (vcpu->debugging) {
		return false;
	}
	load_debug(&vcpu->debug);
	trap_debug(false);
	vcpu->debugging = true;
	vcpu->debug_used = true;
	return true;
}

bool vcpu_admit_keys(struct vcpu *vcpu)
{
	if (!cpu_features.pauth || (vcpu->hcr & HCR_APK) != 0) {
		return false;
	}
	load_keys(vcpu->key);
	vcpu->hcr |= HCR_API | HCR_APK;
	sysreg_write(hcr_el2, sysreg_read(hcr_el2) | HCR_API | HCR_APK);
	return true;
}

bool vcpu_admit_fp(struct vcpu *vcpu)
{
	struct vcpu *before = this_cpu(fp_vcpu);

	if (before == vcpu) {
		return false;
	}
	sysreg_write(cptr_el2, sysreg_read(cptr_el2) & ~CPTR_TFP);
	/* not trapped any more, before EL2 names them */
	isb();
	if (before != NULL) {
		vcpu_fp_save(&before->fp);
	}
	vcpu_fp_load(&vcpu->fp);
	vcpu->fp_used = true;
	this_cpu(fp_vcpu) = vcpu;
	return true;
}

/* What other registers are used by: whose they are, and what of them is denied. */
static inline void load_identity(struct vcpu *vcpu, uint64_t hcr, bool has_fp)
{
	const struct stage2 *stage2 = &vcpu->vm->stage2;
	uint64_t vtcr = stage2->vtcr, vttbr = stage2->vttbr;
	uint64_t midr = vcpu->midr, mpidr = vcpu->mpidr;
	uint64_t cptr = sysreg_read(cptr_el2) & ~CPTR_TFP;

	sysreg_write(cptr_el2, has_fp ? cptr : cptr | CPTR_TFP);
	sysreg_write(vpidr_el2, midr);
	sysreg_write(vmpidr_el2, mpidr);
	sysreg_write(vtcr_el2, vtcr);
	sysreg_write(vttbr_el2, vttbr);
	sysreg_write(hcr_el2, hcr);
	/* the CPU clears it when the guest takes it */
	vcpu->hcr = hcr & ~HCR_VSE;
}

/* Nothing that another vCPU of this VMID left in this CPU: rule 7. */
static void __attribute__((noinline)) forget_others(void)
{
	/* the VMID and the tables before the maintenance that goes by them */
	isb();
	__asm__ volatile("tlbi vmalls12e1" ::: "memory");
	__asm__ volatile("ic iallu" ::: "memory");
	/* both complete before the guest's first walk and fetch */
	dsb(nsh);
	isb();
}

void vcpu_load(struct vcpu *vcpu)
{
	uint8_t *last = &this_cpu(last_index)[vcpu->vm->id];
	bool has_fp = this_cpu(fp_vcpu) == vcpu;
	uint64_t hcr = vcpu->hcr, pc, pstate;

	this_cpu(loaded_vcpu) = vcpu;
	vcpu->loaded = true;
	stop_walks();
	vcpu->trace = this_cpu(trace_place).next;
	vcpu->trace_wraps = this_cpu(trace_place).wraps;
	load_el1(&vcpu->el1);
	load_optional(vcpu, hcr);
	load_identity(vcpu, hcr, has_fp);
	load_walks(&vcpu->el1);
	if (*last != vcpu->index + 1) {
		*last = (uint8_t)(vcpu->index + 1);
		forget_others();
	}
	pc = vcpu->pc;
	pstate = vcpu->pstate;
	vcpu_set_pc(vcpu, pc);
	vcpu_set_pstate(vcpu, pstate);
	if ((vcpu->hold & VCPU_HOLD_PARKED) != 0) {
		sysreg_write(far_el2, vcpu->far);
		sysreg_write(hpfar_el2, vcpu->hpfar);
	}
	/* breakpoints match only with one of these: DDI 0487 MDSCR_EL1 */
	if ((vcpu->el1.mdscr_el1 & (MDSCR_MDE | MDSCR_KDE)) != 0) {
		vcpu_admit_debug(vcpu);
	} else {
		trap_debug(true);
	}
}

void vcpu_save(struct vcpu *vcpu)
{
	uint64_t pc = vcpu_pc(vcpu), pstate = vcpu_pstate(vcpu), hcr = vcpu->hcr;

	vcpu->pc = pc;
	vcpu->pstate = pstate;
	if ((vcpu->hold & VCPU_HOLD_PARKED) != 0) {
		vcpu->far = sysreg_read(far_el2);
		vcpu->hpfar = sysreg_read(hpfar_el2);
	}
	vcpu->hcr = hcr | (sysreg_read(hcr_el2) & HCR_VSE);
	save_el1(&vcpu->el1);
	save_optional(vcpu, hcr);
	if (vcpu->debugging) {
		save_debug(&vcpu->debug);
		vcpu->debugging = false;
	}
	this_cpu(trace_place).next = vcpu->trace;
	this_cpu(trace_place).wraps = vcpu->trace_wraps;
	vcpu->loaded = false;
	this_cpu(loaded_vcpu) = NULL;
}
