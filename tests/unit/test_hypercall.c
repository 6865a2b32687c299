/* SPDX-License-Identifier: Apache-2.0 */
/* Hypercalls by HVC, as docs/hypercalls.md has them: who may, what is answered, and where. */
#include <stdio.h>
#include <string.h>

#include "core/base/errno.h"
#include "tests/unit/hypercall_suite.h"
#include "tests/unit/unit.h"

#define NUMBERS 64

/* What it is about, and whether it gives a structure. */
enum kind {
	NO_CALL,
	PLAIN, /* of nobody, without a structure */
	BOARD_DATA,
	VM_DATA,
	VCPU_DATA,
	VM_OR_BOARD_DATA,
	CPU_DATA,
	WHOLE_BOARD_DATA,
	WHOLE_BOARD, /* without a structure, and firmware can't */
	VERB,
};

static const uint8_t kinds[NUMBERS] = {
	[HYPERCALL_FEATURES] = PLAIN,
	[HYPERCALL_VM_LIST] = PLAIN,
	[HYPERCALL_VM_INFO] = VM_DATA,
	[HYPERCALL_VCPU_INFO] = VCPU_DATA,
	[HYPERCALL_BOARD_INFO] = BOARD_DATA,
	[HYPERCALL_VM_START] = VERB,
	[HYPERCALL_VM_STOP] = VERB,
	[HYPERCALL_VM_PAUSE] = VERB,
	[HYPERCALL_VM_RESUME] = VERB,
	[HYPERCALL_VM_RESTART] = VERB,
	[HYPERCALL_VM_KILL] = VERB,
	[HYPERCALL_VCPU_SET_CPU] = VERB,
	[HYPERCALL_VCPU_SET_PRIORITY] = VERB,
	[HYPERCALL_LOG_READ] = VM_OR_BOARD_DATA,
	[HYPERCALL_VCPU_STAT] = VCPU_DATA,
	[HYPERCALL_VCPU_REGS] = VCPU_DATA,
	[HYPERCALL_VCPU_TRACE] = VCPU_DATA,
	[HYPERCALL_IRQS] = VM_OR_BOARD_DATA,
	[HYPERCALL_MEMORY] = VM_OR_BOARD_DATA,
	[HYPERCALL_AUDIT] = VM_DATA,
	[HYPERCALL_CPU_INFO] = CPU_DATA,
	[HYPERCALL_CPU_WINDOWS] = CPU_DATA,
	[HYPERCALL_LOG_LAST] = VM_OR_BOARD_DATA,
	[HYPERCALL_VM_TIMES] = VM_DATA,
	[HYPERCALL_VM_WAITS] = VM_DATA,
	[HYPERCALL_VM_MEASURE] = VERB,
	[HYPERCALL_BOARD_RESET] = WHOLE_BOARD,
	[HYPERCALL_BOARD_OFF] = WHOLE_BOARD,
	[HYPERCALL_BOARD_BANNER] = WHOLE_BOARD_DATA,
	[HYPERCALL_BOARD_TREE] = WHOLE_BOARD_DATA,
	[HYPERCALL_VM_BALLOON] = VM_DATA,
	[HYPERCALL_VM_SET_MEMORY] = VERB,
	[HYPERCALL_PORTS] = VM_OR_BOARD_DATA,
	[HYPERCALL_VM_SOCKETS] = VM_DATA,
};

static bool gives_data(uint32_t number)
{
	return kinds[number] >= BOARD_DATA && kinds[number] <= WHOLE_BOARD_DATA;
}

/* -- who may -- */

static bool is_of_board(uint32_t kind)
{
	return kind == CPU_DATA || kind == WHOLE_BOARD_DATA || kind == WHOLE_BOARD;
}

static int64_t expected(uint32_t kind, uint64_t about)
{
	bool of_vm = kind == VM_DATA || kind == VCPU_DATA || kind == VM_OR_BOARD_DATA;

	if (kind == NO_CALL) {
		return HYPERCALL_NOT_SUPPORTED;
	}
	if (is_of_board(kind) || (kind == VM_OR_BOARD_DATA && about == HYPERCALL_BOARD)) {
		return HYPERCALL_DENIED; /* the boss manages but one of two */
	}
	if (!of_vm && kind != VERB) {
		return HYPERCALL_OK;
	}
	if (about >= FAKE_VMS) {
		return HYPERCALL_NOT_FOUND;
	}
	return about == WORKER || (about == BOSS && of_vm) ? HYPERCALL_OK : HYPERCALL_DENIED;
}

static void rights(void **state)
{
	static const uint64_t about[] =
		{BOSS, WORKER,		STRANGER, FAKE_VMS,	 63,
		 64,   HYPERCALL_BOARD, HUGE,	  HUGE + WORKER, UINT64_MAX};

	(void)state;
	for (uint32_t number = 0; number < NUMBERS; number++) {
		for (uint32_t i = 0; i < ARRAY_COUNT(about); i++) {
			int64_t wanted = expected(kinds[number], about[i]), got;
			uint32_t asked = fake_calls.asked;

			got = number == HYPERCALL_VM_MEASURE ?
				      call(number, about[i], HYPERCALL_MEASURE_TIME, 1, 0) :
				      ask(number, about[i], 0);
			if (number == HYPERCALL_LOG_LAST && wanted == HYPERCALL_OK &&
			    about[i] != BOSS) {
				wanted = HYPERCALL_NOT_FOUND;
			}
			if (number == HYPERCALL_VCPU_REGS && wanted == HYPERCALL_OK) {
				wanted = HYPERCALL_BUSY;
				fake_calls.now += 2 * FAKE_HZ;
			}
			assert_int_equal(got, wanted);
			assert_int_equal(fake_calls.asked - asked,
					 kinds[number] == VERB && wanted == HYPERCALL_OK);
		}
	}
}

