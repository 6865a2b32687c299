/* SPDX-License-Identifier: Apache-2.0 */
/* The hypervisor's shell on the console: a line at a time, from the keys no guest has. */
#ifndef CORE_CONSOLE_SHELL_H
#define CORE_CONSOLE_SHELL_H

#include "core/console/command.h"

/* Registers it with the console; `sources` are what its commands tell of. Boot CPU, which takes the
 * console's interrupt from now on. */
void shell_init(const struct shell_sources *sources);

/* The isolation audit of all VMs: one line in the log. Boot CPU, before guests run. */
void shell_audit(const struct registry *registry);

/* The shell has the focus: says so and shows its prompt. */
void shell_greet(void);

#endif
