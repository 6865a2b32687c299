/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The blocks of a disk that is in memory: what was written is in a store of its own, the rest is an
 * image's, or zeroes.
 *
 * A store has a map, with a word for each block of the disk, then a block of zeroes, then blocks
 * that are taken as they are written and given back when they are cleared. Only the map has to be
 * cleared at boot: whoever reads a block that nobody has written reads the image, or the block of
 * zeroes.
 *
 * Data: struct blocks and its store are one disk's, whose device locks. Nothing here takes longer
 * than a copy of one block. Pure.
 */
#ifndef DRIVERS_VIRTIO_BLOCKS_H
#define DRIVERS_VIRTIO_BLOCKS_H

#include "core/base/bits.h"
#include "core/config/config_types.h"

#define BLOCK_SIZE CONFIG_BLOCK_SIZE
/* Most that is copied in one step between places that are not aligned alike: each word of it costs
 * five times as much. */
#define BLOCKS_SHIFT_MAX 1024

struct blocks {
	uint64_t size;	      /* of the disk, bytes: a multiple of 512 */
	const uint8_t *image; /* `size` bytes; NULL: zeroes */
	uint32_t *map;	      /* NULL: there is no store, it is read only */
	uint8_t *store;
	uint32_t room;	 /* blocks of the store, that of zeroes included */
	uint32_t unused; /* of them: from here on nobody has had any */
	/* Those given back are a list by their first words, but for the first of it: that may have
	 * been written already. 0: none */
	uint32_t freed, freed_next;
	uint32_t copied; /* of the block that blocks_copy() is at, bytes */
};

/* At boot: as the config has it, nothing written. The store has been placed. */
void blocks_init(struct blocks *blocks, const struct disk_config *config);

/* Where the bytes from `off` to the end of their block are read. */
const uint8_t *blocks_read_at(const struct blocks *blocks, uint64_t off);

/* Where they are written; NULL while the block is not in the store. */
uint8_t *blocks_write_at(const struct blocks *blocks, uint64_t off);

/* A block of the store that is free: write all of it, then let it be that of `off`, which is not in
 * the store yet. NULL: there is none. */
uint8_t *blocks_spare(const struct blocks *blocks);
void blocks_take(struct blocks *blocks, uint64_t off);

/*
 * Takes the block of `off` into the store as it is. 0; 1: call again with the same block, or forget
 * that by blocks_copy_end(); -ENOSPC: the store is full.
 */
int blocks_copy(struct blocks *blocks, uint64_t off);
void blocks_copy_end(struct blocks *blocks);

/* The block of `off` is zeroes from now on, and takes no place of the store. */
void blocks_clear(struct blocks *blocks, uint64_t off);

/* It is zeroes and takes no place. */
bool blocks_is_clear(const struct blocks *blocks, uint64_t off);

#endif
