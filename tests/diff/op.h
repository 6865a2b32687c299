/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the guest of the differential tests is told to do: a program of operations, written into its
 * image by tests/diff/program.py, which has the same numbers.
 */
#ifndef TESTS_DIFF_OP_H
#define TESTS_DIFF_OP_H

#include "tests/guest/lib/types.h"

#define DIFF_OPS_MAX  16384
#define DIFF_CPUS_MAX 4

enum op_kind {
	OP_RESET,      /* a new sequence begins: everything as after reset, on all CPUs */
	OP_LOAD,       /* size bytes at device address `where`; `value`: bits that are logged */
	OP_STORE,      /* size bytes at `where` */
	OP_GET,	       /* interface register `where` (enum cpuif_reg); `value`: bits logged */
	OP_SET,	       /* interface register `where` */
	OP_ACK,	       /* acknowledge in group `where` */
	OP_END,	       /* EOI of what this CPU acknowledged last */
	OP_DEACTIVATE, /* DIR of the `value`th that waits for it on CPU `where`; other: of those
			  that wait for their EOI */
	OP_OPEN,       /* let IRQs (value bit 0) and FIQs (bit 1) in; `where`: enum take_how */
	OP_LINE,       /* device line `where` (enum line): enum line_state */
	OP_TRIGGER,    /* INTID `where`: disabled, edge (1) or level (0), not pending */
	OP_GROUP,      /* INTID `where` in group `value`, if no CPU has acknowledged it */
	OP_EOIMODE,    /* `value`, if this CPU has acknowledged nothing */
	OP_ACTIVATE,   /* INTID `where` made active; GICv2: if no CPU has acknowledged it */
	OP_TARGET,     /* GICv2: targets `value` for SPI `where`, if it is idle */
	OP_ITS,	       /* enum its_op in `where`, struct its_what in `value`: tests/diff/lpis.h */
	OP_LEAVE,      /* not in programs: a CPU ends what it has acknowledged */
	OP_OBSERVE,    /* not in programs: what a CPU sees after each operation */
};

enum take_how {
	TAKE_END,  /* acknowledge, end, deactivate */
	TAKE_KEEP, /* acknowledge, leave active */
	TAKE_NEST, /* acknowledge, let more urgent ones in, end, deactivate */
};

enum line {
	LINE_UART,
	LINE_VTIMER,
	LINE_PTIMER
};

enum line_state {
	LINE_DOWN,
	LINE_UP,
	LINE_MASKED, /* timers: due, and masked */
	LINE_ARMED,  /* timers: on, not due */
};

#define PROGRAM_TWO_LEVELS 2 /* of device tables */
#define PROGRAM_HALVES	   4 /* 64-bit registers of LPIs and ITS are written in halves */

struct op {
	uint8_t kind;
	uint8_t cpu; /* that executes it */
	uint8_t size;
	uint8_t other; /* OP_GROUP, OP_TRIGGER, OP_ACTIVATE: the CPU whose redistributor it is about
			*/
	uint32_t where;
	uint64_t value;
};

struct program {
	char magic[8];
	uint32_t op_count;
	uint8_t cpus;
	uint8_t v2;
	uint8_t verbose; /* every word logged is printed, not only a hash for each sequence */
	uint8_t rounds;	 /* how often each CPU is waited for before what they see is logged */
	uint8_t its;	 /* the machine has LPIs; PROGRAM_* */
	uint8_t reserved[7];
	struct op ops[DIFF_OPS_MAX];
};

/* Adds a word to the log of the sequence; one CPU at a time. */
void log_word(uint64_t word);

#endif
