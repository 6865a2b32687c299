/* SPDX-License-Identifier: Apache-2.0 */
/* A guest gone mad, by a seed. */
#include "tests/guest/lib/hostile.h"

#include "tests/guest/lib/cpu.h"
#include "tests/guest/lib/exc.h"
#include "tests/guest/lib/gic.h"
#include "tests/guest/lib/insn.h"
#include "tests/guest/lib/pl011_regs.h"
#include "tests/guest/lib/psci.h"

#define DC_ZVA_X0 0xd50b7420

static bool hostile_bare;

/* One word of code to be run with x0 = address or value, and a return. Per CPU: no sharing. */
static uint32_t hostile_code[MACHINE_MAX_CPUS][16] __attribute__((aligned(64)));

static uint64_t hostile_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static void hostile_execute(uint32_t insn, uint64_t x0, uint64_t x1)
{
	uint32_t *code = hostile_code[cpu_this()->index];
	register uint64_t r0 __asm__("x0") = x0;
	register uint64_t r1 __asm__("x1") = x1;

	WRITE_ONCE(code[0], insn);
	WRITE_ONCE(code[1], 0xd65f03c0); /* ret */
	__asm__ volatile("dc cvau, %0\n\tdsb ish\n\tic ivau, %0\n\tdsb ish\n\tisb" ::"r"(code)
			 : "memory"); /* the code is what is fetched from there */
	__asm__ volatile("blr %2"
			 : "+r"(r0), "+r"(r1)
			 : "r"(code)
			 : "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12",
			   "x13", "x14", "x15", "x16", "x17", "x30", "cc", "memory");
}

/* Somewhere in the devices, or where nothing is. */
static uint64_t hostile_address(uint64_t r)
{
	static const struct {
		uint64_t base, size;
	} regions[] = {
		{GICD_BASE, 0x10000}, {GICD_BASE, 0x1000},   {GICR_BASE, 0x80000},
		{GICR_BASE, 0x20000}, {PL011_BASE, 0x1000},  {PL031_BASE, 0x1000},
		{SP805_BASE, 0x1000}, {HOLE_BASE, 0x100000}, {GICD_BASE, 0x8000000},
	};
	unsigned int i = r % ARRAY_SIZE(regions);
	uint64_t base = gic_v2 && regions[i].base == GICR_BASE ? GICC_BASE : regions[i].base;
	uint64_t addr = base + (r >> 8) % regions[i].size;

	/* Mostly aligned: what isn't never gets far. */
	return r >> 60 ? addr & ~UINT64_C(7) : addr;
}

static void hostile_access(uint64_t *state)
{
	static const uint32_t forms[] = {
		0x39400001 /* ldrb w1, [x0] */,
		0x79400001 /* ldrh */,
		0xb9400001 /* ldr w1 */,
		0xf9400001 /* ldr x1 */,
		0x39000001 /* strb */,
		0x79000001 /* strh */,
		0xb9000001 /* str w1 */,
		0xf9000001 /* str x1 */,
		0x38c00001 /* ldursb w1 */,
		0xb9800001 /* ldrsw x1 */,
		0xb8404401 /* ldr w1, [x0], #4 */,
		0xb8004c01 /* str w1, [x0, #4]! */,
		0x29400801 /* ldp w1, w2 */,
		0xa9400801 /* ldp x1, x2 */,
		0x29000801 /* stp w1, w2 */,
		0xa8810801 /* stp x1, x2, [x0], #16 */,
		0x885f7c01 /* ldxr w1 */,
		0x88027c01 /* stxr w2, w1 */,
		0x88dffc01 /* ldar */,
		0x889ffc01 /* stlr */,
		0xbd400000 /* ldr s0 */,
		0x3d800000 /* str q0 */,
		0xad400400 /* ldp q0, q1 */,
		0x4c407800 /* ld1 {v0.4s} */,
		0xb8200001 /* ldadd w0, w1 */,
		DC_ZVA_X0,
		0xd50b7e20 /* dc civac, x0 */,
		0xd5087800 /* at s1e1r, x0 */,
	};
	uint64_t addr = hostile_address(hostile_random(state));
	uint32_t form = forms[hostile_random(state) % ARRAY_SIZE(forms)];

	/* Nothing that reaches UARTDR: it would be read as this program's results. */
	if ((addr >= PL011_BASE - 32 && addr < PL011_BASE + 8) ||
	    (form == DC_ZVA_X0 && addr / 64 == PL011_BASE / 64)) {
		addr = PL011_BASE + 64 + UART_IFLS;
	}
	hostile_execute(form, addr, hostile_random(state));
}

