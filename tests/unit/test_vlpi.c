/* SPDX-License-Identifier: Apache-2.0 */
/* LPIs: which are pending for whom. IHI 0069H 5.1, and the redistributors' registers of them. */
#include "core/base/errno.h"
#include "tests/unit/lpi_suite.h"

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
	struct arena arena = {.base = lpi_memory, .size = sizeof(lpi_memory)};

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
	vlpi_group_changed_locked(fake_vcpu(0));
	unlock();
	assert_true(was_posted(0));
	assert_int_equal(list(0), LPI(1));
	lock();
	assert_int_equal(vlpi_changed_locked(fake_vcpu(0)), 0);
	fake_vm.vgic.ctlr = 0;
	vlpi_group_changed_locked(fake_vcpu(0));
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
		assert_true(++steps < 240);
	}
	unlock();
	assert_true(steps > 200 / 16);
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
