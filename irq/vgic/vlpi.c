/* SPDX-License-Identifier: Apache-2.0 */
/* LPIs: lists of the pending ones, their configurations and their redistributors' tables. IHI 0069H
 * 5.1, 5.2. */
#include "irq/vgic/vlpi.h"

#include "core/base/errno.h"
#include "core/base/string.h"
#include "irq/vgic/lr.h"
#include "irq/vgic/vlpi_list.h"
#include "mm/cache.h"
#include "mm/guest_access.h"

#define GENERATION_MAX 1023U
/* Each INVALL forgets a part for good, so that all are forgotten long before a generation comes
 * again. */
#define SWEEP_PARTS 1000U

/* What one step does at most: about a thousand instructions. */
#define STEP_JUDGED 3U
#define STEP_MOVED  1U
#define STEP_SAVED  1U
#define STEP_FOUND  2U /* and those of one word more */
#define STEP_WORDS  32U
#define STEP_RESET  512U

#define TABLE_PRIORITY BITS(7, 2)
#define TABLE_ENABLE   BIT(0)

static uint32_t count_for(uint32_t lpi_count)
{
	uint32_t count = 64;

	while (count < lpi_count) {
		count *= 2;
	}
	return MIN(count, VLPI_COUNT_MAX);
}

uint64_t vlpi_size(uint32_t lpi_count, uint32_t vcpu_count)
{
	return (count_for(lpi_count) + (uint64_t)vcpu_count * VLPI_LISTS) * sizeof(struct vlpi);
}

int vlpi_create(struct vm *vm, uint32_t lpi_count, struct arena *arena)
{
	struct vlpi_dist *lpis = &vm->vgic.lpis;
	uint32_t count = count_for(lpi_count), bits;
	uint64_t typer = vm->vgic.typer & ~(GICD_TYPER_IDBITS | GICD_TYPER_NUM_LPIS);

	if (lpi_count < 64 || lpi_count > VLPI_COUNT_MAX || vm->vcpu_count > 64) {
		return -EINVAL;
	}
	lpis->lpi = arena_alloc(arena, vlpi_size(lpi_count, vm->vcpu_count));
	if (lpis->lpi == NULL) {
		return -ENOMEM;
	}
	lpis->count = count;
	/* num_LPIs 0: as many as the bits of an INTID have room for */
	bits = INTID_LPI + count <= BIT(14) ? 14 : 16;
	typer |= GICD_TYPER_LPIS | FIELD_PREP(GICD_TYPER_IDBITS, bits - 1);
	if (INTID_LPI + count != BIT(bits)) {
		typer |= FIELD_PREP(GICD_TYPER_NUM_LPIS, (uint32_t)__builtin_ctz(count) - 1);
	}
	vm->vgic.typer = typer;
	spin_lock(&vm->vgic.lock);
	for (uint32_t step = 0; vlpi_reset_locked(vm, step); step++) {
		/* the next */
	}
	spin_unlock(&vm->vgic.lock);
	return 0;
}

static void reset_cpu(struct vcpu *vcpu)
{
	memset(&vcpu->vgic.lpi, 0, sizeof(vcpu->vgic.lpi));
	for (uint32_t list = 0; list < VLPI_LISTS; list++) {
		uint32_t head = vlpi_head_of(vcpu, list);

		vlpi_object(vcpu->vm, head)->next = vlpi_object(vcpu->vm, head)->prev =
			(uint16_t)head;
	}
}

bool vlpi_reset_locked(struct vm *vm, uint32_t step)
{
	struct vlpi_dist *lpis = &vm->vgic.lpis;
	uint32_t first = step * STEP_RESET, parts = (lpis->count + STEP_RESET - 1) / STEP_RESET;

	SPIN_ASSERT_HELD(&vm->vgic.lock);
	if (lpis->count == 0 || step >= parts + vm->vcpu_count) {
		return false;
	}
	lpis->generation = 1;
	lpis->sweep = 0;
	if (step < parts) {
		memset(&lpis->lpi[first], 0,
		       MIN(lpis->count - first, STEP_RESET) * sizeof(*lpis->lpi));
	} else {
		reset_cpu(vm->vcpu[step - parts]);
	}
	return true;
}

