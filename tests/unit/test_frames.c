/* SPDX-License-Identifier: Apache-2.0 */
/* Frames that go from one VM to another: against a model, with CPUs that hold pointers. */
#include <string.h>

#include "core/base/errno.h"
#include "core/resource/audit.h"
#include "core/vm/vm.h"
#include "mm/frames.h"
#include "mm/guest_access.h"
#include "tests/unit/fake_pages.h"
#include "tests/unit/random.h"
#include "tests/unit/unit.h"

#define VMS	   3
#define CPUS	   4
#define BOARD	   GIB(2)
#define BOARD_MAX  256 /* pages */
#define NOWHERE	   UINT64_C(0x123456789000)
#define PAGES_OF_0 64
#define PAGES_OF_1 80
#define PAGES_OF_2 32
#define TOTAL	   (PAGES_OF_0 + PAGES_OF_1 + PAGES_OF_2)
#define MIN_PAGES  8

/* Each extent of each VM; those of VM 1 are two regions, of which the first has two. */
static const struct {
	uint32_t vm;
	uint64_t ipa, pa;
	uint32_t pages;
} extents[] = {
	{0, GIB(1), BOARD + 128 * PAGE_SIZE, 64}, {1, GIB(1), BOARD + 64 * PAGE_SIZE, 32},
	{1, GIB(1) + 32 * PAGE_SIZE, BOARD, 16},  {1, GIB(4), BOARD + 200 * PAGE_SIZE, 32},
	{2, GIB(1), BOARD + 16 * PAGE_SIZE, 32},
};

static const uint32_t pages_of[VMS] = {PAGES_OF_0, PAGES_OF_1, PAGES_OF_2};

static struct stage2 stage2[VMS];
static struct frames_space space[VMS];
static uint64_t board[BOARD_MAX][PAGE_SIZE / sizeof(uint64_t)];
static uint64_t tables[VMS][1024];

/* What the hardware does, and what is seen of it. */
static struct {
	bool may_ask;
	bool passed[CPUS];
	const void *held[CPUS]; /* a page that this CPU works with in its step */
	uint32_t forgotten, cleared, code, asked, work;
	uint32_t available[VMS];
	bool is_clear[BOARD_MAX];
} hw;

static uint32_t frame_at(uint64_t pa)
{
	assert_in_range(pa, BOARD, BOARD + BOARD_MAX * PAGE_SIZE - 1);
	return (uint32_t)((pa - BOARD) / PAGE_SIZE);
}

static void forget(const struct stage2 *of, const uint64_t *ipa, uint32_t count)
{
	assert_in_range(count, 1, FRAMES_BATCH);
	for (uint32_t i = 0; i < count; i++) {
		/* first invalid, then forgotten */
		assert_false(pgtable_lookup(&of->pt, ipa[i]).valid);
	}
	hw.forgotten += count;
}

static void clear(uint64_t pa)
{
	for (uint32_t i = 0; i < CPUS; i++) {
		assert_ptr_not_equal(hw.held[i], board[frame_at(pa)]);
	}
	memset(board[frame_at(pa)], 0, PAGE_SIZE);
	hw.cleared++;
}

static void forget_code(void)
{
	hw.code++;
}

static bool ask(void)
{
	if (hw.may_ask) {
		hw.asked++;
		memset(hw.passed, 0, sizeof(hw.passed));
	}
	return hw.may_ask;
}

static bool passed(void)
{
	for (uint32_t i = 0; i < CPUS; i++) {
		if (!hw.passed[i]) {
			return false;
		}
	}
	return true;
}

static void work(void)
{
	hw.work++;
}

static void available(struct frames_space *of)
{
	hw.available[of - space]++;
}

static struct frames_ops ops = {
	.forget = forget,
	.clear = clear,
	.forget_code = forget_code,
	.ask = ask,
	.passed = passed,
	.work = work,
};

