/* SPDX-License-Identifier: Apache-2.0 */
/* One instruction with a value of the caller's in each of x0 to x30. */

/*
 * void allregs_run(uint64_t x[31]): loads x0-x30, executes what is at allregs_slot, stores x0-x30.
 * In .data: the slot is written. Clobbers what the procedure call standard lets a callee clobber.
 */
	.section .data.allregs, "aw"
	.balign	64
	.global	allregs_run
allregs_run:
	stp	x29, x30, [sp, #-112]!
	stp	x19, x20, [sp, #16]
	stp	x21, x22, [sp, #32]
	stp	x23, x24, [sp, #48]
	stp	x25, x26, [sp, #64]
	stp	x27, x28, [sp, #80]
	stp	x0, x18, [sp, #96]
	.irp	n, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28
	ldr	x\n, [x0, #8 * \n]
	.endr
	.irp	n, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29
	ldr	x\n, [x0, #8 * \n]
	.endr
	ldr	x30, [x0, #8 * 30]
	ldp	x0, x1, [x0]
	.global	allregs_slot
allregs_slot:
	nop
	stp	x0, x1, [sp, #-16]!
	ldr	x0, [sp, #16 + 96]
	.irp	n, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30
	str	x\n, [x0, #8 * \n]
	.endr
	.irp	n, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29
	str	x\n, [x0, #8 * \n]
	.endr
	ldp	x2, x3, [sp], #16
	stp	x2, x3, [x0]
	ldp	x0, x18, [sp, #96]
	ldp	x27, x28, [sp, #80]
	ldp	x25, x26, [sp, #64]
	ldp	x23, x24, [sp, #48]
	ldp	x21, x22, [sp, #32]
	ldp	x19, x20, [sp, #16]
	ldp	x29, x30, [sp], #112
	ret

	.section .note.GNU-stack, "", %progbits
