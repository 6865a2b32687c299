/* SPDX-License-Identifier: Apache-2.0 */
/* The four functions that a compiler may call by itself; as C has them. */
#ifndef TESTS_GUEST_LIB_STRING_H
#define TESTS_GUEST_LIB_STRING_H

#include "tests/guest/lib/types.h"

void *memcpy(void *to, const void *from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *to, int value, size_t size);
int memcmp(const void *a, const void *b, size_t size);

#endif
