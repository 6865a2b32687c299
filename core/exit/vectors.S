/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exceptions at EL2.
 *
 * While a guest runs, SP_EL2 points at its struct vcpu, so an exit stores the general registers
 * where they belong with no memory touched in between, and then takes the CPU's empty EL2 stack.
 * It does so in two stages (core/exit/exit.h): x19 to x28, which C keeps, only where the second one
 * is needed. C decides who runs next and returns that vCPU; nothing survives on the stack from one
 * exit to the next.
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

/* The first stage's: what C may change. x0 and x1 are in memory already; \trace: where the exit is
 * noted. */
.macro SAVE_FIRST trace:req
	stp	x2, x3, [sp, #VCPU_REGS + 8 * 2]
	stp	x4, x5, [sp, #VCPU_REGS + 8 * 4]
	stp	x6, x7, [sp, #VCPU_REGS + 8 * 6]
	stp	x8, x9, [sp, #VCPU_REGS + 8 * 8]
	stp	x10, x11, [sp, #VCPU_REGS + 8 * 10]
	stp	x12, x13, [sp, #VCPU_REGS + 8 * 12]
	stp	x14, x15, [sp, #VCPU_REGS + 8 * 14]
	stp	x16, x17, [sp, #VCPU_REGS + 8 * 16]
	str	x18, [sp, #VCPU_REGS + 8 * 18]
	stp	x29, x30, [sp, #VCPU_REGS + 8 * 29]
	mov	x0, sp				// the vCPU: first argument of what follows
	ldp	x4, \trace, [sp, #VCPU_STACK_TOP]	// and VCPU_TRACE behind it
	mov	sp, x4
	mov	x29, xzr			// a backtrace of EL2 ends here
.endm

/* Where exits are timed, ahead of that. */
.macro LEAVE_TIMED
	stp	x0, x1, [sp, #VCPU_REGS]
	mrs	x1, cntpct_el0
	str	x1, [sp, #VCPU_LEFT_AT]
.endm

/*
 * Once in 2,048 records, out of line: the place \p is behind the ring's end, goes back to its
 * start, and that is counted: core/exit/trace_types.h. \n: free.
 */
.macro COUNT_WRAP p:req, n:req, vcpu:req
	ldr	\n, [\vcpu, #VCPU_TRACE_WRAPS]
	add	\n, \n, #1
	str	\n, [\vcpu, #VCPU_TRACE_WRAPS]	// odd: it is on its way
	dmb	ishst				// that before the place, as others see it
	and	\p, \p, #~TRACE_WRAP
	str	\p, [\vcpu, #VCPU_TRACE]
	dmb	ishst				// and the place before that it has come
	add	\n, \n, #1
	str	\n, [\vcpu, #VCPU_TRACE_WRAPS]
.endm

/* The next record's place, \p, behind one that was written. */
.macro TRACE_ON p:req, n:req, vcpu:req
	tbnz	\p, #TRACE_WRAP_BIT, .Ltrace_wraps\@
	str	\p, [\vcpu, #VCPU_TRACE]
.Ltrace_goes_on\@:
	.subsection 1
.Ltrace_wraps\@:
	COUNT_WRAP \p, \n, \vcpu
	b	.Ltrace_goes_on\@
	.subsection 0
.endm

/* One record of the CPU's trace: x1 = ESR_EL2. In: x0 = vCPU, x3 = where. Clobbers x4. */
.macro TRACE
	mrs	x4, elr_el2
	stp	x1, x4, [x3], #16
	TRACE_ON x3, x4, x0
.endm

/* The second stage's: what C has kept so far. x0 = vCPU. */
.macro SAVE_SECOND
	stp	x19, x20, [x0, #VCPU_REGS + 8 * 19]
	stp	x21, x22, [x0, #VCPU_REGS + 8 * 21]
	stp	x23, x24, [x0, #VCPU_REGS + 8 * 23]
	stp	x25, x26, [x0, #VCPU_REGS + 8 * 25]
	stp	x27, x28, [x0, #VCPU_REGS + 8 * 27]
.endm

/* In: x0 = vCPU. */
.macro RESTORE_FIRST_AND_ENTER
	mov	sp, x0
	ldp	x2, x3, [sp, #VCPU_REGS + 8 * 2]
	ldp	x4, x5, [sp, #VCPU_REGS + 8 * 4]
	ldp	x6, x7, [sp, #VCPU_REGS + 8 * 6]
	ldp	x8, x9, [sp, #VCPU_REGS + 8 * 8]
	ldp	x10, x11, [sp, #VCPU_REGS + 8 * 10]
	ldp	x12, x13, [sp, #VCPU_REGS + 8 * 12]
	ldp	x14, x15, [sp, #VCPU_REGS + 8 * 14]
	ldp	x16, x17, [sp, #VCPU_REGS + 8 * 16]
	ldr	x18, [sp, #VCPU_REGS + 8 * 18]
	ldp	x29, x30, [sp, #VCPU_REGS + 8 * 29]
	ldp	x0, x1, [sp, #VCPU_REGS]
	ERET_TO_GUEST
.endm

/* A slot is 32 instructions; refuse to spill silently into the next. */
.macro VECTOR name:req, target:req
	.balign 0x80
\name:	b	\target
	.if . - \name > 0x80
	.error "vector \name exceeds 128 bytes"
	.endif
.endm

/* ESR_EL2 of an HVC #0 from AArch64, and the ids of PSCI_VERSION and SMCCC_VERSION, which differ in
 * one bit and have one answer: 1.1 */
#define ESR_HVC_0	0x5a000000
#define ESR_HVC_BIT	27		// of the class: neither an abort nor a register has it
#define ID_VERSION	0x80000000
#define ID_VERSION_BIT	0x04000000
#define VERSION_1_1	0x00010001

/* Two calls whose answer is a constant: answered with the arguments in registers. */
.macro VECTOR_GUEST_SYNC name:req
	.balign 0x80
\name:	stp	x0, x1, [sp, #VCPU_REGS]
	mrs	x1, esr_el2
	tbz	w1, #ESR_HVC_BIT, sync_first
	mov	w0, #ESR_HVC_0
	cmp	w1, w0
	b.ne	sync_first
	ldr	w0, [sp, #VCPU_REGS]
	and	w0, w0, #~ID_VERSION_BIT
	eor	w0, w0, #ID_VERSION
	cbnz	w0, sync_first
	ldr	x0, [sp, #VCPU_TRACE]		// as TRACE does it, with two registers
	str	x1, [x0], #8
	mrs	x1, elr_el2
	str	x1, [x0], #8
	TRACE_ON x0, x1, sp
	mov	w0, #VERSION_1_1
	ldr	x1, [sp, #VCPU_REGS + 8]
	ERET_TO_GUEST
	.if . - \name > 0x80
	.error "vector \name exceeds 128 bytes"
	.endif
.endm

/* The first half of each table: exceptions from EL2. */
.macro VECTORS_EL2 gic
	.balign	2048
	VECTOR	el2t_sync\gic, el2_disaster
	VECTOR	el2t_irq\gic, el2_disaster
	VECTOR	el2t_fiq\gic, el2_disaster
	VECTOR	el2t_serror\gic, el2_disaster
	VECTOR	el2h_sync\gic, el2_disaster
	VECTOR	el2h_irq\gic, el2_disaster
	VECTOR	el2h_fiq\gic, el2_disaster
	VECTOR	el2h_serror\gic, el2_disaster
.endm

/* A table: `irq` is where a guest's interrupt leads to, gic what tells the table's names apart. */
.macro VECTOR_TABLE irq:req, gic
	VECTORS_EL2 \gic
	VECTOR_GUEST_SYNC guest64_sync\gic
	VECTOR	guest64_irq\gic, \irq
	VECTOR	guest64_fiq\gic, \irq
	VECTOR	guest64_serror\gic, guest_serror
	VECTOR	guest32_sync\gic, guest_sync
	VECTOR	guest32_irq\gic, \irq
	VECTOR	guest32_fiq\gic, \irq
	VECTOR	guest32_serror\gic, guest_serror
.endm

/* One for each kind of interrupt controller: which it is costs an interrupt nothing. */
	.section .text.vectors, "ax"
	.balign	2048
	.global	el2_vectors
el2_vectors:
	VECTOR_TABLE guest_irq
	.balign	2048
	.global	el2_vectors_gicv2
el2_vectors_gicv2:
	VECTOR_TABLE guest_irq_gicv2, _gicv2
/* And one for both, where exits are timed: nothing is answered ahead there. */
	.balign	2048
	.global	el2_vectors_timed
el2_vectors_timed:
	VECTORS_EL2 _timed
	VECTOR	guest64_sync_timed, timed_sync
	VECTOR	guest64_irq_timed, timed_irq
	VECTOR	guest64_fiq_timed, timed_irq
	VECTOR	guest64_serror_timed, timed_serror
	VECTOR	guest32_sync_timed, timed_sync
	VECTOR	guest32_irq_timed, timed_irq
	VECTOR	guest32_fiq_timed, timed_irq
	VECTOR	guest32_serror_timed, timed_serror
	.balign	0x80

guest_sync:
	stp	x0, x1, [sp, #VCPU_REGS]
	mrs	x1, esr_el2
sync_first:
	SAVE_FIRST x3
	TRACE
	bl	exit_sync			// x0 = vCPU, x1 = what is left to do
	cbnz	x1, sync_left
	RESTORE_FIRST_AND_ENTER

sync_left:
	cmp	x1, #EXIT_WHOLE
	b.ne	second
	SAVE_SECOND
	mrs	x1, esr_el2
	bl	exit_sync_whole			// the same, with all registers in memory
	cbnz	x1, second_saved
	b	guest_enter

guest_irq:
	stp	x0, x1, [sp, #VCPU_REGS]
	SAVE_FIRST x2
	bl	exit_irq
	cbnz	x1, second
	RESTORE_FIRST_AND_ENTER

guest_irq_gicv2:
	stp	x0, x1, [sp, #VCPU_REGS]
	SAVE_FIRST x2
	bl	exit_irq_gicv2
	cbnz	x1, second
	RESTORE_FIRST_AND_ENTER

second:
	SAVE_SECOND
second_saved:
	bl	exit_second			// x0 = vCPU to enter
	b	guest_enter

guest_serror:
	stp	x0, x1, [sp, #VCPU_REGS]
	mrs	x1, esr_el2
	SAVE_FIRST x3
	TRACE
	SAVE_SECOND
	bl	exit_serror
	b	guest_enter

/* Timed, the same with functions that account: core/exit/times.h. */
timed_sync:
	LEAVE_TIMED
	mrs	x1, esr_el2
	SAVE_FIRST x3
	TRACE
	bl	times_sync
	cbnz	x1, timed_left
	RESTORE_FIRST_AND_ENTER

timed_left:
	cmp	x1, #EXIT_WHOLE
	b.ne	timed_second
	SAVE_SECOND
	mrs	x1, esr_el2
	bl	times_sync_whole
	cbnz	x1, timed_second_saved
	b	guest_enter

timed_irq:
	LEAVE_TIMED
	SAVE_FIRST x2
	bl	times_irq
	cbnz	x1, timed_second
	RESTORE_FIRST_AND_ENTER

timed_second:
	SAVE_SECOND
timed_second_saved:
	bl	times_second
	b	guest_enter

timed_serror:
	LEAVE_TIMED
	mrs	x1, esr_el2
	SAVE_FIRST x3
	TRACE
	SAVE_SECOND
	bl	times_serror
	b	guest_enter

/* void cpu_run(void): enters the run loop on an empty stack; does not return. In: nothing. */
	.global	cpu_run
	.type	cpu_run, %function
cpu_run:
	bti	c
	mov	x29, xzr
	bl	run_next
	/* fall through */

/* In: x0 = vCPU, loaded; all its registers are in memory. */
guest_enter:
	ldp	x19, x20, [x0, #VCPU_REGS + 8 * 19]
	ldp	x21, x22, [x0, #VCPU_REGS + 8 * 21]
	ldp	x23, x24, [x0, #VCPU_REGS + 8 * 23]
	ldp	x25, x26, [x0, #VCPU_REGS + 8 * 25]
	ldp	x27, x28, [x0, #VCPU_REGS + 8 * 27]
	RESTORE_FIRST_AND_ENTER

/*
 * An exception from EL2. No register is free and the stack may be what failed: x0 and x1 go to two
 * registers of the guest's thread that nothing will ask for again, unless the fault was expected
 * (probe_read32, el2_take_serror), which happens only where no guest's registers are in the CPU.
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

/* void el2_take_serror(void) */
	.global	el2_take_serror
	.type	el2_take_serror, %function
el2_take_serror:
	bti	c
	msr	daifclr, #4
	.global	take_serror_begin
take_serror_begin:
	isb					// taken here at the latest
	.global	take_serror_end
take_serror_end:
	msr	daifset, #4
	ret

	.section .text.vectors, "ax"
	.ltorg
