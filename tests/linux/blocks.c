/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A random load on a disk, or a file of that size, that knows what must stand in each block. For
 * tests/copies.py.
 *
 * Runs of blocks are written and read at random, past the page cache; each block's content follows
 * from its place and from how often it was written, so one that is stale, of another place or torn
 * is seen. At the end all blocks are looked at.
 */
#include "core/base/bits.h"
#include "core/base/string.h"
#include "tests/linux/say.h"

int main(int count, char **words);

#define USAGE "usage: blocks DISK MIB COUNT SEED     writes and reads at random, and looks\n"

#define LINUX_PREAD64  67
#define LINUX_PWRITE64 68
#define LINUX_FSYNC    82
#define O_DIRECT       0200000

#define BLOCK	   4096
#define WORDS	   (BLOCK / sizeof(uint64_t))
#define RUN_MAX	   32		       /* blocks of an access */
#define BLOCKS_MAX (UINT64_C(1) << 17) /* 512 MiB */
#define FLUSH_EACH 64		       /* accesses */

static struct {
	long disk;
	uint64_t blocks, random;
	uint64_t writes, reads, moved, wrong;
	uint16_t times[BLOCKS_MAX]; /* that a block was written; 0: never */
} load;

static uint64_t run[RUN_MAX * WORDS] __attribute__((aligned(BLOCK)));

static uint64_t next_random(void)
{
	load.random ^= load.random << 13;
	load.random ^= load.random >> 7;
	load.random ^= load.random << 17;
	return load.random >> 11;
}

static uint64_t word_of(uint64_t block, uint16_t times, uint64_t n)
{
	uint64_t word = (block * WORDS + n + 1) * UINT64_C(0x9e3779b97f4a7c15) + times;

	return word ^ word >> 31;
}

static void look_at(uint64_t first, uint64_t count)
{
	for (uint64_t i = 0; i < count; i++) {
		uint16_t times = load.times[first + i];
		bool bad = false;

		for (uint64_t n = 0; times != 0 && n < WORDS; n++) {
			bad = bad || run[i * WORDS + n] != word_of(first + i, times, n);
		}
		load.wrong += bad;
	}
}

/* 0, or what the system answered. */
static long read_run(uint64_t first, uint64_t count)
{
	long got = linux_call(LINUX_PREAD64, load.disk, (long)run, (long)(count * BLOCK),
			      (long)(first * BLOCK), 0, 0);

	if (got != (long)(count * BLOCK)) {
		return got < 0 ? got : -1;
	}
	look_at(first, count);
	load.reads++;
	load.moved += count * BLOCK;
	return 0;
}

static long write_run(uint64_t first, uint64_t count)
{
	long put;

	for (uint64_t i = 0; i < count; i++) {
		uint16_t times = ++load.times[first + i];

		for (uint64_t n = 0; n < WORDS; n++) {
			run[i * WORDS + n] = word_of(first + i, times, n);
		}
	}
	put = linux_call(LINUX_PWRITE64, load.disk, (long)run, (long)(count * BLOCK),
			 (long)(first * BLOCK), 0, 0);
	load.writes++;
	load.moved += count * BLOCK;
	return put == (long)(count * BLOCK) ? 0 : put < 0 ? put : -1;
}

static long access_one(void)
{
	uint64_t first = next_random() % load.blocks;
	uint64_t count = 1 + next_random() % MIN(load.blocks - first, (uint64_t)RUN_MAX);

	return next_random() % 2 == 0 ? write_run(first, count) : read_run(first, count);
}

static long play(uint64_t count)
{
	long err = 0;

	for (uint64_t i = 0; err == 0 && i < count; i++) {
		err = access_one();
		if (err == 0 && i % FLUSH_EACH == 0) {
			err = linux_call(LINUX_FSYNC, load.disk, 0, 0, 0, 0, 0);
		}
	}
	for (uint64_t at = 0; err == 0 && at < load.blocks; at += RUN_MAX) {
		err = read_run(at, MIN(load.blocks - at, (uint64_t)RUN_MAX));
	}
	return err;
}

int main(int count, char **words)
{
	long err;

	load.blocks = count == 5 ? (strtoul(words[2], NULL, 10) << 20) / BLOCK : 0;
	if (load.blocks == 0 || load.blocks > BLOCKS_MAX) {
		say(USAGE);
		return 2;
	}
	load.random = strtoul(words[4], NULL, 10) * 2 + 1;
	load.disk = linux_call(LINUX_OPENAT, LINUX_AT_FDCWD, (long)words[1],
			       LINUX_O_RDWR | O_DIRECT, 0, 0, 0);
	err = load.disk < 0 ? load.disk : play(strtoul(words[3], NULL, 10));
	if (err != 0) {
		say("%s: error %ld\n", words[1], -err);
		return 1;
	}
	say("%llu writes, %llu reads, %llu MiB: %llu blocks wrong\n",
	    (unsigned long long)load.writes, (unsigned long long)load.reads,
	    (unsigned long long)(load.moved >> 20), (unsigned long long)load.wrong);
	return load.wrong != 0;
}
