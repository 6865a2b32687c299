/* SPDX-License-Identifier: Apache-2.0 */
/* The linker's marks (linker.ld). With the MMU off they evaluate to physical addresses. */
#ifndef CORE_ARM64_IMAGE_H
#define CORE_ARM64_IMAGE_H

#include "core/base/types.h"

extern const char image_start[], text_guarded_end[], text_end[], rodata_end[], data_end[],
	image_end[];
extern char percpu_start[], percpu_end[];
extern const char boot_stack_guard[], boot_stack_top[], emergency_guard[], boot_emergency_top[];

#endif
