/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Virtio devices and a driver that breaks rules: every register in every way, and what virtio 1.2
 * says a driver must not do. A device may ask for a reset, ignore it or answer with an error; it
 * works again after a reset, and the others never notice. Numbers are clauses of virtio 1.2.
 */
#include "tests/guest/lib/virtio.h"

#include "tests/guest/lib/exc.h"
#include "tests/guest/lib/gic.h"
#include "tests/guest/lib/string.h"
#include "tests/guest/lib/tap.h"

/* In the order of virtio.dts. */
#define DISK	VIRTIO_DEVICE(0)
#define FIXED	VIRTIO_DEVICE(1) /* a disk that can't be written */
#define RANDOM	VIRTIO_DEVICE(2)
#define PORT	VIRTIO_DEVICE(3)
#define FAR	VIRTIO_DEVICE(4)
#define CONSOLE VIRTIO_DEVICE(5)
#define SOCKETS VIRTIO_DEVICE(6)

#define VENDOR	0x4b4c4242U
#define RAM_END UINT64_C(0x44000000)
#define DEVICE	UINT64_C(0x08000000) /* no RAM: the interrupt controller's */

#define CONFIG_WORDS 16 /* of the longest configuration, and some */
#define DISK_SECTORS 2048
#define SECTOR	     512

#define BLK_IN	    0
#define BLK_OUT	    1
#define BLK_FLUSH   4
#define BLK_ID	    8
#define BLK_DISCARD 11
#define BLK_ZEROES  13

#define OK	0
#define IOERR	1
#define UNSUPP	2
#define NOTHING 0xee

static struct ring rings[3] __attribute__((aligned(4096)));
static struct split_desc table[RING_SIZE + 1] __attribute__((aligned(16)));
static struct {
	struct {
		uint32_t type, reserved;
		uint64_t sector;
	} header;
	uint8_t data[4096] __attribute__((aligned(4096)));
	uint8_t status;
} request;

static struct ring *const ring = &rings[0];

/* -- a request that is right, to be spoilt -- */

static void prepare_in(struct split_desc *desc, uint32_t type, uint64_t sector, uint32_t size)
{
	uint16_t direction = type == BLK_IN || type == BLK_ID ? DESC_WRITE : 0;

	request.header = (typeof(request.header)){type, 0, sector};
	request.status = NOTHING;
	desc[0] = (struct split_desc){(uint64_t)&request.header, 16, DESC_NEXT, 1};
	desc[1] = (struct split_desc){(uint64_t)request.data, size,
				      (uint16_t)(DESC_NEXT | direction), 2};
	desc[2] = (struct split_desc){(uint64_t)&request.status, 1, DESC_WRITE, 0};
}

static void prepare(uint32_t type, uint64_t sector, uint32_t size)
{
	prepare_in(ring->split, type, sector, size);
}

/* What the disk answers. */
static uint32_t answer(uint64_t disk, uint32_t type, uint64_t sector, uint32_t size)
{
	prepare(type, sector, size);
	ring_give(ring, 0);
	virtio_notify(disk, 0);
	return READ_ONCE(request.status);
}

static bool needs_reset(uint64_t device)
{
	return (virtio_get(device, VIRTIO_STATUS) & VIRTIO_NEEDS_RESET) != 0;
}

static bool disk_works(void)
{
	virtio_begin(DISK, 0, ring, 1);
	return answer(DISK, BLK_IN, 0, SECTOR) == OK && READ_ONCE(ring->used.index) == 1;
}

/* Another device has been at work all the time. */
static bool others_work(void)
{
	static struct ring own;
	static uint64_t number[2];
	uint64_t before = number[0];

	virtio_begin(RANDOM, 0, &own, 1);
	own.split[0] = (struct split_desc){(uint64_t)number, sizeof(number), DESC_WRITE, 0};
	ring_give(&own, 0);
	virtio_notify(RANDOM, 0);
	return READ_ONCE(own.used.index) == 1 && number[0] != before;
}

/* After something that no driver does: it asks for a reset, says so, does nothing, and works again
 * after a reset. */
static void broke(const char *sentence)
{
	uint16_t used = READ_ONCE(ring->used.index);
	bool asks = needs_reset(DISK);
	bool told = (virtio_get(DISK, VIRTIO_INTERRUPT) & 2) != 0;

	ring_give(ring, 0);
	virtio_notify(DISK, 0);
	asks = asks && needs_reset(DISK) && READ_ONCE(ring->used.index) == used;
	ok(asks && told && others_work() && disk_works(), sentence);
}

/* -- registers: 4.2.2 -- */

static const uint64_t devices[] = {DISK, FIXED, RANDOM, PORT, FAR, CONSOLE, SOCKETS};
static const uint8_t kinds[] = {2, 2, 4, 1, 1, 3, 19};

