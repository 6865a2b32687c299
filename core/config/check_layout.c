/* SPDX-License-Identifier: Apache-2.0 */
/* Where kernel, initrd and device tree go in a VM's RAM, and whether they fit. */
#include "core/base/bits.h"
#include "core/base/string.h"
#include "core/config/checker.h"
#include "core/config/guest_map_types.h"

#define DTB_ROOM KIB(64) /* for a generated tree; more where there is more */
#define DTB_ROOM_MAX                                                                               \
	MIB(2) /* booting.rst: a tree for Linux is no larger and crosses no 2 MiB boundary */
#define NOWHERE CONFIG_ADDR_NONE

/* What is placed already: kernel, initrd, dtb. */
struct taken {
	struct prange range[3];
	uint32_t count;
};

static void take(struct taken *taken, uint64_t base, uint64_t size)
{
	taken->range[taken->count++] = (struct prange){.base = base, .size = size};
}

/* The end of RAM above `ipa`, over adjacent regions; `ipa` itself when it is in none. */
static uint64_t ram_end(const struct vm_config *vm, uint64_t ipa)
{
	uint64_t end = ipa;
	uint64_t before;

	do {
		before = end;
		for (uint32_t i = 0; i < vm->ram_count; i++) {
			if (range_contains(vm->ram[i].ipa, vm->ram[i].size, end, 1)) {
				end = vm->ram[i].ipa + vm->ram[i].size;
			}
		}
	} while (end != before);
	return end;
}

static bool in_ram(const struct vm_config *vm, uint64_t ipa, uint64_t size)
{
	uint64_t end = ram_end(vm, ipa);

	return end != ipa && end - ipa >= size;
}

static bool is_free(const struct vm_config *vm, const struct taken *taken, uint64_t base,
		    uint64_t size)
{
	if (!in_ram(vm, base, size)) {
		return false;
	}
	for (uint32_t i = 0; i < taken->count; i++) {
		if (ranges_overlap(taken->range[i].base, taken->range[i].size, base, size)) {
			return false;
		}
	}
	return true;
}

/* The lowest free place at or above `from`: such a place begins there, at a region, or behind
 * something. */
static uint64_t find_room(const struct vm_config *vm, const struct taken *taken, uint64_t from,
			  uint64_t size, uint64_t align)
{
	uint64_t candidate[1 + CONFIG_RAM_MAX + ARRAY_COUNT(taken->range)];
	uint64_t best = NOWHERE;
	uint32_t count = 0;

	candidate[count++] = from;
	for (uint32_t i = 0; i < vm->ram_count; i++) {
		candidate[count++] = vm->ram[i].ipa;
	}
	for (uint32_t i = 0; i < taken->count; i++) {
		candidate[count++] = taken->range[i].base + taken->range[i].size;
	}
	for (uint32_t i = 0; i < count; i++) {
		uint64_t at = align_up(candidate[i], align);

		if (at >= from && at < best && is_free(vm, taken, at, size)) {
			best = at;
		}
	}
	return best;
}

static uint64_t lowest_ram(const struct vm_config *vm)
{
	uint64_t low = vm->ram[0].ipa;

	for (uint32_t i = 1; i < vm->ram_count; i++) {
		low = MIN(low, vm->ram[i].ipa);
	}
	return low;
}

static uint64_t total_ram(const struct vm_config *vm)
{
	uint64_t total = 0;

	for (uint32_t i = 0; i < vm->ram_count; i++) {
		total += vm->ram[i].size;
	}
	return total;
}

static bool place_kernel(struct checker *c, struct taken *taken)
{
	struct vm_config *vm = c->vm;
	struct vm_layout *layout = &vm->layout;
	const struct image_config *kernel = vm->kernel;

	layout->kernel_size = kernel->mem_size;
	if (kernel->type == IMAGE_LINUX) {
		layout->kernel = lowest_ram(vm) + kernel->text_offset;
		layout->entry = layout->kernel;
	} else {
		layout->kernel = kernel->load;
		layout->entry = kernel->entry;
	}
	if (!in_ram(vm, layout->kernel, layout->kernel_size)) {
		diag_error(
			c->diag, c->path, "kernel",
			"\"%s\" needs 0x%lx bytes at 0x%lx, which is not all RAM: the VM has %lu "
			"MiB from "
			"0x%lx on",
			kernel->name, layout->kernel_size, layout->kernel, total_ram(vm) >> 20,
			lowest_ram(vm));
		return false;
	}
	if (!in_ram(vm, layout->entry, 4) || layout->entry % 4 != 0) {
		diag_error(c->diag, c->path, "kernel",
			   "\"%s\" starts at 0x%lx, which is not an instruction's address in the "
			   "VM's RAM",
			   kernel->name, layout->entry);
		return false;
	}
	take(taken, layout->kernel, layout->kernel_size);
	return true;
}

