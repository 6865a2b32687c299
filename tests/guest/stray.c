/* SPDX-License-Identifier: Apache-2.0 */
/* What a guest may do wrong: it gets the architecture's fault each time, and goes on. */
#include "tests/guest/lib/console.h"
#include "tests/guest/lib/cpu.h"
#include "tests/guest/lib/exc.h"
#include "tests/guest/lib/gic.h"
#include "tests/guest/lib/insn.h"
#include "tests/guest/lib/mmu.h"
#include "tests/guest/lib/psci.h"
#include "tests/guest/lib/tap.h"

#define GIB	      UINT64_C(0x40000000)
#define EXECUTABLE    (3 * GIB)		     /* alias of the device GiB that may be executed */
#define FAR_AWAY      (4 * GIB)		     /* maps physical addresses that no machine here has */
#define USER_DEVICES  (5 * GIB)		     /* alias of the device GiB for EL0 */
#define GARBAGE	      (6 * GIB)		     /* translated by tables full of random bits */
#define UNREADABLE    (7 * GIB)		     /* translated by tables where no memory is */
#define NOWHERE	      (9 * GIB)		     /* not mapped */
#define FAR_AWAY_PA   UINT64_C(0x6000000000) /* between what `virt` has at 256 and 512 GiB */
#define STORM	      100000
#define GARBAGE_TRIES 2000
#define TCR_IPS	      BITS(34, 32)

static bool bare;
static uint64_t garbage_table[512] __attribute__((aligned(4096)));

