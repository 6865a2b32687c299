/* SPDX-License-Identifier: Apache-2.0 */
/*
 * VMs with a virtio device each, for targets that fuzz what these say to each other: registers,
 * steps of work, the way a driver sets queues up. No write and no step takes more than so many
 * looks at guests' memory.
 */
#ifndef TESTS_FUZZ_FUZZ_NODES_H
#define TESTS_FUZZ_FUZZ_NODES_H

#include "core/base/errno.h"
#include "core/vm/vm.h"
#include "drivers/emul/models.h"
#include "drivers/virtio/virtio.h"
#include "irq/vgic/vgic.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/fuzz_op.h"
#include "tests/unit/fake_driver.h"
#include "tests/unit/fake_ram.h"
#include "timer/deadline.h"

#define STATUS	    0x070
#define NEEDS_RESET 64
#define SPI	    16
#define QUEUE_SIZE  8

#define NODE_MAX  3
#define QUEUE_MAX 3

/* Set by the target before all else. */
static struct {
	uint32_t count;	   /* of nodes */
	uint32_t queues;   /* of each */
	uint32_t step_max; /* accesses to guests' memory in one step */
	uint64_t own;	   /* bytes of RAM of each VM */
	uint64_t ring;	   /* and of each queue, with its tables, at its beginning */
} setting;

static struct node {
	struct vm vm;
	struct vcpu vcpu, *first;
	struct vdev_config config;
	struct vdev *vdev;
	struct fake_driver driver[QUEUE_MAX];
	bool line, posted, begun;
} nodes[NODE_MAX];

static uint64_t now; /* microseconds */

static inline struct node *node_of(struct vm *vm)
{
	return CONTAINER_OF(vm, struct node, vm);
}

void vgic_set_line(struct vm *of, uint32_t intid, bool level)
{
	PROMISE(intid == 32 + SPI);
	node_of(of)->line = level;
}

void vdev_work_post(struct vdev *vdev, struct vcpu *to)
{
	PROMISE(vdev->vm == to->vm);
	node_of(vdev->vm)->posted = true;
}

/* Now there is something else to look at, and now not. */
bool vdev_may_go_on(void)
{
	static uint32_t looks;

	return looks++ % 3 != 0;
}

void deadline_init(struct deadline *deadline, struct vcpu *vcpu,
		   void (*fire)(struct deadline *deadline))
{
	(void)vcpu;
	deadline->fire = fire;
}

uint64_t deadline_now(void)
{
	return now;
}

/* In a node's RAM. */
static inline uint64_t place(uint32_t node, uint64_t off)
{
	return FAKE_RAM + node * setting.own + off;
}

static inline uint32_t get(uint32_t node, uint32_t off)
{
	uint64_t value = UINT64_MAX;

	PROMISE(virtio_mmio.read(&nodes[node].vcpu, nodes[node].vdev, off, 4, &value) == 0);
	return (uint32_t)value;
}

static inline void set(uint32_t node, uint32_t off, uint64_t value)
{
	fake_ram_count();
	PROMISE(virtio_mmio.write(&nodes[node].vcpu, nodes[node].vdev, off, 4, value) == 0);
	PROMISE(fake_ram_count() <= setting.step_max);
}

static inline void work(uint32_t node, uint32_t steps)
{
	while (nodes[node].posted && steps-- > 0) {
		fake_ram_count();
		nodes[node].posted = virtio_work(nodes[node].vdev);
		PROMISE(fake_ram_count() <= setting.step_max);
	}
}

