/* SPDX-License-Identifier: Apache-2.0 */
/*
 * victim: a well-behaved guest beside others. It sleeps from tick to tick of its timer, looks how
 * late each comes, whether its memory holds what it wrote, and its registers; and says what it saw.
 * "BUG:" is said of what must not be; lateness is told, its bound is the test's.
 *
 * `parameters` are written into the image by whoever makes the config.
 */
#include "tests/guest/lib/console.h"
#include "tests/guest/lib/cpu.h"
#include "tests/guest/lib/fpregs.h"
#include "tests/guest/lib/gic.h"
#include "tests/guest/lib/timer.h"

#define DATA	   (UINT64_C(RAM_BASE) + 0x00800000)
#define DATA_WORDS 0x200000 /* 16 MiB */
#define SLICE	   256	    /* words looked at in each tick */
#define BUCKETS	   48
#define BUCKET_NS  100
#define BAR	   50
#define BEGIN_US   50  /* of a window: the switch, and what was due before it */
#define END_US	   300 /* of a window: what is due there may come in the next */

static volatile struct {
	char name[8];
	uint64_t period_us;
	uint64_t tell_every; /* ticks */
	uint64_t end;	     /* ticks; 0: never. At the end a histogram is printed. */
	uint64_t frame_us;   /* windows: only ticks inside its own count as late or not */
	uint64_t window_us;  /* it is the first in the frame */
	uint64_t bound_ns;   /* what is later than that is told of at once; 0: nothing is */
	uint64_t physical;   /* the timer that ticks is the physical one */
} parameters = {"VICTPARM", 200, 1000, 0, 0, 0, 0, 0};

static uint64_t taken, taken_at, asleep_at;
static uint64_t worst, worst_of_all, best_of_all = UINT64_MAX, sum, ticks, early, lost, wrong,
				     looked;
static uint64_t starts, worst_start; /* windows that it was ready for as they began */
static uint32_t histogram[BUCKETS];

static void on_timer(unsigned int intid, void *arg)
{
	(void)arg;
	if (intid == INTID_TIMER_PHYS) {
		timer_phys_stop();
	} else {
		timer_stop();
	}
	WRITE_ONCE(taken, taken + 1);
}

/* Before anything else is done with it. */
static void on_irq(struct exc_frame *frame, bool fiq)
{
	unsigned int intid;

	(void)frame;
	(void)fiq;
	taken_at = sysreg_read(cntvct_el0);
	intid = gic_ack();
	if (intid == INTID_TIMER_VIRT || intid == INTID_TIMER_PHYS) {
		on_timer(intid, NULL);
	}
	if (intid != INTID_SPURIOUS) {
		gic_eoi(intid);
	}
}

static uint64_t word(uint64_t i, uint64_t round)
{
	return (i + 1) * UINT64_C(0x9e3779b97f4a7c15) ^ round * UINT64_C(0xbf58476d1ce4e5b9);
}

/* What was written a round ago is there; it is written anew. */
static void check_memory(void)
{
	static uint64_t at, round;
	volatile uint64_t *data = (volatile uint64_t *)DATA;

	for (unsigned int i = 0; i < SLICE; i++, at++) {
		if (at == DATA_WORDS) {
			at = 0;
			round++;
		}
		if (data[at] != word(at, round)) {
			wrong++;
			printf("BUG: victim: 0x%lx holds 0x%lx, not 0x%lx\n", (uint64_t)&data[at],
			       data[at], word(at, round));
		}
		data[at] = word(at, round + 1);
	}
	looked += SLICE * sizeof(uint64_t);
}

static struct fpregs kept;

static void set_registers(void)
{
	kept.fpcr = (ticks & 3) << 22;
	kept.fpsr = ticks & 0x1f;
	for (unsigned int i = 0; i < ARRAY_SIZE(kept.v); i++) {
		kept.v[i] = word(i, ticks);
	}
	fpregs_load(&kept);
	sysreg_write(tpidr_el0, word(0, ticks));
	sysreg_write(contextidr_el1, word(1, ticks) & 0xffffffff);
}

static void check_registers(void)
{
	struct fpregs now;
	bool same = sysreg_read(tpidr_el0) == word(0, ticks) &&
		    sysreg_read(contextidr_el1) == (word(1, ticks) & 0xffffffff);

	fpregs_store(&now);
	same = same && now.fpcr == kept.fpcr && now.fpsr == kept.fpsr;
	for (unsigned int i = 0; i < ARRAY_SIZE(kept.v); i++) {
		same = same && now.v[i] == kept.v[i];
	}
	if (!same) {
		wrong++;
		printf("BUG: victim: registers changed in tick %lu\n", ticks);
	}
}

static uint64_t ns(uint64_t ticks_of_counter)
{
	return ticks_of_counter * 1000000000 / counter_hz();
}

