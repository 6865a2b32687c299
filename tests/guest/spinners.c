/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A VM whose CPUs share one of the board's: one of them holds a lock for many slices, so that it
 * loses the CPU while it does, and the others spin on the lock. How long the holder is away is what
 * docs/scheduling.md promises. Runs where instructions are counted: each takes a nanosecond.
 */
#include "tests/guest/lib/cpu.h"
#include "tests/guest/lib/psci.h"
#include "tests/guest/lib/tap.h"

#define YIELD	  0xc6000001
#define SLICE_US  300 /* as tests/guest/cases.txt has it */
#define SLICES	  20  /* of its own that the holder takes */
#define AWAY_US	  2   /* less than that it was in an exit, or an interrupt */
#define SOON_US	  10  /* a switch to who spins, its call, and the switch back */
#define SWITCH_US 3

enum how {
	BY_YIELD,  /* the hypercall */
	BY_EVENT,  /* WFE */
	BY_NOTHING /* loads and branches alone */
};

static struct {
	uint32_t held;
	unsigned int spinning; /* CPUs that have come to wait for it */
	uint64_t yields;       /* calls of all of them */
} lock;

/* How each CPU spins. */
static enum how how[MACHINE_MAX_CPUS];

static uint64_t us_of(uint64_t ticks)
{
	return ticks * 1000000 / counter_hz();
}

static void yield(void)
{
	struct smccc_regs r = {.x = {YIELD}};

	__atomic_fetch_add(&lock.yields, 1, __ATOMIC_RELAXED);
	smccc_hvc(&r);
}

static void spin(void *arg)
{
	(void)arg;
	__atomic_fetch_add(&lock.spinning, 1, __ATOMIC_RELAXED);
	while (READ_ONCE(lock.held) != 0) {
		switch (how[cpu_this()->index]) {
		case BY_YIELD:
			yield();
			break;
		case BY_EVENT:
			__asm__ volatile("wfe" ::: "memory");
			break;
		case BY_NOTHING:
			break;
		}
	}
}

static struct {
	uint64_t longest, times; /* that the holder was away */
	uint64_t yields;	 /* meanwhile */
} away;

/* The lock is held until this CPU has run for so many slices. */
static void hold(void)
{
	uint64_t last = counter_now(), ran = 0;

	away.longest = away.times = 0;
	lock.yields = 0;
	while (us_of(ran) < SLICES * SLICE_US) {
		uint64_t now = counter_now(), span = now - last;

		if (us_of(span) < AWAY_US) {
			ran += span;
		} else {
			away.times++;
			away.longest = span > away.longest ? span : away.longest;
		}
		last = now;
	}
	away.yields = lock.yields;
}

/* Microseconds that it was away at most, while `count` CPUs of the VM spin as `how` says. */
static uint64_t contend(unsigned int count)
{
	bool came = true;

	lock.spinning = 0;
	WRITE_ONCE(lock.held, 1);
	for (unsigned int i = 1; i <= count; i++) {
		came = came && cpu_start(i, spin, NULL) == PSCI_SUCCESS;
	}
	came = came && WAIT(READ_ONCE(lock.spinning) == count);
	hold();
	WRITE_ONCE(lock.held, 0);
	__asm__ volatile("dsb ish\n	sev" ::: "memory");
	for (unsigned int i = 1; i <= count; i++) {
		came = cpu_join(i) && came;
	}
	ok(came, "the others come, spin and go");
	not_below(away.times, SLICES / 2, "the holder loses the CPU, again and again");
	return us_of(away.longest);
}

static void all_spin(unsigned int count, enum how as)
{
	for (unsigned int i = 1; i <= count; i++) {
		how[i] = as;
	}
}

int main(void)
{
	unsigned int count = cpu_count() - 1;

	not_below(count, 2, "one holds a lock, two or more spin on it");
	all_spin(count, BY_YIELD);
	in_range(contend(count), 1, SOON_US, "who spins by YIELD gives the holder the CPU at once");
	in_range(away.yields, away.times, away.times * 5 / 4,
		 "and no other one that spins goes before the holder");
	all_spin(count, BY_NOTHING);
	in_range(contend(count), 1, count * (SLICE_US + SWITCH_US),
		 "who says nothing takes it for a slice, and no more");
	/* one of them says that it waits: it is the holder's turn then */
	how[count] = BY_YIELD;
	in_range(contend(count), 1, (count - 1) * (SLICE_US + SWITCH_US) + SOON_US,
		 "one who gives way costs no slice among those who don't");
	all_spin(count, BY_EVENT);
	/* the emulator traps no WFE (HCR_EL2.TWE): then it says nothing */
	in_range(contend(count), 1, count * (SLICE_US + SWITCH_US),
		 "who spins by WFE takes it for a slice at most");
	tap_done();
}
