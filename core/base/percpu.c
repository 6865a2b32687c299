/* SPDX-License-Identifier: Apache-2.0 */
/* The table of per-CPU copies. */
#include "core/base/percpu.h"

static uintptr_t percpu_offsets[PERCPU_CPU_MAX];

PERCPU(uint32_t, cpu_index);

uintptr_t percpu_offset_of(uint32_t cpu)
{
	return percpu_offsets[cpu];
}

void percpu_set_offset(uint32_t cpu, uintptr_t offset)
{
	percpu_offsets[cpu] = offset;
}
