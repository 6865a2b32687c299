/* SPDX-License-Identifier: Apache-2.0 */
/* The registers of virtio-mmio, and the life of a device behind them. virtio 1.2 2.1, 4.2. */
#include "core/arm64/barrier.h"
#include "core/base/errno.h"
#include "core/base/string.h"
#include "core/fdt/guest_fdt.h"
#include "core/vm/vm.h"
#include "drivers/emul/vdev_line.h"
#include "drivers/hw/virtio/mmio_regs.h"
#include "drivers/virtio/virtio.h"

#define HIGH(reg)    ((reg) + 4) /* of two words */
#define VENDOR_VALUE 0x4b4c4242	 /* "BBLK" */

/* 2.1 */
#define STATUS_DRIVERS                                                                             \
	(VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER | VIRTIO_STATUS_DRIVER_OK |              \
	 VIRTIO_STATUS_FEATURES_OK | VIRTIO_STATUS_FAILED)

/* What every device offers. */
#define TRANSPORT_FEATURES                                                                         \
	(VIRTIO_F_INDIRECT | VIRTIO_F_EVENT_INDEX | VIRTIO_F_VERSION_1 | VIRTIO_F_PACKED |         \
	 VIRTIO_F_RING_RESET)

static struct virtio *virtio_of(struct vdev *vdev)
{
	return CONTAINER_OF(vdev, struct virtio, vdev);
}

static void interrupt(struct virtio *virtio, uint32_t why)
{
	/* the line is high while there is any */
	if (virtio->interrupt == 0) {
		vdev_set_line(&virtio->vdev, true);
	}
	virtio->interrupt |= why;
}

bool virtio_works(const struct virtio *virtio)
{
	return (virtio->status & (VIRTIO_STATUS_DRIVER_OK | VIRTIO_STATUS_NEEDS_RESET)) ==
	       VIRTIO_STATUS_DRIVER_OK;
}

static void need_reset(struct virtio *virtio)
{
	virtio->status |= VIRTIO_STATUS_NEEDS_RESET;
	virtio->work = 0;
	virtio->unsettled = virtio->ops->settle != NULL;
	/* told only to a driver that has been told of anything: 2.1.2 */
	if ((virtio->status & VIRTIO_STATUS_DRIVER_OK) != 0) {
		interrupt(virtio, VIRTIO_INTERRUPT_CONFIG);
	}
}

void virtio_break(struct virtio *virtio)
{
	need_reset(virtio);
	if (virtio->ops->settle != NULL) {
		/* by who drives it: here another device's lock is held */
		vdev_work_post(&virtio->vdev, virtio->vdev.vm->vcpu[0]);
	}
}

void virtio_ask(struct virtio *virtio, uint32_t queue)
{
	bool more;

	spin_lock(&virtio->lock);
	more = virtio_works(virtio) && virtio->queue[queue].ready;
	virtio->work |= more ? BIT32(queue) : 0;
	spin_unlock(&virtio->lock);
	if (more) {
		vdev_work_post(&virtio->vdev, virtio->vdev.vm->vcpu[0]);
	}
}

/* Lets go of the lock, and does then what has to be done without it. */
static void let_go(struct virtio *virtio)
{
	bool unsettled = virtio->unsettled;

	if (unlikely(unsettled)) {
		virtio->unsettled = false;
	}
	spin_unlock(&virtio->lock);
	if (unlikely(unsettled)) {
		virtio->ops->settle(virtio);
	}
}

static bool turn_away(struct virtio *virtio)
{
	atomic_set(&virtio->turned_away, true);
	cpu_yield();
	return false;
}

/* Somebody has the lock: one of the VM's vCPUs waits for it, the others come back. */
static bool __attribute__((noinline)) enter_later(struct virtio *virtio)
{
	if (atomic_exchange(&virtio->entering, true)) {
		return turn_away(virtio);
	}
	spin_lock(&virtio->lock);
	atomic_set_release(&virtio->entering, false);
	return true;
}

