/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random driving of virtio devices, by all CPUs at once and without a lock: registers, rings in
 * either format, chains that make sense, that nearly do, and that don't. virtio 1.2 2.7, 2.8, 4.2.
 *
 * What is known of a queue is what one CPU last told the device, or meant to: a guess, for all.
 */
#include "tests/guest/lib/exc.h"
#include "tests/guest/lib/virtio.h"
#include "tests/guest/lib/wild.h"

#define DEVICES	   16
#define QUEUES	   3
#define QUEUE_MAX  256 /* of a queue that is set up to work */
#define PARTS	   8
#define PAGE	   0x1000
#define SPARE	   (UINT64_C(RAM_BASE) + RAM_MAPPED_SIZE) /* what this program never needs */
#define SPARE_SIZE 0x02000000

enum {
	ID_NET = 1,
	ID_BLOCK,
	ID_CONSOLE,
	ID_RANDOM,
	ID_BALLOON,
	ID_VSOCK = 19
};

struct place {
	uint64_t parts[3]; /* descriptors, the driver's, the device's */
	uint32_t size;
	uint32_t at; /* free-running: the next that is offered */
};

static struct {
	uint64_t accepted;
	struct place queue[QUEUES];
} known[DEVICES];

/* A buffer of a chain. */
struct part {
	uint64_t address;
	uint32_t size;
	bool writes; /* the device does */
};

static bool rarely(struct wild *w, uint32_t n)
{
	return (wild_random(w) >> 32) % n == 0;
}

static uint32_t below(struct wild *w, uint32_t n)
{
	return (uint32_t)((wild_random(w) >> 32) * n >> 32);
}

static uint32_t get(struct wild *w, uint64_t device, uint32_t reg)
{
	w->traps++;
	return virtio_get(device, reg);
}

static void set(struct wild *w, uint64_t device, uint32_t reg, uint64_t value)
{
	w->traps++;
	virtio_set(device, reg, value);
}

/* -- setting it up -- */

static uint64_t offered(struct wild *w, uint64_t device)
{
	uint64_t low;

	set(w, device, VIRTIO_FEATURES_SEL, 0);
	low = get(w, device, VIRTIO_FEATURES);
	set(w, device, VIRTIO_FEATURES_SEL, 1);
	return low | (uint64_t)get(w, device, VIRTIO_FEATURES) << 32;
}

static void accept(struct wild *w, uint64_t device, uint64_t features)
{
	for (uint32_t half = 0; half < 2; half++) {
		set(w, device, VIRTIO_ACCEPT_SEL, half);
		set(w, device, VIRTIO_ACCEPT, features >> (32 * half));
	}
}

static void clear(uint64_t at, uint32_t bytes)
{
	for (uint32_t i = 0; i < bytes; i += 8) {
		mmio_write64(at + i, 0);
	}
}

static void set_up_queue(struct wild *w, uint64_t device, struct place *place, uint32_t queue)
{
	static const uint32_t regs[] = {VIRTIO_QUEUE_DESC, VIRTIO_QUEUE_DRIVER,
					VIRTIO_QUEUE_DEVICE};
	uint64_t base = wild_memory(w, 2 * PAGE);
	uint32_t size = rarely(w, 8) ? 1 + below(w, QUEUE_MAX) : 1U << below(w, 9);

	*place = (struct place){.parts = {base, base + 0x1000, base + 0x1400}, .size = size};
	clear(base, 2 * PAGE);
	set(w, device, VIRTIO_QUEUE_SEL, queue);
	set(w, device, VIRTIO_QUEUE_SIZE, rarely(w, 32) ? wild_value(w) : size);
	for (uint32_t i = 0; i < ARRAY_SIZE(regs); i++) {
		uint64_t at = rarely(w, 64) ? wild_value(w) : place->parts[i];

		set(w, device, regs[i], at);
		set(w, device, regs[i] + 4, at >> 32);
	}
	set(w, device, VIRTIO_QUEUE_READY, !rarely(w, 32));
}

