/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections between VMs, as far as their ends have to be told: each side remembers its own, of
 * requests and answers that came through, until one of the two resets it.
 */
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

void vsock_links_forget(struct vsock *vsock, const struct vsock *to, uint32_t port,
			uint32_t peer_port)
{
	struct vsock_link *link = find(vsock, to, port, peer_port);

	if (link != NULL) {
		link->type = 0;
	}
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
	for (uint32_t i = 0; i < VSOCK_LINKS; i++) {
		vsock->link[i].type = 0;
	}
	/* before those who are asked to look at it are */
	atomic_set_release(&vsock->life, vsock->life + 1);
	atomic_fetch_or(&vsock->to_sweep, atomic_exchange(&vsock->peers, 0));
}

static bool is_over(const struct vsock_link *link)
{
	const struct vsock *peer = link->type != 0 ? vsock_of_vm(link->peer) : NULL;

	return peer != NULL && link->life != atomic_read_acquire(&peer->life);
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
