/* SPDX-License-Identifier: Apache-2.0 */
/* All CPUs gone mad for ever: a neighbour for tests of other guests. */
#include "tests/guest/lib/console.h"
#include "tests/guest/lib/cpu.h"
#include "tests/guest/lib/gic.h"
#include "tests/guest/lib/hostile.h"

static void go_mad(void *arg)
{
	static struct hostile_result results[MACHINE_MAX_CPUS];
	unsigned int me = cpu_this()->index;

	(void)arg;
	hostile_run(me + 101, 0, &results[me]);
}

int main(void)
{
	unsigned int count = cpu_count();

	printf("hostile: %u CPUs do random things from now on\n", count);
	gic_setup();
	for (unsigned int i = 1; i < count; i++) {
		cpu_start(i, go_mad, NULL);
	}
	go_mad(NULL);
	return 0;
}
