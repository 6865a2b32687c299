/* SPDX-License-Identifier: Apache-2.0 */
/* The isolation audit. */
#include "core/resource/audit.h"

static bool is_covered(const struct stage2 *stage2, const struct pgtable_leaf *leaf, uint16_t owner,
		       const struct registry *registry)
{
	const struct grant *grant = registry_find(registry, leaf->out);

	return grant != NULL && (grant->owner == owner || grant->owner == REGISTRY_OWNER_EACH) &&
	       range_contains(grant->pa, grant->size, leaf->out, leaf->size) &&
	       leaf->in - grant->ipa == leaf->out - grant->pa &&
	       leaf->attrs == stage2_attrs(stage2, grant->kind);
}

#define LEAVES_AT_ONCE 4

bool audit_some(const struct stage2 *stage2, uint16_t owner, const struct registry *registry,
		uint64_t *at, struct audit_result *result)
{
	for (uint32_t i = 0; i < LEAVES_AT_ONCE; i++) {
		struct pgtable_leaf leaf = pgtable_next(&stage2->pt, *at);

		if (!leaf.valid) {
			return false;
		}
		*at = leaf.in + leaf.size;
		result->leaves++;
		result->bytes += leaf.size;
		if (!is_covered(stage2, &leaf, owner, registry) && result->faults++ == 0) {
			result->first_ipa = leaf.in;
			result->first_pa = leaf.out;
		}
	}
	return true;
}

void audit_stage2(const struct stage2 *stage2, uint16_t owner, const struct registry *registry,
		  struct audit_result *result)
{
	uint64_t at = 0;

	while (audit_some(stage2, owner, registry, &at, result)) {
	}
}
