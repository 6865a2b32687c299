/* SPDX-License-Identifier: Apache-2.0 */
/* The bench guest's ITS: devices with one event, LPIs of the first CPU. */
#ifndef TESTS_BENCH_ITS_H
#define TESTS_BENCH_ITS_H

#include "tests/guest/lib/types.h"

#define BENCH_LPI	 8192
#define BENCH_LPI_DEVICE 8193

/* Tables, queue, mappings. False: the machine has no ITS. First CPU, its redistributor awake. */
bool its_start(void);

/* Event 0 of another device, and its LPI; after its_start(). */
void its_map(uint32_t device, uint32_t lpi);

/* INT: the LPI becomes pending, if need be while the next instructions run. */
void its_int(void);

#endif
