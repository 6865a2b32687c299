/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stands in for firmware at EL3 on QEMU's virt with secure=on and one CPU: hands interrupts to the
 * other world, leaves all traps of EL2 on and junk in its registers, starts 0x60000000 at EL2 with
 * x0 = 0x4a000000 and answers calls:
 *
 *   0x82000010  x0 = x1 + x2, x1 to x3 = x4 to x6
 *   0x82000011  x0 = calls that nobody defines, x1 = WORKAROUND_1 and _3 done
 *   TRNG_RND64 (DEN 0098): three words of a sequence, whatever is asked for
 *   PSCI and SMCCC versions; WORKAROUND_1 is offered, 2 is not, 3 is not needed by this CPU
 */
	.set	COUNTS, 0x0e000000		// secure RAM: undefined calls, workarounds, words
	.set	STACK, 0x0e010000
	.set	GICD, 0x08000000
	.set	GICR, 0x080a0000

	/* \to unless a field of an ID register is at least \least. Clobbers x16. */
	.macro	UNLESS id, lo, least, to
	mrs	x16, \id
	ubfx	x16, x16, #\lo, #4
	cmp	x16, #\least
	b.lo	\to
	.endm

	.text
	.global	_start
_start:
	ldr	x1, =STACK
	mov	sp, x1
	ldr	x1, =COUNTS
	stp	xzr, xzr, [x1]
	str	xzr, [x1, #16]
	adr	x1, vectors
	msr	vbar_el3, x1
	ldr	x1, =0x30531			// APK, API, RW, HCE, NS, RES1
	UNLESS	id_aa64mmfr0_el1, 56, 1, 1f
	orr	x1, x1, #(1 << 27)		// FGTEn
1:	UNLESS	id_aa64mmfr0_el1, 60, 2, 1f
	orr	x1, x1, #(1 << 28)		// ECVEn
1:	UNLESS	id_aa64mmfr1_el1, 40, 1, 1f
	orr	x1, x1, #(1 << 38)		// HXEn
1:	msr	scr_el3, x1
	mov	x1, #0x1100			// ESM, EZ; no trap
	msr	cptr_el3, x1
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
	bl	spoil
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

/* EL2's registers as no hypervisor wants them; its MMU, E2H, TGE and nesting stay off. */
spoil:
	mov	x2, #-1
	ldr	x1, =0x00000003f7fffffe
	msr	hcr_el2, x1
	msr	cptr_el2, x2
	msr	hstr_el2, x2
	msr	hacr_el2, x2
	msr	mdcr_el2, x2
	msr	cnthctl_el2, xzr
	ldr	x1, =0x123456789abcde
	msr	cntvoff_el2, x1
	msr	vttbr_el2, x1
	msr	vtcr_el2, x1
	msr	vpidr_el2, x1
	msr	vmpidr_el2, x1
	msr	mair_el2, x1
	msr	tcr_el2, x1
	msr	ttbr0_el2, x1
	msr	tpidr_el2, x1
	msr	vbar_el2, x1
	msr	sp_el1, x1
	msr	far_el2, x1
	msr	cnthp_cval_el2, xzr		// long over, and on
	mov	x1, #1
	msr	cnthp_ctl_el2, x1
	msr	cntp_cval_el0, xzr
	msr	cntp_ctl_el0, x1
	msr	cntv_cval_el0, xzr
	msr	cntv_ctl_el0, x1
	ldr	x1, =0x30c5083a			// stack and other checks, MMU off
	msr	sctlr_el2, x1
	UNLESS	id_aa64mmfr0_el1, 56, 1, 1f
	msr	s3_4_c1_c1_4, x2		// HFGRTR_EL2
	msr	s3_4_c1_c1_5, x2		// HFGWTR_EL2
	msr	s3_4_c1_c1_6, x2		// HFGITR_EL2
	msr	s3_4_c3_c1_4, x2		// HDFGRTR_EL2
	msr	s3_4_c3_c1_5, x2		// HDFGWTR_EL2
1:	UNLESS	id_aa64mmfr0_el1, 60, 2, 1f
	msr	s3_4_c14_c0_6, x2		// CNTPOFF_EL2
1:	UNLESS	id_aa64mmfr1_el1, 40, 1, 1f
	msr	s3_4_c1_c2_2, x2		// HCRX_EL2
1:	UNLESS	id_aa64pfr0_el1, 28, 1, 1f
	msr	s3_4_c5_c2_3, x2		// VSESR_EL2
1:	UNLESS	id_aa64mmfr1_el1, 8, 1, 1f
	msr	s3_4_c14_c3_2, xzr		// CNTHV_CVAL_EL2
	mov	x1, #1
	msr	s3_4_c14_c3_1, x1		// CNTHV_CTL_EL2
1:	ret
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
	WHEN	0x84000050, trng_version
	WHEN	0x84000051, trng_features
	WHEN	0xc4000053, random
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
trng_version:
	mov	w0, #0x10000
	b	back
trng_features:
	mov	x0, #0
	b	back
	.macro	NEXT into
	mul	x16, x16, x2
	add	x16, x16, x0
	mov	\into, x16
	.endm
random:
	ldr	x16, [x17, #16]
	ldr	x2, =6364136223846793005
	ldr	x0, =1442695040888963407
	NEXT	x3
	NEXT	x1
	mul	x16, x16, x2
	add	x16, x16, x0
	str	x16, [x17, #16]
	mov	x2, x1
	mov	x1, x16
	mov	x0, #0
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