/* From a reset to its last word; now and then one of these is left out. */
static void begin(struct wild *w, uint32_t index)
{
	uint64_t device = VIRTIO_DEVICE(index), features;
	uint32_t status = VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER;

	set(w, device, VIRTIO_STATUS, 0);
	set(w, device, VIRTIO_STATUS, status);
	features = offered(w, device);
	if (!rarely(w, 4)) {
		features &= wild_random(w) | VIRTIO_F_VERSION_1;
	}
	accept(w, device, rarely(w, 32) ? wild_random(w) : features);
	known[index].accepted = features;
	status |= rarely(w, 64) ? 0 : VIRTIO_FEATURES_OK;
	set(w, device, VIRTIO_STATUS, status);
	for (uint32_t i = 0; i < QUEUES; i++) {
		set_up_queue(w, device, &known[index].queue[i], i);
	}
	set(w, device, VIRTIO_STATUS, status | VIRTIO_DRIVER_OK);
}

/* -- what is asked of it -- */

static uint64_t memory(struct wild *w)
{
	return wild_memory(w, rarely(w, 4) ? 1 : 8);
}

static struct part read_from(uint64_t at, uint32_t size)
{
	return (struct part){at, size, false};
}

static struct part write_to(struct wild *w, uint32_t size)
{
	return (struct part){memory(w), size, true};
}

static uint32_t ask_block(struct wild *w, struct part *parts)
{
	static const uint8_t types[] = {0, 0, 1, 1, 4, 8, 11, 13};
	uint32_t type = rarely(w, 16) ? below(w, 32) : types[below(w, ARRAY_SIZE(types))];
	uint64_t header = wild_memory(w, 8);
	uint32_t count = type == 4 ? 0 : 1 + below(w, PARTS - 3);

	mmio_write64(header, type);
	mmio_write64(header + 8, rarely(w, 16) ? wild_value(w) : below(w, 0x2000));
	parts[0] = read_from(header, 16);
	for (uint32_t i = 1; i <= count; i++) {
		parts[i] = write_to(w, type > 8 ? 16 * (1 + below(w, 16)) : 512 * below(w, 16));
		parts[i].writes = type == 0 || type == 8;
		if (type > 8) {
			mmio_write64(parts[i].address, below(w, 0x2000));
			mmio_write64(parts[i].address + 8, below(w, 64) | (wild_random(w) & 1)
										  << 32);
		}
	}
	parts[count + 1] = write_to(w, 1);
	return count + 2;
}

#define TCPV4 1
#define TCPV6 4

/* TCP over IP, now and then with options, its type and all that follows; where TCP begins. */
static uint32_t write_tcp(struct wild *w, uint64_t frame, bool v6)
{
	uint32_t words = v6 ? 10 : rarely(w, 3) ? 5 + below(w, 11) : 5, tcp = 14 + 4 * words;
	uint32_t length = rarely(w, 16) ? below(w, 16) : 5 + below(w, 11);

	if (v6) {
		mmio_write32(frame + 12, 0x0060dd86);
		mmio_write16(frame + 20, 6);
	} else {
		mmio_write32(frame + 12, 0x00400008 | words << 16);
		mmio_write32(frame + 20, 0x06000040);
	}
	mmio_write16(frame + tcp + 12, (uint16_t)(0x1000 | length << 4));
	return tcp;
}

/* A frame of TCP, or of nothing known, at `at` behind its header; to all, to another port, or to
 * nobody. Returns the bytes of the frame. */
