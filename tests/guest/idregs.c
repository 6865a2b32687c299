/* SPDX-License-Identifier: Apache-2.0 */
/* ID registers describe what works: fields against the registers and instructions they promise. */
#include "tests/guest/lib/console.h"
#include "tests/guest/lib/cpu.h"
#include "tests/guest/lib/exc.h"
#include "tests/guest/lib/gic.h"
#include "tests/guest/lib/insn.h"
#include "tests/guest/lib/psci.h"
#include "tests/guest/lib/servant.h"
#include "tests/guest/lib/string.h"
#include "tests/guest/lib/tap.h"

#define ID(m, op2) SYSREG(3, 0, 0, m, op2)
#define PFR0	   ID(4, 0)
#define PFR1	   ID(4, 1)
#define DFR0	   ID(5, 0)
#define ISAR0	   ID(6, 0)
#define ISAR1	   ID(6, 1)
#define MMFR0	   ID(7, 0)
#define MMFR1	   ID(7, 1)
#define MMFR2	   ID(7, 2)
#define ZFR0	   ID(4, 4)
#define SMFR0	   ID(4, 5)

#define FIELD4(lo) BITS((lo) + 3, lo)

#define CPACR_ZEN  BITS(17, 16)
#define CPACR_FPEN BITS(21, 20)
#define CPACR_SMEN BITS(25, 24)

static bool bare;

/* A field that is at least `least` promises a system register; below it the register is UNDEF. */
static const struct promise {
	const char *what;
	uint32_t id;
	unsigned int lo;
	unsigned int least;
	bool f_is_none; /* 0xf means "not offered" */
	uint32_t reg;
} promises[] = {
	{"PMUVer: PMCR_EL0", DFR0, 8, 1, true, SYSREG(3, 3, 9, 12, 0)},
	{"PMUVer: PMCCNTR_EL0", DFR0, 8, 1, true, SYSREG(3, 3, 9, 13, 0)},
	{"PMUVer: PMCEID0_EL0", DFR0, 8, 1, true, SYSREG(3, 3, 9, 12, 6)},
	{"PMUVer: PMUSERENR_EL0", DFR0, 8, 1, true, SYSREG(3, 3, 9, 14, 0)},
	{"PMUVer: PMCCFILTR_EL0", DFR0, 8, 1, true, SYSREG(3, 3, 14, 15, 7)},
	{"TraceVer: TRCOSLSR", DFR0, 4, 1, false, SYSREG(2, 1, 1, 1, 4)},
	{"TraceVer: TRCIDR0", DFR0, 4, 1, false, SYSREG(2, 1, 0, 8, 7)},
	{"PMSVer: PMSCR_EL1", DFR0, 32, 1, false, SYSREG(3, 0, 9, 9, 0)},
	{"PMSVer: PMBLIMITR_EL1", DFR0, 32, 1, false, SYSREG(3, 0, 9, 10, 0)},
	{"TraceFilt: TRFCR_EL1", DFR0, 40, 1, false, SYSREG(3, 0, 1, 2, 1)},
	{"TraceBuffer: TRBLIMITR_EL1", DFR0, 44, 1, false, SYSREG(3, 0, 9, 11, 0)},
	{"BRBE: BRBCR_EL1", DFR0, 52, 1, false, SYSREG(2, 1, 9, 0, 0)},
	{"SVE: ZCR_EL1", PFR0, 32, 1, false, SYSREG(3, 0, 1, 2, 0)},
	{"AMU: AMCR_EL0", PFR0, 44, 1, false, SYSREG(3, 3, 13, 2, 0)},
	{"DIT: DIT", PFR0, 48, 1, false, SYSREG(3, 3, 4, 2, 5)},
	{"RAS: ERRIDR_EL1", PFR0, 28, 1, false, SYSREG(3, 0, 5, 3, 0)},
	{"MPAM: MPAM0_EL1", PFR0, 40, 1, false, SYSREG(3, 0, 10, 5, 1)},
	{"SSBS: SSBS", PFR1, 4, 2, false, SYSREG(3, 3, 4, 2, 6)},
	{"MTE: GCR_EL1", PFR1, 8, 2, false, SYSREG(3, 0, 1, 0, 6)},
	{"MTE: TFSR_EL1", PFR1, 8, 2, false, SYSREG(3, 0, 5, 6, 0)},
	{"SME: SMCR_EL1", PFR1, 24, 1, false, SYSREG(3, 0, 1, 2, 6)},
	{"RNDR: RNDR", ISAR0, 60, 1, false, SYSREG(3, 3, 2, 4, 0)},
	{"LO: LORSA_EL1", MMFR1, 16, 1, false, SYSREG(3, 0, 10, 4, 0)},
	{"PAN: PAN", MMFR1, 20, 1, false, SYSREG(3, 0, 4, 2, 3)},
	{"UAO: UAO", MMFR2, 4, 1, false, SYSREG(3, 0, 4, 2, 4)},
	{"VH: CONTEXTIDR_EL12", PFR0, 8, 1, false, SYSREG(3, 5, 13, 0, 1)},
	{"EL2: HCR_EL2", PFR0, 8, 1, false, SYSREG(3, 4, 1, 1, 0)},
	{"EL3: SCR_EL3", PFR0, 12, 16, false, SYSREG(3, 6, 1, 1, 0)},
};