/* Numbers have 16 bits; those of other conventions come back as they are. */
static void numbers(void **state)
{
	static const uint64_t none[HYPERCALL_ARGS];

	(void)state;
	for (uint32_t number = 0; number < 0x10000; number++) {
		bool known = number < NUMBERS && kinds[number] != NO_CALL;
		bool other = number == 0xff01 || number == 0xff03;

		if (!known && !other) {
			assert_int_equal(call_by(boss, HYPERCALL_ID32(number), none),
					 HYPERCALL_NOT_SUPPORTED);
		}
		if (!known) {
			assert_int_equal(call_by(boss, HYPERCALL_ID64(number), none),
					 HYPERCALL_NOT_SUPPORTED);
		}
	}
	call_by(boss, HYPERCALL_UID, none);
	assert_int_equal(boss->regs.x[0], 0x6074708d);
	assert_int_equal(boss->regs.x[3], 0x73426426);
	assert_int_equal(call_by(boss, HYPERCALL_REVISION, none), HYPERCALL_MAJOR);
}

static uint64_t features_of(struct vcpu *by)
{
	static const uint64_t none[HYPERCALL_ARGS];

	assert_int_equal(call_by(by, HYPERCALL_ID64(HYPERCALL_FEATURES), none), HYPERCALL_OK);
	return by->regs.x[1];
}

static void features(void **state)
{
	uint64_t verbs = 0, all = BIT(HYPERCALL_YIELD), cpus = 0;

	(void)state;
	for (uint32_t number = 0; number < NUMBERS; number++) {
		all |= kinds[number] != NO_CALL ? BIT(number) : 0;
		verbs |= kinds[number] == VERB ? BIT(number) : 0;
		cpus |= is_of_board(kinds[number]) ? BIT(number) : 0;
	}
	assert_int_equal(features_of(boss), all & ~cpus);
	assert_int_equal(features_of(&fake_vcpus[STRANGER][1]), all & ~cpus & ~verbs);
	fake_configs[BOSS].manages = 1 << WORKER | 1 << STRANGER;
	assert_int_equal(features_of(boss), all);
}

/* Who manages all others is told of the board. */
static void board(void **state)
{
	(void)state;
	fake_configs[BOSS].manages = 1 << WORKER | 1 << STRANGER;
	for (uint32_t number = 0; number < NUMBERS; number++) {
		if (kinds[number] == VM_OR_BOARD_DATA) {
			assert_int_equal(ask(number, HYPERCALL_BOARD, 0),
					 number == HYPERCALL_LOG_LAST ? HYPERCALL_NOT_FOUND :
									HYPERCALL_OK);
			assert_int_equal(ask(number, HUGE | HYPERCALL_BOARD, 0),
					 HYPERCALL_NOT_FOUND);
		} else if (kinds[number] == CPU_DATA) {
			assert_int_equal(ask(number, FAKE_CPUS - 1, 0), HYPERCALL_OK);
			assert_int_equal(ask(number, FAKE_CPUS, 0), HYPERCALL_INVALID);
			assert_int_equal(ask(number, HUGE, 0), HYPERCALL_INVALID);
		}
	}
}

static void verbs(void **state)
{
	static const struct {
		int answer;
		int64_t status;
	} answers[] = {{0, HYPERCALL_OK}, {-EALREADY, HYPERCALL_ALREADY}, {-EBUSY, HYPERCALL_BUSY}};

	(void)state;
	for (uint32_t number = 0; number < NUMBERS; number++) {
		if (number == HYPERCALL_VM_MEASURE) {
			continue;
		}
		for (uint32_t i = 0; kinds[number] == VERB && i < ARRAY_COUNT(answers); i++) {
			fake_calls.answer = answers[i].answer;
			assert_int_equal(ask(number, WORKER, 0), answers[i].status);
			assert_int_equal(fake_calls.number, number);
			assert_ptr_equal(fake_calls.about, &fake_vms[WORKER]);
		}
	}
	assert_int_equal(fake_written(), 0);
}

/* Which vCPU, and where: all bits of both count. */
static void places(void **state)
{
	static const struct {
		int answer;
		int64_t status;
	} answers[] = {{-ENOENT, HYPERCALL_INVALID}, {-ENODEV, HYPERCALL_INVALID},
		       {-EINVAL, HYPERCALL_INVALID}, {-ERANGE, HYPERCALL_INVALID},
		       {-EFAULT, HYPERCALL_NO_ROOM}, {-ENOSPC, HYPERCALL_NO_ROOM},
		       {-E2BIG, HYPERCALL_NO_ROOM},  {-EACCES, HYPERCALL_DENIED}};

	(void)state;
	for (uint32_t number = HYPERCALL_VCPU_SET_CPU; number <= HYPERCALL_VCPU_SET_PRIORITY;
	     number++) {
		uint32_t asked = fake_calls.asked;

		assert_int_equal(call(number, WORKER, 1, 77, 0), HYPERCALL_OK);
		assert_int_equal(fake_calls.index, 1);
		assert_int_equal(fake_calls.value, 77);
		assert_ptr_equal(fake_calls.by, &fake_vms[BOSS]);
		assert_int_equal(call(number, WORKER, HUGE, 0, 0), HYPERCALL_INVALID);
		assert_int_equal(call(number, WORKER, 0, HUGE, 0), HYPERCALL_INVALID);
		assert_int_equal(fake_calls.asked, asked + 1);
		for (uint32_t i = 0; i < ARRAY_COUNT(answers); i++) {
			fake_calls.answer = answers[i].answer;
			assert_int_equal(call(number, WORKER, 0, 0, 0), answers[i].status);
		}
		fake_calls.answer = 0;
	}
}

