/* SPDX-License-Identifier: Apache-2.0 */
/* Three VMs on a network, and their drivers. virtio 1.2 5.1; for test_net*.c */
#ifndef TESTS_UNIT_NET_SUITE_H
#define TESTS_UNIT_NET_SUITE_H

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
	static uint32_t turn;

	(void)state;
	goes_on = 0;
	turn++;
	fake_ram_reset();
	fake_time_reset(fake_time.now + 1000 * HZ, HZ);
	memset(lines, 0, sizeof(lines));
	memset(posted, 0, sizeof(posted));
	for (uint32_t i = 0; i < NODES; i++) {
		struct arena arena = {.base = memory[i], .size = sizeof(memory[i])};

		vcpu_of[i] = &vcpus[i];
		vcpus[i].vm = &vms[i];
		vms[i] = (struct vm){.id = i, .vcpu = &vcpu_of[i], .vcpu_count = 1};
		/* most VMs' is, and others' is looked up; each VM here is now one and now the other
		 */
		fake_ram_is_first(&vms[i], (turn >> i) % 2 != 0);
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

#define NET(sentence, function) CASE_IN(sentence, function, set_up)

#endif
