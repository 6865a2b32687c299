/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The trace of exits: each CPU's last TRACE_SHOWN, always on, and as many before. Written by the
 * CPU alone, without a lock; read by any, who may find the oldest of what it reads overwritten
 * meanwhile.
 */
#ifndef CORE_EXIT_TRACE_H
#define CORE_EXIT_TRACE_H

#include "core/arm64/barrier.h"
#include "core/base/atomic.h"
#include "core/base/percpu.h"
#include "core/exit/hypercall_types.h"
#include "core/exit/trace_types.h"
#include "core/vm/vm.h"

PERCPU_DECLARE(struct trace_place, trace_place);

/* This CPU's ring, mapped already, is empty. */
void trace_cpu_init(void);

/* The newest `max` records of a CPU that is up, oldest first; how many. Any CPU. */
uint32_t trace_read(uint32_t cpu, struct trace_record *records, uint32_t max);

/* A record at *at, which is then behind it. */
static inline void trace_put(uint64_t *at, uint64_t what, uint64_t pc)
{
#if defined(__aarch64__) && !defined(BULKHEAD_HOST)
	/* in one instruction, where a compiler makes three */
	__asm__ volatile("stp %1, %2, [%0], #16" : "+r"(*at) : "r"(what), "r"(pc) : "memory");
#else
	*(struct trace_record *)*at = (struct trace_record){what, pc};
	*at += sizeof(struct trace_record);
#endif
}

/* The next record is there: once in a ring it goes back to the start, and that is counted, as
 * vectors.S does it. Owner. In line, without a call: measured. */
static inline __attribute__((always_inline)) void trace_goes_on(struct vcpu *vcpu, uint64_t record)
{
	uint64_t wraps;

	if (likely((record & TRACE_WRAP) == 0)) {
		vcpu->trace = record;
		return;
	}
	wraps = vcpu->trace_wraps;
	atomic_set(&vcpu->trace_wraps, wraps + 1);
	/* count, place, count, as readers on other CPUs see them */
	dmb(ishst);
	atomic_set(&vcpu->trace, record & ~(uint64_t)TRACE_WRAP);
	dmb(ishst);
	atomic_set(&vcpu->trace_wraps, wraps + 2);
}

/* This vCPU is loaded now: a mark with the time. Owner. In line: measured. */
static inline void trace_mark(struct vcpu *vcpu)
{
	uint64_t record = vcpu->trace, who = vcpu->vm->id << 8 | vcpu->index;

	this_cpu(trace_place).marked = TRACE_MARKED(vcpu->trace_wraps, record, who);
	/* to some instructions: it is for people */
	trace_put(&record, TRACE_MARK | who, sysreg_read(cntpct_el0));
	trace_goes_on(vcpu, record);
}

/*
 * Reading in pieces, newest first: TRACE_PIECE records in a call, or 700 instructions. Those that
 * were read stand in the last `count` of `max` places, oldest first. Between two calls the CPU
 * makes less than TRACE_COUNT exits: they are a fraction of a millisecond apart.
 */
#define TRACE_PIECE 64
struct trace_reading {
	uint32_t cpu, max, count;
	uint32_t next;	  /* where the CPU was when it began */
	uint32_t seen;	  /* and at the last piece */
	uint32_t written; /* records meanwhile */
};
void trace_begin(struct trace_reading *reading, uint32_t cpu, uint32_t max);
/* Into records[max]; true: there are more. */
bool trace_some(struct trace_reading *reading, struct trace_record *records);

/*
 * A part of a CPU's trace, as one vCPU's: those records that are known to be its, oldest first,
 * with the marks that say so, which are TRACE_MARK alone. Any CPU. Where `at` is 0 it is the
 * newest, and else what follows on that number, or on the oldest that will be there for a while.
 */
#define TRACE_INTERRUPTS 32
struct trace_part {
	uint64_t at;  /* the number of the next record that is looked at */
	uint64_t end; /* behind the newest */
	bool its;     /* the record before `at` is the vCPU's: on the same CPU */
	uint32_t cpu; /* whose trace it is: the vCPU's, as it begins; filled in like `end` */
};
/* A part of `max` records at most; true: others' may be among them. */
bool trace_part_begin(const struct vcpu *vcpu, struct trace_part *part, uint32_t max);

/*
 * Looks at `max` records at most. How many are in `records`; 0 also where they were made over
 * meanwhile. 64 are 1,000 instructions, and a third of that where they are another's.
 */
uint32_t trace_part_read(const struct vcpu *vcpu, struct trace_part *part,
			 struct trace_record *records, uint32_t max);

/*
 * The same, until `most` of them are exits: how many there are of each cause, and of interrupts by
 * INTID, added to what stands there; beyond TRACE_INTERRUPTS one by one. 0: what was written says
 * nothing. 64 are 1,700 instructions, and a third of that where they are another's.
 */
struct trace_counts {
	uint32_t *cause, *interrupt;
	uint32_t *other, other_count; /* INTIDs: room for `most` */
};
uint32_t trace_part_count(const struct vcpu *vcpu, struct trace_part *part,
			  struct trace_counts *counts, uint32_t max, uint32_t most);

/* The same by hand, of what trace_some() read, for who may see all: `its` is whether the one before
 * was this vCPU's, and for the oldest trace_knows_first(). */
bool trace_knows_first(const struct vcpu *vcpu);

static inline uint64_t trace_mark_of(const struct vcpu *vcpu)
{
	return TRACE_MARK | vcpu->vm->id << 8 | vcpu->index;
}

static inline bool trace_is_its(const struct trace_record *record, uint64_t mark, bool its)
{
	return record->what >= TRACE_MARK ? record->what == mark : its;
}

/* The kind of exit, to count by: enum hypercall_cause, of a record that is no mark; and its name:
 * "device load", "HVC", "interrupt". */
uint32_t trace_cause(const struct trace_record *record);
const char *trace_cause_name(uint32_t cause);

/* What a record says, as text: "data abort: store of 4 bytes from x3". */
void trace_describe(const struct trace_record *record, char *text, size_t size);

/* This CPU has taken an interrupt from the guest of `vcpu`, which is loaded and whose vcpu->trace
 * is `record`. In line: measured. */
static inline __attribute__((always_inline)) void trace_interrupt(struct vcpu *vcpu,
								  uint64_t record, uint64_t intid)
{
	trace_put(&record, intid, vcpu_pc(vcpu));
	trace_goes_on(vcpu, record);
}

#endif