static bool is_on(const struct vcpu *vcpu)
{
	return vcpu->vgic.lpi.phase == VLPI_ON || vcpu->vgic.lpi.phase == VLPI_LOADING;
}

static void post(struct vcpu *vcpu)
{
	if (!vcpu->vgic.lpi.looking) {
		vgic_post(vcpu, VGIC_LOOK_LPIS);
	}
}

/* -- configuration -- */

/* GICR_PROPBASER and GICR_PENDBASER: a guest with its MMU off reaches such a table past the caches.
 */
static bool is_uncached(uint64_t baser)
{
	return FIELD_GET(GICR_TABLE_CACHE, baser) < 2;
}

/* A copy of what is in one of them; 0 or -EFAULT. */
static int table_read(const struct vcpu *vcpu, uint64_t baser, uint64_t at, void *to, uint64_t size)
{
	if (unlikely(is_uncached(baser))) {
		const void *place = guest_pointer(vcpu->vm, at, size);

		if (place != NULL) {
			cache_clean_invalidate(place, size);
		}
	}
	return guest_read(vcpu->vm, at, to, size);
}

static void pending_write(const struct vcpu *vcpu, uint64_t at, uint64_t word, uint32_t size)
{
	/* of a short one, the lower part: little-endian */
	if (guest_write(vcpu->vm, at, &word, size) == 0 && is_uncached(vcpu->vgic.lpi.pendbaser)) {
		const void *place = guest_pointer(vcpu->vm, at, size);

		/* a balloon may have it since */
		if (place != NULL) {
			cache_clean_invalidate(place, size);
		}
	}
}

/* Reads the LPI's byte of the table. One that can't be read is disabled. */
static void configure(const struct vcpu *vcpu, uint32_t index)
{
	struct vlpi *lpi = vlpi_object(vcpu->vm, index);
	uint8_t byte = 0;

	if (FIELD_GET(CONFIG_GENERATION, lpi->config) == vcpu->vm->vgic.lpis.generation) {
		return;
	}
	table_read(vcpu, vcpu->vgic.lpi.propbaser,
		   (vcpu->vgic.lpi.propbaser & GICR_PROPBASER_ADDRESS) + index, &byte,
		   sizeof(byte));
	lpi->config = (uint16_t)(FIELD_PREP(CONFIG_GENERATION, vcpu->vm->vgic.lpis.generation) |
				 FIELD_PREP(CONFIG_LEVEL, (byte & TABLE_PRIORITY) >> 3) |
				 (byte & TABLE_ENABLE));
}

uint8_t vlpi_priority(const struct vm *vm, uint32_t intid)
{
	return (uint8_t)(vlpi_level(vlpi_object(vm, intid - INTID_LPI)) << 3);
}

/* Into the list of `vcpu` where a pending one belongs; first of its equals where it was taken back.
 */
static void place(struct vcpu *vcpu, uint32_t index, bool as_first)
{
	struct vlpi *lpi = vlpi_object(vcpu->vm, index);
	uint32_t list = VLPI_LIST_ASLEEP;

	if (!is_on(vcpu)) {
		if (vcpu->vgic.lpi.phase == VLPI_SAVING) {
			vlpi_link_last(vcpu, VLPI_LIST_FRESH, index);
			post(vcpu);
		}
		return;
	}
	configure(vcpu, index);
	if ((lpi->config & CONFIG_ENABLE) != 0) {
		list = vlpi_level(lpi);
		vcpu->vgic.lpi.ready |= UINT32_C(1) << list;
		post(vcpu);
	}
	if (as_first) {
		vlpi_link_first(vcpu, list, index);
	} else {
		vlpi_link_last(vcpu, list, index);
	}
}

/* -- listed ones -- */

static struct vcpu *home_of(const struct vm *vm, const struct vlpi *lpi)
{
	return vm->vcpu[lpi->next];
}

static void change(const struct vm *vm, struct vlpi *lpi)
{
	struct vcpu *home = home_of(vm, lpi);

	if ((lpi->flags & VLPI_CHANGED) == 0) {
		lpi->flags |= VLPI_CHANGED;
		home->vgic.lpi.changed_count++;
	}
	post(home);
}

