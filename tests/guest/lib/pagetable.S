/* SPDX-License-Identifier: Apache-2.0 */
/* The identity map, made by the linker: no CPU has to write it before its MMU is on. */
#include "tests/guest/lib/machine.h"
#include "tests/guest/lib/mmu_regs.h"

#define BLOCK_SIZE 0x200000
#define RAM_BLOCKS (RAM_MAPPED_SIZE / BLOCK_SIZE)

	.section .data.pagetable, "aw"

/* One entry per GiB: devices, RAM for EL1, the same RAM for EL0 (which EL1 can't execute). */
	.balign 4096
	.global mmu_level1
mmu_level1:
	.quad	PTE_UXN | PTE_PXN | PTE_AF | PTE_ATTR_DEVICE | PTE_BLOCK
	.quad	ram_level2 + PTE_TABLE
	.quad	user_level2 + PTE_TABLE
	.fill	509, 8, 0

	.balign 4096
ram_level2:
	.set	pa, RAM_BASE
	.rept	RAM_BLOCKS
	.quad	pa | PTE_UXN | PTE_AF | PTE_INNER | PTE_ATTR_NORMAL | PTE_BLOCK
	.set	pa, pa + BLOCK_SIZE
	.endr
	.fill	512 - RAM_BLOCKS, 8, 0

	.balign 4096
user_level2:
	.set	pa, RAM_BASE
	.rept	RAM_BLOCKS
	.quad	pa | PTE_PXN | PTE_AF | PTE_INNER | PTE_USER | PTE_ATTR_NORMAL | PTE_BLOCK
	.set	pa, pa + BLOCK_SIZE
	.endr
	.fill	512 - RAM_BLOCKS, 8, 0
