/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which system registers are there for a guest: all names, each way, against a list of its own. The
 * index of the tables finds each of their lines, and nothing else.
 */
#include "core/exit/sysreg_trap.h"

#include <string.h>

#include "core/arm64/esr.h"
#include "core/arm64/features.h"
#include "core/exit/set_way.h"
#include "core/vm/vm.h"
#include "irq/vgic/vgic.h"
#include "tests/unit/fake_sysreg.h"
#include "tests/unit/unit.h"
#include "timer/deadline.h"
#include "timer/vtimer.h"

#define VALUE UINT64_C(0x0123456789abcdef)
#define OLD   UINT64_C(0xaaaaaaaaaaaaaaaa)
#define NOW   1000
#define RT    7

static struct vm vm;
static struct vcpu vcpu;
/* What was asked of others, as a letter and what came with it. */
static char asked;
static uint64_t asked_arg, asked_value;

static void ask(char letter, uint64_t arg, uint64_t value)
{
	assert_int_equal(asked, 0);
	asked = letter;
	asked_arg = arg;
	asked_value = value;
}

enum exit_action vgic_write_sgi(struct vcpu *by, uint32_t group1, uint64_t value)
{
	assert_ptr_equal(by, &vcpu);
	ask('s', group1, value);
	return EXIT_ADVANCE;
}

int vgic_deactivate(struct vcpu *by, uint32_t intid)
{
	assert_ptr_equal(by, &vcpu);
	ask('d', 0, intid);
	return 0;
}

uint64_t vtimer_read(struct vcpu *by, enum vtimer_reg reg)
{
	assert_ptr_equal(by, &vcpu);
	ask('t', reg, 0);
	return VALUE + reg;
}

void vtimer_write(struct vcpu *by, enum vtimer_reg reg, uint64_t value)
{
	assert_ptr_equal(by, &vcpu);
	ask('T', reg, value);
}

uint64_t deadline_now(void)
{
	return NOW;
}

/* A debug register or a key: this guest has them. */
bool vcpu_admit_debug(struct vcpu *by)
{
	(void)by;
	return false;
}

bool vcpu_admit_keys(struct vcpu *by)
{
	(void)by;
	return false;
}

void set_way_operation(struct vcpu *by)
{
	assert_ptr_equal(by, &vcpu);
	ask('w', 0, 0);
}

void set_way_sctlr(struct vcpu *by, uint64_t value)
{
	assert_ptr_equal(by, &vcpu);
	ask('c', 0, value);
}

/* -- the registers that are there -- */

#define NAME(op0, op1, crn, crm, op2) (op0), (op1), (crn), (crm), (op2)

struct known {
	uint8_t op0, op1, crn, crm, op2;
	char letter; /* of what is asked; 0: nothing */
	uint64_t arg, value;
};

/* DDI 0487 D17, C5.3; IHI 0069H 12.2; DDI 0488 4.1. value: what a read gives. */
static const struct known readable[] = {
	{NAME(3, 3, 14, 2, 0), 't', VTIMER_TVAL, VALUE + VTIMER_TVAL},
	{NAME(3, 3, 14, 2, 1), 't', VTIMER_CTL, VALUE + VTIMER_CTL},
	{NAME(3, 3, 14, 2, 2), 't', VTIMER_CVAL, VALUE + VTIMER_CVAL},
	{NAME(3, 3, 14, 0, 1), 0, 0, NOW - 400}, /* CNTPCT_EL0 */
	{NAME(3, 3, 14, 0, 5), 0, 0, NOW - 400}, /* CNTPCTSS_EL0 */
	{NAME(2, 0, 1, 0, 0), 0, 0, 0},		 /* MDRAR_EL1 */
	{NAME(3, 0, 1, 0, 1), 0, 0, 0},		 /* ACTLR_EL1 */
	{NAME(3, 1, 11, 0, 2), 0, 0, 2U << 24},	 /* L2CTLR_EL1, of three vCPUs */
	{NAME(3, 1, 11, 0, 3), 0, 0, 0},	 /* L2ECTLR_EL1 */
	{NAME(3, 1, 15, 0, 0), 0, 0, 0},	 /* L2ACTLR_EL1 */
	{NAME(3, 1, 15, 2, 0), 0, 0, 0},	 /* CPUACTLR_EL1 */
	{NAME(3, 1, 15, 2, 1), 0, 0, 0},	 /* CPUECTLR_EL1 */
	{NAME(3, 1, 15, 2, 2), 0, 0, 0},	 /* CPUMERRSR_EL1 */
	{NAME(3, 1, 15, 2, 3), 0, 0, 0},	 /* L2MERRSR_EL1 */
};

