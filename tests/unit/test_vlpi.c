/* SPDX-License-Identifier: Apache-2.0 */
/* LPIs: IHI 0069H 5.1, 5.2 and the redistributors' registers of them. The test is the owner of each
 * vCPU: it lists what is next, and takes back what has changed. */
#include "irq/vgic/vlpi.h"

#include <string.h>

#include "core/base/errno.h"
#include "tests/unit/fake_gic.h"
#include "tests/unit/fake_ram.h"
#include "tests/unit/unit.h"

#define LPIS	     1024U
#define CONFIG	     FAKE_RAM		  /* configuration table */
#define PENDING0     (FAKE_RAM + 0x10000) /* pending tables */
#define PENDING1     (FAKE_RAM + 0x20000)
#define OTHER_CONFIG (FAKE_RAM + 0x30000)
#define SHARED	     UINT64_C(0x0700000000000f80) /* cacheability and shareability, all ones */
#define CACHED	     UINT64_C(0x780)		  /* write-back, inner shareable */
#define PTZ	     BIT(62)
#define IDBITS	     13U /* 14 bits of INTID: LPIs 8192 to 16383 */

#define ENABLED 1U
#define LPI(n)	(INTID_LPI + (n))
#define RD(i)	((i)*VGIC_REDIST_STRIDE)

static uint8_t memory[(VLPI_COUNT_MAX + 64 * 34) * 8] __attribute__((aligned(16)));

static void create(uint32_t vcpus, uint32_t lpis)
{
	struct arena arena = {.base = memory, .size = sizeof(memory)};

	fake_ram_reset();
	fake_gic_create(vcpus, 4, 64);
	assert_int_equal(vlpi_create(&fake_vm, lpis, &arena), 0);
	fake_vm.vgic.ctlr = GICD_CTLR_ENGRP1;
}

static void set_config(uint32_t lpi, uint8_t byte)
{
	*(uint8_t *)fake_ram(CONFIG + lpi - INTID_LPI) = byte;
}

static void set_tables(uint32_t i, uint64_t ptz)
{
	fake_redist_write(0, RD(i) + GICR_PROPBASER, 8, CONFIG | CACHED | IDBITS);
	fake_redist_write(0, RD(i) + GICR_PENDBASER, 8,
			  (i == 0 ? PENDING0 : PENDING1) | CACHED | ptz);
}

static void enable(uint32_t i, bool on)
{
	fake_redist_write(0, RD(i) + GICR_CTLR, 4, on ? GICR_CTLR_LPIS : 0);
}

static bool reads_rwp(uint32_t i)
{
	return (fake_redist_read(0, RD(i) + GICR_CTLR, 4) & GICR_CTLR_RWP) != 0;
}

static int set_up(void **state)
{
	(void)state;
	create(2, LPIS);
	memset(fake_ram(CONFIG), 0xa0 | ENABLED, LPIS);
	for (uint32_t i = 0; i < 2; i++) {
		set_tables(i, PTZ);
		enable(i, true);
	}
	return 0;
}

static void lock(void)
{
	spin_lock(&fake_vm.vgic.lock);
}

static void unlock(void)
{
	assert_true(vlpi_is_sound_locked(&fake_vm));
	spin_unlock(&fake_vm.vgic.lock);
}

/* Was the vCPU told to look? */
static bool was_posted(uint32_t i)
{
	struct vgic_cpu *cpu = &fake_vcpu(i)->vgic;
	uint32_t bit = vgic_bit(VGIC_LOOK_LPIS), was = cpu->todo[VGIC_LOOK_LPIS / 32];

	cpu->todo[VGIC_LOOK_LPIS / 32] &= ~bit;
	return (was & bit) != 0;
}

/* All steps that are due; how many. */
static uint32_t look(uint32_t i)
{
	uint32_t steps = 1;

	lock();
	while (vlpi_look_locked(fake_vcpu(i))) {
		assert_true(was_posted(i));
		steps++;
	}
	unlock();
	return steps;
}

static void pend(uint32_t i, uint32_t lpi)
{
	lock();
	vlpi_pend_locked(fake_vcpu(i), lpi);
	unlock();
}

static void clear(uint32_t i, uint32_t lpi)
{
	lock();
	vlpi_clear_locked(fake_vcpu(i), lpi);
	unlock();
}

