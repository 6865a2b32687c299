/* SPDX-License-Identifier: Apache-2.0 */
/*
 * garbage: each life begins with a look at everything that has a value at reset, which must be what
 * the first life found; then it fills interrupt controller, tables, queues, timers, devices and
 * registers with what its seed says, and ends in one of several ways. What it left behind shows in
 * the next one: "BUG:" is said of that. Ends never; who runs it counts the lives.
 *
 * `parameters` are written into the image by whoever makes the config.
 */
#include "tests/guest/lib/console.h"
#include "tests/guest/lib/cpu.h"
#include "tests/guest/lib/fpregs.h"
#include "tests/guest/lib/gic.h"
#include "tests/guest/lib/insn.h"
#include "tests/guest/lib/its.h"
#include "tests/guest/lib/mmu.h"
#include "tests/guest/lib/pl011_regs.h"
#include "tests/guest/lib/pl031_regs.h"
#include "tests/guest/lib/psci.h"
#include "tests/guest/lib/sp805_regs.h"
#include "tests/guest/lib/timer.h"
#include "tests/guest/lib/virtio.h"

#define RECORD_AT  (RAM_BASE + RAM_MAPPED_SIZE - 0x4000)
#define VALUES	   1500				     /* that are looked at, or less */
#define AREA	   (UINT64_C(RAM_BASE) + 0x01000000) /* tables and queues that are garbage */
#define AREA_SIZE  UINT64_C(0x00800000)
#define MAGIC	   UINT64_C(0x6572757473697270)
#define PRISTINE   0x600dda7a
#define EXECUTABLE UINT64_C(0xc0000000) /* alias of the device GiB that may be executed */
#define SPIS	   160
#define WRITES	   400 /* by each CPU */
#define QUEUES	   3   /* of a virtio device, at most */

#define PFR0_GIC BITS(27, 24)

static volatile struct {
	char name[8];
	uint64_t seed;
	uint64_t devices; /* virtio devices that it has */
} parameters = {"GARBPARM", 1, 0};

enum part {
	PART_DIST,
	PART_REDIST,
	PART_INTERFACE,
	PART_ITS,
	PART_TIMERS,
	PART_UART,
	PART_CLOCK,
	PART_DOG,
	PART_VIRTIO,
	PART_REGISTERS,
	PART_FP,
	PART_CPUS,
	PART_COUNT,
};

static const char *const part_names[PART_COUNT] = {
	"the distributor",   "the redistributors",
	"the CPU interface", "the ITS",
	"the timers",	     "the UART",
	"the clock",	     "the watchdog",
	"a virtio device",   "a register of EL1's",
	"FP and SIMD",	     "another CPU",
};

/* Where no image is, so that it outlives a restart. */
static volatile struct record {
	uint64_t magic;
	uint64_t lives;
	uint64_t value[VALUES]; /* as the first life found them */
} *const record = (volatile struct record *)RECORD_AT;

static uint32_t data = PRISTINE;
static bool v2;

/* -- what is looked at -- */

static bool first_life;
static enum part part;
static unsigned int looked, looked_before; /* values; those of parts before */

/* The next value; the first one of a part that is another is told of. */
static void add(uint64_t value)
{
	static enum part told = PART_COUNT;
	unsigned int n = looked++;

	if (n >= VALUES) {
		printf("BUG: garbage: more values than there is room for\n");
	} else if (first_life) {
		record->value[n] = value;
	} else if (record->value[n] != value && told != part) {
		told = part;
		printf("BUG: garbage: life %lu: %s is not as after reset: value %u is 0x%lx, "
		       "not 0x%lx\n",
		       record->lives, part_names[part], n - looked_before, value, record->value[n]);
	}
}

static void add_words(uint64_t from, uint64_t size)
{
	for (uint64_t at = 0; at < size; at += 4) {
		add(mmio_read32(from + at));
	}
}

/* Groups, enables, pending and active state, priorities, triggers. */
static void add_interrupts(uint64_t base, unsigned int first, unsigned int count)
{
	for (unsigned int reg = GICD_IGROUPR; reg < GICD_IPRIORITYR; reg += 0x80) {
		add_words(base + reg + first / 8, count / 8);
	}
	add_words(base + GICD_IPRIORITYR + first, count);
	add_words(base + GICD_ICFGR + first / 4, count / 4);
}

