/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of a VM. One state machine per VM (enum vm_state) under vm->lock; docs/life.md draws it
 * and says what each operation is answered in each state.
 *
 * Nobody takes a vCPU away from the CPU that owns it: who stops or pauses a VM changes its state
 * and posts VCPU_EVENT_STOP or VCPU_EVENT_PAUSE to each vCPU, whose own CPU acts and acknowledges.
 * The last to acknowledge a stop finishes it, alone with the VM, in steps. An event that comes late
 * finds by the state, and by what is counted (life, pause_count), that it is not meant. Loading,
 * and waiting for the moment of a restart, are the business of vCPU 0's CPU (VCPU_EVENT_JOB).
 *
 * Invariants: in VM_OFF, VM_LOADING and VM_RESTARTING no vCPU is on; in VM_PAUSED none is loaded;
 * stop_waiting and pause_waiting count vCPUs that have the event before them.
 *
 * Functions may be called on any CPU without locks, unless they say otherwise.
 */
#ifndef CORE_VM_LIFE_H
#define CORE_VM_LIFE_H

#include "core/vm/vm.h"

/* What is asked for by name, and answered as the table in docs/life.md has it; core/vm/manage.h
 * says what each does. */
enum life_op {
	LIFE_START,
	LIFE_STOP,
	LIFE_PAUSE,
	LIFE_RESUME,
	LIFE_RESTART,
	LIFE_KILL,
};
#define LIFE_OP_COUNT 6

/* 0: it happens; -EALREADY: it is so, or on its way there; -EBUSY: not from this state. */
int life_ask(struct vm *vm, enum life_op op);

/* By what the VM does in its life `life` (vm->life), and not in another one, however late this
 * comes. The first reason counts: -EBUSY, that life is over or on its way there. */
int life_stop(struct vm *vm, enum vm_stop_reason reason, uint32_t life);

/* The guest of this vCPU ends its VM's life, and is not entered again in it: also where somebody
 * else was faster, and has not told this CPU yet. Owner CPU. */
void life_end(struct vcpu *vcpu, enum vm_stop_reason reason);

/* It can't go on: registers and a backtrace go to the log, in steps, then it is stopped. Owner
 * CPU; loaded. */
void life_crash(struct vcpu *vcpu, const char *why);

/* At boot: starts each VM unless its config says otherwise, or once those before it have come to
 * run. Says so where that will not be by itself, as one of them was refused or waits for a command.
 * All VMs are registered. */
void life_boot(void);

/* For the run loop: VCPU_EVENT_STOP has been honoured. Owner CPU. */
void life_acknowledge_stop(struct vcpu *vcpu);

/* For the run loop: VCPU_EVENT_PAUSE. Whether the vCPU is to be held; then it has been taken out of
 * its CPU before, and this is the acknowledgement. Owner CPU. */
bool life_take_pause(struct vcpu *vcpu);

/* For the run loop: VCPU_EVENT_JOB. Owner CPU. */
void life_take_job(struct vcpu *vcpu);

/* Called, without locks, when the last VM has gone off, and none is left that waits and will start
 * without a command. */
void life_set_all_off(void (*all_off)(void));

/* "running", "stopped (crash)", "off (waits)" of one that waits for others or its disks … */
const char *life_state_name(const struct vm *vm);

#endif
