/* SPDX-License-Identifier: Apache-2.0 */
/* Tables of partitions as tools write them, and each way in which one may be wrong. */
#include "core/base/bits.h"
#include "drivers/hw/blk/gpt.h"
#include "tests/unit/fake_gpt.h"
#include "tests/unit/unit.h"

#define BLOCKS 200

static uint8_t disk[BLOCKS * 4096];
static struct fake_gpt fake;
static struct gpt gpt;

static int set_up(void **state)
{
	(void)state;
	fake = (struct fake_gpt){disk, 512, BLOCKS};
	fake_gpt_make(&fake);
	return 0;
}

static const char *read_at(uint64_t at)
{
	return gpt_read_header(&gpt, fake_gpt_block(&fake, at), fake.block_size, at, fake.blocks);
}

static void crc32_is_that_of_IEEE_802_3(void **state)
{
	uint32_t crc = 0;

	(void)state;
	/* the check value that catalogues give, at once and in pieces */
	assert_int_equal(crc32(0, "123456789", 9), 0xcbf43926);
	assert_int_equal(crc32(crc32(0, "1234", 4), "56789", 5), 0xcbf43926);
	/* and bit by bit */
	for (uint32_t byte = 0; byte < 256; byte++) {
		uint8_t one = (uint8_t)byte;

		crc = ~UINT32_C(0) ^ byte;
		for (uint32_t i = 0; i < 8; i++) {
			crc = crc >> 1 ^ ((crc & 1) != 0 ? 0xedb88320 : 0);
		}
		assert_int_equal(crc32(0, &one, 1), ~crc);
	}
}

static void both_headers_are_read(void **state)
{
	(void)state;
	assert_null(read_at(1));
	assert_int_equal(gpt.first, 34);
	assert_int_equal(gpt.last, BLOCKS - 34);
	assert_int_equal(gpt.table, 2);
	assert_int_equal(gpt.count, 128);
	assert_int_equal(gpt.size, 128);
	assert_null(read_at(BLOCKS - 1));
	assert_int_equal(gpt.table, BLOCKS - 33);
	fake = (struct fake_gpt){disk, 4096, BLOCKS};
	fake_gpt_make(&fake);
	assert_null(read_at(1));
	assert_int_equal(gpt.first, 6);
}

static void a_header_whose_checksum_does_not_hold_is_refused(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 92; i++) {
		disk[512 + i] ^= 0x40;
		assert_non_null(read_at(1));
		disk[512 + i] ^= 0x40;
	}
	assert_null(read_at(1));
}

/* A field of the primary header, sealed anew. */
static const char *with(uint32_t off, uint64_t value, uint32_t size)
{
	const char *fault;

	fake_gpt_header(&fake, 1);
	fake_gpt_put(disk + 512 + off, value, size);
	fake_gpt_seal(&fake, 1);
	fault = read_at(1);
	fake_gpt_header(&fake, 1);
	fake_gpt_seal(&fake, 1);
	return fault;
}

static void numbers_that_can_not_be_are_refused(void **state)
{
	static const struct {
		uint32_t off, size;
		uint64_t value;
	} wrong[] = {
		{8, 4, 0x20000}, /* revision */
		{12, 4, 91},	 /* size of the header */
		{12, 4, 129},
		{12, 4, UINT32_MAX},
		{24, 8, 2},   /* its own block */
		{40, 8, 167}, /* first and last of the blocks */
		{40, 8, 0},
		{40, 8, 20}, /* over the table */
		{48, 8, 200},
		{48, 8, UINT64_MAX},
		{72, 8, 0}, /* the table */
		{72, 8, 1},
		{72, 8, 3},
		{72, 8, 190},
		{72, 8, UINT64_MAX},
		{72, 8, UINT64_MAX - 31},
		{80, 4, 0}, /* entries */
		{80, 4, 129},
		{80, 4, UINT32_MAX},
		{84, 4, 64}, /* and their size */
		{84, 4, 192},
		{84, 4, 0},
		{84, 4, 0x80000000},
	};

	(void)state;
	for (uint32_t i = 0; i < ARRAY_COUNT(wrong); i++) {
		assert_non_null(with(wrong[i].off, wrong[i].value, wrong[i].size));
	}
	assert_null(with(80, 4, 4)); /* fewer entries: nothing wrong but the table's checksum */
}

