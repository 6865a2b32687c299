/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two VMs give and take pages as fast as they can, on CPUs that run side by side, while a device
 * writes to pages of each that may be gone at any moment. What a VM gets is zeroes, and stays what
 * it wrote: nothing that was begun for whom had the frame before reaches it.
 */
#include "tests/guest/lib/console.h"
#include "tests/guest/lib/cpu.h"
#include "tests/guest/lib/machine.h"
#include "tests/guest/lib/pair.h"
#include "tests/guest/lib/psci.h"
#include "tests/guest/lib/string.h"
#include "tests/guest/lib/tap.h"
#include "tests/guest/lib/timer.h"
#include "tests/guest/lib/virtio.h"

#define BALLOON	    VIRTIO_DEVICE(0)
#define RANDOM	    VIRTIO_DEVICE(1)
#define PAGE	    UINT64_C(4096)
#define AREA	    (UINT64_C(RAM_BASE) + 0x1000000) /* where no image is */
#define PAGES	    512
#define OWN_PAGES   256 /* the first; the device writes to the others */
#define BATCH	    32
#define LINE	    8 /* words: one is looked at in each */
#define WORDS	    512
#define SECONDS	    3
#define SECONDS_MAX 30
#define STARTED	    UINT32_C(0x57a27ed0)
#define LEAST_DONE  20

enum {
	INFLATE,
	DEFLATE,
	QUEUES,
};

/* Of each VM: the first's, and the other's. */
struct seen {
	uint64_t rounds, given, taken, filled, broken;
	uint64_t not_zero; /* words of pages that came back */
	uint64_t changed;  /* of pages that nobody else writes to */
	uint64_t stuck;	   /* requests that were never answered */
	uint32_t state;	   /* STARTED; then 1: done */
};

static struct seen *own, *far_side;
static struct ring rings[QUEUES] __attribute__((aligned(4096)));
static struct ring random_ring __attribute__((aligned(4096)));
static uint32_t numbers[BATCH];
static bool held[PAGES];
static uint64_t tags[PAGES]; /* what stands in each line; 0: nothing was written */
static uint64_t seed;
static bool over, is_first;

static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	return *state ^= *state << 17;
}

static volatile uint64_t *page_at(uint32_t page)
{
	return (volatile uint64_t *)(AREA + page * PAGE);
}

/* -- pages -- */

static bool move(uint32_t queue, uint32_t count)
{
	struct ring *ring = &rings[queue];
	uint16_t used = READ_ONCE(ring->used.index);

	ring->split[0] = (struct split_desc){(uint64_t)numbers, count * sizeof(numbers[0]), 0, 0};
	ring_give(ring, 0);
	virtio_notify(BALLOON, queue);
	return WAIT_TICKS(READ_ONCE(ring->used.index) == (uint16_t)(used + 1), 20 * counter_hz());
}

static void fill(uint32_t page)
{
	tags[page] = next_random(&seed) | 1;
	for (uint32_t i = 0; i < WORDS; i += LINE) {
		page_at(page)[i] = tags[page] + i;
	}
}

static void look(uint32_t page)
{
	for (uint32_t i = 0; i < WORDS && tags[page] != 0; i += LINE) {
		own->changed += page_at(page)[i] != tags[page] + i;
	}
}

static void came_back(uint32_t page)
{
	held[page] = true;
	if (page >= OWN_PAGES) {
		return; /* the device may be at it already */
	}
	for (uint32_t i = 0; i < WORDS; i += LINE) {
		own->not_zero += page_at(page)[i] != 0;
	}
	fill(page);
}

/* Pages from `first` on that are here, or not, go the other way. */
static void move_some(uint32_t first, bool give)
{
	uint32_t count = 0, page[BATCH];

	for (uint32_t i = first; i < PAGES && count < BATCH; i++) {
		if (held[i] == give && next_random(&seed) % 4 != 0) {
			page[count] = i;
			numbers[count++] = (uint32_t)((AREA + i * PAGE) / PAGE);
		}
	}
	if (count == 0) {
		return;
	}
	for (uint32_t i = 0; give && i < count; i++) {
		held[page[i]] = false;
		tags[page[i]] = 0;
	}
	own->stuck += !move(give ? INFLATE : DEFLATE, count);
	for (uint32_t i = 0; !give && i < count; i++) {
		came_back(page[i]);
	}
	*(give ? &own->given : &own->taken) += count;
}

