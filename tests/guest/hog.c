/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hog: has other programs' CPU as often as it can get it, for tests of those. It never sleeps long,
 * leaves a pattern in every register that a switch between VMs has to move, looks whether it is
 * still there, and says "BUG:" if not. Interrupts of its virtual timer come all the while.
 */
#include "tests/guest/lib/console.h"
#include "tests/guest/lib/cpu.h"
#include "tests/guest/lib/fpregs.h"
#include "tests/guest/lib/gic.h"
#include "tests/guest/lib/insn.h"
#include "tests/guest/lib/timer.h"

#define PERIOD_US 170
#define ROUNDS	  64

/* Of those that move, the ones that nothing else here uses. */
static const struct {
	const char *name;
	uint32_t reg;
	uint64_t bits; /* that hold what is written */
} regs[] = {
	{"TPIDR_EL0", SYSREG(3, 3, 13, 0, 2), ~UINT64_C(0)},
	{"TPIDRRO_EL0", SYSREG(3, 3, 13, 0, 3), ~UINT64_C(0)},
	{"CONTEXTIDR_EL1", SYSREG(3, 0, 13, 0, 1), 0xffffffff},
	{"SP_EL0", SYSREG(3, 0, 4, 1, 0), ~UINT64_C(0)},
	{"FAR_EL1", SYSREG(3, 0, 6, 0, 0), ~UINT64_C(0)},
	{"AMAIR_EL1", SYSREG(3, 0, 10, 3, 0), 0},
	{"AFSR0_EL1", SYSREG(3, 0, 5, 1, 0), 0},
	{"CNTP_CVAL_EL0", SYSREG(3, 3, 14, 2, 2), ~UINT64_C(0)},
	{"CNTKCTL_EL1", SYSREG(3, 0, 14, 1, 0), 3},
	{"DBGBVR0_EL1", SYSREG(2, 0, 0, 0, 4), 0x7ffffffc},
	{"DBGWVR0_EL1", SYSREG(2, 0, 0, 0, 6), 0x7ffffffc},
};

static uint64_t ticks, due;

static void on_timer(unsigned int intid, void *arg)
{
	(void)intid;
	(void)arg;
	ticks++;
	due = counter_now() + counter_hz() / 1000000 * PERIOD_US;
	timer_set(due);
}

static uint64_t pattern(uint64_t round, uint64_t n)
{
	return (round + 1) * UINT64_C(0x9e3779b97f4a7c15) ^ n * UINT64_C(0xbf58476d1ce4e5b9);
}

static void set(uint64_t round)
{
	struct fpregs fp = {.fpcr = (round & 3) << 22, .fpsr = round & 0x1f};

	for (unsigned int i = 0; i < sizeof(regs) / sizeof(regs[0]); i++) {
		insn_msr(regs[i].reg, pattern(round, i) & regs[i].bits);
	}
	for (unsigned int i = 0; i < sizeof(fp.v) / sizeof(fp.v[0]); i++) {
		fp.v[i] = pattern(round, 100 + i);
	}
	fpregs_load(&fp);
}

static void check(uint64_t round)
{
	struct fpregs fp;

	fpregs_store(&fp);
	for (unsigned int i = 0; i < sizeof(regs) / sizeof(regs[0]); i++) {
		uint64_t value = insn_mrs(regs[i].reg) & regs[i].bits;

		if (value != (pattern(round, i) & regs[i].bits)) {
			printf("BUG: hog: %s is 0x%lx, not 0x%lx\n", regs[i].name, value,
			       pattern(round, i) & regs[i].bits);
		}
	}
	for (unsigned int i = 0; i < sizeof(fp.v) / sizeof(fp.v[0]); i++) {
		if (fp.v[i] != pattern(round, 100 + i)) {
			printf("BUG: hog: V%u is 0x%lx, not 0x%lx\n", i / 2, fp.v[i],
			       pattern(round, 100 + i));
		}
	}
	if (fp.fpcr != (round & 3) << 22 || fp.fpsr != (round & 0x1f)) {
		printf("BUG: hog: FPCR is 0x%lx, FPSR 0x%lx\n", fp.fpcr, fp.fpsr);
	}
}

int main(void)
{
	uint64_t before = 0;

	gic_setup();
	gic_connect(INTID_TIMER_VIRT, on_timer, NULL);
	on_timer(0, NULL);
	irq_unmask();
	for (uint64_t round = 0;; round++) {
		set(round);
		for (unsigned int i = 0; i < 200; i++) {
			cpu_yield();
		}
		check(round);
		if (round % ROUNDS == 0) {
			/* others may have had the CPU, but its timer comes as long as it runs */
			before = ticks;
			cpu_wfi();
			if (ticks == before) {
				cpu_wfi();
			}
		}
	}
}
