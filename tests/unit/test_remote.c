/* SPDX-License-Identifier: Apache-2.0 */
/* Commands that a VM gives by a socket: as much as its hypercalls allow. docs/vsock.md */
#include "core/console/remote.h"

#include <stdio.h>
#include <string.h>

#include "core/base/errno.h"
#include "tests/unit/fake_hypercall.h"
#include "tests/unit/unit.h"

#define STEPS_MAX 200

static char said[16384];

/* What a VM is answered to a line. */
static const char *tell_by(uint32_t vm, const char *line)
{
	struct vsock_job job;
	bool done = false;
	size_t len = 0;

	memset(&job, 0, sizeof(job));
	snprintf(job.line, sizeof(job.line), "%s", line);
	memset(said, 0, sizeof(said));
	for (; !done; job.step++) {
		assert_in_range(job.step, 0, STEPS_MAX);
		job.len = 0;
		done = remote_step(&fake_vcpus[vm][0], &job);
		assert_in_range(job.len, 0, VSOCK_SAY_MAX - 11);
		assert_true(len + job.len < sizeof(said));
		memcpy(said + len, job.out, job.len);
		len += job.len;
	}
	assert_int_equal(job.ends, strcmp(line, "exit") == 0);
	return said;
}

static const char *tell(const char *line)
{
	return tell_by(BOSS, line);
}

static void assert_says(const char *line, const char *part)
{
	if (strstr(tell(line), part) == NULL) {
		fail_msg("\"%s\" is answered \"%s\", without \"%s\"", line, said, part);
	}
}

/* A command that asks for one thing of the worker. */
static void assert_asks(const char *line, uint32_t number)
{
	uint32_t before = fake_calls.asked;

	fake_calls.answer = 0;
	assert_string_equal(tell(line), "");
	assert_int_equal(fake_calls.asked, before + 1);
	assert_int_equal(fake_calls.number, number);
	assert_ptr_equal(fake_calls.about, &fake_vms[WORKER]);
}

static void verbs_are_asked_for_once(void **state)
{
	(void)state;
	assert_asks("vm start worker", HYPERCALL_VM_START);
	assert_asks("vm stop worker", HYPERCALL_VM_STOP);
	assert_asks("  vm   restart worker ", HYPERCALL_VM_RESTART);
	assert_asks("vm pause worker", HYPERCALL_VM_PAUSE);
	assert_asks("vm resume worker", HYPERCALL_VM_RESUME);
	assert_asks("vm kill worker", HYPERCALL_VM_KILL);
	assert_asks("vm affinity worker 1 2", HYPERCALL_VCPU_SET_CPU);
	assert_int_equal(fake_calls.index, 1);
	assert_int_equal(fake_calls.value, 2);
	/* as the shell has it */
	assert_asks("vm priority worker 250 0", HYPERCALL_VCPU_SET_PRIORITY);
	assert_int_equal(fake_calls.index, 0);
	assert_int_equal(fake_calls.value, 250);
}

static void a_priority_is_one_vcpus_or_all_vcpus(void **state)
{
	uint32_t before = fake_calls.asked;

	(void)state;
	assert_string_equal(tell("vm priority worker 7 1"), "");
	assert_int_equal(fake_calls.asked, before + 1);
	assert_int_equal(fake_calls.index, 1);
	assert_int_equal(fake_calls.value, 7);
	assert_string_equal(tell("vm priority worker 9"), "");
	assert_int_equal(fake_calls.asked, before + 1 + FAKE_VCPUS);
	assert_int_equal(fake_calls.index, FAKE_VCPUS - 1);
	assert_int_equal(fake_calls.value, 9);
	/* what is refused is said once */
	fake_calls.answer = -ERANGE;
	assert_string_equal(tell("vm priority worker 256"),
			    "there is no such vCPU, CPU or priority\n");
	assert_int_equal(fake_calls.asked, before + 2 + FAKE_VCPUS);
	assert_says("vm priority worker x", "\"x\" is not a number\n");
	assert_says("vm priority worker 1 x", "\"x\" is not a number\n");
	assert_says("vm priority boss 1", "denied");
	assert_says("vm priority stranger 1", "no VM that this one looks after");
	assert_int_equal(fake_calls.asked, before + 2 + FAKE_VCPUS);
}

static void what_is_refused_is_said_as_a_sentence(void **state)
{
	static const struct {
		int err;
		const char *says;
	} errors[] = {
		{-EALREADY, "it is so already\n"},
		{-EBUSY, "not from the state that it is in"},
		{-EINVAL, "there is no such vCPU, CPU or priority\n"},
		{-ENOSPC, "that CPU has no room for it\n"},
	};

	(void)state;
	for (uint32_t i = 0; i < ARRAY_COUNT(errors); i++) {
		fake_calls.answer = errors[i].err;
		assert_says("vm affinity worker 0 1", errors[i].says);
	}
	assert_says("vm affinity worker 0 x", "\"x\" is not a number\n");
	assert_says("vm affinity worker 4294967296 1", "there is no such vCPU");
}

static void nobody_is_asked_about_who_is_not_managed(void **state)
{
	static const char *const lines[] = {"vm stop stranger", "vm stop nobody",
					    "vm affinity stranger 0 1", "vcpu stranger",
					    "log stranger"};
	uint32_t before = fake_calls.asked;

	(void)state;
	for (uint32_t i = 0; i < ARRAY_COUNT(lines); i++) {
		/* the same of one that there is and of one that there is not */
		assert_says(lines[i], "no VM that this one looks after is called \"");
	}
	assert_says("vm stop boss", "denied");
	assert_says("log", "denied");
	assert_says("reboot", "denied");
	assert_says("poweroff", "denied");
	assert_int_equal(fake_calls.asked, before);
	assert_null(strstr(tell("vm"), "stranger"));
	assert_string_equal(tell_by(WORKER, "vm stop boss"),
			    "no VM that this one looks after is called \"boss\"; `vm` lists "
			    "them\n");
}

