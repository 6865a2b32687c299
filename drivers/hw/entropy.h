/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unpredictable numbers of the board. Best first: the CPUs' own (FEAT_RNG, where all have it),
 * firmware's (Arm DEN 0098 by smc), and what the boot loader left in the tree's /chosen (rng-seed,
 * kaslr-seed). The first two are asked each time; all that there are key a generator at boot, which
 * serves where they don't. A source that gives nothing at boot, beside a tree without a seed,
 * counts as none.
 *
 * The generator has a lock of its own, held for one draw.
 */
#ifndef DRIVERS_HW_ENTROPY_H
#define DRIVERS_HW_ENTROPY_H

#include "core/base/chacha.h"
#include "core/fdt/dt.h"

enum entropy_source {
	ENTROPY_NONE,
	ENTROPY_SEED, /* the generator, keyed by the tree alone */
	ENTROPY_FIRMWARE,
	ENTROPY_CPU,
};

/* chosen: the tree's node /chosen, or DT_NONE. Boot CPU, once the others are up and firmware is
 * known, before any VM is built. */
void entropy_init(const struct dt *tree, int chosen);

/* The best there is; constant after. */
enum entropy_source entropy_source(void);

/* "the CPUs", "firmware" … */
const char *entropy_source_name(void);

/* `size` bytes, at most CHACHA_DRAW_SIZE, of the generator, given out once. Not for ENTROPY_NONE.
 * Any CPU; no locks above RANK_DEVICE. */
void entropy_draw(void *out, size_t size);

/*
 * `count` words of the CPUs or of firmware, as entropy_source() says. 0; -EAGAIN: none are there at
 * the moment; -ENODEV: neither is the source. Any CPU, no locks.
 */
int entropy_words(uint64_t *words, uint32_t count);

#endif
