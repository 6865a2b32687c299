/* SPDX-License-Identifier: Apache-2.0 */
/* Who gets a frame. docs/network.md */
#include "drivers/virtio/switch.h"

#include <string.h>

#include "tests/unit/unit.h"

#define HZ    1000000
#define PORTS 320
#define MANY  200 /* of one network */

static struct port_config configs[PORTS];
static struct switch_port ports[PORTS];
static struct network_config networks[PORTS];
static uint64_t words[PORTS][SWITCH_WORDS(SWITCH_SETS)];
static uint32_t port_count, network_count;
static uint64_t now;

/* -- a network, and frames -- */

static const struct network_config *network(void)
{
	now = 10 * HZ;
	return &networks[network_count++];
}

/* Plugs one in; its address ends with `last`. */
static struct switch_port *plug(const struct network_config *into, uint32_t last, uint32_t vlan)
{
	struct port_config *config = &configs[port_count];

	*config = (struct port_config){
		.network = into,
		.vlan = vlan,
		.mac = {2, 0, 0, 0, (uint8_t)(last >> 8), (uint8_t)last},
	};
	switch_join(&ports[port_count], config, HZ, words[port_count]);
	return &ports[port_count++];
}

static void make(uint8_t *frame, uint64_t to, uint64_t from, uint16_t type)
{
	for (uint32_t i = 0; i < 6; i++) {
		frame[i] = (uint8_t)(to >> (40 - 8 * i));
		frame[6 + i] = (uint8_t)(from >> (40 - 8 * i));
	}
	frame[12] = (uint8_t)(type >> 8);
	frame[13] = (uint8_t)type;
}

#define ALL	  UINT64_C(0xffffffffffff)
#define GROUP	  UINT64_C(0x01005e000001)
#define OWN(n)	  (UINT64_C(0x020000000000) | (n))
#define BEHIND(n) (UINT64_C(0x0a0000000000) | (n))
#define IP	  0x0800
#define TAGGED	  0x8100

static struct switch_port *target;
static bool flood;

static enum switch_drop send(struct switch_port *from, uint64_t source, uint64_t to)
{
	uint8_t frame[14] __attribute__((aligned(2)));

	make(frame, to, source, IP);
	return switch_decide(from, frame, now, &target, &flood);
}

static void expect_one(struct switch_port *from, uint64_t source, uint64_t to,
		       const struct switch_port *who)
{
	assert_int_equal(send(from, source, to), SWITCH_SENT);
	assert_ptr_equal(target, who);
	assert_false(flood);
}

static void expect_flood(struct switch_port *from, uint64_t source, uint64_t to)
{
	assert_int_equal(send(from, source, to), SWITCH_SENT);
	assert_ptr_equal(target, from->next);
	assert_true(flood);
}

/* -- cases -- */

static void an_address_of_the_config_is_known_from_the_start(void **state)
{
	const struct network_config *net = network();
	struct switch_port *a = plug(net, 1, 0), *b = plug(net, 2, 0), *c = plug(net, 3, 0);

	(void)state;
	expect_one(a, OWN(1), OWN(3), c);
	expect_one(a, OWN(1), OWN(2), b);
	expect_one(c, OWN(3), OWN(1), a);
}

static void what_is_for_all_goes_to_all_others_in_the_order_of_the_config(void **state)
{
	const struct network_config *net = network();
	struct switch_port *a = plug(net, 1, 0), *b = plug(net, 2, 0), *c = plug(net, 3, 0);

	(void)state;
	expect_flood(a, OWN(1), ALL);
	expect_flood(b, OWN(2), GROUP);
	expect_flood(c, OWN(3), BEHIND(1));
	assert_ptr_equal(a->next, b);
	assert_ptr_equal(b->next, c);
	assert_ptr_equal(c->next, a);
}

static void an_address_behind_a_port_is_learnt_and_moves(void **state)
{
	const struct network_config *net = network();
	struct switch_port *a = plug(net, 1, 0), *b = plug(net, 2, 0), *c = plug(net, 3, 0);

	(void)state;
	expect_flood(a, OWN(1), BEHIND(7));
	expect_one(b, BEHIND(7), OWN(1), a);
	expect_one(a, OWN(1), BEHIND(7), b);
	/* it turns up elsewhere */
	expect_one(c, BEHIND(7), OWN(1), a);
	expect_one(a, OWN(1), BEHIND(7), c);
	expect_one(b, OWN(2), BEHIND(7), c);
	/* where it is it has heard it itself */
	expect_one(c, OWN(3), BEHIND(7), NULL);
}

