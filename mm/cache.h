/* SPDX-License-Identifier: Apache-2.0 */
/* Cache maintenance by address, and of everything at boot. */
#ifndef MM_CACHE_H
#define MM_CACHE_H

#include "core/base/types.h"

/* To the point of coherency, [start, start + size) rounded outwards to lines; complete on return.
 * EL2 addresses. */
void cache_clean(const void *start, uint64_t size);
void cache_clean_invalidate(const void *start, uint64_t size);

/* Zeroes whole pages of normal memory without reading them; size not 0. EL2 addresses. */
void cache_zero(void *pages, uint64_t size);

/*
 * Every data cache of this CPU to the point of coherency, by set and way. Only while no other CPU
 * runs: nothing of what another holds is reached.
 */
void cache_clean_invalidate_all(void);

/* Instruction caches of all CPUs, after code was written and cleaned. */
void icache_invalidate_all(void);

#endif
