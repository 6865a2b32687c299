/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exceptions at EL2.
 *
 * While a guest runs, SP_EL2 points at its struct vcpu, so an exit stores the general registers
 * where they belong with no memory touched in between, and then takes the CPU's empty EL2 stack. C
 * decides who runs next and returns that vCPU; nothing survives on the stack from one exit to the
 * next.
 *
 * From EL2 itself there is only disaster: the CPU's emergency stack is taken before the first
 * push, so that an overflown stack is reported and not overflown again.
 */
#include "core/arm64/offsets.h"

/* A speculation barrier follows every eret: nothing behind it is executed on the guest's values. */
.macro ERET_TO_GUEST
	eret
	dsb	nsh
	isb
.endm

.macro SAVE_GUEST
	stp	x0, x1, [sp, #VCPU_REGS + 16 * 0]
	stp	x2, x3, [sp, #VCPU_REGS + 16 * 1]
	stp	x4, x5, [sp, #VCPU_REGS + 16 * 2]
	stp	x6, x7, [sp, #VCPU_REGS + 16 * 3]
	stp	x8, x9, [sp, #VCPU_REGS + 16 * 4]
	stp	x10, x11, [sp, #VCPU_REGS + 16 * 5]
	stp	x12, x13, [sp, #VCPU_REGS + 16 * 6]
	stp	x14, x15, [sp, #VCPU_REGS + 16 * 7]
	stp	x16, x17, [sp, #VCPU_REGS + 16 * 8]
	stp	x18, x19, [sp, #VCPU_REGS + 16 * 9]
	stp	x20, x21, [sp, #VCPU_REGS + 16 * 10]
	stp	x22, x23, [sp, #VCPU_REGS + 16 * 11]
	stp	x24, x25, [sp, #VCPU_REGS + 16 * 12]
	stp	x26, x27, [sp, #VCPU_REGS + 16 * 13]
	stp	x28, x29, [sp, #VCPU_REGS + 16 * 14]
	str	x30, [sp, #VCPU_REGS + 16 * 15]
	mov	x0, sp				// the vCPU: first argument of what follows
	ldr	x2, [sp, #VCPU_STACK_TOP]
	mov	sp, x2
	mov	x29, xzr			// a backtrace of EL2 ends here
.endm

/* A slot is 32 instructions; refuse to spill silently into the next. */
.macro VECTOR name:req, target:req
	.balign 0x80
\name:	b	\target
	.if . - \name > 0x80
	.error "vector \name exceeds 128 bytes"
	.endif
.endm

	.section .text.vectors, "ax"
	.balign	2048
	.global	el2_vectors
el2_vectors:
	VECTOR	el2t_sync, el2_disaster
	VECTOR	el2t_irq, el2_disaster
	VECTOR	el2t_fiq, el2_disaster
	VECTOR	el2t_serror, el2_disaster
	VECTOR	el2h_sync, el2_disaster
	VECTOR	el2h_irq, el2_disaster
	VECTOR	el2h_fiq, el2_disaster
	VECTOR	el2h_serror, el2_disaster
	VECTOR	guest64_sync, guest_sync
	VECTOR	guest64_irq, guest_irq
	VECTOR	guest64_fiq, guest_irq
	VECTOR	guest64_serror, guest_serror
	VECTOR	guest32_sync, guest_sync
	VECTOR	guest32_irq, guest_irq
	VECTOR	guest32_fiq, guest_irq
	VECTOR	guest32_serror, guest_serror
	.balign	0x80

guest_sync:
	SAVE_GUEST
	mrs	x1, esr_el2
	bl	exit_sync			// x0 = vCPU to enter
	b	guest_enter

guest_irq:
	SAVE_GUEST
	bl	exit_irq
	b	guest_enter

guest_serror:
	SAVE_GUEST
	mrs	x1, esr_el2
	bl	exit_serror
	b	guest_enter

/* void cpu_run(void): enters the run loop on an empty stack; does not return. In: nothing. */
	.global	cpu_run
	.type	cpu_run, %function
cpu_run:
	bti	c
	mov	x29, xzr
	bl	run_next
	/* fall through */

/* In: x0 = vCPU, loaded. */
guest_enter:
	mov	sp, x0
	ldp	x2, x3, [sp, #VCPU_REGS + 16 * 1]
	ldp	x4, x5, [sp, #VCPU_REGS + 16 * 2]
	ldp	x6, x7, [sp, #VCPU_REGS + 16 * 3]
	ldp	x8, x9, [sp, #VCPU_REGS + 16 * 4]
	ldp	x10, x11, [sp, #VCPU_REGS + 16 * 5]
	ldp	x12, x13, [sp, #VCPU_REGS + 16 * 6]
	ldp	x14, x15, [sp, #VCPU_REGS + 16 * 7]
	ldp	x16, x17, [sp, #VCPU_REGS + 16 * 8]
	ldp	x18, x19, [sp, #VCPU_REGS + 16 * 9]
	ldp	x20, x21, [sp, #VCPU_REGS + 16 * 10]
	ldp	x22, x23, [sp, #VCPU_REGS + 16 * 11]
	ldp	x24, x25, [sp, #VCPU_REGS + 16 * 12]
	ldp	x26, x27, [sp, #VCPU_REGS + 16 * 13]
	ldp	x28, x29, [sp, #VCPU_REGS + 16 * 14]
	ldr	x30, [sp, #VCPU_REGS + 16 * 15]
	ldp	x0, x1, [sp, #VCPU_REGS + 16 * 0]
	ERET_TO_GUEST

/*
 * An exception from EL2. No register is free and the stack may be what failed: x0 and x1 go to two
 * registers of the guest's thread that nothing will ask for again, unless the fault was expected
 * (probe_read32), which happens only before guests run.
 */
el2_disaster:
	msr	tpidr_el0, x0
	msr	tpidrro_el0, x1
	mrs	x0, tpidr_el2
	ldr	x1, =emergency_top
	ldr	x0, [x0, x1]
	mov	x1, sp
	mov	sp, x0				// from here on pushes are safe
	sub	sp, sp, #(34 * 8)
	str	x1, [sp, #31 * 8]		// the stack pointer as it was
	stp	x2, x3, [sp, #2 * 8]
	stp	x4, x5, [sp, #4 * 8]
	stp	x6, x7, [sp, #6 * 8]
	stp	x8, x9, [sp, #8 * 8]
	stp	x10, x11, [sp, #10 * 8]
	stp	x12, x13, [sp, #12 * 8]
	stp	x14, x15, [sp, #14 * 8]
	stp	x16, x17, [sp, #16 * 8]
	stp	x18, x19, [sp, #18 * 8]
	stp	x20, x21, [sp, #20 * 8]
	stp	x22, x23, [sp, #22 * 8]
	stp	x24, x25, [sp, #24 * 8]
	stp	x26, x27, [sp, #26 * 8]
	stp	x28, x29, [sp, #28 * 8]
	str	x30, [sp, #30 * 8]
	mrs	x0, tpidr_el0
	mrs	x2, tpidrro_el0
	stp	x0, x2, [sp, #0 * 8]
	mrs	x0, elr_el2
	mrs	x2, spsr_el2
	stp	x0, x2, [sp, #32 * 8]
	mov	x0, sp				// struct el2_frame
	mov	x29, xzr
	bl	el2_fault			// returns only for a fault that was expected
	ldp	x29, x30, [sp, #29 * 8]
	ldr	x1, [sp, #31 * 8]
	mov	sp, x1
	ERET_TO_GUEST

/*
 * int probe_read32(const volatile uint32_t *at, uint32_t *value): 0, or -EFAULT when the read
 * aborts.
 */
	.text
	.global	probe_read32
	.type	probe_read32, %function
probe_read32:
	bti	c
	.global	probe_instruction
probe_instruction:
	ldr	w2, [x0]
	dsb	sy				// an abort that comes late comes here
	str	w2, [x1]
	mov	x0, #0
	ret
	.global	probe_fixup
probe_fixup:
	mov	x0, #-14
	ret

	.section .text.vectors, "ax"
	.ltorg
