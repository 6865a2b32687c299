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

/* The grant that covers the leaf; NULL: none does, or it is a frame. */
static const struct grant *audit_leaf(const struct stage2 *stage2, const struct pgtable_leaf *leaf,
				      uint16_t owner, const struct registry *registry,
				      struct audit_result *result)
{
	const struct grant *grant;
	bool held, good;

	if (is_frame(stage2, leaf)) {
		good = frames_covers(stage2->frames, leaf, &held);
		/* one that it has given up meanwhile is none */
		if (held || !good) {
			found(leaf, good, result);
		}
		return NULL;
	}
	grant = registry_find_of(registry, leaf->out, owner);
	result->shared += grant != NULL && grant->store != 0;
	good = grant != NULL && is_covered(stage2, leaf, grant, registry);
	found(leaf, good, result);
	return good ? grant : NULL;
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

/* Leaves that go on where one ends that its grant covers are covered as that one is, as far as the
 * grant goes. Their bytes. */
static uint64_t audit_rest(const struct stage2 *stage2, const struct pgtable_leaf *leaf,
			   const struct grant *grant, struct audit_result *result)
{
	uint64_t end = grant->pa + grant->size;
	uint64_t rest = pgtable_run(&stage2->pt, leaf, end - leaf->out) - leaf->size;
	uint32_t count = (uint32_t)(rest / leaf->size);

	result->leaves += count;
	result->bytes += rest;
	result->shared += grant->store != 0 ? count : 0;
	return rest;
}

void audit_stage2(const struct stage2 *stage2, uint16_t owner, const struct registry *registry,
		  struct audit_result *result)
{
	struct pgtable_leaf leaf = pgtable_next(&stage2->pt, 0);

	while (leaf.valid) {
		const struct grant *grant = audit_leaf(stage2, &leaf, owner, registry, result);
		uint64_t next = leaf.in + leaf.size;

		if (grant != NULL) {
			next += audit_rest(stage2, &leaf, grant, result);
		}
		leaf = pgtable_next(&stage2->pt, next);
	}
}