static void vcpus(void **state)
{
	static const uint64_t none[] = {FAKE_VCPUS, 64, HUGE, UINT64_MAX};

	(void)state;
	for (uint32_t number = 0; number < NUMBERS; number++) {
		for (uint32_t i = 0; kinds[number] == VCPU_DATA && i < ARRAY_COUNT(none); i++) {
			bool reads =
				number == HYPERCALL_VCPU_STAT || number == HYPERCALL_VCPU_TRACE;

			/* of these 16 bits say which vCPU */
			if (reads && (uint16_t)none[i] < FAKE_VCPUS) {
				continue;
			}
			assert_int_equal(ask(number, WORKER, none[i]), HYPERCALL_INVALID);
			assert_int_equal(boss->regs.x[1], WORKER);
		}
	}
	assert_int_equal(fake_written(), 0);
	assert_null(fake_calls.asked_regs[BOSS]);
}

/* What a VM has of its RAM, and what it shall have. */
static void balloons(void **state)
{
	const struct hypercall_balloon *told = &data()->balloon;

	(void)state;
	fake_calls.now = 5 * FAKE_HZ;
	fake_calls.balloon = (struct balloon_view){
		.up = true,
		.size = GIB(5),
		.min = GIB(1),
		.now = GIB(4),
		.target = GIB(3),
		.known = 1U << BALLOON_FREE | 1U << BALLOON_HUGE_FAILED,
		.told_at = 3 * FAKE_HZ,
		.stat = {[BALLOON_FREE] = 77, [BALLOON_HUGE_FAILED] = UINT64_MAX},
	};
	assert_int_equal(ask(HYPERCALL_VM_BALLOON, WORKER, 0), HYPERCALL_OK);
	assert_int_equal(told->head.size, sizeof(*told));
	assert_int_equal(told->vm, WORKER);
	assert_int_equal(told->flags, HYPERCALL_BALLOON_UP);
	assert_int_equal(told->size, GIB(5));
	assert_int_equal(told->min, GIB(1));
	assert_int_equal(told->now, GIB(4));
	assert_int_equal(told->target, GIB(3));
	assert_int_equal(told->told, UINT64_C(2000000000));
	assert_int_equal(told->known, 1 << 4 | 1 << 9);
	assert_int_equal(told->stat[4], 77);
	assert_int_equal(told->stat[9], UINT64_MAX);
	assert_ptr_equal(fake_calls.news, &fake_vms[WORKER]);
	fake_calls.balloon.known = 0;
	ask(HYPERCALL_VM_BALLOON, WORKER, 0);
	assert_int_equal(told->told, 0);
	fake_calls.no_balloon = WORKER + 1;
	assert_int_equal(ask(HYPERCALL_VM_BALLOON, WORKER, 0), HYPERCALL_NOT_FOUND);

	assert_int_equal(call(HYPERCALL_VM_SET_MEMORY, WORKER, GIB(3) + 5, 0, 0), HYPERCALL_OK);
	assert_int_equal(fake_calls.bytes, GIB(3) + 5);
	fake_calls.answer = -ENODEV;
	assert_int_equal(ask(HYPERCALL_VM_SET_MEMORY, WORKER, 0), HYPERCALL_NOT_FOUND);
	fake_calls.answer = -ERANGE;
	assert_int_equal(ask(HYPERCALL_VM_SET_MEMORY, WORKER, 0), HYPERCALL_INVALID);
}

/* What is measured, and whether. */
static void measures(void **state)
{
	(void)state;
	for (uint32_t what = HYPERCALL_MEASURE_IDLE; what <= HYPERCALL_MEASURE_TIME; what++) {
		for (uint32_t on = 0; on < 2; on++) {
			fake_calls.index = 77;
			assert_int_equal(call(HYPERCALL_VM_MEASURE, WORKER, what, on, 0),
					 HYPERCALL_OK);
			assert_int_equal(fake_calls.index, what);
			assert_int_equal(fake_calls.value, on);
			assert_ptr_equal(fake_calls.about, &fake_vms[WORKER]);
		}
		assert_int_equal(call(HYPERCALL_VM_MEASURE, WORKER, what, 2, 0), HYPERCALL_INVALID);
		assert_int_equal(call(HYPERCALL_VM_MEASURE, WORKER, what, HUGE | 1, 0),
				 HYPERCALL_INVALID);
		assert_int_equal(call(HYPERCALL_VM_MEASURE, WORKER, HUGE | what, 1, 0),
				 HYPERCALL_INVALID);
	}
	assert_int_equal(call(HYPERCALL_VM_MEASURE, WORKER, HYPERCALL_MEASURE_TIME + 1, 1, 0),
			 HYPERCALL_INVALID);
	assert_int_equal(fake_calls.asked, 4);
}

