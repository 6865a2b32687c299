/* SPDX-License-Identifier: Apache-2.0 */
/* LPIs and the ITS: mapping, delivery, priorities, configuration, moving, errors. */
#include "tests/guest/lib/its.h"

#include "tests/guest/lib/cpu.h"
#include "tests/guest/lib/gic.h"
#include "tests/guest/lib/tap.h"

#define CPUS	2
#define LPI(n)	(ITS_LPI + (n))
#define ENABLED 1U
#define MANY	512U

/* The next interrupt, acknowledged; INTID_SPURIOUS: none comes. A command that is complete may
 * still be on its way to the CPU interface. */
static unsigned int ack(void)
{
	unsigned int intid;

	WAIT((intid = gic_ack()) != INTID_SPURIOUS);
	return intid;
}

static unsigned int take(void)
{
	unsigned int intid = ack();

	if (intid != INTID_SPURIOUS) {
		gic_eoi(intid);
	}
	return intid;
}

/* Nothing comes, as long as one cares to wait. */
static bool none(void)
{
	unsigned int intid;

	if (!WAIT_TICKS((intid = gic_ack()) != INTID_SPURIOUS, counter_hz() / 500)) {
		return true;
	}
	gic_eoi(intid);
	return false;
}

/* The other CPU: takes when it is asked to, and nothing meanwhile. */
static volatile unsigned int asked, answered, taken_there;
static volatile bool over;

static void other_cpu(void *arg)
{
	(void)arg;
	gic_setup_cpu();
	while (!over) {
		if (asked != answered) {
			taken_there = take();
			dmb(ish); /* what was taken, before that it is there */
			answered = asked;
		}
		cpu_pause();
	}
}

static unsigned int take_on_other(void)
{
	asked++;
	if (!WAIT(answered == asked)) {
		return 0;
	}
	dmb(ish); /* that it is there, before what was taken */
	return taken_there;
}

/* Event 0.. of device 1 are LPIs 0.. of CPU 0; enabled at this priority. */
static void map(unsigned int count, uint8_t priority)
{
	its_do(its_mapd(1, true));
	for (unsigned int n = 0; n < count; n++) {
		its_do(its_mapti(1, n, LPI(n), 0));
		its_configure(LPI(n), priority | ENABLED);
	}
	its_do(its_invall(0));
}

static void test_identity(void)
{
	uint64_t typer = mmio_read64(ITS_BASE + GITS_TYPER);

	ok(typer & GITS_TYPER_PHYSICAL, "GITS_TYPER.Physical is 1");
	ok(mmio_read32(ITS_BASE + GITS_TYPER) == (uint32_t)typer &&
		   mmio_read32(ITS_BASE + GITS_TYPER + 4) == typer >> 32,
	   "GITS_TYPER reads in halves");
	is(FIELD_GET(GIC_PIDR2_ARCH, mmio_read32(ITS_BASE + GITS_PIDR2)), 3, "GITS_PIDR2 is v3");
	is(mmio_read32(ITS_BASE + GITS_CTLR) & 1, 1, "GITS_CTLR.Enabled is kept");
	ok(mmio_read32(GICD_BASE + GICD_TYPER) & BIT(17), "GICD_TYPER.LPIS is 1");
	not_below(FIELD_GET(GICD_TYPER_IDBITS, mmio_read32(GICD_BASE + GICD_TYPER)), 13,
		  "GICD_TYPER.IDbits has room for LPIs");
	ok(mmio_read32(gic_redist(cpu_mpidr(0)) + GICR_CTLR) & GICR_CTLR_LPIS,
	   "GICR_CTLR.EnableLPIs is kept");
}

static void test_delivery(void)
{
	map(4, 0xa0);
	ok(none(), "a mapped event doesn't come by itself");
	ok(its_do(its_int(1, 2)), "INT is executed");
	is(take(), LPI(2), "and is the LPI that it is mapped to");
	ok(none(), "once");
	its_do(its_int(1, 2));
	its_do(its_int(1, 2));
	is(take(), LPI(2), "sent twice before it is taken");
	ok(none(), "it comes once");
	its_do(its_int(1, 3));
	is(ack(), LPI(3), "sent again while it is being handled");
	its_do(its_int(1, 3));
	is(gic_ack(), INTID_SPURIOUS, "it has to wait for its end");
	gic_eoi(LPI(3));
	is(take(), LPI(3), "and comes then");
	ok(none(), "once more");
}

