/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sockets between VMs. virtio 1.2 5.10: a queue of buffers for what comes, one of packets to send,
 * one for events.
 *
 * EL2 carries packets, and knows no connections but to remember whom to tell of an end
 * (vsock_links.c). Nothing is lost and nothing is kept: a packet stays in its sender's memory until
 * the receiver has a buffer, and is copied once, a buffer in each step, on the sender's time.
 * Meanwhile those for other receivers pass it (vsock_lanes.c). Who has no buffer for too long has
 * lost its connections to who waited: both are told by resets, so that no stream has a hole, and no
 * others are touched. docs/vsock.md
 */
#include "core/base/errno.h"
#include "core/base/string.h"
#include "core/config/guest_map_types.h"
#include "core/vm/vm.h"
#include "drivers/emul/models.h"
#include "drivers/virtio/vsock_dev.h"
#include "mm/guest_access.h"
#include "timer/deadline.h"

#define ID_VSOCK    19
#define CONFIG_SIZE 8	/* guest_cid: 5.10.4 */
#define LOOK_MS	    250 /* how often who waits looks whether it did so for too long */
#define REPLY_MS    500 /* that a reset may wait for a buffer while another one has to */
#define WAKE_MAX    8	/* VMs at once */
#define HEAD_PIECES 8	/* that a header may be cut into: 2.6.4.1 leaves a limit */
#define PARTS_MAX   32	/* of a packet, before those for others have their turn */

/* What a step may cost, counted in bytes that are copied (18 instructions for 128). */
#define STEP_COST  5600
#define PIECE_COST 700
#define SMALL	   1024 /* beyond it the packet is given back in a step of its own */

_Static_assert(offsetof(struct vsock_header, fwd_cnt) + 4 == VSOCK_HEADER_SIZE, "5.10.6");

/* Constant after boot. */
static struct vsock *of_vm[CONFIG_VM_MAX];

static struct vsock *vsock_of(struct virtio *virtio)
{
	return CONTAINER_OF(virtio, struct vsock, virtio);
}

struct vsock *vsock_of_vm(uint32_t vm)
{
	return of_vm[vm];
}

static struct vsock *by_cid(uint64_t cid)
{
	for (uint32_t i = 0; i < CONFIG_VM_MAX; i++) {
		if (of_vm[i] != NULL && of_vm[i]->cid == cid) {
			return of_vm[i];
		}
	}
	return NULL;
}

/* -- two locks -- */

static void lock_other(struct vsock *vsock, struct vsock *to)
{
	virtio_lock_beside(&vsock->virtio, &to->virtio, vsock->index < to->index);
}

/* -- waking others; no locks -- */

/* Some of those that wait for this one, or have to be told of its end. True: there are more. */
static bool wake_some(struct vsock *vsock)
{
	for (uint32_t i = 0; i < WAKE_MAX; i++) {
		uint64_t waiters = atomic_read(&vsock->waiters);
		uint64_t to_sweep = atomic_read(&vsock->to_sweep);
		uint64_t any = waiters != 0 ? waiters : to_sweep, later;
		uint32_t next;

		if (any == 0) {
			return false;
		}
		later = any & ~(BIT(atomic_read(&vsock->next)) - 1);
		next = (uint32_t)__builtin_ctzll(later != 0 ? later : any);
		atomic_set(&vsock->next, (next + 1) % CONFIG_VM_MAX);
		if (waiters != 0) {
			atomic_fetch_and(&vsock->waiters, ~BIT(next));
			atomic_set(&of_vm[next]->woke[vsock->index], deadline_now());
			atomic_fetch_or(&of_vm[next]->woken, BIT(vsock->index));
			virtio_ask(&of_vm[next]->virtio, VSOCK_SEND);
		} else {
			atomic_fetch_and(&vsock->to_sweep, ~BIT(next));
			atomic_set_release(&of_vm[next]->sweep, true);
			virtio_ask(&of_vm[next]->virtio, VSOCK_RECEIVE);
		}
	}
	return (atomic_read(&vsock->waiters) | atomic_read(&vsock->to_sweep)) != 0;
}

