/* SPDX-License-Identifier: Apache-2.0 */
/* What a sender left to do, checksums and segments to cut, in steps. virtio 1.2 5.1.6.2. */
#include "core/base/errno.h"
#include "core/base/string.h"
#include "drivers/virtio/net_dev.h"

#define SUM_SIZE  512 /* bytes that are summed in a step */
#define SUM_ALIGN 8   /* of those from an even one on: net_sum() is fast then */

bool net_must_cut(const struct net *net, uint64_t takes)
{
	return !net_header_fits(net_header(net), takes);
}

static bool needs_sum(const struct net *net, uint64_t takes)
{
	return (net_header(net)->flags & NET_NEEDS_CSUM) != 0 && (takes & NET_F_GUEST_CSUM) == 0;
}

bool net_goes_as_it_is(const struct net *net, uint64_t takes)
{
	return !net_must_cut(net, takes) && !needs_sum(net, takes);
}

/* What is summed: `size` bytes, of which the first `known` are at `bytes`, in EL2's memory, and
 * the others at `at` in the sender's. */
static void expect_sum(struct net *net, const uint8_t *bytes, uint32_t known, uint32_t size,
		       struct virtq_cursor at)
{
	net->sum.odd = false;
	net->sum.left = size;
	net->sum.done = size == 0;
	net->sum.bytes = bytes;
	net->sum.known = known;
	net->sum.at = at;
}

/* The checksum of the rest of the frame, some of it, or (`one`) no more than what is in one buffer
 * besides, in a step with other work. 1: there is more; 0; or an error. */
static int sum_some(struct net *net, bool one)
{
	uint8_t room[SUM_ALIGN + SUM_SIZE] __attribute__((aligned(SUM_ALIGN)));
	uint8_t *bytes = room + SUM_ALIGN - net->sum.odd;
	uint32_t size = net->sum.known, more = MIN(net->sum.left, (uint32_t)SUM_SIZE) - size;
	int got;

	memcpy(bytes, net->sum.bytes, size);
	net->sum.known = 0;
	if (more != 0) {
		more = one ? MIN(more, virtq_piece(&net->sum.at)) : more;
		got = virtq_read_some(net->virtio.vdev.vm, &net->sum.at, bytes + size, more);
		if (got <= 0) {
			return -EFAULT;
		}
		size += (uint32_t)got;
	}
	net->sum.sum = net_sum(bytes, size, net->sum.sum, &net->sum.odd);
	net->sum.left -= size;
	net->sum.done = net->sum.left == 0;
	return net->sum.done ? 0 : 1;
}

/* -- cutting -- */

/* False: it can't be cut. */
static bool begin_cut(struct net *net)
{
	if (!net_look(net_header(net), net->head + NET_HEADER_SIZE, net->head_size,
		      &net->cut.shape)) {
		return false;
	}
	net->cut.shape.payload = net->size - net->cut.shape.headers;
	net->cut.on = true;
	net->cut.built = false;
	net->cut.at = net->cut.index = 0;
	net->cut.from = net->rest;
	return true;
}

/* The headers, and what of the payload was read with those of the whole. */
static void build_piece(struct net *net)
{
	struct net_fill *fill = &net->fill;
	uint32_t headers = net->cut.shape.headers, at = headers + net->cut.at, known = 0;
	uint8_t *out = net->out + NET_HEADER_SIZE;

	net->cut.size =
		MIN((uint32_t)net_header(net)->gso_size, net->cut.shape.payload - net->cut.at);
	memset(net->out, 0, NET_HEADER_SIZE);
	memcpy(out, net->head + NET_HEADER_SIZE, headers);
	if (at < net->head_size) {
		known = MIN(net->cut.size, net->head_size - at);
		memcpy(out + headers, net->head + NET_HEADER_SIZE + at, known);
	}
	fill->head_size = headers + known;
	fill->size = headers + net->cut.size;
	fill->bytes = net->out;
	net->sum.sum = net_cut(&net->cut.shape, out, net->cut.at, net->cut.size, net->cut.index);
	expect_sum(net, out + headers, known, net->cut.size, net->cut.from);
	net->cut.built = true;
}

int net_next_piece(struct net *net)
{
	net->cut.from = net->fill.from;
	net->cut.at += net->cut.size;
	net->cut.index++;
	net->cut.built = false;
	net->cut.on = net->cut.at < net->cut.shape.payload;
	return net->cut.on;
}

enum switch_drop net_can_make(struct net *net, uint64_t takes)
{
	const struct net_header *header = net_header(net);
	uint32_t sum_at = (uint32_t)header->csum_start + header->csum_offset;

	if (net_must_cut(net, takes)) {
		return net->cut.on || begin_cut(net) ? SWITCH_SENT : SWITCH_DROP_OFFLOAD;
	}
	/* another driver than that for which the first pieces were cut: it gets the whole */
	net->cut.on = false;
	if (needs_sum(net, takes) && sum_at + 2 > net->head_size) {
		return SWITCH_DROP_OFFLOAD;
	}
	return SWITCH_SENT;
}

/* The checksum into `out`. */
static void write_sum(struct net *net)
{
	const struct net_header *header = net_header(net);
	uint32_t at = (uint32_t)NET_HEADER_SIZE + header->csum_start + header->csum_offset;
	uint16_t value = net_fold(net->sum.sum);

	/* in UDP none is 0: RFC 768 */
	value = value == 0 ? UINT16_MAX : value;
	memcpy(net->out + at, &value, sizeof(value));
}

/* How the frame begins for this receiver, whole: as it was sent, but for a checksum. */
static void build_whole(struct net *net, uint64_t takes)
{
	struct net_fill *fill = &net->fill;
	struct net_header *header = (struct net_header *)net->out;

	fill->size = net->size;
	fill->head_size = net->head_size;
	fill->bytes = net->head;
	if (needs_sum(net, takes)) {
		fill->bytes = net->out;
		memcpy(net->out, net->head, NET_HEADER_SIZE + net->head_size);
		write_sum(net);
		header->flags = 0;
		header->csum_start = header->csum_offset = 0;
	}
}

static void begin_sum(struct net *net)
{
	uint32_t start = net_header(net)->csum_start;

	net->sum.begun = true;
	net->sum.sum = 0;
	/* the field itself is in what was read: net_can_make() */
	expect_sum(net, net->head + NET_HEADER_SIZE + start, net->head_size - start,
		   net->size - start, net->rest);
}

int net_make(struct net *net, uint64_t takes)
{
	bool cut = net_must_cut(net, takes), begins = cut && !net->cut.built;
	int got = 0;

	if (begins) {
		build_piece(net);
	} else if (!cut && needs_sum(net, takes) && !net->sum.begun) {
		begin_sum(net);
		return 1;
	}
	if ((cut || needs_sum(net, takes)) && !net->sum.done) {
		got = sum_some(net, begins);
		return got < 0 ? got : 1;
	}
	if (cut) {
		write_sum(net);
	} else {
		build_whole(net, takes);
	}
	return 0;
}
