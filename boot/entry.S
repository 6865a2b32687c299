/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From firmware's jump to C at IMAGE_VA with the MMU on: the boot CPU by boot_entry, the others by
 * secondary_entry.
 *
 * Registers kept throughout: x19 the boot CPU's argument (dtb), x20 exception level, x21 physical
 * address of the image.
 */
#include "core/arm64/layout.h"

#define SCTLR_EL2_ON	0x30cd183d	/* RES1 | WXN | I | SA | C | M, A off */
#define SCTLR_OFF_MASK	0x1005		/* I | C | M */
#define LEVEL_E2H_STUCK	0		/* entry.h */

/* TCR: T0SZ 16, inner shareable write-back walks, 4K; PS is added from PARange. */
#define TCR_COMMON	((16 << 0) | (1 << 8) | (1 << 10) | (3 << 12))
#define TCR_EL2_RES1	((1 << 31) | (1 << 23))
#define TCR_EL1_EPD1	(1 << 23)

/* Runs \action for the exception level in x20; clobbers flags. EL2 first: the way that counts. */
.macro BY_LEVEL, name
	cmp	x20, #2
	b.eq	\name\()_el2
	b.gt	\name\()_el3
	b	\name\()_el1
.endm

/* x0 = value of PARange, at most 5 (48 bits); clobbers x1 */
.macro PARANGE, reg, tmp
	mrs	\reg, id_aa64mmfr0_el1
	and	\reg, \reg, #0xf
	mov	\tmp, #5
	cmp	\reg, \tmp
	csel	\reg, \reg, \tmp, lo
.endm

	.section .text.boot, "ax"

	.global	boot_entry
boot_entry:
	mov	x19, x0
	mrs	x20, currentel
	lsr	x20, x20, #2
	adrp	x21, image_start
	msr	daifset, #0xf
	bl	read_sctlr
	and	x22, x0, #4			// caches on at entry: told to C
	// what firmware left in caches must not fall on what is written below; where it left them
	// on, what is executed with the MMU off may be in them alone (else the boot protocol has it
	// in memory)
	adrp	x0, rodata_end
	cbz	x22, 1f
	adrp	x0, image_start
1:	bl	clean_image
	bl	mmu_off
	/* zero .bss, whose ends are 256-aligned: nothing before this point keeps anything there */
	adrp	x0, data_end
	add	x0, x0, :lo12:data_end
	adrp	x1, bss_end
	add	x1, x1, :lo12:bss_end
