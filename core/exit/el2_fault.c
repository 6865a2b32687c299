/* SPDX-License-Identifier: Apache-2.0 */
/* Faults of EL2 itself, and panics. */
#include "core/exit/el2_fault.h"

#include "core/arm64/barrier.h"
#include "core/arm64/esr.h"
#include "core/arm64/features.h"
#include "core/arm64/layout.h"
#include "core/arm64/stacks.h"
#include "core/arm64/sysreg.h"
#include "core/base/atomic.h"
#include "core/base/format.h"
#include "core/base/panic.h"
#include "core/base/string.h"
#include "core/console/mux.h"
#include "core/exit/trace.h"
#include "core/vm/vm.h"
#include "drivers/hw/psci.h"
#include "irq/hw/gic.h"
#include "timer/deadline.h"

#define BACKTRACE_MAX 24
#define STOP_WAIT_MS  100
#define LINE_MAX      200
#define TRACE_SAID    16

PERCPU(uint64_t, stack_top);
PERCPU(uint64_t, emergency_top);

/* A panic is told in parts, the surest first; a fault in one goes on with the next. */
enum part {
	PART_REGISTERS,
	PART_BACKTRACE,
	PART_WHAT_RAN,
	PART_OTHER_CPUS,
	PART_TRACES,
	PART_END,
};

static struct {
	uint32_t owner; /* CPU index that panics, plus 1; atomic */
	/* Others may say what they have to say, one at a time: whoever speaks makes it 0. From the
	   beginning it is the owner's, until it waits for them, and again behind that. Atomic. */
	uint32_t others_may_speak;
	uint32_t cpus_stopped; /* atomic */
	bool reboot;
	bool smp; /* other CPUs may be up */
	/* the owner's */
	enum part part;	 /* that comes next */
	uint32_t faults; /* since it began; of more than parts, words are what faults */
	uint64_t pc, fp; /* where the backtrace begins */
	bool has_frame;
	struct el2_frame frame; /* a second fault begins at the top of the same stack */
	uint64_t esr, far;
} panicking;

static void say(const char *fmt, ...) PRINTF_LIKE(1, 2);
static void say(const char *fmt, ...)
{
	char line[LINE_MAX];
	va_list args;
	int len;

	if (panicking.faults > PART_END) {
		return;
	}
	va_start(args, fmt);
	len = format_v(line, sizeof(line) - 2, fmt, args);
	va_end(args);
	len = MIN(len, (int)sizeof(line) - 3);
	line[len++] = '\r';
	line[len++] = '\n';
	mux_panic_write(line, (size_t)len);
}

static void stop_for_ever(void) __attribute__((noreturn));
static void stop_for_ever(void)
{
	for (;;) {
		wfi();
	}
}

static void say_what_ran(void)
{
	const struct vcpu *vcpu = vcpu_loaded();

	if (vcpu == NULL) {
		say("bulkhead: CPU %u ran no guest", this_cpu(cpu_index));
	} else {
		say("bulkhead: CPU %u ran %s vcpu %u, guest pc 0x%llx", this_cpu(cpu_index),
		    vcpu->vm->name, vcpu->index, (unsigned long long)vcpu_pc(vcpu));
	}
}

/* Not the first CPU that panics, or one that was asked to stop. `text`: why, or NULL. */
static void stop_here(const char *text) __attribute__((noreturn));
static void stop_here(const char *text)
{
	while (!atomic_replace(&panicking.others_may_speak, 1, 0)) {
		cpu_yield();
	}
	if (text != NULL) {
		say("bulkhead: PANIC on CPU %u, too: %s", this_cpu(cpu_index), text);
	}
	say_what_ran();
	atomic_set_release(&panicking.others_may_speak, 1);
	atomic_fetch_add(&panicking.cpus_stopped, 1);
	stop_for_ever();
}

void el2_fault_stop(void)
{
	stop_here(NULL);
}

/* The boot CPU's variables are the template itself. */
static bool has_started(uint32_t cpu)
{
	return percpu_offset_of(cpu) != 0 || cpu == *percpu_at(cpu_index, 0);
}

