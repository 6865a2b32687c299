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
static uint64_t piece(const struct vm *vm, uint64_t ipa, uint8_t **at)
{
	const struct vm_extent *extent = vm_extent_of(vm, ipa, 1);

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

static int copy(const struct vm *vm, uint64_t ipa, uint8_t *local, uint64_t size, bool to_guest)
{
	const struct vm_extent *extent = extent_of(vm, ipa, size);

	if (extent != NULL) {
		uint8_t *all = (uint8_t *)(ipa - extent->ipa + extent->pa);

		memcpy(to_guest ? all : local, to_guest ? local : all, size);
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

/* 64 bytes of normal memory, at any address: EL2 doesn't check alignment there. */
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

static void copy_far(uint8_t *to, const uint8_t *from, uint64_t size)
{
	for (; size >= 64; size -= 64, to += 64, from += 64) {
		copy_64(to, from);
	}
	memcpy(to, from, size);
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
