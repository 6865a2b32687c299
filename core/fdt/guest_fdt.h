/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes a guest's device tree, with the config's guest-dtb merged over it as it goes: at each node
 * the config's properties win, and its nodes that are not written here are added. Pure; libfdt's
 * sequential writer below.
 *
 * The first error sticks: callers write everything and look at guest_fdt_finish(). Strings are
 * copied.
 */
#ifndef CORE_FDT_GUEST_FDT_H
#define CORE_FDT_GUEST_FDT_H

#include "core/fdt/dt.h"

#define GUEST_FDT_DEPTH_MAX  8
#define GUEST_FDT_MERGED_MAX 128

struct guest_fdt {
	void *buf;
	int size;
	int err; /* first libfdt error, or 0 */
	uint32_t gic_phandle, clock_phandle, its_phandle,
		mbigen_phandle;	  /* clear of those in guest-dtb */
	const struct dt *overlay; /* the config's index */
	uint32_t depth;
	int node[GUEST_FDT_DEPTH_MAX];	  /* overlay's node at each open node, or DT_NONE */
	int merged[GUEST_FDT_MERGED_MAX]; /* overlay nodes that have been written */
	uint32_t merged_count;
};

/* overlay_node: guest-dtb, or DT_NONE. The root node is open after it. */
void guest_fdt_begin(struct guest_fdt *fdt, void *buf, uint32_t size, const struct dt *overlay,
		     int overlay_node);

/* Properties of a node come before its children. */
void guest_fdt_node(struct guest_fdt *fdt, const char *name);
void guest_fdt_end_node(struct guest_fdt *fdt);
void guest_fdt_prop(struct guest_fdt *fdt, const char *name, const void *value, uint32_t len);
/* A property whose value is written later, into the finished tree: where; NULL: guest-dtb has it,
 * or an error. */
void *guest_fdt_room(struct guest_fdt *fdt, const char *name, uint32_t len);
void guest_fdt_string(struct guest_fdt *fdt, const char *name, const char *value);
void guest_fdt_flag(struct guest_fdt *fdt, const char *name);

/* Cells and pairs of cells. */
void guest_fdt_cells(struct guest_fdt *fdt, const char *name, const uint32_t *cells,
		     uint32_t count);
void guest_fdt_u32(struct guest_fdt *fdt, const char *name, uint32_t value);
void guest_fdt_u64s(struct guest_fdt *fdt, const char *name, const uint64_t *values,
		    uint32_t count);

/* "name@address", hexadecimal */
void guest_fdt_node_at(struct guest_fdt *fdt, const char *name, uint64_t address);

struct guest_device {
	uint64_t ipa, size;
	uint32_t spi;
	uint32_t pin; /* of the message generator, in place of spi; 0: none */
};

/* A device's reg and its one interrupt, level-sensitive. */
void guest_fdt_device(struct guest_fdt *fdt, const struct guest_device *device);

/* Ends the root node. Bytes of the finished tree, or -E2BIG, -EINVAL. */
int guest_fdt_finish(struct guest_fdt *fdt);

#endif