/* What becomes of a write: asked, a register of EL1 (letter 'r', numbered by `arg`), or nothing. */
static const struct known writable[] = {
	{NAME(3, 0, 12, 11, 5), 's', 1, VALUE}, /* ICC_SGI1R_EL1 */
	{NAME(3, 0, 12, 11, 6), 's', 0, VALUE}, /* ICC_ASGI1R_EL1 */
	{NAME(3, 0, 12, 11, 7), 's', 0, VALUE}, /* ICC_SGI0R_EL1 */
	{NAME(3, 0, 12, 11, 1), 'd', 0, VALUE & 0xffffff},
	{NAME(3, 3, 14, 2, 0), 'T', VTIMER_TVAL, VALUE},
	{NAME(3, 3, 14, 2, 1), 'T', VTIMER_CTL, VALUE},
	{NAME(3, 3, 14, 2, 2), 'T', VTIMER_CVAL, VALUE},
	{NAME(1, 0, 7, 6, 2), 'w', 0, 0},
	{NAME(1, 0, 7, 10, 2), 'w', 0, 0},
	{NAME(1, 0, 7, 14, 2), 'w', 0, 0},
	{NAME(3, 0, 1, 0, 0), 'c', 0, VALUE},
	{NAME(3, 0, 2, 0, 0), 'r', 0, VALUE},
	{NAME(3, 0, 2, 0, 1), 'r', 1, VALUE},
	{NAME(3, 0, 2, 0, 2), 'r', 2, VALUE},
	{NAME(3, 0, 5, 1, 0), 'r', 3, VALUE},
	{NAME(3, 0, 5, 1, 1), 'r', 4, VALUE},
	{NAME(3, 0, 5, 2, 0), 'r', 5, VALUE},
	{NAME(3, 0, 6, 0, 0), 'r', 6, VALUE},
	{NAME(3, 0, 10, 2, 0), 'r', 7, VALUE},
	{NAME(3, 0, 10, 3, 0), 'r', 8, VALUE},
	{NAME(3, 0, 13, 0, 1), 'r', 9, VALUE},
	{NAME(3, 0, 1, 0, 1), 0, 0, 0},
	{NAME(3, 1, 11, 0, 2), 0, 0, 0},
	{NAME(3, 1, 11, 0, 3), 0, 0, 0},
	{NAME(3, 1, 15, 0, 0), 0, 0, 0},
	{NAME(3, 1, 15, 2, 0), 0, 0, 0},
	{NAME(3, 1, 15, 2, 1), 0, 0, 0},
	{NAME(3, 1, 15, 2, 2), 0, 0, 0},
	{NAME(3, 1, 15, 2, 3), 0, 0, 0},
};

#define EL1_REGS 10

static void get_el1(uint64_t *regs)
{
	const uint64_t now[EL1_REGS] = {
		sysreg_read(ttbr0_el1),	     sysreg_read(ttbr1_el1), sysreg_read(tcr_el1),
		sysreg_read(afsr0_el1),	     sysreg_read(afsr1_el1), sysreg_read(esr_el1),
		sysreg_read(far_el1),	     sysreg_read(mair_el1),  sysreg_read(amair_el1),
		sysreg_read(contextidr_el1),
	};

	memcpy(regs, now, sizeof(now));
}

