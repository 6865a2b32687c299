/* SPDX-License-Identifier: Apache-2.0 */
/* Rules by which a VM is started again. */
#include "core/vm/restart.h"
#include "tests/unit/unit.h"

#define HZ   1000
#define HOUR (3600 * (uint64_t)HZ)

static void rules(void **state)
{
	static const struct {
		enum vm_stop_reason reason;
		bool rule[3]; /* restarted with never, on-crash, always */
		bool always;  /* at once, and it does not count */
	} cases[] = {
		{VM_STOP_POWEROFF, {false, false, true}, false},
		{VM_STOP_CRASH, {false, true, true}, false},
		{VM_STOP_WATCHDOG, {true, true, true}, false},
		{VM_STOP_RESET, {true, true, true}, true},
		{VM_STOP_RESTART, {true, true, true}, true},
		{VM_STOP_COMMAND, {false, false, false}, false},
		{VM_STOP_KILL, {false, false, false}, false},
		{VM_STOP_EXPIRED, {false, false, false}, false},
		{VM_STOP_IMAGE, {false, false, false}, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		for (uint32_t rule = 0; rule < 6; rule++) {
			struct vm_config config = {.restart = (enum vm_restart)(rule % 3),
						   .restart_limit = 5,
						   .restart_delay_ms = rule < 3 ? 0 : 20};
			struct vm_restarts restarts = {0};
			enum restart_answer want = !cases[i].rule[rule % 3]    ? RESTART_NO :
						   cases[i].always || rule < 3 ? RESTART_NOW :
										 RESTART_LATER;

			assert_int_equal(restart_decide(&config, &restarts, cases[i].reason, 77,
							HZ),
					 want);
			assert_int_equal(restarts.count,
					 cases[i].rule[rule % 3] && !cases[i].always);
		}
	}
}

static void limit(void **state)
{
	struct vm_config config = {.restart = VM_RESTART_ON_CRASH, .restart_limit = 3};
	struct vm_restarts restarts = {0};

	(void)state;
	for (uint64_t hour = 0; hour < 3; hour++) {
		/* the hour begins with the first restart that counts */
		uint64_t first = 1234567 + hour * (HOUR + 5);

		for (uint64_t i = 0; i < 3; i++) {
			assert_int_equal(restart_decide(&config, &restarts, VM_STOP_CRASH,
							first + i * (HOUR - 1) / 2, HZ),
					 RESTART_NOW);
		}
		assert_int_equal(restart_decide(&config, &restarts, VM_STOP_WATCHDOG,
						first + HOUR - 1, HZ),
				 RESTART_LIMIT);
		assert_int_equal(restart_decide(&config, &restarts, VM_STOP_RESET, first + HOUR - 1,
						HZ),
				 RESTART_NOW);
	}
	/* just over the hour */
	assert_int_equal(restart_decide(&config, &restarts, VM_STOP_CRASH,
					1234567 + 2 * (HOUR + 5) + HOUR, HZ),
			 RESTART_NOW);
}

static void no_limit(void **state)
{
	struct vm_config config = {.restart = VM_RESTART_ON_CRASH};
	struct vm_restarts restarts = {0};

	(void)state;
	for (uint32_t i = 0; i < 1000; i++) {
		assert_int_equal(restart_decide(&config, &restarts, VM_STOP_CRASH, i, HZ),
				 RESTART_NOW);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE("what starts a VM again is its rule's to say", rules),
		CASE("restarts by rule have a limit per hour", limit),
		CASE("a limit of 0 is none", no_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
