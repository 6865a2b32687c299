/* SPDX-License-Identifier: Apache-2.0 */
/*
 * QEMU TCG plugin: the steps of EL2 between two looks at interrupts, in instructions.
 *
 * A step begins where a vector is entered, or behind the instruction by which EL2 looked for
 * interrupts last; it ends where a guest is entered, where EL2 looks again and where it waits. All
 * of these are addresses, from the file of the argument map=FILE, a line each: `V address` a
 * vector, `E address` an instruction that enters a guest, `L address` a look, `W address` a wait,
 * and `F address name` a function, in the order of addresses. What takes at least least=N
 * instructions is written to out=FILE: its length, the function it began at, and each function with
 * the instructions spent there, in the order in which they came.
 *
 * Instructions are counted one by one, since QEMU leaves a block in the middle at an access to a
 * device. State is per CPU of the board; all of them run in one thread (-icount).
 *
 * Declares the few functions of QEMU's plugin interface it uses: Debian ships no header for it.
 * PLUGIN_API is the interface's version: 1 up to QEMU 8, 2 and more from then on.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define IMAGE_VA   UINT64_C(0x800000000000)
#define IMAGE_SIZE UINT64_C(0x200000)
#define WORDS	   (IMAGE_SIZE / 4)
#define CPUS	   64
#define FUNCTIONS  8192
#define MET_MAX	   512 /* functions of one step */

typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
struct qemu_info;

enum qemu_plugin_op {
	QEMU_PLUGIN_INLINE_ADD_U64,
};

enum qemu_plugin_cb_flags {
	QEMU_PLUGIN_CB_NO_REGS,
};

typedef void (*udata_cb)(unsigned int vcpu, void *data);

void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id,
					   void (*cb)(qemu_plugin_id_t id,
						      struct qemu_plugin_tb *tb));
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *tb, udata_cb cb,
					  enum qemu_plugin_cb_flags flags, void *data);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn, udata_cb cb,
					    enum qemu_plugin_cb_flags flags, void *data);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t index);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);

int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info *info, int argc, char **argv);

int qemu_plugin_version = PLUGIN_API;

/* -- instructions that each CPU has executed at EL2 -- */

#if PLUGIN_API == 1
void qemu_plugin_register_vcpu_insn_exec_inline(struct qemu_plugin_insn *insn,
						enum qemu_plugin_op op, void *ptr, uint64_t imm);

/* One counter for all, which is the CPU's that was seen last since `mark`. */
static uint64_t executed, mark, of_cpu[CPUS];
static unsigned int last;

static void counter_create(void)
{
}

static void counter_add(struct qemu_plugin_insn *insn)
{
	qemu_plugin_register_vcpu_insn_exec_inline(insn, QEMU_PLUGIN_INLINE_ADD_U64, &executed, 1);
}

static uint64_t counter_read(unsigned int vcpu)
{
	of_cpu[last] += executed - mark;
	mark = executed;
	last = vcpu;
	return of_cpu[vcpu];
}
#else
struct qemu_plugin_scoreboard;
typedef struct {
	struct qemu_plugin_scoreboard *score;
	size_t offset;
} qemu_plugin_u64;

struct qemu_plugin_scoreboard *qemu_plugin_scoreboard_new(size_t size);
uint64_t qemu_plugin_u64_get(qemu_plugin_u64 entry, unsigned int vcpu);
void qemu_plugin_register_vcpu_insn_exec_inline_per_vcpu(struct qemu_plugin_insn *insn,
							 enum qemu_plugin_op op,
							 qemu_plugin_u64 entry, uint64_t imm);

static qemu_plugin_u64 executed;

static void counter_create(void)
{
	executed.score = qemu_plugin_scoreboard_new(sizeof(uint64_t));
}

static void counter_add(struct qemu_plugin_insn *insn)
{
	qemu_plugin_register_vcpu_insn_exec_inline_per_vcpu(insn, QEMU_PLUGIN_INLINE_ADD_U64,
							    executed, 1);
}

static uint64_t counter_read(unsigned int vcpu)
{
	return qemu_plugin_u64_get(executed, vcpu);
}
#endif

/* -- the map -- */

enum mark {
	MARK_NONE,
	MARK_VECTOR,
	MARK_ENTER,
	MARK_LOOK,
	MARK_WAIT,
};

static const char kinds[] = "VELW"; /* in that order */

static uint8_t marks[WORDS];	 /* by instruction */
static uint16_t function[WORDS]; /* likewise */
static char *names[FUNCTIONS];
static uint32_t name_count = 1; /* 0: none */

static bool is_el2(uint64_t address)
{
	return address - IMAGE_VA < IMAGE_SIZE;
}

static uint32_t word_of(uint64_t address)
{
	return (uint32_t)((address - IMAGE_VA) / 4);
}

static void take_function(uint64_t address, const char *name)
{
	if (name_count == FUNCTIONS) {
		fprintf(stderr, "steps: more than %u functions\n", FUNCTIONS);
		exit(1);
	}
	names[name_count] = strdup(name);
	for (uint32_t i = word_of(address); i < WORDS; i++) {
		function[i] = (uint16_t)name_count;
	}
	name_count++;
}