static void look_dist(void)
{
	add(mmio_read32(GICD_BASE + GICD_CTLR));
	if (v2) {
		add_interrupts(GICD_BASE, 0, 32);
		add_words(GICD_BASE + GICD_ITARGETSR, SPIS);
		add_words(GICD_BASE + GICD_CPENDSGIR, 16);
	}
	add_interrupts(GICD_BASE, 32, SPIS - 32);
	for (unsigned int i = 32; i < SPIS && !v2; i++) {
		add(mmio_read64(GICD_BASE + GICD_IROUTER + 8 * i));
	}
}

static void look_redist(void)
{
	for (unsigned int cpu = 0; cpu < 2 && !v2; cpu++) {
		uint64_t base = GICR_BASE + cpu * GICR_STRIDE;

		add(mmio_read32(base + GICR_CTLR));
		add(mmio_read32(base + GICR_WAKER));
		add(mmio_read64(base + GICR_PROPBASER));
		add(mmio_read64(base + GICR_PENDBASER));
		add_interrupts(base + GICR_SGI_FRAME, 0, 32);
	}
}

static void look_interface(void)
{
	if (v2) {
		add_words(GICC_BASE, GICC_BPR + 4);
		add(mmio_read32(GICC_BASE + GICC_RPR));
		add(mmio_read32(GICC_BASE + GICC_HPPIR));
		add(mmio_read32(GICC_BASE + GICC_APR));
		return;
	}
	add(sysreg_read(ICC_PMR));
	add(sysreg_read(ICC_CTLR));
	add(sysreg_read(ICC_BPR1));
	add(sysreg_read(ICC_IGRPEN0) | sysreg_read(ICC_IGRPEN1) << 1);
	add(sysreg_read(ICC_AP1R0));
	add(sysreg_read(ICC_RPR));
	add(sysreg_read(ICC_HPPIR1));
}

static void look_its(void)
{
	if (v2 || !its_is_there()) {
		return;
	}
	add(mmio_read32(ITS_BASE + GITS_CTLR));
	add(mmio_read64(ITS_BASE + GITS_CBASER));
	add(mmio_read64(ITS_BASE + GITS_CWRITER));
	add(mmio_read64(ITS_BASE + GITS_CREADR));
	for (unsigned int i = 0; i < 8; i++) {
		add(mmio_read64(ITS_BASE + GITS_BASER + 8 * i));
	}
}

static void look_timers(void)
{
	add(sysreg_read(cntv_ctl_el0));
	add(sysreg_read(cntp_ctl_el0));
	add(sysreg_read(cntv_cval_el0));
	add(sysreg_read(cntp_cval_el0));
	add(sysreg_read(cntkctl_el1));
}

static void look_uart(void)
{
	add(console_reset_cr);
	add(console_reset_lcr_h);
	add_words(PL011_BASE + UART_ILPR, 12);
	add_words(PL011_BASE + UART_IFLS, 8);
	add(mmio_read32(PL011_BASE + UART_MIS));
	add(mmio_read32(PL011_BASE + UART_DMACR));
}

static void look_clock(void)
{
	add_words(PL031_BASE + RTC_MR, 24);
}

static void look_dog(void)
{
	add_words(SP805_BASE, WDOG_MIS + 4);
	add(mmio_read32(SP805_BASE + WDOG_LOCK));
	add(mmio_read32(SP805_BASE + WDOG_ITCR));
}

static void look_virtio(void)
{
	static const uint32_t whole[] = {VIRTIO_DEVICE_ID, VIRTIO_INTERRUPT, VIRTIO_STATUS,
					 VIRTIO_GENERATION};

	for (unsigned int i = 0; i < parameters.devices; i++) {
		uint64_t device = VIRTIO_DEVICE(i);

		for (unsigned int n = 0; n < ARRAY_SIZE(whole); n++) {
			add(virtio_get(device, whole[n]));
		}
		for (uint32_t queue = 0; queue < QUEUES; queue++) {
			virtio_set(device, VIRTIO_QUEUE_SEL, queue);
			add(virtio_get(device, VIRTIO_QUEUE_READY));
		}
		add_words(device + VIRTIO_CONFIG, 32);
		add(virtio_offered(device));
	}
}

static const uint32_t registers[] = {
	SYSREG(3, 3, 13, 0, 2) /* TPIDR_EL0 */,	 SYSREG(3, 3, 13, 0, 3) /* TPIDRRO_EL0 */,
	SYSREG(3, 0, 13, 0, 1) /* CONTEXTIDR */, SYSREG(3, 0, 4, 1, 0) /* SP_EL0 */,
	SYSREG(3, 0, 10, 3, 0) /* AMAIR_EL1 */,	 SYSREG(3, 0, 2, 0, 1) /* TTBR1_EL1 */,
	SYSREG(2, 0, 0, 0, 4) /* DBGBVR0_EL1 */, SYSREG(2, 0, 0, 0, 5) /* DBGBCR0_EL1 */,
	SYSREG(2, 0, 0, 0, 6) /* DBGWVR0_EL1 */, SYSREG(2, 0, 0, 0, 7) /* DBGWCR0_EL1 */,
};