static void test_promises(void)
{
	unsigned int lies = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(promises); i++) {
		const struct promise *p = &promises[i];
		uint64_t field = insn_mrs(p->id) >> p->lo & 15;
		bool offered = field >= p->least && !(p->f_is_none && field == 15);
		uint64_t class = EXC_CLASS(insn_mrs(p->reg));

		/* A register that is there may be trapped by a control of this EL (EC 0x18, 0x19).
		 */
		if (offered != (class != EC_UNKNOWN)) {
			printf("# %s: field %lu, but access gives class 0x%lx\n", p->what, field,
			       class);
			lies++;
		}
	}
	is(lies, 0, "registers exist if and only if an ID field promises them");
}

static void test_hidden(void)
{
	if (bare) {
		skip("SVE, SME, MTE, PMU and trace are hidden", "hiding is a hypervisor's work");
		return;
	}
	is(FIELD_GET(FIELD4(32), insn_mrs(PFR0)), 0, "SVE is hidden");
	is(insn_mrs(ZFR0), 0, "and so are its details");
	is(FIELD_GET(FIELD4(24), insn_mrs(PFR1)), 0, "SME is hidden");
	is(insn_mrs(SMFR0), 0, "and so are its details");
	is(FIELD_GET(FIELD4(8), insn_mrs(PFR1)), 0, "MTE is hidden");
	ok((FIELD_GET(FIELD4(8), insn_mrs(DFR0)) + 1) % 16 <= 1, "the PMU is hidden");
	is(FIELD_GET(FIELD4(4), insn_mrs(DFR0)), 0, "the trace unit is hidden");
	is(FIELD_GET(FIELD4(32), insn_mrs(DFR0)), 0, "statistical profiling is hidden");
	is(FIELD_GET(FIELD4(40), insn_mrs(DFR0)), 0, "the trace filter is hidden");
	is(FIELD_GET(FIELD4(44), insn_mrs(DFR0)), 0, "the trace buffer is hidden");
	is(FIELD_GET(FIELD4(52), insn_mrs(DFR0)), 0, "branch records are hidden");
	is(FIELD_GET(FIELD4(40), insn_mrs(PFR0)), 0, "MPAM is hidden");
	is(FIELD_GET(FIELD4(44), insn_mrs(PFR0)), 0, "activity monitors are hidden");
	is(FIELD_GET(BITS(15, 8), insn_mrs(PFR0)), 0, "EL2 and EL3 are hidden");
}

