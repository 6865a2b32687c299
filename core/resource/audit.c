/* SPDX-License-Identifier: Apache-2.0 */
/* The isolation audit. */
#include "core/resource/audit.h"

#include "mm/frames.h"

static bool is_covered(const struct stage2 *stage2, const struct pgtable_leaf *leaf,
		       const struct grant *grant, const struct registry *registry)
{
	return range_contains(grant->pa, grant->size, leaf->out, leaf->size) &&
	       leaf->in - grant->ipa == leaf->out - grant->pa &&
	       leaf->attrs == stage2_attrs(stage2, grant->kind) &&
	       /* only what is shared may be in two VMs' tables */
	       (grant->store != 0 || registry_is_alone(registry, grant));
}

/* RAM of a VM with a balloon is what its page map and the frame's owner say: each frame has one. */
static bool is_frame(const struct stage2 *stage2, const struct pgtable_leaf *leaf)
{
	return stage2->frames != NULL && frames_is_range(stage2->frames, leaf->in, leaf->size);
}

static void found(const struct pgtable_leaf *leaf, bool good, struct audit_result *result)
{
	result->leaves++;
	result->bytes += leaf->size;
	if (!good && result->faults++ == 0) {
		result->first_ipa = leaf->in;
		result->first_pa = leaf->out;
	}
}

#define LEAVES_AT_ONCE 2 /* one of them may be a hole, which is up to a table of them */

static void audit_leaf(const struct stage2 *stage2, const struct pgtable_leaf *leaf, uint16_t owner,
		       const struct registry *registry, struct audit_result *result)
{
	const struct grant *grant;
	bool held;

	if (is_frame(stage2, leaf)) {
		bool good = frames_covers(stage2->frames, leaf, &held);

		/* one that it has given up meanwhile is none */
		if (held || !good) {
			found(leaf, good, result);
		}
		return;
	}
	grant = registry_find_of(registry, leaf->out, owner);
	result->shared += grant != NULL && grant->store != 0;
	found(leaf, grant != NULL && is_covered(stage2, leaf, grant, registry), result);
}

bool audit_some(const struct stage2 *stage2, uint16_t owner, const struct registry *registry,
		uint64_t *at, struct audit_result *result)
{
	for (uint32_t i = 0; i < LEAVES_AT_ONCE; i++) {
		struct pgtable_leaf leaf = pgtable_look(&stage2->pt, *at);

		*at = leaf.in + leaf.size;
		if (!leaf.valid) {
			return leaf.size != 0;
		}
		audit_leaf(stage2, &leaf, owner, registry, result);
	}
	return true;
}

void audit_stage2(const struct stage2 *stage2, uint16_t owner, const struct registry *registry,
		  struct audit_result *result)
{
	struct pgtable_leaf leaf = pgtable_next(&stage2->pt, 0);

	while (leaf.valid) {
		audit_leaf(stage2, &leaf, owner, registry, result);
		leaf = pgtable_next(&stage2->pt, leaf.in + leaf.size);
	}
}
