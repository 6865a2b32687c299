/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Descriptors that change after a device has been given them: virtio 1.2 2.8.16, 2.8.17, 3.3.1. One
 * CPU drives a device while two others overwrite its descriptors and tables, and in the end its
 * ring and all of its indices. The device answers or asks for a reset, and works after one; it
 * writes nowhere but where a descriptor pointed, and nothing else than what descriptors pointed to.
 * A VM beside it, whose driver keeps the rules, has its disk and its frames right all the time.
 */
#include "tests/guest/lib/console.h"
#include "tests/guest/lib/cpu.h"
#include "tests/guest/lib/machine.h"
#include "tests/guest/lib/pair.h"
#include "tests/guest/lib/psci.h"
#include "tests/guest/lib/string.h"
#include "tests/guest/lib/tap.h"
#include "tests/guest/lib/virtio.h"

/* In the order of virtio_alter.dts, in both VMs. */
#define DISK   VIRTIO_DEVICE(0)
#define RANDOM VIRTIO_DEVICE(1)
#define PORT   VIRTIO_DEVICE(2)
#define FAR    VIRTIO_DEVICE(3) /* of the first alone */

#define RECEIVE	    0
#define SEND	    1
#define BLK_IN	    0
#define BLK_OUT	    1
#define SECTOR	    512
#define SECTORS	    16
#define RAM_END	    UINT64_C(0x44000000)
#define DEVICE	    UINT64_C(0x08000000) /* no RAM: the interrupt controller's */
#define ROUNDS	    300			 /* of a run, at least */
#define ALTERED	    300			 /* descriptors in it, at least, by each CPU */
#define SECONDS_MAX 10
#define STARTED	    UINT32_C(0x57a27ed0)
#define ENOUGH	    20 /* rounds of the neighbour */
#define PATIENCE    20 /* seconds */

/* What stands where at first. None of the neighbour's bytes is one of the others. */
#define OF_DISK	     'd'
#define OF_LEFT	     'l'
#define OF_RIGHT     'r'
#define OF_FRAME     'f'
#define OF_NEIGHBOUR 0x99
#define GUARD	     0xc5

/* Memory that descriptors may name, and behind it some that none does: of what is RAM they have
 * MOST bytes at most. */
#define NAMED 2048
#define MOST  1536

enum {
	HEADER,
	LEFT,
	RIGHT,
	STATUS,
	RING,
	PLACES,
};

static struct place {
	uint8_t named[NAMED];
	uint8_t guard[4096 - NAMED];
} places[PLACES] __attribute__((aligned(4096)));

static struct ring *const ring = (struct ring *)places[RING].named;
static struct ring own_rings[2] __attribute__((aligned(4096)));

/* What the neighbour has seen. */
struct seen {
	uint32_t state;				  /* STARTED; then 1: it is over */
	uint64_t rounds, frames, errors, strange; /* frames among them */
	/* the first VM's words: */
	uint32_t over;
	uint32_t anything; /* frames may have its rings in them */
};

static struct seen *seen;

/* A device and what it is asked for. */
struct target {
	const char *name;
	uint64_t device;
	uint32_t queue;
	bool random; /* what it writes is any bytes */
	uint32_t (*make)(struct buffer *buffer, uint32_t round);
	void (*start)(const struct queue *queue); /* what was made */
};

static struct {
	const struct target *target;
	bool packed, indirect;
	bool all; /* the ring too, its indices, and with them wherever the device may write */
	bool over;
	uint64_t altered[2]; /* by each of the CPUs */
} attack;

static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	return *state ^= *state << 17;
}

/* Of the runs with a target and a format. */
static struct tally {
	uint64_t answered, broken, silent;
	uint64_t guards, unexpected; /* bytes */
	uint64_t wrong;		     /* after a reset */
	uint64_t late;		     /* CPUs, and the neighbour */
} tally;

/* -- drivers that keep the rules -- */

