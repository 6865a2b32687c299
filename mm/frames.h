/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames of RAM that go from one VM to another: the RAM of all VMs that have a balloon.
 *
 * Data: of each such VM a page map (which frame stands at a page of its RAM), of each frame an
 * entry that says who has it. A frame is in one VM's page map, or in limbo: given up, but not fit
 * for another; or in the pool, all zeroes. Limbo, because EL2 may hold a pointer into what a VM had
 * for the length of a step: a frame waits until each CPU has been between two steps since it was
 * unmapped (`ask`, `passed`), in rounds, of which one is under way at most. Then it waits for those
 * of the board's devices that were told to use pages of its VM until then (frames_hold()), and only
 * for these: requests are counted by epochs, and the epoch changes when the frames before it are
 * through. Then it is cleared, and goes to the pool. The pool is a stack.
 *
 * A VM takes back as many as it gave that are in the pool by now, which frames it has for them does
 * not matter. So what one does, or a device for it, is nobody else's lack.
 *
 * Owner: the entries, the lists and the page maps' writers are under the lock (rank frames). Page
 * maps are read without it: what was read is good for this step. All memory is taken at boot.
 *
 * Invariant: of each VM, what it has + what it gave that is in limbo + what is due to it of the
 * pool = its configured RAM; and the pool has what is due to all. A frame is mapped at stage 2
 * where it stands in a page map and nowhere else, but for the moment in which both are changed
 * under the lock; entries of tables go from valid to invalid and back, and it is in limbo until
 * nothing of the old one is left in a TLB.
 *
 * Pure: the hardware is behind frames_ops.
 */
#ifndef MM_FRAMES_H
#define MM_FRAMES_H

#include "core/base/types.h"
#include "mm/stage2.h"

#define FRAMES_REGION_MAX 8   /* of a VM's RAM */
#define FRAMES_RANGE_MAX  128 /* of the board's RAM, of all VMs */
#define FRAMES_BATCH	  3   /* pages that a call gives */

/* RAM of a VM that is contiguous in its own space. */
struct frames_region {
	uint64_t ipa;
	uint32_t first, count; /* pages in the page map */
};

/* First in, first out: numbers of frames. */
struct frames_list {
	uint32_t first, last;
};

/* A VM's part. */
struct frames_space {
	/* constant after build: */
	struct stage2 *stage2;
	uint32_t owner; /* VM id */
	uint32_t region_count;
	struct frames_region region[FRAMES_REGION_MAX];
	uint32_t page_count; /* configured */
	uint32_t min;	     /* pages it keeps, whoever asks */
	struct frames_space *next;
	/* The pool has some for it, when it asked in vain: 32, or all that can be had at the
	 * moment. Any CPU; no locks. */
	void (*available)(struct frames_space *space);

	uint32_t refill; /* owner: who loads the VM */
	/* under the lock: */
	bool wanting;		   /* available() is to be called */
	uint32_t away;		   /* frames that it gave and that are not in the pool yet */
	uint32_t epoch;		   /* 0 or 1 */
	uint32_t in_use[2];	   /* requests of the board's devices, by epoch */
	struct frames_list queued; /* limbo: for requests of this epoch */
	struct frames_list barred; /* limbo: for those of the one before */
	/* the same, read by anybody: */
	uint32_t held;	/* pages it has */
	uint32_t other; /* of these: another VM's at boot */
	uint32_t *page; /* [page_count]: frame number of the board's memory + 1, or 0: given up */
};

struct frames_ops {
	/* TLBs forget these pages of the VM, on all CPUs; complete on return. */
	void (*forget)(const struct stage2 *stage2, const uint64_t *ipa, uint32_t count);
	/* A page of the board's memory to zeroes, also for who reads past the caches. */
	void (*clear)(uint64_t pa);
	/* Nothing that a CPU fetched for the VM before is in instruction caches. */
	void (*forget_code)(void);
	/* Every CPU is to say when it is between two steps; false: not now, it was done just
	 * before. With the lock held. */
	bool (*ask)(void);
	/* They all have. With the lock held. */
	bool (*passed)(void);
	/* There is work: frames_work() is to be called, soon. No lock. */
	void (*work)(void);
	uint64_t offset; /* from an address of the board's RAM to EL2's */
};

/* Before anything else; boot CPU. */
void frames_init(const struct frames_ops *ops);

/* Pages of EL2's memory for a VM with so much RAM, its stage 2 apart. Pure. */
uint32_t frames_pages(uint64_t ram_size);

/*
 * A VM's RAM: `memory` is frames_pages() of zeroes. Then each of its extents, which are mapped
 * already; sorted by ipa. Boot CPU. -ENOSPC: too many ranges; -ERANGE: beyond 16 TiB.
 */
void frames_create(struct frames_space *space, struct stage2 *stage2, uint32_t owner,
		   uint64_t ram_size, void *memory);
int frames_add(struct frames_space *space, uint64_t ipa, uint64_t pa, uint64_t size);

/* EL2's address of [ipa, ipa + size), which lies in one page; NULL: it is not there, or in two.
 * Good for this step. Any CPU, no lock. */
void *frames_pointer(const struct frames_space *space, uint64_t ipa, uint64_t size);

/*
 * A device of the board's is told to use pages of it that were found in this step, until the other
 * one is called with what this one returns. Any CPU, locks below rank frames.
 */
uint32_t frames_hold(struct frames_space *space);
void frames_release(struct frames_space *space, uint32_t epoch);

/* What became of a batch. */
struct frames_given {
	uint32_t count;	 /* pages given up */
	uint32_t absent; /* no RAM, or given up before */
	uint32_t kept;	 /* it would have had less than its minimum */
};

/* It gives up pages, FRAMES_BATCH at most: unmapped on return. Any CPU, locks below rank frames.
 */
struct frames_given frames_give(struct frames_space *space, const uint64_t *ipa, uint32_t count);

/*
 * It gets a page back that it has given up: zeroes. 0; -EFAULT: no RAM; -EEXIST: it has it;
 * -EAGAIN: nothing is due to it yet, available() is called when it is. Any CPU, locks below rank
 * frames.
 */
int frames_take(struct frames_space *space, uint64_t ipa);

/*
 * It gets all of them back, while it gives none: some more, from page space->refill on. 1: call
 * again; 0: it has all; -EAGAIN: nothing is due to it, frames_work() brings more. No locks; the CPU
 * that loads the VM.
 */
int frames_refill(struct frames_space *space);

enum frames_next {
	FRAMES_DONE,  /* nothing is in limbo */
	FRAMES_LATER, /* other CPUs are waited for */
	FRAMES_HELD,  /* devices of the board's are */
	FRAMES_MORE,
};

/* A step of bringing frames from limbo to the pool. Any CPU, no locks. */
enum frames_next frames_work(void);

/* Is that what stands at this page of the VM? For the audit: looks again under the lock at what has
 * been changed since. *held: is it there at all now? */
bool frames_covers(struct frames_space *space, const struct pgtable_leaf *leaf, bool *held);

/* Is all of it RAM of the VM, whether it has given it up or not? Constant. */
bool frames_is_range(const struct frames_space *space, uint64_t ipa, uint64_t size);

struct frames_view {
	uint32_t total, pool, limbo;
	uint32_t held; /* of all VMs */
};

/* As of one moment. False: they don't add up, which is a bug. Any CPU, no locks. */
bool frames_look(struct frames_view *view);

#endif
