/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The isolation audit: walks the live stage-2 tables of a VM and holds every leaf against the
 * registry, or against who has the frame (mm/frames.h). At boot, and on demand; a table that says
 * what nobody granted is a bug of the hypervisor or broken memory. Pure.
 */
#ifndef CORE_RESOURCE_AUDIT_H
#define CORE_RESOURCE_AUDIT_H

#include "core/resource/registry.h"

struct audit_result {
	uint32_t leaves;	      /* mappings looked at */
	uint32_t shared;	      /* of these: of memory that VMs share by config */
	uint64_t bytes;		      /* they map */
	uint32_t faults;	      /* leaves that no grant covers, or with other rights */
	uint64_t first_ipa, first_pa; /* of the first fault */
};

/* Adds what it finds to *result. Any CPU: tables are constant once a VM is built. */
void audit_stage2(const struct stage2 *stage2, uint16_t owner, const struct registry *registry,
		  struct audit_result *result);

/* The same for a few leaves at a time: from *at on, 0 at first, which then goes on. False: that was
 * all. */
bool audit_some(const struct stage2 *stage2, uint16_t owner, const struct registry *registry,
		uint64_t *at, struct audit_result *result);

#endif
