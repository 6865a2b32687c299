/* SPDX-License-Identifier: Apache-2.0 */
/* The ITS: registers, command queue, tables in guest memory, MSIs. IHI 0069H 5.2, 5.3, 12.19. */
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

/* -- registers -- */

static void all_there(void **state)
{
	static const struct {
		uint32_t first, last;
		uint8_t sizes;
		const char *name;
	} places[] = {
		{0x0000, 0x0000, 4, "GITS_CTLR"},	{0x0004, 0x0004, 4, "GITS_IIDR"},
		{0x0008, 0x000c, 4 | 8, "GITS_TYPER"},	{0x0040, 0x0040, 4, "GITS_STATUSR"},
		{0x0080, 0x0084, 4 | 8, "GITS_CBASER"}, {0x0088, 0x008c, 4 | 8, "GITS_CWRITER"},
		{0x0090, 0x0094, 4 | 8, "GITS_CREADR"}, {0x0100, 0x013c, 4 | 8, "GITS_BASER"},
		{0xffd0, 0xfffc, 4, "GITS_PIDR, CIDR"},
	};
	const struct vreg_table *table = &vits_control_table;
	uint64_t value;

	(void)state;
	assert_int_equal(table->count, ARRAY_COUNT(places));
	for (uint32_t i = 0; i < ARRAY_COUNT(places); i++) {
		const struct vreg *reg = vreg_find(table, places[i].first);

		if (reg != &table->reg[i] || reg->start != places[i].first ||
		    reg->end != places[i].last + 4) {
			fail_msg("%s is not there", places[i].name);
		}
		for (uint32_t size = 1; size <= 8; size *= 2) {
			int expected = (places[i].sizes & size) != 0 ? 0 : -EINVAL;

			value = 0;
			assert_int_equal(fake_access(0, &vits_ops, places[i].first, size, &value),
					 expected);
			assert_int_equal(fake_access(0, &vits_ops, places[i].first,
						     size | FAKE_WRITE, &value),
					 expected);
		}
	}
	/* bytes never reach it */
	assert_int_equal(vits_ops.sizes, 2 | 4 | 8);
}

static void identified(void **state)
{
	(void)state;
	/* 8 bytes an entry; 16 bits of events, devices, collections; targets by number */
	assert_int_equal(fake_its_read(0x8, 8), 0x1f0001ef71);
	assert_int_equal(fake_its_read(0x8, 4), 0x0001ef71);
	assert_int_equal(fake_its_read(0xc, 4), 0x1f);
	assert_int_equal(fake_its_read(0x4, 4), 0x4200043b);
	assert_int_equal(fake_its_read(0xffe8, 4), 0x3b);
	assert_int_equal(fake_its_read(0xffe0, 4), 0x94);
	assert_int_equal(fake_its_read(0xfffc, 4), 0xb1);
	fake_its_write(0x8, 8, 0);
	assert_int_equal(fake_its_read(0x8, 8), 0x1f0001ef71);
}

static void reset_values(void **state)
{
	(void)state;
	vgic_reset(&fake_vm);
	assert_int_equal(fake_its_read(GITS_CTLR, 4), 0x80000000);
	assert_int_equal(fake_its_read(GITS_CBASER, 8), 0);
	assert_int_equal(fake_its_read(GITS_CWRITER, 8), 0);
	assert_int_equal(fake_its_read(GITS_CREADR, 8), 0);
	/* devices and collections, 8 bytes an entry, 64K pages */
	assert_int_equal(fake_its_read(GITS_BASER, 8), 0x0107000000000200);
	assert_int_equal(fake_its_read(GITS_BASER + 8, 8), 0x0407000000000200);
	for (uint32_t n = 2; n < 8; n++) {
		fake_its_write(GITS_BASER + 8 * n, 8, UINT64_MAX);
		assert_int_equal(fake_its_read(GITS_BASER + 8 * n, 8), 0);
	}
}

