/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verbs of who looks after VMs: the shell, and a VM whose `manages` names another. Each takes
 * effect in bounded time and does not wait for it: `state` tells. docs/life.md has the picture.
 *
 *             off       loading   running   pausing   paused    stopping  restarting
 *   start     loading   EALREADY  EALREADY  EALREADY  EALREADY  EBUSY     loading
 *   stop      EALREADY  stopping  stopping  stopping  stopping  EBUSY     off
 *   kill      EALREADY  stopping  stopping  stopping  stopping  0, stays  off
 *   restart   loading   stopping  stopping  stopping  stopping  EBUSY     loading
 *   pause     EBUSY     EBUSY     pausing   EALREADY  EALREADY  EBUSY     EBUSY
 *   resume    EBUSY     EBUSY     EALREADY  running   running   EBUSY     EBUSY
 *
 * 0 where a state stands: the one it goes to at once. -EALREADY: nothing is to be done. -EBUSY: not
 * from here; ask again when the state is another one. Of several that ask at once each is answered
 * as if it came alone, in some order.
 *
 * Any CPU, no locks. No rule of the config (`restart`, `restart-limit`) looks at what is asked for
 * here.
 */
#ifndef CORE_VM_MANAGE_H
#define CORE_VM_MANAGE_H

#include "core/vm/vm.h"

/* Also one that waits for others (start-after) or for its restart-delay-ms: at once. */
int manage_start(struct vm *vm);

/* Each vCPU ends its instruction and is gone; devices are as after reset. The guest is not asked.
 * It stays off, unless a reset or crash was faster: that is -EBUSY, and what follows on it happens.
 */
int manage_stop(struct vm *vm);

/* As stop, and it is the last word: a stop, reset or crash that is under way ends in off. */
int manage_kill(struct vm *vm);

/* Stop, then start; one that is off is started. */
int manage_restart(struct vm *vm);

/* No vCPU is entered until resume; what happens meanwhile (interrupts, doorbells, keys) waits.
 * Whether its clock goes on says `time-when-paused`; a watchdog stands still. */
int manage_pause(struct vm *vm);
int manage_resume(struct vm *vm);

/*
 * vCPU `index` of the VM runs on CPU `cpu` from now on; with this priority, 0 to 255. In any state
 * of the VM, until the board is reset; a restart does not undo it. It does not wait for the move.
 * `by`: who asks, a VM that manages it, or NULL: the board's operator, who may do all. -EACCES: the
 * time of a VM that `by` neither is nor manages would be taken: it has a vCPU on that CPU, or its
 * config puts one there, and this one's did not, or not as urgent. -ENOENT: there is no such vCPU;
 * -ERANGE: no such priority; else as sched_place() has it.
 */
int manage_set_cpu(const struct vm *by, struct vm *vm, uint32_t index, uint32_t cpu);
int manage_set_priority(const struct vm *by, struct vm *vm, uint32_t index, uint32_t priority);

/* Idle time of the CPUs that are one vCPU's of this VM alone is known from now on, or no longer. */
void manage_measure_idle(struct vm *vm, bool on);

/* Does `manages` of `by` name it? */
bool manage_may(const struct vm *by, const struct vm *vm);

#endif
