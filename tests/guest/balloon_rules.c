/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What virtio 1.2 says a driver of a balloon must not do (5.5.6.1, 5.5.6.3.1), and descriptors that
 * change while the balloon has them (3.3.1). Whatever is done, a page is there with what was in it,
 * there with zeroes, or not there; requests are answered, and in the end the VM has all of its RAM.
 */
#include "core/exit/hypercall_types.h"
#include "tests/guest/lib/console.h"
#include "tests/guest/lib/cpu.h"
#include "tests/guest/lib/exc.h"
#include "tests/guest/lib/machine.h"
#include "tests/guest/lib/psci.h"
#include "tests/guest/lib/string.h"
#include "tests/guest/lib/tap.h"
#include "tests/guest/lib/virtio.h"

/* In the order of balloon_rules.dts. */
#define BALLOON VIRTIO_DEVICE(0)
#define RANDOM	VIRTIO_DEVICE(1)

#define PAGE	  UINT64_C(4096)
#define RAM_SIZE  UINT64_C(0x2000000)
#define AREA	  (UINT64_C(RAM_BASE) + 0x1000000) /* where no image is */
#define PAGES	  256				   /* of the area that are used */
#define PATTERN	  UINT64_C(0x6c6c616220617365)
#define MUST_TELL BIT(0)
#define STATS	  BIT(1)
#define NUM_PAGES VIRTIO_CONFIG
#define ACTUAL	  (VIRTIO_CONFIG + 4)
#define DEVICE	  UINT64_C(0x08000000) /* no RAM: the interrupt controller's */
#define FREE	  4		       /* a statistic: 5.5.6.4 */
#define PATIENCE  20 /* seconds: the pool has what is given when all CPUs say so */

enum {
	INFLATE,
	DEFLATE,
	STATISTICS,
	QUEUES,
};

static struct ring rings[QUEUES] __attribute__((aligned(4096)));
static struct queue queues[QUEUES];
static uint32_t numbers[2][PAGES]; /* lists for the two queues */
static uint8_t stats[20];
static struct hypercall_balloon info;
static bool over;

static volatile uint64_t *word_of(unsigned int page)
{
	return (volatile uint64_t *)(AREA + page * PAGE + 8 * (page % 512));
}

/* Sets it up to DRIVER_OK, which is the caller's. */
static void prepare(const struct virtio_format *format)
{
	uint64_t features = format->features | MUST_TELL | STATS;

	memset(rings, 0, sizeof(rings));
	virtio_negotiate(BALLOON, features | VIRTIO_F_VERSION_1);
	for (unsigned int i = 0; i < QUEUES; i++) {
		virtio_place(BALLOON, i, &rings[i]);
		virtio_set(BALLOON, VIRTIO_QUEUE_READY, 1);
		queues[i] = (struct queue){.device = BALLOON, .features = features, .number = i};
		queue_begin(&queues[i], &rings[i]);
	}
}

static void begin(const struct virtio_format *format)
{
	prepare(format);
	virtio_set(BALLOON, VIRTIO_STATUS, 15);
}

/* A list that the device has, and is not told of. */
static void give(uint32_t queue, unsigned int first, unsigned int count)
{
	const struct buffer list = {numbers[queue], count * (uint32_t)sizeof(uint32_t), false};

	for (unsigned int i = 0; i < count; i++) {
		numbers[queue][i] = (uint32_t)((AREA + (first + i) * PAGE) / PAGE);
	}
	queue_give(&queues[queue], &list, 1);
}

static bool is_back(uint32_t queue)
{
	uint32_t written;

	return WAIT_TICKS(queue_take(&queues[queue], &written), PATIENCE * counter_hz());
}

static bool move(uint32_t queue, unsigned int first, unsigned int count)
{
	give(queue, first, count);
	virtio_notify(BALLOON, queue);
	return is_back(queue);
}

static bool needs_reset(uint64_t device)
{
	return (virtio_get(device, VIRTIO_STATUS) & VIRTIO_NEEDS_RESET) != 0;
}

static void fill(void)
{
	for (unsigned int i = 0; i < PAGES; i++) {
		*word_of(i) = PATTERN + i;
	}
}

/* Of the pages: that are gone, zeroes, and something else than what was there before. */
struct count {
	unsigned int gone, zero, other;
};

static struct count count_pages(void)
{
	struct count count = {0};

	for (unsigned int i = 0; i < PAGES; i++) {
		uint64_t value = 0;
		struct exc_record e = EXC_OF(value = *word_of(i));

		if (e.count != 0) {
			count.gone++;
		} else if (value == 0) {
			count.zero++;
		} else if (value != PATTERN + i) {
			count.other++;
		}
	}
	return count;
}

