/* SPDX-License-Identifier: Apache-2.0 */
/* Disks in memory: each request, each that is wrong, steps, what two VMs see. virtio 1.2 5.2. */
#include <stdlib.h>
#include <string.h>

#include "core/base/printk.h"
#include "core/vm/vm.h"
#include "drivers/emul/models.h"
#include "drivers/virtio/blk_part.h"
#include "drivers/virtio/blocks.h"
#include "drivers/virtio/virtio.h"
#include "irq/vgic/vgic.h"
#include "tests/unit/fake_driver.h"
#include "tests/unit/fake_ram.h"
#include "tests/unit/random.h"
#include "tests/unit/unit.h"

#define SECTORS	   75 /* of the image: nine blocks and three sectors */
#define IMAGE_SIZE (SECTORS * 512)
#define BLOCKS	   10
#define QUEUE	   64

#define HEADER (FAKE_RAM + 0x60000)
#define STATUS (FAKE_RAM + 0x61000)
#define DATA   (FAKE_RAM + 0x70000)

#define IN	     0
#define OUT	     1
#define FLUSH	     4
#define GET_ID	     8
#define DISCARD	     11
#define WRITE_ZEROES 13

#define OK     0
#define IOERR  1
#define UNSUPP 2
#define NONE   0x55 /* nothing was answered */

#define NEEDS_RESET 64

/* -- two disks and their VMs -- */

static struct disk {
	struct vm vm;
	struct vcpu vcpu;
	struct store_config store;
	struct vdev_config config;
	struct vdev *vdev;
	struct fake_driver driver;
	bool posted;
	uint32_t steps; /* of the last request */
	uint32_t written;
	void *arena;
} disks[2];

static uint8_t image[IMAGE_SIZE] __attribute__((aligned(8)));
static uint8_t stores[2][512 * 1024] __attribute__((aligned(4096)));
static struct image_config image_config = {.name = "disk", .data = image, .size = IMAGE_SIZE};
static uint32_t lines; /* of the log */
static char line[PRINTK_LINE_MAX];

/* Partitions have a test of their own. */
int blk_part_create(struct vm *vm, const struct vdev_config *config, struct arena *arena,
		    struct vdev **out)
{
	(void)vm;
	(void)config;
	(void)arena;
	(void)out;
	return -1;
}

void vgic_set_line(struct vm *of, uint32_t intid, bool level)
{
	(void)of;
	(void)intid;
	(void)level;
}

void vdev_work_post(struct vdev *vdev, struct vcpu *to)
{
	struct disk *disk = vdev == disks[0].vdev ? &disks[0] : &disks[1];

	assert_ptr_equal(to, &disk->vcpu);
	disk->posted = true;
}

bool vdev_may_go_on(void)
{
	return false;
}

static void take_line(enum log_level level, const char *text, size_t size)
{
	assert_int_equal(level, LOG_WARN);
	memcpy(line, text, size);
	line[size] = '\0';
	lines++;
}

static uint8_t byte_of_image(uint64_t at)
{
	return (uint8_t)(at * 7 + at / 512 * 31 + 1);
}

static void set(struct disk *disk, uint32_t off, uint32_t value)
{
	assert_int_equal(virtio_mmio.write(&disk->vcpu, disk->vdev, off, 4, value), 0);
}

static uint64_t get(struct disk *disk, uint32_t off, uint32_t size)
{
	uint64_t value = UINT64_MAX;

	assert_int_equal(virtio_mmio.read(&disk->vcpu, disk->vdev, off, size, &value), 0);
	return value;
}

/* As a driver sets it up; its rings have a place of their own. */
static void drive(struct disk *disk, bool packed)
{
	struct virtq queue = {.size = QUEUE, .packed = packed};
	uint64_t features = VIRTIO_F_VERSION_1 | VIRTIO_F_INDIRECT | (packed ? VIRTIO_F_PACKED : 0);

	set(disk, 0x70, 0);
	set(disk, 0x70, 3);
	set(disk, 0x24, 0);
	set(disk, 0x20, (uint32_t)features);
	set(disk, 0x24, 1);
	set(disk, 0x20, (uint32_t)(features >> 32));
	set(disk, 0x70, 11);
	fake_driver_begin(&disk->driver, &queue, FAKE_RAM + 0x80000 * (disk == &disks[1]));
	set(disk, 0x30, 0);
	set(disk, 0x38, QUEUE);
	set(disk, 0x80, (uint32_t)disk->driver.descriptors);
	set(disk, 0x90, (uint32_t)disk->driver.driver_area);
	set(disk, 0xa0, (uint32_t)disk->driver.device_area);
	set(disk, 0x44, 1);
	set(disk, 0x70, 15);
	assert_int_equal(get(disk, 0x70, 4), 15);
}

