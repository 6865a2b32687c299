/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A box in which a CPU may do anything: it is entered with all registers and translation as wanted,
 * and whatever exception or interrupt comes first ends it, with the runtime's own state restored.
 */
#ifndef TESTS_GUEST_LIB_BOX_H
#define TESTS_GUEST_LIB_BOX_H

/* Also read by assembly. */
#define BOX_SP	   0
#define BOX_X18	   8
#define BOX_X19	   16
#define BOX_X	   112
#define BOX_IN_SP  360
#define BOX_PC	   368
#define BOX_PSTATE 376
#define BOX_TTBR0  384
#define BOX_TCR	   392
#define BOX_MAIR   400
#define BOX_HIGH   408
#define BOX_TPIDR  416
#define BOX_SLOT   424
#define BOX_ESR	   432
#define BOX_ELR	   440
#define BOX_FAR	   448
#define BOX_SIZE   512

/* The runtime's map once more, by TTBR1: VA = this + PA. TCR_VALUE with walks there. */
#define BOX_HIGH_VA 0xffffff8000000000
#define BOX_TCR_ON  0x80193519

#ifndef __ASSEMBLER__
#include "tests/guest/lib/cpu.h"
#include "tests/guest/lib/mmu.h"
#include "tests/guest/lib/types.h"

struct box {
	uint64_t kept[14]; /* the runtime's SP, x18 to x30 */
	uint64_t x[31];	   /* in: registers; x[1] goes to SCTLR_EL1 too */
	uint64_t sp;
	uint64_t pc, pstate; /* where it begins: by ERET */
	uint64_t ttbr0, tcr, mair;
	uint64_t high; /* 0, or BOX_HIGH_VA: vectors and the code around are reached by TTBR1 */
	uint64_t tpidr;
	uint64_t slot; /* out: of the vector, 0 to 15, and the exception's registers */
	uint64_t esr, elr, far;
	uint64_t spare[7];
};
_Static_assert(sizeof(struct box) == BOX_SIZE, "as box.S has it");
_Static_assert(offsetof(struct box, x) == BOX_X, "as box.S has it");
_Static_assert(offsetof(struct box, sp) == BOX_IN_SP, "as box.S has it");
_Static_assert(offsetof(struct box, slot) == BOX_SLOT, "as box.S has it");
_Static_assert(offsetof(struct box, far) == BOX_FAR, "as box.S has it");

extern struct box boxes[MACHINE_MAX_CPUS];

/*
 * Enters the calling CPU's box, `box`; back with everything masked at the first exception that
 * its vectors get. With `high`, TTBR0, TCR (its low half) and MAIR may be garbage; else SCTLR may.
 */
void box_enter(struct box *box);
#endif

#endif
