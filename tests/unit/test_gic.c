/* SPDX-License-Identifier: Apache-2.0 */
/* What the GICv3 driver writes to name a CPU. IHI 0069H ICC_SGI1R_EL1. */
#include "irq/hw/gic.h"

#include "core/base/types.h"
#include "tests/unit/fake_sysreg.h"
#include "tests/unit/unit.h"

static const struct {
	uint64_t mpidr, target;
} cases[] = {
	/* one of 16 bits by Aff0 */
	{0x80000000, UINT64_C(0x0000000000000001)},
	{0x80000001, UINT64_C(0x0000000000000002)},
	{0x8000000f, UINT64_C(0x0000000000008000)},
	/* RS, bits 47:44: which 16 of Aff0 */
	{0x80000010, UINT64_C(0x0000100000000001)},
	{0x800000ff, UINT64_C(0x0000f00000008000)},
	/* Aff1 at 23:16, Aff2 at 39:32, Aff3 at 55:48 */
	{0x80000100, UINT64_C(0x0000000000010001)},
	{0x8000ff00, UINT64_C(0x0000000000ff0001)},
	{0x80010000, UINT64_C(0x0000000100000001)},
	{0x80ff0000, UINT64_C(0x000000ff00000001)},
	{UINT64_C(0x0180000000), UINT64_C(0x0001000000000001)},
	{UINT64_C(0xff80000000), UINT64_C(0x00ff000000000001)},
	{UINT64_C(0x1280345678), UINT64_C(0x0012703400560100)},
	/* MT, U and what is reserved name nothing */
	{UINT64_C(0xffffff00ff000000), UINT64_C(0x0000000000000001)},
};

static void targets(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		assert_int_equal(gic_sgi_target(cases[i].mpidr), cases[i].target);
	}
}

static void sent(void **state)
{
	(void)state;
	for (uint32_t sgi = 0; sgi < 16; sgi++) {
		for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
			fake_sysreg_reset();
			gic_send_sgi(sgi, gic_sgi_target(cases[i].mpidr));
			/* INTID at 27:24; IRM, bit 40, is never set */
			assert_int_equal(sysreg_read_raw(SYSREG_ICC_SGI1R_EL1),
					 cases[i].target | (uint64_t)sgi << 24);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE("a CPU is named by its affinity", targets),
		CASE("an SGI goes to that CPU", sent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
