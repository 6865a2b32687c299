/* SPDX-License-Identifier: Apache-2.0 */
/* A console on the hypervisor's own. virtio 1.2 5.3: one port, its two queues, emergency writes. */
#include "core/base/errno.h"
#include "core/base/format.h"
#include "core/config/guest_map_types.h"
#include "core/console/mux.h"
#include "core/vm/vm.h"
#include "drivers/emul/models.h"
#include "drivers/virtio/virtio.h"
#include "mm/guest_access.h"

#define ID_CONSOLE 3
#define QUEUE_SIZE 64
#define QUEUE_IN   0
#define QUEUE_OUT  1

#define F_EMERG_WRITE BIT(2)
#define CONFIG_EMERG  8
#define CONFIG_SIZE   12
#define PIECE	      MUX_TEXT_MAX /* bytes of a step */

struct vconsole {
	struct virtio virtio; /* first */
	struct console_port port;
	char name[MUX_NAME_MAX];
	/* protected by the device's lock: */
	struct virtq_chain *in, *out;
	struct virtq_cursor cursor; /* in `out`, while it is `sending` */
	bool sending;
	uint8_t rx_ring[MUX_RX_SIZE], tx_ring[MUX_TX_SIZE];
};

static struct vconsole *vconsole_of(struct virtio *virtio)
{
	return CONTAINER_OF(virtio, struct vconsole, virtio);
}

static void console_reset_queue(struct virtio *virtio, uint32_t queue)
{
	struct vconsole *console = vconsole_of(virtio);

	if (queue == QUEUE_IN) {
		console->in->begun = false;
	} else {
		console->out->begun = false;
		console->sending = false;
	}
}

static void console_reset(struct virtio *virtio)
{
	(void)virtio; /* its queues are all it has */
}

/* The VM ends or begins: what was typed was not for its next life. */
static void vconsole_reset(struct vdev *vdev)
{
	struct vconsole *console = CONTAINER_OF(vdev, struct vconsole, virtio.vdev);

	mux_reset_port(&console->port);
	virtio_reset(vdev);
}

/* What was typed, into the next buffer, as much as fits. */
static int receive(struct vconsole *console)
{
	struct virtio *virtio = &console->virtio;
	struct virtq_cursor cursor;
	uint8_t bytes[PIECE];
	uint32_t count = 0;
	int got, key;

	if (mux_typed(&console->port) == 0) {
		return 0; /* notify() comes back here */
	}
	got = virtq_take(&virtio->queue[QUEUE_IN], console->in);
	if (got == 0) {
		return virtq_listen(&virtio->queue[QUEUE_IN], true);
	}
	if (got < 0) {
		return got == -EAGAIN ? 1 : got;
	}
	if (console->in->reads != 0) {
		return -EINVAL; /* 5.3.6.1 */
	}
	/* in the first of its parts, that what was read can be written */
	cursor = virtq_writes(console->in);
	while (count < MIN(virtq_piece(&cursor), (uint32_t)PIECE) &&
	       (key = mux_read(&console->port)) >= 0) {
		bytes[count++] = (uint8_t)key;
	}
	got = virtq_write(virtio->vdev.vm, &cursor, bytes, count);
	got = got < 0 ? got : virtio_put(virtio, QUEUE_IN, console->in, count);
	return got < 0 ? got : 1;
}

/* A piece of what the guest writes; the console says when it has room again. */
static int send(struct vconsole *console)
{
	struct virtio *virtio = &console->virtio;
	struct virtq_cursor at = console->cursor;
	char bytes[PIECE];
	/* of one part: a step's length is mostly the console's */
	uint32_t size = MIN(virtq_piece(&console->cursor), (uint32_t)PIECE), taken;
	int got = virtq_read(virtio->vdev.vm, &console->cursor, bytes, size);

	if (got > 0) {
		taken = mux_write_text(&console->port, bytes, (uint32_t)got);
		if (taken == (uint32_t)got) {
			return 1;
		}
		console->cursor = at;
		got = virtq_read(virtio->vdev.vm, &console->cursor, bytes, taken);
	} else if (got == 0) {
		console->sending = false;
		return virtio_finish(virtio, QUEUE_OUT, console->out, 0);
	}
	return MIN(got, 0);
}

