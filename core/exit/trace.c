/* SPDX-License-Identifier: Apache-2.0 */
/* The trace of exits, but for what vectors.S writes. */
#include "core/exit/trace.h"

#include "core/arm64/esr.h"
#include "core/base/atomic.h"
#include "core/base/format.h"
#include "core/exit/cause_names.h"
#include "core/sched/policy.h"
#include "core/vm/vm.h"
#include "timer/deadline.h"

#define RING_BYTES (TRACE_COUNT * sizeof(struct trace_record))

_Static_assert(RING_BYTES == TRACE_WRAP && (TRACE_OFFSET & TRACE_WRAP) == 0 &&
		       TRACE_OFFSET + RING_BYTES <= STACK_SLOT && TRACE_OFFSET % TRACE_SIZE == 0,
	       "the bit TRACE_WRAP is clear inside a ring, and set behind it");

PERCPU(struct trace_place, trace_place);

static struct trace_record *ring_of(uint32_t cpu)
{
	return (struct trace_record *)(STACK_VA + (uint64_t)cpu * STACK_SLOT + TRACE_OFFSET);
}

void trace_cpu_init(void)
{
	struct trace_record *ring = ring_of(this_cpu(cpu_index));

	ring[TRACE_COUNT - 1].what = TRACE_NONE;
	this_cpu(trace_place).next = (uint64_t)ring;
	this_cpu(trace_place).marked = TRACE_NONE;
}

/* The index of a CPU's next record. */
static uint32_t next_of(uint32_t cpu)
{
	const struct vcpu *vcpu = vcpu_loaded_on(cpu);
	uint64_t next = vcpu != NULL ? atomic_read(&vcpu->trace) :
				       atomic_read(&percpu_of(trace_place, cpu)->next);

	return (uint32_t)((next - (uint64_t)ring_of(cpu)) / sizeof(struct trace_record));
}

void trace_begin(struct trace_reading *reading, uint32_t cpu, uint32_t max)
{
	const struct trace_record *ring = ring_of(cpu);

	*reading = (struct trace_reading){.cpu = cpu};
	if (atomic_read(&percpu_of(trace_place, cpu)->next) == 0) {
		return; /* it does not run C yet */
	}
	reading->next = reading->seen = next_of(cpu);
	reading->max = MIN(max, (uint32_t)TRACE_COUNT);
	if (atomic_read(&ring[TRACE_COUNT - 1].what) == TRACE_NONE) {
		reading->max = MIN(reading->max, reading->next);
	}
}

bool trace_some(struct trace_reading *reading, struct trace_record *records)
{
	const struct trace_record *ring = ring_of(reading->cpu);
	uint32_t piece = MIN((uint32_t)TRACE_PIECE, reading->max - reading->count);
	uint32_t first = reading->next - reading->count - piece, next, lost;
	struct trace_record *to = records + reading->max - reading->count - piece;

	for (uint32_t i = 0; i < piece; i++) {
		const struct trace_record *from = &ring[(first + i) % TRACE_COUNT];

		to[i].what = atomic_read(&from->what);
		to[i].pc = atomic_read(&from->pc);
	}
	/* the oldest may have been written over since the beginning; the one being written too */
	next = next_of(reading->cpu);
	reading->written += (next - reading->seen) % TRACE_COUNT;
	reading->seen = next;
	lost = reading->written + 1 + reading->count + piece;
	lost = lost > TRACE_COUNT ? MIN(lost - TRACE_COUNT, piece) : 0;
	reading->count += piece - lost;
	return lost == 0 && reading->count != reading->max;
}

uint32_t trace_read(uint32_t cpu, struct trace_record *records, uint32_t max)
{
	struct trace_reading reading;

	trace_begin(&reading, cpu, max);
	while (trace_some(&reading, records)) {
	}
	for (uint32_t i = 0; i < reading.count && reading.count != reading.max; i++) {
		records[i] = records[reading.max - reading.count + i];
	}
	return reading.count;
}

/* Whose those before the first mark are is known where the CPU has one vCPU. */
bool trace_knows_first(const struct vcpu *vcpu)
{
	return sched_state_of(vcpu->cpu)->count == 1;
}

