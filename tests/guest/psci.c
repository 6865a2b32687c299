/* SPDX-License-Identifier: Apache-2.0 */
/* PSCI 1.1 and SMCCC as a guest sees them: versions, error codes, CPU_ON races, entry state. */
#include "tests/guest/lib/psci.h"

#include "tests/guest/lib/cpu.h"
#include "tests/guest/lib/gic.h"
#include "tests/guest/lib/mmu.h"
#include "tests/guest/lib/tap.h"
#include "tests/guest/lib/timer.h"

#define CYCLES 100
#define RACES  40

typedef int64_t (*call_fn)(uint32_t fn, uint64_t a1, uint64_t a2, uint64_t a3);

static bool bare;

/* Function ids that nobody defines, or that exist only in the other calling convention. */
static const uint32_t unknown_ids[] = {
	0x84000020, 0x840000ff, 0x8400ffff, 0xc4000000, 0xc4000002, 0xc4000006, 0xc4000008,
	0xc4000009, 0xc400000a, 0xc400ffff, 0x80007000, 0x8000ffff, 0xc0000000, 0x81000000,
	0x82000000, 0x83000000, 0x85000000, 0x86000000, 0x87000000, 0x90000000, 0xb0000000,
	0xb2000000, 0xc2000000, 0xc6000000, 0xf2000000, 0xff000000, 0xffffffff, 0x00000000,
	0x00000001, 0x04000000, 0x7fffffff,
};

static unsigned int count_unknown(call_fn call)
{
	unsigned int refused = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(unknown_ids); i++) {
		refused += call(unknown_ids[i], 0, 0, 0) == PSCI_NOT_SUPPORTED;
	}
	return refused;
}

static void test_versions(void)
{
	static const uint32_t mandatory[] = {
		PSCI_CPU_SUSPEND_32,   PSCI_CPU_SUSPEND,   PSCI_CPU_OFF,    PSCI_CPU_ON_32,
		PSCI_CPU_ON,	       PSCI_AFFINITY_INFO, PSCI_SYSTEM_OFF, PSCI_SYSTEM_RESET,
		PSCI_AFFINITY_INFO_32, PSCI_VERSION,	   PSCI_FEATURES,
	};
	unsigned int offered = 0;

	is(psci_call(PSCI_VERSION, 0, 0, 0), 0x10001, "PSCI_VERSION is 1.1");
	for (unsigned int i = 0; i < ARRAY_SIZE(mandatory); i++) {
		offered += psci_call(PSCI_FEATURES, mandatory[i], 0, 0) >= 0;
	}
	is(offered, ARRAY_SIZE(mandatory), "PSCI_FEATURES has every mandatory function");
	is(psci_call(PSCI_FEATURES, 0x8400001f, 0, 0), PSCI_NOT_SUPPORTED,
	   "PSCI_FEATURES of an unknown function is NOT_SUPPORTED");
	is(psci_call(PSCI_FEATURES, PSCI_MIGRATE, 0, 0), PSCI_NOT_SUPPORTED,
	   "PSCI_FEATURES says that MIGRATE does not exist");
	is(psci_call(PSCI_MIGRATE, 0, 0, 0), PSCI_NOT_SUPPORTED, "MIGRATE is NOT_SUPPORTED");
	is(psci_call(PSCI_MIGRATE_INFO_TYPE, 0, 0, 0), 2,
	   "MIGRATE_INFO_TYPE says that no trusted OS needs migration");
	is(count_unknown(psci_call), ARRAY_SIZE(unknown_ids),
	   "unknown ids are NOT_SUPPORTED by HVC");
}

static bool changes_system(uint32_t fn)
{
	switch (fn & 0xffff) {
	case PSCI_CPU_SUSPEND_32 & 0xffff:
	case PSCI_CPU_OFF & 0xffff:
	case PSCI_SYSTEM_OFF & 0xffff:
	case PSCI_SYSTEM_RESET & 0xffff:
	case 0x0c: /* CPU_FREEZE */
	case 0x0d: /* CPU_DEFAULT_SUSPEND */
	case 0x0e: /* SYSTEM_SUSPEND */
	case PSCI_SYSTEM_RESET2 & 0xffff:
		return true;
	default:
		return false;
	}
}

