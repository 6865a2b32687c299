/* SPDX-License-Identifier: Apache-2.0 */
/* Sockets between VMs, from the drivers' sides. virtio 1.2 5.10; docs/vsock.md */
#include "tests/unit/vsock_three.h"

/* -- packets -- */

static void the_configuration_says_the_CID(void **state)
{
	(void)state;
	assert_int_equal(get(1, 0x100), 11);
	assert_int_equal(get(1, 0x104), 0);
	assert_int_equal(get(1, 0x008), 19);
}

static void a_packet_comes_whole_and_interrupts(void **state)
{
	static const uint64_t formats[] = {PLAIN, PLAIN | VIRTIO_F_EVENT_INDEX,
					   PLAIN | VIRTIO_F_PACKED,
					   PLAIN | VIRTIO_F_PACKED | VIRTIO_F_EVENT_INDEX};
	struct vsock_header header;

	for (uint32_t i = 0; i < ARRAY_COUNT(formats); i++) {
		/* both orders of the two locks */
		for (uint32_t from = 0; from < 2; from++) {
			struct vsock_header sent = packet(VSOCK_RW, 3000);

			set_up_seen(state);
			sent.src_cid = 10 + from;
			sent.dst_cid = 11 - from;
			begin_all(formats[i]);
			give(1 - from, 2, BIG);
			send(from, &sent);
			assert_true(lines[1 - from]);
			assert_true(see(1 - from, &header));
			assert_memory_equal(got, fake_ram(place(from, SENT_AT)), HEADER + 3000);
			assert_silent(1 - from);
			assert_false(lines[2]);
			assert_int_equal(count(from)->sent_bytes, 3000);
			assert_int_equal(count(1 - from)->received_packets, 1);
		}
	}
}

/* Takes all that came of one stream; the bytes must be the pattern. */
static uint32_t collect(uint32_t node, uint32_t at)
{
	struct vsock_header header;

	while (see(node, &header)) {
		assert_int_equal(header.op, VSOCK_RW);
		assert_int_equal(header.fwd_cnt, 77);
		for (uint32_t i = 0; i < header.len; i++, at++) {
			assert_int_equal(got[HEADER + i], (uint8_t)(at * 7 + at / 251));
		}
	}
	return at;
}

static void packets_of_any_size_and_pieces_come_whole(void **state)
{
	static const uint32_t sizes[] = {1, 7, 955, 956, 957, 4000, 9000};
	static const uint32_t pieces[] = {6, 44, 45, 700, 9044};
	static const uint32_t buffers[] = {HEADER + 1, 100, 1000, BIG};

	for (uint32_t i = 0; i < ARRAY_COUNT(sizes) * ARRAY_COUNT(pieces); i++) {
		uint32_t size = sizes[i % ARRAY_COUNT(sizes)];
		uint32_t piece = pieces[i / ARRAY_COUNT(sizes)];

		for (uint32_t k = 0; k < ARRAY_COUNT(buffers); k++) {
			struct vsock_header sent = packet(VSOCK_RW, size);
			uint32_t room = buffers[k] - HEADER, at = 0;

			if ((size + HEADER) / piece >= SIZE - 1 || size / room > 200) {
				continue;
			}
			set_up_seen(state);
			begin_all(PLAIN);
			give(1, 10, buffers[k]);
			post(0, &sent, piece);
			work_all();
			/* the rest waits for buffers */
			while ((at = collect(1, at)) < size) {
				give(1, 10, buffers[k]);
				work_all();
			}
			assert_int_equal(at, size);
			assert_true(is_back(0));
		}
	}
}

static void what_nobody_is_there_for_is_answered_by_a_reset(void **state)
{
	static const uint64_t cids[] = {0, 1, 3, 10 /* its own */, 13, UINT64_C(0x10000000b), ~0U};

	(void)state;
	begin(0, PLAIN);
	give(0, 10, BIG);
	for (uint32_t i = 0; i < ARRAY_COUNT(cids); i++) {
		struct vsock_header sent = packet(VSOCK_REQUEST, 0);

		sent.dst_cid = cids[i];
		send(0, &sent);
		assert_reset(0, cids[i], 6, 5);
	}
	/* nobody drives the device of node 1 */
	send(0, &(struct vsock_header[]){packet(VSOCK_REQUEST, 0)}[0]);
	assert_reset(0, 11, 6, 5);
	/* nor is a reset answered by one */
	send(0, &(struct vsock_header[]){packet(VSOCK_RST, 0)}[0]);
	assert_silent(0);
	assert_int_equal(count(0)->refused, ARRAY_COUNT(cids) + 1);
}

