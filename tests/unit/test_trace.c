/* SPDX-License-Identifier: Apache-2.0 */
/* The trace of exits as one vCPU's: numbers, and whose records are told. */
#include <string.h>

#include "core/arm64/layout.h"

/* Rings where a host has memory. */
static unsigned char slots[2 * STACK_SLOT] __attribute__((aligned(STACK_SLOT)));
#undef STACK_VA
#define STACK_VA ((uint64_t)slots)

#include "core/exit/trace.c"
#include "tests/unit/random.h"
#include "tests/unit/unit.h"

#define MOST 62

static struct vm vm = {.name = "toy"};
static struct vcpu vcpus[2];
static struct vcpu *loaded;
static uint64_t written; /* records in all */
static uint32_t whose[1 << 16];

struct vcpu *vcpu_loaded_on(uint32_t cpu)
{
	return cpu == 0 ? loaded : NULL;
}

const struct sched_cpu *sched_state_of(uint32_t cpu)
{
	static const struct sched_cpu state;

	(void)cpu;
	return &state;
}

uint32_t vm_count(void)
{
	return 0;
}

struct vm *vm_by_id(uint32_t id)
{
	(void)id;
	return &vm;
}

uint64_t deadline_to_us(uint64_t ticks)
{
	return ticks;
}

static int set_up(void **state)
{
	(void)state;
	memset(slots, 0, sizeof(slots));
	memset(&trace_place, 0, sizeof(trace_place));
	memset(vcpus, 0, sizeof(vcpus));
	for (uint32_t i = 0; i < ARRAY_COUNT(vcpus); i++) {
		vcpus[i].vm = &vm;
		vcpus[i].index = i;
	}
	loaded = NULL;
	written = 0;
	trace_cpu_init();
	return 0;
}

/* As core/vm/vcpu.c does it. */
static void load(struct vcpu *vcpu)
{
	if (loaded != NULL) {
		trace_place.next = loaded->trace;
		trace_place.wraps = loaded->trace_wraps;
	}
	loaded = vcpu;
	if (vcpu != NULL) {
		vcpu->trace = trace_place.next;
		vcpu->trace_wraps = trace_place.wraps;
		trace_mark(vcpu);
		whose[++written] = vcpu->index;
	}
}

/* Exits of who is loaded; the PC is the record's number. */
static void run(uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		uint64_t record = loaded->trace;

		whose[++written] = loaded->index;
		trace_put(&record, 27, written);
		trace_goes_on(loaded, record);
	}
}

static void numbers(void **state)
{
	struct trace_part part = {0};

	(void)state;
	load(&vcpus[0]);
	for (uint32_t i = 0; i < 5 * TRACE_COUNT; i++) {
		part.at = 0;
		trace_part_begin(&vcpus[0], &part, MOST);
		assert_int_equal(part.end, written + 1);
		assert_int_equal(part.at, written < MOST ? 1 : written + 1 - MOST);
		run(1);
		if (i % 100 == 0) {
			load(NULL);
			part.at = UINT64_MAX;
			trace_part_begin(&vcpus[0], &part, MOST);
			assert_int_equal(part.end, written + 1);
			assert_int_equal(part.at, written + 1);
			load(&vcpus[0]);
		}
	}
}

/* Another CPU looks while the place goes back to the start. */
static void between_two_instructions(void **state)
{
	struct trace_part part = {0};

	(void)state;
	load(&vcpus[0]);
	run(2 * TRACE_COUNT - 2);
	vcpus[0].trace_wraps++;
	trace_part_begin(&vcpus[0], &part, MOST);
	assert_int_equal(part.end, 2 * TRACE_COUNT + 1);
	/* or has gone on to another CPU since: there is an end */
	vcpus[0].trace_wraps++;
	vcpus[0].trace += STACK_SLOT;
	part.at = 0;
	trace_part_begin(&vcpus[0], &part, MOST);
	assert_true(part.end % TRACE_COUNT == 1);
}

/* From the oldest on; true: each record that is told is the vCPU's. */
static uint32_t read_all(const struct vcpu *vcpu)
{
	struct trace_part part = {.at = 1};
	struct trace_record records[MOST];
	uint32_t count = 0;

	do {
		uint64_t before = part.at, piece;

		trace_part_begin(vcpu, &part, MOST);
		assert_true(part.at >= before);
		piece = trace_part_read(vcpu, &part, records, MOST);
		for (uint32_t i = 0; i < piece; i++) {
			if (records[i].what != TRACE_MARK) {
				assert_int_equal(whose[records[i].pc], vcpu->index);
				count++;
			}
		}
	} while (part.at != part.end);
	return count;
}