/* Nor by the backup, which does not lie there. UEFI 2.10 5.3.1 */
static void block_0_and_the_primary_header_are_no_partitions(void **state)
{
	uint64_t at = fake.blocks - 1;

	(void)state;
	for (uint64_t first = 0; first < 2; first++) {
		fake_gpt_put(fake_gpt_block(&fake, at) + 40, first, 8);
		fake_gpt_put(fake_gpt_block(&fake, at) + 48, first, 8);
		fake_gpt_seal(&fake, at);
		assert_string_equal(read_at(at), "does not fit this disk");
	}
	fake_gpt_put(disk + 512 + 40, 0, 8);
	fake_gpt_put(disk + 512 + 48, 0, 8);
	fake_gpt_seal(&fake, 1);
	assert_string_equal(read_at(1), "does not fit this disk");
}

/* A header at `at`, with where the other one is and the bounds of what partitions may have. */
static const char *with_other(uint64_t at, uint64_t other, uint64_t first, uint64_t last)
{
	const char *fault;

	fake_gpt_header(&fake, at);
	fake_gpt_put(fake_gpt_block(&fake, at) + 32, other, 8);
	fake_gpt_put(fake_gpt_block(&fake, at) + 40, first, 8);
	fake_gpt_put(fake_gpt_block(&fake, at) + 48, last, 8);
	fake_gpt_seal(&fake, at);
	fault = read_at(at);
	fake_gpt_header(&fake, at);
	fake_gpt_seal(&fake, at);
	return fault;
}

/* It is what is taken where the one that was read is damaged one day. UEFI 2.10 5.3.1 */
static void the_other_header_and_its_table_are_no_partitions(void **state)
{
	static const char fault[] = "has no place beside partitions for the other one";
	static const struct {
		uint64_t at, other, first, last;
	} wrong[] = {
		/* the backup: its header, its table's last block, its first */
		{1, 199, 34, 199 - 1},
		{1, 199, 34, 199 - 32},
		/* the same in the middle of a disk that has grown */
		{1, 150, 34, 150},
		{1, 150, 34, 150 - 32},
		{1, 100, 34, 166},
		/* nowhere, and where this one is */
		{1, 200, 34, 166},
		{1, UINT64_MAX, 34, 166},
		{1, 1, 34, 166},
		{1, 0, 34, 166},
		/* and by the backup */
		{199, 1, 2, 166},
		{199, 1, 33, 166},
		{199, 0, 34, 166},
		{199, 34, 34, 166},
		{199, 100, 34, 166},
		{199, 199, 34, 166},
		{199, UINT64_MAX, 34, 166},
	};

	(void)state;
	for (uint32_t i = 0; i < ARRAY_COUNT(wrong); i++) {
		const char *found =
			with_other(wrong[i].at, wrong[i].other, wrong[i].first, wrong[i].last);

		assert_non_null(found);
		assert_string_equal(found, fault);
	}
	assert_null(with_other(1, 199, 34, 166));
	assert_null(with_other(1, 150, 34, 150 - 33));
	assert_null(with_other(199, 1, 34, 166));
	assert_null(with_other(199, 1, 40, 160));
}

