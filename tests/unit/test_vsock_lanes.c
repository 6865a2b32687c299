/* SPDX-License-Identifier: Apache-2.0 */
/* Whom a VM that takes nothing holds up, and who loses what by it. docs/vsock.md */
#include "tests/unit/vsock_three.h"

/* Node 0 has accepted nothing of node 2, or is connected with it; with node 1 it is. */
#define PORT_1 5
#define PORT_2 7

static const uint64_t formats[] = {PLAIN, PLAIN | VIRTIO_F_EVENT_INDEX, PLAIN | VIRTIO_F_PACKED};

static void begin_connected(void **state, uint64_t features)
{
	set_up_seen(state);
	begin_all(features);
	connect(0, 1, PORT_1);
	connect(0, 2, PORT_2);
}

static struct vsock_header to_2(uint32_t op, uint32_t len)
{
	struct vsock_header sent = packet(op, len);

	sent.dst_cid = 12;
	sent.src_port = PORT_2;
	return sent;
}

/* Time passes, and devices work while it does. */
static void live(uint64_t ticks)
{
	for (uint64_t end = fake_time.now + ticks; fake_time.now < end;) {
		fake_pass(MIN(end - fake_time.now, (uint64_t)HZ / 100));
		work_all();
	}
}

/* Packets of node 0's to node 2 until so many wait; each has a place of its own in memory. */
static void fill_queue(uint32_t packets, uint32_t piece)
{
	struct vsock_header sent = to_2(VSOCK_RW, 10);

	for (uint32_t i = 0; i < packets; i++) {
		post_at(0, 0x8000 + i * 256, &sent, piece);
	}
	work_all();
	assert_false(is_back(0));
}

static void assert_data(uint32_t node, uint32_t len)
{
	struct vsock_header header;

	assert_true(see(node, &header));
	assert_int_equal(header.op, VSOCK_RW);
	assert_int_equal(header.len, len);
}

/* Its driver takes all that EL2 says. */
static void take_resets(uint32_t node)
{
	struct vsock_header header;

	do {
		give(node, 1, BIG);
		work_all();
	} while (see(node, &header) && header.op == VSOCK_RST);
	give(node, 1, BIG);
	work_all();
	assert_silent(node);
}

/* -- who does not take -- */

static void requests_of_a_stranger_hold_up_nobody(void **state)
{
	struct vsock_header request = packet(VSOCK_REQUEST, 0), reset = packet(VSOCK_RST, 0);
	struct vsock_header data = packet(VSOCK_RW, 10), header;

	for (uint32_t i = 0; i < ARRAY_COUNT(formats); i++) {
		set_up_seen(state);
		begin_all(formats[i]);
		connect(0, 1, PORT_1);
		give(1, 8, BIG);
		give(0, 10, BIG);
		request.src_cid = 12;
		request.dst_cid = 10;
		reset.dst_cid = 12;
		reset.src_port = 999;
		for (uint32_t k = 0; k < 10; k++) {
			request.src_port = 100 + k;
			request.dst_port = 999;
			send(2, &request);
			assert_true(see(0, &header));
		}
		/* nobody listens there: 5.10.6.4; and then its own business */
		for (uint32_t k = 0; k < 10; k++) {
			reset.dst_port = 100 + k;
			post_at(0, k * 64, &reset, 0x10000);
		}
		post_at(0, 0x8000, &data, 0x10000);
		work_all();
		assert_data(1, 10);
		for (uint32_t k = 0; k < 11; k++) {
			assert_true(is_back(0));
		}
		live(5 * HZ);
		assert_int_equal(count(0)->deaf + count(1)->deaf + count(2)->deaf, 0);
		/* who asked learns it all the same, as soon as it takes anything */
		give(2, 12, BIG);
		work_all();
		for (uint32_t k = 0, ports = 0; k < 10; k++) {
			assert_true(see(2, &header));
			assert_int_equal(header.op, VSOCK_RST);
			assert_int_equal(header.src_cid, 10);
			assert_int_equal(header.src_port, 999);
			ports |= BIT32(header.dst_port - 100);
			assert_int_equal(k == 9, ports == 0x3ff);
		}
		assert_silent(2);
	}
}

