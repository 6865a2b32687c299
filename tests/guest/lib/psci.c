/* SPDX-License-Identifier: Apache-2.0 */
/* PSCI and SMCCC as a guest calls them. */
#include "tests/guest/lib/psci.h"

#include "tests/guest/lib/cpu.h"

int64_t psci_call(uint32_t fn, uint64_t a1, uint64_t a2, uint64_t a3)
{
	struct smccc_regs r = {{fn, a1, a2, a3}};

	smccc_hvc(&r);
	return (int32_t)r.x[0];
}

int64_t psci_call_smc(uint32_t fn, uint64_t a1, uint64_t a2, uint64_t a3)
{
	struct smccc_regs r = {{fn, a1, a2, a3}};

	smccc_smc(&r);
	return (int32_t)r.x[0];
}

int64_t psci_cpu_on(uint64_t mpidr, uint64_t entry, uint64_t context)
{
	return psci_call(PSCI_CPU_ON, mpidr, entry, context);
}

int64_t psci_affinity_info(uint64_t mpidr, unsigned int level)
{
	return psci_call(PSCI_AFFINITY_INFO, mpidr, level, 0);
}

static __attribute__((noreturn)) void psci_never_returns(uint32_t fn)
{
	dsb(sy); /* what this CPU stored is seen by those that go on */
	for (;;) {
		psci_call(fn, 0, 0, 0);
		cpu_wfe();
	}
}

void psci_cpu_off(void)
{
	psci_never_returns(PSCI_CPU_OFF);
}

void psci_system_off(void)
{
	psci_never_returns(PSCI_SYSTEM_OFF);
}

bool machine_is_bare(void)
{
	return psci_call(SMCCC_VERSION, 0, 0, 0) < 0;
}
