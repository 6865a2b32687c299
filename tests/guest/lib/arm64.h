/* SPDX-License-Identifier: Apache-2.0 */
/* What C has no words for: system registers, barriers, hints, device accesses. */
#ifndef TESTS_GUEST_LIB_ARM64_H
#define TESTS_GUEST_LIB_ARM64_H

#include "tests/guest/lib/types.h"

/* System register by the name the assembler knows, or as S<op0>_<op1>_C<n>_C<m>_<op2>. */
#define sysreg_read(name)                                                                          \
	({                                                                                         \
		uint64_t sysreg_value;                                                             \
		__asm__ volatile("mrs %0, " SYSREG_STRING(name)                                    \
				 : "=r"(sysreg_value)                                              \
				 :                                                                 \
				 : "memory");                                                      \
		sysreg_value;                                                                      \
	})
#define sysreg_write(name, value)                                                                  \
	__asm__ volatile("msr " SYSREG_STRING(name) ", %0" ::"r"((uint64_t)(value)) : "memory")
#define SYSREG_STRING(name)  SYSREG_STRING_(name)
#define SYSREG_STRING_(name) #name

#define isb()	   __asm__ volatile("isb" ::: "memory")
#define dsb(scope) __asm__ volatile("dsb " #scope ::: "memory")
#define dmb(scope) __asm__ volatile("dmb " #scope ::: "memory")

/* A spin loop needs this: without it an emulator gives the spinning CPU a whole time slice. */
static inline void cpu_yield(void)
{
	__asm__ volatile("yield" ::: "memory");
}

/* The same for waits that may be long: time passes fastest by plain instructions. */
static inline void cpu_pause(void)
{
	for (unsigned int i = 0; i < 100; i++) {
		__asm__ volatile("");
	}
	cpu_yield();
}

/* Wakes for a pending interrupt even while PSTATE.I masks it. */
static inline void cpu_wfi(void)
{
	__asm__ volatile("dsb sy\n\twfi" ::: "memory");
}

static inline void cpu_wfe(void)
{
	__asm__ volatile("wfe" ::: "memory");
}

/* What was stored before is seen by the CPUs that the event wakes. */
static inline void cpu_sev(void)
{
	__asm__ volatile("dsb ish\n\tsev" ::: "memory");
}

static inline void irq_unmask(void)
{
	__asm__ volatile("msr daifclr, #2" ::: "memory");
}

static inline void irq_mask(void)
{
	__asm__ volatile("msr daifset, #2" ::: "memory");
}

/* SErrors too: a guest that expects one unmasks them for a moment. */
static inline void serror_unmask(void)
{
	__asm__ volatile("msr daifclr, #4" ::: "memory");
}

static inline void serror_mask(void)
{
	__asm__ volatile("msr daifset, #4" ::: "memory");
}

/*
 * Device accesses are single plain loads and stores, never what a compiler might make of a
 * volatile access (pairs, write-back forms): only these give a hypervisor a valid syndrome.
 */
static inline uint8_t mmio_read8(uint64_t addr)
{
	uint32_t v;

	__asm__ volatile("ldrb %w0, [%1]" : "=r"(v) : "r"(addr) : "memory");
	return (uint8_t)v;
}

static inline uint16_t mmio_read16(uint64_t addr)
{
	uint32_t v;

	__asm__ volatile("ldrh %w0, [%1]" : "=r"(v) : "r"(addr) : "memory");
	return (uint16_t)v;
}

static inline uint32_t mmio_read32(uint64_t addr)
{
	uint32_t v;

	__asm__ volatile("ldr %w0, [%1]" : "=r"(v) : "r"(addr) : "memory");
	return v;
}

static inline uint64_t mmio_read64(uint64_t addr)
{
	uint64_t v;

	__asm__ volatile("ldr %0, [%1]" : "=r"(v) : "r"(addr) : "memory");
	return v;
}

static inline void mmio_write8(uint64_t addr, uint8_t v)
{
	__asm__ volatile("strb %w0, [%1]" ::"r"(v), "r"(addr) : "memory");
}

static inline void mmio_write16(uint64_t addr, uint16_t v)
{
	__asm__ volatile("strh %w0, [%1]" ::"r"(v), "r"(addr) : "memory");
}

static inline void mmio_write32(uint64_t addr, uint32_t v)
{
	__asm__ volatile("str %w0, [%1]" ::"r"(v), "r"(addr) : "memory");
}

static inline void mmio_write64(uint64_t addr, uint64_t v)
{
	__asm__ volatile("str %0, [%1]" ::"r"(v), "r"(addr) : "memory");
}

#endif
