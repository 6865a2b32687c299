/* SPDX-License-Identifier: Apache-2.0 */
/* Disks of the board behind virtio-mmio: requests, turns, partitions, and devices that are wrong.
 */
#include <stdlib.h>

#include "core/base/errno.h"
#include "core/base/printk.h"
#include "drivers/hw/blk/parts.h"
#include "drivers/hw/blk/virtio_blk.h"
#include "drivers/hw/virtio/blk_regs.h"
#include "drivers/hw/virtio/hwvirtio.h"
#include "mm/page_alloc.h"
#include "tests/unit/fake_gpt.h"
#include "tests/unit/fake_line.h"
#include "tests/unit/fake_time.h"
#include "tests/unit/unit.h"

#define BLOCKS	256
#define SLOTS	16
#define INTID	48
#define FEATURE (BIT32(0) | BLK_F_FLUSH | BLK_F_BLK_SIZE | BLK_F_DISCARD) /* of both words */

/* -- the device: registers that are memory, served by hand -- */

static uint32_t regs[VIRTIO_MMIO_SIZE / 4];
static uint8_t memory[VIRTIO_BLK_PAGES * PAGE_SIZE] __attribute__((aligned(4096)));
static uint8_t disk[BLOCKS * BLK_SECTOR];
static struct blk_dev *dev;
static uint16_t seen;	 /* chains that the device has taken */
static uint16_t put;	 /* and given back */
static uint8_t status;	 /* that it answers with */
static uint32_t missing; /* bytes that it says less than it wrote */
static char said[2048];

uint64_t virt_to_phys(const void *virt)
{
	return (uint64_t)virt;
}

uint64_t deadline_from_ms(uint64_t ms)
{
	return fake_time.hz * ms / 1000;
}

static uint32_t *reg(uint32_t off)
{
	return &regs[off / 4];
}

static void *address(uint32_t off)
{
	return (void *)(*reg(off) | (uint64_t)*reg(off + 4) << 32);
}

/* One descriptor's memory against the disk; the bytes that are written. */
static uint32_t move(const struct hwring_desc *desc, bool out, uint64_t at)
{
	uint8_t *buffer = (uint8_t *)desc->pa;

	assert_true(at + desc->size <= sizeof(disk));
	assert_int_equal((desc->flags & HWRING_WRITE) != 0, !out);
	memcpy(out ? disk + at : buffer, out ? buffer : disk + at, desc->size);
	return out ? 0 : desc->size;
}

static void give_back(uint32_t id, uint32_t written)
{
	uint32_t *used = address(VIRTIO_MMIO_QUEUE_DEVICE);

	used[1 + 2 * (put % 256)] = id;
	used[2 + 2 * (put % 256)] = written;
	put++;
	used[0] = (uint32_t)put << 16;
	*reg(VIRTIO_MMIO_INTERRUPT_STATUS) |= VIRTIO_INTERRUPT_USED;
}

/* Does the next chain; false: there is none. */
static bool serve(void)
{
	const uint16_t *avail = address(VIRTIO_MMIO_QUEUE_DRIVER);
	const struct hwring_desc *table = address(VIRTIO_MMIO_QUEUE_DESC), *desc;
	const struct blk_header *header;
	uint32_t written = 1;
	uint64_t at;
	uint16_t head;

	if (avail[1] == seen) {
		return false;
	}
	head = avail[2 + seen++ % 256];
	desc = &table[head];
	header = (const struct blk_header *)desc->pa;
	assert_int_equal(desc->size, 16);
	at = header->sector * 512;
	for (desc = &table[desc->next]; (desc->flags & HWRING_NEXT) != 0;
	     desc = &table[desc->next]) {
		if (header->type == BLK_TYPE_DISCARD) {
			const struct blk_range *range = (const struct blk_range *)desc->pa;

			memset(disk + range->sector * 512, 0xdd, range->count * 512);
			continue;
		}
		written += move(desc, header->type == BLK_TYPE_OUT, at);
		at += desc->size;
	}
	assert_int_equal(desc->size, 1);
	*(uint8_t *)desc->pa = status;
	give_back(head, written - missing);
	return true;
}

static void interrupt(void)
{
	blk_interrupt(dev);
	fake_pass(1000);
}

/* All that was asked, and what is asked for it. */
static void serve_all(void)
{
	while (serve()) {
		interrupt();
	}
}

static void listen(enum log_level level, const char *text, size_t len)
{
	(void)level;
	strncat(said, text, MIN(len, sizeof(said) - strlen(said) - 2));
	strcat(said, "\n");
}