/* Reads and writes of all sizes everywhere, aligned and not: none harms anybody. */
static unsigned int poke(uint64_t device)
{
	unsigned int aborts = 0;

	for (uint64_t at = device; at < device + 0x200; at++) {
		/* but for the status: a device that is reset is not interesting */
		uint64_t value =
			at / 4 == (device + VIRTIO_STATUS) / 4 ? 1 : at * 0x9e3779b97f4a7c15;

		exc_begin();
		mmio_write8(at, (uint8_t)value);
		mmio_write16(at, (uint16_t)value);
		mmio_write32(at, (uint32_t)value);
		mmio_write64(at, value);
		(void)(mmio_read8(at) + mmio_read16(at) + mmio_read32(at) + mmio_read64(at));
		aborts += exc_end().count;
	}
	return aborts;
}

static void test_identity(void)
{
	unsigned int wrong = 0, changed = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(devices); i++) {
		wrong += virtio_get(devices[i], VIRTIO_MAGIC) != 0x74726976;
		wrong += virtio_get(devices[i], VIRTIO_VERSION) != 2;
		wrong += virtio_get(devices[i], VIRTIO_DEVICE_ID) != kinds[i];
		wrong += virtio_get(devices[i], VIRTIO_VENDOR_ID) != VENDOR;
		wrong += virtio_get(devices[i], VIRTIO_GENERATION) != 0;
		wrong += virtio_get(devices[i], VIRTIO_STATUS) != 0;
		wrong += virtio_get(devices[i], VIRTIO_QUEUE_READY) != 0;
		wrong += virtio_get(devices[i], VIRTIO_INTERRUPT) != 0;
		wrong += virtio_get(devices[i], VIRTIO_SHM_LEN) != UINT32_MAX;
		wrong += virtio_get(devices[i], VIRTIO_SHM_BASE) != UINT32_MAX;
		wrong += (virtio_offered(devices[i]) & VIRTIO_F_VERSION_1) == 0;
		virtio_set(devices[i], VIRTIO_FEATURES_SEL, 2);
		wrong += virtio_get(devices[i], VIRTIO_FEATURES) != 0;
		virtio_set(devices[i], VIRTIO_QUEUE_SEL, 8);
		wrong += virtio_get(devices[i], VIRTIO_QUEUE_SIZE_MAX) != 0;
		virtio_set(devices[i], VIRTIO_QUEUE_READY, 1);
		wrong += virtio_get(devices[i], VIRTIO_QUEUE_READY) != 0;
		/* what is read only: 4.2.2.2 */
		virtio_set(devices[i], VIRTIO_MAGIC, 0);
		virtio_set(devices[i], VIRTIO_DEVICE_ID, 0);
		virtio_set(devices[i], VIRTIO_VENDOR_ID, 0);
		virtio_set(devices[i], VIRTIO_GENERATION, 7);
		virtio_set(devices[i], VIRTIO_INTERRUPT, 3);
		changed += virtio_get(devices[i], VIRTIO_MAGIC) != 0x74726976;
		changed += virtio_get(devices[i], VIRTIO_DEVICE_ID) != kinds[i];
		changed += virtio_get(devices[i], VIRTIO_VENDOR_ID) != VENDOR;
		changed += virtio_get(devices[i], VIRTIO_GENERATION) != 0;
		changed += virtio_get(devices[i], VIRTIO_INTERRUPT) != 0;
	}
	is(wrong, 0, "each device is what the config says, version 2, reset");
	is(changed, 0, "4.2.2.2: what is read only does not change by a write");
	is(EXC_CLASS(virtio_get(VIRTIO_DEVICE(7), VIRTIO_DEVICE_ID)), EC_DABT,
	   "beyond the last there is none");
}

static void test_pokes(void)
{
	unsigned int changed = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(devices); i++) {
		uint32_t before[CONFIG_WORDS];

		for (unsigned int word = 0; word < CONFIG_WORDS; word++) {
			before[word] = virtio_get(devices[i], VIRTIO_CONFIG + 4 * word);
		}
		poke(devices[i]);
		for (unsigned int word = 0; word < CONFIG_WORDS; word++) {
			changed += virtio_get(devices[i], VIRTIO_CONFIG + 4 * word) != before[word];
		}
		virtio_set(devices[i], VIRTIO_STATUS, 0);
	}
	is(changed, 0, "3.1.1, 5.1.4.2: what a driver writes to a configuration is not there");
	ok(disk_works() && others_work(), "4.2.2.2: words that are no words, everywhere");
}

/* -- status and features: 2.1, 2.2, 3.1 -- */

