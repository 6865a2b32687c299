/* SPDX-License-Identifier: Apache-2.0 */
/* Virtqueues of both formats against a driver written by the specification. virtio 1.2 2.6 to 2.8.
 */
#include <string.h>

#include "core/base/bits.h"
#include "core/base/errno.h"
#include "core/vm/vm.h"
#include "drivers/virtio/queue.h"
#include "tests/unit/fake_driver.h"
#include "tests/unit/fake_ram.h"
#include "tests/unit/random.h"
#include "tests/unit/unit.h"

#define SIZE	16
#define BUFFERS (FAKE_RAM + 0x80000) /* behind the rings */
#define NOWHERE UINT64_C(0x1000)

#define NEXT	 1
#define WRITE	 2
#define INDIRECT 4

struct way {
	bool packed, event_index;
	uint16_t size;
	bool first; /* all of it is in the VM's first extent */
};

static const struct way split = {.size = SIZE};
static const struct way split_event = {.event_index = true, .size = SIZE};
static const struct way split_first = {.size = SIZE, .first = true};
static const struct way packed = {.packed = true, .size = SIZE};
static const struct way packed_event = {.packed = true, .event_index = true, .size = SIZE};
static const struct way packed_first = {.packed = true, .size = SIZE, .first = true};
/* 2.8.10.1: no power of two */
static const struct way packed_odd = {.packed = true, .event_index = true, .size = 11};
static const struct way packed_odd_first = {.packed = true,
					    .event_index = true,
					    .size = 11,
					    .first = true};
static const struct way packed_one = {.packed = true, .size = 1, .first = true};

static struct vm vm;
static struct virtq queue;
static struct fake_driver driver;
static union {
	struct virtq_chain chain;
	uint8_t room[sizeof(struct virtq_chain) + SIZE * sizeof(struct virtq_segment)];
} buffer;
static struct virtq_chain *const chain = &buffer.chain;

static void set_up(const struct way *way)
{
	fake_ram_reset();
	fake_ram_is_first(&vm, way->first);
	queue = (struct virtq){.vm = &vm, .size_max = SIZE};
	virtq_reset(&queue);
	queue.size = way->size;
	queue.packed = way->packed;
	queue.event_index = way->event_index;
	queue.indirect = true;
	fake_driver_begin(&driver, &queue, FAKE_RAM);
	assert_int_equal(virtq_enable(&queue), 0);
	memset(&buffer, 0, sizeof(buffer));
}

/* All calls that it takes. */
static int take(void)
{
	int got, calls = 0;

	do {
		got = virtq_take(&queue, chain);
		assert_true(++calls <= 2 * SIZE / VIRTQ_STEP + 2);
	} while (got == -EAGAIN);
	return got;
}

static const struct fake_buffer request[] = {
	{BUFFERS, 16, false},
	{BUFFERS + 0x1000, 100, false},
	{BUFFERS + 0x2000, 512, true},
	{BUFFERS + 0x3000, 1, true},
};

static void check_request(void)
{
	assert_int_equal(chain->count, 4);
	assert_int_equal(chain->reads, 2);
	assert_int_equal(chain->out_size, 116);
	assert_int_equal(chain->in_size, 513);
	for (uint32_t i = 0; i < ARRAY_COUNT(request); i++) {
		assert_int_equal(chain->segment[i].ipa, request[i].ipa);
		assert_int_equal(chain->segment[i].size, request[i].size);
	}
}

static void a_chain_comes_as_it_was_made(void **state)
{
	uint32_t written;

	for (int indirect = 0; indirect <= 1; indirect++) {
		int id;

		set_up(*state);
		assert_int_equal(take(), 0);
		id = fake_driver_make(&driver, request, ARRAY_COUNT(request), indirect);
		assert_int_equal(take(), 1);
		check_request();
		assert_int_equal(take(), 0);
		assert_int_equal(fake_driver_see(&driver, &written), -1);
		assert_int_equal(virtq_put(&queue, chain, 77), 0);
		assert_int_equal(fake_driver_see(&driver, &written), id);
		assert_int_equal(written, 77);
		assert_int_equal(fake_driver_see(&driver, &written), -1);
	}
}