static void what_comes_in_the_name_of_another_is_dropped(void **state)
{
	static const uint64_t cids[] = {2, 11, 12, UINT64_C(0x10000000a)};

	(void)state;
	begin_all(PLAIN);
	give(0, 4, BIG);
	give(1, 4, BIG);
	for (uint32_t i = 0; i < ARRAY_COUNT(cids); i++) {
		struct vsock_header sent = packet(VSOCK_REQUEST, 0);

		sent.src_cid = cids[i];
		send(0, &sent);
	}
	assert_silent(0);
	assert_silent(1);
	assert_int_equal(count(0)->spoofed, ARRAY_COUNT(cids));
}

static void what_no_specification_has_is_answered_by_a_reset(void **state)
{
	struct vsock_header sent[] = {packet(0, 0), packet(8, 0), packet(VSOCK_REQUEST, 1),
				      packet(VSOCK_RW, 1), packet(VSOCK_RW, 1)};

	(void)state;
	sent[3].type = 3;
	sent[4].type = VSOCK_SEQPACKET; /* nobody has agreed to it */
	begin_all(PLAIN);
	give(0, 10, BIG);
	give(1, 4, BIG);
	for (uint32_t i = 0; i < ARRAY_COUNT(sent); i++) {
		send(0, &sent[i]);
		assert_reset(0, 11, 6, 5);
	}
	assert_silent(1);
}

static void a_sender_that_breaks_rules_breaks_alone(void **state)
{
	const struct fake_buffer bad[][10] = {
		{{place(0, SENT_AT), HEADER - 1, false}},
		{{place(0, SENT_AT), HEADER + 99, false}}, /* its header says 100 */
		{{place(0, SENT_AT), HEADER + 100, false}, {place(0, SENT_AT), 8, true}},
		{{place(0, SENT_AT), HEADER, true}},
		{{FAKE_RAM + FAKE_RAM_SIZE - 4, 200, false}},
		{{place(0, SENT_AT), 1, false},
		 {place(0, SENT_AT + 1), 1, false},
		 {place(0, SENT_AT), 1, false},
		 {place(0, SENT_AT + 1), 1, false},
		 {place(0, SENT_AT), 1, false},
		 {place(0, SENT_AT + 1), 1, false},
		 {place(0, SENT_AT), 1, false},
		 {place(0, SENT_AT + 1), 1, false},
		 {place(0, SENT_AT + 8), 136, false}},
	};
	struct vsock_header sent = packet(VSOCK_RW, 100), header;

	for (uint32_t i = 0; i < ARRAY_COUNT(bad); i++) {
		uint32_t n = 0;

		set_up_seen(state);
		begin_all(PLAIN);
		give(1, 2, BIG);
		memcpy(fake_ram(place(0, SENT_AT)), &sent, HEADER);
		while (n < 10 && bad[i][n].size != 0) {
			n++;
		}
		fake_driver_make(&drivers[0][SEND], bad[i], n, false);
		set(0, 0x50, SEND);
		work_all();
		assert_int_equal(get(0, STATUS), 15 | NEEDS_RESET);
		assert_int_equal(get(1, STATUS), 15);
		assert_silent(1);
		begin(0, PLAIN);
		send(0, &sent);
		assert_true(see(1, &header));
	}
}

static void a_receiver_that_breaks_rules_breaks_alone(void **state)
{
	const struct fake_buffer bad[][2] = {
		{{place(1, GOT_AT), HEADER, true}}, /* no room for a byte */
		{{place(1, GOT_AT), BIG, false}},
		{{place(1, GOT_AT), 8, false}, {place(1, GOT_AT), BIG, true}},
		{{FAKE_RAM + FAKE_RAM_SIZE - 4, 200, true}},
	};
	struct vsock_header sent = packet(VSOCK_RW, 100), header;

	for (uint32_t i = 0; i < ARRAY_COUNT(bad); i++) {
		set_up_seen(state);
		begin_all(PLAIN);
		give(0, 2, BIG);
		fake_driver_make(&drivers[1][RECEIVE], bad[i], bad[i][1].size != 0 ? 2 : 1, false);
		send(0, &sent);
		assert_int_equal(get(1, STATUS), 15 | NEEDS_RESET);
		assert_int_equal(get(0, STATUS), 15);
		assert_reset(0, 11, 6, 5);
		begin(1, PLAIN);
		give(1, 2, BIG);
		send(0, &sent);
		assert_true(see(1, &header));
	}
}

static void messages_end_once_and_only_who_agreed_gets_them(void **state)
{
	struct vsock_header sent = packet(VSOCK_RW, 2500), header;

	(void)state;
	sent.type = VSOCK_SEQPACKET;
	sent.flags = VSOCK_EOM | VSOCK_EOR;
	begin(0, ALL);
	begin(1, ALL);
	begin(2, PLAIN);
	give(0, 2, BIG);
	give(1, 3, 1000 + HEADER);
	send(0, &sent);
	for (uint32_t i = 0; i < 3; i++) {
		assert_true(see(1, &header));
		assert_int_equal(header.len, i < 2 ? 1000 : 500);
		assert_int_equal(header.flags, i < 2 ? 0 : VSOCK_EOM | VSOCK_EOR);
	}
	sent.dst_cid = 12;
	send(0, &sent);
	assert_reset(0, 12, 6, 5);
}

