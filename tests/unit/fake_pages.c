/* SPDX-License-Identifier: Apache-2.0 */
/* Pages for tables, in place of mm/page_alloc.c. */
#include "tests/unit/fake_pages.h"

#include <string.h>

#include "core/base/bits.h"
#include "mm/page_alloc.h"
#include "tests/unit/unit.h"

static uint8_t memory[FAKE_PAGES_MAX][PAGE_SIZE] __attribute__((aligned(4096)));
static uint32_t used, limit;

void fake_pages_reset(uint32_t pages)
{
	assert_true(pages <= FAKE_PAGES_MAX);
	used = 0;
	limit = pages;
}

uint32_t fake_pages_used(void)
{
	return used;
}

void *page_alloc_aligned(uint32_t count)
{
	uint32_t first = (uint32_t)align_up(used, count);

	if (first + count > limit) {
		return NULL;
	}
	used = first + count;
	memset(memory[first], 0, count * PAGE_SIZE);
	return memory[first];
}

void *page_alloc(uint32_t count)
{
	assert_int_equal(count, 1);
	return page_alloc_aligned(1);
}

uint64_t virt_to_phys(const void *virt)
{
	return FAKE_PAGES_BASE + (uint64_t)((const uint8_t *)virt - memory[0]);
}

void *phys_to_virt(uint64_t phys)
{
	assert_in_range(phys, FAKE_PAGES_BASE, FAKE_PAGES_BASE + used * PAGE_SIZE - 1);
	return memory[0] + (phys - FAKE_PAGES_BASE);
}

static uint64_t alloc_table(void *ctx)
{
	void *page = page_alloc(1);

	(void)ctx;
	return page == NULL ? 0 : virt_to_phys(page);
}

const struct pgtable_ops fake_pages_ops = {.alloc = alloc_table, .virt = phys_to_virt};