static void read_map(const char *path)
{
	FILE *map = fopen(path, "r");
	char line[256], name[200];
	uint64_t at;

	if (map == NULL) {
		fprintf(stderr, "steps: %s can't be read\n", path);
		exit(1);
	}
	while (fgets(line, sizeof(line), map) != NULL) {
		if (sscanf(line, "F %" SCNx64 " %199s", &at, name) == 2 && is_el2(at)) {
			take_function(at, name);
		} else if (sscanf(line, "%1[VELW] %" SCNx64, name, &at) == 2 && is_el2(at)) {
			marks[word_of(at)] = (uint8_t)(strchr(kinds, name[0]) - kinds + 1);
		}
	}
	fclose(map);
}

/* -- steps -- */

struct cpu {
	bool open;
	bool waited;
	uint32_t began, now; /* functions */
	uint64_t seen;	     /* of its counter, when last looked at */
	uint64_t length;
	uint32_t met_count;
	uint16_t met[MET_MAX];
	uint32_t spent[FUNCTIONS];
};

static struct cpu cpus[CPUS];
static FILE *out;
static uint64_t least = 1000;

/* What was executed since is the function's that was running. */
static void account(struct cpu *cpu, unsigned int vcpu)
{
	uint64_t counter = counter_read(vcpu), count = counter - cpu->seen;

	cpu->seen = counter;
	if (!cpu->open || count == 0) {
		return;
	}
	cpu->length += count;
	if (cpu->spent[cpu->now] == 0 && cpu->met_count < MET_MAX) {
		cpu->met[cpu->met_count++] = (uint16_t)cpu->now;
	}
	cpu->spent[cpu->now] += (uint32_t)count;
}

static const char *name_of(uint32_t index)
{
	return names[index] == NULL ? "?" : names[index];
}

static void end_step(struct cpu *cpu)
{
	bool tell = cpu->open && cpu->length >= least;

	if (tell) {
		fprintf(out, "%" PRIu64 " %s", cpu->length, name_of(cpu->began));
	}
	for (uint32_t i = 0; i < cpu->met_count; i++) {
		if (tell) {
			fprintf(out, " %s:%u", name_of(cpu->met[i]), cpu->spent[cpu->met[i]]);
		}
		cpu->spent[cpu->met[i]] = 0;
	}
	if (tell) {
		fputc('\n', out);
	}
	cpu->open = false;
	cpu->length = 0;
	cpu->met_count = 0;
}

static void begin_step(struct cpu *cpu, uint32_t word)
{
	cpu->open = true;
	cpu->began = cpu->now = function[word];
}

static void run_block(unsigned int vcpu, void *data)
{
	uint32_t word = (uint32_t)(uintptr_t)data;
	struct cpu *cpu = &cpus[vcpu % CPUS];

	account(cpu, vcpu);
	if (marks[word] == MARK_VECTOR) {
		end_step(cpu);
		begin_step(cpu, word);
	} else if (cpu->waited) {
		begin_step(cpu, word);
	}
	cpu->waited = false;
	cpu->now = function[word];
}

static void run_marked(unsigned int vcpu, void *data)
{
	uint32_t word = (uint32_t)(uintptr_t)data;
	struct cpu *cpu = &cpus[vcpu % CPUS];

	account(cpu, vcpu);
	end_step(cpu);
	if (marks[word] == MARK_LOOK) {
		begin_step(cpu, word);
	}
	cpu->waited = marks[word] == MARK_WAIT;
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	size_t count = qemu_plugin_tb_n_insns(tb);

	(void)id;
	for (size_t i = 0; i < count; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
		uint64_t address = qemu_plugin_insn_vaddr(insn);
		void *word = (void *)(uintptr_t)word_of(address);

		if (!is_el2(address)) {
			return;
		}
		if (i == 0) {
			qemu_plugin_register_vcpu_tb_exec_cb(tb, run_block, QEMU_PLUGIN_CB_NO_REGS,
							     word);
		}
		counter_add(insn);
		if (marks[word_of(address)] > MARK_VECTOR) {
			qemu_plugin_register_vcpu_insn_exec_cb(insn, run_marked,
							       QEMU_PLUGIN_CB_NO_REGS, word);
		}
	}
}

/* By hand: strtoull of a newer C library is a symbol that an older QEMU's library lacks. */
static uint64_t decimal(const char *text)
{
	uint64_t value = 0;

	for (; *text >= '0' && *text <= '9'; text++) {
		value = 10 * value + (uint64_t)(*text - '0');
	}
	return value;
}

int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info *info, int argc, char **argv)
{
	(void)info;
	for (int i = 0; i < argc; i++) {
		if (strncmp(argv[i], "map=", 4) == 0) {
			read_map(argv[i] + 4);
		} else if (strncmp(argv[i], "out=", 4) == 0) {
			out = fopen(argv[i] + 4, "w");
		} else if (strncmp(argv[i], "least=", 6) == 0) {
			least = decimal(argv[i] + 6);
		}
	}
	if (out == NULL || name_count == 1) {
		fprintf(stderr, "steps: map=FILE and out=FILE are needed\n");
		return -1;
	}
	/* whole lines, since QEMU is killed at the end */
	setvbuf(out, NULL, _IOLBF, BUFSIZ);
	counter_create();
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	return 0;
}
