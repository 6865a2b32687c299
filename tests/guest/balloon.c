/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A balloon and a driver that is right or wrong: pages that were given are not there, those that
 * come back are zeroes, what makes no sense changes nothing, and a restart brings all back. Numbers
 * are clauses of virtio 1.2.
 */
#include "core/exit/hypercall_types.h"
#include "tests/guest/lib/console.h"
#include "tests/guest/lib/cpu.h"
#include "tests/guest/lib/exc.h"
#include "tests/guest/lib/machine.h"
#include "tests/guest/lib/psci.h"
#include "tests/guest/lib/string.h"
#include "tests/guest/lib/tap.h"
#include "tests/guest/lib/timer.h"
#include "tests/guest/lib/virtio.h"

#define BALLOON	    VIRTIO_DEVICE(0)
#define PAGE	    UINT64_C(4096)
#define RAM_SIZE    UINT64_C(0x2000000)
#define AREA	    (UINT64_C(RAM_BASE) + 0x1000000) /* where no image is */
#define AREA_PAGES  2048
#define GIVES	    512 /* pages from RAM_SIZE to min-size */
#define PATTERN	    UINT64_C(0x6c6c616220617365)
#define MUST_TELL   BIT(0)
#define STATS	    BIT(1)
#define NUM_PAGES   VIRTIO_CONFIG
#define ACTUAL	    (VIRTIO_CONFIG + 4)
#define MAGIC	    UINT64_C(0x62616c6c6f6f6e21)
#define RECORD_AT   (AREA + AREA_PAGES * PAGE)
#define NUMBERS_MAX 1024

enum {
	INFLATE,
	DEFLATE,
	STATISTICS,
	QUEUES,
};

/* Where no image is, so that it outlives a reset. */
static struct record {
	uint64_t magic;
	uint64_t failed;
} *const record = (struct record *)RECORD_AT;

static struct ring rings[QUEUES] __attribute__((aligned(4096)));
static uint32_t numbers[NUMBERS_MAX];
static struct smccc_regs r;
static struct hypercall_balloon info;

static volatile uint64_t *word_of(unsigned int page)
{
	return (volatile uint64_t *)(AREA + page * PAGE + 8 * (page % 512));
}

static uint32_t number_of(unsigned int page)
{
	return (uint32_t)((AREA + page * PAGE) / PAGE);
}

static void begin(void)
{
	virtio_begin(BALLOON, MUST_TELL | STATS, rings, QUEUES);
}

/* The device has all the numbers, and has given the buffer back. */
static bool move(uint32_t queue, uint32_t count)
{
	struct ring *ring = &rings[queue];
	uint16_t used = READ_ONCE(ring->used.index);

	ring->split[0] = (struct split_desc){(uint64_t)numbers, count * sizeof(numbers[0]), 0, 0};
	ring_give(ring, 0);
	virtio_notify(BALLOON, queue);
	return WAIT(READ_ONCE(ring->used.index) == (uint16_t)(used + 1));
}

static bool move_pages(uint32_t queue, unsigned int first, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		numbers[i] = number_of(first + i);
	}
	return move(queue, count);
}

static bool needs_reset(void)
{
	return (virtio_get(BALLOON, VIRTIO_STATUS) & VIRTIO_NEEDS_RESET) != 0;
}

static bool is_gone(unsigned int page)
{
	struct exc_record e = EXC_OF((void)*word_of(page));

	return e.count == 1 && e.serror_count == 0 && exc_ec(&e) == EC_DABT &&
	       FIELD_GET(ESR_FSC, e.esr) == FSC_EXTERNAL && (e.esr & ESR_WNR) == 0 &&
	       e.far == (uint64_t)word_of(page);
}

/* Of the area: pages that are there, and hold what `fill` wrote, or zeroes. */
static void count_pages(unsigned int *gone, unsigned int *filled, unsigned int *zero)
{
	*gone = *filled = *zero = 0;
	for (unsigned int i = 0; i < AREA_PAGES; i++) {
		uint64_t value = 0;
		struct exc_record e = EXC_OF(value = *word_of(i));

		if (e.count != 0) {
			++*gone;
		} else if (value == PATTERN + i) {
			++*filled;
		} else if (value == 0) {
			++*zero;
		}
	}
}

static void fill(void)
{
	for (unsigned int i = 0; i < AREA_PAGES; i++) {
		*word_of(i) = PATTERN + i;
	}
}

