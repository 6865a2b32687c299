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
	       partial && header->gso_size != 0 && header->gso_size <= NET_FRAME_MAX &&
	       header->header_size <= size && size <= NET_FRAME_GSO_MAX;
}

bool net_header_fits(const struct net_header *header, uint64_t features)
{
	return header->gso_type == NET_GSO_NONE ||
	       ((features & NET_F_GUEST_CSUM) != 0 &&
		(features & tso_of(header->gso_type, NET_F_GUEST_TSO4, NET_F_GUEST_TSO6)) != 0);
}

uint32_t net_sum(const uint8_t *bytes, uint32_t size, uint32_t sum, bool *odd)
{
	uint64_t total = sum;

	if (*odd && size != 0) {
		total += (uint32_t)*bytes++ << 8;
		size--;
		*odd = false;
	}
	for (; size >= 4; size -= 4, bytes += 4) {
		uint32_t word;

		memcpy(&word, bytes, sizeof(word));
		total += word;
	}
	for (; size >= 2; size -= 2, bytes += 2) {
		total += bytes[0] | (uint32_t)bytes[1] << 8;
	}
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
