/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Three VMs with sockets whose drivers do anything, in any order: registers, rings, buffers,
 * packets to each other and to the hypervisor, resets in the middle. EL2 reaches only the VMs' RAM,
 * no step is long, nobody is kept at work for ever, and after a reset a packet comes whole.
 */
#include "core/base/errno.h"
#include "core/vm/vm.h"
#include "drivers/emul/models.h"
#include "drivers/virtio/vsock_dev.h"
#include "irq/vgic/vgic.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/fake_driver.h"
#include "tests/unit/fake_ram.h"
#include "timer/deadline.h"

#define OPS_MAX	 300
#define STEP_MAX 60    /* accesses to guests' memory in one step */
#define WORK_MAX 20000 /* steps until there is nothing to do */
#define NODES	 3
#define SIZE	 8
#define TIMERS	 (2 * NODES)

/* Of each: rings and their tables, packets, buffers. */
#define OWN	0x55000
#define RING	0x10000
#define SENT_AT 0x30000
#define GOT_AT	0x3d000
#define STATUS	0x070

struct op {
	uint8_t what, small;
	uint16_t off;
	uint32_t value;
};

static struct vm vms[NODES];
static struct vm_config vm_configs[NODES];
static struct vcpu vcpus[NODES], *vcpu_of[NODES];
static struct vdev *vdevs[NODES];
static struct fake_driver drivers[NODES][3];
static struct vdev_config configs[NODES];
static bool lines[NODES], posted[NODES], begun[NODES];
static struct deadline *timers[TIMERS];
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
	uint32_t at = TIMERS;

	deadline->when = when;
	for (uint32_t i = 0; i < TIMERS; i++) {
		PROMISE(timers[i] != deadline);
		at = timers[i] == NULL ? i : at;
	}
	PROMISE(at < TIMERS);
	timers[at] = deadline;
}

uint64_t deadline_now(void)
{
	return now;
}

uint64_t deadline_from_ms(uint64_t ms)
{
	return ms * 1000;
}

/* Time passes; what is due fires. */
static void pass(uint64_t ticks)
{
	now += ticks;
	for (uint32_t i = 0; i < TIMERS; i++) {
		struct deadline *due = timers[i];

		if (due != NULL && due->when <= now) {
			timers[i] = NULL;
			due->fire(due);
		}
	}
}

/* What is answered at CID 2: as much, and as often, as its line says. */
static bool service(struct vcpu *by, struct vsock_job *job)
{
	size_t len = strlen(job->line);

	PROMISE(by == &vcpus[0] && len <= VSOCK_LINE_MAX);
	memset(job->out, 'a', VSOCK_SAY_MAX);
	job->len = (uint32_t)(len * 37 % (VSOCK_SAY_MAX + 1));
	job->ends = job->line[0] == 'x';
	return job->step >= len % 5;
}

static uint64_t place(uint32_t node, uint64_t off)
{
	return FAKE_RAM + node * (uint64_t)OWN + off;
}

static uint32_t get(uint32_t node, uint32_t off)
{
	uint64_t value = UINT64_MAX;

	PROMISE(virtio_mmio.read(&vcpus[node], vdevs[node], off, 4, &value) == 0);
	return (uint32_t)value;
}

static void set(uint32_t node, uint32_t off, uint32_t size, uint64_t value)
{
	fake_ram_count();
	PROMISE(virtio_mmio.write(&vcpus[node], vdevs[node], off, size, value) == 0);
	PROMISE(fake_ram_count() <= STEP_MAX);
}

static void work(uint32_t node, uint32_t steps)
{
	while (posted[node] && steps-- > 0) {
		fake_ram_count();
		posted[node] = virtio_work(vdevs[node]);
		PROMISE(fake_ram_count() <= STEP_MAX);
	}
}

