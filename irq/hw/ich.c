/* SPDX-License-Identifier: Apache-2.0 */
/* ICH_* registers by number. IHI 0069H 12.4. */
#include "irq/hw/ich.h"

#include "core/arm64/barrier.h"
#include "core/arm64/sysreg.h"
#include "core/base/percpu.h"

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

/* Registers of active priorities that each group has beyond the first: 6 priority bits need one
 * more, 7 three more (ICH_VTR_EL2.PREbits). Constant after ich_init(). */
static PERCPU(uint32_t, further);

void ich_init(void)
{
	uint64_t bits = FIELD_GET(ICH_VTR_PREBITS, sysreg_read_raw(SYSREG_ICH_VTR_EL2)) + 1;

	this_cpu(further) = bits >= 7 ? 3 : bits == 6;
}

static inline void write_active_priorities(const uint32_t *group0, const uint32_t *group1)
{
	sysreg_write_raw("s3_4_c12_c8_0", group0[0]);
	sysreg_write_raw("s3_4_c12_c9_0", group1[0]);
	if (unlikely(this_cpu(further) != 0)) {
		sysreg_write_raw("s3_4_c12_c8_1", group0[1]);
		sysreg_write_raw("s3_4_c12_c9_1", group1[1]);
	}
	if (unlikely(this_cpu(further) == 3)) {
		sysreg_write_raw("s3_4_c12_c8_2", group0[2]);
		sysreg_write_raw("s3_4_c12_c8_3", group0[3]);
		sysreg_write_raw("s3_4_c12_c9_2", group1[2]);
		sysreg_write_raw("s3_4_c12_c9_3", group1[3]);
	}
	/* the priorities before the list registers that are compared with them */
	isb();
}

static inline void read_active_priorities(uint32_t *group0, uint32_t *group1)
{
	group0[0] = (uint32_t)sysreg_read_raw("s3_4_c12_c8_0");
	group1[0] = (uint32_t)sysreg_read_raw("s3_4_c12_c9_0");
	if (unlikely(this_cpu(further) != 0)) {
		group0[1] = (uint32_t)sysreg_read_raw("s3_4_c12_c8_1");
		group1[1] = (uint32_t)sysreg_read_raw("s3_4_c12_c9_1");
	}
	if (unlikely(this_cpu(further) == 3)) {
		group0[2] = (uint32_t)sysreg_read_raw("s3_4_c12_c8_2");
		group0[3] = (uint32_t)sysreg_read_raw("s3_4_c12_c8_3");
		group1[2] = (uint32_t)sysreg_read_raw("s3_4_c12_c9_2");
		group1[3] = (uint32_t)sysreg_read_raw("s3_4_c12_c9_3");
	}
}

void ich_clear_active_priorities(void)
{
	static const uint32_t none[VIF_PRIORITIES];

	write_active_priorities(none, none);
}

/* Of the guest that this CPU runs. */
static PERCPU(bool, hidden);

void ich_hide(void)
{
	this_cpu(hidden) = true;
	/* without Enable, so that ICC_SRE_EL1 is EL2's; its SRE bit makes the others undefined at
	 * EL1, where it may be zero, and else they are trapped */
	sysreg_write_raw(SYSREG_ICC_SRE_EL2, BITS(2, 0));
	sysreg_write_raw(SYSREG_ICC_SRE_EL1, 0);
	sysreg_write_raw(SYSREG_ICH_HCR_EL2, ICH_HCR_TC | ICH_HCR_TALL0 | ICH_HCR_TALL1);
}

static void show(void)
{
	this_cpu(hidden) = false;
	/* Enable before the register that it gives to EL1 is what EL1 expects */
	sysreg_write_raw(SYSREG_ICC_SRE_EL2, BITS(3, 0));
	isb();
	sysreg_write_raw(SYSREG_ICC_SRE_EL1, BITS(2, 0));
}

void ich_save(struct vif_saved *saved, uint32_t used)
{
	for (; used != 0; used &= used - 1) {
		uint32_t n = (uint32_t)__builtin_ctz(used);

		saved->lr[n] = ich_lr_read(n);
		ich_lr_write(n, 0);
	}
	saved->hcr = ich_hcr_read();
	saved->vmcr = ich_vmcr_read();
	read_active_priorities(saved->ap0r, saved->ap1r);
	/* off: no maintenance interrupt */
	ich_hcr_write(0);
}

/* What ICH_ELRSR_EL2 says of these registers is told by the isb of vtimer_load(), which comes
 * behind: the ways without a lock look at it with none of their own. */
void ich_load(const struct vif_saved *saved, uint32_t used)
{
	if (unlikely(this_cpu(hidden))) {
		show();
	}
	write_active_priorities(saved->ap0r, saved->ap1r);
	ich_vmcr_write(saved->vmcr);
	for (; used != 0; used &= used - 1) {
		uint32_t n = (uint32_t)__builtin_ctz(used);

		ich_lr_write(n, saved->lr[n]);
	}
	ich_hcr_write(saved->hcr);
}

bool ich_is_idle(void)
{
	uint32_t group0[VIF_PRIORITIES] = {0}, group1[VIF_PRIORITIES] = {0}, active = 0;

	read_active_priorities(group0, group1);
	for (uint32_t i = 0; i < VIF_PRIORITIES; i++) {
		active |= group0[i] | group1[i];
	}
	return active == 0;
}

bool ich_traps_dir(void)
{
	return (sysreg_read_raw(SYSREG_ICH_VTR_EL2) & ICH_VTR_TDS) != 0;
}
