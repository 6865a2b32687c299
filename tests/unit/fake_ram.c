/* SPDX-License-Identifier: Apache-2.0 */
/* Guest RAM for tests. */
#include "tests/unit/fake_ram.h"

#include <string.h>

#include "core/base/errno.h"
#include "mm/cache.h"
#include "mm/guest_access.h"
#include "tests/fuzz/fuzz.h"

static uint8_t ram[FAKE_RAM_SIZE] __attribute__((aligned(4096)));
static uint32_t count, cleaned;

void fake_ram_reset(void)
{
	memset(ram, 0, sizeof(ram));
	count = cleaned = 0;
}

void fake_ram_is_first(struct vm *vm, bool first)
{
	vm->extent[0] = first ? (struct vm_extent){FAKE_RAM, (uintptr_t)ram, FAKE_RAM_SIZE} :
				(struct vm_extent){0};
}

void *fake_ram(uint64_t ipa)
{
	PROMISE(ipa - FAKE_RAM < FAKE_RAM_SIZE);
	return &ram[ipa - FAKE_RAM];
}

uint32_t fake_ram_count(void)
{
	uint32_t counted = count;

	count = 0;
	return counted;
}

void *guest_pointer(const struct vm *vm, uint64_t ipa, uint64_t size)
{
	(void)vm;
	if (ipa < FAKE_RAM || size > FAKE_RAM_SIZE || ipa - FAKE_RAM > FAKE_RAM_SIZE - size) {
		return NULL;
	}
	count++;
	return &ram[ipa - FAKE_RAM];
}

void cache_clean_invalidate(const void *start, uint64_t size)
{
	PROMISE((const uint8_t *)start >= ram &&
		(const uint8_t *)start + size <= ram + sizeof(ram));
	cleaned++;
}

uint32_t fake_ram_cleaned(void)
{
	uint32_t counted = cleaned;

	cleaned = 0;
	return counted;
}

bool guest_is_ram(const struct vm *vm, uint64_t ipa, uint64_t size)
{
	(void)vm;
	return ipa >= FAKE_RAM && size <= FAKE_RAM_SIZE && ipa - FAKE_RAM <= FAKE_RAM_SIZE - size;
}

bool guest_is_ram_place(const struct vm *vm, uint64_t ipa, uint64_t size)
{
	return guest_is_ram(vm, ipa, size);
}

int guest_read(const struct vm *vm, uint64_t ipa, void *to, uint64_t size)
{
	const void *at = guest_pointer(vm, ipa, size);

	if (at == NULL) {
		return -EFAULT;
	}
	memcpy(to, at, size);
	return 0;
}

int guest_copy(const struct vm *to, uint64_t to_ipa, const struct vm *from, uint64_t from_ipa,
	       uint64_t size)
{
	void *into = guest_pointer(to, to_ipa, size);
	const void *at = guest_pointer(from, from_ipa, size);

	if (into == NULL || at == NULL) {
		return at == NULL ? -EIO : -EFAULT;
	}
	memmove(into, at, size);
	return 0;
}

int guest_write(const struct vm *vm, uint64_t ipa, const void *from, uint64_t size)
{
	void *at = guest_pointer(vm, ipa, size);

	if (at == NULL) {
		return -EFAULT;
	}
	memcpy(at, from, size);
	return 0;
}
