/* SPDX-License-Identifier: Apache-2.0 */
/* Bringing up the other CPUs: one at a time, by PSCI or spin-table. */
#ifndef BOOT_SMP_H
#define BOOT_SMP_H

#include "boot/board_types.h"

/* What every CPU does for itself once it runs C: features, vectors, interrupt interface, timer, EL2
 * registers. */
void smp_cpu_init(uint32_t index, uint64_t mpidr);

/*
 * Starts every CPU but the one with `boot_mpidr`; returns how many are up in all. One that does not
 * come up within a second is told of in a sentence and left alone.
 */
uint32_t smp_start_others(const struct board *board, uint64_t boot_mpidr);

/* The CPU came up. */
bool smp_is_up(uint32_t index);

/* The interrupt controller is driven: false where CPUs come up without one. */
void smp_set_gic(bool driven);

/* From entry.S, on the stack prepared for it. */
struct secondary_self;
void secondary_main(const struct secondary_self *self) __attribute__((noreturn));

#endif