static const uint8_t class_causes[EC_COUNT] = {
	[EC_UNKNOWN] = HYPERCALL_CAUSE_UNDEFINED,
	[EC_CP15_32] = HYPERCALL_CAUSE_REGISTER_32,
	[EC_CP15_64] = HYPERCALL_CAUSE_REGISTER_32,
	[EC_CP14_32] = HYPERCALL_CAUSE_DEBUG_32,
	[EC_CP14_LS] = HYPERCALL_CAUSE_DEBUG_32,
	[EC_CP14_64] = HYPERCALL_CAUSE_DEBUG_32,
	[EC_FPSIMD] = HYPERCALL_CAUSE_FP,
	[EC_VMRS] = HYPERCALL_CAUSE_VMRS_32,
	[EC_PAUTH] = HYPERCALL_CAUSE_PAUTH,
	[EC_SMC32] = HYPERCALL_CAUSE_SMC_32,
	[EC_SVE] = HYPERCALL_CAUSE_SVE,
	[EC_SME] = HYPERCALL_CAUSE_SME,
	[EC_IABT_LOWER] = HYPERCALL_CAUSE_FETCH,
	[EC_SERROR] = HYPERCALL_CAUSE_SERROR,
	[EC_HVC64] = HYPERCALL_CAUSE_HVC,
	[EC_SMC64] = HYPERCALL_CAUSE_SMC,
};

static const char *const cause_names[HYPERCALL_CAUSE_COUNT] = {CAUSE_NAMES};

static inline __attribute__((always_inline)) uint32_t cause_of(uint64_t esr)
{
	if (esr < TRACE_IRQ) {
		return HYPERCALL_CAUSE_INTERRUPT;
	}
	switch (FIELD_GET(ESR_EC, esr)) {
	case EC_WFX:
		return FIELD_GET(ESR_WFX_TI, esr) == WFX_WFI ? HYPERCALL_CAUSE_WFI :
							       HYPERCALL_CAUSE_WFE;
	case EC_SYS64:
		return (esr & ESR_SYS_READ) != 0 ? HYPERCALL_CAUSE_REGISTER_READ :
						   HYPERCALL_CAUSE_REGISTER_WRITE;
	case EC_DABT_LOWER:
		return (esr & ESR_DABT_WNR) != 0 ? HYPERCALL_CAUSE_STORE : HYPERCALL_CAUSE_LOAD;
	default:
		return class_causes[FIELD_GET(ESR_EC, esr)];
	}
}

uint32_t trace_cause(const struct trace_record *record)
{
	return cause_of(record->what);
}

/* -- of one vCPU, straight from the ring: a step has time for no copy -- */

/* Of the ring those that will be there for a while: the oldest may be made over meanwhile. */
#define KEPT (TRACE_COUNT - TRACE_PIECE)

#define NUMBER_TRIES 4

/* The number of a CPU's next record; 0: it does not run C yet. */
static uint64_t number_of(uint32_t cpu)
{
	const struct trace_place *place = percpu_of(trace_place, cpu);
	uint64_t wraps = 0;

	for (uint32_t i = 0; i < NUMBER_TRIES && atomic_read(&place->next) != 0; i++) {
		const struct vcpu *vcpu = vcpu_loaded_on(cpu);
		const uint64_t *count = vcpu != NULL ? &vcpu->trace_wraps : &place->wraps;
		uint64_t before = atomic_read_acquire(count);
		uint64_t at = atomic_read_acquire(vcpu != NULL ? &vcpu->trace : &place->next);

		wraps = atomic_read(count);
		/* a vCPU may have gone to another CPU meanwhile */
		if (wraps == before && wraps % 2 == 0 && at - (uint64_t)ring_of(cpu) < RING_BYTES) {
			return trace_number_at(wraps, at);
		}
	}
	/* it is between two of its instructions: it goes to the start */
	return atomic_read(&place->next) == 0 ? 0 : (wraps + 1) / 2 * TRACE_COUNT + 1;
}

/* All records from that number on are this vCPU's, but for what other marks say. */
static uint64_t known_from(const struct vcpu *vcpu, uint32_t cpu)
{
	uint64_t marked = atomic_read(&percpu_of(trace_place, cpu)->marked);
	bool its = (TRACE_MARK | (marked & 0xffff)) == trace_mark_of(vcpu);

	return its ? marked >> 16 : UINT64_MAX; /* a mark is behind that number */
}

bool trace_part_begin(const struct vcpu *vcpu, struct trace_part *part, uint32_t max)
{
	uint32_t cpu = atomic_read(&vcpu->cpu);
	uint64_t oldest;

	part->its = part->its && part->cpu == cpu;
	part->cpu = cpu;
	part->end = number_of(cpu);
	oldest = part->end > KEPT ? part->end - KEPT : MIN(part->end, UINT64_C(1));
	if (part->at == 0 && part->end > max) {
		oldest = MAX(oldest, part->end - max);
	}
	if (part->at < oldest) {
		part->at = oldest;
		part->its = false;
	}
	part->at = MIN(part->at, part->end);
	part->its = part->its || part->at > known_from(vcpu, cpu);
	return !part->its;
}

/* Those from `from` up to part->at were looked at. Were they made over meanwhile? One is being
 * written. */
