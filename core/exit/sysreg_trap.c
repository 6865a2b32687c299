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
#include "core/base/string.h"
#include "core/exit/set_way.h"
#include "core/vm/vm.h"
#include "irq/vgic/vgic.h"
#include "timer/deadline.h"
#include "timer/vtimer.h"

/* A register in one direction. */
struct sysreg {
	uint32_t key; /* of its syndrome: KEY_MASK */
	uint32_t arg;
	union {
		uint64_t (*read)(struct vcpu *vcpu, uint32_t arg);
		enum exit_action (*write)(struct vcpu *vcpu, uint32_t arg, uint64_t value);
	};
};

static uint64_t read_zero(struct vcpu *vcpu, uint32_t arg)
{
	(void)vcpu;
	(void)arg;
	return 0;
}

static enum exit_action write_ignored(struct vcpu *vcpu, uint32_t arg, uint64_t value)
{
	(void)vcpu;
	(void)arg;
	(void)value;
	return EXIT_ADVANCE;
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

static enum exit_action write_ptimer(struct vcpu *vcpu, uint32_t arg, uint64_t value)
{
	vtimer_write(vcpu, (enum vtimer_reg)arg, value);
	return EXIT_ADVANCE;
}

/* Trapped only while the VM's time has an offset */
static uint64_t read_cntpct(struct vcpu *vcpu, uint32_t arg)
{
	(void)arg;
	return deadline_now() - vcpu->vm->cntvoff;
}

static enum exit_action write_dir(struct vcpu *vcpu, uint32_t arg, uint64_t value)
{
	(void)arg;
	if (vcpu->vm->vgic.v2) {
		return EXIT_INJECT_UNDEF;
	}
	return vgic_deactivate(vcpu, (uint32_t)value & 0xffffff) == 0 ? EXIT_ADVANCE : EXIT_RETRY;
}

static enum exit_action write_set_way(struct vcpu *vcpu, uint32_t arg, uint64_t value)
{
	(void)arg;
	(void)value;
	set_way_operation(vcpu);
	return EXIT_ADVANCE;
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

static enum exit_action write_vm_reg(struct vcpu *vcpu, uint32_t arg, uint64_t value)
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
	return EXIT_ADVANCE;
}

/* ESR_EL2 without the register transferred: all else of EC_SYS64 is the register's name, or fixed.
 */
#define KEY_MASK ((uint32_t)~ESR_SYS_RT)
#define KEY(op0, op1, crn, crm, op2)                                                               \
	((uint32_t)(FIELD_PREP(ESR_EC, EC_SYS64) | ESR_IL | ESR_SYS_OF(op0, op1, crn, crm, op2)))
#define VM_REG(crn, crm, op2, which)                                                               \
	{                                                                                          \
		.key = KEY(3, 0, crn, crm, op2), .arg = (which), .write = write_vm_reg             \
	}

/* Found through an index; what comes most often is tried first where several share a slot. */
static const struct sysreg writes[] = {
	{.key = 0}, /* no syndrome: where a search ends */
	{.key = KEY(3, 0, 12, 11, 5), .arg = 1, .write = vgic_write_sgi}, /* ICC_SGI1R_EL1 */
	{.key = KEY(3, 3, 14, 2, 0), .arg = VTIMER_TVAL, .write = write_ptimer},
	{.key = KEY(3, 3, 14, 2, 1), .arg = VTIMER_CTL, .write = write_ptimer},
	{.key = KEY(3, 3, 14, 2, 2), .arg = VTIMER_CVAL, .write = write_ptimer},
	{.key = KEY(1, 0, 7, 6, 2), .write = write_set_way},  /* DC ISW  */
	{.key = KEY(1, 0, 7, 10, 2), .write = write_set_way}, /* DC CSW  */
	{.key = KEY(1, 0, 7, 14, 2), .write = write_set_way}, /* DC CISW */
	VM_REG(1, 0, 0, VM_SCTLR),
	{.key = KEY(3, 0, 1, 0, 1), .write = write_ignored}, /* ACTLR_EL1 */
	VM_REG(2, 0, 0, VM_TTBR0),
	VM_REG(2, 0, 1, VM_TTBR1),
	VM_REG(2, 0, 2, VM_TCR),
	VM_REG(5, 1, 0, VM_AFSR0),
	VM_REG(5, 1, 1, VM_AFSR1),
	VM_REG(5, 2, 0, VM_ESR),
	VM_REG(6, 0, 0, VM_FAR),
	VM_REG(10, 2, 0, VM_MAIR),
	VM_REG(10, 3, 0, VM_AMAIR),
	{.key = KEY(3, 0, 12, 11, 1), .write = write_dir},		  /* ICC_DIR_EL1 */
	{.key = KEY(3, 0, 12, 11, 6), .arg = 0, .write = vgic_write_sgi}, /* ICC_ASGI1R_EL1 */
	{.key = KEY(3, 0, 12, 11, 7), .arg = 0, .write = vgic_write_sgi}, /* ICC_SGI0R_EL1 */
	VM_REG(13, 0, 1, VM_CONTEXTIDR),
	{.key = KEY(3, 1, 11, 0, 2), .write = write_ignored}, /* L2CTLR_EL1 */
	{.key = KEY(3, 1, 11, 0, 3), .write = write_ignored}, /* L2ECTLR_EL1 */
	{.key = KEY(3, 1, 15, 0, 0), .write = write_ignored}, /* L2ACTLR_EL1 */
	{.key = KEY(3, 1, 15, 2, 0), .write = write_ignored}, /* CPUACTLR_EL1 */
	{.key = KEY(3, 1, 15, 2, 1), .write = write_ignored}, /* CPUECTLR_EL1 */
	{.key = KEY(3, 1, 15, 2, 2), .write = write_ignored}, /* CPUMERRSR_EL1 */
	{.key = KEY(3, 1, 15, 2, 3), .write = write_ignored}, /* L2MERRSR_EL1 */
};

static const struct sysreg reads[] = {
	{.key = 0},
	{.key = KEY(3, 3, 14, 2, 0), .arg = VTIMER_TVAL, .read = read_ptimer},
	{.key = KEY(3, 3, 14, 2, 1), .arg = VTIMER_CTL, .read = read_ptimer},
	{.key = KEY(3, 3, 14, 2, 2), .arg = VTIMER_CVAL, .read = read_ptimer},
	{.key = KEY(3, 3, 14, 0, 1), .read = read_cntpct}, /* CNTPCT_EL0 */
	{.key = KEY(3, 3, 14, 0, 5), .read = read_cntpct}, /* CNTPCTSS_EL0 */
	{.key = KEY(2, 0, 1, 0, 0), .read = read_zero},	   /* MDRAR_EL1: no table */
	{.key = KEY(3, 0, 1, 0, 1), .read = read_zero},	   /* ACTLR_EL1 */
	{.key = KEY(3, 1, 11, 0, 2), .read = read_l2ctlr}, /* L2CTLR_EL1 */
	{.key = KEY(3, 1, 11, 0, 3), .read = read_zero},   /* L2ECTLR_EL1 */
	{.key = KEY(3, 1, 15, 0, 0), .read = read_zero},   /* L2ACTLR_EL1 */
	{.key = KEY(3, 1, 15, 2, 0), .read = read_zero},   /* CPUACTLR_EL1 */
	{.key = KEY(3, 1, 15, 2, 1), .read = read_zero},   /* CPUECTLR_EL1 */
	{.key = KEY(3, 1, 15, 2, 2), .read = read_zero},   /* CPUMERRSR_EL1 */
	{.key = KEY(3, 1, 15, 2, 3), .read = read_zero},   /* L2MERRSR_EL1 */
};

/*
 * An index of each table: its registers by CRm and op2, which tell most apart. Places in the table,
 * 0: no more; those of one slot are chained in its order. Constant after sysreg_trap_init().
 */
#define SLOTS 128
static struct {
	uint8_t writes[SLOTS], next_write[ARRAY_COUNT(writes)];
	uint8_t reads[SLOTS], next_read[ARRAY_COUNT(reads)];
} by_slot;

static uint32_t slot_of(uint64_t esr)
{
	return (uint32_t)(FIELD_GET(ESR_SYS_CRM, esr) | FIELD_GET(ESR_SYS_OP2, esr) << 4);
}

static void make_index(const struct sysreg *table, uint32_t count, uint8_t *slots, uint8_t *next)
{
	memset(slots, 0, SLOTS);
	for (uint32_t i = count; i-- > 1;) {
		uint32_t slot = slot_of(table[i].key);

		next[i] = slots[slot];
		slots[slot] = (uint8_t)i;
	}
}

void sysreg_trap_init(void)
{
	make_index(writes, ARRAY_COUNT(writes), by_slot.writes, by_slot.next_write);
	make_index(reads, ARRAY_COUNT(reads), by_slot.reads, by_slot.next_read);
}

/* The line of the register that a write's, or a read's, syndrome names: the first where it has
 * none. */
static inline __attribute__((always_inline)) const struct sysreg *find_write(uint64_t esr)
{
	uint32_t key = (uint32_t)esr & KEY_MASK, i = by_slot.writes[slot_of(esr)];

	while (unlikely(writes[i].key != key) && i != 0) {
		i = by_slot.next_write[i];
	}
	return &writes[i];
}

static const struct sysreg *find_read(uint64_t esr)
{
	uint32_t key = (uint32_t)(esr & ~ESR_SYS_READ) & KEY_MASK;
	uint32_t i = by_slot.reads[slot_of(esr)];

	while (reads[i].key != key && i != 0) {
		i = by_slot.next_read[i];
	}
	return &reads[i];
}

/* APIAKeyLo_EL1 to APGAKeyHi_EL1. */
static bool is_key(uint64_t esr)
{
	return (esr & (ESR_SYS_OP0 | ESR_SYS_OP1 | ESR_SYS_CRN)) == ESR_SYS_OF(3, 0, 2, 0, 0) &&
	       FIELD_GET(ESR_SYS_CRM, esr) - 1 <= 3 - 1;
}

/* What no line has: a debug register or a key that is denied until it is used, or not there. */
static enum exit_action unknown(struct vcpu *vcpu, uint64_t esr)
{
	bool admitted = false;