static bool are(unsigned int gone, unsigned int zero)
{
	struct count count = count_pages();

	return count.gone == gone && count.zero == zero && count.other == 0;
}

static int64_t set_memory(uint64_t bytes)
{
	struct smccc_regs r = {{HYPERCALL_ID64(HYPERCALL_VM_SET_MEMORY), 0, bytes}};

	smccc_hvc(&r);
	return (int64_t)r.x[0];
}

static void look(void)
{
	struct smccc_regs r = {
		{HYPERCALL_ID64(HYPERCALL_VM_BALLOON), 0, 0, (uint64_t)&info, sizeof(info)}};

	smccc_hvc(&r);
}

static bool has_all(void)
{
	look();
	return info.now == RAM_SIZE && !needs_reset(BALLOON);
}

/* -- pages: 5.5.6.1 -- */

static void test_wanted(void)
{
	is(set_memory(RAM_SIZE - 64 * PAGE), HYPERCALL_OK, "the VM is asked for 64 pages");
	is(virtio_get(BALLOON, NUM_PAGES), 64, "of which the device tells");
	ok(move(INFLATE, 0, 32), "it gives half of them");
	virtio_set(BALLOON, ACTUAL, 32);
	ok(move(DEFLATE, 0, 16) && are(16, 16),
	   "5.5.6.1: pages that are taken back while it is to give more are there");
	look();
	ok(info.now == RAM_SIZE - 16 * PAGE && info.target == RAM_SIZE - 64 * PAGE &&
		   virtio_get(BALLOON, NUM_PAGES) == 64,
	   "5.5.6.1: and what it is asked for stays as it was");
	ok(set_memory(RAM_SIZE) == HYPERCALL_OK && move(DEFLATE, 16, 16) && has_all(),
	   "it gets the others when nothing is asked for any more");
}

static void test_order(const struct virtio_format *format)
{
	fill();
	give(INFLATE, 0, 16);
	give(DEFLATE, 0, 16);
	virtio_notify(BALLOON, DEFLATE);
	ok(is_back(DEFLATE) && are(0, 0),
	   "5.5.6.1: a page that is asked for before it was given is there");
	virtio_notify(BALLOON, INFLATE);
	ok(is_back(INFLATE) && are(16, 0), "and is gone when it is given after that");
	ok(move(DEFLATE, 0, 16) && are(0, 16) && has_all(), "until it is asked for again");
	fill();
	prepare(format);
	give(INFLATE, 0, PAGES);
	give(DEFLATE, 0, PAGES);
	virtio_set(BALLOON, VIRTIO_STATUS, 15);
	ok(is_back(INFLATE) && is_back(DEFLATE), "5.5.6.1: both at once are answered");
	ok(move(DEFLATE, 0, PAGES) && are(0, PAGES) && has_all(), "and all pages come back");
}

/* The other CPU comes to its end. */
static bool end_other(void)
{
	WRITE_ONCE(over, true);
	return WAIT_TICKS(!READ_ONCE(cpus[1].busy), PATIENCE * counter_hz()) && cpu_join(1);
}

static void deflate(void *arg)
{
	bool *back = arg;

	*back = true;
	while (!READ_ONCE(over)) {
		*back = move(DEFLATE, 0, PAGES) && *back;
	}
}

/* By another CPU, before the device has said that it has them. */
static void test_deflated_meanwhile(void)
{
	bool back = false, given;

	fill();
	WRITE_ONCE(over, false);
	given = cpu_start(1, deflate, &back) == PSCI_SUCCESS;
	for (unsigned int i = 0; i < 4; i++) {
		given = move(INFLATE, 0, PAGES) && given;
	}
	given = end_other() && given;
	ok(given && back, "5.5.6.1: pages are asked for while they are given: all is answered");
	ok(move(DEFLATE, 0, PAGES) && count_pages().gone == 0 && count_pages().other == 0 &&
		   has_all(),
	   "and all come back, as they were or as zeroes");
}

static void use_pages(void *arg)
{
	unsigned int *wrong = arg;

	while (!READ_ONCE(over)) {
		for (unsigned int i = 0; i < PAGES; i++) {
			struct exc_record e = EXC_OF(*word_of(i) = PATTERN + i);

			*wrong += e.serror_count != 0 ||
				  (e.count != 0 && (exc_ec(&e) != EC_DABT ||
						    FIELD_GET(ESR_FSC, e.esr) != FSC_EXTERNAL));
		}
	}
}

