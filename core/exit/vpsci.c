/* SPDX-License-Identifier: Apache-2.0 */
/* PSCI 1.1 as a guest calls it. DEN 0022F chapter 5. */
#include "core/exit/vpsci.h"

#include "core/arm64/smccc.h"
#include "core/vm/vm.h"

#define VPSCI_VERSION	     0x00010001
#define MIGRATE_NOT_REQUIRED 2 /* MIGRATE_INFO_TYPE: no trusted OS that would have to move */
#define AFFINITY_ON	     0
#define AFFINITY_OFF	     1
#define AFFINITY_ON_PENDING  2
/* SYSTEM_RESET2's reset_type: the architecture's warm reset. Those with bit 31, and the cookie, are
 * the vendor's, of which there are none. */
#define RESET_WARM    0
#define AFFINITY_MASK UINT64_C(0xff00ffffff)
/* power_state, original format: bits 31:26 and 23:17 are zero (DEN 0022F 5.4.2) */
#define POWER_STATE_RESERVED (BITS(31, 26) | BITS(23, 17))

static struct vcpu *find_vcpu(const struct vm *vm, uint64_t mpidr)
{
	for (uint32_t i = 0; i < vm->vcpu_count; i++) {
		if ((vm->vcpu[i]->mpidr & AFFINITY_MASK) == mpidr) {
			return vm->vcpu[i];
		}
	}
	return NULL;
}

static enum psci_ret cpu_on(struct vcpu *vcpu, uint64_t mpidr, uint64_t entry, uint64_t context)
{
	struct vcpu *target = find_vcpu(vcpu->vm, mpidr);
	bool won;

	if (target == NULL) {
		return PSCI_RET_INVALID_PARAMETERS;
	}
	if (vm_extent_of(vcpu->vm, entry, 4) == NULL || (entry & 3) != 0) {
		return PSCI_RET_INVALID_ADDRESS;
	}
	/* Of two callers one wins here, and alone writes where the CPU starts. The VM's lock: no
	   life ends between the two. */
	spin_lock(&vcpu->vm->lock);
	won = atomic_replace(&target->power, VCPU_OFF, VCPU_ON_PENDING);
	if (won) {
		target->start_pc = entry;
		target->start_context = context;
		target->start_life = vcpu->vm->life;
	}
	spin_unlock(&vcpu->vm->lock);
	if (!won) {
		return atomic_read(&target->power) == VCPU_ON ? PSCI_RET_ALREADY_ON :
								PSCI_RET_ON_PENDING;
	}
	vcpu_post(target, VCPU_EVENT_START);
	return PSCI_RET_SUCCESS;
}

/* Only for the last one that is on: nobody turns another on meanwhile. DEN 0022F SYSTEM_SUSPEND. */
static enum psci_ret system_suspend(struct vcpu *vcpu, uint64_t entry, uint64_t context)
{
	const struct vm *vm = vcpu->vm;

	if (vm_extent_of(vm, entry, 4) == NULL || (entry & 3) != 0) {
		return PSCI_RET_INVALID_ADDRESS;
	}
	for (uint32_t i = 0; i < vm->vcpu_count; i++) {
		if (vm->vcpu[i] != vcpu && atomic_read_acquire(&vm->vcpu[i]->power) != VCPU_OFF) {
			return PSCI_RET_DENIED;
		}
	}
	vcpu->start_pc = entry;
	vcpu->start_context = context;
	return PSCI_RET_SUCCESS;
}

static int affinity_info(const struct vcpu *vcpu, uint64_t mpidr, uint32_t level)
{
	const struct vm *vm = vcpu->vm;
	uint64_t mask = AFFINITY_MASK;
	int state = PSCI_RET_INVALID_PARAMETERS;

	if (level > 3 || (mpidr & ~AFFINITY_MASK) != 0) {
		return PSCI_RET_INVALID_PARAMETERS;
	}
	/* fields below the level are ignored: DEN 0022F 5.7.2; affinity 3 is at bits 39:32 */
	mask &= level == 3 ? BITS(39, 32) : ~(BIT(8 * level) - 1);
	for (uint32_t i = 0; i < vm->vcpu_count; i++) {
		uint32_t power = atomic_read(&vm->vcpu[i]->power);

		if (((vm->vcpu[i]->mpidr ^ mpidr) & mask) != 0) {
			continue;
		}
		if (power == VCPU_ON) {
			return AFFINITY_ON;
		}
		if (state < 0 || power == VCPU_ON_PENDING) {
			state = power == VCPU_ON_PENDING ? AFFINITY_ON_PENDING : AFFINITY_OFF;
		}
	}
	return state;
}

