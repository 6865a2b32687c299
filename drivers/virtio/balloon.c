/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A balloon: RAM that the guest gives up, page by page, and gets back. virtio 1.2 5.5.
 *
 * Which page is whose is mm/frames.h's; here is what the driver says. A page that it gives is
 * unmapped at once: an access to it gets an external abort until it has been asked back for, and
 * the answer to that was seen (a driver that does not take MUST_TELL_HOST may use such a page at
 * any time, 5.5.6, and is refused, 5.5.3.2; DEFLATE_ON_OOM is not offered). What makes no sense is
 * left out and told of: a page that is no RAM, was given before, or is one of the last that the VM
 * keeps (`min-size`).
 *
 * Data: what the VM is asked for, and the request of each queue that is under way; under the
 * device's lock. The one for memory that comes back may wait for the pool. What is asked for
 * outlives a reset by the driver, not the VM's life: that begins with all of its RAM.
 */
#include "drivers/virtio/balloon.h"

#include "core/base/errno.h"
#include "core/base/printk.h"
#include "core/base/string.h"
#include "core/config/guest_map_types.h"
#include "core/vm/vm.h"
#include "drivers/emul/models.h"
#include "drivers/virtio/virtio.h"
#include "mm/frames.h"
#include "timer/deadline.h"

#define ID_BALLOON 5
#define QUEUE_SIZE 16

enum {
	QUEUE_INFLATE,
	QUEUE_DEFLATE,
	QUEUE_STATS,
	QUEUE_COUNT,
};

#define BALLOON_F_MUST_TELL_HOST BIT(0)
#define BALLOON_F_STATS_VQ	 BIT(1)

/* Its configuration: 5.5.4 */
#define CONFIG_ASKED  0 /* num_pages */
#define CONFIG_ACTUAL 4
#define CONFIG_SIZE   8

#define TAKES_A_STEP 2	/* pages */
#define STAT_SIZE    10 /* le16 tag, le64 value; packed */
#define STATS_MAX    16 /* of one buffer */
#define STATS_A_STEP 4

/* A request: page numbers, one after the other. */
struct move {
	struct virtq_chain *chain;
	struct virtq_cursor cursor;
	bool busy;
	uint32_t absent, kept; /* of them, that were left out */
};

/* Of a request, for the log, if any. */
struct left_out {
	bool inflating;
	uint32_t absent, kept;
};

struct vballoon {
	struct virtio virtio; /* first */
	struct frames_space *space;
	/* written under the device's lock, but for stats_wanted; what is shown is read without */
	uint32_t asked;	     /* pages that it shall not have */
	uint32_t actual;     /* as its driver says; of no use here */
	struct move move[2]; /* by queue */
	struct left_out said;
	struct virtq_chain *stats;
	struct virtq_cursor stats_at; /* in what is looked at of them, of which there are */
	uint32_t stats_left;
	bool stats_here;   /* its driver's buffer, which goes back when news are wanted */
	bool stats_wanted; /* atomic: set by anybody */
	uint32_t known;
	uint64_t told_at;
	uint64_t stat[BALLOON_STATS];
};

static struct vballoon *of_vm[CONFIG_VM_MAX]; /* constant after build */

static struct vballoon *vballoon_of(struct virtio *virtio)
{
	return CONTAINER_OF(virtio, struct vballoon, virtio);
}

static void balloon_reset_queue(struct virtio *virtio, uint32_t queue)
{
	struct vballoon *balloon = vballoon_of(virtio);

	if (queue == QUEUE_STATS) {
		balloon->stats_here = false;
		balloon->stats_left = 0;
		balloon->stats->begun = false;
	} else {
		balloon->move[queue].busy = false;
		balloon->move[queue].chain->begun = false;
	}
}

static void balloon_reset(struct virtio *virtio)
{
	struct vballoon *balloon = vballoon_of(virtio);

	balloon->actual = 0;
	balloon->known = 0;
	balloon->stats_wanted = false;
}

static uint32_t balloon_read_config(struct virtio *virtio, uint32_t off, uint32_t size)
{
	const struct vballoon *balloon = vballoon_of(virtio);
	const uint32_t config[] = {balloon->asked, balloon->actual};
	uint32_t value = 0;

	if (off + size <= CONFIG_SIZE) {
		memcpy(&value, (const uint8_t *)config + off, size);
	}
	return value;
}

