/* SPDX-License-Identifier: Apache-2.0 */
/* A virtio console between its driver and the hypervisor's console. virtio 1.2 5.3. */
#include <string.h>

#include "core/base/errno.h"
#include "core/console/mux.h"
#include "core/vm/vm.h"
#include "drivers/emul/models.h"
#include "drivers/virtio/virtio.h"
#include "irq/vgic/vgic.h"
#include "tests/unit/fake_driver.h"
#include "tests/unit/fake_ram.h"
#include "tests/unit/unit.h"

#define SIZE	    16
#define BUFFERS	    (FAKE_RAM + 0x80000)
#define QUEUE_IN    0
#define QUEUE_OUT   1
#define STATUS	    0x070
#define NEEDS_RESET 64
#define EMERG_WRITE 0x108
#define FEATURES    (VIRTIO_F_VERSION_1 | VIRTIO_F_INDIRECT)

const struct vdev_type vpl011_type = {.compatible = "bulkhead,pl011"};

static struct vdev_config nodes[2];
static struct vm_config vm_config = {.device = nodes};
static struct vm vm;
static struct vcpu vcpu;
static struct vcpu *const vcpus[] = {&vcpu};
static struct virtio *virtio;
static struct fake_driver drivers[2];
static uint8_t memory[65536] __attribute__((aligned(16)));
static bool line, posted;

/* -- the hypervisor's console -- */

static struct {
	struct console_port *port;
	char shown[1024];
	uint32_t len, room;
	const char *typed;
	uint32_t resets;
} screen;

void mux_add_port(struct console_port *port)
{
	screen.port = port;
}

void mux_reset_port(struct console_port *port)
{
	assert_ptr_equal(port, screen.port);
	screen.resets++;
}

uint32_t mux_typed(const struct console_port *port)
{
	assert_ptr_equal(port, screen.port);
	return (uint32_t)strlen(screen.typed);
}

int mux_read(struct console_port *port)
{
	return mux_typed(port) == 0 ? -EAGAIN : (uint8_t)*screen.typed++;
}

uint32_t mux_write_text(struct console_port *port, const char *text, uint32_t len)
{
	assert_ptr_equal(port, screen.port);
	assert_in_range(len, 1, MUX_TEXT_MAX);
	len = MIN(len, screen.room);
	assert_true(screen.len + len < sizeof(screen.shown));
	memcpy(screen.shown + screen.len, text, len);
	screen.len += len;
	screen.room -= len;
	return len;
}

bool mux_write(struct console_port *port, uint8_t byte)
{
	return mux_write_text(port, (const char *)&byte, 1) == 1;
}

void vgic_set_line(struct vm *of, uint32_t intid, bool level)
{
	(void)of;
	assert_int_equal(intid, 32 + 16);
	line = level;
}

void vdev_work_post(struct vdev *vdev, struct vcpu *to)
{
	assert_ptr_equal(vdev, &virtio->vdev);
	assert_ptr_equal(to, &vcpu);
	posted = true;
}

bool vdev_may_go_on(void)
{
	return false;
}

/* -- its driver -- */

static void work(void)
{
	for (uint32_t steps = 0; posted; steps++) {
		assert_true(steps < 1000);
		posted = virtio_work(&virtio->vdev);
	}
}

static void set(uint32_t off, uint32_t value)
{
	assert_int_equal(virtio_mmio.write(&vcpu, virtio, off, 4, value), 0);
	work();
}

static void drive(void)
{
	set(STATUS, 3);
	set(0x024, 0);
	set(0x020, (uint32_t)FEATURES);
	set(0x024, 1);
	set(0x020, (uint32_t)(FEATURES >> 32));
	set(STATUS, 11);
	for (uint32_t i = 0; i < 2; i++) {
		struct virtq queue = {.vm = &vm, .size = SIZE};

		fake_driver_begin(&drivers[i], &queue, FAKE_RAM + 0x10000 * i);
		fake_driver_wish(&drivers[i], 0);
		set(0x030, i);
		set(0x038, SIZE);
		set(0x080, (uint32_t)drivers[i].descriptors);
		set(0x090, (uint32_t)drivers[i].driver_area);
		set(0x0a0, (uint32_t)drivers[i].device_area);
		set(0x044, 1);
	}
	set(STATUS, 15);
}

static void create(bool beside_pl011)
{
	struct arena arena = {.base = memory, .size = sizeof(memory)};
	struct vdev *vdev;

	fake_ram_reset();
	memset(memory, 0, sizeof(memory));
	memset(&screen, 0, sizeof(screen));
	screen.room = UINT32_MAX;
	screen.typed = "";
	nodes[0] = (struct vdev_config){.name = "con", .type = &virtio_console_type, .spi = 16};
	nodes[1] = (struct vdev_config){.name = "uart", .type = &vpl011_type};
	vm_config.device_count = beside_pl011 ? 2 : 1;
	vm = (struct vm){.name = "alpha", .config = &vm_config, .vcpu = (struct vcpu **)vcpus};
	assert_int_equal(virtio_console_type.create(&vm, &nodes[0], &arena, &vdev), 0);
	virtio = (struct virtio *)vdev;
	line = posted = false;
}

static int set_up(void **state)
{
	(void)state;
	create(false);
	drive();
	return 0;
}

/* The guest writes, from a buffer of its own. */
static void write_out(const char *text, uint32_t pieces)
{
	static uint32_t at;
	struct fake_buffer buffer[8];
	uint32_t len = (uint32_t)strlen(text);
	uint64_t ipa = BUFFERS + at++ % 64 * 0x400;

	memcpy(fake_ram(ipa), text, len);
	for (uint32_t i = 0; i < pieces; i++) {
		uint32_t from = len * i / pieces;

		buffer[i] = (struct fake_buffer){ipa + from, len * (i + 1) / pieces - from, false};
	}
	assert_true(fake_driver_make(&drivers[QUEUE_OUT], buffer, pieces, false) >= 0);
	set(0x050, QUEUE_OUT);
}

