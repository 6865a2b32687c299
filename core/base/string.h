/* SPDX-License-Identifier: Apache-2.0 */
/* Memory and string functions as C has them. EL2 links string.c; on the host these are libc's. */
#ifndef CORE_BASE_STRING_H
#define CORE_BASE_STRING_H

#include "core/base/types.h"

void *memcpy(void *restrict dst, const void *restrict src, size_t size);
void *memmove(void *dst, const void *src, size_t size);
void *memset(void *dst, int byte, size_t size);
int memcmp(const void *a, const void *b, size_t size);
void *memchr(const void *mem, int byte, size_t size);

size_t strlen(const char *s);
size_t strnlen(const char *s, size_t max);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t max);
/* Equal; told apart by the first byte, most often, without a call. */
static inline bool str_is(const char *a, const char *b)
{
	return *a == *b && strcmp(a, b) == 0;
}

char *strchr(const char *s, int c);
char *strrchr(const char *s, int c);
unsigned long strtoul(const char *restrict s, char **restrict end, int base);

#endif
