/* SPDX-License-Identifier: Apache-2.0 */
/* A GICv2 guest's distributor and its CPU interface in software. IHI 0048B chapters 3 and 4. */
#include "tests/unit/gicv2.h"

#include "core/arm64/sysreg.h"
#include "core/base/errno.h"
#include "irq/vgic/vgic_frames.h"
#include "tests/unit/unit.h"

#define NONE   1023U
#define GROUP1 1022U
#define VCPUS  4U
#define SPIS   64U

static void start(uint32_t vcpus, uint32_t list_registers)
{
	fake_gicv2_create(vcpus, list_registers, SPIS);
	dist_write(0, GICD_CTLR, 4, 3);
	for (uint32_t i = 0; i < vcpus; i++) {
		fake_vcpu_on(i);
		cpu_write(i, GICC_PMR, 0xff);
		cpu_write(i, GICC_CTLR, GICC_CTLR_ENGRP0 | GICC_CTLR_ENGRP1);
	}
}

static int set_up(void **state)
{
	(void)state;
	start(VCPUS, 4);
	return 0;
}

/* A shared one: enabled, to vCPU 0, edge-triggered. */
static void use(uint32_t intid, uint8_t priority)
{
	uint32_t config = dist_read(0, GICD_ICFGR + intid / 16 * 4, 4);

	dist_write(0, GICD_IPRIORITYR + intid, 1, priority);
	dist_write(0, GICD_ITARGETSR + intid, 1, 1);
	dist_write(0, GICD_ICFGR + intid / 16 * 4, 4, config | 2U << intid % 16 * 2);
	set_bit(0, GICD_ISENABLER, intid);
}

static uint64_t lines(uint32_t i)
{
	fake_settle();
	return fake_vcpu(i)->hcr & (HCR_VI | HCR_VF);
}

/* -- registers -- */

static void identity(void **state)
{
	(void)state;
	/* 96 lines, 4 interfaces, no Security Extensions */
	assert_int_equal(dist_read(0, GICD_TYPER, 4), 2 | (VCPUS - 1) << 5);
	assert_int_equal(dist_read(0, 0xfe8, 4), 0x2b);
	assert_int_equal(dist_read(0, 0xff0, 4), 0x0d);
	assert_int_equal(cpu_read(0, GICC_IIDR) & 0xf0fff, 0x2043b);
	assert_int_equal(dist_read(0, GICD_NSACR, 4), 0);
	assert_int_equal(dist_read(0, GICD_CTLR, 4), 3);
}

static void sizes(void **state)
{
	static const struct {
		uint32_t first, end;
	} bytes[] = {{0x400, 0x800}, {0x800, 0xc00}, {0xf10, 0xf30}};
	uint64_t value;

	(void)state;
	for (uint32_t off = 0; off < 0x1000; off += 4) {
		bool byte = false;

		for (uint32_t i = 0; i < ARRAY_COUNT(bytes); i++) {
			byte |= off >= bytes[i].first && off < bytes[i].end;
		}
		value = 0;
		assert_int_equal(fake_access(0, &vgic_v2_dist_ops, off, 4, &value), 0);
		/* reserved words read as zero at any size */
		if (vreg_find(&vgic_v2_dist_table, off) != NULL) {
			assert_int_equal(fake_access(0, &vgic_v2_dist_ops, off, 1, &value),
					 byte ? 0 : -EINVAL);
		}
	}
	assert_int_equal(vgic_v2_dist_ops.sizes, 1 | 4);
	assert_int_equal(vgic_v2_cpu_ops.sizes, 4);
}

static void sgis_are_always_enabled(void **state)
{
	(void)state;
	assert_int_equal(dist_read(1, GICD_ISENABLER, 4), 0xffff);
	dist_write(1, GICD_ICENABLER, 4, ~0U);
	assert_int_equal(dist_read(1, GICD_ISENABLER, 4), 0xffff);
	/* nor are they made pending there */
	dist_write(1, GICD_ISPENDR, 4, 0xffff);
	assert_int_equal(dist_read(1, GICD_ISPENDR, 4), 0);
	assert_int_equal(dist_read(1, GICD_ICFGR, 4), 0xaaaaaaaa);
	dist_write(1, GICD_ICFGR, 4, 0);
	assert_int_equal(dist_read(1, GICD_ICFGR, 4), 0xaaaaaaaa);
}

