/* SPDX-License-Identifier: Apache-2.0 */
/* Commands about VMs: vm, top, regs, console. */
#include "core/base/errno.h"
#include "core/base/format.h"
#include "core/base/string.h"
#include "core/console/command.h"
#include "core/console/mux.h"
#include "core/exit/regs.h"
#include "core/sched/policy.h"
#include "core/vm/life.h"
#include "core/vm/manage.h"
#include "irq/vgic/vgic.h"
#include "mm/page_alloc.h"
#include "timer/deadline.h"

/* -- vm -- */

/* CPU time of its vCPUs, or stolen from them, as it was counted while they shared their CPUs: it
 * only grows, whoever comes and goes; false: none shares its own now. */
static bool time_of(const struct vm *vm, uint64_t *ran, uint64_t *stolen)
{
	bool shared = false;

	*ran = *stolen = 0;
	for (uint32_t i = 0; i < vm->vcpu_count; i++) {
		const struct vcpu *vcpu = vm->vcpu[i];
		const struct sched_cpu *cpu = sched_state_of(vcpu->cpu);

		shared = shared || cpu->shared;
		*ran += policy_ran(cpu, vcpu, deadline_now());
		*stolen += atomic_read(&vcpu->sched.stolen);
	}
	return shared;
}

void shell_format_time(char *text, size_t size, uint64_t ticks)
{
	uint64_t ms = deadline_to_us(ticks) / 1000;

	format(text, size, "%llu.%02llu s", (unsigned long long)(ms / 1000),
	       (unsigned long long)(ms % 1000 / 10));
}

/* CPUs, by bit. */
struct cpu_set {
	uint64_t word[PERCPU_CPU_MAX / 64];
};

static bool cpus_have(const struct cpu_set *set, uint32_t cpu)
{
	return cpu < PERCPU_CPU_MAX && (set->word[cpu / 64] & BIT(cpu % 64)) != 0;
}

/* The first of them from `cpu` on; PERCPU_CPU_MAX: none. */
static uint32_t cpus_next(const struct cpu_set *set, uint32_t cpu)
{
	while (cpu < PERCPU_CPU_MAX) {
		uint64_t left = set->word[cpu / 64] >> cpu % 64;

		if (left != 0) {
			return cpu + (uint32_t)__builtin_ctzll(left);
		}
		cpu = align_down(cpu, 64) + 64;
	}
	return cpu;
}

/* "0,1,4-7": those that its vCPUs have; "0,2,.." where there is no room for more. */
static void format_cpus(char *text, size_t size, const struct vm *vm)
{
	struct cpu_set set = {0};
	size_t len = 0;

	for (uint32_t i = 0; i < vm->vcpu_count; i++) {
		uint32_t cpu = atomic_read(&vm->vcpu[i]->cpu);

		set.word[cpu / 64] |= BIT(cpu % 64);
	}
	for (uint32_t at = cpus_next(&set, 0); at < PERCPU_CPU_MAX;) {
		uint32_t first = at;
		char part[12];

		while (cpus_have(&set, at + 1)) {
			at++;
		}
		if (first == at) {
			format(part, sizeof(part), "%u", first);
		} else {
			format(part, sizeof(part), "%u-%u", first, at);
		}
		at = cpus_next(&set, at + 1);
		if (len + strlen(part) + (at < PERCPU_CPU_MAX ? sizeof(",..") : 1) > size) {
			memcpy(text + len, "..", sizeof(".."));
			return;
		}
		memcpy(text + len, part, strlen(part) + 1);
		len += strlen(part);
		if (at < PERCPU_CPU_MAX) {
			text[len++] = ',';
		}
	}
}

#define NO_TIME UINT64_MAX

/* A row, in four parts; value[0] and value[1] are its times. */
static void say_vm(struct shell_job *job, const struct vm *vm)
{
	char cpus[12], time[16] = "own CPU";
	uint64_t bytes = 0;

	switch (job->part) {
	case 0:
		shell_say("%-*s %-18s %5u ", vm_name_width(), vm->name, life_state_name(vm),
			  vm->vcpu_count);
		break;
	case 1:
		format_cpus(cpus, sizeof(cpus), vm);
		shell_say("%-7s ", cpus);
		break;
	case 2:
		if (!time_of(vm, &job->value[0], &job->value[1])) {
			job->value[0] = job->value[1] = NO_TIME;
		} else {
			shell_format_time(time, sizeof(time), job->value[0]);
		}
		for (uint32_t e = 0; e < vm->extent_count; e++) {
			bytes += vm->extent[e].size;
		}
		shell_say("%6llu %9s ", (unsigned long long)(bytes >> 20), time);
		break;
	default:
		if (job->value[1] == NO_TIME) {
			time[0] = '-';
			time[1] = '\0';
		} else {
			shell_format_time(time, sizeof(time), job->value[1]);
		}
		shell_say("%8s %8u\n", time, vm->restart_count);
		break;
	}
	job->more = job->part < 3;
}