static void move(uint32_t from, uint32_t to, uint32_t lpi)
{
	lock();
	vlpi_move_locked(fake_vcpu(from), fake_vcpu(to), lpi);
	unlock();
}

static void inv(uint32_t lpi)
{
	lock();
	vlpi_inv_locked(&fake_vm, lpi);
	unlock();
}

static void invall(uint32_t i)
{
	lock();
	vlpi_invall_locked(fake_vcpu(i));
	unlock();
	look(i);
}

static uint32_t next(uint32_t i)
{
	uint32_t lpi;

	lock();
	lpi = vlpi_next_locked(fake_vcpu(i));
	unlock();
	return lpi;
}

/* Into a list register; which it was. */
static uint32_t list(uint32_t i)
{
	uint32_t lpi;

	lock();
	lpi = vlpi_next_locked(fake_vcpu(i));
	if (lpi != 0) {
		vlpi_listed_locked(fake_vcpu(i), lpi);
	}
	unlock();
	return lpi;
}

static uint32_t changed(uint32_t i)
{
	uint32_t lpi;

	lock();
	lpi = vlpi_changed_locked(fake_vcpu(i));
	unlock();
	return lpi;
}

static void unlist(uint32_t i, uint32_t lpi, bool pending)
{
	lock();
	vlpi_unlisted_locked(fake_vcpu(i), lpi, pending);
	unlock();
}

/* Delivered and acknowledged at once. */
static uint32_t take(uint32_t i)
{
	uint32_t lpi = list(i);

	if (lpi != 0) {
		unlist(i, lpi, false);
	}
	return lpi;
}

static uint32_t busy(void)
{
	uint32_t count;

	lock();
	count = vlpi_busy_count_locked(&fake_vm);
	unlock();
	return count;
}

/* -- sizes -- */

static void sizes(void **state)
{
	static const struct {
		uint32_t asked, count, idbits, num;
	} cases[] = {
		{64, 64, 13, 5},       {65, 128, 13, 6},      {1000, 1024, 13, 9},
		{8192, 8192, 13, 0},   {8193, 16384, 15, 13}, {32768, 32768, 15, 14},
		{32769, 57344, 15, 0}, {57344, 57344, 15, 0},
	};
	struct arena arena = {.base = memory, .size = sizeof(memory)};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		uint64_t typer;

		create(2, cases[i].asked);
		typer = fake_dist_read(0, GICD_TYPER, 4);
		assert_int_equal(fake_vm.vgic.lpis.count, cases[i].count);
		assert_int_equal(FIELD_GET(BITS(23, 19), typer), cases[i].idbits);
		assert_int_equal(FIELD_GET(BITS(15, 11), typer), cases[i].num);
		assert_true((typer & BIT(17)) != 0);
	}
	assert_int_equal(vlpi_create(&fake_vm, 63, &arena), -EINVAL);
	assert_int_equal(vlpi_create(&fake_vm, 57345, &arena), -EINVAL);
	arena.size = (uint32_t)vlpi_size(64, 2) - 1;
	assert_int_equal(vlpi_create(&fake_vm, 64, &arena), -ENOMEM);
	arena.size++;
	assert_int_equal(vlpi_create(&fake_vm, 64, &arena), 0);
}

/* -- registers -- */

