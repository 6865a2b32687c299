/* SPDX-License-Identifier: Apache-2.0 */
/* What start.S and C call of each other. */
#ifndef TESTS_BENCH_ENTRY_H
#define TESTS_BENCH_ENTRY_H

#include "tests/guest/lib/types.h"

/* First CPU, masked, MMU on: device tree, and the physical counter at the first instruction. */
void bench_main(uint64_t dtb, uint64_t first_count);
/* Second CPU, its index being CPU_ON's context. */
void bench_other(unsigned int index);

/* From the vectors: the counter at the entry. */
void irq_taken(uint64_t when);
/* Value: where to go on. */
uint64_t sync_taken(uint64_t esr, uint64_t elr, uint64_t far);

/* Physical entry for CPU_ON. */
extern const char other_entry[];

#endif
