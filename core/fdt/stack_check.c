/* SPDX-License-Identifier: Apache-2.0 */
/* What the distribution's libfdt.a was compiled to call: its stack protector's guard and verdict.
 */
#include "core/fdt/stack_check.h"

#include "core/base/panic.h"

uintptr_t __stack_chk_guard = 0x62756c6b68656164;

void __stack_chk_fail(void)
{
	panic("libfdt wrote over its stack frame");
}
