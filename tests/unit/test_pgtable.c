/* SPDX-License-Identifier: Apache-2.0 */
/* Translation tables and a VM's stage 2, as DDI 0487 D8 has them. */
#include "mm/pgtable.h"

#include <string.h>

#include "core/base/errno.h"
#include "mm/stage2.h"
#include "tests/unit/fake_pages.h"
#include "tests/unit/random.h"
#include "tests/unit/unit.h"

#define ATTRS (PTE_AF | PTE_SH_INNER | S2_MEM_NORMAL | S2_AP_READ | S2_AP_WRITE)

static struct pgtable make(uint8_t input_bits)
{
	struct pgtable pt = {.ops = &fake_pages_ops, .input_bits = input_bits};
	uint32_t roots;

	fake_pages_reset(FAKE_PAGES_MAX);
	pt.start_level = pgtable_start_level(input_bits, &roots);
	for (uint32_t i = 0; i < roots; i++) {
		uint64_t page = fake_pages_ops.alloc(NULL);

		pt.root = i == 0 ? page : pt.root;
	}
	return pt;
}

/* DDI 0487 D8.2, 4 KiB granule: 9 bits a level, 16 tables side by side at most. */
static void roots(void **state)
{
	static const struct {
		uint8_t bits, level;
		uint32_t roots;
	} cases[] = {
		{30, 2, 1}, {31, 2, 2}, {32, 2, 4}, {34, 2, 16}, {35, 1, 1}, {36, 1, 1},
		{39, 1, 1}, {40, 1, 2}, {42, 1, 8}, {43, 1, 16}, {44, 0, 1}, {48, 0, 1},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		uint32_t count;

		assert_int_equal(pgtable_start_level(cases[i].bits, &count), cases[i].level);
		assert_int_equal(count, cases[i].roots);
	}
}

static void expect_leaf(const struct pgtable *pt, uint64_t at, uint64_t in, uint64_t out,
			uint64_t size)
{
	struct pgtable_leaf leaf = pgtable_lookup(pt, at);

	assert_true(leaf.valid);
	assert_int_equal(leaf.in, in);
	assert_int_equal(leaf.out, out);
	assert_int_equal(leaf.size, size);
	assert_int_equal(leaf.attrs, ATTRS);
}

static void expect_hole(const struct pgtable *pt, uint64_t at, uint64_t size)
{
	struct pgtable_leaf leaf = pgtable_lookup(pt, at);

	assert_false(leaf.valid);
	assert_int_equal(leaf.in, at & ~(size - 1));
	assert_int_equal(leaf.size, size);
}

static void largest_blocks(void **state)
{
	static const struct {
		uint8_t bits;
		uint64_t in, out, size; /* one mapping */
		uint64_t at, leaf;	/* the leaf that holds `at` has this size */
		uint32_t tables;
	} cases[] = {
		{40, GIB(1), GIB(4), GIB(2), GIB(2), GIB(1), 0},
		{40, GIB(1), MIB(2), GIB(1), GIB(1), MIB(2), 1},
		{40, GIB(1), GIB(1), MIB(2), GIB(1), MIB(2), 1},
		{40, GIB(1), GIB(1), MIB(2) - 4096, GIB(1), 4096, 2},
		{40, MIB(2), MIB(4) + 4096, MIB(2), MIB(2), 4096, 2},
		/* small pages up to the first boundary, then blocks, then pages again */
		{40, GIB(1) - 4096, GIB(3) - 4096, GIB(1) + 8192, GIB(1) - 4096, 4096, 4},
		{40, GIB(1) - 4096, GIB(3) - 4096, GIB(1) + 8192, GIB(1) + 5, GIB(1), 4},
		{40, GIB(1) - 4096, GIB(3) - 4096, GIB(1) + 8192, GIB(2), 4096, 4},
		/* no block above level 1, and none above the root */
		{48, 0, 0, GIB(512), GIB(3), GIB(1), 1},
		{32, GIB(1), GIB(1), GIB(1), GIB(1), MIB(2), 0},
		/* through the last of the concatenated roots */
		{40, GIB(1023), GIB(7), GIB(1), GIB(1023), GIB(1), 0},
		{34, GIB(15), GIB(7), GIB(1), GIB(16) - 1, MIB(2), 0},
		{36, GIB(63), GIB(7), GIB(1), GIB(63), GIB(1), 0},
		{44, GIB(16383), GIB(7), GIB(1), GIB(16384) - 1, GIB(1), 1},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct pgtable pt = make(cases[i].bits);
		uint64_t in = cases[i].at & ~(cases[i].leaf - 1);

		assert_int_equal(pgtable_map(&pt, cases[i].in, cases[i].out, cases[i].size, ATTRS),
				 0);
		expect_leaf(&pt, cases[i].at, in, in - cases[i].in + cases[i].out, cases[i].leaf);
		assert_int_equal(pt.page_count, cases[i].tables);
	}
}

