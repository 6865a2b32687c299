/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bench guest: what a hypervisor adds to the operations a guest makes. Meant for an emulator that
 * counts instructions (QEMU's -icount shift=0), where a nanosecond is an instruction. Prints one
 * line per operation, all at the end so that printing disturbs nothing:
 *
 *   bench NAME MEAN MAX COUNT      nanoseconds; MEAN over COUNT times, without the empty loop
 *   bench NAME n/a REASON
 *
 * With `only=NAME` in the device tree's /chosen/bootargs it does just that one; `only=NAME,NAME`
 * some. With `times=2` it does all twice as often: what a run executes more then is the operation
 * and nothing else. MAX comes from runs timed one by one, to the counter's resolution (16 ns at
 * 62.5 MHz).
 */
#include "tests/bench/console.h"
#include "tests/bench/cpuif.h"
#include "tests/bench/disk.h"
#include "tests/bench/entry.h"
#include "tests/bench/its.h"
#include "tests/bench/machine.h"
#include "tests/bench/net.h"
#include "tests/guest/lib/psci.h"

/* One of the two CPUs. */
struct cpu {
	uint64_t taken; /* interrupts so far; written by its owner, read by both */
	uint64_t when;	/* counter at the entry of the last one */
};

enum job {
	JOB_SPIN,
	JOB_SLEEP,
	JOB_OFF
};

struct result {
	const char *name;
	const char *missing; /* why there is no figure; NULL = there is */
	uint64_t hundredths; /* mean, ns */
	uint64_t max;	     /* ns */
	uint32_t count;
};

/* Both CPUs: no lock, each field has one writer, and interrupts or yields order the rest. */
static struct {
	struct cpu cpus[2];
	enum job job;
	bool started; /* the second CPU has reached C */
	uint64_t started_at;
	uint64_t traps; /* exceptions stepped over while `trap_expected` */
	bool trap_expected;
} bench;

static struct result results[48];
static unsigned int result_count;
static uint64_t empty_hundredths; /* of one turn of a loop */
static uint64_t ns_per_tick;
static uint32_t many = 10000, some = 1000; /* how often something is done */

static inline uint64_t now(void)
{
	isb(); /* what came before is over */
	return sysreg_read(cntvct_el0);
}

/* A call with arguments, by HVC. Inlined: what it costs belongs to the figure of CPU_ON. */
static inline int64_t call(uint64_t fn, uint64_t a1, uint64_t a2, uint64_t a3)
{
	register uint64_t x0 __asm__("x0") = fn;
	register uint64_t x1 __asm__("x1") = a1;
	register uint64_t x2 __asm__("x2") = a2;
	register uint64_t x3 __asm__("x3") = a3;

	__asm__ volatile("hvc #0"
			 : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)
			 :
			 : "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14",
			   "x15", "x16", "x17", "memory");
	return (int32_t)x0;
}

static inline struct cpu *cpu_self(void)
{
	return (struct cpu *)sysreg_read(tpidr_el1);
}

void irq_taken(uint64_t when)
{
	uint32_t taken = take(), intid = intid_of(taken);
	struct cpu *self = cpu_self();

	if (intid == BENCH_TIMER_VIRT) {
		sysreg_write(cntv_ctl_el0, 0);
		isb(); /* the line is down before the interrupt ends */
	} else if (intid == BENCH_TIMER_PHYS) {
		sysreg_write(cntp_ctl_el0, 0);
		isb(); /* as above */
	} else if (intid == BENCH_SGI_ANSWER) {
		send_sgi(BENCH_SGI, 1);
	} else if (intid == INTID_SPURIOUS) {
		return;
	}
	self->when = when;
	WRITE_ONCE(self->taken, self->taken + 1);
	end(taken);
}

uint64_t sync_taken(uint64_t esr, uint64_t elr, uint64_t far)
{
	if (bench.trap_expected) {
		bench.traps++;
		return esr >> 26 == 0x16 ? elr : elr + 4;
	}
	put_string("\nbench stops: unexpected exception, ESR ");
	put_hex(esr);
	put_string(" at ");
	put_hex(elr);
	put_string(" FAR ");
	put_hex(far);
	put_string("\n");
	call(PSCI_SYSTEM_OFF, 0, 0, 0);
	return elr;
}

