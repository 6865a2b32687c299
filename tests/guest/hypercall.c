/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hypervisor's own calls, docs/hypercalls.md: in a VM that manages another. The same program is
 * in all three VMs of tests/guest/hypercall.dts: the worker sleeps, the stranger asks for what it
 * may not have and goes off.
 */
#include "tests/guest/lib/cpu.h"
#include "tests/guest/lib/psci.h"
#include "tests/guest/lib/string.h"
#include "tests/guest/lib/tap.h"

#define CALL(n)	 (0xc6000000 + (n))
#define UID	 0x8600ff01
#define REVISION 0x8600ff03

#define YIELD	   1
#define FEATURES   2
#define VM_LIST	   3
#define VM_INFO	   4
#define VCPU_INFO  5
#define BOARD_INFO 6
#define VM_START   8
#define VM_STOP	   9
#define VM_PAUSE   10
#define VM_RESUME  11
#define VM_RESTART 12
#define VM_KILL	   13
#define SET_CPU	   14
#define SET_PRIO   15
#define STAT	   17
#define REGS	   18
#define TRACE	   19
#define IRQS	   20
#define MEMORY	   21
#define AUDIT	   22
#define CPU_INFO   23
#define WINDOWS	   24
#define LOG_READ   25
#define LOG_LAST   26
#define TIMES	   27
#define WAITS	   28
#define MEASURE	   29
#define RESET	   30
#define POWER_OFF  31
#define BANNER	   32
#define TREE	   33
#define VM_BALLOON 34
#define SET_MEMORY 35
#define PORTS	   36
#define SOCKETS	   37

/* All but those of the board's CPUs, and of the whole board. */
#define FEATURES_HERE UINT64_C(0x3c3e7eff7e)

#define BOARD 0xffffffff
#define END   (~UINT64_C(0))

#define OK	      0
#define NOT_SUPPORTED (-1)
#define INVALID	      (-2)
#define DENIED	      (-3)
#define BAD_ADDRESS   (-4)
#define BUSY	      (-5)
#define ALREADY	      (-6)
#define NOT_FOUND     (-7)
#define NO_ROOM	      (-8)

#define OFF	0
#define RUNNING 2
#define PAUSED	5

#define CONTROL	    UINT64_C(0x090c0000)
#define INFO_SIZE   88
#define RAM_END	    (RAM_BASE + 0x4000000)
#define SCRATCH	    (RAM_BASE + 0x1800000) /* nobody else's */
#define SCRATCH_END (SCRATCH + 0x1000)
#define CANARY	    0xa5

#define RANDOM_CALLS 20000

enum {
	ME,
	WORKER,
	STRANGER
};

static struct smccc_regs r;

static int64_t call(unsigned int n, uint64_t a, uint64_t b, uint64_t ipa, uint64_t size)
{
	r = (struct smccc_regs){.x = {CALL(n), a, b, ipa, size}};
	smccc_hvc(&r);
	return (int64_t)r.x[0];
}

static uint32_t word(uint64_t offset)
{
	return *(volatile uint32_t *)(uintptr_t)(SCRATCH + offset);
}

static void prepare(void)
{
	memset((void *)SCRATCH, CANARY, SCRATCH_END - SCRATCH);
}

/* Bytes of the scratch page that are not the canary's any more, from the first to the last. */
static unsigned int written(void)
{
	for (unsigned int n = SCRATCH_END - SCRATCH; n != 0; n--) {
		if (((volatile uint8_t *)SCRATCH)[n - 1] != CANARY) {
			return n;
		}
	}
	return 0;
}

static uint32_t state(unsigned int vm)
{
	return call(VM_INFO, vm, 0, SCRATCH, INFO_SIZE) == OK ? word(12) : ~0U;
}

static uint32_t reason(unsigned int vm)
{
	return call(VM_INFO, vm, 0, SCRATCH, INFO_SIZE) == OK ? word(16) : ~0U;
}