static void an_address_that_says_nothing_is_forgotten(void **state)
{
	const struct network_config *net = network();
	struct switch_port *a = plug(net, 1, 0), *b = plug(net, 2, 0);

	(void)state;
	expect_one(b, BEHIND(7), OWN(1), a);
	now += (SWITCH_AGE_S - 1) * (uint64_t)HZ;
	expect_one(a, OWN(1), BEHIND(7), b);
	expect_one(b, BEHIND(7), OWN(1), a);
	now += SWITCH_AGE_S * (uint64_t)HZ;
	expect_one(a, OWN(1), BEHIND(7), b);
	now++;
	expect_flood(a, OWN(1), BEHIND(7));
	/* and when its driver goes, all of them are */
	expect_one(b, BEHIND(7), OWN(1), a);
	switch_forget(b);
	expect_flood(a, OWN(1), BEHIND(7));
}

static void no_port_can_push_out_what_another_has_learnt(void **state)
{
	const struct network_config *net = network();
	struct switch_port *a = plug(net, 1, 0), *b = plug(net, 2, 0), *c = plug(net, 3, 0);

	(void)state;
	for (uint32_t i = 0; i < 4; i++) {
		expect_one(b, BEHIND(i), OWN(1), a);
	}
	for (uint32_t i = 0; i < 100000; i++) {
		expect_one(c, BEHIND(1000 + i), OWN(1), a);
	}
	for (uint32_t i = 0; i < 4; i++) {
		expect_one(a, OWN(1), BEHIND(i), b);
	}
	/* the last ones are there still, of those that came before nothing */
	expect_one(a, OWN(1), BEHIND(1000 + 99999), c);
	expect_flood(a, OWN(1), BEHIND(1000));
}

static void nobody_takes_the_address_of_another_port(void **state)
{
	const struct network_config *net = network();
	struct switch_port *a = plug(net, 1, 0), *b = plug(net, 2, 0), *c = plug(net, 3, 0);

	(void)state;
	assert_int_equal(send(c, OWN(2), ALL), SWITCH_DROP_SOURCE);
	expect_one(a, OWN(1), OWN(2), b);
}

/* Its config may forbid a port to have others behind it, and so to take the address of one that is
 * somewhere else. */
static void a_port_may_be_held_to_its_own_address(void **state)
{
	const struct network_config *net = network();
	struct switch_port *a = plug(net, 1, 0), *b = plug(net, 2, 0), *c = plug(net, 3, 0);

	(void)state;
	configs[a - ports].own_mac_only = true;
	assert_int_equal(send(c, BEHIND(1), OWN(2)), SWITCH_SENT);
	assert_int_equal(send(a, BEHIND(1), OWN(2)), SWITCH_DROP_SOURCE);
	expect_one(b, OWN(2), BEHIND(1), c);
	expect_one(a, OWN(1), OWN(2), b);
	expect_one(a, OWN(1), BEHIND(1), c);
}

static void a_source_that_is_a_group_or_nobody_is_refused(void **state)
{
	const struct network_config *net = network();
	struct switch_port *a = plug(net, 1, 0);

	(void)state;
	plug(net, 2, 0);
	assert_int_equal(send(a, GROUP, OWN(2)), SWITCH_DROP_SOURCE);
	assert_int_equal(send(a, ALL, OWN(2)), SWITCH_DROP_SOURCE);
	assert_int_equal(send(a, 0, OWN(2)), SWITCH_DROP_SOURCE);
}

static void VLANs_and_networks_know_nothing_of_each_other(void **state)
{
	const struct network_config *net = network(), *other = network();
	struct switch_port *a = plug(net, 1, 5), *b = plug(net, 2, 6), *c = plug(net, 3, 5);
	struct switch_port *d = plug(net, 4, 0), *e = plug(other, 5, 5);

	(void)state;
	expect_one(a, OWN(1), OWN(3), c);
	expect_flood(a, OWN(1), OWN(2));
	assert_ptr_equal(target, c);
	assert_ptr_equal(c->next, a);
	assert_ptr_equal(b->next, b);
	assert_ptr_equal(d->next, d);
	assert_ptr_equal(e->next, e);
	/* alone: nobody gets it, and that is no fault */
	expect_one(b, OWN(2), ALL, NULL);
}