static void test_status(void)
{
	virtio_set(DISK, VIRTIO_STATUS, 0);
	virtio_set(DISK, VIRTIO_STATUS, VIRTIO_DRIVER_OK);
	is(virtio_get(DISK, VIRTIO_STATUS) & VIRTIO_DRIVER_OK, 0,
	   "3.1.1: no driver is ready before features are agreed on");
	ok(!virtio_negotiate(DISK, 0), "6.1: nor without VERSION_1");
	ok(!virtio_negotiate(DISK, VIRTIO_F_VERSION_1 | BIT(63)),
	   "2.2.1: a feature that is not offered is not agreed on");
	ok(virtio_negotiate(DISK, VIRTIO_F_VERSION_1), "one that is offered is");
	virtio_set(DISK, VIRTIO_STATUS, VIRTIO_ACKNOWLEDGE);
	is(virtio_get(DISK, VIRTIO_STATUS), VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER | VIRTIO_FEATURES_OK,
	   "2.1.1: no bit of the status is cleared but by a reset");
	virtio_set(DISK, VIRTIO_STATUS, 0xff);
	is(virtio_get(DISK, VIRTIO_STATUS) & VIRTIO_NEEDS_RESET, 0,
	   "2.1: a driver can't say what the device says");
	/* INDIRECT, too late */
	virtio_begin(DISK, 0, ring, 1);
	virtio_set(DISK, VIRTIO_ACCEPT_SEL, 0);
	virtio_set(DISK, VIRTIO_ACCEPT, VIRTIO_F_INDIRECT);
	prepare_in(table, BLK_IN, 0, SECTOR);
	ring->split[0] =
		(struct split_desc){(uint64_t)table, 3 * sizeof(table[0]), DESC_INDIRECT, 0};
	ring_give(ring, 0);
	virtio_notify(DISK, 0);
	broke("3.1.1: features that come after FEATURES_OK are none");
}

static void test_queues(void)
{
	static const uint32_t bad_sizes[] = {0, 3, 512, UINT32_MAX};
	unsigned int wrong = 0;
	uint64_t was;

	for (unsigned int i = 0; i < ARRAY_SIZE(bad_sizes); i++) {
		virtio_negotiate(DISK, VIRTIO_F_VERSION_1);
		virtio_place(DISK, 0, ring);
		virtio_set(DISK, VIRTIO_QUEUE_SIZE, bad_sizes[i]);
		virtio_set(DISK, VIRTIO_QUEUE_READY, 1);
		wrong += virtio_get(DISK, VIRTIO_QUEUE_READY) != 0;
	}
	is(wrong, 0, "4.2.2.2: no queue of no size, of one that is too long or no power of two");
	wrong = 0;
	for (unsigned int part = 0; part < 3; part++) {
		const uint64_t places[] = {DEVICE, RAM_END - 8, 0xfffffffffffff000, 1};

		for (unsigned int i = 0; i < ARRAY_SIZE(places); i++) {
			uint32_t reg = VIRTIO_QUEUE_DESC + 0x10 * part;

			virtio_negotiate(DISK, VIRTIO_F_VERSION_1);
			virtio_place(DISK, 0, ring);
			virtio_set(DISK, reg, places[i]);
			virtio_set(DISK, reg + 4, places[i] >> 32);
			virtio_set(DISK, VIRTIO_QUEUE_READY, 1);
			wrong += virtio_get(DISK, VIRTIO_QUEUE_READY) != 0;
		}
	}
	is(wrong, 0, "2.6: no queue whose parts are no RAM, run out of it or are not aligned");
	disk_works();
	was = (uint64_t)ring->split;
	for (uint32_t reg = VIRTIO_QUEUE_DESC; reg <= VIRTIO_QUEUE_DEVICE; reg += 0x10) {
		virtio_set(DISK, reg, was + 4096);
		virtio_set(DISK, reg + 4, 1);
	}
	virtio_set(DISK, VIRTIO_QUEUE_SIZE, 4);
	is(answer(DISK, BLK_IN, 0, SECTOR), OK, "4.2.2.2: a queue that is ready stays where it is");
	virtio_set(DISK, VIRTIO_QUEUE_READY, 0);
	is(virtio_get(DISK, VIRTIO_QUEUE_READY), 0, "4.2.2.2: one that is not ready any more");
	is(answer(DISK, BLK_IN, 0, SECTOR), NOTHING, "4.2.2.2: has nothing done");
	disk_works();
	virtio_set(DISK, VIRTIO_QUEUE_RESET, 1);
	is(answer(DISK, BLK_IN, 0, SECTOR), OK, "2.6.1: no queue is reset without RING_RESET");
	virtio_begin(DISK, VIRTIO_F_RING_RESET, ring, 1);
	answer(DISK, BLK_IN, 0, SECTOR);
	virtio_set(DISK, VIRTIO_QUEUE_RESET, 1);
	is(answer(DISK, BLK_IN, 0, SECTOR), NOTHING, "2.6.1: with it one is, and does nothing");
	memset(ring, 0, sizeof(*ring));
	virtio_place(DISK, 0, ring);
	virtio_set(DISK, VIRTIO_QUEUE_READY, 1);
	is(answer(DISK, BLK_IN, 0, SECTOR), OK, "2.6.1: until it is set up again");
}

