/* SPDX-License-Identifier: Apache-2.0 */
/* The registers of distributor and redistributors, as IHI 0069H chapter 12 has them. */
#include <string.h>

#include "core/base/errno.h"
#include "irq/vgic/softif.h"
#include "irq/vgic/vgic_frames.h"
#include "irq/vgic/vits.h"
#include "tests/unit/fake_gic.h"
#include "tests/unit/unit.h"

#define SPIS	 64
#define SGI(off) (GICR_SGI_FRAME + (off))

static int set_up(void **state)
{
	(void)state;
	fake_gic_create(2, 4, SPIS);
	fake_vcpu_on(0);
	fake_vcpu_on(1);
	vreg_index(&vits_control_table); /* else made with the first ITS */
	return 0;
}

static const struct vreg_table *const tables[] = {&vgic_dist_table, &vgic_rd_table,
						  &vgic_sgi_table,  &vgic_v2_dist_table,
						  &softif_table,    &vits_control_table};
#define GICV3_TABLES 3 /* the first ones */

static void sorted(void **state)
{
	(void)state;
	for (size_t t = 0; t < ARRAY_COUNT(tables); t++) {
		const struct vreg_table *table = tables[t];

		for (uint32_t i = 0; i < table->count; i++) {
			const struct vreg *reg = &table->reg[i];
			uint32_t stride = 1U << reg->shift;

			/* an empty one may stand last, where a search ends */
			assert_true(reg->start < reg->end || i == table->count - 1);
			assert_true(reg->end <= VREG_FRAME_SIZE);
			assert_true(i == 0 || table->reg[i - 1].end <= reg->start);
			if (reg->start == reg->end) {
				continue;
			}
			/* words; priorities are counted by bytes, halves hold an INTID */
			assert_true(stride == 4 || stride == 2 || stride == 1);
			assert_int_equal((reg->end - reg->start) % 4, 0);
			assert_int_equal(reg->start % 4, 0);
			assert_true((reg->sizes & stride) != 0);
		}
	}
}

static void found(void **state)
{
	(void)state;
	for (size_t t = 0; t < ARRAY_COUNT(tables); t++) {
		const struct vreg_table *table = tables[t];

		for (uint32_t off = 0; off < VREG_FRAME_SIZE; off++) {
			const struct vreg *expected = NULL;

			for (uint32_t i = 0; i < table->count; i++) {
				if (off >= table->reg[i].start && off < table->reg[i].end) {
					expected = &table->reg[i];
				}
			}
			assert_ptr_equal(vreg_find(table, off), expected);
		}
	}
}

/* IHI 0069H tables 12-25 (distributor), 12-27 and 12-29 (redistributor): what a GICv3 without
 * LPIs and security has; first and last element of each array. */
