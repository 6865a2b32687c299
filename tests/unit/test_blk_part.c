/* SPDX-License-Identifier: Apache-2.0 */
/* A disk that is a partition of the board's: what is asked of that one, and what is never asked. */
#include <string.h>

#include "core/base/errno.h"
#include "core/base/printk.h"
#include "core/vm/vm.h"
#include "drivers/emul/models.h"
#include "drivers/hw/virtio/blk_regs.h"
#include "drivers/virtio/blk_part.h"
#include "drivers/virtio/virtio.h"
#include "irq/vgic/vgic.h"
#include "mm/frames.h"
#include "mm/page_alloc.h"
#include "tests/unit/fake_driver.h"
#include "tests/unit/fake_ram.h"
#include "tests/unit/unit.h"

#define FIRST	1000 /* of the partition */
#define SECTORS 5000
#define QUEUE	64
#define ASKED	64

#define HEADERS (FAKE_RAM + 0x40000) /* 16 bytes and a status for each request */
#define DATA	(FAKE_RAM + 0x50000)
#define SEAM	(FAKE_RAM + 0x80000) /* here its memory goes on elsewhere */
#define PA_LOW	UINT64_C(0x100000000)
#define PA_HIGH UINT64_C(0x300000000)
#define NONE	0x55 /* nothing was answered */

#define NEEDS_RESET 64

/* -- around it -- */

static struct vm vm;
static struct vcpu vcpus[2], *table[2] = {&vcpus[0], &vcpus[1]};
static struct vdev_config config;
static struct blk_dev dev;
static struct blk_part part;
static struct vdev *vdev;
static struct fake_driver driver;
static bool posted;
static uint32_t answers, ready, missing;
static char said[512];
static struct arena arena;
static uint64_t room[1024];
static uint8_t pages[BLK_PART_PAGES * PAGE_SIZE] __attribute__((aligned(4096)));

/* What was asked of the board's disk, in order; done ones are NULL. */
static struct blk_request *asked[ASKED];
static uint32_t asked_count, under_way;
static struct blk_request *done[ASKED];
static uint32_t done_count;
static bool broken, lost;

void *page_alloc(uint32_t count)
{
	assert_int_equal(count, BLK_PART_PAGES);
	memset(pages, 0, sizeof(pages));
	return pages;
}

void vgic_set_line(struct vm *of, uint32_t intid, bool level)
{
	(void)of;
	(void)intid;
	(void)level;
}

void vdev_work_post(struct vdev *of, struct vcpu *to)
{
	assert_ptr_equal(of, vdev);
	assert_ptr_equal(to->vm, &vm);
	posted = true;
}

bool vdev_may_go_on(void)
{
	return false;
}

void vcpu_post(struct vcpu *vcpu, uint32_t events)
{
	assert_int_equal(events, VCPU_EVENT_ANSWER);
	answers |= 1U << vcpu->index;
}

void vm_device_ready(struct vm *of, uint32_t index, bool there)
{
	assert_ptr_equal(of, &vm);
	assert_int_equal(index, 0);
	ready += there;
	missing += !there;
}

const struct vm_extent *vm_extent_of(const struct vm *of, uint64_t ipa, uint64_t size)
{
	static const struct vm_extent extents[] = {
		{FAKE_RAM, PA_LOW, SEAM - FAKE_RAM},
		{SEAM, PA_HIGH, FAKE_RAM + FAKE_RAM_SIZE - SEAM},
	};

	(void)of;
	for (uint32_t i = 0; i < 2; i++) {
		if (range_contains(extents[i].ipa, extents[i].size, ipa, size)) {
			return &extents[i];
		}
	}
	return NULL;
}

void blk_client_init(struct blk_client *client, struct blk_dev *of,
		     void (*told)(struct blk_client *client))
{
	*client = (struct blk_client){.dev = of, .done = told};
}

int blk_submit(struct blk_client *client, struct blk_request *request)
{
	assert_ptr_equal(client->dev, &dev);
	if (broken) {
		return -EIO;
	}
	assert_in_range(asked_count, 0, ASKED - 1);
	request->client = client;
	asked[asked_count++] = request;
	under_way++;
	return 0;
}