static void a_driver_is_told_once_of_a_packet_in_parts(void **state)
{
	struct vsock_header sent = packet(VSOCK_RW, 2500), header;

	for (uint32_t i = 0; i < 2; i++) {
		set_up_seen(state);
		begin_all(PLAIN);
		give(1, 8, 1000 + HEADER);
		post(0, &sent, 0x10000);
		work(0, 2);
		assert_true(posted[0]);
		assert_false(lines[1]);
		if (i == 1) {
			/* it is never whole: what came of it is not left unsaid */
			set(0, STATUS, 0);
		}
		work_all();
		assert_true(lines[1]);
		assert_true(see(1, &header));
		assert_int_equal(header.len, 1000);
	}
}

/* -- waiting -- */

static void without_a_buffer_a_packet_waits_and_nothing_is_lost(void **state)
{
	static const uint64_t formats[] = {PLAIN, PLAIN | VIRTIO_F_EVENT_INDEX,
					   PLAIN | VIRTIO_F_PACKED | VIRTIO_F_EVENT_INDEX};
	struct vsock_header sent = packet(VSOCK_RW, 3000);

	for (uint32_t i = 0; i < ARRAY_COUNT(formats) * 2; i++) {
		uint32_t from = i % 2, at, before;

		set_up_seen(state);
		sent.src_cid = 10 + from;
		sent.dst_cid = 11 - from;
		begin_all(formats[i / 2]);
		give(1 - from, 1, 1000 + HEADER);
		post(from, &sent, 0x10000);
		work_all();
		assert_false(is_back(from));
		at = collect(1 - from, 0);
		assert_int_equal(at, 1000);
		/* it costs nothing meanwhile */
		before = steps;
		fake_pass(HZ);
		work_all();
		assert_in_range(steps - before, 0, 4);
		give(1 - from, 1, 1000 + HEADER);
		work_all();
		at = collect(1 - from, at);
		assert_int_equal(at, 2000);
		fake_pass(HZ / 2);
		work_all();
		give(1 - from, 1, 1000 + HEADER);
		work_all();
		assert_int_equal(collect(1 - from, at), 3000);
		assert_true(is_back(from));
		assert_int_equal(count(1 - from)->deaf, 0);
	}
}

static void all_that_wait_go_on(void **state)
{
	struct vsock_header sent[2] = {packet(VSOCK_RW, 10), packet(VSOCK_RW, 20)}, header;
	uint32_t came = 0;

	(void)state;
	begin_all(PLAIN);
	sent[1].src_cid = 12;
	post(0, &sent[0], 0x10000);
	post(2, &sent[1], 0x10000);
	work_all();
	assert_false(is_back(0) || is_back(2));
	for (uint32_t i = 0; i < 2; i++) {
		give(1, 1, BIG);
		work_all();
		assert_true(see(1, &header));
		came += header.len;
		assert_silent(1);
	}
	assert_int_equal(came, 30);
	assert_true(is_back(0) && is_back(2));
}

static void a_waiting_sender_that_is_reset_is_forgotten(void **state)
{
	struct vsock_header sent = packet(VSOCK_RW, 10), header;

	(void)state;
	begin_all(PLAIN);
	post(0, &sent, 0x10000);
	work_all();
	begin(0, PLAIN);
	give(1, 2, BIG);
	work_all();
	assert_silent(1);
	send(0, &sent);
	assert_true(see(1, &header));
}

/* -- ends -- */

static void who_is_reset_is_reset_for_all_it_talked_to(void **state)
{
	for (uint32_t i = 0; i < 2; i++) {
		struct vsock_header sent = packet(VSOCK_RW, 3000);

		set_up_seen(state);
		begin_all(PLAIN);
		connect(0, 1, 5);
		connect(1, 2, 8);
		connect(0, 2, 9);
		/* in the middle of a packet */
		give(1, 1, 1000 + HEADER);
		post(0, &sent, 0x10000);
		work_all();
		assert_int_equal(collect(1, 0), 1000);
		give(0, 3, BIG);
		give(2, 3, BIG);
		if (i == 0) {
			set(1, STATUS, 0);
		} else {
			virtio_reset(vdevs[1]);
		}
		fake_pass(10);
		work_all();
		/* for the connection, and for the rest of the packet */
		assert_true(is_back(0));
		assert_reset(0, 11, 6, 5);
		assert_reset(0, 11, 6, 5);
		/* and the connection that it had opened itself, of one that waits to hear */
		assert_reset(2, 11, 8, 6);
		assert_silent(0);
		assert_silent(2);
		begin(1, PLAIN);
		connect(0, 1, 5);
	}
}