static const struct {
	uint32_t table, first, last;
	const char *name;
} places[] = {
	{0, 0x0000, 0x0000, "GICD_CTLR"},
	{0, 0x0004, 0x0004, "GICD_TYPER"},
	{0, 0x0008, 0x0008, "GICD_IIDR"},
	{0, 0x000c, 0x000c, "GICD_TYPER2"},
	{0, 0x0010, 0x0010, "GICD_STATUSR"},
	{0, 0x0040, 0x0040, "GICD_SETSPI_NSR"},
	{0, 0x0048, 0x0048, "GICD_CLRSPI_NSR"},
	{0, 0x0050, 0x0050, "GICD_SETSPI_SR"},
	{0, 0x0058, 0x0058, "GICD_CLRSPI_SR"},
	{0, 0x0080, 0x00fc, "GICD_IGROUPR"},
	{0, 0x0100, 0x017c, "GICD_ISENABLER"},
	{0, 0x0180, 0x01fc, "GICD_ICENABLER"},
	{0, 0x0200, 0x027c, "GICD_ISPENDR"},
	{0, 0x0280, 0x02fc, "GICD_ICPENDR"},
	{0, 0x0300, 0x037c, "GICD_ISACTIVER"},
	{0, 0x0380, 0x03fc, "GICD_ICACTIVER"},
	{0, 0x0400, 0x07f8, "GICD_IPRIORITYR"},
	{0, 0x0800, 0x0bf8, "GICD_ITARGETSR"},
	{0, 0x0c00, 0x0cfc, "GICD_ICFGR"},
	{0, 0x0d00, 0x0d7c, "GICD_IGRPMODR"},
	{0, 0x0e00, 0x0efc, "GICD_NSACR"},
	{0, 0x0f00, 0x0f00, "GICD_SGIR"},
	{0, 0x0f10, 0x0f1c, "GICD_CPENDSGIR"},
	{0, 0x0f20, 0x0f2c, "GICD_SPENDSGIR"},
	{0, 0x6100, 0x7fd8, "GICD_IROUTER"},
	{0, 0xffe8, 0xffe8, "GICD_PIDR"},
	{1, 0x0000, 0x0000, "GICR_CTLR"},
	{1, 0x0004, 0x0004, "GICR_IIDR"},
	{1, 0x0008, 0x000c, "GICR_TYPER"},
	{1, 0x0010, 0x0010, "GICR_STATUSR"},
	{1, 0x0014, 0x0014, "GICR_WAKER"},
	{1, 0x0040, 0x0044, "GICR_SETLPIR"},
	{1, 0x0048, 0x004c, "GICR_CLRLPIR"},
	{1, 0x0070, 0x0074, "GICR_PROPBASER"},
	{1, 0x0078, 0x007c, "GICR_PENDBASER"},
	{1, 0x00a0, 0x00a4, "GICR_INVLPIR"},
	{1, 0x00b0, 0x00b4, "GICR_INVALLR"},
	{1, 0x00c0, 0x00c0, "GICR_SYNCR"},
	{1, 0xffe8, 0xffe8, "GICR_PIDR"},
	{2, 0x0080, 0x0080, "GICR_IGROUPR0"},
	{2, 0x0100, 0x0100, "GICR_ISENABLER0"},
	{2, 0x0180, 0x0180, "GICR_ICENABLER0"},
	{2, 0x0200, 0x0200, "GICR_ISPENDR0"},
	{2, 0x0280, 0x0280, "GICR_ICPENDR0"},
	{2, 0x0300, 0x0300, "GICR_ISACTIVER0"},
	{2, 0x0380, 0x0380, "GICR_ICACTIVER0"},
	{2, 0x0400, 0x041c, "GICR_IPRIORITYR"},
	{2, 0x0c00, 0x0c04, "GICR_ICFGR"},
	{2, 0x0d00, 0x0d00, "GICR_IGRPMODR0"},
	{2, 0x0e00, 0x0e00, "GICR_NSACR"},
	/* IHI 0048B tables 4-1 and 4-2 */
	{3, 0x0000, 0x0000, "GICD_CTLR"},
	{3, 0x0004, 0x0004, "GICD_TYPER"},
	{3, 0x0008, 0x0008, "GICD_IIDR"},
	{3, 0x0080, 0x00fc, "GICD_IGROUPR"},
	{3, 0x0100, 0x017c, "GICD_ISENABLER"},
	{3, 0x0180, 0x01fc, "GICD_ICENABLER"},
	{3, 0x0200, 0x027c, "GICD_ISPENDR"},
	{3, 0x0280, 0x02fc, "GICD_ICPENDR"},
	{3, 0x0300, 0x037c, "GICD_ISACTIVER"},
	{3, 0x0380, 0x03fc, "GICD_ICACTIVER"},
	{3, 0x0400, 0x07f8, "GICD_IPRIORITYR"},
	{3, 0x0800, 0x0bf8, "GICD_ITARGETSR"},
	{3, 0x0c00, 0x0cfc, "GICD_ICFGR"},
	{3, 0x0e00, 0x0efc, "GICD_NSACR"},
	{3, 0x0f00, 0x0f00, "GICD_SGIR"},
	{3, 0x0f10, 0x0f1c, "GICD_CPENDSGIR"},
	{3, 0x0f20, 0x0f2c, "GICD_SPENDSGIR"},
	{3, 0x0fe8, 0x0fe8, "ICPIDR2"},
	{4, 0x0000, 0x0000, "GICC_CTLR"},
	{4, 0x0004, 0x0004, "GICC_PMR"},
	{4, 0x0008, 0x0008, "GICC_BPR"},
	{4, 0x000c, 0x000c, "GICC_IAR"},
	{4, 0x0010, 0x0010, "GICC_EOIR"},
	{4, 0x0014, 0x0014, "GICC_RPR"},
	{4, 0x0018, 0x0018, "GICC_HPPIR"},
	{4, 0x001c, 0x001c, "GICC_ABPR"},
	{4, 0x0020, 0x0020, "GICC_AIAR"},
	{4, 0x0024, 0x0024, "GICC_AEOIR"},
	{4, 0x0028, 0x0028, "GICC_AHPPIR"},
	{4, 0x00d0, 0x00dc, "GICC_APR"},
	{4, 0x00e0, 0x00ec, "GICC_NSAPR"},
	{4, 0x00fc, 0x00fc, "GICC_IIDR"},
	{4, 0x1000, 0x1000, "GICC_DIR"},
	/* IHI 0069H 12.19: the control frame of an ITS */
	{5, 0x0000, 0x0000, "GITS_CTLR"},
	{5, 0x0004, 0x0004, "GITS_IIDR"},
	{5, 0x0008, 0x000c, "GITS_TYPER"},
	{5, 0x0040, 0x0040, "GITS_STATUSR"},
	{5, 0x0080, 0x0084, "GITS_CBASER"},
	{5, 0x0088, 0x008c, "GITS_CWRITER"},
	{5, 0x0090, 0x0094, "GITS_CREADR"},
	{5, 0x0100, 0x013c, "GITS_BASER"},
	{5, 0xffe8, 0xffe8, "GITS_PIDR"},
};

