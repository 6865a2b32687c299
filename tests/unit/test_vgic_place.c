/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Accesses that take several steps (irq/vgic/gather.c): each step does a bounded part, what is done
 * is not done again, they end whatever others do meanwhile, and leave nobody waiting.
 */
#include "core/base/errno.h"
#include "irq/hw/gic.h"
#include "tests/unit/fake_gic.h"
#include "tests/unit/unit.h"

#define VCPUS  20
#define SPIS   96
#define FIRST  32 /* of the word that is accessed */
#define LINKED 64 /* a word of SPIs of the board */
#define STEPS  40 /* more is no end */
#define LEVELS 16 /* of priority that are used */

static uint32_t word_off(uint32_t array, uint32_t intid)
{
	return array + intid / 32 * 4;
}

static void pulse(uint32_t intid)
{
	vgic_set_line(&fake_vm, intid, true);
	vgic_set_line(&fake_vm, intid, false);
}

/* An SPI of the word goes to vCPU number `to`, which acknowledges it. */
static void activate(uint32_t intid, uint32_t to)
{
	fake_dist_write(to, GICD_IROUTER + 8 * intid, 8, to);
	pulse(intid);
	assert_int_equal(fake_ack(to), intid);
}

/* vCPUs 2 to 17 have two of them each: the first with a lower priority. */
static uint32_t home_of(uint32_t intid)
{
	return 2 + (intid - FIRST) % LEVELS;
}

static int set_up(void **state)
{
	(void)state;
	fake_gic_boot(VCPUS, 4, SPIS);
	for (uint32_t intid = FIRST; intid < FIRST + 32; intid++) {
		fake_set_edge(0, 0, intid, true);
		fake_set_priority(0, 0, intid, intid < FIRST + LEVELS ? 0x80 : 0x40);
		fake_set_bit(0, 0, GICD_ISENABLER, intid);
	}
	return 0;
}

static void activate_all(void)
{
	for (uint32_t intid = FIRST; intid < FIRST + 32; intid++) {
		activate(intid, home_of(intid));
	}
}

static uint32_t all_active(void)
{
	return (uint32_t)fake_dist_read(0, word_off(GICD_ISACTIVER, FIRST), 4);
}

/* Without an access: in the bank, or in list registers, where none is only pending. */
static uint32_t left_active(void)
{
	return fake_vm.vgic.bank[0].active | fake_vm.vgic.bank[0].listed;
}

static int write_step(uint32_t i, uint32_t array, uint64_t value)
{
	return fake_step(i, &vgic_dist_ops, word_off(array, FIRST), 4 | FAKE_WRITE, &value);
}

static void others_run(uint32_t except)
{
	for (uint32_t i = 0; i < VCPUS; i++) {
		if (i != except) {
			fake_run(i);
		}
	}
}

static uint32_t held_count(void)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < VCPUS; i++) {
		count += vgic_is_held(fake_vcpu(i));
	}
	return count;
}

static void nobody_waits(void)
{
	fake_settle();
	assert_int_equal(held_count(), 0);
	for (uint32_t i = 0; i < VCPUS; i++) {
		const struct vgic_cpu *cpu = &fake_vcpu(i)->vgic;

		assert_int_equal(cpu->asking | cpu->askers, 0);
		assert_false(cpu->retried);
		assert_true(!cpu->on || fake_run(i));
	}
}

/* Steps of a write by vCPU 0 until so many of the word are inactive. */
static void begin_until(uint32_t done)
{
	for (uint32_t step = 0; bits_count(~left_active()) < done; step++) {
		assert_true(step < STEPS);
		assert_int_equal(write_step(0, GICD_ICACTIVER, UINT32_MAX), -EAGAIN);
		others_run(0);
	}
}

static void go_on_to_the_end(void)
{
	for (uint32_t step = 0; write_step(0, GICD_ICACTIVER, UINT32_MAX) == -EAGAIN; step++) {
		assert_true(step < STEPS);
		others_run(0);
	}
}

static void in_pieces(void **state)
{
	uint32_t steps = 0, before = UINT32_MAX;
	int err;

	(void)state;
	activate_all();
	assert_int_equal(all_active(), UINT32_MAX);
	do {
		uint32_t gone;

		assert_true(steps++ < STEPS);
		err = write_step(0, GICD_ICACTIVER, UINT32_MAX);
		others_run(0);
		/* as long as it is not over, what was gathered stays so */
		gone = before & ~left_active();
		assert_true(bits_count(gone) <= VGIC_PIECE);
		before &= ~gone;
	} while (err == -EAGAIN);
	assert_true(steps > 32 / VGIC_PIECE);
	nobody_waits();
	assert_int_equal(all_active(), 0);
	nobody_waits();
}

