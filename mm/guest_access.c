/* SPDX-License-Identifier: Apache-2.0 */
/* The only ways to a guest's memory. */
#include "mm/guest_access.h"

#include "core/base/errno.h"
#include "core/base/string.h"

/* vm_extent_of(), quickly for the first: most VMs have no other. */
static inline __attribute__((always_inline)) const struct vm_extent *extent_of(const struct vm *vm,
									       uint64_t ipa,
									       uint64_t size)
{
	const struct vm_extent *first = &vm->extent[0];

	if (range_contains(first->ipa, first->size, ipa, size)) {
		return first;
	}
	return vm_extent_of(vm, ipa, size);
}

void *guest_pointer(const struct vm *vm, uint64_t ipa, uint64_t size)
{
	const struct vm_extent *extent = extent_of(vm, ipa, size);

	return extent == NULL ? NULL : (void *)(ipa - extent->ipa + extent->pa);
}

/* Bytes from `ipa` to the end of its extent, and EL2's address; 0 when it is no RAM. */
static inline uint64_t piece(const struct vm *vm, uint64_t ipa, uint8_t **at)
{
	const struct vm_extent *extent = extent_of(vm, ipa, 1);

	if (extent == NULL) {
		return 0;
	}
	*at = (uint8_t *)(ipa - extent->ipa + extent->pa);
	return extent->ipa + extent->size - ipa;
}

bool guest_is_ram(const struct vm *vm, uint64_t ipa, uint64_t size)
{
	uint8_t *at;

	if (extent_of(vm, ipa, size) != NULL) {
		return true;
	}
	while (size != 0) {
		uint64_t room = piece(vm, ipa, &at);

		if (room == 0) {
			return false;
		}
		ipa += MIN(room, size);
		size -= MIN(room, size);
	}
	return true;
}

/*
 * Normal memory, at any address: EL2 doesn't check alignment there, but the compiler is told to
 * keep it, since the same flags build what runs with the MMU off.
 */
static inline void copy_64(uint8_t *to, const uint8_t *from)
{
#if defined(__aarch64__) && !defined(BULKHEAD_HOST)
	uint64_t a, b, c, d, e, f, g, h;

	__asm__ volatile("ldp %0, %1, [%9]\n\t"
			 "ldp %2, %3, [%9, #16]\n\t"
			 "ldp %4, %5, [%9, #32]\n\t"
			 "ldp %6, %7, [%9, #48]\n\t"
			 "stp %0, %1, [%8]\n\t"
			 "stp %2, %3, [%8, #16]\n\t"
			 "stp %4, %5, [%8, #32]\n\t"
			 "stp %6, %7, [%8, #48]"
			 : "=&r"(a), "=&r"(b), "=&r"(c), "=&r"(d), "=&r"(e), "=&r"(f), "=&r"(g),
			   "=&r"(h)
			 : "r"(to), "r"(from)
			 : "memory");
#else
	memcpy(to, from, 64);
#endif
}

static inline void copy_8(uint8_t *to, const uint8_t *from)
{
#if defined(__aarch64__) && !defined(BULKHEAD_HOST)
	uint64_t word;

	__asm__ volatile("ldr %0, [%2]\n\t"
			 "str %0, [%1]"
			 : "=&r"(word)
			 : "r"(to), "r"(from)
			 : "memory");
#else
	memcpy(to, from, 8);
#endif
}

static void copy_far(uint8_t *to, const uint8_t *from, uint64_t size)
{
	for (; size >= 64; size -= 64, to += 64, from += 64) {
		copy_64(to, from);
	}
	for (; size >= 8; size -= 8, to += 8, from += 8) {
		copy_8(to, from);
	}
	for (; size != 0; size--) {
		*to++ = *from++;
		/* or the compiler makes a call of it */
		__asm__("" : "+r"(to));
	}
}

static int copy(const struct vm *vm, uint64_t ipa, uint8_t *local, uint64_t size, bool to_guest)
{
	uint8_t *whole = guest_at(vm, ipa, size);

	if (likely(whole != NULL)) {
		copy_far(to_guest ? whole : local, to_guest ? local : whole, size);
		return 0;
	}
	if (!guest_is_ram(vm, ipa, size)) {
		return -EFAULT;
	}
	while (size != 0) {
		uint8_t *at = NULL;
		uint64_t step = MIN(piece(vm, ipa, &at), size);

		memcpy(to_guest ? at : local, to_guest ? local : at, step);
		ipa += step;
		local += step;
		size -= step;
	}
	return 0;
}

int guest_copy(const struct vm *to, uint64_t to_ipa, const struct vm *from, uint64_t from_ipa,
	       uint64_t size)
{
	while (size != 0) {
		uint8_t *to_at = NULL, *from_at = NULL;
		uint64_t step =
			MIN(MIN(piece(to, to_ipa, &to_at), size), piece(from, from_ipa, &from_at));

		if (step == 0) {
			return -EFAULT;
		}
		copy_far(to_at, from_at, step);
		to_ipa += step;
		from_ipa += step;
		size -= step;
	}
	return 0;
}

int guest_read(const struct vm *vm, uint64_t ipa, void *to, uint64_t size)
{
	return copy(vm, ipa, to, size, false);
}

int guest_write(const struct vm *vm, uint64_t ipa, const void *from, uint64_t size)
{
	return copy(vm, ipa, (uint8_t *)(uintptr_t)from, size, true);
}
