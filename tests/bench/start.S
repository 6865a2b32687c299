/* SPDX-License-Identifier: Apache-2.0 */
/* Bench guest: entry of both CPUs, lean vectors. Linked where an arm64 Image or raw guest goes. */
#include "tests/guest/lib/head.inc"

#define STACK_SIZE 0x4000
#define CPUS	   2
#define FRAME	   176

	IMAGE_HEAD first_entry

	.text

/* In: x0 = physical address of the device tree. The counter is read first of all: no stack yet. */
first_entry:
	mrs	x19, cntpct_el0
	mov	x20, x0
	mov	x21, #0
	b	entry_common

/* In: x0 = context id of CPU_ON, the CPU's index. */
	.global other_entry
other_entry:
	mov	x21, x0

entry_common:
	adrp	x0, vectors
	add	x0, x0, :lo12:vectors
	msr	vbar_el1, x0
	MMU_ON	level1
	adrp	x0, stacks
	add	x0, x0, :lo12:stacks
	add	x1, x21, #1
	mov	x2, #STACK_SIZE
	madd	x0, x1, x2, x0
	mov	sp, x0
	cbnz	x21, 2f

	adrp	x0, bss_start
	add	x0, x0, :lo12:bss_start
	adrp	x1, bss_end
	add	x1, x1, :lo12:bss_end
1:	stp	xzr, xzr, [x0], #16
	cmp	x0, x1
	b.lo	1b
	mov	x0, x20
	mov	x1, x19
	bl	bench_main
	b	.

2:	mov	x0, x21
	bl	bench_other
	b	.

/*
 * Interrupt: what C may change is saved, no more. irq_taken(when) gets the counter as it was
 * before the first store; x0 and x1 would do for that, had they a place to go: so after one store.
 */
	.balign 0x80
irq_entry:
	stp	x0, x1, [sp, #-FRAME]!
	mrs	x0, cntvct_el0
	stp	x2, x3, [sp, #16]
	stp	x4, x5, [sp, #32]
	stp	x6, x7, [sp, #48]
	stp	x8, x9, [sp, #64]
	stp	x10, x11, [sp, #80]
	stp	x12, x13, [sp, #96]
	stp	x14, x15, [sp, #112]
	stp	x16, x17, [sp, #128]
	stp	x18, x30, [sp, #144]
	bl	irq_taken
	ldp	x18, x30, [sp, #144]
	ldp	x16, x17, [sp, #128]
	ldp	x14, x15, [sp, #112]
	ldp	x12, x13, [sp, #96]
	ldp	x10, x11, [sp, #80]
	ldp	x8, x9, [sp, #64]
	ldp	x6, x7, [sp, #48]
	ldp	x4, x5, [sp, #32]
	ldp	x2, x3, [sp, #16]
	ldp	x0, x1, [sp], #FRAME
	eret

/* Anything else: sync_taken() says whether to step over it, or ends the program. */
sync_entry:
	stp	x0, x1, [sp, #-FRAME]!
	stp	x2, x3, [sp, #16]
	stp	x4, x5, [sp, #32]
	stp	x6, x7, [sp, #48]
	stp	x8, x9, [sp, #64]
	stp	x10, x11, [sp, #80]
	stp	x12, x13, [sp, #96]
	stp	x14, x15, [sp, #112]
	stp	x16, x17, [sp, #128]
	stp	x18, x30, [sp, #144]
	mrs	x0, esr_el1
	mrs	x1, elr_el1
	mrs	x2, far_el1
	bl	sync_taken
	msr	elr_el1, x0
	ldp	x18, x30, [sp, #144]
	ldp	x16, x17, [sp, #128]
	ldp	x14, x15, [sp, #112]
	ldp	x12, x13, [sp, #96]
	ldp	x10, x11, [sp, #80]
	ldp	x8, x9, [sp, #64]
	ldp	x6, x7, [sp, #48]
	ldp	x4, x5, [sp, #32]
	ldp	x2, x3, [sp, #16]
	ldp	x0, x1, [sp], #FRAME
	eret

/* Slot 5 is the IRQ from EL1 with its own stack. */
	.balign 0x800
vectors:
	.irp	slot, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	.balign 0x80
	.if \slot == 5
	b	irq_entry
	.else
	b	sync_entry
	.endif
	.endr

/* One GiB of devices and one of RAM: wherever a loader puts the device tree, it is mapped. */
	.section .data.pagetable, "aw"
	.balign 4096
level1:
	.quad	PTE_UXN | PTE_PXN | PTE_AF | PTE_ATTR_DEVICE | PTE_BLOCK
	.quad	0x40000000 | PTE_UXN | PTE_AF | PTE_INNER | PTE_ATTR_NORMAL | PTE_BLOCK
	.fill	510, 8, 0

	.section .bss.stacks, "aw", %nobits
	.balign 16
stacks:	.space	CPUS * STACK_SIZE

	.section .note.GNU-stack, "", %progbits
