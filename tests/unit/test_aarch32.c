/* SPDX-License-Identifier: Apache-2.0 */
/* Conditions and IT state against DDI 0487: F1.5.1 (conditions), and F1's tables of IT. */
#include "core/exit/aarch32.h"

#include <string.h>

#include "core/arm64/esr.h"
#include "core/arm64/sysreg.h"
#include "tests/unit/unit.h"

#define USER  UINT64_C(0x10)
#define THUMB UINT64_C(0x20)
#define N     BIT(31)
#define Z     BIT(30)
#define C     BIT(29)
#define V     BIT(28)

static uint64_t with_it(uint64_t pstate, uint32_t it)
{
	return pstate | (uint64_t)(it >> 2) << 10 | (uint64_t)(it & 3) << 25;
}

static uint64_t condition(uint64_t cond)
{
	return ESR_CV | FIELD_PREP(ESR_COND, cond);
}

/* For each condition the sets of flags NZCV (N is bit 3) with which it passes, a bit for each. */
static const uint16_t passing[16] = {
	0xf0f0, 0x0f0f, /* EQ NE */
	0xcccc, 0x3333, /* CS CC */
	0xff00, 0x00ff, /* MI PL */
	0xaaaa, 0x5555, /* VS VC */
	0x0c0c, 0xf3f3, /* HI LS */
	0xaa55, 0x55aa, /* GE LT */
	0x0a05, 0xf5fa, /* GT LE */
	0xffff, 0xffff,
};

static void conditions(void **state)
{
	(void)state;
	for (uint64_t flags = 0; flags < 16; flags++) {
		for (uint64_t cond = 0; cond < 16; cond++) {
			bool passes = ((passing[cond] >> flags) & 1) != 0;
			uint64_t pstate = USER | flags << 28;

			assert_int_equal(aarch32_passes(condition(cond), pstate), passes);
			/* the same in an IT block, where the syndrome doesn't say it */
			if (cond < 15) {
				pstate = with_it(pstate | THUMB, (uint32_t)cond << 4 | 8);
				assert_int_equal(aarch32_passes(0, pstate), passes);
				/* where it does, that counts */
				assert_true(aarch32_passes(condition(14), pstate));
			}
		}
		assert_true(aarch32_passes(0, USER | THUMB | flags << 28));
		/* no condition in AArch64 state, whatever the field holds */
		assert_true(aarch32_passes(condition(0), flags << 28));
		assert_true(aarch32_passes(condition(1), flags << 28));
	}
}

/* Blocks of all lengths and patterns: the condition of each instruction, and then none. */
static void blocks(void **state)
{
	const uint64_t others = USER | THUMB | N | C | BIT(27) | BITS(19, 16) | BIT(9);

	(void)state;
	for (uint32_t length = 1; length <= 4; length++) {
		for (uint32_t pattern = 0; pattern < 8; pattern++) {
			for (uint32_t first = 0; first < 14; first++) {
				/* the last bit of conditions two and on, then 1, then 0 */
				uint32_t bits = (pattern & 7) << 1 | 1;
				uint32_t mask = (bits >> (4 - length) << (4 - length) |
						 1U << (4 - length)) &
						0xf;
				uint64_t pstate = with_it(others, first << 4 | mask);

				for (uint32_t i = 0; i < length; i++) {
					uint32_t last = i == 0 ? first & 1 : (mask >> (4 - i)) & 1;
					uint32_t cond = (first & 0xe) | last;

					assert_int_equal((pstate >> 12) & 0xf, cond);
					pstate = aarch32_next_pstate(pstate);
				}
				assert_int_equal(pstate, others);
			}
		}
	}
	assert_int_equal(aarch32_next_pstate(USER | Z | V), USER | Z | V);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE("a conditional instruction passes with the flags that the manual says",
		     conditions),
		CASE("each instruction of an IT block has its condition, and none is left behind",
		     blocks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