static void create(struct disk *disk)
{
	struct arena arena = {.size = 6144};

	free(disk->arena);
	disk->arena = arena.base = calloc(1, arena.size);
	assert_int_equal(virtio_blk_type.create(&disk->vm, &disk->config, &arena, &disk->vdev), 0);
	drive(disk, false);
}

/* `room` blocks over the image, or read-only; `ram`: bytes without an image. */
static struct disk *make(uint32_t index, uint32_t room, uint64_t ram)
{
	struct disk *disk = &disks[index];
	struct disk_config *config = &disk->config.disk;

	disk->vm.name = index == 0 ? "alpha" : "beta";
	disk->vcpu.vm = &disk->vm;
	disk->config = (struct vdev_config){.name = "root", .type = &virtio_blk_type, .spi = 16};
	*config = (struct disk_config){
		.source = ram != 0 ? DISK_RAM : DISK_IMAGE,
		.image = ram != 0 ? NULL : &image_config,
		.read_only = ram == 0 && room == 0,
		.size = ram != 0 ? ram : room * BLOCK_SIZE,
		.serial = "0123456789abcdef",
		.map_size = BLOCK_SIZE,
	};
	if (config->size != 0) {
		disk->store.size = config->map_size + BLOCK_SIZE +
				   (config->size + BLOCK_SIZE - 1) / BLOCK_SIZE * BLOCK_SIZE;
		disk->store.at = (uint64_t)stores[index];
		config->store = &disk->store;
		assert_true(disk->store.size <= sizeof(stores[index]));
		/* as somebody left it */
		memset(stores[index], 0xa5, sizeof(stores[index]));
	}
	create(disk);
	return disk;
}

static int set_up(void **state)
{
	(void)state;
	fake_ram_reset();
	for (uint32_t i = 0; i < IMAGE_SIZE; i++) {
		image[i] = byte_of_image(i);
	}
	image_config.data = image;
	printk_set_sink(take_line);
	printk_set_level(LOG_INFO);
	lines = 0;
	return 0;
}

/* -- requests -- */

static void work(struct disk *disk)
{
	while (disk->posted) {
		disk->steps++;
		disk->posted = virtio_work(disk->vdev);
	}
}

/* Any chain; its status byte is the last that may be written, at STATUS. */
static uint8_t send(struct disk *disk, const struct fake_buffer *buffers, uint32_t count)
{
	int id;

	memset(fake_ram(STATUS), NONE, 1);
	id = fake_driver_make(&disk->driver, buffers, count, count > QUEUE / 2);
	assert_true(id >= 0);
	disk->steps = 1;
	set(disk, 0x50, 0);
	work(disk);
	if ((get(disk, 0x70, 4) & NEEDS_RESET) != 0) {
		return NONE;
	}
	assert_int_equal(fake_driver_see(&disk->driver, &disk->written), id);
	return *(uint8_t *)fake_ram(STATUS);
}

static void put_header(uint32_t type, uint64_t sector)
{
	uint32_t words[4] = {type, 0, (uint32_t)sector, (uint32_t)(sector >> 32)};

	memcpy(fake_ram(HEADER), words, sizeof(words));
}

/* A request with one buffer at DATA, of `size` bytes that the device writes or reads. */
static uint8_t ask(struct disk *disk, uint32_t type, uint64_t sector, uint32_t size)
{
	bool in = type == IN || type == GET_ID;
	struct fake_buffer buffers[] = {{HEADER, 16, false}, {DATA, size, in}, {STATUS, 1, true}};

	put_header(type, sector);
	return send(disk, buffers, 3);
}

static uint8_t *data(void)
{
	return fake_ram(DATA);
}

static uint8_t write_of(struct disk *disk, uint64_t sector, uint32_t count, uint8_t byte)
{
	memset(data(), byte, count * 512);
	return ask(disk, OUT, sector, count * 512);
}

/* True: all bytes of the sectors are `byte`. */
static bool reads(struct disk *disk, uint64_t sector, uint32_t count, uint8_t byte)
{
	memset(data(), ~byte, count * 512);
	assert_int_equal(ask(disk, IN, sector, count * 512), OK);
	assert_int_equal(disk->written, count * 512 + 1);
	for (uint32_t i = 0; i < count * 512; i++) {
		if (data()[i] != byte) {
			return false;
		}
	}
	return true;
}