static void stop_others(void)
{
	uint32_t others = 0;
	uint64_t until;

	for (uint32_t cpu = 0; cpu < PERCPU_CPU_MAX && panicking.smp; cpu++) {
		if (cpu != this_cpu(cpu_index) && has_started(cpu)) {
			const uint64_t stop =
				gic_sgi_to(GIC_SGI_STOP, percpu_of(cpu_id, cpu)->mpidr);

			gic_send_sgi(&stop);
			others++;
		}
	}
	atomic_set_release(&panicking.others_may_speak, 1);
	until = deadline_now() + deadline_from_ms(STOP_WAIT_MS);
	while (atomic_read_acquire(&panicking.cpus_stopped) < others && deadline_now() < until) {
		cpu_yield();
	}
	/* one that comes later waits until the rest has been said; one that stopped in the middle
	   of its words is not waited for */
	until += deadline_from_ms(STOP_WAIT_MS);
	while (!atomic_replace(&panicking.others_may_speak, 1, 0) && deadline_now() < until) {
		cpu_yield();
	}
	if (atomic_read(&panicking.cpus_stopped) < others) {
		say("bulkhead: %u CPUs did not answer",
		    others - atomic_read(&panicking.cpus_stopped));
	}
}

static bool on_a_stack(uint64_t address)
{
	uint64_t top = this_cpu(stack_top), emergency = this_cpu(emergency_top);

	return (address & 7) == 0 &&
	       ((address < top && address >= top - STACK_SIZE) ||
		(address < emergency && address >= emergency - EMERGENCY_SIZE));
}

static void say_registers(void)
{
	const struct el2_frame *frame = &panicking.frame;

	if (!panicking.has_frame) {
		return;
	}
	say("bulkhead: esr %016llx far %016llx spsr %08llx", (unsigned long long)panicking.esr,
	    (unsigned long long)panicking.far, (unsigned long long)frame->spsr);
	say("bulkhead: pc  %016llx sp  %016llx", (unsigned long long)frame->pc,
	    (unsigned long long)frame->sp);
	for (uint32_t i = 0; i < 30; i += 3) {
		say("bulkhead: x%-2u %016llx %016llx %016llx", i, (unsigned long long)frame->x[i],
		    (unsigned long long)frame->x[i + 1], (unsigned long long)frame->x[i + 2]);
	}
	say("bulkhead: x30 %016llx", (unsigned long long)frame->x[30]);
}

static void say_backtrace(void)
{
	uint64_t pc = panicking.pc, fp = panicking.fp;
	char name[80];

	say("bulkhead: backtrace, newest first:");
	say("bulkhead:   %016llx %s", (unsigned long long)pc, symbol_name(pc, name, sizeof(name)));
	for (uint32_t i = 0; i < BACKTRACE_MAX && on_a_stack(fp) && on_a_stack(fp + 8); i++) {
		const uint64_t *record = (const uint64_t *)fp;

		if (record[1] == 0) {
			break;
		}
		say("bulkhead:   %016llx %s", (unsigned long long)record[1],
		    symbol_name(record[1], name, sizeof(name)));
		fp = record[0];
	}
}

/* The last exits of a CPU, whether it answers or not. */
static void say_trace(uint32_t cpu)
{
	struct trace_record records[TRACE_SAID];
	uint32_t count = trace_read(cpu, records, TRACE_SAID);
	char text[100];

	if (count != 0) {
		say("bulkhead: last exits of CPU %u, newest last:", cpu);
	}
	for (uint32_t i = 0; i < count; i++) {
		trace_describe(&records[i], text, sizeof(text));
		say("bulkhead:   %s", text);
	}
}

static void say_traces(void)
{
	for (uint32_t cpu = 0; cpu < PERCPU_CPU_MAX && panicking.smp; cpu++) {
		if (has_started(cpu)) {
			say_trace(cpu);
		}
	}
}

