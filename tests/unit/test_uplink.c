/* SPDX-License-Identifier: Apache-2.0 */
/* A network's way out: frames of VMs to a NIC and back, with VLANs, and hostile ones. */
#include <string.h>

#include "core/base/errno.h"
#include "core/vm/vm.h"
#include "drivers/emul/models.h"
#include "drivers/virtio/net.h"
#include "drivers/virtio/net_frame.h"
#include "drivers/virtio/uplink.h"
#include "drivers/virtio/virtio.h"
#include "irq/vgic/vgic.h"
#include "tests/unit/fake_driver.h"
#include "tests/unit/fake_ram.h"
#include "tests/unit/fake_time.h"
#include "tests/unit/unit.h"

#define SIZE	16 /* of a queue */
#define NODES	3
#define TAGGED	2 /* the one in a VLAN */
#define VLAN	7
#define LIMITED 1 /* the one whose driver is told an mtu, of 1500 */
#define RECEIVE 0
#define SEND	1
#define HZ	1000000
#define HEADER	12U
#define PLAIN	(VIRTIO_F_VERSION_1 | VIRTIO_F_RING_RESET | NET_F_MRG_RXBUF)
#define OFFLOADS                                                                                   \
	(NET_F_CSUM | NET_F_GUEST_CSUM | NET_F_GUEST_TSO4 | NET_F_HOST_TSO4 | NET_F_HOST_TSO6)

#define OWN	0x50000
#define RING	0x14000
#define SENT_AT 0x28000
#define GOT_AT	0x3c000
#define ROOM	0x14000

static struct network_config network = {.name = "lan"};
static struct vm vms[NODES];
static struct vcpu vcpus[NODES], *vcpu_of[NODES];
static struct vdev_config configs[NODES];
static struct vdev *nets[NODES];
static struct fake_driver drivers[NODES][2];
static uint8_t memory[NODES][16384] __attribute__((aligned(16)));
static uint8_t uplink_memory[65536] __attribute__((aligned(16)));
static bool posted[NODES];

/* -- the NIC: what it has, and what it was given -- */

static struct nic nic;
static uint8_t in[NIC_BUFFERS][NIC_BUFFER_SIZE] __attribute__((aligned(16)));
static uint8_t out[NIC_BUFFERS][NIC_BUFFER_SIZE] __attribute__((aligned(16)));
static struct {
	uint32_t buffer, size;
} gone[NIC_BUFFERS], arrived[NIC_BUFFERS];
static uint32_t gone_count, arrived_count, arrived_taken, given;
static bool idle; /* it sends what it is given, and says so */

static void nic_ops_send(struct nic *of, uint32_t buffer, uint32_t size)
{
	(void)of;
	gone[gone_count].buffer = buffer;
	gone[gone_count++].size = size;
}

static int nic_ops_sent(struct nic *of, uint32_t *buffer)
{
	static uint32_t told;

	(void)of;
	told = gone_count < told ? 0 : told;
	if (!idle || told == gone_count) {
		return 0;
	}
	*buffer = gone[told++].buffer;
	return 1;
}

static int nic_ops_received(struct nic *of, uint32_t *buffer, uint32_t *size)
{
	(void)of;
	if (arrived_taken == arrived_count) {
		return 0;
	}
	*buffer = arrived[arrived_taken].buffer;
	*size = arrived[arrived_taken++].size;
	return 1;
}

static void nic_ops_give(struct nic *of, uint32_t buffer)
{
	(void)of;
	assert_int_equal(buffer, given++);
}

static bool nic_ops_never(struct nic *of)
{
	(void)of;
	return false;
}

static bool nic_ops_acknowledge(struct nic *of)
{
	(void)of;
	return true;
}

static void nic_ops_quiet(struct nic *of, bool quiet)
{
	(void)of;
	(void)quiet;
}

static const struct nic_ops ops = {
	.name = "fake",
	.send = nic_ops_send,
	.sent = nic_ops_sent,
	.received = nic_ops_received,
	.give = nic_ops_give,
	.is_spent = nic_ops_never,
	.acknowledge = nic_ops_acknowledge,
	.quiet = nic_ops_quiet,
	.reset = nic_ops_never,
};

