/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory that VMs share: four run this, and know by where they find the memory who they are. The
 * first tells the others what to do, in the memory and by doorbells; docs/shared-memory.md.
 */
#include "tests/guest/lib/console.h"
#include "tests/guest/lib/cpu.h"
#include "tests/guest/lib/gic.h"
#include "tests/guest/lib/mmu.h"
#include "tests/guest/lib/psci.h"
#include "tests/guest/lib/tap.h"

/* shmem.dts; the first is the default place */
#define FIRST_AT   UINT64_C(0xc0000000)
#define WRITER_AT  UINT64_C(0xc8003000)
#define READER_AT  UINT64_C(0xd0000000)
#define SIZE	   UINT64_C(0x301000)
#define SHARED_GIB 3

/* DDI 0190B: the first four doorbells of a VM, and the next */
#define BELLS_BASE  UINT64_C(0x09030000)
#define FAR_BASE    UINT64_C(0x09040000)
#define BELLS_INTID (32 + 7)
#define GPIO_DATA   0x3fc
#define GPIO_DIR    0x400
#define GPIO_IBE    0x408
#define GPIO_IE	    0x410
#define GPIO_MIS    0x418
#define GPIO_IC	    0x41c

#define ROUNDS 1000
#define COUNTS 20000

enum order {
	ORDER_FILL = 1, /* with the pattern of `seed` */
	ORDER_CHECK,	/* that it is there */
	ORDER_ANSWER,	/* `seed` and 1 goes to `answer` */
	ORDER_COUNT,	/* adds to `count`, while others do */
	ORDER_RESET,
	ORDER_OFF,
};

/* The first page of it. */
struct head {
	volatile uint32_t order, lives;
	volatile uint64_t seed, answer;
	uint64_t count;
	volatile uint64_t kept; /* of the writer's lives: those that found the pattern at once */
};

static uint64_t base; /* where this VM has it */
#define HEAD ((struct head *)base)

/* A word of the pattern by its place: all behind the first page is filled. */
static uint64_t word_of(uint64_t seed, uint64_t at)
{
	return (seed + at) * UINT64_C(0x9e3779b97f4a7c15);
}

static void fill(uint64_t seed)
{
	for (uint64_t at = 4096; at < SIZE; at += 8) {
		*(volatile uint64_t *)(base + at) = word_of(seed, at);
	}
}

static uint64_t count_wrong(uint64_t seed)
{
	uint64_t wrong = 0;

	for (uint64_t at = 4096; at < SIZE; at += 8) {
		wrong += *(volatile uint64_t *)(base + at) != word_of(seed, at);
	}
	return wrong;
}

static void count_up(void)
{
	for (unsigned int i = 0; i < COUNTS; i++) {
		__atomic_fetch_add(&HEAD->count, 1, __ATOMIC_RELAXED);
	}
}

static bool aborts(const struct exc_record *r, unsigned int ec, uint64_t far)
{
	bool right = r->count == 1 && r->serror_count == 0 && exc_ec(r) == ec &&
		     FIELD_GET(ESR_FSC, r->esr) == FSC_EXTERNAL && r->far == far;

	if (!right && base == FIRST_AT) {
		printf("# %u exceptions, ESR 0x%lx, FAR 0x%lx\n", r->count, r->esr, r->far);
	}
	return right;
}

static bool load_aborts(uint64_t at)
{
	struct exc_record r = EXC_OF(mmio_read64(at));

	return aborts(&r, EC_DABT, at);
}

static bool is_there(uint64_t at)
{
	struct exc_record r = EXC_OF(mmio_read64(at));

	return r.count == 0;
}

/* A GiB of memory, in the runtime's own level-1 table. */
static void map_shared(void)
{
	mmu_level1[SHARED_GIB] =
		(uint64_t)SHARED_GIB << 30 | PTE_AF | PTE_INNER | PTE_ATTR_NORMAL | PTE_BLOCK;
	/* the entry before the walks that use it; it was invalid until now */
	dsb(ishst);
	isb();
}

/* The line that rings doorbell n of a PL061, driven. */
static void drive(uint64_t bells, unsigned int n, bool level)
{
	mmio_write32(bells + (UINT64_C(4) << (4 + n)), level ? 0xff : 0);
}

