/* SPDX-License-Identifier: Apache-2.0 */
/* Invalidation of stage-2 translations. */
#ifndef MM_TLB_H
#define MM_TLB_H

#include "core/base/types.h"

/*
 * No CPU has a translation of these pages of the VM with that VTTBR_EL2, nor one of its own first
 * stage that led there; what was accessed by one is complete. The entries are invalid already. Any
 * CPU, whoever is loaded there. DDI 0487 D8.14.
 */
void tlb_forget_pages(uint64_t vttbr, const uint64_t *ipa, uint32_t count);

#endif