/* Instructions by their ID field; each is harmless where it exists. */
static const struct {
	const char *what;
	uint32_t id;
	unsigned int lo;
	unsigned int least;
	uint32_t code;
} instructions[] = {
	{"Atomic: ldadd w2, w2, [x1]", ISAR0, 20, 2, 0xb8220022},
	{"CRC32: crc32b w2, w2, w2", ISAR0, 16, 1, 0x1ac24042},
	{"SM3: sm3partw1 v0.4s, v0.4s, v0.4s", ISAR0, 36, 1, 0xce60c000},
	{"AES: aese v0.16b, v0.16b", ISAR0, 4, 1, 0x4e284800},
	{"SHA2: sha256su0 v0.4s, v0.4s", ISAR0, 12, 1, 0x5e282800},
	{"DP: udot v0.4s, v0.16b, v0.16b", ISAR0, 44, 1, 0x6e809400},
	{"TS: setf8 w2", ISAR0, 52, 1, 0x3a00084d},
	{"LRCPC: ldapr w2, [x1]", ISAR1, 20, 1, 0xb8bfc022},
	{"DPB: dc cvap, x1", ISAR1, 0, 1, 0xd50b7c21},
	{"FRINTTS: frint32z s0, s0", ISAR1, 32, 1, 0x1e284000},
	{"SVE: rdvl x2, #1", PFR0, 32, 1, 0x04bf5022},
	{"FP: fmov s0, s0", PFR0, 16, 0, 0x1e204000},
	{"AdvSIMD: add v0.4s, v0.4s, v0.4s", PFR0, 20, 0, 0x4ea08400},
};

static void test_instructions(void)
{
	static uint64_t target;
	unsigned int lies = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(instructions); i++) {
		uint64_t field = insn_mrs(instructions[i].id) >> instructions[i].lo & 15;
		bool offered = field >= instructions[i].least && field != 15;
		uint64_t class =
			EXC_CLASS(insn_run(&instructions[i].code, 1, 0, (uint64_t)&target));

		if (offered ? class == EC_UNKNOWN : class != EC_UNKNOWN) {
			printf("# %s: field %lu, but it gives class 0x%lx\n", instructions[i].what,
			       field, class);
			lies++;
		}
	}
	is(lies, 0, "instructions exist if and only if an ID field promises them");
}

static void test_pauth(void)
{
	uint64_t isar1 = insn_mrs(ISAR1);
	uint32_t pacga = 0x9ac13000; /* pacga x0, x0, x1 */
	bool offered = isar1 & (FIELD4(24) | FIELD4(28));
	uint64_t saved, class;

	is(EXC_CLASS(insn_run(&pacga, 1, 1, 2)), offered ? EXC_NONE : EC_UNKNOWN,
	   "pacga works if and only if a generic authentication field says so");
	offered = isar1 & (FIELD4(4) | FIELD4(8));
	class = EXC_CLASS(saved = insn_mrs(SYSREG(3, 0, 2, 1, 0)));
	is(class, offered ? EXC_NONE : EC_UNKNOWN, "the keys exist if and only if a field says so");
	if (class == EXC_NONE) {
		insn_msr(SYSREG(3, 0, 2, 1, 0), UINT64_C(0x123456789abcdef));
		is(insn_mrs(SYSREG(3, 0, 2, 1, 0)), UINT64_C(0x123456789abcdef),
		   "a key keeps its value");
		insn_msr(SYSREG(3, 0, 2, 1, 0), saved);
	}
}

