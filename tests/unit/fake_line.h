/* SPDX-License-Identifier: Apache-2.0 */
/* A GIC that has one line, of a device that EL2 drives. */
#ifndef TESTS_UNIT_FAKE_LINE_H
#define TESTS_UNIT_FAKE_LINE_H

#include "core/base/types.h"

struct fake_line {
	uint32_t intid;	  /* it was masked or unmasked by this name last */
	bool masked;	  /* false at first: who opens a device enables it */
	uint32_t changes; /* how often it was masked, and unmasked */
};
extern struct fake_line fake_line;

#endif
