/* SPDX-License-Identifier: Apache-2.0 */
/* Commands that a VM gives by a socket: words in, hypercalls made, sentences out. */
#include "core/console/remote.h"

#include "core/base/format.h"
#include "core/base/size.h"
#include "core/base/string.h"
#include "core/exit/hypercall.h"
#include "core/vm/vm.h"

#define NS_PER_MS 1000000
#define NOBODY	  UINT64_MAX /* a name that this VM may not know, or that is nobody's */

static void say(struct vsock_job *job, const char *fmt, ...) PRINTF_LIKE(2, 3);

static void say(struct vsock_job *job, const char *fmt, ...)
{
	uint32_t room = VSOCK_SAY_MAX - job->len;
	va_list args;
	int len;

	va_start(args, fmt);
	len = format_v(job->out + job->len, room, fmt, args);
	va_end(args);
	job->len += room == 0 ? 0 : MIN((uint32_t)MAX(len, 0), room - 1);
}

/* -- calls -- */

/* Arguments behind these two are the caller's, where the call has any. */
static int32_t ask(struct vcpu *by, struct hypercall *call, uint32_t number, uint64_t first,
		   uint64_t second)
{
	call->number = number;
	call->arg[0] = first;
	call->arg[1] = second;
	hypercall_do(by, call);
	return call->status;
}

/* What it was answered, where that is no success. */
static void say_status(struct vsock_job *job, int32_t status)
{
	static const char *const words[] = {
		[-HYPERCALL_NOT_SUPPORTED] = "firmware can't do that",
		[-HYPERCALL_INVALID] = "there is no such vCPU, CPU or priority",
		[-HYPERCALL_DENIED] = "denied: `manages` of this VM does not name all whom that is "
				      "about",
		[-HYPERCALL_BUSY] = "not from the state that it is in; `vm` tells which",
		[-HYPERCALL_ALREADY] = "it is so already",
		[-HYPERCALL_NOT_FOUND] = "there is none",
		[-HYPERCALL_NO_ROOM] = "that CPU has no room for it",
	};

	if (status != HYPERCALL_OK) {
		say(job, "%s\n", words[-status]);
	}
}

/* The VM of a name, of those that may be looked at; NOBODY after a sentence. */
static uint64_t find(struct vcpu *by, struct vsock_job *job, const char *name)
{
	struct hypercall call;

	ask(by, &call, HYPERCALL_VM_LIST, 0, 0);
	for (uint64_t mask = call.result[0]; mask != 0; mask &= mask - 1) {
		uint32_t id = (uint32_t)__builtin_ctzll(mask);

		if (strcmp(vm_by_id(id)->name, name) == 0) {
			return id;
		}
	}
	say(job, "no VM that this one looks after is called \"%s\"; `vm` lists them\n", name);
	return NOBODY;
}

/* A number and nothing else; false after a sentence. */
static bool number(struct vsock_job *job, const char *word, uint64_t *value)
{
	char *end;

	*value = strtoul(word, &end, 10);
	if (*word == '\0' || *end != '\0') {
		say(job, "\"%s\" is not a number\n", word);
		return false;
	}
	return true;
}

/* -- commands: a step of each -- */

static const char *state_name(const struct hypercall_vm_info *info)
{
	static const char *const names[] = {
		[HYPERCALL_STATE_OFF] = "off",
		[HYPERCALL_STATE_LOADING] = "loading",
		[HYPERCALL_STATE_RUNNING] = "running",
		[HYPERCALL_STATE_STOPPING] = "stopping",
		[HYPERCALL_STATE_PAUSING] = "pausing",
		[HYPERCALL_STATE_PAUSED] = "paused",
		[HYPERCALL_STATE_RESTARTING] = "restarting",
	};

	return (info->flags & HYPERCALL_VM_START_WAITS) != 0 ? "off (waits)" : names[info->state];
}

/* at[0]: the VM; at[2]: half of its row has been said: the whole takes longer than a step. */
static bool list(struct vcpu *by, struct vsock_job *job)
{
	const struct hypercall_vm_info *info;
	struct hypercall call;
	uint64_t mask;

	ask(by, &call, HYPERCALL_VM_LIST, 0, 0);
	mask = job->at[0] >= CONFIG_VM_MAX ? 0 : call.result[0] & ~(BIT(job->at[0]) - 1);
	if (mask == 0) {
		return true;
	}
	job->at[0] = (uint64_t)__builtin_ctzll(mask);
	if (ask(by, &call, HYPERCALL_VM_INFO, job->at[0], 0) != HYPERCALL_OK) {
		return true;
	}
	info = &call.data.vm;
	job->at[2] = !job->at[2];
	if (job->at[2] != 0) {
		say(job, "%-*s %-11s ", vm_name_width(), info->name, state_name(info));
		return false;
	}
	say(job, "%3u vCPUs %5llu MiB %3u restarts\n", info->vcpu_count,
	    (unsigned long long)(info->memory >> 20), info->restarts);
	job->at[0]++;
	return false;
}