static void never_replaced(void **state)
{
	static const struct {
		uint64_t have, have_size, in, size;
	} cases[] = {
		{GIB(1), GIB(1), GIB(1), GIB(1)},	   /* the same again */
		{GIB(1), GIB(1), GIB(1) + MIB(4), MIB(2)}, /* inside a large block */
		{GIB(1), GIB(1), GIB(1) + 4096, 4096},
		{GIB(1), MIB(2), GIB(1) + 8192, 4096},
		{GIB(1) + 4096, 4096, GIB(1), MIB(2)}, /* a block over a page */
		{GIB(1) + MIB(2), MIB(2), GIB(1), GIB(1)},
		{GIB(1) + MIB(2), MIB(2), GIB(1), MIB(4)}, /* ends in it */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct pgtable pt = make(40);

		assert_int_equal(pgtable_map(&pt, cases[i].have, GIB(8), cases[i].have_size, ATTRS),
				 0);
		assert_int_equal(pgtable_map(&pt, cases[i].in, GIB(16), cases[i].size,
					     ATTRS | S2_XN),
				 -EEXIST);
		expect_leaf(&pt, cases[i].have, cases[i].have, GIB(8), cases[i].have_size);
	}
}

static void whole_leaves(void **state)
{
	struct pgtable pt = make(40);

	(void)state;
	assert_int_equal(pgtable_map(&pt, GIB(1), GIB(2), GIB(1) + MIB(4), ATTRS), 0);
	/* parts of blocks: the front, the middle, the end, a block and a half */
	assert_int_equal(pgtable_unmap(&pt, GIB(1), MIB(2)), -EINVAL);
	assert_int_equal(pgtable_unmap(&pt, GIB(1) + MIB(2), GIB(1) - MIB(2)), -EINVAL);
	assert_int_equal(pgtable_unmap(&pt, GIB(2), MIB(1)), -EINVAL);
	assert_int_equal(pgtable_unmap(&pt, GIB(2) + MIB(1), MIB(1)), -EINVAL);
	expect_leaf(&pt, GIB(1), GIB(1), GIB(2), GIB(1));
	expect_leaf(&pt, GIB(2), GIB(2), GIB(3), MIB(2));
	/* one of two */
	assert_int_equal(pgtable_unmap(&pt, GIB(2), MIB(2)), 0);
	expect_hole(&pt, GIB(2), MIB(2));
	expect_leaf(&pt, GIB(2) + MIB(2), GIB(2) + MIB(2), GIB(3) + MIB(2), MIB(2));
	/* holes are skipped, of any size */
	assert_int_equal(pgtable_unmap(&pt, 0, GIB(512)), 0);
	expect_hole(&pt, GIB(1), GIB(1));
	assert_int_equal(pgtable_unmap(&pt, 0, BIT(40)), 0);
	assert_int_equal(pgtable_unmap(&pt, 0, BIT(40) + 4096), -ERANGE);
	/* what was unmapped can be mapped again */
	assert_int_equal(pgtable_map(&pt, GIB(1), GIB(9), GIB(1), ATTRS), 0);
	expect_leaf(&pt, GIB(1), GIB(1), GIB(9), GIB(1));
}

