/* SPDX-License-Identifier: Apache-2.0 */
/* A spinlock from exclusive loads and stores. Needs the MMU on: exclusives want Normal memory. */
#ifndef TESTS_GUEST_LIB_SPIN_H
#define TESTS_GUEST_LIB_SPIN_H

#include "tests/guest/lib/types.h"

struct spin {
	uint32_t held;
};

/* Acquire pairs with the release in spin_unlock() of whoever held it before. */
static inline void spin_lock(struct spin *lock)
{
	uint32_t value, failed;

	__asm__ volatile("1:	ldaxr	%w0, [%2]\n"
			 "	cbz	%w0, 2f\n"
			 "	yield\n"
			 "	b	1b\n"
			 "2:	stxr	%w1, %w3, [%2]\n"
			 "	cbnz	%w1, 1b\n"
			 : "=&r"(value), "=&r"(failed)
			 : "r"(&lock->held), "r"(1)
			 : "memory");
}

static inline void spin_unlock(struct spin *lock)
{
	__asm__ volatile("stlr	wzr, [%0]" ::"r"(&lock->held) : "memory");
}

#endif