static void begin(struct queue *queue, struct ring *at)
{
	memset(at, 0, sizeof(*at));
	virtio_negotiate(queue->device, queue->features | VIRTIO_F_VERSION_1);
	virtio_place(queue->device, queue->number, at);
	virtio_set(queue->device, VIRTIO_QUEUE_READY, 1);
	virtio_set(queue->device, VIRTIO_STATUS, 15);
	queue_begin(queue, at);
}

static bool needs_reset(uint64_t device)
{
	return (virtio_get(device, VIRTIO_STATUS) & VIRTIO_NEEDS_RESET) != 0;
}

static bool ask(struct queue *queue, const struct buffer *buffer, uint32_t count)
{
	uint32_t written;

	queue_give(queue, buffer, count);
	queue_notify(queue);
	return WAIT_TICKS(queue_take(queue, &written), PATIENCE * counter_hz());
}

/* One sector from a buffer to the disk, or the other way. */
static bool move_sector(struct queue *queue, uint32_t type, uint64_t sector, void *data)
{
	static struct {
		uint32_t type, reserved;
		uint64_t sector;
	} header;
	static uint8_t status;
	const struct buffer request[] = {{&header, 16, false},
					 {data, SECTOR, type == BLK_IN},
					 {&status, 1, true}};

	header.type = type;
	header.sector = sector;
	status = 0xff;
	return ask(queue, request, ARRAY_SIZE(request)) && READ_ONCE(status) == 0;
}

static void make_frame(uint8_t *frame, uint8_t to, uint8_t from)
{
	static const uint8_t address[] = {2, 0, 0, 0, 0};

	memset(frame, 0, 12); /* virtio's */
	memcpy(frame + 12, address, 5);
	frame[17] = to;
	memcpy(frame + 18, address, 5);
	frame[23] = from;
	frame[24] = 0x88; /* for local experiments */
	frame[25] = 0xb5;
}

/* -- the neighbour -- */

static struct queue own_disk, own_in, own_out;
static uint8_t sector[SECTOR], frame[128], got[NAMED + 64];

/* Bytes that the first VM's descriptors may point to. */
static bool is_expected(uint8_t byte)
{
	return byte < 0x20 || byte == OF_DISK || byte == OF_LEFT || byte == OF_RIGHT ||
	       byte == OF_FRAME || byte == 0x88 || byte == 0xb5;
}

static uint64_t count_unexpected(const uint8_t *bytes, uint32_t size)
{
	uint64_t count = 0;

	for (uint32_t i = 0; i < size; i++) {
		count += !is_expected(bytes[i]);
	}
	return count;
}

static uint64_t count_other_than(uint8_t want, const uint8_t *bytes, uint32_t size)
{
	uint64_t count = 0;

	for (uint32_t i = 0; i < size; i++) {
		count += bytes[i] != want;
	}
	return count;
}

static uint64_t use_own_disk(uint64_t round)
{
	uint64_t errors, which = round % SECTORS;

	memset(sector, OF_NEIGHBOUR, sizeof(sector));
	errors = !move_sector(&own_disk, BLK_OUT, which, sector);
	memset(sector, 0, sizeof(sector));
	errors += !move_sector(&own_disk, BLK_IN, which, sector);
	return errors + count_other_than(OF_NEIGHBOUR, sector, sizeof(sector));
}

/* Frames that the first VM sent, whatever it is. */
static uint64_t look_at_frame(void)
{
	const struct buffer room = {got, NAMED, true};
	bool strange;
	uint32_t size;

	if (!queue_take(&own_in, &size)) {
		return 0;
	}
	seen->frames++;
	strange = size > NAMED || got[10] != 1 ||
		  count_other_than(GUARD, got + NAMED, sizeof(got) - NAMED) != 0 ||
		  (READ_ONCE(seen->anything) == 0 && count_unexpected(got, size) != 0);
	queue_give(&own_in, &room, 1);
	queue_notify(&own_in);
	return strange;
}

