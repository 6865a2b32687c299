/* SPDX-License-Identifier: Apache-2.0 */
/* A guest's generic timers. DDI 0487 D11.2. */
#include "timer/vtimer.h"

#include "core/arm64/barrier.h"
#include "core/arm64/sysreg.h"
#include "irq/hw/gic.h"
#include "irq/vgic/vgic.h"
#include "timer/deadline.h"

#define CTL_WRITABLE (CNT_CTL_ENABLE | CNT_CTL_IMASK)

/* Enabled, not masked, and due. */
static bool is_asserted(uint64_t ctl)
{
	return (ctl & (CNT_CTL_ENABLE | CNT_CTL_IMASK | CNT_CTL_ISTATUS)) ==
	       (CNT_CTL_ENABLE | CNT_CTL_ISTATUS);
}

static uint64_t virt_now(const struct vcpu *vcpu)
{
	return deadline_now() - vcpu->vm->cntvoff;
}

static bool virt_level(struct vcpu *vcpu, uint32_t intid)
{
	const struct vtimer *timer = &vcpu->timer;

	(void)intid;
	/* else its registers are in memory, and another vCPU asks */
	if (vcpu == vcpu_loaded()) {
		return is_asserted(sysreg_read(cntv_ctl_el0));
	}
	return (timer->vtimer_ctl & CTL_WRITABLE) == CNT_CTL_ENABLE &&
	       virt_now(vcpu) >= timer->vtimer_cval;
}

static uint64_t phys_now(const struct vcpu *vcpu)
{
	return deadline_now() - vcpu->vm->cntvoff;
}

static bool ptimer_due(const struct vcpu *vcpu)
{
	return phys_now(vcpu) >= vcpu->timer.ptimer_cval;
}

/* When the counter has this value of the guest's time. Not beyond its end, where it would be a
 * moment that is past. */
static uint64_t when(const struct vcpu *vcpu, uint64_t cval)
{
	uint64_t ticks;

	return __builtin_add_overflow(cval, vcpu->vm->cntvoff, &ticks) ? UINT64_MAX : ticks;
}

/* Drives the line as the registers say, and sets the deadline for when it will rise. */
static void ptimer_update(struct vcpu *vcpu)
{
	struct vtimer *timer = &vcpu->timer;
	bool on = (timer->ptimer_ctl & CTL_WRITABLE) == CNT_CTL_ENABLE;
	bool due = on && ptimer_due(vcpu);

	if (on && !due) {
		deadline_set(&timer->ptimer_deadline, when(vcpu, timer->ptimer_cval));
	} else {
		deadline_cancel(&timer->ptimer_deadline);
	}
	vgic_set_private_line(vcpu, VTIMER_PHYS_INTID, due);
}

static uint32_t who(const struct vcpu *vcpu)
{
	return DEADLINE_WHO_TIMER(vcpu->vm->id);
}

/* Of many that are due at once each does so in its own turn. */
static void ptimer_fired(struct deadline *deadline)
{
	struct vcpu *vcpu = CONTAINER_OF(deadline, struct vcpu, timer.ptimer_deadline);

	deadline_yield_to(who(vcpu));
	if (vcpu == vcpu_loaded()) {
		ptimer_update(vcpu);
	} else {
		vcpu_post(vcpu, VCPU_EVENT_PTIMER);
	}
}

void vtimer_look(struct vcpu *vcpu)
{
	ptimer_update(vcpu);
}

/* The interrupt itself comes when the vCPU is loaded, from the hardware. */
static void wake_fired(struct deadline *deadline)
{
	struct vcpu *vcpu = CONTAINER_OF(deadline, struct vcpu, timer.wake);

	deadline_yield_to(who(vcpu));
	vcpu_post(vcpu, VCPU_EVENT_TIMER);
}

void vtimer_create(struct vcpu *vcpu)
{
	deadline_init(&vcpu->timer.ptimer_deadline, vcpu, ptimer_fired);
	deadline_init(&vcpu->timer.wake, vcpu, wake_fired);
	deadline_wakes(&vcpu->timer.ptimer_deadline, who(vcpu));
	deadline_wakes(&vcpu->timer.wake, who(vcpu));
	vgic_link_private(vcpu, VTIMER_VIRT_INTID, virt_level);
}

void vtimer_start(struct vcpu *vcpu)
{
	struct vtimer *timer = &vcpu->timer;

	timer->ptimer_ctl = 0;
	timer->ptimer_cval = 0;
	timer->vtimer_ctl = 0;
	timer->vtimer_cval = 0;
	timer->kernel_control = 0;
}

void vtimer_stop(struct vcpu *vcpu)
{
	deadline_cancel(&vcpu->timer.ptimer_deadline);
	deadline_cancel(&vcpu->timer.wake);
	vtimer_start(vcpu);
}

void vtimer_load(struct vcpu *vcpu)
{
	const struct vtimer *timer = &vcpu->timer;

	if (vcpu->sched.lead == 0) {
		vtimer_awake(vcpu);
	}
	sysreg_write(cntvoff_el2, vcpu->vm->cntvoff);
	/* the counter is read natively where it shows the right time */
	sysreg_write(cnthctl_el2, vcpu->vm->cntvoff == 0 ? CNTHCTL_EL1PCTEN : 0);
	sysreg_write(cntkctl_el1, timer->kernel_control);
	sysreg_write(cntv_cval_el0, timer->vtimer_cval);
	/* the compare value before the timer is on */
	isb();
	sysreg_write(cntv_ctl_el0, timer->vtimer_ctl);
}

