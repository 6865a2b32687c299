/* SPDX-License-Identifier: Apache-2.0 */
/* Loads and stores to devices in every form the instruction set has, and where nothing answers. */
#include "tests/guest/lib/cpu.h"
#include "tests/guest/lib/exc.h"
#include "tests/guest/lib/gic.h"
#include "tests/guest/lib/insn.h"
#include "tests/guest/lib/pl011_regs.h"
#include "tests/guest/lib/psci.h"
#include "tests/guest/lib/tap.h"

/* Eight priority bytes that read back as written; bit 31 and bit 7 set where signs matter. */
#define PRIORITIES (UINT64_C(GICD_BASE) + GICD_IPRIORITYR + 40)
#define LOW_WORD   UINT64_C(0xa0908878)
#define HIGH_WORD  UINT64_C(0xf0e01808)

#define ATOMICS BITS(23, 20) /* ID_AA64ISAR0_EL1 */

static bool bare;

/*
 * Where pairs of W registers go. A processor may make one 64-bit access of a pair, which the GIC
 * needn't answer: without a hypervisor that takes it apart, memory stands in for the device.
 */
static uint64_t pairs;

static void prime(void)
{
	mmio_write32(PRIORITIES, (uint32_t)LOW_WORD);
	mmio_write32(PRIORITIES + 4, (uint32_t)HIGH_WORD);
	mmio_write32(pairs, (uint32_t)LOW_WORD);
	mmio_write32(pairs + 4, (uint32_t)HIGH_WORD);
}

/* A load by its mnemonic into %0 (w or x as `form` says), from a register full of ones. */
#define LOAD(insn, form, addr)                                                                     \
	({                                                                                         \
		uint64_t load_v = ~UINT64_C(0);                                                    \
		__asm__ volatile(insn " " form ", [%1]"                                            \
				 : "+&r"(load_v)                                                   \
				 : "r"((uint64_t)(addr))                                           \
				 : "memory");                                                      \
		load_v;                                                                            \
	})

static void test_sizes(void)
{
	prime();
	is(LOAD("ldrb", "%w0", PRIORITIES + 3), 0xa0, "ldrb gives a byte, zero-extended");
	is(LOAD("ldrsb", "%w0", PRIORITIES + 3), 0xffffffa0,
	   "ldrsb to W extends the sign to 32 bits and clears the rest");
	is(LOAD("ldrsb", "%0", PRIORITIES + 3), UINT64_C(0xffffffffffffffa0),
	   "ldrsb to X extends the sign to 64 bits");
	is(LOAD("ldrsb", "%0", PRIORITIES + 0), 0x78, "ldrsb of a positive byte leaves zeros");
	is(LOAD("ldr", "%w0", PRIORITIES), LOW_WORD, "ldr to W clears the upper half");
	is(LOAD("ldrsw", "%0", PRIORITIES), UINT64_C(0xffffffffa0908878),
	   "ldrsw extends the sign to 64 bits");
	is(LOAD("ldar", "%w0", PRIORITIES), LOW_WORD, "ldar loads");
	is(LOAD("ldarb", "%w0", PRIORITIES + 3), 0xa0, "ldarb loads");
	is(LOAD("ldur", "%w0", PRIORITIES), LOW_WORD, "ldur loads");

	mmio_write32(PL011_BASE + UART_IBRD, 0x8123);
	is(LOAD("ldrh", "%w0", PL011_BASE + UART_IBRD), 0x8123, "ldrh gives 16 bits");
	is(LOAD("ldrsh", "%w0", PL011_BASE + UART_IBRD), 0xffff8123, "ldrsh to W extends the sign");
	is(LOAD("ldrsh", "%0", PL011_BASE + UART_IBRD), UINT64_C(0xffffffffffff8123),
	   "ldrsh to X extends the sign");
	mmio_write16(PL011_BASE + UART_IBRD, 0x0456);
	is(mmio_read32(PL011_BASE + UART_IBRD), 0x0456, "strh stores 16 bits");
	mmio_write64(GICD_BASE + GICD_IROUTER + 50 * 8, 0);
	is(LOAD("ldr", "%0", GICD_BASE + GICD_IROUTER + 50 * 8), 0, "ldr to X loads 64 bits");
}