/* -- the VMs -- */

static uint64_t place(uint32_t node, uint32_t off)
{
	return FAKE_RAM + node * (uint64_t)OWN + off;
}

void vgic_set_line(struct vm *of, uint32_t intid, bool level)
{
	(void)of;
	(void)level;
	assert_int_equal(intid, 48);
}

void vdev_work_post(struct vdev *vdev, struct vcpu *to)
{
	(void)to;
	posted[vdev->vm - vms] = true;
}

bool vdev_may_go_on(void)
{
	return false;
}

static struct switch_port *port(uint32_t node)
{
	struct switch_port *at = switch_first();

	while (at->uplink != NULL || net_vdev(at) != nets[node]) {
		at = at->all;
	}
	return at;
}

static struct switch_port *way_out(uint32_t vlan)
{
	struct switch_port *at = switch_first();

	while (at->uplink == NULL || at->config->vlan != vlan) {
		at = at->all;
	}
	return at;
}

static void set(uint32_t node, uint32_t off, uint32_t value)
{
	assert_int_equal(virtio_mmio.write(&vcpus[node], nets[node], off, 4, value), 0);
}

static void work(uint32_t node, uint32_t max)
{
	while (posted[node] && max-- != 0) {
		fake_ram_count();
		posted[node] = virtio_work(nets[node]);
		assert_true(fake_ram_count() < 40);
	}
}

static void begin(uint32_t node, uint64_t features)
{
	set(node, 0x70, 0);
	set(node, 0x70, 3);
	set(node, 0x24, 0);
	set(node, 0x20, (uint32_t)features);
	set(node, 0x24, 1);
	set(node, 0x20, (uint32_t)(features >> 32));
	set(node, 0x70, 11);
	for (uint32_t i = 0; i < 2; i++) {
		struct virtq queue = {.size = SIZE};
		struct fake_driver *driver = &drivers[node][i];

		fake_driver_begin(driver, &queue, place(node, i * RING));
		fake_driver_wish(driver, 0);
		set(node, 0x30, i);
		set(node, 0x38, SIZE);
		set(node, 0x80, (uint32_t)driver->descriptors);
		set(node, 0x90, (uint32_t)driver->driver_area);
		set(node, 0xa0, (uint32_t)driver->device_area);
		set(node, 0x44, 1);
	}
	set(node, 0x70, 15);
	work(node, 100);
}

static void create(void)
{
	static const struct uplink_members members = {NODES, 1, {VLAN}};
	struct uplink *uplink;

	assert_true(uplink_size(&members) <= sizeof(uplink_memory));
	uplink = uplink_open(uplink_memory, &network, &nic, &members);
	assert_ptr_equal(uplink_nic(uplink), &nic);
	for (uint32_t i = 0; i < NODES; i++) {
		struct arena arena = {.base = memory[i], .size = virtio_net_type.memory};

		vcpu_of[i] = &vcpus[i];
		vcpus[i].vm = &vms[i];
		vms[i] = (struct vm){.id = i, .vcpu = &vcpu_of[i], .vcpu_count = 1};
		configs[i] = (struct vdev_config){
			.name = "net",
			.type = &virtio_net_type,
			.spi = 16,
			.port = {.network = &network,
				 .vlan = i == TAGGED ? VLAN : 0,
				 .mac = {2, 0, 0, 0, 0, (uint8_t)i},
				 .mtu = i == LIMITED ? 1500 : 0},
		};
		assert_int_equal(virtio_net_type.create(&vms[i], &configs[i], &arena, &nets[i]), 0);
	}
}

/* All is new; the ports stay for all cases: a switch has no other life. */
static int set_up(void **state)
{
	(void)state;
	fake_ram_reset();
	fake_time_reset(fake_time.now + 1000 * HZ, HZ);
	gone_count = arrived_count = arrived_taken = given = 0;
	idle = true;
	if (nets[0] == NULL) {
		nic = (struct nic){.ops = &ops,
				   .in = in[0],
				   .out = out[0],
				   .in_count = NIC_BUFFERS};
		nic.out_count = NIC_BUFFERS;
		create();
	}
	nic.mtu = 1500;
	nic.up = true;
	nic.broken = false;
	nic_init(&nic);
	for (uint32_t i = 0; i < NODES; i++) {
		virtio_reset(nets[i]);
		begin(i, PLAIN);
		port(i)->count = (struct switch_counters){0};
	}
	way_out(0)->count = way_out(VLAN)->count = (struct switch_counters){0};
	return 0;
}

