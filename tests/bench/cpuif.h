/* SPDX-License-Identifier: Apache-2.0 */
/* The bench guest's CPU interface: system registers of GICv3, or GICv2's in memory, so that neither
 * costs the other an instruction. */
#ifndef TESTS_BENCH_CPUIF_H
#define TESTS_BENCH_CPUIF_H

#include "tests/bench/machine.h"

#ifdef BENCH_GICV2

static inline bool is_gicv2(void)
{
	return true;
}

/* SGI to the CPUs of a mask, bit per index. From x2, not from where the compiler happens to keep
 * the value in a loop: an exit may have to store x19 to x28 as well. */
static inline void send_sgi(uint32_t intid, uint32_t mask)
{
	register uint32_t value __asm__("w2") = mask << 16 | intid;

	__asm__ volatile("str %w0, [%1]" : : "r"(value), "r"(machine.gicd + GICD_SGIR) : "memory");
}

/* What is to be given back at the end; its INTID. */
static inline uint32_t take(void)
{
	return mmio_read32(machine.gicc + 0x0c); /* GICC_IAR */
}

static inline uint32_t intid_of(uint32_t taken)
{
	return taken & 0x3ff;
}

static inline void end(uint32_t taken)
{
	mmio_write32(machine.gicc + 0x10, taken); /* GICC_EOIR */
}

#else

static inline bool is_gicv2(void)
{
	return false;
}

static inline void send_sgi(uint32_t intid, uint32_t mask)
{
	sysreg_write(ICC_SGI1R, (uint64_t)intid << 24 | mask);
	isb(); /* sent before what follows */
}

static inline uint32_t take(void)
{
	return (uint32_t)sysreg_read(ICC_IAR1);
}

static inline uint32_t intid_of(uint32_t taken)
{
	return taken;
}

static inline void end(uint32_t taken)
{
	sysreg_write(ICC_EOIR1, taken);
	isb(); /* ended before the return */
}

#endif

#endif
