/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A disk's table of partitions: GPT, UEFI 2.10 chapter 5.3. What is read from a disk is hostile:
 * whatever stands there, nothing outside of the given memory is read, and what is answered lies
 * inside of the disk. Pure.
 */
#ifndef DRIVERS_HW_BLK_GPT_H
#define DRIVERS_HW_BLK_GPT_H

#include "core/base/types.h"

#define GPT_TABLE_MAX	  KIB(16) /* bytes: 128 entries of 128, which each tool makes */
#define GPT_NAME_MAX	  36	  /* characters */
#define GPT_PRIMARY_BLOCK 1

struct gpt {
	uint64_t first, last; /* blocks that partitions may have */
	uint64_t table;	      /* block of the first entry */
	uint32_t count, size; /* entries, and bytes of each: at most GPT_TABLE_MAX in all */
	uint32_t crc;	      /* that of the entries, as the header says */
};

/*
 * The header that was read from block `at` of a disk of `blocks` blocks of `block_size` bytes (512
 * to 4096). NULL, or what is wrong with it: "is not there" …
 */
const char *gpt_read_header(struct gpt *gpt, const uint8_t *block, uint32_t block_size, uint64_t at,
			    uint64_t blocks);

struct gpt_entry {
	uint64_t first, last; /* blocks, both its own */
	uint8_t id[16];
	uint16_t name[GPT_NAME_MAX]; /* UTF-16, zeroes behind it */
};

/* Entry `index` (below count) of the table; false: it is not used. Its bounds are as they stand
 * there. */
bool gpt_read_entry(const struct gpt *gpt, const uint8_t *table, uint32_t index,
		    struct gpt_entry *entry);

/* It lies inside of what partitions may have. */
bool gpt_fits(const struct gpt *gpt, const struct gpt_entry *entry);

/* It has this name (of ASCII characters), or this text is its PARTUUID, in small or large letters.
 */
bool gpt_is_called(const struct gpt_entry *entry, const char *text);

#endif
