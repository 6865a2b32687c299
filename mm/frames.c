/* SPDX-License-Identifier: Apache-2.0 */
/* Frames of RAM that go from one VM to another. */
#include "mm/frames.h"

#include "core/base/atomic.h"
#include "core/base/errno.h"
#include "core/base/spinlock.h"

#define NONE	    UINT32_MAX
#define OWNER_POOL  UINT32_MAX
#define OWNER_LIMBO BIT32(31) /* beside whose it was */

/* Whoever waits is woken for so many, or as no more are to be had at the moment. */
#define WORTH_WAKING 32

struct frame {
	uint32_t owner; /* VM id, or one of the above */
	uint32_t link;	/* a VM's: its page; else the next of its list, by number, or NONE */
};

/* Frames in a row; they are numbered by address, all of them. */
struct frames_range {
	uint64_t pa;
	uint32_t first, count;
	struct frame *frame; /* [count] */
	uint32_t owner;	     /* whose they were at boot */
};

static struct {
	const struct frames_ops *ops;
	uint64_t offset; /* as in `ops` */
	/* constant after build, sorted: */
	struct frames_range range[FRAMES_RANGE_MAX];
	uint32_t range_count, total;
	struct frames_space *spaces;

	struct spinlock lock; /* protects the rest */
	uint32_t pool;	      /* the uppermost of the stack, or NONE */
	uint32_t pool_count, limbo_count;
	struct frames_list fresh;   /* limbo: since the CPUs were asked */
	struct frames_list waiting; /* limbo: from before; NONE: nobody is asked */
	struct frames_list passed;  /* limbo: to be cleared */
} frames;

void frames_init(const struct frames_ops *ops)
{
	frames.ops = ops;
	frames.offset = ops->offset;
	frames.range_count = frames.total = 0;
	frames.spaces = NULL;
	spin_init(&frames.lock, RANK_FRAMES);
	frames.pool = NONE;
	frames.pool_count = frames.limbo_count = 0;
	frames.fresh.first = frames.waiting.first = frames.passed.first = NONE;
}

static uint64_t map_bytes(uint64_t pages)
{
	return align_up(pages * sizeof(uint32_t), sizeof(struct frame));
}

uint32_t frames_pages(uint64_t ram_size)
{
	uint64_t pages = ram_size / PAGE_SIZE;

	return (uint32_t)(align_up(map_bytes(pages) + pages * sizeof(struct frame), PAGE_SIZE) /
			  PAGE_SIZE);
}

void frames_create(struct frames_space *space, struct stage2 *stage2, uint32_t owner,
		   uint64_t ram_size, void *memory)
{
	*space = (struct frames_space){
		.stage2 = stage2,
		.owner = owner,
		.page = memory,
		.page_count = (uint32_t)(ram_size / PAGE_SIZE),
		.next = frames.spaces,
		.queued = {NONE, NONE},
		.barred = {NONE, NONE},
	};
	frames.spaces = space;
}

/* Its place among the ranges; those behind it are numbered anew. */
static struct frames_range *insert_range(uint64_t pa, uint32_t count)
{
	uint32_t at = frames.range_count++, first = 0;

	for (; at > 0 && frames.range[at - 1].pa > pa; at--) {
		frames.range[at] = frames.range[at - 1];
	}
	frames.range[at].pa = pa;
	frames.range[at].count = count;
	for (uint32_t i = 0; i < frames.range_count; i++) {
		frames.range[i].first = first;
		first += frames.range[i].count;
	}
	frames.total = first;
	return &frames.range[at];
}

static void add_region(struct frames_space *space, uint64_t ipa, uint32_t count)
{
	struct frames_region *last =
		space->region_count != 0 ? &space->region[space->region_count - 1] : NULL;

	if (last != NULL && last->ipa + last->count * PAGE_SIZE == ipa) {
		last->count += count;
		return;
	}
	space->region[space->region_count++] = (struct frames_region){ipa, space->held, count};
}

int frames_add(struct frames_space *space, uint64_t ipa, uint64_t pa, uint64_t size)
{
	uint32_t count = (uint32_t)(size / PAGE_SIZE);
	struct frames_range *range;
	struct frame *own = (struct frame *)((uint8_t *)space->page + map_bytes(space->page_count));

	if (frames.range_count == FRAMES_RANGE_MAX || space->region_count == FRAMES_REGION_MAX) {
		return -ENOSPC;
	}
	if ((pa + size) / PAGE_SIZE > UINT32_MAX || space->held + count > space->page_count) {
		return -ERANGE;
	}
	range = insert_range(pa, count);
	range->frame = own + space->held;
	range->owner = space->owner;
	add_region(space, ipa, count);
	for (uint32_t i = 0; i < count; i++) {
		space->page[space->held] = (uint32_t)(pa / PAGE_SIZE) + i + 1;
		range->frame[i] = (struct frame){space->owner, space->held++};
	}
	return 0;
}

