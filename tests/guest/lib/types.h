/* SPDX-License-Identifier: Apache-2.0 */
/* Integer types and bit helpers of the bare-metal guest runtime. */
#ifndef TESTS_GUEST_LIB_TYPES_H
#define TESTS_GUEST_LIB_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BIT(n)		    (UINT64_C(1) << (n))
#define BITS(hi, lo)	    ((~UINT64_C(0) >> (63 - (hi))) & (~UINT64_C(0) << (lo)))
#define FIELD_GET(mask, v)  (((uint64_t)(v) & (mask)) >> __builtin_ctzll(mask))
#define FIELD_PREP(mask, v) (((uint64_t)(v) << __builtin_ctzll(mask)) & (mask))

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* For variables that an interrupt handler or another CPU changes: one untorn access. */
#define READ_ONCE(x)	 (*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, v) (*(volatile __typeof__(x) *)&(x) = (v))

#endif
