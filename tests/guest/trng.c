/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random numbers (DEN 0098) as a guest gets them, or doesn't where the board has none; and the seed
 * in its tree. What it got it also prints, for tests that compare VMs and lives.
 */
#include "tests/guest/lib/console.h"
#include "tests/guest/lib/cpu.h"
#include "tests/guest/lib/psci.h"
#include "tests/guest/lib/string.h"
#include "tests/guest/lib/tap.h"

#define TRNG_VERSION  0x84000050
#define TRNG_FEATURES 0x84000051
#define TRNG_GET_UUID 0x84000052
#define TRNG_RND32    0x84000053
#define TRNG_RND64    0xc4000053

#define TRNG_INVALID_PARAMETERS (-2)

#define FDT_BEGIN_NODE 1
#define FDT_PROP       3
#define FDT_END	       9
#define SEED_SIZE      32

#define DRAWS 200

static struct smccc_regs rnd(uint32_t fn, uint64_t bits)
{
	struct smccc_regs r = {.x = {fn, bits}};

	smccc_hvc(&r);
	return r;
}

static uint32_t be32(uint64_t at)
{
	return __builtin_bswap32(*(volatile uint32_t *)at);
}

/* The value of the tree's rng-seed: the only property of that name; 0: it has none. */
static uint64_t find_seed(void)
{
	uint64_t tree = cpus[0].entry.x0;
	uint64_t at = tree + be32(tree + 8), strings = tree + be32(tree + 12);

	for (uint32_t token = be32(at); token != FDT_END; token = be32(at)) {
		at += 4;
		if (token == FDT_BEGIN_NODE) {
			while (*(volatile char *)at++ != '\0') {
			}
			at = (at + 3) & ~UINT64_C(3);
		} else if (token == FDT_PROP) {
			uint32_t len = be32(at), name = be32(at + 4);

			at += 8;
			if (memcmp((const void *)(strings + name), "rng-seed", 9) == 0) {
				return len == SEED_SIZE ? at : 0;
			}
			at += (len + 3) & ~3U;
		}
	}
	return 0;
}

static void test_none(void)
{
	static const uint32_t ids[] = {TRNG_FEATURES, TRNG_GET_UUID, TRNG_RND32, TRNG_RND64};
	unsigned int refused = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(ids); i++) {
		refused += psci_call(ids[i], 32, 0, 0) == PSCI_NOT_SUPPORTED;
	}
	is(refused, ARRAY_SIZE(ids), "without TRNG_VERSION nothing of it is there");
	is(find_seed(), 0, "the tree has no rng-seed");
}

static void test_discovery(void)
{
	static const uint32_t ids[] = {TRNG_VERSION, TRNG_FEATURES, TRNG_GET_UUID, TRNG_RND32,
				       TRNG_RND64};
	struct smccc_regs r = {.x = {TRNG_GET_UUID}};
	unsigned int there = 0;

	is(psci_call(TRNG_VERSION, 0, 0, 0), 0x10000, "TRNG_VERSION is 1.0");
	is(psci_call_smc(TRNG_VERSION, 0, 0, 0), 0x10000, "by SMC too");
	for (unsigned int i = 0; i < ARRAY_SIZE(ids); i++) {
		there += psci_call(TRNG_FEATURES, ids[i], 0, 0) == PSCI_SUCCESS;
	}
	is(there, ARRAY_SIZE(ids), "TRNG_FEATURES has every function");
	is(psci_call(TRNG_FEATURES, 0x84000054, 0, 0), PSCI_NOT_SUPPORTED, "and no other");
	is(psci_call(TRNG_FEATURES, 0xc4000050, 0, 0), PSCI_NOT_SUPPORTED,
	   "nor the 64-bit form of what has none");
	smccc_hvc(&r);
	ok((uint32_t)r.x[0] != 0xffffffff && (r.x[0] | r.x[1] | r.x[2] | r.x[3]) >> 32 == 0,
	   "TRNG_GET_UUID gives four words");
	/* RFC 4122: the version is in the upper half of byte 6, the variant in that of byte 8 */
	is(r.x[1] >> 20 & 0xf, 4, "a random one, by its version");
	is(r.x[2] >> 6 & 3, 2, "and variant");
}