/* -- the device that writes -- */

static void write_by_device(void *arg)
{
	uint64_t state = seed ^ 0x5555;

	(void)arg;
	virtio_begin(RANDOM, 0, &random_ring, 1);
	while (!READ_ONCE(over)) {
		uint64_t page =
			AREA + (OWN_PAGES + next_random(&state) % (PAGES - OWN_PAGES)) * PAGE;

		random_ring.split[0] =
			(struct split_desc){page + state % 64, PAGE - 64, DESC_WRITE, 0};
		ring_give(&random_ring, 0);
		virtio_notify(RANDOM, 0);
		if ((virtio_get(RANDOM, VIRTIO_STATUS) & VIRTIO_NEEDS_RESET) != 0) {
			own->broken++;
			virtio_begin(RANDOM, 0, &random_ring, 1);
		} else {
			own->filled++;
		}
	}
}

/* -- both VMs -- */

static void find_report(void)
{
	struct seen *both = pair_memory(&is_first);

	own = &both[!is_first];
	far_side = &both[is_first];
	seed = is_first ? 88172645463325252 : 1234567890123456789;
}

static bool has_done_enough(const struct seen *seen)
{
	return READ_ONCE(seen->rounds) >= LEAST_DONE && READ_ONCE(seen->given) >= LEAST_DONE &&
	       READ_ONCE(seen->taken) >= LEAST_DONE && READ_ONCE(seen->filled) >= LEAST_DONE;
}

/* For some seconds, and longer where the machine is slow. */
static bool goes_on(uint64_t ticks)
{
	return ticks < SECONDS * counter_hz() ||
	       (ticks < SECONDS_MAX * counter_hz() &&
		!(has_done_enough(own) && has_done_enough(far_side)));
}

static void run(void)
{
	uint64_t begun;

	for (uint32_t i = 0; i < PAGES; i++) {
		held[i] = true;
		fill(i);
	}
	virtio_begin(BALLOON, 1, rings, QUEUES);
	WRITE_ONCE(own->state, STARTED);
	if (!WAIT_TICKS(READ_ONCE(far_side->state) != 0, 20 * counter_hz()) ||
	    cpu_start(1, write_by_device, NULL) != PSCI_SUCCESS) {
		own->stuck++;
	}
	for (begun = counter_now(); goes_on(counter_now() - begun); own->rounds++) {
		uint64_t what = next_random(&seed);

		move_some((uint32_t)(what >> 8) % PAGES, what % 2 == 0);
		for (uint32_t i = 0; i < 4; i++) {
			uint32_t page = (uint32_t)(next_random(&seed) % OWN_PAGES);

			if (held[page]) {
				look(page);
			}
		}
	}
	WRITE_ONCE(over, true);
	for (uint32_t i = 0; i < OWN_PAGES; i++) {
		if (held[i]) {
			look(i);
		}
	}
	dmb(ish);
	WRITE_ONCE(own->state, 1);
}

static void tell(const struct seen *seen, const char *name)
{
	printf("# %s: %lu rounds, %lu pages given, %lu taken, %lu filled, %lu times gone\n", name,
	       seen->rounds, seen->given, seen->taken, seen->filled, seen->broken);
	is(seen->not_zero, 0, "what a VM gets is zeroes");
	is(seen->changed, 0, "and stays what the VM wrote there");
	is(seen->stuck, 0, "each request is answered");
	ok(has_done_enough(seen), "there was something to do all the time");
}

int main(void)
{
	find_report();
	run();
	if (!is_first) {
		psci_system_off();
	}
	ok(WAIT_TICKS(READ_ONCE(far_side->state) == 1, 60 * counter_hz()), "both VMs end");
	tell(own, "this VM");
	tell(far_side, "the other");
	tap_done();
}
