/* SPDX-License-Identifier: Apache-2.0 */
/* The board's firmware: PSCI by smc. DEN 0022F. */
#ifndef DRIVERS_HW_PSCI_H
#define DRIVERS_HW_PSCI_H

#include "boot/board_types.h"

/* Boot CPU, once. */
void psci_init(const struct board_psci *psci);

/* PSCI_VERSION as firmware gives it; 0 when there is none. */
uint32_t psci_version(void);

/* 0 or a PSCI error code (negative). entry: physical. */
int psci_cpu_on(uint64_t mpidr, uint64_t entry, uint64_t context);

/* Return only if firmware doesn't do it. */
void psci_system_off(void);
void psci_system_reset(void);

/* Firmware knows SMCCC 1.1: what it does not know it answers with NOT_SUPPORTED. */
bool psci_has_smccc(void);

/* Which of SMCCC_ARCH_WORKAROUND_1, 2, 3 firmware implements: bit n-1. In line: each switch between
 * VMs asks. */
#if defined(__aarch64__) && !defined(BULKHEAD_HOST)
extern uint32_t psci_workaround_bits; /* constant after psci_init() */
static inline uint32_t psci_workarounds(void)
{
	return psci_workaround_bits;
}
#else /* a test's */
uint32_t psci_workarounds(void);
#endif

#endif
