/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two network interfaces on one switch whose drivers do anything, in any order: registers, rings,
 * buffers, frames, resets in the middle. EL2 reaches only the VMs' RAM, no step is long, and after
 * a reset a frame comes whole.
 */
#include "core/base/errno.h"
#include "core/vm/vm.h"
#include "drivers/emul/models.h"
#include "drivers/virtio/net_frame.h"
#include "drivers/virtio/virtio.h"
#include "irq/vgic/vgic.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/fake_driver.h"
#include "tests/unit/fake_ram.h"
#include "timer/deadline.h"

#define OPS_MAX	 300
#define STEP_MAX 60 /* accesses to guests' memory in one step */
#define NODES	 2
#define SIZE	 8

/* Of each: rings and their tables, frames, buffers. */
#define OWN	0x70000
#define RING	0x10000
#define SENT_AT 0x20000
#define GOT_AT	0x40000

#define STATUS	    0x070
#define NEEDS_RESET 64

struct op {
	uint8_t what, small;
	uint16_t off;
	uint32_t value;
};

static struct vm vms[NODES];
static struct vcpu vcpus[NODES], *vcpu_of[NODES];
static struct vdev *nets[NODES];
static struct fake_driver drivers[NODES][2];
static struct network_config network = {.name = "lan"};
static struct vdev_config configs[NODES];
static bool lines[NODES], posted[NODES], begun[NODES];
static struct deadline *alarm;
static uint64_t now;

void vgic_set_line(struct vm *of, uint32_t intid, bool level)
{
	PROMISE(intid == 48);
	lines[of - vms] = level;
}

void vdev_work_post(struct vdev *vdev, struct vcpu *to)
{
	PROMISE(vdev->vm == to->vm);
	posted[vdev->vm - vms] = true;
}

/* Now there is something else to look at, and now not. */
bool vdev_may_go_on(void)
{
	static uint32_t looks;

	return looks++ % 3 != 0;
}

void deadline_init(struct deadline *deadline, struct vcpu *vcpu,
		   void (*fire)(struct deadline *deadline))
{
	(void)vcpu;
	deadline->fire = fire;
}

void deadline_set(struct deadline *deadline, uint64_t when)
{
	PROMISE(alarm == NULL || alarm == deadline);
	alarm = deadline;
	deadline->when = when;
}

uint64_t deadline_now(void)
{
	return now;
}

uint64_t deadline_frequency(void)
{
	return 1000000;
}

static uint64_t place(uint32_t node, uint64_t off)
{
	return FAKE_RAM + node * (uint64_t)OWN + off;
}

static uint32_t get(uint32_t node, uint32_t off)
{
	uint64_t value = UINT64_MAX;

	PROMISE(virtio_mmio.read(&vcpus[node], nets[node], off, 4, &value) == 0);
	return (uint32_t)value;
}

static void set(uint32_t node, uint32_t off, uint32_t size, uint64_t value)
{
	fake_ram_count();
	PROMISE(virtio_mmio.write(&vcpus[node], nets[node], off, size, value) == 0);
	/* a step, and what a reset gives back */
	PROMISE(fake_ram_count() <= 3 * STEP_MAX);
}

static void work(uint32_t node, uint32_t steps)
{
	while (posted[node] && steps-- > 0) {
		fake_ram_count();
		posted[node] = virtio_work(nets[node]);
		PROMISE(fake_ram_count() <= 3 * STEP_MAX);
	}
}

/* Time passes as far as something waits for. */
static void pass(uint64_t ticks)
{
	struct deadline *due = alarm;

	now += ticks;
	if (due != NULL && due->when <= now) {
		alarm = NULL;
		due->fire(due);
	}
}

static void tell_queue(uint32_t node, uint32_t index, uint64_t features)
{
	struct virtq queue = {
		.size = SIZE,
		.packed = (features & VIRTIO_F_PACKED) != 0,
		.event_index = (features & VIRTIO_F_EVENT_INDEX) != 0,
	};
	struct fake_driver *driver = &drivers[node][index];

	fake_driver_begin(driver, &queue, place(node, index * RING));
	set(node, 0x30, 4, index);
	set(node, 0x38, 4, SIZE);
	set(node, 0x80, 4, driver->descriptors);
	set(node, 0x84, 4, 0);
	set(node, 0x90, 4, driver->driver_area);
	set(node, 0x94, 4, 0);
	set(node, 0xa0, 4, driver->device_area);
	set(node, 0xa4, 4, 0);
	set(node, 0x44, 4, 1);
}

