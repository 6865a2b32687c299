/* SPDX-License-Identifier: Apache-2.0 */
/* Hypercalls that tell what a vCPU does: docs/hypercalls.md. */
#include "tests/unit/hypercall_suite.h"

static void waits(void **state)
{
	static const struct {
		uint32_t power, hold, wait;
	} cases[] = {
		{VCPU_ON, 0, HYPERCALL_WAIT_NONE},
		{VCPU_OFF, VCPU_HOLD_OFF, HYPERCALL_WAIT_OFF},
		{VCPU_ON_PENDING, VCPU_HOLD_OFF, HYPERCALL_WAIT_OFF},
		{VCPU_ON, VCPU_HOLD_STANDBY, HYPERCALL_WAIT_INTERRUPT},
		{VCPU_ON, VCPU_HOLD_PARKED, HYPERCALL_WAIT_ANSWER},
		{VCPU_ON, VCPU_HOLD_PAUSED | VCPU_HOLD_STANDBY, HYPERCALL_WAIT_RESUME},
	};

	(void)state;
	for (uint32_t i = 0; i < ARRAY_COUNT(cases); i++) {
		fake_vcpus[WORKER][1].power = cases[i].power;
		fake_vcpus[WORKER][1].hold = cases[i].hold;
		ask(HYPERCALL_VCPU_STAT, WORKER, 1);
		assert_int_equal(data()->stat.wait, cases[i].wait);
		assert_int_equal(data()->stat.exits, 36);
		assert_int_equal(data()->stat.cause[HYPERCALL_CAUSE_INTERRUPT], 36);
		assert_int_equal(data()->stat.interrupt[27], 32);
		assert_int_equal(data()->stat.other_count, 4);
		assert_int_equal(data()->stat.other[3], 100);
		assert_int_equal(data()->stat.end, FAKE_RECORDS + 1);
		assert_int_equal(data()->stat.next, HYPERCALL_LIST_END);
	}
	fake_calls.shared_trace = true;
	ask(HYPERCALL_VCPU_STAT, WORKER, 1);
	assert_int_equal(data()->stat.exits, 24);
	fake_calls.lost_trace = true;
	ask(HYPERCALL_VCPU_STAT, WORKER, 1);
	assert_int_equal(data()->stat.exits, 0);
	assert_int_equal(data()->stat.cause[HYPERCALL_CAUSE_INTERRUPT], 0);
	assert_int_equal(data()->stat.other_count, 0);
	assert_int_equal(data()->stat.other[0], 0);
}

/* The newest by themselves, and all from a number on. */
static void trace_goes_on_where_it_ended(void **state)
{
	uint64_t next = HYPERCALL_FROM_RECORD(1, 4001);
	uint32_t count = 0, calls = 0;

	(void)state;
	ask(HYPERCALL_VCPU_TRACE, WORKER, 1);
	assert_int_equal(data()->list.count, 62);
	assert_int_equal(data()->list.next, HYPERCALL_LIST_END);
	assert_int_equal(data()->trace[61].pc, FAKE_RECORDS);
	for (; next != HYPERCALL_LIST_END; next = data()->list.next, calls++) {
		assert_int_equal(ask(HYPERCALL_VCPU_TRACE, WORKER, next), HYPERCALL_OK);
		for (uint32_t i = 0; i < data()->list.count; i++, count++) {
			assert_int_equal(data()->trace[i].pc, 4001 + count);
		}
	}
	assert_int_equal(count, 1000);
	assert_int_equal(calls, 17);
	/* behind the newest there is none, whatever number that has */
	for (next = HYPERCALL_FROM_RECORD(1, FAKE_RECORDS + 1); next >> 63 == 0; next <<= 1) {
		ask(HYPERCALL_VCPU_TRACE, WORKER, (next & ~UINT64_C(0xffff)) | 1);
		assert_int_equal(data()->list.count, 0);
		assert_int_equal(data()->list.next, HYPERCALL_LIST_END);
	}
	assert_int_equal(ask(HYPERCALL_VCPU_TRACE, WORKER, HYPERCALL_FROM_RECORD(2, 1)),
			 HYPERCALL_INVALID);
	assert_int_equal(ask(HYPERCALL_VCPU_STAT, WORKER, HYPERCALL_FROM_RECORD(0xffff, 1)),
			 HYPERCALL_INVALID);
}