static int set_up(void **state)
{
	(void)state;
	memset(&hw, 0, sizeof(hw));
	memset(tables, 0, sizeof(tables));
	memset(board, 0, sizeof(board));
	hw.may_ask = true;
	fake_pages_reset(FAKE_PAGES_MAX);
	ops.offset = (uintptr_t)board - BOARD;
	frames_init(&ops);
	for (uint32_t i = 0; i < VMS; i++) {
		uint64_t size = pages_of[i] * PAGE_SIZE;

		memset(&stage2[i], 0, sizeof(stage2[i]));
		assert_int_equal(stage2_init(&stage2[i], (uint16_t)(i + 1), 40, false, false), 0);
		assert_in_range(frames_pages(size) * PAGE_SIZE, 1, sizeof(tables[i]));
		frames_create(&space[i], &stage2[i], i, size, tables[i]);
		stage2[i].frames = &space[i];
		space[i].available = available;
		space[i].min = MIN_PAGES;
	}
	for (uint32_t i = 0; i < ARRAY_COUNT(extents); i++) {
		uint64_t size = extents[i].pages * PAGE_SIZE;

		assert_int_equal(stage2_map_pages(&stage2[extents[i].vm], extents[i].ipa,
						  extents[i].pa, size, STAGE2_RAM),
				 0);
		assert_int_equal(frames_add(&space[extents[i].vm], extents[i].ipa, extents[i].pa,
					    size),
				 0);
	}
	return 0;
}

/* The n-th page of a VM. */
static uint64_t page_ipa(uint32_t vm, uint32_t n)
{
	for (uint32_t i = 0;; i++) {
		assert_true(i < ARRAY_COUNT(extents));
		if (extents[i].vm != vm) {
			continue;
		}
		if (n < extents[i].pages) {
			return extents[i].ipa + n * PAGE_SIZE;
		}
		n -= extents[i].pages;
	}
}

static struct frames_given give(uint32_t vm, uint32_t n)
{
	const uint64_t ipa = page_ipa(vm, n) + n;

	return frames_give(&space[vm], &ipa, 1);
}

static int take(uint32_t vm, uint32_t n)
{
	return frames_take(&space[vm], page_ipa(vm, n) + n);
}

/* Each CPU is between two steps. */
static void pass_all(void)
{
	for (uint32_t i = 0; i < CPUS; i++) {
		hw.held[i] = NULL;
		hw.passed[i] = true;
	}
}

/* All that can be done without the board's devices: whether they are waited for. */
static enum frames_next settle(void)
{
	enum frames_next next;

	do {
		next = frames_work();
		pass_all();
	} while (next != FRAMES_DONE && next != FRAMES_HELD);
	return next;
}

/* What tables, page maps and counts say is one thing, and each frame is in one place at most. */
static void check(void)
{
	bool mapped[BOARD_MAX] = {false};
	struct registry none = {.count = 0};
	struct frames_view view;
	uint32_t held = 0;

	for (uint32_t vm = 0; vm < VMS; vm++) {
		struct audit_result result = {0};
		uint32_t own = 0;

		for (uint32_t n = 0; n < pages_of[vm]; n++) {
			uint64_t ipa = page_ipa(vm, n);
			struct pgtable_leaf leaf = pgtable_lookup(&stage2[vm].pt, ipa);
			const uint8_t *at = frames_pointer(&space[vm], ipa + 5, 3);

			assert_int_equal(leaf.valid, at != NULL);
			if (at != NULL) {
				assert_ptr_equal(at, (uint8_t *)board[frame_at(leaf.out)] + 5);
				assert_int_equal(leaf.size, PAGE_SIZE);
				assert_false(mapped[frame_at(leaf.out)]);
				mapped[frame_at(leaf.out)] = true;
				own++;
			}
		}
		assert_int_equal(own, space[vm].held);
		assert_true(own >= MIN_PAGES);
		audit_stage2(&stage2[vm], (uint16_t)vm, &none, &result);
		assert_int_equal(result.leaves, own);
		assert_int_equal(result.faults, 0);
		held += own;
	}
	assert_true(frames_look(&view));
	assert_int_equal(view.total, TOTAL);
	assert_int_equal(view.held, held);
}

static void starts_whole(void **state)
{
	struct frames_view view;

	(void)state;
	check();
	assert_true(frames_look(&view));
	assert_int_equal(view.held, TOTAL);
	for (uint32_t vm = 0; vm < VMS; vm++) {
		assert_int_equal(frames_refill(&space[vm]), 0);
		assert_int_equal(take(vm, 0), -EEXIST);
	}
	assert_int_equal(frames_work(), FRAMES_DONE);
	assert_int_equal(hw.work + hw.asked, 0);
}

