/* SPDX-License-Identifier: Apache-2.0 */
/* What a guest has in its registers stays there, whatever the hypervisor does meanwhile. */
#include "tests/guest/lib/console.h"
#include "tests/guest/lib/cpu.h"
#include "tests/guest/lib/exc.h"
#include "tests/guest/lib/fpregs.h"
#include "tests/guest/lib/gic.h"
#include "tests/guest/lib/insn.h"
#include "tests/guest/lib/psci.h"
#include "tests/guest/lib/servant.h"
#include "tests/guest/lib/string.h"
#include "tests/guest/lib/tap.h"
#include "tests/guest/lib/timer.h"

#define ROUNDS	   20
#define SGI	   3
#define SGI_ROUNDS 50
#define PATTERN	   UINT64_C(0x5a3c0f96a5c3f069)

#define ISAR1	 SYSREG(3, 0, 0, 6, 1)
#define ISAR2	 SYSREG(3, 0, 0, 6, 2)
#define ISAR1_PA (BITS(7, 4) | BITS(11, 8))
#define ISAR2_PA BITS(15, 12) /* APA3 */

#define SCTLR_EN_PAC (BIT(31) | BIT(30) | BIT(27) | BIT(13))

#define KEYS   10
#define KEY(n) SYSREG(3, 0, 2, 1 + (n) / 4, (n) % 4)
#define PACIA  0xdac10020 /* pacia x0, x1 */
#define AUTIA  0xdac11020
#define PACDB  0xdac10c20
#define AUTDB  0xdac11c20

static bool bare, has_keys;

/* Registers that nothing else here uses, and that no interrupt or call changes. */
static const struct {
	const char *name;
	uint32_t reg;
	uint64_t pattern;
} regs[] = {
	{"TPIDR_EL0", SYSREG(3, 3, 13, 0, 2), PATTERN},
	{"TPIDRRO_EL0", SYSREG(3, 3, 13, 0, 3), ~PATTERN},
	{"CONTEXTIDR_EL1", SYSREG(3, 0, 13, 0, 1), 0x12345678},
	{"SP_EL0", SYSREG(3, 0, 4, 1, 0), PATTERN << 1},
	{"ELR_EL1", SYSREG(3, 0, 4, 0, 1), PATTERN << 2},
	{"SPSR_EL1", SYSREG(3, 0, 4, 0, 0), 0xf00003c5},
	{"ESR_EL1", SYSREG(3, 0, 5, 2, 0), 0x8a123456},
	{"FAR_EL1", SYSREG(3, 0, 6, 0, 0), ~PATTERN << 1},
	{"PAR_EL1", SYSREG(3, 0, 7, 4, 0), 0x80d},
	{"AMAIR_EL1", SYSREG(3, 0, 10, 3, 0), PATTERN},
	{"CNTKCTL_EL1", SYSREG(3, 0, 14, 1, 0), 3},
	{"CSSELR_EL1", SYSREG(3, 2, 0, 0, 0), 2},
	{"CNTV_CVAL_EL0", SYSREG(3, 3, 14, 3, 2), PATTERN},
	{"CNTP_CVAL_EL0", SYSREG(3, 3, 14, 2, 2), ~PATTERN},
	{"DBGBVR0_EL1", SYSREG(2, 0, 0, 0, 4), 0x12345678},
	{"DBGWVR1_EL1", SYSREG(2, 0, 0, 1, 6), 0x12345678},
};

/* -- what brings the hypervisor in -- */

static void by_device(void)
{
	mmio_read32(GICD_BASE + GICD_TYPER);
	mmio_write32(gic_reg(GICD_ISENABLER, 0, 1), 0);
	mmio_read32(PL031_BASE);
}

static void by_call(void)
{
	psci_call(PSCI_VERSION, 0, 0, 0);
	if (!bare) {
		psci_call_smc(0xc600ffff, 0, 0, 0);
	}
}

static void by_register(void)
{
	sysreg_read(id_aa64pfr0_el1);
	sysreg_read(actlr_el1);
}

static void by_set_way(void)
{
	__asm__ volatile("dc cisw, %0" ::"r"(UINT64_C(0)) : "memory");
	dsb(sy); /* done before what is checked */
}

