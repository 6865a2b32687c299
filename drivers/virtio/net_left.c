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

/* The checksum of the rest of the frame, some of it. 1: there is more; 0; or an error. */
static int sum_some(struct net *net)
{
	uint8_t room[SUM_ALIGN + SUM_SIZE] __attribute__((aligned(SUM_ALIGN)));
	uint8_t *bytes = room + SUM_ALIGN - net->sum.odd;
	int got = 0;

	if (net->sum.left != 0) {
		got = virtq_read_some(net->virtio.vdev.vm, &net->sum.at, bytes,
				      MIN(net->sum.left, (uint32_t)SUM_SIZE));
		if (got <= 0) {
			return -EFAULT;
		}
		net->sum.sum = net_sum(bytes, (uint32_t)got, net->sum.sum, &net->sum.odd);
		net->sum.left -= (uint32_t)got;
	}
	net->sum.done = net->sum.left == 0;
	return net->sum.done ? 0 : 1;
}

/* -- cutting -- */

/* False: it can't be cut. */
static bool begin_cut(struct net *net)
{
	uint64_t ipa;

	if (!net_look(net_header(net), net->head + NET_HEADER_SIZE, net->head_size,
		      &net->cut.shape)) {
		return false;
	}
	net->cut.shape.payload = net->size - net->cut.shape.headers;
	net->cut.on = true;
	net->cut.built = false;
	net->cut.at = net->cut.index = 0;
	net->cut.from = virtq_reads(net->chain);
	return net_skip(&net->cut.from, (uint32_t)NET_HEADER_SIZE + net->cut.shape.headers, &ipa);
}

static void build_piece(struct net *net)
{
	struct net_fill *fill = &net->fill;
	uint32_t left = net->cut.shape.payload - net->cut.at;

	net->cut.size = MIN((uint32_t)net_header(net)->gso_size, left);
	fill->head_size = net->cut.shape.headers;
	fill->size = fill->head_size + net->cut.size;
	fill->bytes = net->out;
	memset(net->out, 0, NET_HEADER_SIZE);
	memcpy(net->out + NET_HEADER_SIZE, net->head + NET_HEADER_SIZE, fill->head_size);
	net->sum.sum = net_cut(&net->cut.shape, net->out + NET_HEADER_SIZE, net->cut.at,
			       net->cut.size, net->cut.index);
	net->sum.odd = false;
	net->sum.left = net->cut.size;
	net->sum.done = net->cut.size == 0;
	net->sum.at = net->cut.from;
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
	const struct net_header *header = net_header(net);
	uint64_t ipa;

	net->sum.begun = true;
	net->sum.odd = false;
	net->sum.sum = 0;
	net->sum.left = net->size - header->csum_start;
	net->sum.at = virtq_reads(net->chain);
	net_skip(&net->sum.at, (uint32_t)NET_HEADER_SIZE + header->csum_start, &ipa);
}

int net_make(struct net *net, uint64_t takes)
{
	bool cut = net_must_cut(net, takes);
	int got = 0;

	if (cut && !net->cut.built) {
		build_piece(net);
	} else if (!cut && needs_sum(net, takes) && !net->sum.begun) {
		begin_sum(net);
		return 1;
	}
	if ((cut || needs_sum(net, takes)) && !net->sum.done) {
		got = sum_some(net);
		return got < 0 ? got : 1;
	}
	if (cut) {
		write_sum(net);
	} else {
		build_whole(net, takes);
	}
	return 0;
}