static void holes(void **state)
{
	struct pgtable pt = make(40);
	struct pgtable_leaf leaf;

	(void)state;
	expect_hole(&pt, GIB(5) + 123, GIB(1));
	assert_int_equal(pgtable_map(&pt, GIB(5) + MIB(2), GIB(5), MIB(2), ATTRS), 0);
	expect_hole(&pt, GIB(5) + 123, MIB(2));
	assert_int_equal(pgtable_map(&pt, GIB(5) + 8192, GIB(6), 4096, ATTRS), 0);
	expect_hole(&pt, GIB(5) + 123, 4096);
	expect_leaf(&pt, GIB(5) + 8192 + 123, GIB(5) + 8192, GIB(6), 4096);
	/* beyond the input size nothing is, up to the end */
	leaf = pgtable_lookup(&pt, BIT(40));
	assert_false(leaf.valid);
	assert_int_equal(leaf.in, BIT(40));
	assert_true(leaf.size >= UINT64_MAX - BIT(40));
	assert_false(pgtable_lookup(&pt, UINT64_MAX).valid);
}

/* What stands there stays, of any size; what is free is filled with the largest blocks. */
static void only_holes(void **state)
{
	static const struct {
		uint64_t have, have_size, in, size;
		uint64_t at, leaf; /* what was filled: the leaf that holds `at` has this size */
	} cases[] = {
		{GIB(1) + 8192, 4096, GIB(1), MIB(2), GIB(1) + 4096, 4096},
		{GIB(1) + 8192, 4096, GIB(1), MIB(4), GIB(1) + MIB(2), MIB(2)},
		{GIB(1) + 8192, 8192, GIB(1), GIB(2), GIB(2), GIB(1)},
		{GIB(1) + MIB(2), MIB(4), GIB(1), GIB(1), GIB(1), MIB(2)},
		/* begins and ends inside a block that is there */
		{GIB(1), GIB(1), GIB(2) - 4096, MIB(2) + 8192, GIB(2), MIB(2)},
		{GIB(2), GIB(1), GIB(2) - 4096, 12288, GIB(2) - 4096, 4096},
		{GIB(2), MIB(2), GIB(2) - 4096, 8192, GIB(2) - 4096, 4096},
		/* a table's last entry, and the next table's first */
		{GIB(2) - 4096, 4096, GIB(2) - 8192, 12288, GIB(2), 4096},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct pgtable pt = make(40);
		uint64_t in = cases[i].at & ~(cases[i].leaf - 1);

		assert_int_equal(pgtable_map(&pt, cases[i].have, cases[i].have, cases[i].have_size,
					     ATTRS),
				 0);
		assert_int_equal(pgtable_map_holes(&pt, cases[i].in, cases[i].in + GIB(8),
						   cases[i].size, ATTRS),
				 0);
		assert_int_equal(pgtable_lookup(&pt, cases[i].have).out, cases[i].have);
		assert_int_equal(pgtable_lookup(&pt, cases[i].have + cases[i].have_size - 1).attrs,
				 ATTRS);
		expect_leaf(&pt, cases[i].at, in, in + GIB(8), cases[i].leaf);
		/* filled to the last byte and not beyond */
		assert_true(pgtable_lookup(&pt, cases[i].in + cases[i].size - 1).valid);
	}
}

/* Entries are filled and passed over four at a time: one that is there already, at each place. */
static void one_among_holes(void **state)
{
	enum {
		PAGES = 13,
		FIRST = 3
	};

	(void)state;
	for (uint64_t at = 0; at < PAGES; at++) {
		struct pgtable pt = make(40);
		uint64_t base = GIB(1) + FIRST * PAGE_SIZE, have = base + at * PAGE_SIZE;

		assert_int_equal(pgtable_map(&pt, have, GIB(9), PAGE_SIZE, ATTRS), 0);
		assert_int_equal(pgtable_next(&pt, GIB(1)).in, have);
		assert_int_equal(pgtable_map(&pt, base, base, PAGES * PAGE_SIZE, ATTRS), -EEXIST);
		for (uint64_t i = 0; i < at; i++) {
			expect_leaf(&pt, base + i * PAGE_SIZE, base + i * PAGE_SIZE,
				    base + i * PAGE_SIZE, PAGE_SIZE);
		}
		assert_int_equal(pgtable_map_holes(&pt, base, base, PAGES * PAGE_SIZE, ATTRS), 0);
		for (uint64_t i = 0; i < PAGES; i++) {
			uint64_t in = base + i * PAGE_SIZE;

			expect_leaf(&pt, in, in, i == at ? GIB(9) : in, PAGE_SIZE);
		}
		expect_hole(&pt, base - PAGE_SIZE, PAGE_SIZE);
		expect_hole(&pt, base + PAGES * PAGE_SIZE, PAGE_SIZE);
	}
}