static int set_up(void **state)
{
	int err;

	(void)state;
	memset(regs, 0, sizeof(regs));
	memset(memory, 0, sizeof(memory));
	memset(said, 0, sizeof(said));
	printk_set_sink(listen);
	printk_set_level(LOG_INFO);
	for (uint32_t i = 0; i < sizeof(disk); i++) {
		disk[i] = (uint8_t)(i * 7 + i / 512);
	}
	*reg(VIRTIO_MMIO_MAGIC) = 0x74726976;
	*reg(VIRTIO_MMIO_VERSION) = 2;
	*reg(VIRTIO_MMIO_DEVICE_ID) = 2;
	*reg(VIRTIO_MMIO_FEATURES) = FEATURE;
	*reg(VIRTIO_MMIO_QUEUE_SIZE_MAX) = 1024;
	*reg(VIRTIO_MMIO_CONFIG + BLK_CONFIG_CAPACITY) = BLOCKS;
	*reg(VIRTIO_MMIO_CONFIG + BLK_CONFIG_BLK_SIZE) = 512;
	*reg(VIRTIO_MMIO_CONFIG + BLK_CONFIG_MAX_DISCARD) = 64;
	seen = put = status = 0;
	missing = 0;
	fake_time_reset(1000, 1000000000);
	memset(&fake_line, 0, sizeof(fake_line));
	dev = virtio_blk_open((volatile uint8_t *)regs, memory, &err);
	assert_int_equal(err, 0);
	dev->name = "/disk";
	dev->line.intid = INTID;
	return 0;
}

/* -- clients -- */

#define REQUESTS 40

static struct asker {
	struct blk_client client;
	struct blk_request request[REQUESTS];
	uint8_t data[REQUESTS][512];
	uint32_t told, done, failed;
	uint64_t last; /* order of its last request that was done */
} askers[2];
static uint64_t order;

static void done(struct blk_client *client)
{
	struct asker *asker = CONTAINER_OF(client, struct asker, client);
	struct blk_request *request;

	asker->told++;
	while ((request = blk_take(client)) != NULL) {
		asker->done++;
		asker->failed += request->result != 0;
		asker->last = ++order;
	}
}

static void come(struct asker *asker)
{
	memset(asker, 0, sizeof(*asker));
	blk_client_init(&asker->client, dev, done);
}

/* Its request `index`, of one sector. */
static int ask(struct asker *asker, uint32_t index, enum blk_op op, uint64_t sector)
{
	asker->request[index] = (struct blk_request){
		.op = op,
		.sector = sector,
		.piece_count = 1,
		.piece = {{(uint64_t)asker->data[index], 512}},
	};
	return blk_submit(&asker->client, &asker->request[index]);
}

static void what_is_no_disk_of_version_2_is_refused(void **state)
{
	static const struct {
		uint32_t off, value;
		int err;
	} wrong[] = {
		{VIRTIO_MMIO_MAGIC, 0, -ENODEV},
		{VIRTIO_MMIO_VERSION, 1, -ENOSYS},
		{VIRTIO_MMIO_DEVICE_ID, 0, -ENODEV},
		{VIRTIO_MMIO_DEVICE_ID, 1, -ENODEV},
		{VIRTIO_MMIO_FEATURES, 0, -EIO},
		{VIRTIO_MMIO_QUEUE_SIZE_MAX, 0, -EIO},
		{VIRTIO_MMIO_QUEUE_SIZE_MAX, 8, -ERANGE},
		{VIRTIO_MMIO_CONFIG + BLK_CONFIG_BLK_SIZE, 0, -ERANGE},
		{VIRTIO_MMIO_CONFIG + BLK_CONFIG_BLK_SIZE, 520, -ERANGE},
		{VIRTIO_MMIO_CONFIG + BLK_CONFIG_BLK_SIZE, 8192, -ERANGE},
		{VIRTIO_MMIO_CONFIG + BLK_CONFIG_CAPACITY + 4, UINT32_MAX, -ERANGE},
	};
	int err;

	for (uint32_t i = 0; i < ARRAY_COUNT(wrong); i++) {
		set_up(state);
		*reg(VIRTIO_MMIO_QUEUE_READY) = 0;
		*reg(wrong[i].off) = wrong[i].value;
		assert_null(virtio_blk_open((volatile uint8_t *)regs, memory, &err));
		assert_int_equal(err, wrong[i].err);
	}
}

