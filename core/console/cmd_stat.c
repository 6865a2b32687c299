/* SPDX-License-Identifier: Apache-2.0 */
/* The command stat: what the vCPUs of a VM do and wait for, and why they exit. */
#include "core/base/string.h"
#include "core/console/command.h"
#include "core/exit/cause_names.h"
#include "core/exit/hypercall_show.h"
#include "core/exit/times.h"
#include "core/exit/trace.h"
#include "core/sched/policy.h"
#include "core/vm/manage.h"
#include "timer/deadline.h"

#define SAMPLES 256 /* of the trace of a vCPU's CPU */
#define PRIVATE 32  /* SGIs and PPIs */
#define SHARED	8

/* Filled before it is read: not zeroed at boot. */
static struct trace_record samples[SAMPLES] __attribute__((section(".late")));

/* What they hold of one vCPU, by cause. */
static struct {
	struct trace_reading reading;
	bool its;	  /* the record that was looked at last */
	uint32_t counted; /* records looked at */
	uint32_t cause[HYPERCALL_CAUSE_COUNT];
	uint32_t interrupt[PRIVATE]; /* by INTID */
	struct {
		uint32_t intid, count;
	} shared[SHARED]; /* those that came first; then one that stands for all others */
	uint32_t all;
} stat;

static void begin_records(const struct vcpu *vcpu)
{
	memset(&stat, 0, sizeof(stat));
	trace_begin(&stat.reading, vcpu->cpu, SAMPLES);
	stat.its = trace_knows_first(vcpu);
}

static void count_shared(uint32_t intid)
{
	uint32_t i = 0;

	while (i < SHARED - 1 && stat.shared[i].count != 0 && stat.shared[i].intid != intid) {
		i++;
	}
	stat.shared[i].intid = intid;
	stat.shared[i].count++;
}

static void count_record(const struct trace_record *record)
{
	stat.all++;
	stat.cause[trace_cause(record)]++;
	if (record->what < PRIVATE) {
		stat.interrupt[record->what]++;
	} else if (record->what < TRACE_IRQ) {
		count_shared((uint32_t)record->what);
	}
}

#define COUNTED_A_STEP 32

/* True: there are more. */
static bool count_records(const struct vcpu *vcpu)
{
	const struct trace_reading *reading = &stat.reading;
	uint64_t mark = trace_mark_of(vcpu);

	for (uint32_t i = 0; i < COUNTED_A_STEP && stat.counted != reading->count; i++) {
		const struct trace_record *record =
			&samples[reading->max - reading->count + stat.counted++];

		stat.its = trace_is_its(record, mark, stat.its);
		if (stat.its && record->what < TRACE_MARK) {
			count_record(record);
		}
	}
	return stat.counted != reading->count;
}

static const char *hold_text(const struct vcpu *vcpu)
{
	uint32_t hold = atomic_read(&vcpu->hold);

	if (atomic_read(&vcpu->power) != VCPU_ON) {
		return "off";
	}
	if ((hold & VCPU_HOLD_PAUSED) != 0) {
		return "is paused";
	}
	if ((hold & VCPU_HOLD_PARKED) != 0) {
		return "waits for another vCPU's answer";
	}
	return (hold & VCPU_HOLD_STANDBY) != 0 ? "waits for an interrupt" : "runs or may run";
}

/* Its own CPU may not have seen yet that it is no longer measured. */
static bool is_shared(const struct sched_cpu *cpu, const struct vcpu *vcpu)
{
	return cpu->shared && (cpu->count > 1 || cpu->window_count != 0 || vcpu->sched.budget != 0);
}

/* Which kind of row it is, and its times, are as they were at the first part. */
enum vcpu_row {
	ROW_MEASURED, /* value[0]: idle; value[1]: of how much */
	ROW_SHARED,   /* value[0]: ran; value[1]: waited */
	ROW_ALONE,
};

static enum vcpu_row look_at_vcpu(struct shell_job *job, const struct vcpu *vcpu)
{
	const struct sched_cpu *cpu = sched_state_of(vcpu->cpu);

	job->value[0] = policy_idle(cpu, deadline_now(), &job->value[1]);
	if (job->value[1] != 0) {
		return ROW_MEASURED;
	}
	if (!is_shared(cpu, vcpu)) {
		return ROW_ALONE;
	}
	job->value[0] = policy_ran(cpu, vcpu, deadline_now());
	job->value[1] = atomic_read(&vcpu->sched.stolen);
	return ROW_SHARED;
}