static void banked(void **state)
{
	(void)state;
	dist_write(2, GICD_IPRIORITYR + 20, 1, 0x48);
	dist_write(2, GICD_ISENABLER, 4, BIT(20));
	assert_int_equal(dist_read(2, GICD_IPRIORITYR + 20, 4), 0x48);
	assert_int_equal(dist_read(1, GICD_IPRIORITYR + 20, 4), 0);
	assert_true(get_bit(2, GICD_ISENABLER, 20));
	assert_false(get_bit(1, GICD_ISENABLER, 20));
}

static void targets(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < VCPUS; i++) {
		assert_int_equal(dist_read(i, GICD_ITARGETSR, 4), 0x01010101U << i);
		dist_write(i, GICD_ITARGETSR, 4, ~0U);
		assert_int_equal(dist_read(i, GICD_ITARGETSR + 28, 4), 0x01010101U << i);
	}
	dist_write(0, GICD_ITARGETSR + 32, 4, 0xff0c0201);
	assert_int_equal(dist_read(0, GICD_ITARGETSR + 32, 4), 0x0f0c0201);
	assert_int_equal(dist_read(3, GICD_ITARGETSR + 33, 1), 2);
	/* a machine of one has none */
	start(1, 4);
	dist_write(0, GICD_ITARGETSR + 32, 4, ~0U);
	assert_int_equal(dist_read(0, GICD_ITARGETSR + 32, 4), 0);
	assert_int_equal(dist_read(0, GICD_ITARGETSR, 4), 0);
	set_bit(0, GICD_ISENABLER, 40);
	set_bit(0, GICD_ISPENDR, 40);
	assert_int_equal(ack(0), 40);
}

static void reserved(void **state)
{
	(void)state;
	for (uint32_t off = 0x1000; off < 0x10000; off += 4) {
		dist_write(0, off, 4, ~0U);
		assert_int_equal(dist_read(0, off, 4), 0);
	}
	assert_int_equal(dist_read(0, GICD_SGIR, 4), 0);
	/* interrupts that the machine does not have */
	dist_write(0, GICD_ISENABLER + 12, 4, ~0U);
	assert_int_equal(dist_read(0, GICD_ISENABLER + 12, 4), 0);
	dist_write(0, GICD_ITARGETSR + 96, 4, ~0U);
	assert_int_equal(dist_read(0, GICD_ITARGETSR + 96, 4), 0);
}

/* -- SGIs -- */

static void by_sender(void **state)
{
	(void)state;
	sgi(1, SGIR_LISTED, 1, 3);
	sgi(2, SGIR_LISTED, 1, 3);
	sgi(2, SGIR_LISTED, 1, 3); /* again before it was taken: once */
	assert_int_equal(dist_read(0, GICD_SPENDSGIR, 4), 0x06000000);
	assert_int_equal(dist_read(0, GICD_CPENDSGIR + 3, 1), 0x06);
	assert_int_equal(ack(0), 1 << 10 | 3);
	assert_int_equal(dist_read(0, GICD_CPENDSGIR + 3, 1), 0x04);
	assert_int_equal(ack(0), NONE);
	eoi(0, 1 << 10 | 3);
	assert_int_equal(ack(0), 2 << 10 | 3);
	/* the same sender again while it is active */
	sgi(2, SGIR_LISTED, 1, 3);
	assert_int_equal(ack(0), NONE);
	eoi(0, 2 << 10 | 3);
	assert_int_equal(ack(0), 2 << 10 | 3);
	eoi(0, 2 << 10 | 3);
	assert_int_equal(ack(0), NONE);
	assert_int_equal(dist_read(0, GICD_ISACTIVER, 4), 0);
}