/* False where bootargs ask for other operations. */
static bool wanted(const char *name)
{
	const char *only = machine_word("only");

	if (only == NULL) {
		return true;
	}
	for (;; only++) {
		const char *rest = name;

		while (*rest && *only == *rest) {
			only++;
			rest++;
		}
		if (!*rest && (!*only || *only == ',' || *only == ' ')) {
			return true;
		}
		while (*only && *only != ',' && *only != ' ') {
			only++;
		}
		if (*only != ',') {
			return false;
		}
	}
}

static struct result *add(const char *name)
{
	struct result *r;

	if (result_count == ARRAY_SIZE(results)) {
		put_string("\nbench stops: more results than results[] has room for\n");
		call(PSCI_SYSTEM_OFF, 0, 0, 0);
	}
	r = &results[result_count++];
	r->name = name;
	return r;
}

static void add_missing(const char *name, const char *why)
{
	if (wanted(name)) {
		add(name)->missing = why;
	}
}

static bool any_wanted(const char *const *names, unsigned int count)
{
	while (count && !wanted(names[count - 1])) {
		count--;
	}
	return count != 0;
}

static void add_all_missing(const char *const *names, unsigned int count, const char *why)
{
	for (unsigned int i = 0; i < count; i++) {
		add_missing(names[i], why);
	}
}

static void add_total(const char *name, uint64_t ticks, uint64_t max_ticks, uint32_t count)
{
	struct result *r = add(name);
	uint64_t hundredths = (ticks * ns_per_tick * 100 + count / 2) / count;

	r->hundredths = hundredths > empty_hundredths ? hundredths - empty_hundredths : 0;
	r->max = max_ticks * ns_per_tick;
	r->count = count;
}

/* MEAN from one loop of `n`, MAX from `n / 10` times on their own. `op` is one statement. */
#define MEASURE(name, n, op)                                                                       \
	do {                                                                                       \
		if (!wanted(name)) {                                                               \
			break;                                                                     \
		}                                                                                  \
		uint64_t measure_start, measure_end, measure_max = 0;                              \
		measure_start = now();                                                             \
		for (uint32_t measure_i = (n); measure_i; measure_i--) {                           \
			op;                                                                        \
		}                                                                                  \
		measure_end = now() - measure_start;                                               \
		for (uint32_t measure_i = (n) / 10; measure_i; measure_i--) {                      \
			uint64_t measure_one = now();                                              \
			op;                                                                        \
			measure_one = now() - measure_one;                                         \
			measure_max = measure_one > measure_max ? measure_one : measure_max;       \
		}                                                                                  \
		add_total(name, measure_end, measure_max, n);                                      \
	} while (0)

#define CALL_CLOBBERS                                                                              \
	"x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13",    \
		"x14", "x15", "x16", "x17", "memory"

static inline void hvc_psci_version(void)
{
	__asm__ volatile("movz x0, #0x8400, lsl #16\n\thvc #0" ::: CALL_CLOBBERS);
}

static inline void hvc_smccc_version(void)
{
	__asm__ volatile("movz x0, #0x8000, lsl #16\n\thvc #0" ::: CALL_CLOBBERS);
}

static inline void smc_psci_version(void)
{
	__asm__ volatile("movz x0, #0x8400, lsl #16\n\tsmc #0" ::: CALL_CLOBBERS);
}

static void bench_calls(void)
{
	MEASURE("hvc_psci_version", many, hvc_psci_version());
	MEASURE("hvc_smccc_version", many, hvc_smccc_version());
	bench.trap_expected = true;
	smc_psci_version();
	bench.trap_expected = false;
	if (bench.traps) {
		add_missing("smc_psci_version", "SMC is undefined here");
	} else {
		MEASURE("smc_psci_version", many, smc_psci_version());
	}
}