static void fields(void **state)
{
	(void)state;
	vgic_reset(&fake_vm);
	fake_its_write(GITS_CBASER, 8, UINT64_MAX);
	assert_int_equal(fake_its_read(GITS_CBASER, 8), 0xb8effffffffffcff);
	fake_its_write(GITS_CBASER, 4, 0);
	assert_int_equal(fake_its_read(GITS_CBASER, 8), 0xb8efffff00000000);
	fake_its_write(GITS_CBASER + 4, 4, 5);
	assert_int_equal(fake_its_read(GITS_CBASER, 8), 0x500000000);
	assert_int_equal(fake_its_read(GITS_CBASER + 4, 4), 5);
	/* type and entry size are read-only */
	fake_its_write(GITS_BASER, 8, UINT64_MAX);
	assert_int_equal(fake_its_read(GITS_BASER, 8), 0xf9e7ffffffffffff);
	fake_its_write(GITS_BASER + 8, 8, 0);
	assert_int_equal(fake_its_read(GITS_BASER + 8, 8), 0x0407000000000000);
	fake_its_write(GITS_BASER + 12, 4, 0xffffffff);
	assert_int_equal(fake_its_read(GITS_BASER + 8, 8), 0xfce7ffff00000000);
	fake_its_write(GITS_BASER + 8, 4, 0xffffffff);
	assert_int_equal(fake_its_read(GITS_BASER + 8, 4), 0xffffffff);
	/* nothing is executed while it is disabled */
	fake_its_write(GITS_CWRITER, 8, UINT64_MAX);
	assert_int_equal(fake_its_read(GITS_CWRITER, 8), 0xfffe0);
	fake_its_write(GITS_CWRITER, 4, 0x40);
	fake_its_write(GITS_CWRITER + 4, 4, 0xffffffff);
	assert_int_equal(fake_its_read(GITS_CWRITER, 8), 0x40);
	fake_its_write(GITS_CREADR, 8, 0x80);
	assert_int_equal(fake_its_read(GITS_CREADR, 8), 0);
	/* what is reserved */
	for (uint32_t off = 0x10; off < 0xffd0; off += 4) {
		if (off < 0x80 || (off >= 0x98 && off < 0x100) || off >= 0x110) {
			fake_its_write(off, 4, 0xffffffff);
			assert_int_equal(fake_its_read(off, 4), 0);
		}
	}
}

static void fixed_while_on(void **state)
{
	uint64_t queue = fake_its_read(GITS_CBASER, 8), devices = fake_its_read(GITS_BASER, 8);

	(void)state;
	assert_int_equal(fake_its_read(GITS_CTLR, 4), 0x80000001);
	fake_its_write(GITS_CBASER, 8, 0);
	fake_its_write(GITS_BASER, 8, 0);
	assert_int_equal(fake_its_read(GITS_CBASER, 8), queue);
	assert_int_equal(fake_its_read(GITS_BASER, 8), devices);
	fake_its_write(GITS_CTLR, 4, 0);
	assert_int_equal(fake_its_read(GITS_CTLR, 4), 0x80000000);
	fake_its_write(GITS_CBASER, 8, 0);
	assert_int_equal(fake_its_read(GITS_CBASER, 8), 0);
}

/* A CPU's write has no device ID. */
static void translation_frame(void **state)
{
	uint64_t value = 0;

	(void)state;
	fake_its_map(0, 0, LPI(1), 0);
	fake_its_write(VITS_TRANSLATER, 4, 0);
	assert_int_equal(fake_access(0, &vits_ops, VITS_TRANSLATER, 2 | FAKE_WRITE, &value), 0);
	assert_int_equal(fake_its_read(VITS_TRANSLATER, 4), 0);
	assert_int_equal(fake_lpi_take(0), 0);
}

/* -- events -- */