static void test_priorities(void)
{
	map(4, 0xa0);
	its_configure(LPI(1), 0x20 | ENABLED);
	its_configure(LPI(2), 0xc0 | ENABLED);
	its_do(its_invall(0));
	for (unsigned int n = 0; n < 3; n++) {
		its_put(its_int(1, n));
	}
	its_wait();
	is(ack(), LPI(1), "the LPI of highest priority comes first");
	gic_eoi(LPI(1));
	is(ack(), LPI(0), "then the next");
	its_do(its_int(1, 1));
	is(ack(), LPI(1), "one of higher priority interrupts its handler");
	its_configure(LPI(3), 0x10 | ENABLED);
	its_do(its_inv(1, 3));
	its_do(its_int(1, 3));
	is(ack(), LPI(3), "and another that");
	gic_eoi(LPI(3));
	gic_eoi(LPI(1));
	is(gic_ack(), INTID_SPURIOUS, "the lowest waits for the end of all");
	gic_eoi(LPI(0));
	is(take(), LPI(2), "and comes then");
}

static void test_configuration(void)
{
	map(2, 0xa0);
	its_configure(LPI(0), 0xa0);
	its_do(its_inv(1, 0));
	its_do(its_int(1, 0));
	ok(none(), "a disabled LPI doesn't come");
	its_configure(LPI(0), 0xa0 | ENABLED);
	its_do(its_inv(1, 0));
	is(take(), LPI(0), "but once INV has told that it is enabled");
	its_do(its_int(1, 1));
	its_configure(LPI(1), 0xa0);
	its_do(its_inv(1, 1));
	ok(none(), "disabled while it is pending, it doesn't come");
	its_configure(LPI(1), 0xa0 | ENABLED);
	its_do(its_invall(0));
	is(take(), LPI(1), "but once INVALL has told that it is enabled");
	its_do(its_int(1, 1));
	its_do(its_clear(1, 1));
	ok(none(), "CLEAR takes a pending one back");
	its_do(its_int(1, 1));
	its_do(its_discard(1, 1));
	ok(none(), "so does DISCARD");
	its_do(its_int(1, 1));
	ok(none(), "and the event is not mapped any more");
}

static void test_moving(void)
{
	unsigned int count = 0;

	map(32, 0xa0);
	its_do(its_int(1, 0));
	its_do(its_movi(1, 0, 1));
	ok(none(), "MOVI takes a pending LPI away");
	is(take_on_other(), LPI(0), "to the other CPU");
	its_do(its_int(1, 0));
	is(take_on_other(), LPI(0), "where it is sent from then on");
	its_do(its_movi(1, 0, 0));
	for (unsigned int n = 0; n < 32; n++) {
		its_put(its_int(1, n));
	}
	ok(its_do(its_movall(0, 1)), "MOVALL is executed");
	ok(none(), "it leaves no LPI");
	for (unsigned int n = 0; n < 32; n++) {
		count += take_on_other() != INTID_SPURIOUS;
	}
	is(count, 32, "all are at the other CPU");
	its_do(its_int(1, 0));
	is(take(), LPI(0), "new ones come where they are mapped to");
	its_do(its_mapc(0, 1, true));
	its_do(its_int(1, 0));
	is(take_on_other(), LPI(0), "MAPC sends a collection's LPIs elsewhere");
	its_do(its_mapc(0, 0, true));
}

static void test_many(void)
{
	static unsigned int seen[MANY + 1];
	unsigned int wrong = 0, intid;

	for (unsigned int device = 0; device < MANY / 32; device++) {
		its_put(its_mapd(device, true));
		for (unsigned int n = 0; n < 32; n++) {
			its_put(its_mapti(device, n, LPI(device * 32 + n), 0));
		}
		its_wait();
	}
	for (unsigned int n = 0; n < MANY; n++) {
		its_configure(LPI(n), (uint8_t)(n << 3) | ENABLED);
	}
	its_do(its_invall(0));
	for (unsigned int round = 0; round < 3; round++) {
		for (unsigned int n = 0; n < MANY; n++) {
			its_put(its_int(n / 32, n % 32));
			if (n % 100 == 99) {
				its_wait();
			}
		}
		its_wait();
		for (unsigned int n = 0; n < MANY / 32 * 30; n++) {
			intid = take();
			seen[intid == INTID_SPURIOUS ? MANY : intid - ITS_LPI]++;
		}
	}
	for (unsigned int n = 0; n < MANY; n++) {
		/* those of priorities 0xf0 and 0xf8 are masked by ICC_PMR */
		wrong += seen[n] != (((n << 3) & 0xf8) < 0xf0 ? 3U : 0U);
	}
	is(wrong, 0, "512 LPIs, three times, come each time");
	for (unsigned int n = 0; n < MANY; n++) {
		its_configure(LPI(n), 0xa0);
		its_put(its_clear(n / 32, n % 32));
		if (n % 100 == 99) {
			its_wait();
		}
	}
	its_do(its_invall(0));
	ok(none(), "and no more");
}

