/* SPDX-License-Identifier: Apache-2.0 */
/* SPIs of the board that are a guest's: irq/vgic/link.c. IHI 0069H ICH_LR<n>.HW. */
#include "core/base/errno.h"
#include "tests/unit/fake_gic.h"
#include "tests/unit/unit.h"

#define LEVEL  40 /* of the guest */
#define EDGE   41
#define PLEVEL (FAKE_PSPI + 3) /* of the board */
#define PEDGE  (FAKE_PSPI + 9)

static void route(uint32_t intid, uint32_t vcpu)
{
	fake_dist_write(0, GICD_IROUTER + 8 * intid, 8, vcpu);
}

static int set_up(void **state)
{
	(void)state;
	fake_gic_boot(2, 4, 64);
	assert_int_equal(vgic_link_spi(&fake_vm, LEVEL, PLEVEL, false), 0);
	assert_int_equal(vgic_link_spi(&fake_vm, EDGE, PEDGE, true), 0);
	fake_set_priority(0, 0, LEVEL, 0x80);
	fake_set_priority(0, 0, EDGE, 0x80);
	fake_set_bit(0, 0, GICD_ISENABLER, LEVEL);
	fake_set_bit(0, 0, GICD_ISENABLER, EDGE);
	return 0;
}

static void one_owner(void **state)
{
	(void)state;
	assert_int_equal(vgic_link_spi(&fake_vm, 50, PLEVEL, false), -EBUSY);
	assert_int_equal(vgic_link_spi(&fake_vm, LEVEL, FAKE_PSPI + 1, false), -EBUSY);
	assert_int_equal(vgic_link_spi(&fake_vm, 32 + 64, FAKE_PSPI + 1, false), -EINVAL);
	assert_int_equal(vgic_link_spi(&fake_vm, 27, FAKE_PSPI + 1, false), -EINVAL);
	assert_int_equal(vgic_link_spi(&fake_vm, 50, 27, false), -EINVAL);
	assert_int_equal(vgic_link_spi(&fake_vm, 50, 1020, false), -EINVAL);
}

static void level_comes_and_goes(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 3; i++) {
		fake_spi_line(PLEVEL, true);
		assert_int_equal(fake_ack(0), LEVEL);
		assert_true(fake_spi_is_active(PLEVEL));
		fake_spi_line(PLEVEL, false);
		fake_eoi(0, LEVEL);
		assert_false(fake_spi_is_active(PLEVEL));
		assert_int_equal(fake_pending(0), FAKE_SPURIOUS);
	}
	/* high at its end: again */
	fake_spi_line(PLEVEL, true);
	assert_int_equal(fake_ack(0), LEVEL);
	fake_eoi(0, LEVEL);
	assert_int_equal(fake_ack(0), LEVEL);
}

static void each_edge_once(void **state)
{
	(void)state;
	fake_spi_line(PEDGE, true);
	assert_int_equal(fake_ack(0), EDGE);
	/* the next one while it is active waits in hardware */
	fake_spi_line(PEDGE, false);
	fake_spi_line(PEDGE, true);
	assert_int_equal(fake_pending(0), FAKE_SPURIOUS);
	fake_eoi(0, EDGE);
	assert_int_equal(fake_ack(0), EDGE);
	fake_eoi(0, EDGE);
	assert_int_equal(fake_pending(0), FAKE_SPURIOUS);
	assert_false(fake_spi_is_active(PEDGE));
}

static void level_gone(void **state)
{
	(void)state;
	/* taken, but masked by the guest; the device takes it back */
	fake_dist_write(0, GICD_CTLR, 4, 0);
	fake_spi_line(PLEVEL, true);
	fake_settle();
	assert_true(fake_spi_is_active(PLEVEL));
	assert_true(fake_bit(0, 0, GICD_ISPENDR, LEVEL));
	fake_spi_line(PLEVEL, false);
	fake_dist_write(0, GICD_CTLR, 4, GICD_CTLR_ENGRP0 | GICD_CTLR_ENGRP1);
	assert_int_equal(fake_pending(0), FAKE_SPURIOUS);
	assert_false(fake_spi_is_active(PLEVEL));
}

static void edge_taken_back(void **state)
{
	(void)state;
	fake_dist_write(0, GICD_CTLR, 4, 0);
	fake_spi_line(PEDGE, true);
	fake_settle();
	fake_set_bit(0, 0, GICD_ICPENDR, EDGE);
	fake_dist_write(0, GICD_CTLR, 4, GICD_CTLR_ENGRP0 | GICD_CTLR_ENGRP1);
	assert_int_equal(fake_pending(0), FAKE_SPURIOUS);
	/* nor does it stay active in hardware, where no other could come */
	assert_false(fake_spi_is_active(PEDGE));
	fake_spi_line(PEDGE, false);
	fake_spi_line(PEDGE, true);
	assert_int_equal(fake_ack(0), EDGE);
}