static void test_features_agree(void)
{
	unsigned int liars = 0;

	for (uint32_t i = 0; i < 0x20; i++) {
		for (uint32_t base = 0x84000000; base; base = base == 0x84000000 ? 0xc4000000 : 0) {
			uint32_t fn = base | i;

			if (!changes_system(fn) &&
			    psci_call(PSCI_FEATURES, fn, 0, 0) == PSCI_NOT_SUPPORTED) {
				liars += psci_call(fn, 0, 0, 0) != PSCI_NOT_SUPPORTED;
			}
		}
	}
	is(liars, 0, "what PSCI_FEATURES denies is NOT_SUPPORTED when it is called");
}

static void test_smccc(void)
{
	struct smccc_regs r;
	int64_t version;

	if (bare) {
		skip("SMCCC is offered", "QEMU's own PSCI has no SMCCC");
		return;
	}
	version = psci_call(SMCCC_VERSION, 0, 0, 0);
	in_range(version, 0x10001, 0x1ffff, "SMCCC_VERSION is 1.1 or later");
	is(psci_call_smc(SMCCC_VERSION, 0, 0, 0), version, "SMCCC_VERSION is the same by SMC");
	is(psci_call(PSCI_FEATURES, SMCCC_VERSION, 0, 0), 0,
	   "PSCI_FEATURES tells of SMCCC_VERSION");
	is(psci_call(SMCCC_ARCH_FEATURES, SMCCC_VERSION, 0, 0), 0,
	   "ARCH_FEATURES has SMCCC_VERSION");
	is(psci_call(SMCCC_ARCH_FEATURES, SMCCC_ARCH_FEATURES, 0, 0), 0,
	   "ARCH_FEATURES has itself");
	is(psci_call(SMCCC_ARCH_FEATURES, 0x80001234, 0, 0), PSCI_NOT_SUPPORTED,
	   "ARCH_FEATURES of an unknown function is NOT_SUPPORTED");
	is(psci_call_smc(PSCI_VERSION, 0, 0, 0), 0x10001, "PSCI_VERSION is 1.1 by SMC too");
	is(psci_call_smc(PSCI_AFFINITY_INFO, 0, 0, 0), PSCI_AFFINITY_ON, "AFFINITY_INFO by SMC");
	is(count_unknown(psci_call_smc), ARRAY_SIZE(unknown_ids),
	   "unknown ids are NOT_SUPPORTED by SMC");

	r = (struct smccc_regs){{UINT64_C(0xdead0000) << 32 | PSCI_VERSION}};
	smccc_hvc(&r);
	is(r.x[0], 0x10001, "the function id is W0: the upper half of X0 is ignored");
	r = (struct smccc_regs){{0xc400ffff}};
	smccc_hvc(&r);
	is(r.x[0], ~UINT64_C(0), "NOT_SUPPORTED of a 64-bit call is -1 in all of X0");
	r = (struct smccc_regs){{0x8400ffff}};
	smccc_hvc(&r);
	is((uint32_t)r.x[0], 0xffffffff, "NOT_SUPPORTED of a 32-bit call is -1 in W0");
}

static void test_workarounds(void)
{
	static const uint32_t ids[] = {SMCCC_ARCH_WORKAROUND_1, SMCCC_ARCH_WORKAROUND_2,
				       SMCCC_ARCH_WORKAROUND_3};
	unsigned int wrong = 0;

	for (unsigned int i = 0; !bare && i < ARRAY_SIZE(ids); i++) {
		int64_t offer = psci_call(SMCCC_ARCH_FEATURES, ids[i], 0, 0);

		/* An offered workaround has no result; calling it must come back. */
		wrong += offer < PSCI_NOT_SUPPORTED;
		if (offer == 0) {
			psci_call(ids[i], 0, 0, 0);
			psci_call_smc(ids[i], 0, 0, 0);
		} else if (offer == PSCI_NOT_SUPPORTED) {
			wrong += psci_call(ids[i], 0, 0, 0) != PSCI_NOT_SUPPORTED;
		}
	}
	is(wrong, 0, "branch-predictor workarounds do what ARCH_FEATURES says of them");
}