/* The same with one of the registers that compilers keep values in (x19 to x28). */
static inline void id_register_x20(void)
{
	__asm__ volatile("mrs x20, id_aa64pfr0_el1" ::: "x20");
}

static inline void typer_x20(uint64_t typer)
{
	__asm__ volatile("ldr w20, [%0]" ::"r"(typer) : "x20");
}

static void bench_registers(void)
{
	uint64_t typer = machine.gicd + GICD_TYPER;
	/* of one disabled SPI, set and cleared in turn: each write changes something */
	uint64_t isenabler1 = machine.gicd + GICD_ISENABLER + 4;
	uint64_t icenabler1 = machine.gicd + GICD_ICENABLER + 4;
	uint64_t ispendr1 = machine.gicd + GICD_ISPENDR + 4;
	uint64_t icpendr1 = machine.gicd + GICD_ICPENDR + 4;

	MEASURE("id_register", many, sysreg_read(id_aa64pfr0_el1));
	MEASURE("id_register_x20", many, id_register_x20());
	MEASURE("gicd_typer", many, mmio_read32(typer));
	MEASURE("gicd_typer_x20", many, typer_x20(typer));
	MEASURE("isenabler_zero", many, mmio_write32(isenabler1, 0));
	mmio_write32(isenabler1, BIT(8));
	MEASURE("isenabler_same", many, mmio_write32(isenabler1, BIT(8)));
	mmio_write32(icenabler1, BIT(8));
	MEASURE("isenabler_one", many,
		mmio_write32(measure_i % 2 ? icenabler1 : isenabler1, BIT(8)));
	MEASURE("ispendr_one", many, mmio_write32(measure_i % 2 ? icpendr1 : ispendr1, BIT(8)));
}

/* Waits for the interrupt that has just been caused on this CPU. */
static inline void wait_taken(struct cpu *self, uint64_t before)
{
	while (READ_ONCE(self->taken) == before) {
		cpu_yield();
	}
}

static inline void sgi_self(struct cpu *self)
{
	uint64_t before = self->taken;

	send_sgi(BENCH_SGI, 1);
	wait_taken(self, before);
}

/* More SGIs in turn than a CPU has list registers (4, most often). */
static inline void sgi_self_rotating(struct cpu *self, uint32_t turn)
{
	uint64_t before = self->taken;

	send_sgi(BENCH_SGI_ROTATING + turn % BENCH_SGI_ROTATING_COUNT, 1);
	wait_taken(self, before);
}

static inline void timer_virtual(struct cpu *self)
{
	uint64_t before = self->taken;

	sysreg_write(cntv_cval_el0, sysreg_read(cntvct_el0));
	sysreg_write(cntv_ctl_el0, 1);
	isb(); /* the line is up */
	wait_taken(self, before);
}

static inline void timer_physical(struct cpu *self)
{
	uint64_t before = self->taken;

	sysreg_write(cntp_cval_el0, sysreg_read(cntpct_el0));
	sysreg_write(cntp_ctl_el0, 1);
	isb(); /* the line is up */
	wait_taken(self, before);
}

static inline void message(struct cpu *self)
{
	uint64_t before = self->taken;

	mmio_write32(machine.message, machine.message_intid);
	wait_taken(self, before);
}

static inline void lpi(struct cpu *self)
{
	uint64_t before = self->taken;

	its_int();
	wait_taken(self, before);
}

/* Shifts where in a tick of the counter the next turn begins, so that rounding evens out. */
static void shift_phase(uint32_t i)
{
	for (uint32_t j = i % 16; j; j--) {
		__asm__ volatile("nop");
	}
}

#define RTC_DR	 0x00
#define RTC_MR	 0x04
#define RTC_IMSC 0x10
#define RTC_RIS	 0x14

#define MBIGEN_VECTOR(pin) (0x1200 + 4 * ((pin)-64)) /* the event in bits 21:12 */

/*
 * A device's message, from the write that raises its line (a PL031's, whose alarm is over, when it
 * gets unmasked) until its LPI has been taken and ended. Its pin goes by edge, so that nothing else
 * has to be done meanwhile.
 */
