/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cache maintenance by set and way. It can't be passed on: it names lines of one CPU's caches,
 * while the guest's data may be in another's. What the guest means is "all my data to memory", so
 * the first operation starts a job that cleans and invalidates the VM's RAM by address; the rest of
 * the guest's loop does nothing. From then on writes of its memory-control registers trap until the
 * caches are on: each time they are switched, the job runs again.
 */
#ifndef CORE_EXIT_SET_WAY_H
#define CORE_EXIT_SET_WAY_H

#include "core/vm/vcpu.h"

/* DC ISW, CSW, CISW. Owner CPU. */
void set_way_operation(struct vcpu *vcpu);

/* A trapped write of SCTLR_EL1: carried out. Owner CPU. */
void set_way_sctlr(struct vcpu *vcpu, uint64_t value);

#endif