/* Inside one large leaf there is nothing to fill, and no table is made for it. */
static void no_holes(void **state)
{
	struct pgtable pt = make(40);

	(void)state;
	assert_int_equal(pgtable_map(&pt, GIB(1), GIB(2), GIB(1), ATTRS), 0);
	assert_int_equal(pgtable_map_holes(&pt, GIB(1) + 4096, 4096, MIB(2), ATTRS), 0);
	assert_int_equal(pgtable_map_holes(&pt, GIB(1), 0, GIB(1), ATTRS), 0);
	expect_leaf(&pt, GIB(1) + 4096, GIB(1), GIB(2), GIB(1));
	assert_int_equal(pt.page_count, 0);
	assert_int_equal(pgtable_map_holes(&pt, BIT(40) - 4096, 0, 8192, ATTRS), -ERANGE);
}

/* Each leaf in turn, whatever table it stands in, and an end. */
static void leaves_in_turn(void **state)
{
	static const struct {
		uint64_t in, size;
	} leaves[] = {
		{0, 4096},
		{MIB(2) - 4096, 4096}, /* the last entry of a table */
		{MIB(2), MIB(2)},
		{GIB(1) - MIB(2), MIB(2)},
		{GIB(5), GIB(1)},
		{GIB(511), GIB(1)}, /* the last of the first of two roots */
		{GIB(600) + 8192, 4096},
		{GIB(1024) - 4096, 4096}, /* the last page there is */
	};
	struct pgtable pt = make(40);
	struct pgtable_leaf leaf = pgtable_next(&pt, 0);
	uint64_t at = 0;

	(void)state;
	assert_false(leaf.valid);
	for (size_t i = 0; i < ARRAY_COUNT(leaves); i++) {
		assert_int_equal(pgtable_map(&pt, leaves[i].in, leaves[i].in + GIB(2048),
					     leaves[i].size, ATTRS),
				 0);
	}
	leaf = (struct pgtable_leaf){0};
	for (size_t i = 0; i < ARRAY_COUNT(leaves); i++) {
		leaf = pgtable_next(&pt, leaf.in + leaf.size);
		assert_true(leaf.valid);
		assert_int_equal(leaf.in, leaves[i].in);
		assert_int_equal(leaf.size, leaves[i].size);
		assert_int_equal(leaf.out, leaves[i].in + GIB(2048));
		assert_int_equal(leaf.attrs, ATTRS);
		/* asked from inside it, the same */
		assert_int_equal(pgtable_next(&pt, leaf.in + leaf.size - 1).in, leaf.in);
	}
	assert_false(pgtable_next(&pt, leaf.in + leaf.size).valid);
	assert_false(pgtable_next(&pt, UINT64_MAX).valid);
	/* a look at a time, none beyond one table, they are the same */
	for (size_t i = 0; i < ARRAY_COUNT(leaves); at = leaf.in + leaf.size) {
		leaf = pgtable_look(&pt, at);
		assert_int_equal(leaf.in, at);
		assert_in_range(leaf.size, 4096, GIB(1024));
		if (leaf.valid) {
			assert_int_equal(leaf.in, leaves[i].in);
			assert_int_equal(leaf.size, leaves[i].size);
			i++;
		} else {
			assert_false(pgtable_lookup(&pt, at + leaf.size - 1).valid);
		}
	}
	leaf = pgtable_look(&pt, at);
	assert_false(leaf.valid);
	assert_int_equal(leaf.size, 0);
}

