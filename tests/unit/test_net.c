/* SPDX-License-Identifier: Apache-2.0 */
/* Network interfaces, from both drivers' sides. virtio 1.2 5.1; docs/network.md */
#include <string.h>

#include "core/base/errno.h"
#include "core/base/percpu.h"
#include "core/vm/vm.h"
#include "drivers/emul/models.h"
#include "drivers/virtio/net.h"
#include "drivers/virtio/net_frame.h"
#include "drivers/virtio/virtio.h"
#include "irq/vgic/vgic.h"
#include "tests/unit/fake_driver.h"
#include "tests/unit/fake_ram.h"
#include "tests/unit/fake_time.h"
#include "tests/unit/unit.h"

#define SIZE	16 /* of a queue */
#define NODES	3
#define LIMITED 1 /* the one whose driver is told an mtu */
#define MTU	1500
#define RECEIVE 0
#define SEND	1
#define HZ	1000000

#define STATUS	    0x070
#define NEEDS_RESET 64
#define HEADER	    12U
#define PLAIN	    (VIRTIO_F_VERSION_1 | VIRTIO_F_RING_RESET)
#define MANY	    (PLAIN | NET_F_MRG_RXBUF)
#define OFFLOADS                                                                                   \
	(NET_F_CSUM | NET_F_GUEST_CSUM | NET_F_GUEST_TSO4 | NET_F_GUEST_TSO6 | NET_F_HOST_TSO4 |   \
	 NET_F_HOST_TSO6)

/* Each has a piece of the fake RAM: rings, what it sends, what it receives into. */
#define OWN	0x50000
#define RING	0x14000
#define SENT_AT 0x28000
#define GOT_AT	0x3c000
#define ROOM	0x14000
static uint64_t place(uint32_t node, uint32_t off)
{
	return FAKE_RAM + node * (uint64_t)OWN + off;
}

/* -- three VMs on a network -- */

static struct network_config network = {.name = "lan"};
static struct vm vms[NODES];
static struct vcpu vcpus[NODES], *vcpu_of[NODES];
static struct vdev_config configs[NODES];
static struct vdev *nets[NODES];
static struct fake_driver drivers[NODES][2];
static uint8_t memory[NODES][16384] __attribute__((aligned(16)));
static bool lines[NODES], posted[NODES];
static uint32_t steps;

static uint32_t node_of(const struct vm *vm)
{
	return (uint32_t)(vm - vms);
}

void vgic_set_line(struct vm *of, uint32_t intid, bool level)
{
	assert_int_equal(intid, 48);
	lines[node_of(of)] = level;
}

void vdev_work_post(struct vdev *vdev, struct vcpu *to)
{
	assert_ptr_equal(vdev->vm, to->vm);
	posted[node_of(vdev->vm)] = true;
}

static struct switch_port *port(uint32_t node)
{
	struct switch_port *at = switch_first(), *found = NULL;

	for (; at != NULL; at = at->all) {
		found = net_vdev(at) == nets[node] ? at : found;
	}
	assert_non_null(found);
	return found;
}

static uint64_t dropped(uint32_t node, enum switch_drop why)
{
	return port(node)->count.dropped[why];
}

/* The network, all its ports new. They stay for all cases: a switch has no other life. */
static int set_up(void **state)
{
	(void)state;
	fake_ram_reset();
	fake_time_reset(fake_time.now + 1000 * HZ, HZ);
	memset(lines, 0, sizeof(lines));
	memset(posted, 0, sizeof(posted));
	for (uint32_t i = 0; i < NODES; i++) {
		struct arena arena = {.base = memory[i], .size = sizeof(memory[i])};

		vcpu_of[i] = &vcpus[i];
		vcpus[i].vm = &vms[i];
		vms[i] = (struct vm){.id = i, .vcpu = &vcpu_of[i], .vcpu_count = 1};
		if (nets[i] == NULL) {
			configs[i] = (struct vdev_config){
				.name = "net",
				.type = &virtio_net_type,
				.spi = 16,
				.port = {.network = &network,
					 .mac = {2, 0, 0, 0, 0, (uint8_t)i},
					 .mtu = i == LIMITED ? MTU : 0},
			};
			memset(memory[i], 0, sizeof(memory[i]));
			assert_int_equal(virtio_net_type.create(&vms[i], &configs[i], &arena,
								&nets[i]),
					 0);
			assert_true(arena.used <= virtio_net_type.memory);
		}
		virtio_reset(nets[i]);
		memset(&port(i)->count, 0, sizeof(port(i)->count));
		port(i)->byte_cost = 0;
	}
	return 0;
}