static bool level_of(uint64_t bells, unsigned int n)
{
	return (mmio_read32(bells + GPIO_DATA) & BIT(n)) != 0;
}

/* -- those that are told -- */

static unsigned int rung;

/* A store that must not come through: of one register, of two, of zeroes, and an exclusive one. */
static bool is_refused(void)
{
	uint64_t at = base + 4096 + 64, before = mmio_read64(at);
	struct exc_record r = EXC_OF(mmio_write64(at, ~before));
	bool right = aborts(&r, EC_DABT, at) && (r.esr & ESR_WNR) != 0;

	r = EXC_OF(__asm__ volatile("stp xzr, xzr, [%0]" ::"r"(at) : "memory"));
	right &= aborts(&r, EC_DABT, at);
	r = EXC_OF(__asm__ volatile("dc zva, %0" ::"r"(at) : "memory"));
	right &= r.count == 1 && exc_ec(&r) == EC_DABT;
	/* once: a status that was never written would have a loop go on */
	r = EXC_OF(__asm__ volatile("ldxr x9, [%0]\n\tmvn x9, x9\n\tstxr w10, x9, [%0]" ::"r"(at)
				    : "x9", "x10", "memory"));
	return right && r.count != 0 && mmio_read64(at) == before;
}

/* What was asked for; false: it went wrong. */
static bool carry_out(void)
{
	switch (HEAD->order) {
	case ORDER_FILL:
		fill(HEAD->seed);
		return true;
	case ORDER_CHECK:
		return count_wrong(HEAD->seed) == 0 && (base != READER_AT || is_refused());
	case ORDER_ANSWER:
		HEAD->answer = HEAD->seed + 1;
		return true;
	case ORDER_COUNT:
		count_up();
		return true;
	case ORDER_RESET:
		psci_call(PSCI_SYSTEM_RESET, 0, 0, 0);
		return false;
	case ORDER_OFF:
		psci_system_off();
	default:
		return false;
	}
}

/* It has none: nothing is at any of the places where others have it. */
static bool stray(void)
{
	static const uint64_t places[] = {FIRST_AT, WRITER_AT, READER_AT};
	bool right = true;

	if (++rung == 2) {
		psci_system_off();
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(places); i++) {
		struct exc_record r = EXC_OF(mmio_write64(places[i] + 8192, 0));

		right &= aborts(&r, EC_DABT, places[i] + 8192);
		right &= load_aborts(places[i]) && load_aborts(places[i] + SIZE - 8);
	}
	return right;
}

static void on_bell(unsigned int intid, void *arg)
{
	uint32_t lines = mmio_read32(BELLS_BASE + GPIO_MIS);
	bool right;

	(void)intid;
	(void)arg;
	mmio_write32(BELLS_BASE + GPIO_IC, lines);
	right = base == 0 ? stray() : carry_out();
	drive(BELLS_BASE, 1, !right);
	drive(BELLS_BASE, 0, level_of(BELLS_BASE, 0));
}

__attribute__((noreturn)) static void be_told(void)
{
	if (base == WRITER_AT) {
		HEAD->kept += HEAD->lives != 0 && count_wrong(HEAD->seed) == 0;
		HEAD->lives++;
	}
	gic_connect(BELLS_INTID, on_bell, NULL);
	mmio_write32(BELLS_BASE + GPIO_DIR, 0xf0);
	mmio_write32(BELLS_BASE + GPIO_IBE, 0x01);
	mmio_write32(BELLS_BASE + GPIO_IC, 0xff);
	mmio_write32(BELLS_BASE + GPIO_IE, 0x01);
	/* one that came before that */
	if (level_of(BELLS_BASE, 0)) {
		on_bell(BELLS_INTID, NULL);
	}
	irq_unmask();
	for (;;) {
		cpu_wfi();
	}
}

/* -- the one that tells -- */

struct teller {
	uint64_t bells;
	unsigned int n;
	bool level; /* of its last ring */
};

static struct teller writer = {BELLS_BASE, 0, false}, reader = {BELLS_BASE, 2, false},
		     stranger = {FAR_BASE, 0, false};

static void ring(struct teller *to)
{
	to->level = !to->level;
	drive(to->bells, to->n, to->level);
}

