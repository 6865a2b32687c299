/* SPDX-License-Identifier: Apache-2.0 */
/* The interrupt controller's memory-mapped registers. IHI 0069H chapter 12; shared by driver, model
 * and tests. */
#ifndef IRQ_HW_GIC_REGS_H
#define IRQ_HW_GIC_REGS_H

#include "core/base/bits.h"

/* Distributor */
#define GICD_CTLR	0x0000
#define GICD_TYPER	0x0004
#define GICD_IIDR	0x0008
#define GICD_TYPER2	0x000c
#define GICD_STATUSR	0x0010
#define GICD_SETSPI_NSR 0x0040
#define GICD_CLRSPI_NSR 0x0048
#define GICD_SETSPI_SR	0x0050
#define GICD_CLRSPI_SR	0x0058
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
#define GICD_IGRPMODR	0x0d00
#define GICD_NSACR	0x0e00
#define GICD_SGIR	0x0f00
#define GICD_CPENDSGIR	0x0f10
#define GICD_SPENDSGIR	0x0f20
#define GICD_IROUTER	0x6000
#define GICD_PIDR2	0xffe8

#define GICD_CTLR_ENGRP0 BIT(0) /* as seen with DS = 1 */
#define GICD_CTLR_ENGRP1 BIT(1)
#define GICD_CTLR_ARE	 BIT(4)
#define GICD_CTLR_ARE_NS BIT(5)
#define GICD_CTLR_DS	 BIT(6)
#define GICD_CTLR_RWP	 BIT(31)
/* as seen non-secure with DS = 0 */
#define GICD_CTLR_NS_ENGRP1A BIT(1)
#define GICD_CTLR_NS_ARE     BIT(4)

#define GICD_TYPER_ITLINES  BITS(4, 0)
#define GICD_TYPER_CPUNUM   BITS(7, 5)
#define GICD_TYPER_NUM_LPIS BITS(15, 11)
#define GICD_TYPER_MBIS	    BIT(16)
#define GICD_TYPER_LPIS	    BIT(17)
#define GICD_TYPER_IDBITS   BITS(23, 19)
#define GICD_TYPER_A3V	    BIT(24)
#define GICD_TYPER_NO1N	    BIT(25)

#define GICD_IROUTER_IRM BIT(31)

/* GICD_SGIR (GICv2) */
#define GICD_SGIR_INTID	 BITS(3, 0)
#define GICD_SGIR_LIST	 BITS(23, 16)
#define GICD_SGIR_FILTER BITS(25, 24)
#define SGIR_LISTED	 0
#define SGIR_OTHERS	 1
#define SGIR_SELF	 2

/* CPU interface of GICv2, as a machine without the Security Extensions has it. IHI 0048B 4.4 */
#define GICC_CTLR   0x0000
#define GICC_PMR    0x0004
#define GICC_BPR    0x0008
#define GICC_IAR    0x000c
#define GICC_EOIR   0x0010
#define GICC_RPR    0x0014
#define GICC_HPPIR  0x0018
#define GICC_ABPR   0x001c
#define GICC_AIAR   0x0020
#define GICC_AEOIR  0x0024
#define GICC_AHPPIR 0x0028
#define GICC_APR    0x00d0
#define GICC_NSAPR  0x00e0
#define GICC_IIDR   0x00fc
#define GICC_DIR    0x1000
#define GICC_SIZE   0x2000

#define GICC_CTLR_ENGRP0  BIT(0)
#define GICC_CTLR_ENGRP1  BIT(1)
#define GICC_CTLR_ACKCTL  BIT(2)
#define GICC_CTLR_FIQEN	  BIT(3)
#define GICC_CTLR_CBPR	  BIT(4)
#define GICC_CTLR_EOIMODE BIT(9)

#define GICC_IAR_INTID	BITS(9, 0)
#define GICC_IAR_SOURCE BITS(12, 10)

/* The interface of a hypervisor's guest (GICV) is laid out as GICC; what it is controlled by: IHI
 * 0048B 5.3. */
#define GICH_HCR   0x0000
#define GICH_VTR   0x0004
#define GICH_VMCR  0x0008
#define GICH_MISR  0x0010
#define GICH_EISR  0x0020
#define GICH_ELRSR 0x0030
#define GICH_APR   0x00f0
#define GICH_LR	   0x0100
#define GICH_SIZE  0x0200

#define GICH_VTR_LISTREGS BITS(5, 0)
#define GICH_HCR_MASK	  (BITS(31, 27) | BITS(7, 0)) /* the bits that ICH_HCR_EL2 has, too */

#define GICH_LR_INTID	 BITS(9, 0)
#define GICH_LR_PHYSICAL BITS(19, 10) /* HW = 0: EOI, bit 19; source, bits 12:10 */
#define GICH_LR_PRIORITY BITS(27, 23) /* the upper 5 bits */
#define GICH_LR_STATE	 BITS(29, 28)
#define GICH_LR_GROUP	 BIT(30)
#define GICH_LR_HW	 BIT(31)

/* Windows of 64 KiB in which each 4 KiB show the same page: the last of the first and the first of
 * the second window are the two pages of GICC or GICV in a row. */