static void change_all_listed(struct vcpu *vcpu)
{
	for (uint32_t i = 0; i < vcpu->vgic.lpi.listed_count; i++) {
		change(vcpu->vm, vlpi_object(vcpu->vm, vcpu->vgic.lpi.listed[i]));
	}
}

void vlpi_group_changed_locked(struct vcpu *vcpu)
{
	SPIN_ASSERT_HELD(&vcpu->vm->vgic.lock);
	if (vcpu->vm->vgic.lpis.count == 0) {
		return;
	}
	change_all_listed(vcpu);
	if (vcpu->vgic.lpi.ready != 0) {
		post(vcpu);
	}
}

uint32_t vlpi_changed_locked(struct vcpu *vcpu)
{
	SPIN_ASSERT_HELD(&vcpu->vm->vgic.lock);
	for (uint32_t i = 0; vcpu->vgic.lpi.changed_count != 0 && i < vcpu->vgic.lpi.listed_count;
	     i++) {
		uint32_t index = vcpu->vgic.lpi.listed[i];

		if ((vlpi_object(vcpu->vm, index)->flags & VLPI_CHANGED) != 0) {
			return INTID_LPI + index;
		}
	}
	return 0;
}

uint32_t vlpi_next_locked(struct vcpu *vcpu)
{
	struct vlpi_cpu *cpu = &vcpu->vgic.lpi;

	SPIN_ASSERT_HELD(&vcpu->vm->vgic.lock);
	if ((vcpu->vm->vgic.ctlr & GICD_CTLR_ENGRP1) == 0 || !is_on(vcpu)) {
		return 0;
	}
	while (cpu->ready != 0) {
		uint32_t level = (uint32_t)__builtin_ctz(cpu->ready);

		if (!vlpi_is_empty(vcpu, level)) {
			return INTID_LPI + vlpi_first(vcpu, level);
		}
		cpu->ready &= cpu->ready - 1;
	}
	return 0;
}

static void note_listed(struct vcpu *vcpu, uint32_t index)
{
	struct vlpi_cpu *cpu = &vcpu->vgic.lpi;
	struct vlpi *lpi = vlpi_object(vcpu->vm, index);

	CHECK(cpu->listed_count < VLPI_LISTED_MAX);
	lpi->flags = VLPI_LISTED;
	lpi->target = (uint8_t)vcpu->index;
	lpi->next = (uint16_t)vcpu->index;
	lpi->prev = (uint16_t)cpu->listed_count;
	cpu->listed[cpu->listed_count++] = (uint16_t)index;
}

void vlpi_listed_locked(struct vcpu *vcpu, uint32_t intid)
{
	uint32_t index = intid - INTID_LPI;

	SPIN_ASSERT_HELD(&vcpu->vm->vgic.lock);
	vlpi_unlink(vcpu->vm, index);
	note_listed(vcpu, index);
}

void vlpi_unlisted_locked(struct vcpu *vcpu, uint32_t intid, bool pending)
{
	struct vlpi_cpu *cpu = &vcpu->vgic.lpi;
	uint32_t index = intid - INTID_LPI;
	struct vlpi *lpi = vlpi_object(vcpu->vm, index);
	struct vcpu *target = vcpu->vm->vcpu[lpi->target];
	bool again = (lpi->flags & VLPI_AGAIN) != 0;
	bool back = pending && (lpi->flags & VLPI_DROP) == 0;

	SPIN_ASSERT_HELD(&vcpu->vm->vgic.lock);
	CHECK((lpi->flags & VLPI_LISTED) != 0 && lpi->next == vcpu->index);
	if ((lpi->flags & VLPI_CHANGED) != 0) {
		cpu->changed_count--;
	}
	/* the last one takes its place */
	cpu->listed[lpi->prev] = cpu->listed[--cpu->listed_count];
	vlpi_object(vcpu->vm, cpu->listed[lpi->prev])->prev = lpi->prev;
	lpi->flags = 0;
	if (again || back) {
		place(target, index, back);
	}
	if (target->vgic.lpi.phase == VLPI_SAVING) {
		post(target);
	}
}