static void registers(void **state)
{
	(void)state;
	create(2, LPIS);
	for (uint32_t i = 0; i < 2; i++) {
		assert_int_equal(fake_redist_read(0, RD(i) + GICR_TYPER, 8) & 1, 1);
		assert_int_equal(fake_redist_read(0, RD(i) + GICR_CTLR, 4), 6); /* CES, IR */
		/* all ones, at both widths: what exists stays. PTZ reads as zero. */
		fake_redist_write(0, RD(i) + GICR_PROPBASER, 8, UINT64_MAX);
		assert_int_equal(fake_redist_read(0, RD(i) + GICR_PROPBASER, 8),
				 0x070fffffffffff9f);
		fake_redist_write(0, RD(i) + GICR_PENDBASER, 8, UINT64_MAX);
		assert_int_equal(fake_redist_read(0, RD(i) + GICR_PENDBASER, 8),
				 0x070fffffffff0f80);
		fake_redist_write(0, RD(i) + GICR_PROPBASER, 4, 0);
		assert_int_equal(fake_redist_read(0, RD(i) + GICR_PROPBASER, 8),
				 0x070fffff00000000);
		fake_redist_write(0, RD(i) + GICR_PROPBASER + 4, 4, 0x12345);
		fake_redist_write(0, RD(i) + GICR_PROPBASER, 4, 0x6789a78f);
		assert_int_equal(fake_redist_read(0, RD(i) + GICR_PROPBASER, 8), 0x123456789a78f);
		assert_int_equal(fake_redist_read(0, RD(i) + GICR_PROPBASER + 4, 4), 0x12345);
		fake_redist_write(0, RD(i) + GICR_PENDBASER + 4, 4, 0);
		assert_int_equal(fake_redist_read(0, RD(i) + GICR_PENDBASER, 8), 0xffff0f80);
		fake_redist_write(0, RD(i) + GICR_PENDBASER, 4, 0x10000);
		assert_int_equal(fake_redist_read(0, RD(i) + GICR_PENDBASER, 4), 0x10000);
	}
	/* nothing behind them to be read */
	for (uint32_t off = GICR_SETLPIR; off < 0xc4; off += 4) {
		if (off < GICR_PROPBASER || off >= GICR_PENDBASER + 8) {
			assert_int_equal(fake_redist_read(0, off, 4), 0);
		}
	}
}

static void absent(void **state)
{
	(void)state;
	fake_gic_create(2, 4, 64);
	assert_int_equal(fake_redist_read(0, GICR_TYPER, 8) & 1, 0);
	for (uint32_t off = GICR_SETLPIR; off < 0xc4; off += 4) {
		fake_redist_write(0, off, 4, 0xffffffff);
		assert_int_equal(fake_redist_read(0, off, 4), 0);
	}
	fake_redist_write(0, GICR_CTLR, 4, 0xffffffff);
	assert_int_equal(fake_redist_read(0, GICR_CTLR, 4), 0);
}

static void fixed_while_on(void **state)
{
	(void)state;
	fake_redist_write(0, GICR_PROPBASER, 8, SHARED);
	fake_redist_write(0, GICR_PENDBASER, 8, SHARED);
	assert_int_equal(fake_redist_read(0, GICR_PROPBASER, 8), CONFIG | CACHED | IDBITS);
	assert_int_equal(fake_redist_read(0, GICR_PENDBASER, 8), PENDING0 | CACHED);
	assert_int_equal(fake_redist_read(0, GICR_CTLR, 4), 7);
	enable(0, false);
	assert_int_equal(fake_redist_read(0, GICR_CTLR, 4), 6);
	fake_redist_write(0, GICR_PROPBASER, 8, SHARED);
	assert_int_equal(fake_redist_read(0, GICR_PROPBASER, 8), SHARED);
}

/* -- pending and delivery -- */

static void one(void **state)
{
	(void)state;
	was_posted(0);
	was_posted(1);
	assert_int_equal(next(0), 0);
	pend(0, LPI(3));
	assert_true(was_posted(0));
	assert_false(was_posted(1));
	assert_int_equal(next(1), 0);
	assert_int_equal(next(0), LPI(3));
	assert_int_equal(vlpi_priority(&fake_vm, LPI(3)), 0xa0);
	/* sent again, it is pending once */
	pend(0, LPI(3));
	assert_int_equal(take(0), LPI(3));
	assert_int_equal(take(0), 0);
	assert_int_equal(busy(), 0);
}

static void in_order(void **state)
{
	static const uint8_t bytes[] = {0xa0, 0x00, 0xf8, 0xfc, 0xa4, 0xa0, 0x08, 0x07, 0x80};
	static const uint8_t order[] = {1, 7, 6, 8, 0, 4, 5, 2, 3};

	(void)state;
	for (uint32_t n = 0; n < sizeof(bytes); n++) {
		set_config(LPI(n), bytes[n] | ENABLED);
		pend(0, LPI(n));
	}
	for (uint32_t n = 0; n < sizeof(order); n++) {
		uint32_t lpi = take(0);

		assert_int_equal(lpi, LPI(order[n]));
		assert_int_equal(vlpi_priority(&fake_vm, lpi), bytes[order[n]] & 0xf8);
	}
	assert_int_equal(take(0), 0);
}

