/* SPDX-License-Identifier: Apache-2.0 */
/* A disk's table of partitions. UEFI 2.10 5.3. */
#include "drivers/hw/blk/gpt.h"

#include "core/base/bits.h"
#include "core/base/crc32.h"
#include "core/base/string.h"

/* The header, 5.3.2: offsets */
#define H_SIGNATURE  0
#define H_REVISION   8
#define H_SIZE	     12
#define H_CRC	     16
#define H_BLOCK	     24 /* of this header */
#define H_OTHER	     32 /* that of the other one, AlternateLBA */
#define H_FIRST	     40
#define H_LAST	     48
#define H_TABLE	     72
#define H_COUNT	     80
#define H_ENTRY_SIZE 84
#define H_TABLE_CRC  88

#define HEADER_SIZE	92
#define HEADER_SIZE_MAX 128 /* for the checksum is made in one step; nobody makes longer ones */
#define REVISION	0x00010000
#define ENTRY_SIZE	128

/* An entry, 5.3.3 */
#define E_TYPE	0
#define E_ID	16
#define E_FIRST 32
#define E_LAST	40
#define E_NAME	56

#define UUID_TEXT 36

/* Little-endian, as EL2 and the host are. */
static uint32_t word(const uint8_t *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

static uint64_t long_word(const uint8_t *at)
{
	uint64_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

static bool checksum_holds(const uint8_t *block, uint32_t size)
{
	static const uint8_t none[4];
	uint32_t crc = crc32(0, block, H_CRC);

	crc = crc32(crc, none, sizeof(none));
	crc = crc32(crc, block + H_CRC + sizeof(none), size - H_CRC - sizeof(none));
	return crc == word(block + H_CRC);
}

static uint64_t table_blocks(const struct gpt *gpt, uint32_t block_size)
{
	return ((uint64_t)gpt->count * gpt->size + block_size - 1) / block_size;
}

/* The entries are beside all that partitions may have, and beside the header. */
static bool table_holds(const struct gpt *gpt, uint32_t block_size, uint64_t at, uint64_t blocks)
{
	uint64_t size = table_blocks(gpt, block_size);

	return gpt->table > 0 && range_contains(0, blocks, gpt->table, size) &&
	       !range_contains(gpt->table, size, at, 1) &&
	       !ranges_overlap(gpt->table, size, gpt->first, gpt->last - gpt->first + 1);
}

/*
 * The other header lies on the other side of all that partitions may have, and its table, of the
 * same size, between the two: 5.3.1. Who has a partition could write both else, and they count
 * where these here don't hold any more.
 */
static bool other_is_apart(const struct gpt *gpt, uint32_t block_size, uint64_t at, uint64_t other,
			   uint64_t blocks)
{
	uint64_t size = table_blocks(gpt, block_size);

	if (at < gpt->first) {
		return other > gpt->last && other < blocks && other - gpt->last > size;
	}
	return other >= GPT_PRIMARY_BLOCK && other < gpt->first && gpt->first - other > size;
}

const char *gpt_read_header(struct gpt *gpt, const uint8_t *block, uint32_t block_size, uint64_t at,
			    uint64_t blocks)
{
	uint32_t size = word(block + H_SIZE);

	if (memcmp(block + H_SIGNATURE, "EFI PART", 8) != 0) {
		return "is not there";
	}
	if (word(block + H_REVISION) != REVISION || size < HEADER_SIZE || size > HEADER_SIZE_MAX ||
	    !checksum_holds(block, size)) {
		return "is damaged: its checksum does not hold";
	}
	*gpt = (struct gpt){
		.first = long_word(block + H_FIRST),
		.last = long_word(block + H_LAST),
		.table = long_word(block + H_TABLE),
		.count = word(block + H_COUNT),
		.size = word(block + H_ENTRY_SIZE),
		.crc = word(block + H_TABLE_CRC),
	};
	if (gpt->size < ENTRY_SIZE || !is_power_of_two(gpt->size) || gpt->size > GPT_TABLE_MAX ||
	    gpt->count == 0 || gpt->count > GPT_TABLE_MAX / gpt->size) {
		return "has more entries than 16 KiB hold, or none";
	}
	/* the protective MBR and the primary header are nobody's: UEFI 2.10 5.3.1 */
	if (long_word(block + H_BLOCK) != at || gpt->first <= GPT_PRIMARY_BLOCK ||
	    gpt->first > gpt->last || gpt->last >= blocks ||
	    range_contains(gpt->first, gpt->last - gpt->first + 1, at, 1) ||
	    !table_holds(gpt, block_size, at, blocks)) {
		return "does not fit this disk";
	}
	if (!other_is_apart(gpt, block_size, at, long_word(block + H_OTHER), blocks)) {
		return "has no place beside partitions for the other one";
	}
	return NULL;
}

bool gpt_read_entry(const struct gpt *gpt, const uint8_t *table, uint32_t index,
		    struct gpt_entry *entry)
{
	const uint8_t *at = table + (uint64_t)index * gpt->size;

	if ((long_word(at + E_TYPE) | long_word(at + E_TYPE + 8)) == 0) {
		return false;
	}
	entry->first = long_word(at + E_FIRST);
	entry->last = long_word(at + E_LAST);
	memcpy(entry->id, at + E_ID, sizeof(entry->id));
	memcpy(entry->name, at + E_NAME, sizeof(entry->name));
	return true;
}

bool gpt_fits(const struct gpt *gpt, const struct gpt_entry *entry)
{
	return entry->first <= entry->last && entry->first >= gpt->first &&
	       entry->last <= gpt->last;
}

static bool has_name(const struct gpt_entry *entry, const char *text)
{
	for (uint32_t i = 0; i < GPT_NAME_MAX; i++, text++) {
		if (entry->name[i] != (uint8_t)*text || (uint8_t)*text >= 0x80) {
			return false;
		}
		if (*text == '\0') {
			return i != 0;
		}
	}
	return *text == '\0';
}

static char digit(uint32_t value)
{
	return (char)(value < 10 ? '0' + value : 'a' + value - 10);
}

static bool has_id(const struct gpt_entry *entry, const char *text)
{
	/* bytes of the id in the text's order: the first three numbers are little-endian */
	static const uint8_t order[16] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
	char wanted[2];

	if (strnlen(text, UUID_TEXT + 1) != UUID_TEXT) {
		return false;
	}
	for (uint32_t i = 0; i < sizeof(order); i++) {
		if ((i == 4 || i == 6 || i == 8 || i == 10) && *text++ != '-') {
			return false;
		}
		wanted[0] = digit(entry->id[order[i]] >> 4);
		wanted[1] = digit(entry->id[order[i]] & 0xf);
		for (uint32_t k = 0; k < 2; k++, text++) {
			char c = *text >= 'A' && *text <= 'F' ? (char)(*text - 'A' + 'a') : *text;

			if (c != wanted[k]) {
				return false;
			}
		}
	}
	return true;
}

bool gpt_is_called(const struct gpt_entry *entry, const char *text)
{
	return has_name(entry, text) || has_id(entry, text);
}
