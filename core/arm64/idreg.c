/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ID registers as guests see them: folded over the CPUs, with everything hidden that is not given.
 * Pure.
 *
 * Fields are four bits. A scheme names, for each register, which fields are signed (0xf: absent,
 * DDI 0487 D18.1.3) and which are shown at all; a field that is not in the list of what is shown
 * reads as absent, so what a future CPU adds stays hidden until somebody here has thought about it.
 */
#include "core/arm64/features.h"
#include "core/arm64/sysreg.h"

/* Masks of whole fields. */
struct idreg_scheme {
	uint64_t shown;
	uint64_t is_signed;
};

#define F(lo) (UINT64_C(0xf) << (lo))
#define ALL   (~UINT64_C(0))

static const struct idreg_scheme schemes[IDREG_COUNT] = {
	/* AArch32: shown as they are; they matter to 32-bit programs at EL0 only */
	[IDREG_INDEX(1, 0)] = {.shown = BITS(19, 0)},	      /* PFR0: AMU, DIT, RAS hidden */
	[IDREG_INDEX(1, 1)] = {.shown = F(0) | F(8) | F(16)}, /* PFR1: timer; EL2, EL3 hidden */
	[IDREG_INDEX(1, 2)] = {.shown = F(0) | F(4) | F(8),
			       .is_signed = F(0) | F(4) | F(8)}, /* DFR0: no PMU, trace */
	[IDREG_INDEX(1, 4)] = {.shown = ALL, .is_signed = 0},
	[IDREG_INDEX(1, 5)] = {.shown = ALL},
	[IDREG_INDEX(1, 6)] = {.shown = ALL},
	[IDREG_INDEX(1, 7)] = {.shown = ALL},
	[IDREG_INDEX(2, 0)] = {.shown = ALL},
	[IDREG_INDEX(2, 1)] = {.shown = ALL},
	[IDREG_INDEX(2, 2)] = {.shown = ALL},
	[IDREG_INDEX(2, 3)] = {.shown = ALL},
	[IDREG_INDEX(2, 4)] = {.shown = ALL},
	[IDREG_INDEX(2, 5)] = {.shown = ALL},
	[IDREG_INDEX(2, 6)] = {.shown = ALL},
	[IDREG_INDEX(2, 7)] = {.shown = ALL},
	[IDREG_INDEX(3, 0)] = {.shown = ALL}, /* MVFR0-2 */
	[IDREG_INDEX(3, 1)] = {.shown = ALL},
	[IDREG_INDEX(3, 2)] = {.shown = ALL},
	[IDREG_INDEX(3, 4)] = {.shown = F(0) | F(4)}, /* PFR2: CSV3, SSBS */
	/* PFR0: EL0, EL1, FP, AdvSIMD, GIC, DIT, CSV2, CSV3 */
	[IDREG_PFR0] = {.shown = F(0) | F(4) | F(16) | F(20) | F(24) | F(48) | F(56) | F(60),
			.is_signed = F(16) | F(20)},
	/* PFR1: BT, SSBS; CSV2_frac announces SCXTNUM registers, which are not switched */
	[IDREG_PFR1] = {.shown = F(0) | F(4)},
	/* DFR0: DebugVer, BRPs, WRPs, CTX_CMPs, DoubleLock (0xf: absent) */
	[IDREG_DFR0] = {.shown = F(0) | F(12) | F(20) | F(28) | F(36), .is_signed = F(36)},
	/* ISAR0: instructions that need nothing from EL2. No TME (24), RNDR is harmless (60), TLB
	   is not trapped */
	[IDREG_ISAR0] = {.shown = ALL & ~F(24) & ~F(0)},
	/* ISAR1: all but XS (56, needs HCRX) and LS64 (60); pointer authentication keys move with
	   the vCPU */
	[IDREG_ISAR1] = {.shown = BITS(55, 0)},
	/* ISAR2: WFxT, RPRES, GPA3, APA3, PAC_frac, CLRBHB; not MOPS and BC that need HCRX */
	[IDREG_ISAR2] = {.shown = F(0) | F(4) | F(8) | F(12) | F(24) | F(28)},
	/* MMFR0: PARange, ASIDBits, BigEnd, BigEndEL0, TGran16/64/4; no SNSMem, no stage-2
	   granules, ExS, FGT, ECV */
	[IDREG_MMFR0] = {.shown = F(0) | F(4) | F(8) | F(16) | F(20) | F(24) | F(28),
			 .is_signed = F(24) | F(28)},
	/* MMFR1: HAFDBS, HPDS, PAN, SpecSEI hidden, XNX hidden, ETS */
	[IDREG_MMFR1] = {.shown = F(0) | F(12) | F(20) | F(36)},
	/* MMFR2: CnP, UAO, IESB hidden, VARange, CCIDX, ST, AT, IDS, TTL, BBM, E0PD; no NV, FWB,
	   EVT, LSM kept */
	[IDREG_MMFR2] = {.shown = F(0) | F(4) | F(8) | F(16) | F(20) | F(28) | F(32) | F(36) |
				  F(48) | F(52) | F(60)},
};