/* The table, then what a restart must leave as it was. */
static bool list_step(struct shell_job *job)
{
	uint32_t n = job->step;
	struct vm *vm;

	if (n == 0) {
		shell_say("%-*s %-18s %5s %-7s %6s %9s %8s %8s\n", vm_name_width(), "VM", "state",
			  "vCPUs", "CPUs", "MiB", "CPU time", "steal", "restarts");
		return false;
	}
	if (n <= vm_count()) {
		say_vm(job, vm_by_id(n - 1));
		return false;
	}
	n -= vm_count() + 1;
	if (n == 0) {
		shell_say("EL2 pages: %u in use, %u free\n", page_alloc_used(), page_alloc_left());
		return false;
	}
	vm = n <= vm_count() ? vm_by_id(n - 1) : NULL;
	if (vm != NULL && vm->state == VM_OFF) {
		shell_say("%s: %u interrupts pending or active\n", vm->name, vgic_busy_count(vm));
	}
	return vm == NULL;
}

static bool affinity_step(struct shell_job *job);
static bool priority_step(struct shell_job *job);

static const struct {
	const char *name;
	const char *args;
	uint32_t min, max; /* words of a line */
	int (*run)(struct vm *vm);
	bool (*step)(struct shell_job *job); /* where there are more words than its name */
} verbs[] = {
	{"start", "NAME", 3, 3, manage_start, NULL},
	{"stop", "NAME", 3, 3, manage_stop, NULL},
	{"restart", "NAME", 3, 3, manage_restart, NULL},
	{"pause", "NAME", 3, 3, manage_pause, NULL},
	{"resume", "NAME", 3, 3, manage_resume, NULL},
	{"kill", "NAME", 3, 3, manage_kill, NULL},
	{"affinity", "NAME VCPU CPU", 5, 5, NULL, affinity_step},
	{"priority", "NAME PRIORITY [VCPU]", 4, 5, NULL, priority_step},
};

static void say_refused(const struct vm *vm, uint32_t index, uint32_t value, int err)
{
	static const struct {
		int err;
		const char *why;
	} reasons[] = {
		{ENODEV, "there is no such CPU, or it did not come up"},
		{EINVAL, "that CPU is of another kind than its own"},
		{EFAULT, "that CPU has windows, and none of this VM"},
		{ENOSPC, "that CPU has as many vCPUs as it can have"},
		{E2BIG, "the budgets there would be more than all of its time"},
		{EDQUOT, "the budgets of this VM there would be more than its windows are"},
		{ERANGE, "priorities are 0 to 255"},
	};

	if (err == -ENOENT) {
		shell_say("%s has vCPUs 0 to %u\n", vm->name, vm->vcpu_count - 1);
		return;
	}
	for (uint32_t i = 0; i < ARRAY_COUNT(reasons); i++) {
		if (err == -reasons[i].err) {
			shell_say("%s vcpu %u, %u: %s\n", vm->name, index, value, reasons[i].why);
		}
	}
}

/* vm affinity NAME VCPU CPU */
static bool affinity_step(struct shell_job *job)
{
	struct vm *vm = shell_vm(job, 2);
	uint32_t index, cpu;

	if (vm != NULL && shell_number(job->word[3], &index) && shell_number(job->word[4], &cpu)) {
		say_refused(vm, index, cpu, manage_set_cpu(NULL, vm, index, cpu));
	}
	return true;
}

/* vm priority NAME PRIORITY [VCPU] */
static bool priority_step(struct shell_job *job)
{
	struct vm *vm = shell_vm(job, 2);
	uint32_t priority, index = 0, last;

	if (vm == NULL || !shell_number(job->word[3], &priority) ||
	    (job->count == 5 && !shell_number(job->word[4], &index))) {
		return true;
	}
	last = job->count == 5 ? index : vm->vcpu_count - 1;
	for (; index <= last; index++) {
		int err = manage_set_priority(NULL, vm, index, priority);

		if (err != 0) {
			say_refused(vm, index, priority, err);
			break;
		}
	}
	return true;
}

