/* SPDX-License-Identifier: Apache-2.0 */
/* Two VMs of one program, and what they tell each other. */
#ifndef TESTS_GUEST_LIB_PAIR_H
#define TESTS_GUEST_LIB_PAIR_H

#include "tests/guest/lib/types.h"

/* Where the configs of such programs have the memory that the two share. */
#define PAIR_FIRST_AT UINT64_C(0xc0000000)
#define PAIR_OTHER_AT UINT64_C(0xd0000000)

/* That memory; *first: this is the VM that has it at PAIR_FIRST_AT. Once, on the first CPU. */
void *pair_memory(bool *first);

#endif
