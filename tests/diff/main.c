/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The guest of the differential tests: does what its program says and logs what came of it. The
 * first CPU conducts: it gives each operation to the CPU that is to execute it, waits until all
 * CPUs have had their turn, and logs what each of them sees.
 */
#include "tests/diff/cpuif.h"
#include "tests/diff/lpis.h"
#include "tests/diff/op.h"
#include "tests/diff/regs.h"
#include "tests/diff/take.h"
#include "tests/guest/lib/arm64.h"
#include "tests/guest/lib/console.h"
#include "tests/guest/lib/cpu.h"
#include "tests/guest/lib/gic_regs.h"
#include "tests/guest/lib/machine.h"
#include "tests/guest/lib/psci.h"

#define VTIMER 27
#define PTIMER 30

#define SPINS_MAX 2000000
#define WORDS_MAX 256
#define HASH_INIT UINT64_C(0xcbf29ce484222325)
#define HASH_STEP UINT64_C(0x9e3779b97f4a7c15)

/* Found by its magic in the image, and overwritten there. */
static volatile struct program program
	__attribute__((section(".data.program"))) = {.magic = "DIFFPROG"};

static struct {
	const volatile struct op *op;
	unsigned int turn, done;
	uint64_t seen;
} mailbox[DIFF_CPUS_MAX];

static struct {
	uint64_t hash;
	uint64_t words[WORDS_MAX]; /* of the operation, where it is verbose */
	unsigned int count;
	unsigned int sequence;
} diff_log;

static const struct op op_observe = {.kind = OP_OBSERVE}, op_leave = {.kind = OP_LEAVE};

void log_word(uint64_t word)
{
	diff_log.hash = (diff_log.hash ^ word) * HASH_STEP;
	diff_log.hash ^= diff_log.hash >> 29;
	if (diff_log.count < WORDS_MAX) {
		diff_log.words[diff_log.count++] = word;
	}
}

/* Interrupts that are signalled to this CPU, and its interface. */
static uint64_t observe(void)
{
	uint64_t signalled;

	isb();
	signalled = sysreg_read(isr_el1) & 0xc0;
	return signalled << 40 | cpuif_look(program.v2, signalled != 0);
}

static void load(const volatile struct op *op)
{
	uint64_t value;

	switch (op->size) {
	case 1:
		value = mmio_read8(op->where);
		break;
	case 2:
		value = mmio_read16(op->where);
		break;
	case 4:
		value = mmio_read32(op->where);
		break;
	default:
		value = mmio_read64(op->where);
		break;
	}
	log_word(value & op->value);
}

static void store(const volatile struct op *op)
{
	switch (op->size) {
	case 1:
		mmio_write8(op->where, (uint8_t)op->value);
		break;
	case 2:
		mmio_write16(op->where, (uint16_t)op->value);
		break;
	case 4:
		mmio_write32(op->where, (uint32_t)op->value);
		break;
	default:
		mmio_write64(op->where, op->value);
		break;
	}
	dsb(sy); /* the store before what is looked at next */
	regs_settle(program.v2);
}

static void set(const volatile struct op *op)
{
	switch (op->where) {
	case REG_CTLR:
	case REG_BPR0:
	case REG_BPR1:
		/* listed difference `binary-point` */
		if (take_depth() != 0) {
			return;
		}
		break;
	default:
		break;
	}
	if (op->where == REG_CTLR) {
		cpuif_set_ctlr(program.v2, op->value);
	} else if (program.v2) {
		cpuif_set_point(op->where == REG_BPR1, (uint32_t)op->value);
	} else {
		cpuif_set(op->where, op->value);
	}
}

/* Listed difference `line-withdrawn`: a timer's line goes down while its interrupt is active or
 * disabled. */
static void set_line(const volatile struct op *op)
{
	static const unsigned int intids[] = {[LINE_VTIMER] = VTIMER, [LINE_PTIMER] = PTIMER};
	enum line_state state = (enum line_state)(op->value & 3);

	if (op->where != LINE_UART && state != LINE_UP &&
	    regs_may_come(program.v2, intids[op->where])) {
		return;
	}
	regs_set_line(op->where, state);
}

/* What takes several accesses, or is done only where it may be. */
static void change(const volatile struct op *op)
{
	switch (op->kind) {
	case OP_TRIGGER:
		regs_set_trigger(program.v2, op->other, op->where, op->value != 0);
		break;
	case OP_GROUP:
		if (!take_is_held(op->where)) {
			regs_set_group(program.v2, op->other, op->where, op->value != 0);
		}
		break;
	case OP_ACTIVATE:
		/* listed difference `activated-again` */
		if (!program.v2 || op->where < 32 || !take_is_held(op->where)) {
			regs_activate(program.v2, op->other, op->where);
		}
		break;
	case OP_TARGET:
		regs_set_targets(op->where, (uint8_t)op->value);
		break;
	default:
		break;
	}
}