/* -- pending tables -- */

/* Where the word of 64 LPIs that holds this one is in the table, or that of 16. */
static uint64_t table_word(const struct vcpu *vcpu, uint32_t index)
{
	return (vcpu->vgic.lpi.pendbaser & GICR_PENDBASER_ADDRESS) + (INTID_LPI + index) / 64 * 8;
}

static uint64_t table_part(const struct vcpu *vcpu, uint32_t index)
{
	return table_word(vcpu, index) + index % 64 / 16 * 2;
}

/* Takes one that is pending in a table that has not been read so far out of it. */
static void fetch(struct vcpu *vcpu, uint32_t index)
{
	uint64_t at = table_word(vcpu, index), word;

	if (vcpu->vgic.lpi.phase != VLPI_LOADING || index < vcpu->vgic.lpi.cursor ||
	    table_read(vcpu, vcpu->vgic.lpi.pendbaser, at, &word, sizeof(word)) != 0 ||
	    (word & BIT(index % 64)) == 0) {
		return;
	}
	word &= ~BIT(index % 64);
	pending_write(vcpu, at, word, sizeof(word));
	vlpi_pend_locked(vcpu, INTID_LPI + index);
}

static void load_word(struct vcpu *vcpu, uint32_t base, uint32_t word)
{
	for (; word != 0; word &= word - 1) {
		uint32_t index = base + (uint32_t)__builtin_ctz(word);
		struct vlpi *lpi = vlpi_object(vcpu->vm, index);

		if ((lpi->flags & VLPI_LISTED) != 0) {
			vlpi_pend_locked(vcpu, INTID_LPI + index);
			continue;
		}
		if ((lpi->flags & VLPI_LINKED) != 0) {
			vlpi_unlink(vcpu->vm, index);
		}
		vlpi_link_last(vcpu, VLPI_LIST_FRESH, index);
	}
}

/* The table is the redistributor's own while LPIs are on: what was read is not pending there any
 * more. */
static void load_step(struct vcpu *vcpu)
{
	struct vlpi_cpu *cpu = &vcpu->vgic.lpi;
	uint16_t words[STEP_WORDS];
	uint32_t count = MIN(STEP_WORDS, (cpu->limit - cpu->cursor) / 16), found = 0;

	if (count == 0 || table_read(vcpu, cpu->pendbaser, table_part(vcpu, cpu->cursor), words,
				     count * sizeof(*words)) != 0) {
		cpu->phase = VLPI_ON;
		return;
	}
	for (uint32_t i = 0; i < count && found < STEP_FOUND; i++) {
		uint32_t base = cpu->cursor;

		cpu->cursor += 16;
		if (words[i] != 0) {
			pending_write(vcpu, table_part(vcpu, base), 0, sizeof(*words));
			load_word(vcpu, base, words[i]);
			found += bits_count(words[i]);
		}
	}
	if (cpu->cursor >= cpu->limit) {
		cpu->phase = VLPI_ON;
	}
}

/* The first that is pending in a list of this vCPU; the count of LPIs where none is. */
static uint32_t any_linked(const struct vcpu *vcpu)
{
	for (uint32_t list = 0; list < VLPI_LISTS; list++) {
		if (!vlpi_is_empty(vcpu, list)) {
			return vlpi_first(vcpu, list);
		}
	}
	return vcpu->vm->vgic.lpis.count;
}

/* One that is listed, here or elsewhere, may have to come back to this vCPU's lists. */
static bool is_any_listed(const struct vcpu *vcpu)
{
	const struct vm *vm = vcpu->vm;

	for (uint32_t i = 0; i < vm->vcpu_count; i++) {
		const struct vlpi_cpu *cpu = &vm->vcpu[i]->vgic.lpi;

		for (uint32_t n = 0; n < cpu->listed_count; n++) {
			if (vlpi_object(vm, cpu->listed[n])->target == vcpu->index) {
				return true;
			}
		}
	}
	return false;
}