static int set_up(void **state)
{
	(void)state;
	sysreg_trap_init();
	vm.vcpu_count = 3;
	vm.cntvoff = 400;
	vcpu.vm = &vm;
	for (uint32_t i = 0; i < ARRAY_COUNT(vm.idreg); i++) {
		vm.idreg[i] = VALUE * (i + 1);
	}
	return 0;
}

static const struct known *find(const struct known *table, size_t count, uint32_t name)
{
	for (size_t i = 0; i < count; i++) {
		const struct known *k = &table[i];

		if (name == ((uint32_t)k->op0 << 14 | (uint32_t)k->op1 << 11 |
			     (uint32_t)k->crn << 7 | (uint32_t)k->crm << 3 | k->op2)) {
			return k;
		}
	}
	return NULL;
}

static uint64_t syndrome(uint32_t name)
{
	return FIELD_PREP(ESR_EC, EC_SYS64) | ESR_IL | FIELD_PREP(ESR_SYS_RT, RT) |
	       ESR_SYS_OF(name >> 14, name >> 11 & 7, name >> 7 & 15, name >> 3 & 15, name & 7);
}

static enum exit_action trap(uint64_t esr, uint64_t value)
{
	asked = 0;
	asked_arg = asked_value = 0;
	vcpu.regs.x[RT] = value;
	return sysreg_trap(&vcpu, esr);
}

static void reads(void **state)
{
	(void)state;
	for (uint32_t name = 0; name < 0x10000; name++) {
		const struct known *k = find(readable, ARRAY_COUNT(readable), name);
		uint32_t crm = name >> 3 & 15;
		/* op0 3, op1 0, CRn 0: the ID registers, but for those of the CPU itself */
		bool id = name >> 7 == 3 << 7 && crm >= 1 && crm <= 7;

		if (trap(syndrome(name) | ESR_SYS_READ, OLD) == EXIT_INJECT_UNDEF) {
			assert_true(k == NULL && !id);
			assert_int_equal(asked, 0);
			assert_int_equal(vcpu.regs.x[RT], OLD);
			continue;
		}
		assert_true(k != NULL || id);
		if (id) {
			assert_int_equal(vcpu.regs.x[RT], vm.idreg[IDREG_INDEX(crm, name & 7)]);
			assert_int_equal(asked, 0);
			continue;
		}
		assert_int_equal(vcpu.regs.x[RT], k->value);
		assert_int_equal(asked, k->letter);
		assert_int_equal(asked_arg, k->arg);
	}
}

static void check_write(const struct known *k, const uint64_t *before)
{
	uint64_t after[EL1_REGS];

	get_el1(after);
	for (uint32_t i = 0; i < EL1_REGS; i++) {
		bool this_one = k != NULL && k->letter == 'r' && k->arg == i;

		assert_int_equal(after[i], this_one ? VALUE : before[i]);
	}
	if (k == NULL || k->letter == 'r') {
		assert_int_equal(asked, 0);
		return;
	}
	assert_int_equal(asked, k->letter);
	assert_int_equal(asked_arg, k->arg);
	assert_int_equal(asked_value, k->value);
}

static void writes(void **state)
{
	uint64_t before[EL1_REGS];

	(void)state;
	for (uint32_t name = 0; name < 0x10000; name++) {
		const struct known *k = find(writable, ARRAY_COUNT(writable), name);

		fake_sysreg_reset();
		get_el1(before);
		assert_int_equal(trap(syndrome(name), VALUE),
				 k != NULL ? EXIT_ADVANCE : EXIT_INJECT_UNDEF);
		assert_int_equal(vcpu.regs.x[RT], VALUE);
		check_write(k, before);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE_IN("of all names those of readable registers are found, and no other", reads,
			set_up),
		CASE_IN("of all names those of writable registers are found, and no other", writes,
			set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
