/* SPDX-License-Identifier: Apache-2.0 */
/* Logs over a warm reset: what is believed of memory that anything may have happened to. */
#include <string.h>

#include "core/base/bits.h"
#include "core/console/keep.h"
#include "tests/unit/random.h"
#include "tests/unit/unit.h"

#define SIZE KIB(64)
#define RING 4096
#define HALF (SIZE / 2)

static uint8_t region[SIZE] __attribute__((aligned(4096)));
static struct keep keep;

static int fresh(void **state)
{
	(void)state;
	memset(region, 0xff, sizeof(region));
	return 0;
}

static void say(struct log *log, const char *text)
{
	log_put_line(log, text, strlen(text));
}

/* The next boot, which says `text` itself. */
static struct log *boot(const char *text)
{
	struct log *log;

	keep_open(&keep, region, SIZE, crc32c);
	log = keep_add(&keep, "", RING);
	assert_non_null(log);
	say(log, text);
	return log;
}

static void was_said(const char *name, const char *text)
{
	char line[64];
	struct log log;
	uint64_t at = 0;

	assert_true(keep_last(&keep, name, &log));
	assert_true(log_line(&log, &at, line, sizeof(line)));
	assert_string_equal(line, text);
}

static void nothing_was_said(void)
{
	struct log log;

	assert_null(keep.last);
	assert_false(keep_last(&keep, "", &log));
}

/* -- cases -- */

static void each_boot_sees_the_one_before(void **state)
{
	static const char *const said[] = {"one", "two", "three", "four", "five"};

	(void)state;
	boot(said[0]);
	nothing_was_said();
	for (uint32_t i = 1; i < ARRAY_COUNT(said); i++) {
		boot(said[i]);
		was_said("", said[i - 1]);
	}
}

static void by_name(void **state)
{
	struct log log;

	(void)state;
	boot("hypervisor");
	say(keep_add(&keep, "alpha", RING), "first");
	say(keep_add(&keep, "a-name-that-is-31-characters-ok", RING), "second");
	boot("again");
	was_said("", "hypervisor");
	was_said("alpha", "first");
	was_said("a-name-that-is-31-characters-ok", "second");
	assert_false(keep_last(&keep, "beta", &log));
	assert_false(keep_last(&keep, "alph", &log));
}

static void room(void **state)
{
	uint32_t count = 0;

	(void)state;
	keep_open(&keep, region, SIZE, crc32c);
	while (keep_add(&keep, "some", RING) != NULL) {
		count++;
	}
	assert_int_equal(count, (HALF - 4096) / (RING + 64));
	assert_true(keep.used <= HALF);
	assert_non_null(keep_add(&keep, "small", 1024));
	/* and no more than there are places in the table */
	keep_open(&keep, region, SIZE, crc32c);
	for (count = 0; keep_add(&keep, "x", 64) != NULL; count++) {
	}
	assert_int_equal(count, KEEP_LOG_MAX);
}

/* It goes round, and a ring's head may be anything. */
static void any_head(void **state)
{
	struct log *log;
	char line[64];

	(void)state;
	for (uint32_t i = 0; i < 128; i++) {
		struct log last;
		uint64_t at = 0;

		fresh(NULL);
		log = boot("said");
		log->head = UINT64_C(1) << (i % 64);
		log->head -= i < 64;
		boot("next");
		assert_true(keep_last(&keep, "", &last));
		at = 0;
		while (log_line(&last, &at, line, sizeof(line))) {
		}
	}
}

/* A bit of the table that changes makes it nobody's. */
static void a_bit(void **state)
{
	(void)state;
	for (uint32_t at = 0; at < 2 * 40; at++) {
		for (uint32_t bit = 0; bit < 8; bit++) {
			fresh(NULL);
			boot("said");
			region[at] ^= (uint8_t)(1 << bit);
			boot("next");
			if (at < 32 + 40) {
				nothing_was_said();
			}
		}
	}
}

/* One half is broken: the other one is an older boot's, and the last that is whole. */
static void the_other_half(void **state)
{
	(void)state;
	boot("one");
	boot("two");
	region[HALF] ^= 1;
	boot("three");
	was_said("", "one");
	boot("four");
	was_said("", "three");
}

/* A crash between two steps of making it. */
static void half_made(void **state)
{
	(void)state;
	boot("one");
	keep_open(&keep, region, SIZE, crc32c);
	assert_non_null(keep.last);
	/* that boot ends here: it has said nothing */
	boot("three");
	was_said("", "one");
}

/* Tables that are whole but say what can't be, as another build might have left them. */
static void wrong_places(void **state)
{
	struct random random = {.state = 7};

	(void)state;
	for (uint32_t i = 0; i < 3000; i++) {
		uint32_t word = 8 + random_below(&random, 10) * 4, crc, zero = 0;
		uint32_t value = random_below(&random, 2) == 0 ? random_below(&random, 0x10000) :
								 (uint32_t)random_next(&random);

		fresh(NULL);
		boot("said");
		/* of the head's words from `version` on and of the first ring's offset and size */
		word = word < 32 ? word : 64 + (word - 32) % 8;
		memcpy(region + word, &value, 4);
		memcpy(region + 28, &zero, 4);
		crc = crc32c(0, region, 32);
		memcpy(&value, region + 12, 4);
		if (value <= KEEP_LOG_MAX) {
			crc = crc32c(crc, region + 32, value * 40);
		}
		memcpy(region + 28, &crc, 4);
		keep_open(&keep, region, SIZE, crc32c);
		if (keep.last != NULL) {
			struct log log;
			char line[64];
			uint64_t at = 0;

			assert_true(keep_last(&keep, "", &log));
			assert_true(log.data >= region && log.data + log.size <= region + SIZE);
			while (log_line(&log, &at, line, sizeof(line))) {
			}
		}
	}
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE_IN("each boot sees what the one before said", each_boot_sees_the_one_before,
			fresh),
		CASE_IN("logs are found by whose they are", by_name, fresh),
		CASE_IN("no more is kept than there is room for", room, fresh),
		CASE_IN("a ring's head may be anything", any_head, fresh),
		CASE_IN("a bit that changed makes a table nobody's", a_bit, fresh),
		CASE_IN("of two halves the last that is whole counts", the_other_half, fresh),
		CASE_IN("a boot that said nothing hides nobody", half_made, fresh),
		CASE_IN("no place outside is believed", wrong_places, fresh),
	};

	return cmocka_run_group_tests(cases, NULL, NULL);
}
