/* SPDX-License-Identifier: Apache-2.0 */
/* Network interfaces, from both drivers' sides. virtio 1.2 5.1; docs/network.md */
#include "tests/unit/net_suite.h"

static void a_frame_comes_whole_and_interrupts(void **state)
{
	static const uint64_t formats[] = {PLAIN, MANY, MANY | VIRTIO_F_EVENT_INDEX,
					   MANY | VIRTIO_F_PACKED,
					   PLAIN | VIRTIO_F_PACKED | VIRTIO_F_EVENT_INDEX};
	uint32_t size;

	for (uint32_t i = 0; i < ARRAY_COUNT(formats); i++) {
		/* both orders of the two locks */
		for (uint32_t from = 0; from < 2; from++) {
			set_up(state);
			begin_all(formats[i]);
			give(1 - from, 2, 2048);
			send(from, &plain, 1 - from, 60);
			assert_true(lines[1 - from]);
			assert_int_equal(see(1 - from, 2048, 0, &size), 1);
			assert_came_whole(from, size, 60);
			assert_int_equal(port(from)->count.sent_bytes, 60);
			assert_int_equal(port(1 - from)->count.received_frames, 1);
			assert_false(lines[2]);
		}
	}
}

static void frames_of_any_size_and_pieces_come_whole(void **state)
{
	static const uint32_t sizes[] = {14, 15, 60, 115, 116, 117, 128, 129, 140, 1514, 9018};
	uint32_t size;

	for (uint32_t i = 0; i < ARRAY_COUNT(sizes); i++) {
		static const uint32_t pieces[] = {1, 7, 12, 13, 140, 141, 999, 9030};

		for (uint32_t k = 0; k < ARRAY_COUNT(pieces); k++) {
			if ((sizes[i] + HEADER) / pieces[k] >= SIZE - 1) {
				continue;
			}
			set_up(state);
			begin_all(MANY);
			give(1, 10, 1000);
			write_frame(0, &plain, 1, sizes[i]);
			post_frame(0, sizes[i], pieces[k]);
			work(0, 100);
			assert_int_equal(see(1, 1000, 0, &size), (sizes[i] + HEADER + 999) / 1000);
			assert_came_whole(0, size, sizes[i]);
		}
	}
}

static void many_buffers_of_all_formats_are_seen_at_once(void **state)
{
	static const uint64_t formats[] = {MANY, MANY | VIRTIO_F_EVENT_INDEX,
					   MANY | VIRTIO_F_PACKED,
					   MANY | VIRTIO_F_PACKED | VIRTIO_F_EVENT_INDEX};
	const struct net_header big = {.flags = NET_NEEDS_CSUM,
				       .gso_type = NET_GSO_TCPV4,
				       .header_size = 54,
				       .gso_size = 1448,
				       .csum_start = 34,
				       .csum_offset = 16};
	uint32_t size, written;

	for (uint32_t i = 0; i < ARRAY_COUNT(formats); i++) {
		set_up(state);
		begin_all(formats[i] | OFFLOADS);
		for (uint32_t k = 0; k < 3; k++) {
			give(1, 11, 6100);
			write_frame(0, &big, 1, 65000);
			post_frame(0, 65000, ROOM);
			/* until the last step there is nothing to be seen */
			while (port(1)->count.received_frames == k) {
				assert_int_equal(fake_driver_see(&drivers[1][RECEIVE], &written),
						 -1);
				assert_true(posted[0]);
				work(0, 1);
			}
			assert_int_equal(see(1, 6100, 0, &size), 11);
			assert_came_whole(0, size, 65000);
			assert_memory_equal(got, &big, HEADER - 2);
			work(0, 10);
			assert_true(fake_driver_see(&drivers[0][SEND], &written) >= 0);
		}
	}
}