static bool are_lost(struct trace_part *part, uint64_t from)
{
	bool lost = number_of(part->cpu) - from >= TRACE_COUNT;

	part->its = part->its && !lost;
	return lost;
}

uint32_t trace_part_read(const struct vcpu *vcpu, struct trace_part *part,
			 struct trace_record *records, uint32_t max)
{
	const struct trace_record *ring = ring_of(part->cpu);
	uint64_t mark = trace_mark_of(vcpu), from = part->at, to = MIN(part->end, from + max);
	bool its = part->its;
	uint32_t kept = 0;

	for (uint64_t i = from; i != to; i++) {
		const struct trace_record *record = &ring[(i - 1) % TRACE_COUNT];
		uint64_t what = atomic_read(&record->what);

		if (what >= TRACE_MARK) {
			its = what == mark;
			what = TRACE_MARK;
		}
		if (its) {
			records[kept++] = (struct trace_record){what, atomic_read(&record->pc)};
		}
	}
	part->at = to;
	part->its = its;
	return are_lost(part, from) ? 0 : kept;
}

uint32_t trace_part_count(const struct vcpu *vcpu, struct trace_part *part,
			  struct trace_counts *counts, uint32_t max, uint32_t most)
{
	const struct trace_record *ring = ring_of(part->cpu);
	uint64_t mark = trace_mark_of(vcpu), from = part->at, to = MIN(part->end, from + max), i;
	bool its = part->its;
	uint32_t exits = 0;

	for (i = from; i != to && exits != most; i++) {
		uint64_t what = atomic_read(&ring[(i - 1) % TRACE_COUNT].what);

		if (what >= TRACE_MARK) {
			its = what == mark;
		} else if (its) {
			exits++;
			counts->cause[cause_of(what)]++;
			if (what < TRACE_INTERRUPTS) {
				counts->interrupt[what]++;
			} else if (what < TRACE_IRQ) {
				counts->other[counts->other_count++] = (uint32_t)what;
			}
		}
	}
	part->at = i;
	part->its = its;
	return are_lost(part, from) ? 0 : exits;
}

const char *trace_cause_name(uint32_t cause)
{
	return cause_names[cause];
}

static void describe_mark(const struct trace_record *record, char *text, size_t size)
{
	uint32_t vm = (uint32_t)(record->what >> 8) & 0xff;
	uint64_t us = deadline_to_us(record->pc);

	format(text, size, "%s vcpu %u goes on, %llu.%06llu s after the counter began",
	       vm < vm_count() ? vm_by_id(vm)->name : "?", (uint32_t)record->what & 0xff,
	       (unsigned long long)(us / 1000000), (unsigned long long)(us % 1000000));
}

/* op0 to op2 as an assembler takes them: S3_0_C12_C11_5. */
static void describe_register(const struct trace_record *record, char *text, size_t size)
{
	uint64_t esr = record->what;

	format(text, size, "%016llx %s S%u_%u_C%u_C%u_%u, x%u", (unsigned long long)record->pc,
	       trace_cause_name(trace_cause(record)), (uint32_t)FIELD_GET(ESR_SYS_OP0, esr),
	       (uint32_t)FIELD_GET(ESR_SYS_OP1, esr), (uint32_t)FIELD_GET(ESR_SYS_CRN, esr),
	       (uint32_t)FIELD_GET(ESR_SYS_CRM, esr), (uint32_t)FIELD_GET(ESR_SYS_OP2, esr),
	       (uint32_t)FIELD_GET(ESR_SYS_RT, esr));
}

void trace_describe(const struct trace_record *record, char *text, size_t size)
{
	uint64_t esr = record->what, ec = FIELD_GET(ESR_EC, esr);
	unsigned long long pc = record->pc;

	if (esr >= TRACE_MARK) {
		describe_mark(record, text, size);
	} else if (esr < TRACE_IRQ) {
		format(text, size, "%016llx interrupt %llu", pc, (unsigned long long)esr);
	} else if (ec == EC_SYS64) {
		describe_register(record, text, size);
	} else if (ec == EC_DABT_LOWER && (esr & ESR_DABT_ISV) != 0) {
		format(text, size, "%016llx %s of %u byte%s, x%u", pc,
		       trace_cause_name(trace_cause(record)), 1U << FIELD_GET(ESR_DABT_SAS, esr),
		       FIELD_GET(ESR_DABT_SAS, esr) == 0 ? "" : "s",
		       (uint32_t)FIELD_GET(ESR_DABT_SRT, esr));
	} else {
		format(text, size, "%016llx %s, syndrome %08llx", pc,
		       trace_cause_name(trace_cause(record)), (unsigned long long)esr);
	}
}