static void test_discovery(void)
{
	struct smccc_regs smc = {.x = {UID}};

	smccc_smc(&smc);
	r = (struct smccc_regs){.x = {UID}};
	smccc_hvc(&r);
	ok(r.x[0] == 0x6074708d && r.x[1] == 0xb54f15e3 && r.x[2] == 0xca1f6694 &&
		   r.x[3] == 0x73426426,
	   "the call UID is Bulkhead's");
	is(memcmp(&smc, &r, 4 * sizeof(r.x[0])), 0, "by SMC too");
	is(psci_call(REVISION, 0, 0, 0), 1, "the revision is 1");
	is(call(FEATURES, 0, 0, 0, 0), OK, "FEATURES answers");
	is(r.x[1], FEATURES_HERE, "with a bit for each call that this VM may make");
	is(r.x[2], 0x10002, "and the version");
	is(call(0, 0, 0, 0, 0), (uint64_t)NOT_SUPPORTED, "there is no call 0");
	is(call(7, 0, 0, 0, 0), (uint64_t)NOT_SUPPORTED, "no call 7");
	is(call(16, 0, 0, 0, 0), (uint64_t)NOT_SUPPORTED, "no call 16 any more");
	is(call(SOCKETS + 1, 0, 0, 0, 0), (uint64_t)NOT_SUPPORTED, "and none behind the last");
	is(call(VM_BALLOON, ME, 0, SCRATCH, 4096), (uint64_t)NOT_FOUND, "no balloon is here");
	is(call(SET_MEMORY, WORKER, 4096, 0, 0), (uint64_t)NOT_FOUND, "nor at the other");
	is(call(SET_MEMORY, ME, 4096, 0, 0), (uint64_t)DENIED, "and one's own memory is no call's");
	is(call(YIELD, 0, 0, 0, 0), OK, "YIELD comes back");
	is(call(VM_LIST, 0, 0, 0, 0), OK, "VM_LIST answers");
	is(r.x[1], 1 << ME | 1 << WORKER, "with this VM and the one it manages");
	is(r.x[2], ME, "and says which it is itself");
	call(VM_LIST, 1, 0, 0, 0);
	is(r.x[1], 0, "there are no VMs from 64 on");
	call(VM_LIST, ~UINT64_C(0), 0, 0, 0);
	is(r.x[1], 0, "nor anywhere else");
}

static void test_info(void)
{
	prepare();
	is(call(VM_INFO, ME, 0, SCRATCH, 4096), OK, "VM_INFO answers");
	is(r.x[1], INFO_SIZE, "with the size of its structure");
	ok(word(0) == 0x10002 && word(4) == INFO_SIZE && word(8) == ME && word(12) == RUNNING &&
		   word(20) == 2 && word(32) == 0x4000000,
	   "which says what this VM is");
	is(memcmp((void *)(SCRATCH + 56), "guest", 6), 0, "and its name");
	is(written(), INFO_SIZE, "nothing is written behind it");
	prepare();
	is(call(VM_INFO, ME, 0, SCRATCH + 3, 10), OK, "a part of it may be asked for, anywhere");
	is(written(), 13, "no byte more is written");
	is(call(VCPU_INFO, ME, 1, SCRATCH, 4096), OK, "VCPU_INFO answers");
	ok(word(8) == ME && word(12) == 1 && word(20) == 0, "of a CPU that is off");
	is(call(VCPU_INFO, ME, 2, SCRATCH, 4096), (uint64_t)INVALID, "there is no CPU 2");
	is(call(VCPU_INFO, ME, UINT64_C(1) << 32, SCRATCH, 4096), (uint64_t)INVALID,
	   "nor CPU 2^32");
	is(call(BOARD_INFO, 0, 0, SCRATCH, 4096), OK, "BOARD_INFO answers");
	is(word(8), 3, "of three VMs");
	prepare();
	r = (struct smccc_regs){
		.x = {0x86000000 + VM_INFO, UINT64_C(1) << 32, 0, UINT64_C(1) << 32 | SCRATCH, 8}};
	smccc_hvc(&r);
	is(r.x[0], OK, "the 32-bit form ignores upper halves");
	is(written(), 8, "also of the address");
}

static uint64_t long_word(uint64_t offset)
{
	return *(volatile uint64_t *)(SCRATCH + offset);
}

