/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stolen time, as Arm DEN 0057A has it: for each vCPU a record in memory that its VM may read, of
 * how long it was ready while others had its CPU, since the VM's start.
 *
 * The records lie in one page of EL2's, mapped read-only into the VM where QEMU's virt has them.
 * What is told is what the scheduler counted (struct sched_vcpu.stolen), each time the vCPU is
 * loaded. Each VM has its page, also one whose vCPUs have their CPUs for themselves: a guest asks
 * once, when it boots, and a CPU may be shared after that (sched_place()).
 * Owner of a record: the vCPU's CPU. No lock: the guest reads eight bytes that are stored at once.
 */
#ifndef CORE_VM_PVTIME_H
#define CORE_VM_PVTIME_H

#include "core/resource/registry.h"
#include "core/vm/vm.h"

/* DEN 0057A 3.2.2: what a guest reads. */
struct pvtime_record {
	uint32_t revision, attributes; /* both 0 */
	uint64_t stolen;	       /* nanoseconds */
	uint8_t reserved[48];
};

/* Pages of EL2's memory, tables apart. */
#define PVTIME_PAGES 1

/* Makes the page and maps it, where the VM's config left its place free. Boot CPU, before any guest
 * runs. 0 or -errno. */
int pvtime_create(struct vm *vm, struct registry *registry);

/* The place of a vCPU's record in its VM's space, or 0: there is none. */
uint64_t pvtime_ipa(const struct vcpu *vcpu);

/* Ticks stolen in this life of the VM. Owner; others may be late by what the owner is writing. */
static inline uint64_t pvtime_stolen(const struct vcpu *vcpu)
{
	return vcpu->sched.stolen - vcpu->stolen_before;
}

/* Writes the record. Owner. */
static inline void pvtime_tell(const struct vcpu *vcpu)
{
	__uint128_t ns = (__uint128_t)pvtime_stolen(vcpu) * vcpu->vm->pvtime_scale;

	if (vcpu->pvtime != NULL) {
		atomic_set(&vcpu->pvtime->stolen, (uint64_t)(ns >> 32));
	}
}

/* The vCPU is turned on: the first time in a life its count begins again. Owner. */
static inline void pvtime_begin(struct vcpu *vcpu)
{
	if (vcpu->stolen_life != vcpu->start_life + 1) {
		vcpu->stolen_life = vcpu->start_life + 1;
		vcpu->stolen_before = vcpu->sched.stolen;
	}
	pvtime_tell(vcpu);
}

#endif
