/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Trapped system registers. Each is decided by its line in the table; what has none is not there
 * for guests: an undefined instruction, as the ID registers say (PMU, trace, SVE, RAS, LORegions,
 * implementation-defined …).
 */
#include "core/exit/sysreg_trap.h"

#include "core/arm64/esr.h"
#include "core/arm64/features.h"
#include "core/arm64/sysreg.h"
#include "core/exit/set_way.h"
#include "core/vm/vm.h"
#include "irq/vgic/vgic.h"
#include "timer/deadline.h"
#include "timer/vtimer.h"

struct sysreg {
	uint32_t id; /* SYSREG_ID() */
	uint32_t arg;
	/* One of both may be NULL: that direction is undefined. */
	uint64_t (*read)(struct vcpu *vcpu, uint32_t arg);
	int (*write)(struct vcpu *vcpu, uint32_t arg, uint64_t value); /* 0 or -EAGAIN */
};

static uint64_t read_zero(struct vcpu *vcpu, uint32_t arg)
{
	(void)vcpu;
	(void)arg;
	return 0;
}

static int write_ignored(struct vcpu *vcpu, uint32_t arg, uint64_t value)
{
	(void)vcpu;
	(void)arg;
	(void)value;
	return 0;
}

/* Cortex-A L2CTLR_EL1: bits 25:24 are the number of cores less one (DDI 0488, 4.3.59) */
static uint64_t read_l2ctlr(struct vcpu *vcpu, uint32_t arg)
{
	(void)arg;
	return FIELD_PREP(BITS(25, 24), MIN(vcpu->vm->vcpu_count - 1, 3U));
}

static uint64_t read_ptimer(struct vcpu *vcpu, uint32_t arg)
{
	return vtimer_read(vcpu, (enum vtimer_reg)arg);
}

static int write_ptimer(struct vcpu *vcpu, uint32_t arg, uint64_t value)
{
	vtimer_write(vcpu, (enum vtimer_reg)arg, value);
	return 0;
}

/* Trapped only while the VM's time has an offset */
static uint64_t read_cntpct(struct vcpu *vcpu, uint32_t arg)
{
	(void)arg;
	return deadline_now() - vcpu->vm->cntvoff;
}

static int write_sgi(struct vcpu *vcpu, uint32_t arg, uint64_t value)
{
	vgic_send_sgi(vcpu, value, arg != 0);
	return 0;
}

static int write_dir(struct vcpu *vcpu, uint32_t arg, uint64_t value)
{
	(void)arg;
	return vgic_deactivate(vcpu, (uint32_t)value & 0xffffff);
}

static int write_set_way(struct vcpu *vcpu, uint32_t arg, uint64_t value)
{
	(void)arg;
	(void)value;
	set_way_operation(vcpu);
	return 0;
}

/* The registers that HCR_EL2.TVM traps: DDI 0487 HCR_EL2.TVM */
enum vm_reg {
	VM_SCTLR,
	VM_TTBR0,
	VM_TTBR1,
	VM_TCR,
	VM_ESR,
	VM_FAR,
	VM_AFSR0,
	VM_AFSR1,
	VM_MAIR,
	VM_AMAIR,
	VM_CONTEXTIDR,
};

static int write_vm_reg(struct vcpu *vcpu, uint32_t arg, uint64_t value)
{
	switch ((enum vm_reg)arg) {
	case VM_SCTLR:
		set_way_sctlr(vcpu, value);
		break;
	case VM_TTBR0:
		sysreg_write(ttbr0_el1, value);
		break;
	case VM_TTBR1:
		sysreg_write(ttbr1_el1, value);
		break;
	case VM_TCR:
		sysreg_write(tcr_el1, value);
		break;
	case VM_ESR:
		sysreg_write(esr_el1, value);
		break;
	case VM_FAR:
		sysreg_write(far_el1, value);
		break;
	case VM_AFSR0:
		sysreg_write(afsr0_el1, value);
		break;
	case VM_AFSR1:
		sysreg_write(afsr1_el1, value);
		break;
	case VM_MAIR:
		sysreg_write(mair_el1, value);
		break;
	case VM_AMAIR:
		sysreg_write(amair_el1, value);
		break;
	case VM_CONTEXTIDR:
		sysreg_write(contextidr_el1, value);
		break;
	}
	return 0;
}

#define RAZ_WI .read = read_zero, .write = write_ignored
#define VM_REG(crn, crm, op2, which)                                                               \
	{                                                                                          \
		.id = SYSREG_ID(3, 0, crn, crm, op2), .arg = (which), .write = write_vm_reg        \
	}

