/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Variables of which each physical CPU has its own.
 *
 * PERCPU() places a variable in the section .percpu, which is a template; every CPU gets a copy
 * when it is started, and TPIDR_EL2 holds the distance from the template to the copy. Owner: the
 * CPU itself; another CPU's copy is reached by percpu_of() and only as the variable's own comment
 * allows.
 */
#ifndef CORE_BASE_PERCPU_H
#define CORE_BASE_PERCPU_H

#include "core/base/types.h"

#define PERCPU(type, name)	   __attribute__((section(".percpu"))) __typeof__(type) name
#define PERCPU_DECLARE(type, name) extern __typeof__(type) name

#if defined(__aarch64__) && !defined(BULKHEAD_HOST)

static inline uintptr_t percpu_offset(void)
{
	uintptr_t offset;

	/* not volatile: constant on a CPU once it is up, so the compiler may keep it */
	__asm__("mrs %0, tpidr_el2" : "=r"(offset));
	return offset;
}

#define percpu_at(name, offset) ((__typeof__(name) *)((uintptr_t) & (name) + (offset)))
#define this_cpu(name)		(*percpu_at(name, percpu_offset()))

#else /* host tests: one CPU, the template is its copy */

#define percpu_at(name, offset) ((__typeof__(name) *)((uintptr_t) & (name) + (offset)))
#define this_cpu(name)		(name)

#endif

/* Index of this CPU: its position among the board's enabled CPUs. */
PERCPU_DECLARE(uint32_t, cpu_index);

/* Distance from template to copy, by CPU index; 0 for a CPU that is not up. Constant after
 * bring-up. */
#define PERCPU_CPU_MAX 512
uintptr_t percpu_offset_of(uint32_t cpu);
#define percpu_of(name, cpu) (percpu_at(name, percpu_offset_of(cpu)))

/* It is up: the template is the copy of the CPU that booted. */
static inline bool percpu_is_up(uint32_t cpu)
{
	return percpu_offset_of(cpu) != 0 || cpu == *percpu_at(cpu_index, 0);
}

/* Called once per CPU at bring-up, by the boot CPU. */
void percpu_set_offset(uint32_t cpu, uintptr_t offset);

#endif
