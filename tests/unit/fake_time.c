/* SPDX-License-Identifier: Apache-2.0 */
/* Deadlines by hand. */
#include "tests/unit/fake_time.h"

#include <string.h>

#include "tests/unit/unit.h"

struct fake_time fake_time;

void fake_time_reset(uint64_t now, uint64_t hz)
{
	memset(&fake_time, 0, sizeof(fake_time));
	fake_time.now = now;
	fake_time.hz = hz;
}

void deadline_init(struct deadline *deadline, struct vcpu *vcpu,
		   void (*fire)(struct deadline *deadline))
{
	deadline->vcpu = vcpu;
	deadline->fire = fire;
}

void deadline_set(struct deadline *deadline, uint64_t when)
{
	uint32_t at = FAKE_DEADLINES;

	deadline->when = when;
	fake_time.arms++;
	for (uint32_t i = 0; i < FAKE_DEADLINES; i++) {
		if (fake_time.armed[i] == deadline) {
			return;
		}
		at = fake_time.armed[i] == NULL ? i : at;
	}
	assert_in_range(at, 0, FAKE_DEADLINES - 1);
	fake_time.armed[at] = deadline;
}

uint64_t deadline_now(void)
{
	uint64_t now = fake_time.now;

	fake_time.now += fake_time.step;
	return now;
}

void deadline_yield_to(uint32_t who)
{
	(void)who;
}

uint64_t deadline_frequency(void)
{
	return fake_time.hz;
}

void fake_interrupt_at(uint64_t when)
{
	fake_time.now = when;
	for (uint32_t i = 0; i < FAKE_DEADLINES; i++) {
		struct deadline *due = fake_time.armed[i];

		if (due != NULL && due->when <= when) {
			fake_time.armed[i] = NULL;
			due->fire(due);
		}
	}
}

void fake_pass(uint64_t ticks)
{
	uint64_t end = fake_time.now + ticks;

	for (uint32_t fired = 0; fake_time.now < end; fired++) {
		uint64_t next = end;

		assert_true(fired < 100000);
		for (uint32_t i = 0; i < FAKE_DEADLINES; i++) {
			const struct deadline *armed = fake_time.armed[i];

			if (armed != NULL && armed->when < next) {
				next = MAX(armed->when, fake_time.now);
			}
		}
		fake_interrupt_at(next);
	}
}