static void an_entry_is_found_by_name_and_by_PARTUUID(void **state)
{
	struct gpt_entry entry;

	(void)state;
	fake_gpt_entry(&fake, 5, "root", 40, 99);
	assert_null(read_at(1));
	assert_false(gpt_read_entry(&gpt, disk + 1024, 4, &entry));
	assert_true(gpt_read_entry(&gpt, disk + 1024, 5, &entry));
	assert_int_equal(entry.first, 40);
	assert_int_equal(entry.last, 99);
	assert_true(gpt_fits(&gpt, &entry));
	assert_true(gpt_is_called(&entry, "root"));
	assert_false(gpt_is_called(&entry, "roo"));
	assert_false(gpt_is_called(&entry, "root2"));
	assert_false(gpt_is_called(&entry, ""));
	/* the first three numbers are little-endian */
	assert_true(gpt_is_called(&entry, "35251505-5545-7565-8595-a5b5c5d5e5f5"));
	assert_true(gpt_is_called(&entry, "35251505-5545-7565-8595-A5B5C5D5E5F5"));
	assert_false(gpt_is_called(&entry, "35251505-5545-7565-8595-a5b5c5d5e5f6"));
	assert_false(gpt_is_called(&entry, "35251505-5545-7565-8595-a5b5c5d5e5f5 "));
	assert_false(gpt_is_called(&entry, "352515055-545-7565-8595-a5b5c5d5e5f5"));
}

static void a_name_may_have_36_characters(void **state)
{
	static const char name[] = "abcdefghijklmnopqrstuvwxyz0123456789";
	char longer[38];
	struct gpt_entry entry;

	(void)state;
	fake_gpt_entry(&fake, 127, name, 34, 34);
	assert_null(read_at(1));
	assert_true(gpt_read_entry(&gpt, disk + 1024, 127, &entry));
	assert_true(gpt_is_called(&entry, name));
	memcpy(longer, name, 36);
	memcpy(longer + 36, "x", 2);
	assert_false(gpt_is_called(&entry, longer));
	/* UTF-16 that is no ASCII is nobody's name */
	entry.name[0] = 0x161;
	assert_false(gpt_is_called(&entry, name));
}

static void an_entry_outside_of_the_blocks_does_not_fit(void **state)
{
	static const uint64_t bounds[][2] = {
		{33, 40}, {40, 167}, {50, 49}, {0, UINT64_MAX}, {UINT64_MAX, UINT64_MAX},
	};
	struct gpt_entry entry;

	(void)state;
	for (uint32_t i = 0; i < ARRAY_COUNT(bounds); i++) {
		fake_gpt_entry(&fake, 0, "x", bounds[i][0], bounds[i][1]);
		assert_null(read_at(1));
		assert_true(gpt_read_entry(&gpt, disk + 1024, 0, &entry));
		assert_false(gpt_fits(&gpt, &entry));
	}
	fake_gpt_entry(&fake, 0, "x", 34, 166);
	assert_true(gpt_read_entry(&gpt, disk + 1024, 0, &entry));
	assert_true(gpt_fits(&gpt, &entry));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE("CRC-32 is that of IEEE 802.3", crc32_is_that_of_IEEE_802_3),
		CASE_IN("both headers are read, with blocks of 512 bytes and of 4 KiB",
			both_headers_are_read, set_up),
		CASE_IN("a header whose checksum does not hold is refused",
			a_header_whose_checksum_does_not_hold_is_refused, set_up),
		CASE_IN("numbers that can't be are refused", numbers_that_can_not_be_are_refused,
			set_up),
		CASE_IN("block 0 and the primary header are no partitions",
			block_0_and_the_primary_header_are_no_partitions, set_up),
		CASE_IN("the other header and its table are no partitions, wherever they are",
			the_other_header_and_its_table_are_no_partitions, set_up),
		CASE_IN("an entry is found by name and by PARTUUID",
			an_entry_is_found_by_name_and_by_PARTUUID, set_up),
		CASE_IN("a name may have 36 characters", a_name_may_have_36_characters, set_up),
		CASE_IN("an entry outside of the blocks does not fit",
			an_entry_outside_of_the_blocks_does_not_fit, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