/* Into one buffer, with a look at what else there is to do now and then. */
static void a_frame_takes_as_many_steps_as_others_leave_it(void **state)
{
	uint32_t size, written, fewest = UINT32_MAX;

	for (uint32_t looks = 0; looks < 12; looks++) {
		set_up(state);
		begin_all(PLAIN | OFFLOADS);
		give(1, 1, ROOM);
		steps = 0;
		goes_on = looks;
		send(0,
		     &(struct net_header){.flags = NET_NEEDS_CSUM,
					  .gso_type = NET_GSO_TCPV4,
					  .gso_size = 1448,
					  .csum_start = 34,
					  .csum_offset = 16},
		     1, 65000);
		assert_int_equal(see(1, ROOM, 0, &size), 1);
		assert_came_whole(0, size, 65000);
		assert_int_equal(port(1)->count.received_bytes, 65000);
		assert_int_equal(fake_driver_see(&drivers[0][SEND], &written), -1);
		assert_true(steps <= fewest);
		fewest = steps;
	}
	/* the access that told of it did it all */
	assert_int_equal(fewest, 0);
}

static void without_buffers_a_frame_is_dropped_and_what_was_taken_goes_back(void **state)
{
	static const uint64_t formats[] = {MANY, MANY | VIRTIO_F_PACKED};
	uint32_t size;

	for (uint32_t i = 0; i < ARRAY_COUNT(formats); i++) {
		set_up(state);
		begin_all(formats[i]);
		send(0, &plain, 1, 60);
		assert_int_equal(dropped(1, SWITCH_DROP_FULL), 1);
		give(1, 3, 1000);
		send(0, &plain, 1, 4000);
		assert_int_equal(dropped(1, SWITCH_DROP_FULL), 2);
		assert_int_equal(see(1, 1000, 0, &size), 0);
		assert_false(lines[1]);
		/* the three are as new */
		send(0, &plain, 1, 2900);
		assert_int_equal(see(1, 1000, 0, &size), 3);
		assert_came_whole(0, size, 2900);
	}
}

static void a_buffer_that_is_too_small_takes_no_frame(void **state)
{
	uint32_t size;

	(void)state;
	begin_all(PLAIN);
	give(1, 1, 100);
	send(0, &plain, 1, 89);
	assert_int_equal(dropped(1, SWITCH_DROP_ROOM), 1);
	send(0, &plain, 1, 88);
	assert_int_equal(see(1, 100, 0, &size), 1);
	assert_came_whole(0, size, 88);
}

static void a_frame_for_all_comes_to_each_once(void **state)
{
	uint32_t size;

	(void)state;
	begin_all(MANY);
	give(1, 2, 100);
	give(2, 2, 2048);
	send(0, &plain, NODES, 150);
	assert_int_equal(see(1, 100, 0, &size), 2);
	assert_came_whole(0, size, 150);
	assert_int_equal(see(2, 2048, 0, &size), 1);
	assert_came_whole(0, size, 150);
	assert_int_equal(see(2, 2048, 1, &size), 0);
	assert_int_equal(port(0)->count.sent_frames, 1);
}

static void a_receiver_that_is_not_there_keeps_nobody(void **state)
{
	(void)state;
	begin(0, MANY);
	send(0, &plain, 1, 60);
	send(0, &plain, NODES, 60);
	assert_int_equal(dropped(1, SWITCH_DROP_DOWN), 2);
	assert_int_equal(dropped(2, SWITCH_DROP_DOWN), 1);
}

