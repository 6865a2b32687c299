/* SPDX-License-Identifier: Apache-2.0 */
/* The only ways to a guest's memory. */
#include "mm/guest_access.h"

#include "core/base/errno.h"
#include "core/base/string.h"
#include "mm/frames.h"

void *guest_pointer(const struct vm *vm, uint64_t ipa, uint64_t size)
{
	const struct vm_extent *extent;

	if (vm->stage2.frames != NULL) {
		return frames_pointer(vm->stage2.frames, ipa, size);
	}
	extent = vm_extent_of(vm, ipa, size);
	return extent == NULL ? NULL : (void *)(ipa - extent->ipa + extent->pa);
}

/* Bytes from `ipa` to the end of its extent or, of a VM with a balloon, page, and EL2's address; 0
 * when it is no RAM. */
static uint64_t piece(const struct vm *vm, uint64_t ipa, uint8_t **at)
{
	const struct vm_extent *extent;

	if (vm->stage2.frames != NULL) {
		*at = frames_pointer(vm->stage2.frames, ipa, 1);
		return *at == NULL ? 0 : PAGE_SIZE - (ipa & (PAGE_SIZE - 1));
	}
	extent = vm_extent_of(vm, ipa, 1);
	if (extent == NULL) {
		return 0;
	}
	*at = (uint8_t *)(ipa - extent->ipa + extent->pa);
	return extent->ipa + extent->size - ipa;
}

bool guest_is_ram(const struct vm *vm, uint64_t ipa, uint64_t size)
{
	uint8_t *at;

	if (guest_at(vm, ipa, size) != NULL) {
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

bool guest_is_ram_place(const struct vm *vm, uint64_t ipa, uint64_t size)
{
	return vm->stage2.frames != NULL ? frames_is_range(vm->stage2.frames, ipa, size) :
					   guest_is_ram(vm, ipa, size);
}

/*
 * Normal memory, at any address: EL2 doesn't check alignment there, but the compiler is told to
 * keep it, since the same flags build what runs with the MMU off.
 */
static inline void copy_128(uint8_t *to, const uint8_t *from)
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
static inline void copy_16(uint8_t *to, const uint8_t *from)
{
	uint64_t a, b;

	__asm__ volatile("ldp %0, %1, [%3]\n\t"
			 "stp %0, %1, [%2]"
			 : "=&r"(a), "=&r"(b)
			 : "r"(to), "r"(from)
			 : "memory");
}

static inline void copy_8(uint8_t *to, const uint8_t *from)
{
	uint64_t word;

	__asm__ volatile("ldr %0, [%2]\n\t"
			 "str %0, [%1]"
			 : "=&r"(word)
			 : "r"(to), "r"(from)
			 : "memory");
}

static inline void copy_4(uint8_t *to, const uint8_t *from)
{
	uint32_t word;

	__asm__ volatile("ldr %w0, [%2]\n\t"
			 "str %w0, [%1]"
			 : "=&r"(word)
			 : "r"(to), "r"(from)
			 : "memory");
}
#else
static inline void copy_16(uint8_t *to, const uint8_t *from)
{
	memcpy(to, from, 16);
}

static inline void copy_8(uint8_t *to, const uint8_t *from)
{
	memcpy(to, from, 8);
}

static inline void copy_4(uint8_t *to, const uint8_t *from)
{
	memcpy(to, from, 4);
}
#endif

static void copy_far(uint8_t *to, const uint8_t *from, uint64_t size)
{
	for (; size >= 128; size -= 128, to += 128, from += 128) {
		copy_128(to, from);
	}
	for (; size >= 16; size -= 16, to += 16, from += 16) {
		copy_16(to, from);
	}
	if ((size & 8) != 0) {
		copy_8(to, from);
		to += 8;
		from += 8;
	}
	if ((size & 4) != 0) {
		copy_4(to, from);
		to += 4;
		from += 4;
	}
	for (size &= 3; size != 0; size--) {
		*to++ = *from++;
		/* or the compiler makes a call of it */
		__asm__("" : "+r"(to));
	}
}

/* The range lies in more than one extent, or is no RAM. */
static int copy_pieces(const struct vm *vm, uint64_t ipa, uint8_t *local, uint64_t size,
		       bool to_guest)
{
	if (!guest_is_ram(vm, ipa, size)) {
		return -EFAULT;
	}
	while (size != 0) {
		uint8_t *at = NULL;
		uint64_t step = MIN(piece(vm, ipa, &at), size);

		if (step == 0) {
			return -EFAULT; /* a balloon has it since */
		}
		copy_far(to_guest ? at : local, to_guest ? local : at, step);
		ipa += step;
		local += step;
		size -= step;
	}
	return 0;
}

static int copy_pieces_over(const struct vm *to, uint64_t to_ipa, const struct vm *from,
			    uint64_t from_ipa, uint64_t size)
{
	while (size != 0) {
		uint8_t *to_at = NULL, *from_at = NULL;
		uint64_t there = piece(from, from_ipa, &from_at);
		uint64_t step = MIN(MIN(piece(to, to_ipa, &to_at), size), there);

		if (step == 0) {
			return there == 0 ? -EIO : -EFAULT;
		}
		copy_far(to_at, from_at, step);
		to_ipa += step;
		from_ipa += step;
		size -= step;
	}
	return 0;
}

int guest_copy(const struct vm *to, uint64_t to_ipa, const struct vm *from, uint64_t from_ipa,
	       uint64_t size)
{
	uint8_t *to_at = guest_at(to, to_ipa, size);
	const uint8_t *from_at = guest_at(from, from_ipa, size);

	if (unlikely(to_at == NULL || from_at == NULL)) {
		return copy_pieces_over(to, to_ipa, from, from_ipa, size);
	}
	copy_far(to_at, from_at, size);
	return 0;
}

int guest_read(const struct vm *vm, uint64_t ipa, void *to, uint64_t size)
{
	const uint8_t *whole = guest_at(vm, ipa, size);

	if (unlikely(whole == NULL)) {
		return copy_pieces(vm, ipa, to, size, false);
	}
	copy_far(to, whole, size);
	return 0;
}

int guest_write(const struct vm *vm, uint64_t ipa, const void *from, uint64_t size)
{
	uint8_t *whole = guest_at(vm, ipa, size);

	if (unlikely(whole == NULL)) {
		return copy_pieces(vm, ipa, (uint8_t *)(uintptr_t)from, size, true);
	}
	copy_far(whole, from, size);
	return 0;
}
