/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An index over a flattened device tree (Devicetree Specification 0.4, chapter 5). Pure.
 *
 * The blob is hostile input until dt_index() has accepted it: one pass checks every token and
 * bound, a second notes where each node begins. After that nothing here reads outside the blob, and
 * no walk is unbounded. The blob stays where it is and must not change; names and values point into
 * it.
 *
 * A node is an int: its place in the tree's order, the root is 0, DT_NONE is "no such node". Every
 * function takes DT_NONE and answers as for an empty node.
 */
#ifndef CORE_FDT_DT_H
#define CORE_FDT_DT_H

#include "core/base/arena.h"
#include "core/base/diag.h"
#include "core/base/types.h"

#define DT_NONE	     (-1)
#define DT_ROOT	     0
#define DT_DEPTH_MAX 32 /* levels of nodes; also of buses in a translation */
#define DT_NODE_MAX  16384
#define DT_PATH_MAX  256 /* a buffer that holds every path a message shows; longer ones are cut */
#define DT_CELLS_MAX 4	 /* #address-cells and #size-cells above this are refused */

struct dt_node {
	uint32_t name; /* offsets from the start of the blob */
	uint32_t props;
	int32_t parent, child, next; /* DT_NONE: none */
};

struct dt_phandle; /* dt.c */

struct dt {
	const uint8_t *blob;
	uint32_t size;	  /* totalsize: bytes that belong to the blob */
	uint32_t strings; /* offset of the strings block */
	uint32_t reserve; /* offset of the memory reservation block */
	uint32_t reserve_count;
	struct dt_node *node; /* [node_count], in the arena */
	uint32_t node_count;
	struct dt_phandle
		*phandle; /* hash table of phandle_mask + 1 slots, in the arena; or NULL */
	uint32_t phandle_mask;
	int aliases; /* the node /aliases or DT_NONE */
	struct arena *arena;
};

/* A property; value is 4-byte aligned and has len bytes. name NULL: absent. */
struct dt_prop {
	const char *name;
	const uint8_t *value;
	uint32_t len;
};

/* One interrupt of a node, at the GIC. */
struct dt_irq {
	uint32_t intid;
	uint32_t flags; /* as in the tree: 1 rising, 2 falling, 4 high, 8 low */
	int controller; /* the GIC's node */
};

/*
 * Indexes the blob, 8-byte aligned, of which at most `limit` bytes may be read. 0, or -EINVAL or
 * -E2BIG or -ENOMEM (arena full) after one DIAG_ERROR that says what is wrong; `diag` may be NULL.
 * The arena is kept in `dt`: it needs about 20 bytes per node.
 */
int dt_index(struct dt *dt, const void *blob, size_t limit, struct arena *arena, struct diag *diag);

/* -- nodes -- */

int dt_parent(const struct dt *dt, int node);
int dt_first_child(const struct dt *dt, int node);
int dt_next_sibling(const struct dt *dt, int node);

/* The node after `node` in the tree's order inside the subtree of `top` (itself first), or DT_NONE.
 */
int dt_next_below(const struct dt *dt, int node, int top);

/* With its unit address: "cpu@1"; "" for the root. */
const char *dt_name(const struct dt *dt, int node);

/* The child of exactly that name; a name without '@' also matches the first "name@...". */
int dt_child(const struct dt *dt, int node, const char *name);

/* By full path ("/cpus/cpu@1", "/"), each step as in dt_child(). */
int dt_find(const struct dt *dt, const char *path);

/*
 * By full path or alias, optionally an alias followed by a path ("soc/serial@0"); what follows ':'
 * is ignored (stdout-path's options).
 */
int dt_resolve(const struct dt *dt, const char *ref);

int dt_by_phandle(const struct dt *dt, uint32_t phandle);

/* The full path into buf, always NUL-terminated, cut when too long. Returns buf. */
const char *dt_path(const struct dt *dt, int node, char *buf, size_t size);

/* No `status`, "okay" or "ok", here and in every parent. */
bool dt_status_okay(const struct dt *dt, int node);

/* The node's `compatible` lists this string. */
bool dt_compatible(const struct dt *dt, int node, const char *compatible);

/* -- properties -- */

/* Iterates: starts with *prop zeroed; false when there are no more. */
bool dt_next_prop(const struct dt *dt, int node, struct dt_prop *prop);

/* False when absent; *out is then zeroed. out may be NULL. */
bool dt_prop(const struct dt *dt, int node, const char *name, struct dt_prop *out);

/* Exactly one cell / two cells (dt_u64 takes one or two). 0, -ENOENT or -EINVAL; *out untouched on
 * error. */
int dt_u32(const struct dt *dt, int node, const char *name, uint32_t *out);
int dt_u64(const struct dt *dt, int node, const char *name, uint64_t *out);

/* A single NUL-terminated string; NULL when absent or malformed. */
const char *dt_string(const struct dt *dt, int node, const char *name);

/* Cell i of a value; 0 past its end. */
uint32_t dt_prop_cell(const struct dt_prop *prop, uint32_t i);

/* Non-empty, and ends with NUL. */
bool dt_prop_is_strings(const struct dt_prop *prop);

/* String i of a stringlist, or NULL past its end or when a NUL is missing. */
const char *dt_prop_string(const struct dt_prop *prop, uint32_t i);

/* The list holds this string. */
bool dt_prop_has_string(const struct dt_prop *prop, const char *string);

/* -- addresses and interrupts -- */

/*
 * Entry i of `reg` as CPU physical range, translated through every `ranges`. 0; -ENOENT: no such
 * entry; -EINVAL: malformed or overflowing; -ENODEV: a bus on the way does not map it to the CPU.
 * dt_bus_reg() is the same without translation: what stands in `reg` (a CPU's MPIDR).
 */
int dt_reg(const struct dt *dt, int node, uint32_t i, struct prange *out);
int dt_bus_reg(const struct dt *dt, int node, uint32_t i, struct prange *out);

/*
 * Interrupt i of the node (interrupts-extended before interrupts). 0; -ENOENT: no such entry;
 * -EINVAL: malformed; -ENODEV: it does not go to a GIC (or through an interrupt-map).
 */
int dt_interrupt(const struct dt *dt, int node, uint32_t i, struct dt_irq *out);

/* 3 or 2 when the node's `compatible` is a GIC of that architecture (v4 counts as 3, v1 as 2), else
 * 0. */
unsigned int dt_gic_version(const struct dt *dt, int node);

/* Entry i of the memory reservation block; i < dt->reserve_count. */
struct prange dt_memreserve(const struct dt *dt, uint32_t i);

#endif
