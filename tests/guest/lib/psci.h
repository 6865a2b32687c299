/* SPDX-License-Identifier: Apache-2.0 */
/* PSCI (DEN 0022F) and SMCCC (DEN 0028F) as a guest calls them. */
#ifndef TESTS_GUEST_LIB_PSCI_H
#define TESTS_GUEST_LIB_PSCI_H

#include "tests/guest/lib/types.h"

#define SMCCC_VERSION		0x80000000
#define SMCCC_ARCH_FEATURES	0x80000001
#define SMCCC_ARCH_WORKAROUND_1 0x80008000
#define SMCCC_ARCH_WORKAROUND_2 0x80007fff
#define SMCCC_ARCH_WORKAROUND_3 0x80003fff

#define PSCI_VERSION	       0x84000000
#define PSCI_CPU_SUSPEND_32    0x84000001
#define PSCI_CPU_SUSPEND       0xc4000001
#define PSCI_CPU_OFF	       0x84000002
#define PSCI_CPU_ON_32	       0x84000003
#define PSCI_CPU_ON	       0xc4000003
#define PSCI_AFFINITY_INFO_32  0x84000004
#define PSCI_AFFINITY_INFO     0xc4000004
#define PSCI_MIGRATE	       0x84000005
#define PSCI_MIGRATE_INFO_TYPE 0x84000006
#define PSCI_SYSTEM_OFF	       0x84000008
#define PSCI_SYSTEM_RESET      0x84000009
#define PSCI_FEATURES	       0x8400000a
#define PSCI_SYSTEM_SUSPEND_32 0x8400000e
#define PSCI_SYSTEM_SUSPEND    0xc400000e
#define PSCI_SYSTEM_RESET2     0x84000012
#define PSCI_SYSTEM_RESET2_64  0xc4000012

enum psci_ret {
	PSCI_SUCCESS = 0,
	PSCI_NOT_SUPPORTED = -1,
	PSCI_INVALID_PARAMETERS = -2,
	PSCI_DENIED = -3,
	PSCI_ALREADY_ON = -4,
	PSCI_ON_PENDING = -5,
	PSCI_INTERNAL_FAILURE = -6,
	PSCI_NOT_PRESENT = -7,
	PSCI_DISABLED = -8,
	PSCI_INVALID_ADDRESS = -9,
};

enum psci_affinity {
	PSCI_AFFINITY_ON,
	PSCI_AFFINITY_OFF,
	PSCI_AFFINITY_ON_PENDING
};

/* x0-x17 of a call. Layout known to smccc.S. */
struct smccc_regs {
	uint64_t x[18];
};

void smccc_hvc(struct smccc_regs *regs);
void smccc_smc(struct smccc_regs *regs);

/* One call by HVC; value: x0, as the signed 32-bit number that PSCI's codes are. */
int64_t psci_call(uint32_t fn, uint64_t a1, uint64_t a2, uint64_t a3);
int64_t psci_call_smc(uint32_t fn, uint64_t a1, uint64_t a2, uint64_t a3);

int64_t psci_cpu_on(uint64_t mpidr, uint64_t entry, uint64_t context);
int64_t psci_affinity_info(uint64_t mpidr, unsigned int level);
__attribute__((noreturn)) void psci_cpu_off(void);
__attribute__((noreturn)) void psci_system_off(void);

/* True without a hypervisor: firmware that is not SMCCC 1.1 is QEMU's own, at EL1. */
bool machine_is_bare(void);

#endif
