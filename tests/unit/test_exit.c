/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exits in two stages against exit_handle(), which knows of none: what becomes of registers, PC,
 * device and vCPU is the same whatever register the instruction names.
 */
#include "core/exit/exit.h"
#include "core/exit/trace.h"

#include <string.h>

#include "core/arm64/esr.h"
#include "core/arm64/features.h"
#include "core/base/errno.h"
#include "core/exit/sysreg_trap.h"
#include "irq/hw/gic.h"
#include "tests/unit/fake_exit.h"
#include "tests/unit/unit.h"
#include "timer/vtimer.h"

/* -- loads and stores -- */

#define DABT   (FIELD_PREP(ESR_EC, EC_DABT_LOWER) | ESR_IL | 0x07) /* translation fault, level 3 */
#define SAS(n) FIELD_PREP(ESR_DABT_SAS, (uint64_t)(n))
#define SRT(n) FIELD_PREP(ESR_DABT_SRT, (uint64_t)(n))

static uint64_t loads_and_stores(uint32_t rt, uint64_t expected)
{
	uint64_t action = expected;

	for (uint32_t sas = 0; sas < 4 && action == expected; sas++) {
		for (uint32_t form = 0; form < 8 && action == expected; form++) {
			action = same_both_ways(DABT | ESR_DABT_ISV | SAS(sas) | SRT(rt) |
						((form & 1) != 0 ? ESR_DABT_WNR : 0) |
						((form & 2) != 0 ? ESR_DABT_SF : 0) |
						((form & 4) != 0 ? ESR_DABT_SSE : 0));
			assert_int_equal(world.accesses, exit_ipa < HOLE ? 1 : 0);
		}
	}
	return action;
}

static void accesses(void **state)
{
	(void)state;
	for (uint32_t rt = 0; rt < 32; rt++) {
		uint64_t expected = is_late(rt) ? EXIT_WHOLE : EXIT_RESUME;

		assert_int_equal(loads_and_stores(rt, expected), expected);
	}
	/* to be sure that something came of it: ldr x5, str w6 */
	same_both_ways(DABT | ESR_DABT_ISV | SAS(3) | SRT(5) | ESR_DABT_SF);
	assert_int_equal(fake_vcpu.regs.x[5], UINT64_C(0x8f8e8d8c8b8a8988));
	assert_int_equal(sysreg_read(elr_el2), PC + 4);
	same_both_ways(DABT | ESR_DABT_ISV | SAS(2) | SRT(25) | ESR_DABT_WNR);
	assert_memory_equal(world.bytes + 8, &fake_vcpu.regs.x[25], 4);
	assert_int_equal(sysreg_read(elr_el2), PC + 4);
}

/* ldrsb, ldrsh, ldrsw: all bits of Xt are the sign's, those above bit 31 are 0 in Wt. */
static void sign_extended(void **state)
{
	static const struct {
		uint64_t form, value;
	} cases[] = {
		{SAS(0), UINT64_C(0x00000000ffffff88)},
		{SAS(0) | ESR_DABT_SF, UINT64_C(0xffffffffffffff88)},
		{SAS(1), UINT64_C(0x00000000ffff8988)},
		{SAS(1) | ESR_DABT_SF, UINT64_C(0xffffffffffff8988)},
		{SAS(2) | ESR_DABT_SF, UINT64_C(0xffffffff8b8a8988)},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		for (uint32_t rt = 0; rt < 31; rt++) {
			same_both_ways(DABT | ESR_DABT_ISV | ESR_DABT_SSE | SRT(rt) |
				       cases[i].form);
			assert_int_equal(fake_vcpu.regs.x[rt], cases[i].value);
		}
	}
}