/* -- their drivers -- */

static uint32_t get(uint32_t node, uint32_t off)
{
	uint64_t value = 0;

	assert_int_equal(virtio_mmio.read(&vcpus[node], nets[node], off, 4, &value), 0);
	return (uint32_t)value;
}

static void set(uint32_t node, uint32_t off, uint32_t value)
{
	assert_int_equal(virtio_mmio.write(&vcpus[node], nets[node], off, 4, value), 0);
}

static void tell_queue(uint32_t node, uint32_t index, uint64_t features)
{
	struct fake_driver *driver = &drivers[node][index];
	struct virtq queue = {
		.size = SIZE,
		.packed = (features & VIRTIO_F_PACKED) != 0,
		.event_index = (features & VIRTIO_F_EVENT_INDEX) != 0,
	};

	fake_driver_begin(driver, &queue, place(node, index * RING));
	fake_driver_wish(driver, 0);
	set(node, 0x30, index);
	set(node, 0x38, SIZE);
	set(node, 0x80, (uint32_t)driver->descriptors);
	set(node, 0x90, (uint32_t)driver->driver_area);
	set(node, 0xa0, (uint32_t)driver->device_area);
	set(node, 0x44, 1);
}

static void work(uint32_t node, uint32_t max)
{
	while (posted[node] && max-- != 0) {
		fake_ram_count();
		posted[node] = virtio_work(nets[node]);
		steps++;
		assert_true(fake_ram_count() < 40);
	}
}

static void begin(uint32_t node, uint64_t features)
{
	set(node, STATUS, 0);
	set(node, STATUS, 3);
	set(node, 0x24, 0);
	set(node, 0x20, (uint32_t)features);
	set(node, 0x24, 1);
	set(node, 0x20, (uint32_t)(features >> 32));
	set(node, STATUS, 11);
	assert_int_equal(get(node, STATUS), 11);
	tell_queue(node, RECEIVE, features);
	tell_queue(node, SEND, features);
	set(node, STATUS, 15);
	work(node, 100);
}

static void begin_all(uint64_t features)
{
	for (uint32_t i = 0; i < NODES; i++) {
		begin(i, features);
	}
}

/* `count` buffers of `size` bytes each, one behind the other. */
static void give(uint32_t node, uint32_t count, uint32_t size)
{
	for (uint32_t i = 0; i < count; i++) {
		struct fake_buffer buffer = {place(node, GOT_AT + i * size), size, true};

		assert_true(fake_driver_make(&drivers[node][RECEIVE], &buffer, 1, false) >= 0);
	}
}

/* Writes header and frame, `size` bytes with its own header, of a pattern behind that. */
static void write_frame(uint32_t node, const struct net_header *header, uint32_t to, uint32_t size)
{
	uint8_t *at = fake_ram(place(node, SENT_AT));

	memcpy(at, header, HEADER);
	at += HEADER;
	for (uint32_t i = 0; i < size; i++) {
		at[i] = (uint8_t)(i * 7 + i / 251);
	}
	memcpy(at,
	       to == NODES ? (uint8_t[]){255, 255, 255, 255, 255, 255} :
			     (uint8_t[]){2, 0, 0, 0, 0, (uint8_t)to},
	       6);
	memcpy(at + 6, (uint8_t[]){2, 0, 0, 0, 0, (uint8_t)node, 8, 0}, 8);
}

