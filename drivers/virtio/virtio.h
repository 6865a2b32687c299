/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A virtio device behind virtio-mmio, version 2. virtio 1.2 2.1 to 2.5, 4.2.
 *
 * What all devices share is here: status, features, queues, interrupts, configuration's generation.
 * A device is a table of functions, called with its lock held, each one step of about a thousand
 * instructions at most; what remains is done as a job of a vCPU's, a step at a time, with the lock
 * given back between them (vdev.h, vdev_work_post). So a queue may be taken from the device between
 * any two steps, and nothing has to be waited for.
 *
 * Of the vCPUs of its VM one waits for the lock: the others come back by way of the run loop, where
 * interrupts are looked at. So whoever else needs it, another VM's device or the boot CPU, waits
 * for two of them at most, however many the VM has.
 *
 * Locks: a step may take the lock of another VM's device beside its own: that of the VM with the
 * lower id first, of one VM that with the lower index. If its own comes second it lets go of it
 * meanwhile, and looks again at what it knew.
 *
 * A driver that breaks a rule makes its device ask for a reset, and it does nothing more until
 * then: 2.1.2.
 */
#ifndef DRIVERS_VIRTIO_VIRTIO_H
#define DRIVERS_VIRTIO_VIRTIO_H

#include "core/base/arena.h"
#include "core/base/atomic.h"
#include "core/base/bits.h"
#include "core/base/spinlock.h"
#include "drivers/emul/vdev.h"
#include "drivers/virtio/queue.h"

#define VIRTIO_QUEUE_MAX 8 /* of one device */

/* Features that are the transport's and the queues': 6 */
#define VIRTIO_F_INDIRECT    BIT(28)
#define VIRTIO_F_EVENT_INDEX BIT(29)
#define VIRTIO_F_VERSION_1   BIT(32)
#define VIRTIO_F_PACKED	     BIT(34)
#define VIRTIO_F_RING_RESET  BIT(40)

struct virtio;

/* Features of which each makes sense only beside all of `wanted`. */
struct virtio_wants {
	uint64_t features, wanted;
};

struct virtio_ops {
	uint32_t id; /* 5 */
	uint32_t queue_count;
	uint16_t queue_size; /* of each, at most */
	uint64_t features;   /* of its own, offered by each; virtio_offer(): by one */
	/* of these, without which a driver is refused: 2.2.2; `settle` says so */
	uint64_t needed;
	const struct virtio_wants *wants; /* 2.2.1; ended by no features. NULL: none */
	uint32_t config_size;

	/* The driver has reset it, or its VM ends: nothing is under way any more. */
	void (*reset)(struct virtio *virtio);
	/* The board's devices may still write to the VM's memory for it: what waits is withdrawn,
	 * nothing more is begun until it is reset, and that waits until this is false. NULL: they
	 * never do. */
	bool (*busy)(struct virtio *virtio);
	bool (*lost)(struct virtio *virtio); /* that has no end; where `busy` is */
	/* The driver takes a queue from it. NULL: `reset` for that one is nothing. */
	void (*reset_queue)(struct virtio *virtio, uint32_t queue);
	/* One step of what there is to do in a queue that is ready. 1: there is more; 0; or an
	 * error of queue.h's: the device asks for a reset. */
	int (*step)(struct virtio *virtio, uint32_t queue);
	/* What a reset leaves to do with devices of other VMs, or a step to say, without the lock:
	 * called, when `unsettled` is set, as soon as it has been let go of. NULL: there is never
	 * any. */
	void (*settle)(struct virtio *virtio);
	/* `size` (1, 2, 4) bytes of the configuration, all below config_size. NULL: it has none; or
	 * none that is written. */
	uint32_t (*read_config)(struct virtio *virtio, uint32_t off, uint32_t size);
	void (*write_config)(struct virtio *virtio, uint32_t off, uint32_t size, uint32_t value);
};

struct virtio {
	struct vdev vdev; /* first */
	const struct virtio_ops *ops;
	struct virtq *queue; /* [ops->queue_count] */
	uint64_t offered;    /* features. Constant after create() */