static uint64_t ticks_of(uint64_t us)
{
	return us * counter_hz() / 1000000;
}

/* Windows follow the counter's multiples. */
static bool counts(uint64_t due)
{
	uint64_t frame = ticks_of(parameters.frame_us), into;

	if (frame == 0) {
		return true;
	}
	into = due % frame;
	return into > ticks_of(BEGIN_US) && into < ticks_of(parameters.window_us - END_US);
}

/* A tick that came due outside its window, or as that began, and found it asleep: when it could
 * have been taken, or 0. */
static uint64_t window_start(uint64_t due)
{
	uint64_t frame = ticks_of(parameters.frame_us), into;

	if (frame == 0) {
		return 0;
	}
	into = due % frame;
	if (into >= ticks_of(parameters.window_us)) {
		due += frame - into;
	} else if (into > ticks_of(BEGIN_US)) {
		return 0;
	}
	return asleep_at < due ? due : 0;
}

/* Before the window does it have no CPU, so it takes nothing. */
static void account_start(uint64_t due)
{
	uint64_t start = window_start(due), late;

	if (start == 0) {
		return;
	}
	starts++;
	if (taken_at < start) {
		printf("BUG: victim: a tick was taken %lu ns before the window\n",
		       ns(start - taken_at));
		return;
	}
	late = ns(taken_at - start);
	worst_start = late > worst_start ? late : worst_start;
	if (parameters.bound_ns != 0 && late > parameters.bound_ns) {
		printf("victim: window at 0x%lx, begins %lu ns late\n", start, late);
	}
}

static void account(uint64_t due, uint64_t came)
{
	uint64_t late;

	ticks++;
	lost += came != 1;
	if ((int64_t)(taken_at - due) < 0) {
		early++;
		return;
	}
	account_start(due);
	if (!counts(due)) {
		return;
	}
	late = ns(taken_at - due);
	histogram[late / BUCKET_NS < BUCKETS ? late / BUCKET_NS : BUCKETS - 1]++;
	sum += late;
	worst = late > worst ? late : worst;
	worst_of_all = late > worst_of_all ? late : worst_of_all;
	best_of_all = late < best_of_all ? late : best_of_all;
	if (parameters.bound_ns != 0 && late > parameters.bound_ns) {
		printf("victim: tick %lu, due at 0x%lx, is %lu ns late\n", ticks, due, late);
	}
}

/* In one line: what the driver reads. */
static void tell(void)
{
	printf("victim: %lu ticks, %lu early, %lu lost, worst %lu ns of late %lu, %lu wrong, "
	       "%lu KiB, at %lu us\n",
	       ticks, early, lost, worst_of_all, worst, wrong, looked >> 10,
	       counter_now() / (counter_hz() / 1000000));
	printf("victim: best %lu ns\n", best_of_all);
	if (parameters.frame_us != 0) {
		printf("victim: %lu windows, worst start %lu ns\n", starts, worst_start);
	}
	worst = 0;
}

static void tell_all(void)
{
	uint32_t most = 1;

	for (unsigned int i = 0; i < BUCKETS; i++) {
		most = histogram[i] > most ? histogram[i] : most;
	}
	for (unsigned int i = 0; i < BUCKETS; i++) {
		if (histogram[i] != 0) {
			printf("# from %u ns: %u ", i * BUCKET_NS, histogram[i]);
			for (unsigned int n = 0; n < (uint64_t)histogram[i] * BAR / most; n++) {
				printf("#");
			}
			printf("\n");
		}
	}
	printf("victim: done, mean %lu ns\n", ticks ? sum / ticks : 0);
}

int main(void)
{
	uint64_t us = counter_hz() / 1000000, random = 1;

	for (uint64_t i = 0; i < DATA_WORDS; i++) {
		((volatile uint64_t *)DATA)[i] = word(i, 0);
	}
	gic_setup();
	gic_connect(INTID_TIMER_VIRT, on_timer, NULL);
	gic_connect(INTID_TIMER_PHYS, on_timer, NULL);
	exc_set_irq(on_irq);
	printf("victim: ready\n");
	while (parameters.end == 0 || ticks < parameters.end) {
		uint64_t before = taken, due;

		random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
		due = counter_now() + (parameters.period_us + (random >> 40) % 64) * us +
		      (random >> 33) % 64;
		set_registers();
		if (parameters.physical) {
			timer_phys_set(due);
		} else {
			timer_set(due);
		}
		check_memory();
		asleep_at = counter_now();
		/* asleep with IRQs masked: one that comes before the sleep ends it too */
		while (READ_ONCE(taken) == before) {
			cpu_wfi();
			irq_unmask();
			isb(); /* what is pending is taken here */
			irq_mask();
		}
		check_registers();
		account(due, taken - before);
		if (ticks % parameters.tell_every == 0) {
			tell();
		}
	}
	tell_all();
	return 0;
}