static void places(void **state)
{
	static const uint64_t nowhere[] =
		{0,	     GIB(1) - 1,      GIB(1) + PAGES_OF_0 * PAGE_SIZE, GIB(4), NOWHERE,
		 UINT64_MAX, GIB(1) | BIT(52)};

	(void)state;
	for (uint32_t i = 0; i < ARRAY_COUNT(nowhere); i++) {
		struct frames_given given = frames_give(&space[0], &nowhere[i], 1);

		assert_int_equal(given.absent, 1);
		assert_int_equal(given.count, 0);
		assert_int_equal(frames_take(&space[0], nowhere[i]), -EFAULT);
		assert_null(frames_pointer(&space[0], nowhere[i], 1));
		assert_false(frames_is_range(&space[0], nowhere[i], 1));
	}
	assert_int_equal(hw.forgotten + hw.work, 0);
	/* a pointer is of one page, whatever follows it */
	assert_non_null(frames_pointer(&space[1], GIB(1), PAGE_SIZE));
	assert_null(frames_pointer(&space[1], GIB(1) + 1, PAGE_SIZE));
	assert_null(frames_pointer(&space[1], GIB(1), UINT64_MAX));
	assert_non_null(frames_pointer(&space[1], GIB(1) + PAGE_SIZE - 1, 1));
	/* a range is what the regions have, present or not */
	assert_true(frames_is_range(&space[1], GIB(1), 48 * PAGE_SIZE));
	assert_false(frames_is_range(&space[1], GIB(1), 48 * PAGE_SIZE + 1));
	assert_true(frames_is_range(&space[1], GIB(4) + 5, 32 * PAGE_SIZE - 5));
	assert_false(frames_is_range(&space[1], GIB(4), UINT64_MAX));
	assert_false(frames_is_range(&space[1], UINT64_MAX, 2));
	assert_int_equal(give(1, 3).count, 1);
	assert_true(frames_is_range(&space[1], GIB(1), 48 * PAGE_SIZE));
	assert_null(frames_pointer(&space[1], GIB(1) + 3 * PAGE_SIZE, 1));
	check();
}

static void keeps_least(void **state)
{
	uint32_t count = 0, kept = 0;

	(void)state;
	for (uint32_t n = 0; n < PAGES_OF_0; n++) {
		struct frames_given given = give(0, n);

		count += given.count;
		kept += given.kept;
	}
	assert_int_equal(count, PAGES_OF_0 - MIN_PAGES);
	assert_int_equal(kept, MIN_PAGES);
	assert_int_equal(give(0, 0).absent, 1);
	check();
}

/* In limbo until each CPU has passed; zeroes then. */
static void waits_for_cpus(void **state)
{
	uint64_t *page = frames_pointer(&space[0], page_ipa(0, 5), 8);

	(void)state;
	*page = 77;
	hw.held[2] = page;
	give(0, 5);
	assert_int_equal(hw.work, 1);
	assert_int_equal(hw.forgotten, 1);
	assert_int_equal(take(0, 5), -EAGAIN);
	hw.may_ask = false;
	assert_int_equal(frames_work(), FRAMES_LATER);
	assert_int_equal(frames_work(), FRAMES_LATER);
	hw.may_ask = true;
	assert_int_equal(frames_work(), FRAMES_LATER);
	assert_int_equal(hw.asked, 1);
	hw.passed[0] = hw.passed[1] = hw.passed[3] = true;
	assert_int_equal(frames_work(), FRAMES_LATER);
	assert_int_equal(*page, 77);
	/* what is given meanwhile waits for the next round */
	give(0, 6);
	pass_all();
	assert_int_equal(frames_work(), FRAMES_MORE);
	assert_int_equal(hw.code, 1);
	assert_int_equal(hw.available[0], 0);
	assert_int_equal(frames_work(), FRAMES_MORE);
	assert_int_equal(*page, 0);
	assert_int_equal(hw.cleared, 1);
	assert_int_equal(hw.available[0], 0);
	/* it wanted one, and there is no other to be cleared now */
	assert_int_equal(frames_work(), FRAMES_MORE);
	assert_int_equal(hw.available[0], 1);
	assert_int_equal(take(0, 5), 0);
	assert_int_equal(take(0, 6), -EAGAIN);
	assert_int_equal(frames_work(), FRAMES_LATER);
	assert_int_equal(hw.asked, 2);
	assert_int_equal(settle(), FRAMES_DONE);
	assert_int_equal(hw.available[0], 2);
	assert_int_equal(take(0, 6), 0);
	assert_int_equal(hw.cleared, 2);
	assert_int_equal(frames_work(), FRAMES_DONE);
	check();
}

