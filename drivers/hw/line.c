/* SPDX-License-Identifier: Apache-2.0 */
/* Interrupts of the board's devices, off while their work is done. */
#include "drivers/hw/line.h"

#include "irq/hw/gic.h"

bool hw_line_taken(struct hw_line *line)
{
	if (!line->busy) {
		line->busy = true;
		return true;
	}
	/* one that was on its way may come behind this: then it is masked again */
	gic_set_spi_enable(line->intid, false);
	line->masked = true;
	return false;
}

void hw_line_done(struct hw_line *line)
{
	line->busy = false;
	if (line->masked) {
		line->masked = false;
		gic_set_spi_enable(line->intid, true);
	}
}