/* A run ends at what is not alike, at the table's end, and before what was not asked for. */
static void runs(void **state)
{
	static const struct {
		uint64_t in, out, size, attrs;
		uint64_t run; /* from `in` on, of as many as there are */
	} pieces[] = {
		{MIB(2) - 8192, GIB(9), 8192, ATTRS, 8192},		   /* to the last entry */
		{MIB(2), GIB(9) + 8192, 8192, ATTRS, 8192},		   /* hole behind */
		{MIB(4), GIB(2), MIB(6), ATTRS, MIB(6)},		   /* elsewhere behind */
		{MIB(10), GIB(4), MIB(4), ATTRS, MIB(4)},		   /* other rights behind */
		{MIB(14), GIB(4) + MIB(4), MIB(2), ATTRS | S2_XN, MIB(2)}, /* a table behind */
		{MIB(16), GIB(4) + MIB(6), 4096, ATTRS | S2_XN, 4096},	   /* hole behind */
		{GIB(510), GIB(1), GIB(2), ATTRS, GIB(2)}, /* the root's next page */
		{GIB(512), GIB(3), GIB(2), ATTRS, GIB(2)},
	};
	struct pgtable pt = make(40);

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(pieces); i++) {
		assert_int_equal(pgtable_map(&pt, pieces[i].in, pieces[i].out, pieces[i].size,
					     pieces[i].attrs),
				 0);
	}
	for (size_t i = 0; i < ARRAY_COUNT(pieces); i++) {
		struct pgtable_leaf leaf = pgtable_next(&pt, pieces[i].in);

		assert_int_equal(pgtable_run(&pt, &leaf, GIB(1024)), pieces[i].run);
		assert_int_equal(pgtable_run(&pt, &leaf, pieces[i].run), pieces[i].run);
		assert_int_equal(pgtable_run(&pt, &leaf, pieces[i].run - 1),
				 MAX(pieces[i].run - leaf.size, leaf.size));
	}
}

static void refused(void **state)
{
	static const struct {
		uint64_t in, out, size;
	} cases[] = {
		{BIT(40), 0, 4096},	{BIT(40) - 4096, 0, 8192},
		{0, 0, BIT(40) + 4096}, {UINT64_MAX - 4095, 0, 8192},
		{4095, 0, 4096},	{0, 4095, 4096},
		{0, 0, 4095},		{UINT64_C(0xffff000000000000), 0, 4096},
	};
	struct pgtable pt = make(40);

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		assert_int_equal(pgtable_map(&pt, cases[i].in, cases[i].out, cases[i].size, ATTRS),
				 -ERANGE);
	}
	assert_int_equal(pt.page_count, 0);
	assert_int_equal(pgtable_map(&pt, 0, 0, 0, ATTRS), 0);
	expect_hole(&pt, 0, GIB(1));
}

static void no_pages(void **state)
{
	struct pgtable pt = make(40);

	(void)state;
	/* two tables for the first page, and none left for another */
	assert_int_equal(pgtable_map(&pt, 0, 0, 4096, ATTRS), 0);
	while (fake_pages_ops.alloc(NULL) != 0) {
	}
	assert_int_equal(pgtable_map(&pt, MIB(2), 0, 4096, ATTRS), -ENOMEM);
	assert_int_equal(pgtable_map(&pt, 4096, GIB(1), 4096, ATTRS), 0);
	expect_leaf(&pt, 0, 0, 0, 4096);
	expect_leaf(&pt, 4096, 4096, GIB(1), 4096);
	expect_hole(&pt, MIB(2), MIB(2));
}

/* -- random maps against an array -- */

#define SPACE_PAGES 4096 /* 16 MiB, at a place that crosses a boundary of 1 GiB */
#define SPACE_START (GIB(3) - MIB(8))

static uint64_t expected[SPACE_PAGES]; /* out, or 0 */

static bool all_free(uint32_t page, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		if (expected[page + i] != 0) {
			return false;
		}
	}
	return true;
}