static void counts_go_on_where_they_ended(void **state)
{
	uint64_t next = HYPERCALL_FROM_RECORD(0, FAKE_RECORDS + 1 - 256);
	uint32_t exits = 0, others = 0;

	(void)state;
	for (; next != HYPERCALL_LIST_END; next = data()->stat.next) {
		ask(HYPERCALL_VCPU_STAT, WORKER, next);
		assert_int_equal(data()->stat.interrupt[27] + data()->stat.other_count,
				 data()->stat.exits);
		exits += data()->stat.exits;
		others += data()->stat.other_count;
	}
	assert_int_equal(exits, 256);
	assert_int_equal(others, 26);
}

/* Whose records stand before the first mark is known to whom EL2 told what was before: to nobody
 * who only says so. */
static void whose_they_are_is_no_guests_word(void **state)
{
	uint64_t next;

	(void)state;
	fake_calls.shared_trace = true;
	ask(HYPERCALL_VCPU_TRACE, WORKER, HYPERCALL_FROM_RECORD(0, 4001));
	assert_false(fake_calls.knew);
	next = data()->list.next;
	ask(HYPERCALL_VCPU_TRACE, WORKER, next);
	assert_true(fake_calls.knew);
	/* not once more, nor of another record or vCPU, nor another VM */
	ask(HYPERCALL_VCPU_TRACE, WORKER, next);
	assert_false(fake_calls.knew);
	ask(HYPERCALL_VCPU_TRACE, WORKER, HYPERCALL_FROM_RECORD(0, 4001));
	ask(HYPERCALL_VCPU_TRACE, WORKER, next + HYPERCALL_FROM_RECORD(0, 1));
	assert_false(fake_calls.knew);
	ask(HYPERCALL_VCPU_TRACE, WORKER, HYPERCALL_FROM_RECORD(0, 4001));
	ask(HYPERCALL_VCPU_TRACE, WORKER, next | 1);
	assert_false(fake_calls.knew);
	ask(HYPERCALL_VCPU_TRACE, WORKER, HYPERCALL_FROM_RECORD(0, 4001));
	call_by(&fake_vcpus[WORKER][0], HYPERCALL_ID64(HYPERCALL_VCPU_TRACE),
		(const uint64_t[]){WORKER, next, FAKE_RAM, HYPERCALL_DATA_SIZE});
	assert_false(fake_calls.knew);
}

/* -- registers, which another CPU answers -- */

static void registers(void **state)
{
	(void)state;
	assert_int_equal(ask(HYPERCALL_VCPU_REGS, WORKER, 1), HYPERCALL_BUSY);
	assert_ptr_equal(fake_calls.asked_regs[BOSS], &fake_vcpus[WORKER][1]);
	assert_int_equal(ask(HYPERCALL_VCPU_REGS, WORKER, 1), HYPERCALL_BUSY);
	fake_answer_regs();
	assert_int_equal(ask(HYPERCALL_VCPU_REGS, WORKER, 1), HYPERCALL_OK);
	assert_int_equal(data()->regs.index, 1);
	assert_int_equal(data()->regs.pc, 0x1000 + WORKER);
	assert_int_equal(data()->regs.x[30], 30);
	assert_int_equal(data()->regs.sctlr_el1, 1);
	assert_int_equal(data()->regs.mdccint_el1, 24);
	/* fetched is gone */
	assert_int_equal(ask(HYPERCALL_VCPU_REGS, WORKER, 1), HYPERCALL_BUSY);
}