/* A step is under way that has the lock no more, and not yet again. */
static bool __attribute__((noinline)) go_away(struct virtio *virtio)
{
	spin_unlock(&virtio->lock);
	return turn_away(virtio);
}

/* Takes the lock for a vCPU of its VM's. False: it is to come back. */
static inline bool enter(struct virtio *virtio)
{
	if (unlikely(!spin_try_lock(&virtio->lock)) && !enter_later(virtio)) {
		return false;
	}
	if (unlikely(virtio->away != 0)) {
		return go_away(virtio);
	}
	atomic_set(&virtio->turned_away, false);
	return true;
}

void virtio_config_changed(struct virtio *virtio)
{
	virtio->generation++;
	if (virtio_works(virtio)) {
		interrupt(virtio, VIRTIO_INTERRUPT_CONFIG);
	}
}

static void reset_queue(struct virtio *virtio, uint32_t index)
{
	struct virtq *queue = &virtio->queue[index];

	virtq_reset(queue);
	queue->packed = virtio_has(virtio, VIRTIO_F_PACKED);
	queue->indirect = virtio_has(virtio, VIRTIO_F_INDIRECT);
	queue->event_index = virtio_has(virtio, VIRTIO_F_EVENT_INDEX);
	virtio->work &= ~BIT32(index);
	if (virtio->ops->reset_queue != NULL) {
		virtio->ops->reset_queue(virtio, index);
	}
}

static void reset(struct virtio *virtio)
{
	virtio->status = virtio->interrupt = virtio->work = 0;
	virtio->features = 0;
	virtio->features_select = virtio->accept_select = virtio->queue_select = 0;
	virtio->ops->reset(virtio);
	for (uint32_t i = 0; i < virtio->ops->queue_count; i++) {
		reset_queue(virtio, i);
	}
	vdev_set_line(&virtio->vdev, false);
}

void virtio_reset(struct vdev *vdev)
{
	struct virtio *virtio = virtio_of(vdev);

	spin_lock(&virtio->lock);
	reset(virtio);
	virtio->generation = 0;
	virtio->waiting = 0;
	let_go(virtio);
}

bool virtio_busy(struct vdev *vdev)
{
	struct virtio *virtio = virtio_of(vdev);
	bool busy;

	spin_lock(&virtio->lock);
	busy = virtio->ops->busy != NULL && virtio->ops->busy(virtio);
	spin_unlock(&virtio->lock);
	return busy;
}

bool virtio_lost(struct vdev *vdev)
{
	struct virtio *virtio = virtio_of(vdev);

	return virtio->ops->lost != NULL && virtio->ops->lost(virtio);
}

/* The lowest queue that has something, of a device that works: devices name first what must not
 * wait. True: there is more. */
static inline bool step_lowest(struct virtio *virtio)
{
	uint32_t index = (uint32_t)__builtin_ctz(virtio->work);
	int err = virtio->ops->step(virtio, index);

	if (err < 0) {
		need_reset(virtio);
	} else if (err == 0) {
		virtio->work &= ~BIT32(index);
	}
	return virtio->work != 0;
}

static bool step(struct virtio *virtio)
{
	return virtio_works(virtio) && virtio->work != 0 && step_lowest(virtio);
}

/* A frame of 64 KiB, or as much of a disk. */
#define STEPS_AT_ONCE 16

/* There is more: steps that follow at once, as long as nobody else wants this CPU, or the lock. */
static bool __attribute__((noinline)) go_on(struct virtio *virtio)
{
	bool more = true;

	for (uint32_t i = 1; more && i < STEPS_AT_ONCE && !virtio->unsettled &&
			     !virtio_is_wanted(virtio) && vdev_may_go_on();
	     i++) {
		more = step(virtio);
	}
	return more;
}

