/* SPDX-License-Identifier: Apache-2.0 */
/* The boss makes hypercalls by HVC: what the suites of test_hypercall*.c begin with. */
#ifndef TESTS_UNIT_HYPERCALL_SUITE_H
#define TESTS_UNIT_HYPERCALL_SUITE_H

#include "tests/unit/fake_hypercall.h"
#include "tests/unit/unit.h"

#define KEPT UINT64_C(0x0123456789abcdef) /* in registers that no call may change */
#define HUGE UINT64_C(0x100000000)

static struct vcpu *const boss = &fake_vcpus[BOSS][0];

static int64_t call_by(struct vcpu *by, uint32_t id, const uint64_t args[HYPERCALL_ARGS])
{
	by->regs.x[0] = id;
	for (uint32_t i = 1; i < 31; i++) {
		by->regs.x[i] = i <= HYPERCALL_ARGS ? args[i - 1] : KEPT;
	}
	hypercall_call(by);
	for (uint32_t i = HYPERCALL_ARGS + 1; i < 31; i++) {
		assert_int_equal(by->regs.x[i], KEPT);
	}
	return (int64_t)by->regs.x[0];
}

static int64_t call(uint32_t number, uint64_t about, uint64_t more, uint64_t ipa, uint64_t size)
{
	const uint64_t args[] = {about, more, ipa, size};

	return call_by(boss, HYPERCALL_ID64(number), args);
}

/* With room for the whole answer. */
static int64_t ask(uint32_t number, uint64_t about, uint64_t more)
{
	return call(number, about, more, FAKE_RAM, HYPERCALL_DATA_SIZE);
}

/* The answer to that. */
static const union hypercall_data *data(void)
{
	return (const union hypercall_data *)fake_byte(0);
}

/* A question about registers that the test before left open is fetched. */
static int hypercall_set_up(void **state)
{
	fake_hypercall_set_up(state);
	while (ask(HYPERCALL_VCPU_REGS, WORKER, 0) != HYPERCALL_OK) {
		fake_answer_regs();
	}
	return fake_hypercall_set_up(state);
}

#endif
