/* SPDX-License-Identifier: Apache-2.0 */
/* The limits libfdt's headers use; gcc's own limits.h wants a C library behind it. */
#ifndef CORE_FDT_LIBC_LIMITS_H
#define CORE_FDT_LIBC_LIMITS_H

#define INT_MAX	 __INT_MAX__
#define INT_MIN	 (-INT_MAX - 1)
#define UINT_MAX (2U * INT_MAX + 1U)

#endif