bool virtio_work(struct vdev *vdev)
{
	struct virtio *virtio = virtio_of(vdev);
	bool more;

	if (!enter(virtio)) {
		return true;
	}
	more = step(virtio) && go_on(virtio);
	let_go(virtio);
	return more;
}

/* Some were put, or could not be. */
static int tell(struct virtio *virtio, uint32_t queue, int err)
{
	err = err == 0 ? virtq_interrupts(&virtio->queue[queue]) : err;
	if (err > 0) {
		interrupt(virtio, VIRTIO_INTERRUPT_USED);
	}
	return err < 0 ? err : 0;
}

int virtio_tell(struct virtio *virtio, uint32_t queue)
{
	return tell(virtio, queue, 0);
}

static int finish(struct virtio *virtio, uint32_t queue, const struct virtq_chain *chain,
		  uint32_t written, bool listen)
{
	int got = virtq_finish(&virtio->queue[queue], chain, written, listen);

	if (got < 0) {
		return got;
	}
	if ((got & VIRTQ_INTERRUPT) != 0) {
		interrupt(virtio, VIRTIO_INTERRUPT_USED);
	}
	return (got & VIRTQ_MORE) != 0;
}

int virtio_put(struct virtio *virtio, uint32_t queue, const struct virtq_chain *chain,
	       uint32_t written)
{
	return finish(virtio, queue, chain, written, false);
}

int virtio_finish(struct virtio *virtio, uint32_t queue, const struct virtq_chain *chain,
		  uint32_t written)
{
	return finish(virtio, queue, chain, written, true);
}

int virtio_put_all(struct virtio *virtio, uint32_t queue, const struct virtq_used *used,
		   uint32_t count)
{
	return tell(virtio, queue, virtq_put_all(&virtio->queue[queue], used, count));
}

/* -- what the driver reads -- */

static const struct virtq *selected(const struct virtio *virtio)
{
	return virtio->queue_select < virtio->ops->queue_count ?
		       &virtio->queue[virtio->queue_select] :
		       NULL;
}

static uint32_t half_of(uint64_t value, uint32_t which)
{
	return which == 0 ? (uint32_t)value : which == 1 ? (uint32_t)(value >> 32) : 0;
}

static uint32_t read_register(const struct virtio *virtio, uint32_t off)
{
	const struct virtq *queue = selected(virtio);

	switch (off) {
	case VIRTIO_MMIO_MAGIC:
		return VIRTIO_MMIO_MAGIC_VALUE;
	case VIRTIO_MMIO_VERSION:
		return 2;
	case VIRTIO_MMIO_DEVICE_ID:
		return virtio->ops->id;
	case VIRTIO_MMIO_VENDOR_ID:
		return VENDOR_VALUE;
	case VIRTIO_MMIO_FEATURES:
		return half_of(virtio->offered, virtio->features_select);
	case VIRTIO_MMIO_QUEUE_SIZE_MAX:
		return queue != NULL ? queue->size_max : 0;
	case VIRTIO_MMIO_QUEUE_READY:
		return queue != NULL && queue->ready;
	case VIRTIO_MMIO_INTERRUPT_STATUS:
		return virtio->interrupt;
	case VIRTIO_MMIO_STATUS:
		return virtio->status;
	case VIRTIO_MMIO_SHM_LEN:
	case HIGH(VIRTIO_MMIO_SHM_LEN):
	case VIRTIO_MMIO_SHM_BASE:
	case HIGH(VIRTIO_MMIO_SHM_BASE):
		/* there is no such region: 4.2.2.1 */
		return UINT32_MAX;
	case VIRTIO_MMIO_GENERATION:
		return virtio->generation;
	default:
		/* QueueReset among them: it is over when it is asked for */
		return 0;
	}
}

static bool is_config(const struct virtio *virtio, uint32_t off, uint32_t size)
{
	return off >= VIRTIO_MMIO_CONFIG &&
	       off - VIRTIO_MMIO_CONFIG + size <= virtio->ops->config_size;
}

