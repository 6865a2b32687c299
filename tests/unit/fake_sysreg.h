/* SPDX-License-Identifier: Apache-2.0 */
/* System registers of the one CPU a test has, by name; they begin at 0. */
#ifndef TESTS_UNIT_FAKE_SYSREG_H
#define TESTS_UNIT_FAKE_SYSREG_H

#include "core/arm64/sysreg.h"

/* All of them are 0 again. */
void fake_sysreg_reset(void);

#endif