static int64_t call(unsigned int n, uint64_t a, uint64_t b)
{
	r = (struct smccc_regs){{HYPERCALL_ID64(n), a, b}};
	smccc_hvc(&r);
	return (int64_t)r.x[0];
}

static int64_t look(void)
{
	r = (struct smccc_regs){
		{HYPERCALL_ID64(HYPERCALL_VM_BALLOON), 0, 0, (uint64_t)&info, sizeof(info)}};
	smccc_hvc(&r);
	return (int64_t)r.x[0];
}

static void test_registers(void)
{
	uint64_t offered = virtio_offered(BALLOON);

	is(virtio_get(BALLOON, VIRTIO_DEVICE_ID), 5, "it is a balloon: 5.5.1");
	is(offered & 0xffffff, MUST_TELL | STATS,
	   "it must be told and takes statistics, and nothing more of its own: 5.5.3");
	ok(!virtio_negotiate(BALLOON, VIRTIO_F_VERSION_1 | STATS),
	   "a driver that would use pages before it tells of it is refused: 5.5.3.2");
	virtio_set(BALLOON, VIRTIO_STATUS, 15);
	is(virtio_get(BALLOON, VIRTIO_STATUS) & VIRTIO_DRIVER_OK, 0, "and drives nothing");
	ok(virtio_negotiate(BALLOON, VIRTIO_F_VERSION_1 | MUST_TELL),
	   "one that tells is not, with statistics or without");
	virtio_set(BALLOON, VIRTIO_STATUS, 0);
	is(virtio_get(BALLOON, NUM_PAGES), 0, "nothing is asked for at first");
	virtio_set(BALLOON, NUM_PAGES, 77);
	virtio_set(BALLOON, ACTUAL, 0x12345678);
	mmio_write8(BALLOON + ACTUAL + 1, 0xab);
	is(virtio_get(BALLOON, NUM_PAGES), 0,
	   "a driver doesn't change what it is asked for: 5.5.4");
	is(virtio_get(BALLOON, ACTUAL), 0x1234ab78, "it says how much it gave, by bytes too");
	is(virtio_get(BALLOON, VIRTIO_CONFIG + 8), 0, "behind that is nothing");
}

static void test_moves(void)
{
	unsigned int gone, filled, zero;
	struct exc_record e;

	fill();
	begin();
	ok(move_pages(INFLATE, 100, 16), "the device takes pages, and gives the buffer back");
	ok(is_gone(100) && is_gone(115), "a load from one is an external abort, at its address");
	e = EXC_OF(*word_of(101) = 1);
	ok(e.count == 1 && exc_ec(&e) == EC_DABT && FIELD_GET(ESR_FSC, e.esr) == FSC_EXTERNAL &&
		   (e.esr & ESR_WNR) != 0,
	   "and so is a store");
	count_pages(&gone, &filled, &zero);
	ok(gone == 16 && filled == AREA_PAGES - 16, "these 16 pages are gone, and no other");
	is(look(), HYPERCALL_OK, "the VM may ask what it has");
	ok(info.size == RAM_SIZE && info.now == RAM_SIZE - 16 * PAGE && info.target == RAM_SIZE &&
		   info.min == RAM_SIZE - GIVES * PAGE && info.flags == HYPERCALL_BALLOON_UP,
	   "and is told that it has 16 pages less than it was given");
	ok(move_pages(DEFLATE, 104, 4), "it gets four of them back");
	count_pages(&gone, &filled, &zero);
	ok(gone == 12 && zero == 4 && filled == AREA_PAGES - 16, "which are zeroes");
	ok(move_pages(DEFLATE, 100, 16), "all of them are asked for: four are there already");
	count_pages(&gone, &filled, &zero);
	ok(gone == 0 && zero == 16 && filled == AREA_PAGES - 16, "and all are there");
	for (unsigned int i = 100; i < 116; i++) {
		*word_of(i) = PATTERN + i;
	}
	count_pages(&gone, &filled, &zero);
	is(filled, AREA_PAGES, "and may be written");
}