static void sectors_are_read_and_written(void **state)
{
	struct asker *a = &askers[0];
	uint8_t parts[3][1024];

	(void)state;
	come(a);
	assert_int_equal(*reg(VIRTIO_MMIO_STATUS), 15);
	assert_int_equal(dev->sectors, BLOCKS);
	assert_true(dev->flushes && dev->discards && !dev->zeroes && !dev->read_only);
	assert_int_equal(dev->range_max, 64);
	assert_int_equal(ask(a, 0, BLK_READ, 7), 0);
	memset(a->data[1], 0x5a, 512);
	assert_int_equal(ask(a, 1, BLK_WRITE, 9), 0);
	a->request[2] = (struct blk_request){
		.op = BLK_READ,
		.sector = 20,
		.piece_count = 3,
		.piece = {{(uint64_t)parts[0], 100},
			  {(uint64_t)parts[1], 924},
			  {(uint64_t)parts[2], 512}},
	};
	assert_int_equal(blk_submit(&a->client, &a->request[2]), 0);
	a->request[3] = (struct blk_request){.op = BLK_FLUSH};
	assert_int_equal(blk_submit(&a->client, &a->request[3]), 0);
	a->request[4] = (struct blk_request){.op = BLK_DISCARD, .sector = 30, .sectors = 2};
	assert_int_equal(blk_submit(&a->client, &a->request[4]), 0);
	assert_int_equal(a->told, 0);
	serve_all();
	assert_int_equal(a->done, 5);
	assert_int_equal(a->failed, 0);
	assert_memory_equal(a->data[0], disk + 7 * 512, 512);
	assert_int_equal(disk[9 * 512 + 511], 0x5a);
	assert_memory_equal(parts[0], disk + 20 * 512, 100);
	assert_memory_equal(parts[1], disk + 20 * 512 + 100, 924);
	assert_memory_equal(parts[2], disk + 22 * 512, 512);
	assert_int_equal(disk[31 * 512 + 511], 0xdd);
	assert_int_equal(disk[32 * 512], (uint8_t)(32 * 512 * 7 + 32));
}

/* As QEMU says it, of a disk of 4 KiB blocks; and limits that are no whole block. */
static void ranges_are_whole_blocks(void **state)
{
	static const struct {
		uint32_t block_size, discard, zeroes;
		uint32_t max;
		bool discards;
	} cases[] = {
		{512, 8191, 8191, 8191, true}, {4096, 8191, 8191, 8184, true},
		{4096, 8, 8191, 8, true},      {4096, 7, 8191, 8184, false},
		{1024, 8191, 9, 8, true},      {4096, UINT32_MAX, UINT32_MAX, BLK_RANGE_MAX, true},
	};
	int err;

	for (uint32_t i = 0; i < ARRAY_COUNT(cases); i++) {
		set_up(state);
		*reg(VIRTIO_MMIO_QUEUE_READY) = 0;
		*reg(VIRTIO_MMIO_FEATURES) |= BLK_F_WRITE_ZEROES;
		*reg(VIRTIO_MMIO_CONFIG + BLK_CONFIG_BLK_SIZE) = cases[i].block_size;
		*reg(VIRTIO_MMIO_CONFIG + BLK_CONFIG_MAX_DISCARD) = cases[i].discard;
		*reg(VIRTIO_MMIO_CONFIG + BLK_CONFIG_MAX_ZEROES) = cases[i].zeroes;
		dev = virtio_blk_open((volatile uint8_t *)regs, memory, &err);
		assert_int_equal(err, 0);
		assert_int_equal(dev->range_max, cases[i].max);
		assert_int_equal(dev->discards, cases[i].discards);
		assert_true(dev->zeroes);
	}
}

static void a_request_that_the_disk_fails_is_told_so(void **state)
{
	struct asker *a = &askers[0];

	(void)state;
	come(a);
	status = BLK_STATUS_IOERR;
	ask(a, 0, BLK_READ, 7);
	serve_all();
	status = BLK_STATUS_OK;
	missing = 1; /* it says that it has written less than it was to */
	ask(a, 1, BLK_READ, 7);
	serve_all();
	missing = 0;
	ask(a, 2, BLK_READ, 7);
	serve_all();
	assert_int_equal(a->done, 3);
	assert_int_equal(a->failed, 2);
	assert_int_equal(a->request[2].result, 0);
}