struct blk_request *blk_take(struct blk_client *client)
{
	(void)client;
	return done_count == 0 ? NULL : done[--done_count];
}

bool blk_withdraw(struct blk_client *client)
{
	(void)client;
	return under_way != 0;
}

/* -- where a balloon has its memory in pages: who is told, and who is not any more -- */

static struct frames_space frames;
static uint32_t in_use[2];

uint32_t frames_hold(struct frames_space *space)
{
	assert_ptr_equal(space, &frames);
	in_use[frames.epoch]++;
	return frames.epoch;
}

void frames_release(struct frames_space *space, uint32_t epoch)
{
	assert_ptr_equal(space, &frames);
	assert_true(in_use[epoch] > 0);
	in_use[epoch]--;
}

uint64_t virt_to_phys(const void *virt)
{
	return (uint64_t)virt;
}

bool blk_is_lost(struct blk_client *client)
{
	(void)client;
	return lost;
}

void blk_forget(struct blk_client *client)
{
	(void)client;
	assert_int_equal(under_way, 0);
	done_count = 0;
}

static void work(void)
{
	while (posted) {
		posted = virtio_work(vdev);
	}
}

/* The board's disk has done what was asked as the nth, and told of it. */
static void finish(uint32_t index, int result)
{
	struct blk_request *request = asked[index];

	assert_non_null(request);
	asked[index] = NULL;
	under_way--;
	request->result = result;
	done[done_count++] = request;
	request->client->done(request->client);
	work();
}

static int set(uint32_t off, uint32_t value)
{
	return virtio_mmio.write(&vcpus[1], vdev, off, 4, value);
}

static uint32_t get(uint32_t off)
{
	uint64_t value;

	assert_int_equal(virtio_mmio.read(&vcpus[1], vdev, off, 4, &value), 0);
	return (uint32_t)value;
}

static void drive(uint64_t features)
{
	struct virtq queue = {.size = QUEUE};

	features |= VIRTIO_F_VERSION_1 | VIRTIO_F_INDIRECT;
	assert_int_equal(set(0x70, 0), 0);
	set(0x70, 3);
	set(0x24, 0);
	set(0x20, (uint32_t)features);
	set(0x24, 1);
	set(0x20, (uint32_t)(features >> 32));
	set(0x70, 11);
	fake_driver_begin(&driver, &queue, FAKE_RAM);
	set(0x30, 0);
	set(0x38, QUEUE);
	set(0x80, (uint32_t)driver.descriptors);
	set(0x90, (uint32_t)driver.driver_area);
	set(0xa0, (uint32_t)driver.device_area);
	set(0x44, 1);
	set(0x70, 15);
	assert_int_equal(get(0x70), 15);
}

static void listen(enum log_level level, const char *text, size_t len)
{
	(void)level;
	strncat(said, text, MIN(len, sizeof(said) - strlen(said) - 2));
}

static void make(bool read_only)
{
	arena = (struct arena){.base = (uint8_t *)room, .size = sizeof(room)};
	memset(room, 0, sizeof(room));
	vm = (struct vm){.name = "alpha", .vcpu = table, .vcpu_count = 2};
	config = (struct vdev_config){.name = "root", .type = &virtio_blk_type, .spi = 16};
	config.disk = (struct disk_config){.source = DISK_PARTITION,
					   .serial = "0123456789abcdef",
					   .partition = "root",
					   .read_only = read_only,
					   .part = &part};
	assert_int_equal(blk_part_create(&vm, &config, &arena, &vdev), 0);
	assert_int_equal(vm.unready, 1);
	part.first = FIRST;
	part.sectors = SECTORS;
	part.fault = NULL;
	blk_part_settled(&part, part.owner);
}

static int set_up(void **state)
{
	(void)state;
	fake_ram_reset();
	for (uint32_t i = 0; i < 2; i++) {
		vcpus[i] = (struct vcpu){.vm = &vm, .index = i};
	}
	dev = (struct blk_dev){.sectors = 100000,
			       .block_size = 512,
			       .piece_max = MIB(1),
			       .pieces_max = 4,
			       .range_max = 100,
			       .flushes = true,
			       .discards = true,
			       .zeroes = true,
			       .name = "/disk"};
	part = (struct blk_part){.dev = &dev, .wanted = "root"};
	memset(asked, 0, sizeof(asked));
	asked_count = under_way = done_count = answers = ready = missing = 0;
	posted = broken = false;
	said[0] = '\0';
	printk_set_sink(listen);
	printk_set_level(LOG_INFO);
	make(false);
	drive(BLK_F_FLUSH);
	return 0;
}

