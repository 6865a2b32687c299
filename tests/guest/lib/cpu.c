/* SPDX-License-Identifier: Apache-2.0 */
/* The guest's CPUs: entry into C, starting and joining, delays. */
#include "tests/guest/lib/cpu.h"

#include "tests/guest/lib/console.h"
#include "tests/guest/lib/psci.h"

struct cpu cpus[MACHINE_MAX_CPUS];

void cpu_main(unsigned int index, const struct cpu_entry *entry, bool first)
{
	struct cpu *cpu = &cpus[index];

	sysreg_write(tpidr_el1, (uint64_t)cpu);
	cpu->index = index;
	cpu->entry = *entry;
	/* The entry state before the count that announces it, as seen by the CPU that waits. */
	dmb(ish);
	WRITE_ONCE(cpu->entry_count, cpu->entry_count + 1);
	if (first) {
		console_setup();
		main();
		psci_system_off();
	}
	if (cpu->fn) {
		cpu->fn(cpu->arg);
	}
	irq_mask();
	/* All that fn stored before the flag that says it is done, as seen by cpu_join(). */
	dmb(ish);
	WRITE_ONCE(cpu->busy, false);
	psci_cpu_off();
}

uint64_t cpu_mpidr(unsigned int index)
{
	return (index & 15) | (uint64_t)(index >> 4) << 8;
}

unsigned int cpu_count(void)
{
	unsigned int count = 0;

	while (count < MACHINE_MAX_CPUS && psci_affinity_info(cpu_mpidr(count), 0) >= 0) {
		count++;
	}
	return count;
}

int64_t cpu_start(unsigned int index, void (*fn)(void *arg), void *arg)
{
	cpus[index].fn = fn;
	cpus[index].arg = arg;
	cpus[index].busy = true;
	/* fn and arg before the call that lets the other CPU read them. */
	dsb(ish);
	return psci_cpu_on(cpu_mpidr(index), (uint64_t)secondary_entry, index);
}

bool cpu_join(unsigned int index)
{
	/* OFF alone won't do: QEMU's own PSCI says so too while a CPU is still coming up. */
	return WAIT(!READ_ONCE(cpus[index].busy)) &&
	       WAIT(psci_affinity_info(cpu_mpidr(index), 0) == PSCI_AFFINITY_OFF);
}

bool cpu_run_on_all(unsigned int count, void (*fn)(void *arg), void *arg)
{
	bool all = true;

	for (unsigned int i = 1; i < count; i++) {
		all &= cpu_start(i, fn, arg) == PSCI_SUCCESS;
	}
	fn(arg);
	for (unsigned int i = 1; i < count; i++) {
		all &= cpu_join(i);
	}
	return all;
}

void cpu_delay_us(uint64_t us)
{
	uint64_t end = counter_now() + us * counter_hz() / 1000000;

	while ((int64_t)(counter_now() - end) < 0) {
		cpu_pause();
	}
}