/* -- where a page and a frame stand -- */

/* The page of an IPA, or NONE. */
static inline uint32_t page_of(const struct frames_space *space, uint64_t ipa)
{
	for (uint32_t i = 0; i < space->region_count; i++) {
		uint64_t page = (ipa - space->region[i].ipa) / PAGE_SIZE;

		if (ipa >= space->region[i].ipa && page < space->region[i].count) {
			return space->region[i].first + (uint32_t)page;
		}
	}
	return NONE;
}

static uint64_t ipa_of(const struct frames_space *space, uint32_t page)
{
	const struct frames_region *region = space->region;

	while (page - region->first >= region->count) {
		region++;
	}
	return region->ipa + (uint64_t)(page - region->first) * PAGE_SIZE;
}

static uint64_t pa_of(uint32_t entry)
{
	return (uint64_t)(entry - 1) * PAGE_SIZE;
}

/* The last range that begins at or before it: by address, and by number. */
static const struct frames_range *range_at(uint64_t pa)
{
	uint32_t low = 0, high = frames.range_count;

	while (high - low > 1) {
		uint32_t middle = (low + high) / 2;

		if (frames.range[middle].pa <= pa) {
			low = middle;
		} else {
			high = middle;
		}
	}
	return &frames.range[low];
}

static const struct frames_range *range_with(uint32_t number)
{
	uint32_t low = 0, high = frames.range_count;

	while (high - low > 1) {
		uint32_t middle = (low + high) / 2;

		if (frames.range[middle].first <= number) {
			low = middle;
		} else {
			high = middle;
		}
	}
	return &frames.range[low];
}

static struct frame *frame_of(uint32_t number)
{
	const struct frames_range *range = range_with(number);

	return &range->frame[number - range->first];
}

static uint64_t address_of(uint32_t number)
{
	const struct frames_range *range = range_with(number);

	return range->pa + (uint64_t)(number - range->first) * PAGE_SIZE;
}

static uint32_t is_others(const struct frames_space *space, uint32_t number)
{
	return range_with(number)->owner != space->owner;
}

static uint32_t number_at(uint64_t pa)
{
	const struct frames_range *range = range_at(pa);

	return range->first + (uint32_t)((pa - range->pa) / PAGE_SIZE);
}

void *frames_pointer(const struct frames_space *space, uint64_t ipa, uint64_t size)
{
	uint64_t off = ipa & (PAGE_SIZE - 1), page = (ipa - space->region[0].ipa) / PAGE_SIZE;
	uint32_t entry;

	/* each access of EL2's to such a VM's RAM comes here: mostly to the first region */
	if (unlikely(page >= space->region[0].count)) {
		page = page_of(space, ipa);
		if (page == NONE) {
			return NULL;
		}
	}
	entry = atomic_read(&space->page[page]);
	if (unlikely(entry == 0 || size > PAGE_SIZE - off)) {
		return NULL;
	}
	return (void *)(uintptr_t)(pa_of(entry) + off + frames.offset);
}

bool frames_is_range(const struct frames_space *space, uint64_t ipa, uint64_t size)
{
	while (size != 0) {
		uint32_t i = 0;
		uint64_t room;

		while (i < space->region_count &&
		       (ipa < space->region[i].ipa ||
			(ipa - space->region[i].ipa) / PAGE_SIZE >= space->region[i].count)) {
			i++;
		}
		if (i == space->region_count) {
			return false;
		}
		room = space->region[i].ipa + space->region[i].count * PAGE_SIZE - ipa;
		ipa += MIN(room, size);
		size -= MIN(room, size);
	}
	return true;
}

/* -- lists -- */

static void put_last(struct frames_list *list, uint32_t number)
{
	frame_of(number)->link = NONE;
	if (list->first == NONE) {
		list->first = number;
	} else {
		frame_of(list->last)->link = number;
	}
	list->last = number;
}

static uint32_t take_first(struct frames_list *list)
{
	uint32_t number = list->first;

	list->first = frame_of(number)->link;
	return number;
}

/* -- a VM gives, and gets -- */

/* True: it is unmapped. */
static bool give_locked(struct frames_space *space, uint64_t ipa, struct frames_given *given)
{
	uint32_t page = page_of(space, ipa), number;
	struct frame *frame;

	if (page == NONE || space->page[page] == 0) {
		given->absent++;
		return false;
	}
	if (space->held <= space->min) {
		given->kept++;
		return false;
	}
	number = number_at(pa_of(space->page[page]));
	frame = frame_of(number);
	atomic_set(&space->other, space->other - is_others(space, number));
	atomic_set(&space->page[page], 0);
	atomic_set(&space->held, space->held - 1);
	pgtable_unmap(&space->stage2->pt, align_down(ipa, PAGE_SIZE), PAGE_SIZE);
	frame->owner = OWNER_LIMBO | space->owner;
	put_last(&frames.fresh, number);
	frames.limbo_count++;
	space->away++;
	given->count++;
	return true;
}