static void accesses_fail(void **state)
{
	static const struct {
		int err;
		uint64_t action;
	} cases[] = {{-EAGAIN, EXIT_RETRY}, {-EBUSY, EXIT_RESUME}, {-EIO, EXIT_INJECT_DABT}};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		device_err = cases[i].err;
		for (uint32_t rt = 0; rt < 32; rt++) {
			uint64_t expected = is_late(rt) ? EXIT_WHOLE : cases[i].action;

			assert_int_equal(loads_and_stores(rt, expected), expected);
			/* the PC is where it was */
			assert_int_equal(sysreg_read(elr_el2), PC);
		}
	}
	assert_int_equal(world.aborts, 1);
	device_err = -EAGAIN;
	same_both_ways(DABT | ESR_DABT_ISV | SAS(2) | SRT(3));
	assert_int_equal(fake_vcpu.hold, VCPU_HOLD_PARKED);
	assert_int_equal(fake_vcpu.retry_esr, DABT | ESR_DABT_ISV | SAS(2) | SRT(3));
	/* nobody there */
	exit_ipa = HOLE;
	for (uint32_t rt = 0; rt < 32; rt++) {
		uint64_t expected = is_late(rt) ? EXIT_WHOLE : EXIT_INJECT_DABT;

		assert_int_equal(loads_and_stores(rt, expected), expected);
	}
}

/* No syndrome: the instruction is decoded, and may name any register. */
static void decoded(void **state)
{
	(void)state;
	for (uint32_t srt = 0; srt < 32; srt++) {
		assert_int_equal(same_both_ways(DABT | SRT(srt)), EXIT_WHOLE);
		assert_int_equal(world.accesses, 2);
		assert_int_equal(fake_vcpu.regs.x[19], UINT64_C(0x8f8e8d8c8b8a8988));
		assert_int_equal(fake_vcpu.regs.x[20], UINT64_C(0x9796959493929190));
		assert_int_equal(sysreg_read(elr_el2), PC + 4);
	}
}

/* -- system registers -- */

#define SYS	(FIELD_PREP(ESR_EC, EC_SYS64) | ESR_IL)
#define RT(n)	FIELD_PREP(ESR_SYS_RT, (uint64_t)(n))
#define READ	ESR_SYS_READ
#define ID_REG	ESR_SYS_OF(3, 0, 0, 6, 1)
#define SGI1R	ESR_SYS_OF(3, 0, 12, 11, 5)
#define DIR	ESR_SYS_OF(3, 0, 12, 11, 1)
#define CP_CVAL ESR_SYS_OF(3, 3, 14, 2, 2)