static bool reads_image(struct disk *disk, uint64_t sector, uint32_t count)
{
	memset(data(), 0, count * 512);
	assert_int_equal(ask(disk, IN, sector, count * 512), OK);
	for (uint32_t i = 0; i < count * 512; i++) {
		if (data()[i] != byte_of_image(sector * 512 + i)) {
			return false;
		}
	}
	return true;
}

struct range {
	uint64_t sector;
	uint32_t count, flags;
};

static uint8_t clear(struct disk *disk, uint32_t type, uint64_t sector, uint32_t count,
		     uint32_t flags)
{
	struct range range = {sector, count, flags};

	memcpy(data(), &range, sizeof(range));
	return ask(disk, type, 0, sizeof(range));
}

/* -- cases -- */

static void its_configuration_says_what_it_is(void **state)
{
	struct disk *disk = make(0, 4, 0);

	(void)state;
	assert_int_equal(get(disk, 0x008, 4), 2);
	assert_int_equal(get(disk, 0x034, 4), 256);
	assert_int_equal(get(disk, 0x100, 4), SECTORS);
	assert_int_equal(get(disk, 0x104, 4), 0);
	assert_int_equal(get(disk, 0x10c, 4), 254); /* segments: with header and status 256 */
	assert_int_equal(get(disk, 0x114, 4), 512);
	assert_int_equal(get(disk, 0x118, 1), 3);
	assert_int_equal(get(disk, 0x119, 1), 0);
	assert_int_equal(get(disk, 0x11a, 2), 8);
	assert_int_equal(get(disk, 0x128, 4), 16);
	assert_int_equal(get(disk, 0x12c, 4), 8);
	assert_int_equal(get(disk, 0x138, 1), 1);
	assert_int_equal(get(disk, 0x13c, 4), 0);
	set(disk, 0x14, 0);
	assert_int_equal(get(disk, 0x10, 4) & 0xffffff, 0x6646);
	disk = make(0, 0, 0);
	set(disk, 0x14, 0);
	assert_int_equal(get(disk, 0x10, 4) & 0xffffff, 0x0666);
	assert_int_equal(get(disk, 0x124, 4), 0);
}

static void a_disk_in_memory_is_zeroes_until_it_is_written(void **state)
{
	struct disk *disk = make(0, 0, 20 * 512);

	(void)state;
	assert_int_equal(get(disk, 0x100, 4), 20);
	assert_true(reads(disk, 0, 20, 0));
	assert_int_equal(write_of(disk, 3, 1, 0x33), OK);
	assert_int_equal(disk->written, 1);
	assert_int_equal(write_of(disk, 7, 10, 0x77), OK);
	assert_int_equal(write_of(disk, 19, 1, 0x99), OK);
	assert_true(reads(disk, 0, 3, 0));
	assert_true(reads(disk, 3, 1, 0x33));
	assert_true(reads(disk, 4, 3, 0));
	assert_true(reads(disk, 7, 10, 0x77));
	assert_true(reads(disk, 17, 2, 0));
	assert_true(reads(disk, 19, 1, 0x99));
}

static void an_image_is_read_and_what_is_written_lies_over_it(void **state)
{
	struct disk *disk = make(0, BLOCKS, 0);

	(void)state;
	assert_true(reads_image(disk, 0, SECTORS));
	assert_int_equal(write_of(disk, 9, 1, 0x11), OK);
	assert_int_equal(write_of(disk, 16, 8, 0x22), OK);
	assert_int_equal(write_of(disk, SECTORS - 1, 1, 0x33), OK);
	assert_true(reads_image(disk, 0, 9));
	assert_true(reads(disk, 9, 1, 0x11));
	assert_true(reads_image(disk, 10, 6));
	assert_true(reads(disk, 16, 8, 0x22));
	assert_true(reads_image(disk, 24, SECTORS - 25));
	assert_true(reads(disk, SECTORS - 1, 1, 0x33));
	for (uint32_t i = 0; i < IMAGE_SIZE; i++) {
		assert_int_equal(image[i], byte_of_image(i));
	}
}