/* Of this VM's own log, which holds what this test has said so far. */
static void test_log(void)
{
	uint32_t chunks = 0, strange = 0, newlines = 0, left;
	uint64_t at = 0, end;

	do {
		strange += call(LOG_READ, ME, at, SCRATCH, 4096) != OK;
		strange += word(8) != ME || long_word(16) != at || long_word(24) != 0;
		strange += r.x[1] != word(4) || word(4) != 40 + word(12);
		for (uint32_t i = 0; i < word(12); i++) {
			newlines += ((volatile char *)SCRATCH)[40 + i] == '\n';
		}
		at = long_word(16) + word(12);
		end = long_word(32);
		chunks++;
	} while (strange == 0 && at != end && chunks < 100);
	call(LOG_READ, ME, end, SCRATCH, 4096); /* before this says anything more */
	left = word(12);
	ok(strange == 0 && chunks > 1, "a log is read piece by piece, each once");
	not_below(newlines, 20, "it has what this VM has printed");
	is(left, 0, "at its end nothing is left");
	call(LOG_READ, ME, end + UINT64_C(0x100000000), SCRATCH, 4096);
	is(long_word(16), 0, "who asks for what is not written yet begins anew, 4 GiB on too");
	is(call(LOG_READ, BOARD, 0, SCRATCH, 4096), (uint64_t)DENIED,
	   "the hypervisor's log is not for who manages but one VM");
	is(call(LOG_READ, STRANGER, 0, SCRATCH, 4096), (uint64_t)DENIED, "nor is a stranger's");
	is(call(LOG_LAST, ME, 0, SCRATCH, 4096), (uint64_t)NOT_FOUND,
	   "without a log-region there is none of the boot before");
	is(call(LOG_LAST, STRANGER, 0, SCRATCH, 4096), (uint64_t)DENIED,
	   "which of a stranger's it is not told");
}

/* Exits of a cause in what VM_TIMES says of a VM's first CPU. */
static uint64_t timed(uint32_t vm, uint32_t cause, uint64_t *total, uint64_t *max)
{
	uint64_t count = 0;

	call(TIMES, vm, 0, SCRATCH, 4096);
	for (unsigned int i = 0; i < word(8); i++) {
		uint64_t at = 24 + 32 * i;

		if (word(at) == 0 && word(at + 4) == cause) {
			count = long_word(at + 8);
			*total = long_word(at + 16);
			*max = long_word(at + 24);
		}
	}
	return count;
}

/* What all calls that a list takes tell of. */
static unsigned int timed_causes(uint32_t vm)
{
	uint64_t next = 0;
	unsigned int causes = 0;

	for (unsigned int calls = 0; next != END && calls < 100; calls++) {
		call(TIMES, vm, next, SCRATCH, 4096);
		causes += word(8);
		next = long_word(16);
	}
	return next == END ? causes : ~0U;
}

#define INTERRUPT 1 /* the cause */
#define KICKS	  20

/* The worker sleeps, on a CPU of its own, and exits when it is kicked: for each priority that is
 * another one. */
static uint64_t exits_of_worker(uint64_t *total, uint64_t *max)
{
	call(SET_PRIO, WORKER, 0, 8, 0);
	call(SET_PRIO, WORKER, 0, 7, 0);
	return timed(WORKER, INTERRUPT, total, max);
}

