/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A balloon whose driver does anything, beside a VM that gives and takes too, while CPUs pass or do
 * not. Each frame is in one place, no VM has more than its own or less than its least, no step is
 * long; and when all is over everything can be had back.
 */
#include "core/base/errno.h"
#include "core/resource/audit.h"
#include "core/vm/vm.h"
#include "drivers/emul/models.h"
#include "drivers/virtio/balloon.h"
#include "mm/frames.h"
#include "mm/page_alloc.h"
#include "tests/fuzz/fuzz_device.h"
#include "timer/deadline.h"

#define OPS_MAX	  300
#define SIZE	  16
#define RINGS	  0x10000 /* room of a queue's */
#define LISTS	  (FAKE_RAM + 0x70000)
#define VMS	  2
#define PAGES	  256
#define MIN_PAGES 16
#define BOARD	  GIB(2)
#define TABLES	  64 /* pages */

enum {
	INFLATE,
	DEFLATE,
	STATISTICS,
	QUEUES,
};

static struct vdev_config config = {.name = "balloon",
				    .type = &virtio_balloon_type,
				    .spi = 16,
				    .min_size = MIN_PAGES * PAGE_SIZE};
static struct vm_config vm_config = {.device = &config, .device_count = 1};
static struct vm vms[VMS];
static struct frames_space space[VMS];
static struct vcpu vcpu = {.vm = &vms[0]};
static struct vcpu *const vcpus[] = {&vcpu};
static struct fake_driver driver[QUEUES];
static uint64_t maps[VMS][1024];
static uint8_t tables[TABLES][PAGE_SIZE] __attribute__((aligned(4096)));
static uint32_t tables_used;
static bool all_passed;

/* -- around it -- */

void *page_alloc_aligned(uint32_t count)
{
	uint32_t first = (uint32_t)align_up(tables_used, count);

	PROMISE(first + count <= TABLES);
	tables_used = first + count;
	memset(tables[first], 0, count * PAGE_SIZE);
	return tables[first];
}

void *page_alloc(uint32_t count)
{
	return page_alloc_aligned(count);
}

uint64_t virt_to_phys(const void *virt)
{
	return GIB(64) + (uint64_t)((const uint8_t *)virt - tables[0]);
}

void *phys_to_virt(uint64_t phys)
{
	PROMISE(phys - GIB(64) < sizeof(tables));
	return (uint8_t *)tables + (phys - GIB(64));
}

uint64_t deadline_now(void)
{
	return 1;
}

bool vm_may_log(struct vm *vm, struct ratelimit *limit, struct vm_tail *tail)
{
	tail->text[0] = '\0';
	PROMISE(vm == &vms[0] && limit == &vm->faults);
	return true;
}

static void forget(const struct stage2 *stage2, const uint64_t *ipa, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		PROMISE(!pgtable_lookup(&stage2->pt, ipa[i]).valid);
	}
}

static void clear(uint64_t pa)
{
	PROMISE(pa >= BOARD && pa < BOARD + VMS * PAGES * PAGE_SIZE && pa % PAGE_SIZE == 0);
}

static void nothing(void)
{
}

static bool ask(void)
{
	return true;
}

static bool passed(void)
{
	return all_passed;
}

static const struct frames_ops ops = {
	.forget = forget,
	.clear = clear,
	.forget_code = nothing,
	.ask = ask,
	.passed = passed,
	.work = nothing,
};

/* -- its driver -- */

static void begin(uint8_t how)
{
	set(STATUS, 0);
	set_up(how, 3, &(struct queues){driver, QUEUES, SIZE, RINGS});
}

/* A list of pages that are mostly RAM, or statistics, in two buffers. */
static void make(const struct op *op)
{
	uint32_t queue = op->small % QUEUES, size = op->off % 200, part = size / 3;
	uint64_t at = LISTS + op->value % 0x4000;
	const struct fake_buffer buffers[] = {{at, part, (op->small & 0xf0) == 0xf0},
					      {at + part, size - part, (op->small & 0xf0) >= 0xe0}};

	for (uint32_t i = 0; i < size / 4 && queue != STATISTICS; i++) {
		uint32_t number = (uint32_t)(FAKE_RAM / PAGE_SIZE) +
				  (op->value * 7 + i * (1 + op->small)) % (PAGES + 3);

		memcpy(fake_ram(at + 4 * i), &number, sizeof(number));
	}
	fake_driver_make(&driver[queue], buffers, 2, (op->small & 8) != 0);
}

/* -- what holds at any time -- */