static void two_VMs_of_one_image_see_their_own_writes_only(void **state)
{
	struct disk *one = make(0, BLOCKS, 0), *two = make(1, BLOCKS, 0);

	(void)state;
	assert_int_equal(write_of(one, 0, 16, 0x11), OK);
	assert_int_equal(write_of(two, 8, 16, 0x22), OK);
	assert_true(reads(one, 0, 16, 0x11));
	assert_true(reads_image(one, 16, 8));
	assert_true(reads_image(two, 0, 8));
	assert_true(reads(two, 8, 16, 0x22));
}

static void an_image_at_any_multiple_of_four_bytes_will_do(void **state)
{
	static uint8_t odd[IMAGE_SIZE + 4] __attribute__((aligned(8)));
	struct disk *disk = make(0, BLOCKS, 0);
	uint32_t steps;

	(void)state;
	assert_true(reads_image(disk, 0, SECTORS));
	steps = disk->steps;
	memcpy(odd + 4, image, IMAGE_SIZE);
	image_config.data = odd + 4;
	disk = make(0, BLOCKS, 0);
	assert_true(reads_image(disk, 0, SECTORS));
	assert_int_equal(disk->steps, steps);
	assert_int_equal(write_of(disk, 9, 1, 0x11), OK);
	/* into the overlay in smaller pieces, which cost more */
	assert_true(disk->steps >= 4);
	assert_true(reads_image(disk, 8, 1));
	assert_true(reads_image(disk, 10, 6));
}

static void a_disk_that_is_read_only_is_not_written(void **state)
{
	struct disk *disk = make(0, 0, 0);

	(void)state;
	assert_int_equal(write_of(disk, 0, 1, 0x11), IOERR);
	assert_int_equal(clear(disk, DISCARD, 0, 8, 0), IOERR);
	assert_int_equal(clear(disk, WRITE_ZEROES, 0, 8, 0), IOERR);
	assert_int_equal(ask(disk, FLUSH, 0, 0), OK);
	assert_true(reads_image(disk, 0, SECTORS));
}

static void what_the_disk_has_not_gives_an_error(void **state)
{
	static const struct {
		uint64_t sector;
		uint32_t size;
	} bad[] = {
		{SECTORS, 512},
		{SECTORS - 1, 1024},
		{0, IMAGE_SIZE + 512},
		{UINT64_MAX, 512},
		{UINT64_MAX / 512, 512},
		{UINT64_MAX / 512 + 1, 512},
		{UINT64_C(1) << 55, 512},
		{(UINT64_C(1) << 55) + 1, 512},
		{0, 511},
		{0, 513},
		{0, 1},
	};
	struct disk *disk = make(0, BLOCKS, 0);

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
		memset(data(), 0xee, IMAGE_SIZE);
		assert_int_equal(ask(disk, IN, bad[i].sector, bad[i].size), IOERR);
		/* nothing was written of what it may be: 2.7.8.2 */
		assert_int_equal(disk->written, 0);
		assert_int_equal(data()[0], 0xee);
		assert_int_equal(ask(disk, OUT, bad[i].sector, bad[i].size), IOERR);
	}
	assert_int_equal(ask(disk, IN, SECTORS, 0), OK);
	assert_int_equal(ask(disk, OUT, SECTORS, 0), OK);
	assert_true(reads_image(disk, 0, SECTORS));
}

static void a_type_that_nobody_knows_is_not_supported(void **state)
{
	static const uint32_t types[] = {2, 3, 5, 10, 12, 14, 0x80000000, UINT32_MAX};
	struct disk *disk = make(0, BLOCKS, 0);

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(types); i++) {
		assert_int_equal(ask(disk, types[i], 0, 512), UNSUPP);
	}
	assert_int_equal(ask(disk, FLUSH, 0, 0), OK);
	assert_int_equal(disk->written, 1);
}

