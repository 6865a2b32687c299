/* SPDX-License-Identifier: Apache-2.0 */
/* The shell's top, picture by picture, of a VM whose vCPUs share their CPUs or have their own. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/console/command.h"
#include "core/console/mux.h"
#include "core/exit/regs.h"
#include "core/sched/policy.h"
#include "core/vm/life.h"
#include "core/vm/manage.h"
#include "irq/vgic/vgic.h"
#include "mm/page_alloc.h"
#include "tests/unit/fake_time.h"
#include "tests/unit/unit.h"

#define HZ 1000000

static struct vcpu vcpus[2];
static struct vcpu *const both[] = {&vcpus[0], &vcpus[1]};
static struct vm vm = {.name = "toy", .vcpu = (struct vcpu **)both, .vcpu_count = 2};
static struct sched_cpu cpus[2];
static char said[4096];

void shell_say(const char *fmt, ...)
{
	size_t len = strlen(said);
	va_list args;

	va_start(args, fmt);
	vsnprintf(said + len, sizeof(said) - len, fmt, args);
	va_end(args);
}

uint64_t deadline_to_us(uint64_t ticks)
{
	return ticks;
}

uint64_t deadline_from_ms(uint64_t ms)
{
	return ms * (HZ / 1000);
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

const struct sched_cpu *sched_state_of(uint32_t index)
{
	return &cpus[index];
}

const char *life_state_name(const struct vm *of)
{
	(void)of;
	return "running";
}

bool mux_shell_has_focus(void)
{
	return true;
}

/* -- what top does not ask -- */

struct vm *shell_vm(const struct shell_job *job, uint32_t word)
{
	(void)job, (void)word;
	return NULL;
}

bool shell_usage(const struct shell_job *job)
{
	(void)job;
	return true;
}

bool shell_number(const char *word, uint32_t *value)
{
	(void)word, (void)value;
	return false;
}

const char *shell_vm_choice(uint32_t n)
{
	(void)n;
	return NULL;
}

const char *shell_first_vm_choice(const char *before, uint32_t n)
{
	(void)before, (void)n;
	return NULL;
}

bool mux_focus_name(const char *name)
{
	(void)name;
	return false;
}

bool regs_ask(uint32_t asker, struct vcpu *vcpu)
{
	(void)asker, (void)vcpu;
	return false;
}

const struct regs_answer *regs_get(uint32_t asker)
{
	(void)asker;
	return NULL;
}

#define VERB(name)                                                                                 \
	int name(struct vm *of)                                                                    \
	{                                                                                          \
		(void)of;                                                                          \
		return 0;                                                                          \
	}
VERB(manage_start)
VERB(manage_stop)
VERB(manage_restart)
VERB(manage_pause)
VERB(manage_resume)
VERB(manage_kill)
#undef VERB

int manage_set_cpu(const struct vm *by, struct vm *of, uint32_t index, uint32_t cpu)
{
	(void)by, (void)of, (void)index, (void)cpu;
	return 0;
}

int manage_set_priority(const struct vm *by, struct vm *of, uint32_t index, uint32_t priority)
{
	(void)by, (void)of, (void)index, (void)priority;
	return 0;
}

uint32_t page_alloc_used(void)
{
	return 0;
}

uint32_t page_alloc_left(void)
{
	return 0;
}

uint32_t vgic_busy_count(struct vm *of)
{
	(void)of;
	return 0;
}

/* -- who looks -- */

static struct shell_job job;

static const struct shell_command *top(void)
{
	for (uint32_t i = 0; vm_commands[i].name != NULL; i++) {
		if (strcmp(vm_commands[i].name, "top") == 0) {
			return &vm_commands[i];
		}
	}
	return NULL;
}

/* One picture; a second passes after it. */
static void picture(void)
{
	memset(said, 0, sizeof(said));
	for (uint32_t i = 0; i <= vm_count(); i++) {
		assert_false(top()->step(&job));
		job.step++;
	}
	fake_time.now += HZ;
}

static bool shows(const char *text)
{
	return strstr(said, text) != NULL;
}

static int set_up(void **state)
{
	(void)state;
	memset(&job, 0, sizeof(job));
	fake_time_reset(HZ, HZ);
	for (uint32_t i = 0; i < 2; i++) {
		vcpus[i] = (struct vcpu){.vm = &vm, .index = i, .cpu = i};
		vcpus[i].sched.ran = 5 * HZ;
		vcpus[i].sched.stolen = HZ;
		cpus[i].shared = true;
	}
	picture();
	return 0;
}

static void ran(uint32_t vcpu, uint64_t ticks)
{
	vcpus[vcpu].sched.ran += ticks;
	vcpus[vcpu].sched.stolen += HZ - ticks;
}

static void shares(void **state)
{
	(void)state;
	ran(0, HZ / 2);
	ran(1, HZ / 4);
	picture();
	assert_true(shows("  75 % #######..."));
	assert_true(shows(" 125 % stolen\n"));
}

/* Others leave the CPU of one of its vCPUs, and come back: what it ran before is no less. */
static void sole_owner(void **state)
{
	(void)state;
	cpus[1].shared = false;
	ran(0, HZ / 2);
	picture();
	assert_true(shows("  50 % #####....."));
	assert_true(shows("  50 % stolen\n"));
	cpus[1].shared = true;
	ran(0, HZ / 2);
	picture();
	assert_true(shows("  50 % #####....."));
	assert_true(shows("  50 % stolen\n"));
}

/* All of its CPUs are its own for a while: what came before is not of the second after. */
static void all_its_own(void **state)
{
	(void)state;
	ran(0, HZ / 2);
	cpus[0].shared = cpus[1].shared = false;
	picture();
	assert_true(shows("own CPUs: idle is n/a\n"));
	cpus[0].shared = cpus[1].shared = true;
	picture();
	assert_true(shows("   0 % ....."));
	assert_true(shows("   0 % stolen\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE_IN("what it ran is a bar", shares, set_up),
		CASE_IN("a vCPU that comes to have its CPU alone takes nothing back", sole_owner,
			set_up),
		CASE_IN("what was counted meanwhile is of no later second", all_its_own, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
