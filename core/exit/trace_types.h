/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a CPU remembers of its exits: a ring of records, written by vectors.S and by
 * core/exit/irq.h.
 *
 * It lies at STACK_VA + cpu * STACK_SLOT + TRACE_OFFSET, where the address itself says where the
 * ring ends: bit TRACE_WRAP is clear inside, and clearing it leads from the end to the start. The
 * place of the next record is in struct vcpu while one is loaded, else in trace_next.
 */
#ifndef CORE_EXIT_TRACE_TYPES_H
#define CORE_EXIT_TRACE_TYPES_H

#include "core/arm64/layout.h"
#include "core/base/types.h"

#define TRACE_COUNT (TRACE_SIZE / sizeof(struct trace_record)) /* 1024 */
#define TRACE_WRAP  TRACE_SIZE

/* `what` of a record: ESR_EL2; below TRACE_IRQ, where no ESR_EL2 is, an INTID; or one of these. */
#define TRACE_IRQ UINT64_C(0x10000)
#define TRACE_MARK                                                                                 \
	(UINT64_C(1) << 63)   /* a vCPU was loaded: VM << 8 | vCPU; `pc` is the time, ticks */
#define TRACE_NONE UINT64_MAX /* in the last record: nothing has wrapped yet */

struct trace_record {
	uint64_t what, pc;
};

#endif
