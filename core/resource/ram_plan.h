/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which physical memory each VM gets: decided once at boot, before anything is mapped. Pure.
 *
 * Regions with a fixed `pa` are placed first; the rest goes, largest first, into the lowest hole
 * that takes it whole, or, when none does, is split over several holes. Stores (memory that is no
 * VM's RAM) go with them, but are never split. Everything is 2 MiB-aligned.
 */
#ifndef CORE_RESOURCE_RAM_PLAN_H
#define CORE_RESOURCE_RAM_PLAN_H

#include "boot/board_types.h"
#include "core/base/diag.h"
#include "core/config/config_types.h"

#define RAM_PLAN_ALIGN	    MIB(2)
#define RAM_PLAN_HOLE_MAX   256
#define RAM_PLAN_EXTENT_MAX 768

struct ram_extent {
	uint16_t vm;  /* index in struct config */
	uint16_t ram; /* index in struct vm_config */
	uint64_t ipa, pa, size;
};

struct ram_plan {
	struct prange hole[RAM_PLAN_HOLE_MAX]; /* free memory, sorted, disjoint */
	uint32_t hole_count;
	struct ram_extent extent[RAM_PLAN_EXTENT_MAX]; /* by VM, then ipa */
	uint32_t extent_count;
};

/*
 * Starts a plan (about 29 KiB: never on the EL2 stack) with all RAM of the board less what is
 * reserved and the `own_count` ranges that the hypervisor keeps. Holes are rounded inwards to
 * RAM_PLAN_ALIGN.
 */
void ram_plan_init(struct ram_plan *plan, const struct board *board, const struct prange *own,
		   uint32_t own_count);

/* Takes a range out of the holes; parts that are not in one are ignored. For what is reserved
 * later. */
void ram_plan_take(struct ram_plan *plan, struct prange range);

/*
 * Places the RAM of every VM that is not refused, and the stores that such VMs use; store[].at says
 * where. A VM that does not fit, or a store of whose does not, is refused, with a sentence that
 * says how much is missing and how large the largest hole is; it then has no extents and the others
 * go on. Returns 0, or -ENOSPC when some VM was refused.
 */
int ram_plan_place(struct ram_plan *plan, struct config *config, struct diag *diag);

/* Bytes in all holes, and in the largest. */
uint64_t ram_plan_free(const struct ram_plan *plan, uint64_t *largest);

#endif