static void delivered(void **state)
{
	(void)state;
	fake_its_map(5, 3, LPI(1), 0);
	fake_its_map(5, 4, LPI(2), 1);
	fake_its_map(6, 3, LPI(3), 1);
	fake_its_int(5, 3);
	assert_int_equal(fake_lpi_take(0), LPI(1));
	fake_its_int(5, 4);
	fake_its_int(6, 3);
	assert_int_equal(fake_lpi_take(0), 0);
	assert_int_equal(fake_lpi_take(1), LPI(2));
	assert_int_equal(fake_lpi_take(1), LPI(3));
	assert_int_equal(vgic_send_msi(&fake_vm, 5, 3), 0);
	assert_int_equal(fake_lpi_take(0), LPI(1));
	/* MAPI: the event is the LPI */
	fake_its_command(fake_mapi(5, LPI(7), 1));
	assert_int_equal(vgic_send_msi(&fake_vm, 5, LPI(7)), -ERANGE); /* 8 bits of event */
	fake_its_command(fake_mapd(9, 13, FAKE_ITT(2), true));
	fake_its_command(fake_mapi(9, LPI(7), 1));
	assert_int_equal(vgic_send_msi(&fake_vm, 9, LPI(7)), 0);
	assert_int_equal(fake_lpi_take(1), LPI(7));
}

static void unmapped(void **state)
{
	struct vits *its = fake_vm.vgic.vits;

	(void)state;
	fake_its_map(5, 3, LPI(1), 0);
	assert_int_equal(vgic_send_msi(&fake_vm, 4, 3), -ENOENT);
	assert_int_equal(vgic_send_msi(&fake_vm, 5, 2), -ENOENT);
	assert_int_equal(vgic_send_msi(&fake_vm, 5, 256), -ERANGE);
	assert_int_equal(vgic_send_msi(&fake_vm, UINT32_MAX, 3), -ERANGE);
	assert_int_equal(vgic_send_msi(&fake_vm, 5, UINT32_MAX), -ERANGE);
	/* the collection, which is remembered */
	assert_int_equal(vgic_send_msi(&fake_vm, 5, 3), 0);
	assert_int_equal(fake_lpi_take(0), LPI(1));
	fake_its_command(fake_mapti(5, 2, LPI(2), 7));
	assert_int_equal(vgic_send_msi(&fake_vm, 5, 2), -ENOENT);
	fake_its_command(fake_mapc(0, 0, false));
	assert_int_equal(vgic_send_msi(&fake_vm, 5, 3), -ENOENT);
	fake_its_command(fake_mapc(0, 1, true));
	assert_int_equal(vgic_send_msi(&fake_vm, 5, 3), 0);
	assert_int_equal(fake_lpi_take(1), LPI(1));
	/* the device, which is remembered; and none */
	fake_its_command(fake_mapd(5, 7, FAKE_ITT(5), false));
	assert_int_equal(vgic_send_msi(&fake_vm, UINT32_MAX, 3), -ERANGE);
	assert_int_equal(vgic_send_msi(&fake_vm, 5, 3), -ENOENT);
	/* the ITS */
	fake_its_map(5, 3, LPI(1), 0);
	fake_its_write(GITS_CTLR, 4, 0);
	assert_int_equal(vgic_send_msi(&fake_vm, 5, 3), -ENOENT);
	fake_its_write(GITS_CTLR, 4, 1);
	assert_int_equal(vgic_send_msi(&fake_vm, 5, 3), 0);
	fake_vm.vgic.vits = NULL;
	assert_int_equal(vgic_send_msi(&fake_vm, 5, 3), -ENODEV);
	fake_vm.vgic.vits = its;
}

/* How often guest memory is reached: what an MSI costs mostly. The device of the last one is
 * remembered. */