1:	.rept	16
	stp	xzr, xzr, [x0], #16
	.endr
	cmp	x0, x1
	b.lo	1b
	bl	cpu_early_setup
	adrp	x0, boot_stack_top
	mov	sp, x0
	mov	x0, x21
	bl	early_map
	mov	x23, x0
	// lines of .data, .bss and the stack that were allocated while these were written uncached
	adrp	x0, rodata_end
	bl	clean_image
	mov	x0, x23
	adrp	x1, boot_root_pa
	str	x0, [x1, #:lo12:boot_root_pa]
	adrp	x1, image_pa_mark
	str	x21, [x1, #:lo12:image_pa_mark]
	// both stores before the walker and cached loads see memory
	dsb	sy
	bl	mmu_on
	ldr	x1, =boot_stack_top
	mov	sp, x1
	mov	x29, xzr
	mov	x30, xzr
	mov	x0, x19
	mov	x1, x21
	mov	x2, x20
	mov	x3, x22
	ldr	x16, =boot_main
	br	x16			// by x16: lands on the function's bti c

/* A secondary, by PSCI CPU_ON or from a spin-table. */
	.global	secondary_entry
secondary_entry:
	mrs	x20, currentel
	lsr	x20, x20, #2
	adrp	x21, image_start
	msr	daifset, #0xf
	bl	mmu_off
	bl	cpu_early_setup
	adrp	x1, boot_root_pa
	ldr	x0, [x1, #:lo12:boot_root_pa]	// cleaned to memory by the boot CPU
	bl	mmu_on
	/*
	 * The boot CPU starts one secondary at a time. One that it no longer waits for must not
	 * take the next one's stack: who it is for is read after what it is.
	 */
	ldr	x1, =secondary_boot_ttbr
	ldr	x0, [x1]
	msr	ttbr0_el2, x0
	isb
	tlbi	alle2
	dsb	nsh				// no walk with the boot root is left
	isb
	ldr	x1, =secondary_boot_sp
	ldr	x2, [x1]
	ldr	x1, =secondary_boot_mpidr
	dmb	ishld
	ldr	x1, [x1]
	mrs	x3, mpidr_el1
	ldr	x4, =0xff00ffffff
	and	x3, x3, x4
	cmp	x1, x3
	b.ne	too_late
	mov	sp, x2
	mov	x0, x2				// its struct secondary_self
	ldr	x1, [x0]			// percpu: before C, which takes it for constant
	msr	tpidr_el2, x1
	isb
	mov	x29, xzr
	mov	x30, xzr
	ldr	x16, =secondary_main
	br	x16

too_late:
	wfi
	b	too_late

/* x0 = SCTLR of the current level */
read_sctlr:
	BY_LEVEL sctlr_read
sctlr_read_el1:
	mrs	x0, sctlr_el1
	ret
sctlr_read_el2:
	mrs	x0, sctlr_el2
	ret
sctlr_read_el3:
	mrs	x0, sctlr_el3
	ret

/*
 * MMU and caches of the current level off; the code is mapped one to one if it was on (UEFI 2.10,
 * 2.3.6)
 */
mmu_off:
	mov	x9, x30
	bl	read_sctlr
	mov	x1, #SCTLR_OFF_MASK
	bic	x0, x0, x1
	// stores of before, while they still have their attributes
	dsb	sy
	mov	x30, x9
	BY_LEVEL mmu_off
mmu_off_el1:
	msr	sctlr_el1, x0
	isb
	ret
mmu_off_el2:
	msr	sctlr_el2, x0
	isb
	ret
mmu_off_el3:
	msr	sctlr_el3, x0
	isb
	ret

/*
 * What C needs before anything else. EL2: HCR_EL2 so that E2H is 0 and the registers mean what
 * they say.
 */
cpu_early_setup:
	BY_LEVEL cpu_setup
cpu_setup_el2:
	mov	x0, #(1 << 31)			// RW; E2H and TGE off
	msr	hcr_el2, x0
	isb
	mrs	x0, hcr_el2
	tbnz	x0, #34, cpu_setup_e2h
	msr	tpidr_el2, xzr
	// CPTR_EL2: RES1, nothing trapped but what C decides later
	mov	x0, #0x33ff
	msr	cptr_el2, x0
	ret
cpu_setup_el1:
cpu_setup_el3:
	ret
/*
 * E2H can't be 0 (FEAT_E2H0 is absent): the names of EL1 now mean registers of EL2, TGE so that
 * TLB maintenance by those names does too, and C can say the sentence as if started at EL1.
 */
cpu_setup_e2h:
	mov	x20, #LEVEL_E2H_STUCK
	mov	x0, #(1 << 31)
	orr	x0, x0, #(1 << 34)		// E2H
	orr	x0, x0, #(1 << 27)		// TGE
	msr	hcr_el2, x0
	isb
	ret

/* x0 = root table. Turns the MMU on and returns to the caller's address at IMAGE_VA. */
mmu_on:
	sub	x30, x30, x21
	ldr	x1, =IMAGE_VA
	add	x30, x30, x1
	ldr	x1, =MAIR_VALUE
	ldr	x2, =TCR_COMMON
	PARANGE	x3, x4
	ldr	x5, =SCTLR_EL2_ON
	BY_LEVEL mmu_on
mmu_on_el2:
	ldr	x4, =TCR_EL2_RES1
	orr	x2, x2, x4
	orr	x2, x2, x3, lsl #16
	msr	mair_el2, x1
	msr	tcr_el2, x2
	msr	ttbr0_el2, x0
	tlbi	alle2
	// entries of firmware's tables are gone before ours are walked
	dsb	nsh
	isb
	ic	iallu
	// and no instruction of before is fetched from the cache
	dsb	nsh
	isb
	msr	sctlr_el2, x5
	isb
	ret
mmu_on_el3:
	ldr	x4, =TCR_EL2_RES1
	orr	x2, x2, x4
	orr	x2, x2, x3, lsl #16
	msr	mair_el3, x1
	msr	tcr_el3, x2
	msr	ttbr0_el3, x0
	tlbi	alle3
	dsb	nsh
	isb
	ic	iallu
	dsb	nsh
	isb
	msr	sctlr_el3, x5
	isb
	ret
mmu_on_el1:
	ldr	x4, =TCR_EL1_EPD1
	orr	x2, x2, x4
	orr	x2, x2, x3, lsl #32
	msr	mair_el1, x1
	msr	tcr_el1, x2
	msr	ttbr0_el1, x0
	tlbi	vmalle1
	dsb	nsh
	isb
	ic	iallu
	dsb	nsh
	isb
	ldr	x4, =0x30d00800			// RES1 of SCTLR_EL1
	mov	x5, #0x1005			// I, C, M
	orr	x5, x5, x4
	msr	sctlr_el1, x5
	isb
	ret

/*
 * Cleans and invalidates the image's range from x0 on to the point of coherency, up to what nobody
 * touches before the MMU is on. Clobbers x0-x3.
 */
clean_image:
	mrs	x2, ctr_el0
	ubfx	x2, x2, #16, #4
	mov	x3, #4
	lsl	x3, x3, x2			// bytes of the smallest data line
	adrp	x1, late_start
1:	.rept	8				// both ends are page-aligned: eight lines a turn
	dc	civac, x0
	add	x0, x0, x3
	.endr
	cmp	x0, x1
	b.lo	1b
	// done before what is written next, for every observer
	dsb	sy
	ret

	.ltorg

	.section .data
	.balign	64
	.global	image_pa_mark
image_pa_mark:
	.quad	0
	.global	boot_root_pa
boot_root_pa:
	.quad	0
	.balign	64