/* In limbo for as long as a device of the board's may write there, which was told so before. */
static void waits_for_devices(void **state)
{
	uint64_t *page = frames_pointer(&space[0], page_ipa(0, 5), 8);
	uint32_t before = frames_hold(&space[0]), later, last;

	(void)state;
	give(0, 5);
	assert_int_equal(settle(), FRAMES_HELD);
	*page = 77; /* it does */
	assert_int_equal(settle(), FRAMES_HELD);
	assert_int_equal(hw.cleared, 0);
	/* a request from after that is nothing to it, however long it takes */
	later = frames_hold(&space[0]);
	assert_int_not_equal(later, before);
	/* but what is given from then on waits for that one, and behind the first */
	give(0, 6);
	assert_int_equal(settle(), FRAMES_HELD);
	assert_int_equal(hw.cleared, 0);
	/* another VM waits for neither */
	give(1, 3);
	assert_int_equal(settle(), FRAMES_HELD);
	assert_int_equal(hw.cleared, 1);
	frames_release(&space[0], before);
	assert_int_equal(settle(), FRAMES_HELD);
	assert_int_equal(hw.cleared, 2);
	assert_int_equal(*page, 0);
	last = frames_hold(&space[0]);
	assert_int_not_equal(last, later);
	frames_release(&space[0], later);
	assert_int_equal(settle(), FRAMES_DONE);
	assert_int_equal(hw.cleared, 3);
	frames_release(&space[0], last);
	give(0, 7);
	assert_int_equal(settle(), FRAMES_DONE);
	check();
}

/* What a device keeps for ever is lacking to the VM that has it, and to nobody else. */
static void what_a_device_keeps_is_nobody_elses_lack(void **state)
{
	(void)state;
	frames_hold(&space[0]);
	for (uint32_t i = 0; i < 4; i++) {
		give(0, i);
		give(1, i);
	}
	assert_int_equal(settle(), FRAMES_HELD);
	/* the pool has as many as the other one gave */
	for (uint32_t i = 0; i < 4; i++) {
		assert_int_equal(take(0, i), -EAGAIN);
	}
	for (uint32_t i = 0; i < 4; i++) {
		assert_int_equal(take(1, i), 0);
	}
	assert_int_equal(space[1].held, PAGES_OF_1);
	assert_int_equal(settle(), FRAMES_HELD);
	/* nor is one woken that would find nothing it may have */
	assert_int_equal(hw.available[0], 0);
	give(2, 9);
	assert_int_equal(settle(), FRAMES_HELD);
	assert_int_equal(hw.available[0], 0);
	check();
}

/* All that wait are told, each once, of their own. */
static void each_that_waits_is_told(void **state)
{
	(void)state;
	for (uint32_t vm = 0; vm < VMS; vm++) {
		give(vm, 5);
		assert_int_equal(take(vm, 5), -EAGAIN);
	}
	assert_int_equal(settle(), FRAMES_DONE);
	for (uint32_t vm = 0; vm < VMS; vm++) {
		assert_int_equal(hw.available[vm], 1);
		assert_int_equal(take(vm, 5), 0);
	}
	check();
}

/* Not at the end only: one that waits for many goes on with some. */
static void is_told_on_the_way(void **state)
{
	(void)state;
	for (uint32_t n = 0; n < 40; n++) {
		give(1, n);
	}
	assert_int_equal(take(1, 0), -EAGAIN);
	frames_work();
	pass_all();
	frames_work();
	while (hw.available[1] == 0) {
		assert_int_equal(frames_work(), FRAMES_MORE);
	}
	assert_int_equal(hw.cleared, 32);
}

/* Who gives and takes all the time is told of what is its own, and delays nobody. */
static void a_busy_one_delays_nobody(void **state)
{
	(void)state;
	give(1, 5);
	settle();
	give(0, 0);
	/* there is one in the pool, of another's */
	assert_int_equal(take(0, 0), -EAGAIN);
	give(1, 6);
	assert_int_equal(take(1, 5), 0);
	assert_int_equal(take(1, 6), -EAGAIN);
	for (uint32_t i = 0; i < 10; i++) {
		settle();
		assert_int_equal(take(0, i % 2), 0);
		give(0, (i + 1) % 2);
		assert_int_equal(hw.available[1], 1);
	}
	assert_int_equal(take(1, 6), 0);
	check();
}

