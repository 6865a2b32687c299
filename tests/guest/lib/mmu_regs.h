/* SPDX-License-Identifier: Apache-2.0 */
/* Stage-1 translation as the runtime sets it up (DDI 0487, VMSAv8-64). Assembly reads it too. */
#ifndef TESTS_GUEST_LIB_MMU_REGS_H
#define TESTS_GUEST_LIB_MMU_REGS_H

#define SCTLR_M 0x1
#define SCTLR_A 0x2
#define SCTLR_C 0x4
#define SCTLR_I 0x1000
/* RES1 of Armv8.0, ITD and SED, and EL0 may use WFI, WFE, DC ZVA, CTR_EL0 and cache upkeep. */
#define SCTLR_OFF 0x34d5c980
#define SCTLR_ON  (SCTLR_OFF | SCTLR_M | SCTLR_C | SCTLR_I)

/* Attr0 nGnRnE, Attr1 nGnRE, Attr2 Normal write-back, Attr3 Normal non-cacheable. */
#define MAIR_VALUE 0x44ff0400

/* T0SZ = T1SZ = 25 (39 bits), write-back inner-shareable walks, 4K, no TTBR1 walks, 32-bit PA. */
#define TCR_VALUE 0x80993519

#define PTE_BLOCK	  0x1
#define PTE_TABLE	  0x3
#define PTE_PAGE	  0x3
#define PTE_ATTR_DEVICE	  (1 << 2)
#define PTE_ATTR_NORMAL	  (2 << 2)
#define PTE_ATTR_UNCACHED (3 << 2)
#define PTE_USER	  (1 << 6)
#define PTE_READ_ONLY	  (1 << 7)
#define PTE_INNER	  (3 << 8)
#define PTE_AF		  (1 << 10)
#define PTE_PXN		  0x0020000000000000
#define PTE_UXN		  0x0040000000000000

#endif