static void what_a_driver_changes_afterwards_changes_nothing(void **state)
{
	set_up(*state);
	fake_driver_make(&driver, request, ARRAY_COUNT(request), true);
	fake_driver_make(&driver, request, ARRAY_COUNT(request), false);
	assert_int_equal(take(), 1);
	memset(fake_ram(driver.tables), 0xff, 64);
	check_request();
	assert_int_equal(take(), 1);
	memset(fake_ram(driver.descriptors), 0xff, 16 * SIZE);
	check_request();
}

static void a_long_chain_takes_several_steps(void **state)
{
	const struct way *way = *state;
	struct fake_buffer many[SIZE];

	for (int indirect = 0; indirect <= 1; indirect++) {
		uint32_t calls = 1;

		set_up(way);
		for (uint32_t i = 0; i < way->size; i++) {
			many[i] = (struct fake_buffer){BUFFERS + 16 * i, 16, i >= 3};
		}
		fake_driver_make(&driver, many, way->size, indirect);
		while (virtq_take(&queue, chain) == -EAGAIN) {
			calls++;
		}
		assert_in_range(calls, (way->size + VIRTQ_STEP - 1U) / VIRTQ_STEP,
				way->size / VIRTQ_STEP + 1U);
		assert_int_equal(chain->count, way->size);
		assert_int_equal(chain->reads, 3);
	}
}

/* Few or many, of the ring from each of its places on or of a table. */
static void chains_of_any_length_are_whole(void **state)
{
	const struct way *way = *state;
	struct fake_buffer many[SIZE];
	uint32_t written;

	set_up(way);
	for (uint32_t round = 0; round < 20U * way->size; round++) {
		uint32_t count = 1 + round % 7, reads = round % (count + 1);
		int id;

		for (uint32_t i = 0; i < count; i++) {
			many[i] = (struct fake_buffer){BUFFERS + 64 * i, 1 + i, i >= reads};
		}
		id = fake_driver_make(&driver, many, count, round % 3 == 0);
		assert_int_equal(take(), 1);
		assert_int_equal(chain->id, id);
		assert_int_equal(chain->slots, round % 3 == 0 ? 1 : count);
		assert_int_equal(chain->count, count);
		assert_int_equal(chain->reads, reads);
		assert_int_equal(chain->out_size, reads * (reads + 1) / 2);
		assert_int_equal(chain->in_size, count * (count + 1) / 2 - chain->out_size);
		for (uint32_t i = 0; i < count; i++) {
			assert_int_equal(chain->segment[i].ipa, many[i].ipa);
			assert_int_equal(chain->segment[i].size, many[i].size);
		}
		assert_int_equal(virtq_finish(&queue, chain, round, true) & VIRTQ_MORE, 0);
		assert_int_equal(fake_driver_see(&driver, &written), id);
		assert_int_equal(written, round);
	}
}

/* A call looks at no more than it was allowed, and the next one goes on. */
static void a_look_has_its_bound(void **state)
{
	uint32_t calls;

	for (int indirect = 0; indirect <= 1; indirect++) {
		for (uint32_t most = 1; most <= VIRTQ_STEP; most++) {
			set_up(*state);
			fake_driver_make(&driver, request, ARRAY_COUNT(request), indirect);
			for (calls = 1; virtq_take_some(&queue, chain, most) == -EAGAIN; calls++) {
			}
			assert_int_equal(calls, (ARRAY_COUNT(request) + (uint32_t)indirect + most -
						 1) / most);
			check_request();
		}
	}
}

static void buffers_of_no_bytes_are_left_out(void **state)
{
	const struct fake_buffer some[] = {{NOWHERE, 0, false}, {BUFFERS, 8, true}, {0, 0, true}};

	set_up(*state);
	fake_driver_make(&driver, some, ARRAY_COUNT(some), false);
	assert_int_equal(take(), 1);
	assert_int_equal(chain->count, 1);
	assert_int_equal(chain->reads, 0);
}

static void buffers_lie_in_RAM(void **state)
{
	static const uint64_t places[] = {
		NOWHERE,
		FAKE_RAM - 1,
		FAKE_RAM + FAKE_RAM_SIZE - 7,
		FAKE_RAM + FAKE_RAM_SIZE,
		UINT64_MAX - 3,
		UINT64_MAX,
	};

	for (uint32_t i = 0; i < ARRAY_COUNT(places); i++) {
		const struct fake_buffer one = {places[i], 8, true};

		set_up(*state);
		fake_driver_make(&driver, &one, 1, i % 2);
		assert_int_equal(take(), -EFAULT);
	}
}