static void no_such(void **state)
{
	(void)state;
	pend(0, LPI(LPIS));
	pend(0, LPI(0) - 1);
	pend(0, 0);
	pend(0, UINT32_MAX);
	inv(0);
	inv(UINT32_MAX);
	clear(0, LPI(LPIS));
	move(0, 1, 33);
	assert_int_equal(busy(), 0);
	/* fewer bits than any LPI has */
	enable(0, false);
	fake_redist_write(0, GICR_PROPBASER, 8, CONFIG | 12);
	enable(0, true);
	pend(0, LPI(0));
	assert_int_equal(busy(), 0);
	/* LPIs off */
	enable(0, false);
	set_tables(0, PTZ);
	pend(0, LPI(0));
	assert_int_equal(busy(), 0);
}

static void group_one(void **state)
{
	(void)state;
	fake_vm.vgic.ctlr = GICD_CTLR_ENGRP0;
	pend(0, LPI(1));
	pend(0, LPI(2));
	assert_int_equal(next(0), 0);
	fake_vm.vgic.ctlr = GICD_CTLR_ENGRP1;
	was_posted(0);
	lock();
	vlpi_group_changed_locked(&fake_vm);
	unlock();
	assert_true(was_posted(0));
	assert_int_equal(list(0), LPI(1));
	lock();
	assert_int_equal(vlpi_changed_locked(fake_vcpu(0)), 0);
	fake_vm.vgic.ctlr = 0;
	vlpi_group_changed_locked(&fake_vm);
	unlock();
	assert_int_equal(changed(0), LPI(1));
	unlist(0, LPI(1), true);
	assert_int_equal(next(0), 0);
	fake_vm.vgic.ctlr = GICD_CTLR_ENGRP1;
	/* taken back: still the first */
	assert_int_equal(take(0), LPI(1));
	assert_int_equal(take(0), LPI(2));
}

static void sent_while_listed(void **state)
{
	(void)state;
	pend(0, LPI(5));
	assert_int_equal(list(0), LPI(5));
	assert_int_equal(changed(0), 0);
	was_posted(0);
	pend(0, LPI(5));
	assert_true(was_posted(0));
	assert_int_equal(changed(0), LPI(5));
	/* acknowledged before: once more */
	unlist(0, LPI(5), false);
	assert_true(was_posted(0));
	assert_int_equal(list(0), LPI(5));
	/* not acknowledged: the two are one */
	pend(0, LPI(5));
	unlist(0, LPI(5), true);
	assert_int_equal(take(0), LPI(5));
	assert_int_equal(take(0), 0);
}

static void last_target_wins(void **state)
{
	(void)state;
	pend(0, LPI(5));
	pend(1, LPI(5));
	assert_int_equal(next(0), 0);
	assert_int_equal(list(1), LPI(5));
	pend(0, LPI(5));
	assert_int_equal(changed(1), LPI(5));
	unlist(1, LPI(5), true);
	assert_int_equal(next(1), 0);
	assert_int_equal(take(0), LPI(5));
}

/* -- CLEAR, MOVI, MOVALL -- */

static void cleared(void **state)
{
	(void)state;
	pend(0, LPI(7));
	clear(1, LPI(7)); /* not there */
	assert_int_equal(next(0), LPI(7));
	clear(0, LPI(7));
	assert_int_equal(next(0), 0);
	pend(0, LPI(7));
	assert_int_equal(list(0), LPI(7));
	clear(0, LPI(7));
	assert_int_equal(changed(0), LPI(7));
	pend(0, LPI(7));
	clear(0, LPI(7));
	unlist(0, LPI(7), true);
	assert_int_equal(busy(), 0);
	/* cleared, then sent */
	pend(0, LPI(7));
	list(0);
	clear(0, LPI(7));
	pend(0, LPI(7));
	unlist(0, LPI(7), false);
	assert_int_equal(take(0), LPI(7));
}

static void moved(void **state)
{
	(void)state;
	pend(0, LPI(9));
	was_posted(1);
	move(0, 1, LPI(9));
	assert_true(was_posted(1));
	assert_int_equal(next(0), 0);
	move(0, 1, LPI(9)); /* nothing there any more */
	assert_int_equal(list(1), LPI(9));
	was_posted(1);
	move(1, 0, LPI(9));
	assert_true(was_posted(1));
	assert_int_equal(changed(1), LPI(9));
	/* acknowledged before it could be taken back */
	unlist(1, LPI(9), false);
	assert_int_equal(busy(), 0);
	pend(1, LPI(9));
	list(1);
	move(1, 0, LPI(9));
	unlist(1, LPI(9), true);
	assert_int_equal(next(1), 0);
	assert_int_equal(take(0), LPI(9));
	/* nothing where one of them has LPIs off */
	enable(1, false);
	pend(0, LPI(9));
	move(0, 1, LPI(9));
	assert_int_equal(take(0), LPI(9));
}

