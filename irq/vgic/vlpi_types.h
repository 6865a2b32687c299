/* SPDX-License-Identifier: Apache-2.0 */
/*
 * State of the LPIs: plain data.
 *
 * An LPI is pending or it is not: it has no active state. One that is pending is in exactly one
 * list, or in a list register ("listed"). There is one object for each LPI of a VM, so that one
 * which two events map to two vCPUs is pending at one of them, the last that it was sent to: IHI
 * 0069H 5.1 makes that UNPREDICTABLE.
 */
#ifndef IRQ_VGIC_VLPI_TYPES_H
#define IRQ_VGIC_VLPI_TYPES_H

#include "core/base/types.h"

#define VLPI_LISTED_MAX 16 /* as list registers */

/* Protected by vgic_dist.lock, like all of this. */
struct vlpi {
	uint16_t next, prev; /* in its list; listed: home vCPU and place in its vlpi_cpu.listed */
	uint16_t config;     /* generation, priority level, enable: vlpi.c */
	uint8_t target;	     /* vCPU where it is pending, or where it goes once taken back */
	uint8_t flags;
};

enum vlpi_phase {
	VLPI_OFF,
	VLPI_LOADING, /* on, and the pending table is still being read */
	VLPI_ON,
	VLPI_SAVING, /* off, and pending state is still being written to the table: RWP is 1 */
};

/* One per vCPU: the redistributor's part. */
struct vlpi_cpu {
	uint64_t propbaser, pendbaser; /* as they read */
	uint32_t phase;		       /* enum vlpi_phase */
	uint32_t limit;		       /* LPIs that exist here while on: a count from INTID 8192 */
	uint32_t ready;		       /* bit n: the list of priority level n may have something */
	uint32_t cursor;	       /* LOADING: index of the first LPI not read yet */
	bool enable;		       /* GICR_CTLR.EnableLPIs as it reads */
	bool zero;		       /* PENDBASER.PTZ was written and has not been used yet */
	uint32_t listed_count;
	uint16_t listed[VLPI_LISTED_MAX]; /* indices */
	bool looking;		/* its owner looks at them: nothing need be posted to it */
	uint32_t changed_count; /* listed ones that have changed */
};

/* One per VM. */
struct vlpi_dist {
	struct vlpi *lpi;    /* [count], then the lists' heads; constant pointer */
	uint32_t count;	     /* 0: the VM has no LPIs; constant */
	uint32_t generation; /* configurations read in another are not known any more */
	uint32_t sweep;	     /* index where the next step of forgetting begins */
};

#endif