/* By another CPU: each change of what is pending here brings the hypervisor in. */
static void pend_and_clear(void *arg)
{
	uint64_t frame = gic_redist(cpu_mpidr(0)) + GICR_SGI_FRAME;

	(void)arg;
	for (unsigned int i = 0; i < SGI_ROUNDS; i++) {
		mmio_write32(frame + GICD_ISPENDR, BIT(SGI));
		cpu_delay_us(10);
		mmio_write32(frame + GICD_ICPENDR, BIT(SGI));
		cpu_delay_us(10);
	}
	mmio_write32(frame + GICD_ISPENDR, BIT(SGI));
}

static void by_interrupts(void)
{
	servant_run(1, pend_and_clear, NULL);
	gic_write_bit(GICD_ICPENDR, SGI);
}

static void pend(void *arg)
{
	(void)arg;
	cpu_delay_us(50);
	mmio_write32(gic_redist(cpu_mpidr(0)) + GICR_SGI_FRAME + GICD_ISPENDR, BIT(SGI));
}

static void by_standby(void)
{
	servant_post(1, pend, NULL);
	psci_call(PSCI_CPU_SUSPEND, 0, 0, 0);
	servant_wait(1);
	gic_write_bit(GICD_ICPENDR, SGI);
	servant_post(1, pend, NULL);
	cpu_wfi();
	servant_wait(1);
	gic_write_bit(GICD_ICPENDR, SGI);
}

static const struct {
	const char *sentence;
	void (*fn)(void);
} exits[] = {
	{"device accesses leave all registers alone", by_device},
	{"so do calls", by_call},
	{"so do trapped registers", by_register},
	{"so does cache maintenance by set and way", by_set_way},
	{"so do interrupts from another CPU", by_interrupts},
	{"so do standby and WFI", by_standby},
};

/* -- what is kept -- */

struct kept {
	uint64_t reg[ARRAY_SIZE(regs)];
	uint64_t key[KEYS];
	struct fpregs fp;
};
static struct kept before, after;

static void look(struct kept *kept)
{
	fpregs_store(&kept->fp);
	for (unsigned int i = 0; i < ARRAY_SIZE(regs); i++) {
		kept->reg[i] = insn_mrs(regs[i].reg);
	}
	for (unsigned int i = 0; has_keys && i < KEYS; i++) {
		kept->key[i] = insn_mrs(KEY(i));
	}
}

static void fill(unsigned int round)
{
	struct fpregs fp = {.fpcr = 3 << 22, .fpsr = 0x1f};

	for (unsigned int i = 0; i < ARRAY_SIZE(fp.v); i++) {
		fp.v[i] = PATTERN * (i + 1) + round;
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(regs); i++) {
		insn_msr(regs[i].reg, regs[i].pattern);
	}
	for (unsigned int i = 0; has_keys && i < KEYS; i++) {
		insn_msr(KEY(i), PATTERN * (i + 3) + round);
	}
	isb(); /* the new values before they are read */
	fpregs_load(&fp);
	look(&before);
}

static unsigned int changed(void)
{
	unsigned int wrong = 0;

	look(&after);
	for (unsigned int i = 0; i < ARRAY_SIZE(regs); i++) {
		if (after.reg[i] != before.reg[i]) {
			printf("# %s was 0x%lx, is 0x%lx\n", regs[i].name, before.reg[i],
			       after.reg[i]);
			wrong++;
		}
	}
	wrong += memcmp(&before.fp, &after.fp, sizeof(before.fp)) != 0;
	wrong += memcmp(before.key, after.key, sizeof(before.key)) != 0;
	return wrong;
}

static void test_kept(void)
{
	for (unsigned int e = 0; e < ARRAY_SIZE(exits); e++) {
		unsigned int wrong = 0;

		for (unsigned int i = 0; i < ROUNDS; i++) {
			fill(i);
			exits[e].fn();
			wrong += changed();
		}
		is(wrong, 0, exits[e].sentence);
	}
}

/* -- general registers -- */