/* The console has said all before the board ends; what firmware can't do comes back. */
static void board_ends(void **state)
{
	(void)state;
	fake_configs[BOSS].manages = 1 << WORKER | 1 << STRANGER;
	assert_int_equal(call(HYPERCALL_BOARD_RESET, 0, 0, 0, 0), HYPERCALL_NOT_SUPPORTED);
	assert_int_equal(fake_calls.number, HYPERCALL_BOARD_RESET);
	assert_int_equal(call(HYPERCALL_BOARD_OFF, 0, 0, 0, 0), HYPERCALL_NOT_SUPPORTED);
	assert_int_equal(fake_calls.number, HYPERCALL_BOARD_OFF);
	assert_int_equal(fake_calls.asked, 2);
	assert_int_equal(fake_calls.finished, 2);
}

/* -- where the answer goes -- */

/* Which VM a call is about that gives a structure: of the boss alone a log was kept. */
static uint64_t about_of(uint32_t number)
{
	return number == HYPERCALL_LOG_LAST ? BOSS : WORKER;
}

/* Its size: x1, and the second word of what is written. */
static uint32_t size_of(uint32_t number)
{
	if (number == HYPERCALL_VCPU_REGS) {
		ask(number, WORKER, 0);
		fake_answer_regs();
	}
	assert_int_equal(ask(number, about_of(number), 0), HYPERCALL_OK);
	assert_int_equal(boss->regs.x[1], data()->head.size);
	assert_int_equal(boss->regs.x[2], 0);
	assert_int_equal(boss->regs.x[3], 0);
	assert_int_equal(data()->head.version, 0x10002);
	assert_in_range(data()->head.size, 24, HYPERCALL_DATA_SIZE);
	return data()->head.size;
}

/* The call with this place; a question about registers has been answered. */
static int64_t place(uint32_t number, uint64_t ipa, uint64_t size)
{
	if (number == HYPERCALL_VCPU_REGS) {
		fake_calls.now += 2 * FAKE_HZ;
		ask(number, WORKER, 0);
		fake_answer_regs();
	}
	for (uint64_t at = 0; at < 2 * FAKE_EXTENT; at++) {
		*fake_byte(at) = FAKE_CANARY;
	}
	return call(number, about_of(number), 0, ipa, size);
}

/* Where the bytes that were written lie: the first one and behind the last, as far as it can be
 * told. */
static void is_written_within(uint64_t from, uint64_t size)
{
	for (uint64_t at = 0; at < 2 * FAKE_EXTENT; at++) {
		if (at - from >= size) {
			assert_int_equal(*fake_byte(at), FAKE_CANARY);
		}
	}
	/* the version's first byte */
	assert_int_equal(*fake_byte(from), HYPERCALL_MINOR);
}

static void good_places(void **state)
{
	(void)state;
	fake_configs[BOSS].manages = 1 << WORKER | 1 << STRANGER;
	for (uint32_t number = 0; number < NUMBERS; number++) {
		uint32_t size;

		if (!gives_data(number)) {
			continue;
		}
		size = size_of(number);
		for (uint32_t cut = 1; cut <= size; cut++) {
			assert_int_equal(place(number, FAKE_RAM + 5, cut), HYPERCALL_OK);
			assert_int_equal(boss->regs.x[1], size);
			is_written_within(5, cut);
		}
		/* the last bytes, and across from one extent into the next */
		assert_int_equal(place(number, FAKE_RAM_END - size, UINT64_MAX), HYPERCALL_OK);
		is_written_within(2 * FAKE_EXTENT - size, size);
		assert_int_equal(place(number, FAKE_RAM + FAKE_EXTENT - 3, size), HYPERCALL_OK);
		is_written_within(FAKE_EXTENT - 3, size);
	}
}

static void bad_places(void **state)
{
	(void)state;
	fake_configs[BOSS].manages = 1 << WORKER | 1 << STRANGER;
	for (uint32_t number = 0; number < NUMBERS; number++) {
		const uint64_t size = gives_data(number) ? size_of(number) : 0;
		const struct {
			uint64_t ipa, size;
		} bad[] = {
			{0, size},
			{FAKE_RAM - 1, size},
			{FAKE_RAM_END - size + 1, size},
			{FAKE_RAM_END - 1, 2},
			{FAKE_RAM_END, 1},
			{UINT64_MAX, 1},
			{UINT64_MAX, size},
			{UINT64_MAX - size + 1, UINT64_MAX},
			{FAKE_RAM | BIT(52), size},
			{FAKE_RAM + HUGE, size},
			{FAKE_RAM, 0},
		};

		for (uint32_t i = 0; size != 0 && i < ARRAY_COUNT(bad); i++) {
			assert_int_equal(place(number, bad[i].ipa, bad[i].size),
					 HYPERCALL_BAD_ADDRESS);
			assert_int_equal(boss->regs.x[1], about_of(number));
			assert_int_equal(boss->regs.x[2], 0);
			assert_int_equal(boss->regs.x[3], bad[i].ipa);
			assert_int_equal(boss->regs.x[4], bad[i].size);
			assert_int_equal(fake_written(), 0);
		}
	}
}

static void narrow(void **state)
{
	const uint64_t args[] = {HUGE | WORKER, HUGE, HUGE | FAKE_RAM, HUGE | 16};

	(void)state;
	assert_int_equal(call_by(boss, HYPERCALL_ID32(HYPERCALL_VM_INFO), args), HYPERCALL_OK);
	assert_int_equal(data()->vm.id, WORKER);
	is_written_within(0, 16);
}

/* -- what is answered -- */

