/* SPDX-License-Identifier: Apache-2.0 */
/* A guest's SP805 watchdog. DDI 0270B chapters 2 to 4. */
#include <stdio.h>
#include <string.h>

#include "core/base/arena.h"
#include "core/base/errno.h"
#include "core/fdt/guest_fdt.h"
#include "core/vm/vm.h"
#include "drivers/emul/models.h"
#include "irq/vgic/vgic.h"
#include "tests/unit/fake_time.h"
#include "tests/unit/random.h"
#include "tests/unit/unit.h"

#define SPI	 10
#define VCPUS	 2
#define CLOCK_HZ UINT64_C(24000000)
#define MEMORY	 1024

#define WDOGLOAD    0x000
#define WDOGVALUE   0x004
#define WDOGCONTROL 0x008
#define WDOGINTCLR  0x00c
#define WDOGRIS	    0x010
#define WDOGMIS	    0x014
#define WDOGLOCK    0xc00
#define WDOGITCR    0xf00
#define WDOGITOP    0xf04
#define INTEN	    1
#define RESEN	    2
#define UNLOCK	    0x1acce551

static struct vm vm;
static struct vm_config vm_config;
static struct vcpu vcpus[VCPUS], *vcpu_table[VCPUS];
static struct vdev_config config;
static struct vdev *dog;
static bool line; /* as the interrupt controller was told last */
static uint32_t rises;
static uint32_t stops, lines_logged;
static uint32_t stopped_life; /* in which it was asked for */
static enum vm_stop_reason reason;

/* -- time, and what of it the VM was not paused -- */

static uint64_t paused_ticks, paused_at;
static bool is_paused;
static bool ends; /* a life of the VM's, as somebody asks for the time */

uint64_t vm_awake_ticks(struct vm *of)
{
	assert_ptr_equal(of, &vm);
	vm.life += ends;
	return (is_paused ? paused_at : fake_time.now) - paused_ticks;
}

static uint64_t ticks_of(uint64_t clocks)
{
	return (clocks * fake_time.hz + CLOCK_HZ - 1) / CLOCK_HZ;
}

static void pause_vm(void)
{
	is_paused = true;
	paused_at = fake_time.now;
}

static void resume_vm(uint32_t cpu)
{
	is_paused = false;
	paused_ticks += fake_time.now - paused_at;
	vsp805_type.resume(dog, &vcpus[cpu]);
}

/* -- what it calls -- */

void vgic_set_line(struct vm *of, uint32_t intid, bool level)
{
	assert_ptr_equal(of, &vm);
	assert_int_equal(intid, 32 + SPI);
	rises += level && !line;
	line = level;
}

void vm_ask_stop(struct vm *of, enum vm_stop_reason why, uint32_t life)
{
	assert_ptr_equal(of, &vm);
	stops++;
	stopped_life = life;
	reason = why;
}

bool vm_may_log(struct vm *of, struct ratelimit *limit, struct vm_tail *tail)
{
	tail->text[0] = '\0';
	assert_ptr_equal(of, &vm);
	assert_ptr_equal(limit, &vm.lives);
	lines_logged++;
	return false;
}

void vm_tell(struct vm *of, enum log_level level, const char *fmt, ...)
{
	(void)of;
	(void)level;
	(void)fmt;
}

static char node[64], compatible[64], clock_names[64];
static uint32_t clocks[4], clock_count;

void guest_fdt_node_at(struct guest_fdt *fdt, const char *name, uint64_t address)
{
	(void)fdt;
	snprintf(node, sizeof(node), "%s@%lx", name, (unsigned long)address);
}

void guest_fdt_end_node(struct guest_fdt *fdt)
{
	(void)fdt;
}

void guest_fdt_prop(struct guest_fdt *fdt, const char *name, const void *value, uint32_t len)
{
	char *to = strcmp(name, "compatible") == 0 ? compatible : clock_names;

	(void)fdt;
	assert_true(len <= sizeof(compatible));
	assert_true(to == compatible || strcmp(name, "clock-names") == 0);
	memcpy(to, value, len);
}

void guest_fdt_cells(struct guest_fdt *fdt, const char *name, const uint32_t *cells, uint32_t count)
{
	(void)fdt;
	assert_string_equal(name, "clocks");
	assert_true(count <= ARRAY_COUNT(clocks));
	memcpy(clocks, cells, count * sizeof(*cells));
	clock_count = count;
}