/* From this CPU's timer: also where a device's lock is held. */
static void wake_soon(struct vsock *vsock)
{
	/* the bits that were set before are seen by waker_fired(), whoever's it is */
	if (!atomic_exchange(&vsock->waking, true)) {
		deadline_set(&vsock->waker, deadline_now());
	}
}

static void waker_fired(struct deadline *deadline)
{
	struct vsock *vsock = CONTAINER_OF(deadline, struct vsock, waker);

	(void)atomic_exchange(&vsock->waking, false);
	if (wake_some(vsock)) {
		wake_soon(vsock);
	}
}

static void alarm_fired(struct deadline *deadline)
{
	struct vsock *vsock = CONTAINER_OF(deadline, struct vsock, alarm);

	/* from here on another CPU may arm it */
	atomic_set_release(&vsock->armed, false);
	atomic_fetch_or(&vsock->woken, UINT64_MAX);
	virtio_ask(&vsock->virtio, VSOCK_SEND);
}

static void look_later(struct vsock *vsock)
{
	if (!atomic_read_acquire(&vsock->armed)) {
		atomic_set(&vsock->armed, true);
		deadline_set(&vsock->alarm, deadline_now() + deadline_from_ms(LOOK_MS));
	}
}

/* -- a receiver's buffers; its lock is held -- */

static bool head_is_whole(struct virtq_cursor at)
{
	uint32_t size = 0;

	for (uint32_t i = 0; i < HEAD_PIECES && at.segment != at.end; i++, at.segment++) {
		size += MIN(at.segment->size, (uint32_t)VSOCK_HEADER_SIZE);
	}
	return size >= VSOCK_HEADER_SIZE;
}

/* A buffer is in `in`: 1; 0: there is none; -EAGAIN: in another step; else the queue is broken. */
static int take_buffer(struct vsock *to)
{
	struct virtq *queue = &to->virtio.queue[VSOCK_RECEIVE];
	int got;

	if (to->taken) {
		return 1;
	}
	got = queue->ready ? virtq_take(queue, to->in) : 0;
	if (got != 1) {
		return got;
	}
	if (to->in->reads != 0 || to->in->in_size <= VSOCK_HEADER_SIZE ||
	    !head_is_whole(virtq_writes(to->in))) {
		return -EINVAL;
	}
	to->taken = true;
	return 1;
}

static void pass_head(struct virtq_cursor *at)
{
	uint64_t ipa;

	for (uint32_t size = 0; size < VSOCK_HEADER_SIZE;) {
		size += virtq_pass(at, VSOCK_HEADER_SIZE - size, &ipa);
	}
}

/* All behind its header is there: the guest sees it, and is told by the caller. 0 or an error of
 * its queue's. */
static int hand_over(struct vsock *to, const struct vsock_header *header)
{
	struct virtq_cursor at = virtq_writes(to->in);

	to->taken = false;
	if (virtq_write(to->virtio.vdev.vm, &at, header, VSOCK_HEADER_SIZE) < 0) {
		return -EFAULT;
	}
	to->count.received_packets++;
	to->count.received_bytes += header->len;
	return virtq_put(&to->virtio.queue[VSOCK_RECEIVE], to->in, VSOCK_HEADER_SIZE + header->len);
}

int vsock_give(struct vsock *vsock, struct vsock_header *header, const void *bytes, uint32_t *size)
{
	struct virtq_cursor at;
	uint32_t done = 0;
	int got = take_buffer(vsock);

	if (got != 1) {
		return got == 0 ? -ENOSPC : got;
	}
	at = virtq_writes(vsock->in);
	pass_head(&at);
	for (uint32_t i = 0; i < HEAD_PIECES && done < *size; i++) {
		uint32_t piece = MIN(*size - done, virtq_piece(&at));

		got = virtq_write(vsock->virtio.vdev.vm, &at, (const uint8_t *)bytes + done, piece);
		if (got < 0) {
			return got;
		}
		done += piece;
	}
	*size = header->len = done;
	header->dst_cid = vsock->cid;
	got = hand_over(vsock, header);
	return got < 0 ? got : virtio_tell(&vsock->virtio, VSOCK_RECEIVE);
}

