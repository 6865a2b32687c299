/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The VMM's virtio devices behind virtio-mmio, version 2: a disk of zeroes in memory, a console,
 * and two ports of a network. Console and disk are done by the vCPU's thread, in the exit that
 * notifies, which takes the fewest instructions; or the disk by a thread of its own on another
 * CPU, which a notification that KVM takes by itself wakes, as VMMs do for real disks. The
 * network is Linux's own (net.c).
 *
 * All of a device belongs to the first vCPU's thread, the only one that has exits; but the rings
 * of a port, from DRIVER_OK on, to vhost's workers, and the disk's queue, where it has one, to its
 * thread.
 */
#ifndef TESTS_BENCH_KVM_VIRTIO_H
#define TESTS_BENCH_KVM_VIRTIO_H

#include "tests/bench/kvm/vmm.h"

#define VIRTIO_QUEUES 2

struct virtio_queue {
	uint32_t size;
	uint32_t descriptors, driver, device; /* the guest's addresses, below 4 GiB */
	uint16_t seen;			      /* of the available ring */
};

struct virtio {
	const struct vm *vm;
	uint64_t base;
	uint32_t spi;
	uint32_t id;
	uint32_t status, selected_queue;
	struct virtio_queue queues[VIRTIO_QUEUES];
	uint8_t config[8];
	int kick, call;	   /* of its thread; -1 = it has none */
	unsigned int port; /* which one it is, of the network */
};

/* All devices of the VM; the disk with a thread of its own. */
void virtio_make(const struct vm *vm, bool disk_thread);

/* An access that KVM does not do by itself; one that is none of theirs ends the machine. */
void virtio_access(struct kvm_run *run);

/* From now on KVM does the store of `value` itself, or of any where that is negative. The value:
 * an eventfd that each of them is told by. */
int virtio_catch(const struct virtio *device, uint32_t offset, int64_t value);

/* An eventfd by which KVM raises the device's interrupt. */
int virtio_line(const struct virtio *device);

/* A port: its tap, on the bridge; once its driver is there, vhost-net behind it. */
void net_make(struct virtio *device);
void net_start(const struct virtio *device);

#endif
