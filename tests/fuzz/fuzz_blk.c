/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A disk whose driver does anything: requests of any type, place, size and cut, rings and headers
 * changed at any moment, resets in between. EL2 stays in the VM's RAM, the image and the store, the
 * image stays as it is, no step is long, and after a reset what is written is read.
 */
#include "core/base/printk.h"
#include "core/vm/vm.h"
#include "drivers/emul/models.h"
#include "drivers/virtio/blk_part.h"
#include "drivers/virtio/blocks.h"
#include "tests/fuzz/fuzz_device.h"

#define OPS_MAX	   200
#define HEADERS	   (FAKE_RAM + 0x60000)
#define DATA	   (FAKE_RAM + 0x70000)
#define IMAGE_SIZE (37 * 512)
#define ROOM	   3 /* blocks: fewer than the image has */
#define STORE_SIZE ((2 + ROOM) * BLOCK_SIZE)

static struct vm vm = {.name = "vm"};
static struct vcpu vcpu = {.vm = &vm};
static struct store_config store = {.size = STORE_SIZE};
static struct image_config image = {.size = IMAGE_SIZE};
static struct vdev_config config = {.name = "disk", .type = &virtio_blk_type, .spi = 16};
static struct fake_driver driver;
static uint8_t *memory; /* of exactly the sizes, so that ASan sees a byte too far */
static size_t memory_size;

/* Partitions have a test of their own. */
int blk_part_create(struct vm *of, const struct vdev_config *node, struct arena *arena,
		    struct vdev **out)
{
	(void)of;
	(void)node;
	(void)arena;
	(void)out;
	return -1;
}

static void begin(uint8_t how)
{
	set(STATUS, 0);
	set_up(how, 0, &(struct queues){&driver, 1, 32, 0});
	PROMISE(driver.tables < HEADERS);
}

/* A request, its header and data cut in two or not. */
static void make(const struct op *op)
{
	static const uint8_t types[] = {0, 1, 4, 8, 11, 13, 13, 2};
	uint32_t type = types[op->small & 7], sector = op->value % 48, size = op->off % 9000;
	uint64_t header = HEADERS + UINT64_C(64) * (op->value >> 24), status = header + 40;
	uint32_t words[4] = {type, 0, sector, (op->small & 0x80) != 0 ? op->value : 0};
	uint32_t ranges[4] = {op->value % 40, 0, op->value >> 8 & 31, op->value >> 16 & 1};
	bool in = type == 0 || type == 8;
	uint32_t cut = (op->small & 8) != 0 ? op->value >> 8 & 15 : 0, part;
	struct fake_buffer buffers[6] = {{header, cut, false}, {header + cut, 16 - cut, false}};
	uint32_t count = 2;

	if ((op->small & 16) == 0) {
		size = type >= 11 ? 16 : size / 512 * 512;
	}
	part = (op->small & 32) != 0 ? size / 3 : 0;
	memcpy(fake_ram(header), words, sizeof(words));
	memcpy(fake_ram(DATA), ranges, sizeof(ranges));
	buffers[count++] = (struct fake_buffer){DATA, part, in};
	buffers[count++] = (struct fake_buffer){DATA + part, size - part, in};
	buffers[count++] = (struct fake_buffer){status, 1, true};
	fake_driver_make(&driver, buffers, count, (op->small & 64) != 0);
}

/* One request that is right, alone: its status. */
static uint8_t ask(uint32_t type, uint32_t sector, uint32_t size)
{
	const struct fake_buffer buffers[] = {{HEADERS, 16, false},
					      {DATA, size, type == 0},
					      {HEADERS + 16, 1, true}};
	const uint32_t words[5] = {type, 0, sector, 0, 0x55};
	uint32_t written;
	int id;

	memcpy(fake_ram(HEADERS), words, sizeof(words));
	id = fake_driver_make(&driver, buffers, 3, false);
	set(0x50, 0);
	work(1000);
	PROMISE(!device.posted && fake_driver_see(&driver, &written) == id);
	return *(uint8_t *)fake_ram(HEADERS + 16);
}

static void check_it_works(uint8_t how)
{
	const uint32_t range[4] = {0, 0, IMAGE_SIZE / 512, 0};

	begin(how);
	memcpy(fake_ram(DATA), range, sizeof(range));
	PROMISE(ask(11, 0, sizeof(range)) == 0);
	memset(fake_ram(DATA), how, 1024);
	PROMISE(ask(1, 7, 1024) == 0);
	memset(fake_ram(DATA), 0xee, 4096);
	PROMISE(ask(0, 4, 4096) == 0);
	for (uint32_t i = 0; i < 4096; i++) {
		bool written = i >= 3 * 512 && i < 5 * 512;

		PROMISE(*(uint8_t *)fake_ram(DATA + i) == (written ? how : 0));
	}
	for (uint32_t i = 0; i < IMAGE_SIZE; i++) {
		PROMISE(image.data[i] == (uint8_t)(i * 7));
	}
}

static void create(void)
{
	static uint8_t large[8192] __attribute__((aligned(16)));
	struct arena arena = {.base = large, .size = sizeof(large)};
	uint8_t *bytes;

	device.vm = &vm;
	device.vcpu = &vcpu;
	device.step_max = 40;
	if (memory == NULL) {
		bytes = must(malloc(IMAGE_SIZE));
		for (uint32_t i = 0; i < IMAGE_SIZE; i++) {
			bytes[i] = (uint8_t)(i * 7);
		}
		image.data = bytes;
		store.at = (uint64_t)must(aligned_alloc(BLOCK_SIZE, STORE_SIZE));
		config.disk = (struct disk_config){
			.source = DISK_IMAGE,
			.image = &image,
			.size = ROOM * BLOCK_SIZE,
			.serial = "serial",
			.store = &store,
			.map_size = BLOCK_SIZE,
		};
		PROMISE(virtio_blk_type.create(&vm, &config, &arena, &device.vdev) == 0);
		memory_size = arena.used;
		memory = must(malloc(memory_size));
	}
	memset((void *)store.at, 0xa5, STORE_SIZE);
	memset(memory, 0, memory_size);
	arena = (struct arena){.base = memory, .size = memory_size};
	PROMISE(virtio_blk_type.create(&vm, &config, &arena, &device.vdev) == 0);
}

static void do_op(const struct op *op, bool *begun)
{
	uint64_t value;

	switch (op->what % 8) {
	case 0:
		begin(op->small);
		*begun = true;
		break;
	case 1:
		set(op->off % 0x80 * 4, op->value);
		break;
	case 2:
		virtio_mmio.read(&vcpu, device.vdev, 0x100 + op->off % 64, 1, &value);
		break;
	case 3: /* anywhere: rings, tables, headers, data */
		memcpy(fake_ram(FAKE_RAM + op->off % 0x8000 + (op->small & 1) * 0x60000),
		       &op->value, sizeof(op->value));
		break;
	case 4:
	case 5:
		if (*begun) {
			make(op);
		}
		break;
	case 6:
		set(0x50, 0);
		break;
	default:
		work(op->small);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = {data, size};
	struct op op;
	bool begun = false;

	printk_set_level(LOG_EMERG);
	fake_ram_reset();
	device.posted = false;
	create();
	for (uint32_t i = 0; i < OPS_MAX && fuzz_take(&input, &op, sizeof(op)); i++) {
		do_op(&op, &begun);
	}
	check_it_works(fuzz_take_byte(&input));
	return 0;
}
