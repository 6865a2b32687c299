/* SPDX-License-Identifier: Apache-2.0 */
/* FP and SIMD registers. */
	.arch	armv8-a+fp+simd

	.text

/* void vcpu_fp_clear(void): clobbers v0-v31, FPCR, FPSR */
	.global	vcpu_fp_clear
	.type	vcpu_fp_clear, %function
vcpu_fp_clear:
	bti	c
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	movi	v\n\().2d, #0
	.endr
	.irp	n, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	movi	v\n\().2d, #0
	.endr
	msr	fpcr, xzr
	msr	fpsr, xzr
	ret
	.size	vcpu_fp_clear, . - vcpu_fp_clear