static void clients_take_turns(void **state)
{
	struct asker *a = &askers[0], *b = &askers[1];

	(void)state;
	come(a);
	come(b);
	order = 0;
	for (uint32_t i = 0; i < REQUESTS; i++) {
		assert_int_equal(ask(a, i, BLK_READ, i), 0);
	}
	for (uint32_t i = 0; i < 3; i++) {
		assert_int_equal(ask(b, i, BLK_READ, i), 0);
	}
	/* as many as it can are under way */
	assert_int_equal(*(uint16_t *)((uint8_t *)address(VIRTIO_MMIO_QUEUE_DRIVER) + 2), SLOTS);
	serve_all();
	assert_int_equal(a->done, REQUESTS);
	assert_int_equal(b->done, 3);
	/* behind those that were under way, each second one was its */
	assert_int_equal(b->last, SLOTS + 6);
}

/* Who asks for all that it can leaves room for who comes then. */
static void one_of_several_has_half_at_most(void **state)
{
	struct asker *a = &askers[0], *b = &askers[1];
	struct blk_client reader;
	const uint16_t *under_way = (uint16_t *)((uint8_t *)address(VIRTIO_MMIO_QUEUE_DRIVER) + 2);

	(void)state;
	blk_client_init(&reader, dev, done);
	come(a);
	come(b);
	order = 0;
	for (uint32_t i = 0; i < REQUESTS; i++) {
		assert_int_equal(ask(a, i, BLK_READ, i), 0);
	}
	assert_int_equal(*under_way, SLOTS / 2);
	for (uint32_t i = 0; i < 3; i++) {
		assert_int_equal(ask(b, i, BLK_READ, i), 0);
		assert_int_equal(*under_way, SLOTS / 2 + i + 1);
	}
	serve_all();
	assert_int_equal(a->done, REQUESTS);
	assert_int_equal(b->done, 3);
	assert_in_range(b->last, 1, SLOTS / 2 + 3);
}

static void what_waits_can_be_taken_back_and_what_is_under_way_is_awaited(void **state)
{
	struct asker *a = &askers[0];

	(void)state;
	come(a);
	for (uint32_t i = 0; i < SLOTS + 5; i++) {
		ask(a, i, BLK_READ, i);
	}
	assert_true(blk_withdraw(&a->client));
	for (uint32_t i = 0; i < SLOTS; i++) {
		assert_true(blk_withdraw(&a->client));
		assert_true(serve());
		interrupt();
	}
	assert_false(blk_withdraw(&a->client));
	assert_false(serve());
	assert_int_equal(a->done, SLOTS);
}

/* The device does something that can't be, with all that was asked under way and some waiting. */
static void break_with(void (*wrong)(void))
{
	struct asker *a = &askers[0];

	come(a);
	for (uint32_t i = 0; i < SLOTS + 5; i++) {
		ask(a, i, BLK_READ, i);
	}
	wrong();
	interrupt();
	assert_int_equal(a->done, SLOTS + 5);
	assert_int_equal(a->failed, SLOTS + 5);
	assert_int_equal(*reg(VIRTIO_MMIO_STATUS), 0);
	assert_non_null(strstr(said, "the disk /disk breaks the rules"));
	assert_int_equal(ask(a, 0, BLK_READ, 0), -EIO);
	assert_false(blk_withdraw(&a->client));
}

static void answer_in_the_middle(void)
{
	give_back(17, 513);
}

static void answer_too_far(void)
{
	give_back(16 * SLOTS, 513);
}

static void answer_twice(void)
{
	serve();
	give_back(0, 513);
}

static void say_too_much(void)
{
	give_back(0, 514);
}

static void run_ahead(void)
{
	*(uint32_t *)address(VIRTIO_MMIO_QUEUE_DEVICE) = (SLOTS + 1) << 16;
}

static void a_disk_that_breaks_rules_is_reset_and_its_requests_fail(void **state)
{
	void (*const wrong[])(void) = {answer_in_the_middle, answer_too_far, say_too_much,
				       run_ahead};
	struct asker *a = &askers[0];

	for (uint32_t i = 0; i < ARRAY_COUNT(wrong); i++) {
		set_up(state);
		break_with(wrong[i]);
	}
	set_up(state);
	come(a);
	ask(a, 0, BLK_READ, 0);
	ask(a, 1, BLK_READ, 0);
	answer_twice();
	interrupt();
	assert_int_equal(a->done, 2);
	assert_int_equal(a->failed, 1);
}

/* -- disks that do not answer -- */

#define SECOND UINT64_C(1000000000)

/* What a device forgets by a reset, which registers that are memory don't. */
static void forget(void)
{
	*reg(VIRTIO_MMIO_QUEUE_READY) = 0;
	seen = put = 0;
}