/* -- requests -- */

static uint64_t header_at(uint32_t index)
{
	return HEADERS + 64 * index;
}

static uint64_t status_at(uint32_t index)
{
	return HEADERS + 64 * index + 32;
}

static uint8_t status_of(uint32_t index)
{
	return *(uint8_t *)fake_ram(status_at(index));
}

/* The driver's request `index` with these buffers of data; what the board's disk has to do stays
 * to be done. */
static int send(uint32_t index, uint32_t type, uint64_t sector, const struct fake_buffer *data,
		uint32_t count)
{
	struct blk_header header = {.type = type, .sector = sector};
	struct fake_buffer buffers[40] = {{header_at(index), 16, false}};
	int id;

	memcpy(fake_ram(header_at(index)), &header, sizeof(header));
	memset(fake_ram(status_at(index)), NONE, 1);
	if (count != 0) {
		memcpy(&buffers[1], data, count * sizeof(*data));
	}
	buffers[count + 1] = (struct fake_buffer){status_at(index), 1, true};
	id = fake_driver_make(&driver, buffers, count + 2, count > 4);
	assert_true(id >= 0);
	assert_int_equal(set(0x50, 0), 0);
	work();
	return id;
}

static int ask(uint32_t index, uint32_t type, uint64_t sector, uint32_t size)
{
	const struct fake_buffer data = {DATA, size,
					 type == BLK_TYPE_IN || type == BLK_TYPE_GET_ID};

	return send(index, type, sector, &data, size != 0);
}

static void is_given_back(int id, uint32_t written)
{
	uint32_t got;

	assert_int_equal(fake_driver_see(&driver, &got), id);
	assert_int_equal(got, written);
}

static void nothing_is_given_back(void)
{
	uint32_t got;

	assert_int_equal(fake_driver_see(&driver, &got), -1);
}

static void reads_and_writes_go_to_the_partition_from_the_guests_memory(void **state)
{
	int id;

	(void)state;
	assert_int_equal(ready, 1);
	assert_int_equal(get(0x100), SECTORS);
	id = ask(0, BLK_TYPE_IN, 7, 1024);
	assert_int_equal(asked_count, 1);
	assert_int_equal(asked[0]->op, BLK_READ);
	assert_int_equal(asked[0]->sector, FIRST + 7);
	assert_int_equal(asked[0]->piece_count, 1);
	assert_int_equal(asked[0]->piece[0].pa, PA_LOW + DATA - FAKE_RAM);
	assert_int_equal(asked[0]->piece[0].size, 1024);
	nothing_is_given_back();
	finish(0, 0);
	is_given_back(id, 1025);
	assert_int_equal(status_of(0), BLK_STATUS_OK);
	id = ask(1, BLK_TYPE_OUT, SECTORS - 1, 512);
	assert_int_equal(asked[1]->op, BLK_WRITE);
	assert_int_equal(asked[1]->sector, FIRST + SECTORS - 1);
	finish(1, -EIO);
	is_given_back(id, 1);
	assert_int_equal(status_of(1), BLK_STATUS_IOERR);
}