static void headers_that_can_not_be_drop_their_frame(void **state)
{
	static const struct net_header wrong[] = {
		{.flags = NET_NEEDS_CSUM, .csum_start = 13, .csum_offset = 16},
		{.flags = NET_NEEDS_CSUM, .csum_start = 34, .csum_offset = 25},
		{.flags = NET_NEEDS_CSUM, .csum_start = 65535, .csum_offset = 65535},
		{.gso_type = 3, .flags = NET_NEEDS_CSUM, .csum_start = 34, .gso_size = 100},
		{.gso_type = 0x81, .flags = NET_NEEDS_CSUM, .csum_start = 34, .gso_size = 100},
		{.gso_type = NET_GSO_TCPV4, .csum_start = 34, .gso_size = 100},
		{.gso_type = NET_GSO_TCPV4, .flags = NET_NEEDS_CSUM, .csum_start = 34},
		{.gso_type = NET_GSO_TCPV6,
		 .flags = NET_NEEDS_CSUM,
		 .csum_start = 34,
		 .gso_size = 9019},
		{.gso_type = NET_GSO_TCPV6,
		 .flags = NET_NEEDS_CSUM,
		 .csum_start = 34,
		 .gso_size = NET_GSO_MIN - 1},
	};
	/* what is cut is as long as a frame may be, at most */
	const struct net_header long_ones = {.flags = NET_NEEDS_CSUM,
					     .gso_type = NET_GSO_TCPV4,
					     .gso_size = NET_FRAME_MAX,
					     .csum_start = 34,
					     .csum_offset = 16};
	const struct net_header right = {.flags = NET_NEEDS_CSUM,
					 .csum_start = 34,
					 .csum_offset = 24};
	uint32_t size;

	(void)state;
	begin_all(MANY | OFFLOADS);
	give(1, 4, 2048);
	for (uint32_t i = 0; i < ARRAY_COUNT(wrong); i++) {
		send(0, &wrong[i], 1, 60);
		assert_int_equal(dropped(0, SWITCH_DROP_HEADER), i + 1);
	}
	send(0, &long_ones, 1, 9400);
	send(0, &plain, 1, 9019);
	assert_int_equal(dropped(0, SWITCH_DROP_HEADER), ARRAY_COUNT(wrong) + 2);
	send(0, &long_ones, 1, NET_FRAME_GSO_MAX + 1);
	send(0, &plain, 1, 13);
	assert_int_equal(dropped(0, SWITCH_DROP_SIZE), 2);
	assert_int_equal(see(1, 2048, 0, &size), 0);
	send(0, &right, 1, 60);
	assert_int_equal(see(1, 2048, 0, &size), 1);
	/* only what was agreed on */
	begin(0, MANY);
	send(0, &right, 1, 60);
	assert_int_equal(dropped(0, SWITCH_DROP_HEADER), ARRAY_COUNT(wrong) + 3);
}

static void begin_large(uint64_t features)
{
	begin_all(features);
	give(1, 10, 1000);
	write_frame(0, &plain, 1, 9000);
	post_frame(0, 9000, ROOM);
	work(0, 1);
	assert_true(posted[0]);
	assert_int_equal(port(1)->count.received_frames, 0);
}

static void a_sender_that_is_reset_in_the_middle_leaves_buffers_as_they_were(void **state)
{
	static const uint64_t formats[] = {MANY, MANY | VIRTIO_F_PACKED};
	uint32_t size;

	for (uint32_t i = 0; i < ARRAY_COUNT(formats); i++) {
		for (uint32_t how = 0; how < 3; how++) {
			set_up(state);
			begin_large(formats[i]);
			if (how == 0) {
				set(0, STATUS, 0);
			} else if (how == 1) {
				virtio_reset(vdevs[0]);
			} else {
				set(0, 0x30, SEND);
				set(0, 0xc0, 1);
			}
			work(0, 100);
			begin(0, formats[i]);
			send(0, &plain, 1, 8900);
			assert_int_equal(see(1, 1000, 0, &size), 9);
			assert_came_whole(0, size, 8900);
		}
	}
}