void guest_fdt_device(struct guest_fdt *fdt, const struct guest_device *device)
{
	(void)fdt;
	assert_int_equal(device->spi, SPI);
	assert_int_equal(device->size, 0x1000);
}

/* -- the guest -- */

static uint64_t get_of(uint32_t off, uint32_t size)
{
	uint64_t value = ~UINT64_C(0);

	assert_int_equal(vsp805_type.mmio->read(&vcpus[0], dog, off, size, &value), 0);
	assert_int_equal(value >> 32, 0);
	return value;
}

static uint32_t get(uint32_t off)
{
	return (uint32_t)get_of(off, 4);
}

static void put_by(uint32_t cpu, uint32_t off, uint64_t value)
{
	assert_int_equal(vsp805_type.mmio->write(&vcpus[cpu], dog, off, 4, value), 0);
}

static void put(uint32_t off, uint64_t value)
{
	put_by(0, off, value);
}

static struct arena arena;

static int make(uint64_t frequency)
{
	static _Alignas(16) uint8_t memory[MEMORY];

	memset(&vm, 0, sizeof(vm));
	memset(vcpus, 0, sizeof(vcpus));
	memset(memory, 0, sizeof(memory));
	arena = (struct arena){memory, sizeof(memory), 0};
	config = (struct vdev_config){.type = &vsp805_type, .spi = SPI, .ipa = 0x090d0000};
	vm.vcpu_count = VCPUS;
	vm.vcpu = vcpu_table;
	for (uint32_t i = 0; i < VCPUS; i++) {
		vcpu_table[i] = &vcpus[i];
	}
	vm.config = &vm_config;
	vm.name = "alpha";
	for (uint32_t i = 0; i < VCPUS; i++) {
		vcpus[i].vm = &vm;
		vcpus[i].index = i;
	}
	fake_time_reset(10 * frequency + 17, frequency);
	paused_ticks = 0;
	is_paused = line = false;
	rises = stops = lines_logged = fake_time.arms = 0;
	reason = VM_STOP_NONE;
	return vsp805_type.create(&vm, &config, &arena, &dog);
}

static int set_up(void **state)
{
	(void)state;
	return make(62500000);
}

static void reset_values(void **state)
{
	static const uint32_t zero[] = {WDOGCONTROL, WDOGINTCLR, WDOGRIS,  WDOGMIS,
					WDOGLOCK,    WDOGITCR,	 WDOGITOP, 0x18,
					0xbfc,	     0xc04,	 0xf08,	   0xfdc};
	static const uint8_t id[] = {0x05, 0x18, 0x14, 0x00, 0x0d, 0xf0, 0x05, 0xb1};

	(void)state;
	assert_int_equal(get(WDOGLOAD), UINT32_MAX);
	assert_int_equal(get(WDOGVALUE), UINT32_MAX);
	for (size_t i = 0; i < ARRAY_COUNT(zero); i++) {
		assert_int_equal(get(zero[i]), 0);
	}
	for (uint32_t i = 0; i < ARRAY_COUNT(id); i++) {
		put(0xfe0 + 4 * i, 0xff);
		assert_int_equal(get(0xfe0 + 4 * i), id[i]);
	}
	/* it stands still */
	fake_pass(100 * fake_time.hz);
	assert_int_equal(get(WDOGVALUE), UINT32_MAX);
	assert_int_equal(fake_time.arms, 0);
}

static void no_room(void **state)
{
	struct arena none = {NULL, 0, 0}, little = {arena.base, arena.used - 16, 0};
	struct vdev *out = NULL;

	(void)state;
	assert_int_equal(vsp805_type.create(&vm, &config, &none, &out), -ENOMEM);
	assert_int_equal(vsp805_type.create(&vm, &config, &little, &out), -ENOMEM);
	assert_null(out);
}

/* DDI 0270B 3.3: which bits are there, which can be written. */
static void registers(void **state)
{
	(void)state;
	put(WDOGLOAD, 0x12345678);
	assert_int_equal(get(WDOGLOAD), 0x12345678);
	assert_int_equal(get(WDOGVALUE), 0x12345678);
	put(WDOGVALUE, 5);
	put(WDOGRIS, 1);
	put(WDOGMIS, 1);
	assert_int_equal(get(WDOGVALUE), 0x12345678);
	assert_int_equal(get(WDOGRIS) | get(WDOGMIS), 0);
	put(WDOGCONTROL, 0xfffffffc);
	assert_int_equal(get(WDOGCONTROL), 0);
	put(WDOGCONTROL, 0xffffffff);
	assert_int_equal(get(WDOGCONTROL), INTEN | RESEN);
	put(WDOGITCR, 0xfffffffe);
	assert_int_equal(get(WDOGITCR), 0);
	for (uint32_t off = 0x18; off < 0xfe0; off += 4) {
		if (off != WDOGLOCK && off != WDOGITCR && off != WDOGITOP) {
			put(off, 0xffffffff);
			assert_int_equal(get(off), 0);
		}
	}
	assert_int_equal(stops, 0);
	assert_false(line);
}

