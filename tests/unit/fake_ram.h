/* SPDX-License-Identifier: Apache-2.0 */
/* Guest RAM for tests: one piece, and how often it was reached. Stands in for mm/guest_access.c. */
#ifndef TESTS_UNIT_FAKE_RAM_H
#define TESTS_UNIT_FAKE_RAM_H

#include "core/base/types.h"

#define FAKE_RAM      UINT64_C(0x40000000)
#define FAKE_RAM_SIZE UINT64_C(0x100000)

/* All zeros, nothing counted. */
void fake_ram_reset(void);

/* The VM has it as its first extent: what looks there alone finds it, uncounted. Or as pieces that
 * only guest_pointer() finds, as at the beginning. */
struct vm;
void fake_ram_is_first(struct vm *vm, bool first);

/* EL2's address of guest memory; it is there. */
void *fake_ram(uint64_t ipa);

/* Accesses that were granted since the last call. */
uint32_t fake_ram_count(void);

/* Cache maintenance since the last call. */
uint32_t fake_ram_cleaned(void);

#endif