struct frames_given frames_give(struct frames_space *space, const uint64_t *ipa, uint32_t count)
{
	struct frames_given given = {0};
	uint64_t gone[FRAMES_BATCH];

	spin_lock(&frames.lock);
	for (uint32_t i = 0; i < count && i < FRAMES_BATCH; i++) {
		if (give_locked(space, ipa[i], &given)) {
			gone[given.count - 1] = align_down(ipa[i], PAGE_SIZE);
		}
	}
	spin_unlock(&frames.lock);
	if (given.count != 0) {
		/* before the end of this step, and so before this CPU passes */
		frames.ops->forget(space->stage2, gone, given.count);
		frames.ops->work();
	}
	return given;
}

/* How many of the pool's it may take: as many as it gave that are there. The pool has those of all,
 * and nobody takes another's. */
static uint32_t due_to(const struct frames_space *space)
{
	return space->page_count - space->held - space->away;
}

/* It lacks the page. 0 or -EAGAIN. */
static int take_locked(struct frames_space *space, uint32_t page, uint64_t ipa)
{
	struct frame *frame;
	uint64_t pa;

	if (due_to(space) == 0) {
		return -EAGAIN;
	}
	pa = address_of(frames.pool);
	/* its tables are there since boot: it can't fail */
	if (stage2_map(space->stage2, ipa, pa, PAGE_SIZE, STAGE2_RAM) != 0) {
		return -EFAULT;
	}
	frame = frame_of(frames.pool);
	atomic_set(&space->other, space->other + is_others(space, frames.pool));
	frames.pool = frame->link;
	frames.pool_count--;
	*frame = (struct frame){space->owner, page};
	atomic_set(&space->page[page], (uint32_t)(pa / PAGE_SIZE) + 1);
	atomic_set(&space->held, space->held + 1);
	return 0;
}

int frames_take(struct frames_space *space, uint64_t ipa)
{
	uint32_t page = page_of(space, ipa);
	int err = -EEXIST;

	if (page == NONE) {
		return -EFAULT;
	}
	spin_lock(&frames.lock);
	if (space->page[page] == 0) {
		err = take_locked(space, page, align_down(ipa, PAGE_SIZE));
		space->wanting = err == -EAGAIN;
	}
	spin_unlock(&frames.lock);
	return err;
}

/* What a step has, and what it spends on a page that is there, and on one that is not. */
#define REFILL_STEP 48
#define REFILL_LOOK 1
#define REFILL_TAKE 16

int frames_refill(struct frames_space *space)
{
	uint32_t spent = 0, *at = &space->refill;
	int err = 0;

	if (atomic_read(&space->held) == space->page_count) {
		return 0;
	}
	spin_lock(&frames.lock);
	for (; spent < REFILL_STEP && *at < space->page_count; ++*at) {
		if (space->page[*at] != 0) {
			spent += REFILL_LOOK;
			continue;
		}
		err = take_locked(space, *at, ipa_of(space, *at));
		if (err != 0) {
			break;
		}
		spent += REFILL_TAKE;
	}
	spin_unlock(&frames.lock);
	return err != 0 ? err : *at < space->page_count;
}

/* -- what devices use -- */

uint32_t frames_hold(struct frames_space *space)
{
	uint32_t epoch;

	spin_lock(&frames.lock);
	epoch = space->epoch;
	space->in_use[epoch]++;
	spin_unlock(&frames.lock);
	return epoch;
}

void frames_release(struct frames_space *space, uint32_t epoch)
{
	spin_lock(&frames.lock);
	space->in_use[epoch]--;
	spin_unlock(&frames.lock);
}

/* -- from limbo to the pool -- */

/* One that waits is to try again. */
static bool wake_locked(struct frames_space *space)
{
	bool wakes = space->wanting && due_to(space) != 0;

	space->wanting = space->wanting && !wakes;
	return wakes;
}

/* Whoever waits for less than WORTH_WAKING, one at a time; NULL: nobody for whom there is any. */
static struct frames_space *woken_locked(void)
{
	struct frames_space *space = frames.spaces;

	while (space != NULL && !wake_locked(space)) {
		space = space->next;
	}
	return space;
}

static void tell(struct frames_space *space)
{
	if (space->available != NULL) {
		space->available(space);
	}
}

static struct frames_space *space_of(uint32_t owner)
{
	struct frames_space *space = frames.spaces;