static void a_disk_that_is_late_is_reset_and_goes_on(void **state)
{
	struct asker *a = &askers[0];

	(void)state;
	come(a);
	ask(a, 0, BLK_READ, 7);
	serve_all();
	assert_int_equal(a->done, 1);
	for (uint32_t i = 0; i < SLOTS + 4; i++) {
		assert_int_equal(ask(a, i, BLK_READ, i), 0);
	}
	fake_pass((BLK_PATIENCE_S - 1) * SECOND);
	assert_int_equal(a->done, 1);
	assert_string_equal(said, "");
	assert_true(blk_withdraw(&askers[0].client) && !blk_is_lost(&a->client));
	forget();
	fake_pass(4 * SECOND);
	assert_non_null(strstr(said, "the disk /disk has not done a request in 30 s: it is reset"));
	assert_non_null(strstr(said, "the disk /disk is set up again"));
	/* those that waited were taken back, the others failed */
	assert_int_equal(a->done, 1 + SLOTS);
	assert_int_equal(a->failed, SLOTS);
	assert_false(blk_withdraw(&a->client));
	assert_int_equal(*reg(VIRTIO_MMIO_STATUS), 15);
	ask(a, 0, BLK_READ, 9);
	serve_all();
	assert_int_equal(a->failed, SLOTS);
	assert_memory_equal(a->data[0], disk + 9 * 512, 512);
}

/* Another CPU begins a request while the one that watches has looked at the counter already. */
static void a_request_from_after_the_look_is_not_late(void **state)
{
	struct asker *a = &askers[0];
	uint64_t look = UINT64_MAX;

	(void)state;
	come(a);
	for (uint32_t i = 0; i < FAKE_DEADLINES; i++) {
		look = fake_time.armed[i] == NULL ? look : MIN(look, fake_time.armed[i]->when);
	}
	fake_time.now = look + 5;
	ask(a, 0, BLK_READ, 7);
	fake_interrupt_at(look);
	assert_string_equal(said, "");
	serve_all();
	assert_int_equal(a->done, 1);
	assert_int_equal(a->failed, 0);
}

static void what_waits_goes_on_behind_the_reset(void **state)
{
	struct asker *a = &askers[0], *b = &askers[1];

	(void)state;
	come(a);
	come(b);
	ask(a, 0, BLK_READ, 7);
	serve_all();
	for (uint32_t i = 0; i < SLOTS; i++) {
		ask(a, i, BLK_READ, i);
	}
	for (uint32_t i = 0; i < 20; i++) {
		ask(b, i, BLK_READ, i);
	}
	forget();
	fake_pass((BLK_PATIENCE_S + 3) * SECOND);
	assert_int_equal(a->failed, SLOTS);
	assert_int_equal(b->done, 0);
	serve_all();
	assert_int_equal(b->done, 20);
	assert_int_equal(b->failed, 0);
}

/* A request that is passed over for ever is late too, whatever else is done. */
static void a_request_that_is_passed_over_is_late(void **state)
{
	struct asker *a = &askers[0];

	(void)state;
	come(a);
	ask(a, 0, BLK_READ, 0);
	seen++; /* the device has lost that one */
	for (uint32_t i = 0; i < BLK_PATIENCE_S - 1; i++) {
		ask(a, 1, BLK_READ, 1);
		serve_all();
		fake_pass(SECOND);
	}
	assert_int_equal(a->done, BLK_PATIENCE_S - 1);
	forget();
	fake_pass(4 * SECOND);
	assert_int_equal(a->failed, 1);
	assert_int_equal(a->request[0].result, -EIO);
}

static void is_given_up(struct asker *a)
{
	assert_non_null(strstr(said, "the disk /disk is given up"));
	assert_int_equal(a->done, SLOTS + 5);
	assert_int_equal(a->failed, SLOTS + 4);
	assert_int_equal(ask(a, 0, BLK_READ, 0), -EIO);
	assert_false(blk_withdraw(&a->client));
	assert_false(blk_is_lost(&a->client));
}

static void a_disk_that_does_nothing_behind_its_reset_is_given_up(void **state)
{
	struct asker *a = &askers[0];

	for (uint32_t i = 0; i < 3; i++) {
		set_up(state);
		come(a);
		ask(a, 0, BLK_READ, 7);
		if (i != 0) {
			serve_all(); /* it has never answered, or did once and is another then */
		}
		for (uint32_t k = 0; k < SLOTS + 4; k++) {
			ask(a, k + (i == 0), BLK_READ, k);
		}
		forget();
		*reg(VIRTIO_MMIO_CONFIG + BLK_CONFIG_CAPACITY) += i == 1;
		*reg(VIRTIO_MMIO_FEATURES) &= i == 2 ? ~BLK_F_FLUSH : UINT32_MAX;
		fake_pass((BLK_PATIENCE_S + 3) * SECOND);
		a->failed -= i == 0;
		is_given_up(a);
	}
}

