/* SPDX-License-Identifier: Apache-2.0 */
/* PSCI as a guest calls it. DEN 0022F chapter 5. */
#include "core/exit/vpsci.h"

#include <string.h>

#include "core/arm64/smccc.h"
#include "core/vm/vm.h"
#include "tests/unit/unit.h"

#define VCPUS 3
#define RAM   GIB(1)
#define SIZE  MIB(64)

static struct vm vm;
static struct vcpu vcpus[VCPUS], *table[VCPUS];

/* What another caller does between this one's first look and its claim, once. */
static void (*meanwhile)(void);

void vcpu_post(struct vcpu *vcpu, uint32_t events)
{
	atomic_fetch_or(&vcpu->events, events);
}

const struct vm_extent *vm_extent_of(const struct vm *of, uint64_t ipa, uint64_t size)
{
	assert_ptr_equal(of, &vm);
	if (meanwhile != NULL) {
		meanwhile();
		meanwhile = NULL;
	}
	return range_contains(RAM, SIZE, ipa, size) ? &vm.extent[0] : NULL;
}

static int set_up(void **state)
{
	(void)state;
	memset(&vm, 0, sizeof(vm));
	memset(vcpus, 0, sizeof(vcpus));
	meanwhile = NULL;
	vm.vcpu = table;
	vm.vcpu_count = VCPUS;
	vm.state = VM_RUNNING;
	for (uint32_t i = 0; i < VCPUS; i++) {
		table[i] = &vcpus[i];
		vcpus[i].vm = &vm;
		vcpus[i].index = i;
		vcpus[i].mpidr = BIT(31) | i;
	}
	vcpus[0].power = VCPU_ON;
	return 0;
}

static enum exit_action action;

static int64_t call(uint32_t id, uint64_t a1, uint64_t a2, uint64_t a3)
{
	vcpus[0].regs.x[0] = id;
	vcpus[0].regs.x[1] = a1;
	vcpus[0].regs.x[2] = a2;
	vcpus[0].regs.x[3] = a3;
	action = vpsci_call(&vcpus[0], id, EXIT_RESUME);
	return (int64_t)vcpus[0].regs.x[0];
}

#define VERSION	      0x84000000
#define CPU_SUSPEND   0xc4000001
#define CPU_OFF	      0x84000002
#define CPU_ON	      0xc4000003
#define CPU_ON32      0x84000003
#define AFFINITY_INFO 0xc4000004
#define AFF_INFO32    0x84000004
#define MIGRATE_TYPE  0x84000006
#define SYSTEM_OFF    0x84000008
#define SYSTEM_RESET  0x84000009
#define FEATURES      0x8400000a

enum {
	SUCCESS = 0,
	NOT_SUPPORTED = -1,
	INVALID_PARAMETERS = -2,
	ALREADY_ON = -4,
	ON_PENDING = -5,
	INVALID_ADDRESS = -9,
};

static void version_and_features(void **state)
{
	static const uint32_t offered[] = {VERSION,	 CPU_SUSPEND, 0x84000001,    CPU_OFF,
					   CPU_ON,	 CPU_ON32,    AFFINITY_INFO, 0x84000004,
					   MIGRATE_TYPE, SYSTEM_OFF,  SYSTEM_RESET,  FEATURES,
					   0x80000000,	 0x8400000e,  0xc400000e,    0x84000012,
					   0xc4000012};
	static const uint32_t not_offered[] = {0x84000005, 0xc4000005, 0x84000007, 0x8400000b,
					       0x8400000f, 0xc4000009, 0xc4000008, 0x8400001f,
					       0,	   0xffffffff};

	(void)state;
	assert_int_equal(call(VERSION, 0, 0, 0), 0x10001);
	assert_int_equal(action, EXIT_RESUME);
	assert_int_equal(call(MIGRATE_TYPE, 0, 0, 0), 2);
	for (size_t i = 0; i < ARRAY_COUNT(offered); i++) {
		assert_int_equal(call(FEATURES, offered[i], 0, 0), SUCCESS);
	}
	for (size_t i = 0; i < ARRAY_COUNT(not_offered); i++) {
		assert_int_equal(call(FEATURES, not_offered[i], 0, 0), NOT_SUPPORTED);
	}
	/* 32-bit arguments: what stands above does not count */
	assert_int_equal(call(FEATURES, UINT64_C(0x1284000000), 0, 0), SUCCESS);
	/* what features deny, the call denies */
	assert_int_equal(call(0x84000005, 0, 0, 0), NOT_SUPPORTED);
	assert_int_equal(call(0xc4000009, 0, 0, 0), NOT_SUPPORTED);
	assert_int_equal(action, EXIT_RESUME);
}

