/* SPDX-License-Identifier: Apache-2.0 */
/* Bits, fields and alignment. Masks are spelled as the specifications spell them. */
#ifndef CORE_BASE_BITS_H
#define CORE_BASE_BITS_H

#include "core/base/types.h"

#define BIT(n)		    (UINT64_C(1) << (n))
#define BIT32(n)	    (UINT32_C(1) << (n))
#define BITS(hi, lo)	    ((~UINT64_C(0) >> (63 - (hi))) & (~UINT64_C(0) << (lo)))
#define FIELD_GET(mask, v)  (((uint64_t)(v) & (mask)) >> __builtin_ctzll(mask))
#define FIELD_PREP(mask, v) (((uint64_t)(v) << __builtin_ctzll(mask)) & (mask))

/* `a` is a power of two; align_up wraps to 0 past the last multiple: check before. */
static inline uint64_t align_down(uint64_t v, uint64_t a)
{
	return v & ~(a - 1);
}

static inline uint64_t align_up(uint64_t v, uint64_t a)
{
	return align_down(v + a - 1, a);
}

static inline bool is_aligned(uint64_t v, uint64_t a)
{
	return (v & (a - 1)) == 0;
}

static inline bool is_power_of_two(uint64_t v)
{
	return v != 0 && (v & (v - 1)) == 0;
}

/* Ones in a word. (The compiler's own would use SIMD registers or a library.) */
static inline uint32_t bits_count(uint32_t v)
{
	v -= (v >> 1) & 0x55555555;
	v = (v & 0x33333333) + ((v >> 2) & 0x33333333);
	v = (v + (v >> 4)) & 0x0f0f0f0f;
	return (v * 0x01010101) >> 24;
}

#endif