/* A row, in two parts. */
static void say_vcpu(struct shell_job *job, const struct vcpu *vcpu)
{
	uint64_t first = job->value[0], second = job->value[1];
	char ran[16], waited[16];
	uint32_t per_mille;

	if (job->part == 0) {
		job->at[3] = look_at_vcpu(job, vcpu);
		job->more = true;
		shell_say("%s vcpu %u on CPU %u%s: %s; ", vcpu->vm->name, vcpu->index, vcpu->cpu,
			  job->at[3] == ROW_SHARED ? "" : ", its own", hold_text(vcpu));
		return;
	}
	switch ((enum vcpu_row)job->at[3]) {
	case ROW_MEASURED:
		per_mille = (uint32_t)(first * 1000 / second);
		shell_format_time(ran, sizeof(ran), second);
		shell_say("idle %u.%u %% of the last %s\n", per_mille / 10, per_mille % 10, ran);
		break;
	case ROW_SHARED:
		shell_format_time(ran, sizeof(ran), first);
		shell_format_time(waited, sizeof(waited), second);
		shell_say("ran %s, waited %s\n", ran, waited);
		break;
	case ROW_ALONE:
		shell_say("idle n/a (WFI does not exit)\n");
		break;
	}
}

/* A line of who had the CPU while it waited, or of why its exits were; false: there is none, the
 * next step may come at once. */
static bool say_wait(const struct vcpu *vcpu, uint32_t whose)
{
	uint64_t waited = atomic_read(&vcpu->sched.waited[whose]);
	char time[16];

	if (waited == 0) {
		return false;
	}
	shell_format_time(time, sizeof(time), waited);
	if (whose == SCHED_HAD_NOBODY) {
		shell_say("  %12s  it waited for its window or its budget\n", time);
	} else {
		shell_say("  %12s  it waited while %s had the CPU\n", time,
			  vm_by_id(whose - SCHED_HAD(0))->name);
	}
	return true;
}

static uint64_t time_of_all(const struct vcpu *vcpu)
{
	uint64_t ticks = 0;

	for (uint32_t i = 0; i < HYPERCALL_CAUSE_COUNT; i++) {
		ticks += times_of(vcpu, i).ticks;
	}
	return ticks;
}

/* In two parts, where they are measured. */
static void say_head(struct shell_job *job, const struct vcpu *vcpu)
{
	uint64_t since = times_since(vcpu);
	char span[16];

	if (job->part != 0) {
		shell_say("  %12s %9s %9s  %5s\n", "count", "mean ns", "max ns", "share");
	} else if (since == 0) {
		shell_say("  of its last %u exits:\n", stat.all);
	} else {
		shell_format_time(span, sizeof(span), deadline_now() - since);
		shell_say("  exits of the last %s, and EL2's time for them:\n", span);
		job->more = true;
	}
}

/* Of all since they are measured. */
static bool say_time(const struct vcpu *vcpu, uint32_t cause)
{
	struct exit_time time = times_of(vcpu, cause);

	if (time.count == 0) {
		return false;
	}
	shell_say("  %12llu %9llu %9llu  %3u %%  %s\n", (unsigned long long)time.count,
		  (unsigned long long)(hypercall_ns(time.ticks) / time.count),
		  (unsigned long long)hypercall_ns(time.max),
		  SHELL_PERCENT(time.ticks, time_of_all(vcpu)), trace_cause_name(cause));
	return true;
}

static bool say_cause(const struct vcpu *vcpu, uint32_t cause)
{
	if (times_since(vcpu) != 0) {
		return say_time(vcpu, cause);
	}
	if (stat.cause[cause] != 0) {
		shell_say("  %8u  %3u %%  %s\n", stat.cause[cause],
			  SHELL_PERCENT(stat.cause[cause], stat.all), trace_cause_name(cause));
	}
	return stat.cause[cause] != 0;
}

/* Where they don't follow on what was counted with them. */
static bool say_interrupts_head(const struct vcpu *vcpu)
{
	bool needed = times_since(vcpu) != 0 && stat.cause[HYPERCALL_CAUSE_INTERRUPT] != 0;

	if (needed) {
		shell_say("  of its last %u exits:\n", stat.all);
	}
	return needed;
}

static bool say_interrupt(uint32_t intid)
{
	static const char *const names[PRIVATE] = {INTERRUPT_NAMES};

	if (stat.interrupt[intid] != 0) {
		shell_say("  %8u         interrupt %u%s\n", stat.interrupt[intid], intid,
			  names[intid] == NULL ? "" : names[intid]);
	}
	return stat.interrupt[intid] != 0;
}

