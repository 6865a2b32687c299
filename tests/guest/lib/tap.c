/* SPDX-License-Identifier: Apache-2.0 */
/* Test results in TAP. */
#include "tests/guest/lib/tap.h"

#include "tests/guest/lib/console.h"
#include "tests/guest/lib/psci.h"

static unsigned int tap_count;

static void tap_line(bool good, const char *sentence)
{
	printf("%s %u - %s\n", good ? "ok" : "not ok", ++tap_count, sentence);
}

bool tap_ok(bool cond, const char *sentence, const char *what, const char *file, int line)
{
	tap_line(cond, sentence);
	if (!cond) {
		printf("# %s:%d: expected %s\n", file, line, what);
	}
	return cond;
}

bool tap_is(uint64_t got, uint64_t want, const char *sentence, const char *what, const char *place)
{
	tap_line(got == want, sentence);
	if (got != want) {
		printf("# %s: expected %s == 0x%lx, got 0x%lx\n", place, what, want, got);
	}
	return got == want;
}

bool tap_range(uint64_t got, uint64_t least, uint64_t most, const char *sentence, const char *place)
{
	bool good = got >= least && got <= most;

	tap_line(good, sentence);
	if (!good) {
		printf("# %s: expected %lu to %lu, got %lu\n", place, least, most, got);
	}
	return good;
}

void skip(const char *sentence, const char *reason)
{
	printf("ok %u - %s # SKIP %s\n", ++tap_count, sentence, reason);
}

void expected_failure(bool cond, const char *sentence, const char *reason)
{
	printf("%s %u - %s # TODO %s\n", cond ? "ok" : "not ok", ++tap_count, sentence, reason);
}

void tap_done(void)
{
	printf("1..%u\n", tap_count);
	psci_system_off();
}
