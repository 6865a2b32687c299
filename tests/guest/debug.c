/* SPDX-License-Identifier: Apache-2.0 */
/* Self-hosted debug in the guest: breakpoints, watchpoints, single step, the OS lock. */
#include "tests/guest/lib/cpu.h"
#include "tests/guest/lib/exc.h"
#include "tests/guest/lib/gic.h"
#include "tests/guest/lib/mmu.h"
#include "tests/guest/lib/psci.h"
#include "tests/guest/lib/servant.h"
#include "tests/guest/lib/tap.h"

#define MDSCR_SS  BIT(0)
#define MDSCR_KDE BIT(13)
#define MDSCR_MDE BIT(15)

#define CR_ENABLE    BIT(0)
#define CR_EL1	     BIT(1)
#define CR_EL0	     BIT(2)
#define BCR_BAS_ALL  BITS(8, 5)
#define WCR_LOAD     BIT(3)
#define WCR_STORE    BIT(4)
#define WCR_BAS_WORD BITS(8, 5)

#define SPSR_D BIT(9)

#define ROUNDS	      200
#define TRAPS_STEPPED 6

/* Exceptions of the debug classes that the hook took, and the last one's state. */
static struct {
	unsigned int count[64];
	uint64_t elr, far, esr;
	uint64_t steps[8];
	unsigned int step_limit;
} seen;

/* Lets the instruction go on: a breakpoint or watchpoint is disabled, a step goes on or ends. */
static bool on_debug(struct exc_frame *frame)
{
	uint64_t ec = FIELD_GET(ESR_EC, frame->esr);

	switch (ec) {
	case EC_BREAKPOINT:
	case EC_BREAKPOINT_EL0:
		sysreg_write(dbgbcr0_el1, 0);
		break;
	case EC_WATCHPOINT:
	case EC_WATCHPOINT_EL0:
		sysreg_write(dbgwcr0_el1, 0);
		break;
	case EC_STEP:
	case EC_STEP_EL0:
		if (seen.count[ec] < ARRAY_SIZE(seen.steps)) {
			seen.steps[seen.count[ec]] = frame->elr;
		}
		frame->spsr &= ~SPSR_SS;
		if (seen.count[ec] + 1 < seen.step_limit) {
			frame->spsr |= SPSR_SS;
		} else {
			sysreg_write(mdscr_el1, sysreg_read(mdscr_el1) & ~MDSCR_SS);
		}
		break;
	default:
		return false;
	}
	seen.count[ec]++;
	seen.elr = frame->elr;
	seen.far = frame->far;
	seen.esr = frame->esr;
	return true;
}

static void forget(void)
{
	seen = (__typeof__(seen)){.step_limit = 1};
	sysreg_write(mdscr_el1, MDSCR_MDE | MDSCR_KDE);
	isb(); /* debug is on before what follows */
}

static void debug_exceptions(bool on)
{
	if (on) {
		__asm__ volatile("msr daifclr, #8\n\tisb" ::: "memory");
	} else {
		__asm__ volatile("msr daifset, #8\n\tisb" ::: "memory");
	}
}

static __attribute__((noinline)) unsigned int target(unsigned int v)
{
	__asm__ volatile("" : "+r"(v));
	return v + 1;
}

static void break_at(uint64_t addr, uint64_t control)
{
	sysreg_write(dbgbvr0_el1, addr);
	sysreg_write(dbgbcr0_el1, control);
	isb(); /* the breakpoint is set before the code is reached */
}

static void test_breakpoint(void)
{
	unsigned int value;

	forget();
	break_at((uint64_t)target, CR_ENABLE | CR_EL1 | BCR_BAS_ALL);
	is(sysreg_read(dbgbvr0_el1), (uint64_t)target, "a breakpoint's address reads back");
	is(target(1), 2, "with debug exceptions masked code runs past it");
	is(seen.count[EC_BREAKPOINT], 0, "without an exception");
	debug_exceptions(true);
	value = target(3);
	debug_exceptions(false);
	is(seen.count[EC_BREAKPOINT], 1, "unmasked, a breakpoint at EL1 is taken");
	is(seen.elr, (uint64_t)target, "at its address");
	is(value, 4, "and the code goes on afterwards");
	break_at((uint64_t)target, CR_ENABLE | CR_EL0 | BCR_BAS_ALL);
	debug_exceptions(true);
	target(1);
	debug_exceptions(false);
	is(seen.count[EC_BREAKPOINT], 1, "one for EL0 isn't taken at EL1");
	break_at((uint64_t)target, CR_ENABLE | CR_EL1 | BCR_BAS_ALL);
	sysreg_write(mdscr_el1, 0);
	isb(); /* debug is off before the code is reached */
	debug_exceptions(true);
	target(1);
	debug_exceptions(false);
	is(seen.count[EC_BREAKPOINT], 1, "nor any with MDSCR_EL1.MDE off");
	sysreg_write(dbgbcr0_el1, 0);
}