/* -- a packet on its way to another VM; both locks are held -- */

/* Some of the payload, as much as a step does. Bytes; -EFAULT: the receiver's memory is gone; -EIO:
 * the sender's. */
static int copy_some(struct vsock *vsock, struct vsock *to)
{
	const struct vm *vm = vsock->virtio.vdev.vm, *to_vm = to->virtio.vdev.vm;
	struct virtq_cursor into = virtq_writes(to->in), from = vsock->rest;
	uint32_t done = 0, size;
	int cost = STEP_COST;

	pass_head(&into);
	while (done < vsock->left && cost > 0) {
		uint64_t from_ipa, into_ipa;
		int err;

		size = MIN(MIN(virtq_piece(&from), virtq_piece(&into)), vsock->left - done);
		size = MIN(size, (uint32_t)cost);
		if (size == 0) {
			break; /* the buffer is full: `left` is never more than there is */
		}
		virtq_pass(&from, size, &from_ipa);
		virtq_pass(&into, size, &into_ipa);
		err = guest_copy(to_vm, into_ipa, vm, from_ipa, size);
		if (err != 0) {
			return err;
		}
		done += size;
		cost -= (int)(size + PIECE_COST);
	}
	vsock->rest = from;
	vsock->left -= done;
	return (int)done;
}

/* One buffer of the receiver's. Bytes of payload, or an error of the two above. */
static int fill(struct vsock *vsock, struct vsock *to)
{
	struct vsock_header header = vsock->header;
	int size = copy_some(vsock, to), err;

	if (size < 0) {
		return size;
	}
	header.len = (uint32_t)size;
	if (vsock->left != 0) {
		/* the message goes on */
		header.flags &= ~(header.op == VSOCK_RW ? VSOCK_EOM | VSOCK_EOR : 0);
	}
	err = hand_over(to, &header);
	return err < 0 ? err : size;
}

static int refuse_now(struct vsock *vsock)
{
	vsock->untold = NULL;
	vsock->since = 0;
	vsock->fate = VSOCK_REFUSE;
	return 1;
}

static int receiver_breaks(struct vsock *vsock, struct vsock *to)
{
	virtio_break(&to->virtio);
	return refuse_now(vsock);
}

/* The receiver's driver learns what came. Its lock is held; false: its queue is broken. */
static bool tell(struct vsock *vsock, struct vsock *to)
{
	vsock->untold = NULL;
	return virtio_tell(&to->virtio, VSOCK_RECEIVE) >= 0;
}

static bool may_receive(struct vsock *vsock, struct vsock *to)
{
	const struct vsock_header *header = &vsock->header;

	return virtio_works(&to->virtio) &&
	       (header->type == VSOCK_STREAM || virtio_has(&to->virtio, VSOCK_F_SEQPACKET)) &&
	       !vsock_lane_is_cut(vsock, to) && !vsock_lane_is_closed(to, vsock) &&
	       (likely((atomic_read(&vsock->wary) & BIT(to->index)) == 0) ||
		vsock_links_carry(vsock, to, header));
}

static int finish(struct vsock *vsock)
{
	int err = virtio_finish(&vsock->virtio, VSOCK_SEND, vsock->out, 0);

	vsock->fate = VSOCK_NONE;
	vsock->resumed = false;
	return err != 0 ? err : vsock_lanes_due(vsock);
}

/* A reset waits for nobody: the receiver is told by EL2 when it has a buffer; of what it never
 * opened it is not told. As an operation's step. */
static int leave_word(struct vsock *vsock, struct vsock *to)
{
	const struct vsock_header *header = &vsock->header;

	vsock_links_forget(vsock, to, header->src_port, header->dst_port);
	(void)vsock_links_tell_later(to, vsock, header->dst_port, header->src_port);
	vsock->since = 0;
	return finish(vsock);
}

