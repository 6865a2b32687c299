/* SPDX-License-Identifier: Apache-2.0 */
/* Random accesses, registers, calls, jumps, page tables, waits; and all of them in turns. */
#include "tests/guest/lib/wild.h"

#include "tests/guest/lib/exc.h"
#include "tests/guest/lib/gic.h"
#include "tests/guest/lib/insn.h"
#include "tests/guest/lib/psci.h"
#include "tests/guest/lib/timer.h"

#define GIB	 UINT64_C(0x40000000)
#define CODE_MAX 8
#define BRK_END	 0xd4201fe0 /* the end of a box's code */
#define GUARD_US 40

#define EXECUTABLE   (3 * GIB) /* the device GiB, executable */
#define FAR_AWAY     (4 * GIB) /* physical addresses that no machine here has */
#define USER_DEVICES (5 * GIB)
#define GARBAGE	     (6 * GIB) /* by tables in WILD_AREA */
#define UNREADABLE   (7 * GIB) /* by tables in a device */
#define HIGH_REDIST  UINT64_C(0x4000000000)

#define PSTATE_EL1H   0x5
#define PSTATE_MASKED 0x3c0
#define TCR_LOW_HALF  0xffff
#define TCR_HIGH_HALF UINT64_C(0xffff0000)

/* What is written there has to last until the box is left. */
#define REG_VBAR  SYSREG(3, 0, 12, 0, 0)
#define REG_SCTLR SYSREG(3, 0, 1, 0, 0)
#define REG_TTBR0 SYSREG(3, 0, 2, 0, 0)
#define REG_TCR	  SYSREG(3, 0, 2, 0, 2)
#define REG_MAIR  SYSREG(3, 0, 10, 2, 0)
/* QEMU takes 8 and ends: only the field's own bits are written. */
#define REG_BPR1 SYSREG(3, 0, 12, 12, 3)
/* QEMU 7.2 hangs where CNTV_CVAL_EL0 and a paused VM's CNTVOFF_EL2 together go round the end of 64
 * bits: it is not near that end, nor set to a time before the counter's 0. */
#define REG_CVAL  SYSREG(3, 3, 14, 3, 2)
#define REG_TVAL  SYSREG(3, 3, 14, 3, 0)
#define SCTLR_WXN BIT(19)
#define SCTLR_EE  BIT(25)
#define MSR	  0xd5000000 /* and bit 21: MRS */
#define READS	  0x00200000

static uint32_t wild_slots[MACHINE_MAX_CPUS][16] __attribute__((aligned(64)));

uint64_t wild_random(struct wild *w)
{
	w->state ^= w->state << 13;
	w->state ^= w->state >> 7;
	w->state ^= w->state << 17;
	return w->state * UINT64_C(0x2545f4914f6cdd1d);
}

/* One of `n`. */
static unsigned int one_of(struct wild *w, unsigned int n)
{
	return (unsigned int)((wild_random(w) >> 32) * n >> 32);
}

static bool rarely(struct wild *w, unsigned int n)
{
	return one_of(w, n) == 0;
}

uint64_t wild_memory(struct wild *w, uint64_t align)
{
	return WILD_AREA + (wild_random(w) % WILD_AREA_SIZE & ~(align - 1));
}

static const struct {
	uint64_t base, size;
} regions[] = {
	{GICD_BASE, 0x10000}, {GICD_BASE, 0x1000},     {GICC_BASE, 0x10000},
	{GICC_BASE, 0x100},   {0x08020000, 0x1000},    {0x08040000, 0x10000},
	{ITS_BASE, 0x20000},  {ITS_BASE, 0x200},       {ITS_BASE + 0x10000, 0x80},
	{GICR_BASE, 0x80000}, {GICR_BASE, 0x200},      {GICR_BASE + 0x10000, 0x1000},
	{PL011_BASE, 0x1000}, {PL011_BASE, 0x50},      {PL031_BASE, 0x1000},
	{0x09030000, 0x1000}, {0x09030000, 0x400},     {0x09040000, 0x1000},
	{0x090a0000, 0x1000}, {HOLE_BASE, 0x100000},   {0, 0x40000000},
	{0x090c0000, 0x1000}, {0x090c0000, 0x80},      {HIGH_REDIST, 0x80000},
	{FAR_AWAY, GIB},      {0x44000000, 0x1000000}, {0x0a000000, 0x4000},
	{0x0a000000, 0x1000},
};

