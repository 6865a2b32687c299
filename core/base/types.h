/* SPDX-License-Identifier: Apache-2.0 */
/* The integer types, and wrappers that keep address spaces apart. */
#ifndef CORE_BASE_TYPES_H
#define CORE_BASE_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A physical address of the board. */
typedef struct {
	uint64_t v;
} paddr_t;

/* An intermediate physical address: what a guest takes for a physical one. */
typedef struct {
	uint64_t v;
} ipa_t;

/* A range of the board's physical addresses; size 0 is empty. base + size never wraps. */
struct prange {
	uint64_t base;
	uint64_t size;
};

#define KIB(n) ((uint64_t)(n) << 10)
#define MIB(n) ((uint64_t)(n) << 20)
#define GIB(n) ((uint64_t)(n) << 30)

#define PAGE_SIZE UINT64_C(4096)

#define ARRAY_COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* The structure of which `ptr` points to `member`. */
#define CONTAINER_OF(ptr, type, member) ((type *)((uintptr_t)(ptr)-offsetof(type, member)))

#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))

#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))
#define UNUSED		       __attribute__((unused))

/* Debug builds compile the same code and let the compiler drop what a release doesn't run. */
#define IS_ENABLED(option) (option)

/* [base, base + size) and [b, b + n) share a byte. Neither range wraps. */
static inline bool ranges_overlap(uint64_t base, uint64_t size, uint64_t b, uint64_t n)
{
	return size != 0 && n != 0 && base < b + n && b < base + size;
}

/* [b, b + n) lies inside [base, base + size); no assumption about n wrapping. */
static inline bool range_contains(uint64_t base, uint64_t size, uint64_t b, uint64_t n)
{
	return b >= base && n <= size && b - base <= size - n;
}

#endif
