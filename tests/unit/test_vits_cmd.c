/* SPDX-License-Identifier: Apache-2.0 */
/* The ITS's commands and their queue. IHI 0069H 5.3. */
#include "irq/vgic/vits.h"

#include <string.h>

#include "core/base/errno.h"
#include "irq/vgic/vlpi.h"
#include "tests/unit/fake_gic.h"
#include "tests/unit/fake_its.h"
#include "tests/unit/fake_ram.h"
#include "tests/unit/unit.h"

static int set_up(void **state)
{
	(void)state;
	fake_its_boot(2, 0);
	return 0;
}

/* -- commands -- */

static void clear_and_discard(void **state)
{
	(void)state;
	fake_its_map(5, 3, LPI(1), 0);
	fake_its_int(5, 3);
	fake_its_command(fake_clear(5, 3));
	assert_int_equal(fake_lpi_take(0), 0);
	fake_its_int(5, 3);
	fake_its_command(fake_discard(5, 3));
	assert_int_equal(fake_lpi_take(0), 0);
	assert_int_equal(vgic_send_msi(&fake_vm, 5, 3), -ENOENT);
}

static void invalidate(void **state)
{
	uint8_t *config = fake_ram(FAKE_CONFIG);

	(void)state;
	fake_its_map(5, 3, LPI(1), 0);
	fake_its_map(5, 4, LPI(2), 1);
	fake_its_int(5, 3);
	fake_lpi_take(0);
	config[1] = config[2] = 0;
	fake_its_command(fake_inv(5, 3));
	fake_its_int(5, 3);
	assert_int_equal(fake_lpi_take(0), 0);
	config[1] = config[2] = 1;
	fake_its_command(fake_invall(1)); /* of the other vCPU's */
	assert_int_equal(fake_lpi_take(0), 0);
	fake_its_command(fake_invall(0));
	assert_int_equal(fake_lpi_take(0), LPI(1));
}

static void moved(void **state)
{
	(void)state;
	fake_its_map(5, 3, LPI(1), 0);
	fake_its_command(fake_mapc(1, 1, true));
	fake_its_int(5, 3);
	fake_its_command(fake_movi(5, 3, 1));
	assert_int_equal(fake_lpi_take(0), 0);
	assert_int_equal(fake_lpi_take(1), LPI(1));
	fake_its_int(5, 3);
	assert_int_equal(fake_lpi_take(1), LPI(1));
}

static void all_moved(void **state)
{
	uint32_t taken = 0;

	(void)state;
	fake_its_command(fake_mapd(5, 7, FAKE_ITT(5), true));
	fake_its_command(fake_mapc(0, 0, true));
	for (uint32_t n = 0; n < 200; n++) {
		fake_its_command(fake_mapti(5, n, LPI(n), 0));
		fake_its_int(5, n);
	}
	fake_its_put(fake_movall(0, 1));
	fake_its_put(fake_sync(1));
	fake_its_write(GITS_CWRITER, 8, fake_its_end());
	/* so many take more than one step, and the guest sees it */
	assert_int_not_equal(fake_its_read(GITS_CREADR, 8), fake_its_end());
	assert_int_equal(fake_its_read(GITS_CTLR, 4), 1);
	assert_ptr_equal(vits_runner(fake_vm.vgic.vits), fake_vcpu(0));
	fake_its_go();
	assert_int_equal(fake_its_read(GITS_CTLR, 4), 0x80000001);
	assert_null(vits_runner(fake_vm.vgic.vits));
	assert_int_equal(fake_lpi_take(0), 0);
	while (fake_lpi_take(1) != 0) {
		taken++;
	}
	assert_int_equal(taken, 200);
}

/* Each of them: the queue goes on, and nothing else happens. */
static void are_ignored(const struct fake_command *wrong, size_t count)
{
	uint8_t *before = test_malloc(FAKE_TABLES_SIZE);

	fake_its_map(5, 3, LPI(1), 0);
	fake_its_command(fake_mapc(1, 1, true));
	fake_its_command(fake_mapti(5, 8, LPI(4), 12));
	memcpy(before, fake_ram(FAKE_TABLES), FAKE_TABLES_SIZE);
	for (size_t i = 0; i < count; i++) {
		fake_its_command(wrong[i]);
		assert_int_equal(fake_its_read(GITS_CREADR, 8), fake_its_end());
		assert_memory_equal(before, fake_ram(FAKE_TABLES), FAKE_TABLES_SIZE);
		assert_int_equal(fake_lpi_busy(), 0);
	}
	fake_its_int(5, 3);
	assert_int_equal(fake_lpi_take(0), LPI(1));
	test_free(before);
}