static void bench_device_message(struct cpu *self)
{
	uint64_t imsc = machine.rtc + RTC_IMSC, total = 0, max = 0;

	if (!wanted("lpi_device")) {
		return;
	}
	its_map(machine.mbigen_device, BENCH_LPI_DEVICE);
	mmio_write32(machine.mbigen + MBIGEN_VECTOR(machine.rtc_pin), 0);
	mmio_write32(imsc, 0);
	while (!(mmio_read32(machine.rtc + RTC_RIS) & 1)) {
		mmio_write32(machine.rtc + RTC_MR, mmio_read32(machine.rtc + RTC_DR));
	}
	for (uint32_t i = 0; i < many; i++) {
		uint64_t before = self->taken, start, took;

		shift_phase(i);
		start = now();
		mmio_write32(imsc, 1);
		wait_taken(self, before);
		took = now() - start;
		total += took;
		max = took > max ? took : max;
		mmio_write32(imsc, 0);
	}
	add_total("lpi_device", total, max, many);
}

static void bench_messages(struct cpu *self)
{
	if (machine.message) {
		gic_start_edge(machine.message_intid);
		MEASURE("message_spi", many, message(self));
	} else {
		add_missing("message_spi", "nothing turns messages into SPIs here");
	}
	if (its_start()) {
		MEASURE("lpi_int", many, lpi(self));
	} else {
		add_missing("lpi_int", "this machine has no ITS");
	}
	if (machine.its && machine.rtc) {
		bench_device_message(self);
	} else {
		add_missing("lpi_device", "no device here has a line that becomes an LPI");
	}
}

static inline void read_disk(struct cpu *self, bool packed)
{
	uint64_t before = self->taken;

	if (packed) {
		disk_read_packed();
	} else {
		disk_read();
	}
	wait_taken(self, before);
	disk_taken();
}

/* The device's part of the last two is the same but for one copy. */
static void bench_disk(struct cpu *self)
{
	static const char *const names[] = {"disk_notify", "disk_read_none", "disk_read_4k"};

	if (!disk_start()) {
		add_all_missing(names, ARRAY_SIZE(names), "this machine has no virtio disk");
		return;
	}
	MEASURE("disk_notify", many, disk_notify());
	disk_prepare(0);
	MEASURE("disk_read_none", many, read_disk(self, false));
	disk_prepare(4096);
	MEASURE("disk_read_4k", many, read_disk(self, false));
	if (wanted(names[2]) && !disk_is_good()) {
		put_string("\nbench: the disk has not done what it was asked for\n");
	}
}

static void bench_disk_packed(struct cpu *self)
{
	static const char *const names[] = {"disk_notify_packed", "disk_read_none_packed",
					    "disk_read_4k_packed"};

	if (any_wanted(names, ARRAY_SIZE(names)) && !disk_start_packed(0)) {
		add_all_missing(names, ARRAY_SIZE(names), "no virtio disk here has packed rings");
		return;
	}
	MEASURE("disk_notify_packed", many, disk_notify());
	MEASURE("disk_read_none_packed", many, read_disk(self, true));
	if (!wanted(names[2])) {
		return;
	}
	disk_start_packed(4096);
	MEASURE("disk_read_4k_packed", many, read_disk(self, true));
	if (!disk_is_good()) {
		put_string("\nbench: the disk has not done what it was asked for, packed\n");
	}
}

static const uint32_t net_sizes[] = {64, 1514, 65535};

static inline void send_frame(struct cpu *self, enum net_rings rings)
{
	uint64_t before = self->taken;

	if (rings == NET_PACKED) {
		net_send_packed();
	} else if (rings == NET_MERGED) {
		net_send_merged();
	} else {
		net_send();
	}
	wait_taken(self, before);
	wait_taken(self, before + 1);
	net_taken();
}

