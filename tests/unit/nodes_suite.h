/* SPDX-License-Identifier: Apache-2.0 */
/* Three VMs with a virtio device each, and their drivers; for suites of devices that speak to each
 * other. */
#ifndef TESTS_UNIT_NODES_SUITE_H
#define TESTS_UNIT_NODES_SUITE_H

#include <string.h>

#include "core/base/errno.h"
#include "core/base/percpu.h"
#include "core/vm/vm.h"
#include "drivers/emul/models.h"
#include "drivers/virtio/virtio.h"
#include "irq/vgic/vgic.h"
#include "tests/unit/fake_driver.h"
#include "tests/unit/fake_ram.h"
#include "tests/unit/fake_time.h"
#include "tests/unit/unit.h"

#define NODES 3
#define SIZE  16 /* of a queue */
#define HZ    1000000
#define SPI   16

#define STATUS	    0x070
#define NEEDS_RESET 64
#define PLAIN	    (VIRTIO_F_VERSION_1 | VIRTIO_F_RING_RESET)

/* Each has a piece of the fake RAM; it begins with the rings, queue by queue. */
#define OWN  0x50000
#define RING 0x14000
static inline uint64_t place(uint32_t node, uint32_t off)
{
	return FAKE_RAM + node * (uint64_t)OWN + off;
}

static struct vm vms[NODES];
static struct vcpu vcpus[NODES], *vcpu_of[NODES];
static struct vdev_config configs[NODES];
static struct vdev *vdevs[NODES];
static struct fake_driver drivers[NODES][3];
static bool lines[NODES], posted[NODES];
static uint32_t steps;

static inline uint32_t node_of(const struct vm *vm)
{
	return (uint32_t)(vm - vms);
}

void vgic_set_line(struct vm *of, uint32_t intid, bool level)
{
	assert_int_equal(intid, 32 + SPI);
	lines[node_of(of)] = level;
}

void vdev_work_post(struct vdev *vdev, struct vcpu *to)
{
	assert_ptr_equal(vdev->vm, to->vm);
	posted[node_of(vdev->vm)] = true;
}

/* VMs without devices. The RAM of most VMs is one extent, and others' is looked up: each here is
 * now one and now the other. */
static inline void set_up_nodes(void)
{
	static uint32_t turn;

	turn++;
	fake_ram_reset();
	fake_time_reset(fake_time.now + 1000 * HZ, HZ);
	for (uint32_t i = 0; i < NODES; i++) {
		vcpu_of[i] = &vcpus[i];
		vcpus[i].vm = &vms[i];
		vms[i] = (struct vm){.id = i, .vcpu = &vcpu_of[i], .vcpu_count = 1};
		fake_ram_is_first(&vms[i], (turn >> i) % 2 != 0);
		lines[i] = posted[i] = false;
	}
}

/* Of the config that the suite wrote, but for its interrupt; in so much memory. */
static inline void create_in(uint32_t node, const struct vdev_type *type, uint8_t *memory,
			     size_t size)
{
	struct arena arena = {.base = memory, .size = size};

	configs[node].type = type;
	configs[node].spi = SPI;
	memset(memory, 0, size);
	assert_int_equal(type->create(&vms[node], &configs[node], &arena, &vdevs[node]), 0);
	assert_true(arena.used <= type->memory);
}

/* -- their drivers -- */

static inline uint32_t get(uint32_t node, uint32_t off)
{
	uint64_t value = 0;

	assert_int_equal(virtio_mmio.read(&vcpus[node], vdevs[node], off, 4, &value), 0);
	return (uint32_t)value;
}

static inline void set(uint32_t node, uint32_t off, uint32_t value)
{
	assert_int_equal(virtio_mmio.write(&vcpus[node], vdevs[node], off, 4, value), 0);
}

static inline void tell_queue(uint32_t node, uint32_t index, uint16_t size, uint64_t features)
{
	struct fake_driver *driver = &drivers[node][index];
	struct virtq queue = {
		.size = size,
		.packed = (features & VIRTIO_F_PACKED) != 0,
		.event_index = (features & VIRTIO_F_EVENT_INDEX) != 0,
	};

	fake_driver_begin(driver, &queue, place(node, index * RING));
	fake_driver_wish(driver, 0);
	set(node, 0x30, index);
	set(node, 0x38, size);
	set(node, 0x80, (uint32_t)driver->descriptors);
	set(node, 0x90, (uint32_t)driver->driver_area);
	set(node, 0xa0, (uint32_t)driver->device_area);
	set(node, 0x44, 1);
}

/* So many steps, if there is so much to do. */
static inline void work(uint32_t node, uint32_t max)
{
	while (posted[node] && max-- != 0) {
		fake_ram_count();
		posted[node] = virtio_work(vdevs[node]);
		steps++;
		assert_true(fake_ram_count() < 40);
	}
}

/* From reset to FEATURES_OK. */
static inline void negotiate(uint32_t node, uint64_t features)
{
	set(node, STATUS, 0);
	set(node, STATUS, 3);
	set(node, 0x24, 0);
	set(node, 0x20, (uint32_t)features);
	set(node, 0x24, 1);
	set(node, 0x20, (uint32_t)(features >> 32));
	set(node, STATUS, 11);
	assert_int_equal(get(node, STATUS), 11);
}

#endif