static void test_stores(void)
{
	__asm__ volatile("strb %w0, [%1]" ::"r"(UINT64_C(0xffffffffffffff50)), "r"(PRIORITIES));
	is(mmio_read32(PRIORITIES), 0xa0908850, "strb stores the low byte alone");
	__asm__ volatile("str %w0, [%1]" ::"r"(UINT64_C(0xdeadbeef10203040)), "r"(PRIORITIES));
	is(mmio_read32(PRIORITIES), 0x10203040, "str of W stores the lower half");
	is(mmio_read32(PRIORITIES + 4), HIGH_WORD, "and nothing beyond it");
	__asm__ volatile("stlr %w0, [%1]" ::"r"(UINT32_C(0x50607080)), "r"(PRIORITIES));
	is(mmio_read32(PRIORITIES), 0x50607080, "stlr stores");
	__asm__ volatile("str wzr, [%0]" ::"r"(PRIORITIES));
	is(mmio_read32(PRIORITIES), 0, "str of wzr stores zero");
	prime();
	__asm__ volatile("stp wzr, wzr, [%0]" ::"r"(pairs));
	is(mmio_read32(pairs) | mmio_read32(pairs + 4), 0, "stp of wzr stores zeros");
	prime();
	__asm__ volatile("ldr wzr, [%0]" ::"r"(PRIORITIES) : "memory");
	__asm__ volatile("ldrsw xzr, [%0]" ::"r"(PRIORITIES) : "memory");
	is(LOAD("ldr", "%w0", PRIORITIES), LOW_WORD, "loads to the zero register change nothing");
}

/* Base register before and after, by what one instruction leaves in it. */
static void test_indexing(void)
{
	uint64_t base = PRIORITIES, v = ~UINT64_C(0), w = ~UINT64_C(0), offset = 4;

	prime();
	__asm__ volatile("ldr %w0, [%1], #4" : "+&r"(v), "+&r"(base)::"memory");
	ok(v == LOW_WORD && base == PRIORITIES + 4, "post-indexed ldr loads, then moves its base");
	__asm__ volatile("ldr %w0, [%1, #-4]!" : "+&r"(v), "+&r"(base)::"memory");
	ok(v == LOW_WORD && base == PRIORITIES, "pre-indexed ldr moves its base, then loads");
	__asm__ volatile("ldrsb %0, [%1, #7]!" : "+&r"(v), "+&r"(base)::"memory");
	ok(v == ~UINT64_C(15) && base == PRIORITIES + 7, "pre-indexed ldrsb extends the sign");
	base = PRIORITIES;
	v = 0xf0e0d0c8;
	__asm__ volatile("str %w0, [%1], #4" : "+&r"(v), "+&r"(base)::"memory");
	ok(mmio_read32(PRIORITIES) == (uint32_t)v && base == PRIORITIES + 4,
	   "post-indexed str stores, then moves its base");
	v = 0x18283848;
	__asm__ volatile("strb %w0, [%1, #-1]!" : "+&r"(v), "+&r"(base)::"memory");
	ok(mmio_read8(PRIORITIES + 3) == 0x48 && base == PRIORITIES + 3, "pre-indexed strb stores");
	prime();
	offset = 4;
	__asm__ volatile("ldr %w0, [%1, %2]" : "=&r"(v) : "r"(PRIORITIES), "r"(offset) : "memory");
	is(v, HIGH_WORD, "register-offset ldr loads");
	__asm__ volatile("ldp %w0, %w1, [%2]" : "+&r"(v), "+&r"(w) : "r"(pairs) : "memory");
	ok(v == LOW_WORD && w == HIGH_WORD, "ldp of W registers loads both, zero-extended");
	__asm__ volatile("ldpsw %0, %1, [%2]" : "+&r"(v), "+&r"(w) : "r"(pairs) : "memory");
	ok(v == (UINT64_C(0xffffffff) << 32 | LOW_WORD) &&
		   w == (UINT64_C(0xffffffff) << 32 | HIGH_WORD),
	   "ldpsw extends both signs");
}

static void test_pairs(void)
{
	uint64_t base = pairs, v = 0, w = 0;
	uint64_t router = GICD_BASE + GICD_IROUTER + 50 * 8;

	__asm__ volatile("ldp %w0, %w1, [%2], #8" : "+&r"(v), "+&r"(w), "+&r"(base)::"memory");
	ok(v == LOW_WORD && w == HIGH_WORD && base == pairs + 8, "post-indexed ldp");
	__asm__ volatile("ldp %w0, %w1, [%2, #-8]!" : "+&r"(w), "+&r"(v), "+&r"(base)::"memory");
	ok(w == LOW_WORD && v == HIGH_WORD && base == pairs, "pre-indexed ldp");
	v = 0x08101820;
	w = 0x28303840;
	__asm__ volatile("stp %w0, %w1, [%2], #8" : "+&r"(v), "+&r"(w), "+&r"(base)::"memory");
	ok(mmio_read32(pairs) == v && mmio_read32(pairs + 4) == w && base == pairs + 8,
	   "post-indexed stp stores both, then moves its base");
	base = router - 16;
	v = 1;
	w = 0;
	__asm__ volatile("stp %0, %1, [%2, #16]!" : "+&r"(v), "+&r"(w), "+&r"(base)::"memory");
	ok(mmio_read64(router) == 1 && mmio_read64(router + 8) == 0 && base == router,
	   "pre-indexed stp of X registers stores 64 bits each");
	v = w = ~UINT64_C(0);
	__asm__ volatile("ldp %0, %1, [%2]" : "+&r"(v), "+&r"(w) : "r"(router) : "memory");
	ok(v == 1 && w == 0, "ldp of X registers loads 64 bits each");
	mmio_write64(router, 0);
	__asm__ volatile("stnp %w0, %w1, [%2]" ::"r"(0x11), "r"(0x22), "r"(pairs) : "memory");
	ok((mmio_read32(pairs) & 0xf8) == 0x10 && (mmio_read32(pairs + 4) & 0xf8) == 0x20,
	   "stnp stores both");
}

