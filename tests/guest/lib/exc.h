/* SPDX-License-Identifier: Apache-2.0 */
/* Exceptions: expected ones are recorded and stepped over, others end the program with a dump. */
#ifndef TESTS_GUEST_LIB_EXC_H
#define TESTS_GUEST_LIB_EXC_H

#include "tests/guest/lib/types.h"

/* Saved by the vectors. Layout known to start.S. */
struct exc_frame {
	uint64_t x[31];
	uint64_t elr;
	uint64_t spsr;
	uint64_t esr;
	uint64_t far;
	uint64_t sp_el0;
};

/* What happened on this CPU since exc_begin(): counts, and the last one's registers. */
struct exc_record {
	unsigned int count;
	unsigned int serror_count;
	uint64_t esr, far, elr, spsr;
};

/* DDI 0487, ESR_EL1 */
#define ESR_EC	BITS(31, 26)
#define ESR_IL	BIT(25)
#define ESR_ISS BITS(24, 0)
#define ESR_FSC BITS(5, 0) /* DFSC or IFSC */
#define ESR_WNR BIT(6)
#define ESR_CM	BIT(8)
#define ESR_EA	BIT(9)
#define ESR_FNV BIT(10)

/* DDI 0487, SPSR_EL1 */
#define SPSR_M_AARCH32 BIT(4)
#define SPSR_IL	       BIT(20)
#define SPSR_SS	       BIT(21)

enum esr_ec {
	EC_UNKNOWN = 0x00,
	EC_WFX = 0x01,
	EC_FP = 0x07,
	EC_ILLEGAL = 0x0e,
	EC_SVC32 = 0x11,
	EC_SVC = 0x15,
	EC_HVC = 0x16,
	EC_SMC = 0x17,
	EC_SYSREG = 0x18,
	EC_SVE = 0x19,
	EC_SME = 0x1d,
	EC_IABT_EL0 = 0x20,
	EC_IABT = 0x21,
	EC_PC_ALIGN = 0x22,
	EC_DABT_EL0 = 0x24,
	EC_DABT = 0x25,
	EC_SP_ALIGN = 0x26,
	EC_SERROR = 0x2f,
	EC_BREAKPOINT_EL0 = 0x30,
	EC_BREAKPOINT = 0x31,
	EC_STEP_EL0 = 0x32,
	EC_STEP = 0x33,
	EC_WATCHPOINT_EL0 = 0x34,
	EC_WATCHPOINT = 0x35,
	EC_BRK = 0x3c,
};

enum esr_fsc {
	FSC_TRANSLATION_L0 = 0x04,
	FSC_TRANSLATION_L1 = 0x05,
	FSC_TRANSLATION_L2 = 0x06,
	FSC_TRANSLATION_L3 = 0x07,
	FSC_PERMISSION_L2 = 0x0e,
	FSC_EXTERNAL = 0x10,
	FSC_EXTERNAL_WALK_L0 = 0x14,
	FSC_EXTERNAL_WALK_L3 = 0x17,
	FSC_ALIGNMENT = 0x21,
	FSC_EXCLUSIVE = 0x35, /* implementation defined: unsupported exclusive or atomic */
};

/*
 * Between the two, synchronous exceptions and SErrors of this CPU are recorded. The faulting
 * instruction is stepped over; a fetch that faulted returns to its caller (x30), so wild jumps
 * are made by a call. exc_end() gives the record.
 */
void exc_begin(void);
struct exc_record exc_end(void);

/* The record of one statement: struct exc_record r = EXC_OF(mmio_read32(addr)); */
#define EXC_OF(statement)                                                                          \
	({                                                                                         \
		exc_begin();                                                                       \
		statement;                                                                         \
		exc_end();                                                                         \
	})

static inline uint64_t exc_ec(const struct exc_record *r)
{
	return FIELD_GET(ESR_EC, r->esr);
}

/* Class of the only exception that a statement raises; 0x100 if none, 0x101 if several. */
#define EXC_CLASS(statement)                                                                       \
	({                                                                                         \
		struct exc_record exc_r = EXC_OF(statement);                                       \
		exc_r.count == 1 ? exc_ec(&exc_r) : exc_r.count ? 0x101 : 0x100;                   \
	})
#define EXC_NONE 0x100

/*
 * Takes over the synchronous exceptions of every CPU: returns true if it dealt with the frame
 * (which it may change), false to go on as without a hook. NULL takes it away.
 */
typedef bool (*exc_hook_fn)(struct exc_frame *frame);
void exc_set_hook(exc_hook_fn hook);

/* The same for IRQs, or for IRQs and FIQs: the default is irq.c's dispatcher. */
typedef void (*exc_irq_fn)(struct exc_frame *frame, bool fiq);
void exc_set_irq(exc_irq_fn fn);

/*
 * Runs code at EL0 from its EL0 address until it executes `svc`; returns its x0. `spsr_extra` is
 * ORed into SPSR (SS for single step, M_AARCH32 for a 32-bit program); interrupts stay masked.
 */
uint64_t exc_run_user(uint64_t pc, uint64_t sp, uint64_t arg, uint64_t spsr_extra);

/* Called by start.S. */
void exc_dispatch(struct exc_frame *frame, unsigned int slot);

#endif
