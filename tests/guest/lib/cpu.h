/* SPDX-License-Identifier: Apache-2.0 */
/* The guest's CPUs: what each was entered with, starting and joining them, waiting. */
#ifndef TESTS_GUEST_LIB_CPU_H
#define TESTS_GUEST_LIB_CPU_H

#include "tests/guest/lib/arm64.h"
#include "tests/guest/lib/exc.h"
#include "tests/guest/lib/machine.h"
#include "tests/guest/lib/types.h"

/* State at the first instruction. Layout known to start.S. */
struct cpu_entry {
	uint64_t x0; /* device tree on the first CPU, context id on the others */
	uint64_t sctlr;
	uint64_t daif;
	uint64_t current_el;
};

struct cpu {
	unsigned int index;
	struct cpu_entry entry;
	unsigned int entry_count; /* written last at each entry */
	void (*fn)(void *arg);
	void *arg;
	bool busy; /* from cpu_start() until fn has returned */
	struct exc_record exc;
	bool exc_expected;
	uint64_t user_sp;
	uint64_t irq_count;
};

extern struct cpu cpus[MACHINE_MAX_CPUS];

/* A program's own part; runs on the first CPU, masked, MMU on. Returning ends in SYSTEM_OFF. */
int main(void);

/* Called by start.S on each CPU. */
void cpu_main(unsigned int index, const struct cpu_entry *entry, bool first);

/* Physical entry for PSCI CPU_ON. */
extern const char secondary_entry[];

static inline struct cpu *cpu_this(void)
{
	return (struct cpu *)sysreg_read(tpidr_el1);
}

/* MPIDR affinity bits of a CPU index. */
uint64_t cpu_mpidr(unsigned int index);

/* CPUs of this machine by asking PSCI AFFINITY_INFO for each; at most MACHINE_MAX_CPUS. */
unsigned int cpu_count(void);

/*
 * Turns CPU `index` on and makes it call fn(arg), then turn itself off. Returns the PSCI code.
 * cpu_join() waits until it has done so: false after two seconds.
 */
int64_t cpu_start(unsigned int index, void (*fn)(void *arg), void *arg);
bool cpu_join(unsigned int index);

/* Same function on the CPUs 1 .. count - 1, then on this one; true when all came and went. */
bool cpu_run_on_all(unsigned int count, void (*fn)(void *arg), void *arg);

/*
 * Wait until `cond` holds, two seconds of the virtual counter at most. Value: whether it does.
 * The loop yields, so that it ends quickly on an emulator that runs CPUs in turn.
 */
#define WAIT_TICKS(cond, ticks)                                                                    \
	({                                                                                         \
		uint64_t wait_end = counter_now() + (ticks);                                       \
		bool wait_ok;                                                                      \
		while (!(wait_ok = (cond)) && (int64_t)(counter_now() - wait_end) < 0) {           \
			cpu_pause();                                                               \
		}                                                                                  \
		wait_ok;                                                                           \
	})
#define WAIT(cond) WAIT_TICKS(cond, 2 * counter_hz())

/* Virtual counter, and its ticks per second. */
static inline uint64_t counter_now(void)
{
	isb(); /* the read is not speculated above what the caller did before */
	return sysreg_read(cntvct_el0);
}

static inline uint64_t counter_hz(void)
{
	return sysreg_read(cntfrq_el0);
}

/* Lets `us` microseconds pass. */
void cpu_delay_us(uint64_t us);

#endif
