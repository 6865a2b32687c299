/* SPDX-License-Identifier: Apache-2.0 */
/* Headers of frames, held against what was negotiated, and checksums. */
#include "drivers/virtio/net_frame.h"

#include "core/base/string.h"
#include "drivers/virtio/switch.h"

static uint64_t tso_of(uint8_t gso_type, uint64_t v4, uint64_t v6)
{
	return gso_type == NET_GSO_TCPV4 ? v4 : gso_type == NET_GSO_TCPV6 ? v6 : 0;
}

bool net_header_holds(const struct net_header *header, uint64_t features, uint32_t size)
{
	bool partial = (header->flags & NET_NEEDS_CSUM) != 0;

	if (partial && ((features & NET_F_CSUM) == 0 || header->csum_start < SWITCH_HEADER_SIZE ||
			(uint32_t)header->csum_start + header->csum_offset + 2 > size)) {
		return false;
	}
	if (header->gso_type == NET_GSO_NONE) {
		return size <= NET_FRAME_MAX;
	}
	return (features & tso_of(header->gso_type, NET_F_HOST_TSO4, NET_F_HOST_TSO6)) != 0 &&
	       partial && header->gso_size >= NET_GSO_MIN && header->gso_size <= NET_FRAME_MAX &&
	       size <= NET_FRAME_GSO_MAX;
}

bool net_header_fits(const struct net_header *header, uint64_t features)
{
	return header->gso_type == NET_GSO_NONE ||
	       ((features & NET_F_GUEST_CSUM) != 0 &&
		(features & tso_of(header->gso_type, NET_F_GUEST_TSO4, NET_F_GUEST_TSO6)) != 0);
}

typedef uint64_t __attribute__((may_alias)) word_t;

/* Some of it in words of two bytes, until as many as eight are aligned, or all. */
static const uint8_t *sum_pairs(const uint8_t *bytes, uint32_t *size, bool all, uint64_t *total)
{
	for (; *size >= 2 && (all || (uintptr_t)bytes % sizeof(word_t) != 0); *size -= 2) {
		*total += bytes[0] | (uint32_t)bytes[1] << 8;
		bytes += 2;
	}
	return bytes;
}

uint32_t net_sum(const uint8_t *bytes, uint32_t size, uint32_t sum, bool *odd)
{
	uint64_t total = sum, sum64;

	if (*odd && size != 0) {
		total += (uint32_t)*bytes++ << 8;
		size--;
		*odd = false;
	}
	/* a word that is not aligned is a call of memcpy() to the compiler */
	bytes = sum_pairs(bytes, &size, false, &total);
	for (; size >= sizeof(word_t); size -= sizeof(word_t), bytes += sizeof(word_t)) {
		bool carry =
			__builtin_add_overflow(total, *(const word_t *)(const void *)bytes, &sum64);

		/* it is worth 1: so much is 2^64 above a multiple of 2^16 - 1 */
		total = sum64 + carry;
	}
	total = (total & UINT32_MAX) + (total >> 32);
	bytes = sum_pairs(bytes, &size, true, &total);
	if (size != 0) {
		total += *bytes;
		*odd = true;
	}
	total = (total & UINT32_MAX) + (total >> 32);
	return (uint32_t)((total & UINT32_MAX) + (total >> 32));
}