/* Nobody is at work for ever, whatever the drivers have left. */
static void work_all(void)
{
	for (uint32_t i = 0; posted[0] || posted[1] || posted[2]; i++) {
		PROMISE(i < WORK_MAX);
		work(i % NODES, 1);
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
			    ((how & 4) != 0 ? VSOCK_F_SEQPACKET : 0);

	fake_ram_is_first(&vms[node], (how & 32) != 0);
	set(node, STATUS, 4, 0);
	PROMISE(get(node, STATUS) == 0 && !lines[node]);
	set(node, STATUS, 4, 3);
	set(node, 0x24, 4, 0);
	set(node, 0x20, 4, (uint32_t)features);
	set(node, 0x24, 4, 1);
	set(node, 0x20, 4, features >> 32);
	set(node, STATUS, 4, 11);
	for (uint32_t i = 0; i < 3; i++) {
		tell_queue(node, i, features);
	}
	set(node, STATUS, 4, 15);
	PROMISE(get(node, STATUS) == 15);
	begun[node] = true;
}

/* Buffers of a queue that the device writes to, good ones mostly. */
static void give(uint32_t node, uint32_t queue, const struct op *op)
{
	struct fake_buffer buffers[6];
	uint32_t count = 1 + op->small % 6;

	for (uint32_t i = 0; i < count; i++) {
		buffers[i] = (struct fake_buffer){
			.ipa = place(node, GOT_AT + i * 0x4000 + op->off % 64),
			.size = i == 0 ? 40 + op->value % 0x800 : (op->value >> (i * 3)) % 0x2000,
			.write = op->off >> 12 != i,
		};
	}
	fake_driver_make(&drivers[node][queue], buffers, count, (op->small & 0x80) != 0);
	set(node, 0x50, 4, queue);
}

/* A packet that may be right, to the other, to the hypervisor or to nobody. */
static void send(uint32_t node, const struct op *op)
{
	struct vsock_header header = {
		.src_cid = 10 + node,
		.dst_cid =
			(op->small & 8) != 0 ? 2 : 10 + (node + 1 + (op->small >> 2 & 1)) % NODES,
		.src_port = op->value & 1,
		.dst_port = (op->small & 8) != 0 ? 23 : op->value >> 1 & 1,
		.type = (op->small & 0x10) != 0 ? VSOCK_SEQPACKET : VSOCK_STREAM,
		.op = op->value >> 2 & 7,
		.flags = op->value >> 5 & 3,
		.buf_alloc = op->value >> 7 & 0x3ff,
		.fwd_cnt = (op->small & 0x20) != 0 ? op->off : 0,
	};
	struct fake_buffer buffers[4];
	uint32_t count = 1 + op->small % 4, size = 0;

	for (uint32_t i = 0; i < count; i++) {
		buffers[i] = (struct fake_buffer){
			.ipa = place(node, SENT_AT + size),
			.size = i == 0 ? 44 + (op->value >> 17 & 0xff) :
					 (op->value >> (i * 2) ^ op->off) % 0x2000,
			.write = op->off >> 13 == 7,
		};
		size += buffers[i].size;
	}
	header.len = header.op == VSOCK_RW ? size - 44 : 0;
	memcpy(fake_ram(place(node, SENT_AT)), &header, VSOCK_HEADER_SIZE);
	if ((op->small & 0x40) != 0) {
		*(uint8_t *)fake_ram(place(node, SENT_AT + op->off % 44)) = (uint8_t)op->value;
	}
	for (uint32_t i = 60; i < 300; i += 1 + op->off % 90) {
		*(uint8_t *)fake_ram(place(node, SENT_AT + i)) = '\n';
	}
	fake_driver_make(&drivers[node][VSOCK_SEND], buffers, count, (op->small & 0x80) != 0);
	set(node, 0x50, 4, VSOCK_SEND);
}

static void poke(uint32_t node, const struct op *op)
{
	struct fake_driver *driver = &drivers[node][op->small % 3];
	uint64_t at = ((op->small & 8) != 0 ? driver->tables : driver->descriptors) +
		      UINT64_C(16) * (op->off % 32);
	uint64_t to =
		(op->small & 16) != 0 ? driver->tables : place(node, GOT_AT) + op->value % 0x10000;
	uint16_t flags =
		(uint16_t)((op->value & 7) | (op->value & 0x80) | (op->value >> 8 & 1) << 15);
	uint16_t tail = (uint16_t)(op->off >> 8 & 15);

	fake_driver_poke(at, to, op->value >> 16, driver->packed ? tail : flags,
			 driver->packed ? flags : tail);
}

static void create(void)
{
	static uint8_t memory[NODES][65536] __attribute__((aligned(16)));

	vsock_set_service(service);
	for (uint32_t i = 0; i < NODES; i++) {
		struct arena arena = {.base = memory[i], .size = virtio_vsock_type.memory};

		vcpu_of[i] = &vcpus[i];
		vcpus[i].vm = &vms[i];
		vm_configs[i].manages = i == 0;
		vms[i].id = i;
		vms[i].vcpu = &vcpu_of[i];
		vms[i].config = &vm_configs[i];
		configs[i] = (struct vdev_config){
			.name = "sockets",
			.type = &virtio_vsock_type,
			.spi = 16,
			.cid = 10 + i,
		};
		PROMISE(virtio_vsock_type.create(&vms[i], &configs[i], &arena, &vdevs[i]) == 0);
	}
}

/* After whatever was: a packet by the rules comes whole. */
static void check_it_works(uint8_t how)
{
	const struct fake_buffer buffer = {place(1, GOT_AT), 2048, true};
	const struct fake_buffer packet = {place(0, SENT_AT), 44 + 1000, false};
	struct vsock_header header = {.src_cid = 10,
				      .dst_cid = 11,
				      .len = 1000,
				      .type = 1,
				      .op = 5};
	uint8_t *sent = fake_ram(place(0, SENT_AT));
	uint32_t written;

	/* who was cut off is so for half a minute */
	pass(31000 * UINT64_C(1000));
	for (uint32_t i = 0; i < NODES; i++) {
		begin(i, how);
	}
	memcpy(sent, &header, 44);
	memset(sent + 44, 0x5a, 1000);
	fake_driver_make(&drivers[1][VSOCK_RECEIVE], &buffer, 1, false);
	fake_driver_make(&drivers[0][VSOCK_SEND], &packet, 1, false);
	set(0, 0x50, 4, VSOCK_SEND);
	work_all();
	PROMISE(fake_driver_see(&drivers[1][VSOCK_RECEIVE], &written) >= 0 && written == 1044);
	PROMISE(memcmp(fake_ram(place(1, GOT_AT)), sent, 1044) == 0);
	PROMISE(fake_driver_see(&drivers[0][VSOCK_SEND], &written) >= 0);
}

static void use(uint32_t node, const struct op *op)
{
	switch (op->what % 16) {
	case 6:
		poke(node, op);
		break;
	case 7:
		give(node, VSOCK_EVENT, op);
		break;
	case 8:
	case 9:
		give(node, VSOCK_RECEIVE, op);
		break;
	default:
		send(node, op);
		break;
	}
}

static void do_one(const struct op *op)
{
	uint32_t node = (op->what >> 4) % NODES;
	uint64_t value;

	switch (op->what % 16) {
	case 0:
		begin(node, op->small);
		break;
	case 1:
		set(node, op->off % 0x80 * 4, 4, op->value);
		break;
	case 2:
		virtio_mmio.read(&vcpus[node], vdevs[node], op->off % 0x120, 1, &value);
		break;
	case 3:
		memcpy(fake_ram(place(node, op->off)), &op->value, sizeof(op->value));
		break;
	case 4:
		virtio_reset(vdevs[node]);
		break;
	case 5:
		pass(op->value % 3000000);
		break;
	case 13:
	case 14:
		work(node, op->small % 8);
		break;
	case 15:
		work_all();
		break;
	default:
		if (begun[node]) {
			use(node, op);
		}
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (vdevs[0] == NULL) {
		create();
	}
	fake_ram_reset();
	pass(UINT64_C(1) << 40);
	for (uint32_t i = 0; i < NODES; i++) {
		virtio_reset(vdevs[i]);
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