static uint32_t write_frame(struct wild *w, uint64_t at)
{
	static const uint8_t kinds[] = {0, 0, TCPV4, TCPV6, TCPV4, 5};
	uint64_t to = rarely(w, 2) ? ~UINT64_C(0) : wild_random(w), source = wild_random(w) << 16;
	uint64_t kind = kinds[below(w, ARRAY_SIZE(kinds))], partial = kind != 0 || rarely(w, 2);
	uint64_t port = VIRTIO_DEVICE(below(w, w->devices)), tcp;

	if (!rarely(w, 3)) {
		to = virtio_get(port, VIRTIO_CONFIG) | (uint64_t)virtio_get(port, VIRTIO_CONFIG + 4)
							       << 32;
		w->traps += 2;
	}
	/* from a group nothing is taken */
	source &= rarely(w, 8) ? ~UINT64_C(0) : ~BIT(16);
	tcp = write_tcp(w, at + 12, kind == TCPV6);
	tcp = rarely(w, 16) ? below(w, 128) : tcp;
	/* flags, kind, header's size, segment's; where the sum begins and stands */
	mmio_write64(at, partial | kind << 8 | UINT64_C(54) << 16 |
				 (uint64_t)below(w, rarely(w, 2) ? 128 : 1500) << 32 | tcp << 48);
	mmio_write64(at + 8, (rarely(w, 8) ? wild_random(w) & 0xffff : 16) | to << 32);
	mmio_write64(at + 16, (to >> 32 & 0xffff) | source);
	return kind != 0 ? 54 + below(w, rarely(w, 4) ? 0x10000 : 1000) : 14 + below(w, 1500);
}

static uint32_t send_frame(struct wild *w, struct part *parts)
{
	uint64_t at = wild_memory(w, 64);
	uint32_t size = write_frame(w, at);

	parts[0] = read_from(at, 12);
	parts[1] = read_from(at + 12, size);
	if (rarely(w, 2)) {
		parts[0].size += 54;
		parts[1] = read_from(at + 66, size - 14);
	}
	return 2;
}

static uint32_t send_packet(struct wild *w, struct part *parts)
{
	uint64_t at = wild_memory(w, 64), to = rarely(w, 2) ? 2 : 3 + below(w, 3);
	uint32_t size = rarely(w, 2) ? 0 : below(w, 4096), op = below(w, 8);

	mmio_write64(at, rarely(w, 16) ? wild_value(w) : 3 + below(w, 2));
	mmio_write64(at + 8, to);
	mmio_write64(at + 16, below(w, 8) | (uint64_t)(rarely(w, 2) ? 23 : below(w, 8)) << 32);
	mmio_write64(at + 24, size | UINT64_C(1) << 32 | (uint64_t)op << 48);
	mmio_write64(at + 32, (wild_random(w) & 3) | UINT64_C(0x10000) << 32);
	mmio_write32(at + 40, below(w, 0x10000));
	parts[0] = read_from(at, 44);
	parts[1] = read_from(wild_memory(w, 1), size);
	return size != 0 ? 2 : 1;
}

/* Page numbers, of memory that nobody needs; now and then of any. */
static uint32_t list_pages(struct wild *w, struct part *parts)
{
	uint64_t at = wild_memory(w, 256);
	uint32_t count = 1 + below(w, 64);

	for (uint32_t i = 0; i < count; i++) {
		uint64_t page = (SPARE + wild_random(w) % SPARE_SIZE) >> 12;

		mmio_write32(at + 4 * i,
			     rarely(w, 256) ? (uint32_t)wild_random(w) : (uint32_t)page);
	}
	parts[0] = read_from(at, 4 * count);
	return 1;
}

static uint32_t some_parts(struct wild *w, struct part *parts)
{
	uint32_t count = 1 + below(w, PARTS - 1);

	for (uint32_t i = 0; i < count; i++) {
		parts[i] = write_to(w, below(w, 4096));
		parts[i].writes = i >= count / 2;
	}
	return count;
}

static uint32_t make_parts(struct wild *w, uint32_t id, uint32_t queue, struct part *parts)
{
	if (rarely(w, 16)) {
		return some_parts(w, parts);
	}
	switch (id << 4 | queue) {
	case ID_BLOCK << 4:
		return ask_block(w, parts);
	case ID_NET << 4 | 1:
		return send_frame(w, parts);
	case ID_VSOCK << 4 | 1:
		return send_packet(w, parts);
	case ID_BALLOON << 4:
	case ID_BALLOON << 4 | 1:
		return list_pages(w, parts);
	case ID_CONSOLE << 4 | 1:
		parts[0] = read_from(memory(w), below(w, 32));
		return 1;
	default:
		parts[0] = write_to(w, 1 + below(w, rarely(w, 8) ? 0x10000 : 2048));
		return 1;
	}
}