static int mmio_read(struct vcpu *vcpu, void *dev, uint32_t off, uint32_t size, uint64_t *value)
{
	struct virtio *virtio = dev;

	(void)vcpu;
	*value = 0;
	if (!enter(virtio)) {
		return -EBUSY;
	}
	if (off < VIRTIO_MMIO_CONFIG && size == 4) {
		*value = read_register(virtio, off);
	} else if (is_config(virtio, off, size) && virtio->ops->read_config != NULL) {
		*value = virtio->ops->read_config(virtio, off - VIRTIO_MMIO_CONFIG, size);
	}
	let_go(virtio);
	return 0;
}

/* -- what it writes -- */

static void set_half(uint64_t *word, uint32_t which, uint32_t value)
{
	if (which == 0) {
		*word = (*word & ~UINT64_C(0xffffffff)) | value;
	} else if (which == 1) {
		*word = (uint32_t)*word | (uint64_t)value << 32;
	}
}

/* It is the driver's that the features it accepted make sense: 2.2.2 */
static bool accepts(const struct virtio *virtio)
{
	uint64_t needed = virtio->ops->needed | VIRTIO_F_VERSION_1;
	const struct virtio_wants *wants = virtio->ops->wants;

	for (; wants != NULL && wants->features != 0; wants++) {
		needed |= (virtio->features & wants->features) != 0 ? wants->wanted : 0;
	}
	return (virtio->features & ~virtio->offered) == 0 && (virtio->features & needed) == needed;
}

/* Queues may hold buffers before the driver's last word: 3.1.1 */
static void begin_work(struct virtio *virtio)
{
	for (uint32_t i = 0; i < virtio->ops->queue_count; i++) {
		virtio->work |= virtio->queue[i].ready ? BIT32(i) : 0;
	}
}

static void set_status(struct virtio *virtio, uint32_t value)
{
	uint32_t before = virtio->status, set;

	if (value == 0) {
		reset(virtio);
		return;
	}
	/* bits are not cleared but by a reset: 2.1.1 */
	set = value & STATUS_DRIVERS & ~before;
	if ((set & VIRTIO_STATUS_FEATURES_OK) != 0) {
		if (accepts(virtio)) {
			virtio->status |= VIRTIO_STATUS_FEATURES_OK;
			for (uint32_t i = 0; i < virtio->ops->queue_count; i++) {
				reset_queue(virtio, i);
			}
		} else if ((virtio->ops->needed & ~virtio->features) != 0) {
			virtio->refused = virtio->unsettled = true;
		}
		set &= ~VIRTIO_STATUS_FEATURES_OK;
	}
	if ((virtio->status & VIRTIO_STATUS_FEATURES_OK) == 0) {
		set &= ~VIRTIO_STATUS_DRIVER_OK;
	}
	virtio->status |= set;
	if ((set & VIRTIO_STATUS_DRIVER_OK) != 0) {
		begin_work(virtio);
	}
}

static void set_ready(struct virtio *virtio, struct virtq *queue, bool ready)
{
	if (!ready) {
		/* as it was set up, but without what the device had of it */
		struct virtq was = *queue;
		uint32_t index = (uint32_t)(queue - virtio->queue);

		reset_queue(virtio, index);
		queue->size = was.size;
		queue->descriptors = was.descriptors;
		queue->driver_area = was.driver_area;
		queue->device_area = was.device_area;
	} else if (!queue->ready && (virtio->status & VIRTIO_STATUS_FEATURES_OK) != 0) {
		if (virtq_enable(queue) != 0) {
			need_reset(virtio);
		}
	}
}