static void end(void) __attribute__((noreturn));
static void end(void)
{
	if (panicking.reboot) {
		say("bulkhead: the board is reset");
		psci_system_reset();
	}
	say("bulkhead: stopped");
	atomic_set_release(&panicking.others_may_speak, 1);
	stop_for_ever();
}

static void say_part(enum part part)
{
	switch (part) {
	case PART_REGISTERS:
		say_registers();
		break;
	case PART_BACKTRACE:
		say_backtrace();
		break;
	case PART_WHAT_RAN:
		say_what_ran();
		break;
	case PART_OTHER_CPUS:
		stop_others();
		break;
	case PART_TRACES:
		say_traces();
		break;
	case PART_END:
		end();
	}
}

static void go_on(void) __attribute__((noreturn));
static void go_on(void)
{
	for (;;) {
		say_part(panicking.part == PART_END ? PART_END : panicking.part++);
	}
}

/* The first CPU to panic says everything; another one stops where it is. Returns on the first
 * panic of the first CPU. */
static void begin(const char *text)
{
	uint32_t self = this_cpu(cpu_index) + 1;

	if (!atomic_replace(&panicking.owner, 0, self)) {
		if (atomic_read(&panicking.owner) == self) {
			panicking.faults++;
			say("bulkhead: another fault while that was being reported");
			go_on();
		}
		stop_here(text);
	}
	say(" ");
	say("bulkhead: PANIC on CPU %u: %s", this_cpu(cpu_index), text);
}

static void panic_now(const char *text) __attribute__((noreturn));
static void panic_now(const char *text)
{
	begin(text);
	panicking.pc = (uint64_t)__builtin_return_address(0);
	panicking.fp = (uint64_t)__builtin_frame_address(0);
	go_on();
}

static void halt_now(const char *text) __attribute__((noreturn));
static void halt_now(const char *text)
{
	log_error("%s", text);
	stop_for_ever();
}

static const struct panic_ops ops = {.panic = panic_now, .halt = halt_now};

void el2_fault_init(void)
{
	panic_set_ops(&ops);
}

void el2_fault_set_smp(void)
{
	panicking.smp = true;
}

void el2_fault_set_reboot(bool reboot)
{
	panicking.reboot = reboot;
}

static const char *fault_text(const struct el2_frame *frame, uint64_t esr, uint64_t far)
{
	uint64_t ec = FIELD_GET(ESR_EC, esr), stack = this_cpu(stack_top) - STACK_SIZE;

	if (ec == EC_DABT_SAME && far < stack && far >= stack - PAGE_SIZE) {
		return "EL2 stack overflow";
	}
	if (frame->sp < stack && frame->sp >= stack - PAGE_SIZE) {
		return "EL2 stack overflow";
	}
	switch (ec) {
	case EC_DABT_SAME:
		return "data abort at EL2";
	case EC_IABT_SAME:
		return "instruction abort at EL2";
	case EC_SERROR:
		return "SError at EL2";
	case EC_BRK64:
		return "breakpoint instruction at EL2";
	case EC_UNKNOWN:
		return "undefined instruction at EL2";
	default:
		return "unexpected exception at EL2";
	}
}

void el2_fault(struct el2_frame *frame)
{
	uint64_t esr = sysreg_read(esr_el2), far = sysreg_read(far_el2);

	if (frame->pc - (uint64_t)probe_instruction < 8) {
		sysreg_write(elr_el2, (uint64_t)probe_fixup);
		return;
	}
	if (FIELD_GET(ESR_EC, esr) == EC_SERROR &&
	    frame->pc - (uint64_t)take_serror_begin <=
		    (uint64_t)(take_serror_end - take_serror_begin)) {
		/* masked again: it goes on behind */
		sysreg_write(spsr_el2, frame->spsr | SPSR_A);
		return;
	}
	begin(fault_text(frame, esr, far));
	panicking.esr = esr;
	panicking.far = far;
	panicking.frame = *frame;
	panicking.has_frame = true;
	panicking.pc = frame->pc;
	panicking.fp = frame->x[29];
	go_on();
}
