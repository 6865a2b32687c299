/* SPDX-License-Identifier: Apache-2.0 */
/* Calls to firmware. DEN 0028F (SMCCC), DEN 0022F (PSCI). */
#ifndef CORE_ARM64_SMCCC_H
#define CORE_ARM64_SMCCC_H

#include "core/base/bits.h"

/* x0-x3 carry arguments in and results out; x4-x17 go in as given and come back as firmware leaves
 * them. */
struct smccc_regs {
	uint64_t x[18];
};

/* Executes smc #0. Any CPU at EL2. */
void smccc_smc(struct smccc_regs *regs);

/* The common case: up to three arguments, one result. */
uint64_t smccc_call(uint64_t id, uint64_t a1, uint64_t a2, uint64_t a3);

#define SMCCC_SUCCESS		0
#define SMCCC_NOT_SUPPORTED	(-1)
#define SMCCC_VERSION		UINT32_C(0x80000000)
#define SMCCC_ARCH_FEATURES	UINT32_C(0x80000001)
#define SMCCC_ARCH_SOC_ID	UINT32_C(0x80000002)
#define SMCCC_ARCH_WORKAROUND_1 UINT32_C(0x80008000)
#define SMCCC_ARCH_WORKAROUND_2 UINT32_C(0x80007fff)
#define SMCCC_ARCH_WORKAROUND_3 UINT32_C(0x80003fff)

/* DEN 0057A */
#define PV_TIME_FEATURES UINT32_C(0xc5000020)
#define PV_TIME_ST	 UINT32_C(0xc5000021)

/* DEN 0098 */
#define TRNG_VERSION		UINT32_C(0x84000050)
#define TRNG_FEATURES		UINT32_C(0x84000051)
#define TRNG_GET_UUID		UINT32_C(0x84000052)
#define TRNG_RND32		UINT32_C(0x84000053)
#define TRNG_RND64		UINT32_C(0xc4000053)
#define TRNG_VERSION_1_0	0x10000
#define TRNG_INVALID_PARAMETERS (-2)
#define TRNG_NO_ENTROPY		(-3)

#define SMCCC_SMC64 BIT(30)
#define SMCCC_FAST  BIT(31)

#define PSCI_VERSION	       UINT32_C(0x84000000)
#define PSCI_CPU_SUSPEND32     UINT32_C(0x84000001)
#define PSCI_CPU_SUSPEND64     UINT32_C(0xc4000001)
#define PSCI_CPU_OFF	       UINT32_C(0x84000002)
#define PSCI_CPU_ON32	       UINT32_C(0x84000003)
#define PSCI_CPU_ON64	       UINT32_C(0xc4000003)
#define PSCI_AFFINITY_INFO32   UINT32_C(0x84000004)
#define PSCI_AFFINITY_INFO64   UINT32_C(0xc4000004)
#define PSCI_MIGRATE32	       UINT32_C(0x84000005)
#define PSCI_MIGRATE64	       UINT32_C(0xc4000005)
#define PSCI_MIGRATE_INFO_TYPE UINT32_C(0x84000006)
#define PSCI_SYSTEM_OFF	       UINT32_C(0x84000008)
#define PSCI_SYSTEM_RESET      UINT32_C(0x84000009)
#define PSCI_FEATURES	       UINT32_C(0x8400000a)

enum psci_ret {
	PSCI_RET_SUCCESS = 0,
	PSCI_RET_NOT_SUPPORTED = -1,
	PSCI_RET_INVALID_PARAMETERS = -2,
	PSCI_RET_DENIED = -3,
	PSCI_RET_ALREADY_ON = -4,
	PSCI_RET_ON_PENDING = -5,
	PSCI_RET_INTERNAL_FAILURE = -6,
	PSCI_RET_NOT_PRESENT = -7,
	PSCI_RET_DISABLED = -8,
	PSCI_RET_INVALID_ADDRESS = -9,
};

#endif
