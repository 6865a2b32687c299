/* SPDX-License-Identifier: Apache-2.0 */
/* SYSTEM_RESET while other CPUs turn one on, many times: each life begins with one CPU. */
#include "tests/guest/lib/cpu.h"
#include "tests/guest/lib/psci.h"
#include "tests/guest/lib/tap.h"

#define LIVES	  200
#define MAGIC	  UINT64_C(0x6c6976657320616c)
#define LAST_CPU  3
#define DELAY_US  3000
#define PRISTINE  0x1234
#define RECORD_AT (RAM_BASE + RAM_MAPPED_SIZE - 0x100000)

/* Where no image is, so that it outlives a reset. */
static struct record {
	uint64_t magic;
	uint64_t lives;
	uint64_t strays;   /* CPUs that were not off when a life began */
	uint64_t absent;   /* CPUs that a CPU_ON of the new life did not bring */
	uint64_t unloaded; /* lives with data of the one before */
	uint64_t returned; /* SYSTEM_RESET came back */
} *const record = (struct record *)RECORD_AT;

static uint64_t data = PRISTINE;

/* Where CPU 1 goes when a racing CPU_ON wins: 1: wfe; b 1b. It needs nothing, and stays. */
static const uint32_t stray_loop[] = {0xd503205f, 0x17ffffff};

static void idle(void *arg)
{
	(void)arg;
	for (;;) {
		cpu_yield();
	}
}

static void turn_on_again_and_again(void *arg)
{
	(void)arg;
	for (;;) {
		psci_cpu_on(cpu_mpidr(1), (uint64_t)stray_loop, 0);
	}
}

static void look_around(void)
{
	if (record->magic != MAGIC) {
		*record = (struct record){.magic = MAGIC};
	}
	record->lives++;
	record->unloaded += data != PRISTINE;
	for (unsigned int i = 1; i <= LAST_CPU; i++) {
		record->strays += psci_affinity_info(cpu_mpidr(i), 0) != PSCI_AFFINITY_OFF;
	}
}

static bool comes_up(unsigned int index, void (*fn)(void *arg))
{
	return cpu_start(index, fn, NULL) == PSCI_SUCCESS &&
	       WAIT(READ_ONCE(cpus[index].entry_count) == 1);
}

int main(void)
{
	look_around();
	if (record->lives > LIVES) {
		is(record->strays, 0, "after each of 200 resets the other CPUs are off");
		is(record->absent, 0, "each comes up when the new life turns it on");
		is(record->unloaded, 0, "the image is as it was at first");
		is(record->returned, 0, "SYSTEM_RESET doesn't return");
		tap_done();
	}
	data = ~UINT64_C(PRISTINE);
	record->absent += !comes_up(1, idle);
	record->absent += !comes_up(2, turn_on_again_and_again);
	record->absent += !comes_up(3, turn_on_again_and_again);
	cpu_delay_us(record->lives * 211 % DELAY_US);
	if (record->lives % 2 == 0) {
		psci_call(PSCI_SYSTEM_RESET, 0, 0, 0);
	} else {
		psci_call_smc(PSCI_SYSTEM_RESET, 0, 0, 0);
	}
	record->returned++;
	return 0;
}