static void what_is_written_follows_what_is_read(void **state)
{
	const struct fake_buffer wrong[] = {{BUFFERS, 8, true}, {BUFFERS, 8, false}};

	set_up(*state);
	fake_driver_make(&driver, wrong, 2, false);
	assert_int_equal(take(), -EINVAL);
	set_up(*state);
	fake_driver_make(&driver, wrong, 2, true);
	assert_int_equal(take(), -EINVAL);
}

static void sums_of_4_GiB_are_refused(void **state)
{
	struct fake_buffer many[SIZE];

	/* RAM of the tests is 1 MiB: the same buffer again and again reaches no sum of 4 GiB, so
	 * the chain's sum so far is set */
	set_up(*state);
	many[0] = many[1] = (struct fake_buffer){BUFFERS, 0x1000, true};
	for (uint32_t i = 2; i < VIRTQ_STEP + 2; i++) {
		many[i] = many[0];
	}
	fake_driver_make(&driver, many, VIRTQ_STEP + 2, false);
	assert_int_equal(virtq_take(&queue, chain), -EAGAIN);
	chain->in_size = UINT32_MAX - 0x1000;
	assert_int_equal(virtq_take(&queue, chain), -EINVAL);
}

static uint64_t desc_at(uint32_t i)
{
	return driver.descriptors + 16 * i;
}

/* One chain whose first descriptor was made by hand. */
static void make_by_hand(uint64_t address, uint32_t size, uint16_t flags, uint16_t next)
{
	const struct fake_buffer one = {BUFFERS, 8, false};
	uint16_t avail = driver.made_wrap ? 0x80 : 0x8000;

	fake_driver_make(&driver, &one, 1, false);
	if (driver.packed) {
		fake_driver_poke(desc_at(0), address, size, 5, flags | avail);
	} else {
		fake_driver_poke(desc_at(0), address, size, flags, next);
	}
}

static void tables_of_a_wrong_size_are_refused(void **state)
{
	const struct way *way = *state;
	const uint32_t sizes[] = {0, 8, 17, 16U * (way->size + 1U), UINT32_MAX & ~15U};

	for (uint32_t i = 0; i < ARRAY_COUNT(sizes); i++) {
		set_up(way);
		make_by_hand(driver.tables, sizes[i], INDIRECT, 0);
		assert_int_equal(take(), -EINVAL);
	}
	set_up(way);
	make_by_hand(NOWHERE, 16, INDIRECT, 0);
	assert_int_equal(take(), -EFAULT);
}

static void no_chain_goes_on_behind_a_table(void **state)
{
	set_up(*state);
	fake_driver_poke(driver.tables, BUFFERS, 8, 0, 0);
	make_by_hand(driver.tables, 16, INDIRECT | NEXT, 1);
	assert_int_equal(take(), -EINVAL);
}

static void without_the_feature_there_are_no_tables(void **state)
{
	set_up(*state);
	queue.indirect = false;
	fake_driver_make(&driver, request, ARRAY_COUNT(request), true);
	assert_int_equal(take(), -EINVAL);
}

static void a_table_may_stand_behind_descriptors(void **state)
{
	const struct fake_buffer two[] = {{BUFFERS, 8, false}, {BUFFERS + 64, 8, true}};

	set_up(*state);
	fake_driver_make(&driver, two, 2, false);
	/* the second descriptor is replaced by a table of one */
	fake_driver_poke(driver.tables, BUFFERS + 128, 32, driver.packed ? 0 : WRITE,
			 driver.packed ? WRITE : 0);
	fake_driver_poke(desc_at(1), driver.tables, 16, driver.packed ? 0 : INDIRECT,
			 driver.packed ? INDIRECT | 0x80 : 0);
	assert_int_equal(take(), 1);
	assert_int_equal(chain->count, 2);
	assert_int_equal(chain->segment[1].ipa, BUFFERS + 128);
	assert_int_equal(chain->segment[1].size, 32);
}

