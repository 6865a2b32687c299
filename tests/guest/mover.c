/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mover: manages the program beside it, for tests of that: sends its vCPUs from CPU to CPU and
 * changes their priorities, by seeded random, every hundred microseconds or so. It says "BUG:" when
 * one does not, or an answer is not what docs/hypercalls.md says.
 */
#include "tests/guest/lib/console.h"
#include "tests/guest/lib/cpu.h"
#include "tests/guest/lib/gic.h"
#include "tests/guest/lib/psci.h"
#include "tests/guest/lib/timer.h"

#define CALL(n)	  (0xc6000000 + (n))
#define VM_INFO	  4
#define VCPU_INFO 5
#define SET_CPU	  14
#define SET_PRIO  15

#define GUEST	  0
#define INFO	  (RAM_BASE + 0x1800000)
#define INFO_SIZE 88
/* So late is never. Where each CPU is a thread of QEMU's, the counter is the host's, and CPUs stand
 * still for tenths of a second while others have it. */
#define NEVER_S 4

static uint64_t state = 1;

static uint64_t below(uint64_t n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state % n;
}

static int64_t call(unsigned int n, uint64_t vcpu, uint64_t value)
{
	struct smccc_regs r = {{CALL(n), GUEST, vcpu, value, INFO_SIZE}};

	smccc_hvc(&r);
	return (int64_t)r.x[0];
}

static uint32_t info(unsigned int n, uint64_t vcpu, unsigned int offset)
{
	if (call(n, vcpu, INFO) != 0) {
		printf("BUG: mover: no answer about vCPU %lu\n", vcpu);
	}
	return *(volatile uint32_t *)(uintptr_t)(INFO + offset);
}

static void on_timer(unsigned int intid, void *arg)
{
	(void)intid;
	(void)arg;
	timer_stop();
}

static void sleep(uint64_t us)
{
	uint64_t end = counter_now() + counter_hz() / 1000000 * us;

	timer_set(end);
	while (counter_now() < end) {
		cpu_wfi();
	}
}

static void move(uint64_t vcpu, uint64_t cpu)
{
	uint64_t never = counter_now() + NEVER_S * counter_hz();

	if (call(SET_CPU, vcpu, cpu) != 0) {
		printf("BUG: mover: vCPU %lu may not go to CPU %lu\n", vcpu, cpu);
	}
	do {
		sleep(20 + below(100));
		if (counter_now() >= never) {
			printf("BUG: mover: vCPU %lu does not come to CPU %lu\n", vcpu, cpu);
			return;
		}
	} while (info(VCPU_INFO, vcpu, 16) != cpu);
}

int main(void)
{
	uint64_t count = 0, vcpus = info(VM_INFO, 0, 20);

	gic_setup();
	gic_connect(INTID_TIMER_VIRT, on_timer, NULL);
	irq_unmask();
	while (call(SET_CPU, 0, count) == 0) {
		count++;
	}
	for (;;) {
		uint64_t vcpu = below(vcpus);

		switch (below(8)) {
		case 0:
			/* equals again, most of the time */
			call(SET_PRIO, vcpu, 128);
			break;
		case 1:
			call(SET_PRIO, vcpu, 100 + below(56));
			break;
		case 2:
			sleep(below(300));
			break;
		case 3:
			/* changes its mind on the way */
			call(SET_CPU, vcpu, below(count));
			call(SET_CPU, vcpu, below(count));
			break;
		default:
			move(vcpu, below(count));
			break;
		}
	}
}