static void infos(void **state)
{
	(void)state;
	fake_vms[WORKER].state = VM_PAUSED;
	fake_vms[WORKER].stop_reason = VM_STOP_WATCHDOG;
	fake_vms[WORKER].restart_count = 7;
	fake_vcpus[WORKER][1].sched.ran = 3 * FAKE_HZ;
	/* vCPU 0 has its CPU, for half a second */
	fake_cpus[0].since = fake_calls.now - FAKE_HZ / 2;
	fake_vcpus[WORKER][0].sched.stolen = FAKE_HZ / 4;
	ask(HYPERCALL_VM_INFO, WORKER, 0);
	assert_int_equal(data()->vm.state, HYPERCALL_STATE_PAUSED);
	assert_int_equal(data()->vm.reason, HYPERCALL_REASON_WATCHDOG);
	assert_int_equal(data()->vm.restarts, 7);
	assert_int_equal(data()->vm.ran, 3500000000);
	assert_int_equal(data()->vm.stolen, 250000000);
	assert_string_equal(data()->vm.name, "worker");
	assert_int_equal(data()->vm.flags, 0);
	fake_vms[WORKER].state = VM_OFF;
	fake_vms[WORKER].start_waits = true;
	ask(HYPERCALL_VM_INFO, WORKER, 0);
	assert_int_equal(data()->vm.flags, HYPERCALL_VM_START_WAITS);
	ask(HYPERCALL_VM_INFO, BOSS, 0);
	assert_int_equal(data()->vm.memory, 2 * FAKE_EXTENT);
	ask(HYPERCALL_VCPU_INFO, WORKER, 1);
	assert_int_equal(data()->vcpu.index, 1);
	assert_int_equal(data()->vcpu.flags, 0);
	assert_int_equal(data()->vcpu.ran, 3000000000);
	ask(HYPERCALL_VCPU_INFO, WORKER, 0);
	assert_int_equal(data()->vcpu.flags, HYPERCALL_VCPU_SHARES);
	fake_vcpus[WORKER][0].sched.background = true;
	ask(HYPERCALL_VCPU_INFO, WORKER, 0);
	assert_int_equal(data()->vcpu.flags, HYPERCALL_VCPU_SHARES | HYPERCALL_VCPU_BACKGROUND);
	ask(HYPERCALL_BOARD_INFO, 0, 0);
	assert_int_equal(data()->board.vm_count, FAKE_VMS);
	assert_int_equal(data()->board.cpu_count, FAKE_CPUS);
	assert_int_equal(data()->board.counter_frequency, FAKE_HZ);
}

static void write_log(struct log *log, uint32_t count)
{
	while (count-- != 0) {
		log_put(log, (uint8_t)log->head);
	}
}

/* Reads of whatever length come between writes of whatever length: each byte comes once, or is told
 * as lost. */
static void log_numbers(void **state)
{
	struct log *log = fake_vms[WORKER].log;
	uint64_t at = UINT32_MAX - 2000, lost = 0, got = 0;

	(void)state;
	/* somewhere in between it has written 4 GiB */
	log->head = at;
	for (uint32_t i = 0; i < 400; i++) {
		const struct hypercall_log *answer = &data()->log;

		write_log(log, i * 7 % 300);
		assert_int_equal(ask(HYPERCALL_LOG_READ, WORKER, at), HYPERCALL_OK);
		assert_int_equal(answer->vm, WORKER);
		assert_int_equal(answer->begin, at + answer->lost);
		assert_int_equal(answer->end, log->head);
		assert_int_equal(answer->head.size, 40 + answer->length);
		for (uint32_t n = 0; n < answer->length; n++) {
			assert_int_equal((uint8_t)answer->text[n], (uint8_t)(answer->begin + n));
		}
		lost += answer->lost;
		got += answer->length;
		at = answer->begin + answer->length;
		assert_int_equal(UINT32_MAX - 2000 + lost + got, log->head);
	}
	assert_true(lost != 0 && log->head > HUGE);
	/* 4 GiB ago, or not yet */
	ask(HYPERCALL_LOG_READ, WORKER, log->head - HUGE);
	assert_int_equal(data()->log.lost, HUGE - 256);
	ask(HYPERCALL_LOG_READ, WORKER, log->head + 1);
	assert_int_equal(data()->log.begin, log->head - 256);
	assert_int_equal(data()->log.lost, 0);
}

static void last_log(void **state)
{
	(void)state;
	assert_int_equal(ask(HYPERCALL_LOG_LAST, BOSS, 3), HYPERCALL_OK);
	assert_int_equal(data()->log.begin, 3);
	assert_int_equal(data()->log.end, strlen(FAKE_LAST) + 1);
	assert_memory_equal(data()->log.text, &(FAKE_LAST "\n")[3], strlen(FAKE_LAST) - 2);
	assert_int_equal(ask(HYPERCALL_LOG_LAST, WORKER, 0), HYPERCALL_NOT_FOUND);
	assert_int_equal(boss->regs.x[1], WORKER);
}

/* The list's records, in as many calls as it takes; how many. */
static uint32_t count_all(uint32_t number, uint64_t about, uint32_t *calls)
{
	uint64_t next = 0;
	uint32_t count = 0;

	*calls = 0;
	do {
		assert_int_equal(ask(number, about, next), HYPERCALL_OK);
		assert_int_equal(data()->head.size,
				 24 + data()->list.count * data()->list.record_size);
		assert_true(data()->list.next > next);
		next = data()->list.next;
		count += data()->list.count;
		assert_true(++*calls < 400);
	} while (next != HYPERCALL_LIST_END);
	return count;
}

