/* SPDX-License-Identifier: Apache-2.0 */
/* The tables that the MMU is switched on with. */
#ifndef BOOT_EARLY_MAP_H
#define BOOT_EARLY_MAP_H

#include "core/base/types.h"

/* Called by boot_entry with the MMU off; returns the physical address of the root. */
uint64_t early_map(uint64_t image_pa);

/* The level-1 table that maps the image; shared by the boot tables and EL2's final ones. */
const uint64_t *early_image_table(void);

#endif