static void a_packet_that_waits_lets_those_for_others_pass(void **state)
{
	struct vsock_header data = packet(VSOCK_RW, 3000), big = to_2(VSOCK_RW, 3000);

	for (uint32_t i = 0; i < ARRAY_COUNT(formats); i++) {
		begin_connected(state, formats[i]);
		give(1, 8, BIG);
		give(2, 1, 1000 + HEADER);
		post_at(0, 0x8000, &big, 700);
		for (uint32_t k = 0; k < 4; k++) {
			post(0, &data, 0x10000);
			work_all();
			assert_data(1, 3000);
			assert_true(is_back(0));
		}
		/* and what waited comes whole, in order */
		assert_data(2, 1000);
		assert_memory_equal(got + HEADER, fake_ram(place(0, SENT_AT + 0x8000 + HEADER)),
				    1000);
		give(2, 3, 1000 + HEADER);
		work_all();
		assert_data(2, 1000);
		assert_memory_equal(got + HEADER,
				    fake_ram(place(0, SENT_AT + 0x8000 + HEADER + 1000)), 1000);
		assert_data(2, 1000);
		assert_memory_equal(got + HEADER,
				    fake_ram(place(0, SENT_AT + 0x8000 + HEADER + 2000)), 1000);
		assert_true(is_back(0));
	}
}

static void who_takes_a_byte_at_a_time_is_late_for_the_whole_packet(void **state)
{
	struct vsock_header big = to_2(VSOCK_RW, 3000), data = packet(VSOCK_RW, 10), header;
	struct vsock_header back = packet(VSOCK_RW, 20);
	uint32_t bytes = 0;
	uint64_t began;

	begin_connected(state, PLAIN);
	connect(2, 1, 9);
	give(1, 8, BIG);
	give(0, 4, BIG);
	began = fake_time.now;
	post(0, &big, 0x10000);
	for (uint32_t i = 0; i < 20 && count(2)->deaf == 0; i++) {
		post_at(0, 0x8000, &data, 0x10000);
		work_all();
		assert_true(is_back(0));
		assert_data(1, 10);
		give(1, 1, BIG);
		live(HZ / 5);
		if (count(2)->deaf == 0) {
			give(2, 1, HEADER + 1);
			work_all();
			while (see(2, &header)) {
				bytes += header.len;
			}
		}
	}
	assert_in_range(fake_time.now - began, 2 * HZ, 5 * HZ / 2);
	assert_in_range(bytes, 9, 12);
	assert_true(is_back(0));
	assert_reset(0, 12, 6, PORT_2);
	/* the two are told, and nobody else */
	live(HZ);
	give(2, 2, BIG);
	work_all();
	assert_reset(2, 10, PORT_2, 6);
	assert_silent(2);
	take_resets(0); /* one for the packet, one for the connection */
	assert_silent(1);
	assert_int_equal(count(2)->deaf, 1);
	assert_int_equal(count(0)->deaf + count(1)->deaf, 0);
	back.src_cid = 11;
	back.src_port = 6;
	back.dst_port = 9;
	back.dst_cid = 12;
	give(2, 1, BIG);
	send(1, &back);
	assert_data(2, 20);
}

