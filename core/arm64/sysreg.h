/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System registers, by the architecture's names. DDI 0487.
 *
 * sysreg_read(NAME) and sysreg_write(NAME, v) take any name the assembler knows; names it lacks
 * have a macro SYSREG_<NAME> here, used through sysreg_read_raw(). Fields follow the register they
 * belong to.
 */
#ifndef CORE_ARM64_SYSREG_H
#define CORE_ARM64_SYSREG_H

#include "core/base/bits.h"

#if defined(__aarch64__) && !defined(BULKHEAD_HOST)
#define sysreg_read_raw(reg)                                                                       \
	({                                                                                         \
		uint64_t sysreg_value;                                                             \
		__asm__ volatile("mrs %0, " reg : "=r"(sysreg_value)::"memory");                   \
		sysreg_value;                                                                      \
	})
#define sysreg_write_raw(reg, v)                                                                   \
	__asm__ volatile("msr " reg ", %x0" ::"rZ"((uint64_t)(v)) : "memory")
#else /* host tests: by name, in tests/unit/fake_sysreg.c */
uint64_t sysreg_host_read(const char *name);
void sysreg_host_write(const char *name, uint64_t value);
#define sysreg_read_raw(reg)	 sysreg_host_read(reg)
#define sysreg_write_raw(reg, v) sysreg_host_write(reg, (uint64_t)(v))
#endif

#define sysreg_read(name)     sysreg_read_raw(#name)
#define sysreg_write(name, v) sysreg_write_raw(#name, v)

/* Interrupt controller, IHI 0069H chapter 12. */
#define SYSREG_ICC_PMR_EL1     "s3_0_c4_c6_0"
#define SYSREG_ICC_IAR1_EL1    "s3_0_c12_c12_0"
#define SYSREG_ICC_EOIR1_EL1   "s3_0_c12_c12_1"
#define SYSREG_ICC_DIR_EL1     "s3_0_c12_c11_1"
#define SYSREG_ICC_BPR1_EL1    "s3_0_c12_c12_3"
#define SYSREG_ICC_CTLR_EL1    "s3_0_c12_c12_4"
#define SYSREG_ICC_SRE_EL1     "s3_0_c12_c12_5"
#define SYSREG_ICC_SRE_EL2     "s3_4_c12_c9_5"
#define SYSREG_ICC_IGRPEN1_EL1 "s3_0_c12_c12_7"
#define SYSREG_ICC_SGI1R_EL1   "s3_0_c12_c11_5"
#define SYSREG_ICH_HCR_EL2     "s3_4_c12_c11_0"
#define SYSREG_ICH_VTR_EL2     "s3_4_c12_c11_1"
#define SYSREG_ICH_MISR_EL2    "s3_4_c12_c11_2"
#define SYSREG_ICH_EISR_EL2    "s3_4_c12_c11_3"
#define SYSREG_ICH_ELRSR_EL2   "s3_4_c12_c11_5"
#define SYSREG_ICH_VMCR_EL2    "s3_4_c12_c11_7"

/* Virtual SErrors, FEAT_RAS */
#define SYSREG_VSESR_EL2 "s3_4_c5_c2_3"
#define SYSREG_VDISR_EL2 "s3_4_c12_c1_1"

#define CURRENTEL_EL BITS(3, 2)

/* HCR_EL2 */
#define HCR_VM	  BIT(0)
#define HCR_SWIO  BIT(1)
#define HCR_PTW	  BIT(2)
#define HCR_FMO	  BIT(3)
#define HCR_IMO	  BIT(4)
#define HCR_AMO	  BIT(5)
#define HCR_VF	  BIT(6)
#define HCR_VI	  BIT(7)
#define HCR_VSE	  BIT(8)
#define HCR_FB	  BIT(9)
#define HCR_BSU	  BITS(11, 10)
#define HCR_TWI	  BIT(13)
#define HCR_TWE	  BIT(14)
#define HCR_TID1  BIT(16)
#define HCR_TID2  BIT(17)
#define HCR_TID3  BIT(18)
#define HCR_TSC	  BIT(19)
#define HCR_TIDCP BIT(20)
#define HCR_TACR  BIT(21)
#define HCR_TSW	  BIT(22)
#define HCR_TVM	  BIT(26)
#define HCR_RW	  BIT(31)
#define HCR_E2H	  BIT(34)
#define HCR_TLOR  BIT(35)
#define HCR_TERR  BIT(36)
#define HCR_APK	  BIT(40)
#define HCR_API	  BIT(41)
#define HCR_FWB	  BIT(46)
#define HCR_TID5  BIT(58)

