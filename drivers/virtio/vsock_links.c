/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections between VMs, as far as their ends have to be told: each side remembers its own, of
 * requests and answers that came through, until one of the two resets it.
 */
#include "core/vm/vm.h"
#include "drivers/virtio/vsock_dev.h"

#define LOOKS 16 /* links that a step looks at */

static struct vsock_link *find(struct vsock *vsock, const struct vsock *to, uint32_t port,
			       uint32_t peer_port)
{
	for (uint32_t i = 0; i < VSOCK_LINKS; i++) {
		struct vsock_link *link = &vsock->link[i];

		if (link->type != 0 && link->port == port && link->peer_port == peer_port &&
		    link->peer == to->index) {
			return link;
		}
	}
	return NULL;
}

static struct vsock_link *unused(struct vsock *vsock)
{
	for (uint32_t i = 0; i < VSOCK_LINKS; i++) {
		if (vsock->link[i].type == 0) {
			return &vsock->link[i];
		}
	}
	return NULL;
}

/* Its guest is told of links that are over, with its next buffers. */
static void sweep_soon(struct vsock *vsock)
{
	atomic_set(&vsock->sweep, true);
	vsock->virtio.work |= BIT32(VSOCK_RECEIVE);
	vdev_work_post(&vsock->virtio.vdev, vsock->virtio.vdev.vm->vcpu[0]);
}

void vsock_links_forget(struct vsock *vsock, const struct vsock *to, uint32_t port,
			uint32_t peer_port)
{
	struct vsock_link *link = find(vsock, to, port, peer_port);

	if (link != NULL) {
		link->type = 0;
	}
}

bool vsock_links_tell_later(struct vsock *vsock, const struct vsock *from, uint32_t port,
			    uint32_t peer_port)
{
	struct vsock_link *link = find(vsock, from, port, peer_port);

	if (link == NULL) {
		return false;
	}
	link->over = true;
	sweep_soon(vsock);
	return true;
}

/* One side of it. */
static void cut_side(struct vsock *vsock, struct vsock *from)
{
	for (uint32_t i = 0; i < VSOCK_LINKS; i++) {
		struct vsock_link *link = &vsock->link[i];

		link->over |= link->type != 0 && link->peer == from->index;
	}
	atomic_fetch_or(&vsock->wary, BIT(from->index));
	sweep_soon(vsock);
}

void vsock_links_cut(struct vsock *vsock, struct vsock *to)
{
	cut_side(vsock, to);
	cut_side(to, vsock);
}

static bool is_over(const struct vsock_link *link)
{
	const struct vsock *peer = link->type != 0 ? vsock_of_vm(link->peer) : NULL;

	return peer != NULL && (link->over || link->life != atomic_read_acquire(&peer->life));
}

bool vsock_links_carry(struct vsock *vsock, struct vsock *to, const struct vsock_header *header)
{
	const struct vsock_link *link = find(vsock, to, header->src_port, header->dst_port);

	switch (header->op) {
	case VSOCK_RST:
		return true;
	case VSOCK_REQUEST:
		return link != NULL || unused(vsock) != NULL;
	case VSOCK_RESPONSE:
		/* of a request that came through since */
		link = find(to, vsock, header->dst_port, header->src_port);
		break;
	default:
		break;
	}
	return link != NULL && !is_over(link);
}

void vsock_links_note(struct vsock *vsock, struct vsock *to, const struct vsock_header *header)
{
	struct vsock_link *link;

	if (header->op == VSOCK_RST) {
		vsock_links_forget(vsock, to, header->src_port, header->dst_port);
		vsock_links_forget(to, vsock, header->dst_port, header->src_port);
		return;
	}
	if (header->op != VSOCK_REQUEST && header->op != VSOCK_RESPONSE) {
		return;
	}
	link = find(vsock, to, header->src_port, header->dst_port);
	link = link != NULL ? link : unused(vsock);
	if (link == NULL) {
		vsock->count.untracked++;
		return;
	}
	*link = (struct vsock_link){
		.port = header->src_port,
		.peer_port = header->dst_port,
		.life = to->life,
		.peer = (uint8_t)to->index,
		.type = (uint8_t)header->type,
	};
	atomic_fetch_or(&to->peers, BIT(vsock->index));
}

void vsock_links_end(struct vsock *vsock)
{
	/* nothing is left of what was cut off */
	for (uint64_t rest = atomic_exchange(&vsock->wary, 0); rest != 0; rest &= rest - 1) {
		struct vsock *peer = vsock_of_vm((uint32_t)__builtin_ctzll(rest));

		atomic_fetch_and(&peer->wary, ~BIT(vsock->index));
	}
	for (uint32_t i = 0; i < VSOCK_LINKS; i++) {
		vsock->link[i].type = 0;
	}
	/* before those who are asked to look at it are */
	atomic_set_release(&vsock->life, vsock->life + 1);
	atomic_fetch_or(&vsock->to_sweep, atomic_exchange(&vsock->peers, 0));
}

int vsock_links_sweep(struct vsock *vsock)
{
	if (atomic_read(&vsock->sweep) && atomic_exchange(&vsock->sweep, false)) {
		vsock->sweep_left = VSOCK_LINKS;
	}
	for (uint32_t i = 0; i < LOOKS && vsock->sweep_left != 0; i++) {
		struct vsock_link *link = &vsock->link[vsock->sweep_left - 1];

		if (is_over(link)) {
			struct vsock_header header = {
				.src_cid = vsock_of_vm(link->peer)->cid,
				.src_port = link->peer_port,
				.dst_port = link->port,
				.type = link->type,
				.op = VSOCK_RST,
			};
			uint32_t size = 0;
			int got = vsock_give(vsock, &header, NULL, &size);

			if (got != 0) {
				return got;
			}
			link->type = 0;
			vsock->sweep_left--;
			return 1;
		}
		vsock->sweep_left--;
	}
	return vsock->sweep_left != 0;
}