/* Device 5 has 256 events; 3 is mapped, 8 is mapped to a collection that isn't. */
static void wrong_events(void **state)
{
	const struct fake_command wrong[] = {
		fake_int(4, 3),	      /* no such device */
		fake_int(5, 2),	      /* no such event */
		fake_int(5, 256),     /* beyond the ITT */
		fake_int(0x10000, 3), /* beyond the device table */
		fake_int(5, 8),	      /* its collection is not mapped */
		fake_clear(4, 3),
		fake_clear(5, 2),
		fake_clear(5, 8),
		fake_discard(4, 3),
		fake_discard(5, 256),
		fake_discard(5, 8),
		fake_inv(4, 3),
		fake_inv(5, 2),
		fake_inv(5, 8),
		fake_movi(4, 3, 1),
		fake_movi(5, 2, 1),
		fake_movi(5, 3, 9), /* to a collection that is not mapped */
		fake_movi(5, 3, 0xffff),
		fake_movi(5, 8, 1), /* from one */
	};

	(void)state;
	are_ignored(wrong, ARRAY_COUNT(wrong));
}

static void wrong_mappings(void **state)
{
	const struct fake_command wrong[] = {
		fake_mapd(0x10000, 7, FAKE_ITT(1), true),
		fake_mapd(7, 16, FAKE_ITT(1), true), /* 17 bits of events */
		fake_mapc(3, 2, true),		     /* no such vCPU */
		fake_mapc(3, UINT32_C(0x10000), true),
		fake_mapti(4, 3, LPI(1), 0),   /* no such device */
		fake_mapti(5, 256, LPI(1), 0), /* beyond the ITT */
		fake_mapti(5, 2, LPI(0) - 1, 0),
		fake_mapti(5, 2, LPI(FAKE_LPIS), 0),
		fake_mapti(5, 2, 1023, 0),
		fake_mapti(5, 2, UINT32_MAX, 0),
		fake_mapi(5, 200, 0),
		fake_invall(9), /* not mapped */
		fake_invall(0xffff),
		fake_movall(2, 0), /* no such vCPU */
		fake_movall(0, 2),
		fake_sync(99),
	};

	(void)state;
	are_ignored(wrong, ARRAY_COUNT(wrong));
}

/* All opcodes but those of GICv3; most of GICv4's are among them. */
static void unknown(void **state)
{
	static const uint8_t known[] = {1, 3, 4, 5, 8, 9, 10, 11, 12, 13, 14, 15};
	struct fake_command wrong[256 - sizeof(known)];
	size_t count = 0;

	(void)state;
	for (uint32_t opcode = 0; opcode < 256; opcode++) {
		if (memchr(known, (int)opcode, sizeof(known)) == NULL) {
			wrong[count++] = (struct fake_command){
				{opcode | UINT64_C(5) << 32, 3, BIT(63) | FAKE_ITT(9), 0}};
		}
	}
	are_ignored(wrong, count);
}

/* What lies in memory that isn't there stalls the queue until the guest says retry. */
static void stalls(void **state)
{
	uint64_t at;

	(void)state;
	fake_its_command(fake_mapd(5, 7, FAKE_NOWHERE, true));
	fake_its_command(fake_mapc(0, 0, true));
	at = fake_its_end();
	fake_its_command(fake_mapti(5, 0, LPI(0), 0));
	assert_int_equal(fake_its_read(GITS_CREADR, 8), at | 1);
	assert_int_equal(fake_its_read(GITS_CTLR, 4), 0x80000001);
	/* no more by what is queued behind it */
	fake_its_command(fake_sync(0));
	assert_int_equal(fake_its_read(GITS_CREADR, 8), at | 1);
	/* retried as it is */
	fake_its_write(GITS_CWRITER, 8, fake_its_end() | 1);
	assert_int_equal(fake_its_read(GITS_CREADR, 8), at | 1);
	/* and with the mistake removed */
	*(uint8_t *)fake_ram(FAKE_QUEUE + at) = 0x05;
	fake_its_write(GITS_CWRITER, 8, fake_its_end() | 1);
	assert_int_equal(fake_its_read(GITS_CREADR, 8), fake_its_end());
	/* MSIs just fail */
	assert_int_equal(vgic_send_msi(&fake_vm, 5, 0), -EFAULT);
	fake_its_int(5, 0);
	assert_int_equal(fake_its_read(GITS_CREADR, 8) & 1, 1);
	/* a new queue is not stalled */
	fake_its_write(GITS_CTLR, 4, 0);
	fake_its_write(GITS_CBASER, 8, fake_its_read(GITS_CBASER, 8));
	assert_int_equal(fake_its_read(GITS_CREADR, 8), 0);
}