/* Operations on this CPU. */
static void execute(const volatile struct op *op)
{
	switch (op->kind) {
	case OP_RESET:
		regs_reset_cpu(program.v2);
		cpuif_reset(program.v2);
		break;
	case OP_LOAD:
		load(op);
		break;
	case OP_STORE:
		store(op);
		break;
	case OP_GET:
		log_word(cpuif_get(op->where) & op->value);
		break;
	case OP_SET:
		set(op);
		break;
	case OP_ACK:
		take_ack(op->where);
		break;
	case OP_END:
		take_end();
		break;
	case OP_DEACTIVATE:
		if (op->other != 0) {
			take_deactivate_early(op->where, (unsigned int)op->value);
		} else {
			take_deactivate(op->where, (unsigned int)op->value);
		}
		break;
	case OP_OPEN:
		take_open(op->where, (unsigned int)op->value);
		break;
	case OP_LINE:
		set_line(op);
		break;
	case OP_LEAVE:
		take_reset();
		break;
	case OP_ITS:
		lpis_do(op);
		break;
	case OP_EOIMODE:
		take_set_eoimode(op->value != 0);
		break;
	default:
		change(op);
		break;
	}
}

static void give_up(const char *what, unsigned int cpu)
{
	printf("lost: sequence %u: %s %u\n", diff_log.sequence, what, cpu);
	psci_system_off();
}

/* `op` on CPU `index`, and back. */
static void run_on(unsigned int index, const volatile struct op *op)
{
	unsigned int turn = mailbox[index].turn + 1;

	if (index == 0) {
		if (op->kind == OP_OBSERVE) {
			mailbox[0].seen = observe();
		} else {
			execute(op);
		}
		return;
	}
	mailbox[index].op = op;
	/* the operation, and all that was done before, ahead of the word that says so */
	dmb(ish);
	WRITE_ONCE(mailbox[index].turn, turn);
	for (unsigned int i = 0; READ_ONCE(mailbox[index].done) != turn; i++) {
		cpu_yield();
		if (i > SPINS_MAX) {
			give_up("no answer from CPU", index);
		}
	}
	dmb(ish); /* its answer, then what it did */
}

/* The other CPUs: one operation after the other. */
static void serve(void *arg)
{
	unsigned int index = cpu_this()->index, turn = 0;

	(void)arg;
	regs_setup_cpu(program.v2);
	for (;;) {
		WRITE_ONCE(mailbox[index].done, turn);
		while (READ_ONCE(mailbox[index].turn) == turn) {
			cpu_yield();
		}
		dmb(ish); /* the word, then the operation */
		turn++;
		if (mailbox[index].op->kind == OP_OBSERVE) {
			mailbox[index].seen = observe();
		} else {
			execute(mailbox[index].op);
		}
		dmb(ish); /* what was done, then the word that says so */
	}
}

static void print_words(unsigned int op)
{
	printf("w %u %u", diff_log.sequence, op);
	for (unsigned int i = 0; i < diff_log.count; i++) {
		printf(" %lx", diff_log.words[i]);
	}
	printf("\n");
}

static void end_sequence(void)
{
	printf("s %u %08lx\n", diff_log.sequence, diff_log.hash >> 32);
	diff_log.sequence++;
	diff_log.hash = HASH_INIT;
}

static void reset(const volatile struct op *op)
{
	for (unsigned int cpu = 0; cpu < program.cpus; cpu++) {
		run_on(cpu, &op_leave);
	}
	regs_reset_dist(program.v2);
	if (program.its) {
		lpis_reset(program.cpus, program.its);
	}
	for (unsigned int cpu = 0; cpu < program.cpus; cpu++) {
		run_on(cpu, op);
	}
	regs_open_dist(program.v2);
}

static void conduct(unsigned int i)
{
	const volatile struct op *op = &program.ops[i];

	diff_log.count = 0;
	if (op->kind == OP_RESET) {
		if (i != 0) {
			end_sequence();
		}
		reset(op);
	} else if (op->cpu < program.cpus) {
		run_on(op->cpu, op);
	}
	for (unsigned int round = 0; round < program.rounds; round++) {
		for (unsigned int cpu = program.cpus; cpu > 0; cpu--) {
			run_on(cpu - 1, &op_observe);
		}
	}
	for (unsigned int cpu = 0; cpu < program.cpus; cpu++) {
		log_word(mailbox[cpu].seen);
	}
	if (program.verbose) {
		print_words(i);
	}
}

int main(void)
{
	diff_log.hash = HASH_INIT;
	take_setup(program.v2, program.its);
	regs_setup(program.v2);
	regs_setup_cpu(program.v2);
	for (unsigned int cpu = 1; cpu < program.cpus; cpu++) {
		mailbox[cpu].done = 1;
		if (cpu_start(cpu, serve, NULL) != PSCI_SUCCESS) {
			give_up("can't start CPU", cpu);
		}
		if (!WAIT(READ_ONCE(mailbox[cpu].done) == 0)) {
			give_up("no life in CPU", cpu);
		}
	}
	for (unsigned int i = 0; i < program.op_count; i++) {
		conduct(i);
	}
	end_sequence();
	printf("end\n");
	return 0;
}