static void bench_net(struct cpu *self)
{
	static const char *const names[] = {"net_64", "net_1514", "net_64k"};
	bool works = net_start(NET_SPLIT);

	for (unsigned int i = 0; i < ARRAY_SIZE(names); i++) {
		if (!works) {
			add_missing(names[i], "this machine has no two ports of a network");
			continue;
		}
		net_prepare(net_sizes[i]);
		MEASURE(names[i], some, send_frame(self, NET_SPLIT));
		if (wanted(names[i]) && !net_is_good()) {
			put_string("\nbench: a frame has not arrived as it was sent\n");
		}
	}
}

static void bench_net_merged(struct cpu *self)
{
	if (!wanted("net_64k_merged")) {
		return;
	}
	if (!net_start(NET_MERGED)) {
		add_missing("net_64k_merged", "this machine has no two ports of a network");
		return;
	}
	net_prepare(net_sizes[2]);
	MEASURE("net_64k_merged", some, send_frame(self, NET_MERGED));
	if (!net_is_good()) {
		put_string("\nbench: a frame has not arrived as it was sent, merged\n");
	}
}

static void bench_net_packed(struct cpu *self)
{
	static const char *const names[] = {"net_64_packed", "net_1514_packed", "net_64k_packed"};

	if (any_wanted(names, ARRAY_SIZE(names)) && !net_start(NET_PACKED)) {
		add_all_missing(names, ARRAY_SIZE(names), "no two ports here have packed rings");
		return;
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(names); i++) {
		if (!wanted(names[i])) {
			continue;
		}
		net_prepare(net_sizes[i]);
		MEASURE(names[i], some, send_frame(self, NET_PACKED));
		if (!net_is_good()) {
			put_string("\nbench: a frame has not arrived as it was sent, packed\n");
		}
	}
}

/*
 * Sleeps are this long, in ticks (1 ms): hosts that poll before they sleep for real (KVM, half a
 * millisecond) have stopped to by then. Asleep, an emulator that counts skips the time.
 */
static uint64_t long_sleep;

/* How much later than the virtual timer's compare value the vector runs. */
static void bench_lateness(const char *name, struct cpu *self, bool asleep)
{
	uint64_t total = 0, max = 0;
	struct result *r;

	if (!wanted(name)) {
		return;
	}
	for (uint32_t i = 0; i < some; i++) {
		uint64_t before = self->taken, late;
		uint64_t due = now() + (asleep ? long_sleep : 1000) + i % 64;

		sysreg_write(cntv_cval_el0, due);
		sysreg_write(cntv_ctl_el0, 1);
		isb(); /* armed before the wait */
		while (READ_ONCE(self->taken) == before) {
			if (asleep) {
				__asm__ volatile("wfi" ::: "memory");
			}
		}
		late = self->when - due;
		total += late;
		max = late > max ? late : max;
	}
	r = add(name);
	r->hundredths = total * ns_per_tick * 100 / some;
	r->max = max * ns_per_tick;
	r->count = some;
}

static void bench_interrupts(struct cpu *self)
{
	MEASURE("sgi_self", many, sgi_self(self));
	MEASURE("sgi_self_rotating", many, sgi_self_rotating(self, measure_i));
	/* after more interrupts than there are list registers, two that are in use */
	MEASURE("sgi_and_timer", many, {
		sgi_self(self);
		timer_virtual(self);
	});
	MEASURE("virtual_timer", many, timer_virtual(self));
	MEASURE("physical_timer", many, timer_physical(self));
	/* after an interrupt that is emulated level-sensitive */
	MEASURE("both_timers", many, {
		timer_physical(self);
		timer_virtual(self);
	});
	bench_lateness("timer_spin", self, false);
	bench_lateness("timer_wfi", self, true);
}

/* Lets the other CPU get to where it waits. */
static void settle(uint32_t i)
{
	for (uint32_t turn = 0; turn < 30; turn++) {
		for (uint32_t j = 50; j; j--) {
			__asm__ volatile("");
		}
		cpu_yield();
	}
	shift_phase(i);
}

/* The same for a CPU that is to be fast asleep: this one sleeps meanwhile. */
static void settle_asleep(uint32_t i)
{
	struct cpu *self = cpu_self();
	uint64_t before = self->taken;

	sysreg_write(cntv_cval_el0, now() + long_sleep);
	sysreg_write(cntv_ctl_el0, 1);
	isb(); /* armed before the wait */
	while (READ_ONCE(self->taken) == before) {
		__asm__ volatile("wfi" ::: "memory");
	}
	shift_phase(i);
}

