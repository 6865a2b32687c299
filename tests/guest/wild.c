/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wild: all a guest can do to its hypervisor, by all its CPUs, at random and for ever. What a CPU
 * does not come back from, the others see, and reset the VM: a life ends, the next has another
 * seed. Says now and then how many of its operations must have trapped, in all lives.
 *
 * The seed and the rest of `parameters` are written into the image by whoever makes the config.
 */
#include "tests/guest/lib/wild.h"

#include "tests/guest/lib/console.h"
#include "tests/guest/lib/cpu.h"
#include "tests/guest/lib/gic.h"
#include "tests/guest/lib/psci.h"

#define TELL_EVERY 1000 /* traps */
#define LOOK_EVERY 32	/* operations */
#define RECORD_AT  (RAM_BASE + RAM_MAPPED_SIZE - 0x1000)
#define MAGIC	   UINT64_C(0x646c697700000001)

static volatile struct {
	char name[8];
	uint64_t seed;
	uint64_t patience_us; /* a CPU that has done nothing for so long is lost */
	/* Not where instructions are counted: an emulator takes no time for a fetch that faults,
	 * and a CPU whose vectors fault stops the clock. */
	uint64_t reckless;
	uint64_t devices; /* virtio devices that it has */
} parameters = {"WILDPARM", 1, 10000, 0, 0};

/* Where no image is, so that it outlives a reset; scribbled over, it begins again. */
static volatile struct record {
	uint64_t magic;
	uint64_t lives;
	uint64_t traps, operations; /* in the lives before this one, told of */
	uint64_t check;
} *const record = (volatile struct record *)RECORD_AT;

static struct wild wilds[MACHINE_MAX_CPUS];
static unsigned int count;
static uint64_t seed, lives, base_traps, base_operations;

static uint64_t checked(void)
{
	return ~(record->lives ^ record->traps ^ record->operations << 1);
}

static void open_record(void)
{
	if (record->magic != MAGIC || record->check != checked()) {
		record->lives = record->traps = record->operations = 0;
	}
	record->magic = MAGIC;
	lives = ++record->lives;
	record->check = checked();
	base_traps = record->traps;
	base_operations = record->operations;
	seed = parameters.seed * 1000003 + lives * 7919;
}

static void tell(void)
{
	uint64_t traps = base_traps, operations = base_operations;

	for (unsigned int i = 0; i < count; i++) {
		traps += READ_ONCE(wilds[i].traps);
		operations += READ_ONCE(wilds[i].operations);
	}
	/* whole again, whoever wrote there: a device may, where it is told to */
	if (traps / TELL_EVERY != record->traps / TELL_EVERY) {
		console_recover();
		printf("\nwild: %lu traps, %lu operations, life %lu\n", traps, operations, lives);
	}
	record->lives = lives;
	record->traps = traps;
	record->operations = operations;
	record->check = checked();
}

static void play(void *arg);

/* What each CPU saw of the others: how far they were, and since when. */
static void look(unsigned int me)
{
	static uint64_t seen[MACHINE_MAX_CPUS][MACHINE_MAX_CPUS];
	static uint64_t since[MACHINE_MAX_CPUS][MACHINE_MAX_CPUS];
	uint64_t patience = parameters.patience_us * (counter_hz() / 1000000);

	for (unsigned int i = 0; i < count; i++) {
		uint64_t done = READ_ONCE(wilds[i].operations), now = counter_now();

		if (i == me || done != seen[me][i] || since[me][i] == 0) {
			seen[me][i] = done;
			since[me][i] = now;
		} else if ((int64_t)(now - since[me][i] - patience) > 0) {
			since[me][i] = now;
			if (me != 0 || psci_affinity_info(cpu_mpidr(i), 0) != PSCI_AFFINITY_OFF) {
				psci_call(wilds[me].state & 7 ? PSCI_SYSTEM_RESET : PSCI_SYSTEM_OFF,
					  0, 0, 0);
			}
			cpu_start(i, play, NULL);
		}
	}
}

static void play(void *arg)
{
	unsigned int me = cpu_this()->index;
	struct wild *w = &wilds[me];
	uint64_t before = w->operations, traps = w->traps;

	(void)arg;
	wild_start(w, seed ^ before << 20, me == 0);
	w->reckless = parameters.reckless != 0 && me != 0;
	w->devices = (unsigned int)parameters.devices;
	w->operations = before;
	w->traps = traps;
	for (;;) {
		wild_once(w);
		if (w->operations % LOOK_EVERY == 0) {
			look(me);
		}
		if (me == 0) {
			tell();
		}
	}
}

int main(void)
{
	open_record();
	printf("\nwild: life %lu, seed %lu\n", record->lives, parameters.seed);
	gic_setup();
	wild_map();
	count = cpu_count();
	for (unsigned int i = 1; i < count; i++) {
		cpu_start(i, play, NULL);
	}
	play(NULL);
	return 0;
}
