/* SPDX-License-Identifier: Apache-2.0 */
/* ICH_* registers by number. IHI 0069H 12.4. */
#include "irq/hw/ich.h"

#include "core/arm64/barrier.h"
#include "core/arm64/sysreg.h"

/* ICH_LR<n>_EL2 is s3_4_c12_c12_n for n < 8 and s3_4_c12_c13_(n - 8) above. */
/* clang-format off */
#define EACH_LR(X) \
	X(0, "c12_0") X(1, "c12_1") X(2, "c12_2") X(3, "c12_3") \
	X(4, "c12_4") X(5, "c12_5") X(6, "c12_6") X(7, "c12_7") \
	X(8, "c13_0") X(9, "c13_1") X(10, "c13_2") X(11, "c13_3") \
	X(12, "c13_4") X(13, "c13_5") X(14, "c13_6") X(15, "c13_7")
/* clang-format on */

uint64_t ich_lr_read(uint32_t n)
{
	switch (n) {
#define X(number, name)                                                                            \
	case number:                                                                               \
		return sysreg_read_raw("s3_4_c12_" name);
		EACH_LR(X)
#undef X
	default:
		return 0;
	}
}

void ich_lr_write_further(uint32_t n, uint64_t value)
{
	switch (n) {
#define X(number, name)                                                                            \
	case number:                                                                               \
		sysreg_write_raw("s3_4_c12_" name, value);                                         \
		break;
		EACH_LR(X)
#undef X
	default:
		break;
	}
}

uint32_t ich_eoi(void)
{
	return (uint32_t)sysreg_read_raw(SYSREG_ICH_EISR_EL2);
}

uint64_t ich_hcr_read(void)
{
	return sysreg_read_raw(SYSREG_ICH_HCR_EL2);
}

void ich_hcr_write(uint64_t hcr)
{
	sysreg_write_raw(SYSREG_ICH_HCR_EL2, hcr);
}

void ich_vmcr_write(uint64_t vmcr)
{
	sysreg_write_raw(SYSREG_ICH_VMCR_EL2, vmcr);
}

uint64_t ich_vmcr_read(void)
{
	return sysreg_read_raw(SYSREG_ICH_VMCR_EL2);
}

/* 5 priority bits: one register of active priorities for each group; 6 bits two, 7 bits four. */
static uint64_t preemption_bits(void)
{
	return FIELD_GET(ICH_VTR_PREBITS, sysreg_read_raw(SYSREG_ICH_VTR_EL2)) + 1;
}

bool ich_is_idle(void)
{
	uint64_t bits = preemption_bits();
	uint64_t active = sysreg_read_raw("s3_4_c12_c8_0");

	active |= sysreg_read_raw("s3_4_c12_c9_0");
	if (bits >= 6) {
		active |= sysreg_read_raw("s3_4_c12_c8_1");
		active |= sysreg_read_raw("s3_4_c12_c9_1");
	}
	if (bits >= 7) {
		active |= sysreg_read_raw("s3_4_c12_c8_2");
		active |= sysreg_read_raw("s3_4_c12_c8_3");
		active |= sysreg_read_raw("s3_4_c12_c9_2");
		active |= sysreg_read_raw("s3_4_c12_c9_3");
	}
	return active == 0;
}

void ich_clear_active_priorities(void)
{
	uint64_t bits = preemption_bits();

	sysreg_write_raw("s3_4_c12_c8_0", 0);
	sysreg_write_raw("s3_4_c12_c9_0", 0);
	if (bits >= 6) {
		sysreg_write_raw("s3_4_c12_c8_1", 0);
		sysreg_write_raw("s3_4_c12_c9_1", 0);
	}
	if (bits >= 7) {
		sysreg_write_raw("s3_4_c12_c8_2", 0);
		sysreg_write_raw("s3_4_c12_c8_3", 0);
		sysreg_write_raw("s3_4_c12_c9_2", 0);
		sysreg_write_raw("s3_4_c12_c9_3", 0);
	}
	/* the priorities before the list registers that are compared with them */
	isb();
}

void ich_hide(void)
{
	/* without Enable, so that ICC_SRE_EL1 is EL2's; its SRE bit makes the others undefined at
	 * EL1, where it may be zero, and else they are trapped */
	sysreg_write_raw(SYSREG_ICC_SRE_EL2, BITS(2, 0));
	sysreg_write_raw(SYSREG_ICC_SRE_EL1, 0);
	sysreg_write_raw(SYSREG_ICH_HCR_EL2, ICH_HCR_TC | ICH_HCR_TALL0 | ICH_HCR_TALL1);
}

bool ich_traps_dir(void)
{
	return (sysreg_read_raw(SYSREG_ICH_VTR_EL2) & ICH_VTR_TDS) != 0;
}