static void a_port_of_a_VLAN_sends_no_tags(void **state)
{
	static const uint16_t tags[] = {TAGGED, 0x88a8};
	const struct network_config *net = network();
	struct switch_port *a = plug(net, 1, 5), *b = plug(net, 2, 0);
	uint8_t frame[14] __attribute__((aligned(2)));

	(void)state;
	plug(net, 3, 5);
	plug(net, 4, 0);
	for (uint32_t i = 0; i < 2; i++) {
		make(frame, ALL, OWN(1), tags[i]);
		assert_int_equal(switch_decide(a, frame, now, &target, &flood), SWITCH_DROP_TAG);
		make(frame, ALL, OWN(2), tags[i]);
		assert_int_equal(switch_decide(b, frame, now, &target, &flood), SWITCH_SENT);
	}
}

static void a_storm_is_bounded_and_others_are_not(void **state)
{
	const struct network_config *net = network();
	struct switch_port *a = plug(net, 1, 0), *b = plug(net, 2, 0);
	uint32_t passed = 0;

	(void)state;
	while (send(a, OWN(1), ALL) == SWITCH_SENT) {
		passed++;
	}
	assert_int_equal(passed, SWITCH_FLOOD_BURST);
	assert_int_equal(send(a, OWN(1), BEHIND(1)), SWITCH_DROP_STORM);
	expect_one(a, OWN(1), OWN(2), b);
	/* many frames of one are all there, or none */
	expect_flood(b, OWN(2), ALL);
	assert_false(switch_may_flood(b, SWITCH_FLOOD_BURST, now));
	assert_true(switch_may_flood(b, SWITCH_FLOOD_BURST - 1, now));
	assert_false(switch_may_flood(b, 1, now));
	assert_false(switch_may_flood(b, UINT32_MAX, now + 1000 * HZ));
	/* in time it may again, at its rate */
	for (uint32_t i = 0; i < HZ; i += 100) {
		now += 100;
		passed += send(a, OWN(1), ALL) == SWITCH_SENT;
	}
	assert_in_range(passed, SWITCH_FLOOD_BURST + SWITCH_FLOOD_RATE - 1,
			SWITCH_FLOOD_BURST + SWITCH_FLOOD_RATE);
}

static struct switch_port *plug_uplink(const struct network_config *into, uint32_t vlan)
{
	static uint64_t many[4][SWITCH_WORDS(SWITCH_UPLINK_SETS)];
	static uint32_t count;
	struct port_config *config = &configs[port_count];

	*config = (struct port_config){.network = into, .vlan = vlan};
	switch_join_uplink(&ports[port_count], config, HZ, many[count++],
			   (struct uplink *)&ports[port_count]);
	return &ports[port_count++];
}

static void an_uplink_learns_many_addresses_and_has_none_of_its_own(void **state)
{
	const struct network_config *net = network();
	struct switch_port *up = plug_uplink(net, 0), *a = plug(net, 1, 0), *b = plug(net, 2, 0);
	uint32_t known = 0;

	(void)state;
	expect_flood(a, OWN(1), BEHIND(7));
	for (uint32_t i = 0; i < 256; i++) {
		expect_one(up, BEHIND(i), OWN(1), a);
	}
	for (uint32_t i = 0; i < 256; i++) {
		now += HZ; /* floods are bounded */
		assert_int_equal(send(a, OWN(1), BEHIND(i)), SWITCH_SENT);
		known += target == up && !flood;
	}
	/* half of its places are taken: few sets are full */
	assert_in_range(known, 240, 256);
	/* nobody has the address that it lacks, nor can a VM be spoken for from outside */
	expect_flood(a, OWN(1), 0);
	assert_int_equal(send(up, OWN(2), OWN(1)), SWITCH_DROP_SOURCE);
	expect_one(a, OWN(1), OWN(2), b);
	/* who moves in is heard of there no more */
	expect_one(b, BEHIND(3), OWN(1), a);
	expect_one(a, OWN(1), BEHIND(3), b);
}

