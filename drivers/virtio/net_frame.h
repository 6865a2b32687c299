/* SPDX-License-Identifier: Apache-2.0 */
/* What stands before a frame: how its sender left it, and who can take it so. virtio 1.2 5.1.6.
 * Pure. */
#ifndef DRIVERS_VIRTIO_NET_FRAME_H
#define DRIVERS_VIRTIO_NET_FRAME_H

#include "drivers/hw/virtio/net_regs.h"

/* Of a frame that is to be cut: what IPv6 says the length of, its header, and Ethernet's with a
 * tag. */
#define NET_FRAME_GSO_MAX (65535 + 40 + 18)

/* Of a segment that it is cut into: no stack has smaller ones for more than a peer's malice. Linux
 * takes no MSS below it (tcp_min_snd_mss). So a frame is at most 1,367 segments. */
#define NET_GSO_MIN 48

/* Does what a driver with these features says of a frame of so many bytes hold? */
bool net_header_holds(const struct net_header *header, uint64_t features, uint32_t size);

/* Can a driver with these features take it so? */
bool net_header_fits(const struct net_header *header, uint64_t features);

/* How a frame is on a cable, where it is cut. */
struct net_wire {
	uint32_t headers; /* bytes of those that each segment has; of one that is cut */
	uint32_t count;	  /* of segments */
	uint32_t longest; /* bytes, with headers */
	uint64_t bytes;	  /* of all */
};

/* Of one that holds, of `size` bytes, of which the first `known` are at `frame`. */
void net_on_wire(const struct net_header *header, const uint8_t *frame, uint32_t known,
		 uint32_t size, struct net_wire *wire);

/* What is to be cut: where its headers are. */
struct net_shape {
	uint32_t ip, tcp; /* offsets in the frame */
	uint32_t headers; /* bytes of all of them, and behind them: by who knows it */
	uint32_t payload;
	bool v6;
};

/* Looks at the first `size` bytes of a frame that is to be cut. False: it is not TCP right behind
 * IP, as its header says, or its headers are longer than that. */
bool net_look(const struct net_header *header, const uint8_t *frame, uint32_t size,
	      struct net_shape *shape);

/*
 * Makes the headers of the whole those of one piece: of `size` bytes of payload, `at` bytes on, the
 * `index`th. Returns the sum of what its checksum covers so far, which is to be followed by the
 * payload's.
 */
uint32_t net_cut(const struct net_shape *shape, uint8_t *frame, uint32_t at, uint32_t size,
		 uint16_t index);

/* The sum of 16-bit words, big-endian or little, of more bytes behind *odd: RFC 1071. */
uint32_t net_sum(const uint8_t *bytes, uint32_t size, uint32_t sum, bool *odd);

/* What stands in a checksum field, as it is in memory. */
uint16_t net_fold(uint32_t sum);

#endif