static void all_moved(void **state)
{
	uint32_t steps = 1, taken = 0;

	(void)state;
	for (uint32_t n = 0; n < 200; n++) {
		set_config(LPI(n), (uint8_t)(n * 8) | (n % 5 != 0));
		pend(0, LPI(n));
	}
	assert_int_equal(list(0), LPI(32)); /* priority 0, and 0 itself is disabled */
	pend(1, LPI(300));
	lock();
	while (!vlpi_move_all_locked(fake_vcpu(0), fake_vcpu(1))) {
		assert_true(++steps < 20);
	}
	unlock();
	assert_true(steps > 200 / 64);
	assert_int_equal(changed(0), LPI(32));
	unlist(0, LPI(32), true);
	assert_int_equal(next(0), 0);
	while (take(1) != 0) {
		taken++;
	}
	assert_int_equal(taken, 161);
	assert_int_equal(busy(), 40);
	for (uint32_t n = 0; n < 200; n += 5) {
		set_config(LPI(n), ENABLED);
		inv(LPI(n));
	}
	while (take(1) != 0) {
		taken++;
	}
	assert_int_equal(taken, 201);
	lock();
	assert_true(vlpi_move_all_locked(fake_vcpu(1), fake_vcpu(1)));
	unlock();
}

/* Its owner has not seen yet that the guest took it, when it is sent to another vCPU. */
static void listed_elsewhere(void **state)
{
	(void)state;
	pend(1, LPI(3));
	list(1);
	pend(0, LPI(3));
	lock();
	assert_true(vlpi_move_all_locked(fake_vcpu(0), fake_vcpu(1)));
	unlock();
	unlist(1, LPI(3), false);
	assert_int_equal(next(0), 0);
	assert_int_equal(list(1), LPI(3));
	/* LPIs off where it was sent to: it is waited for */
	pend(0, LPI(3));
	enable(0, false);
	look(0);
	assert_true(reads_rwp(0));
	was_posted(0);
	unlist(1, LPI(3), false);
	assert_true(was_posted(0));
	look(0);
	assert_false(reads_rwp(0));
	assert_int_equal(*(uint8_t *)fake_ram(PENDING0 + LPI(3) / 8), 8);
}

/* -- INV, INVALL -- */

static void disabled(void **state)
{
	(void)state;
	set_config(LPI(2), 0x40);
	was_posted(0);
	pend(0, LPI(2));
	assert_false(was_posted(0));
	assert_int_equal(next(0), 0);
	/* the table alone changes nothing that is known */
	set_config(LPI(2), 0x40 | ENABLED);
	look(0);
	assert_int_equal(next(0), 0);
	inv(LPI(2));
	assert_true(was_posted(0));
	assert_int_equal(vlpi_priority(&fake_vm, LPI(2)), 0x40);
	assert_int_equal(list(0), LPI(2));
	/* disabled while listed */
	set_config(LPI(2), 0x40);
	inv(LPI(2));
	assert_int_equal(changed(0), LPI(2));
	unlist(0, LPI(2), true);
	assert_int_equal(next(0), 0);
	assert_int_equal(busy(), 1);
	/* another priority, and enabled */
	set_config(LPI(2), 0x20 | ENABLED);
	invall(0);
	assert_int_equal(vlpi_priority(&fake_vm, next(0)), 0x20);
	assert_int_equal(take(0), LPI(2));
}

static void config_reads(void **state)
{
	(void)state;
	fake_ram_count();
	pend(0, LPI(1));
	assert_int_equal(fake_ram_count(), 1);
	for (uint32_t n = 0; n < 10; n++) {
		take(0);
		pend(0, LPI(1));
	}
	assert_int_equal(fake_ram_count(), 0);
	inv(LPI(1));
	assert_int_equal(fake_ram_count(), 1);
	take(0);
	invall(0);
	assert_int_equal(fake_ram_count(), 0);
	pend(0, LPI(1));
	assert_int_equal(fake_ram_count(), 1);
}

