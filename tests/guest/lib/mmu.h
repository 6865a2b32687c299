/* SPDX-License-Identifier: Apache-2.0 */
/* The runtime's identity map: every CPU enters C with it on. */
#ifndef TESTS_GUEST_LIB_MMU_H
#define TESTS_GUEST_LIB_MMU_H

#include "tests/guest/lib/machine.h"
#include "tests/guest/lib/mmu_regs.h"
#include "tests/guest/lib/types.h"

/* The level-1 table: one entry per GiB. Entry 0 devices, 1 RAM, 2 the alias of RAM for EL0. */
extern uint64_t mmu_level1[512];

/*
 * Calling CPU: MMU and caches off (then every access is to Device-nGnRnE) or on again. The image
 * with its stacks stays coherent across both; whatever else was written is the caller's to clean.
 * No other CPU may be writing the image meanwhile.
 */
void mmu_off(void);
void mmu_on(void);

/* Address at which EL0 may use what EL1 sees at `p`. */
static inline uint64_t mmu_user_address(const volatile void *p)
{
	return (uint64_t)p + RAM_USER_ALIAS;
}

#endif
