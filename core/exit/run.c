/* SPDX-License-Identifier: Apache-2.0 */
/* The run loop. */
#include "core/exit/run.h"

#include "core/arm64/pending.h"
#include "core/exit/exit.h"
#include "core/exit/irq.h"
#include "core/exit/regs.h"
#include "core/exit/switch.h"
#include "core/exit/times.h"
#include "core/sched/sched.h"
#include "core/vm/life.h"
#include "core/vm/pvtime.h"
#include "core/vm/vm.h"
#include "drivers/emul/vdev.h"
#include "irq/vgic/vgic.h"
#include "timer/deadline.h"
#include "timer/vtimer.h"

/* Of these it may find that what its guest waits for has come. */
#define VCPU_WAKE_EVENTS (VCPU_EVENT_VGIC | VCPU_EVENT_SGIS | VCPU_EVENT_TIMER)

/* Its interrupts are looked at for these. */
#define VGIC_EVENTS (VCPU_EVENT_VGIC | VCPU_EVENT_SGIS | VCPU_EVENT_PTIMER)

/* What each of these asks for may take a step of its own. */
#define LONG_EVENTS (VGIC_EVENTS | VCPU_EVENT_WORK | VCPU_EVENT_ANSWER)

/* These are for when it has its turn again. */
#define PAUSED_EVENTS ((LONG_EVENTS | VCPU_EVENT_TIMER) & ~VCPU_EVENT_SGIS)

/* These come before a vCPU is loaded. */
#define EARLY_EVENTS (VCPU_EVENT_REGS | VCPU_EVENT_HURRY | VCPU_EVENT_JOB | VCPU_EVENT_START)

#define GIVE_WAY_MAX 3 /* passes without anything else */

/* They are looked at before all others, and alone. */
#define FIRST_EVENTS (VCPU_EVENT_PLACE | VCPU_EVENT_COMPLAINT)

static void start(struct vcpu *vcpu)
{
	vcpu_reset(vcpu, vcpu->start_pc, vcpu->start_context);
	vtimer_start(vcpu);
	vgic_cpu_start(vcpu);
	pvtime_begin(vcpu);
	atomic_set_release(&vcpu->power, VCPU_ON);
}

/* Starts a vCPU for the life it was asked for in; one that has ended since is not entered again. */
static void begin(struct vcpu *vcpu)
{
	struct vm *vm = vcpu->vm;
	bool go;

	spin_lock(&vm->lock);
	go = vm_is_up(vm) && vcpu->start_life == vm->life;
	if (!go) {
		atomic_replace(&vcpu->power, VCPU_ON_PENDING, VCPU_OFF);
	}
	spin_unlock(&vm->lock);
	if (go) {
		start(vcpu);
	}
}

/* Nothing of a vCPU that may be on is left in its CPU, nor anything that it waits for. */
static void quiesce(struct vcpu *vcpu)
{
	if (vcpu->loaded) {
		switch_to(NULL);
	}
	if (atomic_read(&vcpu->power) == VCPU_ON) {
		vtimer_stop(vcpu);
		vgic_cpu_stop(vcpu);
	}
	vcpu->hold = VCPU_HOLD_OFF;
	vcpu->job = NULL;
	vcpu->suspended = false;
}

/* As after CPU_ON, but for its interrupt controller and timers. DEN 0022F 5.1.19. */
static void resume_suspended(struct vcpu *vcpu)
{
	if (vcpu->loaded) {
		switch_to(NULL);
	}
	vcpu_reset(vcpu, vcpu->start_pc, vcpu->start_context);
	vcpu->suspended = false;
	switch_to(vcpu);
}

void run_vcpu_suspend(struct vcpu *vcpu)
{
	if (vgic_wakes(vcpu)) {
		resume_suspended(vcpu);
	} else {
		vcpu->suspended = true;
		vcpu->hold |= VCPU_HOLD_STANDBY;
		vtimer_stand_by(vcpu);
	}
}

void run_vcpu_off(struct vcpu *vcpu)
{
	quiesce(vcpu);
	/* last: from here on CPU_ON may win */
	atomic_set_release(&vcpu->power, VCPU_OFF);
}

