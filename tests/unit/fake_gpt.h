/* SPDX-License-Identifier: Apache-2.0 */
/* A disk in memory with a GPT, as a tool makes it: UEFI 2.10 5.3. */
#ifndef TESTS_UNIT_FAKE_GPT_H
#define TESTS_UNIT_FAKE_GPT_H

#include <string.h>

#include "core/base/crc32.h"
#include "core/base/types.h"

#define FAKE_GPT_ENTRIES 128
#define FAKE_GPT_TABLE	 (FAKE_GPT_ENTRIES * 128)

struct fake_gpt {
	uint8_t *disk;
	uint32_t block_size;
	uint64_t blocks;
};

static inline uint64_t fake_gpt_table_blocks(const struct fake_gpt *gpt)
{
	return FAKE_GPT_TABLE / gpt->block_size;
}

static inline uint8_t *fake_gpt_block(const struct fake_gpt *gpt, uint64_t block)
{
	return gpt->disk + block * gpt->block_size;
}

static inline void fake_gpt_put(uint8_t *at, uint64_t value, uint32_t size)
{
	for (uint32_t i = 0; i < size; i++) {
		at[i] = (uint8_t)(value >> 8 * i);
	}
}

/* Where the tables are: `at` 1, the primary; the last block, the backup. */
static inline uint64_t fake_gpt_table(const struct fake_gpt *gpt, uint64_t at)
{
	return at == 1 ? 2 : gpt->blocks - 1 - fake_gpt_table_blocks(gpt);
}

/* The checksums of a header and its table, after a change. */
static inline void fake_gpt_seal(const struct fake_gpt *gpt, uint64_t at)
{
	uint8_t *header = fake_gpt_block(gpt, at);

	fake_gpt_put(header + 88,
		     crc32(0, fake_gpt_block(gpt, fake_gpt_table(gpt, at)), FAKE_GPT_TABLE), 4);
	fake_gpt_put(header + 16, 0, 4);
	fake_gpt_put(header + 16, crc32(0, header, 92), 4);
}

static inline void fake_gpt_header(const struct fake_gpt *gpt, uint64_t at)
{
	uint8_t *header = fake_gpt_block(gpt, at);

	memset(header, 0, gpt->block_size);
	memcpy(header, "EFI PART", 8);
	fake_gpt_put(header + 8, 0x10000, 4);
	fake_gpt_put(header + 12, 92, 4);
	fake_gpt_put(header + 24, at, 8);
	fake_gpt_put(header + 32, gpt->blocks - at, 8);
	fake_gpt_put(header + 40, 2 + fake_gpt_table_blocks(gpt), 8);
	fake_gpt_put(header + 48, gpt->blocks - 2 - fake_gpt_table_blocks(gpt), 8);
	fake_gpt_put(header + 72, fake_gpt_table(gpt, at), 8);
	fake_gpt_put(header + 80, FAKE_GPT_ENTRIES, 4);
	fake_gpt_put(header + 84, 128, 4);
}

/* Entry `index` in both tables; the id is 16 times `id`. */
static inline void fake_gpt_entry(const struct fake_gpt *gpt, uint32_t index, const char *name,
				  uint64_t first, uint64_t last)
{
	const uint64_t tables[] = {fake_gpt_table(gpt, 1), fake_gpt_table(gpt, gpt->blocks - 1)};

	for (uint32_t i = 0; i < 2; i++) {
		uint8_t *entry = fake_gpt_block(gpt, tables[i]) + 128 * index;

		memset(entry, 0, 128);
		memset(entry, 0x11, 16);
		for (uint32_t k = 0; k < 16; k++) {
			entry[16 + k] = (uint8_t)(16 * k + index);
		}
		fake_gpt_put(entry + 32, first, 8);
		fake_gpt_put(entry + 40, last, 8);
		for (uint32_t k = 0; name[k] != '\0'; k++) {
			entry[56 + 2 * k] = (uint8_t)name[k];
		}
	}
	fake_gpt_seal(gpt, 1);
	fake_gpt_seal(gpt, gpt->blocks - 1);
}

/* An empty one, both copies. */
static inline void fake_gpt_make(const struct fake_gpt *gpt)
{
	memset(gpt->disk, 0, gpt->blocks * gpt->block_size);
	fake_gpt_header(gpt, 1);
	fake_gpt_header(gpt, gpt->blocks - 1);
	fake_gpt_seal(gpt, 1);
	fake_gpt_seal(gpt, gpt->blocks - 1);
}

#endif