static bool place_fixed_dtb(struct checker *c, struct taken *taken, uint64_t size)
{
	struct vm_config *vm = c->vm;

	if (vm->dtb_address % 8 != 0) {
		diag_error(c->diag, c->path, "dtb-address", "is 0x%lx: it must be a multiple of 8",
			   vm->dtb_address);
		return false;
	}
	if (!in_ram(vm, vm->dtb_address, size)) {
		diag_error(c->diag, c->path, "dtb-address",
			   "is 0x%lx: there are not 0x%lx bytes of the VM's RAM there",
			   vm->dtb_address, size);
		return false;
	}
	if (!is_free(vm, taken, vm->dtb_address, size)) {
		diag_error(c->diag, c->path, "dtb-address",
			   "is 0x%lx: the 0x%lx bytes there are needed for the kernel, at 0x%lx to "
			   "0x%lx",
			   vm->dtb_address, size, vm->layout.kernel,
			   vm->layout.kernel + vm->layout.kernel_size - 1);
		return false;
	}
	vm->layout.dtb = vm->dtb_address;
	take(taken, vm->layout.dtb, size);
	return true;
}

static void refuse_room(struct checker *c, const char *property, uint64_t size)
{
	diag_error(
		c->diag, c->path, property,
		"%s needs 0x%lx bytes beside the kernel (0x%lx bytes): the VM has %lu MiB, give it "
		"more",
		strcmp(property, "initrd") == 0 ? "the initrd" : "the device tree", size,
		c->vm->layout.kernel_size, total_ram(c->vm) >> 20);
}

/*
 * Linux's tree has 2 MiB to itself, clear of the boundaries it must not cross. Other images often
 * sit some way above the start of RAM and look for the tree there: so it goes into the lowest free
 * place.
 */
static bool place_dtb(struct checker *c, struct taken *taken, uint64_t size)
{
	struct vm_config *vm = c->vm;
	bool linux_kernel = vm->kernel->type == IMAGE_LINUX;
	uint64_t from = linux_kernel ? vm->layout.kernel : lowest_ram(vm);

	vm->layout.dtb = find_room(vm, taken, from, size, linux_kernel ? DTB_ROOM_MAX : PAGE_SIZE);
	if (vm->layout.dtb == NOWHERE) {
		refuse_room(c, vm->dtb != NULL ? "dtb" : "memory-size", size);
		return false;
	}
	take(taken, vm->layout.dtb, size);
	return true;
}

static bool place_initrd(struct checker *c, struct taken *taken)
{
	struct vm_config *vm = c->vm;

	vm->layout.initrd = find_room(vm, taken, vm->layout.kernel + vm->layout.kernel_size,
				      vm->initrd->size, PAGE_SIZE);
	if (vm->layout.initrd == NOWHERE) {
		refuse_room(c, "initrd", vm->initrd->size);
		return false;
	}
	take(taken, vm->layout.initrd, vm->initrd->size);
	return true;
}

/* From the tree up to what lies behind it. */
static uint64_t dtb_room(const struct vm_config *vm, const struct taken *taken)
{
	uint64_t at = vm->layout.dtb, end = MIN(ram_end(vm, at), at + DTB_ROOM_MAX);

	for (uint32_t i = 0; i < taken->count; i++) {
		if (taken->range[i].base > at) {
			end = MIN(end, taken->range[i].base);
		}
	}
	if (vm->kernel->type == IMAGE_LINUX) {
		end = MIN(end, align_up(at + 1, DTB_ROOM_MAX));
	}
	return end - at;
}

void checker_layout(struct checker *c)
{
	struct vm_config *vm = c->vm;
	struct taken taken = {.count = 0};
	uint64_t size = DTB_ROOM;

	vm->layout.initrd = CONFIG_ADDR_NONE;
	if (vm->kernel == NULL || vm->ram_count == 0 || !place_kernel(c, &taken)) {
		return;
	}
	if (vm->dtb != NULL) {
		size = vm->dtb->mem_size;
		if (vm->kernel->type == IMAGE_LINUX && size > DTB_ROOM_MAX) {
			diag_error(c->diag, c->path, "dtb",
				   "has 0x%lx bytes: Linux takes a tree of at most 2 MiB", size);
			return;
		}
	}
	if (vm->dtb_address != CONFIG_ADDR_NONE && !place_fixed_dtb(c, &taken, size)) {
		return;
	}
	if (vm->initrd != NULL && !place_initrd(c, &taken)) {
		return;
	}
	if (vm->dtb_address == CONFIG_ADDR_NONE && !place_dtb(c, &taken, size)) {
		return;
	}
	vm->layout.dtb_max = dtb_room(vm, &taken);
}
