/* SPDX-License-Identifier: Apache-2.0 */
/* Who owns what of the board's memory. */
#include "core/resource/registry.h"

#include "core/base/bits.h"
#include "core/base/errno.h"

/* The first entry that ends above `pa`. */
static inline __attribute__((always_inline)) uint32_t place_of(const struct registry *registry,
							       uint64_t pa)
{
	uint32_t low = 0, high = registry->count;

	while (low < high) {
		uint32_t middle = (low + high) / 2;
		const struct grant *grant = &registry->grant[middle];

		if (grant->pa + grant->size <= pa) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low;
}

/* A grant to each VM is asked for by each. */
static bool is_same(const struct grant *a, const struct grant *b)
{
	return a->owner == REGISTRY_OWNER_EACH && b->owner == a->owner && a->pa == b->pa &&
	       a->ipa == b->ipa && a->size == b->size && a->kind == b->kind;
}

static bool is_sound(const struct grant *grant)
{
	return grant->size != 0 && grant->pa + grant->size >= grant->pa &&
	       is_aligned(grant->pa | grant->ipa | grant->size, PAGE_SIZE);
}

static int insert(struct registry *registry, uint32_t at, const struct grant *grant)
{
	if (registry->count == REGISTRY_MAX) {
		return -ENOSPC;
	}
	for (uint32_t i = registry->count; i > at; i--) {
		registry->grant[i] = registry->grant[i - 1];
	}
	registry->grant[at] = *grant;
	registry->count++;
	return 0;
}

int registry_grant(struct registry *registry, const struct grant *grant)
{
	uint32_t at = place_of(registry, grant->pa);

	if (!is_sound(grant)) {
		return -EINVAL;
	}
	if (at < registry->count && registry->grant[at].pa < grant->pa + grant->size) {
		return is_same(&registry->grant[at], grant) ? 0 : -EEXIST;
	}
	return insert(registry, at, grant);
}

static struct grant claim_of(struct prange range)
{
	return (struct grant){
		.pa = align_down(range.base, PAGE_SIZE),
		.size = align_up(range.base + range.size, PAGE_SIZE) -
			align_down(range.base, PAGE_SIZE),
		.owner = REGISTRY_OWNER_HYP,
	};
}

int registry_claim(struct registry *registry, struct prange range)
{
	struct grant grant = claim_of(range);

	return registry_grant(registry, &grant);
}

int registry_claim_store(struct registry *registry, struct prange range, uint16_t owner,
			 uint32_t index)
{
	struct grant grant = claim_of(range);

	grant.owner = owner;
	grant.store = (uint16_t)(index + 1);
	return registry_grant(registry, &grant);
}

static bool is_same_memory(const struct grant *a, const struct grant *b)
{
	return a->pa == b->pa && a->size == b->size && a->store == b->store;
}

int registry_share(struct registry *registry, const struct grant *grant)
{
	uint32_t at = place_of(registry, grant->pa);
	const struct grant *claim = &registry->grant[at];

	if (!is_sound(grant) || (grant->kind != STAGE2_SHARED && grant->kind != STAGE2_READ_ONLY)) {
		return -EINVAL;
	}
	if (at == registry->count || claim->owner != REGISTRY_OWNER_SHARED ||
	    !is_same_memory(claim, grant)) {
		return -EEXIST;
	}
	for (at++; at < registry->count && is_same_memory(&registry->grant[at], grant); at++) {
		if (registry->grant[at].owner == grant->owner) {
			return -EEXIST;
		}
	}
	return insert(registry, at, grant);
}

int registry_cede(struct registry *registry, const struct grant *grant)
{
	uint32_t at = place_of(registry, grant->pa);
	struct grant *own = &registry->grant[at];
	struct grant behind;
	uint64_t end = grant->pa + grant->size;

	if (!is_aligned(grant->pa | grant->ipa | grant->size, PAGE_SIZE) || grant->size == 0) {
		return -EINVAL;
	}
	if (at == registry->count || own->owner != REGISTRY_OWNER_HYP ||
	    !range_contains(own->pa, own->size, grant->pa, grant->size)) {
		return -EEXIST;
	}
	if (registry->count + 2 > REGISTRY_MAX) {
		return -ENOSPC;
	}
	behind = (struct grant){.pa = end,
				.size = own->pa + own->size - end,
				.owner = REGISTRY_OWNER_HYP};
	own->size = grant->pa - own->pa;
	if (own->size == 0) {
		registry->count--;
		for (uint32_t i = at; i < registry->count; i++) {
			registry->grant[i] = registry->grant[i + 1];
		}
	}
	if (behind.size != 0) {
		registry_grant(registry, &behind);
	}
	return registry_grant(registry, grant);
}

const struct grant *registry_find(const struct registry *registry, uint64_t pa)
{
	uint32_t at = place_of(registry, pa);

	return at < registry->count && registry->grant[at].pa <= pa ? &registry->grant[at] : NULL;
}

const struct grant *registry_find_of(const struct registry *registry, uint64_t pa, uint16_t owner)
{
	for (uint32_t at = place_of(registry, pa);
	     at < registry->count && registry->grant[at].pa <= pa; at++) {
		const struct grant *grant = &registry->grant[at];

		if (grant->owner == owner || grant->owner == REGISTRY_OWNER_EACH) {
			return grant;
		}
	}
	return NULL;
}

bool registry_is_alone(const struct registry *registry, const struct grant *grant)
{
	uint32_t at = (uint32_t)(grant - registry->grant);

	return (at == 0 || grant[-1].pa + grant[-1].size <= grant->pa) &&
	       (at + 1 == registry->count || grant[1].pa >= grant->pa + grant->size);
}
