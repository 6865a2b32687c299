/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest that can't go on: its vectors lie where nothing is, so that each exception ends in the
 * next. A hypervisor has to notice, say so and stop the VM; without one this never ends.
 */
#include "tests/guest/lib/console.h"
#include "tests/guest/lib/cpu.h"
#include "tests/guest/lib/mmu.h"

#define EXECUTABLE UINT64_C(0xc0000000) /* alias of the device GiB that may be executed */

static __attribute__((noinline)) void lose_vectors(uint64_t vectors)
{
	sysreg_write(vbar_el1, vectors);
	isb(); /* the new vectors are in force before the exception */
	__asm__ volatile("udf #0");
}

int main(void)
{
	mmu_level1[3] = PTE_AF | PTE_ATTR_DEVICE | PTE_BLOCK;
	dsb(ishst); /* the entry before the walk that uses it; it was invalid until now */
	printf("crash: this guest has no vectors from now on\n");
	lose_vectors(EXECUTABLE + HOLE_BASE);
	printf("crash: this line must not appear\n");
	return 0;
}