/* A bus of 32 bits: bytes and halfwords are lanes of the register. */
static void narrow(void **state)
{
	(void)state;
	put(WDOGLOAD, 0x12345678);
	assert_int_equal(get_of(WDOGLOAD, 1) & 0xff, 0x78);
	assert_int_equal(get_of(WDOGLOAD + 1, 1) & 0xff, 0x56);
	assert_int_equal(get_of(WDOGLOAD + 3, 1), 0x12);
	assert_int_equal(get_of(WDOGLOAD + 2, 2), 0x1234);
	assert_int_equal(get_of(WDOGVALUE + 2, 2), 0x1234);
	assert_int_equal(get_of(0xff4, 2), 0xf0);
	assert_int_equal(get_of(0xff5, 1), 0);
	vsp805_type.mmio->write(&vcpus[0], dog, WDOGCONTROL, 1, INTEN);
	assert_int_equal(get(WDOGCONTROL), INTEN);
	for (uint32_t lane = 1; lane < 4; lane++) {
		vsp805_type.mmio->write(&vcpus[0], dog, WDOGCONTROL + lane, 1, 0);
		vsp805_type.mmio->write(&vcpus[0], dog, WDOGLOCK + lane, 1, 0);
	}
	assert_int_equal(get(WDOGCONTROL), INTEN);
	assert_int_equal(get(WDOGLOCK), 0);
	assert_int_equal(vsp805_type.mmio->sizes, 1 | 2 | 4);
}

/* Only WDOGLOCK can be written while it is locked; all can be read. */
static void lock(void **state)
{
	static const uint32_t offs[] = {WDOGLOAD, WDOGCONTROL, WDOGITCR};
	uint32_t before[ARRAY_COUNT(offs)];

	(void)state;
	put(WDOGLOAD, 1000);
	put(WDOGCONTROL, INTEN);
	fake_pass(ticks_of(1000));
	assert_true(line);
	put(WDOGLOCK, 1);
	assert_int_equal(get(WDOGLOCK), 1);
	for (uint32_t i = 0; i < ARRAY_COUNT(offs); i++) {
		before[i] = get(offs[i]);
		put(offs[i], ~before[i]);
		assert_int_equal(get(offs[i]), before[i]);
	}
	put(WDOGINTCLR, 1);
	assert_int_equal(get(WDOGRIS), 1);
	put(WDOGITOP, 3);
	assert_int_equal(stops, 0);
	put(WDOGLOCK, UNLOCK ^ 1);
	assert_int_equal(get(WDOGLOCK), 1);
	put(WDOGLOCK, UNLOCK);
	assert_int_equal(get(WDOGLOCK), 0);
	put(WDOGINTCLR, 0); /* any value */
	assert_int_equal(get(WDOGRIS), 0);
	assert_false(line);
	put(WDOGLOCK, 0);
	assert_int_equal(get(WDOGLOCK), 1);
}

static void counts_down(void **state)
{
	static const uint64_t frequencies[] = {62500000, 24000000, 1000000, 1000000000, 19200000};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(frequencies); i++) {
		make(frequencies[i]);
		put(WDOGLOAD, 24000000);
		put(WDOGCONTROL, INTEN);
		assert_int_equal(get(WDOGVALUE), 24000000);
		fake_pass(fake_time.hz / 4);
		assert_in_range(get(WDOGVALUE), 18000000 - 24, 18000000);
		fake_pass(fake_time.hz / 2);
		assert_in_range(get(WDOGVALUE), 6000000 - 24, 6000000);
		assert_false(line);
		fake_pass(fake_time.hz / 4 - ticks_of(1) - 1);
		assert_false(line);
		fake_pass(ticks_of(1) + 2);
		assert_true(line);
		assert_int_equal(get(WDOGRIS), 1);
		assert_int_equal(get(WDOGMIS), 1);
		/* it goes on from the load value */
		assert_in_range(get(WDOGVALUE), 24000000 - 72, 24000000);
	}
}

