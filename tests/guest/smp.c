/* SPDX-License-Identifier: Apache-2.0 */
/* Several CPUs: start, interrupts between them, locks, events, FP registers kept. */
#include "tests/guest/lib/cpu.h"
#include "tests/guest/lib/fpregs.h"
#include "tests/guest/lib/gic.h"
#include "tests/guest/lib/psci.h"
#include "tests/guest/lib/spin.h"
#include "tests/guest/lib/string.h"
#include "tests/guest/lib/tap.h"
#include "tests/guest/lib/timer.h"

#define PING_SGI     3
#define PING_ROUNDS  2000
#define LOCK_ROUNDS  2000
#define EVENT_ROUNDS 20
#define FP_ROUNDS    100

static unsigned int count;
static uint64_t seen_mpidr[MACHINE_MAX_CPUS];

static void note_mpidr(void *arg)
{
	(void)arg;
	seen_mpidr[cpu_this()->index] = sysreg_read(mpidr_el1) & 0xff00ffffff;
}

static void test_start(void)
{
	bool right = true;

	count = cpu_count();
	in_range(count, 4, MACHINE_MAX_CPUS, "PSCI knows at least four CPUs");
	ok(cpu_run_on_all(count, note_mpidr, NULL), "every CPU starts, runs and turns off");
	for (unsigned int i = 0; i < count; i++) {
		right &= seen_mpidr[i] == cpu_mpidr(i);
	}
	ok(right, "each CPU has the MPIDR that it was started by");
}

/* Ping-pong: each side waits in WFI for the other's SGI before it sends its own. */
static unsigned int pings[MACHINE_MAX_CPUS];
static bool pong_ready;

static void on_ping(unsigned int intid, void *arg)
{
	unsigned int me = cpu_this()->index;

	(void)intid;
	(void)arg;
	WRITE_ONCE(pings[me], pings[me] + 1);
}

/* Masked around the check, so that the interrupt can't slip in between it and WFI. */
static void wait_pings(unsigned int wanted)
{
	while (READ_ONCE(pings[cpu_this()->index]) < wanted) {
		irq_mask();
		if (READ_ONCE(pings[cpu_this()->index]) < wanted) {
			cpu_wfi();
		}
		irq_unmask();
	}
}

static void pong(void *arg)
{
	(void)arg;
	gic_setup_cpu();
	gic_connect(PING_SGI, on_ping, NULL);
	WRITE_ONCE(pong_ready, true);
	irq_unmask();
	for (unsigned int i = 1; i <= PING_ROUNDS; i++) {
		wait_pings(i);
		gic_send_sgi(PING_SGI, BIT(0));
	}
}

static void test_ping_pong(void)
{
	gic_connect(PING_SGI, on_ping, NULL);
	irq_unmask();
	is(cpu_start(1, pong, NULL), PSCI_SUCCESS, "the CPU to play with starts");
	/* Setting itself up may drop an SGI that comes before: wait until it listens. */
	WAIT(READ_ONCE(pong_ready));
	for (unsigned int i = 1; i <= PING_ROUNDS; i++) {
		gic_send_sgi(PING_SGI, BIT(1));
		wait_pings(i);
	}
	ok(cpu_join(1), "10000 interrupts went to another CPU and 10000 came back");
	is(pings[0], PING_ROUNDS, "none of those that came back is lost or doubled");
	is(pings[1], PING_ROUNDS, "none of those that went is lost or doubled");
	irq_mask();
}

static struct spin lock;
static struct {
	uint64_t locked, exclusive;
} counts;

static void add_exclusive(uint64_t *p)
{
	uint64_t v;
	uint32_t failed;

	__asm__ volatile("1:	ldxr	%0, [%2]\n"
			 "	add	%0, %0, #1\n"
			 "	stxr	%w1, %0, [%2]\n"
			 "	cbnz	%w1, 1b\n"
			 : "=&r"(v), "=&r"(failed)
			 : "r"(p)
			 : "memory");
}

static void count_up(void *arg)
{
	(void)arg;
	for (unsigned int i = 0; i < LOCK_ROUNDS; i++) {
		spin_lock(&lock);
		counts.locked++;
		spin_unlock(&lock);
		add_exclusive(&counts.exclusive);
	}
}

static void test_locks(void)
{
	ok(cpu_run_on_all(count, count_up, NULL), "all CPUs count under a lock and come back");
	is(counts.locked, (uint64_t)count * LOCK_ROUNDS, "a spinlock loses no count");
	is(counts.exclusive, (uint64_t)count * LOCK_ROUNDS, "exclusive adds lose no count");
}

/* A token goes round; the CPUs sleep in WFE until the store and SEV of the one before them. */
static unsigned int token;

static void pass_token(void *arg)
{
	unsigned int me = cpu_this()->index;

	(void)arg;
	for (unsigned int i = 0; i < EVENT_ROUNDS; i++) {
		while (READ_ONCE(token) != i * count + me) {
			cpu_wfe();
		}
		dmb(ish); /* the token seen before the token passed on */
		WRITE_ONCE(token, token + 1);
		cpu_sev();
	}
}

static void test_events(void)
{
	ok(cpu_run_on_all(count, pass_token, NULL), "WFE wakes by another CPU's SEV, 20 rounds");
	is(token, EVENT_ROUNDS * count, "the token went round in order");
}

static unsigned int fp_bad[MACHINE_MAX_CPUS];
static unsigned int fp_ticks[MACHINE_MAX_CPUS];

static void on_fp_timer(unsigned int intid, void *arg)
{
	(void)intid;
	(void)arg;
	fp_ticks[cpu_this()->index]++;
	timer_set(counter_now() + counter_hz() / 1000);
}

/* Traps and interrupts while a pattern of this CPU's own is in every register. */
static void keep_fp(void *arg)
{
	unsigned int me = cpu_this()->index;
	struct fpregs want = {.fpcr = 3 << 22, .fpsr = 0x1f}, got;

	(void)arg;
	for (unsigned int i = 0; i < 64; i++) {
		want.v[i] = (me + 1) * UINT64_C(0x0101010101010101) ^ (uint64_t)i << 32;
	}
	if (me) {
		gic_setup_cpu();
	}
	gic_connect(INTID_TIMER_VIRT, on_fp_timer, NULL);
	timer_set(counter_now());
	irq_unmask();
	for (unsigned int i = 0; i < FP_ROUNDS; i++) {
		fpregs_load(&want);
		mmio_read32(GICD_BASE + GICD_TYPER);
		psci_call(PSCI_VERSION, 0, 0, 0);
		mmio_write32(gic_reg(GICD_ISENABLER, 0, 1), 0);
		fpregs_store(&got);
		fp_bad[me] += memcmp(&want, &got, sizeof(want)) != 0;
	}
	irq_mask();
	timer_stop();
}

static void test_fp(void)
{
	unsigned int bad = 0, quiet = 0;

	ok(cpu_run_on_all(count, keep_fp, NULL), "all CPUs trap with patterns in v0-v31");
	for (unsigned int i = 0; i < count; i++) {
		bad += fp_bad[i];
		quiet += !fp_ticks[i];
	}
	is(bad, 0, "v0-v31, FPCR and FPSR survive device reads, calls and interrupts");
	is(quiet, 0, "every CPU was interrupted meanwhile");
}

int main(void)
{
	gic_setup();
	test_start();
	test_ping_pong();
	test_locks();
	test_events();
	test_fp();
	tap_done();
}
