/* SPDX-License-Identifier: Apache-2.0 */
/* A guest gone mad, by a seed: accesses, system registers, calls at random. */
#ifndef TESTS_GUEST_LIB_HOSTILE_H
#define TESTS_GUEST_LIB_HOSTILE_H

#include "tests/guest/lib/types.h"

struct hostile_result {
	uint64_t operations;
	uint64_t faults;
	uint64_t wrong;	  /* exceptions of a class that none of the operations may raise */
	uint64_t serrors; /* SErrors */
	uint64_t worst;	  /* ESR of the last wrong one */
};

/*
 * `operations` random ones on the calling CPU (0: without end). Never turns off or resets the
 * machine or a CPU, never writes the registers that this runtime stands on, never sends to the
 * UART. It takes the interrupts itself from then on; the GIC and the devices are left as they
 * come: gic_setup() and console_recover() make them usable.
 */
void hostile_run(uint64_t seed, uint64_t operations, struct hostile_result *result);

#endif
