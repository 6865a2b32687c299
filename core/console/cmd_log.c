/* SPDX-License-Identifier: Apache-2.0 */
/* Commands about what happened: log, trace. */
#include "core/base/string.h"
#include "core/base/text.h"
#include "core/console/command.h"
#include "core/console/mux.h"
#include "core/exit/trace.h"

/* -- log -- */

#define LOG_LINES    40 /* shown, unless another count is given */
#define FOLLOW_LINES 10

/* What is searched for, and the row that is said next: of the one shell. */
static struct log_tail tail;
static char row[LOG_ROW_MAX + 1];

_Static_assert(LOG_ROW_MAX < SHELL_SAY_MAX, "a row is said at once");

struct log_options {
	bool follow, last;
	uint32_t lines;
};

/* Of its words one that is no number names the VM, and a number if a VM is called so: once. */
static bool is_name(const struct shell_job *job, const char *word)
{
	return !shell_is_number(word) || (job->vm == NULL && vm_by_name(word) != NULL);
}

/* False after a sentence. */
static bool take_name(struct shell_job *job, uint32_t word)
{
	if (job->vm != NULL) {
		return !shell_usage(job);
	}
	job->vm = shell_vm(job, word);
	return job->vm != NULL;
}

/* How many of what are to be shown: 0 is none yet. The same. */
static bool take_count(struct shell_job *job, uint32_t word, uint32_t *count)
{
	if (*count != 0) {
		return !shell_usage(job);
	}
	return shell_number(job->word[word], count);
}

static bool parse_log(struct shell_job *job, struct log_options *options)
{
	*options = (struct log_options){.lines = 0};
	for (uint32_t i = 1; i < job->count; i++) {
		const char *word = job->word[i];

		if (strcmp(word, "-f") == 0) {
			options->follow = true;
		} else if (strcmp(word, "--last") == 0) {
			options->last = true;
		} else if (is_name(job, word)) {
			if (!take_name(job, i)) {
				return false;
			}
		} else if (!take_count(job, i, &options->lines)) {
			return false;
		} else if (options->lines == 0) {
			shell_say("LINES is 1 or more; without it log shows %u, and with -f %u\n",
				  LOG_LINES, FOLLOW_LINES);
			return false;
		}
	}
	if (options->follow && options->last) {
		shell_say("-f or --last: the log of the boot before does not go on\n");
		return false;
	}
	if (options->lines == 0) {
		options->lines = options->follow ? FOLLOW_LINES : LOG_LINES;
	}
	return true;
}

static const struct console_port *port_of(const struct vm *vm)
{
	return vm == NULL ? NULL : mux_port_of_log(vm->log);
}

/* That of the boot before: constant, but for this copy of where it is. */
static struct log last_log;

static bool find_last(const struct vm *vm)
{
	const struct keep *keep = shell_sources()->keep;

	if (keep == NULL) {
		shell_say("logs end with a reset: `log-region` of the config keeps them\n");
	} else if (!keep_last(keep, vm == NULL ? "" : vm->name, &last_log)) {
		shell_say(keep->last == NULL ? "no log of an earlier boot is there, or it is not "
					       "whole any more\n" :
					       "%s had no log then\n",
			  vm == NULL ? "the hypervisor" : vm->name);
	} else {
		return true;
	}
	return false;
}

enum log_phase {
	LOG_BEGINS,
	LOG_SEARCHES, /* where the first line begins */
	LOG_TELLS,
	LOG_FOLLOWS, /* the console shows them itself, as they come */
};

static bool begin_log(struct shell_job *job)
{
	struct log_options options;

	if (!parse_log(job, &options)) {
		return true;
	}
	if (options.last) {
		if (!find_last(job->vm)) {
			return true;
		}
		job->vm = NULL;
		job->value[0] = (uint64_t)&last_log;
	} else if (job->vm != NULL) {
		job->value[0] = (uint64_t)job->vm->log;
	}
	tail = (struct log_tail){.lines = options.lines};
	job->at[0] = options.follow;
	job->at[1] = LOG_SEARCHES;
	return false;
}

static bool begin_follow(struct shell_job *job)
{
	if (job->at[0] == 0 || job->ends) {
		return true;
	}
	shell_say("-- new lines follow, others' are kept in their logs; any key ends --\n");
	job->any_key = true;
	job->at[1] = LOG_FOLLOWS;
	mux_show_only(port_of(job->vm));
	return false;
}

/* A row: read in one part, cleaned in the next and said in the last. */
static bool tell_row(struct shell_job *job, const struct log *log)
{
	if (job->part == 1) {
		row[text_clean(row, (uint32_t)strlen(row))] = '\0';
		job->more = true;
	} else if (job->part == 2) {
		shell_say("%s\n", row);
	} else if (tail.begin < tail.end && mux_log_line(log, &tail.begin, row, sizeof(row))) {
		job->more = true;
	} else {
		return begin_follow(job);
	}
	return false;
}