static void give(uint32_t node, uint32_t count, uint32_t size)
{
	for (uint32_t i = 0; i < count; i++) {
		struct fake_buffer buffer = {place(node, GOT_AT + i * size), size, true};

		assert_true(fake_driver_make(&drivers[node][RECEIVE], &buffer, 1, false) >= 0);
	}
}

#define OUTSIDE 0xee /* ends an address behind the NIC */
#define ALL	0xff

static void write_head(uint8_t *at, uint8_t to, uint8_t from)
{
	memset(at, to == ALL ? 0xff : 0, 6);
	at[0] = to == ALL ? 0xff : 2;
	at[5] = to;
	memcpy(at + 6, (uint8_t[]){2, 0, 0, 0, 0, from, 8, 0}, 8);
}

static uint8_t *sent(uint32_t node)
{
	return (uint8_t *)fake_ram(place(node, SENT_AT)) + HEADER;
}

static void send(uint32_t node, const struct net_header *header, uint8_t to, uint32_t size,
		 uint32_t steps)
{
	struct fake_buffer buffer = {place(node, SENT_AT), HEADER + size, false};

	memcpy(sent(node) - HEADER, header, HEADER);
	for (uint32_t i = 14; header->flags == 0 && i < size; i++) {
		sent(node)[i] = (uint8_t)(i * 7 + i / 251);
	}
	write_head(sent(node), to, (uint8_t)node);
	assert_true(fake_driver_make(&drivers[node][SEND], &buffer, 1, false) >= 0);
	set(node, 0x50, SEND);
	work(node, steps);
}

static const struct net_header plain;

/* What went out last. */
static const uint8_t *last_gone(uint32_t *size)
{
	assert_true(gone_count != 0);
	*size = gone[gone_count - 1].size;
	return out[gone[gone_count - 1].buffer] + NIC_ROOM;
}

/* A frame on the wire, with a tag or without (NULL); it is looked at. */
static void arrive(const char *tag, uint8_t to, uint8_t from, uint32_t size)
{
	uint8_t *at = in[arrived_count] + NIC_ROOM;
	uint32_t more = tag != NULL ? 4 : 0;

	for (uint32_t i = 14; i < size; i++) {
		at[i + more] = (uint8_t)(i * 3 + i / 251);
	}
	write_head(at, to, from);
	if (more != 0) {
		memmove(at + 16, at + 12, 2);
		memcpy(at + 12, tag, 4);
	}
	arrived[arrived_count].buffer = arrived_count;
	arrived[arrived_count++].size = size + more;
	nic_interrupt(&nic);
	fake_pass(10000);
}

/* One buffer of a node has a frame of so many bytes, as arrive() made it. */
static void expect_came(uint32_t node, uint32_t size)
{
	const uint8_t *at = (const uint8_t *)fake_ram(place(node, GOT_AT)) + HEADER;
	uint32_t written;

	assert_true(fake_driver_see(&drivers[node][RECEIVE], &written) >= 0);
	assert_int_equal(written, HEADER + size);
	assert_memory_equal(at + 12, "\x08\0", 2);
	for (uint32_t i = 14; i < size; i++) {
		assert_int_equal(at[i], (uint8_t)(i * 3 + i / 251));
	}
}

static void expect_nothing(uint32_t node)
{
	uint32_t written;

	assert_int_equal(fake_driver_see(&drivers[node][RECEIVE], &written), -1);
}

/* -- cases -- */