uint16_t net_fold(uint32_t sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

/* -- cutting: RFC 791, 8200, 9293 -- */

#define TYPE_AT	   12 /* in Ethernet's header */
#define TYPE_VLAN  0x8100
#define TYPE_IPV4  0x0800
#define TYPE_IPV6  0x86dd
#define TAG_SIZE   4
#define PROTO_TCP  6
#define IPV4_SIZE  20 /* at least */
#define IPV6_SIZE  40
#define TCP_SIZE   20 /* at least */
#define TCP_MAX	   60
#define TCP_SEQ	   4
#define TCP_OFFSET 12
#define TCP_FLAGS  13
#define TCP_SUM	   16
#define FLAG_FIN   BIT32(0)
#define FLAG_PUSH  BIT32(3)
#define FLAG_CWR   BIT32(7)

static uint32_t get16(const uint8_t *at)
{
	return (uint32_t)at[0] << 8 | at[1];
}

static void put16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

bool net_look(const struct net_header *header, const uint8_t *frame, uint32_t size,
	      struct net_shape *shape)
{
	uint32_t type = get16(frame + TYPE_AT);
	const uint8_t *ip;

	*shape = (struct net_shape){
		.ip = SWITCH_HEADER_SIZE,
		.tcp = header->csum_start,
		.v6 = header->gso_type == NET_GSO_TCPV6,
	};
	if (type == TYPE_VLAN && size >= SWITCH_HEADER_SIZE + TAG_SIZE) {
		shape->ip += TAG_SIZE;
		type = get16(frame + TYPE_AT + TAG_SIZE);
	}
	ip = frame + shape->ip;
	if (header->csum_offset != TCP_SUM || shape->tcp < shape->ip + IPV4_SIZE ||
	    shape->tcp + TCP_SIZE > size) {
		return false;
	}
	if (shape->v6 ?
		    type != TYPE_IPV6 || shape->tcp != shape->ip + IPV6_SIZE || ip[6] != PROTO_TCP :
		    type != TYPE_IPV4 || ip[0] >> 4 != 4 ||
			    shape->tcp != shape->ip + (ip[0] & 0xfU) * 4 || ip[9] != PROTO_TCP) {
		return false;
	}
	shape->headers = shape->tcp + (frame[shape->tcp + TCP_OFFSET] >> 4) * 4U;
	return shape->headers >= shape->tcp + TCP_SIZE && shape->headers <= size;
}

void net_on_wire(const struct net_header *header, const uint8_t *frame, uint32_t known,
		 uint32_t size, struct net_wire *wire)
{
	uint32_t at = (uint32_t)header->csum_start + TCP_OFFSET, tcp, payload;

	*wire = (struct net_wire){.count = 1, .longest = size, .bytes = size};
	if (header->gso_type == NET_GSO_NONE) {
		return;
	}
	/* the driver's word for it is not to be relied on: 5.1.6.2.2 */
	tcp = at < known ? MAX((frame[at] >> 4) * 4U, (uint32_t)TCP_SIZE) : TCP_MAX;
	wire->headers = MIN(header->csum_start + tcp, size);
	payload = size - wire->headers;
	if (payload > header->gso_size) {
		wire->count = (payload + header->gso_size - 1) / header->gso_size;
		wire->longest = wire->headers + header->gso_size;
		wire->bytes += (uint64_t)(wire->count - 1) * wire->headers;
	}
}

static void cut_ip(const struct net_shape *shape, uint8_t *ip, uint32_t size, uint16_t index)
{
	uint16_t sum;
	bool odd = false;

	if (shape->v6) {
		put16(ip + 4, size);
		return;
	}
	put16(ip + 2, shape->tcp - shape->ip + size);
	put16(ip + 4, get16(ip + 4) + index);
	put16(ip + 10, 0);
	sum = net_fold(net_sum(ip, shape->tcp - shape->ip, 0, &odd));
	memcpy(ip + 10, &sum, sizeof(sum));
}

static void cut_tcp(uint8_t *tcp, uint32_t at, bool last)
{
	uint32_t seq = (get16(tcp + TCP_SEQ) << 16 | get16(tcp + TCP_SEQ + 2)) + at;

	put16(tcp + TCP_SEQ, seq >> 16);
	put16(tcp + TCP_SEQ + 2, seq);
	if (!last) {
		tcp[TCP_FLAGS] &= (uint8_t) ~(FLAG_FIN | FLAG_PUSH);
	}
	if (at != 0) {
		tcp[TCP_FLAGS] &= (uint8_t)~FLAG_CWR;
	}
	put16(tcp + TCP_SUM, 0);
}

uint32_t net_cut(const struct net_shape *shape, uint8_t *frame, uint32_t at, uint32_t size,
		 uint16_t index)
{
	uint8_t *ip = frame + shape->ip, *tcp = frame + shape->tcp;
	uint32_t length = shape->headers - shape->tcp + size, sum;
	bool odd = false;

	cut_ip(shape, ip, length, index);
	cut_tcp(tcp, at, at + size == shape->payload);
	/* the pseudo header: addresses, protocol, length */
	sum = shape->v6 ? net_sum(ip + 8, 32, 0, &odd) : net_sum(ip + 12, 8, 0, &odd);
	sum = net_sum((const uint8_t[]){0, PROTO_TCP, (uint8_t)(length >> 8), (uint8_t)length}, 4,
		      sum, &odd);
	return net_sum(tcp, shape->headers - shape->tcp, sum, &odd);
}