/* SCTLR_ELx. RES1 bits of SCTLR_EL2 where E2H = 0, and of SCTLR_EL1 in Armv8.0. */
#define SCTLR_M	       BIT(0)
#define SCTLR_A	       BIT(1)
#define SCTLR_C	       BIT(2)
#define SCTLR_SA       BIT(3)
#define SCTLR_I	       BIT(12)
#define SCTLR_WXN      BIT(19)
#define SCTLR_EL2_RES1 UINT64_C(0x30c50830)
#define SCTLR_EL1_RES1 UINT64_C(0x30d00800)

/* TCR_EL1: no walks of one table or the other */
#define TCR_EPD0 BIT(7)
#define TCR_EPD1 BIT(23)

/* CPTR_EL2 where E2H = 0 */
#define CPTR_TZ	 BIT(8)
#define CPTR_TFP BIT(10)
#define CPTR_TSM BIT(12)
#define CPTR_TTA BIT(20)
#define CPTR_TAM BIT(30)
#define CPTR_RES1                                                                                  \
	UINT64_C(0x22ff) /* with TZ and TSM, RES1 where SVE and SME are absent, set apart */

/* MDCR_EL2 */
#define MDCR_HPMN  BITS(4, 0)
#define MDCR_TPMCR BIT(5)
#define MDCR_TPM   BIT(6)
#define MDCR_TDE   BIT(8)
#define MDCR_TDA   BIT(9)
#define MDCR_TDOSA BIT(10)
#define MDCR_TDRA  BIT(11)
#define MDCR_TPMS  BIT(14)
#define MDCR_TTRF  BIT(19)

/* ISR_EL1: pending, whatever PSTATE masks */
#define ISR_I BIT(7)
#define ISR_A BIT(8)

/* MDSCR_EL1, OSLSR_EL1 */
#define MDSCR_KDE  BIT(13)
#define MDSCR_MDE  BIT(15)
#define OSLSR_OSLK BIT(1)

/* CNTHCTL_EL2 where E2H = 0 */
#define CNTHCTL_EL1PCTEN BIT(0)
#define CNTHCTL_EL1PCEN	 BIT(1)

/* CNTx_CTL */
#define CNT_CTL_ENABLE	BIT(0)
#define CNT_CTL_IMASK	BIT(1)
#define CNT_CTL_ISTATUS BIT(2)

/* ICH_HCR_EL2 */
#define ICH_HCR_EN	 BIT(0)
#define ICH_HCR_UIE	 BIT(1)
#define ICH_HCR_LRENPIE	 BIT(2)
#define ICH_HCR_NPIE	 BIT(3)
#define ICH_HCR_TC	 BIT(10)
#define ICH_HCR_TALL0	 BIT(11)
#define ICH_HCR_TALL1	 BIT(12)
#define ICH_HCR_TDIR	 BIT(14)
#define ICH_HCR_EOICOUNT BITS(31, 27)

/* ICH_VTR_EL2 */
#define ICH_VTR_LISTREGS BITS(4, 0)
#define ICH_VTR_TDS	 BIT(19)
#define ICH_VTR_PREBITS	 BITS(28, 26)
#define ICH_VTR_PRIBITS	 BITS(31, 29)

/* ICH_LR<n>_EL2 */
#define ICH_LR_VINTID	BITS(31, 0)
#define ICH_LR_PINTID	BITS(44, 32)
#define ICH_LR_EOI	BIT(41) /* where HW = 0 */
#define ICH_LR_PRIORITY BITS(55, 48)
#define ICH_LR_GROUP	BIT(60)
#define ICH_LR_HW	BIT(61)
#define ICH_LR_STATE	BITS(63, 62)
#define ICH_LR_PENDING	BIT(62)
#define ICH_LR_ACTIVE	BIT(63)

/* ICH_VMCR_EL2 */
#define ICH_VMCR_VENG0	 BIT(0)
#define ICH_VMCR_VENG1	 BIT(1)
#define ICH_VMCR_VACKCTL BIT(2)
#define ICH_VMCR_VFIQEN	 BIT(3)
#define ICH_VMCR_VCBPR	 BIT(4)
#define ICH_VMCR_VEOIM	 BIT(9)
#define ICH_VMCR_VBPR1	 BITS(20, 18)
#define ICH_VMCR_VBPR0	 BITS(23, 21)
#define ICH_VMCR_VPMR	 BITS(31, 24)