static void an_uplink_takes_no_tags_and_nothing_for_the_next_bridge(void **state)
{
	const struct network_config *net = network();
	struct switch_port *up = plug_uplink(net, 0), *five = plug_uplink(net, 5);
	struct switch_port *a = plug(net, 1, 0), *b = plug(net, 2, 5);
	uint8_t frame[14] __attribute__((aligned(2)));

	(void)state;
	expect_flood(up, BEHIND(1), ALL);
	assert_ptr_equal(target, a);
	expect_flood(five, BEHIND(1), ALL);
	assert_ptr_equal(target, b);
	assert_ptr_equal(b->next, five);
	for (uint32_t i = 0; i < 2; i++) {
		make(frame, ALL, BEHIND(1), i == 0 ? TAGGED : 0x88a8);
		assert_int_equal(switch_decide(up, frame, now, &target, &flood), SWITCH_DROP_TAG);
		assert_int_equal(switch_decide(five, frame, now, &target, &flood), SWITCH_DROP_TAG);
	}
	for (uint64_t i = 0; i < 16; i++) {
		make(frame, UINT64_C(0x0180c2000000) + i, BEHIND(1), IP);
		assert_int_equal(switch_decide(up, frame, now, &target, &flood), SWITCH_DROP_LINK);
	}
	make(frame, UINT64_C(0x0180c2000010), BEHIND(1), IP);
	assert_int_equal(switch_decide(up, frame, now, &target, &flood), SWITCH_SENT);
}

/* -- a network of many -- */

/* The first of them, the same for all cases; it has learnt nothing. */
static struct switch_port *many(void)
{
	static struct switch_port *first;

	if (first == NULL) {
		const struct network_config *net = network();

		first = plug(net, 1, 0);
		for (uint32_t i = 2; i <= MANY; i++) {
			plug(net, i, 0);
		}
	}
	for (uint32_t i = 0; i < MANY; i++) {
		switch_forget(&first[i]);
	}
	now += 10 * HZ;
	return first;
}

/* All calls of one frame, in each of which a few ports are looked at; their number. */
static uint32_t calls_for(struct switch_port *from, uint64_t source, uint64_t to,
			  enum switch_drop expected, uint32_t *looked)
{
	enum switch_drop why;
	uint32_t calls = 0;

	*looked = 0;
	do {
		why = send(from, source, to);
		assert_in_range(from->looked, 0, SWITCH_WALK);
		*looked += from->looked;
		calls++;
		assert_true(why == SWITCH_MORE || why == expected);
		assert_true(why != SWITCH_MORE || (target == NULL && !flood));
	} while (why == SWITCH_MORE);
	return calls;
}

static bool is_behind_port(const struct switch_port *port, uint64_t address)
{
	/* as a frame has it, its first byte lowest */
	uint64_t word = __builtin_bswap64(address) >> 16;

	for (uint32_t i = 0; i < SWITCH_SETS * SWITCH_WAYS; i++) {
		if (port->table.learnt[i] == word) {
			return true;
		}
	}
	return false;
}

static bool has_learnt(const struct switch_port *port)
{
	uint64_t any = port->learning;

	for (uint32_t i = 0; i < SWITCH_SETS * SWITCH_WAYS; i++) {
		any |= port->table.learnt[i];
	}
	return any != 0;
}