	if (FIELD_GET(ESR_SYS_OP0, esr) == 2) {
		admitted = vcpu_admit_debug(vcpu);
	} else if (is_key(esr)) {
		admitted = vcpu_admit_keys(vcpu);
	}
	return admitted ? EXIT_RESUME : EXIT_INJECT_UNDEF;
}

static enum exit_action __attribute__((noinline)) trap_read(struct vcpu *vcpu, uint64_t esr)
{
	const struct sysreg *reg = find_read(esr);

	if (reg->key == 0) {
		return unknown(vcpu, esr);
	}
	vcpu_set_reg(vcpu, (uint32_t)FIELD_GET(ESR_SYS_RT, esr), reg->read(vcpu, reg->arg));
	return EXIT_ADVANCE;
}

static enum exit_action __attribute__((noinline)) trap_write(struct vcpu *vcpu, uint64_t esr)
{
	const struct sysreg *reg = find_write(esr);
	uint64_t value = vcpu_reg(vcpu, (uint32_t)FIELD_GET(ESR_SYS_RT, esr));

	return unlikely(reg->key == 0) ? unknown(vcpu, esr) : reg->write(vcpu, reg->arg, value);
}

/* The ID registers are one array, and stand before the tables. */
enum exit_action sysreg_trap(struct vcpu *vcpu, uint64_t esr)
{
	uint64_t crm = FIELD_GET(ESR_SYS_CRM, esr);