static void descriptors_and_table_together_are_no_more_than_the_queue_has(void **state)
{
	const struct way *way = *state;
	const struct fake_buffer two[] = {{BUFFERS, 8, false}, {BUFFERS + 64, 8, true}};

	for (uint32_t count = way->size - 1U; count <= way->size; count++) {
		set_up(way);
		fake_driver_make(&driver, two, 2, false);
		for (uint32_t i = 0; i < count; i++) {
			uint16_t flags = way->packed ? WRITE : WRITE | (i + 1 < count ? NEXT : 0);
			uint16_t next = (uint16_t)(i + 1);

			fake_driver_poke(driver.tables + 16 * i, BUFFERS, 8,
					 way->packed ? 0 : flags, way->packed ? flags : next);
		}
		fake_driver_poke(desc_at(1), driver.tables, 16 * count, way->packed ? 0 : INDIRECT,
				 way->packed ? INDIRECT | 0x80 : 0);
		assert_int_equal(take(), count < way->size ? 1 : -EINVAL);
	}
}

static void a_table_in_a_table_is_refused(void **state)
{
	const struct way *way = *state;

	set_up(way);
	if (way->packed) {
		/* there the flag is ignored: 2.8.7 */
		fake_driver_poke(driver.tables, BUFFERS, 16, 0, INDIRECT | NEXT | WRITE);
		make_by_hand(driver.tables, 16, INDIRECT, 0);
		assert_int_equal(take(), 1);
		assert_int_equal(chain->segment[0].ipa, BUFFERS);
	} else {
		fake_driver_poke(driver.tables, driver.tables + 16, 16, INDIRECT, 0);
		make_by_hand(driver.tables, 16, INDIRECT, 0);
		assert_int_equal(take(), -EINVAL);
	}
}

static void circles_are_refused(void **state)
{
	(void)state;
	for (int size = 0; size <= 8; size += 8) {
		set_up(&split);
		make_by_hand(BUFFERS, (uint32_t)size, NEXT, 0);
		assert_int_equal(take(), -EINVAL);
		set_up(&split);
		fake_driver_poke(driver.tables, BUFFERS, (uint32_t)size, NEXT, 1);
		fake_driver_poke(driver.tables + 16, BUFFERS, (uint32_t)size, NEXT, 0);
		make_by_hand(driver.tables, 32, INDIRECT, 0);
		assert_int_equal(take(), -EINVAL);
	}
	/* the packed ring is one: a chain that never ends */
	for (int size = 0; size <= 8; size += 8) {
		set_up(size == 0 ? &packed : &packed_first);
		for (uint32_t i = 0; i < SIZE; i++) {
			fake_driver_poke(desc_at(i), BUFFERS, (uint32_t)size, 0, NEXT | 0x80);
		}
		assert_int_equal(take(), -EINVAL);
	}
	/* one of a single place */
	set_up(&packed_one);
	fake_driver_poke(desc_at(0), BUFFERS, 8, 0, NEXT | 0x80);
	assert_int_equal(take(), -EINVAL);
}

static void indices_outside_their_table_are_refused(void **state)
{
	(void)state;
	set_up(&split);
	make_by_hand(BUFFERS, 8, NEXT, SIZE);
	assert_int_equal(take(), -EINVAL);
	set_up(&split);
	make_by_hand(BUFFERS, 8, 0, 0);
	*(uint16_t *)fake_ram(driver.driver_area + 4) = SIZE;
	assert_int_equal(take(), -EINVAL);
	set_up(&split);
	fake_driver_poke(driver.tables, BUFFERS, 8, NEXT, 2);
	make_by_hand(driver.tables, 32, INDIRECT, 0);
	assert_int_equal(take(), -EINVAL);
	/* more chains than there are descriptors */
	set_up(&split);
	*(uint16_t *)fake_ram(driver.driver_area + 2) = SIZE + 1;
	assert_int_equal(take(), -EINVAL);
}

static void rings_have_places_and_sizes_that_the_specification_allows(void **state)
{
	const struct way *way = *state;
	uint64_t *const parts[] = {&queue.descriptors, &queue.driver_area, &queue.device_area};
	const uint32_t alignments[2][3] = {{16, 2, 4}, {16, 4, 4}};

	for (uint32_t i = 0; i < ARRAY_COUNT(parts); i++) {
		set_up(way);
		*parts[i] += alignments[way->packed][i] / 2;
		assert_int_equal(virtq_enable(&queue), -EINVAL);
		assert_false(queue.ready);
		set_up(way);
		*parts[i] = FAKE_RAM + FAKE_RAM_SIZE;
		assert_int_equal(virtq_enable(&queue), -EFAULT);
		assert_false(queue.ready);
	}
	set_up(way);
	queue.size = 0;
	assert_int_equal(virtq_enable(&queue), -EINVAL);
	queue.size = SIZE + 1;
	assert_int_equal(virtq_enable(&queue), -EINVAL);
	queue.size = 12;
	assert_int_equal(virtq_enable(&queue), way->packed ? 0 : -EINVAL);
}

