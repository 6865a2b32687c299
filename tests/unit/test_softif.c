/* SPDX-License-Identifier: Apache-2.0 */
/* GICv2's CPU interface in software: what preempts what. IHI 0048B 3.3. */
#include "irq/hw/gic_regs.h"
#include "irq/hw/vif.h"
#include "irq/vgic/softif.h"
#include "irq/vgic/vgic.h"
#include "tests/unit/fake_gic.h"
#include "tests/unit/unit.h"

#define SPI_A 40
#define SPI_B 41

static uint8_t room[4096] __attribute__((aligned(16)));
static struct vcpu *vcpu;

static int set_up(void **state)
{
	struct arena arena = {room, sizeof(room), 0};

	(void)state;
	fake_gic_create(1, 4, 64);
	vcpu = fake_vcpu(0);
	assert_int_equal(softif_create(vcpu, &arena), 0);
	vif_hcr_write(&vcpu->vgic.vif, ICH_HCR_EN);
	return 0;
}

static uint32_t get(uint32_t reg)
{
	uint64_t value;

	assert_int_equal(vgic_v2_cpu_ops.read(vcpu, &fake_vm, reg, 4, &value), 0);
	return (uint32_t)value;
}

static void set(uint32_t reg, uint32_t value)
{
	assert_int_equal(vgic_v2_cpu_ops.write(vcpu, &fake_vm, reg, 4, value), 0);
}

static void list(uint32_t lr, uint32_t intid, uint8_t prio, uint32_t group)
{
	vif_lr_write(&vcpu->vgic.vif, lr,
		     ICH_LR_PENDING | intid | FIELD_PREP(ICH_LR_PRIORITY, prio) |
			     (group != 0 ? ICH_LR_GROUP : 0));
}

static void opened(void)
{
	set(GICC_PMR, 0xf8);
	set(GICC_CTLR, GICC_CTLR_ENGRP0 | GICC_CTLR_ENGRP1 | GICC_CTLR_ACKCTL);
}

static void by_group_priority(void **state)
{
	(void)state;
	opened();
	set(GICC_BPR, 4); /* 0x20 and 0x28 are of one group priority */
	list(0, SPI_A, 0x28, 0);
	assert_int_equal(get(GICC_IAR), SPI_A);
	list(1, SPI_B, 0x20, 0);
	assert_int_equal(get(GICC_IAR), INTID_NONE_PENDING);
	list(1, SPI_B, 0x18, 0);
	assert_int_equal(get(GICC_IAR), SPI_B);
}

/* The point of what is pending counts, for both sides. */
static void another_point(void **state)
{
	(void)state;
	opened();
	set(GICC_BPR, 7);
	list(0, SPI_A, 0xc0, 1); /* GICC_ABPR: every level is a group priority */
	assert_int_equal(get(GICC_IAR), SPI_A);
	assert_int_equal(get(GICC_RPR), 0xc0);
	list(1, SPI_B, 0x20, 0);
	assert_int_equal(get(GICC_IAR), INTID_NONE_PENDING);
	set(GICC_EOIR, SPI_A);
	assert_int_equal(get(GICC_IAR), SPI_B);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE_IN("an interrupt preempts those of lower group priority", by_group_priority,
			set_up),
		CASE_IN("where the binary point says none preempts, none of the other group is "
			"preempted",
			another_point, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
