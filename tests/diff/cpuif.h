/* SPDX-License-Identifier: Apache-2.0 */
/* The CPU interface of either version, by system registers or GICC. */
#ifndef TESTS_DIFF_CPUIF_H
#define TESTS_DIFF_CPUIF_H

#include "tests/guest/lib/types.h"

/* GICv3's, by number; tests/diff/program.py has the same. */
enum cpuif_reg {
	REG_PMR,
	REG_BPR0,
	REG_BPR1,
	REG_CTLR,
	REG_IGRPEN0,
	REG_IGRPEN1,
	REG_HPPIR0,
	REG_HPPIR1,
	REG_RPR,
	REG_AP0R0,
	REG_AP1R0,
	REG_SRE,
	REG_SGI0R,
	REG_SGI1R,
	REG_ASGI1R,
	REG_IGRPENS, /* both groups */
};

uint64_t cpuif_get(enum cpuif_reg reg);
void cpuif_set(enum cpuif_reg reg, uint64_t value);

/* Both versions. The value is the register's whole: GICv2's names the sender of an SGI. */
uint32_t cpuif_ack(bool v2, unsigned int group);
void cpuif_end(bool v2, unsigned int group, uint32_t value);
void cpuif_deactivate(bool v2, uint32_t value);
void cpuif_set_eoimode(bool v2, bool split);
/* The control register but for EOImode, which stays. */
/* GICv2's binary points. */
void cpuif_set_point(bool group1, uint32_t value);
void cpuif_set_ctlr(bool v2, uint64_t value);

/* GICv2: all groups on, so that what is active can be ended. */
void cpuif_ready_to_end(bool v2);

/* This CPU's interface as after reset, both groups on, nothing masked. */
void cpuif_reset(bool v2);

/* What a CPU sees without changing anything: highest pending of each group, running priority.
 * GICv2: the highest pending one only where something is signalled. */
uint64_t cpuif_look(bool v2, bool signalled);

#endif