static void all_there(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(places); i++) {
		const struct vreg_table *table = tables[places[i].table];
		const struct vreg *reg = vreg_find(table, places[i].first);
		bool whole =
			reg != NULL && vreg_find(table, places[i].last) == reg &&
			(places[i].first == 0 || vreg_find(table, places[i].first - 1) != reg ||
			 (places[i].first & 0xfff) == 0xfe8);

		if (!whole) {
			fail_msg("%s is not one array there", places[i].name);
		}
	}
	/* nothing is where the redistributor's arrays end */
	assert_null(vreg_find(&vgic_sgi_table, GICD_ISENABLER + 4));
	assert_null(vreg_find(&vgic_sgi_table, GICD_IPRIORITYR + 0x20));
	assert_null(vreg_find(&vgic_dist_table, GICD_IROUTER)); /* SGIs have no route */
}

/* IHI 0069H 12.1.3: words everywhere; bytes of priorities, targets and the GICv2 SGI registers;
 * halves of messages; 64 bits of IROUTER and TYPER. */
static uint8_t sizes_of(uint32_t table, uint32_t off)
{
	if (table == 0 && off >= 0x40 && off < 0x60) {
		return 2 | 4;
	}
	if (table == 0 && off >= 0x6100 && off < 0x7fe0) {
		return 4 | 8;
	}
	if (table == 1 && ((off >= 8 && off < 0x10) || (off >= 0x40 && off < 0xc0))) {
		return 4 | 8;
	}
	if (table == 0 && ((off >= 0x400 && off < 0xc00) || (off >= 0xf10 && off < 0xf30))) {
		return 1 | 4;
	}
	return table == 2 && off >= 0x400 && off < 0x420 ? 1 | 4 : 4;
}

static void access_sizes(void **state)
{
	(void)state;
	for (uint32_t t = 0; t < GICV3_TABLES; t++) {
		const struct mmio_ops *ops = t == 0 ? &vgic_dist_ops : &vgic_redist_ops;
		uint32_t base = t == 2 ? GICR_SGI_FRAME : 0;

		for (uint32_t i = 0; i < tables[t]->count; i++) {
			uint32_t off = tables[t]->reg[i].start;
			uint8_t allowed = sizes_of(t, off);

			for (uint8_t size = 1; size <= 8; size = (uint8_t)(size * 2)) {
				int expected = (allowed & size) != 0 ? 0 : -EINVAL;
				uint64_t value = 0;

				if ((ops->sizes & size) == 0) {
					continue;
				}
				assert_int_equal(ops->read(fake_vcpu(0), &fake_vm, base + off, size,
							   &value),
						 expected);
				assert_int_equal(ops->write(fake_vcpu(0), &fake_vm, base + off,
							    size, 0),
						 expected);
			}
		}
	}
	/* every size that some register takes gets as far as the tables */
	assert_int_equal(vgic_dist_ops.sizes, 1 | 2 | 4 | 8);
	assert_int_equal(vgic_redist_ops.sizes, 1 | 4 | 8);
}

