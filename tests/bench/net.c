/* SPDX-License-Identifier: Apache-2.0 */
/* The bench guest's network. virtio 1.2 5.1. */
#include "tests/bench/net.h"

#include "tests/bench/virtio.h"

#define ID_NET	     1
#define F_CSUM	     BIT(0)
#define F_GUEST_CSUM BIT(1)
#define F_GUEST_TSO4 BIT(7)
#define F_HOST_TSO4  BIT(11)
#define F_MRG_RXBUF  BIT(15)

#define FEATURES (F_CSUM | F_GUEST_CSUM | F_GUEST_TSO4 | F_HOST_TSO4)

#define RECEIVE 0
#define SEND	1

#define NEEDS_CSUM   1
#define GSO_TCPV4    1
#define MTU_FRAME    1514U
#define PIECE	     1448U /* payload of one when it is cut */
#define BUFFER	     4096U /* of a receiver that merges them */
#define ETHERNET     14
#define IPV4	     20
#define TCP	     20
#define TCP_CHECKSUM 16

struct frame {
	struct {
		uint8_t flags, gso_type;
		uint16_t header_size, gso_size, csum_start, csum_offset, buffers;
	} header;
	uint8_t bytes[NET_MAX];
};

static struct {
	const struct machine_virtio *sender, *receiver;
	struct virtio_ring sending[2], receiving[2];
	struct virtio_packed packed_sending[2], packed_receiving[2];
	enum net_rings rings;
	uint32_t size;
	bool wrong;
	/* 12 bytes before one that is aligned, as those of Linux are: what is behind the header is
	 * copied fast however it lies */
	struct frame out __attribute__((aligned(64))), in __attribute__((aligned(64)));
	uint8_t pieces[VIRTIO_RING][BUFFER] __attribute__((aligned(4096)));
} net;

/* Where its address stands: virtio 1.2 5.1.4 */
static void read_mac(const struct machine_virtio *device, uint8_t *mac)
{
	for (unsigned int i = 0; i < 6; i++) {
		mac[i] = mmio_read8(device->base + 0x100 + i);
	}
}

static struct virtio_buffer buffer_of(struct frame *frame, uint32_t size, uint16_t flags)
{
	return (struct virtio_buffer){frame, (uint32_t)sizeof(frame->header) + size, flags};
}

static bool start_ports(uint32_t features)
{
	return virtio_start(net.sender, features, net.sending, 2) &&
	       virtio_start(net.receiver, features, net.receiving, 2);
}

static bool start_ports_packed(void)
{
	return virtio_start_packed(net.sender, FEATURES, net.packed_sending, 2) &&
	       virtio_start_packed(net.receiver, FEATURES, net.packed_receiving, 2);
}

static bool start_rings(enum net_rings rings)
{
	struct virtio_buffer in = buffer_of(&net.in, NET_MAX, VIRTIO_WRITE);

	switch (rings) {
	case NET_PACKED:
		virtio_describe_packed(&net.packed_receiving[RECEIVE], &in, 1);
		return start_ports_packed();
	case NET_MERGED:
		in = (struct virtio_buffer){net.pieces, BUFFER, VIRTIO_WRITE};
		virtio_describe_each(&net.receiving[RECEIVE], in);
		return start_ports(FEATURES | F_MRG_RXBUF);
	case NET_SPLIT:
		break;
	}
	virtio_describe(&net.receiving[RECEIVE], &in, 1);
	return start_ports(FEATURES);
}

bool net_start(enum net_rings rings)
{
	net.rings = rings;
	net.sender = virtio_find(ID_NET, 0);
	net.receiver = virtio_find(ID_NET, 1);
	if (net.receiver == NULL || !start_rings(rings)) {
		return false;
	}
	read_mac(net.receiver, net.out.bytes);
	read_mac(net.sender, net.out.bytes + 6);
	net.out.bytes[12] = 0x08; /* IPv4 */
	net.out.bytes[ETHERNET] = 0x45;
	net.out.bytes[ETHERNET + 9] = 6; /* TCP */
	net.out.bytes[ETHERNET + IPV4 + 12] = TCP / 4 << 4;
	return true;
}

