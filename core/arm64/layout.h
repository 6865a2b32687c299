/* SPDX-License-Identifier: Apache-2.0 */
/*
 * EL2's address space (48 bits), also read by assembly.
 *
 *   0 .. 2^47            physical addresses, one to one: RAM without the image, devices as they are
 * mapped IMAGE_VA             the image, at most 2 MiB STACK_VA + i * slot  CPU i: guard page,
 * stack, guard page, emergency stack (of secondaries), and at TRACE_OFFSET its trace
 */
#ifndef CORE_ARM64_LAYOUT_H
#define CORE_ARM64_LAYOUT_H

#define IMAGE_VA       0x800000000000
#define IMAGE_SIZE_MAX 0x200000
#define STACK_VA       0x808000000000
#define STACK_SLOT     0x20000
#define STACK_SIZE     0x4000
#define EMERGENCY_SIZE 0x2000
#define TRACE_OFFSET   0x10000 /* in each CPU's slot: core/exit/trace_types.h */
#define TRACE_SIZE     0x8000
#define PHYS_LIMIT     0x800000000000

/* MAIR_ELx: attribute indexes of EL2's own map. */
#define MAIR_NORMAL   0 /* write-back, read and write allocate */
#define MAIR_DEVICE   1 /* nGnRE */
#define MAIR_UNCACHED 2 /* normal, not cacheable */
#define MAIR_VALUE    0x4404ff

#endif