/* Buffers of which the device is not to know yet: 2.1.2, 3.1.1 */
static void test_too_early(void)
{
	static const uint32_t states[] = {0, VIRTIO_ACKNOWLEDGE,
					  VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER};
	unsigned int done = 0, ready = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(states); i++) {
		memset(ring, 0, sizeof(*ring));
		virtio_set(DISK, VIRTIO_STATUS, 0);
		virtio_set(DISK, VIRTIO_STATUS, states[i]);
		virtio_place(DISK, 0, ring);
		virtio_set(DISK, VIRTIO_QUEUE_READY, 1);
		ready += virtio_get(DISK, VIRTIO_QUEUE_READY);
		done += answer(DISK, BLK_IN, 0, SECTOR) != NOTHING;
	}
	is(ready, 0, "3.1.1: no queue is ready before features are agreed on");
	is(done, 0, "3.1.1: nor is anything done then");
	memset(ring, 0, sizeof(*ring));
	virtio_negotiate(DISK, VIRTIO_F_VERSION_1);
	virtio_set(DISK, VIRTIO_STATUS, 15);
	virtio_place(DISK, 0, ring);
	is(answer(DISK, BLK_IN, 0, SECTOR), NOTHING, "4.2.2.2: nothing before the queue is ready");
	virtio_set(DISK, VIRTIO_QUEUE_READY, 1);
	virtio_notify(DISK, 0);
	ok(request.status == OK && !needs_reset(DISK), "4.2.2.2: what was there before it is done");
}

static void test_notifications(void)
{
	memset(ring, 0, sizeof(*ring));
	virtio_negotiate(DISK, VIRTIO_F_VERSION_1);
	virtio_place(DISK, 0, ring);
	virtio_set(DISK, VIRTIO_QUEUE_READY, 1);
	is(answer(DISK, BLK_IN, 0, SECTOR), NOTHING, "3.1.1: nothing is done before DRIVER_OK");
	virtio_set(DISK, VIRTIO_STATUS, 15);
	is(READ_ONCE(request.status), OK, "3.1.1: what was there before it is done then");
	for (uint32_t queue = 1; queue != 0; queue *= 2) {
		virtio_notify(DISK, queue);
	}
	virtio_set(DISK, VIRTIO_ACK, UINT32_MAX);
	is(answer(DISK, BLK_IN, 0, SECTOR), OK, "2.9: notices of queues that there are not");
	is(virtio_get(DISK, VIRTIO_INTERRUPT), 1, "4.2.2: what was not there can be acknowledged");
}

/* -- split rings: 2.7 -- */

static void spoil(const char *sentence, void (*how)(void))
{
	disk_works();
	prepare(BLK_IN, 0, SECTOR);
	how();
	if (ring->available.index == 1) {
		ring_give(ring, 0);
	}
	virtio_notify(DISK, 0);
	if (request.status != NOTHING) {
		ok(false, sentence);
		return;
	}
	broke(sentence);
}

static void next_beyond(void)
{
	ring->split[0].next = RING_SIZE;
}

static void head_beyond(void)
{
	ring_give(ring, RING_SIZE);
}

static void circle(void)
{
	ring->split[2].flags |= DESC_NEXT;
}

static void too_many(void)
{
	ring->available.index += RING_SIZE + 1;
}

static void goes_back(void)
{
	ring->available.index -= 1;
	ring->available.index -= 1;
}

static void no_ram(void)
{
	ring->split[1].address = DEVICE;
}

static void past_ram(void)
{
	ring->split[1].address = RAM_END - SECTOR / 2;
}

static void past_everything(void)
{
	ring->split[1].address = UINT64_MAX - SECTOR / 2;
}

static void too_long(void)
{
	ring->split[1].size = UINT32_MAX;
}

static void four_gib(void)
{
	/* each lies in RAM: many of them don't */
	for (uint16_t i = 1; i < RING_SIZE; i++) {
		ring->split[i] = (struct split_desc){UINT64_C(0x40000000), 0x4000000,
						     DESC_NEXT | DESC_WRITE, (uint16_t)(i + 1)};
	}
}

static void read_after_write(void)
{
	ring->split[1].flags |= DESC_WRITE;
	ring->split[2].flags = 0;
}

static void indirect_without(void)
{
	prepare_in(table, BLK_IN, 0, SECTOR);
	ring->split[0] = (struct split_desc){(uint64_t)table, 48, DESC_INDIRECT, 0};
}

static void no_header(void)
{
	ring->split[0].size = 15;
	ring->split[1].size = 0;
}

static void no_status(void)
{
	ring->split[0].flags = 0;
}