static void a_frame_for_outside_goes_out_whole(void **state)
{
	static const uint32_t sizes[] = {14, 15, 60, 127, 128, 129, 1000, 1514};
	const uint8_t *frame;
	uint32_t size;

	for (uint32_t i = 0; i < ARRAY_COUNT(sizes); i++) {
		set_up(state);
		send(0, &plain, OUTSIDE, sizes[i], 100);
		frame = last_gone(&size);
		assert_int_equal(size, sizes[i]);
		assert_memory_equal(frame, sent(0), size);
		assert_int_equal(way_out(0)->count.received_bytes, size);
		assert_int_equal(gone_count, 1);
	}
	/* and for a VM it does not */
	give(1, 1, 2048);
	send(0, &plain, 1, 60, 100);
	assert_int_equal(gone_count, 1);
	/* the NIC can't send more than it says */
	send(0, &plain, OUTSIDE, 1515, 100);
	assert_int_equal(gone_count, 1);
	assert_int_equal(way_out(0)->count.dropped[SWITCH_DROP_ROOM], 1);
}

static void a_VLAN_has_its_tag_on_the_wire_and_no_other(void **state)
{
	const uint8_t *frame;
	uint32_t size;

	(void)state;
	send(TAGGED, &plain, ALL, 1514, 100);
	assert_int_equal(gone_count, 1);
	frame = last_gone(&size);
	assert_int_equal(size, 1518);
	assert_memory_equal(frame, sent(TAGGED), 12);
	assert_memory_equal(frame + 12, "\x81\0\0\7", 4);
	assert_memory_equal(frame + 16, sent(TAGGED) + 12, 1502);
	/* a tag of a port's own does not leave */
	write_head(sent(0), OUTSIDE, 0);
	for (uint32_t i = 0; i < 2; i++) {
		struct fake_buffer buffer = {place(0, SENT_AT), HEADER + 60, false};

		memset(sent(0) - HEADER, 0, HEADER);
		memcpy(sent(0) + 12, i == 0 ? "\x81\0\0\7" : "\x88\xa8\0\7", 4);
		assert_true(fake_driver_make(&drivers[0][SEND], &buffer, 1, false) >= 0);
		set(0, 0x50, SEND);
		work(0, 100);
	}
	assert_int_equal(way_out(0)->count.dropped[SWITCH_DROP_TAG], 2);
	assert_int_equal(gone_count, 1);
}

static void what_comes_goes_to_who_it_is_for(void **state)
{
	static const uint32_t sizes[] = {18, 60, 200, 1514, 9004};

	for (uint32_t i = 0; i < ARRAY_COUNT(sizes); i++) {
		set_up(state);
		give(1, 1, 10000);
		arrive(NULL, 1, OUTSIDE, sizes[i]);
		expect_came(1, sizes[i]);
		expect_nothing(0);
		assert_int_equal(way_out(0)->count.sent_frames, 1);
		assert_int_equal(given, 1);
	}
	/* to all: each, and not back out */
	for (uint32_t i = 0; i < NODES; i++) {
		give(i, 1, 2048);
	}
	arrive(NULL, ALL, OUTSIDE, 100);
	expect_came(0, 100);
	expect_came(1, 100);
	expect_nothing(TAGGED);
	assert_int_equal(gone_count, 0);
	/* whom nobody knows is outside, once it has been heard there */
	arrive(NULL, 0x77, 0x78, 100);
	send(0, &plain, 0x78, 60, 100);
	assert_int_equal(gone_count, 1);
	assert_int_equal(port(1)->count.dropped[SWITCH_DROP_FULL], 1);
}

static void tags_lead_to_their_VLAN(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < NODES; i++) {
		give(i, 2, 2048);
	}
	arrive("\x81\0\0\7", ALL, OUTSIDE, 100);
	expect_came(TAGGED, 100);
	expect_nothing(0);
	assert_int_equal(way_out(VLAN)->count.sent_frames, 1);
	/* a priority alone is no VLAN */
	arrive("\x81\0\xe0\0", 0, OUTSIDE, 100);
	expect_came(0, 100);
	/* nobody's, and a service's */
	arrive("\x81\0\0\6", ALL, OUTSIDE, 100);
	arrive("\x88\xa8\0\7", ALL, OUTSIDE, 100);
	assert_int_equal(way_out(0)->count.dropped[SWITCH_DROP_TAG], 2);
	expect_nothing(0);
	expect_nothing(1);
	expect_nothing(TAGGED);
	assert_int_equal(given, 4);
}

