/* SPDX-License-Identifier: Apache-2.0 */
/* Unpredictable numbers of the board. */
#include "drivers/hw/entropy.h"

#include "core/arm64/features.h"
#include "core/arm64/smccc.h"
#include "core/arm64/sysreg.h"
#include "core/base/errno.h"
#include "core/base/spinlock.h"
#include "core/base/string.h"
#include "drivers/hw/psci.h"

#define CPU_TRIES 10 /* DDI 0487 RNDR: it may have none for a moment */
#define WORDS_MAX 3  /* of one call to firmware */
#define KEY_TRIES 100

static struct {
	enum entropy_source source; /* constant after entropy_init() */
	struct spinlock lock;	    /* protects the generator */
	struct chacha generator;
} entropy = {.lock = SPINLOCK_INIT(RANK_RANDOM)};

enum entropy_source entropy_source(void)
{
	return entropy.source;
}

const char *entropy_source_name(void)
{
	static const char *const names[] = {
		[ENTROPY_NONE] = "none: /chosen of the board's tree has no rng-seed",
		[ENTROPY_SEED] = "a generator keyed by the board's tree",
		[ENTROPY_FIRMWARE] = "firmware's",
		[ENTROPY_CPU] = "the CPUs' own",
	};

	return names[entropy.source];
}

static bool read_cpu(uint64_t *word)
{
	for (uint32_t i = 0; i < CPU_TRIES; i++) {
		uint64_t value, there;

		/* RNDR; Z is set when it has none */
		__asm__ volatile("mrs %0, s3_3_c2_c4_0\n\tcset %1, ne"
				 : "=r"(value), "=r"(there)
				 :
				 : "cc");
		if (there != 0) {
			*word = value;
			return true;
		}
	}
	return false;
}

/* DEN 0098 TRNG_RND64: the lowest bits are in x3 */
static int read_firmware(uint64_t *words, uint32_t count)
{
	struct smccc_regs regs = {.x = {TRNG_RND64, 64 * count}};

	smccc_smc(&regs);
	if ((int64_t)regs.x[0] != SMCCC_SUCCESS) {
		return -EAGAIN;
	}
	for (uint32_t i = 0; i < count; i++) {
		words[i] = regs.x[3 - i];
	}
	return 0;
}

int entropy_words(uint64_t *words, uint32_t count)
{
	if (entropy.source == ENTROPY_FIRMWARE) {
		return read_firmware(words, count);
	}
	if (entropy.source != ENTROPY_CPU) {
		return -ENODEV;
	}
	for (uint32_t i = 0; i < count; i++) {
		if (!read_cpu(&words[i])) {
			return -EAGAIN;
		}
	}
	return 0;
}

void entropy_draw(void *out, size_t size)
{
	spin_lock(&entropy.lock);
	chacha_draw(&entropy.generator, out, size);
	spin_unlock(&entropy.lock);
}

/* Words of the best source; firmware may have to gather them: DEN 0098 TRNG_NO_ENTROPY. */
static bool mix_words(void)
{
	uint64_t words[WORDS_MAX];
	int err = -EAGAIN;

	for (uint32_t i = 0; i < KEY_TRIES && err == -EAGAIN; i++) {
		err = entropy_words(words, WORDS_MAX);
	}
	if (err == 0) {
		chacha_mix(&entropy.generator, words, sizeof(words));
	}
	return err == 0;
}

static bool mix_property(const struct dt *tree, int node, const char *name)
{
	struct dt_prop prop;

	if (!dt_prop(tree, node, name, &prop) || prop.len < sizeof(uint64_t)) {
		return false;
	}
	chacha_mix(&entropy.generator, prop.value, prop.len);
	return true;
}

static bool firmware_has_it(void)
{
	return psci_has_smccc() && (int32_t)smccc_call(TRNG_VERSION, 0, 0, 0) >= TRNG_VERSION_1_0 &&
	       (int32_t)smccc_call(TRNG_FEATURES, TRNG_RND64, 0, 0) >= 0;
}

void entropy_init(const struct dt *tree, int chosen)
{
	static const char *const names[] = {"rng-seed", "kaslr-seed"};
	bool keyed;

	if (FIELD_GET(ID_AA64ISAR0_RNDR, cpu_features.all.idreg[IDREG_ISAR0]) != 0) {
		entropy.source = ENTROPY_CPU;
	} else if (firmware_has_it()) {
		entropy.source = ENTROPY_FIRMWARE;
	}
	keyed = mix_words();
	for (uint32_t i = 0; i < ARRAY_COUNT(names) && chosen != DT_NONE; i++) {
		keyed |= mix_property(tree, chosen, names[i]);
	}
	/* what is not keyed is the same at each boot, and nothing may fall back on it */
	if (!keyed) {
		entropy.source = ENTROPY_NONE;
	} else if (entropy.source == ENTROPY_NONE) {
		entropy.source = ENTROPY_SEED;
	}
}
