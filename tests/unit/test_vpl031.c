/* SPDX-License-Identifier: Apache-2.0 */
/* A guest's PL031 real-time clock. DDI 0224C chapters 2 and 3. */
#include <string.h>

#include "core/base/arena.h"
#include "core/base/errno.h"
#include "core/fdt/guest_fdt.h"
#include "core/vm/vm.h"
#include "drivers/emul/models.h"
#include "irq/vgic/vgic.h"
#include "tests/unit/fake_time.h"
#include "tests/unit/unit.h"
#include "timer/wall_clock.h"

#define SPI    2
#define VCPUS  2
#define HZ     1000	  /* of the fake counter */
#define EPOCH  1700000000 /* the board's time when the counter was 0 */
#define MEMORY 1024

#define RTCDR	0x00
#define RTCMR	0x04
#define RTCLR	0x08
#define RTCCR	0x0c
#define RTCIMSC 0x10
#define RTCRIS	0x14
#define RTCMIS	0x18
#define RTCICR	0x1c

static struct vm vm;
static struct vcpu vcpus[VCPUS];
static struct vdev *rtc;
static bool line; /* as the interrupt controller was told last */
static uint32_t rises;

/* -- time -- */

static uint32_t epoch;

uint32_t wall_clock_offset(void)
{
	return epoch;
}

/* -- the interrupt controller, the guest's tree -- */

void vgic_set_line(struct vm *of, uint32_t intid, bool level)
{
	assert_ptr_equal(of, &vm);
	assert_int_equal(intid, 32 + SPI);
	rises += level && !line;
	line = level;
}

void guest_fdt_node_at(struct guest_fdt *fdt, const char *name, uint64_t address)
{
	(void)fdt;
	(void)name;
	(void)address;
}

void guest_fdt_end_node(struct guest_fdt *fdt)
{
	(void)fdt;
}

void guest_fdt_prop(struct guest_fdt *fdt, const char *name, const void *value, uint32_t len)
{
	(void)fdt;
	(void)name;
	(void)value;
	(void)len;
}

void guest_fdt_u32(struct guest_fdt *fdt, const char *name, uint32_t value)
{
	(void)fdt;
	(void)name;
	(void)value;
}

void guest_fdt_string(struct guest_fdt *fdt, const char *name, const char *value)
{
	(void)fdt;
	(void)name;
	(void)value;
}

void guest_fdt_device(struct guest_fdt *fdt, const struct guest_device *device)
{
	(void)fdt;
	(void)device;
}

/* -- the guest -- */

static uint32_t get(uint32_t off)
{
	uint64_t value = ~UINT64_C(0);

	assert_int_equal(vpl031_type.mmio->read(&vcpus[0], rtc, off, 4, &value), 0);
	assert_int_equal(value >> 32, 0);
	return (uint32_t)value;
}

static void put_by(uint32_t cpu, uint32_t off, uint64_t value)
{
	assert_int_equal(vpl031_type.mmio->write(&vcpus[cpu], rtc, off, 4, value), 0);
	assert_int_equal(line, (get(RTCRIS) & get(RTCIMSC)) != 0);
	assert_int_equal(get(RTCMIS), get(RTCRIS) & get(RTCIMSC));
}

static void put(uint32_t off, uint64_t value)
{
	put_by(0, off, value);
}

static struct arena arena;

static int make(uint32_t from)
{
	static _Alignas(16) uint8_t memory[MEMORY];
	static struct vdev_config config;
	static struct vcpu *vcpu[VCPUS];

	memset(&vm, 0, sizeof(vm));
	memset(vcpus, 0, sizeof(vcpus));
	memset(memory, 0, sizeof(memory));
	arena = (struct arena){memory, sizeof(memory), 0};
	config.type = &vpl031_type;
	config.spi = SPI;
	vm.vcpu_count = VCPUS;
	vm.vcpu = vcpu;
	for (uint32_t i = 0; i < VCPUS; i++) {
		vcpu[i] = &vcpus[i];
	}
	vcpus[1].index = 1;
	fake_time_reset(10 * HZ + 17, HZ);
	epoch = from;
	line = false;
	rises = 0;
	return vpl031_type.create(&vm, &config, &arena, &rtc);
}

static int set_up(void **state)
{
	(void)state;
	return make(EPOCH);
}

