/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packets that wait for a buffer of their receiver's, aside from the queue they were taken from: in
 * a lane for each receiver, in order, while those for others go on.
 *
 * Data: `parked` has a place for each chain that a queue can hold, so there always is one; a lane
 * is a list of these. All of it is its sender's device's, under that one's lock. Invariant: a lane
 * that is not empty is `ready`, or its receiver knows who waits (`waiters`), or both.
 *
 * Time is counted only while the receiver has no buffer, from when somebody waits to when it wakes
 * them: a sender that is paused meanwhile makes nobody late. How long a packet has waited is what
 * its lane has waited since that came into it; a buffer that takes a part of it begins nothing
 * anew.
 */
#include "core/base/errno.h"
#include "core/base/string.h"
#include "drivers/virtio/vsock_dev.h"
#include "timer/deadline.h"

#define WAIT_MS	 2000
#define HOLD_MS	 500   /* where what waits leaves little of the queue to others */
#define CLOSE_MS 30000 /* for so long nothing passes after that */

static struct vsock_lane *lane_to(struct vsock *vsock, const struct vsock *to)
{
	return &vsock->lane[to->index];
}

void vsock_lanes_reset(struct vsock *vsock)
{
	for (uint64_t rest = vsock->blocked; rest != 0; rest &= rest - 1) {
		struct vsock_lane *lane = &vsock->lane[__builtin_ctzll(rest)];

		lane->first = lane->last = 0;
		lane->places = 0;
		lane->since = 0;
	}
	vsock->blocked = vsock->ready = 0;
	vsock->lane_count = vsock->parked_places = 0;
	vsock->parked_used = vsock->parked_free = 0;
	vsock->resumed = vsock->taking = false;
	vsock->since = 0;
}

/* More of the queue than this leaves the others too little. */
static bool is_much(const struct vsock *vsock, uint32_t places)
{
	return places * 4 > vsock->virtio.queue[VSOCK_SEND].size * UINT32_C(3);
}

bool vsock_lanes_due(struct vsock *vsock)
{
	return ((vsock->ready | atomic_read(&vsock->woken)) & vsock->blocked) != 0;
}

/* -- into a lane, and out of it -- */

/* Numbers of places are by one more, so that 0 is none. */
static uint8_t unused_place(struct vsock *vsock)
{
	uint8_t place = vsock->parked_free;

	if (place == 0) {
		return ++vsock->parked_used;
	}
	vsock->parked_free = vsock->parked[place - 1].next;
	return place;
}

static void link_in(struct vsock *vsock, struct vsock_lane *lane, uint8_t place, bool ahead)
{
	struct vsock_parked *parked = &vsock->parked[place - 1];

	parked->next = ahead ? lane->first : 0;
	if (lane->first == 0) {
		vsock->lane_count++;
		lane->first = lane->last = place;
	} else if (ahead) {
		lane->first = place;
	} else {
		vsock->parked[lane->last - 1].next = place;
		lane->last = place;
	}
	lane->places = (uint16_t)(lane->places + parked->places);
	vsock->parked_places += parked->places;
}

static uint8_t link_out(struct vsock *vsock, struct vsock_lane *lane)
{
	uint8_t place = lane->first;
	struct vsock_parked *parked = &vsock->parked[place - 1];
	bool much = is_much(vsock, vsock->parked_places);

	lane->first = parked->next;
	if (lane->first == 0) {
		vsock->lane_count--;
		lane->last = 0;
	}
	lane->places = (uint16_t)(lane->places - parked->places);
	vsock->parked_places -= parked->places;
	if (much && !is_much(vsock, vsock->parked_places)) {
		vsock->held_at = deadline_now();
	}
	return place;
}

static uint64_t waited(const struct vsock_lane *lane)
{
	return lane->starved + (lane->since != 0 ? deadline_now() - lane->since : 0);
}

bool vsock_lane_put(struct vsock *vsock, const struct vsock *to, bool ahead)
{
	struct vsock_lane *lane = lane_to(vsock, to);
	struct virtq_cursor rest = vsock->rest;
	uint32_t count = vsock->left != 0 && virtq_piece(&rest) != 0 ?
				 (uint32_t)(rest.end - rest.segment) :
				 0;
	struct vsock_parked *parked;
	uint8_t place;

	/* a driver that makes more available than its queue holds breaks a rule */
	if (count > VSOCK_PIECES ||
	    (vsock->parked_free == 0 && vsock->parked_used == VSOCK_QUEUE_SIZE)) {
		return false;
	}
	place = unused_place(vsock);
	parked = &vsock->parked[place - 1];
	parked->header = vsock->header;
	parked->left = vsock->left;
	parked->mark = vsock->resumed ? vsock->mark : waited(lane);
	parked->id = vsock->out->id;
	parked->slots = vsock->out->slots;
	parked->places = vsock->places;
	parked->count = (uint8_t)count;
	memcpy(parked->segment, rest.segment, count * sizeof(parked->segment[0]));
	if (count != 0) {
		parked->segment[0].ipa += rest.at;
		parked->segment[0].size -= rest.at;
	}
	link_in(vsock, lane, place, ahead);
	vsock->blocked |= BIT(to->index);
	vsock->fate = VSOCK_NONE;
	vsock->resumed = false;
	return true;
}

