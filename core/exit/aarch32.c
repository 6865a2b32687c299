/* SPDX-License-Identifier: Apache-2.0 */
/* Conditions and IT state of 32-bit programs. */
#include "core/exit/aarch32.h"

#include "core/arm64/esr.h"
#include "core/arm64/sysreg.h"

#define SPSR_N	     BIT(31)
#define SPSR_Z	     BIT(30)
#define SPSR_C	     BIT(29)
#define SPSR_V	     BIT(28)
#define SPSR_IT_LOW  BITS(26, 25) /* IT[1:0] */
#define SPSR_IT_HIGH BITS(15, 10) /* IT[7:2] */

/* IT[7:4] is the condition of this instruction, IT[3:0] says which of the next four are in the
 * block and changes IT[4], the condition's last bit, for each. 0: no block. */
static uint32_t it_state(uint64_t pstate)
{
	return (uint32_t)(FIELD_GET(SPSR_IT_HIGH, pstate) << 2 | FIELD_GET(SPSR_IT_LOW, pstate));
}

static bool holds(uint32_t condition, uint64_t pstate)
{
	bool n = (pstate & SPSR_N) != 0, z = (pstate & SPSR_Z) != 0;
	bool c = (pstate & SPSR_C) != 0, v = (pstate & SPSR_V) != 0;
	/* each condition is followed by its opposite, but for "always" */
	const bool result[] = {z, c, n, v, c && !z, n == v, n == v && !z};

	if (condition / 2 == ARRAY_COUNT(result)) {
		return true;
	}
	return result[condition / 2] != ((condition & 1) != 0);
}

bool aarch32_passes(uint64_t esr, uint64_t pstate)
{
	uint32_t it = it_state(pstate);

	if ((pstate & SPSR_M_AARCH32) == 0) {
		return true;
	}
	if ((esr & ESR_CV) != 0) {
		return holds((uint32_t)FIELD_GET(ESR_COND, esr), pstate);
	}
	/* T32, and the CPU leaves it to us */
	return it == 0 || holds(it >> 4, pstate);
}

uint64_t aarch32_next_pstate(uint64_t pstate)
{
	uint32_t it = it_state(pstate);

	it = (it & 7) == 0 ? 0 : (it & 0xe0) | ((it << 1) & 0x1f);
	return (pstate & ~(SPSR_IT_HIGH | SPSR_IT_LOW)) | FIELD_PREP(SPSR_IT_HIGH, it >> 2) |
	       FIELD_PREP(SPSR_IT_LOW, it);
}