static void reset_values(void **state)
{
	static const uint32_t zero[] = {RTCMR, RTCLR, RTCIMSC, RTCRIS, RTCMIS, RTCICR, 0x20, 0xfdc};
	static const uint8_t id[] = {0x31, 0x10, 0x04, 0x00, 0x0d, 0xf0, 0x05, 0xb1};

	(void)state;
	assert_int_equal(get(RTCDR), EPOCH + 10);
	assert_int_equal(get(RTCCR), 1);
	for (size_t i = 0; i < ARRAY_COUNT(zero); i++) {
		assert_int_equal(get(zero[i]), 0);
	}
	for (uint32_t i = 0; i < ARRAY_COUNT(id); i++) {
		put(0xfe0 + 4 * i, 0xff);
		assert_int_equal(get(0xfe0 + 4 * i), id[i]);
	}
	assert_int_equal(vpl031_type.mmio->sizes, 4);
}

static void no_room(void **state)
{
	struct arena none = {NULL, 0, 0}, little = {arena.base, arena.used - 16, 0};
	struct vdev_config config = {.type = &vpl031_type};
	struct vdev *out = NULL;

	(void)state;
	assert_int_equal(vpl031_type.create(&vm, &config, &none, &out), -ENOMEM);
	assert_int_equal(vpl031_type.create(&vm, &config, &little, &out), -ENOMEM);
	assert_null(out);
}

static void time_passes(void **state)
{
	(void)state;
	for (uint32_t i = 1; i < 5; i++) {
		fake_pass(HZ);
		assert_int_equal(get(RTCDR), EPOCH + 10 + i);
	}
	put(RTCDR, 5); /* read-only */
	put(RTCCR, 0); /* enabled for good */
	assert_int_equal(get(RTCDR), EPOCH + 14);
	assert_int_equal(get(RTCCR), 1);
}

static void load(void **state)
{
	(void)state;
	put(RTCLR, 1000);
	assert_int_equal(get(RTCDR), 1000);
	fake_pass(3 * HZ);
	assert_int_equal(get(RTCDR), 1003);
	assert_int_equal(get(RTCLR), 1000); /* what was written, not what it is now */
	put(RTCLR, 0xfffffffe);
	fake_pass(3 * HZ);
	assert_int_equal(get(RTCDR), 1); /* it wraps */
}

static void alarm_rings(void **state)
{
	(void)state;
	put(RTCIMSC, 1);
	put(RTCLR, 1000);
	put(RTCMR, 1003);
	assert_int_equal(get(RTCMR), 1003);
	fake_pass(2 * HZ);
	assert_int_equal(get(RTCDR), 1002);
	assert_false(line);
	fake_pass(HZ);
	assert_true(line);
	assert_int_equal(get(RTCRIS), 1);
	assert_in_range(get(RTCDR), 1003, 1003);
	/* until it is cleared, and once */
	fake_pass(5 * HZ);
	assert_true(line);
	put(RTCICR, 0);
	assert_true(line);
	put(RTCICR, 1);
	assert_false(line);
	fake_pass(20 * HZ);
	assert_int_equal(rises, 1);
}

static void masked(void **state)
{
	(void)state;
	put(RTCLR, 1000);
	put(RTCMR, 1001);
	fake_pass(2 * HZ);
	assert_int_equal(get(RTCRIS), 1);
	assert_int_equal(get(RTCMIS), 0);
	assert_false(line);
	put(RTCIMSC, UINT32_MAX);
	assert_int_equal(get(RTCIMSC), 1); /* one bit */
	assert_true(line);
	put(RTCIMSC, 2);
	assert_false(line);
	assert_int_equal(get(RTCRIS), 1);
}

/* The second turns while a match is set: it rings in its own all the same. */
static void turns_meanwhile(void **state)
{
	(void)state;
	put(RTCIMSC, 1);
	put(RTCLR, 1000);
	fake_time.now += HZ - fake_time.now % HZ - 1;
	fake_time.step = 1;
	put(RTCMR, 1003);
	fake_time.step = 0;
	while (get(RTCDR) < 1003) {
		assert_false(line);
		fake_pass(1);
	}
	assert_true(line);
}

/* A match register that says now, and a time that is set to what it says, match at once. */
static void match_now(void **state)
{
	(void)state;
	put(RTCIMSC, 1);
	put(RTCMR, get(RTCDR));
	assert_true(line);
	put(RTCICR, 1);
	put(RTCMR, 77);
	assert_false(line);
	put(RTCLR, 77);
	assert_true(line);
	/* one that was ahead is gone */
	put(RTCMR, 80);
	put(RTCMR, 77);
	put(RTCICR, 1);
	fake_pass(10 * HZ);
	assert_false(line);
}