static void lowest_sender_first(void **state)
{
	(void)state;
	sgi(1, SGIR_LISTED, 1, 3);
	assert_int_equal(ack(0), 1 << 10 | 3);
	/* while it is active: the same sender again, and another */
	sgi(1, SGIR_LISTED, 1, 3);
	fake_settle();
	sgi(0, SGIR_SELF, 0, 3);
	sgi(2, SGIR_LISTED, 1, 3);
	assert_int_equal(ack(0), NONE);
	eoi(0, 1 << 10 | 3);
	for (uint32_t sender = 0; sender < 3; sender++) {
		assert_int_equal(ack(0), sender << 10 | 3);
		eoi(0, sender << 10 | 3);
	}
	assert_int_equal(ack(0), NONE);
}

static void filters(void **state)
{
	(void)state;
	sgi(1, SGIR_OTHERS, 0xff, 5);
	assert_int_equal(ack(0), 1 << 10 | 5);
	assert_int_equal(ack(1), NONE);
	assert_int_equal(ack(2), 1 << 10 | 5);
	assert_int_equal(ack(3), 1 << 10 | 5);
	sgi(1, SGIR_SELF, 0, 6);
	assert_int_equal(ack(1), 1 << 10 | 6);
	sgi(0, SGIR_LISTED, 0xf0 | 2, 7); /* and some that are not there */
	eoi(1, 1 << 10 | 6);
	assert_int_equal(ack(1), 7);
	sgi(0, 3, 0xff, 8); /* reserved */
	for (uint32_t i = 0; i < VCPUS; i++) {
		assert_int_equal(dist_read(i, GICD_CPENDSGIR + 8, 4), 0);
	}
}

static void set_and_cleared(void **state)
{
	(void)state;
	dist_write(0, GICD_SPENDSGIR + 4, 4, 0xff0a0000);
	/* senders that are not there can't have sent */
	assert_int_equal(dist_read(0, GICD_SPENDSGIR + 4, 4), 0x0f0a0000);
	dist_write(0, GICD_CPENDSGIR + 7, 1, 0x0e);
	assert_int_equal(dist_read(0, GICD_CPENDSGIR + 4, 4), 0x010a0000);
	assert_int_equal(ack(0), 1 << 10 | 6);
	eoi(0, 1 << 10 | 6);
	/* also while it is in a list register */
	dist_write(0, GICD_CPENDSGIR + 6, 1, 0xff);
	assert_int_equal(ack(0), 7);
	eoi(0, 7);
	assert_int_equal(ack(0), NONE);
}

/* -- routes -- */

static void moved(void **state)
{
	(void)state;
	use(40, 0x80);
	set_bit(0, GICD_ISPENDR, 40);
	assert_int_equal(cpu_read(0, GICC_HPPIR), 40);
	dist_write(0, GICD_ITARGETSR + 40, 1, 4);
	assert_int_equal(cpu_read(0, GICC_HPPIR), NONE);
	assert_int_equal(ack(2), 40);
	eoi(2, 40);
	/* to nobody: it stays pending */
	dist_write(0, GICD_ITARGETSR + 40, 1, 0);
	set_bit(0, GICD_ISPENDR, 40);
	assert_true(get_bit(0, GICD_ISPENDR, 40));
	dist_write(0, GICD_ITARGETSR + 40, 1, 8);
	assert_int_equal(ack(3), 40);
}

static void one_of_several(void **state)
{
	(void)state;
	use(40, 0x80);
	dist_write(0, GICD_ITARGETSR + 40, 1, 6);
	set_bit(0, GICD_ISPENDR, 40);
	assert_int_equal(ack(1), 40);
	assert_int_equal(ack(2), NONE);
	eoi(1, 40);
	/* the first goes: the next has it; and back */
	fake_vcpu_off(1);
	set_bit(0, GICD_ISPENDR, 40);
	assert_int_equal(ack(2), 40);
	eoi(2, 40);
	fake_vcpu_on(1);
	cpu_write(1, GICC_PMR, 0xff);
	cpu_write(1, GICC_CTLR, 1);
	set_bit(0, GICD_ISPENDR, 40);
	assert_int_equal(ack(1), 40);
}

/* -- the interface -- */