static void identity(void **state)
{
	static const uint8_t component[] = {0x0d, 0xf0, 0x05, 0xb1};

	(void)state;
	/* DS and ARE, nothing in progress, both groups off */
	assert_int_equal(fake_dist_read(0, GICD_CTLR, 4), 0x50);
	/* lines: (5 : 0 + 1) * 32; 10 bits of INTID; A3V, No1N */
	assert_int_equal(fake_dist_read(0, GICD_TYPER, 4), 2 | 9 << 19 | 1 << 24 | 1 << 25);
	assert_int_equal(fake_dist_read(0, GICD_IIDR, 4) & 0xfff, 0x43b);
	for (uint32_t frame = 0; frame < 2; frame++) {
		for (uint32_t i = 0; i < 4; i++) {
			assert_int_equal(fake_dist_read(0, 0xfff0 + 4 * i, 4), component[i]);
			assert_int_equal(fake_redist_read(0,
							  frame * VGIC_REDIST_STRIDE + 0xfff0 +
								  4 * i,
							  4),
					 component[i]);
		}
		/* ArchRev in bits 7:4 of PIDR2 */
		assert_int_equal(fake_redist_read(0, frame * VGIC_REDIST_STRIDE + GICR_PIDR2, 4) >>
					 4,
				 3);
	}
	assert_int_equal(fake_dist_read(0, GICD_PIDR2, 4) >> 4, 3);
}

static void typer(void **state)
{
	(void)state;
	fake_vcpu(1)->mpidr = BIT(31) | UINT64_C(0x1200345678);
	for (uint32_t i = 0; i < 2; i++) {
		uint32_t base = i * VGIC_REDIST_STRIDE;
		uint64_t whole = fake_redist_read(0, base + GICR_TYPER, 8);

		/* Affinity_Value as Aff3.Aff2.Aff1.Aff0, Processor_Number, Last */
		assert_int_equal(whole >> 32, i == 0 ? 0 : 0x12345678);
		assert_int_equal((whole >> 8) & 0xffff, i);
		assert_int_equal((whole >> 4) & 1, i);
		assert_int_equal(whole & 0x2f, 0);
		assert_int_equal(fake_redist_read(0, base + GICR_TYPER, 4), (uint32_t)whole);
		assert_int_equal(fake_redist_read(0, base + GICR_TYPER + 4, 4), whole >> 32);
	}
}

/* In a second region, redistributor 1 is the first and last of it. */
static void second_region(void **state)
{
	uint64_t value = 0;

	(void)state;
	assert_int_equal(fake_vm.vgic.redist_low, 2);
	fake_vm.vgic.redist_low = 1;
	assert_int_equal((fake_redist_read(0, GICR_TYPER, 4) >> 4) & 1, 1);
	assert_int_equal(fake_access(0, &vgic_redist_high_ops, GICR_TYPER, 4, &value), 0);
	assert_int_equal((value >> 4) & 1, 1);
	assert_int_equal(value >> 8, 1);
	value = 0x50;
	assert_int_equal(fake_access(0, &vgic_redist_high_ops, GICR_IPRIORITYR + 20, 1 | FAKE_WRITE,
				     &value),
			 0);
	assert_int_equal(fake_vcpu(1)->vgic.bank.prio[20], 0x50);
	assert_int_equal(fake_vcpu(0)->vgic.bank.prio[20], 0);
}

