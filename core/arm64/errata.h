/* SPDX-License-Identifier: Apache-2.0 */
/* CPU errata that concern a hypervisor: one table by MIDR range, and what this image does about
 * each. */
#ifndef CORE_ARM64_ERRATA_H
#define CORE_ARM64_ERRATA_H

#include "core/base/types.h"

/* A range of revisions of one part. */
struct erratum {
	uint32_t part;	     /* implementer << 16 | part number */
	uint8_t first, last; /* variant << 4 | revision, inclusive */
	const char *name;
	const char *measure; /* what is done, as the banner says it */
};

/* The erratum `i` of those that this MIDR has, or NULL. Pure. */
const struct erratum *errata_of(uint64_t midr, uint32_t i);

/* One line in the log per erratum that one of the first `cpu_count` CPUs has. */
void errata_print(uint32_t cpu_count);

#endif