/* Nor does a device that keeps what it was told of. */
static void a_slow_device_delays_its_own_vm_only(void **state)
{
	uint32_t epoch = frames_hold(&space[0]);

	(void)state;
	give(0, 5);
	give(1, 5);
	assert_int_equal(take(0, 5), -EAGAIN);
	assert_int_equal(take(1, 5), -EAGAIN);
	assert_int_equal(settle(), FRAMES_HELD);
	assert_int_equal(hw.available[0], 0);
	assert_int_equal(hw.available[1], 1);
	assert_int_equal(take(1, 5), 0);
	give(0, 6);
	assert_int_equal(settle(), FRAMES_HELD);
	assert_int_equal(take(0, 5), -EAGAIN);
	frames_release(&space[0], epoch);
	assert_int_equal(settle(), FRAMES_DONE);
	assert_int_equal(hw.available[0], 1);
	assert_int_equal(take(0, 5), 0);
	assert_int_equal(take(0, 6), 0);
	check();
}

const struct vm_extent *vm_extent_of(const struct vm *vm, uint64_t ipa, uint64_t size)
{
	(void)ipa;
	(void)size;
	assert_non_null(vm->stage2.frames); /* no other VM is asked for here */
	return NULL;
}

/* EL2's own look: page by page, over seams, and it knows on which side one is missing. */
static void copies(void **state)
{
	static struct vm vms[2];
	uint8_t bytes[64], back[64];
	const uint64_t seam = GIB(1) + 8 * PAGE_SIZE - 30;

	(void)state;
	for (uint32_t i = 0; i < 2; i++) {
		vms[i].stage2 = stage2[i];
	}
	for (uint32_t i = 0; i < sizeof(bytes); i++) {
		bytes[i] = (uint8_t)(i + 1);
	}
	/* pages that are no neighbours any more */
	give(0, 7);
	give(0, 8);
	settle();
	take(0, 7);
	take(0, 8);
	assert_null(guest_at(&vms[0], seam, sizeof(bytes)));
	assert_true(guest_is_ram(&vms[0], seam, sizeof(bytes)));
	assert_int_equal(guest_write(&vms[0], seam, bytes, sizeof(bytes)), 0);
	assert_int_equal(guest_copy(&vms[1], seam + 3, &vms[0], seam, sizeof(bytes)), 0);
	assert_int_equal(guest_read(&vms[1], seam + 3, back, sizeof(back)), 0);
	assert_memory_equal(bytes, back, sizeof(bytes));
	give(0, 8);
	assert_int_equal(guest_copy(&vms[1], seam, &vms[0], seam, sizeof(bytes)), -EIO);
	assert_int_equal(guest_copy(&vms[0], seam, &vms[1], seam, sizeof(bytes)), -EFAULT);
	assert_int_equal(guest_read(&vms[0], seam, back, sizeof(back)), -EFAULT);
	assert_int_equal(guest_write(&vms[0], seam, bytes, sizeof(bytes)), -EFAULT);
	assert_false(guest_is_ram(&vms[0], seam, sizeof(bytes)));
	assert_true(guest_is_ram_place(&vms[0], seam, sizeof(bytes)));
	assert_false(guest_is_ram_place(&vms[0], seam, UINT64_MAX));
	check();
}

/* One VM's pages become another's. */
static void change_hands(void **state)
{
	const uint64_t *from, *to;

	(void)state;
	give(1, 0);
	settle();
	from = frames_pointer(&space[0], page_ipa(0, 9), 8);
	give(0, 9);
	settle();
	assert_int_equal(take(1, 0), 0);
	to = frames_pointer(&space[1], page_ipa(1, 0), 8);
	assert_ptr_equal(from, to);
	check();
	assert_int_equal(take(0, 9), 0);
	check();
}

static void refills(void **state)
{
	int more;

	(void)state;
	for (uint32_t n = 0; n < PAGES_OF_1; n += 2) {
		give(1, n);
	}
	space[1].refill = 0;
	assert_int_equal(frames_refill(&space[1]), -EAGAIN);
	assert_int_equal(hw.available[1], 0);
	for (more = -EAGAIN; more != 0;) {
		more = frames_refill(&space[1]);
		if (more == -EAGAIN) {
			frames_work();
			pass_all();
		}
	}
	assert_int_equal(space[1].held, PAGES_OF_1);
	check();
}

