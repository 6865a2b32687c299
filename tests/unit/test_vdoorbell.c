/* SPDX-License-Identifier: Apache-2.0 */
/* Doorbells between three VMs: docs/doorbell.md, Arm DDI 0190B chapters 2 and 3. */
#include <string.h>

#include "core/base/arena.h"
#include "core/base/errno.h"
#include "core/fdt/guest_fdt.h"
#include "core/vm/vm.h"
#include "drivers/emul/models.h"
#include "irq/vgic/vgic.h"
#include "tests/unit/unit.h"

#define DATA(mask) ((mask) << 2)
#define ALL	   DATA(0xffU)
#define DIR	   0x400
#define IS	   0x404
#define IBE	   0x408
#define IEV	   0x40c
#define IE	   0x410
#define RIS	   0x414
#define MIS	   0x418
#define IC	   0x41c
#define AFSEL	   0x420
#define ID	   0xfe0

/* a's doorbells: to b, crossed with b's; to c; to nobody. c's interrupt is a pin. */
enum {
	A,
	B,
	C,
	VMS,
};

#define PIN 66

static struct vm vms[VMS];
static struct vcpu vcpus[VMS];
static struct doorbell_config bells[VMS][CONFIG_DOORBELLS_OF_PL061];
static struct vdev_config configs[VMS];
static struct vdev *devs[VMS];
static bool line[VMS]; /* as the interrupt controller was told last */
static uint32_t rises[VMS];
static struct vdev generator;
static char names[512];
static uint32_t names_len;

/* -- the interrupt controller, the guest's tree -- */

static void set_line(uint32_t vm, bool level)
{
	rises[vm] += level && !line[vm];
	line[vm] = level;
}

void vgic_set_line(struct vm *of, uint32_t intid, bool level)
{
	uint32_t vm = (uint32_t)(of - vms);

	assert_in_range(vm, A, B);
	assert_int_equal(intid, 32 + configs[vm].spi);
	set_line(vm, level);
}

static void set_pin(struct vdev *lines, uint32_t pin, bool level)
{
	assert_ptr_equal(lines, &generator);
	assert_int_equal(pin, PIN);
	set_line(C, level);
}

void guest_fdt_node_at(struct guest_fdt *fdt, const char *name, uint64_t address)
{
	(void)fdt;
	assert_string_equal(name, "pl061");
	assert_int_equal(address, configs[A].ipa);
}

void guest_fdt_end_node(struct guest_fdt *fdt)
{
	(void)fdt;
}

void guest_fdt_prop(struct guest_fdt *fdt, const char *name, const void *value, uint32_t len)
{
	(void)fdt;
	if (strcmp(name, "gpio-line-names") == 0) {
		assert_true(len <= sizeof(names));
		memcpy(names, value, len);
		names_len = len;
	}
}

void guest_fdt_string(struct guest_fdt *fdt, const char *name, const char *value)
{
	guest_fdt_prop(fdt, name, value, (uint32_t)strlen(value) + 1);
}

void guest_fdt_flag(struct guest_fdt *fdt, const char *name)
{
	guest_fdt_prop(fdt, name, NULL, 0);
}

void guest_fdt_cells(struct guest_fdt *fdt, const char *name, const uint32_t *cells, uint32_t count)
{
	guest_fdt_prop(fdt, name, cells, 4 * count);
}

void guest_fdt_u32(struct guest_fdt *fdt, const char *name, uint32_t value)
{
	guest_fdt_prop(fdt, name, &value, 4);
}

void guest_fdt_u64s(struct guest_fdt *fdt, const char *name, const uint64_t *values, uint32_t count)
{
	guest_fdt_prop(fdt, name, values, 8 * count);
}

void guest_fdt_device(struct guest_fdt *fdt, const struct guest_device *device)
{
	const struct vdev_config *config = device->pin != 0 ? &configs[C] : &configs[A];

	(void)fdt;
	assert_int_equal(device->ipa, config->ipa);
	assert_int_equal(device->size, 0x1000);
	assert_int_equal(device->spi, config->spi);
	assert_int_equal(device->pin, config->pin);
}

/* -- the guests -- */

static uint64_t get_by(uint32_t vm, uint32_t off, uint32_t size)
{
	uint64_t value = ~UINT64_C(0);

	assert_int_equal(vdoorbell_type.mmio->read(&vcpus[vm], devs[vm], off, size, &value), 0);
	assert_in_range(value, 0, 0xff);
	return value;
}

