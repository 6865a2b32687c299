/* SPDX-License-Identifier: Apache-2.0 */
/* A GIC that has one line. */
#include "tests/unit/fake_line.h"

#include "irq/hw/gic.h"

struct fake_line fake_line;

void gic_set_spi_enable(uint32_t intid, bool on)
{
	fake_line.intid = intid;
	fake_line.masked = !on;
	fake_line.changes++;
}