static void system_registers(void **state)
{
	static const struct {
		uint64_t reg, action;
	} cases[] = {
		{ID_REG | READ, EXIT_RESUME},
		{ESR_SYS_OF(3, 0, 0, 7, 7) | READ, EXIT_RESUME},
		{ESR_SYS_OF(3, 0, 0, 0, 1) | READ, EXIT_INJECT_UNDEF},
		{ID_REG, EXIT_INJECT_UNDEF},
		{SGI1R, EXIT_RESUME},
		{SGI1R | READ, EXIT_INJECT_UNDEF},
		{ESR_SYS_OF(3, 0, 12, 11, 7), EXIT_RESUME}, /* ICC_SGI0R_EL1 */
		{DIR, EXIT_RESUME},
		{CP_CVAL, EXIT_RESUME},
		{CP_CVAL | READ, EXIT_RESUME},
		{ESR_SYS_OF(3, 3, 14, 0, 1) | READ, EXIT_RESUME}, /* CNTPCT_EL0 */
		{ESR_SYS_OF(3, 0, 1, 0, 1) | READ, EXIT_RESUME},  /* ACTLR_EL1 */
		{ESR_SYS_OF(3, 0, 1, 0, 1), EXIT_RESUME},
		{ESR_SYS_OF(3, 1, 11, 0, 2) | READ, EXIT_RESUME},	/* L2CTLR_EL1 */
		{ESR_SYS_OF(3, 0, 2, 0, 0), EXIT_RESUME},		/* TTBR0_EL1 */
		{ESR_SYS_OF(3, 0, 1, 0, 0), EXIT_RESUME},		/* SCTLR_EL1 */
		{ESR_SYS_OF(1, 0, 7, 6, 2), EXIT_RESUME},		/* DC ISW */
		{ESR_SYS_OF(3, 3, 9, 12, 0) | READ, EXIT_INJECT_UNDEF}, /* PMCR_EL0 */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		for (uint32_t rt = 0; rt < 32; rt++) {
			uint64_t expected = is_late(rt) ? EXIT_WHOLE : cases[i].action;

			assert_int_equal(same_both_ways(SYS | cases[i].reg | RT(rt)), expected);
			assert_int_equal(sysreg_read(elr_el2),
					 PC + (cases[i].action == EXIT_RESUME ? 4 : 0));
			assert_int_equal(world.undefs, cases[i].action == EXIT_INJECT_UNDEF);
		}
	}
	for (uint32_t rt = 0; rt < 31; rt++) {
		same_both_ways(SYS | ID_REG | READ | RT(rt));
		assert_int_equal(fake_vcpu.regs.x[rt], ~PATTERN + IDREG_INDEX(6, 1));
		same_both_ways(SYS | SGI1R | RT(rt));
		assert_int_equal(world.sgis, 1);
		assert_int_equal(world.sgi, fake_vcpu.regs.x[rt]);
		same_both_ways(SYS | CP_CVAL | RT(rt));
		assert_int_equal(world.timer_value, fake_vcpu.regs.x[rt]);
	}
	same_both_ways(SYS | SGI1R | RT(31));
	assert_int_equal(world.sgi, 0);
	device_err = -EAGAIN;
	assert_int_equal(same_both_ways(SYS | DIR | RT(2)), EXIT_RETRY);
	assert_int_equal(fake_vcpu.hold, VCPU_HOLD_PARKED);
	assert_int_equal(same_both_ways(SYS | DIR | RT(20)), EXIT_WHOLE);
	assert_int_equal(fake_vcpu.hold, VCPU_HOLD_PARKED);
}

/* -- all classes -- */

static void classes(void **state)
{
	(void)state;
	for (uint64_t ec = 0; ec < EC_COUNT; ec++) {
		if (ec != EC_DABT_LOWER && ec != EC_SYS64) {
			assert_int_not_equal(same_both_ways(FIELD_PREP(ESR_EC, ec) | ESR_IL | 3),
					     EXIT_WHOLE);
		}
	}
	assert_int_equal(same_both_ways(FIELD_PREP(ESR_EC, EC_HVC64) | ESR_IL | 7), EXIT_RESUME);
	assert_int_equal(fake_vcpu.regs.x[0], fake_vcpu.regs.x[17] + 7);
	assert_int_equal(sysreg_read(elr_el2), PC); /* is behind an HVC already */
	assert_int_equal(same_both_ways(FIELD_PREP(ESR_EC, EC_SMC64) | ESR_IL | 7), EXIT_RESUME);
	assert_int_equal(fake_vcpu.regs.x[0], fake_vcpu.regs.x[17] - 7);
	assert_int_equal(sysreg_read(elr_el2), PC + 4);
}

/* WFI waits for an interrupt; WFE, and what has a timeout, lets others go first. */
static void waits(void **state)
{
	(void)state;
	assert_int_equal(same_both_ways(FIELD_PREP(ESR_EC, EC_WFX) | ESR_IL), EXIT_ADVANCE_STANDBY);
	assert_int_equal(sysreg_read(elr_el2), PC + 4);
	assert_int_equal(fake_vcpu.hold, VCPU_HOLD_STANDBY);
	assert_int_equal(world.yields, 0);
	for (uint64_t hint = 1; hint <= 3; hint++) {
		assert_int_equal(same_both_ways(FIELD_PREP(ESR_EC, EC_WFX) | ESR_IL | hint),
				 EXIT_ADVANCE_GIVE_WAY);
		assert_int_equal(sysreg_read(elr_el2), PC + 4);
		assert_int_equal(fake_vcpu.hold, 0);
		assert_int_equal(world.yields, 1);
	}
}