static void nothing_outside_of_the_partition_is_ever_asked(void **state)
{
	static const struct {
		uint64_t sector;
		uint32_t size;
	} wrong[] = {
		{SECTORS, 512},
		{SECTORS - 1, 1024},
		{UINT64_MAX, 512},
		{UINT64_MAX - FIRST + 1, 512},
		{(UINT64_C(1) << 55), 512},
		{0, 100},
		{0, 513},
		{SECTORS + 1, 0},
	};
	struct blk_range ranges[] = {
		{0, SECTORS + 1, 0},
		{SECTORS, 1, 0},
		{UINT64_MAX, 2, 0},
		{1, UINT32_MAX, 0},
		{UINT64_MAX - FIRST, FIRST + 10, 0},
	};

	(void)state;
	for (uint32_t i = 0; i < ARRAY_COUNT(wrong); i++) {
		ask(2 * i, BLK_TYPE_IN, wrong[i].sector, wrong[i].size);
		assert_int_equal(status_of(2 * i), BLK_STATUS_IOERR);
		ask(2 * i + 1, BLK_TYPE_OUT, wrong[i].sector, wrong[i].size);
		assert_int_equal(status_of(2 * i + 1), BLK_STATUS_IOERR);
	}
	for (uint32_t i = 0; i < ARRAY_COUNT(ranges); i++) {
		memcpy(fake_ram(DATA), &ranges[i], sizeof(ranges[i]));
		ask(20 + i, i % 2 == 0 ? BLK_TYPE_DISCARD : BLK_TYPE_WRITE_ZEROES, 0, 16);
		assert_int_equal(status_of(20 + i), BLK_STATUS_IOERR);
	}
	assert_int_equal(asked_count, 0);
	assert_int_equal(get(0x70) & NEEDS_RESET, 0);
}

static void a_long_request_becomes_several_and_is_given_back_once(void **state)
{
	struct fake_buffer data[11];
	uint64_t sector = FIRST + 100;
	int id;

	(void)state;
	/* pieces of 700 bytes, and one over the seam of its memory; four make a request at most */
	for (uint32_t i = 0; i < 10; i++) {
		data[i] = (struct fake_buffer){DATA + 0x1000 * i, 700, true};
	}
	data[10] = (struct fake_buffer){SEAM - 100, 168, true}; /* 7168 in all */
	id = send(0, BLK_TYPE_IN, 100, data, 11);
	for (uint32_t i = 0; i < asked_count; i++) {
		uint32_t size = 0;

		assert_int_equal(asked[i]->sector, sector);
		assert_in_range(asked[i]->piece_count, 1, 4);
		for (uint32_t k = 0; k < asked[i]->piece_count; k++) {
			assert_true(asked[i]->piece[k].size != 0);
			size += asked[i]->piece[k].size;
		}
		assert_int_equal(size % 512, 0);
		sector += size / 512;
	}
	assert_int_equal(sector, FIRST + 114);
	assert_int_equal(asked[asked_count - 1]->piece[asked[asked_count - 1]->piece_count - 1].pa,
			 PA_HIGH);
	/* in any order */
	for (uint32_t i = asked_count; i-- > 0;) {
		nothing_is_given_back();
		finish(i, 0);
	}
	is_given_back(id, 7169);
	assert_int_equal(status_of(0), BLK_STATUS_OK);
}

static void one_part_that_fails_fails_the_whole(void **state)
{
	struct fake_buffer data[8];
	uint32_t parts;
	int id;

	(void)state;
	for (uint32_t i = 0; i < 8; i++) {
		data[i] = (struct fake_buffer){DATA + 0x1000 * i, 512, true};
	}
	id = send(0, BLK_TYPE_IN, 0, data, 8);
	parts = asked_count;
	assert_int_equal(parts, 2);
	finish(0, -EIO);
	nothing_is_given_back();
	finish(1, 0);
	is_given_back(id, 0);
	assert_int_equal(status_of(0), BLK_STATUS_IOERR);
	broken = true; /* and one that the board's disk does not take at all */
	id = ask(1, BLK_TYPE_IN, 0, 512);
	is_given_back(id, 0);
	assert_int_equal(status_of(1), BLK_STATUS_IOERR);
}

static void many_are_under_way_and_come_back_as_they_get_done(void **state)
{
	int ids[20];

	(void)state;
	for (uint32_t i = 0; i < 20; i++) {
		ids[i] = ask(i, BLK_TYPE_IN, i, 512);
	}
	assert_int_equal(asked_count, 16);
	finish(9, 0);
	is_given_back(ids[9], 513);
	assert_int_equal(asked_count, 17); /* its place is the next one's */
	assert_int_equal(asked[16]->sector, FIRST + 16);
	for (uint32_t i = 0; i < 20; i++) {
		if (i != 9) {
			finish(i, 0);
			is_given_back(ids[i], 513);
		}
	}
	nothing_is_given_back();
}

