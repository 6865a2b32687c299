/* SPDX-License-Identifier: Apache-2.0 */
/* The only ways to a guest's memory: copies whose range has been checked. Any CPU, no locks. */
#ifndef MM_GUEST_ACCESS_H
#define MM_GUEST_ACCESS_H

#include "core/vm/vm.h"
#include "mm/guest_copy.h"

/* Is all of [ipa, ipa + size) RAM of the VM? The caller bounds `size`: a balloon may have any of
 * its pages. */
bool guest_is_ram(const struct vm *vm, uint64_t ipa, uint64_t size);

/* The same, whether a balloon has some of it at the moment or not; any size. */
bool guest_is_ram_place(const struct vm *vm, uint64_t ipa, uint64_t size);

/* 0, or -EFAULT when part of the range is not the VM's RAM (nothing is copied then, unless a
 * balloon takes it at that moment). */
int guest_read(const struct vm *vm, uint64_t ipa, void *to, uint64_t size);
int guest_write(const struct vm *vm, uint64_t ipa, const void *from, uint64_t size);

/*
 * From one VM's memory to another's; about 18 instructions for 128 bytes, however they are aligned.
 * 0; -EIO: part of the range that is read is not RAM of its VM; -EFAULT: of the one that is written
 * (what came before it is copied then). Who asks a VM's map afterwards may see another one:
 * balloons change it at any moment. The caller bounds `size`.
 */
int guest_copy(const struct vm *to, uint64_t to_ipa, const struct vm *from, uint64_t from_ipa,
	       uint64_t size);

/*
 * EL2's address of [ipa, ipa + size), which lies in one extent or, of a VM with a balloon, in one
 * page; NULL otherwise. Good until the next look at interrupts: then a page may be another VM's.
 */
void *guest_pointer(const struct vm *vm, uint64_t ipa, uint64_t size);

/* Is it all in the VM's first extent? Most VMs have one. The first of one with a balloon is empty.
 */
static inline bool guest_in_first(const struct vm *vm, uint64_t ipa, uint64_t size)
{
	const struct vm_extent *first = &vm->extent[0];
	uint64_t off = ipa - first->ipa;

	return likely(off < first->size && size <= first->size - off);
}

/* Of what is. */
static inline void *guest_first(const struct vm *vm, uint64_t ipa)
{
	return (void *)(vm->extent[0].pa + (ipa - vm->extent[0].ipa));
}

/* guest_pointer() in line, for rings. */
static inline void *guest_at(const struct vm *vm, uint64_t ipa, uint64_t size)
{
	return guest_in_first(vm, ipa, size) ? guest_first(vm, ipa) : guest_pointer(vm, ipa, size);
}

/* Each look at this VM's RAM finds its page, since a balloon may have some: what is done elsewhere
 * in one step is done in two for it. */
static inline bool guest_is_paged(const struct vm *vm)
{
	return vm->stage2.frames != NULL;
}

/* guest_read() and guest_write() of 1, 4 or 16 bytes, a constant: in line where they lie in the
 * first extent. */
static inline int guest_read_few(const struct vm *vm, uint64_t ipa, void *to, uint32_t size)
{
	const void *whole = guest_at(vm, ipa, size);

	if (unlikely(whole == NULL)) {
		return guest_read(vm, ipa, to, size);
	}
	guest_copy_few(to, whole, size);
	return 0;
}

static inline int guest_write_few(const struct vm *vm, uint64_t ipa, const void *from,
				  uint32_t size)
{
	void *whole = guest_at(vm, ipa, size);

	if (unlikely(whole == NULL)) {
		return guest_write(vm, ipa, from, size);
	}
	guest_copy_few(whole, from, size);
	return 0;
}

/* The IPA a loaded vCPU's EL1 would reach at `va` for reading; -EFAULT when its tables don't map
 * it. Owner. */
int guest_translate(uint64_t va, uint64_t *ipa);

/*
 * The level (0 to 3) of the loaded vCPU's own walk for `va` at which a table lies where the VM has
 * no RAM; 3 when none does any more. Owner.
 */
uint32_t guest_walk_level(const struct vm *vm, uint64_t va);

#endif