/* 2.7.7.2, 2.7.10: who wants to know of what. */
static void test_events(void)
{
	bool told[2];

	virtio_begin(DISK, VIRTIO_F_EVENT_INDEX, ring, 1);
	ring->available.used_event = 1;
	answer(DISK, BLK_IN, 0, SECTOR);
	told[0] = (virtio_get(DISK, VIRTIO_INTERRUPT) & 1) != 0;
	is(ring->used.available_event, 1, "2.7.10.1: the device wants to know of the next");
	answer(DISK, BLK_IN, 0, SECTOR);
	told[1] = (virtio_get(DISK, VIRTIO_INTERRUPT) & 1) != 0;
	ok(!told[0] && told[1], "2.7.7.2: the interrupt comes for the one that is asked for");
	ring->available.flags = 1; /* without any meaning then */
	ring->available.used_event = 2;
	virtio_set(DISK, VIRTIO_ACK, 1);
	answer(DISK, BLK_IN, 0, SECTOR);
	ok((virtio_get(DISK, VIRTIO_INTERRUPT) & 1) != 0 && !needs_reset(DISK),
	   "2.7.7.1: a flag beside EVENT_IDX is none");
}

static void test_split(void)
{
	spoil("2.7.5: a next descriptor that there is not", next_beyond);
	spoil("2.7.6: a chain whose head there is not", head_beyond);
	spoil("2.7.5.2: a chain in a circle", circle);
	spoil("2.7.6: more chains than the ring has room for", too_many);
	spoil("2.7.6.1: an index that goes back", goes_back);
	spoil("2.6: a buffer that is no RAM", no_ram);
	spoil("2.6: one that ends behind the RAM", past_ram);
	spoil("2.6: one that goes round the end of all addresses", past_everything);
	spoil("2.6: one that is longer than the RAM", too_long);
	spoil("2.7.5.2: a chain that has no end", four_gib);
	spoil("2.7.4.2: what is read behind what is written", read_after_write);
	spoil("2.7.5.3.1: a table without the feature", indirect_without);
	spoil("5.2.6: a request that is shorter than its header", no_header);
	spoil("5.2.6: one without room for its status", no_status);
	test_events();
}

/* -- tables: 2.7.5.3 -- */

static void prepare_table(void)
{
	prepare_in(table, BLK_IN, 0, SECTOR);
	ring->split[0] = (struct split_desc){(uint64_t)table, 48, DESC_INDIRECT, 0};
	ring_give(ring, 0);
}

/* The same of what `make` prepares, with features; it is seen when the device is told. */
static void spoil_with(uint64_t features, void (*make)(void), const char *sentence,
		       void (*how)(void))
{
	virtio_begin(DISK, features, ring, 1);
	make();
	how();
	virtio_notify(DISK, 0);
	if (request.status != NOTHING) {
		ok(false, sentence);
		return;
	}
	broke(sentence);
}

static void spoil_table(const char *sentence, void (*how)(void))
{
	spoil_with(VIRTIO_F_INDIRECT, prepare_table, sentence, how);
}

static void table_in_table(void)
{
	table[1].flags = DESC_INDIRECT;
}

static void table_and_next(void)
{
	ring->split[0].flags |= DESC_NEXT;
	ring->split[0].next = 1;
}

static void empty_table(void)
{
	ring->split[0].size = 0;
}

static void half_table(void)
{
	ring->split[0].size = 40;
}

static void long_table(void)
{
	ring->split[0].size = (RING_SIZE + 1) * 16;
}

/* Each part of it is not. */
static void long_chain(void)
{
	for (uint16_t i = 0; i < RING_SIZE; i++) {
		table[i] = (struct split_desc){(uint64_t)request.data + 16 * i, 16,
					       DESC_NEXT | DESC_WRITE, (uint16_t)(i + 1)};
	}
	table[RING_SIZE - 1] = (struct split_desc){(uint64_t)&request.status, 1, DESC_WRITE, 0};
	ring->split[1] = (struct split_desc){(uint64_t)table, RING_SIZE * sizeof(table[0]),
					     DESC_INDIRECT, 0};
	ring->split[0] = (struct split_desc){(uint64_t)&request.header, 16, DESC_NEXT, 1};
}

static void table_elsewhere(void)
{
	ring->split[0].address = DEVICE;
}

static void circle_in_table(void)
{
	table[2].flags |= DESC_NEXT;
}