static uint32_t watched[4];

static void watch(uint64_t addr, uint64_t control)
{
	sysreg_write(dbgwvr0_el1, addr);
	sysreg_write(dbgwcr0_el1, control);
	isb(); /* the watchpoint is set before the access */
}

static void test_watchpoint(void)
{
	forget();
	watch((uint64_t)&watched[0], CR_ENABLE | CR_EL1 | WCR_STORE | WCR_BAS_WORD);
	debug_exceptions(true);
	WRITE_ONCE(watched[1], 1);
	(void)READ_ONCE(watched[0]);
	is(seen.count[EC_WATCHPOINT], 0, "a watchpoint for stores lets loads and neighbours pass");
	WRITE_ONCE(watched[0], 7);
	debug_exceptions(false);
	is(seen.count[EC_WATCHPOINT], 1, "a store to it is taken");
	is(seen.far, (uint64_t)&watched[0], "with its address");
	ok(seen.esr & ESR_WNR, "as a store");
	is(READ_ONCE(watched[0]), 7, "and done afterwards");
	watch((uint64_t)&watched[2], CR_ENABLE | CR_EL1 | WCR_LOAD | WCR_BAS_WORD);
	debug_exceptions(true);
	WRITE_ONCE(watched[2], 1);
	is(seen.count[EC_WATCHPOINT], 1, "one for loads lets stores pass");
	(void)READ_ONCE(watched[2]);
	debug_exceptions(false);
	is(seen.count[EC_WATCHPOINT], 2, "a load from it is taken");
	ok(!(seen.esr & ESR_WNR), "as a load");
}

/* A return with SPSR.SS set runs one instruction, then traps: here by a return to the next line. */
static __attribute__((noinline)) void step_here(void)
{
	uint64_t addr, spsr = sysreg_read(daif) | 5 | SPSR_SS;

	__asm__ volatile("	adr	%0, 1f\n"
			 "	msr	elr_el1, %0\n"
			 "	msr	spsr_el1, %1\n"
			 "	isb\n"
			 "	eret\n"
			 "1:	nop\n"
			 "	nop\n"
			 "	nop\n"
			 : "=&r"(addr)
			 : "r"(spsr & ~SPSR_D)
			 : "memory");
	debug_exceptions(false);
}

static void test_step(void)
{
	forget();
	seen.step_limit = 3;
	sysreg_write(mdscr_el1, MDSCR_KDE | MDSCR_MDE | MDSCR_SS);
	isb(); /* stepping is on before the return that starts it */
	step_here();
	is(seen.count[EC_STEP], 3, "three steps at EL1 are taken");
	ok(seen.steps[1] == seen.steps[0] + 4 && seen.steps[2] == seen.steps[1] + 4,
	   "each one instruction further");
	is(sysreg_read(mdscr_el1) & MDSCR_SS, 0, "and the last turns stepping off");
}

/* The same with instructions that a hypervisor does in place of the CPU. */
static __attribute__((noinline)) uint64_t step_over_traps(void)
{
	uint64_t addr, spsr = sysreg_read(daif) | 5 | SPSR_SS;
	uint64_t gicd = GICD_BASE;
	register uint64_t x0 __asm__("x0") = PSCI_VERSION;

	__asm__ volatile("	adr	%0, 1f\n"
			 "	msr	elr_el1, %0\n"
			 "	msr	spsr_el1, %3\n"
			 "	isb\n"
			 "	eret\n"
			 "1:	ldr	w4, [%4]\n"
			 "	str	w4, [%4]\n"
			 "	ldr	w4, [%2], #4\n"
			 "	mrs	x4, id_aa64pfr0_el1\n"
			 "	hvc	#0\n"
			 "	nop\n"
			 "	nop\n"
			 : "=&r"(addr), "+r"(x0), "+r"(gicd)
			 : "r"(spsr & ~SPSR_D), "r"((uint64_t)PL031_BASE)
			 : "x1", "x2", "x3", "x4", "memory");
	debug_exceptions(false);
	return x0;
}

