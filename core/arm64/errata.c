/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CPU errata. Those that only the guest's kernel can work around are the guest's: it sees MIDR.
 * Those that show at a switch between VMs are worked around there, on every CPU alike
 * (core/vm/vcpu.c, core/exit/switch.c).
 */
#include "core/arm64/errata.h"

#include "core/arm64/features.h"
#include "core/base/bits.h"
#include "core/base/printk.h"

#define ARM(part) ((0x41U << 16) | (part))
#define ALL	  .first = 0, .last = 0xff

static const struct erratum errata[] = {
	{ARM(0xd03), 0x00, 0x04, "Cortex-A53 843419", "linked around (--fix-cortex-a53-843419)"},
	{ARM(0xd03), 0x00, 0x04, "Cortex-A53 835769", "compiled around (-mfix-cortex-a53-835769)"},
	{ARM(0xd07), 0x00, 0xff, "Cortex-A57 1319537 (speculative AT)",
	 "walks by the guest's tables are off while a vCPU is loaded"},
	{ARM(0xd08), 0x00, 0xff, "Cortex-A72 1319367 (speculative AT)",
	 "walks by the guest's tables are off while a vCPU is loaded"},
	{ARM(0xd05), 0x00, 0x20, "Cortex-A55 1530923 (speculative AT)",
	 "walks by the guest's tables are off while a vCPU is loaded"},
	{ARM(0xd0b), 0x00, 0x20, "Cortex-A76 1165522 (speculative AT)",
	 "walks by the guest's tables are off while a vCPU is loaded"},
	{ARM(0xd07), 0x00, 0xff, "Spectre v2",
	 "firmware's call at a switch between VMs, and for guests, if it has one"},
	{ARM(0xd08), 0x00, 0xff, "Spectre v2",
	 "firmware's call at a switch between VMs, and for guests, if it has one"},
};

const struct erratum *errata_of(uint64_t midr, uint32_t i)
{
	uint32_t part = (uint32_t)(((midr >> 24) & 0xff) << 16 | ((midr >> 4) & 0xfff));
	uint8_t revision = (uint8_t)(((midr >> 20) & 0xf) << 4 | (midr & 0xf));

	for (uint32_t n = 0; n < ARRAY_COUNT(errata); n++) {
		const struct erratum *e = &errata[n];

		if (e->part == part && revision >= e->first && revision <= e->last && i-- == 0) {
			return e;
		}
	}
	return NULL;
}

void errata_print(uint32_t cpu_count)
{
	uint64_t seen = 0; /* of the first parts; a part is told of once */

	for (uint32_t cpu = 0; cpu < cpu_count; cpu++) {
		uint64_t midr = percpu_of(cpu_id, cpu)->midr;
		const struct erratum *e;

		if ((cpu != 0 && percpu_offset_of(cpu) == 0) || midr == seen) {
			continue;
		}
		seen = midr;
		for (uint32_t i = 0; (e = errata_of(midr, i)) != NULL; i++) {
			log_info("erratum %s: %s", e->name, e->measure);
		}
	}
}
