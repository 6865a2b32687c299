/* SPDX-License-Identifier: Apache-2.0 */
/* The hypervisor's shell on the console: a line at a time, from the keys no guest has. */
#ifndef CORE_CONSOLE_SHELL_H
#define CORE_CONSOLE_SHELL_H

#include "core/resource/registry.h"

/* Registers it with the console; `registry` is what `audit` holds the tables against. */
void shell_init(const struct registry *registry);

/* The isolation audit of all VMs: one line in the log. Any CPU. */
void shell_audit(const struct registry *registry);

/* The shell has the focus: says so and shows its prompt. */
void shell_greet(void);

#endif