	while (space->owner != owner) {
		space = space->next;
	}
	return space;
}

/* One of those that nobody has a pointer to: where devices use pages of its VM it waits. True: it
 * may be cleared. */
static bool let_through_locked(uint32_t number)
{
	struct frames_space *space = space_of(frame_of(number)->owner & ~OWNER_LIMBO);

	if (space->in_use[0] + space->in_use[1] == 0) {
		return true;
	}
	put_last(&space->queued, number);
	return false;
}

/* One that no device uses any more, or NONE. *held: there are some that one may. */
static uint32_t take_released_locked(bool *held)
{
	for (struct frames_space *space = frames.spaces; space != NULL; space = space->next) {
		if (space->barred.first == NONE && space->queued.first != NONE) {
			/* those that are told of pages from here on know nothing of these */
			space->barred = space->queued;
			space->queued.first = NONE;
			space->epoch ^= 1;
		}
		if (space->barred.first != NONE && space->in_use[space->epoch ^ 1] == 0) {
			return take_first(&space->barred);
		}
		*held = *held || space->barred.first != NONE;
	}
	return NONE;
}

/* It is in no list while it is cleared. */
static void clear_one(uint32_t number)
{
	struct frames_space *giver;
	struct frame *frame;
	bool wakes;

	frames.ops->clear(address_of(number));
	spin_lock(&frames.lock);
	frame = frame_of(number);
	giver = space_of(frame->owner & ~OWNER_LIMBO);
	giver->away--;
	*frame = (struct frame){OWNER_POOL, frames.pool};
	frames.pool = number;
	frames.pool_count++;
	frames.limbo_count--;
	wakes = due_to(giver) >= WORTH_WAKING && wake_locked(giver);
	spin_unlock(&frames.lock);
	if (wakes) {
		tell(giver);
	}
}

static enum frames_next pass_locked(void)
{
	if (frames.waiting.first != NONE) {
		if (!frames.ops->passed()) {
			return FRAMES_LATER;
		}
		frames.ops->forget_code();
		frames.passed = frames.waiting;
		frames.waiting.first = NONE;
		return FRAMES_MORE;
	}
	if (frames.fresh.first == NONE) {
		return FRAMES_DONE;
	}
	if (frames.ops->ask()) {
		frames.waiting = frames.fresh;
		frames.fresh.first = NONE;
	}
	return FRAMES_LATER;
}

enum frames_next frames_work(void)
{
	struct frames_space *woken = NULL;
	enum frames_next next = FRAMES_MORE;
	uint32_t number = NONE;
	bool held = false;

	spin_lock(&frames.lock);
	if (frames.passed.first != NONE) {
		number = take_first(&frames.passed);
		number = let_through_locked(number) ? number : NONE;
	} else {
		number = take_released_locked(&held);
		/* none is to be cleared now: who waits goes on with what there is */
		woken = number == NONE ? woken_locked() : NULL;
		next = number != NONE || woken != NULL ? FRAMES_MORE : pass_locked();
		next = next == FRAMES_DONE && held ? FRAMES_HELD : next;
	}
	spin_unlock(&frames.lock);
	if (number != NONE) {
		clear_one(number);
	}
	if (woken != NULL) {
		tell(woken);
	}
	return next;
}

/* -- what is seen from outside -- */

bool frames_covers(struct frames_space *space, const struct pgtable_leaf *leaf, bool *held)
{
	uint32_t page = page_of(space, leaf->in), number;
	struct pgtable_leaf now;
	const struct frame *frame;
	uint32_t entry;
	bool good;

	spin_lock(&frames.lock);
	now = pgtable_lookup(&space->stage2->pt, leaf->in);
	*held = now.valid;
	entry = page == NONE ? 0 : space->page[page];
	if (!now.valid || entry == 0) {
		/* mapped and not in the page map: nobody gave it that */
		good = !now.valid && entry == 0;
	} else {
		number = number_at(pa_of(entry));
		frame = number < frames.total ? frame_of(number) : NULL;
		good = now.size == PAGE_SIZE && now.out == pa_of(entry) && frame != NULL &&
		       address_of(number) == now.out && frame->owner == space->owner &&
		       frame->link == page && now.attrs == stage2_attrs(space->stage2, STAGE2_RAM);
	}
	spin_unlock(&frames.lock);
	return good;
}

bool frames_look(struct frames_view *view)
{
	*view = (struct frames_view){.total = frames.total};
	spin_lock(&frames.lock);
	view->pool = frames.pool_count;
	view->limbo = frames.limbo_count;
	for (const struct frames_space *space = frames.spaces; space != NULL; space = space->next) {
		view->held += space->held;
	}
	spin_unlock(&frames.lock);
	return view->held + view->pool + view->limbo == view->total;
}
