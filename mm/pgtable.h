/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Translation tables of the VMSAv8-64: one walker for EL2's stage 1 and every VM's stage 2. Pure.
 *
 * Generic in the number of levels (start_level 0 to 2, up to 16 concatenated root tables); the
 * granule is 4 KiB. Invariants: an entry goes from invalid to valid and from valid to invalid,
 * never from valid to valid (break-before-make, DDI 0487 D8.16.1, is then a matter of who unmaps:
 * clear, invalidate the TLB, map again). Neither a table nor a page of one is ever freed. The owner
 * of the tables serialises changes.
 */
#ifndef MM_PGTABLE_H
#define MM_PGTABLE_H

#include "core/base/types.h"
#include "mm/pgtable_types.h"

struct pgtable_ops {
	uint64_t (*alloc)(void *ctx); /* physical address of one zeroed page; 0: none left */
	void *(*virt)(uint64_t pa);
};

struct pgtable {
	const struct pgtable_ops *ops;
	void *ctx;     /* for alloc */
	uint64_t root; /* physical */
	uint8_t input_bits;
	uint8_t start_level;
	uint32_t page_count; /* tables below the root made so far */
};

/* What stands at an input address: a leaf (desc valid), or a hole of `size` bytes (desc 0). */
struct pgtable_leaf {
	uint64_t in; /* start of the leaf or hole */
	uint64_t out;
	uint64_t size;
	uint64_t attrs; /* of PTE_ATTRS */
	bool valid;
};

/* The level at which a stage-2 walk with `input_bits` begins, and how many root pages it has (1 to
 * 16). */
uint8_t pgtable_start_level(uint8_t input_bits, uint32_t *root_pages);

/*
 * Maps [in, in + size) to out with the largest blocks that fit; all page-aligned. 0; -EEXIST: part
 * of it is mapped; -ENOMEM: no page for a table; -ERANGE: outside input_bits. On error what was
 * mapped before stays.
 */
int pgtable_map(struct pgtable *pt, uint64_t in, uint64_t out, uint64_t size, uint64_t attrs);

/* The same, but what is mapped already stays as it is: only holes are filled. */
int pgtable_map_holes(struct pgtable *pt, uint64_t in, uint64_t out, uint64_t size, uint64_t attrs);

/* As pgtable_map(), each page by itself: any of them can be unmapped alone. */
int pgtable_map_pages(struct pgtable *pt, uint64_t in, uint64_t out, uint64_t size, uint64_t attrs);

/*
 * Clears every leaf of [in, in + size). -EINVAL: a block would have to be split (nothing is split:
 * what is mapped in one piece is unmapped in one piece). The caller invalidates the TLB before it
 * maps again.
 */
int pgtable_unmap(struct pgtable *pt, uint64_t in, uint64_t size);

/* What stands at `in`. An address outside input_bits is a hole that reaches to the end. */
struct pgtable_leaf pgtable_lookup(const struct pgtable *pt, uint64_t in);

/* The leaf that holds `in`, else the first one above; not valid when there is none. */
struct pgtable_leaf pgtable_next(const struct pgtable *pt, uint64_t in);

/* Bytes of `leaf`, which pgtable_next() gave, and of the leaves of its table that go on behind it
 * in both spaces with the same size and attributes; of them as many as end within `size` bytes. */
uint64_t pgtable_run(const struct pgtable *pt, const struct pgtable_leaf *leaf, uint64_t size);

/* A look at one table: the leaf that holds `in`; else, not valid, the hole from there to the next
 * leaf or to the table's end. Size 0: `in` is outside input_bits. */
struct pgtable_leaf pgtable_look(const struct pgtable *pt, uint64_t in);

/* Table pages pgtable_map() may take for `size` bytes at most, if all of it were mapped in 4 KiB
 * pages. */
uint32_t pgtable_worst_pages(const struct pgtable *pt, uint64_t in, uint64_t size);

#endif
