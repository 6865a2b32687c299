/* SPDX-License-Identifier: Apache-2.0 */
/* What a sender leaves to do, checksums and segments to cut, and what of it counts and is held.
 * virtio 1.2 5.1.6.2. */
#include "tests/unit/net_suite.h"

/* 5.1.6.2.2, 5.1.6.4.1: what its driver says of its length is not looked at, and what the receiver
 * is told covers the headers. */
static void how_long_headers_are_is_looked_up(void **state)
{
	static const uint16_t said[] = {0, 54, 61, UINT16_MAX};
	static const struct {
		uint8_t at, length; /* of TCP's header */
		uint16_t covers;
	} headers[] = {{34, 0x60, 58}, {34, 0xf0, 94}, {34, 0, 54}, {54, 0x50, 74}, {200, 0, 260}};
	uint32_t size;

	for (uint32_t i = 0; i < ARRAY_COUNT(said) * ARRAY_COUNT(headers); i++) {
		uint32_t k = i / ARRAY_COUNT(said);
		const struct net_header big = {.flags = NET_NEEDS_CSUM,
					       .gso_type = NET_GSO_TCPV4,
					       .header_size = said[i % ARRAY_COUNT(said)],
					       .gso_size = 1000,
					       .csum_start = headers[k].at,
					       .csum_offset = 16};

		set_up(state);
		begin_all(MANY | OFFLOADS);
		give(1, 3, 2048);
		write_frame(0, &big, 1, 4000);
		((uint8_t *)fake_ram(place(0, SENT_AT)))[HEADER + headers[k].at + 12] =
			headers[k].length;
		post_frame(0, 4000, ROOM);
		work(0, 100);
		assert_int_equal(see(1, 2048, 0, &size), 2);
		assert_int_equal(((struct net_header *)got)->header_size, headers[k].covers);
	}
}

static void the_longest_frame_of_TCP_over_IPv6_comes(void **state)
{
	const struct net_header big = {.flags = NET_NEEDS_CSUM,
				       .gso_type = NET_GSO_TCPV6,
				       .gso_size = 1440,
				       .csum_start = 54,
				       .csum_offset = 16};
	uint32_t size;

	(void)state;
	begin_all(MANY | OFFLOADS);
	give(1, 11, 6100);
	send(0, &big, 1, 14 + 40 + 65535);
	assert_int_equal(see(1, 6100, 0, &size), 11);
	assert_came_whole(0, size, 14 + 40 + 65535);
}

/* The sum over all 16-bit words, as RFC 1071 has it. */
static uint16_t sum_of(const uint8_t *at, uint32_t size)
{
	uint32_t sum = 0;

	for (uint32_t i = 0; i < size; i++) {
		sum += i % 2 == 0 ? (uint32_t)at[i] << 8 : at[i];
		sum = (sum & 0xffff) + (sum >> 16);
	}
	return (uint16_t)sum;
}

/* What a receiver checks: the sum of the pseudo header, which the sender had written where the
 * checksum goes, and of all that follows. */
static uint32_t over_all(uint32_t size)
{
	const uint8_t *sent = fake_ram(place(0, SENT_AT) + HEADER + 50);

	return sum_of(got + HEADER + 34, size - 34) + ((uint32_t)sent[0] << 8 | sent[1]);
}

static void a_checksum_that_is_left_to_do_is_done_for_who_can_not(void **state)
{
	const struct net_header left = {.flags = NET_NEEDS_CSUM,
					.csum_start = 34,
					.csum_offset = 16};
	static const uint32_t sizes[] = {60, 61, 1514, 8999};
	uint32_t size;

	for (uint32_t i = 0; i < ARRAY_COUNT(sizes); i++) {
		for (uint32_t piece = 641; piece < ROOM; piece *= 50) {
			set_up(state);
			begin(0, MANY | OFFLOADS);
			begin(1, MANY);
			give(1, 1, 10000);
			write_frame(0, &left, 1, sizes[i]);
			post_frame(0, sizes[i], piece);
			work(0, 100);
			assert_int_equal(see(1, 10000, 0, &size), 1);
			assert_int_equal(size, HEADER + sizes[i]);
			assert_int_equal(got[0], 0);
			assert_int_equal(over_all(sizes[i]) % 0xffff, 0);
		}
	}
}