static void say_answer(const struct vm *vm, uint32_t verb, int err)
{
	const char *name = verbs[verb].name, *state = life_state_name(vm);
	bool starts = verbs[verb].run == manage_start || verbs[verb].run == manage_restart;

	if (err == -EALREADY) {
		shell_say("%s: nothing to be done, it is %s\n", vm->name, state);
	} else if (err != 0 && starts && atomic_read(&vm->lacking)) {
		shell_say(
			"%s can't %s: a disk of its could not be had, or is lost; `log` says why\n",
			vm->name, name);
	} else if (err != 0) {
		shell_say("%s can't be asked to %s while it is %s\n", vm->name, name, state);
	}
}

static bool verb_step(struct shell_job *job, uint32_t verb)
{
	struct vm *vm;

	if (job->count < verbs[verb].min || job->count > verbs[verb].max) {
		shell_say("usage: vm %s %s; help vm says more\n", verbs[verb].name,
			  verbs[verb].args);
		return true;
	}
	if (verbs[verb].step != NULL) {
		return verbs[verb].step(job);
	}
	vm = shell_vm(job, 2);
	if (vm != NULL) {
		say_answer(vm, verb, verbs[verb].run(vm));
	}
	return true;
}

static bool vm_step(struct shell_job *job)
{
	if (job->count == 1) {
		return list_step(job);
	}
	for (uint32_t i = 0; i < ARRAY_COUNT(verbs); i++) {
		if (strcmp(job->word[1], verbs[i].name) == 0) {
			return verb_step(job, i);
		}
	}
	return shell_usage(job);
}

static const char *vm_choice(const char *before, uint32_t n)
{
	if (before[0] == '\0') {
		return n < ARRAY_COUNT(verbs) ? verbs[n].name : NULL;
	}
	for (uint32_t i = 0; i < ARRAY_COUNT(verbs); i++) {
		size_t len = strlen(verbs[i].name);

		if (strncmp(before, verbs[i].name, len) == 0 && strcmp(before + len, " ") == 0) {
			return shell_vm_choice(n);
		}
	}
	return NULL;
}

/* -- top -- */

#define BAR_MAX 40

static uint64_t last_ran[CONFIG_VM_MAX];
static uint64_t last_stolen[CONFIG_VM_MAX];

static void say_bar(const struct vm *vm, uint64_t span)
{
	uint64_t ran, stolen, ran_now, stolen_now;
	bool shared = time_of(vm, &ran, &stolen);
	char bar[BAR_MAX + 1];
	uint32_t used;

	/* of one that is charged while it is looked at, less may be seen than before */
	ran_now = ran - MIN(ran, last_ran[vm->id]);
	stolen_now = stolen - last_stolen[vm->id];
	last_ran[vm->id] = ran;
	last_stolen[vm->id] = stolen;
	if (!shared) {
		shell_say("  %-*s %-18s own CPUs: idle is n/a\n", vm_name_width(), vm->name,
			  life_state_name(vm));
		return;
	}
	used = span == 0 ? 0 : (uint32_t)MIN(ran_now * BAR_MAX / 4 / span, (uint64_t)BAR_MAX);
	memset(bar, '#', used);
	memset(bar + used, '.', BAR_MAX - used);
	bar[BAR_MAX] = '\0';
	/* a CPU is ten characters */
	shell_say("  %-*s %3u %% %s %3u %% stolen\n", vm_name_width(), vm->name,
		  SHELL_PERCENT(ran_now, span), bar, SHELL_PERCENT(stolen_now, span));
}

/* at[0]: the next line of this picture; value[0]: when the last one was drawn. */
static bool top_step(struct shell_job *job)
{
	uint64_t now = deadline_now();

	job->any_key = true;
	if (job->ends || !mux_shell_has_focus()) {
		return true;
	}
	if (job->at[0] == 0) {
		uint64_t us = deadline_to_us(now);

		job->value[1] = job->value[0] == 0 ? 0 : now - job->value[0];
		job->value[0] = now;
		shell_say("top: up %llu.%llu s; CPU time of the last second, any key ends\n",
			  (unsigned long long)(us / 1000000),
			  (unsigned long long)(us % 1000000 / 100000));
	} else {
		say_bar(vm_by_id(job->at[0] - 1), job->value[1]);
	}
	if (job->at[0]++ == vm_count()) {
		job->at[0] = 0;
		job->wait = deadline_frequency();
	}
	return false;
}

/* -- regs -- */

#define REGS_WAIT_MS 1000