static uint32_t get(uint32_t vm, uint32_t off)
{
	return (uint32_t)get_by(vm, off, 4);
}

/* Whatever has happened: the line is what the masked status says. */
static void look(void)
{
	for (uint32_t vm = 0; vm < VMS; vm++) {
		assert_int_equal(get(vm, MIS), get(vm, RIS) & get(vm, IE));
		assert_int_equal(line[vm], get(vm, MIS) != 0);
	}
}

static void put_by(uint32_t vm, uint32_t off, uint32_t size, uint64_t value)
{
	assert_int_equal(vdoorbell_type.mmio->write(&vcpus[vm], devs[vm], off, size, value), 0);
	look();
}

static void put(uint32_t vm, uint32_t off, uint64_t value)
{
	put_by(vm, off, 4, value);
}

static void reset(uint32_t vm)
{
	vdoorbell_type.reset(devs[vm]);
	look();
}

/* Drives the wire of one doorbell. */
static void wire(uint32_t vm, uint32_t bell, bool level)
{
	put(vm, DATA(0x10U << bell), level ? 0x10U << bell : 0);
}

static void pair(uint32_t vm, uint32_t bell, uint32_t other, uint32_t other_bell)
{
	bells[vm][bell].peer = &bells[other][other_bell];
	bells[other][other_bell].peer = &bells[vm][bell];
}

/* Once: PL061s are for good. */
static int make(void **state)
{
	static const uint32_t counts[VMS] = {4, 3, 1};
	static _Alignas(16) uint8_t memory[4096];
	static struct arena arena = {memory, sizeof(memory), 0};

	(void)state;
	pair(A, 0, B, 2);
	pair(A, 1, B, 0);
	pair(A, 2, C, 0);
	for (uint32_t vm = 0; vm < VMS; vm++) {
		vcpus[vm].vm = &vms[vm];
		for (uint32_t i = 0; i < counts[vm]; i++) {
			bells[vm][i].name = i == 0 ? "first" : "x";
		}
		configs[vm] = (struct vdev_config){
			.type = &vdoorbell_type,
			.ipa = 0x09030000,
			.spi = 7 + vm,
			.pin = vm == C ? PIN : 0,
			.doorbell = bells[vm],
			.doorbell_count = counts[vm],
		};
		if (vdoorbell_type.create(&vms[vm], &configs[vm], &arena, &devs[vm]) != 0) {
			return -1;
		}
	}
	devs[C]->set_pin = set_pin;
	devs[C]->lines = &generator;
	return 0;
}

/* All as after reset: twice, since one that is reset may ring another. */
static int set_up(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 2 * VMS; i++) {
		vdoorbell_type.reset(devs[i % VMS]);
	}
	memset(line, 0, sizeof(line));
	memset(rises, 0, sizeof(rises));
	return 0;
}

/* All of a's wires may ring. */
static int set_up_ringing(void **state)
{
	set_up(state);
	put(A, DIR, 0xf0);
	return 0;
}

static void reset_values(void **state)
{
	static const uint8_t id[] = {0x61, 0x10, 0x04, 0x00, 0x0d, 0xf0, 0x05, 0xb1};

	(void)state;
	for (uint32_t off = 0; off < ID; off++) {
		for (uint32_t size = 1; size <= 4; size *= 2) {
			assert_int_equal(off % size == 0 ? get_by(A, off, size) : 0, 0);
		}
	}
	for (uint32_t i = 0; i < ARRAY_COUNT(id); i++) {
		put(A, ID + 4 * i, 0xff);
		for (uint32_t size = 1; size <= 4; size *= 2) {
			assert_int_equal(get_by(A, ID + 4 * i, size), id[i]);
		}
		assert_int_equal(get_by(A, ID + 4 * i + 2, 2), 0);
	}
	assert_int_equal(vdoorbell_type.mmio->sizes, 1 | 2 | 4);
}

static void no_room(void **state)
{
	struct arena none = {NULL, 0, 0};
	struct vdev_config config = {.type = &vdoorbell_type};
	struct vdev *out = NULL;

	(void)state;
	assert_int_equal(vdoorbell_type.create(&vms[A], &config, &none, &out), -ENOMEM);
	assert_null(out);
}

