/* SPDX-License-Identifier: Apache-2.0 */
/* Interrupts that a CPU has acknowledged and not ended, and taking them as exceptions. */
#ifndef TESTS_DIFF_TAKE_H
#define TESTS_DIFF_TAKE_H

#include "tests/diff/op.h"

/* The hook for IRQs and FIQs is set. This CPU has acknowledged nothing, what it had is ended. */
void take_setup(bool v2, bool lpis);
void take_reset(void);

/*
 * On this CPU: acknowledge in a group, end the last, deactivate the n-th of those that wait for it
 * on a CPU. What is not to be done (nothing acknowledged, EOImode) is not done, and logged as such.
 */
void take_ack(unsigned int group);
void take_end(void);
void take_deactivate(unsigned int of_cpu, unsigned int n);
/* The n-th of those that a CPU has acknowledged, before its end. */
void take_deactivate_early(unsigned int of_cpu, unsigned int n);
void take_set_eoimode(bool split);

/* Interrupts are let in for a moment: masks' bit 0 IRQs, bit 1 FIQs. */
void take_open(enum take_how how, unsigned int masks);

/* How many interrupts this CPU has acknowledged and not ended. */
unsigned int take_depth(void);

/* Some CPU has acknowledged this INTID, and it may still be active. */
bool take_is_held(unsigned int intid);
/* The same of one CPU. */
bool take_holds(unsigned int cpu, unsigned int intid);

#endif
