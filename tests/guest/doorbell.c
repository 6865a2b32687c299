/* SPDX-License-Identifier: Apache-2.0 */
/* Doorbells: two VMs run this, the one with two CPUs rings, the other answers. */
#include "tests/guest/lib/cpu.h"
#include "tests/guest/lib/gic.h"
#include "tests/guest/lib/psci.h"
#include "tests/guest/lib/tap.h"

/* DDI 0190B; the places are the default ones */
#define BELLS_BASE  UINT64_C(0x09030000) /* of the first four */
#define FAR_BASE    UINT64_C(0x09040000) /* of the fifth */
#define BELLS_INTID (32 + 7)
#define FAR_INTID   (32 + 8)
#define GPIO_DATA   0x3fc /* all lines */
#define GPIO_DIR    0x400
#define GPIO_IS	    0x404
#define GPIO_IBE    0x408
#define GPIO_IEV    0x40c
#define GPIO_IE	    0x410
#define GPIO_RIS    0x414
#define GPIO_MIS    0x418
#define GPIO_IC	    0x41c
#define GPIO_AFSEL  0x420
#define GPIO_ID	    0xfe0

/* Doorbells by their place in the config; the peer has the last two the other way round */
#define BELL  0
#define STOP  1
#define READY 2
#define SPARE 3

#define ROUNDS 10000
#define LIVES  3

#define MAGIC	  UINT64_C(0x676e69722064616d)
#define RECORD_AT (RAM_BASE + RAM_MAPPED_SIZE - 0x100000)

/* Where no image is, so that it outlives a reset. */
static struct record {
	uint64_t magic;
	uint64_t lives;
	uint64_t clean; /* lives that found all lines inputs and no interrupt */
	uint64_t ready; /* that read what the peer drives all the time */
	uint64_t fell;	/* after which the peer had seen this side's line fall */
} *const record = (struct record *)RECORD_AT;

static unsigned int rung[8]; /* interrupts by line, of the first PL061 */

static uint32_t get(unsigned int reg)
{
	return mmio_read32(BELLS_BASE + reg);
}

static void set(unsigned int reg, uint32_t value)
{
	mmio_write32(BELLS_BASE + reg, value);
}

/* The line that rings doorbell n, driven. */
static void drive(uint64_t base, unsigned int n, bool level)
{
	mmio_write32(base + (UINT64_C(4) << (4 + n)), level ? 0xff : 0);
}

static bool level_of(unsigned int n)
{
	return (get(GPIO_DATA) & BIT(n)) != 0;
}

/* Both edges of the lines that are rung, and the others drive. */
static void set_up(uint64_t base)
{
	mmio_write32(base + GPIO_DIR, 0xf0);
	mmio_write32(base + GPIO_IS, 0);
	mmio_write32(base + GPIO_IBE, 0x0f);
	mmio_write32(base + GPIO_IC, 0xff);
	mmio_write32(base + GPIO_IE, 0x0f);
}

/* -- the one that answers -- */

/* What it is rung by it rings back, edge by edge. */
static void answer(unsigned int intid, void *arg)
{
	uint64_t base = *(const uint64_t *)arg;
	uint32_t lines = mmio_read32(base + GPIO_MIS);

	(void)intid;
	mmio_write32(base + GPIO_IC, lines);
	if (base == BELLS_BASE && (lines & BIT(STOP)) != 0) {
		psci_call(PSCI_SYSTEM_OFF, 0, 0, 0);
	}
	for (unsigned int n = 0; n < 4; n++) {
		if ((lines & BIT(n)) != 0 && (base != BELLS_BASE || n != READY)) {
			drive(base, n, (mmio_read32(base + GPIO_DATA) & BIT(n)) != 0);
		}
	}
}

__attribute__((noreturn)) static void be_the_peer(void)
{
	static uint64_t bases[] = {BELLS_BASE, FAR_BASE};

	gic_connect(BELLS_INTID, answer, &bases[0]);
	gic_connect(FAR_INTID, answer, &bases[1]);
	set_up(BELLS_BASE);
	set_up(FAR_BASE);
	drive(BELLS_BASE, READY, true);
	irq_unmask();
	for (;;) {
		cpu_wfi();
	}
}

