/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a disk's table of partitions: refused, or what is read of it lies inside of the
 * disk.
 *
 * Input: how large blocks are, how many the disk has (2 bytes each), a header, entries. The header
 * gets the checksum that it should have: libFuzzer can't invert one.
 */
#include "core/base/bits.h"
#include "core/base/crc32.h"
#include "drivers/hw/blk/gpt.h"
#include "tests/fuzz/fuzz.h"

#define HEADER_AT 4
#define TABLE_AT  (HEADER_AT + 128)

static void seal(uint8_t *block)
{
	uint32_t size, crc;

	memcpy(&size, block + 12, 4);
	memset(block + 16, 0, 4);
	crc = crc32(0, block, size <= 512 ? size : 92);
	memcpy(block + 16, &crc, 4);
}

static void look(const struct gpt *gpt, const uint8_t *table, uint64_t blocks, const char *name)
{
	struct gpt_entry entry;

	for (uint32_t i = 0; i < gpt->count; i++) {
		if (gpt_read_entry(gpt, table, i, &entry) && gpt_fits(gpt, &entry)) {
			PROMISE(entry.first > 1 && entry.first <= entry.last);
			PROMISE(entry.last < blocks);
			(void)gpt_is_called(&entry, name);
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint32_t block_size;
	uint64_t blocks, other;
	uint8_t *block, *table;
	struct gpt gpt;
	char name[40] = "";

	if (size < TABLE_AT) {
		return 0;
	}
	block_size = 512U << (data[0] & 3);
	blocks = (uint64_t)data[2] << 8 | data[3] | (uint64_t)(data[1] & 1) << 62;
	block = calloc(1, block_size);
	table = calloc(1, GPT_TABLE_MAX);
	PROMISE(block != NULL && table != NULL);
	memcpy(block, data + HEADER_AT, TABLE_AT - HEADER_AT);
	memcpy(table, data + TABLE_AT, MIN(size - TABLE_AT, (size_t)GPT_TABLE_MAX));
	memcpy(name, data + TABLE_AT - 39, 39);
	seal(block);
	if (gpt_read_header(&gpt, block, block_size, 1, blocks) == NULL) {
		uint64_t bytes = (uint64_t)gpt.count * gpt.size;

		PROMISE(bytes != 0 && bytes <= GPT_TABLE_MAX);
		PROMISE(range_contains(0, blocks, gpt.table,
				       (bytes + block_size - 1) / block_size));
		PROMISE(gpt.first <= gpt.last && gpt.last < blocks);
		memcpy(&other, block + 32, sizeof(other));
		PROMISE(other > gpt.last && other < blocks);
		PROMISE(!ranges_overlap(other - (bytes + block_size - 1) / block_size,
					(bytes + block_size - 1) / block_size + 1, gpt.first,
					gpt.last - gpt.first + 1));
		look(&gpt, table, blocks, name);
	}
	free(block);
	free(table);
	return 0;
}