/* SPIs and LPIs of the board. */
static bool say_shared(uint32_t n)
{
	uint32_t count = stat.shared[n].count;

	if (count != 0 && n == SHARED - 1) {
		shell_say("  %8u         other interrupts\n", count);
	} else if (count != 0) {
		shell_say("  %8u         interrupt %u\n", count, stat.shared[n].intid);
	}
	return count != 0;
}

/* idle: on all CPUs of the VM that no other has; time: of all its vCPUs. */
static bool set_measure(const struct shell_job *job)
{
	bool on = strcmp(job->word[3], "on") == 0;

	if (!on && strcmp(job->word[3], "off") != 0) {
		return shell_usage(job);
	}
	if (strcmp(job->word[2], "idle") == 0) {
		manage_measure_idle(job->vm, on);
	} else if (strcmp(job->word[2], "time") == 0) {
		times_ask(job->vm, on);
	} else {
		return shell_usage(job);
	}
	return true;
}

static bool begin_stat(struct shell_job *job)
{
	if (job->count != 2 && job->count != 4) {
		return shell_usage(job);
	}
	job->vm = shell_vm(job, 1);
	return job->vm == NULL || (job->count == 4 && set_measure(job));
}

/* Line n of what is said of a vCPU: 1 said, 0 nothing to say, -1 that was the last. */
static int say_line(struct shell_job *job, const struct vcpu *vcpu, uint32_t n)
{
	uint32_t waits = SCHED_HAD(vm_count());

	if (n == 0) {
		say_vcpu(job, vcpu);
		return 1;
	}
	n -= 1;
	if (n < waits) {
		return say_wait(vcpu, n);
	}
	n -= waits;
	if (n == 0) {
		say_head(job, vcpu);
		return 1;
	}
	n -= 1;
	if (n < HYPERCALL_CAUSE_COUNT) {
		return say_cause(vcpu, n);
	}
	n -= HYPERCALL_CAUSE_COUNT;
	if (n == 0) {
		return say_interrupts_head(vcpu);
	}
	n -= 1;
	if (n < PRIVATE) {
		return say_interrupt(n);
	}
	n -= PRIVATE;
	return n < SHARED ? say_shared(n) : -1;
}

enum stat_phase {
	STAT_BEGINS,
	STAT_READS,
	STAT_COUNTS,
	STAT_TELLS,
};

/* at[0]: vCPU; at[1]: line of it that comes next; at[2]: phase. */
static bool stat_step(struct shell_job *job)
{
	const struct vcpu *vcpu;
	int said;

	if (job->step == 0) {
		return begin_stat(job);
	}
	if (job->at[0] == job->vm->vcpu_count) {
		return true;
	}
	vcpu = job->vm->vcpu[job->at[0]];
	job->wait = 0;
	switch ((enum stat_phase)job->at[2]) {
	case STAT_BEGINS:
		begin_records(vcpu);
		job->at[2] = STAT_READS;
		return false;
	case STAT_READS:
		job->at[2] = trace_some(&stat.reading, samples) ? STAT_READS : STAT_COUNTS;
		return false;
	case STAT_COUNTS:
		job->at[2] = count_records(vcpu) ? STAT_COUNTS : STAT_TELLS;
		return false;
	case STAT_TELLS:
		break;
	}
	said = say_line(job, vcpu, job->at[1]);
	job->wait = said == 0 ? SHELL_IDLE : deadline_from_ms(1) / 4;
	job->at[1] += !job->more;
	if (said < 0) {
		job->at[0]++;
		job->at[1] = 0;
		job->at[2] = STAT_BEGINS;
	}
	return false;
}

static const char *stat_choice(const char *before, uint32_t n)
{
	static const char *const measures[] = {"idle", "time"}, *const words[] = {"on", "off"};
	const char *second = strchr(before, ' ');

	if (second == NULL) {
		return shell_vm_choice(n);
	}
	if (second[1] == '\0') {
		return n < ARRAY_COUNT(measures) ? measures[n] : NULL;
	}
	return (strcmp(second, " idle ") == 0 || strcmp(second, " time ") == 0) &&
			       n < ARRAY_COUNT(words) ?
		       words[n] :
		       NULL;
}

const struct shell_command stat_commands[] = {
	{"stat", "NAME [idle|time on|off]", 1, 3,
	 "what its vCPUs do and wait for, why they exit\n"
	 "Counted in the trace: the last exits of each."
	 "\nidle on: WFI exits also where a CPU is a vCPU's own, so that idle time is known."
	 "\ntime on: how long each exit keeps EL2 is measured from now on, by cause.",
	 stat_step, stat_choice},
	{0},
};
