/* SPDX-License-Identifier: Apache-2.0 */
/* The four functions that a compiler may call by itself. */
#include "tests/guest/lib/string.h"

/* Keeps the compiler from seeing a loop as a call of the very function that it is the body of. */
#define NO_IDIOM() __asm__ volatile("" ::: "memory")

void *memcpy(void *to, const void *from, size_t size)
{
	uint8_t *t = to;
	const uint8_t *f = from;

	while (size--) {
		*t++ = *f++;
		NO_IDIOM();
	}
	return to;
}

void *memmove(void *to, const void *from, size_t size)
{
	uint8_t *t = to;
	const uint8_t *f = from;

	if (t < f) {
		return memcpy(to, from, size);
	}
	while (size--) {
		t[size] = f[size];
		NO_IDIOM();
	}
	return to;
}

void *memset(void *to, int value, size_t size)
{
	uint8_t *t = to;

	while (size--) {
		*t++ = (uint8_t)value;
		NO_IDIOM();
	}
	return to;
}

int memcmp(const void *a, const void *b, size_t size)
{
	const uint8_t *x = a, *y = b;

	for (; size; size--, x++, y++) {
		if (*x != *y) {
			return *x - *y;
		}
	}
	return 0;
}