static void look_registers(void)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(registers); i++) {
		add(insn_mrs(registers[i]));
	}
}

static void look_fp(void)
{
	static struct fpregs fp;

	fpregs_store(&fp);
	for (unsigned int i = 0; i < sizeof(fp) / sizeof(uint64_t); i++) {
		add(((const uint64_t *)&fp)[i]);
	}
}

static void look_cpus(void)
{
	add((uint64_t)psci_affinity_info(cpu_mpidr(1), 0));
}

static void (*const looks[PART_COUNT])(void) = {
	[PART_DIST] = look_dist,
	[PART_REDIST] = look_redist,
	[PART_INTERFACE] = look_interface,
	[PART_ITS] = look_its,
	[PART_TIMERS] = look_timers,
	[PART_UART] = look_uart,
	[PART_CLOCK] = look_clock,
	[PART_DOG] = look_dog,
	[PART_VIRTIO] = look_virtio,
	[PART_REGISTERS] = look_registers,
	[PART_FP] = look_fp,
	[PART_CPUS] = look_cpus,
};

static void look_around(void)
{
	first_life = record->magic != MAGIC;
	record->lives = first_life ? 1 : record->lives + 1;
	for (part = 0; part < PART_COUNT; part++) {
		looked_before = looked;
		looks[part]();
	}
	/* a first life that is ended before has not been one */
	record->magic = MAGIC;
	if (data != PRISTINE) {
		printf("BUG: garbage: life %lu: the image is not as it was\n", record->lives);
	}
}

/* -- what is left behind -- */