static void reads(void **state)
{
	(void)state;
	fake_its_map(6, 3, LPI(2), 0);
	fake_its_map(5, 3, LPI(1), 0);
	vgic_send_msi(&fake_vm, 6, 3);
	vgic_send_msi(&fake_vm, 5, 3);
	fake_lpi_take(0);
	fake_lpi_take(0);
	fake_ram_count();
	vgic_send_msi(&fake_vm, 5, 3);
	assert_int_equal(fake_ram_count(), 1); /* event */
	fake_lpi_take(0);
	fake_ram_count();
	vgic_send_msi(&fake_vm, 6, 3);
	assert_int_equal(fake_ram_count(), 2); /* device, event */
	fake_lpi_take(0);
	fake_its_put(fake_int(6, 3));
	fake_ram_count();
	fake_its_go();
	assert_int_equal(fake_ram_count(), 2); /* command, event */
	fake_its_boot(2, GITS_BASER_INDIRECT);
	fake_its_map(5, 3, LPI(1), 0);
	vgic_send_msi(&fake_vm, 5, 3);
	fake_lpi_take(0);
	fake_its_map(6, 3, LPI(2), 0);
	vgic_send_msi(&fake_vm, 6, 3);
	fake_lpi_take(0);
	fake_ram_count();
	vgic_send_msi(&fake_vm, 5, 3);
	assert_int_equal(fake_ram_count(), 3); /* both levels */
}

/* A guest whose MMU is off writes tables and queue past the caches: nothing old is read. */
static void past_the_caches(void **state)
{
	(void)state;
	fake_its_map(5, 3, LPI(1), 0);
	assert_int_equal(fake_ram_cleaned(), 0);
	fake_its_write(GITS_CTLR, 4, 0);
	for (uint32_t off = GITS_BASER; off <= GITS_BASER + 8; off += 8) {
		fake_its_write(off, 8, fake_its_read(off, 8) & ~GITS_INNER_CACHE);
	}
	fake_its_write(GITS_CTLR, 4, 1);
	vgic_send_msi(&fake_vm, 5, 3);
	assert_int_equal(fake_ram_cleaned(), 3); /* device, event, collection */
	fake_its_command(fake_mapc(0, 1, true));
	assert_int_equal(fake_ram_cleaned(), 2); /* around the write */
	fake_its_write(GITS_CTLR, 4, 0);
	fake_its_write(GITS_CBASER, 8, fake_its_read(GITS_CBASER, 8) & ~GITS_INNER_CACHE);
	fake_its_write(GITS_CWRITER, 8, 0x20);
	fake_its_write(GITS_CTLR, 4, 1);
	assert_true(fake_ram_cleaned() >= 1);
}

/* -- tables -- */

/* The last device of a page and the first of the next, with each page size, flat and in two
 * levels; one whose second level is not there. */
static void two_levels(void **state)
{
	(void)state;
	for (uint32_t page = 0; page < 4; page++) {
		uint32_t shift = page == 0 ? 12 : page == 1 ? 14 : 16, in_page = 1U << (shift - 3);
		uint64_t *first = fake_ram(FAKE_DEVICES);

		fake_its_boot(2, 0);
		memset(first, 0, 0x20000);
		fake_its_write(GITS_CTLR, 4, 0);
		fake_its_write(GITS_BASER, 8, BIT(63) | BIT(62) | FAKE_DEVICES | page << 8);
		fake_its_write(GITS_CTLR, 4, 1);
		first[0] = BIT(63) | (FAKE_DEVICES + 0x10000);
		first[1] = BIT(63) | (FAKE_DEVICES + 0x20000) | 0xf00; /* low bits don't count */
		first[2] = FAKE_DEVICES + 0x20000;		       /* not valid */
		fake_its_map(in_page - 1, 0, LPI(1), 0);
		fake_its_map(in_page, 0, LPI(2), 1);
		assert_int_equal(vgic_send_msi(&fake_vm, in_page - 1, 0), 0);
		assert_int_equal(vgic_send_msi(&fake_vm, in_page, 0), 0);
		assert_int_equal(fake_lpi_take(0), LPI(1));
		assert_int_equal(fake_lpi_take(1), LPI(2));
		assert_true(*(uint64_t *)fake_ram(FAKE_DEVICES + 0x20000) >> 63 == 1);
		assert_true(*(uint64_t *)fake_ram(FAKE_DEVICES + 0x10000 + 8 * in_page - 8) >> 63 ==
			    1);
		fake_its_command(fake_mapd(2 * in_page, 7, FAKE_ITT(0), true));
		assert_int_equal(fake_its_read(GITS_CREADR, 8), fake_its_end());
		if (2 * in_page <= 0xffff) {
			assert_int_equal(vgic_send_msi(&fake_vm, 2 * in_page, 0), -ENOENT);
		}
	}
}