/* Into its lane; in too many pieces for that it is refused, and both sides are told. */
static int step_aside(struct vsock *vsock, struct vsock *to, bool ahead)
{
	const struct vsock_header *header = &vsock->header;

	if (vsock_lane_put(vsock, to, ahead)) {
		return 1;
	}
	(void)vsock_links_tell_later(to, vsock, header->dst_port, header->src_port);
	return refuse_now(vsock);
}

/* The receiver has no buffer. As an operation's step. */
static int wait_for(struct vsock *vsock, struct vsock *to)
{
	struct virtq *queue = &to->virtio.queue[VSOCK_RECEIVE];
	int got;

	if (vsock->untold != NULL && !tell(vsock, to)) {
		return receiver_breaks(vsock, to);
	}
	if (vsock->header.op == VSOCK_RST) {
		return leave_word(vsock, to);
	}
	/* before the queue is looked at for the last time: who fills it later sees it */
	atomic_fetch_or(&to->waiters, BIT(vsock->index));
	got = queue->ready ? virtq_listen(queue, true) : 0;
	if (got != 0) {
		return got > 0 ? 1 : receiver_breaks(vsock, to);
	}
	if (!vsock_lane_wait(vsock, to)) {
		to->count.deaf++;
		vsock_links_cut(vsock, to);
		return refuse_now(vsock);
	}
	look_later(vsock);
	return step_aside(vsock, to, true);
}

/* Others for this receiver wait already. As an operation's step. */
static int queue_up(struct vsock *vsock, struct vsock *to)
{
	enum vsock_order order = vsock_lane_order(vsock, to);

	if (order == VSOCK_SAID) {
		return finish(vsock);
	}
	if (order == VSOCK_APART && vsock->header.op == VSOCK_RST) {
		return leave_word(vsock, to);
	}
	return step_aside(vsock, to, false);
}

/* A part of it is with the receiver. */
static int go_on(struct vsock *vsock, struct vsock *to)
{
	/* once for the whole, so that its driver does not come for the lock meanwhile */
	vsock->untold = to;
	if (++vsock->parts < PARTS_MAX) {
		return 1;
	}
	if (!tell(vsock, to)) {
		return receiver_breaks(vsock, to);
	}
	vsock->ready |= BIT(to->index);
	return step_aside(vsock, to, true);
}

static int deliver(struct vsock *vsock, struct vsock *to)
{
	int got;

	if (!may_receive(vsock, to)) {
		return refuse_now(vsock);
	}
	if (!vsock->resumed && (vsock->blocked & BIT(to->index)) != 0) {
		return queue_up(vsock, to);
	}
	got = take_buffer(to);
	if (got == 0) {
		return wait_for(vsock, to);
	}
	if (got < 0) {
		return got == -EAGAIN ? 1 : receiver_breaks(vsock, to);
	}
	vsock_lane_fed(vsock, to);
	got = fill(vsock, to);
	if (got == -EIO) {
		return -EFAULT;
	}
	if (got < 0) {
		return receiver_breaks(vsock, to);
	}
	vsock->count.sent_bytes += (uint32_t)got;
	if (vsock->left != 0) {
		return go_on(vsock, to);
	}
	if (!tell(vsock, to)) {
		return receiver_breaks(vsock, to);
	}
	vsock->count.sent_packets++;
	vsock_links_note(vsock, to, &vsock->header);
	if (got > SMALL) {
		vsock->fate = VSOCK_DONE;
		return 1;
	}
	return finish(vsock);
}

/* -- the sender's queue; its lock is held -- */

/* A step of the packet in hand. As an operation's step. */
static int pass_on(struct vsock *vsock)
{
	struct vsock *to = vsock->to;
	uint32_t serial = ++vsock->serial;
	int got = 1;

	lock_other(vsock, to);
	/* else somebody else did this step, or there is nothing to do any more */
	if (serial == vsock->serial && virtio_works(&vsock->virtio)) {
		got = deliver(vsock, to);
	}
	spin_unlock(&to->virtio.lock);
	return got;
}

/* The reset that answers the packet in hand. False: it waits until the one before is gone, of which
 * receive_step() tells. */