static void a_flush_reaches_the_disk(void **state)
{
	int id = ask(0, BLK_TYPE_FLUSH, 0, 0);

	(void)state;
	assert_int_equal(asked_count, 1);
	assert_int_equal(asked[0]->op, BLK_FLUSH);
	nothing_is_given_back();
	finish(0, 0);
	is_given_back(id, 1);
	assert_int_equal(status_of(0), BLK_STATUS_OK);
	/* which may have nothing to flush */
	dev.flushes = false;
	id = ask(1, BLK_TYPE_FLUSH, 0, 0);
	is_given_back(id, 1);
	assert_int_equal(asked_count, 1);
}

static void a_driver_without_FLUSH_has_its_writes_flushed(void **state)
{
	const struct blk_range ranges[] = {{10, 5, 0}, {300, 1, 0}};
	int id;

	(void)state;
	drive(0);
	id = ask(0, BLK_TYPE_OUT, 3, 512);
	finish(0, 0);
	nothing_is_given_back();
	assert_int_equal(asked_count, 2);
	assert_int_equal(asked[1]->op, BLK_FLUSH);
	finish(1, 0);
	is_given_back(id, 1);
	assert_int_equal(status_of(0), BLK_STATUS_OK);
	/* zeroes are written too; what is discarded is not there to be kept */
	memcpy(fake_ram(DATA), ranges, sizeof(ranges));
	id = ask(1, BLK_TYPE_WRITE_ZEROES, 0, sizeof(ranges));
	finish(3, 0);
	nothing_is_given_back();
	finish(2, 0);
	nothing_is_given_back();
	assert_int_equal(asked_count, 5);
	assert_int_equal(asked[4]->op, BLK_FLUSH);
	finish(4, -EIO);
	is_given_back(id, 1);
	assert_int_equal(status_of(1), BLK_STATUS_IOERR);
	ask(2, BLK_TYPE_DISCARD, 0, sizeof(ranges));
	finish(5, 0);
	finish(6, 0);
	assert_int_equal(status_of(2), BLK_STATUS_OK);
	assert_int_equal(asked_count, 7);
}

static void ranges_are_cut_to_what_the_disk_takes(void **state)
{
	const struct blk_range ranges[] = {{10, 150, 0}, {0, 0, 0}, {300, 1, 1}};
	int id;

	(void)state;
	memcpy(fake_ram(DATA), ranges, sizeof(ranges));
	id = ask(0, BLK_TYPE_WRITE_ZEROES, 0, sizeof(ranges));
	assert_int_equal(asked_count, 3);
	assert_int_equal(asked[0]->op, BLK_ZEROES);
	assert_int_equal(asked[0]->sector, FIRST + 10);
	assert_int_equal(asked[0]->sectors, 100);
	assert_false(asked[0]->unmap);
	assert_int_equal(asked[1]->sector, FIRST + 110);
	assert_int_equal(asked[1]->sectors, 50);
	assert_int_equal(asked[2]->sector, FIRST + 300);
	assert_true(asked[2]->unmap);
	for (uint32_t i = 0; i < 3; i++) {
		finish(i, 0);
	}
	is_given_back(id, 1);
	assert_int_equal(status_of(0), BLK_STATUS_OK);
	/* flags that are not known, and more than can be */
	ask(1, BLK_TYPE_DISCARD, 0, sizeof(ranges));
	finish(3, 0);
	finish(4, 0);
	assert_int_equal(status_of(1), BLK_STATUS_UNSUPP);
	ask(2, BLK_TYPE_DISCARD, 0, 17 * 16);
	assert_int_equal(status_of(2), BLK_STATUS_IOERR);
}

/* A part of its first range fails, before its second one was read. */
static void ranges_of_which_one_failed_have_failed(void **state)
{
	static const uint32_t types[] = {BLK_TYPE_WRITE_ZEROES, BLK_TYPE_DISCARD};
	const struct blk_range ranges[] = {{10, 160, 0}, {0, 1, 0}};

	for (uint32_t i = 0; i < ARRAY_COUNT(types); i++) {
		int id;

		set_up(state);
		dev.range_max = 10;
		memcpy(fake_ram(DATA), ranges, sizeof(ranges));
		id = ask(0, types[i], 0, sizeof(ranges));
		assert_int_equal(asked_count, 16);
		finish(0, -EIO);
		for (uint32_t k = 1; k < 16; k++) {
			nothing_is_given_back();
			finish(k, 0);
		}
		is_given_back(id, 1);
		assert_int_equal(status_of(0), BLK_STATUS_IOERR);
		/* what was not begun yet is not */
		assert_int_equal(asked_count, 16);
		id = ask(1, BLK_TYPE_IN, 0, 512);
		finish(16, 0);
		is_given_back(id, 513);
	}
}