static void test_tables(void)
{
	virtio_begin(DISK, VIRTIO_F_INDIRECT, ring, 1);
	prepare_table();
	virtio_notify(DISK, 0);
	is(request.status, OK, "2.7.5.3: a table that is right");
	virtio_begin(DISK, VIRTIO_F_INDIRECT, ring, 1);
	prepare_in(table, BLK_IN, 0, SECTOR);
	ring->split[1] = (struct split_desc){(uint64_t)&table[1], 32, DESC_INDIRECT, 0};
	ring->split[0] = (struct split_desc){(uint64_t)&request.header, 16, DESC_NEXT, 1};
	table[1].next = 1;
	ring_give(ring, 0);
	virtio_notify(DISK, 0);
	is(request.status, OK, "2.7.5.3.2: a table as the end of a chain");
	spoil_table("2.7.5.3.1: a table in a table", table_in_table);
	spoil_table("2.7.5.3.1: a table with another descriptor behind it", table_and_next);
	spoil_table("2.7.5.3.1: a table without a descriptor", empty_table);
	spoil_table("2.7.5.3.1: a table that ends in the middle of one", half_table);
	spoil_table("2.7.5.3.1: a table that is longer than the queue", long_table);
	spoil_table("2.7.5.3.1: a chain, with its table, that is longer than the queue",
		    long_chain);
	spoil_table("2.7.5.3: a table that is no RAM", table_elsewhere);
	spoil_table("2.7.5.3: a circle in a table", circle_in_table);
}

/* -- packed rings: 2.8 -- */

static void prepare_packed(void)
{
	request.header = (typeof(request.header)){BLK_IN, 0, 0};
	request.status = NOTHING;
	memset(ring->packed, 0, sizeof(ring->packed));
	ring->packed[1] = (struct packed_desc){(uint64_t)request.data, SECTOR, 5,
					       DESC_AVAIL | DESC_NEXT | DESC_WRITE};
	ring->packed[2] =
		(struct packed_desc){(uint64_t)&request.status, 1, 5, DESC_AVAIL | DESC_WRITE};
	ring->packed[0] =
		(struct packed_desc){(uint64_t)&request.header, 16, 5, DESC_AVAIL | DESC_NEXT};
}

static void spoil_packed(const char *sentence, void (*how)(void))
{
	spoil_with(VIRTIO_F_PACKED, prepare_packed, sentence, how);
}

static void packed_endless(void)
{
	for (unsigned int i = 0; i < RING_SIZE; i++) {
		ring->packed[i] = ring->packed[0];
	}
}

static void packed_table(void)
{
	ring->packed[0].flags = DESC_AVAIL | DESC_INDIRECT;
}

static void packed_no_ram(void)
{
	ring->packed[1].address = DEVICE;
}

static void packed_read_after_write(void)
{
	ring->packed[1].flags |= DESC_WRITE;
	ring->packed[2].flags &= ~DESC_WRITE;
}

/* -- tables of packed rings: 2.8.7 -- */

static struct packed_desc packed_list[RING_SIZE + 1] __attribute__((aligned(16)));

static void prepare_packed_table(void)
{
	request.header = (typeof(request.header)){BLK_IN, 0, 0};
	request.status = NOTHING;
	memset(ring->packed, 0, sizeof(ring->packed));
	memset(packed_list, 0, sizeof(packed_list));
	packed_list[0] = (struct packed_desc){(uint64_t)&request.header, 16, 0, 0};
	packed_list[1] = (struct packed_desc){(uint64_t)request.data, SECTOR, 0, DESC_WRITE};
	packed_list[2] = (struct packed_desc){(uint64_t)&request.status, 1, 0, DESC_WRITE};
	ring->packed[0] =
		(struct packed_desc){(uint64_t)packed_list, 48, 5, DESC_AVAIL | DESC_INDIRECT};
}

static void spoil_packed_table(const char *sentence, void (*how)(void))
{
	spoil_with(VIRTIO_F_PACKED | VIRTIO_F_INDIRECT, prepare_packed_table, sentence, how);
}

static void packed_table_and_next(void)
{
	ring->packed[0].flags |= DESC_NEXT;
	ring->packed[1] =
		(struct packed_desc){(uint64_t)&request.status, 1, 5, DESC_AVAIL | DESC_WRITE};
}

static void packed_empty_table(void)
{
	ring->packed[0].size = 0;
}

static void packed_half_table(void)
{
	ring->packed[0].size = 40;
}

static void packed_long_table(void)
{
	ring->packed[0].size = sizeof(packed_list);
}

static void packed_table_elsewhere(void)
{
	ring->packed[0].address = DEVICE;
}

/* A device may take it as it is, or ask for a reset. */
static void test_table_in_list(void)
{
	virtio_begin(DISK, VIRTIO_F_PACKED | VIRTIO_F_INDIRECT, ring, 1);
	prepare_packed_table();
	packed_list[0] = packed_list[1];
	packed_list[1] = packed_list[2];
	ring->packed[1] =
		(struct packed_desc){(uint64_t)packed_list, 32, 5, DESC_AVAIL | DESC_INDIRECT};
	ring->packed[0] =
		(struct packed_desc){(uint64_t)&request.header, 16, 5, DESC_AVAIL | DESC_NEXT};
	virtio_notify(DISK, 0);
	ok(needs_reset(DISK) != (request.status == OK) && others_work() && disk_works(),
	   "2.8.19: a table at the end of a list is a part of it, or breaks the device");
}

