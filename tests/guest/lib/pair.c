/* SPDX-License-Identifier: Apache-2.0 */
/* Two VMs of one program: each has the shared memory at another place. */
#include "tests/guest/lib/pair.h"

#include "tests/guest/lib/arm64.h"
#include "tests/guest/lib/exc.h"
#include "tests/guest/lib/mmu.h"

void *pair_memory(bool *first)
{
	struct exc_record r;

	mmu_level1[3] = UINT64_C(3) << 30 | PTE_AF | PTE_INNER | PTE_ATTR_NORMAL | PTE_BLOCK;
	/* the entry before the walks that use it; it was invalid until now */
	dsb(ishst);
	isb();
	r = EXC_OF(mmio_read32(PAIR_FIRST_AT));
	*first = r.count == 0;
	return (void *)(*first ? PAIR_FIRST_AT : PAIR_OTHER_AT);
}