/* The audit sees what no code here does. */
static void audit_sees(void **state)
{
	const struct registry none = {.count = 0};
	uint64_t ipa = page_ipa(0, 1);

	(void)state;
	for (uint32_t kind = 0; kind < 3; kind++) {
		struct audit_result result = {0};
		uint64_t pa = kind == 0	  ? BOARD : /* VM 1's */
				      kind == 1 ? extents[0].pa : /* its own, twice */
						  BOARD + 250 * PAGE_SIZE; /* nobody's */

		assert_int_equal(pgtable_unmap(&stage2[0].pt, ipa, PAGE_SIZE), 0);
		stage2_map(&stage2[0], ipa, pa, PAGE_SIZE, STAGE2_RAM);
		audit_stage2(&stage2[0], 0, &none, &result);
		assert_int_equal(result.faults, 1);
		assert_int_equal(result.first_ipa, ipa);
		assert_int_equal(result.first_pa, pa);
	}
}

/* -- at random -- */

/* What each VM has written to its pages; 0: nothing since it got the page. */
static uint64_t written[VMS][PAGES_OF_1];

static void cpu_steps(uint32_t cpu, struct random *random)
{
	uint32_t vm = random_below(random, VMS);

	hw.passed[cpu] = true;
	hw.held[cpu] =
		frames_pointer(&space[vm], page_ipa(vm, random_below(random, pages_of[vm])), 8);
}

static void one_page(uint32_t vm, uint32_t n, struct random *random)
{
	uint64_t *page = frames_pointer(&space[vm], page_ipa(vm, n), 8);

	if (page == NULL) {
		if (take(vm, n) == 0) {
			written[vm][n] = 0;
		}
	} else if (random_below(random, 3) == 0) {
		*page = written[vm][n] = random_next(random);
	} else {
		give(vm, n);
	}
}

static void contents(void)
{
	for (uint32_t vm = 0; vm < VMS; vm++) {
		for (uint32_t n = 0; n < pages_of[vm]; n++) {
			const uint64_t *page = frames_pointer(&space[vm], page_ipa(vm, n), 8);

			assert_true(page == NULL || *page == written[vm][n]);
		}
	}
}

static void at_random(void **state)
{
	struct random random = {.state = 1};

	(void)state;
	memset(written, 0, sizeof(written));
	for (uint32_t i = 0; i < 200000; i++) {
		uint32_t vm = random_below(&random, VMS);

		switch (random_below(&random, 8)) {
		case 0:
			cpu_steps(random_below(&random, CPUS), &random);
			break;
		case 1:
		case 2:
			hw.may_ask = random_below(&random, 4) != 0;
			frames_work();
			break;
		default:
			one_page(vm, random_below(&random, pages_of[vm]), &random);
			break;
		}
		if (i % 500 == 0) {
			check();
			contents();
		}
	}
	/* it has done what it is there for */
	assert_in_range(hw.cleared, 10000, 50000);
	assert_in_range(hw.asked, 300, 50000);
	hw.may_ask = true;
	settle();
	for (uint32_t vm = 0; vm < VMS; vm++) {
		space[vm].refill = 0;
		while (frames_refill(&space[vm]) != 0) {
			continue;
		}
		assert_int_equal(space[vm].held, pages_of[vm]);
	}
	check();
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE_IN("each VM begins with all of its RAM", starts_whole, set_up),
		CASE_IN("what is no RAM is neither given nor taken", places, set_up),
		CASE_IN("a VM keeps its least", keeps_least, set_up),
		CASE_IN("a frame is cleared when each CPU has passed", waits_for_cpus, set_up),
		CASE_IN("what is given waits for the board's devices that were told of it",
			waits_for_devices, set_up),
		CASE_IN("what a device keeps for ever is nobody else's lack",
			what_a_device_keeps_is_nobody_elses_lack, set_up),
		CASE_IN("all that wait are told", each_that_waits_is_told, set_up),
		CASE_IN("who waits for many is told of some", is_told_on_the_way, set_up),
		CASE_IN("who gives and takes all the time delays nobody", a_busy_one_delays_nobody,
			set_up),
		CASE_IN("nor does a slow device", a_slow_device_delays_its_own_vm_only, set_up),
		CASE_IN("what one gave last is what the next one gets", change_hands, set_up),
		CASE_IN("EL2's own copies go page by page", copies, set_up),
		CASE_IN("all comes back that was given", refills, set_up),
		CASE_IN("the audit sees a frame that is another's", audit_sees, set_up),
		CASE_IN("at random, each frame is in one place, and zeroes at first", at_random,
			set_up),
	};

	return cmocka_run_group_tests(cases, NULL, NULL);
}