static void many_ports_are_looked_at_in_steps(void **state)
{
	struct switch_port *a = many(), *last = a + MANY - 1, *b = a + 99;
	uint32_t all = (MANY - 1 + SWITCH_WALK - 1) / SWITCH_WALK, looked;

	(void)state;
	/* an address of the config, as far away as can be */
	assert_int_equal(calls_for(a, OWN(1), OWN(MANY), SWITCH_SENT, &looked), all);
	assert_int_equal(looked, MANY - 1);
	assert_ptr_equal(target, last);
	/* one that nobody has; one that is new here, and where it goes is known */
	assert_int_equal(calls_for(a, OWN(1), BEHIND(7), SWITCH_SENT, &looked), all);
	assert_true(flood);
	assert_int_equal(calls_for(b, BEHIND(7), BEHIND(8), SWITCH_SENT, &looked), all);
	assert_true(flood);
	assert_int_equal(calls_for(a, OWN(1), BEHIND(7), SWITCH_SENT, &looked),
			 (99 + SWITCH_WALK - 1) / SWITCH_WALK);
	assert_ptr_equal(target, b);
	/* what is for all, from one who is new */
	assert_int_equal(calls_for(b, BEHIND(9), ALL, SWITCH_SENT, &looked), all);
	assert_true(flood);
	/* between those who know each other none is */
	for (uint32_t i = 0; i < 3; i++) {
		expect_one(a, OWN(1), OWN(MANY), last);
		assert_int_equal(a->looked, 0);
		expect_one(a, OWN(1), BEHIND(7), b);
		assert_int_equal(a->looked, 0);
		expect_one(b, BEHIND(7), BEHIND(9), NULL);
		assert_int_equal(b->looked, 0);
		expect_flood(a, OWN(1), ALL);
		assert_int_equal(a->looked, 0);
	}
	/* it moves to the farthest one, and from there to where it is looked for */
	assert_int_equal(calls_for(last, BEHIND(7), ALL, SWITCH_SENT, &looked), all);
	assert_false(is_behind_port(b, BEHIND(7)));
	assert_int_equal(calls_for(a, OWN(1), BEHIND(7), SWITCH_SENT, &looked), all);
	assert_ptr_equal(target, last);
	assert_int_equal(calls_for(a, BEHIND(7), OWN(2), SWITCH_SENT, &looked), all);
	assert_ptr_equal(target, a + 1);
	assert_false(has_learnt(last));
}

static void in_the_name_of_any_of_many_nothing_is_sent_or_learnt(void **state)
{
	struct switch_port *a = many();
	uint32_t looked;

	(void)state;
	for (uint32_t i = 2; i <= MANY; i++) {
		calls_for(a, OWN(i), i % 2 != 0 ? ALL : OWN(MANY), SWITCH_DROP_SOURCE, &looked);
		assert_int_equal(looked, i - 1);
		assert_null(target);
		assert_false(has_learnt(a));
	}
	/* with that it is over */
	expect_flood(a, OWN(1), ALL);
}

static void a_frame_that_is_given_up_leaves_nothing(void **state)
{
	struct switch_port *a = many();
	uint32_t looked;

	(void)state;
	for (uint32_t i = 0; i < 2; i++) {
		assert_int_equal(send(a, BEHIND(7), OWN(MANY)), SWITCH_MORE);
		(i == 0 ? switch_give_up : switch_forget)(a);
		assert_false(has_learnt(a));
		expect_flood(a, OWN(1), ALL);
		calls_for(a, BEHIND(8), OWN(3), SWITCH_SENT, &looked);
		assert_ptr_equal(target, a + 2);
		assert_true(is_behind_port(a, BEHIND(8)));
		assert_false(is_behind_port(a, BEHIND(7)));
		switch_forget(a);
	}
}

/* Two who send from the same address, their calls in any order: in the end it is behind one, or
 * none. */
static void what_two_learn_at_once_one_has_at_most(void **state)
{
	struct switch_port *first = many();
	uint64_t random = 1;

	(void)state;
	for (uint32_t round = 0; round < 3000; round++) {
		struct switch_port *of[2] = {&first[round % MANY],
					     &first[(round % MANY + 1 + round / MANY * 13) % MANY]};
		enum switch_drop why[2] = {SWITCH_MORE, SWITCH_MORE};
		uint32_t who = 0;

		if (of[0] == of[1]) {
			continue;
		}
		now += HZ;
		while (why[0] == SWITCH_MORE || why[1] == SWITCH_MORE) {
			random = random * UINT64_C(6364136223846793005) + 1;
			who = (uint32_t)(random >> 63);
			if (why[who] == SWITCH_MORE) {
				why[who] = send(of[who], BEHIND(round), ALL);
			}
		}
		assert_in_range(is_behind_port(of[0], BEHIND(round)) +
					is_behind_port(of[1], BEHIND(round)),
				0, 1);
		/* whoever sends next has it */
		while (send(of[0], BEHIND(round), ALL) == SWITCH_MORE) {
		}
		assert_true(is_behind_port(of[0], BEHIND(round)));
		assert_false(is_behind_port(of[1], BEHIND(round)));
	}
}