static uint32_t count_of(const char *text)
{
	uint32_t count = 0;

	for (const char *at = said; (at = strstr(at, text)) != NULL; at++) {
		count++;
	}
	return count;
}

static void a_disk_that_asks_for_a_reset_has_it_at_once(void **state)
{
	struct asker *a = &askers[0];

	(void)state;
	come(a);
	for (uint32_t i = 0; i < 3; i++) {
		ask(a, 0, BLK_READ, 7);
		serve_all();
		assert_int_equal(a->done, 1 + 2 * i);
		ask(a, 1, BLK_READ, 8);
		*reg(VIRTIO_MMIO_STATUS) |= VIRTIO_STATUS_NEEDS_RESET;
		*reg(VIRTIO_MMIO_INTERRUPT_STATUS) = VIRTIO_INTERRUPT_CONFIG;
		forget();
		interrupt();
		*reg(VIRTIO_MMIO_INTERRUPT_STATUS) = 0;
		assert_int_equal(a->done, 2 + 2 * i);
		assert_int_equal(a->failed, 1 + i);
		assert_int_equal(count_of("can't go on and asks for a reset: it is reset"), 1 + i);
		/* the third time too soon behind the second */
		assert_int_equal(count_of("is set up again"), MIN(1 + i, 2U));
		assert_int_equal(*reg(VIRTIO_MMIO_STATUS), i < 2 ? 15 : 0);
		fake_pass(i == 0 ? (BLK_PATIENCE_S + 1) * SECOND : 2 * SECOND);
	}
	assert_int_equal(count_of("is given up"), 1);
	assert_int_equal(ask(a, 0, BLK_READ, 0), -EIO);
}

/* Interrupts of a level that is high, in a millisecond. */
static uint32_t stay_high(void)
{
	uint32_t taken = 0;

	while (!fake_line.masked) {
		assert_true(taken < 2);
		blk_interrupt(dev);
		taken++;
	}
	assert_int_equal(fake_line.intid, INTID);
	fake_pass(SECOND / 1000);
	return taken;
}

/* Whatever its driver tells it. */
static void a_level_that_stays_high_is_off_between_steps(void **state)
{
	struct asker *a = &askers[0];
	uint32_t changes, taken = 0;

	(void)state;
	come(a);
	/* it may work for all that */
	for (uint32_t i = 0; i < SLOTS; i++) {
		ask(a, i, BLK_READ, i);
		assert_true(serve());
		assert_int_equal(stay_high(), 2);
		assert_false(fake_line.masked);
		assert_int_equal(a->done, i + 1);
	}
	/* and else it is late as any other */
	ask(a, 0, BLK_READ, 0);
	seen++;
	for (uint32_t i = 0; i < (BLK_PATIENCE_S - 1) * 1000; i++) {
		stay_high();
	}
	assert_string_equal(said, "");
	forget();
	for (uint32_t i = 0; i < 3000; i++) {
		stay_high();
	}
	assert_non_null(strstr(said, "the disk /disk has not done a request in 30 s: it is reset"));
	assert_non_null(strstr(said, "the disk /disk is set up again"));
	assert_int_equal(a->failed, 1);
	assert_false(fake_line.masked);
	ask(a, 0, BLK_READ, 9);
	assert_true(serve());
	stay_high();
	assert_int_equal(a->failed, 1);
	/* one that is given up is never heard again */
	run_ahead();
	stay_high();
	assert_non_null(strstr(said, "breaks the rules"));
	changes = fake_line.changes;
	for (uint32_t i = 0; i < 100; i++) {
		taken += stay_high();
	}
	assert_true(taken <= 2 && fake_line.masked && fake_line.changes <= changes + 1);
}

/* As QEMU's does: no access to the GIC for it. */
static void a_disk_that_keeps_quiet_is_never_masked(void **state)
{
	struct asker *a = &askers[0];

	(void)state;
	come(a);
	for (uint32_t i = 0; i < REQUESTS; i++) {
		ask(a, i, BLK_READ, i);
	}
	serve_all();
	assert_int_equal(a->done, REQUESTS);
	assert_int_equal(fake_line.changes, 0);
}