/* No configuration is known any more, though levels stay: what is ready stays where it is. */
static void forget_all(struct vlpi_dist *lpis)
{
	uint32_t part = (lpis->count + SWEEP_PARTS - 1) / SWEEP_PARTS;

	lpis->generation = lpis->generation % GENERATION_MAX + 1;
	for (uint32_t i = 0; i < part; i++) {
		lpis->lpi[lpis->sweep].config &= (uint16_t)~CONFIG_GENERATION;
		lpis->sweep = (lpis->sweep + 1) % lpis->count;
	}
}

static void start(struct vcpu *vcpu)
{
	struct vlpi_cpu *cpu = &vcpu->vgic.lpi;
	uint64_t bits = FIELD_GET(GICR_PROPBASER_IDBITS, cpu->propbaser) + 1;
	uint64_t limit = BIT(MIN(bits, (uint64_t)16));

	/* fewer than 14 bits: there are none. IHI 0069H GICR_PROPBASER.IDbits */
	cpu->limit = limit <= INTID_LPI ?
			     0 :
			     MIN((uint32_t)limit - INTID_LPI, vcpu->vm->vgic.lpis.count);
	cpu->cursor = 0;
	/* GICR_PROPBASER may name another table than before */
	forget_all(&vcpu->vm->vgic.lpis);
	/* the promise of zeros holds once: what is saved later is read again */
	cpu->phase = cpu->zero ? VLPI_ON : VLPI_LOADING;
	cpu->zero = false;
	post(vcpu);
}

static void save_one(struct vcpu *vcpu, uint32_t index)
{
	uint64_t at = table_word(vcpu, index), word;

	vlpi_unlink(vcpu->vm, index);
	if (table_read(vcpu, vcpu->vgic.lpi.pendbaser, at, &word, sizeof(word)) == 0) {
		word |= BIT(index % 64);
		pending_write(vcpu, at, word, sizeof(word));
	}
}

static void save_step(struct vcpu *vcpu)
{
	struct vlpi_cpu *cpu = &vcpu->vgic.lpi;
	uint32_t saved = 0;

	for (uint32_t list = 0; list < VLPI_LISTS && saved < STEP_SAVED; list++) {
		for (; saved < STEP_SAVED && !vlpi_is_empty(vcpu, list); saved++) {
			save_one(vcpu, vlpi_first(vcpu, list));
		}
	}
	if (any_linked(vcpu) == vcpu->vm->vgic.lpis.count && !is_any_listed(vcpu)) {
		cpu->phase = VLPI_OFF;
		cpu->ready = 0;
		if (cpu->enable) {
			start(vcpu);
		}
	}
}

void vlpi_enable_locked(struct vcpu *redist, bool enable)
{
	struct vlpi_cpu *cpu = &redist->vgic.lpi;

	SPIN_ASSERT_HELD(&redist->vm->vgic.lock);
	if (cpu->enable == enable) {
		return;
	}
	cpu->enable = enable;
	if (enable && cpu->phase == VLPI_OFF) {
		start(redist);
	} else if (!enable && cpu->phase != VLPI_SAVING) {
		cpu->phase = VLPI_SAVING;
		change_all_listed(redist);
		save_step(redist);
		post(redist);
	}
}

static void judge_step(struct vcpu *vcpu)
{
	for (uint32_t i = 0;
	     i < STEP_JUDGED && is_on(vcpu) && !vlpi_is_empty(vcpu, VLPI_LIST_FRESH); i++) {
		uint32_t index = vlpi_first(vcpu, VLPI_LIST_FRESH);

		vlpi_unlink(vcpu->vm, index);
		place(vcpu, index, false);
	}
}

bool vlpi_is_settled_locked(const struct vcpu *vcpu)
{
	const struct vlpi_cpu *cpu = &vcpu->vgic.lpi;

	SPIN_ASSERT_HELD(&vcpu->vm->vgic.lock);
	return vcpu->vm->vgic.lpis.count == 0 || cpu->phase == VLPI_OFF ||
	       (cpu->phase == VLPI_ON && vlpi_is_empty(vcpu, VLPI_LIST_FRESH));
}

