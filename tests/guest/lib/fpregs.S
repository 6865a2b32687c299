/* SPDX-License-Identifier: Apache-2.0 */
/* Load and store of the FP/SIMD registers. */
	.arch_extension fp
	.arch_extension simd

/* \op = ldp or stp of v0-v31 from x0; clobbers x1. */
.macro ALL_V op:req
	mov	x1, x0
	.irp	n, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30
	V_PAIR	\op, \n, (\n + 1)
	.endr
.endm
.altmacro
.macro V_PAIR op, a, b
	V_PAIR_	\op, \a, %\b
.endm
.macro V_PAIR_ op, a, b
	\op	q\a, q\b, [x1], #32
.endm

	.text
/* void fpregs_load(const struct fpregs *regs) */
	.global fpregs_load
fpregs_load:
	ALL_V	ldp
	ldp	x2, x3, [x1]
	msr	fpcr, x2
	msr	fpsr, x3
	ret

/* void fpregs_store(struct fpregs *regs) */
	.global fpregs_store
fpregs_store:
	ALL_V	stp
	mrs	x2, fpcr
	mrs	x3, fpsr
	stp	x2, x3, [x1]
	ret

	.section .note.GNU-stack, "", %progbits
