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

void audit_stage2(const struct stage2 *stage2, uint16_t owner, const struct registry *registry,
		  struct audit_result *result)
{
	struct pgtable_leaf leaf;

	for (leaf = pgtable_next(&stage2->pt, 0); leaf.valid;
	     leaf = pgtable_next(&stage2->pt, leaf.in + leaf.size)) {
		result->leaves++;
		result->bytes += leaf.size;
		if (!is_covered(stage2, &leaf, owner, registry)) {
			if (result->faults++ == 0) {
				result->first_ipa = leaf.in;
				result->first_pa = leaf.out;
			}
		}
	}
}
