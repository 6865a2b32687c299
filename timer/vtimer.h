/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest's generic timers. The virtual timer is the hardware's while its vCPU is loaded: its
 * interrupt is linked, so that neither arming it nor its EOI costs an exit. That of a vCPU that
 * waits elsewhere is on the deadline queue. The physical timer is EL2's; the guest's is emulated on
 * that queue always.
 */
#ifndef TIMER_VTIMER_H
#define TIMER_VTIMER_H

#include "core/vm/vm.h"
#include "timer/deadline.h"

#define VTIMER_VIRT_INTID 27
#define VTIMER_PHYS_INTID 30

/* Links the interrupt. Boot CPU, once per vCPU. */
void vtimer_create(struct vcpu *vcpu);

/* Timers as after reset, and nothing of them any more. Its vCPU is not loaded. Owner. */
void vtimer_start(struct vcpu *vcpu);
void vtimer_stop(struct vcpu *vcpu);

/*
 * The virtual timer into this CPU, after the vCPU's interrupts, and back to memory, before them.
 * From then on a vCPU in standby is woken by VCPU_EVENT_TIMER, sched.lead before it is due. Owner.
 */
void vtimer_load(struct vcpu *vcpu);
void vtimer_save(struct vcpu *vcpu);

/* A loaded vCPU waits from now on: one that has a lead is woken as one that is not loaded. Owner.
 */
void vtimer_lead(struct vcpu *vcpu);
static inline void vtimer_stand_by(struct vcpu *vcpu)
{
	if (vcpu->sched.lead != 0) {
		vtimer_lead(vcpu);
	}
}

/* It no longer waits. Owner. */
static inline void vtimer_awake(struct vcpu *vcpu)
{
	if (unlikely(!list_is_empty(&vcpu->timer.wake.link))) {
		deadline_cancel(&vcpu->timer.wake);
	}
}

/* It was woken before what it waits for is due. Owner. */
bool vtimer_is_early(const struct vcpu *vcpu);

/* Its VM is paused: nothing of it is due. And goes on, with vm->cntvoff as it is now. Not loaded;
 * owner. */
void vtimer_pause(struct vcpu *vcpu);
void vtimer_resume(struct vcpu *vcpu);

/* Deadlines are looked at: patient ones do not begin right before its timer, the hardware's, is
 * due. Owner; loaded. */
void vtimer_announce(const struct vcpu *vcpu);

/* The physical interrupt of the virtual timer was taken and is active. Owner of the loaded vCPU. */
void vtimer_interrupt(struct vcpu *vcpu);

/* VCPU_EVENT_PTIMER: its physical timer's line is driven anew. Owner. */
void vtimer_look(struct vcpu *vcpu);

/* Trapped accesses to CNTP_CTL_EL0, CNTP_CVAL_EL0, CNTP_TVAL_EL0. Owner. */
enum vtimer_reg {
	VTIMER_CTL,
	VTIMER_CVAL,
	VTIMER_TVAL,
};
uint64_t vtimer_read(struct vcpu *vcpu, enum vtimer_reg reg);
void vtimer_write(struct vcpu *vcpu, enum vtimer_reg reg, uint64_t value);

#endif
