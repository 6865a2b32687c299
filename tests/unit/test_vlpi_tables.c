/* SPDX-License-Identifier: Apache-2.0 */
/* LPIs' tables in guest memory: configurations, and what is pending. IHI 0069H 5.1.1, 5.1.2. */
#include "tests/unit/lpi_suite.h"

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

	return cmocka_run_group_tests(tests, NULL, NULL);
}