/* vm affinity NAME VCPU CPU */
static bool affinity(struct vcpu *by, struct vsock_job *job)
{
	uint64_t vm = find(by, job, job->word[2]), index;
	struct hypercall call;

	if (vm != NOBODY && number(job, job->word[3], &index) &&
	    number(job, job->word[4], &call.arg[2])) {
		say_status(job, ask(by, &call, HYPERCALL_VCPU_SET_CPU, vm, index));
	}
	return true;
}

/* True: nothing is to be set, after a sentence. */
static bool begin_priority(struct vcpu *by, struct vsock_job *job)
{
	uint64_t value;

	job->at[1] = find(by, job, job->word[2]);
	job->at[2] = job->count == 5;
	return job->at[1] == NOBODY || !number(job, job->word[3], &value) ||
	       (job->count == 5 && !number(job, job->word[4], &job->at[0]));
}

/* vm priority NAME PRIORITY [VCPU]: at[0]: the next vCPU, one in a step; at[1]: the VM; at[2]: how
 * many are left. */
static bool priority(struct vcpu *by, struct vsock_job *job)
{
	struct hypercall call;
	int32_t status;

	if (job->step == 0) {
		return begin_priority(by, job);
	}
	if (job->at[2] == 0) {
		status = ask(by, &call, HYPERCALL_VM_INFO, job->at[1], 0);
		job->at[2] = call.data.vm.vcpu_count;
		return status != HYPERCALL_OK;
	}
	number(job, job->word[3], &call.arg[2]);
	status = ask(by, &call, HYPERCALL_VCPU_SET_PRIORITY, job->at[1], job->at[0]++);
	say_status(job, status);
	return status != HYPERCALL_OK || --job->at[2] == 0;
}

static const struct {
	const char *name;
	uint32_t number;
} verbs[] = {
	{"start", HYPERCALL_VM_START},	   {"stop", HYPERCALL_VM_STOP},
	{"restart", HYPERCALL_VM_RESTART}, {"pause", HYPERCALL_VM_PAUSE},
	{"resume", HYPERCALL_VM_RESUME},   {"kill", HYPERCALL_VM_KILL},
};

static bool usage(struct vsock_job *job)
{
	say(job, "`help` says how it is called\n");
	return true;
}

static bool vm_step(struct vcpu *by, struct vsock_job *job)
{
	struct hypercall call;
	uint64_t vm;

	if (job->count == 1) {
		return list(by, job);
	}
	if (job->count == 5 && strcmp(job->word[1], "affinity") == 0) {
		return affinity(by, job);
	}
	if ((job->count == 4 || job->count == 5) && strcmp(job->word[1], "priority") == 0) {
		return priority(by, job);
	}
	for (uint32_t i = 0; i < ARRAY_COUNT(verbs) && job->count == 3; i++) {
		if (strcmp(job->word[1], verbs[i].name) == 0) {
			vm = find(by, job, job->word[2]);
			if (vm != NOBODY) {
				say_status(job, ask(by, &call, verbs[i].number, vm, 0));
			}
			return true;
		}
	}
	return usage(job);
}

/* at[0]: the vCPU; at[1]: the VM, found in a step of its own; at[2]: as above. */
static bool vcpu_step(struct vcpu *by, struct vsock_job *job)
{
	static const char *const powers[] = {"off", "starts", "on"};
	const struct hypercall_vcpu_info *info;
	struct hypercall call;

	if (job->step == 0) {
		job->at[1] = find(by, job, job->word[1]);
		return job->at[1] == NOBODY;
	}
	if (ask(by, &call, HYPERCALL_VCPU_INFO, job->at[1], job->at[0]) != HYPERCALL_OK) {
		return true;
	}
	info = &call.data.vcpu;
	job->at[2] = !job->at[2];
	if (job->at[2] != 0) {
		say(job, "vCPU %u on CPU %u, %s, priority %u, ", info->index, info->cpu,
		    powers[info->power], info->priority);
		return false;
	}
	say(job, "ran %llu ms, waited %llu ms\n", (unsigned long long)(info->ran / NS_PER_MS),
	    (unsigned long long)(info->stolen / NS_PER_MS));
	job->at[0]++;
	return false;
}

/* at[0]: the next byte; at[1]: the VM, or the board; at[2]: the end, as it was at first. */
static bool log_step(struct vcpu *by, struct vsock_job *job)
{
	const struct hypercall_log *log;
	struct hypercall call;
	uint32_t length;
	int32_t status;

	if (job->step == 0) {
		job->at[1] = job->count == 1 ? HYPERCALL_BOARD : find(by, job, job->word[1]);
		return job->at[1] == NOBODY;
	}
	status = ask(by, &call, HYPERCALL_LOG_READ, job->at[1], job->at[0]);
	if (status != HYPERCALL_OK) {
		say_status(job, status);
		return true;
	}
	log = &call.data.log;
	job->at[2] = job->step == 1 ? log->end : job->at[2];
	length = MIN(log->length, (uint32_t)(VSOCK_SAY_MAX - 16));
	memcpy(job->out, log->text, length);
	job->len = length;
	job->at[0] = log->begin + length;
	return length == 0 || job->at[0] >= job->at[2];
}

