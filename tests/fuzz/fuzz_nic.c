/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A network's way out whose NIC does anything: its queues, its frames, its answers, in any order;
 * beside a VM that sends and receives by it. EL2 reaches only its buffers and the VM's RAM, no step
 * is long, and a device that is given up stays so.
 */
#include <stdlib.h>

#include "core/base/errno.h"
#include "core/base/printk.h"
#include "core/vm/vm.h"
#include "drivers/emul/models.h"
#include "drivers/hw/net/virtio_net.h"
#include "drivers/virtio/net_frame.h"
#include "drivers/virtio/uplink.h"
#include "drivers/virtio/virtio.h"
#include "irq/vgic/vgic.h"
#include "mm/page_alloc.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/fuzz_op.h"
#include "tests/unit/fake_driver.h"
#include "tests/unit/fake_hwvirtio.h"
#include "tests/unit/fake_line.h"
#include "tests/unit/fake_ram.h"
#include "timer/deadline.h"

#define OPS_MAX	 300
#define STEP_MAX 60 /* accesses to the guest's memory in one step */
#define SIZE	 8
#define VLAN	 5
#define RING	 0x10000
#define SENT_AT	 0x20000
#define GOT_AT	 0x40000

static struct vm vm;
static struct vcpu vcpu, *vcpu_of = &vcpu;
static struct vdev *net;
static struct fake_driver drivers[2];
static struct network_config network = {.name = "lan"};
static struct vdev_config config;
static uint8_t net_memory[16384] __attribute__((aligned(16)));
static uint8_t *memory, *uplink_memory, *at_first;
static bool (*uplink_work)(struct nic *of);
static struct nic *nic;
static struct deadline *due;
static bool posted;
static uint64_t now = 1000;

void vgic_set_line(struct vm *of, uint32_t intid, bool level)
{
	(void)level;
	PROMISE(of == &vm && intid == 48);
}

void vdev_work_post(struct vdev *vdev, struct vcpu *to)
{
	PROMISE(vdev == net && to == &vcpu);
	posted = true;
}

/* Now there is something else to look at, and now not. */
bool vdev_may_go_on(void)
{
	static uint32_t looks;

	return looks++ % 3 != 0;
}

void deadline_init(struct deadline *deadline, struct vcpu *of,
		   void (*fire)(struct deadline *deadline))
{
	(void)of;
	deadline->fire = fire;
}