/* Reads of any system register; writes of those that nothing here stands on. */
static void hostile_sysreg(uint64_t *state)
{
	static const uint32_t writable[] = {
		SYSREG(3, 3, 9, 12, 0), SYSREG(3, 3, 14, 0, 0), SYSREG(3, 0, 12, 8, 0),
		SYSREG(3, 1, 15, 0, 0), SYSREG(3, 0, 11, 0, 0), SYSREG(2, 0, 0, 0, 0),
	};
	uint64_t value, r = hostile_random(state);
	uint32_t reg, low = (uint32_t)(r >> 8) & (0x7f << 5);

	if (r & 1) {
		hostile_execute(0xd5200000 | SYSREG(2 + (r >> 1 & 1), 0, 0, 0, 0) |
					((uint32_t)(r >> 16) & 0x7ffe0),
				0, 0);
		return;
	}
	reg = writable[(r >> 1) % ARRAY_SIZE(writable)];
	if (reg == SYSREG(3, 0, 12, 8, 0)) {
		reg = SYSREG(3, 0, 12, 8 + (r >> 8) % 5, (r >> 16) & 7); /* ICC registers */
	} else if (reg == SYSREG(2, 0, 0, 0, 0)) {
		reg |= (uint32_t)(r >> 8) & (0x7ff << 5); /* debug, masked by PSTATE.D */
	} else {
		reg |= low;
	}
	/* Without a hypervisor this is the highest EL, which may write CNTFRQ_EL0. */
	if (reg == SYSREG(3, 3, 14, 0, 0)) {
		return;
	}
	value = hostile_random(state);
	/* Ends of interrupts that can't exist crash QEMU's own GIC: for hypervisors only. */
	if (hostile_bare && reg >> 12 == SYSREG(3, 0, 12, 0, 0) >> 12) {
		value &= INTID_SPURIOUS;
	}
	/* QEMU 7.2 hangs where CNTV_CVAL_EL0 and CNTVOFF_EL2 together go round the end of 64 bits,
	   as the former is near that end, or CNTV_TVAL_EL0 a time before the counter's 0. */
	if (reg == SYSREG(3, 3, 14, 3, 2)) {
		value &= UINT64_MAX >> 1;
	} else if (reg == SYSREG(3, 3, 14, 3, 0)) {
		value &= INT32_MAX;
	}
	hostile_execute(0xd5000000 | reg, value, 0);
}

/* Calls with random arguments, but none that ends or sleeps. CPU_ON never has an entry in RAM. */
static void hostile_call(uint64_t *state)
{
	static const uint32_t bases[] = {0x84000000, 0xc4000000, 0x80000000, 0x80008000,
					 0x86000000, 0xc6000000, 0x82000000, 0x00000000};
	uint64_t r = hostile_random(state);
	struct smccc_regs regs;
	uint32_t fn = bases[r & 7] | (uint32_t)(r >> 8 & 0x3f); /* so many hypercalls */

	if (r >> 3 & 1) {
		fn = (uint32_t)(r >> 32);
	}
	for (unsigned int i = 1; i < ARRAY_SIZE(regs.x); i++) {
		regs.x[i] = hostile_random(state);
		regs.x[i] = regs.x[i] & 1 ? regs.x[i] >> 1 & 0x7 : regs.x[i];
	}
	if ((fn & 0xbf000000) == 0x84000000) {
		switch (fn & 0xffff) {
		case PSCI_AFFINITY_INFO_32 & 0xffff:
		case PSCI_MIGRATE & 0xffff:
		case PSCI_MIGRATE_INFO_TYPE & 0xffff:
		case PSCI_FEATURES & 0xffff:
			break;
		case PSCI_CPU_ON_32 & 0xffff:
			/* A CPU that is done may be off by now: it must not be found. */
			regs.x[1] |= hostile_bare ? BIT(31) : 0;
			regs.x[2] = HOLE_BASE;
			break;
		default:
			fn = PSCI_VERSION;
			break;
		}
	}
	regs.x[0] = fn;
	if (r >> 4 & 1) {
		smccc_smc(&regs);
	} else {
		smccc_hvc(&regs);
	}
}

