/* SPDX-License-Identifier: Apache-2.0 */
/* The hypervisor's shell and one of its commands, as somebody sees them who types. */
#include <string.h>

/* Its state is its own: each case begins with a fresh one. */
#include "core/console/shell.c"
#include "core/exit/irq.h"
#include "core/sched/policy.h"
#include "drivers/hw/psci.h"
#include "drivers/virtio/balloon.h"
#include "irq/vgic/vgic.h"
#include "tests/unit/fake_time.h"
#include "tests/unit/unit.h"

#define HZ	    1000000
#define STEP	    (HZ / 1000) /* longer than a command pauses */
#define PROMPT	    "bulkhead> "
#define CTRL_C_TEXT "\x03"

/* -- the console, and a board of one CPU with two vCPUs of a VM -- */

static struct {
	char text[8192];
	size_t len;
	void (*key)(uint8_t key);
	void (*meanwhile)(void); /* when this was written */
	const char *meanwhile_at;
} console;

static struct vcpu vcpus[2];
static struct vcpu *const both[] = {&vcpus[0], &vcpus[1]};
static struct vm vm = {.name = "toy", .vcpu = (struct vcpu **)both, .vcpu_count = 2};
static struct sched_cpu cpu;
static const struct board board = {.cpu_count = 1};

void mux_set_shell(void (*take)(uint8_t key))
{
	console.key = take;
}

void mux_shell_write(const char *text, size_t len)
{
	assert_true(console.len + len < sizeof(console.text));
	memcpy(console.text + console.len, text, len);
	console.len += len;
	if (console.meanwhile != NULL && strstr(console.text, console.meanwhile_at) != NULL) {
		console.meanwhile();
		console.meanwhile = NULL;
	}
}

uint32_t mux_shell_room(void)
{
	return SHELL_STEP_MAX;
}

void mux_focus_shell(void)
{
}

void mux_finish(void)
{
}

uint64_t deadline_from_ms(uint64_t ms)
{
	return ms * (HZ / 1000);
}

uint64_t deadline_to_us(uint64_t ticks)
{
	return ticks;
}

uint32_t vm_count(void)
{
	return 1;
}

int vm_name_width(void)
{
	return 12;
}

struct vm *vm_by_id(uint32_t id)
{
	assert_int_equal(id, 0);
	return &vm;
}

struct vm *vm_by_name(const char *name)
{
	return strcmp(name, vm.name) == 0 ? &vm : NULL;
}

const struct sched_cpu *sched_state_of(uint32_t index)
{
	assert_int_equal(index, 0);
	return &cpu;
}

/* -- what commands here don't ask -- */

uint32_t irq_count(uint32_t intid)
{
	return intid;
}

const char *irq_name(uint32_t intid)
{
	return intid == 48 ? "a disk" : "a VM's";
}

bool vgic_look(struct vm *of, uint32_t vcpu, uint32_t intid, struct vgic_look *look)
{
	(void)of, (void)vcpu, (void)intid, (void)look;
	return false;
}

const struct grant *registry_find(const struct registry *registry, uint64_t pa)
{
	(void)registry, (void)pa;
	return NULL;
}

bool balloon_view(uint32_t of, struct balloon_view *view)
{
	(void)of;
	(void)view;
	return false;
}

bool audit_some(const struct stage2 *stage2, uint16_t owner, const struct registry *registry,
		uint64_t *at, struct audit_result *result)
{
	(void)stage2, (void)owner, (void)registry, (void)at, (void)result;
	return false;
}

void audit_stage2(const struct stage2 *stage2, uint16_t owner, const struct registry *registry,
		  struct audit_result *result)
{
	(void)stage2, (void)owner, (void)registry, (void)result;
}

void psci_system_reset(void)
{
}

void psci_system_off(void)
{
}

/* -- a command with rows in two parts, which another key may end in the middle -- */

