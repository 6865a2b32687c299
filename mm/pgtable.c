/* SPDX-License-Identifier: Apache-2.0 */
/* The one table walker. */
#include "mm/pgtable.h"

#include "core/arm64/barrier.h"
#include "core/base/errno.h"

#define LEVEL_BITS  9
#define LEVEL_LAST  3
#define ENTRY_COUNT 512

static uint32_t level_shift(unsigned int level)
{
	return 12 + LEVEL_BITS * (LEVEL_LAST - level);
}

static uint64_t level_size(unsigned int level)
{
	return BIT(level_shift(level));
}

/* The root of a concatenated table has more than 512 entries; below it an index has nine bits. */
static uint32_t level_index(const struct pgtable *pt, uint64_t in, unsigned int level)
{
	uint64_t index = in >> level_shift(level);

	return (uint32_t)(level == pt->start_level ? index : index & (ENTRY_COUNT - 1));
}

uint8_t pgtable_start_level(uint8_t input_bits, uint32_t *root_pages)
{
	for (uint8_t level = 2; level > 0; level--) {
		/* a table resolves nine bits, concatenation up to four more: DDI 0487 D8.2.7 */
		if (input_bits <= level_shift(level) + LEVEL_BITS + 4) {
			uint32_t bits = level_shift(level) + LEVEL_BITS;

			*root_pages = input_bits > bits ? 1U << (input_bits - bits) : 1;
			return level;
		}
	}
	*root_pages = 1;
	return 0;
}

static bool is_leaf(uint64_t desc, unsigned int level)
{
	return (desc & PTE_VALID) != 0 && (level == LEVEL_LAST || (desc & PTE_TYPE) == PTE_BLOCK);
}

/* The entry for `in` at `want`, tables on the way made; NULL with *err when there is no page or a
 * leaf is in the way. */
static uint64_t *entry_make(struct pgtable *pt, uint64_t in, unsigned int want, int *err)
{
	uint64_t *table = pt->ops->virt(pt->root);

	for (unsigned int level = pt->start_level; level < want; level++) {
		uint64_t *entry = &table[level_index(pt, in, level)];

		if ((*entry & PTE_VALID) == 0) {
			uint64_t page = pt->ops->alloc(pt->ctx);

			if (page == 0) {
				*err = -ENOMEM;
				return NULL;
			}
			pt->page_count++;
			/* the page's zeros before the descriptor that publishes it, as seen by
			 * every walker */
			dmb(ishst);
			*(volatile uint64_t *)entry = page | PTE_TABLE;
		} else if (is_leaf(*entry, level)) {
			*err = -EEXIST;
			return NULL;
		}
		table = pt->ops->virt(*entry & PTE_ADDR);
	}
	return &table[level_index(pt, in, want)];
}

/* The highest level whose block both addresses and the size allow; blocks exist from level 1 on. */
static unsigned int level_for(const struct pgtable *pt, uint64_t in, uint64_t out, uint64_t size)
{
	unsigned int level = MAX(pt->start_level, 1);

	while (level < LEVEL_LAST &&
	       (((in | out) & (level_size(level) - 1)) != 0 || size < level_size(level))) {
		level++;
	}
	return level;
}

static bool in_range(const struct pgtable *pt, uint64_t in, uint64_t size)
{
	return range_contains(0, BIT(pt->input_bits), in, size);
}

int pgtable_map(struct pgtable *pt, uint64_t in, uint64_t out, uint64_t size, uint64_t attrs)
{
	/* 4 KiB descriptors without LPA2 hold 48 bits of an output address */
	if (!in_range(pt, in, size) || !range_contains(0, BIT(48), out, size) ||
	    !is_aligned(in | out | size, PAGE_SIZE)) {
		return -ERANGE;
	}
	while (size != 0) {
		unsigned int level = level_for(pt, in, out, size);
		uint64_t type = level == LEVEL_LAST ? PTE_PAGE : PTE_BLOCK;
		int err = 0;
		uint64_t *entry = entry_make(pt, in, level, &err);

		if (entry == NULL) {
			return err;
		}
		if ((*entry & PTE_VALID) != 0) {
			return -EEXIST;
		}
		*(volatile uint64_t *)entry = out | attrs | type;
		in += level_size(level);
		out += level_size(level);
		size -= level_size(level);
	}
	/* the descriptors before what the caller does next on any CPU that relies on them; isb: no
	   walk of this CPU's that began before */
	dsb(ishst);
	isb();
	return 0;
}

/* The entry that ends the walk for `in`, and its level. */
static uint64_t *entry_find(const struct pgtable *pt, uint64_t in, unsigned int *level_out)
{
	uint64_t *table = pt->ops->virt(pt->root);

	for (unsigned int level = pt->start_level;; level++) {
		uint64_t *entry = &table[level_index(pt, in, level)];

		if ((*entry & PTE_VALID) == 0 || is_leaf(*entry, level)) {
			*level_out = level;
			return entry;
		}
		table = pt->ops->virt(*entry & PTE_ADDR);
	}
}

int pgtable_unmap(struct pgtable *pt, uint64_t in, uint64_t size)
{
	if (!in_range(pt, in, size)) {
		return -ERANGE;
	}
	while (size != 0) {
		unsigned int level;
		uint64_t *entry = entry_find(pt, in, &level);
		uint64_t step = level_size(level) - (in & (level_size(level) - 1));

		if ((*entry & PTE_VALID) != 0) {
			if (step != level_size(level) || step > size) {
				return -EINVAL;
			}
			*(volatile uint64_t *)entry = 0;
		}
		in += MIN(step, size);
		size -= MIN(step, size);
	}
	/* the cleared entries before the TLB invalidation the caller owes */
	dsb(ishst);
	return 0;
}

struct pgtable_leaf pgtable_lookup(const struct pgtable *pt, uint64_t in)
{
	struct pgtable_leaf leaf = {.in = in};
	unsigned int level;
	uint64_t desc;

	if (!in_range(pt, in, 1)) {
		leaf.size = UINT64_MAX - in;
		return leaf;
	}
	desc = *entry_find(pt, in, &level);
	leaf.size = level_size(level);
	leaf.in = align_down(in, leaf.size);
	leaf.valid = (desc & PTE_VALID) != 0;
	if (leaf.valid) {
		leaf.out = align_down(desc & PTE_ADDR, leaf.size);
		leaf.attrs = desc & PTE_ATTRS;
	}
	return leaf;
}

uint32_t pgtable_worst_pages(const struct pgtable *pt, uint64_t in, uint64_t size)
{
	uint64_t pages = 0;

	if (size == 0) {
		return 0;
	}
	for (unsigned int level = pt->start_level + 1U; level <= LEVEL_LAST; level++) {
		uint32_t shift = level_shift(level - 1);

		pages += ((in + size - 1) >> shift) - (in >> shift) + 1;
	}
	return (uint32_t)pages;
}
