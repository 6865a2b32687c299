/* SPDX-License-Identifier: Apache-2.0 */
/* The only ways to a guest's memory. */
#include "mm/guest_access.h"

#include "core/base/errno.h"
#include "core/base/string.h"
#include "mm/frames.h"
#include "mm/guest_copy.h"

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

/* 0: so a copy that can't fail ends with it. */
static int copy_far(uint8_t *to, const uint8_t *from, uint64_t size)
{
	for (uint64_t n = size / 128; n != 0; n--) {
		guest_copy_128(&to, &from);
	}
	for (uint32_t n = (uint32_t)size / 16 % 8; n != 0; n--) {
		guest_copy_16(&to, &from);
	}
	if ((size & 8) != 0) {
		guest_copy_8(&to, &from);
	}
	if ((size & 4) != 0) {
		guest_copy_4(&to, &from);
	}
	for (size &= 3; size != 0; size--) {
		*to++ = *from++;
		/* or the compiler makes a call of it */
		__asm__("" : "+r"(to));
	}
	return 0;
}

/* The range does not lie in the first extent, or is no RAM. */
static int __attribute__((noinline))
copy_pieces(const struct vm *vm, uint64_t ipa, uint8_t *local, uint64_t size, bool to_guest)
{
	uint8_t *whole = guest_pointer(vm, ipa, size);

	if (whole != NULL) {
		return copy_far(to_guest ? whole : local, to_guest ? local : whole, size);
	}
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

static int __attribute__((noinline))
copy_pieces_over(const struct vm *to, uint64_t to_ipa, const struct vm *from, uint64_t from_ipa,
		 uint64_t size)
{
	uint8_t *whole_to = guest_at(to, to_ipa, size);
	const uint8_t *whole_from = guest_at(from, from_ipa, size);

	if (whole_to != NULL && whole_from != NULL) {
		return copy_far(whole_to, whole_from, size);
	}
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
	if (!guest_in_first(to, to_ipa, size) || !guest_in_first(from, from_ipa, size)) {
		return copy_pieces_over(to, to_ipa, from, from_ipa, size);
	}
	return copy_far(guest_first(to, to_ipa), guest_first(from, from_ipa), size);
}

int guest_read(const struct vm *vm, uint64_t ipa, void *to, uint64_t size)
{
	if (!guest_in_first(vm, ipa, size)) {
		return copy_pieces(vm, ipa, to, size, false);
	}
	return copy_far(to, guest_first(vm, ipa), size);
}

int guest_write(const struct vm *vm, uint64_t ipa, const void *from, uint64_t size)
{
	if (!guest_in_first(vm, ipa, size)) {
		return copy_pieces(vm, ipa, (uint8_t *)(uintptr_t)from, size, true);
	}
	return copy_far(guest_first(vm, ipa), from, size);
}