static uint64_t random_bits(void)
{
	static uint64_t state = UINT64_C(0x9e3779b97f4a7c15);

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

/* More of the address space, in the runtime's own level-1 table. */
static void map_traps(void)
{
	uint64_t device = PTE_AF | PTE_ATTR_DEVICE | PTE_BLOCK;
	uint64_t tcr = sysreg_read(tcr_el1) & ~TCR_IPS;

	for (unsigned int i = 0; i < ARRAY_SIZE(garbage_table); i++) {
		garbage_table[i] = random_bits();
	}
	mmu_level1[3] = device;
	mmu_level1[4] = FAR_AWAY_PA | device | PTE_UXN | PTE_PXN;
	mmu_level1[5] = device | PTE_USER | PTE_UXN | PTE_PXN;
	mmu_level1[6] = (uint64_t)garbage_table | PTE_TABLE;
	mmu_level1[7] = HOLE_BASE | PTE_TABLE;
	dsb(ishst); /* the entries before the walks that use them; all were invalid until now */
	sysreg_write(tcr_el1, tcr | FIELD_PREP(TCR_IPS, sysreg_read(id_aa64mmfr0_el1) & 7));
	isb();
}

/* An exception of one class and fault status, with its address. */
static bool is_fault(const struct exc_record *r, unsigned int ec, unsigned int fsc, uint64_t far)
{
	bool right = r->count == 1 && r->serror_count == 0 && exc_ec(r) == ec &&
		     FIELD_GET(ESR_FSC, r->esr) == fsc && r->far == far;

	if (!right) {
		printf("# %u exceptions, ESR 0x%lx, FAR 0x%lx\n", r->count, r->esr, r->far);
	}
	return right;
}

static void test_loads(void)
{
	struct exc_record r;

	r = EXC_OF(mmio_read32(HOLE_BASE));
	ok(is_fault(&r, EC_DABT, FSC_EXTERNAL, HOLE_BASE), "a load where nothing is aborts");
	r = EXC_OF(mmio_write64(FAR_AWAY + 0x1238, 0));
	ok(is_fault(&r, EC_DABT, FSC_EXTERNAL, FAR_AWAY + 0x1238),
	   "a store to a physical address far beyond memory aborts");
	r = EXC_OF(mmio_read8(NOWHERE + 3));
	ok(is_fault(&r, EC_DABT, FSC_TRANSLATION_L1, NOWHERE + 3),
	   "a load that the guest's own tables don't map faults there");
	r = EXC_OF(mmio_read8(UINT64_C(0x00ff000000000123)));
	ok(r.count == 1 && exc_ec(&r) == EC_DABT && r.far == UINT64_C(0x00ff000000000123),
	   "so does one outside the range of the tables");
	if (!bare) {
		r = EXC_OF(mmio_read32(0x18));
		ok(is_fault(&r, EC_DABT, FSC_EXTERNAL, 0x18), "a null pointer aborts");
		r = EXC_OF(mmio_read32(GICD_BASE + 0x10000 + 0x40));
		ok(is_fault(&r, EC_DABT, FSC_EXTERNAL, GICD_BASE + 0x10040),
		   "a load just behind a device aborts");
		r = EXC_OF(mmio_read32(PL011_BASE + 0x1000));
		ok(is_fault(&r, EC_DABT, FSC_EXTERNAL, PL011_BASE + 0x1000),
		   "a load in the page behind the UART aborts");
	}
}

static void jump(uint64_t to)
{
	((void (*)(void))to)();
}

static void test_jumps(void)
{
	struct exc_record r;

	r = EXC_OF(jump(PL011_BASE));
	ok(is_fault(&r, EC_IABT, 0x0d, PL011_BASE),
	   "a jump to memory that isn't executable faults");
	r = EXC_OF(jump(NOWHERE + 0x40));
	ok(is_fault(&r, EC_IABT, FSC_TRANSLATION_L1, NOWHERE + 0x40), "a jump to nowhere faults");
	r = EXC_OF(jump(EXECUTABLE + HOLE_BASE));
	ok(is_fault(&r, EC_IABT, FSC_EXTERNAL, EXECUTABLE + HOLE_BASE),
	   "a jump to where nothing is aborts");
	r = EXC_OF(jump((uint64_t)jump + 2));
	ok(r.count == 1 && exc_ec(&r) == EC_PC_ALIGN && r.far == (uint64_t)jump + 2,
	   "a jump to a misaligned address faults");
	if (bare) {
		skip("executing from a device aborts", "QEMU executes what its devices return");
		return;
	}
	r = EXC_OF(jump(EXECUTABLE + GICD_BASE));
	ok(is_fault(&r, EC_IABT, FSC_EXTERNAL, EXECUTABLE + GICD_BASE),
	   "executing from the GIC aborts");
	r = EXC_OF(jump(EXECUTABLE + PL011_BASE));
	ok(is_fault(&r, EC_IABT, FSC_EXTERNAL, EXECUTABLE + PL011_BASE),
	   "executing from the UART aborts");
}

static void test_instructions(void)
{
	static const uint32_t undefined[] = {
		0x00000000,
		0xffffffff,
		0xd4a00001 /* dcps1 */,
		0xd4a00002,
		0xd4a00003,
		0xd6bf03e0 /* drps */,
		0xd4400000 /* hlt */,
		0xd50c8780 /* at s12e1r */,
		0xd50c871f /* tlbi alle1 */,
		0xd51c1100 /* msr hcr_el2 */,
	};
	unsigned int wrong = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(undefined); i++) {
		struct exc_record r = EXC_OF(insn_run(&undefined[i], 1, 0, 0));

		wrong += r.count != 1 || exc_ec(&r) != EC_UNKNOWN || !(r.esr & ESR_IL);
	}
	is(wrong, 0, "undefined instructions are undefined");
	is(EXC_CLASS(__asm__ volatile("brk #7")), EC_BRK, "brk is a breakpoint");
	is(EXC_CLASS(__asm__ volatile("svc #7")), EC_SVC, "svc is a call to EL1");
	is(EXC_CLASS(__asm__ volatile("at s1e1r, %0" ::"r"(UINT64_C(HOLE_BASE)))), EXC_NONE,
	   "an address translation of what isn't there is no fault");
}

/* Every encoding of op0 2 and 3. Reads alone: a write might take away what the test stands on. */
static void test_registers(void)
{
	unsigned int wrong = 0, serrors = 0, there = 0;

	for (uint32_t reg = SYSREG(2, 0, 0, 0, 0); reg < SYSREG(4, 0, 0, 0, 0); reg += 1 << 5) {
		struct exc_record r = EXC_OF(insn_mrs(reg));

		there += r.count == 0;
		serrors += r.serror_count;
		if (r.count > 1 ||
		    (r.count == 1 && exc_ec(&r) != EC_UNKNOWN && exc_ec(&r) != EC_SYSREG &&
		     exc_ec(&r) != EC_SVE && exc_ec(&r) != EC_SME)) {
			printf("# register 0x%x: class 0x%lx\n", reg, exc_ec(&r));
			wrong++;
		}
	}
	is(wrong, 0, "each of 32768 system registers gives a value or is undefined");
	is(serrors, 0, "without an SError");
	in_range(there, 100, 3000, "a plausible number of them gives a value");
}

