/* SPDX-License-Identifier: Apache-2.0 */
/* Three VMs with sockets, and their drivers. virtio 1.2 5.10; for test_vsock*.c */
#ifndef TESTS_UNIT_VSOCK_SUITE_H
#define TESTS_UNIT_VSOCK_SUITE_H

#include <string.h>

#include "core/base/errno.h"
#include "core/base/percpu.h"
#include "core/vm/vm.h"
#include "drivers/emul/models.h"
#include "drivers/virtio/vsock_dev.h"
#include "irq/vgic/vgic.h"
#include "tests/unit/fake_driver.h"
#include "tests/unit/fake_ram.h"
#include "tests/unit/fake_time.h"
#include "tests/unit/unit.h"

#define NODES	3
#define SIZE	16 /* of a queue */
#define EVENTS	4
#define HZ	1000000
#define RECEIVE VSOCK_RECEIVE
#define SEND	VSOCK_SEND
#define EVENT	VSOCK_EVENT
#define HEADER	VSOCK_HEADER_SIZE

#define STATUS	    0x070
#define NEEDS_RESET 64
#define PLAIN	    (VIRTIO_F_VERSION_1 | VIRTIO_F_RING_RESET)
#define ALL	    (PLAIN | VSOCK_F_SEQPACKET)

/* Each has a piece of the fake RAM: rings, what it sends, what it receives into. */
#define OWN	0x50000
#define RING	0x14000
#define SENT_AT 0x2d000
#define GOT_AT	0x3d000
#define BUFFERS 12 /* of 4 KiB and a header, as many as there is room for */
#define BIG	(4096 + HEADER)
static uint64_t place(uint32_t node, uint32_t off)
{
	return FAKE_RAM + node * (uint64_t)OWN + off;
}

/* -- three VMs with sockets: CIDs 10, 11, 12 -- */

static struct vm vms[NODES];
static struct vcpu vcpus[NODES], *vcpu_of[NODES];
static struct vm_config vm_configs[NODES];
static struct vdev_config configs[NODES];
static struct vdev *vdevs[NODES];
static struct fake_driver drivers[NODES][3];
static uint8_t memory[NODES][65536] __attribute__((aligned(16)));
static bool lines[NODES], posted[NODES];
static uint16_t queue_size;
static uint32_t steps, given[NODES], seen[NODES]; /* buffers of its receive queue */

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

bool vdev_may_go_on(void)
{
	return false;
}

uint64_t deadline_from_ms(uint64_t ms)
{
	return ms * (HZ / 1000);
}

static int set_up(void **state)
{
	static uint32_t turn;

	(void)state;
	turn++;
	fake_ram_reset();
	fake_time_reset(fake_time.now + 1000 * HZ, HZ);
	memset(memory, 0, sizeof(memory));
	queue_size = SIZE;
	for (uint32_t i = 0; i < NODES; i++) {
		struct arena arena = {.base = memory[i], .size = sizeof(memory[i])};

		vcpu_of[i] = &vcpus[i];
		vcpus[i].vm = &vms[i];
		vm_configs[i] = (struct vm_config){.manages = i == 0 ? 2 : 0};
		vms[i] = (struct vm){.id = i,
				     .vcpu = &vcpu_of[i],
				     .vcpu_count = 1,
				     .config = &vm_configs[i]};
		/* most VMs' is, and others' is looked up; each VM here is now one and now the other
		 */
		fake_ram_is_first(&vms[i], (turn >> i) % 2 != 0);
		configs[i] = (struct vdev_config){
			.name = "sockets",
			.type = &virtio_vsock_type,
			.spi = 16,
			.cid = 10 + i,
		};
		assert_int_equal(virtio_vsock_type.create(&vms[i], &configs[i], &arena, &vdevs[i]),
				 0);
		assert_true(arena.used <= virtio_vsock_type.memory);
		lines[i] = posted[i] = false;
	}
	return 0;
}

/* -- their drivers -- */

static uint32_t get(uint32_t node, uint32_t off)
{
	uint64_t value = 0;

	assert_int_equal(virtio_mmio.read(&vcpus[node], vdevs[node], off, 4, &value), 0);
	return (uint32_t)value;
}

static void set(uint32_t node, uint32_t off, uint32_t value)
{
	assert_int_equal(virtio_mmio.write(&vcpus[node], vdevs[node], off, 4, value), 0);
}

static void tell_queue(uint32_t node, uint32_t index, uint64_t features)
{
	struct fake_driver *driver = &drivers[node][index];
	struct virtq queue = {
		.size = index == EVENT ? EVENTS : queue_size,
		.packed = (features & VIRTIO_F_PACKED) != 0,
		.event_index = (features & VIRTIO_F_EVENT_INDEX) != 0,
	};

	fake_driver_begin(driver, &queue, place(node, index * RING));
	fake_driver_wish(driver, 0);
	set(node, 0x30, index);
	set(node, 0x38, queue.size);
	set(node, 0x80, (uint32_t)driver->descriptors);
	set(node, 0x90, (uint32_t)driver->driver_area);
	set(node, 0xa0, (uint32_t)driver->device_area);
	set(node, 0x44, 1);
}