/* A flat table has what fits in its pages, and its address may be anywhere below 2^52. */
static void table_sizes(void **state)
{
	(void)state;
	fake_its_write(GITS_CTLR, 4, 0);
	fake_its_write(GITS_BASER, 8, BIT(63) | FAKE_DEVICES | 1); /* two pages of 4K */
	fake_its_write(GITS_CTLR, 4, 1);
	fake_its_map(1023, 0, LPI(1), 0);
	assert_int_equal(vgic_send_msi(&fake_vm, 1023, 0), 0);
	assert_int_equal(vgic_send_msi(&fake_vm, 1024, 0), -ERANGE);
	fake_its_write(GITS_CTLR, 4, 0);
	fake_its_write(GITS_BASER, 8, BIT(63) | FAKE_DEVICES | 0x5000 | 0x200); /* bits 51:48 */
	fake_its_write(GITS_CTLR, 4, 1);
	assert_int_equal(vgic_send_msi(&fake_vm, 1, 0), -EFAULT);
}

/* What was read of collections before doesn't outlive the table. */
static void forgotten(void **state)
{
	(void)state;
	fake_its_map(5, 3, LPI(1), 0);
	assert_int_equal(vgic_send_msi(&fake_vm, 5, 3), 0);
	fake_lpi_take(0);
	*(uint64_t *)fake_ram(FAKE_COLLECTIONS) = BIT(63) | 1;
	assert_int_equal(vgic_send_msi(&fake_vm, 5, 3), 0);
	assert_int_equal(fake_lpi_take(0), LPI(1));
	fake_its_write(GITS_CTLR, 4, 0);
	fake_its_write(GITS_CTLR, 4, 1);
	assert_int_equal(vgic_send_msi(&fake_vm, 5, 3), 0);
	assert_int_equal(fake_lpi_take(1), LPI(1));
	/* one that is never remembered */
	fake_its_command(fake_mapc(500, 0, true));
	fake_its_command(fake_mapti(5, 4, LPI(2), 500));
	*(uint64_t *)fake_ram(FAKE_COLLECTIONS + 8 * 500) = BIT(63) | 1;
	assert_int_equal(vgic_send_msi(&fake_vm, 5, 4), 0);
	assert_int_equal(fake_lpi_take(1), LPI(2));
}

/* What the ITS remembers of its tables. */
static void forget(void)
{
	fake_its_write(GITS_CTLR, 4, 0);
	fake_its_write(GITS_CTLR, 4, 1);
}