void net_prepare(uint32_t size)
{
	struct virtio_buffer out = buffer_of(&net.out, size, 0);

	net.size = size;
	net.out.header = (typeof(net.out.header)){0};
	if (size > MTU_FRAME) {
		net.out.header.flags = NEEDS_CSUM;
		net.out.header.gso_type = GSO_TCPV4;
		net.out.header.header_size = ETHERNET + IPV4 + TCP;
		net.out.header.gso_size = PIECE;
		net.out.header.csum_start = ETHERNET + IPV4;
		net.out.header.csum_offset = TCP_CHECKSUM;
	}
	net.out.bytes[size - 1] ^= 0xff; /* or what came before would do */
	virtio_describe(&net.sending[SEND], &out, 1);
	virtio_describe_packed(&net.packed_sending[SEND], &out, 1);
}

void net_send(void)
{
	virtio_give(&net.receiving[RECEIVE]);
	virtio_give(&net.sending[SEND]);
	virtio_notify(net.sender, SEND);
}

void net_send_packed(void)
{
	virtio_give_packed(&net.packed_receiving[RECEIVE]);
	virtio_give_packed(&net.packed_sending[SEND]);
	virtio_notify(net.sender, SEND);
}

/* The buffers of a frame of `size` bytes. */
static uint32_t pieces_of(uint32_t size)
{
	return ((uint32_t)sizeof(net.out.header) + size + BUFFER - 1) / BUFFER;
}

void net_send_merged(void)
{
	virtio_give_some(&net.receiving[RECEIVE], pieces_of(net.size));
	virtio_give(&net.sending[SEND]);
	virtio_notify(net.sender, SEND);
}

void net_taken(void)
{
	virtio_ack(net.sender);
	virtio_ack(net.receiver);
}

static bool has_arrived(void)
{
	uint32_t last = (uint16_t)(net.receiving[RECEIVE].used.index - 1) % VIRTIO_RING;

	return virtio_is_idle(&net.receiving[RECEIVE]) && virtio_is_idle(&net.sending[SEND]) &&
	       net.receiving[RECEIVE].used.ring[last].size == sizeof(net.in.header) + net.size;
}

static bool has_arrived_packed(void)
{
	const struct virtio_packed *in = &net.packed_receiving[RECEIVE];

	return virtio_is_idle_packed(in) && virtio_is_idle_packed(&net.packed_sending[SEND]) &&
	       (uint32_t)in->descriptor[0].rest == sizeof(net.in.header) + net.size;
}

/* What the `back`th used element from the newest on is about. */
static const uint8_t *piece_used(uint32_t back)
{
	const struct virtio_ring *ring = &net.receiving[RECEIVE];
	uint32_t at = (uint16_t)(ring->used.index - 1 - back) % VIRTIO_RING;

	return net.pieces[ring->used.ring[at].id % VIRTIO_RING];
}

static bool has_arrived_merged(void)
{
	uint32_t count = pieces_of(net.size), end = (uint32_t)sizeof(net.out.header) + net.size;
	const struct frame *first = (const struct frame *)piece_used(count - 1);

	return virtio_is_idle(&net.receiving[RECEIVE]) && virtio_is_idle(&net.sending[SEND]) &&
	       first->header.buffers == count &&
	       piece_used(0)[(end - 1) % BUFFER] == net.out.bytes[net.size - 1];
}

bool net_is_good(void)
{
	if (net.rings == NET_MERGED) {
		return has_arrived_merged();
	}
	return (net.rings == NET_PACKED ? has_arrived_packed() : has_arrived()) &&
	       net.in.bytes[net.size - 1] == net.out.bytes[net.size - 1];
}