static void buffers_that_were_taken_between_others_come_back_empty(void **state)
{
	static const uint64_t formats[] = {MANY, MANY | VIRTIO_F_PACKED};
	uint32_t size, written, empty = 0;

	for (uint32_t i = 0; i < ARRAY_COUNT(formats); i++) {
		set_up(state);
		begin_large(formats[i]);
		/* while the first is on its way another one comes, and is there at once */
		send(2, &plain, 1, 60);
		assert_int_equal(port(1)->count.received_frames, 1);
		assert_true(fake_driver_see(&drivers[1][RECEIVE], &written) >= 0);
		assert_int_equal(written, HEADER + 60);
		virtio_reset(vdevs[0]);
		for (empty = 0; fake_driver_see(&drivers[1][RECEIVE], &written) >= 0; empty++) {
			assert_int_equal(written, 0);
		}
		assert_in_range(empty, 1, 9);
		/* none is lost: the others are there, and no more */
		begin(0, formats[i]);
		give(1, empty, 1000);
		send(0, &plain, 1, 8900);
		while (fake_driver_see(&drivers[1][RECEIVE], &written) >= 0) {
			assert_in_range(written, 1, 1000);
		}
		assert_int_equal(port(1)->count.received_frames, 2);
	}
	(void)size;
}

static void a_frame_that_others_get_ahead_of_comes_whole(void **state)
{
	uint32_t written, size = 0;

	(void)state;
	begin_all(MANY);
	give(1, 12, 1000);
	write_frame(0, &plain, 1, 9000);
	post_frame(0, 9000, ROOM);
	work(0, 1);
	for (uint32_t i = 0; posted[0]; i++) {
		if (i < 2) {
			send(2, &plain, 1, 60);
		}
		work(0, 1);
	}
	assert_int_equal(port(1)->count.received_frames, 3);
	for (uint32_t i = 0; fake_driver_see(&drivers[1][RECEIVE], &written) >= 0; i++) {
		size += written;
	}
	assert_int_equal(size, 2 * (HEADER + 60) + HEADER + 9000);
}

static void a_receiver_that_is_reset_in_the_middle_gets_nothing_of_it(void **state)
{
	uint32_t size;

	for (uint32_t how = 0; how < 3; how++) {
		set_up(state);
		begin_large(MANY);
		if (how == 0) {
			begin(1, MANY);
			give(1, 10, 1000);
		} else if (how == 1) {
			virtio_reset(vdevs[1]);
		} else {
			set(1, 0x30, RECEIVE);
			set(1, 0xc0, 1);
			tell_queue(1, RECEIVE, SIZE, MANY);
			give(1, 10, 1000);
		}
		memset(fake_ram(place(1, GOT_AT)), 0xee, 10000);
		work(0, 100);
		assert_int_equal(((uint8_t *)fake_ram(place(1, GOT_AT)))[9011], 0xee);
		assert_int_equal(dropped(1, SWITCH_DROP_DOWN), 1);
		if (how != 1) {
			assert_int_equal(see(1, 1000, 0, &size), 0);
			send(0, &plain, 1, 60);
			assert_int_equal(see(1, 1000, 0, &size), 1);
		}
	}
}

static void a_receiver_that_breaks_rules_breaks_alone(void **state)
{
	static const struct fake_buffer reads = {FAKE_RAM + 0x1000, 2048, false};
	static const struct fake_buffer tiny = {FAKE_RAM + 0x1000, 11, true};

	for (uint32_t how = 0; how < 4; how++) {
		set_up(state);
		begin_all(MANY);
		give(2, 1, 2048);
		if (how == 0) {
			fake_driver_make(&drivers[1][RECEIVE], &reads, 1, false);
		} else if (how == 1) {
			fake_driver_make(&drivers[1][RECEIVE], &tiny, 1, false);
		} else {
			give(1, 2, 100);
			fake_driver_poke(drivers[1][RECEIVE].descriptors + (how - 2) * 16, 0x1000,
					 2048, 2, 0);
		}
		send(0, &plain, 1, 200);
		assert_int_equal(get(1, STATUS) & NEEDS_RESET, NEEDS_RESET);
		assert_true(lines[1]);
		work(1, 100);
		assert_int_equal(get(0, STATUS), 15);
		send(0, &plain, 1, 60);
		assert_int_equal(dropped(1, SWITCH_DROP_DOWN), 1);
		send(0, &plain, 2, 60);
		assert_int_equal(port(2)->count.received_frames, 1);
	}
}