static void invall_many(void **state)
{
	uint32_t steps, taken = 0;

	(void)state;
	for (uint32_t n = 0; n < LPIS; n++) {
		set_config(LPI(n), (uint8_t)(n * 4) | (n & 1));
		pend(0, LPI(n));
	}
	assert_int_equal(busy(), LPIS);
	memset(fake_ram(CONFIG), 0x50 | ENABLED, LPIS);
	fake_ram_count();
	lock();
	vlpi_invall_locked(fake_vcpu(0));
	unlock();
	assert_int_equal(fake_ram_count(), 0);
	steps = look(0);
	assert_int_equal(fake_ram_count(), LPIS);
	assert_true(steps >= LPIS / 16);
	while (take(0) != 0) {
		taken++;
	}
	assert_int_equal(taken, LPIS);
}

/* A generation's number comes again: what was read in the first is not known by that. */
static void generations(void **state)
{
	(void)state;
	set_config(LPI(77), 0x30 | ENABLED);
	pend(0, LPI(77));
	assert_int_equal(take(0), LPI(77));
	set_config(LPI(77), 0x60 | ENABLED);
	for (uint32_t n = 0; n < 1023; n++) {
		invall(0);
		if (n % 100 == 0) {
			pend(0, LPI(78));
			take(0);
		}
	}
	pend(0, LPI(77));
	assert_int_equal(vlpi_priority(&fake_vm, LPI(77)), 0x60);
}

static void by_register(void **state)
{
	(void)state;
	set_config(LPI(2), 0x40);
	pend(0, LPI(2));
	set_config(LPI(2), 0x40 | ENABLED);
	fake_redist_write(1, GICR_INVLPIR, 4, LPI(3));
	assert_int_equal(next(0), 0);
	fake_redist_write(1, GICR_INVLPIR + 4, 4, LPI(2));
	assert_int_equal(next(0), 0);
	fake_redist_write(1, GICR_INVLPIR, 8, LPI(2));
	assert_int_equal(take(0), LPI(2));
	set_config(LPI(2), 0x40);
	fake_redist_write(1, GICR_INVLPIR, 4, LPI(2));
	pend(0, LPI(2));
	assert_int_equal(next(0), 0);
	set_config(LPI(2), ENABLED);
	fake_redist_write(1, RD(1) + GICR_INVALLR, 8, 0); /* the other's */
	look(0);
	assert_int_equal(next(0), 0);
	fake_redist_write(1, GICR_INVALLR, 4, 0);
	look(0);
	assert_int_equal(take(0), LPI(2));
}

static void no_table(void **state)
{
	(void)state;
	enable(0, false);
	fake_redist_write(0, GICR_PROPBASER, 8, UINT64_C(0xfffffffff000) | IDBITS);
	fake_redist_write(0, GICR_PENDBASER, 8, UINT64_C(0xffffffff0000));
	enable(0, true);
	assert_true(look(0) < 4);
	pend(0, LPI(4));
	assert_int_equal(next(0), 0);
	enable(0, false);
	look(0);
	assert_false(reads_rwp(0));
	assert_int_equal(busy(), 0);
}

/* -- pending tables -- */

static uint8_t *pending_byte(uint64_t table, uint32_t lpi)
{
	return fake_ram(table + lpi / 8);
}

static void loaded(void **state)
{
	uint32_t taken = 0;

	(void)state;
	enable(0, false);
	set_tables(0, 0);
	for (uint32_t n = 0; n < LPIS; n += 3) {
		*pending_byte(PENDING0, LPI(n)) |= (uint8_t)(1U << (n % 8));
	}
	*pending_byte(PENDING0, LPI(LPIS)) = 1; /* beyond the last */
	*pending_byte(PENDING0, LPI(0) - 1) = 0x80;
	was_posted(0);
	enable(0, true);
	assert_true(was_posted(0));
	assert_false(reads_rwp(0));
	/* before it is read: cleared, moved, sent elsewhere */
	clear(0, LPI(3));
	move(0, 1, LPI(6));
	pend(1, LPI(9));
	assert_int_equal(take(1), LPI(6));
	assert_true(look(0) > LPIS / 3 / 64);
	while (take(0) != 0) {
		taken++;
	}
	/* LPI 9 is one: taken back from vCPU 1 by what the table said */
	assert_int_equal(taken, (LPIS + 2) / 3 - 2);
	assert_int_equal(next(1), 0);
	for (uint32_t n = 0; n < LPIS; n += 8) {
		assert_int_equal(*pending_byte(PENDING0, LPI(n)), 0);
	}
	assert_int_equal(*pending_byte(PENDING0, LPI(LPIS)), 1);
	assert_int_equal(*pending_byte(PENDING0, LPI(0) - 1), 0x80);
}