static unsigned int registers_lost(void (*call)(struct smccc_regs *), uint32_t fn)
{
	struct smccc_regs r;
	unsigned int lost = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(r.x); i++) {
		r.x[i] = UINT64_C(0x1122334455667700) + i;
	}
	r.x[0] = fn;
	r.x[1] = fn == PSCI_AFFINITY_INFO ? 0 : r.x[1];
	r.x[2] = fn == PSCI_AFFINITY_INFO ? 0 : r.x[2];
	call(&r);
	for (unsigned int i = 4; i < ARRAY_SIZE(r.x); i++) {
		lost += r.x[i] != UINT64_C(0x1122334455667700) + i;
	}
	for (unsigned int i = 1; i < 4; i++) {
		lost += r.x[i] != 0 && r.x[i] != UINT64_C(0x1122334455667700) + i;
	}
	return lost;
}

static void test_registers(void)
{
	is(registers_lost(smccc_hvc, PSCI_VERSION) + registers_lost(smccc_hvc, PSCI_AFFINITY_INFO) +
		   registers_lost(smccc_hvc, 0x8400ffff),
	   0, "HVC keeps x4-x17, and x1-x3 or zero: nothing of the hypervisor shows");
	if (bare) {
		skip("SMC keeps x4-x17", "SMC is undefined without EL2 and EL3");
		return;
	}
	is(registers_lost(smccc_smc, PSCI_VERSION) + registers_lost(smccc_smc, 0xc600ffff), 0,
	   "SMC keeps x4-x17, and x1-x3 or zero");
}

static void test_immediates(void)
{
	uint64_t x0 = PSCI_VERSION;
	struct exc_record r;

	r = EXC_OF(__asm__ volatile("mov x0, %0\n\thvc #0x4a48\n\tmov %0, x0"
				    : "+r"(x0)::"x0", "x1", "x2", "x3", "memory"));
	ok(bare || (r.count == 1 && exc_ec(&r) == EC_UNKNOWN) ||
		   (r.count == 0 && (int32_t)x0 == PSCI_NOT_SUPPORTED),
	   "HVC with an immediate is UNDEF or NOT_SUPPORTED");
	is(psci_call(PSCI_VERSION, 0, 0, 0), 0x10001, "and HVC #0 works after it");
}

static void test_affinity_info(void)
{
	is(psci_affinity_info(0, 0), PSCI_AFFINITY_ON, "AFFINITY_INFO of the caller is ON");
	is(psci_affinity_info(1, 0), PSCI_AFFINITY_OFF,
	   "AFFINITY_INFO of a CPU not started is OFF");
	is(psci_call(PSCI_AFFINITY_INFO_32, 0, 0, 0), PSCI_AFFINITY_ON,
	   "and by its 32-bit variant");
	is(psci_affinity_info(0xff0000, 0), PSCI_INVALID_PARAMETERS,
	   "AFFINITY_INFO of no CPU is INVALID_PARAMETERS");
	if (bare) {
		skip("AFFINITY_INFO of level 4 is INVALID_PARAMETERS", "QEMU's own PSCI says ON");
		return;
	}
	is(psci_affinity_info(0, 4), PSCI_INVALID_PARAMETERS,
	   "AFFINITY_INFO of level 4 is INVALID_PARAMETERS");
	is(psci_call(PSCI_AFFINITY_INFO, 0, BIT(32), 0), PSCI_AFFINITY_ON,
	   "whose level has 32 bits, whatever stands above them");
	is(psci_affinity_info(BIT(31), 0), PSCI_INVALID_PARAMETERS,
	   "AFFINITY_INFO of an MPIDR with bit 31 is INVALID_PARAMETERS");
}