/* It holds a third one's buffers when its receive queue turns out to be broken. */
static void one_that_is_broken_by_others_gives_back_what_it_holds(void **state)
{
	uint32_t size;

	(void)state;
	begin_all(MANY);
	give(2, 10, 1000);
	write_frame(1, &plain, 2, 9000);
	post_frame(1, 9000, ROOM);
	work(1, 1);
	assert_true(posted[1]);
	give(1, 1, 2048);
	fake_driver_poke(drivers[1][RECEIVE].descriptors, 0x1000, 2048, 2, 0);
	send(0, &plain, 1, 60);
	assert_int_equal(get(1, STATUS) & NEEDS_RESET, NEEDS_RESET);
	work(1, 100);
	send(0, &plain, 2, 9000);
	assert_int_equal(see(2, 1000, 0, &size), 10);
	assert_came_whole(0, size, 9000);
}

static void a_sender_that_breaks_rules_breaks_alone(void **state)
{
	(void)state;
	begin_all(MANY);
	give(1, 10, 1000);
	write_frame(0, &plain, 1, 9000);
	fake_driver_make(&drivers[0][SEND],
			 (struct fake_buffer[]){{place(0, SENT_AT), 100, false},
						{place(0, SENT_AT), 100, true}},
			 2, false);
	set(0, 0x50, SEND);
	work(0, 100);
	assert_int_equal(get(0, STATUS) & NEEDS_RESET, NEEDS_RESET);
	assert_int_equal(get(1, STATUS), 15);
	send(2, &plain, 1, 60);
	assert_int_equal(port(1)->count.received_frames, 1);
}

static void a_limit_makes_the_next_frames_wait(void **state)
{
	uint32_t written, came = 0;

	(void)state;
	/* a byte a tick */
	begin_all(MANY);
	port(0)->byte_cost = UINT64_C(1) << 20;
	give(1, 15, 2048);
	write_frame(0, &plain, 1, 1500);
	for (uint32_t i = 0; i < SWITCH_RATE_BURST / 1500 + 20; i++) {
		uint64_t before = fake_time.now;

		post_frame(0, 1500, ROOM);
		work(0, 10);
		/* what is not sent yet waits for an alarm, and for nothing else */
		while (fake_driver_see(&drivers[0][SEND], &written) < 0) {
			assert_int_equal(came, port(1)->count.received_frames);
			fake_pass(100);
			assert_true(fake_time.now - before <= 1600);
			work(0, 10);
		}
		came++;
		while (fake_driver_see(&drivers[1][RECEIVE], &written) >= 0) {
			give(1, 1, 2048);
		}
	}
	assert_int_equal(port(1)->count.received_frames, came);
	/* a reset is no way round it */
	assert_true(fake_time.arms >= 19);
	begin(0, MANY);
	write_frame(0, &plain, 1, 1500);
	post_frame(0, 1500, ROOM);
	work(0, 10);
	assert_int_equal(port(1)->count.received_frames, came);
	fake_pass(1600);
	work(0, 10);
	assert_int_equal(port(1)->count.received_frames, came + 1);
}

static void the_configuration_says_address_link_and_speed(void **state)
{
	(void)state;
	assert_int_equal(get(1, 0x100), 2);
	assert_int_equal(get(1, 0x104), 0x00010100);
	assert_int_equal(get(1, 0x10c), 10000);
	assert_int_equal(get(1, 0x008), 1);
}

/* A sender that gives back what it took, after others took and used so many that the ring is where
 * it was: a lap or two of a packed one, or all numbers of a split one. */
