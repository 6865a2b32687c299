/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables of emulated registers: sorted by offset, found through an index built once. A frame of 64
 * KiB has one index entry per 128 bytes, where the search begins; at most a handful of registers
 * share one.
 */
#ifndef IRQ_VGIC_VREG_H
#define IRQ_VGIC_VREG_H

#include "core/base/types.h"

struct vcpu;

/* One access to a register array: which vCPU does it, what it does it to. */
struct vreg_access {
	struct vcpu *vcpu;   /* who accesses */
	struct vcpu *redist; /* whose redistributor; the accessing vCPU for the distributor */
	uint32_t index;	     /* of the element: (offset - start) / stride */
	uint32_t off;	     /* from the start of the array */
	uint8_t size;
};

struct vreg {
	const char *name;
	uint32_t start, end; /* offsets, end exclusive */
	uint8_t stride;	     /* bytes of an element */
	uint8_t sizes;	     /* allowed access sizes: OR of 1, 2, 4, 8 */
	/* 0, -EAGAIN or -errno as in struct mmio_ops. NULL: reads as zero. */
	int (*read)(const struct vreg_access *access, uint64_t *value);
	/* NULL: writes are ignored. */
	int (*write)(const struct vreg_access *access, uint64_t value);
};

#define VREG_FRAME_SIZE	 0x10000
#define VREG_INDEX_SHIFT 7
#define VREG_INDEX_COUNT (VREG_FRAME_SIZE >> VREG_INDEX_SHIFT)

struct vreg_table {
	const struct vreg *reg;
	uint32_t count;
	uint8_t *index; /* [VREG_INDEX_COUNT], filled by vreg_index() */
};

void vreg_index(const struct vreg_table *table);

/* The register at `off` of the frame; NULL: reserved, reads as zero, writes ignored. */
const struct vreg *vreg_find(const struct vreg_table *table, uint32_t off);

/* An access through the table: reserved space RAZ/WI, sizes checked (-EINVAL). */
int vreg_read(const struct vreg_table *table, struct vreg_access *access, uint32_t off,
	      uint64_t *value);
int vreg_write(const struct vreg_table *table, struct vreg_access *access, uint32_t off,
	       uint64_t value);

#endif