static void each_size(void **state)
{
	static const uint32_t kept[] = {DIR, IS, IBE, IEV, AFSEL, IE};

	(void)state;
	for (uint32_t i = 0; i < ARRAY_COUNT(kept); i++) {
		for (uint32_t size = 1; size <= 4; size *= 2) {
			uint64_t upper = ~UINT64_C(0xff) & (UINT64_MAX >> (64 - 8 * size));

			put_by(C, kept[i], size, upper | (0xa0 + size));
			for (uint32_t with = 1; with <= 4; with *= 2) {
				assert_int_equal(get_by(C, kept[i], with), 0xa0 + size);
			}
			/* the word's other bytes: nothing */
			put_by(C, kept[i] + 1, 1, 0x55);
			put_by(C, kept[i] + 2, 2, 0x5555);
			assert_int_equal(get_by(C, kept[i] + 3, 1), 0);
			assert_int_equal(get_by(C, kept[i] + 2, 2), 0);
			assert_int_equal(get(C, kept[i]), 0xa0 + size);
		}
		put(C, kept[i], 0);
		assert_int_equal(get(C, kept[i]), 0);
	}
}

static void reserved(void **state)
{
	(void)state;
	for (uint32_t off = AFSEL + 4; off < ID; off += 4) {
		put(A, off, 0xff);
		assert_int_equal(get(A, off), 0);
	}
	put(A, RIS, 0xff);
	put(A, MIS, 0xff);
	assert_int_equal(get(A, RIS) | get(A, MIS) | get(A, IC), 0);
	assert_int_equal(get(A, DIR) | get(A, IE) | get(A, ALL), 0);
}

static void masked_data(void **state)
{
	(void)state;
	put(A, DIR, 0xff);
	for (uint32_t mask = 0; mask < 0x100; mask++) {
		put(A, ALL, 0x5a);
		put(A, DATA(mask), 0xffffffc3);
		assert_int_equal(get(A, ALL), (0x5a & ~mask) | (0xc3 & mask));
		put(A, ALL, 0x96);
		assert_int_equal(get(A, DATA(mask)), 0x96 & mask);
		put_by(A, DATA(mask), 1, 0x69);
		assert_int_equal(get_by(A, ALL, 1), (0x96 & ~mask) | (0x69 & mask));
	}
}

/* Inputs are what others drive: of the upper four, nobody. */
static void direction(void **state)
{
	(void)state;
	put(A, ALL, 0xff);
	assert_int_equal(get(A, ALL), 0);
	assert_int_equal(get(B, ALL), 0);
	put(A, DIR, 0x30);
	assert_int_equal(get(A, ALL), 0x30);
	assert_int_equal(get(B, ALL), 0x05);
	put(A, DIR, 0x10);
	assert_int_equal(get(A, ALL), 0x10);
	assert_int_equal(get(B, ALL), 0x04);
	/* an output of the lower four reads as it is driven, and nobody else sees it */
	put(B, DIR, 0x0e);
	assert_int_equal(get(B, ALL), 0);
	put(B, ALL, 0x02);
	assert_int_equal(get(B, ALL), 0x02);
	assert_int_equal(get(A, ALL), 0x10);
	put(B, DIR, 0);
	assert_int_equal(get(B, ALL), 0x04);
}

/* Each doorbell leads where the config says, both ways, and nowhere else. */
static void leads_to_its_peer(void **state)
{
	static const struct {
		uint32_t vm, bell, to, line;
	} ways[] = {{A, 0, B, 2},   {A, 1, B, 0},   {A, 2, C, 0},  {A, 3, VMS, 0},
		    {B, 2, A, 0},   {B, 0, A, 1},   {C, 0, A, 2},  {B, 1, VMS, 0},
		    {B, 3, VMS, 0}, {C, 1, VMS, 0}, {C, 3, VMS, 0}};

	(void)state;
	for (uint32_t vm = 0; vm < VMS; vm++) {
		put(vm, DIR, 0xf0);
	}
	for (uint32_t i = 0; i < ARRAY_COUNT(ways); i++) {
		for (uint32_t level = 1; level < 2; level--) {
			wire(ways[i].vm, ways[i].bell, level != 0);
			for (uint32_t vm = 0; vm < VMS; vm++) {
				uint32_t rung = vm == ways[i].to ? level << ways[i].line : 0;

				assert_int_equal(get(vm, DATA(0x0fU)), rung);
			}
		}
	}
}

