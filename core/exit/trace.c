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
		       TRACE_OFFSET + RING_BYTES <= STACK_SLOT,
	       "the bit TRACE_WRAP is clear inside a ring, and set behind it");

PERCPU(uint64_t, trace_next);

static struct trace_record *ring_of(uint32_t cpu)
{
	return (struct trace_record *)(STACK_VA + (uint64_t)cpu * STACK_SLOT + TRACE_OFFSET);
}

void trace_cpu_init(void)
{
	struct trace_record *ring = ring_of(this_cpu(cpu_index));

	ring[TRACE_COUNT - 1].what = TRACE_NONE;
	this_cpu(trace_next) = (uint64_t)ring;
}

/* The index of a CPU's next record. */
static uint32_t next_of(uint32_t cpu)
{
	const struct vcpu *vcpu = vcpu_loaded_on(cpu);
	uint64_t next =
		vcpu != NULL ? atomic_read(&vcpu->trace) : atomic_read(percpu_of(trace_next, cpu));

	return (uint32_t)((next - (uint64_t)ring_of(cpu)) / sizeof(struct trace_record));
}

void trace_begin(struct trace_reading *reading, uint32_t cpu, uint32_t max)
{
	const struct trace_record *ring = ring_of(cpu);

	*reading = (struct trace_reading){.cpu = cpu};
	if (atomic_read(percpu_of(trace_next, cpu)) == 0) {
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

/* Were the `count` records before `reading` made over meanwhile? One is being written. */
static bool are_lost(const struct trace_reading *reading, uint32_t count)
{
	return (next_of(reading->cpu) - reading->next) % TRACE_COUNT + 1 + count > TRACE_COUNT;
}

uint32_t trace_read_of(const struct vcpu *vcpu, struct trace_record *records, uint32_t max)
{
	const struct trace_record *ring = ring_of(vcpu->cpu);
	uint64_t mark = trace_mark_of(vcpu);
	bool its = trace_knows_first(vcpu);
	struct trace_reading reading;
	uint32_t kept = 0;

	trace_begin(&reading, vcpu->cpu, max);
	for (uint32_t i = reading.next - reading.max; i != reading.next; i++) {
		const struct trace_record *from = &ring[i % TRACE_COUNT];
		uint64_t what = atomic_read(&from->what);

		if (what >= TRACE_MARK) {
			its = what == mark;
			what = TRACE_MARK;
		}
		if (its) {
			records[kept++] = (struct trace_record){what, atomic_read(&from->pc)};
		}
	}
	return are_lost(&reading, reading.max) ? 0 : kept;
}

uint32_t trace_count_of(const struct vcpu *vcpu, uint32_t max, uint32_t most, uint32_t *causes,
			uint32_t *interrupts)
{
	const struct trace_record *ring = ring_of(vcpu->cpu);
	uint64_t mark = trace_mark_of(vcpu);
	bool its = trace_knows_first(vcpu);
	struct trace_reading reading;
	uint32_t exits = 0;

	trace_begin(&reading, vcpu->cpu, max);
	for (uint32_t i = reading.next - reading.max; i != reading.next && exits != most; i++) {
		uint64_t what = atomic_read(&ring[i % TRACE_COUNT].what);

		if (what >= TRACE_MARK) {
			its = what == mark;
		} else if (its) {
			exits++;
			causes[cause_of(what)]++;
			if (what < TRACE_INTERRUPTS) {
				interrupts[what]++;
			}
		}
	}
	return are_lost(&reading, reading.max) ? 0 : exits;
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