/* vCPU 1 had none of them, so nobody holds it. */
static void taken_again(void **state)
{
	uint32_t done, again = 0;
	int err;

	(void)state;
	activate_all();
	begin_until(1);
	done = ~left_active();
	fake_set_priority(1, 0, FIRST, 0x80);
	assert_int_equal(done & 1, 1);
	for (uint32_t step = 0;; step++) {
		assert_true(step < STEPS);
		/* it takes and ends it, and takes it again: in its list registers each time */
		if (again++ == 0) {
			activate(FIRST, 1);
		} else {
			fake_eoi(1, FIRST);
			pulse(FIRST);
			assert_int_equal(fake_ack(1), FIRST);
		}
		assert_false(vgic_is_held(fake_vcpu(1)));
		err = write_step(0, GICD_ICACTIVER, UINT32_MAX);
		if (err == 0) {
			break;
		}
		others_run(0);
	}
	assert_true(again > 2);
	nobody_waits();
	/* what it took was not there when that was done */
	assert_int_equal(all_active(), 1);
	fake_eoi(1, FIRST);
	assert_int_equal(all_active(), 0);
}

static void new_life(void **state)
{
	(void)state;
	activate_all();
	begin_until(4);
	assert_true(held_count() > 2);
	fake_vcpu_off(0);
	fake_settle();
	assert_int_equal(held_count(), 0);
	fake_vcpu_on(0);
	/* those that were done become active, and the same write in a next life does them */
	for (uint32_t intid = FIRST; intid < FIRST + 32; intid++) {
		fake_set_bit(0, 0, GICD_ISACTIVER, intid);
	}
	assert_int_equal(all_active(), UINT32_MAX);
	go_on_to_the_end();
	nobody_waits();
	assert_int_equal(all_active(), 0);
}

static void reset_in_the_middle(void **state)
{
	(void)state;
	activate_all();
	begin_until(4);
	for (uint32_t i = 0; i < VCPUS; i++) {
		fake_vcpu_off(i);
	}
	vgic_reset(&fake_vm);
	assert_int_equal(held_count(), 0);
	assert_int_equal(vgic_busy_count(&fake_vm), 0);
	for (uint32_t i = 0; i < VCPUS; i++) {
		fake_vcpu_on(i);
	}
	nobody_waits();
	fake_dist_write(0, word_off(GICD_ISACTIVER, FIRST), 4, UINT32_MAX);
	fake_dist_write(0, word_off(GICD_ICACTIVER, FIRST), 4, UINT32_MAX);
	assert_int_equal(all_active(), 0);
}

/* Its guest has changed the instruction since: it is another access that is handled again. */
static void another_register(void **state)
{
	uint32_t left;

	(void)state;
	activate_all();
	begin_until(4);
	left = left_active();
	for (uint32_t step = 0; write_step(0, GICD_ISACTIVER, ~left) == -EAGAIN; step++) {
		assert_true(step < STEPS);
		others_run(0);
	}
	nobody_waits();
	assert_int_equal(all_active(), UINT32_MAX);
	/* and the first begins anew */
	go_on_to_the_end();
	nobody_waits();
	assert_int_equal(all_active(), 0);
	/* or an access to what is reserved */
	for (uint32_t i = 2; i < VCPUS; i++) {
		fake_clear_active_priorities(i);
	}
	activate_all();
	begin_until(4);
	assert_int_equal(fake_step(0, &vgic_dist_ops, 0xffe8, 4, &(uint64_t){0}), 0);
	nobody_waits();
}