/* SGIs to the other CPU, one way (until this one sees that it was taken) or there and back. */
static void bench_cross(const char *name, enum job job, uint32_t sgi, uint32_t count)
{
	struct cpu *answers = &bench.cpus[sgi == BENCH_SGI_ANSWER ? 0 : 1];
	uint64_t total = 0, max = 0;

	if (!wanted(name)) {
		return;
	}
	WRITE_ONCE(bench.job, job);
	send_sgi(BENCH_SGI, 2); /* it looks for its job when it wakes */
	for (uint32_t i = 0; i < count; i++) {
		uint64_t before, start, took;

		if (job == JOB_SLEEP) {
			settle_asleep(i);
		} else {
			settle(i);
		}
		before = READ_ONCE(answers->taken);
		start = now();
		send_sgi(sgi, 2);
		wait_taken(answers, before);
		took = now() - start;
		total += took;
		max = took > max ? took : max;
	}
	add_total(name, total, max, count);
}

/* The second CPU: waits as told, takes interrupts. */
void bench_other(unsigned int index)
{
	bench.started_at = sysreg_read(cntvct_el0);
	WRITE_ONCE(bench.started, true);
	sysreg_write(tpidr_el1, &bench.cpus[index]);
	if (READ_ONCE(bench.job) != JOB_OFF) {
		gic_start_cpu(index);
		__asm__ volatile("msr daifclr, #2" ::: "memory");
	}
	while (READ_ONCE(bench.job) != JOB_OFF) {
		while (READ_ONCE(bench.job) == JOB_SPIN) {
			cpu_yield();
		}
		/* Masked, so that the interrupt can't slip in between the look and the sleep. */
		__asm__ volatile("msr daifset, #2" ::: "memory");
		if (READ_ONCE(bench.job) == JOB_SLEEP) {
			__asm__ volatile("wfi" ::: "memory");
		}
		__asm__ volatile("msr daifclr, #2\n\tisb" ::: "memory");
	}
	__asm__ volatile("msr daifset, #2" ::: "memory");
	call(PSCI_CPU_OFF, 0, 0, 0);
}

/* Ticks from the call until the other CPU runs C; negative: the call's error. */
static int64_t start_other(void)
{
	uint64_t start;
	int64_t error;

	WRITE_ONCE(bench.started, false);
	start = now();
	error = call(PSCI_CPU_ON, 1, (uint64_t)other_entry, 1);
	if (error) {
		return error;
	}
	while (!READ_ONCE(bench.started)) {
		cpu_yield();
	}
	return (int64_t)(bench.started_at - start);
}

static void wait_other_off(void)
{
	while (call(PSCI_AFFINITY_INFO, 1, 0, 0) != PSCI_AFFINITY_OFF) {
		cpu_yield();
	}
}

static void bench_cpu_on(void)
{
	uint64_t total = 0, max = 0;

	WRITE_ONCE(bench.job, JOB_OFF);
	send_sgi(BENCH_SGI, 2);
	for (uint32_t i = wanted("cpu_on") ? 0 : some; i < some; i++) {
		uint64_t took;

		wait_other_off();
		settle_asleep(i);
		took = (uint64_t)start_other();
		total += took;
		max = took > max ? took : max;
	}
	wait_other_off();
	if (wanted("cpu_on")) {
		add_total("cpu_on", total, max, some);
	}
}

static void bench_two(void)
{
	static const char *const names[] = {"sgi_spin_oneway", "sgi_spin_round", "sgi_wfi_oneway",
					    "sgi_wfi_round", "cpu_on"};

	bench.job = JOB_SPIN;
	if (start_other() < 0) {
		add_all_missing(names, ARRAY_SIZE(names), "this machine has one CPU");
		return;
	}
	settle(0);
	bench_cross(names[0], JOB_SPIN, BENCH_SGI, many);
	bench_cross(names[1], JOB_SPIN, BENCH_SGI_ANSWER, many);
	bench_cross(names[2], JOB_SLEEP, BENCH_SGI, some);
	bench_cross(names[3], JOB_SLEEP, BENCH_SGI_ANSWER, some);
	bench_cpu_on();
}

