/* SPDX-License-Identifier: Apache-2.0 */
/* A load that uses memory and looks after it, for tests/system/test_balloon.py. */
#include "core/base/string.h"
#include "tests/linux/say.h"

int main(int count, char **words);

#define USAGE "usage: memory MIB     writes so much memory, and looks at it again and again\n"

#define MAP_PRIVATE   2
#define MAP_ANONYMOUS 0x20

/* What stands at word `n` in round `round`. */
static uint64_t word_of(uint64_t n, uint64_t round)
{
	uint64_t word = (n + 1) * UINT64_C(0x9e3779b97f4a7c15) + round;

	return word ^ word >> 29;
}

/* A word in each 64 bytes: every line, and no more of an emulator's time than that needs. */
#define STRIDE 8

static void write_all(volatile uint64_t *memory, uint64_t words, uint64_t round)
{
	for (uint64_t n = 0; n < words; n += STRIDE) {
		memory[n] = word_of(n, round);
	}
}

static uint64_t wrong(const volatile uint64_t *memory, uint64_t words, uint64_t round)
{
	uint64_t bad = 0;

	for (uint64_t n = 0; n < words; n += STRIDE) {
		bad += memory[n] != word_of(n, round);
	}
	return bad;
}

int main(int count, char **words)
{
	uint64_t size = count == 2 ? strtoul(words[1], NULL, 10) << 20 : 0, bad = 0;
	long memory;

	if (size == 0) {
		say(USAGE);
		return 2;
	}
	memory = linux_call(LINUX_MMAP, 0, (long)size, LINUX_PROT_RW, MAP_PRIVATE | MAP_ANONYMOUS,
			    -1, 0);
	if (memory < 0) {
		say("mmap: error %ld\n", -memory);
		return 1;
	}
	for (uint64_t round = 1; bad == 0; round++) {
		write_all((uint64_t *)memory, size / sizeof(uint64_t), round);
		bad = wrong((uint64_t *)memory, size / sizeof(uint64_t), round);
		say("round %llu: %llu wrong\n", (unsigned long long)round, (unsigned long long)bad);
	}
	return 1;
}