static void buffers_may_end_anywhere(void **state)
{
	struct disk *disk = make(0, BLOCKS, 0);
	struct fake_buffer buffers[40];
	uint32_t n = 0;

	(void)state;
	/* a header of single bytes, the last of them before data */
	put_header(OUT, 8);
	memset(data(), 0x42, 4096);
	for (; n < 15; n++) {
		buffers[n] = (struct fake_buffer){HEADER + n, 1, false};
	}
	memcpy(fake_ram(DATA - 1), fake_ram(HEADER + 15), 1);
	buffers[n++] = (struct fake_buffer){DATA - 1, 1 + 1000, false};
	buffers[n++] = (struct fake_buffer){DATA + 1000, 1, false};
	buffers[n++] = (struct fake_buffer){DATA + 1001, 3095, false};
	buffers[n++] = (struct fake_buffer){STATUS, 1, true};
	assert_int_equal(send(disk, buffers, n), OK);
	assert_true(reads(disk, 8, 8, 0x42));
	/* data and status in one, behind all of the header */
	put_header(IN, 8);
	memset(fake_ram(STATUS - 512), 0, 512);
	buffers[0] = (struct fake_buffer){HEADER, 16, false};
	buffers[1] = (struct fake_buffer){STATUS - 512, 513, true};
	assert_int_equal(send(disk, buffers, 2), OK);
	assert_int_equal(disk->written, 513);
	assert_int_equal(*(uint8_t *)fake_ram(STATUS - 512), 0x42);
	assert_int_equal(*(uint8_t *)fake_ram(STATUS - 1), 0x42);
	/* buffers at odd places */
	put_header(IN, 0);
	buffers[1] = (struct fake_buffer){DATA + 1, 2048 + 3, true};
	buffers[2] = (struct fake_buffer){DATA + 5000, 2048 - 3, true};
	buffers[3] = (struct fake_buffer){STATUS, 1, true};
	assert_int_equal(send(disk, buffers, 4), OK);
	for (uint32_t i = 0; i < 4096; i++) {
		assert_int_equal(data()[i < 2051 ? i + 1 : 5000 + i - 2051], byte_of_image(i));
	}
}

static void a_request_without_header_or_status_breaks_the_device(void **state)
{
	const struct fake_buffer without_status[] = {{HEADER, 16, false}, {DATA, 512, false}};
	const struct fake_buffer short_header[] = {{HEADER, 15, false}, {STATUS, 1, true}};
	const struct fake_buffer status_alone[] = {{STATUS, 1, true}};
	struct disk *disk = make(0, BLOCKS, 0);

	(void)state;
	put_header(OUT, 0);
	assert_int_equal(send(disk, without_status, 2), NONE);
	drive(disk, false);
	assert_int_equal(send(disk, short_header, 2), NONE);
	drive(disk, true);
	assert_int_equal(send(disk, status_alone, 1), NONE);
	drive(disk, true);
	assert_true(reads_image(disk, 0, SECTORS));
}

static void its_serial_number_has_twenty_bytes(void **state)
{
	struct disk *disk = make(0, BLOCKS, 0);

	(void)state;
	memset(data(), 0xee, 64);
	assert_int_equal(ask(disk, GET_ID, 0, 20), OK);
	assert_int_equal(disk->written, 21);
	assert_string_equal((char *)data(), "0123456789abcdef");
	assert_int_equal(data()[19], 0);
	assert_int_equal(data()[20], 0xee);
	memset(data(), 0xee, 64);
	assert_int_equal(ask(disk, GET_ID, 0, 30), OK);
	assert_int_equal(disk->written, 20);
	assert_int_equal(data()[20], 0xee);
	assert_int_equal(ask(disk, GET_ID, 0, 4), OK);
	assert_int_equal(disk->written, 5);
	disk->config.disk.serial = "0123456789abcdefghij";
	assert_int_equal(ask(disk, GET_ID, 0, 20), OK);
	assert_memory_equal(data(), "0123456789abcdefghij", 20);
}

static void an_overlay_that_is_full_gives_errors_and_one_line(void **state)
{
	struct disk *disk = make(0, 3, 0);

	(void)state;
	assert_int_equal(write_of(disk, 0, 24, 0x11), OK);
	assert_int_equal(write_of(disk, 24, 8, 0x22), IOERR);
	assert_int_equal(write_of(disk, 33, 1, 0x22), IOERR);
	assert_int_equal(clear(disk, WRITE_ZEROES, 33, 1, 0), IOERR);
	assert_int_equal(lines, 1);
	assert_string_equal(line,
			    "alpha: its disk root has no room for what it writes: overlay-size");
	/* all else goes on */
	assert_int_equal(write_of(disk, 4, 8, 0x33), OK);
	assert_true(reads(disk, 4, 8, 0x33));
	assert_true(reads_image(disk, 24, SECTORS - 24));
	assert_int_equal(ask(disk, FLUSH, 0, 0), OK);
	/* a write that reaches beyond what there is: as far as it goes */
	assert_int_equal(write_of(disk, 16, 16, 0x44), IOERR);
	assert_true(reads(disk, 16, 8, 0x44));
	/* and there is room once something is given back */
	assert_int_equal(clear(disk, DISCARD, 8, 8, 0), OK);
	assert_int_equal(write_of(disk, 40, 8, 0x55), OK);
	assert_int_equal(write_of(disk, 48, 8, 0x66), IOERR);
	assert_int_equal(lines, 2);
	assert_true(reads(disk, 40, 8, 0x55));
	assert_true(reads(disk, 8, 8, 0));
}