static void nothing_of_a_stream_passes_its_hole(void **state)
{
	struct vsock_header data = to_2(VSOCK_RW, 10), request = to_2(VSOCK_REQUEST, 0), header;

	begin_connected(state, PLAIN);
	fill_queue(2, 0x10000);
	live(9 * HZ / 4);
	assert_int_equal(count(2)->deaf, 1);
	give(0, 5, BIG);
	give(2, 5, BIG);
	work_all();
	assert_true(is_back(0) && is_back(0));
	assert_reset(2, 10, PORT_2, 6);
	while (see(0, &header)) {
		assert_int_equal(header.op, VSOCK_RST);
		assert_int_equal(header.dst_port, PORT_2);
	}
	/* as long as the driver has not seen that, and for ever */
	give(0, 2, BIG);
	send(0, &data);
	assert_reset(0, 12, 6, PORT_2);
	data.src_port = 1234; /* one that nobody remembers */
	send(0, &data);
	assert_reset(0, 12, 6, 1234);
	assert_silent(2);
	/* a new one is as good as any */
	request.src_port = data.src_port = 80;
	send(0, &request);
	assert_true(see(2, &header));
	assert_int_equal(header.op, VSOCK_REQUEST);
	send(0, &data);
	assert_data(2, 10);
	connect(2, 0, 81);
	/* and after a restart nothing is remembered */
	begin(2, PLAIN);
	give(2, 2, BIG);
	data.src_port = 1234;
	send(0, &data);
	assert_data(2, 10);
}

static void who_fills_the_queue_of_a_sender_is_cut_off_soon(void **state)
{
	struct vsock_header data = packet(VSOCK_RW, 10);
	uint64_t began;

	/* with one descriptor a packet, or with two */
	for (uint32_t i = 0; i < 2 * ARRAY_COUNT(formats); i++) {
		uint64_t format = formats[i / 2];
		struct vsock_header request = to_2(VSOCK_REQUEST, 0);
		uint32_t back = 0, parts = 1 + i % 2;

		begin_connected(state, format);
		began = fake_time.now;
		fill_queue(SIZE / parts, parts == 1 ? 0x10000 : HEADER);
		give(0, 1, BIG);
		give(1, 1, BIG);
		while (!is_back(0)) {
			live(HZ / 100);
			assert_in_range(fake_time.now - began, 0, HZ);
		}
		assert_in_range(fake_time.now - began, HZ / 2, HZ * 3 / 4);
		post(0, &data, 0x10000);
		take_resets(0);
		assert_data(1, 10);
		while (is_back(0)) {
			back++;
		}
		assert_int_equal(back, SIZE / parts);
		assert_int_equal(count(2)->deaf, 1);
		/* both ways, for a while */
		begin(2, format);
		give(2, 2, BIG);
		give(0, 2, BIG);
		live(28 * HZ);
		request.src_port = 90;
		send(0, &request);
		assert_reset(0, 12, 6, 90);
		request.src_cid = 12;
		request.dst_cid = 10;
		send(2, &request);
		assert_reset(2, 10, 6, 90);
		live(3 * HZ);
		connect(2, 0, 91);
	}
}

static void who_is_held_up_by_one_is_not_late_for_another(void **state)
{
	struct vsock_header data = packet(VSOCK_RW, 10), header;

	begin_connected(state, PLAIN);
	data.src_cid = 11;
	data.dst_cid = 10;
	data.src_port = 6;
	data.dst_port = PORT_1;
	fill_queue(SIZE, 0x10000);
	live(HZ / 10);
	/* node 0 does not take any more: its own answers don't go out */
	for (uint32_t i = 0; i < SIZE; i++) {
		post_at(1, i * 256, &data, 0x10000);
	}
	live(8 * HZ / 10);
	assert_int_equal(count(2)->deaf, 1);
	assert_int_equal(count(0)->deaf, 0);
	for (uint32_t i = 0; !is_back(1); i++) {
		assert_in_range(i, 0, 100);
		give(0, 1, BIG);
		work_all();
		if (see(0, &header) && header.op == VSOCK_RST) {
			assert_int_equal(header.src_cid, 12);
		}
	}
	assert_int_equal(count(0)->deaf, 0);
}

static void a_sender_that_is_paused_makes_nobody_late(void **state)
{
	struct vsock_header data = to_2(VSOCK_RW, 3000);

	begin_connected(state, PLAIN);
	post(0, &data, 0x10000);
	live(HZ);
	give(2, 1, 1000 + HEADER);
	work(2, 10);
	fake_pass(10 * HZ); /* node 0 has no time meanwhile */
	work_all();
	assert_data(2, 1000);
	live(HZ / 2);
	give(2, 2, 1000 + HEADER);
	work_all();
	assert_data(2, 1000);
	assert_data(2, 1000);
	assert_true(is_back(0));
	assert_int_equal(count(2)->deaf, 0);
}

