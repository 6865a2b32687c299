/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A disk that is a partition of the board's, with two sides that do anything: its driver, as in
 * fuzz_blk.c, and the board's disk, which finishes what it likes, answers what it likes, or nothing
 * for as long as it likes. The board's disk is told of the partition's sectors and the VM's RAM
 * alone, and of no more than there are; a reset of the device is answered when nothing is under
 * way; no step is long; and a disk that kept to its rules works at the end.
 */
#include "core/base/errno.h"
#include "core/base/printk.h"
#include "core/vm/vm.h"
#include "drivers/emul/models.h"
#include "drivers/hw/blk/virtio_blk.h"
#include "drivers/hw/virtio/blk_regs.h"
#include "drivers/virtio/blk_part.h"
#include "mm/frames.h"
#include "mm/page_alloc.h"
#include "tests/fuzz/fuzz_device.h"
#include "tests/unit/fake_hwvirtio.h"
#include "tests/unit/fake_line.h"

#define OPS_MAX	 200
#define FIRST	 1000
#define SECTORS	 64
#define HEADERS	 (FAKE_RAM + 0x60000)
#define DATA	 (FAKE_RAM + 0x70000)
#define SEAM	 (DATA + 0x1800) /* here its memory goes on elsewhere */
#define PA_LOW	 UINT64_C(0x7f00000000000000)
#define PA_HIGH	 UINT64_C(0x7f80000000000000)
#define SLOTS	 16
#define PER_SLOT 16
#define SECOND	 UINT64_C(1000000)

static struct vm vm = {.name = "vm"};
static struct vcpu vcpu = {.vm = &vm}, *table[] = {&vcpu};
static struct vdev_config config = {.name = "disk", .type = &virtio_blk_type, .spi = 16};
static struct blk_part part;
static struct blk_dev *dev;
static struct fake_driver driver;
static uint8_t own[BLK_PART_PAGES * PAGE_SIZE] __attribute__((aligned(4096)));
static uint8_t disk_memory[VIRTIO_BLK_PAGES * PAGE_SIZE] __attribute__((aligned(4096)));
static bool lied;	   /* the board's disk broke a rule, or was late */
static bool held[SLOTS];   /* requests that the board's disk has */
static bool stays_high;	   /* its interrupt, whatever its driver does */
static uint32_t was_reset; /* how often it was */

static const struct vm_extent extents[] = {
	{FAKE_RAM, PA_LOW, SEAM - FAKE_RAM},
	{SEAM, PA_HIGH, FAKE_RAM + FAKE_RAM_SIZE - SEAM},
};

/* -- around it -- */

void *page_alloc(uint32_t count)
{
	PROMISE(count == BLK_PART_PAGES);
	memset(own, 0, sizeof(own));
	return own;
}

void vcpu_post(struct vcpu *to, uint32_t events)
{
	PROMISE(to == &vcpu && events == VCPU_EVENT_ANSWER);
}

void vm_device_ready(struct vm *of, uint32_t index, bool there)
{
	PROMISE(of == &vm && index == 0 && there);
}

const struct vm_extent *vm_extent_of(const struct vm *of, uint64_t ipa, uint64_t size)
{
	PROMISE(of == &vm);
	for (uint32_t i = 0; i < ARRAY_COUNT(extents); i++) {
		if (range_contains(extents[i].ipa, extents[i].size, ipa, size)) {
			return &extents[i];
		}
	}
	return NULL;
}

/* -- memory in pages, where a balloon may take it -- */

static struct frames_space frames;
static uint32_t in_use;

uint32_t frames_hold(struct frames_space *space)
{
	PROMISE(space == &frames);
	in_use++;
	return 1;
}

void frames_release(struct frames_space *space, uint32_t epoch)
{
	PROMISE(space == &frames && epoch == 1 && in_use > 0);
	in_use--;
}

/* -- time, in microseconds -- */

static uint64_t now;
static struct deadline *armed[2];

void deadline_init(struct deadline *deadline, struct vcpu *of,
		   void (*fire)(struct deadline *deadline))
{
	PROMISE(of == NULL);
	deadline->fire = fire;
}

void deadline_set(struct deadline *deadline, uint64_t when)
{
	uint32_t at = armed[0] == deadline || (armed[0] == NULL && armed[1] != deadline) ? 0 : 1;

	PROMISE(armed[at] == NULL || armed[at] == deadline);
	deadline->when = when;
	armed[at] = deadline;
}