static void balloon_write_config(struct virtio *virtio, uint32_t off, uint32_t size, uint32_t value)
{
	struct vballoon *balloon = vballoon_of(virtio);

	/* the other word is the device's: 5.5.4.1 */
	if (off >= CONFIG_ACTUAL && off + size <= CONFIG_SIZE) {
		memcpy((uint8_t *)&balloon->actual + (off - CONFIG_ACTUAL), &value, size);
	}
}

/* -- pages -- */

/* Balloon pages have 4 KiB, whatever the guest's have: 5.5.6 */
static uint64_t ipa_of(uint32_t number)
{
	return (uint64_t)number * PAGE_SIZE;
}

/* Some pages of the request. How many numbers there were; 0: it has no more; or an error. */
static int give_some(struct vballoon *balloon, struct move *move)
{
	uint32_t number[FRAMES_BATCH];
	uint64_t ipa[FRAMES_BATCH];
	struct frames_given given;
	/* one, where the numbers themselves are in pieces */
	uint32_t size =
		virtq_piece(&move->cursor) < sizeof(number) ? sizeof(number[0]) : sizeof(number);
	int got = virtq_read(balloon->virtio.vdev.vm, &move->cursor, number, size);

	if (got < 0) {
		return got;
	}
	/* of a last number that is not whole nothing is taken */
	got /= (int)sizeof(number[0]);
	if (got == 0) {
		return 0;
	}
	for (int i = 0; i < got; i++) {
		ipa[i] = ipa_of(number[i]);
	}
	given = frames_give(balloon->space, ipa, (uint32_t)got);
	move->absent += given.absent;
	move->kept += given.kept;
	return got;
}

/* The same the other way; -EAGAIN: nothing is due to it, the device is told when it is. */
static int take_some(struct vballoon *balloon, struct move *move)
{
	for (int i = 0; i < TAKES_A_STEP; i++) {
		struct virtq_cursor here = move->cursor;
		uint32_t number;
		int got =
			virtq_read(balloon->virtio.vdev.vm, &move->cursor, &number, sizeof(number));

		if (got != (int)sizeof(number)) {
			return got < 0 ? got : i;
		}
		got = frames_take(balloon->space, ipa_of(number));
		if (got == -EAGAIN) {
			move->cursor = here;
			return got;
		}
		move->absent += got != 0;
	}
	return TAKES_A_STEP;
}

/* What was left out is told of behind the step, when the device's lock is let go of: a line takes
 * its VM's, which comes before it. */
static void complain(struct vballoon *balloon, struct move *move, uint32_t queue)
{
	balloon->said = (struct left_out){
		.inflating = queue == QUEUE_INFLATE,
		.absent = move->absent,
		.kept = move->kept,
	};
	balloon->virtio.unsettled = true;
	move->absent = move->kept = 0;
}

static void balloon_settle(struct virtio *virtio)
{
	struct vballoon *balloon = vballoon_of(virtio);
	struct vm *vm = virtio->vdev.vm;
	struct left_out said;
	struct vm_tail tail;
	bool refused;

	spin_lock(&virtio->lock);
	said = balloon->said;
	balloon->said = (struct left_out){0};
	refused = virtio->refused;
	virtio->refused = false;
	spin_unlock(&virtio->lock);
	if (refused && vm_may_log(vm, &vm->faults, &tail)) {
		log_warn("%s: its balloon refuses a driver without MUST_TELL_HOST%s", vm->name,
			 tail.text);
	}
	if ((said.absent | said.kept) == 0 || !vm_may_log(vm, &vm->faults, &tail)) {
		return;
	}
	if (said.absent != 0) {
		log_warn("%s: %u pages for its balloon are no RAM that it %s: left out%s", vm->name,
			 said.absent, said.inflating ? "has" : "gave", tail.text);
	} else {
		log_warn("%s: %u pages for its balloon are its min-size's: left out%s", vm->name,
			 said.kept, tail.text);
	}
}

static int end_move(struct vballoon *balloon, struct move *move, uint32_t queue)
{
	if ((move->absent | move->kept) != 0) {
		complain(balloon, move, queue);
		return 1;
	}
	move->busy = false;
	return virtio_finish(&balloon->virtio, queue, move->chain, 0);
}