static void a_segment_that_is_left_to_cut_goes_to_who_can(void **state)
{
	const struct net_header big = {.flags = NET_NEEDS_CSUM,
				       .gso_type = NET_GSO_TCPV6,
				       .header_size = 74,
				       .gso_size = 1440,
				       .csum_start = 54,
				       .csum_offset = 16};

	(void)state;
	begin(0, MANY | OFFLOADS);
	begin(1, MANY | NET_F_GUEST_CSUM | NET_F_GUEST_TSO4);
	give(1, 11, 6100);
	send(0, &big, 1, 65000);
	/* what stands there is no TCP: nobody can cut it */
	assert_int_equal(dropped(1, SWITCH_DROP_OFFLOAD), 1);
	begin(1, MANY | NET_F_GUEST_CSUM | NET_F_GUEST_TSO6);
	give(1, 11, 6100);
	send(0, &big, 1, 65000);
	assert_int_equal(port(1)->count.received_frames, 1);
}

/* A frame of TCP over IPv4 or IPv6, for the receiver to cut; its checksum field as a driver leaves
 * it. */
#define TCP4 34
#define TCP6 54
static void write_tcp(const struct net_header *header, bool v6, uint32_t size)
{
	uint8_t *frame = (uint8_t *)fake_ram(place(0, SENT_AT)) + HEADER;
	uint8_t *tcp = frame + (v6 ? TCP6 : TCP4);

	write_frame(0, header, 1, size);
	if (v6) {
		memcpy(frame + 12, "\x86\xdd\x60\0\0\0\xff\xff\x06", 9);
	} else {
		memcpy(frame + 12, "\x08\0\x45\0\xff\xff\x12\xff\x40\0\x40\x06", 12);
	}
	/* sequence, acknowledged; 24 bytes of header; FIN, PSH, ACK, CWR */
	memcpy(tcp + 4, "\xff\xff\xf0\0\1\2\3\4\x60\x99", 10);
}

static uint32_t get_be(const uint8_t *at, uint32_t size)
{
	uint32_t value = 0;

	while (size-- != 0) {
		value = value << 8 | *at++;
	}
	return value;
}

/* The piece of `size` bytes in got[] is the one that begins `at` bytes on. */
static void check_piece(bool v6, uint32_t at, uint32_t size, uint32_t index, bool last)
{
	const uint8_t *frame = got + HEADER, *ip = frame + 14, *tcp = frame + (v6 ? TCP6 : TCP4);
	const uint8_t *sent = fake_ram(place(0, SENT_AT) + HEADER);
	uint32_t header = (v6 ? TCP6 : TCP4) + 24, length = 24 + size, sum;

	assert_int_equal(get_be(got, 4) | get_be(got + 4, 4), 0);
	assert_memory_equal(frame + header, sent + header + at, size);
	assert_int_equal(get_be(tcp + 4, 4), 0xfffff000U + at);
	assert_int_equal(tcp[13], (last ? 0x19 : 0x10) | (at == 0 ? 0x80 : 0));
	if (v6) {
		assert_int_equal(get_be(ip + 4, 2), length);
		sum = sum_of(ip + 8, 32);
	} else {
		assert_int_equal(get_be(ip + 2, 2), 20 + length);
		assert_int_equal(get_be(ip + 4, 2), (0x12ff + index) & 0xffff);
		assert_int_equal(sum_of(ip, 20) % 0xffff, 0);
		sum = sum_of(ip + 12, 8);
	}
	assert_int_equal((sum + 6 + length + sum_of(tcp, length)) % 0xffff, 0);
}