#define LDR_W(t, n) (0xb9400000 | (n) << 5 | (t))
#define LDR_X(t, n) (0xf9400000 | (n) << 5 | (t))
#define STR_W(t, n) (0xb9000000 | (n) << 5 | (t))
#define MRS(reg, t) (0xd5200000 | (reg) | (t))
#define MSR(reg, t) (0xd5000000 | (reg) | (t))
#define HVC(imm)    (0xd4000002 | (imm) << 5)

#define ISAR0	   SYSREG(3, 0, 0, 6, 0)
#define SGI1R	   SYSREG(3, 0, 12, 11, 5)
#define CNTP_CVAL  SYSREG(3, 3, 14, 2, 2)
#define PRIORITIES (UINT64_C(GICD_BASE) + GICD_IPRIORITYR + 40)
#define ROUTER	   (UINT64_C(GICD_BASE) + GICD_IROUTER + 8 * 50)

static uint64_t x[INSN_REGS];

static void fill_general(void)
{
	for (unsigned int i = 0; i < INSN_REGS; i++) {
		x[i] = PATTERN * (2 * i + 1);
	}
}

/* How many registers differ from what was in them, but for x[t] which should be `result`. */
static unsigned int disturbed(uint32_t insn, unsigned int t, uint64_t result)
{
	uint64_t kept[INSN_REGS];
	unsigned int wrong = 0;

	memcpy(kept, x, sizeof(kept));
	kept[t] = result;
	insn_run_all(insn, x);
	for (unsigned int i = 0; i < INSN_REGS; i++) {
		if (x[i] != kept[i]) {
			printf("# x%u is 0x%lx and should be 0x%lx after 0x%08x\n", i, x[i],
			       kept[i], insn);
			wrong++;
		}
	}
	return wrong;
}

/* The base is x1, or x2 where x1 is the target. */
static unsigned int access_disturbs(uint32_t insn, unsigned int t, uint64_t addr, uint64_t result)
{
	unsigned int base = t == 1 ? 2 : 1;

	x[base] = addr;
	return disturbed(insn | base << 5, t, result);
}

static void test_general_accesses(void)
{
	unsigned int loads = 0, wide = 0, stores = 0;

	mmio_write64(ROUTER, 0);
	for (unsigned int t = 0; t < INSN_REGS; t++) {
		uint32_t value = (0x08101820 + t * 0x08080808) & 0xf8f8f8f8;

		mmio_write32(PRIORITIES, ~value & 0xf8f8f8f8);
		fill_general();
		loads += access_disturbs(LDR_W(t, 0), t, PRIORITIES, ~value & 0xf8f8f8f8);
		fill_general();
		wide += access_disturbs(LDR_X(t, 0), t, ROUTER, 0);
		fill_general();
		x[t] = PATTERN << 32 | value;
		stores += access_disturbs(STR_W(t, 0), t, PRIORITIES, x[t]);
		stores += mmio_read32(PRIORITIES) != value;
	}
	is(loads, 0, "a device load reaches each of x0 to x30 and no other");
	is(wide, 0, "so does one of 64 bits");
	is(stores, 0, "a device store takes each of them and changes none");
}

static void test_general_registers(void)
{
	uint64_t isar0 = sysreg_read(id_aa64isar0_el1);
	unsigned int reads = 0, writes = 0, sgis = 0;

	for (unsigned int t = 0; t < INSN_REGS; t++) {
		fill_general();
		reads += disturbed(MRS(ISAR0, t), t, isar0);
		fill_general();
		writes += disturbed(MSR(CNTP_CVAL, t), t, x[t]);
		writes += insn_mrs(CNTP_CVAL) != x[t];
		fill_general();
		x[t] = (uint64_t)SGI << 24 | 1; /* to this CPU */
		sgis += disturbed(MSR(SGI1R, t), t, x[t]);
		sgis += !WAIT(gic_bit(GICD_ISPENDR, SGI));
		gic_write_bit(GICD_ICPENDR, SGI);
	}
	is(reads, 0, "a trapped read reaches each of x0 to x30 and no other");
	is(writes, 0, "a trapped write takes each of them and changes none");
	is(sgis, 0, "so does an SGI to oneself");
}