static void test_errors(void)
{
	static const struct its_command wrong[] = {
		{{0x03 | UINT64_C(40) << 32, 0, 0, 0}}, /* INT: no such device */
		{{0x03 | UINT64_C(1) << 32, 31, 0, 0}}, /* no such event */
		{{0x03 | UINT64_C(1) << 32, 32, 0, 0}}, /* beyond the ITT */
		{{0x03 | UINT64_C(0xffffffff) << 32, 0, 0, 0}},
		{{0x08 | UINT64_C(1) << 32, 31, BIT(63), 0}}, /* MAPD: too many events */
		{{0x09, 0, BIT(63) | 100 << 16, 0}},	      /* MAPC: no such CPU */
		{{0x0a | UINT64_C(1) << 32, UINT64_C(100) << 32 | 5, 0, 0}}, /* MAPTI: no LPI */
		{{0x0e, 0, 100 << 16, 0}},		/* MOVALL: no such CPU */
		{{0x01 | UINT64_C(1) << 32, 0, 99, 0}}, /* MOVI: not mapped */
		{{0, 0, 0, 0}},
		{{0x7f, 0, 0, 0}}, /* unknown */
	};

	map(2, 0xa0);
	for (unsigned int i = 0; i < ARRAY_SIZE(wrong); i++) {
		its_put(wrong[i]);
	}
	ok(its_wait(), "wrong commands don't stop the queue");
	ok(none(), "nor send anything");
	its_do(its_int(1, 0));
	is(take(), LPI(0), "and what is mapped stays so");
	its_do(its_mapd(1, false));
	its_do(its_int(1, 0));
	ok(none(), "a device that is unmapped sends nothing");
}

static void test_kept(void)
{
	map(8, 0xa0);
	if (!(mmio_read32(gic_redist(cpu_mpidr(0)) + GICR_CTLR) & GICR_CTLR_CES)) {
		skip("pending LPIs are kept while LPIs are off",
		     "EnableLPIs can't be cleared here");
		return;
	}
	its_put(its_int(1, 1));
	its_put(its_int(1, 4));
	its_wait();
	its_lpis_off(0);
	ok(none(), "nothing comes while LPIs are off");
	is(its_pending_byte(0, LPI(0)), 0x12, "what is pending is in the pending table");
	its_lpis_on(0, false);
	is(take() + take(), LPI(1) + LPI(4), "and comes when they are on again");
	its_lpis_off(0);
	is(its_pending_byte(0, LPI(0)), 0, "then the table is empty");
	its_lpis_on(0, true);
}

static void test_split_eoi(void)
{
	map(1, 0xa0);
	sysreg_write(ICC_CTLR, ICC_CTLR_EOIMODE);
	isb();
	its_do(its_int(1, 0));
	is(ack(), LPI(0), "with EOImode 1");
	gic_eoi(LPI(0));
	its_do(its_int(1, 0));
	is(ack(), LPI(0), "an LPI needs no deactivation to come again");
	gic_eoi(LPI(0));
	sysreg_write(ICC_CTLR, 0);
	isb();
}

static void test_wake(void)
{
	map(1, 0xa0);
	its_do(its_int(1, 0));
	cpu_wfi();
	is(take(), LPI(0), "a pending LPI ends a WFI");
}

static void test_two_levels(void)
{
	its_restart(true);
	map(2, 0xa0);
	its_do(its_int(1, 1));
	is(take(), LPI(1), "a device table in two levels");
	ok(its_do(its_mapd(0x8000, true)) && its_do(its_int(0x8000, 0)),
	   "one without a second level is ignored");
	ok(none(), "and sends nothing");
	its_restart(false);
	its_do(its_int(1, 1));
	ok(none(), "a new table maps nothing");
}

int main(void)
{
	gic_setup();
	if (!its_is_there()) {
		skip("LPIs and the ITS", "this machine has none");
		tap_done();
	}
	is(cpu_start(1, other_cpu, NULL), 0, "another CPU is there");
	its_setup(CPUS);
	icc_write(ICC_PMR, 0xf0);
	test_identity();
	test_delivery();
	test_priorities();
	test_configuration();
	test_moving();
	test_many();
	test_errors();
	test_kept();
	test_split_eoi();
	test_wake();
	test_two_levels();
	over = true;
	ok(cpu_join(1), "and goes");
	tap_done();
}