static bool answer(struct vsock *vsock)
{
	const struct vsock_header *header = &vsock->header;

	vsock->count.refused++;
	if (!vsock->replying) {
		vsock->replying = true;
		vsock->reply_since = deadline_now();
		vsock->reply = (struct vsock_header){
			.src_cid = header->dst_cid,
			.src_port = header->dst_port,
			.dst_port = header->src_port,
			.op = VSOCK_RST,
		};
		vsock->reply.type = header->type;
		vsock->virtio.work |= BIT32(VSOCK_RECEIVE);
		if (vsock->to != NULL) {
			vsock_links_forget(vsock, vsock->to, header->src_port, header->dst_port);
		}
		return true;
	}
	if (vsock->to != NULL &&
	    vsock_links_tell_later(vsock, vsock->to, header->src_port, header->dst_port)) {
		return true;
	}
	/* a driver may give buffers only when what it has sent is taken */
	vsock->mute |= deadline_now() - vsock->reply_since >= deadline_from_ms(REPLY_MS);
	if (vsock->mute) {
		return true;
	}
	vsock->count.refused--;
	look_later(vsock);
	return false;
}

/* It is answered by a reset, unless it is one. As an operation's step. */
static int refuse(struct vsock *vsock)
{
	const struct vsock_header *header = &vsock->header;

	if (header->op == VSOCK_RST) {
		if (vsock->to != NULL) {
			vsock_links_forget(vsock, vsock->to, header->src_port, header->dst_port);
		}
	} else if (!answer(vsock)) {
		return 0;
	}
	return finish(vsock);
}

static bool header_holds(const struct vsock *vsock)
{
	const struct vsock_header *header = &vsock->header;
	bool type_is_known =
		header->type == VSOCK_STREAM ||
		(header->type == VSOCK_SEQPACKET && virtio_has(&vsock->virtio, VSOCK_F_SEQPACKET));

	return type_is_known && header->op >= VSOCK_REQUEST && header->op <= VSOCK_CREDIT_REQUEST &&
	       (header->len == 0 || header->op == VSOCK_RW);
}

static enum vsock_fate decide(struct vsock *vsock)
{
	const struct vsock_header *header = &vsock->header;

	vsock->to = NULL;
	if (header->src_cid != vsock->cid) {
		vsock->count.spoofed++;
		return VSOCK_DONE;
	}
	if (!header_holds(vsock)) {
		return VSOCK_REFUSE;
	}
	if (header->dst_cid == VSOCK_CID_HOST) {
		return VSOCK_HOST;
	}
	vsock->to = by_cid(header->dst_cid);
	if (vsock->to == vsock) {
		vsock->to = NULL;
	}
	return vsock->to != NULL ? VSOCK_PASS : VSOCK_REFUSE;
}

/* A chain has been taken: what it is, and where it goes. As an operation's step. */
static int begin_packet(struct vsock *vsock)
{
	const struct virtq_chain *chain = vsock->out;
	int got;

	if (chain->count != chain->reads || chain->out_size < VSOCK_HEADER_SIZE ||
	    !head_is_whole(virtq_reads(chain))) {
		return -EINVAL;
	}
	vsock->rest = virtq_reads(chain);
	got = virtq_read(vsock->virtio.vdev.vm, &vsock->rest, &vsock->header, VSOCK_HEADER_SIZE);
	if (got < 0) {
		return got;
	}
	vsock->left = vsock->header.len;
	vsock->places = chain->slots;
	vsock->parts = 0;
	if (vsock->left > chain->out_size - VSOCK_HEADER_SIZE) {
		return -EINVAL;
	}
	vsock->fate = decide(vsock);
	return 1;
}

/* From a lane that has its turn, or from the queue; by turns. As an operation's step. */
static int next_packet(struct vsock *vsock)
{
	struct virtq *queue = &vsock->virtio.queue[VSOCK_SEND];
	int got;

	if (!vsock->taking && vsock_lanes_resume(vsock)) {
		vsock->taking = true;
		return 1;
	}
	got = virtq_take(queue, vsock->out);
	/* the chain is not free while it is looked at */
	vsock->taking = got == -EAGAIN;
	if (got == 1) {
		return begin_packet(vsock);
	}
	if (got != 0) {
		return got == -EAGAIN ? 1 : got;
	}
	return vsock_lanes_due(vsock) ? 1 : virtq_listen(queue, true);
}