static void tables_nowhere(void **state)
{
	static const struct fake_command each[] = {
		{{0x08 | UINT64_C(5) << 32, 7, BIT(63), 0}},
		{{0x09, 0, BIT(63), 0}},
		{{0x0a | UINT64_C(5) << 32, 0, 0, 0}},
		{{0x03 | UINT64_C(5) << 32, 0, 0, 0}},
		{{0x0d, 0, 0, 0}},
	};

	for (size_t i = 0; i < ARRAY_COUNT(each); i++) {
		for (uint32_t indirect = 0; indirect < 2; indirect++) {
			struct fake_command cmd = each[i];

			set_up(state);
			fake_its_write(GITS_CTLR, 4, 0);
			fake_its_write(GITS_BASER, 8, BIT(63) | BIT(62) * indirect | FAKE_NOWHERE);
			fake_its_write(GITS_BASER + 8, 8,
				       BIT(63) | BIT(62) * indirect | FAKE_NOWHERE);
			fake_its_write(GITS_CTLR, 4, 1);
			if ((cmd.word[0] & 0xff) == 0x0a) {
				cmd.word[1] = (uint64_t)LPI(1) << 32;
			}
			fake_its_command(cmd);
			assert_int_equal(fake_its_read(GITS_CREADR, 8) & 1, 1);
			/* a table that is not valid has no entries: ignored */
			set_up(state);
			fake_its_write(GITS_CTLR, 4, 0);
			fake_its_write(GITS_BASER, 8, FAKE_DEVICES);
			fake_its_write(GITS_BASER + 8, 8, FAKE_COLLECTIONS);
			fake_its_write(GITS_CTLR, 4, 1);
			fake_its_command(cmd);
			assert_int_equal(fake_its_read(GITS_CREADR, 8), fake_its_end());
		}
	}
	/* the queue itself, from its first command or a later one */
	set_up(state);
	fake_its_write(GITS_CTLR, 4, 0);
	fake_its_write(GITS_CBASER, 8, BIT(63) | FAKE_NOWHERE);
	fake_its_write(GITS_CWRITER, 8, 0x40);
	fake_its_write(GITS_CTLR, 4, 1);
	assert_int_equal(fake_its_read(GITS_CREADR, 8), 1);
	fake_its_write(GITS_CTLR, 4, 0);
	fake_its_write(GITS_CBASER, 8, BIT(63) | (FAKE_RAM + FAKE_RAM_SIZE - 0x1000) | 1);
	assert_int_equal(fake_its_read(GITS_CREADR, 8), 0);
	fake_its_write(GITS_CWRITER, 8, 0x1020);
	fake_its_write(GITS_CTLR, 4, 1);
	fake_its_finish();
	assert_int_equal(fake_its_read(GITS_CREADR, 8), 0x1001);
}

/* -- the queue -- */

static void wraps(void **state)
{
	(void)state;
	fake_its_map(5, 3, LPI(1), 0);
	for (uint32_t n = 0; n < 300; n++) {
		fake_its_int(5, 3);
		assert_int_equal(fake_its_read(GITS_CREADR, 8), fake_its_end());
		assert_int_equal(fake_lpi_take(0), LPI(1));
	}
	/* 128 places; two commands before */
	assert_true(fake_its_end() < 0x1000);
}

