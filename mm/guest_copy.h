/* SPDX-License-Identifier: Apache-2.0 */
/* Copies of few bytes, in line: for what reads and writes a guest's memory. Pure. */
#ifndef MM_GUEST_COPY_H
#define MM_GUEST_COPY_H

#include "core/base/string.h"
#include "core/base/types.h"

/*
 * Normal memory, at any address: EL2 doesn't check alignment there, but the compiler is told to
 * keep it, since the same flags build what runs with the MMU off. Both are moved on by as much.
 */
#if defined(__aarch64__) && !defined(BULKHEAD_HOST)
static inline void guest_copy_128(uint8_t **to, const uint8_t **from)
{
	uint64_t a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p;

	__asm__ volatile("ldp %2, %3, [%1], #128\n\t"
			 "ldp %4, %5, [%1, #-112]\n\t"
			 "ldp %6, %7, [%1, #-96]\n\t"
			 "ldp %8, %9, [%1, #-80]\n\t"
			 "ldp %10, %11, [%1, #-64]\n\t"
			 "ldp %12, %13, [%1, #-48]\n\t"
			 "ldp %14, %15, [%1, #-32]\n\t"
			 "ldp %16, %17, [%1, #-16]\n\t"
			 "stp %2, %3, [%0], #128\n\t"
			 "stp %4, %5, [%0, #-112]\n\t"
			 "stp %6, %7, [%0, #-96]\n\t"
			 "stp %8, %9, [%0, #-80]\n\t"
			 "stp %10, %11, [%0, #-64]\n\t"
			 "stp %12, %13, [%0, #-48]\n\t"
			 "stp %14, %15, [%0, #-32]\n\t"
			 "stp %16, %17, [%0, #-16]"
			 : "+&r"(*to), "+&r"(*from), "=&r"(a), "=&r"(b), "=&r"(c), "=&r"(d),
			   "=&r"(e), "=&r"(f), "=&r"(g), "=&r"(h), "=&r"(i), "=&r"(j), "=&r"(k),
			   "=&r"(l), "=&r"(m), "=&r"(n), "=&r"(o), "=&r"(p)
			 :
			 : "memory");
}

static inline void guest_copy_16(uint8_t **to, const uint8_t **from)
{
	uint64_t a, b;

	__asm__ volatile("ldp %2, %3, [%1], #16\n\t"
			 "stp %2, %3, [%0], #16"
			 : "+&r"(*to), "+&r"(*from), "=&r"(a), "=&r"(b)
			 :
			 : "memory");
}

static inline void guest_copy_8(uint8_t **to, const uint8_t **from)
{
	uint64_t word;

	__asm__ volatile("ldr %2, [%1], #8\n\t"
			 "str %2, [%0], #8"
			 : "+&r"(*to), "+&r"(*from), "=&r"(word)
			 :
			 : "memory");
}

static inline void guest_copy_4(uint8_t **to, const uint8_t **from)
{
	uint32_t word;

	__asm__ volatile("ldr %w2, [%1], #4\n\t"
			 "str %w2, [%0], #4"
			 : "+&r"(*to), "+&r"(*from), "=&r"(word)
			 :
			 : "memory");
}
#else
#define GUEST_COPY(size)                                                                           \
	static inline void guest_copy_##size(uint8_t **to, const uint8_t **from)                   \
	{                                                                                          \
		memcpy(*to, *from, size);                                                          \
		*to += (size);                                                                     \
		*from += (size);                                                                   \
	}
GUEST_COPY(128)
GUEST_COPY(16)
GUEST_COPY(8)
GUEST_COPY(4)
#undef GUEST_COPY
#endif

/* 1, 4 or 16 bytes, a constant. */
static inline void guest_copy_few(uint8_t *to, const uint8_t *from, uint32_t size)
{
	if (size == 16) {
		guest_copy_16(&to, &from);
	} else if (size == 4) {
		guest_copy_4(&to, &from);
	} else {
		*(volatile uint8_t *)to = *(const volatile uint8_t *)from;
	}
}

#endif