/* Registers that another vCPU had come when they are used, and the instruction is executed again;
 * else it is what it was. */
static void denied(void **state)
{
	const uint64_t fp = FIELD_PREP(ESR_EC, EC_FPSIMD) | ESR_IL;
	/* PACIA, APIAKeyLo_EL1 and APGAKeyHi_EL1 */
	const uint64_t keys[] = {FIELD_PREP(ESR_EC, EC_PAUTH) | ESR_IL,
				 SYS | ESR_SYS_OF(3, 0, 2, 1, 0) | RT(1),
				 SYS | ESR_SYS_OF(3, 0, 2, 3, 1) | READ | RT(20)};
	/* MDSCR_EL1, read and written, and by a program with 32 bits DBGDSCRint */
	const uint64_t debug[] = {SYS | ESR_SYS_OF(2, 0, 0, 2, 2) | RT(1),
				  SYS | ESR_SYS_OF(2, 0, 0, 2, 2) | READ | RT(20),
				  FIELD_PREP(ESR_EC, EC_CP14_32) | ESR_IL,
				  FIELD_PREP(ESR_EC, EC_CP14_LS) | ESR_IL};

	(void)state;
	for (uint32_t on = 0; on < 2; on++) {
		fp_denied = debug_denied = keys_denied = on != 0;
		for (size_t i = 0; i < ARRAY_COUNT(keys); i++) {
			same_both_ways(keys[i]);
			assert_int_equal(world.undefs, 1 - on);
			assert_int_equal(world.admitted, on);
			assert_int_equal(sysreg_read(elr_el2), PC);
		}
		same_both_ways(fp);
		assert_int_equal(world.undefs, 1 - on);
		assert_int_equal(world.admitted, on);
		assert_int_equal(sysreg_read(elr_el2), PC);
		for (size_t i = 0; i < ARRAY_COUNT(debug); i++) {
			same_both_ways(debug[i]);
			assert_int_equal(world.undefs, 1 - on);
			assert_int_equal(world.admitted, on);
			assert_int_equal(sysreg_read(elr_el2), PC);
		}
	}
	/* its neighbours are no keys: APGAKeyHi_EL1 + 1, TTBR0_EL1 */
	keys_denied = true;
	same_both_ways(SYS | ESR_SYS_OF(3, 0, 2, 3, 2) | READ | RT(1));
	assert_int_equal(world.admitted, 1);
	same_both_ways(SYS | ESR_SYS_OF(3, 0, 2, 0, 0) | READ | RT(1));
	assert_int_equal(world.admitted, 0);
	same_both_ways(SYS | ESR_SYS_OF(3, 0, 2, 4, 0) | READ | RT(1));
	assert_int_equal(world.admitted, 0);
	fp_denied = debug_denied = keys_denied = false;
}

/* -- the step to the next instruction -- */

static void stepped(void **state)
{
	uint64_t load = DABT | ESR_DABT_ISV | SAS(2) | SRT(1), read = SYS | ID_REG | READ | RT(1);
	const uint64_t exits[] = {load, read, load | SRT(20), read | RT(20)};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(exits); i++) {
		exit_pstate = SPSR_M_EL1H | SPSR_SS | BIT(31);
		same_both_ways(exits[i]);
		assert_int_equal(sysreg_read(spsr_el2), SPSR_M_EL1H | BIT(31));
		assert_int_equal(sysreg_read(elr_el2), PC + 4);
		exit_pstate = SPSR_M_EL1H | BIT(31);
		same_both_ways(exits[i]);
		assert_int_equal(sysreg_read(spsr_el2), SPSR_M_EL1H | BIT(31));
	}
	/* not complete: the step is still to be taken */
	exit_pstate = SPSR_M_EL1H | SPSR_SS;
	device_err = -EAGAIN;
	same_both_ways(load);
	assert_int_equal(sysreg_read(spsr_el2), SPSR_M_EL1H | SPSR_SS);
}

