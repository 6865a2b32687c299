/* SPDX-License-Identifier: Apache-2.0 */
/* The board's firmware. */
#include "drivers/hw/psci.h"

#include "core/arm64/smccc.h"

static struct {
	bool usable;
	uint32_t version;
	uint32_t cpu_on_id;
	bool smccc;
} psci;

uint32_t psci_workaround_bits;

static int64_t call32(uint32_t id, uint64_t a1)
{
	return (int32_t)smccc_call(id, a1, 0, 0);
}

/* SMCCC 1.1 is announced by PSCI_FEATURES(SMCCC_VERSION): DEN 0028F, appendix B */
static void find_workarounds(void)
{
	static const uint32_t ids[] = {SMCCC_ARCH_WORKAROUND_1, SMCCC_ARCH_WORKAROUND_2,
				       SMCCC_ARCH_WORKAROUND_3};

	if (psci.version < 0x10000 || call32(PSCI_FEATURES, SMCCC_VERSION) < 0) {
		return;
	}
	psci.smccc = true;
	for (uint32_t i = 0; i < ARRAY_COUNT(ids); i++) {
		if (call32(SMCCC_ARCH_FEATURES, ids[i]) >= 0) {
			psci_workaround_bits |= UINT32_C(1) << i;
		}
	}
}

void psci_init(const struct board_psci *board)
{
	psci.usable = board->present && !board->use_hvc;
	if (!psci.usable) {
		return;
	}
	psci.cpu_on_id = board->v0_1 ? board->cpu_on_id : PSCI_CPU_ON64;
	psci.version = board->v0_1 ? 1 : (uint32_t)smccc_call(PSCI_VERSION, 0, 0, 0);
	find_workarounds();
}

uint32_t psci_version(void)
{
	return psci.version;
}

int psci_cpu_on(uint64_t mpidr, uint64_t entry, uint64_t context)
{
	return psci.usable ? (int)smccc_call(psci.cpu_on_id, mpidr, entry, context) :
			     PSCI_RET_NOT_SUPPORTED;
}

void psci_system_off(void)
{
	if (psci.usable) {
		smccc_call(PSCI_SYSTEM_OFF, 0, 0, 0);
	}
}

void psci_system_reset(void)
{
	if (psci.usable) {
		smccc_call(PSCI_SYSTEM_RESET, 0, 0, 0);
	}
}

bool psci_has_smccc(void)
{
	return psci.smccc;
}