static uint64_t random_of(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

/* A register of an array, of either frame. Interrupts are masked: whatever comes stays there. */
static void fill_gic(uint64_t *state)
{
	static const unsigned int bases[] = {GICD_IGROUPR,   GICD_ISENABLER, GICD_ISPENDR,
					     GICD_ISACTIVER, GICD_ICFGR,     GICD_IPRIORITYR};
	uint64_t r = random_of(state), value = random_of(state);
	unsigned int base = bases[r % ARRAY_SIZE(bases)];
	unsigned int bits = base == GICD_IPRIORITYR ? 8 : base == GICD_ICFGR ? 2 : 1;
	unsigned int intid = (unsigned int)(r >> 8) % SPIS;
	uint64_t frame = intid < 32 && !v2 ?
				 GICR_BASE + (r >> 20 & 1) * GICR_STRIDE + GICR_SGI_FRAME :
				 GICD_BASE;

	mmio_write32((frame + base + intid * bits / 8) & ~UINT64_C(3), (uint32_t)value);
	if (intid >= 32 && v2) {
		mmio_write32(GICD_BASE + GICD_ITARGETSR + (intid & ~3U), 0x02010201);
	} else if (intid >= 32) {
		mmio_write64(GICD_BASE + GICD_IROUTER + 8 * intid, r >> 21 & 1);
	}
}

static void open_gates(void)
{
	mmio_write32(GICD_BASE + GICD_CTLR, GICD_CTLR_GRP0 | GICD_CTLR_GRP1 | GICD_CTLR_ARE);
	if (v2) {
		mmio_write32(GICC_BASE + GICC_PMR, 0xff);
		mmio_write32(GICC_BASE + GICC_CTLR, 3);
		mmio_write32(GICD_BASE + GICD_SGIR, GICD_SGIR_SELF | 7);
		mmio_write32(GICD_BASE + GICD_SGIR, GICD_SGIR_OTHERS | 9);
		return;
	}
	sysreg_write(ICC_SRE, 7);
	isb(); /* the interface is there */
	sysreg_write(ICC_PMR, 0xff);
	sysreg_write(ICC_IGRPEN0, 1);
	sysreg_write(ICC_IGRPEN1, 1);
	sysreg_write(ICC_SGI1R, UINT64_C(7) << 24 | 3);
	sysreg_write(ICC_SGI1R, UINT64_C(9) << 24 | ICC_SGI1R_ALL_BUT_SELF);
	isb(); /* they are pending */
}

/* Taken and never ended: active, with a running priority. */
static void take_some(void)
{
	for (unsigned int i = 0; i < 4; i++) {
		if (v2) {
			mmio_read32(GICC_BASE + GICC_IAR);
		} else {
			sysreg_read(ICC_IAR1);
		}
	}
}

static void fill_area(uint64_t *state)
{
	for (unsigned int i = 0; i < 512; i++) {
		mmio_write64(AREA + random_of(state) % AREA_SIZE / 8 * 8, random_of(state));
	}
}

static uint64_t somewhere(uint64_t *state)
{
	return AREA + (random_of(state) % AREA_SIZE & ~UINT64_C(0xffff));
}

/* LPIs that are mapped and pending, then queue and tables elsewhere, where garbage is. */
static void fill_its(uint64_t *state)
{
	if (v2 || !its_is_there()) {
		return;
	}
	its_setup(2);
	its_put(its_mapd(1, true));
	for (unsigned int n = 0; n < 32; n++) {
		its_configure(ITS_LPI + n, (uint8_t)(random_of(state) & 0xf0) | 1);
		its_put(its_mapti(1, n, ITS_LPI + n, n % 2));
		its_put(its_int(1, n));
	}
	its_wait();
	if (random_of(state) & 1) {
		return;
	}
	mmio_write32(ITS_BASE + GITS_CTLR, 0);
	mmio_write64(ITS_BASE + GITS_CBASER, BIT(63) | somewhere(state) | (random_of(state) & 15));
	for (unsigned int i = 0; i < 8; i++) {
		mmio_write64(ITS_BASE + GITS_BASER + 8 * i, BIT(63) | somewhere(state));
	}
	mmio_write32(ITS_BASE + GITS_CTLR, 1);
	mmio_write64(ITS_BASE + GITS_CWRITER, random_of(state) & 0xfe0);
	mmio_write64(GICR_BASE + GICR_STRIDE + GICR_PENDBASER, somewhere(state));
}

/* Chains of any length and direction, mostly in RAM, in a ring of either format. */
static void fill_ring(struct ring *ring, uint64_t *state)
{
	for (unsigned int i = 0; i < RING_SIZE; i++) {
		uint64_t r = random_of(state), at = somewhere(state) + (r >> 8 & 0xfff);
		uint32_t size = (uint32_t)(r >> 20) & (r & 8 ? 0xffff : 0x1ff);

		ring->split[i] = (struct split_desc){
			(r & 7) != 0 ? at : r,
			size,
			(uint16_t)(r >> 40) & (DESC_NEXT | DESC_WRITE | DESC_AVAIL | DESC_USED),
			(uint16_t)((r >> 56) % RING_SIZE),
		};
		ring->available.ring[i] = (uint16_t)((r >> 59) % RING_SIZE);
	}
	ring->available.index = (uint16_t)(random_of(state) % (RING_SIZE + 1));
}

/* Devices at work, on what is there. */
static void fill_virtio(uint64_t *state)
{
	for (unsigned int i = 0; i < parameters.devices; i++) {
		uint64_t device = VIRTIO_DEVICE(i), offered = virtio_offered(device);

		if (!virtio_negotiate(device, VIRTIO_F_VERSION_1 | (offered & random_of(state)))) {
			virtio_negotiate(device, offered);
		}
		for (uint32_t queue = 0; queue < QUEUES; queue++) {
			struct ring *ring = (struct ring *)somewhere(state);

			fill_ring(ring, state);
			virtio_place(device, queue, ring);
			virtio_set(device, VIRTIO_QUEUE_READY, 1);
		}
		virtio_set(device, VIRTIO_STATUS,
			   VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER | VIRTIO_FEATURES_OK |
				   VIRTIO_DRIVER_OK);
		for (uint32_t queue = 0; queue < QUEUES; queue++) {
			virtio_notify(device, queue);
		}
	}
}

static void fill_devices(uint64_t *state)
{
	uint64_t r = random_of(state);

	mmio_write32(PL031_BASE + RTC_IMSC, 1);
	mmio_write32(PL031_BASE + RTC_LR, (uint32_t)r);
	mmio_write32(PL031_BASE + RTC_MR, (uint32_t)r + (r >> 40 & 1));
	mmio_write32(SP805_BASE + WDOG_LOAD, 24000000);
	mmio_write32(SP805_BASE + WDOG_CONTROL, WDOG_INTEN | WDOG_RESEN);
	mmio_write32(SP805_BASE + WDOG_ITCR, r >> 41 & 1);
	timer_set(counter_now() + (r >> 42 & 0xffff));
	timer_phys_set(counter_phys_now() + (r >> 20 & 0xffff));
	sysreg_write(cntkctl_el1, r & 3);
	/* part of a line, and a UART that nothing is known of */
	printf("~~~");
	mmio_write32(PL011_BASE + UART_IMSC, (uint32_t)r & 0x7ff);
	mmio_write32(PL011_BASE + UART_IFLS, (uint32_t)(r >> 11) & 0x3f);
	mmio_write32(PL011_BASE + UART_IBRD, (uint32_t)(r >> 17) & 0xffff);
	mmio_write32(PL011_BASE + UART_FBRD, (uint32_t)(r >> 33) & 0x3f);
	mmio_write32(PL011_BASE + UART_LCR_H, (uint32_t)(r >> 39) & 0xff);
	mmio_write32(PL011_BASE + UART_DMACR, (uint32_t)(r >> 47) & 7);
	mmio_write32(PL011_BASE + UART_CR, (uint32_t)(r >> 50) & 0xf87f);
}

static void fill_registers(uint64_t *state)
{
	static struct fpregs fp[2];
	struct fpregs *mine = &fp[cpu_this()->index];

	for (unsigned int i = 0; i < ARRAY_SIZE(registers); i++) {
		/* breakpoints stay disabled, and one's own code is not watched */
		insn_msr(registers[i], random_of(state) & ~UINT64_C(1));
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(mine->v); i++) {
		mine->v[i] = random_of(state);
	}
	mine->fpcr = 3 << 22;
	mine->fpsr = 0x1f;
	fpregs_load(mine);
}

static void fill(uint64_t *state)
{
	open_gates();
	for (unsigned int i = 0; i < WRITES; i++) {
		fill_gic(state);
	}
	fill_registers(state);
	if (random_of(state) & 1) {
		take_some();
	}
}

/* -- ends -- */

static uint64_t other_state;
static bool other_ends;

static void other(void *arg)
{
	(void)arg;
	fill(&other_state);
	for (;;) {
		fill_gic(&other_state);
		if (READ_ONCE(other_ends)) {
			psci_call(PSCI_SYSTEM_RESET, 0, 0, 0);
		}
	}
}

static __attribute__((noinline)) void lose_vectors(void)
{
	mmu_level1[3] = PTE_AF | PTE_ATTR_DEVICE | PTE_BLOCK;
	dsb(ishst); /* the entry before the walk that uses it; it was invalid until now */
	sysreg_write(vbar_el1, EXECUTABLE + HOLE_BASE);
	isb(); /* the new vectors are in force before the exception */
	__asm__ volatile("udf #0");
}

static void feed_no_more(void)
{
	mmio_write32(SP805_BASE + WDOG_ITCR, 0);
	mmio_write32(SP805_BASE + WDOG_LOAD, 2400); /* 100 us */
	for (;;) {
		cpu_wfi();
		cpu_pause();
	}
}

static void end(uint64_t *state)
{
	switch (random_of(state) % 8) {
	case 0:
		psci_call(PSCI_SYSTEM_RESET, 0, 0, 0);
		break;
	case 1:
		psci_call_smc(PSCI_SYSTEM_RESET2, 0, 0, 0);
		break;
	case 2:
		psci_call(PSCI_SYSTEM_OFF, 0, 0, 0);
		break;
	case 3:
		lose_vectors();
		break;
	case 4:
		mmio_write32(SP805_BASE + WDOG_ITCR, 1);
		mmio_write32(SP805_BASE + WDOG_ITOP, 1);
		break;
	case 5:
		feed_no_more();
		break;
	case 6:
		/* by the other one, while this one waits or is off */
		WRITE_ONCE(other_ends, true);
		if (random_of(state) & 1) {
			psci_call(PSCI_CPU_OFF, 0, 0, 0);
		}
		cpu_wfi();
		break;
	default:
		/* nobody is on, and the watchdog's second is long: a short one */
		mmio_write32(SP805_BASE + WDOG_LOAD, 2400);
		psci_call(PSCI_CPU_OFF, 0, 0, 0);
		break;
	}
	for (;;) {
		cpu_pause();
	}
}

int main(void)
{
	uint64_t state;

	v2 = FIELD_GET(PFR0_GIC, sysreg_read(id_aa64pfr0_el1)) == 0;
	look_around();
	/* the first of those lines ends what the life before left open */
	printf("\ngarbage: life %lu\n", record->lives);
	state = parameters.seed * 1000003 + record->lives * 7919;
	other_state = state ^ BIT(40);
	data = ~UINT32_C(PRISTINE);
	cpu_start(1, other, NULL);
	fill_area(&state);
	fill_its(&state);
	fill(&state);
	fill_virtio(&state);
	fill_devices(&state);
	end(&state);
	return 0;
}
