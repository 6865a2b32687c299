/* SPDX-License-Identifier: Apache-2.0 */
/* What devices have to do beyond the exit that asked for it. */
#include "core/arm64/pending.h"
#include "core/sched/sched.h"
#include "core/vm/vm.h"
#include "drivers/emul/vdev.h"

bool vdev_may_go_on(void)
{
	return !irq_is_pending() && sched_stands();
}

void vdev_work_post(struct vdev *vdev, struct vcpu *vcpu)
{
	atomic_fetch_or(&vdev->vm->work, BIT(vdev->index));
	vcpu_post(vcpu, VCPU_EVENT_WORK);
}

/* In turns: a device that never ends keeps no other from its work. */
static uint32_t next_of(struct vm *vm, uint64_t work)
{
	uint64_t later = work & ~(BIT(atomic_read(&vm->work_next)) - 1);
	uint32_t index = (uint32_t)__builtin_ctzll(later != 0 ? later : work);

	atomic_set(&vm->work_next, index + 1);
	return index;
}

void vdev_work(struct vcpu *vcpu)
{
	struct vm *vm = vcpu->vm;
	uint64_t work = atomic_read(&vm->work);
	struct vdev *vdev;

	if (work == 0) {
		return;
	}
	vdev = vm->vdev[next_of(vm, work)];
	/* before the step: what is posted during it is not lost */
	work = atomic_fetch_and(&vm->work, ~BIT(vdev->index)) & ~BIT(vdev->index);
	if (vdev->type->work(vdev)) {
		atomic_fetch_or(&vm->work, BIT(vdev->index));
		work = 1;
	}
	if (work != 0) {
		atomic_fetch_or(&vcpu->events, VCPU_EVENT_WORK);
	}
}