	bool entering;	  /* atomic: a vCPU of its VM's waits for the lock */
	bool turned_away; /* atomic: another had to come back, and may wait for more than a step */

	struct spinlock lock; /* rank device; protects the rest, and the device's own */
	uint32_t status;
	uint32_t interrupt;	  /* InterruptStatus */
	uint64_t features;	  /* as the driver has accepted them */
	uint32_t features_select; /* of what it may read */
	uint32_t accept_select;	  /* of what it writes */
	uint32_t queue_select;
	uint32_t generation; /* of its configuration */
	bool unsettled;	     /* ops->settle() is to be called */
	bool refused;	     /* a driver without what is needed, of which settle has not said it */
	uint64_t waiting;    /* vCPUs whose reset waits for ops->busy(), by bit */
	uint32_t away;	     /* steps that have let go of the lock: virtio_lock_beside() */
	uint32_t work;	     /* queues in which there may be something, by bit */
};

/* What a device's create() begins with, once it has its memory. 0 or -ENOMEM. */
int virtio_init(struct virtio *virtio, const struct virtio_ops *ops, struct vm *vm,
		const struct vdev_config *config, struct arena *arena);

/* In create(), behind virtio_init(): a feature that not all of its type have. */
static inline void virtio_offer(struct virtio *virtio, uint64_t feature)
{
	virtio->offered |= feature;
}

/* A chain for queues of this device. NULL: no memory. */
struct virtq_chain *virtio_chain(const struct virtio *virtio, struct arena *arena);

/* In a type's table. */
void virtio_reset(struct vdev *vdev);
bool virtio_work(struct vdev *vdev);
bool virtio_busy(struct vdev *vdev);
bool virtio_lost(struct vdev *vdev);
int virtio_describe(const struct vdev *vdev, struct guest_fdt *fdt);
extern const struct mmio_ops virtio_mmio;

/* -- for devices, with the lock held -- */

/* Gives a chain back, and interrupts if the driver wishes it. 0 or an error for step(). */
int virtio_put(struct virtio *virtio, uint32_t queue, const struct virtq_chain *chain,
	       uint32_t written);

/* That was all there was to do, unless there is another one: as a step's last words. 1: there is;
 * 0: the driver tells of the next; or an error. */
int virtio_finish(struct virtio *virtio, uint32_t queue, const struct virtq_chain *chain,
		  uint32_t written);

/* virtio_put() of many, which the driver sees at once. */
int virtio_put_all(struct virtio *virtio, uint32_t queue, const struct virtq_used *used,
		   uint32_t count);

/* Interrupts for what virtq_put() has given back, if the driver wishes it. 0 or an error. */
int virtio_tell(struct virtio *virtio, uint32_t queue);

/* It works: from the driver's last word to a reset, or a broken rule. */
bool virtio_works(const struct virtio *virtio);

/* Its driver has broken a rule, as another device's step found: it asks for a reset. */
void virtio_break(struct virtio *virtio);

/* Its configuration has changed: 2.5 */
void virtio_config_changed(struct virtio *virtio);

/* Between two steps: does anybody wait for the end of this one? */
static inline bool virtio_is_wanted(const struct virtio *virtio)
{
	return spin_is_wanted(&virtio->lock) || atomic_read(&virtio->turned_away);
}

/*
 * In a step with its own lock: takes that of `to` too, which is of the same type. `first`: its own
 * is the first in the order; else it is let go of meanwhile, and none of the VM's vCPUs enters
 * until it is back.
 */
static inline void virtio_lock_beside(struct virtio *virtio, struct virtio *to, bool first)
{
	if (first) {
		spin_lock_beside(&to->lock, &virtio->lock);
		return;
	}
	virtio->away++;
	spin_unlock(&virtio->lock);
	spin_lock(&to->lock);
	spin_lock_beside(&virtio->lock, &to->lock);
	virtio->away--;
}

/* There is something to do in a queue, for another reason than that its driver said so. Any CPU;
 * without the lock, or any of its rank. */
void virtio_ask(struct virtio *virtio, uint32_t queue);

/* Has the driver accepted it? */
static inline bool virtio_has(const struct virtio *virtio, uint64_t feature)
{
	return (virtio->features & feature) != 0;
}

#endif