static void rising(void **state)
{
	(void)state;
	put(B, IEV, 0x05);
	put(B, IE, 0x04);
	wire(A, 0, true);
	assert_int_equal(get(B, RIS), 0x04);
	assert_true(line[B]);
	wire(A, 0, true); /* no edge */
	put(B, IC, 0xfb);
	assert_true(line[B]);
	put(B, IC, 0x04);
	assert_false(line[B]);
	wire(A, 0, false);
	assert_int_equal(get(B, RIS), 0);
	wire(A, 0, true);
	assert_int_equal(get(B, MIS), 0x04);
	assert_int_equal(rises[B], 2);
	/* the other one is not enabled */
	put(B, IC, 0x04);
	wire(A, 1, true);
	assert_int_equal(get(B, RIS), 0x01);
	assert_false(line[B]);
	put(B, IE, 0x01);
	assert_true(line[B]);
}

static void falling(void **state)
{
	(void)state;
	put(B, IE, 0xff);
	wire(A, 0, true);
	assert_int_equal(get(B, RIS), 0);
	wire(A, 0, false);
	assert_int_equal(get(B, RIS), 0x04);
	assert_true(line[B]);
	put_by(B, IC, 1, 0x04);
	assert_false(line[B]);
}

static void both(void **state)
{
	(void)state;
	put(B, IBE, 0x04);
	put(B, IE, 0x0f);
	for (uint32_t iev = 0; iev < 2; iev++) {
		put(B, IEV, iev == 0 ? 0 : 0xff);
		for (uint32_t i = 0; i < 4; i++) {
			wire(A, 0, i % 2 == 0);
			assert_int_equal(get(B, MIS), 0x04);
			put(B, IC, get(B, MIS));
			assert_int_equal(get(B, RIS), 0);
		}
	}
	assert_int_equal(rises[B], 8);
}

/* Levels are as they are: IC does nothing to them, IBE neither. */
static void level(void **state)
{
	(void)state;
	put(B, IEV, 0xff);
	put(B, IS, 0x0f);
	put(B, IBE, 0x04);
	put(B, IE, 0x04);
	assert_int_equal(get(B, RIS), 0);
	wire(A, 0, true);
	assert_int_equal(get(B, RIS), 0x04);
	put(B, IC, 0xff);
	assert_true(line[B]);
	put(B, IEV, 0xfb); /* low */
	assert_false(line[B]);
	wire(A, 0, false);
	assert_int_equal(get(B, RIS), 0x04);
	assert_true(line[B]);
	put(B, IEV, 0xff);
	assert_false(line[B]);
	/* nothing was latched meanwhile */
	wire(A, 0, true);
	wire(A, 0, false);
	put(B, IS, 0);
	assert_int_equal(get(B, RIS), 0);
}

/* The others' lines are low inputs, as outputs no inputs. */
static void level_of_other_lines(void **state)
{
	(void)state;
	put(B, IS, 0xff);
	assert_int_equal(get(B, RIS), 0xff);
	put(B, DIR, 0xf1);
	assert_int_equal(get(B, RIS), 0x0e);
	put(B, IEV, 0xff);
	put(B, ALL, 0xff);
	assert_int_equal(get(B, RIS), 0);
}

/* What is an output latches nothing that its peer does. */
static void edge_of_an_output(void **state)
{
	(void)state;
	put(B, DIR, 0x04);
	put(B, IBE, 0xff);
	put(B, IE, 0xff);
	wire(A, 0, true);
	assert_int_equal(get(B, RIS), 0);
	assert_int_equal(rises[B], 0);
	put(B, DIR, 0);
	assert_int_equal(get(B, ALL), 0x04);
}

/* Three at once, by one write, to two VMs; one of them by a pin. */
static void many(void **state)
{
	(void)state;
	for (uint32_t vm = B; vm < VMS; vm++) {
		put(vm, IEV, 0xff);
		put(vm, IE, 0xff);
	}
	put(A, ALL, 0xff);
	assert_int_equal(get(B, MIS), 0x05);
	assert_int_equal(get(C, MIS), 0x01);
	assert_true(line[B] && line[C]);
	put(B, IC, 0x01);
	assert_int_equal(get(B, MIS), 0x04);
	put(C, IC, 0x01);
	assert_false(line[C]);
	/* lines that let go ring too */
	put(B, IEV, 0);
	put(A, DIR, 0x00);
	assert_int_equal(get(B, MIS), 0x05);
	assert_int_equal(get(B, ALL), 0);
}