/* Clocks have their own edges: it was loaded within one of them. */
static void never_early(void **state)
{
	struct random random = {.state = 3};

	(void)state;
	for (uint32_t i = 0; i < 2000; i++) {
		uint64_t start, load;

		make(1 + random_below(&random, 100000000));
		fake_time.now += random_below(&random, 1000000);
		load = 1 + random_below(&random, 1u << (1 + random_below(&random, 31)));
		put(WDOGLOAD, load);
		put(WDOGCONTROL, INTEN);
		start = fake_time.now;
		while (!line) {
			assert_non_null(fake_time.armed[FAKE_DEADLINES - 1]);
			fake_interrupt_at(fake_time.armed[FAKE_DEADLINES - 1]->when);
			assert_true(fake_time.now - start <= ticks_of(load) + 1);
		}
		assert_true((fake_time.now - start) * CLOCK_HZ >= (load - 1) * fake_time.hz);
	}
}

static void fed(void **state)
{
	(void)state;
	put(WDOGLOAD, 24000000);
	put(WDOGCONTROL, INTEN | RESEN);
	for (uint32_t i = 0; i < 50; i++) {
		fake_pass(fake_time.hz - fake_time.hz / 100);
		put(i % 3 == 0 ? WDOGLOAD : WDOGINTCLR, 24000000);
		assert_in_range(get(WDOGVALUE), 24000000 - 1, 24000000);
	}
	assert_int_equal(rises, 0);
	assert_int_equal(stops, 0);
	/* fed between the two timeouts too */
	for (uint32_t i = 0; i < 50; i++) {
		fake_pass(2 * fake_time.hz - fake_time.hz / 100);
		assert_true(line);
		put(WDOGINTCLR, 1);
		assert_false(line);
	}
	assert_int_equal(rises, 50);
	assert_int_equal(stops, 0);
}

static void runs_out(void **state)
{
	static const struct {
		enum on_expiry what;
		uint32_t stops, logged;
		enum vm_stop_reason reason;
	} cases[] = {
		{ON_EXPIRY_RESTART, 1, 0, VM_STOP_WATCHDOG},
		{ON_EXPIRY_STOP, 1, 0, VM_STOP_EXPIRED},
		{ON_EXPIRY_LOG, 0, 1, VM_STOP_NONE},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		make(62500000);
		config.on_expiry = cases[i].what;
		put(WDOGLOAD, 24000000);
		put(WDOGCONTROL, INTEN | RESEN);
		fake_pass(2 * fake_time.hz - 4);
		assert_int_equal(rises, 1);
		assert_int_equal(stops + lines_logged, 0);
		fake_pass(5);
		assert_int_equal(stops, cases[i].stops);
		assert_int_equal(lines_logged, cases[i].logged);
		assert_int_equal(reason, cases[i].reason);
		/* once: the counter stands still until it is loaded */
		assert_int_equal(get(WDOGVALUE), 0);
		fake_time.arms = 0;
		fake_pass(100 * fake_time.hz);
		assert_int_equal(stops + lines_logged, 1);
		assert_int_equal(fake_time.arms, 0);
		assert_int_equal(get(WDOGVALUE), 0);
		assert_true(line);
		put(WDOGINTCLR, 1);
		assert_false(line);
		fake_pass(2 * fake_time.hz + 2);
		assert_int_equal(stops + lines_logged, 2);
	}
}

/* Without RESEN the second timeout does nothing, and costs nothing. */
static void no_reset(void **state)
{
	(void)state;
	put(WDOGLOAD, 2400);
	put(WDOGCONTROL, INTEN);
	fake_pass(10 * fake_time.hz);
	assert_int_equal(rises, 1);
	assert_int_equal(stops, 0);
	assert_in_range(fake_time.arms, 1, 2);
	/* it has counted on: once RESEN is set, the next timeout counts */
	put(WDOGCONTROL, INTEN | RESEN);
	assert_int_equal(stops, 0);
	fake_pass(ticks_of(2400) + 1);
	assert_int_equal(stops, 1);
}