static void test_plausible(void)
{
	uint64_t midr = sysreg_read(midr_el1), mpidr = sysreg_read(mpidr_el1);
	uint64_t pfr0 = insn_mrs(PFR0), mmfr0 = insn_mrs(MMFR0), dfr0 = insn_mrs(DFR0);

	ok(midr, "MIDR_EL1 names a processor");
	is(midr >> 16 & 15, 15, "and says that ID registers tell the architecture");
	is(midr >> 32, 0, "its upper half is zero");
	ok(mpidr & BIT(31), "MPIDR_EL1 bit 31 is set");
	ok(!(mpidr & BIT(30)), "this isn't a uniprocessor");
	is(mpidr & 0xff3effffff, 0, "the first CPU has affinity 0");
	in_range(pfr0 & 15, 1, 2, "AArch64 at EL0");
	in_range(pfr0 >> 4 & 15, 1, 2, "AArch64 at EL1");
	ok((pfr0 >> 16 & 15) == (pfr0 >> 20 & 15), "FP and SIMD go together");
	in_range(pfr0 >> 24 & 15, 1, 4, "the GIC's system registers are there");
	in_range(mmfr0 & 15, 0, 6, "PARange is plausible");
	in_range(mmfr0 >> 28 & 15, 0, 1, "4K pages are there");
	in_range(dfr0 & 15, 6, 11, "the debug architecture is v8");
	not_below(dfr0 >> 12 & 15, 1, "there are two breakpoints or more");
	not_below(dfr0 >> 20 & 15, 1, "and two watchpoints or more");
	is(sysreg_read(CurrentEL), 4, "this is EL1");
}

/* CRm 1 to 7 of the ID space: what is not allocated reads as zero; none may be written. */
static void test_id_space(void)
{
	static const uint32_t reserved[] = {
		ID(3, 3), ID(3, 7), ID(4, 3), ID(4, 6), ID(5, 3), ID(5, 6), ID(5, 7),
		ID(6, 4), ID(6, 5), ID(6, 6), ID(6, 7), ID(7, 5), ID(7, 6), ID(7, 7),
	};
	unsigned int undefined = 0, nonzero = 0, writable = 0;

	for (unsigned int m = 1; m < 8; m++) {
		for (unsigned int op2 = 0; op2 < 8; op2++) {
			undefined += EXC_CLASS(insn_mrs(ID(m, op2))) != EXC_NONE;
			writable += EXC_CLASS(insn_msr(ID(m, op2), 0)) != EC_UNKNOWN;
		}
	}
	is(undefined, 0, "all 56 registers of the ID space can be read");
	is(writable, 0, "and none written");
	for (unsigned int i = 0; i < ARRAY_SIZE(reserved); i++) {
		nonzero += insn_mrs(reserved[i]) != 0;
	}
	is(nonzero, 0, "the reserved ones read as zero");
	is(EXC_CLASS(insn_mrs(SYSREG(3, 0, 0, 0, 0))), EXC_NONE, "MIDR_EL1 by number");
	is(EXC_CLASS(insn_mrs(SYSREG(3, 0, 0, 0, 6))), EXC_NONE, "REVIDR_EL1");
	is(EXC_CLASS(insn_mrs(SYSREG(3, 1, 0, 0, 7))), EXC_NONE, "AIDR_EL1");
	is(EXC_CLASS(insn_mrs(SYSREG(3, 1, 0, 0, 1))), EXC_NONE, "CLIDR_EL1");
}

static void test_caches(void)
{
	uint64_t ctr = sysreg_read(ctr_el0), clidr = sysreg_read(clidr_el1);
	unsigned int implausible = 0, unkept = 0;

	ok(ctr & BIT(31), "CTR_EL0 bit 31 is set");
	in_range(ctr & 15, 2, 9, "instruction cache lines are 16 bytes to 2 KiB");
	in_range(ctr >> 16 & 15, 2, 9, "data cache lines too");
	not_below(clidr & 7, 1, "there is a first-level cache");
	for (unsigned int level = 0; level < 7; level++) {
		if ((clidr >> 3 * level & 7) == 0) {
			break;
		}
		sysreg_write(csselr_el1, level << 1);
		isb(); /* CCSIDR by the new selection */
		unkept += sysreg_read(csselr_el1) != level << 1;
		implausible += (sysreg_read(ccsidr_el1) & 7) > 5;
	}
	is(unkept, 0, "CSSELR_EL1 keeps the level chosen");
	is(implausible, 0, "CCSIDR_EL1 describes each data cache");
	in_range(sysreg_read(dczid_el0) & 15, 0, 9, "DCZID_EL0 is plausible");
}

