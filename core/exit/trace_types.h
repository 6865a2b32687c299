/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a CPU remembers of its exits: a ring of records, written by vectors.S and by
 * core/exit/irq.h. It has twice as many as are promised, so that a reader who takes a while finds
 * the last TRACE_SHOWN whole.
 *
 * It lies at STACK_VA + cpu * STACK_SLOT + TRACE_OFFSET, where the address itself says where the
 * ring ends: bit TRACE_WRAP is clear inside, and clearing it leads from the end to the start. The
 * place of the next record is in struct vcpu while one is loaded, else in trace_place.
 *
 * Records have numbers, from 1 on. How often the ring was filled is counted beside that place,
 * twice each time: odd as long as the place is not at the start yet. Only the CPU writes both;
 * another that reads the count, the place and the count again knows the number of the next record.
 */
#ifndef CORE_EXIT_TRACE_TYPES_H
#define CORE_EXIT_TRACE_TYPES_H

#include "core/arm64/layout.h"
#include "core/base/types.h"

#define TRACE_COUNT (TRACE_SIZE / sizeof(struct trace_record)) /* 2048 */
#define TRACE_SHOWN 1024
#define TRACE_WRAP  TRACE_SIZE

/* `what` of a record: ESR_EL2; below TRACE_IRQ, where no ESR_EL2 is, an INTID; or one of these. */
#define TRACE_IRQ UINT64_C(0x10000)
#define TRACE_MARK                                                                                 \
	(UINT64_C(1) << 63)   /* a vCPU was loaded: VM << 8 | vCPU; `pc` is the time, ticks */
#define TRACE_NONE UINT64_MAX /* in the last record: nothing has wrapped yet */

struct trace_record {
	uint64_t what, pc;
};

/* Of a CPU, while no vCPU is loaded; `marked` always. Owner; read by any. */
struct trace_place {
	uint64_t next; /* address; 0: the CPU does not run C yet */
	uint64_t wraps;
	uint64_t
		marked; /* the last mark: TRACE_MARKED(); all since then are that vCPU's; 0: none */
};

/* The number of the record at an address, where the count of wraps is even. */
static inline uint64_t trace_number_at(uint64_t wraps, uint64_t address)
{
	return wraps * (TRACE_COUNT / 2) + address % TRACE_SIZE / sizeof(struct trace_record) + 1;
}

/* The number before that, with who it is about as in a mark, VM << 8 | vCPU. */
#define TRACE_MARKED(wraps, address, who) ((trace_number_at(wraps, address) - 1) << 16 | (who))

#endif