uint64_t deadline_now(void)
{
	return now;
}

uint64_t deadline_from_ms(uint64_t ms)
{
	return SECOND / 1000 * ms;
}

static void pass(uint64_t time)
{
	uint64_t end = now + time;

	for (uint32_t fired = 0;; fired++) {
		struct deadline *due = NULL;

		PROMISE(fired < 100000);
		for (uint32_t i = 0; i < ARRAY_COUNT(armed); i++) {
			if (armed[i] != NULL && armed[i]->when <= end &&
			    (due == NULL || armed[i]->when < due->when)) {
				due = armed[i];
			}
		}
		if (due == NULL) {
			break;
		}
		now = MAX(now, due->when);
		armed[armed[0] == due ? 0 : 1] = NULL;
		due->fire(due);
		now++;
	}
	now = MAX(now, end);
}

/* -- the board's disk -- */

/* The memory of a piece, which is RAM of the VM's. */
static uint8_t *memory_of(const struct hwring_desc *desc)
{
	for (uint32_t i = 0; i < ARRAY_COUNT(extents); i++) {
		if (range_contains(extents[i].pa, extents[i].size, desc->pa, desc->size)) {
			return fake_ram(desc->pa - extents[i].pa + extents[i].ipa);
		}
	}
	PROMISE(vm.stage2.frames != NULL && (lied || in_use != 0) && desc->size <= PAGE_SIZE);
	PROMISE(range_contains((uint64_t)fake_ram(FAKE_RAM), FAKE_RAM_SIZE, desc->pa, desc->size));
	return (uint8_t *)desc->pa;
}

static const void *slot_of(const struct hwring_desc *desc)
{
	PROMISE(range_contains((uint64_t)disk_memory, sizeof(disk_memory), desc->pa, desc->size));
	return (const void *)desc->pa;
}

static void check_sectors(uint64_t first, uint64_t count)
{
	PROMISE(count != 0 && range_contains(FIRST, SECTORS, first, count));
}

/* What it is told to do by a chain is right; done, if it is to be. Bytes written but the status. */
static uint32_t look_at(uint32_t head, bool act)
{
	const struct hwring_desc *desc = &fake_hwvirtio.queue[0].desc[head];
	const struct blk_header *header = slot_of(desc);
	uint32_t moved = 0;

	PROMISE(desc->size == 16 && desc->flags == HWRING_NEXT);
	for (desc++; (desc->flags & HWRING_NEXT) != 0; desc++) {
		PROMISE(desc - &fake_hwvirtio.queue[0].desc[head] < PER_SLOT && desc->size != 0);
		if (header->type == BLK_TYPE_DISCARD || header->type == BLK_TYPE_WRITE_ZEROES) {
			const struct blk_range *range = slot_of(desc);

			PROMISE(desc->size == sizeof(*range));
			check_sectors(range->sector, range->count);
			continue;
		}
		PROMISE(header->type == BLK_TYPE_IN || header->type == BLK_TYPE_OUT);
		PROMISE(((desc->flags & HWRING_WRITE) != 0) == (header->type == BLK_TYPE_IN));
		if (act && header->type == BLK_TYPE_IN) {
			memset(memory_of(desc), (int)header->sector, desc->size);
		} else {
			memory_of(desc);
		}
		moved += desc->size;
	}
	PROMISE(desc->size == 1 && desc->flags == HWRING_WRITE && slot_of(desc) != NULL);
	if (header->type == BLK_TYPE_IN || header->type == BLK_TYPE_OUT) {
		PROMISE(moved % 512 == 0);
		check_sectors(header->sector, moved / 512);
	}
	if (act) {
		*(uint8_t *)desc->pa = 0;
	}
	return header->type == BLK_TYPE_IN ? moved : 0;
}

/* What it has been given since it was looked at last. */
static void note(void)
{
	int head;

	if (fake_hwvirtio.resets != was_reset) {
		was_reset = fake_hwvirtio.resets;
		if (!fake_hwvirtio.stuck) {
			memset(held, 0, sizeof(held));
			fake_hwvirtio.queue[0].seen = fake_hwvirtio.queue[0].put = 0;
		}
	}
	while ((head = fake_hwvirtio_take(0)) >= 0) {
		PROMISE(head % PER_SLOT == 0 && head < SLOTS * PER_SLOT &&
			(lied || !held[head / PER_SLOT]));
		held[head / PER_SLOT] = true;
		look_at((uint32_t)head, false);
	}
}