/* mov x9, xN · ldr wN, [x1] · mov x0, xN · mov xN, x9, for every register that can be a target. */
static void test_every_register(void)
{
	unsigned int wrong = 0;

	prime();
	for (uint32_t n = 0; n <= 30; n++) {
		uint32_t code[] = {0xaa0003e9 | n << 16, 0xb9400020 | n, 0xaa0003e0 | n << 16,
				   0xaa0903e0 | n};

		if (n == 0) {
			code[3] = 0xd503201f; /* nop: x0 is the result */
		}
		wrong += insn_run(code, ARRAY_SIZE(code), ~UINT64_C(0), PRIORITIES) != LOW_WORD;
	}
	is(wrong, 0, "ldr reaches each of the registers x0 to x30");
	wrong = 0;
	for (uint32_t n = 0; n <= 30; n++) {
		uint32_t code[] = {0xaa0003e9 | n << 16, 0xaa0003e0 | n, 0xb9000020 | n,
				   0xaa0903e0 | n};

		if (n == 1) {
			continue; /* holds the address */
		}
		insn_run(code, ARRAY_SIZE(code), n * 8, PRIORITIES);
		wrong += mmio_read32(PRIORITIES) != n * 8;
	}
	is(wrong, 0, "str takes each of them");
}

static void check_abort(const struct exc_record *r, uint64_t addr, bool write, const char *sentence)
{
	bool right = r->count == 1 && r->serror_count == 0 && exc_ec(r) == EC_DABT &&
		     FIELD_GET(ESR_FSC, r->esr) == FSC_EXTERNAL && (r->esr & ESR_IL) &&
		     !(r->esr & (ESR_FNV | ESR_CM | BIT(7))) && !(r->esr & ESR_WNR) == !write &&
		     r->far == addr;

	if (!ok(right, sentence)) {
		is(r->esr, 0x96000010 | write << 6, "(its syndrome)");
		is(r->far, addr, "(its address)");
	}
}

static void test_hole(void)
{
	uint64_t base = HOLE_BASE + 0x40, v = 0x1234;
	struct exc_record r;

	r = EXC_OF(mmio_read32(HOLE_BASE + 0x124));
	check_abort(&r, HOLE_BASE + 0x124, false, "a load where nothing is aborts, external");
	r = EXC_OF(mmio_write32(HOLE_BASE + 0x128, 1));
	check_abort(&r, HOLE_BASE + 0x128, true, "a store there too");
	r = EXC_OF(mmio_read8(HOLE_BASE + 0x12b));
	check_abort(&r, HOLE_BASE + 0x12b, false, "a byte load has its exact address in FAR");
	r = EXC_OF(mmio_write64(HOLE_BASE + 0x130, 1));
	check_abort(&r, HOLE_BASE + 0x130, true, "a 64-bit store aborts");
	r = EXC_OF(__asm__ volatile("ldr %w0, [%1], #8" : "+&r"(v), "+&r"(base)::"memory"));
	check_abort(&r, HOLE_BASE + 0x40, false, "a post-indexed load aborts");
	ok(v == 0x1234 && base == HOLE_BASE + 0x40, "its target and its base keep their values");
	r = EXC_OF(__asm__ volatile("stp %w0, %w0, [%1, #16]!" : "+&r"(v), "+&r"(base)::"memory"));
	check_abort(&r, HOLE_BASE + 0x50, true, "a pre-indexed stp aborts");
	is(base, HOLE_BASE + 0x40, "its base keeps its value");
	r = EXC_OF(__asm__ volatile("prfm pldl1keep, [%0]" ::"r"(base) : "memory"));
	is(r.count, 0, "a prefetch there does nothing");
	r = EXC_OF(__asm__ volatile("dc civac, %0" ::"r"(base) : "memory"));
	ok(r.count == 0 || exc_ec(&r) == EC_DABT, "a cache clean there is harmless");
}

