/* SPDX-License-Identifier: Apache-2.0 */
/* The trace of exits, but for what vectors.S writes. */
#include "core/exit/trace.h"

#include "core/arm64/esr.h"
#include "core/base/atomic.h"
#include "core/base/format.h"
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

uint32_t trace_read(uint32_t cpu, struct trace_record *records, uint32_t max)
{
	const struct trace_record *ring = ring_of(cpu);
	uint32_t next = next_of(cpu), count = MIN(max, (uint32_t)TRACE_COUNT), lost;

	if (atomic_read(percpu_of(trace_next, cpu)) == 0) {
		return 0; /* it does not run C yet */
	}
	if (atomic_read(&ring[TRACE_COUNT - 1].what) == TRACE_NONE) {
		count = MIN(count, next);
	}
	for (uint32_t i = 0; i < count; i++) {
		const struct trace_record *from = &ring[(next - count + i) % TRACE_COUNT];

		records[i].what = atomic_read(&from->what);
		records[i].pc = atomic_read(&from->pc);
	}
	/* the oldest may have been written over since the beginning; the one being written too */
	lost = (next_of(cpu) - next) % TRACE_COUNT + 1;
	lost = lost > TRACE_COUNT - count ? lost - (uint32_t)(TRACE_COUNT - count) : 0;
	lost = MIN(lost, count);
	for (uint32_t i = lost; i < count; i++) {
		records[i - lost] = records[i];
	}
	return count - lost;
}

static const char *const class_names[EC_COUNT] = {
	[EC_UNKNOWN] = "undefined instruction",
	[EC_CP15_32] = "32-bit register access",
	[EC_CP15_64] = "32-bit register access",
	[EC_CP14_32] = "32-bit debug access",
	[EC_CP14_LS] = "32-bit debug access",
	[EC_CP14_64] = "32-bit debug access",
	[EC_FPSIMD] = "first use of FP registers",
	[EC_VMRS] = "32-bit VMRS",
	[EC_PAUTH] = "pointer authentication",
	[EC_SMC32] = "32-bit SMC",
	[EC_SVE] = "SVE",
	[EC_SME] = "SME",
	[EC_IABT_LOWER] = "fetch where no RAM is",
	[EC_SERROR] = "SError",
};

static const char *class_name(uint64_t esr)
{
	switch (FIELD_GET(ESR_EC, esr)) {
	case EC_WFX:
		return FIELD_GET(ESR_WFX_TI, esr) == WFX_WFI ? "WFI" : "WFE";
	case EC_HVC64:
		return "HVC";
	case EC_SMC64:
		return "SMC";
	case EC_SYS64:
		return (esr & ESR_SYS_READ) != 0 ? "register read" : "register write";
	case EC_DABT_LOWER:
		return (esr & ESR_DABT_WNR) != 0 ? "device store" : "device load";
	default:
		return class_names[FIELD_GET(ESR_EC, esr)];
	}
}

const char *trace_cause(const struct trace_record *record)
{
	if (record->what >= TRACE_MARK) {
		return NULL;
	}
	if (record->what < TRACE_IRQ) {
		return "interrupt";
	}
	return class_name(record->what) != NULL ? class_name(record->what) : "other";
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
	       class_name(esr), (uint32_t)FIELD_GET(ESR_SYS_OP0, esr),
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
		format(text, size, "%016llx %s of %u byte%s, x%u", pc, class_name(esr),
		       1U << FIELD_GET(ESR_DABT_SAS, esr),
		       FIELD_GET(ESR_DABT_SAS, esr) == 0 ? "" : "s",
		       (uint32_t)FIELD_GET(ESR_DABT_SRT, esr));
	} else {
		format(text, size, "%016llx %s, syndrome %08llx", pc, trace_cause(record),
		       (unsigned long long)esr);
	}
}