static int send_step(struct vsock *vsock)
{
	switch (vsock->fate) {
	case VSOCK_PASS:
		return pass_on(vsock);
	case VSOCK_HOST:
		vsock->fate = vsock_host_take(vsock);
		return 1;
	case VSOCK_REFUSE:
		return refuse(vsock);
	case VSOCK_DONE:
		return finish(vsock);
	case VSOCK_NONE:
		break;
	}
	return next_packet(vsock);
}

/* -- its receive queue, where EL2 itself has to say something or somebody waits -- */

/* 1: there may be more; 0: there is nothing; or as vsock_give(). */
static int say_own(struct vsock *vsock)
{
	uint32_t size = 0;
	int got;

	if (vsock->replying) {
		got = vsock_give(vsock, &vsock->reply, NULL, &size);
		if (got == 0) {
			vsock->replying = vsock->mute = false;
			/* a packet may wait for its turn to be refused */
			vsock->virtio.work |= BIT32(VSOCK_SEND);
		}
		return got == 0 ? 1 : got;
	}
	got = vsock_links_sweep(vsock);
	return got == 0 ? vsock_host_step(vsock) : got;
}

static int receive_step(struct vsock *vsock)
{
	struct virtq *queue = &vsock->virtio.queue[VSOCK_RECEIVE];
	int own, got;

	if (!queue->ready) {
		return 0;
	}
	own = say_own(vsock);
	if (own < 0 && own != -ENOSPC) {
		return own == -EAGAIN ? 1 : own;
	}
	/* who sends looks for buffers: nobody has to tell of them, but where they are missed */
	got = virtq_listen(queue, own == -ENOSPC || atomic_read(&vsock->waiters) != 0);
	if (got < 0) {
		return got;
	}
	vsock->virtio.unsettled |= got == 1 && atomic_read(&vsock->waiters) != 0;
	return own == 1 || (own == -ENOSPC && got == 1);
}

static int vsock_step(struct virtio *virtio, uint32_t index)
{
	struct vsock *vsock = vsock_of(virtio);

	switch (index) {
	case VSOCK_RECEIVE:
		return receive_step(vsock);
	case VSOCK_SEND:
		return send_step(vsock);
	default:
		/* of events there are none: 5.10.6.7 is for a VM that moves */
		return virtq_listen(&virtio->queue[VSOCK_EVENT], false);
	}
}

/* -- life -- */

static void vsock_reset(struct virtio *virtio)
{
	struct vsock *vsock = vsock_of(virtio);

	vsock_links_end(vsock);
	vsock_host_close(vsock);
	vsock->replying = vsock->mute = false;
	vsock->sweep_left = 0;
	virtio->unsettled = true;
}

static void vsock_reset_queue(struct virtio *virtio, uint32_t queue)
{
	struct vsock *vsock = vsock_of(virtio);

	if (queue == VSOCK_RECEIVE) {
		vsock->in->begun = vsock->taken = false;
	} else if (queue == VSOCK_SEND) {
		vsock->serial++;
		vsock->out->begun = false;
		vsock->fate = VSOCK_NONE;
		vsock_lanes_reset(vsock);
		virtio->unsettled |= vsock->untold != NULL;
	}
}

/* A packet of which parts were passed on comes to nothing. */
static void tell_rest(struct vsock *to)
{
	spin_lock(&to->virtio.lock);
	if (virtio_works(&to->virtio) && to->virtio.queue[VSOCK_RECEIVE].ready &&
	    virtio_tell(&to->virtio, VSOCK_RECEIVE) < 0) {
		virtio_break(&to->virtio);
	}
	spin_unlock(&to->virtio.lock);
}