static bool holds_any(void)
{
	note();
	for (uint32_t i = 0; i < SLOTS; i++) {
		if (held[i]) {
			return true;
		}
	}
	return false;
}

/* If its level stays high, until it is masked. */
static void interrupt(void)
{
	for (uint32_t taken = 0; !fake_line.masked && (taken == 0 || stays_high); taken++) {
		PROMISE(taken < 2);
		blk_interrupt(dev);
	}
	pass(SECOND / 1000);
	note();
}

/* It finishes one, as it should; false: it has none. */
static bool serve(uint32_t which)
{
	note();
	for (uint32_t i = 0; i < SLOTS; i++) {
		uint32_t slot = (which + i) % SLOTS;

		if (held[slot]) {
			uint32_t written = look_at(slot * PER_SLOT, true) + 1;

			held[slot] = false;
			fake_hwvirtio_put(0, slot * PER_SLOT, written);
			interrupt();
			return true;
		}
	}
	return false;
}

/* Or anything but that. */
static void lie(const struct op *op)
{
	uint32_t slot = op->value % SLOTS;

	note();
	lied = true;
	switch (op->small % 5) {
	case 0:
		fake_hwvirtio_put(0, op->value, op->off);
		break;
	case 4:
		fake_hwvirtio_ask();
		break;
	case 1: /* one that it has, with another length */
		fake_hwvirtio_put(0, slot * PER_SLOT, op->off);
		held[slot] = false;
		break;
	case 2:
		fake_hwvirtio.queue[0].used[0] = op->value;
		break;
	default:
		fake_hwvirtio.queue[0].put = (uint16_t)(fake_hwvirtio.queue[0].put + op->off);
		fake_hwvirtio_put(0, slot * PER_SLOT, 1);
		break;
	}
	interrupt();
}

/* -- the driver -- */

/* False: it has to wait. */
static bool try(uint32_t off, uint64_t value)
{
	int err = set_sized(off, 4, (uint32_t)value);

	PROMISE(err == 0 || err == -EAGAIN);
	if (err == 0 && off == STATUS && value == 0) {
		/* its memory is the driver's again; what a disk said to be done is done */
		PROMISE((lied || !holds_any()) && in_use == 0);
	}
	return err == 0;
}

static void work_on(uint32_t steps)
{
	work(steps);
	note();
}

static bool begin(uint8_t how)
{
	if (!try(STATUS, 0)) {
		return false;
	}
	set_up(how, (how & 4) != 0 ? BLK_F_FLUSH : 0, &(struct queues){&driver, 1, 32, 0});
	return true;
}

/* A request, its header and data cut in two or not, near the partition's end or not. */
static void make(const struct op *op)
{
	static const uint8_t types[] = {0, 1, 4, 8, 11, 13, 0, 2};
	uint32_t type = types[op->small & 7], sector = op->value % (SECTORS + 8);
	uint32_t size = op->off % 0x4000, part_size;
	uint64_t header = HEADERS + UINT64_C(64) * (op->value >> 24), status = header + 40;
	uint32_t words[4] = {type, 0, sector, (op->small & 0x80) != 0 ? op->value : 0};
	uint32_t ranges[4] = {op->value % (SECTORS + 4), 0, op->value >> 8 & 63,
			      op->value >> 16 & 1};
	bool in = type == 0 || type == 8;
	uint32_t cut = (op->small & 8) != 0 ? op->value >> 8 & 15 : 0;
	struct fake_buffer buffers[6] = {{header, cut, false}, {header + cut, 16 - cut, false}};
	uint32_t count = 2;

	if ((op->small & 16) == 0) {
		size = type >= 11 ? 16 : size / 512 * 512;
	}
	part_size = (op->small & 32) != 0 ? size / 3 : 0;
	memcpy(fake_ram(header), words, sizeof(words));
	memcpy(fake_ram(DATA), ranges, sizeof(ranges));
	buffers[count++] = (struct fake_buffer){DATA, part_size, in};
	buffers[count++] = (struct fake_buffer){DATA + part_size, size - part_size, in};
	buffers[count++] = (struct fake_buffer){status, 1, true};
	fake_driver_make(&driver, buffers, count, (op->small & 64) != 0);
}