/* What has no single register to load or store, on a device that is emulated. */
static void test_refused(void)
{
	uint32_t failed = 0;
	uint64_t addr = PRIORITIES, v = 0;

	if (bare) {
		skip("exclusive loads from devices abort", "real devices may answer them");
		return;
	}
	is(EXC_CLASS(__asm__ volatile("ldxr %w0, [%1]"
				      : "=&r"(v)
				      : "r"(addr)
				      : "memory")),
	   EC_DABT, "ldxr from a device aborts");
	is(EXC_CLASS(__asm__ volatile("ldxr %w1, [%2]\n\tstxr %w0, %w1, [%2]"
				      : "+&r"(failed), "+&r"(v)
				      : "r"(addr)
				      : "memory")) != EXC_NONE,
	   1, "stxr after it doesn't succeed in silence");
	is(EXC_CLASS(__asm__ volatile(".arch_extension fp\n\tldr s0, [%0]" ::"r"(addr)
				      : "memory")),
	   EC_DABT, "an FP load from a device aborts");
	is(EXC_CLASS(__asm__ volatile(".arch_extension fp\n\tstr q0, [%0]" ::"r"(addr)
				      : "memory")),
	   EC_DABT, "an FP store to a device aborts");
	is(EXC_CLASS(__asm__ volatile(".arch_extension simd\n\tld1 {v0.4s}, [%0]" ::"r"(addr)
				      : "memory")),
	   EC_DABT, "a SIMD load from a device aborts");
	is(EXC_CLASS(__asm__ volatile(".arch_extension fp\n\tldp d0, d1, [%0]" ::"r"(addr)
				      : "memory")),
	   EC_DABT, "an FP pair from a device aborts");
	is(EXC_CLASS(__asm__ volatile("dc zva, %0" ::"r"(addr)
				      : "memory")),
	   EC_DABT, "dc zva of a device aborts");
	if (!FIELD_GET(ATOMICS, sysreg_read(id_aa64isar0_el1))) {
		skip("an atomic add to a device aborts", "this CPU has no atomics");
		return;
	}
	is(EXC_CLASS(__asm__ volatile(".arch_extension lse\n\tldadd %w0, %w0, [%1]"
				      : "+&r"(v)
				      : "r"(addr)
				      : "memory")),
	   EC_DABT, "an atomic add to a device aborts");
}

/* What the device doesn't answer in this size or at this alignment: an abort or nothing. */
static bool harmless(const struct exc_record *r)
{
	uint64_t fsc = FIELD_GET(ESR_FSC, r->esr);

	return r->serror_count == 0 &&
	       (r->count == 0 || (r->count == 1 && exc_ec(r) == EC_DABT &&
				  (fsc == FSC_EXTERNAL || fsc == FSC_ALIGNMENT)));
}

static void test_odd(void)
{
	struct exc_record r;

	if (bare) {
		skip("odd sizes and alignments are harmless", "says nothing about QEMU's devices");
		return;
	}
	r = EXC_OF(mmio_read64(GICD_BASE + GICD_CTLR));
	ok(harmless(&r), "a 64-bit load of a 32-bit register aborts or is harmless");
	r = EXC_OF(mmio_write16(GICD_BASE + GICD_ISENABLER + 4, 0));
	ok(harmless(&r), "a 16-bit store to a 32-bit register aborts or is harmless");
	r = EXC_OF(mmio_read8(GICD_BASE + GICD_TYPER + 1));
	ok(harmless(&r), "a byte load of a 32-bit register aborts or is harmless");
	r = EXC_OF(mmio_read32(PRIORITIES + 2));
	ok(harmless(&r), "a misaligned load aborts or is harmless");
	r = EXC_OF(mmio_write32(PL011_BASE + UART_IBRD + 1, 0));
	ok(harmless(&r), "a misaligned store aborts or is harmless");
	r = EXC_OF(mmio_read64(GICD_BASE + 0xfffc));
	ok(harmless(&r), "a load across the end of a device aborts or is harmless");
	r = EXC_OF(mmio_read32(PL011_BASE + 0xffe));
	ok(harmless(&r), "a load across the end of a page aborts or is harmless");
	is(mmio_read32(GICD_BASE + GICD_CTLR) & 3, GICD_CTLR_GRP1, "the devices work after it");
}

int main(void)
{
	static uint64_t memory[2];

	bare = machine_is_bare();
	pairs = bare ? (uint64_t)memory : PRIORITIES;
	gic_setup();
	test_sizes();
	test_stores();
	test_indexing();
	test_pairs();
	test_every_register();
	test_hole();
	test_refused();
	test_odd();
	tap_done();
}