static void in_steps(void **state)
{
	uint32_t steps = 0;

	(void)state;
	for (uint32_t n = 0; n < 127; n++) {
		fake_its_put(n % 2 == 0 ? fake_invall(0) : fake_sync(0));
	}
	fake_its_command(fake_mapc(0, 0, true)); /* behind them: place 127, then place 0 is next */
	assert_int_equal(fake_its_end(), 0);
	fake_its_write(GITS_CTLR, 4, 0);
	fake_its_write(GITS_CBASER, 8, fake_its_read(GITS_CBASER, 8));
	fake_its_write(GITS_CWRITER, 8, 0xfe0);
	fake_its_write(GITS_CTLR, 4, 1);
	while (vits_runner(fake_vm.vgic.vits) != NULL) {
		uint64_t before = fake_its_read(GITS_CREADR, 8);

		assert_ptr_equal(vits_runner(fake_vm.vgic.vits), fake_vcpu(0));
		vits_continue(fake_vcpu(1)); /* not its job */
		assert_int_equal(fake_its_read(GITS_CREADR, 8), before);
		assert_int_equal(fake_its_read(GITS_CTLR, 4), 1);
		vits_continue(fake_vcpu(0));
		assert_true(fake_its_read(GITS_CREADR, 8) > before);
		assert_true(fake_its_read(GITS_CREADR, 8) <= before + 16 * 32);
		steps++;
	}
	assert_true(steps >= 127 / 8);
	assert_int_equal(fake_its_read(GITS_CREADR, 8), 0xfe0);
	assert_int_equal(fake_its_read(GITS_CTLR, 4), 0x80000001);
}

/* Another vCPU's write takes over; disabling stops it between two commands. */
static void taken_over(void **state)
{
	uint64_t at;

	(void)state;
	for (uint32_t n = 0; n < 100; n++) {
		fake_its_put(fake_sync(0));
	}
	at = fake_its_end();
	fake_its_write(GITS_CWRITER, 8, at);
	assert_ptr_equal(vits_runner(fake_vm.vgic.vits), fake_vcpu(0));
	assert_int_equal(fake_access(1, &vits_ops, GITS_CWRITER, 8 | FAKE_WRITE, &at), 0);
	assert_ptr_equal(vits_runner(fake_vm.vgic.vits), fake_vcpu(1));
	fake_its_write(GITS_CTLR, 4, 0);
	assert_null(vits_runner(fake_vm.vgic.vits));
	assert_int_equal(fake_its_read(GITS_CTLR, 4), 0x80000000);
	assert_int_equal(fake_its_read(GITS_CREADR, 8), 2 * 8 * 32);
	vits_continue(fake_vcpu(1));
	assert_int_equal(fake_its_read(GITS_CREADR, 8), 2 * 8 * 32);
	fake_its_write(GITS_CTLR, 4, 1);
	fake_its_finish();
	assert_int_equal(fake_its_read(GITS_CREADR, 8), at);
}

static void outside_the_queue(void **state)
{
	(void)state;
	fake_its_write(GITS_CWRITER, 8, 0x1000);
	assert_int_equal(fake_its_read(GITS_CREADR, 8), 0);
	assert_int_equal(fake_its_read(GITS_CTLR, 4), 0x80000001);
	fake_its_write(GITS_CWRITER, 8, 0);
	fake_its_command(fake_sync(0));
	assert_int_equal(fake_its_read(GITS_CREADR, 8), 0x20);
	/* no queue at all */
	fake_its_write(GITS_CTLR, 4, 0);
	fake_its_write(GITS_CBASER, 8, FAKE_QUEUE);
	fake_its_write(GITS_CTLR, 4, 1);
	fake_its_write(GITS_CWRITER, 8, 0x20);
	assert_int_equal(fake_its_read(GITS_CREADR, 8), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE_IN("CLEAR and DISCARD take pending state away", clear_and_discard, set_up),
		CASE_IN("INV and INVALL read configurations again", invalidate, set_up),
		CASE_IN("MOVI takes pending state along", moved, set_up),
		CASE_IN("MOVALL of many goes on in steps", all_moved, set_up),
		CASE_IN("commands for events that aren't mapped are ignored", wrong_events, set_up),
		CASE_IN("commands with numbers that are too large are ignored", wrong_mappings,
			set_up),
		CASE_IN("GICv4's commands and unknown ones are ignored", unknown, set_up),
		CASE_IN("memory that isn't there stalls until a retry", stalls, set_up),
		CASE("tables and queues outside of RAM harm nothing", tables_nowhere),
		CASE_IN("the queue wraps", wraps, set_up),
		CASE_IN("a full queue is executed in bounded steps", in_steps, set_up),
		CASE_IN("another vCPU can take over, and disabling stops", taken_over, set_up),
		CASE_IN("GITS_CWRITER outside the queue does nothing", outside_the_queue, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