/* Two sectors of the partition, read over the seam. */
static void check_it_works(uint8_t how)
{
	const struct fake_buffer buffers[] = {{HEADERS, 16, false},
					      {SEAM - 512, 1024, true},
					      {HEADERS + 16, 1, true}};
	const uint32_t words[5] = {0, 0, 5, 0, 0x55};
	uint32_t written;
	int id;

	try(STATUS, 0);
	while (serve(0)) {
	}
	PROMISE(begin(how));
	memcpy(fake_ram(HEADERS), words, sizeof(words));
	id = fake_driver_make(&driver, buffers, 3, false);
	set(0x50, 0);
	work_on(1000);
	while (serve(0)) {
		work_on(1000);
	}
	PROMISE(fake_driver_see(&driver, &written) == id && written == 1025);
	PROMISE(*(uint8_t *)fake_ram(HEADERS + 16) == 0);
	PROMISE(*(uint8_t *)fake_ram(SEAM - 1) == (uint8_t)(FIRST + 5));
	PROMISE(*(uint8_t *)fake_ram(SEAM + 511) == (uint8_t)(FIRST + 5));
}

static void set_config(uint32_t off, uint32_t value)
{
	memcpy(fake_hwvirtio.config + off, &value, sizeof(value));
}

static void create(bool paged)
{
	static uint64_t room[1024];
	struct arena arena = {.base = (uint8_t *)room, .size = sizeof(room)};
	int err;

	memset(room, 0, sizeof(room));
	memset(held, 0, sizeof(held));
	memset(disk_memory, 0, sizeof(disk_memory));
	now = SECOND;
	armed[0] = armed[1] = NULL;
	fake_hwvirtio = (struct fake_hwvirtio){
		.id = 2,
		.features = BIT(32) | BLK_F_FLUSH | BLK_F_DISCARD | BLK_F_WRITE_ZEROES,
		.queue_max = {256},
	};
	set_config(BLK_CONFIG_CAPACITY, 5000);
	set_config(BLK_CONFIG_MAX_DISCARD, 20);
	set_config(BLK_CONFIG_MAX_ZEROES, 20);
	was_reset = 0;
	memset(&fake_line, 0, sizeof(fake_line));
	stays_high = false;
	dev = virtio_blk_open(NULL, disk_memory, &err);
	PROMISE(dev != NULL && err == 0);
	dev->name = "/disk";
	part = (struct blk_part){.dev = dev, .wanted = "part"};
	config.disk = (struct disk_config){.source = DISK_PARTITION,
					   .serial = "serial",
					   .partition = "part",
					   .part = &part};
	in_use = 0;
	vm.stage2.frames = paged ? &frames : NULL;
	vm.vcpu = table;
	vm.vcpu_count = 1;
	device.vm = &vm;
	device.vcpu = &vcpu;
	device.step_max = 60;
	PROMISE(blk_part_create(&vm, &config, &arena, &device.vdev) == 0);
	part.first = FIRST;
	part.sectors = SECTORS;
	part.fault = NULL;
	blk_part_settled(&part, part.owner);
	device.posted = lied = false;
	was_reset = fake_hwvirtio.resets;
}

static void do_op(const struct op *op, bool *begun)
{
	uint64_t value;

	switch (op->what % 11) {
	case 0:
		*begun = begin(op->small) || *begun;
		break;
	case 1:
		try(op->off % 0x80 * 4, op->value);
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
		note();
		break;
	case 7:
		work_on(op->small);
		break;
	case 8:
		serve(op->value);
		break;
	case 9:
		lie(op);
		break;
	default: /* it may not come out of a reset, and time passes, up to minutes */
		fake_hwvirtio.stuck = (op->small & 3) == 3;
		stays_high = (op->small & 8) != 0;
		lied = lied || (op->small & 4) != 0;
		pass((op->small & 4) != 0 ? op->off % 64 * SECOND : op->off);
		note();
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
	create(size % 2 != 0);
	for (uint32_t i = 0; i < OPS_MAX && fuzz_take(&input, &op, sizeof(op)); i++) {
		do_op(&op, &begun);
	}
	if (!lied) {
		check_it_works(fuzz_take_byte(&input));
	}
	return 0;
}