/* Entries as no command writes them. */
static void garbage(void **state)
{
	uint64_t *device = (uint64_t *)fake_ram(FAKE_DEVICES) + 5, good;
	uint64_t *event = (uint64_t *)fake_ram(FAKE_ITT(5)) + 3;
	uint64_t *collection = (uint64_t *)fake_ram(FAKE_COLLECTIONS);

	(void)state;
	fake_its_map(5, 3, LPI(1), 0);
	good = *event;
	for (uint32_t bit = 0; bit < 32; bit++) {
		*event = good ^ BIT(bit);
		vgic_send_msi(&fake_vm, 5, 3);
		fake_lpi_take(0);
		fake_its_int(5, 3);
		fake_its_command(fake_inv(5, 3));
		fake_its_command(fake_movi(5, 3, 1));
		fake_its_command(fake_clear(5, 3));
		fake_lpi_take(0);
		fake_lpi_take(1);
		assert_int_equal(fake_lpi_busy(), 0);
	}
	*event = UINT64_MAX;
	assert_int_not_equal(vgic_send_msi(&fake_vm, 5, 3), 0);
	*event = good;
	*device = UINT64_MAX;
	forget();
	assert_int_not_equal(vgic_send_msi(&fake_vm, 5, 3), 0);
	*device = BIT(63) | FAKE_ITT(5) | 31; /* 2^32 events */
	forget();
	assert_int_equal(vgic_send_msi(&fake_vm, 5, 0x10000), -ERANGE);
	assert_int_equal(vgic_send_msi(&fake_vm, 5, 3), 0);
	fake_its_write(GITS_CTLR, 4, 0);
	fake_its_write(GITS_CTLR, 4, 1);
	for (uint64_t index = 2; index < 0x10000; index = index * 2 + 1) {
		*collection = BIT(63) | index;
		assert_int_equal(vgic_send_msi(&fake_vm, 5, 3), -ERANGE);
	}
}

/* -- the VM -- */

static void reset(void **state)
{
	(void)state;
	fake_its_map(5, 3, LPI(1), 0);
	for (uint32_t n = 0; n < 100; n++) {
		fake_its_put(fake_int(5, 3));
	}
	fake_its_write(GITS_CWRITER, 8, fake_its_end());
	assert_non_null(vits_runner(fake_vm.vgic.vits));
	vgic_reset(&fake_vm);
	assert_null(vits_runner(fake_vm.vgic.vits));
	assert_int_equal(fake_lpi_busy(), 0);
	assert_int_equal(vgic_send_msi(&fake_vm, 5, 3), -ENOENT);
	reset_values(state);
}

static void created(void **state)
{
	static uint8_t memory[1024] __attribute__((aligned(16)));
	struct arena arena = {.base = memory, .size = 8};
	struct vits *its;

	(void)state;
	fake_gic_create(1, 4, 64);
	assert_int_equal(vits_create(&fake_vm, 0x8080000, &arena, &its), -EINVAL);
	fake_its_boot(1, 0);
	arena.size = sizeof(memory);
	assert_int_equal(vits_create(&fake_vm, 0x8080000, &arena, &its), -EINVAL);
	fake_vm.vgic.vits = NULL;
	arena.size = 8;
	assert_int_equal(vits_create(&fake_vm, 0x8080000, &arena, &its), -ENOMEM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE_IN("each register of the frame is there, at its sizes", all_there, set_up),
		CASE_IN("GITS_TYPER tells what is built", identified, set_up),
		CASE_IN("registers after a reset", reset_values, set_up),
		CASE_IN("registers keep the fields that exist, at both widths", fields, set_up),
		CASE_IN("table registers are fixed while enabled", fixed_while_on, set_up),
		CASE_IN("a CPU's write of GITS_TRANSLATER is ignored", translation_frame, set_up),
		CASE_IN("a mapped event is its LPI", delivered, set_up),
		CASE_IN("an unmapped event is refused", unmapped, set_up),
		CASE_IN("an MSI reads guest memory once to three times", reads, set_up),
		CASE_IN("tables that aren't cacheable are read from memory", past_the_caches,
			set_up),
		CASE_IN("two-level tables, with each page size", two_levels, set_up),
		CASE_IN("a table has as many entries as fit", table_sizes, set_up),
		CASE_IN("remembered collections are forgotten in time", forgotten, set_up),
		CASE_IN("garbage in tables harms nothing", garbage, set_up),
		CASE_IN("a reset leaves nothing", reset, set_up),
		CASE("an ITS needs LPIs, and is one", created),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