/* Sorted by id: found by halving. */
static const struct sysreg sysregs[] = {
	{.id = SYSREG_ID(1, 0, 7, 6, 2), .write = write_set_way},  /* DC ISW  */
	{.id = SYSREG_ID(1, 0, 7, 10, 2), .write = write_set_way}, /* DC CSW  */
	{.id = SYSREG_ID(1, 0, 7, 14, 2), .write = write_set_way}, /* DC CISW */
	{.id = SYSREG_ID(2, 0, 1, 0, 0), .read = read_zero},	   /* MDRAR_EL1: no table */
	VM_REG(1, 0, 0, VM_SCTLR),
	{.id = SYSREG_ID(3, 0, 1, 0, 1), RAZ_WI}, /* ACTLR_EL1 */
	VM_REG(2, 0, 0, VM_TTBR0),
	VM_REG(2, 0, 1, VM_TTBR1),
	VM_REG(2, 0, 2, VM_TCR),
	VM_REG(5, 1, 0, VM_AFSR0),
	VM_REG(5, 1, 1, VM_AFSR1),
	VM_REG(5, 2, 0, VM_ESR),
	VM_REG(6, 0, 0, VM_FAR),
	VM_REG(10, 2, 0, VM_MAIR),
	VM_REG(10, 3, 0, VM_AMAIR),
	{.id = SYSREG_ID(3, 0, 12, 11, 1), .write = write_dir},		  /* ICC_DIR_EL1 */
	{.id = SYSREG_ID(3, 0, 12, 11, 5), .arg = 1, .write = write_sgi}, /* ICC_SGI1R_EL1 */
	{.id = SYSREG_ID(3, 0, 12, 11, 6), .arg = 0, .write = write_sgi}, /* ICC_ASGI1R_EL1 */
	{.id = SYSREG_ID(3, 0, 12, 11, 7), .arg = 0, .write = write_sgi}, /* ICC_SGI0R_EL1 */
	VM_REG(13, 0, 1, VM_CONTEXTIDR),
	{.id = SYSREG_ID(3, 1, 11, 0, 2),
	 .read = read_l2ctlr,
	 .write = write_ignored},				/* L2CTLR_EL1 */
	{.id = SYSREG_ID(3, 1, 11, 0, 3), RAZ_WI},		/* L2ECTLR_EL1 */
	{.id = SYSREG_ID(3, 1, 15, 0, 0), RAZ_WI},		/* L2ACTLR_EL1 */
	{.id = SYSREG_ID(3, 1, 15, 2, 0), RAZ_WI},		/* CPUACTLR_EL1 */
	{.id = SYSREG_ID(3, 1, 15, 2, 1), RAZ_WI},		/* CPUECTLR_EL1 */
	{.id = SYSREG_ID(3, 1, 15, 2, 2), RAZ_WI},		/* CPUMERRSR_EL1 */
	{.id = SYSREG_ID(3, 1, 15, 2, 3), RAZ_WI},		/* L2MERRSR_EL1 */
	{.id = SYSREG_ID(3, 3, 14, 0, 1), .read = read_cntpct}, /* CNTPCT_EL0 */
	{.id = SYSREG_ID(3, 3, 14, 0, 5), .read = read_cntpct}, /* CNTPCTSS_EL0 */
	{.id = SYSREG_ID(3, 3, 14, 2, 0),
	 .arg = VTIMER_TVAL,
	 .read = read_ptimer,
	 .write = write_ptimer},
	{.id = SYSREG_ID(3, 3, 14, 2, 1),
	 .arg = VTIMER_CTL,
	 .read = read_ptimer,
	 .write = write_ptimer},
	{.id = SYSREG_ID(3, 3, 14, 2, 2),
	 .arg = VTIMER_CVAL,
	 .read = read_ptimer,
	 .write = write_ptimer},
};