static void write_queue(struct virtio *virtio, struct virtq *queue, uint32_t off, uint32_t value)
{
	if (off == VIRTIO_MMIO_QUEUE_READY) {
		set_ready(virtio, queue, (value & 1) != 0);
		return;
	}
	if (off == VIRTIO_MMIO_QUEUE_RESET) {
		if (value == 1 && virtio_has(virtio, VIRTIO_F_RING_RESET)) {
			reset_queue(virtio, (uint32_t)(queue - virtio->queue));
		}
		return;
	}
	if (queue->ready) {
		/* it is the device's: 4.2.2.2 */
		return;
	}
	switch (off) {
	case VIRTIO_MMIO_QUEUE_SIZE:
		/* one that can't be is refused when the queue is made ready */
		queue->size = value <= queue->size_max ? (uint16_t)value : 0;
		break;
	case VIRTIO_MMIO_QUEUE_DESC:
	case HIGH(VIRTIO_MMIO_QUEUE_DESC):
		set_half(&queue->descriptors, off == HIGH(VIRTIO_MMIO_QUEUE_DESC), value);
		break;
	case VIRTIO_MMIO_QUEUE_DRIVER:
	case HIGH(VIRTIO_MMIO_QUEUE_DRIVER):
		set_half(&queue->driver_area, off == HIGH(VIRTIO_MMIO_QUEUE_DRIVER), value);
		break;
	default:
		set_half(&queue->device_area, off == HIGH(VIRTIO_MMIO_QUEUE_DEVICE), value);
		break;
	}
}

static bool write_register(struct virtio *virtio, uint32_t off, uint32_t value)
{
	struct virtq *queue = (struct virtq *)(uintptr_t)selected(virtio);

	switch (off) {
	case VIRTIO_MMIO_FEATURES_SEL:
		virtio->features_select = value;
		break;
	case VIRTIO_MMIO_ACCEPT:
		if ((virtio->status & VIRTIO_STATUS_FEATURES_OK) == 0) {
			set_half(&virtio->features, virtio->accept_select, value);
		}
		break;
	case VIRTIO_MMIO_ACCEPT_SEL:
		virtio->accept_select = value;
		break;
	case VIRTIO_MMIO_QUEUE_SEL:
		virtio->queue_select = value;
		break;
	case VIRTIO_MMIO_STATUS:
		set_status(virtio, value);
		return virtio->work != 0;
	case VIRTIO_MMIO_QUEUE_SIZE:
	case VIRTIO_MMIO_QUEUE_READY:
	case VIRTIO_MMIO_QUEUE_RESET:
	case VIRTIO_MMIO_QUEUE_DESC:
	case HIGH(VIRTIO_MMIO_QUEUE_DESC):
	case VIRTIO_MMIO_QUEUE_DRIVER:
	case HIGH(VIRTIO_MMIO_QUEUE_DRIVER):
	case VIRTIO_MMIO_QUEUE_DEVICE:
	case HIGH(VIRTIO_MMIO_QUEUE_DEVICE):
		if (queue != NULL) {
			write_queue(virtio, queue, off, value);
		}
		break;
	default:
		break;
	}
	return false;
}

/* It takes a queue from a device that may be busy, and is: it has not done with the VM's memory
 * yet. The access is executed again then. */
static bool must_wait(struct virtio *virtio, const struct vcpu *vcpu, uint32_t off, uint32_t value)
{
	bool ends = (off == VIRTIO_MMIO_STATUS && value == 0) ||
		    (selected(virtio) != NULL &&
		     ((off == VIRTIO_MMIO_QUEUE_READY && (value & 1) == 0) ||
		      (off == VIRTIO_MMIO_QUEUE_RESET && value == 1 &&
		       virtio_has(virtio, VIRTIO_F_RING_RESET))));

	if (!ends || !virtio->ops->busy(virtio)) {
		return false;
	}
	virtio->waiting |= BIT(vcpu->index);
	return true;
}