static int64_t ask_by(uint32_t by, uint64_t vcpu)
{
	const uint64_t args[] = {WORKER, vcpu, FAKE_RAM, HYPERCALL_DATA_SIZE};

	return call_by(&fake_vcpus[by][0], HYPERCALL_ID64(HYPERCALL_VCPU_REGS), args);
}

/* Who asks and never fetches keeps nobody waiting: each VM has a question of its own. */
static void own_questions(void **state)
{
	(void)state;
	fake_configs[STRANGER].manages = 1 << WORKER;
	assert_int_equal(ask_by(STRANGER, 0), HYPERCALL_BUSY);
	assert_int_equal(ask_by(WORKER, 1), HYPERCALL_BUSY);
	assert_int_equal(ask_by(BOSS, 0), HYPERCALL_BUSY);
	assert_ptr_equal(fake_calls.asked_regs[BOSS], &fake_vcpus[WORKER][0]);
	assert_ptr_equal(fake_calls.asked_regs[WORKER], &fake_vcpus[WORKER][1]);
	fake_answer_regs();
	assert_int_equal(ask_by(BOSS, 0), HYPERCALL_OK);
	assert_int_equal(data()->regs.index, 0);
	/* nor is one VM's answer another's */
	assert_int_equal(ask_by(BOSS, 1), HYPERCALL_BUSY);
	assert_int_equal(ask_by(WORKER, 1), HYPERCALL_BAD_ADDRESS); /* which is the boss's RAM */
	for (uint32_t i = 0; i < 10; i++) {
		ask_by(STRANGER, i % 2);
		fake_answer_regs();
		assert_int_equal(ask_by(BOSS, 1), HYPERCALL_OK);
		assert_int_equal(ask_by(BOSS, 1), HYPERCALL_BUSY);
	}
}

/* Of two programs of one VM the one that came first is answered, for a second. */
static void one_question(void **state)
{
	(void)state;
	assert_int_equal(ask_by(BOSS, 0), HYPERCALL_BUSY);
	fake_answer_regs();
	assert_int_equal(ask_by(BOSS, 1), HYPERCALL_BUSY);
	assert_null(fake_calls.asked_regs[BOSS]);
	assert_int_equal(ask_by(BOSS, 0), HYPERCALL_OK);

	/* one that is never answered goes after a second */
	assert_int_equal(ask_by(BOSS, 1), HYPERCALL_BUSY);
	fake_calls.now += FAKE_HZ - 1;
	assert_int_equal(ask_by(BOSS, 0), HYPERCALL_BUSY);
	assert_ptr_equal(fake_calls.asked_regs[BOSS], &fake_vcpus[WORKER][1]);
	fake_calls.now += 1;
	assert_int_equal(ask_by(BOSS, 0), HYPERCALL_BUSY);
	assert_ptr_equal(fake_calls.asked_regs[BOSS], &fake_vcpus[WORKER][0]);
	fake_answer_regs();
	assert_int_equal(ask_by(BOSS, 0), HYPERCALL_OK);
}

int main(void)
{
#define WITH_VMS(sentence, function) CASE_IN(sentence, function, hypercall_set_up)
	const struct CMUnitTest cases[] = {
		WITH_VMS("it is told what a vCPU waits for, and why it exits", waits),
		WITH_VMS("a trace goes on where it ended", trace_goes_on_where_it_ended),
		WITH_VMS("what was counted goes on where it ended", counts_go_on_where_they_ended),
		WITH_VMS("whose exits they are is no guest's word",
			 whose_they_are_is_no_guests_word),
		WITH_VMS("registers come when their owner has answered", registers),
		WITH_VMS("each VM has a question of its own, and its own answer", own_questions),
		WITH_VMS("one question of a VM at a time, until it is fetched or a second is over",
			 one_question),
	};

	return cmocka_run_group_tests(cases, NULL, NULL);
}