/* Above level 0 a cluster is asked for, whose CPUs' numbers don't count. */
static void test_affinity_levels(void)
{
	is(psci_affinity_info(0, 1), PSCI_AFFINITY_ON, "AFFINITY_INFO of this cluster is ON");
	is(psci_affinity_info(0, 2), PSCI_AFFINITY_ON, "so is that of level 2");
	is(psci_affinity_info(0, 3), PSCI_AFFINITY_ON, "so is that of level 3");
	if (bare) {
		skip("AFFINITY_INFO of another cluster is INVALID_PARAMETERS",
		     "QEMU's own PSCI says ON");
		return;
	}
	is(psci_affinity_info(0x99, 1), PSCI_AFFINITY_ON,
	   "at level 1 the lowest field doesn't count");
	is(psci_affinity_info(0x0f00, 1), PSCI_INVALID_PARAMETERS,
	   "AFFINITY_INFO of another cluster is INVALID_PARAMETERS");
	is(psci_affinity_info(BIT(32), 3), PSCI_INVALID_PARAMETERS, "also at level 3");
}

static void test_cpu_on_errors(void)
{
	uint64_t entry = (uint64_t)secondary_entry;

	is(psci_cpu_on(0, entry, 0), PSCI_ALREADY_ON, "CPU_ON of the caller is ALREADY_ON");
	is(psci_cpu_on(0xff0000, entry, 0), PSCI_INVALID_PARAMETERS,
	   "CPU_ON of no CPU is INVALID_PARAMETERS");
	is(psci_cpu_on(BIT(31) | 1, entry, 0), PSCI_INVALID_PARAMETERS,
	   "CPU_ON of an MPIDR with bit 31 is INVALID_PARAMETERS");
	is(psci_cpu_on(BIT(40) | 1, entry, 0), PSCI_INVALID_PARAMETERS,
	   "CPU_ON of an MPIDR with bit 40 is INVALID_PARAMETERS");
	if (bare) {
		skip("CPU_ON with a bad entry is INVALID_ADDRESS", "QEMU's own PSCI takes any");
		return;
	}
	is(psci_cpu_on(1, HOLE_BASE, 0), PSCI_INVALID_ADDRESS,
	   "CPU_ON with an entry where nothing is, is INVALID_ADDRESS");
	is(psci_cpu_on(1, PL011_BASE, 0), PSCI_INVALID_ADDRESS,
	   "CPU_ON with an entry in a device is INVALID_ADDRESS");
	is(psci_cpu_on(1, BIT(52) | entry, 0), PSCI_INVALID_ADDRESS,
	   "CPU_ON with an entry beyond the address space is INVALID_ADDRESS");
	is(psci_cpu_on(1, entry + 2, 0), PSCI_INVALID_ADDRESS,
	   "CPU_ON with a misaligned entry is INVALID_ADDRESS");
	is(psci_affinity_info(1, 0), PSCI_AFFINITY_OFF, "none of these has turned the CPU on");
}

static bool start_with_context(uint32_t fn, uint64_t context, uint64_t junk)
{
	struct cpu *cpu = &cpus[1];
	unsigned int before = READ_ONCE(cpu->entry_count);

	cpu->fn = NULL;
	dsb(ish); /* fn is gone before the CPU looks for it */
	return psci_call(fn, 1 | junk, (uint64_t)secondary_entry | junk, context) == PSCI_SUCCESS &&
	       WAIT(READ_ONCE(cpu->entry_count) == before + 1) &&
	       WAIT(psci_affinity_info(1, 0) == PSCI_AFFINITY_OFF);
}

static void test_entry_state(void)
{
	const struct cpu_entry *e = &cpus[1].entry;
	unsigned int cycles = 0;

	ok(start_with_context(PSCI_CPU_ON, UINT64_C(0xdeadbeefcafef00d), 0), "CPU_ON starts a CPU");
	is(e->x0, UINT64_C(0xdeadbeefcafef00d), "all 64 bits of the context id are in X0");
	is(e->sctlr & (SCTLR_M | SCTLR_C), 0, "a CPU starts with MMU and data cache off");
	is(e->daif, 0x3c0, "a CPU starts with all interrupts masked");
	is(e->current_el, 4, "a CPU starts at EL1");

	for (unsigned int i = 0; i < CYCLES; i++) {
		cycles += start_with_context(PSCI_CPU_ON, 0x1000 + i, 0) && e->x0 == 0x1000 + i;
	}
	is(cycles, CYCLES, "a CPU turns off and on 100 times, each time with its context id");
	ok(start_with_context(PSCI_CPU_ON_32, 0x12345678, 0), "CPU_ON has a 32-bit variant");
	is(e->x0, 0x12345678, "its context id is in X0, zero-extended");
	if (bare) {
		skip("the 32-bit CPU_ON ignores the upper halves", "QEMU's own PSCI doesn't");
		return;
	}
	ok(start_with_context(PSCI_CPU_ON_32, UINT64_C(0x9999999912345678),
			      UINT64_C(0x5555555500000000)),
	   "the 32-bit CPU_ON ignores the upper halves of its arguments");
	is(e->x0, 0x12345678, "also of the context id");
}