bool vlpi_look_locked(struct vcpu *vcpu)
{
	struct vlpi_cpu *cpu = &vcpu->vgic.lpi;

	SPIN_ASSERT_HELD(&vcpu->vm->vgic.lock);
	if (vcpu->vm->vgic.lpis.count == 0) {
		return false;
	}
	if (cpu->phase == VLPI_SAVING) {
		save_step(vcpu);
		/* what is listed is waited for, which posts */
		if (cpu->phase == VLPI_SAVING && any_linked(vcpu) == vcpu->vm->vgic.lpis.count) {
			return false;
		}
	} else if (cpu->phase == VLPI_LOADING) {
		load_step(vcpu);
	} else {
		judge_step(vcpu);
	}
	if (vlpi_is_settled_locked(vcpu)) {
		return false;
	}
	post(vcpu);
	return true;
}

/* -- what is asked for -- */

/* Listed already, and sent again: the long way, or where this CPU runs its vCPU and nothing about
 * it has changed the middle one. */
static void pend_listed(struct vcpu *target, uint32_t intid)
{
	struct vlpi *lpi = vlpi_object(target->vm, intid - INTID_LPI);

	if (lpi->flags == VLPI_LISTED && lpi->next == target->index && target == vcpu_loaded() &&
	    lr_list_lpi_again(target, intid, vlpi_priority(target->vm, intid))) {
		return;
	}
	lpi->flags |= VLPI_AGAIN;
	lpi->target = (uint8_t)target->index;
	change(target->vm, lpi);
}

/* The middle way of one that is not pending. */
static bool list_at_once(struct vcpu *target, uint32_t index)
{
	uint32_t intid = INTID_LPI + index;

	if (target != vcpu_loaded() || (target->vm->vgic.ctlr & GICD_CTLR_ENGRP1) == 0) {
		return false;
	}
	configure(target, index);
	if ((vlpi_object(target->vm, index)->config & CONFIG_ENABLE) == 0 ||
	    !lr_list_lpi(target, intid, vlpi_priority(target->vm, intid))) {
		return false;
	}
	note_listed(target, index);
	return true;
}

void vlpi_pend_locked(struct vcpu *target, uint32_t intid)
{
	uint32_t index = intid - INTID_LPI;
	struct vlpi *lpi;

	SPIN_ASSERT_HELD(&target->vm->vgic.lock);
	if (!is_on(target) || index >= target->vgic.lpi.limit) {
		return;
	}
	lpi = vlpi_object(target->vm, index);
	if ((lpi->flags & VLPI_LISTED) != 0) {
		pend_listed(target, intid);
		return;
	}
	if ((lpi->flags & VLPI_LINKED) != 0) {
		if (lpi->target == target->index) {
			return;
		}
		vlpi_unlink(target->vm, index);
	}
	if (!list_at_once(target, index)) {
		place(target, index, false);
	}
}

void vlpi_clear_locked(struct vcpu *target, uint32_t intid)
{
	uint32_t index = intid - INTID_LPI;
	struct vlpi *lpi;

	SPIN_ASSERT_HELD(&target->vm->vgic.lock);
	if (!is_on(target) || index >= target->vgic.lpi.limit) {
		return;
	}
	fetch(target, index);
	lpi = vlpi_object(target->vm, index);
	if (lpi->target != target->index) {
		return;
	}
	if ((lpi->flags & VLPI_LINKED) != 0) {
		vlpi_unlink(target->vm, index);
	} else if ((lpi->flags & VLPI_LISTED) != 0) {
		lpi->flags = (uint8_t)((lpi->flags & ~VLPI_AGAIN) | VLPI_DROP);
		change(target->vm, lpi);
	}
}

/* The list of `from` that an unlisted one is in tells where it belongs at `to`, but for one that is
 * still to be judged. */
static void hand_over(struct vcpu *to, uint32_t index)
{
	vlpi_unlink(to->vm, index);
	place(to, index, false);
}

/* One that is listed somewhere, if it is for `from`. */
static void move_listed(const struct vcpu *from, const struct vcpu *to, uint32_t index)
{
	struct vlpi *lpi = vlpi_object(from->vm, index);

	if (lpi->target == from->index) {
		lpi->target = (uint8_t)to->index;
		change(from->vm, lpi);
	}
}

