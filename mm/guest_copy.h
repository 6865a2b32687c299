/* SPDX-License-Identifier: Apache-2.0 */
/* Copies of few bytes, in line: for what reads and writes a guest's memory. Pure. */
#ifndef MM_GUEST_COPY_H
#define MM_GUEST_COPY_H

#include "core/base/string.h"
#include "core/base/types.h"

/*
 * Normal memory, at any address: EL2 doesn't check alignment there, but the compiler is told to
 * keep it, since the same flags build what runs with the MMU off.
 */
static inline void guest_copy_128(uint8_t *to, const uint8_t *from)
{
#if defined(__aarch64__) && !defined(BULKHEAD_HOST)
	uint64_t a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p;

	__asm__ volatile("ldp %0, %1, [%17]\n\t"
			 "ldp %2, %3, [%17, #16]\n\t"
			 "ldp %4, %5, [%17, #32]\n\t"
			 "ldp %6, %7, [%17, #48]\n\t"
			 "ldp %8, %9, [%17, #64]\n\t"
			 "ldp %10, %11, [%17, #80]\n\t"
			 "ldp %12, %13, [%17, #96]\n\t"
			 "ldp %14, %15, [%17, #112]\n\t"
			 "stp %0, %1, [%16]\n\t"
			 "stp %2, %3, [%16, #16]\n\t"
			 "stp %4, %5, [%16, #32]\n\t"
			 "stp %6, %7, [%16, #48]\n\t"
			 "stp %8, %9, [%16, #64]\n\t"
			 "stp %10, %11, [%16, #80]\n\t"
			 "stp %12, %13, [%16, #96]\n\t"
			 "stp %14, %15, [%16, #112]"
			 : "=&r"(a), "=&r"(b), "=&r"(c), "=&r"(d), "=&r"(e), "=&r"(f), "=&r"(g),
			   "=&r"(h), "=&r"(i), "=&r"(j), "=&r"(k), "=&r"(l), "=&r"(m), "=&r"(n),
			   "=&r"(o), "=&r"(p)
			 : "r"(to), "r"(from)
			 : "memory");
#else
	memcpy(to, from, 128);
#endif
}

#if defined(__aarch64__) && !defined(BULKHEAD_HOST)
static inline void guest_copy_16(uint8_t *to, const uint8_t *from)
{
	uint64_t a, b;

	__asm__ volatile("ldp %0, %1, [%3]\n\t"
			 "stp %0, %1, [%2]"
			 : "=&r"(a), "=&r"(b)
			 : "r"(to), "r"(from)
			 : "memory");
}

static inline void guest_copy_8(uint8_t *to, const uint8_t *from)
{
	uint64_t word;

	__asm__ volatile("ldr %0, [%2]\n\t"
			 "str %0, [%1]"
			 : "=&r"(word)
			 : "r"(to), "r"(from)
			 : "memory");
}

static inline void guest_copy_4(uint8_t *to, const uint8_t *from)
{
	uint32_t word;

	__asm__ volatile("ldr %w0, [%2]\n\t"
			 "str %w0, [%1]"
			 : "=&r"(word)
			 : "r"(to), "r"(from)
			 : "memory");
}
#else
static inline void guest_copy_16(uint8_t *to, const uint8_t *from)
{
	memcpy(to, from, 16);
}

static inline void guest_copy_8(uint8_t *to, const uint8_t *from)
{
	memcpy(to, from, 8);
}

static inline void guest_copy_4(uint8_t *to, const uint8_t *from)
{
	memcpy(to, from, 4);
}
#endif

/* 1, 4 or 16 bytes, a constant. */
static inline void guest_copy_few(void *to, const void *from, uint32_t size)
{
	if (size == 16) {
		guest_copy_16(to, from);
	} else if (size == 4) {
		guest_copy_4(to, from);
	} else {
		*(volatile uint8_t *)to = *(const volatile uint8_t *)from;
	}
}

#endif
