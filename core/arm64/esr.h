/* SPDX-License-Identifier: Apache-2.0 */
/* Exception syndromes: Arm DDI 0487, ESR_EL2, FAR_EL2, HPFAR_EL2. */
#ifndef CORE_ARM64_ESR_H
#define CORE_ARM64_ESR_H

#include "core/base/bits.h"

#define ESR_EC	BITS(31, 26) /* 6 bits: bits [63:32] can be non-zero */
#define ESR_IL	BIT(25)
#define ESR_ISS BITS(24, 0)

enum esr_ec {
	EC_UNKNOWN = 0x00,
	EC_WFX = 0x01,
	EC_CP15_32 = 0x03,
	EC_CP15_64 = 0x04,
	EC_CP14_32 = 0x05,
	EC_CP14_LS = 0x06,
	EC_FPSIMD = 0x07,
	EC_VMRS = 0x08,
	EC_PAUTH = 0x09,
	EC_CP14_64 = 0x0c,
	EC_ILLEGAL = 0x0e,
	EC_SVC32 = 0x11,
	EC_HVC32 = 0x12,
	EC_SMC32 = 0x13,
	EC_SVC64 = 0x15,
	EC_HVC64 = 0x16,
	EC_SMC64 = 0x17,
	EC_SYS64 = 0x18,
	EC_SVE = 0x19,
	EC_SME = 0x1d,
	EC_IABT_LOWER = 0x20,
	EC_IABT_SAME = 0x21,
	EC_PC_ALIGN = 0x22,
	EC_DABT_LOWER = 0x24,
	EC_DABT_SAME = 0x25,
	EC_SP_ALIGN = 0x26,
	EC_SERROR = 0x2f,
	EC_BREAKPOINT_LOWER = 0x30,
	EC_BRK64 = 0x3c,
	EC_COUNT = 0x40,
};

/* Condition of a trapped AArch32 instruction */
#define ESR_CV	 BIT(24)
#define ESR_COND BITS(23, 20)

/* EC_WFX */
#define ESR_WFX_TI BITS(1, 0)
#define WFX_WFI	   0 /* 1: WFE, 2: WFIT, 3: WFET */

/* EC_SYS64 */
#define ESR_SYS_OP0  BITS(21, 20)
#define ESR_SYS_OP2  BITS(19, 17)
#define ESR_SYS_OP1  BITS(16, 14)
#define ESR_SYS_CRN  BITS(13, 10)
#define ESR_SYS_RT   BITS(9, 5)
#define ESR_SYS_CRM  BITS(4, 1)
#define ESR_SYS_READ BIT(0)
/* Which register: the syndrome without the register transferred and the direction. */
#define ESR_SYS_OF(op0, op1, crn, crm, op2)                                                        \
	(FIELD_PREP(ESR_SYS_OP0, op0) | FIELD_PREP(ESR_SYS_OP1, op1) |                             \
	 FIELD_PREP(ESR_SYS_CRN, crn) | FIELD_PREP(ESR_SYS_CRM, crm) |                             \
	 FIELD_PREP(ESR_SYS_OP2, op2))

/* EC_CP15_32 is laid out like EC_SYS64, but for what is the condition's; EC_CP15_64: */
#define ESR_CP64_OPC1 BITS(19, 16)
#define ESR_CP64_RT2  BITS(14, 10)

/* EC_IABT*, EC_DABT* */
#define ESR_FSC		  BITS(5, 0)
#define ESR_FSC_TYPE	  BITS(5, 2)
#define FSC_TRANSLATION	  1
#define FSC_ACCESS	  2
#define FSC_PERMISSION	  3
#define FSC_EXTERNAL_WALK 0x14 /* plus the level */
#define FSC_EXTERNAL	  0x10 /* synchronous external abort, not on a table walk */
#define ESR_S1PTW	  BIT(7)
#define ESR_FNV		  BIT(10)
#define ESR_EA		  BIT(9)
#define ESR_DABT_WNR	  BIT(6)
#define ESR_DABT_CM	  BIT(8)
#define ESR_DABT_AR	  BIT(14)
#define ESR_DABT_SF	  BIT(15)
#define ESR_DABT_SRT	  BITS(20, 16)
#define ESR_DABT_SSE	  BIT(21)
#define ESR_DABT_SAS	  BITS(23, 22)
#define ESR_DABT_ISV	  BIT(24)

/* HPFAR_EL2.FIPA holds IPA[51:12] from bit 4 */
#define HPFAR_FIPA	    BITS(43, 4)
#define HPFAR_TO_IPA(hpfar) (FIELD_GET(HPFAR_FIPA, (hpfar)) << 12)

#endif