static inline __attribute__((always_inline)) const struct sysreg *find(uint32_t id)
{
	uint32_t low = 0, high = ARRAY_COUNT(sysregs);

	/* the physical timer's stand last, and come most often */
	while (high != ARRAY_COUNT(sysregs) - 3) {
		if (sysregs[--high].id == id) {
			return &sysregs[high];
		}
	}
	while (low < high) {
		uint32_t middle = (low + high) / 2;

		if (sysregs[middle].id == id) {
			return &sysregs[middle];
		}
		if (sysregs[middle].id < id) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return NULL;
}

static enum exit_action __attribute__((noinline))
trap_by_table(struct vcpu *vcpu, uint64_t esr, uint32_t rt)
{
	const struct sysreg *reg = find(SYSREG_ID((uint32_t)FIELD_GET(ESR_SYS_OP0, esr),
						  (uint32_t)FIELD_GET(ESR_SYS_OP1, esr),
						  (uint32_t)FIELD_GET(ESR_SYS_CRN, esr),
						  (uint32_t)FIELD_GET(ESR_SYS_CRM, esr),
						  (uint32_t)FIELD_GET(ESR_SYS_OP2, esr)));

	if (reg == NULL) {
		return EXIT_INJECT_UNDEF;
	}
	if ((esr & ESR_SYS_READ) != 0) {
		if (reg->read == NULL) {
			return EXIT_INJECT_UNDEF;
		}
		vcpu_set_reg(vcpu, rt, reg->read(vcpu, reg->arg));
		return EXIT_ADVANCE;
	}
	if (reg->write == NULL) {
		return EXIT_INJECT_UNDEF;
	}
	return reg->write(vcpu, reg->arg, vcpu_reg(vcpu, rt)) == 0 ? EXIT_ADVANCE : EXIT_RETRY;
}

/* The two that come often stand before the table: SGIs, and the ID registers, which are one array.
 */
enum exit_action sysreg_trap(struct vcpu *vcpu, uint64_t esr)
{
	uint32_t rt = (uint32_t)FIELD_GET(ESR_SYS_RT, esr);
	uint64_t crm = FIELD_GET(ESR_SYS_CRM, esr);

	if ((esr & (ESR_SYS_OP0 | ESR_SYS_OP1 | ESR_SYS_CRN | ESR_SYS_READ)) ==
		    (ESR_SYS_OF(3, 0, 0, 0, 0) | ESR_SYS_READ) &&
	    crm - 1 <= 7 - 1) {
		vcpu_set_reg(vcpu, rt,
			     vcpu->vm->idreg[IDREG_INDEX(crm, FIELD_GET(ESR_SYS_OP2, esr))]);
		return EXIT_ADVANCE;
	}
	if ((esr & ESR_SYS_NAME) == ESR_SYS_OF(3, 0, 12, 11, 5)) {
		vgic_send_sgi(vcpu, vcpu_reg(vcpu, rt), true);
		return EXIT_ADVANCE;
	}
	return trap_by_table(vcpu, esr, rt);
}

/* The 64-bit register that a program at EL0 means: its counter or its timer. Anything else is
 * undefined there. 0: none. DDI 0487 CNTPCT, CNTP_CTL, CNTP_CVAL, CNTP_TVAL. */
static uint32_t id_of_32(uint64_t esr, bool wide)
{
	uint64_t crm = FIELD_GET(ESR_SYS_CRM, esr), op2 = FIELD_GET(ESR_SYS_OP2, esr);

	if (!wide) {
		bool timer = FIELD_GET(ESR_SYS_OP1, esr) == 0 &&
			     FIELD_GET(ESR_SYS_CRN, esr) == 14 && crm == 2 && op2 < 2;

		return timer ? SYSREG_ID(3, 3, 14, 2, (uint32_t)op2) : 0;
	}
	if (crm != 14) {
		return 0;
	}
	switch (FIELD_GET(ESR_CP64_OPC1, esr)) {
	case 0:
		return SYSREG_ID(3, 3, 14, 0, 1); /* CNTPCT */
	case 2:
		return SYSREG_ID(3, 3, 14, 2, 2); /* CNTP_CVAL */
	case 8:
		return SYSREG_ID(3, 3, 14, 0, 5); /* CNTPCTSS */
	default:
		return 0;
	}
}

/* What CNTKCTL_EL1 denies EL0 has gone to EL1 before: DDI 0487, pseudocode of CNTPCT. */
enum exit_action sysreg_trap32(struct vcpu *vcpu, uint64_t esr)
{
	bool wide = FIELD_GET(ESR_EC, esr) == EC_CP15_64;
	uint32_t rt = (uint32_t)FIELD_GET(ESR_SYS_RT, esr);
	uint32_t rt2 = wide ? (uint32_t)FIELD_GET(ESR_CP64_RT2, esr) : rt;
	const struct sysreg *reg = find(id_of_32(esr, wide));
	uint64_t value;

	/* R15 is no register to transfer; the first stage has all others */
	if (reg == NULL || rt > 14 || rt2 > 14) {
		return EXIT_INJECT_UNDEF;
	}
	if ((esr & ESR_SYS_READ) != 0) {
		value = reg->read(vcpu, reg->arg);
		vcpu_set_reg(vcpu, rt, (uint32_t)value);
		if (wide) {
			vcpu_set_reg(vcpu, rt2, value >> 32);
		}
		return EXIT_ADVANCE;
	}
	if (reg->write == NULL) {
		return EXIT_INJECT_UNDEF;
	}
	value = (uint32_t)vcpu_reg(vcpu, rt);
	if (wide) {
		value |= vcpu_reg(vcpu, rt2) << 32;
	}
	return reg->write(vcpu, reg->arg, value) == 0 ? EXIT_ADVANCE : EXIT_RETRY;
}
