/* SPDX-License-Identifier: Apache-2.0 */
/* Logs that outlive a warm reset. */
#include "core/console/keep.h"

#include "core/base/bits.h"
#include "core/base/string.h"

#define MAGIC	UINT64_C(0x3150454b474f4c42) /* "BLOGKEP1" */
#define VERSION 2

/* A ring is a struct log, and its bytes from here on. */
#define RING_HEAD 64

struct keep_table {
	uint64_t magic;
	uint32_t version;
	uint32_t count;
	uint64_t boot; /* one more than the last one's: later is newer */
	uint32_t size; /* of the half */
	uint32_t crc;  /* of all this with 0 here, and of the rings there are */
	struct keep_ring {
		char name[KEEP_NAME_SIZE]; /* ends with 0 */
		uint32_t offset, size;
	} ring[KEEP_LOG_MAX];
};

_Static_assert(sizeof(struct keep_table) <= PAGE_SIZE, "rings follow from the second page on");
_Static_assert(sizeof(struct log) <= RING_HEAD, "in front of its bytes");

static uint32_t crc_of(const struct keep *keep, const struct keep_table *table)
{
	struct keep_table head;
	uint32_t crc;

	memcpy(&head, table, offsetof(struct keep_table, ring));
	head.crc = 0;
	crc = keep->crc(0, &head, offsetof(struct keep_table, ring));
	return keep->crc(crc, table->ring, table->count * sizeof(table->ring[0]));
}

static bool is_ring(const struct keep *keep, const struct keep_ring *ring)
{
	return ring->offset >= PAGE_SIZE && ring->offset % RING_HEAD == 0 && ring->size != 0 &&
	       (ring->size & (ring->size - 1)) == 0 && ring->size <= keep->size - RING_HEAD &&
	       ring->offset <= keep->size - RING_HEAD - ring->size &&
	       strnlen(ring->name, KEEP_NAME_SIZE) < KEEP_NAME_SIZE;
}

static bool is_whole(const struct keep *keep, const struct keep_table *table)
{
	if (table->magic != MAGIC || table->version != VERSION || table->size != keep->size ||
	    table->count == 0 || table->count > KEEP_LOG_MAX || table->crc != crc_of(keep, table)) {
		return false;
	}
	for (uint32_t i = 0; i < table->count; i++) {
		if (!is_ring(keep, &table->ring[i])) {
			return false;
		}
	}
	return true;
}

void keep_open(struct keep *keep, void *region, uint64_t size, crc32c_fn crc)
{
	struct keep_table *low = region, *high;
	bool low_whole, high_whole;

	keep->crc = crc;
	keep->size = (uint32_t)align_down(MIN(size, MIB(16)) / 2, PAGE_SIZE);
	high = (struct keep_table *)((uint8_t *)region + keep->size);
	low_whole = is_whole(keep, low);
	high_whole = is_whole(keep, high);
	keep->mine = low;
	keep->last = high_whole ? high : NULL;
	if (low_whole && (!high_whole || low->boot > high->boot)) {
		keep->mine = high;
		keep->last = low;
	}
	keep->used = PAGE_SIZE;
	/* until it has a ring nothing of it is believed */
	memset(keep->mine, 0, sizeof(*keep->mine));
	keep->mine->boot = keep->last == NULL ? 1 : keep->last->boot + 1;
}

struct log *keep_add(struct keep *keep, const char *name, uint32_t size)
{
	struct keep_table *table = keep->mine;
	struct keep_ring *ring = &table->ring[table->count];
	struct log *log = (struct log *)(void *)((uint8_t *)table + keep->used);

	if (table->count == KEEP_LOG_MAX || RING_HEAD + size > keep->size - keep->used) {
		return NULL;
	}
	log->data = (uint8_t *)log + RING_HEAD;
	log->size = size;
	log->head = 0;
	memcpy(ring->name, name, strnlen(name, KEEP_NAME_SIZE - 1));
	ring->offset = keep->used;
	ring->size = size;
	keep->used += RING_HEAD + size;
	table->magic = MAGIC;
	table->version = VERSION;
	table->size = keep->size;
	table->count++;
	table->crc = 0;
	table->crc = crc_of(keep, table);
	return log;
}

bool keep_last(const struct keep *keep, const char *name, struct log *log)
{
	const struct keep_table *table = keep->last;

	for (uint32_t i = 0; table != NULL && i < table->count; i++) {
		const struct keep_ring *ring = &table->ring[i];
		uint8_t *at = (uint8_t *)(uintptr_t)table + ring->offset;

		if (strcmp(ring->name, name) == 0) {
			log->data = at + RING_HEAD;
			log->size = ring->size;
			log->head = ((const struct log *)(const void *)at)->head;
			return true;
		}
	}
	return false;
}