static void enabled_as_the_guest_says(void **state)
{
	(void)state;
	fake_set_bit(0, 0, GICD_ICENABLER, LEVEL);
	assert_false(fake_spi_is_enabled(PLEVEL));
	fake_spi_line(PLEVEL, true);
	fake_settle();
	assert_false(fake_spi_is_active(PLEVEL));
	/* its state is true nevertheless */
	assert_true(fake_bit(0, 0, GICD_ISPENDR, LEVEL));
	fake_set_bit(0, 0, GICD_ISENABLER, LEVEL);
	assert_int_equal(fake_ack(0), LEVEL);
	fake_eoi(0, LEVEL);
	/* an edge that came while disabled, and is cleared */
	fake_set_bit(0, 0, GICD_ICENABLER, EDGE);
	fake_spi_line(PEDGE, true);
	assert_true(fake_bit(0, 0, GICD_ISPENDR, EDGE));
	fake_set_bit(0, 0, GICD_ICPENDR, EDGE);
	assert_false(fake_bit(0, 0, GICD_ISPENDR, EDGE));
}

/* The guest disables it after this CPU has acknowledged it, before that is dealt with. */
static void disabled_when_taken(void **state)
{
	(void)state;
	fake_set_bit(0, 0, GICD_ICENABLER, EDGE);
	assert_false(vgic_linked_interrupt(PEDGE));
	assert_true(fake_bit(0, 0, GICD_ISPENDR, EDGE));
	fake_set_bit(0, 0, GICD_ISENABLER, EDGE);
	assert_int_equal(fake_ack(0), EDGE);
	fake_eoi(0, EDGE);
	assert_int_equal(fake_pending(0), FAKE_SPURIOUS);
	assert_false(fake_spi_is_active(PEDGE));
	/* a level comes by itself, where it still is */
	fake_set_bit(0, 0, GICD_ICENABLER, LEVEL);
	assert_false(vgic_linked_interrupt(PLEVEL));
	assert_false(fake_bit(0, 0, GICD_ISPENDR, LEVEL));
	/* the VM has stopped meanwhile: nothing for its next life */
	fake_vcpu_off(0);
	fake_vcpu_off(1);
	vgic_reset(&fake_vm);
	assert_false(vgic_linked_interrupt(PEDGE));
	fake_vcpu_on(0);
	assert_false(fake_bit(0, 0, GICD_ISPENDR, EDGE));
}

/* As if by GICD_ISPENDR and GICD_ICPENDR: what its line says is the board's. */
static void sent_as_a_message(void **state)
{
	(void)state;
	fake_vm.vgic.typer |= GICD_TYPER_MBIS;
	fake_dist_write(0, GICD_SETSPI_NSR, 4, LEVEL);
	assert_int_equal(fake_ack(0), LEVEL);
	fake_eoi(0, LEVEL);
	assert_int_equal(fake_pending(0), FAKE_SPURIOUS);
	/* nor does a message take back what the hardware has, and holds active */
	fake_spi_line(PLEVEL, true);
	fake_settle();
	fake_dist_write(0, GICD_CLRSPI_NSR, 4, LEVEL);
	assert_int_equal(fake_ack(0), LEVEL);
	fake_spi_line(PLEVEL, false);
	fake_eoi(0, LEVEL);
	assert_false(fake_spi_is_active(PLEVEL));
	fake_spi_line(PLEVEL, true);
	assert_int_equal(fake_ack(0), LEVEL);
}

static void follows_its_route(void **state)
{
	(void)state;
	assert_int_equal(fake_spi_cpu(PLEVEL), 0);
	route(LEVEL, 1);
	assert_int_equal(fake_spi_cpu(PLEVEL), 1);
	fake_spi_line(PLEVEL, true);
	fake_settle();
	assert_int_equal(fake_pending(0), FAKE_SPURIOUS);
	assert_int_equal(fake_pending(1), LEVEL);
	/* moved while it is pending there */
	route(LEVEL, 0);
	assert_int_equal(fake_pending(1), FAKE_SPURIOUS);
	assert_int_equal(fake_ack(0), LEVEL);
	/* moved while it is active */
	route(LEVEL, 1);
	fake_eoi(0, LEVEL);
	assert_int_equal(fake_pending(0), FAKE_SPURIOUS);
	fake_settle();
	assert_int_equal(fake_ack(1), LEVEL);
	fake_spi_line(PLEVEL, false);
	fake_eoi(1, LEVEL);
	assert_false(fake_spi_is_active(PLEVEL));
}