/* It lets go of its lines, and reads what others drive. */
static void sender_restarts(void **state)
{
	(void)state;
	put(B, DIR, 0xf0);
	wire(B, 2, true);
	put(B, IE, 0xff);
	wire(A, 0, true);
	wire(A, 2, true);
	assert_int_equal(get(B, MIS), 0);
	put(A, IS, 0xff);
	put(A, IE, 0xff);
	assert_true(line[A]);
	reset(A);
	assert_false(line[A]);
	assert_int_equal(get(B, MIS), 0x04);
	assert_int_equal(get(B, ALL), 0x40);
	assert_int_equal(get(C, ALL), 0);
	for (uint32_t off = DIR; off <= AFSEL; off += 4) {
		assert_int_equal(get(A, off), 0);
	}
	assert_int_equal(get(A, ALL), 0x01);
	/* nothing of the old data */
	put(A, DIR, 0xf0);
	assert_int_equal(get(A, ALL), 0x01);
	/* a second one changes nothing */
	put(B, IC, 0xff);
	reset(A);
	reset(A);
	assert_int_equal(get(B, RIS), 0);
}

static void receiver_restarts(void **state)
{
	(void)state;
	put(B, IBE, 0xff);
	put(B, IE, 0xff);
	wire(A, 0, true);
	assert_true(line[B]);
	reset(B);
	assert_false(line[B]);
	assert_int_equal(get(B, RIS), 0);
	assert_int_equal(get(B, ALL), 0x04); /* the level stays */
	assert_int_equal(get(A, ALL), 0x10);
	put(B, IEV, 0xff);
	put(B, IE, 0xff);
	assert_false(line[B]);
	wire(A, 0, false);
	assert_false(line[B]);
	wire(A, 0, true);
	assert_true(line[B]);
}

/* It was reset when it stopped: rings are lost, levels are not. */
static void receiver_is_off(void **state)
{
	(void)state;
	put(B, IBE, 0xff);
	put(B, IE, 0xff);
	reset(B);
	for (uint32_t i = 0; i < 5; i++) {
		wire(A, 0, i % 2 == 0);
	}
	assert_int_equal(rises[B], 0);
	/* off still, and made anew at its start */
	reset(B);
	put(B, IBE, 0xff);
	put(B, IC, 0xff);
	put(B, IE, 0xff);
	assert_false(line[B]);
	assert_int_equal(get(B, ALL), 0x04);
	wire(A, 0, false);
	assert_true(line[B]);
}

/* Lines are called as their doorbells. */
static void described(void **state)
{
	static const char expected[] = "first\0x\0x\0x\0first-ring\0x-ring\0x-ring\0x-ring";
	static const char of_one[] = "first\0\0\0\0first-ring\0\0\0";
	struct guest_fdt fdt = {0};

	(void)state;
	assert_int_equal(vdoorbell_type.describe(devs[A], &fdt), 0);
	assert_int_equal(names_len, sizeof(expected));
	assert_memory_equal(names, expected, sizeof(expected));
	assert_int_equal(vdoorbell_type.describe(devs[C], &fdt), 0);
	assert_int_equal(names_len, sizeof(of_one));
	assert_memory_equal(names, of_one, sizeof(of_one));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE_IN("after reset all is zero but its identification", reset_values, set_up),
		CASE_IN("without memory it is not made", no_room, set_up),
		CASE_IN("registers have eight bits at each size", each_size, set_up),
		CASE_IN("the others are nothing, or read-only", reserved, set_up),
		CASE_IN("the address masks the data", masked_data, set_up),
		CASE_IN("a line is as it is driven, by its side", direction, set_up),
		CASE_IN("each doorbell leads to its peer alone", leads_to_its_peer, set_up),
		CASE_IN("a rising edge interrupts until it is cleared", rising, set_up_ringing),
		CASE_IN("so does a falling one", falling, set_up_ringing),
		CASE_IN("or each", both, set_up_ringing),
		CASE_IN("a level interrupts as long as it is there", level, set_up_ringing),
		CASE_IN("lines without a doorbell are low", level_of_other_lines, set_up),
		CASE_IN("an output latches nothing", edge_of_an_output, set_up_ringing),
		CASE_IN("one write may ring many", many, set_up_ringing),
		CASE_IN("a sender that restarts lets go", sender_restarts, set_up_ringing),
		CASE_IN("a receiver that restarts keeps levels alone", receiver_restarts,
			set_up_ringing),
		CASE_IN("one that is off is not interrupted", receiver_is_off, set_up_ringing),
		CASE_IN("its lines have the doorbells' names", described, set_up),
	};

	return cmocka_run_group_tests(tests, make, NULL);
}