static void check(void)
{
	static bool seen[VMS * PAGES];
	static const struct registry none;
	struct frames_view view;
	uint32_t held = 0;

	memset(seen, 0, sizeof(seen));
	for (uint32_t vm = 0; vm < VMS; vm++) {
		struct audit_result result = {0};
		struct pgtable_leaf leaf = pgtable_next(&vms[vm].stage2.pt, 0);

		audit_stage2(&vms[vm].stage2, (uint16_t)vm, &none, &result);
		PROMISE(result.faults == 0 && result.leaves == space[vm].held);
		PROMISE(space[vm].held >= MIN_PAGES && space[vm].held <= PAGES);
		for (; leaf.valid; leaf = pgtable_next(&vms[vm].stage2.pt, leaf.in + leaf.size)) {
			bool *frame = &seen[(leaf.out - BOARD) / PAGE_SIZE];

			PROMISE(leaf.size == PAGE_SIZE && !*frame);
			*frame = true;
		}
		held += space[vm].held;
	}
	PROMISE(frames_look(&view) && view.held == held && view.total == VMS * PAGES);
}

static void check_all_comes_back(void)
{
	all_passed = true;
	for (uint32_t vm = 0; vm < VMS; vm++) {
		space[vm].refill = 0;
		while (frames_refill(&space[vm]) != 0) {
			frames_work();
		}
		PROMISE(space[vm].held == PAGES);
	}
	check();
}

static void create(void)
{
	static uint8_t memory[65536] __attribute__((aligned(16)));
	struct arena arena = {.base = memory, .size = sizeof(memory)};

	memset(memory, 0, sizeof(memory));
	memset(maps, 0, sizeof(maps));
	tables_used = 0;
	all_passed = false;
	device.vm = &vms[0];
	device.vcpu = &vcpu;
	device.step_max = 60;
	frames_init(&ops);
	for (uint32_t i = 0; i < VMS; i++) {
		uint64_t pa = BOARD + i * PAGES * PAGE_SIZE;

		vms[i] = (struct vm){.name = "vm",
				     .id = i,
				     .config = &vm_config,
				     .vcpu = (struct vcpu **)vcpus};
		PROMISE(stage2_init(&vms[i].stage2, (uint16_t)(i + 1), 40, false, false) == 0);
		PROMISE(frames_pages(PAGES * PAGE_SIZE) * PAGE_SIZE <= sizeof(maps[i]));
		frames_create(&space[i], &vms[i].stage2, i, PAGES * PAGE_SIZE, maps[i]);
		vms[i].stage2.frames = &space[i];
		space[i].min = MIN_PAGES;
		PROMISE(stage2_map_pages(&vms[i].stage2, FAKE_RAM, pa, PAGES * PAGE_SIZE,
					 STAGE2_RAM) == 0);
		PROMISE(frames_add(&space[i], FAKE_RAM, pa, PAGES * PAGE_SIZE) == 0);
	}
	PROMISE(virtio_balloon_type.create(&vms[0], &config, &arena, &device.vdev) == 0);
}

/* The other VM's, and the hypervisor's. */
static void do_other(const struct op *op)
{
	const uint64_t ipa = FAKE_RAM + op->off % (PAGES + 2) * PAGE_SIZE;
	struct balloon_view view;

	switch (op->small % 6) {
	case 0:
		frames_give(&space[1], &ipa, 1);
		break;
	case 1:
		frames_take(&space[1], ipa);
		break;
	case 2:
		all_passed = !all_passed;
		break;
	case 3:
		balloon_set(0, (uint64_t)op->value % (PAGES + 9) * PAGE_SIZE);
		break;
	case 4:
		balloon_ask(0);
		PROMISE(balloon_view(0, &view));
		break;
	default:
		for (uint32_t i = 0; i < op->off % 16; i++) {
			frames_work();
		}
		break;
	}
}

static void do_op(const struct op *op, bool *begun)
{
	switch (op->what % 9) {
	case 0:
		begin(op->small);
		*begun = true;
		break;
	case 1:
		set(op->off % 0x44 * 4, op->value);
		break;
	case 2: /* anywhere: rings, tables, lists */
		memcpy(fake_ram(FAKE_RAM + op->off % 0x8000 + (uint64_t)RINGS * (op->small % 8)),
		       &op->value, sizeof(op->value));
		break;
	case 3:
	case 4:
		if (*begun) {
			make(op);
		}
		break;
	case 5:
		set(NOTIFY, op->small & 3);
		break;
	case 6:
		work(op->small);
		break;
	default:
		do_other(op);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = {data, size};
	struct op op;
	bool begun = false;

	fake_ram_reset();
	device.posted = false;
	create();
	for (uint32_t i = 0; i < OPS_MAX && fuzz_take(&input, &op, sizeof(op)); i++) {
		do_op(&op, &begun);
	}
	check();
	virtio_balloon_type.reset(device.vdev);
	check_all_comes_back();
	begin(0);
	return 0;
}
