/* SPDX-License-Identifier: Apache-2.0 */
/* The pinned policy. */
#include "core/sched/sched.h"

#include "core/base/errno.h"
#include "core/base/percpu.h"

static PERCPU(struct vcpu *, pinned_vcpu);

int sched_add(struct vcpu *vcpu)
{
	struct vcpu **slot = percpu_of(pinned_vcpu, vcpu->cpu);

	if (*slot != NULL) {
		return -EBUSY;
	}
	*slot = vcpu;
	return 0;
}

struct vcpu *sched_pick(void)
{
	struct vcpu *vcpu = this_cpu(pinned_vcpu);

	if (vcpu == NULL) {
		return NULL;
	}
	if (vcpu_has_events(vcpu) || vcpu->job != NULL) {
		return vcpu;
	}
	return vcpu->hold == 0 ? vcpu : NULL;
}
