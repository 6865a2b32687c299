/* SPDX-License-Identifier: Apache-2.0 */
/* What three VMs with sockets say to each other, for tests of who passes what on. */
#ifndef TESTS_UNIT_VSOCK_THREE_H
#define TESTS_UNIT_VSOCK_THREE_H

#include "tests/unit/vsock_suite.h"

static const struct vsock_counters *count(uint32_t node)
{
	struct vsock_view view;

	assert_true(vsock_view(node, &view));
	assert_int_equal(view.cid, 10 + node);
	return view.count;
}

static void send(uint32_t node, const struct vsock_header *header)
{
	post(node, header, 0x10000);
	work_all();
	assert_true(is_back(node));
}

static void connect(uint32_t from, uint32_t to, uint32_t port)
{
	struct vsock_header sent = packet(VSOCK_REQUEST, 0), header;

	sent.src_cid = 10 + from;
	sent.dst_cid = 10 + to;
	sent.src_port = port;
	give(to, 1, BIG);
	send(from, &sent);
	assert_true(see(to, &header));
	assert_int_equal(header.op, VSOCK_REQUEST);
	sent.src_cid = 10 + to;
	sent.dst_cid = 10 + from;
	sent.src_port = 6;
	sent.dst_port = port;
	sent.op = VSOCK_RESPONSE;
	give(from, 1, BIG);
	send(to, &sent);
	assert_true(see(from, &header));
	assert_int_equal(header.op, VSOCK_RESPONSE);
}

#endif
