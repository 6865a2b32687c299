/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables of emulated registers: sorted by offset, found through an index built once: an entry for
 * each word of the first 4 KiB of a frame, and the search of the few registers behind them begins
 * at the last one.
 */
#ifndef IRQ_VGIC_VREG_H
#define IRQ_VGIC_VREG_H

#include "core/base/errno.h"
#include "core/base/types.h"

struct vcpu;

/* Who accesses, and whose redistributor: the accessing vCPU itself for the distributor. */
struct vreg_by {
	struct vcpu *vcpu;
	struct vcpu *redist;
};

/* The heads of a register's functions: who accesses, whose redistributor it is, the element of the
 * array, the bytes of the access. */
#define VREG_READ(name) static VREG_READ_SHARED(name)
#define VREG_READ_SHARED(name)                                                                     \
	int name(struct vcpu *vcpu UNUSED, struct vcpu *redist UNUSED, uint32_t index UNUSED,      \
		 uint32_t size UNUSED, uint64_t *value)
#define VREG_WRITE(name) static VREG_WRITE_SHARED(name)
#define VREG_WRITE_SHARED(name)                                                                    \
	int name(struct vcpu *vcpu UNUSED, struct vcpu *redist UNUSED, uint32_t index UNUSED,      \
		 uint32_t size UNUSED, uint64_t value)

struct vreg {
	uint32_t start, end; /* offsets, end exclusive */
	uint8_t shift;	     /* log2 of the bytes that one index stands for */
	uint8_t sizes;	     /* allowed access sizes: OR of 1, 2, 4, 8 */
	/* 0, -EAGAIN or -errno as in struct mmio_ops. NULL: reads as zero. */
	int (*read)(struct vcpu *vcpu, struct vcpu *redist, uint32_t index, uint32_t size,
		    uint64_t *value);
	/* NULL: writes are ignored. */
	int (*write)(struct vcpu *vcpu, struct vcpu *redist, uint32_t index, uint32_t size,
		     uint64_t value);
};

/* Rows of tables: one word at START; words that hold a bit for each of 1024 interrupts. */
#define VREG_WORD(START, READ, WRITE)                                                              \
	{                                                                                          \
		.start = (START), .end = (START) + 4, .shift = 2, .sizes = 4, .read = (READ),      \
		.write = (WRITE)                                                                   \
	}
#define VREG_BIT_WORDS(START, READ, WRITE)                                                         \
	{                                                                                          \
		.start = (START), .end = (START) + 0x80, .shift = 2, .sizes = 4, .read = (READ),   \
		.write = (WRITE)                                                                   \
	}

#define VREG_FRAME_SIZE	 0x10000
#define VREG_INDEX_COUNT 0x400 /* words of the frame's first 4 KiB, where almost all are */

/* The last register of a table ends with its frame, so that a search ends there too. */
struct vreg_table {
	const struct vreg *reg;
	uint32_t count;
	uint8_t *index; /* [VREG_INDEX_COUNT], filled by vreg_index() */
};

void vreg_index(const struct vreg_table *table);

/* The register at `off` of the frame; NULL: reserved, reads as zero, writes ignored. */
static inline const struct vreg *vreg_find(const struct vreg_table *table, uint32_t off)
{
	const struct vreg *reg =
		&table->reg[table->index[MIN(off / 4, (uint32_t)VREG_INDEX_COUNT - 1)]];

	/* the last one ends with the frame */
	while (off >= reg->end) {
		reg++;
	}
	return off < reg->start ? NULL : reg;
}

/* An access through the table: reserved space RAZ/WI, sizes checked (-EINVAL). Inline: one for each
 * frame, with its table known. */
static inline int vreg_read(const struct vreg_table *table, struct vreg_by by, uint32_t off,
			    uint32_t size, uint64_t *value)
{
	const struct vreg *reg = vreg_find(table, off);

	*value = 0;
	if (unlikely(reg == NULL)) {
		return 0;
	}
	if (unlikely((reg->sizes & size) == 0)) {
		return -EINVAL;
	}
	return reg->read == NULL ?
		       0 :
		       reg->read(by.vcpu, by.redist, (off - reg->start) >> reg->shift, size, value);
}

static inline int vreg_write(const struct vreg_table *table, struct vreg_by by, uint32_t off,
			     uint32_t size, uint64_t value)
{
	const struct vreg *reg = vreg_find(table, off);

	if (unlikely(reg == NULL)) {
		return 0;
	}
	if (unlikely((reg->sizes & size) == 0)) {
		return -EINVAL;
	}
	return reg->write == NULL ? 0 :
				    reg->write(by.vcpu, by.redist, (off - reg->start) >> reg->shift,
					       size, value);
}

#endif