static void begin(uint32_t node, uint8_t how)
{
	uint64_t features = VIRTIO_F_VERSION_1 | VIRTIO_F_INDIRECT | VIRTIO_F_RING_RESET |
			    ((how & 1) != 0 ? VIRTIO_F_PACKED : 0) |
			    ((how & 2) != 0 ? VIRTIO_F_EVENT_INDEX : 0) |
			    ((how & 4) != 0 ? NET_F_MRG_RXBUF : 0) |
			    ((how & 8) != 0 ? NET_F_CSUM | NET_F_HOST_TSO4 | NET_F_HOST_TSO6 : 0) |
			    ((how & 16) != 0 ? NET_F_GUEST_CSUM | NET_F_GUEST_TSO4 : 0);

	fake_ram_is_first(&vms[node], (how & 32) != 0);
	set(node, STATUS, 4, 0);
	PROMISE(get(node, STATUS) == 0 && !lines[node]);
	set(node, STATUS, 4, 3);
	set(node, 0x24, 4, 0);
	set(node, 0x20, 4, (uint32_t)features);
	set(node, 0x24, 4, 1);
	set(node, 0x20, 4, features >> 32);
	set(node, STATUS, 4, 11);
	tell_queue(node, 0, features);
	tell_queue(node, 1, features);
	set(node, STATUS, 4, 15);
	PROMISE(get(node, STATUS) == 15);
	begun[node] = true;
}

static void give(uint32_t node, const struct op *op)
{
	struct fake_buffer buffers[6];
	uint32_t count = 1 + op->small % 6;

	for (uint32_t i = 0; i < count; i++) {
		buffers[i] = (struct fake_buffer){
			.ipa = place(node, GOT_AT + i * 0x4000 + op->off % 64),
			.size = (op->value >> (i * 3)) % 0x2000,
			.write = op->off >> 12 != i,
		};
	}
	fake_driver_make(&drivers[node][0], buffers, count, (op->small & 0x80) != 0);
}

/* Of a header that may hold, and any. */
static void send(uint32_t node, const struct op *op)
{
	struct net_header header = {
		.flags = op->value & 1,
		.gso_type = (op->value >> 1 & 3) == 3 ? NET_GSO_TCPV6 : op->value >> 1 & 1,
		.header_size = (op->value >> 3) % 80,
		.gso_size = (uint16_t)(op->value >> 6),
		.csum_start = (op->value >> 10) % 80,
		.csum_offset = (op->value >> 16) % 24,
	};
	uint8_t head[12 + 60] = {0};
	struct fake_buffer buffers[4];
	uint32_t count = 1 + op->small % 4;

	if ((op->small & 32) != 0) {
		/* TCP over IPv4, but for a byte */
		header.csum_start = 34;
		header.csum_offset = 16;
		memcpy(head + 24, "\x08\0\x45", 3);
		head[12 + 23] = 6;
		head[12 + 46] = 0x50;
		head[12 + op->off % 60] ^= op->off >> 8 & 1 ? (uint8_t)op->value : 0;
	}
	memcpy(head, &header, sizeof(header));
	memcpy(head + 12, (op->small & 4) != 0 ? "\xff\xff\xff\xff\xff\xff" : "\2\0\0\0\0", 6);
	head[17] = (op->small & 4) != 0 ? 0xff : (uint8_t)(1 - node);
	memcpy(head + 18, "\2\0\0\0\0", 6);
	head[23] = (op->small & 8) != 0 ? op->small : (uint8_t)node;
	memcpy(fake_ram(place(node, SENT_AT)), head, sizeof(head));
	for (uint32_t i = 0, at = 0; i < count; i++) {
		buffers[i] = (struct fake_buffer){
			.ipa = place(node, SENT_AT + at),
			.size = (op->value >> (i * 2) ^ op->off) %
				((op->small & 16) != 0 ? 0x4000 : 0x200),
			.write = op->off >> 13 == 7,
		};
		at += buffers[i].size;
	}
	fake_driver_make(&drivers[node][1], buffers, count, (op->small & 0x80) != 0);
	set(node, 0x50, 4, 1);
}