/* -- what waits, in its order -- */

static void a_reset_passes_others_but_not_its_own_connection(void **state)
{
	struct vsock_header data = to_2(VSOCK_RW, 10), reset = to_2(VSOCK_RST, 0);

	begin_connected(state, PLAIN);
	connect(0, 2, 8);
	post_at(0, 0, &data, 0x10000);
	post_at(0, 256, &reset, 0x10000);
	reset.src_port = 8;
	post_at(0, 512, &reset, 0x10000);
	work_all();
	assert_true(is_back(0)); /* of the other connection */
	assert_false(is_back(0));
	reset.src_port = PORT_2;
	post_at(0, 768, &reset, 0x10000);
	work_all();
	assert_true(is_back(0)); /* it says what waits already */
	give(2, 1, BIG);
	work_all();
	assert_reset(2, 10, 8, 6);
	give(2, 3, BIG);
	work_all();
	assert_data(2, 10);
	assert_reset(2, 10, PORT_2, 6);
	assert_silent(2);
	assert_true(is_back(0) && is_back(0));
	assert_false(is_back(0));
}

static void what_credit_there_is_is_said_once(void **state)
{
	struct vsock_header credit = to_2(VSOCK_CREDIT_UPDATE, 0), data = to_2(VSOCK_RW, 10);
	struct vsock_header header;

	begin_connected(state, PLAIN);
	for (uint32_t i = 0; i < 40; i++) {
		credit.fwd_cnt = 100 + i;
		post(0, &credit, 0x10000);
		work_all();
		assert_int_equal(is_back(0), i != 0);
	}
	/* but nothing older is said behind it */
	data.fwd_cnt = 140;
	post_at(0, 256, &data, 0x10000);
	credit.fwd_cnt = 141;
	post_at(0, 512, &credit, 0x10000);
	give(2, 4, BIG);
	work_all();
	for (uint32_t i = 0; i < 3; i++) {
		assert_true(see(2, &header));
		assert_int_equal(header.fwd_cnt, 139 + i);
		assert_int_equal(header.op, i == 1 ? VSOCK_RW : VSOCK_CREDIT_UPDATE);
	}
	assert_silent(2);
}

static void many_buffers_of_one_do_not_hold_up_another(void **state)
{
	struct vsock_header big = to_2(VSOCK_RW, 3000), data = packet(VSOCK_RW, 10), header;
	uint32_t taken = 0;

	begin_connected(state, PLAIN);
	give(1, 1, BIG);
	give(2, SIZE, HEADER + 1);
	post(0, &big, 0x10000);
	post_at(0, 0x8000, &data, 0x10000);
	/* node 2 gives a buffer as soon as it has one */
	for (uint32_t i = 0; i < 300 && !see(1, &header); i++) {
		work(0, 1);
		while (see(2, &header)) {
			give(2, 1, HEADER + 1);
			taken++;
		}
	}
	assert_in_range(taken, 16, 64);
	assert_int_equal(count(0)->sent_packets - 2, 1);
}

static void what_is_in_too_many_pieces_to_wait_is_refused_on_both_sides(void **state)
{
	for (uint32_t pieces = VSOCK_PIECES; pieces <= VSOCK_PIECES + 1; pieces++) {
		struct vsock_header sent = to_2(VSOCK_RW, pieces), header;
		struct fake_buffer part[VSOCK_PIECES + 2];
		uint32_t bytes = 0;

		set_up_seen(state);
		queue_size = 32;
		begin_all(PLAIN | VIRTIO_F_INDIRECT);
		connect(0, 2, PORT_2);
		give(0, 2, BIG);
		memcpy(fake_ram(place(0, SENT_AT)), &sent, HEADER);
		part[0] = (struct fake_buffer){.ipa = place(0, SENT_AT), .size = HEADER};
		for (uint32_t i = 1; i <= pieces; i++) {
			part[i] =
				(struct fake_buffer){.ipa = place(0, SENT_AT + 64 * i), .size = 1};
		}
		assert_true(fake_driver_make(&drivers[0][SEND], part, pieces + 1, true) >= 0);
		set(0, 0x50, SEND);
		work_all();
		assert_int_equal(is_back(0), pieces > VSOCK_PIECES);
		give(2, 8, BIG);
		work_all();
		if (pieces > VSOCK_PIECES) {
			assert_reset(0, 12, 6, PORT_2);
			assert_reset(2, 10, PORT_2, 6);
			continue;
		}
		while (see(2, &header)) {
			bytes += header.len;
		}
		assert_int_equal(bytes, pieces);
		assert_true(is_back(0));
	}
}