void deadline_set(struct deadline *deadline, uint64_t when)
{
	due = deadline;
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

static void sink(enum log_level level, const char *text, size_t len)
{
	(void)level;
	(void)text;
	(void)len;
}

static void set(uint32_t off, uint64_t value)
{
	PROMISE(virtio_mmio.write(&vcpu, net, off, 4, value) == 0);
}

static void work(uint32_t steps)
{
	while (posted && steps-- > 0) {
		fake_ram_count();
		posted = virtio_work(net);
		PROMISE(fake_ram_count() <= 3 * STEP_MAX);
	}
}

/* Steps of what came. */
static void pass(uint32_t steps)
{
	while (due != NULL && steps-- > 0) {
		struct deadline *deadline = due;

		due = NULL;
		now += 20;
		fake_ram_count();
		deadline->fire(deadline);
		PROMISE(fake_ram_count() <= 3 * STEP_MAX);
	}
}

static void begin(uint8_t how)
{
	uint64_t features = VIRTIO_F_VERSION_1 | VIRTIO_F_RING_RESET |
			    ((how & 1) != 0 ? NET_F_MRG_RXBUF : 0) |
			    ((how & 2) != 0 ? NET_F_CSUM | NET_F_HOST_TSO4 : 0);

	set(0x70, 0);
	set(0x70, 3);
	set(0x24, 0);
	set(0x20, (uint32_t)features);
	set(0x24, 1);
	set(0x20, features >> 32);
	set(0x70, 11);
	for (uint32_t i = 0; i < 2; i++) {
		struct virtq queue = {.size = SIZE};

		fake_driver_begin(&drivers[i], &queue, FAKE_RAM + i * RING);
		set(0x30, i);
		set(0x38, SIZE);
		set(0x80, drivers[i].descriptors);
		set(0x84, 0);
		set(0x90, drivers[i].driver_area);
		set(0x94, 0);
		set(0xa0, drivers[i].device_area);
		set(0xa4, 0);
		set(0x44, 1);
	}
	set(0x70, 15);
}

/* The VM and the uplink stay: a switch has no other life. The NIC is new each time. */
static void create(void)
{
	struct arena arena = {.base = net_memory, .size = virtio_net_type.memory};
	static const struct uplink_members members = {1, 1, {VLAN}};
	int err;

	memory = memory != NULL ? memory : malloc(VIRTIO_NET_PAGES * PAGE_SIZE);
	memset(memory, 0, VIRTIO_NET_PAGES * PAGE_SIZE);
	memset(&fake_hwvirtio, 0, sizeof(fake_hwvirtio));
	fake_hwvirtio.id = VIRTIO_ID_NET;
	fake_hwvirtio.features = UINT64_MAX;
	fake_hwvirtio.config[NET_CONFIG_STATUS] = 1;
	memset(fake_hwvirtio.config + NET_CONFIG_MTU, 0xff, 2);
	for (uint32_t i = 0; i < 3; i++) {
		fake_hwvirtio.queue_max[i] = 64;
	}
	memset(&fake_line, 0, sizeof(fake_line));
	nic = virtio_net_open(NULL, memory, &err);
	PROMISE(nic != NULL);
	nic->name = "/nic";
	if (net == NULL) {
		printk_set_sink(sink);
		uplink_memory = calloc(1, uplink_size(&members));
		vcpu.vm = &vm;
		vm.vcpu = &vcpu_of;
		config = (struct vdev_config){
			.name = "net",
			.type = &virtio_net_type,
			.spi = 16,
			.port = {.network = &network, .mac = {2, 0, 0, 0, 0, 1}},
		};
		uplink_open(uplink_memory, &network, nic, &members);
		PROMISE(virtio_net_type.create(&vm, &config, &arena, &net) == 0);
		uplink_work = nic->work;
		at_first = malloc(uplink_size(&members));
		memcpy(at_first, uplink_memory, uplink_size(&members));
	}
	/* with nothing under way, and nothing learnt */
	memcpy(uplink_memory, at_first, uplink_size(&members));
	nic->work = uplink_work;
	nic->user = uplink_memory;
	nic->share = NIC_BUFFERS / 2;
	virtio_net_begin(nic);
}

/* The device has a frame of any kind, mostly where it may have one. */
static void arrive(const struct op *op)
{
	static const uint8_t heads[4][18] = {
		"\2\0\0\0\0\1\x52\0\0\0\0\1\x08\0",
		"\xff\xff\xff\xff\xff\xff\x52\0\0\0\0\2\x81\0\0\5\x08\0",
		"\2\0\0\0\0\1\x52\0\0\0\0\3\x81\0\0\0\x81\0",
		"\1\x80\xc2\0\0\0\x52\0\0\0\0\1\x88\xa8",
	};
	int head = fake_hwvirtio_take(NET_QUEUE_RECEIVE);
	uint8_t *at;

	if (head < 0) {
		return;
	}
	at = (uint8_t *)fake_hwvirtio.queue[NET_QUEUE_RECEIVE].desc[head].pa;
	memset(at, 0, NIC_ROOM);
	at[op->off % NIC_ROOM] = (op->small & 0x80) != 0 ? (uint8_t)op->value : 0;
	memcpy(at + NIC_ROOM, heads[op->small % 4], sizeof(heads[0]));
	at[NIC_ROOM + op->off % 18] ^= (op->small & 0x40) != 0 ? (uint8_t)(op->value >> 8) : 0;
	fake_hwvirtio_put(NET_QUEUE_RECEIVE,
			  (op->small & 0x30) == 0x30 ? op->value : (uint32_t)head,
			  (op->small & 8) != 0 ? op->value >> 16 : op->value % NIC_BUFFER_SIZE);
}

static void give(const struct op *op)
{
	struct fake_buffer buffer = {FAKE_RAM + GOT_AT + op->off % 64,
				     (op->small & 1) != 0 ? 0x3000 : op->value % 0x3000,
				     op->small < 250};

	fake_driver_make(&drivers[0], &buffer, 1, false);
}

static void send(const struct op *op)
{
	struct fake_buffer buffer = {FAKE_RAM + SENT_AT, op->value % 0x4000, false};
	struct net_header header = {.flags = op->small & 1,
				    .gso_type = op->small >> 1 & 1,
				    .gso_size = op->off,
				    .csum_start = 34,
				    .csum_offset = 16};
	uint8_t head[12 + 60] = {0};

	memcpy(head, &header, sizeof(header));
	memcpy(head + 12, "\x52\0\0\0\0\2\2\0\0\0\0\1\x08\0\x45", 15);
	head[12 + 23] = 6;
	head[12 + 46] = 0x50;
	head[12 + op->off % 60] ^= (op->small & 4) != 0 ? (uint8_t)(op->value >> 16) : 0;
	memcpy(fake_ram(FAKE_RAM + SENT_AT), head, sizeof(head));
	fake_driver_make(&drivers[1], &buffer, 1, false);
	set(0x50, 1);
}

/* If its level stays high, until it is masked. */
static void interrupt(bool stays_high)
{
	for (uint32_t taken = 0; !fake_line.masked && (taken == 0 || stays_high); taken++) {
		PROMISE(taken < 2);
		nic_interrupt(nic);
	}
}

static void do_one(const struct op *op)
{
	uint32_t *used;
	int head;

	switch (op->what % 12) {
	case 0:
		begin(op->small);
		break;
	case 1:
	case 2:
	case 3:
		arrive(op);
		break;
	case 4:
		interrupt((op->small & 1) != 0);
		break;
	case 5:
		pass(op->small % 8);
		break;
	case 6:
		give(op);
		break;
	case 7:
		send(op);
		break;
	case 8:
		work(op->small % 16);
		break;
	case 9:
		head = fake_hwvirtio_take(NET_QUEUE_SEND);
		if (head >= 0 || op->small == 0xff) {
			fake_hwvirtio_put(NET_QUEUE_SEND, head >= 0 ? (uint32_t)head : op->value,
					  op->value);
		}
		break;
	case 10:
		fake_hwvirtio.interrupts = op->small;
		fake_hwvirtio.status = op->small >= 0xf0 ? VIRTIO_STATUS_NEEDS_RESET : 0;
		fake_hwvirtio.config[NET_CONFIG_STATUS] = (uint8_t)op->value;
		break;
	default:
		used = fake_hwvirtio.queue[op->small % 3].used;
		used[op->off % (op->small > 200 ? 130 : 1)] = op->value;
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = {data, size};
	struct op op;

	fake_ram_reset();
	due = NULL;
	create();
	virtio_reset(net);
	begin(0);
	posted = false;
	for (uint32_t i = 0; i < OPS_MAX && fuzz_take(&input, &op, sizeof(op)); i++) {
		bool was_broken = nic->broken;

		do_one(&op);
		PROMISE(!was_broken || nic->broken);
	}
	/* what is under way comes to an end */
	pass(1000);
	posted = true;
	work(100000);
	PROMISE(!posted);
	PROMISE(due == NULL);
	virtio_reset(net);
	PROMISE(nic->free_count <= nic->out_count);
	return 0;
}