static void post_frame(uint32_t node, uint32_t size, uint32_t piece)
{
	struct fake_buffer buffers[SIZE];
	uint32_t count = 0;

	for (uint32_t at = 0; at < HEADER + size; at += piece) {
		buffers[count++] = (struct fake_buffer){
			.ipa = place(node, SENT_AT + at),
			.size = MIN(piece, HEADER + size - at),
		};
	}
	assert_true(fake_driver_make(&drivers[node][SEND], buffers, count, false) >= 0);
	set(node, 0x50, SEND);
}

/* Sends a frame of so many bytes, in pieces; all steps are done. */
static void send(uint32_t node, const struct net_header *header, uint32_t to, uint32_t size)
{
	uint32_t written;

	write_frame(node, header, to, size);
	post_frame(node, size, ROOM);
	work(node, 1000);
	assert_false(posted[node]);
	assert_true(fake_driver_see(&drivers[node][SEND], &written) >= 0);
}

static const struct net_header plain;

/* The next frame that came to a node, in `count` buffers; its bytes are in got[], header and all.
 */
static uint8_t got[ROOM];
static uint32_t see(uint32_t node, uint32_t buffer_size, uint32_t first, uint32_t *size)
{
	const struct net_header *header = (const struct net_header *)got;
	uint32_t count = 0, written;

	*size = 0;
	while (fake_driver_see(&drivers[node][RECEIVE], &written) >= 0) {
		const void *at = fake_ram(place(node, GOT_AT + (first + count) * buffer_size));

		memcpy(got + *size, at, written);
		*size += written;
		count++;
		if (count >= header->buffers) {
			break;
		}
	}
	assert_true(count == 0 || header->buffers == count);
	return count;
}

/* What came is what `node` has sent last. */
static void assert_came_whole(uint32_t node, uint32_t size, uint32_t frame)
{
	assert_int_equal(size, HEADER + frame);
	assert_memory_equal(got + HEADER, fake_ram(place(node, SENT_AT) + HEADER), frame);
}

/* -- cases -- */

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
				virtio_reset(nets[0]);
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
		virtio_reset(nets[0]);
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
			virtio_reset(nets[1]);
		} else {
			set(1, 0x30, RECEIVE);
			set(1, 0xc0, 1);
			tell_queue(1, RECEIVE, MANY);
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

#define NET(sentence, function) CASE_IN(sentence, function, set_up)

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
		NET("without buffers a frame is dropped, and what was taken goes back",
		    without_buffers_a_frame_is_dropped_and_what_was_taken_goes_back),
		NET("a buffer that is too small takes no frame",
		    a_buffer_that_is_too_small_takes_no_frame),
		NET("a frame for all comes to each once", a_frame_for_all_comes_to_each_once),
		NET("a receiver that is not there keeps nobody",
		    a_receiver_that_is_not_there_keeps_nobody),
		NET("headers that can't be drop their frame",
		    headers_that_can_not_be_drop_their_frame),
		NET("a checksum that is left to do is done for who can't",
		    a_checksum_that_is_left_to_do_is_done_for_who_can_not),
		NET("a segment that is left to cut goes to who can",
		    a_segment_that_is_left_to_cut_goes_to_who_can),
		NET("a segment is cut for who can't", a_segment_is_cut_for_who_can_not),
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
		NET("a sender that is reset in the middle leaves buffers as they were",
		    a_sender_that_is_reset_in_the_middle_leaves_buffers_as_they_were),
		NET("buffers that were taken between others' come back empty",
		    buffers_that_were_taken_between_others_come_back_empty),
		NET("a frame that others get ahead of comes whole",
		    a_frame_that_others_get_ahead_of_comes_whole),
		NET("a receiver that is reset in the middle gets nothing of it",
		    a_receiver_that_is_reset_in_the_middle_gets_nothing_of_it),
		NET("a receiver that breaks rules breaks alone",
		    a_receiver_that_breaks_rules_breaks_alone),
		NET("one that is broken by others gives back what it holds",
		    one_that_is_broken_by_others_gives_back_what_it_holds),
		NET("a sender that breaks rules breaks alone",
		    a_sender_that_breaks_rules_breaks_alone),
		NET("a limit makes the next frames wait", a_limit_makes_the_next_frames_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