static void test_times(void)
{
	uint64_t total = 0, max = 0, waited = 0;
	unsigned int strange = 0;

	is(call(TIMES, ME, 0, SCRATCH, 4096), OK, "VM_TIMES answers");
	is(word(12), 32, "by records of that size");
	is(timed_causes(ME), 0, "with nothing where nobody asked for it");
	is(call(MEASURE, ME, 1, 1, 0), (uint64_t)DENIED, "a VM's own exits are not its to measure");
	is(call(MEASURE, STRANGER, 1, 1, 0), (uint64_t)DENIED, "nor a stranger's");
	is(call(MEASURE, WORKER, 2, 1, 0), (uint64_t)INVALID, "there are two things to measure");
	is(call(MEASURE, WORKER, 1, 2, 0), (uint64_t)INVALID, "on or off");
	is(call(MEASURE, WORKER, 1, 1, 0), OK, "how long its exits take can be measured");
	ok(WAIT(exits_of_worker(&total, &max) >= KICKS), "they are counted then");
	ok(max > 0 && total >= max && max < 10000000, "with their time");
	is(call(MEASURE, WORKER, 1, 0, 0), OK, "until nobody wants it any more");
	ok(WAIT(timed_causes(WORKER) == 0), "then none are told");
	is(call(MEASURE, WORKER, 0, 1, 0), OK, "idle time can be measured too");
	ok(WAIT(call(VCPU_INFO, WORKER, 0, SCRATCH, 4096) == OK && long_word(104) != 0 &&
		long_word(112) * 2 > long_word(104)),
	   "and is most of what a VM that sleeps has");
	is(call(MEASURE, WORKER, 0, 0, 0), OK, "no longer");
	ok(WAIT(call(VCPU_INFO, WORKER, 0, SCRATCH, 4096) == OK && long_word(104) == 0),
	   "then nothing is known of it");
	is(timed(ME, INTERRUPT, &total, &max), 0, "nobody measured this VM meanwhile");
	is(call(WAITS, ME, 0, SCRATCH, 4096), OK, "VM_WAITS answers");
	for (unsigned int i = 0; i < word(8); i++) {
		strange += word(24 + 16 * i + 4) != WORKER;
		waited += word(24 + 16 * i) == 0 ? long_word(24 + 16 * i + 8) : 0;
	}
	is(strange, 0, "whom this VM waited for is who was on its CPUs");
	call(VCPU_INFO, ME, 0, SCRATCH, 4096);
	is(waited, long_word(48), "for as long as was stolen");
	is(call(WAITS, STRANGER, 0, SCRATCH, 4096), (uint64_t)DENIED, "a stranger's not at all");
	is(call(RESET, 0, 0, 0, 0), (uint64_t)DENIED,
	   "the board is not for who manages but one VM");
	is(call(POWER_OFF, 0, 0, 0, 0), (uint64_t)DENIED, "neither way");
	is(call(BANNER, 0, 0, SCRATCH, 4096), (uint64_t)DENIED, "nor is what it is");
	is(call(TREE, 0, 0, SCRATCH, 4096), (uint64_t)DENIED, "nor its tree");
}

/* Records of this CPU's trace from number `from` on; the last one's syndrome. */
static unsigned int read_trace(uint64_t from, uint64_t *what)
{
	unsigned int count = 0;

	for (unsigned int calls = 0; from != END && calls < 100; calls++) {
		if (call(TRACE, ME, from << 16, SCRATCH, 4096) != OK || word(8) > 62) {
			return 0;
		}
		for (unsigned int i = 0; i < word(8); i++) {
			*what = long_word(24 + 16 * i);
			count++;
		}
		from = long_word(16) == END ? END : long_word(16) >> 16;
	}
	return count;
}

/* Enough exits for the ring to have begun anew. */
static void test_trace(void)
{
	uint64_t end, what = 0;

	for (unsigned int i = 0; i < 3000; i++) {
		psci_call(PSCI_VERSION, 0, 0, 0);
	}
	is(call(STAT, ME, 0, SCRATCH, 4096), OK, "VCPU_STAT tells a number");
	end = long_word(288);
	ok(end > 3000 && long_word(280) == END, "of the CPU's next record");
	not_below(read_trace(1, &what), 1024, "what is kept of the trace can be read");
	is(what >> 26, 0x16, "up to the last, which is an HVC");
	not_below(read_trace(end, &what), 16, "and what came since");
	is(call(STAT, ME, (end + 100000) << 16, SCRATCH, 4096), OK, "behind it there is none");
	ok(word(20) == 0 && long_word(280) == END, "in counts either");
	is(call(STAT, ME, 2 | 1 << 16, SCRATCH, 4096), (uint64_t)INVALID,
	   "a vCPU that there is not is none from any record");
}