static void priorities(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 8; i++) {
		use(40 + i, (uint8_t)(0x80 - 0x10 * i));
		set_bit(0, GICD_ISPENDR, 40 + i);
	}
	for (uint32_t i = 8; i-- > 0;) {
		assert_int_equal(cpu_read(0, GICC_HPPIR), 40 + i);
		assert_int_equal(ack(0), 40 + i);
		assert_int_equal(cpu_read(0, GICC_RPR), 0x80 - 0x10 * i);
		assert_int_equal(ack(0), NONE);
		eoi(0, 40 + i);
	}
	assert_int_equal(cpu_read(0, GICC_RPR), 0xff);
}

static void nested(void **state)
{
	(void)state;
	for (uint32_t registers = 1; registers <= 4; registers++) {
		start(2, registers);
		for (uint32_t i = 0; i < 8; i++) {
			use(40 + i, (uint8_t)(0x80 - 0x10 * i));
			set_bit(0, GICD_ISPENDR, 40 + i);
			assert_int_equal(ack(0), 40 + i);
		}
		assert_int_equal(dist_read(0, GICD_ISACTIVER + 4, 4), 0xff00);
		for (uint32_t i = 8; i-- > 0;) {
			eoi(0, 40 + i);
		}
		assert_int_equal(dist_read(0, GICD_ISACTIVER + 4, 4), 0);
		assert_int_equal(cpu_read(0, GICC_RPR), 0xff);
	}
}

static void masked(void **state)
{
	(void)state;
	use(40, 0x80);
	set_bit(0, GICD_ISPENDR, 40);
	assert_int_equal(lines(0), HCR_VI);
	cpu_write(0, GICC_PMR, 0x80);
	assert_int_equal(lines(0), 0);
	assert_int_equal(ack(0), NONE);
	assert_int_equal(cpu_read(0, GICC_HPPIR), 40); /* which looks at no mask */
	cpu_write(0, GICC_PMR, 0x88);
	assert_int_equal(lines(0), HCR_VI);
	cpu_write(0, GICC_CTLR, 0);
	assert_int_equal(lines(0), 0);
	assert_int_equal(ack(0), NONE);
	cpu_write(0, GICC_CTLR, 1);
	assert_int_equal(ack(0), 40);
	assert_int_equal(cpu_read(0, GICC_PMR), 0x88);
	cpu_write(0, GICC_PMR, 0xff);
	assert_int_equal(cpu_read(0, GICC_PMR), 0xf8); /* 5 bits */
}

static void binary_points(void **state)
{
	(void)state;
	assert_int_equal(cpu_read(0, GICC_BPR), 2);
	assert_int_equal(cpu_read(0, GICC_ABPR), 3);
	cpu_write(0, GICC_BPR, 0);
	cpu_write(0, GICC_ABPR, 0);
	assert_int_equal(cpu_read(0, GICC_BPR), 2);
	assert_int_equal(cpu_read(0, GICC_ABPR), 3);
	use(40, 0x78);
	use(41, 0x70);
	use(42, 0x60);
	cpu_write(0, GICC_BPR, 3); /* bits 7:4 preempt */
	set_bit(0, GICD_ISPENDR, 40);
	assert_int_equal(ack(0), 40);
	assert_int_equal(cpu_read(0, GICC_RPR), 0x70);
	assert_int_equal(cpu_read(0, GICC_APR), BIT(0x70 / 8));
	set_bit(0, GICD_ISPENDR, 41);
	assert_int_equal(ack(0), NONE);
	set_bit(0, GICD_ISPENDR, 42);
	assert_int_equal(ack(0), 42);
	eoi(0, 42);
	eoi(0, 40);
	assert_int_equal(ack(0), 41);
	eoi(0, 41);
	/* group 1 has its own, one more for the same, unless CBPR */
	dist_write(0, GICD_IGROUPR + 4, 4, ~0U);
	cpu_write(0, GICC_BPR, 5);
	cpu_write(0, GICC_ABPR, 4);
	set_bit(0, GICD_ISPENDR, 40);
	assert_int_equal(cpu_read(0, GICC_AIAR), 40);
	assert_int_equal(cpu_read(0, GICC_RPR), 0x70);
	cpu_write(0, GICC_AEOIR, 40);
	cpu_write(0, GICC_CTLR, 3 | GICC_CTLR_CBPR);
	set_bit(0, GICD_ISPENDR, 40);
	assert_int_equal(cpu_read(0, GICC_AIAR), 40);
	assert_int_equal(cpu_read(0, GICC_RPR), 0x40);
}