static void take_stop(struct vcpu *vcpu)
{
	quiesce(vcpu);
	atomic_set_release(&vcpu->power, VCPU_OFF);
	life_acknowledge_stop(vcpu);
}

/* Its VM is paused, or goes on. What is acknowledged is done: nothing of it is in its CPU. */
static void take_pause(struct vcpu *vcpu)
{
	bool was = (vcpu->hold & VCPU_HOLD_PAUSED) != 0;

	if (vcpu->loaded) {
		switch_to(NULL);
	}
	if (!was) {
		vtimer_pause(vcpu);
	}
	if (life_take_pause(vcpu)) {
		vcpu->hold |= VCPU_HOLD_PAUSED;
	} else {
		vcpu->hold &= ~(uint32_t)VCPU_HOLD_PAUSED;
		vtimer_resume(vcpu);
	}
}

/* What its guest waits for may have come: it goes on, or starts where SYSTEM_SUSPEND said. */
static void wake(struct vcpu *vcpu)
{
	if (vcpu->suspended && (vcpu->hold & VCPU_HOLD_STANDBY) != 0) {
		if (!vgic_wakes(vcpu)) {
			return;
		}
		resume_suspended(vcpu);
	}
	vcpu->hold &= ~(uint32_t)VCPU_HOLD_STANDBY;
	vtimer_awake(vcpu);
}

/* For an interrupt: this CPU has nothing to do. */
static void wait(void)
{
	times_leave(NULL);
	irq_wait();
}

/* It is given the CPU before its timer is due, to be there then. Loaded. */
static void look_at_timer(struct vcpu *vcpu)
{
	if (vtimer_is_early(vcpu)) {
		atomic_fetch_or(&vcpu->events, VCPU_EVENT_TIMER);
		deadline_be_quiet(vcpu->timer.due, &vcpu->timer.ptimer_deadline,
				  atomic_read(&vcpu->sched.priority));
		wait();
		return;
	}
	wake(vcpu);
}

/* It is new here, or may have to go to another CPU; true: it has gone. */
static bool take_place(struct vcpu *vcpu)
{
	uint32_t place = atomic_read(&vcpu->sched.place);

	vcpu_settle(vcpu);
	if (place == vcpu->cpu) {
		vgic_link_follow(vcpu);
		sched_look_again();
		times_take(vcpu);
		return false;
	}
	if (vcpu->loaded) {
		switch_to(NULL);
	}
	vcpu_leave(vcpu);
	times_leave(vcpu);
	sched_send(vcpu, place);
	times_look_again();
	return true;
}

/* One of FIRST_EVENTS; true: that is all for now. */
static bool look_first(struct vcpu *vcpu, uint32_t events)
{
	if ((events & VCPU_EVENT_COMPLAINT) == 0) {
		return take_place(vcpu);
	}
	atomic_fetch_or(&vcpu->events, events & VCPU_EVENT_PLACE);
	vm_say_complaint(vcpu);
	return true;
}

/* More of this pass may take long, and an interrupt is pending: that goes first, and these events
 * stay for the next pass. */
static inline bool gives_way(struct vcpu *vcpu, uint32_t events)
{
	if ((events & LONG_EVENTS) == 0 || likely(!irq_is_pending())) {
		return false;
	}
	atomic_fetch_or(&vcpu->events, events & ~VCPU_EVENT_SGIS);
	vcpu->gave_way++;
	return true;
}

/* It is loaded where it is on; true: it was not before. */
static inline bool bring(struct vcpu *vcpu)
{
	if (vcpu->loaded || atomic_read(&vcpu->power) != VCPU_ON) {
		return false;
	}
	switch_to(vcpu);
	return true;
}

/*
 * What is done where it is loaded. `worked`: something was done in this pass already. One that
 * comes after some that did nothing but give way does something first, however many interrupts
 * come.
 */
