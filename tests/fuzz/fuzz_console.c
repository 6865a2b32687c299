/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A console whose driver does anything: buffers of any size and cut, rings and headers changed at
 * any moment, resets in between, while somebody types and the hypervisor's console has room or not.
 * EL2 stays in the VM's RAM, no step is long, and after a reset what is written is shown and what
 * is typed is read.
 */
#include "core/base/errno.h"
#include "core/console/mux.h"
#include "core/vm/vm.h"
#include "drivers/emul/models.h"
#include "tests/fuzz/fuzz_device.h"

#define OPS_MAX 200
#define SIZE	16
#define RINGS	0x10000 /* room of a queue's */
#define DATA	(FAKE_RAM + 0x70000)
#define IN	0
#define OUT	1

const struct vdev_type vpl011_type = {.compatible = "bulkhead,pl011"};

static struct vdev_config config = {.name = "text", .type = &virtio_console_type, .spi = 16};
static struct vm_config vm_config = {.device = &config, .device_count = 1};
static struct vm vm = {.name = "vm", .config = &vm_config};
static struct vcpu vcpu = {.vm = &vm};
static struct vcpu *const vcpus[] = {&vcpu};
static struct fake_driver driver[2];
static uint8_t *memory; /* of exactly its size, so that ASan sees a byte too far */
static size_t memory_size;

/* -- the hypervisor's console -- */

static struct {
	struct console_port *port;
	uint32_t typed, room;
	uint8_t next, last; /* of those typed; that was shown last */
} screen;

void mux_add_port(struct console_port *port)
{
	screen.port = port;
}

void mux_reset_port(struct console_port *port)
{
	PROMISE(port == screen.port);
}

uint32_t mux_typed(const struct console_port *port)
{
	PROMISE(port == screen.port);
	return screen.typed;
}

int mux_read(struct console_port *port)
{
	if (mux_typed(port) == 0) {
		return -EAGAIN;
	}
	screen.typed--;
	return screen.next++;
}

uint32_t mux_write_text(struct console_port *port, const char *text, uint32_t len)
{
	PROMISE(port == screen.port && len >= 1 && len <= MUX_TEXT_MAX);
	len = MIN(len, screen.room);
	screen.room -= len;
	if (len != 0) {
		screen.last = (uint8_t)text[len - 1];
	}
	return len;
}

bool mux_write(struct console_port *port, uint8_t byte)
{
	return mux_write_text(port, (const char *)&byte, 1) == 1;
}

/* -- its driver -- */

static void begin(uint8_t how)
{
	set(STATUS, 0);
	set_up(how, 0, &(struct queues){driver, 2, SIZE, RINGS});
}

/* Buffers for either queue, in the right direction or not, cut in two or not. */
static void make(const struct op *op)
{
	uint32_t size = op->off % 300, part = (op->small & 4) != 0 ? size / 3 : 0;
	uint32_t queue = op->small & 1;
	bool write = (queue == IN) != ((op->small & 0xf0) == 0xf0);
	uint64_t at = DATA + op->value % 0x8000;
	const struct fake_buffer buffers[] = {{at, part, write}, {at + part, size - part, write}};

	fake_driver_make(&driver[queue], buffers, 2, (op->small & 2) != 0);
}

static void check_it_works(uint8_t how)
{
	const struct fake_buffer out = {DATA, 3, false}, in = {DATA + 8, 4, true};
	uint8_t *bytes = fake_ram(DATA), first;
	uint32_t written;
	int id;

	screen.typed = 0;
	screen.room = 1000;
	begin(how);
	work(1000);
	memcpy(bytes, "abc", 3);
	id = fake_driver_make(&driver[OUT], &out, 1, false);
	set(NOTIFY, OUT);
	work(1000);
	PROMISE(!device.posted && fake_driver_see(&driver[OUT], &written) == id &&
		screen.last == 'c');
	id = fake_driver_make(&driver[IN], &in, 1, false);
	first = screen.next;
	screen.typed = 2;
	screen.port->notify(screen.port);
	work(1000);
	PROMISE(!device.posted && fake_driver_see(&driver[IN], &written) == id && written == 2);
	PROMISE(bytes[8] == first && bytes[9] == (uint8_t)(first + 1));
}

static void create(void)
{
	static uint8_t large[65536] __attribute__((aligned(16)));
	struct arena arena = {.base = large, .size = sizeof(large)};

	vm.vcpu = (struct vcpu **)vcpus;
	device.vm = &vm;
	device.vcpu = &vcpu;
	device.step_max = 60;
	if (memory == NULL) {
		PROMISE(virtio_console_type.create(&vm, &config, &arena, &device.vdev) == 0);
		memory_size = arena.used;
		memory = must(malloc(memory_size));
	}
	memset(memory, 0, memory_size);
	arena = (struct arena){.base = memory, .size = memory_size};
	PROMISE(virtio_console_type.create(&vm, &config, &arena, &device.vdev) == 0);
}

static void do_op(const struct op *op, bool *begun)
{
	uint64_t value;

	switch (op->what % 10) {
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
	case 3: /* anywhere: rings, tables, data */
		memcpy(fake_ram(FAKE_RAM + op->off % 0x8000 + (uint64_t)RINGS * (op->small & 1)),
		       &op->value, sizeof(op->value));
		break;
	case 4:
	case 5:
		if (*begun) {
			make(op);
		}
		break;
	case 6:
		set(NOTIFY, op->small & 3);
		break;
	case 7:
		screen.typed = op->off % 100;
		screen.room = op->value % 300;
		screen.port->notify(screen.port);
		break;
	case 8: /* 5.3.4 */
		set(0x108, op->value);
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

	fake_ram_reset();
	device.posted = false;
	create();
	for (uint32_t i = 0; i < OPS_MAX && fuzz_take(&input, &op, sizeof(op)); i++) {
		do_op(&op, &begun);
	}
	check_it_works(fuzz_take_byte(&input));
	return 0;
}