static void whole_ring(void **state)
{
	struct trace_part part = {.at = 1};
	uint32_t cause[HYPERCALL_CAUSE_COUNT] = {0}, interrupt[TRACE_INTERRUPTS] = {0}, other[40];
	struct trace_counts counts = {cause, interrupt, other, 0};

	(void)state;
	load(&vcpus[0]);
	run(300);
	assert_int_equal(read_all(&vcpus[0]), 300);
	run(3000);
	/* its mark is gone long since, and nobody else had the CPU */
	assert_int_equal(read_all(&vcpus[0]), TRACE_COUNT - TRACE_PIECE);
	assert_true(TRACE_COUNT - TRACE_PIECE >= TRACE_SHOWN);
	load(NULL);
	assert_int_equal(read_all(&vcpus[0]), TRACE_COUNT - TRACE_PIECE);
	assert_int_equal(read_all(&vcpus[1]), 0);
	do {
		assert_false(trace_part_begin(&vcpus[0], &part, 36));
		counts.other_count = 0;
	} while (trace_part_count(&vcpus[0], &part, &counts, 36, 36) != 0);
	assert_int_equal(interrupt[27], TRACE_COUNT - TRACE_PIECE);
	assert_int_equal(cause[HYPERCALL_CAUSE_INTERRUPT], TRACE_COUNT - TRACE_PIECE);
}

/* A CPU that was another's until just now: what that did is not told. */
static void a_new_owner(void **state)
{
	(void)state;
	load(&vcpus[0]);
	run(2000);
	load(&vcpus[1]);
	run(100);
	assert_int_equal(read_all(&vcpus[1]), 100);
	/* what of the first's stands behind no mark any more may be anybody's */
	assert_int_equal(read_all(&vcpus[0]), 0);
	run(2000);
	assert_int_equal(read_all(&vcpus[1]), TRACE_COUNT - TRACE_PIECE);
	assert_int_equal(read_all(&vcpus[0]), 0);
}

/* However turns are: never another's, and nearly all of its own. */
static void turns(void **state)
{
	struct random random = {1};

	(void)state;
	for (uint32_t i = 0; i < 400; i++) {
		uint32_t first = random_below(&random, 2), both;

		load(&vcpus[first]);
		run(random_below(&random, 150));
		both = read_all(&vcpus[0]) + read_all(&vcpus[1]);
		assert_true(both <= written);
		assert_true(i < 20 || both >= 600);
		if (random_below(&random, 4) == 0) {
			load(NULL);
		}
	}
}

/* What is made over while it is read is not told. */
static void made_over(void **state)
{
	struct trace_part part = {.at = 1};
	struct trace_record records[MOST];

	(void)state;
	load(&vcpus[0]);
	run(3000);
	trace_part_begin(&vcpus[0], &part, MOST);
	run(TRACE_PIECE - 1);
	assert_int_equal(trace_part_read(&vcpus[0], &part, records, MOST), MOST);
	part = (struct trace_part){.at = 1};
	trace_part_begin(&vcpus[0], &part, MOST);
	run(TRACE_PIECE);
	assert_int_equal(trace_part_read(&vcpus[0], &part, records, MOST), 0);
	assert_false(part.its);
}

/* How many of the last TRACE_SHOWN are read while the CPU makes so many exits after each piece: the
 * newest of them, in their order. */
static uint32_t shown(uint32_t meanwhile)
{
	static struct trace_record records[TRACE_SHOWN];
	struct trace_reading reading;
	uint64_t last = written;

	trace_begin(&reading, 0, TRACE_SHOWN);
	while (trace_some(&reading, records)) {
		run(meanwhile);
	}
	for (uint32_t i = 0; i < reading.count; i++) {
		const struct trace_record *record = &records[reading.max - 1 - i];

		assert_int_equal(record->pc, record->what < TRACE_MARK ? last - i : 0);
	}
	return reading.count;
}

static void while_it_goes_on(void **state)
{
	(void)state;
	load(&vcpus[0]);
	run(3000);
	assert_int_equal(TRACE_SHOWN, 1024);
	assert_int_equal(shown(0), TRACE_SHOWN);
	/* as many exits as a CPU makes of nothing but calls while a piece is read, twice */
	assert_int_equal(shown(60), TRACE_SHOWN);
	assert_in_range(shown(200), 400, TRACE_SHOWN - 1);
	/* there are not as many yet: a mark, and exits */
	set_up(NULL);
	load(&vcpus[0]);
	run(99);
	assert_int_equal(shown(60), 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE_IN("each record has a number, however often the ring was filled", numbers,
			set_up),
		CASE_IN("a look between two of a CPU's instructions finds one",
			between_two_instructions, set_up),
		CASE_IN("all that will be there for a while can be read", whole_ring, set_up),
		CASE_IN("the last 1,024 are shown, though more come meanwhile", while_it_goes_on,
			set_up),
		CASE_IN("who gets a CPU does not get what was done there before", a_new_owner,
			set_up),
		CASE_IN("of vCPUs that take turns each gets its own", turns, set_up),
		CASE_IN("what is made over meanwhile is not told", made_over, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