/* In a device, at its edges, in memory, or where nothing is. */
static uint64_t some_address(struct wild *w)
{
	unsigned int i = one_of(w, ARRAY_SIZE(regions));
	uint64_t r = wild_random(w), addr = regions[i].base + (r >> 8) % regions[i].size;

	switch (r & 15) {
	case 0:
		return regions[i].base - (r >> 8) % 32;
	case 1:
		return regions[i].base + regions[i].size - (r >> 8) % 32;
	case 2:
		return addr;
	case 3:
		return wild_memory(w, 1);
	case 4:
		return GARBAGE + (r >> 8) % GIB;
	case 5:
		return UNREADABLE + (r >> 8) % GIB;
	case 6:
		return rarely(w, 8) ? r : addr & ~UINT64_C(3);
	case 7:
	case 8:
		return addr & ~UINT64_C(3);
	default:
		return addr & ~UINT64_C(7);
	}
}

uint64_t wild_value(struct wild *w)
{
	uint64_t r = wild_random(w);

	switch (r & 7) {
	case 0:
		return r >> 8 & 0xff;
	case 1:
		return ~UINT64_C(0);
	case 2:
		return BIT(r >> 8 & 63);
	case 3:
		return BIT(r >> 8 & 31) | BIT(r >> 16 & 31);
	case 4:
		return wild_memory(w, 0x10000) | (r >> 8 & 0xfff) | (r & UINT64_C(0xff) << 56);
	case 5:
		return some_address(w);
	default:
		return r >> 3;
	}
}

/* -- a box -- */

void wild_box(struct wild *w, uint64_t addr, uint64_t value)
{
	struct box *box = w->box;
	uint64_t r = wild_random(w);

	for (unsigned int i = 3; i < ARRAY_SIZE(box->x); i++) {
		box->x[i] = (r >> i & 1) ? wild_random(w) : wild_random(w) & 0xff;
	}
	box->x[0] = addr;
	box->x[1] = SCTLR_ON;
	box->x[2] = value;
	box->sp = wild_memory(w, 16);
	box->pc = (uint64_t)wild_slots[w->me];
	box->pstate = PSTATE_EL1H | PSTATE_MASKED;
	box->ttbr0 = (uint64_t)mmu_level1;
	box->tcr = BOX_TCR_ON;
	box->mair = MAIR_VALUE;
	box->high = 0;
	w->code_count = 0;
}

void wild_code(struct wild *w, uint32_t insn)
{
	WRITE_ONCE(wild_slots[w->me][w->code_count], insn);
	w->code_count++;
}

bool wild_run(struct wild *w)
{
	uint32_t *code = wild_slots[w->me];

	WRITE_ONCE(code[w->code_count], BRK_END);
	__asm__ volatile("dc cvau, %0\n\tdsb ish\n\tic ivau, %0\n\tdsb ish\n\tisb" ::"r"(code)
			 : "memory"); /* the code is what is fetched from there */
	box_enter(w->box);
	if (w->box->slot % 4 == 1 || w->box->slot % 4 == 2) {
		wild_take(w);
	}
	return w->box->slot % 4 == 0 && FIELD_GET(ESR_EC, w->box->esr) == EC_BRK &&
	       (w->box->elr & 0x7fffffffff) == (uint64_t)&code[w->code_count];
}

/* Interrupts are on in the box, and the timer ends it where nothing else does. */
static void guard(struct wild *w)
{
	w->box->pstate = PSTATE_EL1H | (rarely(w, 4) ? 0 : 0x200);
	timer_set(counter_now() + counter_hz() / 1000000 * GUARD_US);
}

/* -- accesses -- */

