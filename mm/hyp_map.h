/* SPDX-License-Identifier: Apache-2.0 */
/*
 * EL2's own stage 1 (boot/layout.h shows the address space): the image with its rights, RAM
 * read-write or read-only and never executable, device registers page by page. Changed by the boot
 * CPU only, before VMs run.
 */
#ifndef MM_HYP_MAP_H
#define MM_HYP_MAP_H

#include "core/base/types.h"

/* Builds the root around the image's table and switches this CPU to it. Call once, after
 * page_alloc_init(). */
void hyp_map_init(struct prange image, const uint64_t *image_table);

/* The same where this is not EL2 and nothing but a sentence is to come: goes on with the boot root.
 */
void hyp_map_init_boot_root(struct prange image, uint64_t boot_root);

/* Physical address of the root: what secondaries put into TTBR0_EL2. */
uint64_t hyp_map_root(void);

/*
 * Map [base, base + size), rounded outwards to pages, one to one. Parts that are mapped already,
 * and the image, keep what they have. 0, -ENOMEM, or -ERANGE when it reaches above PHYS_LIMIT.
 */
int hyp_map_ram(struct prange range);
int hyp_map_read_only(struct prange range);
int hyp_map_device(struct prange range);

/* Likewise RAM that nobody has mapped otherwise, and whose contents a reset must find in memory. */
int hyp_map_uncached(struct prange range);

/* A secondary's stacks with a guard page below each; returns 0 or -ENOMEM. Tops are EL2 addresses.
 */
int hyp_map_stacks(uint32_t cpu, uint64_t *stack_top, uint64_t *emergency_top);

/* A CPU's trace, in its slot beside the stacks; as somebody left it. 0 or -ENOMEM. */
int hyp_map_trace(uint32_t cpu);

/* Pages of tables in use. */
uint32_t hyp_map_pages(void);

#endif