static void a_segment_is_cut_for_who_can_not(void **state)
{
	static const uint64_t formats[] = {PLAIN, MANY, MANY | NET_F_GUEST_CSUM | VIRTIO_F_PACKED};
	static const uint32_t payloads[] = {1, 1447, 1448, 1449, 10001, 20272};

	for (uint32_t i = 0; i < 2 * ARRAY_COUNT(formats) * ARRAY_COUNT(payloads); i++) {
		bool v6 = i % 2 != 0;
		uint32_t left = payloads[i / 2 % ARRAY_COUNT(payloads)], at = 0, index = 0, size;
		const struct net_header big = {
			.flags = NET_NEEDS_CSUM,
			.gso_type = v6 ? NET_GSO_TCPV6 : NET_GSO_TCPV4,
			.gso_size = 1448,
			.csum_start = v6 ? TCP6 : TCP4,
			.csum_offset = 16,
		};

		set_up(state);
		begin(0, MANY | OFFLOADS);
		begin(1, formats[i / 2 / ARRAY_COUNT(payloads)]);
		give(1, 15, 2048);
		write_tcp(&big, v6, big.csum_start + 24U + left);
		post_frame(0, big.csum_start + 24U + left, 5000);
		work(0, 1000);
		while (left != 0) {
			uint32_t piece = MIN(left, 1448U);

			assert_int_equal(see(1, 2048, index, &size), 1);
			assert_int_equal(size, HEADER + big.csum_start + 24U + piece);
			left -= piece;
			check_piece(v6, at, piece, index++, left == 0);
			at += piece;
		}
		assert_int_equal(see(1, 2048, index, &size), 0);
		assert_int_equal(dropped(1, SWITCH_DROP_FULL), 0);
	}
}

/* What is read with the headers is payload, too: of one piece, of several, or not all of one. */
static void small_pieces_begin_in_what_was_read_with_the_headers(void **state)
{
	static const uint16_t segments[] = {48, 49, 64, 75, 76, 77, 100};

	for (uint32_t i = 0; i < 10 * ARRAY_COUNT(segments); i++) {
		bool v6 = i % 2 != 0;
		uint32_t segment = segments[i / 10], index = 0, size;
		const struct net_header big = {
			.flags = NET_NEEDS_CSUM,
			.gso_type = v6 ? NET_GSO_TCPV6 : NET_GSO_TCPV4,
			.gso_size = (uint16_t)segment,
			.csum_start = v6 ? TCP6 : TCP4,
			.csum_offset = 16,
		};
		uint32_t headers = big.csum_start + 24U, left = 40 + 37 * (i / 2 % 5);

		set_up(state);
		begin(0, MANY | OFFLOADS);
		begin(1, MANY);
		give(1, 15, 2048);
		write_tcp(&big, v6, headers + left);
		post_frame(0, headers + left, (HEADER + headers + left) / SIZE + 1);
		work(0, 1000);
		for (uint32_t at = 0, piece; left != 0; at += piece, left -= piece) {
			piece = MIN(left, segment);
			assert_int_equal(see(1, 2048, index, &size), 1);
			assert_int_equal(size, HEADER + headers + piece);
			check_piece(v6, at, piece, index++, piece == left);
		}
		assert_int_equal(see(1, 2048, index, &size), 0);
	}
}

static void who_learns_to_cut_in_the_middle_gets_the_whole(void **state)
{
	const struct net_header big = {.flags = NET_NEEDS_CSUM,
				       .gso_type = NET_GSO_TCPV4,
				       .gso_size = 1000,
				       .csum_start = TCP4,
				       .csum_offset = 16};
	uint32_t size;

	(void)state;
	begin(0, MANY | OFFLOADS);
	begin(1, MANY);
	give(1, 10, 2048);
	write_tcp(&big, false, 12000);
	post_frame(0, 12000, ROOM);
	while (port(1)->count.received_frames < 2) {
		work(0, 1);
	}
	begin(1, MANY | OFFLOADS);
	give(1, 10, 2048);
	work(0, 100);
	assert_int_equal(see(1, 2048, 0, &size), 6);
	assert_came_whole(0, size, 12000);
	assert_int_equal(get(0, STATUS), 15);
}

static void what_is_no_TCP_is_not_cut(void **state)
{
	static const struct {
		uint8_t at, value;
	} wrong[] = {{12, 0x86}, {14, 0x55},	    {14, 0x46},
		     {23, 17},	 {TCP4 + 12, 0x40}, {TCP4 + 12, 0xf0}};
	const struct net_header big = {.flags = NET_NEEDS_CSUM,
				       .gso_type = NET_GSO_TCPV4,
				       .gso_size = 50,
				       .csum_start = TCP4,
				       .csum_offset = 16};

	for (uint32_t i = 0; i < ARRAY_COUNT(wrong); i++) {
		set_up(state);
		begin(0, MANY | OFFLOADS);
		begin(1, MANY);
		give(1, 10, 2048);
		write_tcp(&big, false, 90);
		((uint8_t *)fake_ram(place(0, SENT_AT)))[HEADER + wrong[i].at] = wrong[i].value;
		post_frame(0, 90, ROOM);
		work(0, 100);
		assert_int_equal(dropped(1, SWITCH_DROP_OFFLOAD), 1);
		assert_int_equal(port(1)->count.received_frames, 0);
	}
}