static const uint32_t forms[] = {
	0x39400002 /* ldrb w2, [x0] */,
	0x79400002 /* ldrh */,
	0xb9400002 /* ldr w2 */,
	0xf9400002 /* ldr x2 */,
	0x39000002 /* strb */,
	0x79000002 /* strh */,
	0xb9000002 /* str w2 */,
	0xf9000002 /* str x2 */,
	0x38c00002 /* ldursb w2 */,
	0x79800002 /* ldrsh x2 */,
	0xb9800002 /* ldrsw x2 */,
	0xb8404402 /* ldr w2, [x0], #4 */,
	0xf8408c02 /* ldr x2, [x0, #8]! */,
	0xb8004c02 /* str w2, [x0, #4]! */,
	0x29400c02 /* ldp w2, w3 */,
	0xa9400c02 /* ldp x2, x3 */,
	0x69400c02 /* ldpsw x2, x3 */,
	0x29000c02 /* stp w2, w3 */,
	0xa8810c02 /* stp x2, x3, [x0], #16 */,
	0xa8000c02 /* stnp x2, x3 */,
	0x885f7c02 /* ldxr w2 */,
	0xc85ffc02 /* ldaxr x2 */,
	0x88037c02 /* stxr w3, w2 */,
	0xc8237c02 /* stxp w3, x2, x31 */,
	0xc87f0c02 /* ldxp x2, x3 */,
	0x88dffc02 /* ldar */,
	0x889ffc02 /* stlr */,
	0xbd400002 /* ldr s2 */,
	0x3d800002 /* str q2 */,
	0xad400c02 /* ldp q2, q3 */,
	0xad000c02 /* stp q2, q3 */,
	0x4c407802 /* ld1 {v2.4s} */,
	0x4c000002 /* st4 {v2.16b - v5.16b} */,
	0xb8220003 /* ldadd w2, w3 */,
	0xf8e28003 /* swpal x2, x3 */,
	0xc8e2fc03 /* casal x2, x3 */,
	0x48207c02 /* casp x0, x1, x2, x3 */,
	0xd50b7420 /* dc zva, x0 */,
	0xd50b7e20 /* dc civac, x0 */,
	0xd5087620 /* dc ivac, x0 */,
	0xd5087800 /* at s1e1r, x0 */,
	0xf9800000 /* prfm */,
};
#define FORMS_THAT_TRAP 37 /* the first ones, where the CPU has them */

/* A load or store of any kind with x0 as its base. */
static uint32_t random_access(struct wild *w)
{
	uint32_t r = (uint32_t)wild_random(w);

	if (r & 1) {
		return forms[one_of(w, ARRAY_SIZE(forms))];
	}
	r = (uint32_t)wild_random(w);
	r = (r & ~BIT(25)) | BIT(27);
	return rarely(w, 16) ? r : r & ~(UINT32_C(0x1f) << 5);
}

static void count_access(struct wild *w, uint64_t addr, bool through)
{
	bool device = addr < GIB && (addr < 0x090a0000 || addr >= 0x090b0000);

	if ((through && device) || (!through && FIELD_GET(ESR_FSC, w->box->esr) == FSC_EXTERNAL)) {
		w->traps++;
	}
}

static void wild_access(struct wild *w)
{
	uint64_t addr = some_address(w);
	unsigned int form = one_of(w, FORMS_THAT_TRAP);
	bool through;

	wild_box(w, addr, wild_value(w));
	if (wild_random(w) & 1) {
		wild_code(w, forms[form]);
		through = wild_run(w);
		count_access(w, addr, through);
		return;
	}
	for (unsigned int i = one_of(w, 4); i < 4; i++) {
		wild_code(w, random_access(w));
	}
	count_access(w, GIB, wild_run(w));
}

/* -- system registers -- */