/* -- chains -- */

static void spoil(struct wild *w, struct part *part)
{
	switch (below(w, 64)) {
	case 0:
		part->size = (uint32_t)wild_value(w);
		break;
	case 1:
		part->address = wild_value(w);
		break;
	case 2:
		part->writes = !part->writes;
		break;
	case 3:
		part->size = 0;
		break;
	default:
		break;
	}
	/* this program's own memory only now and then: it would not get far */
	if (part->writes && part->address < WILD_AREA && !rarely(w, 16)) {
		part->address = wild_memory(w, 1);
	}
}

static void put_desc(uint64_t at, const struct part *part, uint64_t flags, uint64_t last)
{
	mmio_write64(at, part->address);
	mmio_write64(at + 8, part->size | flags << 32 | last << 48);
}

static uint64_t flags_of(struct wild *w, const struct part *part, bool more)
{
	uint64_t flags = (part->writes ? DESC_WRITE : 0) | (more ? DESC_NEXT : 0);

	return rarely(w, 128) ? wild_random(w) & 0xffff : flags;
}

/* All of it in a table of its own, of which one descriptor says where it is; now and then cut into
 * as many buffers as there may be, of a few bytes each. */
static uint32_t indirect(struct wild *w, struct part *parts, uint32_t count, uint32_t size,
			 bool packed)
{
	uint64_t table = wild_memory(w, 16);
	uint32_t most = rarely(w, 2) ? 1 + below(w, rarely(w, 2) ? 4 : 1) : UINT32_MAX, at = 0;

	for (uint32_t i = 0; i < count; i++) {
		struct part rest = parts[i];

		do {
			bool last = rest.size <= most || at + count - i >= size;
			struct part cut = rest;
			uint64_t flags;

			cut.size = last ? rest.size : most;
			flags = flags_of(w, &cut, !packed && (!last || i + 1 < count));
			put_desc(table + 16 * at, &cut, packed ? 0 : flags,
				 packed ? flags : at + 1);
			at++;
			rest.address += cut.size;
			rest.size -= cut.size;
		} while (rest.size != 0);
	}
	parts[0] = read_from(table, 16 * at);
	return 1;
}

static void give_split(struct wild *w, struct place *place, struct part *parts, uint32_t count,
		       uint64_t extra)
{
	uint32_t size = place->size, head = below(w, size), at = place->at;

	for (uint32_t i = 0; i < count; i++) {
		uint32_t slot = (head + i) % size, next = (slot + 1) % size;

		next = rarely(w, 128) ? below(w, 0x10000) : next;
		put_desc(place->parts[0] + 16 * slot, &parts[i],
			 flags_of(w, &parts[i], i + 1 < count) | extra, next);
	}
	mmio_write16(place->parts[1] + 4 + 2 * (at % size), (uint16_t)head);
	place->at = at + 1 + (rarely(w, 128) ? below(w, 3) : 0);
	dmb(ish); /* the chain before its number */
	mmio_write16(place->parts[1] + 2, (uint16_t)(rarely(w, 256) ? wild_random(w) : place->at));
}

static void give_packed(struct wild *w, struct place *place, struct part *parts, uint32_t count,
			uint64_t extra)
{
	uint32_t size = place->size, first = place->at;

	/* the first one last: it makes the chain available */
	for (uint32_t i = count; i-- > 0;) {
		uint32_t at = first + i;
		uint64_t wrap = at / size % 2 == 0 ? DESC_AVAIL : DESC_USED;
		uint64_t flags = flags_of(w, &parts[i], i + 1 < count) | extra | wrap;

		dmb(ish); /* those behind it before this one */
		put_desc(place->parts[0] + 16 * (at % size), &parts[i], below(w, 0x10000), flags);
	}
	place->at = first + count;
}

