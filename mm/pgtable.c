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

static bool is_valid(uint64_t desc)
{
	return (desc & PTE_VALID) != 0;
}

static bool is_table(uint64_t desc, unsigned int level)
{
	return level < LEVEL_LAST && (desc & PTE_TYPE) == PTE_TABLE;
}

/* The entry that ends the walk for `in`, a leaf or invalid, and its level. */
static uint64_t *entry_find(const struct pgtable *pt, uint64_t in, unsigned int *level)
{
	uint64_t *table = pt->ops->virt(pt->root);

	for (*level = pt->start_level;; (*level)++) {
		uint64_t *entry = &table[level_index(pt, in, *level)];

		if (!is_table(*entry, *level)) {
			return entry;
		}
		table = pt->ops->virt(*entry & PTE_ADDR);
	}
}

/* The same with tables made until the walk reaches level `want`, unless a leaf above ends it; NULL
 * when there is no page for a table. */
static uint64_t *entry_make(struct pgtable *pt, uint64_t in, unsigned int want, unsigned int *level)
{
	for (;;) {
		uint64_t *entry = entry_find(pt, in, level);
		uint64_t page;

		if (is_valid(*entry) || *level >= want) {
			return entry;
		}
		page = pt->ops->alloc(pt->ctx);
		if (page == 0) {
			return NULL;
		}
		pt->page_count++;
		/* the page's zeros before the descriptor that publishes it, as seen by every
		 * walker */
		dmb(ishst);
		*(volatile uint64_t *)entry = page | PTE_TABLE;
	}
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

/* What is still to be mapped. */
struct stretch {
	uint64_t in, out, size, attrs;
	bool keep;  /* what is mapped already, instead of -EEXIST */
	bool pages; /* no blocks */
};

static void advance(struct stretch *s, uint64_t bytes)
{
	s->in += bytes;
	s->out += bytes;
	s->size -= bytes;
}

#define GROUP 4 /* entries looked at together: most are alike */

/* Writes descriptors from `desc` on where GROUP entries in a row are 0; how many it wrote. */
static uint64_t fill_groups(uint64_t *entry, uint64_t count, uint64_t desc, uint64_t step)
{
	uint64_t *const end = entry + align_down(count, GROUP);
	volatile uint64_t *at = entry;

	while (at != end && (at[0] | at[1] | at[2] | at[3]) == 0) {
		at[0] = desc;
		at[1] = desc += step;
		at[2] = desc += step;
		at[3] = desc += step;
		desc += step;
		at += GROUP;
	}
	return (uint64_t)(at - entry);
}

/* Fills entries of one table as far as the stretch and the table reach, or to the first entry that
 * leads to another table. `entry` is of s->in, which is the start of one of this level's blocks. */
static int fill_table(uint64_t *entry, unsigned int level, struct stretch *s)
{
	uint64_t step = level_size(level);
	uint64_t first = (s->in >> level_shift(level)) & (ENTRY_COUNT - 1);
	uint64_t count = MIN(s->size >> level_shift(level), ENTRY_COUNT - first), i;
	uint64_t desc = s->out | s->attrs | (level == LEVEL_LAST ? PTE_PAGE : PTE_BLOCK);
	int err = 0;

	i = fill_groups(entry, count, desc, step);
	for (desc += i * step; i < count; i++, desc += step) {
		uint64_t old = entry[i];

		if (!is_valid(old)) {
			*(volatile uint64_t *)&entry[i] = desc;
		} else if (is_table(old, level)) {
			break;
		} else if (!s->keep) {
			err = -EEXIST;
			break;
		}
	}
	advance(s, i * step);
	return err;
}

static int map_stretch(struct pgtable *pt, struct stretch s)
{
	int err = 0;

	/* 4 KiB descriptors without LPA2 hold 48 bits of an output address */
	if (!in_range(pt, s.in, s.size) || !range_contains(0, BIT(48), s.out, s.size) ||
	    !is_aligned(s.in | s.out | s.size, PAGE_SIZE)) {
		return -ERANGE;
	}
	while (s.size != 0 && err == 0) {
		unsigned int level, want;
		uint64_t *entry;

		want = s.pages ? LEVEL_LAST : level_for(pt, s.in, s.out, s.size);
		entry = entry_make(pt, s.in, want, &level);
		if (entry == NULL) {
			return -ENOMEM;
		}
		if (level >= want) {
			err = fill_table(entry, level, &s);
		} else if (s.keep) {
			uint64_t rest = level_size(level) - (s.in & (level_size(level) - 1));

			advance(&s, MIN(rest, s.size));
		} else {
			err = -EEXIST;
		}
	}
	/* the descriptors before what the caller does next on any CPU that relies on them; isb: no
	   walk of this CPU's that began before */
	dsb(ishst);
	isb();
	return err;
}

int pgtable_map(struct pgtable *pt, uint64_t in, uint64_t out, uint64_t size, uint64_t attrs)
{
	return map_stretch(pt, (struct stretch){in, out, size, attrs, .keep = false});
}

int pgtable_map_holes(struct pgtable *pt, uint64_t in, uint64_t out, uint64_t size, uint64_t attrs)
{
	return map_stretch(pt, (struct stretch){in, out, size, attrs, .keep = true});
}

int pgtable_map_pages(struct pgtable *pt, uint64_t in, uint64_t out, uint64_t size, uint64_t attrs)
{
	return map_stretch(pt, (struct stretch){in, out, size, attrs, .pages = true});
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

		if (is_valid(*entry)) {
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

static struct pgtable_leaf leaf_at(uint64_t desc, uint64_t in, unsigned int level)
{
	struct pgtable_leaf leaf = {.size = level_size(level), .valid = is_valid(desc)};

	leaf.in = align_down(in, leaf.size);
	if (leaf.valid) {
		leaf.out = align_down(desc & PTE_ADDR, leaf.size);
		leaf.attrs = desc & PTE_ATTRS;
	}
	return leaf;
}

struct pgtable_leaf pgtable_lookup(const struct pgtable *pt, uint64_t in)
{
	unsigned int level;
	const uint64_t *entry;

	if (!in_range(pt, in, 1)) {
		return (struct pgtable_leaf){.in = in, .size = UINT64_MAX - in};
	}
	entry = entry_find(pt, in, &level);
	return leaf_at(*entry, in, level);
}

#define HOLES 8 /* the same, of a table that is mostly empty */

/* Where the holes end that begin with `entry`, of `in`: at the table's end at the latest. */
static uint64_t holes_end(const uint64_t *entry, uint64_t in, unsigned int level)
{
	uint64_t index = in >> level_shift(level);
	uint64_t left = ENTRY_COUNT - 1 - (index & (ENTRY_COUNT - 1));

	for (entry++; left >= HOLES; left -= HOLES, entry += HOLES, index += HOLES) {
		if (is_valid(entry[0] | entry[1] | entry[2] | entry[3] | entry[4] | entry[5] |
			     entry[6] | entry[7])) {
			break;
		}
	}
	for (index++; left > 0 && !is_valid(*entry); left--) {
		index++;
		entry++;
	}
	return index << level_shift(level);
}

struct pgtable_leaf pgtable_next(const struct pgtable *pt, uint64_t in)
{
	while (in_range(pt, in, 1)) {
		unsigned int level;
		const uint64_t *entry = entry_find(pt, in, &level);

		if (is_valid(*entry)) {
			return leaf_at(*entry, in, level);
		}
		in = holes_end(entry, in, level);
	}
	return (struct pgtable_leaf){.in = in};
}

uint64_t pgtable_run(const struct pgtable *pt, const struct pgtable_leaf *leaf, uint64_t size)
{
	unsigned int level;
	const uint64_t *entry = entry_find(pt, leaf->in, &level);
	uint64_t step = level_size(level), run = step, desc = *entry;
	uint64_t left = ENTRY_COUNT - 1 - ((leaf->in >> level_shift(level)) & (ENTRY_COUNT - 1));

	for (; left > 0 && run + step <= size && *++entry == (desc += step); left--) {
		run += step;
	}
	return run;
}

struct pgtable_leaf pgtable_look(const struct pgtable *pt, uint64_t in)
{
	struct pgtable_leaf leaf = {.in = in};
	unsigned int level;
	const uint64_t *entry;

	if (!in_range(pt, in, 1)) {
		return leaf;
	}
	entry = entry_find(pt, in, &level);
	if (is_valid(*entry)) {
		return leaf_at(*entry, in, level);
	}
	leaf.size = holes_end(entry, in, level) - in;
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
