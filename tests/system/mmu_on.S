/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stands in for firmware that starts its payload with MMU and caches on, as UEFI does: maps the
 * first 512 GiB one to one at EL2 and jumps to 0x60000000 with x0 as it was. An arm64 Image.
 */
	.text
head:	b	entry
	.long	0
	.quad	0
	.quad	0x10000
	.quad	10
	.quad	0, 0, 0
	.ascii	"ARM\x64"
	.long	0
entry:
	adr	x1, table
	mov	x2, #0				// physical address
	movz	x4, #0x401			// device: nGnRE is attribute 1
	orr	x4, x4, #(1 << 2)
	orr	x4, x4, #(1 << 6)
	mov	x5, #0
	mov	x10, #0x40000000
	movz	x3, #0x741			// normal, inner shareable, AF, AP[1], block
1:	cmp	x5, #1
	csel	x6, x4, x3, lo			// the first GiB holds the devices
	orr	x7, x2, x6
	str	x7, [x1, x5, lsl #3]
	add	x2, x2, x10
	add	x5, x5, #1
	cmp	x5, #512
	b.lo	1b
	dsb	sy				// the table before it is walked
	mov	x8, #0x04ff
	msr	mair_el2, x8
	ldr	x8, =0x80823519			// 39 bits, write-back walks, 4K, 40-bit addresses
	msr	tcr_el2, x8
	msr	ttbr0_el2, x1
	tlbi	alle2
	dsb	nsh
	isb
	ldr	x8, =0x30c51835			// RES1, I, C, M
	msr	sctlr_el2, x8
	isb
	movz	x9, #0x6000, lsl #16
	br	x9
	.ltorg
	.balign	4096
table:	.skip	4096