/* -- 32-bit programs at EL0 -- */

#define USER32			   UINT64_C(0x10)
#define THUMB			   UINT64_C(0x20)
#define IT_EQ_TWO		   (BIT(10)) /* EQ, this instruction and another: 0000 0100 */
#define IT_EQ_LAST		   (BIT(11)) /* 0000 1000 */
#define FLAG_Z			   BIT(30)
#define ALWAYS			   (ESR_CV | FIELD_PREP(ESR_COND, 14))
#define CP15			   (FIELD_PREP(ESR_EC, EC_CP15_32) | ESR_IL)
#define CP15_WIDE		   (FIELD_PREP(ESR_EC, EC_CP15_64) | ESR_IL)
#define CP_REG(op1, crn, crm, op2) ESR_SYS_OF(0, op1, crn, crm, op2)
#define CP_WIDE(opc1, rt, rt2)                                                                     \
	(FIELD_PREP(ESR_CP64_OPC1, opc1) | FIELD_PREP(ESR_CP64_RT2, rt2) | RT(rt) |                \
	 FIELD_PREP(ESR_SYS_CRM, 14))

/* DDI 0487 SPSR_EL2.IT: as if the instruction had been executed. */
static void stepped32(void **state)
{
	uint64_t load = DABT | ESR_DABT_ISV | SAS(2) | SRT(1);

	(void)state;
	exit_pstate = USER32;
	same_both_ways(load);
	assert_int_equal(sysreg_read(elr_el2), PC + 4);
	exit_pstate = USER32 | THUMB | SPSR_SS;
	same_both_ways(load & ~ESR_IL);
	assert_int_equal(sysreg_read(elr_el2), PC + 2);
	assert_int_equal(sysreg_read(spsr_el2), USER32 | THUMB);
	exit_pstate = USER32 | THUMB | FLAG_Z | IT_EQ_TWO;
	same_both_ways(load & ~ESR_IL);
	assert_int_equal(sysreg_read(spsr_el2), USER32 | THUMB | FLAG_Z | IT_EQ_LAST);
	exit_pstate = USER32 | THUMB | FLAG_Z | IT_EQ_LAST;
	same_both_ways(load);
	assert_int_equal(sysreg_read(spsr_el2), USER32 | THUMB | FLAG_Z);
	assert_int_equal(sysreg_read(elr_el2), PC + 4);
	/* not complete: nothing moves */
	exit_pstate = USER32 | THUMB | FLAG_Z | IT_EQ_TWO;
	device_err = -EAGAIN;
	same_both_ways(load);
	assert_int_equal(sysreg_read(spsr_el2), exit_pstate);
	assert_int_equal(sysreg_read(elr_el2), PC);
}

