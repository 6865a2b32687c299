/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All data caches by set and way, as DDI 0487 D7.5.6 ("Cache maintenance by set/way") has it: for
 * the one moment at which that is right, when this CPU alone runs.
 */
#include "core/arm64/barrier.h"
#include "core/arm64/sysreg.h"
#include "mm/cache.h"

#define CLIDR_LOC	   BITS(26, 24)
#define CCSIDR_LINE	   BITS(2, 0)  /* log2 of the line's bytes, less 4 */
#define CCSIDR_WAYS	   BITS(12, 3) /* less 1; so are the sets */
#define CCSIDR_SETS	   BITS(27, 13)
#define CCSIDR_CCIDX_WAYS  BITS(23, 3)
#define CCSIDR_CCIDX_SETS  BITS(55, 32)
#define ID_AA64MMFR2_CCIDX BITS(23, 20)
#define CACHE_DATA	   2 /* CLIDR_EL1.Ctype: 2 data, 3 separate, 4 unified */

static void flush_level(uint64_t level)
{
	bool ccidx = FIELD_GET(ID_AA64MMFR2_CCIDX, sysreg_read_raw("s3_0_c0_c7_2")) != 0;
	uint64_t ccsidr, ways, sets, way_shift, set_shift;

	sysreg_write(csselr_el1, level << 1);
	/* the selection before what it selects */
	isb();
	ccsidr = sysreg_read(ccsidr_el1);
	ways = FIELD_GET(ccidx ? CCSIDR_CCIDX_WAYS : CCSIDR_WAYS, ccsidr);
	sets = FIELD_GET(ccidx ? CCSIDR_CCIDX_SETS : CCSIDR_SETS, ccsidr);
	set_shift = FIELD_GET(CCSIDR_LINE, ccsidr) + 4;
	way_shift = ways == 0 ? 0 : (uint64_t)__builtin_clz((uint32_t)ways);
	for (uint64_t way = 0; way <= ways; way++) {
		for (uint64_t set = 0; set <= sets; set++) {
			uint64_t operand = way << way_shift | set << set_shift | level << 1;

			__asm__ volatile("dc cisw, %0" ::"r"(operand) : "memory");
		}
	}
}

void cache_clean_invalidate_all(void)
{
	uint64_t clidr = sysreg_read(clidr_el1);
	uint64_t levels = FIELD_GET(CLIDR_LOC, clidr);

	dsb(sy); /* stores of before are in the caches that are cleaned */
	for (uint64_t level = 0; level < levels; level++) {
		if (((clidr >> (3 * level)) & 7) >= CACHE_DATA) {
			flush_level(level);
		}
	}
	dsb(sy); /* done before a guest with its caches off looks at memory */
	isb();
}