static void give(struct wild *w, uint32_t index, uint32_t queue)
{
	struct place place = known[index].queue[queue];
	bool packed = (known[index].accepted & VIRTIO_F_PACKED) != 0;
	struct part parts[PARTS];
	uint64_t extra = 0;
	uint32_t id = get(w, VIRTIO_DEVICE(index), VIRTIO_DEVICE_ID);
	uint32_t count = make_parts(w, id, queue, parts);

	for (uint32_t i = 0; i < count; i++) {
		spoil(w, &parts[i]);
	}
	if ((known[index].accepted & VIRTIO_F_INDIRECT) != 0 && rarely(w, 3)) {
		count = indirect(w, parts, count, place.size, packed);
		extra = DESC_INDIRECT;
	}
	if (place.size == 0) {
		return; /* nobody has set it up yet */
	}
	(packed ? give_packed : give_split)(w, &place, parts, count, extra);
	known[index].queue[queue].at = place.at;
}

/* Words of its rings, whoever reads them at the moment. */
static void scribble(struct wild *w, const struct place *place)
{
	for (uint32_t i = below(w, 4); i < 4 && place->size != 0; i++) {
		uint64_t base = place->parts[below(w, 3)];

		mmio_write64(base + (wild_random(w) & 0xbf8), wild_value(w));
	}
}

/* -- registers -- */

static void registers(struct wild *w, uint64_t device)
{
	static const uint16_t regs[] = {
		VIRTIO_FEATURES,     VIRTIO_FEATURES_SEL, VIRTIO_ACCEPT,      VIRTIO_ACCEPT_SEL,
		VIRTIO_QUEUE_SEL,    VIRTIO_QUEUE_SIZE,	  VIRTIO_QUEUE_READY, VIRTIO_QUEUE_NOTIFY,
		VIRTIO_QUEUE_NOTIFY, VIRTIO_ACK,	  VIRTIO_STATUS,      VIRTIO_QUEUE_DESC,
		VIRTIO_QUEUE_DRIVER, VIRTIO_QUEUE_DEVICE, VIRTIO_QUEUE_RESET, VIRTIO_CONFIG,
		VIRTIO_GENERATION,
	};

	for (uint32_t i = below(w, 4); i < 4; i++) {
		uint32_t reg =
			rarely(w, 4) ? below(w, 0x200) & ~3U : regs[below(w, ARRAY_SIZE(regs))];

		if (rarely(w, 3)) {
			get(w, device, reg);
		} else {
			set(w, device, reg, rarely(w, 2) ? below(w, 16) : wild_value(w));
		}
	}
}

void wild_virtio_calm(struct wild *w)
{
	for (uint32_t i = 0; i < w->devices; i++) {
		set(w, VIRTIO_DEVICE(i), VIRTIO_ACK, ~UINT64_C(0));
	}
}

void wild_virtio(struct wild *w)
{
	uint32_t index = below(w, w->devices), queue = below(w, QUEUES);
	uint64_t device = VIRTIO_DEVICE(index);
	uint32_t status;

	if (rarely(w, 8)) {
		registers(w, device);
		return;
	}
	/* what it says there all others wait for, at the one console of the board */
	if (get(w, device, VIRTIO_DEVICE_ID) == ID_CONSOLE && !rarely(w, 16)) {
		return;
	}
	status = get(w, device, VIRTIO_STATUS);
	if (((status & VIRTIO_DRIVER_OK) == 0 || (status & VIRTIO_NEEDS_RESET) != 0 ||
	     rarely(w, 32)) &&
	    !rarely(w, 4)) {
		begin(w, index);
	}
	for (uint32_t i = below(w, 6); i < 6; i++) {
		give(w, index, queue);
	}
	if (rarely(w, 16)) {
		scribble(w, &known[index].queue[queue]);
	}
	if (!rarely(w, 8)) {
		dmb(ish); /* the ring before its word */
		set(w, device, VIRTIO_QUEUE_NOTIFY, queue);
	}
	if (rarely(w, 4)) {
		set(w, device, VIRTIO_ACK, ~UINT64_C(0));
	}
}
