/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two network interfaces on one switch, and a driver that breaks rules with one of them: what the
 * other gets, and that neither is harmed. Numbers are clauses of virtio 1.2.
 */
#include "tests/guest/lib/cpu.h"
#include "tests/guest/lib/gic.h"
#include "tests/guest/lib/string.h"
#include "tests/guest/lib/tap.h"
#include "tests/guest/lib/virtio.h"

/* In the order of virtio_net.dts. */
#define PORT VIRTIO_DEVICE(0)
#define FAR  VIRTIO_DEVICE(1)
#define SLOW VIRTIO_DEVICE(2)

#define NET_CSUM       BIT(0)
#define NET_GUEST_CSUM BIT(1)
#define NET_MTU	       BIT(3)
#define NET_GUEST_TSO4 BIT(7)
#define NET_HOST_TSO4  BIT(11)
#define NET_MRG_RXBUF  BIT(15)
#define NET_CSUM_LEFT  1 /* flags */
#define NET_DATA_VALID 2
#define NET_RSC_INFO   4
#define NET_GSO_TCPV4  1
#define NET_GSO_UDP    3
#define NET_GSO_UDP_L4 5
#define NET_GSO_ECN    0x80
#define MTU	       1500	/* virtio_net.dts */
#define SLOW_RATE      10000000 /* bytes a second, the same */
#define SLOW_BURST     65536	/* docs/network.md, as what follows */
#define FLOOD_RATE     2000	/* frames a second */
#define FLOOD_BURST    256

static struct ring rings[2] __attribute__((aligned(4096)));
static struct ring far_rings[2] __attribute__((aligned(4096)));
static uint8_t sent[4096] __attribute__((aligned(16)));
static uint8_t far_buffer[4096] __attribute__((aligned(16)));

static bool needs_reset(uint64_t device)
{
	return (virtio_get(device, VIRTIO_STATUS) & VIRTIO_NEEDS_RESET) != 0;
}

/* A frame to the other port, or what is none: true, it arrived. */
static bool send(uint32_t size, uint16_t flags)
{
	uint16_t before = READ_ONCE(far_rings[0].used.index);

	if (far_rings[0].available.index == before) {
		ring_give(&far_rings[0], 0);
	}
	rings[1].split[0] = (struct split_desc){(uint64_t)sent, size, flags, 0};
	ring_give(&rings[1], 0);
	virtio_notify(PORT, 1);
	return READ_ONCE(far_rings[0].used.index) != before;
}

static uint8_t *begin_ports_with(uint64_t features, uint64_t far_features)
{
	uint8_t *frame = sent + 12;

	virtio_begin(PORT, features, rings, 2);
	virtio_begin(FAR, far_features, far_rings, 2);
	far_rings[0].split[0] =
		(struct split_desc){(uint64_t)far_buffer, sizeof(far_buffer), DESC_WRITE, 0};
	memset(far_buffer, 0xee, sizeof(far_buffer));
	memset(sent, 0, sizeof(sent));
	for (unsigned int i = 0; i < 6; i++) {
		frame[i] = mmio_read8(FAR + VIRTIO_CONFIG + i);
		frame[6 + i] = mmio_read8(PORT + VIRTIO_CONFIG + i);
	}
	return sent;
}

static uint8_t *begin_ports(void)
{
	return begin_ports_with(0, 0);
}

static void put16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)value;
	at[1] = (uint8_t)(value >> 8);
}

/* The header of a segment to cut, in a frame of 200 bytes. */
static void leave_segment(uint8_t *header, uint8_t type, uint32_t size)
{
	header[0] = NET_CSUM_LEFT;
	header[1] = type;
	put16(header + 2, 54);
	put16(header + 4, size);
	put16(header + 6, 34);
	put16(header + 8, 16);
}

