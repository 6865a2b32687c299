/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who owns what of the board's memory: every range that EL2 keeps or a VM was given, once, but for
 * memory that VMs share by config, which is granted to each of them. The only maker of grants;
 * nothing reaches a stage-2 table without one. Filled at boot by the boot CPU, constant after.
 * Pure.
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

/* Stores of the config (struct store_config): */
#define REGISTRY_OWNER_DISK 0xfffd /* what is written to a disk: EL2's */
#define REGISTRY_OWNER_SHARED                                                                      \
	0xfffc /* VMs share it: their grants, of the same range, stand behind */

/* The right of one VM to one range, at one place of its own space. */
struct grant {
	uint64_t ipa, pa, size;
	uint16_t owner; /* VM index, or one of the above */
	uint16_t store; /* of a store: its index in struct config, and 1; else 0 */
	enum stage2_kind kind;
};

struct registry {
	struct grant grant[REGISTRY_MAX]; /* sorted by pa; disjoint, but for what is shared */
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

/* A claim for store `index` of the config: REGISTRY_OWNER_DISK or _SHARED. As registry_claim(). */
int registry_claim_store(struct registry *registry, struct prange range, uint16_t owner,
			 uint32_t index);

/*
 * Gives a VM memory that VMs share: all of what was claimed for grant->store with
 * REGISTRY_OWNER_SHARED, as STAGE2_SHARED or STAGE2_READ_ONLY. 0; -EEXIST: no such claim, or the VM
 * has it; -ENOSPC; -EINVAL: as above, or another kind.
 */
int registry_share(struct registry *registry, const struct grant *grant);

/* The grant or claim that holds `pa`, or NULL; of what is shared the claim. */
const struct grant *registry_find(const struct registry *registry, uint64_t pa);

/* The grant that holds `pa` and is this VM's, or each VM's; or NULL. */
const struct grant *registry_find_of(const struct registry *registry, uint64_t pa, uint16_t owner);

/* The entry shares no byte with its neighbours, and so with none: what everything but shared memory
 * promises. */
bool registry_is_alone(const struct registry *registry, const struct grant *grant);

#endif