static void test_vcpu(void)
{
	uint32_t sum = 0;

	is(call(STAT, ME, 0, SCRATCH, 4096), OK, "VCPU_STAT answers");
	for (unsigned int i = 0; i < 32; i++) {
		sum += word(24 + 4 * i);
	}
	ok(word(20) == sum && sum > 10, "its exits are the sum of all causes");
	not_below(word(24 + 4 * 4), 1, "HVC is one of them");
	is(word(16), 0, "it waits for nothing");
	call(STAT, ME, 1, SCRATCH, 4096);
	is(word(16), 1, "a CPU that is off waits for CPU_ON");
	is(call(TRACE, ME, 0, SCRATCH, 4096), OK, "VCPU_TRACE answers");
	ok(word(8) > 10 && word(8) <= 62 && word(12) == 16 && long_word(16) == END &&
		   word(4) == 24 + 16 * word(8),
	   "with a list");
	is(word(24 + 16 * (word(8) - 1)) >> 26, 0x16, "the last is this HVC");
	ok(WAIT(call(REGS, WORKER, 0, SCRATCH, 4096) != BUSY), "registers come when they may");
	ok(word(4) == 480 && word(8) == WORKER && word(16) == 2, "of a CPU that is on");
	ok(long_word(24) >= RAM_BASE && long_word(24) < RAM_BASE + 0x2000000,
	   "whose PC is in its RAM");
	ok(WAIT(call(REGS, ME, 0, SCRATCH, 4096) == OK), "a VM may see its own");
	is(long_word(40 + 8 * 31), sysreg_read(sctlr_el1), "SCTLR_EL1 is what it is");
}

static void test_lists(void)
{
	uint64_t next = 0, ram = 0, bytes = 0;
	uint32_t calls = 0, faults = 0, uart = 0;

	do {
		call(IRQS, ME, next, SCRATCH, 4096);
		next = long_word(16);
		for (unsigned int i = 0; i < word(8); i++) {
			uart += word(24 + 56 * i) == 33 &&
				memcmp((void *)((uint64_t)SCRATCH + 48 + 56 * i), "uart", 5) == 0;
		}
	} while (next != END && ++calls < 100);
	is(uart, 1, "the UART's interrupt is listed once");
	next = 0;
	do {
		call(MEMORY, ME, next, SCRATCH, 4096);
		next = long_word(16);
		for (unsigned int i = 0; i < word(8); i++) {
			ram += word(24 + 96 * i + 28) == 0 ? long_word(24 + 96 * i + 16) : 0;
			faults += word(24 + 96 * i + 24) != ME && word(24 + 96 * i + 24) != 0xfffe;
		}
	} while (next != END && ++calls < 100);
	ok(ram == 0x4000000 && faults == 0, "all of its RAM is its own, and nothing else is told");
	next = 0;
	do {
		call(AUDIT, WORKER, next, SCRATCH, 4096);
		next = long_word(40);
		bytes += long_word(16);
		faults += word(12);
	} while (next != END && ++calls < 200);
	ok(bytes >= 0x2000000 && faults == 0 && calls < 200, "the worker's map is as granted");
	is(call(MEMORY, BOARD, 0, SCRATCH, 4096), (uint64_t)DENIED, "the board's memory is not");
	is(call(IRQS, BOARD, 0, SCRATCH, 4096), (uint64_t)DENIED, "nor are its interrupts");
	is(call(CPU_INFO, 0, 0, SCRATCH, 4096), (uint64_t)DENIED, "nor its CPUs");
	is(call(WINDOWS, 0, 0, SCRATCH, 4096), (uint64_t)DENIED, "nor their windows");
}

/* Its records in `count`; how many of them are nobody's but `vm`'s, one of each of its VLANs. */
static unsigned int ports_of(uint32_t vm, unsigned int *count)
{
	unsigned int own = 0, vlans = 0;
	uint64_t next = 0;

	*count = 0;
	for (unsigned int calls = 0; next != END && calls < 100; calls++) {
		if (call(PORTS, vm, next, SCRATCH, 4096) != OK || word(12) != 288) {
			return 0;
		}
		next = long_word(16);
		for (unsigned int i = 0; i < word(8); i++) {
			own += word(24 + 288 * i) == vm;
			vlans |= 1U << word(24 + 288 * i + 8);
			++*count;
		}
	}
	return next == END && vlans == (1U << own) - 1 ? own : 0;
}