/* -- the one that rings -- */

static void on_ring(unsigned int intid, void *arg)
{
	uint32_t lines = get(GPIO_MIS);

	(void)intid;
	(void)arg;
	set(GPIO_IC, lines);
	for (unsigned int n = 0; n < 8; n++) {
		rung[n] += lines >> n & 1;
	}
}

static void test_registers(void)
{
	static const uint8_t want[] = {0x61, 0x10, 0x04, 0x00, 0x0d, 0xf0, 0x05, 0xb1};
	static const unsigned int kept[] = {GPIO_DIR, GPIO_IS, GPIO_IBE,
					    GPIO_IEV, GPIO_IE, GPIO_AFSEL};
	unsigned int wrong = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(want); i++) {
		wrong += get(GPIO_ID + 4 * i) != want[i];
	}
	is(wrong, 0, "the identification registers are a PL061's");
	for (unsigned int i = 0; i < ARRAY_SIZE(kept); i++) {
		uint32_t before = get(kept[i]);

		set(kept[i], 0xffffff00);
		wrong += get(kept[i]) != 0;
		mmio_write8(BELLS_BASE + kept[i], 0x0f);
		wrong += get(kept[i]) != 0x0f || mmio_read8(BELLS_BASE + kept[i]) != 0x0f;
		wrong += mmio_read8(BELLS_BASE + kept[i] + 1) != 0;
		set(kept[i], before);
	}
	is(wrong, 0, "registers keep their eight bits, by words and by bytes");
	/* the only line whose ring the peer does not answer */
	set(GPIO_DIR, BIT(4 + READY));
	set(0x0f0 << 2, 0xff);
	is(get(GPIO_DATA) & 0xf0, BIT(4 + READY), "what is driven reads back, what is not is low");
	set(0x0b0 << 2, 0);
	is(get(GPIO_DATA) & 0xf0, BIT(4 + READY), "the address says which lines are written");
	is(get(0x0b0 << 2), 0, "and which are read");
	set(GPIO_DATA, 0);
	is(get(GPIO_DATA) & 0xf0, 0, "it goes low again");
	is(get(0x424) | get(0x600) | get(0xfdc), 0, "the other registers read as zero");
}

/* Rings and waits for the answer to each. */
static void test_rounds(void)
{
	unsigned int lost = 0;

	rung[BELL] = 0;
	for (unsigned int i = 0; i < ROUNDS && lost == 0; i++) {
		drive(BELLS_BASE, BELL, i % 2 == 0);
		lost += !WAIT(READ_ONCE(rung[BELL]) == i + 1);
	}
	is(lost, 0, "10000 rings are answered");
	cpu_delay_us(1000);
	is(rung[BELL], ROUNDS, "once each");
	is(rung[STOP] + rung[READY] + rung[SPARE], 0, "and no other bell rings");
}

static bool answered(bool level)
{
	return WAIT(level_of(BELL) == level);
}

static void test_edges(void)
{
	irq_mask();
	set(GPIO_IE, 0);
	set(GPIO_IBE, 0);
	set(GPIO_IEV, BIT(BELL));
	set(GPIO_IC, 0xff);
	drive(BELLS_BASE, BELL, true);
	ok(answered(true), "the answer's level can be read");
	is(get(GPIO_RIS), BIT(BELL), "a rising edge is latched");
	is(get(GPIO_MIS), 0, "masked, it is no interrupt");
	is(gic_ack(), INTID_SPURIOUS, "to nobody");
	set(GPIO_IE, BIT(BELL));
	cpu_delay_us(10);
	is(gic_ack(), BELLS_INTID, "unmasked, it is");
	set(GPIO_IC, BIT(BELL));
	gic_eoi(BELLS_INTID);
	is(get(GPIO_RIS), 0, "GPIOIC clears it");
	drive(BELLS_BASE, BELL, false);
	ok(answered(false) && get(GPIO_RIS) == 0, "a falling edge is none of rising ones");
	set(GPIO_IEV, 0);
	drive(BELLS_BASE, BELL, true);
	ok(answered(true) && get(GPIO_RIS) == 0, "nor the other way round");
	drive(BELLS_BASE, BELL, false);
	ok(answered(false) && get(GPIO_RIS) == BIT(BELL), "where falling ones are asked for");
	set(GPIO_IC, 0xff);
	irq_unmask();
}

