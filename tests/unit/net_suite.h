/* SPDX-License-Identifier: Apache-2.0 */
/* Three VMs on a network, and their drivers. virtio 1.2 5.1; for test_net*.c */
#ifndef TESTS_UNIT_NET_SUITE_H
#define TESTS_UNIT_NET_SUITE_H

#include "drivers/virtio/net.h"
#include "drivers/virtio/net_frame.h"
#include "tests/unit/nodes_suite.h"

#define LIMITED 1 /* the one whose driver is told an mtu */
#define MTU	1500
#define RECEIVE 0
#define SEND	1

#define HEADER 12U
#define MANY   (PLAIN | NET_F_MRG_RXBUF)
#define OFFLOADS                                                                                   \
	(NET_F_CSUM | NET_F_GUEST_CSUM | NET_F_GUEST_TSO4 | NET_F_GUEST_TSO6 | NET_F_HOST_TSO4 |   \
	 NET_F_HOST_TSO6)

/* Of each, behind the rings: what it sends, what it receives into. */
#define SENT_AT 0x28000
#define GOT_AT	0x3c000
#define ROOM	0x14000

/* -- three VMs on a network -- */

static struct network_config network = {.name = "lan"};
static uint8_t memory[NODES][16384] __attribute__((aligned(16)));

/* So often is there nothing else to do between two steps. */
static uint32_t goes_on;

bool vdev_may_go_on(void)
{
	goes_on -= goes_on != 0;
	return goes_on != 0;
}

static struct switch_port *port(uint32_t node)
{
	struct switch_port *at = switch_first(), *found = NULL;

	for (; at != NULL; at = at->all) {
		found = net_vdev(at) == vdevs[node] ? at : found;
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
	goes_on = 0;
	set_up_nodes();
	for (uint32_t i = 0; i < NODES; i++) {
		if (vdevs[i] == NULL) {
			configs[i] = (struct vdev_config){
				.name = "net",
				.port = {.network = &network,
					 .mac = {2, 0, 0, 0, 0, (uint8_t)i},
					 .mtu = i == LIMITED ? MTU : 0},
			};
			create_in(i, &virtio_net_type, memory[i], sizeof(memory[i]));
		}
		virtio_reset(vdevs[i]);
		memset(&port(i)->count, 0, sizeof(port(i)->count));
		port(i)->byte_cost = 0;
	}
	return 0;
}

/* -- their drivers -- */

static void begin(uint32_t node, uint64_t features)
{
	negotiate(node, features);
	tell_queue(node, RECEIVE, SIZE, features);
	tell_queue(node, SEND, SIZE, features);
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

#define NET(sentence, function) CASE_IN(sentence, function, set_up)

#endif