static void promised_zeros(void **state)
{
	(void)state;
	enable(0, false);
	*pending_byte(PENDING0, LPI(0)) = 1;
	set_tables(0, PTZ);
	fake_ram_count();
	enable(0, true);
	look(0);
	assert_int_equal(fake_ram_count(), 0);
	assert_int_equal(next(0), 0);
}

static void kept(void **state)
{
	uint32_t taken = 0;

	(void)state;
	set_config(LPI(5), 0x80);
	for (uint32_t n = 0; n < 100; n++) {
		pend(0, LPI(n));
	}
	assert_int_equal(list(0), LPI(0));
	assert_int_equal(list(0), LPI(1));
	was_posted(0);
	enable(0, false);
	assert_true(was_posted(0));
	assert_true(reads_rwp(0));
	assert_int_equal(next(0), 0);
	/* not before what is listed has come back */
	look(0);
	assert_true(reads_rwp(0));
	pend(0, LPI(200)); /* ignored */
	assert_int_not_equal(changed(0), 0);
	unlist(0, LPI(0), true);
	assert_int_not_equal(changed(0), 0);
	unlist(0, LPI(1), false);
	assert_true(was_posted(0));
	look(0);
	assert_false(reads_rwp(0));
	assert_int_equal(busy(), 0);
	assert_int_equal(*pending_byte(PENDING0, LPI(0)), 0xfd);
	for (uint32_t n = 8; n < 96; n += 8) {
		assert_int_equal(*pending_byte(PENDING0, LPI(n)), 0xff);
	}
	assert_int_equal(*pending_byte(PENDING0, LPI(96)), 0x0f);
	assert_int_equal(*pending_byte(PENDING0, LPI(104)), 0);
	/* and on again: PTZ was used up */
	enable(0, true);
	look(0);
	while (take(0) != 0) {
		taken++;
	}
	assert_int_equal(taken, 98);
	set_config(LPI(5), ENABLED);
	inv(LPI(5));
	assert_int_equal(take(0), LPI(5));
}

/* After a time off the table may be another, for instance a new kernel's. */
static void another_table(void **state)
{
	(void)state;
	pend(0, LPI(5));
	assert_int_equal(take(0), LPI(5));
	enable(0, false);
	look(0);
	memset(fake_ram(OTHER_CONFIG), 0x60 | ENABLED, LPIS);
	fake_redist_write(0, RD(0) + GICR_PROPBASER, 8, OTHER_CONFIG | CACHED | IDBITS);
	enable(0, true);
	look(0);
	pend(0, LPI(5));
	assert_int_equal(next(0), LPI(5));
	assert_int_equal(vlpi_priority(&fake_vm, LPI(5)), 0x60);
}

static void on_before_off_is_done(void **state)
{
	(void)state;
	for (uint32_t n = 0; n < 100; n++) {
		pend(0, LPI(n));
	}
	enable(0, false);
	assert_true(reads_rwp(0));
	enable(0, true);
	assert_int_equal(fake_redist_read(0, GICR_CTLR, 4), 0xf);
	look(0);
	assert_int_equal(fake_redist_read(0, GICR_CTLR, 4), 7);
	assert_int_equal(busy(), 100);
	assert_int_equal(take(0), LPI(0));
}

/* A guest whose MMU is off writes its tables past the caches: nothing old is read. */
static void past_the_caches(void **state)
{
	(void)state;
	pend(0, LPI(1));
	enable(0, false);
	look(0);
	assert_int_equal(fake_ram_cleaned(), 0);
	fake_redist_write(0, GICR_PROPBASER, 8, CONFIG | IDBITS);
	fake_redist_write(0, GICR_PENDBASER, 8, PENDING0 | 0x80); /* not cacheable */
	enable(0, true);
	look(0);
	assert_true(fake_ram_cleaned() >= 2); /* where it was pending: read, written */
	pend(0, LPI(2));
	assert_int_equal(fake_ram_cleaned(), 1); /* its configuration */
	enable(0, false);
	look(0);
	assert_int_equal(fake_ram_cleaned(), 4); /* both: read, written */
}

