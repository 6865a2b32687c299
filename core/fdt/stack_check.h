/* SPDX-License-Identifier: Apache-2.0 */
/* The stack protector's two names, as gcc fixes them. */
#ifndef CORE_FDT_STACK_CHECK_H
#define CORE_FDT_STACK_CHECK_H

#include "core/base/types.h"

extern uintptr_t __stack_chk_guard;
void __stack_chk_fail(void) __attribute__((noreturn));

#endif