static bool claims_less(unsigned int a, unsigned int b, bool is_signed)
{
	return is_signed ? (int8_t)(a << 4) < (int8_t)(b << 4) : a < b;
}

uint64_t idreg_and(uint32_t index, uint64_t a, uint64_t b)
{
	uint64_t out = 0;

	if (a == b) {
		return a; /* as on most boards: said once, not sixteen times */
	}
	for (unsigned int i = 0; i < 16; i++) {
		unsigned int fa = (a >> (4 * i)) & 0xf, fb = (b >> (4 * i)) & 0xf;
		bool is_signed = (schemes[index].is_signed & F(4 * i)) != 0;

		out |= (uint64_t)(claims_less(fa, fb, is_signed) ? fa : fb) << (4 * i);
	}
	return out;
}

static uint64_t set_field(uint64_t value, uint64_t mask, uint64_t field)
{
	return (value & ~mask) | FIELD_PREP(mask, field);
}

/* Values that stand for "absent" where that is not 0, and what is given whatever the CPU says. */
static uint64_t adjust(uint32_t index, uint64_t value, bool gicv3)
{
	if (index == IDREG_PFR0) {
		value = set_field(value, ID_AA64PFR0_GIC, gicv3 ? 1 : 0);
		/* CSV2 2 and up would announce SCXTNUM_ELx: HCR_EL2.EnSCXT is 0 */
		value = set_field(value, ID_AA64PFR0_CSV2,
				  MIN(FIELD_GET(ID_AA64PFR0_CSV2, value), 1));
		/* EL1 in AArch64 only: HCR_EL2.RW is 1 */
		value = set_field(value, ID_AA64PFR0_EL1, 1);
	} else if (index == IDREG_MMFR0) {
		value = set_field(value, ID_AA64MMFR0_PARANGE,
				  MIN(FIELD_GET(ID_AA64MMFR0_PARANGE, value), 5));
		/* no 52-bit addresses: stage 2 offers 48 at most */
		if (FIELD_GET(ID_AA64MMFR0_TGRAN4, value) == 1) {
			value = set_field(value, ID_AA64MMFR0_TGRAN4, 0);
		}
		if (FIELD_GET(BITS(23, 20), value) == 2) {
			value = set_field(value, BITS(23, 20), 1);
		}
	} else if (index == IDREG_DFR0) {
		/* v8 debug is what is switched: later additions (trace filters …) are hidden
		 * elsewhere */
		value = set_field(value, ID_AA64DFR0_DEBUGVER,
				  MIN(FIELD_GET(ID_AA64DFR0_DEBUGVER, value), 8));
	}
	return value;
}

uint64_t idreg_for_guest(uint32_t index, uint64_t value, bool gicv3)
{
	return adjust(index, value & schemes[index].shown, gicv3);
}
