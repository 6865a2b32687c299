/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who owns what of the board's memory: every range that EL2 keeps or a VM was given, once. The only
 * maker of grants; nothing reaches a stage-2 table without one. Filled at boot by the boot CPU,
 * constant after. Pure.
 */
#ifndef CORE_RESOURCE_REGISTRY_H
#define CORE_RESOURCE_REGISTRY_H

#include "core/base/types.h"
#include "mm/stage2.h"

#define REGISTRY_MAX 1024
#define REGISTRY_OWNER_HYP                                                                         \
	0xffff /* EL2 itself: image, heap, bundle, board's tree; never granted                     \
		*/
#define REGISTRY_OWNER_EACH                                                                        \
	0xfffe /* every VM, at one ipa: registers of which each CPU sees its own */

/* The right of one VM to one range, at one place of its own space. */
struct grant {
	uint64_t ipa, pa, size;
	uint16_t owner; /* VM index, or REGISTRY_OWNER_EACH */
	enum stage2_kind kind;
};

struct registry {
	struct grant grant[REGISTRY_MAX]; /* sorted by pa, disjoint */
	uint32_t count;
};

/* 0, also for a grant to EACH that is there already; -EEXIST: part of it has an owner; -ENOSPC;
 * -EINVAL: empty, wrapping or not page-aligned. */
int registry_claim(struct registry *registry, struct prange range);
int registry_grant(struct registry *registry, const struct grant *grant);

/*
 * Gives a VM a part of what EL2 claimed, which EL2 goes on using too: what is left of the claim
 * stays EL2's. 0; -EEXIST: EL2 has not claimed all of it; -ENOSPC; -EINVAL as above.
 */
int registry_cede(struct registry *registry, const struct grant *grant);

/* The grant or claim that holds `pa`, or NULL. */
const struct grant *registry_find(const struct registry *registry, uint64_t pa);

#endif
