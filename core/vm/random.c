/* SPDX-License-Identifier: Apache-2.0 */
/* Random numbers for a VM. */
#include "core/vm/random.h"

#include "core/base/errno.h"
#include "core/base/string.h"
#include "core/vm/vm.h"
#include "drivers/hw/entropy.h"

#define WORDS (VM_RANDOM_MAX / sizeof(uint64_t))

_Static_assert(VM_RANDOM_MAX <= CHACHA_DRAW_SIZE, "one draw gives all that is asked for");

/* Of the VM's own generator, keyed by the board's the first time. */
static void draw(struct vm *vm, void *out, size_t size)
{
	uint8_t seed[CHACHA_KEY_SIZE];

	if (!atomic_read(&vm->random_keyed)) {
		/* of two vCPUs that come at once both add to it */
		entropy_draw(seed, sizeof(seed));
		spin_lock(&vm->random_lock);
		chacha_mix(&vm->random, seed, sizeof(seed));
		atomic_set(&vm->random_keyed, true);
		spin_unlock(&vm->random_lock);
	}
	spin_lock(&vm->random_lock);
	chacha_draw(&vm->random, out, size);
	spin_unlock(&vm->random_lock);
}

int vm_random(struct vm *vm, void *out, size_t size)
{
	uint64_t words[WORDS];
	int err;

	switch (entropy_source()) {
	case ENTROPY_NONE:
		return -ENODEV;
	case ENTROPY_SEED:
		draw(vm, out, size);
		return 0;
	default:
		err = entropy_words(words,
				    (uint32_t)((size + sizeof(words[0]) - 1) / sizeof(words[0])));
		if (err == 0) {
			memcpy(out, words, size);
		}
		return err;
	}
}