static void lists(void **state)
{
	uint32_t calls;

	(void)state;
	fake_configs[BOSS].manages = 1 << WORKER | 1 << STRANGER;
	/* only the UART's is told where none is on */
	assert_int_equal(count_all(HYPERCALL_IRQS, WORKER, &calls), 1);
	assert_string_equal(data()->irq[0].device, "uart");
	fake_calls.all_irqs = true;
	assert_int_equal(count_all(HYPERCALL_IRQS, WORKER, &calls), FAKE_SPIS);
	assert_true(calls >= 4);
	fake_calls.irqs = 500;
	assert_int_equal(count_all(HYPERCALL_IRQS, HYPERCALL_BOARD, &calls), 500);
	assert_int_equal(count_all(HYPERCALL_MEMORY, HYPERCALL_BOARD, &calls), FAKE_GRANTS);
	/* every third from the third on, and each VM's */
	assert_int_equal(count_all(HYPERCALL_MEMORY, STRANGER, &calls), 1 + 33);
	assert_int_equal(count_all(HYPERCALL_CPU_WINDOWS, 0, &calls), FAKE_WINDOWS);
	assert_int_equal(calls, 2);
	assert_int_equal(count_all(HYPERCALL_CPU_WINDOWS, 1, &calls), 0);
	assert_int_equal(count_all(HYPERCALL_CPU_WINDOWS, FAKE_CPUS - 1, &calls), 0);
	for (uint64_t beyond = UINT64_MAX; beyond > HUGE; beyond >>= 1) {
		ask(HYPERCALL_IRQS, WORKER, beyond);
		assert_int_equal(data()->list.count, 0);
		ask(HYPERCALL_MEMORY, HYPERCALL_BOARD, beyond);
		assert_int_equal(data()->list.count, 0);
		ask(HYPERCALL_CPU_WINDOWS, 0, beyond);
		assert_int_equal(data()->list.count, 0);
		assert_int_equal(data()->list.next, HYPERCALL_LIST_END);
	}
}

/* What a disk, shared memory and the board's lines are called. */
static void names(void **state)
{
	const struct hypercall_memory_record *memory = data()->memory;
	uint64_t next = 0;
	uint32_t n = 0;

	(void)state;
	fake_configs[BOSS].manages = 1 << WORKER | 1 << STRANGER;
	for (; next != HYPERCALL_LIST_END; next = data()->list.next) {
		assert_int_equal(ask(HYPERCALL_MEMORY, HYPERCALL_BOARD, next), HYPERCALL_OK);
		assert_int_equal(data()->list.record_size, sizeof(*memory));
		for (uint32_t i = 0; i < data()->list.count; i++, n++) {
			bool disk = n == FAKE_DISK, shared = n == FAKE_SHARED || n == FAKE_SHARE;

			assert_string_equal(memory[i].name,
					    disk   ? "a-disk-whose-name-is-longer-tha" :
					    shared ? "ring" :
						     "");
			assert_string_equal(memory[i].of, disk ? "stranger" : "");
		}
	}
	assert_int_equal(n, FAKE_GRANTS);
	fake_calls.irqs = 20;
	ask(HYPERCALL_IRQS, HYPERCALL_BOARD, 40);
	assert_int_equal(data()->irq[0].intid, 40);
	assert_string_equal(data()->irq[0].device, "a disk whose name is longer tha");
	assert_string_equal(data()->irq[1].device, "a VM's");
}

/* Of vCPUs that are measured the causes that there were; their times in nanoseconds. */
static void times(void **state)
{
	struct exit_times *of = &fake_vcpus[WORKER][1].times;
	uint32_t calls;

	(void)state;
	for (uint32_t i = 0; i < HYPERCALL_CAUSE_COUNT; i++) {
		fake_vcpus[WORKER][0].times.cause[i] = (struct exit_time){5, 6, 7};
	}
	of->cause[HYPERCALL_CAUSE_SMC] = (struct exit_time){3, 12, 7};
	assert_int_equal(count_all(HYPERCALL_VM_TIMES, WORKER, &calls), 0);
	of->since = 1;
	assert_int_equal(count_all(HYPERCALL_VM_TIMES, WORKER, &calls), 1);
	assert_int_equal(data()->time[0].vcpu, 1);
	assert_int_equal(data()->time[0].cause, HYPERCALL_CAUSE_SMC);
	assert_int_equal(data()->time[0].count, 3);
	assert_int_equal(data()->time[0].total, 12000);
	assert_int_equal(data()->time[0].max, 7000);
	fake_vcpus[WORKER][0].times.since = 1;
	assert_int_equal(count_all(HYPERCALL_VM_TIMES, WORKER, &calls), HYPERCALL_CAUSE_COUNT + 1);
	/* a few of them in each answer */
	for (uint32_t i = 0; i < HYPERCALL_CAUSE_COUNT; i++) {
		of->cause[i].count = 1;
	}
	assert_int_equal(count_all(HYPERCALL_VM_TIMES, WORKER, &calls), 2 * HYPERCALL_CAUSE_COUNT);
	assert_in_range(calls, 2 * HYPERCALL_CAUSE_COUNT / 8, 2 * HYPERCALL_CAUSE_COUNT / 4);
}