static void test_illegal_state(void)
{
	struct exc_record r;

	r = EXC_OF(__asm__ volatile("mrs x0, daif\n"
				    "	orr x0, x0, #8\n"
				    "	msr spsr_el1, x0\n"
				    "	adr x0, 1f\n"
				    "	msr elr_el1, x0\n"
				    "	isb\n"
				    "	eret\n"
				    "1:	nop\n" ::
					    : "x0", "memory"));
	ok(r.count == 1 && exc_ec(&r) == EC_ILLEGAL, "a return to EL2 is an illegal state");
}

static void test_storms(void)
{
	unsigned int refused = 0;

	for (unsigned int i = 0; i < STORM; i++) {
		refused += psci_call(0xc6008000 | (i & 0x7fff), i, i, i) == PSCI_NOT_SUPPORTED;
	}
	is(refused, STORM, "100000 unknown hypercalls are refused, each of them");
	if (bare) {
		is(EXC_CLASS(__asm__ volatile("smc #0" ::
						      : "x0", "x1", "x2", "x3")),
		   EC_UNKNOWN, "SMC is undefined without EL2 and EL3");
		return;
	}
	refused = 0;
	for (unsigned int i = 0; i < STORM; i++) {
		refused += psci_call_smc(0xc2000000 | (i & 0xffff), i, i, i) == PSCI_NOT_SUPPORTED;
	}
	is(refused, STORM, "100000 unknown SMCs are refused, each of them");
	refused = 0;
	for (unsigned int i = 0; i < STORM / 100; i++) {
		struct exc_record r = EXC_OF(mmio_read32(HOLE_BASE + i * 4));

		refused += is_fault(&r, EC_DABT, FSC_EXTERNAL, HOLE_BASE + i * UINT64_C(4));
	}
	is(refused, STORM / 100, "1000 stray loads abort, each of them");
}

/* Random descriptors may map anything, so only loads: fault or not, the guest goes on. */
static void test_garbage_table(void)
{
	unsigned int wrong = 0, faults = 0;
	struct exc_record r;

	for (unsigned int i = 0; i < GARBAGE_TRIES; i++) {
		uint64_t addr = GARBAGE + (random_bits() & (GIB - 1) & ~UINT64_C(7));

		r = EXC_OF(mmio_read64(addr));
		faults += r.count;
		wrong += r.count > 1 || (r.count && exc_ec(&r) != EC_DABT) ||
			 (r.count && !(r.esr & ESR_FNV) && r.far != addr);
	}
	is(wrong, 0, "loads through a garbage page table fault, or not, and nothing else");
	not_below(faults, GARBAGE_TRIES / 2, "most of them fault");
	r = EXC_OF(mmio_read32(UNREADABLE + 0x1008));
	ok(is_fault(&r, EC_DABT, FSC_EXTERNAL_WALK_L0 + 2, UNREADABLE + 0x1008),
	   "a page table where nothing is gives an external abort on the walk");
	r = EXC_OF(jump(UNREADABLE + 0x2000));
	ok(is_fault(&r, EC_IABT, FSC_EXTERNAL_WALK_L0 + 2, UNREADABLE + 0x2000),
	   "also for a fetch");
}

static void test_mmu_off(void)
{
	static volatile uint64_t words[2];
	uint64_t sctlr, sum = 0;
	struct exc_record r;

	for (unsigned int i = 0; i < 20; i++) {
		words[0] = i;
		mmu_off();
		sctlr = sysreg_read(sctlr_el1);
		words[1] = words[0] + 1;
		psci_call(PSCI_VERSION, 0, 0, 0);
		sum += mmio_read32(GICD_BASE + GIC_PIDR2) ? 1 : 0;
		mmu_on();
		sum += words[1] == i + 1 && !(sctlr & SCTLR_M);
	}
	is(sum, 40, "with the MMU off memory, devices and calls work, and with it on again");
	mmu_off();
	r = EXC_OF(__asm__ volatile("ldr x0, [%0]" ::"r"((uint64_t)words + 1) : "x0", "memory"));
	mmu_on();
	ok(r.count == 0 || is_fault(&r, EC_DABT, FSC_ALIGNMENT, (uint64_t)words + 1),
	   "an unaligned load with the MMU off is an alignment fault at most");
}