static bool answered(const struct teller *to)
{
	/* 20 s of the guest's: who answers may read all of it first */
	return WAIT_TICKS(level_of(to->bells, to->n) == to->level, 20 * counter_hz()) &&
	       !level_of(to->bells, to->n + 1);
}

static bool tell(struct teller *to, enum order order, uint64_t seed)
{
	HEAD->order = order;
	HEAD->seed = seed;
	/* what is in the memory before the ring that tells of it */
	dsb(sy);
	ring(to);
	return answered(to);
}

static void test_place(void)
{
	uint64_t used = 0;

	for (uint64_t at = sizeof(struct head); at < SIZE; at += 8) {
		used += *(volatile uint64_t *)(base + at) != 0;
	}
	is(used, 0, "it is all zeroes at first");
	ok(load_aborts(base + SIZE), "nothing is behind it");
	ok(load_aborts(WRITER_AT) && load_aborts(READER_AT),
	   "nor where other VMs have the same memory");
}

static void test_contents(void)
{
	fill(1);
	ok(tell(&writer, ORDER_CHECK, 1), "what one VM writes the other reads");
	ok(tell(&reader, ORDER_CHECK, 1), "and so does one that may only read, whose stores abort");
	ok(tell(&writer, ORDER_FILL, 2), "the other writes");
	is(count_wrong(2), 0, "and this one reads it");
	ok(tell(&reader, ORDER_CHECK, 2), "and the third");
	is(count_wrong(2), 0, "whose stores have changed nothing");
	ring(&stranger);
	ok(answered(&stranger), "a VM that has no share finds nothing at any of their places");
	is(count_wrong(2), 0, "and nothing is changed by it");
}

static void test_messages(void)
{
	unsigned int wrong = 0;

	for (uint64_t i = 0; i < ROUNDS && wrong == 0; i++) {
		wrong += !tell(&writer, ORDER_ANSWER, i) || HEAD->answer != i + 1;
	}
	is(wrong, 0, "1000 messages by doorbell are answered in the memory");
}

static void test_atomics(void)
{
	HEAD->count = 0;
	HEAD->order = ORDER_COUNT;
	dsb(sy);
	ring(&writer);
	count_up();
	ok(answered(&writer), "two VMs count");
	is(HEAD->count, 2 * COUNTS, "and none of their additions gets lost");
}

static void test_execution(void)
{
	uint32_t *code = (uint32_t *)(base + 8192);
	struct exc_record r;

	*code = 0xd65f03c0; /* ret */
	__asm__ volatile("dc cvau, %0\n\tdsb ish\n\tic ivau, %0\n\tdsb ish\n\tisb" ::"r"(code)
			 : "memory");
	r = EXC_OF(((void (*)(void))code)());
	ok(aborts(&r, EC_IABT, (uint64_t)code), "what is there can't be executed");
}

static void test_restart(void)
{
	uint32_t lives = HEAD->lives;

	fill(3);
	HEAD->kept = 0;
	HEAD->order = ORDER_RESET;
	HEAD->seed = 3;
	dsb(sy);
	ring(&writer);
	/* it goes off with its line low, and is told nothing more */
	ok(WAIT_TICKS(HEAD->lives == lives + 1, 20 * counter_hz()), "one of them restarts");
	is(HEAD->kept, 1, "and finds what was there");
	is(count_wrong(3), 0, "as do those that went on");
	drive(writer.bells, writer.n, false);
	ok(WAIT(!level_of(writer.bells, writer.n)), "its doorbell is as after a start");
	writer.level = false;
	ok(tell(&writer, ORDER_FILL, 4) && count_wrong(4) == 0, "and it writes as before");
}

int main(void)
{
	map_shared();
	gic_setup();
	base = is_there(FIRST_AT)  ? FIRST_AT :
	       is_there(WRITER_AT) ? WRITER_AT :
	       is_there(READER_AT) ? READER_AT :
				     0;
	if (base != FIRST_AT) {
		be_told();
	}
	mmio_write32(BELLS_BASE + GPIO_DIR, 0xf0);
	mmio_write32(FAR_BASE + GPIO_DIR, 0xf0);
	test_place();
	test_contents();
	test_messages();
	test_atomics();
	test_execution();
	test_restart();
	ring(&stranger);
	HEAD->order = ORDER_OFF;
	dsb(sy);
	ring(&writer);
	ring(&reader);
	tap_done();
}