/* Those for `from` may still be listed where they were sent to before. */
static void move_all_listed(const struct vcpu *from, const struct vcpu *to)
{
	for (uint32_t i = 0; i < from->vm->vcpu_count; i++) {
		const struct vlpi_cpu *cpu = &from->vm->vcpu[i]->vgic.lpi;

		for (uint32_t n = 0; n < cpu->listed_count; n++) {
			move_listed(from, to, cpu->listed[n]);
		}
	}
}

void vlpi_move_locked(struct vcpu *from, struct vcpu *to, uint32_t intid)
{
	uint32_t index = intid - INTID_LPI;
	const struct vlpi *lpi;

	SPIN_ASSERT_HELD(&from->vm->vgic.lock);
	if (from == to || !is_on(from) || !is_on(to) ||
	    index >= MIN(from->vgic.lpi.limit, to->vgic.lpi.limit)) {
		return;
	}
	fetch(from, index);
	lpi = vlpi_object(from->vm, index);
	if ((lpi->flags & VLPI_LISTED) != 0) {
		move_listed(from, to, index);
	} else if ((lpi->flags & VLPI_LINKED) != 0 && lpi->target == from->index) {
		hand_over(to, index);
	}
}

bool vlpi_move_all_locked(struct vcpu *from, struct vcpu *to)
{
	uint32_t none = from->vm->vgic.lpis.count;

	SPIN_ASSERT_HELD(&from->vm->vgic.lock);
	if (from == to || !is_on(from) || !is_on(to)) {
		return true;
	}
	if (from->vgic.lpi.phase == VLPI_LOADING) {
		load_step(from);
		return false;
	}
	move_all_listed(from, to);
	for (uint32_t i = 0; i < STEP_MOVED; i++) {
		uint32_t index = any_linked(from);

		if (index == none) {
			return true;
		}
		hand_over(to, index);
	}
	return false;
}

void vlpi_inv_locked(struct vm *vm, uint32_t intid)
{
	uint32_t index = intid - INTID_LPI;
	struct vlpi *lpi;

	SPIN_ASSERT_HELD(&vm->vgic.lock);
	if (!vlpi_exists(vm, intid)) {
		return;
	}
	lpi = vlpi_object(vm, index);
	lpi->config &= (uint16_t)~CONFIG_GENERATION;
	if ((lpi->flags & VLPI_LISTED) != 0) {
		change(vm, lpi);
	} else if ((lpi->flags & VLPI_LINKED) != 0) {
		struct vcpu *vcpu = vm->vcpu[lpi->target];

		vlpi_unlink(vm, index);
		place(vcpu, index, false);
	}
}

void vlpi_invall_locked(struct vcpu *vcpu)
{
	SPIN_ASSERT_HELD(&vcpu->vm->vgic.lock);
	if (!is_on(vcpu)) {
		return;
	}
	forget_all(&vcpu->vm->vgic.lpis);
	for (uint32_t levels = vcpu->vgic.lpi.ready; levels != 0; levels &= levels - 1) {
		vlpi_splice(vcpu, (uint32_t)__builtin_ctz(levels), VLPI_LIST_FRESH);
	}
	vcpu->vgic.lpi.ready = 0;
	vlpi_splice(vcpu, VLPI_LIST_ASLEEP, VLPI_LIST_FRESH);
	change_all_listed(vcpu);
	post(vcpu);
}

/* -- for people -- */

uint32_t vlpi_busy_count_locked(const struct vm *vm)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < vm->vcpu_count && vm->vgic.lpis.count != 0; i++) {
		const struct vcpu *vcpu = vm->vcpu[i];

		count += vcpu->vgic.lpi.listed_count;
		for (uint32_t list = 0; list < VLPI_LISTS && vcpu->vgic.lpi.phase != VLPI_OFF;
		     list++) {
			for (uint32_t at = vlpi_first(vcpu, list); at != vlpi_head_of(vcpu, list);
			     at = vlpi_object(vm, at)->next) {
				count++;
			}
		}
	}
	return count;
}