/* Two CPUs turn on the same third one; a common count starts each round. */
static unsigned int race_round;
static int64_t race_result;

static void race_other(void *arg)
{
	(void)arg;
	for (unsigned int i = 1; i <= RACES; i++) {
		while (READ_ONCE(race_round) < i) {
			cpu_yield();
		}
		race_result = psci_cpu_on(2, (uint64_t)secondary_entry, 0);
		dmb(ish); /* the result before the count that hands it over */
		WRITE_ONCE(cpus[1].arg, (void *)(uint64_t)i);
	}
}

static bool race_fair(int64_t a, int64_t b)
{
	return a == PSCI_SUCCESS ?
		       b == PSCI_ALREADY_ON || b == PSCI_ON_PENDING :
		       b == PSCI_SUCCESS && (a == PSCI_ALREADY_ON || a == PSCI_ON_PENDING);
}

static bool race_may_off;

static void race_target(void *arg)
{
	(void)arg;
	WAIT(READ_ONCE(race_may_off)); /* stays on until both have called */
}

static void test_races(void)
{
	unsigned int fair = 0, entries = 0;

	cpus[2].fn = race_target;
	is(cpu_start(1, race_other, NULL), PSCI_SUCCESS, "a second CPU comes up to race with");
	for (unsigned int i = 1; i <= RACES; i++) {
		unsigned int before = READ_ONCE(cpus[2].entry_count);
		int64_t mine;

		race_may_off = false;
		dmb(ish); /* the target of the new round doesn't see the old flag */
		WRITE_ONCE(race_round, i);
		mine = psci_cpu_on(2, (uint64_t)secondary_entry, 0);
		WAIT(READ_ONCE(cpus[1].arg) == (void *)(uint64_t)i);
		dmb(ish); /* pairs with the one in race_other() */
		fair += race_fair(mine, race_result);
		WAIT(READ_ONCE(cpus[2].entry_count) != before);
		WRITE_ONCE(race_may_off, true);
		WAIT(psci_affinity_info(2, 0) == PSCI_AFFINITY_OFF);
		entries += cpus[2].entry_count - before;
	}
	if (bare) {
		skip("of two CPU_ON at once one succeeds", "QEMU's own PSCI lets both");
	} else {
		is(fair, RACES,
		   "of two CPU_ON at once one succeeds, the other is ALREADY_ON or ON_PENDING");
	}
	is(entries, RACES, "and the CPU starts once each time");
	ok(cpu_join(1), "the second CPU goes off again");
}

static void test_pending_affinity(void)
{
	unsigned int wrong = 0;

	cpus[2].fn = race_target;
	for (unsigned int i = 0; !bare && i < 20; i++) {
		race_may_off = false;
		dsb(ish); /* as in test_races() */
		psci_cpu_on(2, (uint64_t)secondary_entry, 0);
		wrong += psci_affinity_info(2, 0) == PSCI_AFFINITY_OFF;
		WRITE_ONCE(race_may_off, true);
		WAIT(psci_affinity_info(2, 0) == PSCI_AFFINITY_OFF);
	}
	is(wrong, 0, "right after CPU_ON a CPU is ON_PENDING or ON, never OFF");
}

static void suspend(uint32_t fn, const char *sentence)
{
	uint64_t start = counter_now();
	int64_t ret;

	timer_set(start + counter_hz() / 100);
	ret = psci_call(fn, 0, (uint64_t)secondary_entry, 0);
	ok(ret == PSCI_SUCCESS && counter_now() - start >= counter_hz() / 100, sentence);
	timer_stop();
}