static void test_used_meanwhile(void)
{
	unsigned int wrong = 0;
	bool done;

	fill();
	give(INFLATE, 0, 1);
	*word_of(0) = PATTERN + 77;
	virtio_notify(BALLOON, INFLATE);
	ok(is_back(INFLATE) && are(1, 0), "5.5.6.1: a page that is used on its way is gone then");
	ok(move(DEFLATE, 0, 1) && are(0, 1), "and comes back as zeroes");
	WRITE_ONCE(over, false);
	done = cpu_start(1, use_pages, &wrong) == PSCI_SUCCESS && move(INFLATE, 0, PAGES);
	cpu_delay_us(1000);
	done = end_other() && done;
	ok(done && wrong == 0 && are(PAGES, 0),
	   "5.5.6.1: pages that another CPU uses meanwhile go, and it gets external aborts");
	ok(move(DEFLATE, 0, PAGES) && are(0, PAGES) && has_all(), "all come back as zeroes");
}

/* A buffer for another device, and then the ring of that. */
static void test_used_by_device(void)
{
	struct ring *own = (struct ring *)(AREA + 3 * PAGE);
	static struct ring good;

	fill();
	memset(own, 0, PAGE);
	virtio_begin(RANDOM, 0, own, 1);
	ok(move(INFLATE, 3, 1), "the page with a ring is given");
	virtio_notify(RANDOM, 0);
	ok(needs_reset(RANDOM) && !needs_reset(BALLOON),
	   "5.5.6.1: a device whose ring is gone asks for a reset, and no other does");
	virtio_begin(RANDOM, 0, &good, 1);
	good.split[0] = (struct split_desc){(uint64_t)own, 64, DESC_WRITE, 0};
	ring_give(&good, 0);
	virtio_notify(RANDOM, 0);
	ok(needs_reset(RANDOM) && good.used.index == 0,
	   "5.5.6.1: nor does one write to a page that is gone");
	ok(move(DEFLATE, 3, 1) && are(0, 1) && has_all(), "which comes back as zeroes");
	virtio_set(RANDOM, VIRTIO_STATUS, 0);
}

/* -- what changes while the device has it: 3.3.1 -- */

/* All that is in the ring of a queue, and in its table, is wrong from now on. */
static void spoil(uint32_t queue)
{
	for (unsigned int i = 0; i < RING_SIZE; i++) {
		rings[queue].split[i].address = DEVICE;
		rings[queue].split[i].size = UINT32_MAX;
		rings[queue].table.split[i] = rings[queue].split[i];
	}
}

static void test_spoilt_list(const struct virtio_format *format)
{
	bool held;

	fill();
	/* the pool has none of them yet: the second request waits */
	move(INFLATE, 0, 16);
	give(DEFLATE, 0, 16);
	virtio_notify(BALLOON, DEFLATE);
	held = count_pages().gone != 0;
	spoil(DEFLATE);
	printf("# %s: the request %s\n", format->name, held ? "waits" : "was over already");
	ok(WAIT_TICKS(count_pages().gone == 0, PATIENCE * counter_hz()) && are(0, 16) &&
		   !needs_reset(BALLOON),
	   "3.3.1: a list whose descriptor changes on its way is the one that was given");
	begin(format);
	ok(has_all(), "and the device works after a reset");
}

static bool give_stats(uint64_t value, uint32_t size, bool write)
{
	const struct buffer buffer = {stats, size, write};
	const uint16_t tag = FREE;

	memcpy(stats, &tag, sizeof(tag));
	memcpy(stats + sizeof(tag), &value, sizeof(value));
	queue_give(&queues[STATISTICS], &buffer, 1);
	virtio_notify(BALLOON, STATISTICS);
	return !needs_reset(BALLOON);
}

static void test_statistics(const struct virtio_format *format)
{
	begin(format);
	ok(give_stats(1000, 10, false), "statistics are told");
	spoil(STATISTICS);
	memset(stats, 0xff, sizeof(stats));
	look();
	ok(info.known == BIT(FREE) && info.stat[FREE] == 1000 && !needs_reset(BALLOON),
	   "3.3.1: what changes when the device has read it is not read again");
	ok(is_back(STATISTICS), "and the buffer comes back");
	look();
	is(info.stat[FREE], 1000, "from which nothing more was read");
	begin(format);
	ok(give_stats(1001, 7, false), "5.5.6.3.1: a buffer of no whole number is taken");
	look();
	is(info.known, 0, "and nothing in it");
	begin(format);
	ok(!give_stats(1002, 10, true), "5.5.6.3: one that is to be written breaks the device");
	begin(format);
	ok(give_stats(1003, 10, false), "which works after a reset");
}

int main(void)
{
	for (unsigned int i = 0; i < VIRTIO_FORMATS; i++) {
		const struct virtio_format *format = &virtio_formats[i];

		printf("# %s\n", format->name);
		fill();
		begin(format);
		test_wanted();
		test_order(format);
		test_deflated_meanwhile();
		test_used_meanwhile();
		test_used_by_device();
		test_spoilt_list(format);
		test_statistics(format);
	}
	tap_done();
}