/* Whoever gives back a chain of `slots` after another sees the interrupts that were asked for. */
static void interrupts_come_as_the_driver_wishes(void **state)
{
	const struct way *way = *state;
	const struct fake_buffer one = {BUFFERS, 8, true};
	uint32_t written;

	set_up(way);
	assert_int_equal(virtq_interrupts(&queue), 0);
	for (uint32_t round = 0; round < 5U * SIZE; round++) {
		uint16_t ahead = (uint16_t)(round % 3);
		bool quiet = round % 7 == 6;

		if (quiet) {
			fake_driver_quiet(&driver);
		} else {
			fake_driver_wish(&driver, ahead);
		}
		for (uint32_t i = 0; i < 3; i++) {
			bool due = way->event_index ? i == ahead : true;

			fake_driver_make(&driver, &one, 1, false);
			assert_int_equal(take(), 1);
			assert_int_equal(virtq_put(&queue, chain, 8), 0);
			assert_int_equal(virtq_interrupts(&queue), due && !quiet);
			assert_int_equal(virtq_interrupts(&queue), 0);
		}
		while (fake_driver_see(&driver, &written) >= 0) {
		}
	}
}

static void one_interrupt_stands_for_all_that_was_put(void **state)
{
	const struct way *way = *state;
	const struct fake_buffer one = {BUFFERS, 8, true};
	uint32_t written;

	set_up(way);
	for (uint32_t round = 0; round < 5U * SIZE; round++) {
		fake_driver_wish(&driver, (uint16_t)(round % 4));
		for (uint32_t i = 0; i < 3; i++) {
			fake_driver_make(&driver, &one, 1, i == 1);
			assert_int_equal(take(), 1);
			assert_int_equal(virtq_put(&queue, chain, 8), 0);
		}
		assert_int_equal(virtq_interrupts(&queue), !way->event_index || round % 4 < 3);
		while (fake_driver_see(&driver, &written) >= 0) {
		}
	}
}

/* Put, asked for the driver's wish, and listened: as the three calls say it one by one. */
static void a_chain_is_given_back_in_one_go(void **state)
{
	const struct way *way = *state;
	const struct fake_buffer one = {BUFFERS, 8, true};
	uint32_t written;

	set_up(way);
	for (uint32_t round = 0; round < 5U * SIZE; round++) {
		bool quiet = round % 7 == 6, more = round % 3 == 0, listen = round % 4 != 3;
		bool due = !quiet && (!way->event_index || round % 2 == 0);
		uint16_t before;
		bool wrap;

		if (quiet) {
			fake_driver_quiet(&driver);
		} else {
			fake_driver_wish(&driver, (uint16_t)(round % 2));
		}
		fake_driver_make(&driver, &one, 1, false);
		assert_int_equal(take(), 1);
		if (more) {
			fake_driver_make(&driver, &one, 1, false);
		}
		assert_int_equal(virtq_finish(&queue, chain, round, listen),
				 (due ? VIRTQ_INTERRUPT : 0) | (more && listen ? VIRTQ_MORE : 0));
		assert_int_equal(virtq_interrupts(&queue), 0);
		assert_int_equal(fake_driver_see(&driver, &written), chain->id);
		assert_int_equal(written, round);
		if (!more) {
			before = driver.next_made;
			wrap = driver.made_wrap;
			fake_driver_make(&driver, &one, 1, false);
			assert_true(!listen || fake_driver_tells(&driver, before, wrap));
		}
		assert_int_equal(take(), 1);
		assert_int_equal(virtq_put(&queue, chain, 0), 0);
		assert_int_equal(fake_driver_see(&driver, &written), chain->id);
		(void)virtq_interrupts(&queue);
	}
}