static void test_step_over_traps(void)
{
	unsigned int wrong = 0;

	forget();
	seen.step_limit = TRAPS_STEPPED;
	sysreg_write(mdscr_el1, MDSCR_KDE | MDSCR_MDE | MDSCR_SS);
	isb(); /* as above */
	is(step_over_traps(), 0x10001, "device accesses, an ID register and a call are stepped");
	is(seen.count[EC_STEP], TRAPS_STEPPED, "each step is taken");
	for (unsigned int i = 1; i < TRAPS_STEPPED; i++) {
		wrong += seen.steps[i] != seen.steps[0] + 4 * i;
	}
	is(wrong, 0, "and none of them runs on into the next instruction");
}

/* EL0: mov x0, #1 · add x0, x0, #2 · add x0, x0, #3 · svc */
static const uint32_t user_code[] = {0xd2800020, 0x91000800, 0x91000c00, 0xd4000001};

/* PSTATE.D holds debug exceptions back at their own level only: EL0's are always taken. */
static void test_user(void)
{
	uint64_t pc = mmu_user_address(user_code);

	forget();
	is(exc_run_user(pc, 0, 0, 0), 6, "EL0 code runs");
	break_at(pc + 4, CR_ENABLE | CR_EL0 | BCR_BAS_ALL);
	is(exc_run_user(pc, 0, 0, 0), 6, "and runs to its end through a breakpoint");
	is(seen.count[EC_BREAKPOINT_EL0], 1, "which is taken, as from EL0");
	is(seen.elr, pc + 4, "at its address");
	forget();
	seen.step_limit = 2;
	sysreg_write(mdscr_el1, MDSCR_SS);
	isb(); /* stepping is on before the return that starts it */
	is(exc_run_user(pc, 0, 0, SPSR_SS), 6, "EL0 code runs to its end in single steps");
	is(seen.count[EC_STEP_EL0], 2, "of which two are taken");
	ok(seen.steps[0] == pc + 4 && seen.steps[1] == pc + 8, "each one instruction further");
}

static void lock_state(void *arg)
{
	*(uint64_t *)arg = sysreg_read(oslsr_el1) & BIT(1);
}

static void test_os_lock(void)
{
	uint64_t other = ~UINT64_C(0);

	sysreg_write(oslar_el1, 1);
	isb(); /* the lock before its state is read */
	ok(sysreg_read(oslsr_el1) & BIT(1), "the OS lock can be taken");
	forget();
	break_at((uint64_t)target, CR_ENABLE | CR_EL1 | BCR_BAS_ALL);
	debug_exceptions(true);
	target(1);
	debug_exceptions(false);
	expected_failure(seen.count[EC_BREAKPOINT] == 0, "locked, breakpoints are not taken",
			 "QEMU looks at another bit of OSLSR_EL1");
	servant_start(1);
	sysreg_write(oslar_el1, 0);
	isb(); /* as above */
	ok(!(sysreg_read(oslsr_el1) & BIT(1)), "and released");
	forget();
	break_at((uint64_t)target, CR_ENABLE | CR_EL1 | BCR_BAS_ALL);
	debug_exceptions(true);
	target(1);
	debug_exceptions(false);
	is(seen.count[EC_BREAKPOINT], 1, "released, they are");
	servant_run(1, lock_state, &other);
	ok(other <= BIT(1), "another CPU has a lock of its own");
	servant_stop(1);
}

/* Registers of debug stay while the guest traps a lot. */
static void test_kept(void)
{
	unsigned int wrong = 0;

	forget();
	for (unsigned int i = 0; i < ROUNDS; i++) {
		sysreg_write(dbgbvr1_el1, (uint64_t)target + 4 * i);
		sysreg_write(dbgwvr1_el1, 0x1000 + 8 * i);
		psci_call(PSCI_VERSION, 0, 0, 0);
		mmio_read32(GICD_BASE);
		wrong += sysreg_read(dbgbvr1_el1) != (uint64_t)target + 4 * i ||
			 sysreg_read(dbgwvr1_el1) != 0x1000 + 8 * i ||
			 sysreg_read(mdscr_el1) != (MDSCR_MDE | MDSCR_KDE);
	}
	is(wrong, 0, "debug registers keep their values across calls and device accesses");
	sysreg_write(mdscr_el1, 0);
}

int main(void)
{
	gic_setup();
	exc_set_hook(on_debug);
	sysreg_write(oslar_el1, 0);
	sysreg_write(osdlr_el1, 0);
	isb(); /* unlocked before the first breakpoint */
	test_breakpoint();
	test_watchpoint();
	test_step();
	test_step_over_traps();
	test_user();
	test_os_lock();
	test_kept();
	tap_done();
}
