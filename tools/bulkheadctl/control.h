/* SPDX-License-Identifier: Apache-2.0 */
/* The way to the hypervisor: its page of registers, found by the device tree, mapped by /dev/mem.
 */
#ifndef TOOLS_BULKHEADCTL_CONTROL_H
#define TOOLS_BULKHEADCTL_CONTROL_H

#include "core/exit/hypercall_types.h"

/* Finds, maps and locks it for as long as the program runs. NULL, or a sentence why not. */
const char *control_open(void);

/* Whoever else uses the page by this program waits until this one ends, or lets it go meanwhile. */
void control_lock(bool on);

/* Makes a call: number and arguments in, the answer out. */
void control_call(struct hypercall *call);

#endif