static void hostile_other(uint64_t *state)
{
	uint64_t r = hostile_random(state);

	switch (r % 8) {
	case 0:
		__asm__ volatile("tlbi vmalle1is\n\tdsb ish\n\tisb" ::: "memory");
		break;
	case 1:
		__asm__ volatile("ic ialluis\n\tdsb ish\n\tisb" ::: "memory");
		break;
	case 2:
		__asm__ volatile("dc cisw, %0" ::"r"(r >> 8) : "memory");
		break;
	case 3:
		cpu_sev();
		cpu_wfe();
		break;
	case 4:
		if (gic_v2) {
			mmio_write32(GICD_BASE + GICD_SGIR, (uint32_t)hostile_random(state));
		} else {
			icc_write(ICC_SGI1R, hostile_random(state));
		}
		break;
	case 5:
		hostile_execute((uint32_t)(r >> 32) & 0x0000ffff, 0, 0); /* udf */
		break;
	default:
		/* A window for interrupts, whatever they are by now. */
		__asm__ volatile("msr daifclr, #3\n\tisb\n\tmsr daifset, #3" ::: "memory");
		break;
	}
}

static void hostile_irq_v2(void)
{
	uint32_t iar = mmio_read32(GICC_BASE + GICC_IAR), end = GICC_EOIR;

	if ((iar & GICC_IAR_INTID) == INTID_GROUP1) {
		iar = mmio_read32(GICC_BASE + GICC_AIAR);
		end = GICC_AEOIR;
	}
	if ((iar & GICC_IAR_INTID) < 1020) {
		if ((iar & GICC_IAR_INTID) < 256) {
			gic_disable(iar & GICC_IAR_INTID);
		}
		mmio_write32(GICC_BASE + end, iar);
		mmio_write32(GICC_BASE + GICC_DIR, iar);
	}
}

/* Whatever comes is ended and disabled: a level that nobody lowers would come for ever. */
static void hostile_irq_v3(bool fiq)
{
	uint64_t intid = fiq ? sysreg_read(ICC_IAR0) : sysreg_read(ICC_IAR1);

	if (intid < 1020) {
		if (intid < 256) {
			gic_disable((unsigned int)intid);
		}
		if (fiq) {
			icc_write(ICC_EOIR0, intid);
		} else {
			icc_write(ICC_EOIR1, intid);
		}
		icc_write(ICC_DIR, intid);
	}
}

static void hostile_irq(struct exc_frame *frame, bool fiq)
{
	if (gic_v2) {
		hostile_irq_v2();
	} else {
		hostile_irq_v3(fiq);
	}
	frame->spsr |= 0xc0; /* the window is over: nothing can keep this CPU in its handler */
}

static void hostile_judge(const struct exc_record *r, struct hostile_result *result)
{
	uint64_t ec = exc_ec(r);

	result->operations++;
	result->faults += r->count;
	result->serrors += r->serror_count;
	if (r->count && ec != EC_UNKNOWN && ec != EC_DABT && ec != EC_SYSREG && ec != EC_SVE &&
	    ec != EC_SME && ec != EC_FP) {
		result->wrong++;
		result->worst = r->esr;
	}
}

void hostile_run(uint64_t seed, uint64_t operations, struct hostile_result *result)
{
	uint64_t state = seed * UINT64_C(0x9e3779b97f4a7c15) | 1;
	struct exc_record r;

	hostile_bare = machine_is_bare();
	exc_set_irq(hostile_irq);
	for (uint64_t i = 0; !operations || i < operations; i++) {
		exc_begin();
		switch (hostile_random(&state) % 8) {
		case 0:
		case 1:
			hostile_sysreg(&state);
			break;
		case 2:
			hostile_call(&state);
			break;
		case 3:
			hostile_other(&state);
			break;
		default:
			hostile_access(&state);
			break;
		}
		r = exc_end();
		hostile_judge(&r, result);
	}
}
