/* SPDX-License-Identifier: Apache-2.0 */
/* Balloons, for who asks VMs for memory and tells of it. docs/balloon.md */
#ifndef DRIVERS_VIRTIO_BALLOON_H
#define DRIVERS_VIRTIO_BALLOON_H

#include "drivers/emul/vdev.h"

/* What a guest says of its memory: virtio 1.2 5.5.6.3 */
enum balloon_stat {
	BALLOON_SWAP_IN,
	BALLOON_SWAP_OUT,
	BALLOON_MAJOR_FAULTS,
	BALLOON_MINOR_FAULTS,
	BALLOON_FREE,
	BALLOON_TOTAL,
	BALLOON_AVAILABLE,
	BALLOON_CACHES,
	BALLOON_HUGE_DONE,
	BALLOON_HUGE_FAILED,
	BALLOON_STATS,
};

/* A VM's memory, in bytes. */
struct balloon_view {
	const struct vdev *vdev;
	bool up; /* its driver works */
	uint64_t size, min;
	uint64_t now, target;
	uint64_t other;	  /* of `now`: another VM's RAM at boot */
	uint32_t known;	  /* which of `stat` it has told, by bit */
	uint64_t told_at; /* ticks */
	uint64_t stat[BALLOON_STATS];
};

/* Each as it is at some moment of the call. False: that VM has no balloon. Any CPU, no locks. */
bool balloon_view(uint32_t vm, struct balloon_view *view);

/* The guest is asked to tell anew; nothing where it never does. As above. */
void balloon_ask(uint32_t vm);

/*
 * What the VM shall have, in bytes, rounded down to 4 KiB: its guest is asked, and gives or takes
 * as it can. Until its life ends. -ENODEV: it has no balloon; -ERANGE: less than its minimum, or
 * more than its RAM. As above.
 */
int balloon_set(uint32_t vm, uint64_t bytes);

#endif