/* Registers that an implementation defines: a value or UNDEF, and nothing that lasts. */
static void test_implementation_defined(void)
{
	unsigned int wrong = 0, serrors = 0, there = 0;

	for (uint32_t op1 = 0; op1 < 8; op1++) {
		for (uint32_t i = 0; i < 256; i++) {
			uint32_t n = i & 128 ? 15 : 11;
			uint32_t reg = SYSREG(3, op1, n, i >> 3 & 15, i & 7);
			uint64_t v = 0;
			struct exc_record r = EXC_OF(v = insn_mrs(reg));

			serrors += r.serror_count;
			wrong += r.count > 1 || (r.count == 1 && exc_ec(&r) != EC_UNKNOWN);
			if (r.count == 0 && !bare) {
				there++;
				r = EXC_OF(insn_msr(reg, v));
				wrong += r.count == 1 && exc_ec(&r) != EC_UNKNOWN;
				r = EXC_OF(insn_msr(reg, ~v));
				wrong += r.count == 1 && exc_ec(&r) != EC_UNKNOWN;
				serrors += r.serror_count;
			}
		}
	}
	is(wrong, 0, "2048 implementation-defined registers give a value or are undefined");
	is(serrors, 0, "without an SError");
	if (!bare) {
		printf("# %u of them give a value\n", there);
	}
	wrong = EXC_CLASS(insn_mrs(SYSREG(3, 0, 1, 0, 1)));
	ok(wrong == EXC_NONE || wrong == EC_UNKNOWN, "ACTLR_EL1 gives a value or is undefined");
	wrong = EXC_CLASS(insn_msr(SYSREG(3, 0, 1, 0, 1), 0));
	ok(wrong == EXC_NONE || wrong == EC_UNKNOWN, "ACTLR_EL1 can be written or is undefined");
}

struct id_set {
	uint64_t id[8][8];
	uint64_t midr, mpidr;
};
static struct id_set first_set, other_set;

static void read_all(void *arg)
{
	struct id_set *set = arg;

	for (uint32_t m = 1; m < 8; m++) {
		for (uint32_t op2 = 0; op2 < 8; op2++) {
			set->id[m][op2] = insn_mrs(ID(m, op2));
		}
	}
	set->midr = sysreg_read(midr_el1);
	set->mpidr = sysreg_read(mpidr_el1);
}

static void test_all_cpus(void)
{
	unsigned int count = cpu_count(), different = 0, numbered = 0;

	read_all(&first_set);
	for (unsigned int i = 1; i < count; i++) {
		servant_start(i);
		servant_run(i, read_all, &other_set);
		different += memcmp(first_set.id, other_set.id, sizeof(first_set.id)) != 0;
		numbered += (other_set.mpidr & 0xff00ffffff) == cpu_mpidr(i) &&
			    other_set.midr >> 24 == first_set.midr >> 24;
		servant_stop(i);
	}
	is(different, 0, "all CPUs have the same features");
	is(numbered, count - 1, "and each its own MPIDR, and a MIDR");
}

int main(void)
{
	gic_setup();
	bare = machine_is_bare();
	/*
	 * SVE and SME not trapped by this EL: its own trap comes first, and says nothing about what
	 * is there. RES0 where they are not.
	 */
	sysreg_write(cpacr_el1, CPACR_FPEN | CPACR_ZEN | CPACR_SMEN);
	isb(); /* no trap from here on */
	test_plausible();
	test_id_space();
	test_promises();
	test_instructions();
	test_pauth();
	test_hidden();
	test_caches();
	test_implementation_defined();
	test_all_cpus();
	tap_done();
}
