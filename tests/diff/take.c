/* SPDX-License-Identifier: Apache-2.0 */
/* Interrupts that a CPU has acknowledged and not ended, and taking them as exceptions. */
#include "tests/diff/take.h"

#include "tests/diff/cpuif.h"
#include "tests/guest/lib/cpu.h"
#include "tests/guest/lib/gic_regs.h"

#define HELD_MAX	    64
#define TAKES_MAX	    12 /* in one window: a line that stays up would interrupt for ever */
#define INTID_FIRST_SPECIAL 1020
#define INTID_FIRST_LPI	    8192
#define SPSR_IF		    0xc0

/* In the log: what follows is an interrupt taken, a word of the CPU it was on. */
#define LOG_TAKEN   (UINT64_C(0x7a) << 56)
#define LOG_NOTHING UINT64_C(0x6e6f6e65) /* "none" */

struct held {
	uint32_t value; /* as acknowledged */
	unsigned int group;
	bool over; /* deactivated ahead of its end */
};

static struct taker {
	struct held stack[HELD_MAX];
	unsigned int depth;
	uint32_t dropped[HELD_MAX]; /* EOImode 1: ended, not deactivated */
	unsigned int dropped_count;
	bool split;
	enum take_how how;
	unsigned int left; /* of TAKES_MAX */
} takers[DIFF_CPUS_MAX];

static bool take_v2, take_lpis;

static unsigned int intid_of(uint32_t value)
{
	return value & (take_v2 ? BITS(9, 0) : BITS(23, 0));
}

static struct taker *taker_this(void)
{
	return &takers[cpu_this()->index];
}

void take_reset(void)
{
	struct taker *t = taker_this();

	/* listed difference `active-priorities`; LPIs have no active state to be cleared */
	for (cpuif_ready_to_end(take_v2); (take_v2 || take_lpis) && t->depth != 0; t->depth--) {
		cpuif_end(take_v2, t->stack[t->depth - 1].group, t->stack[t->depth - 1].value);
	}
	*t = (struct taker){0};
}

static bool is_interrupt(uint32_t value)
{
	return intid_of(value) < INTID_FIRST_SPECIAL || intid_of(value) >= INTID_FIRST_LPI;
}

/* True: it was one. */
static bool acknowledge(struct taker *t, unsigned int group, uint32_t *value)
{
	*value = cpuif_ack(take_v2, group);
	log_word(*value);
	if (!is_interrupt(*value)) {
		return false;
	}
	t->stack[t->depth++] = (struct held){*value, group, false};
	return true;
}

void take_ack(unsigned int group)
{
	struct taker *t = taker_this();
	uint32_t value;

	if (t->depth == HELD_MAX) {
		log_word(LOG_NOTHING);
		return;
	}
	acknowledge(t, group, &value);
}

void take_end(void)
{
	struct taker *t = taker_this();
	struct held held;

	if (t->depth == 0 || t->dropped_count == HELD_MAX) {
		log_word(LOG_NOTHING);
		return;
	}
	held = t->stack[--t->depth];
	log_word(held.value);
	cpuif_end(take_v2, held.group, held.value);
	if (t->split && !held.over && intid_of(held.value) < INTID_FIRST_LPI) {
		t->dropped[t->dropped_count++] = held.value;
	}
}

/* Private interrupts are deactivated where they are; listed difference `remote-deactivation`. */
static bool is_in_reach(uint32_t value, const struct taker *of)
{
	return of == taker_this() || (intid_of(value) >= 32 && !take_v2);
}

static void deactivate(uint32_t value)
{
	log_word(value);
	cpuif_deactivate(take_v2, value);
}

void take_deactivate_early(unsigned int of_cpu, unsigned int n)
{
	struct taker *of = &takers[of_cpu];
	struct held *held = of->depth == 0 ? NULL : &of->stack[n % of->depth];

	if (held == NULL || !is_in_reach(held->value, of) || held->over ||
	    intid_of(held->value) >= INTID_FIRST_LPI || of->split != taker_this()->split) {
		log_word(LOG_NOTHING);
		return;
	}
	/* ignored while EOImode is 0: IHI 0069H ICC_DIR_EL1, GICC_DIR */
	held->over = of->split;
	deactivate(held->value);
}

