/* SPDX-License-Identifier: Apache-2.0 */
/* What a virtio network interface and its driver say to each other: virtio 1.2 5.1. */
#ifndef DRIVERS_HW_VIRTIO_NET_REGS_H
#define DRIVERS_HW_VIRTIO_NET_REGS_H

#include "core/base/bits.h"

#define VIRTIO_ID_NET 1

/* 5.1.3 */
#define NET_F_CSUM	 BIT(0)
#define NET_F_GUEST_CSUM BIT(1)
#define NET_F_MTU	 BIT(3)
#define NET_F_MAC	 BIT(5)
#define NET_F_GUEST_TSO4 BIT(7)
#define NET_F_GUEST_TSO6 BIT(8)
#define NET_F_HOST_TSO4	 BIT(11)
#define NET_F_HOST_TSO6	 BIT(12)
#define NET_F_MRG_RXBUF	 BIT(15)
#define NET_F_STATUS	 BIT(16)
#define NET_F_CTRL_VQ	 BIT(17)
#define NET_F_CTRL_RX	 BIT(18)
#define NET_F_SPEED	 BIT(63)

/* Queues, 5.1.2, of an interface that has one pair */
#define NET_QUEUE_RECEIVE 0
#define NET_QUEUE_SEND	  1
#define NET_QUEUE_CONTROL 2

/* Configuration, 5.1.4: offsets */
#define NET_CONFIG_MAC	  0 /* six bytes; the others have 16 bits */
#define NET_CONFIG_STATUS 6
#define NET_CONFIG_MTU	  10

#define NET_STATUS_LINK_UP BIT32(0)

/* Frames: 5.1.6 */
#define NET_NEEDS_CSUM BIT32(0) /* flags */

#define NET_GSO_NONE  0
#define NET_GSO_TCPV4 1
#define NET_GSO_TCPV6 4

/* What stands before a frame. Little-endian, as EL2 and its guests are. */
struct net_header {
	uint8_t flags, gso_type;
	uint16_t header_size;
	uint16_t gso_size;
	uint16_t csum_start, csum_offset;
	uint16_t buffers;
};

/* Of a frame with its Ethernet header and a tag, that is sent as it is. */
#define NET_FRAME_MAX (9000 + 18)

/* The control queue: 5.1.6.5 */
#define NET_CONTROL_RX	       0 /* class, and what it has */
#define NET_CONTROL_RX_PROMISC 0
#define NET_CONTROL_OK	       0

#endif