static void what_is_discarded_is_zeroes_and_takes_no_room(void **state)
{
	struct disk *disk = make(0, 2, 0);

	(void)state;
	/* many times more than there is room for */
	for (uint32_t i = 0; i < 40; i++) {
		uint32_t at = i % 9 * 8;

		assert_int_equal(write_of(disk, at, 8, (uint8_t)i), OK);
		assert_int_equal(write_of(disk, (at + 8) % 72, 8, (uint8_t)~i), OK);
		assert_true(reads(disk, at, 8, (uint8_t)i));
		assert_int_equal(clear(disk, DISCARD, at, 8, 0), OK);
		assert_true(reads(disk, at, 8, 0));
		assert_true(reads(disk, (at + 8) % 72, 8, (uint8_t)~i));
		assert_int_equal(clear(disk, DISCARD, (at + 8) % 72, 8, 0), OK);
	}
	assert_int_equal(lines, 0);
	disk = make(0, 2, 0);
	/* parts of blocks stay; the image's blocks are zeroes too; the last one is a whole one */
	assert_int_equal(clear(disk, DISCARD, 4, 16, 0), OK);
	assert_true(reads_image(disk, 0, 8));
	assert_true(reads(disk, 8, 8, 0));
	assert_true(reads_image(disk, 16, SECTORS - 16));
	assert_int_equal(clear(disk, DISCARD, 72, 3, 0), OK);
	assert_true(reads(disk, 72, 3, 0));
	assert_int_equal(clear(disk, DISCARD, 0, SECTORS, 0), OK);
	assert_true(reads(disk, 0, SECTORS, 0));
	/* what lies beside a write is zeroes then, not the image's */
	assert_int_equal(write_of(disk, 9, 1, 0x99), OK);
	assert_true(reads(disk, 8, 1, 0));
	assert_true(reads(disk, 10, 6, 0));
}

static void zeroes_are_written_anywhere(void **state)
{
	struct disk *disk = make(0, 4, 0);

	(void)state;
	assert_int_equal(write_of(disk, 0, 16, 0x11), OK);
	/* unmap: its blocks are given back, parts are written */
	assert_int_equal(clear(disk, WRITE_ZEROES, 3, 20, 1), OK);
	assert_true(reads(disk, 0, 3, 0x11));
	assert_true(reads(disk, 3, 20, 0));
	assert_true(reads_image(disk, 23, SECTORS - 23));
	/* two of four are in use: 0 to 7, 16 to 23 */
	assert_int_equal(write_of(disk, 32, 16, 0x22), OK);
	/* without unmap they stay its own */
	assert_int_equal(clear(disk, WRITE_ZEROES, 32, 16, 0), OK);
	assert_true(reads(disk, 32, 16, 0));
	assert_int_equal(write_of(disk, 56, 1, 0x33), IOERR);
	assert_int_equal(write_of(disk, 33, 8, 0x44), OK);
	assert_true(reads(disk, 32, 1, 0));
	assert_true(reads(disk, 33, 8, 0x44));
	/* the image's need none for it */
	assert_int_equal(clear(disk, WRITE_ZEROES, 48, SECTORS - 48, 0), OK);
	assert_true(reads(disk, 48, SECTORS - 48, 0));
	assert_int_equal(clear(disk, WRITE_ZEROES, 49, 3, 0), OK);
}

