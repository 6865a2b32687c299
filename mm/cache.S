/* SPDX-License-Identifier: Apache-2.0 */
/* Cache maintenance by address. */

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

	.global	icache_invalidate_all
	.type	icache_invalidate_all, %function
icache_invalidate_all:
	bti	c
	ic	ialluis
	dsb	ish				// before any CPU fetches what was written
	isb
	ret
	.size	icache_invalidate_all, . - icache_invalidate_all
