/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One virtio device and its driver, for targets that fuzz one: registers, steps of work, and the
 * way a driver sets queues up. No write and no step takes more than so many looks at the guest's
 * memory, and a device that asks for a reset does nothing.
 */
#ifndef TESTS_FUZZ_FUZZ_DEVICE_H
#define TESTS_FUZZ_FUZZ_DEVICE_H

#include "core/base/errno.h"
#include "core/vm/vm.h"
#include "drivers/virtio/virtio.h"
#include "irq/vgic/vgic.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/fuzz_op.h"
#include "tests/unit/fake_driver.h"
#include "tests/unit/fake_ram.h"

#define STATUS	    0x070
#define NOTIFY	    0x050
#define NEEDS_RESET 64

static struct {
	struct vdev *vdev;
	struct vm *vm;
	struct vcpu *vcpu;
	uint32_t step_max; /* accesses to the guest's memory in one step */
	bool posted, line;
} device;

void vgic_set_line(struct vm *of, uint32_t intid, bool level)
{
	PROMISE(of == device.vm && intid == 32 + device.vdev->config->spi);
	device.line = level;
}

void vdev_work_post(struct vdev *vdev, struct vcpu *to)
{
	PROMISE(vdev == device.vdev && to == device.vcpu);
	device.posted = true;
}

/* Now there is something else to look at, and now not. */
bool vdev_may_go_on(void)
{
	static uint32_t looks;

	return looks++ % 3 != 0;
}

static inline uint32_t get(uint32_t off)
{
	uint64_t value = UINT64_MAX;

	PROMISE(virtio_mmio.read(device.vcpu, device.vdev, off, 4, &value) == 0 &&
		value <= UINT32_MAX);
	return (uint32_t)value;
}

/* 0, or -EAGAIN: it has to wait. */
static inline int set_sized(uint32_t off, uint32_t size, uint64_t value)
{
	int err;

	fake_ram_count();
	err = virtio_mmio.write(device.vcpu, device.vdev, off, size, value);
	PROMISE(fake_ram_count() <= device.step_max);
	return err;
}

static inline void set(uint32_t off, uint64_t value)
{
	PROMISE(set_sized(off, 4, (uint32_t)value) == 0);
}

static inline void work(uint32_t steps)
{
	while (device.posted && steps-- > 0) {
		bool broken = (get(STATUS) & NEEDS_RESET) != 0;

		fake_ram_count();
		device.posted = virtio_work(device.vdev);
		PROMISE(fake_ram_count() <= (broken ? 0 : device.step_max));
		PROMISE(!broken || !device.posted);
	}
}

/* Queues of a driver: queue i has its rings at FAKE_RAM + i * room. */
struct queues {
	struct fake_driver *driver; /* [count] */
	uint32_t count;
	uint16_t size;
	uint64_t room;
};

/* As a driver does it, behind a reset: `how` is its choice of formats, `own` are features of the
 * device's. */
static inline void set_up(uint8_t how, uint64_t own, const struct queues *queues)
{
	uint64_t features = VIRTIO_F_VERSION_1 | VIRTIO_F_INDIRECT | own |
			    ((how & 1) != 0 ? VIRTIO_F_PACKED : 0) |
			    ((how & 2) != 0 ? VIRTIO_F_EVENT_INDEX : 0) |
			    ((how & 32) != 0 ? VIRTIO_F_RING_RESET : 0);

	/* of one with a balloon the first extent is empty */
	fake_ram_is_first(device.vm, (how & 16) != 0 && device.vm->stage2.frames == NULL);
	set(STATUS, 3);
	set(0x24, 0);
	set(0x20, (uint32_t)features);
	set(0x24, 1);
	set(0x20, features >> 32);
	set(STATUS, 11);
	for (uint32_t i = 0; i < queues->count; i++) {
		struct fake_driver *driver = &queues->driver[i];
		struct virtq queue = {.size = queues->size,
				      .packed = (how & 1) != 0,
				      .event_index = (how & 2) != 0};

		fake_driver_begin(driver, &queue, FAKE_RAM + queues->room * i);
		set(0x30, i);
		set(0x38, queues->size);
		set(0x80, driver->descriptors);
		set(0x84, 0);
		set(0x90, driver->driver_area);
		set(0x94, 0);
		set(0xa0, driver->device_area);
		set(0xa4, 0);
		set(0x44, 1);
		PROMISE(get(0x44) == 1);
	}
	set(STATUS, 15);
	PROMISE(get(STATUS) == 15);
}

static inline void *must(void *memory)
{
	PROMISE(memory != NULL);
	return memory;
}

#endif
