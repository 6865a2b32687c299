/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pages for EL2's own use, handed out at boot and never taken back.
 *
 * A bump allocator over chunks: a pool inside the image first, then RAM the boot code adds.
 * Everything a VM may ever need is taken before it starts, so there is no free(); page counts are
 * equal before and after any number of restarts by construction. Lock: page_alloc rank, inside.
 * page_alloc_seal() ends allocation.
 */
#ifndef MM_PAGE_ALLOC_H
#define MM_PAGE_ALLOC_H

#include "core/base/arena.h"
#include "core/base/types.h"

/* Adds RAM that is mapped one to one and owned by nobody else; page-aligned. Boot CPU. -ENOSPC:
 * table full. */
int page_alloc_add(struct prange range);

/* Where the image lies: its pool is reached at IMAGE_VA. Call first. Boot CPU. */
void page_alloc_init(struct prange image);

/* `count` zeroed pages in a row, page-aligned, or NULL. */
void *page_alloc(uint32_t count);

/* The same, aligned to `count` pages (a power of two): concatenated roots of stage 2. */
void *page_alloc_aligned(uint32_t count);

/* The same as page_alloc(), as somebody left them: for what is zeroed or filled as it is used. */
void *page_alloc_dirty(uint32_t count);

/* An arena of at least `size` bytes made of whole pages; base NULL when there are none. */
struct arena page_alloc_arena(size_t size);

/* After this, allocation is a bug. */
void page_alloc_seal(void);

/* Pages handed out that are not part of the image. */
uint32_t page_alloc_outside_image(void);

/* Pages handed out so far, and still to be had. */
uint32_t page_alloc_used(void);
uint32_t page_alloc_left(void);

/* EL2's view of memory: one to one, but for the image. */
uint64_t virt_to_phys(const void *virt);
void *phys_to_virt(uint64_t phys);

#endif