static void test_suspend(void)
{
	gic_setup();
	gic_enable(INTID_TIMER_VIRT);
	suspend(PSCI_CPU_SUSPEND, "CPU_SUSPEND to standby sleeps until an interrupt is pending");
	suspend(PSCI_CPU_SUSPEND_32, "and so does its 32-bit variant");
	timer_set(counter_now());
	is(psci_call(PSCI_CPU_SUSPEND, 0, 0, 0), PSCI_SUCCESS,
	   "CPU_SUSPEND with an interrupt pending comes back at once");
	is(psci_call(PSCI_CPU_SUSPEND, BIT(31), 0, 0), PSCI_INVALID_PARAMETERS,
	   "CPU_SUSPEND with a reserved bit is INVALID_PARAMETERS");
	timer_stop();
}

static void go_off_by_smc(void *arg)
{
	(void)arg;
	psci_call_smc(PSCI_CPU_OFF, 0, 0, 0);
}

static void stay(void *arg)
{
	(void)arg;
	WAIT(READ_ONCE(race_may_off));
}

/* CPU_ON of a CPU that runs, and its calls by SMC: the same answers as by HVC. */
static void test_smc(void)
{
	uint64_t entry = (uint64_t)secondary_entry, start;

	race_may_off = false;
	is(cpu_start(1, stay, NULL), PSCI_SUCCESS, "CPU_ON of a CPU that is off");
	ok(WAIT(psci_affinity_info(1, 0) == PSCI_AFFINITY_ON), "it is ON then");
	is(psci_cpu_on(1, entry, 0), PSCI_ALREADY_ON, "CPU_ON of it is ALREADY_ON");
	if (!bare) {
		is(psci_call_smc(PSCI_CPU_ON, 1, entry, 0), PSCI_ALREADY_ON, "by SMC too");
		is(psci_call_smc(PSCI_CPU_ON, 0xff0000, entry, 0), PSCI_INVALID_PARAMETERS,
		   "INVALID_PARAMETERS by SMC");
		is(psci_call_smc(PSCI_CPU_ON, 2, HOLE_BASE, 0), PSCI_INVALID_ADDRESS,
		   "INVALID_ADDRESS by SMC");
		is(psci_call_smc(PSCI_FEATURES, PSCI_CPU_SUSPEND, 0, 0), 0,
		   "PSCI_FEATURES by SMC: CPU_SUSPEND has the original format");
		is(psci_call_smc(PSCI_MIGRATE_INFO_TYPE, 0, 0, 0), 2, "MIGRATE_INFO_TYPE by SMC");
		is(psci_call_smc(PSCI_CPU_SUSPEND, BIT(31), 0, 0), PSCI_INVALID_PARAMETERS,
		   "CPU_SUSPEND with a reserved bit by SMC");
	}
	WRITE_ONCE(race_may_off, true);
	ok(cpu_join(1), "it goes off by HVC");
	if (bare) {
		skip("calls by SMC", "SMC is undefined without EL2 and EL3");
		return;
	}
	cpus[1].fn = go_off_by_smc;
	dsb(ish); /* fn before the call that lets the other CPU read it */
	is(psci_call_smc(PSCI_CPU_ON, 1, entry, 0), PSCI_SUCCESS, "CPU_ON by SMC");
	ok(WAIT(psci_affinity_info(1, 0) == PSCI_AFFINITY_OFF), "and CPU_OFF");
	start = counter_now();
	timer_set(start + counter_hz() / 100);
	is(psci_call_smc(PSCI_CPU_SUSPEND, 0, 0, 0), PSCI_SUCCESS, "CPU_SUSPEND by SMC");
	not_below(counter_now() - start, counter_hz() / 100, "sleeps until the interrupt");
	timer_set(counter_now() + counter_hz() / 100);
	is(psci_call(PSCI_CPU_SUSPEND, BIT(16), entry, 0), PSCI_SUCCESS,
	   "a power-down state is a standby: the caller goes on");
	timer_stop();
}

int main(void)
{
	bare = machine_is_bare();
	test_versions();
	test_features_agree();
	test_smccc();
	test_workarounds();
	test_registers();
	test_immediates();
	test_affinity_info();
	test_affinity_levels();
	test_cpu_on_errors();
	test_entry_state();
	test_races();
	test_pending_affinity();
	test_suspend();
	test_smc();
	tap_done();
}
