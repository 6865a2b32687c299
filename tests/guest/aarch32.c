/* SPDX-License-Identifier: Apache-2.0 */
/*
 * 32-bit programs at EL0: what a hypervisor emulates for them, the counter, the physical timer and
 * devices, is as on hardware, in conditional instructions and IT blocks too.
 */
#include "tests/guest/lib/exc.h"
#include "tests/guest/lib/gic_regs.h"
#include "tests/guest/lib/machine.h"
#include "tests/guest/lib/mmu.h"
#include "tests/guest/lib/tap.h"
#include "tests/guest/lib/timer.h"

/* DDI 0487 SPSR_EL1 from AArch32 state */
#define THUMB BIT(5)

/* DDI 0487 CNTKCTL_EL1: EL0PCTEN, EL0VCTEN, EL0VTEN, EL0PTEN */
#define EL0_TIME (BIT(0) | BIT(1) | BIT(8) | BIT(9))

#define ID_PFR0_EL0_32 BIT(1)

#define EC_CP15_32_EL0 0x03
#define EC_CP15_64_EL0 0x04

#define DEVICES	    UINT64_C(0xc0000000) /* alias of the device GiB for EL0, below 4 GiB */
#define STORE_R1_R8 0xe88001fe		 /* stm r0, {r1-r8} */
#define LOAD_R1_R4  0xe890001e		 /* ldm r0, {r1-r4} */
#define CALL	    0xef000000		 /* svc #0 */
#define CALL_T	    0xdf00
#define EQUAL	    0xe1500000 /* cmp r0, r0 */
#define EQUAL_T	    0x4280

/* What a program gets in r1 on from here, and leaves there; r0 points at it. */
static volatile uint32_t words[16];

static void run(const void *code, uint64_t state)
{
	exc_run_user(mmu_user_address(code), 0, mmu_user_address(words), SPSR_M_AARCH32 | state);
}

static uint64_t pair(unsigned int i)
{
	return words[i] | (uint64_t)words[i + 1] << 32;
}

static const uint32_t read_counters[] = {
	0xec521f0e, /* mrrc p15, 0, r1, r2, c14: CNTPCT */
	0xec543f1e, /* mrrc p15, 1, r3, r4, c14: CNTVCT */
	STORE_R1_R8,
	CALL,
};

static void test_counters(void)
{
	uint64_t phys = counter_phys_now(), virt = counter_now();

	run(read_counters, 0);
	in_range(pair(0), phys, counter_phys_now(), "CNTPCT is the physical counter");
	in_range(pair(2), virt, counter_now(), "CNTVCT is the virtual counter");
}

static const uint32_t set_timer[] = {
	LOAD_R1_R4,  0xec421f2e, /* mcrr p15, 2, r1, r2, c14: CNTP_CVAL */
	0xee0e3f32,		 /* mcr p15, 0, r3, c14, c2, 1: CNTP_CTL */
	0xec565f2e,		 /* mrrc p15, 2, r5, r6, c14 */
	0xee1e7f32,		 /* mrc p15, 0, r7, c14, c2, 1 */
	0xee1e8f12,		 /* mrc p15, 0, r8, c14, c2, 0: CNTP_TVAL */
	STORE_R1_R8, CALL,
};

static const uint32_t set_tval[] = {
	LOAD_R1_R4,
	0xee0e1f12, /* mcr p15, 0, r1, c14, c2, 0 */
	CALL,
};

static void test_timer(void)
{
	uint64_t when = UINT64_C(0x123456789abcdef0), now;

	words[0] = (uint32_t)when;
	words[1] = (uint32_t)(when >> 32);
	words[2] = TIMER_ENABLE | TIMER_MASK;
	now = counter_phys_now(); /* below 2^32 */
	run(set_timer, 0);
	is(pair(4), when, "CNTP_CVAL is read as it was written");
	is(sysreg_read(cntp_cval_el0), when, "and is CNTP_CVAL_EL0");
	is(words[6], TIMER_ENABLE | TIMER_MASK, "so is CNTP_CTL");
	is(sysreg_read(cntp_ctl_el0), TIMER_ENABLE | TIMER_MASK, "and is CNTP_CTL_EL0");
	in_range((uint32_t)when - words[7], now, counter_phys_now(), "CNTP_TVAL is what is left");
	words[0] = 1000000;
	now = counter_phys_now();
	run(set_tval, 0);
	in_range(sysreg_read(cntp_cval_el0), now + 1000000, counter_phys_now() + 1000000,
		 "CNTP_TVAL sets a distance from now");
	sysreg_write(cntp_ctl_el0, 0);
}

