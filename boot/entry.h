/* SPDX-License-Identifier: Apache-2.0 */
/* What C and the entry code (entry.S, header.S) know of each other. */
#ifndef BOOT_ENTRY_H
#define BOOT_ENTRY_H

#include "core/base/types.h"

/* Written by the boot CPU before its MMU is on. */
extern const uint64_t boot_root_pa;

/* In the Image header: distance from the image's start to a joined bundle, or 0. */
extern const uint64_t image_flash_bundle;

/* In the Image header: bytes from the image's start that are in use, a joined bundle included. */
extern const uint64_t image_total_size;

/* Where the others begin, as code: pass its physical address. */
extern const char secondary_entry[];

/* Read by entry.S on the CPU that comes up: root table; stack, on top of which lies its struct
 * secondary_self; and whom these are for (MPIDR_EL1's affinity), checked after they were read. */
extern uint64_t secondary_boot_ttbr, secondary_boot_sp, secondary_boot_mpidr;

#define SECONDARY_NOBODY UINT64_MAX

/* EL2 whose HCR_EL2.E2H reads as one: registers go by EL1's names there. */
#define LEVEL_E2H_STUCK 0

/* C begins here, on the boot CPU: dtb as firmware gave it, exception level, caches on at entry. */
void boot_main(uint64_t dtb_pa, uint64_t image_pa, uint64_t level, uint64_t caches_on)
	__attribute__((noreturn));

#endif