/* A port that sends to the first VM's. */
static void begin_port(uint64_t device, uint8_t address)
{
	memset(frame, OF_FRAME, sizeof(frame));
	make_frame(frame, 1, address);
	virtio_begin(device, 0, own_rings, 2);
	own_in = (struct queue){.device = device, .number = RECEIVE};
	own_out = (struct queue){.device = device, .number = SEND};
	queue_begin(&own_in, &own_rings[RECEIVE]);
	queue_begin(&own_out, &own_rings[SEND]);
}

static uint64_t send_frame(void)
{
	const struct buffer whole = {frame, sizeof(frame), false};

	return !ask(&own_out, &whole, 1);
}

static void be_neighbour(void)
{
	const struct buffer room = {got, NAMED, true};

	memset(got, GUARD, sizeof(got));
	own_disk = (struct queue){.device = DISK, .features = virtio_formats[3].features};
	begin(&own_disk, ring);
	begin_port(PORT, 2);
	queue_give(&own_in, &room, 1);
	WRITE_ONCE(seen->state, STARTED);
	while (READ_ONCE(seen->over) == 0) {
		uint64_t errors = use_own_disk(seen->rounds);

		errors += send_frame();
		errors += needs_reset(DISK) || needs_reset(PORT);
		WRITE_ONCE(seen->errors, seen->errors + errors);
		WRITE_ONCE(seen->strange, seen->strange + look_at_frame());
		WRITE_ONCE(seen->rounds, seen->rounds + 1);
	}
	WRITE_ONCE(seen->state, 1);
}

/* -- CPUs that alter -- */

static uint64_t some_address(uint64_t *seed)
{
	static const uint64_t nowhere[] = {DEVICE, RAM_END - 8, UINT64_MAX - 511, PAIR_FIRST_AT, 0};
	uint64_t r = next_random(seed);

	if (r % 8 == 0) {
		return nowhere[(r >> 8) % ARRAY_SIZE(nowhere)];
	}
	return (uint64_t)places[(r >> 8) % (attack.all ? PLACES : RING)].named;
}

/* Length, flags, and next or id. */
static uint64_t some_rest(uint64_t *seed)
{
	static const uint32_t sizes[] = {0,   1,    12,	  16,	     48,	64,
					 512, 1024, MOST, 0x4000000, UINT32_MAX};
	static const uint16_t laps[] = {0, DESC_AVAIL, DESC_USED, DESC_AVAIL | DESC_USED};
	uint64_t r = next_random(seed), size = sizes[r % ARRAY_SIZE(sizes)];
	uint64_t flags = (r >> 8) % 8, number = (r >> 16) % (RING_SIZE + 1);

	if (!attack.packed) {
		return size | flags << 32 | number << 48;
	}
	return size | number << 32 | (flags | laps[(r >> 32) % 4]) << 48;
}

/* Both words of a descriptor, which all formats have alike but for the upper half of the second. */
static volatile uint64_t *descriptor(bool table, uint64_t index)
{
	return (table ? (uint64_t *)&ring->table : (uint64_t *)ring) + 2 * index;
}

static void alter_one(uint64_t *seed)
{
	uint64_t r = next_random(seed);
	bool table = attack.indirect && (!attack.all || r % 2 == 0);
	/* chains have few */
	volatile uint64_t *at = descriptor(table, (r >> 8) % (r % 3 == 0 ? RING_SIZE : 3));

	if (attack.all && r % 7 == 0) {
		/* indices and heads, some of the device's among them */
		((volatile uint16_t *)&ring->available)[(r >> 16) % 16] = (uint16_t)(r >> 32);
		return;
	}
	if ((r >> 16) % 4 != 0) {
		at[0] = some_address(seed);
	}
	if ((r >> 18) % 4 != 0) {
		at[1] = some_rest(seed);
	}
}

static void alter(void *arg)
{
	unsigned int me = cpu_this()->index - 1;
	uint64_t seed = 88172645463325252 + me;

	(void)arg;
	while (!READ_ONCE(attack.over)) {
		alter_one(&seed);
		attack.altered[me]++;
		for (uint64_t pause = next_random(&seed) % 64; pause != 0; pause--) {
			cpu_pause();
		}
	}
}

/* -- what they alter -- */