#define GIC_ALIAS_SIZE	 0x20000
#define GIC_ALIAS_OFFSET 0xf000

#define INTID_GROUP1_PENDING 1022 /* read where the one pending is of group 1: IHI 0048B 3.2.4 */
#define INTID_NONE_PENDING   1023

/* Redistributor: RD frame, then SGI frame 64 KiB above */
#define GICR_CTLR	 0x0000
#define GICR_IIDR	 0x0004
#define GICR_TYPER	 0x0008
#define GICR_STATUSR	 0x0010
#define GICR_WAKER	 0x0014
#define GICR_SETLPIR	 0x0040
#define GICR_CLRLPIR	 0x0048
#define GICR_PROPBASER	 0x0070
#define GICR_PENDBASER	 0x0078
#define GICR_INVLPIR	 0x00a0
#define GICR_INVALLR	 0x00b0
#define GICR_SYNCR	 0x00c0
#define GICR_PIDR2	 0xffe8
#define GICR_SGI_FRAME	 0x10000
#define GICR_FRAMES_SIZE 0x20000
#define GICR_IGROUPR0	 (GICR_SGI_FRAME + 0x0080)
#define GICR_ISENABLER0	 (GICR_SGI_FRAME + 0x0100)
#define GICR_ICENABLER0	 (GICR_SGI_FRAME + 0x0180)
#define GICR_ICPENDR0	 (GICR_SGI_FRAME + 0x0280)
#define GICR_ISACTIVER0	 (GICR_SGI_FRAME + 0x0300)
#define GICR_ICACTIVER0	 (GICR_SGI_FRAME + 0x0380)
#define GICR_IPRIORITYR	 (GICR_SGI_FRAME + 0x0400)
#define GICR_ICFGR1	 (GICR_SGI_FRAME + 0x0c04)
#define GICR_IGRPMODR0	 (GICR_SGI_FRAME + 0x0d00)

#define GICR_CTLR_LPIS	    BIT(0) /* EnableLPIs */
#define GICR_CTLR_CES	    BIT(1) /* EnableLPIs can be cleared */
#define GICR_CTLR_IR	    BIT(2) /* INVLPIR, INVALLR and SYNCR are there */
#define GICR_CTLR_RWP	    BIT(3)
#define GICR_TYPER_PLPIS    BIT(0)
#define GICR_TYPER_VLPIS    BIT(1)
#define GICR_TYPER_LAST	    BIT(4)
#define GICR_TYPER_NUMBER   BITS(23, 8)
#define GICR_TYPER_AFFINITY BITS(63, 32)
#define GICR_WAKER_SLEEP    BIT(1)
#define GICR_WAKER_ASLEEP   BIT(2)

#define GICR_PROPBASER_IDBITS	BITS(4, 0)
#define GICR_TABLE_CACHE	BITS(9, 7) /* of both: from 2 on it is cacheable */
#define GICR_PROPBASER_ADDRESS	BITS(51, 12)
#define GICR_PROPBASER_WRITABLE (BITS(58, 56) | BITS(51, 7) | BITS(4, 0))
#define GICR_PENDBASER_PTZ	BIT(62)
#define GICR_PENDBASER_ADDRESS	BITS(51, 16)
#define GICR_PENDBASER_WRITABLE (BITS(58, 56) | BITS(51, 16) | BITS(11, 7))

#define GIC_PIDR2_GICV3 0x3b

#define INTID_SGI_COUNT 16
#define INTID_SPI	32
#define INTID_SPURIOUS	1020 /* and above, to 1023 */
#define INTID_LIMIT	1020

/* ICC_SGI1R_EL1 */
#define SGI1R_TARGETS BITS(15, 0)
#define SGI1R_AFF1    BITS(23, 16)
#define SGI1R_INTID   BITS(27, 24)
#define SGI1R_AFF2    BITS(39, 32)
#define SGI1R_IRM     BIT(40)
#define SGI1R_RS      BITS(47, 44)
#define SGI1R_AFF3    BITS(55, 48)
#define SGI1R_NAMED   (SGI1R_TARGETS | SGI1R_AFF1 | SGI1R_AFF2 | SGI1R_AFF3 | SGI1R_RS | SGI1R_IRM)

/* PPIs of EL2's own, the same on every board: BSA 3.8 */
#define INTID_MAINTENANCE 25
#define INTID_HYP_TIMER	  26

/*
 * Priorities EL2 gives to physical interrupts: all alike, nothing at EL2 nests. But maintenance
 * goes last: it may be asked for again and again while a guest's interrupts are looked at, and
 * neither a timer nor a neighbour's device waits for the end of that.
 */
#define GIC_PRIORITY	  0xa0
#define GIC_PRIORITY_LAST 0xc0
#define GIC_PRIORITY_WORD(i)                                                                       \
	(GIC_PRIORITY * UINT32_C(0x01010101) +                                                     \
	 ((i) == INTID_MAINTENANCE / 4 * 4 ?                                                       \
		  (GIC_PRIORITY_LAST - GIC_PRIORITY) << (INTID_MAINTENANCE % 4 * 8) :              \
		  0U))

#endif