static void what_no_bridge_passes_on_is_dropped(void **state)
{
	uint8_t *at;

	(void)state;
	give(0, 4, 2048);
	give(1, 4, 2048);
	for (uint32_t i = 0; i < 3; i++) {
		at = in[arrived_count] + NIC_ROOM;
		write_head(at, ALL, OUTSIDE);
		memcpy(at, "\x01\x80\xc2\0\0", 5);
		at[5] = (uint8_t)(i == 2 ? 0x10 : 15 * i);
		arrived[arrived_count].buffer = arrived_count;
		arrived[arrived_count++].size = 60;
		nic_interrupt(&nic);
		fake_pass(10000);
	}
	assert_int_equal(way_out(0)->count.dropped[SWITCH_DROP_LINK], 2);
	assert_int_equal(port(0)->count.received_frames, 1);
	/* in the name of a VM, and of a group */
	arrive(NULL, 0, 1, 60);
	assert_int_equal(way_out(0)->count.dropped[SWITCH_DROP_SOURCE], 1);
	/* too short, too long, nothing at all */
	arrive(NULL, 0, OUTSIDE, 17);
	arrive(NULL, 0, OUTSIDE, 9019);
	arrive(NULL, 0, OUTSIDE, 0);
	assert_int_equal(way_out(0)->count.dropped[SWITCH_DROP_SIZE], 3);
	assert_int_equal(given, arrived_count);
}

/* The sum over all 16-bit words, as RFC 1071 has it. */
static uint32_t sum_of(const uint8_t *at, uint32_t size, uint32_t sum)
{
	for (uint32_t i = 0; i < size; i++) {
		sum += i % 2 == 0 ? (uint32_t)at[i] << 8 : at[i];
		sum = (sum & 0xffff) + (sum >> 16);
	}
	return sum;
}

static void packets_longer_than_a_driver_was_told_do_not_come(void **state)
{
	(void)state;
	begin(LIMITED, PLAIN | NET_F_MTU);
	give(LIMITED, 1, 2048);
	arrive(NULL, LIMITED, OUTSIDE, 1515);
	assert_int_equal(port(LIMITED)->count.dropped[SWITCH_DROP_ROOM], 1);
	expect_nothing(LIMITED);
	arrive(NULL, LIMITED, OUTSIDE, 1514);
	expect_came(LIMITED, 1514);
	give(0, 1, 2048);
	give(LIMITED, 1, 2048);
	arrive(NULL, ALL, OUTSIDE, 1515);
	expect_came(0, 1515);
	expect_nothing(LIMITED);
	/* one that has not agreed to it gets them */
	begin(LIMITED, PLAIN);
	give(LIMITED, 1, 2048);
	arrive(NULL, LIMITED, OUTSIDE, 1515);
	expect_came(LIMITED, 1515);
	assert_int_equal(given, 4);
}

/* A frame of TCP with 5,000 bytes behind its headers, to be cut. */
static void send_tcp(uint32_t node, uint8_t to, const struct net_header *header)
{
	memset(sent(node), 0, 5100);
	for (uint32_t i = 54; i < 5054; i++) {
		sent(node)[i] = (uint8_t)(i * 5 + i / 200);
	}
	memcpy(sent(node) + 12, "\x08\0\x45\0\0\0\0\1\0\0\x40\6\0\0\x0a\0\0\1\x0a\0\0\2", 22);
	sent(node)[46] = 0x50;
	send(node, header, to, 5054, 1000);
	memcpy(sent(node) + 12, "\x08\0", 2);
}

static void a_storm_of_frames_to_cut_is_bounded(void **state)
{
	const struct net_header big = {.flags = NET_NEEDS_CSUM,
				       .gso_type = NET_GSO_TCPV4,
				       .gso_size = 100,
				       .csum_start = 34,
				       .csum_offset = 16};
	uint32_t written;

	(void)state;
	begin(0, PLAIN | OFFLOADS);
	for (uint32_t i = 0; i < 10; i++) {
		gone_count = 0;
		send_tcp(0, ALL, &big);
		assert_int_equal(gone_count, i < 5 ? 50 : 0);
		assert_true(fake_driver_see(&drivers[0][SEND], &written) >= 0);
	}
	assert_int_equal(port(0)->count.dropped[SWITCH_DROP_STORM], 5);
}