static void test_alignment(void)
{
	static uint64_t words[2] = {UINT64_C(0x8877665544332211), 0xaa99};
	uint64_t v = 0, addr = (uint64_t)words + 1;
	struct exc_record r;

	r = EXC_OF(__asm__ volatile("ldr %0, [%1]" : "+&r"(v) : "r"(addr) : "memory"));
	ok(r.count == 0 && v == UINT64_C(0x9988776655443322), "an unaligned load works");
	sysreg_write(sctlr_el1, SCTLR_ON | SCTLR_A);
	isb();
	r = EXC_OF(__asm__ volatile("ldr %0, [%1]" : "+&r"(v) : "r"(addr) : "memory"));
	sysreg_write(sctlr_el1, SCTLR_ON);
	isb();
	ok(is_fault(&r, EC_DABT, FSC_ALIGNMENT, addr), "with SCTLR_EL1.A it faults");
}

/* At EL0: one instruction that may fault, and the call back; x0 = its address operand. */
#define USER_SVC 0xd4000001
static const uint32_t user_load[] = {0xb9400001 /* ldr w1, [x0] */, USER_SVC};
static const uint32_t user_smc[] = {0xd4000003, USER_SVC};
static const uint32_t user_hvc[] = {0xd4000002, USER_SVC};
static const uint32_t user_msr[] = {0xd518c000 /* msr vbar_el1, x0 */, USER_SVC};
static const uint32_t user_yield[] = {0xd503203f, USER_SVC};

static struct exc_record at_user(const uint32_t *code, uint64_t arg)
{
	exc_begin();
	exc_run_user(mmu_user_address(code), 0, arg, 0);
	return exc_end();
}

static void test_user(void)
{
	struct exc_record r;

	r = at_user(user_yield, 0);
	is(r.count, 0, "EL0 runs and calls back");
	r = at_user(user_load, (uint64_t)mmu_level1);
	ok(is_fault(&r, EC_DABT_EL0, FSC_PERMISSION_L2, (uint64_t)mmu_level1),
	   "EL0 can't read what is EL1's");
	r = at_user(user_load, USER_DEVICES + HOLE_BASE);
	ok(is_fault(&r, EC_DABT_EL0, FSC_EXTERNAL, USER_DEVICES + HOLE_BASE),
	   "a load by EL0 where nothing is aborts, as from EL0");
	r = at_user(user_load, USER_DEVICES + GICD_BASE);
	is(r.count, 0, "EL0 may read a device that is mapped for it");
	r = at_user(user_msr, 0);
	ok(r.count == 1 && (exc_ec(&r) == EC_UNKNOWN || exc_ec(&r) == EC_SYSREG),
	   "EL0 can't write EL1's registers");
	r = at_user(user_smc, 0);
	ok(r.count == 1 && exc_ec(&r) == EC_UNKNOWN, "SMC is undefined at EL0");
	r = at_user(user_hvc, 0);
	ok(r.count == 1 && exc_ec(&r) == EC_UNKNOWN, "HVC is undefined at EL0");
}

/* The second CPU spins for ever with everything masked; SYSTEM_OFF ends it with the rest. */
static unsigned int lost_soon;

static void get_lost(void *arg)
{
	(void)arg;
	WRITE_ONCE(lost_soon, 1);
	dsb(sy); /* seen by the other CPU without waiting for this one to do more */
	__asm__ volatile("msr daifset, #15\n1:	b	1b");
}

static void test_lost_cpu(void)
{
	is(cpu_start(1, get_lost, NULL), PSCI_SUCCESS, "a second CPU starts");
	ok(WAIT(READ_ONCE(lost_soon)), "and loses itself in a loop");
	is(psci_affinity_info(1, 0), PSCI_AFFINITY_ON, "it is on");
	is(psci_call(PSCI_VERSION, 0, 0, 0), 0x10001, "the first CPU goes on");
}

int main(void)
{
	bare = machine_is_bare();
	gic_setup();
	map_traps();
	test_loads();
	test_jumps();
	test_instructions();
	test_registers();
	test_illegal_state();
	test_storms();
	test_garbage_table();
	test_mmu_off();
	map_traps();
	test_alignment();
	test_user();
	test_lost_cpu();
	tap_done();
}