static uint32_t make_request(struct buffer *buffer, uint32_t round)
{
	uint32_t *header = (uint32_t *)(void *)places[HEADER].named;
	bool in = round % 2 == 0;

	header[0] = in ? BLK_IN : BLK_OUT;
	header[1] = header[3] = 0;
	header[2] = round % (SECTORS - 1);
	buffer[0] = (struct buffer){header, 16, false};
	buffer[1] = (struct buffer){places[LEFT].named, SECTOR, in};
	buffer[2] = (struct buffer){places[RIGHT].named, SECTOR, in};
	buffer[3] = (struct buffer){places[STATUS].named, 1, true};
	return 4;
}

static uint32_t make_random(struct buffer *buffer, uint32_t round)
{
	(void)round;
	buffer[0] = (struct buffer){places[LEFT].named, 64, true};
	buffer[1] = (struct buffer){places[RIGHT].named, 64, true};
	return 2;
}

static uint32_t make_sent(struct buffer *buffer, uint32_t round)
{
	make_frame(places[HEADER].named, 2, 1);
	buffer[0] = (struct buffer){places[HEADER].named, 26, false};
	buffer[1] = (struct buffer){places[LEFT].named, 40 + round % 512, false};
	buffer[2] = (struct buffer){places[RIGHT].named, 100, false};
	return 3;
}

/* It is a step of the sender's device that writes here. */
static uint32_t make_received(struct buffer *buffer, uint32_t round)
{
	(void)round;
	buffer[0] = (struct buffer){places[LEFT].named, 100, true};
	buffer[1] = (struct buffer){places[RIGHT].named, 1024, true};
	return 2;
}

static void tell(const struct queue *queue)
{
	virtio_notify(queue->device, queue->number);
}

/* What the other queue has, or is to bring. */
static void send_from_far(const struct queue *queue)
{
	(void)queue;
	tally.late += send_frame() != 0;
}

static const struct target targets[] = {
	{"disk", DISK, 0, false, make_request, tell},
	{"random numbers", RANDOM, 0, true, make_random, tell},
	{"frames sent", PORT, SEND, false, make_sent, tell},
	{"frames received", PORT, RECEIVE, false, make_received, send_from_far},
};

/* -- the driver -- */

static void fill(void)
{
	memset(places, 0, sizeof(places));
	memset(places[LEFT].named, OF_LEFT, NAMED);
	memset(places[RIGHT].named, OF_RIGHT, NAMED);
	for (unsigned int i = 0; i < PLACES; i++) {
		memset(places[i].guard, GUARD, sizeof(places[i].guard));
	}
}

/* The disk in OF_DISK, as it is read again. Value: bytes that are not. */
static uint64_t fill_disk(void)
{
	struct queue queue = {.device = DISK};
	uint64_t wrong = 0;

	begin(&queue, ring);
	for (uint64_t i = 0; i < SECTORS; i++) {
		memset(sector, OF_DISK, sizeof(sector));
		wrong += !move_sector(&queue, BLK_OUT, i, sector);
		memset(sector, 0, sizeof(sector));
		wrong += !move_sector(&queue, BLK_IN, i, sector);
		wrong += count_other_than(OF_DISK, sector, sizeof(sector));
	}
	return wrong;
}

static uint64_t unexpected_on_disk(void)
{
	struct queue queue = {.device = DISK};
	uint64_t count = 0;

	begin(&queue, ring);
	for (uint64_t i = 0; i < SECTORS; i++) {
		count += !move_sector(&queue, BLK_IN, i, sector);
		count += count_unexpected(sector, sizeof(sector));
	}
	return count;
}

static bool goes_on(uint32_t rounds, uint64_t ticks)
{
	bool enough = rounds >= ROUNDS && READ_ONCE(attack.altered[0]) >= ALTERED &&
		      READ_ONCE(attack.altered[1]) >= ALTERED;

	return !enough && ticks < SECONDS_MAX * counter_hz();
}