static inline void tell_queue(uint32_t node, uint32_t index, uint64_t features)
{
	struct virtq queue = {
		.size = QUEUE_SIZE,
		.packed = (features & VIRTIO_F_PACKED) != 0,
		.event_index = (features & VIRTIO_F_EVENT_INDEX) != 0,
	};
	struct fake_driver *driver = &nodes[node].driver[index];

	fake_driver_begin(driver, &queue, place(node, index * setting.ring));
	set(node, 0x30, index);
	set(node, 0x38, QUEUE_SIZE);
	set(node, 0x80, driver->descriptors);
	set(node, 0x84, 0);
	set(node, 0x90, driver->driver_area);
	set(node, 0x94, 0);
	set(node, 0xa0, driver->device_area);
	set(node, 0xa4, 0);
	set(node, 0x44, 1);
}

/* From reset, as a driver does it: `how` is its choice of formats and of where its RAM is, `own`
 * are features of the device's. */
static inline void set_up(uint32_t node, uint8_t how, uint64_t own)
{
	uint64_t features = VIRTIO_F_VERSION_1 | VIRTIO_F_INDIRECT | VIRTIO_F_RING_RESET | own |
			    ((how & 1) != 0 ? VIRTIO_F_PACKED : 0) |
			    ((how & 2) != 0 ? VIRTIO_F_EVENT_INDEX : 0) |
			    ((how & 64) != 0 ? VIRTIO_F_RING_RESET : 0);

	fake_ram_is_first(&nodes[node].vm, (how & 32) != 0);
	set(node, STATUS, 0);
	PROMISE(get(node, STATUS) == 0 && !nodes[node].line);
	set(node, STATUS, 3);
	set(node, 0x24, 0);
	set(node, 0x20, (uint32_t)features);
	set(node, 0x24, 1);
	set(node, 0x20, features >> 32);
	set(node, STATUS, 11);
	for (uint32_t i = 0; i < setting.queues; i++) {
		tell_queue(node, i, features);
	}
	set(node, STATUS, 15);
	PROMISE(get(node, STATUS) == 15);
	nodes[node].begun = true;
}

/* A descriptor of its rings or tables is another one: in `to`, or somewhere from `buffers` on. */
static inline void poke(struct fake_driver *driver, const struct op *op, bool in_table, bool to,
			uint64_t buffers)
{
	uint64_t at =
		(in_table ? driver->tables : driver->descriptors) + UINT64_C(16) * (op->off % 32);
	uint16_t flags =
		(uint16_t)((op->value & 7) | (op->value & 0x80) | (op->value >> 8 & 1) << 15);
	uint16_t tail = (uint16_t)(op->off >> 8 & 15);

	fake_driver_poke(at, to ? driver->tables : buffers + op->value % 0x10000, op->value >> 16,
			 driver->packed ? tail : flags, driver->packed ? flags : tail);
}

/* The operations that every device has; false: it is none of them. */
static inline bool do_common(uint32_t node, const struct op *op)
{
	struct node *at = &nodes[node];
	uint64_t value;

	switch (op->what % 16) {
	case 1:
		set(node, op->off % 0x80 * 4, op->value);
		return true;
	case 2:
		virtio_mmio.read(&at->vcpu, at->vdev, op->off % 0x120, 1, &value);
		return true;
	case 3:
		memcpy(fake_ram(place(node, op->off)), &op->value, sizeof(op->value));
		return true;
	case 4:
		virtio_reset(at->vdev);
		return true;
	default:
		return false;
	}
}

/* `arena`: its memory. The config's other fields are the target's, and there before. */
static inline void create_node(uint32_t node, const struct vdev_type *type, struct arena *arena)
{
	struct node *at = &nodes[node];

	at->first = &at->vcpu;
	at->vcpu.vm = &at->vm;
	at->vm.id = node;
	at->vm.vcpu = &at->first;
	at->config.type = type;
	at->config.spi = SPI;
	PROMISE(type->create(&at->vm, &at->config, arena, &at->vdev) == 0);
}

static inline void reset_nodes(void)
{
	for (uint32_t i = 0; i < setting.count; i++) {
		virtio_reset(nodes[i].vdev);
		nodes[i].posted = nodes[i].begun = false;
	}
}

#endif
