/* SPDX-License-Identifier: Apache-2.0 */
/* Calls to the hypervisor or firmware by HVC and SMC (DEN 0028). */

/*
 * void smccc_hvc(struct smccc_regs *regs), smccc_smc(): x0-x17 go in and come out through *regs.
 * Clobbers what the procedure call standard lets a callee clobber.
 */
.macro SMCCC_CALL name:req, insn:req
	.global \name
\name:	stp	x29, x30, [sp, #-32]!
	mov	x29, sp
	stp	x0, x19, [sp, #16]
	mov	x19, x0
	ldp	x0, x1, [x19, #0]
	ldp	x2, x3, [x19, #16]
	ldp	x4, x5, [x19, #32]
	ldp	x6, x7, [x19, #48]
	ldp	x8, x9, [x19, #64]
	ldp	x10, x11, [x19, #80]
	ldp	x12, x13, [x19, #96]
	ldp	x14, x15, [x19, #112]
	ldp	x16, x17, [x19, #128]
	\insn	#0
	stp	x0, x1, [x19, #0]
	stp	x2, x3, [x19, #16]
	stp	x4, x5, [x19, #32]
	stp	x6, x7, [x19, #48]
	stp	x8, x9, [x19, #64]
	stp	x10, x11, [x19, #80]
	stp	x12, x13, [x19, #96]
	stp	x14, x15, [x19, #112]
	stp	x16, x17, [x19, #128]
	ldr	x19, [sp, #24]
	ldp	x29, x30, [sp], #32
	ret
.endm

	.text
	SMCCC_CALL smccc_hvc, hvc
	SMCCC_CALL smccc_smc, smc

	.section .note.GNU-stack, "", %progbits