/* What 5.1.6.2.1 says of a header that goes before a frame. */
static void test_headers(void)
{
	static const uint8_t types[] =
		{2,    NET_GSO_UDP, 4, NET_GSO_UDP_L4, 6, NET_GSO_ECN, NET_GSO_TCPV4 | NET_GSO_ECN,
		 0x7f, 0xff};
	static const uint16_t sizes[] = {0, 1, 47, 9019, 65535};
	const uint64_t offloads = NET_CSUM | NET_GUEST_CSUM | NET_HOST_TSO4 | NET_GUEST_TSO4;
	uint8_t *header = begin_ports_with(offloads, offloads);
	unsigned int came = 0;

	leave_segment(header, NET_GSO_TCPV4, 100);
	ok(send(12 + 200, 0), "a segment to cut arrives");
	for (unsigned int i = 0; i < ARRAY_SIZE(types); i++) {
		leave_segment(header, types[i], 100);
		came += send(12 + 200, 0) || needs_reset(PORT);
	}
	is(came, 0, "5.1.6.2.1: none of UDP, with ECN or of no kind, which were not agreed on");
	for (unsigned int i = 0; i < ARRAY_SIZE(sizes); i++) {
		leave_segment(header, NET_GSO_TCPV4, sizes[i]);
		came += send(12 + 200, 0) || needs_reset(PORT);
	}
	is(came, 0, "5.1.6.2.1: none into pieces of no size, or of none that is");
	leave_segment(header, NET_GSO_TCPV4, 100);
	header[0] = 0;
	ok(!send(12 + 200, 0) && !needs_reset(PORT), "5.1.6.2.1: none without its checksum left");
	leave_segment(header, NET_GSO_TCPV4, 100);
	put16(header + 2, 65535);
	far_buffer[2] = far_buffer[3] = 0xee;
	ok(send(12 + 200, 0) && far_buffer[2] + far_buffer[3] * 256 < 200,
	   "5.1.6.2.2: what it says of the headers' length is not relied on");
	header = begin_ports();
	header[0] = NET_DATA_VALID | NET_RSC_INFO | 0xf8;
	put16(header + 2, 1234);
	put16(header + 4, 1234);
	put16(header + 6, 34);
	put16(header + 8, 16);
	put16(header + 10, 7);
	ok(send(12 + 64, 0), "5.1.6.2.1: what only a device says, and reserved flags, are ignored");
	came = 0;
	for (unsigned int i = 0; i < 12; i++) {
		came += far_buffer[i] != (i == 10);
	}
	is(came, 0, "5.1.6.2.1, 5.1.6.4.1: and the receiver is told nothing of it");
}

/* 5.1.4.1, 5.1.4.2: both ports have an mtu of MTU. */
static void test_mtu(void)
{
	begin_ports_with(NET_MTU, 0);
	ok(send(12 + 14 + MTU, 0), "a packet of its mtu arrives");
	ok(!send(12 + 14 + MTU + 1, 0) && !needs_reset(PORT),
	   "5.1.4.2: who agreed to an mtu sends none that is longer");
	begin_ports_with(0, NET_MTU);
	ok(send(12 + 14 + MTU, 0), "a packet of the receiver's mtu arrives");
	ok(!send(12 + 14 + MTU + 1, 0) && !needs_reset(PORT) && !needs_reset(FAR),
	   "5.1.4.1: who agreed to an mtu gets none that is longer");
	begin_ports();
	ok(send(12 + 14 + MTU + 1, 0), "who has not does");
}

static uint64_t us_since(uint64_t begun)
{
	return (counter_now() - begun) * 1000000 / counter_hz();
}

/* What a port sends to all is limited, and what it sends to one is not. */
static void test_storm(void)
{
	uint64_t begun, passed = 0;
	uint8_t *frame = begin_ports() + 12;

	cpu_delay_us(200000); /* whatever it sent to all before */
	memset(frame, 0xff, 6);
	begun = counter_now();
	for (unsigned int i = 0; i < 2 * FLOOD_BURST; i++) {
		passed += send(12 + 64, 0);
	}
	in_range(passed, FLOOD_BURST, FLOOD_BURST + 1 + us_since(begun) * FLOOD_RATE / 1000000,
		 "a storm goes as far as docs/network.md says");
	for (unsigned int i = 0; i < 6; i++) {
		frame[i] = mmio_read8(FAR + VIRTIO_CONFIG + i);
	}
	ok(send(12 + 64, 0), "a frame to one port arrives nevertheless");
	memset(frame, 0xff, 6);
	begun = counter_now();
	cpu_delay_us(20000);
	passed = 0;
	for (unsigned int i = 0; i < FLOOD_BURST; i++) {
		passed += send(12 + 64, 0);
	}
	/* 20 ms of it at least */
	in_range(passed, FLOOD_RATE / 50, us_since(begun) * FLOOD_RATE / 1000000 + 2,
		 "and after a while more to all, at its rate");
	ok(!needs_reset(PORT) && !needs_reset(FAR), "neither is harmed");
}

/* A port with a limit sends as much as that, and no more. */
static void test_rate(void)
{
	static struct ring slow_rings[2];
	struct queue queue = {.device = SLOW, .number = 1};
	const struct buffer whole = {sent, 12 + 1000, false};
	uint64_t begun, bytes = 0, most;
	bool all = true;
	uint32_t written;

	begin_ports();
	virtio_begin(SLOW, 0, slow_rings, 2);
	queue_begin(&queue, &slow_rings[1]);
	for (unsigned int i = 0; i < 6; i++) {
		sent[12 + 6 + i] = mmio_read8(SLOW + VIRTIO_CONFIG + i);
	}
	begun = counter_now();
	while (us_since(begun) < 50000) {
		queue_give(&queue, &whole, 1);
		queue_notify(&queue);
		all = WAIT(queue_take(&queue, &written)) && all;
		bytes += 1000;
	}
	ok(all && !needs_reset(SLOW), "all frames of a port with a limit are sent");
	most = SLOW_BURST + us_since(begun) * (SLOW_RATE / 1000000);
	in_range(bytes, most * 9 / 10, most + 1000, "at its rate, as docs/network.md says");
}

