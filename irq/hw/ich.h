/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The CPU's virtual interrupt interface: ICH_* registers by number. Owner: the CPU itself. Unit
 * tests put a model of the hardware behind these names.
 */
#ifndef IRQ_HW_ICH_H
#define IRQ_HW_ICH_H

#include "core/arm64/sysreg.h"
#include "core/base/types.h"
#include "irq/hw/vif_types.h"

/* Each CPU, before all else here. */
void ich_init(void);

uint64_t ich_lr_read(uint32_t n);

#if defined(__aarch64__) && !defined(BULKHEAD_HOST)

/* List registers from 4 on. */
void ich_lr_write_further(uint32_t n, uint64_t value);

/* Most CPUs have four: each of them costs the same. */
static inline void ich_lr_write(uint32_t n, uint64_t value)
{
	if (unlikely(n > 3)) {
		ich_lr_write_further(n, value);
	} else if ((n & 2) == 0) {
		if ((n & 1) == 0) {
			sysreg_write_raw("s3_4_c12_c12_0", value);
		} else {
			sysreg_write_raw("s3_4_c12_c12_1", value);
		}
	} else if ((n & 1) == 0) {
		sysreg_write_raw("s3_4_c12_c12_2", value);
	} else {
		sysreg_write_raw("s3_4_c12_c12_3", value);
	}
}

/* Bit n: list register n is empty. Only those that exist are looked at by the caller. */
static inline uint32_t ich_empty(void)
{
	return (uint32_t)sysreg_read_raw(SYSREG_ICH_ELRSR_EL2);
}

#else /* a test's model of the hardware */

void ich_lr_write(uint32_t n, uint64_t value);
uint32_t ich_empty(void);

#endif

/* Bit n: the guest's EOI of list register n asked for maintenance. */
uint32_t ich_eoi(void);

/* ICH_HCR_EL2; EOIcount is in it, and a write sets it. */
uint64_t ich_hcr_read(void);
void ich_hcr_write(uint64_t hcr);
void ich_vmcr_write(uint64_t vmcr);
uint64_t ich_vmcr_read(void);

/* Active priorities of both groups to zero. */
void ich_clear_active_priorities(void);

/* No priority of either is active. */
bool ich_is_idle(void);

/* This CPU's guests have no system registers of a GIC: accesses are undefined, or come to EL2. */
void ich_hide(void);
/* For a switch: as vif_ops.save() and load(). */
void ich_save(struct vif_saved *saved, uint32_t used);
void ich_load(const struct vif_saved *saved, uint32_t used);

/* TDIR is there: deactivation can be trapped alone. */
bool ich_traps_dir(void);

#endif