static void connections_that_have_ended_are_forgotten(void **state)
{
	struct vsock_header sent = packet(VSOCK_RST, 0), header;

	(void)state;
	begin_all(PLAIN);
	for (uint32_t i = 0; i < 3 * VSOCK_LINKS; i++) {
		connect(0, 1, i);
		sent.src_port = i;
		give(1, 1, BIG);
		send(0, &sent);
		assert_true(see(1, &header));
	}
	assert_int_equal(count(0)->untracked + count(1)->untracked, 0);
	give(0, 2, BIG);
	virtio_reset(vdevs[1]);
	fake_pass(10);
	work_all();
	assert_silent(0);
}

static void connections_beyond_those_remembered_work(void **state)
{
	struct vsock_header sent = packet(VSOCK_RW, 10), header;

	(void)state;
	begin_all(PLAIN);
	for (uint32_t i = 0; i < VSOCK_LINKS + 2; i++) {
		connect(0, 1, i);
	}
	assert_int_equal(count(0)->untracked, 2);
	sent.src_port = VSOCK_LINKS + 1;
	give(1, 1, BIG);
	send(0, &sent);
	assert_true(see(1, &header));
	virtio_reset(vdevs[1]);
	fake_pass(10);
	for (uint32_t i = 0; i < VSOCK_LINKS; i++) {
		give(0, 1, BIG);
		work_all();
		assert_true(see(0, &header));
		assert_int_equal(header.op, VSOCK_RST);
		assert_in_range(header.dst_port, 0, VSOCK_LINKS - 1);
	}
	give(0, 1, BIG);
	work_all();
	assert_silent(0);
	/* these learn it when they send */
	send(0, &sent);
	assert_reset(0, 11, 6, VSOCK_LINKS + 1);
}

static void an_answer_of_EL2_waits_for_a_buffer_of_the_asker(void **state)
{
	struct vsock_header sent = packet(VSOCK_REQUEST, 0);

	(void)state;
	begin_all(PLAIN);
	sent.dst_cid = 99;
	send(0, &sent);
	assert_silent(0);
	sent.src_port = 7;
	post(0, &sent, 0x10000);
	work_all();
	assert_false(is_back(0)); /* there is room for one answer */
	give(0, 1, BIG);
	work_all();
	assert_reset(0, 99, 6, 5);
	assert_true(is_back(0));
	give(0, 1, BIG);
	work_all();
	assert_reset(0, 99, 6, 7);
	/* and a driver without that queue does no harm */
	set(0, 0x30, RECEIVE);
	set(0, 0xc0, 1);
	send(0, &sent);
	assert_int_equal(get(0, STATUS), 15);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		VSOCK("the configuration says the CID", the_configuration_says_the_CID),
		VSOCK("a packet comes whole and interrupts", a_packet_comes_whole_and_interrupts),
		VSOCK("packets of any size and pieces come whole",
		      packets_of_any_size_and_pieces_come_whole),
		VSOCK("what nobody is there for is answered by a reset",
		      what_nobody_is_there_for_is_answered_by_a_reset),
		VSOCK("what comes in the name of another is dropped",
		      what_comes_in_the_name_of_another_is_dropped),
		VSOCK("what no specification has is answered by a reset",
		      what_no_specification_has_is_answered_by_a_reset),
		VSOCK("a sender that breaks rules breaks alone",
		      a_sender_that_breaks_rules_breaks_alone),
		VSOCK("a receiver that breaks rules breaks alone",
		      a_receiver_that_breaks_rules_breaks_alone),
		VSOCK("messages end once, and only who agreed gets them",
		      messages_end_once_and_only_who_agreed_gets_them),
		VSOCK("a driver is told once of a packet in parts",
		      a_driver_is_told_once_of_a_packet_in_parts),
		VSOCK("without a buffer a packet waits, and nothing is lost",
		      without_a_buffer_a_packet_waits_and_nothing_is_lost),
		VSOCK("all that wait go on", all_that_wait_go_on),
		VSOCK("a waiting sender that is reset is forgotten",
		      a_waiting_sender_that_is_reset_is_forgotten),
		VSOCK("who is reset is reset for all it talked to",
		      who_is_reset_is_reset_for_all_it_talked_to),
		VSOCK("connections that have ended are forgotten",
		      connections_that_have_ended_are_forgotten),
		VSOCK("connections beyond those remembered work",
		      connections_beyond_those_remembered_work),
		VSOCK("an answer of EL2's waits for a buffer of the asker",
		      an_answer_of_EL2_waits_for_a_buffer_of_the_asker),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