/* -- one whose reset does not end, by a driver of its own -- */

static struct {
	struct blk_dev dev;
	struct blk_request *under_way[4];
	uint32_t count;
	bool stuck;
} stubborn;

static int stubborn_start(struct blk_dev *of, struct blk_request *request)
{
	(void)of;
	if (stubborn.count == ARRAY_COUNT(stubborn.under_way)) {
		return -EBUSY;
	}
	stubborn.under_way[stubborn.count++] = request;
	return 0;
}

static int stubborn_finished(struct blk_dev *of, struct blk_request **request)
{
	(void)of;
	(void)request;
	return 0;
}

static void stubborn_quiet(struct blk_dev *of, bool quiet)
{
	(void)of;
	(void)quiet;
}

static bool stubborn_reset(struct blk_dev *of)
{
	(void)of;
	return !stubborn.stuck;
}

static struct blk_request *stubborn_forsake(struct blk_dev *of)
{
	(void)of;
	assert_false(stubborn.stuck);
	return stubborn.count == 0 ? NULL : stubborn.under_way[--stubborn.count];
}

static const struct blk_ops stubborn_ops = {
	.name = "stubborn",
	.start = stubborn_start,
	.finished = stubborn_finished,
	.quiet = stubborn_quiet,
	.reset = stubborn_reset,
	.forsake = stubborn_forsake,
};

static void memory_is_awaited_where_a_reset_does_not_end(void **state)
{
	struct asker *a = &askers[0], *b = &askers[1];

	(void)state;
	stubborn.dev = (struct blk_dev){.ops = &stubborn_ops,
					.room = ARRAY_COUNT(stubborn.under_way),
					.name = "/mule"};
	stubborn.count = 0;
	stubborn.stuck = true;
	dev = &stubborn.dev;
	blk_init(dev);
	come(a);
	come(b);
	for (uint32_t i = 0; i < 4; i++) {
		ask(a, i, BLK_READ, i);
	}
	ask(b, 0, BLK_READ, 0);
	fake_pass((BLK_PATIENCE_S + 2) * SECOND);
	assert_true(blk_withdraw(&a->client));
	assert_false(blk_is_lost(&a->client));
	fake_pass((BLK_RESET_S + 2) * SECOND);
	assert_non_null(strstr(said, "the disk /mule does not come out of its reset in 5 s"));
	/* nobody is told that its memory is free, and nobody else waits for that */
	assert_int_equal(a->done, 0);
	assert_true(blk_withdraw(&a->client));
	assert_true(blk_is_lost(&a->client));
	assert_int_equal(b->failed, 1);
	assert_false(blk_is_lost(&b->client));
	assert_int_equal(ask(b, 1, BLK_READ, 0), -EIO);
	fake_pass(100 * SECOND);
	assert_true(blk_withdraw(&a->client));
}

/* -- partitions -- */

static struct fake_gpt fake = {disk, 512, BLOCKS};
static struct parts parts;
static struct blk_part wanted[3];
static uint8_t buffer[GPT_TABLE_MAX] __attribute__((aligned(4096)));
static uint32_t settled;

static void settle(struct blk_part *part, void *owner)
{
	assert_ptr_equal(owner, &settled);
	assert_true(part >= wanted && part < wanted + ARRAY_COUNT(wanted));
	settled++;
}

static void look_for(uint32_t count, const char *const names[])
{
	settled = 0;
	for (uint32_t i = 0; i < count; i++) {
		wanted[i] = (struct blk_part){.dev = dev,
					      .wanted = names[i],
					      .settled = settle,
					      .owner = &settled};
	}
	parts_begin(&parts, dev, wanted, count, buffer);
	for (uint32_t i = 0; i < 1000; i++) {
		if (serve()) {
			blk_interrupt(dev);
		}
		fake_pass(1000);
	}
	assert_int_equal(settled, count);
}

static int make_table(void **state)
{
	set_up(state);
	fake_gpt_make(&fake);
	fake_gpt_entry(&fake, 0, "root", 40, 59);
	fake_gpt_entry(&fake, 1, "data", 60, 99);
	fake_gpt_entry(&fake, 9, "other", 100, 100);
	return 0;
}

static void partitions_are_found(void **state)
{
	(void)state;
	look_for(3, (const char *[]){"data", "31211101-5141-7161-8191-a1b1c1d1e1f1", "none"});
	assert_null(wanted[0].fault);
	assert_int_equal(wanted[0].first, 60);
	assert_int_equal(wanted[0].sectors, 40);
	/* the same by its PARTUUID: it has one owner */
	assert_string_equal(wanted[1].fault, "is given to another disk of a VM already");
	assert_string_equal(wanted[2].fault, "is not there");
	assert_string_equal(said, "");
}