static void test_nonsense(void)
{
	static const uint32_t nowhere[] = {0, 1, 0x8000, 0xa000, 0x42000, 0x100000, UINT32_MAX};
	unsigned int gone, filled, zero;

	fill();
	begin();
	for (unsigned int q = INFLATE; q <= DEFLATE; q++) {
		memcpy(numbers, nowhere, sizeof(nowhere));
		ok(move(q, ARRAY_SIZE(nowhere)) && !needs_reset(),
		   "pages that are no RAM are left out");
	}
	ok(virtio_get(BALLOON, VIRTIO_DEVICE_ID) == 5, "devices are where they were");
	numbers[0] = numbers[1] = number_of(7);
	ok(move(INFLATE, 2) && is_gone(7), "a page may be given twice: it is gone");
	numbers[0] = numbers[1] = number_of(7);
	ok(move(DEFLATE, 2) && *word_of(7) == 0, "and asked for twice: it is there");
	rings[INFLATE].split[1] = (struct split_desc){(uint64_t)numbers, 7, 0, 0};
	numbers[0] = numbers[1] = number_of(8);
	ring_give(&rings[INFLATE], 1);
	virtio_notify(BALLOON, INFLATE);
	ok(!needs_reset() && is_gone(8), "what is no whole number at the end is left out");
	numbers[0] = number_of(8);
	move(DEFLATE, 1);
	numbers[0] = number_of(8);
	rings[INFLATE].split[1] = (struct split_desc){(uint64_t)numbers, 4, DESC_WRITE, 0};
	ring_give(&rings[INFLATE], 1);
	virtio_notify(BALLOON, INFLATE);
	ok(needs_reset() && !is_gone(8) && numbers[0] == number_of(8),
	   "5.5.6: a list that is to be written breaks the device");
	begin();
	rings[INFLATE].split[1] = (struct split_desc){0x08000000, 64, 0, 0};
	ring_give(&rings[INFLATE], 1);
	virtio_notify(BALLOON, INFLATE);
	ok(needs_reset(), "a list that is not in RAM breaks the device");
	begin();
	ok(move_pages(INFLATE, 9, 1) && is_gone(9), "which works again after a reset");
	begin();
	ok(is_gone(9), "a reset by the driver brings nothing back");
	move_pages(DEFLATE, 9, 1);
	count_pages(&gone, &filled, &zero);
	ok(gone == 0 && zero == 3 && filled == AREA_PAGES - 3, "nothing else has changed");
}

static void test_least(void)
{
	unsigned int gone, filled, zero;
	bool all = true;

	fill();
	begin();
	for (unsigned int i = 0; i < 2 * GIVES; i += 128) {
		all = move_pages(INFLATE, i, 128) && all;
	}
	ok(all && !needs_reset(), "more than it can give is taken from its list");
	count_pages(&gone, &filled, &zero);
	ok(gone == GIVES && filled == AREA_PAGES - GIVES, "but it keeps its min-size");
	for (unsigned int i = 0; i < 2 * GIVES; i += 128) {
		all = move_pages(DEFLATE, i, 128) && all;
	}
	count_pages(&gone, &filled, &zero);
	ok(all && gone == 0 && zero == GIVES && filled == AREA_PAGES - GIVES,
	   "it gets back what it gave");
}

/* The ring, and then the list, in pages that are given. */
static void test_own_structures(void)
{
	struct ring *ring = (struct ring *)(AREA + 50 * PAGE);
	uint32_t *list = (uint32_t *)(AREA + 52 * PAGE);

	begin();
	virtio_set(BALLOON, VIRTIO_STATUS, 0);
	memset(ring, 0, sizeof(*ring));
	virtio_begin(BALLOON, MUST_TELL, ring, 1);
	numbers[0] = number_of(50);
	ring->split[0] = (struct split_desc){(uint64_t)numbers, 4, 0, 0};
	ring_give(ring, 0);
	virtio_notify(BALLOON, INFLATE);
	ok(needs_reset() && is_gone(50), "a driver that gives its ring has a broken device");
	begin();
	move_pages(DEFLATE, 50, 1);
	for (unsigned int i = 0; i < 16; i++) {
		list[i] = number_of(52 + i);
	}
	rings[INFLATE].split[0] = (struct split_desc){(uint64_t)list, 64, 0, 0};
	ring_give(&rings[INFLATE], 0);
	virtio_notify(BALLOON, INFLATE);
	ok(needs_reset() && is_gone(52) && is_gone(54) && !is_gone(55),
	   "one that gives its list has too, after a step");
	begin();
	ok(move_pages(DEFLATE, 52, 3) && !is_gone(52) && *list == 0,
	   "both come back after a reset, as zeroes");
}