void take_deactivate(unsigned int of_cpu, unsigned int n)
{
	struct taker *of = &takers[of_cpu];
	uint32_t value;

	if (of->dropped_count == 0 || !taker_this()->split ||
	    !is_in_reach(of->dropped[n % of->dropped_count], of)) {
		log_word(LOG_NOTHING);
		return;
	}
	n %= of->dropped_count;
	value = of->dropped[n];
	of->dropped[n] = of->dropped[--of->dropped_count];
	deactivate(value);
}

void take_set_eoimode(bool split)
{
	struct taker *t = taker_this();

	if (t->depth != 0 || t->dropped_count != 0) {
		log_word(LOG_NOTHING);
		return;
	}
	t->split = split;
	cpuif_set_eoimode(take_v2, split);
}

unsigned int take_depth(void)
{
	return taker_this()->depth;
}

static bool holds(const struct taker *t, unsigned int intid)
{
	for (unsigned int k = 0; k < t->depth; k++) {
		if (intid_of(t->stack[k].value) == intid) {
			return true;
		}
	}
	for (unsigned int k = 0; k < t->dropped_count; k++) {
		if (intid_of(t->dropped[k]) == intid) {
			return true;
		}
	}
	return false;
}

bool take_holds(unsigned int cpu, unsigned int intid)
{
	return cpu < DIFF_CPUS_MAX && holds(&takers[cpu], intid);
}

bool take_is_held(unsigned int intid)
{
	for (unsigned int i = 0; i < DIFF_CPUS_MAX; i++) {
		if (holds(&takers[i], intid)) {
			return true;
		}
	}
	return false;
}

/* Interrupts in for the length of a few instructions. */
static void window(void)
{
	__asm__ volatile("isb\n\tnop\n\tnop\n\tnop\n\tnop" ::: "memory");
}

static void finish(struct taker *t)
{
	take_end();
	if (t->split && t->dropped_count != 0) {
		take_deactivate(cpu_this()->index, t->dropped_count - 1);
	}
}

/* Masks of the window that is open, by CPU: nested ones open the same. */
static unsigned int take_masks[DIFF_CPUS_MAX];

static void unmask(unsigned int masks)
{
	if (masks & 1) {
		__asm__ volatile("msr daifclr, #2" ::: "memory");
	}
	if (masks & 2) {
		__asm__ volatile("msr daifclr, #1" ::: "memory");
	}
	window();
	__asm__ volatile("msr daifset, #3" ::: "memory");
}

static void take_irq(struct exc_frame *frame, bool fiq)
{
	struct taker *t = taker_this();
	uint32_t value;
	bool taken;

	log_word(LOG_TAKEN | (uint64_t)cpu_this()->index << 8 | fiq);
	if (t->left == 0 || t->depth == HELD_MAX || t->dropped_count == HELD_MAX) {
		frame->spsr |= SPSR_IF;
		return;
	}
	t->left--;
	taken = acknowledge(t, fiq || take_v2 ? 0 : 1, &value);
	if (!taken || t->left == 0) {
		frame->spsr |= SPSR_IF;
	}
	if (!taken) {
		return;
	}
	log_word(cpuif_look(take_v2, false));
	if (t->how == TAKE_KEEP) {
		return;
	}
	if (t->how == TAKE_NEST) {
		unmask(take_masks[cpu_this()->index]);
	}
	finish(t);
}

void take_setup(bool v2, bool lpis)
{
	take_v2 = v2;
	take_lpis = lpis;
	exc_set_irq(take_irq);
}

void take_open(enum take_how how, unsigned int masks)
{
	struct taker *t = taker_this();

	t->how = how;
	t->left = TAKES_MAX;
	take_masks[cpu_this()->index] = masks;
	unmask(masks);
}
