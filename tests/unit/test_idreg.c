/* SPDX-License-Identifier: Apache-2.0 */
/* What guests read in ID registers, and which errata a CPU has. DDI 0487 D19.2. */
#include "core/arm64/features.h"

#include <string.h>

#include "core/arm64/errata.h"
#include "core/base/bits.h"
#include "tests/unit/unit.h"

/* For errata.c. */
PERCPU(struct cpu_id, cpu_id);

/* A CPU that has everything: each field of the registers with most of them at its highest. */
#define ALL_ONES UINT64_C(0x1111111111111111)

static uint64_t field(uint64_t value, uint32_t lo)
{
	return (value >> lo) & 0xf;
}

/* Fields that announce what a guest is not given, by register, lowest bit and name. */
static void hidden(void **state)
{
	static const struct {
		uint32_t reg, lo;
		const char *what;
	} cases[] = {
		{IDREG_PFR0, 8, "EL2"},
		{IDREG_PFR0, 12, "EL3"},
		{IDREG_PFR0, 28, "RAS"},
		{IDREG_PFR0, 32, "SVE"},
		{IDREG_PFR0, 36, "SEL2"},
		{IDREG_PFR0, 40, "MPAM"},
		{IDREG_PFR0, 44, "AMU"},
		{IDREG_PFR0, 52, "RME"},
		{IDREG_PFR1, 8, "MTE"},
		{IDREG_PFR1, 12, "RAS_frac"},
		{IDREG_PFR1, 16, "MPAM_frac"},
		{IDREG_PFR1, 24, "SME"},
		{IDREG_PFR1, 28, "RNDR_trap"},
		{IDREG_PFR1, 32, "CSV2_frac"},
		{IDREG_PFR1, 36, "NMI"},
		{IDREG_PFR1, 44, "GCS"},
		{IDREG_DFR0, 4, "TraceVer"},
		{IDREG_DFR0, 8, "PMUVer"},
		{IDREG_DFR0, 32, "PMSVer"},
		{IDREG_DFR0, 40, "TraceFilt"},
		{IDREG_DFR0, 44, "TraceBuffer"},
		{IDREG_DFR0, 52, "BRBE"},
		{IDREG_ISAR0, 24, "TME"},
		{IDREG_ISAR1, 56, "XS"},
		{IDREG_ISAR1, 60, "LS64"},
		{IDREG_ISAR2, 16, "MOPS"},
		{IDREG_MMFR0, 56, "FGT"},
		{IDREG_MMFR0, 60, "ECV"},
		{IDREG_MMFR1, 8, "VH"},
		{IDREG_MMFR1, 16, "LO"},
		{IDREG_MMFR1, 40, "HCX"},
		{IDREG_MMFR2, 24, "NV"},
		{IDREG_MMFR2, 40, "FWB"},
		{IDREG_MMFR2, 56, "EVT"},
		{IDREG_DFR0_32, 12, "32-bit trace"},
		{IDREG_DFR0_32, 24, "32-bit PMU"},
		{IDREG_PFR0_32, 20, "32-bit AMU"},
		{IDREG_PFR0_32, 28, "32-bit RAS"},
		{IDREG_PFR1_32, 12, "32-bit EL2"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		uint64_t value = idreg_for_guest(cases[i].reg, ALL_ONES, true);

		if (field(value, cases[i].lo) != 0) {
			fail_msg("%s is shown", cases[i].what);
		}
	}
}

/* SVE, SME, and whatever is not allocated yet. */
static void unknown(void **state)
{
	(void)state;
	assert_int_equal(idreg_for_guest(IDREG_ZFR0, ~UINT64_C(0), true), 0);
	assert_int_equal(idreg_for_guest(IDREG_SMFR0, ~UINT64_C(0), true), 0);
	assert_int_equal(idreg_for_guest(IDREG_INDEX(4, 7), ~UINT64_C(0), true), 0);
	assert_int_equal(idreg_for_guest(IDREG_AFR0, ~UINT64_C(0), true), 0);
	assert_int_equal(idreg_for_guest(IDREG_MMFR4, ~UINT64_C(0), true), 0);
}

static void shown(void **state)
{
	static const struct {
		uint32_t reg, lo;
		uint64_t hardware, guest;
	} cases[] = {
		{IDREG_PFR0, 0, 2, 2},	/* AArch32 at EL0 */
		{IDREG_PFR0, 4, 2, 1},	/* EL1 in AArch64 only */
		{IDREG_PFR0, 16, 1, 1}, /* FP and SIMD, with half precision or absent */
		{IDREG_PFR0, 16, 0xf, 0xf},  {IDREG_PFR0, 20, 0xf, 0xf},
		{IDREG_PFR0, 56, 3, 1},				      /* CSV2: no SCXTNUM */
		{IDREG_PFR0, 56, 0, 0},	     {IDREG_PFR1, 0, 1, 1},   /* BTI */
		{IDREG_DFR0, 0, 6, 6},				      /* v8 debug; no later one */
		{IDREG_DFR0, 0, 10, 8},	     {IDREG_DFR0, 12, 5, 5},  /* breakpoints */
		{IDREG_DFR0, 36, 0xf, 0xf},			      /* no double lock */
		{IDREG_ISAR0, 20, 2, 2},			      /* atomics */
		{IDREG_ISAR1, 4, 1, 1},				      /* pointer authentication */
		{IDREG_MMFR0, 0, 2, 2},				      /* PARange, up to 48 bits */
		{IDREG_MMFR0, 0, 6, 5},	     {IDREG_MMFR0, 28, 1, 0}, /* 4 KiB without LPA2 */
		{IDREG_MMFR0, 28, 0xf, 0xf}, {IDREG_MMFR0, 20, 2, 1}, /* 16 KiB likewise */
		{IDREG_MMFR0, 24, 0xf, 0xf},			      /* no 64 KiB */
		{IDREG_MMFR1, 20, 2, 2},			      /* PAN */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		uint64_t value =
			idreg_for_guest(cases[i].reg, cases[i].hardware << cases[i].lo, true);

		if (field(value, cases[i].lo) != cases[i].guest) {
			fail_msg("case %zu: 0x%x", i, (unsigned int)field(value, cases[i].lo));
		}
	}
	/* the interrupt controller is the VM's, not the board's */
	assert_int_equal(field(idreg_for_guest(IDREG_PFR0, UINT64_C(3) << 24, false), 24), 0);
	assert_int_equal(field(idreg_for_guest(IDREG_PFR0, 0, true), 24), 1);
}

/* DDI 0487 D19.1.3: 0xf claims less than 0 in signed fields, more in unsigned ones. */
static void both(void **state)
{
	static const struct {
		uint32_t reg, lo;
		uint64_t a, b, both;
	} cases[] = {
		{IDREG_PFR0, 16, 0xf, 0, 0xf}, /* FP: signed */
		{IDREG_PFR0, 16, 1, 0, 0},
		{IDREG_PFR0, 20, 1, 0xf, 0xf}, /* AdvSIMD: signed */
		{IDREG_PFR0, 0, 2, 1, 1},      /* EL0: no AArch32 on one of them */
		{IDREG_PFR0, 56, 2, 1, 1},
		{IDREG_MMFR0, 28, 0, 0xf, 0xf}, /* TGran4, TGran64: signed */
		{IDREG_MMFR0, 24, 0xf, 0, 0xf},
		{IDREG_MMFR0, 20, 1, 0, 0}, /* TGran16: unsigned */
		{IDREG_MMFR0, 0, 5, 2, 2},
		{IDREG_DFR0, 36, 0, 0xf, 0xf}, /* DoubleLock: signed */
		{IDREG_DFR0, 12, 0xf, 5, 5},   /* sixteen breakpoints against six */
		{IDREG_DFR0, 0, 10, 6, 6},
		{IDREG_ISAR0, 20, 2, 0, 0},
		{IDREG_ISAR0, 4, 8, 1, 1}, /* unsigned: 8 is no negative number */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		uint32_t lo = cases[i].lo;
		uint64_t a = cases[i].a << lo, b = cases[i].b << lo;

		assert_int_equal(field(idreg_and(cases[i].reg, a, b), lo), cases[i].both);
		assert_int_equal(field(idreg_and(cases[i].reg, b, a), lo), cases[i].both);
		assert_int_equal(idreg_and(cases[i].reg, a, a), a);
	}
}

static bool has_erratum(uint64_t midr, const char *name)
{
	const struct erratum *erratum;

	for (uint32_t i = 0; (erratum = errata_of(midr, i)) != NULL; i++) {
		if (strstr(erratum->name, name) != NULL) {
			assert_true(strlen(erratum->measure) > 0);
			return true;
		}
	}
	return false;
}

/* MIDR_EL1: implementer [31:24], variant [23:20], architecture [19:16], part [15:4], revision. */
static void errata_by_revision(void **state)
{
	static const struct {
		uint64_t midr;
		const char *name;
		bool has;
	} cases[] = {
		{0x410fd030, "843419", true},	  {0x410fd034, "843419", true},
		{0x410fd034, "835769", true},	  {0x411fd030, "843419", false}, /* r1p0 */
		{0x411fd070, "1319537", true},	  {0x410fd083, "1319367", true},
		{0x414fd0b0, "1165522", false},	  {0x412fd0b0, "1165522", true},
		{0x413fd0b0, "1165522", false},	  {0x412fd050, "1530923", true},
		{0x411fd0c1, "1165522", false},	  {0x420fd030, "843419", false}, /* not Arm's */
		{0x411fd070, "Spectre v2", true}, {0x413fd0c1, "", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		if (has_erratum(cases[i].midr, cases[i].name) != cases[i].has) {
			fail_msg("MIDR 0x%x, %s", (unsigned int)cases[i].midr, cases[i].name);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE("what a guest is not given is hidden", hidden),
		CASE("so are whole registers, known and unknown", unknown),
		CASE("what it is given is shown, within what this version keeps", shown),
		CASE("over two CPUs the one that claims less counts, signed where it is", both),
		CASE("errata go by part and revision", errata_by_revision),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