static void test_limits(void)
{
	is(rnd(TRNG_RND64, 0).x[0], (uint64_t)TRNG_INVALID_PARAMETERS, "no bits are too few");
	is(rnd(TRNG_RND64, 193).x[0], (uint64_t)TRNG_INVALID_PARAMETERS, "193 are too many");
	is(rnd(TRNG_RND64, UINT64_C(1) << 32 | 8).x[0], (uint64_t)TRNG_INVALID_PARAMETERS,
	   "so are 2^32 + 8");
	is(rnd(TRNG_RND32, 97).x[0], (uint64_t)TRNG_INVALID_PARAMETERS,
	   "97 are too many for the 32-bit form");
	is(rnd(TRNG_RND32, 0).x[0], (uint64_t)TRNG_INVALID_PARAMETERS, "and none too few");
	is(rnd(TRNG_RND32, UINT64_C(1) << 32 | 8).x[0], 0,
	   "which ignores the upper half of its argument");
}

/* Bits above the number that was asked for, over every number; and bits that are never 1. */
static void test_bits(uint32_t fn, unsigned int most, unsigned int width, const char *sentence)
{
	uint64_t wrong = 0;

	for (unsigned int bits = 1; bits <= most; bits++) {
		struct smccc_regs r = rnd(fn, bits);

		wrong += r.x[0] != 0;
		for (unsigned int i = 0; i < 3; i++) {
			unsigned int left = bits > width * i ? bits - width * i : 0;

			wrong += left < 64 && r.x[3 - i] >> (left < width ? left : width) != 0;
		}
	}
	is(wrong, 0, sentence);
}

static void test_random(void)
{
	uint64_t ones[3] = {0}, zeros[3] = {0}, last = 0, same = 0;

	for (unsigned int n = 0; n < DRAWS; n++) {
		struct smccc_regs r = rnd(TRNG_RND64, 192);

		for (unsigned int i = 0; i < 3; i++) {
			ones[i] |= r.x[i + 1];
			zeros[i] |= ~r.x[i + 1];
		}
		same += r.x[3] == last || r.x[3] == r.x[2] || r.x[3] == r.x[1];
		last = r.x[3];
	}
	ok((ones[0] & ones[1] & ones[2]) == ~UINT64_C(0), "every bit is 1 at times");
	ok((zeros[0] & zeros[1] & zeros[2]) == ~UINT64_C(0), "and 0 at times");
	is(same, 0, "no word comes twice");
}

int main(void)
{
	struct smccc_regs r = rnd(TRNG_RND64, 192);
	uint64_t seed = find_seed();

	printf("trng: drew 0x%lx 0x%lx 0x%lx\n", r.x[1], r.x[2], r.x[3]);
	if (seed != 0) {
		printf("trng: seed %08x%08x%08x%08x%08x%08x%08x%08x\n", be32(seed), be32(seed + 4),
		       be32(seed + 8), be32(seed + 12), be32(seed + 16), be32(seed + 20),
		       be32(seed + 24), be32(seed + 28));
	}
	if (psci_call(TRNG_VERSION, 0, 0, 0) == PSCI_NOT_SUPPORTED) {
		test_none();
		tap_done();
	}
	test_discovery();
	test_limits();
	test_bits(TRNG_RND64, 192, 64, "RND64 gives no bits above those asked for");
	test_bits(TRNG_RND32, 96, 32, "RND32 gives no bits above those asked for");
	test_random();
	ok(seed != 0, "the tree has an rng-seed of 32 bytes");
	tap_done();
}
