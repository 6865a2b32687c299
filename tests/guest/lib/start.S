/* SPDX-License-Identifier: Apache-2.0 */
/* Image header, entry of the first and the other CPUs, MMU on and off, exception vectors. */
#include "tests/guest/lib/machine.h"
#include "tests/guest/lib/head.inc"

	IMAGE_HEAD primary_entry

	.text

/*
 * Entry of the first CPU: x0 = physical address of the device tree. No memory is touched before
 * the MMU is on, so no cache maintenance is owed whatever the loader or an earlier run left.
 */
primary_entry:
	mov	x25, #1
	b	entry_common

/* Entry of the others by CPU_ON: x0 = context id. */
	.global secondary_entry
secondary_entry:
	mov	x25, #0

/* Keep what the CPU was entered with in x20-x23 for struct cpu_entry. */
entry_common:
	mov	x20, x0
	mrs	x21, sctlr_el1
	mrs	x22, daif
	mrs	x23, CurrentEL
	msr	daifset, #0xf
	msr	spsel, #1
	adrp	x0, vectors
	add	x0, x0, :lo12:vectors
	msr	vbar_el1, x0
	mov	x0, #(3 << 20)		// CPACR_EL1.FPEN: FP and SIMD are free to use
	msr	cpacr_el1, x0
	msr	mdscr_el1, xzr
	ic	iallu
	bl	mmu_on_here

	mrs	x24, mpidr_el1		// index: 16 CPUs to a cluster, as QEMU counts with GICv3
	ubfx	x0, x24, #8, #8
	and	x24, x24, #0xff
	add	x24, x24, x0, lsl #4
	cmp	x24, #MACHINE_MAX_CPUS
	b.hs	park
	adrp	x0, stacks
	add	x0, x0, :lo12:stacks
	add	x1, x24, #1
	mov	x2, #MACHINE_STACK_SIZE
	madd	x0, x1, x2, x0
	mov	sp, x0
	cbz	x25, 2f

	adrp	x0, bss_start
	add	x0, x0, :lo12:bss_start
	adrp	x1, bss_end
	add	x1, x1, :lo12:bss_end
1:	stp	xzr, xzr, [x0], #16
	cmp	x0, x1
	b.lo	1b

2:	stp	x22, x23, [sp, #-16]!
	stp	x20, x21, [sp, #-16]!
	mov	x0, x24
	mov	x1, sp
	mov	x2, x25
	mov	x29, xzr
	mov	x30, xzr
	bl	cpu_main
park:	wfe
	b	park

/* MMU and caches on with the runtime's map. Uses x0 and x1 only, no memory. */
mmu_on_here:
	MMU_ON	mmu_level1
	ret

/* Clean and invalidate the whole image to the point of coherency. Uses x0-x3. */
image_flush:
	mrs	x3, ctr_el0
	ubfx	x3, x3, #16, #4		// DminLine: log2 of the line in words
	mov	x2, #4
	lsl	x2, x2, x3
	adrp	x0, image_start
	adrp	x1, image_end
	add	x1, x1, :lo12:image_end
1:	dc	civac, x0
	add	x0, x0, x2
	cmp	x0, x1
	b.lo	1b
	// memory holds the image before anyone reads past the caches
	dsb	sy
	ret

/* void mmu_on(void): see mmu.h */
	.global mmu_on
mmu_on:
	mov	x4, x30
	bl	image_flush		// lines fetched meanwhile must not hide what was stored
	bl	mmu_on_here
	ret	x4

/* void mmu_off(void): see mmu.h */
	.global mmu_off
mmu_off:
	mov	x4, x30
	MOV32	x0, SCTLR_OFF
	msr	sctlr_el1, x0
	isb
	bl	image_flush
	ret	x4

/* Save everything in a struct exc_frame on the stack and call exc_dispatch(frame, slot). */
.macro VECTOR slot:req
	.balign 0x80
	sub	sp, sp, #288
	stp	x0, x1, [sp, #0]
	mov	x1, #\slot
	b	exception_entry
.endm

	.balign 0x800
	.global vectors
vectors:
	.irp	slot, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	VECTOR	\slot
	.endr

	.balign 0x80
exception_entry:
	stp	x2, x3, [sp, #16]
	stp	x4, x5, [sp, #32]
	stp	x6, x7, [sp, #48]
	stp	x8, x9, [sp, #64]
	stp	x10, x11, [sp, #80]
	stp	x12, x13, [sp, #96]
	stp	x14, x15, [sp, #112]
	stp	x16, x17, [sp, #128]
	stp	x18, x19, [sp, #144]
	stp	x20, x21, [sp, #160]
	stp	x22, x23, [sp, #176]
	stp	x24, x25, [sp, #192]
	stp	x26, x27, [sp, #208]
	stp	x28, x29, [sp, #224]
	mrs	x2, elr_el1
	stp	x30, x2, [sp, #240]
	mrs	x2, spsr_el1
	mrs	x3, esr_el1
	stp	x2, x3, [sp, #256]
	mrs	x2, far_el1
	mrs	x3, sp_el0
	stp	x2, x3, [sp, #272]
	mov	x0, sp
	bl	exc_dispatch

	ldr	x3, [sp, #280]
	msr	sp_el0, x3
	ldr	x2, [sp, #256]
	msr	spsr_el1, x2
	ldp	x30, x2, [sp, #240]
	msr	elr_el1, x2
	ldp	x28, x29, [sp, #224]
	ldp	x26, x27, [sp, #208]
	ldp	x24, x25, [sp, #192]
	ldp	x22, x23, [sp, #176]
	ldp	x20, x21, [sp, #160]
	ldp	x18, x19, [sp, #144]
	ldp	x16, x17, [sp, #128]
	ldp	x14, x15, [sp, #112]
	ldp	x12, x13, [sp, #96]
	ldp	x10, x11, [sp, #80]
	ldp	x8, x9, [sp, #64]
	ldp	x6, x7, [sp, #48]
	ldp	x4, x5, [sp, #32]
	ldp	x2, x3, [sp, #16]
	ldp	x0, x1, [sp], #288
	eret

/*
 * uint64_t user_enter(uint64_t pc, uint64_t sp, uint64_t arg, uint64_t spsr, uint64_t *save):
 * keeps the callee-saved registers, stores the stack pointer to *save, goes to EL0.
 */
	.global user_enter
user_enter:
	stp	x29, x30, [sp, #-96]!
	stp	x19, x20, [sp, #16]
	stp	x21, x22, [sp, #32]
	stp	x23, x24, [sp, #48]
	stp	x25, x26, [sp, #64]
	stp	x27, x28, [sp, #80]
	mov	x9, sp
	str	x9, [x4]
	msr	elr_el1, x0
	msr	sp_el0, x1
	msr	spsr_el1, x3
	mov	x0, x2
	eret

/* void user_leave(uint64_t saved_sp, uint64_t value): makes user_enter() return value. */
	.global user_leave
user_leave:
	mov	sp, x0
	mov	x0, x1
	ldp	x19, x20, [sp, #16]
	ldp	x21, x22, [sp, #32]
	ldp	x23, x24, [sp, #48]
	ldp	x25, x26, [sp, #64]
	ldp	x27, x28, [sp, #80]
	ldp	x29, x30, [sp], #96
	ret

	.section .bss.stacks, "aw", %nobits
	.balign 16
stacks:	.space	MACHINE_MAX_CPUS * MACHINE_STACK_SIZE

	.section .note.GNU-stack, "", %progbits
