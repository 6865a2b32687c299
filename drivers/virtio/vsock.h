/* SPDX-License-Identifier: Apache-2.0 */
/* Socket devices, for who tells of them and who answers what VMs say to CID 2. docs/vsock.md */
#ifndef DRIVERS_VIRTIO_VSOCK_H
#define DRIVERS_VIRTIO_VSOCK_H

#include "drivers/emul/vdev.h"

#define VSOCK_LINE_MAX 79  /* characters of a line that a VM says */
#define VSOCK_SAY_MAX  512 /* bytes of an answer that a step may say */
#define VSOCK_WORD_MAX 6

struct vsock_counters {
	uint64_t sent_packets, sent_bytes, received_packets, received_bytes;
	uint64_t refused; /* of those it sent: answered by a reset */
	uint64_t spoofed; /* of those it sent, dropped: in another's name */
	uint64_t deaf;	  /* how often it let another wait too long: connections of the two ended */
	uint64_t untracked; /* connections that nobody will be told of when this side ends */
};

/* What a VM has of sockets; NULL: no such device. Counters are read by themselves, without a
 * lock. */
struct vsock_view {
	const struct vdev *vdev;
	uint32_t cid;
	bool up; /* its driver works */
	const struct vsock_counters *count;
};
bool vsock_view(uint32_t vm, struct vsock_view *view);

/* A line that a VM said to CID 2, and what is answered, in steps. */
struct vsock_job {
	char line[VSOCK_LINE_MAX + 1];
	uint32_t step;		    /* how many were taken; then the service's own, 0 at first: */
	uint32_t count;		    /* words */
	char *word[VSOCK_WORD_MAX]; /* in `line` */
	uint64_t at[3];
	bool ends;    /* says the service: the connection is over behind this answer */
	uint32_t len; /* of `out`: by each step, sent before the next one */
	char out[VSOCK_SAY_MAX];
};

/* Who answers: a step of about a thousand instructions, in the name of `by`'s VM; true: it was the
 * last for this line. No locks are held. Boot CPU, before any guest runs. */
void vsock_set_service(bool (*step)(struct vcpu *by, struct vsock_job *job));

#endif