static int step_move(struct vballoon *balloon, uint32_t queue)
{
	struct virtq *virtq = &balloon->virtio.queue[queue];
	struct move *move = &balloon->move[queue];
	int got;

	if (!move->busy) {
		got = virtq_take(virtq, move->chain);
		if (got == 1 && move->chain->reads != move->chain->count) {
			return -EINVAL; /* 5.5.6: both are for the device to read */
		}
		if (got == 1) {
			move->cursor = virtq_reads(move->chain);
			move->busy = true;
		}
		return got == 0 ? virtq_listen(virtq, true) : got == -EAGAIN ? 1 : got;
	}
	got = queue == QUEUE_INFLATE ? give_some(balloon, move) : take_some(balloon, move);
	if (got == -EAGAIN) {
		return 0;
	}
	return got < 0 ? got : got == 0 ? end_move(balloon, move, queue) : 1;
}

/* From frames: what the request waits for is there. */
static void pool_has(struct frames_space *space)
{
	virtio_ask(&of_vm[space->owner]->virtio, QUEUE_DEFLATE);
}

/* -- statistics -- */

/* Some of what the buffer has. 1, or an error. */
static int take_stats(struct vballoon *balloon)
{
	uint32_t count = MIN(balloon->stats_left, (uint32_t)STATS_A_STEP);
	uint8_t bytes[STATS_A_STEP * STAT_SIZE];
	int got = virtq_read(balloon->virtio.vdev.vm, &balloon->stats_at, bytes, count * STAT_SIZE);

	if (got < 0) {
		return got;
	}
	for (uint32_t at = 0; at + STAT_SIZE <= (uint32_t)got; at += STAT_SIZE) {
		uint32_t tag = bytes[at] | (uint32_t)bytes[at + 1] << 8;

		if (tag < BALLOON_STATS) {
			balloon->known |= BIT32(tag);
			memcpy(&balloon->stat[tag], bytes + at + sizeof(uint16_t),
			       sizeof(uint64_t));
		}
	}
	/* of one that is cut into many parts the rest is nobody's */
	balloon->stats_left = got == (int)(count * STAT_SIZE) ? balloon->stats_left - count : 0;
	balloon->told_at = deadline_now();
	return 1;
}

/* The driver's buffer is kept until news are wanted; it has one: 5.5.6.3 */
static int step_stats(struct vballoon *balloon)
{
	struct virtio *virtio = &balloon->virtio;
	int got;

	if (balloon->stats_left != 0) {
		return take_stats(balloon);
	}
	if (balloon->stats_here) {
		if (!balloon->stats_wanted) {
			return 0;
		}
		balloon->stats_here = balloon->stats_wanted = false;
		got = virtio_put(virtio, QUEUE_STATS, balloon->stats, 0);
		return got < 0 ? got : 1;
	}
	got = virtq_take(&virtio->queue[QUEUE_STATS], balloon->stats);
	if (got != 1) {
		return got == 0	      ? virtq_listen(&virtio->queue[QUEUE_STATS], true) :
		       got == -EAGAIN ? 1 :
					got;
	}
	if (balloon->stats->reads != balloon->stats->count) {
		return -EINVAL; /* 5.5.6.3 */
	}
	balloon->stats_at = virtq_reads(balloon->stats);
	balloon->stats_left = MIN(balloon->stats->out_size / STAT_SIZE, (uint32_t)STATS_MAX);
	balloon->known = 0;
	balloon->stats_here = true;
	return 1;
}

static int balloon_step(struct virtio *virtio, uint32_t queue)
{
	struct vballoon *balloon = vballoon_of(virtio);

	return queue == QUEUE_STATS ? step_stats(balloon) : step_move(balloon, queue);
}

/* -- who asks -- */

bool balloon_view(uint32_t vm, struct balloon_view *view)
{
	const struct vballoon *balloon = of_vm[vm];
	const struct frames_space *space;

	if (balloon == NULL) {
		return false;
	}
	space = balloon->space;
	*view = (struct balloon_view){
		.vdev = &balloon->virtio.vdev,
		.up = virtio_works(&balloon->virtio),
		.size = ipa_of(space->page_count),
		.min = ipa_of(space->min),
		.now = ipa_of(atomic_read(&space->held)),
		.other = ipa_of(atomic_read(&space->other)),
		.target = ipa_of(space->page_count - atomic_read(&balloon->asked)),
		.known = atomic_read(&balloon->known),
		.told_at = atomic_read(&balloon->told_at),
	};
	for (uint32_t i = 0; i < BALLOON_STATS; i++) {
		view->stat[i] = atomic_read(&balloon->stat[i]);
	}
	return true;
}