static void test_network(void)
{
	unsigned int count;

	is(ports_of(ME, &count), 5, "a VM sees its ports of networks");
	is(count, 5, "and no others");
	call(PORTS, ME, 0, SCRATCH, 4096);
	is(memcmp((void *)(SCRATCH + 24 + 192), "lan", 4), 0, "with their network");
	is(memcmp((void *)(SCRATCH + 24 + 224), "net0", 5), 0, "and device");
	is(word(24 + 4), 0, "which nobody drives");
	ok(ports_of(WORKER, &count) == 1 && count == 1, "those of one that it manages, too");
	is(call(PORTS, STRANGER, 0, SCRATCH, 4096), (uint64_t)DENIED, "a stranger's not");
	is(call(PORTS, BOARD, 0, SCRATCH, 4096), (uint64_t)DENIED,
	   "all are not for who manages but one VM");
	call(PORTS, ME, ~UINT64_C(0), SCRATCH, 4096);
	ok(word(8) == 0 && long_word(16) == END, "behind the last there is none");
	is(call(SOCKETS, ME, 0, SCRATCH, 4096), OK, "VM_SOCKETS answers");
	ok(word(4) == 88 && word(8) == ME && word(12) == 0 && word(16) == 55,
	   "with the VM's CID, and that nobody drives it");
	is(call(SOCKETS, WORKER, 0, SCRATCH, 4096), (uint64_t)NOT_FOUND,
	   "of one that has no sockets it says so");
	is(call(SOCKETS, STRANGER, 0, SCRATCH, 4096), (uint64_t)DENIED,
	   "of a stranger not even that");
}

static void test_addresses(void)
{
	static const struct {
		uint64_t ipa, size;
	} bad[] = {
		{0, INFO_SIZE},
		{RAM_BASE - 8, INFO_SIZE},
		{RAM_END - INFO_SIZE + 1, INFO_SIZE},
		{RAM_END, INFO_SIZE},
		{PL011_BASE, INFO_SIZE},
		{~UINT64_C(0) - 7, INFO_SIZE},
		{~UINT64_C(0), ~UINT64_C(0)},
		{UINT64_C(1) << 52 | SCRATCH, INFO_SIZE},
		{SCRATCH, 0},
	};
	unsigned int refused = 0;

	prepare();
	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
		refused += call(VM_INFO, ME, 0, bad[i].ipa, bad[i].size) == BAD_ADDRESS &&
			   r.x[1] == ME && r.x[3] == bad[i].ipa && r.x[4] == bad[i].size;
	}
	is(refused, ARRAY_SIZE(bad), "what is not this VM's RAM is BAD_ADDRESS, registers stay");
	is(written(), 0, "and nothing is written");
	is(call(VM_INFO, ME, 0, RAM_END - INFO_SIZE, ~UINT64_C(0)), OK,
	   "the last bytes of RAM are, however much room is said to be");
}

static void test_rights(void)
{
	static const uint64_t none[] = {3, 63, 64, ~UINT64_C(0), UINT64_C(1) << 32};
	unsigned int denied = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(none); i++) {
		for (unsigned int n = VM_START; n <= VM_KILL; n++) {
			denied += call(n, none[i], 0, 0, 0) == NOT_FOUND;
		}
		denied += call(VM_INFO, none[i], 0, SCRATCH, 88) == NOT_FOUND;
		denied += call(VCPU_INFO, none[i], 0, SCRATCH, 88) == NOT_FOUND;
	}
	is(denied, 8 * ARRAY_SIZE(none), "a VM that does not exist is not found");
	denied = call(VM_INFO, STRANGER, 0, SCRATCH, 88) == DENIED;
	denied += call(VCPU_INFO, STRANGER, 0, SCRATCH, 88) == DENIED;
	for (unsigned int n = VM_START; n <= VM_KILL; n++) {
		denied += call(n, STRANGER, 0, 0, 0) == DENIED;
	}
	is(denied, 8, "of one that it does not manage nothing may be asked");
	denied = 0;
	for (unsigned int n = VM_START; n <= VM_KILL; n++) {
		denied += call(n, ME, 0, 0, 0) == DENIED;
	}
	is(denied, 6, "nor anything of itself but how it is");
}

