/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of a VM: start, stop, restart. One state machine per VM (enum vm_state) under vm->lock.
 *
 *   OFF -> LOADING -> RUNNING -> STOPPING -> OFF, or -> LOADING again for a reset
 *
 * Stopping is asked for from any CPU, once; each vCPU's own CPU takes it down and acknowledges; the
 * last one to do so finishes the stop. Loading is a job on the CPU of vCPU 0.
 */
#ifndef CORE_VM_LIFE_H
#define CORE_VM_LIFE_H

#include "core/vm/vm.h"

/* From OFF; -EBUSY in any other state. Any CPU. */
int life_start(struct vm *vm);

/* Asks for a stop; the first reason counts, a second one is ignored. Any CPU. -EBUSY: it is off or
 * stopping. */
int life_stop(struct vm *vm, enum vm_stop_reason reason);

/* It can't go on: registers and a backtrace go to the log, then it is stopped. Owner CPU. */
void life_crash(struct vcpu *vcpu, const char *why);

/* For the run loop: VCPU_EVENT_STOP has been honoured. Owner CPU. */
void life_acknowledge_stop(struct vcpu *vcpu);

/* For the run loop: VCPU_EVENT_JOB. Owner CPU. */
void life_take_job(struct vcpu *vcpu);

/* Called, without locks, when the last VM has gone off. */
void life_set_all_off(void (*all_off)(void));

/* "running", "off (poweroff)" … */
const char *life_state_name(const struct vm *vm);

#endif