static void a_limit_of_the_rate_holds_over_time(void **state)
{
	const struct network_config *net = network();
	uint64_t sent = 0;
	struct switch_port *a;

	(void)state;
	configs[port_count] = (struct port_config){.network = net, .rate_kbps = 8000};
	a = &ports[port_count];
	switch_join(a, &configs[port_count], HZ, words[port_count]);
	port_count++;
	/* 10 seconds of one megabyte each, beside what was not used before */
	for (uint64_t end = now + 10 * HZ; now < end; now += 7) {
		if ((int64_t)(switch_ready(a) - now) <= 0) {
			switch_charge(a, 1500, now);
			sent += 1500;
		}
	}
	assert_in_range(sent, 10000000, 10000000 + SWITCH_RATE_BURST + 1500 + 1000);
	/* one that is large is paid for afterwards */
	now += HZ;
	switch_charge(a, 65536 + SWITCH_RATE_BURST, now);
	assert_in_range(switch_ready(a) - now, 65536, 65536 + 100);
}

static void tiny_and_huge_limits_do_not_overflow(void **state)
{
	static const uint32_t rates[] = {8, 100000000};
	const struct network_config *net = network();

	(void)state;
	for (uint32_t i = 0; i < 2; i++) {
		struct switch_port *a = &ports[port_count];
		uint64_t when = UINT64_C(1) << 60, cost;

		configs[port_count] =
			(struct port_config){.network = net, .vlan = 10 + i, .rate_kbps = rates[i]};
		switch_join(a, &configs[port_count], 1000000000, words[port_count]);
		port_count++;
		switch_charge(a, SWITCH_RATE_BURST, when);
		switch_charge(a, 65536, when);
		cost = switch_ready(a) - when;
		/* nanoseconds of 65536 bytes */
		assert_in_range(cost, 65536 * UINT64_C(8000000) / rates[i],
				65536 * UINT64_C(8000000) / rates[i] + 2);
	}
}

/* Whoever lists them goes on where it was. */
static void each_port_has_its_number(void **state)
{
	uint32_t n = 0;

	(void)state;
	for (const struct switch_port *at = switch_first(); at != NULL; at = at->all) {
		assert_ptr_equal(switch_port_at(n++), at);
	}
	assert_in_range(n, 33, PORTS);
	assert_null(switch_port_at(n));
	assert_null(switch_port_at(n + 100));
	assert_null(switch_port_at(UINT32_MAX));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE("an address of the config is known from the start",
		     an_address_of_the_config_is_known_from_the_start),
		CASE("what is for all goes to all others, in the order of the config",
		     what_is_for_all_goes_to_all_others_in_the_order_of_the_config),
		CASE("an address behind a port is learnt, and moves",
		     an_address_behind_a_port_is_learnt_and_moves),
		CASE("an address that says nothing is forgotten",
		     an_address_that_says_nothing_is_forgotten),
		CASE("no port can push out what another has learnt",
		     no_port_can_push_out_what_another_has_learnt),
		CASE("nobody takes the address of another port",
		     nobody_takes_the_address_of_another_port),
		CASE("a port may be held to its own address",
		     a_port_may_be_held_to_its_own_address),
		CASE("a source that is a group or nobody is refused",
		     a_source_that_is_a_group_or_nobody_is_refused),
		CASE("VLANs and networks know nothing of each other",
		     VLANs_and_networks_know_nothing_of_each_other),
		CASE("a port of a VLAN sends no tags", a_port_of_a_VLAN_sends_no_tags),
		CASE("a storm is bounded, and others are not",
		     a_storm_is_bounded_and_others_are_not),
		CASE("an uplink learns many addresses, and has none of its own",
		     an_uplink_learns_many_addresses_and_has_none_of_its_own),
		CASE("an uplink takes no tags, and nothing for the next bridge",
		     an_uplink_takes_no_tags_and_nothing_for_the_next_bridge),
		CASE("many ports are looked at in steps", many_ports_are_looked_at_in_steps),
		CASE("in the name of any of many nothing is sent or learnt",
		     in_the_name_of_any_of_many_nothing_is_sent_or_learnt),
		CASE("a frame that is given up leaves nothing",
		     a_frame_that_is_given_up_leaves_nothing),
		CASE("what two learn at once one has at most",
		     what_two_learn_at_once_one_has_at_most),
		CASE("a limit of the rate holds over time", a_limit_of_the_rate_holds_over_time),
		CASE("tiny and huge limits don't overflow", tiny_and_huge_limits_do_not_overflow),
		CASE("each port has its number", each_port_has_its_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
