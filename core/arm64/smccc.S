/* SPDX-License-Identifier: Apache-2.0 */
/* The smc instruction, callable from C. */

	.text

/*
 * void smccc_smc(struct smccc_regs *regs): in x0; clobbers x0-x17 (DEN 0028F: x4-x17 need not
 * survive).
 */
	.global	smccc_smc
	.type	smccc_smc, %function
smccc_smc:
	bti	c
	stp	x29, x30, [sp, #-32]!
	mov	x29, sp
	str	x0, [sp, #16]
	mov	x18, x0			// the platform register is not used elsewhere in this image
	ldp	x0, x1, [x18, #0]
	ldp	x2, x3, [x18, #16]
	ldp	x4, x5, [x18, #32]
	ldp	x6, x7, [x18, #48]
	ldp	x8, x9, [x18, #64]
	ldp	x10, x11, [x18, #80]
	ldp	x12, x13, [x18, #96]
	ldp	x14, x15, [x18, #112]
	ldp	x16, x17, [x18, #128]
	smc	#0
	ldr	x18, [sp, #16]
	stp	x0, x1, [x18, #0]
	stp	x2, x3, [x18, #16]
	stp	x4, x5, [x18, #32]
	stp	x6, x7, [x18, #48]
	stp	x8, x9, [x18, #64]
	stp	x10, x11, [x18, #80]
	stp	x12, x13, [x18, #96]
	stp	x14, x15, [x18, #112]
	stp	x16, x17, [x18, #128]
	ldp	x29, x30, [sp], #32
	ret
	.size	smccc_smc, . - smccc_smc

/* uint64_t smccc_call(id, a1, a2, a3): arguments in place already. */
	.global	smccc_call
	.type	smccc_call, %function
smccc_call:
	bti	c
	stp	x29, x30, [sp, #-16]!
	mov	x29, sp
	smc	#0
	ldp	x29, x30, [sp], #16
	ret
	.size	smccc_call, . - smccc_call