static void test_place(void)
{
	ok(WAIT(state(WORKER) == RUNNING), "the worker runs");
	is(call(SET_CPU, WORKER, 1, 0, 0), (uint64_t)INVALID, "a vCPU that it has not can't move");
	is(call(SET_CPU, WORKER, 0, 100, 0), (uint64_t)INVALID,
	   "nor can one go to a CPU that there is not");
	is(call(SET_CPU, WORKER, 0, UINT64_C(1) << 32, 0), (uint64_t)INVALID,
	   "whichever bits of its number say so");
	is(call(SET_PRIO, WORKER, 0, 256, 0), (uint64_t)INVALID, "priorities are 0 to 255");
	is(call(SET_CPU, STRANGER, 0, 0, 0), (uint64_t)DENIED, "a stranger's stays where it is");
	is(call(SET_PRIO, ME, 0, 1, 0), (uint64_t)DENIED, "nor is its own more urgent");
	for (unsigned int cpu = 0; cpu < 3; cpu++) {
		is(call(SET_CPU, WORKER, 0, cpu, 0), OK,
		   "the worker's can go where there is a CPU");
		ok(WAIT(call(VCPU_INFO, WORKER, 0, SCRATCH, INFO_SIZE) == OK &&
			*(volatile uint32_t *)(uintptr_t)(SCRATCH + 16) == cpu),
		   "and arrives");
	}
	is(call(SET_CPU, WORKER, 0, 3, 0), (uint64_t)DENIED, "but not beside the stranger");
	is(call(VCPU_INFO, WORKER, 0, SCRATCH, INFO_SIZE), OK, "and is told");
	is(*(volatile uint32_t *)(uintptr_t)(SCRATCH + 16), 2, "to be where it was");
	is(call(SET_PRIO, WORKER, 0, 255, 0), OK, "among those that it may manage it may be first");
	is(call(SET_PRIO, WORKER, 0, 7, 0), OK, "its priority can be changed");
	is(call(VCPU_INFO, WORKER, 0, SCRATCH, INFO_SIZE), OK, "and is told");
	is(*(volatile uint32_t *)(uintptr_t)(SCRATCH + 28), 7, "as it is now");
	is(call(SET_CPU, WORKER, 0, 2, 0), OK, "where it is already it can be sent, too");
}

static void test_verbs(void)
{
	ok(WAIT(state(WORKER) == RUNNING), "the worker runs");
	is(call(VM_START, WORKER, 0, 0, 0), (uint64_t)ALREADY, "so it can't be started");
	is(call(VM_STOP, WORKER, 0, 0, 0), OK, "but stopped");
	ok(WAIT(state(WORKER) == OFF), "then it is off");
	is(reason(WORKER), 4, "by a stop");
	is(call(VM_STOP, WORKER, 0, 0, 0), (uint64_t)ALREADY, "it can't be stopped again");
	is(call(VM_PAUSE, WORKER, 0, 0, 0), (uint64_t)BUSY, "nor paused");
	is(call(VM_START, WORKER, 0, 0, 0), OK, "it can be started");
	ok(WAIT(state(WORKER) == RUNNING), "then it runs again");
	is(call(VM_PAUSE, WORKER, 0, 0, 0), OK, "it can be paused");
	ok(WAIT(state(WORKER) == PAUSED), "then it is");
	is(call(VM_RESUME, WORKER, 0, 0, 0), OK, "and resumed");
	is(state(WORKER), RUNNING, "it runs at once");
	is(call(VM_RESTART, WORKER, 0, 0, 0), OK, "and restarted");
	ok(WAIT(state(WORKER) == RUNNING && reason(WORKER) == 5), "which it was");
}

static void page_call(uint32_t number, uint64_t vm, uint64_t index)
{
	mmio_write64(CONTROL + 16, vm);
	mmio_write64(CONTROL + 24, index);
	mmio_write32(CONTROL + 8, number);
}