static void laps_of_others_make_no_buffers_its_own_again(void **state)
{
	static const uint64_t formats[] = {MANY | VIRTIO_F_PACKED, MANY};
	struct fake_driver *driver = &drivers[1][RECEIVE];
	const struct fake_buffer buffer = {place(1, GOT_AT), 1000, true};

	for (uint32_t i = 0; i < ARRAY_COUNT(formats); i++) {
		uint32_t lap = i == 0 ? 2 * SIZE : 65536, written;
		bool out[VIRTQ_SIZE_MAX];
		int id;

		set_up(state);
		begin_all(formats[i]);
		while (fake_driver_make(driver, &buffer, 1, false) >= 0) {
		}
		write_frame(0, &plain, 1, 9000);
		post_frame(0, 9000, ROOM);
		work(0, 1);
		assert_true(posted[0]);
		for (uint32_t others = 0; others < lap; others++) {
			send(2, &plain, 1, 60);
			while (fake_driver_see(driver, &written) >= 0) {
				fake_driver_make(driver, &buffer, 1, false);
			}
		}
		set(0, STATUS, 0);
		/* it has those back that it gave, each once */
		for (uint32_t k = 0; k < SIZE + 4; k++) {
			for (uint32_t n = 0; n < VIRTQ_SIZE_MAX; n++) {
				out[n] = driver->chain[n].out;
			}
			send(2, &plain, 1, 60);
			while ((id = fake_driver_see(driver, &written)) >= 0) {
				assert_true(out[id]);
				out[id] = false;
			}
		}
		assert_int_equal(fake_driver_make(driver, &buffer, 1, false) >= 0, true);
	}
}

/* -- a network of many, which stay there: the last cases -- */

#define CROWD 60

/* Their addresses end with 1 and their number. */
static int set_up_crowd(void **state)
{
	static struct switch_port crowd[CROWD];
	static struct port_config config[CROWD];
	static uint64_t words[CROWD][SWITCH_WORDS(SWITCH_SETS)];

	for (uint32_t i = 0; i < CROWD && crowd[i].config == NULL; i++) {
		config[i] = (struct port_config){.network = &network,
						 .mac = {2, 0, 0, 0, 1, (uint8_t)i}};
		switch_join(&crowd[i], &config[i], HZ, words[i]);
	}
	return set_up(state);
}

/* A frame of 60 bytes to node 1, from node 0, that comes from an address which ends so. */
static void post_from(const char *address)
{
	write_frame(0, &plain, 1, 60);
	memcpy((uint8_t *)fake_ram(place(0, SENT_AT)) + HEADER + 6, address, 6);
	post_frame(0, 60, ROOM);
}

static void a_search_among_many_takes_steps(void **state)
{
	uint32_t size, written, count = 1;

	(void)state;
	begin_all(MANY);
	give(1, 4, 2048);
	port(0)->byte_cost = UINT64_C(1) << 20; /* a byte a tick */
	post_from("\x0a\0\0\0\0\1");
	for (; port(1)->count.received_frames == 0; count++) {
		assert_true(posted[0]);
		assert_int_equal(port(0)->count.sent_frames, 0);
		work(0, 1);
	}
	assert_in_range(count, (CROWD + 2) / SWITCH_WALK + 1, (CROWD + 2) / SWITCH_WALK + 3);
	assert_int_equal(see(1, 2048, 0, &size), 1);
	assert_came_whole(0, size, 60);
	work(0, 10);
	assert_true(fake_driver_see(&drivers[0][SEND], &written) >= 0);
	/* it is one frame, to who counts */
	assert_int_equal(port(0)->count.sent_frames, 1);
	assert_int_equal(switch_ready(port(0)), fake_time.now - SWITCH_RATE_BURST + 60);
	/* from the same once more: the access that tells of it does it all */
	post_from("\x0a\0\0\0\0\1");
	assert_int_equal(port(1)->count.received_frames, 2);
}