	if ((esr & ESR_SYS_READ) == 0) {
		return trap_write(vcpu, esr);
	}
	if ((esr & (ESR_SYS_OP0 | ESR_SYS_OP1 | ESR_SYS_CRN)) == ESR_SYS_OF(3, 0, 0, 0, 0) &&
	    crm - 1 <= 7 - 1) {
		vcpu_set_reg(vcpu, (uint32_t)FIELD_GET(ESR_SYS_RT, esr),
			     vcpu->vm->idreg[IDREG_INDEX(crm, FIELD_GET(ESR_SYS_OP2, esr))]);
		return EXIT_ADVANCE;
	}
	return trap_read(vcpu, esr);
}

/* The 64-bit register that a program at EL0 means: its counter or its timer. Anything else is
 * undefined there. 0: none, as no line has it. DDI 0487 CNTPCT, CNTP_CTL, CNTP_CVAL, CNTP_TVAL. */
static uint32_t id_of_32(uint64_t esr, bool wide)
{
	uint64_t crm = FIELD_GET(ESR_SYS_CRM, esr), op2 = FIELD_GET(ESR_SYS_OP2, esr);

	if (!wide) {
		bool timer = FIELD_GET(ESR_SYS_OP1, esr) == 0 &&
			     FIELD_GET(ESR_SYS_CRN, esr) == 14 && crm == 2 && op2 < 2;

		return timer ? KEY(3, 3, 14, 2, (uint32_t)op2) : 0;
	}
	if (crm != 14) {
		return 0;
	}
	switch (FIELD_GET(ESR_CP64_OPC1, esr)) {
	case 0:
		return KEY(3, 3, 14, 0, 1); /* CNTPCT */
	case 2:
		return KEY(3, 3, 14, 2, 2); /* CNTP_CVAL */
	case 8:
		return KEY(3, 3, 14, 0, 5); /* CNTPCTSS */
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
	bool read = (esr & ESR_SYS_READ) != 0;
	uint32_t key = id_of_32(esr, wide);
	const struct sysreg *reg = read ? find_read(key) : find_write(key);
	uint64_t value;

	/* R15 is no register to transfer; the first stage has all others */
	if (reg->key == 0 || rt > 14 || rt2 > 14) {
		return EXIT_INJECT_UNDEF;
	}
	if (read) {
		value = reg->read(vcpu, reg->arg);
		vcpu_set_reg(vcpu, rt, (uint32_t)value);
		if (wide) {
			vcpu_set_reg(vcpu, rt2, value >> 32);
		}
		return EXIT_ADVANCE;
	}
	value = (uint32_t)vcpu_reg(vcpu, rt);
	if (wide) {
		value |= vcpu_reg(vcpu, rt2) << 32;
	}
	return reg->write(vcpu, reg->arg, value);
}
