/* SPDX-License-Identifier: Apache-2.0 */
/* CPUs that wait for jobs, and the log of interrupts. */
#include "tests/guest/lib/servant.h"

#include "tests/guest/lib/cpu.h"
#include "tests/guest/lib/gic.h"
#include "tests/guest/lib/psci.h"
#include "tests/guest/lib/string.h"

struct irqlog irqlogs[MACHINE_MAX_CPUS];

static struct servant {
	void (*fn)(void *arg);
	void *arg;
	bool busy; /* set by who posts, cleared by the servant */
	bool stop;
} servants[MACHINE_MAX_CPUS];

void irqlog_handler(unsigned int intid, void *arg)
{
	struct irqlog *log = &irqlogs[cpu_this()->index];

	(void)arg;
	if (log->total < IRQLOG_ORDER) {
		log->order[log->total] = intid;
	}
	WRITE_ONCE(log->total, log->total + 1);
	WRITE_ONCE(log->count[intid], log->count[intid] + 1);
}

void irqlog_clear(void)
{
	memset(irqlogs, 0, sizeof(irqlogs));
	dmb(ish); /* cleared before whatever makes the next interrupt pending */
}

unsigned int irqlog_sum(unsigned int intid)
{
	unsigned int sum = 0;

	for (unsigned int i = 0; i < MACHINE_MAX_CPUS; i++) {
		sum += READ_ONCE(irqlogs[i].count[intid]);
	}
	return sum;
}

unsigned int irqlog_total(void)
{
	unsigned int sum = 0;

	for (unsigned int i = 0; i < MACHINE_MAX_CPUS; i++) {
		sum += READ_ONCE(irqlogs[i].total);
	}
	return sum;
}

bool irqlog_wait(unsigned int cpu, unsigned int intid, unsigned int times)
{
	return WAIT(READ_ONCE(irqlogs[cpu].count[intid]) >= times);
}

static void servant_main(void *arg)
{
	struct servant *me = arg;

	gic_setup_cpu();
	irq_unmask();
	for (;;) {
		WRITE_ONCE(me->busy, false);
		cpu_sev();
		while (!READ_ONCE(me->busy)) {
			cpu_wfe();
		}
		dmb(ish); /* busy before fn and arg; pairs with servant_post() */
		if (me->stop) {
			return;
		}
		me->fn(me->arg);
		dmb(ish); /* what fn stored before busy is cleared; pairs with servant_wait() */
	}
}

bool servant_start(unsigned int cpu)
{
	servants[cpu].stop = false;
	servants[cpu].busy = true;
	return cpu_start(cpu, servant_main, &servants[cpu]) == PSCI_SUCCESS && servant_wait(cpu);
}

void servant_post(unsigned int cpu, void (*fn)(void *arg), void *arg)
{
	servants[cpu].fn = fn;
	servants[cpu].arg = arg;
	dmb(ish); /* fn and arg before busy */
	WRITE_ONCE(servants[cpu].busy, true);
	cpu_sev();
}

bool servant_wait(unsigned int cpu)
{
	bool done = WAIT(!READ_ONCE(servants[cpu].busy));

	dmb(ish); /* busy seen cleared before the results are read */
	return done;
}

bool servant_run(unsigned int cpu, void (*fn)(void *arg), void *arg)
{
	servant_post(cpu, fn, arg);
	return servant_wait(cpu);
}

bool servant_stop(unsigned int cpu)
{
	servants[cpu].stop = true;
	servant_post(cpu, NULL, NULL);
	return cpu_join(cpu);
}