static void who_is_refused_after_a_search_may_send_again(void **state)
{
	uint32_t written;

	(void)state;
	begin_all(MANY);
	give(1, 4, 2048);
	for (uint32_t i = 1; i < 3; i++) {
		post_from("\2\0\0\0\1\x3a");
		work(0, 100);
		assert_int_equal(dropped(0, SWITCH_DROP_SOURCE), i);
		assert_true(fake_driver_see(&drivers[0][SEND], &written) >= 0);
	}
	assert_int_equal(port(1)->count.received_frames, 0);
	send(0, &plain, 1, 60);
	assert_int_equal(port(1)->count.received_frames, 1);
}

static void a_sender_that_is_reset_in_a_search_begins_anew(void **state)
{
	uint32_t size;

	for (uint32_t how = 0; how < 3; how++) {
		set_up(state);
		begin_all(MANY);
		give(1, 4, 2048);
		post_from("\2\0\0\0\1\x3a");
		assert_true(posted[0]);
		if (how == 0) {
			set(0, STATUS, 0);
		} else if (how == 1) {
			virtio_reset(vdevs[0]);
		} else {
			set(0, 0x30, SEND);
			set(0, 0xc0, 1);
		}
		work(0, 100);
		begin(0, MANY);
		send(0, &plain, 1, 60);
		assert_int_equal(see(1, 2048, 0, &size), 1);
		assert_came_whole(0, size, 60);
		assert_int_equal(dropped(0, SWITCH_DROP_SOURCE), 0);
	}
}

#define AMONG_MANY(sentence, function) CASE_IN(sentence, function, set_up_crowd)

int main(void)
{
	const struct CMUnitTest tests[] = {
		NET("the configuration says address, link and speed",
		    the_configuration_says_address_link_and_speed),
		NET("a frame comes whole and interrupts", a_frame_comes_whole_and_interrupts),
		NET("frames of any size and pieces come whole",
		    frames_of_any_size_and_pieces_come_whole),
		NET("many buffers, of all formats, are seen at once",
		    many_buffers_of_all_formats_are_seen_at_once),
		NET("a frame takes as many steps as others leave it",
		    a_frame_takes_as_many_steps_as_others_leave_it),
		NET("without buffers a frame is dropped, and what was taken goes back",
		    without_buffers_a_frame_is_dropped_and_what_was_taken_goes_back),
		NET("a buffer that is too small takes no frame",
		    a_buffer_that_is_too_small_takes_no_frame),
		NET("a frame for all comes to each once", a_frame_for_all_comes_to_each_once),
		NET("a receiver that is not there keeps nobody",
		    a_receiver_that_is_not_there_keeps_nobody),
		NET("headers that can't be drop their frame",
		    headers_that_can_not_be_drop_their_frame),
		NET("a sender that is reset in the middle leaves buffers as they were",
		    a_sender_that_is_reset_in_the_middle_leaves_buffers_as_they_were),
		NET("buffers that were taken between others' come back empty",
		    buffers_that_were_taken_between_others_come_back_empty),
		NET("a frame that others get ahead of comes whole",
		    a_frame_that_others_get_ahead_of_comes_whole),
		NET("laps of others make no buffers its own again",
		    laps_of_others_make_no_buffers_its_own_again),
		NET("a receiver that is reset in the middle gets nothing of it",
		    a_receiver_that_is_reset_in_the_middle_gets_nothing_of_it),
		NET("a receiver that breaks rules breaks alone",
		    a_receiver_that_breaks_rules_breaks_alone),
		NET("one that is broken by others gives back what it holds",
		    one_that_is_broken_by_others_gives_back_what_it_holds),
		NET("a sender that breaks rules breaks alone",
		    a_sender_that_breaks_rules_breaks_alone),
		NET("a limit makes the next frames wait", a_limit_makes_the_next_frames_wait),
		AMONG_MANY("a search among many takes steps", a_search_among_many_takes_steps),
		AMONG_MANY("who is refused after a search may send again",
			   who_is_refused_after_a_search_may_send_again),
		AMONG_MANY("a sender that is reset in a search begins anew",
			   a_sender_that_is_reset_in_a_search_begins_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