static void test_packed_tables(void)
{
	virtio_begin(DISK, VIRTIO_F_PACKED | VIRTIO_F_INDIRECT, ring, 1);
	prepare_packed_table();
	virtio_notify(DISK, 0);
	is(request.status, OK, "2.8.7: a table of a packed ring that is right");
	virtio_begin(DISK, VIRTIO_F_PACKED | VIRTIO_F_INDIRECT, ring, 1);
	prepare_packed_table();
	packed_list[0].flags = DESC_NEXT | DESC_INDIRECT | DESC_AVAIL;
	packed_list[1].flags |= DESC_NEXT | DESC_USED;
	packed_list[2].flags |= DESC_NEXT;
	packed_list[1].id = 77;
	virtio_notify(DISK, 0);
	is(request.status, OK, "2.8.7: flags in a table but WRITE, which are ignored");
	test_table_in_list();
	spoil_packed_table("2.8.7: a table with another descriptor behind it",
			   packed_table_and_next);
	spoil_packed_table("2.8.7: a table without a descriptor", packed_empty_table);
	spoil_packed_table("2.8.7: a table that ends in the middle of one", packed_half_table);
	spoil_packed_table("2.8.7: a table that is longer than the queue", packed_long_table);
	spoil_packed_table("2.8.7: a table that is no RAM", packed_table_elsewhere);
}

/* 2.8.10: an event's place, in a ring that was not agreed to have any. */
static void test_packed_events(void)
{
	virtio_begin(DISK, VIRTIO_F_PACKED, ring, 1);
	prepare_packed();
	ring->available.flags = 5; /* where, */
	ring->available.index = 2; /* RING_EVENT_FLAGS_DESC */
	virtio_notify(DISK, 0);
	ok(request.status == OK && !needs_reset(DISK) &&
		   (virtio_get(DISK, VIRTIO_INTERRUPT) & 1) != 0,
	   "2.8.10: an event's place without EVENT_IDX is none: the interrupt comes");
	ring->packed[3] =
		(struct packed_desc){(uint64_t)&request.header, 16, 5, DESC_AVAIL | DESC_NEXT};
	ring->packed[4] = (struct packed_desc){(uint64_t)request.data, SECTOR, 5,
					       DESC_AVAIL | DESC_NEXT | DESC_WRITE};
	ring->packed[5] =
		(struct packed_desc){(uint64_t)&request.status, 1, 5, DESC_AVAIL | DESC_WRITE};
	request.status = NOTHING;
	ring->available.index = 3; /* reserved */
	virtio_notify(DISK, 0);
	ok(request.status == OK && !needs_reset(DISK) && others_work(),
	   "2.8.10: nor is what is reserved anything that harms");
}

static void test_packed(void)
{
	virtio_begin(DISK, VIRTIO_F_PACKED, ring, 1);
	prepare_packed();
	virtio_notify(DISK, 0);
	ok(request.status == OK && ring->packed[0].id == 5 &&
		   (ring->packed[0].flags & (DESC_AVAIL | DESC_USED)) == (DESC_AVAIL | DESC_USED),
	   "2.8: a packed ring that is right");
	spoil_packed("2.8.6: a chain that has no end", packed_endless);
	spoil_packed("2.8.7: a table without the feature", packed_table);
	spoil_packed("2.6: a buffer that is no RAM", packed_no_ram);
	spoil_packed("2.8.6: what is read behind what is written", packed_read_after_write);
	test_packed_tables();
	test_packed_events();
}

/* -- disks: 5.2 -- */

struct range {
	uint64_t sector;
	uint32_t count, flags;
};

static uint32_t clear(uint32_t type, uint64_t sector, uint32_t count, uint32_t flags)
{
	const struct range range = {sector, count, flags};

	memcpy(request.data, &range, sizeof(range));
	return answer(DISK, type, 0, sizeof(range));
}