/* Four in a row, in two parts. */
static void say_general(struct shell_job *job, const struct regs_answer *a, uint32_t n)
{
	if (n < 28 && job->part == 0) {
		shell_say("x%-2u %016llx %016llx", n, (unsigned long long)a->regs.x[n],
			  (unsigned long long)a->regs.x[n + 1]);
		job->more = true;
	} else if (n < 28) {
		shell_say(" %016llx %016llx\n", (unsigned long long)a->regs.x[n + 2],
			  (unsigned long long)a->regs.x[n + 3]);
	} else {
		shell_say("x28 %016llx fp %016llx lr %016llx\n", (unsigned long long)a->regs.x[28],
			  (unsigned long long)a->regs.x[29], (unsigned long long)a->regs.x[30]);
	}
}

#define X(name, reset) {#name, offsetof(struct el1_regs, name)},
static const struct {
	const char *name;
	size_t at;
} el1_names[] = {VCPU_EL1_REGS(X)};
#undef X

static uint64_t el1_value(const struct regs_answer *a, uint32_t n)
{
	return *(const uint64_t *)((const uint8_t *)&a->el1 + el1_names[n].at);
}

_Static_assert(ARRAY_COUNT(el1_names) % 2 == 0, "two in a row");

static void say_el1(const struct regs_answer *a, uint32_t n)
{
	shell_say("%-16s %016llx  %-16s %016llx\n", el1_names[n].name,
		  (unsigned long long)el1_value(a, n), el1_names[n + 1].name,
		  (unsigned long long)el1_value(a, n + 1));
}

static bool ask(struct shell_job *job)
{
	uint32_t index = 0;

	job->vm = shell_vm(job, 1);
	if (job->vm == NULL || (job->count == 3 && !shell_number(job->word[2], &index))) {
		return true;
	}
	if (index >= job->vm->vcpu_count) {
		shell_say("%s has vCPUs 0 to %u\n", job->vm->name, job->vm->vcpu_count - 1);
		return true;
	}
	job->at[2] = index;
	if (!regs_ask(REGS_SHELL, job->vm->vcpu[index])) {
		shell_say("the last question has not been answered yet\n");
		return true;
	}
	job->value[0] = deadline_now() + deadline_from_ms(REGS_WAIT_MS);
	return false;
}

/* at[1]: the line of the answer. */
static bool regs_step(struct shell_job *job)
{
	const struct regs_answer *answer;
	uint32_t n;

	if (job->step == 0) {
		return ask(job);
	}
	answer = regs_get(REGS_SHELL);
	if (answer == NULL) {
		if (deadline_now() > job->value[0]) {
			shell_say("%s vcpu %u has had no turn within a second\n", job->vm->name,
				  job->at[2]);
			return true;
		}
		return false;
	}
	n = job->at[1];
	if (n == 0) {
		shell_say("%s vcpu %u, %s: pc %016llx pstate %08llx\n", job->vm->name, job->at[2],
			  answer->power != VCPU_ON		 ? "off" :
			  (answer->hold & VCPU_HOLD_PAUSED) != 0 ? "paused" :
			  answer->hold != 0			 ? "waiting" :
								   "running",
			  (unsigned long long)answer->pc, (unsigned long long)answer->pstate);
	} else if (n <= 8) {
		say_general(job, answer, (n - 1) * 4);
	} else if ((n - 9) * 2 < ARRAY_COUNT(el1_names)) {
		say_el1(answer, (n - 9) * 2);
	} else {
		return true;
	}
	job->at[1] += !job->more;
	return false;
}

/* -- console -- */

static bool console_step(struct shell_job *job)
{
	struct vm *vm;

	if (!mux_focus_name(job->word[1])) {
		vm = shell_vm(job, 1);
		if (vm != NULL) {
			shell_say("%s has no console that takes keys\n", vm->name);
		}
	}
	return true;
}

const struct shell_command vm_commands[] = {
	{"vm", "[VERB NAME ...]", 0, 4,
	 "the VMs; or what one is to do\n"
	 "VERB: start, stop, restart, pause, resume, kill; and with more words:\n"
	 "CPU time and steal are counted where vCPUs share a CPU.\n"
	 "vm affinity NAME VCPU CPU: that vCPU runs on that CPU from now on.\n"
	 "vm priority NAME PRIORITY [VCPU]: 0 to 255, higher first.",
	 vm_step, vm_choice},
	{"top", "", 0, 0,
	 "CPU time of each VM, every second, until a key\nA bar of ten is one CPU.", top_step,
	 NULL},
	{"regs", "NAME [VCPU]", 1, 2, "registers of a vCPU, as they are now", regs_step,
	 shell_first_vm_choice},
	{"console", "NAME", 1, 1,
	 "the keys go to this VM; Ctrl-]: back\n"
	 "NAME/DEVICE: to its second console.",
	 console_step, shell_first_vm_choice},
	{0},
};