void balloon_ask(uint32_t vm)
{
	struct vballoon *balloon = of_vm[vm];

	if (balloon != NULL) {
		atomic_set(&balloon->stats_wanted, true);
		virtio_ask(&balloon->virtio, QUEUE_STATS);
	}
}

int balloon_set(uint32_t vm, uint64_t bytes)
{
	struct vballoon *balloon = of_vm[vm];
	uint64_t pages = bytes / PAGE_SIZE;

	if (balloon == NULL) {
		return -ENODEV;
	}
	if (pages < balloon->space->min || pages > balloon->space->page_count) {
		return -ERANGE;
	}
	spin_lock(&balloon->virtio.lock);
	balloon->asked = balloon->space->page_count - (uint32_t)pages;
	virtio_config_changed(&balloon->virtio);
	spin_unlock(&balloon->virtio.lock);
	return 0;
}

/* -- life -- */

static const struct virtio_ops balloon_ops = {
	.id = ID_BALLOON,
	.queue_count = QUEUE_COUNT,
	.queue_size = QUEUE_SIZE,
	.features = BALLOON_F_MUST_TELL_HOST | BALLOON_F_STATS_VQ,
	.needed = BALLOON_F_MUST_TELL_HOST,
	.config_size = CONFIG_SIZE,
	.reset = balloon_reset,
	.reset_queue = balloon_reset_queue,
	.step = balloon_step,
	.settle = balloon_settle,
	.read_config = balloon_read_config,
	.write_config = balloon_write_config,
};

static int balloon_create(struct vm *vm, const struct vdev_config *config, struct arena *arena,
			  struct vdev **out)
{
	struct vballoon *balloon = arena_alloc(arena, sizeof(*balloon));
	int err;

	if (balloon == NULL) {
		return -ENOMEM;
	}
	err = virtio_init(&balloon->virtio, &balloon_ops, vm, config, arena);
	if (err == 0) {
		balloon->move[QUEUE_INFLATE].chain = virtio_chain(&balloon->virtio, arena);
		balloon->move[QUEUE_DEFLATE].chain = virtio_chain(&balloon->virtio, arena);
		balloon->stats = virtio_chain(&balloon->virtio, arena);
	}
	if (balloon->stats == NULL || balloon->move[QUEUE_DEFLATE].chain == NULL ||
	    balloon->move[QUEUE_INFLATE].chain == NULL) {
		return -ENOMEM;
	}
	balloon->space = vm->stage2.frames;
	balloon->space->min = (uint32_t)(config->min_size / PAGE_SIZE);
	balloon->space->available = pool_has;
	of_vm[vm->id] = balloon;
	*out = &balloon->virtio.vdev;
	virtio_reset(*out);
	return 0;
}

/* Its VM's life ends: the next begins with all of its RAM. */
static void balloon_end(struct vdev *vdev)
{
	struct vballoon *balloon = vballoon_of(CONTAINER_OF(vdev, struct virtio, vdev));

	spin_lock(&balloon->virtio.lock);
	balloon->asked = 0;
	spin_unlock(&balloon->virtio.lock);
	virtio_reset(vdev);
}

static const struct config_prop balloon_props[] = {
	{
		.name = "min-size",
		.type = PROP_U64,
		.dflt = DOC("half of its RAM"),
		.help = DOC("Bytes, a multiple of 4 KiB: less RAM than that the VM never has, "
			    "whoever asks for it."),
	},
	{.name = NULL},
};

const struct vdev_type virtio_balloon_type = {
	.compatible = "bulkhead,virtio-balloon",
	.help = DOC("Takes RAM from the guest and gives it back, so that it can go to another VM "
		    "with a balloon: docs/balloon.md. All of the VM's RAM is mapped by pages "
		    "then. Guest node: `virtio,mmio`."),
	.size = GUEST_VIRTIO_SIZE,
	.ipa = GUEST_VIRTIO_BASE,
	.spi = GUEST_VIRTIO_SPI,
	.slots = GUEST_VIRTIO_SLOTS,
	.max_count = 1,
	.props = balloon_props,
	.create = balloon_create,
	.reset = balloon_end,
	.describe = virtio_describe,
	.work = virtio_work,
	.mmio = &virtio_mmio,
};