static void test_page(void)
{
	unsigned int same = 0;

	is(mmio_read32(CONTROL), 0x43564842, "the control device has its mark");
	is(mmio_read32(CONTROL + 4), 0x10002, "and version");
	mmio_write64(CONTROL, 0);
	mmio_write64(CONTROL + 48, 5);
	mmio_write64(CONTROL + 0x100, 5);
	ok(mmio_read32(CONTROL) == 0x43564842 && mmio_read64(CONTROL + 48) == 0 &&
		   mmio_read64(CONTROL + 0x100) == 0,
	   "what it says can't be written");
	page_call(VCPU_INFO, ME, 1);
	is(mmio_read32(CONTROL + 12), 0, "a call by it is done when its number is written");
	is(mmio_read32(CONTROL + 64), 120, "it says how long the answer is");
	call(VCPU_INFO, ME, 1, SCRATCH, 88);
	for (unsigned int i = 0; i < 88; i += 8) {
		same += mmio_read64(CONTROL + 0x100 + i) ==
			*(volatile uint64_t *)((uint64_t)SCRATCH + i);
	}
	is(same, 11, "which is that of a hypercall");
	page_call(VM_STOP, STRANGER, 0);
	is((int32_t)mmio_read32(CONTROL + 12), (uint64_t)DENIED, "rights are the same");
	is(mmio_read32(CONTROL + 64), 0, "there is no answer then");
	is(mmio_read64(CONTROL + 0x100), 0, "nor what is left of one");
	page_call(0xffffffff, 0, 0);
	is((int32_t)mmio_read32(CONTROL + 12), (uint64_t)NOT_SUPPORTED,
	   "unknown calls are NOT_SUPPORTED");
	is(mmio_read64(CONTROL + 0xff8), 0, "behind its registers it reads as 0");
}

static uint64_t seed = 88172645463325252;

static uint64_t next_random(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

static uint64_t random_argument(void)
{
	uint64_t random = next_random();

	switch (random >> 60) {
	case 0 ... 5:
		return random & 3;
	case 6:
		return random >> (random & 63);
	case 7:
		return ~UINT64_C(0) - (random & 0xff);
	case 8:
		return RAM_BASE - (random & 0xff);
	case 9:
		return RAM_END - 1 + (random & 0xff);
	case 10:
		return UINT64_C(1) << (32 + (random & 31));
	default:
		return SCRATCH + (random & 0x7ff);
	}
}

/* Of the last eight bytes before RAM's end a structure may be cut: they are nobody's. */
static void test_random(void)
{
	unsigned int strange = 0, done = 0;

	for (unsigned int i = 0; i < RANDOM_CALLS; i++) {
		unsigned int n = next_random() % 40;
		uint64_t ipa = random_argument(), size = random_argument();
		int64_t ret;

		if (ipa >= RAM_BASE && ipa < SCRATCH) {
			continue; /* where this program is */
		}
		ret = call(n, random_argument(), random_argument(), ipa, size);
		strange += ret > OK || ret < NOT_FOUND;
		done += ret == OK;
		for (unsigned int x = 5; x < 18; x++) {
			strange += r.x[x] != 0;
		}
	}
	is(strange, 0, "20,000 calls at random give answers that are documented, and nothing else");
	not_below(done, 1000, "many of them are carried out");
	is(call(VM_LIST, 0, 0, 0, 0), OK, "the hypervisor goes on");
	WAIT(call(VM_KILL, WORKER, 0, 0, 0) == ALREADY);
	ok(WAIT(state(WORKER) == OFF), "and the worker can be stopped for good");
}

static void be_a_stranger(void)
{
	for (unsigned int vm = 0; vm < 3; vm++) {
		for (unsigned int n = VM_START; n <= VM_KILL; n++) {
			call(n, vm, 0, 0, 0);
		}
	}
	psci_system_off();
}

int main(void)
{
	call(VM_LIST, 0, 0, 0, 0);
	if (r.x[2] == STRANGER) {
		be_a_stranger();
	}
	while (r.x[2] == WORKER) {
		cpu_wfi();
	}
	test_discovery();
	test_info();
	test_addresses();
	test_rights();
	test_place();
	test_verbs();
	test_log();
	test_times();
	test_vcpu();
	test_trace();
	test_lists();
	test_network();
	test_page();
	test_random();
	tap_done();
}