/* Page by page, and leaf by leaf. */
static void compare(const struct pgtable *pt)
{
	struct pgtable_leaf next = pgtable_next(pt, 0);

	for (uint32_t i = 0; i < SPACE_PAGES; i++) {
		uint64_t at = SPACE_START + i * PAGE_SIZE;
		struct pgtable_leaf leaf = pgtable_lookup(pt, at);

		assert_int_equal(leaf.valid, expected[i] != 0);
		if (leaf.valid) {
			assert_int_equal(leaf.out + (at - leaf.in), expected[i]);
			if (at == leaf.in) {
				assert_int_equal(next.in, leaf.in);
				assert_int_equal(next.size, leaf.size);
				assert_int_equal(next.out, leaf.out);
				next = pgtable_next(pt, leaf.in + leaf.size);
			}
		}
	}
	assert_false(next.valid);
}

static void random_maps(void **state)
{
	struct random random = {.state = 1};

	(void)state;
	for (uint32_t round = 0; round < 60; round++) {
		struct pgtable pt = make((uint8_t[]){36, 40, 44, 48}[round % 4]);
		uint32_t worst = 0;

		memset(expected, 0, sizeof(expected));
		for (uint32_t i = 0; i < 24; i++) {
			uint32_t unit = (uint32_t[]){1, 512, 64}[random_below(&random, 3)];
			uint32_t page = random_below(&random, SPACE_PAGES) / unit * unit;
			uint32_t count = (1 + random_below(&random, 1024 / unit)) * unit;
			uint64_t in = SPACE_START + page * PAGE_SIZE;
			int (*map)(struct pgtable *, uint64_t, uint64_t, uint64_t, uint64_t) =
				pgtable_map_holes;
			uint64_t out = GIB(8) + MIB(2) * random_below(&random, 64) +
				       (random_below(&random, 2) != 0 ? 0 : 8192);

			count = MIN(count, SPACE_PAGES - page);
			if (all_free(page, count)) {
				map = pgtable_map;
			} else if (random_below(&random, 2) != 0) {
				continue;
			}
			worst += pgtable_worst_pages(&pt, in, count * PAGE_SIZE);
			assert_int_equal(map(&pt, in, out, count * PAGE_SIZE, ATTRS), 0);
			for (uint32_t k = 0; k < count; k++) {
				if (expected[page + k] == 0) {
					expected[page + k] = out + k * PAGE_SIZE;
				}
			}
		}
		assert_true(pt.page_count <= worst);
		compare(&pt);
	}
}

static void worst_is_reached(void **state)
{
	static const struct {
		uint8_t bits;
		uint64_t in, size;
		uint32_t pages;
	} cases[] = {
		{40, 0, 0, 0},
		{40, 0, 4096, 2}, /* a table each at levels 2 and 3 */
		{48, 0, 4096, 3},
		{32, 0, 4096, 1},
		{40, 0, MIB(2), 2},
		{40, MIB(2) - 4096, 8192, 3}, /* two of level 3 */
		{40, GIB(1) - 4096, 8192, 4}, /* two of each */
		{40, GIB(1), GIB(1), 1 + 512},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct pgtable pt = make(cases[i].bits);

		assert_int_equal(pgtable_worst_pages(&pt, cases[i].in, cases[i].size),
				 cases[i].pages);
		/* an output address that no block fits to takes just as many */
		assert_int_equal(pgtable_map(&pt, cases[i].in, GIB(64) + 4096 * 3, cases[i].size,
					     ATTRS),
				 0);
		assert_int_equal(pt.page_count, cases[i].pages);
	}
}

/* -- stage 2 -- */