static void reset(void **state)
{
	(void)state;
	for (uint32_t n = 0; n < 10; n++) {
		pend(n % 2, LPI(n));
	}
	vgic_reset(&fake_vm);
	assert_int_equal(busy(), 0);
	for (uint32_t i = 0; i < 2; i++) {
		assert_int_equal(fake_redist_read(0, RD(i) + GICR_CTLR, 4), 6);
		assert_int_equal(fake_redist_read(0, RD(i) + GICR_PROPBASER, 8), 0);
		assert_int_equal(fake_redist_read(0, RD(i) + GICR_PENDBASER, 8), 0);
	}
}

/* The last LPI of all, with as many vCPUs as there can be heads for. */
static void sixty_four_thousand(void **state)
{
	(void)state;
	create(FAKE_VCPU_MAX, VLPI_COUNT_MAX);
	for (uint32_t i = 0; i < FAKE_VCPU_MAX; i++) {
		fake_redist_write(0, RD(i) + GICR_PROPBASER, 8, CONFIG | 31);
		fake_redist_write(0, RD(i) + GICR_PENDBASER, 8, (FAKE_RAM + 0x20000) | PTZ);
		enable(i, true);
	}
	set_config(65535, 0x10 | ENABLED);
	for (uint32_t i = 0; i < FAKE_VCPU_MAX; i++) {
		pend(i, 65535);
		pend(i, 65536);
		assert_int_equal(take(i), 65535);
		assert_int_equal(take(i), 0);
	}
	assert_true(VLPI_COUNT_MAX + 64 * 34 <= 65536);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE("GICD_TYPER tells the number of LPIs there are", sizes),
		CASE("GICR_* of LPIs keep the fields that exist, at both widths", registers),
		CASE("without LPIs their registers are reserved", absent),
		CASE_IN("table registers are fixed while EnableLPIs is 1", fixed_while_on, set_up),
		CASE_IN("an LPI is delivered once to its vCPU", one, set_up),
		CASE_IN("LPIs come by priority, equals by age", in_order, set_up),
		CASE_IN("INTIDs that are no LPI here are ignored", no_such, set_up),
		CASE_IN("GICD_CTLR.EnableGrp1 gates LPIs", group_one, set_up),
		CASE_IN("an LPI sent while it is listed comes again", sent_while_listed, set_up),
		CASE_IN("an LPI sent to two vCPUs is at the last", last_target_wins, set_up),
		CASE_IN("a cleared LPI is not pending, listed or not", cleared, set_up),
		CASE_IN("a moved LPI is pending at its new vCPU, listed or not", moved, set_up),
		CASE_IN("all LPIs move in bounded steps", all_moved, set_up),
		CASE_IN("an LPI listed elsewhere is not forgotten", listed_elsewhere, set_up),
		CASE_IN("a disabled LPI stays pending until it is enabled", disabled, set_up),
		CASE_IN("a configuration is read once until it is invalidated", config_reads,
			set_up),
		CASE_IN("INVALL with many pending is judged in steps", invall_many, set_up),
		CASE_IN("INVALL a thousand times forgets what it should", generations, set_up),
		CASE_IN("GICR_INVLPIR and GICR_INVALLR invalidate", by_register, set_up),
		CASE_IN("tables outside of RAM harm nothing", no_table, set_up),
		CASE_IN("the pending table is read when LPIs are enabled", loaded, set_up),
		CASE_IN("with PTZ the pending table is not read", promised_zeros, set_up),
		CASE_IN("pending LPIs are kept over a time off", kept, set_up),
		CASE_IN("configurations are read again after a time off", another_table, set_up),
		CASE_IN("EnableLPIs set before RWP is 0 counts when it is", on_before_off_is_done,
			set_up),
		CASE_IN("tables that aren't cacheable are read from memory", past_the_caches,
			set_up),
		CASE_IN("a reset leaves no LPI pending", reset, set_up),
		CASE("INTID 65535 is an LPI like others", sixty_four_thousand),
	};

	return cmocka_run_group_tests_name("vlpi", tests, NULL, NULL);
}
