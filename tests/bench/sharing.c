/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bench guest for a CPU that is shared: what a switch between VMs costs, and how well time is kept.
 * Several VMs run this program, each with its part of it (role=NAME in /chosen/bootargs):
 *
 *   ping     yields to `echo` and back: what a switch costs
 *   echo     yields for ever
 *   load     takes all time there is
 *   busy     the same, with loads and stores all over its memory and with floating point
 *   calls    as busy, and makes a hypercall each 2 us, and has its own timer's ticks each 50 us
 *   wake     sleeps until its timer, again and again: how late it runs
 *   budget   counts the time it has had: how far that is from its budget
 *   window   runs in a window of time: how late that begins
 *
 * Prints lines as main.c does, and histograms. count=NUMBER: how often. by=xen, by=mmio: it yields
 * as Xen has it, or by a store that KVM's VMM (kvm/vmm.c) takes for that.
 */
#include "core/exit/hypercall_ids.h"
#include "core/exit/hypercall_types.h"
#include "tests/bench/cpuif.h"
#include "tests/bench/entry.h"
#include "tests/bench/machine.h"
#include "tests/guest/lib/psci.h"
#include "tests/guest/lib/string.h"

#define BUCKETS	   40
#define BUCKET_NS  100
#define WAKE_US	   20
#define UNCOUNTED  100	/* wake-ups while what is left of the boot log goes out */
#define BUSY_WORDS 8192 /* 64 KiB */
#define CALL_EACH  128	/* rounds of what is computed */
#define TICK_NS	   50000
#define BAR	   50	     /* characters of a histogram's longest bar */
#define GAP_NS	   3000	     /* longer than that the CPU was another's */
#define CONSOLE_NS 300000000 /* the boot log is out by then */

static uint64_t ns_per_tick;
static uint64_t taken, taken_at; /* interrupts, and the counter at the last one */
static uint32_t histogram[BUCKETS];

static inline uint64_t now(void)
{
	isb(); /* what came before is over */
	return sysreg_read(cntvct_el0);
}

static int64_t call(uint64_t fn)
{
	register uint64_t x0 __asm__("x0") = fn;

	__asm__ volatile("hvc #0"
			 : "+r"(x0)
			 :
			 : "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11",
			   "x12", "x13", "x14", "x15", "x16", "x17", "memory");
	return (int64_t)x0;
}

void irq_taken(uint64_t when)
{
	uint32_t token = take();

	if (intid_of(token) == BENCH_TIMER_VIRT) {
		sysreg_write(cntv_ctl_el0, 0);
		isb(); /* the line is down before the interrupt ends */
	} else if (intid_of(token) == INTID_SPURIOUS) {
		return;
	}
	taken_at = when;
	WRITE_ONCE(taken, taken + 1);
	end(token);
}

uint64_t sync_taken(uint64_t esr, uint64_t elr, uint64_t far)
{
	put_string("\nbench stops: unexpected exception, ESR ");
	put_hex(esr);
	put_string(" at ");
	put_hex(elr);
	put_string(" FAR ");
	put_hex(far);
	put_string("\n");
	call(PSCI_SYSTEM_OFF);
	return elr;
}

void bench_other(unsigned int index)
{
	(void)index;
}

static bool is_word(const char *key, const char *value)
{
	const char *have = machine_word(key);

	while (have && *value && *have == *value) {
		have++;
		value++;
	}
	return have && !*value && (*have == '\0' || *have == ' ');
}

static void print(const char *name, uint64_t hundredths, uint64_t max, uint64_t count)
{
	put_string("bench ");
	put_string(name);
	put_char(' ');
	put_hundredths(hundredths);
	put_char(' ');
	put_number(max);
	put_char(' ');
	put_number(count);
	put_string("\n");
}

/* -- what is measured -- */

struct sum {
	uint64_t total, max, count; /* ns */
};

static void add(struct sum *sum, uint64_t ticks)
{
	uint64_t ns = ticks * ns_per_tick;
	uint64_t bucket = ns / BUCKET_NS;

	histogram[bucket < BUCKETS ? bucket : BUCKETS - 1]++;
	sum->total += ns;
	sum->max = ns > sum->max ? ns : sum->max;
	sum->count++;
}