static void waker(void **state)
{
	(void)state;
	/* ChildrenAsleep follows ProcessorSleep, both 1 after reset */
	assert_int_equal(fake_redist_read(0, GICR_WAKER, 4), 6);
	fake_redist_write(0, GICR_WAKER, 4, 0);
	assert_int_equal(fake_redist_read(0, GICR_WAKER, 4), 0);
	assert_int_equal(fake_redist_read(0, VGIC_REDIST_STRIDE + GICR_WAKER, 4), 6);
	fake_redist_write(0, GICR_WAKER, 4, 0xffffffff);
	assert_int_equal(fake_redist_read(0, GICR_WAKER, 4), 6);
}

/* Bank 0 in the redistributor of each vCPU, banks 1 and 2 in the distributor, none above. */
static uint64_t word(uint32_t redist, uint32_t array, uint32_t n)
{
	return n == 0 ? fake_redist_read(0, redist * VGIC_REDIST_STRIDE + SGI(array), 4) :
			fake_dist_read(0, array + 4 * n, 4);
}

static void set_word(uint32_t redist, uint32_t array, uint32_t n, uint64_t value)
{
	if (n == 0) {
		fake_redist_write(0, redist * VGIC_REDIST_STRIDE + SGI(array), 4, value);
	} else {
		fake_dist_write(0, array + 4 * n, 4, value);
	}
}

static void bit_arrays(void **state)
{
	static const struct {
		uint32_t set, clear;
	} arrays[] = {{GICD_ISENABLER, GICD_ICENABLER},
		      {GICD_ISPENDR, GICD_ICPENDR},
		      {GICD_ISACTIVER, GICD_ICACTIVER}};

	(void)state;
	for (size_t a = 0; a < ARRAY_COUNT(arrays); a++) {
		for (uint32_t n = 0; n <= SPIS / 32; n++) {
			uint32_t redist = n == 0;

			assert_int_equal(word(redist, arrays[a].set, n), 0);
			set_word(redist, arrays[a].set, n, 0xf0f0f00f);
			set_word(redist, arrays[a].set, n, 0x00000ff0);
			assert_int_equal(word(redist, arrays[a].set, n), 0xf0f0ffff);
			assert_int_equal(word(redist, arrays[a].clear, n), 0xf0f0ffff);
			set_word(redist, arrays[a].clear, n, 0xff000000);
			set_word(redist, arrays[a].clear, n, 0);
			assert_int_equal(word(redist, arrays[a].set, n), 0x00f0ffff);
			/* nobody else's */
			assert_int_equal(word(1 - redist, arrays[a].set, n == 0 ? 0 : 3 - n), 0);
			set_word(redist, arrays[a].clear, n, 0xffffffff);
			assert_int_equal(word(redist, arrays[a].clear, n), 0);
		}
	}
	for (uint32_t n = 0; n <= SPIS / 32; n++) {
		set_word(1, GICD_IGROUPR, n, 0x12345678);
		assert_int_equal(word(1, GICD_IGROUPR, n), 0x12345678);
		set_word(1, GICD_IGROUPR, n, 0x1);
		assert_int_equal(word(1, GICD_IGROUPR, n), 0x1);
	}
	assert_int_equal(word(0, GICD_IGROUPR, 0), 0);
}

static bool is_redist_register(uint32_t off)
{
	uint32_t sgi = off - GICR_SGI_FRAME;

	if (off < GICR_SGI_FRAME) {
		return off == GICR_IIDR || off == GICR_TYPER || off == GICR_TYPER + 4 ||
		       off == GICR_WAKER || off >= 0xffd0;
	}
	return (sgi >= GICD_IGROUPR && sgi < GICD_IPRIORITYR && sgi % 0x80 == 0) ||
	       (sgi >= GICD_IPRIORITYR && sgi < GICD_IPRIORITYR + 32) || sgi == GICD_ICFGR ||
	       sgi == GICD_ICFGR + 4;
}

/* Reserved: the private words of the distributor (affinity routing is on), what is beyond the last
 * SPI, GICv2's arrays, and what security and LPIs would have. */