static void groups(void **state)
{
	(void)state;
	use(40, 0x80);
	use(41, 0x40);
	dist_write(0, GICD_IGROUPR + 4, 4, BIT(40 - 32));
	set_bit(0, GICD_ISPENDR, 40);
	/* group 1 alone: not by the registers of group 0, but with AckCtl */
	assert_int_equal(lines(0), HCR_VI);
	assert_int_equal(ack(0), GROUP1);
	assert_int_equal(cpu_read(0, GICC_HPPIR), GROUP1);
	assert_int_equal(cpu_read(0, GICC_AHPPIR), 40);
	set_bit(0, GICD_ISPENDR, 41);
	assert_int_equal(cpu_read(0, GICC_AIAR), NONE);
	assert_int_equal(cpu_read(0, GICC_AHPPIR), NONE);
	cpu_write(0, GICC_CTLR, 3 | GICC_CTLR_FIQEN);
	assert_int_equal(lines(0), HCR_VF);
	assert_int_equal(ack(0), 41);
	assert_int_equal(lines(0), 0);
	eoi(0, 41);
	assert_int_equal(lines(0), HCR_VI);
	cpu_write(0, GICC_CTLR, 3 | GICC_CTLR_ACKCTL);
	assert_int_equal(ack(0), 40);
	eoi(0, 40);
	/* a group that is off is not there */
	set_bit(0, GICD_ISPENDR, 40);
	cpu_write(0, GICC_CTLR, 1);
	assert_int_equal(lines(0), 0);
	assert_int_equal(cpu_read(0, GICC_AHPPIR), NONE);
}

static void split(void **state)
{
	(void)state;
	cpu_write(0, GICC_CTLR, 1 | GICC_CTLR_EOIMODE);
	for (uint32_t i = 0; i < 6; i++) {
		use(40 + i, 0x80);
		set_bit(0, GICD_ISPENDR, 40 + i);
	}
	/* dropped, not ended: more of them than there are list registers */
	for (uint32_t i = 0; i < 6; i++) {
		uint32_t got = ack(0);

		assert_in_range(got, 40, 45);
		eoi(0, got);
	}
	assert_int_equal(cpu_read(0, GICC_RPR), 0xff);
	assert_int_equal(dist_read(0, GICD_ISACTIVER + 4, 4), 0x3f00);
	set_bit(0, GICD_ISPENDR, 42);
	assert_int_equal(ack(0), NONE);
	cpu_write(0, GICC_DIR, 42);
	assert_int_equal(ack(0), 42);
	eoi(0, 42);
	/* by another vCPU too */
	for (uint32_t i = 0; i < 6; i++) {
		cpu_write(1, GICC_CTLR, 1 | GICC_CTLR_EOIMODE);
		cpu_write(i % 2, GICC_DIR, 40 + i);
	}
	assert_int_equal(dist_read(0, GICD_ISACTIVER + 4, 4), 0);
}

static void level(void **state)
{
	(void)state;
	use(50, 0x80);
	dist_write(0, GICD_ICFGR + 12, 4, 0);
	vgic_set_line(&fake_vm, 50, true);
	assert_int_equal(ack(0), 50);
	assert_int_equal(ack(0), NONE);
	eoi(0, 50);
	assert_int_equal(ack(0), 50);
	vgic_set_line(&fake_vm, 50, false);
	eoi(0, 50);
	assert_int_equal(ack(0), NONE);
	/* falls before it is taken */
	vgic_set_line(&fake_vm, 50, true);
	assert_int_equal(lines(0), HCR_VI);
	vgic_set_line(&fake_vm, 50, false);
	assert_int_equal(lines(0), 0);
}

