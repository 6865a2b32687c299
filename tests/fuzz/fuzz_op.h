/* SPDX-License-Identifier: Apache-2.0 */
/* An operation of targets that act on devices, as the input has it; each says what its numbers
 * mean. */
#ifndef TESTS_FUZZ_FUZZ_OP_H
#define TESTS_FUZZ_FUZZ_OP_H

#include "core/base/types.h"

struct op {
	uint8_t what, small;
	uint16_t off;
	uint32_t value;
};

#endif