static void memory_in_pages_is_held_until_it_is_done_with(void **state)
{
	static const uint64_t begins[] = {DATA + 0x200, DATA + 0x1000, DATA + 0x2000, DATA + 0x3000,
					  DATA + 0x4000};
	static const uint32_t sizes[] = {0xe00, 0x1000, 0x1000, 0x1000, 0x200};
	struct fake_buffer data = {DATA + 0x200, 0x4000, true};
	uint32_t at = 0;
	int id;

	(void)state;
	frames = (struct frames_space){.epoch = 1};
	in_use[0] = in_use[1] = 0;
	vm.stage2.frames = &frames;
	id = send(0, BLK_TYPE_IN, 0, &data, 1);
	assert_int_equal(asked_count, 2);
	for (uint32_t i = 0; i < 2; i++) {
		for (uint32_t k = 0; k < asked[i]->piece_count; k++, at++) {
			assert_int_equal(asked[i]->piece[k].pa, (uint64_t)fake_ram(begins[at]));
			assert_int_equal(asked[i]->piece[k].size, sizes[at]);
		}
	}
	assert_int_equal(at, ARRAY_COUNT(sizes));
	assert_int_equal(in_use[1], 2);
	frames.epoch = 0;
	finish(1, 0);
	assert_int_equal(in_use[1], 1);
	finish(0, 0);
	assert_int_equal(in_use[1], 0);
	is_given_back(id, 0x4001);
	/* one that the board's disk does not take, and those that a reset ends */
	broken = true;
	ask(1, BLK_TYPE_IN, 0, 512);
	assert_int_equal(in_use[0], 0);
	broken = false;
	ask(2, BLK_TYPE_IN, 0, 512);
	assert_int_equal(in_use[0], 1);
	asked[2] = NULL;
	under_way = 0;
	assert_int_equal(set(0x70, 0), 0);
	assert_int_equal(in_use[0], 0);
	vm.stage2.frames = NULL;
}

static void a_reset_waits_until_nothing_is_under_way(void **state)
{
	static const uint32_t ends[][2] = {{0x70, 0}, {0x44, 0}};

	for (uint32_t i = 0; i < ARRAY_COUNT(ends); i++) {
		set_up(state);
		ask(0, BLK_TYPE_IN, 0, 512);
		ask(1, BLK_TYPE_IN, 0, 512);
		/* what ends nothing waits for nothing, and keeps nobody from anything */
		set(0x30, 1);
		assert_int_equal(set(0x44, 0), 0);
		assert_int_equal(set(0xc0, 1), 0);
		set(0x30, 0);
		assert_int_equal(set(0xc0, 1), 0); /* RING_RESET was not agreed upon */
		assert_int_equal(virtio_mmio.write(&vcpus[1], vdev, 0x70, 2, 0), 0);
		assert_int_equal(set(ends[i][0], ends[i][1]), -EAGAIN);
		assert_true(virtio_busy(vdev));
		/* nothing more is begun */
		ask(2, BLK_TYPE_IN, 0, 512);
		assert_int_equal(asked_count, 2);
		finish(0, 0);
		/* who waits is told of each, looks, and waits on */
		assert_int_equal(answers, 1U << 1);
		assert_int_equal(set(ends[i][0], ends[i][1]), -EAGAIN);
		answers = 0;
		finish(1, 0);
		assert_int_equal(answers, 1U << 1);
		assert_false(virtio_busy(vdev));
		assert_int_equal(set(ends[i][0], ends[i][1]), 0);
		/* what was done meanwhile is nobody's any more */
		nothing_is_given_back();
		drive(BLK_F_FLUSH);
		ask(0, BLK_TYPE_IN, 0, 512);
		assert_int_equal(asked_count, 3);
		finish(2, 0);
		assert_int_equal(status_of(0), BLK_STATUS_OK);
	}
}