static void test_level(void)
{
	irq_mask();
	set(GPIO_IS, BIT(BELL));
	set(GPIO_IEV, BIT(BELL));
	is(get(GPIO_RIS), 0, "a low line is no high level");
	drive(BELLS_BASE, BELL, true);
	answered(true);
	is(get(GPIO_RIS), BIT(BELL), "a high one is");
	set(GPIO_IC, BIT(BELL));
	is(get(GPIO_MIS), BIT(BELL), "which GPIOIC can't clear");
	cpu_delay_us(10);
	is(gic_ack(), BELLS_INTID, "it interrupts");
	gic_eoi(BELLS_INTID);
	drive(BELLS_BASE, BELL, false);
	answered(false);
	cpu_delay_us(10);
	is(gic_ack(), INTID_SPURIOUS, "as long as it lasts");
	set(GPIO_IEV, 0);
	is(get(GPIO_RIS), BIT(BELL), "low levels can be asked for too");
	set_up(BELLS_BASE);
	irq_unmask();
}

static void test_far(void)
{
	bool came = false;

	set_up(FAR_BASE);
	mmio_write32(FAR_BASE + GPIO_IE, 0);
	/* the peer's first PL061 answers on its fourth line, this side's second on its first */
	drive(FAR_BASE, 0, true);
	came = WAIT((mmio_read32(FAR_BASE + GPIO_DATA) & BIT(0)) != 0);
	ok(came, "a fifth doorbell has a PL061 of its own");
	is(mmio_read32(FAR_BASE + GPIO_RIS), BIT(0), "and rings there alone");
	drive(BELLS_BASE, SPARE, true);
	ok(WAIT(level_of(SPARE)), "which line it has at the other side is the other side's matter");
	set(GPIO_IC, 0xff);
}

/* The lives before the last leave a line high and reset. */
static void live(void)
{
	record->lives++;
	record->clean += get(GPIO_DIR) == 0 && get(GPIO_IE) == 0 && get(GPIO_MIS) == 0 &&
			 !gic_bit(GICD_ISPENDR, BELLS_INTID);
	record->ready += WAIT(level_of(READY));
	record->fell += WAIT(!level_of(BELL));
	if (record->lives < LIVES) {
		set_up(BELLS_BASE);
		drive(BELLS_BASE, BELL, true);
		WAIT(level_of(BELL));
		psci_call(PSCI_SYSTEM_RESET, 0, 0, 0);
	}
}

int main(void)
{
	gic_setup();
	if (cpu_count() == 1) {
		be_the_peer();
	}
	if (record->magic != MAGIC) {
		*record = (struct record){.magic = MAGIC};
	}
	live();
	is(record->clean, LIVES, "after each of three resets its PL061 is as new");
	is(record->ready, LIVES, "what the other VM drives can be read at once");
	is(record->fell, LIVES, "and a line it left high has fallen for the other VM");
	test_registers();
	gic_connect(BELLS_INTID, on_ring, NULL);
	set_up(BELLS_BASE);
	irq_unmask();
	test_rounds();
	test_edges();
	test_level();
	test_far();
	drive(BELLS_BASE, STOP, true);
	ok(WAIT(!level_of(READY)), "a VM that goes off leaves its lines low");
	drive(BELLS_BASE, BELL, true);
	cpu_delay_us(100);
	ok(!level_of(BELL), "ringing it does nothing");
	tap_done();
}