/* All steps of node 0, whose receivers take what comes and give new buffers for it. */
static void work_and_take(void)
{
	uint32_t written;

	while (posted[0]) {
		work(0, 1);
		for (uint32_t i = 1; i < NODES; i++) {
			while (fake_driver_see(&drivers[i][RECEIVE], &written) >= 0) {
				give(i, 1, 2048);
			}
		}
	}
}

/* Sends a frame of TCP over IPv4 that is to be cut. */
static void send_tcp(uint32_t to, uint32_t size, uint32_t segment)
{
	const struct net_header big = {.flags = NET_NEEDS_CSUM,
				       .gso_type = NET_GSO_TCPV4,
				       .gso_size = (uint16_t)segment,
				       .csum_start = TCP4,
				       .csum_offset = 16};

	write_tcp(&big, false, size);
	if (to == NODES) {
		memset((uint8_t *)fake_ram(place(0, SENT_AT)) + HEADER, 0xff, 6);
	}
	post_frame(0, size, ROOM);
	work_and_take();
}

/* One frame is as many as it is cut into, for who can't take it whole. */
static void a_storm_of_frames_to_cut_is_bounded(void **state)
{
	uint32_t written, taken = 0;

	(void)state;
	begin(0, MANY | OFFLOADS);
	for (uint32_t i = 1; i < NODES; i++) {
		begin(i, PLAIN);
		give(i, 15, 2048);
	}
	/* 20 of 1,000 bytes each: 12 times, of 256 at once */
	for (uint32_t i = 0; i < 50; i++) {
		send_tcp(NODES, 58 + 20000, 1000);
		assert_int_equal(fake_driver_see(&drivers[0][SEND], &written), 0);
	}
	for (uint32_t i = 1; i < NODES; i++) {
		assert_int_equal(port(i)->count.received_frames, 240);
		assert_int_equal(dropped(i, SWITCH_DROP_FULL), 0);
	}
	assert_int_equal(port(0)->count.sent_frames, 12);
	assert_int_equal(dropped(0, SWITCH_DROP_STORM), 38);
	/* 2,000 a second */
	for (uint32_t i = 0; i < 100; i++) {
		fake_pass(HZ / 100);
		send_tcp(NODES, 58 + 20000, 1000);
		taken += (uint32_t)fake_driver_see(&drivers[0][SEND], &written) == 0;
	}
	assert_int_equal(taken, 100);
	assert_in_range(port(2)->count.received_frames, 2000, 240 + 2000);
	/* more than that at once never; and to one there may be as many */
	fake_pass(HZ);
	send_tcp(NODES, 58 + 20000, 50);
	assert_in_range(port(2)->count.received_frames, 2000, 240 + 2000);
	fake_driver_see(&drivers[0][SEND], &written);
	send_tcp(1, 58 + 20000, 50);
	assert_int_equal(port(1)->count.received_frames, port(2)->count.received_frames + 400);
}

static void a_limit_counts_what_is_cut(void **state)
{
	/* in pieces of 50 bytes, with headers of 58 */
	const uint64_t bytes = 200 * (58 + 50), begun = fake_time.now;
	uint32_t written;

	(void)state;
	begin(0, MANY | OFFLOADS);
	begin(1, PLAIN);
	give(1, 15, 2048);
	port(0)->byte_cost = UINT64_C(1) << 20; /* a byte a tick */
	for (uint32_t i = 0; i < 20; i++) {
		send_tcp(1, 58 + 10000, 50);
		while (fake_driver_see(&drivers[0][SEND], &written) < 0) {
			fake_pass(100);
			work_and_take();
		}
	}
	assert_int_equal(port(1)->count.received_frames, 20 * 200);
	assert_int_equal(port(1)->count.received_bytes, 20 * bytes);
	/* but for what it may send at once, and the last one */
	assert_in_range(fake_time.now - begun, 19 * bytes - SWITCH_RATE_BURST,
			20 * bytes - SWITCH_RATE_BURST);
}