static void cpu_on_errors(void **state)
{
	static const struct {
		uint64_t target, entry;
		int result;
	} cases[] = {
		{3, RAM, INVALID_PARAMETERS},
		{0x100, RAM, INVALID_PARAMETERS},
		{BIT(31) | 1, RAM, INVALID_PARAMETERS}, /* bits outside the affinity fields */
		{BIT(24) | 1, RAM, INVALID_PARAMETERS},
		{BIT(32) | 1, RAM, INVALID_PARAMETERS}, /* Aff3 */
		{BIT(40) | 1, RAM, INVALID_PARAMETERS},
		{1, 0, INVALID_ADDRESS},
		{1, RAM - 4, INVALID_ADDRESS},
		{1, RAM + SIZE, INVALID_ADDRESS},
		{1, RAM + SIZE - 2, INVALID_ADDRESS},
		{1, RAM + 2, INVALID_ADDRESS},
		{1, UINT64_MAX - 3, INVALID_ADDRESS},
		{0, RAM, ALREADY_ON},
		{1, RAM + SIZE - 4, SUCCESS},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		assert_int_equal(call(CPU_ON, cases[i].target, cases[i].entry, 0), cases[i].result);
		if (cases[i].result != SUCCESS) {
			assert_int_equal(vcpus[1].power, VCPU_OFF);
			assert_int_equal(vcpus[1].events, 0);
		}
	}
}

static void cpu_on(void **state)
{
	(void)state;
	assert_int_equal(call(CPU_ON, 1, RAM + 0x1000, UINT64_C(0x1122334455667788)), SUCCESS);
	assert_int_equal(action, EXIT_RESUME);
	assert_int_equal(vcpus[1].power, VCPU_ON_PENDING);
	assert_int_equal(vcpus[1].events, VCPU_EVENT_START);
	assert_int_equal(vcpus[1].start_pc, RAM + 0x1000);
	assert_int_equal(vcpus[1].start_context, UINT64_C(0x1122334455667788));
	/* a second one changes nothing */
	assert_int_equal(call(CPU_ON, 1, RAM + 0x2000, 5), ON_PENDING);
	assert_int_equal(vcpus[1].start_pc, RAM + 0x1000);
	vcpus[1].power = VCPU_ON;
	assert_int_equal(call(CPU_ON, 1, RAM + 0x2000, 5), ALREADY_ON);
	assert_int_equal(vcpus[1].start_pc, RAM + 0x1000);
	vcpus[1].power = VCPU_OFF;
	/* the 32-bit form has 32-bit arguments */
	assert_int_equal(call(CPU_ON32, UINT64_C(0xff00000001), BIT(35) | RAM, ~UINT64_C(0)),
			 SUCCESS);
	assert_int_equal(vcpus[1].start_pc, RAM);
	assert_int_equal(vcpus[1].start_context, 0xffffffff);
}

static void other_wins(void)
{
	vcpus[1].power = VCPU_ON_PENDING;
	vcpus[1].start_pc = RAM + 0x8000;
	vcpus[1].start_context = 8;
}

/* Of two callers one wins; the other hears so and leaves the winner's entry alone. */
static void race(void **state)
{
	(void)state;
	meanwhile = other_wins;
	assert_int_equal(call(CPU_ON, 1, RAM + 0x1000, 1), ON_PENDING);
	assert_int_equal(vcpus[1].start_pc, RAM + 0x8000);
	assert_int_equal(vcpus[1].start_context, 8);
	assert_int_equal(vcpus[1].events, 0);
}

static void affinity_info(void **state)
{
	static const struct {
		uint64_t target, level;
		int64_t result;
	} cases[] = {
		{0, 0, 0}, /* on */
		{1, 0, 1}, /* off */
		{2, 0, 2}, /* pending */
		{3, 0, INVALID_PARAMETERS},
		{BIT(31), 0, INVALID_PARAMETERS},
		{0, 4, INVALID_PARAMETERS},
		{0, UINT64_MAX, INVALID_PARAMETERS},
		/* a level has 32 bits, whichever call it is */
		{0, UINT64_C(0x100000000), 0},
		{1, UINT64_C(0xffffffff00000000), 1},
		/* a cluster is on when one of its CPUs is; lower fields don't count */
		{0x77, 1, 0},
		{0x100, 1, INVALID_PARAMETERS},
		{0x7777, 2, 0},
		{0x777777, 3, 0},
		{UINT64_C(0x100000000), 3, INVALID_PARAMETERS},
	};

	(void)state;
	vcpus[2].power = VCPU_ON_PENDING;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		assert_int_equal(call(AFFINITY_INFO, cases[i].target, cases[i].level, 0),
				 cases[i].result);
	}
	vcpus[0].power = VCPU_OFF;
	assert_int_equal(call(AFFINITY_INFO, 0, 1, 0), 2);
	vcpus[2].power = VCPU_OFF;
	assert_int_equal(call(AFFINITY_INFO, 0, 1, 0), 1);
}