static void disabled(void **state)
{
	(void)state;
	put(WDOGLOAD, 24000000);
	put(WDOGCONTROL, INTEN);
	fake_pass(fake_time.hz / 2);
	put(WDOGCONTROL, RESEN); /* stands still without INTEN */
	assert_in_range(get(WDOGVALUE), 12000000 - 1, 12000000);
	fake_pass(20 * fake_time.hz);
	assert_in_range(get(WDOGVALUE), 12000000 - 1, 12000000);
	assert_int_equal(rises, 0);
	/* enabled again it begins with the load value */
	put(WDOGCONTROL, INTEN | RESEN);
	assert_int_equal(get(WDOGVALUE), 24000000);
	fake_pass(fake_time.hz + 1);
	assert_true(line);
	/* INTEN masks the line as well */
	put(WDOGCONTROL, RESEN);
	assert_false(line);
	assert_int_equal(get(WDOGRIS), 1);
	assert_int_equal(get(WDOGMIS), 0);
	fake_pass(20 * fake_time.hz);
	assert_int_equal(stops, 0);
	/* writing what is there already doesn't load */
	put(WDOGCONTROL, INTEN);
	fake_pass(fake_time.hz / 2);
	put(WDOGCONTROL, INTEN | RESEN);
	assert_in_range(get(WDOGVALUE), 12000000 - 2, 12000000);
}

/* What Linux' driver does to reset the machine: a load of 0. */
static void load_of_zero(void **state)
{
	(void)state;
	put(WDOGCONTROL, 0);
	put(WDOGLOAD, 0);
	put(WDOGCONTROL, INTEN | RESEN);
	fake_pass(10);
	assert_int_equal(stops, 1);
	assert_int_equal(reason, VM_STOP_WATCHDOG);
	/* nor does it keep this CPU busy where nothing follows on it */
	make(62500000);
	put(WDOGLOAD, 0);
	put(WDOGCONTROL, INTEN);
	fake_pass(fake_time.hz);
	assert_in_range(fake_time.arms, 1, 2);
	assert_int_equal(rises, 1);
}

/* The timer's interrupt is late; the guest looks first. */
static void late(void **state)
{
	(void)state;
	put(WDOGLOAD, 24000000);
	put(WDOGCONTROL, INTEN | RESEN);
	fake_time.now += fake_time.hz + 5;
	assert_int_equal(get(WDOGRIS), 1);
	assert_true(line);
	assert_int_equal(stops, 0);
	/* the alarm of that timeout finds it done; the next one is not forgotten */
	fake_interrupt_at(fake_time.now);
	assert_int_equal(stops, 0);
	fake_pass(fake_time.hz);
	assert_int_equal(stops, 1);
	/* both were due */
	put(WDOGINTCLR, 1);
	fake_time.now += 2 * fake_time.hz + 5;
	assert_int_equal(get(WDOGRIS), 1);
	assert_int_equal(stops, 2);
	fake_interrupt_at(fake_time.now);
	assert_int_equal(stops, 2);
	/* fed too late: the timeout has been */
	put(WDOGINTCLR, 1);
	fake_time.now += 2 * fake_time.hz + 5;
	put(WDOGINTCLR, 1);
	assert_int_equal(stops, 3);
	assert_int_equal(get(WDOGRIS), 0);
	fake_interrupt_at(fake_time.now);
	assert_int_equal(stops, 3);
}

static void by_two(void **state)
{
	(void)state;
	put_by(0, WDOGLOAD, 24000000);
	put_by(1, WDOGCONTROL, INTEN | RESEN);
	for (uint32_t i = 0; i < 20; i++) {
		fake_pass(fake_time.hz - fake_time.hz / 100);
		put_by(i % 2, WDOGINTCLR, 1);
	}
	assert_int_equal(rises, 0);
	fake_pass(fake_time.hz + 1);
	assert_int_equal(rises, 1);
	put_by(1, WDOGLOAD, 48000000);
	fake_pass(2 * fake_time.hz - 4);
	assert_int_equal(stops, 0);
	fake_pass(5);
	assert_int_equal(stops, 1);
}

static void paused(void **state)
{
	(void)state;
	put(WDOGLOAD, 24000000);
	put(WDOGCONTROL, INTEN | RESEN);
	for (uint32_t i = 0; i < 4; i++) {
		fake_pass(fake_time.hz / 5);
		pause_vm();
		fake_pass(100 * fake_time.hz);
		assert_int_equal(rises, 0);
		resume_vm(i % VCPUS);
	}
	assert_in_range(get(WDOGVALUE), 4800000 - 8, 4800000);
	fake_pass(fake_time.hz / 5 - 4);
	assert_false(line);
	fake_pass(8);
	assert_true(line);
	/* in the second round as well */
	pause_vm();
	fake_pass(10 * fake_time.hz);
	resume_vm(0);
	fake_pass(fake_time.hz - 8);
	assert_int_equal(stops, 0);
	fake_pass(16);
	assert_int_equal(stops, 1);
}

