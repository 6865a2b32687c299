/* SPDX-License-Identifier: Apache-2.0 */
/* The bench guest's ITS: one device with one event, an LPI of the first CPU. */
#ifndef TESTS_BENCH_ITS_H
#define TESTS_BENCH_ITS_H

#include "tests/guest/lib/types.h"

#define BENCH_LPI 8192

/* Tables, queue, mappings. False: the machine has no ITS. First CPU, its redistributor awake. */
bool its_start(void);

/* INT: the LPI becomes pending, if need be while the next instructions run. */
void its_int(void);

#endif
