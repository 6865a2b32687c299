/* SPDX-License-Identifier: Apache-2.0 */
/* Tables of emulated registers. */
#include "irq/vgic/vreg.h"

#include "core/base/panic.h"
#include "core/base/string.h"

void vreg_index(const struct vreg_table *table)
{
	uint32_t word = 0;

	CHECK(table->reg[table->count - 1].end == VREG_FRAME_SIZE);
	for (uint32_t i = 0; i < table->count && word < VREG_INDEX_COUNT; i++) {
		uint32_t end = MIN(table->reg[i].end / 4, (uint32_t)VREG_INDEX_COUNT);

		/* what is reserved before a register leads to it too */
		memset(table->index + word, (int)i, end - word);
		word = end;
	}
}