static int features(uint32_t id)
{
	switch (id) {
	case PSCI_VERSION:
	case PSCI_CPU_SUSPEND32: /* original power_state format, no OS-initiated mode */
	case PSCI_CPU_SUSPEND64:
	case PSCI_CPU_OFF:
	case PSCI_CPU_ON32:
	case PSCI_CPU_ON64:
	case PSCI_AFFINITY_INFO32:
	case PSCI_AFFINITY_INFO64:
	case PSCI_MIGRATE_INFO_TYPE:
	case PSCI_SYSTEM_OFF:
	case PSCI_SYSTEM_RESET:
	case PSCI_FEATURES:
	case PSCI_SYSTEM_RESET2_32:
	case PSCI_SYSTEM_RESET2_64:
	case PSCI_SYSTEM_SUSPEND32:
	case PSCI_SYSTEM_SUSPEND64:
	case SMCCC_VERSION:
		return PSCI_RET_SUCCESS;
	default:
		return PSCI_RET_NOT_SUPPORTED;
	}
}

/* SMC32 calls have 32-bit arguments: DEN 0028F 3.1 */
static uint64_t argument(const struct vcpu *vcpu, uint32_t id, uint32_t n)
{
	return (id & SMCCC_SMC64) != 0 ? vcpu->regs.x[n] : (uint32_t)vcpu->regs.x[n];
}

enum exit_action vpsci_call(struct vcpu *vcpu, uint32_t id, enum exit_action done)
{
	uint64_t a1 = argument(vcpu, id, 1), a2 = argument(vcpu, id, 2), a3 = argument(vcpu, id, 3);
	int64_t ret = PSCI_RET_NOT_SUPPORTED;

	switch (id) {
	case PSCI_VERSION:
		ret = VPSCI_VERSION;
		break;
	case PSCI_FEATURES:
		ret = features((uint32_t)a1);
		break;
	case PSCI_CPU_ON32:
	case PSCI_CPU_ON64:
		ret = cpu_on(vcpu, a1, a2, a3);
		break;
	case PSCI_CPU_OFF:
		return EXIT_VCPU_OFF;
	case PSCI_CPU_SUSPEND32:
	case PSCI_CPU_SUSPEND64:
		if ((a1 & POWER_STATE_RESERVED) != 0) {
			ret = PSCI_RET_INVALID_PARAMETERS;
			break;
		}
		/* every state is entered as standby: the caller goes on here (DEN 0022F 5.4.3) */
		vcpu->regs.x[0] = PSCI_RET_SUCCESS;
		return done == EXIT_ADVANCE ? EXIT_ADVANCE_STANDBY : EXIT_STANDBY;
	case PSCI_AFFINITY_INFO32:
	case PSCI_AFFINITY_INFO64:
		/* the level has 32 bits in both: DEN 0022F 5.7.1 */
		ret = affinity_info(vcpu, a1, (uint32_t)a2);
		break;
	case PSCI_MIGRATE_INFO_TYPE:
		ret = MIGRATE_NOT_REQUIRED;
		break;
	case PSCI_SYSTEM_OFF:
		return EXIT_VM_OFF;
	case PSCI_SYSTEM_RESET:
		return EXIT_VM_RESET;
	case PSCI_SYSTEM_RESET2_32:
	case PSCI_SYSTEM_RESET2_64:
		if ((uint32_t)a1 == RESET_WARM) {
			return EXIT_VM_RESET;
		}
		ret = PSCI_RET_INVALID_PARAMETERS;
		break;
	case PSCI_SYSTEM_SUSPEND32:
	case PSCI_SYSTEM_SUSPEND64:
		ret = system_suspend(vcpu, a1, a2);
		if (ret == PSCI_RET_SUCCESS) {
			return EXIT_VM_SUSPEND;
		}
		break;
	default:
		break;
	}
	/* sign-extended for SMC64, and for SMC32 in W0 with the rest as it comes (DEN 0028F 3.1) */
	vcpu->regs.x[0] = (uint64_t)ret;
	return done;
}