static void print_sum(const char *name, const struct sum *sum)
{
	print(name, sum->total * 100 / sum->count, sum->max, sum->count);
}

static void print_histogram(void)
{
	uint32_t most = 1;

	for (unsigned int i = 0; i < BUCKETS; i++) {
		most = histogram[i] > most ? histogram[i] : most;
	}
	for (unsigned int i = 0; i < BUCKETS; i++) {
		if (!histogram[i]) {
			continue;
		}
		put_string("# from ");
		put_number(i * BUCKET_NS);
		put_string(" ns: ");
		put_number(histogram[i]);
		put_char(' ');
		for (uint64_t bar = 0; bar < (uint64_t)histogram[i] * BAR / most; bar++) {
			put_char('#');
		}
		put_string("\n");
	}
}

#define INLINE static inline __attribute__((always_inline))

/* Keeps all registers but x0 to x3 (DEN 0028F 2.5): as little of the guest's own as can be. */
INLINE void yield(void)
{
	register uint64_t x0 __asm__("x0") = HYPERCALL_YIELD_ID;

	__asm__ volatile("hvc #0" : "+r"(x0) : : "x1", "x2", "x3", "memory");
}

/* SCHEDOP_yield of Xen's hypercall sched_op; results are in x0, arguments are lost. */
INLINE void yield_xen(void)
{
	register uint64_t x0 __asm__("x0") = 0;
	register uint64_t x1 __asm__("x1") = 0;
	register uint64_t x16 __asm__("x16") = 29;

	__asm__ volatile("hvc #0xea1" : "+r"(x0), "+r"(x1) : "r"(x16) : "memory");
}

INLINE void yield_mmio(void)
{
	mmio_write32(machine.uart + BENCH_UART_YIELD, 0);
}

/* What the hypervisor tells at boot is on its way to the console for a while. */
static void let_console_end(void)
{
	uint64_t end = now() + CONSOLE_NS / ns_per_tick;

	while (now() < end) {
	}
}

/* There and back is two switches. */
INLINE void ping_by(void (*give_way)(void))
{
	struct sum sum = {0};
	uint64_t count = machine_number("count", 10000);

	let_console_end();
	/* the other one has started */
	for (uint64_t i = 0; i < 100; i++) {
		give_way();
	}
	for (uint64_t i = 0; i < count; i++) {
		uint64_t start = now();

		give_way();
		add(&sum, (now() - start) / 2);
	}
	print_sum("vm_switch", &sum);
}

static void ping(void)
{
	if (is_word("by", "xen")) {
		ping_by(yield_xen);
	} else if (is_word("by", "mmio")) {
		ping_by(yield_mmio);
	} else {
		ping_by(yield);
	}
}

INLINE void echo_by(void (*give_way)(void))
{
	for (;;) {
		give_way();
	}
}

static void echo(void)
{
	if (is_word("by", "xen")) {
		echo_by(yield_xen);
	} else if (is_word("by", "mmio")) {
		echo_by(yield_mmio);
	} else {
		echo_by(yield);
	}
}

static void load(void)
{
	for (;;) {
		__asm__ volatile("" ::: "memory");
	}
}

static uint64_t words[BUSY_WORDS];

/* Loads, stores and floating point, of places that are not near each other. */
INLINE void compute(uint64_t round)
{
	words[round * 17 % BUSY_WORDS] += round;
	__asm__ volatile(".arch_extension simd\n"
			 "ldr	q0, [%0]\n"
			 "fadd	v1.2d, v0.2d, v1.2d\n"
			 "fmul	v2.2d, v1.2d, v0.2d\n"
			 "str	q2, [%0]"
			 :
			 : "r"(&words[round * 34 % BUSY_WORDS])
			 : "v0", "v1", "v2", "memory");
}

static void use_fp(void)
{
	sysreg_write(cpacr_el1, UINT64_C(3) << 20);
	isb(); /* before the first use */
}

static void busy(void)
{
	use_fp();
	for (uint64_t round = 0;; round++) {
		compute(round);
	}
}

