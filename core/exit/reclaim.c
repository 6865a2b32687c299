/* SPDX-License-Identifier: Apache-2.0 */
/* From VMs' balloons to the pool: rounds, time, TLBs and caches. */
#include "core/exit/reclaim.h"

#include "core/arm64/features.h"
#include "core/base/atomic.h"
#include "core/base/percpu.h"
#include "irq/hw/gic.h"
#include "mm/cache.h"
#include "mm/frames.h"
#include "mm/page_alloc.h"
#include "mm/tlb.h"
#include "timer/deadline.h"

#define ROUND_MS     10 /* from one round to the next */
#define LOOK_US	     100
#define HELD_MS	     1	/* between two looks at what devices use */
#define ASKED_A_STEP 16 /* CPUs */

struct reclaim_turn {
	struct deadline deadline;
	bool ready; /* it is more than zeroes */
};

static struct {
	uint64_t asked[PERCPU_CPU_MAX / 64]; /* atomic: CPUs that have not passed */
	uint32_t cpus;			     /* the board has; constant */
	/* under the lock of frames: */
	uint32_t next; /* CPU to be asked; `cpus`: all have been */
	uint64_t begun;
	bool ever;
} reclaim;

/* Owner: the CPU. */
static PERCPU(struct reclaim_turn, reclaim_turn);

void reclaim_pass(void)
{
	uint32_t cpu = this_cpu(cpu_index);

	/* release: what this CPU did with a page before, ahead of whoever sees that it has passed
	 */
	atomic_fetch_and(&reclaim.asked[cpu / 64], ~BIT(cpu % 64));
}

static void ask_some(void)
{
	uint32_t asked = 0;

	for (; reclaim.next < reclaim.cpus && asked < ASKED_A_STEP; reclaim.next++) {
		uint64_t to;

		if (!percpu_is_up(reclaim.next)) {
			continue;
		}
		to = gic_sgi_to(GIC_SGI_PASS, percpu_of(cpu_id, reclaim.next)->mpidr);
		atomic_fetch_or(&reclaim.asked[reclaim.next / 64], BIT(reclaim.next % 64));
		gic_send_sgi(&to);
		asked++;
	}
}

static bool ask(void)
{
	uint64_t now = deadline_now();

	if (reclaim.ever && now - reclaim.begun < deadline_from_ms(ROUND_MS)) {
		return false;
	}
	reclaim.ever = true;
	reclaim.begun = now;
	reclaim.next = 0;
	ask_some();
	return true;
}

static bool passed(void)
{
	uint64_t missing = 0;

	if (reclaim.next != reclaim.cpus) {
		ask_some();
		return false;
	}
	for (uint32_t i = 0; i * 64 < reclaim.cpus; i++) {
		missing |= atomic_read_acquire(&reclaim.asked[i]);
	}
	return missing == 0;
}

static void forget(const struct stage2 *stage2, const uint64_t *ipa, uint32_t count)
{
	tlb_forget_pages(stage2->vttbr, ipa, count);
}

static void clear(uint64_t pa)
{
	void *page = phys_to_virt(pa);

	cache_zero(page, PAGE_SIZE);
	cache_clean_invalidate(page, PAGE_SIZE);
}

/* One step, or none; and when the next one is due. */
static void work(struct deadline *deadline)
{
	enum frames_next next = frames_work();

	if (next == FRAMES_MORE) {
		deadline_set(deadline, deadline_now());
	} else if (next == FRAMES_LATER) {
		deadline_set(deadline, deadline_now() + deadline_from_us(LOOK_US));
	} else if (next == FRAMES_HELD) {
		deadline_set(deadline, deadline_now() + deadline_from_ms(HELD_MS));
	}
}

/* There is something in limbo. */
static void begin(void)
{
	struct reclaim_turn *turn = &this_cpu(reclaim_turn);

	if (!turn->ready) {
		turn->ready = true;
		deadline_init(&turn->deadline, NULL, work);
		deadline_is_patient(&turn->deadline);
	}
	if (list_is_empty(&turn->deadline.link)) {
		deadline_set(&turn->deadline, deadline_now());
	}
}

static const struct frames_ops ops = {
	.forget = forget,
	.clear = clear,
	.forget_code = icache_invalidate_all,
	.ask = ask,
	.passed = passed,
	.work = begin,
	.offset = 0, /* one to one, but for the image, which is no VM's */
};

void reclaim_init(uint32_t cpu_count)
{
	reclaim.cpus = cpu_count;
	frames_init(&ops);
}