static unsigned int call_disturbs(uint32_t imm, uint64_t id, uint64_t result)
{
	fill_general();
	x[0] = id;
	return disturbed(HVC(imm), 0, result);
}

static void test_general_calls(void)
{
	static const uint32_t versions[] = {PSCI_VERSION, SMCCC_VERSION};
	uint64_t refused = (uint64_t)PSCI_NOT_SUPPORTED;
	unsigned int lost = 0, near = 0, imm = 0;

	if (bare) {
		skip("calls leave x1 to x30 alone", "QEMU's own PSCI is another one");
		return;
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(versions); i++) {
		lost += call_disturbs(0, versions[i], 0x10001);
		/* the id is in W0 */
		lost += call_disturbs(0, PATTERN << 32 | versions[i], 0x10001);
		for (unsigned int bit = 5; bit < 32; bit++) {
			if (BIT(bit) != (PSCI_VERSION ^ SMCCC_VERSION)) {
				near += call_disturbs(0, versions[i] ^ BIT(bit), refused);
			}
		}
		imm += call_disturbs(1, versions[i], refused);
		imm += call_disturbs(0xffff, versions[i], refused);
	}
	/* CPU_SUSPEND to no state there is, ARCH_FEATURES of nothing, AFFINITY_INFO of nobody */
	near += call_disturbs(0, PSCI_CPU_SUSPEND_32, (uint64_t)PSCI_INVALID_PARAMETERS);
	near += call_disturbs(0, SMCCC_ARCH_FEATURES, refused);
	near += call_disturbs(0, PSCI_AFFINITY_INFO, (uint64_t)PSCI_INVALID_PARAMETERS);
	is(lost, 0, "PSCI_VERSION and SMCCC_VERSION are 1.1 and leave x1 to x30 alone");
	is(near, 0, "ids that differ in a bit are no versions, and leave them alone");
	is(imm, 0, "so do calls with an immediate");
}

/* -- pointer authentication -- */

static unsigned int badly_signed(uint32_t sign, uint32_t check)
{
	uint64_t pointer = (uint64_t)&before;
	unsigned int wrong = 0;

	for (unsigned int e = 0; e < ARRAY_SIZE(exits); e++) {
		uint64_t made = insn_run(&sign, 1, pointer, PATTERN);

		exits[e].fn();
		wrong += insn_run(&sign, 1, pointer, PATTERN) != made;
		wrong += insn_run(&check, 1, made, PATTERN) != pointer;
		wrong += made == pointer;
	}
	return wrong;
}

static void read_keys(void *arg)
{
	uint64_t *key = arg;

	for (unsigned int i = 0; i < KEYS; i++) {
		key[i] = insn_mrs(KEY(i));
	}
}

static void test_keys(void)
{
	uint64_t sctlr = sysreg_read(sctlr_el1), other[KEYS];
	unsigned int same = 0;

	if (!has_keys) {
		ok(EXC_CLASS(insn_mrs(KEY(0))) == EC_UNKNOWN,
		   "without pointer authentication there are no keys");
		return;
	}
	fill(1);
	sysreg_write(sctlr_el1, sctlr | SCTLR_EN_PAC);
	isb(); /* the keys are in use */
	is(badly_signed(PACIA, AUTIA), 0, "what was signed before an exit is good after it");
	is(badly_signed(PACDB, AUTDB), 0, "with a data key too");
	sysreg_write(sctlr_el1, sctlr);
	isb(); /* as it was */
	servant_stop(1);
	servant_start(1);
	servant_run(1, read_keys, other);
	for (unsigned int i = 0; i < KEYS; i++) {
		same += other[i] == before.key[i];
	}
	is(same, 0, "a CPU that is turned on has keys of its own");
}

int main(void)
{
	gic_setup();
	bare = machine_is_bare();
	has_keys = (insn_mrs(ISAR1) & ISAR1_PA) != 0 || (insn_mrs(ISAR2) & ISAR2_PA) != 0;
	gic_enable(SGI);
	servant_start(1);
	test_kept();
	test_general_accesses();
	test_general_registers();
	test_general_calls();
	test_keys();
	servant_stop(1);
	tap_done();
}