/* Who says more than a command takes means something else: nothing is done. */
static void words_that_are_too_many(void **state)
{
	static const char *const lines[] = {"reboot now",
					    "poweroff worker",
					    "exit now",
					    "help vm",
					    "vcpu",
					    "vcpu worker 0",
					    "log a b",
					    "vm stop worker worker",
					    "vm stop",
					    "balloon worker",
					    "vm affinity worker 0 1 2 3 4 5 6"};
	uint32_t before = fake_calls.asked;

	(void)state;
	for (uint32_t i = 0; i < ARRAY_COUNT(lines); i++) {
		assert_string_equal(tell(lines[i]), "`help` says how it is called\n");
	}
	assert_int_equal(fake_calls.asked, before);
}

static void what_there_is_is_listed(void **state)
{
	(void)state;
	assert_says("vm", "boss ");
	assert_says("vm", "worker ");
	assert_says("vcpu worker", "vCPU 0 on CPU ");
	assert_says("vcpu worker", "vCPU 1 on CPU ");
	assert_null(strstr(said, "vCPU 2"));
	assert_says("help", "vm start|stop");
	assert_says("help", "exit\n");
}

static void memory_can_be_asked_for(void **state)
{
	(void)state;
	fake_calls.balloon = (struct balloon_view){.size = GIB(5),
						   .min = GIB(1),
						   .now = GIB(4),
						   .target = GIB(3)};
	fake_calls.no_balloon = BOSS + 1;
	assert_string_equal(tell("balloon"),
			    "worker        4096 MiB now, 3072 asked for, of 5120; 1024 at least\n");
	assert_asks("balloon worker 77", HYPERCALL_VM_SET_MEMORY);
	assert_int_equal(fake_calls.bytes, 77 << 20);
	assert_asks("balloon worker 3K", HYPERCALL_VM_SET_MEMORY);
	assert_int_equal(fake_calls.bytes, 3 << 10);
	assert_asks("balloon worker 2G", HYPERCALL_VM_SET_MEMORY);
	assert_int_equal(fake_calls.bytes, UINT64_C(2) << 30);
	fake_calls.answer = -ERANGE;
	assert_says("balloon worker 1M", "less than its minimum or more than its RAM");
	fake_calls.answer = -ENODEV;
	assert_says("balloon worker 1M", "it has no balloon");
	assert_says("balloon boss 1", "denied");
	assert_says("balloon worker 1T", "\"1T\" is not a size");
	assert_says("balloon worker 99999999999999G", "is not a size");
	assert_says("balloon stranger 1", "no VM that this one looks after");
	assert_says("balloon worker", "`help` says how");
	assert_says("help", "balloon NAME SIZE");
	/* it is told as one sentence, however many there are */
	fake_configs[BOSS].manages = 0;
	assert_string_equal(tell("balloon"), "no VM that this one looks after has a balloon\n");
}

static void a_log_comes_whole(void **state)
{
	static uint8_t bytes[4096];

	(void)state;
	*fake_vms[WORKER].log = (struct log){.data = bytes, .size = sizeof(bytes)};
	for (uint32_t i = 0; i < 5000; i++) {
		log_put(fake_vms[WORKER].log, (uint8_t)('a' + i % 23));
	}
	tell("log worker");
	assert_int_equal(strlen(said), sizeof(bytes));
	for (size_t i = 1; said[i] != '\0'; i++) {
		assert_int_equal(said[i], said[i - 1] == 'w' ? 'a' : said[i - 1] + 1);
	}
}

static void lines_that_are_no_commands_do_nothing(void **state)
{
	uint32_t before = fake_calls.asked;

	(void)state;
	assert_string_equal(tell(""), "");
	assert_string_equal(tell("   "), "");
	assert_says("frobnicate", "\"frobnicate\" is no command; `help` lists them\n");
	assert_says("vm stop", "`help` says how it is called\n");
	assert_says("vm frobnicate worker", "`help` says how it is called\n");
	assert_says("vm stop worker now please thanks", "`help` says how it is called\n");
	assert_says("vcpu", "`help` says how it is called\n");
	assert_string_equal(tell("exit"), "");
	assert_int_equal(fake_calls.asked, before);
}

#define REMOTE(sentence, function) CASE_IN(sentence, function, fake_hypercall_set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
		REMOTE("verbs are asked for once", verbs_are_asked_for_once),
		REMOTE("a priority is one vCPU's, or all vCPUs'",
		       a_priority_is_one_vcpus_or_all_vcpus),
		REMOTE("what is refused is said as a sentence",
		       what_is_refused_is_said_as_a_sentence),
		REMOTE("nobody is asked about who is not managed",
		       nobody_is_asked_about_who_is_not_managed),
		REMOTE("words that a command does not take are no command",
		       words_that_are_too_many),
		REMOTE("what there is is listed", what_there_is_is_listed),
		REMOTE("memory can be asked for", memory_can_be_asked_for),
		REMOTE("a log comes whole", a_log_comes_whole),
		REMOTE("lines that are no commands do nothing",
		       lines_that_are_no_commands_do_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