static void segments_are_cut_and_summed_ahead_of_the_wire(void **state)
{
	const struct net_header big = {.flags = NET_NEEDS_CSUM,
				       .gso_type = NET_GSO_TCPV4,
				       .header_size = 54,
				       .gso_size = 1000,
				       .csum_start = 34,
				       .csum_offset = 16};
	uint32_t nodes[] = {0, TAGGED};

	for (uint32_t n = 0; n < 2; n++) {
		uint32_t node = nodes[n], tag = node == TAGGED ? 4 : 0;

		set_up(state);
		idle = false;
		begin(node, PLAIN | OFFLOADS);
		send_tcp(node, OUTSIDE, &big);
		assert_int_equal(gone_count, 5);
		for (uint32_t i = 0; i < 5; i++) {
			const uint8_t *frame = out[gone[i].buffer] + NIC_ROOM + tag;
			uint32_t pseudo = sum_of(frame + 26, 8, 6 + 1020);

			assert_int_equal(gone[i].size, 1054 + tag);
			assert_memory_equal(frame + 54, sent(node) + 54 + 1000 * i, 1000);
			assert_int_equal(sum_of(frame + 14, 20, 0), 0xffff);
			assert_int_equal(sum_of(frame + 34, 1020, pseudo), 0xffff);
		}
	}
}

static void a_full_NIC_drops_and_counts_and_delays_nobody(void **state)
{
	uint32_t written;

	(void)state;
	idle = false;
	for (uint32_t i = 0; i < NIC_BUFFERS; i++) {
		send(0, &plain, OUTSIDE, 60, 4);
		assert_false(posted[0]);
		assert_true(fake_driver_see(&drivers[0][SEND], &written) >= 0);
	}
	assert_int_equal(gone_count + way_out(0)->count.dropped[SWITCH_DROP_FULL], NIC_BUFFERS);
	assert_int_equal(gone_count, NIC_BUFFERS / 2);
	/* no link: as if it were not there */
	nic.up = false;
	send(1, &plain, OUTSIDE, 60, 4);
	assert_int_equal(way_out(0)->count.dropped[SWITCH_DROP_DOWN], 1);
}

static void a_sender_that_is_reset_in_the_middle_leaves_no_buffer_behind(void **state)
{
	uint32_t size;

	(void)state;
	nic.mtu = 9000;
	for (uint32_t i = 0; i < 3 * NIC_BUFFERS; i++) {
		begin(0, PLAIN);
		send(0, &plain, OUTSIDE, 9014, 2);
		assert_true(posted[0]);
		assert_int_equal(nic.free_count, NIC_BUFFERS - 1);
		if (i % 2 == 0) {
			set(0, 0x70, 0);
		} else {
			virtio_reset(nets[0]);
		}
		assert_int_equal(nic.free_count, NIC_BUFFERS);
		work(0, 10);
	}
	begin(0, PLAIN);
	send(0, &plain, OUTSIDE, 9014, 100);
	assert_memory_equal(last_gone(&size), sent(0), 9014);
	assert_int_equal(gone_count, 1);
}

/* It is in the midst of a frame for it, which is long. */
static void a_receiver_that_is_reset_in_the_middle_gets_nothing_of_it(void **state)
{
	(void)state;
	give(0, 1, 10000);
	give(1, 1, 10000);
	arrived[0].buffer = 0;
	arrived[0].size = 9014;
	write_head(in[0] + NIC_ROOM, ALL, OUTSIDE);
	arrived_count = 1;
	nic_interrupt(&nic);
	fake_interrupt_at(fake_time.now);
	assert_int_equal(port(0)->count.received_frames, 0);
	virtio_reset(nets[0]);
	fake_pass(10000);
	assert_int_equal(port(0)->count.received_frames, 0);
	assert_int_equal(port(0)->count.dropped[SWITCH_DROP_DOWN], 1);
	assert_int_equal(port(1)->count.received_frames, 1);
	assert_int_equal(given, 1);
}