static void resets_for_a_driver_that_takes_none_are_not_kept_for_ever(void **state)
{
	struct vsock_header request = packet(VSOCK_REQUEST, 0);

	(void)state;
	begin_all(PLAIN);
	request.dst_cid = 99;
	for (uint32_t i = 0; i < SIZE; i++) {
		request.src_port = i;
		post_at(0, i * 64, &request, 0x10000);
	}
	work_all();
	assert_true(is_back(0));
	assert_false(is_back(0));
	live(HZ);
	for (uint32_t i = 1; i < SIZE; i++) {
		assert_true(is_back(0));
	}
	give(0, 2, BIG);
	work_all();
	assert_reset(0, 99, 6, 0);
	/* and then as ever */
	send(0, &request);
	assert_reset(0, 99, 6, SIZE - 1);
}

static void a_driver_that_gives_one_chain_many_times_gets_no_more_room(void **state)
{
	struct vsock_header sent = to_2(VSOCK_RW, 10);
	struct fake_driver *driver = &drivers[0][SEND];
	uint16_t index = 0;

	begin_connected(state, PLAIN);
	fill_queue(1, 0x10000);
	memcpy(&index, fake_ram(driver->driver_area + 2), 2);
	for (uint32_t i = 0; i < 4 * VSOCK_QUEUE_SIZE; i++) {
		/* the same descriptor, though the device has it */
		uint16_t first = 0;

		memcpy(fake_ram(driver->driver_area + 4 + 2 * (index % SIZE)), &first, 2);
		index++;
		memcpy(fake_ram(driver->driver_area + 2), &index, 2);
		set(0, 0x50, SEND);
		work_all();
	}
	begin(0, PLAIN);
	give(1, 1, BIG);
	sent.dst_cid = 11;
	send(0, &sent);
	assert_data(1, 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		VSOCK("requests of a stranger hold up nobody",
		      requests_of_a_stranger_hold_up_nobody),
		VSOCK("a packet that waits lets those for others pass",
		      a_packet_that_waits_lets_those_for_others_pass),
		VSOCK("who takes a byte at a time is late for the whole packet",
		      who_takes_a_byte_at_a_time_is_late_for_the_whole_packet),
		VSOCK("nothing of a stream passes its hole", nothing_of_a_stream_passes_its_hole),
		VSOCK("who fills the queue of a sender is cut off soon",
		      who_fills_the_queue_of_a_sender_is_cut_off_soon),
		VSOCK("who is held up by one is not late for another",
		      who_is_held_up_by_one_is_not_late_for_another),
		VSOCK("a sender that is paused makes nobody late",
		      a_sender_that_is_paused_makes_nobody_late),
		VSOCK("a reset passes others, but not its own connection",
		      a_reset_passes_others_but_not_its_own_connection),
		VSOCK("what credit there is is said once", what_credit_there_is_is_said_once),
		VSOCK("many buffers of one do not hold up another",
		      many_buffers_of_one_do_not_hold_up_another),
		VSOCK("what is in too many pieces to wait is refused on both sides",
		      what_is_in_too_many_pieces_to_wait_is_refused_on_both_sides),
		VSOCK("resets for a driver that takes none are not kept for ever",
		      resets_for_a_driver_that_takes_none_are_not_kept_for_ever),
		VSOCK("a driver that gives one chain many times gets no more room",
		      a_driver_that_gives_one_chain_many_times_gets_no_more_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