/* Whoever alters it: each second chain at least has something else in it when it is started. */
static void run_round(struct queue *queue, uint32_t round, uint64_t *seed)
{
	struct buffer buffer[4];
	uint32_t count = attack.target->make(buffer, round), written;

	queue_give(queue, buffer, count);
	if (next_random(seed) % 2 == 0) {
		alter_one(seed);
	}
	attack.target->start(queue);
	if (WAIT_TICKS(queue_take(queue, &written) || needs_reset(queue->device),
		       counter_hz() / 1000) &&
	    !needs_reset(queue->device)) {
		tally.answered++;
		return;
	}
	/* silent: what it was to do was not there any more */
	if (needs_reset(queue->device)) {
		tally.broken++;
	} else {
		tally.silent++;
	}
	begin(queue, ring);
}

/* The same, by a driver that keeps the rules. */
static uint64_t use_right(struct queue *queue)
{
	struct buffer buffer[4];
	uint32_t written;

	fill();
	begin(queue, ring);
	queue_give(queue, buffer, attack.target->make(buffer, 0));
	attack.target->start(queue);
	return !WAIT_TICKS(queue_take(queue, &written), PATIENCE * counter_hz()) ||
	       needs_reset(queue->device);
}

/* Runs it, with the two CPUs. */
static void run_rounds(struct queue *queue)
{
	uint64_t begun = counter_now(), seed = 1234567890123456789;

	memset(attack.altered, 0, sizeof(attack.altered));
	WRITE_ONCE(attack.over, false);
	for (unsigned int i = 1; i < 3; i++) {
		tally.late += cpu_start(i, alter, NULL) != PSCI_SUCCESS;
	}
	for (uint32_t i = 0; goes_on(i, counter_now() - begun); i++) {
		run_round(queue, i, &seed);
	}
	WRITE_ONCE(attack.over, true);
	tally.late += !cpu_join(1) + !cpu_join(2);
	virtio_set(queue->device, VIRTIO_STATUS, 0);
}

static void look_at_places(void)
{
	for (unsigned int i = 0; i < PLACES; i++) {
		tally.guards += count_other_than(GUARD, places[i].guard, sizeof(places[i].guard));
		if (!attack.all && !attack.target->random && i != RING) {
			tally.unexpected += count_unexpected(places[i].named, NAMED);
		}
	}
	if (!attack.all) {
		tally.unexpected += unexpected_on_disk();
	}
}

static void run_attack(const struct target *target, const struct virtio_format *format, bool all)
{
	struct queue queue = {.device = target->device,
			      .features = format->features,
			      .number = target->queue};
	uint64_t rounds;

	attack.target = target;
	attack.packed = (format->features & VIRTIO_F_PACKED) != 0;
	attack.indirect = (format->features & VIRTIO_F_INDIRECT) != 0;
	attack.all = all;
	WRITE_ONCE(seen->anything, all);
	fill();
	tally.wrong += fill_disk();
	begin(&queue, ring);
	run_rounds(&queue);
	look_at_places();
	tally.wrong += use_right(&queue);
	virtio_set(queue.device, VIRTIO_STATUS, 0);
	tally.wrong += fill_disk();
	rounds = READ_ONCE(seen->rounds);
	tally.late +=
		!WAIT_TICKS(READ_ONCE(seen->rounds) >= rounds + ENOUGH, PATIENCE * counter_hz());
}

static void test_target(const struct target *target, const struct virtio_format *format)
{
	tally = (struct tally){0};
	run_attack(target, format, false);
	run_attack(target, format, true);
	printf("# %s, %s: %lu answered, %lu broke it, %lu neither\n", target->name, format->name,
	       tally.answered, tally.broken, tally.silent);
	ok(tally.answered != 0 && tally.broken != 0,
	   "some are answered, and some break the device");
	is(tally.guards, 0, "it writes nowhere but where a descriptor pointed");
	is(tally.unexpected, 0, "and nothing but what descriptors pointed to");
	is(tally.wrong, 0, "after a reset it works, and the disk has what is written there");
	is(tally.late, 0, "all CPUs go on, and so does the neighbour");
	is(READ_ONCE(seen->errors), 0, "its devices work, and its disk has what it wrote");
	is(READ_ONCE(seen->strange), 0, "its frames are whole, and of the bytes that were sent");
}