static void the_backup_serves_where_the_primary_is_damaged(void **state)
{
	for (uint32_t i = 0; i < 2; i++) {
		make_table(state);
		disk[i == 0 ? 512 + 40 : 1024 + 130] ^= 1; /* header; table */
		look_for(1, (const char *[]){"data"});
		assert_null(wanted[0].fault);
		assert_int_equal(wanted[0].first, 60);
		assert_non_null(strstr(said, "the disk /disk: its primary GPT is damaged"));
	}
	disk[(BLOCKS - 1) * 512] ^= 1;
	look_for(1, (const char *[]){"data"});
	assert_string_equal(wanted[0].fault, "can't be found: the disk has no GPT that holds");
	assert_non_null(strstr(said, "its backup GPT is not there"));
}

static void a_partition_that_shares_blocks_is_nobodys(void **state)
{
	(void)state;
	fake_gpt_entry(&fake, 10, "over", 99, 120);
	fake_gpt_entry(&fake, 11, "root", 130, 140);
	fake_gpt_entry(&fake, 12, "out", 30, 250);
	look_for(3, (const char *[]){"data", "root", "out"});
	assert_string_equal(wanted[0].fault, "shares blocks with another one of the table");
	assert_string_equal(wanted[1].fault, "is there twice: write its PARTUUID");
	assert_string_equal(wanted[2].fault, "lies outside of what partitions may have");
}

static void a_disk_that_can_not_be_read_has_no_partitions(void **state)
{
	(void)state;
	status = BLK_STATUS_IOERR;
	look_for(2, (const char *[]){"data", "root"});
	assert_non_null(strstr(said, "its primary GPT can't be read"));
	assert_non_null(wanted[0].fault);
	assert_non_null(wanted[1].fault);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE("what is no disk of version 2 is refused",
		     what_is_no_disk_of_version_2_is_refused),
		CASE_IN("sectors are read, written, flushed and discarded",
			sectors_are_read_and_written, set_up),
		CASE("ranges are whole blocks", ranges_are_whole_blocks),
		CASE_IN("a request that the disk fails is told so",
			a_request_that_the_disk_fails_is_told_so, set_up),
		CASE_IN("clients take turns", clients_take_turns, set_up),
		CASE_IN("one of several has half of the disk at most",
			one_of_several_has_half_at_most, set_up),
		CASE_IN("what waits can be taken back, and what is under way is awaited",
			what_waits_can_be_taken_back_and_what_is_under_way_is_awaited, set_up),
		CASE("a disk that breaks rules is reset, and its requests fail",
		     a_disk_that_breaks_rules_is_reset_and_its_requests_fail),
		CASE_IN("a disk that is late is reset, and goes on",
			a_disk_that_is_late_is_reset_and_goes_on, set_up),
		CASE_IN("what waits goes on behind the reset", what_waits_goes_on_behind_the_reset,
			set_up),
		CASE_IN("a request from after the look is not late",
			a_request_from_after_the_look_is_not_late, set_up),
		CASE_IN("a request that is passed over is late",
			a_request_that_is_passed_over_is_late, set_up),
		CASE("a disk that does nothing behind its reset is given up",
		     a_disk_that_does_nothing_behind_its_reset_is_given_up),
		CASE_IN("a disk that asks for a reset has it at once, and not again and again",
			a_disk_that_asks_for_a_reset_has_it_at_once, set_up),
		CASE_IN("a level that stays high is off between steps",
			a_level_that_stays_high_is_off_between_steps, set_up),
		CASE_IN("a disk that keeps quiet is never masked",
			a_disk_that_keeps_quiet_is_never_masked, set_up),
		CASE_IN("memory is awaited where a reset does not end",
			memory_is_awaited_where_a_reset_does_not_end, set_up),
		CASE_IN("partitions are found by name and PARTUUID, each for one owner",
			partitions_are_found, make_table),
		CASE("the backup serves where the primary is damaged",
		     the_backup_serves_where_the_primary_is_damaged),
		CASE_IN("a partition that shares blocks, or is there twice, is nobody's",
			a_partition_that_shares_blocks_is_nobodys, make_table),
		CASE_IN("a disk that can't be read has no partitions",
			a_disk_that_can_not_be_read_has_no_partitions, make_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