/* PSTATE as SPSR_EL2 holds it */
#define SPSR_M	       BITS(4, 0)
#define SPSR_M_EL1H    UINT64_C(5)
#define SPSR_M_AARCH32 BIT(4)
#define SPSR_A	       BIT(8)
#define SPSR_DAIF      BITS(9, 6)
#define SPSR_IL	       BIT(20)
#define SPSR_SS	       BIT(21)
#define SPSR_PAN       BIT(22)
#define SPSR_MODE_MASK BITS(4, 0)

/* ESR and fault fields are in core/arm64/esr.h. */

/* ID registers: fields that decide something here. */
#define ID_AA64PFR0_EL0		BITS(3, 0)
#define ID_AA64PFR0_EL1		BITS(7, 4)
#define ID_AA64PFR0_EL2		BITS(11, 8)
#define ID_AA64PFR0_EL3		BITS(15, 12)
#define ID_AA64PFR0_FP		BITS(19, 16)
#define ID_AA64PFR0_ADVSIMD	BITS(23, 20)
#define ID_AA64PFR0_GIC		BITS(27, 24)
#define ID_AA64PFR0_RAS		BITS(31, 28)
#define ID_AA64PFR0_SVE		BITS(35, 32)
#define ID_AA64PFR0_SEL2	BITS(39, 36)
#define ID_AA64PFR0_MPAM	BITS(43, 40)
#define ID_AA64PFR0_AMU		BITS(47, 44)
#define ID_AA64PFR0_RME		BITS(55, 52)
#define ID_AA64PFR0_CSV2	BITS(59, 56)
#define ID_AA64PFR0_CSV3	BITS(63, 60)
#define ID_AA64PFR1_BT		BITS(3, 0)
#define ID_AA64PFR1_SSBS	BITS(7, 4)
#define ID_AA64PFR1_MTE		BITS(11, 8)
#define ID_AA64PFR1_RAS_FRAC	BITS(15, 12)
#define ID_AA64PFR1_MPAM_FRAC	BITS(19, 16)
#define ID_AA64PFR1_SME		BITS(27, 24)
#define ID_AA64PFR1_CSV2_FRAC	BITS(35, 32)
#define ID_AA64DFR0_DEBUGVER	BITS(3, 0)
#define ID_AA64DFR0_TRACEVER	BITS(7, 4)
#define ID_AA64DFR0_PMUVER	BITS(11, 8)
#define ID_AA64DFR0_BRPS	BITS(15, 12)
#define ID_AA64DFR0_WRPS	BITS(23, 20)
#define ID_AA64DFR0_CTX_CMPS	BITS(31, 28)
#define ID_AA64DFR0_PMSVER	BITS(35, 32)
#define ID_AA64DFR0_DOUBLELOCK	BITS(39, 36)
#define ID_AA64DFR0_TRACEFILT	BITS(43, 40)
#define ID_AA64DFR0_TRACEBUFFER BITS(47, 44)
#define ID_AA64DFR0_MTPMU	BITS(51, 48)
#define ID_AA64DFR0_BRBE	BITS(55, 52)
#define ID_AA64DFR0_HPMN0	BITS(63, 60)
#define ID_AA64ISAR0_RNDR	BITS(63, 60)
#define ID_AA64ISAR0_CRC32	BITS(19, 16)
#define ID_AA64ISAR0_ATOMIC	BITS(23, 20)
#define ID_AA64ISAR1_APA	BITS(7, 4)
#define ID_AA64ISAR1_API	BITS(11, 8)
#define ID_AA64ISAR1_GPA	BITS(27, 24)
#define ID_AA64ISAR1_GPI	BITS(31, 28)
#define ID_AA64ISAR2_APA3	BITS(15, 12)
#define ID_AA64MMFR0_PARANGE	BITS(3, 0)
#define ID_AA64MMFR0_TGRAN4	BITS(31, 28)
#define ID_AA64MMFR0_FGT	BITS(59, 56)
#define ID_AA64MMFR0_ECV	BITS(63, 60)
#define ID_AA64MMFR1_VMIDBITS	BITS(7, 4)
#define ID_AA64MMFR1_VH		BITS(11, 8)
#define ID_AA64MMFR1_LO		BITS(19, 16)
#define ID_AA64MMFR1_PAN	BITS(23, 20)
#define ID_AA64MMFR1_HCX	BITS(43, 40)
#define ID_AA64MMFR2_NV		BITS(27, 24)
#define ID_AA64MMFR2_FWB	BITS(43, 40)
#define ID_AA64MMFR2_EVT	BITS(59, 56)

#endif
