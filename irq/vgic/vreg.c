/* SPDX-License-Identifier: Apache-2.0 */
/* Tables of emulated registers. */
#include "irq/vgic/vreg.h"

#include "core/base/panic.h"

void vreg_index(const struct vreg_table *table)
{
	uint32_t at = 0;

	CHECK(table->reg[table->count - 1].end == VREG_FRAME_SIZE);
	for (uint32_t i = 0; i < VREG_INDEX_COUNT; i++) {
		while (table->reg[at].end <= 4 * i) {
			at++;
		}
		table->index[i] = (uint8_t)at;
	}
}
