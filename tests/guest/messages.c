/* SPDX-License-Identifier: Apache-2.0 */
/* Messages as shared interrupts: by the distributor of a GICv3, and by a GICv2m frame. */
#include "tests/guest/lib/cpu.h"
#include "tests/guest/lib/gic.h"
#include "tests/guest/lib/tap.h"

/* DEN 0029, appendix E; where QEMU's virt machine has it, with these SPIs */
#define V2M_BASE      UINT64_C(0x08020000)
#define V2M_TYPER     (V2M_BASE + 0x008)
#define V2M_SETSPI_NS (V2M_BASE + 0x040)
#define V2M_INTID     (32 + 48)
#define V2M_COUNT     64

#define GICD_TYPER_MBIS BIT(16)
#define GICD_SETSPI	(UINT64_C(GICD_BASE) + GICD_SETSPI_NSR)
#define GICD_CLRSPI	(UINT64_C(GICD_BASE) + 0x48)

#define ROUNDS 1000

/* Acknowledged by hand: masked, the GIC given a moment. */
static unsigned int take(void)
{
	unsigned int intid;

	cpu_delay_us(10);
	intid = gic_ack();
	if (intid < INTID_GROUP1) {
		gic_eoi(intid);
	}
	return intid;
}

static void prepare(unsigned int intid, bool edge)
{
	gic_disable(intid);
	gic_set_edge(intid, edge);
	gic_write_bit(GICD_ICPENDR, intid);
	gic_route(intid, cpu_mpidr(0));
	gic_set_priority(intid, GIC_PRIORITY_DEFAULT);
	gic_enable(intid);
}

/* What any edge by message owes its reader, whoever carries it. */
static void test_edges(uint64_t doorbell, unsigned int intid)
{
	unsigned int taken = 0;

	prepare(intid, true);
	is(take(), INTID_SPURIOUS, "before a message nothing is pending");
	mmio_write32(doorbell, intid);
	is(take(), intid, "a message is an interrupt");
	is(take(), INTID_SPURIOUS, "once");
	mmio_write32(doorbell, intid);
	mmio_write32(doorbell, intid);
	is(take(), intid, "two before it is taken");
	is(take(), INTID_SPURIOUS, "are one");
	mmio_write32(doorbell, intid);
	cpu_delay_us(10);
	is(gic_ack(), intid, "while it is being handled");
	mmio_write32(doorbell, intid);
	cpu_delay_us(10);
	ok(gic_bit(GICD_ISPENDR, intid), "the next is pending");
	is(gic_ack(), INTID_SPURIOUS, "and waits for its end");
	gic_eoi(intid);
	is(take(), intid, "then it comes");
	gic_disable(intid);
	mmio_write32(doorbell, intid);
	is(take(), INTID_SPURIOUS, "a disabled one doesn't come");
	gic_enable(intid);
	is(take(), intid, "until it is enabled");
	mmio_write16(doorbell, (uint16_t)intid);
	is(take(), intid, "16 bits are enough of a write");
	for (unsigned int i = 0; i < ROUNDS; i++) {
		mmio_write32(doorbell, intid + i % 3);
		taken += i % 3 == 0 && take() == intid;
	}
	is(taken, (ROUNDS + 2) / 3, "a thousand come, those of other SPIs apart");
	gic_write_bit(GICD_ICPENDR, intid);
	is(take(), INTID_SPURIOUS, "and no more");
}

static void test_mbi(void)
{
	uint32_t typer = mmio_read32(GICD_BASE + GICD_TYPER);
	/* of spi-count = 192 the last 64 */
	unsigned int intid = 32 + 192 - 64, level = intid + 8;

	if (!(typer & GICD_TYPER_MBIS)) {
		skip("messages to the distributor", "GICD_TYPER.MBIS is 0 here");
		return;
	}
	test_edges(GICD_SETSPI, intid);
	prepare(intid, true);
	mmio_write32(GICD_SETSPI, intid);
	mmio_write32(GICD_CLRSPI, intid);
	is(take(), INTID_SPURIOUS, "GICD_CLRSPI_NSR takes a pending edge back");
	prepare(level, false);
	mmio_write32(GICD_SETSPI, level);
	is(take(), level, "a level by message comes");
	is(take(), level, "and again, for nobody has lowered it");
	ok(gic_bit(GICD_ISPENDR, level), "pending as long");
	gic_write_bit(GICD_ICPENDR, level);
	ok(gic_bit(GICD_ISPENDR, level), "whatever GICD_ICPENDR says");
	mmio_write32(GICD_CLRSPI, level);
	ok(!gic_bit(GICD_ISPENDR, level), "GICD_CLRSPI_NSR lowers it");
	is(take(), INTID_SPURIOUS, "and it doesn't come");
	mmio_write32(GICD_SETSPI, 5);
	mmio_write32(GICD_SETSPI, 32 + 192);
	mmio_write32(GICD_SETSPI, 0x1fff);
	mmio_write32(GICD_CLRSPI, 0x1fff);
	is(take(), INTID_SPURIOUS, "INTIDs that are no SPIs of this GIC are ignored");
	ok(!gic_bit(GICD_ISPENDR, 5), "an SGI's too");
	is(mmio_read32(GICD_SETSPI) | mmio_read32(GICD_CLRSPI), 0, "both registers read as zero");
}

static void test_v2m(void)
{
	struct exc_record r = EXC_OF(mmio_read32(V2M_TYPER));
	uint32_t typer;

	if (r.count != 0) {
		skip("messages to a GICv2m frame", "this machine has none");
		return;
	}
	typer = mmio_read32(V2M_TYPER);
	is(FIELD_GET(BITS(25, 16), typer), V2M_INTID, "MSI_TYPER says which SPIs it has");
	is(FIELD_GET(BITS(9, 0), typer), V2M_COUNT, "and how many");
	test_edges(V2M_SETSPI_NS, V2M_INTID + 3);
	prepare(V2M_INTID + V2M_COUNT - 1, true);
	mmio_write32(V2M_SETSPI_NS, V2M_INTID + V2M_COUNT - 1);
	is(take(), V2M_INTID + V2M_COUNT - 1, "the last of them comes");
	prepare(V2M_INTID - 1, true);
	mmio_write32(V2M_SETSPI_NS, V2M_INTID - 1);
	mmio_write32(V2M_SETSPI_NS, V2M_INTID + V2M_COUNT);
	is(take(), INTID_SPURIOUS, "what isn't its own is ignored");
	is(mmio_read32(V2M_SETSPI_NS), 0, "MSI_SETSPI_NS reads as zero");
}

int main(void)
{
	gic_setup();
	if (!gic_v2) {
		test_mbi();
	}
	test_v2m();
	tap_done();
}