static void test_mode(void **state)
{
	(void)state;
	put(WDOGITOP, 3);
	assert_false(line);
	assert_int_equal(stops, 0);
	put(WDOGITOP, 0);
	put(WDOGITCR, 1);
	assert_int_equal(get(WDOGITCR), 1);
	assert_int_equal(get(WDOGITOP), 0);
	put(WDOGITOP, 2);
	assert_true(line);
	put(WDOGITOP, 0);
	assert_false(line);
	put(WDOGITOP, 1);
	assert_int_equal(stops, 1);
	put(WDOGITOP, 1); /* no edge */
	assert_int_equal(stops, 1);
	put(WDOGITCR, 0);
	assert_false(line);
}

/* Its CPU is so late that the life it ran out in is over as it says so: that was of that life. */
static void expires_late(void **state)
{
	(void)state;
	put(WDOGLOAD, 24000000);
	put(WDOGCONTROL, INTEN | RESEN);
	fake_pass(fake_time.hz + 1);
	vm.life = 7;
	ends = true;
	fake_pass(fake_time.hz + 1);
	ends = false;
	assert_int_equal(vm.life, 8);
	assert_int_equal(stops, 1);
	assert_int_equal(stopped_life, 7);
}

static void reset_again(void **state)
{
	(void)state;
	put(WDOGLOAD, 24000000);
	put(WDOGCONTROL, INTEN | RESEN);
	fake_pass(fake_time.hz + 1);
	put(WDOGITCR, 1);
	put(WDOGLOCK, 1);
	vsp805_type.reset(dog);
	line = false; /* as vgic_reset() leaves it */
	assert_int_equal(get(WDOGLOAD), UINT32_MAX);
	assert_int_equal(get(WDOGVALUE), UINT32_MAX);
	assert_int_equal(get(WDOGCONTROL) | get(WDOGRIS) | get(WDOGITCR) | get(WDOGLOCK), 0);
	rises = 0;
	/* the alarm of the life before does nothing */
	put(WDOGCONTROL, INTEN | RESEN);
	fake_pass(100 * fake_time.hz);
	assert_int_equal(rises, 0);
	assert_int_equal(stops, 0);
}

static void described(void **state)
{
	struct guest_fdt fdt = {.clock_phandle = 7};

	(void)state;
	assert_int_equal(vsp805_type.describe(dog, &fdt), 0);
	assert_string_equal(node, "watchdog@90d0000");
	assert_memory_equal(compatible, "arm,sp805\0arm,primecell", 24);
	/* Linux takes the first for the watchdog's clock, and its bus the one called apb_pclk */
	assert_memory_equal(clock_names, "wdog_clk\0apb_pclk", 18);
	assert_int_equal(clock_count, 2);
	assert_int_equal(clocks[0], 7);
	assert_int_equal(clocks[1], 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE_IN("after reset it is unlocked and stands still", reset_values, set_up),
		CASE_IN("without memory it is not made", no_room, set_up),
		CASE_IN("registers have the bits they have", registers, set_up),
		CASE_IN("bytes and halfwords are lanes of a register", narrow, set_up),
		CASE_IN("locked, it can be read only", lock, set_up),
		CASE_IN("it counts 24 MHz, whatever the board's counter", counts_down, set_up),
		CASE_IN("a timeout is at most a clock early and a tick late", never_early, set_up),
		CASE_IN("as long as it is fed nothing happens", fed, set_up),
		CASE_IN("the second timeout does what on-expiry says, once", runs_out, set_up),
		CASE_IN("without RESEN there is no second timeout", no_reset, set_up),
		CASE_IN("INTEN lets it count, and loads it", disabled, set_up),
		CASE_IN("a load of 0 times out at once", load_of_zero, set_up),
		CASE_IN("a timeout that is seen before its interrupt is one", late, set_up),
		CASE_IN("two CPUs may feed it", by_two, set_up),
		CASE_IN("it stands still while its VM is paused", paused, set_up),
		CASE_IN("integration test mode drives both outputs", test_mode, set_up),
		CASE_IN("it ends the life that it ran out in, and no other", expires_late, set_up),
		CASE_IN("a restart leaves nothing of the life before", reset_again, set_up),
		CASE_IN("its node is what Linux binds to", described, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