static int console_step(struct virtio *virtio, uint32_t queue)
{
	struct vconsole *console = vconsole_of(virtio);
	int got;

	if (queue == QUEUE_IN) {
		return receive(console);
	}
	if (console->sending) {
		return send(console);
	}
	got = virtq_take(&virtio->queue[QUEUE_OUT], console->out);
	if (got == 0) {
		return virtq_listen(&virtio->queue[QUEUE_OUT], true);
	}
	if (got == 1 && console->out->reads != console->out->count) {
		return -EINVAL; /* 5.3.6.1 */
	}
	if (got == 1) {
		console->cursor = virtq_reads(console->out);
		console->sending = true;
		return guest_is_paged(virtio->vdev.vm) ? 1 : send(console);
	}
	return got == -EAGAIN ? 1 : got;
}

/* The console has keys for this guest, or room again. */
static void console_notify(struct console_port *port)
{
	struct vconsole *console = CONTAINER_OF(port, struct vconsole, port);

	virtio_ask(&console->virtio, QUEUE_IN);
	virtio_ask(&console->virtio, QUEUE_OUT);
}

/* Columns, rows and ports are of features that are not offered; an emergency write reads as 0. */
static uint32_t console_read_config(struct virtio *virtio, uint32_t off, uint32_t size)
{
	(void)virtio, (void)off, (void)size;
	return 0;
}

/* 5.3.4: before the device is set up, and whatever state it has. */
static void console_write_config(struct virtio *virtio, uint32_t off, uint32_t size, uint32_t value)
{
	(void)size;
	if (off == CONFIG_EMERG) {
		mux_write(&vconsole_of(virtio)->port, (uint8_t)value);
	}
}

static const struct virtio_ops console_ops = {
	.id = ID_CONSOLE,
	.queue_count = 2,
	.queue_size = QUEUE_SIZE,
	.features = F_EMERG_WRITE,
	.config_size = CONFIG_SIZE,
	.reset = console_reset,
	.reset_queue = console_reset_queue,
	.step = console_step,
	.read_config = console_read_config,
	.write_config = console_write_config,
};

/* A VM's only console has its name; beside a serial port it says which it is. */
static bool is_second(const struct vm *vm)
{
	for (uint32_t i = 0; i < vm->config->device_count; i++) {
		if (vm->config->device[i].type == &vpl011_type) {
			return true;
		}
	}
	return false;
}

static void open_port(struct vconsole *console, const struct vm *vm)
{
	struct console_port *port = &console->port;

	port->second = is_second(vm);
	format(console->name, sizeof(console->name), port->second ? "%s/%s" : "%s", vm->name,
	       console->virtio.vdev.config->name);
	port->name = console->name;
	port->listens = true;
	port->log = vm->log;
	port->notify = console_notify;
	port->rx = (struct ring){.data = console->rx_ring, .size = sizeof(console->rx_ring)};
	port->tx = (struct ring){.data = console->tx_ring, .size = sizeof(console->tx_ring)};
	mux_add_port(port);
}

static int console_create(struct vm *vm, const struct vdev_config *config, struct arena *arena,
			  struct vdev **out)
{
	struct vconsole *console = arena_alloc(arena, sizeof(*console));
	int err;

	if (console == NULL) {
		return -ENOMEM;
	}
	err = virtio_init(&console->virtio, &console_ops, vm, config, arena);
	console->in = err == 0 ? virtio_chain(&console->virtio, arena) : NULL;
	console->out = err == 0 ? virtio_chain(&console->virtio, arena) : NULL;
	if (console->in == NULL || console->out == NULL) {
		return -ENOMEM;
	}
	open_port(console, vm);
	*out = &console->virtio.vdev;
	vconsole_reset(*out);
	return 0;
}

static const struct config_prop console_props[] = {{.name = NULL}};

const struct vdev_type virtio_console_type = {
	.compatible = "bulkhead,virtio-console",
	.help = DOC("A console (`hvc0` of Linux) on the hypervisor's, beside or in place of a "
		    "serial port. Guest node: `virtio,mmio`."),
	.size = GUEST_VIRTIO_SIZE,
	.ipa = GUEST_VIRTIO_BASE,
	.spi = GUEST_VIRTIO_SPI,
	.slots = GUEST_VIRTIO_SLOTS,
	.max_count = 1,
	.props = console_props,
	.create = console_create,
	.reset = vconsole_reset,
	.describe = virtio_describe,
	.work = virtio_work,
	.mmio = &virtio_mmio,
};