/* at[0]: the VM; at[1]: what its row is made of, in steps of their own; at[2]: one was told. */
static bool balloon_list(struct vcpu *by, struct vsock_job *job)
{
	const struct hypercall_balloon *balloon;
	struct hypercall call;
	uint64_t mask;

	ask(by, &call, HYPERCALL_VM_LIST, 0, 0);
	mask = job->at[0] >= CONFIG_VM_MAX ? 0 : call.result[0] & ~(BIT(job->at[0]) - 1);
	if (mask == 0) {
		if (job->at[2] == 0) {
			say(job, "no VM that this one looks after has a balloon\n");
		}
		return true;
	}
	job->at[0] = (uint64_t)__builtin_ctzll(mask);
	if (ask(by, &call, HYPERCALL_VM_BALLOON, job->at[0], 0) != HYPERCALL_OK) {
		job->at[0]++;
		return false;
	}
	balloon = &call.data.balloon;
	job->at[1] = !job->at[1];
	if (job->at[1] != 0) {
		say(job, "%-*s %5llu MiB now, ", vm_name_width(),
		    vm_by_id((uint32_t)job->at[0])->name, (unsigned long long)(balloon->now >> 20));
		return false;
	}
	say(job, "%llu asked for, of %llu; %llu at least\n",
	    (unsigned long long)(balloon->target >> 20), (unsigned long long)(balloon->size >> 20),
	    (unsigned long long)(balloon->min >> 20));
	job->at[0]++;
	job->at[2] = 1;
	return false;
}

/* at[0]: the VM, found in a step of its own. */
static bool balloon_step(struct vcpu *by, struct vsock_job *job)
{
	struct hypercall call;
	uint64_t bytes;
	int32_t status;

	if (job->count == 1) {
		return balloon_list(by, job);
	}
	if (job->count != 3) {
		return usage(job);
	}
	if (job->step == 0) {
		job->at[0] = find(by, job, job->word[1]);
		return job->at[0] == NOBODY;
	}
	if (!size_parse(job->word[2], &bytes)) {
		say(job, "\"%s\" is not a size: write 384 or 384M for MiB, or 1G\n", job->word[2]);
		return true;
	}
	status = ask(by, &call, HYPERCALL_VM_SET_MEMORY, job->at[0], bytes);
	if (status == HYPERCALL_INVALID) {
		say(job, "that is less than its minimum or more than its RAM; `balloon` tells\n");
	} else if (status == HYPERCALL_NOT_FOUND) {
		say(job, "it has no balloon\n");
	} else {
		say_status(job, status);
	}
	return true;
}

static bool board_step(struct vcpu *by, struct vsock_job *job)
{
	bool reboots = strcmp(job->word[0], "reboot") == 0;
	struct hypercall call;

	say_status(job,
		   ask(by, &call, reboots ? HYPERCALL_BOARD_RESET : HYPERCALL_BOARD_OFF, 0, 0));
	return true;
}

static bool exit_step(struct vcpu *by, struct vsock_job *job)
{
	(void)by;
	job->ends = true;
	return true;
}

static bool help_step(struct vcpu *by, struct vsock_job *job);

static const struct {
	const char *name, *help;
	uint8_t least, most; /* words behind the name */
	bool (*step)(struct vcpu *by, struct vsock_job *job);
} commands[] = {
	{"help", "help", 0, 0, help_step},
	{"vm",
	 "vm, vm start|stop|restart|pause|resume|kill NAME, vm affinity NAME VCPU CPU, "
	 "vm priority NAME PRIORITY [VCPU]",
	 0, 4, vm_step},
	{"vcpu", "vcpu NAME", 1, 1, vcpu_step},
	{"balloon", "balloon, balloon NAME SIZE", 0, 2, balloon_step},
	{"log", "log [NAME]", 0, 1, log_step},
	{"reboot", "reboot", 0, 0, board_step},
	{"poweroff", "poweroff", 0, 0, board_step},
	{"exit", "exit", 0, 0, exit_step},
};

static bool help_step(struct vcpu *by, struct vsock_job *job)
{
	(void)by;
	say(job, "%s\n", commands[job->step].help);
	return job->step + 1 == ARRAY_COUNT(commands);
}

static void split(struct vsock_job *job)
{
	char *at = job->line;

	while (job->count < VSOCK_WORD_MAX) {
		while (*at == ' ') {
			*at++ = '\0';
		}
		if (*at == '\0') {
			break;
		}
		job->word[job->count++] = at;
		while (*at != ' ' && *at != '\0') {
			at++;
		}
	}
}

bool remote_step(struct vcpu *by, struct vsock_job *job)
{
	if (job->step == 0) {
		split(job);
	}
	if (job->count == 0) {
		return true;
	}
	for (uint32_t i = 0; i < ARRAY_COUNT(commands); i++) {
		if (strcmp(job->word[0], commands[i].name) == 0) {
			return job->count - 1 < commands[i].least ||
					       job->count - 1 > commands[i].most ?
				       usage(job) :
				       commands[i].step(by, job);
		}
	}
	say(job, "\"%s\" is no command; `help` lists them\n", job->word[0]);
	return true;
}
