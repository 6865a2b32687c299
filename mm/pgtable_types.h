/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptors of the VMSAv8-64 tables, 4 KiB granule. DDI 0487 D8.3. */
#ifndef MM_PGTABLE_TYPES_H
#define MM_PGTABLE_TYPES_H

#include "core/base/bits.h"

#define PTE_VALID BIT(0)
#define PTE_TYPE  BITS(1, 0)
#define PTE_BLOCK UINT64_C(1) /* levels 1 and 2 */
#define PTE_TABLE UINT64_C(3) /* levels 0 to 2  */
#define PTE_PAGE  UINT64_C(3) /* level 3        */
#define PTE_ADDR  BITS(47, 12)

/* Attributes of a block or page, without address and type. */
#define PTE_ATTRS (BITS(63, 50) | BITS(11, 2))

#define PTE_AF	     BIT(10)
#define PTE_SH	     BITS(9, 8)
#define PTE_SH_INNER (UINT64_C(3) << 8)

/* Stage 1 of EL2. S1_ATTR_* index MAIR_EL2 as in boot/layout.h. AP[1] is RES1 in a regime of one
 * level. */
#define S1_INDEX	 BITS(4, 2)
#define S1_AP_RES1	 BIT(6)
#define S1_AP_RO	 BIT(7)
#define S1_GP		 BIT(50)
#define S1_XN		 BIT(54)
#define S1_ATTR_NORMAL	 (PTE_AF | PTE_SH_INNER | S1_AP_RES1)
#define S1_ATTR_DEVICE	 (PTE_AF | S1_AP_RES1 | (UINT64_C(1) << 2) | S1_XN)
#define S1_ATTR_UNCACHED (PTE_AF | S1_AP_RES1 | (UINT64_C(2) << 2) | S1_XN)

/* Stage 2. */
#define S2_MEMATTR    BITS(5, 2)
#define S2_MEM_NORMAL (UINT64_C(0xf) << 2) /* write-back inner and outer                    */
#define S2_MEM_FWB    (UINT64_C(0x6) << 2) /* HCR_EL2.FWB: write-back whatever stage 1 says */
#define S2_MEM_DEVICE (UINT64_C(0x1) << 2) /* nGnRE                                         */
#define S2_AP_READ    BIT(6)
#define S2_AP_WRITE   BIT(7)
#define S2_XN	      BIT(54)

#endif
