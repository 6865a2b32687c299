/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spin: computes all the time, and says how many instructions of its own there were in a thousand
 * nanoseconds of its counter. Where an instruction is a nanosecond, that is its part of its CPU.
 */
#include "tests/guest/lib/console.h"
#include "tests/guest/lib/timer.h"

#define PASSES	  10000 /* of two instructions */
#define PERIOD_MS 50

static void compute(void)
{
	uint64_t left = PASSES;

	__asm__ volatile("1:	subs	%0, %0, #1\n"
			 "	b.ne	1b"
			 : "+r"(left)
			 :
			 : "cc");
}

int main(void)
{
	uint64_t hz = counter_hz(), begin = counter_now(), instructions = 0;

	for (;;) {
		uint64_t ticks;

		compute();
		instructions += UINT64_C(2) * PASSES;
		ticks = counter_now() - begin;
		if (ticks >= hz / 1000 * PERIOD_MS) {
			printf("spin: %lu of 1000\n",
			       instructions * 1000 * hz / ticks / 1000000000);
			begin = counter_now();
			instructions = 0;
		}
	}
}