/* What a NIC gave before it was given up arrives: nobody's buffers stay taken. */
static void a_NIC_that_is_given_up_in_the_middle_ends_its_frame(void **state)
{
	(void)state;
	give(1, 2, 10000);
	arrived[0].buffer = 0;
	arrived[0].size = 9014;
	arrived[1] = arrived[0];
	write_head(in[0] + NIC_ROOM, 1, OUTSIDE);
	arrived_count = 2;
	nic_interrupt(&nic);
	fake_interrupt_at(fake_time.now);
	assert_int_equal(port(1)->count.received_frames, 0);
	nic.broken = true;
	fake_pass(10000);
	/* that one, and no more; the NIC is not given its buffer again */
	assert_int_equal(port(1)->count.received_frames, 1);
	assert_int_equal(given, 0);
}

#define UPLINK(sentence, function) CASE_IN(sentence, function, set_up)

/* Many ports more, which stay there: the last case. */
static void what_comes_goes_to_who_it_is_for_among_many(void **state)
{
	static struct switch_port crowd[60];
	static struct port_config config[ARRAY_COUNT(crowd)];
	static uint64_t words[ARRAY_COUNT(crowd)][SWITCH_WORDS(SWITCH_SETS)];
	enum {
		FIRST = 0x10
	};

	(void)state;
	for (uint32_t i = 0; i < ARRAY_COUNT(crowd); i++) {
		config[i] = (struct port_config){.network = &network,
						 .mac = {2, 0, 0, 0, 0, (uint8_t)(FIRST + i)}};
		switch_join(&crowd[i], &config[i], HZ, words[i]);
	}
	give(1, 2, 10000);
	for (uint8_t from = OUTSIDE; from <= OUTSIDE + 1; from++) {
		arrive(NULL, 1, from, 1514);
		expect_came(1, 1514);
		/* one that is not for anybody here, and is heard where it came from */
		arrive(NULL, OUTSIDE, from, 60);
		expect_nothing(0);
	}
	assert_int_equal(way_out(0)->count.sent_frames, 4);
	assert_int_equal(given, 4);
	/* in the name of the farthest */
	assert_int_equal(way_out(0)->count.dropped[SWITCH_DROP_SOURCE], 0);
	arrive(NULL, 1, FIRST + ARRAY_COUNT(crowd) - 1, 60);
	assert_int_equal(way_out(0)->count.dropped[SWITCH_DROP_SOURCE], 1);
	assert_int_equal(given, 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UPLINK("a frame for outside goes out whole", a_frame_for_outside_goes_out_whole),
		UPLINK("a VLAN has its tag on the wire, and no other",
		       a_VLAN_has_its_tag_on_the_wire_and_no_other),
		UPLINK("what comes goes to who it is for", what_comes_goes_to_who_it_is_for),
		UPLINK("tags lead to their VLAN", tags_lead_to_their_VLAN),
		UPLINK("what no bridge passes on is dropped", what_no_bridge_passes_on_is_dropped),
		UPLINK("packets longer than a driver was told don't come",
		       packets_longer_than_a_driver_was_told_do_not_come),
		UPLINK("a storm of frames to cut is bounded", a_storm_of_frames_to_cut_is_bounded),
		UPLINK("segments are cut and summed ahead of the wire",
		       segments_are_cut_and_summed_ahead_of_the_wire),
		UPLINK("a full NIC drops and counts, and delays nobody",
		       a_full_NIC_drops_and_counts_and_delays_nobody),
		UPLINK("a sender that is reset in the middle leaves no buffer behind",
		       a_sender_that_is_reset_in_the_middle_leaves_no_buffer_behind),
		UPLINK("a receiver that is reset in the middle gets nothing of it",
		       a_receiver_that_is_reset_in_the_middle_gets_nothing_of_it),
		UPLINK("a NIC that is given up in the middle ends its frame",
		       a_NIC_that_is_given_up_in_the_middle_ends_its_frame),
		UPLINK("what comes goes to who it is for among many",
		       what_comes_goes_to_who_it_is_for_among_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