static const uint32_t trapped[] = {
	SYSREG(3, 0, 0, 0, 0),	SYSREG(3, 0, 12, 8, 0), SYSREG(3, 0, 4, 6, 0),
	SYSREG(3, 3, 14, 0, 0), SYSREG(3, 3, 9, 12, 0), SYSREG(3, 0, 9, 14, 0),
	SYSREG(2, 0, 0, 0, 0),	SYSREG(3, 0, 1, 0, 0),	SYSREG(3, 1, 0, 0, 0),
	SYSREG(3, 0, 11, 0, 0), SYSREG(3, 0, 15, 0, 0), SYSREG(3, 0, 10, 4, 0),
	SYSREG(3, 4, 12, 8, 0), SYSREG(3, 0, 2, 0, 0),
};

static bool is_vital(uint32_t reg)
{
	return reg == REG_VBAR || reg == REG_TTBR0 || reg == REG_TCR || reg == REG_MAIR ||
	       reg == REG_SCTLR;
}

/* The bits of a register that may be written. */
static uint64_t most_of(uint32_t reg)
{
	switch (reg) {
	case REG_BPR1:
		return 7;
	case REG_CVAL:
		return UINT64_MAX >> 1;
	case REG_TVAL:
		return INT32_MAX;
	default:
		return UINT64_MAX;
	}
}

static void wild_register(struct wild *w)
{
	uint32_t r = (uint32_t)wild_random(w), word, rt;
	uint64_t most;

	wild_box(w, some_address(w), wild_value(w));
	/* those nearby in CRn, CRm and op2, or any; op0 = 1 is SYS, 0 PSTATE and hints */
	word = trapped[one_of(w, ARRAY_SIZE(trapped))] ^ (r & 0x7e0);
	if (r & 1) {
		word ^= r >> 8 & 0x00000700;
	} else {
		word = (r & 0x1fffe0);
		word |= w->careful ? SYSREG(2, 0, 0, 0, 0) : 0;
	}
	if (r >> 30 & 1) {
		word |= READS;
	} else if (is_vital(word & 0x1fffe0) && (!w->reckless || !rarely(w, 32))) {
		word |= READS;
	}
	if (!w->careful) {
		guard(w);
	}
	rt = rarely(w, 8) ? 31 : rarely(w, 8) ? 0 : 2;
	most = most_of(word & 0x1fffe0);
	if (most != UINT64_MAX) {
		rt = 2;
		w->box->x[2] &= most;
	}
	wild_code(w, MSR | word | rt);
	wild_run(w);
	if (FIELD_GET(ESR_EC, w->box->esr) == EC_UNKNOWN) {
		w->traps += (word >> 19 & 3) == 3;
	}
}

/* -- calls -- */

static uint32_t some_function(struct wild *w)
{
	static const uint32_t bases[] = {0x84000000, 0xc4000000, 0x84000000, 0xc4000000,
					 0x80000000, 0x80008000, 0x86000000, 0xc6000000,
					 0xc6000000, 0x84000050, 0xc4000050, 0xc5000020,
					 0xc5000020, 0x82000000, 0xc2000000, 0};
	uint32_t r = (uint32_t)wild_random(w);

	/* there are up to 64 hypercalls */
	return r & 0x100 ? bases[r & 15] | (r >> 16 & 0x3f) : bases[r & 15] + (r >> 16 & 7);
}

/* Those that end this CPU, its sleep or the machine, come seldom. */
static bool is_fit(struct wild *w, uint32_t fn)
{
	if ((fn & 0xbf000000) != 0x84000000) {
		return true;
	}
	switch (fn & 0xffff) {
	case 8:	   /* SYSTEM_OFF */
	case 9:	   /* SYSTEM_RESET */
	case 0x12: /* SYSTEM_RESET2 */
		return rarely(w, 64);
	case 1:	  /* CPU_SUSPEND */
	case 2:	  /* CPU_OFF */
	case 0xc: /* CPU_DEFAULT_SUSPEND */
	case 0xe: /* SYSTEM_SUSPEND */
		return !w->careful && rarely(w, 8);
	case 3: /* CPU_ON */
		return rarely(w, 8);
	default:
		return true;
	}
}