static void poke(uint32_t node, const struct op *op)
{
	struct fake_driver *driver = &drivers[node][op->small >> 7];
	uint64_t at = ((op->small & 1) != 0 ? driver->tables : driver->descriptors) +
		      UINT64_C(16) * (op->off % 32);
	uint64_t to =
		(op->small & 2) != 0 ? driver->tables : place(node, GOT_AT) + op->value % 0x10000;
	uint16_t flags =
		(uint16_t)((op->value & 7) | (op->value & 0x80) | (op->value >> 8 & 1) << 15);
	uint16_t tail = (uint16_t)(op->off >> 8 & 15);

	fake_driver_poke(at, to, op->value >> 16, driver->packed ? tail : flags,
			 driver->packed ? flags : tail);
}

static void create(void)
{
	static uint8_t memory[NODES][16384] __attribute__((aligned(16)));

	for (uint32_t i = 0; i < NODES; i++) {
		struct arena arena = {.base = memory[i], .size = virtio_net_type.memory};

		vcpu_of[i] = &vcpus[i];
		vcpus[i].vm = &vms[i];
		vms[i].id = i;
		vms[i].vcpu = &vcpu_of[i];
		configs[i] = (struct vdev_config){
			.name = "net",
			.type = &virtio_net_type,
			.spi = 16,
			.port = {.network = &network,
				 .mac = {2, 0, 0, 0, 0, (uint8_t)i},
				 .rate_kbps = i == 0 ? 8000 : 0},
		};
		PROMISE(virtio_net_type.create(&vms[i], &configs[i], &arena, &nets[i]) == 0);
	}
}

/* After whatever was: a frame by the rules comes whole. */
static void check_it_works(uint8_t how)
{
	const struct fake_buffer buffer = {place(1, GOT_AT), 2048, true};
	const struct fake_buffer frame = {place(0, SENT_AT), 12 + 1000, false};
	uint8_t *sent = fake_ram(place(0, SENT_AT));
	uint32_t written;

	begin(1, how);
	begin(0, how);
	memset(sent, 0, 12);
	memset(sent + 12, 0x5a, 1000);
	memcpy(sent + 12, "\2\0\0\0\0\1\2\0\0\0\0\0\x08\x00", 14);
	fake_driver_make(&drivers[1][0], &buffer, 1, false);
	fake_driver_make(&drivers[0][1], &frame, 1, false);
	/* however much it had sent */
	pass(UINT64_C(1) << 40);
	set(0, 0x50, 4, 1);
	work(0, 100);
	PROMISE(!posted[0]);
	PROMISE(fake_driver_see(&drivers[1][0], &written) >= 0 && written == 1012);
	PROMISE(memcmp(fake_ram(place(1, GOT_AT) + 12), sent + 12, 1000) == 0);
	PROMISE(fake_driver_see(&drivers[0][1], &written) >= 0);
}

static void do_one(const struct op *op)
{
	uint32_t node = op->what >> 7;
	uint64_t value;

	switch (op->what % 16) {
	case 0:
		begin(node, op->small);
		break;
	case 1:
		set(node, op->off % 0x80 * 4, 4, op->value);
		break;
	case 2:
		virtio_mmio.read(&vcpus[node], nets[node], op->off % 0x120, 1, &value);
		break;
	case 3:
		memcpy(fake_ram(place(node, op->off)), &op->value, sizeof(op->value));
		break;
	case 4:
		virtio_reset(nets[node]);
		break;
	case 5:
		pass(op->value);
		break;
	case 6:
		if (begun[node]) {
			poke(node, op);
		}
		break;
	case 7:
	case 8:
	case 9:
		if (begun[node]) {
			give(node, op);
		}
		break;
	case 10:
	case 11:
	case 12:
		if (begun[node]) {
			send(node, op);
		}
		break;
	default:
		work(node, op->small % 8);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (nets[0] == NULL) {
		create();
	}
	fake_ram_reset();
	for (uint32_t i = 0; i < NODES; i++) {
		virtio_reset(nets[i]);
		posted[i] = begun[i] = false;
	}
	for (uint32_t i = 0; i < OPS_MAX && size >= sizeof(struct op); i++) {
		struct op op;

		memcpy(&op, data, sizeof(op));
		data += sizeof(op);
		size -= sizeof(op);
		do_one(&op);
	}
	check_it_works(size > 0 ? *data : 0);
	return 0;
}