static void read_as_zero(void **state)
{
	static const struct {
		uint32_t first, end;
	} dist[] = {
		{GICD_TYPER2, GICD_TYPER2 + 4},
		{GICD_STATUSR, GICD_IGROUPR},
		{GICD_IGROUPR, GICD_IGROUPR + 4},
		{GICD_IGROUPR + 12, GICD_ISENABLER},
		{GICD_ISENABLER, GICD_ISENABLER + 4},
		{GICD_ISENABLER + 12, GICD_ICENABLER},
		{GICD_ICENABLER + 12, GICD_ISPENDR + 4},
		{GICD_ISPENDR + 12, GICD_ICPENDR + 4},
		{GICD_ICPENDR + 12, GICD_ISACTIVER + 4},
		{GICD_ISACTIVER + 12, GICD_ICACTIVER + 4},
		{GICD_ICACTIVER + 12, GICD_IPRIORITYR + 32},
		{GICD_IPRIORITYR + 32 + SPIS, GICD_ICFGR + 8},
		{GICD_ICFGR + 8 + SPIS / 4, GICD_IROUTER + 8 * 32},
		{GICD_IROUTER + 8 * (32 + SPIS), 0xffd0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(dist); i++) {
		for (uint32_t off = dist[i].first; off < dist[i].end; off += 4) {
			fake_dist_write(0, off, 4, 0xffffffff);
			assert_int_equal(fake_dist_read(0, off, 4), 0);
		}
	}
	for (uint32_t off = 0; off < 0x20000; off += 4) {
		if (!is_redist_register(off)) {
			fake_redist_write(0, off, 4, 0xffffffff);
			assert_int_equal(fake_redist_read(0, off, 4), 0);
		}
	}
	assert_int_equal(fake_dist_read(0, GICD_CTLR, 4), 0x50);
}

static void priorities(void **state)
{
	(void)state;
	/* five bits of each byte exist; words and bytes name the same */
	for (uint32_t intid = 0; intid < 32 + SPIS; intid++) {
		fake_set_priority(0, 1, intid, (uint8_t)(0xff - intid));
	}
	for (uint32_t intid = 0; intid < 32 + SPIS; intid += 4) {
		uint64_t expected = 0;

		for (uint32_t i = 0; i < 4; i++) {
			expected |= (uint64_t)((0xff - intid - i) & 0xf8) << (8 * i);
		}
		assert_int_equal(intid < 32 ? fake_redist_read(0,
							       VGIC_REDIST_STRIDE +
								       SGI(GICD_IPRIORITYR) + intid,
							       4) :
					      fake_dist_read(0, GICD_IPRIORITYR + intid, 4),
				 expected);
	}
	fake_dist_write(0, GICD_IPRIORITYR + 40, 4, 0x12345678);
	assert_int_equal(fake_dist_read(0, GICD_IPRIORITYR + 40, 1), 0x78);
	assert_int_equal(fake_dist_read(0, GICD_IPRIORITYR + 41, 1), 0x50);
	assert_int_equal(fake_dist_read(0, GICD_IPRIORITYR + 43, 1), 0x10);
	assert_int_equal(fake_redist_read(0, SGI(GICD_IPRIORITYR), 4), 0);
}

static void triggers(void **state)
{
	(void)state;
	/* SGIs are edge-triggered for ever; bit 0 of each pair is reserved */
	assert_int_equal(fake_redist_read(0, SGI(GICD_ICFGR), 4), 0xaaaaaaaa);
	fake_redist_write(0, SGI(GICD_ICFGR), 4, 0);
	assert_int_equal(fake_redist_read(0, SGI(GICD_ICFGR), 4), 0xaaaaaaaa);
	fake_redist_write(0, SGI(GICD_ICFGR) + 4, 4, 0xffffffff);
	assert_int_equal(fake_redist_read(0, SGI(GICD_ICFGR) + 4, 4), 0xaaaaaaaa);
	for (uint32_t n = 2; n < 2 + SPIS / 16; n++) {
		assert_int_equal(fake_dist_read(0, GICD_ICFGR + 4 * n, 4), 0);
		fake_dist_write(0, GICD_ICFGR + 4 * n, 4, 0x80000003 | n << 8);
		assert_int_equal(fake_dist_read(0, GICD_ICFGR + 4 * n, 4),
				 0x80000002 | ((n << 8) & 0xaaaaaaaa));
	}
}

static void routes(void **state)
{
	uint32_t off = GICD_IROUTER + 8 * 40;

	(void)state;
	/* Aff3 at bits 39:32, Aff2 to Aff0; no Interrupt_Routing_Mode */
	fake_dist_write(0, off, 8, ~UINT64_C(0));
	assert_int_equal(fake_dist_read(0, off, 8), UINT64_C(0xff00ffffff));
	fake_dist_write(0, off, 4, 0x00010203);
	assert_int_equal(fake_dist_read(0, off, 8), UINT64_C(0xff00010203));
	fake_dist_write(0, off + 4, 4, 0xffffff04);
	assert_int_equal(fake_dist_read(0, off, 8), UINT64_C(0x0400010203));
	assert_int_equal(fake_dist_read(0, off, 4), 0x00010203);
	assert_int_equal(fake_dist_read(0, off + 4, 4), 0x04);
	assert_int_equal(fake_dist_read(0, off + 8, 8), 0);
}

static void reset(void **state)
{
	(void)state;
	fake_dist_write(0, GICD_CTLR, 4, 3);
	for (uint32_t n = 0; n <= SPIS / 32; n++) {
		set_word(0, GICD_IGROUPR, n, 0xffffffff);
		set_word(0, GICD_ISENABLER, n, 0xffffffff);
		set_word(0, GICD_ISPENDR, n, 0xffffffff);
		set_word(0, GICD_ISACTIVER, n, 0xff00ff00);
		set_word(0, GICD_IPRIORITYR, 8 * n, 0xffffffff);
		set_word(0, GICD_ICFGR, 2 * n + 1, 0xffffffff);
	}
	fake_dist_write(0, GICD_IROUTER + 8 * 40, 8, 1);
	fake_send_sgi(0, 2, true);
	fake_settle();
	assert_int_not_equal(vgic_busy_count(&fake_vm), 0);
	fake_vcpu_off(0);
	fake_vcpu_off(1);
	vgic_reset(&fake_vm);
	assert_int_equal(vgic_busy_count(&fake_vm), 0);
	fake_vcpu_on(0);
	fake_vcpu_on(1);
	assert_int_equal(fake_dist_read(0, GICD_CTLR, 4), 0x50);
	for (uint32_t n = 0; n <= SPIS / 32; n++) {
		assert_int_equal(word(0, GICD_IGROUPR, n), 0);
		assert_int_equal(word(0, GICD_ISENABLER, n), 0);
		assert_int_equal(word(0, GICD_ISPENDR, n), 0);
		assert_int_equal(word(0, GICD_ISACTIVER, n), 0);
		assert_int_equal(word(0, GICD_IPRIORITYR, 8 * n), 0);
		assert_int_equal(word(0, GICD_ICFGR, 2 * n + 1), 0);
	}
	assert_int_equal(fake_dist_read(0, GICD_IROUTER + 8 * 40, 8), 0);
	assert_int_equal(fake_listed_count(0) + fake_listed_count(1), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE_IN("tables are sorted and nothing overlaps", sorted, set_up),
		CASE_IN("the index finds what a search of the whole table finds", found, set_up),
		CASE_IN("each register of the specification is where that says", all_there, set_up),
		CASE_IN("each register takes the access sizes it has, and no other", access_sizes,
			set_up),
		CASE_IN("identification registers say GICv3 and how much of it", identity, set_up),
		CASE_IN("GICR_TYPER names its vCPU and the last one", typer, set_up),
		CASE_IN("those of a second region are found there", second_region, set_up),
		CASE_IN("a redistributor sleeps and wakes as it is told", waker, set_up),
		CASE_IN("arrays of bits are set, cleared and read by word", bit_arrays, set_up),
		CASE_IN("what is reserved or not offered reads as zero", read_as_zero, set_up),
		CASE_IN("priorities have five bits, by byte and by word", priorities, set_up),
		CASE_IN("triggers can be chosen for all but SGIs", triggers, set_up),
		CASE_IN("routes are affinities, whole and by halves", routes, set_up),
		CASE_IN("a reset leaves nothing of what was", reset, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