static void the_driver_tells_while_it_is_listened_to(void **state)
{
	const struct fake_buffer one = {BUFFERS, 8, true};
	uint32_t written;

	set_up(*state);
	for (uint32_t round = 0; round < 5U * SIZE; round++) {
		uint16_t before = driver.next_made;
		bool wrap = driver.made_wrap;

		assert_int_equal(virtq_listen(&queue, true), 0);
		fake_driver_make(&driver, &one, 1, false);
		assert_true(fake_driver_tells(&driver, before, wrap));
		/* it came before the wish was heard */
		assert_int_equal(virtq_listen(&queue, true), 1);
		assert_int_equal(virtq_listen(&queue, false), 0);
		assert_int_equal(take(), 1);
		before = driver.next_made;
		wrap = driver.made_wrap;
		fake_driver_make(&driver, &one, 1, false);
		if (!driver.event_index || driver.packed) {
			assert_false(fake_driver_tells(&driver, before, wrap));
		}
		assert_int_equal(virtq_put(&queue, chain, 0), 0);
		assert_int_equal(take(), 1);
		assert_int_equal(virtq_put(&queue, chain, 0), 0);
		while (fake_driver_see(&driver, &written) >= 0) {
		}
	}
}

static void copies_go_on_where_the_last_ended(void **state)
{
	struct virtq_cursor cursor;
	uint8_t bytes[120];

	set_up(*state);
	fake_driver_make(&driver, request, ARRAY_COUNT(request), false);
	assert_int_equal(take(), 1);
	memset(fake_ram(BUFFERS), 'a', 16);
	memset(fake_ram(BUFFERS + 0x1000), 'b', 100);
	cursor = virtq_reads(chain);
	assert_int_equal(virtq_read(&vm, &cursor, bytes, 10), 10);
	assert_int_equal(virtq_read(&vm, &cursor, bytes, 10), 10);
	assert_memory_equal(bytes, "aaaaaabbbb", 10);
	assert_int_equal(virtq_read(&vm, &cursor, bytes, sizeof(bytes)), 96);
	assert_int_equal(virtq_read(&vm, &cursor, bytes, 1), 0);

	cursor = virtq_writes(chain);
	memset(bytes, 'c', sizeof(bytes));
	for (uint32_t i = 0; i < 5; i++) {
		assert_int_equal(virtq_write(&vm, &cursor, bytes, 120), i < 4 ? 120 : 33);
	}
	assert_int_equal(virtq_write(&vm, &cursor, bytes, 1), 0);
	assert_int_equal(*(uint8_t *)fake_ram(BUFFERS + 0x2000 + 511), 'c');
	assert_int_equal(*(uint8_t *)fake_ram(BUFFERS + 0x2000 + 512), 0);
	assert_int_equal(*(uint8_t *)fake_ram(BUFFERS + 0x3000), 'c');
	assert_int_equal(*(uint8_t *)fake_ram(BUFFERS + 0x3001), 0);
}

#define OUT_MAX 8

/* Chains of random shapes, given back in random order, over many laps. */
static void nothing_is_lost_in_many_laps(void **state)
{
	const struct way *way = *state;
	struct random random = {17};
	struct virtq_chain held[OUT_MAX];
	uint32_t made = 0, taken = 0, seen = 0, out = 0, written;
	uint32_t marks[VIRTQ_SIZE_MAX];

	set_up(way);
	while (seen < 20000) {
		uint32_t what = random_below(&random, 3);
		int id;

		if (what == 0) {
			struct fake_buffer some[4];
			uint32_t count = 1 + random_below(&random, 4);

			for (uint32_t i = 0; i < count; i++) {
				some[i] = (struct fake_buffer){BUFFERS + 64 * made % 4096 + 8 * i,
							       1 + made % 7, i > 0};
			}
			id = fake_driver_make(&driver, some, count, random_below(&random, 2));
			if (id >= 0) {
				marks[id] = made++;
			}
		} else if (what == 1 && out < OUT_MAX && take() == 1) {
			assert_int_equal(chain->segment[0].size, 1 + taken % 7);
			assert_int_equal(marks[chain->id], taken);
			taken++;
			held[out++] = *chain;
		} else if (what == 2 && out > 0) {
			uint32_t i = random_below(&random, out);

			assert_int_equal(virtq_put(&queue, &held[i], marks[held[i].id]), 0);
			held[i] = held[--out];
		}
		id = fake_driver_see(&driver, &written);
		if (id >= 0) {
			assert_int_equal(written, marks[id]);
			seen++;
		}
	}
	assert_true(made >= taken && taken >= seen);
}

