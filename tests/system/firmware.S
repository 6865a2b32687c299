/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stands in for firmware at EL3 on QEMU's virt with secure=on and one CPU: hands interrupts to the
 * other world, starts 0x60000000 at EL2 with x0 = 0x4a000000 and answers calls:
 *
 *   0x82000010  x0 = x1 + x2, x1 to x3 = x4 to x6
 *   0x82000011  x0 = calls that nobody defines, x1 = WORKAROUND_1 and _3 done
 *   PSCI and SMCCC versions; WORKAROUND_1 is offered, 2 is not, 3 is not needed by this CPU
 */
	.set	COUNTS, 0x0e000000		// secure RAM: undefined calls, workarounds done
	.set	STACK, 0x0e010000
	.set	GICD, 0x08000000
	.set	GICR, 0x080a0000

	.text
	.global	_start
_start:
	ldr	x1, =STACK
	mov	sp, x1
	ldr	x1, =COUNTS
	stp	xzr, xzr, [x1]
	adr	x1, vectors
	msr	vbar_el3, x1
	ldr	x1, =0x30531			// APK, API, RW, HCE, NS, RES1
	msr	scr_el3, x1
	msr	cptr_el3, xzr
	msr	mdcr_el3, xzr
	mov	x1, #0xf
	msr	s3_6_c12_c12_5, x1		// ICC_SRE_EL3: system registers for all
	isb
	ldr	x1, =GICD
	mov	w2, #0x32			// affinity routing in both worlds, group 1
	str	w2, [x1]
	mov	w2, #-1
	add	x3, x1, #0x80			// GICD_IGROUPR<n>
	mov	x4, #32
1:	str	w2, [x3], #4
	subs	x4, x4, #1
	b.ne	1b
	ldr	x1, =GICR
	str	wzr, [x1, #0x14]		// GICR_WAKER
2:	ldr	w3, [x1, #0x14]
	tbnz	w3, #2, 2b
	add	x1, x1, #0x10000
	str	w2, [x1, #0x80]			// GICR_IGROUPR0
	mov	x1, #0x3c9			// EL2h, masked
	msr	spsr_el3, x1
	ldr	x1, =0x60000000
	msr	elr_el3, x1
	ldr	x0, =0x4a000000
	mov	x1, #0
	mov	x2, #0
	mov	x3, #0
	eret
	.ltorg

	.balign	2048
vectors:
	.rept	8
	.balign	128
	b	.
	.endr
	.balign	128
	/* From a lower level: an SMC. */
	stp	x16, x17, [sp, #-16]!
	b	call
	.rept	7
	.balign	128
	b	.
	.endr

	.macro	WHEN id, to
	ldr	w16, =\id
	cmp	w0, w16
	b.eq	\to
	.endm

call:
	ldr	x17, =COUNTS
	WHEN	0x84000000, version
	WHEN	0x80000000, version
	WHEN	0x8400000a, features
	WHEN	0x80000001, arch_features
	WHEN	0x80008000, workaround
	WHEN	0x80003fff, workaround
	WHEN	0x82000010, echo
	WHEN	0x82000011, counts
	ldr	x16, [x17]
	add	x16, x16, #1
	str	x16, [x17]
refused:
	mov	x0, #-1
	b	back
version:
	ldr	w0, =0x10001
	b	back
features:
	ldr	w16, =0x80000000
	cmp	w1, w16
	b.ne	refused
	mov	x0, #0
	b	back
arch_features:
	ldr	w16, =0x80007fff
	cmp	w1, w16
	b.eq	refused
	ldr	w16, =0x80003fff
	cmp	w1, w16
	cset	x0, eq
	b	back
workaround:
	ldr	x16, [x17, #8]
	add	x16, x16, #1
	str	x16, [x17, #8]
	b	back
echo:
	add	x0, x1, x2
	mov	x1, x4
	mov	x2, x5
	mov	x3, x6
	b	back
counts:
	ldp	x0, x1, [x17]
back:
	ldp	x16, x17, [sp], #16
	eret
	.ltorg