static void time32(void **state)
{
	uint64_t now = UINT64_C(0x123456789abcdef0);

	(void)state;
	exit_pstate = USER32;
	fake_vm.cntvoff = 123456 - now;
	for (uint32_t rt = 0; rt < 15; rt++) {
		uint32_t rt2 = (rt + 1) % 15;

		assert_int_equal(same_both_ways(CP15_WIDE | ALWAYS | READ | CP_WIDE(0, rt, rt2)),
				 EXIT_RESUME);
		assert_int_equal(fake_vcpu.regs.x[rt], (uint32_t)now);
		assert_int_equal(fake_vcpu.regs.x[rt2], now >> 32);
		assert_int_equal(sysreg_read(elr_el2), PC + 4);
		same_both_ways(CP15_WIDE | ALWAYS | READ | CP_WIDE(8, rt, rt2));
		assert_int_equal(fake_vcpu.regs.x[rt], (uint32_t)now);
		same_both_ways(CP15_WIDE | ALWAYS | READ | CP_WIDE(2, rt, rt2));
		assert_int_equal(fake_vcpu.regs.x[rt], (uint32_t)(PATTERN + VTIMER_CVAL));
		assert_int_equal(fake_vcpu.regs.x[rt2], (PATTERN + VTIMER_CVAL) >> 32);
		same_both_ways(CP15_WIDE | ALWAYS | CP_WIDE(2, rt, rt2));
		assert_int_equal(world.timer_writes, 1);
		assert_int_equal(world.timer_reg, VTIMER_CVAL);
		assert_int_equal(world.timer_value,
				 fake_vcpu.regs.x[rt2] << 32 | (uint32_t)fake_vcpu.regs.x[rt]);
		same_both_ways(CP15 | ALWAYS | READ | CP_REG(0, 14, 2, 1) | RT(rt));
		assert_int_equal(fake_vcpu.regs.x[rt], (uint32_t)(PATTERN + VTIMER_CTL));
		same_both_ways(CP15 | ALWAYS | READ | CP_REG(0, 14, 2, 0) | RT(rt));
		assert_int_equal(fake_vcpu.regs.x[rt], (uint32_t)(PATTERN + VTIMER_TVAL));
		same_both_ways(CP15 | ALWAYS | CP_REG(0, 14, 2, 1) | RT(rt));
		assert_int_equal(world.timer_reg, VTIMER_CTL);
		assert_int_equal(world.timer_value, (uint32_t)fake_vcpu.regs.x[rt]);
		assert_int_equal(world.undefs, 0);
	}
}

static void undefined32(void **state)
{
	static const uint64_t exits[] = {
		CP15_WIDE | CP_WIDE(0, 1, 2),	      /* CNTPCT can't be written */
		CP15_WIDE | READ | CP_WIDE(1, 1, 2),  /* no trap of ours: CNTVCT */
		CP15_WIDE | READ | CP_WIDE(0, 15, 2), /* not in registers */
		CP15_WIDE | READ | CP_WIDE(0, 1, 31),
		CP15_WIDE | READ | (CP_WIDE(0, 1, 2) & ~ESR_SYS_CRM),
		CP15 | READ | CP_REG(0, 14, 2, 2) | RT(1),
		CP15 | READ | CP_REG(0, 14, 3, 1) | RT(1),
		CP15 | READ | CP_REG(1, 14, 2, 1) | RT(1),
		CP15 | READ | CP_REG(0, 9, 12, 0) | RT(1), /* PMCR */
		CP15 | READ | CP_REG(0, 14, 2, 1) | RT(20),
		FIELD_PREP(ESR_EC, EC_CP14_32) | ESR_IL,
	};

	(void)state;
	exit_pstate = USER32;
	for (size_t i = 0; i < ARRAY_COUNT(exits); i++) {
		assert_int_equal(same_both_ways(exits[i] | ALWAYS), EXIT_INJECT_UNDEF);
		assert_int_equal(world.undefs, 1);
		assert_int_equal(sysreg_read(elr_el2), PC);
	}
}

/* One that traps though its condition fails is no access, and not undefined. */
static void skipped32(void **state)
{
	static const uint64_t exits[] = {
		CP15 | CP_REG(0, 14, 2, 1) | RT(1),	   CP15_WIDE | CP_WIDE(2, 1, 2),
		CP15 | READ | CP_REG(0, 9, 12, 0) | RT(1), FIELD_PREP(ESR_EC, EC_CP14_32) | ESR_IL,
		FIELD_PREP(ESR_EC, EC_CP14_LS) | ESR_IL,   FIELD_PREP(ESR_EC, EC_CP14_64) | ESR_IL,
		FIELD_PREP(ESR_EC, EC_FPSIMD) | ESR_IL,	   FIELD_PREP(ESR_EC, EC_VMRS) | ESR_IL,
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(exits); i++) {
		exit_pstate = USER32; /* EQ, and Z is not set */
		assert_int_equal(same_both_ways(exits[i] | ESR_CV), EXIT_RESUME);
		assert_int_equal(world.undefs + world.timer_writes, 0);
		assert_int_equal(sysreg_read(elr_el2), PC + 4);
		/* in an IT block that the syndrome doesn't tell of */
		exit_pstate = USER32 | THUMB | IT_EQ_TWO;
		assert_int_equal(same_both_ways(exits[i]), EXIT_RESUME);
		assert_int_equal(world.undefs + world.timer_writes, 0);
		assert_int_equal(sysreg_read(spsr_el2), USER32 | THUMB | IT_EQ_LAST);
		/* passes */
		exit_pstate |= FLAG_Z;
		same_both_ways(exits[i]);
		assert_int_equal(world.undefs + world.timer_writes, 1);
	}
}

