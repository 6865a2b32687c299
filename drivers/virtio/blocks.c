/* SPDX-License-Identifier: Apache-2.0 */
/* The blocks of a disk that is in memory. */
#include "drivers/virtio/blocks.h"

#include "core/base/errno.h"
#include "core/base/string.h"

/* Words of the map: */
#define AS_AT_FIRST 0U /* the image's, or zeroes */
#define ZEROES	    1U /* the first of the store; those that were written are above */

static uint32_t *word_of(const struct blocks *blocks, uint64_t off)
{
	return &blocks->map[off / BLOCK_SIZE];
}

static uint8_t *block_of(const struct blocks *blocks, uint32_t word)
{
	return blocks->store + (uint64_t)(word - ZEROES) * BLOCK_SIZE;
}

void blocks_init(struct blocks *blocks, const struct disk_config *config)
{
	const struct store_config *store = config->store;

	*blocks = (struct blocks){
		.size = config->source == DISK_IMAGE ? config->image->size : config->size,
		.image = config->source == DISK_IMAGE ? config->image->data : NULL,
	};
	if (store == NULL) {
		return;
	}
	blocks->map = (uint32_t *)store->at;
	blocks->store = (uint8_t *)(store->at + config->map_size);
	blocks->room = (uint32_t)((store->size - config->map_size) / BLOCK_SIZE);
	blocks->unused = 1;
	memset(blocks->map, 0, config->map_size);
	memset(blocks->store, 0, BLOCK_SIZE);
}

const uint8_t *blocks_read_at(const struct blocks *blocks, uint64_t off)
{
	uint32_t word = blocks->map == NULL ? AS_AT_FIRST : *word_of(blocks, off);

	if (word == AS_AT_FIRST && blocks->image != NULL) {
		return blocks->image + off;
	}
	return block_of(blocks, word == AS_AT_FIRST ? ZEROES : word) + off % BLOCK_SIZE;
}

uint8_t *blocks_write_at(const struct blocks *blocks, uint64_t off)
{
	uint32_t word = *word_of(blocks, off);

	return word <= ZEROES ? NULL : block_of(blocks, word) + off % BLOCK_SIZE;
}

/* Its word; AS_AT_FIRST: there is none. */
static uint32_t spare_word(const struct blocks *blocks)
{
	if (blocks->freed != 0) {
		return blocks->freed;
	}
	return blocks->unused < blocks->room ? blocks->unused + ZEROES : AS_AT_FIRST;
}

uint8_t *blocks_spare(const struct blocks *blocks)
{
	uint32_t word = spare_word(blocks);

	return word == AS_AT_FIRST ? NULL : block_of(blocks, word);
}

/* Of one that was given back: the word of the next of them. */
static uint32_t *next_of(const struct blocks *blocks, uint32_t word)
{
	return (uint32_t *)(void *)block_of(blocks, word);
}

void blocks_take(struct blocks *blocks, uint64_t off)
{
	uint32_t word = spare_word(blocks);

	if (word == blocks->freed) {
		blocks->freed = blocks->freed_next;
		blocks->freed_next = blocks->freed == 0 ? 0 : *next_of(blocks, blocks->freed);
	} else {
		blocks->unused++;
	}
	*word_of(blocks, off) = word;
}

int blocks_copy(struct blocks *blocks, uint64_t off)
{
	uint64_t start = align_down(off, BLOCK_SIZE), at = start + blocks->copied;
	uint32_t size = (uint32_t)MIN(blocks->size - start, (uint64_t)BLOCK_SIZE) - blocks->copied;
	const uint8_t *from = blocks_read_at(blocks, at);
	uint8_t *to = blocks_spare(blocks);

	if (to == NULL) {
		return -ENOSPC;
	}
	if ((uintptr_t)from % 8 != 0) {
		size = MIN(size, BLOCKS_SHIFT_MAX);
	}
	memcpy(to + blocks->copied, from, size);
	blocks->copied += size;
	if (at + size < MIN(blocks->size, start + BLOCK_SIZE)) {
		return 1;
	}
	blocks->copied = 0;
	blocks_take(blocks, off);
	return 0;
}

void blocks_copy_end(struct blocks *blocks)
{
	blocks->copied = 0;
}

void blocks_clear(struct blocks *blocks, uint64_t off)
{
	uint32_t *word = word_of(blocks, off);

	if (*word > ZEROES) {
		if (blocks->freed != 0) {
			*next_of(blocks, blocks->freed) = blocks->freed_next;
		}
		blocks->freed_next = blocks->freed;
		blocks->freed = *word;
	}
	*word = ZEROES;
}

bool blocks_is_clear(const struct blocks *blocks, uint64_t off)
{
	uint32_t word = *word_of(blocks, off);

	return word == ZEROES || (word == AS_AT_FIRST && blocks->image == NULL);
}