static void ranges_are_checked_one_by_one(void **state)
{
	struct range many[17] = {{0, 8, 0}, {16, 8, 0}, {SECTORS, 1, 0}, {32, 8, 0}};
	struct disk *disk = make(0, BLOCKS, 0);

	(void)state;
	assert_int_equal(clear(disk, DISCARD, 0, 8, 1), UNSUPP); /* unmap is no flag of it */
	assert_int_equal(clear(disk, DISCARD, 0, 8, 2), UNSUPP);
	assert_int_equal(clear(disk, WRITE_ZEROES, 0, 8, 2), UNSUPP);
	assert_int_equal(clear(disk, DISCARD, SECTORS - 1, 2, 0), IOERR);
	assert_int_equal(clear(disk, DISCARD, UINT64_MAX, 1, 0), IOERR);
	assert_int_equal(clear(disk, WRITE_ZEROES, 0, UINT32_MAX, 0), IOERR);
	assert_int_equal(clear(disk, WRITE_ZEROES, UINT64_C(1) << 55, 1, 0), IOERR);
	assert_int_equal(ask(disk, DISCARD, 0, 15), IOERR);
	assert_int_equal(ask(disk, DISCARD, 0, 17), IOERR);
	assert_int_equal(ask(disk, DISCARD, 0, 17 * 16), IOERR);
	assert_int_equal(ask(disk, DISCARD, 0, 0), OK);
	assert_true(reads_image(disk, 0, SECTORS));
	memcpy(data(), many, sizeof(many));
	assert_int_equal(ask(disk, DISCARD, 0, 16 * 16), IOERR);
	assert_true(reads(disk, 0, 8, 0));
	assert_true(reads_image(disk, 8, 8));
	assert_true(reads(disk, 16, 8, 0));
	assert_true(reads_image(disk, 24, 16)); /* behind the wrong one nothing is done */
}

static void a_long_request_goes_in_steps(void **state)
{
	struct disk *disk = make(0, 0, 64 * 4096);
	struct fake_buffer buffers[50] = {{HEADER, 16, false}};

	(void)state;
	assert_int_equal(write_of(disk, 0, 512 / 4, 0x11), OK);
	assert_in_range(disk->steps, 16, 17);
	assert_int_equal(write_of(disk, 1, 512 / 4, 0x22), OK);
	assert_in_range(disk->steps, 17, 36);
	assert_true(reads(disk, 1, 512 / 4, 0x22));
	assert_in_range(disk->steps, 17, 18);
	/* many small parts: a few of them in a step */
	put_header(IN, 1);
	for (uint32_t i = 1; i < 49; i++) {
		buffers[i] = (struct fake_buffer){DATA + i * 64, i == 48 ? 512 - 47 : 1, true};
	}
	buffers[49] = (struct fake_buffer){STATUS, 1, true};
	assert_int_equal(send(disk, buffers, 50), OK);
	assert_true(disk->steps >= 50 / 8 + 48 / 9);
	/* one block is one step */
	assert_true(reads(disk, 8, 8, 0x22));
	assert_int_equal(disk->steps, 1);
	assert_int_equal(clear(disk, DISCARD, 0, 512, 0), OK);
	assert_in_range(disk->steps, 3, 8);
	assert_int_equal(write_of(disk, 0, 512 / 4, 0x11), OK);
	assert_int_equal(clear(disk, WRITE_ZEROES, 0, 512 / 4, 0), OK);
	assert_true(disk->steps > 16);
}

static void a_reset_in_mid_request_forgets_it_and_keeps_what_was_written(void **state)
{
	struct disk *disk = make(0, 0, 64 * 4096);
	struct fake_buffer buffers[] = {{HEADER, 16, false}, {DATA, 0, false}, {STATUS, 1, true}};

	(void)state;
	for (uint32_t steps = 0; steps < 8; steps++) {
		uint32_t done;

		assert_int_equal(write_of(disk, 0, 128, 0x11), OK);
		put_header(OUT, 1);
		buffers[1].size = 64 * 512;
		memset(data(), 0x22, 64 * 512);
		memset(fake_ram(STATUS), NONE, 1);
		fake_driver_make(&disk->driver, buffers, 3, false);
		set(disk, 0x50, 0);
		for (uint32_t i = 0; i < steps; i++) {
			assert_true(virtio_work(disk->vdev));
		}
		virtio_reset(disk->vdev);
		fake_ram_count();
		assert_false(virtio_work(disk->vdev));
		assert_int_equal(fake_ram_count(), 0);
		disk->posted = false;
		drive(disk, steps % 2 != 0);
		for (done = 0; done < 64 && reads(disk, 1 + done, 1, 0x22); done++) {
		}
		assert_true(done > 0 && done < 64);
		assert_true(reads(disk, 1 + done, 64 - done, 0x11));
		assert_true(reads(disk, 0, 1, 0x11));
	}
	/* while a block is being copied, too */
	image_config.data = image + 4;
	image_config.size = IMAGE_SIZE - 512;
	disk = make(0, 1, 0);
	put_header(OUT, 1);
	buffers[1].size = 512;
	fake_driver_make(&disk->driver, buffers, 3, false);
	set(disk, 0x50, 0);
	virtio_reset(disk->vdev);
	disk->posted = false;
	drive(disk, false);
	assert_int_equal(write_of(disk, 9, 1, 0x11), OK);
	assert_true(reads(disk, 9, 1, 0x11));
	assert_int_equal(ask(disk, IN, 8, 512), OK);
	assert_int_equal(data()[0], byte_of_image(4096 + 4));
	image_config.size = IMAGE_SIZE;
}