/* -- events -- */

static void events(void **state)
{
	static const uint32_t raised[] = {
		VCPU_EVENT_VGIC,    VCPU_EVENT_STOP,   VCPU_EVENT_START,
		VCPU_EVENT_JOB,	    VCPU_EVENT_ANSWER, VCPU_EVENT_SGI(0),
		VCPU_EVENT_SGI(15), VCPU_EVENT_SGIS,   VCPU_EVENT_SGIS | VCPU_EVENT_STOP,
	};
	uint64_t load = DABT | ESR_DABT_ISV | SAS(2) | SRT(1);

	(void)state;
	for (uint32_t mode = 0; mode < 2; mode++) {
		sgis_can_be_taken = mode == 1;
		for (size_t i = 0; i < ARRAY_COUNT(raised); i++) {
			bool consumed = sgis_can_be_taken && (raised[i] & ~VCPU_EVENT_SGIS) == 0;
			uint64_t action;

			prepare(load);
			fake_vcpu.events = raised[i];
			assert_int_equal(in_stages(load, &action), !consumed);
			assert_int_equal(action, consumed ? EXIT_RESUME : EXIT_NEXT);
			/* done once, and the events are left to the run loop */
			assert_int_equal(world.accesses, 1);
			assert_int_equal(fake_vcpu.regs.x[1], 0x8b8a8988);
			assert_int_equal(sysreg_read(elr_el2), PC + 4);
			assert_int_equal(fake_vcpu.events, consumed ? 0 : raised[i]);
			assert_int_equal(world.runs, consumed ? 0 : 1);
		}
	}
	/* held: the run loop, whatever may be taken */
	prepare(load);
	fake_vcpu.hold = VCPU_HOLD_STANDBY;
	assert_int_equal(exit_sync(&fake_vcpu, load).action, EXIT_NEXT);
	/* an action that is not done in the first stage goes on to the run loop after it */
	prepare(load | SRT(20));
	fake_vcpu.events = VCPU_EVENT_STOP;
	assert_int_equal(exit_sync(&fake_vcpu, load | SRT(20)).action, EXIT_WHOLE);
	assert_int_equal(exit_sync_whole(&fake_vcpu, load | SRT(20)).action, EXIT_NEXT);
	assert_ptr_equal(exit_second(&fake_vcpu, EXIT_NEXT), &fake_vcpu);
	assert_int_equal(world.accesses, 1);
	assert_int_equal(world.runs, 1);
	assert_int_equal(sysreg_read(elr_el2), PC + 4);
}

/* -- interrupts -- */