/* value[0]: the log; at[0]: it is followed; at[1]: phase. */
static bool log_step(struct shell_job *job)
{
	const struct log *log = (const struct log *)job->value[0];

	switch ((enum log_phase)job->at[1]) {
	case LOG_BEGINS:
		return begin_log(job);
	case LOG_SEARCHES:
		job->at[1] = mux_log_tail(log, &tail) ? LOG_TELLS : LOG_SEARCHES;
		job->wait = 0;
		return false;
	case LOG_TELLS:
		return tell_row(job, log);
	case LOG_FOLLOWS:
		break;
	}
	job->wait = UINT32_MAX;
	if (job->ends) {
		mux_show_all();
	}
	return job->ends;
}

static const char *log_choice(const char *before, uint32_t n)
{
	static const char *const options[] = {"-f", "--last"};

	if (before[0] == '\0' && n < ARRAY_COUNT(options)) {
		return options[n];
	}
	if (before[0] == '\0') {
		return shell_vm_choice(n - ARRAY_COUNT(options));
	}
	return strcmp(before, "-f ") == 0 ? shell_vm_choice(n) : NULL;
}

/* -- trace -- */

#define TRACE_LINES 20

/* Filled before it is read: not zeroed at boot. */
static struct trace_record records[TRACE_SHOWN] __attribute__((section(".late")));
static struct trace_reading reading;

static bool begin_trace(struct shell_job *job)
{
	for (uint32_t i = 1; i < job->count; i++) {
		if (is_name(job, job->word[i])) {
			if (!take_name(job, i)) {
				return true;
			}
		} else if (!take_count(job, i, &job->at[2])) {
			return true;
		} else if (job->at[2] == 0 || job->at[2] > ARRAY_COUNT(records)) {
			shell_say("COUNT is 1 to %u; without it trace shows %u exits of a CPU\n",
				  (uint32_t)ARRAY_COUNT(records), TRACE_LINES);
			return true;
		}
	}
	if (job->at[2] == 0) {
		job->at[2] = TRACE_LINES;
	}
	return false;
}

static bool runs_on(const struct vm *vm, uint32_t cpu)
{
	for (uint32_t v = 0; v < vm_count(); v++) {
		const struct vm *some = vm_by_id(v);

		for (uint32_t i = 0; i < some->vcpu_count; i++) {
			if (some->vcpu[i]->cpu == cpu && (vm == NULL || vm == some)) {
				return true;
			}
		}
	}
	return false;
}

enum trace_phase {
	TRACE_BEGINS, /* with a CPU */
	TRACE_READS,
	TRACE_TELLS,
};

static void begin_cpu(struct shell_job *job)
{
	if (!runs_on(job->vm, job->at[0])) {
		job->at[0]++;
		return;
	}
	trace_begin(&reading, job->at[0], job->at[2]);
	job->at[1] = TRACE_READS;
	job->at[3] = 0;
}

static void read_some(struct shell_job *job)
{
	if (trace_some(&reading, records)) {
		job->wait = 0;
		return;
	}
	shell_say("CPU %u, the last %u exits, newest last\n", job->at[0], reading.count);
	job->at[1] = TRACE_TELLS;
}

/* at[0]: CPU; at[1]: phase; at[2]: how many of each; at[3]: how many have been told. */
static bool trace_step(struct shell_job *job)
{
	static char text[100];

	if (job->step == 0) {
		return begin_trace(job);
	}
	if (job->part != 0) {
		shell_say("  %s\n", text);
		return false;
	}
	if (job->at[0] == shell_sources()->board->cpu_count) {
		return true;
	}
	if (job->at[1] == TRACE_BEGINS) {
		begin_cpu(job);
	} else if (job->at[1] == TRACE_READS) {
		read_some(job);
	} else if (job->at[3] != reading.count) {
		trace_describe(&records[reading.max - reading.count + job->at[3]++], text,
			       sizeof(text));
		job->more = true;
	} else {
		job->at[0]++;
		job->at[1] = TRACE_BEGINS;
	}
	return false;
}

const struct shell_command log_commands[] = {
	{"log", "[-f] [--last] [NAME] [LINES]", 0, 4,
	 "what was said last\nOf the hypervisor; with NAME, what that VM wrote and its life."
	 "\n-f: new lines as they come, and no others; --last: the log of the boot before.",
	 log_step, log_choice},
	{"trace", "[NAME] [COUNT]", 0, 2,
	 "the last exits of each CPU, or of a VM's\nEach with the guest's PC. When a vCPU is "
	 "loaded, the time is noted.",
	 trace_step, shell_first_vm_choice},
	{0},
};