static void wild_call(struct wild *w)
{
	uint32_t fn = some_function(w);

	wild_box(w, fn, wild_value(w));
	if (!is_fit(w, fn)) {
		fn = PSCI_FEATURES;
	}
	w->box->x[0] = fn | (rarely(w, 8) ? wild_random(w) << 32 : 0);
	/* an argument in x1 would go to SCTLR: it is copied from x20 in the box */
	wild_code(w, 0xaa1403e1);
	w->box->x[20] = rarely(w, 4) ? wild_value(w) : wild_random(w) & 7;
	w->box->x[2] = rarely(w, 4) ? wild_value(w) : wild_memory(w, 4);
	/* buffers, their sizes, indices */
	for (unsigned int i = 3; i < 7; i++) {
		w->box->x[i] = rarely(w, 2) ? wild_memory(w, 8) : wild_value(w);
	}
	if (!w->careful) {
		guard(w);
	}
	wild_code(w, (wild_random(w) & 3 ? 0xd4000002 : 0xd4000003) |
			     (rarely(w, 16) ? (uint32_t)wild_random(w) & 0x1fffe0 : 0));
	w->traps += wild_run(w);
}

/* -- all else -- */

static void wild_words(struct wild *w)
{
	wild_box(w, some_address(w), wild_value(w));
	guard(w);
	for (unsigned int i = 0; i < 4; i++) {
		wild_code(w, (uint32_t)wild_random(w));
	}
	wild_run(w);
}

static uint64_t some_descriptor(struct wild *w)
{
	uint64_t r = wild_random(w), low = (r & 0xffc) | (r >> 16 & 3);

	switch (r >> 60 & 7) {
	case 0:
		return r;
	case 1:
		return (some_address(w) & ~UINT64_C(0xfff)) | low;
	case 2:
		return (some_address(w) & BITS(47, 12)) | 3;
	case 3:
		return (wild_memory(w, 4096)) | low | PTE_AF;
	default:
		return wild_memory(w, 4096) | 3;
	}
}

/* TTBR0's half of the map from tables of random descriptors, of random geometry. */
static void wild_tables(struct wild *w)
{
	uint64_t root = wild_memory(w, 0x10000), va = wild_random(w) & BITS(47, 0);

	for (unsigned int i = 0; i < 64; i++) {
		mmio_write64(wild_memory(w, 8), some_descriptor(w));
		mmio_write64(root + (wild_random(w) & 0xfff8), some_descriptor(w));
	}
	/* the one that is used first, whatever the geometry */
	for (unsigned int shift = 21; shift < 48; shift++) {
		if (rarely(w, 3)) {
			mmio_write64(root + ((va >> shift & 0x1ff) << 3), some_descriptor(w));
		}
	}
	wild_box(w, va, wild_value(w));
	w->box->high = BOX_HIGH_VA;
	w->box->pc |= BOX_HIGH_VA;
	w->box->ttbr0 = root | (rarely(w, 4) ? wild_random(w) & ~BITS(47, 12) : 0);
	w->box->tcr = (BOX_TCR_ON & TCR_HIGH_HALF) |
		      (rarely(w, 2) ? wild_random(w) & ~TCR_HIGH_HALF : BOX_TCR_ON & TCR_LOW_HALF);
	w->box->mair = rarely(w, 4) ? wild_random(w) : MAIR_VALUE;
	guard(w);
	for (unsigned int i = 0; i < 3; i++) {
		wild_code(w, random_access(w));
	}
	if (rarely(w, 4)) {
		w->box->pc = va;
	}
	wild_run(w);
}

static void wild_control(struct wild *w)
{
	uint64_t addr = some_address(w);

	wild_box(w, addr, wild_value(w));
	guard(w);
	w->box->x[1] = rarely(w, 2) ? SCTLR_OFF : SCTLR_ON ^ BIT(wild_random(w) & 63);
	if (rarely(w, 8)) {
		w->box->x[1] = wild_random(w);
	}
	if (!w->reckless) {
		/* the vectors are in memory that is written, the tables little-endian */
		w->box->x[1] &= ~(SCTLR_WXN | SCTLR_EE);
	}
	wild_code(w, random_access(w));
	wild_code(w, random_access(w));
	wild_run(w);
}

