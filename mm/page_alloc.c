/* SPDX-License-Identifier: Apache-2.0 */
/* Pages for EL2's own use: chunks and a mark in each. */
#include "mm/page_alloc.h"

#include "core/arm64/layout.h"
#include "core/base/bits.h"
#include "core/base/errno.h"
#include "core/base/spinlock.h"
#include "mm/cache.h"

#define CHUNK_MAX  8
#define POOL_PAGES 40

/* zeroed as it is handed out, not at the start */
static uint8_t pool[POOL_PAGES * PAGE_SIZE] __attribute__((aligned(4096), section(".late")));

static struct {
	struct spinlock lock;
	struct {
		uint8_t *next, *end;
	} chunk[CHUNK_MAX];
	uint32_t chunk_count;
	uint32_t used;
	bool sealed;
	struct prange image; /* constant after page_alloc_init() */
} pages = {.lock = SPINLOCK_INIT(RANK_PAGE_ALLOC)};

void page_alloc_init(struct prange image)
{
	pages.image = image;
	pages.chunk[0].next = pool;
	pages.chunk[0].end = pool + sizeof(pool);
	pages.chunk_count = 1;
}

int page_alloc_add(struct prange range)
{
	if (pages.chunk_count == CHUNK_MAX) {
		return -ENOSPC;
	}
	pages.chunk[pages.chunk_count].next = phys_to_virt(range.base);
	pages.chunk[pages.chunk_count].end = (uint8_t *)phys_to_virt(range.base) + range.size;
	pages.chunk_count++;
	return 0;
}

static void *take(uint32_t count, uint64_t align)
{
	uint8_t *page = NULL;

	CHECK(!pages.sealed);
	spin_lock(&pages.lock);
	for (uint32_t i = 0; i < pages.chunk_count; i++) {
		uint8_t *start = (uint8_t *)align_up((uintptr_t)pages.chunk[i].next, align);

		if (start <= pages.chunk[i].end &&
		    (uint64_t)(pages.chunk[i].end - start) >= count * PAGE_SIZE) {
			page = start;
			pages.chunk[i].next = start + count * PAGE_SIZE;
			pages.used += count;
			break;
		}
	}
	spin_unlock(&pages.lock);
	return page;
}

static void *zeroed(void *page, uint32_t count)
{
	if (page != NULL) {
		cache_zero(page, count * PAGE_SIZE);
	}
	return page;
}

void *page_alloc(uint32_t count)
{
	return zeroed(take(count, PAGE_SIZE), count);
}

void *page_alloc_dirty(uint32_t count)
{
	return take(count, PAGE_SIZE);
}

void *page_alloc_aligned(uint32_t count)
{
	return zeroed(take(count, count * PAGE_SIZE), count);
}

struct arena page_alloc_arena(size_t size)
{
	size_t bytes = align_up(size, PAGE_SIZE);
	uint32_t count = (uint32_t)(bytes / PAGE_SIZE);

	/* arena_alloc() zeroes what it hands out */
	return (struct arena){.base = page_alloc_dirty(count), .size = bytes};
}

void page_alloc_seal(void)
{
	pages.sealed = true;
}

uint32_t page_alloc_used(void)
{
	return pages.used;
}

uint32_t page_alloc_outside_image(void)
{
	return pages.used - (uint32_t)((pages.chunk[0].next - pool) / PAGE_SIZE);
}

uint32_t page_alloc_left(void)
{
	uint64_t left = 0;

	for (uint32_t i = 0; i < pages.chunk_count; i++) {
		left += (uint64_t)(pages.chunk[i].end - pages.chunk[i].next);
	}
	return (uint32_t)(left / PAGE_SIZE);
}

uint64_t virt_to_phys(const void *virt)
{
	uint64_t v = (uint64_t)virt;

	return v >= IMAGE_VA ? v - IMAGE_VA + pages.image.base : v;
}

void *phys_to_virt(uint64_t phys)
{
	bool in_image = phys - pages.image.base < pages.image.size;

	return (void *)(in_image ? phys - pages.image.base + IMAGE_VA : phys);
}