/* Arguments of an SMC32 or HVC32 call are W registers: DEN 0028F 3.1 */
static void narrow_calls(void **state)
{
	const uint64_t high = UINT64_C(0xfedcba9800000000);

	(void)state;
	assert_int_equal(call(AFF_INFO32, high, high, 0), 0);
	assert_int_equal(call(AFF_INFO32, high | 1, high, 0), 1);
	assert_int_equal(call(AFF_INFO32, high, high | 4, 0), INVALID_PARAMETERS);
	assert_int_equal(call(FEATURES, high | CPU_ON32, 0, 0), SUCCESS);
	assert_int_equal(call(CPU_ON32, high | 1, high | RAM, high | 7), SUCCESS);
	assert_int_equal(vcpus[1].start_pc, RAM);
	assert_int_equal(vcpus[1].start_context, 7);
	call(0x84000001, high, high, high);
	assert_int_equal(action, EXIT_STANDBY);
	call(0x84000012, high, high, 0);
	assert_int_equal(action, EXIT_VM_RESET);
	/* and these have 32 bits in the 64-bit call too */
	call(CPU_SUSPEND, high, RAM, 0);
	assert_int_equal(action, EXIT_STANDBY);
	call(0xc4000012, high, 0, 0);
	assert_int_equal(action, EXIT_VM_RESET);
}

static void suspend(void **state)
{
	(void)state;
	/* standby and power-down alike go on behind the call */
	assert_int_equal(call(CPU_SUSPEND, 0, 0, 0), SUCCESS);
	assert_int_equal(action, EXIT_STANDBY);
	assert_int_equal(call(CPU_SUSPEND, BIT(16), RAM, 0), SUCCESS);
	assert_int_equal(action, EXIT_STANDBY);
	assert_int_equal(call(CPU_SUSPEND, BIT(17), 0, 0), INVALID_PARAMETERS);
	assert_int_equal(action, EXIT_RESUME);
	assert_int_equal(call(CPU_SUSPEND, BIT(31), 0, 0), INVALID_PARAMETERS);
	/* by SMC the instruction is stepped over too */
	assert_int_equal(vpsci_call(&vcpus[0], CPU_SUSPEND, EXIT_ADVANCE), EXIT_ADVANCE);
	vcpus[0].regs.x[1] = 0;
	assert_int_equal(vpsci_call(&vcpus[0], CPU_SUSPEND, EXIT_ADVANCE), EXIT_ADVANCE_STANDBY);
}

static void no_return(void **state)
{
	(void)state;
	call(CPU_OFF, 0, 0, 0);
	assert_int_equal(action, EXIT_VCPU_OFF);
	call(SYSTEM_OFF, 0, 0, 0);
	assert_int_equal(action, EXIT_VM_OFF);
	call(SYSTEM_RESET, 0, 0, 0);
	assert_int_equal(action, EXIT_VM_RESET);
}

static void reset2(void **state)
{
	static const uint32_t ids[] = {0x84000012, 0xc4000012};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(ids); i++) {
		call(ids[i], 0, 0x1234, 0);
		assert_int_equal(action, EXIT_VM_RESET);
		assert_int_equal(call(ids[i], 1, 0, 0), INVALID_PARAMETERS);
		assert_int_equal(action, EXIT_RESUME);
		assert_int_equal(call(ids[i], BIT(31), 0, 0), INVALID_PARAMETERS);
		assert_int_equal(action, EXIT_RESUME);
	}
}

static void system_suspend(void **state)
{
	(void)state;
	assert_int_equal(call(0xc400000e, RAM + 2, 5, 0), INVALID_ADDRESS);
	assert_int_equal(call(0xc400000e, RAM + SIZE, 5, 0), INVALID_ADDRESS);
	for (uint32_t power = VCPU_ON_PENDING; power <= VCPU_ON; power++) {
		vcpus[VCPUS - 1].power = power;
		assert_int_equal(call(0xc400000e, RAM + 4, 5, 0), -3); /* DENIED */
		assert_int_equal(action, EXIT_RESUME);
	}
	vcpus[VCPUS - 1].power = VCPU_OFF;
	call(0xc400000e, RAM + 4, 5, 0);
	assert_int_equal(action, EXIT_VM_SUSPEND);
	assert_int_equal(vcpus[0].start_pc, RAM + 4);
	assert_int_equal(vcpus[0].start_context, 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE_IN("version and features say what is offered", version_and_features, set_up),
		CASE_IN("CPU_ON refuses what it must, and touches nothing", cpu_on_errors, set_up),
		CASE_IN("CPU_ON starts a vCPU once", cpu_on, set_up),
		CASE_IN("of two CPU_ON one wins", race, set_up),
		CASE_IN("AFFINITY_INFO tells on, off and pending, by level", affinity_info, set_up),
		CASE_IN("upper halves of 32-bit arguments don't count", narrow_calls, set_up),
		CASE_IN("CPU_SUSPEND is a standby", suspend, set_up),
		CASE_IN("SYSTEM_RESET2 knows the architecture's type alone", reset2, set_up),
		CASE_IN("SYSTEM_SUSPEND is the last CPU's", system_suspend, set_up),
		CASE_IN("CPU_OFF, SYSTEM_OFF and SYSTEM_RESET don't come back", no_return, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
