/* SPDX-License-Identifier: Apache-2.0 */
/* Caches, by address. */

	.text

/* x0 = start, x1 = size; clobbers x0-x3 */
.macro BY_LINE, op
	cbz	x1, 2f
	mrs	x2, ctr_el0
	ubfx	x2, x2, #16, #4
	mov	x3, #4
	lsl	x2, x3, x2			// smallest data line of all caches
	add	x1, x0, x1
	sub	x3, x2, #1
	bic	x0, x0, x3
1:	dc	\op, x0
	add	x0, x0, x2
	cmp	x0, x1
	b.lo	1b
	// done before any access that relies on it, for every observer
2:	dsb	sy
	ret
.endm

	.global	cache_clean
	.type	cache_clean, %function
cache_clean:
	bti	c
	BY_LINE	cvac
	.size	cache_clean, . - cache_clean

	.global	cache_clean_invalidate
	.type	cache_clean_invalidate, %function
cache_clean_invalidate:
	bti	c
	BY_LINE	civac
	.size	cache_clean_invalidate, . - cache_clean_invalidate

/* x0 = start, x1 = size; clobbers x0-x3 */
	.global	cache_zero
	.type	cache_zero, %function
cache_zero:
	bti	c
	mrs	x3, dczid_el0
	tbnz	x3, #4, 2f			// DZP: the instruction is not to be used
	and	x3, x3, #0xf
	mov	x2, #4
	lsl	x2, x2, x3			// bytes of a block
	cmp	x2, #512			// the loop does eight
	b.hi	2f
	add	x1, x0, x1
1:
	.rept	8
	dc	zva, x0
	add	x0, x0, x2
	.endr
	cmp	x0, x1
	b.lo	1b
	ret
2:	mov	x2, x1
	mov	w1, #0
	b	memset
	.size	cache_zero, . - cache_zero

	.global	icache_invalidate_all
	.type	icache_invalidate_all, %function
icache_invalidate_all:
	bti	c
	ic	ialluis
	dsb	ish				// before any CPU fetches what was written
	isb
	ret
	.size	icache_invalidate_all, . - icache_invalidate_all
