/* SPDX-License-Identifier: Apache-2.0 */
/* GICv3 registers (IHI 0069H), and GICv2's (IHI 0048B), that the guest programs use. */
#ifndef TESTS_GUEST_LIB_GIC_REGS_H
#define TESTS_GUEST_LIB_GIC_REGS_H

#include "tests/guest/lib/types.h"

#define GICD_CTLR	0x0000
#define GICD_TYPER	0x0004
#define GICD_IIDR	0x0008
#define GICD_STATUSR	0x0010
#define GICD_SETSPI_NSR 0x0040
#define GICD_IGROUPR	0x0080
#define GICD_ISENABLER	0x0100
#define GICD_ICENABLER	0x0180
#define GICD_ISPENDR	0x0200
#define GICD_ICPENDR	0x0280
#define GICD_ISACTIVER	0x0300
#define GICD_ICACTIVER	0x0380
#define GICD_IPRIORITYR 0x0400
#define GICD_ITARGETSR	0x0800
#define GICD_ICFGR	0x0c00
#define GICD_SGIR	0x0f00
#define GICD_CPENDSGIR	0x0f10
#define GICD_SPENDSGIR	0x0f20
#define GICD_IROUTER	0x6000
#define GIC_PIDR2	0xffe8
#define GIC_CIDR0	0xfff0

#define GICD_CTLR_GRP0	  BIT(0)
#define GICD_CTLR_GRP1	  BIT(1)
#define GICD_CTLR_ARE	  BIT(4)
#define GICD_CTLR_DS	  BIT(6)
#define GICD_CTLR_RWP	  BIT(31)
#define GICD_TYPER_LINES  BITS(4, 0)
#define GICD_TYPER_CPUS	  BITS(7, 5)
#define GICD_TYPER_IDBITS BITS(23, 19)
#define GIC_PIDR2_ARCH	  BITS(7, 4)
#define GICD_IROUTER_ANY  BIT(31)

#define GICR_CTLR      0x0000
#define GICR_IIDR      0x0004
#define GICR_TYPER     0x0008
#define GICR_WAKER     0x0014
#define GICR_SGI_FRAME 0x10000 /* offsets of GICD_IGROUPR … GICD_ICFGR from here */

#define GICR_CTLR_RWP	    BIT(3)
#define GICR_TYPER_VLPIS    BIT(1)
#define GICR_TYPER_LAST	    BIT(4)
#define GICR_TYPER_NUMBER   BITS(23, 8)
#define GICR_TYPER_AFFINITY BITS(63, 32)
#define GICR_WAKER_SLEEP    BIT(1)
#define GICR_WAKER_ASLEEP   BIT(2)

#define ICC_PMR	    S3_0_C4_C6_0
#define ICC_IAR0    S3_0_C12_C8_0
#define ICC_EOIR0   S3_0_C12_C8_1
#define ICC_AP1R0   S3_0_C12_C9_0
#define ICC_DIR	    S3_0_C12_C11_1
#define ICC_RPR	    S3_0_C12_C11_3
#define ICC_SGI1R   S3_0_C12_C11_5
#define ICC_IAR1    S3_0_C12_C12_0
#define ICC_EOIR1   S3_0_C12_C12_1
#define ICC_HPPIR1  S3_0_C12_C12_2
#define ICC_BPR1    S3_0_C12_C12_3
#define ICC_CTLR    S3_0_C12_C12_4
#define ICC_SRE	    S3_0_C12_C12_5
#define ICC_IGRPEN0 S3_0_C12_C12_6
#define ICC_IGRPEN1 S3_0_C12_C12_7

#define ICC_CTLR_EOIMODE       BIT(1)
#define ICC_CTLR_PRIBITS       BITS(10, 8)
#define ICC_SGI1R_ALL_BUT_SELF BIT(40)
#define ICC_SGI1R_INTID	       BITS(27, 24)

#define GICD_SGIR_INTID	 BITS(3, 0)
#define GICD_SGIR_LIST	 BITS(23, 16)
#define GICD_SGIR_OTHERS BIT(24)
#define GICD_SGIR_SELF	 BIT(25)

/* CPU interface of GICv2, by offset, and what stands for the registers of GICv3 */
#define GICC_CTLR  0x0000
#define GICC_PMR   0x0004
#define GICC_BPR   0x0008
#define GICC_IAR   0x000c
#define GICC_EOIR  0x0010
#define GICC_RPR   0x0014
#define GICC_HPPIR 0x0018
#define GICC_AIAR  0x0020
#define GICC_AEOIR 0x0024
#define GICC_APR   0x00d0
#define GICC_IIDR  0x00fc
#define GICC_DIR   0x1000

#define GICC_CTLR_GRP0	  BIT(0)
#define GICC_CTLR_EOIMODE BIT(9)
#define GICC_IAR_INTID	  BITS(9, 0)
#define GICC_IAR_SOURCE	  BITS(12, 10)

#define V2_ICC_PMR    GICC_PMR
#define V2_ICC_BPR1   GICC_BPR
#define V2_ICC_RPR    GICC_RPR
#define V2_ICC_HPPIR1 GICC_HPPIR
#define V2_ICC_DIR    GICC_DIR

#define INTID_GROUP1   1022 /* GICC_IAR, where GICC_AIAR has one */
#define INTID_SPURIOUS 1023

#endif