/* The vCPU itself has gone to another CPU of the board. */
static void follows_its_vcpu(void **state)
{
	struct vcpu *moved = fake_vm.vcpu[1];

	(void)state;
	route(LEVEL, 1);
	moved->cpu_mpidr = 5;
	assert_int_equal(fake_spi_cpu(PLEVEL), 1);
	vgic_link_follow(moved);
	fake_run(1);
	assert_int_equal(fake_spi_cpu(PLEVEL), 5);
	/* that of the other vCPU stays where it is */
	assert_int_equal(fake_spi_cpu(PEDGE), 0);
	/* what is routed there from now on goes there at once */
	route(EDGE, 1);
	assert_int_equal(fake_spi_cpu(PEDGE), 5);
}

static void trigger_is_the_boards(void **state)
{
	(void)state;
	fake_set_edge(0, 0, LEVEL, true);
	fake_set_edge(0, 0, EDGE, false);
	assert_int_equal(fake_dist_read(0, GICD_ICFGR + 8, 4), UINT32_C(2) << 2 * (EDGE - 32));
}

static void stopped(uint32_t pintid, uint32_t intid, bool acknowledged)
{
	fake_spi_line(pintid, true);
	fake_settle();
	if (acknowledged) {
		assert_int_equal(fake_ack(0), intid);
	}
	assert_true(fake_spi_is_active(pintid));
	fake_vcpu_off(0);
	fake_vcpu_off(1);
	vgic_reset(&fake_vm);
	/* nothing of it is left that could block or come */
	assert_false(fake_spi_is_active(pintid));
	assert_false(fake_spi_is_enabled(pintid));
	assert_int_equal(vgic_busy_count(&fake_vm), 0);
	/* the next life gets it */
	fake_spi_line(pintid, false);
	fake_vcpu_on(0);
	fake_vcpu_on(1);
	fake_dist_write(0, GICD_CTLR, 4, GICD_CTLR_ENGRP0 | GICD_CTLR_ENGRP1);
	fake_set_bit(0, 0, GICD_ISENABLER, intid);
	fake_spi_line(pintid, true);
	assert_int_equal(fake_ack(0), intid);
	fake_eoi(0, intid);
}

static void not_orphaned_by_a_stop(void **state)
{
	(void)state;
	stopped(PLEVEL, LEVEL, true);
	set_up(state);
	stopped(PLEVEL, LEVEL, false);
	set_up(state);
	stopped(PEDGE, EDGE, true);
	set_up(state);
	stopped(PEDGE, EDGE, false);
}

static void many_in_few_registers(void **state)
{
	(void)state;
	/* active, but moved out of the list registers: its end is noticed by EOIcount */
	fake_gic_boot(1, 1, 64);
	assert_int_equal(vgic_link_spi(&fake_vm, LEVEL, PLEVEL, false), 0);
	fake_set_priority(0, 0, LEVEL, 0x80);
	fake_set_bit(0, 0, GICD_ISENABLER, LEVEL);
	fake_spi_line(PLEVEL, true);
	assert_int_equal(fake_ack(0), LEVEL);
	fake_spi_line(PLEVEL, false);
	fake_set_priority(0, 0, 5, 0x40);
	fake_set_bit(0, 0, GICD_ISENABLER, 5);
	fake_send_sgi(0, FIELD_PREP(SGI1R_INTID, 5) | 1, true);
	assert_int_equal(fake_ack(0), 5);
	fake_eoi(0, 5);
	fake_eoi(0, LEVEL);
	fake_settle();
	assert_false(fake_spi_is_active(PLEVEL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE_IN("an SPI of the board has one owner, and has to exist", one_owner, set_up),
		CASE_IN("a level comes until it is low at its end", level_comes_and_goes, set_up),
		CASE_IN("each edge comes once, also while one is active", each_edge_once, set_up),
		CASE_IN("a level that falls before it is taken is let go", level_gone, set_up),
		CASE_IN("an edge that the guest clears is let go", edge_taken_back, set_up),
		CASE_IN("it is enabled in hardware while the guest has it so",
			enabled_as_the_guest_says, set_up),
		CASE_IN("an edge is kept that was taken when the guest disabled it",
			disabled_when_taken, set_up),
		CASE_IN("a message for it does not change what its line says", sent_as_a_message,
			set_up),
		CASE_IN("it goes to the CPU of its route, pending, active or neither",
			follows_its_route, set_up),
		CASE_IN("and to that where its vCPU has gone", follows_its_vcpu, set_up),
		CASE_IN("its trigger is the board's", trigger_is_the_boards, set_up),
		CASE_IN("a VM that stops leaves none of it active", not_orphaned_by_a_stop, set_up),
		CASE_IN("the end of one that has no list register counts", many_in_few_registers,
			set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
