/* SPDX-License-Identifier: Apache-2.0 */
/* Random numbers for a VM. */
#include "core/vm/random.h"

#include "core/base/errno.h"
#include "core/base/string.h"
#include "core/vm/vm.h"
#include "drivers/hw/entropy.h"

#define WORDS (VM_RANDOM_MAX / sizeof(uint64_t))

_Static_assert(VM_RANDOM_MAX <= CHACHA_DRAW_SIZE, "one draw gives all that is asked for");

void vm_random_begin(struct vm *vm)
{
	uint8_t seed[CHACHA_KEY_SIZE];

	entropy_draw(seed, sizeof(seed));
	chacha_mix(&vm->random, seed, sizeof(seed));
}

/* Of the VM's own generator. */
static void draw(struct vm *vm, void *out, size_t size)
{
	spin_lock(&vm->random_lock);
	chacha_draw(&vm->random, out, size);
	spin_unlock(&vm->random_lock);
}

int vm_random(struct vm *vm, void *out, size_t size)
{
	uint64_t words[WORDS];
	uint32_t count = (uint32_t)((size + sizeof(words[0]) - 1) / sizeof(words[0]));

	if (entropy_source() == ENTROPY_NONE) {
		return -ENODEV;
	}
	if (entropy_words(words, count) == 0) {
		memcpy(out, words, size);
	} else {
		draw(vm, out, size);
	}
	return 0;
}