static void interrupts(void **state)
{
	static const struct {
		uint32_t token;
		bool v2, again;
		uint32_t ended, deactivated, handled;
	} cases[] = {
		/* stays active for the guest to end */
		{VTIMER_VIRT_INTID, false, true, 1, 0, 0},
		{VTIMER_VIRT_INTID, false, false, 0, 0, 1},
		{GIC_SGI_KICK, false, false, 1, 1, 0},
		{GIC_SGI_STOP, false, false, 0, 0, 1},
		{25, false, false, 0, 0, 1},
		{33, false, false, 0, 0, 1},
		{1023, false, false, 0, 0, 1},
		/* GICv2: bits 12:10 of an SGI are the CPU that sent it, and go back whole */
		{VTIMER_VIRT_INTID, true, true, 1, 0, 0},
		{VTIMER_VIRT_INTID, true, false, 0, 0, 1},
		{GIC_SGI_KICK | 7 << 10, true, false, 1, 1, 0},
		{GIC_SGI_KICK, true, false, 1, 1, 0},
		{GIC_SGI_STOP | 3 << 10, true, false, 0, 0, 1},
		{33, true, false, 0, 0, 1},
		{1023, true, false, 0, 0, 1},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		for (uint32_t event = 0; event < 2; event++) {
			struct trace_record record = {TRACE_NONE, 0};
			struct exit_first first;

			prepare(0);
			ended = physically_deactivated = handled = 0;
			acknowledged = cases[i].token;
			hardware_v2 = cases[i].v2;
			list_again_works = cases[i].again;
			fake_vcpu.events = event != 0 ? VCPU_EVENT_VGIC : 0;
			first = hardware_v2 ? exit_irq_gicv2(&fake_vcpu, 0, (uint64_t)&record) :
					      exit_irq(&fake_vcpu, 0, (uint64_t)&record);
			/* noted: which, where, and that the next record is another one */
			assert_int_equal(record.what, cases[i].token & 0x3ff);
			assert_int_equal(record.pc, PC);
			assert_int_equal(fake_vcpu.trace,
					 (uint64_t)(&record + 1) & ~(uint64_t)TRACE_WRAP);
			assert_ptr_equal(first.vcpu, &fake_vcpu);
			assert_int_equal(first.action, event != 0 ? EXIT_NEXT : EXIT_RESUME);
			assert_int_equal(ended, cases[i].ended);
			assert_int_equal(physically_deactivated, cases[i].deactivated);
			assert_int_equal(handled, cases[i].handled);
			assert_int_equal(sysreg_read(elr_el2), PC);
		}
	}
}

/* DDI 0487 D1.3: asynchronous, so no instruction is stepped over. */
static void serror(void **state)
{
	(void)state;
	prepare(0);
	serrors = 0;
	assert_ptr_equal(exit_serror(&fake_vcpu, (uint64_t)EC_SERROR << 26), &fake_vcpu);
	assert_int_equal(serrors, 1);
	assert_int_equal(world.complaints, 1);
	assert_int_equal(sysreg_read(elr_el2), PC);
	assert_int_equal(world.accesses, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE_IN("loads and stores of every register end alike in one stage and two",
			accesses, set_up),
		CASE_IN("a load that extends the sign does so as far as its register goes",
			sign_extended, set_up),
		CASE_IN("so do those that fail or wait", accesses_fail, set_up),
		CASE_IN("so do those that have to be decoded", decoded, set_up),
		CASE_IN("so do system registers", system_registers, set_up),
		CASE_IN("so does every exception class", classes, set_up),
		CASE_IN("a trapped WFI waits, a WFE lets others go first", waits, set_up),
		CASE_IN("registers that another vCPU had come when they are used", denied, set_up),
		CASE_IN("a completed instruction is stepped over by its length", stepped, set_up),
		CASE_IN("so is one of a 32-bit program, in an IT block too", stepped32, set_up),
		CASE_IN("32-bit programs read the counter and use the physical timer", time32,
			set_up),
		CASE_IN("other registers of theirs are undefined", undefined32, set_up),
		CASE_IN("an instruction of theirs whose condition fails is skipped", skipped32,
			set_up),
		CASE_IN("events are looked at once the instruction is complete", events, set_up),
		CASE_IN("an SError is told of, and passed on to the vCPU that ran", serror, set_up),
		CASE_IN("an interrupt in a guest is ended as its kind wants", interrupts, set_up),
	};

	sysreg_trap_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