static bool rows_step(struct shell_job *job)
{
	if (job->part == 0) {
		shell_say("row %u: ", job->step);
		job->more = true;
		return false;
	}
	shell_say("whole\n");
	return job->step == 1;
}

static bool words_step(struct shell_job *job)
{
	shell_say("word ");
	return job->step == 1;
}

static bool pair_step(struct shell_job *job)
{
	uint32_t value;

	shell_say("%u words\n", job->count - 1);
	if (shell_number(job->word[1], &value)) {
		shell_say("the first is %u\n", value);
	}
	return true;
}

const struct shell_command vm_commands[] = {
	{"rows", "", 0, 0, "two rows", rows_step, NULL},
	{"words", "", 0, 0, "two words", words_step, NULL},
	{"pair", "A B [C]", 2, 3, "so many words", pair_step, NULL},
	{0},
};
const struct shell_command stat_commands[] = {{0}};
const struct shell_command log_commands[] = {{0}};
const struct shell_command report_commands[] = {{0}};
const struct shell_command net_commands[] = {{0}};
const struct shell_command balloon_commands[] = {{0}};

/* -- who sits there -- */

static int set_up(void **state)
{
	const struct shell_sources sources = {.board = &board};

	(void)state;
	memset(&shell, 0, sizeof(shell));
	memset(&console, 0, sizeof(console));
	memset(&cpu, 0, sizeof(cpu));
	memset(vcpus, 0, sizeof(vcpus));
	fake_time_reset(0, HZ);
	for (uint32_t i = 0; i < 2; i++) {
		vcpus[i].vm = &vm;
		vcpus[i].index = i;
		vcpus[i].sched.priority = 100 + i;
		vcpus[i].sched.slice = vcpus[i].sched.slice_left = 500;
	}
	cpu.shared = true;
	cpu.count = 2;
	cpu.first = &vcpus[0];
	vcpus[0].sched.next = &vcpus[1];
	shell_init(&sources);
	return 0;
}

static void type(const char *text)
{
	for (; *text != '\0'; text++) {
		console.key((uint8_t)*text);
	}
}

static bool shows(const char *text)
{
	return strstr(console.text, text) != NULL;
}

/* Until that is on the screen, or nothing is to come. */
static void pass_until(const char *text)
{
	for (uint32_t i = 0; i < 200 && !shows(text); i++) {
		fake_pass(STEP / 8);
	}
	assert_true(shows(text));
}

/* All that is to come comes; the prompt is the last thing, on a line of its own. */
static void ends_with_prompt(void)
{
	const char *last;

	fake_pass(100 * (uint64_t)STEP);
	last = strrchr(console.text, '\n');
	assert_non_null(last);
	last += last[1] == '\r' ? 2 : 1;
	assert_string_equal(last, PROMPT);
}

/* -- cases -- */

static void test_rows(void **state)
{
	(void)state;
	type("rows\r");
	ends_with_prompt();
	assert_true(shows("row 0: whole\nrow 1: whole\n" PROMPT));
}

static void test_end_in_row(void **state)
{
	(void)state;
	type("rows\r");
	pass_until("row 0: ");
	type(CTRL_C_TEXT);
	ends_with_prompt();
}

static void test_end_without_line(void **state)
{
	(void)state;
	type("words\r");
	ends_with_prompt();
	assert_true(shows("word word \n" PROMPT));
}

static void test_ahead(void **state)
{
	(void)state;
	type("rows\rwords\r");
	ends_with_prompt();
	assert_true(shows("row 1: whole\n"));
	assert_true(shows("word word \n" PROMPT));
}

static void test_no_command(void **state)
{
	(void)state;
	type("colour\r");
	ends_with_prompt();
	assert_true(shows("\"colour\" is no command; `help` lists them\n"));
}

/* `words` of them behind the name; what it comes to stands on the screen alone. */
static void call(const char *name, uint32_t words)
{
	memset(console.text, 0, sizeof(console.text));
	console.len = 0;
	type(name);
	for (uint32_t i = 0; i < words; i++) {
		type(" 1");
	}
	type("\r");
	ends_with_prompt();
}

