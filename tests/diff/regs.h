/* SPDX-License-Identifier: Apache-2.0 */
/* Distributor, redistributors and device lines: set-up, reset, and what takes several accesses. */
#ifndef TESTS_DIFF_REGS_H
#define TESTS_DIFF_REGS_H

#include "tests/diff/op.h"

/* Once: the machine; each CPU. */
void regs_setup(bool v2);
void regs_setup_cpu(bool v2);

/*
 * A sequence begins: everything disabled, not pending, not active, group 1 (v2: group 0), priority
 * 0xa0, level-sensitive, to CPU 0; then all CPUs; then the groups are enabled.
 */
void regs_reset_dist(bool v2);
void regs_reset_cpu(bool v2);
void regs_open_dist(bool v2);

/* Waits until the distributor has taken what was written: GICv3's RWP. */
void regs_settle(bool v2);

/* A timer is this CPU's. */
void regs_set_line(enum line line, enum line_state state);
/* For this CPU: enabled, and not active. */
bool regs_may_come(bool v2, unsigned int intid);
/* INTID as CPU `cpu` has it; v2: as this CPU has it. */
void regs_set_trigger(bool v2, unsigned int cpu, unsigned int intid, bool edge);
void regs_set_group(bool v2, unsigned int cpu, unsigned int intid, bool group1);
void regs_activate(bool v2, unsigned int cpu, unsigned int intid);
/* GICv2, unless it is pending or active: listed difference `retargeted`. */
void regs_set_targets(unsigned int intid, uint8_t targets);

#endif
