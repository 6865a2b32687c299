/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two network interfaces on one switch whose drivers do anything, in any order: registers, rings,
 * buffers, frames, resets in the middle. EL2 reaches only the VMs' RAM, no step is long, and after
 * a reset a frame comes whole.
 */
#include "drivers/virtio/net_frame.h"
#include "tests/fuzz/fuzz_nodes.h"

#define OPS_MAX 300
#define NODES	2
#define CROWD	14 /* ports that nobody drives: who looks for one takes steps */

/* Of each, behind rings and their tables: frames, buffers. */
#define SENT_AT 0x20000
#define GOT_AT	0x40000

static struct network_config network = {.name = "lan"};
static struct deadline *alarm;

void deadline_set(struct deadline *deadline, uint64_t when)
{
	PROMISE(alarm == NULL || alarm == deadline);
	alarm = deadline;
	deadline->when = when;
}

uint64_t deadline_frequency(void)
{
	return 1000000;
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

static void begin(uint32_t node, uint8_t how)
{
	set_up(node, how,
	       ((how & 4) != 0 ? NET_F_MRG_RXBUF : 0) |
		       ((how & 8) != 0 ? NET_F_CSUM | NET_F_HOST_TSO4 | NET_F_HOST_TSO6 : 0) |
		       ((how & 16) != 0 ? NET_F_GUEST_CSUM | NET_F_GUEST_TSO4 | NET_F_GUEST_TSO6 :
					  0) |
		       ((how & 128) != 0 ? NET_F_MTU : 0));
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
	fake_driver_make(&nodes[node].driver[0], buffers, count, (op->small & 0x80) != 0);
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
	fake_driver_make(&nodes[node].driver[1], buffers, count, (op->small & 0x80) != 0);
	set(node, 0x50, 1);
}

static void create_crowd(void)
{
	static struct vdev_config configs[CROWD];
	static uint8_t memory[CROWD][16384] __attribute__((aligned(16)));

	for (uint32_t i = 0; i < CROWD; i++) {
		struct arena arena = {.base = memory[i], .size = virtio_net_type.memory};
		struct vdev *vdev;

		configs[i] = (struct vdev_config){
			.name = "port",
			.type = &virtio_net_type,
			.spi = SPI,
			.port = {.network = &network,
				 .mac = {2, 0, 0, 0, 0, (uint8_t)(NODES + i)},
				 .vlan = i % 3},
		};
		PROMISE(virtio_net_type.create(&nodes[1].vm, &configs[i], &arena, &vdev) == 0);
		vdev->index = 1 + i;
	}
}

static void create(void)
{
	static uint8_t memory[NODES][16384] __attribute__((aligned(16)));

	setting.count = NODES;
	setting.queues = 2;
	setting.step_max = 180; /* 60 of a step, and what a reset gives back */
	setting.own = 0x70000;
	setting.ring = 0x10000;
	for (uint32_t i = 0; i < NODES; i++) {
		struct arena arena = {.base = memory[i], .size = virtio_net_type.memory};

		nodes[i].config = (struct vdev_config){
			.name = "net",
			.port = {.network = &network,
				 .mac = {2, 0, 0, 0, 0, (uint8_t)i},
				 .rate_kbps = i == 0 ? 8000 : 0,
				 .mtu = i == 0 ? 1500 : 1280,
				 .own_mac_only = i == 0},
		};
		create_node(i, &virtio_net_type, &arena);
	}
	create_crowd();
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
	fake_driver_make(&nodes[1].driver[0], &buffer, 1, false);
	fake_driver_make(&nodes[0].driver[1], &frame, 1, false);
	/* however much it had sent */
	pass(UINT64_C(1) << 40);
	set(0, 0x50, 1);
	work(0, 100);
	PROMISE(!nodes[0].posted);
	PROMISE(fake_driver_see(&nodes[1].driver[0], &written) >= 0 && written == 1012);
	PROMISE(memcmp(fake_ram(place(1, GOT_AT) + 12), sent + 12, 1000) == 0);
	PROMISE(fake_driver_see(&nodes[0].driver[1], &written) >= 0);
}

static void do_one(const struct op *op)
{
	uint32_t node = op->what >> 7, what = op->what % 16;

	if (do_common(node, op)) {
		return;
	}
	if (what == 0) {
		begin(node, op->small);
	} else if (what == 5) {
		pass(op->value);
	} else if (what > 12) {
		work(node, op->small % 8);
	} else if (!nodes[node].begun) {
		return;
	} else if (what == 6) {
		poke(&nodes[node].driver[op->small >> 7], op, (op->small & 1) != 0,
		     (op->small & 2) != 0, place(node, GOT_AT));
	} else if (what < 10) {
		give(node, op);
	} else {
		send(node, op);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = {data, size};
	struct op op;

	if (nodes[0].vdev == NULL) {
		create();
	}
	fake_ram_reset();
	reset_nodes();
	for (uint32_t i = 0; i < OPS_MAX && fuzz_take(&input, &op, sizeof(op)); i++) {
		do_one(&op);
	}
	check_it_works(fuzz_take_byte(&input));
	return 0;
}