static void check_port(const struct hypercall_port_record *port, uint32_t n)
{
	assert_int_equal(port->vlan, n);
	assert_int_equal(port->rate_kbps, n * 1000);
	assert_string_equal(port->network, "a-network-whose-name-is-31-long");
	assert_int_equal(port->sent_frames, FAKE_COUNT(n, 0));
	assert_int_equal(port->sent_bytes, FAKE_COUNT(n, 1));
	assert_int_equal(port->received_frames, FAKE_COUNT(n, 2));
	assert_int_equal(port->received_bytes, FAKE_COUNT(n, 3));
	for (uint32_t i = 0; i < ARRAY_COUNT(port->dropped); i++) {
		/* the first of a switch's reasons is none */
		assert_int_equal(port->dropped[i],
				 i < HYPERCALL_DROP_COUNT ? FAKE_COUNT(n, 5 + i) : 0);
	}
}

/* A VM's own ports to who may look at it; all, and uplinks, to who manages all others. */
static void ports(void **state)
{
	const struct hypercall_port_record *port = data()->port;
	uint32_t calls, seen = 0;
	uint64_t next = 0;

	(void)state;
	fake_calls.driven = BIT(1);
	assert_int_equal(count_all(HYPERCALL_PORTS, WORKER, &calls), 8);
	ask(HYPERCALL_PORTS, WORKER, 0);
	assert_int_equal(port[0].vm, WORKER);
	assert_int_equal(port[0].flags, HYPERCALL_PORT_UP);
	assert_int_equal(port[0].mac[1], 1);
	assert_int_equal(port[1].flags, 0);
	assert_string_equal(port[0].device, "net0");
	check_port(&port[0], 1);
	check_port(&port[1], 5);
	assert_int_equal(ask(HYPERCALL_PORTS, HYPERCALL_BOARD, 0), HYPERCALL_DENIED);

	fake_configs[BOSS].manages = 1 << WORKER | 1 << STRANGER;
	assert_int_equal(count_all(HYPERCALL_PORTS, HYPERCALL_BOARD, &calls), FAKE_PORTS);
	assert_in_range(calls, FAKE_PORTS / 8, FAKE_PORTS / 2);
	for (; next != HYPERCALL_LIST_END; next = data()->list.next) {
		ask(HYPERCALL_PORTS, HYPERCALL_BOARD, next);
		for (uint32_t i = 0; i < data()->list.count; i++, seen++) {
			bool uplink = seen % 4 == 3;

			check_port(&port[i], seen);
			assert_int_equal(port[i].vm, uplink ? HYPERCALL_NOBODY : seen % 4);
			assert_int_equal(port[i].spent, uplink ? 77 : 0);
			assert_int_equal(port[i].mac[0], uplink ? 0 : 2);
			assert_string_equal(port[i].device, uplink ? FAKE_NIC : "net0");
		}
	}
	assert_int_equal(seen, FAKE_PORTS);
	ask(HYPERCALL_PORTS, HYPERCALL_BOARD, 3);
	assert_int_equal(port[0].flags, HYPERCALL_PORT_UP);
	fake_calls.nic_broken = true;
	ask(HYPERCALL_PORTS, HYPERCALL_BOARD, 3);
	assert_int_equal(port[0].flags, HYPERCALL_PORT_BROKEN);
	for (uint64_t beyond = UINT64_MAX; beyond >= FAKE_PORTS; beyond >>= 1) {
		ask(HYPERCALL_PORTS, HYPERCALL_BOARD, beyond);
		assert_int_equal(data()->list.count, 0);
		assert_true(data()->list.next == HYPERCALL_LIST_END);
	}
}

static void sockets(void **state)
{
	const struct hypercall_sockets *told = &data()->sockets;

	(void)state;
	fake_calls.sockets.cid = 42;
	assert_int_equal(ask(HYPERCALL_VM_SOCKETS, WORKER, 0), HYPERCALL_OK);
	assert_int_equal(told->head.size, sizeof(*told));
	assert_int_equal(told->vm, WORKER);
	assert_int_equal(told->cid, 42);
	assert_int_equal(told->flags, 0);
	assert_int_equal(told->sent_packets, 1);
	assert_int_equal(told->sent_bytes, 2);
	assert_int_equal(told->received_packets, 3);
	assert_int_equal(told->received_bytes, 4);
	assert_int_equal(told->refused, 5);
	assert_int_equal(told->spoofed, 6);
	assert_int_equal(told->deaf, 7);
	assert_int_equal(told->untracked, 8);
	fake_calls.sockets.up = true;
	ask(HYPERCALL_VM_SOCKETS, WORKER, 0);
	assert_int_equal(told->flags, HYPERCALL_SOCKETS_UP);
	fake_calls.no_sockets = WORKER + 1;
	assert_int_equal(ask(HYPERCALL_VM_SOCKETS, WORKER, 0), HYPERCALL_NOT_FOUND);
}

static void waits_for(void **state)
{
	uint32_t calls;

	(void)state;
	assert_int_equal(count_all(HYPERCALL_VM_WAITS, WORKER, &calls), 0);
	fake_vcpus[WORKER][1].sched.waited[SCHED_HAD(STRANGER)] = 5;
	fake_vcpus[WORKER][1].sched.waited[SCHED_HAD_NOBODY] = 4;
	fake_vcpus[WORKER][0].sched.waited[SCHED_HAD(BOSS)] = 3;
	assert_int_equal(count_all(HYPERCALL_VM_WAITS, WORKER, &calls), 3);
	assert_int_equal(data()->wait[0].vcpu, 0);
	assert_int_equal(data()->wait[0].vm, BOSS);
	assert_int_equal(data()->wait[0].time, 3000);
	assert_int_equal(data()->wait[1].vcpu, 1);
	assert_int_equal(data()->wait[1].vm, HYPERCALL_NOBODY);
	assert_int_equal(data()->wait[2].vm, STRANGER);
	assert_int_equal(data()->wait[2].time, 5000);
}

