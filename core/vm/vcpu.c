/* SPDX-License-Identifier: Apache-2.0 */
/* A virtual CPU: events, and its reset state in the hardware. */
#include "core/vm/vcpu.h"

#include "core/arm64/barrier.h"
#include "core/arm64/features.h"
#include "core/arm64/sysreg.h"
#include "core/base/percpu.h"
#include "core/base/string.h"
#include "core/vm/vcpu_fp.h"
#include "core/vm/vm.h"
#include "irq/hw/gic.h"

static PERCPU(struct vcpu *, loaded_vcpu);

struct vcpu *vcpu_loaded(void)
{
	return this_cpu(loaded_vcpu);
}

void vcpu_post(struct vcpu *vcpu, uint32_t events)
{
	uint32_t before = atomic_fetch_or(&vcpu->events, events);

	/* one kick is enough: who raised the first event has sent it, or is that CPU and at EL2 */
	if (before == 0 && vcpu->cpu != this_cpu(cpu_index)) {
		gic_send_sgi(GIC_SGI_KICK, vcpu->cpu_kick);
	}
}

static void reset_el1(void)
{
#define X(name, reset) sysreg_write(name, reset);
	VCPU_EL1_REGS(X)
#undef X
	/* without AArch32 at EL1 these are undefined: DDI 0487 DACR32_EL2 */
	if (cpu_has_aarch32_el1()) {
		sysreg_write(dacr32_el2, 0);
		sysreg_write(ifsr32_el2, 0);
		sysreg_write(fpexc32_el2, 0x700);
	}
}

/* DBGBVR<n>, DBGBCR<n>, DBGWVR<n>, DBGWCR<n>: control registers first, so that nothing matches
 * meanwhile. */
#define RESET_DEBUG(n)                                                                             \
	case n:                                                                                    \
		sysreg_write(dbgbcr##n##_el1, 0);                                                  \
		sysreg_write(dbgbvr##n##_el1, 0);                                                  \
		break
#define RESET_WATCH(n)                                                                             \
	case n:                                                                                    \
		sysreg_write(dbgwcr##n##_el1, 0);                                                  \
		sysreg_write(dbgwvr##n##_el1, 0);                                                  \
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

static void reset_debug(void)
{
	uint64_t dfr0 = sysreg_read(id_aa64dfr0_el1);
	uint64_t breakpoints = FIELD_GET(ID_AA64DFR0_BRPS, dfr0) + 1;
	uint64_t watchpoints = FIELD_GET(ID_AA64DFR0_WRPS, dfr0) + 1;

	for (uint64_t n = 0; n < breakpoints; n++) {
		switch (n) {
			SIXTEEN(RESET_DEBUG);
		default:
			break;
		}
	}
	for (uint64_t n = 0; n < watchpoints; n++) {
		switch (n) {
			SIXTEEN(RESET_WATCH);
		default:
			break;
		}
	}
	sysreg_write(oslar_el1, 1); /* locked, as after a cold reset */
	sysreg_write(osdlr_el1, 0);
}

/* Names the assembler may lack, by number: keys of FEAT_PAuth and state of later extensions. */
static void reset_optional(const struct vcpu *vcpu)
{
	(void)vcpu;
	if (cpu_features.pauth) {
		sysreg_write_raw("s3_0_c2_c1_0", 0);
		sysreg_write_raw("s3_0_c2_c1_1", 0);
		sysreg_write_raw("s3_0_c2_c1_2", 0);
		sysreg_write_raw("s3_0_c2_c1_3", 0);
		sysreg_write_raw("s3_0_c2_c2_0", 0);
		sysreg_write_raw("s3_0_c2_c2_1", 0);
		sysreg_write_raw("s3_0_c2_c2_2", 0);
		sysreg_write_raw("s3_0_c2_c2_3", 0);
		sysreg_write_raw("s3_0_c2_c3_0", 0);
		sysreg_write_raw("s3_0_c2_c3_1", 0);
	}
}

static void load_identity(struct vcpu *vcpu)
{
	sysreg_write(vpidr_el2, vcpu->midr);
	sysreg_write(vmpidr_el2, vcpu->mpidr);
	sysreg_write(vtcr_el2, vcpu->vm->stage2.vtcr);
	sysreg_write(vttbr_el2, vcpu->vm->stage2.vttbr);
	sysreg_write(hcr_el2, vcpu->hcr);
	/* the VMID and the tables before the maintenance that goes by them */
	isb();
	/* nothing that another vCPU of this VMID left in this CPU: rule 7 */
	__asm__ volatile("tlbi vmalls12e1" ::: "memory");
	__asm__ volatile("ic iallu" ::: "memory");
	/* both complete before the guest's first walk and fetch */
	dsb(nsh);
	isb();
}

void vcpu_start(struct vcpu *vcpu, uint64_t pc, uint64_t context)
{
	memset(&vcpu->regs, 0, sizeof(vcpu->regs));
	vcpu->regs.x[0] = context;
	vcpu->fault_pc = 0;
	vcpu->hold = 0;
	vcpu->mmio_last = &vcpu->vm->mmio.region[0];
	vcpu->hcr = cpu_guest_hcr();
	this_cpu(loaded_vcpu) = vcpu;
	vcpu->loaded = true;
	load_identity(vcpu);
	reset_el1();
	reset_debug();
	reset_optional(vcpu);
	vcpu_fp_clear();
	vcpu_set_pc(vcpu, pc);
	/* EL1h, DAIF masked: DEN 0022F 6.4.3, and the arm64 boot protocol */
	vcpu_set_pstate(vcpu, SPSR_M_EL1H | SPSR_DAIF);
}