/* A jump anywhere, in any state. */
static void wild_jump(struct wild *w)
{
	uint64_t r = wild_random(w);

	wild_box(w, some_address(w), wild_value(w));
	guard(w);
	switch (r & 7) {
	case 0:
		w->box->pc = EXECUTABLE + (some_address(w) & (GIB - 1));
		break;
	case 1:
		w->box->pc = some_address(w);
		break;
	case 2:
		w->box->pc += r >> 8 & 3; /* odd */
		break;
	case 3:
		w->box->pstate = r >> 8; /* whatever state that is */
		w->box->pc = wild_memory(w, 4) + RAM_USER_ALIAS;
		break;
	case 4: /* EL0 */
	case 5:
		w->box->pstate = 0;
		w->box->pc = (rarely(w, 2) ? wild_memory(w, 4) : w->box->pc) + RAM_USER_ALIAS;
		w->box->x[0] = USER_DEVICES + (w->box->x[0] & (GIB - 1));
		break;
	case 6: /* EL0, A32 or T32 */
		w->box->pstate = 0x10 | (r >> 8 & 0x20);
		w->box->pc = wild_memory(w, 2) + RAM_USER_ALIAS;
		break;
	default:
		w->box->pc = wild_random(w);
		break;
	}
	wild_code(w, random_access(w));
	wild_code(w, random_access(w));
	wild_run(w);
}

/* Timers, and a wait for them. */
static void wild_wait(struct wild *w)
{
	static const uint32_t waits[] = {0xd503207f /* wfi */, 0xd503205f /* wfe */,
					 0xd503203f /* yield */, 0xd5033f9f /* dsb sy */};
	uint64_t soon = counter_now() + (wild_random(w) & 0x3ff);

	sysreg_write(cntp_cval_el0, rarely(w, 4) ? wild_random(w) : soon);
	sysreg_write(cntp_ctl_el0, wild_random(w) & 3);
	wild_box(w, some_address(w), wild_value(w));
	guard(w);
	wild_code(w, waits[one_of(w, 4)]);
	wild_code(w, waits[one_of(w, 4)]);
	wild_run(w);
}

void wild_map(void)
{
	uint64_t device = PTE_AF | PTE_ATTR_DEVICE | PTE_BLOCK;

	mmu_level1[3] = device;
	mmu_level1[4] = UINT64_C(0x6000000000) | device | PTE_UXN | PTE_PXN;
	mmu_level1[5] = device | PTE_USER | PTE_UXN | PTE_PXN;
	mmu_level1[6] = WILD_AREA | PTE_TABLE;
	mmu_level1[7] = GICD_BASE | PTE_TABLE;
	mmu_level1[HIGH_REDIST / GIB] = HIGH_REDIST | device | PTE_UXN | PTE_PXN;
	dsb(ishst); /* the entries before the walks that use them; all were invalid until now */
	isb();
}

void wild_start(struct wild *w, uint64_t seed, bool careful)
{
	unsigned int me = cpu_this()->index;

	*w = (struct wild){.me = me, .box = &boxes[me], .careful = careful};
	w->state = (seed + me + 1) * UINT64_C(0x9e3779b97f4a7c15) | 1;
	for (unsigned int i = 0; i < 8; i++) {
		wild_random(w);
	}
	for (uint64_t at = 0; at < 0x4000 && careful; at += 8) {
		mmio_write64(wild_memory(w, 8), wild_random(w));
	}
}

void wild_once(struct wild *w)
{
	static void (*const all[])(struct wild * w) =
		{
			wild_access,   wild_access, wild_access,  wild_access, wild_register,
			wild_register, wild_call,   wild_call,	  wild_gic,    wild_gic,
			wild_gic, /* and those that a careful one leaves alone */
			wild_words,    wild_tables, wild_control, wild_jump,   wild_wait,
		};

	if (w->operations++ % 16 == 0) {
		wild_virtio_calm(w);
		wild_heal(w);
	}
	if (w->devices != 0 && rarely(w, 2)) {
		wild_virtio(w);
		return;
	}
	all[one_of(w, w->careful ? 11 : ARRAY_SIZE(all))](w);
}