static void banner(void **state)
{
	char text[16];
	uint64_t next = 0;

	(void)state;
	fake_configs[BOSS].manages = 1 << WORKER | 1 << STRANGER;
	for (uint32_t n = 0; n < FAKE_BANNER; n++) {
		assert_int_equal(ask(HYPERCALL_BOARD_BANNER, 0, next), HYPERCALL_OK);
		assert_int_equal(data()->text.length, 7);
		snprintf(text, sizeof(text), "line %u\n", n);
		assert_memory_equal(data()->text.text, text, 7);
		next = data()->text.next;
	}
	ask(HYPERCALL_BOARD_BANNER, 0, next);
	assert_int_equal(data()->text.length, 0);
	assert_true(data()->text.next == HYPERCALL_LIST_END);
	assert_int_equal(ask(HYPERCALL_BOARD_BANNER, 0, UINT64_MAX), HYPERCALL_OK);
}

/* From whichever byte on: the tree as it is, but for its seeds. */
static void tree(void **state)
{
	uint32_t size, hidden = 0;
	const uint8_t *blob = fake_tree(&size);

	(void)state;
	fake_configs[BOSS].manages = 1 << WORKER | 1 << STRANGER;
	for (uint32_t at = 0; at < size; at++) {
		const struct hypercall_text *text = &data()->text;

		assert_int_equal(ask(HYPERCALL_BOARD_TREE, 0, at), HYPERCALL_OK);
		assert_int_equal(text->length, MIN(size - at, (uint32_t)sizeof(text->text)));
		assert_true(text->next ==
			    (at + text->length < size ? at + text->length : HYPERCALL_LIST_END));
		for (uint32_t i = 0; i < text->length; i++) {
			assert_int_equal(text->text[i],
					 blob[at + i] == FAKE_SEED ? 0 : blob[at + i]);
		}
		hidden += blob[at] == FAKE_SEED;
	}
	assert_int_equal(hidden, FAKE_SEEDS);
	ask(HYPERCALL_BOARD_TREE, 0, UINT64_MAX);
	assert_int_equal(data()->text.length, 0);
}

static void audits(void **state)
{
	uint32_t mappings = 0, calls = 0;
	uint64_t next = 0;

	(void)state;
	do {
		ask(HYPERCALL_AUDIT, WORKER, next);
		mappings += data()->audit.mappings;
		next = data()->audit.next;
	} while (next != HYPERCALL_LIST_END && ++calls < 100);
	assert_int_equal(mappings, FAKE_LEAVES);
}

static void cpus(void **state)
{
	(void)state;
	fake_configs[BOSS].manages = 1 << WORKER | 1 << STRANGER;
	ask(HYPERCALL_CPU_INFO, 0, 0);
	assert_int_equal(data()->cpu.flags, HYPERCALL_CPU_UP | HYPERCALL_CPU_SHARED);
	assert_int_equal(data()->cpu.vm, WORKER);
	assert_int_equal(data()->cpu.window_count, FAKE_WINDOWS);
	ask(HYPERCALL_CPU_INFO, 1, 0);
	assert_int_equal(data()->cpu.flags, HYPERCALL_CPU_UP);
	assert_int_equal(data()->cpu.vcpu, 1);
	ask(HYPERCALL_CPU_INFO, FAKE_CPUS - 1, 0);
	assert_int_equal(data()->cpu.flags, 0);
	assert_int_equal(data()->cpu.vm, HYPERCALL_NOBODY);
}

int main(void)
{
#define WITH_VMS(sentence, function) CASE_IN(sentence, function, hypercall_set_up)
	const struct CMUnitTest cases[] = {
		WITH_VMS("each call is for those whom it is for", rights),
		WITH_VMS("all other numbers are not supported", numbers),
		WITH_VMS("the bitmap says what this VM may call", features),
		WITH_VMS("who manages all others is told of the board", board),
		WITH_VMS("verbs are those of core/vm/manage.h", verbs),
		WITH_VMS("what sets a vCPU's place is told apart", places),
		WITH_VMS("there are no more vCPUs than there are", vcpus),
		WITH_VMS("no byte is written beyond structure, room and RAM", good_places),
		WITH_VMS("what is not all RAM is refused, and nothing changes", bad_places),
		WITH_VMS("the 32-bit form ignores upper halves", narrow),
		WITH_VMS("states, reasons and times are told", infos),
		WITH_VMS("each byte of a log comes once or is told as lost", log_numbers),
		WITH_VMS("what was said before a reset is told where it was kept", last_log),
		WITH_VMS("what a VM has and shall have of its RAM can be said", balloons),
		WITH_VMS("what is measured can be said", measures),
		WITH_VMS("ports are told to who may look at them, uplinks to who manages all",
			 ports),
		WITH_VMS("what a VM's sockets did can be said", sockets),
		WITH_VMS("exits are told by cause, with their time, where they are measured",
			 times),
		WITH_VMS("it is told who had the CPU while a vCPU waited", waits_for),
		WITH_VMS("the board is reset and powered off, or firmware can't", board_ends),
		WITH_VMS("the banner comes line by line", banner),
		WITH_VMS("the board's tree comes without its seeds", tree),
		WITH_VMS("lists go on where they ended", lists),
		WITH_VMS("disks, shared memory and the board's lines have their names", names),
		WITH_VMS("an audit goes on where it ended", audits),
		WITH_VMS("CPUs are told with whose they are", cpus),
	};

	return cmocka_run_group_tests(cases, NULL, NULL);
}