/* -- anything, beside a model of it -- */

#define MODEL_BLOCKS 10

static uint8_t model[IMAGE_SIZE];

static void random_request(struct disk *disk, struct random *random)
{
	uint32_t sector = random_below(random, SECTORS), what = random_below(random, 8);
	uint32_t count = 1 + random_below(random, MIN(SECTORS - sector, 20U));
	uint8_t byte = (uint8_t)random_next(random);
	uint32_t flags = random_below(random, 2);

	if (what < 3) {
		assert_int_equal(write_of(disk, sector, count, byte), OK);
		memset(model + sector * 512, byte, count * 512);
	} else if (what < 4) {
		assert_int_equal(clear(disk, WRITE_ZEROES, sector, count, flags), OK);
		memset(model + sector * 512, 0, count * 512);
	} else if (what < 5) {
		sector = sector / 8 * 8;
		count = sector + 16 > SECTORS ? SECTORS - sector : 16;
		assert_int_equal(clear(disk, DISCARD, sector, count, 0), OK);
		memset(model + sector * 512, 0, count * 512);
	} else {
		assert_int_equal(ask(disk, IN, sector, count * 512), OK);
		assert_memory_equal(data(), model + sector * 512, count * 512);
	}
}

static void whatever_is_written_is_read(void **state)
{
	struct random random = {42};

	(void)state;
	for (uint32_t round = 0; round < 8; round++) {
		struct disk *disk = make(0, MODEL_BLOCKS, round % 4 < 2 ? 0 : IMAGE_SIZE);

		drive(disk, round % 2 != 0);
		for (uint32_t i = 0; i < IMAGE_SIZE; i++) {
			model[i] = round % 4 < 2 ? byte_of_image(i) : 0;
		}
		for (uint32_t i = 0; i < 1000; i++) {
			random_request(disk, &random);
		}
		assert_int_equal(ask(disk, IN, 0, IMAGE_SIZE), OK);
		assert_memory_equal(data(), model, IMAGE_SIZE);
	}
	assert_int_equal(lines, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE_IN("its configuration says what it is", its_configuration_says_what_it_is,
			set_up),
		CASE_IN("a disk in memory is zeroes until it is written",
			a_disk_in_memory_is_zeroes_until_it_is_written, set_up),
		CASE_IN("an image is read, and what is written lies over it",
			an_image_is_read_and_what_is_written_lies_over_it, set_up),
		CASE_IN("two VMs of one image see their own writes only",
			two_VMs_of_one_image_see_their_own_writes_only, set_up),
		CASE_IN("an image at any multiple of four bytes will do",
			an_image_at_any_multiple_of_four_bytes_will_do, set_up),
		CASE_IN("a disk that is read-only is not written",
			a_disk_that_is_read_only_is_not_written, set_up),
		CASE_IN("what the disk has not gives an error",
			what_the_disk_has_not_gives_an_error, set_up),
		CASE_IN("a type that nobody knows is not supported",
			a_type_that_nobody_knows_is_not_supported, set_up),
		CASE_IN("buffers may end anywhere", buffers_may_end_anywhere, set_up),
		CASE_IN("a request without header or status breaks the device",
			a_request_without_header_or_status_breaks_the_device, set_up),
		CASE_IN("its serial number has twenty bytes", its_serial_number_has_twenty_bytes,
			set_up),
		CASE_IN("an overlay that is full gives errors, and one line",
			an_overlay_that_is_full_gives_errors_and_one_line, set_up),
		CASE_IN("what is discarded is zeroes and takes no room",
			what_is_discarded_is_zeroes_and_takes_no_room, set_up),
		CASE_IN("zeroes are written anywhere", zeroes_are_written_anywhere, set_up),
		CASE_IN("ranges are checked one by one", ranges_are_checked_one_by_one, set_up),
		CASE_IN("a long request goes in steps", a_long_request_goes_in_steps, set_up),
		CASE_IN("a reset in mid-request forgets it and keeps what was written",
			a_reset_in_mid_request_forgets_it_and_keeps_what_was_written, set_up),
		CASE_IN("whatever is written is read", whatever_is_written_is_read, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