static void work(uint32_t node, uint32_t max)
{
	while (posted[node] && max-- != 0) {
		fake_ram_count();
		posted[node] = virtio_work(vdevs[node]);
		steps++;
		assert_true(fake_ram_count() < 40);
	}
}

/* Until nobody has anything to do. */
static void work_all(void)
{
	for (uint32_t round = 0; posted[0] || posted[1] || posted[2]; round++) {
		assert_true(round < 1000);
		for (uint32_t i = 0; i < NODES; i++) {
			work(i, 1);
		}
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
	for (uint32_t i = 0; i < 3; i++) {
		tell_queue(node, i, features);
	}
	given[node] = seen[node] = 0;
	set(node, STATUS, 15);
	work(node, 100);
}

static void begin_all(uint64_t features)
{
	for (uint32_t i = 0; i < NODES; i++) {
		begin(i, features);
	}
}

/* `count` buffers of `size` bytes each, at the next places, of which there are BUFFERS. */
static void give(uint32_t node, uint32_t buffers, uint32_t size)
{
	uint16_t before = drivers[node][RECEIVE].next_made;
	bool wrap = drivers[node][RECEIVE].made_wrap;

	for (uint32_t i = 0; i < buffers; i++) {
		struct fake_buffer buffer = {place(node, GOT_AT + given[node]++ % BUFFERS * BIG),
					     size, true};

		assert_true(fake_driver_make(&drivers[node][RECEIVE], &buffer, 1, false) >= 0);
	}
	if (fake_driver_tells(&drivers[node][RECEIVE], before, wrap)) {
		set(node, 0x50, RECEIVE);
	}
}

/* A packet of node 0's port 5 to node 1's port 6, or as changed. */
static struct vsock_header packet(uint32_t op, uint32_t len)
{
	return (struct vsock_header){
		.src_cid = 10,
		.dst_cid = 11,
		.src_port = 5,
		.dst_port = 6,
		.len = len,
		.type = VSOCK_STREAM,
		.op = (uint16_t)op,
		.buf_alloc = 1 << 18,
		.fwd_cnt = 77,
	};
}

/* Writes it with a pattern behind, and makes it available in pieces; so far into where it sends
 * from. */
static void post_at(uint32_t node, uint32_t where, const struct vsock_header *header,
		    uint32_t piece)
{
	struct fake_buffer buffers[SIZE];
	uint8_t *at = fake_ram(place(node, SENT_AT + where));
	uint32_t size = HEADER + header->len, n = 0;

	memcpy(at, header, HEADER);
	for (uint32_t i = 0; i < header->len; i++) {
		at[HEADER + i] = (uint8_t)(i * 7 + i / 251);
	}
	for (uint32_t off = 0; off < size; off += piece) {
		buffers[n++] = (struct fake_buffer){
			.ipa = place(node, SENT_AT + where + off),
			.size = MIN(piece, size - off),
		};
	}
	assert_true(fake_driver_make(&drivers[node][SEND], buffers, n, false) >= 0);
	set(node, 0x50, SEND);
}

static void post(uint32_t node, const struct vsock_header *header, uint32_t piece)
{
	post_at(node, 0, header, piece);
}

static bool is_back(uint32_t node)
{
	uint32_t written = 1;
	bool back = fake_driver_see(&drivers[node][SEND], &written) >= 0;

	assert_true(!back || written == 0);
	return back;
}

/* The next packet that came to a node, payload and all; false: none. Buffers are used in order. */
static uint8_t got[BIG];
static bool see(uint32_t node, struct vsock_header *header)
{
	uint32_t written;

	if (fake_driver_see(&drivers[node][RECEIVE], &written) < 0) {
		return false;
	}
	assert_in_range(written, HEADER, BIG);
	memcpy(got, fake_ram(place(node, GOT_AT + seen[node]++ % BUFFERS * BIG)), written);
	memset(header, 0, sizeof(*header));
	memcpy(header, got, HEADER);
	assert_int_equal(header->len, written - HEADER);
	assert_int_equal(header->dst_cid, 10 + node);
	return true;
}

static int set_up_seen(void **state)
{
	memset(seen, 0, sizeof(seen));
	return set_up(state);
}

/* A reset came to `node`, from this port of this CID to its port. */
static void assert_reset(uint32_t node, uint64_t cid, uint32_t from, uint32_t to)
{
	struct vsock_header header;

	assert_true(see(node, &header));
	assert_int_equal(header.op, VSOCK_RST);
	assert_int_equal(header.src_cid, cid);
	assert_int_equal(header.src_port, from);
	assert_int_equal(header.dst_port, to);
	assert_int_equal(header.len, 0);
}

static void assert_silent(uint32_t node)
{
	struct vsock_header header;

	assert_false(see(node, &header));
}

#define VSOCK(sentence, function) CASE_IN(sentence, function, set_up_seen)

#endif