/* One instruction, two registers: both are accessed again until both are done. */
static void pair(void **state)
{
	uint64_t none = 0;
	int err;

	(void)state;
	activate_all();
	fake_set_edge(0, 0, LINKED, true);
	fake_set_priority(0, 0, LINKED, 0x20);
	fake_set_bit(0, 0, GICD_ISENABLER, LINKED);
	activate(LINKED, 18);
	fake_dist_write(0, word_off(GICD_ISACTIVER, LINKED), 4, 0xfff0);
	for (uint32_t step = 0;; step++) {
		uint64_t ones = UINT32_MAX;

		assert_true(step < 2 * STEPS);
		err = vgic_dist_ops.write(fake_vcpu(0), &fake_vm, word_off(GICD_ICACTIVER, FIRST),
					  4, ones);
		if (err == 0) {
			/* somebody has one of the first's at once */
			if (none++ == 0) {
				fake_dist_write(1, word_off(GICD_ISACTIVER, FIRST), 4, 1);
			}
			err = vgic_dist_ops.write(fake_vcpu(0), &fake_vm,
						  word_off(GICD_ICACTIVER, LINKED), 4, ones);
		}
		if (err == 0) {
			break;
		}
		others_run(0);
	}
	vgic_access_over(fake_vcpu(0));
	nobody_waits();
	/* not done twice */
	assert_true(none > 1);
	assert_int_equal(all_active(), 1);
	assert_int_equal(fake_dist_read(0, word_off(GICD_ISACTIVER, LINKED), 4), 0);
}

static void reads_hold_all(void **state)
{
	uint64_t value = 0;
	uint32_t steps = 0;

	(void)state;
	activate_all();
	while (fake_step(0, &vgic_dist_ops, word_off(GICD_ISACTIVER, FIRST), 4, &value) ==
	       -EAGAIN) {
		assert_true(steps++ < STEPS);
		others_run(0);
	}
	assert_int_equal(value, UINT32_MAX);
	/* they are let go in steps too, before its guest goes on */
	assert_true(held_count() > 0);
	assert_true(vcpu_has_events(fake_vcpu(0)));
	assert_true(fake_run(0));
	assert_int_equal(held_count(), 0);
	nobody_waits();
}

/* Of vCPUs whose list registers are in memory. */
static void away(void **state)
{
	(void)state;
	activate_all();
	for (uint32_t i = 1; i < VCPUS; i++) {
		fake_put_away(i);
	}
	assert_int_equal(write_step(0, GICD_ICACTIVER, UINT32_MAX), -EAGAIN);
	/* the first was brought back; it comes, and waits */
	assert_false(fake_run(2));
	assert_int_equal(fake_listed_count(2), 0);
	go_on_to_the_end();
	nobody_waits();
	assert_int_equal(all_active(), 0);
	for (uint32_t i = 2; i < 2 + LEVELS; i++) {
		fake_bring(i);
		/* the EOIs that are still to come end nothing */
		fake_eoi(i, FIRST + LEVELS + i - 2);
		fake_eoi(i, FIRST + i - 2);
	}
	nobody_waits();
	assert_int_equal(vgic_busy_count(&fake_vm), 0);
}

/* Two that want what each other has, and what many have. */
static void both(void **state)
{
	bool over[2] = {false, false};
	const uint32_t by[2] = {2, 3};

	(void)state;
	activate_all();
	for (uint32_t step = 0; !over[0] || !over[1]; step++) {
		assert_true(step < 2 * STEPS);
		for (uint32_t i = 0; i < 2; i++) {
			over[i] = over[i] || write_step(by[i], GICD_ICACTIVER, UINT32_MAX) == 0;
		}
		others_run(0);
	}
	nobody_waits();
	assert_int_equal(all_active(), 0);
}

/* -- what is no gathering -- */

static uint32_t enabled_on_board(void)
{
	uint32_t mask = 0;

	for (uint32_t i = 0; i < 32; i++) {
		mask |= fake_spi_is_enabled(FAKE_PSPI + i) ? UINT32_C(1) << i : 0;
	}
	return mask;
}

static void link_all(void)
{
	for (uint32_t i = 0; i < 32; i++) {
		assert_int_equal(vgic_link_spi(&fake_vm, LINKED + i, FAKE_PSPI + i, false), 0);
	}
}

static void linked_in_pieces(void **state)
{
	uint64_t all = UINT32_MAX;
	uint32_t before = 0, off = 0;
	int err;

	(void)state;
	link_all();
	do {
		err = fake_step(0, &vgic_dist_ops, word_off(GICD_ISENABLER, LINKED), 4 | FAKE_WRITE,
				&all);
		assert_true(bits_count(enabled_on_board() & ~before) <= VGIC_PIECE);
		before |= enabled_on_board();
		if (off++ == 0) {
			/* by another vCPU: that comes after what was done */
			fake_set_bit(1, 0, GICD_ICENABLER, LINKED);
		}
	} while (err == -EAGAIN);
	assert_int_equal(before, UINT32_MAX);
	assert_int_equal(enabled_on_board(), UINT32_MAX - 1);
	fake_dist_write(0, word_off(GICD_ICENABLER, LINKED), 4, UINT32_MAX);
	assert_int_equal(enabled_on_board(), 0);
	nobody_waits();
}