#define OF(sentence, function)                                                                     \
	CASE_OF(sentence ", split", function, &split),                                             \
		CASE_OF(sentence ", split, by index", function, &split_event),                     \
		CASE_OF(sentence ", split, in the first extent", function, &split_first),          \
		CASE_OF(sentence ", packed", function, &packed),                                   \
		CASE_OF(sentence ", packed, by index", function, &packed_event),                   \
		CASE_OF(sentence ", packed, in the first extent", function, &packed_first),        \
		CASE_OF(sentence ", packed, eleven places", function, &packed_odd),                \
		CASE_OF(sentence ", packed, eleven places in the first extent", function,          \
			&packed_odd_first)

static void a_copy_goes_through_so_many_buffers_at_once(void **state)
{
	struct virtq_segment segments[VIRTQ_PIECES + 4];
	struct virtq_cursor cursor;
	uint8_t bytes[64];

	set_up(*state);
	for (uint32_t i = 0; i < ARRAY_COUNT(segments); i++) {
		segments[i] = (struct virtq_segment){BUFFERS + 64 * i, 2};
		memset(fake_ram(BUFFERS + 64 * i), (int)i, 2);
	}
	cursor = (struct virtq_cursor){segments, segments + ARRAY_COUNT(segments), 0};
	assert_int_equal(virtq_read(&vm, &cursor, bytes, sizeof(bytes)), 2 * VIRTQ_PIECES);
	assert_int_equal(bytes[2 * VIRTQ_PIECES - 1], VIRTQ_PIECES - 1);
	assert_int_equal(virtq_read(&vm, &cursor, bytes, sizeof(bytes)), 8);
	assert_int_equal(bytes[7], VIRTQ_PIECES + 3);
	cursor = (struct virtq_cursor){segments, segments + ARRAY_COUNT(segments), 0};
	assert_int_equal(virtq_write(&vm, &cursor, bytes, sizeof(bytes)), 2 * VIRTQ_PIECES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		OF("a chain comes as it was made", a_chain_comes_as_it_was_made),
		OF("what a driver changes afterwards changes nothing",
		   what_a_driver_changes_afterwards_changes_nothing),
		OF("a long chain takes several steps", a_long_chain_takes_several_steps),
		OF("chains of any length are whole", chains_of_any_length_are_whole),
		OF("a look has its bound", a_look_has_its_bound),
		OF("buffers of no bytes are left out", buffers_of_no_bytes_are_left_out),
		OF("a copy goes through so many buffers at once",
		   a_copy_goes_through_so_many_buffers_at_once),
		OF("buffers lie in RAM", buffers_lie_in_RAM),
		OF("what is written follows what is read", what_is_written_follows_what_is_read),
		OF("sums of 4 GiB are refused", sums_of_4_GiB_are_refused),
		OF("tables of a wrong size are refused", tables_of_a_wrong_size_are_refused),
		OF("no chain goes on behind a table", no_chain_goes_on_behind_a_table),
		OF("without the feature there are no tables",
		   without_the_feature_there_are_no_tables),
		OF("a table may stand behind descriptors", a_table_may_stand_behind_descriptors),
		OF("descriptors and table together are no more than the queue has",
		   descriptors_and_table_together_are_no_more_than_the_queue_has),
		OF("a table in a table", a_table_in_a_table_is_refused),
		CASE("circles are refused", circles_are_refused),
		CASE("indices outside their table are refused",
		     indices_outside_their_table_are_refused),
		OF("rings have places and sizes that the specification allows",
		   rings_have_places_and_sizes_that_the_specification_allows),
		OF("interrupts come as the driver wishes", interrupts_come_as_the_driver_wishes),
		OF("one interrupt stands for all that was put",
		   one_interrupt_stands_for_all_that_was_put),
		OF("a chain is given back in one go", a_chain_is_given_back_in_one_go),
		OF("the driver tells while it is listened to",
		   the_driver_tells_while_it_is_listened_to),
		OF("copies go on where the last ended", copies_go_on_where_the_last_ended),
		OF("nothing is lost in many laps", nothing_is_lost_in_many_laps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
