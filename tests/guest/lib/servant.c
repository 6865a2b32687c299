/* SPDX-License-Identifier: Apache-2.0 */
/* CPUs that wait for jobs, and the log of interrupts. */
#include "tests/guest/lib/servant.h"

#include "tests/guest/lib/cpu.h"
#include "tests/guest/lib/gic.h"
#include "tests/guest/lib/psci.h"
#include "tests/guest/lib/string.h"

/* A PPI without a device, which no test uses otherwise: its pending bit wakes a servant. On GICv2,
 * where a CPU's private interrupts are out of others' reach, an SPI for each. */
#define SERVANT_DOORBELL 19
#define SERVANT_SPI	 80

struct irqlog irqlogs[MACHINE_MAX_CPUS];

static struct servant {
	void (*fn)(void *arg);
	void *arg;
	unsigned int intid;
	uint64_t doorbell; /* GICR_ISPENDR0 of its redistributor, or GICD_ISPENDR<n> */
	bool busy;	   /* set by who posts, cleared by the servant */
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

static void servant_doorbell(unsigned int intid, void *arg)
{
	(void)intid;
	(void)arg;
}

/*
 * One look masked, so that the doorbell can't ring between it and WFI. Asleep, not spinning: an
 * emulator with more CPUs than its host suffers from those that spin.
 */
#define SLEEP_UNTIL(cond)                                                                          \
	while (!(cond)) {                                                                          \
		irq_mask();                                                                        \
		if (!(cond)) {                                                                     \
			cpu_wfi();                                                                 \
		}                                                                                  \
		irq_unmask();                                                                      \
		isb(); /* the pending interrupt is taken here */                                   \
	}

void servant_sleep_until(const unsigned int *count, unsigned int least)
{
	SLEEP_UNTIL(READ_ONCE(*count) >= least)
}

void servant_ring(unsigned int cpu)
{
	dsb(ishst); /* what the servant is to see, before the interrupt that makes it look */
	mmio_write32(servants[cpu].doorbell, UINT32_C(1) << servants[cpu].intid % 32);
}

static void servant_main(void *arg)
{
	struct servant *me = arg;

	gic_setup_cpu();
	gic_connect(me->intid, servant_doorbell, NULL);
	irq_unmask();
	for (;;) {
		WRITE_ONCE(me->busy, false);
		SLEEP_UNTIL(READ_ONCE(me->busy))
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
	servants[cpu].intid = gic_v2 ? SERVANT_SPI + cpu : SERVANT_DOORBELL;
	servants[cpu].doorbell = gic_v2 ?
					 gic_reg(GICD_ISPENDR, servants[cpu].intid, 1) :
					 gic_redist(cpu_mpidr(cpu)) + GICR_SGI_FRAME + GICD_ISPENDR;
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
	dsb(ishst); /* busy before the interrupt that makes the servant look */
	mmio_write32(servants[cpu].doorbell, UINT32_C(1) << servants[cpu].intid % 32);
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
