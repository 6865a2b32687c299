/* SPDX-License-Identifier: Apache-2.0 */
/* Calls by HVC and SMC. */
#include "core/exit/hvc.h"

#include "core/arm64/smccc.h"
#include "core/exit/hypercall_ids.h"
#include "core/exit/hypercall_types.h"
#include "core/exit/trng.h"
#include "core/exit/vpsci.h"
#include "core/vm/pvtime.h"
#include "core/vm/vm.h"
#include "drivers/hw/psci.h"

#define SMCCC_VERSION_1_1 0x10001
#define PSCI_RANGE	  0x84000000
#define PSCI_RANGE_END	  0x84000020

/* WORKAROUND_n by id; bit n-1 of psci_workarounds(), or -1. */
static int workaround_bit(uint32_t id)
{
	switch (id) {
	case SMCCC_ARCH_WORKAROUND_1:
		return 0;
	case SMCCC_ARCH_WORKAROUND_2:
		return 1;
	case SMCCC_ARCH_WORKAROUND_3:
		return 2;
	default:
		return -1;
	}
}

static bool has_workaround(uint32_t id)
{
	int bit = workaround_bit(id);

	return bit >= 0 && ((psci_workarounds() >> bit) & 1) != 0;
}

/* DEN 0057A: whether there is stolen time, and where this vCPU's record is. */
static int64_t pv_time(const struct vcpu *vcpu, uint32_t id, uint32_t asked)
{
	uint64_t ipa = pvtime_ipa(vcpu);

	if (ipa == 0) {
		return SMCCC_NOT_SUPPORTED;
	}
	if (id == PV_TIME_ST) {
		return (int64_t)ipa;
	}
	return asked == PV_TIME_FEATURES || asked == PV_TIME_ST ? SMCCC_SUCCESS :
								  SMCCC_NOT_SUPPORTED;
}

static int64_t arch_features(const struct vcpu *vcpu, uint32_t id)
{
	if (id == SMCCC_VERSION || id == SMCCC_ARCH_FEATURES) {
		return SMCCC_SUCCESS;
	}
	if (id == PV_TIME_FEATURES) {
		return pv_time(vcpu, id, id);
	}
	/* firmware says whether this CPU needs it: 0 yes, 1 no */
	return has_workaround(id) ? (int32_t)smccc_call(SMCCC_ARCH_FEATURES, id, 0, 0) :
				    SMCCC_NOT_SUPPORTED;
}

static enum exit_action give_way(struct vcpu *vcpu, enum exit_action done)
{
	vcpu->regs.x[0] = SMCCC_SUCCESS;
	return done == EXIT_ADVANCE ? EXIT_ADVANCE_GIVE_WAY : EXIT_GIVE_WAY;
}

/* Out of line, so that PSCI's calls pay nothing for it. */
static enum exit_action __attribute__((noinline))
other_call(struct vcpu *vcpu, uint32_t id, enum exit_action done)
{
	int64_t ret = SMCCC_NOT_SUPPORTED;

	if ((id & ~(uint32_t)(SMCCC_SMC64 | 0xffff)) == HYPERCALL_ID32(0)) {
		return (id & 0xffff) == HYPERCALL_YIELD ? give_way(vcpu, done) : EXIT_HYPERCALL;
	}
	if (trng_owns(id)) {
		trng_call(vcpu, id);
		return done;
	}
	if (id == SMCCC_VERSION) {
		ret = SMCCC_VERSION_1_1;
	} else if (id == SMCCC_ARCH_FEATURES) {
		ret = arch_features(vcpu, (uint32_t)vcpu->regs.x[1]);
	} else if (id == PV_TIME_FEATURES || id == PV_TIME_ST) {
		ret = pv_time(vcpu, id, (uint32_t)vcpu->regs.x[1]);
	} else if (has_workaround(id)) {
		smccc_call(id, vcpu->regs.x[1], 0, 0);
		ret = SMCCC_SUCCESS;
	}
	vcpu->regs.x[0] = (uint64_t)ret;
	return done;
}

static enum exit_action call(struct vcpu *vcpu, enum exit_action done)
{
	uint32_t id = (uint32_t)vcpu->regs.x[0];

	if ((id & ~(uint32_t)SMCCC_SMC64) >= PSCI_RANGE &&
	    (id & ~(uint32_t)SMCCC_SMC64) < PSCI_RANGE_END) {
		return vpsci_call(vcpu, id, done);
	}
	return other_call(vcpu, id, done);
}

enum exit_action hvc_call(struct vcpu *vcpu, uint32_t immediate)
{
	if (immediate != 0) {
		/* reserved for other conventions: DEN 0028F 2.9 */
		vcpu->regs.x[0] = (uint64_t)(int64_t)SMCCC_NOT_SUPPORTED;
		return EXIT_RESUME;
	}
	/* the PC is behind the instruction already */
	if (vcpu->regs.x[0] == HYPERCALL_YIELD_ID) {
		return give_way(vcpu, EXIT_RESUME);
	}
	return call(vcpu, EXIT_RESUME);
}

static bool is_allowed(const struct vm_config *config, uint32_t id)
{
	for (uint32_t i = 0; i < config->smc_allow_count; i++) {
		if (id >= config->smc_allow[i].first && id <= config->smc_allow[i].last) {
			return true;
		}
	}
	return false;
}

enum exit_action hvc_smc(struct vcpu *vcpu, uint32_t immediate)
{
	struct smccc_regs regs;

	if (immediate != 0) {
		vcpu->regs.x[0] = (uint64_t)(int64_t)SMCCC_NOT_SUPPORTED;
		return EXIT_ADVANCE;
	}
	if (!is_allowed(vcpu->vm->config, (uint32_t)vcpu->regs.x[0])) {
		return call(vcpu, EXIT_ADVANCE);
	}
	for (uint32_t i = 0; i < ARRAY_COUNT(regs.x); i++) {
		regs.x[i] = vcpu->regs.x[i];
	}
	smccc_smc(&regs);
	for (uint32_t i = 0; i < ARRAY_COUNT(regs.x); i++) {
		vcpu->regs.x[i] = regs.x[i];
	}
	return EXIT_ADVANCE;
}