/* Who waits for this one looks again; of a driver that is gone or broken the others are told. */
static void vsock_settle(struct virtio *virtio)
{
	struct vsock *vsock = vsock_of(virtio), *untold = NULL;
	bool serve;

	spin_lock(&virtio->lock);
	if (!virtio_works(virtio) || vsock->fate != VSOCK_PASS) {
		untold = vsock->untold;
		vsock->untold = NULL;
	}
	if (!virtio_works(virtio)) {
		vsock_links_end(vsock);
		vsock_host_close(vsock);
	}
	serve = vsock_host_wants(vsock);
	spin_unlock(&virtio->lock);
	if (untold != NULL) {
		tell_rest(untold);
	}
	if (wake_some(vsock)) {
		wake_soon(vsock);
	}
	if (serve) {
		vsock_host_serve(vsock);
	}
}

static uint32_t vsock_read_config(struct virtio *virtio, uint32_t off, uint32_t size)
{
	const uint64_t cid = vsock_of(virtio)->cid;
	uint32_t value = 0;

	memcpy(&value, (const uint8_t *)&cid + off, size);
	return value;
}

static const struct virtio_ops vsock_ops = {
	.id = ID_VSOCK,
	.queue_count = 3,
	.queue_size = VSOCK_QUEUE_SIZE,
	.features = VSOCK_F_STREAM | VSOCK_F_SEQPACKET,
	.config_size = CONFIG_SIZE,
	.reset = vsock_reset,
	.reset_queue = vsock_reset_queue,
	.step = vsock_step,
	.settle = vsock_settle,
	.read_config = vsock_read_config,
};

static int vsock_create(struct vm *vm, const struct vdev_config *config, struct arena *arena,
			struct vdev **out)
{
	struct vsock *vsock = arena_alloc(arena, sizeof(*vsock));
	int err;

	if (vsock == NULL) {
		return -ENOMEM;
	}
	err = virtio_init(&vsock->virtio, &vsock_ops, vm, config, arena);
	vsock->out = err == 0 ? virtio_chain(&vsock->virtio, arena) : NULL;
	vsock->in = vsock->out != NULL ? virtio_chain(&vsock->virtio, arena) : NULL;
	if (vsock->in == NULL) {
		return -ENOMEM;
	}
	vsock->cid = config->cid;
	vsock->index = vm->id;
	deadline_init(&vsock->waker, NULL, waker_fired);
	deadline_is_patient(&vsock->waker);
	deadline_init(&vsock->alarm, NULL, alarm_fired);
	deadline_is_patient(&vsock->alarm);
	of_vm[vm->id] = vsock;
	*out = &vsock->virtio.vdev;
	virtio_reset(*out);
	return 0;
}

bool vsock_view(uint32_t vm, struct vsock_view *view)
{
	const struct vsock *vsock = of_vm[vm];

	if (vsock == NULL) {
		return false;
	}
	*view = (struct vsock_view){
		.vdev = &vsock->virtio.vdev,
		.cid = vsock->cid,
		.up = virtio_works(&vsock->virtio),
		.count = &vsock->count,
	};
	return true;
}

static const struct config_prop vsock_props[] = {
	{
		.name = "guest-cid",
		.type = PROP_U32,
		.min = 3,
		.max = 0xfffffffe,
		.dflt = DOC("3 and the place of the VM in the config, or the next that is free"),
		.help = DOC("Its address, that of no other VM. 2 is the hypervisor."),
	},
	{.name = NULL},
};

const struct vdev_type virtio_vsock_type = {
	.compatible = "bulkhead,virtio-vsock",
	.help = DOC("Sockets between VMs, and to the hypervisor: docs/vsock.md. VMs that have one "
		    "reach each other. Guest node: `virtio,mmio`."),
	.size = GUEST_VIRTIO_SIZE,
	.ipa = GUEST_VIRTIO_BASE,
	.spi = GUEST_VIRTIO_SPI,
	.slots = GUEST_VIRTIO_SLOTS,
	.max_count = 1,
	.memory = KIB(64),
	.props = vsock_props,
	.create = vsock_create,
	.reset = virtio_reset,
	.describe = virtio_describe,
	.work = virtio_work,
	.mmio = &virtio_mmio,
};