static const uint32_t conditional[] = {
	0xe3a05007,		 /* mov r5, #7 */
	0xe3a06007,		 /* mov r6, #7 */
	EQUAL,	     0x1e1e5f32, /* mrcne p15, 0, r5, c14, c2, 1 */
	0x0e1e6f32,		 /* mrceq p15, 0, r6, c14, c2, 1 */
	STORE_R1_R8, CALL,
};

static void test_conditions(void)
{
	sysreg_write(cntp_ctl_el0, TIMER_MASK);
	run(conditional, 0);
	is(words[4], 7, "an access whose condition fails is not made");
	is(words[5], TIMER_MASK, "one whose condition passes is");
	sysreg_write(cntp_ctl_el0, 0);
}

/* ldr in 16 bits and mrc in 32, each followed by instructions of both kinds in its block */
static const uint16_t it_blocks[] = {
	0x6801,		 /* ldr r1, [r0] */
	0x2200,	 0x2300, /* movs r2, #0; movs r3, #0 */
	0x2400,	 0x2500, /* movs r4, #0; movs r5, #0 */
	EQUAL_T, 0xbf07, /* ittee eq */
	0x680a,		 /* ldreq r2, [r1] */
	0x2301,		 /* moveq r3, #1 */
	0x2309,		 /* movne r3, #9 */
	0x2409,		 /* movne r4, #9 */
	EQUAL_T, 0xbf0c, /* ite eq */
	0xee1e,	 0x5f32, /* mrceq p15, 0, r5, c14, c2, 1 */
	0x2309,		 /* movne r3, #9 */
	0xe880,	 0x01fe, /* stm r0, {r1-r8} */
	CALL_T,
};

static void test_it_blocks(void)
{
	sysreg_write(cntp_ctl_el0, TIMER_MASK);
	words[0] = (uint32_t)(DEVICES + GICD_BASE + GICD_TYPER);
	run(it_blocks, THUMB);
	is(words[1], mmio_read32(GICD_BASE + GICD_TYPER), "a device is read in an IT block");
	is(words[2], 1, "the block goes on behind it: its second instruction, not its third");
	is(words[3], 0, "nor its last");
	is(words[4], TIMER_MASK, "a register is read in an IT block");
	sysreg_write(cntp_ctl_el0, 0);
}

static void test_denied(void)
{
	struct exc_record r;

	sysreg_write(cntkctl_el1, 0);
	isb(); /* denied before EL0 tries */
	exc_begin();
	run(read_counters, 0);
	r = exc_end();
	ok(r.count == 2 && exc_ec(&r) == EC_CP15_64_EL0,
	   "counters that CNTKCTL_EL1 denies EL0 trap to EL1");
	words[0] = words[1] = 0;
	words[2] = TIMER_ENABLE;
	exc_begin();
	run(set_timer, 0);
	r = exc_end();
	ok(r.count == 5 && exc_ec(&r) == EC_CP15_32_EL0, "so do accesses to the timer");
	is(sysreg_read(cntp_ctl_el0), 0, "which are not made");
}

int main(void)
{
	if ((sysreg_read(id_aa64pfr0_el1) & 0xf) != ID_PFR0_EL0_32) {
		skip("32-bit programs run at EL0", "this CPU runs none");
		tap_done();
	}
	mmu_level1[DEVICES >> 30] =
		PTE_AF | PTE_ATTR_DEVICE | PTE_BLOCK | PTE_USER | PTE_UXN | PTE_PXN;
	dsb(ishst); /* the entry before the walks that use it; it was invalid until now */
	sysreg_write(cntkctl_el1, EL0_TIME);
	isb(); /* allowed before EL0 runs */
	test_counters();
	test_timer();
	test_conditions();
	test_it_blocks();
	test_denied();
	tap_done();
}