static void moved(void **state)
{
	(void)state;
	put(RTCIMSC, 1);
	put(RTCLR, 1000);
	put(RTCMR, 1005);
	fake_pass(2 * HZ);
	put(RTCMR, 1010); /* later */
	fake_pass(5 * HZ);
	assert_int_equal(get(RTCDR), 1007);
	assert_false(line);
	put(RTCMR, 1008); /* sooner */
	fake_pass(HZ);
	assert_true(line);
	put(RTCICR, 1);
	/* the clock is set back: it comes to the match again */
	put(RTCLR, 1006);
	fake_pass(HZ);
	assert_false(line);
	fake_pass(HZ);
	assert_true(line);
	put(RTCICR, 1);
	/* a match in the past is 136 years ahead */
	put(RTCMR, 500);
	fake_pass(100 * HZ);
	assert_false(line);
}

/* Each CPU has a timer: an alarm set by one and moved by another rings once, when it should. */
static void by_two(void **state)
{
	(void)state;
	put(RTCIMSC, 1);
	put(RTCLR, 1000);
	put_by(0, RTCMR, 1003);
	put_by(1, RTCMR, 1006);
	fake_pass(5 * HZ);
	assert_false(line);
	fake_pass(HZ);
	assert_true(line);
	put_by(1, RTCICR, 1);
	put_by(0, RTCMR, 1020);
	put_by(1, RTCMR, 1009);
	fake_pass(3 * HZ);
	assert_true(line);
	put_by(0, RTCICR, 1);
	fake_pass(40 * HZ);
	assert_int_equal(rises, 2);
}

/* The machine stood still for a while, as one in an emulator or with a debugger may. */
static void late(void **state)
{
	(void)state;
	put(RTCIMSC, 1);
	put(RTCLR, 1000);
	put(RTCMR, 1003);
	fake_interrupt_at(fake_time.now + 60 * HZ);
	assert_true(line);
	/* but not one that has been moved away meanwhile */
	put(RTCICR, 1);
	put_by(0, RTCLR, 1000);
	put_by(1, RTCMR, 1100);
	fake_interrupt_at(fake_time.now + 60 * HZ);
	assert_false(line);
}

static void reset_again(void **state)
{
	(void)state;
	make(0); /* a board without a clock of its own */
	assert_int_equal(get(RTCDR), 10);
	put(RTCLR, 1000);
	put(RTCMR, 1002);
	put(RTCIMSC, 1);
	put(RTCMR, 1000);
	assert_true(line);
	put(RTCMR, 1002);
	vpl031_type.reset(rtc);
	line = false; /* as vgic_reset() leaves it */
	assert_int_equal(get(RTCDR), 10);
	assert_int_equal(get(RTCLR) | get(RTCMR) | get(RTCIMSC) | get(RTCRIS), 0);
	put(RTCIMSC, 1);
	/* the alarm of the life before rings no more */
	fake_pass(20 * HZ);
	assert_int_equal(get(RTCRIS), 0);
	assert_false(line);
}

/* Alarms of the life before, with a clock that starts at the reset value of the match register. */
static void reset_near_zero(void **state)
{
	(void)state;
	make(0);
	fake_time.now = 0;
	put(RTCMR, 1);
	vpl031_type.reset(rtc);
	put(RTCIMSC, 1);
	fake_interrupt_at(HZ);
	assert_false(line);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE_IN("after reset it has the board's time and no alarm", reset_values, set_up),
		CASE_IN("without memory it is not made", no_room, set_up),
		CASE_IN("time passes second by second", time_passes, set_up),
		CASE_IN("the time can be set, and wraps", load, set_up),
		CASE_IN("an alarm rings once, at its second, until cleared", alarm_rings, set_up),
		CASE_IN("the second may turn while it is set", turns_meanwhile, set_up),
		CASE_IN("masked, it shows in the raw status alone", masked, set_up),
		CASE_IN("a match now rings at once", match_now, set_up),
		CASE_IN("an alarm can be moved, and so can the time", moved, set_up),
		CASE_IN("two CPUs may set it", by_two, set_up),
		CASE_IN("an alarm that is served late is not lost", late, set_up),
		CASE_IN("a restart leaves nothing of the life before", reset_again, set_up),
		CASE_IN("nor does an alarm ring into the new life", reset_near_zero, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
