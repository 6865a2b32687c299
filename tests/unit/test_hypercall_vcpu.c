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
		assert_int_equal(data()->stat.exits, 35);
		assert_int_equal(data()->stat.cause[HYPERCALL_CAUSE_INTERRUPT], 35);
		assert_int_equal(data()->stat.interrupt[27], 35);
	}
	fake_calls.shared_trace = true;
	ask(HYPERCALL_VCPU_STAT, WORKER, 1);
	assert_int_equal(data()->stat.exits, 23);
	fake_calls.lost_trace = true;
	ask(HYPERCALL_VCPU_STAT, WORKER, 1);
	assert_int_equal(data()->stat.exits, 0);
	assert_int_equal(data()->stat.cause[HYPERCALL_CAUSE_INTERRUPT], 0);
	ask(HYPERCALL_VCPU_TRACE, WORKER, 1);
	assert_int_equal(data()->list.count, 62);
	assert_int_equal(data()->list.next, HYPERCALL_LIST_END);
	assert_int_equal(data()->trace[61].pc, 61);
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
		WITH_VMS("registers come when their owner has answered", registers),
		WITH_VMS("each VM has a question of its own, and its own answer", own_questions),
		WITH_VMS("one question of a VM at a time, until it is fetched or a second is over",
			 one_question),
	};

	return cmocka_run_group_tests(cases, NULL, NULL);
}