#define IRM BIT(40)

static void broadcast(void **state)
{
	uint64_t value = IRM | FIELD_PREP(SGI1R_INTID, 5);
	uint32_t steps = 1;

	(void)state;
	for (uint32_t i = 0; i < VCPUS; i++) {
		fake_set_bit(0, i, GICD_ISENABLER, 5);
	}
	fake_settle();
	while (!fake_send_sgi_step(0, value, true)) {
		steps++;
		/* who has it already is done with it: it comes once */
		assert_int_equal(fake_ack(1), 5);
		fake_eoi(1, 5);
	}
	assert_int_equal(steps, 2);
	assert_int_equal(fake_pending(0), FAKE_SPURIOUS);
	assert_int_equal(fake_pending(1), FAKE_SPURIOUS);
	for (uint32_t i = 2; i < VCPUS; i++) {
		assert_int_equal(fake_ack(i), 5);
		fake_eoi(i, 5);
		assert_int_equal(fake_pending(i), FAKE_SPURIOUS);
	}
	/* the next one is another */
	fake_send_sgi(0, value, true);
	assert_int_equal(fake_ack(1), 5);
	nobody_waits();
}

/* Who is meant among many takes a step to find, the first time. */
static void named(void **state)
{
	uint64_t value = FIELD_PREP(SGI1R_INTID, 5) | gic_sgi_target(17);

	(void)state;
	fake_set_bit(0, 17, GICD_ISENABLER, 5);
	fake_settle();
	assert_false(fake_send_sgi_step(0, value, true));
	assert_int_equal(fake_pending(17), FAKE_SPURIOUS);
	for (uint32_t i = 0; i < 2; i++) {
		assert_true(fake_send_sgi_step(0, value, true));
		assert_int_equal(fake_ack(17), 5);
		fake_eoi(17, 5);
		assert_int_equal(fake_pending(17), FAKE_SPURIOUS);
	}
	nobody_waits();
}

static void switched(void **state)
{
	uint64_t off = 0;
	uint32_t steps = 1;

	(void)state;
	for (uint32_t i = 0; i < VCPUS; i++) {
		fake_set_bit(0, i, GICD_ISENABLER, 5);
		fake_set_bit(0, i, GICD_ISPENDR, 5);
	}
	fake_settle();
	while (fake_step(0, &vgic_dist_ops, GICD_CTLR, 4 | FAKE_WRITE, &off) == -EAGAIN) {
		steps++;
		assert_true(steps < STEPS);
	}
	assert_true(steps > VCPUS / 8);
	for (uint32_t i = 0; i < VCPUS; i++) {
		assert_int_equal(fake_pending(i), FAKE_SPURIOUS);
	}
	fake_dist_write(0, GICD_CTLR, 4, GICD_CTLR_ENGRP1);
	for (uint32_t i = 0; i < VCPUS; i++) {
		assert_int_equal(fake_pending(i), 5);
	}
	nobody_waits();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE_IN("a word of interrupts that many have is deactivated in pieces", in_pieces,
			set_up),
		CASE_IN("that ends while another vCPU keeps taking what is done", taken_again,
			set_up),
		CASE_IN("the next life knows nothing of it", new_life, set_up),
		CASE_IN("nor is anything left of it after a reset", reset_in_the_middle, set_up),
		CASE_IN("an access that became another one leaves nothing", another_register,
			set_up),
		CASE_IN("of two registers of one instruction each is written once", pair, set_up),
		CASE_IN("a read of what many have ends, and lets all go", reads_hold_all, set_up),
		CASE_IN("list registers in memory are brought back in steps too", away, set_up),
		CASE_IN("two at once end both", both, set_up),
		CASE_IN("SPIs of the board are enabled in pieces", linked_in_pieces, set_up),
		CASE_IN("an SGI to many comes to each once", broadcast, set_up),
		CASE_IN("one of many that is named is found in a step", named, set_up),
		CASE_IN("the distributor is switched for many in steps", switched, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