static void test_disk(void)
{
	virtio_begin(DISK, 0, ring, 1);
	memset(request.data, 0x5a, sizeof(request.data));
	is(answer(DISK, BLK_OUT, DISK_SECTORS - 8, 4096), OK, "the last sectors can be written");
	is(answer(DISK, BLK_IN, DISK_SECTORS - 8, 4096), OK, "and read");
	is(answer(DISK, BLK_IN, DISK_SECTORS - 7, 4096), IOERR, "5.2.6.1: none is read beyond");
	is(answer(DISK, BLK_OUT, DISK_SECTORS, SECTOR), IOERR, "5.2.6.1: or written");
	is(answer(DISK, BLK_IN, UINT64_MAX, SECTOR), IOERR, "5.2.6.1: the last of all numbers");
	is(answer(DISK, BLK_IN, UINT64_MAX / SECTOR + 1, SECTOR), IOERR, "one that wraps to 0");
	is(answer(DISK, BLK_IN, 0, SECTOR + 1), IOERR, "5.2.6.1: half a sector");
	is(answer(DISK, BLK_FLUSH, 1234, 0), OK, "a flush");
	is(answer(DISK, 2, 0, SECTOR), UNSUPP, "5.2.6: a type that there is not");
	is(answer(DISK, UINT32_MAX, 0, SECTOR), UNSUPP, "another");
	is(clear(BLK_DISCARD, 0, 8, 0), OK, "sectors are discarded");
	is(clear(BLK_DISCARD, 0, 8, 1), UNSUPP, "5.2.6.1: a discard does not say unmap");
	is(clear(BLK_ZEROES, 0, 8, 2), UNSUPP, "5.2.6.1: reserved flags are 0");
	is(clear(BLK_ZEROES, DISK_SECTORS - 1, 2, 0), IOERR, "5.2.6.1: no zeroes beyond");
	is(clear(BLK_DISCARD, UINT64_MAX, UINT32_MAX, 0), IOERR, "no discard either");
	is(answer(DISK, BLK_DISCARD, 0, 17 * 16), IOERR, "5.2.6.1: more ranges than were offered");
	is(answer(DISK, BLK_ZEROES, 0, 17 * 16), IOERR, "5.2.6.1: nor of zeroes");
	is(answer(DISK, BLK_DISCARD, 0, 15), IOERR, "5.2.6.1: no whole range");
	memset(request.data, 0x5a, sizeof(request.data));
	is(answer(DISK, BLK_ID, 0, 20), OK, "the disk's name, of 20 bytes");
	memset(request.data, 0x5a, sizeof(request.data));
	ok(answer(DISK, BLK_ID, 0, 8) == OK && request.data[8] == 0x5a,
	   "5.2.6.1: as much of it as there is room for");
	ok(answer(DISK, BLK_ID, 0, 64) == OK && request.data[20] == 0x5a,
	   "5.2.6.1: and no more than there is of it");
	ok(!needs_reset(DISK) && others_work(), "none of these is more than an answer");
	virtio_begin(FIXED, 0, ring, 1);
	is(answer(FIXED, BLK_OUT, 0, SECTOR), IOERR, "5.2.6.1: a fixed disk is not written");
	is(clear(BLK_ZEROES, 0, 1, 0), NOTHING, "nor does one device look at another's ring");
	is(answer(FIXED, BLK_IN, 0, SECTOR), OK, "it is read");
}

/* -- the others: whose buffers are of the wrong direction, or too short -- */

static void give_one(uint64_t device, uint32_t queue, struct ring *to, uint32_t size,
		     uint16_t flags)
{
	to->split[0] = (struct split_desc){(uint64_t)request.data, size, flags, 0};
	ring_give(to, 0);
	virtio_notify(device, queue);
}

static void test_others(void)
{
	virtio_begin(RANDOM, 0, ring, 1);
	give_one(RANDOM, 0, ring, 64, 0);
	ok(needs_reset(RANDOM) && ring->used.index == 0,
	   "5.4.6.1: random numbers into what is to be read");
	virtio_begin(CONSOLE, 0, rings, 2);
	give_one(CONSOLE, 1, &rings[1], 64, DESC_WRITE);
	ok(needs_reset(CONSOLE) && rings[1].used.index == 0,
	   "5.3.6.1: text in what is to be written");
	virtio_begin(CONSOLE, 0, rings, 2);
	memcpy(request.data, "# said by virtio\n", 17);
	give_one(CONSOLE, 1, &rings[1], 17, 0);
	is(rings[1].used.index, 1, "the console works after a reset");
}

static void test_sockets(void)
{
	uint32_t *packet = (uint32_t *)(void *)request.data;

	memset(request.data, 0, sizeof(request.data));
	virtio_begin(SOCKETS, 0, rings, 3);
	packet[0] = 77; /* in the name of another */
	packet[2] = 2;
	give_one(SOCKETS, 1, &rings[1], 44, 0);
	ok(rings[1].used.index == 1 && !needs_reset(SOCKETS), "5.10.6: a packet in another's name");
	packet[0] = 3;
	packet[6] = 100; /* more than there is */
	give_one(SOCKETS, 1, &rings[1], 44, 0);
	ok(needs_reset(SOCKETS), "5.10.6: a packet that is longer than its buffer");
	virtio_begin(SOCKETS, 0, rings, 3);
	give_one(SOCKETS, 1, &rings[1], 43, 0);
	ok(needs_reset(SOCKETS), "5.10.6: one that is shorter than its header");
}

int main(void)
{
	gic_setup();
	test_identity();
	test_pokes();
	test_status();
	test_queues();
	test_too_early();
	test_notifications();
	test_split();
	test_tables();
	test_packed();
	test_disk();
	test_others();
	test_sockets();
	ok(disk_works() && others_work(), "and all of them work");
	tap_done();
}
