/* SPDX-License-Identifier: Apache-2.0 */
/* The way into a box and out of it: box.h. */
#include "tests/guest/lib/box.h"
#include "tests/guest/lib/head.inc"
#include "tests/guest/lib/machine.h"

	.text
/* void box_enter(struct box *box) */
	.global box_enter
box_enter:
	mov	x1, sp
	stp	x1, x18, [x0, #BOX_SP]
	stp	x19, x20, [x0, #BOX_X19]
	stp	x21, x22, [x0, #BOX_X19 + 16]
	stp	x23, x24, [x0, #BOX_X19 + 32]
	stp	x25, x26, [x0, #BOX_X19 + 48]
	stp	x27, x28, [x0, #BOX_X19 + 64]
	stp	x29, x30, [x0, #BOX_X19 + 80]
	mrs	x1, tpidr_el1
	str	x1, [x0, #BOX_TPIDR]
	MOV32	x1, BOX_TCR_ON
	msr	tcr_el1, x1
	adrp	x1, mmu_level1
	msr	ttbr1_el1, x1
	isb				// the map by TTBR1 is there before it is used

	ldr	x3, [x0, #BOX_HIGH]
	orr	x0, x0, x3
	adr	x1, box_vectors
	orr	x1, x1, x3
	msr	vbar_el1, x1
	adr	x1, 1f
	orr	x1, x1, x3
	br	x1
1:	ldr	x1, [x0, #BOX_PC]
	ldr	x2, [x0, #BOX_PSTATE]
	msr	elr_el1, x1
	msr	spsr_el1, x2
	ldr	x1, [x0, #BOX_TTBR0]
	ldr	x2, [x0, #BOX_TCR]
	ldr	x3, [x0, #BOX_MAIR]
	ldr	x4, [x0, #BOX_IN_SP]
	mov	sp, x4
	msr	ttbr0_el1, x1
	msr	tcr_el1, x2
	msr	mair_el1, x3
	tlbi	vmalle1
	dsb	nsh			// old translations are gone before new ones are used
	isb
	.irp	n, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30
	ldr	x\n, [x0, #BOX_X + 8 * \n]
	.endr
	.irp	n, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29
	ldr	x\n, [x0, #BOX_X + 8 * \n]
	.endr
	ldr	x0, [x0, #BOX_X]
	msr	sctlr_el1, x1
	isb				// as wanted from the next instruction on
	eret

/* Not one register is known here but PC; x0 = slot. */
box_leave:
	MOV32	x1, SCTLR_ON
	msr	sctlr_el1, x1
	adrp	x1, mmu_level1
	and	x1, x1, #0x7fffffffff
	msr	ttbr0_el1, x1
	MOV32	x1, BOX_TCR_ON
	msr	tcr_el1, x1
	MOV32	x1, MAIR_VALUE
	msr	mair_el1, x1
	isb				// the map is whole before what was read by others goes
	tlbi	vmalle1
	dsb	nsh			// and that is gone before memory is touched
	isb
	msr	spsel, #1
	mov	x1, #(3 << 20)
	msr	cpacr_el1, x1
	msr	mdscr_el1, xzr
	adr	x1, 2f
	and	x1, x1, #0x7fffffffff
	br	x1
2:	isb				// FP may be used, and no step is pending
	mrs	x1, mpidr_el1
	and	x1, x1, #(MACHINE_MAX_CPUS - 1)
	adrp	x2, boxes
	add	x2, x2, :lo12:boxes
	mov	x3, #BOX_SIZE
	madd	x2, x1, x3, x2
	mrs	x1, esr_el1
	stp	x0, x1, [x2, #BOX_SLOT]
	mrs	x0, elr_el1
	mrs	x1, far_el1
	stp	x0, x1, [x2, #BOX_ELR]
	ldr	x0, [x2, #BOX_TPIDR]
	msr	tpidr_el1, x0
	adrp	x0, vectors
	add	x0, x0, :lo12:vectors
	msr	vbar_el1, x0
	isb				// exceptions are the runtime's again
	ldp	x0, x18, [x2, #BOX_SP]
	mov	sp, x0
	ldp	x19, x20, [x2, #BOX_X19]
	ldp	x21, x22, [x2, #BOX_X19 + 16]
	ldp	x23, x24, [x2, #BOX_X19 + 32]
	ldp	x25, x26, [x2, #BOX_X19 + 48]
	ldp	x27, x28, [x2, #BOX_X19 + 64]
	ldp	x29, x30, [x2, #BOX_X19 + 80]
	ret

	.balign 0x800
box_vectors:
	.irp	slot, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	.balign 0x80
	mov	x0, #\slot
	b	box_leave
	.endr

	.section .bss.boxes, "aw", %nobits
	.balign 64
	.global boxes
boxes:	.space	MACHINE_MAX_CPUS * BOX_SIZE

	.section .note.GNU-stack, "", %progbits
