/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The interrupt of a device of the board whose work is done behind it, in steps. The device is told
 * to be quiet meanwhile, and need not listen (virtio 1.2 2.7.7): one that interrupts all the same
 * is masked at the GIC until the work is over. So each beginning of its work costs two interrupts
 * at most, also where its level stays high for ever; one that keeps quiet costs no access to the
 * GIC.
 *
 * An edge that comes while it is masked stays pending, and is taken afterwards (IHI 0069H
 * GICD_ICENABLER<n>: enabling gates what is forwarded).
 *
 * Data, and owner: the device's CPU, which takes the interrupt and does the work. No locks.
 */
#ifndef DRIVERS_HW_LINE_H
#define DRIVERS_HW_LINE_H

#include "core/base/types.h"

struct hw_line {
	uint32_t intid; /* constant, by who enables it */
	bool busy;	/* its work has begun, and is not over */
	bool masked;	/* only while it is busy */
};

/* It was taken, and acknowledged by the device. True: its work is to begin; false: it has. */
bool hw_line_taken(struct hw_line *line);

/* The work is over: the device may interrupt again. */
void hw_line_done(struct hw_line *line);

#endif