/* Another vCPU's interface, in memory, is changed: the lines of the CPU stay those of its own. */
static void lines_of_who_is_there(void **state)
{
	uint64_t bit = BIT(41 % 32);

	(void)state;
	use(40, 0x80);
	use(41, 0x80);
	dist_write(0, GICD_ITARGETSR + 41, 1, 2);
	set_bit(0, GICD_ISPENDR, 40);
	set_bit(0, GICD_ISPENDR, 41);
	assert_int_equal(lines(1), HCR_VI);
	fake_put_away(1);
	sysreg_write(hcr_el2, fake_vcpu(0)->hcr);
	assert_int_equal(fake_access(0, &vgic_v2_dist_ops, GICD_ICPENDR + 4, 4 | FAKE_WRITE, &bit),
			 0);
	assert_false(fake_vcpu(1)->vgic.here);
	assert_int_equal(sysreg_read(hcr_el2) & (HCR_VI | HCR_VF), HCR_VI);
	/* its own are as its interface is by then, once it has a CPU */
	sysreg_write(hcr_el2, fake_vcpu(1)->hcr);
	fake_bring(1);
	assert_int_equal(sysreg_read(hcr_el2) & (HCR_VI | HCR_VF), 0);
}

static void reset_leaves_nothing(void **state)
{
	(void)state;
	use(40, 0x80);
	set_bit(0, GICD_ISPENDR, 40);
	assert_int_equal(ack(0), 40);
	sgi(1, SGIR_OTHERS, 0, 2);
	for (uint32_t i = 0; i < VCPUS; i++) {
		fake_vcpu_off(i);
	}
	vgic_reset(&fake_vm);
	assert_int_equal(vgic_busy_count(&fake_vm), 0);
	for (uint32_t i = 0; i < VCPUS; i++) {
		fake_vcpu_on(i);
		assert_int_equal(cpu_read(i, GICC_CTLR), 0);
		assert_int_equal(cpu_read(i, GICC_PMR), 0);
		assert_int_equal(cpu_read(i, GICC_APR), 0);
		assert_int_equal(dist_read(i, GICD_CPENDSGIR, 4), 0);
		assert_int_equal(lines(i), 0);
	}
	assert_int_equal(dist_read(0, GICD_ITARGETSR + 40, 1), 0);
}

/* GICv3's registers for SGIs don't exist, whatever they name. */
static void no_system_registers(void **state)
{
	static const uint64_t values[] = {0, 1, BIT(40), UINT64_MAX, BIT(24) | 1};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(values); i++) {
		for (uint32_t group = 0; group < 2; group++) {
			assert_int_equal(vgic_write_sgi(fake_vcpu(0), group, values[i]),
					 EXIT_INJECT_UNDEF);
		}
	}
	fake_settle();
	assert_int_equal(fake_vcpu(0)->vgic.bank.latch | fake_vcpu(1)->vgic.bank.latch, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE_IN("it says what it is", identity, set_up),
		CASE_IN("each register takes the access sizes it has", sizes, set_up),
		CASE_IN("SGIs are always enabled, and pending by their own registers",
			sgis_are_always_enabled, set_up),
		CASE_IN("private interrupts are each interface's own", banked, set_up),
		CASE_IN("targets are those that are there; private ones are fixed", targets,
			set_up),
		CASE_IN("what is reserved reads as zero", reserved, set_up),
		CASE_IN("an SGI is as many interrupts as it has senders", by_sender, set_up),
		CASE_IN("it has no system registers", no_system_registers, set_up),
		CASE_IN("an SGI goes to those named, to all others, to oneself", filters, set_up),
		CASE_IN("the lowest sender is first, whoever was taken last", lowest_sender_first,
			set_up),
		CASE_IN("SGIs are set and cleared by sender", set_and_cleared, set_up),
		CASE_IN("a pending interrupt follows its targets", moved, set_up),
		CASE_IN("of several targets the first that is there has it", one_of_several,
			set_up),
		CASE_IN("interrupts come by priority, more than there are list registers",
			priorities, set_up),
		CASE_IN("more interrupts nest than there are list registers", nested, set_up),
		CASE_IN("mask and enables count at once", masked, set_up),
		CASE_IN("the binary point says what preempts", binary_points, set_up),
		CASE_IN("group 0 may be FIQ; group 1 has registers of its own", groups, set_up),
		CASE_IN("drop and deactivation are split with EOImode", split, set_up),
		CASE_IN("a level comes until it is low at its end", level, set_up),
		CASE_IN("who is given a CPU has its own lines there", lines_of_who_is_there,
			set_up),
		CASE_IN("a reset leaves nothing", reset_leaves_nothing, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