/* 5.1.6.3.1, where a frame may have many buffers. */
static void test_merged(void)
{
	begin_ports_with(0, NET_MRG_RXBUF);
	far_rings[0].split[0].size = 40;
	far_rings[0].split[1] = (struct split_desc){(uint64_t)far_buffer + 40, 40, DESC_WRITE, 0};
	ring_give(&far_rings[0], 0);
	ring_give(&far_rings[0], 1);
	ok(send(12 + 64, 0) && far_buffer[10] == 2 && far_rings[0].used.index == 2,
	   "a frame comes in two buffers");
	begin_ports_with(0, NET_MRG_RXBUF);
	far_rings[0].split[0].size = 11;
	ok(!send(12 + 64, 0) && needs_reset(FAR) && !needs_reset(PORT),
	   "5.1.6.3.1: one without room for a header breaks its owner");
	begin_ports_with(0, NET_MRG_RXBUF);
	far_rings[0].split[0].size = 40;
	ok(!send(12 + 64, 0) && far_rings[0].used.index == 0 && !needs_reset(FAR),
	   "5.1.6.3.1: too few for a frame: it is dropped, and they are still there");
	put16(sent + 10, 77);
	ring_give(&far_rings[0], 0);
	ok(send(12 + 14, 0) && far_buffer[10] == 1,
	   "5.1.6.2.1: how many buffers is the receiver's to be told, whatever the sender says");
}

static void test_network(void)
{
	uint8_t *header = begin_ports();

	ok(send(12 + 64, 0), "a frame arrives");
	ok(!send(12 + 13, 0) && !needs_reset(PORT),
	   "5.1.6.2: what is shorter than a frame is none");
	ok(!send(5, 0) && !needs_reset(PORT), "5.1.6.2: nor is half a header");
	ok(!send(4096, 0) || !needs_reset(PORT),
	   "5.1.6.2: a frame that is too long for its buffer");
	header[0] = 1; /* NEEDS_CSUM, not negotiated */
	ok(!send(12 + 64, 0) && !needs_reset(PORT), "5.1.6.2.1: a checksum that was not agreed on");
	header[0] = 0;
	header[1] = 1; /* TCPV4, not negotiated */
	ok(!send(12 + 64, 0) && !needs_reset(PORT), "5.1.6.2.1: a segment that was not agreed on");
	header[1] = 0;
	memcpy(header + 12 + 6, header + 12, 6);
	ok(!send(12 + 64, 0), "a frame in another's name goes nowhere");
	begin_ports();
	ok(!send(12 + 64, DESC_WRITE) && needs_reset(PORT),
	   "5.1.6.2: a frame that is to be written");
	begin_ports();
	ok(send(12 + 64, 0), "after a reset they arrive again");
	far_rings[0].split[0].flags = 0;
	ok(!send(12 + 64, 0) && needs_reset(FAR) && !needs_reset(PORT),
	   "5.1.6.3: a buffer that is to be read breaks its owner, and not the sender");
	begin_ports();
	far_rings[0].split[0].size = 11;
	ok(!send(12 + 64, 0) && needs_reset(FAR) && !needs_reset(PORT),
	   "5.1.6.3.1: one without room for a header too");
	begin_ports();
	far_rings[0].split[0].size = 40;
	ok(!send(12 + 64, 0) && !needs_reset(FAR),
	   "5.1.6.3.1: too short for this frame: it is dropped");
}

/* 2.2.1, 5.1.3.1: a feature without the one that it needs. */
static void test_features(void)
{
	ok(!virtio_negotiate(PORT, VIRTIO_F_VERSION_1 | NET_HOST_TSO4),
	   "2.2.1: segments are cut only where sums are made");
	ok(!virtio_negotiate(PORT, VIRTIO_F_VERSION_1 | NET_CSUM | NET_GUEST_TSO4),
	   "2.2.1: and taken whole only where sums are left open");
	ok(virtio_negotiate(PORT, VIRTIO_F_VERSION_1 | NET_CSUM | NET_HOST_TSO4 | NET_GUEST_CSUM |
					  NET_GUEST_TSO4),
	   "with what they need both are agreed on");
}

int main(void)
{
	gic_setup();
	test_features();
	test_network();
	test_headers();
	test_mtu();
	test_merged();
	test_storm();
	test_rate();
	begin_ports();
	ok(send(12 + 64, 0), "and both work");
	tap_done();
}