static void give_room_for(uint32_t size)
{
	const struct fake_buffer buffer = {BUFFERS + 0x20000, size, true};

	assert_true(fake_driver_make(&drivers[QUEUE_IN], &buffer, 1, false) >= 0);
	set(0x050, QUEUE_IN);
}

static void type(const char *keys)
{
	screen.typed = keys;
	screen.port->notify(screen.port);
	work();
}

static bool shows(const char *text)
{
	return strlen(text) == screen.len && memcmp(text, screen.shown, screen.len) == 0;
}

/* -- cases -- */

static void test_names(void **state)
{
	(void)state;
	assert_string_equal(screen.port->name, "alpha");
	assert_false(screen.port->second);
	create(true);
	assert_string_equal(screen.port->name, "alpha/con");
	assert_true(screen.port->second);
}

static void test_written(void **state)
{
	uint32_t written = 1;

	(void)state;
	write_out("hello, ", 1);
	write_out("whoever reads this, however it is cut into pieces\n", 7);
	assert_true(shows("hello, whoever reads this, however it is cut into pieces\n"));
	assert_true(fake_driver_see(&drivers[QUEUE_OUT], &written) >= 0);
	assert_int_equal(written, 0);
	assert_true(fake_driver_see(&drivers[QUEUE_OUT], &written) >= 0);
	assert_true(line);
}

/* What finds no room stays with the driver until there is some: nothing is lost, nothing doubled.
 */
static void test_full(void **state)
{
	uint32_t written;

	(void)state;
	screen.room = 5;
	write_out("0123456789abcdefghijklmnopqrstuvwxyz", 3);
	assert_true(shows("01234"));
	assert_int_equal(fake_driver_see(&drivers[QUEUE_OUT], &written), -1);
	for (uint32_t i = 0; i < 36 && screen.len < 36; i++) {
		screen.room = 1 + i % 4;
		screen.port->notify(screen.port);
		work();
	}
	screen.room = 100;
	screen.port->notify(screen.port);
	work();
	assert_true(shows("0123456789abcdefghijklmnopqrstuvwxyz"));
	assert_true(fake_driver_see(&drivers[QUEUE_OUT], &written) >= 0);
}

static void test_typed(void **state)
{
	uint32_t written = 0;

	(void)state;
	type("ls");
	assert_string_equal(screen.typed, "ls");
	give_room_for(64);
	assert_string_equal(screen.typed, "");
	assert_true(fake_driver_see(&drivers[QUEUE_IN], &written) >= 0);
	assert_int_equal(written, 2);
	assert_memory_equal(fake_ram(BUFFERS + 0x20000), "ls", 2);
	assert_true(line);
	give_room_for(1);
	give_room_for(64);
	type("\rx");
	assert_true(fake_driver_see(&drivers[QUEUE_IN], &written) >= 0);
	assert_int_equal(written, 1);
	assert_true(fake_driver_see(&drivers[QUEUE_IN], &written) >= 0);
	assert_int_equal(written, 1);
}

/* A buffer that is wholly for the device to write has nothing to say, and one that is not has no
 * room: both are given back. */
static void test_wrong_way(void **state)
{
	const struct fake_buffer in = {BUFFERS, 8, false}, out = {BUFFERS, 8, true};

	(void)state;
	assert_true(fake_driver_make(&drivers[QUEUE_OUT], &out, 1, false) >= 0);
	set(0x050, QUEUE_OUT);
	assert_int_equal(virtio->status & NEEDS_RESET, NEEDS_RESET);
	assert_true(shows(""));
	set(STATUS, 0);
	drive();
	assert_true(fake_driver_make(&drivers[QUEUE_IN], &in, 1, false) >= 0);
	set(0x050, QUEUE_IN);
	assert_int_equal(virtio->status & NEEDS_RESET, 0);
	type("k");
	assert_int_equal(virtio->status & NEEDS_RESET, NEEDS_RESET);
	assert_string_equal(screen.typed, "k");
}

static void test_reset(void **state)
{
	uint32_t resets = screen.resets;

	(void)state;
	screen.room = 3;
	write_out("abcdef", 1);
	/* the driver begins anew: what it had begun to write is forgotten, what was typed is not */
	set(STATUS, 0);
	assert_int_equal(screen.resets, resets);
	drive();
	screen.room = 100;
	type("k");
	write_out("g", 1);
	assert_true(shows("abcg"));
	give_room_for(8);
	assert_string_equal(screen.typed, "");
	/* the VM does */
	virtio_console_type.reset(&virtio->vdev);
	assert_int_equal(screen.resets, resets + 1);
}

static void test_emergency(void **state)
{
	(void)state;
	create(false);
	set(EMERG_WRITE, '!');
	assert_true(shows("!"));
	screen.room = 0;
	set(EMERG_WRITE, '!');
	assert_true(shows("!"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE_IN("it has its VM's name, and its own too beside a PL011", test_names, set_up),
		CASE_IN("what is written is shown, and given back", test_written, set_up),
		CASE_IN("a full console takes the rest when it has room", test_full, set_up),
		CASE_IN("what was typed goes into the buffers there are", test_typed, set_up),
		CASE_IN("buffers for the other direction break the device", test_wrong_way, set_up),
		CASE_IN("a reset forgets what was begun", test_reset, set_up),
		CASE_IN("emergency writes are shown at once", test_emergency, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
