/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Three VMs with sockets whose drivers do anything, in any order: registers, rings, buffers,
 * packets to each other and to the hypervisor, resets in the middle. EL2 reaches only the VMs' RAM,
 * no step is long, nobody is kept at work for ever, and after a reset a packet comes whole.
 */
#include "drivers/virtio/vsock_dev.h"
#include "tests/fuzz/fuzz_nodes.h"

#define OPS_MAX	 300
#define WORK_MAX 20000 /* steps until there is nothing to do */
#define NODES	 3
#define TIMERS	 (2 * NODES)

/* Of each, behind rings and their tables: packets, buffers. */
#define SENT_AT 0x30000
#define GOT_AT	0x3d000

static struct vm_config vm_configs[NODES];
static struct deadline *timers[TIMERS];

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

	PROMISE(by == &nodes[0].vcpu && len <= VSOCK_LINE_MAX);
	memset(job->out, 'a', VSOCK_SAY_MAX);
	job->len = (uint32_t)(len * 37 % (VSOCK_SAY_MAX + 1));
	job->ends = job->line[0] == 'x';
	return job->step >= len % 5;
}

/* Nobody is at work for ever, whatever the drivers have left. */
static void work_all(void)
{
	for (uint32_t i = 0; nodes[0].posted || nodes[1].posted || nodes[2].posted; i++) {
		PROMISE(i < WORK_MAX);
		work(i % NODES, 1);
	}
}

static void begin(uint32_t node, uint8_t how)
{
	set_up(node, how, (how & 4) != 0 ? VSOCK_F_SEQPACKET : 0);
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
	fake_driver_make(&nodes[node].driver[queue], buffers, count, (op->small & 0x80) != 0);
	set(node, 0x50, queue);
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
	fake_driver_make(&nodes[node].driver[VSOCK_SEND], buffers, count, (op->small & 0x80) != 0);
	set(node, 0x50, VSOCK_SEND);
}

static void create(void)
{
	static uint8_t memory[NODES][65536] __attribute__((aligned(16)));

	setting.count = NODES;
	setting.queues = 3;
	setting.step_max = 60;
	setting.own = 0x55000;
	setting.ring = 0x10000;
	vsock_set_service(service);
	for (uint32_t i = 0; i < NODES; i++) {
		struct arena arena = {.base = memory[i], .size = virtio_vsock_type.memory};

		vm_configs[i].manages = i == 0;
		nodes[i].vm.config = &vm_configs[i];
		nodes[i].config = (struct vdev_config){.name = "sockets", .cid = 10 + i};
		create_node(i, &virtio_vsock_type, &arena);
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
	fake_driver_make(&nodes[1].driver[VSOCK_RECEIVE], &buffer, 1, false);
	fake_driver_make(&nodes[0].driver[VSOCK_SEND], &packet, 1, false);
	set(0, 0x50, VSOCK_SEND);
	work_all();
	PROMISE(fake_driver_see(&nodes[1].driver[VSOCK_RECEIVE], &written) >= 0 && written == 1044);
	PROMISE(memcmp(fake_ram(place(1, GOT_AT)), sent, 1044) == 0);
	PROMISE(fake_driver_see(&nodes[0].driver[VSOCK_SEND], &written) >= 0);
}

/* Of one that has been set up. */
static void use(uint32_t node, const struct op *op)
{
	switch (op->what % 16) {
	case 6:
		poke(&nodes[node].driver[op->small % 3], op, (op->small & 8) != 0,
		     (op->small & 16) != 0, place(node, GOT_AT));
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
	uint32_t node = (op->what >> 4) % NODES, what = op->what % 16;

	if (do_common(node, op)) {
		return;
	}
	if (what == 0) {
		begin(node, op->small);
	} else if (what == 5) {
		pass(op->value % 3000000);
	} else if (what == 15) {
		work_all();
	} else if (what > 12) {
		work(node, op->small % 8);
	} else if (nodes[node].begun) {
		use(node, op);
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
	pass(UINT64_C(1) << 40);
	reset_nodes();
	for (uint32_t i = 0; i < OPS_MAX && fuzz_take(&input, &op, sizeof(op)); i++) {
		do_one(&op);
	}
	check_it_works(fuzz_take_byte(&input));
	return 0;
}