static int __attribute__((noinline))
write_seldom(struct vcpu *vcpu, struct virtio *virtio, uint32_t off, uint32_t size, uint64_t value)
{
	bool more = false;

	if (!enter(virtio)) {
		return -EBUSY;
	}
	if (unlikely(virtio->ops->busy != NULL) && size == 4 &&
	    must_wait(virtio, vcpu, off, (uint32_t)value)) {
		let_go(virtio);
		return -EAGAIN;
	}
	if (off < VIRTIO_MMIO_CONFIG && size == 4) {
		more = write_register(virtio, off, (uint32_t)value);
	} else if (is_config(virtio, off, size) && virtio->ops->write_config != NULL) {
		virtio->ops->write_config(virtio, off - VIRTIO_MMIO_CONFIG, size, (uint32_t)value);
	}
	let_go(virtio);
	if (more) {
		vdev_work_post(&virtio->vdev, vcpu);
	}
	return 0;
}

static int __attribute__((noinline))
write_notify(struct vcpu *vcpu, struct virtio *virtio, uint32_t index)
{
	bool more = false;

	if (!enter(virtio)) {
		return -EBUSY;
	}
	if (virtio_works(virtio) && index < virtio->ops->queue_count &&
	    virtio->queue[index].ready) {
		virtio->work |= BIT32(index);
		more = step_lowest(virtio) && go_on(virtio);
	}
	let_go(virtio);
	if (more) {
		vdev_work_post(&virtio->vdev, vcpu);
	}
	return 0;
}

static int __attribute__((noinline)) write_ack(struct virtio *virtio, uint32_t what)
{
	if (!enter(virtio)) {
		return -EBUSY;
	}
	virtio->interrupt &= ~what;
	vdev_set_line(&virtio->vdev, virtio->interrupt != 0);
	let_go(virtio);
	return 0;
}

/* The first two a driver writes for each buffer; all else when it sets the device up. */
static int mmio_write(struct vcpu *vcpu, void *dev, uint32_t off, uint32_t size, uint64_t value)
{
	if (likely(size == 4 && off == VIRTIO_MMIO_QUEUE_NOTIFY)) {
		return write_notify(vcpu, dev, (uint32_t)value);
	}
	if (likely(size == 4 && off == VIRTIO_MMIO_INTERRUPT_ACK)) {
		return write_ack(dev, (uint32_t)value);
	}
	return write_seldom(vcpu, dev, off, size, value);
}

const struct mmio_ops virtio_mmio = {
	.name = "virtio",
	.sizes = 1 | 2 | 4,
	.read = mmio_read,
	.write = mmio_write,
};

/* -- life -- */

int virtio_init(struct virtio *virtio, const struct virtio_ops *ops, struct vm *vm,
		const struct vdev_config *config, struct arena *arena)
{
	virtio->queue = arena_alloc(arena, ops->queue_count * sizeof(*virtio->queue));
	if (virtio->queue == NULL) {
		return -ENOMEM;
	}
	spin_init(&virtio->lock, RANK_DEVICE);
	virtio->ops = ops;
	virtio->offered = ops->features | TRANSPORT_FEATURES;
	virtio->vdev.type = config->type;
	virtio->vdev.config = config;
	virtio->vdev.vm = vm;
	for (uint32_t i = 0; i < ops->queue_count; i++) {
		virtio->queue[i].vm = vm;
		virtio->queue[i].size_max = ops->queue_size;
	}
	return 0;
}

struct virtq_chain *virtio_chain(const struct virtio *virtio, struct arena *arena)
{
	return arena_alloc(arena, sizeof(struct virtq_chain) +
					  virtio->ops->queue_size * sizeof(struct virtq_segment));
}

int virtio_describe(const struct vdev *vdev, struct guest_fdt *fdt)
{
	guest_fdt_node_at(fdt, "virtio_mmio", vdev->config->ipa);
	guest_fdt_string(fdt, "compatible", "virtio,mmio");
	vdev_describe_place(vdev, fdt);
	guest_fdt_prop(fdt, "dma-coherent", NULL, 0);
	guest_fdt_end_node(fdt);
	return 0;
}