/* Each command, whatever table it is in, says how it is called. */
static void test_usage(void **state)
{
	const struct shell_command *command;
	uint32_t count = 0;
	char said[LINE_MAX + 40];

	(void)state;
	for (uint32_t n = 0; (command = nth_command(n)) != NULL; n++, count++) {
		format(said, sizeof(said), "usage: %s%s%s; help %s says more\n", command->name,
		       command->args[0] == '\0' ? "" : " ", command->args, command->name);
		/* a job has places for some words; what is more is not lost */
		for (uint32_t words = 0; words < 2 * SHELL_WORD_MAX; words++) {
			if (words < command->least || words > command->most) {
				call(command->name, words);
				assert_true(shows(said));
				assert_false(shows("whole"));
			}
		}
	}
	assert_true(count >= 8);
	call("pair", 2);
	assert_true(shows("2 words\nthe first is 1\n"));
	call("pair", 3);
	assert_true(shows("3 words\n"));
	/* as somebody forgets what it tells of */
	type("irq toy\r");
	ends_with_prompt();
	assert_true(shows("usage: irq; help irq says more\n"));
}

static void test_numbers(void **state)
{
	static const char *const bad[] = {"", "x", "1x", "0x1", "-1", "+1", "1.5"};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
		assert_false(shell_is_number(bad[i]));
	}
	assert_true(shell_is_number("0") && shell_is_number("00") && shell_is_number("4294967296"));
	type("pair 1x 1\r");
	ends_with_prompt();
	assert_true(shows("\"1x\" is not a number\n"));
	type("pair 4294967295 1\r");
	ends_with_prompt();
	assert_true(shows("the first is 4294967295\n"));
	type("pair 4294967296 1\r");
	ends_with_prompt();
	assert_true(shows("4294967296 is too large\n"));
	type("pair 18446744073709551617 1\r");
	ends_with_prompt();
	assert_true(shows("18446744073709551617 is too large\n"));
}

static void test_sched(void **state)
{
	(void)state;
	cpu.current = &vcpus[0];
	vcpus[1].sched.ready = true;
	type("sched\r");
	ends_with_prompt();
	assert_true(shows("CPU 0: 2 vCPUs\n"));
	assert_true(shows("  runs  toy          vcpu 0  priority 100  slice 500 of 500 us\n"));
	assert_true(shows("  ready toy          vcpu 1  priority 101  slice 500 of 500 us\n"));
}

static void leave(void)
{
	assert_false(shows("priority 101  slice"));
	cpu.count = 0;
	cpu.first = NULL;
	cpu.shared = false;
}

/* Both leave for other CPUs while the row of the last one is half told. */
static void test_sched_moved(void **state)
{
	(void)state;
	console.meanwhile = leave;
	console.meanwhile_at = "vcpu 1  priority 101  ";
	type("sched\r");
	ends_with_prompt();
	assert_true(shows("vcpu 1  priority 101  slice 500 of 500 us\n" PROMPT));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE_IN("a command's rows, and then the prompt", test_rows, set_up),
		CASE_IN("^C between the halves of a row ends the row", test_end_in_row, set_up),
		CASE_IN("the prompt begins a line, whatever the command wrote last",
			test_end_without_line, set_up),
		CASE_IN("what is typed ahead is done in its turn", test_ahead, set_up),
		CASE_IN("what is no command gets a sentence", test_no_command, set_up),
		CASE_IN("who gives words that a command does not take is told how it is called",
			test_usage, set_up),
		CASE_IN("a number is digits and nothing else, and fits", test_numbers, set_up),
		CASE_IN("sched tells each vCPU of a shared CPU", test_sched, set_up),
		CASE_IN("sched ends the row of a vCPU that leaves the CPU meanwhile",
			test_sched_moved, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
