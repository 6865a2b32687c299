/* SPDX-License-Identifier: Apache-2.0 */
/* CPUs that wait for jobs with interrupts unmasked, and a log of what each CPU takes. */
#ifndef TESTS_GUEST_LIB_SERVANT_H
#define TESTS_GUEST_LIB_SERVANT_H

#include "tests/guest/lib/machine.h"
#include "tests/guest/lib/types.h"

#define IRQLOG_INTIDS 128
#define IRQLOG_ORDER  64

/* What a CPU has taken since irqlog_clear(): how often each, and the first ones in order. */
struct irqlog {
	unsigned int count[IRQLOG_INTIDS];
	unsigned int order[IRQLOG_ORDER];
	unsigned int total;
};
extern struct irqlog irqlogs[MACHINE_MAX_CPUS];

/* A gic_handler_fn that only logs. */
void irqlog_handler(unsigned int intid, void *arg);

/* Forgets what all CPUs have taken; none of them may be taking any. */
void irqlog_clear(void);

/* How often all CPUs together took `intid`, or anything. */
unsigned int irqlog_sum(unsigned int intid);
unsigned int irqlog_total(void);

/* Waits until CPU `cpu` has taken `intid` `times` times: false if it doesn't come to that. */
bool irqlog_wait(unsigned int cpu, unsigned int intid, unsigned int times);

/*
 * To be used once gic_setup() has run. PPI 19 is theirs.
 * servant_start(): CPU `cpu` comes up with its GIC interface set up and waits for jobs.
 * servant_run(): it calls fn(arg); returns once it has (false: not within two seconds).
 * servant_post(): the same without waiting; servant_wait() is the other half.
 * servant_stop(): it turns off. To be called by the first CPU only.
 */
bool servant_start(unsigned int cpu);
bool servant_run(unsigned int cpu, void (*fn)(void *arg), void *arg);
void servant_post(unsigned int cpu, void (*fn)(void *arg), void *arg);
bool servant_wait(unsigned int cpu);
bool servant_stop(unsigned int cpu);

/*
 * servant_ring(): any CPU, also in a handler: makes a servant in servant_sleep_until() look again.
 * servant_sleep_until(): on a servant, in a job: asleep until *count is at least `least`.
 */
void servant_ring(unsigned int cpu);
void servant_sleep_until(const unsigned int *count, unsigned int least);

#endif