/* A list, and what is in it, may lie in two pages, which are not neighbours any more. */
static void test_seam(void)
{
	uint32_t *list = (uint32_t *)(AREA + 71 * PAGE - 8);

	begin();
	/* the pool is a stack: they come back the other way round */
	move_pages(INFLATE, 70, 2);
	numbers[0] = number_of(70);
	numbers[1] = number_of(71);
	move(DEFLATE, 2);
	for (unsigned int i = 0; i < 4; i++) {
		list[i] = number_of(80 + i);
	}
	rings[INFLATE].split[0] = (struct split_desc){(uint64_t)list, 16, 0, 0};
	ring_give(&rings[INFLATE], 0);
	virtio_notify(BALLOON, INFLATE);
	ok(is_gone(80) && is_gone(81) && is_gone(82) && is_gone(83) && !needs_reset(),
	   "a list over the seam of two pages is read whole");
	move_pages(DEFLATE, 80, 4);
}

/* Instructions are counted, one a nanosecond: docs/balloon.md has the figures. */
static void test_cost(void)
{
	static const char *const names[] = {"giving", "taking back"};

	begin();
	for (unsigned int queue = INFLATE; queue <= DEFLATE; queue++) {
		uint64_t before, each;

		/* what was given is in the pool before it is asked for */
		cpu_delay_us(100000);
		before = counter_now();
		move_pages(queue, 200, 256);
		each = (counter_now() - before) * (1000000000 / counter_hz()) / 256;
		printf("# %s a page: %lu instructions\n", names[queue], each);
		in_range(each, 100, 2000, "a page costs less than a step");
	}
}

static void test_statistics(void)
{
	struct ring *ring = &rings[STATISTICS];
	static uint8_t stats[40];
	const uint16_t tags[] = {4, 5, 6, 77};
	uint16_t used;

	begin();
	for (unsigned int i = 0; i < ARRAY_SIZE(tags); i++) {
		const uint64_t value = 1000 + i;

		memcpy(stats + 10 * i, &tags[i], 2);
		memcpy(stats + 10 * i + 2, &value, 8);
	}
	ring->split[0] = (struct split_desc){(uint64_t)stats, sizeof(stats), 0, 0};
	ring_give(ring, 0);
	virtio_notify(BALLOON, STATISTICS);
	used = READ_ONCE(ring->used.index);
	is(used, 0, "statistics stay with the device until somebody wants news");
	look();
	ok(info.known == 0x70 && info.stat[4] == 1000 && info.stat[5] == 1001 &&
		   info.stat[6] == 1002 && info.told != 0,
	   "who looks sees the last ones, but those that nobody knows");
	ok(WAIT(READ_ONCE(ring->used.index) == 1), "and then the driver is asked for news");
	look();
	is(READ_ONCE(ring->used.index), 1, "once: it has no buffer");
	ring->split[1] = ring->split[0];
	ring_give(ring, 0);
	ring_give(ring, 1);
	virtio_notify(BALLOON, STATISTICS);
	ok(WAIT(READ_ONCE(ring->used.index) == 2) && !needs_reset(),
	   "5.5.6.3.1: of two buffers at once the second one waits for its turn");
	look();
	ok(WAIT(READ_ONCE(ring->used.index) == 3) && !needs_reset(), "which comes");
	is(call(HYPERCALL_VM_SET_MEMORY, 0, RAM_SIZE), (uint64_t)HYPERCALL_DENIED,
	   "a VM that manages nobody asks nobody for memory");
}

/* The first life: its last act is to give all that it can. */
static void end_life(void)
{
	*record = (struct record){.magic = MAGIC};
	fill();
	begin();
	record->failed = !move_pages(INFLATE, 300, GIVES) + !is_gone(300) + !is_gone(299 + GIVES) +
			 is_gone(299) + is_gone(300 + GIVES);
	psci_call(PSCI_SYSTEM_RESET, 0, 0, 0);
	record->failed++;
}

static void test_restart(void)
{
	unsigned int gone, filled, zero;

	is(record->failed, 0, "a life before gave what it could");
	count_pages(&gone, &filled, &zero);
	ok(gone == 0, "a restart brings back all of it");
	ok(zero == GIVES && filled == AREA_PAGES - GIVES, "as zeroes, and leaves the rest");
	look();
	ok(info.now == RAM_SIZE && info.target == RAM_SIZE && info.flags == 0,
	   "it has all of its RAM, and nothing is asked for");
}

int main(void)
{
	if (record->magic != MAGIC) {
		end_life();
	}
	test_restart();
	test_registers();
	test_moves();
	test_nonsense();
	test_least();
	test_own_structures();
	test_seam();
	test_statistics();
	test_cost();
	tap_done();
}
