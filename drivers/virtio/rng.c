/* SPDX-License-Identifier: Apache-2.0 */
/* A source of random numbers. virtio 1.2 5.4: one queue, of buffers that are filled. */
#include "core/base/errno.h"
#include "core/base/printk.h"
#include "core/config/guest_map_types.h"
#include "core/vm/random.h"
#include "core/vm/vm.h"
#include "drivers/emul/models.h"
#include "drivers/hw/entropy.h"
#include "drivers/virtio/virtio.h"

#define ID_RNG	   4
#define QUEUE_SIZE 16

struct vrng {
	struct virtio virtio; /* first */
	/* being filled, or to be put back; protected by the device's lock */
	struct virtq_chain *chain;
	struct virtq_cursor cursor;
	uint32_t written;
	bool filling, filled;
};

static struct vrng *vrng_of(struct virtio *virtio)
{
	return CONTAINER_OF(virtio, struct vrng, virtio);
}

static void rng_reset_queue(struct virtio *virtio, uint32_t queue)
{
	struct vrng *rng = vrng_of(virtio);

	(void)queue;
	rng->filling = rng->filled = false;
	rng->chain->begun = false;
}

static void rng_reset(struct virtio *virtio)
{
	(void)virtio; /* its queue is all it has */
}

/* What fits into one draw, and into one page of one part of the buffer. */
static int fill(struct vrng *rng)
{
	struct virtio *virtio = &rng->virtio;
	uint32_t size = MIN(virtq_piece(&rng->cursor), (uint32_t)VM_RANDOM_MAX);
	uint64_t ipa = size != 0 ? rng->cursor.segment->ipa + rng->cursor.at : 0;
	uint8_t bytes[VM_RANDOM_MAX];
	int err;

	size = MIN(size, (uint32_t)(PAGE_SIZE - ipa % PAGE_SIZE));
	/* it always gives some where there is such a device: rng_create() */
	if (size != 0 && vm_random(virtio->vdev.vm, bytes, size) == 0) {
		err = virtq_write(virtio->vdev.vm, &rng->cursor, bytes, size);
		if (err < 0) {
			return err;
		}
		rng->written += size;
		if (rng->written < rng->chain->in_size) {
			return 1;
		}
	}
	rng->filling = false;
	rng->filled = true;
	return 1;
}

/* In a step of its own: a draw is long enough. */
static int put(struct vrng *rng)
{
	rng->filled = false;
	return virtio_finish(&rng->virtio, 0, rng->chain, rng->written);
}

static int rng_step(struct virtio *virtio, uint32_t queue)
{
	struct vrng *rng = vrng_of(virtio);
	struct virtq *virtq = &virtio->queue[queue];
	int got;

	if (rng->filling) {
		return fill(rng);
	}
	if (rng->filled) {
		return put(rng);
	}
	got = virtq_take(virtq, rng->chain);
	if (got == 1) {
		if (rng->chain->reads != 0) {
			return -EINVAL; /* 5.4.6.1 */
		}
		rng->cursor = virtq_writes(rng->chain);
		rng->written = 0;
		rng->filling = true;
	}
	if (got == 0) {
		return virtq_listen(virtq, true);
	}
	return got == -EAGAIN ? 1 : got;
}

static const struct virtio_ops rng_ops = {
	.id = ID_RNG,
	.queue_count = 1,
	.queue_size = QUEUE_SIZE,
	.reset = rng_reset,
	.reset_queue = rng_reset_queue,
	.step = rng_step,
};

static int rng_create(struct vm *vm, const struct vdev_config *config, struct arena *arena,
		      struct vdev **out)
{
	struct vrng *rng;
	int err;

	if (entropy_source() == ENTROPY_NONE) {
		/* 5.4.6.2: each buffer gets a byte at least. A device that keeps buffers for ever
		 * stops its driver, and one that gives them back empty too */
		log_warn("%s: devices/%s (bulkhead,virtio-rng) does not exist in it: this board "
			 "has no random numbers. Have its boot loader write /chosen rng-seed, or "
			 "take the device out",
			 vm->config->name, config->name);
		return -ENODEV;
	}
	rng = arena_alloc(arena, sizeof(*rng));
	if (rng == NULL) {
		return -ENOMEM;
	}
	err = virtio_init(&rng->virtio, &rng_ops, vm, config, arena);
	rng->chain = err == 0 ? virtio_chain(&rng->virtio, arena) : NULL;
	if (rng->chain == NULL) {
		return -ENOMEM;
	}
	*out = &rng->virtio.vdev;
	virtio_reset(*out);
	return 0;
}

static const struct config_prop rng_props[] = {{.name = NULL}};

const struct vdev_type virtio_rng_type = {
	.compatible = "bulkhead,virtio-rng",
	.help = DOC("A source of random numbers, of those of the board: without any the device "
		    "does not exist, and the log says so. Guest node: `virtio,mmio`."),
	.size = GUEST_VIRTIO_SIZE,
	.ipa = GUEST_VIRTIO_BASE,
	.spi = GUEST_VIRTIO_SPI,
	.slots = GUEST_VIRTIO_SLOTS,
	.props = rng_props,
	.create = rng_create,
	.reset = virtio_reset,
	.describe = virtio_describe,
	.work = virtio_work,
	.mmio = &virtio_mmio,
};
