/* SPDX-License-Identifier: Apache-2.0 */
/* Runs instructions made at run time. */
#include "tests/guest/lib/insn.h"

#include "tests/guest/lib/allregs.h"
#include "tests/guest/lib/arm64.h"

#define INSN_RET 0xd65f03c0
#define INSN_MRS 0xd5200000 /* into x0 */
#define INSN_MSR 0xd5000000 /* from x0 */

/* A line of the smallest size, so that one clean and one invalidate by address do. */
static uint32_t insn_buffer[16] __attribute__((aligned(64)));

uint64_t insn_run(const uint32_t *code, unsigned int count, uint64_t x0, uint64_t x1)
{
	for (unsigned int i = 0; i < count; i++) {
		WRITE_ONCE(insn_buffer[i], code[i]);
	}
	WRITE_ONCE(insn_buffer[count], INSN_RET);
	for (unsigned int i = 0; i <= count; i += 4) {
		__asm__ volatile("dc cvau, %0" ::"r"(&insn_buffer[i]) : "memory");
	}
	dsb(ish); /* the code is where instruction fetches look, before they are told to look */
	for (unsigned int i = 0; i <= count; i += 4) {
		__asm__ volatile("ic ivau, %0" ::"r"(&insn_buffer[i]) : "memory");
	}
	dsb(ish); /* no CPU has the old code any more */
	isb();	  /* nor has this one's pipeline */
	return ((uint64_t(*)(uint64_t, uint64_t))insn_buffer)(x0, x1);
}

void insn_run_all(uint32_t insn, uint64_t x[INSN_REGS])
{
	WRITE_ONCE(allregs_slot, insn);
	__asm__ volatile("dc cvau, %0" ::"r"(&allregs_slot) : "memory");
	dsb(ish); /* as above */
	__asm__ volatile("ic ivau, %0" ::"r"(&allregs_slot) : "memory");
	dsb(ish);
	isb();
	allregs_run(x);
}

uint64_t insn_mrs(uint32_t sysreg)
{
	uint32_t code = INSN_MRS | sysreg;

	return insn_run(&code, 1, 0, 0);
}

void insn_msr(uint32_t sysreg, uint64_t value)
{
	uint32_t code = INSN_MSR | sysreg;

	insn_run(&code, 1, value, 0);
}