/* -- one descriptor, by the CPU that drives the device -- */

static struct queue exposed;

/* A read of two sectors that is with the device, which has not been told of it. */
static void expose_read(const struct virtio_format *format)
{
	struct buffer buffer[4];

	exposed = (struct queue){.device = DISK, .features = format->features};
	fill();
	begin(&exposed, ring);
	queue_give(&exposed, buffer, make_request(buffer, 0));
}

static bool is_all(uint8_t want, const uint8_t *bytes)
{
	return count_other_than(want, bytes, SECTOR) == 0;
}

static void test_exposed(const struct virtio_format *format)
{
	bool table = (format->features & VIRTIO_F_INDIRECT) != 0;
	uint8_t *elsewhere = places[RIGHT].named + NAMED / 2;
	uint32_t written;

	printf("# %s\n", format->name);
	is(fill_disk(), 0, "the disk works");
	expose_read(format);
	*descriptor(table, 1) = (uint64_t)elsewhere;
	tell(&exposed);
	ok(queue_take(&exposed, &written) && places[STATUS].named[0] == 0 && !needs_reset(DISK),
	   "3.3.1: a descriptor that changes before the device looks: the request is answered");
	ok(is_all(OF_DISK, places[RIGHT].named) &&
		   is_all(OF_DISK, elsewhere) != is_all(OF_DISK, places[LEFT].named) &&
		   is_all(OF_RIGHT, elsewhere) != is_all(OF_LEFT, places[LEFT].named),
	   "3.3.1: from what was there before, or what is there now");
	expose_read(format);
	*descriptor(table, 1) = DEVICE;
	tell(&exposed);
	ok(needs_reset(DISK) && is_all(OF_LEFT, places[LEFT].named) &&
		   is_all(OF_RIGHT, places[RIGHT].named),
	   "3.3.1: one that becomes wrong breaks the device, which writes nothing");
	is(fill_disk(), 0, "and works after a reset");
}

/* 2.8.17: what is in the ring's other slots is what was there before. */
static void test_first_before_rest(void)
{
	const struct virtio_format packed = {"packed", VIRTIO_F_PACKED};
	struct packed_desc rest[3];

	expose_read(&packed);
	memcpy(rest, &ring->packed[1], sizeof(rest));
	memset(&ring->packed[1], 0, sizeof(rest));
	tell(&exposed);
	memcpy(&ring->packed[1], rest, sizeof(rest));
	tell(&exposed);
	ok(needs_reset(DISK) && is_all(OF_LEFT, places[LEFT].named) &&
		   is_all(OF_RIGHT, places[RIGHT].named),
	   "2.8.17: the first of a list that is available before the rest is breaks the device");
	is(fill_disk(), 0, "which works after a reset");
}

int main(void)
{
	bool first;

	seen = pair_memory(&first);
	if (!first) {
		be_neighbour();
		psci_system_off();
	}
	begin_port(FAR, 3);
	ok(WAIT_TICKS(READ_ONCE(seen->state) == STARTED, PATIENCE * counter_hz()),
	   "both VMs start");
	for (unsigned int i = 0; i < VIRTIO_FORMATS; i++) {
		test_exposed(&virtio_formats[i]);
	}
	test_first_before_rest();
	for (unsigned int i = 0; i < ARRAY_SIZE(targets) * VIRTIO_FORMATS; i++) {
		test_target(&targets[i / VIRTIO_FORMATS], &virtio_formats[i % VIRTIO_FORMATS]);
	}
	WRITE_ONCE(seen->over, 1);
	ok(WAIT_TICKS(READ_ONCE(seen->state) == 1, PATIENCE * counter_hz()), "both VMs end");
	printf("# the neighbour: %lu rounds, %lu frames\n", seen->rounds, seen->frames);
	not_below(seen->frames, 1, "frames of the one came to the other");
	tap_done();
}