/* Its interrupt would wake the vCPU, and is not listed already, in which case that would not sleep.
 */
static bool may_wake(const struct vcpu *vcpu, uint32_t intid)
{
	const struct vgic_bank *bank = &vcpu->vgic.bank;

	return ((bank->enabled & ~bank->line) >> intid & 1) != 0;
}

/* When a timer wakes the vCPU, which sleeps; UINT64_MAX: never. The physical one's deadline does so
 * itself, but no sooner than it is due. */
static uint64_t next_due(const struct vcpu *vcpu)
{
	const struct vtimer *timer = &vcpu->timer;
	uint64_t due = UINT64_MAX;

	if ((timer->vtimer_ctl & CTL_WRITABLE) == CNT_CTL_ENABLE &&
	    may_wake(vcpu, VTIMER_VIRT_INTID)) {
		due = when(vcpu, timer->vtimer_cval);
	}
	if (unlikely(!list_is_empty(&timer->ptimer_deadline.link)) && vcpu->sched.lead != 0 &&
	    may_wake(vcpu, VTIMER_PHYS_INTID)) {
		due = MIN(due, timer->ptimer_deadline.when);
	}
	return due;
}

static void await(struct vcpu *vcpu)
{
	uint64_t due;

	if ((vcpu->hold & VCPU_HOLD_STANDBY) == 0 || !list_is_empty(&vcpu->timer.wake.link)) {
		return;
	}
	due = next_due(vcpu);
	if (due != UINT64_MAX) {
		vcpu->timer.due = due;
		vcpu->timer.wake.rank = atomic_read(&vcpu->sched.priority);
		deadline_set(&vcpu->timer.wake, due - MIN(due, vcpu->sched.lead));
	}
}

void vtimer_lead(struct vcpu *vcpu)
{
	vcpu->timer.vtimer_ctl = sysreg_read(cntv_ctl_el0);
	vcpu->timer.vtimer_cval = sysreg_read(cntv_cval_el0);
	await(vcpu);
}

bool vtimer_is_early(const struct vcpu *vcpu)
{
	/* not of a time before its VM was paused */
	uint64_t left = vcpu->timer.due - deadline_now();

	return (vcpu->hold & VCPU_HOLD_STANDBY) != 0 && left != 0 && left <= vcpu->sched.lead;
}

void vtimer_save(struct vcpu *vcpu)
{
	struct vtimer *timer = &vcpu->timer;

	timer->vtimer_ctl = sysreg_read(cntv_ctl_el0);
	timer->vtimer_cval = sysreg_read(cntv_cval_el0);
	timer->kernel_control = sysreg_read(cntkctl_el1);
	sysreg_write(cntv_ctl_el0, 0);
	/* the timer's output before the interrupt's state is looked at, or another's timer is
	   loaded */
	isb();
	await(vcpu);
}

void vtimer_pause(struct vcpu *vcpu)
{
	deadline_cancel(&vcpu->timer.ptimer_deadline);
	deadline_cancel(&vcpu->timer.wake);
}

void vtimer_resume(struct vcpu *vcpu)
{
	if (atomic_read(&vcpu->power) == VCPU_ON) {
		ptimer_update(vcpu);
		await(vcpu);
	}
}

void vtimer_announce(const struct vcpu *vcpu)
{
	if ((sysreg_read(cntv_ctl_el0) & CTL_WRITABLE) == CNT_CTL_ENABLE) {
		deadline_announce(when(vcpu, sysreg_read(cntv_cval_el0)), who(vcpu));
	}
}

void vtimer_interrupt(struct vcpu *vcpu)
{
	deadline_yield_to(who(vcpu));
	vgic_take_linked(vcpu, VTIMER_VIRT_INTID);
}

uint64_t vtimer_read(struct vcpu *vcpu, enum vtimer_reg reg)
{
	const struct vtimer *timer = &vcpu->timer;

	switch (reg) {
	case VTIMER_CTL:
		/* ISTATUS is UNKNOWN while disabled; hardware shows the condition */
		return timer->ptimer_ctl |
		       ((timer->ptimer_ctl & CNT_CTL_ENABLE) != 0 && ptimer_due(vcpu) ?
				CNT_CTL_ISTATUS :
				0);
	case VTIMER_CVAL:
		return timer->ptimer_cval;
	case VTIMER_TVAL:
		return (uint32_t)(timer->ptimer_cval - phys_now(vcpu));
	}
	return 0;
}

void vtimer_write(struct vcpu *vcpu, enum vtimer_reg reg, uint64_t value)
{
	struct vtimer *timer = &vcpu->timer;

	switch (reg) {
	case VTIMER_CTL:
		timer->ptimer_ctl = (uint32_t)(value & CTL_WRITABLE);
		break;
	case VTIMER_CVAL:
		timer->ptimer_cval = value;
		break;
	case VTIMER_TVAL:
		/* a signed distance from now */
		timer->ptimer_cval = phys_now(vcpu) + (uint64_t)(int64_t)(int32_t)value;
		break;
	}
	ptimer_update(vcpu);
}
