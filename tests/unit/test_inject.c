/* SPDX-License-Identifier: Apache-2.0 */
/* Exceptions into the guest's EL1, as DDI 0487 AArch64.TakeException() does them. */
#include "core/exit/inject.h"

#include <string.h>

#include "core/arm64/esr.h"
#include "core/arm64/features.h"
#include "tests/unit/fake_sysreg.h"
#include "tests/unit/unit.h"

#define EL0	0x0
#define EL1T	0x4
#define EL1H	0x5
#define AARCH32 0x10 /* User mode */
#define DAIF	0x3c0
#define PAN	BIT(22)
#define SPAN	BIT(23)

struct cpu_features cpu_features;
static struct vcpu vcpu;

static int set_up(void **state)
{
	(void)state;
	memset(&vcpu, 0, sizeof(vcpu));
	memset(&cpu_features, 0, sizeof(cpu_features));
	fake_sysreg_reset();
	sysreg_write(vbar_el1, 0xffff000000080800);
	sysreg_write(elr_el2, 0x1234);
	return 0;
}

static void vectors(void **state)
{
	static const struct {
		uint64_t pstate;
		uint32_t offset;
	} cases[] = {
		{EL1T, 0x000},
		{EL1H, 0x200},
		{EL0, 0x400},
		{AARCH32, 0x600},
		{EL1H | DAIF | PAN, 0x200},
		{EL0 | BITS(31, 28), 0x400},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		assert_int_equal(inject_vector_offset(cases[i].pstate), cases[i].offset);
	}
}

static void new_pstate(void **state)
{
	static const struct {
		uint64_t pstate, sctlr;
		bool pan;
		uint64_t next;
	} cases[] = {
		{EL0, 0, false, EL1H | DAIF},
		{EL1T, 0, false, EL1H | DAIF},
		{AARCH32 | BIT(5), 0, false, EL1H | DAIF}, /* T32: EL1 is AArch64 */
		/* flags and DIT stay */
		{EL0 | BITS(31, 28) | BIT(24), 0, false, EL1H | DAIF | BITS(31, 28) | BIT(24)},
		/* IL, SS, BTYPE and UAO do not */
		{EL1H | BIT(20) | BIT(21) | BITS(11, 10) | BIT(23), 0, false, EL1H | DAIF},
		/* PAN is set, unless SCTLR_EL1.SPAN leaves it */
		{EL0, 0, true, EL1H | DAIF | PAN},
		{EL0, SPAN, true, EL1H | DAIF},
		{EL1H | PAN, SPAN, true, EL1H | DAIF | PAN},
		/* SSBS is what SCTLR_EL1.DSSBS says */
		{EL1H | BIT(12), 0, false, EL1H | DAIF},
		{EL1H, BIT(44), false, EL1H | DAIF | BIT(12)},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		assert_int_equal(inject_new_pstate(cases[i].pstate, cases[i].sctlr, cases[i].pan),
				 cases[i].next);
	}
}

static void undefined(void **state)
{
	(void)state;
	sysreg_write(spsr_el2, EL0 | BIT(30));
	inject_undef(&vcpu);
	assert_int_equal(sysreg_read(esr_el1), 0x02000000); /* EC 0, IL */
	assert_int_equal(sysreg_read(elr_el1), 0x1234);
	assert_int_equal(sysreg_read(spsr_el1), EL0 | BIT(30));
	assert_int_equal(vcpu_pc(&vcpu), 0xffff000000080c00);
	assert_int_equal(vcpu_pstate(&vcpu), EL1H | DAIF | BIT(30));
}

/* EC 0x24 and 0x20 from below, 0x25 and 0x21 from EL1 itself; WnR at bit 6 for data only. */
static void aborts(void **state)
{
	static const struct {
		uint64_t pstate;
		struct inject_fault fault;
		uint64_t esr;
	} cases[] = {
		{EL0, {0x99, FSC_EXTERNAL, false, false}, 0x92000010},
		{EL1H, {0x99, FSC_EXTERNAL, false, false}, 0x96000010},
		{EL1T, {0x99, FSC_EXTERNAL, false, true}, 0x96000050},
		{AARCH32, {0x99, FSC_EXTERNAL, false, true}, 0x92000050},
		{EL0, {0x99, FSC_EXTERNAL, true, false}, 0x82000010},
		{EL1H, {0x99, FSC_EXTERNAL, true, true}, 0x86000010},
		{EL1H, {0x99, FSC_EXTERNAL_WALK + 2, false, false}, 0x96000016},
	};

	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		set_up(state);
		sysreg_write(spsr_el2, cases[i].pstate);
		inject_abort(&vcpu, &cases[i].fault);
		assert_int_equal(sysreg_read(esr_el1), cases[i].esr);
		assert_int_equal(sysreg_read(far_el1), 0x99);
		assert_int_equal(sysreg_read(elr_el1), 0x1234);
	}
}

static void serror(void **state)
{
	(void)state;
	sysreg_write(hcr_el2, HCR_VM | HCR_AMO);
	inject_serror(&vcpu);
	assert_int_equal(sysreg_read(hcr_el2), HCR_VM | HCR_AMO | BIT(8));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE_IN("the vector is that of the level and stack pointer it came from", vectors,
			set_up),
		CASE_IN("PSTATE is what an exception makes of it", new_pstate, set_up),
		CASE_IN("an undefined instruction is EC 0 at its own address", undefined, set_up),
		CASE_IN("an abort says from where, of what and where", aborts, set_up),
		CASE_IN("an SError is pended by HCR_EL2.VSE", serror, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