static void calls(void)
{
	uint64_t before = taken - 1;

	use_fp();
	for (uint64_t round = 0;; round++) {
		compute(round);
		if (round % CALL_EACH == 0) {
			call(HYPERCALL_ID64(HYPERCALL_FEATURES));
		}
		if (READ_ONCE(taken) != before) {
			before = taken;
			sysreg_write(cntv_cval_el0, now() + TICK_NS / ns_per_tick);
			sysreg_write(cntv_ctl_el0, 1);
		}
	}
}

static void print_uncounted(uint64_t ns)
{
	put_string("# of the first ");
	put_number(UNCOUNTED);
	put_string(", while the boot log goes out, the latest: ");
	put_number(ns);
	put_string(" ns\n");
}

/*
 * The first are left out: EL2 sends what is left of its boot log meanwhile, 16 characters each 250
 * us, which are 650 instructions that a wake-up may have to wait for besides. On QEMU's virt that
 * is over after 66.
 */
static void wake(void)
{
	uint64_t period = WAKE_US * 1000 / ns_per_tick, count = machine_number("count", 5000);
	uint64_t uncounted = 0;
	struct sum sum = {0};

	for (uint64_t i = 0; i < UNCOUNTED + count; i++) {
		uint64_t before = taken, due = now() + period + i % 64;

		sysreg_write(cntv_cval_el0, due);
		sysreg_write(cntv_ctl_el0, 1);
		isb(); /* armed before the wait */
		while (READ_ONCE(taken) == before) {
			__asm__ volatile("wfi" ::: "memory");
		}
		if (i >= UNCOUNTED) {
			add(&sum, taken_at - due);
		} else if ((taken_at - due) * ns_per_tick > uncounted) {
			uncounted = (taken_at - due) * ns_per_tick;
		}
	}
	print_sum("wake_late", &sum);
	print_uncounted(uncounted);
	print_histogram();
}

/* Until the CPU has been another's for a while: the counter when it comes back. */
static uint64_t until_back(uint64_t *ran)
{
	uint64_t last = now(), first = last, gap = GAP_NS / ns_per_tick;

	for (;;) {
		uint64_t at = now();

		if (at - last > gap) {
			*ran += last - first;
			return at;
		}
		last = at;
	}
}

/* 2 ms in each 10, as tests/bench/sharing.dts has it: whole periods, in parts per million. */
static void budget(void)
{
	uint64_t ran = 0, start, stop = 0, wanted, error, count = machine_number("count", 50);

	until_back(&ran);
	ran = 0;
	start = until_back(&ran);
	ran = 0;
	for (uint64_t i = 0; i < count; i++) {
		stop = until_back(&ran);
	}
	wanted = (stop - start) / 5;
	error = ran > wanted ? ran - wanted : wanted - ran;
	print("budget_error", error * 100000000 / wanted, 0, count);
}

/* Its window is the first of a frame of 5 ms, which begins at the counter's multiples. */
static void window(void)
{
	uint64_t frame = sysreg_read(cntfrq_el0) / 200, count = machine_number("count", 100);
	uint64_t ran = 0;
	struct sum sum = {0};

	until_back(&ran);
	for (uint64_t i = 0; i < count; i++) {
		add(&sum, until_back(&ran) % frame);
	}
	print_sum("window_late", &sum);
	print_histogram();
}

static const struct {
	const char *role;
	void (*play)(void);
} roles[] = {
	{"ping", ping},	  {"echo", echo}, {"load", load},     {"busy", busy},
	{"calls", calls}, {"wake", wake}, {"budget", budget}, {"window", window},
};

void bench_main(uint64_t dtb, uint64_t first_count)
{
	(void)first_count;
	ns_per_tick = 1000000000 / sysreg_read(cntfrq_el0);
	if (!machine_find(dtb)) {
		call(PSCI_SYSTEM_OFF);
	}
	gic_start();
	gic_start_cpu(0);
	__asm__ volatile("msr daifclr, #2" ::: "memory");
	for (unsigned int i = 0; i < ARRAY_SIZE(roles); i++) {
		if (is_word("role", roles[i].role)) {
			roles[i].play();
		}
	}
	put_string("bench done\n");
	call(PSCI_SYSTEM_OFF);
}
