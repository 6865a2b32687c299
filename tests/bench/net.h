/* SPDX-License-Identifier: Apache-2.0 */
/* Two ports of a network, both of the bench guest: what one sends the other receives. virtio 1.2
 * 5.1. */
#ifndef TESTS_BENCH_NET_H
#define TESTS_BENCH_NET_H

#include "tests/guest/lib/arm64.h"

#define NET_MAX (65535U + 18U) /* of a frame that is left to be cut, with its tag's room */

enum net_rings {
	NET_SPLIT,
	NET_PACKED,
	NET_MERGED, /* split; a frame goes into as many buffers of 4 KiB as it takes: MRG_RXBUF */
};

/* False: there are no two ports, or none with packed rings. */
bool net_start(enum net_rings rings);

/* From now on frames of so many bytes, left to be cut where they are longer than 1,514. */
void net_prepare(uint32_t size);

/* Sends one, for which there is a buffer, or buffers: two interrupts follow, the receiver's and the
 * sender's. */
void net_send(void);
void net_send_packed(void);
void net_send_merged(void);

/* Both were taken. */
void net_taken(void);

/* All frames sent have arrived, whole. */
bool net_is_good(void);

#endif
