/* SPDX-License-Identifier: Apache-2.0 */
/* Random numbers that are the same in every run. */
#ifndef TESTS_UNIT_RANDOM_H
#define TESTS_UNIT_RANDOM_H

#include <stdint.h>

struct random {
	uint64_t state; /* the seed at first */
};

/* SplitMix64 (Steele, Lea, Flood 2014): any seed will do. */
static inline uint64_t random_next(struct random *random)
{
	uint64_t z = random->state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

/* 0 to n - 1. */
static inline uint32_t random_below(struct random *random, uint32_t n)
{
	return (uint32_t)(random_next(random) % n);
}

#endif