static inline void look_at_rest(struct vcpu *vcpu, uint32_t events, bool worked)
{
	bool may_give_way = bring(vcpu) || worked || vcpu->gave_way < GIVE_WAY_MAX;

	if ((events & ~(uint32_t)VCPU_EVENT_SCHED) == VCPU_EVENT_TIMER) {
		look_at_timer(vcpu);
		return;
	}
	if (may_give_way && gives_way(vcpu, events)) {
		return;
	}
	vcpu->gave_way = 0;
	if ((events & VGIC_EVENTS) != 0) {
		if ((events & VCPU_EVENT_PTIMER) != 0 && vcpu->loaded) {
			vtimer_look(vcpu);
		}
		vgic_process(vcpu);
		may_give_way = true;
	}
	if ((events & VCPU_WAKE_EVENTS) != 0) {
		wake(vcpu);
	}
	events &= VCPU_EVENT_WORK | VCPU_EVENT_ANSWER;
	if (may_give_way && gives_way(vcpu, events)) {
		return;
	}
	if ((events & VCPU_EVENT_WORK) != 0) {
		vdev_work(vcpu);
		events &= ~(uint32_t)VCPU_EVENT_WORK;
		if (gives_way(vcpu, events)) {
			return;
		}
	}
	if ((events & VCPU_EVENT_ANSWER) != 0 && (vcpu->hold & VCPU_HOLD_PARKED) != 0) {
		vcpu->hold &= ~(uint32_t)VCPU_HOLD_PARKED;
		exit_handle(vcpu, vcpu->retry_esr);
		if ((vcpu->hold & VCPU_HOLD_PARKED) == 0) {
			vgic_access_over(vcpu);
		}
	}
}

/* What others posted, in the order in which one undoes another. */
static void __attribute__((noinline)) look_at_events(struct vcpu *vcpu)
{
	/* SGIs stay: the vgic takes them under its lock. Of one that is paused all stay but what
	   may end that. */
	uint32_t mask =
		(vcpu->hold & VCPU_HOLD_PAUSED) != 0 ? VCPU_EVENTS_PAUSED : ~VCPU_EVENT_SGIS;
	uint32_t events = atomic_fetch_and(&vcpu->events, ~mask) & (mask | VCPU_EVENT_SGIS);

	if (unlikely((events & VCPU_EVENTS_URGENT) != 0)) {
		/* for these it may have gone before others: only for these */
		this_cpu(sched_cpu).standing = NULL;
	}
	if (unlikely((events & FIRST_EVENTS) != 0)) {
		/* the others are for later, and for where it is then */
		atomic_fetch_or(&vcpu->events, events & ~(FIRST_EVENTS | VCPU_EVENT_SGIS));
		if (look_first(vcpu, events)) {
			return;
		}
		mask &= ~(uint32_t)VCPU_EVENT_PLACE;
		events = atomic_fetch_and(&vcpu->events, ~mask) & (mask | VCPU_EVENT_SGIS);
	}
	if ((events & VCPU_EVENT_REGS) != 0) {
		regs_answer(vcpu);
	}
	if ((events & VCPU_EVENT_STOP) != 0) {
		take_stop(vcpu);
		return;
	}
	if ((vcpu->hold & VCPU_HOLD_PAUSED) != 0) {
		take_pause(vcpu);
		return;
	}
	if ((events & VCPU_EVENT_JOB) != 0) {
		life_take_job(vcpu);
	}
	if ((events & VCPU_EVENT_START) != 0 &&
	    atomic_read_acquire(&vcpu->power) == VCPU_ON_PENDING) {
		begin(vcpu);
	}
	if ((events & VCPU_EVENT_PAUSE) != 0) {
		/* alone, and not loaded for it: it may be somebody else's time */
		atomic_fetch_or(&vcpu->events, events & PAUSED_EVENTS);
		take_pause(vcpu);
		return;
	}
	look_at_rest(vcpu, events & ~EARLY_EVENTS, (events & EARLY_EVENTS) != 0);
}

struct vcpu *run_next(void)
{
	for (;;) {
		struct vcpu *vcpu;

		if (unlikely(irq_is_pending())) {
			irq_poll();
		}
		vcpu = sched_pick();
		if (vcpu == NULL) {
			wait();
		} else if (vcpu_has_events(vcpu)) {
			look_at_events(vcpu);
		} else if (vcpu->job != NULL) {
			if (vcpu->job->loaded) {
				switch_to(vcpu);
			}
			vcpu->job->step(vcpu, vcpu->job);
		} else {
			switch_to(vcpu);
			/* the switch may post, to it or to one that is before it */
			if (likely(!vcpu_has_events(vcpu)) && sched_may_enter()) {
				return vcpu;
			}
		}
	}
}