/* DDI 0487 D8.3.2 and D8.6: MemAttr [5:2], S2AP [7:6], SH [9:8], AF [10], XN [54]. */
static void attributes(void **state)
{
	static const struct {
		enum stage2_kind kind;
		bool fwb;
		uint64_t memattr, ap, sh, xn;
	} cases[] = {
		{STAGE2_RAM, false, 0xf, 3, 3, 0},	 {STAGE2_RAM, true, 0x6, 3, 3, 0},
		{STAGE2_READ_ONLY, false, 0xf, 1, 3, 1}, {STAGE2_READ_ONLY, true, 0x6, 1, 3, 1},
		{STAGE2_DEVICE, false, 0x1, 3, 0, 1},	 {STAGE2_DEVICE, true, 0x1, 3, 0, 1},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct stage2 stage2;
		uint64_t attrs;

		fake_pages_reset(FAKE_PAGES_MAX);
		assert_int_equal(stage2_init(&stage2, 1, 40, false, cases[i].fwb), 0);
		attrs = stage2_attrs(&stage2, cases[i].kind);
		assert_int_equal((attrs >> 2) & 0xf, cases[i].memattr);
		assert_int_equal((attrs >> 6) & 3, cases[i].ap);
		assert_int_equal((attrs >> 8) & 3, cases[i].sh);
		assert_int_equal((attrs >> 10) & 1, 1);
		assert_int_equal((attrs >> 53) & 3, cases[i].xn << 1);
		assert_int_equal(stage2_map(&stage2, GIB(1), GIB(2), MIB(2), cases[i].kind), 0);
		assert_int_equal(pgtable_lookup(&stage2.pt, GIB(1)).attrs, attrs);
	}
}

/* DDI 0487 VTCR_EL2: T0SZ [5:0], SL0 [7:6], IRGN0, ORGN0, SH0, TG0 [15:14], PS [18:16], VS [19]. */
static void control_register(void **state)
{
	static const struct {
		uint8_t pa_bits;
		uint64_t t0sz, sl0, ps;
		uint32_t roots;
	} cases[] = {
		{32, 32, 0, 0, 4}, {36, 28, 1, 1, 1}, {40, 24, 1, 2, 2},
		{42, 24, 1, 3, 2}, {44, 24, 1, 4, 2}, {48, 24, 1, 5, 2},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct stage2 stage2;
		uint64_t root;

		fake_pages_reset(FAKE_PAGES_MAX);
		fake_pages_ops.alloc(NULL);
		assert_int_equal(stage2_init(&stage2, 300, cases[i].pa_bits, i % 2 != 0, false), 0);
		assert_int_equal(stage2.vtcr & 0x3f, cases[i].t0sz);
		assert_int_equal((stage2.vtcr >> 6) & 3, cases[i].sl0);
		assert_int_equal((stage2.vtcr >> 8) & 3, 1); /* write-back */
		assert_int_equal((stage2.vtcr >> 10) & 3, 1);
		assert_int_equal((stage2.vtcr >> 12) & 3, 3); /* inner shareable */
		assert_int_equal((stage2.vtcr >> 14) & 3, 0); /* 4 KiB */
		assert_int_equal((stage2.vtcr >> 16) & 7, cases[i].ps);
		assert_int_equal((stage2.vtcr >> 19) & 1, i % 2);
		assert_int_equal((stage2.vtcr >> 31) & 1, 1); /* RES1 */
		assert_int_equal(stage2.vttbr >> 48, 300);
		root = stage2.vttbr & 0xffffffffffff;
		assert_int_equal(root, stage2.pt.root);
		/* concatenated tables are aligned to all of them */
		assert_int_equal(root % (cases[i].roots * PAGE_SIZE), 0);
	}
	fake_pages_reset(1);
	assert_int_equal(stage2_init(&(struct stage2){0}, 1, 40, false, false), -ENOMEM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE("a walk starts as low as sixteen concatenated tables allow", roots),
		CASE("the largest blocks that fit are chosen", largest_blocks),
		CASE("a valid entry is never replaced", never_replaced),
		CASE("whole leaves are unmapped or nothing", whole_leaves),
		CASE("a hole is as large as the entry that is missing", holes),
		CASE("holes are filled around what is mapped", only_holes),
		CASE("one entry among holes is kept, wherever it stands", one_among_holes),
		CASE("inside a leaf there is nothing to fill", no_holes),
		CASE("every leaf is found in turn, and nothing else", leaves_in_turn),
		CASE("a run of leaves ends where they no longer go on alike", runs),
		CASE("what is out of range or not page-aligned is refused", refused),
		CASE("without pages for tables what was mapped stays", no_pages),
		CASE("random maps read back as mapped, within the worst case", random_maps),
		CASE("the worst case is what pages alone take", worst_is_reached),
		CASE("each kind of memory has its attributes, with and without FWB", attributes),
		CASE("VTCR and VTTBR say what the tables are", control_register),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