static void what_is_read_only_is_not_written_to(void **state)
{
	for (uint32_t i = 0; i < 2; i++) {
		set_up(state);
		dev.read_only = i == 1;
		make(i == 0);
		set(0x14, 0);
		assert_true((get(0x10) & BLK_F_RO) != 0);
		assert_int_equal(get(0x10) & (BLK_F_DISCARD | BLK_F_WRITE_ZEROES), 0);
		drive(BLK_F_RO | BLK_F_FLUSH);
		ask(0, BLK_TYPE_OUT, 0, 512);
		assert_int_equal(status_of(0), BLK_STATUS_IOERR);
		ask(1, BLK_TYPE_DISCARD, 0, 16);
		assert_int_equal(status_of(1), BLK_STATUS_IOERR);
		assert_int_equal(asked_count, 0);
		ask(2, BLK_TYPE_IN, 0, 512);
		assert_int_equal(asked_count, 1);
		finish(0, 0);
		asked_count = 0;
	}
}

static void a_partition_that_is_not_there_is_told(void **state)
{
	(void)state;
	part.fault = "is not there";
	blk_part_settled(&part, part.owner);
	assert_int_equal(missing, 1);
	assert_string_equal(said, "VM alpha is not started: the partition \"root\" of its disk "
				  "root on /disk is not there");
}

static void a_serial_number_is_given(void **state)
{
	int id = ask(0, BLK_TYPE_GET_ID, 0, 20);

	(void)state;
	is_given_back(id, 21);
	assert_memory_equal(fake_ram(DATA), "0123456789abcdef\0\0\0\0", 20);
	ask(1, 77, 0, 512);
	assert_int_equal(status_of(1), BLK_STATUS_UNSUPP);
}

static void what_is_no_request_breaks_the_device(void **state)
{
	const struct fake_buffer alone = {HEADERS, 16, false};
	const struct fake_buffer small[] = {{HEADERS, 15, false}, {HEADERS + 64, 1, true}};

	assert_true(fake_driver_make(&driver, &alone, 1, false) >= 0);
	set(0x50, 0);
	work();
	assert_int_equal(get(0x70) & NEEDS_RESET, NEEDS_RESET);
	set_up(state);
	assert_true(fake_driver_make(&driver, small, 2, false) >= 0);
	set(0x50, 0);
	work();
	assert_int_equal(get(0x70) & NEEDS_RESET, NEEDS_RESET);
	assert_int_equal(asked_count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE_IN("reads and writes go to the partition, from and to the guest's memory",
			reads_and_writes_go_to_the_partition_from_the_guests_memory, set_up),
		CASE_IN("nothing outside of the partition is ever asked",
			nothing_outside_of_the_partition_is_ever_asked, set_up),
		CASE_IN("a long request becomes several, and is given back once",
			a_long_request_becomes_several_and_is_given_back_once, set_up),
		CASE_IN("one part that fails fails the whole", one_part_that_fails_fails_the_whole,
			set_up),
		CASE_IN("many are under way, and come back as they get done",
			many_are_under_way_and_come_back_as_they_get_done, set_up),
		CASE_IN("a flush reaches the disk", a_flush_reaches_the_disk, set_up),
		CASE_IN("a driver without FLUSH has its writes flushed",
			a_driver_without_FLUSH_has_its_writes_flushed, set_up),
		CASE_IN("ranges are cut to what the disk takes",
			ranges_are_cut_to_what_the_disk_takes, set_up),
		CASE("ranges of which one failed have failed",
		     ranges_of_which_one_failed_have_failed),
		CASE_IN("memory in pages is held until it is done with",
			memory_in_pages_is_held_until_it_is_done_with, set_up),
		CASE("a reset waits until nothing is under way",
		     a_reset_waits_until_nothing_is_under_way),
		CASE("what is read-only is not written to", what_is_read_only_is_not_written_to),
		CASE_IN("a partition that is not there is told",
			a_partition_that_is_not_there_is_told, set_up),
		CASE_IN("a serial number is given, an unknown request is not",
			a_serial_number_is_given, set_up),
		CASE_IN("what is no request breaks the device",
			what_is_no_request_breaks_the_device, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
