/* SPDX-License-Identifier: Apache-2.0 */
/* Three VMs with sockets, and their drivers. virtio 1.2 5.10; for test_vsock*.c */
#ifndef TESTS_UNIT_VSOCK_SUITE_H
#define TESTS_UNIT_VSOCK_SUITE_H

#include "drivers/virtio/vsock_dev.h"
#include "tests/unit/nodes_suite.h"

#define EVENTS	4
#define RECEIVE VSOCK_RECEIVE
#define SEND	VSOCK_SEND
#define EVENT	VSOCK_EVENT
#define HEADER	VSOCK_HEADER_SIZE

#define ALL (PLAIN | VSOCK_F_SEQPACKET)

/* Of each, behind the rings: what it sends, what it receives into. */
#define SENT_AT 0x2d000
#define GOT_AT	0x3d000
#define BUFFERS 12 /* of 4 KiB and a header, as many as there is room for */
#define BIG	(4096 + HEADER)

/* -- three VMs with sockets: CIDs 10, 11, 12 -- */

static struct vm_config vm_configs[NODES];
static uint8_t memory[NODES][65536] __attribute__((aligned(16)));
static uint16_t queue_size;
static uint32_t given[NODES], seen[NODES]; /* buffers of its receive queue */

bool vdev_may_go_on(void)
{
	return false;
}

uint64_t deadline_from_ms(uint64_t ms)
{
	return ms * (HZ / 1000);
}

static int set_up(void **state)
{
	(void)state;
	set_up_nodes();
	queue_size = SIZE;
	for (uint32_t i = 0; i < NODES; i++) {
		vm_configs[i] = (struct vm_config){.manages = i == 0 ? 2 : 0};
		vms[i].config = &vm_configs[i];
		configs[i] = (struct vdev_config){.name = "sockets", .cid = 10 + i};
		create_in(i, &virtio_vsock_type, memory[i], sizeof(memory[i]));
	}
	return 0;
}

/* -- their drivers -- */

/* Until nobody has anything to do. */
static void work_all(void)
{
	for (uint32_t round = 0; posted[0] || posted[1] || posted[2]; round++) {
		assert_true(round < 1000);
		for (uint32_t i = 0; i < NODES; i++) {
			work(i, 1);
		}
	}
}

static void begin(uint32_t node, uint64_t features)
{
	negotiate(node, features);
	for (uint32_t i = 0; i < 3; i++) {
		tell_queue(node, i, i == EVENT ? EVENTS : queue_size, features);
	}
	given[node] = seen[node] = 0;
	set(node, STATUS, 15);
	work(node, 100);
}

static void begin_all(uint64_t features)
{
	for (uint32_t i = 0; i < NODES; i++) {
		begin(i, features);
	}
}

/* `count` buffers of `size` bytes each, at the next places, of which there are BUFFERS. */
static void give(uint32_t node, uint32_t buffers, uint32_t size)
{
	uint16_t before = drivers[node][RECEIVE].next_made;
	bool wrap = drivers[node][RECEIVE].made_wrap;

	for (uint32_t i = 0; i < buffers; i++) {
		struct fake_buffer buffer = {place(node, GOT_AT + given[node]++ % BUFFERS * BIG),
					     size, true};

		assert_true(fake_driver_make(&drivers[node][RECEIVE], &buffer, 1, false) >= 0);
	}
	if (fake_driver_tells(&drivers[node][RECEIVE], before, wrap)) {
		set(node, 0x50, RECEIVE);
	}
}

/* A packet of node 0's port 5 to node 1's port 6, or as changed. */
static struct vsock_header packet(uint32_t op, uint32_t len)
{
	return (struct vsock_header){
		.src_cid = 10,
		.dst_cid = 11,
		.src_port = 5,
		.dst_port = 6,
		.len = len,
		.type = VSOCK_STREAM,
		.op = (uint16_t)op,
		.buf_alloc = 1 << 18,
		.fwd_cnt = 77,
	};
}

/* Writes it with a pattern behind, and makes it available in pieces; so far into where it sends
 * from. */
static void post_at(uint32_t node, uint32_t where, const struct vsock_header *header,
		    uint32_t piece)
{
	struct fake_buffer buffers[SIZE];
	uint8_t *at = fake_ram(place(node, SENT_AT + where));
	uint32_t size = HEADER + header->len, n = 0;

	memcpy(at, header, HEADER);
	for (uint32_t i = 0; i < header->len; i++) {
		at[HEADER + i] = (uint8_t)(i * 7 + i / 251);
	}
	for (uint32_t off = 0; off < size; off += piece) {
		buffers[n++] = (struct fake_buffer){
			.ipa = place(node, SENT_AT + where + off),
			.size = MIN(piece, size - off),
		};
	}
	assert_true(fake_driver_make(&drivers[node][SEND], buffers, n, false) >= 0);
	set(node, 0x50, SEND);
}

static void post(uint32_t node, const struct vsock_header *header, uint32_t piece)
{
	post_at(node, 0, header, piece);
}

static bool is_back(uint32_t node)
{
	uint32_t written = 1;
	bool back = fake_driver_see(&drivers[node][SEND], &written) >= 0;

	assert_true(!back || written == 0);
	return back;
}

/* The next packet that came to a node, payload and all; false: none. Buffers are used in order. */
static uint8_t got[BIG];
static bool see(uint32_t node, struct vsock_header *header)
{
	uint32_t written;

	if (fake_driver_see(&drivers[node][RECEIVE], &written) < 0) {
		return false;
	}
	assert_in_range(written, HEADER, BIG);
	memcpy(got, fake_ram(place(node, GOT_AT + seen[node]++ % BUFFERS * BIG)), written);
	memset(header, 0, sizeof(*header));
	memcpy(header, got, HEADER);
	assert_int_equal(header->len, written - HEADER);
	assert_int_equal(header->dst_cid, 10 + node);
	return true;
}

static int set_up_seen(void **state)
{
	memset(seen, 0, sizeof(seen));
	return set_up(state);
}

/* A reset came to `node`, from this port of this CID to its port. */
static void assert_reset(uint32_t node, uint64_t cid, uint32_t from, uint32_t to)
{
	struct vsock_header header;

	assert_true(see(node, &header));
	assert_int_equal(header.op, VSOCK_RST);
	assert_int_equal(header.src_cid, cid);
	assert_int_equal(header.src_port, from);
	assert_int_equal(header.dst_port, to);
	assert_int_equal(header.len, 0);
}

static void assert_silent(uint32_t node)
{
	struct vsock_header header;

	assert_false(see(node, &header));
}

#define VSOCK(sentence, function) CASE_IN(sentence, function, set_up_seen)

#endif