/* The first of a lane is the packet in hand again. */
static void take_out(struct vsock *vsock, uint32_t vm)
{
	struct vsock_lane *lane = &vsock->lane[vm];
	uint8_t place = link_out(vsock, lane);
	struct vsock_parked *parked = &vsock->parked[place - 1];
	struct virtq_chain *out = vsock->out;
	uint64_t woke = atomic_read(&vsock->woke[vm]);

	if (lane->since != 0 && woke > lane->since) {
		lane->starved += woke - lane->since;
		lane->since = 0;
	}
	vsock->since = lane->since;
	lane->since = 0;
	vsock->header = parked->header;
	vsock->left = parked->left;
	vsock->mark = parked->mark;
	vsock->places = parked->places;
	vsock->parts = 0;
	vsock->resumed = true;
	vsock->to = vsock_of_vm(vm);
	vsock->fate = VSOCK_PASS;
	out->id = parked->id;
	out->slots = parked->slots;
	out->in_size = 0;
	out->reads = out->count = parked->count;
	memcpy(out->segment, parked->segment, parked->count * sizeof(out->segment[0]));
	vsock->rest = virtq_reads(out);
	parked->next = vsock->parked_free;
	vsock->parked_free = place;
	vsock->blocked &= lane->first == 0 ? ~BIT(vm) : UINT64_MAX;
}

bool vsock_lanes_resume(struct vsock *vsock)
{
	uint64_t later;
	uint32_t vm;

	if (atomic_read(&vsock->woken) != 0) {
		vsock->ready |= atomic_exchange(&vsock->woken, 0);
	}
	vsock->ready &= vsock->blocked;
	if (vsock->ready == 0) {
		return false;
	}
	later = vsock->ready & ~(BIT(vsock->next_lane) - 1);
	vm = (uint32_t)__builtin_ctzll(later != 0 ? later : vsock->ready);
	vsock->next_lane = (vm + 1) % CONFIG_VM_MAX;
	take_out(vsock, vm);
	return true;
}

/* -- the packet in hand; the locks of both devices are held -- */

enum vsock_order vsock_lane_order(struct vsock *vsock, const struct vsock *to)
{
	const struct vsock_header *header = &vsock->header;
	struct vsock_parked *last = NULL;

	for (uint8_t i = lane_to(vsock, to)->first; i != 0; i = vsock->parked[i - 1].next) {
		struct vsock_parked *parked = &vsock->parked[i - 1];

		if (parked->header.src_port == header->src_port &&
		    parked->header.dst_port == header->dst_port) {
			last = parked;
		}
	}
	if (last == NULL) {
		return VSOCK_APART;
	}
	if (last->header.op != header->op ||
	    (header->op != VSOCK_RST && header->op != VSOCK_CREDIT_UPDATE)) {
		return VSOCK_BEHIND;
	}
	last->header.buf_alloc = header->buf_alloc;
	last->header.fwd_cnt = header->fwd_cnt;
	return VSOCK_SAID;
}

void vsock_lane_fed(struct vsock *vsock, const struct vsock *to)
{
	if (vsock->since != 0) {
		lane_to(vsock, to)->starved += deadline_now() - vsock->since;
		vsock->since = 0;
	}
}

bool vsock_lane_is_closed(struct vsock *vsock, const struct vsock *to)
{
	const struct vsock_lane *lane = lane_to(vsock, to);

	return unlikely(lane->closed != 0) && deadline_now() < lane->closed;
}

bool vsock_lane_is_cut(struct vsock *vsock, const struct vsock *to)
{
	return (vsock->resumed && vsock->mark < lane_to(vsock, to)->cut) ||
	       vsock_lane_is_closed(vsock, to);
}

/* Does it take what others would have of the queue, at least as much as the average lane? */
static bool is_long(struct vsock *vsock, const struct vsock_lane *lane)
{
	uint32_t all = vsock->parked_places + vsock->places;
	uint32_t count = vsock->lane_count + (lane->first == 0);

	return is_much(vsock, all) && (lane->places + vsock->places) * count >= all;
}

/* Has somebody else held it up, just now? */
static bool is_held(struct vsock *to, const struct vsock *by)
{
	return is_much(to, to->parked_places - lane_to(to, by)->places) ||
	       (to->held_at != 0 && deadline_now() - to->held_at < deadline_from_ms(HOLD_MS));
}

bool vsock_lane_wait(struct vsock *vsock, struct vsock *to)
{
	struct vsock_lane *lane = lane_to(vsock, to);
	uint64_t limit;
	bool much;

	lane->since = vsock->since != 0 ? vsock->since : deadline_now();
	vsock->since = 0;
	vsock->ready &= ~BIT(to->index);
	if (!vsock->resumed) {
		return true;
	}
	much = is_long(vsock, lane);
	limit = deadline_from_ms((much ? HOLD_MS : WAIT_MS) + (is_held(to, vsock) ? HOLD_MS : 0));
	if (waited(lane) - vsock->mark < limit) {
		return true;
	}
	/* those behind it go the same way, and what comes later is counted anew */
	lane->cut = lane->starved = waited(lane) + 1;
	lane->since = 0;
	lane->closed = much ? deadline_now() + deadline_from_ms(CLOSE_MS) : 0;
	vsock->ready |= BIT(to->index);
	return false;
}
