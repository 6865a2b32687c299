/* SPDX-License-Identifier: Apache-2.0 */
/* Tables of emulated registers. */
#include "irq/vgic/vreg.h"

#include "core/base/errno.h"

void vreg_index(const struct vreg_table *table)
{
	uint32_t at = 0;

	for (uint32_t i = 0; i < VREG_INDEX_COUNT; i++) {
		while (at < table->count && table->reg[at].end <= (i << VREG_INDEX_SHIFT)) {
			at++;
		}
		table->index[i] = (uint8_t)at;
	}
}

const struct vreg *vreg_find(const struct vreg_table *table, uint32_t off)
{
	for (uint32_t i = table->index[off >> VREG_INDEX_SHIFT]; i < table->count; i++) {
		const struct vreg *reg = &table->reg[i];

		if (off < reg->start) {
			return NULL;
		}
		if (off < reg->end) {
			return reg;
		}
	}
	return NULL;
}

static const struct vreg *locate(const struct vreg_table *table, struct vreg_access *access,
				 uint32_t off, int *err)
{
	const struct vreg *reg = vreg_find(table, off);

	*err = 0;
	if (reg == NULL) {
		return NULL;
	}
	if ((reg->sizes & access->size) == 0) {
		*err = -EINVAL;
		return NULL;
	}
	access->off = off - reg->start;
	access->index = access->off / reg->stride;
	return reg;
}

int vreg_read(const struct vreg_table *table, struct vreg_access *access, uint32_t off,
	      uint64_t *value)
{
	int err;
	const struct vreg *reg = locate(table, access, off, &err);

	*value = 0;
	return reg == NULL || reg->read == NULL ? err : reg->read(access, value);
}

int vreg_write(const struct vreg_table *table, struct vreg_access *access, uint32_t off,
	       uint64_t value)
{
	int err;
	const struct vreg *reg = locate(table, access, off, &err);

	return reg == NULL || reg->write == NULL ? err : reg->write(access, value);
}