static void bench_uart(void)
{
	if (!machine.uart) {
		add_missing("pl011_char", "this machine has no PL011");
		return;
	}
	if (!wanted("pl011_char")) {
		return;
	}
	/* Lines of 10: a console that works by lines gets some. */
	for (uint32_t i = 0; i < 10; i++) {
		put_string(".........\n");
	}
	MEASURE("pl011_char", some, put_char(measure_i % 50 ? '.' : '\n'));
	put_char('\n');
}

static inline void send_character(struct cpu *self, char c, bool packed)
{
	uint64_t before = self->taken;

	if (packed) {
		console_send_packed(c);
	} else {
		console_send(c);
	}
	wait_taken(self, before);
	console_taken();
}

static void check_console(void)
{
	if (!console_is_good()) {
		put_string("\nbench: the console has not taken what it was given\n");
	}
}

static void bench_console(struct cpu *self)
{
	if (!console_start()) {
		add_missing("console_char", "this machine has no virtio console");
		return;
	}
	MEASURE("console_char", some, send_character(self, measure_i % 50 ? '.' : '\n', false));
	if (wanted("console_char")) {
		send_character(self, '\n', false);
		check_console();
	}
}

static void bench_console_packed(struct cpu *self)
{
	if (!wanted("console_char_packed")) {
		return;
	}
	if (!console_start_packed()) {
		add_missing("console_char_packed", "no virtio console here has packed rings");
		return;
	}
	MEASURE("console_char_packed", some,
		send_character(self, measure_i % 50 ? '.' : '\n', true));
	send_character(self, '\n', true);
	check_console();
}

static void print_results(void)
{
	for (unsigned int i = 0; i < result_count; i++) {
		const struct result *r = &results[i];

		put_string("bench ");
		put_string(r->name);
		put_char(' ');
		if (r->missing) {
			put_string("n/a ");
			put_string(r->missing);
		} else {
			put_hundredths(r->hundredths);
			put_char(' ');
			put_number(r->max);
			put_char(' ');
			put_number(r->count);
		}
		put_string("\n");
	}
	put_string("bench done\n");
}

static void bench_empty(void)
{
	uint64_t start = now();

	for (uint32_t i = many; i; i--) {
		__asm__ volatile("");
	}
	empty_hundredths = (now() - start) * ns_per_tick * 100 / many;
}

void bench_main(uint64_t dtb, uint64_t first_count)
{
	struct cpu *self = &bench.cpus[0];

	sysreg_write(tpidr_el1, self);
	ns_per_tick = 1000000000 / sysreg_read(cntfrq_el0);
	long_sleep = sysreg_read(cntfrq_el0) / 1000;
	if (!machine_find(dtb)) {
		call(PSCI_SYSTEM_OFF, 0, 0, 0);
	}
	many *= (uint32_t)machine_number("times", 1);
	some *= (uint32_t)machine_number("times", 1);
	if (wanted("reset_to_first")) {
		add_total("reset_to_first", first_count, first_count, 1);
	}
	put_string("bench starts\n");
	gic_start();
	gic_start_cpu(0);
	/* What the machine still does about its own start and that line is over by then. */
	for (uint64_t end = now() + sysreg_read(cntfrq_el0) / 100; now() < end;) {
		cpu_yield();
	}
	bench_empty();
	bench_calls();
	bench_registers();
	__asm__ volatile("msr daifclr, #2" ::: "memory");
	bench_interrupts(self);
	bench_messages(self);
	bench_disk(self);
	bench_disk_packed(self);
	bench_net(self);
	bench_net_merged(self);
	bench_net_packed(self);
	bench_two();
	bench_uart();
	bench_console(self);
	bench_console_packed(self);
	print_results();
	call(PSCI_SYSTEM_OFF, 0, 0, 0);
}