/* 5.1.4.1, of packets: Ethernet's header does not count, nor a tag. */
static void no_packet_is_longer_than_its_driver_was_told(void **state)
{
	static const struct {
		bool tag;
		uint32_t size;
	} frames[] = {{false, 14 + MTU}, {false, 15 + MTU}, {true, 18 + MTU}, {true, 19 + MTU}};
	uint8_t *frame = (uint8_t *)fake_ram(place(0, SENT_AT)) + HEADER;
	uint32_t size, written;

	for (uint32_t i = 0; i < 4 * ARRAY_COUNT(frames); i++) {
		uint32_t k = i % ARRAY_COUNT(frames);
		bool told = i / ARRAY_COUNT(frames) % 2 == 0, all = i >= 2 * ARRAY_COUNT(frames);
		bool comes = !told || frames[k].size <= MTU + 14U + (frames[k].tag ? 4 : 0);

		set_up(state);
		assert_int_equal(get(LIMITED, 0x108) >> 16, MTU);
		begin_all(MANY);
		begin(LIMITED, MANY | (told ? NET_F_MTU : 0));
		give(LIMITED, 1, 2048);
		give(2, 1, 2048);
		write_frame(0, &plain, all ? NODES : LIMITED, frames[k].size);
		memcpy(frame + 12, frames[k].tag ? "\x81\0" : "\x08\0", 2);
		post_frame(0, frames[k].size, ROOM);
		work(0, 100);
		assert_int_equal(see(LIMITED, 2048, 0, &size), comes);
		assert_int_equal(dropped(LIMITED, SWITCH_DROP_ROOM), !comes);
		assert_int_equal(see(2, 2048, 0, &size), all);
		/* nor does it send any */
		write_frame(LIMITED, &plain, 0, frames[k].size);
		memcpy((uint8_t *)fake_ram(place(LIMITED, SENT_AT)) + HEADER + 12,
		       frames[k].tag ? "\x81\0" : "\x08\0", 2);
		post_frame(LIMITED, frames[k].size, ROOM);
		work(LIMITED, 100);
		assert_true(fake_driver_see(&drivers[LIMITED][SEND], &written) >= 0);
		assert_int_equal(dropped(LIMITED, SWITCH_DROP_SIZE), !comes);
	}
}

static void of_a_segment_to_cut_the_pieces_are_what_is_limited(void **state)
{
	static const uint64_t takes[] = {MANY, MANY | OFFLOADS};
	uint32_t written;

	for (uint32_t i = 0; i < ARRAY_COUNT(takes); i++) {
		set_up(state);
		begin_all(MANY | OFFLOADS);
		begin(LIMITED, takes[i] | NET_F_MTU);
		give(LIMITED, 15, 2048);
		send_tcp(LIMITED, 10000, 14 + MTU - 58);
		assert_int_equal(port(LIMITED)->count.received_bytes,
				 i == 0 ? 10000 + 6 * 58 : 10000);
		assert_int_equal(fake_driver_see(&drivers[0][SEND], &written), 0);
		send_tcp(LIMITED, 10000, 15 + MTU - 58);
		assert_int_equal(port(LIMITED)->count.received_bytes,
				 i == 0 ? 10000 + 6 * 58 : 10000);
		assert_int_equal(dropped(LIMITED, SWITCH_DROP_ROOM), 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		NET("a checksum that is left to do is done for who can't",
		    a_checksum_that_is_left_to_do_is_done_for_who_can_not),
		NET("a segment that is left to cut goes to who can",
		    a_segment_that_is_left_to_cut_goes_to_who_can),
		NET("a segment is cut for who can't", a_segment_is_cut_for_who_can_not),
		NET("small pieces begin in what was read with the headers",
		    small_pieces_begin_in_what_was_read_with_the_headers),
		NET("who learns to cut in the middle gets the whole",
		    who_learns_to_cut_in_the_middle_gets_the_whole),
		NET("what is no TCP is not cut", what_is_no_TCP_is_not_cut),
		NET("how long headers are is looked up", how_long_headers_are_is_looked_up),
		NET("the longest frame of TCP over IPv6 comes",
		    the_longest_frame_of_TCP_over_IPv6_comes),
		NET("a storm of frames to cut is bounded", a_storm_of_frames_to_cut_is_bounded),
		NET("a limit counts what is cut", a_limit_counts_what_is_cut),
		NET("no packet is longer than its driver was told",
		    no_packet_is_longer_than_its_driver_was_told),
		NET("of a segment to cut the pieces are what is limited",
		    of_a_segment_to_cut_the_pieces_are_what_is_limited),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
