/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verbs: a VM that asks anything of another, by a seed, while that one turns its CPUs on and off,
 * resets and ends itself, and somebody types at the hypervisor's shell. Each answer is to be one
 * that docs/life.md and docs/hypercalls.md have; at the end the other VM can be started and runs,
 * and its memory is as granted. The same program is in both: VM 0 asks.
 *
 * `parameters` are written into the image by whoever makes the config.
 */
#include "tests/guest/lib/console.h"
#include "tests/guest/lib/cpu.h"
#include "tests/guest/lib/psci.h"

#define CALL(n) (0xc6000000 + (n))

#define VM_LIST	   3
#define VM_INFO	   4
#define VCPU_INFO  5
#define VM_START   8
#define VM_STOP	   9
#define VM_PAUSE   10
#define VM_RESUME  11
#define VM_RESTART 12
#define VM_KILL	   13
#define SET_CPU	   14
#define SET_PRIO   15
#define STAT	   17
#define REGS	   18
#define TRACE	   19
#define IRQS	   20
#define MEMORY	   21
#define AUDIT	   22
#define LOG_READ   25
#define TIMES	   27
#define WAITS	   28
#define MEASURE	   29

#define TOY	     1
#define TOY_VCPUS    2
#define BOARD_CPUS   4
#define PRIORITY_MAX 255
#define OFF	     0
#define RUNNING	     2
#define END	     (~UINT64_C(0))
#define ANSWER	     (RAM_BASE + 0x1800000) /* nobody else's */
#define PAUSE_US     400
#define GRACE_US     100000  /* in which a life of the toy is let be */
#define SILENCE_US   1500000 /* what was typed is over by then */

/* Answers, as bits. */
#define OK	1
#define INVALID (1 << 2)
#define BUSY	(1 << 5)
#define ALREADY (1 << 6)

static volatile struct {
	char name[8];
	uint64_t seed;
	uint64_t calls;
} parameters = {"VERBPARM", 88172645463325252, 4000};

static uint64_t state;

static uint64_t below(uint64_t limit)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (state >> 11) % limit;
}

static int64_t call(unsigned int n, uint64_t a, uint64_t b, uint64_t c)
{
	struct smccc_regs r = {.x = {CALL(n), a, b, c, 4096}};

	smccc_hvc(&r);
	return (int64_t)r.x[0];
}

static uint32_t word(uint64_t offset)
{
	return *(volatile uint32_t *)(uintptr_t)(ANSWER + offset);
}

/* -- who asks -- */

/* The calls, and what they may answer about a VM that exists and is managed. */
static const struct {
	uint8_t number, may;
} calls[] = {
	{VM_START, OK | ALREADY | BUSY},
	{VM_STOP, OK | ALREADY | BUSY},
	{VM_PAUSE, OK | ALREADY | BUSY},
	{VM_RESUME, OK | ALREADY | BUSY},
	{VM_RESTART, OK | BUSY},
	{VM_KILL, OK | ALREADY},
	{VM_START, OK | ALREADY | BUSY},
	{VM_RESUME, OK | ALREADY | BUSY},
	{SET_CPU, OK},
	{SET_PRIO, OK},
	{MEASURE, OK},
	{REGS, OK | BUSY},
	{VCPU_INFO, OK},
	{STAT, OK},
	{TRACE, OK},
	{IRQS, OK},
	{MEMORY, OK},
	{AUDIT, OK},
	{LOG_READ, OK},
	{TIMES, OK},
	{WAITS, OK},
};

#define CALLS (sizeof(calls) / sizeof(calls[0]))

static uint32_t made[CALLS], done[CALLS];

/* One call; false after a line: its answer is none of those. */
static bool ask(unsigned int i)
{
	unsigned int number = calls[i].number;
	uint64_t more = below(TOY_VCPUS), where = ANSWER;
	uint32_t may = calls[i].may;
	int64_t answer;

	if (number == SET_CPU) {
		more = below(TOY_VCPUS + 1);
		where = below(BOARD_CPUS + 1);
		may = more < TOY_VCPUS && where < BOARD_CPUS ? OK : INVALID;
	} else if (number == SET_PRIO) {
		more = below(TOY_VCPUS + 1);
		where = below(PRIORITY_MAX + 20);
		may = more < TOY_VCPUS && where <= PRIORITY_MAX ? OK : INVALID;
	} else if (number == MEASURE) {
		where = below(3);
		may = where < 2 ? OK : INVALID;
	}
	answer = call(number, TOY, more, where);
	made[i]++;
	done[i] += answer == 0;
	if (answer > 0 || answer < -8 || (may >> -answer & 1) == 0) {
		printf("BUG: verbs: call %u, %lu, %lu is answered %d\n", number, more, where,
		       (int)answer);
		return false;
	}
	return true;
}

static uint32_t state_of_toy(void)
{
	call(VM_INFO, TOY, 0, ANSWER);
	return word(12);
}

static uint32_t faults_of_toy(void)
{
	uint32_t faults = 0;
	uint64_t next = 0;

	do {
		call(AUDIT, TOY, next, ANSWER);
		faults += word(12);
		next = *(volatile uint64_t *)(uintptr_t)(ANSWER + 40);
	} while (next != END);
	return faults;
}

static void ask_everything(void)
{
	uint32_t strange = 0, never = 0;

	for (uint64_t i = 0; i < parameters.calls; i++) {
		strange += !ask((unsigned int)below(CALLS));
		cpu_delay_us(below(PAUSE_US));
	}
	for (unsigned int i = 0; i < CALLS; i++) {
		never += done[i] == 0;
	}
	printf("verbs: %lu calls, %u strange, %u never done\n", parameters.calls, strange, never);
}

/* -- who is asked about -- */

static void come_and_go(void *arg)
{
	(void)arg;
	for (uint64_t i = below(2000); i != 0; i--) {
		cpu_yield();
	}
}

/* In the first CPU alone: the generator is not shared. */
static __attribute__((noreturn)) void be_the_toy(void)
{
	state += counter_now();
	printf("toy: a life\n");
	cpu_delay_us(GRACE_US);
	for (;;) {
		switch (below(40)) {
		case 0:
			psci_call(PSCI_SYSTEM_RESET, 0, 0, 0);
			break;
		case 1:
			psci_call(PSCI_SYSTEM_OFF, 0, 0, 0);
			break;
		case 2:
			psci_call(PSCI_SYSTEM_SUSPEND, (uint64_t)secondary_entry, 0, 0);
			break;
		case 3 ... 20:
			if (cpu_start(1, come_and_go, NULL) == PSCI_SUCCESS) {
				cpu_join(1);
			}
			break;
		default:
			cpu_delay_us(below(2000));
			break;
		}
	}
}

int main(void)
{
	struct smccc_regs r = {.x = {CALL(VM_LIST)}};

	smccc_hvc(&r);
	state = parameters.seed;
	if (r.x[2] == TOY) {
		be_the_toy();
	}
	ask_everything();
	/* whoever types ends, too */
	cpu_delay_us(SILENCE_US);
	call(VM_KILL, TOY, 0, 0);
	WAIT(state_of_toy() == OFF);
	call(VM_START, TOY, 0, 0);
	WAIT(state_of_toy() == RUNNING);
	printf("verbs: the end: state %u, %u faults\n", state_of_toy(), faults_of_toy());
	for (;;) {
		cpu_wfi();
	}
}
